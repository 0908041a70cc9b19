// Which npm packages a node script needs, read from its code.
import { isBuiltin } from "node:module";
import { type Import, readImports } from "./import-reader.ts";
import { npmNameProblem, readVersionComment } from "./npm-name.ts";
import { type Needs, type Requirement, merge, requirement } from "../requirement.ts";

/**
 * The packages that a script imports and the versions that comments after the imports ask for. What the code survives the
 * lack of is optional, and no problem where it cannot be a package. `builtin` tells the modules of the Node that will run it.
 */
export function nodeNeeds(code: string, builtin: (specifier: string) => boolean = isBuiltin): Needs {
  const mentions: Requirement[] = [];
  const [problems, notes] = [new Set<string>(), new Set<string>()];
  for (const found of readImports(code)) {
    const name = builtin(found.specifier) ? undefined : packageOf(found.specifier);
    if (name === undefined) continue;
    const reason = npmNameProblem(name);
    if (reason === undefined) mentions.push(...mentionsOf(name, found, problems));
    else (found.isOptional ? notes : problems).add(reason);
  }
  const { requirements, problems: conflicts } = merge(mentions);
  return { requirements, problems: [...problems, ...conflicts], notes: [...notes] };
}

function mentionsOf(name: string, { comments, line, isOptional }: Import, problems: Set<string>): Requirement[] {
  const mentions = [requirement(name, undefined, isOptional)];
  for (const comment of comments) {
    const read = readVersionComment(comment);
    if (read && "version" in read) mentions.push(requirement(name, read.version, isOptional));
    else if (read) problems.add(`Cannot read the version of ${name} in line ${line}, found ${read.problem}`);
  }
  return mentions;
}

/** Relative, absolute (also on Windows), a package's own `#imports`, and every scheme (`node:`, `file:`, `https:`). */
const NO_PACKAGE = /^(?:\.{1,2}(?:[/\\]|$)|[/\\#]|[A-Za-z][A-Za-z\d+.-]*:)/;

/** The package that a specifier leads to: `a` for `a/b`, `@s/a` for `@s/a/b`, undefined where it leads to none. */
export function packageOf(specifier: string): string | undefined {
  if (NO_PACKAGE.test(specifier)) return undefined;
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

