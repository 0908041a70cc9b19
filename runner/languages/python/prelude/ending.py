"""Makes the interpreter end faster. sitecustomize loads this file.

At its end an interpreter looks through all objects several times and frees each, which takes longer than many a script.
Frozen objects (gc.freeze) are skipped, so those that are there before the script are frozen, unless that could be seen: where
one of them has to be finalized, or refers to something that the script has made.
"""
import atexit
import gc
import sys
from collections import Counter
from _weakref import ref as _Reference

# Searching more objects than this at the end would take longer than it saves.
_MAX_SEARCHED = 2000
_MODULES = sys.modules
_Generator = type(_ for _ in ())


def skip_what_is_there():
    """Has the end skip all objects that there are; called before the script runs, by a warm process twice."""
    is_free_threaded = "t" in getattr(sys, "abiflags", "")  # where counts of references say little
    if is_free_threaded or not hasattr(gc, "freeze") or _is_any_to_be_finalized():
        return
    atexit.unregister(_skip_nothing_if_needed)
    atexit.register(_skip_nothing_if_needed)
    gc.freeze()
    # The script's own names are to be freed, so they get a new module.
    names = _MODULES["__main__"].__dict__
    _MODULES["__main__"] = type(sys)("__main__")
    _MODULES["__main__"].__dict__.clear()
    _MODULES["__main__"].__dict__.update(names)


def _is_any_to_be_finalized():
    """Whether there is an object whose end does something, an open file for one, besides the standard streams.

    Suspended generators do not count: certifi leaves one, which has nothing to clean up, and many a .pth file loads certifi."""
    standard = 0
    for stream in (sys.__stdin__, sys.__stdout__, sys.__stderr__):
        while stream is not None:
            standard += 1
            stream = getattr(stream, "buffer", None) or getattr(stream, "raw", None)
    try:
        counts = Counter(map(type, gc.get_objects()))
        return sum(count for kind, count in counts.items() if kind is not _Generator and hasattr(kind, "__del__")) > standard
    except Exception:  # a class without a hash
        return True


def _skip_nothing_if_needed():
    is_another_thread_running = len(sys._current_frames()) > 1
    if is_another_thread_running or _is_any_referred_to():
        gc.unfreeze()


def _is_any_referred_to():
    """Whether an object that is not frozen is referred to from elsewhere: its reference count is greater than the number of
    references from the others that are not frozen, and from sys.modules, which the end clears by itself."""
    objects = gc.get_objects()
    if len(objects) > _MAX_SEARCHED:
        return True
    known = Counter(map(id, gc.get_referents(*objects)))
    known.update(map(id, _MODULES.values()))
    objects.append([])  # only `objects` refers to this one, so its count is what this search adds to each
    added = None
    for one in reversed(objects):
        references = sys.getrefcount(one) - known[id(one)]
        if added is None:
            added = references
        elif references > added and one is not sys._getframe() and not _refers_to_nothing(one) and not _is_of_site(one):
            return True
    return False


def _refers_to_nothing(one):
    """Whether it is a tuple of numbers and names, as compiled code has them, or a weak reference without a callback."""
    return type(one) in (tuple, _Reference) and not any(map(gc.is_tracked, gc.get_referents(one)))


def _is_of_site(one):
    """The module `site` defines its last function after it has loaded sitecustomize."""
    return one is getattr(_MODULES.get("site"), "_script", None)
