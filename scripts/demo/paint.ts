// Colours where a terminal can show them, plain text elsewhere; NO_COLOR is respected.

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, cyan: 36 } as const;

/** The name of a colour or a weight. */
export type Ink = keyof typeof CODES;

/** Puts text into a colour, or leaves it as it is. */
export type Paint = (ink: Ink, text: string) => string;

/** The colour of each language's prefix. */
export const LANGUAGE_INK: Readonly<Record<string, Ink>> = { node: "green", python: "yellow", powershell: "blue", shell: "magenta" };

/** Paint for a stream: Node itself looks at NO_COLOR, FORCE_COLOR and TERM. */
export function paintFor(stream: NodeJS.WriteStream): Paint {
  const colours = stream.isTTY && stream.hasColors();
  return colours ? (ink, text) => `\u001b[${CODES[ink]}m${text}\u001b[0m` : (_ink, text) => text;
}
