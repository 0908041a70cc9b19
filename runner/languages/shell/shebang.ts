// The first line of a script that names the program to run it, read as Linux does when a script is started by hand.

/** What follows `#!`. */
export interface Shebang {
  /** The program's path as it stands there. */
  readonly program: string;
  /** All that follows it, which is one argument. */
  readonly argument?: string;
  /** The name of the program that reads the script, `python3`, also where `env` is to find it; `busybox sh` with busybox's. */
  readonly name: string;
  /** The words after that name. */
  readonly options: readonly string[];
}

/** Reads the first line of a script; undefined where it names no program. */
export function readShebang(code: string): Shebang | undefined {
  const [, program, argument = ""] = /^#![ \t]*([^ \t\n]+)[ \t]*([^\n]*?)[ \t]*(?:\n|$)/.exec(code) ?? [];
  if (program === undefined) return undefined;
  const [name = "", ...options] = wordsFrom(program, argument);
  return { program, ...(argument === "" ? {} : { argument }), name, options };
}

/** The name of the program that reads the script and the words after it. */
function wordsFrom(program: string, argument: string): readonly string[] {
  const words = argument.replace(/\r$/, "").split(/[ \t]+/).filter((word) => word !== "");
  const [first = "", ...others] = words;
  switch (basename(program)) {
    case "env":
      return programOfEnv(words);
    case "busybox":
      return [`busybox ${first}`, ...others];
    default:
      return [basename(program), ...words];
  }
}

/** `env` looks for the first word that is neither an option nor a variable; after `-S` it takes the words apart itself. */
function programOfEnv(words: readonly string[]): readonly string[] {
  const plain = words.map((word) => word.replace(/^-S|^--split-string=/, ""));
  const first = plain.findIndex((word) => word !== "" && !/^-|=/.test(word));
  const [program = "env", ...options] = first < 0 ? [] : plain.slice(first);
  return [basename(program), ...options];
}

/** The last part of a path, without the carriage return of a line that ends in one. */
function basename(path: string): string {
  return path.replace(/^.*\//, "").replace(/\r$/, "");
}
