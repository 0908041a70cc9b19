import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { accessSync, constants, cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { powershell, powershellOn } from "../../../runner/languages/powershell/powershell.ts";
import { marked, type Outcome, runScript } from "../../support/run-script.ts";
import { noPwsh as skip, pwsh } from "./pwsh.ts";

const PRELUDE = fileURLToPath(new URL("../../../runner/languages/powershell/prelude/", import.meta.url));
const home = mkdtempSync(join(tmpdir(), "automn-powershell-"));
after(() => rmSync(home, { recursive: true, force: true }));

interface Conditions {
  readonly input?: unknown;
  readonly environment?: NodeJS.ProcessEnv;
  /** Another version than the interpreter's own. */
  readonly version?: string;
}

/** Runs the code as the runner would start it. */
function run(code: string, { input = {}, environment = {}, version = pwsh?.version ?? "" }: Conditions = {}): Promise<Outcome> {
  return runScript(code, { home, language: powershell, interpreter: { path: pwsh?.path ?? "", version }, input, environment });
}

const lines = ({ stdout }: Outcome): string[] => stdout.split("\n").filter((line) => line !== "");
const clean = ({ stderr, code }: Outcome): void => assert.deepEqual([stderr, code], ["", 0]);
const log = (message: unknown, level = "info", context: unknown = {}, type = "general") => `__SCRIPTLOG__${JSON.stringify({ message, level, context, type })}`;

describe("command", () => {
  const found = { path: "/opt/pwsh", version: "7.6.0" };

  test("has PowerShell run the author's file itself, in a session that the prelude configures", () => {
    assert.deepEqual(powershellOn("linux").command(found, "/s/a.ps1", "powershell", {}), {
      file: "/opt/pwsh",
      args: ["-NoLogo", "-NoProfile", "-NonInteractive", "-ConfigurationFile", join(PRELUDE, "automn.pssc"), "-File", "/s/a.ps1"],
      environment: { POWERSHELL_TELEMETRY_OPTOUT: "1", POWERSHELL_UPDATECHECK: "Off", POWERSHELL_DIAGNOSTICS_OPTOUT: "Yes", NO_COLOR: "Yes" },
    });
  });

  test("starts the prelude with the author's file where PowerShell is older than 7.3", () => {
    for (const [version, isOlder] of [["5.1.22621.1", true], ["7.2.24", true], ["7.3.0", false], ["7.10.0-preview.1", false], ["8.0.0", false]] as const) {
      const { args } = powershellOn("linux").command({ ...found, version }, "/s/a.ps1", "powershell", {});
      assert.deepEqual(args.slice(3, 5), isOlder ? ["-File", join(PRELUDE, "automn-older.ps1")] : ["-ConfigurationFile", join(PRELUDE, "automn.pssc")], version);
      assert.equal(args.at(-1), "/s/a.ps1");
    }
  });

  test("leaves out the policy for scripts on Windows", () => {
    assert.deepEqual(powershellOn("win32").command(found, "C:\\a.ps1", "powershell", {}).args.slice(3, 5), ["-ExecutionPolicy", "Bypass"]);
  });

  test("keeps the author's values of what PowerShell reads when it starts", () => {
    const { environment } = powershell.command(found, "a.ps1", "powershell", { POWERSHELL_DIAGNOSTICS_OPTOUT: "0", NO_COLOR: "" });
    assert.deepEqual([environment["POWERSHELL_DIAGNOSTICS_OPTOUT"], environment["NO_COLOR"]], ["0", ""]);
  });
});

describe("probe", { skip }, () => {
  const ask = (file: string, environment: NodeJS.ProcessEnv = process.env) =>
    JSON.parse(spawnSync(file, [...powershell.probe], { stdio: ["ignore", "pipe", "ignore"], encoding: "utf8", env: environment }).stdout) as { path: string; version: string };

  test("answers with an executable of one process, whatever was asked, and a bare version", () => {
    assert.match(pwsh?.version ?? "", /^\d+\.\d+\.\d+/);
    assert.doesNotThrow(() => accessSync(pwsh?.path ?? "", constants.X_OK));
    assert.deepEqual(ask(pwsh?.path ?? ""), pwsh);
  });

  test("does not wait for the end of standard input", async () => {
    const child = spawn("pwsh", [...powershell.probe], { stdio: ["pipe", "ignore", "ignore"] });
    assert.equal(await new Promise((resolve) => child.on("exit", resolve)), 0);
    child.stdin.end();
  });

  test("leaves the path out where the executable beside the .NET tool's library cannot be started", { skip: !pwsh?.path.includes("/tools/net") && "this pwsh is not the .NET tool" }, () => {
    const copy = join(home, "tool");
    cpSync(join(pwsh?.path ?? "", ".."), copy, { recursive: true, filter: (from) => !/\/(Modules|pwsh)$/.test(from) });
    const shim = join(home, "pwsh");
    for (const broken of ["", "#!/bin/sh\nexit 131\n"]) {
      if (broken !== "") writeFileSync(join(copy, "pwsh"), broken, { mode: 0o755 });
      writeFileSync(shim, `#!/bin/sh\nexec dotnet ${join(copy, "pwsh.dll")} "$@"\n`, { mode: 0o755 });
      assert.deepEqual(ask(shim), { path: "", version: pwsh?.version });
    }
  });
});

test("the prelude is plain ASCII, since Windows PowerShell reads it as ANSI", () => {
  for (const file of readdirSync(PRELUDE, { recursive: true, encoding: "utf8" }).filter((name) => /\.ps\w+$/.test(name))) {
    assert.doesNotMatch(readFileSync(join(PRELUDE, file), "utf8"), /[^\x00-\x7f]/, file);
  }
});

describe("a script", { skip }, () => {
  test("has the helpers, which write their lines in order with what it prints, and nothing into the pipeline", async () => {
    const outcome = await run(
      [
        "'a'; AutomnLog b; 'c'",
        "Write-Host d; AutomnLog 'pé' Warn @{a=1} ' Net '; Write-Output e",
        "AutomnLog -Type t -Message m -Level debug",
        "$kept = @(AutomnNotify ops 'hey'; AutomnNotify -Message x -Level error -Audience admin; AutomnRunLog one @{a=@(1)} 2 $null; AutomnReturn 1).Count",
        "try { throw 'said' } catch { AutomnLog $_ error; AutomnRunLog $_.Exception }",
        "1, 'x' | AutomnRunLog piped",
        "\"kept=$kept id=$AutomnRunId\"",
      ].join("\n"),
    );
    clean(outcome);
    assert.deepEqual(lines(outcome), [
      "a", log("b"), "c", "d", log("pé", "Warn", { a: 1 }, " Net "), "e", log("m", "debug", {}, "t"),
      '__SCRIPTNOTIFY__{"audience":"ops","message":"hey","level":"info"}',
      '__SCRIPTNOTIFY__{"audience":"admin","message":"x","level":"error"}',
      'one {"a":[1]} 2 null', "__SCRIPTRETURN__1", log("said", "error"), "said", "piped 1", "piped x", "kept=0 id=run-1",
    ]);
  });

  test("has the helpers whatever its own strict mode, preferences, functions and module path are", async () => {
    const outcome = await run(
      [
        "Set-StrictMode -Version Latest; $ErrorActionPreference = 'Stop'; $VerbosePreference = 'Continue'; $PSModuleAutoLoadingPreference = 'None'; $env:PSModulePath = '/nowhere'",
        "function New-Module { throw 'mine' }; function Write-Host { throw 'mine' }; function ToJson { throw 'mine' }; function Send { throw 'mine' }; $line = 'mine'",
        "$PSDefaultParameterValues = @{ '*:Verbose' = $true }",
        "AutomnLog 'a' info @{ b = $null }; AutomnNotify x y; AutomnRunLog z; AutomnReturn @{}",
        "function AutomnLog { 'my own' }; AutomnLog",
      ].join("\n"),
    );
    clean(outcome);
    assert.deepEqual(lines(outcome), [log("a", "info", { b: null }), '__SCRIPTNOTIFY__{"audience":"x","message":"y","level":"info"}', "z", "__SCRIPTRETURN__{}", "my own"]);
  });

  test("sees its own names in the global scope, and nothing of the runner's but the helpers and the run's variables", async () => {
    const outcome = await run(
      [
        "using namespace System.Text",
        "$mine = 1; function Get-Mine { $global:mine }",
        "AutomnReturn @($PSScriptRoot, $PSCommandPath, $MyInvocation.MyCommand.Path, $args.Count, (Get-Mine), [StringBuilder]::new('sb').ToString())",
        "AutomnReturn @($Error.Count, \"$ErrorActionPreference\", \"$ProgressPreference\", ($null -eq $LASTEXITCODE))",
        "AutomnReturn @((Get-ChildItem function:).Name -match 'automn' | Sort-Object)",
        "AutomnReturn @((Get-ChildItem variable:).Name -match 'automn' | Sort-Object)",
        "$m = New-Module { function InModule { AutomnLog $AutomnRunId; & { AutomnLog block } } }; InModule",
        "Write-Progress -Activity bar -PercentComplete 5",
      ].join("\n"),
    );
    clean(outcome);
    assert.deepEqual(marked(outcome.stdout, "__SCRIPTRETURN__"), [
      [join(outcome.file, ".."), outcome.file, outcome.file, 0, 1, "sb"],
      [0, "Continue", "SilentlyContinue", true],
      ["AutomnGetInternalInput", "AutomnGetInternalInputError", "AutomnGetInternalInputJson", "AutomnHasInternalInputError", "AutomnLog", "AutomnNotify", "AutomnReturn", "AutomnRunLog", "Write-AutomnLine"],
      ["AutomnInput", "AutomnInternalInput", "AutomnInternalInputError", "AutomnInternalInputJson", "AutomnRunId"],
    ]);
    assert.deepEqual(marked(outcome.stdout, "__SCRIPTLOG__").map((entry) => (entry as { message: string }).message), ["run-1", "block"]);
    assert.equal(lines(outcome).length, 6);
  });

  test("is blamed in its own line for a helper that it calls wrongly", async () => {
    const outcome = await run("'a'\n\nAutomnLog -Nope x\n'on'");
    assert.deepEqual([lines(outcome), outcome.code], [["a", "on"], 0]);
    assert.match(outcome.stderr.replaceAll(outcome.file, "FILE"), /^AutomnLog: FILE:3\n[^]*'Nope'/);
  });

  test("starts processes that have colours and the debugger's pipe again, unless its author wants them another way", async () => {
    const code = "\"[$env:POWERSHELL_DIAGNOSTICS_OPTOUT$env:NO_COLOR]\"; /bin/sh -c 'echo \"[$POWERSHELL_DIAGNOSTICS_OPTOUT$NO_COLOR]\"'";
    assert.deepEqual(lines(await run(code)), ["[]", "[]"]);
    assert.deepEqual(lines(await run(code, { environment: { POWERSHELL_DIAGNOSTICS_OPTOUT: "0", NO_COLOR: "2" } })), ["[02]", "[02]"]);
  });

  test("reads and writes UTF-8 in any locale, without colours", async () => {
    const code = "# ümläut\n'naïve ✓'; Write-Warning 'wärn'; Write-Verbose 'v' -Verbose; Write-Host 'hóst' -ForegroundColor Red; [Console]::Out.WriteLine('öut'); /bin/sh -c 'printf \"pró\\n\"'\n[Console]::Error.WriteLine('érr'); [pscustomobject]@{ä=1}; [Console]::In.ReadToEnd()";
    for (const LC_ALL of ["C", "C.UTF-8", "de_DE.ISO-8859-1"]) {
      const outcome = await run(code, { input: "ü", environment: { LC_ALL } });
      assert.deepEqual(lines(outcome).slice(0, 6), ["naïve ✓", "WARNING: wärn", "VERBOSE: v", "hóst", "öut", "pró"], LC_ALL);
      assert.equal(outcome.stderr, "érr\n");
      assert.doesNotMatch(outcome.stdout, /\u001b|\ufffd/);
      assert.match(outcome.stdout, /^ä *$/m);
      assert.equal(lines(outcome).at(-1), '"ü"');
    }
  });

  test("has the helpers in other runspaces of its process, where no line is torn by another", async () => {
    const outcome = await run("1..4 | ForEach-Object -Parallel { foreach ($i in 1..25) { AutomnLog (\"$AutomnRunId $_ \" + ('x' * 9000)); \"plain $_\" } } -ThrottleLimit 4\nAutomnLog last");
    clean(outcome);
    // The host prints a line and its end separately, so a helper's line may come between them.
    const entries = [...outcome.stdout.matchAll(/__SCRIPTLOG__(.*)$/gm)].map(([, json = ""]) => JSON.parse(json) as { message: string });
    assert.equal(entries.filter(({ message }) => /^(run-1)? [1-4] x{9000}$/.test(message)).length, 100);
    assert.equal(entries.at(-1)?.message, "last");
    assert.equal(outcome.stdout.match(/plain \d/g)?.length, 100);
  });

  test("has the helpers in a background job and in a pwsh that it starts", async () => {
    const outcome = await run(`Start-Job { AutomnLog job } | Receive-Job -Wait\n& '${pwsh?.path ?? ""}' -NoProfile -Command 'AutomnLog child'`);
    clean(outcome);
    assert.deepEqual(lines(outcome), [log("job"), log("child")]);
  });
});

const inputs: readonly (readonly [what: string, value: unknown])[] = [
  ["an object", { n: 41, s: "žluťoučký 🐎", list: [1] }],
  ["no input", {}],
  ["an array of one", [{ a: 1 }]],
  ["an empty array", []],
  ["null", null],
  ["text", "t"],
  ["one that comes as a file alone", [{ s: "x".repeat(200_000), n: "žluťoučký 🐎" }]],
];

describe("the input", { skip }, () => {
  const code = "AutomnReturn @($AutomnInput, $AutomnInternalInput, $AutomnInternalInputJson.Length, $AutomnInternalInputError, (AutomnHasInternalInputError), (AutomnGetInternalInput), (AutomnGetInternalInputJson).Length, (AutomnGetInternalInputError), ($null -eq $AutomnInput), ($AutomnInput -is [array]), $Error.Count)";
  for (const [what, value] of inputs) {
    test(`is there as variables and by functions: ${what}`, async () => {
      const outcome = await run(code, { input: value });
      clean(outcome);
      const { length } = JSON.stringify(value);
      assert.deepEqual(marked(outcome.stdout, "__SCRIPTRETURN__"), [[value, value, length, null, false, value, length, null, value === null, Array.isArray(value), 0]]);
    });
  }

  test("imports no module, and its dates and numbers are as ConvertFrom-Json gives them", async () => {
    const input = { date: "2024-01-02T03:04:05Z", big: 12345678901234567890123, long: 5, float: 1.5, nested: { a: [1] } };
    const outcome = await run("@(Get-Module).Count\n$same = $AutomnInternalInputJson | ConvertFrom-Json\nforeach ($name in 'date', 'big', 'long', 'float', 'nested') { $AutomnInput.$name.GetType() -eq $same.$name.GetType() }", { input });
    clean(outcome);
    assert.deepEqual(lines(outcome), ["0", "True", "True", "True", "True", "True"]);
  });

  test("that PowerShell cannot read is told by its error and not by an exception", async () => {
    const deep = JSON.parse(`${"[".repeat(1100)}${"]".repeat(1100)}`) as unknown;
    for (const input of [{ "": 1 }, { a: 1, A: 2 }, deep, [deep, "x".repeat(200_000)]]) {
      const outcome = await run("AutomnReturn @($AutomnInput, $AutomnInternalInput, $AutomnInternalInputJson.Length, (AutomnHasInternalInputError), ($AutomnInternalInputError -like '*JSON*'), $Error.Count)", { input });
      clean(outcome);
      assert.deepEqual(marked(outcome.stdout, "__SCRIPTRETURN__"), [[null, null, JSON.stringify(input).length, true, true, 0]]);
    }
  });

  test("can be replaced by the script, also one that comes as a file alone", async () => {
    for (const input of [{}, "x".repeat(200_000)]) {
      const outcome = await run("$AutomnInput = 5; $AutomnInternalInput = 6; AutomnReturn @($AutomnInput, (AutomnGetInternalInput), $AutomnInternalInputJson.Length)", { input });
      clean(outcome);
      assert.deepEqual(marked(outcome.stdout, "__SCRIPTRETURN__"), [[5, 6, JSON.stringify(input).length]]);
    }
  });
});

const EXAMPLE = 'param([string] $Name = "d")\n"$Name $($args.Count)"\nAutomnReturn @($PSScriptRoot, $PSCommandPath, $AutomnRunId, $AutomnInput.é)\n[Console]::In.ReadToEnd()\n';

describe("a PowerShell before 7.3", { skip }, () => {
  const older = (code: string, input: unknown = {}) => run(code, { input, version: "7.2.0" });

  test("runs the script in the global scope, with the helpers, the input and standard input", async () => {
    const outcome = await older(`${EXAMPLE}$mine = 1; function f { $global:mine }; f; exit 4`, { é: 1 });
    assert.equal(outcome.code, 4);
    assert.deepEqual(lines(outcome), ["d 0", `__SCRIPTRETURN__${JSON.stringify([join(outcome.file, ".."), outcome.file, "run-1", 1])}`, '{"é":1}', "1"]);
    assert.equal(outcome.stderr, "");
  });

  const endings: readonly (readonly [what: string, code: string, ends: number, says?: RegExp])[] = [
    ["an empty script", "", 0],
    ["exit 0 after a program that failed", "/bin/sh -c 'exit 3'\nexit 0", 0],
    ["a program's exit code", "/bin/sh -c 'exit 3'\n$null", 0],
    ["throw", "$a = 1\n\nthrow \"kaboom $a\"", 1, /FILE:3\b[^]*kaboom 1/],
    ["a parse error", "'a'\nif (1) {\n", 1, /FILE:2\b[^]*'}'/],
    ["a missing #Requires", "#Requires -Modules NoSuchModuleAtAll\n'no'", 1, /NoSuchModuleAtAll/],
    ["a mandatory parameter", "param([Parameter(Mandatory)] $Wanted)\n'no'", 1, /Wanted/],
  ];
  for (const [what, code, ends, says] of endings) {
    test(`ends as the script does: ${what}`, async () => {
      const outcome = await older(code);
      assert.deepEqual([outcome.code, outcome.stdout], [ends, ""], outcome.stderr);
      assert.match(outcome.stderr.replaceAll(outcome.file, "FILE"), says ?? /^$/);
    });
  }
});
