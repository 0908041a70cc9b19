import assert from "node:assert/strict";
import { test } from "node:test";
import { SECRET } from "../support/host.ts";
import { ask, startPair, startRegistered, startService } from "../support/service.ts";

const FORM = /<form[^>]*action="\/ui\/register"/;

test("setup form: a new runner asks for its secret, and locks once the host accepts one", async (t) => {
  const { host, service } = await startPair(t, { AUTOMN_RUNNER_STATUS_MESSAGE: "m" });
  assert.match(await service.page(), FORM);
  assert.equal((await service.status()).runner.secretSource, null);

  const wrong = await service.sendForm("not the host's secret");
  assert.equal(wrong.status, 200);
  const page = await wrong.text();
  assert.match(page, /does not match/);
  assert.match(page, FORM, "a mistyped secret can be corrected at once");
  assert.ok(!page.includes("not the host"), "what was entered is not shown again");

  const right = await service.sendForm(`  ${SECRET}\t`);
  assert.equal(right.status, 200);
  assert.doesNotMatch(await right.text(), FORM);
  assert.equal(host.registrations.at(-1)?.body["secret"], SECRET, "blanks around it are dropped");
  assert.equal(host.registrations.at(-1)?.body["statusMessage"], "m (initial)");
  const { runner } = await service.status();
  assert.deepEqual([runner.locked, runner.secretSource, runner.lastRegistrationStatus], [true, "state", "success"]);
  assert.equal(runner.lockedAt, runner.registeredAt);

  assert.doesNotMatch(await service.page(), FORM);
  assert.equal((await service.sendForm("yet another secret")).status, 403);
  assert.equal((await service.page("/ui/reregister")).includes("accepted"), true, "the old secret still counts");
});

for (const [what, secret, reason] of [
  ["short", "too short", /at least 12 characters, found 9/],
  ["empty", "", /at least 12 characters, found 0/],
  ["of other characters", "geheimnis für alle", /printable ASCII/],
  ["of two lines", "one line and\nanother line", /printable ASCII/],
] as const) {
  test(`setup form: a secret that is ${what} is refused with the reason, and never sent`, async (t) => {
    const { host, service } = await startPair(t);
    const answer = await service.sendForm(secret);
    const page = await answer.text();
    assert.equal(answer.status, 400);
    assert.match(page, reason);
    assert.match(page, FORM);
    assert.equal(host.registrations.length, 0);
    assert.equal((await service.status()).runner.secretConfigured, false);
  });
}

test("setup form: absent and refused where the environment sets the secret", async (t) => {
  const { service } = await startRegistered(t);
  assert.doesNotMatch(await service.page(), FORM);
  const answer = await service.sendForm("another secret of mine");
  assert.equal(answer.status, 403);
  assert.match(await answer.text(), /environment/);
  const status = await service.status();
  assert.deepEqual([status.runner.secretSource, status.config.secretManagedByEnv], ["environment", true]);
});

test("setup form: another site cannot submit it", async (t) => {
  const { host, service } = await startPair(t);
  const body = new URLSearchParams({ secret: SECRET }).toString();
  const headers = { "content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "cross-site" };
  assert.equal((await ask(service.url, "POST", "/ui/register", { headers, body })).status, 403);
  assert.equal(host.registrations.length, 0);
});

test("setup form: a body larger than any secret is refused", async (t) => {
  const { service } = await startPair(t);
  assert.equal((await service.sendForm("x".repeat(100_000))).status, 413);
});

test("start: missing settings do not prevent it; the page and /status name them", async (t) => {
  const service = await startService(t, { AUTOMN_RUNNER_PUBLIC_URL: undefined });
  const names = ["AUTOMN_HOST_URL", "AUTOMN_RUNNER_ID", "AUTOMN_RUNNER_PUBLIC_URL or AUTOMN_RUNNER_ENDPOINT_URL"];
  assert.deepEqual((await service.status()).config.missing, names);
  const page = await service.page();
  for (const name of ["AUTOMN_HOST_URL", "AUTOMN_RUNNER_ID", "AUTOMN_RUNNER_PUBLIC_URL"]) assert.ok(page.includes(name), name);
  assert.match(await (await service.sendForm(SECRET)).text(), /Cannot register|Set these variables/);
  assert.match(await service.page("/ui/reregister"), /missing/);
});

test("operator page: everything from outside is escaped", async (t) => {
  const hostile = `<img src=x onerror="alert(1)">`;
  const { host, service } = await startPair(t, { AUTOMN_RUNNER_ID: hostile });
  host.always({ status: 400, body: { error: hostile } });
  await service.sendForm(SECRET);
  const page = await service.page();
  assert.ok(!page.includes("<img"), "no element of its own");
  assert.ok(page.includes("&lt;img src=x"), "but shown as text");
});
