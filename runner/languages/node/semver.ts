// npm's version ranges, as far as reusing a package set needs them: whether an installed release lies in a range.
// Ranges are read as by node-semver. A prerelease lies in none: then npm itself decides, by installing anew.
// The reasons are in docs/decisions/reading-dependencies.md.
import { compareNumbers } from "../../lib/versions.ts";

/** The releases from one version on and below another. Since releases are made of whole numbers, every comparator is one of these. */
interface Interval {
  readonly from: readonly number[];
  readonly below: readonly number[];
}

/** A version of which parts may be open: `1.x`, `2`, `*`. */
interface Partial {
  readonly numbers: readonly number[];
  readonly prerelease: boolean;
}

const FIRST = [0];
const END = [Infinity];

const NUMBER = "(?:0|[1-9]\\d{0,14})";
const PART = `(${NUMBER}|[xX*])`;
const BUILD = "(?:\\+[0-9A-Za-z.-]+)?";
const PARTIAL = `v?${PART}(?:\\.${PART}(?:\\.${PART}(-[0-9A-Za-z.-]+)?${BUILD})?)?`;
const COMPARATOR = new RegExp(` ?(\\^|~>?|[<>]?=?) ?${PARTIAL}(?= |$)`, "y");
const HYPHEN = new RegExp(`^${PARTIAL} - ${PARTIAL}$`);
const RELEASE = new RegExp(`^v?(${NUMBER})\\.(${NUMBER})\\.(${NUMBER})${BUILD}$`);

/** Whether a text is a version or range; a dist-tag such as `latest` is none. */
export function isRange(text: string): boolean {
  return parseRange(text) !== undefined;
}

/** Whether a release lies in a range. False for a prerelease, and where one of the two cannot be read. */
export function satisfies(version: string, range: string): boolean {
  const numbers = RELEASE.exec(version.trim())?.slice(1).map(Number);
  if (numbers === undefined) return false;
  const holds = ({ from, below }: Interval) => compareNumbers(numbers, from) >= 0 && compareNumbers(numbers, below) < 0;
  return parseRange(range)?.some((alternative) => alternative.every(holds)) ?? false;
}

/** Alternatives, each a list of intervals that must all hold. */
function parseRange(text: string): readonly (readonly Interval[])[] | undefined {
  const alternatives = text.replace(/\s+/g, " ").split("||").map((alternative) => parseAlternative(alternative.trim()));
  return alternatives.every((alternative) => alternative !== undefined) ? alternatives : undefined;
}

function parseAlternative(text: string): readonly Interval[] | undefined {
  const hyphen = HYPHEN.exec(text);
  if (hyphen) return [{ from: partialOf(hyphen.slice(1, 5)).numbers, below: nextAfter(partialOf(hyphen.slice(5, 9))) }];
  const intervals: Interval[] = [];
  for (COMPARATOR.lastIndex = 0; COMPARATOR.lastIndex < text.length;) {
    const match = COMPARATOR.exec(text);
    if (!match) return undefined;
    intervals.push(intervalOf(match[1] ?? "", partialOf(match.slice(2, 6))));
  }
  return intervals;
}

function intervalOf(operator: string, partial: Partial): Interval {
  const { numbers: from } = partial; // open parts count as 0 where versions are compared
  const next = nextAfter(partial);
  switch (operator) {
    case ">": return { from: next, below: END };
    case ">=": return { from, below: END };
    case "<": return { from: FIRST, below: from };
    case "<=": return { from: FIRST, below: next };
    case "^": return { from, below: raised(partial, firstAboveZero(partial)) };
    case "~":
    case "~>": return { from, below: raised(partial, 1) };
    default: return { from, below: next };
  }
}

/** The first version above all releases that a partial version names; none of them is a prerelease. */
function nextAfter(partial: Partial): readonly number[] {
  return partial.prerelease ? partial.numbers : raised(partial, 2);
}

function firstAboveZero({ numbers }: Partial): number {
  const index = numbers.findIndex((number) => number > 0);
  return index < 0 ? 2 : index;
}

/** The next version with another number at `index`, or before it where the parts from there on are open. */
function raised({ numbers }: Partial, index: number): readonly number[] {
  const kept = numbers.slice(0, index + 1);
  return kept.length === 0 ? END : [...kept.slice(0, -1), (kept.at(-1) ?? 0) + 1];
}

/** Whatever comes after an open part is open too. */
function partialOf(groups: readonly (string | undefined)[]): Partial {
  const open = groups.slice(0, 3).findIndex((part) => part === undefined || /[xX*]/.test(part));
  const numbers = groups.slice(0, open < 0 ? 3 : open).map(Number);
  return { numbers, prerelease: open < 0 && groups[3] !== undefined };
}
