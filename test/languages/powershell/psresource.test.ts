import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import type { Interpreter } from "../../../runner/languages/language.ts";
import { powershell } from "../../../runner/languages/powershell/powershell.ts";
import type { PackagesRequest } from "../../../runner/packages/packages.ts";
import { failure, type Harness, openHarness, ready } from "../../packages/harness.ts";

const execute = (file: string, args: readonly string[], options: { env?: NodeJS.ProcessEnv } = {}) => promisify(execFile)(file, args, { ...options, timeout: 60_000 });

/** Runs a program to its end; PowerShell waits for the end of its standard input. */
const run: typeof execute = (file, args, options) => {
  const running = execute(file, args, options);
  running.child.stdin?.end();
  return running;
};

const pwsh = await run("pwsh", [...powershell.probe])
  .then(({ stdout }) => ({ path: "pwsh", ...(JSON.parse(stdout) as Partial<Interpreter>) }) as Interpreter, () => undefined);
const skip = pwsh === undefined && "NOT TESTED WITH POWERSHELL: no pwsh on the PATH";

/** Whether the real PSResourceGet is there. */
const hasPsResource = pwsh !== undefined && (await run(pwsh.path, ["-NoProfile", "-NonInteractive", "-Command", "if (Get-Command Publish-PSResource -ErrorAction Ignore) { 'yes' }"]).then(({ stdout }) => stdout.includes("yes"), () => false));

/** Writes a module that says its version. */
async function writeModule(folder: string, name: string, version: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${name}.psd1`), `@{ RootModule = '${name}.psm1'; ModuleVersion = '${version}'; GUID = '7a3c3f0e-0f64-4f6e-9d39-0c8c1d3b4a51'; Author = 'test'; Description = 'A test'; FunctionsToExport = @('Get-${name}') }\n`);
  await writeFile(join(folder, `${name}.psm1`), `function Get-${name} { '${name} ${version}' }\n`);
}

/** Takes modules from a folder, as the real one does from a repository in a folder. */
const STAND_IN = `
function Save-PSResource([string] $Name, [string] $Version, [string] $Path, [switch] $TrustRepository) {
  $from = [System.IO.Path]::Combine($env:TEST_REPOSITORY, $Name)
  if (-not [System.IO.Directory]::Exists($from)) { throw "Package '$Name' could not be found in the repository" }
  foreach ($file in [System.IO.Directory]::GetFiles($from, '*', 'AllDirectories')) {
    $to = [System.IO.Path]::Combine($Path, $Name, [System.IO.Path]::GetRelativePath($from, $file))
    $null = [System.IO.Directory]::CreateDirectory([System.IO.Path]::GetDirectoryName($to))
    [System.IO.File]::Copy($file, $to)
  }
}
`;

describe("PowerShell modules", { skip }, () => {
  let root: string;
  let harness: Harness;
  const script = (home: string): Partial<PackagesRequest> => ({ language: "powershell", home, ...(pwsh === undefined ? {} : { interpreter: pwsh }) });
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "runner-modules-"));
    await writeModule(join(root, "repository", "RunnerDemo", "1.2.0"), "RunnerDemo", "1.2.0");
    await mkdir(join(root, "modules", "StandIn"), { recursive: true });
    await writeFile(join(root, "modules", "StandIn", "StandIn.psd1"), "@{ RootModule = 'StandIn.psm1'; ModuleVersion = '1.0'; FunctionsToExport = @('Save-PSResource') }\n");
    await writeFile(join(root, "modules", "StandIn", "StandIn.psm1"), STAND_IN);
    const modulePath = [join(root, "modules"), process.env["PSModulePath"]].filter(Boolean).join(delimiter);
    harness = await openHarness({ environment: { ...process.env, TEST_REPOSITORY: join(root, "repository"), PSModulePath: modulePath } });
  });
  after(async () => {
    await harness.close();
    await rm(root, { recursive: true });
  });

  async function runScript(modules: string, code: string): Promise<string> {
    const file = join(root, "script.ps1");
    await writeFile(file, code);
    const environment = { ...process.env, PSModulePath: [modules, process.env["PSModulePath"]].filter(Boolean).join(delimiter) };
    return (await run(pwsh?.path ?? "", ["-NoProfile", "-NonInteractive", "-File", file], { env: environment })).stdout.trim();
  }

  test("are there for the script by PSModulePath", { skip: hasPsResource && "the real PSResourceGet is tested instead" }, async () => {
    const code = "#Requires -Modules @{ ModuleName = 'RunnerDemo'; ModuleVersion = '1.0' }\nGet-RunnerDemo\n";
    const provision = ready(await harness.ensure(code, script("plain")));
    assert.equal(await runScript(provision.paths["PSModulePath"] ?? "", code), "RunnerDemo 1.2.0");
    provision.release();
    harness.lines.length = 0;
    ready(await harness.ensure(code, script("plain"))).release();
    assert.deepEqual(harness.lines, []);
  });

  test("one that the machine has is not fetched, also by an offline runner", async () => {
    const offline = await openHarness({ mode: "offline" });
    const code = "#Requires -Modules Microsoft.PowerShell.Management\n";
    ready(await offline.ensure(code, script("there"))).release();
    assert.deepEqual(offline.lines, []);
    assert.match(failure(await offline.ensure("#Requires -Modules RunnerAbsent", script("absent"))), /^Cannot install the PowerShell module RunnerAbsent: it is not on this machine, and this runner is offline \(AUTOMN_RUNNER_PACKAGES=offline\)$/);
    await offline.close();
  });

  test("one that can't be had is named alone, with the reason", { skip: hasPsResource && "the real PSResourceGet is tested instead" }, async () => {
    const message = failure(await harness.ensure("#Requires -Modules RunnerDemo, RunnerAbsent\n", script("absent")));
    assert.equal(message, "Cannot install the PowerShell module RunnerAbsent: Package 'RunnerAbsent' could not be found in the repository");
    assert.deepEqual(await harness.sets("absent"), []);
  });

  test("come from a repository in a folder by PSResourceGet", { skip: !hasPsResource && "NOT TESTED WITH PSRESOURCEGET: this pwsh has no Publish-PSResource" }, async () => {
    const home = join(root, "home");
    const gallery = join(root, "gallery");
    await Promise.all([mkdir(home), mkdir(gallery)]);
    await writeModule(join(root, "source", "RunnerReal"), "RunnerReal", "2.1.0");
    const environment = { ...process.env, HOME: home, USERPROFILE: home, XDG_DATA_HOME: join(home, "data") };
    const setUp = `Register-PSResourceRepository -Name Local -Uri '${gallery}' -Trusted; Unregister-PSResourceRepository -Name PSGallery -ErrorAction Ignore; Publish-PSResource -Path '${join(root, "source", "RunnerReal")}' -Repository Local`;
    await run(pwsh?.path ?? "", ["-NoProfile", "-NonInteractive", "-Command", setUp], { env: environment });
    const real = await openHarness({ environment });
    const code = "#Requires -Modules RunnerReal\nGet-RunnerReal\n";
    const provision = ready(await real.ensure(code, script("real")));
    assert.equal(await runScript(provision.paths["PSModulePath"] ?? "", code), "RunnerReal 2.1.0");
    assert.match(failure(await real.ensure("#Requires -Modules RunnerReal, RunnerAbsent", script("absent"))), /^Cannot install the PowerShell module RunnerAbsent: /);
    await real.close();
  });
});
