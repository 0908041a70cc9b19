// One installation from an empty folder to a package set in its place.
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { anySignal } from "../lib/abort.ts";
import type { Log } from "../lib/log.ts";
import { type Installed, type InstallTask, type Refusal, refusalText, type RunTool, type ToolEnd } from "../languages/installer.ts";
import type { Requirement } from "../languages/requirement.ts";
import type { AbsentPackages } from "./absent-packages.ts";
import type { InstallOrder, InstallResult } from "./install-order.ts";
import { installerEnvironment } from "./installer-environment.ts";
import { KeptLines } from "./kept-lines.ts";
import type { SetRecord } from "./package-set.ts";
import { SilenceWatch } from "./silence-watch.ts";
import type { Staging } from "./staging.ts";
import type { PackageStore } from "./store.ts";

/** What one installation depends on. */
export interface InstallDependencies {
  readonly store: PackageStore;
  readonly absent: AbsentPackages;
  readonly runTool: RunTool;
  /** The runner's own environment. */
  readonly environment: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  /** Whether the network must not be used. */
  readonly offline: boolean;
  /** How much all sets may take together, in bytes. */
  readonly maxBytes: number;
  readonly log: Log;
}

type Say = (line: string, label?: string) => void;

/** Installs what an order asks for. What it rejects with is the reason why nothing could be installed. */
export async function install(
  order: InstallOrder, say: (line: string) => void, stop: AbortSignal, dependencies: InstallDependencies,
): Promise<InstallResult> {
  const { store, log, timeoutMs, maxBytes } = dependencies;
  const { home, manager: { installer } } = order;
  const began = performance.now();
  const staging = await store.staging(home);
  try {
    const timeout = AbortSignal.timeout(timeoutMs);
    const signal = anySignal(stop, timeout);
    const task = await taskFor(order, staging, (line, label = installer.label) => say(`[${label}] ${line}`), signal, dependencies);
    const installed = await installer.install(task).catch((error: unknown) => {
      if (stop.aborted) throw stop.reason;
      throw timeout.aborted ? new Error(`it took longer than ${timeoutMs / 1000} s (AUTOMN_RUNNER_INSTALL_TIMEOUT_MS)`) : error;
    });
    const result = resultOf(order, installed, say, dependencies.absent);
    const requirements = usable(order, result, installed);
    if (requirements.length > 0) {
      await store.publish(home, staging, await recordOf(order, requirements, installed, staging));
      await store.evict(maxBytes);
    }
    report(log, home, installed, performance.now() - began);
    return result;
  } finally {
    await staging.remove();
  }
}

async function taskFor(
  order: InstallOrder, { set: directory, scratch }: Staging, say: Say, signal: AbortSignal,
  { runTool, offline, environment: inherited }: InstallDependencies,
): Promise<InstallTask> {
  const { spec, manager, interpreter, partial } = order;
  const environment = await installerEnvironment(inherited, interpreter.path, scratch);
  return {
    directory, scratch, interpreter, environment, partial, offline,
    packagesDir: join(directory, manager.folder),
    requirements: spec.requirements.map((one) => pinned(one, order)),
    say: (line) => say(line),
    async tool(file, args, options = {}): Promise<ToolEnd> {
      signal.throwIfAborted();
      const kept = new KeptLines();
      const silence = new SilenceWatch((line) => say(line, options.label));
      const onLine = (line: string) => {
        silence.heard();
        kept.push(line);
        if (options.quiet !== true) say(line, options.label);
      };
      const running = runTool({ file, args, directory: options.directory ?? directory, environment, onLine, signal });
      const { code } = await running.finally(() => silence.stop());
      signal.throwIfAborted();
      return { code, lines: kept.lines };
    },
  };
}

/** A requirement for exactly the version that the order wants of it, where the package manager can ask for one. */
function pinned(requirement: Requirement, { manager, pinned: versions = {} }: InstallOrder): Requirement {
  const version = Object.hasOwn(versions, requirement.name) ? versions[requirement.name] : undefined;
  return version === undefined ? requirement : (manager.pinned?.(requirement, version) ?? requirement);
}

/** What an installation comes to. That an optional package could not be had is said and remembered, and is no failure. */
export function resultOf(order: InstallOrder, installed: Installed, say: (line: string) => void, absent: AbsentPackages): InstallResult {
  const { home, spec, manager: { installer: { label, noun } } } = order;
  const isOptional = ({ name }: Refusal) => spec.requirements.some((one) => one.name === name && one.optional === true);
  const refused = installed.refused.filter((one) => !isOptional(one));
  if (refused.length > 0) return { ...installed, refused, message: refusalText(noun, refused) };
  if (installed.refused.length > 0) {
    absent.add(home, spec, installed.refused.map(({ name }) => name));
    for (const line of refusalText(noun, installed.refused).split("\n")) say(`[${label}] ${line}`);
  }
  return { ...installed, refused };
}

/** The requirements that a set from this installation satisfies; none where it must not be used. */
function usable({ partial, spec }: InstallOrder, { refused }: InstallResult, installed: Installed): readonly Requirement[] {
  if (refused.length > 0 && !partial) return [];
  return spec.requirements.filter(({ name }) => !installed.refused.some((one) => one.name === name));
}

async function recordOf(
  { spec, scriptId }: InstallOrder, requirements: readonly Requirement[], { resolved }: Installed, { set }: Staging,
): Promise<SetRecord> {
  return {
    format: 1, ...spec, requirements, resolved,
    ...(scriptId === undefined ? {} : { scriptId }),
    bytes: await bytesIn(set),
    installedAt: new Date().toISOString(),
  };
}

/** The bytes of all files in a folder. */
async function bytesIn(folder: string): Promise<number> {
  const sizes = await Promise.all((await readdir(folder, { withFileTypes: true })).map(async (entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? bytesIn(path) : (await lstat(path)).size;
  }));
  return sizes.reduce((sum, size) => sum + size, 0);
}

function report(log: Log, home: string, { resolved, refused }: Installed, ms: number): void {
  const packages = Object.keys(resolved).length;
  const message = packages > 0 ? "Packages were installed" : "No packages could be installed";
  log.info(message, { home, packages, refused: refused.length, ms: Math.round(ms) });
}
