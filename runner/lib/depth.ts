// How deep JSON may be nested. V8 parses JSON of any depth, but serializes it by recursion, as most programs do: a value
// that is too deep could be received and never be sent on.

/** The number of levels up to which a value is accepted. */
export const MAX_DEPTH = 1000;

/** Whether a value of JSON is nested deeper than `levels`. */
export function isDeeperThan(value: unknown, levels: number = MAX_DEPTH): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  return Object.values(value).some((inner) => isDeeperThan(inner, levels - 1));
}
