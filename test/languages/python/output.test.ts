// What Python scripts print while they run: line by line, as on a terminal, in the script and in every Python that it starts.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import type { Interpreter } from "../../../runner/languages/language.ts";
import { temporaryFolder } from "../../support/folder.ts";
import { probePython, startPython } from "./starts.ts";
import type { Ended, Start, StartOptions } from "./starts.ts";

const interpreter = probePython("python3");
const home = await temporaryFolder({ after });
let scripts = 0;

async function run(start: Start, code: string, options: Partial<StartOptions> = {}): Promise<Ended> {
  const file = join(home, `script-${++scripts}.py`);
  await writeFile(file, code);
  return startPython({ start, interpreter: interpreter as Interpreter, file, cwd: home, ...options });
}

const LINES = 150;
const WRITERS = 6;
const PRINT = `def work(writer):\n    for n in range(${LINES}): print('<%d-%d-' % (writer, n) + 'x' * 2000 + '>')\n`;
const IN_THREADS = (body: string) => `import sys, threading\ndef work(writer):\n    for n in range(${LINES}): ${body}\nthreads = [threading.Thread(target=work, args=(writer,)) for writer in range(${WRITERS})]\n[thread.start() for thread in threads]\n[thread.join() for thread in threads]`;
const IN_PROCESSES = (method: string) => `import multiprocessing\n${PRINT}if __name__ == '__main__':\n    context = multiprocessing.get_context('${method}')\n    processes = [context.Process(target=work, args=(writer,)) for writer in range(${WRITERS})]\n    [process.start() for process in processes]\n    [process.join() for process in processes]`;
const IN_CHILDREN = (python: string) => `import subprocess, sys\nprocesses = [subprocess.Popen([${python}, '-c', ${JSON.stringify(PRINT)} + 'work(%d)' % writer]) for writer in range(${WRITERS})]\n[process.wait() for process in processes]`;

const WRITTEN_TOGETHER: Readonly<Record<string, string>> = {
  "threads that print": IN_THREADS("print('<%d-%d-' % (writer, n) + 'x' * 2000 + '>')"),
  "threads that print several values": IN_THREADS("print('<%d' % writer, n, 'x' * 2000 + '>', sep='-')"),
  "threads that write": IN_THREADS("sys.stdout.write('<%d-%d-' % (writer, n) + 'x' * 2000 + '>\\n')"),
  "forked processes": IN_PROCESSES("fork"),
  "spawned processes": IN_PROCESSES("spawn"),
  "child processes": IN_CHILDREN("sys.executable"),
};

/** Ways in which a script ends while a partial line is pending. */
const ENDS: Readonly<Record<string, string>> = {
  "at the last line": "print('pending', end='')",
  "by sys.exit": "import sys\nprint('pending', end='')\nsys.exit(3)",
  "by an exception": "print('pending', end='')\nraise ValueError('end')",
  "by KeyboardInterrupt": "print('pending', end='')\nraise KeyboardInterrupt",
  "in an exit function": "import atexit\natexit.register(lambda: print('pending', end=''))",
  "with a thread that goes on": "import threading, time\ndef work():\n    time.sleep(0.05); print('pending', end='')\nthreading.Thread(target=work).start()",
  "with a daemon thread": "import threading\nready = threading.Event()\ndef work():\n    print('pending', end=''); ready.set(); threading.Event().wait()\nthreading.Thread(target=work, daemon=True).start(); ready.wait()",
  "in a forked process": "import multiprocessing as m\ndef work(): print('pending', end='')\nif __name__ == '__main__':\n    process = m.get_context('fork').Process(target=work); process.start(); process.join()",
  "in a spawned process": "import multiprocessing as m\ndef work(): print('pending', end='')\nif __name__ == '__main__':\n    process = m.get_context('spawn').Process(target=work); process.start(); process.join()",
  "by os.fork": "import os\nif os.fork() == 0: print('pending', end='')\nelse: os.wait()",
  "by SIGTERM with a handler": "import os, signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(4))\nprint('pending', end='')\nos.kill(os.getpid(), signal.SIGTERM)\nsignal.pause()",
  "by os._exit, which drops it": "import os\nprint('pending', end='')\nos._exit(5)",
  "by SIGTERM, which drops it": "import os, signal\nprint('pending', end='')\nos.kill(os.getpid(), signal.SIGTERM)\nsignal.pause()",
};

