import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { powershell, powershellOn } from "../../../runner/languages/powershell/powershell.ts";

interface Answer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly lines: readonly string[];
}

interface Start {
  /** The input's JSON; over 96 KiB it comes as a file alone, as from the runner. */
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Another start script than the language's own. */
  readonly starter?: string;
}

const workspace = mkdtempSync(join(tmpdir(), "automn-powershell-"));
after(() => rmSync(workspace, { recursive: true, force: true }));

const asked = spawnSync("pwsh", [...powershell.probe], { stdio: ["ignore", "pipe", "pipe"], encoding: "utf8" });
const interpreter = asked.status === 0 ? (JSON.parse(asked.stdout) as { path: string; version: string }) : undefined;
const skip = interpreter ? false : "there is no pwsh on PATH (scripts/install-powershell.sh puts one somewhere): NOT TESTED";
const prelude = powershell.command({ path: "pwsh", version: "" }, "x.ps1", "powershell", {}).args.at(-2) ?? "";

let count = 0;

function environment(input: string, inputFile: string): Record<string, string> {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("AUTOMN_"))) as Record<string, string>;
  const small = Buffer.byteLength(input) <= 96 * 1024 ? { AUTOMN_INTERNAL_INPUT_JSON: input, AUTOMN_INPUT_JSON: input, INPUT_JSON: input } : {};
  return { ...inherited, ...small, AUTOMN_RUN_ID: "run-1", AUTOMN_INPUT_FILE: inputFile };
}

/** Runs the code as the runner would: its own file, the input on standard input, nothing else. */
async function run(code: string | Buffer, { input = "{}", env = {}, starter }: Start = {}): Promise<Answer & { readonly file: string }> {
  const file = join(workspace, `script-${(count += 1)}.ps1`);
  const inputFile = join(workspace, `input-${count}.json`);
  writeFileSync(file, code);
  writeFileSync(inputFile, input);
  const inherited = environment(input, inputFile);
  const command = powershell.command(interpreter ?? { path: "pwsh", version: "" }, file, "powershell", inherited);
  const args = command.args.map((argument) => (argument === prelude && starter ? starter : argument));
  const stdin = openSync(inputFile, "r");
  try {
    const child = spawn(command.file, args, { cwd: workspace, env: { ...inherited, ...command.environment, ...env }, stdio: [stdin, "pipe", "pipe"] });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout?.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr?.on("data", (chunk: Buffer) => err.push(chunk));
    const ended = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
    const stdout = Buffer.concat(out).toString();
    return { code: ended, stdout, stderr: Buffer.concat(err).toString(), lines: stdout.split("\n").filter((line) => line !== ""), file };
  } finally {
    closeSync(stdin);
  }
}

const payloads = (lines: readonly string[], marker: string): unknown[] =>
  lines.filter((line) => line.startsWith(marker)).map((line) => JSON.parse(line.slice(marker.length)) as unknown);

const clean = (answer: Answer): void => assert.deepEqual([answer.stderr, answer.code], ["", 0]);

test("the command line starts the prelude with the author's file, on Windows without its policy for scripts", () => {
  const found = { path: "/opt/pwsh", version: "7.6.0" };
  assert.deepEqual(powershellOn("linux").command(found, "/s/a.ps1", "powershell", {}), {
    file: "/opt/pwsh",
    args: ["-NoLogo", "-NoProfile", "-NonInteractive", "-File", prelude, "/s/a.ps1"],
    environment: { POWERSHELL_TELEMETRY_OPTOUT: "1", POWERSHELL_UPDATECHECK: "Off", POWERSHELL_DIAGNOSTICS_OPTOUT: "yes" },
  });
  assert.deepEqual(powershellOn("win32").command(found, "C:\\a.ps1", "powershell", {}).args.slice(3, 5), ["-ExecutionPolicy", "Bypass"]);
  assert.deepEqual(powershell.candidates("linux"), [{ file: "pwsh" }]);
  assert.deepEqual(powershell.candidates("win32"), [{ file: "pwsh" }, { file: "powershell.exe" }]);
  assert.equal(powershell.extension("powershell", ""), ".ps1");
});

