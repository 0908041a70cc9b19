// One dependency of a Python script, as PEP 508 writes it: `requests[socks]>=2.31,<3; python_version < "3.13"`.
import { Failure, describe } from "../../lib/failure.ts";
import { specifierProblem } from "./version.ts";
import { type Requirement, requirement } from "../requirement.ts";

const LONGEST = 1024;
const NAME = "[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?";
const WHOLE = new RegExp(`^(${NAME})\\s*(?:\\[([^\\]]*)\\])?\\s*(?:\\(([^()]*)\\)|([^(]*))$`);
const EXTRA = new RegExp(`^${NAME}$`);
const DIRECT = new RegExp(`^${NAME}\\s*(?:\\[[^\\]]*\\])?\\s*@`);
const ADDRESS = /^(?:[.~/\\]|[A-Za-z][A-Za-z0-9+.-]*:)|^[^\s<>=!~;[(]*[/\\]|\.(?:whl|tar\.gz|zip)$/;

const MARKER = /\s+|"[^"]*"|'[^']*'|===|~=|[=!<>]=|[<>]|[()]|[A-Za-z_][\w.]*|[^]/g;
const MARKER_NAME = /^(?:python_version|python_full_version|os_name|sys_platform|platform_release|platform_system|platform_version|platform_machine|platform_python_implementation|implementation_name|implementation_version|extra|os\.name|sys\.platform|platform\.version|platform\.machine|platform\.python_implementation|python_implementation)$/;
const MARKER_OPERATOR = /^(?:===|~=|[=!<>]=|[<>]|in|not in)$/;

/** The one name of a Python project, whatever its spelling (PEP 503): `Foo.Bar_baz` is `foo-bar-baz`. */
export function normalizedPythonName(name: string): string {
  return name.replace(/[-_.]+/g, "-").toLowerCase();
}

/**
 * Reads one dependency. Its `version` is everything behind the name, in one spelling. Throws a `Failure` with the reason
 * for what is none, and for what would be installed from elsewhere than an index: a URL, a path, a repository.
 */
export function parsePythonRequirement(text: string): Requirement {
  const refuse = (reason: string): never => {
    throw new Failure("bad-request", `Cannot install the Python dependency ${describe(text)}: ${reason}`);
  };
  const trimmed = text.trim();
  if (trimmed.length > LONGEST) return refuse(`it has more than ${LONGEST} characters`);
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(text)) return refuse("it holds a line break or control character");
  if (trimmed.startsWith("-")) return refuse("options of the installer are not taken");
  const semicolon = trimmed.indexOf(";");
  const marker = semicolon === -1 ? undefined : trimmed.slice(semicolon + 1).trim();
  const head = trimmed.slice(0, semicolon === -1 ? undefined : semicolon).trim().replace(/\s+/g, " ");
  if (DIRECT.test(head) || ADDRESS.test(head)) return refuse("URLs, paths and repositories are not installed, only names and versions of the index");
  const match = WHOLE.exec(head);
  if (!match) return refuse('wanted a name, then [extras], version specifiers and "; marker", each only where needed');
  const [, name = "", extras, inBrackets, bare = ""] = match;
  const specifiers = inBrackets ?? bare;
  const reason = extrasProblem(extras) ?? specifierProblem(specifiers) ?? markerProblem(marker);
  if (reason !== undefined) return refuse(reason);
  const version = `${extrasText(extras)}${specifierText(specifiers)}${marker === undefined ? "" : ` ; ${marker}`}`;
  return requirement(normalizedPythonName(name), version === "" ? undefined : version);
}

function extrasProblem(extras: string | undefined): string | undefined {
  const wrong = listOf(extras).find((extra) => !EXTRA.test(extra));
  return wrong === undefined ? undefined : `${describe(wrong)} is no name of an extra`;
}

function extrasText(extras: string | undefined): string {
  const names = listOf(extras).map(normalizedPythonName);
  return names.length === 0 ? "" : `[${[...new Set(names)].sort().join(",")}]`;
}

function specifierText(specifiers: string): string {
  return listOf(specifiers).filter((clause) => clause !== "").map((clause) => clause.replace(/\s+/g, "")).sort().join(",");
}

function listOf(text: string | undefined): string[] {
  return text === undefined || text.trim() === "" ? [] : text.split(",").map((part) => part.trim());
}

/** Why a marker has not the shape `variable operator "text"`, joined by `and`, `or` and parentheses. */
function markerProblem(marker: string | undefined): string | undefined {
  if (marker === undefined) return undefined;
  const words = (marker.match(MARKER) ?? []).filter((word) => word.trim() !== "");
  let depth = 0;
  let at = 0;
  for (let more = true; more; ) {
    for (; words[at] === "("; at++) depth++;
    const operator = words[at + 1] === "not" && words[at + 2] === "in" ? "not in" : words[at + 1] ?? "";
    const right = at + (operator === "not in" ? 3 : 2);
    const operands = [words[at] ?? "", words[right] ?? ""];
    if (!operands.every(isOperand) || !MARKER_OPERATOR.test(operator)) return unreadable(marker, words[at]);
    for (at = right + 1; words[at] === ")"; at++) depth--;
    if (depth < 0) return unreadable(marker, ")");
    more = words[at] === "and" || words[at] === "or";
    if (more) at++;
  }
  return depth === 0 && at === words.length ? undefined : unreadable(marker, words[at]);
}

function isOperand(word: string): boolean {
  return MARKER_NAME.test(word) || /^(?:"[^"]*"|'[^']*')$/.test(word);
}

function unreadable(marker: string, word: string | undefined): string {
  return `the marker ${describe(marker)} can't be read at ${word === undefined ? "its end" : describe(word)}`;
}
