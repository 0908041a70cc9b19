import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, test } from "node:test";
import { Failure } from "../../../runner/lib/failure.ts";
import { folderName } from "../../../runner/workspace/script-files.ts";
import { createAuthorize } from "../../../runner/http/auth.ts";
import { createRouter } from "../../../runner/http/router.ts";
import { sendJson } from "../../../runner/http/reply.ts";
import type { LanguageProblem, LanguageRegistry, RunnableLanguage } from "../../../runner/languages/registry.ts";
import { node as nodeLanguage } from "../../../runner/languages/node/node.ts";
import { clearPackages, packageStatus, type PackageRouteDependencies } from "../../../runner/http/routes/packages.ts";
import { type Harness, node, openHarness, ready, registryMissing } from "../../packages/harness.ts";

const SECRET = "a secret of the runner";
const TOKEN = "a token that resets";

interface Answer {
  readonly status: number;
  readonly body: { readonly scriptId?: string | null; readonly packages?: readonly { name: string; status: string; message: string }[]; readonly installMissing?: boolean; readonly error?: string | null; readonly removed?: number };
}

/** The two routes over a harness, on a port of their own. */
async function serve(harness: Harness, { secret = () => SECRET, hasToken = true, ...changes }: Partial<PackageRouteDependencies> & { secret?: () => string | undefined; hasToken?: boolean } = {}) {
  const languages = { find: (): Promise<RunnableLanguage> => Promise.resolve({ language: nodeLanguage, spelling: "node", interpreter: node }) } as unknown as LanguageRegistry;
  const tools: PackageRouteDependencies = { packages: harness.packages, languages, page: ({ message }) => `<p>${message}</p>`, ...changes };
  const answer = createRouter(
    [
      { method: "POST", path: "/api/packages/status", auth: "runner-secret", handle: packageStatus(tools) },
      { method: "POST", path: "/ui/package-cache/clear", auth: "reset-token", sameOrigin: true, handle: clearPackages(tools) },
    ],
    {
      authorize: createAuthorize({ secret, resetToken: hasToken ? TOKEN : undefined }),
      onFailure: ({ response }, error) => sendJson(response, error instanceof Failure ? error.status : 500, { error: String(error) }),
    },
  );
  const server = createServer((request, response) => void answer(request, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const post = async (path: string, body: string, headers: Record<string, string>): Promise<Response> => fetch(`http://127.0.0.1:${port}${path}`, { method: "POST", body, headers });
  return {
    async ask(body: unknown, secret = SECRET): Promise<Answer> {
      const response = await post("/api/packages/status", JSON.stringify(body), { "content-type": "application/json", "x-automn-runner-secret": secret });
      return { status: response.status, body: (await response.json()) as Answer["body"] };
    },
    clear: (form: Record<string, string>, headers: Record<string, string> = {}) => post("/ui/package-cache/clear", new URLSearchParams(form).toString(), { "content-type": "application/x-www-form-urlencoded", ...headers }),
    close: () => new Promise((resolve) => { server.closeAllConnections(); server.close(resolve); }),
  };
}

describe("the host's question about packages", { skip: registryMissing }, () => {
  test("is answered for each package, and what was installed then is what the run uses", async () => {
    const harness = await openHarness();
    const web = await serve(harness);
    const names = ["is-number", "automn-runner-no-such-package", "@sindresorhus/is", "fs", "-rf", "a b"];
    const { status, body } = await web.ask({ scriptId: "42", packages: names, installMissing: true });
    assert.equal(status, 200);
    assert.deepEqual([body.scriptId, body.installMissing, body.error], ["42", true, null]);
    assert.deepEqual(body.packages?.map(({ name, status: word }) => [name, word]), [
      ["is-number", "installed"], ["automn-runner-no-such-package", "error"], ["@sindresorhus/is", "installed"], ["fs", "installed"], ["-rf", "error"], ["a b", "error"],
    ]);
    assert.match(body.packages?.[1]?.message ?? "", /404/);
    assert.match(body.packages?.[4]?.message ?? "", /Cannot install the npm package "-rf": a name does not begin with "-"/);
    harness.lines.length = 0;
    ready(await harness.ensure('import n from "is-number"', { home: folderName("42"), scriptId: "42" })).release();
    assert.deepEqual(harness.lines, [], "nothing was installed for the run");
    await web.close();
    await harness.close();
  });

  test("installs nothing when that is not wanted", async () => {
    const harness = await openHarness();
    const web = await serve(harness);
    const { body } = await web.ask({ scriptId: 7, packages: ["is-number"], installMissing: false });
    assert.deepEqual(body, { scriptId: "7", packages: [{ name: "is-number", status: "not_installed", message: "not installed" }], installMissing: false, error: null });
    await web.close();
    await harness.close();
  });

  test("is answered in time although an install goes on, which the run then waits for", async () => {
    const harness = await openHarness();
    const web = await serve(harness, { answerMs: 1 });
    const { body } = await web.ask({ scriptId: "1", packages: ["is-number"] });
    assert.deepEqual(body.packages, [{ name: "is-number", status: "not_installed", message: "still being installed" }]);
    ready(await harness.ensure('require("is-number")', { home: folderName("1") })).release();
    assert.equal(harness.packages.summary.sets, 1);
    await web.close();
    await harness.close();
  });
});

describe("a question that can't be answered", () => {
  const wrong = [
    { what: "no object", body: [1], status: 400, error: /wanted a JSON object, found an array/ },
    { what: "no list", body: { scriptId: "1" }, status: 400, error: /Cannot read packages: wanted an array of names, found nothing/ },
    { what: "a name that is no text", body: { packages: ["a", 1] }, status: 400, error: /Cannot read packages\[1\]: wanted a name, found 1/ },
    { what: "too many", body: { packages: Array.from({ length: 201 }, (_, index) => `p${index}`) }, status: 400, error: /at most 200 names, found 201/ },
    { what: "an id that is none", body: { packages: [], scriptId: {} }, status: 400, error: /Cannot read scriptId: wanted text, found an object/ },
  ];
  for (const { what, body, status, error } of wrong) {
    test(`is refused: ${what}`, async () => {
      const harness = await openHarness();
      const web = await serve(harness);
      const answer = await web.ask(body);
      assert.equal(answer.status, status);
      assert.match(answer.body.error ?? "", error);
      await web.close();
      await harness.close();
    });
  }

  test("is refused like a job: without the secret, and before there is one", async () => {
    const harness = await openHarness();
    const [web, early] = [await serve(harness), await serve(harness, { secret: () => undefined })];
    assert.equal((await web.ask({ packages: [] }, "another secret")).status, 401);
    assert.equal((await early.ask({ packages: [] })).status, 503);
    await Promise.all([web.close(), early.close()]);
    await harness.close();
  });

  test("without a node to run npm, every package has the reason, and so has the whole answer", async () => {
    const harness = await openHarness();
    const find = (): Promise<LanguageProblem> => Promise.resolve({ code: 127, errorCode: "INTERPRETER_MISSING", message: "No interpreter for node" });
    const web = await serve(harness, { languages: { find } as unknown as LanguageRegistry });
    assert.deepEqual((await web.ask({ packages: ["a"] })).body, { scriptId: null, packages: [{ name: "a", status: "error", message: "No interpreter for node" }], installMissing: true, error: "No interpreter for node" });
    await web.close();
    await harness.close();
  });
});

describe("clearing", () => {
  const refused = [
    { what: "without a token", form: {} },
    { what: "with another token", form: { token: "a token that doesn't" } },
    { what: "from another site", form: { token: TOKEN }, headers: { "sec-fetch-site": "cross-site" } },
    { what: "where no token is configured", form: { token: TOKEN }, changes: { hasToken: false } },
  ];
  for (const { what, form, headers = {}, changes = {} } of refused) {
    test(`is refused ${what}`, async () => {
      const harness = await openHarness();
      const web = await serve(harness, changes);
      assert.equal((await web.clear(form as Record<string, string>, headers)).status, 403);
      await web.close();
      await harness.close();
    });
  }

  test("with the token answers a browser with the page and others with JSON", async () => {
    const harness = await openHarness();
    const web = await serve(harness);
    const page = await web.clear({ token: ` ${TOKEN} ` }, { accept: "text/html" });
    assert.equal(await page.text(), "<p>0 sets of packages removed.</p>");
    assert.deepEqual(await (await web.clear({ token: TOKEN })).json(), { cleared: true, removed: 0, bytes: 0, left: 0 });
    await web.close();
    await harness.close();
  });
});
