import assert from "node:assert/strict";
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { freePort } from "../../scripts/built-runner.ts";
import { RUNNER_ID, SECRET, startHost } from "../support/host.ts";
import { startPair, startRegistered, startService, temporaryDirectory } from "../support/service.ts";
import { until } from "../support/until.ts";

const FORM = /action="\/ui\/register"/;

async function writeState(dataDir: string, text: string): Promise<string> {
  const file = join(dataDir, "state", "runner-state.json");
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

test("state file: a restart keeps the registration", async (t) => {
  const { host, service } = await startPair(t);
  await service.sendForm(SECRET);
  const before = (await service.status()).runner;
  const again = await service.restart();
  await host.registered({ after: 1 });
  const { runner } = await again.status();
  assert.deepEqual([runner.locked, runner.lockedAt, runner.secretSource], [true, before.lockedAt, "state"]);
  assert.doesNotMatch(await again.page(), FORM);
  assert.equal((await host.dispatch(RUNNER_ID, { language: "node", code: "AutomnReturn('back')" })).result?.returnData, "back");
});

test("state file: it and its folder are accessible to the runner's own user only", { skip: process.platform === "win32" }, async (t) => {
  const { service } = await startPair(t);
  await service.sendForm(SECRET);
  assert.equal((await stat(service.stateFile)).mode & 0o777, 0o600);
  assert.equal((await stat(dirname(service.stateFile))).mode & 0o777, 0o700);
});

test("state file: a secret from the environment is not written to it", async (t) => {
  const { service } = await startRegistered(t);
  const text = await until(() => readFile(service.stateFile, "utf8").catch(() => undefined), "the state file");
  assert.equal("secret" in (JSON.parse(text) as object), false);
});

test("state file: removing it and restarting asks for the secret again", async (t) => {
  const { service } = await startPair(t);
  await service.sendForm(SECRET);
  await service.stop();
  await rm(service.stateFile);
  const again = await service.restart();
  assert.match(await again.page(), FORM);
  assert.equal((await again.status()).runner.secretConfigured, false);
});

for (const [what, text] of [["half a file", `{"secret": "${JSON.stringify(SECRET).slice(1, 12)}`], ["an empty file", ""], ["no object", "[1,2]"], ["a secret that is no text", `{"secret": 12}`]] as const) {
  test(`state file: ${what} is renamed, and reported on the page and in the log`, async (t) => {
    const host = await startHost(t);
    const dataDir = await temporaryDirectory(t);
    const file = await writeState(dataDir, text);
    const service = await startService(t, { AUTOMN_HOST_URL: host.url, AUTOMN_RUNNER_ID: RUNNER_ID }, dataDir);
    const aside = (await readdir(dirname(file))).filter((name) => name.startsWith("runner-state.json.unreadable-"));
    assert.equal(aside.length, 1);
    assert.match(aside[0] ?? "", /\d{4}-\d\d-\d\dT/);
    assert.equal(await readFile(join(dirname(file), aside[0] ?? ""), "utf8"), text, "not a byte is lost");
    const page = await service.page();
    assert.ok(page.includes(aside[0] ?? "?"), "the page names it");
    assert.match(page, FORM);
    assert.ok(service.log.some(({ level, message }) => level === "error" && message.includes("runner-state.json") && message.includes(aside[0] ?? "?")));
    assert.ok(!service.output.includes(SECRET.slice(0, 8)), "the log does not quote it");
  });
}

test("state file: the public runner's is read, so that replacing it keeps the registration", async (t) => {
  const host = await startHost(t);
  const dataDir = await temporaryDirectory(t);
  const lockedAt = "2025-03-01T08:00:00.000Z";
  await writeState(dataDir, JSON.stringify({
    secret: SECRET, hostUrl: host.url, runnerId: RUNNER_ID, endpointUrl: "http://old.example/api/run", lockedAt, registeredAt: lockedAt,
    lastRegistrationAttempt: lockedAt, lastRegistrationStatus: 200, lastRegistrationError: null, lastRegistrationResponse: { registered: true },
    statusMessage: "x", maxConcurrency: 3, timeoutMs: null, minimumHostVersion: "0.2.0", somethingElse: [1],
  }));
  const service = await startService(t, { AUTOMN_HOST_URL: host.url, AUTOMN_RUNNER_ID: RUNNER_ID }, dataDir);
  await host.registered();
  const { runner } = await until(async () => { const status = await service.status(); return status.runner.registeredAt !== lockedAt && status; }, "the registration");
  assert.deepEqual([runner.locked, runner.lockedAt, runner.endpointUrl], [true, lockedAt, `${service.url}/api/run`]);
  assert.equal((await host.dispatch(RUNNER_ID, { language: "node", code: "AutomnReturn(2)" })).result?.returnData, 2);
});

test("state file: the public runner's gives host, runner id, endpoint and interpreters that the environment leaves out", async (t) => {
  const host = await startHost(t);
  const dataDir = await temporaryDirectory(t);
  const port = await freePort();
  await writeState(dataDir, JSON.stringify({
    secret: SECRET, hostUrl: host.url, runnerId: RUNNER_ID, endpointUrl: `http://127.0.0.1:${port}/behind/proxy/run`, lockedAt: "2025-03-01T08:00:00.000Z",
    runtimeExecutables: { node: null, python: `"${process.execPath}"`, powershell: "/no/such/pwsh" },
  }));
  const service = await startService(t, {
    AUTOMN_RUNNER_PORT: String(port), AUTOMN_RUNNER_PUBLIC_URL: undefined, AUTOMN_RUNNER_PYTHON_PATH: undefined, AUTOMN_RUNNER_POWERSHELL_PATH: undefined,
  }, dataDir);
  await host.registered();
  const { config } = await service.status();
  assert.deepEqual([config.hostUrl, config.runnerId, config.endpointUrl, config.missing], [host.url, RUNNER_ID, `http://127.0.0.1:${port}/behind/proxy/run`, []]);
  assert.equal((await host.dispatch(RUNNER_ID, { language: "node", code: "AutomnReturn(2)" })).result?.returnData, 2);
  assert.match((await host.dispatch(RUNNER_ID, { language: "powershell", code: "1" })).result?.stderr ?? "", /\/no\/such\/pwsh/);
  const stored = JSON.parse(await readFile(service.stateFile, "utf8")) as { runtimeExecutables: unknown };
  assert.deepEqual(stored.runtimeExecutables, { python: process.execPath, powershell: "/no/such/pwsh" });
});

test("state file: under another runner id the form is open again", async (t) => {
  const { service } = await startPair(t);
  await service.sendForm(SECRET);
  const again = await service.restart({ AUTOMN_RUNNER_ID: "someone else" });
  assert.match(await again.page(), FORM);
});

test("state folder: created again when it is removed while the runner runs", async (t) => {
  const { service } = await startPair(t);
  await service.sendForm(SECRET);
  await rm(dirname(service.stateFile), { recursive: true });
  await service.page("/ui/reregister");
  assert.equal((JSON.parse(await readFile(service.stateFile, "utf8")) as { secret: string }).secret, SECRET);
  assert.equal((await stat(dirname(service.stateFile))).mode & 0o777, 0o700);
});

test("state folder: one that is not writable ends the start with one log line and exit code 78", async (t) => {
  const dataDir = await temporaryDirectory(t);
  const blocked = join(dataDir, "file");
  await writeFile(blocked, "");
  await chmod(blocked, 0o400);
  await assert.rejects(startService(t, { AUTOMN_RUNNER_STATE_DIR: join(blocked, "state") }), (error: { end?: { code: number }; output?: string }) => {
    assert.equal(error.end?.code, 78);
    assert.match(error.output ?? "", /^Cannot use the state directory .*\(AUTOMN_RUNNER_STATE_DIR=.*\): ENOTDIR/m);
    assert.equal(error.output?.trim().split("\n").length, 1, "one line and no stack");
    return true;
  });
});

test("state file: a kill at any moment leaves the old or the new one complete", async (t) => {
  const host = await startHost(t);
  let service = await startService(t, { AUTOMN_HOST_URL: host.url, AUTOMN_RUNNER_ID: RUNNER_ID, AUTOMN_RUNNER_HEARTBEAT_MS: "30" });
  await service.sendForm(SECRET);
  await until(async () => (await service.status()).runner.locked, "the registration");
  const folder = dirname(service.stateFile);
  for (let round = 0; round < 12; round++) {
    const seen = host.registrations.length;
    await until(() => host.registrations.length >= seen + 3 + round, "constant writing");
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 10));
    service = await service.restart({}, "SIGKILL");
    const { runner, problems } = await service.status();
    const ofState = problems.filter((problem) => problem.includes("state file"));
    assert.deepEqual([runner.secretConfigured, runner.locked, ofState], [true, true, []], `round ${round}`);
  }
  await service.stop("SIGKILL");
  assert.equal((JSON.parse(await readFile(service.stateFile, "utf8")) as { secret: string }).secret, SECRET);
  const last = await service.restart({ AUTOMN_RUNNER_HEARTBEAT_MS: "off", AUTOMN_HOST_URL: undefined });
  await last.status(); // by then it has written its state
  assert.deepEqual(await readdir(folder), ["runner-state.json"], "what was left half written is gone");
  await last.stop();
});
