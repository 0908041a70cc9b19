// Telling whether a file or folder has changed since it was last looked at.
import type { BigIntStats } from "node:fs";
import { stat } from "node:fs/promises";

/**
 * A file's fingerprint: it differs once the file was changed or replaced, and a folder's once its list of names was. The
 * system moves the time of the last change at every change and lets nobody set it; a second change within one tick of the
 * file system's clock does not show. Of `stat(path, { bigint: true })`, since a number cannot hold nanoseconds.
 */
export function fingerprintOf({ dev, ino, size, ctimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${size}:${ctimeNs}`;
}

/** The fingerprint of what is at a path; empty if nothing is. */
export async function fingerprint(path: string): Promise<string> {
  return stat(path, { bigint: true }).then(fingerprintOf, () => "");
}
