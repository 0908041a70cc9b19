// Colors for a terminal that supports them; plain text elsewhere and with NO_COLOR.
import { LANGUAGES } from "../../runner/languages/table.ts";

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, cyan: 36 } as const;

/** A color or a weight. */
export type Color = keyof typeof CODES;

/** Colors a text, or returns it unchanged. */
export type Paint = (color: Color, text: string) => string;

const LANGUAGE_COLORS: readonly Color[] = ["green", "yellow", "blue", "magenta", "cyan"];

/** The color of a language's lines, by its place in the table of languages. */
export function languageColor(name: string): Color {
  return LANGUAGE_COLORS[LANGUAGES.findIndex((language) => language.name === name) % LANGUAGE_COLORS.length] ?? "cyan";
}

/** The paint for a stream. Node checks NO_COLOR, FORCE_COLOR and TERM. */
export function paintFor(stream: NodeJS.WriteStream): Paint {
  const hasColors = stream.isTTY && stream.hasColors();
  return hasColors ? (color, text) => `\u001b[${CODES[color]}m${text}\u001b[0m` : (_color, text) => text;
}