test("a script's processes have the debugger's pipe that PowerShell itself goes without, unless the author wants it another way", { skip }, async () => {
  const code = "\"[$env:POWERSHELL_DIAGNOSTICS_OPTOUT]\"; /bin/sh -c 'echo \"[$POWERSHELL_DIAGNOSTICS_OPTOUT]\"'";
  const found = { path: "pwsh", version: "" };
  assert.deepEqual((await run(code)).lines, ["[]", "[]"]);
  assert.equal(powershell.command(found, "a.ps1", "powershell", { POWERSHELL_DIAGNOSTICS_OPTOUT: "0" }).environment["POWERSHELL_DIAGNOSTICS_OPTOUT"], "0");
  assert.deepEqual((await run(code, { env: { POWERSHELL_DIAGNOSTICS_OPTOUT: "0" } })).lines, ["[0]", "[0]"]);
});

test("the prelude is plain ASCII, since Windows PowerShell reads it as ANSI", () => {
  for (const file of ["automn.ps1", "automn-output.ps1", "automn-input.ps1", "modules/Automn/Automn.psm1", "modules/Automn/Automn.psd1"]) {
    assert.doesNotMatch(readFileSync(join(dirname(prelude), file), "utf8"), /[^\x00-\x7f]/, file);
  }
});

test("the probe answers with one line of JSON: a path that exists and a bare version, and does not wait for standard input", { skip }, async () => {
  const child = spawn("pwsh", [...powershell.probe], { stdio: ["pipe", "ignore", "ignore"] });
  assert.equal(await new Promise((resolve) => child.on("exit", resolve)), 0);
  child.stdin.end();
  assert.equal(asked.stdout.trim().split("\n").length, 1);
  assert.match(interpreter?.version ?? "", /^\d+\.\d+\.\d+/);
  assert.ok(readFileSync(interpreter?.path ?? "").length > 0);
});

