// A timer that does not overtake what happened before it.

/**
 * Calls back once so many milliseconds have passed, and the events that happened by then have been delivered. Where the
 * process was stopped or starved over that moment, a plain timer comes first, and an exit or an answer that was in time
 * is taken for one that never came.
 */
export class Deadline {
  readonly #timer: NodeJS.Timeout;
  #immediate: NodeJS.Immediate | undefined;

  constructor(ms: number, callback: () => void) {
    this.#timer = setTimeout(() => { this.#immediate = setImmediate(callback); }, ms);
  }

  /** Lets the process end although this is still to come. */
  unref(): this {
    this.#timer.unref();
    return this;
  }

  /** Keeps it from calling back. */
  cancel(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
  }
}
