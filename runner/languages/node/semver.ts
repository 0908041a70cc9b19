// npm's versions and ranges, as node-semver reads them in its strict form.

/** A version: three numbers and its prerelease identifiers; build metadata is dropped. */
export interface Version {
  readonly numbers: readonly [number, number, number];
  readonly prerelease: readonly string[];
}

type Operator = "<" | "<=" | ">" | ">=" | "=";
interface Comparator {
  readonly operator: Operator;
  readonly version: Version;
}
/** One alternative of a range: all must hold; none is any version. */
type Alternative = readonly Comparator[];
/** A version with parts left open: `1.x`, `2`, `*`. Parts behind an open one count as open. */
interface Partial {
  readonly major?: number;
  readonly minor?: number;
  readonly patch?: number;
  readonly prerelease: readonly string[];
  /** A number stands behind an open part (`1.x.3`), which only `^`, `~` and hyphens tolerate. */
  readonly disordered: boolean;
}

const LONGEST = 256;
const NUMBER = "(?:0|[1-9]\\d*)";
const IDENTIFIER = `(?:\\d*[a-zA-Z-][0-9A-Za-z-]*|${NUMBER})`;
const PRERELEASE = `(?:-(${IDENTIFIER}(?:\\.${IDENTIFIER})*))?`;
const BUILD = "\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*";
const PART = `(${NUMBER}|[xX*])`;
const PARTIAL = `v?${PART}(?:\\.${PART}(?:\\.${PART}${PRERELEASE})?)?`;
const VERSION = new RegExp(`^v?(${NUMBER})\\.(${NUMBER})\\.(${NUMBER})${PRERELEASE}(?:${BUILD})?$`);
const BUILDS = new RegExp(BUILD, "g");
const HYPHEN = new RegExp(`^(${PARTIAL}) - (${PARTIAL})$`);
const ONE = new RegExp(`^(\\^|~>?|[<>]?=?)(${PARTIAL})$`);
const SPACED_OPERATOR = /(\^|~>?|[<>]=?|=) (?=[^ ])/g;

/** Reads `1.2.3-rc.1+build`, a leading `v` tolerated; undefined for anything else. */
export function parseVersion(text: string): Version | undefined {
  const trimmed = text.trim();
  const match = trimmed.length <= LONGEST ? VERSION.exec(trimmed) : null;
  if (!match) return undefined;
  return versionOf(Number(match[1]), Number(match[2]), Number(match[3]), match[4]?.split("."));
}

/** Negative, zero or positive, as for `sort`. */
export function compareSemver(a: Version, b: Version): number {
  for (const [index, number] of a.numbers.entries()) {
    const difference = number - (b.numbers[index] ?? 0);
    if (difference !== 0) return difference;
  }
  if (a.prerelease.length === 0 || b.prerelease.length === 0) return b.prerelease.length - a.prerelease.length;
  for (let index = 0; ; index++) {
    const [left, right] = [a.prerelease[index], b.prerelease[index]];
    if (left === undefined || right === undefined) return left === right ? 0 : left === undefined ? -1 : 1;
    const difference = compareIdentifiers(left, right);
    if (difference !== 0) return difference;
  }
}

/** Whether a text is a version or range; a dist-tag such as `latest` is none. */
export function isRange(text: string): boolean {
  return parseRange(text) !== undefined;
}

/** Whether a version lies in a range; never where one of the two can't be read. A prerelease needs a comparator with one of its own three numbers. */
export function satisfies(version: string, range: string): boolean {
  const parsed = parseVersion(version);
  return parsed !== undefined && (parseRange(range)?.some((alternative) => meets(parsed, alternative)) ?? false);
}

function meets(version: Version, alternative: Alternative): boolean {
  if (!alternative.every((comparator) => holds(version, comparator))) return false;
  if (version.prerelease.length === 0) return true;
  return alternative.some((comparator) => comparator.version.prerelease.length > 0 && sameNumbers(comparator.version, version));
}

function holds(version: Version, { operator, version: bound }: Comparator): boolean {
  const order = compareSemver(version, bound);
  switch (operator) {
    case "<": return order < 0;
    case "<=": return order <= 0;
    case ">": return order > 0;
    case ">=": return order >= 0;
    case "=": return order === 0;
  }
}

function sameNumbers(a: Version, b: Version): boolean {
  return a.numbers.every((number, index) => number === b.numbers[index]);
}

