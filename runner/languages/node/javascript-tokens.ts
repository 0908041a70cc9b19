// JavaScript (or TypeScript) text → tokens, as far as it takes to tell code from comments, strings, templates and
// regular expressions. Reads any text to its end in linear time and throws on none.

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
}

/** Words that an expression may follow, so that a slash behind them begins a regular expression. */
const BEFORE_EXPRESSION: ReadonlySet<string> = new Set([
  "await", "case", "default", "delete", "do", "else", "extends", "in", "instanceof", "new", "return", "throw", "typeof", "void", "yield",
]);
/** Words of the above that a block follows, where a brace follows. */
const BEFORE_BLOCK: ReadonlySet<string> = new Set(["do", "else"]);
/** Words whose parentheses are followed by a statement. */
const BEFORE_HEAD: ReadonlySet<string> = new Set(["if", "while", "for", "with"]);

const WORD = /(?:[\p{ID_Continue}$\u200c\u200d]|\\u[\da-fA-F]{4}|\\u\{[\da-fA-F]+\})+/uy;
/** The usual word; what may follow it makes it one for `WORD`. */
const PLAIN_WORD = /[\w$]+(?![\w$\\]|[^\0-\x7f])/y;
const NUMBER = /\.?\d(?:[eE][+-]|[\w.])*/y;
const SPACE = /\s+/y;
const PUNCTUATOR = /\.\.\.|\?\.(?!\d)|\?\?|=>|\+\+|--|[^]/y;
const PUNCTUATION = "()[]{}.,;:=<>+-*/%&|^!~?#@";
const LINE_END = /[\n\r\u2028\u2029]/g;
const LINE_BREAK = /\r\n|[\n\r\u2028\u2029]/g;

/** An open parenthesis, bracket, brace or substitution. */
interface Opening {
  readonly sort: "(" | "[" | "{" | "${";
  /** Whether a slash behind its closing begins a regular expression. */
  readonly regexAfter: boolean;
  /** Of `(`: whether it is the head of a `for`. */
  readonly loop: boolean;
  /** Question marks that still wait for their colon. */
  ternaries: number;
}

/** All tokens of a text, in order, comments among them. */
export function* tokens(code: string): Generator<Token, void> {
  const lexer = new Lexer(code);
  for (let token = lexer.next(); token; token = lexer.next()) yield token;
}

class Lexer {
  readonly #code: string;
  #at = 0;
  #line = 1;
  readonly #open: Opening[] = [];
  /** How many of the open ones are a `{` or `${`. */
  #braces = 0;
  #previous: Token | undefined;
  #beforePrevious: Token | undefined;
  #regexAllowed = true;
  /** The last colon belonged to a ternary. */
  #ternaryColon = false;
  /** Up to here a slash was seen to begin no regular expression: the first failure decides for the rest of its line. */
  #noRegexBefore = 0;
  /** The brace just closed belonged to a substitution: the template goes on. */
  #inTemplate = false;

  constructor(code: string) {
    this.#code = code;
  }

