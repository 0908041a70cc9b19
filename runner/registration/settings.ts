// What registering needs to know: from the environment, else from what an earlier runner left in the state file.
import { readConfig } from "../config/config.ts";
import type { Config } from "../config/config.ts";
import type { Log } from "../lib/log.ts";
import type { RunnerState } from "./state.ts";

/** The settings without which nothing can be registered, the secret apart: for each the variables of which one has to be set. */
export function missingSettings(config: Config): readonly (readonly string[])[] {
  return [
    ...(config.hostUrl === undefined ? [["AUTOMN_HOST_URL"]] : []),
    ...(config.runnerId === undefined ? [["AUTOMN_RUNNER_ID"]] : []),
    ...(config.endpointUrl === undefined ? [["AUTOMN_RUNNER_PUBLIC_URL", "AUTOMN_RUNNER_ENDPOINT_URL"]] : []),
  ];
}

/** The config, completed by the state file where the environment says nothing. What is taken from there is logged, and what cannot be. */
export function withStoredSettings(config: Config, state: RunnerState, log: Pick<Log, "info" | "warn">): Config {
  const stored = readStored({
    AUTOMN_HOST_URL: config.hostUrl === undefined ? state.hostUrl : undefined,
    AUTOMN_RUNNER_ID: config.runnerId === undefined ? state.runnerId : undefined,
    AUTOMN_RUNNER_ENDPOINT_URL: config.endpointUrl === undefined ? state.endpointUrl : undefined,
  }, log);
  const { hostUrl, runnerId, endpointUrl, jobPaths } = stored;
  const paths = Object.entries(state.runtimeExecutables ?? {}).filter(([name]) => config.interpreters[name] === undefined);
  const used = {
    ...(hostUrl === undefined ? {} : { hostUrl }),
    ...(runnerId === undefined ? {} : { runnerId }),
    ...(endpointUrl === undefined ? {} : { endpointUrl, jobPaths: [...new Set([...config.jobPaths, ...jobPaths])] }),
    ...(paths.length === 0 ? {} : { interpreters: { ...config.interpreters, ...Object.fromEntries(paths) } }),
  };
  const told = { hostUrl, runnerId, endpointUrl, ...Object.fromEntries(paths) };
  if (Object.keys(used).length > 0) log.info("The state file says what the environment does not", told);
  return Object.freeze({ ...config, ...used });
}

type Stored = Pick<Config, "hostUrl" | "runnerId" | "endpointUrl" | "jobPaths">;

/** Reads stored settings as if they were variables; those that would be refused are left out. */
function readStored(variables: Readonly<Record<string, string | undefined>>, log: Pick<Log, "warn">): Stored {
  const sources = { files: new Map(), languages: [], defaultDataDir: "", isTerminal: false };
  const usable = Object.entries(variables).filter(([name, value]) => {
    const { problems } = readConfig({ [name]: value }, sources);
    for (const problem of problems) log.warn(`The state file: ${problem}`);
    return problems.length === 0;
  });
  return readConfig(Object.fromEntries(usable), sources).config ?? { jobPaths: [] };
}
