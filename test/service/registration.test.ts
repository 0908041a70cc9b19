import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { freePort } from "../../scripts/built-runner.ts";
import type { FakeHost } from "../../scripts/fake-host.ts";
import { gate, RUNNER_ID, SECRET, startHost } from "../support/host.ts";
import { startPair, startRegistered, startService, temporaryDirectory } from "../support/service.ts";
import type { Service, Status } from "../support/service.ts";
import { until } from "../support/until.ts";

const NEW_SECRET = "another secret of the host";

/** Resolves when the registrations of the start, which callers share until they are written down, are over. */
async function quiet(host: FakeHost, service: Service): Promise<void> {
  await until(async () => {
    await service.page("/ui/reregister");
    return String(host.registrations.at(-1)?.body["statusMessage"]).endsWith("(manual)");
  }, "a registration of its own");
}

test("registration: a fully configured runner registers at its start, with every field of the protocol", async (t) => {
  const { host, service } = await startRegistered(t, { AUTOMN_RUNNER_STATUS_MESSAGE: "here", AUTOMN_RUNNER_MAX_CONCURRENCY: "7", AUTOMN_RUNNER_TIMEOUT_MS: "90000" });
  assert.equal(host.registrations[0]?.body["statusMessage"], "here (startup)");
  const registration = await until(() => host.registrations.find(({ body }) => Object.keys(body["runtimes"] as object).length === 2), "a registration with the interpreters' versions");
  const { uptime, arch, runtimes, version, statusMessage: _, ...body } = registration.body as Record<string, unknown> & { runtimes: Record<string, string> };
  assert.deepEqual(body, {
    secret: SECRET, endpoint: `${service.url}/api/run`, runnerId: RUNNER_ID,
    maxConcurrency: 7, timeoutMs: 90_000, minimumHostVersion: "0.2.0", os: process.platform, platform: process.arch,
  });
  assert.match(String(version), /^\d+\.\d+\.\d+$/);
  assert.ok(Number.isInteger(uptime) && typeof arch === "string" && arch !== "");
  assert.equal(runtimes["node"], process.versions.node);
  assert.deepEqual(Object.keys(runtimes).sort(), ["node", "shell"], "only installed interpreters are sent");
  assert.equal(registration.runnerId, RUNNER_ID, "the id is URL-encoded");
});

test("registration: optional fields that are not set are not sent", async (t) => {
  const { host } = await startRegistered(t);
  const names = Object.keys(host.registrations[0]?.body ?? {});
  for (const name of ["maxConcurrency", "timeoutMs"]) assert.ok(!names.includes(name), name);
});

test("registration: without a configured status message the runner sends its own, with the reason", async (t) => {
  const { host, service } = await startRegistered(t);
  assert.equal(host.registrations[0]?.body["statusMessage"], "Runner heartbeat (startup)");
  await quiet(host, service);
  assert.equal(host.registrations.at(-1)?.body["statusMessage"], "Runner heartbeat (manual)");
});

test("registration: the first one does not wait for an interpreter that hangs; its version follows by itself", { skip: process.platform === "win32" }, async (t) => {
  const folder = await temporaryDirectory(t);
  const [gate, slow] = [join(folder, "gate"), join(folder, "python")];
  await writeFile(slow, `#!/bin/sh\nuntil [ -e '${gate}' ]; do sleep 0.05; done\necho '{"version":"3.99.1"}'\n`, { mode: 0o755 });
  const { host } = await startRegistered(t, { AUTOMN_RUNNER_PYTHON_PATH: slow, AUTOMN_RUNNER_HEARTBEAT_MS: "off" });
  assert.equal((host.registrations[0]?.body["runtimes"] as Record<string, string>)["python"], undefined);
  await writeFile(gate, "");
  const later = await until(() => host.registrations.find(({ body }) => "python" in (body["runtimes"] as object)), "a registration with the version");
  assert.deepEqual([(later.body["runtimes"] as Record<string, string>)["python"], later.body["statusMessage"]], ["3.99.1", "Runner heartbeat (heartbeat)"]);
});

test("registration: the smaller of the two concurrency limits is advertised, or the only one", async (t) => {
  for (const [advertised, local, told] of [["8", "3", 3], [undefined, "5", 5], ["2", "9", 2]] as const) {
    const { host, service } = await startRegistered(t, { AUTOMN_RUNNER_MAX_CONCURRENCY: advertised, AUTOMN_RUNNER_LOCAL_MAX_CONCURRENCY: local });
    assert.equal(host.registrations[0]?.body["maxConcurrency"], told);
    await service.stop();
  }
});

test("AUTOMN_HOST_URL: a trailing slash and a path are both handled", async (t) => {
  const host = await startHost(t);
  const service = await startService(t, { AUTOMN_HOST_URL: `${host.url}/`, AUTOMN_RUNNER_ID: RUNNER_ID, AUTOMN_RUNNER_SECRET: SECRET });
  await host.registered();
  assert.equal((await service.status()).runner.lastRegistrationError, null);
});

test("heartbeat: each one is a registration, and renews registeredAt but not lockedAt", async (t) => {
  const { host, service } = await startRegistered(t, { AUTOMN_RUNNER_HEARTBEAT_MS: "500", AUTOMN_RUNNER_STATUS_MESSAGE: "m" });
  const first = await until(async () => { const { runner } = await service.status(); return runner.registeredAt !== null && runner; }, "the first registration");
  await until(() => host.registrations.length >= 4, "three heartbeats");
  assert.equal(host.registrations[3]?.body["statusMessage"], "m (heartbeat)");
  const later = await until(async () => { const { runner } = await service.status(); return runner.registeredAt !== first.registeredAt && runner; }, "a newer time");
  assert.equal(later.lockedAt, first.lockedAt);
  const heartbeat = await until(async () => { const status = await service.status(); return status.heartbeat.failuresInARow === 0 && status.heartbeat; }, "a good heartbeat");
  assert.ok(Date.parse(heartbeat.next ?? "") > Date.parse(heartbeat.last ?? ""));
});

