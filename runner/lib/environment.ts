// What processes that the runner starts may know of the runner's own settings: nothing.

/** Whether a variable belongs to the runner alone. Case does not count, since Windows ignores it. */
export function isRunnerVariable(name: string): boolean {
  return /^AUTOMN_RUNNER_/i.test(name);
}

/** A copy of an environment without the runner's own variables, its secret and reset token among them. */
export function withoutRunnerVariables(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !isRunnerVariable(name)));
}
