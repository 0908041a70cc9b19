// What a run ends with (protocol, section 2).
import type { TerminationKind } from "./termination-reason.ts";
import type { LogEntry, Notification } from "./markers.ts";

/** A process that a run left behind and the runner ended. */
export interface Leftover {
  readonly pid: number;
  readonly command: string;
}

/** The result as the host reads it; the fields behind `input` are ours. */
export interface RunResult {
  readonly runId: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
  /** Whole milliseconds from the accepted job to its end. */
  readonly duration: number;
  readonly returnData: unknown;
  readonly automnLogs: readonly LogEntry[];
  readonly automnNotifications: readonly Notification[];
  readonly input: unknown;
  readonly reason: TerminationKind;
  readonly signal?: string;
  readonly errorCode?: string;
  /** A sentence for the caller of the host's API. */
  readonly clientMessage?: string;
  /** Whether the process was started for the run or ahead of it; absent where there was none. */
  readonly start?: "warm" | "cold";
  /** The largest sum of resident memory and the processor time seen; absent for runs too short for that. */
  readonly usage?: { readonly maxRssBytes: number; readonly cpuMs: number };
  /** What the run had left running, and the runner ended. */
  readonly leftovers?: readonly Leftover[];
  /** How many bytes `stdout` and `stderr` leave out; absent where they are whole. */
  readonly truncated?: { readonly stdout: number; readonly stderr: number };
  /** Log entries beyond those in `automnLogs`. */
  readonly automnLogsDropped?: number;
}
