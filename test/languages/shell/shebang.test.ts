// Shell scripts whose first line names a program.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { after, describe, test } from "node:test";
import { Failure } from "../../../runner/lib/failure.ts";
import type { Interpreter } from "../../../runner/languages/language.ts";
import { shell } from "../../../runner/languages/shell/shell.ts";
import { readShebang } from "../../../runner/languages/shell/shebang.ts";
import { temporaryFolder } from "../../support/folder.ts";
import { openShells, outcome, payloads } from "./shells.ts";
import type { Outcome } from "./shells.ts";

const folder = await temporaryFolder({ after });
const { shells, run } = await openShells(folder);
const bash = shells.find(({ name }) => name === "bash")?.interpreter;
const onPath = (program: string) => (process.env["PATH"] ?? "").split(delimiter).map((directory) => join(directory, program)).find((path) => spawnSync(path, ["--version"]).error === undefined);
let files = 0;

/** Where a script lies when it is run as this code. */
async function place(code: string): Promise<string> {
  const file = join(folder, `named-${files++}${shell.extension("shell", code)}`);
  await writeFile(file, code);
  await chmod(file, 0o755);
  return file;
}

/** Runs a script by the runner's command: a program's path and arguments, without a shell in between. */
async function runByCommand(code: string, env: NodeJS.ProcessEnv = {}, interpreter = bash as Interpreter): Promise<Outcome> {
  return runFile(await place(code), code, env, interpreter);
}

function runFile(file: string, code: string, env: NodeJS.ProcessEnv = {}, interpreter = bash as Interpreter): Outcome {
  const inherited = { PATH: process.env["PATH"], ...env };
  const command = shell.command(interpreter, file, "shell", inherited, code);
  return outcome(command.file, command.args, { ...inherited, ...command.environment }, "");
}

describe("readShebang", () => {
  for (const [code, read] of [
    ["echo", undefined], ["", undefined], ["#!", undefined], ["#! \t\n", undefined], [" #!/bin/sh", undefined], ["\n#!/bin/sh", undefined], ["\ufeff#!/bin/sh", undefined], ["# !/bin/sh", undefined],
    ["#!/bin/sh", { program: "/bin/sh", name: "sh", options: [] }],
    ["#!/bin/bash -eu\necho", { program: "/bin/bash", argument: "-eu", name: "bash", options: ["-eu"] }],
    ["#!  \t/usr/bin/python3.11   -u -O  \nx", { program: "/usr/bin/python3.11", argument: "-u -O", name: "python3.11", options: ["-u", "-O"] }],
    ["#!/usr/bin/env python3\n", { program: "/usr/bin/env", argument: "python3", name: "python3", options: [] }],
    ["#!/usr/bin/env -S bash -e\n", { program: "/usr/bin/env", argument: "-S bash -e", name: "bash", options: ["-e"] }],
    ["#!/usr/bin/env -Sbash -e\n", { program: "/usr/bin/env", argument: "-Sbash -e", name: "bash", options: ["-e"] }],
    ["#!/usr/bin/env -S -i A=1 /opt/x/node --test\n", { program: "/usr/bin/env", argument: "-S -i A=1 /opt/x/node --test", name: "node", options: ["--test"] }],
    ["#!/usr/bin/env\n", { program: "/usr/bin/env", name: "env", options: [] }],
    ["#!/bin/busybox sh -e\n", { program: "/bin/busybox", argument: "sh -e", name: "busybox sh", options: ["-e"] }],
    ["#!/bin/bash -e\r\necho\r\n", { program: "/bin/bash", argument: "-e\r", name: "bash", options: ["-e"] }],
    ["#!/bin/zsh\r\n", { program: "/bin/zsh\r", name: "zsh", options: [] }],
    ["#!python3", { program: "python3", name: "python3", options: [] }],
  ] as const) test(JSON.stringify(code), () => assert.deepEqual(readShebang(code), read));
});

