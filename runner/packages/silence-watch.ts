// Says that an installer is still at work when it has printed nothing for a while.

const FIRST_MS = 10_000;
const NEXT_MS = 30_000;

/** Calls `say` after 10 s of silence and then every 30 s; `heard` starts the silence anew. Stop it when the program has ended. */
export class SilenceWatch {
  readonly #say: (line: string) => void;
  readonly #startedAt = performance.now();
  #timer: NodeJS.Timeout | undefined;

  constructor(say: (line: string) => void) {
    this.#say = say;
    this.heard();
  }

  heard(): void {
    this.#wait(FIRST_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #wait(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const seconds = Math.round((performance.now() - this.#startedAt) / 1000);
      this.#say(`Still waiting after ${seconds} s; the registry may be slow or unreachable`);
      this.#wait(NEXT_MS);
    }, ms);
  }
}
