import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { EndEntry, StartEntry } from "../../runner/journal/journal.ts";
import { MARK_VARIABLE } from "../../runner/process/environment.ts";
import { processTable } from "../../runner/process/table.ts";
import type { RunResult } from "../../runner/protocol/result.ts";
import { ownerName } from "../../runner/runs/owner.ts";
import { Recovery } from "../../runner/runs/recovery.ts";
import type { RecoveryOptions } from "../../runner/runs/recovery.ts";
import { afterwards } from "../support/cleanup.ts";
import type { TestContext } from "../support/cleanup.ts";
import { temporaryFolder } from "../support/folder.ts";
import { processLives } from "../support/process-lives.ts";
import { listeningLog } from "../support/results.ts";

const table = processTable();
const ME = ownerName(table);
/** Runners whose pids count here. */
const [DEAD, ALIVE] = [`${table.scope}-999999-1`, `${table.scope}-999998-1`];
/** A runner of another container. */
const FOREIGN = "bbbbbbbbbbbb-7-70";
const LINUX = { skip: process.platform !== "linux" && "marks are read on Linux" };

function startOf(runId: string, owner: string, more: Partial<StartEntry> = {}): StartEntry {
  const at = new Date(Date.now() - 5_000).toISOString();
  return { event: "start", at, runId, owner, name: "x", language: "node", sha256: "", trigger: {}, variables: [], ...more };
}

/** What a test says of its recovery. */
type Changes = Partial<RecoveryOptions> & { readonly alive?: readonly string[] };

/** A recovery for which the named runners live, with what it has told. */
async function recoveryFor(t: TestContext, { open = [], alive = [], ...changes }: Changes = {}) {
  const workDir = await temporaryFolder(t);
  const ends: EndEntry[] = [];
  const log = listeningLog();
  const lives = new Set([ME, ...alive]);
  await mkdir(join(workDir, ME));
  const recovery = new Recovery({
    installation: "test", owner: ME, workDir, open, table, log,
    readOpen: async () => open.filter(({ runId, at }) => !ends.some((end) => end.runId === runId && end.startedAt === at)),
    keptResult: async () => undefined,
    onEnded: (end) => void ends.push(end),
    liveness: { isAlive: async (name) => lives.has(name), sharesScope: (name) => name.startsWith(table.scope) },
    ...changes,
  });
  afterwards(t, () => recovery.stop());
  return { recovery, ends, log, workDir, lives };
}

/** A process with a mark, killed after the test. */
async function marked(t: TestContext, mark: string, env: NodeJS.ProcessEnv = {}): Promise<number> {
  const child = spawn("sleep", ["60"], { env: { ...process.env, [MARK_VARIABLE]: mark, ...env }, stdio: "ignore" });
  await once(child, "spawn");
  afterwards(t, () => child.kill("SIGKILL"));
  return child.pid as number;
}

