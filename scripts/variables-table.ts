// Generates the README's table of variables from the runner's own table. Run as a program, it updates the README.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { allVariables } from "../runner/config/interpreter-variables.ts";
import { LANGUAGES } from "../runner/languages/table.ts";

const README = fileURLToPath(new URL("../README.md", import.meta.url));
const BEGIN = "<!-- variables -->";
const END = "<!-- /variables -->";

/** The table as Markdown. */
export function variablesTable(): string {
  const rows = allVariables(LANGUAGES).map(({ name, aliases = [], fallback, shown, meaning }) => {
    const others = aliases.length === 0 ? "" : ` (also ${aliases.map((alias) => `\`${alias}\``).join(", ")})`;
    return `| \`${name}\`${others} | ${shown ?? (fallback === undefined ? "" : `\`${String(fallback)}\``)} | ${meaning} |`;
  });
  return ["| variable | default | meaning |", "| --- | --- | --- |", ...rows].join("\n");
}

/** The README with the table replaced. */
export function withTable(readme: string): string {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`Cannot find ${BEGIN} and ${END} in the README`);
  return `${readme.slice(0, begin)}${BEGIN}\n${variablesTable()}\n${readme.slice(end)}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(README, withTable(readFileSync(README, "utf8")));
