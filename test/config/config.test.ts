import assert from "node:assert/strict";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { secretFiles } from "../../runner/config/config.ts";
import type { Config, FileContent } from "../../runner/config/config.ts";
import { allVariables, interpreterVariable } from "../../runner/config/interpreter-variables.ts";
import { secretText } from "../../runner/config/readers.ts";
import { SECRET_WORDS } from "../../runner/config/secret-words.ts";
import { LANGUAGES } from "../../runner/languages/table.ts";
import { VARIABLES } from "../../runner/config/variables.ts";
import type { Variable, VariableKey } from "../../runner/config/variables.ts";
import { configOf, prefixed, read } from "./harness.ts";

const SECRET = "correct-horse-battery";

/** How one variable is read: into which field of the config, what is accepted and as what, what is refused, and what is wanted instead. */
interface Rule {
  readonly field: keyof Config | readonly [keyof Config, string];
  readonly good: readonly (readonly [text: string, value: unknown])[];
  readonly bad: readonly string[];
  readonly wanted?: RegExp;
}

const TIMER = 2 ** 31 - 1;
const URLS = [
  "host", "ftp://host", "//host", "http://", "https://u:p@host", "https://u@host", "http://host/#x", "file:///etc/passwd",
  "javascript:alert(1)", "http://a b",
];
const NO_NUMBERS = ["-1", "1.5", "abc", "1e3", "0x10", "+5", "5 s", "١", "99999999999999999999"];
const UNLIMITED = [["0", undefined], ["unlimited", undefined], ["Unlimited", undefined]] as const;
const SECRETS = ["short", "elevenchars", "with-a-tab\tinside", "ümlaut-secret-123", "emoji-secret-😀😀", "line\nbreak-secret"];

