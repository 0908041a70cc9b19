// Consecutive frames of a run in memory: new ones come at the end, old ones go at the start.

/** Some of a run's frames, by their numbers. */
export class FrameWindow {
  #frames: Buffer[];
  #start: number;
  #bytes: number;

  /** A window on `frames`, of `bytes` in all, the first of which is the `start`-th. */
  constructor(start: number, frames: Buffer[] = [], bytes = 0) {
    this.#start = start;
    this.#frames = frames;
    this.#bytes = bytes;
  }

  get frames(): readonly Buffer[] { return this.#frames; }
  get bytes(): number { return this.#bytes; }
  /** The number of its first frame. */
  get start(): number { return this.#start; }
  /** The number of the frame after its last. */
  get end(): number { return this.#start + this.#frames.length; }

  at(number: number): Buffer | undefined {
    return this.#frames[number - this.#start];
  }

  push(frame: Buffer): void {
    this.#frames.push(frame);
    this.#bytes += frame.length;
  }

  /** Moves all frames into a window of their own; this one goes on after them. */
  split(): FrameWindow {
    const taken = new FrameWindow(this.#start, this.#frames, this.#bytes);
    this.#start = this.end;
    this.#frames = [];
    this.#bytes = 0;
    return taken;
  }

  /** Takes frames back that were split off, unless some after them have been dropped since. */
  join(taken: FrameWindow): void {
    if (taken.end !== this.#start) return;
    this.#frames = [...taken.#frames, ...this.#frames];
    this.#start = taken.#start;
    this.#bytes += taken.#bytes;
  }

  /** Drops the oldest frames, all but the last at most, until no more than `maxBytes` are left. */
  trim(maxBytes: number): void {
    let dropped = 0;
    for (; this.#bytes > maxBytes && dropped < this.#frames.length - 1; dropped++) this.#bytes -= this.#frames[dropped]?.length ?? 0;
    this.#frames = this.#frames.slice(dropped);
    this.#start += dropped;
  }
}
