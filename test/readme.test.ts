import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { withTable } from "../scripts/variables-table.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const readme = readFileSync(`${ROOT}README.md`, "utf8");

test("the README's table of variables is the one that the runner reads by", () => {
  assert.equal(readme, withTable(readme), "node --import tsx scripts/variables-table.ts puts it in order");
});

test("every file that the README points to is there", () => {
  const links = [...readme.matchAll(/\]\(([^)#:]+)\)/g)].map(([, path]) => path ?? "");
  assert.ok(links.length > 3);
  for (const link of links) assert.ok(existsSync(ROOT + link), link);
});

test("every row of the README's fault table has a test", () => {
  const table = readme.slice(readme.indexOf("| fault | what holds |"), readme.indexOf("### Background work"));
  const rows = table.split("\n").filter((line) => line.startsWith("| ")).length - 2;
  const tests = readFileSync(`${ROOT}test/service/faults.test.ts`, "utf8").match(/^test\(/gm)?.length ?? 0;
  assert.ok(rows >= 12 && tests >= rows, `${rows} rows, ${tests} tests`);
});
