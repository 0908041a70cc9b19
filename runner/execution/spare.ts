// One process that was started ahead: it waits in a room of its own, takes one job, and becomes its script.
import { spawn } from "node:child_process";
import type { ChildProcess, SpawnOptions } from "node:child_process";
import { randomBytes } from "node:crypto";
import type { Duplex } from "node:stream";
import type { Command } from "../languages/language.ts";
import type { Beginning } from "../languages/warmth.ts";
import { start } from "./child.ts";
import type { Child } from "./child.ts";
import { childEnvironment } from "./environment.ts";
import type { Room, Rooms } from "./rooms.ts";
import { coldSeat } from "./seat.ts";
import type { Seat } from "./seat.ts";
import { sendSignal } from "./signal.ts";
import { newestPid } from "./tree-linux.ts";

/** What a spare says on its channel: that it waits, and that it has its job. */
const READY = "r";
const ACCEPTED = "a";
/**
 * The file descriptor of a spare's channel, an inherited pipe that is closed before the script runs; the variable tells
 * the spare. So high that everything the interpreter and the script open gets the number that it would get without.
 */
const CHANNEL = 63;
const CHANNEL_VARIABLE = "AUTOMN_SPARE";
/** A process that is not ready after this long is given up. */
const SLOWEST_READY_MS = 30_000;
/** One that says nothing to its job for this long is killed, and the job starts cold. */
const SLOWEST_ACCEPT_MS = 2_000;

type Channel = Duplex & { ref(): void; unref(): void };

/** A process that waits, or is about to. */
export interface Spare {
  readonly room: Room;
  readonly mark: string;
  readonly beginning: Beginning;
  readonly child: Child;
  readonly handle: ChildProcess;
  readonly channel: Channel;
}

/** Where spares are started. */
export interface SpareGround {
  readonly rooms: Rooms;
  /** The runner's own environment. */
  readonly environment: NodeJS.ProcessEnv;
  readonly markPrefix: string;
}

/** Starts a process by `command` in a room of its own. Rejects with the system's error. */
export async function startSpare(command: Command, beginning: Beginning, { rooms, environment, markPrefix }: SpareGround): Promise<Spare> {
  const mark = markPrefix + randomBytes(8).toString("hex");
  const room = await rooms.open("");
  try {
    const { values } = childEnvironment({
      inherited: environment, variables: [], runId: "", inputJson: "", inputFile: room.inputFile, scriptDir: "", mark,
      interpreter: { ...command.environment, [CHANNEL_VARIABLE]: String(CHANNEL) },
    });
    let started: ChildProcess | undefined;
    const withChannel = (file: string, args: readonly string[], options: SpawnOptions) => {
      started = spawn(file, args, { ...options, stdio: [...room.plumbing.stdio, ...Array<"ignore">(CHANNEL - 3).fill("ignore"), "pipe"] });
      return started;
    };
    // The runner keeps its own ends: should the process die before it has a job, another one can still have the room.
    const plumbing = { ...room.plumbing, connect: () => {} };
    const child = await start(command, { directory: room.directory, environment: values, plumbing }, withChannel as typeof spawn);
    const handle = started as unknown as ChildProcess;
    const channel = (handle.stdio as readonly unknown[])[CHANNEL] as unknown as Channel;
    channel.on("error", () => {});
    // A spare that waits does not keep the runner alive.
    handle.unref();
    channel.unref();
    return { room, mark, child, handle, channel, beginning };
  } catch (error) {
    await room.close();
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
export async function ready({ channel }: Spare): Promise<void> {
  const word = await says(channel, SLOWEST_READY_MS);
  if (word !== READY) throw new Error(`it said ${JSON.stringify(word)}`);
}

/** Ends a spare and removes its room. */
export async function dismiss(spare: Spare): Promise<void> {
  await end(spare);
  await spare.room.close();
}

/** Ends a spare; once it has exited its number may be another process's. */
export async function end({ child, handle, channel }: Spare): Promise<void> {
  handle.ref();
  channel.destroy();
  if (handle.exitCode === null && handle.signalCode === null) sendSignal(-child.pid, "SIGKILL");
  await child.exited;
}

/** Writes the input into the spare's room; one whose room is gone is ended. */
export async function furnished(spare: Spare, inputJson: string): Promise<boolean> {
  try {
    if (await spare.room.writeInput(inputJson)) return true;
  } catch {
    // the whole room has gone
  }
  void dismiss(spare);
  return false;
}

/** Gives the job to the spare; one that died before it had it is replaced by a process that is started now. */
export function warmSeat(spare: Spare, onHit: () => void): Seat {
  const { room, mark, child, channel } = spare;
  let how: Seat["start"] = "warm";
  let waiting = true;
  return {
    room: { ...room, close: () => (waiting ? dismiss(spare) : room.close()) },
    mark,
    get start() { return how; },
    async occupy(command, environment, stop) {
      spare.handle.ref();
      channel.ref();
      waiting = false;
      const startedAt = performance.now();
      const newest = newestPid();
      channel.write(`${JSON.stringify({ file: command.args.at(-1), environment })}\n`);
      if (await accepted(spare, stop)) {
        room.plumbing.connect(spare.handle);
        channel.destroy();
        onHit();
        return { child, root: { pid: child.pid, mark, startedAt, ...(Number.isNaN(newest) ? {} : { newestPid: newest }) } };
      }
      how = "cold";
      await end(spare);
      stop.throwIfAborted();
      const occupant = await coldSeat(room, "").occupy(command, environment, stop);
      return { child: occupant.child, root: { ...occupant.root, mark } };
    },
  };
}

/**
 * Whether the spare has its job. It runs nothing before it has said so; one that is silent for too long, or whose run is
 * to end, is killed, and what it said until then counts: so no script runs twice, and none is taken for run that was not.
 */
async function accepted({ channel, child }: Spare, stop: AbortSignal): Promise<boolean> {
  const kill = () => sendSignal(-child.pid, "SIGKILL");
  const timer = setTimeout(kill, SLOWEST_ACCEPT_MS);
  stop.addEventListener("abort", kill, { once: true });
  if (stop.aborted) kill();
  try {
    return (await says(channel, SLOWEST_ACCEPT_MS * 10)) === ACCEPTED;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
    stop.removeEventListener("abort", kill);
  }
}
