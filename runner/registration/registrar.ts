// Keeps the host informed: registers, repeats it as the heartbeat, retries what the network spoiled.
import { setTimeout as delay } from "node:timers/promises";
import type { Config } from "../config/config.ts";
import { messageOf } from "../lib/failure.ts";
import type { Log } from "../lib/log.ts";
import type { RegistrationReason } from "../protocol/registration.ts";
import { attemptMs, backOffMs } from "./back-off.ts";
import { register } from "./host-client.ts";
import type { RegistrationOutcome } from "./host-client.ts";
import { hostWarnings } from "./host-warnings.ts";
import { proxyUse } from "./proxy.ts";
import type { ProxyUse } from "./proxy.ts";
import { registrationBody } from "./registration-body.ts";
import { missingSettings } from "./settings.ts";
import { refused, registered } from "./state.ts";
import type { Identity } from "./state.ts";
import type { StateStore } from "./state-store.ts";

const TIMED_OUT = new Error("no answer in time");
/** The first registration waits no longer than this for the interpreters' versions. */
const RUNTIMES_MS = 250;

/** How the heartbeat is doing; times are ISO 8601. */
export interface Heartbeat {
  readonly intervalMs: number;
  readonly last?: string;
  readonly next?: string;
  readonly failuresInARow: number;
  readonly clockSkewMs?: number;
}

/** What a registrar depends on. */
export interface RegistrarDependencies {
  readonly config: Config;
  readonly state: Pick<StateStore, "current" | "update">;
  readonly log: Log;
  readonly secret: () => string | undefined;
  /** Name → version of the interpreters found so far. */
  readonly runtimes: () => Readonly<Record<string, string>>;
  /** Resolves when all interpreters have been looked for; never rejects. */
  readonly runtimesKnown: Promise<void>;
  /** How many runs at once the host is told to send; changes while draining. */
  readonly concurrency: () => number | undefined;
  /** For the variables that name a proxy. */
  readonly environment: NodeJS.ProcessEnv;
  readonly now?: () => Date;
  readonly random?: () => number;
}

interface Attempt {
  /** What tells it from others: attempts with the same key send the same. */
  readonly key: string;
  readonly outcome: Promise<RegistrationOutcome>;
  readonly abort: AbortController;
}

/** Registers with the host; registration and heartbeat are the same request. Nothing is sent before `start` or `register`. */
export class Registrar {
  readonly #dependencies: RegistrarDependencies;
  readonly #log: Log;
  readonly #proxy: ProxyUse | undefined;
  readonly #logged = new Set<string>();
  #inFlight: Attempt | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #schedule: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #sentRuntimes: string | undefined;
  #failuresInARow = 0;
  #last: string | undefined;
  #nextAt: number | undefined;
  #clockSkewMs: number | undefined;
  #stopped = false;

  constructor(dependencies: RegistrarDependencies) {
    const { config, environment, log } = dependencies;
    this.#dependencies = dependencies;
    this.#log = log;
    this.#proxy = config.hostUrl === undefined ? undefined : proxyUse(config.hostUrl, environment);
  }

