// The warm processes of one language: how many wait, when one is replaced, and when they are ended.
import { messageOf } from "../lib/failure.ts";
import type { Log } from "../lib/log.ts";
import type { Command, Interpreter, Language } from "../languages/language.ts";
import { baseEnvironment, scriptEnvironment } from "../process/environment.ts";
import { coldReason } from "./eligibility.ts";
import type { StartConditions } from "./eligibility.ts";
import { CHANNEL, WarmProcess } from "./warm-process.ts";
import type { WarmProcessDependencies, WarmStart } from "./warm-process.ts";

/** A process that was taken is replaced this much later: the script has the machine first. */
const REFILL_DELAY_MS = 20;
/** While a run is active it is replaced only when it has been missing for this long. */
const MAX_MISSING_MS = 100;
/** While more runs are active than there are cores, none is replaced until no job has come for this long. */
const QUIET_MS = 1_000;
/** After so many failures in a row an interpreter is not started ahead any more. */
const MAX_FAILURES = 3;
/** Tells a warm process the number of its channel. */
const CHANNEL_VARIABLE = "AUTOMN_WARM_CHANNEL";

/** What a pool of warm processes is told. */
export interface WarmPoolOptions extends WarmProcessDependencies {
  /** The runner's own environment. */
  readonly environment: NodeJS.ProcessEnv;
  readonly log: Log;
  /** How many processes of each language wait; 0 for none. */
  readonly size: number;
  /** When no job has asked for a language for this long, in milliseconds, its processes are ended. */
  readonly idleMs: number;
  /** How many runs are active, and how many the machine runs at once. */
  readonly active: () => number;
  readonly cores: number;
}

/** What the pools of all languages have in common. */
export interface LanguagePoolOptions extends WarmPoolOptions {
  /** Milliseconds since the last job in any language. */
  readonly quietMs: () => number;
}

/** The warm processes that are alike: of one language, or of a spelling of it that has a command line of its own. */
export class LanguagePool {
  readonly language: Language;
  readonly #spelling: string;
  readonly #options: LanguagePoolOptions;
  #interpreter: Interpreter;
  #ready: WarmProcess[] = [];
  readonly #starting = new Set<WarmProcess>();
  /** Starts and removals under way; none of them rejects. */
  readonly #pending = new Set<Promise<void>>();
  /** How many are being started, those that have no process yet among them. */
  #adding = 0;
  #failures = 0;
  #requests = 0;
  #hits = 0;
  /** When the first that is missing was taken. */
  #missingSince: number | undefined;
  /** No job has asked for the language for a long time. */
  #idle = false;
  #closed = false;
  #refillTimer: NodeJS.Timeout | undefined;
  #idleTimer: NodeJS.Timeout | undefined;

  /** Makes the pool, empty. */
  constructor(language: Language, spelling: string, interpreter: Interpreter, options: LanguagePoolOptions) {
    this.language = language;
    this.#spelling = spelling;
    this.#interpreter = interpreter;
    this.#options = options;
  }

