import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { freePort } from "../../scripts/built-runner.ts";
import type { Behaviour } from "../../scripts/fake-host.ts";
import { afterwards } from "../support/cleanup.ts";
import type { TestContext } from "../support/cleanup.ts";
import { gate, RUNNER_ID, SECRET } from "../support/host.ts";
import { startPair, startService, temporaryDirectory } from "../support/service.ts";
import type { Service, Status } from "../support/service.ts";
import { until } from "../support/until.ts";

async function failed(service: Service): Promise<Status> {
  return until(async () => {
    const status = await service.status();
    return status.runner.lastRegistrationError !== null && status;
  }, "a failed registration");
}

/** What helps is in the status, on the page and in the log; the secret is in none of them. */
async function saysEverywhere(service: Service, words: RegExp): Promise<void> {
  const status = await failed(service);
  const said = status.runner.lastRegistrationError ?? "";
  assert.match(said, words);
  assert.match(said, /https?:\/\/\S+\/register/, "the URL is named");
  assert.equal(status.runner.locked, false);
  assert.ok(service.log.some(({ level, message }) => level === "warn" && message === said), "the log says the same");
  const page = await service.page();
  assert.match(page, words);
  for (const text of [JSON.stringify(status), page, service.output]) assert.ok(!text.includes(SECRET));
}

const answers: readonly { readonly name: string; readonly behaviour: Behaviour; readonly words: RegExp }[] = [
  { name: "400", behaviour: { status: 400 }, words: /400.*did not accept the registration.*Invalid registration payload/ },
  { name: "401", behaviour: { status: 401 }, words: /401.*secret does not match/ },
  { name: "403", behaviour: { status: 403 }, words: /403.*disabled in the host.{1,6}s settings/ },
  { name: "404", behaviour: { status: 404 }, words: /404.*no runner with this id/ },
  { name: "500", behaviour: { status: 500 }, words: /failed with status 500.*Internal server error/ },
  { name: "503 with a page of a proxy", behaviour: { status: 503, body: "<h1>Unavailable</h1>" }, words: /failed with status 503/ },
  { name: "a redirect", behaviour: { status: 301, headers: { location: "https://elsewhere.example/" } }, words: /301, a redirect to https:\/\/elsewhere\.example/ },
  { name: "200 of something that is no host", behaviour: { body: "<h1>It works!</h1>" }, words: /not as an Automn host does/ },
  { name: "a broken off connection", behaviour: { cutOff: "silent" }, words: /broke off/ },
  { name: "a torn answer", behaviour: { cutOff: "torn" }, words: /broke off/ },
];

for (const { name, behaviour, words } of answers) {
  test(`registration: ${name} is reported with a helpful message`, async (t) => {
    const { host, service } = await startPair(t);
    host.always(behaviour);
    await service.sendForm(SECRET);
    await saysEverywhere(service, words);
  });
}

test("registration: a host that does not answer in time is reported within a heartbeat", async (t) => {
  const { host, service } = await startPair(t, { AUTOMN_RUNNER_HEARTBEAT_MS: "400" });
  const { opened, open } = gate();
  afterwards(t, open);
  host.always({ until: opened });
  await service.sendForm(SECRET);
  await saysEverywhere(service, /no answer in time/);
});

async function startTowards(t: TestContext, hostUrl: string): Promise<Service> {
  return startService(t, { AUTOMN_HOST_URL: hostUrl, AUTOMN_RUNNER_ID: RUNNER_ID, AUTOMN_RUNNER_SECRET: SECRET });
}

test("registration: a refused connection is reported as one", async (t) => {
  await saysEverywhere(await startTowards(t, `http://127.0.0.1:${await freePort()}`), /connection was refused/);
});

test("registration: an unknown host name is reported as one", async (t) => {
  await saysEverywhere(await startTowards(t, "http://no-such-host.invalid:3000"), /could not be resolved|no answer in time/);
});

test("registration: https to a host that speaks http is reported as a TLS failure", async (t) => {
  const { host } = await startPair(t);
  await saysEverywhere(await startTowards(t, host.url.replace("http:", "https:")), /TLS connection failed/);
});

test("registration: an untrusted certificate is reported as a TLS failure", async (t) => {
  const directory = await temporaryDirectory(t);
  const [key, cert] = [join(directory, "key.pem"), join(directory, "cert.pem")];
  try {
    execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", key, "-out", cert], { stdio: "ignore" });
  } catch {
    t.skip("NOT TESTED: there is no openssl to make a certificate with");
    return;
  }
  const server = createTlsServer({ key: await readFile(key), cert: await readFile(cert) });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  afterwards(t, () => server.close());
  await saysEverywhere(await startTowards(t, `https://127.0.0.1:${(server.address() as AddressInfo).port}`), /TLS connection failed.*certificate/);
});

test("registration: a later failure keeps the runner locked and is shown until the host accepts it again", async (t) => {
  const { host, service } = await startPair(t, { AUTOMN_RUNNER_HEARTBEAT_MS: "500" });
  await service.sendForm(SECRET);
  await until(async () => (await service.status()).runner.locked, "the registration");
  host.always({ status: 403 });
  const { runner, heartbeat } = await failed(service);
  assert.equal(runner.locked, true);
  assert.notEqual(runner.registeredAt, null);
  assert.ok(heartbeat.failuresInARow >= 1);
  host.always(undefined);
  await until(async () => (await service.status()).runner.lastRegistrationError === null, "the host to take it again");
  assert.equal((await service.status()).runner.lastRegistrationStatus, "success");
});
