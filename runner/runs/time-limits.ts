// The clocks that can end a run.
import { Deadline } from "../lib/deadline.ts";
import type { TerminationReason } from "../protocol/termination-reason.ts";

/** A script that has returned a value has this long to end by itself (protocol, section 3). */
export const RETURN_GRACE_MS = 300;

/** The bound on a script's time, in milliseconds: the shorter of its author's and this runner's own, if there is any. */
export function timeLimit(scriptMs: number | undefined, maxRunMs: number | undefined): number | undefined {
  if (scriptMs === undefined || maxRunMs === undefined) return scriptMs ?? maxRunMs;
  return Math.min(scriptMs, maxRunMs);
}

/** The clocks of one run; a clock that runs out aborts `stop`. */
export class TimeLimits {
  readonly #stop: AbortController;
  #deadline: Deadline | undefined;

  constructor(stop: AbortController) {
    this.#stop = stop;
  }

  /** The script has started: its timeout counts from here. */
  scriptStarted(timeoutMs: number | undefined): void {
    if (timeoutMs !== undefined) this.#endAfter(timeoutMs, { kind: "timed-out", afterMs: timeoutMs });
  }

  /** The script has returned a value: no timeout any more, but a short while to end by itself. */
  scriptReturned(): void {
    this.#endAfter(RETURN_GRACE_MS, { kind: "returned" });
  }

  /** Stops the clocks. */
  clear(): void {
    this.#deadline?.cancel();
  }

  #endAfter(ms: number, reason: TerminationReason): void {
    this.#deadline?.cancel();
    this.#deadline = new Deadline(ms, () => this.#stop.abort(reason));
  }
}
