import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { isRange, satisfies } from "../../../runner/languages/node/semver.ts";

const RANGES: readonly { readonly range: string; readonly yes: readonly string[]; readonly no: readonly string[] }[] = [
  { range: "", yes: ["0.0.0", "9.9.9"], no: ["1.0.0-a"] },
  { range: "*", yes: ["0.0.0", "9.9.9"], no: ["1.0.0-a"] },
  { range: "x", yes: ["1.2.3"], no: [] },
  { range: "1.2.3", yes: ["1.2.3", "v1.2.3", "1.2.3+build"], no: ["1.2.4", "1.2.3-a"] },
  { range: "=1.2.3", yes: ["1.2.3"], no: ["1.2.2"] },
  { range: "v1.2.3", yes: ["1.2.3"], no: ["1.2.4"] },
  { range: "1", yes: ["1.0.0", "1.9.9"], no: ["0.9.9", "2.0.0", "2.0.0-a", "1.5.0-a"] },
  { range: "1.x", yes: ["1.0.0", "1.9.9"], no: ["2.0.0"] },
  { range: "1.2", yes: ["1.2.0", "1.2.9"], no: ["1.3.0"] },
  { range: "1.2.x", yes: ["1.2.0", "1.2.9"], no: ["1.3.0"] },
  { range: "1.2.X", yes: ["1.2.5"], no: ["1.1.9"] },
  { range: "1.*.*", yes: ["1.5.5"], no: ["2.0.0"] },
  { range: "=1", yes: ["1.5.5"], no: ["2.0.0"] },
  { range: "^1.2.3", yes: ["1.2.3", "1.9.0"], no: ["1.2.2", "2.0.0", "1.2.3-a", "2.0.0-0", "1.3.0-a"] },
  { range: "^0.2.3", yes: ["0.2.3", "0.2.9"], no: ["0.3.0", "0.2.2"] },
  { range: "^0.0.3", yes: ["0.0.3"], no: ["0.0.4", "0.0.2"] },
  { range: "^1.x", yes: ["1.0.0", "1.9.9"], no: ["2.0.0"] },
  { range: "^1.2", yes: ["1.2.0", "1.9.9"], no: ["1.1.9"] },
  { range: "^0", yes: ["0.0.0", "0.9.9"], no: ["1.0.0"] },
  { range: "^0.x", yes: ["0.9.9"], no: ["1.0.0"] },
  { range: "^0.0", yes: ["0.0.0", "0.0.9"], no: ["0.1.0"] },
  { range: "^0.0.x", yes: ["0.0.9"], no: ["0.1.0"] },
  { range: "^*", yes: ["3.2.1"], no: [] },
  { range: "^1.2.3-beta.2", yes: ["1.2.3", "1.9.0"], no: ["1.2.3-beta.1", "1.2.4-beta.3", "2.0.0-a", "1.2.3-beta.2", "1.2.3-beta.10", "1.2.3-rc"] },
  { range: "^0.0.3-beta", yes: ["0.0.3"], no: ["0.0.4", "0.0.3-beta"] },
  { range: "^ 1.2.3", yes: ["1.3.0"], no: ["2.0.0"] },
  { range: "~1.2.3", yes: ["1.2.3", "1.2.9"], no: ["1.3.0", "1.2.2"] },
  { range: "~1.2", yes: ["1.2.0", "1.2.9"], no: ["1.3.0"] },
  { range: "~1", yes: ["1.0.0", "1.9.9"], no: ["2.0.0"] },
  { range: "~0.2.3", yes: ["0.2.9"], no: ["0.3.0"] },
  { range: "~>1.2.3", yes: ["1.2.9"], no: ["1.3.0"] },
  { range: "~ 1.2.3", yes: ["1.2.9"], no: ["1.3.0"] },
  { range: "~1.2.3-beta.2", yes: ["1.2.4"], no: ["1.2.4-beta.2", "1.3.0", "1.2.3-beta.4"] },
  { range: ">1.2.3", yes: ["1.2.4", "2.0.0"], no: ["1.2.3", "1.3.0-a"] },
  { range: ">=1.2.3", yes: ["1.2.3", "9.0.0"], no: ["1.2.2"] },
  { range: "<1.2.3", yes: ["1.2.2", "0.0.0"], no: ["1.2.3", "1.2.3-a"] },
  { range: "<=1.2.3", yes: ["1.2.3"], no: ["1.2.4"] },
  { range: ">1", yes: ["2.0.0"], no: ["1.9.9"] },
  { range: ">1.2", yes: ["1.3.0"], no: ["1.2.9"] },
  { range: ">=1", yes: ["1.0.0"], no: ["0.9.9"] },
  { range: ">=1.2.x", yes: ["1.2.0"], no: ["1.1.9"] },
  { range: "<1", yes: ["0.9.9"], no: ["1.0.0", "1.0.0-a"] },
  { range: "<1.2", yes: ["1.1.9"], no: ["1.2.0", "1.2.0-a"] },
  { range: "<=1", yes: ["1.9.9"], no: ["2.0.0"] },
  { range: "<=1.2.x", yes: ["1.2.9"], no: ["1.3.0"] },
  { range: ">*", yes: [], no: ["1.0.0", "0.0.0"] },
  { range: "<*", yes: [], no: ["0.0.0", "0.0.0-0"] },
  { range: ">=*", yes: ["0.0.0"], no: [] },
  { range: ">= 1.2.3", yes: ["1.2.3"], no: ["1.2.2"] },
  { range: ">=1.2.3 <2.0.0", yes: ["1.9.9"], no: ["2.0.0", "1.2.2"] },
  { range: ">=1.2.3   <2", yes: ["1.9.9"], no: ["2.0.0"] },
  { range: ">=1.2.3-a <2", yes: [], no: ["1.2.4-b", "1.2.3-b"] },
  { range: ">1.2.3-alpha.3", yes: ["3.4.5"], no: ["3.4.5-alpha.9", "1.2.3-alpha.3", "1.2.3-alpha.7"] },
  { range: "1.2.3 - 2.3.4", yes: ["1.2.3", "2.3.4"], no: ["2.3.5", "1.2.2"] },
  { range: "1.2 - 2.3.4", yes: ["1.2.0"], no: ["1.1.9"] },
  { range: "1.2.3 - 2.3", yes: ["2.3.9"], no: ["2.4.0"] },
  { range: "1 - 2", yes: ["1.0.0", "2.9.9"], no: ["3.0.0"] },
  { range: "* - 2", yes: ["0.0.1"], no: ["3.0.0"] },
  { range: "1.2.3-a - 2", yes: [], no: ["1.2.4-b", "1.2.3-b"] },
  { range: "1.x || >=2.5.0 || 5.0.0 - 7.2.3", yes: ["1.2.3", "2.5.0", "6.0.0"], no: ["2.4.9"] },
  { range: "1||2", yes: ["1.0.0", "2.0.0"], no: ["3.0.0"] },
  { range: "1 ||", yes: ["1.0.0", "5.0.0"], no: [] },
  { range: "<1 || >2", yes: ["0.1.0", "3.0.0"], no: ["1.5.0"] },
  { range: "  1.2.3  ", yes: ["1.2.3"], no: [] },
  { range: ">=1.0.0 <1.0.0", yes: [], no: ["1.0.0"] },
];

