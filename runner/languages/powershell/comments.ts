// PowerShell text → its line comments, with strings, here-strings and block comments told apart. Linear on any text.

/** A comment from its `#` to the end of its line. */
export interface LineComment {
  readonly text: string;
  /** From 1. */
  readonly line: number;
  /** Nothing but white space stands before it on its line. */
  readonly alone: boolean;
}

/** What is being read: code (inside a string's `$(…)` with its count of open parentheses), or text that `$(…)` may interrupt. */
type Place = { readonly kind: "code"; open: number } | { readonly kind: "string" } | { readonly kind: "here-string" };

// PowerShell takes typographic quotes for plain ones.
const DOUBLE = '"\u201c\u201d\u201e';
const SINGLE = "'\u2018\u2019\u201a\u201b";
const HERE_STRING = new RegExp(`@([${DOUBLE}${SINGLE}])[^\\S\\n]*\\n`, "y");
const HERE_END = new RegExp(`\\n[${SINGLE}]@`, "g");
const SINGLE_END = new RegExp(`[${SINGLE}]`, "g");
const BEFORE_TOKEN = /[\s(){}[\];,|&=<>]/;

/** The line comments of a script, in order. Line ends may be of any kind. */
export function lineComments(code: string): readonly LineComment[] {
  return new Reader(code.replace(/\r\n?/g, "\n")).read();
}

class Reader {
  readonly #code: string;
  readonly #found: LineComment[] = [];
  readonly #places: Place[] = [{ kind: "code", open: 0 }];
  #at = 0;
  /** The line of the last comment found, and the index up to which line ends were counted for it. */
  #line = 1;
  #counted = 0;

  constructor(code: string) {
    this.#code = code;
  }

  read(): readonly LineComment[] {
    while (this.#at < this.#code.length) {
      const place = this.#places.at(-1) ?? { kind: "code", open: 0 };
      const char = this.#code.charAt(this.#at);
      if (place.kind === "code") this.#inCode(place, char);
      else this.#text(place.kind, char);
    }
    return this.#found;
  }

  #inCode(place: Place & { kind: "code" }, char: string): void {
    if (char === "`") this.#at += 2;
    else if (this.#code.startsWith("<#", this.#at)) this.#skipTo("#>", 2);
    else if (char === "#" && this.#beginsToken()) this.#comment();
    else if (char === "@" && this.#hereString()) return;
    else if (SINGLE.includes(char)) this.#skipPast(SINGLE_END, this.#at + 1);
    else {
      this.#at++;
      if (DOUBLE.includes(char)) this.#places.push({ kind: "string" });
      else if (char === "(") place.open++;
      else if (char === ")" && place.open > 0) place.open--;
      else if (char === ")" && this.#places.length > 1) this.#places.pop();
    }
  }

  #text(kind: "string" | "here-string", char: string): void {
    if (this.#code.startsWith("$(", this.#at)) {
      this.#places.push({ kind: "code", open: 0 });
      this.#at += 2;
    } else if (kind === "string") this.#stringCharacter(char);
    else if (char === "\n" && DOUBLE.includes(this.#code.charAt(this.#at + 1) || " ") && this.#code.charAt(this.#at + 2) === "@") {
      this.#places.pop();
      this.#at += 3;
    } else this.#at += char === "`" && this.#code.charAt(this.#at + 1) !== "\n" ? 2 : 1;
  }

  #stringCharacter(char: string): void {
    const doubled = DOUBLE.includes(char) && DOUBLE.includes(this.#code.charAt(this.#at + 1) || " ");
    if (DOUBLE.includes(char) && !doubled) this.#places.pop();
    this.#at += doubled || char === "`" ? 2 : 1;
  }

  /** Enters `@"` at the end of a line, or skips `@'` whole. */
  #hereString(): boolean {
    HERE_STRING.lastIndex = this.#at;
    const match = HERE_STRING.exec(this.#code);
    if (!match) return false;
    // The line end stays: the closing quote may follow it at once.
    const begin = this.#at + match[0].length - 1;
    if (SINGLE.includes(match[1] ?? "")) this.#skipPast(HERE_END, begin);
    else {
      this.#places.push({ kind: "here-string" });
      this.#at = begin;
    }
    return true;
  }

  #comment(): void {
    const start = this.#at;
    const lineStart = this.#code.lastIndexOf("\n", start) + 1;
    this.#skipTo("\n", 0);
    this.#line += this.#code.slice(this.#counted, start).split("\n").length - 1;
    this.#counted = start;
    const alone = this.#code.slice(lineStart, start).trim() === "";
    this.#found.push({ text: this.#code.slice(start, this.#at), line: this.#line, alone });
  }

  #beginsToken(): boolean {
    return this.#at === 0 || BEFORE_TOKEN.test(this.#code.charAt(this.#at - 1)) || this.#code.slice(this.#at - 2, this.#at) === "#>";
  }

  #skipTo(text: string, length: number): void {
    const index = this.#code.indexOf(text, this.#at + length);
    this.#at = index === -1 ? this.#code.length : index + length;
  }

  #skipPast(pattern: RegExp, from: number): void {
    pattern.lastIndex = from;
    this.#at = pattern.exec(this.#code) ? pattern.lastIndex : this.#code.length;
  }
}