/** Numbers below words, numbers by size, words by their characters. */
function compareIdentifiers(a: string, b: string): number {
  const numeric = [a, b].map((text) => /^\d+$/.test(text));
  if (numeric[0] && numeric[1]) return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
  if (numeric[0] !== numeric[1]) return numeric[0] ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

function parseRange(text: string): readonly Alternative[] | undefined {
  const alternatives: Alternative[] = [];
  for (const part of text.trim().replace(/\s+/g, " ").split("||")) {
    const alternative = parseAlternative(part.trim().replace(BUILDS, ""));
    if (!alternative) return undefined;
    alternatives.push(alternative);
  }
  // As in node-semver, an alternative that is any version swallows the others, their prereleases too.
  const any = alternatives.find((alternative) => alternative.length === 0);
  return any ? [any] : alternatives;
}

function parseAlternative(text: string): Alternative | undefined {
  const hyphen = HYPHEN.exec(text);
  if (hyphen) return hyphenRange(partialOf(hyphen.slice(2, 6)), partialOf(hyphen.slice(7, 11)));
  const words = text.replace(SPACED_OPERATOR, "$1").split(" ").filter((word) => word !== "");
  const comparators: Comparator[] = [];
  for (const word of words) {
    const match = ONE.exec(word);
    if (!match) return undefined;
    const found = desugar(match[1] ?? "", partialOf(match.slice(3, 7)));
    if (!found) return undefined;
    comparators.push(...found);
  }
  return comparators.some(isFloor) ? comparators.filter((comparator) => !isFloor(comparator)) : comparators;
}

/** `>=0.0.0` bounds nothing. */
function isFloor({ operator, version }: Comparator): boolean {
  return operator === ">=" && version.prerelease.length === 0 && version.numbers.every((number) => number === 0);
}

function desugar(operator: string, partial: Partial): Alternative | undefined {
  if (operator === "^") return caret(partial);
  if (operator.startsWith("~")) return tilde(partial);
  return partial.disordered ? undefined : plain(operator, partial);
}

function caret(partial: Partial): Alternative | undefined {
  const { major, minor, patch } = partial;
  if (major === undefined) return [];
  if (major > 0 || minor === undefined) return between(floorOf(partial), [major + 1, 0, 0]);
  if (minor > 0 || patch === undefined) return between(floorOf(partial), [major, minor + 1, 0]);
  return between(floorOf(partial), [major, minor, patch + 1]);
}

function tilde(partial: Partial): Alternative | undefined {
  const { major, minor } = partial;
  if (major === undefined) return [];
  return between(floorOf(partial), minor === undefined ? [major + 1, 0, 0] : [major, minor + 1, 0]);
}

function plain(operator: string, partial: Partial): Alternative | undefined {
  const { major, minor, patch } = partial;
  if (major === undefined) return operator === "<" || operator === ">" ? below([0, 0, 0]) : [];
  const floor = floorOf(partial);
  if (patch !== undefined) return one(operator === "" ? "=" : operator as Operator, floor);
  const next: [number, number, number] = minor === undefined ? [major + 1, 0, 0] : [major, minor + 1, 0];
  switch (operator) {
    case "<": return below([major, minor ?? 0, 0]);
    case "<=": return below(next);
    case ">": return one(">=", versionOf(...next));
    case ">=": return one(">=", floor);
    default: return between(floor, next);
  }
}

function hyphenRange(from: Partial, to: Partial): Alternative | undefined {
  const lower = from.major === undefined ? [] : one(">=", floorOf(from));
  const upper = to.major === undefined ? [] : plain("<=", to.disordered ? { ...to, disordered: false } : to);
  return lower && upper && [...lower, ...upper];
}

function one(operator: Operator, version: Version | undefined): Alternative | undefined {
  return version && [{ operator, version }];
}

/** Below a version and below its prereleases as well. */
function below(numbers: [number, number, number]): Alternative | undefined {
  return one("<", versionOf(...numbers, ["0"]));
}

function between(floor: Version | undefined, next: [number, number, number]): Alternative | undefined {
  const lower = one(">=", floor);
  const upper = below(next);
  return lower && upper && [...lower, ...upper];
}

function floorOf(partial: Partial): Version | undefined {
  return versionOf(partial.major ?? 0, partial.minor ?? 0, partial.patch ?? 0, partial.patch === undefined ? [] : partial.prerelease);
}

function partialOf(groups: readonly (string | undefined)[]): Partial {
  const [major, minor, patch] = groups.slice(0, 3).map((part) => (part === undefined || /[xX*]/.test(part) ? undefined : Number(part)));
  const disordered = (major === undefined && minor !== undefined) || (minor === undefined && patch !== undefined);
  const prerelease = groups[3]?.split(".") ?? [];
  if (major === undefined) return { prerelease, disordered };
  if (minor === undefined) return { major, prerelease, disordered };
  return patch === undefined ? { major, minor, prerelease, disordered } : { major, minor, patch, prerelease, disordered };
}

function versionOf(major: number, minor: number, patch: number, prerelease: readonly string[] = []): Version | undefined {
  const numbers = [major, minor, patch] as const;
  return numbers.every(Number.isSafeInteger) ? { numbers, prerelease } : undefined;
}
