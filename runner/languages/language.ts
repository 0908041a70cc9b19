// What the runner knows of a language: how to find its interpreter and how to start a script with it.

/** A language as the runner names it; the host's `javascript` and `typescript` are spellings of `node`. */
export type LanguageName = "node" | "python" | "powershell" | "shell";

/** An interpreter that answered when it was asked: the real executable behind a shim, and its version as a bare number. */
export interface Interpreter {
  readonly path: string;
  readonly version: string;
  /** What the language needs to know of it besides, e.g. shell: `bash` or `sh`. */
  readonly flavour?: string;
}

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

/** Everything that differs from one language to the next. */
export interface Language {
  readonly name: LanguageName;
  /** The variable that names another interpreter, e.g. `AUTOMN_RUNNER_PYTHON_PATH`. */
  readonly pathVariable: string;
  /** Where to look when no path is configured, in this order. */
  readonly candidates: (platform: NodeJS.Platform) => readonly Candidate[];
  /** Arguments that make the interpreter print one line of JSON: `{path?, version, flavour?}`. */
  readonly probe: readonly string[];
  /** The ending of a script's file for a spelling of the language, e.g. `.py`. */
  readonly extension: (spelling: string) => string;
  /**
   * How to start the script in `codeFile`, with `inherited` as the environment that the command's own comes on top of.
   * Throws a `Failure` when this interpreter can't run that spelling.
   */
  readonly command: (interpreter: Interpreter, codeFile: string, spelling: string, inherited: NodeJS.ProcessEnv) => Command;
  /**
   * How to start a process that waits for its script on the pipe that AUTOMN_WARM_CHANNEL numbers, made from the command
   * of a script, whose last argument is its file. A language without it is always started cold.
   */
  readonly warm?: (command: Command, inherited: NodeJS.ProcessEnv) => Command;
}
