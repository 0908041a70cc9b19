import assert from "node:assert/strict";
import { join, resolve } from "node:path";
import { describe, it } from "node:test";
import { readConfig, secretFiles } from "../../runner/config/config.ts";
import type { Config, ConfigReading, FileContent } from "../../runner/config/config.ts";
import { secretText } from "../../runner/config/readers.ts";
import { SECRET_WORDS } from "../../runner/config/secret-words.ts";
import { VARIABLES } from "../../runner/config/variables.ts";
import type { Variable } from "../../runner/config/variables.ts";

const SECRET = "correct-horse-battery";

function read(env: Record<string, string>, { files = {}, isTerminal = false }: { files?: Record<string, FileContent>; isTerminal?: boolean } = {}): ConfigReading {
  return readConfig(env, { files: new Map(Object.entries(files)), defaultDataDir: "/opt/data", isTerminal });
}

function config(env: Record<string, string>, more?: Parameters<typeof read>[1]): Config {
  const { config: found, problems } = read(env, more);
  assert.deepEqual(problems, []);
  assert.ok(found !== undefined);
  return found;
}

interface Rule {
  readonly field: keyof Config | readonly [keyof Config, string];
  readonly good: readonly (readonly [text: string, value: unknown])[];
  readonly bad: readonly string[];
  readonly wanted?: RegExp;
}

const TIMER = 2 ** 31 - 1;
const URLS = ["host", "ftp://host", "//host", "http://", "https://u:p@host", "https://u@host", "http://host/#x", "file:///etc/passwd", "javascript:alert(1)", "http://a b"];
const COUNTS = ["0", "-1", "1.5", "abc", "1e3", "0x10", "+5", "5 s", "١", "99999999999999999999"];
const SECRETS = ["short", "elevenchars", "with-a-tab\tinside", "ümlaut-secret-123", "emoji-secret-😀😀", "line\nbreak-secret"];

