// The machine's processes: which still run, how each is told from a later one of the same pid.

/** A process, and what it uses. */
export interface ListedProcess {
  readonly pid: number;
  /** The number of its process group. */
  readonly group: number;
  /** As `ProcessTable.startTime` gives it. */
  readonly startTime: string;
  /** Processor time so far, in milliseconds. */
  readonly cpuMs: number;
  /** Resident memory. */
  readonly rssBytes: number;
}

/** The run that a process belongs to. */
export interface ProcessMark {
  /** The value of the mark variable that the process was started with. */
  readonly mark: string;
  /** Whether the process is meant to outlive its run. */
  readonly keep: boolean;
}

/** The machine's processes. A process that has gone meanwhile is never an error. */
export interface ProcessTable {
  /**
   * Names the processes that can be seen from here, in twelve hexadecimal digits: those of this machine, since its last
   * start, in this PID namespace. A pid means nothing elsewhere. Where the system does not tell, the name is this process's own.
   */
  readonly scope: string;
  /** The pid that the system has given out last; undefined where it does not tell. */
  newestPid(): number | undefined;
  /** When a process was started, in digits: with the pid, unique. Undefined when it has gone, or where it cannot be told at once. */
  startTime(pid: number): string | undefined;
  /**
   * Whether the process of that pid and start time still runs. Where the start time is not known, or the system tells
   * none, the pid alone decides: a living process is never taken for dead.
   */
  isRunning(pid: number, startTime: string | undefined): Promise<boolean>;
  /** Every process that runs; none where the system does not tell their marks. */
  list(): Promise<readonly ListedProcess[]>;
  /** The mark that a process carries, if any. */
  markOf(pid: number): ProcessMark | undefined;
}
