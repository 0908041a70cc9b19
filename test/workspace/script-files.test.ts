import assert from "node:assert/strict";
import { chmod, mkdir, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { describe, it } from "node:test";
import type { Script } from "../../runner/protocol/job.ts";
import { ScriptFiles, folderName, sha256 } from "../../runner/workspace/script-files.ts";
import { temporaryFolder } from "../support/folder.ts";
import { run } from "../support/results.ts";
import { until } from "../support/until.ts";

const [sh, py, js] = [() => ".sh", () => ".py", () => ".js"];

function script(code: string, id: string | null = "s1"): Script {
  return { ...(id === null ? {} : { id }), label: "x", language: "node", code, variables: [], trigger: {} };
}

async function start(t: Parameters<typeof temporaryFolder>[0]) {
  const dir = join(await temporaryFolder(t), "data", "scripts");
  return { dir, files: new ScriptFiles(dir) };
}

describe("ScriptFiles: the file with the code", () => {
  const codes = ["", "echo hi", "a\r\nb\r", "\ufeffprint(1)\n", "é€😀\n", "\u0000\u0001", "no line break", "x".repeat(1_000_000)];
  for (const code of codes) it(`holds the code byte for byte (${JSON.stringify(code).slice(0, 20)}), named by its hash`, async (t) => {
    const { files } = await start(t);
    const place = await files.place(script(code), py);
    assert.deepEqual(await readFile(place.codeFile), Buffer.from(code));
    assert.ok(sha256(code).startsWith(basename(place.codeFile, ".py")));
    assert.match(basename(place.codeFile), /^[0-9a-f]{16,}\.py$/);
    assert.ok((await stat(place.lastingDir)).isDirectory());
    place.release();
  });

  it("is not written again while its content stays", async (t) => {
    const { files } = await start(t);
    const first = await files.place(script("a"), sh);
    const before = await stat(first.codeFile);
    const second = await files.place(script("a"), sh);
    const after = await stat(second.codeFile);
    assert.equal(second.codeFile, first.codeFile);
    assert.deepEqual([after.ino, after.mtimeMs, after.ctimeMs], [before.ino, before.mtimeMs, before.ctimeMs]);
  });

  it("is another one for another version, so that a running one is never touched", async (t) => {
    const { files } = await start(t);
    const versions = [["a", ".sh"], ["b", ".sh"], ["a", ".ts"]] as const;
    const place = ([code, extension]: readonly [string, string]) => files.place({ ...script(code), language: extension }, () => extension);
    const [a, b, c] = await Promise.all(versions.map(place));
    assert.ok(a !== undefined && b !== undefined && c !== undefined);
    assert.equal(new Set([a.codeFile, b.codeFile, c.codeFile]).size, 3);
    assert.equal(a.lastingDir, b.lastingDir);
    assert.equal(await readFile(a.codeFile, "utf8"), "a");
  });

  it("has the ending that its code asks for, and each code is asked once", async (t) => {
    const { files } = await start(t);
    const asked: string[] = [];
    const extensionOf = (code: string) => {
      asked.push(code);
      return `.${code}`;
    };
    for (const code of ["a", "b", "a"]) assert.ok(files.locate(script(code), extensionOf).codeFile.endsWith(`.${code}`));
    assert.ok((await files.place(script("b"), extensionOf)).codeFile.endsWith(".b"));
    assert.deepEqual(asked, ["a", "b"]);
    const other = files.locate({ ...script("a"), language: "typescript" }, () => ".ts");
    assert.ok(other.codeFile.endsWith(".ts"), "another language is asked for itself");
  });

  it("is made anew when it was cut short or removed, or its folder was", async (t) => {
    const { dir, files } = await start(t);
    const { codeFile, lastingDir } = await files.place(script("whole"), sh);
    const spoil = [
      () => writeFile(codeFile, "who"), () => rm(codeFile),
      () => rm(dirname(codeFile), { recursive: true }), () => rm(dirname(dir), { recursive: true }),
    ];
    for (const each of spoil) {
      await each();
      const again = await files.place(script("whole"), sh);
      assert.equal(again.codeFile, codeFile);
      assert.equal(await readFile(codeFile, "utf8"), "whole");
      assert.ok((await stat(lastingDir)).isDirectory());
      assert.ok((await stat(join(dir, "package.json"))).isFile());
    }
  });

  it("is made anew when it has changed since it was read, also when its size and its date are the old ones", async (t) => {
    const files = new ScriptFiles(join(await temporaryFolder(t), "scripts"), () => Date.now() + 60_000);
    for (let round = 0; round < 3; round++) await files.place(script("whole"), sh);
    const { codeFile } = await files.place(script("whole"), sh);
    const before = await stat(codeFile, { bigint: true });
    await until(async () => {
      await writeFile(codeFile, "other");
      await utimes(codeFile, Number(before.atimeMs) / 1000, Number(before.mtimeMs) / 1000);
      return (await stat(codeFile, { bigint: true })).ctimeNs !== before.ctimeNs;
    }, "the clock of the file system");
    await files.place(script("whole"), sh);
    assert.equal(await readFile(codeFile, "utf8"), "whole");
  });

  it("is readable for the runner's own user alone, as are the folders above it", { skip: process.platform === "win32" }, async (t) => {
    const { dir, files } = await start(t);
    const { codeFile, lastingDir } = await files.place(script("x"), sh);
    assert.equal((await stat(codeFile)).mode & 0o777, 0o600);
    const folders = [dir, dirname(codeFile), dirname(dirname(codeFile)), lastingDir];
    for (const folder of folders) assert.equal((await stat(folder)).mode & 0o777, 0o700, folder);
  });

  it("is written whole by many at once", async (t) => {
    const { files } = await start(t);
    const code = "y".repeat(300_000);
    const places = await Promise.all(Array.from({ length: 40 }, (_, i) => files.place(script(i % 2 === 0 ? code : `${code}${i}`), sh)));
    for (const [i, { codeFile }] of places.entries()) {
      assert.equal((await readFile(codeFile)).length, i % 2 === 0 ? 300_000 : 300_000 + String(i).length);
    }
    const left = (await readdir(dirname(places[0]?.codeFile ?? ""))).filter((name) => name.endsWith(".tmp"));
    assert.deepEqual(left, []);
  });

  it("place: rejects with the system's error where nothing can be written", async (t) => {
    const home = await temporaryFolder(t);
    await writeFile(join(home, "file"), "");
    await assert.rejects(new ScriptFiles(join(home, "file", "scripts")).place(script("x"), sh), { code: "ENOTDIR" });
  });
});

describe("ScriptFiles: old versions", () => {
  async function versions(codeFile: string): Promise<string[]> {
    return (await readdir(dirname(codeFile))).sort();
  }

  it("are kept, eight of them, the newest", async (t) => {
    const { files } = await start(t);
    const placed: string[] = [];
    for (let i = 0; i < 12; i++) {
      const place = await files.place(script(`v${i}`), sh);
      await utimes(place.codeFile, 1000 + i, 1000 + i);
      placed.push(place.codeFile);
      place.release();
    }
    const last = await files.place(script("last"), sh);
    assert.deepEqual(await versions(last.codeFile), [...placed.slice(5).map((file) => basename(file)), basename(last.codeFile)].sort());
  });

  it("stay while they are in use, by whomever", async (t) => {
    const { files } = await start(t);
    const first = await files.place(script("v0"), sh);
    const again = await files.place(script("v0"), sh);
    await utimes(first.codeFile, 1, 1);
    first.release();
    for (let i = 1; i < 15; i++) (await files.place(script(`v${i}`), sh)).release();
    assert.equal(await readFile(again.codeFile, "utf8"), "v0");
    again.release();
    await files.place(script("one more"), sh);
    await assert.rejects(stat(again.codeFile), { code: "ENOENT" });
  });

  it("that are in use are not lost when many new ones are placed at once", async (t) => {
    const { files } = await start(t);
    const places = await Promise.all(Array.from({ length: 30 }, (_, i) => files.place(script(`v${i}`), sh)));
    for (const [i, { codeFile }] of places.entries()) assert.equal(await readFile(codeFile, "utf8"), `v${i}`);
  });

  it("of one script do not push out another's", async (t) => {
    const { files } = await start(t);
    const other = await files.place(script("x", "other"), sh);
    other.release();
    for (let i = 0; i < 12; i++) (await files.place(script(`v${i}`), sh)).release();
    assert.equal(await readFile(other.codeFile, "utf8"), "x");
  });
});

describe("ScriptFiles: a script's folder", () => {
  const ids = [
    "17", "a-b", "", "../../etc", "/abs", "a/b", "a\\b", ".", "..", "CON", "a\u0000b", "ä€😀", "x".repeat(256), "a b", "__proto__",
    "A", "a", "a_b", "a.b",
  ];
  for (const id of ids) it(`lies inside for the id ${JSON.stringify(id).slice(0, 30)}`, async (t) => {
    const { dir, files } = await start(t);
    const { codeFile, lastingDir } = await files.place(script("x", id), sh);
    for (const path of [codeFile, lastingDir]) assert.match(relative(dir, path), /^[\w-]+[/\\](code[/\\][0-9a-f]+\.sh|data)$/);
  });
  it("is another one for each id, also where case does not count", () => {
    const names = ids.map(folderName);
    assert.equal(new Set(names.map((name) => name.toLowerCase())).size, ids.length);
    assert.ok(names.every((name) => /^[\w-]+$/.test(name) && name.length < 64));
    assert.ok(!names.includes(folderName(undefined)));
  });
  it("is shared by code that belongs to no script", async (t) => {
    const { files } = await start(t);
    const [a, b] = await Promise.all([files.place(script("a", null), sh), files.place(script("b", null), sh)]);
    assert.equal(a.lastingDir, b.lastingDir);
  });
});

const manifestOf = (dir: string) => join(dir, "package.json");

describe("ScriptFiles: the scripts directory", () => {
  it("has a package.json without a type", async (t) => {
    const { dir, files } = await start(t);
    await files.place(script("x"), js);
    const manifest = JSON.parse(await readFile(manifestOf(dir), "utf8")) as Record<string, unknown>;
    assert.ok(!Object.hasOwn(manifest, "type"));
    assert.deepEqual((await readdir(dir)).filter((name) => name.includes(".tmp")), []);
  });

  const good = ['{"mine":true}', '{ "type": "module" }\n', "{}"];
  for (const content of good) it(`keeps a package.json that is there: ${JSON.stringify(content)}`, async (t) => {
    const { dir, files } = await start(t);
    await mkdir(dir, { recursive: true });
    await writeFile(manifestOf(dir), content);
    await files.place(script("x"), js);
    assert.equal(await readFile(manifestOf(dir), "utf8"), content);
  });

  const bad = ["", " ", '{"private":tr', "null", "[]", "\u0000".repeat(17)];
  for (const content of bad) it(`replaces a package.json that Node cannot read at every use: ${JSON.stringify(content)}`, async (t) => {
    const dir = join(await temporaryFolder(t), "scripts");
    const files = new ScriptFiles(dir, () => Date.now() + 60_000);
    await mkdir(dir);
    for (let round = 0; round < 3; round++) {
      await writeFile(manifestOf(dir), content);
      await files.place(script("the same"), js);
      assert.equal(await readFile(manifestOf(dir), "utf8"), '{"private":true}\n');
    }
  });

  const posix = { skip: process.platform === "win32" && "not on Windows" };
  it("replaces a package.json that is a named pipe, and waits for no writer", posix, async (t) => {
    const { dir, files } = await start(t);
    await mkdir(dir, { recursive: true });
    assert.equal(await run("mkfifo", manifestOf(dir)), 0);
    await files.place(script("x"), js);
    assert.equal(await readFile(manifestOf(dir), "utf8"), '{"private":true}\n');
  });

  it("can be one that is there already", async (t) => {
    const dir = await temporaryFolder(t);
    await mkdir(join(dir, "scripts"));
    await chmod(join(dir, "scripts"), 0o755);
    const { codeFile } = await new ScriptFiles(join(dir, "scripts")).place(script("x"), js);
    assert.equal(await readFile(codeFile, "utf8"), "x");
  });

  it("loses what a killed runner had half written, and nothing that is being written", async (t) => {
    const { files } = await start(t);
    const { codeFile } = await files.place(script("x"), js);
    const [abandoned, young] = [`${codeFile}.0123456789ab.tmp`, `${codeFile}.ba9876543210.tmp`];
    await Promise.all([writeFile(abandoned, "ha"), writeFile(young, "ha")]);
    await utimes(abandoned, 1000, 1000);
    await files.place(script("y"), js);
    await assert.rejects(stat(abandoned), { code: "ENOENT" });
    assert.ok((await stat(young)).isFile());
  });
});

describe("Node scripts in a scripts directory whose package.json was emptied", () => {
  it("run again at the next place", async (t) => {
    const { dir, files } = await start(t);
    await mkdir(dir, { recursive: true });
    await writeFile(manifestOf(dir), "");
    const { codeFile } = await files.place(script("require('fs').writeFileSync(process.argv[2], 'ran')"), js);
    const proof = join(dir, "proof");
    assert.equal(await run(process.execPath, codeFile, proof), 0);
    assert.equal(await readFile(proof, "utf8"), "ran");
  });
});