const RULES: { readonly [K in keyof typeof VARIABLES]: Rule } = {
  hostUrl: { field: "hostUrl", good: [["https://host", "https://host"], [" http://host:1/x/ ", "http://host:1/x/"], ["http://[::1]:3000", "http://[::1]:3000"]], bad: [...URLS, "http://host/?q=1"], wanted: /wanted/ },
  runnerId: { field: "runnerId", good: [["r1", "r1"], [" a/b ", "a/b"]], bad: [] },
  publicUrl: { field: "endpointUrl", good: [["http://r:1", "http://r:1/api/run"]], bad: [...URLS, "http://r/?q=1"], wanted: /wanted/ },
  endpointUrl: { field: "endpointUrl", good: [["http://r:1/jobs", "http://r:1/jobs"]], bad: URLS, wanted: /wanted/ },
  endpointPath: {
    field: ["jobPaths", "1"], good: [["/jobs", "/jobs"], ["jobs", "/jobs"], ["/a/b/c", "/a/b/c"], ["/api/run2", "/api/run2"]],
    bad: ["/", "//x", "/a/../b", "/a/./b", "/a?x", "/a#b", "/a b", "/ü", "/status", "/favicon.ico", "/ui", "/ui/register", "/assets/x", "/internal/reset", "/api/runs", "/api/runs/1", "/api/packages/status", "/:id", "/*", "/status/"],
    wanted: /wanted a (plain path|path that)/,
  },
  dataDir: { field: "scriptsDir", good: [["/var/d", "/var/d/scripts"], ["rel", join(resolve("rel"), "scripts")]], bad: [] },
  stateDir: { field: "stateDir", good: [["/var/s", "/var/s"], ["rel", resolve("rel")]], bad: [] },
  stateFile: { field: "stateFile", good: [["other.json", "/opt/data/state/other.json"], ["/x/y.json", "/x/y.json"], ["./y.json", resolve("y.json")]], bad: [] },
  scriptsDir: { field: "scriptsDir", good: [["/var/s", "/var/s"]], bad: [] },
  workDir: { field: "workDir", good: [["/var/w", "/var/w"]], bad: [] },
  heartbeatMs: { field: "heartbeatMs", good: [["0", 0], ["5000", 5000], [" 60000 ", 60_000], [String(TIMER), TIMER]], bad: ["-1", "abc", "1.5", "1e3", String(TIMER + 1)], wanted: /wanted 0 to 2147483647/ },
  secret: { field: "secret", good: [[SECRET, SECRET], [`  ${SECRET}\n`, SECRET], ["twelve chars", "twelve chars"], ["~!@#$%^&*()_+", "~!@#$%^&*()_+"]], bad: SECRETS, wanted: /wanted (at least 12 characters, found \d+|printable ASCII only, found other characters)$/ },
  secretFile: { field: "secret", good: [], bad: [] },
  resetToken: { field: "resetToken", good: [[SECRET, SECRET]], bad: SECRETS, wanted: /wanted/ },
  resetTokenFile: { field: "resetToken", good: [], bad: [] },
  statusMessage: { field: "statusMessage", good: [["in the cellar", "in the cellar"]], bad: [] },
  maxConcurrency: { field: "advertisedConcurrency", good: [["1", 1], ["64", 64]], bad: COUNTS, wanted: /wanted a whole number from 1, found/ },
  localMaxConcurrency: { field: "localMaxConcurrency", good: [["1", 1], ["007", 7]], bad: COUNTS, wanted: /wanted a whole number from 1, found/ },
  timeoutMs: { field: "timeoutMs", good: [["1", 1], ["90000", 90_000]], bad: [...COUNTS, String(TIMER + 1)], wanted: /wanted 1 to 2147483647/ },
  port: { field: "port", good: [["0", 0], ["80", 80], ["65535", 65_535]], bad: ["65536", "-1", "http", "80.5", "0x50"], wanted: /wanted 0 to 65535/ },
  bind: { field: "bind", good: [["127.0.0.1", "127.0.0.1"], ["::", "::"]], bad: [] },
  nodePath: { field: ["interpreters", "node"], good: [["/opt/node", "/opt/node"]], bad: [] },
  pythonPath: { field: ["interpreters", "python"], good: [["python3.12", "python3.12"]], bad: [] },
  powershellPath: { field: ["interpreters", "powershell"], good: [["/opt/pwsh", "/opt/pwsh"]], bad: [] },
  shellPath: { field: ["interpreters", "shell"], good: [["/bin/dash", "/bin/dash"]], bad: [] },
  killGraceMs: { field: "killGraceMs", good: [["0", 0], ["250", 250]], bad: ["-1", "soon"], wanted: /wanted 0 to/ },
  drainMs: { field: "drainMs", good: [["0", 0], ["1", 1]], bad: ["-1", "soon"], wanted: /wanted 0 to/ },
  onDisconnect: { field: "onDisconnect", good: [["cancel", "cancel"], ["Continue", "continue"]], bad: ["stop"], wanted: /wanted cancel, continue, found "stop"/ },
  maxMemoryMb: { field: "maxMemoryMb", good: [["64", 64]], bad: ["0", "1g"], wanted: /wanted a whole number from 1/ },
  maxOutputBytes: { field: "maxOutputBytes", good: [["0", 0], ["10", 10]], bad: ["-1", "1M", "67108865"], wanted: /wanted 0 to 67108864/ },
  journalMaxBytes: { field: "journalMaxBytes", good: [["4096", 4096]], bad: ["4095", "x"], wanted: /wanted a whole number from 4096/ },
  keepResultsMb: { field: "keepResultsBytes", good: [["0", 0], ["2", 2 * 1024 * 1024]], bad: ["-1", "x"], wanted: /wanted 0 to/ },
  redact: { field: "secretWords", good: [["off", []]], bad: [] },
  warm: { field: "warm", good: [["0", 0], ["3", 3]], bad: ["-1", "65", "yes"], wanted: /wanted 0 to 64/ },
  packages: { field: "packages", good: [["offline", "offline"], ["OFF", "off"]], bad: ["on"], wanted: /wanted auto, offline, off, found "on"/ },
  packagesMaxMb: { field: "packagesMaxBytes", good: [["1", 1_048_576]], bad: ["0", "2g"], wanted: /wanted 1 to/ },
  installConcurrency: { field: "installConcurrency", good: [["1", 1], ["8", 8]], bad: ["0", "x"], wanted: /wanted a whole number from 1/ },
  installTimeoutMs: { field: "installTimeoutMs", good: [["1", 1]], bad: ["0", "x"], wanted: /wanted 1 to/ },
  npmPath: { field: "npmPath", good: [["/opt/npm", "/opt/npm"]], bad: [] },
  npmIgnoreScripts: { field: "npmIgnoreScripts", good: [["1", true], ["0", false]], bad: ["maybe"], wanted: /wanted 0, 1, found "maybe"/ },
  warmIdleMs: { field: "warmIdleMs", good: [["0", 0], ["5000", 5000]], bad: ["-1", "soon"], wanted: /wanted 0 to/ },
  maxBodyBytes: { field: "maxBodyBytes", good: [["1", 1], ["1048576", 1_048_576]], bad: COUNTS, wanted: /wanted a whole number from 1/ },
  logLevel: { field: "logLevel", good: [["debug", "debug"], ["WARN", "warn"], [" error ", "error"]], bad: ["loud", "infos", "1"], wanted: /wanted debug, info, warn, error, found/ },
  logFormat: { field: "logFormat", good: [["text", "text"], ["JSON", "json"]], bad: ["xml"], wanted: /wanted text, json, found "xml"/ },
};

