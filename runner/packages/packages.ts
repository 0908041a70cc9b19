// The packages of scripts: what a script needs is there before it starts, installed once and shared by its runs.
import { join } from "node:path";
import { messageOf } from "../lib/failure.ts";
import type { Log } from "../lib/log.ts";
import type { RunTool } from "../languages/installer.ts";
import type { Interpreter } from "../languages/interpreter.ts";
import type { Language, LanguageName } from "../languages/language.ts";
import type { PackageManager, PackageManagerSettings } from "../languages/package-manager.ts";
import type { Requirement } from "../languages/requirement.ts";
import { AbsentPackages } from "./absent-packages.ts";
import { acquireSet } from "./acquire-set.ts";
import type { InstallWaiter } from "./install-order.ts";
import { Installations } from "./installations.ts";
import { PackageManagers } from "./managers.ts";
import { NeedsCache } from "./needs-cache.ts";
import { offlineMessage } from "./offline-message.ts";
import type { PackageSetSpec } from "./package-set.ts";
import { packageStatus, type PackagesMode, type PackageStatus, type StatusRequest } from "./package-status.ts";
import { platformOf } from "./platform.ts";
import { restoreSets } from "./restore.ts";
import { SetRecords } from "./set-records.ts";
import { type Cleared, PackageStore } from "./store.ts";
import type { HeldSet } from "./stored-set.ts";

/** A script that is about to run. */
export interface PackagesRequest {
  /** The host's id of the script, where it has one. */
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
  /** What goes before the value of these variables, `PSModulePath`, where an interpreter needs them when it starts. */
  readonly paths: Readonly<Record<string, string>>;
  /** Says that the run no longer needs them. */
  release(): void;
}

/** What came of making a script's packages available; `stopped` when the signal was aborted meanwhile. */
export type ProvisionResult =
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

/** What packages depend on. */
export interface PackagesOptions extends PackageManagerSettings {
  readonly mode: PackagesMode;
  readonly languages: readonly Language[];
  readonly scriptsDir: string;
  /** The folder of the records from which lost sets are restored. */
  readonly recordsDir: string;
  /** How many installations there may be at a time. */
  readonly concurrency: number;
  /** How long one installation may take. */
  readonly timeoutMs: number;
  /** How much all sets may take together. */
  readonly maxBytes: number;
  /** The runner's own environment. */
  readonly environment: NodeJS.ProcessEnv;
  readonly runTool: RunTool;
  readonly log: Log;
}

/** The packages of all scripts. */
export class Packages {
  readonly #options: PackagesOptions;
  readonly #managers: PackageManagers;
  readonly #records: SetRecords;
  readonly #store: PackageStore;
  readonly #installations: Installations;
  readonly #absent = new AbsentPackages();
  readonly #needs = new NeedsCache();
  readonly #closing = new AbortController();
  #platform: string | undefined;

  /** Nothing is loaded or read from disk before it is needed. */
  constructor(options: PackagesOptions) {
    const { scriptsDir, recordsDir, languages, mode, log } = options;
    this.#options = options;
    this.#managers = new PackageManagers(languages, options);
    this.#records = new SetRecords(recordsDir, log);
    this.#store = new PackageStore({ scriptsDir, records: this.#records, managers: this.#managers, log });
    this.#installations = new Installations({ ...options, store: this.#store, absent: this.#absent, offline: mode === "offline" });
  }

  /** Makes available what a script needs. Never rejects. */
  async ensure(script: PackagesRequest, waiter: InstallWaiter): Promise<ProvisionResult> {
    try {
      return await this.#provide(script, waiter);
    } catch (error) {
      return { kind: "failed", message: `Cannot provide the script's packages: ${messageOf(error)}` };
    }
  }

