// What the log says at the start about a runner that cannot register yet.

/**
 * A line that says which of `missing`, the names of settings, and the secret are not there and what to do, or undefined where
 * nothing is missing. `port` is where the runner's page is.
 */
export function notRegistered(
  missing: readonly string[], { hasSecret, port }: { readonly hasSecret: boolean; readonly port: number },
): string | undefined {
  const [verb, pronoun] = missing.length === 1 ? ["is", "it"] : ["are", "them"];
  const settings = missing.length === 0 ? [] : [`${list(missing)} ${verb} not set (set ${pronoun} and restart)`];
  const secret = hasSecret ? [] : [`there is no secret (enter it on the runner's page, port ${port}, or set AUTOMN_RUNNER_SECRET)`];
  return settings.length + secret.length === 0 ? undefined : `Not registered: ${[...settings, ...secret].join("; ")}`;
}

function list(names: readonly string[]): string {
  return [names.slice(0, -1).join(", "), names.at(-1)].filter((part) => part !== "").join(" and ");
}
