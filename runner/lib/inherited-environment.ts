// What the runner's child processes may inherit of its environment.

/** Whether a variable is one of the runner's own settings. Windows does not tell upper from lower case, so neither does this. */
export function isRunnerVariable(name: string): boolean {
  return /^AUTOMN_RUNNER_/i.test(name);
}

/** The environment without the runner's own settings, secrets among them: no child process ever gets those. */
export function inheritedEnvironment(environment: NodeJS.ProcessEnv): Record<string, string> {
  const inherited = Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined && !isRunnerVariable(entry[0]));
  return Object.fromEntries(inherited);
}
