// Waits for a condition instead of a fixed time.

/** Polls `check` and resolves with its first value that is neither false nor undefined; rejects after `timeoutMs`. */
export async function until<T>(
  check: () => T | false | undefined | Promise<T | false | undefined>, what: string, timeoutMs = 30_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const found = await check();
    if (found !== false && found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`Waited ${timeoutMs / 1000} s in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
