// A token of JavaScript or TypeScript code.

/** One word, literal, punctuator or comment. */
export interface Token {
  /**
   * `string` is closed and quoted, `template` closed and without substitutions; `operand` is every other literal, also
   * an unterminated one. A template with substitutions is an `operand` and `${`, then its code, and so on.
   */
  readonly kind: "word" | "string" | "template" | "operand" | "punctuator" | "comment";
  /** Of strings, templates and comments the raw text between their delimiters; empty for operands. */
  readonly text: string;
  /** The lines of its first and last character, from 1. */
  readonly line: number;
  readonly lastLine: number;
  /** Whether an operand ends with it, so that an operator may follow. */
  readonly endsOperand: boolean;
  /** Of `(`: the keyword of the statement to which the parentheses belong, such as `if`. */
  readonly head?: string | undefined;
}

/** Whether a word after this token is the name of a property. */
export function precedesProperty(token: Token | undefined): boolean {
  return token?.kind === "punctuator" && (token.text === "." || token.text === "?." || token.text === "#");
}
