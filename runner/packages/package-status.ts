// The host's question about a script's packages: which are there, and installing the others.
import { unlessAborted } from "../lib/abort.ts";
import { messageOf } from "../lib/failure.ts";
import type { Log } from "../lib/log.ts";
import type { Interpreter } from "../languages/interpreter.ts";
import type { LanguageName } from "../languages/language.ts";
import type { NameCheck, PackageManager } from "../languages/package-manager.ts";
import type { Requirement } from "../languages/requirement.ts";
import { acquireSet, type AcquireDependencies } from "./acquire-set.ts";
import type { PackageSetSpec } from "./package-set.ts";

/** `auto` installs what is missing, `offline` uses what is there and never the network, `off` does nothing at all. */
export type PackagesMode = "auto" | "offline" | "off";

/** The host's question about a script's packages. */
export interface StatusRequest {
  readonly scriptId: string | undefined;
  /** The name of the script's folder. */
  readonly home: string;
  readonly language: LanguageName;
  readonly interpreter: Interpreter;
  readonly names: readonly string[];
  readonly installMissing: boolean;
}

/** What there is of one package. */
export interface PackageStatus {
  readonly name: string;
  readonly status: "installed" | "not_installed" | "error";
  /** The version, or why there is none. */
  readonly message: string;
}

/** What answering depends on. */
export interface StatusDependencies extends AcquireDependencies {
  readonly mode: PackagesMode;
  readonly manager: PackageManager;
  readonly specOf: (requirements: readonly Requirement[]) => PackageSetSpec;
  /** Aborted when the runner shuts down. */
  readonly closing: AbortSignal;
  readonly log: Log;
}

const WHY_ABSENT: Readonly<Record<PackagesMode, string>> = {
  auto: "not installed",
  offline: "this runner is offline (AUTOMN_RUNNER_PACKAGES=offline)",
  off: "packages are switched off (AUTOMN_RUNNER_PACKAGES=off)",
};

/** Answers within `withinMs`; what is still being installed then goes on. */
export async function packageStatus(
  request: StatusRequest, withinMs: number, dependencies: StatusDependencies,
): Promise<readonly PackageStatus[]> {
  const { mode, manager } = dependencies;
  const checks = new Map(request.names.map((name) => [name, manager.checkName?.(name) ?? {}]));
  const isPackage = ({ builtin, problem }: NameCheck) => builtin === undefined && problem === undefined;
  const names = [...checks].filter(([, check]) => isPackage(check)).map(([name]) => name).sort();
  const installs = request.installMissing && mode === "auto" && names.length > 0;
  const reasons = installs ? await unlessAborted(reasonsAgainst(names, request, dependencies), AbortSignal.timeout(withinMs)) : undefined;
  const absent = installs && reasons === undefined ? "still being installed" : WHY_ABSENT[mode];
  const versions = mode === "off" ? new Map<string, string>() : await installedVersions(request.home, dependencies);
  return request.names.map((name) => statusOf(name, checks.get(name) ?? {}, versions.get(name), reasons?.get(name), absent));
}

/** Installs by the names alone all that can be had; resolves with the reasons against the others. Never rejects. */
async function reasonsAgainst(
  names: readonly string[], request: StatusRequest, dependencies: StatusDependencies,
): Promise<ReadonlyMap<string, string>> {
  const { manager, specOf, closing, log } = dependencies;
  const { home, scriptId, interpreter } = request;
  const order = { home, scriptId, interpreter, manager, spec: specOf(names.map((name) => ({ name }))), partial: true };
  try {
    const acquired = await acquireSet(order, { say: (line) => log.debug(line, { home }), signal: closing }, dependencies);
    if (acquired === undefined) throw new Error("the runner is shutting down");
    if ("refused" in acquired) return new Map(acquired.refused.map(({ name, reason }) => [name, reason]));
    acquired.release();
    return new Map();
  } catch (error) {
    return new Map(names.map((name) => [name, messageOf(error)]));
  }
}

/** Name → version of everything that any set of the script has for this interpreter. */
async function installedVersions(home: string, { store, specOf }: StatusDependencies): Promise<ReadonlyMap<string, string>> {
  const { runtime, platform } = specOf([]);
  const sets = (await store.setsOf(home)).filter(({ record }) => record.runtime === runtime && record.platform === platform);
  return new Map(sets.flatMap(({ record }) => Object.entries(record.resolved)));
}

function statusOf(
  name: string, { builtin, problem }: NameCheck, version: string | undefined, reason: string | undefined, absent: string,
): PackageStatus {
  if (builtin !== undefined) return { name, status: "installed", message: builtin };
  if (problem !== undefined) return { name, status: "error", message: problem };
  if (version !== undefined) return { name, status: "installed", message: version };
  return reason === undefined ? { name, status: "not_installed", message: absent } : { name, status: "error", message: reason };
}
