import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "../support/cleanup.ts";
import { setImmediate as turn } from "node:timers/promises";
import { FrameLog } from "../../runner/results/frame-log.ts";
import { bytes } from "../support/bytes.ts";
import { folder, listeningLog, program, smallDisk, textOf, until } from "../support/results.ts";

const MB = 1024 * 1024;
const RESULT = '{"type":"result","data":{"code":0}}\n';
const frame = (n: number, size = 0) => `{"type":"log","line":"${n} ${"ü".repeat(size)}"}\n`;
const frames = (from: number, to: number, size = 0) => Array.from({ length: to - from }, (_, n) => frame(from + n, size));
const never = new AbortController().signal;

async function logIn(t: TestContext, maxBytes = 64 * MB) {
  const spillDir = join(await folder(t), "spilled");
  const log = listeningLog();
  return { frames: new FrameLog({ maxBytes, spillDir, log }), log, spillDir };
}

/** Appends as a runner does: it waits while the log is full. */
async function append(log: FrameLog, lines: readonly string[]): Promise<void> {
  for (const line of lines) {
    log.append(bytes(line));
    if (log.full) await new Promise<void>((resolve) => log.onceDrained(resolve));
  }
}

/** Where the gap of an ended log is, and how long. */
async function gapOf(log: FrameLog): Promise<{ readonly gapAt: number; readonly missing: number }> {
  const lines = await textOf(log.read(0, never));
  const gapAt = lines.findIndex((line) => line.startsWith('{"type":"gap"'));
  return { gapAt, missing: (JSON.parse(lines[gapAt] ?? "{}") as { missing: number }).missing };
}

/** What an ended log has to be kept, as one text. */
async function contentsOf(log: FrameLog): Promise<string> {
  const { bytes: length, pieces } = await log.contents();
  const whole: Buffer[] = [];
  for await (const piece of pieces) whole.push(piece);
  assert.equal(Buffer.concat(whole).length, length);
  return Buffer.concat(whole).toString();
}

test("FrameLog: a small run's frames stay in memory and are read from any on, live", async (t) => {
  const { frames: log, spillDir } = await logIn(t);
  for (const line of frames(0, 3)) log.append(bytes(line));
  const readers = [0, 2, 3, 4, 9].map((from) => textOf(log.read(from, never)));
  for (const line of frames(3, 5)) log.append(bytes(line));
  await turn();
  log.end(bytes(RESULT));
  log.append(bytes("after the end\n"));
  const whole = [...frames(0, 5), RESULT];
  assert.deepEqual(await Promise.all(readers), [whole, whole.slice(2), whole.slice(3), whole.slice(4), []]);
  assert.deepEqual([log.count, String(log.result), await contentsOf(log)], [6, RESULT, whole.join("")]);
  assert.throws(() => readdirSync(spillDir), { code: "ENOENT" });
  log.close();
});

test("FrameLog: a larger run's frames are the same from the disk, for early, late and slow readers", async (t) => {
  const { frames: log, spillDir } = await logIn(t);
  const whole = [...frames(0, 3_000, 100), frame(3_000, 150_000), ...frames(3_001, 6_000, 300), RESULT];
  const early = textOf(log.read(0, never));
  const slow = (async () => {
    const seen: string[] = [];
    for await (const line of log.read(10, never)) {
      seen.push(line.toString());
      if (seen.length % 100 === 0) await turn();
    }
    return seen;
  })();
  await append(log, whole.slice(0, -1));
  assert.ok(log.memoryBytes <= 5 * MB);
  log.end(bytes(RESULT));
  for (const from of [0, 1, 2_999, 3_000, 3_001, 5_000, 5_998, 5_999, 6_000])
    assert.deepEqual(await textOf(log.read(from, never)), whole.slice(from), `from ${from}`);
  assert.deepEqual(await early, whole);
  assert.deepEqual(await slow, whole.slice(10));
  assert.equal(await contentsOf(log), whole.join(""));
  assert.ok(log.memoryBytes < 300_000, `${log.memoryBytes} in memory`);
  assert.deepEqual(await readdir(spillDir), [], "the file has no name");
  log.close();
});

