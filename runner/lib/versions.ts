// Versions made of numbers: `major.minor.patch` and lists of numbers of any length.

/**
 * Orders two `major.minor.patch` texts: negative, 0 or positive, as for `sort`. A leading `v` is ignored, a part that does
 * not begin with a digit counts as 0, and whatever follows the third number is not looked at.
 */
export function compareVersions(a: string, b: string): number {
  return compareNumbers(numbersOf(a), numbersOf(b));
}

/** Orders two lists of numbers: negative, 0 or positive. A missing number counts as 0. */
export function compareNumbers(a: readonly number[], b: readonly number[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function numbersOf(version: string): number[] {
  return version.trim().replace(/^v/, "").split(".", 3).map((part) => Number.parseInt(part, 10) || 0);
}
