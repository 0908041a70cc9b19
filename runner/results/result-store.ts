// Frames and results of ended runs, kept on disk for those who ask later.
import { rm } from "node:fs/promises";
import { messageOf } from "../lib/failure.ts";
import type { Log } from "../lib/log.ts";
import type { RunResult } from "../protocol/result.ts";
import type { FrameLog } from "./frame-log.ts";
import { parseResultFrame, readFrames, readResult } from "./result-file.ts";
import { ResultFiles } from "./result-files.ts";

/** More than this waiting in memory for the disk is not kept. */
const MAX_WAITING_BYTES = 32 * 1024 * 1024;
const MAX_WAITING = 1_000;

/** What a store depends on: its folder, and the most bytes that it takes there; 0 keeps nothing. */
export interface ResultStoreOptions {
  readonly directory: string;
  readonly maxBytes: number;
  readonly log: Pick<Log, "info" | "warn">;
}

/** Frames to be read. */
type Frames = AsyncIterable<Buffer>;

/** A run that is not written yet. */
interface Waiting {
  readonly startedAt: string;
  readonly frames: FrameLog;
  readonly bytes: number;
}

/**
 * The runs that have ended, as far as they are kept: the latest, within a number of bytes. A run is its id and its
 * start (ISO 8601); asked for without a start, the last run with that id answers.
 *
 * Runs are written in order, off the critical path, without a sync: a power cut may cost the last of them, a kill of
 * the runner only what it had not written.
 */
export class ResultStore {
  readonly #options: ResultStoreOptions;
  readonly #files: ResultFiles;
  readonly #loaded: Promise<void>;
  /** By run id. */
  readonly #waiting = new Map<string, Waiting>();
  #waitingBytes = 0;
  #writing: Promise<void>;
  #failures = 0;
  #closed = false;

  /** Opens the store at once; what earlier runners kept is found in the background. */
  constructor(options: ResultStoreOptions) {
    const { directory, log } = options;
    this.#options = options;
    this.#files = new ResultFiles(options);
    this.#loaded = this.#files.load().catch((error: unknown) => {
      log.warn("Cannot read the results of earlier runs", { directory, error: messageOf(error) });
    });
    this.#writing = this.#loaded;
  }

  /** Takes the log of an ended run, and closes it when it is done with it. Never throws; what cannot be kept is said. */
  store(runId: string, startedAt: string, frames: FrameLog): void {
    if (this.#closed || this.#options.maxBytes === 0) return frames.close();
    const { size } = this.#waiting;
    const run: Waiting = { startedAt, frames, bytes: frames.memoryBytes };
    if (size >= MAX_WAITING || (size > 0 && this.#waitingBytes + run.bytes > MAX_WAITING_BYTES)) {
      this.#failed(new Error(`the disk is too slow, ${size} runs are waiting for it`));
      return frames.close();
    }
    this.#waiting.set(runId, run);
    this.#waitingBytes += run.bytes;
    this.#writing = this.#writing.then(() => this.#write(runId, run));
  }

  /** Removes what is kept of earlier runs with an id, because another run has it now. */
  forget(runId: string): void {
    this.#waiting.delete(runId);
    this.#writing = this.#writing.then(() => this.#files.remove(runId)).catch(() => {});
  }

  /** The result of a run, from the moment it is stored; nothing where it is not kept. Never rejects. */
  async result(runId: string, startedAt?: string): Promise<RunResult | undefined> {
    const frame = this.#waitingLog(runId, startedAt)?.result;
    if (frame !== undefined) return parseResultFrame(frame, runId);
    const path = await this.#path(runId, startedAt);
    return path === undefined ? undefined : readResult(path, runId).catch((error: unknown) => this.#unreadable(path, error));
  }

  /**
   * The frames of a run from the `from`-th on, the result frame last, a gap frame in place of what was not kept; nothing
   * where the run is not kept. Reading must go to the end, or `signal` be aborted. Never rejects.
   */
  async frames(runId: string, startedAt: string | undefined, from: number, signal: AbortSignal): Promise<Frames | undefined> {
    const live = this.#waitingLog(runId, startedAt);
    if (live !== undefined) return live.read(from, signal);
    const path = await this.#path(runId, startedAt);
    const isKept = (await this.result(runId, startedAt)) !== undefined;
    return path === undefined || !isKept ? undefined : this.#read(path, from, signal);
  }

  /** Resolves when what was stored so far is on disk, or cannot get there. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  /** As `settled`; what is stored later is not kept. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#writing;
  }

  #waitingLog(runId: string, startedAt: string | undefined): FrameLog | undefined {
    const run = this.#waiting.get(runId);
    return startedAt === undefined || run?.startedAt === startedAt ? run?.frames : undefined;
  }

  async #path(runId: string, startedAt: string | undefined): Promise<string | undefined> {
    if (startedAt === undefined) await this.#loaded;
    return this.#files.path(runId, startedAt);
  }

  async *#read(path: string, from: number, signal: AbortSignal): AsyncGenerator<Buffer> {
    try {
      yield* readFrames(path, from, signal);
    } catch (error) {
      await this.#unreadable(path, error);
    }
  }

  async #write(runId: string, run: Waiting): Promise<void> {
    try {
      if (this.#waiting.get(runId) === run) await this.#files.add(runId, run.startedAt, run.frames);
      if (this.#failures > 0) this.#options.log.info("Results of runs are kept again", { runsLost: this.#failures });
      this.#failures = 0;
    } catch (error) {
      this.#failed(error);
    }
    if (this.#waiting.get(runId) === run) this.#waiting.delete(runId);
    this.#waitingBytes -= run.bytes;
    run.frames.close();
  }

  #failed(error: unknown): void {
    const { directory, log } = this.#options;
    if (this.#failures === 0) log.warn("Cannot keep the results of runs", { directory, error: messageOf(error) });
    this.#failures += 1;
  }

  /** Says what is wrong with a file; one that is not what the runner wrote is removed. */
  async #unreadable(path: string, error: unknown): Promise<undefined> {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return;
    const damaged = code === undefined;
    const message = `Cannot read the kept result of a run${damaged ? "; it is removed" : ""}`;
    this.#options.log.warn(message, { file: path, error: messageOf(error) });
    if (damaged) await rm(path, { recursive: true, force: true }).catch(() => {});
  }
}
