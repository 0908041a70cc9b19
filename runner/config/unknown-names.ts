// Finds variables that were probably meant for the runner, but have a name that it does not know.
import { editDistance, nearestName } from "./nearest-name.ts";

const PREFIX = "AUTOMN_RUNNER_";
/** Known names that are not read: those of the container image, of scripts, and of GitHub's own runner. */
const OTHER_NAMES = [
  "AUTOMN_RUNNER_PYTHON_VERSION", "AUTOMN_RUNNER_POWERSHELL_VERSION", "AUTOMN_RUNNER_VERSION", "AUTOMN_SCRIPT_DIR", "RUNNER_WORKSPACE",
];
/** Kubernetes and Docker describe a service called `automn-runner` or `automn` by such variables. */
const SERVICE_LINK = { name: /_SERVICE_(HOST|PORT)|_PORT_\d+_(TCP|UDP|SCTP)/, value: /^(tcp|udp|sctp):\/\// };
/** Words that people leave out at the end of a name. */
const LAST_WORD = /_(URL|MS|MB|BYTES|PATH|DIR)$/;
/** A form of a name that is shorter than this must be met exactly. */
const MIN_INEXACT_LENGTH = 12;

/** A sentence for each variable of the environment that is close to one of the `known` names, or begins as they do. */
export function unknownNames(env: NodeJS.ProcessEnv, known: readonly string[]): string[] {
  const candidates = Object.keys(env).filter((name) => !known.includes(name) && !OTHER_NAMES.includes(name));
  return candidates.filter((name) => !SERVICE_LINK.name.test(name) && !SERVICE_LINK.value.test(env[name] ?? "")).flatMap((name) => {
    const meant = name.startsWith(PREFIX) ? nearestName(name, known) : meantName(name, known);
    return meant === undefined ? [] : [`${name} is not a variable of this runner. Did you mean ${meant}?`];
  });
}

/** The known name that was meant by one without the prefix; other programs' variables must not be taken for the runner's. */
function meantName(name: string, known: readonly string[]): string | undefined {
  const written = letters(name);
  if (!/AUTOM|RUN/.test(written)) return undefined;
  const byLength = [...known].sort((a, b) => Math.abs(a.length - name.length) - Math.abs(b.length - name.length));
  return byLength.find((candidate) => isCloseTo(written, candidate));
}

function isCloseTo(written: string, known: string): boolean {
  const full = letters(known);
  if (full.length >= MIN_INEXACT_LENGTH && isWithin(2, written, full)) return true;
  const withoutRunner = known.replace(PREFIX, "AUTOMN_");
  const exact = [known.replace(LAST_WORD, ""), withoutRunner.replace(LAST_WORD, "")].map(letters);
  const shortened = [known.replace(PREFIX, "RUNNER_"), withoutRunner].map(letters);
  return exact.includes(written) || shortened.some((form) => isWithin(form.length < MIN_INEXACT_LENGTH ? 0 : 1, written, form));
}

function isWithin(distance: number, a: string, b: string): boolean {
  return Math.abs(a.length - b.length) <= distance && editDistance(a, b) <= distance;
}

function letters(name: string): string {
  return name.toUpperCase().replace(/[^A-Z0-9]/g, "");
}