test("satisfies: a release lies in a range or not, as npm has it, and a prerelease in none", () => {
  for (const { range, yes, no } of RANGES) {
    assert.equal(isRange(range), true, `range ${range}`);
    for (const version of yes) assert.equal(satisfies(version, range), true, `${version} in ${range}`);
    for (const version of no) assert.equal(satisfies(version, range), false, `${version} in ${range}`);
  }
});

test("isRange: dist-tags, addresses and broken ranges are no ranges, and nothing lies in them", () => {
  for (const text of ["latest", "next", "v", "1.2.3.4", "01.2.3", "1.2-a", "^", "~", ">", ">=", "=", "1.2.3 latest", "1 -2", "^1^2", ">1<2", "1.2.3beta", "git+ssh://a", "file:a", "a || 1", "99999999999999999999.0.0", "^9007199254740991", "==1.2.3", "🙂"]) {
    assert.equal(isRange(text), false, text);
    assert.equal(satisfies("1.2.3", text), false, text);
  }
});

test("satisfies: what is no release lies in no range", () => {
  for (const text of ["", "1", "1.2", "latest", "1.2.3.4", "01.2.3", "1.2.3-", "1.2.3-a", "a1.2.3", "9007199254740992.0.0"]) assert.equal(satisfies(text, "*"), false, text);
});

