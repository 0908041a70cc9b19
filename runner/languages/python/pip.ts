// Python's packages: by uv where there is one, else by pip, the interpreter's own or one from a fresh venv.
import { readdir, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { findOnPath } from "../../lib/path-search.ts";
import { type Installer, type InstallTask, type Refusal, type ToolEnd, refusedAlone, refuseAll } from "../installer.ts";
import { normalizedPythonName } from "./requirement.ts";
import type { Requirement } from "../requirement.ts";

/** Settings that pip reads and uv does not. */
const PIP_SETTINGS = ["PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX", "PIP_CONFIG_FILE", "PIP_TRUSTED_HOST", "PIP_PROXY", "PIP_CONSTRAINT"];
/** Failures that are about single packages, in pip's words and in uv's. */
const BLAMES_PACKAGES = /No matching distribution found|Could not find a version|was not found in the|there (?:is|are) no versions? of|not found in the provided package locations/i;
const MAX_LINES = 10;

/** A program that installs a file of requirements into a folder; `flags` come behind. */
interface Program {
  readonly name: string;
  install(file: string, target: string, flags: readonly string[], quiet: boolean): Promise<ToolEnd>;
}

/** uv or pip as the installer of Python packages. */
export const pip: Installer = {
  label: "pip", noun: "Python package", worksOffline: false,
  async install(task) {
    const program = await choose(task);
    if (program === undefined) return refuseAll(task.requirements, `neither uv nor pip was found for ${task.interpreter.path}, and it can't make a venv with one`);
    const target = task.packagesDir;
    const all = await write(task, task.requirements);
    const end = await program.install(all, target, [], false);
    if (end.code === 0) return { resolved: await resolvedIn(target, task.requirements), refused: [] };
    const refused = await blame(program, end, task);
    const rest = task.requirements.filter(({ name }) => !refused.some((one) => one.name === name));
    if (!task.partial || rest.length === 0) return { resolved: {}, refused };
    const again = await program.install(await write(task, rest), target, ["--upgrade"], false);
    return again.code === 0 ? { resolved: await resolvedIn(target, rest), refused } : refuseAll(task.requirements, reasonOf(again));
  },
};

/** One requirement a line; names and versions were checked, so that no line is an option. */
async function write({ scratch }: InstallTask, requirements: readonly Requirement[]): Promise<string> {
  const file = join(scratch, "requirements.txt");
  await writeFile(file, requirements.map(({ name, version = "" }) => `${name}${version}\n`).join(""));
  return file;
}

async function blame(program: Program, end: ToolEnd, task: InstallTask): Promise<readonly Refusal[]> {
  const reason = reasonOf(end);
  const all = refuseAll(task.requirements, reason).refused;
  if (task.requirements.length === 1 || !BLAMES_PACKAGES.test(end.lines.join("\n"))) return all;
  const alone = await refusedAlone(task.requirements, reason, async (one) => {
    const answer = await program.install(await write(task, [one]), join(task.scratch, "probe"), ["--dry-run", "--no-deps"], true);
    return answer.code === 0 ? undefined : reasonOf(answer);
  });
  return alone.length === 0 ? all : alone;
}

/** The lines that pip marks as errors; uv's last ones. */
function reasonOf({ code, lines }: ToolEnd): string {
  const said = lines.map((line) => line.trimEnd()).filter((line) => line.trim() !== "" && !/^\[notice\]|^WARNING: You are using pip/.test(line));
  const errors = said.filter((line) => /^ERROR: /.test(line)).map((line) => line.replace("ERROR: ", ""));
  return (errors.length > 0 ? errors : said).slice(-MAX_LINES).join("\n  ") || `it ended ${code === null ? "by a signal" : `with code ${code}`} and said nothing`;
}

/** uv, unless only pip was told where packages come from. */
async function choose(task: InstallTask): Promise<Program | undefined> {
  const uv = await findOnPath("uv", task.environment);
  const pipFirst = uv === undefined || ((await hasPipSettings(task.environment)) && !Object.keys(task.environment).some((name) => /^UV_.*INDEX|^UV_FIND_LINKS/.test(name)));
  const byUv = uv === undefined ? undefined : uvProgram(uv, task);
  return pipFirst ? (await pipProgram(task)) ?? byUv : byUv;
}

function uvProgram(uv: string, task: InstallTask): Program {
  return {
    name: "uv",
    install: (file, target, flags, quiet) => task.tool(uv, ["pip", "install", "--no-progress", "--color", "never", "--python", task.interpreter.path, "--target", target, "--requirement", file, ...flags], { quiet, label: "uv" }),
  };
}

async function pipProgram(task: InstallTask): Promise<Program | undefined> {
  const python = await pythonWithPip(task);
  if (python === undefined) return undefined;
  const always = ["-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--progress-bar", "off", "--no-color", "--no-warn-script-location"];
  return {
    name: "pip",
    install: (file, target, flags, quiet) => task.tool(python, [...always, "--target", target, "--requirement", file, ...flags], { quiet }),
  };
}

/** The interpreter itself where it has pip, else a venv of it in the scratch folder. */
async function pythonWithPip(task: InstallTask): Promise<string | undefined> {
  const { interpreter, scratch } = task;
  const probe = await task.tool(interpreter.path, ["-m", "pip", "--version"], { quiet: true });
  if (probe.code === 0) return interpreter.path;
  const venv = join(scratch, "venv");
  const made = await task.tool(interpreter.path, ["-m", "venv", venv], { quiet: true });
  return made.code === 0 ? join(venv, process.platform === "win32" ? "Scripts/python.exe" : "bin/python") : undefined;
}

async function hasPipSettings(environment: NodeJS.ProcessEnv): Promise<boolean> {
  if (PIP_SETTINGS.some((name) => environment[name])) return true;
  const home = homedir();
  const places = ["/etc/pip.conf", "/etc/xdg/pip/pip.conf", join(home, ".pip/pip.conf"), join(environment["XDG_CONFIG_HOME"] ?? join(home, ".config"), "pip/pip.conf"), join(home, "Library/Application Support/pip/pip.conf"), join(environment["APPDATA"] ?? home, "pip/pip.ini")];
  const found = await Promise.all(places.map((place) => stat(place).catch(() => undefined)));
  return found.some((facts) => facts !== undefined);
}

/** Every installed distribution has a folder that is named by it: `requests-2.31.0.dist-info`. */
async function resolvedIn(target: string, requirements: readonly Requirement[]): Promise<Record<string, string>> {
  const names = await readdir(target).catch(() => []);
  const there = new Map(names.map((name) => /^(.+)-([^-]+)\.dist-info$/.exec(name)).filter((match) => match !== null).map(([, name = "", version = ""]) => [normalizedPythonName(name), version]));
  return Object.fromEntries(requirements.flatMap(({ name }) => (there.has(name) ? [[name, there.get(name) ?? ""]] : [])));
}
