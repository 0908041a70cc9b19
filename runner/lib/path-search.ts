// Finds programs on the PATH.
import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { join, posix, win32 } from "node:path";

/** The extensions that Windows tries when PATHEXT is not set. */
const DEFAULT_PATHEXT = ".COM;.EXE;.BAT;.CMD";

/**
 * The path of the first executable file of that name on the PATH, or undefined. A name with a slash in it is a path
 * already and comes back as it is. On Windows a name without an extension is tried with each of PATHEXT.
 */
export async function findOnPath(
  name: string, environment: NodeJS.ProcessEnv, platform: NodeJS.Platform = process.platform,
): Promise<string | undefined> {
  if (/[/\\]/.test(name)) return name;
  const names = platform === "win32" ? withExtensions(name, environment) : [name];
  for (const folder of pathFolders(environment, platform)) {
    for (const candidate of names) {
      const file = join(folder, candidate);
      if (await isExecutable(file)) return file;
    }
  }
  return undefined;
}

function pathFolders(environment: NodeJS.ProcessEnv, platform: NodeJS.Platform): string[] {
  const { delimiter } = platform === "win32" ? win32 : posix;
  const path = platform === "win32" ? caseless(environment, "PATH") : environment["PATH"];
  return (path ?? "").split(delimiter).filter((folder) => folder !== "");
}

function withExtensions(name: string, environment: NodeJS.ProcessEnv): string[] {
  const setting = caseless(environment, "PATHEXT") ?? DEFAULT_PATHEXT;
  const extensions = setting.toLowerCase().split(win32.delimiter).filter((extension) => extension !== "");
  const complete = extensions.includes(win32.extname(name).toLowerCase());
  return complete ? [name] : extensions.map((extension) => name + extension);
}

/** A copy of the environment has lost what makes its names caseless on Windows. */
function caseless(environment: NodeJS.ProcessEnv, name: string): string | undefined {
  const spelling = Object.keys(environment).find((candidate) => candidate.toUpperCase() === name);
  return spelling === undefined ? undefined : environment[spelling];
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}
