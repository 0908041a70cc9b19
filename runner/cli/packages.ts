// `automn-runner packages …`: what lies in the store, carried from machine to machine.
import { resolve } from "node:path";
import { Failure, messageOf } from "../lib/failure.ts";
import type { Log } from "../lib/log.ts";
import { checkArchive, pack, unpack } from "../packages/archive.ts";
import { platformOf, spelled, type SetRecord } from "../packages/package-set.ts";
import { createRecords } from "../packages/records.ts";
import type { Staging } from "../packages/staging.ts";
import { createStore, type Store, type StoredSet } from "../packages/store.ts";

const USAGE = `Usage: automn-runner packages COMMAND

  list [--json]                      what every script has
  pack [--output FILE] [SCRIPT …]    make one file of the sets of some scripts, by their ids, or of all
  load FILE …                        put packed sets in place; the file's hash is checked before
  clear                              remove every set that is not in use
`;
const DEFAULT_FILE = "automn-packages.bin";

/** What the command line works on. */
export interface CommandDependencies {
  readonly scriptsDir: string;
  readonly recordsDir: string;
  /** Prints to standard output and standard error. */
  readonly print: (text: string) => void;
  readonly complain: (text: string) => void;
  readonly log: Log;
}

/** Runs one command, whose words are `args` behind `packages`. Resolves with the exit code: 0, 1 for a failure, 2 for wrong usage. */
export async function packagesCommand(args: readonly string[], tools: CommandDependencies): Promise<number> {
  const records = createRecords(tools.recordsDir, tools.log);
  const store = createStore({
    scriptsDir: tools.scriptsDir, log: tools.log,
    onPublished: (home, name, record) => records.keep({ home, name, record }),
    onRemoved: (home, name) => records.forget(home, name),
  });
  const [command, ...rest] = args;
  try {
    await store.scan();
    switch (command) {
      case "list": return list(store, rest, tools);
      case "pack": return await packSome(store, rest, tools);
      case "load": return await load(store, rest, tools);
      case "clear": return await clear(store, tools);
      default:
        tools.complain(USAGE);
        return 2;
    }
  } catch (error) {
    tools.complain(`${messageOf(error)}\n`);
    return error instanceof Failure && error.code === "bad-request" ? 2 : 1;
  } finally {
    await store.close();
  }
}

function list(store: Store, args: readonly string[], { print }: CommandDependencies): number {
  const sets = [...store.all()].sort((a, b) => a.home.localeCompare(b.home) || b.lastUsedAt - a.lastUsedAt);
  if (args.includes("--json")) {
    print(`${JSON.stringify(sets.map(({ home, name, directory, record, lastUsedAt }) => ({ home, name, directory, ...record, lastUsedAt: new Date(lastUsedAt).toISOString() })), null, 2)}\n`);
    return 0;
  }
  for (const { home, name, record, lastUsedAt } of sets) {
    print(`${record.scriptId ?? home}  ${name}  ${sizeText(record.bytes)}  last used ${new Date(lastUsedAt).toISOString()}\n`);
    print(`  ${contentText(record)}\n`);
  }
  print(sets.length === 0 ? "There are no sets of packages.\n" : `${sets.length} ${sets.length === 1 ? "set" : "sets"}, ${sizeText(sets.reduce((sum, { record }) => sum + record.bytes, 0))}\n`);
  return 0;
}

async function packSome(store: Store, args: readonly string[], { print }: CommandDependencies): Promise<number> {
  const { output, scripts } = readPackArguments(args);
  const chosen = scripts.length === 0 ? store.all() : scripts.flatMap((script) => setsOfScript(store, script));
  if (chosen.length === 0) throw new Failure("not-found", "Cannot pack: there are no sets of packages");
  await pack([...new Set(chosen)], output);
  print(`${chosen.length} ${chosen.length === 1 ? "set" : "sets"} packed into ${output}\n`);
  return 0;
}

function readPackArguments(args: readonly string[]): { readonly output: string; readonly scripts: readonly string[] } {
  const at = args.findIndex((word) => word === "--output" || word === "-o");
  const output = at < 0 ? DEFAULT_FILE : args[at + 1];
  if (output === undefined) throw new Failure("bad-request", "Cannot read --output: wanted the name of a file behind it");
  const scripts = args.filter((_, index) => at < 0 || (index !== at && index !== at + 1));
  const unknown = scripts.find((word) => word.startsWith("-"));
  if (unknown !== undefined) throw new Failure("bad-request", `There is no option ${unknown}\n\n${USAGE}`);
  return { output: resolve(output), scripts };
}

function setsOfScript(store: Store, script: string): readonly StoredSet[] {
  const sets = store.all().filter(({ record, home }) => record.scriptId === script || home === script);
  if (sets.length === 0) throw new Failure("not-found", `Cannot pack script ${JSON.stringify(script)}: it has no set of packages; \`packages list\` shows those that have`);
  return sets;
}

async function load(store: Store, files: readonly string[], tools: CommandDependencies): Promise<number> {
  if (files.length === 0) throw new Failure("bad-request", `Cannot load: wanted the name of a file\n\n${USAGE}`);
  let passedOver = 0;
  for (const file of files) {
    await checkArchive(file);
    passedOver += await loadFile(store, file, tools);
  }
  return passedOver > 0 ? 1 : 0;
}

/** Resolves with how many sets were passed over. */
async function loadFile(store: Store, file: string, { print, complain }: CommandDependencies): Promise<number> {
  let current: { home: string; record: SetRecord; staging: Staging } | undefined;
  let passedOver = 0;
  try {
    await unpack(file, async (home, record) => {
      if (record.platform !== platformOf()) {
        complain(`Passed over for ${record.scriptId ?? home}: ${contentText(record)}; it is for ${record.platform}, this is ${platformOf()}\n`);
        passedOver += 1;
        return undefined;
      }
      current = { home, record, staging: await store.staging(home) };
      return current.staging.set;
    }, async () => {
      if (current === undefined) return;
      await store.publish(current.home, current.staging, current.record);
      await current.staging.remove();
      print(`Loaded for ${current.record.scriptId ?? current.home}: ${contentText(current.record)} (${current.record.runtime})\n`);
      current = undefined;
    });
  } finally {
    await current?.staging.remove();
  }
  return passedOver;
}

async function clear(store: Store, { print }: CommandDependencies): Promise<number> {
  const { removed, bytes, left } = await store.clear(0);
  print(`${removed} ${removed === 1 ? "set" : "sets"} removed, ${sizeText(bytes)}${left === 0 ? "" : `; ${left} in use stay`}\n`);
  return 0;
}

function contentText({ language, requirements, resolved }: SetRecord): string {
  return requirements.map((one) => `${spelled(one, language)}${resolved[one.name] === undefined ? "" : ` (${resolved[one.name]})`}`).join(", ");
}

function sizeText(bytes: number): string {
  return bytes < 1024 * 1024 ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