test("the helpers write their lines in order with what the script prints, and nothing into the pipeline", { skip }, async () => {
  const answer = await run(
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
  clean(answer);
  const log = (message: unknown, level = "info", context: unknown = {}, type = "general") => `__SCRIPTLOG__${JSON.stringify({ message, level, context, type })}`;
  assert.deepEqual(answer.lines, [
    "a", log("b"), "c", "d", log("pé", "Warn", { a: 1 }, " Net "), "e", log("m", "debug", {}, "t"),
    '__SCRIPTNOTIFY__{"audience":"ops","message":"hey","level":"info"}',
    '__SCRIPTNOTIFY__{"audience":"admin","message":"x","level":"error"}',
    'one {"a":[1]} 2 null', "__SCRIPTRETURN__1", log("said", "error"), "said", "piped 1", "piped x", "kept=0 id=run-1",
  ]);
});

const values: readonly (readonly [expression: string, json: unknown])[] = [
  ["AutomnReturn", null],
  ["AutomnReturn $null", null],
  ["AutomnReturn -Data 1", 1],
  ["AutomnReturn 'a' 'b'", ["a", "b"]],
  ["AutomnReturn 1,2", [1, 2]],
  ["1, 2 | AutomnReturn", [1, 2]],
  ["7 | AutomnReturn", 7],
  ["@() | AutomnReturn", null],
  ["AutomnReturn @()", []],
  ["AutomnReturn @(1)", [1]],
  ["AutomnReturn (,@(,@()))", [[[]]]],
  ["AutomnReturn ([System.Collections.Generic.List[int]]@(1,2))", [1, 2]],
  ["AutomnReturn ([ordered]@{z=1; a=@{}; 3='three'; n=$null; list=@(@{k=1})})", { z: 1, a: {}, "3": "three", n: null, list: [{ k: 1 }] }],
  ["$d = [System.Collections.Generic.Dictionary[string,int]]::new(); $d['x'] = 1; AutomnReturn $d", { x: 1 }],
  ["AutomnReturn @{Keys='k'; Count='c'; psobject='p'; GetType='t'}", { Keys: "k", Count: "c", psobject: "p", GetType: "t" }],
  ["AutomnReturn ([pscustomobject]@{a=1; b=[pscustomobject]@{c=@('d')}})", { a: 1, b: { c: ["d"] } }],
  ["AutomnReturn ('é ✓ 🐎 \"q\" \\ / ' + \"`t`n`r`0\" + [char]27)", 'é ✓ 🐎 "q" \\ / \t\n\r\0\u001b'],
  ["AutomnReturn ('a' + [char]0xd83d + 'b' + [char]0xdc0e)", "a\ud83db\udc0e"],
  ["AutomnReturn @($true, $false, 1.5, 1e300, -0.1, 0.1, [single]0.5, 79228162514264337593543950335d, [long]9007199254740991, [bigint]5)", [true, false, 1.5, 1e300, -0.1, 0.1, 0.5, 79228162514264337593543950335, 9007199254740991, 5]],
  ["AutomnReturn @([double]::NaN, [double]::PositiveInfinity)", ["NaN", "Infinity"]],
  ["AutomnReturn ([datetime]::new(2024,1,2,3,4,5,[DateTimeKind]::Utc))", "2024-01-02T03:04:05Z"],
  ["AutomnReturn @([DayOfWeek]::Monday, [char]'c', [guid]::Empty, [uri]'http://x/ü', [switch]$true, [DBNull]::Value)", [1, "c", "00000000-0000-0000-0000-000000000000", "http://x/ü", true, null]],
  ["AutomnReturn @([type]'int', {a b}, [xml]'<a>1</a>')", ["System.Int32", "a b", "<a>1</a>"]],
  ["AutomnReturn (1..3 | Where-Object { $_ -gt 1 })", [2, 3]],
  ["class P { [string] $n; [P] $next }; $p = [P]@{n='x'; next=[P]@{n='y'}}; AutomnReturn $p", { n: "x", next: { n: "y", next: null } }],
  ["AutomnReturn ([version]'1.2')", { Major: 1, Minor: 2, Build: -1, Revision: -1, MajorRevision: -1, MinorRevision: -1 }],
  ["$x = 0; foreach ($i in 1..300) { $x = @{x=$x} }; AutomnReturn $x", JSON.parse(`${'{"x":'.repeat(300)}0${"}".repeat(300)}`)],
];

test("values come out as the JSON that PowerShell's own conversion means, at every depth", { skip }, async () => {
  const answer = await run(values.map(([expression]) => `& { ${expression} }`).join("\n"));
  assert.deepEqual([answer.stderr.slice(0, 1000), answer.code], ["", 0]);
  const found = payloads(answer.lines, "__SCRIPTRETURN__");
  values.forEach(([expression, json], i) => assert.deepEqual(found[i], json, expression));
  assert.equal(found.length, values.length);
});

test("objects of the system come out one level deep and at once", { skip }, async () => {
  const answer = await run("AutomnReturn (Get-Item $PSCommandPath)\nAutomnReturn (Get-Process -Id $PID)\nAutomnReturn @{deep=@(Get-Item $PSCommandPath)}");
  clean(answer);
  const [file, itself, nested] = payloads(answer.lines, "__SCRIPTRETURN__") as { FullName?: string; Directory?: string; Id?: number; Threads?: unknown[]; deep?: { Length: number }[] }[];
  assert.equal(file?.FullName, answer.file);
  assert.equal(file?.Directory, workspace);
  assert.equal(typeof itself?.Id, "number");
  assert.equal(typeof itself?.Threads?.[0], "string");
  assert.ok((nested?.deep?.[0]?.Length ?? 0) > 0);
});

test("what can't be serialised is said under the helper's name, and the script goes on, however strict it is", { skip }, async () => {
  const answer = await run(
    [
      "Set-StrictMode -Version Latest",
      "$ErrorActionPreference = 'Stop'",
      "$a = @{}; $a.a = $a",
      "$o = [pscustomobject]@{list = @()}; $o.list = @(1, $o)",
      "AutomnReturn $a; AutomnLog m info $o; AutomnNotify x $a; AutomnRunLog $a",
      "AutomnLog 'fine' debug @{a=$null}",
      "'still here'",
    ].join("\n"),
  );
  assert.equal(answer.code, 0);
  assert.deepEqual(answer.lines, ['__SCRIPTLOG__{"message":"fine","level":"debug","context":{"a":null},"type":"general"}', "still here"]);
  const said = answer.stderr.trim().split(/\r?\n/);
  assert.deepEqual(said.map((line) => line.split(":")[0]), ["AutomnReturn", "AutomnLog", "AutomnNotify", "AutomnRunLog"].map((helper) => `Failed to serialize ${helper} data`));
  assert.ok(said.every((line) => line.includes("contains itself")), answer.stderr);
});

test("the script's names are its own, in the global scope, and nothing of the runner's is in its sight", { skip }, async () => {
  const answer = await run(
    [
      "using namespace System.Text",
      "$mine = 1; function Get-Mine { $global:mine }",
      "AutomnReturn @($PSScriptRoot, $PSCommandPath, $MyInvocation.MyCommand.Path, $MyInvocation.MyCommand.Name, $args.Count, (Get-Mine), [StringBuilder]::new('sb').ToString())",
      "AutomnReturn @($Error.Count, \"$ErrorActionPreference\", \"$ProgressPreference\", ($null -eq $LASTEXITCODE))",
      "AutomnReturn @((Get-ChildItem variable:).Name -match '^(Start|Prelude|Run|Utf8|Stdout|Special|Names|m)$')",
      "$m = New-Module { function InModule { AutomnLog $AutomnRunId; & { AutomnLog block } } }; InModule",
      "Write-Progress -Activity bar -PercentComplete 5",
    ].join("\n"),
  );
  clean(answer);
  assert.deepEqual(payloads(answer.lines, "__SCRIPTRETURN__"), [[workspace, answer.file, answer.file, answer.file.slice(workspace.length + 1), 0, 1, "sb"], [0, "Continue", "SilentlyContinue", true], []]);
  assert.deepEqual(payloads(answer.lines, "__SCRIPTLOG__").map((entry) => (entry as { message: string }).message), ["run-1", "block"]);
  assert.equal(answer.lines.length, 5);
});

const shell = (line: string): string => `/bin/sh -c '${line}'`;
const endings: readonly { readonly name: string; readonly code: string; readonly ends: number; readonly says?: RegExp; readonly prints?: string }[] = [
  { name: "exit N is N", code: "'x'; exit 5", ends: 5, prints: "x" },
  { name: "exit within a function within a pipeline", code: "function f { exit 9 }\n1..3 | ForEach-Object { f }\n'no'", ends: 9 },
  { name: "exit from a script with [CmdletBinding()]", code: "[CmdletBinding()] param([string] $Name = 'd')\nSet-StrictMode -Version Latest\n$Name\nexit 6", ends: 6, prints: "d" },
  { name: "exit 0 after a program that failed", code: `${shell("exit 3")}\nexit 0`, ends: 0 },
  { name: "a program's exit code is not the script's", code: `${shell("exit 3")}\n"last $LASTEXITCODE"`, ends: 0, prints: "last 3" },
  { name: "throw", code: "$a = 1\n\nthrow \"kaboom $a\"", ends: 1, says: /FILE:3\b[^]*kaboom 1/ },
  { name: "an error that stops under Stop", code: "$ErrorActionPreference = 'Stop'\nGet-Item /nowhere/x\n'no'", ends: 1, says: /FILE:2\b[^]*\/nowhere\/x/ },
  { name: "errors that a script survives", code: "Write-Error one\n1/0\n[int]'abc'\nGet-Item /nowhere/x\n'on'", ends: 0, prints: "on", says: /FILE:1\b[^]*one[^]*FILE:2\b[^]*FILE:3\b[^]*FILE:4\b/ },
  { name: "a parse error", code: "'a'\nif (1) {\n", ends: 1, says: /FILE:2\b[^]*'}'/ },
  { name: "a missing #Requires", code: "#Requires -Modules NoSuchModuleAtAll\n'no'", ends: 1, says: /NoSuchModuleAtAll/ },
  { name: "a mandatory parameter that nobody gives", code: "param([Parameter(Mandatory)] $Wanted)\n'no'", ends: 1, says: /Wanted/ },
  { name: "an empty script", code: "", ends: 0 },
];

for (const { name, code, ends, says, prints } of endings) {
  test(`an ending: ${name}`, { skip }, async () => {
    const answer = await run(code);
    assert.equal(answer.code, ends, answer.stderr);
    assert.equal(answer.stdout.trim(), prints ?? "");
    assert.doesNotMatch(answer.stderr, /\u001b/);
    const stderr = answer.stderr.replaceAll(answer.file, "FILE");
    if (says) assert.match(stderr, says);
    else assert.equal(stderr, "");
  });
}

const input = "AutomnReturn @($AutomnInput, $AutomnInternalInput, $AutomnInternalInputJson.Length, $AutomnInternalInputError, (AutomnHasInternalInputError), (AutomnGetInternalInput), (AutomnGetInternalInputError), ($null -eq $AutomnInput), ($AutomnInput -is [array]))";
const big = JSON.stringify([{ s: "x".repeat(200_000), n: "žluťoučký 🐎" }]);
const inputs: readonly { readonly name: string; readonly json: string; readonly value: unknown }[] = [
  { name: "an object", json: '{"n":41,"s":"žluťoučký 🐎","list":[1]}', value: { n: 41, s: "žluťoučký 🐎", list: [1] } },
  { name: "no input", json: "{}", value: {} },
  { name: "an array of one", json: '[{"a":1}]', value: [{ a: 1 }] },
  { name: "an empty array", json: "[]", value: [] },
  { name: "null", json: "null", value: null },
  { name: "text", json: '"t"', value: "t" },
  { name: "one that comes as a file", json: big, value: JSON.parse(big) },
];

for (const { name, json, value } of inputs) {
  test(`the input: ${name}`, { skip }, async () => {
    const answer = await run(input, { input: json });
    clean(answer);
    const length = json.length;
    assert.deepEqual(payloads(answer.lines, "__SCRIPTRETURN__"), [[value, value, length, null, false, value, null, value === null, Array.isArray(value)]]);
  });
}

test("an input that is not JSON is told by its error and not by an exception", { skip }, async () => {
  for (const json of ["{oops", `{oops${" ".repeat(100_000)}`]) {
    const answer = await run("AutomnReturn @($AutomnInput, $AutomnInternalInputJson.Length, (AutomnHasInternalInputError), ($AutomnInternalInputError -is [string]), $Error.Count)", { input: json });
    assert.equal(answer.code, 0, answer.stderr);
    const [found] = payloads(answer.lines, "__SCRIPTRETURN__") as [unknown[]];
    assert.deepEqual(found.slice(0, 4), [null, json.length, true, true]);
  }
});

const readers: readonly { readonly name: string; readonly code: string; readonly gives: readonly string[] }[] = [
  { name: "$input and [Console]::In", code: "\"1 $input\"; '2 ' + [Console]::In.ReadToEnd()", gives: ['1 {"é":1}', '2 {"é":1}'] },
  { name: "begin, process and end", code: "begin { 'b' }\nprocess { \"p $_\" }\nend { 'e'; AutomnLog x }", gives: ["b", 'p {"é":1}', "e", '__SCRIPTLOG__{"message":"x","level":"info","context":{},"type":"general"}'] },
  { name: "a parameter for it", code: "[CmdletBinding()] param([Parameter(ValueFromPipeline)] $Line)\nprocess { \"p $Line\" }", gives: ['p {"é":1}'] },
  { name: "a script that takes none", code: "[CmdletBinding()] param()\n$null -eq $input.Current", gives: ["True"] },
];

for (const { name, code, gives } of readers) {
  test(`standard input: ${name}`, { skip }, async () => {
    const answer = await run(code, { input: '{"é":1}' });
    clean(answer);
    assert.deepEqual(answer.lines, gives);
  });
}

test("text is UTF-8 in and out in any locale, without colours, and messages go where pwsh puts them", { skip }, async () => {
  const code = "# ümläut\n'naïve ✓'; Write-Warning 'wärn'; Write-Verbose 'v' -Verbose; Write-Host 'hóst' -ForegroundColor Red; [Console]::Out.WriteLine('öut'); /bin/sh -c 'printf \"pró\\n\"'\n[Console]::Error.WriteLine('érr'); [pscustomobject]@{ä=1}";
  for (const env of [{ LC_ALL: "C" }, { LC_ALL: "de_DE.ISO-8859-1" }]) {
    const answer = await run(code, { env });
    assert.deepEqual(answer.lines.slice(0, 6), ["naïve ✓", "WARNING: wärn", "VERBOSE: v", "hóst", "öut", "pró"]);
    assert.equal(answer.stderr, "érr\n");
    assert.doesNotMatch(answer.stdout, /\u001b|\ufffd/);
    assert.match(answer.stdout, /^ä$/m);
  }
});

test("the helpers are there in other runspaces of the process, and no line is torn by another", { skip }, async () => {
  const code = "1..4 | ForEach-Object -Parallel { foreach ($i in 1..25) { AutomnLog (\"$AutomnRunId $_ \" + ('x' * 9000)); \"plain $_\" } } -ThrottleLimit 4\nAutomnLog last";
  const answer = await run(code);
  clean(answer);
  assert.equal(payloads(answer.lines, "__SCRIPTLOG__").length, 101);
  assert.equal(answer.lines.filter((line) => /^plain \d$/.test(line)).length, 100);
});

test("the helpers are there in a pwsh that the script starts", { skip }, async () => {
  const answer = await run(`& '${interpreter?.path ?? ""}' -NoProfile -Command 'AutomnLog child'`);
  clean(answer);
  assert.deepEqual(answer.lines, ['__SCRIPTLOG__{"message":"child","level":"info","context":{},"type":"general"}']);
});

test("a value of 3 MB and 10,000 rows are sent in reasonable time", { skip }, async () => {
  const answer = await run("AutomnReturn ('y\"' * 1500000)\n$t = [Diagnostics.Stopwatch]::StartNew()\nAutomnReturn (1..10000 | ForEach-Object { @{id=$_; name=\"n $_\"; ok=$true; tags=@('a','b')} })\n$t.ElapsedMilliseconds -lt 30000");
  clean(answer);
  const [text, rows] = payloads(answer.lines, "__SCRIPTRETURN__") as [string, unknown[]];
  assert.equal(text.length, 3_000_000);
  assert.equal(rows.length, 10_000);
  assert.equal(answer.lines.at(-1), "True");
});

test("the helpers can be defined ahead of the run, and the file compiled from text keeps its name, as Windows PowerShell needs it", { skip }, async () => {
  const starter = join(workspace, "ahead.ps1");
  writeFileSync(
    starter,
    [
      `$m = . '${prelude}'`,
      "if ($null -ne $AutomnRunId) { 'too early' }",
      "& $m { MakeReady }",
      ". (& $m { . $Reading; Compiled $args[0] ([System.IO.File]::ReadAllText($args[0])) } $args[0])",
    ].join("\n"),
  );
  const good = await run("AutomnReturn @($PSScriptRoot, $PSCommandPath, $AutomnRunId, $AutomnInput.é)\nWrite-Error 'here'\nexit 4", { starter, input: '{"é":1}' });
  assert.equal(good.code, 4);
  assert.deepEqual(payloads(good.lines, "__SCRIPTRETURN__"), [[workspace, good.file, "run-1", 1]]);
  assert.match(good.stderr, new RegExp(`${good.file}:2`));
  const bad = await run("'é'\nif (1) {", { starter });
  assert.equal(bad.code, 1);
  assert.match(bad.stderr, new RegExp(`^ParserError: ${bad.file}:2:\\d+: `));
});
