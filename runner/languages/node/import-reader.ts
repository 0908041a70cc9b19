// The modules that JavaScript or TypeScript code loads by a literal name, and whether the code is an ES module.
import { CodeContext } from "./javascript-context.ts";
import type { Place } from "./javascript-frames.ts";
import { precedesProperty, type Token } from "./javascript-token.ts";
import { cooked, tokens } from "./javascript-tokens.ts";

/** One mention of a module in the code, with the comments that stand after it on its line. */
export interface Import {
  readonly specifier: string;
  readonly line: number;
  readonly comments: readonly string[];
  /** Whether the code survives that the module is not there: it may be skipped, or what it throws is caught. */
  readonly isOptional: boolean;
}

/** Every module that the code loads by a literal name, in the code's order. Never throws, whatever the text. */
export function readImports(code: string): readonly Import[] {
  return /import|require|from/.test(code) ? new ImportReader(code).read() : [];
}

/**
 * Whether the code is surely an ES module by its syntax, as Node decides it: an `import` or `export` declaration,
 * `import.meta`, or an `await` in no function. What types alone make look so does not count.
 */
export function isEsModule(code: string): boolean {
  return /\b(?:import|export|await)\b/.test(code) && new ImportReader(code).findsModuleSyntax();
}

/** A mention as it is read. */
interface Mention {
  readonly specifier: string;
  line: number;
  readonly comments: string[];
  /** Of a call: where it stands, which function is called and how it fails. */
  readonly call?: Call;
}

interface Call {
  readonly place: Place;
  /** The name on which the call depends; absent for the keyword `import`. */
  readonly name?: "require" | "module";
}

/** What an `export` that is not erased with the types begins with. */
const EXPORTED: ReadonlySet<string> = new Set(["{", "*", "default", "const", "let", "var", "function", "async", "class", "@"]);

class ImportReader {
  readonly #tokens: Iterator<Token, void>;
  readonly #context = new CodeContext();
  readonly #mentions: Mention[] = [];
  /** What a comment on its line belongs to: the last mention, also one that does not count. */
  #last: Mention | undefined;
  #peeked: Token | undefined;
  #done = false;
  #hasModuleSyntax = false;
  /** The tokens last taken, newest first. */
  #taken: readonly (Token | undefined)[] = [];

  constructor(code: string) {
    this.#tokens = tokens(code);
  }

