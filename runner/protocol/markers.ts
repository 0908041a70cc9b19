// The lines that helpers print for the runner (docs/protocol.md, section 3): their markers and what the payloads mean.

/** The marker before each kind of payload. */
export const MARKERS = {
  return: "__SCRIPTRETURN__",
  log: "__SCRIPTLOG__",
  notify: "__SCRIPTNOTIFY__",
} as const;

/** The common beginning of all markers. */
export const MARKER_STEM = "__SCRIPT";

/** What a marker line carries. */
export type MarkerKind = keyof typeof MARKERS;

/** The most notifications of a run; further ones stay ordinary output. */
export const MAX_NOTIFICATIONS = 50;
const MAX_AUDIENCE = 256;
const MAX_MESSAGE = 2000;

/** A structured log entry of a result. */
export interface LogEntry {
  readonly message: string;
  readonly level: "info" | "warn" | "error" | "success" | "debug";
  readonly type: string;
  readonly context: Readonly<Record<string, unknown>>;
  readonly order: number;
  readonly timestamp: string;
}

/** A notification of a result. */
export interface Notification {
  readonly order: number;
  readonly audience: string | null;
  readonly message: string;
  readonly level: "info" | "warn" | "error";
  readonly raw: unknown;
  readonly timestamp: string;
}

const LOG_LEVELS: ReadonlyMap<string, LogEntry["level"]> = new Map([
  ["info", "info"], ["warn", "warn"], ["warning", "warn"], ["error", "error"], ["success", "success"], ["debug", "debug"],
]);
const NOTIFY_LEVELS: ReadonlyMap<string, Notification["level"]> = new Map([
  ["info", "info"], ["warn", "warn"], ["warning", "warn"], ["error", "error"],
]);

/** The entry that a log marker's payload means; `order` counts from 0, `at` is ISO 8601. */
export function toLogEntry(payload: unknown, order: number, at: string): LogEntry {
  const fields = fieldsOf(payload) ?? { message: payload };
  return {
    message: asText(fields["message"]),
    level: LOG_LEVELS.get(keyword(fields["level"])) ?? "info",
    type: keyword(fields["type"]) || keyword(fields["category"]) || "general",
    context: asContext(fields["context"]),
    order,
    timestamp: at,
  };
}

/** The notification that a notify marker's payload means; `order` counts from 0, `at` is ISO 8601. */
export function toNotification(payload: unknown, order: number, at: string): Notification {
  const fields = fieldsOf(payload) ?? { message: payload };
  const audience = audienceOf(fields);
  return {
    order,
    audience,
    message: cut(firstText(fields, ["message", "text"]), MAX_MESSAGE),
    level: NOTIFY_LEVELS.get(keyword(fields["level"]) || keyword(fields["type"])) ?? "info",
    raw: payload,
    timestamp: at,
  };
}

/** The audience if it is text, trimmed; null for anything else, such as an array, which the host reads from `raw`. */
function audienceOf(fields: Readonly<Record<string, unknown>>): string | null {
  const value = firstPresent(fields, ["audience", "target", "user", "scope"]);
  return (typeof value === "string" && cut(value.trim(), MAX_AUDIENCE)) || null;
}

function firstText(fields: Readonly<Record<string, unknown>>, names: readonly string[]): string {
  return asText(firstPresent(fields, names));
}

function firstPresent(fields: Readonly<Record<string, unknown>>, names: readonly string[]): unknown {
  return names.map((name) => fields[name]).find((value) => value !== undefined && value !== null && value !== "");
}

/** At most the first `max` UTF-16 units of a text, without splitting a surrogate pair. */
function cut(text: string, max: number): string {
  return text.length <= max ? text : text.slice(0, max).replace(/[\ud800-\udbff]$/, "");
}

function asContext(value: unknown): Readonly<Record<string, unknown>> {
  if (value === undefined || value === null) return {};
  return fieldsOf(value) ?? { value };
}

function asText(value: unknown): string {
  if (typeof value === "string") return value;
  return value === undefined ? "" : JSON.stringify(value);
}

function keyword(value: unknown): string {
  return typeof value === "string" ? value.trim().toLowerCase() : "";
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
}
