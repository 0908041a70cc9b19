import assert from "node:assert/strict";
import { chmod, mkdir, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { close } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, it } from "node:test";
import { NamedPipes } from "../../runner/process/named-pipes.ts";
import type { Pipe } from "../../runner/process/named-pipes.ts";
import { PosixStdioFactory } from "../../runner/process/stdio-posix.ts";
import { afterwards } from "../support/cleanup.ts";
import type { TestContext } from "../support/cleanup.ts";
import { exfatDisk, whichOf } from "../support/disks.ts";
import { temporaryFolder } from "../support/folder.ts";
import { runOn } from "../support/output-pipe.ts";

const posix = { skip: process.platform === "win32" && "not on Windows" };

/** Changes a variable of this process for one test. */
function setVariable(t: TestContext, name: string, value: string): void {
  const before = process.env[name];
  process.env[name] = value;
  afterwards(t, () => {
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  });
}

/** Has `mkfifo` be this shell script for one test. */
async function fakeMkfifo(t: TestContext, script: string): Promise<void> {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, "mkfifo"), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, "mkfifo"), 0o755);
  setVariable(t, "PATH", `${folder}${delimiter}${process.env["PATH"]}`);
}

const REFUSE = "echo \"mkfifo: cannot create fifo '$1': Operation not permitted\" >&2; exit 1";

/** What is wrong with the place for the pipes, and what is right then. */
interface Case {
  readonly what: string;
  /** Makes it so; the folder is that for the pipes, which is not there yet. False where this machine cannot have it. */
  readonly arrange: (t: TestContext, directory: string) => Promise<string | undefined>;
  readonly problem: RegExp;
  /** Whether a script can open /dev/stdout. */
  readonly named: boolean;
}

const CASES: readonly Case[] = [
  {
    what: "mkfifo is missing",
    async arrange(t, directory) {
      setVariable(t, "PATH", await temporaryFolder(t));
      return directory;
    },
    problem: /there is no mkfifo on the PATH\) nor in .*scripts cannot open \/dev\/stdout/, named: false,
  },
  {
    what: "the file system has no named pipes",
    async arrange(t) {
      const disk = await exfatDisk(t);
      return disk === undefined ? undefined : join(disk, "pipes");
    },
    problem: /^Cannot make named pipes in .*pipes \(.+\); they are made in .* instead$/, named: true,
  },
  {
    what: "the file system refuses named pipes",
    async arrange(t, directory) {
      await fakeMkfifo(t, `case "$1" in ${directory}/*) ${REFUSE};; esac; exec ${await whichOf("mkfifo")} "$@"`);
      return directory;
    },
    problem: /\(Operation not permitted\); they are made in/, named: true,
  },
  {
    what: "mkfifo makes ordinary files",
    async arrange(t, directory) {
      await fakeMkfifo(t, 'for name; do : > "$name"; done');
      return directory;
    },
    problem: /mkfifo makes something else/, named: false,
  },
  {
    what: "the file system refuses named pipes and there is no temporary directory",
    async arrange(t, directory) {
      await fakeMkfifo(t, REFUSE);
      setVariable(t, "TMPDIR", join(directory, "none"));
      return directory;
    },
    problem: /\(Operation not permitted\) nor in .*\(ENOENT.*\); scripts cannot open/, named: false,
  },
  {
    what: "the folder cannot be made",
    async arrange(_, directory) {
      await writeFile(directory, "");
      return directory;
    },
    problem: /\(EEXIST.*\); they are made in/, named: true,
  },
];

describe("PosixStdioFactory: where named pipes cannot be made", posix, () => {
  for (const { what, arrange, problem, named } of CASES) it(`streams work all the same: ${what}`, async (t) => {
    const home = await temporaryFolder(t);
    const inputFile = join(home, "input.json");
    await writeFile(inputFile, '{"in":"put"}');
    const shell = await whichOf("sh");
    const directory = await arrange(t, join(home, "pipes"));
    if (directory === undefined) return t.skip("NOT TESTED: no such file system can be mounted here");
    const warnings: string[] = [];
    const factory = new PosixStdioFactory({ directory, log: { warn: (message) => void warnings.push(message) } });
    await factory.prepare();
    assert.match(factory.problem ?? "", problem);
    const script = 'read -r line; echo "$line"; echo err >&2; exec 3>&1; { echo opened > /dev/stdout; } 2>/dev/null || echo refused >&3';
    for (let n = 0; n < 40; n++) {
      const result = await runOn(await factory.make(inputFile), shell, ["-c", script]);
      assert.deepEqual([result.stdout, result.stderr], [`{"in":"put"}\n${named ? "opened" : "refused"}\n`, "err\n"]);
    }
    assert.deepEqual(warnings, [factory.problem], "said once");
    await factory.close();
    assert.deepEqual(await readdir(directory).catch(() => []), [], "nothing is left");
    return undefined;
  });

  it("problem: nothing where they can be made", async (t) => {
    const factory = new PosixStdioFactory({ directory: join(await temporaryFolder(t), "pipes") });
    await factory.prepare();
    assert.equal(factory.problem, undefined);
    await factory.close();
  });
});

describe("NamedPipes", posix, () => {
  async function start(t: TestContext) {
    const folder = await temporaryFolder(t);
    const pipes = new NamedPipes(() => Promise.resolve(folder));
    afterwards(t, () => pipes.close());
    return { folder, pipes };
  }

  function closeBoth(pipe: Pipe | undefined): void {
    for (const fd of [pipe?.reader, pipe?.writer]) if (fd !== undefined) close(fd, () => {});
  }

  for (const umask of [0o022, 0, 0o077]) it(`pipes are for the runner's own user alone, with the umask ${umask.toString(8)}`, async (t) => {
    const { folder, pipes } = await start(t);
    const before = process.umask(umask);
    afterwards(t, () => process.umask(before));
    await pipes.prepare();
    const names = await readdir(folder);
    assert.equal(names.length, 32);
    for (const name of names) assert.equal((await stat(join(folder, name))).mode & 0o777, 0o600);
    assert.equal(process.umask(umask), umask, "the umask is as it was");
  });

  it("busybox makes them too", async (t) => {
    const busybox = await whichOf("busybox").catch(() => undefined);
    if (busybox === undefined) return t.skip("NOT TESTED: there is no busybox");
    const programs = await temporaryFolder(t);
    await symlink(busybox, join(programs, "mkfifo"));
    setVariable(t, "PATH", programs);
    const { pipes } = await start(t);
    const pipe = await pipes.open();
    assert.deepEqual([pipe !== undefined, pipes.problem], [true, undefined]);
    closeBoth(pipe);
    return undefined;
  });

  it("a folder that was removed is no problem: the pipes are made anew", async (t) => {
    const { folder, pipes } = await start(t);
    await pipes.prepare();
    await rm(folder, { recursive: true });
    await mkdir(folder);
    const pipe = await pipes.open();
    assert.deepEqual([pipe !== undefined, pipes.problem], [true, undefined]);
    closeBoth(pipe);
  });

  it("a folder that cannot hold them is not tried again for every pipe", async (t) => {
    const { folder } = await start(t);
    let tries = 0;
    const pipes = new NamedPipes(() => {
      tries += 1;
      return Promise.reject(new Error(`no ${folder}`));
    });
    for (let n = 0; n < 5; n++) assert.equal(await pipes.open(), undefined);
    assert.deepEqual([tries, pipes.problem], [1, `no ${folder}`]);
  });
});
