import assert from "node:assert/strict";
import { mkdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { ProcessTable } from "../../runner/process/table.ts";
import { processTable } from "../../runner/process/table.ts";
import { CONFIRM_MS, OwnerLiveness, STALE_LEGACY_MS, STALE_MS } from "../../runner/runs/owner-liveness.ts";
import { temporaryFolder } from "../support/folder.ts";

const [HERE, ELSEWHERE] = ["aaaaaaaaaaaa", "bbbbbbbbbbbb"];
/** The time by the file system, in milliseconds. */
const NOW = Date.parse("2024-05-06T07:08:09.000Z");

/** Liveness as a runner judges it that sees the given processes, by clocks that a test sets. */
async function livenessFor(t: { after(end: () => Promise<void>): void }, running: readonly string[] = []) {
  const workDir = await temporaryFolder(t);
  let clock = 0;
  let volume = NOW;
  const isRunning = async (pid: number, startTime = "0") => running.includes(`${pid}-${startTime}`);
  const table: ProcessTable = { ...processTable("win32"), scope: HERE, isRunning };
  const liveness = new OwnerLiveness({ owner: `${HERE}-1-1`, workDir, table, livenessFile: { now: async () => volume }, now: () => clock });
  return {
    liveness,
    isAlive: (name: string) => liveness.isAlive(name),
    /** Lets time pass; on the file system another one if need be. */
    pass(ms: number, volumeMs = ms) {
      clock += ms;
      volume += volumeMs;
    },
    /** Has a runner write its file, so long ago by the file system's clock. */
    async touch(name: string, agoMs = 0) {
      await mkdir(join(workDir, name), { recursive: true });
      await writeFile(join(workDir, name, "alive"), "");
      await utimes(join(workDir, name, "alive"), new Date(volume - agoMs), new Date(volume - agoMs));
    },
    /** Has a runner of an earlier version change its directory. */
    async change(name: string, agoMs: number) {
      await mkdir(join(workDir, name, "work"), { recursive: true });
      for (const each of ["work", "."]) await utimes(join(workDir, name, each), new Date(volume - agoMs), new Date(volume - agoMs));
    },
  };
}

describe("OwnerLiveness.isAlive", () => {
  it("is true for this runner itself, and false for what is no runner", async (t) => {
    const { isAlive } = await livenessFor(t);
    assert.deepEqual([await isAlive(`${HERE}-1-1`), await isAlive("somebody")], [true, false]);
  });

  it("goes by the process alone where that can be seen, whatever its file says", async (t) => {
    const { isAlive, touch } = await livenessFor(t, ["7-70"]);
    await touch(`${HERE}-7-70`, 10 * STALE_MS);
    await touch(`${HERE}-7-71`);
    assert.deepEqual([await isAlive(`${HERE}-7-70`), await isAlive(`${HERE}-7-71`), await isAlive(`${HERE}-8-70`)], [true, false, false]);
  });

  it("does not take a process here for a runner elsewhere that has the same pid", async (t) => {
    const { isAlive, touch, pass } = await livenessFor(t, ["7-70"]);
    await touch(`${ELSEWHERE}-7-70`, 2 * STALE_MS);
    await isAlive(`${ELSEWHERE}-7-70`);
    pass(CONFIRM_MS);
    assert.equal(await isAlive(`${ELSEWHERE}-7-70`), false);
  });

  it("is true for a runner elsewhere as long as it writes its file", async (t) => {
    const { isAlive, touch, pass } = await livenessFor(t);
    for (let n = 0; n < 20; n++) {
      await touch(`${ELSEWHERE}-7-70`);
      assert.equal(await isAlive(`${ELSEWHERE}-7-70`), true);
      pass(STALE_MS - 1);
      assert.equal(await isAlive(`${ELSEWHERE}-7-70`), true);
    }
  });

  it("is false for one elsewhere whose file is stale, once it was seen to stay so", async (t) => {
    const { isAlive, touch, pass } = await livenessFor(t);
    await touch(`${ELSEWHERE}-7-70`, STALE_MS + 1);
    assert.equal(await isAlive(`${ELSEWHERE}-7-70`), true);
    pass(CONFIRM_MS - 1);
    assert.equal(await isAlive(`${ELSEWHERE}-7-70`), true);
    pass(1);
    assert.equal(await isAlive(`${ELSEWHERE}-7-70`), false);
  });

  it("is true for one whose file is stale since the clock has leapt, when it is written again", async (t) => {
    const { isAlive, touch, pass } = await livenessFor(t);
    await touch(`${ELSEWHERE}-7-70`);
    pass(0, 3_600_000);
    assert.equal(await isAlive(`${ELSEWHERE}-7-70`), true);
    pass(CONFIRM_MS - 1);
    await touch(`${ELSEWHERE}-7-70`);
    pass(1);
    assert.equal(await isAlive(`${ELSEWHERE}-7-70`), true);
  });

  it("is false for one that has stopped writing, although its file is of the future since the clock was set back", async (t) => {
    const { isAlive, touch, pass } = await livenessFor(t);
    await touch(`${ELSEWHERE}-7-70`, -3_600_000);
    assert.equal(await isAlive(`${ELSEWHERE}-7-70`), true);
    pass(STALE_MS - 1);
    assert.equal(await isAlive(`${ELSEWHERE}-7-70`), true);
    pass(1);
    assert.equal(await isAlive(`${ELSEWHERE}-7-70`), false);
  });

  it("gives one without a file the time to write it", async (t) => {
    const { isAlive, touch, pass } = await livenessFor(t);
    const [late, dead] = [`${ELSEWHERE}-7-70`, `${ELSEWHERE}-8-80`];
    assert.deepEqual([await isAlive(late), await isAlive(dead)], [true, true]);
    pass(STALE_MS - 1);
    await touch(late);
    assert.deepEqual([await isAlive(late), await isAlive(dead)], [true, true]);
    pass(1);
    assert.deepEqual([await isAlive(late), await isAlive(dead)], [true, false]);
  });

  it("is true where it cannot be told", async (t) => {
    const { isAlive, pass, touch, liveness } = await livenessFor(t);
    await touch(`${ELSEWHERE}-7-70/alive`); // a directory in place of the file
    for (let n = 0; n < 3; n++) {
      assert.equal(await isAlive(`${ELSEWHERE}-7-70`), true);
      pass(10 * STALE_MS);
    }
    assert.equal(liveness.sharesScope(`${ELSEWHERE}-7-70`), false);
  });

  it("goes for one of an earlier version by its process, else by its directory, which changes seldom", async (t) => {
    const { isAlive, change, pass } = await livenessFor(t, ["7-70", "9-0"]);
    await change("7-70", 2 * STALE_LEGACY_MS);
    await change("8-80", STALE_LEGACY_MS - 1);
    assert.deepEqual(await Promise.all(["7-70", "9-0", "8-80", "8-81"].map(isAlive)), [true, true, true, false]);
    pass(1);
    assert.equal(await isAlive("8-80"), false);
  });
});

describe("OwnerLiveness.sharesScope", () => {
  it("is true only for a runner whose pid means the same here", async (t) => {
    const { liveness } = await livenessFor(t);
    const names = [`${HERE}-7-70`, `${ELSEWHERE}-7-70`, "7-70", "x"];
    assert.deepEqual(names.map((name) => liveness.sharesScope(name)), [true, false, false, false]);
  });
});
