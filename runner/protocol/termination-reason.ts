// Why a run ended, and what that means in its result: the one place that decides code, error code and message.
import { constants } from "node:os";

/** Why a run ended; the first reason wins. */
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

/** The name of a termination reason: a result's `reason`. */
export type TerminationKind = TerminationReason["kind"];

/** What a result says about its termination. */
export interface ResultStatus {
  readonly code: number;
  readonly signal?: string;
  readonly errorCode?: string;
  readonly clientMessage?: string;
  /** The runner's own line on stderr; never present with code 0, because the host shows such a run as failed. */
  readonly message?: string;
}

/** Decides code, error code and message for a termination reason. Codes follow the shells: 124 for a timeout, 128 + N for signal N. */
export function resultStatus(reason: TerminationReason): ResultStatus {
  switch (reason.kind) {
    case "exited":
      return { code: reason.code };
    case "returned":
      return { code: 0 };
    case "signalled":
      return { code: 128 + signalNumber(reason.signal), signal: reason.signal };
    case "timed-out":
      return { code: 124, errorCode: "TIMEOUT", message: `Timeout exceeded after ${reason.afterMs / 1000} s.` };
    case "cancelled":
      return { code: 130, errorCode: "CANCELLED", message: "The run was cancelled." };
    case "host-gone":
      return { code: 129, errorCode: "HOST_GONE", message: "The host closed the connection; the run was ended." };
    case "shutdown":
      return { code: 143, errorCode: "RUNNER_SHUTDOWN", message: "The runner was shut down before the run had ended." };
    case "memory":
      return {
        code: 137, errorCode: "MEMORY_LIMIT",
        message: `Memory limit exceeded: ${reason.usedMb} MB used, ${reason.limitMb} MB allowed.`,
      };
    case "start-failed":
      return { code: reason.code, errorCode: reason.errorCode, message: reason.message };
    case "dependencies-failed":
      return { code: 90, errorCode: "NODE_DEPENDENCY_INSTALL_FAILED", clientMessage: "Try again later", message: reason.message };
    case "lost":
      return { code: 255, errorCode: "RUNNER_LOST", message: "The runner ended before the run had; how far it came is not known." };
  }
}

function signalNumber(signal: NodeJS.Signals): number {
  return constants.signals[signal] ?? 0;
}
