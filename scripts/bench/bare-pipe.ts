// Starts and drives the process of `pipe-reader.ts`.
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Harness } from "./harness.ts";
import type { PipeReading } from "./pipe-reader.ts";

const READER = fileURLToPath(new URL("./pipe-reader.ts", import.meta.url));
const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** A process that runs scripts and reads their output from a named pipe, without a runner. */
export interface BarePipe {
  /** Runs a script file and measures its output. Rejects when the reader process has ended. */
  read(script: string): Promise<PipeReading>;
  close(): void;
}

/** Starts a reader process for scripts of an interpreter. */
export function openBarePipe(harness: Harness, interpreter: string): BarePipe {
  const args = ["--import", "tsx", READER, interpreter, harness.directory];
  const child = harness.spawn(process.execPath, args, { cwd: ROOT, stdio: ["pipe", "pipe", "inherit"] });
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error("The pipe reader has no standard streams");
  const lines = createInterface({ input: stdout });
  const exited = once(child, "exit").then(() => { throw new Error("The pipe reader ended"); });
  exited.catch(() => {});
  return {
    async read(script) {
      const answer = once(lines, "line");
      stdin.write(`${script}\n`);
      const [line] = (await Promise.race([answer, exited])) as [string];
      return JSON.parse(line) as PipeReading;
    },
    close: () => void stdin.end(),
  };
}
