import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { after, describe, it } from "node:test";
import { MARKERS } from "../../../runner/protocol/markers.ts";
import type { Interpreter } from "../../../runner/languages/language.ts";
import { python } from "../../../runner/languages/python/python.ts";
import { temporaryFolder } from "../../support/folder.ts";
import { marked, runScript } from "../../support/run-script.ts";
import type { Outcome } from "../../support/run-script.ts";
import { probePython } from "./starts.ts";

const interpreter = probePython("python3");
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

describe("python.command", () => {
  it("runs the script alone, and puts the helpers before what PYTHONPATH has", () => {
    const { file, args, environment } = python.command({ path: "/opt/python", version: "3.11.7" }, "/s/code.py", "python", { PYTHONPATH: "/mine" });
    assert.deepEqual([file, args], ["/opt/python", ["/s/code.py"]]);
    const [ours = "", theirs] = (environment["PYTHONPATH"] ?? "").split(delimiter);
    assert.match(ours, /prelude.helpers$/);
    assert.equal(theirs, "/mine");
    assert.equal(environment["PYTHONUNBUFFERED"], undefined);
    assert.equal(environment["PYTHONUTF8"], "1");
  });
  for (const before of [undefined, ""]) it(`adds nothing for an ${before === undefined ? "absent" : "empty"} PYTHONPATH, which would be the working directory`, () => {
    const { environment } = python.command({ path: "p", version: "3" }, "c.py", "python", before === undefined ? {} : { PYTHONPATH: before });
    assert.ok(!environment["PYTHONPATH"]?.includes(delimiter));
  });
  it("comes from py -3 first on Windows", () => {
    assert.deepEqual(python.candidates("win32"), [{ file: "py", args: ["-3"] }, { file: "python3" }, { file: "python" }]);
    assert.deepEqual(python.candidates("linux"), [{ file: "python3" }, { file: "python" }]);
    assert.equal(python.extension("python", ""), ".py");
  });
  it("names the real interpreter behind a shim", real, () => {
    assert.match(interpreter?.version ?? "", /^3\.\d+\.\d+/);
    assert.match(interpreter?.path ?? "", /^\/.*python/);
  });
});

describe("AutomnReturn (python)", real, () => {
  const values: readonly [string, unknown][] = [
    ["5", 5], ["'text'", "text"], ["None", null], ["", null], ["{'a': [1, {'b': 'é€😀'}]}", { a: [1, { b: "é€😀" }] }], ["'a\\nb'", "a\nb"], ["True", true], ["(1, 2)", [1, 2]], ["{1: 2}", { 1: 2 }], ["1e300", 1e300],
    ["'\\ud83d'", "\ud83d"], ["'\\u2028\\x00'", "\u2028\u0000"], ["data=7", 7], ["'x' * 1000000", "x".repeat(1_000_000)],
  ];
  for (const [code, value] of values) it(`returns ${code || "nothing"}`, async () => assert.deepEqual(returned(await quiet(`AutomnReturn(${code})`)), [value]));

  for (const [code, why] of [
    ["{1, 2}", /^Failed to serialize AutomnReturn data: Object of type set is not JSON serializable\n$/], ["float('nan')", /^Failed to serialize AutomnReturn data: Out of range float/], ["[float('inf')]", /^Failed to serialize AutomnReturn data: /],
    ["object()", /^Failed to serialize AutomnReturn data: /], ["{(1, 2): 3}", /^Failed to serialize AutomnReturn data: /], ["b'x'", /^Failed to serialize AutomnReturn data: /], ["loop", /^Failed to serialize AutomnReturn data: Circular reference detected\n$/],
    ["deep", /^Failed to serialize AutomnReturn data: maximum recursion depth/],
  ] as const) it(`reports that it cannot serialise ${code}, and the script goes on`, async () => {
    const { code: exit, stdout, stderr } = await run(`loop = []\nloop.append(loop)\ndeep = []\nfor _ in range(100000): deep = [deep]\nAutomnReturn(${code})\nprint('on')\nimport os; sys.stdout.flush(); os._exit(0)`);
    assert.deepEqual([exit, stdout], [0, "on\n"]);
    assert.match(stderr, why);
  });
});

