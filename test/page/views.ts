// Views for the tests of the page: one for each status, and helpers to vary them.

import type { PageView } from "../../runner/page/view.ts";

/** The time at which the sample views are rendered. */
export const now = "2025-11-23T00:51:07.000Z";

/** A time that lies so many seconds before `now`, or before another time. */
export function before(seconds: number, base: string = now): string {
  return new Date(Date.parse(base) - seconds * 1000).toISOString();
}

/** A runner that knows its host and waits for its secret. */
export const fresh: PageView = {
  runner: {
    runnerId: "build-01",
    hostUrl: "https://automn.example.com",
    endpointUrl: "http://runner-01.example.com:3030/api/run",
    secretConfigured: false,
    secretSource: null,
    locked: false,
  },
  missing: [],
  problems: [],
  form: true,
  heartbeat: { intervalMs: 60_000, failuresInARow: 0 },
  languageTitles: { node: "Node.js", python: "Python", powershell: "PowerShell", shell: "Shell" },
  runtimes: { node: "20.11.1", python: "3.11.7", shell: "5.2.15" },
  missingRuntimes: [{ name: "powershell", pathVariable: "AUTOMN_RUNNER_POWERSHELL_PATH" }],
  runs: { active: 0, total: 0, byOutcome: {} },
  draining: false,
  warmPool: {},
  packages: { mode: "auto", sets: 0, packages: 0, bytes: 0, installing: 0 },
  clearForm: false,
  version: "0.3.0",
  uptimeSeconds: 95,
  now,
};

/** A runner that was started without its settings. */
export const unset: PageView = {
  ...fresh,
  runner: { secretConfigured: false, secretSource: null, locked: false },
  missing: [["AUTOMN_HOST_URL"], ["AUTOMN_RUNNER_ID"], ["AUTOMN_RUNNER_PUBLIC_URL", "AUTOMN_RUNNER_ENDPOINT_URL"]],
  problems: ["The state file /data/state/runner-state.json could not be read and was kept aside."],
};

/** A runner whose secret the host refused. */
export const refused: PageView = {
  ...fresh,
  runner: {
    ...fresh.runner,
    secretConfigured: true,
    secretSource: "state",
    lastRegistrationAttempt: before(4),
    lastRegistrationStatus: 401,
    lastRegistrationError: "The secret does not match the one for runner build-01.",
  },
  outcome: { ok: false, message: "The secret does not match the one for runner build-01.", secretAtFault: true },
};

/** A runner at work. */
export const ready: PageView = {
  ...fresh,
  runner: {
    ...fresh.runner,
    secretConfigured: true,
    secretSource: "state",
    locked: true,
    lockedAt: before(12 * 86_400),
    registeredAt: before(14),
    lastRegistrationAttempt: before(14),
    lastRegistrationStatus: 200,
  },
  form: false,
  heartbeat: { intervalMs: 60_000, lastAt: before(14), nextAt: before(-46), failuresInARow: 0 },
  runs: { active: 2, total: 12_804, byOutcome: { exited: 12_675, returned: 112, "timed-out": 17 } },
  warmPool: { node: { ready: 2, hits: 9_870, misses: 1 }, python: { ready: 0, hits: 41, misses: 12 } },
  packages: { mode: "auto", sets: 14, packages: 1_038, bytes: 327_680_000, lastUsedAt: before(3 * 3_600), installing: 1 },
  clearForm: true,
  uptimeSeconds: 12 * 86_400 + 7_300,
};

/** A runner that the host has not heard from for too long. */
export const silent: PageView = {
  ...ready,
  runner: {
    ...ready.runner,
    registeredAt: before(400),
    lastRegistrationError: "Cannot reach https://automn.example.com: connection refused.",
  },
  heartbeat: { ...ready.heartbeat, failuresInARow: 9 },
};

/** A runner that ends as soon as its runs have ended. */
export const draining: PageView = { ...ready, draining: true };

/** The same view with every text in it replaced, names of languages, outcomes, settings and modes included. */
export function everyText(view: PageView, text: string): PageView {
  const { runner } = view;
  return {
    ...view,
    runner: {
      ...runner,
      runnerId: text,
      hostUrl: text,
      endpointUrl: text,
      lockedAt: text,
      registeredAt: runner.registeredAt && text,
      lastRegistrationAttempt: text,
      lastRegistrationStatus: text,
      lastRegistrationError: text,
    },
    missing: view.missing.map((names) => names.map(() => text)),
    problems: [text, text],
    outcome: { ok: false, message: text },
    heartbeat: { ...view.heartbeat, lastAt: text, nextAt: text },
    runtimes: { [text]: text },
    missingRuntimes: [{ name: text, pathVariable: text }],
    runs: { active: 1, total: 1, byOutcome: { [text]: 1 } },
    warmPool: { [text]: { ready: 1, hits: 1, misses: 1 } },
    packages: { ...view.packages, mode: text as "auto", lastUsedAt: text },
    version: text,
    now: text,
  };
}
