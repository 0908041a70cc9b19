// How long to wait before the next try: exponential back-off with full jitter.
// Source: Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.

const FIRST_MS = 1_000;
const MAX_MS = 30_000;

/** Milliseconds before the next try after so many failures in a row; at most 30 s or the heartbeat interval, whichever is less. */
export function backOffMs(failures: number, heartbeatMs: number, random: () => number = Math.random): number {
  const cap = heartbeatMs > 0 ? Math.min(MAX_MS, heartbeatMs) : MAX_MS;
  return Math.round(random() * Math.min(cap, FIRST_MS * 2 ** (failures - 1)));
}
