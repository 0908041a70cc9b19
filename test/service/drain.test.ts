// The end of the built service, asked for at every moment around a run.
import assert from "node:assert/strict";
import { readdir, writeFile } from "node:fs/promises";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { test } from "node:test";
import { afterwards } from "../support/cleanup.ts";
import type { TestContext } from "../support/cleanup.ts";
import { SECRET } from "../support/host.ts";
import { postJob } from "../support/job.ts";
import { startService } from "../support/service.ts";
import { until } from "../support/until.ts";

/** Each service ends at another moment; so many are looked at together, since most of their time is waiting. */
const AT_ONCE = 6;
/** By then all that follows a run is done: a process is started ahead, folders are removed and made. */
const LAST_MS = 60;

const job = { script: { id: "drain", language: "node", code: "AutomnReturn(1)" } };

/** Ends a service with SIGTERM `ms` after a run has begun or ended, and looks at how it went. */
async function endAt(t: TestContext, moment: "begun" | "ended", ms: number): Promise<void> {
  const service = await startService(t, { AUTOMN_RUNNER_SECRET: SECRET });
  const running = await postJob(service.url, SECRET, job);
  if (moment === "ended") await running.result;
  await delay(ms);
  const end = await service.stop();
  const at = `SIGTERM ${ms} ms after the run has ${moment}`;
  assert.deepEqual(end, { code: 0, signal: null }, at);
  assert.equal((await running.result).returnData, 1, at);
  assert.equal(service.log.at(-1)?.message, "Stopped", at);
  assert.deepEqual(await readdir(join(service.dataDir, "script_workdir")), [], at);
}

/** Posts a job as the host does, over connections that are kept. */
function post(url: string, agent: Agent): Promise<{ readonly status: number | undefined; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "x-automn-runner-secret": SECRET };
    const sent = request(`${url}/api/run`, { method: "POST", headers, agent }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => { body += text; });
      response.on("end", () => resolve({ status: response.statusCode, body }));
    });
    sent.on("error", reject);
    sent.end(JSON.stringify(job));
  });
}

for (const moment of ["while it drains", "right after the last run's result", "a second after it"] as const) {
  test(`a job that reaches a draining runner ${moment} is refused with 503 in words`, async (t) => {
    const service = await startService(t, { AUTOMN_RUNNER_SECRET: SECRET });
    const agent = new Agent({ keepAlive: true });
    afterwards(t, () => agent.destroy());
    const gate = join(service.dataDir, "gate");
    const code = `echo up; until [ -e '${gate}' ]; do sleep 0.02; done`;
    const last = await postJob(service.url, SECRET, { script: { ...job.script, language: "shell", code } });
    await last.printed("up");
    const stopped = service.stop();
    await until(async () => (await service.status()).draining, "the drain");
    if (moment !== "while it drains") {
      await writeFile(gate, "");
      await last.result;
    }
    if (moment === "a second after it") await delay(1_000);
    const { status, body } = await post(service.url, agent);
    assert.equal(status, 503);
    assert.match((JSON.parse(body) as { error: string }).error, /shutting down/);
    await writeFile(gate, "");
    assert.deepEqual(await stopped, { code: 0, signal: null });
  });
}

for (const moment of ["begun", "ended"] as const) {
  test(`SIGTERM: at any millisecond after a run has ${moment}, the shutdown is complete and orderly`, { timeout: 600_000 }, async (t) => {
    const moments = Array.from({ length: LAST_MS + 1 }, (_, ms) => ms);
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      for (let ms = moments.shift(); ms !== undefined; ms = moments.shift()) await endAt(t, moment, ms);
    }));
  });
}
