// What the steps of a run have in common: the job, what comes of it, and the runner's parts that they use.
import type { LanguageRegistry } from "../languages/registry.ts";
import type { Framer } from "../output/framer.ts";
import { OutputPipeline } from "../output/output-pipeline.ts";
import type { Packages } from "../packages/packages.ts";
import type { Backpressure } from "../process/follow.ts";
import type { ProcessTable } from "../process/table.ts";
import type { ProcessTree, Root } from "../process/tree.ts";
import type { UsageMeter } from "../process/usage.ts";
import type { RunRequest } from "../protocol/job.ts";
import type { Redaction } from "../redaction/redactor.ts";
import type { WarmPool } from "../warm/warm-pool.ts";
import type { ScriptFiles } from "../workspace/script-files.ts";
import type { Workspaces } from "../workspace/workspaces.ts";
import { TimeLimits } from "./time-limits.ts";

/** An accepted job. */
export interface Job extends RunRequest {
  readonly runId: string;
  /** `performance.now()` when it was accepted. */
  readonly acceptedAt: number;
  /** Hides what no log of this run may show. */
  readonly redaction: Redaction;
}

/** Where a run's frames go. */
export interface FrameSink extends Backpressure {
  write(frame: Buffer): void;
}

/** The bounds that the operator sets for every run. */
export interface RunLimits {
  /** The longest that a script may run, in milliseconds; no bound where absent. */
  readonly maxRunMs?: number;
  readonly maxMemoryMb?: number;
  /** How much of either output stream a result carries. */
  readonly maxOutputBytes: number;
  readonly killGraceMs: number;
}

/** How a run's processes are started, found and measured. */
export interface RunProcesses {
  /** The runner's own environment. */
  readonly environment: NodeJS.ProcessEnv;
  /** Begins every mark of this runner's processes. */
  readonly markPrefix: string;
  readonly tree: ProcessTree;
  readonly table: ProcessTable;
  readonly meter: UsageMeter;
}

/** The parts of the runner that a run uses. */
export interface RunDependencies {
  readonly languages: Pick<LanguageRegistry, "find">;
  readonly packages: Pick<Packages, "ensure">;
  readonly scripts: Pick<ScriptFiles, "locate" | "place">;
  readonly workspaces: Pick<Workspaces, "open">;
  readonly warmPool: WarmPool;
  readonly processes: RunProcesses;
  /** Whose the working directory is: each run's own, or the script's. */
  readonly workspaceMode: "run" | "script";
  readonly framer: Framer;
  readonly limits: RunLimits;
}

/** An installation that a run waited for, in milliseconds. */
export interface InstallRecord {
  readonly language: string;
  readonly ok: boolean;
  readonly ms: number;
}

/** What one run is made from. */
export interface RunOptions {
  readonly job: Job;
  readonly sink: FrameSink;
  /** Ends the run: its reason is a `TerminationReason`, and the first one counts. */
  readonly stop: AbortController;
  /** Called once the run's process is there. */
  readonly onProcess: (root: Root) => void;
  readonly dependencies: RunDependencies;
}

/** One run, while it goes on. */
export class RunContext {
  readonly job: Job;
  readonly sink: FrameSink;
  readonly stop: AbortController;
  readonly onProcess: (root: Root) => void;
  readonly dependencies: RunDependencies;
  /** The job's input, compact and on one line. */
  readonly inputJson: string;
  readonly output: OutputPipeline;
  readonly timeLimits: TimeLimits;
  /** Filled as the run goes on. */
  readonly installs: InstallRecord[] = [];
  readonly #cleanups: (() => void)[] = [];

  constructor({ job, sink, stop, onProcess, dependencies }: RunOptions) {
    this.job = job;
    this.sink = sink;
    this.stop = stop;
    this.onProcess = onProcess;
    this.dependencies = dependencies;
    this.inputJson = JSON.stringify(job.input);
    this.timeLimits = new TimeLimits(stop);
    this.output = new OutputPipeline({
      show: (text) => { for (const frame of dependencies.framer(text)) sink.write(frame); },
      onReturn: () => this.timeLimits.scriptReturned(),
      maxBytes: dependencies.limits.maxOutputBytes,
      redaction: job.redaction,
    });
  }

  /** Has something released when the run has ended, the last thing first. */
  defer(cleanup: () => void): void {
    this.#cleanups.push(cleanup);
  }

  /** Stops the clocks and releases everything. */
  close(): void {
    this.timeLimits.clear();
    for (const cleanup of this.#cleanups.splice(0).reverse()) cleanup();
  }
}
