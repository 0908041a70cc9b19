// Memory and CPU time of a process, from /proc (Linux).
import { readFileSync } from "node:fs";

/** Whether this system has /proc. */
export const HAS_PROC = process.platform === "linux";

/** The unit in which /proc counts CPU time; the same on all common architectures. */
const TICKS_PER_SECOND = 100;

/** Current resident memory, in MB of 1,000,000 bytes. */
export function residentMb(pid: number): number {
  return field(pid, "VmRSS");
}

/** Peak resident memory, in MB of 1,000,000 bytes. */
export function peakMb(pid: number): number {
  return field(pid, "VmHWM");
}

/** CPU time used so far, in milliseconds. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
}

function field(pid: number, name: string): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return (Number(new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(status)?.[1]) * 1024) / 1e6;
}
