// Where npm is.
import { realpath, stat } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
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
export async function findNpm(configured: string | undefined, interpreter: Interpreter, environment: NodeJS.ProcessEnv): Promise<NpmCommand | undefined> {
  const beside = [dirname(interpreter.path), dirname(process.execPath)].flatMap((folder) => [...BESIDE.map((place) => join(folder, place)), join(folder, "npm")]);
  const onPath = (environment["PATH"] ?? environment["Path"] ?? "").split(delimiter).filter((folder) => folder !== "").flatMap((folder) => [join(folder, BESIDE[0] ?? ""), join(folder, "npm")]);
  for (const place of configured === undefined ? [...beside, ...onPath] : [configured]) {
    const file = await fileAt(place);
    if (file !== undefined) return file.endsWith(".js") ? { file: interpreter.path, args: [file] } : { file, args: [] };
  }
  return undefined;
}

async function fileAt(place: string): Promise<string | undefined> {
  try {
    const file = await realpath(place);
    return (await stat(file)).isFile() ? file : undefined;
  } catch {
    return undefined;
  }
}
