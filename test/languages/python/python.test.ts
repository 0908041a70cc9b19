import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { after, describe, it } from "node:test";
import { MARKERS } from "../../../runner/protocol/markers.ts";
import type { Interpreter } from "../../../runner/languages/language.ts";
import { python } from "../../../runner/languages/python/python.ts";
import { temporaryFolder } from "../../support/folder.ts";
import { marked, runScript } from "../../support/run-script.ts";
import type { Outcome } from "../../support/run-script.ts";

const probed = spawnSync("python3", [...python.probe], { encoding: "utf8" });
const interpreter = probed.status === 0 ? (JSON.parse(probed.stdout) as Interpreter) : undefined;
const real = { skip: interpreter === undefined && "no python3 here: NOT TESTED" };
const home = await temporaryFolder({ after });

const run = (code: string, input?: unknown, environment: NodeJS.ProcessEnv = {}): Promise<Outcome> =>
  runScript(code, { home, language: python, interpreter: interpreter as Interpreter, environment, ...(input === undefined ? {} : { input }) });
const returned = ({ stdout }: Outcome) => marked(stdout, MARKERS.return);

async function quiet(code: string, input?: unknown, environment?: NodeJS.ProcessEnv): Promise<Outcome> {
  const outcome = await run(code, input, environment);
  assert.deepEqual([outcome.code, outcome.stderr], [0, ""]);
  return outcome;
}

describe("the command line for a python script", () => {
  it("is the script alone; the helpers come by PYTHONPATH, before what is there", () => {
    const { file, args, environment } = python.command({ path: "/opt/python", version: "3.11.7" }, "/s/code.py", "python", { PYTHONPATH: "/mine" });
    assert.deepEqual([file, args], ["/opt/python", ["/s/code.py"]]);
    const [ours = "", theirs] = (environment["PYTHONPATH"] ?? "").split(delimiter);
    assert.match(ours, /prelude.helpers$/);
    assert.equal(theirs, "/mine");
    assert.equal(environment["PYTHONUNBUFFERED"], "1");
    assert.equal(environment["PYTHONUTF8"], "1");
  });
  for (const before of [undefined, ""]) it(`adds nothing of an ${before === undefined ? "absent" : "empty"} PYTHONPATH, which would be the working directory`, () => {
    const { environment } = python.command({ path: "p", version: "3" }, "c.py", "python", before === undefined ? {} : { PYTHONPATH: before });
    assert.ok(!environment["PYTHONPATH"]?.includes(delimiter));
  });
  it("looks for py -3 on Windows first", () => {
    assert.deepEqual(python.candidates("win32"), [{ file: "py", args: ["-3"] }, { file: "python3" }, { file: "python" }]);
    assert.deepEqual(python.candidates("linux"), [{ file: "python3" }, { file: "python" }]);
    assert.equal(python.extension("python"), ".py");
  });
  it("asks an interpreter for the real one behind it", real, () => {
    assert.match(interpreter?.version ?? "", /^3\.\d+\.\d+/);
    assert.match(interpreter?.path ?? "", /^\/.*python/);
  });
});