  next(): Token | undefined {
    if (this.#inTemplate) return this.#template();
    if (this.#at === 0) {
      this.#at = this.#code.startsWith("\uFEFF") ? 1 : 0;
      if (this.#code.startsWith("#!", this.#at)) return this.#comment(2, this.#lineEnd(this.#at), 0);
    }
    const space = this.#match(SPACE);
    if (space !== undefined && space !== " ") this.#line += space.match(LINE_BREAK)?.length ?? 0;
    return this.#at < this.#code.length ? this.#read(this.#code.charAt(this.#at)) : undefined;
  }

  #read(char: string): Token {
    if (char === '"' || char === "'") return this.#string(char);
    if (char === "`") {
      this.#at++;
      return this.#template();
    }
    if (char === "/") {
      const second = this.#code.charAt(this.#at + 1);
      if (second === "/") return this.#comment(2, this.#lineEnd(this.#at), 0);
      if (second === "*") return this.#comment(2, this.#find("*/", this.#at + 2), 2);
      if (this.#regexAllowed && this.#at >= this.#noRegexBefore) return this.#regex();
    }
    if ((isDigit(char) || (char === "." && isDigit(this.#code.charAt(this.#at + 1)))) && this.#match(NUMBER) !== undefined) return this.#operand(this.#line);
    const word = PUNCTUATION.includes(char) ? undefined : this.#match(PLAIN_WORD) ?? this.#match(WORD);
    return word === undefined ? this.#punctuator() : this.#word(word);
  }

  #word(text: string): Token {
    const property = this.#previous?.kind === "punctuator" && /^(?:\.|\?\.|#)$/.test(this.#previous.text);
    const loopOf = text === "of" && this.#open.at(-1)?.loop === true;
    return this.#significant({ kind: "word", text, line: this.#line, lastLine: this.#line }, !property && (BEFORE_EXPRESSION.has(text) || loopOf));
  }

  #punctuator(): Token {
    const text = this.#match(PUNCTUATOR) ?? "";
    if (text === "(" || text === "[" || text === "{") this.#opening(text);
    else if (text === ")" || text === "]" || text === "}") return this.#closing(text);
    else this.#ternary(text);
    return this.#significant({ kind: "punctuator", text, line: this.#line, lastLine: this.#line }, text !== "++" && text !== "--");
  }

  #opening(sort: "(" | "[" | "{"): void {
    const head = sort === "(" ? this.#headWord() : undefined;
    const regexAfter = sort === "{" ? this.#isBlock() : head !== undefined;
    if (sort === "{") this.#braces++;
    this.#open.push({ sort, regexAfter, loop: head === "for", ternaries: 0 });
  }

  /** The `if`, `while`, `for` or `with` that a parenthesis belongs to; `for await (` is a `for`. */
  #headWord(): string | undefined {
    const awaited = this.#previous?.text === "await" && this.#beforePrevious?.text === "for";
    const word = awaited ? this.#beforePrevious : this.#previous;
    const property = !awaited && this.#beforePrevious?.kind === "punctuator" && /^\??\.$/.test(this.#beforePrevious.text);
    return word?.kind === "word" && !property && BEFORE_HEAD.has(word.text) ? word.text : undefined;
  }

  /** Whether a brace that opens here holds statements (or a class body), so that no operator follows its closing. */
  #isBlock(): boolean {
    const previous = this.#previous;
    if (previous === undefined) return true;
    if (previous.kind === "word") return !this.#regexAllowed || BEFORE_BLOCK.has(previous.text);
    if (previous.kind !== "punctuator") return true;
    const around = this.#open.at(-1);
    const amongStatements = around === undefined || (around.sort === "{" && around.regexAfter);
    if (previous.text === ":") return amongStatements && !this.#ternaryColon;
    if (previous.text === "{" || previous.text === "}") return amongStatements;
    return [")", "]", ";", "=>", ">"].includes(previous.text);
  }

  #closing(text: ")" | "]" | "}"): Token {
    const opening = this.#close(text);
    const token: Token = { kind: "punctuator", text, line: this.#line, lastLine: this.#line };
    this.#inTemplate = opening?.sort === "${";
    return this.#significant(token, text === "}" ? opening?.regexAfter ?? true : opening?.regexAfter ?? false);
  }

  /** Closes what fits. A brace closes whatever stands open inside it; another closing that fits nothing is passed over. */
  #close(text: ")" | "]" | "}"): Opening | undefined {
    if (text !== "}") return this.#open.at(-1)?.sort === (text === ")" ? "(" : "[") ? this.#open.pop() : undefined;
    if (this.#braces === 0) return undefined;
    this.#braces--;
    let opening = this.#open.pop();
    while (opening && opening.sort !== "{" && opening.sort !== "${") opening = this.#open.pop();
    return opening;
  }

  #ternary(text: string): void {
    const around = this.#open.at(-1);
    if (text === "?" && around) around.ternaries++;
    if (text !== ":") return;
    this.#ternaryColon = around !== undefined && around.ternaries > 0;
    if (around && this.#ternaryColon) around.ternaries--;
  }

  #string(quote: string): Token {
    const line = this.#line;
    const start = ++this.#at;
    for (; this.#at < this.#code.length; this.#at++) {
      const char = this.#code.charAt(this.#at);
      if (char === quote) {
        const text = this.#code.slice(start, this.#at++);
        return this.#significant({ kind: "string", text, line, lastLine: this.#line }, false);
      }
      if (char === "\\") this.#escape();
      else if (char === "\n" || char === "\r") break;
    }
    return this.#operand(line);
  }

