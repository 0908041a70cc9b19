// The state file: read at the start, written after each change, one write at a time.
import { constants } from "node:fs";
import { access, chmod, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { messageOf } from "../lib/failure.ts";
import { ensureDir, PRIVATE_DIR, removeTemporaries, writeWhole } from "../lib/files.ts";
import { formatState, parseState, UNREGISTERED } from "./state.ts";
import type { RunnerState } from "./state.ts";

/**
 * Opens the state file; a missing one is a runner that never registered. One that cannot be read is kept aside under
 * a name with a time stamp and said. Rejects with an `Error` that names the folder when nothing can be written there.
 */
export async function openStateStore(file: string, onProblem: (message: string) => void, now = () => new Date()): Promise<StateStore> {
  await ensureWritable(dirname(file), basename(file));
  await removeTemporaries(file);
  const { state, problem } = await load(file, now);
  return new StateStore(file, state, onProblem, problem);
}

/** The state in memory and on disk. */
export class StateStore {
  readonly #file: string;
  readonly #onProblem: (message: string) => void;
  readonly #readProblem: string | undefined;
  #current: RunnerState;
  #writeProblem: string | undefined;
  #writing = Promise.resolve();

  /** A store that begins with `state`; what was wrong when that was read goes to `onProblem` too. */
  constructor(file: string, state: RunnerState, onProblem: (message: string) => void, readProblem?: string) {
    this.#file = file;
    this.#current = state;
    this.#onProblem = onProblem;
    this.#readProblem = readProblem;
    if (readProblem !== undefined) onProblem(readProblem);
  }

  get current(): RunnerState { return this.#current; }

  /** What went wrong with the file, for the page; empty when all is well. */
  get problems(): readonly string[] {
    return [this.#readProblem, this.#writeProblem].filter((problem) => problem !== undefined);
  }

  /** Applies a change at once and resolves when it is on disk. A failed write is said and does not spoil the next. */
  update(change: (state: RunnerState) => RunnerState): Promise<void> {
    this.#current = change(this.#current);
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  /** Resolves when every change so far is on disk. */
  settled(): Promise<void> {
    return this.#writing;
  }

  async #write(): Promise<void> {
    try {
      await writeWhole(this.#file, formatState(this.#current));
      this.#writeProblem = undefined;
    } catch (error) {
      this.#writeProblem = `Cannot write the state file ${this.#file}: ${messageOf(error)}`;
      this.#onProblem(this.#writeProblem);
    }
  }
}

/** What else the runner keeps beside the state file. */
const BESIDES = /^(runs\.ndjson(\.\d)?|results|packages|compiled|lost\+found)$/;
/** Marks a folder that everybody writes to. */
const STICKY = 0o1000;

async function ensureWritable(dir: string, name: string): Promise<void> {
  try {
    await ensureDir(dir);
    await access(dir, constants.W_OK | constants.X_OK);
    await makePrivate(dir, name).catch(() => {});
  } catch (error) {
    throw new Error(`Cannot use the state directory ${dir}: ${messageOf(error)} (AUTOMN_RUNNER_STATE_DIR names another one)`);
  }
}

/** Closes a folder to other users if nothing but the runner's own files is in it; `/tmp` or a home folder stays as it is. */
async function makePrivate(dir: string, name: string): Promise<void> {
  const own = (entry: string) => entry.startsWith(name) || entry.startsWith(`.${name}`) || BESIDES.test(entry);
  const [entries, { mode }] = await Promise.all([readdir(dir), stat(dir)]);
  if (entries.every(own) && (mode & STICKY) === 0) await chmod(dir, PRIVATE_DIR);
}

async function load(file: string, now: () => Date): Promise<{ readonly state: RunnerState; readonly problem?: string }> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { state: UNREGISTERED };
    throw new Error(`Cannot read the state file ${file}: ${messageOf(error)}`);
  }
  try {
    return { state: parseState(text) };
  } catch (error) {
    const aside = `${file}.unreadable-${now().toISOString().replace(/[:.]/g, "-")}`;
    await rename(file, aside);
    await chmod(aside, 0o600).catch(() => rm(aside, { force: true }));
    const kept = `It was kept as ${basename(aside)}; the runner starts unregistered.`;
    return { state: UNREGISTERED, problem: `Cannot read the state file ${basename(file)}: ${describeParseError(error)}. ${kept}` };
  }
}

/** V8 quotes the text that it could not parse, and a state file holds a secret. */
function describeParseError(error: unknown): string {
  return error instanceof SyntaxError ? "it is not valid JSON" : messageOf(error);
}
