// Shell scripts whose first line names another program: that program runs them, as when they are started by hand.
import { existsSync } from "node:fs";
import { isAbsolute } from "node:path";
import { Failure } from "../../lib/failure.ts";
import type { Command, Language } from "../language.ts";
import { node } from "../node/node.ts";
import { powershell } from "../powershell/powershell.ts";
import { python } from "../python/python.ts";
import { shellCommand } from "./shell-command.ts";
import type { Shebang } from "./shebang.ts";

/** Programs that can be given the helpers as those of a language are, and shells, by their flavour. */
const LANGUAGES: readonly (readonly [name: RegExp, language: Language])[] = [
  [/^python(\d+(\.\d+)*t?)?$/, python],
  [/^node(js)?(-?\d+)?$/, node],
  [/^pwsh(-\w+)?$/, powershell],
];
const SHELLS: readonly (readonly [name: RegExp, flavour: string])[] = [
  [/^dash$/, "dash"],
  [/^(ash|busybox a?sh|[lmo]?ksh|pdksh|ksh\d+|posh|yash|zsh)$/, "sh"],
];

/** Whether a first line names something else than the shell that runs scripts anyway. Windows does not look at first lines. */
export function isForeign({ name }: Shebang, platform: NodeJS.Platform = process.platform): boolean {
  return platform !== "win32" && !/^(ba)?sh$/.test(name);
}

/** The ending of the script's file, by which Node.js and PowerShell know their own. */
export function extensionFor({ name }: Shebang, code: string): string {
  const language = find(LANGUAGES, name);
  return language?.extension(language.name, code) ?? ".sh";
}

/** How the named program runs the script, with the helpers where it can be given them. Throws a `Failure` if it does not exist. */
export function foreignCommand(shebang: Shebang, codeFile: string, inherited: NodeJS.ProcessEnv): Command {
  const { program, argument } = shebang;
  if (!isAbsolute(program) || !existsSync(program)) {
    throw new Failure("bad-request", `Cannot run the script: its first line names ${JSON.stringify(program)}, which does not exist.`);
  }
  const { args, environment } = helpedCommand(shebang, codeFile, inherited) ?? { args: [codeFile], environment: {} };
  return { file: program, args: [...(argument === undefined ? [] : [argument]), ...args], environment };
}

function helpedCommand({ program: path, name }: Shebang, codeFile: string, inherited: NodeJS.ProcessEnv): Command | undefined {
  const interpreter = { path, version: "0.0.0" }; // not known: it is given no flags that only some versions know
  const flavour = find(SHELLS, name);
  if (flavour !== undefined) return shellCommand({ ...interpreter, flavour }, codeFile, inherited);
  const language = find(LANGUAGES, name);
  return language?.command(interpreter, codeFile, language.name, inherited);
}

function find<T>(table: readonly (readonly [name: RegExp, entry: T])[], name: string): T | undefined {
  return table.find(([pattern]) => pattern.test(name))?.[1];
}
