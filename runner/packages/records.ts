// What was installed, kept apart from it: after the scripts' folders were lost, the sets are installed anew from here.
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../lib/failure.ts";
import type { Log } from "../lib/log.ts";
import { writeWhole } from "../lib/files.ts";
import { parseRecord, type SetRecord } from "./package-set.ts";

/** A set that was installed once and not removed on purpose since. */
export interface KeptRecord {
  readonly home: string;
  readonly name: string;
  readonly record: SetRecord;
}

/** The records, one file each, so that two runners never write to the same one with different minds. */
export interface Records {
  /** Never rejects: what can't be written is logged. */
  keep(kept: KeptRecord): Promise<void>;
  forget(home: string, name: string): Promise<void>;
  forgetAll(): Promise<void>;
  read(): Promise<readonly KeptRecord[]>;
}

/** Keeps records in a folder. */
export function createRecords(folder: string, log: Log): Records {
  const fileOf = (home: string, name: string) => join(folder, `${home}+${name}.json`);
  return {
    async keep({ home, name, record }) {
      try {
        await writeWhole(fileOf(home, name), `${JSON.stringify(record)}\n`);
      } catch (error) {
        log.warn("Cannot keep the record of a set of packages", { home, set: name, error: messageOf(error) });
      }
    },
    forget: (home, name) => rm(fileOf(home, name), { force: true }).catch(() => {}),
    forgetAll: () => rm(folder, { recursive: true, force: true }).catch(() => {}),
    async read() {
      const files = (await readdir(folder).catch(() => [])).map((file) => ({ file, match: /^([^.+][^+]*)\+([^.+][^+]*)\.json$/.exec(file) }));
      const kept = await Promise.all(files.map(async ({ file, match }): Promise<KeptRecord | undefined> => {
        const [home, name] = [match?.[1], match?.[2]];
        const record = parseRecord(await readFile(join(folder, file), "utf8").catch(() => ""));
        return home === undefined || name === undefined || record === undefined ? undefined : { home, name, record };
      }));
      return kept.filter((one) => one !== undefined);
    },
  };
}
