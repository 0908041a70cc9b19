// One process that was started ahead: it waits in a room of its own, takes one job, and becomes its script.
import { spawn } from "node:child_process";
import type { ChildProcess, SpawnOptions } from "node:child_process";
import { randomBytes } from "node:crypto";
import type { Duplex } from "node:stream";
import type { Command } from "../languages/language.ts";
import type { StartConditions } from "./eligibility.ts";
import { start } from "../process/spawn.ts";
import type { Child } from "../process/spawn.ts";
import { childEnvironment } from "../process/environment.ts";
import type { Workspace, Workspaces } from "../workspace/workspaces.ts";
import { coldLauncher } from "../workspace/launcher.ts";
import type { Launcher } from "../workspace/launcher.ts";
import { sendSignal } from "../process/signal.ts";
import type { ProcessTable } from "../process/table.ts";

/** What a spare says on its channel: that it waits, and that it has its job. */
const READY = "r";
const ACCEPTED = "a";
/**
 * The file descriptor of a spare's channel, an inherited pipe that is closed before the script runs; the variable tells
 * the spare. So high that everything the interpreter and the script open gets the number that it would get without.
 */
const CHANNEL = 63;
const CHANNEL_VARIABLE = "AUTOMN_WARM_CHANNEL";
/** A process that is not ready after this long is given up. */
const MAX_READY_MS = 30_000;
/** One that says nothing to its job for this long is killed, and the job starts cold. */
const MAX_ACCEPT_MS = 2_000;

type Channel = Duplex & { ref(): void; unref(): void };

/** A process that waits, or is about to. */
export interface WarmProcess {
  readonly workspace: Workspace;
  readonly mark: string;
  readonly conditions: StartConditions;
  readonly child: Child;
  readonly handle: ChildProcess;
  readonly channel: Channel;
  readonly table: ProcessTable;
}

/** Where spares are started. */
export interface WarmProcessDependencies {
  readonly workspaces: Workspaces;
  /** The runner's own environment. */
  readonly environment: NodeJS.ProcessEnv;
  readonly markPrefix: string;
  readonly table: ProcessTable;
}

/** Starts a process by `command` in a room of its own. Rejects with the system's error. */
export async function startWarmProcess(command: Command, conditions: StartConditions, { workspaces, environment, markPrefix, table }: WarmProcessDependencies): Promise<WarmProcess> {
  const mark = markPrefix + randomBytes(8).toString("hex");
  const workspace = await workspaces.open("");
  try {
    const { values } = childEnvironment({
      inherited: environment, variables: [], runId: "", inputJson: "", inputFile: workspace.inputFile, scriptDir: "", mark,
      interpreter: { ...command.environment, [CHANNEL_VARIABLE]: String(CHANNEL) },
    });
    let started: ChildProcess | undefined;
    const withChannel = (file: string, args: readonly string[], options: SpawnOptions) => {
      started = spawn(file, args, { ...options, stdio: [...workspace.stdio.stdio, ...Array<"ignore">(CHANNEL - 3).fill("ignore"), "pipe"] });
      return started;
    };
    // The runner keeps its own ends: should the process die before it has a job, another one can still have the room.
    const stdio = { ...workspace.stdio, connect: () => {} };
    const child = await start(command, { directory: workspace.directory, environment: values, stdio }, withChannel as typeof spawn);
    const handle = started as unknown as ChildProcess;
    const channel = (handle.stdio as readonly unknown[])[CHANNEL] as unknown as Channel;
    channel.on("error", () => {});
    // A spare that waits does not keep the runner alive.
    handle.unref();
    channel.unref();
    return { workspace, mark, child, handle, channel, conditions, table };
  } catch (error) {
    await workspace.close();
    throw error;
  }
}

/** Resolves with what the spare says next; rejects when it ends, or says nothing for so long. */
function says(channel: Duplex, ms: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => settle(() => reject(new Error(`it said nothing for ${ms} ms`))), ms).unref();
    const onData = (data: Buffer) => settle(() => resolve(data.toString()));
    const onClose = () => settle(() => reject(new Error("it has ended")));
    const settle = (how: () => void) => {
      clearTimeout(timer);
      channel.off("data", onData).off("close", onClose);
      how();
    };
    channel.on("data", onData).once("close", onClose);
    if (channel.destroyed) onClose();
  });
}

/** Resolves when the spare waits for a job; rejects when it ends instead, or takes too long. */
export async function ready({ channel }: WarmProcess): Promise<void> {
  const word = await says(channel, MAX_READY_MS);
  if (word !== READY) throw new Error(`it said ${JSON.stringify(word)}`);
}

/** Ends a spare and removes its room. */
export async function discard(warm: WarmProcess): Promise<void> {
  await end(warm);
  await warm.workspace.close();
}

/** Ends a spare; once it has exited its number may be another process's. */
export async function end({ child, handle, channel }: WarmProcess): Promise<void> {
  handle.ref();
  channel.destroy();
  if (handle.exitCode === null && handle.signalCode === null) sendSignal(-child.pid, "SIGKILL");
  await child.exited;
}

/** Writes the input into the spare's room; one whose room is gone is ended. */
export async function writeInput(warm: WarmProcess, inputJson: string): Promise<boolean> {
  try {
    if (await warm.workspace.writeInput(inputJson)) return true;
  } catch {
    // the whole room has gone
  }
  void discard(warm);
  return false;
}

/** Gives the job to the spare; one that died before it had it is replaced by a process that is started now. */
export function warmLauncher(warm: WarmProcess, onHit: () => void): Launcher {
  const { workspace, mark, child, channel } = warm;
  let how: Launcher["start"] = "warm";
  let waiting = true;
  return {
    workspace: { ...workspace, close: () => (waiting ? discard(warm) : workspace.close()) },
    mark,
    get start() { return how; },
    async launch(command, environment, stop) {
      warm.handle.ref();
      channel.ref();
      waiting = false;
      const startedAt = performance.now();
      const newestPid = warm.table.newestPid();
      channel.write(`${JSON.stringify({ file: command.args.at(-1), environment })}\n`);
      if (await accepted(warm, stop)) {
        workspace.stdio.connect(warm.handle);
        channel.destroy();
        onHit();
        return { child, root: { pid: child.pid, mark, startedAt, ...(newestPid === undefined ? {} : { newestPid }) } };
      }
      how = "cold";
      await end(warm);
      stop.throwIfAborted();
      const running = await coldLauncher(workspace, "").launch(command, environment, stop);
      return { child: running.child, root: { ...running.root, mark } };
    },
  };
}

/**
 * Whether the spare has its job. It runs nothing before it has said so; one that is silent for too long, or whose run is
 * to end, is killed, and what it said until then counts: so no script runs twice, and none is taken for run that was not.
 */
async function accepted({ channel, child }: WarmProcess, stop: AbortSignal): Promise<boolean> {
  const kill = () => sendSignal(-child.pid, "SIGKILL");
  const timer = setTimeout(kill, MAX_ACCEPT_MS);
  stop.addEventListener("abort", kill, { once: true });
  if (stop.aborted) kill();
  try {
    return (await says(channel, MAX_ACCEPT_MS * 10)) === ACCEPTED;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
    stop.removeEventListener("abort", kill);
  }
}
