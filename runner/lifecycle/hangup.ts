// Finds out whether the runner was started with SIGHUP ignored, which is how `nohup` keeps a process alive after its terminal
// has closed. Node restores the default of every ignored signal before it runs any script (`ResetSignalHandlers` in
// src/node.cc), so the process cannot simply look; it looks for the traces that an ignored SIGHUP leaves elsewhere.
import { readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";

/** The bits of a descriptor's flags that say whether it is open for reading, writing or both, and their value for writing. */
const ACCESS_MODE = 3;
const WRITE_ONLY = 1;

/**
 * Whether SIGHUP was ignored when the process was started. A `nohup` that no shell started and whose
 * streams are all redirected leaves no trace and is not recognized.
 */
export function wasHangupIgnored(env: NodeJS.ProcessEnv = process.env, parent: number = process.ppid): boolean {
  return wasStartedByNohup(env) || hasStreamsOfNohup() || ignoresHangup(parent);
}

/** Shells tell each command by which path they started it; `nohup` then replaces itself with the real command. */
function wasStartedByNohup({ _: command }: NodeJS.ProcessEnv): boolean {
  return command !== undefined && basename(command) === "nohup";
}

/** On a terminal, `nohup` writes to `nohup.out`, and GNU's reads from a `/dev/null` that is open for writing only. */
function hasStreamsOfNohup(): boolean {
  if ([1, 2].some((fd) => basename(readLink(`/proc/self/fd/${fd}`)) === "nohup.out")) return true;
  const flags = Number.parseInt(/^flags:\s*(\d+)/m.exec(read("/proc/self/fdinfo/0"))?.[1] ?? "0", 8);
  return readLink("/proc/self/fd/0") === "/dev/null" && (flags & ACCESS_MODE) === WRITE_ONLY;
}

/** An ignored signal is inherited: where the parent ignores SIGHUP, this process started with it ignored (Linux). */
function ignoresHangup(pid: number): boolean {
  const mask = /^SigIgn:\s*([0-9a-f]+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? "0";
  return (BigInt(`0x${mask}`) & 1n) === 1n;
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function readLink(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return "";
  }
}
