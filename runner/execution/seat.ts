// Where a run's process comes from: one that is started for it.
import { randomBytes } from "node:crypto";
import { messageOf } from "../contract/failure.ts";
import type { Command } from "../languages/language.ts";
import { start } from "./child.ts";
import type { Child } from "./child.ts";
import type { Room } from "./rooms.ts";
import type { Root } from "./tree.ts";

/** A process that runs a script. */
export interface Occupant {
  readonly child: Child;
  readonly root: Root;
}

/** A room with the means to have a script run in it. */
export interface Seat {
  readonly room: Room;
  /** The value of the mark variable of the process and of all that it starts. */
  readonly mark: string;
  readonly start: "warm" | "cold";
  /** Has the script run. Rejects with a sentence when the system refuses, or with `stop`'s reason when that came first. */
  occupy(command: Command, environment: Readonly<Record<string, string>>, stop: AbortSignal): Promise<Occupant>;
}

/** A seat whose process is started when the script is known; marks begin with `markPrefix`. */
export function coldSeat(room: Room, markPrefix: string): Seat {
  const mark = markPrefix + randomBytes(8).toString("hex");
  return {
    room, mark, start: "cold",
    async occupy(command, environment) {
      const startedAt = performance.now();
      try {
        const child = await start(command, { directory: room.directory, environment, plumbing: room.plumbing });
        return { child, root: { pid: child.pid, mark, startedAt } };
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        const reason = code === "E2BIG" ? "its variables and its input are together too large for the system" : messageOf(error);
        throw new Error(`${command.file}: ${reason}`);
      }
    },
  };
}
