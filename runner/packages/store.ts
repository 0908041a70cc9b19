// The sets of all scripts: found, held while a run uses them, put in place whole and removed when nobody does.
import { mkdir, readdir, rename, utimes } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../lib/failure.ts";
import type { Log } from "../lib/log.ts";
import { PRIVATE_DIR, writeWhole } from "../lib/files.ts";
import { createLeases, RENEWAL_MS } from "./leases.ts";
import { missingFrom, type SetRecord, setName, type PackageSetSpec } from "./package-set.ts";
import { identityOf, isIntact, placeAs, readSet, RECORD_FILE, SETS } from "./set-folder.ts";
import { instanceName, makeStaging, moveToTrash, removeFolder, type Staging, sweep } from "./staging.ts";

/** A script keeps so many sets for an interpreter: the newest, and the one before for who goes back a version. */
const KEPT_SETS = 2;
/** Staging folders of other machines' runners that are older are abandoned. */
const ABANDONED_MS = 6 * 60 * 60 * 1000;

/** A set that is there. */
export interface StoredSet {
  readonly record: SetRecord;
  /** The script's folder name. */
  readonly home: string;
  readonly name: string;
  readonly directory: string;
  /** Milliseconds since the epoch. */
  readonly lastUsedAt: number;
  readonly inUse: boolean;
}

/** A set that stays as it is until `release`. */
export interface HeldSet {
  readonly directory: string;
  readonly record: SetRecord;
  release(): void;
}

/** What became of a wish to remove sets. */
export interface Cleared {
  readonly removed: number;
  readonly bytes: number;
  /** Sets that are in use, to go when their last run has ended; those that another runner uses stay. */
  readonly left: number;
}

/** Sets on disk. `home` is always the name of a script's folder below `scriptsDir`. */
export interface Store {
  /** A whole set of the script that satisfies, held. */
  find(home: string, spec: PackageSetSpec): Promise<HeldSet | undefined>;
  /** Every set of a script, looked up on disk. */
  setsOf(home: string): Promise<readonly StoredSet[]>;
  staging(home: string): Promise<Staging>;
  /** Makes the staged folder a set, or drops it where another runner was faster. */
  publish(home: string, staging: Staging, record: SetRecord): Promise<void>;
  /** Looks through all scripts' folders and sweeps what was left there. */
  scan(): Promise<void>;
  /** Every set that is known. */
  all(): readonly StoredSet[];
  /** Removes sets, least recently used first, until what is left fits; none that is in use. */
  evict(maxBytes: number): Promise<void>;
  /** Removes all sets; waits at most `waitMs` for runs that use some. */
  clear(waitMs: number): Promise<Cleared>;
  close(): Promise<void>;
}

/** What a store needs. */
export interface StoreOptions {
  readonly scriptsDir: string;
  /** Told of sets that were put in place and of ones that were removed on purpose. */
  readonly onPublished: (home: string, name: string, record: SetRecord) => Promise<void>;
  readonly onRemoved: (home: string, name: string) => Promise<void>;
  readonly log: Log;
  readonly instance?: string;
}

interface Entry extends StoredSet {
  identity: string;
  lastUsedAt: number;
  holds: number;
  leasedAt: number;
  /** To be removed as soon as nobody uses it; not offered to new runs. */
  doomed: boolean;
  readonly onIdle: (() => void)[];
}

