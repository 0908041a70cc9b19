// The end of a Python script: what it leaves unclosed and unfreed is closed and freed as by the bare interpreter.
import assert from "node:assert/strict";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import type { Interpreter } from "../../../runner/languages/language.ts";
import { temporaryFolder } from "../../support/folder.ts";
import { everyPython, startPython } from "./starts.ts";
import type { Ended, Start } from "./starts.ts";

const BEGINNING = `import builtins, json, os, sys
class Noisy:
    def __init__(self, name): self.name, self.me = name, self
    def __del__(self): os.write(1, b'freed %s\\n' % self.name.encode())
def unclosed(name='a.txt'):
    file = open(name, 'w')
    file.write('content')
    return file
`;
const NOISY_SLOTS = "class Bare:\n    __slots__ = ()\n    def __del__(self): os.write(1, b'freed\\n')\n";
const NOISY_GENERATOR = "def count():\n    try: yield 1\n    finally: os.write(1, b'closed\\n')\n";

/** Modules that a `.pth` file loads before the script. */
const PRELOADED = { "registry.py": "kept = []\n", "logfile.py": "file = open('log.txt', 'w')\n" };

/** Ways in which something that is there before a script refers to what the script has made. */
const HELD: Readonly<Record<string, string>> = {
  "a patched class": "json.JSONEncoder.default = lambda self, value: str(value)\nfile = unclosed()",
  "a module's attribute": "json.file = unclosed(); os.noisy = Noisy('a')",
  "a registry of a module that a .pth file loads": "import registry\nregistry.kept.append(unclosed()); registry.kept.append(Noisy('a'))",
  "a cache of typing": "import typing\nclass Item: noisy = Noisy('a')\nmade = typing.List[Item], typing.Optional[Item]; file = unclosed()",
  "an instance without a dictionary": `${NOISY_SLOTS}json.kept = Bare()`,
  "a suspended generator": `${NOISY_GENERATOR}json.kept = count(); next(json.kept); mine = count(); next(mine)`,
};

const ENDS: Readonly<Record<string, string>> = {
  ...HELD,
  "nothing": "",
  "the script's own names": "here, there = Noisy('a'), Noisy('b')\ndef function(): pass\nfunction.kept = Noisy('c'); file = unclosed()",
  "everything in its order": "here = Noisy('a'); json.b = Noisy('b'); os.c = Noisy('c')\ndef function(): pass\nfunction.kept = Noisy('d'); builtins.e = Noisy('e'); sys.f = Noisy('f')",
  "a subclass": "class Encoder(json.JSONEncoder): noisy = Noisy('a')\nfile = unclosed()",
  "an abstract class": "import collections.abc\nclass Mine: noisy = Noisy('a')\ncollections.abc.Sequence.register(Mine); file = unclosed()",
  "copyreg and codecs": "import codecs, copyreg\nclass Mine: noisy = Noisy('a')\ncopyreg.pickle(Mine, lambda mine: (Mine, ())); codecs.register(lambda name: None); file = unclosed()",
  "an instance of a class like str": "class Text(str):\n    __slots__ = ()\n    def __del__(self): os.write(1, b'freed\\n')\nos.environ.kept = Text('x')",
  "a function's default, a closure and a cache": "import functools\n@functools.lru_cache()\ndef cached(name): return Noisy(name)\ncached('a'); json.cached = cached\ndef outer(file=unclosed()):\n    noisy = Noisy('b')\n    return lambda: (file, noisy)\nos.inner = outer()",
  "functions that run at the exit, on a signal and on an error": "import atexit, signal\natexit.register(lambda noisy=Noisy('a'): os.write(1, b'exit\\n'))\nsignal.signal(signal.SIGUSR1, lambda *a, noisy=Noisy('b'): None)\nsys.excepthook = lambda *a, noisy=Noisy('c'): os.write(1, b'hook\\n')\nfile = unclosed()\nraise ValueError",
  "an exception": "def fail():\n    file = unclosed(); noisy = Noisy('a')\n    raise ValueError(1)\nfail()",
  "sys.exit": "def leave():\n    file = unclosed(); noisy = Noisy('a')\n    sys.exit(3)\nleave()",
  "os._exit": "file = unclosed(); noisy = Noisy('a')\nprint('lost only by the bare one', flush=True)\nos._exit(4)",
  "weak references": "import weakref\nclass Thing: pass\njson.thing, mine = Thing(), Thing()\nkept = [weakref.ref(thing, lambda _: os.write(1, b'gone\\n')) for thing in (json.thing, mine)]\njson.kept = kept\nweakref.finalize(mine, os.write, 1, b'finalized\\n')",
  "a thread's own variables": "import threading\nlocal = threading.local(); local.noisy = Noisy('a'); local.file = unclosed(); json.local = local",
  "a daemon thread": "import threading\njson.kept, ready = [], threading.Event()\ndef work():\n    json.kept.append(unclosed()); ready.set(); threading.Event().wait()\nthreading.Thread(target=work, daemon=True).start(); ready.wait()",
  "a fork": "child = os.fork()\njson.JSONEncoder.default = lambda self, value: value\nfile = unclosed('child.txt' if child == 0 else 'parent.txt'); noisy = Noisy('a')\nif child: os.waitpid(child, 0)",
  "archives and tables": "import csv, gzip, zipfile\njson.kept = [gzip.GzipFile('a.gz', 'wb', mtime=0), csv.writer(open('a.csv', 'w'))]\njson.kept[0].write(b'x'); json.kept[1].writerow([1, 2])",
  "a log file": "import logging\nlogging.basicConfig(filename='a.log', level=10)\nlogging.info('entry'); noisy = Noisy('a')",
  "a stdout of the script's own": "import io\nclass Tee(io.TextIOBase):\n    def write(self, text): return sys.__stdout__.write(text)\nsys.stdout = Tee()\nprint('x', end='')\nfile = unclosed()",
  "a module of the script's own": "import types\nmine = types.ModuleType('mine'); mine.noisy = Noisy('a'); mine.file = unclosed(); sys.modules['mine'] = sys.modules['other'] = mine; del mine",
  "asyncio": `import asyncio\nasync def numbers():\n    try: yield 1\n    finally: os.write(1, b'closed\\n')\nasync def main():\n    json.kept = [unclosed(), asyncio.ensure_future(asyncio.sleep(9)), numbers()]; await json.kept[2].__anext__()\nasyncio.run(main())`,
  "a collector that is off, and one that was made to thaw": "import gc\ngc.disable(); gc.unfreeze(); file = unclosed(); json.kept = Noisy('a')",
  "a file that a .pth file has opened": "import logfile\nlogfile.file.write('from the script\\n')",
  "a destructor that writes a file": "class Late:\n    def __del__(self):\n        with open('late.txt', 'w') as file: file.write('late')\njson.kept = Late()",
  "a partial line": "print('no line break', end=''); file = unclosed()",
};

