import assert from "node:assert/strict";
import { rename, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fingerprint } from "../../runner/lib/fingerprint.ts";
import { temporaryFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";

describe("fingerprint", () => {
  const of = async (file: string) => fingerprint(await stat(file, { bigint: true }));

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
