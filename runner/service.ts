// The runner's life, read top to bottom.
import "./lifecycle/node-floor.ts";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fileVariables, readConfig } from "./config.ts";
import type { Config, FileContent } from "./config.ts";
import { messageOf } from "./contract/failure.ts";
import { RUNNER_VERSION } from "./contract/registration.ts";
import { choosePlumber } from "./execution/plumbing.ts";
import { createRooms } from "./execution/rooms.ts";
import { createRuns } from "./execution/runs.ts";
import { createScriptFiles } from "./execution/script-files.ts";
import { processTree } from "./execution/tree.ts";
import { createRegistrar } from "./host/registrar.ts";
import { createHttpServer, listen } from "./http/server.ts";
import { createCatalogue } from "./languages/catalogue.ts";
import { createLog } from "./lifecycle/log.ts";
import { createRoutes } from "./routes/index.ts";
import { forRunner } from "./state/state.ts";
import { openStateStore } from "./state/state-store.ts";

/** sysexits.h: the configuration is wrong. */
const EX_CONFIG = 78;
const HERE = fileURLToPath(new URL(".", import.meta.url));

const config = await configure();
const log = createLog({ level: config.logLevel, format: config.logFormat, write: (line) => process.stdout.write(line) });
process.stdout.on("error", () => {}); // whoever read the log has gone; the runs have not

const state = await openStateStore(config.stateFile, log.error).catch(giveUp);
await state.update((before) => forRunner(before, config.runnerId));
const secret = () => config.secret ?? state.current.secret;

const catalogue = createCatalogue({ paths: config.interpreters, environment: process.env, log });
const plumber = choosePlumber(join(config.workDir, "pipes"));
const rooms = createRooms({ workDir: config.workDir, ahead: Math.min(4, config.localMaxConcurrency ?? 4), plumber, log });
const runs = createRuns(
  {
    catalogue, rooms,
    scripts: createScriptFiles(config.scriptsDir),
    tree: processTree(),
    environment: process.env,
    killGraceMs: config.killGraceMs,
    timeoutMs: config.timeoutMs,
    maxOutputBytes: 1024 * 1024,
    markPrefix: `${process.pid}.`,
  },
  config.localMaxConcurrency,
);
const registrar = createRegistrar({
  config, state, log, secret,
  runtimes: async () => {
    await catalogue.ready();
    return catalogue.runtimes;
  },
  concurrency: () => config.advertisedConcurrency,
});

const server = createHttpServer(createRoutes({ config, state, registrar, catalogue, runs, secret, log, publicDir: join(HERE, "public") }));
const port = await listen(server, config.port, config.bind).catch((error: unknown) => giveUp(new Error(`Cannot listen on port ${config.port}: ${messageOf(error)}`)));
log.info("Listening", { port, bind: config.bind ?? "all", version: RUNNER_VERSION, node: process.versions.node, endpoint: config.endpointUrl });
registrar.start();

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
