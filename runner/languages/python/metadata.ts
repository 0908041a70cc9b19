// What a Python script needs: its `# /// script` block (PEP 723).
import { describe, messageOf } from "../../lib/failure.ts";
import { parsePythonRequirement } from "./requirement.ts";
import { specifierProblem } from "./version.ts";
import type { Needs, Requirement } from "../requirement.ts";
import { parseToml, type TomlValue } from "./toml.ts";

/** A script's packages. A name may be there several times, with different markers, and all of them hold. */
export interface PythonNeeds extends Needs {
  /** The interpreters that the script runs on, as PEP 440 writes it: `>=3.9`. */
  readonly requiresPython?: string;
}

/** A block's content without its `# `, and the script's line on which that begins. */
interface Block {
  readonly content: string;
  readonly firstLine: number;
}

const TYPE = "script";
const OPENING = `# /// ${TYPE}`;
const CLOSING = "# ///";
const HEADER = /^# \/\/\/ ([A-Za-z0-9-]+)$/;

/** Reads a script's PEP 723 block; a script without one needs nothing. */
export function pythonNeeds(code: string): PythonNeeds {
  if (!code.includes(OPENING)) return { requirements: [], problems: [], notes: [] };
  const { blocks, unclosed } = findBlocks(code);
  const why = `as PEP 723 says: no "${CLOSING}" closes it before the first line that is not a comment`;
  const notes = unclosed.map((line) => `The "${OPENING}" block in line ${line} is ignored, ${why}`);
  const [block, second] = blocks;
  if (block === undefined) return { requirements: [], problems: [], notes };
  if (second !== undefined) {
    const found = `found one above line ${block.firstLine} and one above line ${second.firstLine}`;
    return { requirements: [], problems: [`Cannot read the script's metadata: wanted one "${OPENING}" block, ${found}`], notes };
  }
  return readBlock(block, notes);
}

function readBlock(block: Block, notes: readonly string[]): PythonNeeds {
  let fields: ReadonlyMap<string, TomlValue>;
  try {
    fields = parseToml(block.content, block.firstLine);
  } catch (error) {
    return { requirements: [], problems: [`Cannot read the script's metadata, ${messageOf(error)}`], notes };
  }
  const problems: string[] = [];
  const requirements = dependenciesOf(fields.get("dependencies"), problems);
  const requiresPython = requiresPythonOf(fields.get("requires-python"), problems);
  const unknown = [...fields].filter(([name]) => !["dependencies", "requires-python", "tool"].includes(name));
  const ignored = unknown.map(([name, { line }]) =>
    `The script's metadata has ${describe(name)} in line ${line}, which means nothing to PEP 723`);
  return { requirements, problems, notes: [...notes, ...ignored], ...(requiresPython === undefined ? {} : { requiresPython }) };
}

function dependenciesOf(value: TomlValue | undefined, problems: string[]): Requirement[] {
  if (value === undefined) return [];
  if (value.kind !== "array") {
    problems.push(`Cannot read dependencies in line ${value.line}: wanted an array of strings, found ${nameOf(value)}`);
    return [];
  }
  const found = new Map<string, Requirement>();
  for (const item of value.items) {
    try {
      const dependency = parsePythonRequirement(stringOf(item, "a dependency"));
      found.set(`${dependency.name}${dependency.version ?? ""}`, dependency);
    } catch (error) {
      problems.push(`${messageOf(error)} (line ${item.line})`);
    }
  }
  return [...found.values()];
}

function requiresPythonOf(value: TomlValue | undefined, problems: string[]): string | undefined {
  if (value === undefined) return undefined;
  if (value.kind !== "string") {
    problems.push(`Cannot read requires-python in line ${value.line}: wanted a string, found ${nameOf(value)}`);
    return undefined;
  }
  const reason = specifierProblem(value.value);
  if (reason === undefined) return value.value.trim();
  problems.push(`Cannot read requires-python in line ${value.line}: ${reason}`);
  return undefined;
}

function stringOf(value: TomlValue, what: string): string {
  if (value.kind === "string") return value.value;
  throw new Error(`Cannot read ${what}: wanted a string, found ${nameOf(value)}`);
}

function nameOf(value: TomlValue): string {
  if (value.kind === "array") return "an array";
  return value.kind === "string" ? describe(value.value) : value.text.slice(0, 40).split("\n", 1)[0] ?? "";
}

/**
 * The script's blocks of our type, as the regular expression in PEP 723 finds them: within a run of comment lines a block
 * reaches to the last `# ///`, and needs at least one line of content. `unclosed` are lines of headers without an end.
 */
function findBlocks(code: string): { readonly blocks: readonly Block[]; readonly unclosed: readonly number[] } {
  const lines = code.replace(/^\uFEFF/, "").replace(/\r\n?/g, "\n").split("\n");
  const blocks: Block[] = [];
  const unclosed: number[] = [];
  for (let start = 0; start < lines.length; start++) {
    let end = start;
    while (isComment(lines[end])) end++;
    const run = lines.slice(start, end);
    const closing = run.lastIndexOf(CLOSING);
    const header = run.findIndex((line, index) => HEADER.test(line) && index < closing - 1);
    const found = header !== -1 && HEADER.exec(run[header] ?? "")?.[1] === TYPE;
    const content = run.slice(header + 1, closing).map((line) => line.slice(2)).join("\n");
    if (found) blocks.push({ content, firstLine: start + header + 2 });
    const open = run.findIndex((line, index) => line === OPENING && (header === -1 || index > closing));
    if (open !== -1) unclosed.push(start + open + 1);
    start = end;
  }
  return { blocks, unclosed };
}

function isComment(line: string | undefined): boolean {
  return line !== undefined && (line === "#" || line.startsWith("# "));
}