describe("a shell script whose first line names another program", { skip: bash === undefined ? "no bash here: NOT TESTED" : process.platform === "win32" }, () => {
  const sh = "echo \"$0 $# $LINENO\"\nf() {\n  nosuch\n}\nf\necho $?\nexit 3";

  const scripts: readonly (readonly [program: string, code: string])[] = [
    ["python3", "#!/usr/bin/env python3\nimport sys\nprint(sys.argv, __name__)\nsys.exit(5)"], ["python3", "#!/usr/bin/env -S python3 -O\nprint(__debug__)\nraise ValueError(1)"],
    ["node", `#!${process.execPath}\nconsole.log(process.argv.length, require.main === module); process.exitCode = 4; undefined.x`], ["node", "#!/usr/bin/env node\nconsole.log(process.argv[1]);"],
    ["perl", "#!/usr/bin/env perl\nprint \"$0\\n\"; exit 6;"], ["perl", "#!  /usr/bin/perl -w\nmy $x; print \"a\" . $x;"], ["perl", "#!\t/usr/bin/env -S perl -w\nmy $x; print \"a\" . $x;"],
    ["awk", "#!/usr/bin/awk -f\nBEGIN { print \"awk\"; exit 7 }"], ["cat", "#!/bin/cat\nitself\n"], ["cat", "#!/bin/cat -n\nitself\n"], ["sed", "#!/usr/bin/env -S sed -n 2p\nsecond\n"],
    ["dash", `#!/usr/bin/env dash\n${sh}`], ["dash", "#!/bin/dash -eu\nfalse\necho on"], ["zsh", `#!/usr/bin/env zsh\n${sh}`], ["zsh", "#!/bin/zsh -f\nprint -l $ZSH_NAME ${(U)0:t}"],
    ["mksh", `#!/usr/bin/env mksh\n${sh}`], ["ksh", "#!/usr/bin/env ksh\necho \"$0 ${.sh.version:0:7}\"\nexit 3"], ["busybox", `#!${onPath("busybox")} sh\n${sh}`], ["sh", "#!/usr/bin/env no-such-program\necho"], ["sh", "#!/usr/bin/env python3\r\nprint(1)\r\n"],
    ["sh", "#!/usr/bin/env python3 -u\nprint(1)"],
  ];
  for (const [program, code] of scripts) test(`runs as by hand: ${JSON.stringify(code.slice(0, 50))}`, { skip: onPath(program) === undefined && `no ${program} here` }, async () => {
    const file = await place(code);
    assert.deepEqual(runFile(file, code), outcome(file, [], { PATH: process.env["PATH"] }, ""));
  });

  const helped: readonly (readonly [program: string, code: string])[] = [
    ["python3", "#!/usr/bin/env python3\nAutomnReturn([1, AUTOMN_RUN_ID])"], ["node", "#!/usr/bin/env node\nAutomnReturn([1, AutomnRunId])"], ["node", `#!${process.execPath} --no-warnings\nAutomnReturn([1, AutomnRunId])`],
    ["node", "#!/usr/bin/env node\nimport fs from 'fs'; AutomnReturn([fs.existsSync('/') ? 1 : 0, AutomnRunId])"],
    ["pwsh", "#!/usr/bin/env pwsh\nAutomnReturn @(1, $AutomnRunId)"], ...["dash", "zsh", "mksh", "ksh", "yash"].map((name) => [name, `#!/usr/bin/env ${name}\nAutomnReturn "[1,\\"$AUTOMN_RUN_ID\\"]"`] as const),
    ["dash", "#!/bin/dash -e\nAutomnReturn \"[1,\\\"$AUTOMN_RUN_ID\\\"]\""], ["busybox", `#!${onPath("busybox")} sh\nAutomnReturn "[1,\\"$AUTOMN_RUN_ID\\"]"`],
  ];
  for (const [program, code] of helped) test(`has the helpers: ${JSON.stringify(code.slice(0, 40))}`, { skip: onPath(program) === undefined && `no ${program} here` }, async () => {
    const { stdout, stderr } = await runByCommand(code, { AUTOMN_RUN_ID: "r1" });
    assert.deepEqual([payloads(stdout, "__SCRIPTRETURN__"), stderr], [['[1,"r1"]'], ""]);
  });

  test("is a file of the ending by which Node.js and PowerShell know their own", () => {
    assert.deepEqual(["#!/usr/bin/env node", "#!/usr/bin/env node\nimport 'fs'", "#!/usr/bin/pwsh", "#!/usr/bin/python3", "#!/bin/zsh", "#!/usr/bin/perl", "#!/bin/bash", ""].map((code) => shell.extension("shell", code)), [".js", ".mjs", ".ps1", ".py", ".sh", ".sh", ".sh", ".sh"]);
  });

  for (const [code, named] of [["#!/no/such/zsh\necho", "/no/such/zsh"], ["#!python3\nprint(1)", "python3"], ["#!/usr/bin/perl\r\nprint 1;\r\n", "/usr/bin/perl\\r"]] as const)
    test(`is refused by the name of a program that does not exist: ${JSON.stringify(named)}`, () => {
      const refusal = { name: "Failure", message: `Cannot run the script: its first line names "${named}", which does not exist.` };
      assert.throws(() => shell.command(bash as Interpreter, "/s/code.sh", "shell", {}, code), (error) => error instanceof Failure && error.message === refusal.message);
    });

  test("finds a program that only the script's own PATH has", async () => {
    await mkdir(join(folder, "bin"));
    await symlink("/bin/cat", join(folder, "bin", "my-cat"));
    assert.equal((await runByCommand("#!/usr/bin/env my-cat\nitself\n", { PATH: `${join(folder, "bin")}:/usr/bin:/bin` })).stdout, "#!/usr/bin/env my-cat\nitself\n");
  });
});

