import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { withTable } from "../scripts/variables-table.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const readme = readFileSync(`${ROOT}README.md`, "utf8");

test("README.md: the table of variables is generated from the table in the code", () => {
  assert.equal(readme, withTable(readme), "node --import tsx scripts/variables-table.ts updates it");
});

const DOCUMENTS = ["README.md", "CONTRIBUTING.md", "SECURITY.md", ...readdirSync(`${ROOT}docs`, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".md")).map((name) => join("docs", name))];

for (const name of DOCUMENTS) test(`${name}: every file that it links to exists`, () => {
  const links = [...readFileSync(join(ROOT, name), "utf8").matchAll(/\]\(([^)#:]+)\)/g)].map(([, path]) => path ?? "");
  for (const link of links) assert.ok(existsSync(join(ROOT, dirname(name), link)), link);
});

test("docs/architecture.md: its layers name every folder of runner/, and no other", () => {
  const document = readFileSync(`${ROOT}docs/architecture.md`, "utf8");
  const layers = document.slice(document.indexOf("```") + 3, document.indexOf("```", document.indexOf("```") + 3));
  const named = [...layers.matchAll(/\b([a-z]+)\/(?= |\s)/g)].map(([, folder]) => folder).sort();
  const sources = readdirSync(`${ROOT}runner`, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts") && name.includes(sep));
  const folders = [...new Set(sources.map((name) => name.split(sep)[0] ?? ""))];
  assert.deepEqual(named, folders.sort());
});

test("docs/architecture.md, CONTRIBUTING.md: every source file that they name exists", () => {
  for (const name of ["docs/architecture.md", "CONTRIBUTING.md"]) {
    const text = readFileSync(join(ROOT, name), "utf8");
    const files = [...text.matchAll(/`((?:runner\/|test\/|scripts\/|[a-z]+\/)[\w./-]+\.(?:ts|sh))`/g)].map(([, path]) => path ?? "");
    assert.ok(files.length > 0);
    for (const file of files) assert.ok(existsSync(join(ROOT, file)) || existsSync(join(ROOT, "runner", file)), file);
  }
});

test("README.md: every row of its table of faults has a test", () => {
  const section = readme.slice(readme.indexOf("### Faults"), readme.indexOf("### Background work"));
  const rows = section.split("\n").filter((line) => line.startsWith("| ")).length - 1;
  const files = [...section.matchAll(/\((test\/service\/[\w-]+\.test\.ts)\)/g)].map(([, file]) => readFileSync(`${ROOT}${file}`, "utf8"));
  const tests = files.flatMap((text) => text.match(/^test\(/gm) ?? []).length;
  assert.ok(rows >= 12 && tests >= rows, `${rows} rows, ${tests} tests`);
});
