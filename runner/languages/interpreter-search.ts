// Finding a language's interpreter: the operator's path or the language's candidates, each asked what it is.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { withoutRunnerVariables } from "../lib/environment.ts";
import { describe, messageOf } from "../lib/failure.ts";
import { fingerprint } from "../lib/fingerprint.ts";
import type { Log } from "../lib/log.ts";
import { findOnPath } from "../lib/path-search.ts";
import type { Interpreter } from "./interpreter.ts";
import type { Candidate, Language } from "./language.ts";

const PROBE_MS = 10_000;

/** An interpreter as it was found, and its file's fingerprint then. */
export interface FoundInterpreter {
  readonly interpreter: Interpreter;
  readonly fingerprint: string;
}

/** Where and how interpreters are looked for. */
export interface InterpreterSearch {
  /** Interpreters that the operator chose, by language. */
  readonly paths: Readonly<Record<string, string | undefined>>;
  /** The runner's own environment. */
  readonly environment: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  readonly log: Log;
}

/** The files that are tried for a language, in order. */
export function candidatesFor(language: Language, { paths, platform }: InterpreterSearch): readonly Candidate[] {
  const configured = paths[language.name];
  return configured === undefined ? language.candidates(platform) : [{ file: configured }];
}

/** The first candidate that answers; undefined where none does, or when the signal ended the search. */
export async function findInterpreter(
  language: Language, search: InterpreterSearch, signal: AbortSignal,
): Promise<FoundInterpreter | undefined> {
  for (const candidate of candidatesFor(language, search)) {
    const interpreter = await probe(language, candidate, search, signal);
    if (interpreter !== undefined) return { interpreter, fingerprint: await fingerprint(interpreter.path) };
  }
  return undefined;
}

/** Asks a candidate for its version and for the real executable behind it. */
async function probe(
  language: Language, { file, args = [] }: Candidate, { environment, log }: InterpreterSearch, signal: AbortSignal,
): Promise<Interpreter | undefined> {
  const env = { ...withoutRunnerVariables(environment), POWERSHELL_TELEMETRY_OPTOUT: "1" };
  const options = { env, signal, timeout: PROBE_MS, killSignal: "SIGKILL", windowsHide: true } as const;
  try {
    const { stdout } = await promisify(execFile)(file, [...args, ...language.probe], options);
    const answer: unknown = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
    const { path, version, flavour } = (typeof answer === "object" && answer !== null ? answer : {}) as Readonly<Record<string, unknown>>;
    if (typeof version !== "string") throw new Error(`wanted a version, found ${describe(answer)}`);
    // A bare name counts by the runner's own PATH, so that a script's PATH does not choose another program.
    const real = typeof path === "string" && path !== "" ? path : await findOnPath(file, environment);
    return { path: real ?? file, version, ...(typeof flavour === "string" ? { flavour } : {}) };
  } catch (error) {
    log.debug("An interpreter candidate did not answer", { language: language.name, file, error: messageOf(error).slice(0, 300) });
    return undefined;
  }
}
