// Chooses the standard streams of the platform; nobody else imports their files.
import type { Log } from "../lib/log.ts";
import type { StdioFactory } from "./standard-streams.ts";
import { NodeStdioFactory } from "./stdio-node.ts";
import { PosixStdioFactory } from "./stdio-posix.ts";

export type { OutputPipe, Stdio, StdioFactory } from "./standard-streams.ts";

/** What a factory is made of. */
export interface StdioFactoryOptions {
  readonly platform?: NodeJS.Platform;
  /** Is told of a `problem` once. */
  readonly log?: Pick<Log, "warn">;
}

/** The factory for the platform that the runner is on; what it makes ahead lies in `directory`. */
export function createStdioFactory(directory: string, { platform = process.platform, log }: StdioFactoryOptions = {}): StdioFactory {
  return platform === "win32" ? new NodeStdioFactory() : new PosixStdioFactory({ directory, log });
}
