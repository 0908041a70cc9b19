// A script's packages, seen from its working directory too.
import { randomBytes } from "node:crypto";
import { readlink, rename, rm, symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Workspace } from "./workspaces.ts";

/**
 * Links a folder of packages beside the working directory, where Node's search upwards finds it: a child that is started
 * with `-e`, an eval worker and a file that the script writes there then have the script's packages. The working directory
 * stays as it is. On a file system without links the packages are found from the script's own file alone.
 */
export async function linkPackages({ directory }: Pick<Workspace, "directory">, packages: string): Promise<void> {
  const link = join(dirname(directory), basename(packages));
  await symlink(packages, link, "junction").catch(async (error: NodeJS.ErrnoException) => {
    if (error.code === "EEXIST") await replaceLink(link, packages).catch(() => {});
  });
}

/** In a directory that lasts there is the link of an earlier run. Rejects where something else bears its name. */
async function replaceLink(link: string, target: string): Promise<void> {
  if ((await readlink(link)) === target) return;
  const temporary = `${link}.${randomBytes(6).toString("hex")}`;
  await symlink(target, temporary, "junction");
  await rename(temporary, link).catch(() => rm(temporary, { force: true }));
}
