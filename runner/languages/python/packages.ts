// The packages of Python scripts: PyPI's, by uv or pip.
import type { Interpreter } from "../interpreter.ts";
import { type PackageManager, runtimeKey } from "../package-manager.ts";
import type { Needs } from "../requirement.ts";
import { pythonNeeds } from "./metadata.ts";
import { pip } from "./pip.ts";
import { meetsSpecifier, releaseOf } from "./version.ts";

/** uv or pip as the package manager of Python scripts. */
export const pythonPackages: PackageManager = {
  installer: pip,
  folder: "site", // a folder for `sys.path`, which can be moved, as a venv cannot
  codeBesidePackages: false,
  read: readFor,
  runtime: ({ version, flavour = "" }) => runtimeKey("python", version, 2) + flavour, // a minor version and its flavour have one ABI
  satisfies: (installed, wanted) => meetsSpecifier(installed, wanted) === true, // with extras or a marker, only the installer can tell
  spelled: ({ name, version = "" }) => `${name}${version}`,
};

function readFor(code: string, { version, path }: Interpreter): Needs {
  const needs = pythonNeeds(code);
  if (needs.requiresPython === undefined || meetsSpecifier(releaseOf(version), needs.requiresPython) !== false) return needs;
  const wanted = `The script asks for Python ${needs.requiresPython} (requires-python)`;
  const problem = `${wanted}; ${path} is ${version}. AUTOMN_RUNNER_PYTHON_PATH sets another one`;
  return { ...needs, problems: [...needs.problems, problem] };
}
