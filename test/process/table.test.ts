import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { describe, it } from "node:test";
import { KEEP_VARIABLE, MARK_VARIABLE } from "../../runner/process/environment.ts";
import { createLinuxTable } from "../../runner/process/table-linux.ts";
import { createPsTable } from "../../runner/process/table-ps.ts";
import { createWindowsTable } from "../../runner/process/table-windows.ts";
import { processTable } from "../../runner/process/table.ts";
import type { ProcessTable } from "../../runner/process/table.ts";
import { startZombie } from "../support/zombie.ts";

/** Above the largest pid that a kernel gives out. */
const NOBODY = 2 ** 22 + 1;

type Sleeper = ChildProcess & { readonly pid: number };

/** A process that sleeps at the head of its own group; killed after the test. */
async function sleeper(t: { after(end: () => void): void }, environment: NodeJS.ProcessEnv = {}): Promise<Sleeper> {
  const child = spawn("sleep", ["60"], { env: { PATH: process.env["PATH"], ...environment }, stdio: "ignore", detached: true });
  t.after(() => void child.kill("SIGKILL"));
  await once(child, "spawn");
  return child as Sleeper;
}

const tables: readonly [string, () => ProcessTable, string | false][] = [
  ["Linux", createLinuxTable, process.platform !== "linux" && "Linux only"],
  ["ps", createPsTable, process.platform === "win32" && "not on Windows"],
  ["Windows", createWindowsTable, false],
];

for (const [name, make, skip] of tables) describe(`the process table of ${name}`, { skip }, () => {
  const table = make();

  it("isRunning: this process is, by its own start time and by its pid alone", async () => {
    assert.equal(await table.isRunning(process.pid, table.startTime(process.pid)), true);
    assert.equal(await table.isRunning(process.pid, undefined), true);
  });

  it("isRunning: one that has ended is not, by whatever it was known", async (t) => {
    const child = await sleeper(t);
    const startTime = table.startTime(child.pid);
    assert.equal(await table.isRunning(child.pid, startTime), true);
    child.kill("SIGKILL");
    await once(child, "exit");
    assert.deepEqual([await table.isRunning(child.pid, startTime), await table.isRunning(child.pid, undefined)], [false, false]);
    assert.equal(await table.isRunning(NOBODY, undefined), false);
  });

  it("startTime: nothing of a process that is not there", () => assert.equal(table.startTime(NOBODY), undefined));

  it("markOf: nothing of a process that is not there", () => assert.equal(table.markOf(NOBODY), undefined));
});

describe("the process table of Linux", { skip: process.platform !== "linux" && "Linux only" }, () => {
  const table = createLinuxTable();

  it("isRunning: a later process of the same pid is another one", async () => {
    assert.equal(await table.isRunning(process.pid, `1${table.startTime(process.pid)}`), false);
  });

  it("isRunning: a process that nobody has reaped does not run", async (t) => {
    assert.equal(await table.isRunning(await startZombie(t), undefined), false);
  });

  it("list: each process with its group, its start and what it uses", async (t) => {
    const { pid } = await sleeper(t);
    const all = await table.list();
    const found = all.find((one) => one.pid === pid);
    assert.deepEqual([found?.group, found?.startTime], [pid, table.startTime(pid)]);
    const own = all.find((one) => one.pid === process.pid);
    assert.ok(Math.abs((own?.rssBytes ?? 0) / process.memoryUsage.rss() - 1) < 0.5, `${own?.rssBytes} bytes`);
  });

  it("markOf: the run that a process belongs to, and whether it is meant to stay", async (t) => {
    const marked = await sleeper(t, { [MARK_VARIABLE]: "a.b" });
    const kept = await sleeper(t, { [MARK_VARIABLE]: "a.b", [KEEP_VARIABLE]: "1" });
    const bare = await sleeper(t, { [KEEP_VARIABLE]: "1" });
    assert.deepEqual(table.markOf(marked.pid), { mark: "a.b", keep: false });
    assert.deepEqual(table.markOf(kept.pid), { mark: "a.b", keep: true });
    assert.equal(table.markOf(bare.pid), undefined);
  });
});

describe("the process table by ps", () => {
  const STARTED = Date.parse("2025-11-05T02:52:07Z") / 1000;
  function running(line: string | Error, startTime?: number, pid = NOBODY): Promise<boolean> {
    const table = createPsTable(() => (line instanceof Error ? Promise.reject(line) : Promise.resolve(line)));
    return table.isRunning(pid, startTime === undefined ? undefined : String(startTime));
  }

  const rows: readonly [string, string, number | undefined, boolean][] = [
    ["that started then runs", "Ss   Wed Nov  5 02:52:07 2025\n", STARTED, true],
    ["whose start is rounded otherwise runs", "R+   Wed Nov  5 02:52:05 2025\n", STARTED, true],
    ["of which only the pid is known runs", "S    Wed Nov  5 02:52:07 2025\n", undefined, true],
    ["that started later is another one", "S    Wed Nov  5 02:53:07 2025\n", STARTED, false],
    ["that started earlier is another one", "S    Tue Nov  4 02:52:07 2025\n", STARTED, false],
    ["that nobody has reaped does not run", "Z    Wed Nov  5 02:52:07 2025\n", STARTED, false],
  ];
  for (const [what, line, startTime, wanted] of rows) it(`isRunning: a process ${what}`, async () => {
    assert.equal(await running(line, startTime), wanted);
  });

  const useless = [["is missing", new Error("ENOENT")], ["prints nothing", ""], ["prints something else", "PID TTY TIME CMD"]] as const;
  for (const [what, answer] of useless) {
    it(`isRunning: the pid decides where ps ${what}`, async () => {
      assert.equal(await running(answer, STARTED, process.pid), true);
      assert.equal(await running(answer, STARTED, NOBODY), false);
    });
  }
});

describe("processTable", () => {
  for (const platform of ["linux", "darwin", "freebsd", "win32"] as const) it(`is there for ${platform}`, () => {
    assert.deepEqual(Object.keys(processTable(platform)).sort(), ["isRunning", "list", "markOf", "newestPid", "scope", "startTime"]);
  });
});
