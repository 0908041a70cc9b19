// Turns a run's log frames into lines for a terminal, with the helpers' marker lines made readable.
import type { Color, Paint } from "./colors.ts";

const LEVEL_COLORS: Readonly<Record<string, Color>> = { success: "green", warn: "yellow", warning: "yellow", error: "red", debug: "dim" };

/** Accepts the texts of log frames. */
export interface LiveLines {
  push(text: string): void;
}

/** Passes each complete line to `show`, with colors. As on the host, the marker line of a returned value is not shown. */
export function liveLines(paint: Paint, show: (line: string) => void): LiveLines {
  let rest = "";
  return {
    push(text) {
      const lines = (rest + text).split(/\r?\n/);
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const shown = readable(line, paint);
        if (shown !== undefined) show(shown);
      }
    },
  };
}

function readable(line: string, paint: Paint): string | undefined {
  const marker = /^(__SCRIPT(?:RETURN|LOG|NOTIFY)__)(.*)$/.exec(line);
  if (marker === null) return printable(line);
  if (marker[1] === "__SCRIPTRETURN__") return undefined;
  const fields = parse(marker[2] ?? "");
  if (fields === undefined) return printable(line);
  const level = String(fields["level"] ?? "info");
  const badge = paint(LEVEL_COLORS[level] ?? "cyan", marker[1] === "__SCRIPTLOG__" ? `● ${level}` : "✉ notify");
  return marker[1] === "__SCRIPTLOG__"
    ? `${badge}  ${printable(String(fields["message"]))}${context(fields["context"], paint)}`
    : `${badge} ${printable(String(fields["audience"]))}: ${printable(String(fields["message"]))}`;
}

function context(value: unknown, paint: Paint): string {
  const empty = typeof value !== "object" || value === null || Object.keys(value).length === 0;
  return empty ? "" : `  ${paint("dim", JSON.stringify(value))}`;
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Removes control characters, so that a script's output cannot control the terminal. */
function printable(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "");
}
