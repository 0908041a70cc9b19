// An npm registry on the loopback that serves what a test publishes and remembers what it was asked.
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import type { TestLifetime } from "./local-server.ts";

/** A package to publish. */
export interface PublishedPackage {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly scripts?: Readonly<Record<string, string>>;
  /** Further files by name. */
  readonly files?: Readonly<Record<string, string>>;
  /** Tags to move to this version besides `latest`. */
  readonly tags?: readonly string[];
}

/** How a request is answered instead of properly. */
export type Misbehaviour = "cut off" | "silent" | { readonly status: number };

/** A registry that listens. */
export interface NpmRegistry {
  readonly url: string;
  /** The paths that were asked for, in order. */
  readonly requests: string[];
  publish(published: PublishedPackage): void;
  /** Answers the next requests whose path matches in another way, each once. */
  misbehave(path: RegExp, ...how: Misbehaviour[]): void;
  /** Answers everything with this status from now on, until it is undefined again. */
  failWith(status: number | undefined): void;
  close(): Promise<void>;
}

interface Packument {
  readonly name: string;
  readonly "dist-tags": Record<string, string>;
  readonly versions: Record<string, unknown>;
}

/** Opens a registry; metadata may be cached for `maxAgeSeconds`, as the public registry's for 300. */
export async function openNpmRegistry({ maxAgeSeconds = 300 }: { maxAgeSeconds?: number } = {}): Promise<NpmRegistry> {
  const packuments = new Map<string, Packument>();
  const tarballs = new Map<string, Buffer>();
  const requests: string[] = [];
  let failure: number | undefined;
  const planned: { readonly path: RegExp; readonly how: Misbehaviour }[] = [];

  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? "/");
    requests.push(path);
    const index = planned.findIndex((plan) => plan.path.test(path));
    const how = failure === undefined ? (index < 0 ? undefined : planned.splice(index, 1)[0]?.how) : { status: failure };
    const tarball = tarballs.get(path);
    const packument = packuments.get(path.slice(1));
    if (how === "silent") return;
    if (typeof how === "object") return void response.writeHead(how.status, { "content-type": "application/json" }).end('{"error":"refused"}');
    if (tarball !== undefined) {
      response.writeHead(200, { "content-type": "application/octet-stream", "content-length": tarball.length });
      if (how === "cut off") return void response.write(tarball.subarray(0, tarball.length >> 1), () => response.destroy());
      return void response.end(tarball);
    }
    if (packument === undefined) return void response.writeHead(404, { "content-type": "application/json" }).end('{"error":"Not found"}');
    const body = JSON.stringify(packument);
    const etag = `"${createHash("sha1").update(body).digest("hex")}"`;
    const headers = { "content-type": "application/json", "cache-control": `public, max-age=${maxAgeSeconds}`, etag };
    if (request.headers["if-none-match"] === etag) response.writeHead(304, headers).end();
    else response.writeHead(200, headers).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

  return {
    url, requests,
    publish({ files = {}, tags = [], ...manifest }) {
      const { name, version, scripts = {} } = manifest;
      const content = { "index.js": `module.exports = ${JSON.stringify(version)};\n`, ...files, "package.json": JSON.stringify(manifest) };
      const tarball = gzipSync(tar(content));
      const path = `/${name}/-/${name.split("/").at(-1)}-${version}.tgz`;
      const integrity = `sha512-${createHash("sha512").update(tarball).digest("base64")}`;
      const before = packuments.get(name);
      tarballs.set(path, tarball);
      packuments.set(name, {
        name,
        "dist-tags": { ...before?.["dist-tags"], latest: version, ...Object.fromEntries(tags.map((tag) => [tag, version])) },
        versions: {
          ...before?.versions,
          [version]: { ...manifest, dist: { tarball: `${url.slice(0, -1)}${path}`, integrity }, ...(Object.keys(scripts).length > 0 ? { hasInstallScript: true } : {}) },
        },
      });
    },
    misbehave: (path, ...how) => void planned.push(...how.map((one) => ({ path, how: one }))),
    failWith: (status) => { failure = status; },
    close: () => new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    }),
  };
}

/** The files of each version of each package, by name, version and path. */
export type RegistryContent = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, string>>>>>>;

/** Opens a registry with packages in it, until the test is over. */
export async function startNpmRegistry(t: TestLifetime, content: RegistryContent): Promise<NpmRegistry> {
  const registry = await openNpmRegistry();
  t.after(registry.close);
  for (const [name, versions] of Object.entries(content)) for (const [version, files] of Object.entries(versions)) {
    registry.publish({ ...(JSON.parse(files["package.json"] ?? "{}") as object), name, version, files });
  }
  return registry;
}

/** A tar archive in which all files lie in the folder `package`, as npm packs them. */
function tar(files: Readonly<Record<string, string>>): Buffer {
  const blocks = Object.entries(files).flatMap(([path, text]) => {
    const content = Buffer.from(text);
    return [header(`package/${path}`, content.length), content, Buffer.alloc((512 - (content.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

function header(path: string, size: number): Buffer {
  const block = Buffer.alloc(512);
  block.write(path, 0);
  block.write("0000644\0", 100);
  block.write(`${size.toString(8).padStart(11, "0")}\0`, 124);
  block.write("00000000000\0", 136);
  block.write("        0", 148);
  block.write("ustar\x0000", 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}
