// JavaScript (or TypeScript) text → tokens, as far as it takes to tell code from comments, strings, templates and
// regular expressions. Reads any text to its end in linear time and throws on none.
import { headBefore, OpenBrackets } from "./javascript-brackets.ts";
import { precedesProperty, type Token } from "./javascript-token.ts";

/** Words that an expression may follow, so that a slash after them begins a regular expression. */
const BEFORE_EXPRESSION: ReadonlySet<string> = new Set([
  "await", "case", "default", "delete", "do", "else", "extends", "in", "instanceof", "new", "return", "throw", "typeof", "void", "yield",
]);
const WORD = /(?:[\p{ID_Continue}$\u200c\u200d]|\\u[\da-fA-F]{4}|\\u\{[\da-fA-F]+\})+/uy;
/** The usual word; what may follow it makes it one for `WORD`. */
const PLAIN_WORD = /[\w$]+(?![\w$\\]|[^\0-\x7f])/y;
const NUMBER = /\.?\d(?:[eE][+-]|[\w.])*/y;
const SPACE = /\s+/y;
const PUNCTUATOR = /\.\.\.|\?\.(?!\d)|\?\?|&&|\|\||=>|\+\+|--|[^]/y;
const PUNCTUATION = "()[]{}.,;:=<>+-*/%&|^!~?#@";
const LINE_END = /[\n\r\u2028\u2029]/g;
const LINE_BREAK = /\r\n|[\n\r\u2028\u2029]/g;

/** All tokens of a text, in order, comments among them. */
export function* tokens(code: string): Generator<Token, void> {
  const lexer = new Lexer(code);
  for (let token = lexer.next(); token; token = lexer.next()) yield token;
}

class Lexer {
  readonly #code: string;
  #at = 0;
  #line = 1;
  readonly #brackets = new OpenBrackets();
  #previous: Token | undefined;
  #beforePrevious: Token | undefined;
  #regexAllowed = true;
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
    const isNumber = isDigit(char) || (char === "." && isDigit(this.#code.charAt(this.#at + 1)));
    if (isNumber && this.#match(NUMBER) !== undefined) return this.#operand(this.#line);
    const word = PUNCTUATION.includes(char) ? undefined : this.#match(PLAIN_WORD) ?? this.#match(WORD);
    return word === undefined ? this.#punctuator() : this.#word(word);
  }

  #word(text: string): Token {
    const beforeExpression = BEFORE_EXPRESSION.has(text) || (text === "of" && this.#brackets.inLoopHead);
    return this.#significant("word", text, this.#line, beforeExpression && !precedesProperty(this.#previous));
  }

  #punctuator(): Token {
    const text = this.#match(PUNCTUATOR) ?? "";
    if (text === "(" || text === "[" || text === "{") return this.#opening(text);
    if (text === ")" || text === "]" || text === "}") return this.#closing(text);
    if (text === "?" || text === ":") this.#brackets.takeTernary(text);
    return this.#significant("punctuator", text, this.#line, text !== "++" && text !== "--");
  }

  #opening(text: "(" | "[" | "{"): Token {
    const head = text === "(" ? headBefore(this.#previous, this.#beforePrevious) : undefined;
    if (text === "(") this.#brackets.openParentheses(head);
    else if (text === "{") this.#brackets.openBrace(this.#previous);
    else this.#brackets.open(text);
    return this.#significant("punctuator", text, this.#line, true, head);
  }

  #closing(text: ")" | "]" | "}"): Token {
    const bracket = this.#brackets.close(text);
    this.#inTemplate = bracket?.kind === "${";
    return this.#significant("punctuator", text, this.#line, bracket?.regexAfter ?? text === "}");
  }

  #string(quote: string): Token {
    const line = this.#line;
    const start = ++this.#at;
    for (; this.#at < this.#code.length; this.#at++) {
      const char = this.#code.charAt(this.#at);
      if (char === quote) {
        const text = this.#code.slice(start, this.#at++);
        return this.#significant("string", text, line, false);
      }
      if (char === "\\") this.#escape();
      else if (char === "\n" || char === "\r") break;
    }
    return this.#operand(line);
  }

  /** Reads a template from after its backtick, or from after a substitution. */
  #template(): Token {
    const whole = !this.#inTemplate;
    this.#inTemplate = false;
    const line = this.#line;
    const start = this.#at;
    for (; this.#at < this.#code.length; this.#at++) {
      const char = this.#code.charAt(this.#at);
      if (char === "`") {
        const text = this.#code.slice(start, this.#at++);
        return whole ? this.#significant("template", text, line, false) : this.#operand(line);
      }
      if (char === "$" && this.#code.charAt(this.#at + 1) === "{") {
        this.#at += 2;
        this.#brackets.open("${");
        return this.#significant("punctuator", "${", line, true);
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

  /** A comment that ends at an index, with delimiters of so many characters before and after its text. */
  #comment(before: number, end: number, after: number): Token {
    const text = this.#code.slice(this.#at + before, end);
    const line = this.#line;
    this.#line += text.match(LINE_BREAK)?.length ?? 0;
    this.#at = Math.min(end + after, this.#code.length);
    return { kind: "comment", text, line, lastLine: this.#line, endsOperand: false };
  }

  #operand(line: number): Token {
    return this.#significant("operand", "", line, false);
  }

  /** A token that is no comment; it ends where the lexer stands, and `regexAllowed` says whether a regular expression may follow. */
  #significant(kind: Token["kind"], text: string, line: number, regexAllowed: boolean, head?: string): Token {
    const token: Token = { kind, text, line, lastLine: this.#line, endsOperand: !regexAllowed, head };
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
const CONTROL: Readonly<Record<string, string>> = {
  b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v", "\n": "", "\r": "", "\r\n": "", "\u2028": "", "\u2029": "",
};

/** What the raw text of a string or template stands for. */
export function cooked(raw: string): string {
  return raw.replace(ESCAPE, (whole, hex2?: string, hex4?: string, hex?: string, octal?: string, other?: string) => {
    if (other !== undefined) return CONTROL[other] ?? other;
    const point = octal === undefined ? Number.parseInt(hex2 ?? hex4 ?? hex ?? "", 16) : Number.parseInt(octal, 8);
    return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
  });
}
