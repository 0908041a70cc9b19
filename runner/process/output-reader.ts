// Reads both outputs of a process: no faster than the frames are taken, bursts of small chunks together, and to the end.
import type { OutputPipeline } from "../output/output-pipeline.ts";
import { READ_DELAY_MS, ReadCoalescer } from "./read-coalescing.ts";
import type { OutputPipe, Stdio } from "./stdio.ts";

/** Where frames go. */
export interface Backpressure {
  /** Whether the reader of the frames is behind. */
  readonly full: boolean;
  /** Calls back once when it has caught up. */
  onceDrained(resume: () => void): void;
}

/** The most chunks that an exited process can have left in its pipes; what comes after them is somebody else's. */
const MAX_CHUNKS = 64;
/** After so many polls of the event loop that bring nothing, the pipes are empty. */
const EMPTY_POLLS = 4;

/** The reading of one process's outputs; it begins at once. */
export class OutputReader {
  readonly #pipes: readonly OutputPipe[];
  readonly #backpressure: Backpressure;
  readonly #coalescer = new ReadCoalescer();
  readonly #ended: Promise<void>;
  #onEnded: () => void = () => {};
  #open: number;
  #chunks = 0;
  #delay: NodeJS.Timeout | undefined;
  #held = false;
  /** Whether all that is left is read at once, whoever is behind. */
  #draining = false;

  constructor({ stdout, stderr }: Stdio, output: OutputPipeline, backpressure: Backpressure) {
    this.#pipes = [stdout, stderr];
    this.#open = this.#pipes.length;
    this.#backpressure = backpressure;
    this.#ended = new Promise((resolve) => { this.#onEnded = resolve; });
    this.#read(stdout, output.stdout);
    this.#read(stderr, output.stderr);
  }

  /** How many chunks have come so far. */
  get chunks(): number {
    return this.#chunks;
  }

  /** Whether nothing is read because the reader of the frames is behind. */
  get isHeld(): boolean {
    return this.#held;
  }

  /**
   * Resolves when both streams have ended, or hold nothing more although somebody still has them open. A slow reader no
   * longer holds the output back then: what is left in the pipes is read at once, and that is not much.
   */
  async drain(): Promise<void> {
    this.#draining = true;
    clearTimeout(this.#delay);
    this.#resume();
    await Promise.race([this.#ended, this.#untilEmpty()]);
    for (const pipe of this.#pipes) pipe.close();
  }

  #read(pipe: OutputPipe, feed: OutputPipeline["stdout"]): void {
    pipe.read((bytes) => {
      this.#chunks += 1;
      feed.push(bytes);
      if (this.#draining || this.#held) return;
      if (this.#backpressure.full) this.#hold();
      else if (this.#coalescer.shouldDelay(pipe, bytes.length)) this.#delayReading(pipe);
    }, () => {
      this.#open -= 1;
      if (this.#open === 0) this.#onEnded();
    });
  }

  #hold(): void {
    this.#held = true;
    for (const pipe of this.#pipes) pipe.pause();
    this.#backpressure.onceDrained(() => this.#resume());
  }

  #resume(): void {
    this.#held = false;
    for (const pipe of this.#pipes) pipe.resume();
  }

  #delayReading(pipe: OutputPipe): void {
    pipe.pause();
    this.#delay = setTimeout(() => { if (!this.#held) pipe.resume(); }, READ_DELAY_MS);
  }

  /**
   * Resolves when the event loop has polled several times without anything new. What an exited process has written lies
   * in its pipe and is readable at once, so a few empty polls mean that the pipe is empty, whoever still has it open.
   */
  async #untilEmpty(): Promise<void> {
    const before = this.#chunks;
    let seen = before;
    for (let empty = 0; empty < EMPTY_POLLS && seen - before < MAX_CHUNKS;) {
      await new Promise((resolve) => setImmediate(resolve));
      empty = this.#chunks === seen ? empty + 1 : 0;
      seen = this.#chunks;
    }
  }
}
