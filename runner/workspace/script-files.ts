// The scripts' own folders: the author's code, byte for byte, in a file named by its content, and a place that lasts.
import { createHash, randomBytes } from "node:crypto";
import { readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Script } from "../protocol/job.ts";
import { ensureDir, PRIVATE_FILE, writeWhole } from "../lib/files.ts";
import { CheckedFiles } from "./checked-files.ts";
import { MODULE_MANIFEST } from "./module-manifest.ts";

/** How many versions of a script's code are kept. */
const MAX_VERSIONS = 8;
/** The most texts whose endings are remembered. */
const MAX_EXTENSIONS = 10_000;
/** Marks a file that is being written; one so old was left by a runner that was killed. */
const TEMPORARY = ".tmp";
const MAX_WRITE_MS = 3_600_000;

/** Where a script lies. */
export interface ScriptLocation {
  /** The file with the code. */
  readonly codeFile: string;
  /** `AUTOMN_SCRIPT_DIR`: the script's own lasting directory. */
  readonly lastingDir: string;
}

/** What a script's file is called at its end, by the code: `.mjs`. */
export type ExtensionOf = (code: string) => string;

/** A script whose file is there, and held until `release`. */
export interface ScriptPlace extends ScriptLocation {
  /** Says that the run no longer needs the file. */
  release(): void;
}

/** Puts scripts on disk. */
export class ScriptFiles {
  readonly #scriptsDir: string;
  readonly #now: () => number;
  readonly #checked: CheckedFiles;
  /** How many runs need a file. */
  readonly #users = new Map<string, number>();
  /** The endings of the texts placed last, which take reading the text to know. */
  readonly #extensions = new Map<string, string>();

  /** Keeps the scripts under `scriptsDir`; `now` is in milliseconds since the epoch. */
  constructor(scriptsDir: string, now: () => number = Date.now) {
    this.#scriptsDir = scriptsDir;
    this.#now = now;
    this.#checked = new CheckedFiles(now);
  }

  /** Where `place` puts a script; looks at nothing. */
  locate({ id, language, code }: Script, extensionOf: ExtensionOf, codeHome?: string): ScriptLocation {
    const home = join(this.#scriptsDir, folderName(id));
    const hash = sha256(code).slice(0, 16);
    const codeFile = join(codeHome ?? home, "code", `${hash}${this.#extension(`${language} ${hash}`, code, extensionOf)}`);
    return { codeFile, lastingDir: join(home, "data") };
  }

  /**
   * Puts the code into the script's own folder, or below `codeHome` where its packages lie. Rejects with the system's
   * error when nothing can be written.
   */
  async place(script: Script, extensionOf: ExtensionOf, codeHome?: string): Promise<ScriptPlace> {
    const { codeFile, lastingDir } = this.locate(script, extensionOf, codeHome);
    this.#hold(codeFile);
    try {
      const isThere = this.#checked.isGood(codeFile, (content) => content === script.code);
      await Promise.all([this.#healManifest(), ensureDir(lastingDir), isThere]);
      if (!(await isThere)) await this.#write(codeFile, script.code);
      return { codeFile, lastingDir, release: () => this.#release(codeFile) };
    } catch (error) {
      this.#release(codeFile);
      throw error;
    }
  }

  #extension(key: string, code: string, extensionOf: ExtensionOf): string {
    const extension = this.#extensions.get(key) ?? extensionOf(code);
    if (this.#extensions.size >= MAX_EXTENSIONS) this.#extensions.clear();
    this.#extensions.set(key, extension);
    return extension;
  }

  async #write(file: string, code: string): Promise<void> {
    await ensureDir(dirname(file));
    const temporary = `${file}.${randomBytes(6).toString("hex")}${TEMPORARY}`;
    try {
      await writeFile(temporary, code, { mode: PRIVATE_FILE, flag: "wx" });
      await rename(temporary, file);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await this.#dropOldVersions(dirname(file));
  }

  /** A manifest that is there is left alone, unless Node could not read it. */
  async #healManifest(): Promise<void> {
    const file = join(this.#scriptsDir, "package.json");
    if (!(await this.#checked.isGood(file, isJsonObject))) await writeWhole(file, MODULE_MANIFEST);
  }

  async #dropOldVersions(dir: string): Promise<void> {
    const names = await readdir(dir);
    if (names.length <= MAX_VERSIONS && !names.some(isTemporary)) return;
    const dated = await Promise.all(names.map(async (name) => {
      const file = join(dir, name);
      return { file, at: (await stat(file).catch(() => undefined))?.mtimeMs ?? Infinity };
    }));
    const abandoned = dated.filter(({ file, at }) => isTemporary(file) && at < this.#now() - MAX_WRITE_MS);
    const versions = dated.filter(({ file }) => !isTemporary(file)).sort((a, b) => b.at - a.at);
    const old = versions.slice(MAX_VERSIONS).filter(({ file }) => !this.#users.has(file));
    await Promise.all([...abandoned, ...old].map(({ file }) => rm(file, { force: true })));
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

function isTemporary(file: string): boolean {
  return file.endsWith(TEMPORARY);
}

function isJsonObject(content: string): boolean {
  try {
    const value: unknown = JSON.parse(content);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
