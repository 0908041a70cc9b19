// The other side of `pipe-reader.ts`.
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Harness } from "./harness.ts";
import type { Reading } from "./pipe-reader.ts";

const READER = fileURLToPath(new URL("./pipe-reader.ts", import.meta.url));
const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** A process that reads what scripts print on a bare pipe. */
export interface BarePipe {
  /** Runs a script and reads what it prints. Rejects when the reader has ended. */
  read(script: string): Promise<Reading>;
  close(): void;
}

/** Starts one for scripts of an interpreter. */
export function openBarePipe(harness: Harness, interpreter: string): BarePipe {
  const child = harness.spawn(process.execPath, ["--import", "tsx", READER, interpreter, harness.directory], { cwd: ROOT, stdio: ["pipe", "pipe", "inherit"] });
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error("The reader of the bare pipe has no standard streams");
  const lines = createInterface({ input: stdout });
  const gone = once(child, "exit").then(() => { throw new Error("The reader of the bare pipe ended"); });
  gone.catch(() => {});
  return {
    async read(script) {
      const answer = once(lines, "line");
      stdin.write(`${script}\n`);
      const [line] = (await Promise.race([answer, gone])) as [string];
      return JSON.parse(line) as Reading;
    },
    close: () => void stdin.end(),
  };
}
