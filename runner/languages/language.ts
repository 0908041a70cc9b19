// What the runner knows of a language: its names, how its interpreter is found, how a script starts, how packages come.
import type { Interpreter } from "./interpreter.ts";
import type { PackageManager, PackageManagerSettings } from "./package-manager.ts";

export type { Interpreter } from "./interpreter.ts";

/** A language's own name, lower case: `python`. Other spellings of it never get past the registry. */
export type LanguageName = string;

/** A command line to start, without a shell in between. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  /** What the interpreter itself needs in its environment to load the helpers. */
  readonly environment: Readonly<Record<string, string>>;
}

/** One thing to try when an interpreter is looked for. */
export interface Candidate {
  readonly file: string;
  readonly args?: readonly string[];
}

/** Everything that differs from one language to the next. docs/adding-a-language.md makes one from nothing. */
export interface Language {
  readonly name: LanguageName;
  /** As people write it: `Node.js`. */
  readonly title: string;
  /** Other names under which the host sends it, lower case: `javascript`. */
  readonly spellings?: readonly string[];
  /** The variable that names another interpreter, e.g. `AUTOMN_RUNNER_PYTHON_PATH`, and older names that mean the same. */
  readonly pathVariable: string;
  readonly pathAliases?: readonly string[];
  /** What the README's table shows as the default of that variable. */
  readonly shownDefault: string;
  /** Where to look when no path is configured, in this order. */
  readonly candidates: (platform: NodeJS.Platform) => readonly Candidate[];
  /** Arguments that make the interpreter print one line of JSON: `{path?, version, flavour?}`. */
  readonly probe: readonly string[];
  /** The ending of a script's file for a spelling of the language and the script's code, e.g. `.py`. */
  readonly extension: (spelling: string, code: string) => string;
  /**
   * How to start the script in `codeFile`, which holds `code`, with `inherited` as the environment that the command's own comes on top of.
   * Throws a `Failure` when this interpreter cannot run that spelling.
   */
  readonly command: (interpreter: Interpreter, codeFile: string, spelling: string, inherited: NodeJS.ProcessEnv, code?: string) => Command;
  /**
   * How to start a process that waits for its script on the pipe that AUTOMN_WARM_CHANNEL numbers, made from the command
   * of a script, whose last argument is its file. A language without it is always started cold.
   */
  readonly warm?: (command: Command, inherited: NodeJS.ProcessEnv) => Command;
  /** Loads the package manager by a dynamic import, so that the runner starts without it. A language without one installs nothing. */
  readonly packageManager?: (settings: PackageManagerSettings) => Promise<PackageManager>;
}
