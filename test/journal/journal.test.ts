import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { readdir, readFile, rename, rm, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { openJournal } from "../../runner/journal/journal.ts";
import type { EndEntry, Entry, ProcessEntry, StartEntry } from "../../runner/journal/journal.ts";
import { folder, listeningLog, program, run, smallDisk, until } from "../support/results.ts";

const BIG = 16 * 1024 * 1024;

function started(runId: string, more: Partial<StartEntry> = {}): StartEntry {
  return {
    event: "start", at: "2024-05-06T07:08:09.123Z", runId, owner: "1-2", name: "a script", language: "node",
    sha256: "ab".repeat(32), trigger: { by: "webhook" }, variables: ["AUTOMN_VAR_A"], ...more,
  };
}

function ended(runId: string, more: Partial<EndEntry> = {}): EndEntry {
  return { event: "end", at: "2024-05-06T07:08:10.123Z", runId, reason: "exited", code: 0, durationMs: 12, ...more };
}

async function journalIn(directory: string, maxBytes = BIG) {
  const log = listeningLog();
  return { ...(await openJournal({ directory, maxBytes, log, retryMs: 20 })), log };
}

async function rows(file: string): Promise<Record<string, unknown>[]> {
  return (await readFile(file, "utf8")).split("\n").filter(Boolean).map((line) => JSON.parse(line) as Record<string, unknown>);
}

test("Journal: entries are lines in the order of the events, in a file that only its user reads", async (t) => {
  const dir = await folder(t);
  const { journal, open, recent } = await journalIn(join(dir, "new"));
  assert.deepEqual([open, recent], [[], []]);
  const entries = Array.from({ length: 500 }, (_, n) => (n % 2 === 0 ? started(`run ${n >> 1}`) : ended(`run ${n >> 1}`)));
  for (const entry of entries) journal.append(entry);
  await journal.settled();
  assert.deepEqual(await rows(join(dir, "new", "runs.ndjson")), entries);
  assert.equal((await stat(join(dir, "new", "runs.ndjson"))).mode & 0o777, 0o600);
  assert.equal(journal.problem, undefined);
  await journal.close();
});

test("Journal.append: touches no file before it returns, and what is queued goes out together", async (t) => {
  const dir = await folder(t);
  const { journal } = await journalIn(dir);
  for (let n = 0; n < 1_000; n++) journal.append(started(`${n}`));
  assert.deepEqual(readdirSync(dir), []);
  await journal.close();
  assert.equal((await rows(join(dir, "runs.ndjson"))).length, 1_000);
});

test("openJournal: tells which runs are open and the last 200", async (t) => {
  const dir = await folder(t);
  const ids = ["__proto__", "with\nbreak\u2028s", "ünïcödé 🏃", "constructor", "", "\ud800"];
  const { journal } = await journalIn(dir);
  for (let n = 0; n < 450; n++) for (const entry of [started(`${n}`), ended(`${n}`, { code: n })]) journal.append(entry);
  ids.forEach((id) => journal.append(started(id)));
  journal.append(ended("never started"));
  journal.append(started("again", { pid: 1 }));
  journal.append(ended("again", { code: 1 }));
  journal.append(started("again", { pid: 2, at: "2024-05-06T07:08:11.000Z" }));
  journal.append(ended("ünïcödé 🏃", { reason: "signalled", signal: "SIGKILL", code: 137 }));
  await journal.close();

  const { open, recent, log } = await journalIn(dir);
  assert.deepEqual(open.map(({ runId }) => runId), ["__proto__", "with\nbreak\u2028s", "constructor", "", "\ud800", "again"]);
  assert.equal(open.at(-1)?.pid, 2);
  assert.equal(recent.length, 200);
  assert.deepEqual(recent.at(-1), { start: started("again", { pid: 2, at: "2024-05-06T07:08:11.000Z" }) });
  assert.deepEqual(recent.at(-2)?.end?.code, 1);
  assert.deepEqual(recent[0]?.start.runId, "258");
  assert.deepEqual(log.lines, []);
});

test("openJournal: a torn last line is said and skipped, and the next append starts on a line of its own", async (t) => {
  const dir = await folder(t);
  const file = join(dir, "runs.ndjson");
  const first = await journalIn(dir);
  for (const entry of [started("a"), ended("a"), started("b"), ended("b")]) first.journal.append(entry);
  await first.journal.close();
  await truncate(file, (await stat(file)).size - 30);

  const { journal, open, log } = await journalIn(dir);
  assert.deepEqual(open.map(({ runId }) => runId), ["b"]);
  assert.match(log.lines.join("\n"), /^warn The journal's last line is torn/);
  journal.append(ended("b", { reason: "lost" }));
  await journal.close();
  const text = await readFile(file, "utf8");
  assert.deepEqual(JSON.parse(text.trimEnd().split("\n").at(-1) ?? ""), ended("b", { reason: "lost" }));
  const third = await journalIn(dir);
  assert.deepEqual(third.open, []);
  assert.match(third.log.lines.join("\n"), /^warn Lines of the journal cannot be read.*"lines":1/);
});

/** A line of each kind with one field replaced; `undefined` leaves it out. */
function spoilt(entry: Entry, field: string, value: unknown): string {
  return `${JSON.stringify({ ...entry, [field]: value })}\n`;
}

const PROCESS: ProcessEntry = {
  event: "process",
  at: "2024-05-06T07:08:09.223Z",
  runId: "a",
  startedAt: "2024-05-06T07:08:09.123Z",
  pid: 7,
  startTime: "99",
  mark: "m",
};
const WRONG: readonly [Entry, string, readonly unknown[]][] = [
  [started("x"), "at", [undefined, 5, "yesterday", null]],
  [started("x"), "runId", [undefined, 7, ["x"]]],
  [started("x"), "owner", [undefined, 7, null, {}]],
  [started("x"), "name", [undefined, 7]],
  [started("x"), "language", [undefined, []]],
  [started("x"), "sha256", [undefined, 7]],
  [started("x"), "scriptId", [7, null]],
  [started("x"), "version", [7, {}]],
  [started("x"), "trigger", [undefined, "webhook", null, []]],
  [started("x"), "variables", [undefined, "A", [7], {}]],
  [started("x"), "pid", ["1", -1, 1.5, null]],
  [started("x"), "startTime", [7]],
  [started("x"), "mark", [7]],
  [PROCESS, "pid", [undefined, "1", -1]],
  [PROCESS, "mark", [undefined, 7]],
  [PROCESS, "startedAt", [7, "yesterday"]],
  [PROCESS, "startTime", [7]],
  [ended("a"), "at", [undefined, "soon"]],
  [ended("a"), "startedAt", [7, "yesterday"]],
  [ended("a"), "reason", [undefined, 7]],
  [ended("a"), "code", [undefined, "0", 1.5]],
  [ended("a"), "durationMs", [undefined, -1, "5"]],
  [ended("a"), "signal", [9]],
  [ended("a"), "bytesOut", [7, {}, { stdout: 1, stderr: "2" }]],
  [ended("a"), "maxRssBytes", ["7"]],
  [ended("a"), "leftovers", ["none", [7], [{ pid: 1 }]]],
  [ended("a"), "installs", [{}]],
  [ended("a"), "event", [undefined, "stop", ["end"]]],
];
for (const [entry, field, values] of WRONG)
  test(`openJournal: a ${entry.event} line with a wrong ${field} is skipped, with one warning for all of them`, async (t) => {
    const dir = await folder(t);
    const good = `${JSON.stringify(started("a"))}\n`;
    await writeFile(join(dir, "runs.ndjson"), good + values.map((value) => spoilt(entry, field, value)).join(""));
    const { open, recent, log } = await journalIn(dir);
    assert.deepEqual([open, recent], [[started("a")], [{ start: started("a") }]]);
    assert.equal(log.lines.length, 1);
    assert.match(
      log.lines[0] ?? "",
      new RegExp(`^warn Lines of the journal cannot be read and are skipped .*"lines":${values.length}\\}$`),
    );
  });

test("openJournal: lines that are no entries are skipped and counted", async (t) => {
  const dir = await folder(t);
  await writeFile(
    join(dir, "runs.ndjson"),
    `null\n[]\n\n{"event":"start"}\n{"event":"other","runId":"x","at":"t"}\n${JSON.stringify(started("a"))}\n\0\0\0\n`,
  );
  const { open, log } = await journalIn(dir);
  assert.deepEqual(open, [started("a")]);
  assert.match(log.lines.join("\n"), /"lines":5/);
});

test("openJournal: every entry that the runner writes is read again", async (t) => {
  const dir = await folder(t);
  const whole: EndEntry = ended("a", {
    startedAt: started("a").at, reason: "signalled", signal: "SIGKILL", code: 137, bytesOut: { stdout: 1, stderr: 0 }, maxRssBytes: 5,
    leftovers: [{ pid: 9, command: "sleep 1" }], installs: [{ package: "x" }],
  });
  const start = started("a", { scriptId: "s", version: "1", trigger: { by: "u", userId: "7", context: [1] } });
  const { journal } = await journalIn(dir);
  for (const entry of [start, PROCESS, whole]) journal.append(entry);
  await journal.close();
  const { recent, log } = await journalIn(dir);
  assert.deepEqual(recent, [{ start: { ...start, pid: 7, startTime: "99", mark: "m" }, end: whole }]);
  assert.deepEqual(log.lines, []);
});

const LATER = "2024-05-06T07:10:00.000Z";
test("openJournal: a run id that was used twice is two runs, each with its own process and end", async (t) => {
  const dir = await folder(t);
  const { journal } = await journalIn(dir);
  const [first, second] = [started("same"), started("same", { at: LATER })];
  const lines: Entry[] = [
    first, second, { ...PROCESS, runId: "same", startedAt: LATER, pid: 22 }, { ...PROCESS, runId: "same", startedAt: first.at, pid: 11 },
    ended("same", { startedAt: first.at, reason: "lost", code: 255 }),
  ];
  for (const line of lines) journal.append(line);
  await journal.close();
  const { open, recent, journal: again } = await journalIn(dir);
  assert.deepEqual(open.map(({ at, pid }) => [at, pid]), [[LATER, 22]]);
  assert.deepEqual(recent.map(({ start, end }) => [start.at, start.pid, end?.reason]), [[first.at, 11, "lost"], [LATER, 22, undefined]]);
  again.append(ended("same", { startedAt: LATER }));
  await again.close();
  const third = await journalIn(dir);
  assert.deepEqual([third.open, third.recent.map(({ end }) => end?.reason)], [[], ["lost", "exited"]]);
});

test("openJournal: lines of version 0.3.0, which do not tell the start, are paired with it", async (t) => {
  const { startedAt: _, ...process } = PROCESS;
  const cases: readonly [readonly Entry[], readonly (readonly [string, number | undefined, string | undefined])[]][] = [
    [[started("a"), process, ended("a")], [[started("a").at, 7, "exited"]]],
    [
      [started("a"), ended("a"), started("a", { at: LATER }), ended("a", { reason: "returned" })],
      [[started("a").at, undefined, "exited"], [LATER, undefined, "returned"]],
    ],
    // the runner was killed and the id used again before its recovery had said so
    [
      [started("a"), started("a", { at: LATER }), process, ended("a", { reason: "lost" })],
      [[started("a").at, undefined, "lost"], [LATER, 7, undefined]],
    ],
    [[started("a"), started("a", { at: LATER }), ended("a")], [[started("a").at, undefined, undefined], [LATER, undefined, "exited"]]],
  ];
  for (const [lines, wanted] of cases) {
    const dir = await folder(t);
    await writeFile(join(dir, "runs.ndjson"), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    const { recent } = await journalIn(dir);
    assert.deepEqual(recent.map(({ start, end }) => [start.at, start.pid, end?.reason]), wanted);
  }
});

test("openJournal: a FIFO in the place of a file is said and hinders nothing", { skip: process.platform === "win32" }, async (t) => {
  const dir = await folder(t);
  assert.equal(await run("mkfifo", join(dir, "runs.ndjson")), 0);
  await writeFile(join(dir, "runs.ndjson.1"), `${JSON.stringify(started("a"))}\n`);
  const { journal, open, log } = await journalIn(dir);
  assert.deepEqual(open.map(({ runId }) => runId), ["a"]);
  assert.match(log.lines.join("\n"), /^warn Cannot read the journal.*it is no regular file/);
  journal.append(ended("a"));
  await journal.settled();
  assert.match(journal.problem ?? "", /no regular file/);
  await rm(join(dir, "runs.ndjson"));
  await until(() => journal.problem === undefined, "the journal is written by itself");
  await journal.close();
  assert.deepEqual((await journalIn(dir)).open, []);
});

test("openJournal: a line without end is read in bounded memory", async (t) => {
  const dir = await folder(t);
  await writeFile(join(dir, "runs.ndjson"), `${JSON.stringify(started("a"))}\n`);
  await truncate(join(dir, "runs.ndjson"), 8 * 1024 ** 3);
  const { open, log } = await journalIn(dir);
  assert.deepEqual(open.map(({ runId }) => runId), ["a"]);
  assert.match(log.lines.join("\n"), /^warn Cannot read the journal.*a line is longer/);
});

test("openJournal: a file that is no file is said and skipped", async (t) => {
  const dir = await folder(t);
  await symlink(".", join(dir, "runs.ndjson.2"));
  await writeFile(join(dir, "runs.ndjson.1"), `${JSON.stringify(started("a"))}\n`);
  const { journal, open, log } = await journalIn(dir);
  assert.deepEqual(open.map(({ runId }) => runId), ["a"]);
  assert.match(log.lines.join("\n"), /^warn Cannot read the journal.*runs\.ndjson\.2/);
  await journal.close();
});

test("Journal: files are rotated by size and bounded in number; an open run survives that", async (t) => {
  const dir = await folder(t);
  const { journal } = await journalIn(dir, 4096);
  journal.append(started("long"));
  for (let n = 0; n < 400; n++) {
    for (const entry of [started(`${n}`), ended(`${n}`)]) journal.append(entry);
    if (n % 7 === 0) await journal.settled();
  }
  await journal.close();
  assert.deepEqual((await readdir(dir)).sort(), ["runs.ndjson", "runs.ndjson.1", "runs.ndjson.2", "runs.ndjson.3", "runs.ndjson.4"]);
  for (const name of await readdir(dir)) assert.ok((await stat(join(dir, name))).size <= 4096, name);
  const again = await journalIn(dir, 4096);
  assert.deepEqual(again.open, [started("long")]);
  assert.equal(again.recent.at(-1)?.start.runId, "399");
  assert.deepEqual(again.recent.filter(({ start, end }) => end === undefined && start.runId !== "long"), []);

  for (let n = 400; n < 800; n++) for (const entry of [started(`${n}`), ended(`${n}`)]) again.journal.append(entry);
  again.journal.append(ended("long"));
  await again.journal.close();
  assert.deepEqual((await journalIn(dir, 4096)).open, []);
});

test("Journal: more open runs than fit into a file do not keep it rotating", async (t) => {
  const dir = await folder(t);
  const { journal } = await journalIn(dir, 4096);
  for (let n = 0; n < 300; n++) journal.append(started(`${n}`));
  await journal.close();
  assert.equal((await readdir(dir)).length, 5);
});

test("Journal: an entry of any size is a line of at most 64 KiB that says that it was shortened", async (t) => {
  const dir = await folder(t);
  const { journal } = await journalIn(dir);
  const variables = Array.from({ length: 50_000 }, (_, n) => `V${n}`);
  journal.append(started("big", { name: "n".repeat(100_000), trigger: { context: "c".repeat(1_000_000) }, variables }));
  await journal.close();
  const { open } = await journalIn(dir);
  assert.deepEqual(open, [{ ...started("big", { name: "n".repeat(1024), trigger: {}, variables: [] }), shortened: true }]);
});

test("Journal: a state folder that is removed under it is made anew", async (t) => {
  const dir = join(await folder(t), "state");
  const { journal, log } = await journalIn(dir);
  journal.append(started("before"));
  await journal.settled();
  await rm(dir, { recursive: true });
  journal.append(started("after"));
  await journal.settled();
  assert.deepEqual(await rows(join(dir, "runs.ndjson")), [started("after")]);
  assert.deepEqual([journal.problem, log.lines], [undefined, []]);
  await rename(join(dir, "runs.ndjson"), join(dir, "moved.by.logrotate"));
  journal.append(started("later"));
  await journal.close();
  assert.deepEqual(await rows(join(dir, "runs.ndjson")), [started("later")]);
});

test("Journal: a failing file is said once, and what waits is written when it can be, at most 10,000 lines", async (t) => {
  const dir = join(await folder(t), "state");
  await writeFile(dir, "in the way");
  const { journal, log } = await journalIn(dir);
  for (let n = 0; n < 10_050; n++) {
    journal.append(started(`${n}`));
    if (n % 1000 === 0) await journal.settled();
  }
  await journal.settled();
  assert.match(journal.problem ?? "", /^Cannot write the journal .*runs\.ndjson: E/);
  assert.equal(log.lines.filter((line) => line.startsWith("error")).length, 1);
  await rm(dir);
  await until(() => journal.problem === undefined, "the journal is written by itself");
  assert.match(log.lines.at(-1) ?? "", /^info The journal can be written again .*"linesLost":50/);
  assert.deepEqual(
    (await rows(join(dir, "runs.ndjson"))).map(({ runId }) => Number(runId)),
    Array.from({ length: 10_000 }, (_, n) => n + 50),
  );
  await journal.close();
});

test("Journal.close: while the file cannot be written, it ends and says what is lost", async (t) => {
  const dir = join(await folder(t), "state");
  await writeFile(dir, "in the way");
  const { journal, log } = await journalIn(dir);
  for (const entry of [started("a"), ended("a")]) journal.append(entry);
  await journal.close();
  journal.append(started("ignored"));
  assert.match(log.lines.at(-1) ?? "", /^error The journal ends without its last lines .*"lines":2/);
});

test("Journal: on a full disk lines wait, none is written twice, and all are there when there is space again", async (t) => {
  const disk = await smallDisk(t, 64 * 1024);
  if (disk === undefined) return t.skip("this user cannot mount a small disk");
  await writeFile(join(disk, "hog"), Buffer.alloc(48 * 1024));
  const { journal, log } = await journalIn(join(disk, "state"));
  for (let n = 0; n < 200; n++) {
    journal.append(started(`${n}`));
    if (n % 3 === 0) await journal.settled();
  }
  await journal.settled();
  assert.match(journal.problem ?? "", /ENOSPC/);
  assert.equal(log.lines.length, 1);
  await rm(join(disk, "hog"));
  await until(() => journal.problem === undefined, "there is space again");
  await journal.close();
  const lines = (await readFile(join(disk, "state", "runs.ndjson"), "utf8")).split("\n");
  const ids = lines.flatMap((line) => { try { return [(JSON.parse(line) as StartEntry).runId]; } catch { return []; } });
  assert.deepEqual(ids.map(Number), Array.from({ length: 200 }, (_, n) => n));
});

const WRITER = `
  import { openJournal } from "../../runner/journal/journal.ts";
  const say = (message) => console.log("said", message);
  const log = { info: say, warn: say, error: say };
  const { journal } = await openJournal({ directory: process.argv[1], maxBytes: 1e9, retryMs: 20, log });
  const start = { event: "start", at: "2024-05-06T07:08:09.123Z", owner: "o", language: "node", sha256: "", trigger: {}, variables: [] };
  for (let n = 0; n < Number(process.argv[2]); n++) {
    journal.append({ ...start, runId: String(n), name: "x".repeat(n % 977) });
    if (n % 5 === 0) { await journal.settled(); console.log("safe", n); }
  }
  await journal.settled();
  console.log("problem", journal.problem);
  setInterval(() => { if (!journal.problem) { console.log("done"); process.exit(); } }, 10);`;

const onLinux = { skip: process.platform !== "linux" };
test("Journal: a limit on the size of files is said, not died of, and lines follow when it is lifted", onLinux, async (t) => {
  const dir = await folder(t);
  const child = program(t, WRITER, { args: [dir, "300"], prefix: ["prlimit", "--fsize=40000:unlimited"] });
  await until(() => child.output().includes("problem "), "all is appended");
  assert.match(child.output(), /problem Cannot write the journal .*EFBIG/);
  assert.equal((await stat(join(dir, "runs.ndjson"))).size, 40_000);
  assert.equal(await run("prlimit", `--pid=${child.pid}`, "--fsize=unlimited:unlimited"), 0);
  await once(child, "exit");
  assert.deepEqual(
    child.output().match(/said .*/g),
    ["said Cannot write the journal; its lines are kept and tried again", "said The journal can be written again"],
  );
  const { open, log } = await journalIn(dir);
  assert.deepEqual(open.map(({ runId }) => Number(runId)), Array.from({ length: 300 }, (_, n) => n));
  assert.match(log.lines.join("\n"), /^warn Lines of the journal cannot be read.*"lines":1\}$/);
});

test("Journal: a kill at any moment of constant appending loses nothing that was settled", async (t) => {
  const dir = await folder(t);
  for (let round = 0; round < 5; round++) {
    const child = program(t, WRITER, { args: [join(dir, `${round}`), "1000000"] });
    await until(() => child.output().split("safe").length > 20 * (round + 1), "some lines are safe");
    child.kill("SIGKILL");
    await once(child, "exit");
    const safe = Number(child.output().match(/safe (\d+)\n(?!.*safe \d+\n)/s)?.[1]);
    const { open, journal } = await journalIn(join(dir, `${round}`));
    const ids = open.map(({ runId }) => Number(runId));
    assert.deepEqual(ids, ids.map((_, n) => n));
    assert.ok(ids.length > safe, `${ids.length} lines, ${safe} of them promised`);
    journal.append(ended("0"));
    await journal.close();
    assert.equal((await journalIn(join(dir, `${round}`))).open.length, ids.length - 1);
  }
});

test("Journal: two processes that share the folder lose no line to each other's rotation", async (t) => {
  const dir = await folder(t);
  const one = await journalIn(dir, 64 * 1024);
  const other = await journalIn(dir, 64 * 1024);
  for (let n = 0; n < 200; n++) {
    one.journal.append(started(`one ${n}`));
    other.journal.append(started(`other ${n}`));
    await one.journal.settled();
    await other.journal.settled();
  }
  await Promise.all([one.journal.close(), other.journal.close()]);
  assert.equal(new Set((await journalIn(dir, 64 * 1024)).open.map(({ runId }) => runId)).size, 400);
});
