// What a script told the runner through its helpers: returned value, log entries, notifications.
import { isDeeperThan, MAX_DEPTH } from "../lib/depth.ts";
import { messageOf } from "../lib/failure.ts";
import { MAX_NOTIFICATIONS, toLogEntry, toNotification } from "../protocol/markers.ts";
import type { LogEntry, MarkerKind, Notification } from "../protocol/markers.ts";
import { MAX_PAYLOAD } from "./marker-reader.ts";
import { NOTHING_HIDDEN } from "../redaction/redactor.ts";
import type { Redaction } from "../redaction/redactor.ts";

/** How many log entries a result carries; more are counted. */
export const MAX_LOG_ENTRIES = 10_000;
/** How much the payloads of a run's log entries may come to, in UTF-16 units; entries beyond it are counted. */
export const MAX_LOG_UNITS = 8 * 1024 * 1024;
/** The same for notifications; those beyond it stay ordinary output. */
export const MAX_NOTIFICATION_UNITS = 4 * 1024 * 1024;

/** The first value that a script returned; `problem` says why it could not be read. */
export interface Returned {
  readonly value: unknown;
  readonly problem?: string;
}

/** Collects what the markers of one run say. */
export interface StructuredOutput {
  readonly logs: readonly LogEntry[];
  /** Log entries beyond `MAX_LOG_ENTRIES` and `MAX_LOG_UNITS`. */
  readonly logsDropped: number;
  readonly notifications: readonly Notification[];
  readonly returned: Returned | undefined;
  /** Takes a marker's payload; false leaves it in the ordinary output. */
  take(kind: MarkerKind, payload: string): boolean;
  /** Takes a return that was too large to keep. */
  takeOversized(): void;
}

/** Makes a collection; `onReturn` is called once, at the first return; secrets are hidden in all but the returned value; `now` dates the entries. */
export function createStructuredOutput(onReturn: () => void, redaction: Redaction = NOTHING_HIDDEN, now: () => Date = () => new Date()): StructuredOutput {
  const logs: LogEntry[] = [];
  const notifications: Notification[] = [];
  let logsDropped = 0;
  let logUnits = 0;
  let notificationUnits = 0;
  let returned: Returned | undefined;

  function takeReturn(found: Returned): void {
    if (returned !== undefined) return;
    returned = found;
    onReturn();
  }

  function takeLog(payload: unknown, units: number): true {
    if (logs.length >= MAX_LOG_ENTRIES || logUnits + units > MAX_LOG_UNITS) {
      logsDropped += 1;
      return true;
    }
    logUnits += units;
    logs.push(toLogEntry(redaction.value(payload), logs.length, now().toISOString()));
    return true;
  }

  function takeNotification(payload: unknown, units: number): boolean {
    if (notifications.length >= MAX_NOTIFICATIONS || notificationUnits + units > MAX_NOTIFICATION_UNITS) return false;
    notificationUnits += units;
    notifications.push(toNotification(redaction.value(payload), notifications.length, now().toISOString()));
    return true;
  }

  return {
    logs,
    notifications,
    get logsDropped() { return logsDropped; },
    get returned() { return returned; },
    take(kind, payload) {
      const parsed = parse(payload);
      if (kind === "return") {
        takeReturn("problem" in parsed ? { value: null, problem: `Bad return JSON: ${parsed.problem}` } : parsed);
        return true;
      }
      if ("problem" in parsed) return false;
      return kind === "log" ? takeLog(parsed.value, payload.length) : takeNotification(parsed.value, payload.length);
    },
    takeOversized() {
      takeReturn({ value: null, problem: `Bad return JSON: it is larger than the ${MAX_PAYLOAD / 1024 / 1024} MiB that a return may have` });
    },
  };
}

function parse(payload: string): { readonly value: unknown } | { readonly problem: string } {
  try {
    const value: unknown = JSON.parse(payload);
    return isDeeperThan(value) ? { problem: `it is nested deeper than ${MAX_DEPTH} levels` } : { value };
  } catch (error) {
    return { problem: messageOf(error) };
  }
}
