// The platform that native parts of packages are built for.
import { closeSync, openSync, readSync } from "node:fs";

/** The operating system, the processor, and the C library where there are several: `linux-x64`, `linux-arm64-musl`. */
export function platformOf(platform = process.platform, arch: string = process.arch, executable = process.execPath): string {
  return `${platform}-${arch}${platform === "linux" && usesMusl(executable) ? "-musl" : ""}`;
}

/** An executable names its dynamic loader near its start, and the loader is musl's own: `/lib/ld-musl-x86_64.so.1`. */
function usesMusl(executable: string): boolean {
  let file: number | undefined;
  try {
    file = openSync(executable, "r");
    const start = Buffer.alloc(4096);
    readSync(file, start, 0, start.length, 0);
    return start.includes("/ld-musl-");
  } catch {
    return false;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
