// Frames and results of ended runs, kept on disk for those who come later.
import { messageOf } from "../lib/failure.ts";
import type { RunResult } from "../protocol/result.ts";
import type { Log } from "../lib/log.ts";
import type { FrameLog } from "./frame-log.ts";
import { parseRow } from "../lib/lines.ts";
import { createShelf } from "./shelf.ts";

/** What waits in memory for the disk beyond this is not kept. */
const MAX_WAITING_BYTES = 32 * 1024 * 1024;
const MAX_WAITING = 1_000;

/** The runs that have ended, as far as they are kept: the latest, within a number of bytes and at most 20,000 of them. */
export interface Archive {
  /**
   * Takes an ended run's log, which it closes when it is done with it. Runs are written in order, off the critical
   * path, without a sync: a power cut may cost the last of them, a kill of the runner only what it had not written.
   * Never throws; what can't be kept is said. Of runs with the same id, the latest counts.
   */
  store(runId: string, frames: FrameLog): void;
  /** The result of a run, from the moment it is stored; none where it is not kept. Never rejects. */
  result(runId: string): Promise<RunResult | undefined>;
  /** The frames of a run from the `from`-th on, the result frame last, a gap frame in place of what was not kept; none where the run is not kept. Reading must go to the end, or `signal` be aborted. */
  frames(runId: string, from: number, signal?: AbortSignal): Promise<AsyncIterable<Buffer> | undefined>;
  /** Resolves when what was stored so far is on disk, or can't get there. */
  settled(): Promise<void>;
  /** As `settled`; what is stored later is not kept. */
  close(): Promise<void>;
}

/** What an archive needs: its folder, and the most bytes that it takes there; 0 keeps nothing. */
export interface ArchiveOptions {
  readonly directory: string;
  readonly maxBytes: number;
  readonly log: Pick<Log, "info" | "warn">;
}

/** Opens the archive at once; what earlier runners left in it is found in the background, and look-ups wait for that. */
export function openArchive(options: ArchiveOptions): Archive {
  const { maxBytes, log } = options;
  const shelf = createShelf(options);
  const waiting = new Map<FrameLog, { readonly runId: string; readonly bytes: number }>();
  const latest = new Map<string, FrameLog>();
  const ready = shelf.load().catch((error: unknown) => log.warn("Cannot read the results of earlier runs", { directory: options.directory, error: messageOf(error) }));
  let waitingBytes = 0;
  let writing: Promise<void> | undefined;
  let failing = false;
  let lost = 0;
  let closed = false;

  async function writeAll(): Promise<void> {
    await ready;
    for (const [frames, { runId, bytes }] of waiting) {
      await shelf.add(runId, frames).then(succeeded, failed);
      waiting.delete(frames);
      waitingBytes -= bytes;
      if (latest.get(runId) === frames) latest.delete(runId);
      frames.close();
    }
    await shelf.rest();
  }

  function succeeded(): void {
    if (failing) log.info("Results of runs are kept again", { runsLost: lost });
    failing = false;
    lost = 0;
  }

  function failed(error: unknown): void {
    if (!failing) log.warn("Cannot keep the results of runs", { directory: options.directory, error: messageOf(error) });
    failing = true;
    lost += 1;
  }

  async function settled(): Promise<void> {
    await ready;
    while (writing !== undefined) await writing;
  }

  function schedule(): void {
    writing ??= writeAll().finally(() => {
      writing = undefined;
      if (waiting.size > 0) schedule();
    });
  }

  return {
    store(runId, frames) {
      const bytes = frames.memoryBytes;
      if (closed || maxBytes === 0) return frames.close();
      if (waiting.size >= MAX_WAITING || (waiting.size > 0 && waitingBytes + bytes > MAX_WAITING_BYTES)) {
        failed(new Error(`the disk is too slow, ${waiting.size} runs are waiting for it`));
        return frames.close();
      }
      waiting.set(frames, { runId, bytes });
      latest.set(runId, frames);
      waitingBytes += bytes;
      schedule();
    },
    async result(runId) {
      if (!latest.has(runId)) await ready;
      const line = latest.get(runId)?.result ?? (await shelf.result(runId));
      return line === undefined ? undefined : (parseRow(line.toString())?.["data"] as RunResult | undefined);
    },
    async frames(runId, from, signal = new AbortController().signal) {
      if (!latest.has(runId)) await ready;
      return latest.get(runId)?.read(from, signal) ?? shelf.frames(runId, from, signal);
    },
    settled,
    async close() {
      closed = true;
      await settled();
    },
  };
}
