// Python's packages: by uv where there is one, else by pip, the interpreter's own or one from a fresh venv.
import { readdir, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { findOnPath } from "../../lib/path-search.ts";
import { type Installer, type InstallTask, type Refusal, type ToolEnd, refusedAlone, refuseAll } from "../installer.ts";
import { indexProblem, pipReason } from "./pip-failure.ts";
import { normalizedPythonName } from "./requirement.ts";
import type { Requirement } from "../requirement.ts";

/** Variables that pip reads and uv does not. */
const PIP_SETTINGS = [
  "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX", "PIP_CONFIG_FILE", "PIP_TRUSTED_HOST", "PIP_PROXY",
  "PIP_CONSTRAINT",
];
/** Failures that are about single packages, as pip and uv put them. */
const BLAMES_PACKAGES = new RegExp([
  "No matching distribution found", "Could not find a version", // pip
  "was not found in the", "there (?:is|are) no versions? of", "not found in the provided package locations", // uv
].join("|"), "i");
/** pip's options for a question: no further tries, and what the index answered. */
const QUICK: readonly string[] = ["--retries", "0", "-vv"];

/** A program that installs a file of requirements into a folder. */
interface Program {
  install(file: string, target: string, options?: { readonly flags?: readonly string[]; readonly quiet?: boolean }): Promise<ToolEnd>;
}

/** uv or pip as the installer of Python packages. */
export const pip: Installer = {
  label: "pip", noun: "Python package", worksOffline: false,
  async install(task) {
    const { interpreter, packagesDir: target, requirements } = task;
    const program = await choose(task);
    const end = await program.install(await write(task, requirements), target);
    if (end.code === 0) return { resolved: await resolvedIn(target, requirements), refused: [] };
    if (hasNoPip(end))
      return refuseAll(requirements, `neither uv nor pip was found for ${interpreter.path}, and it cannot make a venv with pip`);
    const refused = await blame(program, end, task);
    const rest = requirements.filter(({ name }) => !refused.some((one) => one.name === name));
    if (!task.partial || rest.length === 0) return { resolved: {}, refused };
    const again = await program.install(await write(task, rest), target, { flags: ["--upgrade"] });
    return again.code === 0 ? { resolved: await resolvedIn(target, rest), refused } : refuseAll(requirements, pipReason(again));
  },
};

/** One requirement per line; names and versions were checked, so no line is an option. */
async function write({ scratch }: InstallTask, requirements: readonly Requirement[]): Promise<string> {
  const file = join(scratch, "requirements.txt");
  await writeFile(file, requirements.map(({ name, version = "" }) => `${name}${version}\n`).join(""));
  return file;
}

/** Finds out which packages a failure is about; an index that answers nobody is to blame for all of them, and is asked no further. */
async function blame(program: Program, end: ToolEnd, task: InstallTask): Promise<readonly Refusal[]> {
  const { requirements } = task;
  const reason = pipReason(end);
  if (!BLAMES_PACKAGES.test(end.lines.join("\n"))) return refuseAll(requirements, indexProblem(end) ?? reason).refused;
  const unreachable = indexProblem(end) ?? indexProblem(await ask(program, task, requirements.slice(0, 1)));
  if (unreachable !== undefined) return refuseAll(requirements, unreachable).refused;
  if (requirements.length === 1) return refuseAll(requirements, reason).refused;
  const alone = await refusedAlone(requirements, reason, async (one) => {
    const answer = await ask(program, task, [one]);
    return answer.code === 0 ? undefined : pipReason(answer);
  });
  return alone.length === 0 ? refuseAll(requirements, reason).refused : alone;
}

/** Asks whether these could be had, without trying a failing index again; with `-vv` pip says what the index answered. */
async function ask(program: Program, task: InstallTask, requirements: readonly Requirement[]): Promise<ToolEnd> {
  const options = { flags: ["--dry-run", "--no-deps", ...QUICK], quiet: true };
  return program.install(await write(task, requirements), join(task.scratch, "probe"), options);
}

/** uv, unless only pip was told where packages come from. */
async function choose(task: InstallTask): Promise<Program> {
  const uv = await findOnPath("uv", task.environment);
  if (uv === undefined) return pipProgram(task);
  const toldUv = Object.keys(task.environment).some((name) => /^UV_.*INDEX|^UV_FIND_LINKS/.test(name));
  return toldUv || !(await hasPipSettings(task.environment)) ? uvProgram(uv, task) : pipProgram(task, uvProgram(uv, task));
}

function uvProgram(uv: string, task: InstallTask): Program {
  const always = ["pip", "install", "--no-progress", "--color", "never", "--python", task.interpreter.path];
  return {
    install(file, target, { flags = [], quiet = false } = {}) {
      const known = flags.filter((flag) => !QUICK.includes(flag));
      return task.tool(uv, [...always, "--target", target, "--requirement", file, ...known], { quiet, label: "uv" });
    },
  };
}

/**
 * The interpreter's own pip, else that of a venv in the scratch folder, else `otherwise`. pip is not asked first whether it
 * is there: its start is a good part of a small installation.
 */
function pipProgram(task: InstallTask, otherwise?: Program): Program {
  const always = [
    "install", "--no-input", "--disable-pip-version-check", "--progress-bar", "off", "--no-color", "--no-warn-script-location",
  ];
  let pip: readonly string[] = ["-m", "pip"];
  return {
    async install(file, target, options = {}) {
      const { flags = [], quiet = false } = options;
      const args = [...always, "--target", target, "--requirement", file, ...flags];
      const run = () => task.tool(task.interpreter.path, [...pip, ...args], { quiet });
      const end = await run();
      if (!hasNoPip(end)) return end;
      const folder = await pipOfVenv(task);
      if (folder === undefined) return otherwise?.install(file, target, options) ?? end;
      pip = [folder];
      return run();
    },
  };
}

function hasNoPip({ code, lines }: ToolEnd): boolean {
  return code !== 0 && lines.some((line) => /No module named '?pip(?:\.__main__)?'?\b/.test(line));
}

/**
 * The folder of the pip that a fresh venv brings. The interpreter itself can run it, so that the console scripts that it
 * installs name the interpreter, and not the venv, which is removed afterwards.
 */
async function pipOfVenv({ interpreter, scratch, tool }: InstallTask): Promise<string | undefined> {
  const venv = join(scratch, "venv");
  const made = await tool(interpreter.path, ["-m", "venv", venv], { quiet: true });
  if (made.code !== 0) return undefined;
  if (process.platform === "win32") return join(venv, "Lib", "site-packages", "pip");
  const [version] = await readdir(join(venv, "lib"));
  return version === undefined ? undefined : join(venv, "lib", version, "site-packages", "pip");
}

async function hasPipSettings(environment: NodeJS.ProcessEnv): Promise<boolean> {
  if (PIP_SETTINGS.some((name) => environment[name])) return true;
  const home = homedir();
  const places = [
    "/etc/pip.conf", "/etc/xdg/pip/pip.conf", join(home, ".pip/pip.conf"), join(home, "Library/Application Support/pip/pip.conf"),
    join(environment["XDG_CONFIG_HOME"] ?? join(home, ".config"), "pip/pip.conf"), join(environment["APPDATA"] ?? home, "pip/pip.ini"),
  ];
  const found = await Promise.all(places.map((place) => stat(place).catch(() => undefined)));
  return found.some((facts) => facts !== undefined);
}

/** Every installed distribution has a folder that is named by it: `requests-2.31.0.dist-info`. */
async function resolvedIn(target: string, requirements: readonly Requirement[]): Promise<Record<string, string>> {
  const names = await readdir(target).catch(() => []);
  const matches = names.map((name) => /^(.+)-([^-]+)\.dist-info$/.exec(name)).filter((match) => match !== null);
  const there = new Map(matches.map(([, name = "", version = ""]) => [normalizedPythonName(name), version]));
  return Object.fromEntries(requirements.flatMap(({ name }) => (there.has(name) ? [[name, there.get(name) ?? ""]] : [])));
}