describe("AutomnReturn in python", real, () => {
  const values: readonly [string, unknown][] = [
    ["5", 5], ["'text'", "text"], ["None", null], ["", null], ["{'a': [1, {'b': 'é€😀'}]}", { a: [1, { b: "é€😀" }] }], ["'a\\nb'", "a\nb"], ["True", true], ["(1, 2)", [1, 2]], ["{1: 2}", { 1: 2 }], ["1e300", 1e300],
    ["'\\ud83d'", "\ud83d"], ["'\\u2028\\x00'", "\u2028\u0000"], ["data=7", 7], ["'x' * 1000000", "x".repeat(1_000_000)],
  ];
  for (const [code, value] of values) it(`hands back ${code || "nothing"}`, async () => assert.deepEqual(returned(await quiet(`AutomnReturn(${code})`)), [value]));

  for (const [code, why] of [
    ["{1, 2}", /^Failed to serialize AutomnReturn data: Object of type set is not JSON serializable\n$/], ["float('nan')", /^Failed to serialize AutomnReturn data: Out of range float/], ["[float('inf')]", /^Failed to serialize AutomnReturn data: /],
    ["object()", /^Failed to serialize AutomnReturn data: /], ["{(1, 2): 3}", /^Failed to serialize AutomnReturn data: /], ["b'x'", /^Failed to serialize AutomnReturn data: /], ["loop", /^Failed to serialize AutomnReturn data: Circular reference detected\n$/],
    ["deep", /^Failed to serialize AutomnReturn data: maximum recursion depth/],
  ] as const) it(`reports what can't be serialised (${code}), and the script goes on`, async () => {
    const { code: exit, stdout, stderr } = await run(`loop = []\nloop.append(loop)\ndeep = []\nfor _ in range(100000): deep = [deep]\nAutomnReturn(${code})\nprint('on')\nimport os; sys.stdout.flush(); os._exit(0)`);
    assert.deepEqual([exit, stdout], [0, "on\n"]);
    assert.match(stderr, why);
  });
});

describe("AutomnLog, AutomnNotify and AutomnRunLog in python", real, () => {
  const logs: readonly [string, object][] = [
    ["'m'", { message: "m", level: "info", context: {}, type: "general" }], ["'m', 'warn', {'a': 1}, 'audit'", { message: "m", level: "warn", context: { a: 1 }, type: "audit" }],
    ["'m', log_type='audit', level='error'", { message: "m", level: "error", context: {}, type: "audit" }], ["5", { message: 5, level: "info", context: {}, type: "general" }],
    ["ValueError('e')", { message: "e", level: "info", context: {}, type: "general" }], ["None", { message: null, level: "info", context: {}, type: "general" }], ["'m', context=[1]", { message: "m", level: "info", context: [1], type: "general" }],
    ["message='m'", { message: "m", level: "info", context: {}, type: "general" }],
  ];
  for (const [code, payload] of logs) it(`writes a log marker for AutomnLog(${code})`, async () => assert.deepEqual(marked((await quiet(`AutomnLog(${code})`)).stdout, MARKERS.log), [payload]));

  it("writes a notification marker", async () => assert.deepEqual(marked((await quiet("AutomnNotify('ops', 'disk full', 'warn')\nAutomnNotify(None, message='x')")).stdout, MARKERS.notify), [
    { audience: "ops", message: "disk full", level: "warn" }, { audience: null, message: "x", level: "info" },
  ]));

  it("prints plain values, strings as they are, others as indented JSON, joined by a space", async () =>
    assert.equal((await quiet("AutomnRunLog('a', 5, {'b': [1]}, None, True)\nAutomnRunLog()\nAutomnRunLog('x\\ny', 'é€😀')")).stdout, 'a 5 {\n  "b": [\n    1\n  ]\n} null true\n\nx\ny é€😀\n'));

  for (const helper of ["AutomnLog", "AutomnNotify", "AutomnRunLog"]) it(`reports under its own name what ${helper} can't serialise`, async () => {
    const bad = { AutomnLog: "'m', 'info', {'a': {1}}", AutomnNotify: "{1}, 'm'", AutomnRunLog: "'a', {1}" }[helper];
    const { code, stdout, stderr } = await run(`${helper}(${bad})\nprint('on')`);
    assert.deepEqual([code, stdout], [0, "on\n"]);
    assert.match(stderr, new RegExp(`^Failed to serialize ${helper} data: Object of type set`));
  });

  it("take lone surrogates without failing", async () => {
    const { stdout } = await quiet("AutomnRunLog('\\ud83d'); AutomnLog('\\ud83d'); AutomnNotify('\\udc80', 'x')");
    assert.match(stdout, /^\\ud83d\n/);
    assert.equal(marked(stdout, MARKERS.log).length, 1);
  });
});

