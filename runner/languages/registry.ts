// The languages that the runner knows, and the interpreters that were found for them.
import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { promisify } from "node:util";
import { describe, messageOf } from "../lib/failure.ts";
import type { Log } from "../lib/log.ts";
import { findOnPath } from "../lib/path-search.ts";
import type { Candidate, Interpreter, Language, LanguageName } from "./language.ts";
import { node } from "./node/node.ts";
import { powershell } from "./powershell/powershell.ts";
import { python } from "./python/python.ts";
import { shell } from "./shell/shell.ts";

/** Every language, in the order in which people are told of them. */
export const LANGUAGES: readonly Language[] = [node, python, powershell, shell];

/** Spellings that the host stores, besides the names. */
const SPELLINGS: ReadonlyMap<string, Language> = new Map([
  ...LANGUAGES.map((language): [string, Language] => [language.name, language]),
  ["javascript", node],
  ["typescript", node],
]);

const PROBE_MS = 10_000;
/** An interpreter's file is looked at again when the last look is older than this. */
const FRESH_MS = 2_000;

/** A language whose interpreter is there, or the words and the exit code for one that is not. */
export type Finding =
  | { readonly language: Language; readonly interpreter: Interpreter }
  | { readonly code: 2 | 127; readonly errorCode: string; readonly message: string };

/** What the runner can run. */
export interface LanguageRegistry {
  /** Resolves once the interpreters have been looked for. */
  ready(): Promise<void>;
  /** The language of a spelling and its interpreter; looked for anew when it was missing or has changed. */
  find(spelling: string): Promise<Finding>;
  /** Name → version of the interpreters found so far. */
  readonly runtimes: Readonly<Partial<Record<LanguageName, string>>>;
  /** A sentence for each interpreter that the operator chose and that does not work. */
  readonly problems: readonly string[];
  /** Ends the search for interpreters, if it still goes on. */
  close(): void;
}

/** An interpreter as it was found, with its file's identity then. */
interface Found {
  readonly interpreter: Interpreter;
  readonly identity: string;
  checkedAt: number;
}

/** What finding interpreters depends on. */
export interface LanguageRegistryOptions {
  /** Interpreters that the operator chose, by language. */
  readonly paths: Readonly<Record<LanguageName, string | undefined>>;
  readonly environment: NodeJS.ProcessEnv;
  readonly log: Log;
  readonly platform?: NodeJS.Platform;
}

/** Starts to look for every language's interpreter, all at once. */
export function createLanguageRegistry(tools: LanguageRegistryOptions): LanguageRegistry {
  const { log } = tools;
  const found = new Map<LanguageName, Found>();
  const failures = new Map<LanguageName, string>();
  const closing = new AbortController();
  const looking = new Map<LanguageName, Promise<Found | undefined>>();

  function look(language: Language): Promise<Found | undefined> {
    const pending = looking.get(language.name);
    if (pending !== undefined) return pending;
    const search = findInterpreter(language, tools, closing.signal).then((result) => {
      looking.delete(language.name);
      if (typeof result === "string") {
        found.delete(language.name);
        noteFailure(language, result);
        return undefined;
      }
      found.set(language.name, result);
      failures.delete(language.name);
      return result;
    });
    looking.set(language.name, search);
    return search;
  }

  /** An interpreter that is merely not there is no problem; one that the operator chose is. */
  function noteFailure({ name, pathVariable }: Language, reason: string): void {
    const path = tools.paths[name];
    if (path === undefined || closing.signal.aborted) return;
    const problem = `${pathVariable}=${path} does not work: ${reason}`;
    if (failures.get(name) !== problem) log.warn(problem);
    failures.set(name, problem);
  }

  async function current(language: Language): Promise<Found | undefined> {
    const known = found.get(language.name);
    if (known === undefined) return look(language);
    if (performance.now() - known.checkedAt < FRESH_MS) return known;
    known.checkedAt = performance.now();
    if ((await identityOf(known.interpreter.path)) === known.identity) return known;
    log.info("An interpreter has changed and is looked for anew", { language: language.name, path: known.interpreter.path });
    return look(language);
  }

  const first = Promise.all(LANGUAGES.map(look)).then(() => {
    log.info("Interpreters found", runtimesOf(found));
  });

  return {
    ready: () => first,
    async find(spelling) {
      const language = SPELLINGS.get(spelling);
      if (language === undefined) return unknownLanguage(spelling);
      const result = await current(language);
      return result === undefined ? missingInterpreter(language, tools) : { language, interpreter: result.interpreter };
    },
    get runtimes() { return runtimesOf(found); },
    get problems() { return [...failures.values()]; },
    close: () => closing.abort(),
  };
}

