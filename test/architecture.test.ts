// The architecture (docs/architecture.md), held by reading the files.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, sep } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { RUNNER_VERSION } from "../runner/protocol/registration.ts";
import { NODE_FLOOR } from "../runner/lifecycle/node-floor.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const RUNNER = join(ROOT, "runner");

/** Each folder may import those below it; those on one line may import each other, as long as no circle comes of it. */
const FLOORS: readonly (readonly string[])[] = [
  ["service"],
  ["app"],
  ["http", "cli"],
  ["runs", "page"],
  ["warm", "workspace", "registration", "packages", "process"],
  ["languages", "output", "redaction", "journal", "results"],
  ["protocol", "config", "lifecycle"],
  ["lib"],
];
/** These read no file, start nothing and know no environment but what they are given. */
const PURE = ["config", "output", "redaction", "protocol"];
const IMPURE_MODULES = /^(node:)?(fs|fs\/promises|child_process|http|https|net|worker_threads|cluster)$/;

const MAX_LINES = 250;
const MAX_LINE_LENGTH = 140;

interface Source {
  /** Path below `runner/`, with slashes. */
  readonly name: string;
  readonly folder: string;
  readonly text: string;
  readonly imports: readonly { readonly target: string; readonly typeOnly: boolean }[];
}

