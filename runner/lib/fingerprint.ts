// Telling whether a file has changed since it was last read.
import type { BigIntStats } from "node:fs";

/**
 * A file's fingerprint: it differs once the file was changed or another one was put in its place. The system moves the
 * time of the last change at every change and lets nobody set it; a second change within one tick of the file system's
 * clock does not show. Of `stat(path, { bigint: true })`, since a number cannot hold nanoseconds.
 */
export function fingerprint({ dev, ino, size, ctimeNs }: BigIntStats): string {
  return `${dev} ${ino} ${size} ${ctimeNs}`;
}
