// What `/status` and the operator page tell of the runner; no secret is among it.
import type { Config } from "../../config/config.ts";
import { RUNNER_VERSION } from "../../protocol/registration.ts";
import type { RunHistory } from "../../runs/history.ts";
import type { RunRegistry } from "../../runs/run-registry.ts";
import type { WarmPool } from "../../warm/warm-pool.ts";
import type { Registrar } from "../../registration/registrar.ts";
import { missingSettings } from "../../registration/settings.ts";
import type { LanguageRegistry } from "../../languages/registry.ts";
import type { OutcomeView, PageView } from "../../page/view.ts";
import type { StdioFactory } from "../../process/stdio.ts";
import type { Packages } from "../../packages/packages.ts";
import type { StateStore } from "../../registration/state-store.ts";

/** The parts of the runner that have something to tell. */
export interface Parts {
  readonly config: Config;
  /** Sentences about doubtful settings. */
  readonly warnings: readonly string[];
  readonly state: StateStore;
  readonly registrar: Registrar;
  readonly languages: LanguageRegistry;
  readonly runs: RunRegistry;
  readonly warmPool: WarmPool;
  readonly packages: Packages;
  readonly history: RunHistory;
  readonly stdioFactory: StdioFactory;
  readonly secret: () => string | undefined;
}

/** The answer of `GET /status`; what is not known is null. */
export function statusOf(parts: Parts) {
  const { config, registrar, languages, runs } = parts;
  return {
    runner: runnerOf(parts),
    config: {
      endpointUrl: config.endpointUrl ?? null,
      hostUrl: config.hostUrl ?? null,
      runnerId: config.runnerId ?? null,
      heartbeatInterval: config.heartbeatMs,
      stateDir: config.stateDir,
      stateFile: config.stateFile,
      scriptsDir: config.scriptsDir,
      workdirDir: config.workDir,
      maxConcurrency: config.advertisedConcurrency ?? null,
      localMaxConcurrency: config.localMaxConcurrency ?? null,
      timeoutMs: config.timeoutMs ?? null,
      secretManagedByEnv: config.secret !== undefined,
      resetTokenConfigured: config.resetToken !== undefined,
      missing: missingSettings(config).map((names) => names.join(" or ")),
    },
    heartbeat: registrar.heartbeat,
    problems: problemsOf(parts),
    runtimes: languages.runtimes,
    runs: runs.counts,
    warm: parts.warmPool.counts,
    /** The same, under the key that version 0.3.0 had. */
    spares: parts.warmPool.counts,
    packages: parts.packages.summary,
    draining: runs.draining,
    version: RUNNER_VERSION,
    uptime: Math.floor(process.uptime()),
  };
}

/** The runner's registration, as `/status` and `/internal/reset` tell it. */
export function runnerOf({ config, state, secret }: Parts) {
  const now = state.current;
  return {
    runnerId: config.runnerId ?? null,
    hostUrl: config.hostUrl ?? null,
    endpointUrl: config.endpointUrl ?? null,
    secretConfigured: secret() !== undefined,
    secretSource: secretSource(config, secret()),
    locked: now.locked,
    lockedAt: now.lockedAt ?? null,
    registeredAt: now.registeredAt ?? null,
    lastRegistrationAttempt: now.lastRegistrationAttempt ?? null,
    lastRegistrationStatus: now.lastRegistrationStatus ?? null,
    lastRegistrationError: now.lastRegistrationError ?? null,
    lastRegistrationResponse: now.lastRegistrationResponse ?? null,
  };
}

/** What the operator page shows. */
export function pageOf(parts: Parts, outcome?: OutcomeView): PageView {
  const { intervalMs, last, next, failuresInARow } = parts.registrar.heartbeat;
  const { runtimes, languages } = parts.languages;
  const { active, total, byOutcome } = parts.runs.counts;
  return {
    runner: runnerOf(parts),
    missing: missingSettings(parts.config),
    problems: problemsOf(parts),
    form: formIsOpen(parts),
    outcome,
    heartbeat: { intervalMs, lastAt: last, nextAt: next, failuresInARow },
    languageTitles: Object.fromEntries(languages.map(({ name, title }) => [name, title])),
    runtimes,
    missingRuntimes: languages.filter(({ name }) => runtimes[name] === undefined).map(({ name, pathVariable }) => ({ name, pathVariable })),
    runs: { active, total, byOutcome: byOutcome as Readonly<Record<string, number>> },
    draining: parts.runs.draining,
    warmPool: parts.warmPool.counts as PageView["warmPool"],
    packages: parts.packages.summary,
    clearForm: parts.config.resetToken !== undefined,
    version: RUNNER_VERSION,
    uptimeSeconds: Math.floor(process.uptime()),
    now: new Date().toISOString(),
  };
}

/** Whether the page asks for the secret: until the first registration, and unless the environment gives it. */
export function formIsOpen({ config, state }: Parts): boolean {
  return config.secret === undefined && !state.current.locked;
}

function secretSource(config: Config, secret: string | undefined): "environment" | "state" | null {
  if (config.secret !== undefined) return "environment";
  return secret === undefined ? null : "state";
}

function problemsOf({ warnings, languages, state, history, stdioFactory, registrar }: Parts): string[] {
  const found = [history.problem, stdioFactory.problem].filter((problem) => problem !== undefined);
  return [...warnings, ...languages.warnings, ...state.problems, ...found, ...registrar.warnings];
}
