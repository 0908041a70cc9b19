// What an installation is asked for, and what comes of it.
import type { Installed } from "../languages/installer.ts";
import type { Interpreter } from "../languages/interpreter.ts";
import type { PackageManager } from "../languages/package-manager.ts";
import type { PackageSetSpec } from "./package-set.ts";

/** One set to install for a script. */
export interface InstallOrder {
  /** The name of the script's folder. */
  readonly home: string;
  readonly spec: PackageSetSpec;
  readonly manager: PackageManager;
  readonly interpreter: Interpreter;
  /** The host's id of the script, where it has one. */
  readonly scriptId: string | undefined;
  /** Whether to install what can be had although something else cannot. */
  readonly partial: boolean;
  /** Exact versions by name, instead of those that the script asks for. */
  readonly pinned?: Readonly<Record<string, string>>;
}

/** What is there now, what could not be had, and a message about the latter. */
export interface InstallResult extends Installed {
  readonly message?: string;
}

/** Somebody who waits for an installation. */
export interface InstallWaiter {
  /** Gets the installer's lines, each with its label. */
  readonly say: (line: string) => void;
  /** Gets a line about a run that waits for nothing; otherwise `say` gets it. */
  readonly note?: (line: string) => void;
  /** Aborted when the result is not wanted any more. */
  readonly signal: AbortSignal;
}
