// The clocks that can end a run.
import { Deadline } from "../lib/deadline.ts";
import type { RunLimits } from "./run-context.ts";
import type { TerminationReason } from "../protocol/termination-reason.ts";

/** A script that has returned a value has this long to end by itself (protocol, section 3). */
export const RETURN_GRACE_MS = 300;

/** Time for the result to reach the host, within the bound that the host was told. */
const DELIVERY_MS = 1_000;

/** The bound on a script's time: the shorter of its author's and this runner's own, which leaves time for the result. */
export function timeLimit(scriptMs: number | undefined, { timeoutMs, killGraceMs }: RunLimits): number | undefined {
  if (timeoutMs === undefined) return scriptMs;
  const own = Math.max(1, timeoutMs - Math.min(killGraceMs + DELIVERY_MS, Math.floor(timeoutMs / 2)));
  return Math.min(scriptMs ?? own, own);
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
