// The command line: what `automn-runner` does besides serving jobs.
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import type { Language } from "../languages/language.ts";
import { createLog } from "../lib/log.ts";
import { RUNNER_VERSION } from "../protocol/registration.ts";

/** sysexits.h: the command line is wrong. */
const EX_USAGE = 64;

const USAGE = `Usage: automn-runner [COMMAND]

Without a command the runner starts. Its settings are environment variables; the README lists them.

  packages    list, pack, load or clear the package sets of scripts
  --version   print the version
  --help      print this
`;

/** What commands depend on. */
export interface CommandDependencies {
  /** Prints to standard output. */
  readonly print: (text: string) => void;
  /** Prints to standard error. */
  readonly printError: (text: string) => void;
  readonly languages: readonly Language[];
  /** Reads the configuration; ends the process where it is wrong. */
  readonly configure: () => Promise<Config>;
}

type Command = (args: readonly string[], dependencies: CommandDependencies) => Promise<number> | number;

const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ["packages", packages],
  ["--version", (_args, { print }) => printed(print, `${RUNNER_VERSION}\n`)],
  ["--help", (_args, { print }) => printed(print, USAGE)],
  ["-h", (_args, { print }) => printed(print, USAGE)],
]);

/** Runs the command that the arguments begin with. Resolves with the exit code. */
export async function main([name = "", ...args]: readonly string[], dependencies: CommandDependencies): Promise<number> {
  const command = COMMANDS.get(name);
  if (command !== undefined) return command(args, dependencies);
  dependencies.printError(`There is no command ${JSON.stringify(name)}.\n\n${USAGE}`);
  return EX_USAGE;
}

async function packages(args: readonly string[], { print, printError, languages, configure }: CommandDependencies): Promise<number> {
  const { scriptsDir, stateDir, logFormat } = await configure();
  const { packagesCommand } = await import("./packages.ts");
  const log = createLog({ level: "warn", format: logFormat, write: printError });
  return packagesCommand(args, { scriptsDir, recordsDir: join(stateDir, "packages"), languages, print, printError, log });
}

function printed(print: (text: string) => void, text: string): number {
  print(text);
  return 0;
}
