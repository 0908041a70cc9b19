// Optional packages that could not be had: a script that can do without one is not kept waiting for it in every run.
import type { Requirement } from "../languages/requirement.ts";
import type { PackageSetSpec } from "./package-set.ts";

/** After this time, and after a restart, a run tries again. */
const RETRY_MS = 3_600_000;
const MAX_REMEMBERED = 10_000;

/** Remembers for each script which optional packages could not be installed lately. */
export class AbsentPackages {
  readonly #now: () => number;
  /** When each was found absent, the oldest first. */
  readonly #since = new Map<string, number>();

  /** `now` is in milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Notes that of a script's optional packages those with these names could not be had. */
  add(home: string, spec: PackageSetSpec, names: readonly string[]): void {
    for (const one of spec.requirements.filter(({ name, optional }) => optional && names.includes(name))) {
      const key = keyOf(home, spec, one);
      this.#since.delete(key);
      this.#since.set(key, this.#now());
    }
    for (const oldest of this.#since.keys()) {
      if (this.#since.size <= MAX_REMEMBERED) break;
      this.#since.delete(oldest);
    }
  }

  /** What a script needs without the optional packages that could not be had lately. */
  without(home: string, spec: PackageSetSpec): PackageSetSpec {
    const requirements = spec.requirements.filter((one) => !this.#isAbsent(keyOf(home, spec, one)));
    return requirements.length === spec.requirements.length ? spec : { ...spec, requirements };
  }

  #isAbsent(key: string): boolean {
    const since = this.#since.get(key);
    return since !== undefined && this.#now() - since < RETRY_MS;
  }
}

function keyOf(home: string, { runtime, platform }: PackageSetSpec, { name, version, optional }: Requirement): string {
  return JSON.stringify([home, runtime, platform, name, version, optional]);
}
