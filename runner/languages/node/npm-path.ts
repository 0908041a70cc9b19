// Where npm is.
import { realpath, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { findOnPath } from "../../lib/path-search.ts";
import type { Interpreter } from "../language.ts";

/** How npm is started. */
export interface NpmCommand {
  readonly file: string;
  readonly args: readonly string[];
}

/** npm's own place below a folder with a node in it, on Windows and elsewhere. */
const BESIDE = ["node_modules/npm/bin/npm-cli.js", "../lib/node_modules/npm/bin/npm-cli.js"];

/**
 * npm as the operator names it, else beside the interpreter, beside the node that runs this, or on the PATH. Where it is a
 * JavaScript file, the scripts' own interpreter runs it, so that native parts fit.
 */
export async function findNpm(
  configured: string | undefined, interpreter: Interpreter, environment: NodeJS.ProcessEnv,
): Promise<NpmCommand | undefined> {
  const folders = [dirname(interpreter.path), dirname(process.execPath)];
  const beside = folders.flatMap((folder) => [...BESIDE, "npm"].map((place) => join(folder, place)));
  for (const place of configured === undefined ? [...beside, ...(await placesOnPath(environment))] : [configured]) {
    const file = await fileAt(place);
    if (file !== undefined) return file.endsWith(".js") ? { file: interpreter.path, args: [file] } : { file, args: [] };
  }
  return undefined;
}

async function placesOnPath(environment: NodeJS.ProcessEnv): Promise<readonly string[]> {
  const npm = await findOnPath("npm", environment);
  return npm === undefined ? [] : [join(dirname(npm), BESIDE[0] ?? ""), npm];
}

async function fileAt(place: string): Promise<string | undefined> {
  try {
    const file = await realpath(place);
    return (await stat(file)).isFile() ? file : undefined;
  } catch {
    return undefined;
  }
}
