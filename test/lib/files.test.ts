import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { ensureDir, removeTemporaries, writeWhole } from "../../runner/lib/files.ts";
import { readOnlyDisk } from "../support/read-only-disk.ts";
import { folder, program, until } from "../support/results.ts";

const posix = { skip: process.platform === "win32" };

test("ensureDir: missing parents are created too, for the runner's own user alone", posix, async (t) => {
  const dir = join(await folder(t), "a", "b", "c");
  await ensureDir(dir);
  for (const made of [dir, join(dir, ".."), join(dir, "..", "..")]) assert.equal((await stat(made)).mode & 0o777, 0o700);
});

test("ensureDir: a directory that is there keeps its mode and its content", posix, async (t) => {
  const dir = join(await folder(t), "there");
  await mkdir(dir, { mode: 0o755 });
  await writeFile(join(dir, "file"), "");
  await ensureDir(dir);
  assert.equal((await stat(dir)).mode & 0o777, 0o755);
  assert.deepEqual(await readdir(dir), ["file"]);
});

test("ensureDir: many calls at the same moment all succeed", async (t) => {
  const root = await folder(t);
  await Promise.all(Array.from({ length: 50 }, (_, n) => ensureDir(join(root, "a", "b", String(n % 3)))));
  assert.deepEqual((await readdir(join(root, "a", "b"))).sort(), ["0", "1", "2"]);
});

test("ensureDir: a file in the way is named", async (t) => {
  const file = join(await folder(t), "file");
  await writeFile(file, "");
  await assert.rejects(ensureDir(file), { code: "EEXIST", path: file });
  await assert.rejects(ensureDir(join(file, "below")), { code: "ENOTDIR" });
});

test("ensureDir: a read-only file system is told as that", posix, async (t) => {
  const disk = await readOnlyDisk(t);
  if (disk === undefined) return t.skip("NOT TESTED: this user cannot mount a file system");
  for (const dir of [join(disk, "new"), join(disk, "new", "deeper")]) await assert.rejects(ensureDir(dir), { code: "EROFS" });
  await ensureDir(disk);
});

test("ensureDir: a directory that takes no entries is a failure, not an endless loop", { skip: process.platform !== "linux" }, async () => {
  await assert.rejects(ensureDir("/proc/new/deeper"), { code: "ENOENT", path: "/proc/new" });
});

test("writeWhole: missing directories are created, and only their user can read them and the file", async (t) => {
  const file = join(await folder(t), "deep", "down", "state.json");
  await writeWhole(file, "content");
  assert.equal(await readFile(file, "utf8"), "content");
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.equal((await stat(join(file, ".."))).mode & 0o777, 0o700);
});

test("writeWhole: no temporary file is left, not even after a failure", async (t) => {
  const dir = await folder(t);
  const file = join(dir, "state.json");
  await mkdir(file);
  await assert.rejects(writeWhole(file, "content"));
  assert.deepEqual(await readdir(dir), ["state.json"]);
});

test("writeWhole: of several writes at the same moment one is left whole", async (t) => {
  const dir = await folder(t);
  const contents = Array.from({ length: 20 }, (_, index) => String(index).repeat(50_000));
  await Promise.all(contents.map((content) => writeWhole(join(dir, "state.json"), content)));
  assert.ok(contents.includes(await readFile(join(dir, "state.json"), "utf8")));
  assert.deepEqual(await readdir(dir), ["state.json"]);
});

test("writeWhole: a kill at any moment leaves a whole file, and removeTemporaries clears the rest away", async (t) => {
  const dir = await folder(t);
  const file = join(dir, "state.json");
  const code = `
    import { writeWhole } from "../../runner/lib/files.ts";
    for (let n = 0; ; n++) {
      await writeWhole(process.argv[1], JSON.stringify({ n, filling: String(n).padStart(8).repeat(20000) }));
      console.log(n);
    }`;
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

test("removeTemporaries: only this file's are removed, and a missing directory is no error", async (t) => {
  const dir = await folder(t);
  const names = [".state.json.12-ab.tmp", ".other.json.12-ab.tmp", "state.json", ".state.json.keep"];
  for (const name of names) await writeFile(join(dir, name), "");
  await removeTemporaries(join(dir, "state.json"));
  assert.deepEqual((await readdir(dir)).sort(), [".other.json.12-ab.tmp", ".state.json.keep", "state.json"]);
  await removeTemporaries(join(dir, "missing", "state.json"));
});
