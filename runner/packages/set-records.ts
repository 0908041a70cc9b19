// The records of all package sets, kept apart from the sets: when scripts' folders are lost, sets are installed anew from these.
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../lib/failure.ts";
import { writeWhole } from "../lib/files.ts";
import type { Log } from "../lib/log.ts";
import { parseRecord, type SetRecord } from "./package-set.ts";

/** The record of a set that was installed and not removed on purpose since. */
export interface KeptRecord {
  /** The name of the script's folder. */
  readonly home: string;
  /** The name of the set's folder. */
  readonly name: string;
  readonly record: SetRecord;
}

const FILE_NAME = /^([^.+][^+]*)\+([^.+][^+]*)\.json$/;

/** A folder of records, one file for each set, so that runners that share it never write to the same one. */
export class SetRecords {
  readonly #folder: string;
  readonly #log: Log;

  /** Nothing is read or made before it is needed. */
  constructor(folder: string, log: Log) {
    this.#folder = folder;
    this.#log = log;
  }

  /** Keeps a record. Never rejects: what cannot be written is logged. */
  async keep({ home, name, record }: KeptRecord): Promise<void> {
    try {
      await writeWhole(this.#file(home, name), `${JSON.stringify(record)}\n`);
    } catch (error) {
      this.#log.warn("Cannot keep the record of a package set", { home, set: name, error: messageOf(error) });
    }
  }

  /** Forgets a set that was removed on purpose. Never rejects. */
  forget(home: string, name: string): Promise<void> {
    return rm(this.#file(home, name), { force: true }).catch(() => {});
  }

  /** Forgets all sets. Never rejects. */
  forgetAll(): Promise<void> {
    return rm(this.#folder, { recursive: true, force: true }).catch(() => {});
  }

  /** Every record that can be read. Never rejects. */
  async read(): Promise<readonly KeptRecord[]> {
    const files = await readdir(this.#folder).catch(() => []);
    const kept = await Promise.all(files.map(async (file): Promise<KeptRecord | undefined> => {
      const [, home, name] = FILE_NAME.exec(file) ?? [];
      if (home === undefined || name === undefined) return undefined;
      const record = parseRecord(await readFile(join(this.#folder, file), "utf8").catch(() => ""));
      return record && { home, name, record };
    }));
    return kept.filter((one) => one !== undefined);
  }

  #file(home: string, name: string): string {
    return join(this.#folder, `${home}+${name}.json`);
  }
}
