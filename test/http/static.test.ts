import assert from "node:assert/strict";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { Failure } from "../../runner/lib/failure.ts";
import { sendJson } from "../../runner/http/reply.ts";
import { createAuthorize } from "../../runner/http/auth.ts";
import { createRouter } from "../../runner/http/router.ts";
import type { Handler, Route } from "../../runner/http/router.ts";
import { staticFiles } from "../../runner/http/static.ts";
import { temporaryFolder } from "../support/folder.ts";
import { ask, serve } from "../support/local-server.ts";
import type { TestLifetime } from "../support/local-server.ts";

const LOGO = Buffer.from([0x89, 0x50, 0x00, 0xff]);

async function start(t: TestLifetime): Promise<number> {
  const home = await temporaryFolder(t);
  const folder = join(home, "public");
  await mkdir(join(folder, "assets", "deep"), { recursive: true });
  await Promise.all([
    writeFile(join(home, "outside.txt"), "outside"), writeFile(join(folder, "favicon.ico"), "icon"),
    writeFile(join(folder, "assets", "a.css"), "body{}"), writeFile(join(folder, "assets", "b.js"), "1"), writeFile(join(folder, "assets", "deep", "logo.png"), LOGO),
    writeFile(join(folder, "assets", "c.svg"), "<svg/>"), writeFile(join(folder, "assets", "data.bin"), "x"),
  ]);
  await symlink(join(home, "outside.txt"), join(folder, "assets", "link.txt"));
  const handle = staticFiles(folder);
  return serve(t, routerFor(handle));
}

function routerFor(handle: Handler): ReturnType<typeof createRouter> {
  const routes = ["/favicon.ico", "/assets/*"].map((path): Route => ({ method: "GET", path, auth: "none", handle }));
  return createRouter(routes, {
    authorize: createAuthorize({ secret: () => undefined, resetToken: undefined }),
    onFailure({ response }, error) {
      const failure = error instanceof Failure ? error : new Failure("internal", String(error));
      sendJson(response, failure.status, { error: failure.message });
    },
  });
}

describe("the static files", () => {
  const files: readonly [string, string, string][] = [
    ["/favicon.ico", "image/x-icon", "icon"], ["/assets/a.css", "text/css; charset=utf-8", "body{}"], ["/assets/b.js", "text/javascript; charset=utf-8", "1"],
    ["/assets/c.svg", "image/svg+xml", "<svg/>"], ["/assets/deep/logo.png", "image/png", LOGO.toString("utf8")], ["/assets/data.bin", "application/octet-stream", "x"], ["/assets/a.css?v=1", "text/css; charset=utf-8", "body{}"],
  ];
  for (const [path, type, body] of files) it(`answer ${path} as ${type}, to be cached`, async (t) => {
    const answer = await ask(await start(t), path);
    assert.equal(answer.status, 200, answer.body);
    assert.equal(answer.headers["content-type"], type);
    assert.equal(answer.headers["x-content-type-options"], "nosniff");
    assert.match(answer.headers["cache-control"] ?? "", /max-age=\d+/);
    assert.match(answer.headers.etag ?? "", /^"[\w-]{22}"$/);
    assert.equal(answer.body, body);
  });

  const missing = [
    "/assets/", "/assets/none.css", "/assets/deep", "/assets/deep/", "/assets/../favicon.ico", "/assets/../../outside.txt", "/assets/..%2f..%2foutside.txt", "/assets/%2e%2e/%2e%2e/outside.txt",
    "/assets/..\\..\\outside.txt", "/assets/%2fetc%2fpasswd", "/assets//etc/passwd", "/assets/%00", "/assets/a.css%00.png", "/assets/%61.css", "/assets/link.txt", "/assets/a.css/", "/favicon.ico/",
    "/assets/constructor", "/assets/__proto__", "/assets/%5c..%5coutside.txt",
  ];
  for (const path of missing) it(`have nothing at ${path}`, async (t) => {
    const { status, body } = await ask(await start(t), path);
    assert.equal(status, 404, body);
  });

  it("are not sent again to one who has them", async (t) => {
    const port = await start(t);
    const first = await ask(port, "/assets/a.css");
    const second = await ask(port, "/assets/a.css", { headers: { "if-none-match": first.headers.etag ?? "" } });
    assert.deepEqual([second.status, second.body, second.headers.etag], [304, "", first.headers.etag]);
    assert.equal((await ask(port, "/assets/a.css", { headers: { "if-none-match": '"other"' } })).status, 200);
  });

  it("answer HEAD with the length", async (t) => {
    const { status, headers, body } = await ask(await start(t), "/assets/a.css", { method: "HEAD" });
    assert.deepEqual([status, headers["content-length"], body], [200, "6", ""]);
  });

  it("are nothing where the folder is not there", async (t) => {
    const handle = staticFiles(join(await temporaryFolder(t), "none"));
    const port = await serve(t, routerFor(handle));
    assert.equal((await ask(port, "/favicon.ico")).status, 404);
  });
});
