// Where the host posts jobs, and at which paths this runner accepts them.
import { describe } from "../lib/failure.ts";
import { unquoted } from "./readers.ts";

/** Jobs are always accepted here. */
export const JOB_PATH = "/api/run";
/** Paths that the runner serves itself, so that jobs cannot be accepted there. */
const RESERVED = /^\/(|status|favicon\.ico|(ui|assets|internal)(\/.*)?|api\/(runs|packages)(\/.*)?)\/?$/;

/** Reads a path at which jobs can be accepted; a missing slash at its start is added. */
export const jobPath = unquoted((value) => {
  const path = value.startsWith("/") ? value : `/${value}`;
  const isPlain = new URL(path, "http://runner").pathname === path && !/[?#:*]/.test(value);
  if (!isPlain) throw new Error(`wanted a plain path such as ${JOB_PATH}, found ${describe(value)}`);
  if (RESERVED.test(path)) throw new Error(`wanted a path that the runner does not serve itself, found ${describe(value)}`);
  return path;
});

/** What the environment says about the endpoint. */
export interface EndpointSettings {
  readonly endpointUrl: string | undefined;
  readonly publicUrl: string | undefined;
  readonly endpointPath: string;
}

/** The address to which the host posts jobs, or undefined where neither URL is set. */
export function endpointUrl({ endpointUrl: whole, publicUrl, endpointPath }: EndpointSettings): string | undefined {
  if (whole !== undefined) {
    const { pathname, search, origin } = new URL(whole);
    return pathname === "/" && search === "" ? origin + endpointPath : whole;
  }
  if (publicUrl === undefined) return undefined;
  const base = publicUrl.replace(/\/+$/, "");
  return new URL(base).pathname.endsWith(endpointPath) ? base : base + endpointPath;
}

/** The paths at which jobs are accepted; a proxy may pass the path of the host's URL on unchanged. */
export function jobPaths(url: string | undefined, endpointPath: string): readonly string[] {
  const ofUrl = url === undefined ? [] : [new URL(url).pathname].filter((path) => !RESERVED.test(path));
  return [...new Set([JOB_PATH, endpointPath, ...ofUrl])];
}
