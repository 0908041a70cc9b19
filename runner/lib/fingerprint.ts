// Noticing that a file or folder is not what it was.
import { stat } from "node:fs/promises";

/** A text that changes when the file, or the list of names in the folder, is changed or replaced; empty where there is nothing. */
export async function fingerprint(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs } = await stat(path, { bigint: true });
    return `${dev}:${ino}:${size}:${mtimeNs}`;
  } catch {
    return "";
  }
}
