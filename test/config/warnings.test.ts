import assert from "node:assert/strict";
import { test } from "node:test";
import { prefixed, read } from "./harness.ts";

const HEARTBEATS: readonly (readonly [ms: string, warning: RegExp])[] = [
  ["off", /^AUTOMN_RUNNER_HEARTBEAT_MS=off sends no heartbeats: .*two minutes\.$/],
  ["0", /^AUTOMN_RUNNER_HEARTBEAT_MS=0 is taken as the default, 60000; "off" sends no heartbeats\.$/],
  ["1", /^AUTOMN_RUNNER_HEARTBEAT_MS=1 is less than a second: the unit is milliseconds\.$/],
  ["999", /=999 is less than a second/],
  ["100001", /^AUTOMN_RUNNER_HEARTBEAT_MS=100001 is longer than 100000: .*two minutes\.$/],
];
for (const [ms, warning] of HEARTBEATS) {
  test(`warnings: a heartbeat of ${ms} ms`, () => {
    const { warnings } = read(prefixed({ HEARTBEAT_MS: ms }));
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? "", warning);
  });
}
for (const ms of ["1000", "60000", "100000"]) {
  test(`warnings: none about a heartbeat of ${ms} ms`, () => assert.deepEqual(read(prefixed({ HEARTBEAT_MS: ms })).warnings, []));
}

/** Host, the variable of the runner's address, the address, and the warning if there is one. */
const ADDRESSES: readonly (readonly [host: string, name: string, url: string, warning?: RegExp])[] = [
  [
    "http://localhost:8080", "PUBLIC_URL", "http://runner.example:3030",
    /^AUTOMN_HOST_URL \(localhost:8080\) means this machine and AUTOMN_RUNNER_PUBLIC_URL \(runner\.example:3030\) does not: .*\.$/,
  ],
  [
    "https://automn.example", "PUBLIC_URL", "http://127.0.0.1:3030",
    /^AUTOMN_RUNNER_PUBLIC_URL \(127\.0\.0\.1:3030\) means this machine and AUTOMN_HOST_URL \(automn\.example\) does not: .*\.$/,
  ],
  [
    "https://automn.example", "ENDPOINT_URL", "http://[::1]:3030/jobs?token=hidden",
    /^AUTOMN_RUNNER_ENDPOINT_URL \(\[::1\]:3030\) means this machine/,
  ],
  ["https://automn.example", "PUBLIC_URL", "http://localhost:3030", /means this machine/],
  ["https://automn.example", "PUBLIC_URL", "http://LOCALHOST.:3030", /means this machine/],
  ["https://automn.example", "PUBLIC_URL", "http://runner.localhost:3030", /means this machine/],
  ["https://automn.example", "PUBLIC_URL", "http://127.1:3030", /means this machine/],
  ["https://automn.example", "PUBLIC_URL", "http://0.0.0.0:3030", /means this machine/],
  ["https://automn.example", "PUBLIC_URL", "http://[::]:3030", /means this machine/],
  ["https://automn.example", "PUBLIC_URL", "http://[::ffff:127.0.0.1]:3030", /means this machine/],
  ["http://localhost:8080", "PUBLIC_URL", "http://127.0.0.1:3030"],
  ["https://automn.example", "PUBLIC_URL", "http://runner.example:3030"],
  ["https://automn.example", "PUBLIC_URL", "http://localhost.example:3030"],
  ["https://automn.example", "PUBLIC_URL", "http://10.127.0.0:3030"],
];
for (const [host, name, url, warning] of ADDRESSES) {
  test(`warnings: ${warning === undefined ? "none about " : ""}a host at ${host} and a runner at ${url}`, () => {
    const { warnings } = read({ AUTOMN_HOST_URL: host, ...prefixed({ [name]: url }) });
    assert.equal(warnings.length, warning === undefined ? 0 : 1, warnings.join("\n"));
    assert.match(warnings.join(), warning ?? /^$/);
    assert.doesNotMatch(warnings.join(), /hidden/, "a query may hold a token");
  });
}

test("warnings: an address on loopback names the alias that was set, and needs both addresses", () => {
  const { warnings } = read(prefixed({ HOST_URL: "http://localhost", PUBLIC_URL: "http://r:3030" }));
  assert.match(warnings.join(), /^AUTOMN_RUNNER_HOST_URL \(localhost\)/);
  assert.deepEqual(read({ AUTOMN_HOST_URL: "http://localhost" }).warnings, []);
  assert.deepEqual(read(prefixed({ PUBLIC_URL: "http://localhost:3030" })).warnings, []);
});

const PORTS: readonly (readonly [set: Readonly<Record<string, string>>, warning?: RegExp])[] = [
  [
    { PUBLIC_URL: "http://r:8080" },
    /^AUTOMN_RUNNER_PUBLIC_URL has port 8080, but the runner listens on port 3030: .* if a proxy or a port mapping forwards them\.$/,
  ],
  [{ PUBLIC_URL: "http://r" }, /^AUTOMN_RUNNER_PUBLIC_URL has port 80, but the runner listens on port 3030/],
  [{ PUBLIC_URL: "http://r:3030", PORT: "4000" }, /has port 3030, but the runner listens on port 4000/],
  [{ PUBLIC_URL: "http://r:3030", PORT: "0" }, /has port 3030, but the runner listens on a port that changes with every start/],
  [{ ENDPOINT_URL: "http://r:8080/jobs", PUBLIC_URL: "http://r:3030" }, /^AUTOMN_RUNNER_ENDPOINT_URL has port 8080/],
  [{ PUBLIC_URL: "http://r:3030" }],
  [{ PUBLIC_URL: "http://r", PORT: "80" }],
  [{ ENDPOINT_URL: "http://r:3030/jobs", PUBLIC_URL: "http://r:8080" }],
  [{ PUBLIC_URL: "https://r" }],
  [{ PUBLIC_URL: "https://r:8443" }],
  [{}],
];
for (const [set, warning] of PORTS) {
  test(`warnings: ${warning === undefined ? "none about" : "the port of"} ${JSON.stringify(set)}`, () => {
    const { warnings } = read(prefixed(set));
    assert.equal(warnings.length, warning === undefined ? 0 : 1, warnings.join("\n"));
    assert.match(warnings.join(), warning ?? /^$/);
  });
}
