// docs/adding-a-language.md, done: its Ruby is the fixture, which is registered here beside the real languages.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { openApp } from "../../runner/app.ts";
import { readConfig } from "../../runner/config/config.ts";
import { allVariables } from "../../runner/config/interpreter-variables.ts";
import { closeServer, createHttpServer, listen } from "../../runner/http/server.ts";
import { LANGUAGES } from "../../runner/languages/table.ts";
import { createLog } from "../../runner/lib/log.ts";
import { openStateStore } from "../../runner/registration/state-store.ts";
import { ruby } from "../fixtures/ruby/ruby.ts";
import { afterwards, type TestContext } from "../support/cleanup.ts";
import { temporaryFolder } from "../support/folder.ts";
import { runJob } from "../support/job.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const SECRET = "a secret of the runner";
const WITH_RUBY = [...LANGUAGES, ruby];

/** A script that says something, uses each helper and returns a value. */
const SCRIPT = `puts "hello"
AutomnLog("stored", "success", { "rows" => 3 }, "Import")
AutomnNotify("admins", "done")
AutomnReturn({ "run" => AutomnRunId, "sum" => 42 })
`;

/**
 * Behaves as \`ruby\` for the probe and for SCRIPT: it loads the prelude that the command line names, as far as to learn the
 * markers from it, and does what SCRIPT's lines say.
 */
const PRETENDER = `#!${process.execPath}
const { readFileSync } = require("node:fs");
const [flag, first, file] = process.argv.slice(2);
if (flag === "-e") {
  console.log(JSON.stringify({ path: __filename, version: "3.99.1" }));
} else {
  if (flag !== "-r") throw new Error("wanted -r, found " + flag);
  const prelude = readFileSync(first, "utf8");
  const mark = (helper, value) => console.log(new RegExp("def " + helper + "\\\\b[^]*?(__SCRIPT[A-Z]+__)").exec(prelude)[1] + JSON.stringify(value));
  const json = (text) => JSON.parse(text.replaceAll(" =>", ":").replace("AutomnRunId", JSON.stringify(process.env.AUTOMN_RUN_ID)));
  for (const line of readFileSync(file, "utf8").split("\\n").filter(Boolean)) {
    const [, name, rest] = /^(\\w+)[ (](.*?)\\)?$/.exec(line);
    if (name === "puts") console.log(json(rest));
    const values = name === "puts" ? [] : json("[" + rest + "]");
    if (name === "AutomnReturn") mark(name, values[0]);
    if (name === "AutomnLog") mark(name, { message: values[0], level: values[1], context: values[2], type: values[3] });
    if (name === "AutomnNotify") mark(name, { audience: values[0], message: values[1], level: "info" });
  }
}
`;

async function pretender(t: TestContext): Promise<string> {
  const file = join(await temporaryFolder(t), "ruby");
  await writeFile(file, PRETENDER, { mode: 0o755 });
  return file;
}

/** A whole runner that knows Ruby, on a port of its own; resolves with its URL. */
async function openRunner(t: TestContext, rubyPath: string): Promise<string> {
  const folder = await temporaryFolder(t);
  const absent = join(folder, "no-such-interpreter");
  const environment = {
    AUTOMN_RUNNER_SECRET: SECRET, AUTOMN_RUNNER_RUBY_PATH: rubyPath, AUTOMN_RUNNER_PYTHON_PATH: absent, AUTOMN_RUNNER_POWERSHELL_PATH: absent,
  };
  const { config, warnings } = readConfig(environment, { files: new Map(), languages: WITH_RUBY, defaultDataDir: folder, isTerminal: false });
  assert.deepEqual(warnings, []);
  assert.ok(config !== undefined);
  const log = createLog({ level: "error", format: "text", write: () => {} });
  const state = await openStateStore(config.stateFile, () => {});
  const app = await openApp({ config, warnings, state, log, port: 0, publicDir: join(ROOT, "public"), languages: WITH_RUBY });
  afterwards(t, () => app.close());
  const server = createHttpServer((request, response) => app.answer(request, response));
  afterwards(t, () => closeServer(server, 100));
  return `http://127.0.0.1:${await listen(server, 0, "127.0.0.1")}`;
}

const realRuby = await promisify(execFile)("ruby", [...ruby.probe]).then(({ stdout }) => (JSON.parse(stdout) as { path: string }).path, () => undefined);

