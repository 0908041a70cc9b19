// An npm registry on the loopback that has only what a test gives it.
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { serve } from "./local-server.ts";
import type { TestLifetime } from "./local-server.ts";

/** The files of each version of each package, by name, version and path. */
export type RegistryContent = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, string>>>>>>;

/** A registry, and what it was asked for. */
export interface NpmRegistry {
  readonly url: string;
  /** The paths of all requests so far. */
  readonly requests: readonly string[];
  /** Adds packages or versions. */
  add(content: RegistryContent): void;
  /** From now on everything is answered by this status, until it is undefined again. */
  failWith(status: number | undefined): void;
}

/** Serves packages until the test is over. */
export async function startNpmRegistry(t: TestLifetime, content: RegistryContent): Promise<NpmRegistry> {
  const packages = new Map<string, Map<string, Buffer>>();
  const manifests = new Map<string, Record<string, unknown>>();
  const requests: string[] = [];
  let failure: number | undefined;

  function add(added: RegistryContent): void {
    for (const [name, versions] of Object.entries(added)) for (const [version, files] of Object.entries(versions)) {
      const manifest = { name, version, ...(JSON.parse(files["package.json"] ?? "{}") as object) };
      const tarball = gzipSync(tar({ ...files, "package.json": JSON.stringify(manifest) }));
      packages.set(name, new Map([...(packages.get(name) ?? []), [version, tarball]]));
      manifests.set(`${name}@${version}`, manifest);
    }
  }

  function packument(name: string, versions: ReadonlyMap<string, Buffer>): object {
    const described = [...versions].map(([version, tarball]) => [version, {
      ...manifests.get(`${name}@${version}`),
      dist: { tarball: `${url}/${name}/-/${version}.tgz`, integrity: `sha512-${createHash("sha512").update(tarball).digest("base64")}` },
    }]);
    return { name, "dist-tags": { latest: [...versions.keys()].at(-1) }, versions: Object.fromEntries(described) };
  }

  const port = await serve(t, (request, response) => {
    const path = decodeURIComponent(request.url ?? "").slice(1);
    requests.push(path);
    const [name = "", file] = path.split("/-/");
    const versions = packages.get(name);
    const body = file === undefined ? versions && JSON.stringify(packument(name, versions)) : versions?.get(file.replace(/\.tgz$/, ""));
    response.statusCode = failure ?? (body === undefined ? 404 : 200);
    response.end(failure === undefined && body !== undefined ? body : JSON.stringify({ error: "Not found" }));
  });
  const url = `http://127.0.0.1:${port}`;
  add(content);
  return { url, requests, add, failWith: (status) => { failure = status; } };
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
