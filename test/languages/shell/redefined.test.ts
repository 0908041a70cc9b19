// The helpers in scripts that redefine what other scripts take for granted, and in the trace of `set -x`.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import type { Interpreter } from "../../../runner/languages/language.ts";
import { temporaryFolder } from "../../support/folder.ts";
import { openShells, payloads, startPlainly } from "./shells.ts";

const { shells, run, scriptFile } = await openShells(await temporaryFolder({ after }));

/** Uses every helper, with texts and JSON that are escaped, checked and, above 1 KiB, given to Node.js. */
const CALLS = `AutomnLog 'a "b" c' info '{"a":[1,2.5e3,"x\\n"], "TRUE": true}' t
AutomnReturn a b c
AutomnReturn '[1,\n2]'
AutomnNotify me "tab	end"
AutomnRunLog 'plain  text' -n
AutomnReturn '["${"\\\\\"yes".repeat(300)}"]'
`;
const CALLED = 7; // lines

/** Names of commands that are not special to POSIX shells, so that a function can take their place. */
const NAMES = [
  "printf", "echo", "read", "command", "builtin", "test", "[", "cd", "true", "false", "local", "declare", "typeset", "shopt", "type", "hash", "alias", "enable", "mapfile", "let",
  "getopts", "pwd", "umask", "wait", "kill", "cat", "sed", "env", "node", "sh",
];
const FUNCTIONS: Readonly<Record<string, string>> = {
  "print something": "{ case x in x) /bin/echo REDEFINED ;; esac; }",
  "fail": "{ return 9; }",
  "call a helper": "{ AutomnLog 'from a function'; AutomnRunLog 'from a function'; }",
};

for (const { name, interpreter } of shells) {
  describe(name, { skip: interpreter === undefined ? `${name}: there is no such shell on the PATH` : false }, () => {
    if (interpreter !== undefined) redefinitions(interpreter);
  });
}

function redefinitions(interpreter: Interpreter): void {
  const isBash = interpreter.version !== "";
  /** A shell refuses some names: those are defined where it takes them. */
  const definable = async (names: readonly string[]) => {
    const taken = await Promise.all(names.map(async (name) => startPlainly(interpreter, await scriptFile(`${name}() { :; }`)).status === 0));
    return names.filter((_, index) => taken[index]);
  };

  for (const [what, body] of Object.entries(FUNCTIONS)) test(`the helpers work beside functions by the names of commands that ${what}`, async () => {
    const usual = (await run(interpreter, CALLS)).stdout;
    assert.equal(usual.split("\n").length, CALLED + 1);
    const names = await definable(NAMES);
    assert.ok(names.length > 20);
    for (const redefined of [["printf"], ["command"], ["command", "printf"], names]) {
      for (const settings of ["", "set -eu\n"]) {
        const { stdout, stderr } = await run(interpreter, `${settings}${redefined.map((one) => `${one}() ${body}\n`).join("")}${CALLS}`);
        assert.equal(stderr, "", redefined.join(" "));
        const lines = stdout.split("\n").filter((line) => !line.includes("from a function"));
        assert.deepEqual(lines, usual.split("\n"), redefined.join(" "));
      }
    }
  });

  test("the helpers work beside functions that pass their arguments on", async () => {
    const usual = (await run(interpreter, CALLS)).stdout;
    const names = (await definable(NAMES)).filter((one) => isBash ? one !== "builtin" : one !== "command");
    const { stdout, stderr } = await run(interpreter, `${names.map((one) => `${one}() { ${isBash ? "builtin" : "command"} ${one} "$@"; }\n`).join("")}${CALLS}`);
    assert.deepEqual({ stdout, stderr }, { stdout: usual, stderr: "" });
  });

  test("the helpers work beside aliases", async () => {
    const usual = (await run(interpreter, CALLS)).stdout;
    const { stdout, stderr } = await run(interpreter, `${isBash ? "shopt -s expand_aliases\n" : ""}for name in printf command set case eval shift return unset; do alias $name='echo ALIAS;'; done\n\\${CALLS.replaceAll("\nAutomn", "\n\\Automn")}`);
    assert.deepEqual({ stdout, stderr }, { stdout: usual, stderr: "" });
  });

  if (isBash) test("the helpers work beside functions that are exported to the script", async () => {
    const usual = (await run(interpreter, CALLS)).stdout;
    const env = Object.fromEntries(NAMES.map((one) => [`BASH_FUNC_${one}%%`, "() {  return 9\n}"]));
    const { stdout, stderr } = await run(interpreter, CALLS, { env });
    assert.deepEqual({ stdout, stderr }, { stdout: usual, stderr: "" });
  });

  test("under set -x each call shows as one line, the script's other lines as ever", async () => {
    const plain = CALLS.replaceAll(/Automn\w+/g, ":");
    const expected = startPlainly(interpreter, await scriptFile(`set -x\n${plain}set +x`)).stderr;
    const { stdout, stderr } = await run(interpreter, `set -x\n${CALLS}set +x`);
    assert.equal(stderr.replaceAll(/Automn\w+/g, ":").replaceAll(/^\++/gm, "+"), expected); // `.` adds a `+`
    assert.equal(stdout.split("\n").length, CALLED + 1);
  });

  test("under set -x a call that fails, is tested or is in a subshell leaves the trace and the exit status as they are", async () => {
    const { stdout, stderr } = await run(interpreter, "set -x\nif AutomnLog a; then :; fi\n( AutomnLog b )\nx=$(AutomnLog c)\nAutomnLog d >&- || echo failed $?\nAutomnLog e && echo fine $?\ncase $- in *x*) : traced ;; esac\nset +x");
    assert.deepEqual(payloads(stdout, "__SCRIPTLOG__").map((line) => JSON.parse(line).message), ["a", "b", "e"]);
    assert.match(stdout, /^failed 1\n.*\nfine 0\n$/ms);
    assert.deepEqual(stderr.match(/^\++ \w+ '?[a-e]'?$/gm)?.map((line) => line.replaceAll(/[+' ]|AutomnLog/g, "")), ["a", "b", "c", "d", "e"]);
    assert.match(stderr, /: traced/);
    assert.ok(!/_automn|return/.test(stderr), stderr);
  });
}