  /** Reads a template from behind its backtick, or from behind a substitution. */
  #template(): Token {
    const whole = !this.#inTemplate;
    this.#inTemplate = false;
    const line = this.#line;
    const start = this.#at;
    for (; this.#at < this.#code.length; this.#at++) {
      const char = this.#code.charAt(this.#at);
      if (char === "`") {
        const text = this.#code.slice(start, this.#at++);
        return whole ? this.#significant({ kind: "template", text, line, lastLine: this.#line }, false) : this.#operand(line);
      }
      if (char === "$" && this.#code.charAt(this.#at + 1) === "{") {
        this.#at += 2;
        this.#braces++;
        this.#open.push({ sort: "${", regexAfter: false, loop: false, ternaries: 0 });
        return this.#significant({ kind: "punctuator", text: "${", line, lastLine: this.#line }, true);
      }
      if (char === "\\") this.#escape();
      else this.#countLine(char);
    }
    return this.#operand(line);
  }

  /** Steps from a backslash to the last character that belongs to it. */
  #escape(): void {
    this.#at++;
    if (this.#code.startsWith("\r\n", this.#at)) this.#at++;
    this.#countLine(this.#code.charAt(this.#at));
  }

  #countLine(char: string): void {
    if (isLineEnd(char) && !(char === "\r" && this.#code.charAt(this.#at + 1) === "\n")) this.#line++;
  }

  /** Reads a regular expression; a slash without another one on its line is a division after all. */
  #regex(): Token {
    let inClass = false;
    let at = this.#at + 1;
    for (; at < this.#code.length; at++) {
      const char = this.#code.charAt(at);
      if (isLineEnd(char)) break;
      if (char === "\\" && !isLineEnd(this.#code.charAt(at + 1))) at++;
      else if (char === "[") inClass = true;
      else if (char === "]") inClass = false;
      else if (char === "/" && !inClass) {
        this.#at = at + 1;
        this.#match(WORD);
        return this.#operand(this.#line);
      }
    }
    this.#noRegexBefore = at;
    return this.#punctuator();
  }

  /** A comment that ends at an index, delimiters of so many characters before and behind its text. */
  #comment(before: number, end: number, behind: number): Token {
    const text = this.#code.slice(this.#at + before, end);
    const line = this.#line;
    this.#line += text.match(LINE_BREAK)?.length ?? 0;
    this.#at = Math.min(end + behind, this.#code.length);
    return { kind: "comment", text, line, lastLine: this.#line };
  }

  #operand(line: number): Token {
    return this.#significant({ kind: "operand", text: "", line, lastLine: this.#line }, false);
  }

  #significant(token: Token, regexAllowed: boolean): Token {
    this.#beforePrevious = this.#previous;
    this.#previous = token;
    this.#regexAllowed = regexAllowed;
    return token;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const text = pattern.exec(this.#code)?.[0];
    if (text !== undefined) this.#at += text.length;
    return text;
  }

  #lineEnd(from: number): number {
    LINE_END.lastIndex = from;
    return LINE_END.exec(this.#code)?.index ?? this.#code.length;
  }

  #find(text: string, from: number): number {
    const index = this.#code.indexOf(text, from);
    return index === -1 ? this.#code.length : index;
  }
}

function isDigit(char: string): boolean {
  return char >= "0" && char <= "9";
}

function isLineEnd(char: string): boolean {
  return char === "\n" || char === "\r" || char === "\u2028" || char === "\u2029";
}

const ESCAPE = /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|u\{([\da-fA-F]{1,6})\}|([0-3]?[0-7]{1,2})|(\r\n|[^]))/g;
const CONTROL: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v", "\n": "", "\r": "", "\r\n": "", "\u2028": "", "\u2029": "" };

/** What the raw text of a string or template stands for. */
export function cooked(raw: string): string {
  return raw.replace(ESCAPE, (whole, hex2?: string, hex4?: string, hex?: string, octal?: string, other?: string) => {
    if (other !== undefined) return CONTROL[other] ?? other;
    const point = octal === undefined ? Number.parseInt(hex2 ?? hex4 ?? hex ?? "", 16) : Number.parseInt(octal, 8);
    return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
  });
}