function valueAt(found: Config, field: Rule["field"]): unknown {
  if (typeof field === "string") return found[field];
  const [name, inner] = field as readonly [keyof Config, string];
  return (found[name] as Record<string, unknown>)[inner];
}

for (const [key, rule] of Object.entries(RULES)) {
  const { name, aliases = [] } = VARIABLES[key as keyof typeof VARIABLES] as { name: string; aliases?: readonly string[] };
  describe(name, () => {
    for (const [text, value] of rule.good) it(`takes ${JSON.stringify(text)}`, () => assert.deepEqual(valueAt(config({ [name]: text }), rule.field), value));
    for (const text of rule.bad) it(`refuses ${JSON.stringify(text)}, says the name and starts nothing`, () => {
      const { config: found, problems } = read({ [name]: text });
      assert.equal(found, undefined);
      assert.equal(problems.length, 1);
      assert.ok(problems[0]?.startsWith(`Cannot read ${name}: `), problems[0]);
      assert.match(problems[0] ?? "", rule.wanted ?? /./);
      assert.doesNotMatch(problems[0] ?? "", /\n/);
    });
    it("is as good as unset when it is blank", () => {
      for (const blank of ["", "  ", "\t\n"]) assert.deepEqual(config({ [name]: blank }), config({}));
    });
    for (const alias of aliases) it(`can be named ${alias}, which gives way to the proper name`, () => {
      const [first, second = first] = rule.good;
      assert.ok(first !== undefined && second !== undefined);
      assert.deepEqual(valueAt(config({ [alias]: first[0] }), rule.field), first[1]);
      assert.deepEqual(valueAt(config({ [alias]: first[0], [name]: second[0] }), rule.field), second[1]);
      assert.deepEqual(valueAt(config({ [alias]: first[0], [name]: " " }), rule.field), first[1]);
      assert.deepEqual(read({ [alias]: first[0] }).warnings, []);
    });
  });
}

describe("an empty environment", () => {
  it("gives the defaults", () => {
    assert.deepEqual(config({}), {
      jobPaths: ["/api/run"], stateDir: "/opt/data/state", stateFile: "/opt/data/state/runner-state.json", scriptsDir: "/opt/data/scripts", workDir: "/opt/data/script_workdir",
      heartbeatMs: 60_000, port: 3030, interpreters: { node: undefined, python: undefined, powershell: undefined, shell: undefined }, killGraceMs: 5000,
      drainMs: 30_000, onDisconnect: "cancel", maxOutputBytes: 1_048_576, journalMaxBytes: 16_777_216, keepResultsBytes: 67_108_864, maxBodyBytes: 33_554_432,
      logLevel: "info", logFormat: "json", secretWords: SECRET_WORDS, warm: 1, warmIdleMs: 600_000, packages: "auto", packagesMaxBytes: 2_147_483_648, installConcurrency: 2, installTimeoutMs: 300_000, npmIgnoreScripts: false,
    });
    assert.deepEqual(read({}).warnings, []);
  });
  it("logs as text on a terminal", () => assert.equal(config({}, { isTerminal: true }).logFormat, "text"));
  it("gives a config that can't be changed", () => assert.ok(Object.isFrozen(config({}))));
});

