// Installing anew the package sets that were lost with the scripts' folders.
import type { Log } from "../lib/log.ts";
import type { Interpreter } from "../languages/interpreter.ts";
import type { LanguageName } from "../languages/language.ts";
import type { PackageManager } from "../languages/package-manager.ts";
import type { Requirement } from "../languages/requirement.ts";
import { acquireSet, type AcquireDependencies } from "./acquire-set.ts";
import type { PackageManagers } from "./managers.ts";
import type { PackageSetSpec } from "./package-set.ts";
import type { KeptRecord, SetRecords } from "./set-records.ts";

/** Says what set a script needs that has these requirements. */
export type SpecOf = (
  language: LanguageName, manager: PackageManager, requirements: readonly Requirement[], interpreter: Interpreter,
) => PackageSetSpec;

/** What restoring depends on. */
export interface RestoreDependencies extends AcquireDependencies {
  readonly records: SetRecords;
  readonly managers: PackageManagers;
  readonly specOf: SpecOf;
  readonly interpreterOf: (language: LanguageName) => Promise<Interpreter | undefined>;
  /** Aborted when the runner shuts down. */
  readonly closing: AbortSignal;
  readonly log: Log;
}

/** Installs every recorded set that is not there, one after the other, in the versions that it had. Stops when the signal is aborted. */
export async function restoreSets(dependencies: RestoreDependencies): Promise<void> {
  const { records, managers, store, interpreterOf, closing } = dependencies;
  for (const kept of await records.read()) {
    if (closing.aborted) return;
    if (store.all().some(({ home, name }) => home === kept.home && name === kept.name)) continue;
    const manager = await managers.of(kept.record.language);
    const interpreter = manager && (await interpreterOf(kept.record.language));
    if (manager !== undefined && interpreter !== undefined) await restoreOne(kept, manager, interpreter, dependencies);
  }
}

async function restoreOne(
  { home, name, record }: KeptRecord, manager: PackageManager, interpreter: Interpreter, dependencies: RestoreDependencies,
): Promise<void> {
  const { records, specOf, closing, log } = dependencies;
  const { requirements, language, resolved: pinned, scriptId } = record;
  const spec = specOf(language, manager, requirements, interpreter);
  if (spec.runtime !== record.runtime || spec.platform !== record.platform) return records.forget(home, name);
  log.info("A lost package set is being installed anew", { home, set: name });
  const order = { home, spec, manager, scriptId, interpreter, partial: false, pinned };
  const acquired = await acquireSet(order, { say: (line) => log.debug(line, { home }), signal: closing }, dependencies);
  if (acquired === undefined) return;
  if ("release" in acquired) acquired.release();
  else log.warn("Cannot restore a package set", { home, set: name, error: acquired.message });
}