  /** How many wait, and how many of the jobs so far have found one. */
  get counts(): { readonly ready: number; readonly hits: number; readonly misses: number } {
    return { ready: this.#ready.length, hits: this.#hits, misses: this.#requests - this.#hits };
  }

  /** Takes out a process that a job with these conditions can have, and sees to another one. */
  take(wanted: StartConditions): WarmProcess | undefined {
    this.#requests += 1;
    this.#useInterpreter(wanted.interpreter);
    const warm = this.#ready.find(({ conditions }) => coldReason(conditions, wanted) === undefined);
    if (warm !== undefined) this.#remove(warm);
    this.#scheduleAfterRequest();
    return warm;
  }

  /** A job runs in a process of this pool. */
  countHit(): void {
    this.#hits += 1;
  }

  /** Ends a process that is not in the pool any more, or not yet. */
  discard(warm: WarmProcess): Promise<void> {
    return this.#track(warm.discard());
  }

  /** Ends all that wait or are being started; resolves when nothing of them is left. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#refillTimer);
    clearTimeout(this.#idleTimer);
    for (const warm of this.#starting) warm.kill();
    this.#discardReady();
    await Promise.all(this.#pending);
  }

  #useInterpreter(interpreter: Interpreter): void {
    if (interpreter === this.#interpreter) return;
    this.#interpreter = interpreter;
    this.#failures = 0;
    this.#discardReady();
  }

  #scheduleAfterRequest(): void {
    this.#missingSince ??= performance.now();
    this.#idle = false;
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => this.#becomeIdle(), this.#options.idleMs).unref();
    this.#scheduleRefill();
  }

  #scheduleRefill(): void {
    clearTimeout(this.#refillTimer);
    this.#refillTimer = setTimeout(() => this.#refill(), REFILL_DELAY_MS).unref();
  }

  #refill(): void {
    const missing = this.#options.size - this.#ready.length - this.#adding;
    if (this.#closed || missing <= 0 || this.#failures >= MAX_FAILURES) return;
    if (this.#mustWait()) return this.#scheduleRefill();
    this.#missingSince = undefined;
    void this.#track(this.#add());
    if (missing > 1) this.#scheduleRefill();
  }

  /** In a burst, each start of a process would take from the runs what it gives to one of them later. */
  #mustWait(): boolean {
    const { active, cores, quietMs } = this.#options;
    if (active() > cores && quietMs() < QUIET_MS) return true;
    return active() > 0 && performance.now() - (this.#missingSince ?? -Infinity) < MAX_MISSING_MS;
  }

  async #add(): Promise<void> {
    let warm: WarmProcess | undefined;
    this.#adding += 1;
    try {
      warm = await WarmProcess.start(this.#startOptions(), this.#options);
      this.#starting.add(warm);
      if (this.#closed) warm.kill();
      await warm.ready();
      if (!this.#isWanted(warm)) return await warm.discard();
      this.#failures = 0;
      this.#keep(warm);
    } catch (error) {
      this.#fail(error);
      await warm?.discard();
    } finally {
      this.#adding -= 1;
      if (warm !== undefined) this.#starting.delete(warm);
    }
    return undefined;
  }

  /** Starts as for a script that has no variables of its own. */
  #startOptions(): WarmStart {
    const { language } = this;
    const base = baseEnvironment({ inherited: this.#options.environment });
    const cold = language.command(this.#interpreter, "", this.#spelling, base.values);
    if (language.warm === undefined) throw new Error(`${language.name} has no warm processes`);
    const command = language.warm(cold, base.values);
    const noScript = { runId: "", inputJson: "", scriptDir: "" };
    const environmentFor = (interpreter: Command["environment"]) => scriptEnvironment(base, { ...noScript, interpreter }).values;
    return {
      command,
      environment: environmentFor({ ...command.environment, [CHANNEL_VARIABLE]: String(CHANNEL) }),
      conditions: { interpreter: this.#interpreter, environment: environmentFor(cold.environment) },
    };
  }

  #isWanted({ conditions }: WarmProcess): boolean {
    return !this.#closed && !this.#idle && conditions.interpreter === this.#interpreter;
  }

  #keep(warm: WarmProcess): void {
    this.#ready.push(warm);
    warm.onceEnded(() => {
      if (!this.#remove(warm)) return;
      this.#options.log.warn("A warm process has ended by itself", { language: this.language.name, pid: warm.pid });
      void this.discard(warm);
    });
  }

  #fail(error: unknown): void {
    if (this.#closed) return;
    this.#failures += 1;
    const givenUp = this.#failures >= MAX_FAILURES;
    this.#options.log.warn("A warm process did not get ready", { language: this.language.name, error: messageOf(error), givenUp });
  }

  #becomeIdle(): void {
    this.#idle = true;
    clearTimeout(this.#refillTimer);
    this.#discardReady();
  }

  #discardReady(): void {
    for (const warm of this.#ready.splice(0)) void this.discard(warm);
  }

  #remove(warm: WarmProcess): boolean {
    const index = this.#ready.indexOf(warm);
    if (index >= 0) this.#ready.splice(index, 1);
    return index >= 0;
  }

  #track(work: Promise<void>): Promise<void> {
    this.#pending.add(work);
    return work.finally(() => this.#pending.delete(work));
  }
}
