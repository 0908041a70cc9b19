// Getting hold of a package set: one that is there, else one that is being installed, else a new one.
import type { Requirement } from "../languages/requirement.ts";
import type { AbsentPackages } from "./absent-packages.ts";
import type { InstallOrder, InstallResult, InstallWaiter } from "./install-order.ts";
import type { Installations } from "./installations.ts";
import type { PackageSetSpec } from "./package-set.ts";
import type { PackageStore } from "./store.ts";
import type { HeldSet } from "./stored-set.ts";

/** A set that was removed before its run took it is installed again this many times. */
const MAX_TRIES = 3;

const NOTHING: InstallResult = { resolved: {}, refused: [] };

/** What getting hold of a set depends on. */
export interface AcquireDependencies {
  readonly store: PackageStore;
  readonly installations: Installations;
  readonly absent: AbsentPackages;
}

/**
 * Resolves with a held set of all but the optional packages that cannot be had, or with a result without a set: one with a
 * message has failed, one without needs none. Undefined when the waiter gave up.
 */
export async function acquireSet(
  whole: InstallOrder, waiter: InstallWaiter, { store, installations, absent }: AcquireDependencies,
): Promise<HeldSet | InstallResult | undefined> {
  const { home } = whole;
  let last: InstallResult | undefined;
  for (let tries = 0; tries < MAX_TRIES;) {
    const spec = absent.without(home, whole.spec);
    if (spec.requirements.length === 0) return NOTHING;
    const order = { ...whole, spec };
    const held = await store.find(home, spec);
    if (held !== undefined || last?.message !== undefined) return held ?? last;
    if (waiter.signal.aborted) return undefined;
    const running = installations.current(home);
    if (running !== undefined && !running.serves(spec)) {
      await running.over(waiter.signal);
      continue;
    }
    const installation = running ?? installations.begin(order);
    const result = await installation.follow(waiter);
    if (result === undefined) return undefined;
    const own = installation.order === order;
    if (own) tries += 1;
    last = own || asksTheSame(installation.order, order) ? result : undefined;
  }
  return { resolved: {}, refused: [], message: "The packages were installed, and removed by somebody before the script could start" };
}

/** Whether a failure of the one is a failure of the other. */
function asksTheSame(a: InstallOrder, b: InstallOrder): boolean {
  return a.partial === b.partial && a.spec.requirements.length === b.spec.requirements.length && asksFor(a.spec, b.spec);
}

function asksFor(a: PackageSetSpec, b: PackageSetSpec): boolean {
  const isSame = (one: Requirement) => ({ name, version, optional }: Requirement) =>
    name === one.name && version === one.version && optional === one.optional;
  return b.requirements.every((one) => a.requirements.some(isSame(one)));
}
