// The README's fault table: each row is done for real to the built service as a process of its own.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { test } from "node:test";
import { afterwards } from "../support/cleanup.ts";
import { SECRET } from "../support/host.ts";
import { postJob, runJob } from "../support/job.ts";
import { startRegistered, startService, temporaryDirectory } from "../support/service.ts";
import { until } from "../support/until.ts";

const shell = (code: string, more: object = {}) => ({ script: { id: "faults", language: "shell", code, ...more } });
const node = (code: string) => ({ script: { id: "faults", language: "node", code } });
const withSecret = { AUTOMN_RUNNER_SECRET: SECRET };

/** Whether a process with this text in its command line or environment runs; a zombie does not. */
function runs(text: string): boolean {
  const listing = execFileSync("ps", ["-eo", "stat=,args="], { encoding: "utf8" });
  return listing.split("\n").some((line) => !line.startsWith("Z") && line.includes(text));
}

/** A duration for `sleep` that no other test uses, to find the process by. */
let nextSleep = 70_000 + (process.pid % 10_000) * 3;
const unique = (): string => `sleep ${nextSleep++}`;

function peakRssMb(pid: number): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
}

function journal(dataDir: string): Record<string, unknown>[] {
  const text = readFileSync(join(dataDir, "state", "runs.ndjson"), "utf8");
  return text.trim().split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
}

test("recovery: after a SIGKILL during a run, the next start removes what the run left", async (t) => {
  const service = await startService(t, withSecret);
  const [inGroup, escaped, bare] = [unique(), unique(), unique()];
  const job = await postJob(service.url, SECRET, { runId: "cut short", ...shell(`setsid ${escaped} & env -i ${bare} & echo up; ${inGroup}`) });
  await job.printed("up");
  await until(() => runs(escaped) && runs(bare) && runs(inGroup), "the script's processes");
  await until(() => journal(service.dataDir).some((entry) => entry["runId"] === "cut short"), "the journal");
  const next = await service.restart({}, "SIGKILL");
  await assert.rejects(job.result);
  await until(() => !runs(escaped) && !runs(bare) && !runs(inGroup), "the end of the script's processes");
  const found = await until(async () => {
    const answer = await fetch(`${next.url}/api/runs/cut%20short`, { headers: { "x-automn-runner-secret": SECRET } });
    const run = (await answer.json()) as { reason?: string; code?: number };
    return run.reason === undefined ? undefined : run;
  }, "the run to be closed");
  assert.deepEqual([found.reason, found.code], ["lost", 255]);
  await until(() => journal(next.dataDir).at(-1)?.["reason"] === "lost", "the end in the journal"); // it is written in batches
});

test("disconnect: a host that is cut off in the middle of a frame ends the run", async (t) => {
  const service = await startService(t, withSecret);
  const lasting = unique();
  const job = await postJob(service.url, SECRET, shell(`${lasting} & while :; do echo ${"x".repeat(1000)}; done`));
  await job.printed("xxx");
  job.hangUp();
  await until(async () => (await service.status()).runs.byOutcome["host-gone"] === 1, "the run's end");
  assert.equal(runs(lasting), false);
});

test("AUTOMN_RUNNER_ON_DISCONNECT=continue: the run continues and its result can be fetched", async (t) => {
  const service = await startService(t, { ...withSecret, AUTOMN_RUNNER_ON_DISCONNECT: "continue" });
  const gate = join(service.dataDir, "gate");
  const job = await postJob(service.url, SECRET, { runId: "alone", ...shell(`echo one; until [ -e '${gate}' ]; do sleep 0.05; done; echo two; AutomnReturn 7`) });
  await job.printed("one");
  job.hangUp();
  await assert.rejects(job.result);
  const headers = { "x-automn-runner-secret": SECRET };
  const rest = fetch(`${service.url}/api/runs/alone/stream?from=1`, { headers }).then((answer) => answer.text());
  writeFileSync(gate, "");
  const frames = (await rest).trim().split("\n").map((line) => JSON.parse(line) as { type: string; line?: string; data?: { returnData: unknown } });
  assert.ok(frames[0]?.line?.startsWith("two\n"), JSON.stringify(frames[0]));
  assert.equal(frames.at(-1)?.data?.returnData, 7);
  const looked = (await (await fetch(`${service.url}/api/runs/alone`, { headers })).json()) as { result: { stdout: string } };
  assert.equal(looked.result.stdout, "one\ntwo");
});

test("backpressure: a host that reads nothing for a minute slows the script and costs no memory", { timeout: 240_000 }, async (t) => {
  const service = await startService(t, withSecret);
  await runJob(service.url, SECRET, node("console.log('warm-up')"));
  const before = peakRssMb(service.pid);
  const job = await postJob(service.url, SECRET, node("const b = Buffer.alloc(65536, 'y\\n'); for (let i = 0; i < 3200; i++) require('fs').writeSync(1, b); console.log('all')"));
  job.pause();
  await delay(60_000);
  assert.equal((await service.status()).runs.active, 1, "the script waits");
  job.resume();
  const result = await job.result;
  assert.equal(result.code, 0);
  assert.ok(job.bytes > 200_000_000, `all of it arrives: ${job.bytes}`);
  assert.ok(peakRssMb(service.pid) - before < 64, `${before} MB before, ${peakRssMb(service.pid)} MB at most`);
});

