// The one reader of /proc. Nobody but the Linux files of this folder imports it.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { readFile, readdir } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";

/** What /proc/PID/stat tells of a process. */
export interface ProcessStat {
  readonly pid: number;
  /** One letter, as `ps` shows it. */
  readonly state: string;
  readonly group: number;
  /** Whether it is dead, and has only not been reaped yet. */
  readonly dead: boolean;
  /** Whether it is on its way out, or dead: no code of it runs any more, but its files may not be closed yet. */
  readonly exiting: boolean;
  /** In clock ticks since the machine's start: with the pid, unique. */
  readonly startTime: string;
  /** Processor time so far, in milliseconds. */
  readonly cpuMs: number;
  /** Resident memory, in pages. */
  readonly rssPages: number;
}

/** The kernel's unit of processor time for user space, the same on every Linux. */
const TICK_MS = 10;
/** The flag of a process that is on its way out, from the kernel's sched.h. */
const PF_EXITING = 0x4;
/** The key of the page size in the auxiliary vector. */
const AT_PAGESZ = 6n;
/** So many processes are looked at before other work has its turn. */
const BATCH = 32;

/** Every process id there is; none where /proc cannot be read. */
export async function listPids(): Promise<number[]> {
  return pidsAmong(await readdir("/proc").catch(() => []));
}

/** As `listPids`, without waiting: for the moment before the runner's own end. */
export function listPidsNow(): number[] {
  try {
    return pidsAmong(readdirSync("/proc"));
  } catch {
    return [];
  }
}

function pidsAmong(names: readonly string[]): number[] {
  return names.map(Number).filter((pid) => pid > 0);
}

/** The processes among these that are still there; other work has its turn in between. */
export async function* readStats(pids: Iterable<number>): AsyncGenerator<ProcessStat> {
  let count = 0;
  for (const pid of pids) {
    count += 1;
    if (count % BATCH === 0) await setImmediate();
    const stat = readStat(pid);
    if (stat !== undefined) yield stat;
  }
}

/** What /proc tells of a process; nothing when it has gone. */
export function readStat(pid: number): ProcessStat | undefined {
  const stat = readNow(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, , group, , , , flags] = fields;
  const [threads, , startTime] = fields.slice(17);
  if (state === undefined || startTime === undefined) return undefined;
  // While other threads go on, a main thread that has ended says nothing about the process.
  const alone = Number(threads) <= 1;
  const dead = alone && (state === "Z" || state === "X");
  return {
    pid, state, startTime, dead,
    group: Number(group),
    exiting: dead || (alone && (Number(flags) & PF_EXITING) !== 0),
    cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS,
    rssPages: Number(fields[21]),
  };
}

/** The environment that a process was started with, as `NAME=value` texts; empty when it has gone or is another user's. */
export function readEnvironment(pid: number): string[] {
  return readNow(`/proc/${pid}/environ`).split("\0");
}

/** The command line of a process; its name in brackets where it has none. */
export async function readCommand(pid: number): Promise<string> {
  const line = (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).replace(/\0+$/, "").replaceAll("\0", " ");
  if (line !== "") return line;
  return `[${(await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "?")).trim()}]`;
}

/** The pid that the kernel has given out last; undefined where /proc cannot be read. */
export function readNewestPid(): number | undefined {
  return Number(readNow("/proc/loadavg").trim().split(" ").at(-1)) || undefined;
}

/**
 * What tells the PID namespace of this process from every other one, on any machine and after any restart of it; nothing
 * where /proc does not tell, or shows another namespace.
 */
export function readPidNamespace(): string | undefined {
  const boot = readNow("/proc/sys/kernel/random/boot_id").trim();
  const pidNamespace = readLinkNow("/proc/self/ns/pid");
  const isShown = readLinkNow("/proc/self") === String(process.pid);
  return isShown && boot !== "" && pidNamespace !== "" ? `${boot} ${pidNamespace}` : undefined;
}

/** The size of a memory page in bytes, which the kernel tells every process in the auxiliary vector. */
export async function readPageSize(): Promise<number> {
  const vector = await readFile("/proc/self/auxv").catch(() => Buffer.alloc(0));
  for (let at = 0; at + 16 <= vector.length; at += 16) {
    if (vector.readBigUInt64LE(at) === AT_PAGESZ) return Number(vector.readBigUInt64LE(at + 8));
  }
  return 4096;
}

/**
 * A file of /proc, empty where the process has gone or is another user's. Read without waiting: the kernel answers from
 * memory in hundredths of a millisecond, and the way through the thread pool costs every core many times that.
 */
function readNow(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** What a link of /proc names; nothing where there is none. */
function readLinkNow(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return "";
  }
}
