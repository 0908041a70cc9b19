import assert from "node:assert/strict";
import { createServer } from "node:net";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { AddressInfo } from "node:net";
import { NotStarted, startBuiltRunner } from "../../scripts/built-runner.ts";
import { afterwards } from "../support/cleanup.ts";
import type { TestContext } from "../support/cleanup.ts";
import { SECRET } from "../support/host.ts";
import { runJob } from "../support/job.ts";
import { readOnlyDisk } from "../support/read-only-disk.ts";
import { ask, plainEnvironment, startPair, startService, temporaryDirectory } from "../support/service.ts";
import { until } from "../support/until.ts";

/** Starts a service that cannot start; resolves with its exit code and its lines. */
async function refusal(t: TestContext, env: NodeJS.ProcessEnv): Promise<{ code: number | null | undefined; lines: string[] }> {
  const dataDir = await temporaryDirectory(t);
  try {
    const runner = await startBuiltRunner({ env: plainEnvironment({ AUTOMN_RUNNER_DATA_DIR: dataDir, AUTOMN_RUNNER_PORT: "0", ...env }) });
    await runner.stop();
  } catch (error) {
    if (!(error instanceof NotStarted)) throw error;
    return { code: error.end?.code, lines: error.output.trim().split("\n") };
  }
  throw new Error("It started");
}

test("start: all problems of the environment are reported at once, one line each, with exit 78", async (t) => {
  const { code, lines } = await refusal(t, {
    AUTOMN_RUNNER_PORT: "abc", AUTOMN_HOST_URL: "not a url", AUTOMN_RUNNER_HEARTBEAT_MS: "-1", AUTOMN_RUNNER_SECRET: "short",
    AUTOMN_RUNNER_LOG_LEVEL: "loud", AUTOMN_RUNNER_RESET_TOKEN_FILE: "/no/such/file", AUTOMN_RUNNER_ENDPOINT_PATH: "/status",
  });
  assert.equal(code, 78);
  assert.equal(lines.length, 7, lines.join("\n"));
  for (const [name, words] of [
    ["AUTOMN_RUNNER_PORT", /found "abc"/], ["AUTOMN_HOST_URL", /found "not a url"/], ["AUTOMN_RUNNER_HEARTBEAT_MS", /found "-1"/],
    ["AUTOMN_RUNNER_SECRET", /at least 12 characters/],
    ["AUTOMN_RUNNER_LOG_LEVEL", /found "loud"/], ["AUTOMN_RUNNER_RESET_TOKEN_FILE", /no such file/],
    ["AUTOMN_RUNNER_ENDPOINT_PATH", /found "\/status"/],
  ] as const) {
    const line = lines.find((each) => each.includes(`${name}:`) || each.includes(`${name} `));
    assert.match(line ?? "", words, `${name}: ${lines.join("\n")}`);
  }
});

test("start: an unknown name is warned about with the nearest known one, and the runner starts", async (t) => {
  const service = await startService(t, { AUTOMN_RUNNER_HEARTBEET_MS: "5", AUTOMN_RUNNER_PYTHON_VERSION: "3.12" });
  assert.match(service.output, /AUTOMN_RUNNER_HEARTBEET_MS .*AUTOMN_RUNNER_HEARTBEAT_MS/);
  assert.doesNotMatch(service.output, /PYTHON_VERSION/);
});

/** Doubtful settings, and what is said about each. */
const DOUBTFUL: readonly (readonly [env: NodeJS.ProcessEnv, warning: RegExp])[] = [
  [{ AUTOMN_RUNNER_HEARTBEAT_MS: "off" }, /two minutes/],
  [{ AUTOMN_RUNNER_HEARTBEAT_MS: "0" }, /taken as the default, 60000/],
  [{ AUTOMN_RUNNER_HEARTBEAT_MS: "60" }, /less than a second/],
  [{ AUTOMN_HOST_URL: "http://automn.example" }, /AUTOMN_RUNNER_PUBLIC_URL \(127\.0\.0\.1:\d+\) means this machine/],
  [{ AUTOMN_RUNNER_PUBLIC_URL: "http://127.0.0.1:9" }, /AUTOMN_RUNNER_PUBLIC_URL has port 9, but the runner listens on port \d+/],
  [{ AUTOMN_HOSTURL: "http://127.0.0.1" }, /AUTOMN_HOSTURL is not a variable .*AUTOMN_HOST_URL/],
  [{ RUNNER_ID: "r1" }, /RUNNER_ID is not a variable .*AUTOMN_RUNNER_ID/],
];
for (const [env, warning] of DOUBTFUL) {
  test(`start: ${JSON.stringify(env)} is warned about in the log and in /status`, async (t) => {
    const service = await startService(t, env);
    const { problems } = await service.status();
    assert.equal(problems.filter((problem) => warning.test(problem)).length, 1, problems.join("\n"));
    assert.equal(service.log.filter(({ level, message }) => level === "warn" && warning.test(message)).length, 1, service.output);
  });
}

