// A runner that is stopped while a run ends: what ended in time is not taken for late.
import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { SECRET } from "../support/host.ts";
import { postJob } from "../support/job.ts";
import type { PostedJob } from "../support/job.ts";
import { startService } from "../support/service.ts";
import type { Service } from "../support/service.ts";
import { until } from "../support/until.ts";

const skip = process.platform === "win32" && "NOT TESTED: Windows has no SIGSTOP";

interface Stopped {
  readonly service: Service;
  /** Goes on when `open` is called; then it writes the file `done`. */
  readonly gate: string;
  readonly done: string;
}

async function start(t: Parameters<typeof startService>[0], env: NodeJS.ProcessEnv = {}): Promise<Stopped> {
  const service = await startService(t, { AUTOMN_RUNNER_SECRET: SECRET, ...env });
  return { service, gate: join(service.dataDir, "gate"), done: join(service.dataDir, "done") };
}

/** Stops the runner, has the script end, and lets the runner go on when `ms` have passed. */
async function endWhileStopped({ service, gate, done }: Stopped, job: PostedJob, ms: number): Promise<void> {
  await job.printed("up");
  process.kill(service.pid, "SIGSTOP");
  try {
    writeFileSync(gate, "");
    await until(() => existsSync(done), "the script's end");
    await delay(ms);
  } finally {
    process.kill(service.pid, "SIGCONT");
  }
}

const waitFor = (gate: string): string => `until [ -e '${gate}' ]; do sleep 0.01; done`;

test("a script that has ended in time is not timed out by a runner that was stopped over the deadline", { skip }, async (t) => {
  const stopped = await start(t);
  const code = `echo up; ${waitFor(stopped.gate)}; echo finished; echo > '${stopped.done}'; exit 3`;
  const job = await postJob(stopped.service.url, SECRET, { script: { id: "late", language: "shell", code, timeout: 2 } });
  await endWhileStopped(stopped, job, 2_500);
  const result = await job.result;
  assert.deepEqual([result.reason, result.code, result.stdout], ["exited", 3, "up\nfinished"]);
});

test("a value that was returned in time counts, although the runner was stopped over the deadline", { skip }, async (t) => {
  const stopped = await start(t);
  const code = `echo up; ${waitFor(stopped.gate)}; AutomnReturn 5; echo > '${stopped.done}'; exec sleep 60`;
  const job = await postJob(stopped.service.url, SECRET, { script: { id: "late", language: "shell", code, timeout: 2 } });
  await endWhileStopped(stopped, job, 2_500);
  const result = await job.result;
  assert.deepEqual([result.reason, result.code, result.returnData], ["returned", 0, 5]);
});

test("a script that ends in its kill grace takes no child with it that ends a moment later", { skip }, async (t) => {
  const stopped = await start(t, { AUTOMN_RUNNER_KILL_GRACE_MS: "3000" });
  const { service, gate, done } = stopped;
  const [child, proof, resumed] = ["child", "proof", "resumed"].map((name) => join(service.dataDir, name)) as [string, string, string];
  const loop = "while :; do sleep 0.01; done";
  writeFileSync(child, `trap "${waitFor(resumed)}; echo > '${proof}'; exit" TERM; echo up; ${loop}`);
  const code = `trap "${waitFor(gate)}; echo > '${done}'; exit 0" TERM; sh '${child}' & ${loop}`;
  const job = await postJob(service.url, SECRET, { runId: "grace", script: { id: "late", language: "shell", code } });
  await job.printed("up");
  await fetch(`${service.url}/api/runs/grace`, { method: "DELETE", headers: { "x-automn-runner-secret": SECRET } });
  await endWhileStopped(stopped, job, 3_500);
  await delay(100); // the runner has gone on, and a late SIGKILL would have been sent
  writeFileSync(resumed, "");
  assert.equal((await job.result).reason, "cancelled");
  assert.ok(existsSync(proof), "the child was killed");
});