test("isRange: hostile text is read in linear time", () => {
  for (const text of ["=".repeat(200_000), "1.".repeat(100_000), " ".repeat(200_000), "1 ".repeat(50_000) + "x y", "||".repeat(100_000), "^ ".repeat(100_000)]) {
    const start = performance.now();
    isRange(text);
    const took = performance.now() - start;
    assert.ok(took < 4000, `${text.slice(0, 4)}…: ${took} ms`);
  }
});

interface NodeSemver {
  satisfies(version: string, range: string): boolean;
  validRange(range: string): string | null;
}

/** The semver that npm itself works with, where an npm is installed. */
function npmSemver(): NodeSemver | undefined {
  const roots = [join(dirname(process.execPath), "../lib/node_modules"), join(dirname(process.execPath), "node_modules"), npmRoot()];
  const npm = roots.map((root) => join(root, "npm")).find((path) => existsSync(join(path, "node_modules/semver")));
  return npm === undefined ? undefined : (createRequire(join(npm, "package.json"))("semver") as NodeSemver);
}

function npmRoot(): string {
  try {
    return execFileSync("npm", ["root", "-g"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return "";
  }
}

/** Random ranges and versions, the same in each run. */
function generator(seed: number): { version(): string; range(): string } {
  const next = (below: number) => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % below;
  const pick = <T>(list: readonly T[]): T => list[next(list.length)] as T;
  const number = () => pick(["0", "0", "1", "1", "2", "3", "10"]);
  const prerelease = () => pick(["", "", "", "-alpha", "-alpha.1", "-0", "-1", "-rc.1", "-beta-2", "-alpha.beta", "-01"]);
  const version = () => `${number()}.${number()}.${number()}${prerelease()}`;
  const part = () => pick([number(), number(), number(), "x", "X", "*"]);
  const partial = () => pick(["", "", "", "v"]) + pick([version, version, part, () => `${part()}.${part()}`, () => `${part()}.${part()}.${part()}${prerelease()}`])();
  const operator = () => pick(["", "", "^", "~", "~>", ">=", "<=", ">", "<", "="]) + pick(["", "", "", " ", "  "]);
  const comparator = (): string => pick([() => operator() + partial(), () => operator() + partial(), () => operator() + partial(), () => "", () => "latest"])();
  const alternative = () => pick([comparator, () => `${comparator()} ${comparator()}`, () => `${partial()} - ${partial()}`])();
  return { version, range: () => pick([alternative, alternative, () => alternative() + pick(["||", " || "]) + alternative()])() };
}

test("satisfies: a hundred thousand random ranges are read as by npm's own semver, prereleases apart", (context) => {
  const semver = npmSemver();
  if (!semver) return context.skip("NOT COMPARED: there is no npm with its semver beside node or on the PATH");
  const { version, range } = generator(7);
  for (let count = 0; count < 100_000; count++) {
    const [one, many] = [version(), range()];
    if (semver.validRange(many) === null) continue; // npm says so itself when it installs
    assert.equal(isRange(many), true, `range ${JSON.stringify(many)}`);
    assert.equal(satisfies(one, many), !one.includes("-") && semver.satisfies(one, many), `${one} in ${JSON.stringify(many)}`);
  }
});
