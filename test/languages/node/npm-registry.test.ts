// npm against a registry of the test's own: what is asked of the registry, and what becomes of its failures.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import { failure, type Harness, openHarness, ready, registryMissing } from "../../packages/harness.ts";
import { type NpmRegistry, openNpmRegistry } from "../../support/npm-registry.ts";

interface Bench extends Harness {
  readonly registry: NpmRegistry;
  /** Installs for a script with this code, in a home of its own; the installed version of a package. */
  install(code: string, name: string): Promise<string>;
}

/** Runs a test with a registry, an npm cache and a home of its own. */
async function withRegistry(act: (bench: Bench) => Promise<void>, options: { maxAgeSeconds?: number; npmPath?: string; ignoreScripts?: boolean } = {}): Promise<void> {
  const registry = await openNpmRegistry(options);
  const home = await mkdtemp(join(tmpdir(), "runner-npm-home-"));
  const environment = {
    PATH: process.env["PATH"], HOME: home, npm_config_registry: registry.url, npm_config_cache: join(home, "cache"), npm_config_userconfig: join(home, ".npmrc"),
    npm_config_fetch_retries: "1", npm_config_fetch_retry_mintimeout: "10", npm_config_fetch_retry_maxtimeout: "20",
  };
  const harness = await openHarness({ environment, npmPath: options.npmPath, npmIgnoreScripts: options.ignoreScripts ?? false });
  let homes = 0;
  const bench: Bench = {
    ...harness, registry,
    async install(code, name) {
      const { folder, release } = ready(await harness.ensure(code, { home: `script-${(homes += 1)}` }));
      const manifest = JSON.parse(await readFile(join(folder, name, "package.json"), "utf8")) as { version: string };
      release();
      return manifest.version;
    },
  };
  try {
    await act(bench);
  } finally {
    await harness.close();
    await registry.close();
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  }
}

describe("npm and its cache", () => {
  test("a range that the cached metadata cannot satisfy is looked for in the registry", () => withRegistry(async ({ registry, install }) => {
    registry.publish({ name: "a", version: "1.0.0" });
    assert.equal(await install('require("a") // @^1', "a"), "1.0.0");
    registry.publish({ name: "a", version: "2.0.0" });
    assert.equal(await install('require("a") // @^2', "a"), "2.0.0");
  }));

  test("so is an exact version, and a version that only a dependency asks for", () => withRegistry(async ({ registry, install }) => {
    registry.publish({ name: "a", version: "1.0.0" });
    registry.publish({ name: "b", version: "1.0.0", dependencies: { a: "^1" } });
    assert.equal(await install('require("b") // @1.0.0', "b"), "1.0.0");
    registry.publish({ name: "a", version: "2.1.0" });
    registry.publish({ name: "b", version: "2.0.0", dependencies: { a: "^2" } });
    assert.equal(await install('require("b") // @2.0.0', "b"), "2.0.0");
  }));

  test("a tag is asked for anew each time", () => withRegistry(async ({ registry, install }) => {
    registry.publish({ name: "a", version: "1.0.0", tags: ["next"] });
    for (const tag of ["latest", "next"]) assert.equal(await install(`require("a") // @${tag}`, "a"), "1.0.0");
    registry.publish({ name: "a", version: "1.1.0", tags: ["next"] });
    for (const tag of ["latest", "next"]) assert.equal(await install(`require("a") // @${tag}`, "a"), "1.1.0");
  }));

  test("a range that the cache satisfies asks the registry nothing", () => withRegistry(async ({ registry, install }) => {
    registry.publish({ name: "a", version: "1.0.0" });
    await install('require("a") // @^1', "a");
    registry.requests.length = 0;
    assert.equal(await install('require("a") // @1.x', "a"), "1.0.0");
    assert.deepEqual(registry.requests, []);
  }));

  test("without a version, cached metadata counts while the registry's max-age has not passed", () => withRegistry(async ({ registry, install }) => {
    registry.publish({ name: "a", version: "1.0.0" });
    await install('require("a")', "a");
    registry.requests.length = 0;
    await install('require("a")', "a");
    assert.deepEqual(registry.requests, []);
  }));

  test("without a version, older metadata is asked for again", () => withRegistry(async ({ registry, install }) => {
    registry.publish({ name: "a", version: "1.0.0" });
    await install('require("a")', "a");
    registry.publish({ name: "a", version: "1.2.0" });
    assert.equal(await install('require("a")', "a"), "1.2.0");
  }, { maxAgeSeconds: 0 }));

  test("a registry that is down leaves what is in the cache usable, and is named where nothing is", () => withRegistry(async ({ registry, install, ensure }) => {
    registry.publish({ name: "a", version: "1.0.0" });
    await install('require("a") // @latest', "a");
    await registry.close();
    assert.equal(await install('require("a") // @latest', "a"), "1.0.0");
    assert.match(failure(await ensure('require("b")', { home: "absent" })), /ECONNREFUSED/);
  }));
});