const RULES: { readonly [K in keyof typeof VARIABLES]: Rule } = {
  hostUrl: {
    field: "hostUrl",
    good: [["https://host", "https://host"], [" http://host:1/x/ ", "http://host:1/x/"], ["http://[::1]:3000", "http://[::1]:3000"]],
    bad: [...URLS, "http://host/?q=1"], wanted: /wanted/,
  },
  runnerId: { field: "runnerId", good: [["r1", "r1"], [" a/b ", "a/b"]], bad: [] },
  publicUrl: { field: "endpointUrl", good: [["http://r:1", "http://r:1/api/run"]], bad: [...URLS, "http://r/?q=1"], wanted: /wanted/ },
  endpointUrl: { field: "endpointUrl", good: [["http://r:1/jobs", "http://r:1/jobs"]], bad: URLS, wanted: /wanted/ },
  endpointPath: {
    field: ["jobPaths", "1"], good: [["/jobs", "/jobs"], ["jobs", "/jobs"], ["/a/b/c", "/a/b/c"], ["/api/run2", "/api/run2"]],
    bad: [
      "/", "//x", "/a/../b", "/a/./b", "/a?x", "/a#b", "/a b", "/ü", "/status", "/favicon.ico", "/ui", "/ui/register", "/assets/x",
      "/internal/reset", "/api/runs", "/api/runs/1", "/api/packages/status", "/:id", "/*", "/status/",
    ],
    wanted: /wanted a (plain path|path that)/,
  },
  dataDir: { field: "scriptsDir", good: [["/var/d", "/var/d/scripts"], ["rel", join(resolve("rel"), "scripts")]], bad: [] },
  stateDir: { field: "stateDir", good: [["/var/s", "/var/s"], ["rel", resolve("rel")]], bad: [] },
  stateFile: {
    field: "stateFile", good: [["other.json", "/opt/data/state/other.json"], ["/x/y.json", "/x/y.json"], ["./y.json", resolve("y.json")]],
    bad: [],
  },
  scriptsDir: { field: "scriptsDir", good: [["/var/s", "/var/s"]], bad: [] },
  workDir: { field: "workDir", good: [["/var/w", "/var/w"]], bad: [] },
  heartbeatMs: {
    field: "heartbeatMs", good: [["off", 0], ["OFF", 0], ["0", 60_000], ["5000", 5000], [" 60000 ", 60_000], [String(TIMER), TIMER]],
    bad: ["-1", "abc", "1.5", "1e3", "on", String(TIMER + 1)], wanted: /wanted 0 to 2147483647 or off, found/,
  },
  secret: {
    field: "secret",
    good: [[SECRET, SECRET], [`  ${SECRET}\n`, SECRET], ["twelve chars", "twelve chars"], ["~!@#$%^&*()_+", "~!@#$%^&*()_+"]], bad: SECRETS,
    wanted: /wanted (at least 12 characters, found \d+|printable ASCII only, found other characters)$/,
  },
  secretFile: { field: "secret", good: [], bad: [] },
  resetToken: { field: "resetToken", good: [[SECRET, SECRET]], bad: SECRETS, wanted: /wanted/ },
  resetTokenFile: { field: "resetToken", good: [], bad: [] },
  statusMessage: { field: "statusMessage", good: [["in the cellar", "in the cellar"]], bad: [] },
  maxConcurrency: {
    field: "advertisedConcurrency", good: [["1", 1], ["64", 64], ...UNLIMITED], bad: NO_NUMBERS,
    wanted: /wanted a whole number from 0 or unlimited, found/,
  },
  localMaxConcurrency: {
    field: "localMaxConcurrency", good: [["1", 1], ["007", 7], ...UNLIMITED], bad: NO_NUMBERS,
    wanted: /wanted a whole number from 0 or unlimited, found/,
  },
  timeoutMs: {
    field: "timeoutMs", good: [["1", 1], ["90000", 90_000], ...UNLIMITED], bad: [...NO_NUMBERS, String(TIMER + 1)],
    wanted: /wanted 0 to 2147483647 or unlimited, found/,
  },
  maxRunMs: {
    field: "maxRunMs", good: [["1", 1], ["90000", 90_000], ...UNLIMITED], bad: [...NO_NUMBERS, String(TIMER + 1)],
    wanted: /wanted 0 to 2147483647 or unlimited, found/,
  },
  port: {
    field: "port", good: [["0", 0], ["80", 80], ["65535", 65_535], ["tcp://10.96.0.7:3030", 3030]],
    bad: ["65536", "-1", "http", "80.5", "0x50"], wanted: /wanted 0 to 65535/,
  },
  bind: { field: "bind", good: [["127.0.0.1", "127.0.0.1"], ["::", "::"]], bad: [] },
  killGraceMs: { field: "killGraceMs", good: [["0", 0], ["250", 250]], bad: ["-1", "soon"], wanted: /wanted 0 to/ },
  drainMs: { field: "drainMs", good: [["0", 0], ["1", 1]], bad: ["-1", "soon"], wanted: /wanted 0 to/ },
  onDisconnect: {
    field: "onDisconnect", good: [["cancel", "cancel"], ["Continue", "continue"]], bad: ["stop"],
    wanted: /wanted cancel, continue, found "stop"/,
  },
  maxMemoryMb: { field: "maxMemoryMb", good: [["64", 64]], bad: ["0", "1g"], wanted: /wanted a whole number from 1/ },
  maxOutputBytes: { field: "maxOutputBytes", good: [["0", 0], ["10", 10]], bad: ["-1", "1M", "67108865"], wanted: /wanted 0 to 67108864/ },
  journalMaxBytes: { field: "journalMaxBytes", good: [["4096", 4096]], bad: ["4095", "x"], wanted: /wanted a whole number from 4096/ },
  keepResultsMb: { field: "keepResultsBytes", good: [["0", 0], ["2", 2 * 1024 * 1024]], bad: ["-1", "x"], wanted: /wanted 0 to/ },
  redact: { field: "secretWords", good: [["off", []]], bad: [] },
  warm: { field: "warm", good: [["0", 0], ["3", 3]], bad: ["-1", "65", "yes"], wanted: /wanted 0 to 64/ },
  workspace: { field: "workspace", good: [["run", "run"], ["Script", "script"]], bad: ["job"], wanted: /wanted run, script, found "job"/ },
  packages: {
    field: "packages", good: [["offline", "offline"], ["OFF", "off"]], bad: ["on"], wanted: /wanted auto, offline, off, found "on"/,
  },
  packagesMaxMb: { field: "packagesMaxBytes", good: [["1", 1_048_576]], bad: ["0", "2g"], wanted: /wanted 1 to/ },
  installConcurrency: { field: "installConcurrency", good: [["1", 1], ["8", 8]], bad: ["0", "x"], wanted: /wanted a whole number from 1/ },
  installTimeoutMs: { field: "installTimeoutMs", good: [["1", 1]], bad: ["0", "x"], wanted: /wanted 1 to/ },
  npmPath: { field: "npmPath", good: [["/opt/npm", "/opt/npm"]], bad: [] },
  npmIgnoreScripts: { field: "npmIgnoreScripts", good: [["1", true], ["0", false]], bad: ["maybe"], wanted: /wanted 0, 1, found "maybe"/ },
  warmIdleMs: { field: "warmIdleMs", good: [["0", 0], ["5000", 5000]], bad: ["-1", "soon"], wanted: /wanted 0 to/ },
  maxBodyBytes: {
    field: "maxBodyBytes", good: [["1", 1], ["1048576", 1_048_576]], bad: ["0", ...NO_NUMBERS], wanted: /wanted a whole number from 1/,
  },
  logLevel: {
    field: "logLevel", good: [["debug", "debug"], ["WARN", "warn"], [" error ", "error"]], bad: ["loud", "infos", "1"],
    wanted: /wanted debug, info, warn, error, found/,
  },
  logFormat: { field: "logFormat", good: [["text", "text"], ["JSON", "json"]], bad: ["xml"], wanted: /wanted text, json, found "xml"/ },
};

