// A program that the runner uses for itself, such as an installer: its lines as they come, its whole tree ended with it.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { addAbortListener } from "node:events";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { createDecoder } from "../output/decoder.ts";
import type { RunTool } from "../languages/installer.ts";
import { childOf, OWN_GROUP } from "./spawn.ts";
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

/** Makes the function that runs tools; it resolves once nothing of a tool's tree is left. */
export function createToolRunner({ tree, killGraceMs, markPrefix }: ToolRunnerDependencies): RunTool {
  return async ({ file, args, directory, environment, onLine, signal }) => {
    const mark = markPrefix + randomBytes(8).toString("hex");
    const startedAt = performance.now();
    const env = { ...environment, [MARK_VARIABLE]: mark, [KEEP_VARIABLE]: undefined };
    const spawned = spawn(file, args, { ...OWN_GROUP, cwd: directory, env, stdio: ["ignore", "pipe", "pipe"] });
    const child = await childOf(spawned);
    const root: Root = { pid: child.pid, mark, startedAt };
    const drained = Promise.all([readLines(spawned.stdout, onLine), readLines(spawned.stderr, onLine)]);
    const listener = addAbortListener(signal, () => void terminateChild(root, child, tree, killGraceMs));
    const { code } = await child.exited;
    listener[Symbol.dispose]();
    await terminateLeftovers(root, tree);
    await Promise.race([drained, delay(DRAIN_MS)]);
    return { code };
  };
}

/** Hands on a stream's lines; resolves when it is closed. */
function readLines(stream: Readable, onLine: (line: string) => void): Promise<void> {
  const decoder = createDecoder();
  let unfinished = "";
  const take = (text: string, isLast: boolean) => {
    const lines = (unfinished + text).split("\n");
    unfinished = isLast ? "" : (lines.pop() ?? "");
    for (; unfinished.length > MAX_LINE; unfinished = unfinished.slice(MAX_LINE)) lines.push(unfinished.slice(0, MAX_LINE));
    for (const line of lines.map(plain)) if (line !== "" || !isLast) onLine(line);
  };
  return new Promise((resolve) => {
    stream.on("data", (bytes: Buffer) => take(decoder.push(bytes).toString(), false));
    stream.on("error", () => {});
    stream.once("close", () => {
      take(decoder.flush().toString(), true);
      resolve();
    });
  });
}

/** A line as a terminal shows it in the end: without colours, and without what a progress bar has overwritten. */
function plain(line: string): string {
  const text = line.replace(/\r+$/, "").replace(/\u001b\[[0-9;?]*[A-Za-z]/g, "");
  return text.slice(text.lastIndexOf("\r") + 1).trimEnd();
}
