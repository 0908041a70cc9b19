// Why a run ended, and what that means in a result: the one place that decides code, error code and words.
import { constants } from "node:os";

/** How a run ended; the first cause wins. */
export type TerminationReason =
  | { readonly kind: "exited"; readonly code: number }
  | { readonly kind: "signalled"; readonly signal: NodeJS.Signals }
  | { readonly kind: "returned" }
  | { readonly kind: "timed-out"; readonly afterMs: number }
  | { readonly kind: "cancelled" }
  | { readonly kind: "host-gone" }
  | { readonly kind: "shutdown" }
  | { readonly kind: "memory"; readonly limitMb: number; readonly usedMb: number }
  | { readonly kind: "start-failed"; readonly code: number; readonly errorCode: string; readonly message: string }
  | { readonly kind: "dependencies-failed"; readonly message: string }
  | { readonly kind: "lost" };

/** The name of an ending: a result's `reason`. */
export type TerminationKind = TerminationReason["kind"];

/** What a result says of its ending. */
export interface ResultStatus {
  readonly code: number;
  readonly signal?: string;
  readonly errorCode?: string;
  readonly clientMessage?: string;
  /** The runner's own line on stderr; always absent where the code is 0. */
  readonly sentence?: string;
}

/** Decides code, error code and words for an ending. Codes follow the shells' custom: 124 for a time-out, 128 + a signal's number. */
export function resultStatus(ending: TerminationReason): ResultStatus {
  switch (ending.kind) {
    case "exited":
      return { code: ending.code };
    case "returned":
      return { code: 0 };
    case "signalled":
      return { code: 128 + signalNumber(ending.signal), signal: ending.signal };
    case "timed-out":
      return { code: 124, errorCode: "TIMEOUT", sentence: `Timeout exceeded after ${ending.afterMs / 1000} s.` };
    case "cancelled":
      return { code: 130, errorCode: "CANCELLED", sentence: "The run was cancelled." };
    case "host-gone":
      return { code: 129, errorCode: "HOST_GONE", sentence: "The host closed the connection; the run was ended." };
    case "shutdown":
      return { code: 143, errorCode: "RUNNER_SHUTDOWN", sentence: "The runner was shut down before the run had ended." };
    case "memory":
      return { code: 137, errorCode: "MEMORY_LIMIT", sentence: `Memory limit exceeded: ${ending.usedMb} MB used, ${ending.limitMb} MB allowed.` };
    case "start-failed":
      return { code: ending.code, errorCode: ending.errorCode, sentence: ending.message };
    case "dependencies-failed":
      return { code: 90, errorCode: "NODE_DEPENDENCY_INSTALL_FAILED", clientMessage: "Try again later", sentence: ending.message };
    case "lost":
      return { code: 255, errorCode: "RUNNER_LOST", sentence: "The runner ended before the run had; how far it came is not known." };
  }
}

function signalNumber(signal: NodeJS.Signals): number {
  return constants.signals[signal] ?? 0;
}
