// What the processes of runs use, looked at once a second for all runs together, and the memory guard.
import { readFile } from "node:fs/promises";
import { initialEnvironment, allPids } from "./tree-linux.ts";
import { MARK_VARIABLE } from "./environment.ts";
import type { Root } from "./tree.ts";

/** What a run used, as far as samples tell: the largest sum of resident memory, and processor time. */
export interface Usage {
  readonly maxRssBytes: number;
  readonly cpuMs: number;
}

/** A run that is being watched. */
export interface Watch {
  /** Absent while no sample has been taken. */
  readonly usage: Usage | undefined;
  stop(): void;
}

/** Watches the processes of runs. */
export interface UsageMeter {
  /** Calls `onOverLimit` with the bytes used when two samples in a row are above `limitBytes`. */
  watch(root: Root, limitBytes: number | undefined, onOverLimit: (usedBytes: number) => void): Watch;
}

const SAMPLE_MS = 1_000;
/** The kernel's unit of processor time for user space, the same on every Linux. */
const TICK_MS = 10;
const AT_PAGESZ = 6n;

interface Watched {
  readonly root: Root;
  readonly limitBytes: number | undefined;
  readonly onOverLimit: (usedBytes: number) => void;
  /** Processor time of each process seen, also of those that have gone. */
  readonly cpu: Map<string, number>;
  maxRssBytes: number;
  samples: number;
  over: number;
}

interface Sample {
  readonly key: string;
  readonly pid: number;
  readonly group: number;
  readonly cpuMs: number;
  readonly rssBytes: number;
}

/** A meter that reads /proc; elsewhere it measures nothing. It looks only while a run is watched. */
export function createUsageMeter(platform: NodeJS.Platform = process.platform): UsageMeter {
  const watched = new Set<Watched>();
  const marks = new Map<string, string | undefined>();
  let timer: NodeJS.Timeout | undefined;
  let pageBytes: number | undefined;

  async function look(): Promise<void> {
    pageBytes ??= await pageSize();
    const samples = await sampleAll(pageBytes);
    const known = new Set(samples.map(({ key }) => key));
    for (const key of marks.keys()) if (!known.has(key)) marks.delete(key);
    for (const { key, pid } of samples) if (!marks.has(key)) marks.set(key, await markOf(pid));
    for (const run of watched) account(run, samples.filter((one) => one.group === run.root.pid || marks.get(one.key) === run.root.mark));
  }

  function schedule(): void {
    timer = setTimeout(() => {
      look().catch(() => {}).finally(() => {
        if (watched.size > 0) schedule();
        else timer = undefined;
      });
    }, SAMPLE_MS);
    timer.unref();
  }

  return {
    watch(root, limitBytes, onOverLimit) {
      const run: Watched = { root, limitBytes, onOverLimit, cpu: new Map(), maxRssBytes: 0, samples: 0, over: 0 };
      if (platform === "linux") {
        watched.add(run);
        if (timer === undefined) schedule();
      }
      return {
        get usage() {
          if (run.samples === 0) return undefined;
          return { maxRssBytes: run.maxRssBytes, cpuMs: [...run.cpu.values()].reduce((sum, ms) => sum + ms, 0) };
        },
        stop: () => void watched.delete(run),
      };
    },
  };
}

function account(run: Watched, processes: readonly Sample[]): void {
  if (processes.length === 0) return;
  const rss = processes.reduce((sum, one) => sum + one.rssBytes, 0);
  for (const { key, cpuMs } of processes) run.cpu.set(key, cpuMs);
  run.samples += 1;
  run.maxRssBytes = Math.max(run.maxRssBytes, rss);
  run.over = run.limitBytes !== undefined && rss > run.limitBytes ? run.over + 1 : 0;
  if (run.over === 2) run.onOverLimit(rss);
}

async function sampleAll(pageBytes: number): Promise<Sample[]> {
  const samples = await Promise.all((await allPids()).map((pid) => sample(pid, pageBytes)));
  return samples.filter((one) => one !== undefined);
}

async function sample(pid: number, pageBytes: number): Promise<Sample | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (fields.length < 22) return undefined;
  const field = (index: number) => Number(fields[index]);
  return { key: `${pid}:${fields[19]}`, pid, group: field(2), cpuMs: (field(11) + field(12)) * TICK_MS, rssBytes: field(21) * pageBytes };
}

async function markOf(pid: number): Promise<string | undefined> {
  const prefix = `${MARK_VARIABLE}=`;
  return (await initialEnvironment(pid)).find((entry) => entry.startsWith(prefix))?.slice(prefix.length);
}

/** The kernel tells every process its page size in the auxiliary vector. */
async function pageSize(): Promise<number> {
  const vector = await readFile("/proc/self/auxv").catch(() => Buffer.alloc(0));
  for (let at = 0; at + 16 <= vector.length; at += 16) if (vector.readBigUInt64LE(at) === AT_PAGESZ) return Number(vector.readBigUInt64LE(at + 8));
  return 4096;
}
