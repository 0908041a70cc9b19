import assert from "node:assert/strict";
import { once } from "node:events";
import { appendFile, mkdir, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { resultFrame } from "../../runner/protocol/frames.ts";
import type { RunResult } from "../../runner/protocol/result.ts";
import { openArchive } from "../../runner/results/archive.ts";
import type { Archive } from "../../runner/results/archive.ts";
import { createFrameLog } from "../../runner/results/frame-log.ts";
import { bytes } from "../support/bytes.ts";
import { folder, listeningLog, program, smallDisk, textOf, until } from "../support/results.ts";

const MB = 1024 * 1024;
const frame = (n: number, size = 20) => `{"type":"log","line":"${n} ${"x".repeat(size)}"}\n`;
const frames = (count: number, size?: number) => Array.from({ length: count }, (_, n) => frame(n, size));

function resultOf(runId: string, returnData: unknown = null): RunResult {
  return { runId, stdout: "out", stderr: "", code: 0, duration: 1, returnData, automnLogs: [], automnNotifications: [], input: {}, reason: "exited" };
}

const resultLine = (result: RunResult): string => resultFrame(result).toString();

function ended(runId: string, lines: readonly string[], returnData?: unknown, maxBytes = MB, spillDir = "/nowhere") {
  const log = createFrameLog({ maxBytes, spillDir, log: listeningLog() });
  lines.map(bytes).forEach(log.append);
  log.end(resultFrame(resultOf(runId, returnData)));
  return log;
}

function archiveIn(directory: string, maxBytes = 64 * MB) {
  const log = listeningLog();
  return { archive: openArchive({ directory, maxBytes, log }), log };
}

async function sizeOf(dir: string): Promise<{ files: number; bytes: number }> {
  const sizes = await Promise.all((await readdir(dir)).map(async (name) => (await stat(join(dir, name))).size));
  return { files: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

async function read(archive: Archive, runId: string, from = 0): Promise<string[] | undefined> {
  const found = await archive.frames(runId, from);
  return found && textOf(found);
}

const IDS = ["a", "__proto__", "constructor", "", "with\nbreak\u2028s", "ünïcödé 🏃", "\ud800", "../../etc/passwd", "x".repeat(256), "\u0001".repeat(256)];

test("runs of any id are found at once, from the disk and after a restart", async (t) => {
  const dir = join(await folder(t), "results");
  const first = archiveIn(dir);
  for (const id of IDS) first.archive.store(id, ended(id, frames(3), { id }));
  const check = async ({ archive, log }: ReturnType<typeof archiveIn>) => {
    for (const id of IDS) {
      const result = resultOf(id, { id });
      assert.deepEqual(await archive.result(id), JSON.parse(JSON.stringify(result)), JSON.stringify(id));
      assert.deepEqual(await read(archive, id, 2), [frame(2), resultLine(result)]);
    }
    assert.deepEqual([await archive.result("b"), await archive.frames("b", 0)], [undefined, undefined]);
    assert.deepEqual(log.lines, []);
  };
  await check(first);
  await first.archive.settled();
  await check(first);
  await first.archive.close();
  await check(archiveIn(dir));
  assert.equal((await sizeOf(dir)).files, 1);
  for (const name of await readdir(dir)) assert.equal((await stat(join(dir, name))).mode & 0o777, 0o600);
});

test("frames are read from any on, and every line on disk is JSON", async (t) => {
  const dir = await folder(t);
  const { archive } = archiveIn(dir);
  archive.store("before", ended("before", frames(5)));
  archive.store("run", ended("run", frames(1_000)));
  archive.store("behind", ended("behind", []));
  await archive.settled();
  const whole = [...frames(1_000), resultLine(resultOf("run"))];
  for (const from of [0, 1, 999, 1_000, 1_001, 5_000]) assert.deepEqual(await read(archive, "run", from), whole.slice(from), `from ${from}`);
  assert.deepEqual(await read(archive, "behind"), [resultLine(resultOf("behind"))]);
  for (const line of (await readFile(join(dir, "000001.ndjson"), "utf8")).trimEnd().split("\n")) JSON.parse(line);
});

test("a run with more frames than memory and limit hold is kept with its gap", async (t) => {
  const dir = await folder(t);
  const log = createFrameLog({ maxBytes: MB, spillDir: join(dir, "spilled"), log: listeningLog() });
  for (const line of frames(20_000, 100)) {
    log.append(bytes(line));
    if (log.full) await new Promise<void>((resolve) => log.onceDrained(resolve));
  }
  log.end(resultFrame(resultOf("run")));
  const signal = new AbortController().signal;
  const { gapAt, missing } = await log.kept();
  assert.ok(missing > 0);
  const starts = [0, 1, gapAt - 1, gapAt, gapAt + 1, gapAt + missing - 1, gapAt + missing, 19_999, 20_000, 20_001];
  const wanted = await Promise.all(starts.map((from) => textOf(log.read(from, signal))));
  const { archive } = archiveIn(join(dir, "results"));
  archive.store("run", log);
  const begunBefore = await archive.frames("run", 0);
  await archive.settled();
  assert.deepEqual(await textOf(begunBefore), wanted[0]);
  for (const [index, from] of starts.entries()) assert.deepEqual(await read(archive, "run", from), wanted[index], `from ${from}`);
});

test("of runs with the same id the latest counts, at once and after a restart", async (t) => {
  const dir = await folder(t);
  const { archive } = archiveIn(dir);
  for (let n = 0; n < 5; n++) {
    archive.store("same", ended("same", frames(n), n));
    assert.equal((await archive.result("same"))?.returnData, n);
    if (n % 2 === 0) await archive.settled();
  }
  await archive.close();
  const again = archiveIn(dir);
  assert.equal((await again.archive.result("same"))?.returnData, 4);
  assert.equal((await read(again.archive, "same"))?.length, 5);
});

test("5,000 short runs leave a handful of files within the bound, the latest runs in them", async (t) => {
  const dir = await folder(t);
  const { archive, log } = archiveIn(dir, MB);
  for (let n = 0; n < 5_000; n++) {
    archive.store(`${n}`, ended(`${n}`, frames(3)));
    if (n % 500 === 0) await archive.settled();
  }
  await archive.settled();
  const { files, bytes } = await sizeOf(dir);
  assert.ok(files <= 18 && bytes <= MB && bytes > 0.8 * MB, `${files} files, ${bytes} bytes`);
  assert.deepEqual(log.lines, []);
  const known = await Promise.all(Array.from({ length: 5_000 }, (_, n) => archive.result(`${n}`)));
  const first = known.findIndex((result) => result !== undefined);
  assert.ok(first > 1_000 && known.slice(first).every((result, n) => result?.runId === `${first + n}`));
  await archive.close();
  assert.equal((await archiveIn(dir, MB).archive.result(`${first}`))?.runId, `${first}`);
});

test("runs of very different sizes stay within the bound in bytes and files", async (t) => {
  const dir = await folder(t);
  const { archive } = archiveIn(join(dir, "results"), 4 * MB);
  for (let n = 0; n < 60; n++) {
    const log = createFrameLog({ maxBytes: MB, spillDir: dir, log: listeningLog() });
    for (const line of frames((n * 7919) % 9_000, 90)) {
      log.append(bytes(line));
      if (log.full) await new Promise<void>((resolve) => log.onceDrained(resolve));
    }
    log.end(resultFrame(resultOf(`${n}`)));
    archive.store(`${n}`, log);
    await archive.settled();
    const size = await sizeOf(join(dir, "results"));
    assert.ok(size.files <= 20 && size.bytes <= 4 * MB, `${size.files} files, ${size.bytes} bytes`);
    assert.equal((await archive.result(`${n}`))?.runId, `${n}`);
  }
});

test("a bound of 0 keeps nothing and removes what there was; a smaller bound removes the oldest", async (t) => {
  const dir = await folder(t);
  const first = archiveIn(dir, 4 * MB);
  for (let n = 0; n < 2_000; n++) {
    first.archive.store(`${n}`, ended(`${n}`, frames(20)));
    if (n % 500 === 0) await first.archive.settled();
  }
  await first.archive.close();
  const smaller = archiveIn(dir, MB);
  assert.equal((await smaller.archive.result("1999"))?.runId, "1999");
  assert.equal(await smaller.archive.result("0"), undefined);
  assert.ok((await sizeOf(dir)).bytes <= MB);
  const none = archiveIn(dir, 0);
  none.archive.store("new", ended("new", []));
  await none.archive.settled();
  assert.equal(await none.archive.result("new"), undefined);
  assert.deepEqual(await readdir(dir), []);
});

test("a run that is larger than everything is not kept, is said, and costs no other", async (t) => {
  const { archive, log } = archiveIn(await folder(t), MB);
  archive.store("small", ended("small", []));
  archive.store("huge", ended("huge", [], "r".repeat(2 * MB)));
  await archive.settled();
  assert.equal(await archive.result("huge"), undefined);
  assert.equal((await archive.result("small"))?.runId, "small");
  assert.match(log.lines.join("\n"), /^warn Cannot keep the results of runs .*bytes/);
});

const TORN: readonly [string, (file: string, size: number) => Promise<void>][] = [
  ["cut in its result", (file, size) => truncate(file, size - 10)],
  ["cut in its header", (file) => appendFile(file, '{"type":"run","runId":"x"')],
  ["followed by zeros, as after a power cut", (file) => appendFile(file, Buffer.alloc(300_000))],
  ["followed by a line that is no record", (file) => appendFile(file, '{"type":"log","line":"x"}\n')],
  ["followed by a header with nonsense", (file) => appendFile(file, '{"type":"run","runId":"x","at":"t","frames":1,"gapAt":0,"missing":0,"bytes":-5,"resultBytes":1}\n')],
];
for (const [name, tear] of TORN)
  test(`a record that is ${name} is said and skipped; the others and new ones are there`, async (t) => {
    const dir = await folder(t);
    const first = archiveIn(dir);
    for (let n = 0; n < 10; n++) first.archive.store(`${n}`, ended(`${n}`, frames(5)));
    await first.archive.close();
    const file = join(dir, "000001.ndjson");
    await tear(file, (await stat(file)).size);
    const { archive, log } = archiveIn(dir);
    for (let n = 0; n < 9; n++) assert.equal((await archive.result(`${n}`))?.runId, `${n}`);
    assert.match(log.lines.join("\n"), /^warn A part of the results of earlier runs can't be read[^\n]*$/);
    archive.store("new", ended("new", frames(5)));
    await archive.settled();
    assert.equal((await read(archive, "new"))?.length, 6);
    await archive.close();
    assert.equal((await archiveIn(dir).archive.result("new"))?.runId, "new");
  });

test("a folder that is removed under it is made anew, and what was in it is no more known", async (t) => {
  const dir = join(await folder(t), "results");
  const { archive, log } = archiveIn(dir);
  archive.store("before", ended("before", []));
  await archive.settled();
  await rm(dir, { recursive: true });
  assert.deepEqual([await archive.result("before"), await archive.frames("before", 0)], [undefined, undefined]);
  archive.store("after", ended("after", frames(2)));
  await archive.settled();
  assert.equal((await read(archive, "after"))?.length, 3);
  assert.equal(await archive.result("before"), undefined);
  assert.deepEqual(log.lines, []);
});

test("a folder that can't be used is said once, and once more when it can be", async (t) => {
  const dir = join(await folder(t), "results");
  await writeFile(dir, "in the way");
  const { archive, log } = archiveIn(dir);
  for (let n = 0; n < 5; n++) {
    archive.store(`${n}`, ended(`${n}`, []));
    await archive.settled();
  }
  assert.equal(await archive.result("0"), undefined);
  await rm(dir);
  archive.store("new", ended("new", []));
  await archive.settled();
  assert.equal((await archive.result("new"))?.runId, "new");
  assert.deepEqual(log.lines.map((line) => line.replace(/ \{.*(,"runsLost":\d+|"runsLost":\d+).*/, " $1").replace(/ \{"dir.*/, "")), [
    "warn Cannot read the results of earlier runs", "warn Cannot keep the results of runs", 'info Results of runs are kept again "runsLost":5',
  ]);
});

test("on a full disk the oldest runs make room for the new", async (t) => {
  const disk = await smallDisk(t, MB);
  if (disk === undefined) return t.skip("this user can't mount a small disk");
  const { archive, log } = archiveIn(disk, 4 * MB);
  for (let n = 0; n < 300; n++) {
    archive.store(`${n}`, ended(`${n}`, frames(100)));
    await archive.settled();
    assert.equal((await archive.result(`${n}`))?.runId, `${n}`);
  }
  assert.equal(await archive.result("0"), undefined);
  assert.deepEqual(log.lines, []);
  await archive.close();
  assert.equal((await archiveIn(disk, 4 * MB).archive.result("299"))?.runId, "299");
});

test("a limit on the size of files is no end of it", { skip: process.platform !== "linux" }, async (t) => {
  const dir = await folder(t);
  const child = program(t, `
    import { openArchive } from "../../runner/results/archive.ts";
    import { createFrameLog } from "../../runner/results/frame-log.ts";
    const say = (message) => console.log("said", message);
    const log = { info: say, warn: say };
    const archive = openArchive({ directory: process.argv[1], maxBytes: 64e6, log });
    let kept = 0;
    for (let n = 0; n < 200; n++) {
      const frames = createFrameLog({ maxBytes: 1e6, spillDir: process.argv[1], log });
      frames.append(Buffer.from(JSON.stringify("x".repeat(n === 100 ? 60000 : 1000)) + "\\n"));
      frames.end(Buffer.from(JSON.stringify({ type: "result", data: { n } }) + "\\n"));
      archive.store(String(n), frames);
      await archive.settled();
      kept += (await archive.result(String(n)))?.n === n;
    }
    console.log("kept", kept);`, { args: [dir], prefix: ["prlimit", "--fsize=50000"] });
  await once(child, "close");
  const kept = Number(/kept (\d+)/.exec(child.output())?.[1]);
  assert.ok(kept >= 194, child.output());
  assert.ok((await sizeOf(dir)).files <= 7);
  const { archive, log } = archiveIn(dir);
  assert.deepEqual(await archive.result("199"), { n: 199 });
  assert.deepEqual(log.lines, []);
});

test("a kill at any moment of constant storing leaves every run that was settled", async (t) => {
  const dir = await folder(t);
  const code = `
    import { openArchive } from "../../runner/results/archive.ts";
    import { createFrameLog } from "../../runner/results/frame-log.ts";
    const archive = openArchive({ directory: process.argv[1], maxBytes: 64e6, log: console });
    for (let n = Number(process.argv[2]); ; n++) {
      const frames = createFrameLog({ maxBytes: 1e6, spillDir: process.argv[1], log: console });
      for (let k = 0; k < n % 300; k++) frames.append(Buffer.from(JSON.stringify("x".repeat(1000)) + "\\n"));
      frames.end(Buffer.from(JSON.stringify({ type: "result", data: { n } }) + "\\n"));
      archive.store(String(n), frames);
      if (n % 5 === 0) { await archive.settled(); console.log("safe " + n); }
    }`;
  for (let round = 0; round < 4; round++) {
    const child = program(t, code, { args: [dir, `${round * 10_000}`] });
    await until(() => child.output().split("safe").length > 10, "some runs are safe");
    child.kill("SIGKILL");
    await once(child, "close");
    const safe = Number(/.*safe (\d+)\n/s.exec(child.output())?.[1]);
    const { archive } = archiveIn(dir);
    for (let earlier = 0; earlier <= round; earlier++)
      for (let n = earlier * 10_000; n <= (earlier === round ? safe : earlier * 10_000 + 40); n++) assert.deepEqual(await archive.result(`${n}`), { n });
    await archive.close();
  }
});

test("what waits for the disk is bounded", async (t) => {
  const { archive, log } = archiveIn(await folder(t), 64 * MB);
  const big = "r".repeat(20 * MB);
  for (let n = 0; n < 3; n++) archive.store(`${n}`, ended(`${n}`, [], big));
  assert.equal((await archive.result("0"))?.returnData, big);
  assert.equal(await archive.result("2"), undefined);
  await archive.settled();
  assert.match(log.lines[0] ?? "", /^warn Cannot keep the results of runs .*too slow/);
});

test("files and folders that are not the archive's are left alone", async (t) => {
  const dir = await folder(t);
  await mkdir(join(dir, "mine"));
  await writeFile(join(dir, "notes.ndjson"), "x");
  const { archive } = archiveIn(dir, 0);
  await archive.settled();
  assert.deepEqual((await readdir(dir)).sort(), ["mine", "notes.ndjson"]);
});
