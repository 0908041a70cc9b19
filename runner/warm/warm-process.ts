// One process that was started ahead: it waits in a workspace of its own, is given one script, and ends with it.
import { addAbortListener } from "node:events";
import type { Socket } from "node:net";
import { Deadline } from "../lib/deadline.ts";
import type { Command } from "../languages/language.ts";
import { processEnvironment } from "../process/environment.ts";
import type { ScriptEnvironment } from "../process/environment.ts";
import { sendSignal } from "../process/signal.ts";
import { start } from "../process/spawn.ts";
import type { SpawnedChild } from "../process/spawn.ts";
import type { ProcessTable } from "../process/table.ts";
import { newMark } from "../workspace/launcher.ts";
import type { LaunchRequest, RunningProcess } from "../workspace/launcher.ts";
import type { Workspace, Workspaces } from "../workspace/workspaces.ts";
import type { StartConditions } from "./eligibility.ts";

/**
 * The file descriptor of a warm process's channel, an inherited pipe that is closed before the script runs. The number is
 * so high that all that the interpreter and the script open gets the number that it would get without a channel.
 */
export const CHANNEL = 63;
/** What a warm process says on its channel: that it waits, and that it has its script. */
const READY = "r";
const ACCEPTED = "a";
/** A process that is not ready after this long is killed. */
const MAX_START_MS = 30_000;
/** One that does not answer to its script for this long is killed, and the script starts cold. */
const MAX_ACCEPT_MS = 2_000;

/** How a warm process is started. */
export interface WarmStart {
  /** The command of a process that waits. */
  readonly command: Command;
  /** Its environment, apart from what its workspace adds. */
  readonly environment: ScriptEnvironment["values"];
  /** What a script must be started with to run in it. */
  readonly conditions: StartConditions;
}

/** Where warm processes are started. */
export interface WarmProcessDependencies {
  readonly workspaces: Pick<Workspaces, "open">;
  /** Begins every mark of this runner's processes. */
  readonly markPrefix: string;
  readonly table: ProcessTable;
}

/** What a warm process is made of. */
interface WarmProcessParts {
  readonly workspace: Workspace;
  readonly mark: string;
  readonly conditions: StartConditions;
  readonly child: SpawnedChild;
  readonly table: ProcessTable;
}

/** A process that waits for a script, or is about to. It does not keep the runner's own process alive. */
export class WarmProcess {
  readonly workspace: Workspace;
  readonly mark: string;
  readonly conditions: StartConditions;
  readonly #child: SpawnedChild;
  readonly #channel: Socket;
  readonly #table: ProcessTable;

  /** Starts a process in a workspace of its own. Rejects with the system's error. */
  static async start(options: WarmStart, { workspaces, markPrefix, table }: WarmProcessDependencies): Promise<WarmProcess> {
    const { command, environment, conditions } = options;
    const mark = newMark(markPrefix);
    const workspace = await workspaces.open("");
    try {
      const own = processEnvironment(environment, { inputFile: workspace.inputFile, mark });
      const unused = Array.from({ length: CHANNEL - 3 }, () => "ignore" as const);
      // The runner keeps its own ends of the streams: should the process die before it has a script, another one gets them.
      const stdio = { stdio: [...workspace.stdio.stdio, ...unused, "pipe" as const], connect: () => {} };
      const child = await start(command, { directory: workspace.directory, environment: own, stdio });
      return new WarmProcess({ workspace, mark, conditions, child, table });
    } catch (error) {
      await workspace.close();
      throw error;
    }
  }

  private constructor({ workspace, mark, conditions, child, table }: WarmProcessParts) {
    this.workspace = workspace;
    this.mark = mark;
    this.conditions = conditions;
    this.#child = child;
    this.#table = table;
    this.#channel = child.handle.stdio[CHANNEL as 4] as Socket; // typed for the first five only
    this.#channel.on("error", () => {}); // it closes then, which is listened to
    child.handle.unref();
    this.#channel.unref();
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Resolves when it waits for a script. Rejects when it ends instead. */
  async ready(): Promise<void> {
    const message = await this.#answer(MAX_START_MS);
    if (message !== READY) throw new Error(message === undefined ? "it has ended" : `it said ${JSON.stringify(message)}`);
  }

  /** Has `listener` called when it ends while it waits. */
  onceEnded(listener: () => void): void {
    this.#channel.once("close", listener);
  }

  /** Writes the input into its workspace; false when a part of the workspace had been removed. */
  async writeInput(json: string): Promise<boolean> {
    return this.workspace.writeInput(json).catch(() => false);
  }

  /**
   * Gives it its script. Resolves with the process that runs it, or with nothing when it ended without having the script:
   * it runs nothing before it has said so. One that is silent for too long, or whose run is to end, is killed, and what
   * it has said until then counts. So no script runs twice, and none is taken for run that was not.
   */
  async accept({ command, environment, directory }: LaunchRequest, stop: AbortSignal): Promise<RunningProcess | undefined> {
    const { workspace: { inputFile, stdio }, mark } = this;
    const job = { file: command.args.at(-1), environment: processEnvironment(environment, { inputFile, mark }), directory };
    this.#child.handle.ref();
    this.#channel.ref();
    const startedAt = performance.now();
    const newestPid = this.#table.newestPid();
    const stopping = addAbortListener(stop, () => this.kill());
    this.#channel.write(`${JSON.stringify(job)}\n`);
    const message = await this.#answer(MAX_ACCEPT_MS);
    stopping[Symbol.dispose]();
    if (message !== ACCEPTED) {
      await this.#end();
      return undefined;
    }
    stdio.connect(this.#child.handle);
    this.#channel.destroy();
    const root = { pid: this.pid, mark, startedAt, ...(newestPid === undefined ? {} : { newestPid }) };
    return { child: this.#child, root, stdio, start: "warm" };
  }

  /** Kills it. From then on it keeps the runner's own process alive, since its end is waited for. */
  kill(): void {
    const { handle } = this.#child;
    handle.ref();
    const hasExited = handle.exitCode !== null || handle.signalCode !== null; // its pid may be another process's by now
    if (!hasExited) sendSignal(-this.pid, "SIGKILL");
  }

  /** Ends it and removes its workspace. */
  async discard(): Promise<void> {
    await this.#end();
    await this.workspace.close();
  }

  async #end(): Promise<void> {
    this.#channel.destroy();
    this.kill();
    await this.#child.exited;
  }

  /** Resolves with what it says next, or with nothing when it has ended. It is killed when it is silent for longer than `maxSilenceMs`. */
  async #answer(maxSilenceMs: number): Promise<string | undefined> {
    if (this.#channel.destroyed) return undefined;
    const deadline = new Deadline(maxSilenceMs, () => this.kill()).unref();
    const message = await new Promise<string | undefined>((resolve) => {
      this.#channel.once("data", (data: Buffer) => resolve(data.toString()));
      this.#channel.once("close", () => resolve(undefined));
    });
    deadline.cancel();
    return message;
  }
}
