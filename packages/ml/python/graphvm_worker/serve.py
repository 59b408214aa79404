"""The loop: one request after another, each answered by one frame."""

import os
import queue
import signal
import sys
import threading
import traceback

from .frames import BadFrame, read_frame, write_frame
from .refused import Refused

HERE = os.path.dirname(__file__)
TEXT = 4000
LINES = 12


def serve():
    requests, answers = _take_over_streams()
    try:
        # what every job needs: without it there is no worker
        from .jobs import JOBS, greeting

        hello = greeting()
    except ModuleNotFoundError as missing:
        write_frame(answers, {"error": _error(_missing(missing))})
        return
    except BaseException as error:  # a package that is there and broken
        write_frame(answers, {"error": _error(error)})
        return
    write_frame(answers, {"hello": hello})
    waiting = queue.Queue()
    threading.Thread(target=_listen, args=(requests, waiting), daemon=True).start()
    while True:
        header, parts = waiting.get()
        _answer(answers, header, lambda: JOBS[header["job"]](header, parts))
        del parts


def _answer(answers, header, work):
    try:
        said, parts = work()
    except BaseException as error:  # SystemExit of somebody's estimator too
        said, parts = {"error": _error(error)}, ()
    try:
        write_frame(answers, {**said, "id": header["id"]}, parts)
    except BadFrame as error:
        write_frame(answers, {"error": _error(error), "id": header["id"]})


def _take_over_streams():
    """Frames have descriptors of their own; what anybody prints goes to stderr, and whoever reads stdin finds nothing."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    # Ctrl-C in a terminal reaches this process too: it ends when its parent does
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return requests, answers


def _listen(requests, waiting):
    """Reads while a job runs, too: the end of the stream is the end of the parent, whatever the job is doing."""
    try:
        frame = read_frame(requests)
        while frame is not None:
            waiting.put(frame)
            frame = read_frame(requests)
    except BadFrame as error:
        print(f"graphvm's Python worker was sent {error}.", file=sys.stderr, flush=True)
        os._exit(70)
    os._exit(0)


def _missing(error):
    package = (error.name or "").split(".")[0]
    return Refused("package", f"There is no {package}.", package=package)


def _error(error):
    if isinstance(error, Refused):
        return {"kind": error.kind, "message": str(error), "fields": error.fields}
    lines = "".join(traceback.format_exception(type(error), error, _theirs(error.__traceback__))).splitlines()
    told = [line[:400] for line in lines if line.strip("^~ ") != ""]
    return {
        "kind": "exception",
        "type": type(error).__name__,
        "message": str(error)[:TEXT],
        "traceback": told[-LINES:],
    }


def _theirs(trace):
    """The part of a traceback that is not this package's; all of it where nothing else is."""
    rest = trace
    while rest is not None and os.path.dirname(rest.tb_frame.f_code.co_filename) == HERE:
        rest = rest.tb_next
    return rest or trace
