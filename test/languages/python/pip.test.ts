import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import type { Interpreter } from "../../../runner/languages/language.ts";
import type { PackagesRequest } from "../../../runner/packages/packages.ts";
import { failure, type Harness, openHarness, ready } from "../../packages/harness.ts";

const run = promisify(execFile);

/** The real interpreter behind a possible shim. */
const python: Interpreter | undefined = await run("python3", ["-c", "import json, pip, platform, sys; print(json.dumps({'path': sys.executable, 'version': platform.python_version()}))"])
  .then(({ stdout }) => JSON.parse(stdout) as Interpreter, () => undefined);
const skip = python === undefined && "NOT TESTED WITH PIP: no python3 with pip on the PATH";

/** A wheel is a zip with the package and its metadata. */
const MAKE_WHEEL = `
import sys, zipfile
folder, name, version, requires = sys.argv[1:5]
info = f"{name}-{version}.dist-info"
with zipfile.ZipFile(f"{folder}/{name}-{version}-py3-none-any.whl", "w") as wheel:
    wheel.writestr(f"{name}/__init__.py", f"version = {version!r}\\n")
    wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n" + (f"Requires-Dist: {requires}\\n" if requires else ""))
    wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(f"{info}/entry_points.txt", f"[console_scripts]\\n{name}-hello = builtins:print\\n")
    wheel.writestr(f"{info}/RECORD", "")
`;

const metadata = (...dependencies: string[]) => `# /// script\n# dependencies = ${JSON.stringify(dependencies)}\n# ///\n`;

