// PowerShell's modules: those of the machine, else by PSResourceGet, else by PowerShellGet.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { excerpt } from "../failure-excerpt.ts";
import { type Installed, type Installer, type InstallTask, type Refusal, refuseAll } from "../installer.ts";
import type { ModuleRequirement } from "./requires.ts";

/**
 * Saves each module of `request.json` into `$Target` and writes one line of JSON for each to `answer.ndjson`.
 * It uses no module but the one that installs, since a small PowerShell may have no other.
 */
const SCRIPT = String.raw`
param([string] $Folder, [string] $Target)
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$utf8 = [System.Text.UTF8Encoding]::new($false)
function Quote([string] $text) { '"' + [regex]::Replace($text, '[^ !#-\[\]-~]', { '\u{0:x4}' -f [int][char]$args[0].Value }) + '"' }
function Answer([string] $name, [string] $key, [string] $value) {
  $line = '{"name":' + (Quote $name) + ',' + (Quote $key) + ':' + (Quote $value) + '}' + [char]10
  [System.IO.File]::AppendAllText([System.IO.Path]::Combine($Folder, 'answer.ndjson'), $line, $utf8)
}
function OnMachine($want) {
  $spec = @{ ModuleName = $want[0] }
  if ($want[2]) { $spec.ModuleVersion = $want[2] }
  if ($want[3]) { $spec.MaximumVersion = $want[3] }
  if ($want[4]) { $spec.RequiredVersion = $want[4] }
  if ($spec.Count -eq 1) { $spec = $want[0] }
  $found = @(Get-Module -ListAvailable -FullyQualifiedName $spec -ErrorAction Ignore)
  if ($found.Count -gt 0) { [string] $found[0].Version }
}
function Save($want, [string] $path) {
  if (Get-Command Save-PSResource -ErrorAction Ignore) {
    $arguments = @{ Name = $want[0]; Path = $path; TrustRepository = $true }
    if ($want[1]) { $arguments.Version = $want[1] }
    Save-PSResource @arguments
  } elseif (Get-Command Save-Module -ErrorAction Ignore) {
    $arguments = @{ Name = $want[0]; Path = $path; Force = $true }
    if ($want[4]) { $arguments.RequiredVersion = $want[4] }
    if ($want[2]) { $arguments.MinimumVersion = $want[2] }
    if ($want[3]) { $arguments.MaximumVersion = $want[3] -replace '\*$', '999999999' }
    Save-Module @arguments
  } else { throw 'this PowerShell has neither PSResourceGet (Save-PSResource) nor PowerShellGet (Save-Module)' }
}
$offline = [System.IO.File]::Exists([System.IO.Path]::Combine($Folder, 'offline'))
foreach ($line in [System.IO.File]::ReadAllLines([System.IO.Path]::Combine($Folder, 'request.txt'), $utf8)) {
  $want = $line.Split([char]9)
  try {
    $version = OnMachine $want
    if (-not $version) {
      if ($offline) { throw 'it is not on this machine, and this runner is offline (AUTOMN_RUNNER_PACKAGES=offline)' }
      [System.Console]::Out.WriteLine('Saving ' + $want[0] + ' ' + $want[1])
      Save $want $Target
      $env:PSModulePath = $Target + [System.IO.Path]::PathSeparator + $env:PSModulePath
      $version = OnMachine $want
      if (-not $version) { throw 'nothing was saved under this name' }
    }
    Answer $want[0] 'version' $version
  } catch { Answer $want[0] 'reason' $_.Exception.Message }
}
`;

/** PSResourceGet or PowerShellGet as the installer of PowerShell modules. */
export const psresource: Installer = {
  label: "psresource", noun: "PowerShell module", worksOffline: true,
  async install(task) {
    const { scratch, requirements, interpreter, offline, packagesDir } = task;
    await mkdir(packagesDir, { recursive: true });
    await writeFile(join(scratch, "request.txt"), requirements.map(fieldsOf).join("\n"));
    await writeFile(join(scratch, "save.ps1"), SCRIPT);
    if (offline) await writeFile(join(scratch, "offline"), "");
    const policy = process.platform === "win32" ? ["-ExecutionPolicy", "Bypass"] : [];
    const quiet = ["-NoLogo", "-NoProfile", "-NonInteractive"];
    const script = ["-File", join(scratch, "save.ps1"), scratch, packagesDir];
    const end = await task.tool(interpreter.path, [...quiet, ...policy, ...script]);
    const answers = await readAnswers(scratch);
    if (end.code !== 0 && answers.length < requirements.length) {
      return refuseAll(requirements, excerpt(end.lines).join("\n  ") || "PowerShell ended without a message");
    }
    return toInstalled(requirements, answers);
  },
};

/** Tabs between: name, NuGet range, minimum, maximum, exact. None of them can hold one. */
function fieldsOf({ name, version = "", minimum = "", maximum = "", exact = "" }: ModuleRequirement): string {
  return [name, version, minimum, maximum, exact].join("\t");
}

interface Answer {
  readonly name: string;
  readonly version?: string;
  readonly reason?: string;
}

async function readAnswers(folder: string): Promise<Answer[]> {
  const text = await readFile(join(folder, "answer.ndjson"), "utf8").catch(() => "");
  return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as Answer);
}

function toInstalled(requirements: InstallTask["requirements"], answers: readonly Answer[]): Installed {
  const resolved: Record<string, string> = {};
  const refused: Refusal[] = [];
  for (const { name } of requirements) {
    const answer = answers.find((one) => one.name === name);
    if (answer?.version !== undefined) resolved[name] = answer.version;
    else refused.push({ name, reason: answer?.reason ?? "PowerShell did not get to it" });
  }
  return { resolved, refused };
}