const sources: readonly Source[] = readdirSync(RUNNER, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"))
  .map((name) => {
    const text = readFileSync(join(RUNNER, name), "utf8");
    const path = name.split(sep).join("/");
    return { name: path, folder: path.includes("/") ? (path.split("/")[0] ?? "") : path.replace(/\.ts$/, ""), text, imports: importsOf(text) };
  });

function importsOf(text: string): Source["imports"] {
  const code = text.replace(/^\s*(\/\/|\*|\/\*\*).*$/gm, "");
  const statements = [...code.matchAll(/^(import|export)\s+(type\s)?[^;"'`]*?from\s+"([^"]+)"/gm)].map(([, , typeOnly, target = ""]) => ({ target, typeOnly: typeOnly !== undefined }));
  const bare = [...code.matchAll(/^import\s+"([^"]+)"/gm)].map(([, target = ""]) => ({ target, typeOnly: false }));
  const dynamic = [...code.matchAll(/\bimport\(\s*"([^"]+)"\s*\)/g)].map(([, target = ""]) => ({ target, typeOnly: false }));
  return [...statements, ...bare, ...dynamic];
}

const local = ({ name, imports }: Source, values: boolean): string[] =>
  imports.filter(({ target, typeOnly }) => target.startsWith(".") && !(values && typeOnly)).map(({ target }) => normalize(join(dirname(name), target)).split(sep).join("/"));

const folderOf = (name: string): string => sources.find((source) => source.name === name)?.folder ?? name;
const floorOf = (folder: string): number => FLOORS.findIndex((folders) => folders.includes(folder));

/** The first circle in a graph, as the names along it. */
function circle(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  function walk(name: string, trail: readonly string[]): string[] | undefined {
    if (trail.includes(name)) return [...trail.slice(trail.indexOf(name)), name];
    if (done.has(name)) return undefined;
    for (const next of graph.get(name) ?? []) {
      const found = walk(next, [...trail, name]);
      if (found !== undefined) return found;
    }
    done.add(name);
    return undefined;
  }
  for (const name of graph.keys()) {
    const found = walk(name, []);
    if (found !== undefined) return found;
  }
  return undefined;
}

describe("the architecture", () => {
  it("has the folders that are known, and files that import files that are there", () => {
    assert.ok(sources.length > 40);
    for (const source of sources) {
      assert.ok(floorOf(source.folder) >= 0, `${source.name} lies in no known folder`);
      for (const target of local(source, false)) assert.ok(sources.some(({ name }) => name === target), `${source.name} imports ${target}`);
    }
  });

  it("imports one way: from a folder to those below", () => {
    const wrong = sources.flatMap((source) => local(source, false).filter((target) => floorOf(folderOf(target)) < floorOf(source.folder)).map((target) => `${source.name} imports ${target}`));
    assert.deepEqual(wrong, []);
  });

  it("has no circle of folders", () => {
    const folders = new Map<string, Set<string>>();
    for (const source of sources) {
      const others = local(source, false).map(folderOf).filter((folder) => folder !== source.folder);
      folders.set(source.folder, new Set([...(folders.get(source.folder) ?? []), ...others]));
    }
    assert.equal(circle(new Map([...folders].map(([folder, others]) => [folder, [...others]])))?.join(" → "), undefined);
  });

  it("has no circle of files that need each other to run", () => {
    assert.equal(circle(new Map(sources.map((source) => [source.name, local(source, true)])))?.join(" → "), undefined);
  });

  it("has a protocol that imports nothing but lib", () => {
    const wrong = sources.filter(({ folder }) => folder === "protocol").flatMap((source) => local(source, false).filter((target) => !["protocol", "lib"].includes(folderOf(target))).map((target) => `${source.name} imports ${target}`));
    assert.deepEqual(wrong, []);
  });

  it("has a service that nobody imports and that alone ends the process", () => {
    for (const source of sources) {
      assert.ok(!local(source, false).includes("service.ts"), source.name);
      if (!["service.ts", "lifecycle/node-floor.ts"].includes(source.name)) assert.ok(!/\bprocess\.exit\(/.test(source.text), `${source.name} ends the process`);
    }
  });

  for (const source of sources.filter(({ folder }) => PURE.includes(folder))) it(`keeps ${source.name} pure`, () => {
    for (const { target, typeOnly } of source.imports) assert.ok(typeOnly || !IMPURE_MODULES.test(target), `imports ${target}`);
    for (const impure of [/\bprocess\.(env|exit|kill|stdout|stderr|cwd)\b/, /\b(fetch|setInterval)\(/]) assert.ok(!impure.test(source.text), String(impure));
  });

  it("imports nothing but itself and Node's standard library", () => {
    const wrong = sources.flatMap(({ name, imports }) => imports.filter(({ target }) => !/^(\.{1,2}\/.*\.ts|node:[a-z0-9_/]+)$/.test(target)).map(({ target }) => `${name} imports ${target}`));
    assert.deepEqual(wrong, []);
  });

  it("has no file of more than 250 lines", () => {
    const wrong = sources.map(({ name, text }) => ({ name, lines: text.split("\n").length - 1 })).filter(({ lines }) => lines > MAX_LINES).map(({ name, lines }) => `${name} has ${lines} lines`);
    assert.deepEqual(wrong, []);
  });

  it("has no line longer than 140 characters", () => {
    const wrong = sources.flatMap(({ name, text }) =>
      text.split("\n").flatMap((line, index) => (line.length > MAX_LINE_LENGTH ? [`${name}:${index + 1} has ${line.length} characters`] : [])));
    assert.deepEqual(wrong, []);
  });

  it("begins each file by saying what it is", () => {
    for (const { name, text } of sources) assert.ok(/^(#!.*\n)?(\/\/ \S|\/\*\*)/.test(text), name);
  });

  it("has no second failure class, no enum, no namespace", () => {
    for (const { name, text } of sources) {
      assert.ok(!/^\s*(export\s+)?(declare\s+)?(const\s+)?(enum|namespace)\s/m.test(text), `${name} has an enum or a namespace`);
      assert.ok(name === "lib/failure.ts" || !/class \w+ extends \w*Error\b/.test(text), `${name} has a failure class`);
    }
  });
});

describe("the package", () => {
  const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as Record<string, unknown> & { engines: { node: string }; devDependencies: Record<string, string> };
  const lock = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")) as { version: string; packages: Record<string, { dev?: boolean; version: string }> };

  it("has the version that the runner tells the host, in the lock file too", () => {
    assert.equal(manifest["version"], RUNNER_VERSION);
    assert.equal(lock.version, RUNNER_VERSION);
    assert.equal(lock.packages[""]?.version, RUNNER_VERSION);
  });

  it("wants the Node that the runner wants", () => assert.equal(manifest.engines.node, `>=${NODE_FLOOR.replace(/\.0$/, "")}`));

  it("depends on nothing at run time", () => {
    for (const name of ["dependencies", "optionalDependencies", "peerDependencies", "bundleDependencies"]) assert.equal(manifest[name], undefined, name);
    assert.deepEqual(Object.keys(manifest.devDependencies).sort(), ["@types/node", "tsx", "typescript"]);
    for (const [name, entry] of Object.entries(lock.packages)) assert.ok(name === "" || entry.dev === true, `${name} is no development package`);
  });

  it("is developed against the types of the oldest Node", () => assert.match(manifest.devDependencies["@types/node"] ?? "", /^~20\.11\./));

  it("builds nothing when it is installed", () => {
    const scripts = manifest["scripts"] as Record<string, string>;
    for (const name of ["prepare", "install", "preinstall", "postinstall", "prepublish"]) assert.equal(scripts[name], undefined, name);
  });
});
