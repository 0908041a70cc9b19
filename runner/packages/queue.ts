// At most so many at a time.

/** Hands out a limited number of slots in the order in which they were asked for. */
export interface Slots {
  /** Resolves with the call that gives the slot back. Rejects with the signal's reason. */
  take(signal: AbortSignal): Promise<() => void>;
}

/** Makes `count` slots. */
export function createSlots(count: number): Slots {
  const waiting: (() => void)[] = [];
  let free = count;

  function giveBack(): void {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  }

  return {
    take(signal) {
      return new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        let given = false;
        const give = () => {
          signal.removeEventListener("abort", leave);
          resolve(() => {
            if (!given) giveBack();
            given = true;
          });
        };
        const leave = () => {
          waiting.splice(waiting.indexOf(give), 1);
          reject(signal.reason);
        };
        if (free > 0) {
          free -= 1;
          return give();
        }
        waiting.push(give);
        signal.addEventListener("abort", leave, { once: true });
        return undefined;
      });
    },
  };
}
