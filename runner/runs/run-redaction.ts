// What is hidden in the logs of a run.
import type { RunRequest } from "../protocol/job.ts";
import { createRedaction } from "../redaction/redactor.ts";
import type { Redaction } from "../redaction/redactor.ts";
import { secretForms } from "../redaction/secret-forms.ts";
import { namesSecret } from "../redaction/secret-names.ts";

/** What a log must not show, whatever the job. */
export interface SecretRules {
  /** The runner's own secrets, as they are now. */
  readonly secrets: () => readonly string[];
  /** The words that make a variable's name a secret's. */
  readonly secretWords: readonly string[];
}

/** Hides the runner's own secrets, those among the job's variables and the script's webhook secret. */
export function runRedaction({ script }: RunRequest, { secrets, secretWords }: SecretRules): Redaction {
  const named = script.variables.filter(({ name }) => namesSecret(name, secretWords)).map(({ value }) => value);
  return createRedaction(secretForms([...secrets(), ...named, ...(script.runToken === undefined ? [] : [script.runToken])]));
}