describe("the endpoint", () => {
  const cases: readonly [Record<string, string>, string | undefined, readonly string[]][] = [
    [{}, undefined, ["/api/run"]],
    [{ PUBLIC_URL: "http://r" }, "http://r/api/run", ["/api/run"]],
    [{ PUBLIC_URL: "http://r/" }, "http://r/api/run", ["/api/run"]],
    [{ PUBLIC_URL: "https://r/prefix" }, "https://r/prefix/api/run", ["/api/run", "/prefix/api/run"]],
    [{ PUBLIC_URL: "https://r/prefix//" }, "https://r/prefix/api/run", ["/api/run", "/prefix/api/run"]],
    [{ PUBLIC_URL: "http://r", ENDPOINT_PATH: "/jobs" }, "http://r/jobs", ["/api/run", "/jobs"]],
    [{ PUBLIC_URL: "http://r/p/", ENDPOINT_PATH: "jobs/in" }, "http://r/p/jobs/in", ["/api/run", "/jobs/in", "/p/jobs/in"]],
    [{ ENDPOINT_PATH: "/jobs" }, undefined, ["/api/run", "/jobs"]],
    [{ ENDPOINT_URL: "http://e" }, "http://e/api/run", ["/api/run"]],
    [{ ENDPOINT_URL: "http://e/" }, "http://e/api/run", ["/api/run"]],
    [{ ENDPOINT_URL: "http://e", ENDPOINT_PATH: "/jobs" }, "http://e/jobs", ["/api/run", "/jobs"]],
    [{ ENDPOINT_URL: "http://e/own" }, "http://e/own", ["/api/run", "/own"]],
    [{ ENDPOINT_URL: "http://e/own", ENDPOINT_PATH: "/jobs" }, "http://e/own", ["/api/run", "/jobs", "/own"]],
    [{ ENDPOINT_URL: "http://e/own?token=1" }, "http://e/own?token=1", ["/api/run", "/own"]],
    [{ ENDPOINT_URL: "http://e/own", PUBLIC_URL: "http://r" }, "http://e/own", ["/api/run", "/own"]],
    [{ ENDPOINT_URL: "http://e", PUBLIC_URL: "http://r/p" }, "http://e/api/run", ["/api/run"]],
    [{ ENDPOINT_URL: "http://[::1]:9/own" }, "http://[::1]:9/own", ["/api/run", "/own"]],
    [{ ENDPOINT_URL: "http://proxy/internal/reset" }, "http://proxy/internal/reset", ["/api/run"]],
    [{ ENDPOINT_URL: "http://proxy/ui/register" }, "http://proxy/ui/register", ["/api/run"]],
    [{ ENDPOINT_URL: "http://e?token=1" }, "http://e?token=1", ["/api/run"]],
    [{ ENDPOINT_URL: "http://e/ü" }, "http://e/ü", ["/api/run", "/%C3%BC"]],
  ];
  for (const [variables, url, paths] of cases) it(`is ${url ?? "none"} for ${JSON.stringify(variables)}, jobs come in at ${paths.join(" and ")}`, () => {
    const found = config(Object.fromEntries(Object.entries(variables).map(([name, value]) => [`AUTOMN_RUNNER_${name}`, value])));
    assert.equal(found.endpointUrl, url);
    assert.deepEqual(found.jobPaths, paths);
  });
});

