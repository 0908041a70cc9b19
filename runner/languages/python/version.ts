// Python's version specifiers (PEP 440), as far as the runner itself must read them: releases, compared by their numbers.
// Whatever else there is in a version (prereleases, epochs, local versions) is the installer's to judge.
import { compareNumbers } from "../../lib/versions.ts";

const RELEASE = /^v?(\d+(?:\.\d+)*)$/;
const CLAUSE = /^(===|~=|[=!<>]=|[<>])\s*(\w[^\s,;()'"]*)$/;
/** A bound: its numbers, then `.*` or what makes it a prerelease or the like. */
const BOUND = /^v?(\d+(?:\.\d+)*)(?:(\.\*)|([-_.+]?[a-z][\w.+-]*))?$/i;

/** Why a text such as `>=1,<2` is no list of version specifiers; undefined where it looks like one, or is empty. */
export function specifierProblem(specifier: string): string | undefined {
  const wrong = clausesOf(specifier).find((clause) => !CLAUSE.test(clause));
  return wrong === undefined ? undefined : `${JSON.stringify(wrong)} is no version specifier such as ">=1.2"`;
}

/** Whether a version meets a specifier; undefined where the numbers of releases do not tell. */
export function meetsSpecifier(version: string, specifier: string): boolean | undefined {
  const release = numbersOf(RELEASE.exec(version)?.[1]);
  const results = clausesOf(specifier).map((clause) => release && meets(release, clause));
  return results.includes(false) ? false : results.includes(undefined) ? undefined : true;
}

/** The numbers that an interpreter's version begins with, as pip compares interpreters: `3.13.0rc1` counts as `3.13.0`. */
export function releaseOf(version: string): string {
  return /^\d+(?:\.\d+)*/.exec(version)?.[0] ?? version;
}

/** As pip does, this overlooks a comma at the end. */
function clausesOf(specifier: string): string[] {
  const clauses = specifier.split(",").map((clause) => clause.trim());
  return clauses.at(-1) === "" ? clauses.slice(0, -1) : clauses;
}

function meets(release: readonly number[], text: string): boolean | undefined {
  const [, operator, written = ""] = CLAUSE.exec(text) ?? [];
  const [, numbers, wildcard, suffix] = BOUND.exec(written) ?? [];
  const bound = numbersOf(numbers);
  if (bound === undefined) return undefined;
  const order = compareNumbers(release, bound);
  if (suffix !== undefined && order === 0) return undefined;
  const startsWith = (length: number) => compareNumbers(release.slice(0, length), bound.slice(0, length)) === 0;
  const equal = wildcard === undefined ? order === 0 : startsWith(bound.length);
  switch (operator) {
    case "==": return equal;
    case "!=": return !equal;
    case ">=": return order >= 0;
    case "<=": return order <= 0;
    case ">": return order > 0;
    case "<": return order < 0;
    case "~=": return order >= 0 && startsWith(bound.length - 1);
    default: return undefined;
  }
}

function numbersOf(release: string | undefined): readonly number[] | undefined {
  return release?.split(".").map(Number);
}
