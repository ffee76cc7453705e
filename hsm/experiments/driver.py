"""How every driver starts: flags are parsed, --help is answered at once, errors are sentences."""

from __future__ import annotations

import io
import os
import signal
import sys
import traceback
from collections.abc import Callable

from absl import app, flags, logging

from hsm.experiments.flag_spelling import with_flags

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

_USER_ERRORS = (ValueError, OSError, FloatingPointError, ImportError)

flags.DEFINE_bool("traceback", False, "Show the Python traceback of an error.")


def run(main: Callable[[], None], *, module: str, doc: str) -> None:
    """Run `main` after the flags were parsed, and exit.

    Exit codes: 0 for success and --help, 1 for an error of the data or the run, 2 for a bad flag,
    130 for Ctrl-C.

    Args:
        main: the driver; raises ValueError, OSError, FloatingPointError or ImportError for what the
            user can mend.
        module: name of the module whose flags the driver has besides the shared ones.
        doc: what the driver does, for --help.
    """
    if hasattr(signal, "SIGPIPE"):  # Not on Windows.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` ends the command without a word.
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A log is read while the run goes on, and a killed run must not take its lines with it.
        sys.stdout.reconfigure(line_buffering=True)
    app.run(lambda _: _guarded(main), flags_parser=lambda argv: _parse(argv, module, doc))


def load_tensorflow() -> None:
    """Import TensorFlow without the notices on processors and GPUs that it writes meanwhile.

    They come before its log level is obeyed, and would bury the driver's own lines.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            import tensorflow  # noqa: F401
        finally:
            os.dup2(kept, 2)
            os.close(kept)


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
    defined = flags.FLAGS.flags_by_module_dict()
    # A driver that is started as a script defines its flags under that script's name.
    shared = [
        f"hsm.experiments.{name}"
        for name in ("model_flag", "record_flags", "data_flags", "flags", "recipe_flags")
    ]
    owners = (module, sys.argv[0], *shared, __name__)
    sections = [doc.strip(), f"Usage: python -m {module} [--flag=value ...]"]
    return "\n\n".join(sections + [_flags_help(name) for name in owners if name in defined])


def _flags_help(module: str) -> str:
    blocks = []
    for flag in flags.FLAGS.flags_by_module_dict()[module]:
        shown = flag.default_as_str
        default = "" if shown is None else f" (default: {shown.strip(chr(39))})"
        blocks.append(flags.text_wrap(f"--{flag.name}{default}", length=96, indent="  "))
        blocks.append(flags.text_wrap(flag.help, length=96, indent="      "))
    return "\n".join(blocks)


def _guarded(main: Callable[[], None]) -> None:
    # A run makes new graphs; TensorFlow warns that this might be a mistake.
    logging.set_verbosity(logging.ERROR)
    try:
        main()
    except KeyboardInterrupt:
        _stop("interrupted; the same command continues from the last checkpoint", 130)
    except _USER_ERRORS as error:
        if flags.FLAGS.traceback:
            traceback.print_exc()
        _stop(with_flags(str(error), flags.FLAGS), 1)


def _stop(message: str, code: int) -> None:
    print(f"error: {message}", file=sys.stderr)
    sys.exit(code)