function runtimesOf(found: ReadonlyMap<LanguageName, Found>): Partial<Record<LanguageName, string>> {
  return Object.fromEntries(LANGUAGES.flatMap(({ name }) => {
    const interpreter = found.get(name)?.interpreter;
    return interpreter === undefined ? [] : [[name, interpreter.version]];
  }));
}

/** Resolves with the first candidate that answers, or with the reason why the last one did not. */
async function findInterpreter(language: Language, { paths, environment, log, platform = process.platform }: LanguageRegistryOptions, signal: AbortSignal): Promise<Found | string> {
  const configured = paths[language.name];
  let reason = "";
  for (const candidate of configured === undefined ? language.candidates(platform) : [{ file: configured }]) {
    const answer = await probe(language, candidate, { environment, log, signal });
    if (typeof answer !== "string") return { interpreter: answer, identity: await identityOf(answer.path), checkedAt: performance.now() };
    reason = answer;
  }
  return reason;
}

/** Asks a candidate for its version and for the real executable behind it; resolves with the reason where it does not answer. */
async function probe(language: Language, candidate: Candidate, { environment, log, signal }: { environment: NodeJS.ProcessEnv; log: Log; signal: AbortSignal }): Promise<Interpreter | string> {
  const args = [...(candidate.args ?? []), ...language.probe];
  try {
    const env = { ...withoutSecrets(environment), POWERSHELL_TELEMETRY_OPTOUT: "1" };
    const { stdout } = await promisify(execFile)(candidate.file, args, { timeout: PROBE_MS, killSignal: "SIGKILL", env, signal, windowsHide: true });
    const answer: unknown = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
    const { path, version, flavour } = (typeof answer === "object" && answer !== null ? answer : {}) as Readonly<Record<string, unknown>>;
    if (typeof version !== "string") throw new Error(`wanted a version, found ${describe(answer)}`);
    // An absolute path, so that a script's own PATH does not choose another interpreter.
    const found = typeof path === "string" && path !== "" ? path : await findOnPath(candidate.file, environment);
    return { path: found ?? candidate.file, version, ...(typeof flavour === "string" ? { flavour } : {}) };
  } catch (error) {
    const reason = probeFailure(error);
    log.debug("A candidate for an interpreter did not answer", { language: language.name, file: candidate.file, reason });
    return reason;
  }
}

/** Why a probe failed, without the program text that Node puts into its messages. */
function probeFailure(error: unknown): string {
  const { code, killed, stderr } = error as { readonly code?: unknown; readonly killed?: boolean; readonly stderr?: string };
  if (killed === true) return `it did not answer within ${PROBE_MS / 1000} s`;
  if (typeof code === "number") return [`it exited with code ${code}`, ...(stderr?.trim().split("\n").slice(-1) ?? [])].filter(Boolean).join(": ").slice(0, 300);
  if (error instanceof SyntaxError) return "its answer is not that of an interpreter for this language";
  return messageOf(error).slice(0, 300);
}

function withoutSecrets(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith("AUTOMN_RUNNER_")));
}

/** Tells a replaced executable from the one that was probed. */
async function identityOf(path: string): Promise<string> {
  const facts = await stat(path).catch(() => undefined);
  return facts === undefined ? "" : `${facts.dev}:${facts.ino}:${facts.size}:${facts.mtimeMs}`;
}

function unknownLanguage(spelling: string): Finding {
  const known = [...SPELLINGS.keys()].join(", ");
  return { code: 2, errorCode: "UNKNOWN_LANGUAGE", message: `Unknown language ${JSON.stringify(spelling)}: this runner knows ${known}.` };
}

function missingInterpreter(language: Language, { paths, environment, platform = process.platform }: LanguageRegistryOptions): Finding {
  const configured = paths[language.name];
  const looked = configured === undefined
    ? `${language.candidates(platform).map(({ file }) => file).join(", ")} on the PATH (${environment["PATH"] ?? ""})`
    : `${configured}, which ${language.pathVariable} names`;
  return {
    code: 127, errorCode: "INTERPRETER_MISSING",
    message: `No interpreter for ${language.name} was found: looked for ${looked}. ${language.pathVariable} sets the path of one.`,
  };
}
