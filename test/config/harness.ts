// Reads an environment as the runner does, without a machine around it.
import assert from "node:assert/strict";
import { readConfig } from "../../runner/config/config.ts";
import { LANGUAGES } from "../../runner/languages/table.ts";
import type { Config, ConfigReading, FileContent } from "../../runner/config/config.ts";

/** What there is besides the environment. */
export interface Around {
  readonly files?: Readonly<Record<string, FileContent>>;
  readonly isTerminal?: boolean;
}

/** Reads an environment whose default data directory is `/opt/data`. */
export function read(env: Readonly<Record<string, string>>, { files = {}, isTerminal = false }: Around = {}): ConfigReading {
  return readConfig(env, { files: new Map(Object.entries(files)), languages: LANGUAGES, defaultDataDir: "/opt/data", isTerminal });
}

/** The config of an environment without a problem. */
export function configOf(env: Readonly<Record<string, string>>, around?: Around): Config {
  const { config, problems } = read(env, around);
  assert.deepEqual(problems, []);
  assert.ok(config !== undefined);
  return config;
}

/** The same names with `AUTOMN_RUNNER_` before each. */
export function prefixed(variables: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [`AUTOMN_RUNNER_${name}`, value]));
}