describe("AutomnLog, AutomnNotify and AutomnRunLog (python)", real, () => {
  const entry = { message: "m", level: "info", context: {}, type: "general" };
  const logs: readonly [string, object][] = [
    ["'m'", entry], ["message='m'", entry], ["'m', 'warn', {'a': 1}, 'audit'", { message: "m", level: "warn", context: { a: 1 }, type: "audit" }],
    ["'m', log_type='audit', level='error'", { ...entry, level: "error", type: "audit" }], ["'m', context=[1]", { ...entry, context: [1] }],
    ["5", { ...entry, message: 5 }], ["None", { ...entry, message: null }], ["ValueError('e')", { ...entry, message: "e" }],
    ["{1}, b'l', 2j, Ellipsis", { message: "{1}", level: "b'l'", context: "2j", type: "Ellipsis" }],
  ];
  for (const [code, payload] of logs) it(`AutomnLog(${code}) writes a log marker`, async () => assert.deepEqual(marked((await quiet(`AutomnLog(${code})`)).stdout, MARKERS.log), [payload]));

  it("AutomnNotify writes a notification marker", async () => {
    const { stdout } = await quiet("AutomnNotify('ops', 'disk full', 'warn')\nAutomnNotify(None, message='x')\nAutomnNotify(['Admins'], ValueError('e'))");
    assert.deepEqual(marked(stdout, MARKERS.notify), [
      { audience: "ops", message: "disk full", level: "warn" }, { audience: null, message: "x", level: "info" }, { audience: ["Admins"], message: "e", level: "info" },
    ]);
  });

  it("AutomnRunLog prints strings as they are, others as indented JSON, joined by a space", async () => {
    const { stdout } = await quiet("AutomnRunLog('a', 5, {'b': [1]}, None, True)\nAutomnRunLog()\nAutomnRunLog('x\\ny', 'é€😀')\nAutomnRunLog(float('nan'), {1}, b'x', 2j)\nfrom unittest.mock import Mock\nAutomnRunLog(Mock(spec=str, __repr__=lambda _: 'a mock'))");
    assert.equal(stdout, 'a 5 {\n  "b": [\n    1\n  ]\n} null true\n\nx\ny é€😀\nNaN {1} b\'x\' 2j\na mock\n');
  });

  /** Values that JSON cannot hold, as logs show them; `setup` comes before. */
  const unserialisable: readonly (readonly [code: string, shown: unknown, setup?: string])[] = [
    ["[float('nan'), float('inf'), -float('inf'), 1.5]", ["NaN", "Infinity", "-Infinity", 1.5]], ["{float('nan'): 1, 2: 3, None: 4, True: 5, 1.5: 6}", { NaN: 1, 2: 3, null: 4, true: 5, 1.5: 6 }],
    ["[{1}, b'x', bytearray(b'y'), 2j, range(3)]", ["{1}", "b'x'", "bytearray(b'y')", "2j", "range(0, 3)"]], ["{(1, 2): {3}, b'k': 4}", { "(1, 2)": "{3}", "b'k'": 4 }],
    ["[d.date(2024, 2, 29), d.datetime(2024, 1, 2, 3, 4), d.timedelta(1)]", ["2024-02-29", "2024-01-02 03:04:00", "1 day, 0:00:00"], "import datetime as d"],
    ["[decimal.Decimal('1.50'), fractions.Fraction(1, 3), uuid.UUID(int=1), pathlib.Path('/a')]", ["1.50", "1/3", "00000000-0000-0000-0000-000000000001", "/a"], "import decimal, fractions, pathlib, uuid"],
    ["[P(1), C.RED, N.ONE, T(1, 2)]", ["P(x=1)", "C.RED", 1, [1, 2]], "import collections, dataclasses, enum\nP = dataclasses.make_dataclass('P', ['x'])\nC = enum.Enum('C', 'RED')\nN = enum.IntEnum('N', 'ONE')\nT = collections.namedtuple('T', 'a b')"],
    ["[loop, {'me': cycle}]", [[1, "[Circular]"], { me: { n: 1, me: "[Circular]" } }], "loop = [1]; loop.append(loop)\ncycle = {'n': 1}; cycle['me'] = cycle"], ["[twice, twice, {1}]", [{ n: 1 }, { n: 1 }, "{1}"], "twice = {'n': 1}"],
    ["[Mute(), {Mute(): 1}]", ["<__main__.Mute object>", { "<__main__.Mute object>": 1 }], "class Mute:\n    def __str__(self): raise ValueError('mute')\n    __repr__ = __str__"],
    ["[Proxy(), 1]", ["<__main__.Proxy object>", 1], "class Proxy:\n    __class__ = property(lambda self: 1 / 0)\n    def __str__(self): raise RuntimeError('unbound')"],
    ["[Odd(a=1), Mock(spec=dict), Mock(spec=str)]", ["{'a': 1}", "<Mock spec='dict'>", "<Mock spec='str'>"], "from unittest.mock import Mock\nclass Odd(dict):\n    def items(self): raise ValueError('odd')"],
    ["[10 ** 5000 if hasattr(sys, 'set_int_max_str_digits') else hex(10 ** 5000)]", [`0x${(10n ** 5000n).toString(16)}`]], ["['\\ud83d', '\\x00', {1}]", ["\ud83d", "\u0000", "{1}"]],
  ];
  const withoutAddresses = (text: string) => text.replace(/ (at 0x|id=')[0-9a-f']+/g, "");
  for (const [code, shown, setup = ""] of unserialisable) it(`show ${code.slice(0, 60)}, and stderr stays blank`, async () => {
    const stdout = withoutAddresses((await quiet(`${setup}\nvalue = ${code}\nAutomnLog('m', context=value)\nAutomnNotify(value, 'm')\nAutomnRunLog(value)`)).stdout);
    assert.deepEqual(marked(stdout, MARKERS.log), [{ ...entry, context: shown }]);
    assert.deepEqual(marked(stdout, MARKERS.notify), [{ audience: shown, message: "m", level: "info" }]);
    assert.deepEqual(JSON.parse(stdout.split("\n").slice(2).join("\n")), shown);
  });

  it("show what is nested too deep as far as it goes", async () => {
    const { stdout } = await quiet("deep = []\nfor _ in range(100000): deep = [deep]\nAutomnLog('m', context=deep)\nAutomnRunLog(deep)\nsys.stdout.flush(); os._exit(0)");
    const [log] = marked(stdout, MARKERS.log) as { context: unknown }[];
    const levels = (value: unknown): number => (Array.isArray(value) ? 1 + levels(value[0]) : 0);
    assert.ok(levels(log?.context) >= 50);
    assert.match(stdout, /\n +"\[Object\]"\n/);
  });

  it("use a json.JSONEncoder that the script has patched", async () =>
    assert.deepEqual(marked((await quiet("json.JSONEncoder.default = lambda self, value: sorted(value)\nAutomnLog('m', context={2, 1})")).stdout, MARKERS.log), [{ ...entry, context: [1, 2] }]));

  it("take lone surrogates", async () => {
    const { stdout } = await quiet("AutomnRunLog('\\ud83d'); AutomnLog('\\ud83d'); AutomnNotify('\\udc80', 'x')");
    assert.match(stdout, /^\\ud83d\n/);
    assert.equal(marked(stdout, MARKERS.log).length, 1);
  });
});

