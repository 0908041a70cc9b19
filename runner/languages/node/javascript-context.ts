// Where in JavaScript code a token stands: whether the code there may be skipped or its failure is caught, and whether
// `require` is Node's there. Brackets, statements and declarations are followed token by token; no tree is built.
import { type BlockRole, Frame, Place, Scope } from "./javascript-frames.ts";
import { NodeNames } from "./javascript-names.ts";
import { precedesProperty, type Token } from "./javascript-token.ts";

/** Code with more brackets or functions in one another is not followed any further. */
const MAX_DEPTH = 500;
const DECLARING: ReadonlySet<string> = new Set(["const", "let", "var"]);
const PROMISE_METHODS: ReadonlySet<string> = new Set(["then", "catch", "finally"]);
/** Words that go on with an expression, at the beginning of a line too. */
const OPERATORS: ReadonlySet<string> = new Set(["in", "of", "instanceof", "as", "satisfies"]);
/** Punctuators that cannot go on with an expression. */
const BEGINS_STATEMENT: ReadonlySet<string> = new Set(["{", "!", "~", "@"]);
/** Operators that do not always evaluate what follows them. */
const OPTIONAL: ReadonlySet<string> = new Set(["?", "??", "&&", "||"]);
/** What a `{` begins after these words, and after the parentheses of these. */
const BLOCKS: ReadonlyMap<string, BlockRole> = new Map([
  ["try", "try"], ["else", "block"], ["do", "block"], ["finally", "block"], ["catch", "branch"],
]);
const BRANCHING_HEADS: ReadonlySet<string> = new Set(["switch", "catch"]);

/** Follows code from its first token on. */
export class CodeContext {
  #frame = new Frame(undefined, { bracket: "" });
  /** How many of the open brackets are a `{` or `${`. */
  #braces = 0;
  readonly #names = new NodeNames();
  #previous: Token | undefined;
  #beforePrevious: Token | undefined;
  /** The token taken last goes on with a chain of promises: `….then(…).catch(…)`. */
  #inChain = false;
  /** The token taken last is an `await` that surely stands in no function. */
  #awaits = false;
  #usesTopLevelAwait = false;

  /** Where the token taken last stands. */
  get place(): Place {
    return new Place(this.#frame, this.#names.replaced);
  }

  /** Whether no bracket is open. */
  get isOutermost(): boolean {
    return this.#frame.parent === undefined;
  }

  /** Whether an `await` was met that surely stands in no function. */
  get usesTopLevelAwait(): boolean {
    return this.#usesTopLevelAwait;
  }

  /** Takes the next token that is no comment. */
  take(token: Token): void {
    if (this.#frame.depth >= MAX_DEPTH || this.#frame.scope.depth >= MAX_DEPTH) return;
    if (this.#beginsStatement(token)) this.#endStatement();
    this.#followChain(token);
    this.#names.settle(token.kind === "word" || token.kind === "punctuator" ? token.text : "", this.#previous?.text, this.#frame);
    this.#settleAwait(token);
    if (token.kind === "word") this.#word(token.text);
    else if (token.kind === "punctuator") this.#punctuator(token);
    this.#beforePrevious = this.#previous;
    this.#previous = token;
  }

  /** Whether the token begins a statement although no semicolon ends the one before. */
  #beginsStatement({ kind, text, line }: Token): boolean {
    const previous = this.#previous;
    if (previous === undefined || line <= previous.lastLine || !(previous.endsOperand || previous.text === "}")) return false;
    return kind === "punctuator" ? BEGINS_STATEMENT.has(text) : kind !== "template" && !(kind === "word" && OPERATORS.has(text));
  }

  #followChain({ kind, text }: Token): void {
    const before = this.#previous?.text ?? "";
    if (before === ")") this.#inChain = text === "." || text === "?.";
    else if (before === "." || before === "?.") this.#inChain &&= kind === "word";
    else this.#inChain &&= text === "(" && PROMISE_METHODS.has(before);
    if (!this.#inChain) this.#frame.lastCall = undefined;
  }

  #settleAwait({ kind, text }: Token): void {
    if (this.#awaits && (kind === "punctuator" ? text === "(" || text === "[" : !OPERATORS.has(text))) this.#usesTopLevelAwait = true;
    this.#awaits = false;
  }

  #word(text: string): void {
    const frame = this.#frame;
    const before = this.#previous?.text;
    if (text === "createRequire") this.#names.keepDeclaredFree();
    if (precedesProperty(this.#previous)) return;
    this.#names.take(text, this.#previous, this.#beforePrevious);
    if (DECLARING.has(text)) frame.declaring = text;
    else if (text === "function") frame.expectsBody = true;
    else if (text === "else") frame.inBranch = before !== "," && before !== "{"; // no property of an object
    else if (text === "await") this.#awaits = frame.isTopLevelHere;
    else if (text === "catch" && before === "}" && frame.lastBlock?.opening.role === "try") frame.lastBlock.catchesErrors = true;
  }

  #punctuator({ text, head }: Token): void {
    if (text === "(") this.#openParentheses(head);
    else if (text === "{") this.#openBrace();
    else if (text === "[" || text === "${") this.#openOther(text);
    else if (text === ")" || text === "]" || text === "}") this.#close(text);
    else if (text === ";") this.#endStatement();
    else if (text === ",") this.#comma();
    else if (text === "=>") this.#arrow();
    else if (OPTIONAL.has(text)) this.#frame.inOptionalOperand = true;
  }

  #openParentheses(head: string | undefined): void {
    const callee = this.#previous?.kind === "word" ? this.#previous.text : "";
    const link = this.#inChain ? callee : undefined;
    if (link === "catch") this.#frame.catchLastCall();
    this.#frame = new Frame(this.#frame, { bracket: "(", head, link });
    this.#frame.catchesRejections = callee === "allSettled";
  }

  #openBrace(): void {
    const { scope, lastParentheses } = this.#frame;
    const role = this.#blockRole();
    const names = this.#previous?.text === ")" || role === "function" ? lastParentheses?.names : undefined;
    const isPattern = role === undefined && this.#opensPattern();
    this.#frame.expectsBody = false;
    this.#braces += 1;
    this.#frame = new Frame(this.#frame, { bracket: "{", role, isPattern, scope: new Scope(scope, role === "function", names) });
  }

