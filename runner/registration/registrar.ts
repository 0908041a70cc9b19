// Keeps the host informed: registers, repeats it as the heartbeat, retries what the network spoiled.
import type { Config } from "../config/config.ts";
import { messageOf } from "../lib/failure.ts";
import { hostVersions, MINIMUM_HOST_VERSION, RUNNER_VERSION, versionProblems } from "../protocol/registration.ts";
import type { RegistrationBody, RegistrationReason } from "../protocol/registration.ts";
import type { Log } from "../lib/log.ts";
import { refused, registered } from "./state.ts";
import type { StateStore } from "./state-store.ts";
import { backOffMs } from "./back-off.ts";
import { register } from "./host-client.ts";
import type { RegistrationOutcome } from "./host-client.ts";
import { machine } from "./machine.ts";

const ATTEMPT_MS = 10_000;
const MIN_ATTEMPT_MS = 200;
const OVERDUE = new Error("no answer in time");
/** A clock that differs by more than this is reported. */
const TOLERATED_SKEW_MS = 30_000;

/** How the heartbeat is doing; times are ISO 8601. */
export interface Heartbeat {
  readonly intervalMs: number;
  readonly last?: string;
  readonly next?: string;
  readonly failuresInARow: number;
  readonly clockSkewMs?: number;
}

/** Registers with the host; registration and heartbeat are the same request. */
export interface Registrar {
  /** Registers now; a call that would send the same as the one in flight gets that one's outcome. */
  register(reason: RegistrationReason): Promise<RegistrationOutcome>;
  /** Registers for the first time and starts the heartbeat. */
  start(): void;
  /** Stops the heartbeat and ends what is in flight. */
  stop(): void;
  readonly heartbeat: Heartbeat;
  /** Sentences about the host for `/status` and the page. */
  readonly warnings: readonly string[];
}

/** What a registrar depends on. */
export interface RegistrarOptions {
  readonly config: Config;
  readonly state: StateStore;
  readonly log: Log;
  readonly secret: () => string | undefined;
  readonly runtimes: () => Promise<Readonly<Record<string, string>>>;
  /** How many runs at once the host is told to send; changes while draining. */
  readonly concurrency: () => number | undefined;
  readonly now?: () => Date;
  readonly random?: () => number;
}

interface Attempt {
  readonly key: string;
  readonly outcome: Promise<RegistrationOutcome>;
  readonly abort: AbortController;
}

