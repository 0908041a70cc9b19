// A script's dependencies: what it needs is there before it starts, installed once and shared by its runs.
import { join } from "node:path";
import { messageOf } from "../lib/failure.ts";
import type { Interpreter, LanguageName } from "../languages/language.ts";
import type { Log } from "../lib/log.ts";
import { CONTENT, type Installer, type PackagedLanguage, type RunTool } from "../languages/installer.ts";
import { createInstallations, type Order, type Result, type Waiter } from "./installs.ts";
import { createNeedsReader } from "./needs.ts";
import { createNpm } from "../languages/node/npm.ts";
import { missingFrom, platformOf, runtimeOf, spelled, type PackageSetSpec } from "./package-set.ts";
import { pip } from "../languages/python/pip.ts";
import { psresource } from "../languages/powershell/psresource.ts";
import { createStatus, type PackagesMode, type PackageStatus, type StatusRequest } from "./package-status.ts";
import { createRecords, type KeptRecord } from "./records.ts";
import type { Requirement } from "../languages/requirement.ts";
import { type Cleared, createStore, type HeldSet } from "./store.ts";

/** A script that is about to run. */
export interface ScriptNeeds {
  /** The host's id of the script. */
  readonly scriptId: string | undefined;
  /** The name of the script's own folder below the scripts directory. */
  readonly home: string;
  readonly language: LanguageName;
  readonly code: string;
  readonly interpreter: Interpreter;
}

/** Where a script finds its packages. */
export interface Provision {
  /** The folder below which the code must lie; absent where it may lie anywhere. */
  readonly codeHome?: string;
  /** Where the packages lie. */
  readonly folder: string;
  /** What goes before the value of these variables, `PSModulePath`, where a process begins with them. */
  readonly paths: Readonly<Record<string, string>>;
  /** Says that the run no longer needs them. */
  release(): void;
}

/** What came of making a script's packages available; `stopped` when the signal was aborted meanwhile. */
export type Provided =
  | { readonly kind: "nothing-needed" }
  | { readonly kind: "ready"; readonly provision: Provision }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "stopped" };

/** All sets in figures. */
export interface PackagesSummary {
  readonly mode: PackagesMode;
  readonly sets: number;
  /** Packages that scripts asked for, over all sets. */
  readonly packages: number;
  readonly bytes: number;
  /** ISO 8601; absent while there is no set. */
  readonly lastUsedAt?: string;
  readonly installing: number;
}

/** The packages of all scripts. */
export interface Packages {
  /** Makes available what a script needs. Never rejects. */
  ensure(script: ScriptNeeds, waiter: Waiter): Promise<Provided>;
  /** Answers the host within `withinMs`; what is still being installed then goes on. */
  status(request: StatusRequest, withinMs: number): Promise<readonly PackageStatus[]>;
  readonly summary: PackagesSummary;
  /** Removes all sets, waiting at most `waitMs` for runs that use some. */
  clear(waitMs: number): Promise<Cleared>;
  /** Begins, in the background, to sweep up, to make room and to install anew what was lost. Resolves when done. */
  restore(interpreterOf: (language: PackagedLanguage) => Promise<Interpreter | undefined>): Promise<void>;
  /** Ends every installation. */
  close(): Promise<void>;
}

/** What packages depend on. */
export interface PackagesOptions {
  readonly mode: PackagesMode;
  readonly scriptsDir: string;
  /** The folder of the records from which lost sets are restored. */
  readonly recordsDir: string;
  /** How many installations there may be at a time. */
  readonly concurrency: number;
  readonly timeoutMs: number;
  /** How much all sets may take together. */
  readonly maxBytes: number;
  readonly npmPath: string | undefined;
  readonly npmIgnoreScripts: boolean;
  /** The runner's own environment. */
  readonly environment: NodeJS.ProcessEnv;
  readonly runTool: RunTool;
  readonly log: Log;
  /** Instead of the real ones. */
  readonly installers?: Readonly<Record<PackagedLanguage, Installer>>;
}

