// Python scripts: in UTF-8, run as `__main__` by the interpreter itself, with the helpers of prelude/.
import { delimiter } from "node:path";
import { fileURLToPath } from "node:url";
import type { Language } from "../language.ts";

/** The folder of the `sitecustomize` that loads the helpers. */
const PRELUDE_DIR = fileURLToPath(new URL("./prelude/helpers", import.meta.url));
/** The folder of the `sitecustomize` that makes a process wait for its script. */
const WARM_DIR = fileURLToPath(new URL("./prelude/warm", import.meta.url));

// The flavour is what tells one ABI of a version from another: PyPy from CPython, a free-threaded build (`t`) from a common one.
const PROBE = [
  "import json, platform, sys",
  "name = sys.implementation.name",
  "flavour = ('' if name == 'cpython' else name) + getattr(sys, 'abiflags', '')",
  "print(json.dumps({'path': sys.executable, 'version': platform.python_version(), 'flavour': flavour}))",
].join("; ");

/** Python 3. */
export const python: Language = {
  name: "python",
  title: "Python",
  pathVariable: "AUTOMN_RUNNER_PYTHON_PATH",
  shownDefault: "`python3`, `python`",
  candidates: (platform) => [...(platform === "win32" ? [{ file: "py", args: ["-3"] }] : []), { file: "python3" }, { file: "python" }],
  probe: ["-c", PROBE],
  extension: () => ".py",
  command(interpreter, codeFile, _spelling, inherited) {
    const before = inherited["PYTHONPATH"];
    const environment = {
      PYTHONPATH: before ? PRELUDE_DIR + delimiter + before : PRELUDE_DIR,
      PYTHONUTF8: "1",
      PYTHONIOENCODING: "utf-8:surrogateescape",
      AUTOMN_PACKAGES_FOR: "first", // see prelude/automn.py
    };
    return { file: interpreter.path, args: [codeFile], environment };
  },
  warm: ({ file, args, environment }) => ({
    file,
    args: [...args.slice(0, -1), "-m", "automn-warm"],
    environment: { ...environment, PYTHONPATH: WARM_DIR + delimiter + (environment["PYTHONPATH"] ?? "") },
  }),
  packageManager: async () => (await import("./packages.ts")).pythonPackages,
};
