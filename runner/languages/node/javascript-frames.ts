// The brackets and functions around a point in JavaScript code: what may be skipped, what is caught, which names are declared.

/** What a `{` begins, as far as the tokens before it tell. A `branch` is a block that does not always run. */
export type BlockRole = "try" | "branch" | "block" | "function";

const NONE: readonly never[] = [];

/** What a function or block declares, as far as anybody asks. */
export class Scope {
  /** How many functions it lies in. */
  readonly depth: number;
  readonly #parent: Scope | undefined;
  /** The scope to which a `var` belongs. */
  readonly #functionScope: Scope;
  #names: readonly string[];

  constructor(parent: Scope | undefined, isFunction: boolean, names: readonly string[] = NONE) {
    this.#names = names;
    this.depth = (parent?.depth ?? -1) + (isFunction ? 1 : 0);
    this.#parent = parent;
    this.#functionScope = isFunction || parent === undefined ? this : parent.#functionScope;
  }

  /** Whether a name is declared here or further out. */
  has(name: string): boolean {
    return this.#names.includes(name) || (this.#parent?.has(name) ?? false);
  }

  declare(name: string): void {
    this.#names = [...this.#names, name];
  }

  /** Takes a declaration back. */
  undeclare(name: string): void {
    this.#names = this.#names.filter((one) => one !== name);
  }

  /** The scope to which a declaration by this keyword belongs. */
  of(keyword: string): Scope {
    return keyword === "var" ? this.#functionScope : this;
  }
}

/** How a pair of brackets is opened. */
export interface Opening {
  readonly bracket: string;
  readonly role?: BlockRole | undefined;
  /** The keyword to which the parentheses belong: `if`. */
  readonly head?: string | undefined;
  /** The method of a promise whose arguments they hold: `then`. */
  readonly link?: string | undefined;
  /** Whether it can be a pattern that declares names. */
  readonly isPattern?: boolean;
  readonly scope?: Scope;
}

/** What stands directly in one pair of brackets, or in none. */
export class Frame {
  readonly parent: Frame | undefined;
  readonly opening: Opening;
  /** How many brackets are open. */
  readonly depth: number;
  /** Whether all of it may be skipped. */
  readonly isSkippable: boolean;
  /** Whether it surely stands in no function. */
  readonly isTopLevel: boolean;
  /** The frame that holds a pattern, for a pattern in another one too; else the frame itself. */
  readonly patternHolder: Frame;
  readonly outerScope: Scope;
  /** The frame's own scope, or that of an arrow function without braces until it ends. */
  scope: Scope;
  /** The code survives an exception in here. */
  catchesErrors = false;
  /** The code survives that a promise made in here is rejected. */
  catchesRejections = false;
  /** In the statement after an `if` or an `else`. */
  inBranch = false;
  /** After an operator that does not always evaluate what follows. */
  inOptionalOperand = false;
  /** The keyword of the declaration under way. */
  declaring: string | undefined;
  /** A `function` still has no body. */
  expectsBody = false;
  commas = 0;
  /** The names that parentheses declare if they hold the parameters of a function. */
  names: readonly string[] = NONE;
  lastParentheses: Frame | undefined;
  lastBlock: Frame | undefined;
  /** The arguments of the call whose result is at hand, and of each of those the call before it: `first(…).then(…)`. */
  lastCall: Frame | undefined;
  callBefore: Frame | undefined;

  constructor(parent: Frame | undefined, opening: Opening) {
    const { bracket, role, scope } = opening;
    const isStatement = role === "try" || role === "branch" || role === "block";
    this.parent = parent;
    this.opening = opening;
    this.depth = parent === undefined ? 0 : parent.depth + 1;
    this.patternHolder = opening.isPattern === true && parent !== undefined ? parent.patternHolder : this;
    this.outerScope = this.scope = scope ?? parent?.scope ?? new Scope(undefined, true);
    this.isSkippable = role === "branch" || parent?.isSkippableHere === true;
    this.isTopLevel = parent === undefined || (parent.isTopLevelHere && (bracket !== "{" || isStatement));
  }

  get isSkippableHere(): boolean {
    return this.isSkippable || this.inBranch || this.inOptionalOperand;
  }

  get isTopLevelHere(): boolean {
    return this.isTopLevel && this.scope === this.outerScope;
  }

  /** The code survives that the promise at hand is rejected. */
  catchLastCall(): void {
    let call = this.lastCall;
    while (call !== undefined && !call.catchesRejections) {
      call.catchesRejections = true;
      call = call.callBefore;
    }
  }

  endOperand(): void {
    this.inOptionalOperand = false;
    this.scope = this.outerScope;
    this.lastCall = undefined;
  }

  endStatement(): void {
    this.endOperand();
    this.inBranch = this.expectsBody = false;
    this.declaring = undefined;
  }
}

/** A point in the code. Code after it decides too, so its methods are to be asked when all has been read. */
export class Place {
  readonly #frame: Frame;
  readonly #scope: Scope;
  readonly #isSkippable: boolean;
  readonly #replaced: ReadonlySet<string>;

  /** `replaced` are the names to which the code has assigned something until here. */
  constructor(frame: Frame, replaced: Iterable<string>) {
    this.#frame = frame;
    this.#scope = frame.scope;
    this.#isSkippable = frame.isSkippableHere;
    this.#replaced = new Set(replaced);
  }

  /** Whether the code survives a failure here: one that is thrown, or the rejection of a promise. */
  survives(failure: "exception" | "rejection"): boolean {
    if (this.#isSkippable) return true;
    for (let frame: Frame | undefined = this.#frame; frame !== undefined; frame = frame.parent) {
      if (frame.catchesErrors) return true;
      // An exception in a function becomes the rejection of a promise; one in the arguments themselves does not.
      if (frame.catchesRejections && (failure === "rejection" || this.#scope.depth > frame.outerScope.depth)) return true;
    }
    return false;
  }

  /** Whether a name has not been declared or replaced by the code itself. */
  isFree(name: string): boolean {
    return !this.#scope.has(name) && !this.#replaced.has(name);
  }
}