/** Node and Python are told nothing so: the one has its code beside its modules, the other's prelude knows the folder, and a variable would keep both from a process that was started ahead. */
const PATH_VARIABLES: Readonly<Record<PackagedLanguage, string | undefined>> = { node: undefined, python: undefined, powershell: "PSModulePath" };
/** An installation whose set has gone before its run took it is repeated so often. */
const MAX_TRIES = 3;

/** Makes the harness's packages. Nothing is read from disk before it is needed. */
export function createPackages(options: PackagesOptions): Packages {
  const { mode, log } = options;
  const installers = options.installers ?? { node: createNpm({ path: options.npmPath, ignoreScripts: options.npmIgnoreScripts }), python: pip, powershell: psresource };
  const records = createRecords(options.recordsDir, log);
  const store = createStore({
    scriptsDir: options.scriptsDir, log,
    onPublished: (home, name, record) => records.keep({ home, name, record }),
    onRemoved: (home, name) => records.forget(home, name),
  });
  const installations = createInstallations({ ...options, store, installers, offline: mode === "offline", onInstalled: () => store.evict(options.maxBytes) });
  const readNeeds = createNeedsReader();
  const closing = new AbortController();
  let platform: string | undefined;

  function specOf(language: PackagedLanguage, requirements: readonly Requirement[], interpreter: Interpreter): PackageSetSpec {
    platform ??= platformOf();
    return { language, requirements, runtime: runtimeOf(language, interpreter.version), platform };
  }

  /** A held set, or the result that there is instead; undefined when the waiter gave up. */
  async function obtain(order: Order, waiter: Waiter): Promise<HeldSet | Result | undefined> {
    const { home, spec } = order;
    let last: Result | undefined;
    for (let tries = 0; tries < MAX_TRIES;) {
      const held = await store.find(home, spec);
      if (held !== undefined || last?.message !== undefined) return held ?? last;
      if (waiter.signal.aborted) return undefined;
      const running = installations.current(home);
      if (running !== undefined && !running.serves(spec)) {
        await running.over(waiter.signal);
        continue;
      }
      const install = running ?? installations.begin(order);
      const result = await install.follow(waiter);
      if (result === undefined) return undefined;
      if (install.order === order) tries += 1;
      last = install.order === order || sameOrder(install.order, order) ? result : undefined;
    }
    return { resolved: {}, refused: [], message: "The packages were installed, and removed by somebody before the script could start" };
  }

  /** What an offline runner says; PowerShell's modules may be on the machine itself. */
  async function missingOffline(home: string, spec: PackageSetSpec): Promise<string> {
    const sets = (await store.setsOf(home)).filter(({ record }) => record.language === spec.language);
    const missing = sets.map(({ record }) => missingFrom(record, spec)).sort((a, b) => a.length - b.length)[0] ?? spec.requirements;
    const others = [...new Set(sets.map(({ record }) => `${record.runtime} on ${record.platform}`))].filter((one) => one !== `${spec.runtime} on ${spec.platform}`);
    const hint = others.length > 0 ? ` There are sets for ${others.join(", ")}; this is ${spec.runtime} on ${spec.platform}.` : "";
    const names = missing.map((one) => spelled(one, spec.language)).join(", ");
    return `Cannot install the ${installers[spec.language].noun}${missing.length === 1 ? "" : "s"} ${names}: this runner is offline (AUTOMN_RUNNER_PACKAGES=offline) and no set of this script has ${missing.length === 1 ? "it" : "them"}.${hint}`;
  }

  function provisionOf({ directory, record: { language }, release }: HeldSet): Provision {
    const folder = join(directory, CONTENT[language]);
    const variable = PATH_VARIABLES[language];
    return { ...(language === "node" ? { codeHome: directory } : {}), folder, paths: variable === undefined ? {} : { [variable]: folder }, release };
  }

  async function ensure(script: ScriptNeeds, waiter: Waiter): Promise<Provided> {
    const { language, home, interpreter, scriptId } = script;
    if (language === "shell" || mode === "off") return { kind: "nothing-needed" };
    const { requirements, problems, notes } = readNeeds(language, script.code, interpreter);
    for (const note of notes) waiter.say(`[${installers[language].label}] ${note}`);
    if (problems.length > 0) return { kind: "failed", message: problems.join("\n") };
    if (requirements.length === 0) return { kind: "nothing-needed" };
    const spec = specOf(language, requirements, interpreter);
    if (mode === "offline" && !installers[language].worksOffline) {
      const held = await store.find(home, spec);
      return held === undefined ? { kind: "failed", message: await missingOffline(home, spec) } : { kind: "ready", provision: provisionOf(held) };
    }
    const got = await obtain({ home, spec, scriptId, interpreter, partial: false }, waiter);
    if (got === undefined) return { kind: "stopped" };
    return "release" in got ? { kind: "ready", provision: provisionOf(got) } : { kind: "failed", message: got.message ?? "Cannot install the script's packages" };
  }

  async function restore(interpreterOf: (language: PackagedLanguage) => Promise<Interpreter | undefined>): Promise<void> {
    if (mode === "off") return;
    await store.scan();
    await store.evict(options.maxBytes);
    if (mode !== "auto") return;
    for (const { home, name, record } of await records.read()) {
      if (closing.signal.aborted) return;
      if (store.all().some((set) => set.home === home && set.name === name)) continue;
      const interpreter = await interpreterOf(record.language);
      if (interpreter !== undefined) await restoreOne({ home, name, record }, interpreter);
    }
  }

  async function restoreOne({ home, name, record }: KeptRecord, interpreter: Interpreter): Promise<void> {
    const { requirements, language, resolved: pinned, scriptId } = record;
    const spec = specOf(language, requirements, interpreter);
    if (spec.runtime !== record.runtime || spec.platform !== record.platform) return records.forget(home, name);
    log.info("A lost set of packages is being installed anew", { home, set: name });
    const got = await obtain({ home, spec, scriptId, interpreter, partial: false, pinned }, { say: (line) => log.debug(line, { home }), signal: closing.signal });
    if (got !== undefined && "release" in got) got.release();
    else if (got !== undefined) log.warn("Cannot restore a set of packages", { home, set: name, error: got.message });
  }

  return {
    ensure: (script, waiter) => ensure(script, waiter).catch((error: unknown) => ({ kind: "failed", message: `Cannot provide the script's packages: ${messageOf(error)}` })),
    restore,
    status: createStatus({ mode, store, obtain, specOf, closing: closing.signal, log }),
    get summary() {
      const sets = store.all();
      const lastUsed = Math.max(...sets.map(({ lastUsedAt }) => lastUsedAt));
      return {
        mode, sets: sets.length, installing: installations.count,
        packages: sets.reduce((sum, { record }) => sum + Object.keys(record.resolved).length, 0),
        bytes: sets.reduce((sum, { record }) => sum + record.bytes, 0),
        ...(sets.length === 0 ? {} : { lastUsedAt: new Date(lastUsed).toISOString() }),
      };
    },
    async clear(waitMs) {
      const cleared = await store.clear(waitMs);
      await records.forgetAll();
      return cleared;
    },
    async close() {
      closing.abort(new Error("the runner is being shut down"));
      await installations.close();
      await store.close();
    },
  };
}

function sameOrder(a: Order, b: Order): boolean {
  return a.partial === b.partial && a.spec.requirements.length === b.spec.requirements.length && missingNames(a.spec, b.spec).length === 0;
}

function missingNames(a: PackageSetSpec, b: PackageSetSpec): readonly Requirement[] {
  return b.requirements.filter((one) => !a.requirements.some(({ name, version }) => name === one.name && version === one.version));
}
