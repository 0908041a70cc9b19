// The scripts' own folders: the author's code, byte for byte, in a file named by its content, and a place that lasts.
import { createHash, randomBytes } from "node:crypto";
import { readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Script } from "../protocol/job.ts";
import { ensureDir, PRIVATE_FILE } from "../lib/files.ts";
import { CheckedFiles } from "./checked-files.ts";

/** How many versions of a script's code are kept. */
const MAX_VERSIONS = 8;
/** Marks a file that is being written. */
const TEMPORARY = ".tmp";

/** Where a script lies. */
export interface ScriptPlace {
  /** The file with the code, held until `release`. */
  readonly codeFile: string;
  /** `AUTOMN_SCRIPT_DIR`: the script's own lasting directory. */
  readonly lastingDir: string;
  /** Says that the run no longer needs the file. */
  release(): void;
}

/** Puts scripts on disk. */
export class ScriptFiles {
  readonly #scriptsDir: string;
  readonly #checked: CheckedFiles;
  /** How many runs need a file. */
  readonly #users = new Map<string, number>();

  /** Keeps the scripts under `scriptsDir`; `now` is in milliseconds since the epoch. */
  constructor(scriptsDir: string, now: () => number = Date.now) {
    this.#scriptsDir = scriptsDir;
    this.#checked = new CheckedFiles(now);
  }

  /**
   * Puts the code into the script's own folder, or below `codeHome` where its packages lie. Rejects with the system's
   * error when nothing can be written.
   */
  async place(script: Script, extension: string, codeHome?: string): Promise<ScriptPlace> {
    const home = join(this.#scriptsDir, folderName(script.id));
    const codeFile = join(codeHome ?? home, "code", `${sha256(script.code).slice(0, 16)}${extension}`);
    const lastingDir = join(home, "data");
    this.#hold(codeFile);
    try {
      const [isThere] = await Promise.all([this.#checked.isGood(codeFile, (content) => content === script.code), ensureDir(lastingDir)]);
      if (!isThere) await this.#write(codeFile, script.code);
      return { codeFile, lastingDir, release: () => this.#release(codeFile) };
    } catch (error) {
      this.#release(codeFile);
      throw error;
    }
  }

  async #write(file: string, code: string): Promise<void> {
    await ensureDir(dirname(file));
    await ensureManifest(this.#scriptsDir);
    const temporary = `${file}.${randomBytes(6).toString("hex")}${TEMPORARY}`;
    await writeFile(temporary, code, { mode: PRIVATE_FILE, flag: "wx" });
    await rename(temporary, file);
    await this.#dropOldVersions(dirname(file));
  }

  async #dropOldVersions(dir: string): Promise<void> {
    const names = (await readdir(dir)).filter((name) => !name.endsWith(TEMPORARY));
    if (names.length <= MAX_VERSIONS) return;
    const dated = await Promise.all(names.map(async (name) => {
      const file = join(dir, name);
      return { file, at: (await stat(file).catch(() => undefined))?.mtimeMs ?? 0 };
    }));
    const old = dated.sort((a, b) => b.at - a.at).slice(MAX_VERSIONS).filter(({ file }) => !this.#users.has(file));
    await Promise.all(old.map(({ file }) => rm(file, { force: true })));
  }

  #hold(file: string): void {
    this.#users.set(file, (this.#users.get(file) ?? 0) + 1);
  }

  #release(file: string): void {
    const left = (this.#users.get(file) ?? 1) - 1;
    if (left > 0) this.#users.set(file, left);
    else this.#users.delete(file);
  }
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

/** Gives the scripts a `package.json` of their own: without one, a script's module type would be that of this program. */
async function ensureManifest(scriptsDir: string): Promise<void> {
  const manifest = "{\"private\":true}\n";
  await writeFile(join(scriptsDir, "package.json"), manifest, { mode: PRIVATE_FILE, flag: "wx" }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
}
