// Which languages there are, and the interpreters that were found for them.
import { describe } from "../lib/failure.ts";
import { fingerprint } from "../lib/fingerprint.ts";
import type { Log } from "../lib/log.ts";
import type { Interpreter } from "./interpreter.ts";
import { candidatesFor, findInterpreter, type FoundInterpreter, type InterpreterSearch } from "./interpreter-search.ts";
import type { Language, LanguageName } from "./language.ts";
import { LANGUAGES } from "./table.ts";

/** An interpreter's file is looked at again when the last look is older than this. */
const FRESH_MS = 2_000;

/** A language as a job names it, ready to run. */
export interface RunnableLanguage {
  readonly language: Language;
  /** What the job calls the language, lower case and without blanks: its name or one of its other spellings. */
  readonly spelling: string;
  readonly interpreter: Interpreter;
}

/** Why a job's language cannot be run: the exit code, the error code and a message. */
export interface LanguageProblem {
  readonly code: 2 | 127;
  readonly errorCode: string;
  readonly message: string;
}

/** What finding interpreters depends on. */
export interface LanguageRegistryOptions {
  /** Interpreters that the operator chose, by language. */
  readonly paths: Readonly<Record<string, string | undefined>>;
  /** The runner's own environment. */
  readonly environment: NodeJS.ProcessEnv;
  readonly log: Log;
  readonly languages?: readonly Language[];
  readonly platform?: NodeJS.Platform;
}

/** The languages that the runner can run. */
export class LanguageRegistry {
  /** All of them, whether there is an interpreter or not. */
  readonly languages: readonly Language[];
  readonly #search: InterpreterSearch;
  readonly #bySpelling: ReadonlyMap<string, Language>;
  readonly #found = new Map<LanguageName, FoundInterpreter & { checkedAt: number }>();
  /** Searches that are going on. */
  readonly #searches = new Map<LanguageName, Promise<Interpreter | undefined>>();
  /** A message for each interpreter that the operator chose and that does not work. */
  readonly #failures = new Map<LanguageName, string>();
  readonly #closing = new AbortController();
  #ready: Promise<void> | undefined;

  /** Nothing is looked for before `ready` or `find` is called. */
  constructor({ languages = LANGUAGES, platform = process.platform, paths, environment, log }: LanguageRegistryOptions) {
    this.languages = languages;
    this.#search = { paths, environment, platform, log };
    const names = languages.map((language) => [language.name, language] as const);
    const others = languages.flatMap((language) => (language.spellings ?? []).map((spelling) => [spelling, language] as const));
    this.#bySpelling = new Map([...names, ...others]);
  }

  /** Looks for every interpreter at once, the first time that it is called. Resolves when all have been looked for. */
  ready(): Promise<void> {
    this.#ready ??= Promise.all(this.languages.map((language) => this.#lookFor(language))).then(() => {
      const { log } = this.#search;
      log.info("Interpreters found", this.runtimes);
    });
    return this.#ready;
  }

  /** The language that a job names, whatever the case. Its interpreter is looked for anew when it was missing or has changed. */
  async find(named: string): Promise<RunnableLanguage | LanguageProblem> {
    const spelling = named.trim().toLowerCase();
    const language = this.#bySpelling.get(spelling);
    if (language === undefined) return this.#unknown(named);
    const interpreter = await this.#current(language);
    return interpreter === undefined ? this.#missing(language) : { language, spelling, interpreter };
  }

  /** Name → version of the interpreters found so far. */
  get runtimes(): Readonly<Record<LanguageName, string>> {
    const found = this.languages.map(({ name }) => [name, this.#found.get(name)?.interpreter.version]);
    return Object.fromEntries(found.filter(([, version]) => version !== undefined));
  }

  /** A message for each interpreter that the operator chose and that does not work. */
  get warnings(): readonly string[] {
    return [...this.#failures.values()];
  }

  /** Ends the search for interpreters, if it still goes on. */
  close(): void {
    this.#closing.abort();
  }

  async #current(language: Language): Promise<Interpreter | undefined> {
    const known = this.#found.get(language.name);
    if (known === undefined) return this.#lookFor(language);
    if (performance.now() - known.checkedAt < FRESH_MS) return known.interpreter;
    known.checkedAt = performance.now();
    if ((await fingerprint(known.interpreter.path)) === known.fingerprint) return known.interpreter;
    this.#search.log.info("An interpreter has changed and is looked for anew", { language: language.name, path: known.interpreter.path });
    return this.#lookFor(language);
  }

  /** One search at a time for each language, shared by all that wait for it. */
  #lookFor(language: Language): Promise<Interpreter | undefined> {
    const { name } = language;
    const pending = this.#searches.get(name);
    if (pending !== undefined) return pending;
    const search = findInterpreter(language, this.#search, this.#closing.signal).then((found) => {
      this.#searches.delete(name);
      if (typeof found === "string") {
        this.#found.delete(name);
        this.#noteFailure(language, found);
        return undefined;
      }
      this.#failures.delete(name);
      this.#found.set(name, { ...found, checkedAt: performance.now() });
      return found.interpreter;
    });
    this.#searches.set(name, search);
    return search;
  }

  /** An interpreter that is merely not there is no problem; one that the operator chose is. */
  #noteFailure({ name, pathVariable }: Language, reason: string): void {
    const path = this.#search.paths[name];
    if (path === undefined || this.#closing.signal.aborted) return;
    const failure = `${pathVariable}=${path} does not work: ${reason}`;
    if (this.#failures.get(name) !== failure) this.#search.log.warn(failure);
    this.#failures.set(name, failure);
  }

  #unknown(named: string): LanguageProblem {
    const names = this.languages.map(({ name }) => name);
    const others = [...this.#bySpelling.keys()].filter((spelling) => !names.includes(spelling));
    const known = [...names, ...others].join(", ");
    return { code: 2, errorCode: "UNKNOWN_LANGUAGE", message: `Unknown language ${describe(named)}: this runner knows ${known}.` };
  }

  #missing(language: Language): LanguageProblem {
    const { paths, environment } = this.#search;
    const files = candidatesFor(language, this.#search).map(({ file }) => file).join(", ");
    const chosen = paths[language.name] !== undefined;
    const where = chosen ? `${files}, which ${language.pathVariable} names` : `${files} on the PATH (${environment["PATH"] ?? ""})`;
    return {
      code: 127, errorCode: "INTERPRETER_MISSING",
      message: `No interpreter for ${language.name} was found: looked for ${where}. ${language.pathVariable} sets the path of one.`,
    };
  }
}
