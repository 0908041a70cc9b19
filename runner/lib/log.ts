// The runner's own log: one line per event, as text for people or as JSON for machines.
import { escapeControls } from "./text.ts";

/** How severe an event is. */
export type Level = "debug" | "info" | "warn" | "error";
const SEVERITY: Readonly<Record<Level, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** Values that go with a message; undefined ones are left out. */
export type Fields = Readonly<Record<string, unknown>>;

/** Writes one line for each event that is severe enough. */
export type Log = Readonly<Record<Level, (message: string, fields?: Fields) => void>>;

/** Makes a log that passes each line, with its line break, to `write`. */
export function createLog(
  { level, format, write, now = () => new Date() }:
  { level: Level; format: "text" | "json"; write: (line: string) => void; now?: () => Date },
): Log {
  const toLine = format === "json" ? jsonLine : textLine;
  const at = (severity: Level) => (message: string, fields: Fields = {}) => {
    if (SEVERITY[severity] >= SEVERITY[level]) write(toLine(now().toISOString(), severity, message, fields));
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

function jsonLine(time: string, level: Level, message: string, fields: Fields): string {
  const own = { time, level, message };
  return `${JSON.stringify({ ...own, ...fields, ...own })}\n`;
}

function textLine(time: string, level: Level, message: string, fields: Fields): string {
  const pairs = Object.entries(fields).filter(([, value]) => value !== undefined).map(([name, value]) => ` ${name}=${fieldText(value)}`);
  return `${time} ${level.padEnd(5)} ${escapeControls(message)}${pairs.join("")}\n`;
}

/** Text that needs no quotes stands as it is, everything else as JSON. */
function fieldText(value: unknown): string {
  return typeof value === "string" && /^[\w.:/@+-]+$/.test(value) ? value : escapeControls(JSON.stringify(value) ?? String(value));
}
