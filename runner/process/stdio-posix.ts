// Standard streams by named pipes, which a script can open by name, e.g. as /dev/stdout.
import { close, constants, open as openCallback } from "node:fs";
import { Socket } from "node:net";
import type { SocketConstructorOpts } from "node:net";
import { promisify } from "node:util";
import { NamedPipes } from "./named-pipes.ts";
import type { Pipe } from "./named-pipes.ts";
import type { OutputPipe, Stdio, StdioFactory } from "./stdio.ts";

const open = promisify(openCallback);

/** What is read of an output at once: so much that its frame, escapes and all, stays below 64 KiB. */
const CHUNK_BYTES = 60 * 1024;

/** Makes standard streams of named pipes. */
export class PosixStdioFactory implements StdioFactory {
  readonly #pipes: NamedPipes;
  /** All reading goes through one buffer, since a chunk is used up before the next one is read. */
  readonly #buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);

  /** The pipes are made ahead in `directory`. */
  constructor(directory: string) {
    this.#pipes = new NamedPipes(directory);
  }

  async make(inputFile: string): Promise<Stdio> {
    const [input, out, err] = await allOrNone(open(inputFile, constants.O_RDONLY), this.#pipes.open(), this.#pipes.open());
    const stdout = new FdOutputPipe(out.reader, this.#buffer);
    const stderr = new FdOutputPipe(err.reader, this.#buffer);
    const forProcess = new Set([input, out.writer, err.writer]);
    const connect = () => {
      for (const fd of forProcess) closeQuietly(fd);
      forProcess.clear();
    };
    return {
      stdio: [input, out.writer, err.writer], stdout, stderr, connect,
      close() {
        connect();
        stdout.close();
        stderr.close();
      },
    };
  }

  async close(): Promise<void> {
    await this.#pipes.close();
  }
}

/** Resolves with all three; when one cannot be had, the others are closed again. */
async function allOrNone(input: Promise<number>, out: Promise<Pipe>, err: Promise<Pipe>): Promise<[number, Pipe, Pipe]> {
  try {
    return await Promise.all([input, out, err]);
  } catch (error) {
    input.then(closeQuietly, () => {});
    for (const pipe of [out, err]) pipe.then(({ reader, writer }) => [reader, writer].forEach(closeQuietly), () => {});
    throw error;
  }
}

/** An output by the file descriptor of its reading end; the event loop watches that from `read` on. */
class FdOutputPipe implements OutputPipe {
  readonly #fd: number;
  readonly #buffer: Buffer;
  #socket: Socket | undefined;
  #closed = false;

  constructor(fd: number, buffer: Buffer) {
    this.#fd = fd;
    this.#buffer = buffer;
  }

  read(onChunk: (bytes: Buffer) => void, onEnd: () => void): void {
    if (this.#closed) return onEnd();
    const callback = (size: number, buffer: Uint8Array): boolean => {
      onChunk((buffer as Buffer).subarray(0, size));
      return true;
    };
    const options = { fd: this.#fd, readable: true, writable: false, onread: { buffer: this.#buffer, callback } };
    const socket = new Socket(options as SocketConstructorOpts);
    socket.on("error", () => socket.destroy());
    socket.once("close", onEnd);
    this.#socket = socket;
    return undefined;
  }

  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  close(): void {
    if (this.#socket !== undefined) this.#socket.destroy();
    else if (!this.#closed) closeQuietly(this.#fd);
    this.#closed = true;
  }
}

function closeQuietly(fd: number): void {
  close(fd, () => {});
}
