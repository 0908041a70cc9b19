// Standard streams by named pipes, which a script can open by name, e.g. as /dev/stdout.
import { close, constants, open as openCallback } from "node:fs";
import { access, mkdtemp, rm } from "node:fs/promises";
import { Socket } from "node:net";
import type { SocketConstructorOpts } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ensureDir } from "../lib/files.ts";
import type { Log } from "../lib/log.ts";
import { NamedPipes } from "./named-pipes.ts";
import type { Pipe } from "./named-pipes.ts";
import { NodeStdioFactory } from "./stdio-node.ts";
import type { OutputPipe, Stdio, StdioFactory } from "./standard-streams.ts";

const open = promisify(openCallback);

/** What is read of an output at once: so much that its frame, escapes and all, stays below 64 KiB. */
const CHUNK_BYTES = 60 * 1024;

/** Where the pipes are made. */
export interface PosixStdioOptions {
  /** The folder for the pipes that are made ahead. */
  readonly directory: string;
  /** Is told once when that folder cannot hold named pipes. */
  readonly log?: Pick<Log, "warn"> | undefined;
}

/** Makes standard streams of named pipes; where they cannot be had, of pipes in the temporary directory, else of Node's own. */
export class PosixStdioFactory implements StdioFactory {
  readonly #directory: string;
  readonly #log: Pick<Log, "warn"> | undefined;
  readonly #pipes: NamedPipes;
  readonly #temporaryFolder = new TemporaryFolder();
  readonly #temporaryPipes = new NamedPipes(() => this.#temporaryFolder.open());
  readonly #nodePipes = new NodeStdioFactory();
  /** All reading goes through one buffer, since a chunk is used up before the next one is read. */
  readonly #buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  #reported: string | undefined;

  constructor({ directory, log }: PosixStdioOptions) {
    this.#directory = directory;
    this.#log = log;
    this.#pipes = new NamedPipes(async () => {
      await ensureDir(directory);
      return directory;
    });
  }

  get problem(): string | undefined {
    const [here, there] = [this.#pipes.problem, this.#temporaryPipes.problem];
    if (here === undefined) return undefined;
    const failure = `Cannot make named pipes in ${this.#directory} (${here})`;
    if (there === undefined) return `${failure}; they are made in ${tmpdir()} instead`;
    return `${failure} nor in ${tmpdir()} (${there}); scripts cannot open /dev/stdout and /dev/stderr`;
  }

  async prepare(): Promise<void> {
    await this.#pipes.prepare();
    if (this.#pipes.problem !== undefined) await this.#temporaryPipes.prepare();
    this.#report();
  }

  async make(inputFile: string): Promise<Stdio> {
    const [input, out, err] = await allOrNone(open(inputFile, constants.O_RDONLY), this.#openPipe(), this.#openPipe());
    this.#report();
    if (out !== undefined && err !== undefined) return this.#stdioOf(input, out, err);
    [input, ...endsOf(out), ...endsOf(err)].forEach(closeQuietly);
    return this.#nodePipes.make(inputFile);
  }

  async close(): Promise<void> {
    await Promise.all([this.#pipes.close(), this.#temporaryPipes.close()]);
    await this.#temporaryFolder.remove();
  }

  async #openPipe(): Promise<Pipe | undefined> {
    return (await this.#pipes.open()) ?? this.#temporaryPipes.open();
  }

  #stdioOf(input: number, out: Pipe, err: Pipe): Stdio {
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

  #report(): void {
    const { problem } = this;
    if (problem !== undefined && problem !== this.#reported) this.#log?.warn(problem);
    this.#reported = problem;
  }
}

/** A folder of the runner's own in the temporary directory, made when it is needed and whenever somebody has removed it. */
class TemporaryFolder {
  #path: string | undefined;

  async open(): Promise<string> {
    const isThere = this.#path !== undefined && (await access(this.#path).then(() => true, () => false));
    if (!isThere) this.#path = await mkdtemp(join(tmpdir(), "automn-runner-"));
    return this.#path as string;
  }

  async remove(): Promise<void> {
    if (this.#path !== undefined) await rm(this.#path, { recursive: true, force: true }).catch(() => {}); // nothing of worth is in it
  }
}

type Opened = [input: number, out: Pipe | undefined, err: Pipe | undefined];

/** Resolves with all three; when one rejects, the others are closed again. */
async function allOrNone(...opening: [Promise<number>, Promise<Pipe | undefined>, Promise<Pipe | undefined>]): Promise<Opened> {
  try {
    return await Promise.all(opening);
  } catch (error) {
    const [input, ...pipes] = opening;
    input.then(closeQuietly, () => {});
    for (const pipe of pipes) pipe.then((ends) => endsOf(ends).forEach(closeQuietly), () => {});
    throw error;
  }
}

function endsOf(pipe: Pipe | undefined): number[] {
  return pipe === undefined ? [] : [pipe.reader, pipe.writer];
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
