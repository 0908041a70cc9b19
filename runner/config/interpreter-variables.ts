// The variables that choose interpreters: one for each language, from the table of languages that the runner is given.
import { file } from "./readers.ts";
import { VARIABLES } from "./variables.ts";
import type { Variable } from "./variables.ts";

/** What the configuration needs to know about a language. */
export interface InterpreterVariable {
  /** The language's own name: `python`. */
  readonly name: string;
  /** As people write it: `Python`. */
  readonly title: string;
  readonly pathVariable: string;
  /** Other names for the variable. */
  readonly pathAliases?: readonly string[];
  /** The default as the README's table shows it. */
  readonly shownDefault: string;
}

/** The row of a language's variable. */
export function interpreterVariable({ title, pathVariable, pathAliases, shownDefault }: InterpreterVariable): Variable<string | undefined> {
  return {
    name: pathVariable, ...(pathAliases === undefined ? {} : { aliases: pathAliases }), read: file, shown: shownDefault,
    meaning: `Interpreter for ${title} scripts.`,
  };
}

/** Every variable that the runner reads, in the order of the README's table. */
export function allVariables(languages: readonly InterpreterVariable[]): readonly Variable<unknown>[] {
  return [...Object.values<Variable<unknown>>(VARIABLES), ...languages.map(interpreterVariable)];
}
