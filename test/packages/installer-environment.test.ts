import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, test } from "node:test";
import { installerEnvironment } from "../../runner/packages/installer-environment.ts";

let folder: string;
before(async () => { folder = await mkdtemp(join(tmpdir(), "runner-environment-")); });
after(() => rm(folder, { recursive: true }));

test("installerEnvironment: has the operator's settings and none of the runner's", async () => {
  const environment = await installerEnvironment({ npm_config_registry: "https://r", HTTPS_PROXY: "http://p", AUTOMN_RUNNER_SECRET: "s", automn_runner_x: "y", PATH: "/bin" }, "/opt/node/bin/node", folder);
  assert.deepEqual(environment, { npm_config_registry: "https://r", HTTPS_PROXY: "http://p", PATH: `/opt/node/bin${delimiter}/bin` });
});

test("installerEnvironment: certificates that Node is given count for other installers too, where nothing else is set", async () => {
  const extra = join(folder, "extra.pem");
  await writeFile(extra, "-----BEGIN CERTIFICATE-----\nours\n-----END CERTIFICATE-----\n");
  const environment = await installerEnvironment({ NODE_EXTRA_CA_CERTS: extra, PIP_CERT: "/own.pem" }, "/bin/node", folder);
  assert.equal(environment["PIP_CERT"], "/own.pem");
  const bundle = environment["SSL_CERT_FILE"] ?? "";
  assert.deepEqual([environment["REQUESTS_CA_BUNDLE"], environment["CURL_CA_BUNDLE"]], [bundle, bundle]);
  const text = await readFile(bundle, "utf8");
  assert.ok(text.includes("\nours\n") && text.split("BEGIN CERTIFICATE").length > 50);
});

test("installerEnvironment: a file of certificates that cannot be read is ignored, as Node does", async () => {
  const environment = await installerEnvironment({ NODE_EXTRA_CA_CERTS: "/nowhere.pem" }, "/bin/node", folder);
  assert.equal(environment["SSL_CERT_FILE"], undefined);
});
