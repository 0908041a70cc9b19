// After a runner was killed: its processes are ended, its runs get the end that nobody wrote, its working directory is removed.
import { readdir, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import type { EndEntry, StartEntry } from "../journal/journal.ts";
import { removeTree } from "../lib/files.ts";
import type { Log } from "../lib/log.ts";
import { messageOf } from "../lib/failure.ts";
import type { ProcessTable } from "../process/table.ts";
import type { RunResult } from "../protocol/result.ts";
import { keptEntry, lostEntry } from "./journal-entries.ts";
import { endOrphans } from "./orphans.ts";
import type { OwnerLiveness } from "./owner-liveness.ts";
import { parseOwner } from "./owner.ts";

/** While other runners share the directories, this often it is looked whether they still live. */
export const ROUND_MS = 10_000;

/** What recovery depends on. */
export interface RecoveryOptions {
  /** Begins the marks of every runner of this installation. */
  readonly installation: string;
  /** The name of this runner. */
  readonly owner: string;
  /** Each runner's own working directory is in here, by its owner's name. */
  readonly workDir: string;
  /** The runs that had not ended when the journal was opened. */
  readonly open: readonly StartEntry[];
  /** Those that have not ended now, by all that share the journal. */
  readonly readOpen: () => Promise<readonly StartEntry[]>;
  /** The result of a run, where it was kept although the journal does not know of its end. */
  readonly keptResult: (start: StartEntry) => Promise<RunResult | undefined>;
  /** Takes the end of a run that its own runner did not journal. */
  readonly onEnded: (end: EndEntry) => void;
  readonly liveness: Pick<OwnerLiveness, "isAlive" | "sharesScope">;
  readonly table: ProcessTable;
  readonly log: Log;
}

/** Sees to what dead runners have left behind. */
export class Recovery {
  readonly #options: RecoveryOptions;
  /** Of all runners, as far as is known. */
  #open: readonly StartEntry[];
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> | undefined;
  #stopped = false;

  constructor(options: RecoveryOptions) {
    this.#options = options;
    this.#open = options.open;
  }

  /** Sees to it now, and again while there are other runners. Resolves after the first time; never rejects. */
  async start(): Promise<void> {
    const isFirst = this.#round === undefined;
    this.#round = this.#recover(isFirst).catch((error: unknown) => {
      this.#options.log.warn("Cannot see to what an earlier runner has left behind", { error: messageOf(error) });
    });
    await this.#round;
    if (!this.#stopped && (await this.#others()).length > 0) this.#timer = setTimeout(() => void this.start(), ROUND_MS).unref();
  }

  /** Resolves when nothing more is done. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#round;
  }

  async #recover(isFirst: boolean): Promise<void> {
    const { liveness, log, owner } = this.#options;
    const dead = new Set<string>();
    for (const other of await this.#others()) if (!(await liveness.isAlive(other)) && (await this.#claim(other))) dead.add(other);
    if (dead.size === 0 && !isFirst) return;
    const lost = dead.size === 0 ? [] : await this.#runsOf(dead);
    await this.#endOrphans(lost);
    for (const start of lost) await this.#end(start);
    for (const name of dead) await removeTree(join(this.#options.workDir, owner, claimed(name)), log);
  }

  /** The other runners of which there is a run without an end, or a working directory. */
  async #others(): Promise<readonly string[]> {
    const { workDir, owner } = this.#options;
    const names = (await readdir(workDir).catch(() => [])).filter((name) => parseOwner(name) !== undefined);
    return [...new Set([...this.#open.map((start) => start.owner), ...names])].filter((name) => name !== owner);
  }

  /** Moves a dead runner's working directory into this one's: of several that find it dead, one alone succeeds and sees to it. */
  async #claim(name: string): Promise<boolean> {
    const { workDir, owner } = this.#options;
    const directory = join(workDir, name);
    const isThere = await stat(directory).then(() => true, () => false);
    if (!isThere) return true;
    const moved = rename(directory, join(workDir, owner, claimed(name)));
    return moved.then(() => true, (error: NodeJS.ErrnoException) => error.code !== "ENOENT");
  }

  /** The runs of dead runners that have no end. The journal is read again, since they may have written there before they died. */
  async #runsOf(dead: ReadonlySet<string>): Promise<readonly StartEntry[]> {
    const open = await this.#options.readOpen();
    this.#open = open.filter(({ owner }) => !dead.has(owner));
    return open.filter(({ owner }) => dead.has(owner));
  }

  /** Ends the processes of dead runners, as far as they can be seen from here. */
  async #endOrphans(runs: readonly StartEntry[]): Promise<void> {
    const { installation, liveness, table, log } = this.#options;
    const lost = runs.filter(({ owner }) => liveness.sharesScope(owner));
    const isDead = async (owner: string) => liveness.sharesScope(owner) && !(await liveness.isAlive(owner));
    const pids = await endOrphans({ installation, lost, isDead, table });
    if (pids.length > 0) log.warn("Processes of an earlier runner were ended", { pids });
  }

  /** A run whose result was kept has ended with that, whatever came after; any other one is lost. */
  async #end(start: StartEntry): Promise<void> {
    const { keptResult, onEnded, log } = this.#options;
    const result = await keptResult(start);
    onEnded(result === undefined ? lostEntry(start) : keptEntry(start, result));
    if (result === undefined) log.warn("A run was lost when its runner ended", { runId: start.runId });
    else log.info("A run had ended before its runner did, as its result tells", { runId: start.runId });
  }
}

/** The name of a dead runner's working directory while it is being removed. */
function claimed(owner: string): string {
  return `dead-${owner}`;
}
