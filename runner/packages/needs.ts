// What a script needs, read once for each text of it.
import { createHash } from "node:crypto";
import type { Interpreter } from "../languages/language.ts";
import { nodeNeeds } from "../languages/node/imports.ts";
import type { PackagedLanguage } from "../languages/installer.ts";
import { powershellNeeds } from "../languages/powershell/requires.ts";
import { pythonNeeds } from "../languages/python/metadata.ts";
import { pythonSatisfies } from "../languages/python/version.ts";
import type { Needs } from "../languages/requirement.ts";

const READERS: Readonly<Record<PackagedLanguage, (code: string, interpreter: Interpreter) => Needs>> = {
  node: (code) => nodeNeeds(code),
  python: pythonOn,
  powershell: powershellNeeds,
};
const REMEMBERED = 256;

/** Reads needs and remembers those of the last scripts. */
export function createNeedsReader(): (language: PackagedLanguage, code: string, interpreter: Interpreter) => Needs {
  const known = new Map<string, Needs>();
  return (language, code, interpreter) => {
    const key = `${language} ${interpreter.version} ${createHash("sha256").update(code).digest("base64")}`;
    const needs = known.get(key) ?? READERS[language](code, interpreter);
    known.delete(key);
    known.set(key, needs);
    for (const oldest of known.keys()) {
      if (known.size <= REMEMBERED) break;
      known.delete(oldest);
    }
    return needs;
  };
}

function pythonOn(code: string, { version, path }: Interpreter): Needs {
  const needs = pythonNeeds(code);
  if (needs.requiresPython === undefined || pythonSatisfies(version, needs.requiresPython)) return needs;
  return { ...needs, problems: [...needs.problems, `The script asks for Python ${needs.requiresPython} (requires-python); ${path} is ${version}. AUTOMN_RUNNER_PYTHON_PATH sets another one`] };
}
