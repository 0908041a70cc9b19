// Whether requests to the host go through a proxy: Node's `fetch` uses one only where it can and is told to.

/** What the environment says of a proxy, and what comes of it. */
export interface ProxyUse {
  readonly used: boolean;
  /** A sentence without a full stop that names the variables, never their values. */
  readonly message: string;
}

/** What is needed to know of the Node that runs: its version and options. */
export interface NodeProcess {
  readonly versions: { readonly node: string };
  readonly execArgv: readonly string[];
}

/** How the proxy variables affect requests to a host; nothing where none is set or the host is exempt. */
export function proxyUse(hostUrl: string, environment: NodeJS.ProcessEnv, node: NodeProcess = process): ProxyUse | undefined {
  const names = Object.keys(environment).filter((name) => /^(https?|all)_proxy$/i.test(name) && environment[name]?.trim());
  if (names.length === 0 || isExempt(hostUrl, environment["NO_PROXY"] ?? environment["no_proxy"] ?? "")) return undefined;
  const read = names.filter((name) => /^https?_proxy$/i.test(name)).join(" or ");
  const [isAble, isTold] = [canUseProxy(node), isToldTo(environment, node)];
  if (isAble && isTold && read !== "") return { used: true, message: `Requests to the host go through the proxy that ${read} names` };
  const remedy = !isAble
    ? `Node ${node.versions.node} cannot, Node 24 can with NODE_USE_ENV_PROXY=1`
    : isTold ? "Node reads HTTP_PROXY and HTTPS_PROXY only" : "NODE_USE_ENV_PROXY=1 lets Node use it";
  const set = `${names.join(" and ")} ${names.length === 1 ? "is" : "are"} set`;
  return { used: false, message: `${set}, but requests to the host use no proxy: ${remedy}` };
}

function canUseProxy({ versions }: NodeProcess): boolean {
  const [major = 0, minor = 0] = versions.node.split(".").map(Number);
  return major >= 24 || (major === 22 && minor >= 21);
}

function isToldTo(environment: NodeJS.ProcessEnv, { execArgv }: NodeProcess): boolean {
  const options = [...execArgv, ...(environment["NODE_OPTIONS"] ?? "").split(/\s+/)];
  return environment["NODE_USE_ENV_PROXY"] === "1" || options.includes("--use-env-proxy");
}

/** Whether `NO_PROXY`, a list of names and domains, takes the host out. */
function isExempt(hostUrl: string, list: string): boolean {
  const { hostname, host } = new URL(hostUrl);
  const entries = list.toLowerCase().split(/[\s,]+/).filter(Boolean).map((entry) => entry.replace(/^\*?\./, ""));
  return entries.some((entry) => entry === "*" || entry === host || entry === hostname || hostname.endsWith(`.${entry}`));
}
