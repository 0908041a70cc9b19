// A script's own packages, once installed: which Pythons find them, and where their commands are found.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { after, describe, it } from "node:test";
import type { Interpreter } from "../../../runner/languages/language.ts";
import { temporaryFolder } from "../../support/folder.ts";
import { everyPython, startPython } from "./starts.ts";
import type { Ended, Start } from "./starts.ts";

const [interpreter, otherVersion] = everyPython();
const home = await temporaryFolder({ after });
const site = join(home, "set", "site");
let scripts = 0;

/** A package with a command, as `pip install --target` leaves it: the command's first line names the interpreter. */
async function installPackage({ path }: Interpreter): Promise<void> {
  await Promise.all([mkdir(join(site, "cow"), { recursive: true }), mkdir(join(site, "bin"), { recursive: true })]);
  await writeFile(join(site, "cow", "__init__.py"), "import sys\ndef main(): print('moo', *sys.argv[1:])\n");
  await writeFile(join(site, "cow.pth"), "import builtins; builtins.FROM_PTH = True\n");
  await writeFile(join(site, "bin", "cow"), `#!${path}\nfrom cow import main\nmain()\n`);
  await chmod(join(site, "bin", "cow"), 0o755);
}

async function run(start: Start, code: string, python = interpreter as Interpreter, ofRun: Readonly<Record<string, string>> = { AUTOMN_PACKAGES: site }): Promise<Ended> {
  const file = join(home, `script-${++scripts}.py`);
  await writeFile(file, code);
  return startPython({ start, interpreter: python, file, cwd: home, ofRun });
}

async function printed(start: Start, code: string, python?: Interpreter): Promise<string> {
  const { stdout, stderr } = await run(start, code, python);
  assert.equal(stderr, "");
  return stdout;
}

function makeVenv({ path }: Interpreter, folder: string): string {
  assert.equal(spawnSync(path, ["-m", "venv", "--without-pip", folder]).status, 0);
  return join(folder, "bin", "python");
}

/** A script that asks another Python whether it finds the package. */
const asks = (python: string, look = "import importlib.util as u; print(bool(u.find_spec('cow')), hasattr(__builtins__, 'FROM_PTH'), end=' ')") =>
  `import subprocess, sys\nsubprocess.run([${python}, '-c', ${JSON.stringify(look)}], check=True)\nimport cow\nprint(cow.__name__)`;

describe("a python script's own packages", { skip: interpreter === undefined ? "no python3 here: NOT TESTED" : process.platform === "win32" }, async () => {
  const python = interpreter as Interpreter;
  await installPackage(python);
  const venvPython = makeVenv(python, join(home, "venv"));
  const linked = join(home, "linked-python");
  await symlink(python.path, linked);

  for (const start of ["cold", "warm"] as const) {
    for (const [name, child] of [["sys.executable", "sys.executable"], ["another name of the same installation", JSON.stringify(linked)]] as const)
      it(`are found by ${name} (${start})`, async () => assert.equal(await printed(start, asks(child)), "True True cow\n"));

    it(`are not found by a venv's python (${start})`, async () => assert.equal(await printed(start, asks(JSON.stringify(venvPython))), "False False cow\n"));

    it(`are not found by another version (${start})`, { skip: otherVersion === undefined && "there is only one Python here" }, async () =>
      assert.equal(await printed(start, asks(JSON.stringify(otherVersion?.path))), "False False cow\n"));

    it(`are found by a venv's python that runs the script, and not by the one it was made of (${start})`, async () =>
      assert.equal(await printed(start, asks(JSON.stringify(python.path)), { ...python, path: venvPython }), "False False cow\n"));

    it(`are found by multiprocessing (${start})`, async () => {
      const code = "import multiprocessing as m\ndef work(_):\n    import cow\n    return cow.__name__\nif __name__ == '__main__':\n    with m.get_context('spawn').Pool(1) as pool: print(pool.map(work, [1]))";
      assert.equal(await printed(start, code), "['cow']\n");
    });

    it(`have their commands on the PATH, once and first (${start})`, async () => {
      const code = "import os, shutil, subprocess, sys\nfor command in (['cow', '1'], ['sh', '-c', 'cow 2'], [sys.executable, '-c', 'import subprocess; subprocess.run([\"cow\", \"3\"])']):\n    subprocess.run(command, check=True)\nsubprocess.run([sys.executable, '-c', 'import os; print(os.environ[\"PATH\"])'])\nprint(shutil.which('cow'))";
      assert.equal(await printed(start, code), `moo 1\nmoo 2\nmoo 3\n${join(site, "bin")}${delimiter}${process.env["PATH"]}\n${join(site, "bin", "cow")}\n`);
    });

    it(`leave the PATH alone where they have no commands (${start})`, async () => {
      const { stdout } = await run(start, "import os; print(os.environ['PATH'])", python, { AUTOMN_PACKAGES: join(home, "venv") + "-none" });
      assert.equal(stdout, `${process.env["PATH"]}\n`);
    });
  }

  it("are not looked for where a script of another language starts Python", () => {
    const environment = { PATH: process.env["PATH"], PYTHONPATH: join(import.meta.dirname, "../../../runner/languages/python/prelude/helpers"), AUTOMN_PACKAGES: site };
    const child = spawnSync(python.path, ["-c", "import importlib.util as u; print(bool(u.find_spec('cow')), 'AutomnLog' in dir(__builtins__))"], { encoding: "utf8", env: environment });
    assert.equal(child.stdout, "False True\n");
  });
});