describe("npm and a registry that fails", () => {
  test("a download that is cut off once is tried again", () => withRegistry(async ({ registry, install, lines }) => {
    registry.publish({ name: "a", version: "1.0.0", files: { "large.txt": "x".repeat(100_000) + Math.random() } });
    registry.misbehave(/\.tgz$/, "cut off");
    assert.equal(await install('require("a") // @1', "a"), "1.0.0");
    assert.ok(lines.some((line) => line.startsWith("[npm] A download was incomplete: trying once more")), lines.join("\n"));
  }));

  test("a registry that refuses is told with its status", () => withRegistry(async ({ registry, ensure }) => {
    registry.publish({ name: "a", version: "1.0.0" });
    registry.misbehave(/^\/a$/, ...Array<{ status: number }>(8).fill({ status: 403 }));
    assert.match(failure(await ensure('require("a")')), /^Cannot install the npm package a: .*403/s);
  }));
});

const script = (lines: readonly string[], code = 1) => `node -e "${lines.map((line) => `console.error('${line}')`).join(";")};process.exit(${code})"`;

describe("npm and install scripts", () => {
  test("a failed install script is told by what it said first and last, without its frames", () => withRegistry(async ({ registry, ensure }) => {
    const frames = Array.from({ length: 40 }, (_, index) => `    at step${index} (file.js:${index}:1)`);
    registry.publish({ name: "a", version: "1.0.0", scripts: { postinstall: script(["tool frobnicator not found", ...frames, "giving up"]) } });
    const message = failure(await ensure('require("a")'));
    assert.match(message, /tool frobnicator not found/);
    assert.match(message, /giving up/);
    assert.doesNotMatch(message, /at step|\bpath \/|command sh/);
  }));

  const ran = { name: "a", version: "1.0.0", scripts: { postinstall: "node -e \"require('fs').writeFileSync('ran.txt','')\"" } };
  const hasRun = async (bench: Bench) => {
    const { folder, release } = ready(await bench.ensure('require("a")'));
    release();
    return readFile(join(folder, "a", "ran.txt")).then(() => true, () => false);
  };

  test("install scripts run, unless the operator turned them off", async () => {
    for (const ignoreScripts of [false, true]) await withRegistry(async (bench) => {
      bench.registry.publish(ran);
      assert.equal(await hasRun(bench), !ignoreScripts);
    }, { ignoreScripts });
  });

  test("what npm says it has blocked is a failure that names it", async () => {
    const folder = await mkdtemp(join(tmpdir(), "runner-npm-"));
    const npm = join(folder, "npm");
    const said = [
      "npm warn install-scripts 2 packages had install scripts blocked because they are not covered by allowScripts:",
      "npm warn install-scripts   a@1.0.0 (postinstall: node x.js)", "npm warn install-scripts   @scope/b@2.0.0 (install: node-gyp rebuild)", "npm warn install-scripts",
    ];
    await writeFile(npm, `#!/bin/sh\n${said.map((line) => `echo '${line}' >&2`).join("\n")}\n`, { mode: 0o755 });
    await withRegistry(async ({ ensure }) => {
      assert.equal(failure(await ensure('require("a")')), "Cannot install the npm package a: npm blocked the install scripts of a, @scope/b");
    }, { npmPath: npm });
    await rm(folder, { recursive: true, force: true });
  });

  for (const version of ["10", "11", "12"]) test(`npm ${version} runs install scripts`, { skip: registryMissing }, async () => {
    const folder = await mkdtemp(join(tmpdir(), "runner-npm-"));
    await writeFile(join(folder, "package.json"), "{}");
    await promisify(execFile)("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", `npm@${version}`], { cwd: folder });
    await withRegistry(async (bench) => {
      bench.registry.publish(ran);
      assert.equal(await hasRun(bench), true, bench.lines.join("\n"));
    }, { npmPath: join(folder, "node_modules", "npm", "bin", "npm-cli.js") });
    await rm(folder, { recursive: true, force: true });
  });
});
