// Settings that can be read, but probably do not do what the operator meant.
import { endpointUrl } from "./endpoint.ts";
import { unknownNames } from "./unknown-names.ts";
import { VARIABLES } from "./variables.ts";
import type { SetNames, Values, Variable } from "./variables.ts";

/** Milliseconds that are probably meant as seconds. */
const MIN_SENSIBLE_HEARTBEAT_MS = 1_000;
/** The host sends no jobs to a runner that has been silent for two minutes. */
const MAX_SAFE_HEARTBEAT_MS = 100_000;
/** A host name, as `URL` spells it, that means this machine. */
const LOOPBACK = /^(localhost|.+\.localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[::1?\]|\[::ffff:7f[\da-f]{2}:[\da-f]{1,4}\])\.?$/;

/** One sentence for each doubt; `names` are the variables that were set, `variables` all that there are. */
export function warningsAbout(env: NodeJS.ProcessEnv, values: Values, names: SetNames, variables: readonly Variable<unknown>[]): string[] {
  const known = variables.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
  return [
    ...unknownNames(env, known),
    ...heartbeatWarnings(values),
    ...loopbackWarnings(values, names),
    ...portWarnings(values, names),
  ];
}

function heartbeatWarnings({ heartbeatMs: ms }: Values): string[] {
  const setting = `AUTOMN_RUNNER_HEARTBEAT_MS=${ms}`;
  const silence = "the host sends no jobs to a runner that has been silent for two minutes";
  if (ms === "off") return [`${setting} sends no heartbeats: ${silence}.`];
  if (ms === 0) return [`${setting} is taken as the default, ${VARIABLES.heartbeatMs.fallback}; "off" sends no heartbeats.`];
  if (ms < MIN_SENSIBLE_HEARTBEAT_MS) return [`${setting} is less than a second: the unit is milliseconds.`];
  return ms > MAX_SAFE_HEARTBEAT_MS ? [`${setting} is longer than ${MAX_SAFE_HEARTBEAT_MS}: ${silence}.`] : [];
}

function loopbackWarnings(values: Values, names: SetNames): string[] {
  const { hostUrl } = values;
  const url = endpointUrl(values);
  if (hostUrl === undefined || url === undefined || isLoopback(hostUrl) === isLoopback(url)) return [];
  const host = `${names.hostUrl} (${new URL(hostUrl).host})`;
  const runner = `${names.endpointUrl ?? names.publicUrl} (${new URL(url).host})`;
  return isLoopback(hostUrl)
    ? [`${host} means this machine and ${runner} does not: if the host runs elsewhere, or in another container, it cannot be reached.`]
    : [`${runner} means this machine and ${host} does not: the host cannot send jobs to an address that only this machine reaches.`];
}

function isLoopback(url: string): boolean {
  return LOOPBACK.test(new URL(url).hostname);
}

/** Only for http: the runner does not speak TLS, so in front of an https address there is a proxy with a port of its own. */
function portWarnings(values: Values, names: SetNames): string[] {
  const url = endpointUrl(values);
  const { protocol, port } = new URL(url ?? "https://unset");
  if (protocol !== "http:" || Number(port || 80) === values.port) return [];
  const name = names.endpointUrl ?? names.publicUrl;
  const listens = values.port === 0 ? "a port that changes with every start" : `port ${values.port}`;
  const mismatch = `${name} has port ${port || 80}, but the runner listens on ${listens}`;
  return [`${mismatch}: jobs arrive only if a proxy or a port mapping forwards them.`];
}
