import assert from "node:assert/strict";
import { test } from "node:test";
import { npmFailure } from "../../../runner/languages/node/npm-failure.ts";

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
  { what: "silence", lines: [], code: "", reason: "npm ended with code 1 and said nothing" },
];

for (const { what, lines, code, reason } of cases) {
  test(`npm's reason is read without its trimmings: ${what}`, () => {
    assert.deepEqual(npmFailure({ code: 1, lines }), { code, reason });
  });
}

test("a success is no failure, whatever was printed", () => {
  assert.equal(npmFailure({ code: 0, lines: ["npm error code E404"] }), undefined);
});