/** Opens the store. Nothing is read before it is needed. */
export function createStore(options: StoreOptions): Store {
  const { scriptsDir, log, instance = instanceName() } = options;
  const leases = createLeases(instance);
  const homes = new Map<string, Map<string, Entry>>();
  const removing = new Map<string, Promise<boolean>>();
  let renewal: NodeJS.Timeout | undefined;

  const setsDir = (home: string) => join(scriptsDir, home, SETS);
  const entries = () => [...homes.values()].flatMap((sets) => [...sets.values()]);

  async function load(home: string, name: string): Promise<Entry | undefined> {
    const directory = join(setsDir(home), name);
    const facts = await readSet(directory);
    if (facts === undefined) return undefined;
    return {
      record: facts.record, home, name, directory, lastUsedAt: facts.touchedAt,
      identity: await identityOf(directory, facts.record),
      holds: 0, leasedAt: 0, doomed: false, onIdle: [],
      get inUse(): boolean { return (this as Entry).holds > 0; },
    };
  }

  /** Learns of sets that others put in place, and forgets those that have gone. */
  async function rescan(home: string): Promise<Map<string, Entry>> {
    const names = (await readdir(setsDir(home)).catch(() => [])).filter((name) => !name.startsWith("."));
    const known = homes.get(home) ?? new Map<string, Entry>();
    homes.set(home, known);
    const loaded = await Promise.all(names.filter((name) => !known.has(name)).map((name) => load(home, name)));
    for (const entry of loaded) if (entry !== undefined && !known.has(entry.name) && !removing.has(entry.directory)) known.set(entry.name, entry);
    for (const [name, entry] of known) if (!names.includes(name) && entry.holds === 0) known.delete(name);
    return known;
  }

  /** Marks the set as used before it is looked at, so that nobody removes it in between. */
  async function hold(entry: Entry): Promise<HeldSet | undefined> {
    if (entry.doomed || removing.has(entry.directory)) return undefined;
    entry.holds += 1;
    const release = once(() => letGo(entry));
    if (await isWhole(entry)) return { directory: entry.directory, record: entry.record, release };
    homes.get(entry.home)?.delete(entry.name);
    entry.doomed = true;
    release();
    return undefined;
  }

  async function isWhole(entry: Entry): Promise<boolean> {
    const now = Date.now();
    entry.lastUsedAt = now;
    if (now - entry.leasedAt > RENEWAL_MS && !(await lease(entry, now))) return false;
    const identity = await identityOf(entry.directory, entry.record);
    if (identity === entry.identity && identity !== "") return true;
    if (identity === "" || !(await isIntact(entry.directory, entry.record))) return false;
    entry.identity = identity;
    return true;
  }

  /** False only where the set has gone: a directory that can't be written to serves as well. */
  async function lease(entry: Entry, now: number): Promise<boolean> {
    try {
      await leases.place(entry.directory);
      entry.leasedAt = now;
      renewal ??= setInterval(() => void renew(), RENEWAL_MS).unref();
      await utimes(join(entry.directory, RECORD_FILE), new Date(now), new Date(now));
      return true;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code !== "ENOENT";
    }
  }

  async function renew(): Promise<void> {
    const now = Date.now();
    for (const entry of entries().filter(({ leasedAt }) => leasedAt > 0)) {
      if (entry.holds > 0) await lease(entry, now);
      else if (now - entry.lastUsedAt > RENEWAL_MS) {
        entry.leasedAt = 0;
        await leases.withdraw(entry.directory).catch(() => {});
      }
    }
  }

  function letGo(entry: Entry): void {
    entry.holds -= 1;
    if (entry.holds > 0) return;
    for (const call of entry.onIdle.splice(0)) call();
    if (entry.doomed) void remove(entry);
  }

  /** Removes a set that nobody uses. Resolves with whether it has gone; never rejects. */
  async function remove(entry: Entry): Promise<boolean> {
    const pending = removing.get(entry.directory);
    if (pending !== undefined || entry.holds > 0) return pending ?? false;
    const removal = removeNow(entry);
    removing.set(entry.directory, removal);
    const gone = await removal;
    removing.delete(entry.directory);
    if (!gone && entry.holds === 0) entry.doomed = false;
    return gone;
  }

  async function removeNow({ home, name, directory }: Entry): Promise<boolean> {
    try {
      if (await leases.heldByOthers(directory)) return false;
      const trash = await moveToTrash(setsDir(home), directory);
      if (await leases.heldByOthers(trash)) {
        await rename(trash, directory);
        return false;
      }
      homes.get(home)?.delete(name);
      await options.onRemoved(home, name);
      await removeFolder(trash);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") homes.get(home)?.delete(name);
      else log.warn("Cannot remove a set of packages", { directory, error: messageOf(error) });
      return false;
    }
  }

  /** Takes a set into the index that was put in place just now, or before and perhaps by another runner. */
  async function isUsable(home: string, name: string, isNew: boolean): Promise<boolean> {
    const sets = homes.get(home) ?? new Map<string, Entry>();
    homes.set(home, sets);
    const entry = (isNew ? undefined : sets.get(name)) ?? (await load(home, name));
    if (entry === undefined || entry.doomed || removing.has(entry.directory)) return false;
    if (!isNew && (entry.identity === "" || !(await isIntact(entry.directory, entry.record)))) return false;
    sets.set(name, entry);
    return true;
  }

  async function retireOlder(home: string, { runtime, platform }: SetRecord): Promise<void> {
    const older = [...(homes.get(home)?.values() ?? [])].filter(({ record }) => record.runtime === runtime && record.platform === platform).sort((a, b) => b.lastUsedAt - a.lastUsedAt).slice(KEPT_SETS);
    for (const entry of older) {
      entry.doomed = true;
      await remove(entry);
    }
  }

  return {
    async find(home, spec) {
      const offered = (sets: ReadonlyMap<string, Entry> | undefined) => [...(sets?.values() ?? [])].reverse().filter(({ doomed, directory, record }) => !doomed && !removing.has(directory) && missingFrom(record, spec).length === 0);
      for (const look of [() => homes.get(home), () => rescan(home)]) {
        for (const entry of offered(await look())) {
          const held = await hold(entry);
          if (held !== undefined) return held;
        }
      }
      return undefined;
    },
    async setsOf(home) {
      return [...(await rescan(home)).values()].filter(({ doomed }) => !doomed);
    },
    async staging(home) {
      await mkdir(setsDir(home), { recursive: true, mode: PRIVATE_DIR });
      return makeStaging(setsDir(home), instance);
    },
    async publish(home, staging, record) {
      await writeWhole(join(staging.set, RECORD_FILE), `${JSON.stringify(record, null, 2)}\n`);
      const base = setName(record);
      for (let number = 1; ; number++) {
        const name = number === 1 ? base : `${base}-${number}`;
        const directory = join(setsDir(home), name);
        const placed = await placeAs(staging.set, directory);
        if (await isUsable(home, name, placed)) {
          if (placed) await options.onPublished(home, name, record);
          await retireOlder(home, record);
          return;
        }
        if (number > 20) throw new Error(`cannot put the set in place: ${directory} and the names behind it are taken`);
      }
    },
    async scan() {
      for (const home of await readdir(scriptsDir).catch(() => [])) {
        await sweep(setsDir(home), instance, ABANDONED_MS);
        await rescan(home);
      }
    },
    all: () => entries().filter(({ doomed }) => !doomed),
    async evict(maxBytes) {
      for (const home of await readdir(scriptsDir).catch(() => [])) await rescan(home);
      let total = entries().reduce((sum, { record }) => sum + record.bytes, 0);
      const [newest, ...others] = entries().sort((a, b) => b.lastUsedAt - a.lastUsedAt);
      for (const entry of newest === undefined ? [] : others.reverse()) {
        if (total <= maxBytes) return;
        if (entry.holds === 0 && (await remove(entry))) {
          total -= entry.record.bytes;
          log.info("A set of packages was removed to make room", { home: entry.home, set: entry.name, bytes: entry.record.bytes });
        }
      }
    },
    async clear(waitMs) {
      for (const home of await readdir(scriptsDir).catch(() => [])) await rescan(home);
      const sets = entries();
      for (const entry of sets) entry.doomed = true;
      const deadline = expiry(waitMs);
      const gone = await Promise.all(sets.map(async (entry) => {
        if (entry.holds > 0) await Promise.race([deadline.passed, new Promise<void>((resolve) => entry.onIdle.push(resolve))]);
        return (await remove(entry)) ? entry.record.bytes : undefined;
      }));
      deadline.cancel();
      const bytes = gone.filter((size) => size !== undefined);
      return { removed: bytes.length, bytes: bytes.reduce((sum, size) => sum + size, 0), left: sets.length - bytes.length };
    },
    async close() {
      clearInterval(renewal);
      await Promise.all(removing.values());
      await Promise.all(entries().filter(({ leasedAt }) => leasedAt > 0).map(({ directory }) => leases.withdraw(directory).catch(() => {})));
    },
  };
}

function once(call: () => void): () => void {
  let called = false;
  return () => {
    if (called) return;
    called = true;
    call();
  };
}

function expiry(ms: number): { readonly passed: Promise<void>; cancel(): void } {
  let timer: NodeJS.Timeout | undefined;
  const passed = new Promise<void>((resolve) => { timer = setTimeout(resolve, ms); });
  return { passed, cancel: () => clearTimeout(timer) };
}
