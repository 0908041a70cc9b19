import assert from "node:assert/strict";
import { test } from "node:test";
import {
  formatState,
  forRunner,
  parseState,
  refused,
  registered,
  UNREGISTERED,
  withoutSecret,
  withSecret,
} from "../../runner/registration/state.ts";
import type { RunnerState } from "../../runner/registration/state.ts";

const IDENTITY = { hostUrl: "https://host", runnerId: "r1", endpointUrl: "https://me/api/run" };
const FULL: RunnerState = {
  secret: "a secret of mine", locked: true, lockedAt: "t0", registeredAt: "t1", lastRegistrationAttempt: "t1",
  lastRegistrationStatus: "success", lastRegistrationResponse: { registered: true }, ...IDENTITY, runtimeExecutables: { node: "/opt/node" },
};

test("what is written is read back the same", () => {
  for (const state of [UNREGISTERED, FULL, { locked: false, secret: "only a secret" }])
    assert.deepEqual(parseState(formatState(state)), state);
});

const READINGS: readonly [string, unknown, RunnerState][] = [
  ["an empty object is unregistered", {}, { locked: false }],
  ["null stands for absent", { secret: null, lockedAt: null, hostUrl: null, lastRegistrationResponse: null }, { locked: false }],
  ["a time of locking is a lock", { lockedAt: "t0" }, { locked: true, lockedAt: "t0" }],
  ["a lock without a time is one", { locked: true }, { locked: true }],
  ["an empty secret is none", { secret: "" }, { locked: false }],
  ["unknown fields of the public runner are left out", { secret: "s", whatever: [1] }, { locked: false, secret: "s" }],
  [
    "numbers are spelled out",
    { lastRegistrationStatus: 200, runnerId: 7 },
    { locked: false, lastRegistrationStatus: "200", runnerId: "7" },
  ],
  [
    "interpreters are taken without quotes and blanks",
    { runtimeExecutables: { node: null, python: ' "C:\\\\Program Files\\\\python.exe" ', powershell: "" } },
    { locked: false, runtimeExecutables: { python: "C:\\\\Program Files\\\\python.exe" } },
  ],
  ["interpreters of another type are absent", { runtimeExecutables: { node: 5, python: ["x"], __proto__x: "y" } }, { locked: false }],
  ["interpreters that are no object are absent", { runtimeExecutables: "python" }, { locked: false }],
  ["a field of another type is absent", { hostUrl: ["x"], lockedAt: 12, locked: "yes" }, { locked: false }],
];
for (const [name, row, state] of READINGS) test(name, () => assert.deepEqual(parseState(JSON.stringify(row)), state));

for (const text of ["", "null", "[]", "7", '"text"', '{"secret":7}', '{"secret":["hidden"]}', '{"secret":'])
  test(`${JSON.stringify(text)} is no state, and the error does not quote a secret`, () => {
    assert.throws(() => parseState(text), (error: Error) => !error.message.includes("hidden"));
  });

test("a registration locks the form and forgets the error; the time of the first lock stays", () => {
  const failed = refused(withSecret(UNREGISTERED, "s"), IDENTITY, "no route", undefined, "t1");
  assert.deepEqual(
    failed,
    {
      locked: false,
      secret: "s",
      ...IDENTITY,
      lastRegistrationAttempt: "t1",
      lastRegistrationStatus: "error",
      lastRegistrationError: "no route",
    },
  );
  const first = registered(failed, IDENTITY, { registered: true }, "t2");
  assert.equal(first.lastRegistrationError, undefined);
  assert.deepEqual([first.locked, first.lockedAt, first.registeredAt, first.secret], [true, "t2", "t2", "s"]);
  const again = registered(first, IDENTITY, { registered: true }, "t3");
  assert.deepEqual([again.lockedAt, again.registeredAt], ["t2", "t3"]);
});

test("a refusal keeps the registration and replaces the host's answer", () => {
  const after = refused(FULL, IDENTITY, "401", { error: "Invalid runner secret" }, "t5");
  assert.deepEqual([after.locked, after.registeredAt, after.lastRegistrationResponse], [true, "t1", { error: "Invalid runner secret" }]);
  assert.equal("lastRegistrationResponse" in refused(FULL, IDENTITY, "no route", undefined, "t5"), false);
});

test("a lock belongs to one runner id", () => {
  assert.equal(forRunner(FULL, "r1"), FULL);
  assert.equal(forRunner(FULL, undefined), FULL);
  const other = forRunner(FULL, "r2");
  assert.deepEqual([other.locked, other.lockedAt, other.registeredAt, other.secret], [false, undefined, undefined, FULL.secret]);
  assert.equal(forRunner({ locked: true }, "r2").locked, true);
});

test("withoutSecret: the registration is forgotten, and whom it was for stays known", () => {
  assert.deepEqual(withoutSecret(UNREGISTERED), UNREGISTERED);
  const runtimeExecutables = { python: "/opt/python" };
  assert.deepEqual(withoutSecret({ ...FULL, runtimeExecutables }), { locked: false, ...IDENTITY, runtimeExecutables });
});
