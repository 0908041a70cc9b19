// Pairs the entries of the journal: which runs have started and not ended.
import { withProcess } from "./entries.ts";
import type { EndEntry, Entry, ProcessEntry, RecordedRun, StartEntry } from "./entries.ts";

/** A run of the journal, and the rotation of the file during which its start was written: 0 is the time of opening. */
export interface OpenRun extends RecordedRun {
  start: StartEntry;
  end?: EndEntry;
  rotation: number;
}

/** The runs that have started and not ended, in the order in which they started. */
export class OpenRuns {
  readonly #runs = new Map<string, OpenRun>();

  /** Takes the next entry; gives the run that begins with it, but not for a start that was carried over from an older file. */
  take(entry: Entry, rotation: number): OpenRun | undefined {
    const key = entry.event === "start" ? keyOf(entry.runId, entry.at) : this.#keyOf(entry);
    const run = this.#runs.get(key);
    if (entry.event === "start" && run === undefined) {
      const begun: OpenRun = { start: entry, rotation };
      this.#runs.set(key, begun);
      return begun;
    }
    if (run === undefined) return undefined;
    if (entry.event === "start") run.rotation = rotation;
    else if (entry.event === "process") run.start = withProcess(run.start, entry);
    else {
      run.end = entry;
      this.#runs.delete(key);
    }
    return undefined;
  }

  [Symbol.iterator](): Iterator<OpenRun> {
    return this.#runs.values();
  }

  /** Lines of version 0.3.0 do not tell the start: `lost` was written for the oldest run with that id, all else is about the newest. */
  #keyOf(entry: ProcessEntry | EndEntry): string {
    if (entry.startedAt !== undefined) return keyOf(entry.runId, entry.startedAt);
    const open = [...this.#runs.values()].filter(({ start }) => start.runId === entry.runId);
    const run = entry.event === "end" && entry.reason === "lost" ? open[0] : open.at(-1);
    return run === undefined ? "" : keyOf(run.start.runId, run.start.at);
  }
}

function keyOf(runId: string, startedAt: string): string {
  return `${startedAt} ${runId}`;
}