/** Makes a registrar; nothing is sent before `start` or `register`. */
export function createRegistrar(options: RegistrarOptions): Registrar {
  const { config, state, log, now = () => new Date(), random = Math.random } = options;
  let inFlight: Attempt | undefined;
  let queue: Promise<unknown> = Promise.resolve();
  let ticking: NodeJS.Timeout | undefined;
  let retrying: NodeJS.Timeout | undefined;
  let failuresInARow = 0;
  let last: string | undefined;
  let nextAt: number | undefined;
  let clockSkewMs: number | undefined;
  let stopped = false;
  const said = new Set<string>();

  function request(reason: RegistrationReason): Promise<RegistrationOutcome> {
    const missing = [...missingSettings(config), ...(options.secret() === undefined ? ["the secret"] : [])];
    if (missing.length > 0) return Promise.resolve({ ok: false, transient: false, message: `Cannot register: ${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} missing` });
    const secret = options.secret() as string;
    const key = JSON.stringify([secret, config.endpointUrl, options.concurrency()]);
    if (inFlight?.key === key) return inFlight.outcome;
    inFlight?.abort.abort(new Error("it was given up for one with newer settings"));
    const abort = new AbortController();
    const outcome = queue.then(() => attempt(secret, reason, abort)).catch(failed);
    const mine: Attempt = { key, outcome, abort };
    inFlight = mine;
    queue = outcome.then(() => {
      if (inFlight === mine) inFlight = undefined;
    });
    return outcome;
  }

  async function attempt(secret: string, reason: RegistrationReason, abort: AbortController): Promise<RegistrationOutcome> {
    clearTimeout(retrying);
    const registration = await body(secret, reason);
    const timer = setTimeout(() => abort.abort(OVERDUE), attemptMs(config.heartbeatMs));
    const outcome = await register(config.hostUrl as string, registration, abort.signal, () => now().getTime());
    clearTimeout(timer);
    const givenUp = abort.signal.aborted && abort.signal.reason !== OVERDUE;
    if (options.secret() !== secret || givenUp) return outcome;
    await settle(outcome, reason);
    return outcome;
  }

  function failed(error: unknown): RegistrationOutcome {
    log.error("A registration could not be sent", { error: messageOf(error) });
    return { ok: false, transient: false, message: `Cannot register: ${messageOf(error)}` };
  }

  async function settle(outcome: RegistrationOutcome, reason: RegistrationReason): Promise<void> {
    const at = now().toISOString();
    const identity = { hostUrl: config.hostUrl as string, runnerId: config.runnerId as string, endpointUrl: config.endpointUrl as string };
    last = at;
    clockSkewMs = outcome.clockSkewMs ?? clockSkewMs;
    if (outcome.ok) {
      if (failuresInARow > 0 || reason !== "heartbeat") log.info("Registered with the host", { reason, host: config.hostUrl });
      else log.debug("Heartbeat", { host: config.hostUrl });
      failuresInARow = 0;
      warnOnce(outcome);
      await state.update((before) => registered(before, identity, outcome.answer, at));
      return;
    }
    failuresInARow += 1;
    log.warn(outcome.message, { reason, failures: failuresInARow });
    if (outcome.transient && !stopped) retryLater();
    await state.update((before) => refused(before, identity, outcome.message, outcome.answer, at));
  }

  function retryLater(): void {
    const delay = backOffMs(failuresInARow, config.heartbeatMs, random);
    retrying = setTimeout(() => void request("heartbeat"), delay);
  }

  function warnOnce(outcome: RegistrationOutcome & { readonly ok: true }): void {
    for (const warning of [...versionProblems(hostVersions(outcome.answer)), ...skewWarnings(clockSkewMs).slice(0, 1)]) {
      const kind = warning.replace(/\d+/g, "");
      if (!said.has(kind)) log.warn(warning);
      said.add(kind);
    }
  }

  async function body(secret: string, reason: RegistrationReason): Promise<RegistrationBody> {
    const maxConcurrency = options.concurrency();
    return {
      secret, endpoint: config.endpointUrl as string, runnerId: config.runnerId as string,
      ...(config.statusMessage === undefined ? {} : { statusMessage: `${config.statusMessage} (${reason})` }),
      ...(maxConcurrency === undefined ? {} : { maxConcurrency }),
      ...(config.timeoutMs === undefined ? {} : { timeoutMs: config.timeoutMs }),
      version: RUNNER_VERSION, minimumHostVersion: MINIMUM_HOST_VERSION,
      ...machine(),
      runtimes: await options.runtimes(),
    };
  }

  function complete(): boolean {
    return missingSettings(config).length === 0 && options.secret() !== undefined;
  }

  function beat(): void {
    nextAt = now().getTime() + config.heartbeatMs;
    if (complete()) void request("heartbeat");
  }

  return {
    register: request,
    start() {
      if (complete()) void request("startup");
      if (config.heartbeatMs === 0) return;
      nextAt = now().getTime() + config.heartbeatMs;
      ticking = setInterval(beat, config.heartbeatMs);
    },
    stop() {
      stopped = true;
      clearInterval(ticking);
      clearTimeout(retrying);
      nextAt = undefined;
      inFlight?.abort.abort(new Error("the runner is stopping"));
    },
    get heartbeat() {
      return {
        intervalMs: config.heartbeatMs, failuresInARow,
        ...(last === undefined ? {} : { last }),
        ...(nextAt === undefined ? {} : { next: new Date(nextAt).toISOString() }),
        ...(clockSkewMs === undefined ? {} : { clockSkewMs: Math.round(clockSkewMs) }),
      };
    },
    get warnings() {
      return [...versionProblems(hostVersions(state.current.lastRegistrationResponse)), ...skewWarnings(clockSkewMs)];
    },
  };
}

/** The names of the settings, the secret apart, without which nothing can be registered. */
export function missingSettings(config: Config): string[] {
  return [
    config.hostUrl === undefined ? "AUTOMN_HOST_URL" : "",
    config.runnerId === undefined ? "AUTOMN_RUNNER_ID" : "",
    config.endpointUrl === undefined ? "AUTOMN_RUNNER_PUBLIC_URL or AUTOMN_RUNNER_ENDPOINT_URL" : "",
  ].filter((name) => name !== "");
}

/** How long the host may take to answer: less than a heartbeat interval, so that attempts never pile up. */
function attemptMs(heartbeatMs: number): number {
  return heartbeatMs === 0 ? ATTEMPT_MS : Math.min(ATTEMPT_MS, Math.max(MIN_ATTEMPT_MS, heartbeatMs * 0.9));
}

function skewWarnings(ms: number | undefined): string[] {
  if (ms === undefined || Math.abs(ms) <= TOLERATED_SKEW_MS) return [];
  return [`The host's clock is ${Math.round(Math.abs(ms) / 1000)} s ${ms > 0 ? "ahead of" : "behind"} this machine's: check both clocks.`];
}
