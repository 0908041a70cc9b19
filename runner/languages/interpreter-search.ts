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

/** Resolves with the first candidate that answers, or with the reason why the last one did not. */
export async function findInterpreter(
  language: Language, search: InterpreterSearch, signal: AbortSignal,
): Promise<FoundInterpreter | string> {
  let reason = "";
  for (const candidate of candidatesFor(language, search)) {
    const answer = await probe(language, candidate, search, signal);
    if (typeof answer !== "string") return { interpreter: answer, fingerprint: await fingerprint(answer.path) };
    reason = answer;
  }
  return reason;
}

/** Asks a candidate for its version and for the real executable behind it. Resolves with the reason if it does not answer. */
async function probe(
  language: Language, { file, args = [] }: Candidate, { environment, log }: InterpreterSearch, signal: AbortSignal,
): Promise<Interpreter | string> {
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
    const reason = probeFailure(error);
    log.debug("An interpreter candidate did not answer", { language: language.name, file, reason });
    return reason;
  }
}

/** Why a probe failed, without the program text that Node puts into its messages. */
function probeFailure(error: unknown): string {
  const { code, killed, stderr } = error as { readonly code?: unknown; readonly killed?: boolean; readonly stderr?: string };
  if (killed === true) return `it did not answer within ${PROBE_MS / 1000} s`;
  if (error instanceof SyntaxError) return "its answer is not that of an interpreter for this language";
  if (typeof code !== "number") return messageOf(error).slice(0, 300);
  const lastLine = stderr?.trim().split("\n").at(-1) ?? "";
  return `it exited with code ${code}${lastLine === "" ? "" : `: ${lastLine}`}`.slice(0, 300);
}
