// SIGHUP: real terminals that close (`script` gives one), real `nohup`, real signals.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { freePort, SERVICE } from "../../scripts/built-runner.ts";
import { afterwards } from "../support/cleanup.ts";
import type { TestContext } from "../support/cleanup.ts";
import { SECRET } from "../support/host.ts";
import { postJob, runJob } from "../support/job.ts";
import { plainEnvironment, startService, temporaryDirectory } from "../support/service.ts";
import { until } from "../support/until.ts";

const missing = (program: string) => spawnSync(program, ["--version"]).status !== 0 && `NOT TESTED: there is no ${program} on this machine`;
const terminal = { skip: missing("script") || missing("bash") };
const nohup = { skip: missing("nohup") || missing("bash") };

/** A job that prints `up` and ends once the file is there. */
const waitFor = (file: string) => {
  const code = `echo up; until [ -e '${file}' ]; do sleep 0.05; done; echo done`;
  return { script: { id: "hangup", language: "shell", code } };
};

interface StartedByShell {
  readonly url: string;
  readonly dataDir: string;
  readonly pid: number;
  /** Ends the shell's terminal, as closing its window does. */
  closeTerminal(): void;
}

/**
 * Has bash run a command in which `$SERVICE` starts the runner and `$DATA/pid` takes its process id; resolves when it answers.
 * With `terminal` the shell is on a terminal of its own.
 */
async function startByShell(t: TestContext, command: string, { terminal }: { terminal: boolean }): Promise<StartedByShell> {
  const dataDir = await temporaryDirectory(t);
  const port = await freePort();
  const env = plainEnvironment({
    AUTOMN_RUNNER_DATA_DIR: dataDir, AUTOMN_RUNNER_PORT: String(port), AUTOMN_RUNNER_SECRET: SECRET, AUTOMN_RUNNER_WARM: "0",
    SHELL: "/bin/bash", DATA: dataDir, SERVICE: `${process.execPath} ${SERVICE}`,
  });
  const [program = "", ...args] = terminal ? ["script", "-qefc", command, join(dataDir, "terminal")] : ["bash", "-c", command];
  const child = spawn(program, args, { env, cwd: dataDir, stdio: "ignore", detached: true });
  const pidOf = () => Number(existsSync(join(dataDir, "pid")) ? readFileSync(join(dataDir, "pid"), "utf8") : 0);
  afterwards(t, async () => {
    child.kill("SIGKILL");
    if (isAlive(pidOf())) process.kill(pidOf(), "SIGKILL");
    await until(() => !isAlive(pidOf()), "the runner's end");
  });
  const url = `http://127.0.0.1:${port}`;
  await until(() => fetch(`${url}/status`).then(({ ok }) => ok, () => false), "the runner to answer");
  return { url, dataDir, pid: pidOf(), closeTerminal: () => void child.kill("SIGKILL") };
}

/** Whether there is such a process that is no zombie. */
function isAlive(pid: number): boolean {
  if (pid === 0) return false;
  const { stdout } = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" });
  return stdout.trim() !== "" && !stdout.startsWith("Z");
}

test("SIGHUP: an active run is drained, as after SIGTERM, and a second SIGHUP does not cut it short", async (t) => {
  const service = await startService(t, { AUTOMN_RUNNER_SECRET: SECRET });
  const gate = join(service.dataDir, "gate");
  const job = await postJob(service.url, SECRET, waitFor(gate));
  await job.printed("up");
  process.kill(service.pid, "SIGHUP");
  await until(async () => (await service.status()).draining, "the drain");
  process.kill(service.pid, "SIGHUP");
  const { status } = await fetch(`${service.url}/api/run`, { method: "POST", headers: { "x-automn-runner-secret": SECRET }, body: "{}" });
  assert.equal(status, 503);
  writeFileSync(gate, "");
  const { reason, stdout } = await job.result;
  assert.deepEqual([reason, stdout], ["exited", "up\ndone"]);
  assert.deepEqual(await service.ended, { code: 0, signal: null });
});

test("SIGHUP: a SIGTERM after it ends every run at once", async (t) => {
  const service = await startService(t, { AUTOMN_RUNNER_SECRET: SECRET });
  const job = await postJob(service.url, SECRET, waitFor(join(service.dataDir, "never")));
  await job.printed("up");
  process.kill(service.pid, "SIGHUP");
  await until(async () => (await service.status()).draining, "the drain");
  process.kill(service.pid, "SIGTERM");
  assert.equal((await service.ended).code, 143);
});

test("SIGHUP: closing the terminal drains the runner, which then exits with 0 and does not crash", terminal, async (t) => {
  // The outer shell dies with its terminal, which signals the others. The inner one survives, by a trap that nobody inherits,
  // and tells the exit code.
  const command = `bash -c 'trap : HUP; ( echo $BASHPID >$DATA/pid; exec $SERVICE ); echo $? >$DATA/code'; true`;
  const runner = await startByShell(t, command, { terminal: true });
  const gate = join(runner.dataDir, "gate");
  const job = await postJob(runner.url, SECRET, waitFor(gate));
  await job.printed("up");
  runner.closeTerminal();
  await until(async () => ((await (await fetch(`${runner.url}/status`)).json()) as { draining: boolean }).draining, "the drain");
  writeFileSync(gate, "");
  const { reason, stdout } = await job.result;
  assert.deepEqual([reason, stdout], ["exited", "up\ndone"]);
  await until(() => existsSync(join(runner.dataDir, "code")) && readFileSync(join(runner.dataDir, "code"), "utf8") !== "", "the exit code");
  assert.equal(readFileSync(join(runner.dataDir, "code"), "utf8").trim(), "0");
});

/** Each way starts the runner with SIGHUP ignored. */
const IGNORED: readonly { readonly how: string; readonly command: string; readonly terminal: boolean }[] = [
  { how: "by nohup", command: "nohup $SERVICE >$DATA/log 2>&1 </dev/null & echo $! >$DATA/pid; wait", terminal: false },
  { how: "by nohup in a terminal", command: "nohup $SERVICE & echo $! >$DATA/pid; wait", terminal: true },
  {
    how: "by nohup in a terminal, from a shell that does not name its commands",
    command: "sh -c 'echo $$ >$DATA/pid; exec nohup $SERVICE >$DATA/log 2>&1'", terminal: true,
  },
  { how: "by a shell that ignores it", command: "trap '' HUP; $SERVICE & echo $! >$DATA/pid; wait", terminal: false },
  {
    how: "by a script under nohup", command: "nohup bash -c '$SERVICE >$DATA/log 2>&1 </dev/null & echo $! >$DATA/pid; wait'",
    terminal: false,
  },
];

for (const { how, command, terminal: inTerminal } of IGNORED) {
  test(`SIGHUP: a runner that was started with it ignored keeps running, ${how}`, inTerminal ? terminal : nohup, async (t) => {
    const runner = await startByShell(t, command, { terminal: inTerminal });
    const gate = join(runner.dataDir, "gate");
    const job = await postJob(runner.url, SECRET, waitFor(gate));
    await job.printed("up");
    process.kill(runner.pid, "SIGHUP");
    if (inTerminal) runner.closeTerminal();
    writeFileSync(gate, "");
    assert.equal((await job.result).code, 0);
    assert.equal((await runJob(runner.url, SECRET, waitFor(gate))).stdout, "up\ndone", "it still accepts jobs");
    process.kill(runner.pid, "SIGTERM");
    await until(() => !isAlive(runner.pid), "the runner's end after SIGTERM");
  });
}
