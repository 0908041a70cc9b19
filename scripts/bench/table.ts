// The rows as Markdown tables that are also readable on a terminal.
import type { Machine } from "./machine.ts";
import type { Row } from "./rows.ts";
import type { Spread } from "./sampling.ts";

const HEADS = ["what", "unit", "runner", "baseline", "figure", "target", ""] as const;
/** The columns with numbers. */
const RIGHT_ALIGNED: ReadonlySet<number> = new Set([2, 3, 4]);

/** The machine, and a table per part. */
export function tableOf(machine: Machine, rows: readonly Row[]): string {
  const parts = [...new Set(rows.map(({ part }) => part))];
  const rowsOf = (part: string): string[][] => rows.filter((row) => row.part === part).map(cells);
  const tables = parts.map((part) => `${part}\n\n${aligned([HEADS, ...rowsOf(part)])}`);
  return [Object.entries(machine).map(([name, value]) => `${name}: ${value}`).join("\n"), ...tables].join("\n\n");
}

function cells(row: Row): string[] {
  const { what, unit, ours, baseline, target = "", reached } = row;
  const outcome = reached === undefined ? "" : reached ? "reached" : "MISSED";
  return [
    row.note === undefined ? what : `${what} (${row.note})`, unit,
    spread(ours), baseline === undefined ? "" : `${baseline.name} ${spread(baseline)}`,
    figure(row), target, outcome,
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

/** A Markdown table whose columns line up in plain text too. */
function aligned(lines: readonly (readonly string[])[]): string {
  const widths = HEADS.map((_, column) => Math.max(3, ...lines.map((line) => line[column]?.length ?? 0)));
  const drawn = lines.map((line) => `| ${line.map((cell, column) => pad(cell, column, widths[column] ?? 0)).join(" | ")} |`);
  const rules = widths.map((width, column) => (RIGHT_ALIGNED.has(column) ? `${"-".repeat(width - 1)}:` : "-".repeat(width)));
  return [drawn[0], `| ${rules.join(" | ")} |`, ...drawn.slice(1)].join("\n");
}

function pad(cell: string, column: number, width: number): string {
  return RIGHT_ALIGNED.has(column) ? cell.padStart(width) : cell.padEnd(width);
}