test("AUTOMN_RUNNER_HEARTBEAT_MS: off sends no heartbeats, 0 sends them by default", async (t) => {
  const [off, zero] = await Promise.all(["off", "0"].map((ms) => startService(t, { AUTOMN_RUNNER_HEARTBEAT_MS: ms })));
  assert.ok(off !== undefined && zero !== undefined);
  assert.equal((await off.status()).heartbeat.next, undefined);
  const { intervalMs, next } = (await zero.status()).heartbeat;
  assert.deepEqual([intervalMs, typeof next], [60_000, "string"]);
});

/** Interpreters that were chosen and do not work, and why. */
const BROKEN: readonly (readonly [file: string, reason: RegExp])[] = [
  ["/nowhere/sh", /ENOENT/], ["/", /EACCES/], ["/bin/false", /it exited with code 1/],
  ["/bin/echo", /its answer is not that of an interpreter/],
];
for (const [file, reason] of BROKEN) {
  const posix = { skip: process.platform === "win32" };
  test(`AUTOMN_RUNNER_SHELL_PATH=${file} is warned about in the log and in /status, with the reason`, posix, async (t) => {
    const service = await startService(t, { AUTOMN_RUNNER_SHELL_PATH: file });
    const isOfShell = (problem: string) => problem.startsWith("AUTOMN_RUNNER_SHELL_PATH");
    const problem = await until(async () => (await service.status()).problems.find(isOfShell), "the problem");
    assert.ok(problem.startsWith(`AUTOMN_RUNNER_SHELL_PATH=${file} does not work: `));
    assert.match(problem, reason);
    await until(() => service.log.some(({ level, message }) => level === "warn" && message === problem), "the warning");
    assert.doesNotMatch(service.output, /AUTOMN_RUNNER_NODE_PATH/, "an interpreter that nobody chose is not warned about");
  });
}

for (const [variable, purpose] of [["STATE_DIR", "state"], ["SCRIPTS_DIR", "scripts"], ["WORKDIR", "work"]] as const) {
  test(`AUTOMN_RUNNER_${variable}: an unusable directory gives one log line with the reason and exit code 78`, async (t) => {
    const file = join(await temporaryDirectory(t), "file");
    await writeFile(file, "");
    const path = join(file, "below");
    const { code, lines } = await refusal(t, { [`AUTOMN_RUNNER_${variable}`]: path });
    assert.equal(code, 78);
    const problem = `Cannot use the ${purpose} directory ${path} (AUTOMN_RUNNER_${variable}=${path}): ENOTDIR`;
    assert.deepEqual(lines.filter((line) => line.startsWith(problem)).length, 1, lines.join("\n"));
    assert.equal(lines.filter((line) => line.startsWith("Cannot")).length, 1, lines.join("\n"));
  });
}

test("AUTOMN_RUNNER_DATA_DIR: on a read-only file system each directory below it is reported as read-only, with exit code 78", async (t) => {
  const disk = await readOnlyDisk(t);
  if (disk === undefined) return t.skip("NOT TESTED: this user cannot mount a file system");
  const { code, lines } = await refusal(t, { AUTOMN_RUNNER_DATA_DIR: join(disk, "data") });
  assert.equal(code, 78);
  for (const purpose of ["state", "scripts", "work"]) {
    const line = lines.find((one) => one.includes(`the ${purpose} directory`)) ?? "";
    assert.ok(line.includes(`(AUTOMN_RUNNER_DATA_DIR=${disk}/data): EROFS: read-only file system`), lines.join("\n"));
  }
});

