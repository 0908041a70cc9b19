// The package sets that this process knows of, by script.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { SETS } from "./set-folder.ts";
import { StoredSet } from "./stored-set.ts";
import type { Leases } from "./leases.ts";
import type { PackageManagers } from "./managers.ts";

/** What an index reads sets with. */
export interface SetIndexDependencies {
  readonly scriptsDir: string;
  readonly leases: Leases;
  readonly managers: PackageManagers;
}

/** Sets by script. `home` is always the name of a script's folder below the scripts directory. */
export class SetIndex {
  readonly #dependencies: SetIndexDependencies;
  readonly #homes = new Map<string, Map<string, StoredSet>>();

  /** Reads nothing yet. */
  constructor(dependencies: SetIndexDependencies) {
    this.#dependencies = dependencies;
  }

  /** The folder of a script's sets. */
  folderOf(home: string): string {
    return join(this.#dependencies.scriptsDir, home, SETS);
  }

  /** The names of all scripts' folders on disk. */
  homesOnDisk(): Promise<readonly string[]> {
    return readdir(this.#dependencies.scriptsDir).catch(() => []);
  }

  all(): readonly StoredSet[] {
    return [...this.#homes.values()].flatMap((sets) => [...sets.values()]);
  }

  /** The known sets of a script. */
  of(home: string): readonly StoredSet[] {
    return [...(this.#homes.get(home)?.values() ?? [])];
  }

  get(home: string, name: string): StoredSet | undefined {
    return this.#homes.get(home)?.get(name);
  }

  add(set: StoredSet): void {
    this.#setsOf(set.home).set(set.name, set);
  }

  forget(set: StoredSet): void {
    if (this.get(set.home, set.name) === set) this.#homes.get(set.home)?.delete(set.name);
  }

  /** Reads a set's folder, known or not; undefined where it holds none. */
  read(home: string, name: string): Promise<StoredSet | undefined> {
    const { leases, managers } = this.#dependencies;
    return StoredSet.read({ home, name, directory: join(this.folderOf(home), name), leases, managers });
  }

  /** Learns which sets other runners have put in place for a script, and forgets those that have gone. */
  async rescan(home: string): Promise<readonly StoredSet[]> {
    const names = (await readdir(this.folderOf(home)).catch(() => [])).filter((name) => !name.startsWith("."));
    const known = this.#setsOf(home);
    const read = await Promise.all(names.filter((name) => !known.has(name)).map((name) => this.read(home, name)));
    for (const set of read) if (set !== undefined && !known.has(set.name)) known.set(set.name, set);
    for (const [name, set] of known) if (!names.includes(name) && !set.inUse) known.delete(name);
    return [...known.values()];
  }

  /** Rescans every script. */
  async rescanAll(): Promise<readonly StoredSet[]> {
    for (const home of await this.homesOnDisk()) await this.rescan(home);
    return this.all();
  }

  #setsOf(home: string): Map<string, StoredSet> {
    const sets = this.#homes.get(home) ?? new Map<string, StoredSet>();
    this.#homes.set(home, sets);
    return sets;
  }
}
