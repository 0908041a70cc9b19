import assert from "node:assert/strict";
import { test } from "node:test";
import { powershellNeeds } from "../../../runner/languages/powershell/requires.ts";

test("powershellNeeds: modules are read from #Requires lines", () => {
  const cases: readonly (readonly [code: string, ...names: string[]])[] = [
    ["Write-Host 1"],
    ["#Requires -Modules Pester", "Pester"],
    ["#requires -modules pester", "pester"],
    ["#REQUIRES\t-MODULES\tA", "A"],
    ["#Requires -Module A", "A"],
    ["#Requires -M A", "A"],
    ["#Requires -Modules:A", "A"],
    ["#Requires -Modules A,B", "A", "B"],
    ["#Requires -Modules A , B,C", "A", "B", "C"],
    ["#Requires -Modules 'A', \"B\"", "A", "B"],
    ["#Requires -Modules Az.Accounts, my-mod_1", "Az.Accounts", "my-mod_1"],
    ["  \t#Requires -Modules A", "A"],
    ["#Requires -Modules A # why", "A"],
    ["#Requires -Version 5.1 -Modules A -RunAsAdministrator", "A"],
    ["#Requires -Modules A -Modules B", "A", "B"],
    ["#Requires -Version 5\n#Requires -PSEdition Core\r\n#Requires -Modules A\r\nGet-X", "A"],
    ["#Requires -Modules A\nWrite-Host 1\nfunction F {\n  #Requires -Modules B\n}", "A", "B"],
    ["#Requires -Modules A\n#Requires -Modules a", "A"],
    ["\"a\"\n#Requires -Modules A", "A"],
  ];
  for (const [code, ...names] of cases) {
    const { requirements, problems } = powershellNeeds(code);
    assert.deepEqual(problems, [], code);
    assert.deepEqual(requirements, names.map((name) => ({ name })), code);
  }
});

test("powershellNeeds: only a comment at the start of its line counts, outside strings and block comments", () => {
  const hidden = [
    "# Requires -Modules A",
    "##Requires -Modules A",
    "#RequiresX -Modules A",
    "Write-Host 1 #Requires -Modules A",
    "<#\n#Requires -Modules A\n#>",
    "<# #> <#\n#Requires -Modules A",
    "@'\n#Requires -Modules A\n'@",
    "$x = @\"\n#Requires -Modules A\n\"@",
    "@'\n '@\n#Requires -Modules A\n'@",
    "@\"\n$(1)\n#Requires -Modules A\n\"@",
    "$x = 'a\n#Requires -Modules A\n'",
    "$x = \"a\n#Requires -Modules A\n\"",
    "$x = \"a`\"\n#Requires -Modules A\n\"",
    "$x = \"a\"\"\n#Requires -Modules A\n\"",
    "$x = \"$(\"b\")\n#Requires -Modules A\n\"",
    "$x = \u201ca\n#Requires -Modules A\n\u201d",
    "#Requires -Version 5.1",
    "#Requires -Assembly 'A, Version=1'",
  ];
  for (const code of hidden) assert.deepEqual(powershellNeeds(code), { requirements: [], problems: [], notes: [] }, code);
});

test("powershellNeeds: a line after strings and comments of every kind counts", () => {
  const before = [
    "<# a #>", "<# ' #>", "# it's", "'it''s'", "\"say `\"x`\"\"", "\"say \"\"x\"\"\"", "@'\n'\n'@", "@\"\n\"\n\"@", "@''\n", "@'\n'@", "\"$(\"a\" + (1))\"", "\"$('\"')\"", "a#b'c'", "`'", "\"`$(\"", "@\"\n$(@'\n\"@\n'@)\n\"@", "@(1) + @{}", "\u2018it''s\u2019",
  ];
  for (const code of before) assert.deepEqual(powershellNeeds(`${code}\n#Requires -Modules A`).requirements, [{ name: "A" }], code);
});

