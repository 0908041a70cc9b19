// This runner's process among others that share its directories: by what it and all of its own are known.
import { join } from "node:path";
import { removeTree } from "../lib/files.ts";
import type { Log } from "../lib/log.ts";
import type { ProcessTable } from "../process/table.ts";
import { sha256 } from "../workspace/script-files.ts";
import { LivenessFile } from "./liveness-file.ts";
import { OwnerLiveness } from "./owner-liveness.ts";
import { ownerName } from "./owner.ts";

/** What an instance is opened with. */
export interface RunnerInstanceOptions {
  readonly stateDir: string;
  /** Each runner's own working directory is in here, by its owner's name. */
  readonly workDir: string;
  readonly table: ProcessTable;
  readonly log: Log;
}

/** One runner's process. */
export class RunnerInstance {
  /** The name of this process, as journal and directories have it. */
  readonly owner: string;
  /** Begins the marks of all runners that have this one's state directory. */
  readonly installation: string;
  /** For this runner alone; removed in the end. */
  readonly workDir: string;
  /** Tells which of the others live. */
  readonly liveness: OwnerLiveness;
  readonly #livenessFile: LivenessFile;
  readonly #log: Log;

  /** Opens it, and shows the others that it lives. */
  static async open(options: RunnerInstanceOptions): Promise<RunnerInstance> {
    const instance = new RunnerInstance(options);
    await instance.#livenessFile.start();
    return instance;
  }

  private constructor({ stateDir, workDir, table, log }: RunnerInstanceOptions) {
    this.owner = ownerName(table);
    this.installation = sha256(stateDir).slice(0, 12);
    this.workDir = join(workDir, this.owner);
    this.#livenessFile = new LivenessFile(this.workDir, log);
    this.liveness = new OwnerLiveness({ owner: this.owner, workDir, table, livenessFile: this.#livenessFile });
    this.#log = log;
  }

  /** Begins every mark of this runner's processes. */
  get markPrefix(): string {
    return `${this.installation}.${this.owner}.`;
  }

  /** Removes what was for this runner alone. */
  async close(): Promise<void> {
    await this.#livenessFile.stop();
    await removeTree(this.workDir, this.#log);
  }
}
