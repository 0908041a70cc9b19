// Python's versions and version specifiers, as PEP 440 has them.

interface Version {
  readonly epoch: number;
  readonly release: readonly number[];
  /** Alpha, beta or candidate as 0, 1 or 2, and its number. */
  readonly pre?: readonly [number, number];
  readonly post?: number;
  readonly dev?: number;
  readonly local?: readonly string[];
}

interface Clause {
  readonly operator: string;
  /** As written, without `.*`. */
  readonly text: string;
  readonly wildcard: boolean;
}

const LONGEST = 256;
const VERSION = new RegExp(
  "^v?(?:(\\d+)!)?(\\d+(?:\\.\\d+)*)" +
    "(?:[-_.]?(alpha|a|beta|b|preview|pre|rc|c)[-_.]?(\\d*))?" +
    "(?:-(\\d+)|[-_.]?(post|rev|r)[-_.]?(\\d*))?" +
    "(?:[-_.]?(dev)[-_.]?(\\d*))?" +
    "(?:\\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?$",
  "i",
);
const CLAUSE = /^(===|~=|[=!<>]=|[<>])\s*(.*?)(\.\*)?$/;
const STAGE: Readonly<Record<string, number>> = { a: 0, alpha: 0, b: 1, beta: 1, c: 2, rc: 2, pre: 2, preview: 2 };

/** Whether an interpreter of a version (`3.11.7`, `3.13.0rc1`, `3.14.0a1+`) is one that a specifier (`>=3.9,<4`) asks for; never where one can't be read. */
export function pythonSatisfies(version: string, specifier: string): boolean {
  const parsed = parse(version.trim().replace(/\+$/, ""));
  const clauses = clausesOf(specifier);
  return parsed !== undefined && clauses.every((clause) => clauseProblem(clause) === undefined && meets(parsed, readClause(clause)));
}

/** Why a text such as `>=1,<2` is no list of version specifiers, in words; undefined where it is one, or empty. */
export function specifierProblem(specifier: string): string | undefined {
  return clausesOf(specifier).map(clauseProblem).find((problem) => problem !== undefined);
}

/** A comma at the end is tolerated, as by `pip`. */
function clausesOf(specifier: string): string[] {
  const clauses = specifier.split(",").map((clause) => clause.trim());
  return clauses.at(-1) === "" ? clauses.slice(0, -1) : clauses;
}

function readClause(text: string): Clause | undefined {
  const match = CLAUSE.exec(text);
  if (!match) return undefined;
  const arbitrary = match[1] === "===";
  const version = arbitrary ? `${match[2] ?? ""}${match[3] ?? ""}` : match[2] ?? "";
  return { operator: match[1] ?? "", text: version, wildcard: !arbitrary && match[3] !== undefined };
}

function clauseProblem(text: string): string | undefined {
  const shown = JSON.stringify(text);
  const clause = text.length <= LONGEST ? readClause(text) : undefined;
  if (!clause) return `${shown} is no version specifier such as ">=1.2"`;
  if (clause.operator === "===") return /^[^\s;)]+$/.test(clause.text) ? undefined : `${shown} names no version`;
  const version = parse(clause.text);
  if (!version) return `${shown} names no version that Python knows`;
  const plain = version.pre === undefined && version.post === undefined && version.dev === undefined && version.local === undefined;
  if (clause.wildcard && (!/^[=!]=$/.test(clause.operator) || !plain)) return `${shown}: ".*" stands only behind == and != and a plain release`;
  if (version.local && !/^[=!]=$/.test(clause.operator)) return `${shown}: a local version ("+…") stands only behind == and !=`;
  return clause.operator === "~=" && version.release.length < 2 ? `${shown}: "~=" needs at least two numbers` : undefined;
}

function meets(version: Version, clause: Clause | undefined): boolean {
  const bound = clause && parse(clause.text);
  if (clause?.operator === "===") return bound !== undefined && compare(version, bound) === 0;
  if (!clause || !bound) return false;
  const { local: _local, ...open } = version;
  switch (clause.operator) {
    case "==": return equals(version, bound, clause.wildcard);
    case "!=": return !equals(version, bound, clause.wildcard);
    case ">=": return compare(open, bound) >= 0;
    case "<=": return compare(open, bound) <= 0;
    case "~=": return compare(open, bound) >= 0 && hasPrefix(version, bound, bound.release.length - 1);
    case "<": return compare(version, bound) < 0 && (isPre(bound) || !isPre(version) || !sameRelease(version, bound));
    case ">": return compare(version, bound) > 0 && (!sameRelease(version, bound) || (version.local === undefined && (bound.post !== undefined || version.post === undefined)));
    default: return false;
  }
}

function equals(version: Version, bound: Version, wildcard: boolean): boolean {
  if (wildcard) return hasPrefix(version, bound, bound.release.length);
  const { local: _local, ...open } = version;
  return compare(bound.local === undefined ? open : version, bound) === 0;
}

function hasPrefix(version: Version, bound: Version, length: number): boolean {
  return version.epoch === bound.epoch && bound.release.slice(0, length).every((number, index) => number === (version.release[index] ?? 0));
}

function sameRelease(a: Version, b: Version): boolean {
  return a.epoch === b.epoch && compareNumbers(a.release, b.release) === 0;
}

function isPre(version: Version): boolean {
  return version.pre !== undefined || version.dev !== undefined;
}

function compare(a: Version, b: Version): number {
  return a.epoch - b.epoch || compareNumbers(a.release, b.release) || compareNumbers(orderOf(a), orderOf(b)) || compareLocal(a.local, b.local);
}

/** What comes behind the release, as numbers: prerelease before none before post-release, a development version before its own. */
function orderOf({ pre, post, dev }: Version): number[] {
  const stage = pre ?? (post === undefined && dev !== undefined ? [-1, 0] : [3, 0]);
  return [stage[0] ?? 0, stage[1] ?? 0, post ?? -1, dev ?? Infinity];
}

function compareNumbers(a: readonly number[], b: readonly number[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const [left, right] = [a[index] ?? 0, b[index] ?? 0];
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}

/** None before any, words before numbers, a shorter one before its longer. */
function compareLocal(a: readonly string[] | undefined, b: readonly string[] | undefined): number {
  if (!a || !b) return a === b ? 0 : a ? 1 : -1;
  for (let index = 0; ; index++) {
    const [left, right] = [a[index], b[index]];
    if (left === undefined || right === undefined) return left === right ? 0 : left === undefined ? -1 : 1;
    const numeric = [left, right].map((part) => /^\d+$/.test(part));
    if (numeric[0] !== numeric[1]) return numeric[0] ? 1 : -1;
    const difference = numeric[0] ? Number(left) - Number(right) : left < right ? -1 : left > right ? 1 : 0;
    if (difference !== 0) return difference;
  }
}

function parse(text: string): Version | undefined {
  const match = text.length <= LONGEST ? VERSION.exec(text) : null;
  if (!match) return undefined;
  const [, epoch, release = "", stage, stageNumber, bare, post, postNumber, dev, devNumber, local] = match;
  return {
    epoch: Number(epoch ?? 0),
    release: release.split(".").map(Number),
    ...(stage === undefined ? {} : { pre: [STAGE[stage.toLowerCase()] ?? 0, Number(stageNumber ?? 0)] as const }),
    ...(bare === undefined && post === undefined ? {} : { post: Number(bare ?? postNumber ?? 0) }),
    ...(dev === undefined ? {} : { dev: Number(devNumber ?? 0) }),
    ...(local === undefined ? {} : { local: local.toLowerCase().split(/[-_.]/) }),
  };
}
