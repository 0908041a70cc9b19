// A package set: what it is for, what its record says, and which scripts it serves.
import { createHash } from "node:crypto";
import type { LanguageName } from "../languages/language.ts";
import type { PackageManager } from "../languages/package-manager.ts";
import { canonicalForm, type Requirement } from "../languages/requirement.ts";

/** What a script needs, and for which runtime on which platform. */
export interface PackageSetSpec {
  readonly language: LanguageName;
  readonly requirements: readonly Requirement[];
  /** The interpreter as far as packages depend on it: `node20`, `python3.11`, `powershell7`. */
  readonly runtime: string;
  /** `linux-x64`, `linux-arm64-musl`; see `platformOf`. */
  readonly platform: string;
}

/** What the record in a set's folder says. It is written last, so a folder that has one is whole. */
export interface SetRecord extends PackageSetSpec {
  readonly format: 1;
  /** The host's id of the script, where it has one. */
  readonly scriptId?: string;
  /** Name → version of what was asked for. */
  readonly resolved: Readonly<Record<string, string>>;
  readonly bytes: number;
  /** ISO 8601. */
  readonly installedAt: string;
}

/** The name of a set's folder: the same for the same needs, runtime and platform. */
export function setName({ runtime, platform, requirements }: PackageSetSpec): string {
  return `${runtime}-${platform}-${createHash("sha256").update(canonicalForm(requirements)).digest("hex").slice(0, 16)}`;
}

/** The requirements that a set does not satisfy; all of them where it is for another runtime or platform. */
export function missingFrom(record: SetRecord, spec: PackageSetSpec, satisfies: PackageManager["satisfies"]): readonly Requirement[] {
  if (record.runtime !== spec.runtime || record.platform !== spec.platform) return spec.requirements;
  return spec.requirements.filter((one) => !isSatisfied(one, record, satisfies));
}

/** What was installed for the very same requirement satisfies it; otherwise the version that is there decides. */
function isSatisfied({ name, version }: Requirement, record: SetRecord, satisfies: PackageManager["satisfies"]): boolean {
  if (record.requirements.some((one) => one.name === name && one.version === version)) return true;
  const there = Object.hasOwn(record.resolved, name) ? record.resolved[name] : undefined;
  return there !== undefined && (version === undefined || satisfies(there, version));
}

/** Whether a set that is being installed will satisfy a script, as far as that can be told before its versions are known. */
export function willSatisfy(coming: PackageSetSpec, spec: PackageSetSpec): boolean {
  if (coming.runtime !== spec.runtime || coming.platform !== spec.platform) return false;
  const serves = (wanted: Requirement) => (one: Requirement) => one.name === wanted.name
    && (wanted.version === undefined || wanted.version === one.version) && (wanted.optional === true || one.optional !== true);
  return spec.requirements.every((wanted) => coming.requirements.some(serves(wanted)));
}

/** Reads a record's JSON, which a script may have written to; undefined for what is none. */
export function parseRecord(json: string): SetRecord | undefined {
  try {
    const value = JSON.parse(json) as Readonly<Record<string, unknown>>;
    const { format, language, runtime, platform, installedAt, bytes, requirements, resolved } = value;
    const isRecord = format === 1 && [language, runtime, platform, installedAt].every(isText) && typeof bytes === "number"
      && Array.isArray(requirements) && requirements.every(isRequirement)
      && typeof resolved === "object" && resolved !== null && Object.values(resolved).every(isText);
    return isRecord ? (value as unknown as SetRecord) : undefined;
  } catch {
    return undefined;
  }
}

function isRequirement(value: unknown): value is Requirement {
  const { name, version, optional } = (value ?? {}) as Partial<Requirement>;
  return isText(name) && (version === undefined || isText(version)) && (optional === undefined || optional === true);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