test("powershellNeeds: a table gives a module's version", () => {
  const cases: readonly (readonly [table: string, expected: object])[] = [
    ['@{ModuleName="X"; ModuleVersion="1.0"}', { name: "X", version: "[1.0, )", minimum: "1.0" }],
    ["@{ ModuleName = 'X' ; RequiredVersion = '1.2.3.4' }", { name: "X", version: "[1.2.3.4]", exact: "1.2.3.4" }],
    ['@{ModuleName="X";MaximumVersion="2.0"}', { name: "X", version: "(, 2.0]", maximum: "2.0" }],
    ['@{ModuleName="X";ModuleVersion="1.0";MaximumVersion="1.*"}', { name: "X", version: "[1.0, 1.999999999]", minimum: "1.0", maximum: "1.*" }],
    ['@{modulename="X";moduleversion="1.0";}', { name: "X", version: "[1.0, )", minimum: "1.0" }],
    ["@{ModuleName='X'; GUID='11111111-2222-3333-4444-555555555555'; ModuleVersion='1.0'}", { name: "X", version: "[1.0, )", minimum: "1.0" }],
    ["@{'ModuleName'='X'; \"ModuleVersion\"=1.5}", { name: "X", version: "[1.5, )", minimum: "1.5" }],
  ];
  for (const [table, expected] of cases) {
    assert.deepEqual(powershellNeeds(`#Requires -Modules ${table}`), { requirements: [expected], problems: [], notes: [] }, table);
    assert.deepEqual(powershellNeeds(`#Requires -Modules A, ${table}, B -Version 5`).requirements, [{ name: "A" }, expected, { name: "B" }], table);
  }
  assert.deepEqual(powershellNeeds('#Requires -Modules X\n#Requires -Modules @{ModuleName="x";ModuleVersion="1.0"}').requirements, [{ name: "x", version: "[1.0, )", minimum: "1.0" }], "a version wins over none");
});

test("powershellNeeds: what cannot be a module is a problem that names the line", () => {
  const cases: readonly (readonly [line: string, problem: RegExp])[] = [
    ["#Requires -Modules", /wanted the name of a module, found the end of the line/],
    ["#Requires -Modules A,", /found the end of the line/],
    ["#Requires -Modules ,A", /found ","/],
    ["#Requires -Modules -Version 5", /found "-Version"/],
    ["#Requires -Modules A B", /wanted "," between modules, found "B"/],
    ["#Requires -Modules ./a.psm1", /"\.\/a\.psm1"/],
    ["#Requires -Modules 'C:\\a'", /"C:\\\\a"/],
    ["#Requires -Modules '-x'", /"-x"/],
    ["#Requires -Modules $x", /"\$x"/],
    ["#Requires -Modules 'A B'", /"A B"/],
    ["#Requires -Modules 'A; rm -rf /'", /"A; rm -rf \/"/],
    ["#Requires -Modules ''", /""/],
    ["#Requires -Modules 'A", /closed/],
    [`#Requires -Modules ${"A".repeat(129)}`, /at most 128/],
    [`#Requires -Modules ${"A,".repeat(4096)}`, /at most 4096/],
    ['#Requires -Modules @{ModuleVersion="1.0"}', /wanted ModuleName/],
    ['#Requires -Modules @{ModuleName="X"}', /wanted ModuleVersion/],
    ['#Requires -Modules @{ModuleName="X"; RequiredVersion="1.0"; ModuleVersion="1.0"}', /wanted RequiredVersion alone/],
    ['#Requires -Modules @{ModuleName="X"; ModuleVersion="latest"}', /wanted numbers and dots as ModuleVersion, found "latest"/],
    ['#Requires -Modules @{ModuleName="X"; ModuleVersion="1.*"}', /found "1\.\*"/],
    ['#Requires -Modules @{ModuleName="X"; Path="1.0"}', /"Path" is no part/],
    ['#Requires -Modules @{ModuleName="X"; ModuleName="Y"; ModuleVersion="1.0"}', /given twice/],
    ['#Requires -Modules @{ModuleName="X" ModuleVersion="1.0"}', /wanted name = value/],
    ['#Requires -Modules @{ModuleName="a b"; ModuleVersion="1.0"}', /"a b"/],
  ];
  for (const [line, problem] of cases) {
    const { requirements, problems } = powershellNeeds(`'x'\n\n${line}\n`);
    assert.deepEqual([requirements, problems.length], [[], 1], `${line}: ${problems.join(" | ")}`);
    assert.match(problems[0] ?? "", /^Cannot read #Requires in line 3: /, line);
    assert.match(problems[0] ?? "", problem, line);
  }
  const twice = powershellNeeds('#Requires -Modules @{ModuleName="X";ModuleVersion="1.0"}\n#Requires -Modules @{ModuleName="x";RequiredVersion="2.0"}');
  assert.match(twice.problems[0] ?? "", /version of X: the script asks for "\[1\.0, \)" and for "\[2\.0\]"/);
});

test("powershellNeeds: hostile text is read in linear time", () => {
  for (const unit of ["'", '"', "`", "$(", "\"$(", "#", "<#", "@'\n", "@\"\n", "(", ")", "\n#Requires -Modules A", "x#", "\"$(\"\"", " "]) {
    for (const lead of ["", "#Requires -Modules @{", "#Requires -Modules ", '"', "#requires\n"]) {
      const start = performance.now();
      powershellNeeds(`${lead}${unit.repeat(1_000_000 / unit.length)}\n#Requires -Modules A`);
      powershellNeeds(`${lead}${unit.repeat(4000 / unit.length)}\n#Requires -Modules A`);
      const took = performance.now() - start;
      assert.ok(took < 4000, `${lead}${unit}…: ${took} ms`);
    }
  }
});
