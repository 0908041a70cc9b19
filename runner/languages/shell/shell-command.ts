// How a shell is started so that it reads the helpers before the script.
import { fileURLToPath } from "node:url";
import type { Command, Interpreter } from "../language.ts";
import { CONTROL_FUNCTIONS } from "./control-characters.ts";

const PRELUDE_DIR = fileURLToPath(new URL("./prelude", import.meta.url));
const PRELUDE_FILE = inPrelude("automn.sh");

/**
 * The command that runs a script by the file's own path, so that `$0` and line numbers are the author's. bash and dash read
 * the helpers by way of a variable; only the way for any other shell, a `-c`, can be told apart in a script.
 */
export function shellCommand({ path: file, flavour: found }: Interpreter, codeFile: string, inherited: NodeJS.ProcessEnv): Command {
  const flavour = isPosixMode(inherited) ? "sh" : found;
  const environment = {
    AUTOMN_SHELL_DIR: posixPath(PRELUDE_DIR),
    AUTOMN_SHELL_NODE: [process.execPath, inPrelude("json-node.cjs")].map((path) => quoted(posixPath(path))).join(" "),
    ...(flavour === "bash" ? {} : { AUTOMN_SHELL_CONTROLS: CONTROL_FUNCTIONS }),
  };
  switch (flavour) {
    case "bash":
      return { file, args: [codeFile], environment: { ...environment, ...readBy("BASH_ENV", inherited) } };
    case "dash":
      return { file, args: ["-i", "+m", codeFile], environment: { ...environment, ...readBy("ENV", inherited) } };
    default: {
      const quiet = found === "bash" ? ["--norc"] : []; // else it reads ~/.bashrc when its standard input is a socket
      return { file, args: [...quiet, "-c", `. ${quoted(posixPath(PRELUDE_FILE))}; . "$0"`, codeFile], environment };
    }
  }
}

/** Whether these variables make bash start in its POSIX mode, where it reads no BASH_ENV. */
function isPosixMode({ POSIXLY_CORRECT: posix, SHELLOPTS: options = "" }: NodeJS.ProcessEnv): boolean {
  return posix !== undefined || options.split(":").includes("posix");
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

/** The form of a Windows path that its shells take too; any other path as it is. */
function posixPath(path: string): string {
  return process.platform === "win32" ? path.replaceAll("\\", "/") : path;
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
