import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { proxyUse } from "../../runner/registration/proxy.ts";

const HOST = "https://automn.example:8443";
const NODE_20 = "20.11.0";
const NODE_24 = "24.1.0";

describe("proxyUse", () => {
  const cases: readonly [string, NodeJS.ProcessEnv, string, boolean | undefined, RegExp][] = [
    ["no variable is nothing", {}, NODE_20, undefined, /^$/],
    ["an empty variable is nothing", { HTTPS_PROXY: " " }, NODE_20, undefined, /^$/],
    ["a variable for exceptions alone is nothing", { NO_PROXY: "x" }, NODE_20, undefined, /^$/],
    [
      "Node 20 uses none",
      { HTTPS_PROXY: "http://p" },
      NODE_20,
      false,
      /^HTTPS_PROXY is set, but requests to the host use no proxy: Node 20\.11\.0 cannot, Node 24 can with NODE_USE_ENV_PROXY=1$/,
    ],
    ["Node 20 uses none, asked or not", { HTTPS_PROXY: "http://p", NODE_USE_ENV_PROXY: "1" }, NODE_20, false, /Node 20\.11\.0 cannot/],
    ["in any case", { http_proxy: "http://p", All_Proxy: "socks://p" }, NODE_20, false, /^http_proxy and All_Proxy are set, but /],
    [
      "Node 24 uses none unless asked",
      { HTTPS_PROXY: "http://p" },
      NODE_24,
      false,
      /^HTTPS_PROXY is set, but requests to the host use no proxy: NODE_USE_ENV_PROXY=1 lets Node use it$/,
    ],
    [
      "Node 24 uses one when asked",
      { HTTPS_PROXY: "http://p", NODE_USE_ENV_PROXY: "1" },
      NODE_24,
      true,
      /^Requests to the host go through the proxy that HTTPS_PROXY names$/,
    ],
    [
      "Node 22.21 uses one when asked by an option",
      { HTTP_PROXY: "http://p", NODE_OPTIONS: "--no-warnings --use-env-proxy" },
      "22.21.0",
      true,
      /HTTP_PROXY names$/,
    ],
    ["Node 22.20 uses none", { HTTP_PROXY: "http://p", NODE_USE_ENV_PROXY: "1" }, "22.20.0", false, /Node 22\.20\.0 cannot/],
    [
      "ALL_PROXY is not read by Node",
      { ALL_PROXY: "http://p", NODE_USE_ENV_PROXY: "1" },
      NODE_24,
      false,
      /^ALL_PROXY is set, .*: Node reads HTTP_PROXY and HTTPS_PROXY only$/,
    ],
  ];
  for (const [name, environment, version, used, message] of cases)
    it(name, () => {
      const use = proxyUse(HOST, environment, { versions: { node: version }, execArgv: [] });
      assert.equal(use?.used, used);
      assert.match(use?.message ?? "", message);
    });

  const exempt: readonly [string, boolean][] = [
    ["automn.example", true], [".example", true], ["*.example", true], ["*", true],
    ["localhost, AUTOMN.EXAMPLE", true], ["automn.example:8443", true],
    ["automn.example:1", false], ["other.example", false], ["mn.example", false], ["", false],
  ];
  for (const [list, out] of exempt)
    it(`a host ${out ? "is" : "is not"} exempt by NO_PROXY=${list}`, () => {
      for (const name of ["NO_PROXY", "no_proxy"])
        assert.equal(proxyUse(HOST, { HTTPS_PROXY: "http://p", [name]: list }) === undefined, out);
    });
});
