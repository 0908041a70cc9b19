// What the tests of installing share: a harness of packages in a folder of its own, and whether the npm registry can be reached.
import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createToolRunner } from "../../runner/process/tool.ts";
import { processTree } from "../../runner/process/tree.ts";
import type { Installer } from "../../runner/languages/installer.ts";
import type { Interpreter } from "../../runner/languages/interpreter.ts";
import type { Language } from "../../runner/languages/language.ts";
import { LANGUAGES } from "../../runner/languages/table.ts";
import { createLog } from "../../runner/lib/log.ts";
import { Packages, type PackagesOptions, type PackagesRequest, type ProvisionResult } from "../../runner/packages/packages.ts";

const run = promisify(execFile);

/** The node that runs the tests. */
export const node: Interpreter = { path: process.execPath, version: process.versions.node };

/** A log that nobody reads. */
export const silent = createLog({ level: "error", format: "text", write: () => {} });

/** Runs tools as the service does. */
export const runTool = createToolRunner({ tree: processTree(), killGraceMs: 2_000, markPrefix: `test.${process.pid}.` });

/** Why tests with the npm registry cannot run here, or false. */
export const registryMissing: string | false = await run("npm", ["view", "is-number", "version", "--fetch-retries=0", "--fetch-timeout=20000"], { cwd: tmpdir(), timeout: 60_000 })
  .then(() => false as const, (error: Error) => `NOT TESTED WITH THE NPM REGISTRY, which npm cannot reach: ${error.message.trim().split("\n").slice(0, 3).join(" ")}`);

/** Packages in a folder of their own. */
export interface Harness {
  readonly root: string;
  readonly scriptsDir: string;
  readonly packages: Packages;
  readonly options: PackagesOptions;
  /** What the installers said. */
  readonly lines: string[];
  /** Asks for what a script needs. */
  ensure(code: string, script?: Partial<PackagesRequest>, signal?: AbortSignal): Promise<ProvisionResult>;
  /** The names of a script's sets, staging folders among them. */
  sets(home?: string): Promise<string[]>;
  close(): Promise<void>;
}

/** The languages, with other installers for the packages of some. */
export function languagesWith(installers: Readonly<Record<string, Installer>>): readonly Language[] {
  return LANGUAGES.map((language) => {
    const { packageManager: load, name } = language;
    const installer = installers[name];
    if (installer === undefined || load === undefined) return language;
    return { ...language, packageManager: async (settings) => ({ ...(await load(settings)), installer }) };
  });
}

/** Opens a harness: with `root` in a folder that is there already, with `npm` in the place of npm. */
export async function openHarness({ root: given, npm, ...changes }: Partial<PackagesOptions> & { root?: string; npm?: Installer } = {}): Promise<Harness> {
  const root = given ?? (await mkdtemp(join(tmpdir(), "runner-packages-")));
  const scriptsDir = join(root, "scripts");
  const options: PackagesOptions = {
    mode: "auto", languages: npm === undefined ? LANGUAGES : languagesWith({ node: npm }), scriptsDir, recordsDir: join(root, "state", "packages"), concurrency: 2, timeoutMs: 120_000, maxBytes: 2 ** 31,
    npmPath: undefined, npmIgnoreScripts: false, environment: process.env, runTool, log: silent, ...changes,
  };
  const packages = new Packages(options);
  const lines: string[] = [];
  return {
    root, scriptsDir, packages, options, lines,
    ensure: (code, script = {}, signal = new AbortController().signal) =>
      packages.ensure({ scriptId: "1", home: "one", language: "node", interpreter: node, code, ...script }, { say: (line) => lines.push(line), signal }),
    sets: async (home = "one") => (await readdir(join(scriptsDir, home, "sets")).catch(() => [])).sort(),
    async close() {
      await packages.close();
      if (given === undefined) await rm(root, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** The provision of a script that got one; fails with the reason where it did not. */
export function ready(provided: ProvisionResult) {
  if (provided.kind !== "ready") throw new Error(`wanted packages, found ${JSON.stringify(provided)}`);
  return provided.provision;
}

/** The message of a failure. */
export function failure(provided: ProvisionResult): string {
  if (provided.kind !== "failed") throw new Error(`wanted a failure, found ${JSON.stringify(provided)}`);
  return provided.message;
}
