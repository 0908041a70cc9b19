// What is remembered of a program's output: its first and its last lines.

const HEAD_LINES = 100;
const TAIL_LINES = 200;

/** Keeps the first and the last lines of an output, each in order, within a fixed number. */
export class KeptLines {
  readonly #head: string[] = [];
  readonly #tail: string[] = [];

  push(line: string): void {
    if (this.#head.length < HEAD_LINES) this.#head.push(line);
    else if (this.#tail.push(line) > TAIL_LINES) this.#tail.shift();
  }

  get lines(): readonly string[] {
    return [...this.#head, ...this.#tail];
  }
}
