// Process trees by `ps`, for systems without /proc such as macOS: the group, and the chain of parents.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { sendSignal } from "./signal.ts";
import type { ProcessTree, Root, Survivor } from "./process-tree.ts";

interface Row {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly state: string;
  readonly command: string;
}

/** Process trees by the output of `ps`, which `list` fetches. */
export function createPsTree(list: () => Promise<string> = ps): ProcessTree {
  return {
    signalGroup: (root, signal) => sendSignal(-root.pid, signal),
    signalOne: (pid, signal) => sendSignal(pid, signal),
    killMarked: () => {},
    survivors: async (root) => treeOf(root, rows(await list())),
  };
}

async function ps(): Promise<string> {
  const { stdout } = await promisify(execFile)("ps", ["-A", "-o", "pid=,ppid=,pgid=,stat=,command="], { maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}

function rows(listing: string): Row[] {
  return listing.split("\n").flatMap((line) => {
    const [, pid, parent, group, state = "", command = ""] = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    return pid === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), group: Number(group), state, command }];
  });
}

function treeOf(root: Root, all: readonly Row[]): Survivor[] {
  const members = new Set([root.pid]);
  let size: number;
  do {
    size = members.size;
    for (const row of all) if (row.group === root.pid || members.has(row.parent)) members.add(row.pid);
  } while (members.size > size);
  return all
    .filter((row) => members.has(row.pid) && !row.state.startsWith("Z"))
    .map((row) => ({ pid: row.pid, command: row.command, inGroup: row.group === root.pid, activity: activityOf(row) }));
}

/** The first letter says what a process does, an E among the others that it is on its way out. */
function activityOf({ state }: Row): Survivor["activity"] {
  if (state.includes("E")) return "exiting";
  return /^[RDU]/.test(state) ? "working" : "waiting";
}
