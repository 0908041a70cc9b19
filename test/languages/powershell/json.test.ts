import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { powershell } from "../../../runner/languages/powershell/powershell.ts";
import { marked, type Outcome, runScript } from "../../support/run-script.ts";
import { noPwsh as skip, pwsh } from "./pwsh.ts";

const home = mkdtempSync(join(tmpdir(), "automn-powershell-json-"));
after(() => rmSync(home, { recursive: true, force: true }));

const run = (code: string): Promise<Outcome> => runScript(code, { home, language: powershell, interpreter: pwsh ?? { path: "", version: "" } });
const clean = ({ stderr, code }: Outcome): void => assert.deepEqual([stderr.slice(0, 1000), code], ["", 0]);

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
  ["AutomnReturn @([double]::NaN, [double]::PositiveInfinity, [single]::NegativeInfinity)", ["NaN", "Infinity", "-Infinity"]],
  ["AutomnReturn ([datetime]::new(2024,1,2,3,4,5,[DateTimeKind]::Utc))", "2024-01-02T03:04:05Z"],
  ["AutomnReturn @([DayOfWeek]::Monday, [char]'c', [guid]::Empty, [uri]'http://x/ü', [switch]$true, [DBNull]::Value)", [1, "c", "00000000-0000-0000-0000-000000000000", "http://x/ü", true, null]],
  ["AutomnReturn @([type]'int', {a b}, [xml]'<a>1</a>')", ["System.Int32", "a b", "<a>1</a>"]],
  ["AutomnReturn (1..3 | Where-Object { $_ -gt 1 })", [2, 3]],
  ["class P { [string] $n; [P] $next }; $p = [P]@{n='x'; next=[P]@{n='y'}}; AutomnReturn $p", { n: "x", next: { n: "y", next: null } }],
  ["AutomnReturn ([version]'1.2')", { Major: 1, Minor: 2, Build: -1, Revision: -1, MajorRevision: -1, MinorRevision: -1 }],
  ["$x = 0; foreach ($i in 1..300) { $x = @{x=$x} }; AutomnReturn $x", JSON.parse(`${'{"x":'.repeat(300)}0${"}".repeat(300)}`)],
];

describe("AutomnReturn", { skip }, () => {
  test("writes the JSON that PowerShell's own conversion means, at every depth", async () => {
    const outcome = await run(values.map(([expression]) => `& { ${expression} }`).join("\n"));
    clean(outcome);
    const found = marked(outcome.stdout, "__SCRIPTRETURN__");
    values.forEach(([expression, json], i) => assert.deepEqual(found[i], json, expression));
    assert.equal(found.length, values.length);
  });

  test("writes objects of the system one level deep and at once", async () => {
    const outcome = await run("AutomnReturn (Get-Item $PSCommandPath)\nAutomnReturn (Get-Process -Id $PID)\nAutomnReturn @{deep=@(Get-Item $PSCommandPath)}");
    clean(outcome);
    const [file, itself, nested] = marked(outcome.stdout, "__SCRIPTRETURN__") as { FullName?: string; Directory?: string; Id?: number; Threads?: unknown[]; deep?: { Length: number }[] }[];
    assert.equal(file?.FullName, outcome.file);
    assert.equal(file?.Directory, join(outcome.file, ".."));
    assert.equal(typeof itself?.Id, "number");
    assert.equal(typeof itself?.Threads?.[0], "string");
    assert.ok((nested?.deep?.[0]?.Length ?? 0) > 0);
  });

  const unserializable: readonly (readonly [what: string, code: string, says: RegExp])[] = [
    ["a table that contains itself", "$a = @{}; $a.a = $a; AutomnReturn $a", /contains itself$/],
    ["an object that contains itself in a list", "$a = [pscustomobject] @{ l = @() }; $a.l = @(1, $a); AutomnReturn $a", /contains itself$/],
    ["one that is nested too deeply", "$a = 0; foreach ($i in 1..1001) { $a = @{ x = $a } }; AutomnReturn $a", /nested deeper than 1000 levels$/],
    ["one that cannot be read", "class B : System.Collections.IEnumerable { [System.Collections.IEnumerator] GetEnumerator() { throw 'broken' } }; AutomnReturn ([B]::new())", /broken/],
  ];
  for (const [what, code, says] of unserializable) {
    test(`reports on stderr what cannot be serialised, and the script goes on: ${what}`, async () => {
      const outcome = await run(`Set-StrictMode -Version Latest; $ErrorActionPreference = 'Stop'\n${code}\n'on'; $Error.Count`);
      assert.deepEqual([outcome.code, outcome.stdout.trimEnd().split("\n").slice(0, 1)], [0, ["on"]]);
      assert.match(outcome.stderr.trimEnd(), /^Failed to serialize AutomnReturn data: [^\n]+$/);
      assert.match(outcome.stderr.trimEnd(), says);
    });
  }

  test("sends a value of 3 MB and 10,000 rows", async () => {
    const outcome = await run("AutomnReturn ('y\"' * 1500000)\nAutomnReturn (1..10000 | ForEach-Object { @{id=$_; name=\"n $_\"; ok=$true; tags=@('a','b')} })");
    clean(outcome);
    const [text, rows] = marked(outcome.stdout, "__SCRIPTRETURN__") as [string, unknown[]];
    assert.equal(text.length, 3_000_000);
    assert.equal(rows.length, 10_000);
  });
});

