// `automn-runner packages …`: what lies in the store, and carrying it to another machine.
import { resolve } from "node:path";
import { parseArgs, type ParseArgsConfig } from "node:util";
import type { Language } from "../languages/language.ts";
import { Failure, messageOf } from "../lib/failure.ts";
import type { Log } from "../lib/log.ts";
import { checkArchive, pack, unpack } from "../packages/archive.ts";
import { PackageManagers } from "../packages/managers.ts";
import type { SetRecord } from "../packages/package-set.ts";
import { platformOf } from "../packages/platform.ts";
import { SetRecords } from "../packages/set-records.ts";
import type { Staging } from "../packages/staging.ts";
import { PackageStore } from "../packages/store.ts";
import type { StoredSet } from "../packages/stored-set.ts";

const USAGE = `Usage: automn-runner packages COMMAND

  list [--json]                      show the package sets of all scripts
  pack [--output FILE] [SCRIPT …]    write the sets of these scripts, given by id, or of all scripts into one file
  load FILE …                        check packed files and put their sets in place
  clear                              remove every set that is not in use
`;
const DEFAULT_FILE = "automn-packages.bin";

/** What the `packages` command depends on. */
export interface PackagesCommandDependencies {
  readonly scriptsDir: string;
  readonly recordsDir: string;
  readonly languages: readonly Language[];
  /** Prints to standard output. */
  readonly print: (text: string) => void;
  /** Prints to standard error. */
  readonly printError: (text: string) => void;
  readonly log: Log;
}

/** What each of its commands works with. */
interface Tools extends PackagesCommandDependencies {
  readonly store: PackageStore;
  readonly managers: PackageManagers;
}

type Command = (args: readonly string[], tools: Tools) => Promise<number>;

const COMMANDS: ReadonlyMap<string, Command> = new Map([["list", list], ["pack", packSets], ["load", load], ["clear", clear]]);

/** Runs the command that the arguments begin with. Resolves with the exit code: 0, 1 for a failure, 2 for wrong usage. */
export async function packagesCommand([name = "", ...args]: readonly string[], dependencies: PackagesCommandDependencies): Promise<number> {
  const command = COMMANDS.get(name);
  if (command === undefined) {
    dependencies.printError(USAGE);
    return 2;
  }
  const { scriptsDir, recordsDir, languages, log } = dependencies;
  const managers = new PackageManagers(languages, { npmPath: undefined, npmIgnoreScripts: false });
  const store = new PackageStore({ scriptsDir, records: new SetRecords(recordsDir, log), managers, log });
  try {
    await store.scan();
    return await command(args, { ...dependencies, store, managers });
  } catch (error) {
    dependencies.printError(`${messageOf(error)}\n`);
    return error instanceof Failure && error.code === "bad-request" ? 2 : 1;
  } finally {
    await store.close();
  }
}

/** `parseArgs`, whose complaints about the command line come with the usage. */
function parse<const T extends ParseArgsConfig>(args: readonly string[], config: T) {
  try {
    return parseArgs<T>({ ...config, args: [...args] });
  } catch (error) {
    throw new Failure("bad-request", `${messageOf(error)}\n\n${USAGE}`);
  }
}

async function list(args: readonly string[], { store, managers, print }: Tools): Promise<number> {
  const { values } = parse(args, { options: { json: { type: "boolean" } } });
  const sets = [...store.all()].sort((a, b) => a.home.localeCompare(b.home) || b.lastUsedAt - a.lastUsedAt);
  if (values.json === true) {
    print(`${JSON.stringify(sets.map(toJson), null, 2)}\n`);
    return 0;
  }
  for (const { home, name, record, lastUsedAt } of sets) {
    print(`${record.scriptId ?? home}  ${name}  ${sizeText(record.bytes)}  last used ${timeText(lastUsedAt)}\n`);
    print(`  ${await contentText(record, managers)}\n`);
  }
  const total = sets.reduce((sum, { record }) => sum + record.bytes, 0);
  print(sets.length === 0 ? "There are no package sets.\n" : `${countText(sets.length)}, ${sizeText(total)}\n`);
  return 0;
}

function toJson({ home, name, directory, record, lastUsedAt }: StoredSet): object {
  return { home, name, directory, ...record, lastUsedAt: timeText(lastUsedAt) };
}

async function packSets(args: readonly string[], { store, print }: Tools): Promise<number> {
  const { values, positionals: scripts } = parse(args, { options: { output: { type: "string", short: "o" } }, allowPositionals: true });
  const chosen = new Set(scripts.length === 0 ? store.all() : scripts.flatMap((script) => setsOf(script, store)));
  if (chosen.size === 0) throw new Failure("not-found", "Cannot pack: there are no package sets");
  const file = resolve(values.output ?? DEFAULT_FILE);
  await pack([...chosen], file);
  print(`${countText(chosen.size)} packed into ${file}\n`);
  return 0;
}

function setsOf(script: string, store: PackageStore): readonly StoredSet[] {
  const sets = store.all().filter(({ record, home }) => record.scriptId === script || home === script);
  if (sets.length > 0) return sets;
  const hint = "`packages list` shows which scripts have one";
  throw new Failure("not-found", `Cannot pack script ${JSON.stringify(script)}: it has no package set; ${hint}`);
}

async function load(args: readonly string[], tools: Tools): Promise<number> {
  const { positionals: files } = parse(args, { allowPositionals: true });
  if (files.length === 0) throw new Failure("bad-request", `Cannot load: wanted the name of a packed file, found nothing\n\n${USAGE}`);
  let skipped = 0;
  for (const file of files) {
    await checkArchive(file);
    skipped += await loadFile(file, tools);
  }
  return skipped > 0 ? 1 : 0;
}

/** Resolves with how many sets were skipped, since they are for another platform. */
async function loadFile(file: string, { store, managers, print, printError }: Tools): Promise<number> {
  let current: { readonly home: string; readonly record: SetRecord; readonly staging: Staging } | undefined;
  let skipped = 0;
  const here = platformOf();
  try {
    await unpack(file, async (home, record) => {
      if (record.platform !== here) {
        const content = await contentText(record, managers);
        printError(`Skipped for ${record.scriptId ?? home}: ${content}; it is for ${record.platform}, this is ${here}\n`);
        skipped += 1;
        return undefined;
      }
      current = { home, record, staging: await store.staging(home) };
      return current.staging.set;
    }, async () => {
      if (current === undefined) return;
      const { home, record, staging } = current;
      await store.publish(home, staging, record);
      await staging.remove();
      print(`Loaded for ${record.scriptId ?? home}: ${await contentText(record, managers)} (${record.runtime})\n`);
      current = undefined;
    });
  } finally {
    await current?.staging.remove();
  }
  return skipped;
}

async function clear(args: readonly string[], { store, print }: Tools): Promise<number> {
  parse(args, {});
  const { removed, bytes, left } = await store.clear(0);
  print(`${countText(removed)} removed, ${sizeText(bytes)}${left === 0 ? "" : `; ${left} in use stay`}\n`);
  return 0;
}

/** What was asked for, each with the version that was installed. */
async function contentText({ language, requirements, resolved }: SetRecord, managers: PackageManagers): Promise<string> {
  const manager = await managers.of(language);
  const texts = requirements.map((one) => {
    const version = resolved[one.name];
    return (manager?.spelled(one) ?? one.name) + (version === undefined ? "" : ` (${version})`);
  });
  return texts.join(", ");
}

function countText(sets: number): string {
  return `${sets} ${sets === 1 ? "set" : "sets"}`;
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}

function sizeText(bytes: number): string {
  return bytes < 1024 * 1024 ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
