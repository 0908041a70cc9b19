// A counting semaphore: at most so many holders at a time.
import { addAbortListener } from "node:events";
import { once } from "./once.ts";

/** Lets a limited number of holders in, in the order in which they asked. */
export class Semaphore {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  /** `permits` is how many holders there may be at a time. */
  constructor(permits: number) {
    this.#free = permits;
  }

  /** Resolves with the function that gives the permit back. Rejects with the signal's reason if that is aborted before. */
  async acquire(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#free > 0) this.#free -= 1;
    else await this.#turn(signal);
    return once(() => this.#release());
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const listener = addAbortListener(signal, () => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(signal.reason);
      });
      const enter = (): void => {
        listener[Symbol.dispose]();
        resolve();
      };
      this.#waiting.push(enter);
    });
  }

  /** Hands the permit to the first that waits. */
  #release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
