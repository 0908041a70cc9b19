// Process trees by /proc: the group, and what left it, found by the mark in its environment.
import { readdirSync, readFileSync } from "node:fs";
import { readFile, readdir } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { KEEP_VARIABLE, MARK_VARIABLE } from "./environment.ts";
import { isThere, sendSignal } from "./signal.ts";
import type { ProcessTree, Root, Survivor } from "./tree.ts";

/** In less time than this the kernel can't have gone through all process ids once. */
const PIDS_IN_ORDER_MS = 1_000;
/** So many processes are looked at before other work has its turn. */
const AT_ONCE = 32;

/** What /proc tells of a process. */
export interface ProcessStat {
  readonly pid: number;
  readonly state: string;
  readonly group: number;
  /** In clock ticks since the machine's start: with the pid, unique. */
  readonly startTime: string;
}

/** Process trees on Linux. */
export function createLinuxTree(): ProcessTree {
  return {
    signalGroup: (root, signal) => sendSignal(-root.pid, signal),
    signalOne: (pid, signal) => sendSignal(pid, signal),
    killMarked,
    async survivors(root) {
      if (newestPid() === startPid(root) && !isThere(-root.pid)) return [];
      const pids = await allPids();
      const newest = newestPid();
      const candidates = pids.filter((pid) => pid !== process.pid && mayBeNewer(pid, root, newest));
      const found: (ProcessStat & { readonly inGroup: boolean })[] = [];
      for (const [index, pid] of candidates.entries()) {
        if (index % AT_ONCE === AT_ONCE - 1) await setImmediate();
        const facts = parseStat(pid, readNow(`/proc/${pid}/stat`));
        const inGroup = facts?.group === root.pid;
        if (facts !== undefined && !isDead(facts) && (inGroup || isOf(root, pid))) found.push({ ...facts, inGroup });
      }
      return Promise.all(found.map(async ({ pid, inGroup }): Promise<Survivor> => ({ pid, inGroup, command: await commandOf(pid) })));
    },
  };
}

/** Facts of a process, or nothing when it has gone. */
export async function processStat(pid: number): Promise<ProcessStat | undefined> {
  return parseStat(pid, await readFile(`/proc/${pid}/stat`, "utf8").catch(() => ""));
}

function parseStat(pid: number, stat: string): ProcessStat | undefined {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, , group] = fields;
  const startTime = fields[19];
  if (state === undefined || group === undefined || startTime === undefined) return undefined;
  return { pid, state, group: Number(group), startTime };
}

/** The environment that a process was started with, as `NAME=value` texts; empty when it has gone or is another user's. */
export async function initialEnvironment(pid: number): Promise<string[]> {
  const environment = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "");
  return environment.split("\0");
}

/** Every process id there is. */
export async function allPids(): Promise<number[]> {
  return (await readdir("/proc")).map(Number).filter((pid) => pid > 0);
}

/** The command line of a process; its name in brackets where it has none. */
export async function commandOf(pid: number): Promise<string> {
  const line = (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).replace(/\0+$/, "").replaceAll("\0", " ");
  if (line !== "") return line;
  return `[${(await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "?")).trim()}]`;
}

/** Reads without waiting: this is for the moment before the runner's own end. */
function killMarked(markPrefix: string): void {
  for (const name of readdirSync("/proc")) {
    const environment = /^\d+$/.test(name) ? readNow(`/proc/${name}/environ`).split("\0") : [];
    const marked = environment.some((entry) => entry.startsWith(`${MARK_VARIABLE}=${markPrefix}`));
    if (marked && !environment.includes(`${KEEP_VARIABLE}=1`)) sendSignal(Number(name), "SIGKILL");
  }
}

function isDead({ state }: ProcessStat): boolean {
  return state === "Z" || state === "X";
}

/** Whether a process carries the run's mark, and does not ask to stay. */
function isOf(root: Root, pid: number): boolean {
  const environment = readNow(`/proc/${pid}/environ`).split("\0");
  return environment.includes(`${MARK_VARIABLE}=${root.mark}`) && !environment.includes(`${KEEP_VARIABLE}=1`);
}

/**
 * A file of /proc, empty where the process has gone or is another user's. Read without waiting: the kernel answers from
 * memory in hundredths of a millisecond, the way through the thread pool takes many times that, of every core.
 */
function readNow(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** The pid that the kernel gave out last; no number where there is no /proc. */
export function newestPid(): number {
  return Number(readNow("/proc/loadavg").trim().split(" ").at(-1)) || Number.NaN;
}

/** Whether a process can have been started after the root: pids are given out in order and begin anew at the end. */
function mayBeNewer(pid: number, root: Root, newest: number): boolean {
  if (performance.now() - root.startedAt > PIDS_IN_ORDER_MS || Number.isNaN(newest)) return true;
  const first = startPid(root);
  return newest >= first ? pid > first && pid <= newest : pid > first || pid <= newest;
}

/** Every process of the run but the root itself has a later pid than this. */
function startPid({ pid, newestPid: newest }: Root): number {
  return newest ?? pid;
}
