// The end of the built service, asked for at every moment around a run.
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { test } from "node:test";
import { SECRET } from "../support/host.ts";
import { postJob } from "../support/job.ts";
import { startService } from "../support/service.ts";
import type { TestContext } from "../support/cleanup.ts";

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
  assert.match(service.log.at(-1)?.message ?? "", /^(Ended|Stopped)$/, at);
  assert.deepEqual(await readdir(join(service.dataDir, "script_workdir")), [], at);
}

for (const moment of ["begun", "ended"] as const) {
  test(`SIGTERM at any millisecond after a run has ${moment} is followed by a whole, orderly end`, { timeout: 600_000 }, async (t) => {
    const moments = Array.from({ length: LAST_MS + 1 }, (_, ms) => ms);
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      for (let ms = moments.shift(); ms !== undefined; ms = moments.shift()) await endAt(t, moment, ms);
    }));
  });
}
