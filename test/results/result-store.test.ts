import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { appendFile, chmod, mkdir, readdir, readFile, rm, stat, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { resultFrame } from "../../runner/protocol/frames.ts";
import type { RunResult } from "../../runner/protocol/result.ts";
import { ResultStore } from "../../runner/results/result-store.ts";
import { FrameLog } from "../../runner/results/frame-log.ts";
import { bytes } from "../support/bytes.ts";
import { folder, listeningLog, program, smallDisk, textOf, until } from "../support/results.ts";

const MB = 1024 * 1024;
const never = new AbortController().signal;
const frame = (n: number, size = 20) => `{"type":"log","line":"${n} ${"x".repeat(size)}"}\n`;
const frames = (count: number, size?: number) => Array.from({ length: count }, (_, n) => frame(n, size));
/** The start of the n-th run of a test. */
const start = (n: number) => new Date(Date.UTC(2024, 4, 6, 7, 8, 9) + n).toISOString();

function resultOf(runId: string, returnData: unknown = null): RunResult {
  return {
    runId,
    stdout: "out",
    stderr: "",
    code: 0,
    duration: 1,
    returnData,
    automnLogs: [],
    automnNotifications: [],
    input: {},
    reason: "exited",
  };
}

const resultLine = (runId: string, returnData?: unknown): string => resultFrame(resultOf(runId, returnData)).toString();

function ended(runId: string, lines: readonly string[], returnData?: unknown): FrameLog {
  const log = new FrameLog({ maxBytes: MB, spillDir: "/nowhere", log: listeningLog() });
  for (const line of lines) log.append(bytes(line));
  log.end(resultFrame(resultOf(runId, returnData)));
  return log;
}

/** The log of a run that prints more than memory holds, as a runner fills it. */
async function endedLong(runId: string, lines: readonly string[], spillDir: string): Promise<FrameLog> {
  const log = new FrameLog({ maxBytes: MB, spillDir, log: listeningLog() });
  for (const line of lines) {
    log.append(bytes(line));
    if (log.full) await new Promise<void>((resolve) => log.onceDrained(resolve));
  }
  log.end(resultFrame(resultOf(runId)));
  return log;
}

function storeIn(directory: string, maxBytes = 64 * MB) {
  const log = listeningLog();
  return { store: new ResultStore({ directory, maxBytes, log }), log };
}

/** A folder with the file of one run in it. */
async function withOneRun(dir: string, runId = "run", lines: readonly string[] = frames(5)): Promise<string> {
  const { store } = storeIn(dir);
  store.store(runId, start(0), ended(runId, lines));
  await store.close();
  return join(dir, (await readdir(dir))[0] ?? "");
}

async function sizeOf(dir: string): Promise<{ files: number; bytes: number }> {
  const sizes = await Promise.all((await readdir(dir)).map(async (name) => (await stat(join(dir, name))).size));
  return { files: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

async function read(store: ResultStore, runId: string, from = 0, startedAt?: string): Promise<string[] | undefined> {
  const found = await store.frames(runId, startedAt, from, never);
  return found && textOf(found);
}

const IDS = [
  "a",
  "A",
  "__proto__",
  "constructor",
  "",
  "con",
  "with\nbreak\u2028s",
  "ünïcödé 🏃",
  "\ud800",
  "../../etc/passwd",
  "x".repeat(256),
  "\u0001".repeat(256),
  `~${"0".repeat(64)}`,
];

describe("ResultStore: what is stored", () => {
  it("is found at once, from the disk and after a restart, whatever the run's id", async (t) => {
    const dir = join(await folder(t), "results");
    const first = storeIn(dir);
    IDS.forEach((id, n) => first.store.store(id, start(n), ended(id, frames(3), { id })));
    const check = async ({ store, log }: ReturnType<typeof storeIn>) => {
      for (const [n, id] of IDS.entries()) {
        const wanted = JSON.parse(JSON.stringify(resultOf(id, { id }))) as RunResult;
        assert.deepEqual(await store.result(id), wanted, JSON.stringify(id));
        assert.deepEqual(await store.result(id, start(n)), wanted);
        assert.deepEqual(await read(store, id, 2), [frame(2), resultLine(id, { id })]);
      }
      assert.deepEqual([await store.result("b"), await store.frames("b", undefined, 0, never)], [undefined, undefined]);
      assert.deepEqual(log.lines, []);
    };
    await check(first);
    await first.store.settled();
    await check(first);
    await first.store.close();
    await check(storeIn(dir));
  });

  it("is one file per run, named by its start and its id, that only the runner's user reads", async (t) => {
    const dir = await folder(t);
    const file = await withOneRun(dir, "0f8c6a4e-1111-4222-8333-944455566677", frames(2));
    assert.deepEqual(await readdir(dir), ["20240506T070809000Z-0f8c6a4e-1111-4222-8333-944455566677.ndjson"]);
    assert.equal(await readFile(file, "utf8"), [...frames(2), resultLine("0f8c6a4e-1111-4222-8333-944455566677")].join(""));
    assert.equal((await stat(file)).mode & 0o777, 0o600);
  });

  it("is read from any frame on", async (t) => {
    const { store } = storeIn(await folder(t));
    store.store("run", start(0), ended("run", frames(1_000)));
    store.store("empty", start(1), ended("empty", []));
    await store.settled();
    const whole = [...frames(1_000), resultLine("run")];
    for (const from of [0, 1, 999, 1_000, 1_001, 5_000])
      assert.deepEqual(await read(store, "run", from), whole.slice(from), `from ${from}`);
    assert.deepEqual(await read(store, "empty"), [resultLine("empty")]);
  });

  it("has a gap frame where frames are missing, from any frame on", async (t) => {
    const dir = await folder(t);
    const log = await endedLong("run", frames(20_000, 100), join(dir, "spilled"));
    const all = await textOf(log.read(0, never));
    const gapAt = all.findIndex((line) => line.startsWith('{"type":"gap"'));
    const { missing } = JSON.parse(all[gapAt] ?? "") as { missing: number };
    const starts = [0, 1, gapAt - 1, gapAt, gapAt + 1, gapAt + missing - 1, gapAt + missing, 19_999, 20_000, 20_001];
    const wanted = await Promise.all(starts.map((from) => textOf(log.read(from, never))));
    const { store } = storeIn(join(dir, "results"));
    store.store("run", start(0), log);
    const begunBefore = await store.frames("run", undefined, 0, never);
    await store.settled();
    assert.deepEqual(await textOf(begunBefore), wanted[0]);
    for (const [index, from] of starts.entries()) assert.deepEqual(await read(store, "run", from), wanted[index], `from ${from}`);
  });

  it("is written without delaying the caller", async (t) => {
    const dir = await folder(t);
    const { store } = storeIn(dir);
    await store.settled();
    store.store("run", start(0), ended("run", []));
    assert.equal((await store.result("run"))?.runId, "run");
    await store.close();
    assert.equal((await readdir(dir)).length, 1);
    store.store("late", start(1), ended("late", []));
    assert.equal(await store.result("late"), undefined);
  });

  it("survives a kill at any moment, once it is settled", async (t) => {
    const dir = await folder(t);
    const code = `
      import { ResultStore } from "../../runner/results/result-store.ts";
      import { FrameLog } from "../../runner/results/frame-log.ts";
      const lists = { automnLogs: [], automnNotifications: [] };
      const plain = { stderr: "", code: 0, duration: 1, returnData: null, ...lists, input: {}, reason: "exited" };
      const result = (n) => ({ ...plain, runId: String(n), stdout: "" });
      const store = new ResultStore({ directory: process.argv[1], maxBytes: 64e6, log: console });
      for (let n = Number(process.argv[2]); ; n++) {
        const frames = new FrameLog({ maxBytes: 1e6, spillDir: process.argv[1], log: console });
        for (let k = 0; k < n % 300; k++) frames.append(Buffer.from(JSON.stringify({ type: "log", line: "x".repeat(1000) }) + "\\n"));
        frames.end(Buffer.from(JSON.stringify({ type: "result", data: result(n) }) + "\\n"));
        store.store(String(n), new Date(n).toISOString(), frames);
        if (n % 5 === 0) { await store.settled(); console.log("safe " + n); }
      }`;
    for (let round = 0; round < 3; round++) {
      const child = program(t, code, { args: [dir, `${round * 10_000}`] });
      await until(() => child.output().split("safe").length > 10, "some runs are safe");
      child.kill("SIGKILL");
      await once(child, "close");
      const safe = Number(/.*safe (\d+)\n/s.exec(child.output())?.[1]);
      const { store, log } = storeIn(dir);
      for (let earlier = 0; earlier <= round; earlier++)
        for (let n = earlier * 10_000; n <= (earlier === round ? safe : earlier * 10_000 + 40); n++)
          assert.equal((await store.result(`${n}`))?.runId, `${n}`);
      await store.close();
      assert.deepEqual(log.lines, []);
    }
  });
});

describe("ResultStore: a run id that is used again", () => {
  it("means the last run, and each start its own", async (t) => {
    const dir = await folder(t);
    const { store } = storeIn(dir);
    for (let n = 0; n < 5; n++) {
      store.forget("same");
      store.store("same", start(n), ended("same", frames(n), n));
      assert.equal((await store.result("same"))?.returnData, n);
      assert.equal((await store.result("same", start(n)))?.returnData, n);
      assert.equal(await store.result("same", start(n + 1)), undefined);
      if (n % 2 === 0) await store.settled();
    }
    await store.close();
    assert.equal((await readdir(dir)).length, 1, "the earlier ones are removed");
    const again = storeIn(dir).store;
    assert.equal((await again.result("same"))?.returnData, 4);
    assert.equal(await again.result("same", start(3)), undefined);
    assert.equal((await read(again, "same"))?.length, 5);
  });

  it("is not answered by the earlier run, in whatever state that is", async (t) => {
    const dir = await folder(t);
    const { store } = storeIn(dir);
    for (const settle of [true, false]) {
      store.store("same", start(0), ended("same", []));
      if (settle) await store.settled();
      store.forget("same");
      assert.equal(await store.result("same", start(1)), undefined);
      await store.settled();
      assert.equal(await store.result("same"), undefined);
    }
    assert.deepEqual(await readdir(dir), []);
  });

  it("leaves one file where two were left behind by a crash", async (t) => {
    const dir = await folder(t);
    const file = await withOneRun(dir, "same");
    await writeFile(join(dir, "20240506T080000000Z-same.ndjson"), resultLine("same", "second"));
    await utimes(file, 1_000, 1_000);
    const { store } = storeIn(dir);
    assert.equal((await store.result("same"))?.returnData, "second");
    assert.deepEqual(await readdir(dir), ["20240506T080000000Z-same.ndjson"]);
  });
});

describe("ResultStore: its bounds", () => {
  it("keep the latest of 3,000 short runs within the bytes that their files take", async (t) => {
    const dir = await folder(t);
    const { store, log } = storeIn(dir, MB);
    for (let n = 0; n < 3_000; n++) {
      store.store(`${n}`, start(n), ended(`${n}`, frames(3)));
      if (n % 500 === 0) await store.settled();
    }
    await store.settled();
    assert.equal((await sizeOf(dir)).files, MB / 4096);
    assert.deepEqual(log.lines, []);
    const known = await Promise.all(Array.from({ length: 3_000 }, (_, n) => store.result(`${n}`)));
    const first = known.findIndex((result) => result !== undefined);
    assert.equal(first, 3_000 - MB / 4096);
    assert.ok(known.slice(first).every((result, n) => result?.runId === `${first + n}`));
    await store.close();
    assert.equal((await storeIn(dir, MB).store.result(`${first}`))?.runId, `${first}`);
  });

  it("hold for runs of very different sizes", async (t) => {
    const dir = await folder(t);
    const { store } = storeIn(join(dir, "results"), 4 * MB);
    for (let n = 0; n < 60; n++) {
      store.store(`${n}`, start(n), await endedLong(`${n}`, frames((n * 7919) % 9_000, 90), dir));
      await store.settled();
      assert.ok((await sizeOf(join(dir, "results"))).bytes <= 4 * MB);
      assert.equal((await store.result(`${n}`))?.runId, `${n}`);
    }
  });

  it("count from the time at which a run was stored, after a restart too", async (t) => {
    const dir = await folder(t);
    const first = storeIn(dir, 4 * MB);
    for (let n = 0; n < 100; n++) first.store.store(`${n}`, start(100 - n), ended(`${n}`, frames(20)));
    await first.store.close();
    for (const name of await readdir(dir)) {
      const n = Number(/-(\d+)\.ndjson$/.exec(name)?.[1]);
      await utimes(join(dir, name), n, n);
    }
    const smaller = storeIn(dir, 10 * 4096);
    assert.equal((await smaller.store.result("99"))?.runId, "99");
    assert.equal(await smaller.store.result("89"), undefined);
    assert.equal((await sizeOf(dir)).files, 10);
  });

  it("hold for a file that is larger than they are", async (t) => {
    const dir = await folder(t);
    await truncate(await withOneRun(dir), 8 * 1024 ** 3);
    const { store } = storeIn(dir);
    assert.equal(await store.result("run"), undefined);
    assert.deepEqual(await readdir(dir), []);
  });

  it("of 0 bytes keep nothing and remove what there was", async (t) => {
    const dir = await folder(t);
    await withOneRun(dir);
    const { store, log } = storeIn(dir, 0);
    store.store("new", start(1), ended("new", []));
    await store.settled();
    assert.equal(await store.result("new"), undefined);
    assert.deepEqual([await readdir(dir), log.lines], [[], []]);
  });

  it("leave out a run that is larger than everything, with a warning, and cost no other its place", async (t) => {
    const { store, log } = storeIn(await folder(t), MB);
    store.store("small", start(0), ended("small", []));
    store.store("huge", start(1), ended("huge", [], "r".repeat(2 * MB)));
    await store.settled();
    assert.equal(await store.result("huge"), undefined);
    assert.equal((await store.result("small"))?.runId, "small");
    assert.match(log.lines.join("\n"), /^warn Cannot keep the results of runs .*bytes[^\n]*$/);
  });

  it("hold for what waits for the disk", async (t) => {
    const { store, log } = storeIn(await folder(t), 64 * MB);
    const big = "r".repeat(20 * MB);
    for (let n = 0; n < 3; n++) store.store(`${n}`, start(n), ended(`${n}`, [], big));
    assert.equal((await store.result("0"))?.returnData, big);
    assert.equal(await store.result("2"), undefined);
    await store.settled();
    assert.match(log.lines[0] ?? "", /^warn Cannot keep the results of runs .*too slow/);
  });
});

const DAMAGES: readonly [string, (file: string) => Promise<unknown>][] = [
  ["is empty", (file) => truncate(file, 0)],
  ["is cut off in its result", async (file) => truncate(file, (await stat(file)).size - 10)],
  ["holds zeros, as after a power cut", (file) => writeFile(file, Buffer.alloc(9_000))],
  ["has no line break", (file) => writeFile(file, "x".repeat(200_000))],
  ["ends with another frame", (file) => writeFile(file, frame(0))],
  ["holds the result of another run", (file) => writeFile(file, resultLine("another"))],
  ["holds a result without its code", (file) => writeFile(file, resultLine("run").replace('"code":0,', ""))],
  ["holds a result whose code is a text", (file) => writeFile(file, resultLine("run").replace('"code":0', '"code":"0"'))],
  ["holds a result whose logs are none", (file) => writeFile(file, resultLine("run").replace('"automnLogs":[]', '"automnLogs":[null]'))],
  [
    "holds a result that is nested without end",
    (file) => writeFile(file, `{"type":"result","data":${'{"a":'.repeat(50_000)}1${"}".repeat(50_001)}\n`),
  ],
  [
    "holds a value that is nested too deep to be written again",
    (file) => writeFile(file, resultLine("run", "DEEP").replace('"DEEP"', `${"[".repeat(20_000)}${"]".repeat(20_000)}`)),
  ],
  ["is as large as a disk and holds nothing", (file) => truncate(file, 8 * 1024 ** 3)],
  ["is as large as a disk and one line", async (file) => { await truncate(file, 8 * 1024 ** 3); await appendFile(file, "\n"); }],
  ["is a FIFO", async (file) => { await rm(file); execFileSync("mkfifo", [file]); }],
  [
    "is a symbolic link",
    async (file) => { await rm(file); await writeFile(`${file}.target`, resultLine("run")); await symlink(`${file}.target`, file); },
  ],
  ["is a link to a device", async (file) => { await rm(file); await symlink("/dev/zero", file); }],
  ["is a folder", async (file) => { await rm(file); await mkdir(file); }],
];
describe("ResultStore: a file that somebody else has written", { skip: process.platform === "win32" }, () => {
  for (const [name, damage] of DAMAGES)
    it(`that ${name} is one warning and no result`, async (t) => {
      const dir = await folder(t);
      const file = await withOneRun(dir);
      await damage(file);
      const { store, log } = storeIn(dir, 1024 ** 4);
      for (const startedAt of [undefined, start(0), undefined]) {
        assert.equal(await store.result("run", startedAt), undefined);
        assert.equal(await store.frames("run", startedAt, 0, never), undefined);
      }
      assert.equal(log.lines.length, 1, log.lines.join("\n"));
      assert.match(log.lines[0] ?? "", /^warn Cannot read the kept result of a run; it is removed .*run\.ndjson/);
      store.store("new", start(1), ended("new", []));
      await store.settled();
      assert.equal((await store.result("new"))?.runId, "new");
    });

  it("that holds lines that are no frames before its result ends there, with one warning", async (t) => {
    for (const line of ["nonsense\n", "\n", "\0\0\0\n", '{"type":"gap","missing":-5}\n', '{"type":"gap","missing":1e300}\n', "[]\n"]) {
      const dir = await folder(t);
      const file = await withOneRun(dir);
      await writeFile(file, [frame(0), line, resultLine("run")].join(""));
      const { store, log } = storeIn(dir);
      assert.deepEqual(await read(store, "run"), [frame(0)]);
      assert.equal(log.lines.length, 1);
      assert.equal(await read(store, "run"), undefined);
    }
  });

  it("that may not be read is said and stays", { skip: process.getuid?.() === 0 && "root may read everything" }, async (t) => {
    const dir = await folder(t);
    const file = await withOneRun(dir);
    await chmod(file, 0);
    const { store, log } = storeIn(dir);
    assert.equal(await store.result("run"), undefined);
    assert.match(log.lines.join("\n"), /^warn Cannot read the kept result of a run .*EACCES/);
    assert.equal((await readdir(dir)).length, 1);
  });
});

describe("ResultStore: its folder", () => {
  it("is made anew where it was removed, and what was in it is not known any more", async (t) => {
    const dir = join(await folder(t), "results");
    const { store, log } = storeIn(dir);
    store.store("before", start(0), ended("before", []));
    await store.settled();
    await rm(dir, { recursive: true });
    assert.deepEqual([await store.result("before"), await store.frames("before", undefined, 0, never)], [undefined, undefined]);
    store.store("after", start(1), ended("after", frames(2)));
    await store.settled();
    assert.equal((await read(store, "after"))?.length, 3);
    assert.deepEqual(log.lines, []);
  });

  it("that cannot be used is said once, and once more when it can be", async (t) => {
    const dir = join(await folder(t), "results");
    await writeFile(dir, "in the way");
    const { store, log } = storeIn(dir);
    for (let n = 0; n < 5; n++) {
      store.store(`${n}`, start(n), ended(`${n}`, []));
      await store.settled();
    }
    assert.deepEqual([await store.result("0"), await store.result("0", start(0))], [undefined, undefined]);
    await rm(dir);
    store.store("new", start(9), ended("new", []));
    await store.settled();
    assert.equal((await store.result("new"))?.runId, "new");
    assert.deepEqual(log.lines.map((line) => line.replace(/ \{"directory.*/, "")), [
      "warn Cannot read the results of earlier runs",
      "warn Cannot keep the results of runs",
      'info Results of runs are kept again {"runsLost":5}',
    ]);
  });

  it("on a full disk keeps the new runs in place of the oldest", async (t) => {
    const disk = await smallDisk(t, MB);
    if (disk === undefined) return t.skip("this user cannot mount a small disk");
    const { store, log } = storeIn(disk, 4 * MB);
    for (let n = 0; n < 300; n++) {
      store.store(`${n}`, start(n), ended(`${n}`, frames(100 * (1 + (n % 5)))));
      await store.settled();
      assert.equal((await store.result(`${n}`))?.runId, `${n}`);
    }
    assert.equal(await store.result("0"), undefined);
    assert.deepEqual(log.lines, []);
    await store.close();
    assert.equal((await storeIn(disk, 4 * MB).store.result("299"))?.runId, "299");
  });

  it("under a limit on the size of files keeps the runs that fit", { skip: process.platform !== "linux" }, async (t) => {
    const dir = await folder(t);
    const child = program(t, `
      import { ResultStore } from "../../runner/results/result-store.ts";
      import { FrameLog } from "../../runner/results/frame-log.ts";
      const say = (message) => console.log("said", message);
      const log = { info: say, warn: say };
      const lists = { automnLogs: [], automnNotifications: [] };
      const plain = { stderr: "", code: 0, duration: 1, returnData: null, ...lists, input: {}, reason: "exited" };
      const store = new ResultStore({ directory: process.argv[1], maxBytes: 64e6, log });
      let kept = 0;
      for (let n = 0; n < 20; n++) {
        const frames = new FrameLog({ maxBytes: 1e6, spillDir: process.argv[1], log });
        const result = { ...plain, runId: String(n), stdout: "x".repeat(n === 10 ? 60000 : 1000) };
        frames.end(Buffer.from(JSON.stringify({ type: "result", data: result }) + "\\n"));
        store.store(String(n), new Date(n).toISOString(), frames);
        await store.settled();
        kept += (await store.result(String(n)))?.runId === String(n);
      }
      console.log("kept", kept);`, { args: [dir], prefix: ["prlimit", "--fsize=50000"] });
    await once(child, "close");
    assert.match(child.output(), /^said Cannot keep the results of runs\nsaid Results of runs are kept again\nkept 19\n$/);
    assert.equal((await readdir(dir)).length, 19, "nothing half written is left");
  });

  it("may hold what is not the store's, and loses what is left of a crash and of version 0.3.0, said once", async (t) => {
    const dir = await folder(t);
    await mkdir(join(dir, "mine"));
    const [stale, busy] = [".20240506T070809000Z-run.ndjson.77", ".20240506T070809000Z-busy.ndjson.78"];
    for (const name of ["notes.ndjson", "000001.ndjson", "000002.ndjson", stale, busy]) await writeFile(join(dir, name), "x");
    await utimes(join(dir, stale), 1_000, 1_000);
    const { store, log } = storeIn(dir);
    await store.settled();
    assert.deepEqual((await readdir(dir)).sort(), [busy, "mine", "notes.ndjson"]);
    assert.deepEqual(
      log.lines.map((line) => line.replace(/"directory":"[^"]*",/, "")),
      ["info Results that version 0.3.0 had kept were removed: its files are not read any more {\"files\":2}"],
    );
  });

  it("is shared: what another runner keeps there is found by its start", async (t) => {
    const dir = await folder(t);
    const [one, other] = [storeIn(dir), storeIn(dir)];
    await Promise.all([one.store.settled(), other.store.settled()]);
    one.store.store("run", start(0), ended("run", []));
    await one.store.settled();
    assert.equal((await other.store.result("run", start(0)))?.runId, "run");
    assert.equal(await other.store.result("run", start(1)), undefined);
  });
});
