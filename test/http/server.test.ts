import assert from "node:assert/strict";
import type { Server } from "node:http";
import { networkInterfaces } from "node:os";
import { describe, it } from "node:test";
import { createHttpServer, listen } from "../../runner/http/server.ts";
import { ask } from "../support/local-server.ts";

async function open(t: { after(close: () => Promise<void>): void }, port: number, bind?: string): Promise<{ server: Server; port: number }> {
  const server = createHttpServer((_, response) => Promise.resolve(void response.end("ok")));
  const found = await listen(server, port, bind);
  t.after(() => new Promise<void>((resolve) => { server.close(() => resolve()); server.closeAllConnections(); }));
  return { server, port: found };
}

describe("the HTTP server", () => {
  it("listens on a free port where 0 is asked for and tells which", async (t) => {
    const { port } = await open(t, 0, "127.0.0.1");
    assert.ok(port > 0);
    assert.equal((await ask(port, "/")).body, "ok");
  });

  it("listens on IPv4 and IPv6 where no address is given", async (t) => {
    const { port, server } = await open(t, 0);
    assert.equal((await ask(port, "/")).body, "ok");
    const hasIpv6 = Object.values(networkInterfaces()).flat().some((one) => one?.family === "IPv6");
    if (!hasIpv6) return t.diagnostic("no IPv6 here");
    assert.deepEqual(server.address(), { address: "::", family: "IPv6", port });
    assert.equal(await (await fetch(`http://[::1]:${port}/`)).text(), "ok");
    return undefined;
  });

  it("rejects for an address that can't be had", async (t) => {
    const { port } = await open(t, 0, "127.0.0.1");
    await assert.rejects(listen(createHttpServer(() => Promise.resolve()), port, "127.0.0.1"), { code: "EADDRINUSE" });
    await assert.rejects(listen(createHttpServer(() => Promise.resolve()), 0, "192.0.2.1"), { code: "EADDRNOTAVAIL" });
  });

  it("keeps idle connections longer than a host does, and cuts off slow heads", async (t) => {
    const { server } = await open(t, 0, "127.0.0.1");
    assert.ok(server.keepAliveTimeout > 10_000);
    assert.equal(server.headersTimeout, 30_000);
    assert.ok(server.requestTimeout >= server.headersTimeout);
  });
});
