// What a script reports through its helpers: the returned value, log entries and notifications.
import { isDeeperThan, MAX_DEPTH } from "../lib/depth.ts";
import { messageOf } from "../lib/failure.ts";
import { MAX_NOTIFICATIONS, toLogEntry, toNotification } from "../protocol/markers.ts";
import type { LogEntry, MarkerKind, Notification } from "../protocol/markers.ts";
import { NOTHING_HIDDEN } from "../redaction/redactor.ts";
import type { Redaction } from "../redaction/redactor.ts";
import { MAX_PAYLOAD } from "./marker-reader.ts";

/** The most log entries in a result; further ones are only counted. */
export const MAX_LOG_ENTRIES = 10_000;
/** The most UTF-16 units of all log payloads of a run together; further entries are only counted. */
export const MAX_LOG_UNITS = 8 * 1024 * 1024;
/** The same for notifications; further ones stay ordinary output. */
export const MAX_NOTIFICATION_UNITS = 4 * 1024 * 1024;

/** The first value that a script returned; `problem` says why it could not be read. */
export interface Returned {
  readonly value: unknown;
  readonly problem?: string;
}

/** What collecting structured output needs. */
export interface StructuredOutputOptions {
  /** Called once, at the first return. */
  readonly onReturn: () => void;
  /** Hides secrets in logs and notifications, not in the returned value. */
  readonly redaction?: Redaction;
  /** Dates the entries. */
  readonly now?: (() => Date) | undefined;
}

/** Collects what the markers of one run say, within limits. */
export class StructuredOutput {
  readonly #onReturn: () => void;
  readonly #redaction: Redaction;
  readonly #now: () => Date;
  readonly #logs: LogEntry[] = [];
  readonly #notifications: Notification[] = [];
  #logsDropped = 0;
  #logUnits = 0;
  #notificationUnits = 0;
  #returned: Returned | undefined;

  constructor({ onReturn, redaction = NOTHING_HIDDEN, now = () => new Date() }: StructuredOutputOptions) {
    this.#onReturn = onReturn;
    this.#redaction = redaction;
    this.#now = now;
  }

  get logs(): readonly LogEntry[] {
    return this.#logs;
  }

  /** How many log entries were over the limits. */
  get logsDropped(): number {
    return this.#logsDropped;
  }

  get notifications(): readonly Notification[] {
    return this.#notifications;
  }

  get returned(): Returned | undefined {
    return this.#returned;
  }

  /** Takes a marker's payload; false leaves its line in the ordinary output. */
  take(kind: MarkerKind, payload: string): boolean {
    const parsed = parsePayload(payload);
    if (kind === "return") {
      this.#takeReturn("problem" in parsed ? { value: null, problem: `Bad return JSON: ${parsed.problem}` } : parsed);
      return true;
    }
    if ("problem" in parsed) return false;
    return kind === "log" ? this.#takeLog(parsed.value, payload.length) : this.#takeNotification(parsed.value, payload.length);
  }

  /** Takes a return that was too large to read. */
  takeOversized(): void {
    const limitMib = MAX_PAYLOAD / 1024 / 1024;
    this.#takeReturn({ value: null, problem: `Bad return JSON: it is larger than the ${limitMib} MiB that a return may have` });
  }

  #takeReturn(returned: Returned): void {
    if (this.#returned !== undefined) return;
    this.#returned = returned;
    this.#onReturn();
  }

  #takeLog(payload: unknown, units: number): true {
    if (this.#logs.length >= MAX_LOG_ENTRIES || this.#logUnits + units > MAX_LOG_UNITS) {
      this.#logsDropped += 1;
      return true;
    }
    this.#logUnits += units;
    this.#logs.push(toLogEntry(this.#redaction.value(payload), this.#logs.length, this.#now().toISOString()));
    return true;
  }

  #takeNotification(payload: unknown, units: number): boolean {
    const order = this.#notifications.length;
    if (order >= MAX_NOTIFICATIONS || this.#notificationUnits + units > MAX_NOTIFICATION_UNITS) return false;
    this.#notificationUnits += units;
    this.#notifications.push(toNotification(this.#redaction.value(payload), order, this.#now().toISOString()));
    return true;
  }
}

function parsePayload(payload: string): { readonly value: unknown } | { readonly problem: string } {
  try {
    const value: unknown = JSON.parse(payload);
    return isDeeperThan(value) ? { problem: `it is nested deeper than ${MAX_DEPTH} levels` } : { value };
  } catch (error) {
    return { problem: messageOf(error) };
  }
}
