"""Loads the helpers in every Python of a run, also in those that the script starts, then the machine's own sitecustomize."""
import sys

_HERE = __file__.rpartition("/")[0] or __file__.rpartition("\\")[0]


def _load(name):
    """A module of the folder above, which nobody else can import."""
    from importlib.machinery import SourceFileLoader
    module = type(sys)(name)
    exec(SourceFileLoader(name, _HERE[:-len("helpers")] + name + ".py").get_code(name), module.__dict__)
    return module


def _load_helpers():
    helpers = _load("automn")
    helpers.install()
    helpers.install_run()
    helpers.install_packages(0)
    helpers.buffer_lines()
    helpers.ending = _load("ending")
    return helpers


def _load_next():
    """This file comes before any other sitecustomize: take it off the path and let that one run."""
    sys.path[:] = [entry for entry in sys.path if entry != _HERE]
    sys.path_importer_cache.pop(_HERE, None)
    own = sys.modules.pop("sitecustomize", None)
    try:
        import sitecustomize  # noqa: F401
    except ImportError as error:
        if getattr(error, "name", "sitecustomize") != "sitecustomize":
            raise
    finally:
        sys.modules.setdefault("sitecustomize", own)


# A script may start an old Python, which does without the helpers.
_helpers = _load_helpers() if sys.version_info >= (3, 6) else None
_load_next()
if _helpers:
    _helpers.ending.skip_what_is_there()
