// File systems and programs of the machine, in tests.
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterwards } from "./cleanup.ts";
import type { TestContext } from "./cleanup.ts";

const run = promisify(execFile);

/** The path of a program. Rejects where there is none of that name. */
export async function whichOf(program: string): Promise<string> {
  const { stdout } = await run("/bin/sh", ["-c", 'command -v "$0"', program]);
  return stdout.trim();
}

/**
 * An exFAT file system, which knows no modes, no links and no named pipes; gone after the test. Undefined where this user
 * cannot mount one: that takes root, a loop device, and the Debian packages `exfat-fuse` and `exfatprogs`.
 */
export async function exfatDisk(t: TestContext): Promise<string | undefined> {
  const home = await mkdtemp(join(tmpdir(), "automn-exfat-"));
  afterwards(t, () => rm(home, { recursive: true, force: true }));
  const [image, mount] = [join(home, "image"), join(home, "mount")];
  try {
    await run("truncate", ["-s", "64M", image]);
    await run("mkfs.exfat", [image]);
    await run("mkdir", [mount]);
    const device = (await run("losetup", ["--show", "-f", image])).stdout.trim();
    afterwards(t, () => run("losetup", ["-d", device]));
    await run("mount.exfat-fuse", [device, mount]);
    afterwards(t, () => run("umount", [mount]));
    return mount;
  } catch {
    return undefined;
  }
}
