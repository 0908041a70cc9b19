import assert from "node:assert/strict";
import { test } from "node:test";
import { configOf, prefixed } from "./harness.ts";

const CASES: readonly (readonly [set: Readonly<Record<string, string>>, url: string | undefined, paths: readonly string[]])[] = [
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
  [{ PUBLIC_URL: "http://r/api/run" }, "http://r/api/run", ["/api/run"]],
  [{ PUBLIC_URL: "http://r/api/run/" }, "http://r/api/run", ["/api/run"]],
  [{ PUBLIC_URL: "https://r/prefix/api/run" }, "https://r/prefix/api/run", ["/api/run", "/prefix/api/run"]],
  [{ PUBLIC_URL: "http://r/jobs", ENDPOINT_PATH: "/jobs" }, "http://r/jobs", ["/api/run", "/jobs"]],
  [{ PUBLIC_URL: "http://r/api/run", ENDPOINT_PATH: "/jobs" }, "http://r/api/run/jobs", ["/api/run", "/jobs", "/api/run/jobs"]],
  [{ PUBLIC_URL: "http://r/myjobs", ENDPOINT_PATH: "/jobs" }, "http://r/myjobs/jobs", ["/api/run", "/jobs", "/myjobs/jobs"]],
  [{ PUBLIC_URL: '"http://r"', ENDPOINT_PATH: "'jobs'" }, "http://r/jobs", ["/api/run", "/jobs"]],
];

for (const [set, url, paths] of CASES) {
  test(`endpoint: ${JSON.stringify(set)} gives ${url ?? "no URL"}, and jobs at ${paths.join(" and ")}`, () => {
    const config = configOf(prefixed(set));
    assert.equal(config.endpointUrl, url);
    assert.deepEqual(config.jobPaths, paths);
  });
}