function valueAt(found: Config, field: Rule["field"]): unknown {
  if (typeof field === "string") return found[field];
  const [name, inner] = field as readonly [keyof Config, string];
  return (found[name] as Record<string, unknown>)[inner];
}

const ROWS: readonly (readonly [variable: Variable<unknown>, rule: Rule])[] = [
  ...Object.entries(RULES).map(([key, rule]) => [VARIABLES[key as keyof typeof VARIABLES] as Variable<unknown>, rule] as const),
  ...LANGUAGES.map((language) => [interpreterVariable(language), { field: ["interpreters", language.name], good: [["/opt/it", "/opt/it"], ["it-1.2", "it-1.2"]], bad: [] }] as const),
];

for (const [{ name, aliases = [] }, rule] of ROWS) {
  for (const [text, value] of rule.good) {
    test(`${name}: ${JSON.stringify(text)} is read as ${JSON.stringify(value)}`, () => {
      assert.deepEqual(valueAt(configOf({ [name]: text }), rule.field), value);
    });
  }
  for (const text of rule.bad) {
    test(`${name}: ${JSON.stringify(text)} is one problem that names the variable`, () => {
      const { config, problems } = read({ [name]: text });
      assert.equal(config, undefined);
      assert.equal(problems.length, 1);
      assert.ok(problems[0]?.startsWith(`Cannot read ${name}: `), problems[0]);
      assert.match(problems[0] ?? "", rule.wanted ?? /./);
      assert.doesNotMatch(problems[0] ?? "", /\n/);
    });
  }
  test(`${name}: blank counts as not set`, () => {
    for (const blank of ["", "  ", "\t\n"]) assert.deepEqual(configOf({ [name]: blank }), configOf({}));
  });
  for (const alias of aliases) {
    test(`${name}: ${alias} means the same and gives way to it`, () => {
      const [first, second = first] = rule.good;
      assert.ok(first !== undefined && second !== undefined);
      assert.deepEqual(valueAt(configOf({ [alias]: first[0] }), rule.field), first[1]);
      assert.deepEqual(valueAt(configOf({ [alias]: first[0], [name]: second[0] }), rule.field), second[1]);
      assert.deepEqual(valueAt(configOf({ [alias]: first[0], [name]: " " }), rule.field), first[1]);
      assert.deepEqual(read({ [alias]: first[0] }).warnings, []);
    });
  }
}

const PATHS_AND_URLS: readonly VariableKey[] = [
  "hostUrl", "publicUrl", "endpointUrl", "endpointPath", "dataDir", "stateDir", "stateFile", "scriptsDir", "workDir", "npmPath",
];
for (const key of PATHS_AND_URLS) {
  const { name } = VARIABLES[key];
  const [text = "", value] = RULES[key].good[0] ?? [];
  test(`${name}: literal quotes around it are dropped`, () => {
    for (const quote of ['"', "'"]) {
      assert.deepEqual(valueAt(configOf({ [name]: `${quote}${text}${quote}` }), RULES[key].field), value);
      assert.deepEqual(valueAt(configOf({ [name]: ` ${quote} ${text} ${quote} ` }), RULES[key].field), value);
      assert.deepEqual(configOf({ [name]: quote + quote }), configOf({}), "nothing in quotes counts as not set");
    }
  });
}

