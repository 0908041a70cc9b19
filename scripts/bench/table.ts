// The rows as a table that a person can read, on a terminal and in a document alike.
import type { Machine } from "./machine.ts";
import type { Row } from "./rows.ts";
import type { Spread } from "./measuring.ts";

const HEADS = ["what", "unit", "runner", "beside it", "figure", "wanted", ""] as const;
/** Columns with numbers. */
const TO_THE_RIGHT: ReadonlySet<number> = new Set([2, 3, 4]);

/** The machine and, part by part, the rows. */
export function tableOf(machine: Machine, rows: readonly Row[]): string {
  const parts = [...new Set(rows.map(({ part }) => part))];
  const tables = parts.map((part) => `${part}\n\n${aligned([HEADS, ...rows.filter((row) => row.part === part).map(cells)])}`);
  return [Object.entries(machine).map(([name, value]) => `${name}: ${value}`).join("\n"), ...tables].join("\n\n");
}

function cells(row: Row): string[] {
  const { what, unit, ours, beside, wanted = "", reached } = row;
  const verdict = reached === undefined ? "" : reached ? "reached" : "MISSED";
  return [
    row.note === undefined ? what : `${what} (${row.note})`, unit, spread(ours), beside === undefined ? "" : `${beside.name} ${spread(beside)}`,
    figure(row), wanted, verdict,
  ];
}

/** The median and, where there is more than one sample, the quartiles. */
function spread({ median, lower, upper, samples }: Spread): string {
  return samples === 1 ? round(median) : `${round(median)} (${round(lower)}–${round(upper)})`;
}

function figure({ figure: found }: Row): string {
  if (found === undefined || found.kind === "value") return "";
  if (found.kind === "ratio") return `× ${found.value.toFixed(2)}`;
  return `${found.value < 0 ? "−" : "+"} ${round(Math.abs(found.value))}`;
}

function round(value: number): string {
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}

/** A table in Markdown whose columns also stand in line where it is not rendered. */
function aligned(lines: readonly (readonly string[])[]): string {
  const widths = HEADS.map((_, column) => Math.max(3, ...lines.map((line) => line[column]?.length ?? 0)));
  const drawn = lines.map((line) => `| ${line.map((cell, column) => pad(cell, column, widths[column] ?? 0)).join(" | ")} |`);
  const rule = `| ${widths.map((width, column) => (TO_THE_RIGHT.has(column) ? `${"-".repeat(width - 1)}:` : "-".repeat(width))).join(" | ")} |`;
  return [drawn[0], rule, ...drawn.slice(1)].join("\n");
}

function pad(cell: string, column: number, width: number): string {
  return TO_THE_RIGHT.has(column) ? cell.padStart(width) : cell.padEnd(width);
}
