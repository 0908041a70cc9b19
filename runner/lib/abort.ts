// Waiting that a signal can end.
import { addAbortListener } from "node:events";

/** The promise's value, or undefined as soon as the signal is aborted; rejects as the promise does. The promise itself goes on. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const listener = addAbortListener(signal, () => resolve(undefined));
    promise.then(resolve, reject).finally(() => listener[Symbol.dispose]());
  });
}

/** A signal that is aborted with the first of several. Keep a reference to one made by `AbortSignal.timeout`: nothing else does. */
export function anySignal(...signals: readonly AbortSignal[]): AbortSignal {
  // Node has `AbortSignal.any` since 20.3; the types of 20.11 lack it.
  return (AbortSignal as unknown as { any(signals: readonly AbortSignal[]): AbortSignal }).any(signals);
}
