// Node.js scripts: CommonJS or ES module by their syntax, TypeScript where Node strips types.
import { fileURLToPath } from "node:url";
import { Failure } from "../../lib/failure.ts";
import { compareVersions } from "../../lib/versions.ts";
import type { Interpreter, Language } from "../language.ts";
import { isEsModule } from "./import-reader.ts";

const PRELUDE = fileURLToPath(new URL("./prelude/automn.cjs", import.meta.url));
/** Loaded before the helpers in a process that waits for its script. */
const WARM_PRELUDE = fileURLToPath(new URL("./prelude/automn-warm.cjs", import.meta.url));

/** Half-open ranges of versions that know a flag and need it. */
type Ranges = readonly (readonly [from: string, below: string])[];

const FOREVER = "999.0.0";
/** Whether a file is an ES module is left to Node where only its own parser can tell. */
const FLAGS: readonly { readonly flag: string; readonly ranges: Ranges; readonly spelling?: string }[] = [
  { flag: "--disable-warning=MODULE_TYPELESS_PACKAGE_JSON", ranges: [["20.11.0", "21.0.0"], ["21.3.0", FOREVER]] },
  { flag: "--experimental-detect-module", ranges: [["20.10.0", "20.19.0"], ["21.1.0", "22.7.0"]] },
  { flag: "--experimental-strip-types", ranges: [["22.6.0", "22.18.0"], ["23.0.0", "23.6.0"]], spelling: "typescript" },
  { flag: "--disable-warning=ExperimentalWarning", ranges: [["22.6.0", FOREVER]], spelling: "typescript" },
];
const STRIPS_TYPES: Ranges = [["22.6.0", FOREVER]];

/** Node.js. */
export const node: Language = {
  name: "node",
  title: "Node.js",
  spellings: ["javascript", "typescript"],
  pathVariable: "AUTOMN_RUNNER_NODE_PATH",
  shownDefault: "the runner's own",
  candidates: () => [{ file: process.execPath }],
  probe: ["-p", "JSON.stringify({ path: process.execPath, version: process.versions.node })"],
  // An ES module is named as one: Node warns of a `.js` that it has to read twice to know, and a script that starts its own
  // file again, in a child or a worker with options of its own, would have that warning on stderr.
  extension: (spelling, code) => `${isEsModule(code) ? ".m" : "."}${spelling === "typescript" ? "ts" : "js"}`,
  command(interpreter, codeFile, spelling) {
    if (spelling === "typescript" && !within(interpreter.version, STRIPS_TYPES)) throw new Failure("bad-request", noTypes(interpreter));
    const rows = FLAGS.filter((row) => (row.spelling ?? spelling) === spelling && within(interpreter.version, row.ranges));
    return { file: interpreter.path, args: ["--require", PRELUDE, ...rows.map(({ flag }) => flag), codeFile], environment: {} };
  },
  // Through NODE_OPTIONS, since process.execArgv shows the script and its worker threads what is on the command line.
  warm: ({ file, args, environment }, inherited) => ({
    file,
    args: [...args.slice(0, -1), "automn-warm"],
    environment: { ...environment, NODE_OPTIONS: `${inherited["NODE_OPTIONS"] ?? ""} --require ${quoted(WARM_PRELUDE)}`.trim() },
  }),
  packageManager: async (settings) => (await import("./packages.ts")).nodePackages(settings),
};

/** A path as NODE_OPTIONS takes it. */
function quoted(path: string): string {
  return `"${path.replace(/["\\]/g, "\\$&")}"`;
}

function within(version: string, ranges: Ranges): boolean {
  return ranges.some(([from, below]) => compareVersions(version, from) >= 0 && compareVersions(version, below) < 0);
}

function noTypes({ path, version }: Interpreter): string {
  return `TypeScript needs Node.js 22.6 or newer, which strips types; ${path} is ${version}. AUTOMN_RUNNER_NODE_PATH sets another one.`;
}
