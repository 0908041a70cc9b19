// Two runners on one data directory, each in a PID namespace of its own as in containers: neither sees the other's processes.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { chmod, readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { sendSignal } from "../../runner/process/signal.ts";
import { afterwards } from "../support/cleanup.ts";
import type { TestContext } from "../support/cleanup.ts";
import { SECRET } from "../support/host.ts";
import { postJob, runJob } from "../support/job.ts";
import { startService, temporaryDirectory } from "../support/service.ts";
import type { Service } from "../support/service.ts";
import { until } from "../support/until.ts";

const UNSHARE = ["--pid", "--mount-proc", "--fork", "--kill-child"];
const canUnshare = process.platform === "linux" && spawnSync("unshare", [...UNSHARE, "true"]).status === 0;
const options = { skip: !canUnshare && "no namespace can be made here", timeout: 180_000 };

/** A runner in a namespace of its own; `pid` is its process as it is seen from here, since its parent only waits for it. */
async function startContainer(t: TestContext, dataDir: string): Promise<Service & { signal(signal: NodeJS.Signals): void }> {
  const node = join(await temporaryDirectory(t), "node");
  await writeFile(node, `#!/bin/sh\nexec unshare ${UNSHARE.join(" ")} ${process.execPath} "$@"\n`);
  await chmod(node, 0o755);
  const service = await startService(t, { AUTOMN_RUNNER_SECRET: SECRET }, dataDir, node);
  const [inner] = readFileSync(`/proc/${service.pid}/task/${service.pid}/children`, "utf8").split(" ").map(Number);
  assert.ok(inner);
  const signal = (name: NodeJS.Signals) => sendSignal(inner, name);
  afterwards(t, () => signal("SIGKILL")); // `unshare` itself ignores what the tests' services are ended by
  return Object.assign(service, { signal });
}

/** The reasons of a run's ends in the journal. */
function endsOf(dataDir: string, runId: string): unknown[] {
  const lines = readFileSync(join(dataDir, "state", "runs.ndjson"), "utf8").trim().split("\n");
  const entries = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  return entries.filter((entry) => entry["event"] === "end" && entry["runId"] === runId).map((entry) => entry["reason"]);
}

const workDirs = (dataDir: string) => readdir(join(dataDir, "script_workdir"));

/** A script that waits for a file, and uses its working directory before and after. */
const waiting = (gate: string) => `echo here >file; echo up; until [ -e '${gate}' ]; do sleep 0.05; done; cat file; AutomnReturn 1`;

test("a rolling update loses nothing: the old runner drains while the new one runs, and each run has one end", options, async (t) => {
  const dataDir = await temporaryDirectory(t);
  const gate = join(dataDir, "gate");
  const old = await startContainer(t, dataDir);
  const job = await postJob(old.url, SECRET, { runId: "old's", script: { id: "s", language: "shell", code: waiting(gate) } });
  await job.printed("up");
  const [oldDir = ""] = await workDirs(dataDir);
  const next = await startContainer(t, dataDir);
  const quick = { script: { id: "s", language: "shell", code: "AutomnReturn 2" } };
  assert.equal((await runJob(next.url, SECRET, { runId: "new's", ...quick })).returnData, 2);
  assert.ok((await workDirs(dataDir)).includes(oldDir), "the new runner leaves the old one's directory alone");
  assert.deepEqual(endsOf(dataDir, "old's"), []);
  old.signal("SIGTERM");
  await until(async () => (await old.status()).draining, "the drain");
  await writeFile(gate, "");
  const result = await job.result;
  assert.deepEqual([result.reason, result.code, result.stdout, result.returnData], ["exited", 0, "up\nhere", 1]);
  assert.deepEqual(await old.ended, { code: 0, signal: null });
  assert.equal((await workDirs(dataDir)).includes(oldDir), false, "it is removed by its own runner");
  assert.equal((await runJob(next.url, SECRET, quick)).returnData, 2);
  assert.deepEqual([endsOf(dataDir, "old's"), endsOf(dataDir, "new's")], [["exited"], ["exited"]]);
});

test("a runner that is killed in another namespace is seen to once its file is stale, by one of the others", options, async (t) => {
  const dataDir = await temporaryDirectory(t);
  const killed = await startContainer(t, dataDir);
  const job = await postJob(killed.url, SECRET, { runId: "cut short", script: { id: "s", language: "shell", code: waiting("/never") } });
  await job.printed("up");
  const [killedDir = ""] = await workDirs(dataDir);
  const others = await Promise.all([startContainer(t, dataDir), startContainer(t, dataDir)]);
  killed.signal("SIGKILL");
  await killed.ended;
  const past = new Date(Date.now() - 120_000);
  await utimes(join(dataDir, "script_workdir", killedDir, "alive"), past, past);
  await until(() => endsOf(dataDir, "cut short").length > 0, "the lost run", 90_000);
  await until(async () => !(await workDirs(dataDir)).includes(killedDir), "the removal");
  for (const other of others) other.signal("SIGTERM");
  for (const other of others) assert.deepEqual(await other.ended, { code: 0, signal: null });
  assert.deepEqual(endsOf(dataDir, "cut short"), ["lost"]);
  assert.deepEqual(await workDirs(dataDir), []);
});
