// The scripts' own folders: the author's code, byte for byte, in a file named by its content, and a place that lasts.
import { createHash, randomBytes } from "node:crypto";
import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Script } from "../protocol/job.ts";
import { ensureDir, PRIVATE_DIR, PRIVATE_FILE } from "../lib/files.ts";

/** How many versions of a script's code are kept. */
const MAX_VERSIONS = 8;
/** The coarsest clock of a file system, FAT's, ticks every two seconds. */
const MAX_CLOCK_GRANULARITY_MS = 3_000;
/** The most files whose looks are remembered. */
const MAX_LOOKS = 10_000;

/** Where a script lies. */
export interface ScriptLocation {
  /** The file with the code. */
  readonly codeFile: string;
  /** `AUTOMN_SCRIPT_DIR`: the script's own lasting directory. */
  readonly lastingDir: string;
}

/** A script that lies there; its file is held until `release`. */
export interface ScriptPlace extends ScriptLocation {
  /** Says that the run no longer needs the file. */
  release(): void;
}

/** Puts scripts on disk. */
export interface ScriptFiles {
  /** Where `place` puts a script; looks at nothing. */
  locate(script: Script, extension: string, codeHome?: string): ScriptLocation;
  /** Puts the code into the script's own folder, or below `codeHome` where its packages lie. Rejects with the system's error when nothing can be written. */
  place(script: Script, extension: string, codeHome?: string): Promise<ScriptPlace>;
}

/** Keeps the scripts under `scriptsDir`, which gets a `package.json` of its own: without one, a script's module type would be ours. */
export function createScriptFiles(scriptsDir: string, now: () => number = Date.now): ScriptFiles {
  const inUse = new Map<string, number>();
  const isThere = createComparison(now);

  async function write(file: string, code: string): Promise<void> {
    await mkdir(dirname(file), { recursive: true, mode: PRIVATE_DIR });
    await ensureManifest(scriptsDir);
    const temporary = `${file}.${randomBytes(6).toString("hex")}.tmp`;
    await writeFile(temporary, code, { mode: PRIVATE_FILE, flag: "wx" });
    await rename(temporary, file);
    await dropOldVersions(dirname(file), inUse);
  }

  function locate(script: Script, extension: string, codeHome?: string): ScriptLocation {
    const home = join(scriptsDir, folderName(script.id));
    return { codeFile: join(codeHome ?? home, "code", `${sha256(script.code).slice(0, 16)}${extension}`), lastingDir: join(home, "data") };
  }

  return {
    locate,
    async place(script, extension, codeHome) {
      const { codeFile, lastingDir } = locate(script, extension, codeHome);
      hold(inUse, codeFile);
      try {
        const [known] = await Promise.all([isThere(codeFile, script.code), ensureDir(lastingDir)]);
        if (!known) await write(codeFile, script.code);
        return { codeFile, lastingDir, release: () => unhold(inUse, codeFile) };
      } catch (error) {
        unhold(inUse, codeFile);
        throw error;
      }
    },
  };
}

/** A folder's name for any id whatever: readable where the id is, unique by its hash, never a path. */
export function folderName(id: string | undefined): string {
  if (id === undefined) return "unnamed";
  const readable = id.replace(/[^A-Za-z0-9-]+/g, "_").slice(0, 40);
  return `${readable}-${sha256(id).slice(0, 12)}`;
}

/** The SHA-256 of a text's UTF-8, in hexadecimal digits. */
export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/**
 * Makes what tells whether a file still holds the code that it is named by; one that somebody has changed, a script
 * itself for one, does not. It is read only when it looks different from when it was last read: the system moves the
 * time of the last change at every change, and lets nobody set it. A change as young as the clock is coarse does not show.
 */
function createComparison(now: () => number): (file: string, code: string) => Promise<boolean> {
  const looks = new Map<string, string>();
  return async (file, code) => {
    const facts = await stat(file, { bigint: true }).catch(() => undefined);
    if (facts === undefined) return false;
    const look = [facts.dev, facts.ino, facts.size, facts.ctimeNs].join(" ");
    if (looks.get(file) === look) return true;
    const content = await readFile(file, "utf8").catch(() => undefined);
    if (content !== code) return false;
    if (looks.size >= MAX_LOOKS) looks.clear();
    if (now() - Number(facts.ctimeMs) > MAX_CLOCK_GRANULARITY_MS) looks.set(file, look);
    return true;
  };
}

async function ensureManifest(scriptsDir: string): Promise<void> {
  const manifest = "{\"private\":true}\n";
  await writeFile(join(scriptsDir, "package.json"), manifest, { mode: PRIVATE_FILE, flag: "wx" }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
}

async function dropOldVersions(dir: string, inUse: ReadonlyMap<string, number>): Promise<void> {
  const names = (await readdir(dir)).filter((name) => !name.endsWith(".tmp"));
  if (names.length <= MAX_VERSIONS) return;
  const dated = await Promise.all(names.map(async (name) => {
    const file = join(dir, name);
    return { file, at: (await stat(file).catch(() => undefined))?.mtimeMs ?? 0 };
  }));
  const old = dated.sort((a, b) => b.at - a.at).slice(MAX_VERSIONS).filter(({ file }) => !inUse.has(file));
  await Promise.all(old.map(({ file }) => rm(file, { force: true })));
}

function hold(inUse: Map<string, number>, file: string): void {
  inUse.set(file, (inUse.get(file) ?? 0) + 1);
}

function unhold(inUse: Map<string, number>, file: string): void {
  const left = (inUse.get(file) ?? 1) - 1;
  if (left > 0) inUse.set(file, left);
  else inUse.delete(file);
}
