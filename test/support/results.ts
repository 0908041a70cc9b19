// Helpers for tests of files: a recording log, small disks, separate programs.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterwards } from "./cleanup.ts";
import type { TestContext } from "./cleanup.ts";

export { temporaryFolder as folder } from "./folder.ts";
export { until } from "./until.ts";

/** A log that records its lines. */
export function listeningLog() {
  const lines: string[] = [];
  const at = (level: string) => (message: string, fields: object = {}) => void lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
  return { lines, debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** All values of an iterable. */
export async function all<T>(items: AsyncIterable<T> | undefined): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items ?? []) found.push(item);
  return found;
}

/** All frames that a reader is given, as text. */
export async function textOf(frames: AsyncIterable<Buffer> | undefined): Promise<string[]> {
  return (await all(frames)).map(String);
}

/** A node process that runs a module of TypeScript text; relative imports start in this folder. It is killed after the test. */
export function program(
  t: TestContext,
  code: string,
  { prefix = [], args = [] }: { prefix?: string[]; args?: string[] } = {},
): ChildProcess & { output(): string } {
  const [command = "", ...rest] = [...prefix, process.execPath, "--import", "tsx", "--input-type=module", "--eval", code, "--", ...args];
  const child = spawn(command, rest, { cwd: fileURLToPath(new URL(".", import.meta.url)), stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout?.on("data", (text) => { output += String(text); });
  afterwards(t, async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  });
  return Object.assign(child, { output: () => output });
}

/** Runs a command; resolves with its exit code, 1 where there is no such command. */
export async function run(command: string, ...args: string[]): Promise<number> {
  const [code] = (await once(spawn(command, args, { stdio: "ignore" }), "close").catch(() => [1])) as [number];
  return code;
}

/** A file system of so many bytes, gone after the test; undefined where this user cannot mount one. */
export async function smallDisk(t: TestContext, bytes: number): Promise<string | undefined> {
  const dir = await mkdtemp(join(tmpdir(), "automn-disk-"));
  const mounted = (await run("mount", "-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", dir)) === 0;
  afterwards(t, async () => {
    if (mounted) await run("umount", "--lazy", dir);
    await rm(dir, { recursive: true, force: true });
  });
  return mounted ? dir : undefined;
}
