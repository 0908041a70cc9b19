// A file system that cannot be written to, for tests of what the runner says about it.
import { spawnSync } from "node:child_process";
import { mkdtemp, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterwards } from "./cleanup.ts";
import type { TestContext } from "./cleanup.ts";

/** Mounts an empty read-only file system until the test has ended; undefined where this user may not mount. */
export async function readOnlyDisk(t: TestContext): Promise<string | undefined> {
  const directory = await mkdtemp(join(tmpdir(), "automn-read-only-"));
  const isMounted = spawnSync("mount", ["-t", "tmpfs", "-o", "ro", "tmpfs", directory]).status === 0;
  afterwards(t, async () => {
    if (isMounted) spawnSync("umount", ["--lazy", directory]);
    await rmdir(directory);
  });
  return isMounted ? directory : undefined;
}