describe("what a python script finds", real, () => {
  it("is its run id and its input, as a value, in variables and on stdin", async () => {
    const [found] = returned(await quiet("AutomnReturn([AUTOMN_RUN_ID, AUTOMN_INPUT, os.environ['INPUT_JSON'], open(os.environ['AUTOMN_INPUT_FILE'], encoding='utf-8').read(), sys.stdin.read()])", { a: "é€😀" }));
    const json = '{"a":"é€😀"}';
    assert.deepEqual(found, ["run-1", { a: "é€😀" }, json, json, json]);
  });
  for (const input of [null, 5, "text", [], false]) it(`is the input ${JSON.stringify(input)}`, async () => assert.deepEqual(returned(await quiet("AutomnReturn([AUTOMN_INPUT])", input)), [[input]]));
  it("is an input above 96 KiB from the file", async () =>
    assert.deepEqual(returned(await quiet("AutomnReturn([len(AUTOMN_INPUT['x']), 'INPUT_JSON' in os.environ])", { x: "y".repeat(15_000_000) })), [[15_000_000, false]]));
  it("may be nested deep without noise", async () => {
    const nested = JSON.parse("[".repeat(950) + "]".repeat(950)) as unknown;
    assert.deepEqual((await quiet("print('on')", nested)).stdout, "on\n");
  });
  it("is json, os and sys, in functions and modules too", async () => assert.deepEqual(returned(await quiet("def f():\n    return [json.dumps(1), os.sep, sys.argv[1:]]\nAutomnReturn(f())")), [["1", "/", []]]));
  it("can be named anew by the script", async () => assert.deepEqual(returned(await quiet("AUTOMN_INPUT = 1\nAUTOMN_RUN_ID = 2\ndef AutomnLog(x): pass\nAutomnLog(1)\nimport json as os\nAutomnReturn([AUTOMN_INPUT, AUTOMN_RUN_ID, os.dumps(3)])")), [[1, 2, "3"]]));
  it("is nothing of the helpers but their names", async () => {
    const [found] = returned(await quiet("AutomnReturn([__name__, __file__ == sys.argv[0], 'automn' in sys.modules, [p for p in sys.path if 'prelude' in p], [n for n in dir() if not n.startswith('__')]])"));
    assert.deepEqual(found, ["__main__", true, false, [], []]);
  });
  it("is its own lines in a traceback", async () => {
    const { code, stderr, file } = await run("\n\ndef f():\n    raise ValueError('here')\nf()");
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`^Traceback \\(most recent call last\\):\n  File "${file.replace(/[.\\]/g, "\\$&")}", line 5, in <module>\n`));
    assert.doesNotMatch(stderr, /automn\.py|sitecustomize/);
  });
  it("is its own folder first on the path, not the working directory", async () => assert.deepEqual(returned(await quiet("AutomnReturn([sys.path[0] == os.path.dirname(__file__), os.getcwd() in sys.path, os.listdir('.')])")), [[true, false, []]]));
});

