// The PowerShell that the tests run on: the genuine program, as the runner finds it.
import { spawnSync } from "node:child_process";
import type { Interpreter } from "../../../runner/languages/language.ts";
import { powershell } from "../../../runner/languages/powershell/powershell.ts";

const answer = spawnSync("pwsh", [...powershell.probe], { stdio: ["ignore", "pipe", "pipe"], encoding: "utf8" });

/** What the probe found, if there is a `pwsh`. */
export const pwsh: Interpreter | undefined = answer.status === 0 ? (JSON.parse(answer.stdout) as Interpreter) : undefined;

/** Why tests that need it are skipped, or false. */
export const noPwsh: string | false = pwsh === undefined && "NOT TESTED: there is no pwsh on PATH (scripts/install-powershell.sh installs it)";
