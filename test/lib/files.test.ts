import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { removeTemporaries, writeWhole } from "../../runner/lib/files.ts";
import { folder, program, until } from "../support/results.ts";

test("a write makes missing folders and a file that only its user reads", async (t) => {
  const file = join(await folder(t), "deep", "down", "state.json");
  await writeWhole(file, "content");
  assert.equal(await readFile(file, "utf8"), "content");
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.equal((await stat(join(file, ".."))).mode & 0o777, 0o700);
});

test("a write leaves nothing but the file, also when it fails", async (t) => {
  const dir = await folder(t);
  const file = join(dir, "state.json");
  await mkdir(file);
  await assert.rejects(writeWhole(file, "content"));
  assert.deepEqual(await readdir(dir), ["state.json"]);
});

test("writes at the same time leave one of them whole", async (t) => {
  const dir = await folder(t);
  const contents = Array.from({ length: 20 }, (_, index) => String(index).repeat(50_000));
  await Promise.all(contents.map((content) => writeWhole(join(dir, "state.json"), content)));
  assert.ok(contents.includes(await readFile(join(dir, "state.json"), "utf8")));
  assert.deepEqual(await readdir(dir), ["state.json"]);
});

test("a kill at any moment of constant writing leaves a whole file, and what was half done is cleared away", async (t) => {
  const dir = await folder(t);
  const file = join(dir, "state.json");
  const code = `
    import { writeWhole } from "../../runner/lib/files.ts";
    for (let n = 0; ; n++) { await writeWhole(process.argv[1], JSON.stringify({ n, filling: String(n).padStart(8).repeat(20000) })); console.log(n); }`;
  for (let round = 0; round < 5; round++) {
    const child = program(t, code, { args: [file] });
    await until(() => child.output().split("\n").length > 3 + round, "some writes are done");
    child.kill("SIGKILL");
    await once(child, "exit");
    const { n, filling } = JSON.parse(await readFile(file, "utf8")) as { n: number; filling: string };
    assert.equal(filling, String(n).padStart(8).repeat(20000));
  }
  await removeTemporaries(file);
  assert.deepEqual(await readdir(dir), ["state.json"]);
});

test("only the file's own temporaries are removed, and a missing folder is no error", async (t) => {
  const dir = await folder(t);
  for (const name of [".state.json.12-ab.tmp", ".other.json.12-ab.tmp", "state.json", ".state.json.keep"]) await writeFile(join(dir, name), "");
  await removeTemporaries(join(dir, "state.json"));
  assert.deepEqual((await readdir(dir)).sort(), [".other.json.12-ab.tmp", ".state.json.keep", "state.json"]);
  await removeTemporaries(join(dir, "missing", "state.json"));
});