test("readConfig: quotes that do not match, or that are no path's or URL's, stay", () => {
  assert.equal(configOf({ AUTOMN_RUNNER_WORKDIR: "/a'b\"" }).workDir, "/a'b\"");
  assert.equal(configOf({ AUTOMN_RUNNER_SECRET: `"${SECRET}"` }).secret, `"${SECRET}"`);
  assert.equal(configOf({ AUTOMN_RUNNER_STATUS_MESSAGE: '"quoted"' }).statusMessage, '"quoted"');
  assert.match(read({ AUTOMN_HOST_URL: "\"http://host'" }).problems.join(), /^Cannot read AUTOMN_HOST_URL: /);
});

test("readConfig: an empty environment gives the defaults, without a warning", () => {
  assert.deepEqual(configOf({}), {
    jobPaths: ["/api/run"],
    stateDir: "/opt/data/state", stateFile: "/opt/data/state/runner-state.json", scriptsDir: "/opt/data/scripts",
    workDir: "/opt/data/script_workdir", workspace: "run",
    heartbeatMs: 60_000, port: 3030, interpreters: { node: undefined, python: undefined, powershell: undefined, shell: undefined },
    killGraceMs: 5000, drainMs: 30_000, onDisconnect: "cancel", maxOutputBytes: 1_048_576, journalMaxBytes: 16_777_216,
    keepResultsBytes: 67_108_864,
    maxBodyBytes: 33_554_432, logLevel: "info", logFormat: "json", secretWords: SECRET_WORDS, warm: 1, warmIdleMs: 600_000,
    packages: "auto", packagesMaxBytes: 2_147_483_648, installConcurrency: 2, installTimeoutMs: 300_000, npmIgnoreScripts: false,
  });
  assert.deepEqual(read({}).warnings, []);
});

test("readConfig: on a terminal the log is text", () => assert.equal(configOf({}, { isTerminal: true }).logFormat, "text"));

test("readConfig: the config cannot be changed", () => assert.ok(Object.isFrozen(configOf({}))));

const DIRECTORIES: readonly (readonly [set: Readonly<Record<string, string>>, places: Partial<Config>])[] = [
  [
    { DATA_DIR: "/d" },
    { stateDir: "/d/state", stateFile: "/d/state/runner-state.json", scriptsDir: "/d/scripts", workDir: "/d/script_workdir" },
  ],
  [{ DATA_DIR: "/d", STATE_DIR: "/s" }, { stateDir: "/s", stateFile: "/s/runner-state.json", scriptsDir: "/d/scripts" }],
  [{ STATE_DIR: "/s", STATE_FILE: "x.json" }, { stateDir: "/s", stateFile: "/s/x.json" }],
  [{ STATE_DIR: "/s", STATE_FILE: "/other/x.json" }, { stateDir: "/s", stateFile: "/other/x.json" }],
  [{ STATE_FILE: "/other/x.json" }, { stateDir: "/other", stateFile: "/other/x.json" }],
  [{ STATE_FILE: "sub/x.json" }, { stateDir: resolve("sub"), stateFile: resolve("sub/x.json") }],
  [{ DATA_DIR: "/d", SCRIPTS_DIR: "/a", WORKDIR: "/b" }, { scriptsDir: "/a", workDir: "/b", stateDir: "/d/state" }],
];
for (const [set, places] of DIRECTORIES) {
  test(`readConfig: ${JSON.stringify(set)} decides where data is kept`, () => {
    const config = configOf(prefixed(set));
    assert.deepEqual(Object.fromEntries(Object.keys(places).map((name) => [name, config[name as keyof Config]])), places);
  });
}

for (const [max, local, advertised] of [
  ["8", "", 8], ["", "4", 4], ["8", "4", 4], ["2", "4", 2], ["", "", undefined], ["unlimited", "4", 4], ["0", "0", undefined],
  ["8", "unlimited", 8],
] as const) {
  test(`readConfig: MAX_CONCURRENCY "${max}" and LOCAL_MAX_CONCURRENCY "${local}" are advertised as ${advertised ?? "no limit"}`, () => {
    const config = configOf(prefixed({ MAX_CONCURRENCY: max, LOCAL_MAX_CONCURRENCY: local }));
    assert.equal(config.advertisedConcurrency, advertised);
    assert.equal(config.localMaxConcurrency, local === "4" ? 4 : undefined);
  });
}

