// What the runner knows of a language's packages: how a script names them, how they are installed, where they lie.
import type { Installer } from "./installer.ts";
import type { Interpreter } from "./interpreter.ts";
import type { Needs, Requirement } from "./requirement.ts";

/** What the operator says of package managers. */
export interface PackageManagerSettings {
  /** Where npm is; otherwise it is looked for beside node and on the PATH. */
  readonly npmPath: string | undefined;
  readonly npmIgnoreScripts: boolean;
}

/** Everything about packages that differs from one language to the next. */
export interface PackageManager {
  readonly installer: Installer;
  /** The folder in a package set that holds the packages: `node_modules`. */
  readonly folder: string;
  /** Whether a script must lie in the set, beside that folder, to find its packages. */
  readonly codeBesidePackages: boolean;
  /** The variable that leads an interpreter to the folder, where it needs one when it starts: `PSModulePath`. */
  readonly pathVariable?: string;
  /** What a script needs, by its code alone: reads no file, starts nothing, and takes time linear in the code's length. */
  readonly read: (code: string, interpreter: Interpreter) => Needs;
  /** The interpreter as far as packages depend on it: `node20`, `python3.11`. A set serves only the runtime it was installed for. */
  readonly runtime: (interpreter: Interpreter) => string;
  /** Whether an installed version is one that a requirement asks for; false also where only the installer could tell. */
  readonly satisfies: (installed: string, wanted: string) => boolean;
  /** A requirement as people write it: `axios@^1.7`. */
  readonly spelled: (requirement: Requirement) => string;
  /** The requirement for exactly that version. Without it, a set that was lost is installed anew by what the script asks for. */
  readonly pinned?: (requirement: Requirement, version: string) => Requirement;
  /** Looks into a set that has changed: whether `resolved` is still there. Without it, what is changed counts as good. */
  readonly isIntact?: (directory: string, resolved: Readonly<Record<string, string>>) => Promise<boolean>;
  /** What a name alone tells: that the interpreter has the package built in, or why there can be no such package. */
  readonly checkName?: (name: string) => NameCheck;
}

/** `builtin` says of what the package is part, `problem` why it cannot be installed; neither for a name that may be one. */
export interface NameCheck {
  readonly builtin?: string;
  readonly problem?: string;
}

/** A runtime's key from the first numbers of a version: `runtimeKey("python", "3.14.0a1", 2)` is `python3.14`. */
export function runtimeKey(language: string, version: string, numbers: number): string {
  return language + version.split(".").slice(0, numbers).map((part) => Number.parseInt(part, 10) || 0).join(".");
}
