// Where the runner keeps its data when nobody has said where.
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

const NAME = "automn-runner";

/** What decides the place. */
export interface DataDirectoryOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly platform?: NodeJS.Platform;
  readonly home?: () => string;
}

/**
 * The data directory beside the code, whose folder is `code`. Below `node_modules`, where the next installation would delete
 * it, it is the user's own: `$XDG_STATE_HOME/automn-runner`, `~/.local/state/automn-runner`, or `%LOCALAPPDATA%\automn-runner`
 * on Windows.
 */
export function defaultDataDir(code: string, { env, platform = process.platform, home = homedir }: DataDirectoryOptions): string {
  if (!code.split(/[/\\]/).includes("node_modules")) return join(code, "data");
  if (platform === "win32") return join(absolute(env["LOCALAPPDATA"]) ?? join(home(), "AppData", "Local"), NAME);
  return join(absolute(env["XDG_STATE_HOME"]) ?? join(home(), ".local", "state"), NAME);
}

/** The XDG specification has a relative path ignored. */
function absolute(path: string | undefined): string | undefined {
  return path !== undefined && isAbsolute(path) ? path : undefined;
}