describe("Python packages from a local index", { skip }, () => {
  let index: string;
  let harness: Harness;
  before(async () => {
    index = await mkdtemp(join(tmpdir(), "runner-index-"));
    for (const wheel of [["runnerdemo", "1.2.0", "runnerdep"], ["runnerdemo", "2.0.0", ""], ["runnerdep", "0.5", ""]]) await run(python?.path ?? "", ["-c", MAKE_WHEEL, index, ...wheel]);
    harness = await openHarness({ environment: { ...process.env, PIP_NO_INDEX: "1", PIP_FIND_LINKS: index } });
  });
  after(async () => {
    await harness.close();
    await rm(index, { recursive: true });
  });

  const script = (home: string): Partial<PackagesRequest> => ({ language: "python", home, ...(python === undefined ? {} : { interpreter: python }) });
  async function importIn(site: string, code: string): Promise<string> {
    return (await run(python?.path ?? "", ["-c", code], { env: { ...process.env, PYTHONPATH: site } })).stdout.trim();
  }

  test("are there for the script in their folder, with what they need themselves", async () => {
    const provision = ready(await harness.ensure(metadata("runnerdemo<2"), script("plain")));
    assert.equal(provision.codeHome, undefined);
    assert.equal(await importIn(provision.folder, "import runnerdemo, runnerdep; print(runnerdemo.version, runnerdep.version)"), "1.2.0 0.5");
    assert.ok(harness.lines.some((line) => line.startsWith("[pip] ")));
    provision.release();
  });

  test("a set satisfies the versions that it meets", async () => {
    ready(await harness.ensure(metadata("runnerdemo"), script("versions"))).release();
    harness.lines.length = 0;
    ready(await harness.ensure(metadata("RunnerDemo >= 1.5"), script("versions"))).release();
    assert.deepEqual(harness.lines, []);
    ready(await harness.ensure(metadata("runnerdemo==1.*"), script("versions"))).release();
    assert.equal((await harness.sets("versions")).length, 2);
  });

  test("of three packages the one that does not exist is named alone, with pip's reason", async () => {
    const message = failure(await harness.ensure(metadata("runnerdemo", "runner-no-such-thing", "runnerdep"), script("absent")));
    assert.match(message, /^Cannot install the Python package runner-no-such-thing: Could not find a version that satisfies the requirement runner-no-such-thing \(from versions: none\)\n {2}No matching distribution found for runner-no-such-thing$/);
    assert.deepEqual(await harness.sets("absent"), []);
  });

  test("a dependency that a marker leaves out is no reason to install again", async () => {
    const code = metadata("runnerdep", 'runner-no-such-thing; python_version < "3"');
    ready(await harness.ensure(code, script("markers"))).release();
    harness.lines.length = 0;
    ready(await harness.ensure(code, script("markers"))).release();
    assert.deepEqual(harness.lines, []);
  });

  test("uv installs where there is one that was told of an index", async () => {
    const bin = await mkdtemp(join(tmpdir(), "runner-uv-"));
    const uv = join(bin, "uv");
    // What uv is told, done by pip.
    await writeFile(uv, `#!/bin/sh\necho "uv $*"\nwhile [ $# -gt 0 ]; do case $1 in --python) p=$2;; --target) t=$2;; --requirement) r=$2;; --dry-run) d=--dry-run;; esac; shift; done\nexec "$p" -m pip install $d --target "$t" -r "$r"\n`);
    await chmod(uv, 0o755);
    const uvHouse = await openHarness({ environment: { ...harness.options.environment, UV_FIND_LINKS: index, PATH: `${bin}${delimiter}${process.env["PATH"] ?? ""}` } });
    const provision = ready(await uvHouse.ensure(metadata("runnerdep"), script("uv")));
    assert.ok(uvHouse.lines.some((line) => line.startsWith("[uv] uv pip install")), uvHouse.lines.join("\n"));
    assert.equal(await importIn(provision.folder, "import runnerdep; print(runnerdep.version)"), "0.5");
    await uvHouse.close();
    await rm(bin, { recursive: true });
  });

  test("an interpreter without pip gets one from a venv, and console scripts that outlive it", async () => {
    const bare = await mkdtemp(join(tmpdir(), "runner-bare-"));
    await run(python?.path ?? "", ["-m", "venv", "--without-pip", bare]);
    const interpreter = { path: join(bare, "bin", "python"), version: python?.version ?? "" };
    const provision = ready(await harness.ensure(metadata("runnerdep"), { ...script("bare"), interpreter }));
    assert.equal(await importIn(provision.folder, "import runnerdep; print(runnerdep.version)"), "0.5");
    await run(join(provision.folder, "bin", "runnerdep-hello"));
    provision.release();
    await rm(bare, { recursive: true });
  });

  test("an interpreter that the script does not want is its failure", async () => {
    const message = failure(await harness.ensure('# /// script\n# requires-python = ">=99"\n# ///\n', script("version")));
    assert.match(message, /The script asks for Python >=99 \(requires-python\); .* is 3\./);
  });

  test("a broken block is a clear failure", async () => {
    assert.match(failure(await harness.ensure("# /// script\n# dependencies = [\n# ///\n", script("broken"))), /Cannot read the script's metadata/);
  });

  test("pip.conf counts as it does for the user", async () => {
    const folder = join(harness.root, "config");
    await mkdir(folder);
    await writeFile(join(folder, "pip.conf"), `[global]\nno-index = true\nfind-links = ${index}\n`);
    const { PIP_FIND_LINKS: _links, PIP_NO_INDEX: _none, ...environment } = harness.options.environment;
    const other = await openHarness({ environment: { ...environment, PIP_CONFIG_FILE: join(folder, "pip.conf") } });
    ready(await other.ensure(metadata("runnerdep"), script("conf"))).release();
    await other.close();
  });
});

describe("a package index that fails", { skip }, () => {
  const script = { language: "python", ...(python === undefined ? {} : { interpreter: python }) };
  const five = metadata("one-a", "two-b", "three-c", "four-d", "five-e");

  /** What the runner says when this index answers every request in this way, and how many requests it got. */
  async function told(answer: (response: ServerResponse) => void, code = five): Promise<{ message: string; requests: string[] }> {
    const requests: string[] = [];
    const server = createServer((request, response) => {
      requests.push(request.url ?? "");
      answer(response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const harness = await openHarness({ environment: { ...process.env, PIP_INDEX_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/simple`, PIP_RETRIES: "1" } });
    const message = failure(await harness.ensure(code, script));
    await harness.close();
    server.closeAllConnections();
    server.close();
    return { message, requests };
  }

  for (const [status, words] of [[403, "Forbidden"], [401, "Unauthorized"], [429, "Too Many Requests"]] as const) {
    test(`that refuses with ${status} is told so, once for all packages, and asked about one`, async () => {
      const { message, requests } = await told((response) => response.writeHead(status).end());
      assert.match(message, new RegExp(`^Cannot install the Python packages one-a, two-b, three-c, four-d, five-e: the package index answered ${status} ${words} \\(http://127`));
      assert.deepEqual(requests.filter((url) => !url.includes("one-a")), []);
    });
  }

  test("that is overloaded is told with its status", async () => {
    const { message } = await told((response) => response.writeHead(503).end());
    assert.match(message, /five-e: the package index (?:answered 503|.*cannot be reached.*: too many 503 error responses)/);
  });

  test("that is down is told with the cause", async () => {
    const harness = await openHarness({ environment: { ...process.env, PIP_INDEX_URL: "http://127.0.0.1:9/simple", PIP_RETRIES: "1" } });
    const message = failure(await harness.ensure(five, script));
    assert.match(message, /five-e: the package index http:\/\/127\.0\.0\.1:9\/simple cannot be reached: \[Errno \d+\] Connection refused$/);
    await harness.close();
  });

  test("that has none of a package is not blamed for it", async () => {
    const { message } = await told((response) => response.writeHead(404).end(), metadata("one-a"));
    assert.match(message, /^Cannot install the Python package one-a: Could not find a version/);
  });
});