  #openOther(bracket: "[" | "${"): void {
    if (bracket === "${") this.#braces += 1;
    this.#frame = new Frame(this.#frame, { bracket, isPattern: bracket === "[" && this.#opensPattern() });
  }

  #blockRole(): BlockRole | undefined {
    const { lastParentheses, expectsBody } = this.#frame;
    const before = this.#previous;
    const keyword = before?.kind === "word" ? BLOCKS.get(before.text) : undefined;
    if (keyword !== undefined) return keyword;
    const head = before?.text === ")" ? lastParentheses?.opening.head : undefined;
    if (head !== undefined) return BRANCHING_HEADS.has(head) ? "branch" : "block";
    return before?.text === ")" || before?.text === "=>" || expectsBody ? "function" : undefined;
  }

  /** Whether a bracket here is a pattern of a declaration or, perhaps, of a parameter. */
  #opensPattern(): boolean {
    const before = this.#previous?.text ?? "";
    const { declaring, opening } = this.#frame;
    if (opening.isPattern === true) return true;
    if (declaring !== undefined && (before === declaring || before === ",")) return true;
    return opening.bracket === "(" && (before === "(" || before === ",");
  }

  #close(text: ")" | "]" | "}"): void {
    const closed = this.#closedBy(text);
    if (closed?.parent === undefined) return;
    if (text === "}") this.#braces -= 1;
    const { role, bracket } = closed.opening;
    this.#frame = closed.parent;
    if (bracket === "(") this.#closeParentheses(closed);
    if (bracket !== "{") return;
    this.#frame.lastBlock = closed;
    if (role !== undefined && role !== "function") this.#endStatement();
  }

  #closeParentheses(closed: Frame): void {
    const frame = this.#frame;
    const { head, link } = closed.opening;
    const lastArgument = this.#previous?.text === "," ? closed.commas - 1 : closed.commas;
    if (link === "then" && lastArgument > 0) frame.catchLastCall();
    if (head === "if") frame.inBranch = true;
    closed.callBefore = frame.lastCall;
    frame.lastCall = frame.lastParentheses = closed;
  }

  /** The frame that a closing bracket ends. A brace ends whatever is open in it; another bracket that fits nothing ends nothing. */
  #closedBy(text: ")" | "]" | "}"): Frame | undefined {
    if (text !== "}") return this.#frame.opening.bracket === (text === ")" ? "(" : "[") ? this.#frame : undefined;
    if (this.#braces === 0) return undefined;
    let frame: Frame | undefined = this.#frame;
    while (frame !== undefined && frame.opening.bracket !== "{" && frame.opening.bracket !== "${") frame = frame.parent;
    return frame;
  }

  #arrow(): void {
    const { scope, lastParentheses } = this.#frame;
    const parameters = lastParentheses?.names ?? [];
    const before = this.#previous;
    const isType = this.#beforePrevious?.text === ":";
    this.#frame.scope = new Scope(scope, true, before?.kind === "word" && !isType ? [before.text] : parameters);
  }

  #comma(): void {
    this.#frame.commas += 1;
    this.#frame.endOperand();
    this.#names.endDeclaration(this.#frame);
  }

  #endStatement(): void {
    this.#frame.endStatement();
    this.#names.endDeclaration(this.#frame);
  }
}
