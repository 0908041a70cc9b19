// Waiting for conditions, never for clocks.

/** Resolves with the first value of `look` that is neither false nor undefined; rejects when there was none for too long. */
export async function until<T>(look: () => T | false | undefined | Promise<T | false | undefined>, what: string, patienceMs = 30_000): Promise<T> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const found = await look();
    if (found !== false && found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`Waited ${patienceMs / 1000} s in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
