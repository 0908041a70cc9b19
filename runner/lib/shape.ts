// Checking what is read back from a file that anybody may have written: JSON against a table of its fields.

/** Whether a value is what a field may hold. */
export type Check = (value: unknown) => boolean;

export const isText: Check = (value) => typeof value === "string";
export const isInteger: Check = (value) => Number.isSafeInteger(value);
/** Whole and not negative. */
export const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
/** Whether a text is a time that `Date` can read. */
export const isTime: Check = (value) => typeof value === "string" && !Number.isNaN(Date.parse(value));
export const isAnything: Check = (value) => value !== undefined;
export const isObject: Check = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether a value is one of these texts. */
export const oneOf = (...texts: readonly string[]): Check => (value) => texts.some((text) => text === value);
export const listOf = (check: Check): Check => (value) => Array.isArray(value) && value.every(check);
export const optional = (check: Check): Check => (value) => value === undefined || check(value);

/** A check for objects of type `T`, by a check for each of its fields; further fields are let through. */
export function shape<T extends object>(fields: { readonly [K in keyof Required<T>]: Check }): (value: unknown) => value is T {
  const checks = Object.entries<Check>(fields);
  const fits = (row: Readonly<Record<string, unknown>>) => checks.every(([name, check]) => check(row[name]));
  return (value): value is T => isObject(value) && fits(value as Readonly<Record<string, unknown>>);
}
