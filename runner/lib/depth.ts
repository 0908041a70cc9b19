// How deep JSON may be nested. V8 reads any depth but writes, as most others do, by recursion: too deep a value could
// be taken in and never be sent on.

/** More levels than this are refused. */
export const MAX_DEPTH = 1000;

/** Whether a value of parsed JSON is nested deeper than `levels`. */
export function isDeeperThan(value: unknown, levels: number = MAX_DEPTH): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  return Object.values(value).some((inner) => isDeeperThan(inner, levels - 1));
}
