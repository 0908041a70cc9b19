#!/usr/bin/env node
// The life of the process, from top to bottom.
import "./lifecycle/node-floor.ts";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readConfig, secretFiles } from "./config/config.ts";
import type { Config, ConfigReading, FileContent } from "./config/config.ts";
import { messageOf } from "./lib/failure.ts";
import { LANGUAGES } from "./languages/table.ts";
import { RUNNER_VERSION } from "./protocol/registration.ts";
import { closeServer, createHttpServer, listen } from "./http/server.ts";
import { cacheCompiledCode } from "./lifecycle/compile-cache.ts";
import { defaultDataDir } from "./lifecycle/data-directory.ts";
import { checkDirectories } from "./lifecycle/directory-check.ts";
import { wasHangupIgnored } from "./lifecycle/hangup.ts";
import { createLog } from "./lib/log.ts";
import { catchSignals, handleShutdown } from "./lifecycle/shutdown.ts";
import type { App } from "./app.ts";
import { openStateStore } from "./registration/state-store.ts";
import { closeLostTerminal } from "./lifecycle/terminal.ts";

/** sysexits.h: the configuration is wrong. */
const EX_CONFIG = 78;
/** When the service stops, answers in progress have this long to reach their clients. */
const DELIVERY_MS = 5_000;
const HERE = fileURLToPath(new URL(".", import.meta.url));

process.stdout.on("error", () => {}); // runs go on when nobody reads the log any more, or its terminal is gone

const args = process.argv.slice(2);
if (args.length > 0) await exit(await runCommand(args));

const { config, warnings, directories } = await configure();

const log = createLog({ level: config.logLevel, format: config.logFormat, write: (line) => process.stdout.write(line) });

const signals = catchSignals(() => exitNow(0), { ignoreHangup: wasHangupIgnored() }); // there is nothing to shut down yet

for (const warning of warnings) log.warn(warning);
const unusable = await checkDirectories(directories);
if (unusable.length > 0) refuse(unusable);
const state = await openStateStore(config.stateFile, log.error).catch(giveUp);

// The server listens before the app is loaded; requests that arrive in between wait for it.
let provideApp: (app: App) => void = () => {};
const appReady = new Promise<App>((resolve) => { provideApp = resolve; });
const server = createHttpServer(async (request, response) => (await appReady).answer(request, response));
const port = await listen(server, config.port, config.bind).catch((error: unknown) =>
  giveUp(new Error(`Cannot listen on port ${config.port}: ${messageOf(error)}`)));
log.info("Listening", {
  port, bind: config.bind ?? "all", version: RUNNER_VERSION, node: process.versions.node, endpoint: config.endpointUrl,
});

log.info("Directories", { state: config.stateDir, scripts: config.scriptsDir, work: config.workDir });

cacheCompiledCode(join(config.stateDir, "compiled"));
const { openApp } = await import("./app.ts");
const app = await openApp({ config, warnings, state, log, port, publicDir: join(HERE, "public") });
handleShutdown({ ...app, close, exit: (code) => void exit(code) }, signals, log);
provideApp(app);
await app.begin();

async function close(): Promise<void> {
  await closeServer(server, DELIVERY_MS);
  await app.close();
}

/** Ends the process once its log is written, or after half a second if nobody reads it. */
async function exit(code: number): Promise<void> {
  const written = new Promise<void>((resolve) => { process.stdout.write("", () => resolve()); });
  await Promise.race([written, new Promise((resolve) => setTimeout(resolve, 500))]);
  exitNow(code);
}

function exitNow(code: number): never {
  closeLostTerminal();
  process.exit(code);
}

/** Runs a command instead of the service, of which it loads nothing. Resolves with the exit code. */
async function runCommand(words: readonly string[]): Promise<number> {
  const { main } = await import("./cli/main.ts");
  const print = (text: string) => void process.stdout.write(text);
  const printError = (text: string) => void process.stderr.write(text);
  return main(words, { print, printError, languages: LANGUAGES, configure: async () => (await configure()).config });
}

/** Reads the environment; if anything in it is wrong, reports all of it and ends the process. */
async function configure(): Promise<ConfigReading & { readonly config: Config }> {
  const files = new Map(await Promise.all(secretFiles(process.env).map(async (path) => [path, await contentOf(path)] as const)));
  const reading = readConfig(process.env, {
    files, languages: LANGUAGES, defaultDataDir: defaultDataDir(HERE, process), isTerminal: process.stdout.isTTY,
  });
  const { config } = reading;
  return config === undefined ? refuse([...reading.warnings, ...reading.problems]) : { ...reading, config };
}

/** Says what is wrong with the configuration and ends the process. */
function refuse(sentences: readonly string[]): never {
  for (const sentence of sentences) console.error(sentence);
  process.exit(EX_CONFIG);
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
