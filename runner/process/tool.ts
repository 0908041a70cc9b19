// A program that the runner uses for itself, such as an installer: its lines as they come, its whole tree ended with it.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { createDecoder } from "../output/decoder.ts";
import type { RunTool } from "../languages/installer.ts";
import type { Child, Exit } from "./spawn.ts";
import { terminateChild, terminateLeftovers } from "./terminate.ts";
import { KEEP_VARIABLE, MARK_VARIABLE } from "./environment.ts";
import type { ProcessTree, Root } from "./tree.ts";

/** What running tools depends on. */
export interface ToolRunnerDependencies {
  readonly tree: ProcessTree;
  readonly killGraceMs: number;
  /** Begins every mark of this runner's processes. */
  readonly markPrefix: string;
}

/** A longer line is handed on in parts. */
const MAX_LINE = 8 * 1024;
/** Somebody who keeps a stream open after the tree has gone is not waited for. */
const DRAIN_MS = 500;

/** Makes the runner of tools; it resolves with the exit code, null for a signal, once nothing of a tool's tree is left. */
export function createToolRunner({ tree, killGraceMs, markPrefix }: ToolRunnerDependencies): RunTool {
  return async ({ file, args, directory, environment, onLine, signal }) => {
    const mark = markPrefix + randomBytes(8).toString("hex");
    const startedAt = performance.now();
    const process_ = spawn(file, args, {
      cwd: directory, env: { ...environment, [MARK_VARIABLE]: mark, [KEEP_VARIABLE]: undefined },
      stdio: ["ignore", "pipe", "pipe"], detached: process.platform !== "win32", windowsHide: true,
    });
    const child = await started(process_);
    const root: Root = { pid: child.pid, mark, startedAt };
    const drained = Promise.all([readLines(process_.stdout, onLine), readLines(process_.stderr, onLine)]);
    const stop = () => void terminateChild(root, child, tree, killGraceMs);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    const { code } = await child.exited;
    signal.removeEventListener("abort", stop);
    await terminateLeftovers(root, tree);
    await Promise.race([drained, delay(DRAIN_MS)]);
    return { code };
  };
}

/** Rejects with the system's error when the program can't be started. */
async function started(process_: ChildProcess): Promise<Child> {
  const exited = new Promise<Exit>((settle) => process_.once("exit", (code, signal) => settle({ code, signal })));
  const { pid } = process_;
  if (pid !== undefined) {
    process_.on("error", () => {}); // a signal that could not be sent; the tree's own ways are used
    return { pid, exited };
  }
  const [error] = (await once(process_, "error").catch((reason: unknown) => [reason])) as [Error];
  throw error;
}

function readLines(stream: Readable | null, onLine: (line: string) => void): Promise<void> {
  const decoder = createDecoder();
  let rest = "";
  const take = (text: string, isLast: boolean) => {
    const lines = (rest + text).split("\n");
    rest = isLast ? "" : (lines.pop() ?? "");
    for (; rest.length > MAX_LINE; rest = rest.slice(MAX_LINE)) lines.push(rest.slice(0, MAX_LINE));
    for (const line of lines.map(plain)) if (line !== "" || !isLast) onLine(line);
  };
  return new Promise((resolve) => {
    if (stream === null) return resolve();
    stream.on("data", (bytes: Buffer) => take(decoder.push(bytes).toString(), false));
    stream.on("error", () => {});
    stream.once("close", () => {
      take(decoder.flush().toString(), true);
      resolve();
    });
  });
}

/** What stands on a line in the end: without colours, and without what a progress bar has overwritten. */
function plain(line: string): string {
  const text = line.replace(/\r+$/, "").replace(/\u001b\[[0-9;?]*[A-Za-z]/g, "");
  return text.slice(text.lastIndexOf("\r") + 1).trimEnd();
}
