"""How every driver starts: parses flags, answers --help at once, and turns errors into sentences."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable

from absl import app, flags, logging

# What TensorFlow logs of processors and missing GPUs would bury the results.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

_USER_ERRORS = (ValueError, OSError, FloatingPointError)


def run(main: Callable[[], None], *, module: str, doc: str) -> None:
    """Run `main` after the flags were parsed, and exit.

    Exit codes: 0 for success and --help, 1 for an error of the data or the run, 2 for a bad flag, 130 for Ctrl-C.

    Args:
        main: the driver; raises ValueError, OSError or FloatingPointError for what the user can mend.
        module: name of the module whose flags the driver has besides the shared ones.
        doc: what the driver does, for --help.
    """
    app.run(lambda _: _guarded(main), flags_parser=lambda argv: _parse(argv, module, doc))


def _parse(argv: list[str], module: str, doc: str) -> list[str]:
    if any(argument in ("-h", "-help", "--help", "--helpfull") for argument in argv[1:]):
        print(_help(module, doc))
        sys.exit(0)
    try:
        rest = flags.FLAGS(argv)
    except flags.Error as error:
        _stop(f"{error}\n--help lists all flags.", 2)
    if len(rest) > 1:
        _stop(f"unexpected argument {rest[1]!r}: flags are written --name=value", 2)
    return rest


def _help(module: str, doc: str) -> str:
    sections = [doc.strip(), f"Usage: python -m {module} [--flag=value ...]"]
    for owner in (module, "hsm.experiments.flags"):
        for name in dict.fromkeys((owner, "__main__" if owner == module else owner)):
            if flags.FLAGS.flags_by_module_dict().get(name):
                sections.append(_flags_help(name))
    return "\n\n".join(sections)


def _flags_help(module: str) -> str:
    blocks = []
    for flag in flags.FLAGS.flags_by_module_dict()[module]:
        default = (
            "" if flag.default is None else f" (default: {flag.default_as_str.strip(chr(39))})"
        )
        blocks.append(flags.text_wrap(f"--{flag.name}{default}", length=96, indent="  "))
        blocks.append(flags.text_wrap(flag.help, length=96, indent="      "))
    return "\n".join(blocks)


def _guarded(main: Callable[[], None]) -> None:
    logging.set_verbosity(logging.WARNING)
    try:
        main()
    except KeyboardInterrupt:
        _stop("interrupted; the same command continues from the last checkpoint", 130)
    except _USER_ERRORS as error:
        if flags.FLAGS.traceback:
            traceback.print_exc()
        _stop(str(error), 1)


def _stop(message: str, code: int) -> None:
    print(f"error: {message}", file=sys.stderr)
    sys.exit(code)