  get heartbeat(): Heartbeat {
    return {
      intervalMs: this.#dependencies.config.heartbeatMs,
      failuresInARow: this.#failuresInARow,
      ...(this.#last === undefined ? {} : { last: this.#last }),
      ...(this.#nextAt === undefined ? {} : { next: new Date(this.#nextAt).toISOString() }),
      ...(this.#clockSkewMs === undefined ? {} : { clockSkewMs: Math.round(this.#clockSkewMs) }),
    };
  }

  /** Sentences about the host for `/status` and the page. */
  get warnings(): readonly string[] {
    return hostWarnings(this.#dependencies.state.current.lastRegistrationResponse, this.#clockSkewMs);
  }

  /** Registers for the first time and starts the heartbeat. */
  start(): void {
    const { heartbeatMs } = this.#dependencies.config;
    if (this.#proxy !== undefined) this.#log[this.#proxy.used ? "info" : "warn"](this.#proxy.message);
    void this.#registerFirst();
    if (heartbeatMs === 0) return;
    this.#nextAt = this.#now().getTime() + heartbeatMs;
    this.#schedule = setInterval(() => this.#beat(), heartbeatMs);
  }

  /** Stops the heartbeat and ends what is in flight. */
  stop(): void {
    this.#stopped = true;
    clearInterval(this.#schedule);
    clearTimeout(this.#retry);
    this.#nextAt = undefined;
    this.#inFlight?.abort.abort(new Error("the runner is stopping"));
  }

  /** Registers now; a call that would send the same as the one in flight gets that one's outcome. Never rejects. */
  register(reason: RegistrationReason): Promise<RegistrationOutcome> {
    const secret = this.#dependencies.secret();
    const identity = this.#identity();
    if (secret === undefined || identity === undefined) return Promise.resolve(this.#incomplete());
    const key = JSON.stringify([secret, this.#dependencies.concurrency()]);
    if (this.#inFlight?.key === key) return this.#inFlight.outcome;
    this.#inFlight?.abort.abort(new Error("it was given up for one with newer settings"));
    const abort = new AbortController();
    const outcome = this.#queue.then(() => this.#attempt(identity, secret, reason, abort)).catch((error: unknown) => this.#unsent(error));
    const attempt: Attempt = { key, outcome, abort };
    this.#inFlight = attempt;
    this.#queue = outcome.then(() => {
      if (this.#inFlight === attempt) this.#inFlight = undefined;
    });
    return outcome;
  }

  /** Waits a moment for the interpreters' versions; those that take longer are sent as soon as they are known. */
  async #registerFirst(): Promise<void> {
    const { runtimesKnown, runtimes } = this.#dependencies;
    if (this.#mayRegister()) {
      await Promise.race([runtimesKnown, delay(RUNTIMES_MS, undefined, { ref: false })]);
      if (this.#mayRegister()) await this.register("startup");
    }
    await runtimesKnown;
    const news = this.#sentRuntimes !== undefined && this.#sentRuntimes !== JSON.stringify(runtimes());
    if (news && this.#mayRegister()) await this.register("heartbeat");
  }

  #beat(): void {
    this.#nextAt = this.#now().getTime() + this.#dependencies.config.heartbeatMs;
    if (this.#mayRegister()) void this.register("heartbeat");
  }

  #mayRegister(): boolean {
    return !this.#stopped && this.#identity() !== undefined && this.#dependencies.secret() !== undefined;
  }

  /** Who registers where; nothing while a setting is missing. */
  #identity(): Identity | undefined {
    const { hostUrl, runnerId, endpointUrl } = this.#dependencies.config;
    return hostUrl === undefined || runnerId === undefined || endpointUrl === undefined ? undefined : { hostUrl, runnerId, endpointUrl };
  }

  #incomplete(): RegistrationOutcome {
    const { config, secret } = this.#dependencies;
    const missing = [...missingSettings(config).map((names) => names.join(" or ")), ...(secret() === undefined ? ["the secret"] : [])];
    const message = `Cannot register: ${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} missing`;
    return { ok: false, transient: false, message };
  }

  async #attempt(identity: Identity, secret: string, reason: RegistrationReason, abort: AbortController): Promise<RegistrationOutcome> {
    clearTimeout(this.#retry);
    const { config, concurrency, runtimes, secret: currentSecret } = this.#dependencies;
    const body = registrationBody(config, { identity, secret, reason, maxConcurrency: concurrency(), runtimes: runtimes() });
    this.#sentRuntimes = JSON.stringify(body.runtimes);
    // No AbortSignal.timeout: Node 20 may collect one that only AbortSignal.any refers to, and then nothing ends the attempt.
    const timer = setTimeout(() => abort.abort(TIMED_OUT), attemptMs(config.heartbeatMs));
    const options = { signal: abort.signal, proxy: this.#proxy?.message, now: () => this.#now().getTime() };
    const outcome = await register(identity.hostUrl, body, options);
    clearTimeout(timer);
    const givenUp = abort.signal.aborted && abort.signal.reason !== TIMED_OUT;
    if (currentSecret() === secret && !givenUp) await this.#settle(identity, outcome, reason);
    return outcome;
  }

  #unsent(error: unknown): RegistrationOutcome {
    this.#log.error("A registration could not be sent", { error: messageOf(error) });
    return { ok: false, transient: false, message: `Cannot register: ${messageOf(error)}` };
  }

  async #settle(identity: Identity, outcome: RegistrationOutcome, reason: RegistrationReason): Promise<void> {
    const { state } = this.#dependencies;
    const at = this.#now().toISOString();
    this.#last = at;
    this.#clockSkewMs = outcome.clockSkewMs ?? this.#clockSkewMs;
    if (outcome.ok) {
      this.#logSuccess(identity, reason, outcome.answer);
      this.#failuresInARow = 0;
      await state.update((before) => registered(before, identity, outcome.answer, at));
    } else {
      this.#failuresInARow += 1;
      this.#log.warn(outcome.message, { reason, failures: this.#failuresInARow });
      if (outcome.transient && !this.#stopped) this.#retryLater();
      await state.update((before) => refused(before, identity, outcome.message, outcome.answer, at));
    }
  }

  #retryLater(): void {
    const { config, random } = this.#dependencies;
    this.#retry = setTimeout(() => void this.register("heartbeat"), backOffMs(this.#failuresInARow, config.heartbeatMs, random));
  }

  /** Logs a success that is news, and each kind of warning once. */
  #logSuccess({ hostUrl: host }: Identity, reason: RegistrationReason, answer: unknown): void {
    if (this.#failuresInARow > 0 || reason !== "heartbeat") this.#log.info("Registered with the host", { reason, host });
    else this.#log.debug("Heartbeat", { host });
    for (const warning of hostWarnings(answer, this.#clockSkewMs)) {
      const kind = warning.replace(/\d+/g, "");
      if (!this.#logged.has(kind)) this.#log.warn(warning);
      this.#logged.add(kind);
    }
  }

  #now(): Date {
    return this.#dependencies.now?.() ?? new Date();
  }
}
