// The package sets of all scripts: found, held while a run uses them, put in place whole, removed when nobody does.
import { mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { unlessAborted } from "../lib/abort.ts";
import { messageOf } from "../lib/failure.ts";
import { PRIVATE_DIR, removeTree, writeWhole } from "../lib/files.ts";
import type { Log } from "../lib/log.ts";
import { Leases, RENEWAL_MS } from "./leases.ts";
import type { PackageManagers } from "./managers.ts";
import { type PackageSetSpec, type SetRecord, setName } from "./package-set.ts";
import { placeAs, RECORD_FILE } from "./set-folder.ts";
import { SetIndex } from "./set-index.ts";
import type { SetRecords } from "./set-records.ts";
import { instanceName, makeStaging, moveToTrash, type Staging, sweep } from "./staging.ts";
import type { HeldSet, StoredSet } from "./stored-set.ts";

/** A script keeps this many sets for a runtime: the newest, and the one before for an author who goes back a version. */
const KEPT_SETS = 2;
/** A staging folder of a process that cannot be seen from here is left over after this time. */
const ABANDONED_MS = 6 * 60 * 60 * 1000;
/** At most this many folders may have a set's name with a number after it. */
const MAX_NAMESAKES = 20;

/** How a removal of sets ended. */
export interface Cleared {
  readonly removed: number;
  readonly bytes: number;
  /** Sets in use: they go when their last run has ended, unless another runner uses them. */
  readonly left: number;
}

/** What a store depends on. */
export interface PackageStoreDependencies {
  readonly scriptsDir: string;
  readonly records: SetRecords;
  readonly managers: PackageManagers;
  readonly log: Log;
}

/** Package sets on disk. `home` is always the name of a script's folder below the scripts directory. */
export class PackageStore {
  readonly #instance = instanceName();
  readonly #leases = new Leases(this.#instance);
  readonly #index: SetIndex;
  readonly #records: SetRecords;
  readonly #log: Log;
  readonly #removals = new Map<StoredSet, Promise<boolean>>();
  #renewal: NodeJS.Timeout | undefined;

  /** Nothing is read before it is needed. */
  constructor({ scriptsDir, records, managers, log }: PackageStoreDependencies) {
    this.#index = new SetIndex({ scriptsDir, leases: this.#leases, managers });
    this.#records = records;
    this.#log = log;
  }

  /** A whole set of the script that satisfies, held. */
  async find(home: string, spec: PackageSetSpec): Promise<HeldSet | undefined> {
    return (await this.#holdOneOf(this.#index.of(home), spec)) ?? this.#holdOneOf(await this.#index.rescan(home), spec);
  }

  /** Every set of a script, looked up on disk. */
  async setsOf(home: string): Promise<readonly StoredSet[]> {
    return (await this.#index.rescan(home)).filter(({ retired }) => !retired);
  }

  /** Every set that is known. */
  all(): readonly StoredSet[] {
    return this.#index.all().filter(({ retired }) => !retired);
  }

  /** A folder to install in, to be removed by the caller. */
  async staging(home: string): Promise<Staging> {
    const folder = this.#index.folderOf(home);
    await mkdir(folder, { recursive: true, mode: PRIVATE_DIR });
    return makeStaging(folder, this.#instance, this.#log);
  }

  /** Makes the staged folder a set, or drops it where another runner was faster. */
  async publish(home: string, staging: Staging, record: SetRecord): Promise<void> {
    await writeWhole(join(staging.set, RECORD_FILE), `${JSON.stringify(record, null, 2)}\n`);
    const base = setName(record);
    for (let number = 1; number <= MAX_NAMESAKES; number++) {
      const name = number === 1 ? base : `${base}-${number}`;
      if (await placeAs(staging.set, join(this.#index.folderOf(home), name))) {
        await this.#adopt(home, name);
        await this.#records.keep({ home, name, record });
        return this.#retireOlder(home, record);
      }
      if (await this.#isUsable(home, name)) return this.#retireOlder(home, record);
    }
    throw new Error(`cannot put the set in place: ${join(this.#index.folderOf(home), base)} and the names after it are taken`);
  }

  /** Looks through all scripts' folders and sweeps what killed processes left there. */
  async scan(): Promise<void> {
    for (const home of await this.#index.homesOnDisk()) await sweep(this.#index.folderOf(home), this.#instance, ABANDONED_MS, this.#log);
    await this.#index.rescanAll();
  }

  /** Removes sets, least recently used first, until the others fit; none in use, and not the one used last. */
  async evict(maxBytes: number): Promise<void> {
    const sets = await this.#index.rescanAll();
    let total = bytesOf(sets);
    const oldestFirst = [...sets].sort((a, b) => a.lastUsedAt - b.lastUsedAt).slice(0, -1);
    for (const set of oldestFirst) {
      if (total <= maxBytes) return;
      if (!(await this.#remove(set))) continue;
      total -= set.record.bytes;
      this.#log.info("A package set was removed to make room", { home: set.home, set: set.name, bytes: set.record.bytes });
    }
  }

  /** Removes all sets; waits at most `waitMs` for runs that use some. */
  async clear(waitMs: number): Promise<Cleared> {
    const sets = await this.#index.rescanAll();
    for (const set of sets) set.retire();
    const deadline = AbortSignal.timeout(waitMs);
    const removed = await Promise.all(sets.map(async (set) => {
      await unlessAborted(set.idle(), deadline);
      return (await this.#remove(set)) ? [set] : [];
    }));
    const gone = removed.flat();
    return { removed: gone.length, bytes: bytesOf(gone), left: sets.length - gone.length };
  }

  /** Ends the removals under way and gives up every lease. */
  async close(): Promise<void> {
    clearInterval(this.#renewal);
    await Promise.all(this.#removals.values());
    await Promise.all(this.#index.all().map((set) => set.withdrawLease()));
  }

  /** The set that was installed last comes first. */
  async #holdOneOf(sets: readonly StoredSet[], spec: PackageSetSpec): Promise<HeldSet | undefined> {
    for (const set of [...sets].reverse()) {
      if (set.retired || set.missing(spec).length > 0) continue;
      this.#renewal ??= setInterval(() => void this.#updateLeases(), RENEWAL_MS).unref();
      const held = await set.hold(() => { if (set.retired) void this.#remove(set); });
      if (held !== undefined) return held;
    }
    return undefined;
  }

  async #updateLeases(): Promise<void> {
    for (const set of this.#index.all()) await set.updateLease();
  }

  async #adopt(home: string, name: string): Promise<void> {
    const set = await this.#index.read(home, name);
    if (set !== undefined) this.#index.add(set);
  }

  /** Whether a set with the name that is wanted serves, whoever has put it there. */
  async #isUsable(home: string, name: string): Promise<boolean> {
    const set = this.#index.get(home, name) ?? (await this.#index.read(home, name));
    if (set === undefined || set.retired || !(await set.isIntact())) return false;
    this.#index.add(set);
    return true;
  }

  async #retireOlder(home: string, { runtime, platform }: SetRecord): Promise<void> {
    const alike = this.#index.of(home).filter(({ record }) => record.runtime === runtime && record.platform === platform);
    for (const set of [...alike].sort((a, b) => b.lastUsedAt - a.lastUsedAt).slice(KEPT_SETS)) {
      set.retire();
      await this.#remove(set);
    }
  }

  /** Removes a set that nobody uses. Resolves with whether it has gone; never rejects. */
  #remove(set: StoredSet): Promise<boolean> {
    const pending = this.#removals.get(set);
    if (pending !== undefined || set.inUse) return pending ?? Promise.resolve(false);
    set.retire();
    const removal = this.#removeNow(set).then((gone) => {
      this.#removals.delete(set);
      if (!gone) set.keep();
      return gone;
    });
    this.#removals.set(set, removal);
    return removal;
  }

  async #removeNow(set: StoredSet): Promise<boolean> {
    const { home, name, directory } = set;
    try {
      if (await this.#leases.heldByOthers(directory)) return false;
      const trash = await moveToTrash(this.#index.folderOf(home), directory);
      if (await this.#leases.heldByOthers(trash)) {
        await rename(trash, directory);
        return false;
      }
      this.#index.forget(set);
      await this.#records.forget(home, name);
      await removeTree(trash, this.#log);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") this.#index.forget(set);
      else this.#log.warn("Cannot remove a package set", { directory, error: messageOf(error) });
      return false;
    }
  }
}

function bytesOf(sets: readonly StoredSet[]): number {
  return sets.reduce((sum, { record }) => sum + record.bytes, 0);
}
