// What a package manager's installer gets, and what it gives back.
import type { Interpreter } from "./interpreter.ts";
import type { Requirement } from "./requirement.ts";

/** A program to run, without a shell in between. */
export interface ToolRequest {
  readonly file: string;
  readonly args: readonly string[];
  readonly directory: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Gets each line that the program prints, on either stream. */
  readonly onLine: (line: string) => void;
  /** Ends the program and all that it has started. */
  readonly signal: AbortSignal;
}

/** Runs a program; resolves once nothing of it is left, and rejects when it cannot be started. `code` is null where a signal ended it. */
export type RunTool = (request: ToolRequest) => Promise<{ readonly code: number | null }>;

/** What is to be installed and where. */
export interface InstallTask {
  /** Empty at first, to become the package set. */
  readonly directory: string;
  /** The folder in `directory` for the packages, which the installer makes. */
  readonly packagesDir: string;
  /** For the installer's own files; removed afterwards. */
  readonly scratch: string;
  readonly requirements: readonly Requirement[];
  readonly interpreter: Interpreter;
  /** For the installer's programs. */
  readonly environment: NodeJS.ProcessEnv;
  /** Whether to install what can be had although something else cannot. */
  readonly partial: boolean;
  /** Whether the network must not be used; only an installer that works offline is asked then. */
  readonly offline: boolean;
  /** Runs one of the installer's programs in `directory` or another folder; what it prints is shown unless it is `quiet`. */
  tool(file: string, args: readonly string[], options?: ToolOptions): Promise<ToolEnd>;
  /** Shows a line. */
  say(line: string): void;
}

/** How an installer's program is run. */
export interface ToolOptions {
  readonly directory?: string;
  readonly quiet?: boolean;
  /** Stands before its lines instead of the installer's label. */
  readonly label?: string;
}

/** How a program ended, and its first and last lines. */
export interface ToolEnd {
  readonly code: number | null;
  readonly lines: readonly string[];
}

/** Something that could not be had, and why, as the installer puts it (may be several lines). */
export interface Refusal {
  readonly name: string;
  readonly reason: string;
}

/** How an installation ended. */
export interface Installed {
  /** Name → version of what is there. */
  readonly resolved: Readonly<Record<string, string>>;
  /** With anything in here the set is not used, unless the task was `partial`. */
  readonly refused: readonly Refusal[];
}

/** Installs packages into a folder. */
export interface Installer {
  /** Stands before its lines, e.g. `npm`. */
  readonly label: string;
  /** What its packages are called in messages: `npm package`. */
  readonly noun: string;
  /** Whether it can find something without the network. */
  readonly worksOffline: boolean;
  install(task: InstallTask): Promise<Installed>;
}

/** Refuses everything for one reason. */
export function refuseAll(requirements: readonly Requirement[], reason: string): Installed {
  return { resolved: {}, refused: [...new Set(requirements.map(({ name }) => name))].map((name) => ({ name, reason })) };
}

/** One message for each reason, with all the names that it is about. */
export function refusalText(noun: string, refused: readonly Refusal[]): string {
  const byReason = new Map<string, string[]>();
  for (const { name, reason } of refused) byReason.set(reason, [...(byReason.get(reason) ?? []), name]);
  const message = (names: readonly string[], reason: string) =>
    `Cannot install the ${noun}${names.length === 1 ? "" : "s"} ${names.join(", ")}: ${reason}`;
  return [...byReason].map(([reason, names]) => message(names, reason)).join("\n");
}

/** At most this many packages are asked for one by one after a failure; the others get the common reason. */
const MAX_QUESTIONS = 8;

/** Asks for each requirement alone why it cannot be had. Those that can are left out; `ask` gives undefined for them. */
export async function refusedAlone(
  requirements: readonly Requirement[], common: string, ask: (one: Requirement) => Promise<string | undefined>,
): Promise<Refusal[]> {
  const refused: Refusal[] = [];
  for (const [index, one] of requirements.entries()) {
    const reason = index < MAX_QUESTIONS ? await ask(one) : common;
    if (reason !== undefined) refused.push({ name: one.name, reason });
  }
  return refused;
}
