// npm itself: what it is told, and what its failures say.
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe } from "../../lib/failure.ts";
import { type Installed, type Installer, type InstallTask, type Refusal, type ToolEnd, refusedAlone, refuseAll } from "../installer.ts";
import { npmFailure, type NpmFailure } from "./npm-failure.ts";
import { findNpm } from "./npm-path.ts";
import type { Requirement } from "../requirement.ts";
import { npmVersionIn } from "./npm-version.ts";

const FLAGS = [
  "install", "--no-audit", "--no-fund", "--prefer-offline", "--no-update-notifier", "--no-progress", "--no-color",
  "--loglevel=notice", "--no-global", "--no-dry-run", "--package-lock", "--save",
];
/** Resolves everything and installs nothing. */
const RESOLVE_ONLY = ["--package-lock-only", "--ignore-scripts"];

/** What is tried once more, and how. */
const SECOND_TRIES: readonly { readonly code: string; readonly flag: string; readonly why: string }[] = [
  { code: "ERESOLVE", flag: "--legacy-peer-deps", why: "The packages' peer dependencies conflict" },
  { code: "ETARGET", flag: "--prefer-online", why: "The cache may be behind the registry" },
];
/** Failures that one package or more alone are to blame for. */
const BLAMES_PACKAGES: ReadonlySet<string> = new Set(["E404", "ETARGET", "ENOVERSIONS", "E403", "E401"]);

/** What the operator says of npm. */
export interface NpmOptions {
  /** Where npm is; else it is looked for beside the running node and on the PATH. */
  readonly path: string | undefined;
  readonly ignoreScripts: boolean;
}

/** A command line of npm in a folder. */
type Npm = (flags: readonly string[], options?: { readonly directory?: string; readonly quiet?: boolean }) => Promise<ToolEnd>;

/** npm as the installer of node packages. */
export function createNpm(options: NpmOptions): Installer {
  return {
    label: "npm", noun: "npm package", worksOffline: false,
    async install(task) {
      const command = await findNpm(options.path, task.interpreter, task.environment);
      if (command === undefined) return refuseAll(task.requirements, noNpm(options.path, task));
      const own = options.ignoreScripts ? ["--ignore-scripts"] : [];
      const npm: Npm = (flags, where = {}) => task.tool(command.file, [...command.args, ...FLAGS, ...own, ...flags, "--prefix", where.directory ?? task.directory], where);
      return installWith(npm, task);
    },
  };
}

async function installWith(npm: Npm, task: InstallTask): Promise<Installed> {
  await writeManifest(task.directory, { dependencies: task.requirements });
  const flags: string[] = [];
  let failure = npmFailure(await npm(flags));
  for (const { code, flag, why } of SECOND_TRIES) {
    if (failure?.code !== code) continue;
    task.say(`${why}: trying once more with ${flag}`);
    flags.push(flag);
    await empty(task.directory);
    failure = npmFailure(await npm(flags));
  }
  if (failure === undefined) return present(task, task.requirements, () => "npm did not install it");
  if (task.requirements.length === 1) return refuseAll(task.requirements, failure.reason);
  return task.partial ? installPart(npm, flags, failure, task) : blame(npm, flags, failure, task);
}

/** What npm may leave out, it leaves out: one try installs all that can be had. */
async function installPart(npm: Npm, flags: readonly string[], failure: NpmFailure, task: InstallTask): Promise<Installed> {
  await empty(task.directory);
  await writeManifest(task.directory, { optionalDependencies: task.requirements });
  const again = npmFailure(await npm(flags, { quiet: true }));
  if (again !== undefined) return refuseAll(task.requirements, again.reason);
  const { resolved, refused } = await present(task, task.requirements, () => failure.reason);
  const missing = task.requirements.filter(({ name }) => !Object.hasOwn(resolved, name));
  await writeManifest(task.directory, { dependencies: task.requirements.filter((one) => !missing.includes(one)) });
  return { resolved, refused: missing.length === 1 ? refused : await reasons(npm, missing, failure, task, failure.reason) };
}

/** Finds out which packages a failure is about, so that the others are not named. */
async function blame(npm: Npm, flags: readonly string[], failure: NpmFailure, task: InstallTask): Promise<Installed> {
  const all = refuseAll(task.requirements, failure.reason);
  if (!BLAMES_PACKAGES.has(failure.code)) return all;
  const missing = await unresolvable(npm, flags, task);
  if (missing.length === 0) return all;
  if (missing.length === 1) return refuseAll(missing, failure.reason);
  const refused = await reasons(npm, missing, failure, task, undefined);
  return refused.length === 0 ? all : { resolved: {}, refused };
}

async function unresolvable(npm: Npm, flags: readonly string[], { requirements, scratch }: InstallTask): Promise<Requirement[]> {
  const directory = await freshProbe(scratch, { optionalDependencies: requirements });
  if (npmFailure(await npm([...flags, ...RESOLVE_ONLY], { directory, quiet: true })) !== undefined) return [];
  const lock = JSON.parse(await readFile(join(directory, "package-lock.json"), "utf8").catch(() => "{}")) as { packages?: Record<string, unknown> };
  return requirements.filter(({ name }) => !Object.hasOwn(lock.packages ?? {}, `node_modules/${name}`));
}

/** npm's own reason for each of several packages; `otherwise` for those that could be had alone. */
function reasons(npm: Npm, missing: readonly Requirement[], failure: NpmFailure, { scratch }: InstallTask, otherwise: string | undefined): Promise<Refusal[]> {
  return refusedAlone(missing, failure.reason, async (one) => {
    const directory = await freshProbe(scratch, { dependencies: [one] });
    return npmFailure(await npm(RESOLVE_ONLY, { directory, quiet: true }))?.reason ?? otherwise;
  });
}

async function freshProbe(scratch: string, manifest: Manifest): Promise<string> {
  const directory = join(scratch, "probe");
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory);
  await writeManifest(directory, manifest);
  return directory;
}

interface Manifest {
  readonly dependencies?: readonly Requirement[];
  readonly optionalDependencies?: readonly Requirement[];
}

/** No name or version ever reaches a command line. Without `type`, so that Node decides by the code what a module is. */
async function writeManifest(directory: string, { dependencies, optionalDependencies }: Manifest): Promise<void> {
  const specs = (list: readonly Requirement[] | undefined) => list && Object.fromEntries(list.map(({ name, version }) => [name, version ?? "*"]));
  const manifest = { private: true, dependencies: specs(dependencies), optionalDependencies: specs(optionalDependencies) };
  await writeFile(join(directory, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
}

async function empty(directory: string): Promise<void> {
  await rm(join(directory, "node_modules"), { recursive: true, force: true });
  await rm(join(directory, "package-lock.json"), { force: true });
}

/** What lies in the folder now. */
async function present({ directory }: InstallTask, requirements: readonly Requirement[], reason: () => string): Promise<Installed> {
  const resolved: Record<string, string> = {};
  const refused: Refusal[] = [];
  for (const { name } of requirements) {
    const version = await npmVersionIn(directory, name);
    if (version === undefined) refused.push({ name, reason: reason() });
    else resolved[name] = version;
  }
  return { resolved, refused };
}

function noNpm(path: string | undefined, { interpreter }: InstallTask): string {
  return path === undefined
    ? `npm was found neither beside ${interpreter.path} nor on the PATH; AUTOMN_RUNNER_NPM_PATH sets the path of one`
    : `there is no npm at ${describe(path)}, which AUTOMN_RUNNER_NPM_PATH names`;
}
