// Processes started ahead, seen from outside the built service.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { SECRET } from "../support/host.ts";
import { postJob, runJob } from "../support/job.ts";
import { startService } from "../support/service.ts";
import type { Service } from "../support/service.ts";
import { until } from "../support/until.ts";

const job = { script: { id: "warm", language: "node", code: "AutomnReturn(process.env.AUTOMN_VAR_N ?? 'ran')" } };

/** The pid of the one process that waits. */
async function waiting(service: Service): Promise<number> {
  await until(async () => (await service.status()).warm["node"]?.ready === 1, "a process that waits");
  const children = readFileSync(`/proc/${service.pid}/task/${service.pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  const found = children.find((pid) => readFileSync(`/proc/${pid}/environ`, "utf8").includes("AUTOMN_WARM_CHANNEL="));
  assert.ok(found !== undefined);
  return found;
}

test("warm start: the second run of a language uses an interpreter that is already running", async (t) => {
  const service = await startService(t, { AUTOMN_RUNNER_SECRET: SECRET });
  assert.equal((await runJob(service.url, SECRET, job)).start, "cold");
  await waiting(service);
  const second = await runJob(service.url, SECRET, { script: { ...job.script, variables: [{ envName: "AUTOMN_VAR_N", value: "mine" }] } });
  assert.deepEqual([second.start, second.returnData], ["warm", "mine"]);
  await waiting(service);
  assert.deepEqual((await runJob(service.url, SECRET, job)).returnData, "ran", "nothing of another run's environment");
});

test("warm start: a warm process that does not answer is replaced, and the script runs once", async (t) => {
  const service = await startService(t, { AUTOMN_RUNNER_SECRET: SECRET });
  await runJob(service.url, SECRET, job);
  process.kill(await waiting(service), "SIGSTOP");
  const result = await runJob(service.url, SECRET, job);
  assert.deepEqual([result.start, result.code, result.returnData], ["cold", 0, "ran"]);
});

test("warm start: a host that disconnects while a warm process does not answer is noticed at once", async (t) => {
  const service = await startService(t, { AUTOMN_RUNNER_SECRET: SECRET });
  await runJob(service.url, SECRET, job);
  process.kill(await waiting(service), "SIGSTOP");
  const left = await postJob(service.url, SECRET, job);
  left.hangUp();
  await until(async () => (await service.status()).runs.byOutcome["host-gone"] === 1, "the run's end");
});
