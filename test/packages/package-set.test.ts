import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { missingFrom, parseRecord, setName, type PackageSetSpec, type SetRecord, willSatisfy } from "../../runner/packages/package-set.ts";

const SPEC: PackageSetSpec = { language: "node", requirements: [{ name: "a", version: "^1" }, { name: "b" }], runtime: "node20", platform: "linux-x64" };
const RECORD: SetRecord = { format: 1, ...SPEC, resolved: { a: "1.2.0", b: "3.0.0" }, bytes: 10, installedAt: "2026-01-01T00:00:00.000Z" };
const never = () => false;

describe("setName", () => {
  it("is the same whatever the order of the requirements, and another for another runtime or requirement", () => {
    const name = setName(SPEC);
    assert.match(name, /^node20-linux-x64-[0-9a-f]{16}$/);
    assert.equal(setName({ ...SPEC, requirements: [...SPEC.requirements].reverse() }), name);
    assert.notEqual(setName({ ...SPEC, runtime: "node22" }), name);
    assert.notEqual(setName({ ...SPEC, requirements: [{ name: "a", version: "^2" }, { name: "b" }] }), name);
  });
});

describe("missingFrom", () => {
  it("misses nothing of what was asked for in the same words, or of what needs no version", () => {
    assert.deepEqual(missingFrom(RECORD, SPEC, never), []);
    assert.deepEqual(missingFrom(RECORD, { ...SPEC, requirements: [{ name: "a" }] }, never), []);
  });

  it("asks the package manager about other versions, with the one that is there", () => {
    const asked: string[][] = [];
    const satisfies = (installed: string, wanted: string) => asked.push([installed, wanted]) > 0;
    assert.deepEqual(missingFrom(RECORD, { ...SPEC, requirements: [{ name: "a", version: "~1.2" }] }, satisfies), []);
    assert.deepEqual(asked, [["1.2.0", "~1.2"]]);
    assert.deepEqual(missingFrom(RECORD, { ...SPEC, requirements: [{ name: "a", version: "~1.2" }] }, never), [{ name: "a", version: "~1.2" }]);
  });

  it("misses what is not there, inherited names too, and everything for another runtime or platform", () => {
    assert.deepEqual(missingFrom(RECORD, { ...SPEC, requirements: [{ name: "constructor" }] }, never), [{ name: "constructor" }]);
    assert.deepEqual(missingFrom(RECORD, { ...SPEC, runtime: "node22" }, () => true), SPEC.requirements);
    assert.deepEqual(missingFrom(RECORD, { ...SPEC, platform: "linux-arm64" }, () => true), SPEC.requirements);
  });
});

describe("willSatisfy", () => {
  it("holds for the same requirements or fewer, and for ones without a version", () => {
    for (const requirements of [SPEC.requirements, [{ name: "a", version: "^1" }], [{ name: "a" }, { name: "b" }], []]) assert.ok(willSatisfy(SPEC, { ...SPEC, requirements }));
    for (const requirements of [[{ name: "a", version: "^2" }], [{ name: "b", version: "*" }], [{ name: "c" }]]) assert.ok(!willSatisfy(SPEC, { ...SPEC, requirements }));
    assert.ok(!willSatisfy(SPEC, { ...SPEC, runtime: "node22" }));
  });
});

describe("parseRecord", () => {
  it("reads a record", () => assert.deepEqual(parseRecord(JSON.stringify(RECORD)), RECORD));

  const broken: readonly (readonly [what: string, change: object])[] = [
    ["another format", { format: 2 }], ["no language", { language: undefined }], ["a runtime that is no text", { runtime: 20 }],
    ["requirements that are no list", { requirements: {} }], ["a requirement that is none", { requirements: [null] }],
    ["a version that is no text", { requirements: [{ name: "a", version: 1 }] }], ["nothing resolved", { resolved: null }],
    ["a resolved version that is no text", { resolved: { a: { b: 1 } } }], ["no bytes", { bytes: "10" }],
  ];
  for (const [what, change] of broken) it(`takes no record with ${what}`, () => assert.equal(parseRecord(JSON.stringify({ ...RECORD, ...change })), undefined));
  for (const json of ["", "null", "[]", "{", "5"]) it(`takes ${JSON.stringify(json)} for no record`, () => assert.equal(parseRecord(json), undefined));
});
