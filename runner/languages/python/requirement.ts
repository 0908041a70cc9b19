// One dependency of a Python script (PEP 508): `requests[socks]>=2.31,<3; python_version < "3.13"`.
import { Failure, describe } from "../../lib/failure.ts";
import { type Requirement, requirement } from "../requirement.ts";
import { specifierProblem } from "./version.ts";

const MAX_LENGTH = 1024;
const NAME = "[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?";
const WHOLE = new RegExp(`^(${NAME})\\s*(?:\\[([^\\]]*)\\])?\\s*(?:\\(([^()]*)\\)|([^(]*))$`);
const EXTRA = new RegExp(`^${NAME}$`);
const DIRECT = new RegExp(`^${NAME}\\s*(?:\\[[^\\]]*\\])?\\s*@`);
const ADDRESS = /^(?:[.~/\\]|[A-Za-z][A-Za-z0-9+.-]*:)|^[^\s<>=!~;[(]*[/\\]|\.(?:whl|tar\.gz|zip)$/;
/** What markers are made of; the installer reads them, and can take nothing of this for an option of its own. */
const MARKER = /^(?:[\w.<>=!~()\s]|"[^"]*"|'[^']*')+$/;

/** The one name of a Python project, whatever its spelling (PEP 503): `Foo.Bar_baz` is `foo-bar-baz`. */
export function normalizedPythonName(name: string): string {
  return name.replace(/[-_.]+/g, "-").toLowerCase();
}

/**
 * Reads one dependency. Its `version` is everything after the name, spelled in one way. Throws a `Failure` with the reason
 * for what is no dependency, and for what would be installed from elsewhere than an index: a URL, a path, a repository.
 */
export function parsePythonRequirement(text: string): Requirement {
  const refuse = (reason: string): never => {
    throw new Failure("bad-request", `Cannot install the Python dependency ${describe(text)}: ${reason}`);
  };
  const trimmed = text.trim();
  if (trimmed.length > MAX_LENGTH) return refuse(`it has more than ${MAX_LENGTH} characters`);
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(text)) return refuse("it contains a line break or control character");
  if (trimmed.startsWith("-")) return refuse("options of the installer are not supported");
  const [head = "", ...afterSemicolon] = trimmed.replace(/\s+/g, " ").split(";");
  const marker = afterSemicolon.length === 0 ? undefined : afterSemicolon.join(";").trim();
  if (DIRECT.test(head) || ADDRESS.test(head.trim())) {
    return refuse("URLs, paths and repositories are not installed, only names and versions of the index");
  }
  const match = WHOLE.exec(head.trim());
  if (!match) return refuse('wanted a name, then [extras], version specifiers and "; marker", each only where needed');
  const [, name = "", extras, inParentheses, bare = ""] = match;
  const specifiers = inParentheses ?? bare;
  const reason = extrasProblem(extras) ?? specifierProblem(specifiers) ?? markerProblem(marker);
  if (reason !== undefined) return refuse(reason);
  const version = `${extrasText(extras)}${specifierText(specifiers)}${marker === undefined ? "" : ` ; ${marker}`}`;
  return requirement(normalizedPythonName(name), version === "" ? undefined : version);
}

function extrasProblem(extras: string | undefined): string | undefined {
  const wrong = listOf(extras).find((extra) => !EXTRA.test(extra));
  return wrong === undefined ? undefined : `${describe(wrong)} is no name of an extra`;
}

function markerProblem(marker: string | undefined): string | undefined {
  return marker === undefined || MARKER.test(marker) ? undefined : `${describe(marker)} is no marker such as python_version < "3.13"`;
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
