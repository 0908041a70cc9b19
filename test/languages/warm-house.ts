// Runs scripts cold and warm, by the same rooms, seats and environment as the runner, and tells all that came of them.
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { childEnvironment } from "../../runner/execution/environment.ts";
import { choosePlumber } from "../../runner/execution/plumbing.ts";
import type { Outlet } from "../../runner/execution/plumbing.ts";
import { createRooms } from "../../runner/execution/rooms.ts";
import { createScriptFiles } from "../../runner/execution/script-files.ts";
import { coldSeat } from "../../runner/execution/seat.ts";
import type { Seat } from "../../runner/execution/seat.ts";
import { sendSignal } from "../../runner/execution/signal.ts";
import { createSpares } from "../../runner/execution/spares.ts";
import type { Spares, SpareTools } from "../../runner/execution/spares.ts";
import { createCatalogue } from "../../runner/languages/catalogue.ts";
import type { Catalogue } from "../../runner/languages/catalogue.ts";
import { createLog } from "../../runner/lifecycle/log.ts";
import { until } from "../support/until.ts";

/** What came of a script; paths that differ from run to run are named instead. */
export interface Outcome {
  readonly start: Seat["start"];
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly pid: number;
  /** From the job to the first byte of output and to the exit, in milliseconds. */
  readonly firstByteMs: number;
  readonly exitMs: number;
}

/** A script to run. */
export interface Errand {
  readonly language: string;
  readonly code: string;
  readonly input?: unknown;
  readonly variables?: Readonly<Record<string, string>>;
}

/** A small runner without HTTP. */
export interface House {
  readonly spares: Spares;
  readonly catalogue: Catalogue;
  /** What the runner's log has said. */
  readonly log: readonly string[];
  readonly workDir: string;
  /** Runs a script: cold, or by whatever `take` gives. */
  run(errand: Errand, how: "cold" | "warm"): Promise<Outcome>;
  /** Resolves when a spare is ready for scripts like this one. */
  warmed(errand: Errand): Promise<void>;
  close(): Promise<void>;
}

/** Makes a house in a directory of its own. */
export async function openHouse(
  options: Partial<Pick<SpareTools, "size" | "idleMs" | "active" | "cores">> & { environment?: NodeJS.ProcessEnv; paths?: Partial<Parameters<typeof createCatalogue>[0]["paths"]> } = {},
): Promise<House> {
  const home = await realpath(await mkdtemp(join(tmpdir(), "automn-warm-")));
  const workDir = join(home, "work");
  const environment = options.environment ?? process.env;
  const lines: string[] = [];
  const log = createLog({ level: "debug", format: "text", write: (line) => lines.push(line) });
  const catalogue = createCatalogue({ paths: { ...pathsOf(environment), ...options.paths }, environment, log });
  const plumber = choosePlumber(join(workDir, "pipes"));
  const rooms = createRooms({ workDir, ahead: 2, plumber, log });
  const scripts = createScriptFiles(join(home, "scripts"));
  const markPrefix = `${process.pid}.`;
  const spares = createSpares({
    rooms, environment, markPrefix, log, size: options.size ?? 1, idleMs: options.idleMs ?? 60_000,
    active: options.active ?? (() => 1), cores: options.cores ?? availableParallelism(),
  });
  await catalogue.ready();

  async function run({ language: spelling, code, input = {}, variables = {} }: Errand, how: "cold" | "warm"): Promise<Outcome> {
    const found = await catalogue.find(spelling);
    if ("message" in found) throw new Error(found.message);
    const { language, interpreter } = found;
    const inputJson = JSON.stringify(input);
    const list = Object.entries(variables).map(([name, value]) => ({ name, value }));
    const place = await scripts.place({ id: "script", language: spelling, code, variables: list } as never, language.extension(spelling));
    const all = { ...environment, ...variables };
    const began = performance.now();
    const taken = how === "warm" ? await spares.take({ language, interpreter, spelling, variables: all, inputJson }) : undefined;
    const seat = taken ?? coldSeat(await rooms.open(inputJson), markPrefix);
    const { room, mark } = seat;
    try {
      const command = language.command(interpreter, place.codeFile, spelling, all);
      const { values } = childEnvironment({
        inherited: environment, variables: list, runId: "the-run", inputJson, inputFile: room.inputFile, scriptDir: place.lastingDir, mark, interpreter: command.environment,
      });
      const { child } = await seat.occupy(command, values, new AbortController().signal);
      let firstByteMs = 0;
      const onByte = () => { firstByteMs ||= performance.now() - began; };
      const outputs = [collect(room.plumbing.stdout, onByte), collect(room.plumbing.stderr, onByte)];
      const { code: exitCode, signal } = await child.exited;
      const exitMs = performance.now() - began;
      await Promise.race([Promise.all(outputs.map(({ ended }) => ended)), delay(300)]);
      sendSignal(-child.pid, "SIGKILL");
      const [stdout = "", stderr = ""] = outputs.map(({ text }) => named(text(), room.directory, mark));
      return { start: seat.start, stdout, stderr, code: exitCode, signal, pid: child.pid, firstByteMs, exitMs };
    } finally {
      place.release();
      await room.close();
    }
  }

  return {
    spares, catalogue, log: lines, workDir, run,
    async warmed({ language: spelling }) {
      const found = await catalogue.find(spelling);
      if ("message" in found) throw new Error(found.message);
      const { name } = found.language;
      if (spares.counts[name] === undefined) await (await spares.take({ ...found, spelling, variables: environment, inputJson: "{}" }))?.room.close();
      await until(() => (spares.counts[name]?.ready ?? 0) > 0, `a spare: ${lines.join("")}`);
    },
    async close() {
      await spares.close();
      await rooms.close();
      await plumber.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** The interpreters that the runner would be told of, so that the same tests can be run with others. */
function pathsOf(environment: NodeJS.ProcessEnv): Parameters<typeof createCatalogue>[0]["paths"] {
  const path = (name: string) => environment[`AUTOMN_RUNNER_${name}_PATH`];
  return { node: path("NODE"), python: path("PYTHON"), powershell: path("POWERSHELL"), shell: path("SHELL") };
}

function collect(outlet: Outlet, onByte: () => void): { readonly ended: Promise<void>; text(): string } {
  const chunks: Buffer[] = [];
  const ended = new Promise<void>((resolve) => outlet.read((bytes) => { onByte(); chunks.push(Buffer.from(bytes)); }, resolve));
  return { ended, text: () => Buffer.concat(chunks).toString() };
}

/** The room and the mark are another one in each run. */
function named(text: string, directory: string, mark: string): string {
  const home = directory.replace(/\/work$/, "");
  return text.replaceAll(home, "<room>").replaceAll(home.replace(/^.*\//, ""), "<room>").replaceAll(mark, "<mark>");
}
