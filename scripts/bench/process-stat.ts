// What the system says of a process (Linux).
import { readFileSync } from "node:fs";

/** Whether the system says anything. */
export const TELLS = process.platform === "linux";

/** Hertz of the clock in which CPU time is counted; the same on every Linux of these architectures. */
const TICKS_PER_SECOND = 100;

/** Resident memory now, in MB of 1,000,000 bytes. */
export function residentMb(pid: number): number {
  return field(pid, "VmRSS");
}

/** The most resident memory so far, in MB of 1,000,000 bytes. */
export function peakMb(pid: number): number {
  return field(pid, "VmHWM");
}

/** CPU time so far, in milliseconds. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
}

function field(pid: number, name: string): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return (Number(new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(status)?.[1]) * 1024) / 1e6;
}