/** Statements that set `$value` to what JSON cannot hold, or only in a way of PowerShell's own, and how it stands in a log. */
const texts: readonly (readonly [what: string, statements: string, json: unknown])[] = [
  ["numbers that are none", "$value = [double]::NaN, [double]::PositiveInfinity, [single]::NegativeInfinity", ["NaN", "Infinity", "-Infinity"]],
  ["a table that contains itself", "$value = @{ n = 1 }; $value.self = $value", { n: 1, self: "[Circular]" }],
  ["an object that contains itself", "$value = [pscustomobject] @{ n = 1; self = $null }; $value.self = $value", { n: 1, self: "[Circular]" }],
  ["a list that contains itself", "$value = [System.Collections.ArrayList] @(1); $null = $value.Add($value)", [1, "[Circular]"]],
  ["a circle over several", "$value = @{}; $value.down = [pscustomobject] @{ up = @(, $value) }", { down: { up: ["[Circular]"] } }],
  ["a circle beside what is there twice", "$twice = @{ n = 1 }; $value = [ordered] @{ a = $twice; b = $twice; c = $null }; $value.c = $value", { a: { n: 1 }, b: { n: 1 }, c: "[Circular]" }],
  ["a class whose object refers to itself", "class Node1 { [string] $name; [object] $next }; $value = [Node1] @{ name = 'x' }; $value.next = $value", { name: "x", next: "[Circular]" }],
  ["script blocks, types and patterns", "$value = { a b }, [int], [regex] 'x+'", [" a b ", "System.Int32", "x+"]],
  ["pointers", "$value = [IntPtr] 5, [UIntPtr]::new(6)", [5, 6]],
  ["a large whole number", "$value = [bigint]::Parse('123456789012345678901234567890')", 123456789012345678901234567890],
  ["dates", "$value = [datetime]::new(2024, 1, 2, 3, 4, 5, [DateTimeKind]::Utc), [DateTimeOffset]::new(2024, 1, 2, 3, 4, 5, [timespan]::FromHours(2))", ["2024-01-02T03:04:05Z", "2024-01-02T03:04:05+02:00"]],
  ["a secure string", "$value = [System.Security.SecureString]::new()", "System.Security.SecureString"],
  ["nothing", "$value = $null, [DBNull]::Value", [null, null]],
  ["half a character", "$value = 'a' + [char] 0xd83d", "a\ud83d"],
  ["what throws when it is enumerated", "class Broken1 : System.Collections.IEnumerable { [System.Collections.IEnumerator] GetEnumerator() { throw 'broken' } }; $value = @{ n = 1; broken = [Broken1]::new() }", { n: 1, broken: "Broken1" }],
  ["what throws when it is made a text", "Add-Type 'public class Broken2 { public override string ToString() { throw new System.Exception(); } } public class Holder2 { public Broken2 Broken = new Broken2(); public int N { get { throw new System.Exception(); } } }'; $value = [Holder2]::new()", { Broken: {}, N: null }],
];

describe("AutomnLog, AutomnNotify and AutomnRunLog", { skip }, () => {
  test("write as text what JSON cannot hold, keep the entry and leave stderr blank", async () => {
    const code = texts.map(([, statements]) => `${statements}\nAutomnLog m info @{ v = $value }; AutomnNotify x @{ v = $value }; AutomnRunLog @{ v = $value }`);
    const outcome = await run(["Set-StrictMode -Version Latest; $ErrorActionPreference = 'Stop'", ...code, "AutomnReturn $Error.Count"].join("\n"));
    clean(outcome);
    const logs = marked(outcome.stdout, "__SCRIPTLOG__") as { context: unknown }[];
    const notifications = marked(outcome.stdout, "__SCRIPTNOTIFY__") as { message: unknown }[];
    const plain = outcome.stdout.split("\n").filter((line) => line.startsWith('{"v":')).map((line) => JSON.parse(line) as unknown);
    texts.forEach(([what, , json], i) => {
      assert.deepEqual([logs[i]?.context, notifications[i]?.message, plain[i]], [{ v: json }, { v: json }, { v: json }], what);
    });
    assert.deepEqual([logs.length, notifications.length, plain.length], Array(3).fill(texts.length));
  });

  test("write the message of an error, and an error in a context as an object", async () => {
    const outcome = await run("try { 1/0 } catch { AutomnLog $_ error @{ error = $_; exception = $_.Exception }; AutomnNotify $null $_.Exception }");
    clean(outcome);
    const [entry] = marked(outcome.stdout, "__SCRIPTLOG__") as { message: string; context: { error: Record<string, unknown>; exception: Record<string, unknown> } }[];
    assert.equal(entry?.message, "Attempted to divide by zero.");
    assert.equal(entry?.context.exception["Message"], "Attempted to divide by zero.");
    assert.equal(typeof entry?.context.error["InvocationInfo"], "string");
    assert.deepEqual(marked(outcome.stdout, "__SCRIPTNOTIFY__"), [{ audience: null, message: "Attempted to divide by zero.", level: "info" }]);
  });

  test("write a text in place of what is nested too deeply, and nothing is lost above it", async () => {
    const outcome = await run("$value = 0; foreach ($i in 1..1100) { $value = @{ x = $value } }\nAutomnLog m info $value");
    clean(outcome);
    const [entry] = marked(outcome.stdout, "__SCRIPTLOG__") as { context: unknown }[];
    let levels = 0;
    let value = entry?.context;
    for (; typeof value === "object" && value !== null; value = (value as { x: unknown }).x) levels += 1;
    assert.deepEqual([value, levels], ["[Too deep]", 999]);
  });
});
