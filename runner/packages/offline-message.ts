// Why an offline runner cannot run a script.
import type { PackageManager } from "../languages/package-manager.ts";
import type { PackageSetSpec } from "./package-set.ts";
import type { StoredSet } from "./stored-set.ts";

/** Names what no set of the script has, and for what there are sets instead. */
export function offlineMessage(spec: PackageSetSpec, { installer, spelled }: PackageManager, all: readonly StoredSet[]): string {
  const sets = all.filter(({ record }) => record.language === spec.language);
  const missing = sets.map((set) => set.missing(spec)).sort((a, b) => a.length - b.length)[0] ?? spec.requirements;
  const [plural, them] = missing.length === 1 ? ["", "it"] : ["s", "them"];
  const here = `${spec.runtime} on ${spec.platform}`;
  const others = [...new Set(sets.map(({ record }) => `${record.runtime} on ${record.platform}`))].filter((one) => one !== here);
  const hint = others.length > 0 ? ` There are sets for ${others.join(", ")}; this is ${here}.` : "";
  const reason = `this runner is offline (AUTOMN_RUNNER_PACKAGES=offline) and no set of this script has ${them}.`;
  return `Cannot install the ${installer.noun}${plural} ${missing.map(spelled).join(", ")}: ${reason}${hint}`;
}
