import assert from "node:assert/strict";
import { appendFile, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fingerprint } from "../../runner/lib/fingerprint.ts";
import { temporaryFolder } from "../support/folder.ts";

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
