// Shell scripts: bash where there is one, else sh, with the helpers read before the script.
import { fileURLToPath } from "node:url";
import type { Command, Interpreter, Language } from "../language.ts";
import { CONTROL_FUNCTIONS } from "./control-characters.ts";

const PRELUDE_DIR = fileURLToPath(new URL("./prelude", import.meta.url));
const PRELUDE_FILE = inPrelude("automn.sh");

/** Shell scripts, run by the file's own path so that `$0` and line numbers are the author's. */
export const shell: Language = {
  name: "shell",
  title: "Shell",
  pathVariable: "AUTOMN_RUNNER_SHELL_PATH",
  pathAliases: ["AUTOMN_SHELL_PATH"],
  shownDefault: "`bash`, `sh`",
  candidates: (platform) =>
    platform === "win32"
      ? [{ file: "C:\\Program Files\\Git\\bin\\bash.exe" }, { file: "bash.exe" }, { file: "sh.exe" }]
      : [{ file: "bash" }, { file: "sh" }],
  probe: [inPrelude("probe.sh")],
  extension: () => ".sh",
  command,
};

/** How a flavour is made to read the helpers first: only the generic way, a `-c`, can be told apart in a script. */
function command(interpreter: Interpreter, codeFile: string, _spelling: string, inherited: NodeJS.ProcessEnv): Command {
  const file = interpreter.path;
  const environment = {
    AUTOMN_SHELL_DIR: posixPath(PRELUDE_DIR),
    AUTOMN_SHELL_NODE: [process.execPath, inPrelude("json-node.cjs")].map((path) => quoted(posixPath(path))).join(" "),
    ...(interpreter.flavour === "bash" ? {} : { AUTOMN_SHELL_CONTROLS: CONTROL_FUNCTIONS }),
  };
  switch (interpreter.flavour) {
    case "bash":
      return { file, args: [codeFile], environment: { ...environment, ...readBy("BASH_ENV", inherited) } };
    case "dash":
      return { file, args: ["-i", "+m", codeFile], environment: { ...environment, ...readBy("ENV", inherited) } };
    default:
      return { file, args: ["-c", `. ${quoted(posixPath(PRELUDE_FILE))}; . "$0"`, codeFile], environment };
  }
}

/**
 * What makes a shell read the prelude by way of a variable, and the prelude give that variable its own value back.
 * The shell expands the value: bash as between double quotes, dash as in a here-document.
 */
function readBy(variable: string, inherited: NodeJS.ProcessEnv): Record<string, string> {
  const value = inherited[variable];
  return {
    [variable]: posixPath(PRELUDE_FILE).replace(variable === "ENV" ? /[\\$`]/g : /[\\$`"]/g, "\\$&"),
    AUTOMN_SHELL_VARIABLE: variable,
    ...(value === undefined ? {} : { AUTOMN_SHELL_VALUE: value }),
  };
}

function inPrelude(name: string): string {
  return fileURLToPath(new URL(`./prelude/${name}`, import.meta.url));
}

/** The spelling of a Windows path that its shells take too; any other path as it is. */
function posixPath(path: string): string {
  return process.platform === "win32" ? path.replaceAll("\\", "/") : path;
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
