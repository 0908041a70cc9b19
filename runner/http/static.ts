// The files of `public/`, held in memory: a path that is not among them is nothing, so none can leave the folder.
import { createHash } from "node:crypto";
import { lstat, readFile, readdir } from "node:fs/promises";
import { extname, join, sep } from "node:path";
import { Failure } from "../lib/failure.ts";
import { send } from "./reply.ts";
import type { Handler } from "./router.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
};

interface Asset {
  readonly body: Buffer;
  readonly type: string;
  readonly tag: string;
}

/** Answers with the file of the folder that the path names; 304 where the client has it already. */
export function staticFiles(folder: string): Handler {
  let loading: Promise<ReadonlyMap<string, Asset>> | undefined;
  const loaded = () => loading ??= load(folder).catch((error: unknown) => {
    loading = undefined; // the next one who asks tries again
    throw error;
  });
  return async ({ request, response, path }) => {
    const asset = (await loaded()).get(path);
    if (asset === undefined) throw new Failure("not-found", `There is nothing at ${path}`);
    const headers = { etag: asset.tag, "cache-control": "public, max-age=3600", "x-content-type-options": "nosniff" };
    if (request.headers["if-none-match"] === asset.tag) {
      response.writeHead(304, headers).end();
      return;
    }
    send(response, 200, asset.body, { ...headers, "content-type": asset.type });
  };
}

async function load(folder: string): Promise<ReadonlyMap<string, Asset>> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const assets = await Promise.all(names.map(async (name): Promise<[string, Asset][]> => {
    const file = join(folder, name);
    if (!(await lstat(file)).isFile()) return [];
    const body = await readFile(file);
    const tag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
    return [[`/${name.split(sep).join("/")}`, { body, type: TYPES[extname(file)] ?? "application/octet-stream", tag }]];
  }));
  return new Map(assets.flat());
}
