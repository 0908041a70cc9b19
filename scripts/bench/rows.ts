// A line of the benchmark's table: what was measured, beside what, and whether that is what was wanted.
import { spreadOf } from "./measuring.ts";
import type { Spread } from "./measuring.ts";
import type { Wanted } from "./wanted.ts";

/** A line of the table. */
export interface Row {
  readonly part: string;
  readonly what: string;
  readonly unit: string;
  readonly ours: Spread;
  /** What it stands beside, mostly the same without a runner. */
  readonly beside?: Spread & { readonly name: string };
  /** What is judged: a ratio or a difference of the medians, or our median itself. */
  readonly figure?: { readonly kind: FigureKind; readonly value: number };
  readonly wanted?: string;
  readonly reached?: boolean;
  readonly note?: string;
}

/** How the medians are put beside each other. */
export type FigureKind = "ratio" | "difference" | "value";

/** What a row is made of. */
export interface Measured {
  readonly part: string;
  readonly what: string;
  readonly unit: string;
  readonly ours: readonly number[];
  readonly beside?: { readonly name: string; readonly samples: readonly number[] };
  /** A ratio where there is something beside it, else none. */
  readonly kind?: FigureKind;
  readonly wanted?: Wanted | undefined;
  readonly note?: string;
}

/** Puts medians beside each other and judges them. */
export function toRow({ part, what, unit, ours: samples, beside, kind = beside === undefined ? undefined : "ratio", wanted, note }: Measured): Row {
  const ours = spreadOf(samples);
  const other = beside === undefined ? undefined : { ...spreadOf(beside.samples), name: beside.name };
  const figure = kind === undefined ? undefined : { kind, value: figureOf(kind, ours.median, other?.median ?? NaN) };
  return {
    part, what, unit, ours,
    ...(other === undefined ? {} : { beside: other }),
    ...(figure === undefined ? {} : { figure }),
    ...(wanted === undefined || figure === undefined ? {} : { wanted: wanted.shown, reached: reaches(figure.value, wanted) }),
    ...(note === undefined ? {} : { note }),
  };
}

function figureOf(kind: FigureKind, ours: number, other: number): number {
  if (kind === "value") return ours;
  return kind === "ratio" ? ours / other : ours - other;
}

function reaches(value: number, { most = Infinity, least = -Infinity }: Wanted): boolean {
  return value <= most && value >= least;
}
