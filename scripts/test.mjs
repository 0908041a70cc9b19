// Checks the types and runs the tests: all of them, or those whose file names contain one of the arguments.
import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const wanted = process.argv.slice(2);

const files = readdirSync(join(ROOT, "test"), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith(".test.ts"))
  .map((entry) => relative(ROOT, join(entry.parentPath ?? entry.path, entry.name)))
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .sort();
if (files.length === 0) {
  console.error(`No test file name contains ${wanted.join(" or ")}.`);
  process.exit(1);
}

const tsc = join(ROOT, "node_modules", "typescript", "bin", "tsc");
execFileSync(process.execPath, [tsc, "--noEmit", "-p", join(ROOT, "test")], { stdio: "inherit" });

const hasPowerShell = spawnSync("pwsh", ["-NoLogo", "-NoProfile", "-Command", "exit 0"], { stdio: "ignore" }).status === 0;
console.log(hasPowerShell
  ? "pwsh is on the PATH: the PowerShell tests run."
  : "SKIPPED: the PowerShell tests, because pwsh is not on the PATH (scripts/install-powershell.sh installs it).");

const { status } = spawnSync(
  process.execPath,
  ["--import", "tsx", "--test", `--test-concurrency=${Math.max(2, availableParallelism())}`, "--test-reporter=spec", ...files],
  { cwd: ROOT, stdio: "inherit", env: { ...process.env, FORCE_COLOR: process.stdout.isTTY ? "1" : "0" } },
);
process.exit(status ?? 1);
