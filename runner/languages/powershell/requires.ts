// Which modules a PowerShell script needs: its `#Requires -Modules` lines.
import { describe, messageOf } from "../../lib/failure.ts";
import { lineComments } from "./comments.ts";
import { type Needs, type Requirement, merge, requirement } from "../requirement.ts";

/** A module, and what its version must be; `version` says the same as a NuGet range (`[1.0, 2.0]`). */
export interface ModuleRequirement extends Requirement {
  /** At least this. */
  readonly minimum?: string;
  /** At most this; may end in `.*`. */
  readonly maximum?: string;
  /** Exactly this. */
  readonly exact?: string;
}

type Argument =
  | { readonly kind: "parameter"; readonly name: string }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "table"; readonly text: string }
  | { readonly kind: "comma" };

const REQUIRES = /^#requires(?=\s)/i;
// A quote that another follows is no end, which also keeps the expressions below from trying it as one.
const QUOTED = "'(?:[^']|'')*'(?!')|\"(?:[^\"`]|\"\"|`[^])*\"(?!\")";
const ARGUMENT = new RegExp(`\\s+|(#.*)|(,)|@\\{((?:${QUOTED}|[^'"}])*)\\}|(${QUOTED})|-([A-Za-z]+):?|([^\\s,"']+)`, "gy");
const ENTRY = new RegExp(`\\s*(?:;\\s*)*(?:(${QUOTED}|\\w+)\\s*=\\s*(${QUOTED}|[^\\s;]+)\\s*(?:;|$)|$)`, "y");
const NAME = /^[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?$/;
const MAX_NAME = 128;
const MAX_LINE = 4096;
const VERSION = /^\d{1,9}(?:\.\d{1,9}){0,3}$/;
const MAXIMUM = /^\d{1,9}(?:\.\d{1,9}){0,3}$|^\d{1,9}(?:\.\d{1,9}){0,2}\.\*$/;
const KEYS: ReadonlySet<string> = new Set(["modulename", "moduleversion", "requiredversion", "maximumversion", "guid"]);

/** The modules that a script's `#Requires` lines name. PowerShell itself checks what else those lines ask for. */
export function powershellNeeds(code: string): Needs<ModuleRequirement> {
  if (!/#requires/i.test(code)) return { requirements: [], problems: [], notes: [] };
  const mentions: ModuleRequirement[] = [];
  const problems: string[] = [];
  for (const { text, line, alone } of lineComments(code)) {
    if (!alone || !REQUIRES.test(text)) continue;
    try {
      const values = moduleArguments(text.replace(REQUIRES, ""));
      mentions.push(...values.map((value) => (value.kind === "table" ? fromTable(value.text) : named(value.text))));
    } catch (error) {
      problems.push(`Cannot read #Requires in line ${line}: ${messageOf(error)}`);
    }
  }
  const { requirements, problems: conflicts } = merge(mentions, (name) => name.toLowerCase());
  return { requirements, problems: [...problems, ...conflicts], notes: [] };
}

type Value = Extract<Argument, { text: string }>;

/** The values of `-Modules`, which PowerShell lets be shortened to `-M`. */
function moduleArguments(text: string): Value[] {
  if (text.length > MAX_LINE) throw new Error(`wanted at most ${MAX_LINE} characters, found ${text.length}`);
  const values: Value[] = [];
  const all = argumentsOf(text);
  for (let at = 0; at < all.length; at++) {
    const parameter = all[at];
    if (parameter?.kind !== "parameter" || !"modules".startsWith(parameter.name.toLowerCase())) continue;
    do {
      const value = all[++at];
      if (value?.kind !== "text" && value?.kind !== "table") {
        throw new Error(`wanted the name of a module, found ${value ? shown(value) : "the end of the line"}`);
      }
      values.push(value);
    } while (all[at + 1]?.kind === "comma" && ++at);
    const next = all[at + 1];
    if (next && next.kind !== "parameter") throw new Error(`wanted "," between modules, found ${shown(next)}`);
  }
  return values;
}

function argumentsOf(text: string): Argument[] {
  const found: Argument[] = [];
  ARGUMENT.lastIndex = 0;
  for (let at = 0; at < text.length; at = ARGUMENT.lastIndex) {
    const match = ARGUMENT.exec(text);
    if (!match) throw new Error(`wanted quotes and brackets that are closed, found ${describe(text.slice(at))}`);
    const [, comment, comma, table, quoted, parameter, bare] = match;
    if (comment !== undefined) break;
    if (comma !== undefined) found.push({ kind: "comma" });
    else if (table !== undefined) found.push({ kind: "table", text: table });
    else if (parameter !== undefined) found.push({ kind: "parameter", name: parameter });
    else if (quoted !== undefined || bare !== undefined) found.push({ kind: "text", text: unquoted(quoted ?? bare ?? "") });
  }
  return found;
}

function shown(argument: Argument): string {
  if (argument.kind === "parameter") return describe(`-${argument.name}`);
  return argument.kind === "comma" ? '","' : describe(argument.kind === "table" ? `@{${argument.text}}` : argument.text);
}

function unquoted(text: string): string {
  if (text.startsWith("'")) return text.slice(1, -1).replaceAll("''", "'");
  return text.startsWith('"') ? text.slice(1, -1).replace(/`([^])|"(")/g, "$1$2") : text;
}

function named(name: string): ModuleRequirement {
  if (name.length > MAX_NAME) throw new Error(`the name of a module has at most ${MAX_NAME} characters, this one has ${name.length}`);
  if (!NAME.test(name)) {
    throw new Error(`wanted the name of a module, of letters, digits, dots, dashes and underscores, found ${describe(name)}`);
  }
  return requirement(name);
}

/** `ModuleName="X"; ModuleVersion="1.0"` and the like, without its braces. */
function fromTable(text: string): ModuleRequirement {
  const entries = entriesOf(text);
  const name = entries.get("modulename");
  if (name === undefined) throw new Error(`wanted ModuleName in @{${text}}`);
  const minimum = versionOf("ModuleVersion", entries, VERSION);
  const maximum = versionOf("MaximumVersion", entries, MAXIMUM);
  const exact = versionOf("RequiredVersion", entries, VERSION);
  const ranged = minimum !== undefined || maximum !== undefined;
  if (!ranged && exact === undefined) throw new Error(`wanted ModuleVersion, MaximumVersion or RequiredVersion in @{${text}}`);
  if (ranged && exact !== undefined) throw new Error(`wanted RequiredVersion alone, found @{${text}}`);
  return {
    ...requirement(named(name).name, nugetRange(minimum, maximum, exact)),
    ...(minimum === undefined ? {} : { minimum }),
    ...(maximum === undefined ? {} : { maximum }),
    ...(exact === undefined ? {} : { exact }),
  };
}

function entriesOf(text: string): ReadonlyMap<string, string> {
  const entries = new Map<string, string>();
  ENTRY.lastIndex = 0;
  for (let at = 0; at < text.length; at = ENTRY.lastIndex) {
    const match = ENTRY.exec(text);
    if (!match) throw new Error(`wanted name = value, found ${describe(text.slice(at).trim())}`);
    if (match[1] === undefined) break;
    const key = unquoted(match[1]);
    if (!KEYS.has(key.toLowerCase())) throw new Error(`${describe(key)} is no part of a module specification`);
    if (entries.has(key.toLowerCase())) throw new Error(`${describe(key)} is given twice`);
    entries.set(key.toLowerCase(), unquoted(match[2] ?? ""));
  }
  return entries;
}

function versionOf(key: string, entries: ReadonlyMap<string, string>, pattern: RegExp): string | undefined {
  const version = entries.get(key.toLowerCase());
  if (version !== undefined && !pattern.test(version)) throw new Error(`wanted numbers and dots as ${key}, found ${describe(version)}`);
  return version;
}

/** PowerShell takes `1.*` for the highest of all versions 1. */
function nugetRange(minimum: string | undefined, maximum: string | undefined, exact: string | undefined): string {
  if (exact !== undefined) return `[${exact}]`;
  const top = maximum?.replace(/\*$/, "999999999");
  return `${minimum === undefined ? "(" : `[${minimum}`}, ${top === undefined ? ")" : `${top}]`}`;
}
