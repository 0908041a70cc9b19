// TOML 1.0, read as far as PEP 723 needs it: the values of the top-level keys. Tables are read over: their syntax must be
// right, but what they hold is not kept, so that a key given twice in one goes unnoticed.
import { Failure, describe } from "../../lib/failure.ts";

/** A value and the line on which it begins. Of numbers, dates, truth values and tables only the sort is kept. */
export type TomlValue =
  | { readonly kind: "string"; readonly value: string; readonly line: number }
  | { readonly kind: "array"; readonly items: readonly TomlValue[]; readonly line: number }
  | { readonly kind: "number" | "date" | "boolean" | "table"; readonly line: number };

/**
 * Reads a document with `\n` as its line ends into its top-level keys. The first line counts as `firstLine` in messages.
 * Throws a `Failure` that names the line, what was wanted and what was found.
 */
export function parseToml(text: string, firstLine = 1): ReadonlyMap<string, TomlValue> {
  return new Reader(text, firstLine).document();
}

/** How deep arrays and inline tables may nest. */
const DEEPEST = 64;

const BARE_KEY = /[A-Za-z0-9_-]+/y;
const SCALAR = /[\w+.:-]+(?: \d\d:[\w+.:-]+)?/y;
const BLANK = /[ \t]*/y;
const COMMENT = /#[^\n]*/y;
const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f]/;
const TRIMMED_BREAK = /\\[ \t]*\n[ \t\n]*/y;
const ESCAPE = /\\(?:[btnfr"\\]|u[\da-fA-F]{4}|U[\da-fA-F]{8})/y;
const ESCAPED: Readonly<Record<string, string>> = { b: "\b", t: "\t", n: "\n", f: "\f", r: "\r", '"': '"', "\\": "\\" };

const DECIMAL = "[+-]?(?:0|[1-9](?:_?\\d)*)";
const SCALARS: readonly (readonly [kind: "boolean" | "number" | "date", pattern: RegExp])[] = [
  ["boolean", /^(?:true|false)$/],
  ["number", new RegExp(`^${DECIMAL}(?:\\.\\d(?:_?\\d)*)?(?:[eE][+-]?\\d(?:_?\\d)*)?$`)],
  ["number", /^(?:0x[\da-fA-F](?:_?[\da-fA-F])*|0o[0-7](?:_?[0-7])*|0b[01](?:_?[01])*|[+-]?(?:inf|nan))$/],
  ["date", /^\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)?)?$/],
  ["date", /^\d\d:\d\d:\d\d(?:\.\d+)?$/],
];

class Reader {
  readonly #text: string;
  readonly #fields = new Map<string, TomlValue>();
  #at = 0;
  #line: number;
  #depth = 0;

  constructor(text: string, firstLine: number) {
    this.#text = text;
    this.#line = firstLine;
  }

  document(): ReadonlyMap<string, TomlValue> {
    let inTable = false;
    for (this.#gap(); this.#at < this.#text.length; this.#gap()) {
      if (this.#char() === "[") {
        this.#header();
        inTable = true;
      } else this.#pair(!inTable);
      this.#lineEnd();
    }
    return this.#fields;
  }

  /** `[a.b]` or `[[a.b]]`. */
  #header(): void {
    const line = this.#line;
    const brackets = this.#text.startsWith("[[", this.#at) ? 2 : 1;
    this.#at += brackets;
    const [name = ""] = this.#key();
    if (!this.#text.startsWith("]".repeat(brackets), this.#at)) this.#refuse(`"${"]".repeat(brackets)}" behind the name of a table`);
    this.#at += brackets;
    this.#set(name, { kind: "table", line });
  }

  #pair(keep: boolean): void {
    const line = this.#line;
    const path = this.#key();
    if (this.#char() !== "=") this.#refuse('"=" behind a key');
    this.#at++;
    this.#match(BLANK);
    const value = this.#value();
    if (keep) this.#set(path[0] ?? "", path.length > 1 ? { kind: "table", line } : value, path.length > 1);
  }