test("timeout: takes effect although the host reads nothing", async (t) => {
  const service = await startService(t, withSecret);
  const job = await postJob(service.url, SECRET, { script: { ...shell("yes").script, timeout: 1 } });
  job.pause();
  await until(async () => (await service.status()).runs.byOutcome["timed-out"] === 1, "the timeout");
  job.resume();
  assert.equal((await job.result).code, 124);
});

test("SIGTERM: a run may finish, one that ignores signals is killed, and one that returns late is delivered", async (t) => {
  const { host, service } = await startRegistered(t, { AUTOMN_RUNNER_DRAIN_MS: "2500", AUTOMN_RUNNER_KILL_GRACE_MS: "300" });
  const gate = join(service.dataDir, "gate");
  const wait = `until [ -e '${gate}' ]; do sleep 0.05; done`;
  const inTime = await postJob(service.url, SECRET, shell(`echo up; ${wait}; echo done`));
  const deaf = await postJob(service.url, SECRET, shell("trap '' TERM INT; echo up; while :; do sleep 0.1; done"));
  const late = await postJob(service.url, SECRET, shell(`echo up; ${wait}; AutomnReturn '"late"'; sleep 60`));
  await Promise.all([inTime, deaf, late].map((job) => job.printed("up")));
  const heartbeats = host.registrations.length;
  const stopped = service.stop();
  await until(async () => (await service.status()).draining, "the drain");
  const announced = await host.registered({ after: heartbeats });
  assert.equal(announced.body["maxConcurrency"], 3);
  const refused = await fetch(`${service.url}/api/run`, { method: "POST", headers: { "x-automn-runner-secret": SECRET }, body: "{}" });
  assert.equal(refused.status, 503);
  assert.ok(Number(refused.headers.get("retry-after")) > 0);
  writeFileSync(gate, "");
  assert.deepEqual([(await inTime.result).reason, (await inTime.result).stdout], ["exited", "up\ndone"]);
  assert.deepEqual([(await late.result).reason, (await late.result).returnData], ["returned", "late"]);
  assert.deepEqual([(await deaf.result).reason, (await deaf.result).code], ["shutdown", 143]);
  await stopped;
  assert.deepEqual(await service.ended, { code: 0, signal: null });
  const ends = journal(service.dataDir).filter((entry) => entry["event"] === "end").map((entry) => entry["reason"]);
  assert.deepEqual(ends.sort(), ["exited", "returned", "shutdown"]);
});

test("SIGTERM: a second signal ends the runner and every run at once", async (t) => {
  const service = await startService(t, withSecret);
  const lasting = unique();
  const job = await postJob(service.url, SECRET, shell(`trap '' TERM INT; echo up; ${lasting}`));
  await job.printed("up");
  process.kill(service.pid, "SIGTERM");
  await until(async () => (await service.status()).draining, "the drain");
  process.kill(service.pid, "SIGINT");
  assert.equal((await service.ended).code, 130);
  await until(() => !runs(lasting), "the script's end");
});

test("journal: a full disk is logged, loses no run, and is recovered from", async (t) => {
  const directory = await temporaryDirectory(t);
  const state = join(directory, "state");
  await mkdir(state);
  if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", state]).status !== 0) {
    t.skip("SKIPPED: no small file system can be mounted here");
    return;
  }
  afterwards(t, () => spawnSync("umount", ["-l", state]));
  const service = await startService(t, { ...withSecret, AUTOMN_RUNNER_KEEP_RESULTS_MB: "0" }, directory);
  const filler = join(state, "filler");
  spawnSync("dd", ["if=/dev/zero", `of=${filler}`, "bs=1k"]);
  for (const n of [1, 2, 3]) assert.equal((await runJob(service.url, SECRET, { runId: `full ${n}`, ...shell(`AutomnReturn ${n}`) })).returnData, n);
  await until(() => service.log.find((line) => line.level === "error" || line.level === "warn"), "a word about it");
  await rm(filler);
  const wanted = ["full 1", "full 2", "full 3"];
  await until(() => {
    const ended = readFileSync(join(state, "runs.ndjson"), "utf8").split("\n").filter((line) => line.includes('"end"'));
    return wanted.every((id) => ended.some((line) => line.includes(id)));
  }, "all entries in the journal");
});

test("a state directory and a work directory that are removed while the service runs are created again", async (t) => {
  const { service } = await startRegistered(t);
  await rm(service.dataDir, { recursive: true, maxRetries: 20, retryDelay: 10 }); // the service may be writing into it
  assert.equal((await runJob(service.url, SECRET, shell("AutomnReturn \"$(ls)\""))).returnData, "");
  await fetch(`${service.url}/ui/reregister`);
  await until(() => existsSync(service.stateFile), "the state file");
  await until(() => existsSync(join(service.dataDir, "state", "runs.ndjson")), "the journal");
});

