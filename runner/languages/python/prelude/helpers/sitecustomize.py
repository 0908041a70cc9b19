"""Loads the helpers at the start of every interpreter of a run, also of multiprocessing's, then the machine's own sitecustomize."""
import gc
import importlib.machinery
import sys

_HERE = __file__.rpartition("/")[0] or __file__.rpartition("\\")[0]


def _load_helpers():
    loader = importlib.machinery.SourceFileLoader("automn", _HERE[:-len("helpers")] + "automn.py")
    helpers = type(sys)("automn")
    exec(loader.get_code("automn"), helpers.__dict__)
    helpers.install()
    helpers.install_run()
    helpers.install_packages(0)
    helpers.buffer_lines()


def _load_next():
    """This file stands before any other sitecustomize; take it off the path and let that one have its turn."""
    sys.path[:] = [entry for entry in sys.path if entry != _HERE]
    sys.path_importer_cache.pop(_HERE, None)
    own = sys.modules.pop("sitecustomize", None)
    try:
        import sitecustomize  # noqa: F401
    except ImportError as error:
        if error.name != "sitecustomize":
            raise
    finally:
        sys.modules.setdefault("sitecustomize", own)


def _leave_out_what_is_there():
    """An interpreter that ends looks through all objects again and again and frees each: not those that were there before
    the script. The script's own names are to be freed, so they get a new module."""
    gc.freeze()
    names = sys.modules["__main__"].__dict__
    sys.modules["__main__"] = type(sys)("__main__")
    sys.modules["__main__"].__dict__.clear()
    sys.modules["__main__"].__dict__.update(names)


_load_helpers()
_load_next()
if hasattr(gc, "freeze"):
    _leave_out_what_is_there()
