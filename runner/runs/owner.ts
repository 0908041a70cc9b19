// Which runner a run or a working directory belongs to: the name of a runner's process, unlike that of any other, anywhere.
import type { ProcessTable } from "../process/table.ts";

/** Stands for a start time that the system does not tell. */
const UNKNOWN = "0";
/** `SCOPE-PID-START`; up to version 0.3.0 `PID-START`. No dot is in it, since dots part what a process's mark is made of. */
const NAME = /^(?:([0-9a-f]{12})-)?([1-9]\d*)-(\d+)$/;

/** A runner's process. */
export interface Owner {
  /** Where its pid counts, as `ProcessTable.scope` names it; absent in the names of earlier versions. */
  readonly scope: string | undefined;
  readonly pid: number;
  readonly startTime: string | undefined;
}

/** The name of the runner that is this process. */
export function ownerName(table: ProcessTable): string {
  return `${table.scope}-${process.pid}-${table.startTime(process.pid) ?? UNKNOWN}`;
}

/** The process that a name is of; nothing for what is no name of a runner. */
export function parseOwner(name: string): Owner | undefined {
  const [, scope, pid, startTime] = NAME.exec(name) ?? [];
  return pid === undefined ? undefined : { scope, pid: Number(pid), startTime: startTime === UNKNOWN ? undefined : startTime };
}
