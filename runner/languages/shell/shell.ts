// Shell scripts: bash where there is one, else sh, or the program that a script's first line names.
import { fileURLToPath } from "node:url";
import type { Command, Interpreter, Language } from "../language.ts";
import { extensionFor, foreignCommand, isForeign } from "./foreign.ts";
import { readShebang } from "./shebang.ts";
import { shellCommand } from "./shell-command.ts";

/** Options of a first line that `set` takes, `-eu`; the others are for the start of a shell and are not used. */
const SET_OPTIONS = /^[-+][abefmnuvxC]+$/;
/** bash takes more, and `-o pipefail`. */
const SET_OPTIONS_OF_BASH = /^[-+](?:[abefhkmntuvxBCEHPT]+|[abefhkmntuvxBCEHPT]*o [a-z]+)(?= |$)/;

/** Shell scripts. */
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
  probe: [fileURLToPath(new URL("./prelude/probe.sh", import.meta.url))],
  extension(_spelling, code) {
    const shebang = readShebang(code);
    return shebang !== undefined && isForeign(shebang) ? extensionFor(shebang, code) : ".sh";
  },
  command,
};

/** A first line of sh or bash means the shell that the runner has found, with the options that stand there. */
function command(interpreter: Interpreter, codeFile: string, _spelling: string, inherited: NodeJS.ProcessEnv, code = ""): Command {
  const shebang = readShebang(code);
  if (shebang !== undefined && isForeign(shebang)) return foreignCommand(shebang, codeFile, inherited);
  const { file, args, environment } = shellCommand(interpreter, codeFile, inherited);
  const options = setOptions(shebang?.options ?? [], interpreter);
  return { file, args, environment: options === "" ? environment : { ...environment, AUTOMN_SHELL_OPTIONS: options } };
}

function setOptions(words: readonly string[], { flavour }: Interpreter): string {
  if (flavour !== "bash") return words.filter((word) => SET_OPTIONS.test(word)).join(" ");
  const options = words.map((_, index) => SET_OPTIONS_OF_BASH.exec(words.slice(index).join(" "))?.[0]);
  return options.filter((option) => option !== undefined).join(" ");
}