test("FrameLog: a reader that stops costs no memory and delays nobody", async (t) => {
  const { frames: log } = await logIn(t);
  const stop = new AbortController();
  const reader = log.read(0, stop.signal)[Symbol.asyncIterator]();
  log.append(bytes(frame(0)));
  assert.equal(String((await reader.next()).value), frame(0));
  for (let n = 1; n < 20_000; n += 100) {
    await append(log, frames(n, n + 100, 200));
    await turn();
  }
  await until(() => log.memoryBytes < MB, "all but the last is on disk");
  assert.equal(String((await reader.next()).value), frame(1, 200));
  stop.abort();
  assert.equal((await reader.next()).done, true);
  log.close();
});

test("FrameLog: beyond its limit it keeps the last frames in memory and tells readers how many are missing", async (t) => {
  const { frames: log } = await logIn(t, MB);
  const live = textOf(log.read(0, never));
  for (let n = 0; n < 20_000; n += 50) {
    await append(log, frames(n, n + 50, 100));
    if (n % 1000 === 0) await turn();
  }
  assert.ok(log.memoryBytes < 400_000, `${log.memoryBytes} in memory`);
  log.end(bytes(RESULT));
  assert.equal(log.count, 20_001);
  const { gapAt, missing } = await gapOf(log);
  assert.ok(gapAt > 3_000 && missing > 10_000);
  const tail = [...frames(gapAt + missing, 20_000, 100), RESULT];
  const gap = (lost: number) => `{"type":"gap","missing":${lost}}\n`;
  assert.equal(await contentsOf(log), [...frames(0, gapAt, 100), gap(missing), ...tail].join(""));
  assert.deepEqual(await textOf(log.read(0, never)), [...frames(0, gapAt, 100), gap(missing), ...tail]);
  assert.deepEqual(await textOf(log.read(gapAt + 7, never)), [gap(missing - 7), ...tail]);
  assert.deepEqual(await textOf(log.read(gapAt + missing + 1, never)), tail.slice(1));
  assert.deepEqual(await textOf(log.read(20_000, never)), [RESULT]);

  const seen = await live;
  assert.equal(seen.at(-1), RESULT);
  const told = seen.reduce((sum, line) => sum + ((JSON.parse(line) as { missing?: number }).missing ?? 1), 0);
  assert.equal(told, 20_001, "every frame was given or is told of");
  log.close();
});

test("FrameLog: a reader at the end gets what is live beyond the limit without a gap", async (t) => {
  const { frames: log } = await logIn(t, 0);
  const live = textOf(log.read(0, never));
  for (let n = 0; n < 5_000; n += 10) {
    for (const line of frames(n, n + 10, 100)) log.append(bytes(line));
    await turn();
  }
  log.end(bytes(RESULT));
  assert.deepEqual(await live, [...frames(0, 5_000, 100), RESULT]);
  log.close();
});

test("FrameLog: a result larger than everything else is kept", async (t) => {
  const { frames: log } = await logIn(t, 1000);
  await append(log, frames(0, 10));
  const result = `{"type":"result","data":"${"r".repeat(20 * MB)}"}\n`;
  log.end(bytes(result));
  assert.equal((await textOf(log.read(9, never))).at(-1), result);
  assert.ok((await contentsOf(log)).endsWith(result));
  log.close();
});

test("FrameLog: an aborted reader ends, while it waits, while it reads, and before it begins", async (t) => {
  const { frames: log } = await logIn(t);
  await append(log, frames(0, 2_000, 100));
  const stop = new AbortController();
  const waiting = textOf(log.read(2_000, stop.signal));
  const reading = log.read(0, stop.signal)[Symbol.asyncIterator]();
  await reading.next();
  await turn();
  stop.abort();
  assert.deepEqual(await waiting, []);
  assert.equal((await reading.next()).done, true);
  assert.deepEqual(await textOf(log.read(0, AbortSignal.abort())), []);
  log.close();
});

