import assert from "node:assert/strict";
import { appendFile, mkdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fingerprint, fingerprintOf } from "../../runner/lib/fingerprint.ts";
import { temporaryFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";

describe("fingerprint", () => {
  it("stays while a file stays, and changes when it is written to or replaced", async (t) => {
    const folder = await temporaryFolder(t);
    const file = join(folder, "it");
    await writeFile(file, "one");
    const first = await fingerprint(file);
    assert.equal(await fingerprint(file), first);
    await appendFile(file, " two");
    const second = await fingerprint(file);
    assert.notEqual(second, first);
    await writeFile(join(folder, "other"), "one two");
    await rename(join(folder, "other"), file);
    assert.notEqual(await fingerprint(file), second);
  });

  it("changes when a folder gets or loses an entry", async (t) => {
    const folder = await temporaryFolder(t);
    const before = await fingerprint(folder);
    await mkdir(join(folder, "entry"));
    const after = await fingerprint(folder);
    assert.notEqual(after, before);
    await rm(join(folder, "entry"), { recursive: true });
    assert.notEqual(await fingerprint(folder), after);
  });

  it("is empty where there is nothing", async (t) => {
    assert.equal(await fingerprint(join(await temporaryFolder(t), "nothing")), "");
  });
});

describe("fingerprintOf", () => {
  const of = async (file: string) => fingerprintOf(await stat(file, { bigint: true }));

  it("stays while the file does", async (t) => {
    const file = join(await temporaryFolder(t), "file");
    await writeFile(file, "a");
    assert.equal(await of(file), await of(file));
  });

  it("differs once the file was changed, also when its size and its date are the old ones", async (t) => {
    const file = join(await temporaryFolder(t), "file");
    await writeFile(file, "old");
    await utimes(file, 1, 1);
    const before = await of(file);
    await until(async () => {
      await writeFile(file, "new");
      await utimes(file, 1, 1);
      return (await of(file)) !== before;
    }, "the clock of the file system");
  });

  it("differs once another file was put in its place", async (t) => {
    const folder = await temporaryFolder(t);
    const [file, other] = [join(folder, "file"), join(folder, "other")];
    await Promise.all([writeFile(file, "same"), writeFile(other, "same")]);
    const before = await of(file);
    await rename(other, file);
    assert.notEqual(await of(file), before);
  });
});
