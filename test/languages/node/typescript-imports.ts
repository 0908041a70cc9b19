// The imports of code by TypeScript's own parser and the rules of the import reader: a second opinion on real files.
import ts from "typescript";

/** A specifier, with a question mark after it where the code survives that it is not there. */
export type Found = string;

/** Every literal specifier, sorted, and whether the code is an ES module by a declaration. */
export function parsedImports(code: string, file: string): { readonly found: readonly Found[]; readonly isModule: boolean } {
  const source = ts.createSourceFile(file, code, ts.ScriptTarget.Latest, true);
  const scopes = declaredNames(source);
  const found: Found[] = [];
  const add = (specifier: ts.Node | undefined, mark = "") => {
    if (specifier !== undefined && ts.isStringLiteralLike(specifier)) found.push(specifier.text + mark);
  };
  let isModule = false;
  visit(source, (node) => {
    if ((ts.isImportDeclaration(node) && !node.importClause?.isTypeOnly) || (ts.isExportDeclaration(node) && !node.isTypeOnly)) {
      isModule = true;
      add(node.moduleSpecifier);
    } else if (ts.isExternalModuleReference(node) && !node.parent.isTypeOnly) add(node.expression);
    else if (ts.isImportTypeNode(node) && !node.isTypeOf && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal);
    else if (ts.isCallExpression(node)) {
      const name = /^(?:import|require|require\.resolve|module\.require|import\.meta\.resolve)$/.exec(node.expression.getText(source))?.[0];
      const isNodes = name !== undefined && !isDeclared(node, name.split(".")[0] ?? "", scopes);
      if (isNodes) add(node.arguments[0], isOptional(node, name === "import") ? "?" : "");
    } else if (ts.isMetaProperty(node) && node.keywordToken === ts.SyntaxKind.ImportKeyword) isModule = true;
    else if (ts.isExportAssignment(node) && !node.isExportEquals) isModule = true;
    else if (isExported(node)) isModule = true;
  });
  return { found: found.sort(), isModule };
}

function visit(node: ts.Node, call: (node: ts.Node) => void): void {
  call(node);
  ts.forEachChild(node, (child) => visit(child, call));
}

/** `export` before what is there at run time too. */
function isExported(node: ts.Node): boolean {
  if (!ts.isVariableStatement(node) && !ts.isFunctionDeclaration(node) && !ts.isClassDeclaration(node)) return false;
  const has = (kind: ts.SyntaxKind) => node.modifiers?.some((modifier) => modifier.kind === kind) === true;
  return has(ts.SyntaxKind.ExportKeyword) && !has(ts.SyntaxKind.DeclareKeyword) && !has(ts.SyntaxKind.AbstractKeyword);
}

const LAZY_OPERATORS: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.AmpersandAmpersandToken, ts.SyntaxKind.BarBarToken, ts.SyntaxKind.QuestionQuestionToken,
  ts.SyntaxKind.AmpersandAmpersandEqualsToken, ts.SyntaxKind.BarBarEqualsToken, ts.SyntaxKind.QuestionQuestionEqualsToken,
]);

function isOptional(call: ts.CallExpression, rejects: boolean): boolean {
  if (rejects && isCaught(call)) return true;
  let inFunction = false;
  for (let child: ts.Node = call, node: ts.Node = call.parent; !ts.isSourceFile(node); child = node, node = node.parent) {
    if (ts.isIfStatement(node) && child !== node.expression) return true;
    if (ts.isConditionalExpression(node) && child !== node.condition) return true;
    if (ts.isBinaryExpression(node) && child === node.right && LAZY_OPERATORS.has(node.operatorToken.kind)) return true;
    if (ts.isCaseBlock(node) || (ts.isCatchClause(node) && child === node.block)) return true;
    if (ts.isTryStatement(node) && child === node.tryBlock && node.catchClause !== undefined) return true;
    if (ts.isCallExpression(node) && child !== node.expression && (rejects || inFunction) && isCaught(node)) return true;
    if (ts.isFunctionLike(node)) inFunction = true;
  }
  return false;
}

/** Whether a rejection of what a call returns is caught in the same chain. */
function isCaught(call: ts.CallExpression): boolean {
  if (/\ballSettled$/.test(call.expression.getText())) return true;
  const method = call.parent;
  if (!ts.isPropertyAccessExpression(method) || method.expression !== call) return false;
  const next = method.parent;
  if (!ts.isCallExpression(next) || next.expression !== method) return false;
  const name = method.name.text;
  return name === "catch" || (name === "then" && next.arguments.length > 1) || ((name === "then" || name === "finally") && isCaught(next));
}

/** The names `require` and `module` where the code itself declares them, by the node that they are declared in. */
function declaredNames(source: ts.SourceFile): ReadonlyMap<ts.Node, ReadonlySet<string>> {
  const scopes = new Map<ts.Node, Set<string>>();
  const add = (name: string, scope: ts.Node) => scopes.set(scope, new Set([...(scopes.get(scope) ?? []), name]));
  visit(source, (node) => {
    if (!ts.isIdentifier(node) || (node.text !== "require" && node.text !== "module")) return;
    const declaration = bindingOf(node);
    if (declaration === undefined || ts.getCombinedModifierFlags(declaration) & ts.ModifierFlags.Ambient) return;
    if (ts.isVariableDeclaration(declaration) && /\bcreateRequire\b/.test(declaration.initializer?.getText() ?? "")) return;
    add(node.text, scopeOf(declaration));
  });
  return scopes;
}

/** The declaration of which an identifier is the name, or of whose pattern it is a part. */
function bindingOf(name: ts.Identifier): Named | undefined {
  let node: ts.Node = name.parent;
  if (ts.isBindingElement(node) && node.name !== name) return undefined;
  while (ts.isBindingElement(node) || ts.isObjectBindingPattern(node) || ts.isArrayBindingPattern(node)) node = node.parent;
  if (!isNamed(node)) return undefined;
  return name.parent !== node || node.name === name ? node : undefined;
}

type Named =
  | ts.VariableDeclaration | ts.ParameterDeclaration | ts.ImportClause
  | ts.FunctionDeclaration | ts.FunctionExpression | ts.ClassDeclaration;

function isNamed(node: ts.Node): node is Named {
  if (ts.isFunctionDeclaration(node) || ts.isFunctionExpression(node) || ts.isClassDeclaration(node)) return true;
  return ts.isVariableDeclaration(node) || ts.isParameter(node) || ts.isImportClause(node);
}

function scopeOf(declaration: Named): ts.Node {
  if (ts.isParameter(declaration)) return declaration.parent;
  const list = ts.isVariableDeclaration(declaration) && ts.isVariableDeclarationList(declaration.parent) ? declaration.parent : undefined;
  const isVar = list !== undefined && (list.flags & ts.NodeFlags.BlockScoped) === 0;
  if (ts.isVariableDeclaration(declaration) && ts.isCatchClause(declaration.parent)) return declaration.parent;
  let node: ts.Node = declaration.parent;
  while (!ts.isSourceFile(node) && !ts.isFunctionLike(node) && (isVar || !ts.isBlock(node))) node = node.parent;
  return node;
}

function isDeclared(node: ts.Node, name: string, scopes: ReadonlyMap<ts.Node, ReadonlySet<string>>): boolean {
  for (let around: ts.Node | undefined = node; around !== undefined; around = around.parent) {
    if (scopes.get(around)?.has(name) === true) return true;
  }
  return false;
}
