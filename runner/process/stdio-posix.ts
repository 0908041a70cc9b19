// Standard streams that a script can open by name: Node's own pipes are socket pairs, on which /dev/stdout answers ENXIO.
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { close, constants, open as openCallback } from "node:fs";
import { rm } from "node:fs/promises";
import { Socket } from "node:net";
import type { SocketConstructorOpts } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { ensureDir } from "../lib/files.ts";
import type { OutputPipe, StdioFactory } from "./stdio.ts";

const run = promisify(execFile);
const open = promisify(openCallback);

/** How many named pipes one call of `mkfifo` makes. */
const BATCH = 32;
/** What is read of an output at once: so much that its frame, escapes and all, stays below 64 KiB. */
const CHUNK_BYTES = 60 * 1024;

/** Both ends of a pipe, as file descriptors. */
interface Pipe {
  readonly reader: number;
  readonly writer: number;
}

/**
 * Makes pipes ahead in `directory`, many in one go; each loses its name as soon as both of its ends are open.
 * All reading goes through one buffer, since a chunk is used up before the next one is read.
 */
export function createPosixStdioFactory(directory: string): StdioFactory {
  const shared = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  const warm: string[] = [];
  let making: Promise<void> | undefined;

  async function makeBatch(): Promise<void> {
    const names = Array.from({ length: BATCH }, () => join(directory, randomBytes(8).toString("hex")));
    await ensureDir(directory);
    await run("mkfifo", ["-m", "600", ...names]);
    warm.push(...names);
  }

  async function takeName(): Promise<string> {
    for (;;) {
      const name = warm.pop();
      if (warm.length < BATCH / 4) making ??= makeBatch().finally(() => { making = undefined; });
      if (name !== undefined) {
        making?.catch(() => {});
        return name;
      }
      await making;
    }
  }

  /** Both ends of a pipe; the reading one is opened first and without waiting, so that neither open blocks. */
  async function openPipe(): Promise<Pipe> {
    for (let retried = false; ; retried = true) {
      const name = await takeName();
      try {
        return await openBothEnds(name);
      } catch (error) {
        if (retried || (error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
        warm.length = 0;
      }
    }
  }

  return {
    async make(inputFile) {
      const [input, out, err] = await allOrNone(open(inputFile, constants.O_RDONLY), openPipe(), openPipe());
      const own = new Set([input, out.writer, err.writer]);
      const stdout = outputPipe(out.reader, shared);
      const stderr = outputPipe(err.reader, shared);
      const handOver = () => {
        for (const fd of own) closeQuietly(fd);
        own.clear();
      };
      return {
        stdio: [input, out.writer, err.writer], stdout, stderr, connect: handOver,
        close() {
          handOver();
          stdout.close();
          stderr.close();
        },
      };
    },
    async close() {
      await making?.catch(() => {});
      await Promise.all(warm.splice(0).map((name) => rm(name, { force: true })));
    },
  };
}

async function openBothEnds(name: string): Promise<Pipe> {
  const reader = await open(name, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return { reader, writer: await open(name, constants.O_WRONLY) };
  } catch (error) {
    closeQuietly(reader);
    throw error;
  } finally {
    await rm(name, { force: true });
  }
}

/** Resolves with all three; when one can't be had, the others are closed again. */
async function allOrNone(input: Promise<number>, out: Promise<Pipe>, err: Promise<Pipe>): Promise<[number, Pipe, Pipe]> {
  try {
    return await Promise.all([input, out, err]);
  } catch (error) {
    input.then(closeQuietly, () => {});
    for (const pipe of [out, err]) pipe.then(({ reader, writer }) => [reader, writer].forEach(closeQuietly), () => {});
    throw error;
  }
}

/** The reading end of a pipe; the event loop's own watching begins with `read`. */
function outputPipe(fd: number, shared: Buffer): OutputPipe {
  let socket: Socket | undefined;
  let closed = false;
  return {
    read(onChunk, onEnd) {
      if (closed) return onEnd();
      const onread = { buffer: shared, callback: (size: number, buffer: Uint8Array) => { onChunk((buffer as Buffer).subarray(0, size)); return true; } };
      socket = new Socket({ fd, readable: true, writable: false, onread } as SocketConstructorOpts);
      socket.on("error", () => socket?.destroy());
      socket.once("close", onEnd);
      return undefined;
    },
    pause: () => void socket?.pause(),
    resume: () => void socket?.resume(),
    close() {
      if (socket !== undefined) socket.destroy();
      else if (!closed) closeQuietly(fd);
      closed = true;
    },
  };
}

function closeQuietly(fd: number): void {
  close(fd, () => {});
}
