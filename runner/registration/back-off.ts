// How long one try may take, and how long to wait before the next: exponential back-off with full jitter.
// Source: Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.

const FIRST_MS = 1_000;
const MAX_MS = 30_000;
const ATTEMPT_MS = 10_000;
const MIN_ATTEMPT_MS = 200;

/** Milliseconds before the next try after so many failures in a row; at most 30 s or the heartbeat interval, whichever is less. */
export function backOffMs(failures: number, heartbeatMs: number, random: () => number = Math.random): number {
  const cap = heartbeatMs > 0 ? Math.min(MAX_MS, heartbeatMs) : MAX_MS;
  return Math.round(random() * Math.min(cap, FIRST_MS * 2 ** (failures - 1)));
}

/** Milliseconds that the host may take to answer: less than a heartbeat interval, so that tries never pile up. */
export function attemptMs(heartbeatMs: number): number {
  return heartbeatMs === 0 ? ATTEMPT_MS : Math.min(ATTEMPT_MS, Math.max(MIN_ATTEMPT_MS, heartbeatMs * 0.9));
}
