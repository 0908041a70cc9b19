// Processes started ahead: each waits in a room of its own, takes one job, becomes its script, and ends with it.
import { messageOf } from "../lib/failure.ts";
import type { Command, Interpreter, Language, LanguageName } from "../languages/language.ts";
import { coldReason } from "./eligibility.ts";
import type { StartConditions } from "./eligibility.ts";
import type { Log } from "../lib/log.ts";
import type { Launcher } from "../workspace/launcher.ts";
import { discard, end, writeInput, ready, startWarmProcess, warmLauncher } from "./warm-process.ts";
import type { WarmProcess, WarmProcessDependencies } from "./warm-process.ts";

/** A spare is replaced this long after it was taken: the script has the machine first. */
const REFILL_AFTER_MS = 20;
/** It is not replaced while a run is active, unless one has been missing for this long. */
const MAX_MISSING_MS = 100;
/** While more runs are active than there are cores, it is not replaced until no job has come for this long. */
const QUIET_MS = 1_000;
/** After so many failures in a row an interpreter is left alone. */
const MAX_FAILURES = 3;

/** What a run wants a process for. */
export interface LaunchRequest {
  readonly language: Language;
  readonly interpreter: Interpreter;
  readonly spelling: string;
  /** The runner's own environment with the script's variables on top. */
  readonly variables: NodeJS.ProcessEnv;
  readonly inputJson: string;
}

/** How spares did in one language. */
export interface WarmCounts {
  readonly ready: number;
  readonly hits: number;
  readonly misses: number;
}

/** Processes started ahead. */
export interface WarmPool {
  /** A seat whose process is there already, with the input in its room; nothing when there is none for this job. */
  take(wanted: LaunchRequest): Promise<Launcher | undefined>;
  /** By language, those that were asked for so far. */
  readonly counts: Readonly<Partial<Record<LanguageName, WarmCounts>>>;
  /** Ends all that wait. */
  close(): Promise<void>;
}

/** What spares need of the harness. */
export interface WarmPoolOptions extends WarmProcessDependencies {
  readonly log: Log;
  /** How many of each kind; 0 for none. */
  readonly size: number;
  /** A kind that nobody has asked for so long, in milliseconds, costs nothing any more. */
  readonly idleMs: number;
  /** How many runs are active, and how many the machine takes at once. */
  readonly active: () => number;
  readonly cores: number;
  readonly platform?: NodeJS.Platform;
}

/** Spares that can stand for each other: a language, or a spelling of it that has a command line of its own. */
interface Kind {
  readonly language: Language;
  wanted: Pick<LaunchRequest, "interpreter" | "spelling">;
  readonly ready: WarmProcess[];
  readonly starting: Set<WarmProcess>;
  pending: number;
  failures: number;
  /** When the first that is missing was taken. */
  missingSince: number | undefined;
  /** Nobody has asked for it in a long time. */
  resting: boolean;
  refill?: NodeJS.Timeout;
  idle?: NodeJS.Timeout;
}

