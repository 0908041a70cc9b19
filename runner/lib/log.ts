// The runner's own log: one line an event, for people or for machines.

type Level = "debug" | "info" | "warn" | "error";
const SEVERITY: Readonly<Record<Level, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** Facts that go with a message; what is undefined is left out. */
export type Fields = Readonly<Record<string, unknown>>;

/** Writes one line for each event that is severe enough. */
export type Log = Readonly<Record<Level, (message: string, fields?: Fields) => void>>;

/** Makes a log that hands whole lines to `write`; `now` is asked for each line's time. */
export function createLog(
  { level, format, write, now = () => new Date() }:
  { level: Level; format: "text" | "json"; write: (line: string) => void; now?: () => Date },
): Log {
  const line = format === "json" ? jsonLine : textLine;
  const at = (severity: Level) => (message: string, fields: Fields = {}) => {
    if (SEVERITY[severity] >= SEVERITY[level]) write(line(now().toISOString(), severity, message, fields));
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

function jsonLine(time: string, level: Level, message: string, fields: Fields): string {
  const own = { time, level, message };
  return `${JSON.stringify({ ...own, ...fields, ...own })}\n`;
}

/** Control characters are escaped, so that nothing from outside can forge a line or steer a terminal. */
function textLine(time: string, level: Level, message: string, fields: Fields): string {
  const facts = Object.entries(fields).filter(([, value]) => value !== undefined).map(([name, value]) => ` ${name}=${plain(value)}`);
  return `${time} ${level.padEnd(5)} ${visible(message)}${facts.join("")}\n`;
}

function plain(value: unknown): string {
  return typeof value === "string" && /^[\w.:/@+-]+$/.test(value) ? value : visible(JSON.stringify(value) ?? String(value));
}

function visible(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (unit) => (unit === "\n" ? "\\n" : `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`));
}
