// What a set of packages is, and which scripts it satisfies.
import { createHash } from "node:crypto";
import type { PackagedLanguage } from "../languages/installer.ts";
import { pythonSatisfies } from "../languages/python/version.ts";
import { type Requirement, canonicalForm } from "../languages/requirement.ts";
import { isRange, satisfies } from "../languages/node/semver.ts";

/** What a script needs, by whom and where. */
export interface PackageSetSpec {
  readonly language: PackagedLanguage;
  readonly requirements: readonly Requirement[];
  /** The interpreter's version as far as packages depend on it: `node20`, `python3.11`, `powershell7`. */
  readonly runtime: string;
  /** The operating system, the processor, and the C library where there are several: `linux-x64`, `linux-arm64-musl`. */
  readonly platform: string;
}

/** What a set's folder says of itself. It is written last, so a folder that has it is whole. */
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

/** The name of a set's folder: the same for the same needs, interpreter and platform. */
export function setName({ runtime, platform, requirements }: PackageSetSpec): string {
  return `${runtime}-${platform}-${createHash("sha256").update(canonicalForm(requirements)).digest("hex").slice(0, 16)}`;
}

const RUNTIME_PARTS: Readonly<Record<PackagedLanguage, number>> = { node: 1, python: 2, powershell: 1 };

/** An interpreter's version as far as its packages depend on it: native parts are built for one major version of Node, one minor version of Python. */
export function runtimeOf(language: PackagedLanguage, version: string): string {
  return language + version.split(".").slice(0, RUNTIME_PARTS[language]).join(".").replace(/[^\d.]/g, "");
}

/** This machine as a set's name has it. */
export function platformOf(platform: NodeJS.Platform = process.platform, arch: string = process.arch): string {
  return `${platform}-${arch}${platform === "linux" && isMusl() ? "-musl" : ""}`;
}

function isMusl(): boolean {
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
  return report?.header !== undefined && report.header.glibcVersionRuntime === undefined;
}

/** The requirements that a set does not satisfy; all of them where it is for another interpreter or platform. */
export function missingFrom(record: SetRecord, spec: PackageSetSpec): readonly Requirement[] {
  if (record.runtime !== spec.runtime || record.platform !== spec.platform) return spec.requirements;
  return spec.requirements.filter((one) => !satisfied(one, record));
}

/** What was asked for in the same words counts as it is; other words are measured at the version that is there. */
function satisfied({ name, version }: Requirement, record: SetRecord): boolean {
  if (record.requirements.some((one) => one.name === name && one.version === version)) return true;
  const there = Object.hasOwn(record.resolved, name) ? record.resolved[name] : undefined;
  if (there === undefined) return false;
  return version === undefined || MEASURES[record.language](there, version);
}

const MEASURES: Readonly<Record<PackagedLanguage, (there: string, version: string) => boolean>> = {
  node: (there, version) => isRange(version) && satisfies(there, version),
  python: (there, version) => !/[[;]/.test(version) && pythonSatisfies(there, version),
  powershell: () => false,
};

/** Whether what is being installed will satisfy, as far as that can be told before. */
export function willSatisfy(coming: PackageSetSpec, spec: PackageSetSpec): boolean {
  if (coming.runtime !== spec.runtime || coming.platform !== spec.platform) return false;
  return spec.requirements.every(({ name, version }) => coming.requirements.some((one) => one.name === name && (version === undefined || version === one.version)));
}

/** Reads a record's JSON; undefined for what is none. */
export function parseRecord(json: string): SetRecord | undefined {
  try {
    const value = JSON.parse(json) as Partial<SetRecord>;
    const texts = [value.language, value.runtime, value.platform, value.installedAt].every((text) => typeof text === "string");
    const whole = value.format === 1 && texts && Array.isArray(value.requirements) && typeof value.resolved === "object" && typeof value.bytes === "number";
    return whole && Object.hasOwn(RUNTIME_PARTS, value.language as string) ? (value as SetRecord) : undefined;
  } catch {
    return undefined;
  }
}

/** `axios@^1.7`, as people write it. */
export function spelled({ name, version }: Requirement, language: PackagedLanguage): string {
  if (version === undefined) return name;
  return language === "node" ? `${name}@${version}` : `${name}${language === "powershell" ? " " : ""}${version}`;
}
