// Prepares what the npm scripts need, also on a fresh clone: the development packages and, with --build, the built runner.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const at = (...parts) => join(ROOT, ...parts);
/** Written by hand: explains how to build where nothing is built. */
const UNBUILT = at("runner", "service.js.js");

/** Installs the development packages unless the installed ones are newer than the lock file. */
function install() {
  const installed = at("node_modules", ".package-lock.json");
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(at("package-lock.json")).mtimeMs) return;
  console.error("Installing the development packages …");
  const isWindows = process.platform === "win32";
  execFileSync(isWindows ? "npm.cmd" : "npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: ROOT, stdio: ["ignore", "ignore", "inherit"], shell: isWindows,
  });
}

/** Compiles the runner next to its sources. Removes earlier output first, so that nothing of a deleted source remains. */
function build() {
  for (const entry of readdirSync(at("runner"), { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath ?? entry.path, entry.name);
    if (entry.isFile() && /\.js(\.map)?$/.test(entry.name) && !file.startsWith(at("runner", "data")) && file !== UNBUILT) rmSync(file);
  }
  rmSync(at("runner", "public"), { recursive: true, force: true });
  execFileSync(process.execPath, [at("node_modules", "typescript", "bin", "tsc"), "-p", ROOT], { stdio: "inherit" });
  cpSync(at("public"), at("runner", "public"), { recursive: true });
}

install();
if (process.argv.includes("--build")) build();
