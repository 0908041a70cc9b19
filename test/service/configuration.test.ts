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
import { ask, plainEnvironment, startPair, startService, temporaryDirectory } from "../support/service.ts";
import { until } from "../support/until.ts";

/** Starts a service that can't start; resolves with its exit code and its lines. */
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

test("every problem of the environment is said at once, a line each, with exit 78", async (t) => {
  const { code, lines } = await refusal(t, {
    AUTOMN_RUNNER_PORT: "abc", AUTOMN_HOST_URL: "not a url", AUTOMN_RUNNER_HEARTBEAT_MS: "-1", AUTOMN_RUNNER_SECRET: "short",
    AUTOMN_RUNNER_LOG_LEVEL: "loud", AUTOMN_RUNNER_RESET_TOKEN_FILE: "/no/such/file", AUTOMN_RUNNER_ENDPOINT_PATH: "/status",
  });
  assert.equal(code, 78);
  assert.equal(lines.length, 7, lines.join("\n"));
  for (const [name, words] of [
    ["AUTOMN_RUNNER_PORT", /found "abc"/], ["AUTOMN_HOST_URL", /found "not a url"/], ["AUTOMN_RUNNER_HEARTBEAT_MS", /found "-1"/], ["AUTOMN_RUNNER_SECRET", /at least 12 characters/],
    ["AUTOMN_RUNNER_LOG_LEVEL", /found "loud"/], ["AUTOMN_RUNNER_RESET_TOKEN_FILE", /no such file/], ["AUTOMN_RUNNER_ENDPOINT_PATH", /found "\/status"/],
  ] as const) {
    const line = lines.find((each) => each.includes(`${name}:`) || each.includes(`${name} `));
    assert.match(line ?? "", words, `${name}: ${lines.join("\n")}`);
  }
});

test("an unknown name is warned about with the nearest known one, and does not stop the start", async (t) => {
  const service = await startService(t, { AUTOMN_RUNNER_HEARTBEET_MS: "5", AUTOMN_RUNNER_PYTHON_VERSION: "3.12" });
  assert.match(service.output, /AUTOMN_RUNNER_HEARTBEET_MS .*AUTOMN_RUNNER_HEARTBEAT_MS/);
  assert.doesNotMatch(service.output, /PYTHON_VERSION/);
});

for (const ms of ["0", "100001"]) {
  test(`a heartbeat of ${ms} ms is warned about`, async (t) => {
    const service = await startService(t, { AUTOMN_RUNNER_HEARTBEAT_MS: ms });
    assert.match(service.output, /two minutes/);
    if (ms === "0") assert.equal((await service.status()).heartbeat.next, undefined);
  });
}

test("port 0 takes a free one and logs it", async (t) => {
  const [one, two] = [await startService(t, { AUTOMN_RUNNER_PORT: "0" }), await startService(t, { AUTOMN_RUNNER_PORT: undefined, PORT: "0" })];
  assert.ok(one.port > 0 && two.port > 0 && one.port !== two.port);
  for (const { url } of [one, two]) assert.equal((await ask(url, "GET", "/status")).status, 200);
});

test("a port that is taken is a sentence and exit 1", async (t) => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  afterwards(t, () => other.close());
  const { port } = other.address() as AddressInfo;
  const { code, lines } = await refusal(t, { AUTOMN_RUNNER_PORT: String(port) });
  assert.equal(code, 1);
  assert.match(lines.at(-1) ?? "", new RegExp(`^Cannot listen on port ${port}: .*EADDRINUSE`));
});

test("secret and reset token are read from files too, as container secrets are given", async (t) => {
  const folder = await temporaryDirectory(t);
  const [secret, token] = [join(folder, "secret"), join(folder, "token")];
  await writeFile(secret, `${SECRET}\n`);
  await writeFile(token, "a reset token in a file\r\n");
  const { host, service } = await startPair(t, { AUTOMN_RUNNER_SECRET_FILE: secret, AUTOMN_RUNNER_RESET_TOKEN_FILE: token });
  await host.registered();
  assert.equal((await service.status()).runner.secretSource, "environment");
  assert.equal((await service.reset({ token: "a reset token in a file" })).status, 409);
});

test("the public runner's names work", async (t) => {
  const { host, service } = await startPair(t);
  await service.stop();
  const again = await startService(t, { AUTOMN_RUNNER_HOST_URL: host.url, AUTOMN_RUNNER_ID: "x", AUTOMN_SHELL_PATH: "/bin/sh" });
  assert.equal((await again.status()).config.hostUrl, host.url);
  await until(async () => (await again.status()).runtimes["shell"], "the shell to be found");
});

test("without a bind address both IPv4 and IPv6 are listened to", async (t) => {
  const service = await startService(t, { AUTOMN_RUNNER_BIND: undefined });
  assert.equal((await fetch(`http://127.0.0.1:${service.port}/status`)).status, 200);
  const six = await fetch(`http://[::1]:${service.port}/status`).catch(() => undefined);
  if (six === undefined) t.skip("NOT TESTED: this machine has no IPv6 loopback");
  else assert.equal(six.status, 200);
});
