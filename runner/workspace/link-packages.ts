// A script's packages, seen from its working directory too.
import { symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Workspace } from "./workspaces.ts";

/**
 * Links a folder of packages beside the working directory, where Node's search upwards finds it: a child that is started
 * with `-e`, an eval worker and a file that the script writes there then have the script's packages. The working directory
 * stays empty. On a file system without links the packages are found from the script's own file alone.
 */
export async function linkPackages({ directory }: Pick<Workspace, "directory">, packages: string): Promise<void> {
  await symlink(packages, join(dirname(directory), basename(packages)), "junction").catch(() => {});
}
