// Which npm packages a node script needs, read from its code.
import { isBuiltin } from "node:module";
import { type Token, cooked, tokens } from "./javascript-tokens.ts";
import { npmNameProblem, readVersionComment } from "./npm-name.ts";
import { type Needs, type Requirement, merge, requirement } from "../requirement.ts";

/** One mention of a module in the code, with the comments that stand behind it on its line. */
export interface Import {
  readonly specifier: string;
  readonly line: number;
  readonly comments: readonly string[];
}

/**
 * The packages that a script imports and the versions that comments behind the imports ask for. `builtin` tells the
 * modules of the Node that will run it.
 */
export function nodeNeeds(code: string, builtin: (specifier: string) => boolean = isBuiltin): Needs {
  const mentions: Requirement[] = [];
  const problems = new Set<string>();
  for (const found of readImports(code)) {
    const name = builtin(found.specifier) ? undefined : packageOf(found.specifier);
    if (name === undefined) continue;
    const reason = npmNameProblem(name);
    if (reason === undefined) mentions.push(...mentionsOf(name, found, problems));
    else problems.add(reason);
  }
  const { requirements, problems: conflicts } = merge(mentions);
  return { requirements, problems: [...problems, ...conflicts], notes: [] };
}

function mentionsOf(name: string, { comments, line }: Import, problems: Set<string>): Requirement[] {
  const mentions = [requirement(name)];
  for (const comment of comments) {
    const read = readVersionComment(comment);
    if (read && "version" in read) mentions.push(requirement(name, read.version));
    else if (read) problems.add(`Cannot read the version of ${name} in line ${line}, found ${read.problem}`);
  }
  return mentions;
}

/** Relative, absolute (also on Windows), a package's own `#imports`, and every scheme (`node:`, `file:`, `https:`). */
const NO_PACKAGE = /^(?:\.{1,2}(?:[/\\]|$)|[/\\#]|[A-Za-z][A-Za-z\d+.-]*:)/;

/** The package that a specifier leads to: `a` for `a/b`, `@s/a` for `@s/a/b`, undefined where it leads to none. */
export function packageOf(specifier: string): string | undefined {
  if (NO_PACKAGE.test(specifier)) return undefined;
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

/** Every module that the code asks for by a literal, in the code's order. Never throws, whatever the text. */
export function readImports(code: string): readonly Import[] {
  return /import|require|from/.test(code) ? new ImportReader(code).read() : [];
}

/** An import under construction. */
interface Found {
  readonly specifier: string;
  line: number;
  readonly comments: string[];
}

class ImportReader {
  readonly #tokens: Iterator<Token, void>;
  readonly #found: Found[] = [];
  /** What a comment on its line belongs to: the last import, also one that does not count. */
  #last: Found | undefined;
  #peeked: Token | undefined;
  #done = false;
  /** The tokens last taken, newest first. */
  #taken: readonly (Token | undefined)[] = [];

  constructor(code: string) {
    this.#tokens = tokens(code);
  }

  read(): readonly Found[] {
    for (let token = this.#next(); token; token = this.#next()) {
      if (token.kind !== "word") continue;
      if (token.text === "require" && this.#isRequire()) this.#require();
      else if (token.text === "import" && !this.#isProperty()) this.#import();
      else if (token.text === "export" && !this.#isProperty()) this.#export();
    }
    return this.#found;
  }

  /** `import "x"`, `import … from "x"`, `import("x")`, `import.meta.resolve("x")`. */
  #import(): void {
    const erased = this.#taken[1]?.text === "typeof";
    const after = this.#peek();
    if (after?.kind === "string") this.#keep(this.#next());
    else if (this.#sees("(")) this.#call(erased);
    else if (this.#takes(".")) this.#importProperty();
    else if (this.#sees("type")) this.#importType();
    else this.#keep(this.#clause());
  }

  #importProperty(): void {
    if (this.#takes("source") || this.#takes("defer")) this.#call();
    else if (this.#takes("meta") && this.#takes(".") && this.#takes("resolve")) this.#call();
  }

  /** What follows `import type` is erased with the types, but for a default import that is called `type`. */
  #importType(): void {
    this.#next();
    const word = this.#peek()?.kind === "word";
    if (this.#takes("from")) {
      if (this.#peek()?.kind === "string") return this.#keep(this.#next());
    } else if (!word && !this.#sees("{") && !this.#sees("*")) return this.#keep(this.#clause());
    this.#forget(this.#clause());
    if (this.#takes("=")) this.#takes("require");
  }

  /** `export … from "x"`, without `export type`. */
  #export(): void {
    const typed = this.#takes("type");
    if (!this.#sees("{") && !this.#sees("*")) return;
    const specifier = this.#clause();
    if (typed) this.#forget(specifier);
    else this.#keep(specifier);
  }

  /** `require("x")`, `require.resolve("x")`. */
  #require(): void {
    if (!this.#takes(".") || this.#takes("resolve")) this.#call();
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

  /** Takes `("x")` or `("x", …)`; a specifier that is put together is none. */
  #call(erased = false): void {
    this.#takes("?.");
    if (!this.#takes("(")) return;
    const kind = this.#peek()?.kind;
    if (kind !== "string" && kind !== "template") return;
    const specifier = this.#next();
    const found = specifier && this.#forget(specifier);
    const end = this.#peek();
    if (!found || !end || !(this.#sees(")") || this.#sees(","))) return;
    found.line = end.line;
    if (!erased) this.#found.push(found);
  }

  #keep(specifier: Token | undefined): void {
    if (specifier) this.#found.push(this.#forget(specifier));
  }

  /** Makes an import of a specifier, for comments to belong to, but does not count it. */
  #forget(specifier: Token): Found;
  #forget(specifier: Token | undefined): Found | undefined;
  #forget(specifier: Token | undefined): Found | undefined {
    this.#last = specifier && { specifier: cooked(specifier.text), line: specifier.lastLine, comments: [] };
    return this.#last;
  }

  /** A `require` of Node: free, or that of `module`. */
  #isRequire(): boolean {
    return !this.#isProperty() || (this.#taken[1]?.text === "." && this.#taken[2]?.text === "module");
  }

  #isProperty(): boolean {
    const before = this.#taken[1];
    return before?.kind === "punctuator" && (before.text === "." || before.text === "?." || before.text === "#");
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
