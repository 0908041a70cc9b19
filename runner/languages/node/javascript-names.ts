// Which code declares `require` and `module` itself, so that they are not Node's there.
import type { Frame, Scope } from "./javascript-frames.ts";
import type { Token } from "./javascript-token.ts";

/** Names that Node gives to each CommonJS module. */
const NODE_NAMES: ReadonlySet<string> = new Set(["require", "module"]);
/** Words before a name that they declare. */
const BEFORE_NAME: ReadonlySet<string> = new Set(["const", "let", "var", "function", "class", "import"]);
/** What stands around a name that a pattern declares, and around a parameter. */
const IN_PATTERN = { before: new Set(["{", "[", ",", ":", "..."]), after: new Set([",", "}", "]", "="]) };
const IN_PARAMETERS = { before: new Set(["(", ",", "..."]), after: new Set([",", ")", "=", ":", "?"]) };
const AFTER_DECLARED: ReadonlySet<string> = new Set([",", ";", "="]);

/** A name, until the token after it tells whether it is declared there. */
interface Candidate {
  readonly name: string;
  readonly before: string;
  readonly beforeThat: string;
}

/** A name that a declaration has added to a scope; its initial value is still being read. */
interface Declared {
  readonly name: string;
  readonly scope: Scope;
  readonly frame: Frame;
}

/** Follows what code makes of Node's names. */
export class NodeNames {
  #candidate: Candidate | undefined;
  #declared: Declared | undefined;
  /** A name to which something is about to be assigned. */
  #assigned: string | undefined;
  readonly #replaced = new Set<string>();

  /** Names to which a function of the code's own was assigned, as bundles do. */
  get replaced(): ReadonlySet<string> {
    return this.#replaced;
  }

  /** Takes a word that is no property, and the two tokens before it. */
  take(name: string, before: Token | undefined, beforeThat: Token | undefined): void {
    if (NODE_NAMES.has(name)) this.#candidate = { name, before: before?.text ?? "", beforeThat: beforeThat?.text ?? "" };
  }

  /** Decides by the token after a name, in the same frame, whether the name is declared or replaced. */
  settle(next: string, previous: string | undefined, frame: Frame): void {
    if (this.#assigned !== undefined && previous === "=") {
      if (next === "(" || next === "function") this.#replaced.add(this.#assigned);
      this.#assigned = undefined;
    }
    if (this.#candidate === undefined) return;
    const { name } = this.#candidate;
    const holder = frame.patternHolder;
    const keyword = declaredBy(this.#candidate, next, frame);
    if (keyword === "parameters") holder.names = [...holder.names, name];
    else if (keyword !== undefined) this.#declare(name, keyword, holder);
    else if (next === "=") this.#assigned = name;
    this.#candidate = undefined;
  }

  /** The name that is being declared gets Node's own function all the same, by `createRequire`. */
  keepDeclaredFree(): void {
    this.#declared?.scope.undeclare(this.#declared.name);
  }

  /** Says that no declaration goes on in a frame. */
  endDeclaration(frame: Frame): void {
    if (this.#declared?.frame === frame) this.#declared = undefined;
  }

  #declare(name: string, keyword: string, frame: Frame): void {
    const scope = frame.scope.of(keyword);
    scope.declare(name);
    this.#declared = { name, scope, frame };
  }
}

/** The keyword that declares a name, or `parameters` for what are perhaps some; undefined where it is only used. */
function declaredBy({ before, beforeThat }: Candidate, next: string, { opening, patternHolder, declaring }: Frame): string | undefined {
  const { bracket, head, isPattern } = opening;
  if (BEFORE_NAME.has(before)) return beforeThat === "declare" ? undefined : before;
  if (before === "*" && beforeThat === "function") return "function";
  if (isPattern === true && IN_PATTERN.before.has(before) && IN_PATTERN.after.has(next)) return patternHolder.declaring ?? "parameters";
  const mayHaveParameters = bracket === "(" && (head === undefined || head === "catch");
  if (mayHaveParameters && IN_PARAMETERS.before.has(before) && IN_PARAMETERS.after.has(next)) return "parameters";
  return before === "," && AFTER_DECLARED.has(next) ? declaring : undefined;
}
