import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { LivenessFile, touchedAt } from "../../runner/runs/liveness-file.ts";
import { temporaryFolder } from "../support/folder.ts";
import { listeningLog } from "../support/results.ts";

const posix = { skip: process.platform === "win32" && "POSIX files" };

describe("LivenessFile", () => {
  it("start: the file is there, in a directory that is made for it, and is as old as the file system's clock says", async (t) => {
    const directory = join(await temporaryFolder(t), "work", "me");
    const file = new LivenessFile(directory, listeningLog());
    assert.equal(await touchedAt(directory), undefined);
    await file.start();
    const touched = await touchedAt(directory);
    assert.ok(touched !== undefined && touched <= (await file.now()));
    await file.stop();
  });

  it("now: is later at each call, also where the clock of the machine is another one's", async (t) => {
    const directory = await temporaryFolder(t);
    const file = new LivenessFile(directory, listeningLog());
    await file.start();
    await utimes(join(directory, "alive"), new Date(0), new Date(0));
    assert.ok((await file.now()) > 1_000);
    await file.stop();
  });

  it("makes the directory anew when somebody has removed it, and not after stop", async (t) => {
    const directory = join(await temporaryFolder(t), "me");
    const file = new LivenessFile(directory, listeningLog());
    await file.start();
    await rm(directory, { recursive: true });
    await file.now();
    assert.notEqual(await touchedAt(directory), undefined);
    await file.stop();
    await rm(directory, { recursive: true });
    assert.ok((await file.now()) > 1_000, "the machine's clock then");
    assert.equal(await touchedAt(directory), undefined);
  });

  it("says once that it cannot be written, and follows no link and waits for no FIFO in its place", posix, async (t) => {
    const directory = await temporaryFolder(t);
    const [path, elsewhere] = [join(directory, "alive"), join(directory, "elsewhere")];
    await writeFile(elsewhere, "kept");
    for (const put of [() => symlink(elsewhere, path), () => spawnSync("mkfifo", [path]), () => mkdir(path)]) {
      await put();
      const log = listeningLog();
      const file = new LivenessFile(directory, log);
      await file.start();
      await file.now();
      assert.equal(log.lines.filter((line) => line.startsWith("warn Cannot show other runners")).length, 1, log.lines.join());
      await assert.rejects(touchedAt(directory));
      await file.stop();
      await rm(path, { recursive: true });
    }
    assert.equal(await touchedAt(elsewhere).catch((error: NodeJS.ErrnoException) => error.code), "ENOTDIR");
  });
});