/** Makes the pool, empty: a kind is filled after it was first asked for. */
export function createWarmPool(options: WarmPoolOptions): WarmPool {
  const { log } = options;
  const kinds = new Map<string, Kind>();
  const tallies = new Map<LanguageName, { hits: number; misses: number }>();
  const additions = new Set<Promise<void>>();
  let lastTake = -Infinity;
  let closed = options.size === 0 || (options.platform ?? process.platform) === "win32";

  function tallyOf(name: LanguageName): { hits: number; misses: number } {
    const tally = tallies.get(name) ?? { hits: 0, misses: 0 };
    tallies.set(name, tally);
    return tally;
  }

  function kindOf({ language, interpreter, spelling }: LaunchRequest, cold: Command): Kind {
    const key = JSON.stringify([language.name, cold.args]);
    const kind = kinds.get(key) ?? { language, wanted: { interpreter, spelling }, ready: [], starting: new Set(), pending: 0, failures: 0, missingSince: undefined, resting: false };
    kinds.set(key, kind);
    if (kind.wanted.interpreter !== interpreter) {
      kind.failures = 0;
      kind.wanted = { interpreter, spelling };
    }
    return kind;
  }

  /** Has the kind filled soon, and emptied once nobody has asked for it in a long time. */
  function keep(kind: Kind): void {
    lastTake = performance.now();
    kind.missingSince ??= lastTake;
    kind.resting = false;
    clearTimeout(kind.idle);
    kind.idle = setTimeout(() => empty(kind), options.idleMs).unref();
    refillAfter(kind, REFILL_AFTER_MS);
  }

  function refillAfter(kind: Kind, ms: number): void {
    clearTimeout(kind.refill);
    kind.refill = setTimeout(() => refill(kind), ms).unref();
  }

  /** In a burst each start of a spare would take from the runs what it gives to one of them later. */
  function refill(kind: Kind): void {
    const missing = options.size - kind.ready.length - kind.pending;
    if (closed || missing <= 0 || kind.failures >= MAX_FAILURES) return;
    const now = performance.now();
    if (options.active() > options.cores && now - lastTake < QUIET_MS) return refillAfter(kind, REFILL_AFTER_MS);
    if (options.active() > 0 && now - (kind.missingSince ?? -Infinity) < MAX_MISSING_MS) return refillAfter(kind, REFILL_AFTER_MS);
    kind.missingSince = undefined;
    kind.pending += 1;
    const adding = add(kind).finally(() => additions.delete(adding));
    additions.add(adding);
    if (missing > 1) refillAfter(kind, REFILL_AFTER_MS);
  }

  async function add(kind: Kind): Promise<void> {
    let warm: WarmProcess | undefined;
    try {
      warm = await launch(kind, options);
      kind.starting.add(warm);
      await ready(warm);
      if (closed || kind.resting || kind.wanted.interpreter !== warm.conditions.interpreter) return await discard(warm);
      kind.failures = 0;
      kind.ready.push(warm);
      watch(kind, warm);
    } catch (error) {
      kind.failures += 1;
      if (!closed) log.warn("A process started ahead did not get ready", { language: kind.language.name, error: messageOf(error), givenUp: kind.failures >= MAX_FAILURES });
      if (warm !== undefined) await discard(warm);
    } finally {
      kind.pending -= 1;
      if (warm !== undefined) kind.starting.delete(warm);
    }
    return undefined;
  }

  function watch(kind: Kind, warm: WarmProcess): void {
    warm.channel.once("close", () => {
      if (!remove(kind.ready, warm)) return;
      log.warn("A process started ahead has ended by itself", { language: kind.language.name, pid: warm.child.pid });
      void discard(warm);
    });
  }

  function empty(kind: Kind): void {
    kind.resting = true;
    clearTimeout(kind.refill);
    for (const warm of kind.ready.splice(0)) void discard(warm);
  }

  /** The first that suits the job; those that suit no job any more are ended. */
  function pick(kind: Kind, wanted: StartConditions): WarmProcess | undefined {
    for (const stale of kind.ready.filter(({ conditions }) => conditions.interpreter !== wanted.interpreter)) {
      remove(kind.ready, stale);
      void discard(stale);
    }
    const warm = kind.ready.find(({ conditions }) => coldReason(conditions, wanted) === undefined);
    if (warm !== undefined) remove(kind.ready, warm);
    return warm;
  }

  return {
    async take(wanted) {
      const cold = closed ? undefined : commandOf(wanted, wanted.variables);
      if (cold === undefined) return undefined;
      const kind = kindOf(wanted, cold);
      const tally = tallyOf(kind.language.name);
      const warm = pick(kind, { interpreter: wanted.interpreter, environment: { ...wanted.variables, ...cold.environment } });
      keep(kind);
      tally.misses += 1;
      if (warm === undefined || !(await writeInput(warm, wanted.inputJson))) return undefined;
      return warmLauncher(warm, () => { tally.misses -= 1; tally.hits += 1; });
    },
    get counts() {
      return Object.fromEntries([...tallies].map(([name, tally]) => [name, { ready: readyOf(kinds, name), ...tally }]));
    },
    async close() {
      closed = true;
      for (const kind of kinds.values()) {
        clearTimeout(kind.refill);
        clearTimeout(kind.idle);
      }
      await Promise.all([...kinds.values()].flatMap((kind) => [...kind.ready.splice(0).map(discard), ...[...kind.starting].map(end)]));
      await Promise.all(additions);
    },
  };
}

function readyOf(kinds: ReadonlyMap<string, Kind>, name: LanguageName): number {
  return [...kinds.values()].filter(({ language }) => language.name === name).reduce((sum, { ready }) => sum + ready.length, 0);
}

/** The command of a script whose file is not known yet, or nothing where it would be refused or can't be started ahead. */
function commandOf({ language, interpreter, spelling }: Omit<LaunchRequest, "inputJson" | "variables">, variables: NodeJS.ProcessEnv): Command | undefined {
  if (language.warm === undefined) return undefined;
  try {
    return language.command(interpreter, "", spelling, variables);
  } catch {
    return undefined;
  }
}

/** Starts a process of the kind as for a script that has no variables of its own. */
async function launch({ language, wanted }: Kind, ground: WarmProcessDependencies): Promise<WarmProcess> {
  const { environment } = ground;
  const cold = commandOf({ language, ...wanted }, environment);
  if (cold === undefined || language.warm === undefined) throw new Error(`${language.name} can't be started ahead`);
  const conditions = { interpreter: wanted.interpreter, environment: { ...environment, ...cold.environment } };
  return startWarmProcess(language.warm(cold, environment), conditions, ground);
}

function remove<T>(list: T[], item: T): boolean {
  const at = list.indexOf(item);
  if (at >= 0) list.splice(at, 1);
  return at >= 0;
}
