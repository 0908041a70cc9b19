import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { SECRET } from "../support/host.ts";
import { postJob, runJob } from "../support/job.ts";
import { startService, temporaryDirectory } from "../support/service.ts";
import type { Service } from "../support/service.ts";
import { until } from "../support/until.ts";

const ENV = { AUTOMN_RUNNER_SECRET: SECRET };
const shell = (runId: string, code: string) => ({ runId, script: { id: "runs", language: "shell", code } });

interface Run {
  readonly runId: string;
  readonly state: string;
  readonly startedAt: string;
  readonly reason?: string;
  readonly result?: { readonly returnData: unknown };
}

async function ask<T>({ url }: Service, path: string): Promise<{ readonly status: number; readonly body: T; readonly text: string }> {
  const answer = await fetch(`${url}/api/runs${path}`, { headers: { "x-automn-runner-secret": SECRET } });
  const text = await answer.text();
  return {
    status: answer.status,
    text,
    body: (answer.headers.get("content-type") ?? "").startsWith("application/json") ? (JSON.parse(text) as T) : ({} as T),
  };
}

const list = async (service: Service) => (await ask<{ runs: Run[] }>(service, "")).body.runs;
const resultsDir = (service: Service) => join(service.dataDir, "state", "results");
const resultFiles = (service: Service) => (existsSync(resultsDir(service)) ? readdirSync(resultsDir(service)) : []);

test("GET /api/runs: newest first, active or not, after restarts too", async (t) => {
  let service = await startService(t, ENV);
  const slow = await postJob(service.url, SECRET, shell("slow", "echo up; sleep 60"));
  await slow.printed("up");
  for (const id of ["a", "b"]) await runJob(service.url, SECRET, shell(id, "true"));
  const wanted = [["b", "ended"], ["a", "ended"], ["slow", "active"]];
  assert.deepEqual((await list(service)).map(({ runId, state }) => [runId, state]), wanted);
  slow.hangUp();
  service = await service.restart();
  await runJob(service.url, SECRET, shell("c", "true"));
  const runs = await list(service);
  assert.deepEqual(runs.map(({ runId }) => runId), ["c", "b", "a", "slow"]);
  assert.deepEqual(runs.map(({ startedAt }) => startedAt), runs.map(({ startedAt }) => startedAt).sort().reverse());
});

test("run id: when used again it names the second run, while that is active, after a kill and after a restart", async (t) => {
  let service = await startService(t, ENV);
  const { reason: first } = await runJob(service.url, SECRET, shell("same", "echo one; AutomnReturn 1"));
  assert.equal((await ask<Run>(service, "/same")).body.result?.returnData, 1);
  const second = await postJob(service.url, SECRET, shell("same", "echo two; sleep 60"));
  await second.printed("two");
  const active = (await ask<Run>(service, "/same")).body;
  assert.deepEqual([active.state, active.result], ["active", undefined]);
  await until(
    () => readFileSync(join(service.dataDir, "state", "runs.ndjson"), "utf8").split('"start"').length === 3,
    "the second start in the journal",
  );
  service = await service.restart({}, "SIGKILL");
  await assert.rejects(second.result);
  for (const restarted of [false, true]) {
    if (restarted) service = await service.restart();
    const lost = await until(
      async () => { const { body } = await ask<Run>(service, "/same"); return body.reason !== undefined && body; },
      "the end of the second run",
    );
    assert.deepEqual([lost.reason, lost.startedAt, lost.result], ["lost", active.startedAt, undefined]);
    assert.equal((await ask(service, "/same/stream")).status, 404);
    assert.deepEqual((await list(service)).map(({ runId, reason }) => [runId, reason]), [["same", "lost"], ["same", first]]);
  }
  assert.deepEqual(resultFiles(service), []);
});

test("run id: when used again, a second result that is too large to be kept is not replaced by the first", async (t) => {
  const service = await startService(t, { ...ENV, AUTOMN_RUNNER_KEEP_RESULTS_MB: "1" });
  await runJob(service.url, SECRET, shell("same", "AutomnReturn 1"));
  assert.equal((await ask<Run>(service, "/same")).body.result?.returnData, 1);
  await runJob(service.url, SECRET, { runId: "same", script: { language: "node", code: "AutomnReturn('x'.repeat(2e6))" } });
  await until(() => service.log.some(({ message }) => message === "Cannot keep the results of runs"), "the warning");
  assert.equal((await ask<Run>(service, "/same")).body.result, undefined);
  assert.equal((await ask(service, "/same/stream")).status, 404);
});

test("results: a file that a script has replaced gives one warning and no error", { skip: process.platform === "win32" }, async (t) => {
  const service = await startService(t, ENV);
  for (const [id, damage] of [
    ["fifo", (file: string) => { rmSync(file); execFileSync("mkfifo", [file]); }],
    ["huge", (file: string) => { rmSync(file); execFileSync("truncate", ["-s", "3G", file]); }],
    ["text", (file: string) => writeFileSync(file, '{"type":"result","data":{"runId":"text","code":{}}}\n')],
  ] as const) {
    await runJob(service.url, SECRET, shell(id, "true"));
    const name = await until(() => resultFiles(service).find((one) => one.endsWith(`-${id}.ndjson`)), "the file");
    damage(join(resultsDir(service), name));
    const answer = await ask<Run>(service, `/${id}`);
    assert.deepEqual([answer.status, answer.body.state, answer.body.result], [200, "ended", undefined]);
    assert.equal((await ask(service, `/${id}/stream`)).status, 404);
    assert.equal(
      service.log.filter(({ message, level }) => level === "warn" && message.startsWith("Cannot read the kept result")).length,
      1 + ["fifo", "huge", "text"].indexOf(id),
    );
  }
});

test("journal: a line without an owner is skipped with one warning, and the service starts", async (t) => {
  const dataDir = await temporaryDirectory(t);
  await mkdir(join(dataDir, "state"), { recursive: true });
  const start = { event: "start", at: "2025-01-01T00:00:00.000Z", runId: "no owner", name: "x", language: "shell", sha256: "" };
  writeFileSync(join(dataDir, "state", "runs.ndjson"), `${JSON.stringify({ ...start, trigger: {}, variables: [] })}\n`);
  const service = await startService(t, ENV, dataDir);
  assert.equal((await runJob(service.url, SECRET, shell("a", "AutomnReturn 1"))).returnData, 1);
  assert.deepEqual((await list(service)).map(({ runId }) => runId), ["a"]);
  assert.equal(service.log.filter(({ message }) => message === "Lines of the journal cannot be read and are skipped").length, 1);
});