test("POST /api/run: 200 concurrent runs each get their own complete answer", { timeout: 240_000 }, async (t) => {
  const service = await startService(t, withSecret);
  const answers = await Promise.all(Array.from({ length: 200 }, (_, n) => runJob(service.url, SECRET, { script: { id: `many-${n % 7}`, language: "shell", code: `seq 500; AutomnReturn ${n}` } })));
  const wanted = Array.from({ length: 500 }, (_, i) => i + 1).join("\n");
  answers.forEach((result, n) => assert.deepEqual([result.code, result.returnData, result.stdout === wanted], [0, n, true]));
  assert.equal((await service.status()).runs.active, 0);
});

test("processes: a fork bomb ends with its run", { timeout: 120_000 }, async (t) => {
  const service = await startService(t, withSecret);
  const file = join(service.dataDir, "alive");
  const bomb = `b() { [ -e '${file}.stop' ] && return; setsid sh -c 'echo x >>"$0"; while :; do sleep 0.1; done' '${file}' & [ "$1" -gt 0 ] && { b $(($1 - 1)) & b $(($1 - 1)) & }; wait; }; b 6`;
  afterwards(t, () => writeFileSync(`${file}.stop`, ""));
  const result = await runJob(service.url, SECRET, { script: { ...shell(bomb).script, timeout: 2 } });
  assert.equal(result.reason, "timed-out");
  assert.equal(runs(file), false);
  assert.ok((result.leftovers?.length ?? 0) > 20, `those that had left the group are named: ${result.leftovers?.length}`);
});

test("processes: a double-forked daemon ends with its run and is named; one that is meant to stay stays", async (t) => {
  const service = await startService(t, withSecret);
  const [daemon, kept] = [unique(), unique()];
  afterwards(t, () => spawnSync("pkill", ["-f", kept]));
  const result = await runJob(service.url, SECRET, shell(`( setsid sh -c '${daemon} & exit' & ); AUTOMN_KEEP=1 setsid ${kept} >/dev/null 2>&1 & sleep 0.3; echo done`));
  assert.deepEqual([result.code, result.stdout, result.stderr], [0, "done", ""]);
  assert.deepEqual(result.leftovers?.map(({ command }) => command), [daemon]);
  assert.deepEqual([runs(daemon), runs(kept)], [false, true]);
});

test("processes: a script that kills its whole process group kills nothing but itself", async (t) => {
  const service = await startService(t, withSecret);
  const result = await runJob(service.url, SECRET, shell("echo before; kill -9 0; echo after"));
  assert.deepEqual([result.reason, result.code, result.signal, result.stdout], ["signalled", 137, "SIGKILL", "before"]);
  assert.equal((await runJob(service.url, SECRET, shell("AutomnReturn 1"))).returnData, 1);
});

test("logs: a gigabyte of output passes through without growing the runner's memory", { timeout: 600_000 }, async (t) => {
  const service = await startService(t, withSecret);
  await runJob(service.url, SECRET, node("console.log('warm-up')"));
  const before = peakRssMb(service.pid);
  const job = await postJob(service.url, SECRET, node("const b = Buffer.from(('z'.repeat(99) + '\\n').repeat(640)); for (let i = 0; i < 16384; i++) require('fs').writeSync(1, b); console.log('end')"));
  const result = await job.result;
  assert.ok(job.bytes > 1_048_576_000, `all of it arrives: ${job.bytes}`);
  assert.ok(result.stdout.startsWith("zzz") && result.stdout.endsWith("\nend"));
  assert.equal(result.truncated?.stdout, 16384 * 64_000 + 4 - 1024 * 1024);
  assert.ok(peakRssMb(service.pid) - before < 64, `${before} MB before, ${peakRssMb(service.pid)} MB at most`);
});

test("clock: setting it back disturbs neither runs nor heartbeats", async (t) => {
  if (spawnSync("faketime", ["--version"]).status !== 0) {
    t.skip("SKIPPED: faketime is not installed");
    return;
  }
  const clock = join(await temporaryDirectory(t), "clock");
  writeFileSync(clock, "+0");
  const library = execFileSync("sh", ["-c", "faketime -f +0 env | sed -n 's/^LD_PRELOAD=//p'"], { encoding: "utf8" }).trim();
  const { host, service } = await startRegistered(t, {
    LD_PRELOAD: library, FAKETIME_TIMESTAMP_FILE: clock, FAKETIME_NO_CACHE: "1", FAKETIME_DONT_FAKE_MONOTONIC: "1", DONT_FAKE_MONOTONIC: "1", AUTOMN_RUNNER_HEARTBEAT_MS: "300",
  });
  const gate = join(service.dataDir, "gate");
  const job = await postJob(service.url, SECRET, { script: { ...shell(`echo up; until [ -e '${gate}' ]; do sleep 0.05; done`).script, timeout: 30 } });
  await job.printed("up");
  writeFileSync(clock, "-3600");
  const seen = host.registrations.length;
  await until(() => host.registrations.length > seen + 3, "heartbeats after the jump");
  writeFileSync(gate, "");
  const result = await job.result;
  assert.equal(result.reason, "exited");
  assert.ok(result.duration >= 0 && result.duration < 30_000, `${result.duration} ms`);
});
