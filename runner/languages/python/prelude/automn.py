"""The helpers of a Python script. Imported by sitecustomize before the script; it leaves nothing but builtins."""
import builtins
import json
import os
import select
import sys


def _write(fd, data):
    """Writes all of the bytes before it returns, behind what the script has printed."""
    try:
        stream = sys.stdout if fd == 1 else sys.stderr
        if stream is not None:
            stream.flush()
    except Exception:  # whatever the script has put there, or closed it
        pass
    while data:
        try:
            data = data[os.write(fd, data):]
        except BlockingIOError:  # another process has made the pipe non-blocking, and it is full
            select.select([], [fd], [])
        except OSError:
            return  # the script has closed it


def _encode(text):
    return text.encode("utf-8", "backslashreplace")


def _dumps(value, **how):
    """JSON that any reader takes: no NaN, and halves of surrogate pairs escaped."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, **how)
    try:
        text.encode("utf-8")
        return text
    except UnicodeEncodeError:
        return json.dumps(value, allow_nan=False, **how)


def _refuse(helper, error):
    _write(2, _encode("Failed to serialize %s data: %s\n" % (helper, error)))


def _mark(helper, marker, value):
    try:
        line = _dumps(value, separators=(",", ":"))
    except Exception as error:  # whatever json.dumps refuses, the script goes on
        _refuse(helper, error)
        return
    _write(1, _encode(marker + line + "\n"))


def _loggable(message):
    return message if isinstance(message, (str, int, float, bool, type(None), dict, list, tuple)) else str(message)


def AutomnReturn(data=None):
    """Hands a value back to the host; the first one counts."""
    _mark("AutomnReturn", "__SCRIPTRETURN__", data)


def AutomnLog(message, level="info", context=None, log_type="general"):
    """Writes a structured log entry."""
    _mark("AutomnLog", "__SCRIPTLOG__", {
        "message": _loggable(message), "level": level, "context": {} if context is None else context, "type": log_type,
    })


def AutomnNotify(audience, message, level="info"):
    """Notifies the host's users."""
    _mark("AutomnNotify", "__SCRIPTNOTIFY__", {"audience": audience, "message": _loggable(message), "level": level})


def AutomnRunLog(*values):
    """Prints values on one line: texts as they are, others as indented JSON."""
    try:
        line = " ".join(value if isinstance(value, str) else _dumps(value, indent=2) for value in values)
    except Exception as error:
        _refuse("AutomnRunLog", error)
        return
    _write(1, _encode(line + "\n"))


def _read_input():
    text = os.environ.get("AUTOMN_INPUT_JSON")
    if text is None:
        with open(os.environ["AUTOMN_INPUT_FILE"], encoding="utf-8") as file:
            text = file.read()
    return json.loads(text)


def install_packages(position):
    """Puts the script's own packages on the path, with what their .pth files say, at a position in it."""
    folder = os.environ.get("AUTOMN_PACKAGES")
    if folder:
        import site
        site.addsitedir(folder)
        sys.path[:] = [entry for entry in sys.path if entry != folder]
        sys.path.insert(position, folder)


def install():
    """Puts the helpers where every module finds them without an import."""
    for helper in (AutomnReturn, AutomnLog, AutomnNotify, AutomnRunLog):
        helper.__module__ = "builtins"
        setattr(builtins, helper.__name__, helper)
    builtins.json, builtins.os, builtins.sys = json, os, sys


def install_run():
    """Puts what belongs to one run there too."""
    builtins.AUTOMN_RUN_ID = os.environ.get("AUTOMN_RUN_ID", "")
    try:
        builtins.AUTOMN_INPUT = _read_input()
    except (KeyError, OSError, ValueError, RecursionError):
        builtins.AUTOMN_INPUT = {}
