// One package set on disk: whole or not, held by runs or not, leased or not.
import { utimes } from "node:fs/promises";
import { join } from "node:path";
import { fingerprint } from "../lib/fingerprint.ts";
import { once } from "../lib/once.ts";
import type { PackageManager } from "../languages/package-manager.ts";
import type { Requirement } from "../languages/requirement.ts";
import { type Leases, RENEWAL_MS } from "./leases.ts";
import type { PackageManagers } from "./managers.ts";
import { missingFrom, type PackageSetSpec, type SetRecord } from "./package-set.ts";
import { readRecord, RECORD_FILE } from "./set-folder.ts";

/** A set that stays as it is until `release`. */
export interface HeldSet {
  readonly directory: string;
  release(): void;
}

/** Where a set lies, and what it shares with the others. */
export interface StoredSetLocation {
  /** The name of the script's folder. */
  readonly home: string;
  /** The name of the set's folder. */
  readonly name: string;
  readonly directory: string;
  readonly leases: Leases;
  readonly managers: PackageManagers;
}

/** A set that is there, as this process knows it. */
export class StoredSet {
  readonly home: string;
  readonly name: string;
  readonly directory: string;
  readonly record: SetRecord;
  readonly #manager: PackageManager;
  readonly #leases: Leases;
  /** Of the packages' folder when it was last found whole. */
  #fingerprint = "";
  #lastUsedAt: number;
  #holds = 0;
  /** When the lease was last renewed; 0 without one. */
  #leasedAt = 0;
  #retired = false;
  #onIdle: (() => void)[] = [];

  private constructor({ home, name, directory, leases }: StoredSetLocation, record: SetRecord, manager: PackageManager, touchedAt: number) {
    this.home = home;
    this.name = name;
    this.directory = directory;
    this.record = record;
    this.#leases = leases;
    this.#manager = manager;
    this.#lastUsedAt = touchedAt;
  }

  /** Reads a set's folder; undefined where it holds none, or one of a language without a package manager. */
  static async read(location: StoredSetLocation): Promise<StoredSet | undefined> {
    const read = await readRecord(location.directory);
    const manager = read && (await location.managers.of(read.record.language));
    if (read === undefined || manager === undefined) return undefined;
    return new StoredSet(location, read.record, manager, read.touchedAt);
  }

  /** Milliseconds since the epoch. */
  get lastUsedAt(): number {
    return this.#lastUsedAt;
  }

  get inUse(): boolean {
    return this.#holds > 0;
  }

  /** Whether it is to be removed as soon as nobody uses it; it is not offered to runs any more. */
  get retired(): boolean {
    return this.#retired;
  }

  /** The requirements that it does not satisfy. */
  missing(spec: PackageSetSpec): readonly Requirement[] {
    return missingFrom(this.record, spec, this.#manager.satisfies);
  }

  retire(): void {
    this.#retired = true;
  }

  /** Offers it to runs again. */
  keep(): void {
    this.#retired = false;
  }

  /**
   * Holds it for a run; undefined where it is retired, or not whole any more, which retires it. It counts as used before it
   * is looked at, so that nobody removes it in between. `onRelease` is called when the last run has released it.
   */
  async hold(onRelease: () => void): Promise<HeldSet | undefined> {
    if (this.#retired) return undefined;
    this.#holds += 1;
    const release = once(() => {
      this.#holds -= 1;
      if (this.#holds > 0) return;
      for (const call of this.#onIdle.splice(0)) call();
      onRelease();
    });
    if (await this.#isWhole()) return { directory: this.directory, release };
    this.#retired = true;
    release();
    return undefined;
  }

  /** Resolves when no run uses it. */
  idle(): Promise<void> {
    return this.#holds === 0 ? Promise.resolve() : new Promise((resolve) => this.#onIdle.push(resolve));
  }

  /** Whether its packages are there and as they were installed. */
  async isIntact(): Promise<boolean> {
    return (await this.#look()) !== "" && ((await this.#manager.isIntact?.(this.directory, this.record.resolved)) ?? true);
  }

  /** Renews the lease while runs use it, and gives it up when none has for a while. */
  async updateLease(): Promise<void> {
    if (this.#leasedAt === 0) return;
    if (this.inUse) await this.#lease();
    else if (Date.now() - this.#lastUsedAt > RENEWAL_MS) await this.withdrawLease();
  }

  /** Gives the lease up, if there is one. Never rejects. */
  async withdrawLease(): Promise<void> {
    if (this.#leasedAt === 0) return;
    this.#leasedAt = 0;
    await this.#leases.withdraw(this.directory).catch(() => {});
  }

  /** One look at the packages' folder says whether a closer one is needed. */
  async #isWhole(): Promise<boolean> {
    this.#lastUsedAt = Date.now();
    if (this.#lastUsedAt - this.#leasedAt > RENEWAL_MS && !(await this.#lease())) return false;
    const now = await this.#look();
    if (now === this.#fingerprint && now !== "") return true;
    if (now === "" || !(await this.isIntact())) return false;
    this.#fingerprint = now;
    return true;
  }

  /** False only where the set has gone: one that cannot be written to serves as well. */
  async #lease(): Promise<boolean> {
    const now = new Date();
    try {
      await this.#leases.place(this.directory);
      this.#leasedAt = now.getTime();
      await utimes(join(this.directory, RECORD_FILE), now, now);
      return true;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code !== "ENOENT";
    }
  }

  /** Empty where the packages' folder is gone. */
  #look(): Promise<string> {
    return fingerprint(join(this.directory, this.#manager.folder));
  }
}