for (const [kind, field] of [["SECRET", "secret"], ["RESET_TOKEN", "resetToken"]] as const) {
  const name = `AUTOMN_RUNNER_${kind}`;
  const file = `${name}_FILE`;
  test(`${file}: the content of the file is taken, trimmed`, () => {
    for (const path of [" /run/s ", '"/run/s"']) {
      assert.deepEqual(secretFiles({ [file]: path }), ["/run/s"]);
      assert.equal(configOf({ [file]: path }, { files: { "/run/s": { content: `${SECRET}\r\n` } } })[field], SECRET);
    }
  });
  const refused: readonly (readonly [why: string, env: Record<string, string>, files: Record<string, FileContent>, message: RegExp])[] = [
    [
      "the variable itself is set too", { [name]: SECRET, [file]: "/run/s" }, { "/run/s": { content: SECRET } },
      /_FILE: AUTOMN_RUNNER_[A-Z_]+ is set too/,
    ],
    ["a file that cannot be read", { [file]: "/run/s" }, { "/run/s": { error: "ENOENT: no such file" } }, /_FILE: ENOENT: no such file/],
    ["a file that was not read", { [file]: "/run/s" }, {}, /"\/run\/s" was not read/],
    [
      "content that is too short", { [file]: "/run/s" }, { "/run/s": { content: "short-XYZ\n" } },
      /wanted at least 12 characters, found 9 in "\/run\/s"/,
    ],
    ["empty content", { [file]: "/run/s" }, { "/run/s": { content: "\n" } }, /found 0 in/],
    ["binary content", { [file]: "/run/s" }, { "/run/s": { content: "\u0000\u0001\u0002XYZXYZXYZXYZ" } }, /printable ASCII only/],
  ];
  for (const [why, env, files, message] of refused) {
    test(`${file}: ${why} is a problem that shows no secret`, () => {
      const { config, problems } = read(env, { files });
      assert.equal(config, undefined);
      assert.equal(problems.length, 1);
      assert.match(problems[0] ?? "", message);
      assert.doesNotMatch(problems[0] ?? "", /XYZ|correct-horse/);
    });
  }
}

test("secretText: a refusal never shows the secret", () => {
  for (const value of ["short-XYZ", "ümlaut-XYZ-XYZ-XYZ", `XYZ\u0007${SECRET}`]) {
    assert.throws(() => secretText(value), (error: Error) => !error.message.includes("XYZ"));
    for (const problem of read({ AUTOMN_RUNNER_SECRET: value }).problems) assert.doesNotMatch(problem, /XYZ/);
  }
});

test("readConfig: all problems are reported at once, one sentence each", () => {
  const ofRunner = prefixed({ PORT: "abc", SECRET: "short", LOG_LEVEL: "loud", RESET_TOKEN_FILE: "/x" });
  const { config, problems } = read({ ...ofRunner, AUTOMN_HOST_URL: "nowhere" });
  assert.equal(config, undefined);
  assert.equal(problems.length, 5);
  assert.ok(problems.includes('Cannot read AUTOMN_RUNNER_PORT: wanted 0 to 65535, found "abc"'));
});

test("readConfig: a problem names the alias that was set", () => {
  assert.match(read({ PORT: "abc" }).problems.join(), /^Cannot read PORT: wanted 0 to 65535, found "abc"$/);
  assert.match(read({ AUTOMN_RUNNER_HOST_URL: "x" }).problems.join(), /^Cannot read AUTOMN_RUNNER_HOST_URL: /);
});

test("readConfig: an alias is not read where the proper name is set", () => {
  assert.equal(configOf({ PORT: "abc", AUTOMN_RUNNER_PORT: "81" }).port, 81);
});

test("readConfig: warnings come with problems too", () => assert.equal(read({ AUTOMN_RUNNER_PROT: "1", PORT: "x" }).warnings.length, 1));

test("VARIABLES: every row has a name, a meaning in a sentence, and fits into a row of a table", () => {
  for (const { name, meaning, shown = "" } of allVariables(LANGUAGES)) {
    assert.match(name, /^AUTOMN_(RUNNER_[A-Z_]+|HOST_URL)$/);
    assert.match(meaning, /^[A-Z`].*\.$/);
    assert.doesNotMatch(meaning + shown, /[|\n]/);
  }
});

test("VARIABLES: no name is there twice", () => {
  const names = allVariables(LANGUAGES).flatMap(({ name, aliases = [] }) => [name, ...aliases]);
  assert.equal(new Set(names).size, names.length);
});