/** What is set, and the line that says what is missing. */
const MISSING: readonly (readonly [env: NodeJS.ProcessEnv, line: RegExp])[] = [
  [{ AUTOMN_RUNNER_ID: "r1", AUTOMN_RUNNER_SECRET: SECRET }, /^Not registered: AUTOMN_HOST_URL is not set \(set it and restart\)$/],
  [
    { AUTOMN_HOST_URL: "http://127.0.0.1:9", AUTOMN_RUNNER_ID: "r1" },
    /^Not registered: there is no secret \(enter it on the runner's page, port \d+, or set AUTOMN_RUNNER_SECRET\)$/,
  ],
  [{}, /^Not registered: AUTOMN_HOST_URL and AUTOMN_RUNNER_ID are not set \(.*\); there is no secret \(.*\)$/],
];
for (const [env, line] of MISSING) {
  const set = Object.keys(env).join(", ") || "nothing";
  test(`start: with ${set} set, the log says in one line what is missing and what to do`, async (t) => {
    const service = await startService(t, env);
    const found = await until(() => service.log.find(({ message }) => message.startsWith("Not registered")), "the line");
    assert.equal(found.level, "warn");
    assert.match(found.message, line);
  });
}

test("start: with everything set, the log says nothing about a missing registration", async (t) => {
  const { host, service } = await startPair(t, { AUTOMN_RUNNER_SECRET: SECRET });
  await host.registered();
  assert.doesNotMatch(service.output, /Not registered/);
});

test("log: a run's start and its success are logged at info, its failure at warn", async (t) => {
  const service = await startService(t, { AUTOMN_RUNNER_SECRET: SECRET });
  for (const [runId, language, code] of [["good", "shell", "true"], ["failed", "shell", "exit 3"], ["unknown", "cobol", "x"]] as const) {
    await runJob(service.url, SECRET, { runId, script: { language, code } });
  }
  const lines = await until(() => {
    const ofRuns = service.log.filter(({ message }) => message.startsWith("Run "));
    return ofRuns.length === 6 && ofRuns.map(({ level, message, runId }) => `${level} ${message} ${String(runId)}`);
  }, "the log");
  assert.deepEqual(lines, [
    "info Run started good", "info Run ended good",
    "info Run started failed", "warn Run ended failed",
    "info Run started unknown", "warn Run ended unknown",
  ]);
});

test("AUTOMN_RUNNER_PORT and PORT: 0 picks a free port and logs it", async (t) => {
  const one = await startService(t, { AUTOMN_RUNNER_PORT: "0" });
  const two = await startService(t, { AUTOMN_RUNNER_PORT: undefined, PORT: "0" });
  assert.ok(one.port > 0 && two.port > 0 && one.port !== two.port);
  for (const { url } of [one, two]) assert.equal((await ask(url, "GET", "/status")).status, 200);
});

test("AUTOMN_RUNNER_PORT: a port that is in use gives one log line and exit code 1", async (t) => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  afterwards(t, () => other.close());
  const { port } = other.address() as AddressInfo;
  const { code, lines } = await refusal(t, { AUTOMN_RUNNER_PORT: String(port) });
  assert.equal(code, 1);
  assert.match(lines.at(-1) ?? "", new RegExp(`^Cannot listen on port ${port}: .*EADDRINUSE`));
});

test("AUTOMN_RUNNER_SECRET_FILE and AUTOMN_RUNNER_RESET_TOKEN_FILE: secrets are read from files", async (t) => {
  const folder = await temporaryDirectory(t);
  const [secret, token] = [join(folder, "secret"), join(folder, "token")];
  await writeFile(secret, `${SECRET}\n`);
  await writeFile(token, "a reset token in a file\r\n");
  const { host, service } = await startPair(t, { AUTOMN_RUNNER_SECRET_FILE: secret, AUTOMN_RUNNER_RESET_TOKEN_FILE: token });
  await host.registered();
  assert.equal((await service.status()).runner.secretSource, "environment");
  assert.equal((await service.reset({ token: "a reset token in a file" })).status, 409);
});

test("start: the variable names of the public runner work", async (t) => {
  const { host, service } = await startPair(t);
  await service.stop();
  const again = await startService(t, { AUTOMN_RUNNER_HOST_URL: host.url, AUTOMN_RUNNER_ID: "x", AUTOMN_SHELL_PATH: "/bin/sh" });
  assert.equal((await again.status()).config.hostUrl, host.url);
  await until(async () => (await again.status()).runtimes["shell"], "the shell to be found");
});

test("AUTOMN_RUNNER_BIND: without it, the runner listens on IPv4 and IPv6", async (t) => {
  const service = await startService(t, { AUTOMN_RUNNER_BIND: undefined });
  assert.equal((await fetch(`http://127.0.0.1:${service.port}/status`)).status, 200);
  const six = await fetch(`http://[::1]:${service.port}/status`).catch(() => undefined);
  if (six === undefined) t.skip("NOT TESTED: this machine has no IPv6 loopback");
  else assert.equal(six.status, 200);
});
