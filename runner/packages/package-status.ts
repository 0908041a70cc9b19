// The host's question about npm packages: what is there of them, and having the rest installed.
import { isBuiltin } from "node:module";
import { messageOf } from "../lib/failure.ts";
import type { Interpreter } from "../languages/language.ts";
import type { Log } from "../lib/log.ts";
import type { Order, Result, Waiter } from "./installs.ts";
import { npmNameProblem } from "../languages/node/npm-name.ts";
import type { PackagedLanguage } from "../languages/installer.ts";
import type { PackageSetSpec } from "./package-set.ts";
import type { Requirement } from "../languages/requirement.ts";
import type { HeldSet, Store } from "./store.ts";

/** `auto` installs what is missing, `offline` uses what is there and never the network, `off` does nothing at all. */
export type PackagesMode = "auto" | "offline" | "off";

/** The host's question about a script's packages. */
export interface StatusRequest {
  readonly scriptId: string | undefined;
  readonly home: string;
  readonly names: readonly string[];
  readonly installMissing: boolean;
  readonly interpreter: Interpreter;
}

/** What is the matter with one package. */
export interface PackageStatus {
  readonly name: string;
  readonly status: "installed" | "not_installed" | "error";
  readonly message: string;
}

/** What answering depends on. */
interface StatusDependencies {
  readonly mode: PackagesMode;
  readonly store: Store;
  readonly obtain: (order: Order, waiter: Waiter) => Promise<HeldSet | Result | undefined>;
  readonly specOf: (language: PackagedLanguage, requirements: readonly Requirement[], interpreter: Interpreter) => PackageSetSpec;
  readonly closing: AbortSignal;
  readonly log: Log;
}

const WHY_ABSENT: Readonly<Record<PackagesMode, string>> = {
  auto: "not installed",
  offline: "this runner is offline (AUTOMN_RUNNER_PACKAGES=offline)",
  off: "packages are switched off (AUTOMN_RUNNER_PACKAGES=off)",
};

/** Makes the answerer; it answers within the given time, and what is still being installed then goes on. */
export function createStatus({ mode, store, obtain, specOf, closing, log }: StatusDependencies): (request: StatusRequest, withinMs: number) => Promise<readonly PackageStatus[]> {
  /** Everything that any set of the script has for this interpreter. */
  async function versionsAtHand(home: string, spec: PackageSetSpec): Promise<ReadonlyMap<string, string>> {
    const sets = (await store.setsOf(home)).filter(({ record }) => record.runtime === spec.runtime && record.platform === spec.platform);
    return new Map(sets.flatMap(({ record }) => Object.entries(record.resolved)));
  }

  /** Installs by the names alone, all that can be had; resolves with npm's reasons for the others. */
  async function installByName(request: StatusRequest, spec: PackageSetSpec): Promise<ReadonlyMap<string, string>> {
    const waiter: Waiter = { say: (line) => log.debug(line, { home: request.home }), signal: closing };
    const order: Order = { home: request.home, spec, scriptId: request.scriptId, interpreter: request.interpreter, partial: true };
    const got = await obtain(order, waiter);
    if (got === undefined) throw new Error("the runner is being shut down");
    if (!("release" in got)) return new Map(got.refused.map(({ name, reason }) => [name, reason]));
    got.release();
    return new Map();
  }

  return async (request, withinMs) => {
    const valid = [...new Set(request.names)].filter((name) => !isBuiltin(name) && npmNameProblem(name) === undefined).sort();
    const spec = specOf("node", valid.map((name) => ({ name })), request.interpreter);
    let reasons: ReadonlyMap<string, string> = new Map();
    let absent = WHY_ABSENT[mode];
    if (request.installMissing && mode === "auto" && valid.length > 0) {
      const work = installByName(request, spec).catch((error: unknown) => new Map(valid.map((name) => [name, messageOf(error)])));
      const answer = await within(work, withinMs);
      [reasons, absent] = [answer ?? reasons, "still being installed"];
    }
    const there = mode === "off" ? new Map<string, string>() : await versionsAtHand(request.home, spec);
    return request.names.map((name) => statusOf(name, there.get(name), reasons.get(name), absent));
  };
}

function statusOf(name: string, version: string | undefined, reason: string | undefined, absent: string): PackageStatus {
  if (isBuiltin(name)) return { name, status: "installed", message: "part of Node.js" };
  const problem = npmNameProblem(name) ?? (version === undefined ? reason : undefined);
  if (problem !== undefined) return { name, status: "error", message: problem };
  return version === undefined ? { name, status: "not_installed", message: absent } : { name, status: "installed", message: version };
}

/** The promise's value, or undefined when it takes longer. */
function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => { timer = setTimeout(() => resolve(undefined), ms); });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