describe("the places", () => {
  const cases: readonly [Record<string, string>, Partial<Config>][] = [
    [{ DATA_DIR: "/d" }, { stateDir: "/d/state", stateFile: "/d/state/runner-state.json", scriptsDir: "/d/scripts", workDir: "/d/script_workdir" }],
    [{ DATA_DIR: "/d", STATE_DIR: "/s" }, { stateDir: "/s", stateFile: "/s/runner-state.json", scriptsDir: "/d/scripts" }],
    [{ STATE_DIR: "/s", STATE_FILE: "x.json" }, { stateDir: "/s", stateFile: "/s/x.json" }],
    [{ STATE_DIR: "/s", STATE_FILE: "/other/x.json" }, { stateDir: "/s", stateFile: "/other/x.json" }],
    [{ STATE_FILE: "/other/x.json" }, { stateDir: "/other", stateFile: "/other/x.json" }],
    [{ STATE_FILE: "sub/x.json" }, { stateDir: resolve("sub"), stateFile: resolve("sub/x.json") }],
    [{ DATA_DIR: "/d", SCRIPTS_DIR: "/a", WORKDIR: "/b" }, { scriptsDir: "/a", workDir: "/b", stateDir: "/d/state" }],
  ];
  for (const [variables, places] of cases) it(`follow ${JSON.stringify(variables)}`, () => {
    const found = config(Object.fromEntries(Object.entries(variables).map(([name, value]) => [`AUTOMN_RUNNER_${name}`, value])));
    assert.deepEqual(Object.fromEntries(Object.keys(places).map((name) => [name, found[name as keyof Config]])), places);
  });
});

describe("what the host is told of concurrency", () => {
  for (const [max, local, told] of [["8", undefined, 8], [undefined, "4", 4], ["8", "4", 4], ["2", "4", 2], [undefined, undefined, undefined]] as const)
    it(`is ${told ?? "nothing"} for ${max ?? "none"} wanted and ${local ?? "none"} allowed here`, () => {
      const found = config({ ...(max === undefined ? {} : { AUTOMN_RUNNER_MAX_CONCURRENCY: max }), ...(local === undefined ? {} : { AUTOMN_RUNNER_LOCAL_MAX_CONCURRENCY: local }) });
      assert.equal(found.advertisedConcurrency, told);
      assert.equal(found.localMaxConcurrency, local === undefined ? undefined : Number(local));
    });
});

describe("a secret", () => {
  for (const [kind, field] of [["SECRET", "secret"], ["RESET_TOKEN", "resetToken"]] as const) {
    const name = `AUTOMN_RUNNER_${kind}`;
    const file = `${name}_FILE`;
    it(`${kind} is read from the file that ${file} names, trimmed`, () => {
      assert.deepEqual(secretFiles({ [file]: " /run/s " }), ["/run/s"]);
      assert.equal(config({ [file]: " /run/s " }, { files: { "/run/s": { content: `${SECRET}\r\n` } } })[field], SECRET);
    });
    const refused: readonly [string, Record<string, string>, Record<string, FileContent>, RegExp][] = [
      ["both are set", { [name]: SECRET, [file]: "/run/s" }, { "/run/s": { content: SECRET } }, /_FILE: AUTOMN_RUNNER_[A-Z_]+ is set too/],
      ["the file can't be read", { [file]: "/run/s" }, { "/run/s": { error: "ENOENT: no such file" } }, /_FILE: ENOENT: no such file/],
      ["the file was not handed over", { [file]: "/run/s" }, {}, /"\/run\/s" was not read/],
      ["its content is too short", { [file]: "/run/s" }, { "/run/s": { content: "short-XYZ\n" } }, /wanted at least 12 characters, found 9 in "\/run\/s"/],
      ["its content is empty", { [file]: "/run/s" }, { "/run/s": { content: "\n" } }, /found 0 in/],
      ["its content is binary", { [file]: "/run/s" }, { "/run/s": { content: "\u0000\u0001\u0002XYZXYZXYZXYZ" } }, /printable ASCII only/],
    ];
    for (const [why, env, files, message] of refused) it(`${kind} is refused when ${why}, without showing it`, () => {
      const { config: found, problems } = read(env, { files });
      assert.equal(found, undefined);
      assert.equal(problems.length, 1);
      assert.match(problems[0] ?? "", message);
      assert.doesNotMatch(problems[0] ?? "", /XYZ|correct-horse/);
    });
  }
  it("never shows in the words of its refusal", () => {
    for (const value of ["short-XYZ", "ümlaut-XYZ-XYZ-XYZ", `XYZ\u0007${SECRET}`]) {
      assert.throws(() => secretText(value), (error: Error) => !error.message.includes("XYZ"));
      for (const problem of read({ AUTOMN_RUNNER_SECRET: value }).problems) assert.doesNotMatch(problem, /XYZ/);
    }
  });
});

