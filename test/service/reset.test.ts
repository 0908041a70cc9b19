import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { RUNNER_ID, SECRET } from "../support/host.ts";
import { startPair, startRegistered } from "../support/service.ts";

const TOKEN = "reset token of the operator";
const NEW_SECRET = "rotated secret of the host";
const RETURNS_1 = { language: "node", code: "AutomnReturn(1)" };

test("reset: refused where no reset token is configured", async (t) => {
  const { service } = await startRegistered(t);
  assert.equal((await service.reset({ token: TOKEN })).status, 404);
});

test("reset: a wrong, a missing and a malformed token are refused, and nothing changes", async (t) => {
  const { service } = await startPair(t, { AUTOMN_RUNNER_RESET_TOKEN: TOKEN });
  await service.sendForm(SECRET);
  for (const body of [{ token: "not the operator's token" }, {}, { token: [TOKEN] }, [], null, { token: `${TOKEN}x`, secret: NEW_SECRET }]) {
    const answer = await service.reset(body);
    assert.equal(answer.status, 403, JSON.stringify(body));
    assert.equal(typeof ((await answer.json()) as { error?: unknown }).error, "string");
  }
  assert.equal((await service.status()).runner.locked, true);
});

test("reset: a conflict where the environment sets the secret", async (t) => {
  const { service } = await startRegistered(t, { AUTOMN_RUNNER_RESET_TOKEN: TOKEN });
  for (const body of [{ token: TOKEN }, { token: TOKEN, secret: NEW_SECRET }]) assert.equal((await service.reset(body)).status, 409);
});

test("reset: a rotation stores the new secret, registers with it and accepts jobs with it alone", async (t) => {
  const { host, service } = await startPair(t, { AUTOMN_RUNNER_RESET_TOKEN: TOKEN, AUTOMN_RUNNER_STATUS_MESSAGE: "m" });
  await service.sendForm(SECRET);
  const { lockedAt } = (await service.status()).runner;
  host.setSecret(RUNNER_ID, NEW_SECRET);
  assert.equal((await host.dispatch(RUNNER_ID, RETURNS_1)).failure, "Runner is not registered", "until the runner says so itself");

  const answer = await service.reset({ token: TOKEN, secret: NEW_SECRET });
  const told = (await answer.json()) as { registration: { registeredAt: string; locked: boolean; lockedAt: string }; registrationResult: unknown; [name: string]: unknown };
  assert.equal(answer.status, 200);
  assert.deepEqual([told["reset"], told["secretUpdated"], told.registration.locked], [true, true, true]);
  assert.equal(told.registration.lockedAt, lockedAt, "the lock stays");
  assert.equal((told.registrationResult as { ok: boolean }).ok, true);
  assert.equal(host.registrations.at(-1)?.body["statusMessage"], "m (secret-rotation)");
  assert.equal((await host.dispatch(RUNNER_ID, RETURNS_1)).result?.returnData, 1);
  const old = await host.dispatch(RUNNER_ID, RETURNS_1, { headers: { "x-automn-runner-secret": SECRET } });
  assert.match(old.failure ?? "", /^Runner responded with status 401: /);
});

test("reset: a rotation that the host refuses says why, and keeps the new secret for the next attempt", async (t) => {
  const { host, service } = await startPair(t, { AUTOMN_RUNNER_RESET_TOKEN: TOKEN });
  await service.sendForm(SECRET);
  const answer = await service.reset({ token: TOKEN, secret: NEW_SECRET });
  const { registrationResult } = (await answer.json()) as { registrationResult: { ok: boolean; message: string } };
  assert.equal(answer.status, 200);
  assert.equal(registrationResult.ok, false);
  assert.match(registrationResult.message, /does not match/);
  host.setSecret(RUNNER_ID, NEW_SECRET);
  assert.match(await service.page("/ui/reregister"), /accepted/);
});

test("reset: a secret that cannot be sent in a header is refused before anything is stored", async (t) => {
  const { service } = await startPair(t, { AUTOMN_RUNNER_RESET_TOKEN: TOKEN });
  await service.sendForm(SECRET);
  for (const secret of ["short", "geheimnis für alle", 123456789012, ["a secret in an array"]]) {
    assert.equal((await service.reset({ token: TOKEN, secret })).status, 400, JSON.stringify(secret));
  }
  assert.match(await service.page("/ui/reregister"), /accepted/);
});

test("reset: without a new secret the form opens again, also after a restart", async (t) => {
  const { host, service } = await startPair(t, { AUTOMN_RUNNER_RESET_TOKEN: TOKEN });
  await service.sendForm(SECRET);
  const answer = await service.reset({ token: TOKEN });
  const told = (await answer.json()) as { runner: { secretConfigured: boolean; locked: boolean }; [name: string]: unknown };
  assert.deepEqual([told["reset"], told["secretCleared"], told.runner.secretConfigured, told.runner.locked], [true, true, false, false]);
  assert.ok(!(await readFile(service.stateFile, "utf8")).includes("secret"));
  assert.match((await host.dispatch(RUNNER_ID, RETURNS_1)).failure ?? "", /^Runner responded with status 503: /);
  const again = await service.restart();
  assert.match(await again.page(), /action="\/ui\/register"/);
  assert.equal((await again.sendForm(SECRET)).status, 200);
  assert.equal((await again.status()).runner.locked, true);
});