describe("a language that was added", { skip: process.platform === "win32" && "the pretender is started by its first line" }, () => {
  const interpreters: readonly { readonly what: string; readonly path: (t: TestContext) => Promise<string>; readonly skip: string | false }[] = [
    { what: "an interpreter of the test's own", path: pretender, skip: false },
    { what: "the real ruby", path: () => Promise.resolve(realRuby ?? ""), skip: realRuby === undefined && "NOT TESTED WITH RUBY: no ruby on the PATH" },
  ];
  for (const { what, path, skip } of interpreters) {
    it(`runs jobs with ${what}, and its helpers work`, { skip }, async (t) => {
      const url = await openRunner(t, await path(t));
      for (const language of ["ruby", "Ruby", "rb"]) {
        const result = await runJob(url, SECRET, { runId: `run-in-${language}`, script: { id: "s", language, code: SCRIPT } });
        assert.deepEqual([result.code, result.stdout, result.stderr], [0, "hello", ""]);
        assert.deepEqual(result.returnData, { run: `run-in-${language}`, sum: 42 });
        const [entry] = result.automnLogs;
        assert.deepEqual([entry?.message, entry?.level, entry?.context, entry?.type], ["stored", "success", { rows: 3 }, "import"]);
        assert.deepEqual(result.automnNotifications.map(({ audience, message }) => [audience, message]), [["admins", "done"]]);
      }
    });
  }

  it("keeps what JSON cannot hold, and reports a value that cannot be returned", { skip: realRuby === undefined && "NOT TESTED WITH RUBY: no ruby on the PATH" }, async (t) => {
    const url = await openRunner(t, realRuby ?? "");
    const logged = await runJob(url, SECRET, { script: { language: "ruby", code: 'AutomnLog("ratio", "info", { "v" => Float::NAN })\nAutomnRunLog("a", { "b" => 1 })' } });
    assert.deepEqual([logged.code, logged.stderr, logged.automnLogs[0]?.message, logged.stdout], [0, "", "ratio", 'a {\n  "b": 1\n}']);
    const returned = await runJob(url, SECRET, { script: { language: "ruby", code: "AutomnReturn(Float::NAN)\nexit 3" } });
    assert.equal(returned.code, 3);
    assert.match(returned.stderr, /^Failed to serialize AutomnReturn data: /);
  });

  it("is in the status, on the page, among the variables and in the message about an unknown language", async (t) => {
    const url = await openRunner(t, await pretender(t));
    const unknown = await runJob(url, SECRET, { script: { language: "COBOL", code: "" } });
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /Unknown language "COBOL": this runner knows node, .*shell, ruby, .*, rb\./);
    const result = await runJob(url, SECRET, { script: { language: "rb", code: SCRIPT } });
    assert.equal(result.code, 0);
    const status = (await (await fetch(`${url}/status`)).json()) as { runtimes: Record<string, string> };
    assert.equal(status.runtimes["ruby"], "3.99.1");
    assert.match(await (await fetch(url, { headers: { accept: "text/html" } })).text(), /Ruby<\/dt><dd><code>3\.99\.1/);
    assert.equal(allVariables(WITH_RUBY).at(-1)?.name, "AUTOMN_RUNNER_RUBY_PATH");
  });
});

describe("docs/adding-a-language.md", () => {
  const files = [
    { block: "ts", file: "test/fixtures/ruby/ruby.ts", adapt: (code: string) => code.replace("../../../runner/languages/language.ts", "../language.ts") },
    { block: "ruby", file: "test/fixtures/ruby/prelude/automn.rb", adapt: (code: string) => code },
  ];
  for (const { block, file, adapt } of files) {
    it(`has the code of ${file}`, async () => {
      const page = await readFile(join(ROOT, "docs/adding-a-language.md"), "utf8");
      const [, code] = new RegExp(`\`\`\`${block}\n([^]*?)\`\`\``).exec(page) ?? [];
      assert.equal(code, adapt(await readFile(join(ROOT, file), "utf8")));
    });
  }

  it("shows the line in the table as it is", async () => {
    const page = await readFile(join(ROOT, "docs/adding-a-language.md"), "utf8");
    const table = await readFile(join(ROOT, "runner/languages/table.ts"), "utf8");
    const [, line] = /^-(export const LANGUAGES.*)$/m.exec(page) ?? [];
    assert.ok(line !== undefined && table.includes(line), line);
  });
});
