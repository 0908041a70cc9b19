import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { platformOf } from "../../runner/packages/platform.ts";
import { temporaryFolder } from "../support/folder.ts";

test("platformOf: names system and processor, and musl where the executable's loader is musl's", async (t) => {
  const folder = await temporaryFolder(t);
  const executable = async (loader: string) => {
    const file = join(folder, loader.replaceAll("/", "_"));
    await writeFile(file, Buffer.concat([Buffer.from("\x7fELF"), Buffer.alloc(800), Buffer.from(`${loader}\0`), Buffer.alloc(10_000)]));
    return file;
  };
  const [musl, glibc] = [await executable("/lib/ld-musl-x86_64.so.1"), await executable("/lib64/ld-linux-x86-64.so.2")];
  assert.equal(platformOf("linux", "x64", musl), "linux-x64-musl");
  assert.equal(platformOf("linux", "x64", glibc), "linux-x64");
  assert.equal(platformOf("linux", "arm64", join(folder, "nothing")), "linux-arm64");
  assert.equal(platformOf("darwin", "arm64", musl), "darwin-arm64");
  assert.ok(platformOf().startsWith(`${process.platform}-${process.arch}`));
});