describe("what a python script prints", real, () => {
  it("stays in order, whatever prints it", async () => {
    const code = "import os\nfor i in range(200):\n    print(f'c{i}')\n    AutomnLog(i)\n    sys.stdout.write(f'w{i}\\n')\n    AutomnRunLog(f'r{i}')\n    os.write(1, b'o%d\\n' % i)";
    const lines = (await quiet(code)).stdout.trim().split("\n");
    assert.equal(lines.length, 1000);
    lines.forEach((line, i) => assert.ok(line.startsWith([`c`, MARKERS.log, `w`, `r`, `o`][i % 5] ?? "") && (i % 5 === 1 || line.slice(1) === String(Math.floor(i / 5))), line));
  });
  it("stays in order although the script turned buffering on", async () =>
    assert.match((await quiet("sys.stdout = open(1, 'w', buffering=100000, closefd=False)\nprint('before')\nAutomnLog('x')\nprint('after')")).stdout, /^before\n__SCRIPTLOG__.*\nafter\n$/));
  it("may go elsewhere by a stdout of the script's own, without hurting the helpers", async () => {
    for (const stdout of ["__import__('io').StringIO()", "type('Tee', (), {'write': lambda self, text: None})()", "None"])
      assert.deepEqual(returned(await quiet(`sys.stdout = ${stdout}\nAutomnReturn(1)\nsys.stdout = sys.__stdout__`)), [1]);
  });
  it("is UTF-8 whatever the locale", async () => {
    const outcome = await quiet("print('é€😀'); print(sys.stdout.encoding, sys.getfilesystemencoding()); open('ü', 'w').write('ä'); AutomnReturn(open('ü').read())", {}, { LC_ALL: "C", LANG: "C" });
    assert.match(outcome.stdout, /^é€😀\nutf-8 utf-8\n/i);
    assert.deepEqual(returned(outcome), ["ä"]);
  });
  it("arrives whole before an exit", async () => {
    for (const code of ["print('x' * 8388608)\nos._exit(3)", "sys.stdout.write('x' * 8388608)\nsys.exit(3)", "AutomnReturn('x' * 8388608)\nos._exit(3)", "print('x' * 8388608, file=sys.stderr)\nsys.exit(3)"]) {
      const { code: exit, stdout, stderr } = await run(code);
      assert.equal(exit, 3);
      assert.equal((stdout + stderr).match(/x/g)?.length, 8_388_608);
    }
  });
  it("is not lost when another process made the pipe not block", async () => {
    const { code, stdout } = await run("import fcntl\nflags = fcntl.fcntl(1, fcntl.F_GETFL)\nfcntl.fcntl(1, fcntl.F_SETFL, flags | os.O_NONBLOCK)\nAutomnReturn('x' * 8388608)");
    assert.deepEqual([code, stdout.match(/x/g)?.length], [0, 8_388_608]);
  });
  it("may stop being read by nobody: a closed stdout is no error of the helpers", async () => {
    const { code, stderr } = await run("os.close(1)\nAutomnReturn(1)\nAutomnLog('x')\nos._exit(0)");
    assert.deepEqual([code, stderr], [0, ""]);
  });
  it("is whole lines, also from many threads", async () =>
    assert.equal(marked((await quiet("import threading\nts = [threading.Thread(target=lambda: [AutomnLog('w' * 1000) for _ in range(100)]) for _ in range(8)]\n[t.start() for t in ts]\n[t.join() for t in ts]")).stdout, MARKERS.log).length, 800));
});

describe("python's own ways to run code", real, () => {
  for (const method of ["fork", "spawn", "forkserver"]) it(`include multiprocessing by ${method}, with the helpers`, async () => {
    const code = `import multiprocessing as mp
def work(n):
    AutomnLog(n, context={"id": AUTOMN_RUN_ID, "input": AUTOMN_INPUT})
    return json.dumps(n)
if __name__ == "__main__":
    mp.set_start_method("${method}")
    with mp.Pool(2) as pool:
        AutomnReturn(pool.map(work, range(4)))`;
    const outcome = await quiet(code, { a: 1 });
    assert.deepEqual(returned(outcome), [["0", "1", "2", "3"]]);
    const logs = marked(outcome.stdout, MARKERS.log) as { message: number; context: object }[];
    assert.deepEqual(logs.map(({ message }) => message).sort(), [0, 1, 2, 3]);
    assert.deepEqual(logs[0]?.context, { id: "run-1", input: { a: 1 } });
  });
  it("include a process of the same interpreter, with the helpers", async () => assert.deepEqual(returned(await quiet("import subprocess\nsubprocess.run([sys.executable, '-c', 'AutomnReturn(1)'], check=True)")), [1]));
  it("include helpers handed to a pool", async () => {
    const code = "import multiprocessing as mp\nif __name__ == '__main__':\n    mp.set_start_method('spawn')\n    with mp.Pool(1) as pool:\n        pool.map(AutomnLog, ['a', 'b'])";
    assert.equal(marked((await quiet(code)).stdout, MARKERS.log).length, 2);
  });
  it("include asyncio, runpy and empty code", async () => {
    assert.deepEqual(returned(await quiet("import asyncio\nasync def main():\n    await asyncio.sleep(0)\n    AutomnReturn(1)\nasyncio.run(main())")), [1]);
    assert.equal((await quiet("")).stdout, "");
  });
  it("include a syntax error, told with its line", async () => {
    const { code, stderr, file } = await run("a = 1\nb = = 2");
    assert.equal(code, 1);
    assert.ok(stderr.includes(`File "${file}", line 2`), stderr);
  });
});

