// Installing: one at a time for a script, few at a time for all, shared by those who wait for the same.
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../lib/failure.ts";
import type { Interpreter } from "../languages/language.ts";
import type { Log } from "../lib/log.ts";
import { type PackagedLanguage, type Installed, type Installer, type InstallTask, type RunTool, refusalText, refuseAll, type ToolEnd } from "../languages/installer.ts";
import { installerEnvironment } from "./installer-environment.ts";
import { type SetRecord, type PackageSetSpec, willSatisfy } from "./package-set.ts";
import { createSlots } from "./queue.ts";
import type { Requirement } from "../languages/requirement.ts";
import type { Staging } from "./staging.ts";
import type { Store } from "./store.ts";

/** How many of a program's last lines are kept for the sentence about its failure. */
const MAX_KEPT_LINES = 60;

/** An order to install. */
export interface Order {
  readonly home: string;
  readonly spec: PackageSetSpec;
  readonly scriptId: string | undefined;
  readonly interpreter: Interpreter;
  /** Whether to install what can be had although something else can't. */
  readonly partial: boolean;
  /** Exact versions instead of those that were asked for, by name. */
  readonly pinned?: Readonly<Record<string, string>>;
}

/** How an installation ended: what is there now, what could not be had, and that in sentences. */
export interface Result extends Installed {
  readonly message?: string;
}

/** Somebody who waits for an installation. */
export interface Waiter {
  /** Gets the installer's lines, each with its label. */
  readonly say: (line: string) => void;
  /** Says that the result is wanted no longer. */
  readonly signal: AbortSignal;
}

/** Installations in progress. */
export interface Installations {
  /** The one that works for a script at the moment. */
  current(home: string): Installation | undefined;
  /** Begins one; there must be none for the script. */
  begin(order: Order): Installation;
  readonly count: number;
  /** Ends all and resolves when nothing of them is left. */
  close(): Promise<void>;
}

/** One installation. */
export interface Installation {
  readonly order: Order;
  /** Whether its result will do for somebody who needs `wanted`. */
  serves(spec: PackageSetSpec): boolean;
  /** Its result; undefined when the waiter gave up. It is ended, and that waited for, once nobody waits for it any more. */
  follow(waiter: Waiter): Promise<Result | undefined>;
  /** Resolves when it is over, whatever came of it; waiting so does not keep it going. */
  over(signal: AbortSignal): Promise<void>;
}

/** What installing needs. */
export interface InstallOptions {
  readonly store: Store;
  readonly installers: Readonly<Record<PackagedLanguage, Installer>>;
  readonly runTool: RunTool;
  /** The runner's own environment. */
  readonly environment: NodeJS.ProcessEnv;
  readonly concurrency: number;
  readonly timeoutMs: number;
  readonly offline: boolean;
  /** Called after each set that was put in place. */
  readonly onInstalled: () => Promise<void>;
  readonly log: Log;
}

/** Makes the register of installations. */
export function createInstallations(options: InstallOptions): Installations {
  const slots = createSlots(options.concurrency);
  const active = new Map<string, Installation & { stop(): Promise<unknown> }>();

  function begin(order: Order): Installation {
    const controller = new AbortController();
    const listeners = new Set<(line: string) => void>();
    const say = (line: string) => { for (const listener of listeners) listener(line); };
    const done = inSlot(order, say, controller.signal).finally(() => active.delete(order.home));
    let waiting = 0;
    const install = {
      order,
      serves: (spec: PackageSetSpec) => !controller.signal.aborted && willSatisfy(order.spec, spec),
      async follow(waiter: Waiter): Promise<Result | undefined> {
        waiting += 1;
        listeners.add(waiter.say);
        const result = await untilAborted(done, waiter.signal);
        listeners.delete(waiter.say);
        waiting -= 1;
        if (result !== undefined || waiting > 0) return result;
        controller.abort(new Error("nobody waits for it any more"));
        await done;
        return undefined;
      },
      over: async (signal: AbortSignal) => void (await untilAborted(done, signal)),
      stop() {
        controller.abort(new Error("the runner is being shut down"));
        return done;
      },
    };
    active.set(order.home, install);
    return install;
  }

  /** Never rejects. */
  async function inSlot(order: Order, say: (line: string) => void, signal: AbortSignal): Promise<Result> {
    const { noun } = options.installers[order.spec.language];
    try {
      const giveBack = await slots.take(signal);
      try {
        return await install(order, say, signal, options);
      } finally {
        giveBack();
      }
    } catch (error) {
      const { refused } = refuseAll(order.spec.requirements, messageOf(error));
      return { resolved: {}, refused, message: refusalText(noun, refused) };
    }
  }

  return {
    current: (home) => active.get(home),
    begin,
    get count() { return active.size; },
    async close() {
      await Promise.all([...active.values()].map((install) => install.stop()));
    },
  };
}

