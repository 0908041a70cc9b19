import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hostVersions, MINIMUM_HOST_VERSION, registrationUrl, RUNNER_VERSION, versionProblems } from "../../runner/protocol/registration.ts";
import { compareVersions } from "../../runner/lib/versions.ts";

describe("registrationUrl", () => {
  const cases: readonly [string, string, string][] = [
    ["http://host", "r", "http://host/api/settings/runner-hosts/r/register"],
    ["http://host/", "r", "http://host/api/settings/runner-hosts/r/register"],
    ["http://host//", "r", "http://host/api/settings/runner-hosts/r/register"],
    ["https://host:8443/automn/", "r", "https://host:8443/automn/api/settings/runner-hosts/r/register"],
    ["http://host", "a/b c?d#e", "http://host/api/settings/runner-hosts/a%2Fb%20c%3Fd%23e/register"],
    ["http://host", "läufer", "http://host/api/settings/runner-hosts/l%C3%A4ufer/register"],
    ["http://host", "%2F", "http://host/api/settings/runner-hosts/%252F/register"],
    ["http://[::1]:3000", "r", "http://[::1]:3000/api/settings/runner-hosts/r/register"],
  ];
  for (const [host, id, url] of cases) it(`is ${url}`, () => {
    assert.equal(registrationUrl(host, id), url);
    assert.equal(new URL(url).href, url);
  });
});

describe("versions", () => {
  it("RUNNER_VERSION: a host 0.2.16 does not call it outdated", () => {
    assert.ok(compareVersions(RUNNER_VERSION, "0.2.15") > 0);
    assert.equal(MINIMUM_HOST_VERSION, "0.2.0");
  });

  const answers: readonly [unknown, object][] = [
    [{ registered: true, hostVersion: "0.2.16", minimumRunnerVersion: "0.2.15" }, { hostVersion: "0.2.16", minimumRunnerVersion: "0.2.15" }],
    [{ hostVersion: 2, minimumRunnerVersion: null }, {}], [{}, {}], [null, {}], [undefined, {}], ["0.2.16", {}], [["0.2.16"], {}],
  ];
  for (const [answer, versions] of answers) it(`are read from ${JSON.stringify(answer)}`, () => assert.deepEqual(hostVersions(answer), versions));

  const problems: readonly [object, readonly RegExp[]][] = [
    [{}, []], [{ hostVersion: "0.2.0" }, []], [{ hostVersion: "0.2.16", minimumRunnerVersion: "0.2.15" }, []], [{ minimumRunnerVersion: RUNNER_VERSION }, []],
    [{ hostVersion: "0.1.9" }, [/The host has version "0\.1\.9", this runner works with 0\.2\.0 and newer/]],
    [{ minimumRunnerVersion: "9.0.0" }, [/The host wants a runner of version "9\.0\.0" or newer, this one has/]],
    [{ hostVersion: "0.0.1", minimumRunnerVersion: "9.0.0" }, [/The host has/, /The host wants/]],
  ];
  for (const [versions, sentences] of problems) it(`that the host names (${JSON.stringify(versions)}) give ${sentences.length} sentences`, () => {
    const found = versionProblems(versions);
    assert.equal(found.length, sentences.length);
    sentences.forEach((sentence, i) => assert.match(found[i] ?? "", sentence));
  });
});
