// npm as the installer of Node.js packages.
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe } from "../../lib/failure.ts";
import { type Installed, type Installer, type InstallTask, type Refusal, type ToolEnd, refusedAlone, refuseAll } from "../installer.ts";
import { blockedPackages, npmFailure, type NpmFailure } from "./npm-failure.ts";
import { isDistTag } from "./npm-name.ts";
import { findNpm } from "./npm-path.ts";
import type { Requirement } from "../requirement.ts";
import { npmVersionIn } from "./npm-version.ts";

const FLAGS = [
  "install", "--no-audit", "--no-fund", "--no-update-notifier", "--no-progress", "--no-color",
  "--loglevel=notice", "--no-global", "--no-dry-run", "--package-lock", "--save",
];
/** Resolves everything and installs nothing. */
const RESOLVE_ONLY = ["--package-lock-only", "--ignore-scripts"];

/** How npm treats the package metadata in its cache. Each sets both options, so that an `.npmrc` cannot mix them. */
const CACHE_FIRST = ["--prefer-offline", "--no-prefer-online"];
const CACHE_WHILE_FRESH = ["--no-prefer-offline", "--no-prefer-online"];
const ASK_REGISTRY = ["--no-prefer-offline", "--prefer-online"];
const CACHE_ONLY = ["--offline"];

/** What is tried once more, and how: with further flags, or with another use of the cache. */
interface SecondTry {
  readonly codes: readonly string[];
  readonly why: string;
  readonly flag?: string;
  readonly cache?: readonly string[];
}
const SECOND_TRIES: readonly SecondTry[] = [
  { codes: ["ERESOLVE"], flag: "--legacy-peer-deps", why: "The packages' peer dependencies conflict" },
  { codes: ["ETARGET", "ENOVERSIONS"], cache: ASK_REGISTRY, why: "The cache may be older than the registry" },
  {
    codes: [
      "ECONNRESET", "EPIPE", "EINTEGRITY", "FETCH_ERROR", "ERR_STREAM_PREMATURE_CLOSE", "Z_BUF_ERROR", "Z_DATA_ERROR", "TAR_BAD_ARCHIVE",
    ],
    cache: ASK_REGISTRY, why: "A download was incomplete",
  },
  {
    codes: ["ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT", "ENETUNREACH", "EHOSTUNREACH", "ERR_SOCKET_TIMEOUT"],
    cache: CACHE_ONLY, why: "The registry cannot be reached",
  },
];
/** npm 12 blocks install scripts unless it is told otherwise; npm 10 and 11 accept the option. */
const ALLOW_SCRIPTS = "--dangerously-allow-all-scripts";
/** Failures that single packages are to blame for. */
const BLAMES_PACKAGES: ReadonlySet<string> = new Set(["E404", "ETARGET", "ENOVERSIONS", "E403", "E401"]);

/** What the operator configured about npm. */
export interface NpmOptions {
  /** The path of npm; by default it is looked for beside node and on the PATH. */
  readonly path: string | undefined;
  readonly ignoreScripts: boolean;
}

const NOT_INSTALLED = "npm did not install it";

/** A command line of npm in a folder. */
type Npm = (flags: readonly string[], options?: { readonly directory?: string; readonly quiet?: boolean }) => Promise<ToolEnd>;

/** Makes the installer. */
export function createNpm(options: NpmOptions): Installer {
  return {
    label: "npm", noun: "npm package", worksOffline: false,
    async install(task) {
      const command = await findNpm(options.path, task.interpreter, task.environment);
      if (command === undefined) return refuseAll(task.requirements, noNpm(options.path, task));
      const own = options.ignoreScripts ? ["--ignore-scripts"] : [ALLOW_SCRIPTS];
      const npm: Npm = (flags, where = {}) => {
        const prefix = ["--prefix", where.directory ?? task.directory];
        return task.tool(command.file, [...command.args, ...FLAGS, ...own, ...flags, ...prefix], where);
      };
      return installWith(npm, task, options.ignoreScripts);
    },
  };
}

