import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { cp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Interpreter, Language } from "../../../runner/languages/language.ts";
import { shell } from "../../../runner/languages/shell/shell.ts";
import { seeded } from "../../support/chance.ts";
import { temporaryFolder } from "../../support/folder.ts";
import { openShells, payloads, quoted, start, startPlainly } from "./shells.ts";

const RUNNER = fileURLToPath(new URL("../../../runner", import.meta.url));
const KIB = 1024;

const folder = await temporaryFolder({ after });
const { shells, scriptFile, run } = await openShells(folder);

/** Hands each text to AutomnReturn and tells how it was written. Texts are Latin-1, as bytes. */
async function returned(interpreter: Interpreter, texts: readonly string[], env: NodeJS.ProcessEnv): Promise<string[]> {
  const code = texts.map((text) => `AutomnReturn ${quoted(text)}\n`).join("");
  const { stdout, stderr, status } = await run(interpreter, Buffer.from(code, "latin1"), { env });
  assert.deepEqual({ stderr, status }, { stderr: "", status: 0 });
  return payloads(stdout, "__SCRIPTRETURN__");
}

/** Checks that what JSON.parse takes was written as it is, but for blanks, and everything else as a string. */
function assertWritten(texts: readonly string[], lines: readonly string[]): void {
  assert.equal(lines.length, texts.length);
  texts.forEach((text, index) => {
    const line = lines[index];
    assert.equal(line, isJson(text) ? text.replace(/[\n\r\t]/g, " ") : JSON.stringify(text), `argument ${JSON.stringify(text)}`);
  });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function asBytes(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

const ARGUMENTS = [
  "", " ", "\n", "x", "hello world", "it's", "a\\b", "\"", "\"\"", "\"\"\"", "\"\"\"\"", "\"a\"\"b\"", "\"a\" \"b\"", "''", "'a'",
  "0", "-0", "00", "01", "-01", "10", "1234567890", "12345678901234567890123", "1.", ".1", "1.5", "1.50", "1.05", "0.0", "0.10", "00.1", "-1.5", "--1", "- 1",
  "+1", "1e5", "1E5", "1e+5", "1e-5", "1e05", "1e", "1e+", "1.e5", "1.5e5", "1e1.1", "1e1e1", "1.1.1", "1e+-1", "1e--1", "-1e-1", "e1", "1-1", "0-1",
  "-", "-e1", "NaN", "Infinity", "-Infinity", "0x10", "1_000", "1 2", "1 .5", "1. 5", "12a", "1,", "1,2", "²", "１",
  "true", "false", "null", "True", "TRUE", "NULL", "tru", "truee", "truefalse", "true1", "1true", "truee1", "trueE1", "-true", "tr ue", "nul", "undefined",
  "[]", "{}", "[ ]", "{ }", "[\n]", "[", "]", "{", "}", "[]]", "[[]", "[}", "{]", "[]{}", "[][]", "{}{}", "[],", ",", ":", "[,]", "[1,]", "[,1]", "[1,,2]", "[1 2]",
  "[1,2,3]", "[1,[2,[3,[4]]]]", "[\"a\",1,true,null,false,{}]", "[tru]", "[01]", "[-]", "[1.]", "[\"]", "[\"a]", "[\"a\"", "[V]", "V", "P", "L", "[P]", "K1", "{K1}",
  "{\"a\":1}", "{\"a\": 1, \"b\": [1,2,{\"c\":null}]}", "{\"a\":1,}", "{\"a\"}", "{\"a\":}", "{a:1}", "{1:1}", "{\"a\":1 \"b\":2}", "{\"a\":1,\"a\":2}",
  "{\"a\" : 1}", "{\"a\":\"b\":1}", "{\"a\":1,2}", "{\"a\":[1,2],3}", "{\"a\":{},3}", "{\"a\",1}", "{,}", "[\"a\":1]", "{\"a\":1]", "{[]:1}", "{true:1}", "{\"\":\"\"}",
  "{\"a\":1,\"b\":2,\"c\":3,\"d\":{\"e\":[[],{}]}}", "[{\"a\":1},{\"b\":2}]", "\"a\":1", "[1],2", "[1,2],3", "1,[2]", "{\"a\":1},2",
  "\"a\\nb\"", "\"a\\qb\"", "\"\\u00e9\"", "\"\\u00E9\"", "\"\\u00g9\"", "\"\\u12\"", "\"\\ud800\"", "\"\\\"", "\"\\\\\"", "\"\\\\\\\"", "\"\\\\\\\\\"", "\"\\/\"", "\"\\\"\"",
  "\"\\'\"", "\"it's\"", "\"a\nb\"", "\"a\tb\"", "\"a\rb\"", "\"a\u0001b\"", "\"a\u0002b\"", "\"a\u007fb\"", "\"\u001f\"", "\u0001", "[\u0001]", "1\u0002", "\u000b1", "\f1", "[1\f]", "\u007f", "[\u007f]",
  " 1 ", "\n1\n", "\t1\r\n", "[1,\n\t2]\n", "{\r\n  \"a\": [\r\n    1\r\n  ]\r\n}", "\u00a01", "\ufeff1", "1\u2028", "\"\u2028\"", "\"\u0085\"", "\"héllo wörld €\"", "{\"é\":\"€😀\"}", "é", "[é]",
  "\\n1", "\\", "[\\]", "\\\"a\\\"", "\"$(echo x)`echo y`$HOME\"", "[\"$HOME\",\"`x`\",\"';\"]", "-n", "-e", "--", "%s", "\"%s%d\\n\"", "[\"%\"]", "[\"&\"]", "a&b\"c\\&",
  "*", "[*]", "?", "[a-z]", "~", "!", "\"!\"", "{\"a\":\"]}\"}", "[\"[{\",\"}]\"]", "[\"\",\"\",\"a\",\"\"]", "{\"\":{\"\":{\"\":[]}}}", "__SCRIPTRETURN__1",
  "[".repeat(300) + "]".repeat(300), "[".repeat(300) + "]".repeat(299), "{\"\":".repeat(150) + "1" + "}".repeat(150), "[{\"a\":".repeat(60) + "null" + "}]".repeat(60),
  `[${"1,".repeat(400)}1]`, `[${"1,".repeat(400)}]`, `[${"\"a\",".repeat(200)}"b"]`, `"${"\\n".repeat(400)}"`, `"${"\\u00e9".repeat(160)}"`, `1.${"0".repeat(900)}`, "9".repeat(KIB), `${" ".repeat(900)}1`, "\"".repeat(KIB),
].map(asBytes);

const LOCALES = ["C", "C.UTF-8"];

for (const { name, interpreter } of shells) {
  describe(name, { skip: interpreter === undefined ? `${name}: there is no such shell on the PATH` : false }, () => {
    if (interpreter !== undefined) shellTests(interpreter);
  });
}

function shellTests(interpreter: Interpreter): void {
  const isBash = interpreter.version !== "";

  for (const locale of LOCALES) {
    test(`AutomnReturn takes an argument for JSON exactly where JSON.parse does (${locale})`, async () => {
      assert.ok(ARGUMENTS.length > 200);
      assertWritten(ARGUMENTS, await returned(interpreter, ARGUMENTS, { LC_ALL: locale }));
    });

    test(`AutomnReturn takes random texts and broken JSON as JSON.parse does (${locale})`, async () => {
      const random = seeded(20);
      const texts = Array.from({ length: 1500 }, () => asBytes(anyText(random)));
      assert.ok(texts.filter(isJson).length > 100);
      assertWritten(texts, await returned(interpreter, texts, { LC_ALL: locale }));
    });

    test(`AutomnLog and AutomnNotify keep every character, and bytes that are not UTF-8 (${locale})`, async () => {
      const bytes = Array.from({ length: 255 }, (_, index) => String.fromCharCode(index + 1));
      const texts = [...bytes, ...bytes.map((byte) => `a${byte}"b`), bytes.join(""), bytes.join("").repeat(4)];
      const code = texts.map((text) => `AutomnLog ${quoted(text)}\nAutomnNotify ${quoted(text)} ${quoted(text)}\n`).join("");
      const { stdout, stderr } = await run(interpreter, Buffer.from(code, "latin1"), { env: { LC_ALL: locale } });
      assert.equal(stderr, "");
      assert.deepEqual(payloads(stdout, "__SCRIPTLOG__").map((line) => JSON.parse(line).message), texts);
      assert.deepEqual(
        payloads(stdout, "__SCRIPTNOTIFY__").map((line) => JSON.parse(line)),
        texts.map((text) => ({ audience: text, message: text, level: "info" })),
      );
    });
  }

  test("each helper writes its line, with its defaults", async () => {
    const cases: [string, string][] = [
      ["AutomnLog hi", `__SCRIPTLOG__{"message":"hi","level":"info","context":{},"type":"general"}`],
      ["AutomnLog", `__SCRIPTLOG__{"message":"","level":"info","context":{},"type":"general"}`],
      ["AutomnLog hi '' '' ''", `__SCRIPTLOG__{"message":"hi","level":"info","context":{},"type":"general"}`],
      [`AutomnLog 1 WARN '{"a": 1}' db extra`, `__SCRIPTLOG__{"message":"1","level":"WARN","context":{"a": 1},"type":"db"}`],
      ["AutomnLog hi info nonsense", `__SCRIPTLOG__{"message":"hi","level":"info","context":"nonsense","type":"general"}`],
      ["AutomnLog hi info 5", `__SCRIPTLOG__{"message":"hi","level":"info","context":5,"type":"general"}`],
      [`AutomnLog 'a "b"' 'x"' '"c"' 'd"'`, `__SCRIPTLOG__{"message":"a \\"b\\"","level":"x\\"","context":"c","type":"d\\""}`],
      ["AutomnNotify admins 'disk full' warn", `__SCRIPTNOTIFY__{"audience":"admins","message":"disk full","level":"warn"}`],
      ["AutomnNotify 5 true", `__SCRIPTNOTIFY__{"audience":"5","message":"true","level":"info"}`],
      ["AutomnReturn", "__SCRIPTRETURN__null"],
      ["AutomnReturn ''", `__SCRIPTRETURN__""`],
      ["AutomnReturn Hello big  world", `__SCRIPTRETURN__"Hello big world"`],
      ["AutomnReturn [1, 2, 3]", "__SCRIPTRETURN__[1, 2, 3]"],
      ["AutomnReturn raw text value end", `__SCRIPTRETURN__"raw text value end"`],
      ["AutomnReturn end", `__SCRIPTRETURN__"end"`],
      ["AutomnRunLog 'a  b' -n '%s\\n' ''", "a  b\n-n\n%s\\n\n"],
      ["AutomnRunLog", ""],
    ];
    const { stdout, stderr } = await run(interpreter, cases.map(([code]) => `${code}\n`).join(""));
    assert.equal(stderr, "");
    assert.equal(stdout, cases.map(([, line]) => `${line}\n`).join(""));
  });

  test("the helpers work whatever the script has set", async () => {
    const settings = [
      "set -eu", "set -f", "IFS=", "IFS=ae01234", "IFS='\"[]{},:'", "unset IFS", "set -a", "set -C", "set -eu; IFS=1", "set -- some words",
      ...(isBash
        ? ["set -o posix", "set -o pipefail -eu", "shopt -s extglob nullglob failglob", "shopt -s nocasematch", "set -E; trap 'echo failed' ERR", "set -T; trap : DEBUG", "shopt -s localvar_inherit localvar_unset"]
        : []),
    ];
    const calls = [
      `AutomnLog 'a "b" c' info '{"a":[1,2.5e3,"x\\n"], "TRUE": true}' t`, "AutomnReturn a b c", "AutomnReturn TRUE", "AutomnReturn '[1,\n2]'",
      `AutomnNotify me "tab	end"`, `AutomnReturn '${"\"".repeat(200)}'`, "AutomnReturn '[1E5, e]'",
    ];
    const usual = (await run(interpreter, calls.join("\n"))).stdout;
    assert.equal(usual.split("\n").length, calls.length + 1);
    for (const setting of settings) {
      const { stdout, stderr, status } = await run(interpreter, `${setting}\n${calls.join("\n")}\n[ "$?" = 0 ] && echo fine`);
      assert.deepEqual({ stdout, stderr, status }, { stdout: `${usual}fine\n`, stderr: "", status: 0 }, setting);
    }
  });

  test("the helpers work in subshells, pipes, substitutions, functions and traps, and leave the script's own variables alone", async () => {
    const { stdout, stderr, status } = await run(interpreter, `
set -eu
trap 'AutomnLog "in \\"exit\\""' EXIT
IFS=:x; a=1; set -- one two
( AutomnLog subshell )
AutomnLog pipe | cat
echo "$(AutomnLog substitution)"
f() { AutomnLog function; echo "$# $1"; }
f q
AutomnLog background & wait
if AutomnLog 'if "x"' && ! AutomnLog not; then :; fi
echo "$IFS $a $# $1 $2 $-"
`);
    assert.equal(stderr, "");
    assert.equal(status, 0);
    assert.deepEqual(payloads(stdout, "__SCRIPTLOG__").map((line) => JSON.parse(line).message), [
      "subshell", "pipe", "substitution", "function", "background", "if \"x\"", "not", "in \"exit\"",
    ]);
    assert.match(stdout, /^1 q$/m);
    assert.match(stdout, /^:x 1 2 one two (?=\w*e)\w*u/m);
  });

  test("a script sees no variable of ours, before and after it used the helpers", async () => {
    const look = `${isBash ? "set -o posix\n" : ""}set; echo ---; env; echo ---; trap; echo "$- $# $?"`;
    const calls = `AutomnLog 'a "b"' info '{"a": [1]}'; AutomnReturn a b; AutomnNotify a '\t'; AutomnReturn '"${"x".repeat(2 * KIB)}"'\n`;
    const env = { LC_ALL: "C", AUTOMN_RUN_ID: "r1" };
    const file = await scriptFile(look);
    const fileAfter = await scriptFile(`{ ${calls}} >/dev/null\n${look}`);
    const volatile = /^(_|PPID|RANDOM|SRANDOM|SECONDS|EPOCH\w+|BASHPID|BASH_(ARGC|ARGV|LINENO|SOURCE|EXECUTION_STRING)|PIPESTATUS|OPTIND|BASH_ENV)=|^FUNCNAME/;
    const lines = (text: string): string[] => text.split("\n").filter((line) => !volatile.test(line));
    const plain = lines(startPlainly(interpreter, file, env).stdout);
    const flags = (all: string[]): string[] => all.map((line) => line.replace(/^(\w*?)c(\w* \d+ \d+)$/, "$1$2"));
    assert.deepEqual(flags(lines(start(interpreter, file, { env }).stdout)), plain);
    assert.deepEqual(flags(lines(start(interpreter, fileAfter, { env }).stdout)), plain);
  });

  test("a script runs as it does without the helpers", async () => {
    const scripts: Record<string, string> = {
      "its own name and no arguments": "echo \"$0 $#\"; echo \"$LINENO\"\n\necho \"$LINENO\"",
      "a command that is not there": "echo one\nno_such_command\necho $?",
      "a command that is not there, in a function": "f() {\n  no_such\n}\n\nf",
      "a syntax error": "echo before\nif true; then\n  fi fi\n",
      "an unfinished quote": "echo before\necho 'x\n",
      "an exit code": "exit 7",
      "a last code": "false",
      "set -e": "set -e\necho a\nfalse\necho b",
      ...(isBash && interpreter.flavour === "sh" ? {} : { "set -u": "set -u\necho a\necho \"$nothing\"\necho b" }), // 127 in every `bash -c`
      "a trap on exit": "trap 'echo bye $?' EXIT\nexit 3",
      "a trap on exit after an error": "trap 'echo bye $?' EXIT\nset -e\nfalse",
      "a signal": "kill -TERM $$",
      "a caught signal": "trap 'echo caught' TERM\nkill -TERM $$\necho on",
      "an empty script": "",
      "a comment alone": "#!/bin/sh\n# nothing",
      "no last line break": "echo a\necho b",
      "a bad redirection": "echo a\n: < /no/such/file\necho b",
      "standard input": "cat; echo $?",
      "a here-document": "cat <<X\n$0\nX\n",
      ...(interpreter.flavour === "sh" ? {} : { "a return outside of a function": "echo a\nreturn 4\necho b" }),
      ...(interpreter.flavour === "bash" ? { "where it stands": "f() { echo \"${BASH_SOURCE[*]} ${FUNCNAME[*]} ${BASH_LINENO[*]}\"; caller 0; }\nf\necho \"${#BASH_SOURCE[@]} $BASH_SUBSHELL\"" } : {}),
    };
    for (const [title, code] of Object.entries(scripts)) {
      const file = await scriptFile(code);
      assert.deepEqual(start(interpreter, file), startPlainly(interpreter, file), title);
    }
  });

  test("the variable that the shell reads a file by is the user's own again", async () => {
    await writeFile(join(folder, "own-env.sh"), "FROM_OWN=yes\n");
    const variable = interpreter.flavour === "bash" ? "BASH_ENV" : "ENV";
    const code = `env | grep -E '^(BASH_ENV|ENV|AUTOMN_)'; echo "$FROM_OWN"`;
    for (const value of [undefined, "", join(folder, "own-env.sh"), "$OWN_DIR/own-env.sh", join(folder, "missing.sh"), "missing.sh", folder]) {
      const file = await scriptFile(code);
      const env = { OWN_DIR: folder, ...(value === undefined ? {} : { [variable]: value }) };
      const { stdout, stderr } = startPlainly(interpreter, file, env);
      assert.equal(start(interpreter, file, { env }).stdout, stdout, value);
      if (value !== folder) assert.equal(stderr, "", value);
    }
  });

  test("up to 1 KiB an argument costs neither a process nor a subshell", { skip: process.platform === "linux" ? false : "only Linux tells of waited-for children" }, async () => {
    const texts = [
      "plain", "x".repeat(KIB), "\"".repeat(KIB), "\u0001\u001f\n\\".repeat(256), `[${"1,".repeat(500)}1]`, `{"a":"${"\\n".repeat(500)}"}`,
      ` {\n"a"\t: [ 1 ]}`, "[".repeat(KIB), asBytes("é\"".repeat(341)),
    ];
    const look = "read -r stat </proc/$$/stat; set -- ${stat##*)}; echo children ${9}"; // minor faults of waited-for children
    const calls = texts.map((text) => `AutomnLog ${quoted(text)} info ${quoted(text)}\nAutomnReturn ${quoted(text)}\nAutomnNotify ${quoted(text)} ${quoted(text)}\nAutomnRunLog ${quoted(text)}\n`);
    const { stdout } = await run(interpreter, Buffer.from(`${look}\n${calls.join("")}${look}\n: "$(:)"\n${look}\n`, "latin1"));
    const [before, afterCalls, afterSubshell] = payloads(stdout, "children ");
    assert.ok(Number(before) >= 0);
    assert.equal(afterCalls, before);
    assert.notEqual(afterSubshell, before, "a subshell would have been seen");
  });

  test("arguments above 1 KiB come through, up to 1 MB, in under a second of processor time each", async () => {
    const cases: Record<string, string> = {
      "1025 quotes": "\"".repeat(1025),
      "1025 letters": "x".repeat(1025),
      "1 MB of quotes": "\"".repeat(KIB * KIB),
      "1 MB of letters": "x".repeat(KIB * KIB),
      "1 MB of lines": "a line of text, \"quoted\" \\ with a tab\t\n".repeat(26_000),
      "1 MB of JSON": `[${"{\"a\": 1},\n".repeat(100_000)}null]`,
      "1 MB of broken JSON": `[${"{\"a\": 1},\n".repeat(100_000)}]`,
      "1 MB of bytes": Array.from({ length: 255 }, (_, index) => String.fromCharCode(index + 1)).join("").repeat(4_112),
    };
    for (const [title, text] of Object.entries(cases)) {
      const file = await scriptFile(Buffer.from(`x=${quoted(text)}\nAutomnReturn >/dev/null\ntimes\nAutomnReturn "$x"\ntimes\ncat\n`, "latin1"));
      let best = Infinity;
      for (let round = 0; round < 3 && best > 1000; round++) {
        const { stdout } = start(interpreter, file, { stdin: "rest of the input\n" });
        best = Math.min(best, cpuMilliseconds(stdout));
        const [line] = payloads(stdout, "__SCRIPTRETURN__");
        assert.ok(line === (isJson(text) ? text.replace(/[\n\r\t]/g, " ") : JSON.stringify(text)), title);
        assert.ok(stdout.endsWith("s\nrest of the input\n"), `${title} leaves standard input alone`);
      }
      assert.ok(best < 1000, `${title} took ${best} ms`);
    }
  });

  test("above 1 KiB every argument of a call comes through", async () => {
    const big = "\"\t".repeat(KIB);
    const { stdout, stderr } = await run(interpreter, [
      `AutomnLog '${big}' '${big}' '["${"x".repeat(KIB)}"]' '${big}'`, `AutomnLog 'a"' info '{"a":\n${" ".repeat(KIB)}1}'`,
      `AutomnNotify '${big}' '${big}'`, `AutomnReturn '${big}' '${big}'`,
    ].join("\n"));
    assert.equal(stderr, "");
    assert.deepEqual(payloads(stdout, "__SCRIPTLOG__").map((line) => JSON.parse(line)), [
      { message: big, level: big, context: ["x".repeat(KIB)], type: big },
      { message: "a\"", level: "info", context: { a: 1 }, type: "general" },
    ]);
    assert.deepEqual(payloads(stdout, "__SCRIPTNOTIFY__").map((line) => JSON.parse(line)), [{ audience: big, message: big, level: "info" }]);
    assert.deepEqual(payloads(stdout, "__SCRIPTRETURN__").map((line) => JSON.parse(line)), [`${big} ${big}`]);
  });

  test("a large argument comes through where Node.js does not start, and with NODE_OPTIONS that would stop it", async () => {
    const texts = [`[${"1,".repeat(KIB)}1]`, "a\"\n".repeat(KIB)];
    const code = texts.map((text) => `AutomnReturn ${quoted(text)}\n`).join("");
    const broken: Language = {
      ...shell,
      command: (...given) => {
        const command = shell.command(...given);
        return { ...command, environment: { ...command.environment, AUTOMN_SHELL_NODE: "'/no/such/node' 'x'" } };
      },
    };
    for (const options of [{ language: broken }, { env: { NODE_OPTIONS: "--require /no/such/file" } }]) {
      const { stdout, stderr } = await run(interpreter, `set -eu\n${code}`, options);
      assert.equal(stderr, "");
      assertWritten(texts, payloads(stdout, "__SCRIPTRETURN__"));
    }
  });

  test("lines of up to 4,096 bytes from several writers are not torn", async () => {
    const { stdout } = await run(interpreter, `
long='${"\"x".repeat(500)}'; longer='${"y".repeat(2000)}'
for w in 1 2 3 4 5 6 7 8; do
  ( i=0; while [ $i -lt 40 ]; do AutomnLog "$w $i" "$long" '{"a":[1]}' "$longer"; i=$((i + 1)); done ) &
done
wait`);
    const entries = payloads(stdout, "__SCRIPTLOG__");
    assert.equal(entries.length, 320);
    assert.equal(stdout.split("\n").length, 321);
    assert.equal(new Set(entries.map((line) => JSON.parse(line).message)).size, 320);
    assert.ok(entries.every((line) => line.length > 3500 && JSON.parse(line).level === "\"x".repeat(500)));
  });

  test("a trap that calls a helper during another call spoils neither", async () => {
    const { stdout, stderr, status } = await run(interpreter, `
set -u
trap 'AutomnLog "trap \\"$((n = n + 1))\\"" info "{\\"a\\": [1]}"' USR1
n=0; i=0
( while kill -USR1 $$ 2>/dev/null; do sleep 0.005; done ) & noise=$!
while [ $i -lt 150 ]; do AutomnLog '${"a\"b\\".repeat(60)}' info '{"list":[${"1,".repeat(60)}1]}'; i=$((i + 1)); done
trap '' USR1
kill $noise; wait $noise
set | grep '^_automn_[a-z]*='; echo end`);
    assert.equal(stderr.replace(/^.*Terminated.*$\n/gm, ""), "");
    assert.equal(status, 0);
    const entries = payloads(stdout, "__SCRIPTLOG__").map((line) => JSON.parse(line));
    const own = entries.filter((entry) => entry.message === "a\"b\\".repeat(60) && entry.context.list.length === 61);
    const trapped = entries.filter((entry) => /^trap "\d+"$/.test(entry.message) && entry.context.a[0] === 1);
    assert.equal(own.length, 150);
    assert.ok(trapped.length > 0, "no signal came in between");
    assert.equal(own.length + trapped.length, entries.length);
    assert.match(stdout, /\nend\n$/);
    assert.doesNotMatch(stdout, /^_automn/m);
  });

  test("a closed standard output ends only a script under set -e", async () => {
    const calls = `exec >&-\nAutomnLog a\nAutomnReturn '${"\"".repeat(2 * KIB)}'\nAutomnRunLog b\necho on >&2`;
    assert.match((await run(interpreter, calls)).stderr, /^on$/m);
    assert.doesNotMatch((await run(interpreter, `set -e\n${calls}`)).stderr, /^on$/m);
  });

  test("a call costs under 2 ms, the usual one a fraction of that", async () => {
    const cases: Readonly<Record<string, { readonly call: string; readonly atMost: number }>> = {
      "a usual entry": { call: `AutomnLog 'Fetched 25 rows in 3 ms' info '{"rows":25,"table":"users"}' db`, atMost: 1 },
      "1 KiB of letters": { call: `AutomnLog '${"x".repeat(KIB)}'`, atMost: 1 },
      ...(interpreter.flavour === "sh" ? {} : {
        "1 KiB of quotes": { call: `AutomnLog '${"\"".repeat(KIB)}'`, atMost: 2 },
        "1 KiB of line breaks": { call: `AutomnLog '${"\n".repeat(KIB)}'`, atMost: 2 },
        "1 KiB of numbers": { call: `AutomnLog x info '[${"1,".repeat(510)}1]'`, atMost: 2 },
      }),
    };
    for (const [title, { call, atMost }] of Object.entries(cases)) {
      const file = await scriptFile(`${call}\ntimes\ni=0\nwhile [ $i -lt 100 ]; do ${call}; i=$((i+1)); done >/dev/null\ntimes`);
      let best = Infinity;
      for (let round = 0; round < 8 && best > atMost; round++) best = Math.min(best, cpuMilliseconds(start(interpreter, file).stdout) / 100);
      assert.ok(best <= atMost, `${title} took ${best.toFixed(2)} ms`);
    }
  });
}

/** The processor time between two outputs of `times`, that of child processes included. */
function cpuMilliseconds(stdout: string): number {
  const [shellBefore = NaN, childrenBefore = NaN, shellAfter = NaN, childrenAfter = NaN] = [...stdout.matchAll(/^(\d+)m([\d.]+)s (\d+)m([\d.]+)s$/gm)]
    .map(([, userMinutes, user, systemMinutes, system]) => 60 * (Number(userMinutes) + Number(systemMinutes)) + Number(user) + Number(system));
  return (shellAfter + childrenAfter - shellBefore - childrenBefore) * 1000;
}

/** JSON or what is nearly JSON, or text of the characters that matter. */
function anyText(random: () => number): string {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const pieces = ["[", "]", "{", "}", ",", ":", "\"", "\"", "\\", "\\n", "\\u00e9", " ", "\n", "\t", "\r", "1", "0", "-", "+", ".", "e", "E", "true", "false", "null", "a", "é", "\u0001", "\u007f", "'", "$", "V", "P", "\"k\":", "\"\""];
  const value = (depth: number): string => {
    const gap = (): string => (random() < 0.15 ? pick([" ", "\n", "\t", "\r\n  "]) : "");
    const list = (make: () => string): string => Array.from({ length: Math.floor(random() * 4) }, () => gap() + make() + gap()).join(",");
    const kind = random();
    if (depth > 0 && kind < 0.35) return `[${list(() => value(depth - 1))}${gap()}]`;
    if (depth > 0 && kind < 0.7) return `{${list(() => `${JSON.stringify(pick(["a", "", "é\"", "k\n", "x".repeat(30)]))}${gap()}:${gap()}${value(depth - 1)}`)}${gap()}}`;
    return pick([
      "0", "-1", "12", "3.25", "1e3", "-0.5E-2", "100000", "true", "false", "null", "\"\"", "\"a b\"", "\"[1,2]\"", "\"\\\\\"", "\"\\\"x\\u12aF\"", "\"it's\"", "\"é€😀\"", JSON.stringify("x\u0000\u001f".repeat(9)),
    ]);
  };
  const json = value(Math.floor(random() * 5)).slice(0, KIB);
  const kind = random();
  if (kind < 0.3) return json;
  if (kind < 0.75) {
    const at = Math.floor(random() * (json.length + 1));
    return json.slice(0, at) + (random() < 0.6 ? pick(pieces) : "") + json.slice(at + Math.floor(random() * 3));
  }
  return Array.from({ length: Math.floor(random() * 12) }, () => pick(pieces)).join("");
}

test("the prelude works from a path with blanks, quotes and dollar signs", async (t) => {
  const odd = join(await temporaryFolder(t), "o'd \"$HOME\" `x` dir");
  await cp(RUNNER, odd, { recursive: true, filter: (path) => !/[/\\](?:data|node_modules)$/.test(path) });
  await writeFile(join(odd, "package.json"), `{"type":"module"}`);
  const { shell: language } = (await import(pathToFileURL(join(odd, "languages", "shell", "shell.ts")).href)) as { shell: Language };
  for (const { name, interpreter } of shells) {
    if (interpreter === undefined) continue;
    const { stdout, stderr } = await run(interpreter, `AutomnReturn fine\nAutomnReturn '${"\"".repeat(2 * KIB)}'`, { language });
    assert.deepEqual({ lines: payloads(stdout, "__SCRIPTRETURN__"), stderr }, { lines: [`"fine"`, JSON.stringify("\"".repeat(2 * KIB))], stderr: "" }, name);
  }
});

test("the prelude is plain POSIX sh to shellcheck", { skip: spawnSync("shellcheck", ["--version"]).status === 0 ? false : "shellcheck is not installed" }, () => {
  for (const [dialect, file] of [["sh", "automn.sh"], ["sh", "json-posix.sh"], ["bash", "json.bash"], ["sh", "probe.sh"]] as const) {
    const { stdout, status } = spawnSync("shellcheck", ["-s", dialect, join(RUNNER, "languages", "shell", "prelude", file)], { encoding: "utf8" });
    assert.deepEqual({ stdout, status }, { stdout: "", status: 0 }, file);
  }
});

test("bash comes before sh, and a Windows machine has Git's bash", () => {
  assert.deepEqual(shell.candidates("linux").map(({ file }) => file), ["bash", "sh"]);
  assert.match(shell.candidates("win32")[0]?.file ?? "", /Git\\bin\\bash\.exe$/);
  assert.equal(shell.extension("shell", ""), ".sh");
});

test("the probe tells a bash that reads BASH_ENV from one that plays sh, and dash", () => {
  const flavours = Object.fromEntries(shells.flatMap(({ name, interpreter }) => (interpreter === undefined ? [] : [[name, interpreter]])));
  for (const [name, interpreter] of Object.entries(flavours)) {
    assert.equal(interpreter.flavour, name.endsWith(" as sh") ? "sh" : name);
    assert.match(interpreter.version, name.startsWith("bash") ? /^\d+\.\d+\.\d+$/ : /^$/);
  }
  const bash = flavours["bash"];
  if (bash === undefined) return;
  const posix = execFileSync(bash.path, [...shell.probe], { encoding: "utf8", env: { POSIXLY_CORRECT: "1" } });
  assert.equal(JSON.parse(posix).flavour, "sh");
});