describe("the end of a python script", real, () => {
  const code = [
    "import builtins, gc, json, os, sys, threading",
    "class Kept:",
    "    def __init__(self, name): self.name, self.me = name, self",
    "    def __del__(self): sys.__stdout__ and os.write(1, self.name.encode() + b'\\n')",
    "def function(): pass",
    "local = threading.local()",
    "here, there, function.kept, sys.kept, os.kept, json.kept, local.kept, builtins.kept = map(Kept, 'abcdefgh')",
    "print([type(one) for one in gc.get_referrers(here) if one is globals()], list(globals())[:7], sys.modules['__main__'].__dict__ is globals())",
  ].join("\n");

  it("frees what a script has made as an interpreter without us does, in its order", async () => {
    const file = join(home, "end.py");
    await writeFile(file, code);
    const plain = spawnSync((interpreter as Interpreter).path, [file], { encoding: "utf8" });
    assert.match(plain.stdout, /^\[<class 'dict'>\].*True\n[a-h]\n/);
    assert.equal((await quiet(code)).stdout, plain.stdout);
  });
});

describe("a sitecustomize of the machine", real, () => {
  async function site(content: string): Promise<NodeJS.ProcessEnv> {
    const folder = join(await temporaryFolder({ after }), "site");
    await mkdir(folder);
    await writeFile(join(folder, "sitecustomize.py"), content);
    return { PYTHONPATH: folder };
  }
  it("keeps working beside ours", async () => {
    const outcome = await quiet("import sitecustomize\nAutomnReturn([THEIRS, sitecustomize.HERE])", {}, await site("import builtins\nbuiltins.THEIRS = 'theirs'\nHERE = 'here'\n"));
    assert.deepEqual(returned(outcome), [["theirs", "here"]]);
  });
  it("that fails is told as Python does, and the script runs with the helpers", async () => {
    for (const content of ["raise ValueError('theirs')", "import no_such_module"]) {
      const outcome = await run("AutomnReturn(1)", {}, await site(content));
      assert.equal(outcome.code, 0);
      assert.deepEqual(returned(outcome), [1]);
      assert.match(outcome.stderr, /theirs|no_such_module/);
    }
  });
  it("works in multiprocessing children too", async () => {
    const code = "import multiprocessing as mp\ndef work(n):\n    return THEIRS\nif __name__ == '__main__':\n    mp.set_start_method('spawn')\n    with mp.Pool(1) as pool:\n        AutomnReturn(pool.map(work, [1]))";
    assert.deepEqual(returned(await quiet(code, {}, await site("import builtins\nbuiltins.THEIRS = 'theirs'\n"))), [["theirs"]]);
  });
  it("and other modules of a PYTHONPATH are found", async () => {
    const environment = await site("");
    await writeFile(join(environment["PYTHONPATH"] ?? "", "mymodule.py"), "VALUE = 5\n");
    assert.deepEqual(returned(await quiet("import mymodule\nAutomnReturn(mymodule.VALUE)", {}, environment)), [5]);
  });
});