describe("a shell script whose first line names sh or bash", { skip: bash === undefined ? "no bash here: NOT TESTED" : false }, () => {
  for (const line of ["#!/bin/sh", "#!/usr/bin/env bash", "#!/no/such/bash", "#! /bin/bash", "#!/bin/bash --login", "#!/bin/bash -p", "#!/usr/bin/env -S bash --norc", "#!/bin/sh -"])
    test(`is run by the shell that the runner has found: ${line}`, async () => {
      const { stdout, stderr, status } = await runByCommand(`${line}\nwords=(a b)\necho "\${words[1]} $0"\nAutomnReturn 1\nfalse\necho on`);
      assert.match(stdout, /^b \/.*named-\d+\.sh\n__SCRIPTRETURN__1\non\n$/);
      assert.deepEqual([stderr, status], ["", 0]);
    });

  for (const [line, code, expected] of [
    ["#!/bin/bash -e", "false\necho on", { stdout: "", status: 1 }], ["#!/bin/sh -e", "false\necho on", { stdout: "", status: 1 }], ["#!/usr/bin/env -S bash -e", "false\necho on", { stdout: "", status: 1 }],
    ["#!/bin/bash -eu -o pipefail", "false | true\necho on", { stdout: "", status: 1 }], ["#!/bin/bash -euo pipefail", "false | true\necho on", { stdout: "", status: 1 }],
    ["#!/bin/bash -f", "echo *", { stdout: "*\n", status: 0 }], ["#!/bin/bash -e --login", "false\necho on", { stdout: "", status: 1 }], ["#!/bin/bash -e\r", "false\necho on", { stdout: "", status: 1 }],
    ["#!/bin/bash\r", "echo one\r\necho two", { stdout: "one\r\ntwo\n", status: 0 }], ["#!/bin/bash -o nosuch", "echo on", { stdout: "on\n", status: 0 }],
  ] as const) test(`has the options that stand there: ${JSON.stringify(line)}`, async () => {
    const { stdout, status } = await runByCommand(`${line}\n${code}`);
    if (!line.includes("nosuch")) assert.deepEqual({ stdout, status }, expected);
    else assert.equal(stdout, expected.stdout);
  });

  test("traces its own lines alone", async () => {
    assert.equal((await runByCommand("#!/bin/bash -x\nAutomnLog a\necho b")).stderr, "+ AutomnLog a\n+ echo b\n");
  });

  for (const { name, interpreter } of shells) test(`has options that its shell knows (${name})`, { skip: interpreter === undefined && `no ${name} here` }, async () => {
    const { stdout, stderr, status } = await runByCommand("#!/bin/bash -eu -o pipefail\nAutomnReturn \"$-\"\nfalse\necho on", {}, interpreter);
    assert.match(stdout, /^__SCRIPTRETURN__"(?=\w*e)\w*u\w*"\n$/);
    assert.deepEqual([stderr, status], ["", 1]);
  });

  test("has the helpers where the environment puts bash into its POSIX mode", async () => {
    for (const env of [{ POSIXLY_CORRECT: "1" }, { SHELLOPTS: "braceexpand:posix" }]) {
      const { stdout, stderr } = await run(bash as Interpreter, "AutomnLog 'a \"b\"' info '{\"a\": [1]}'", { env });
      assert.deepEqual({ stdout, stderr }, { stdout: '__SCRIPTLOG__{"message":"a \\"b\\"","level":"info","context":{"a": [1]},"type":"general"}\n', stderr: "" });
    }
  });
});