  /** Answers the host within `withinMs`; what is still being installed then goes on. */
  async status(request: StatusRequest, withinMs: number): Promise<readonly PackageStatus[]> {
    const manager = await this.#managers.of(request.language);
    if (manager === undefined) {
      const message = `The runner installs no packages for ${request.language}`;
      return request.names.map((name) => ({ name, status: "error", message }));
    }
    const specOf = (requirements: readonly Requirement[]) => this.#specOf(request.language, manager, requirements, request.interpreter);
    return packageStatus(request, withinMs, { ...this.#sets, mode: this.#options.mode, manager, specOf, log: this.#options.log });
  }

  get summary(): PackagesSummary {
    const sets = this.#store.all();
    return {
      mode: this.#options.mode, sets: sets.length, installing: this.#installations.count,
      packages: sets.reduce((sum, { record }) => sum + Object.keys(record.resolved).length, 0),
      bytes: sets.reduce((sum, { record }) => sum + record.bytes, 0),
      ...(sets.length === 0 ? {} : { lastUsedAt: new Date(Math.max(...sets.map(({ lastUsedAt }) => lastUsedAt))).toISOString() }),
    };
  }

  /** Removes all sets, waiting at most `waitMs` for runs that use some. */
  async clear(waitMs: number): Promise<Cleared> {
    const cleared = await this.#store.clear(waitMs);
    await this.#records.forgetAll();
    return cleared;
  }

  /** Loads the package managers, sweeps up, makes room, and installs anew what was lost. Resolves when done. */
  async restore(interpreterOf: (language: LanguageName) => Promise<Interpreter | undefined>): Promise<void> {
    const { mode, maxBytes, log } = this.#options;
    if (mode === "off") return;
    await this.#managers.preload();
    await this.#store.scan();
    await this.#store.evict(maxBytes);
    if (mode !== "auto") return;
    const specOf = this.#specOf.bind(this);
    await restoreSets({ ...this.#sets, records: this.#records, managers: this.#managers, specOf, interpreterOf, log });
  }

  /** Ends every installation. */
  async close(): Promise<void> {
    this.#closing.abort(new Error("the runner is shutting down"));
    await this.#installations.close();
    await this.#store.close();
  }

  async #provide({ language, home, interpreter, scriptId, code }: PackagesRequest, waiter: InstallWaiter): Promise<ProvisionResult> {
    const { mode } = this.#options;
    const manager = mode === "off" ? undefined : await this.#managers.of(language);
    if (manager === undefined) return { kind: "nothing-needed" };
    const { requirements, problems, notes } = this.#needs.read(manager, code, interpreter);
    for (const note of notes) (waiter.note ?? waiter.say)(`[${manager.installer.label}] ${note}`);
    if (problems.length > 0) return { kind: "failed", message: problems.join("\n") };
    if (requirements.length === 0) return { kind: "nothing-needed" };
    const spec = this.#specOf(language, manager, requirements, interpreter);
    if (mode === "offline" && !manager.installer.worksOffline) return this.#provideOffline(home, spec, manager, waiter);
    const order = { home, spec, manager, scriptId, interpreter, partial: false };
    const acquired = await acquireSet(order, waiter, this.#sets);
    if (acquired === undefined) return { kind: "stopped" };
    if ("message" in acquired) return { kind: "failed", message: acquired.message };
    noteAbsent(spec, this.#absent.without(home, spec), manager, waiter);
    return "release" in acquired ? ready(acquired, manager) : { kind: "nothing-needed" };
  }

  /** Takes a set that is there: one with everything, else one with all that the script cannot do without. */
  async #provideOffline(home: string, spec: PackageSetSpec, manager: PackageManager, waiter: InstallWaiter): Promise<ProvisionResult> {
    const whole = await this.#store.find(home, spec);
    if (whole !== undefined) return ready(whole, manager);
    const least = { ...spec, requirements: spec.requirements.filter(({ optional }) => optional !== true) };
    const held = least.requirements.length === 0 ? undefined : await this.#store.find(home, least);
    if (held === undefined && least.requirements.length > 0) {
      return { kind: "failed", message: offlineMessage(least, manager, await this.#store.setsOf(home)) };
    }
    noteAbsent(spec, least, manager, waiter);
    return held === undefined ? { kind: "nothing-needed" } : ready(held, manager);
  }

  /** What getting hold of sets depends on. */
  get #sets() {
    return { store: this.#store, installations: this.#installations, absent: this.#absent, closing: this.#closing.signal };
  }

  #specOf(language: LanguageName, manager: PackageManager, requirements: readonly Requirement[], interpreter: Interpreter): PackageSetSpec {
    this.#platform ??= platformOf();
    return { language, requirements, runtime: manager.runtime(interpreter), platform: this.#platform };
  }
}

/** Says which packages a run goes without. */
function noteAbsent(
  { requirements }: PackageSetSpec, there: PackageSetSpec, { installer, spelled }: PackageManager, { note, say }: InstallWaiter,
): void {
  const absent = requirements.filter((one) => !there.requirements.includes(one));
  if (absent.length === 0) return;
  (note ?? say)(`[${installer.label}] The script runs without ${absent.map(spelled).join(", ")}: its code can do without.`);
}

function ready({ directory, release }: HeldSet, { folder: name, codeBesidePackages, pathVariable }: PackageManager): ProvisionResult {
  const folder = join(directory, name);
  const paths = pathVariable === undefined ? {} : { [pathVariable]: folder };
  return { kind: "ready", provision: { ...(codeBesidePackages ? { codeHome: directory } : {}), folder, paths, release } };
}
