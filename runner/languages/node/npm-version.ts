// Which version of an npm package is installed in a folder.
import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** The folder that Node looks for packages in. */
export const NODE_MODULES = "node_modules";

/** The version of a package in the folder's `node_modules`; undefined where it is not there. */
export async function npmVersionIn(directory: string, name: string): Promise<string | undefined> {
  try {
    const manifest = JSON.parse(await readFile(join(directory, NODE_MODULES, name, "package.json"), "utf8")) as { version?: unknown };
    return typeof manifest.version === "string" ? manifest.version : "0.0.0";
  } catch {
    return undefined;
  }
}
