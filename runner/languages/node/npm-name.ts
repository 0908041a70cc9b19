// npm's rules for the names of packages and for the versions that a script may ask for.
import { describe } from "../../lib/failure.ts";
import { isRange } from "./semver.ts";

const MAX_NAME = 214;
const MAX_VERSION = 256;
const RESERVED: ReadonlySet<string> = new Set(["node_modules", "favicon.ico"]);

/**
 * The message why npm can have no package of this name; undefined where it can. Upper case is allowed, since old packages
 * have it. The caller leaves out modules of Node itself: a package may share their name (`buffer`, `punycode`).
 */
export function npmNameProblem(name: string): string | undefined {
  const reason = whyNot(name);
  return reason === undefined ? undefined : `Cannot install the npm package ${describe(name)}: ${reason}`;
}

function whyNot(name: string): string | undefined {
  if (name === "") return "the name is empty";
  if (name.length > MAX_NAME) return `a name has at most ${MAX_NAME} characters, this one has ${name.length}`;
  if (name.trim() !== name) return "a name has no spaces around it";
  if (/^[.\-_]/.test(name)) return `a name does not begin with "${name[0]}"`;
  if (RESERVED.has(name.toLowerCase())) return "this name is reserved";
  const parts = name.split("/");
  const scoped = name.startsWith("@");
  if (scoped && (parts.length !== 2 || parts[0] === "@" || parts[1] === "")) return "a scoped name is written @scope/name";
  if (!scoped && parts.length > 1) return "only a scoped name, written @scope/name, has a slash";
  return parts.map((part, index) => whyNotPart(scoped && index === 0 ? part.slice(1) : part)).find((reason) => reason !== undefined);
}

function whyNotPart(part: string): string | undefined {
  if (part.startsWith(".")) return "no part of a name begins with a dot";
  const special = /[~'!()*]/.exec(part);
  if (special) return `a name has no "${special[0]}"`;
  if (part.includes("@")) return "a version is not part of the name; it goes into a comment after the import, such as // @1.2.3";
  if (/\s/.test(part)) return "a name has no spaces";
  const odd = /[^A-Za-z0-9._-]/u.exec(part);
  return odd ? `a name holds only characters that a URL may hold, so no ${describe(odd[0])}` : undefined;
}

/** Whether a text can be a dist-tag, and is no version or range. */
export function isDistTag(text: string): boolean {
  return text.length <= MAX_VERSION && /^[A-Za-z][\w.-]*$/.test(text) && !isRange(text);
}

const ADDRESS = /[/\\:]|^\./;

/** Why a text cannot be the version of an npm package; undefined for a version, range or dist-tag. */
export function versionProblem(text: string): string | undefined {
  if (text.length > MAX_VERSION) return `a version has at most ${MAX_VERSION} characters`;
  if (text.startsWith("-")) return 'a version does not begin with "-"';
  if (ADDRESS.test(text)) return "URLs, paths, git addresses and aliases are not installed, only versions, ranges and tags of the registry";
  return isRange(text) || isDistTag(text) ? undefined : "it is neither a version, nor a range, nor a tag";
}

/** Comments of other tools that would read as a dist-tag. */
const ANNOTATION = new RegExp(
  "^(?:ts-(?:ignore|expect-error|nocheck|check)|(?:vite|vitest|webpack|turbopack)-?ignore|deprecated|internal|private|public" +
    "|preserve|license|flow|jsx|async|inheritdoc|todo|fixme|__\\w+__)$",
  "i",
);
/** Tags that count although an explanation follows them. */
const COMMON_TAG = /^(?:latest|next|beta|alpha|canary|rc|nightly)$/;

/** What a comment after an import says: a version, why it cannot be one, or nothing for a comment on something else. */
export type VersionComment = { readonly version: string } | { readonly problem: string } | undefined;

/**
 * Reads a comment's text, without its slashes. As in zx, `@` comes first and the version right after it, and an explanation
 * may follow: `@^1.7 until the next one is out`. Unlike in zx, ranges with spaces and dist-tags count too.
 */
export function readVersionComment(comment: string): VersionComment {
  const text = /^\s*@(\S[^\r\n\u2028\u2029]*)/.exec(comment)?.[1]?.trim();
  if (text === undefined) return undefined;
  const words = text.split(/\s+/, 16);
  for (let count = words.length; count > 0; count--) {
    const version = words.slice(0, count).join(" ");
    if (!/^\|\||\|\|(?:\s*\|\||$)/.test(version) && version.length <= MAX_VERSION && isRange(version)) return { version };
  }
  return readWord(words[0] ?? "", words.length === 1);
}

function readWord(word: string, alone: boolean): VersionComment {
  if (word.endsWith(":")) return undefined;
  if (isDistTag(word)) return (alone && !ANNOTATION.test(word)) || COMMON_TAG.test(word) ? { version: word } : undefined;
  const meant = /^[-.\d^~<>=*|]|^v\d|[/\\:]/.test(word);
  const reason = meant ? versionProblem(word) : undefined;
  return reason === undefined ? undefined : { problem: `${describe(word)}: ${reason}` };
}