describe("a python script", real, () => {
  it("finds its run id and its input: as a value, in variables and on stdin", async () => {
    const [found] = returned(await quiet("AutomnReturn([AUTOMN_RUN_ID, AUTOMN_INPUT, os.environ['INPUT_JSON'], open(os.environ['AUTOMN_INPUT_FILE'], encoding='utf-8').read(), sys.stdin.read()])", { a: "é€😀" }));
    const json = '{"a":"é€😀"}';
    assert.deepEqual(found, ["run-1", { a: "é€😀" }, json, json, json]);
  });
  for (const input of [null, 5, "text", [], false]) it(`finds the input ${JSON.stringify(input)}`, async () => assert.deepEqual(returned(await quiet("AutomnReturn([AUTOMN_INPUT])", input)), [[input]]));
  it("finds an input that is too large for variables", async () =>
    assert.deepEqual(returned(await quiet("AutomnReturn([len(AUTOMN_INPUT['x']), 'INPUT_JSON' in os.environ])", { x: "y".repeat(15_000_000) })), [[15_000_000, false]]));
  it("starts in silence with a deeply nested input", async () => {
    const nested = JSON.parse("[".repeat(950) + "]".repeat(950)) as unknown;
    assert.deepEqual((await quiet("print('on')", nested)).stdout, "on\n");
  });
  it("has json, os and sys imported, in functions and modules too", async () => assert.deepEqual(returned(await quiet("def f():\n    return [json.dumps(1), os.sep, sys.argv[1:]]\nAutomnReturn(f())")), [["1", "/", []]]));
  it("can use the names of the helpers for its own", async () => assert.deepEqual(returned(await quiet("AUTOMN_INPUT = 1\nAUTOMN_RUN_ID = 2\ndef AutomnLog(x): pass\nAutomnLog(1)\nimport json as os\nAutomnReturn([AUTOMN_INPUT, AUTOMN_RUN_ID, os.dumps(3)])")), [[1, 2, "3"]]));
  it("finds nothing of the helpers but their names", async () => {
    const [found] = returned(await quiet("AutomnReturn([__name__, __file__ == sys.argv[0], 'automn' in sys.modules, [p for p in sys.path if 'prelude' in p], [n for n in dir() if not n.startswith('__')]])"));
    assert.deepEqual(found, ["__main__", true, false, [], []]);
  });
  it("finds only its own lines in a traceback", async () => {
    const { code, stderr, file } = await run("\n\ndef f():\n    raise ValueError('here')\nf()");
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`^Traceback \\(most recent call last\\):\n  File "${file.replace(/[.\\]/g, "\\$&")}", line 5, in <module>\n`));
    assert.doesNotMatch(stderr, /automn\.py|sitecustomize/);
  });
  it("has its own folder first on the path, not the working directory", async () => assert.deepEqual(returned(await quiet("AutomnReturn([sys.path[0] == os.path.dirname(__file__), os.getcwd() in sys.path, os.listdir('.')])")), [[true, false, []]]));
});

