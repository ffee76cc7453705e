"""How every driver starts: flags are parsed, --help is answered at once, errors are sentences."""

from __future__ import annotations

import codecs
import io
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from absl import app, flags, logging

from hsm.experiments.cli import import_flag
from hsm.experiments.cli.command import Command
from hsm.experiments.cli.flag_spelling import with_flags
from hsm.experiments.runs import environment
from hsm.progress import LINE

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# Signs of tables and sentences, for consoles without them.
_PLAIN = {
    "−": "-",
    "–": "-",
    "→": "->",
    "±": "+/-",
    "×": "x",
    "…": "...",
    "•": "*",
    "α": "alpha",
}
_USER_ERRORS = (ValueError, OSError, FloatingPointError, ImportError)

flags.DEFINE_integer(
    "threads",
    0,
    "Threads that TensorFlow computes with; 0 takes one for each core that the process may use. "
    "Another number may round otherwise, and training makes other scores of it: records hold it.",
    lower_bound=0,
)
flags.DEFINE_bool(
    "deterministic",
    False,
    "Have TensorFlow compute only in ways that always give the same, which may be slower: on one "
    "machine, with one number of --threads and of devices, a command that runs twice, or is cut "
    "off and goes on, ends with the same weights to the bit.",
)
# Modules of flags that every command has.
_ALWAYS = (import_flag.__name__, __name__)

flags.DEFINE_bool("traceback", False, "Show the Python traceback of an error.")


def run(main: Command, *, module: str, doc: str) -> None:
    """Run `main` after the flags were parsed, and exit.

    Exit codes: 0 for success and --help, 1 for an error of the data or the run, 2 for a bad flag,
    130 for Ctrl-C, 143 for SIGTERM.

    Args:
        main: the command; raises ValueError, OSError, FloatingPointError or ImportError for what
            the user can mend.
        module: name of its module.
        doc: what it does, for --help.
    """
    signal.signal(signal.SIGTERM, _terminate)  # What a cluster sends before it kills.
    if hasattr(signal, "SIGPIPE"):  # Not on Windows.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` ends the command without a word.
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A log is read while the run goes on, and a killed run must not take its lines with it.
        # Nor is a run to end over a sign, such as a Greek letter, that the terminal lacks.
        codecs.register_error("plain_signs", _plain_signs)
        sys.stdout.reconfigure(line_buffering=True, errors="plain_signs")
    environment.set_variables()
    app.run(lambda _: _guarded(main), flags_parser=lambda argv: _parse(argv, main, module, doc))


def _plain_signs(error: UnicodeError) -> tuple[str, int]:
    """Return what stands for signs that a console's encoding lacks, and where it goes on."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = error.object[error.start : error.end]
    plain = (_PLAIN.get(s) or s.encode("ascii", "backslashreplace").decode() for s in signs)
    return "".join(plain), error.end


def load_tensorflow() -> None:
    """Import TensorFlow, and set what would change a run without a word.

    Keras gets its defaults whatever keras.json says, TensorFlow the threads of --threads.

    Raises:
        ValueError: if Keras, matplotlib or XLA refuses its settings.
    """
    environment.check_xla_flags()
    with _silence():
        environment.import_keras()
    environment.set_keras()
    environment.set_threads(flags.FLAGS["threads"].value or 0)
    if flags.FLAGS["deterministic"].value:
        environment.set_deterministic()
    environment.import_matplotlib()


@contextmanager
def _silence() -> Iterator[None]:
    """Keep notices on processors and GPUs from standard error, below Python.

    TensorFlow writes them before its log level is obeyed; they would bury the driver's own lines.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def _parse(argv: list[str], main: Command, module: str, doc: str) -> list[str]:
    if any(argument in ("-h", "-help", "--help", "--helpfull") for argument in argv[1:]):
        print(main.help(module, doc, also=_ALWAYS))
        sys.exit(0)
    flags.FLAGS.set_gnu_getopt()  # Flags may stand behind an argument.
    try:
        rest = flags.FLAGS(argv)
    except flags.Error as error:
        _stop(f"{error}\n--help lists all flags.", 2)
    except (OSError, ValueError) as error:  # A flag file that is no text.
        files = ", ".join(argument for argument in argv[1:] if "flagfile" in argument)
        _stop(f"{files} must be a text file with a flag a line ({error}): save it as UTF-8", 2)
    try:
        main.take(rest[1:])
    except ValueError as error:
        _stop(str(error), 2)
    if unused := main.unused(also=_ALWAYS):
        _stop(f"--{unused[0]} has no effect on this command.\n--help lists all flags.", 2)
    return rest


class _Terminated(BaseException):
    """SIGTERM, as KeyboardInterrupt is SIGINT."""


def _terminate(number: int, frame: FrameType | None) -> None:
    raise _Terminated


def _guarded(main: Callable[[], None]) -> None:
    # A run makes new graphs; TensorFlow warns that this might be a mistake.
    logging.set_verbosity(logging.ERROR)
    try:
        import_flag.import_modules()
        main()
    except KeyboardInterrupt as error:
        _stop(_with_notes("interrupted", error), 130)
    except _Terminated as error:
        _stop(_with_notes("terminated", error), 143)
    except _USER_ERRORS as error:
        if flags.FLAGS.traceback:
            traceback.print_exc()
        _stop(with_flags(str(error), set(flags.FLAGS)), 1)


def _with_notes(what: str, error: BaseException) -> str:
    """Return what ended a command, and what those who were at work say of it."""
    return "; ".join([what, *getattr(error, "__notes__", ())])


def _stop(message: str, code: int) -> None:
    LINE.clear()
    print(f"error: {message}", file=sys.stderr)
    sys.exit(code)
