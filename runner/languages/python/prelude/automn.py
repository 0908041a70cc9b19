"""The helpers of a Python script. sitecustomize loads this file before the script; it leaves nothing but builtins."""
import builtins
import json
import os
import sys
import time

# Lists and dicts nested deeper than this are cut off where a log entry has to be copied.
_MAX_DEPTH = 100
_NOT_FINITE = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def _write(fd, data):
    """Writes all of the bytes before it returns, after everything that the script has printed so far."""
    for name in ("stdout", "__stdout__") if fd == 1 else ("stderr", "__stderr__"):
        try:
            getattr(sys, name).flush()
        except Exception:  # the script has closed it, or put something of its own there
            pass
    while data:
        try:
            data = data[os.write(fd, data):]
        except BlockingIOError:  # another process has made the pipe non-blocking, and it is full
            time.sleep(0.001)
        except OSError:
            return  # the script has closed it


def _encode(text):
    return text.encode("utf-8", "backslashreplace")


def _dumps(value, **options):
    """JSON for any reader: no NaN, and lone surrogates escaped."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, **options)
    try:
        text.encode("utf-8")
        return text
    except UnicodeEncodeError:
        return json.dumps(value, allow_nan=False, **options)


def _dumps_entry(value):
    """The same for logs and notifications: what JSON cannot hold becomes text."""
    try:
        return _dumps(value, separators=(",", ":"))
    except Exception:
        return _dumps(_loggable(value), separators=(",", ":"))


def _loggable(value, ancestors=()):
    """A copy that JSON can hold. Never raises, whatever the classes of the script do."""
    try:
        return _copy(value, ancestors)
    except Exception:
        return _text(value)


def _copy(value, ancestors):
    kind = type(value)  # isinstance() would ask the value
    if value is None or issubclass(kind, str):
        return value
    if issubclass(kind, float):
        return _NOT_FINITE.get(float.__repr__(value), value)
    if issubclass(kind, int):
        int.__repr__(value)  # raises if Python refuses to write so many digits
        return value
    if not issubclass(kind, (dict, list, tuple)):
        return _text(value)
    if any(value is ancestor for ancestor in ancestors):
        return "[Circular]"
    if len(ancestors) == _MAX_DEPTH:
        return "[Object]"
    ancestors += (value,)
    if issubclass(kind, dict):
        return {_key(key): _loggable(item, ancestors) for key, item in value.items()}
    return [_loggable(item, ancestors) for item in value]


def _key(key):
    return _loggable(key) if key is None or issubclass(type(key), (str, int, float)) else _text(key)


def _text(value):
    """What str() makes of a value. Where it refuses: an integer's hexadecimal digits, else the class and address."""
    try:
        return str(value)
    except Exception:
        return hex(value) if issubclass(type(value), int) else object.__repr__(value)


def AutomnReturn(data=None):
    """Returns a value to the host; the first one counts."""
    try:
        line = "__SCRIPTRETURN__" + _dumps(data, separators=(",", ":"))
    except Exception as error:  # whatever json.dumps refuses, the script goes on
        _write(2, _encode("Failed to serialize AutomnReturn data: %s\n" % _text(error)))
        return
    _write(1, _encode(line + "\n"))


def AutomnLog(message, level="info", context=None, log_type="general"):
    """Writes a structured log entry."""
    entry = {"message": message, "level": level, "context": {} if context is None else context, "type": log_type}
    _write(1, _encode("__SCRIPTLOG__%s\n" % _dumps_entry(entry)))


def AutomnNotify(audience, message, level="info"):
    """Notifies the host's users."""
    notification = {"audience": audience, "message": message, "level": level}
    _write(1, _encode("__SCRIPTNOTIFY__%s\n" % _dumps_entry(notification)))


def AutomnRunLog(*values):
    """Prints values on one line: strings as they are, others as indented JSON."""
    _write(1, _encode(" ".join(map(_shown, values)) + "\n"))


def _shown(value):
    if issubclass(type(value), str):
        return value
    try:
        return _dumps(value, indent=2)
    except Exception:
        copy = _loggable(value)
        return copy if isinstance(copy, str) else _dumps(copy, indent=2)


def _read_input():
    text = os.environ.get("AUTOMN_INPUT_JSON")
    if text is None:
        with open(os.environ["AUTOMN_INPUT_FILE"], encoding="utf-8") as file:
            text = file.read()
    return json.loads(text)


def install():
    """Makes the helpers known to every module, without an import."""
    for helper in (AutomnReturn, AutomnLog, AutomnNotify, AutomnRunLog):
        helper.__module__ = "builtins"
        setattr(builtins, helper.__name__, helper)
    builtins.json, builtins.os, builtins.sys = json, os, sys


def install_run():
    """Does the same with what belongs to one run."""
    builtins.AUTOMN_RUN_ID = os.environ.get("AUTOMN_RUN_ID", "")
    try:
        builtins.AUTOMN_INPUT = _read_input()
    except (KeyError, OSError, ValueError, RecursionError):
        builtins.AUTOMN_INPUT = {}


def buffer_lines():
    """Has each print be one write, as on a terminal, so that the lines of several threads and processes do not mix."""
    for stream in (sys.stdout, sys.stderr):
        # PYTHONUNBUFFERED and -u make them write through; a closed one is None, and before Python 3.7 nothing can be changed.
        if getattr(stream, "write_through", True) is False:
            stream.reconfigure(line_buffering=True)


def install_packages(position):
    """Adds the script's own packages to the path, at a position, with what their .pth files say, and their commands to PATH."""
    folder = os.environ.get("AUTOMN_PACKAGES")
    if not folder or not _is_python_of_script():
        return
    import site
    site.addsitedir(folder)
    sys.path[:] = [entry for entry in sys.path if entry != folder]
    sys.path.insert(position, folder)
    for name in ("bin", "Scripts"):  # on Windows either, by installer
        commands, path = os.path.join(folder, name), os.environ.get("PATH", os.defpath)
        if commands not in path.split(os.pathsep) and os.path.isdir(commands):
            os.environ["PATH"] = commands + os.pathsep + path


def _is_python_of_script():
    """Whether this Python is the script's own: the same installation or venv and the same version.

    The runner starts a Python script with AUTOMN_PACKAGES_FOR=first. The script's own process is the first to see that, and
    puts there for which Python the packages are."""
    own = "%s %x%s" % (sys.prefix, sys.hexversion, getattr(sys, "abiflags", ""))
    if os.environ.get("AUTOMN_PACKAGES_FOR") == "first":
        os.environ["AUTOMN_PACKAGES_FOR"] = own
    return os.environ.get("AUTOMN_PACKAGES_FOR") == own
