// The brackets that are open at a point in JavaScript code, as far as it takes to tell what a slash after them begins.
import { precedesProperty, type Token } from "./javascript-token.ts";

/** Words whose parentheses are followed by a statement or block. */
const HEADS: ReadonlySet<string> = new Set(["if", "while", "for", "with", "switch", "catch"]);
/** Words that a block follows, although an expression may follow them too. */
const BEFORE_BLOCK: ReadonlySet<string> = new Set(["do", "else"]);
const BEFORE_STATEMENTS: ReadonlySet<string> = new Set([")", "]", ";", "=>", ">"]);

/** One that is open; `${` is that of a substitution in a template. */
interface Bracket {
  readonly kind: "(" | "[" | "{" | "${";
  /** Whether a slash after its closing begins a regular expression. */
  readonly regexAfter: boolean;
  /** Of `(`: whether it is the head of a `for`. */
  readonly isLoop: boolean;
  /** Question marks that still wait for their colon. */
  ternaries: number;
}

/** The brackets open so far. */
export class OpenBrackets {
  readonly #open: Bracket[] = [];
  /** How many of them are a `{` or `${`. */
  #braces = 0;
  /** The last colon belonged to a ternary. */
  #ternaryColon = false;

  /** Whether an `of` here is that of a loop. */
  get inLoopHead(): boolean {
    return this.#open.at(-1)?.isLoop === true;
  }

  /** Opens parentheses; `head` is the keyword to which they belong. */
  openParentheses(head: string | undefined): void {
    this.#open.push({ kind: "(", regexAfter: head !== undefined, isLoop: head === "for", ternaries: 0 });
  }

  open(kind: "[" | "${"): void {
    if (kind === "${") this.#braces++;
    this.#open.push({ kind, regexAfter: false, isLoop: false, ternaries: 0 });
  }

  openBrace(previous: Token | undefined): void {
    const regexAfter = this.#isBlockAfter(previous);
    this.#braces++;
    this.#open.push({ kind: "{", regexAfter, isLoop: false, ternaries: 0 });
  }

  /** Closes what fits, and what is open inside it in the case of a brace. Undefined where nothing fits. */
  close(text: ")" | "]" | "}"): Bracket | undefined {
    if (text !== "}") return this.#open.at(-1)?.kind === (text === ")" ? "(" : "[") ? this.#open.pop() : undefined;
    if (this.#braces === 0) return undefined;
    this.#braces--;
    let bracket = this.#open.pop();
    while (bracket && bracket.kind !== "{" && bracket.kind !== "${") bracket = this.#open.pop();
    return bracket;
  }

  /** Takes a question mark or a colon. */
  takeTernary(text: "?" | ":"): void {
    const around = this.#open.at(-1);
    if (text === "?") {
      if (around) around.ternaries++;
      return;
    }
    this.#ternaryColon = around !== undefined && around.ternaries > 0;
    if (around && this.#ternaryColon) around.ternaries--;
  }

  /** Whether a brace that opens here holds statements or a class body, so that no operator follows its closing. */
  #isBlockAfter(previous: Token | undefined): boolean {
    if (previous === undefined) return true;
    if (previous.kind === "word") return previous.endsOperand || BEFORE_BLOCK.has(previous.text);
    if (previous.kind !== "punctuator") return true;
    const around = this.#open.at(-1);
    const amongStatements = around === undefined || (around.kind === "{" && around.regexAfter);
    if (previous.text === ":") return amongStatements && !this.#ternaryColon;
    if (previous.text === "{" || previous.text === "}") return amongStatements;
    return BEFORE_STATEMENTS.has(previous.text);
  }
}

/** The keyword of the statement to which parentheses after these two tokens belong; that of `for await (` is `for`. */
export function headBefore(previous: Token | undefined, beforePrevious: Token | undefined): string | undefined {
  if (previous?.text === "await" && beforePrevious?.text === "for") return "for";
  const isKeyword = previous?.kind === "word" && HEADS.has(previous.text) && !precedesProperty(beforePrevious);
  return isKeyword ? previous.text : undefined;
}
