import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalForm, merge, requirement } from "../../runner/languages/requirement.ts";

test("canonicalForm: requirements have one form, whatever their order and repetitions", () => {
  const form = canonicalForm([requirement("b"), requirement("a", "^1"), requirement("b")]);
  assert.equal(form, canonicalForm([requirement("a", "^1"), requirement("b")]));
  assert.equal(form, '[["a","^1"],["b"]]');
  assert.equal(canonicalForm([]), "[]");
});

test("canonicalForm: different requirements have different forms", () => {
  const forms = [[], [requirement("a")], [requirement("a", "")], [requirement("a", "1")], [requirement("a1")], [requirement("a"), requirement("1")], [requirement('a"],["b')], [requirement("a", undefined, true)], [requirement("a", "1", true)]].map(canonicalForm);
  assert.equal(new Set(forms).size, forms.length);
});

test("merge: mentions of one name become one requirement, and a version wins over none", () => {
  const cases = [
    { mentions: [requirement("a"), requirement("a")], requirements: [{ name: "a" }] },
    { mentions: [requirement("a"), requirement("a", "1")], requirements: [{ name: "a", version: "1" }] },
    { mentions: [requirement("a", "1"), requirement("a"), requirement("a", "1")], requirements: [{ name: "a", version: "1" }] },
    { mentions: [requirement("b"), requirement("a")], requirements: [{ name: "b" }, { name: "a" }] },
    { mentions: [requirement("a", undefined, true), requirement("a", "1", true)], requirements: [{ name: "a", version: "1", optional: true as const }] },
    { mentions: [requirement("a", "1", true), requirement("a"), requirement("a", undefined, true)], requirements: [{ name: "a", version: "1" }] },
    { mentions: [requirement("a"), requirement("a", "1", true)], requirements: [{ name: "a", version: "1" }] },
    { mentions: [], requirements: [] },
  ];
  for (const { mentions, requirements } of cases) assert.deepEqual(merge(mentions), { requirements, problems: [] });
});

test("merge: two versions of one name are one problem that names both", () => {
  const { problems } = merge([requirement("a", "1"), requirement("a", "2"), requirement("a", "2")]);
  assert.deepEqual(problems, ['Cannot choose a version of a: the script asks for "1" and for "2"']);
  assert.equal(merge([requirement("A", "1"), requirement("a", "2")]).problems.length, 0);
  assert.equal(merge([requirement("A", "1"), requirement("a", "2")], (name) => name.toLowerCase()).problems.length, 1);
});