async function installWith(npm: Npm, task: InstallTask, ignoreScripts: boolean): Promise<Installed> {
  const [dependencies, optional] = [task.requirements.filter((one) => !one.optional), task.requirements.filter((one) => one.optional)];
  await writeManifest(task.directory, { dependencies, ...(optional.length > 0 ? { optionalDependencies: optional } : {}) });
  const { end, flags } = await tryTwice(npm, task);
  const failure = npmFailure(end);
  if (failure !== undefined) {
    if (task.requirements.length === 1) return refuseAll(task.requirements, failure.reason);
    if (optional.length > 0) return installWithout(optional, { ...task, requirements: dependencies }, failure, npm, ignoreScripts);
    return task.partial ? installPart(npm, flags, failure, task) : blame(npm, flags, failure, task);
  }
  const blocked = ignoreScripts ? [] : blockedPackages(end);
  if (blocked.length > 0) return refuseAll(task.requirements, `npm blocked the install scripts of ${blocked.join(", ")}`);
  const { resolved, refused } = await present(task, task.requirements, () => NOT_INSTALLED);
  const missing = optional.filter(({ name }) => !Object.hasOwn(resolved, name));
  const explained = await reasons(npm, missing, { code: "", reason: NOT_INSTALLED }, task, NOT_INSTALLED);
  return { resolved, refused: [...refused.filter(({ name }) => !missing.some((one) => one.name === name)), ...explained] };
}

/** After a failure with optional packages, which npm lets pass where it can: tries without them. */
async function installWithout(
  optional: readonly Requirement[], task: InstallTask, { reason }: NpmFailure, npm: Npm, ignoreScripts: boolean,
): Promise<Installed> {
  const { refused } = refuseAll(optional, reason);
  if (task.requirements.length === 0) return { resolved: {}, refused };
  await empty(task.directory);
  const installed = await installWith(npm, task, ignoreScripts);
  return { ...installed, refused: [...installed.refused, ...refused] };
}

/** Installs, and once more for each failure that another way of asking may settle. Resolves with the flags that were used last. */
async function tryTwice(npm: Npm, task: InstallTask): Promise<{ readonly end: ToolEnd; readonly flags: readonly string[] }> {
  const extra: string[] = [];
  let cache = cacheFor(task.requirements);
  let end = await npm(cache);
  for (const { codes, why, flag, cache: other = cache } of SECOND_TRIES) {
    if (!codes.includes(npmFailure(end)?.code ?? "")) continue;
    const changes = [...(flag === undefined ? [] : [flag]), ...(other === cache ? [] : other)];
    task.say(`${why}: trying once more${changes.length === 0 ? "" : ` with ${changes.join(" ")}`}`);
    if (flag !== undefined) extra.push(flag);
    await empty(task.directory);
    const again = await npm([...other, ...extra]);
    if (other === CACHE_ONLY && again.code !== 0) continue; // the first failure says more
    cache = other;
    end = again;
  }
  return { end, flags: [...cache, ...extra] };
}

/** A tag moves, so the registry is asked; without a version the cache counts while it is fresh; a range can be met by the cache. */
function cacheFor(requirements: readonly Requirement[]): readonly string[] {
  if (requirements.some(({ version }) => version !== undefined && isDistTag(version))) return ASK_REGISTRY;
  return requirements.some(({ version }) => version === undefined) ? CACHE_WHILE_FRESH : CACHE_FIRST;
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
  const json = await readFile(join(directory, "package-lock.json"), "utf8").catch(() => "{}");
  const lock = JSON.parse(json) as { packages?: Record<string, unknown> };
  return requirements.filter(({ name }) => !Object.hasOwn(lock.packages ?? {}, `node_modules/${name}`));
}

/** npm's own reason for each of several packages; `otherwise` for those that could be had alone. */
function reasons(
  npm: Npm, missing: readonly Requirement[], failure: NpmFailure, { scratch }: InstallTask, otherwise: string | undefined,
): Promise<Refusal[]> {
  return refusedAlone(missing, failure.reason, async (one) => {
    const directory = await freshProbe(scratch, { dependencies: [one] });
    return npmFailure(await npm([...CACHE_WHILE_FRESH, ...RESOLVE_ONLY], { directory, quiet: true }))?.reason ?? otherwise;
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
  const specs = (list: readonly Requirement[] | undefined) =>
    list && Object.fromEntries(list.map(({ name, version }) => [name, version ?? "*"]));
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
