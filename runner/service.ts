#!/usr/bin/env node
// The runner's life, read top to bottom.
import "./lifecycle/node-floor.ts";
import { writeSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fileVariables, readConfig } from "./config.ts";
import type { Config, FileContent } from "./config.ts";
import { messageOf } from "./contract/failure.ts";
import { RUNNER_VERSION } from "./contract/registration.ts";
import { createHistory } from "./execution/history.ts";
import { choosePlumber } from "./execution/plumbing.ts";
import { ownerName, recover } from "./execution/recovery.ts";
import { createRooms } from "./execution/rooms.ts";
import { createRuns } from "./execution/runs.ts";
import type { Runs } from "./execution/runs.ts";
import { createScriptFiles, sha256 } from "./execution/script-files.ts";
import { createSpares } from "./execution/spares.ts";
import { createToolRunner } from "./execution/tool.ts";
import { processTree } from "./execution/tree.ts";
import { createUsageMeter } from "./execution/usage.ts";
import { createRegistrar } from "./host/registrar.ts";
import { closeServer, createHttpServer, listen } from "./http/server.ts";
import { createCatalogue } from "./languages/catalogue.ts";
import { limitYoungGeneration } from "./lifecycle/heap.ts";
import { createLog } from "./lifecycle/log.ts";
import { catchSignals, handleShutdown } from "./lifecycle/shutdown.ts";
import { createFramer } from "./output/framer.ts";
import { createPackages } from "./packages/packages.ts";
import { createRoutes } from "./routes/index.ts";
import { openArchive } from "./state/archive.ts";
import { removeTree } from "./state/files.ts";
import { createFrameLog } from "./state/frame-log.ts";
import { openJournal } from "./state/journal.ts";
import { forRunner } from "./state/state.ts";
import { openStateStore } from "./state/state-store.ts";

/** sysexits.h: the configuration is wrong. */
const EX_CONFIG = 78;
/** sysexits.h: the command line is wrong. */
const EX_USAGE = 64;
/** At the end, answers under way get this long to reach their readers. */
const DELIVERY_MS = 5_000;
const HERE = fileURLToPath(new URL(".", import.meta.url));

const signals = catchSignals(() => process.exit(0)); // nothing has begun yet that would have to end

const config = await configure();
const [command, ...words] = process.argv.slice(2);
if (command !== undefined) process.exit(await carryOut(command, words));

const log = createLog({ level: config.logLevel, format: config.logFormat, write: (line) => process.stdout.write(line) });
process.stdout.on("error", () => {}); // whoever read the log has gone; the runs have not

const state = await openStateStore(config.stateFile, log.error).catch(giveUp);
await state.update((before) => forRunner(before, config.runnerId));
const secret = () => config.secret ?? state.current.secret;

const owner = await ownerName(process.pid);
const installation = sha256(config.stateDir).slice(0, 12);
const ownWorkDir = join(config.workDir, owner);
const { journal, open, recent } = await openJournal({ directory: config.stateDir, maxBytes: config.journalMaxBytes, log });
const archive = openArchive({ directory: join(config.stateDir, "results"), maxBytes: config.keepResultsBytes, log });
const history = createHistory({ journal, archive, recent });

const plumber = choosePlumber(join(ownWorkDir, "pipes"));
const rooms = createRooms({ workDir: ownWorkDir, ahead: Math.min(4, config.localMaxConcurrency ?? 4), plumber, log });
const catalogue = createCatalogue({ paths: config.interpreters, environment: process.env, log });
const markPrefix = `${installation}.${owner}.`;
const spares = createSpares({
  rooms, markPrefix, log,
  environment: process.env,
  size: config.warm,
  idleMs: config.warmIdleMs,
  active: () => runs.counts.active,
  cores: availableParallelism(),
});
const tree = processTree();
const packages = createPackages({
  mode: config.packages,
  scriptsDir: config.scriptsDir,
  recordsDir: join(config.stateDir, "packages"),
  concurrency: config.installConcurrency,
  timeoutMs: config.installTimeoutMs,
  maxBytes: config.packagesMaxBytes,
  npmPath: config.npmPath,
  npmIgnoreScripts: config.npmIgnoreScripts,
  environment: process.env,
  runTool: createToolRunner({ tree, killGraceMs: config.killGraceMs, markPrefix }),
  log,
});
const runs: Runs = createRuns(
  {
    catalogue, rooms, spares, packages, tree, markPrefix,
    scripts: createScriptFiles(config.scriptsDir),
    framer: createFramer(),
    meter: createUsageMeter(),
    environment: process.env,
    secrets: () => [secret(), config.resetToken].filter((one) => one !== undefined),
    secretWords: config.secretWords,
    killGraceMs: config.killGraceMs,
    timeoutMs: config.timeoutMs,
    maxOutputBytes: config.maxOutputBytes,
    maxMemoryMb: config.maxMemoryMb,
  },
  {
    limit: config.localMaxConcurrency,
    history, owner,
    newFrameLog: () => createFrameLog({ maxBytes: Math.floor(config.keepResultsBytes / 4), spillDir: join(ownWorkDir, "frames"), log }),
  },
);
const registrar = createRegistrar({
  config, state, log, secret,
  runtimes: async () => {
    await catalogue.ready();
    return catalogue.runtimes;
  },
  concurrency: () => (runs.draining ? Math.max(1, runs.counts.active) : config.advertisedConcurrency),
});

