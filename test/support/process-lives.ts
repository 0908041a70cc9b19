// Whether a process still runs, on any platform that has signals, seen without the code under test.
import { readFileSync } from "node:fs";

/** Whether a process runs; one that is dead and that nobody has reaped yet does not, once all of its threads have ended. */
export function processLives(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return !/^[ZX]/.test(fields[0] ?? "") || Number(fields[17]) > 1;
  } catch {
    return process.platform !== "linux";
  }
}