/** One installation from an empty folder to a set in its place. What it rejects with is the reason why nothing could be installed. */
async function install(order: Order, say: (line: string) => void, stop: AbortSignal, options: InstallOptions): Promise<Result> {
  const { store, installers, log, timeoutMs } = options;
  const { home, spec } = order;
  const installer = installers[spec.language];
  const began = performance.now();
  const staging = await store.staging(home);
  const { signal, clear } = bounded(stop, timeoutMs);
  try {
    const labelled = (line: string, label = installer.label) => say(`[${label}] ${line}`);
    const installed = await installer.install(await taskFor(order, staging, labelled, signal, options)).catch((error: unknown) => {
      if (signal.aborted) throw stop.aborted ? stop.reason : new Error(`it took longer than ${timeoutMs / 1000} s (AUTOMN_RUNNER_INSTALL_TIMEOUT_MS)`);
      throw error;
    });
    const there = order.partial ? spec.requirements.filter(({ name }) => !installed.refused.some((one) => one.name === name)) : spec.requirements;
    if (there.length > 0 && (order.partial || installed.refused.length === 0)) {
      await store.publish(home, staging, await recordOf(order, there, installed, staging));
      await options.onInstalled();
    }
    log.info(Object.keys(installed.resolved).length > 0 ? "Packages were installed" : "No packages could be installed", { home, packages: Object.keys(installed.resolved).length, refused: installed.refused.length, ms: Math.round(performance.now() - began) });
    return installed.refused.length === 0 ? installed : { ...installed, message: refusalText(installer.noun, installed.refused) };
  } finally {
    clear();
    await staging.remove().catch((error: unknown) => log.warn("Cannot remove a staging folder", { home, error: messageOf(error) }));
  }
}

async function taskFor(order: Order, staging: Staging, say: (line: string, label?: string) => void, signal: AbortSignal, { runTool, offline, environment: inherited }: InstallOptions): Promise<InstallTask> {
  const { spec, interpreter, partial, pinned = {} } = order;
  const environment = await installerEnvironment(inherited, interpreter.path, staging.scratch);
  return {
    directory: staging.set, scratch: staging.scratch, interpreter, environment, partial, offline,
    say: (line) => say(line),
    requirements: spec.requirements.map((one) => withPin(one, spec.language, pinned)),
    async tool(file, args, { directory = staging.set, quiet = false, label } = {}): Promise<ToolEnd> {
      signal.throwIfAborted();
      const lines: string[] = [];
      const onLine = (line: string) => {
        if (lines.push(line) > MAX_KEPT_LINES) lines.shift();
        if (!quiet) say(line, label);
      };
      const { code } = await runTool({ file, args, directory, environment, onLine, signal });
      signal.throwIfAborted();
      return { code, lines };
    },
  };
}

function withPin(one: Requirement, language: PackagedLanguage, pinned: Readonly<Record<string, string>>): Requirement {
  const version = language === "node" && Object.hasOwn(pinned, one.name) ? pinned[one.name] : undefined;
  return version === undefined ? one : { ...one, version };
}

async function recordOf({ spec, scriptId }: Order, requirements: readonly Requirement[], { resolved }: Installed, { set }: Staging): Promise<SetRecord> {
  return {
    format: 1, ...spec, requirements, resolved,
    ...(scriptId === undefined ? {} : { scriptId }),
    bytes: await sizeOf(set),
    installedAt: new Date().toISOString(),
  };
}

/** The bytes of all files in a folder. */
export async function sizeOf(folder: string): Promise<number> {
  const sizes = await Promise.all((await readdir(folder, { withFileTypes: true })).map(async (entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? sizeOf(path) : (await lstat(path)).size;
  }));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Aborted with the other signal, or when the time is over. */
function bounded(stop: AbortSignal, ms: number): { readonly signal: AbortSignal; clear(): void } {
  const controller = new AbortController();
  const pass = () => controller.abort(stop.reason);
  const timer = setTimeout(() => controller.abort(new Error("timeout")), ms);
  stop.addEventListener("abort", pass, { once: true });
  if (stop.aborted) pass();
  return {
    signal: controller.signal,
    clear() {
      clearTimeout(timer);
      stop.removeEventListener("abort", pass);
    },
  };
}

/** The promise's value, or undefined as soon as the signal is aborted. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  if (signal.aborted) return Promise.resolve(undefined);
  return new Promise((resolve, reject) => {
    const give = () => resolve(undefined);
    signal.addEventListener("abort", give, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", give));
  });
}