const onLinux = { skip: process.platform !== "linux" };
test("FrameLog: a closed log ends its readers, and its file is closed after the last of them", onLinux, async (t) => {
  const { frames: log } = await logIn(t);
  const openFiles = () => readdirSync("/proc/self/fd").length;
  await new Promise((resolve) => setTimeout(resolve, 20));
  const before = openFiles();
  await append(log, frames(0, 5_000, 100));
  const live = textOf(log.read(0, never));
  const never_read = new AbortController();
  log.read(0, never_read.signal);
  await turn();
  log.close();
  assert.deepEqual(await live, frames(0, 5_000, 100));
  assert.ok(openFiles() > before);
  never_read.abort();
  await until(() => openFiles() <= before, "the file is closed");
});

test("FrameLog: a folder that cannot be made costs frames, not the run", async (t) => {
  const { frames: log, log: said, spillDir } = await logIn(t);
  await writeFile(spillDir, "in the way");
  const live = textOf(log.read(0, never));
  for (let n = 0; n < 10_000; n += 50) {
    await append(log, frames(n, n + 50, 100));
    await turn();
  }
  log.end(bytes(RESULT));
  assert.deepEqual(await live, [...frames(0, 10_000, 100), RESULT]);
  const { gapAt, missing } = await gapOf(log);
  assert.deepEqual(
    [gapAt, await textOf(log.read(0, never))],
    [0, [`{"type":"gap","missing":${missing}}\n`, ...frames(missing, 10_000, 100), RESULT]],
  );
  assert.equal(said.lines.length, 1);
  log.close();
});

test("FrameLog: on a full disk the first frames and the last are kept", async (t) => {
  const disk = await smallDisk(t, MB);
  if (disk === undefined) return t.skip("this user cannot mount a small disk");
  const said = listeningLog();
  const log = new FrameLog({ maxBytes: 64 * MB, spillDir: disk, log: said });
  await append(log, frames(0, 20_000, 100));
  log.end(bytes(RESULT));
  const { gapAt, missing } = await gapOf(log);
  assert.ok(gapAt > 2_000 && missing > 1_000, `${gapAt} and ${missing}`);
  assert.deepEqual(
    await textOf(log.read(0, never)),
    [...frames(0, gapAt, 100), `{"type":"gap","missing":${missing}}\n`, ...frames(gapAt + missing, 20_000, 100), RESULT],
  );
  assert.match(said.lines.join("\n"), /^warn Cannot write the frames of a run .*ENOSPC[^\n]*$/);
  log.close();
});

test("FrameLog: a folder that is removed under it does not matter", async (t) => {
  const { frames: log, spillDir } = await logIn(t);
  await append(log, frames(0, 2_000, 100));
  await log.contents();
  await rm(spillDir, { recursive: true });
  await append(log, frames(2_000, 4_000, 100));
  log.end(bytes(RESULT));
  assert.deepEqual(await textOf(log.read(0, never)), [...frames(0, 4_000, 100), RESULT]);
  log.close();
});

test("FrameLog: a writer that does not wait for the disk takes bounded memory", async (t) => {
  const { frames: log } = await logIn(t);
  for (let n = 0; n < 40_000; n++) log.append(bytes(frame(n, 1_000)));
  assert.ok(log.memoryBytes < 6 * MB, `${log.memoryBytes} in memory`);
  log.end(bytes(RESULT));
  const seen = await textOf(log.read(0, never));
  assert.equal(seen.at(-1), RESULT);
  assert.equal(seen.filter((line) => line.includes('"gap"')).length, 1);
  log.close();
});

test("FrameLog: a killed runner leaves no file behind", async (t) => {
  const dir = await folder(t);
  const child = program(t, `
    import { FrameLog } from "../../runner/results/frame-log.ts";
    const log = new FrameLog({ maxBytes: 1e9, spillDir: process.argv[1], log: console });
    for (let n = 0; ; n++) {
      log.append(Buffer.from("x".repeat(9999) + "\\n"));
      if (log.full) await new Promise((resolve) => log.onceDrained(resolve));
      if (n === 2000) console.log("spilled");
      if (n % 100 === 0) await new Promise(setImmediate);
    }`,
  { args: [dir] });
  await until(() => child.output() !== "", "much is spilled");
  child.kill("SIGKILL");
  await until(() => child.signalCode !== null, "the child is dead");
  assert.deepEqual(await readdir(dir), []);
});
