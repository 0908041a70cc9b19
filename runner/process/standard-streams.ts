// The standard streams of a process, made before it is started: what it gets, and what the runner reads.
import type { ChildProcess } from "node:child_process";

/** The reading end of a process's output. Reading begins with `read`. */
export interface OutputPipe {
  /** Hands over each chunk, valid during the call only; `onEnd` comes once, when nobody can write any more or `close` was called. */
  read(onChunk: (bytes: Buffer) => void, onEnd: () => void): void;
  /** Holds the writer back: nothing more is read until `resume`. */
  pause(): void;
  resume(): void;
  /** Reads no more, whoever still writes. */
  close(): void;
}

/** Standard streams that are there before the process. */
export interface Stdio {
  /** For `spawn`: standard input, output and error. */
  readonly stdio: readonly [number | "ignore", number | "pipe", number | "pipe"];
  readonly stdout: OutputPipe;
  readonly stderr: OutputPipe;
  /** To be called once the process has its ends: the runner's copies of them are closed. */
  connect(child: ChildProcess): void;
  /** Closes everything that is still open. */
  close(): void;
}

/** Makes the standard streams of processes. */
export interface StdioFactory {
  /** Makes the first pipes ahead, and finds out whether they can be made. */
  prepare(): Promise<void>;
  /** Standard output and error to read from, standard input from a file. Rejects with the system's error. */
  make(inputFile: string): Promise<Stdio>;
  /** What an operator should know of pipes that cannot be made as they should, and what scripts lose by it. */
  readonly problem: string | undefined;
  /** Removes what was made ahead and not used. */
  close(): Promise<void>;
}