describe("the output of python scripts", { skip: interpreter === undefined && "no python3 here: NOT TESTED" }, () => {
  for (const start of ["cold", "warm"] as const) {
    for (const [writers, code] of Object.entries(WRITTEN_TOGETHER)) it(`has whole lines of ${writers} (${start})`, async () => {
      const { stdout, stderr } = await run(start, code);
      const lines = stdout.split("\n");
      assert.deepEqual([stderr, lines.length, lines.filter((line) => !/^<\d+-\d+-x{2000}>$/.test(line))], ["", WRITERS * LINES + 1, [""]]);
    });

    for (const [end, code] of Object.entries(ENDS)) it(`has a partial line where a script ends ${end}, as that of the bare interpreter (${start})`, async () => {
      const bare = await run("bare", code);
      const { stdout, code: exitCode, signal } = await run(start, code);
      assert.deepEqual({ stdout, exitCode, signal }, { stdout: bare.stdout, exitCode: bare.code, signal: bare.signal });
    });

    it(`shows a line at once, and a partial one that is flushed (${start})`, async () => {
      for (const [shown, code] of [["line\n", "print('line')"], ["flushed", "print('flushed', end='', flush=True)"], ["50%\r", "print('50%', end='\\r')"]] as const) {
        const go = join(home, `go-${++scripts}`);
        let seen = "";
        const { stdout } = await run(start, `import os, time\n${code}\nwhile not os.path.exists(${JSON.stringify(go)}): time.sleep(0.01)\nprint('end')`, {
          onStdout: (text) => { if ((seen += text) === shown) void writeFile(go, ""); },
        });
        assert.equal(stdout, `${shown}end\n`);
      }
    });
  }

  it("has whole lines of a venv's python", async () => {
    const venv = join(home, "venv");
    assert.equal(spawnSync((interpreter as Interpreter).path, ["-m", "venv", "--without-pip", venv]).status, 0);
    const { stdout } = await run("cold", IN_CHILDREN(JSON.stringify(join(venv, "bin", "python"))));
    assert.deepEqual(stdout.split("\n").filter((line) => !/^<\d+-\d+-x{2000}>$/.test(line)), [""]);
  });

  it("is unbuffered where a script asks for that, for itself or for a child", async () => {
    const look = "import sys; print(sys.stdout.write_through, sys.stdout.line_buffering)";
    const asks = { "PYTHONUNBUFFERED": "1" };
    assert.equal((await run("cold", look, { environment: asks })).stdout, (await run("bare", look, { environment: asks })).stdout);
    for (const start of ["cold", "warm"] as const) {
      const children = ["[sys.executable, '-u', '-c', look]", "[sys.executable, '-c', look], env={**os.environ, 'PYTHONUNBUFFERED': '1'}", "[sys.executable, '-c', look]"];
      const { stdout } = await run(start, `import os, subprocess, sys\nlook = ${JSON.stringify(look)}\n${children.map((child) => `subprocess.run(${child})`).join("\n")}`);
      assert.match(stdout, /^True (True|False)\nTrue (True|False)\nFalse True\n$/, start);
    }
  });

  it("keeps the order of partial lines and markers, with a redirected stdout too", async () => {
    for (const start of ["cold", "warm"] as const) {
      const { stdout } = await run(start, "import contextlib, io\nprint('a', end='')\nwith contextlib.redirect_stdout(io.StringIO()): AutomnLog('m')\nprint('b', end=''); AutomnReturn(1); sys.stdout.buffer.write(b'c'); AutomnRunLog('d')");
      assert.equal(stdout, 'a__SCRIPTLOG__{"message":"m","level":"info","context":{},"type":"general"}\nb__SCRIPTRETURN__1\ncd\n', start);
    }
  });

  it("is the standard error of the bare interpreter, by lines in Python 3.8 too", async () => {
    const code = "import sys\nprint(sys.stderr.line_buffering, sys.stderr.write_through, file=sys.stderr)\nprint('partial', end='', file=sys.stderr)";
    assert.equal((await run("cold", code)).stderr, "True False\npartial");
  });
});
