// What the runner's child processes may inherit of its environment.

/** Whether a variable is one of the runner's own settings. Windows does not tell upper from lower case, so neither does this. */
export function isRunnerVariable(name: string): boolean {
  return /^AUTOMN_RUNNER_/i.test(name);
}

/** The environment without the runner's own settings, secrets among them: no child process ever gets those. */
export function inheritedEnvironment(environment: NodeJS.ProcessEnv): Record<string, string> {
  const inherited = Object.entries(environment).filter(([name, value]) => value !== undefined && !isRunnerVariable(name));
  return Object.fromEntries(inherited) as Record<string, string>;
}
