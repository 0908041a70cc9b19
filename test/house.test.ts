// The house rules of design.md, held by reading the files.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, sep } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { RUNNER_VERSION } from "../runner/contract/registration.ts";
import { NODE_FLOOR } from "../runner/lifecycle/node-floor.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const RUNNER = join(ROOT, "runner");

/** Each room may import those below it; those on one line may import each other, as long as no circle comes of it. */
const FLOORS: readonly (readonly string[])[] = [
  ["service"],
  ["runner"],
  ["routes"],
  ["execution", "packages", "host", "page", "http"],
  ["languages", "output", "state", "lifecycle"],
  ["contract", "config"],
];
const PURE = ["contract", "output", "config"];
const IMPURE_MODULES = /^(node:)?(fs|fs\/promises|child_process|http|https|net|worker_threads|cluster)$/;

/** More lines than this are too many, except where a file is one table or one story. */
const MOST_LINES = 250;
const LONG: Readonly<Record<string, number>> = {
  "config.ts": 420, // one table
  "execution/run.ts": 320, // a run from start to result
  "packages/store.ts": 320, // one register and its rules
  "packages/toml.ts": 300, // one grammar
  "packages/javascript-tokens.ts": 320, // one grammar
};

interface Source {
  /** Path below `runner/`, with slashes. */
  readonly name: string;
  readonly room: string;
  readonly text: string;
  readonly imports: readonly { readonly target: string; readonly typeOnly: boolean }[];
}

const sources: readonly Source[] = readdirSync(RUNNER, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"))
  .map((name) => {
    const text = readFileSync(join(RUNNER, name), "utf8");
    const path = name.split(sep).join("/");
    return { name: path, room: path.includes("/") ? (path.split("/")[0] ?? "") : path.replace(/\.ts$/, ""), text, imports: importsOf(text) };
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

const roomOf = (name: string): string => sources.find((source) => source.name === name)?.room ?? name;
const floorOf = (room: string): number => FLOORS.findIndex((rooms) => rooms.includes(room));

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

describe("the house", () => {
  it("has the rooms that are known, and files that import files that are there", () => {
    assert.ok(sources.length > 40);
    for (const source of sources) {
      assert.ok(floorOf(source.room) >= 0, `${source.name} lies in no known room`);
      for (const target of local(source, false)) assert.ok(sources.some(({ name }) => name === target), `${source.name} imports ${target}`);
    }
  });

  it("imports one way: from a room to those below", () => {
    const wrong = sources.flatMap((source) => local(source, false).filter((target) => floorOf(roomOf(target)) < floorOf(source.room)).map((target) => `${source.name} imports ${target}`));
    assert.deepEqual(wrong, []);
  });

  it("has no circle of rooms", () => {
    const rooms = new Map<string, Set<string>>();
    for (const source of sources) {
      const others = local(source, false).map(roomOf).filter((room) => room !== source.room);
      rooms.set(source.room, new Set([...(rooms.get(source.room) ?? []), ...others]));
    }
    assert.equal(circle(new Map([...rooms].map(([room, others]) => [room, [...others]])))?.join(" → "), undefined);
  });

  it("has no circle of files that need each other to run", () => {
    assert.equal(circle(new Map(sources.map((source) => [source.name, local(source, true)])))?.join(" → "), undefined);
  });

  it("has a contract that imports no other room", () => {
    const wrong = sources.filter(({ room }) => room === "contract").flatMap((source) => local(source, false).filter((target) => roomOf(target) !== "contract").map((target) => `${source.name} imports ${target}`));
    assert.deepEqual(wrong, []);
  });

  it("has a service that nobody imports and that alone ends the process", () => {
    for (const source of sources) {
      assert.ok(!local(source, false).includes("service.ts"), source.name);
      if (!["service.ts", "lifecycle/node-floor.ts"].includes(source.name)) assert.ok(!/\bprocess\.exit\(/.test(source.text), `${source.name} ends the process`);
    }
  });

  for (const source of sources.filter(({ room }) => PURE.includes(room))) it(`keeps ${source.name} pure`, () => {
    for (const { target, typeOnly } of source.imports) assert.ok(typeOnly || !IMPURE_MODULES.test(target), `imports ${target}`);
    for (const impure of [/\bprocess\.(env|exit|kill|stdout|stderr|cwd)\b/, /\b(fetch|setInterval)\(/]) assert.ok(!impure.test(source.text), String(impure));
  });

  it("imports nothing but itself and Node's standard library", () => {
    const wrong = sources.flatMap(({ name, imports }) => imports.filter(({ target }) => !/^(\.{1,2}\/.*\.ts|node:[a-z0-9_/]+)$/.test(target)).map(({ target }) => `${name} imports ${target}`));
    assert.deepEqual(wrong, []);
  });

  it("has no long files but those that are one table or one story", () => {
    const wrong = sources.map(({ name, text }) => ({ name, lines: text.split("\n").length - 1 })).filter(({ name, lines }) => lines > (LONG[name] ?? MOST_LINES)).map(({ name, lines }) => `${name} has ${lines} lines`);
    assert.deepEqual(wrong, []);
  });

  it("begins each file by saying what it is", () => {
    for (const { name, text } of sources) assert.ok(/^(#!.*\n)?(\/\/ \S|\/\*\*)/.test(text), name);
  });

  it("has no second failure class, no enum, no namespace", () => {
    for (const { name, text } of sources) {
      assert.ok(!/^\s*(export\s+)?(declare\s+)?(const\s+)?(enum|namespace)\s/m.test(text), `${name} has an enum or a namespace`);
      assert.ok(name === "contract/failure.ts" || !/class \w+ extends \w*Error\b/.test(text), `${name} has a failure class`);
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
