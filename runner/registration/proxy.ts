// Whether requests to the host go through a proxy: Node's `fetch` uses one only where it can and is told to.

/** What the environment says of a proxy, and what comes of it. */
export interface ProxyUse {
  readonly used: boolean;
  /** A sentence without a full stop that names the variables, never their values. */
  readonly message: string;
}

/** How the proxy variables bear on requests to a host; nothing where none is set or the host is exempt. */
export function proxyUse(hostUrl: string, environment: NodeJS.ProcessEnv, version = process.versions.node, options = process.execArgv): ProxyUse | undefined {
  const names = Object.keys(environment).filter((name) => /^(https?|all)_proxy$/i.test(name) && environment[name]?.trim());
  if (names.length === 0 || isExempt(hostUrl, environment["NO_PROXY"] ?? environment["no_proxy"] ?? "")) return undefined;
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const able = major >= 24 || (major === 22 && minor >= 21);
  const told = environment["NODE_USE_ENV_PROXY"] === "1" || [...options, ...(environment["NODE_OPTIONS"] ?? "").split(/\s+/)].includes("--use-env-proxy");
  const read = names.filter((name) => /^https?_proxy$/i.test(name));
  if (able && told && read.length > 0) return { used: true, message: `Requests to the host go through the proxy that ${read.join(" or ")} names` };
  const set = `${names.join(" and ")} ${names.length === 1 ? "is" : "are"} set, but requests to the host use no proxy`;
  if (!able) return { used: false, message: `${set}: Node ${version} cannot, Node 24 can with NODE_USE_ENV_PROXY=1` };
  return { used: false, message: told ? `${set}: Node reads HTTP_PROXY and HTTPS_PROXY only` : `${set}: NODE_USE_ENV_PROXY=1 lets Node use it` };
}

/** Whether `NO_PROXY`, a list of names and domains, takes the host out. */
function isExempt(hostUrl: string, list: string): boolean {
  const { hostname, host } = new URL(hostUrl);
  const entries = list.toLowerCase().split(/[\s,]+/).filter(Boolean).map((entry) => entry.replace(/^\*?\./, ""));
  return entries.some((entry) => entry === "*" || entry === host || entry === hostname || hostname.endsWith(`.${entry}`));
}