describe("problems", () => {
  it("are all reported at once, one sentence each", () => {
    const { config: found, problems } = read({ AUTOMN_RUNNER_PORT: "abc", AUTOMN_HOST_URL: "nowhere", AUTOMN_RUNNER_SECRET: "short", AUTOMN_RUNNER_LOG_LEVEL: "loud", AUTOMN_RUNNER_RESET_TOKEN_FILE: "/x" });
    assert.equal(found, undefined);
    assert.equal(problems.length, 5);
    assert.ok(problems.includes('Cannot read AUTOMN_RUNNER_PORT: wanted 0 to 65535, found "abc"'));
  });
  it("name the alias that was set", () => {
    assert.match(read({ PORT: "abc" }).problems.join(), /^Cannot read PORT: wanted 0 to 65535, found "abc"$/);
    assert.match(read({ AUTOMN_RUNNER_HOST_URL: "x" }).problems.join(), /^Cannot read AUTOMN_RUNNER_HOST_URL: /);
  });
  it("of an alias do not matter beside the proper name", () => assert.equal(config({ PORT: "abc", AUTOMN_RUNNER_PORT: "81" }).port, 81));
});

describe("warnings", () => {
  const unknown: readonly [string, string][] = [
    ["AUTOMN_RUNNER_PROT", "AUTOMN_RUNNER_PORT"], ["AUTOMN_RUNNER_SECERT", "AUTOMN_RUNNER_SECRET"], ["AUTOMN_RUNNER_HEARTBEAT", "AUTOMN_RUNNER_HEARTBEAT_MS"],
    ["AUTOMN_RUNNER_PYTHONPATH", "AUTOMN_RUNNER_PYTHON_PATH"], ["AUTOMN_RUNNER_WORK_DIR", "AUTOMN_RUNNER_WORKDIR"], ["AUTOMN_RUNNER_ENDPOINT", "AUTOMN_RUNNER_ENDPOINT_URL"],
  ];
  for (const [name, nearest] of unknown) it(`name ${nearest} for the unknown ${name}, and the runner starts`, () => {
    const { config: found, warnings } = read({ [name]: "hunter2" });
    assert.ok(found !== undefined);
    assert.deepEqual(warnings, [`${name} is not a variable of this runner. Did you mean ${nearest}?`]);
  });
  it("spare the names of the image, of other programs and all that are known", () => {
    assert.deepEqual(read({ AUTOMN_RUNNER_PYTHON_VERSION: "3", AUTOMN_RUNNER_POWERSHELL_VERSION: "7", AUTOMN_RUNNER_VERSION: "0", AUTOMN_OTHER: "x", PATH: "/bin", AUTOMN_HOSTURL: "x" }).warnings, []);
    assert.deepEqual(read(Object.fromEntries(Object.values(VARIABLES).map(({ name }) => [name, " "]))).warnings, []);
  });
  for (const [ms, warning] of [["0", /=0 turns heartbeats off.*two minutes/], ["100001", /=100001 is longer than 100000.*two minutes/]] as const)
    it(`tell of a heartbeat of ${ms} ms`, () => {
      const { warnings } = read({ AUTOMN_RUNNER_HEARTBEAT_MS: ms });
      assert.equal(warnings.length, 1);
      assert.match(warnings[0] ?? "", warning);
    });
  for (const ms of ["1", "60000", "100000"]) it(`say nothing of a heartbeat of ${ms} ms`, () => assert.deepEqual(read({ AUTOMN_RUNNER_HEARTBEAT_MS: ms }).warnings, []));
  it("come with problems too", () => assert.equal(read({ AUTOMN_RUNNER_PROT: "1", PORT: "x" }).warnings.length, 1));
});

describe("the table of variables", () => {
  it("says something of each, in a row of a table", () => {
    for (const { name, meaning, shown = "" } of Object.values<Variable<unknown>>(VARIABLES)) {
      assert.match(name, /^AUTOMN_(RUNNER_[A-Z_]+|HOST_URL)$/);
      assert.match(meaning, /^[A-Z`].*\.$/);
      assert.doesNotMatch(meaning + shown, /[|\n]/);
    }
  });
  it("has no name twice", () => {
    const names = Object.values<{ name: string; aliases?: readonly string[] }>(VARIABLES).flatMap(({ name, aliases = [] }) => [name, ...aliases]);
    assert.equal(new Set(names).size, names.length);
  });
});