  read(): readonly Import[] {
    while (this.#step());
    const ofNode = this.#mentions.filter(({ call }) => call?.name === undefined || call.place.isFree(call.name));
    return ofNode.map(({ specifier, line, comments, call }) => {
      const isOptional = call !== undefined && call.place.survives(call.name === undefined ? "rejection" : "exception");
      return { specifier, line, comments, isOptional };
    });
  }

  findsModuleSyntax(): boolean {
    while (!this.#hasModuleSyntax && !this.#context.usesTopLevelAwait && this.#step());
    return this.#hasModuleSyntax || this.#context.usesTopLevelAwait;
  }

  /** Reads on; false at the end of the code. */
  #step(): boolean {
    const token = this.#next();
    if (token?.kind !== "word") return token !== undefined;
    if (token.text === "require" && this.#isRequire()) this.#require();
    else if (token.text === "import" && !this.#isProperty()) this.#import();
    else if (token.text === "export" && !this.#isProperty()) this.#export();
    return true;
  }

  /** `import "x"`, `import … from "x"`, `import("x")`, `import.meta.resolve("x")`. */
  #import(): void {
    const erased = this.#taken[1]?.text === "typeof";
    const after = this.#peek();
    if (after?.kind === "string") this.#declaration(this.#next());
    else if (this.#sees("(")) this.#call({ erased });
    else if (this.#takes(".")) this.#importProperty();
    else if (this.#sees("type")) this.#importType();
    else this.#declaration(this.#clause());
  }

  #importProperty(): void {
    if (this.#takes("source") || this.#takes("defer")) return this.#call();
    if (!this.#takes("meta")) return;
    this.#hasModuleSyntax = true;
    if (this.#takes(".") && this.#takes("resolve")) this.#call();
  }

  /** What follows `import type` is erased with the types, but for a default import that is called `type`. */
  #importType(): void {
    this.#next();
    const word = this.#peek()?.kind === "word";
    if (this.#takes("from")) {
      if (this.#peek()?.kind === "string") return this.#declaration(this.#next());
    } else if (!word && !this.#sees("{") && !this.#sees("*")) return this.#declaration(this.#clause());
    this.#note(this.#clause());
    if (this.#takes("=")) this.#takes("require");
  }

  /** `export … from "x"`, without `export type`. */
  #export(): void {
    if (this.#context.isOutermost && EXPORTED.has(this.#peek()?.text ?? "")) this.#hasModuleSyntax = true;
    const typed = this.#takes("type");
    if (!this.#sees("{") && !this.#sees("*")) return;
    const specifier = this.#clause();
    if (typed) this.#note(specifier);
    else this.#keep(specifier);
  }

  /** `require("x")`, `require.resolve("x")`, `module.require("x")`. */
  #require(): void {
    const call = { place: this.#context.place, name: this.#isProperty() ? "module" : "require" } as const;
    if (!this.#takes(".") || this.#takes("resolve")) this.#call({ call });
  }

  /** Takes the words and braces between `import` or `export` and its specifier; stops before what belongs to no such clause. */
  #clause(): Token | undefined {
    let braces: "none" | "open" | "closed" = "none";
    for (let token = this.#peek(); token; token = this.#peek()) {
      const from = braces !== "open" && token.text === "from" && token.kind === "word";
      if (braces === "closed" && !from) return undefined;
      if (!inClause(token, braces === "open")) return undefined;
      if (token.text === "{" && token.kind === "punctuator") braces = "open";
      if (token.text === "}" && token.kind === "punctuator") braces = "closed";
      this.#next();
      if (from && this.#peek()?.kind === "string") return this.#next();
    }
    return undefined;
  }

  /** Takes `("x")` or `("x", …)`; a specifier that is put together is none. Without `call` it is a call of the keyword `import`. */
  #call({ erased = false, call }: { readonly erased?: boolean; readonly call?: Call } = {}): void {
    this.#takes("?.");
    if (!this.#takes("(")) return;
    const { place } = this.#context;
    const kind = this.#peek()?.kind;
    if (kind !== "string" && kind !== "template") return;
    const mention = this.#note(this.#next(), call ?? { place });
    const end = this.#peek();
    if (!mention || !end || !(this.#sees(")") || this.#sees(","))) return;
    mention.line = end.line;
    if (!erased) this.#mentions.push(mention);
  }

  /** Keeps what an `import` declaration loads. */
  #declaration(specifier: Token | undefined): void {
    if (specifier && this.#context.isOutermost) this.#hasModuleSyntax = true;
    this.#keep(specifier);
  }

  #keep(specifier: Token | undefined): void {
    const mention = this.#note(specifier);
    if (mention) this.#mentions.push(mention);
  }

  /** Makes a mention of a specifier, for comments to belong to; it does not count yet. */
  #note(specifier: Token | undefined, call?: Call): Mention | undefined {
    this.#last = specifier && { specifier: cooked(specifier.text), line: specifier.lastLine, comments: [], ...(call && { call }) };
    return this.#last;
  }

  /** A `require` of Node: free, or that of `module`. */
  #isRequire(): boolean {
    return !this.#isProperty() || (this.#taken[1]?.text === "." && this.#taken[2]?.text === "module");
  }

  #isProperty(): boolean {
    return precedesProperty(this.#taken[1]);
  }

  #sees(text: string): boolean {
    const token = this.#peek();
    return token !== undefined && token.text === text && (token.kind === "word" || token.kind === "punctuator");
  }

  #takes(text: string): boolean {
    return this.#sees(text) && this.#next() !== undefined;
  }

  #next(): Token | undefined {
    const token = this.#peek();
    this.#peeked = undefined;
    if (token) this.#context.take(token);
    this.#taken = [token, this.#taken[0], this.#taken[1]];
    return token;
  }

  /** The next token that is no comment. A comment met on the way goes to the import before it on its line. */
  #peek(): Token | undefined {
    while (!this.#peeked && !this.#done) {
      const { value } = this.#tokens.next();
      if (!value) this.#done = true;
      else if (value.kind !== "comment") this.#peeked = value;
      else if (this.#last?.line === value.line) this.#last.comments.push(value.text);
    }
    return this.#peeked;
  }
}

function inClause(token: Token, inBraces: boolean): boolean {
  if (token.kind === "word") return true;
  if (token.kind === "string") return inBraces;
  if (token.kind !== "punctuator") return false;
  return token.text === "," || token.text === (inBraces ? "}" : "{") || (token.text === "*" && !inBraces);
}
