// Package sets in one file, to be carried to a machine without a network: a line that says what it is, gzip of the sets, and
// the SHA-256 of everything before it. In the gzip, each set is a line of JSON, followed by its files; each file is a line of
// JSON, followed by its bytes.
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { appendFile, chmod, lstat, mkdir, open, readdir, readFile, readlink, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join, posix, sep } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { Failure } from "../lib/failure.ts";
import { PRIVATE_DIR } from "../lib/files.ts";
import { LEASES } from "./leases.ts";
import { parseRecord, type SetRecord } from "./package-set.ts";
import type { StoredSet } from "./stored-set.ts";

const MAGIC = "automn-packages 1\n";
/** 64 digits and a line break. */
const HASH_BYTES = 65;
/** What in a set's folder is for its runner alone: the authors' code and the leases. */
const NOT_PACKED: ReadonlySet<string> = new Set(["code", LEASES]);
/** No script's folder has another kind of name. */
const HOME = /^[A-Za-z0-9_-]{1,80}$/;

/** The start of a set in an archive. */
interface Header {
  readonly home: string;
  readonly record: SetRecord;
}

/** A file, a folder or a link in a set; of a file, `size` bytes follow. */
interface Item {
  readonly path: string;
  readonly mode?: number;
  readonly size?: number;
  /** Where a link leads to, relative. */
  readonly link?: string;
}

/** Writes sets into one file, which is whole or not there. */
export async function pack(sets: readonly StoredSet[], file: string): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, MAGIC);
    await pipeline(Readable.from(partsOf(sets), { objectMode: false }), createGzip(), createWriteStream(temporary, { flags: "a" }));
    await appendFile(temporary, `${await hashOf(temporary, (await stat(temporary)).size)}\n`);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function* partsOf(sets: readonly StoredSet[]): AsyncGenerator<Buffer> {
  for (const { home, record, directory } of sets) {
    yield line({ home, record } satisfies Header);
    yield* itemsOf(directory, "");
    yield line({ end: true });
  }
}

async function* itemsOf(root: string, folder: string): AsyncGenerator<Buffer> {
  for (const name of (await readdir(join(root, folder))).sort()) {
    if (folder === "" && NOT_PACKED.has(name)) continue;
    const path = posix.join(folder.split(sep).join("/"), name);
    const stats = await lstat(join(root, path));
    const mode = stats.mode & 0o777;
    if (stats.isSymbolicLink()) yield line({ path, link: await readlink(join(root, path)) } satisfies Item);
    else if (stats.isDirectory()) {
      yield line({ path, mode } satisfies Item);
      yield* itemsOf(root, path);
    } else if (stats.isFile()) {
      const bytes = await readFile(join(root, path));
      yield line({ path, mode, size: bytes.length } satisfies Item);
      yield bytes;
    }
  }
}

function line(value: object): Buffer {
  return Buffer.from(`${JSON.stringify(value)}\n`);
}

/** Checks an archive as a whole. Throws a `Failure` that says what is wrong with it. */
export async function checkArchive(file: string): Promise<void> {
  const { size } = await stat(file);
  const handle = await open(file, "r");
  try {
    const start = await handle.read(Buffer.alloc(MAGIC.length), 0, MAGIC.length, 0);
    const isArchive = start.buffer.toString() === MAGIC && size >= MAGIC.length + HASH_BYTES;
    if (!isArchive) throw unloadable(file, "it is no file of packed packages, or was cut short");
    const end = await handle.read(Buffer.alloc(HASH_BYTES), 0, HASH_BYTES, size - HASH_BYTES);
    const isWhole = end.buffer.toString() === `${await hashOf(file, size - HASH_BYTES)}\n`;
    if (!isWhole) throw unloadable(file, "its content and its hash do not agree, so it was changed or cut short");
  } finally {
    await handle.close();
  }
}

async function hashOf(file: string, size: number): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file, { end: size - 1 })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

/** Called for each set before its files; resolves with the folder to put them in, or undefined to skip the set. */
export type Begin = (home: string, record: SetRecord) => Promise<string | undefined>;

/** Unpacks a checked archive set by set; `finish` is called when the set's files are there. */
export async function unpack(file: string, begin: Begin, finish: () => Promise<void>): Promise<void> {
  const { size } = await stat(file);
  const source = createReadStream(file, { start: MAGIC.length, end: size - HASH_BYTES - 1 }).pipe(createGunzip());
  const reader = new PartReader(source);
  for (let json = await reader.line(); json !== undefined; json = await reader.line()) {
    const header = JSON.parse(json) as Partial<Header>;
    const record = parseRecord(JSON.stringify(header.record));
    if (record === undefined || !HOME.test(header.home ?? "")) throw unloadable(file, "it contains a set that this runner cannot read");
    const folder = await begin(header.home ?? "", record);
    for (;;) {
      const item = JSON.parse((await reader.line()) ?? "{}") as Partial<Item>;
      if (item.path === undefined) break;
      const bytes = await reader.bytes(item.size ?? 0);
      if (folder !== undefined) await place(folder, { ...item, path: item.path }, bytes);
    }
    if (folder !== undefined) await finish();
  }
}

async function place(folder: string, { path, mode = 0o644, size, link }: Item, bytes: Buffer): Promise<void> {
  const target = join(folder, inside(path));
  if (link !== undefined) {
    inside(posix.join(posix.dirname(path), link));
    await symlink(link, target);
  } else if (size === undefined) await mkdir(target, { mode: mode | PRIVATE_DIR });
  else {
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, bytes, { flag: "wx" });
    await chmod(target, mode);
  }
}

/** The path without detours. Throws a `Failure` where it leads out of its folder. */
function inside(path: string): string {
  const plain = posix.normalize(path);
  const leadsOut = posix.isAbsolute(plain) || plain === ".." || plain.startsWith("../") || /[\\\0]|^[A-Za-z]:/.test(path);
  if (leadsOut) throw new Failure("unsupported-media", `Cannot unpack ${JSON.stringify(path)}: it leads out of its set`);
  return plain;
}

function unloadable(file: string, why: string): Failure {
  return new Failure("unsupported-media", `Cannot load ${file}: ${why}`);
}

/** Reads lines and counted bytes from one stream. */
class PartReader {
  readonly #chunks: AsyncIterator<Buffer>;
  /** Read and not yet given away. */
  #buffered: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#chunks = source[Symbol.asyncIterator]();
  }

  /** The next line without its break; undefined at the end. */
  async line(): Promise<string | undefined> {
    let end = this.#buffered.indexOf(10);
    while (end < 0) {
      if (!(await this.#more())) return undefined;
      end = this.#buffered.indexOf(10);
    }
    const text = this.#buffered.toString("utf8", 0, end);
    this.#buffered = this.#buffered.subarray(end + 1);
    return text;
  }

  async bytes(count: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    let missing = count;
    while (missing > 0) {
      const isAtEnd = this.#buffered.length === 0 && !(await this.#more());
      if (isAtEnd) throw new Failure("unsupported-media", "Cannot unpack: the file ends in the middle of a set");
      const part = this.#buffered.subarray(0, missing);
      parts.push(part);
      this.#buffered = this.#buffered.subarray(part.length);
      missing -= part.length;
    }
    return Buffer.concat(parts, count);
  }

  async #more(): Promise<boolean> {
    const next = await this.#chunks.next();
    if (next.done === true) return false;
    this.#buffered = this.#buffered.length === 0 ? next.value : Buffer.concat([this.#buffered, next.value]);
    return true;
  }
}
