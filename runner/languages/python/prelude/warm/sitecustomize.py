"""Makes a Python process wait for its script (../../python.ts, `warm`).

The process is started with `-m`: the interpreter, once ready, asks the module `runpy` for the function that runs the main
module. A stand-in for `runpy` answers. It waits for the job on the inherited pipe, applies it, compiles the script and
returns a callable that runs the script's code in `__main__`. The callable consists of built-in ones alone: no Python frame
lies below the script's own, and the interpreter itself prints what the script raises and chooses the exit code.
"""
import os
import sys

_CHANNEL = int(os.environ["AUTOMN_WARM_CHANNEL"])
_HERE = __file__.rpartition("/")[0]


def _next_job():
    """Reads one line of JSON: file, environment and, unless it is this one, working directory. Ends the process where the runner has closed the channel instead."""
    import json
    os.write(_CHANNEL, b"r")
    line = b""
    while not line.endswith(b"\n"):
        chunk = os.read(_CHANNEL, 1 << 16)
        if not chunk:
            os._exit(0)
        line += chunk
    os.write(_CHANNEL, b"a")
    os.close(_CHANNEL)
    return json.loads(line)


def _replace_environment(environment):
    zone = os.environ.get("TZ")
    os.environ.clear()
    os.environ.update(environment)
    if os.environ.get("TZ") != zone:
        import time
        time.tzset()


def _compiled(file):
    """The script's code. If it does not compile, a new process runs the file and reports that as Python does."""
    import _io
    shown = sys.stderr
    sys.stderr = _io.StringIO()
    try:
        with _io.FileIO(file) as source:
            code = compile(source.readall(), file, "exec", 0, True)
    except BaseException:
        os.execv(sys.executable, [sys.executable, file])
    warnings = sys.stderr.getvalue()
    sys.stderr = shown
    if warnings and shown is not None:
        shown.write(warnings)
    return code


def _become(file):
    """Sets what the interpreter sets before it runs a file."""
    import builtins
    helpers = builtins.AutomnReturn.__globals__
    helpers["install_run"]()
    sys.argv[:] = [file]
    if hasattr(sys, "orig_argv"):
        sys.orig_argv[1:] = [file]
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = os.path.dirname(os.path.realpath(file))
    helpers["install_packages"](1)
    sys.path_importer_cache[file] = None
    helpers["ending"].skip_what_is_there()
    names = sys.modules["__main__"].__dict__
    names["__file__"] = file
    if sys.version_info < (3, 15):
        names["__cached__"] = None
    names["__loader__"] = type(__spec__.loader)("__main__", file)
    return names


class _RunpyStandIn:
    """Stands in for the module `runpy`."""

    @property
    def _run_module_as_main(self):
        del sys.modules["runpy"]
        job = _next_job()
        _replace_environment(job["environment"])
        if "directory" in job:
            os.chdir(job["directory"])
        names = _become(job["file"])
        return _calling(_compiled(job["file"]), names)


def _calling(code, names):
    """A callable that takes any arguments and runs the code: `print` passes them to `len` and then calls `flush`."""
    from _functools import partial
    printer = type(sys.implementation)(write=len, flush=partial(exec, code, names))
    return partial(print, file=printer, flush=True)


def _load_next():
    """This file comes before the one that loads the helpers: take it off the path and let that one run."""
    sys.path[:] = [entry for entry in sys.path if entry != _HERE]
    sys.path_importer_cache.pop(_HERE, None)
    del sys.modules["sitecustomize"]
    import sitecustomize  # noqa: F401


_load_next()
sys.modules["runpy"] = _RunpyStandIn()
