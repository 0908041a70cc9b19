import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import type { PackagesRequest } from "../../../runner/packages/packages.ts";
import { failure, type Harness, openHarness, ready } from "../../packages/harness.ts";
import { noPwsh as skip, pwsh } from "./pwsh.ts";

/** Runs PowerShell to its end; it waits for the end of its standard input. */
function run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<{ stdout: string }> {
  const running = promisify(execFile)(pwsh?.path ?? "", ["-NoProfile", "-NonInteractive", ...args], { env, timeout: 120_000 });
  running.child.stdin?.end();
  return running;
}

/** Writes a module that says its version. */
async function writeModule(folder: string, name: string, version: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${name}.psd1`), `@{ RootModule = '${name}.psm1'; ModuleVersion = '${version}'; GUID = '7a3c3f0e-0f64-4f6e-9d39-0c8c1d3b4a51'; Author = 'test'; Description = 'A test'; FunctionsToExport = @('Get-${name}') }\n`);
  await writeFile(join(folder, `${name}.psm1`), `function Get-${name} { '${name} ${version}' }\n`);
}

describe("PowerShell modules", { skip }, () => {
  let root: string;
  let environment: NodeJS.ProcessEnv;
  let harness: Harness;
  const script = (home: string): Partial<PackagesRequest> => ({ language: "powershell", home, ...(pwsh === undefined ? {} : { interpreter: pwsh }) });

  // PSResourceGet's only repository is a folder with two versions of a module.
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "runner-modules-"));
    const [home, gallery] = [join(root, "home"), join(root, "gallery")];
    // .NET has no folder for data where this one is missing, and PSResourceGet would keep its list in the current one.
    const data = join(home, "data");
    await Promise.all([mkdir(data, { recursive: true }), mkdir(gallery)]);
    environment = { ...process.env, HOME: home, USERPROFILE: home, XDG_DATA_HOME: data };
    const publish: string[] = [];
    for (const version of ["1.2.0", "2.1.0"]) {
      const source = join(root, version, "RunnerDemo");
      await writeModule(source, "RunnerDemo", version);
      publish.push(`Publish-PSResource -Path '${source}' -Repository Local`);
    }
    await run(["-Command", [`Register-PSResourceRepository -Name Local -Uri '${gallery}' -Trusted`, "Unregister-PSResourceRepository -Name PSGallery -ErrorAction Ignore", ...publish].join("; ")], environment);
    harness = await openHarness({ environment });
  });
  after(async () => {
    await harness.close();
    await rm(root, { recursive: true });
  });

  async function runScript(modules: string, code: string): Promise<string> {
    const file = join(root, "script.ps1");
    await writeFile(file, code);
    return (await run(["-File", file], { ...environment, PSModulePath: [modules, environment["PSModulePath"]].filter(Boolean).join(delimiter) })).stdout.trim();
  }

  test("come from the repository in the version that is required, and are there for the script by PSModulePath", async () => {
    for (const [required, version] of [["ModuleVersion = '1.0'", "2.1.0"], ["RequiredVersion = '1.2.0'", "1.2.0"], ["ModuleVersion = '1.0'; MaximumVersion = '1.*'", "1.2.0"]] as const) {
      const code = `#Requires -Modules @{ ModuleName = 'RunnerDemo'; ${required} }\nGet-RunnerDemo\n`;
      const provision = ready(await harness.ensure(code, script(version)));
      assert.equal(await runScript(provision.paths["PSModulePath"] ?? "", code), `RunnerDemo ${version}`);
      provision.release();
    }
  });

  test("are not fetched again for the same script", async () => {
    const code = "#Requires -Modules RunnerDemo\nGet-RunnerDemo\n";
    ready(await harness.ensure(code, script("again"))).release();
    harness.lines.length = 0;
    ready(await harness.ensure(code, script("again"))).release();
    assert.deepEqual(harness.lines, []);
  });

  test("that the machine has are not fetched, also by an offline runner", async () => {
    const offline = await openHarness({ mode: "offline", environment });
    ready(await offline.ensure("#Requires -Modules Microsoft.PowerShell.Management\n", script("there"))).release();
    assert.deepEqual(offline.lines, []);
    assert.match(failure(await offline.ensure("#Requires -Modules RunnerAbsent", script("absent"))), /^Cannot install the PowerShell module RunnerAbsent: it is not on this machine, and this runner is offline \(AUTOMN_RUNNER_PACKAGES=offline\)$/);
    await offline.close();
  });

  test("that cannot be had are named alone, with the reason, and leave no set", async () => {
    const message = failure(await harness.ensure("#Requires -Modules RunnerDemo, RunnerAbsent\n", script("absent")));
    assert.match(message, /^Cannot install the PowerShell module RunnerAbsent: [^\n]*'RunnerAbsent' could not be[^\n]*$/);
    assert.deepEqual(await harness.sets("absent"), []);
  });
});
