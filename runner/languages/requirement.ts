// What a script needs, in one shape for every language.
import { describe } from "../lib/failure.ts";

/** One thing that a script needs, its name already checked. */
export interface Requirement {
  readonly name: string;
  /**
   * As the language's installer takes it. npm: a version, range or dist-tag. Python: everything after the name in PEP 508.
   * PowerShell: a NuGet range. Without it any version will do, and an installer takes the newest.
   */
  readonly version?: string;
  /** Set where the script can do without it: it is installed where that works. */
  readonly optional?: true;
}

/** What was read from a script. With any problem, nothing may be installed for it. */
export interface Needs<R extends Requirement = Requirement> {
  readonly requirements: readonly R[];
  /** Messages for the script's author, in the order of the script. */
  readonly problems: readonly string[];
  /** Messages for the author about what was ignored; the script runs all the same. */
  readonly notes: readonly string[];
}

/** One requirement, without keys for what it does not say. */
export function requirement(name: string, version?: string, optional = false): Requirement {
  return { name, ...(version === undefined ? {} : { version }), ...(optional ? { optional } : {}) };
}

/**
 * Makes one of several mentions of a name: a version wins over none, two different ones are a problem that names both, and
 * what one mention cannot do without is not optional.
 */
export function merge<R extends Requirement>(
  mentions: Iterable<R>, keyOf: (name: string) => string = (name) => name,
): Pick<Needs<R>, "requirements" | "problems"> {
  const kept = new Map<string, R>();
  const problems = new Set<string>();
  for (const mention of mentions) {
    const key = keyOf(mention.name);
    const first = kept.get(key);
    const chosen = first === undefined || (first.version === undefined && mention.version !== undefined) ? mention : first;
    kept.set(key, first === undefined || (first.optional && mention.optional) ? chosen : required(chosen));
    if (first?.version !== undefined && mention.version !== undefined && mention.version !== first.version) {
      const [one, other] = [describe(first.version), describe(mention.version)];
      problems.add(`Cannot choose a version of ${first.name}: the script asks for ${one} and for ${other}`);
    }
  }
  return { requirements: [...kept.values()], problems: [...problems] };
}

function required<R extends Requirement>({ optional: _, ...others }: R): R {
  return others as R;
}

/** One text for one set of requirements, whatever their order: what the name of a set's folder is hashed from. */
export function canonicalForm(requirements: readonly Requirement[]): string {
  const lines = requirements.map(({ name, version, optional }) =>
    JSON.stringify([name, ...(version === undefined ? [] : [version]), ...(optional ? [{ optional }] : [])]));
  return `[${[...new Set(lines)].sort().join(",")}]`;
}
