import assert from "node:assert/strict";
import { test } from "node:test";
import { blockedPackages, npmFailure } from "../../../runner/languages/node/npm-failure.ts";

const cases: readonly { what: string; lines: readonly string[]; code: string; reason: string }[] = [
  {
    what: "a package that is not there",
    lines: [
      "npm error code E404", "npm error 404 Not Found - GET https://registry.npmjs.org/zzz", "npm error 404",
      "npm error 404  The requested resource 'zzz@*' could not be found or you do not have permission to access it.", "npm error 404",
      "npm error 404 Note that you can also install from a", "npm error 404 tarball, folder, http url, or git url.",
      "npm error A complete log of this run can be found in: /root/.npm/_logs/x-debug-0.log",
    ],
    code: "E404",
    reason: "E404: Not Found - GET https://registry.npmjs.org/zzz\n  The requested resource 'zzz@*' could not be found or you do not have permission to access it.",
  },
  {
    what: "a version that is not there, as older npm says it",
    lines: ["npm ERR! code ETARGET", "npm ERR! notarget No matching version found for is-number@^99.", "npm ERR! notarget In most cases you or one of your dependencies are requesting", "npm ERR! notarget a package version that doesn't exist."],
    code: "ETARGET",
    reason: "ETARGET: No matching version found for is-number@^99.\n  In most cases you or one of your dependencies are requesting\n  a package version that doesn't exist.",
  },
  {
    what: "a full disk",
    lines: ["npm warn cleanup", "npm error code ENOSPC", "npm error syscall write", "npm error errno -28", "npm error nospc ENOSPC: no space left on device, write", "npm error nospc There appears to be insufficient space on your system to finish.", "npm error nospc Clear up some disk space and try again."],
    code: "ENOSPC",
    reason: "ENOSPC: no space left on device, write\n  There appears to be insufficient space on your system to finish.\n  Clear up some disk space and try again.",
  },
  { what: "words that are not npm's", lines: ["sh: npm: not found"], code: "", reason: "sh: npm: not found" },
  { what: "silence", lines: [], code: "", reason: "npm ended with code 1 without a message" },
];

const FAILED_SCRIPT = [
  "npm error code 1", "npm error path /scripts/node_modules/x", "npm error command failed", "npm error command sh -c node install.js", "npm error gyp info it worked if it ends with ok",
  "npm error gyp ERR! find Python", "npm error gyp ERR! find Python Python is not set from command line or npm configuration",
  "npm error gyp ERR! stack Error: Could not find any Python installation to use", "npm error gyp ERR! stack     at PythonFinder.fail (find-python.js:306:11)",
  "npm error gyp ERR! System Linux 6.1", 'npm error gyp ERR! command "node" "node-gyp" "rebuild"', "npm error gyp ERR! cwd /scripts/node_modules/x", "npm error gyp ERR! not ok",
  "npm error     at async install (lib/install.js:10:3)", "npm error x@undefined undefined@undefined install: `node install.js`", "npm error",
];

test("npmFailure: a failed install script keeps its first and last words, without frames, circumstances and hints", () => {
  const { reason } = npmFailure({ code: 1, lines: FAILED_SCRIPT }) ?? { reason: "" };
  assert.equal(reason.split("\n").map((line) => line.trim()).join("|"),
    "command failed|gyp info it worked if it ends with ok|gyp ERR! find Python|gyp ERR! find Python Python is not set from command line or npm configuration");
});

test("npmFailure: of many telling lines the first and the last are kept, and the others counted", () => {
  const lines = ["npm error code 1", "npm error tool x not found", ...Array.from({ length: 100 }, (_, index) => `npm error step ${index}`), "npm error giving up"];
  const { reason } = npmFailure({ code: 1, lines }) ?? { reason: "" };
  const told = reason.split("\n");
  assert.match(told[0] ?? "", /tool x not found/);
  assert.match(reason, /… 88 more lines …/);
  assert.match(told.at(-1) ?? "", /giving up/);
});

test("blockedPackages: names what npm 12 blocked, and nothing that npm 11 only mentions", () => {
  const named = "npm warn install-scripts   core-js@3.36.0 (postinstall: node -e \"1\")";
  assert.deepEqual(blockedPackages({ code: 0, lines: ["npm warn install-scripts 1 package had install scripts blocked because they are not covered by allowScripts:", named] }), ["core-js"]);
  assert.deepEqual(blockedPackages({ code: 0, lines: ["npm warn install-scripts 1 package has install scripts not yet covered by allowScripts:", named] }), []);
});

for (const { what, lines, code, reason } of cases) {
  test(`npmFailure: the reason without what npm always says: ${what}`, () => {
    assert.deepEqual(npmFailure({ code: 1, lines }), { code, reason });
  });
}

test("npmFailure: a success is no failure, whatever was printed", () => {
  assert.equal(npmFailure({ code: 0, lines: ["npm error code E404"] }), undefined);
});
