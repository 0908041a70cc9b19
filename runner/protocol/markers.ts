// The lines that helpers print for the runner (protocol, section 3): their markers and what the payloads mean.

/** What stands before each kind of payload. */
export const MARKERS = {
  return: "__SCRIPTRETURN__",
  log: "__SCRIPTLOG__",
  notify: "__SCRIPTNOTIFY__",
} as const;

/** What every marker begins with. */
export const MARKER_STEM = "__SCRIPT";

/** What a marker line announces. */
export type MarkerKind = keyof typeof MARKERS;

/** Notifications beyond this many stay ordinary output. */
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
    level: LOG_LEVELS.get(word(fields["level"])) ?? "info",
    type: word(fields["type"]) || word(fields["category"]) || "general",
    context: asContext(fields["context"]),
    order,
    timestamp: at,
  };
}

/** The notification that a notify marker's payload means; `order` counts from 0, `at` is ISO 8601. */
export function toNotification(payload: unknown, order: number, at: string): Notification {
  const fields = fieldsOf(payload) ?? { message: payload };
  const audience = cut(firstText(fields, ["audience", "target", "user", "scope"]).trim(), MAX_AUDIENCE);
  return {
    order,
    audience: audience === "" ? null : audience,
    message: cut(firstText(fields, ["message", "text"]), MAX_MESSAGE),
    level: NOTIFY_LEVELS.get(word(fields["level"])) ?? "info",
    raw: payload,
    timestamp: at,
  };
}

function firstText(fields: Readonly<Record<string, unknown>>, names: readonly string[]): string {
  for (const name of names) {
    const value = fields[name];
    if (value !== undefined && value !== null && value !== "") return asText(value);
  }
  return "";
}

/** The beginning of a text, no surrogate pair torn. */
function cut(text: string, most: number): string {
  return text.length <= most ? text : text.slice(0, most).replace(/[\ud800-\udbff]$/, "");
}

function asContext(value: unknown): Readonly<Record<string, unknown>> {
  if (value === undefined || value === null) return {};
  return fieldsOf(value) ?? { value };
}

function asText(value: unknown): string {
  if (typeof value === "string") return value;
  return value === undefined ? "" : JSON.stringify(value);
}

function word(value: unknown): string {
  return typeof value === "string" ? value.trim().toLowerCase() : "";
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
}