test("/ui/reregister: registers now and shows the outcome", async (t) => {
  const { host, service } = await startRegistered(t, { AUTOMN_RUNNER_STATUS_MESSAGE: "m" });
  await quiet(host, service);
  assert.match(await service.page("/ui/reregister"), /The host accepted this runner/);
  assert.equal(host.registrations.at(-1)?.body["statusMessage"], "m (manual)");
  host.setDisabled(RUNNER_ID, true);
  assert.match(await service.page("/ui/reregister"), /disabled in the host.{1,6}s settings/);
});

test("registration: callers that would send the same request share the one in flight", async (t) => {
  const { host, service } = await startRegistered(t);
  await quiet(host, service);
  const before = host.arrived;
  const { opened, open } = gate();
  host.next({ until: opened });
  const first = service.page("/ui/reregister");
  await until(() => host.arrived === before + 1, "the first");
  const others = Array.from({ length: 4 }, () => service.page("/ui/reregister"));
  await service.status();
  open();
  for (const page of await Promise.all([first, ...others])) assert.match(page, /The host accepted this runner/);
  assert.equal(host.arrived, before + 1);
});

test("heartbeat: after a restart of the host the next one restores the endpoint, and jobs run again", async (t) => {
  const { host } = await startRegistered(t, { AUTOMN_RUNNER_HEARTBEAT_MS: "300" });
  host.forget();
  const script = { language: "node", code: "AutomnReturn(1)" };
  assert.equal((await host.dispatch(RUNNER_ID, script)).failure, "Runner is not registered");
  await host.registered({ after: host.registrations.length });
  assert.equal((await host.dispatch(RUNNER_ID, script)).result?.returnData, 1);
});

test("registration: a failing or aborting host is retried before the next heartbeat", async (t) => {
  const host = await startHost(t);
  host.next({ status: 500 }, { cutOff: "silent" });
  const service = await startService(t, { AUTOMN_HOST_URL: host.url, AUTOMN_RUNNER_ID: RUNNER_ID, AUTOMN_RUNNER_SECRET: SECRET });
  await host.registered();
  assert.equal(host.registrations.length, 3);
  await until(async () => (await service.status()).runner.registeredAt !== null, "the registration");
  assert.equal((await service.status()).heartbeat.failuresInARow, 0);
});

test("registration: a host that starts after the runner gets it without waiting for a heartbeat", async (t) => {
  const port = await freePort();
  const service = await startService(t, { AUTOMN_HOST_URL: `http://127.0.0.1:${port}`, AUTOMN_RUNNER_ID: RUNNER_ID, AUTOMN_RUNNER_SECRET: SECRET });
  await until(async () => (await service.status()).heartbeat.failuresInARow >= 1, "the first failure");
  const host = await startHost(t, port);
  await host.registered();
});

test("registration: a refusal is not retried before the next heartbeat", async (t) => {
  const { host, service } = await startPair(t, { AUTOMN_RUNNER_SECRET: "not the host's secret", AUTOMN_RUNNER_HEARTBEAT_MS: "3000" });
  const first = await host.registered({ status: 401 });
  const second = await host.registered({ after: 1, status: 401 });
  assert.ok(second.at - first.at > 1_500, `the next one came after ${second.at - first.at} ms`);
  assert.equal((await service.status()).runner.locked, false);
});

test("registration: a late answer to an old secret changes nothing", async (t) => {
  const { host, service } = await startPair(t);
  const { opened, open } = gate();
  host.next({ until: opened });
  const early = service.sendForm(SECRET);
  await until(() => host.arrived === 1, "the first secret to reach the host");
  host.setSecret(RUNNER_ID, NEW_SECRET);
  host.next({ status: 401 });
  const refused = await (await service.sendForm(NEW_SECRET)).text();
  assert.match(refused, /does not match/);
  open();
  await early;
  const { runner } = await service.status();
  assert.equal(runner.locked, false);
  assert.match(runner.lastRegistrationError ?? "", /401/);
});

test("registration: incompatible versions and a clock difference are in /status and the log, the versions once", async (t) => {
  const { host, service } = await startPair(t, { AUTOMN_RUNNER_HEARTBEAT_MS: "400" });
  host.always({ body: { registered: true, hostVersion: "0.1.9", minimumRunnerVersion: "9.0.0" }, date: new Date(Date.now() - 3_600_000) });
  await service.sendForm(SECRET);
  await until(() => host.registrations.length > 3, "some heartbeats");
  const aboutTheHost = ({ problems }: Status) => problems.flatMap((problem) => /0\.1\.9|9\.0\.0|behind/.exec(problem)?.[0] ?? []);
  const status = await until(async () => { const now = await service.status(); return aboutTheHost(now).length === 3 && now; }, "three problems");
  const { heartbeat } = status;
  assert.deepEqual(aboutTheHost(status), ["0.1.9", "9.0.0", "behind"], status.problems.join("\n"));
  assert.ok(Math.abs((heartbeat.clockSkewMs ?? 0) + 3_600_000) < 5_000);
  const warnings = service.log.filter(({ level }) => level === "warn").map(({ message }) => message);
  assert.equal(warnings.filter((message) => message.includes("0.1.9")).length, 1);
  assert.equal(warnings.filter((message) => message.includes("clock")).length, 1);
});
