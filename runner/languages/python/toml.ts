// TOML as far as PEP 723 needs it: the keys above the first table, their strings and lists of strings. The others' values
// are stepped over without a closer look, and so are tables: what they hold means nothing to the runner.
import { Failure, describe } from "../../lib/failure.ts";

/** A value and the line on which it begins; of other values than strings and lists only the text. */
export type TomlValue = TomlString | TomlOther | TomlArray;

/** A list. */
export interface TomlArray {
  readonly kind: "array";
  readonly items: readonly (TomlString | TomlOther)[];
  readonly line: number;
}

/** A string, its escapes resolved. */
export interface TomlString {
  readonly kind: "string";
  readonly value: string;
  readonly line: number;
}

/** A number, date, truth value, table or nested list, as it is written. */
export interface TomlOther {
  readonly kind: "other";
  readonly text: string;
  readonly line: number;
}

/**
 * Reads the top-level keys of a document with `\n` as its line ends; of tables only the first one's name. The first line
 * counts as `firstLine` in messages. Throws a `Failure` that names the line, what was wanted and what was found.
 */
export function parseToml(text: string, firstLine = 1): ReadonlyMap<string, TomlValue> {
  return new Reader(text, firstLine).fields();
}

const BLANK = /[ \t]*/y;
const GAP = /(?:[ \t\n]|#[^\n]*)*/y;
const BARE_KEY = /[A-Za-z0-9_-]+/y;
const SCALAR = /[^\s,[\]{}#"'=]+/y;
const LINE_CONTINUATION = /\\[ \t]*\n\s*/g;
const ESCAPE = /\\(?:u[\da-fA-F]{4}|[btnfr"\\])/g;

class Reader {
  readonly #text: string;
  #at = 0;
  #line: number;

  constructor(text: string, firstLine: number) {
    this.#text = text;
    this.#line = firstLine;
  }

  fields(): ReadonlyMap<string, TomlValue> {
    const fields = new Map<string, TomlValue>();
    for (this.#step(GAP); this.#char() !== ""; this.#step(GAP)) {
      const { name, value, isTable } = this.#char() === "[" ? this.#header() : this.#pair();
      const first = fields.get(name);
      if (first !== undefined && !isTable) {
        throw new Failure("bad-request", `line ${value.line}: ${describe(name)} is given twice, first in line ${first.line}`);
      }
      fields.set(name, first ?? value);
      if (isTable === "header") break;
    }
    return fields;
  }

  /** `[a.b]` or `[[a.b]]`. */
  #header(): { readonly name: string; readonly value: TomlValue; readonly isTable: "header" } {
    const [start, line] = [this.#at, this.#line];
    this.#step(/\[{1,2}[ \t]*/y);
    const name = this.#key();
    return { name, value: { kind: "other", text: `${this.#text.slice(start, this.#at)}]`, line }, isTable: "header" };
  }

  #pair(): { readonly name: string; readonly value: TomlValue; readonly isTable: "dotted" | false } {
    const [start, line] = [this.#at, this.#line];
    const name = this.#key();
    let isTable: "dotted" | false = false;
    for (this.#step(BLANK); this.#char() === "."; this.#step(BLANK)) {
      this.#step(/\.[ \t]*/y);
      this.#key();
      isTable = "dotted";
    }
    if (this.#char() !== "=") this.#refuse('"=" after a key');
    this.#step(/=[ \t]*/y);
    const value = this.#char() === "[" ? this.#array() : this.#value();
    const text = this.#text.slice(start, this.#at);
    this.#step(BLANK);
    if (!["", "\n", "#"].includes(this.#char())) this.#refuse("the end of the line");
    return { name, value: isTable ? { kind: "other", text, line } : value, isTable };
  }

  #key(): string {
    const char = this.#char();
    if (char === '"' || char === "'") return this.#string().value;
    return this.#step(BARE_KEY) || this.#refuse("a key");
  }

  #array(): TomlArray {
    const line = this.#line;
    const items: (TomlString | TomlOther)[] = [];
    this.#at += 1;
    for (this.#step(GAP); this.#char() !== "]"; this.#step(GAP)) {
      items.push(this.#value());
      this.#step(GAP);
      if (this.#char() === ",") this.#at += 1;
      else if (this.#char() !== "]") this.#refuse('"," or "]" in an array');
    }
    this.#at += 1;
    return { kind: "array", items, line };
  }

  #value(): TomlString | TomlOther {
    const char = this.#char();
    if (char === '"' || char === "'") return this.#string();
    const [start, line] = [this.#at, this.#line];
    if (char === "[" || char === "{") this.#skipNested();
    else if (this.#step(SCALAR) === "") this.#refuse("a value");
    return { kind: "other", text: this.#text.slice(start, this.#at), line };
  }

  #string(): TomlString {
    const line = this.#line;
    const quote = this.#char();
    const long = this.#text.startsWith(quote.repeat(3), this.#at);
    const quotes = quote.repeat(long ? 3 : 1);
    const start = (this.#at += quotes.length);
    while (!this.#text.startsWith(quotes, this.#at)) {
      if (this.#char() === "" || (!long && this.#char() === "\n")) this.#refuse(`${quotes} at the end of a string`);
      this.#at += quote === '"' && this.#char() === "\\" ? 2 : 1;
    }
    // Up to two quotes may come before the three that end a string.
    for (let more = 0; long && more < 2 && this.#text.charAt(this.#at + 3) === quote; more++) this.#at += 1;
    const written = this.#text.slice(start, this.#at);
    this.#at += quotes.length;
    this.#line += written.split("\n").length - 1;
    const value = long ? written.replace(/^\n/, "") : written;
    return { kind: "string", value: quote === '"' ? unescaped(value) : value, line };
  }

  /** Steps over a list or table inside another value. */
  #skipNested(): void {
    let depth = 0;
    do {
      const char = this.#char();
      if (char === '"' || char === "'") this.#string();
      else if (char === "") this.#refuse('"]" or "}"');
      else if (char === "#") this.#step(GAP);
      else {
        depth += "[{".includes(char) ? 1 : "]}".includes(char) ? -1 : 0;
        this.#line += char === "\n" ? 1 : 0;
        this.#at += 1;
      }
    } while (depth > 0);
  }

  #char(): string {
    return this.#text.charAt(this.#at);
  }

  /** Steps over what the pattern matches here, and gives it back. */
  #step(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const text = pattern.exec(this.#text)?.[0] ?? "";
    this.#at += text.length;
    this.#line += text.split("\n").length - 1;
    return text;
  }

  #refuse(wanted: string): never {
    const rest = this.#text.slice(this.#at, this.#at + 40).split("\n", 1)[0] ?? "";
    const found = this.#at >= this.#text.length ? "the end" : rest === "" ? "the end of the line" : describe(rest);
    throw new Failure("bad-request", `line ${this.#line}: wanted ${wanted}, found ${found}`);
  }
}

/** JSON knows the same escapes. Others stay as they are: no dependency has one. */
function unescaped(text: string): string {
  return text.replace(LINE_CONTINUATION, "").replace(ESCAPE, (escape) => JSON.parse(`"${escape}"`) as string);
}