const home = await temporaryFolder({ after });
const pythons = everyPython();
let runs = 0;

/** What is left of a script: how it ended, what it printed and the files in its directory. */
async function endOf(start: Start, interpreter: Interpreter, code: string): Promise<Omit<Ended, "signal"> & { readonly files: object }> {
  const [file, cwd] = [join(home, "script.py"), join(home, `run-${++runs}`)];
  await Promise.all([mkdir(cwd), writeFile(file, BEGINNING + code)]);
  const { stdout, stderr, code: exitCode } = await startPython({ start, interpreter, file, cwd, environment: { PYTHONPATH: await siteFolder(/import logfile/.test(code)) } });
  const names = (await readdir(cwd)).sort();
  const files = Object.fromEntries(await Promise.all(names.map(async (name) => [name, (await readFile(join(cwd, name))).toString("latin1")])));
  return { code: exitCode, stdout, stderr: stderr.replace(/0x[0-9a-f]+/g, "<address>"), files };
}

/** A folder whose sitecustomize has .pth files load modules. */
async function siteFolder(opensFile: boolean): Promise<string> {
  const folder = join(home, opensFile ? "site-with-file" : "site");
  await mkdir(join(folder, "packages"), { recursive: true });
  const files = { ...PRELOADED, "a.pth": opensFile ? "import registry, logfile\n" : "import registry\n" };
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(folder, "packages", name), text)));
  await writeFile(join(folder, "sitecustomize.py"), `import site\nsite.addsitedir(${JSON.stringify(join(folder, "packages"))})\n`);
  return folder;
}

for (const [index, interpreter] of pythons.entries()) {
  describe(`python ${interpreter.version}: the end is that of the bare interpreter, cold and warm, after`, () => {
    for (const [name, code] of Object.entries(index === 0 ? ENDS : HELD)) it(name, async () => {
      const bare = await endOf("bare", interpreter, code);
      for (const start of ["cold", "warm"] as const) assert.deepEqual(await endOf(start, interpreter, code), bare, start);
    });
  });
}

describe("python: the end of the interpreter skips what was there before the script", { skip: pythons.length === 0 && "no python3 here: NOT TESTED" }, () => {
  const REPORT = "import gc\nclass Report:\n    def __del__(self, count=gc.get_freeze_count): os.write(1, b'%d' % count())\nreport = Report()";
  for (const [what, code, skips] of [
    ["where it refers to nothing of the script", "class Item:\n    def show(self): return json.dumps([self.__class__.__name__])\nAutomnLog(Item().show())", true],
    ["nowhere else", "json.kept = []", false],
  ] as const) it(what, async () => {
    for (const start of ["cold", "warm"] as const) {
      const skipped = Number((await endOf(start, pythons[0] as Interpreter, `${REPORT}\n${code}`)).stdout.split("\n").at(-1));
      assert.ok(skips ? skipped > 1_000 : skipped === 0, `${start}: ${skipped}`);
    }
  });
});
