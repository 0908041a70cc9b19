// The baseline for log throughput: reads a script's output from a named pipe and discards it, which is the least that a
// runner could do. Runs as its own process: each line of standard input is a script file, and each answer a line of JSON.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, openSync, unlinkSync } from "node:fs";
import { Socket } from "node:net";
import type { SocketConstructorOpts } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** The output of one script. */
export interface PipeReading {
  readonly bytes: number;
  /** From the first byte to the end of the output. */
  readonly ms: number;
}

const [, , interpreter = process.execPath, directory = "."] = process.argv;
const buffer = Buffer.allocUnsafeSlow(64 * 1024);

for await (const script of createInterface({ input: process.stdin })) process.stdout.write(`${JSON.stringify(await read(script))}\n`);

async function read(script: string): Promise<PipeReading> {
  const name = join(directory, `pipe-${process.pid}`);
  execFileSync("mkfifo", ["-m", "600", name]);
  const reader = openSync(name, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(name, constants.O_WRONLY);
  unlinkSync(name);
  const child = spawn(interpreter, [script], { stdio: ["ignore", writer, "inherit"] });
  closeSync(writer);
  let bytes = 0;
  let firstAt: number | undefined;
  const onread = { buffer, callback: (size: number) => { firstAt ??= performance.now(); bytes += size; return true; } };
  const socket = new Socket({ fd: reader, readable: true, writable: false, onread } as SocketConstructorOpts);
  await Promise.all([once(socket, "close"), once(child, "exit")]);
  return { bytes, ms: performance.now() - (firstAt ?? NaN) };
}