const server = createHttpServer(createRoutes({ config, state, registrar, catalogue, runs, spares, packages, history, secret, log, publicDir: join(HERE, "public") }));
const port = await listen(server, config.port, config.bind).catch((error: unknown) => giveUp(new Error(`Cannot listen on port ${config.port}: ${messageOf(error)}`)));
log.info("Listening", { port, bind: config.bind ?? "all", version: RUNNER_VERSION, node: process.versions.node, endpoint: config.endpointUrl });
handleShutdown({ drain, endRuns: () => runs.drain(0), kill: runs.kill, close, exit: (code) => void leave(code) }, signals, log);
registrar.start();
limitYoungGeneration();
await recover({ installation, open, onLost: history.lost, workDir: config.workDir, log });
await packages.restore(async (name) => {
  const found = await catalogue.find(name);
  return "message" in found ? undefined : found.interpreter;
});

/** The host is told at once to send no more than what is active; it goes on hearing from this runner until the end. */
async function drain(): Promise<void> {
  const drained = runs.drain(config.drainMs);
  void registrar.register("heartbeat");
  await drained;
}

async function close(): Promise<void> {
  await closeServer(server, DELIVERY_MS);
  registrar.stop();
  catalogue.close();
  await Promise.all([spares.close(), packages.close()]);
  await Promise.all([rooms.close(), history.close(), state.settled()]);
  await plumber.close();
  await removeTree(ownWorkDir, log);
}

/** Ends the process once its log is out; nobody waits longer than a moment for a log that is not read. */
async function leave(code: number): Promise<void> {
  const written = new Promise<void>((resolve) => { process.stdout.write("", () => resolve()); });
  await Promise.race([written, new Promise((resolve) => setTimeout(resolve, 500))]);
  process.exit(code);
}

/** `automn-runner packages …` and `automn-runner --version`: done and over; resolves with the exit code. */
async function carryOut(name: string, rest: readonly string[]): Promise<number> {
  const print = (text: string) => writeSync(1, text);
  const complain = (text: string) => writeSync(2, text);
  if (name === "--version") {
    print(`${RUNNER_VERSION}\n`);
    return 0;
  }
  if (name !== "packages") {
    complain(`There is no command ${name}: without one the runner starts, \`packages\` is about scripts' packages, \`--version\` tells the version.\n`);
    return EX_USAGE;
  }
  const { packagesCommand } = await import("./packages/cli.ts"); // the service does not need it
  const warnings = createLog({ level: "warn", format: config.logFormat, write: complain });
  return packagesCommand([...rest], { scriptsDir: config.scriptsDir, recordsDir: join(config.stateDir, "packages"), print, complain, log: warnings });
}

/** Reads the environment; with anything wrong in it, says all of it and ends. */
async function configure(): Promise<Config> {
  const files = new Map(await Promise.all(fileVariables(process.env).map(async (path): Promise<[string, FileContent]> => [path, await contentOf(path)])));
  const reading = readConfig(process.env, { files, defaultDataDir: join(HERE, "data"), isTerminal: process.stdout.isTTY });
  for (const warning of reading.warnings) console.error(warning);
  for (const problem of reading.problems) console.error(problem);
  return reading.config ?? process.exit(EX_CONFIG);
}

async function contentOf(path: string): Promise<FileContent> {
  try {
    return { content: await readFile(path, "utf8") };
  } catch (error) {
    return { error: messageOf(error) };
  }
}

function giveUp(error: unknown): never {
  console.error(messageOf(error));
  process.exit(1);
}
