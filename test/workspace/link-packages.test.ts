import assert from "node:assert/strict";
import { mkdir, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { linkPackages } from "../../runner/workspace/link-packages.ts";
import { temporaryFolder } from "../support/folder.ts";

test("linkPackages: the packages are seen beside the working directory, and stay when the workspace is removed", async (t) => {
  const folder = await temporaryFolder(t);
  const [packages, home] = [join(folder, "set", "node_modules"), join(folder, "workspace")];
  const directory = join(home, "work");
  await Promise.all([mkdir(packages, { recursive: true }), mkdir(directory, { recursive: true })]);
  await writeFile(join(packages, "file"), "content");
  await linkPackages({ directory }, packages);
  assert.equal(await readFile(join(home, "node_modules", "file"), "utf8"), "content");
  assert.deepEqual(await readdir(directory), []);
  await rm(home, { recursive: true });
  assert.deepEqual(await readdir(packages), ["file"]);
});

test("linkPackages: in a directory that lasts, the link is the last run's", async (t) => {
  const home = await temporaryFolder(t);
  const directory = join(home, "data");
  const [first, second] = [join(home, "1", "node_modules"), join(home, "2", "node_modules")];
  for (const packages of [first, first, second]) {
    await linkPackages({ directory }, packages);
    assert.equal(await readlink(join(home, "node_modules")), packages);
  }
  assert.deepEqual(await readdir(home), ["node_modules"]);
});

test("linkPackages: a link that cannot be made is no error", async (t) => {
  const home = await temporaryFolder(t);
  await mkdir(join(home, "node_modules"));
  await linkPackages({ directory: join(home, "work") }, join(home, "set", "node_modules"));
  assert.deepEqual(await readdir(home), ["node_modules"]);
});