  /** Keeps a value. Tables may be written in several places, everything else once. */
  #set(name: string, value: TomlValue, table = value.kind === "table"): void {
    const first = this.#fields.get(name);
    if (first && !(table && first.kind === "table")) throw new Failure("bad-request", `line ${value.line}: ${describe(name)} is given twice, first in line ${first.line}`);
    if (!first) this.#fields.set(name, value);
  }

  #key(): string[] {
    const path: string[] = [];
    do {
      if (path.length > 0) this.#at++;
      this.#match(BLANK);
      const char = this.#char();
      const part = char === '"' ? this.#basic() : char === "'" ? this.#literal() : this.#match(BARE_KEY);
      if (!part && char !== '"' && char !== "'") this.#refuse("a key");
      path.push(part);
      this.#match(BLANK);
    } while (this.#char() === ".");
    return path;
  }

  #value(): TomlValue {
    const line = this.#line;
    const char = this.#char();
    if (char === '"' || char === "'") return { kind: "string", value: this.#string(char), line };
    if (char === "[") return { kind: "array", items: this.#nested(() => this.#array()), line };
    if (char === "{") return this.#nested(() => this.#inlineTable(line));
    const start = this.#at;
    const scalar = this.#match(SCALAR);
    const kind = SCALARS.find(([, pattern]) => pattern.test(scalar))?.[0];
    if (kind !== undefined) return { kind, line };
    this.#at = start;
    return this.#refuse("a value");
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > DEEPEST) this.#refuse(`at most ${DEEPEST} arrays and tables inside each other`);
    const value = read();
    this.#depth--;
    return value;
  }

  #array(): TomlValue[] {
    const items: TomlValue[] = [];
    this.#at++;
    for (this.#gap(); this.#char() !== "]"; this.#gap()) {
      items.push(this.#value());
      this.#gap();
      if (this.#char() === ",") this.#at++;
      else if (this.#char() !== "]") this.#refuse('"," or "]" in an array');
    }
    this.#at++;
    return items;
  }

  #inlineTable(line: number): TomlValue {
    this.#at++;
    this.#match(BLANK);
    if (this.#char() !== "}") {
      for (this.#pair(false), this.#match(BLANK); this.#char() === ","; this.#pair(false), this.#match(BLANK)) this.#at++;
    }
    if (this.#char() !== "}") this.#refuse('"," or "}" in an inline table');
    this.#at++;
    return { kind: "table", line };
  }

  #string(quote: string): string {
    if (!this.#text.startsWith(quote.repeat(3), this.#at)) return quote === '"' ? this.#basic() : this.#literal();
    this.#at += 3;
    if (this.#char() === "\n") this.#step();
    return this.#multiline(quote);
  }

  #literal(): string {
    const end = this.#text.indexOf("'", this.#at + 1);
    const value = this.#text.slice(this.#at + 1, end === -1 ? undefined : end);
    if (end === -1 || CONTROL.test(value)) this.#refuse('"\'" at the end of a string on the same line, and no control characters in it');
    this.#at = end + 1;
    return value;
  }

  #basic(): string {
    let value = "";
    for (this.#at++; this.#char() !== '"'; ) value += this.#character(true);
    this.#at++;
    return value;
  }

  /** Up to two quotes may stand before the three that end it. */
  #multiline(quote: string): string {
    let value = "";
    while (!this.#text.startsWith(quote.repeat(3), this.#at)) {
      if (this.#char() === "\n") {
        value += "\n";
        this.#step();
      } else if (quote === '"' && this.#char() === "\\") {
        const skipped = this.#match(TRIMMED_BREAK);
        this.#line += skipped.split("\n").length - 1;
        if (skipped === "") value += this.#character(true);
      } else value += this.#character(false);
    }
    this.#at += 3;
    for (let more = 0; more < 2 && this.#char() === quote; more++, this.#at++) value += quote;
    return value;
  }

  /** One character of a string, escaped or not. */
  #character(escapes: boolean): string {
    const char = this.#char();
    if (char === "" || CONTROL.test(char)) this.#refuse("the end of a string before the end of its line, and no control characters in it");
    if (char !== "\\" || !escapes) {
      this.#at++;
      return char;
    }
    const start = this.#at;
    const escape = this.#match(ESCAPE).slice(1);
    const point = /^u/i.test(escape) ? Number.parseInt(escape.slice(1), 16) : -1;
    const value = point === -1 ? ESCAPED[escape] : scalarValue(point);
    if (value !== undefined) return value;
    this.#at = start;
    return this.#refuse("an escape that TOML knows");
  }

  /** Steps over blanks, line ends and comments. */
  #gap(): void {
    for (;;) {
      this.#match(BLANK);
      this.#comment();
      if (this.#char() !== "\n") return;
      this.#step();
    }
  }

  #comment(): void {
    if (this.#char() === "#" && CONTROL.test(this.#match(COMMENT))) this.#refuse("no control characters in a comment");
  }

  #lineEnd(): void {
    this.#match(BLANK);
    this.#comment();
    if (this.#at < this.#text.length && this.#char() !== "\n") this.#refuse("the end of the line");
  }

  #step(): void {
    this.#at++;
    this.#line++;
  }

  #char(): string {
    return this.#text.charAt(this.#at);
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const text = pattern.exec(this.#text)?.[0] ?? "";
    this.#at += text.length;
    return text;
  }

  #refuse(wanted: string): never {
    const rest = this.#text.slice(this.#at, this.#at + 40).split("\n", 1)[0] ?? "";
    const found = this.#at >= this.#text.length ? "the end" : rest === "" ? "the end of the line" : describe(rest);
    throw new Failure("bad-request", `line ${this.#line}: wanted ${wanted}, found ${found}`);
  }
}

function scalarValue(point: number): string | undefined {
  return point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff) ? undefined : String.fromCodePoint(point);
}
