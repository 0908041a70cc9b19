import assert from "node:assert/strict";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { findOnPath } from "../../runner/lib/path-search.ts";
import { temporaryFolder } from "../support/folder.ts";

const posix = { skip: process.platform === "win32" };

async function program(folder: string, name: string, mode = 0o755): Promise<string> {
  const file = join(folder, name);
  await mkdir(folder, { recursive: true });
  await writeFile(file, "");
  await chmod(file, mode);
  return file;
}

test("findOnPath: the first folder of the PATH that has the program wins", posix, async (t) => {
  const folder = await temporaryFolder(t);
  const [first, second] = [join(folder, "first"), join(folder, "second")];
  const later = await program(second, "tool");
  assert.equal(await findOnPath("tool", { PATH: `${first}:${second}` }, "linux"), later);
  const earlier = await program(first, "tool");
  assert.equal(await findOnPath("tool", { PATH: `${first}:${second}` }, "linux"), earlier);
});

test("findOnPath: a folder of that name and a file that is not executable are passed over", posix, async (t) => {
  const folder = await temporaryFolder(t);
  const [first, second, third] = [join(folder, "first"), join(folder, "second"), join(folder, "third")];
  await mkdir(join(first, "tool"), { recursive: true });
  await program(second, "tool", 0o644);
  const right = await program(third, "tool");
  assert.equal(await findOnPath("tool", { PATH: [first, second, third].join(":") }, "linux"), right);
});

test("findOnPath: an empty entry of the PATH is not the working directory", posix, async () => {
  const here = process.cwd();
  assert.equal(await findOnPath("package.json", { PATH: `:${join(here, "nowhere")}:` }, "linux"), undefined);
});

test("findOnPath: without a PATH, or without the program, nothing is found", async (t) => {
  const folder = await temporaryFolder(t);
  for (const environment of [{}, { PATH: "" }, { PATH: folder }]) assert.equal(await findOnPath("tool", environment), undefined);
});

test("findOnPath: a path is returned unchanged", async () => {
  for (const path of ["/nowhere/tool", "./tool", "bin/tool", "C:\\tools\\tool.exe"]) {
    assert.equal(await findOnPath(path, { PATH: "/bin" }), path);
  }
});

test("findOnPath: on Windows the extensions of PATHEXT are tried in order, whatever the case of the variables' names", posix, async (t) => {
  const folder = await temporaryFolder(t);
  const [command, executable] = [await program(folder, "tool.cmd"), await program(folder, "tool.exe")];
  await program(folder, "tool"); // a shell script beside it, which Windows cannot run
  assert.equal(await findOnPath("tool", { Path: `C:\\nowhere;${folder}`, PathExt: ".EXE;.CMD" }, "win32"), executable);
  assert.equal(await findOnPath("tool", { PATH: folder, PATHEXT: ".CMD;.EXE" }, "win32"), command);
  assert.equal(await findOnPath("tool", { path: folder }, "win32"), executable, "without PATHEXT");
  assert.equal(await findOnPath("tool.cmd", { PATH: folder }, "win32"), command, "a name with an extension is taken as it is");
});