describe("Recovery", () => {
  it("gives the runs of dead runners an end, and leaves those of living ones alone", async (t) => {
    const owners = { "of the dead": DEAD, "of the living": ALIVE, "of mine": ME, "of an earlier version": "999997-1" };
    const open = Object.entries(owners).map(([runId, owner]) => startOf(runId, owner));
    const { recovery, ends, log } = await recoveryFor(t, { open, alive: [ALIVE] });
    await recovery.start();
    assert.deepEqual(ends.map(({ runId, startedAt, reason, code }) => [runId, startedAt, reason, code]), [
      ["of the dead", open[0]?.at, "lost", 255], ["of an earlier version", open[3]?.at, "lost", 255],
    ]);
    assert.ok(ends.every(({ durationMs }) => durationMs >= 5_000));
    assert.equal(log.lines.filter((line) => line.startsWith("warn A run was lost")).length, 2);
  });

  it("does not call a run lost that had ended before its runner died, as the journal says by now", async (t) => {
    const { recovery, ends } = await recoveryFor(t, { open: [startOf("a", DEAD)], readOpen: async () => [] });
    await recovery.start();
    assert.deepEqual(ends, []);
  });

  it("gives a run whose result is kept the end that the result tells", async (t) => {
    const result = { runId: "a", reason: "signalled", code: 137, signal: "SIGKILL", duration: 250 } as RunResult;
    const start = startOf("a", DEAD);
    const keptResult = async ({ at }: StartEntry) => (at === start.at ? result : undefined);
    const { recovery, ends } = await recoveryFor(t, { open: [start], keptResult });
    await recovery.start();
    const at = new Date(Date.parse(start.at) + 250).toISOString();
    const outcome = { reason: "signalled", code: 137, signal: "SIGKILL", durationMs: 250 };
    assert.deepEqual(ends, [{ event: "end", at, runId: "a", startedAt: start.at, ...outcome }]);
  });

  it("removes the working directories of dead runners, and nothing else", async (t) => {
    const { recovery, workDir } = await recoveryFor(t, { alive: [ALIVE] });
    const kept = [ALIVE, "somebody's", "12-x"];
    for (const name of [DEAD, FOREIGN, "999997-1", ...kept]) await mkdir(join(workDir, name, "run", "work"), { recursive: true });
    await writeFile(join(workDir, "a file"), "");
    await recovery.start();
    assert.deepEqual((await readdir(workDir)).sort(), [...kept, ME, "a file"].sort());
    assert.deepEqual(await readdir(join(workDir, ME)), []);
  });

  it("is done by one of several that find the same runner dead", async (t) => {
    const open = [startOf("a", DEAD)];
    const first = await recoveryFor(t, { open });
    await mkdir(join(first.workDir, DEAD));
    const second = await recoveryFor(t, { open, workDir: first.workDir, owner: ALIVE });
    await mkdir(join(first.workDir, ALIVE));
    for (const { lives } of [first, second]) for (const name of [ME, ALIVE]) lives.add(name);
    await Promise.all([first.recovery.start(), second.recovery.start()]);
    assert.deepEqual([...first.ends, ...second.ends].map(({ runId }) => runId), ["a"]);
  });

  it("ends the processes that bear the mark of a dead runner of this installation", LINUX, async (t) => {
    const of = (owner: string, installation = "test") => marked(t, `${installation}.${owner}.0123`);
    const orphan = await of(DEAD);
    const kept = await Promise.all([
      of(ALIVE), of(ME), of(FOREIGN), of(DEAD, "other"), marked(t, `test.${DEAD}.0123`, { AUTOMN_KEEP: "1" }), marked(t, "test"),
    ]);
    const { recovery, log } = await recoveryFor(t, { alive: [ALIVE] });
    await recovery.start();
    assert.equal(processLives(orphan), false);
    assert.deepEqual(kept.filter((pid) => !processLives(pid)), []);
    assert.ok(log.lines.some((line) => line.includes(`"pids":[${orphan}]`)), log.lines.join());
  });

  it("ends a recorded process without a mark, with its group, and none that a runner elsewhere has recorded", LINUX, async (t) => {
    const leader = () => spawn("sh", ["-c", "sleep 60 & sleep 60"], { env: {}, stdio: "ignore", detached: true });
    const [ours, theirs] = [leader(), leader()];
    afterwards(t, () => [ours, theirs].forEach(({ pid }) => pid !== undefined && processLives(pid) && process.kill(-pid, "SIGKILL")));
    const recorded = (runId: string, owner: string, pid = 0) => startOf(runId, owner, { pid, startTime: table.startTime(pid) ?? "" });
    const open = [recorded("ours", DEAD, ours.pid), recorded("theirs", FOREIGN, theirs.pid)];
    const { recovery, ends } = await recoveryFor(t, { open });
    await recovery.start();
    assert.deepEqual(ends.map(({ runId }) => runId), ["ours", "theirs"]);
    assert.deepEqual([processLives(ours.pid ?? 0), processLives(theirs.pid ?? 0)], [false, true]);
  });

  it("says what went wrong and does not reject", async (t) => {
    const { recovery, log } = await recoveryFor(t, { open: [startOf("a", DEAD)], readOpen: () => Promise.reject(new Error("no journal")) });
    await recovery.start();
    assert.ok(log.lines.some((line) => line.includes("no journal")));
  });
});
