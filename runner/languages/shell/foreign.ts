// Shell scripts whose first line names another program: that program runs them, as when they are started by hand.
import { existsSync } from "node:fs";
import { isAbsolute } from "node:path";
import { Failure } from "../../lib/failure.ts";
import type { Command, Interpreter } from "../language.ts";
import { node } from "../node/node.ts";
import { powershell } from "../powershell/powershell.ts";
import { python } from "../python/python.ts";
import { shellCommand } from "./shell-command.ts";
import type { Shebang } from "./shebang.ts";

/** How a program is given the helpers. */
interface HelpedProgram {
  readonly name: RegExp;
  readonly extension: string;
  readonly command: (program: Interpreter, codeFile: string, inherited: NodeJS.ProcessEnv) => Command;
}

const HELPED: readonly HelpedProgram[] = [
  { name: /^python(\d+(\.\d+)*t?)?$/, extension: ".py", command: (program, file, env) => python.command(program, file, "python", env) },
  { name: /^node(js)?(-?\d+)?$/, extension: ".js", command: (program, file, env) => node.command(program, file, "node", env) },
  { name: /^pwsh(-\w+)?$/, extension: ".ps1", command: (program, file, env) => powershell.command(program, file, "powershell", env) },
  { name: /^dash$/, extension: ".sh", command: (program, file, env) => shellCommand({ ...program, flavour: "dash" }, file, env) },
  {
    name: /^(ash|busybox a?sh|[lmo]?ksh|pdksh|ksh\d+|posh|yash|zsh)$/, extension: ".sh",
    command: (program, file, env) => shellCommand({ ...program, flavour: "sh" }, file, env),
  },
];

/** Whether a first line names something else than the shell that runs scripts anyway. Windows does not look at first lines. */
export function isForeign({ name }: Shebang, platform: NodeJS.Platform = process.platform): boolean {
  return platform !== "win32" && !/^(ba)?sh$/.test(name);
}

/** The ending of the script's file, by which Node.js and PowerShell know their own. */
export function extensionFor({ name }: Shebang): string {
  return HELPED.find((program) => program.name.test(name))?.extension ?? ".sh";
}

/** How the named program runs the script, with the helpers where it can be given them. Throws a `Failure` if it does not exist. */
export function foreignCommand({ program, argument, name }: Shebang, codeFile: string, inherited: NodeJS.ProcessEnv): Command {
  if (!isAbsolute(program) || !existsSync(program)) {
    throw new Failure("bad-request", `Cannot run the script: its first line names ${JSON.stringify(program)}, which does not exist.`);
  }
  const helped = HELPED.find((one) => one.name.test(name));
  // Its version is not known: 0.0.0 is given no flags that only some versions know.
  const command = helped?.command({ path: program, version: "0.0.0" }, codeFile, inherited);
  const { args, environment } = command ?? { args: [codeFile], environment: {} };
  return { file: program, args: [...(argument === undefined ? [] : [argument]), ...args], environment };
}