describe("the output of a python script", real, () => {
  it("stays in order, whatever writes it", async () => {
    const code = "import os\nfor i in range(200):\n    print(f'c{i}')\n    AutomnLog(i)\n    sys.stdout.write(f'w{i}\\n')\n    AutomnRunLog(f'r{i}')\n    os.write(1, b'o%d\\n' % i)";
    const lines = (await quiet(code)).stdout.trim().split("\n");
    assert.equal(lines.length, 1000);
    lines.forEach((line, i) => assert.ok(line.startsWith([`c`, MARKERS.log, `w`, `r`, `o`][i % 5] ?? "") && (i % 5 === 1 || line.slice(1) === String(Math.floor(i / 5))), line));
  });
  it("stays in order with a stdout that the script has opened with a buffer", async () =>
    assert.match((await quiet("sys.stdout = open(1, 'w', buffering=100000, closefd=False)\nprint('before')\nAutomnLog('x')\nprint('after')")).stdout, /^before\n__SCRIPTLOG__.*\nafter\n$/));
  it("may go to a stdout of the script's own, and the helpers still work", async () => {
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
  it("arrives whole when another process has made the pipe non-blocking", async () => {
    const { code, stdout } = await run("import fcntl\nflags = fcntl.fcntl(1, fcntl.F_GETFL)\nfcntl.fcntl(1, fcntl.F_SETFL, flags | os.O_NONBLOCK)\nAutomnReturn('x' * 8388608)");
    assert.deepEqual([code, stdout.match(/x/g)?.length], [0, 8_388_608]);
  });
  it("may be closed: the helpers then do nothing", async () => {
    const { code, stderr } = await run("os.close(1)\nAutomnReturn(1)\nAutomnLog('x')\nos._exit(0)");
    assert.deepEqual([code, stderr], [0, ""]);
  });
  it("consists of whole marker lines, from many threads too", async () =>
    assert.equal(marked((await quiet("import threading\nts = [threading.Thread(target=lambda: [AutomnLog('w' * 1000) for _ in range(100)]) for _ in range(8)]\n[t.start() for t in ts]\n[t.join() for t in ts]")).stdout, MARKERS.log).length, 800));
});

describe("code that a python script runs by Python's own means", real, () => {
  for (const method of ["fork", "spawn", "forkserver"]) it(`has the helpers in multiprocessing by ${method}`, async () => {
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
  it("has the helpers in a process of the same interpreter", async () => assert.deepEqual(returned(await quiet("import subprocess\nsubprocess.run([sys.executable, '-c', 'AutomnReturn(1)'], check=True)")), [1]));
  it("may be a helper that a pool is given", async () => {
    const code = "import multiprocessing as mp\nif __name__ == '__main__':\n    mp.set_start_method('spawn')\n    with mp.Pool(1) as pool:\n        pool.map(AutomnLog, ['a', 'b'])";
    assert.equal(marked((await quiet(code)).stdout, MARKERS.log).length, 2);
  });
  it("may be asyncio's, or none at all", async () => {
    assert.deepEqual(returned(await quiet("import asyncio\nasync def main():\n    await asyncio.sleep(0)\n    AutomnReturn(1)\nasyncio.run(main())")), [1]);
    assert.equal((await quiet("")).stdout, "");
  });
  it("has its line named in a syntax error", async () => {
    const { code, stderr, file } = await run("a = 1\nb = = 2");
    assert.equal(code, 1);
    assert.ok(stderr.includes(`File "${file}", line 2`), stderr);
  });
});

describe("a sitecustomize of the machine", real, () => {
  async function site(content: string): Promise<NodeJS.ProcessEnv> {
    const folder = join(await temporaryFolder({ after }), "site");
    await mkdir(folder);
    await writeFile(join(folder, "sitecustomize.py"), content);
    return { PYTHONPATH: folder };
  }
  it("works beside that of the helpers", async () => {
    const outcome = await quiet("import sitecustomize\nAutomnReturn([THEIRS, sitecustomize.HERE])", {}, await site("import builtins\nbuiltins.THEIRS = 'theirs'\nHERE = 'here'\n"));
    assert.deepEqual(returned(outcome), [["theirs", "here"]]);
  });
  it("that fails is reported as Python does, and the script runs with the helpers", async () => {
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
