"""What a command is: a function, the flags that it reads, and defaults of its own."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from absl import flags

_FLAGS = flags.FLAGS


@dataclass(frozen=True)
class Command:
    """A command: called, it runs on the flags as they were parsed.

    Its defaults hold while it runs and in its --help. Other commands of the same process do not see
    them.

    Attributes:
        body: what it does.
        uses: the flags that it reads beside those of its own module: modules that define some, and
            names of single ones.
        defaults: by flag, where they differ from those that the flag is defined with.
        texts: by flag, what --help says of it here in place of what the flag is defined with.
        argument: the flag that an argument without a name sets; None if there is to be none. One
            that may be given several times takes several arguments, too.
    """

    body: Callable[[], None]
    uses: Sequence[ModuleType | str] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    argument: str | None = None

    def __call__(self) -> None:
        """Run the command on the parsed flags."""
        with self._defaults_in_force():
            self.body()

    def help(self, module: str, doc: str, *, also: Sequence[str]) -> str:
        """Return what --help prints.

        Args:
            module: how the command is started.
            doc: what it does.
            also: the modules of flags that every command has, which come last.
        """
        usage = f"Usage: python -m {module}{self._usage_of_argument()} [--flag=value ...]"
        with self._defaults_in_force():
            blocks = [self._block(group) for group in self._groups(also) if group]
        return "\n\n".join([doc.strip(), usage, *blocks])

    def take(self, arguments: Sequence[str]) -> None:
        """Set the flag of the argument without a name, if there is one.

        Args:
            arguments: those of the command line that are no flags.

        Raises:
            ValueError: if there are more than the command takes, or the flag is given, too.
        """
        taken = 0 if self.argument is None else 1
        takes_all = taken and isinstance(_FLAGS[str(self.argument)], flags.MultiFlag)
        if len(arguments) > taken and not takes_all:
            raise ValueError(
                f"expected flags written --name=value. Received: the argument {arguments[taken]!r}"
            )
        if not arguments:
            return
        flag = _FLAGS[str(self.argument)]
        if flag.present and not takes_all:
            raise ValueError(
                f"expected --{flag.name} once. Received: {arguments[0]!r}, which stands for "
                f"--{flag.name}={arguments[0]}, and {flag.value!r}. Leave one of them out."
            )
        flag.parse(arguments if takes_all else arguments[0])
        flag.present, flag.using_default_value = 1, False

    def unused(self, *, also: Sequence[str]) -> list[str]:
        """Return the names of the flags on the command line that the command does not read."""
        used = {flag.name for group in self._groups(also) for flag in group}
        defined = _FLAGS.flags_by_module_dict()
        ours = [flag for owner in defined if owner.startswith("hsm.") for flag in defined[owner]]
        return [flag.name for flag in ours if flag.present and flag.name not in used]

    def _usage_of_argument(self) -> str:
        if self.argument is None:
            return ""
        several = " ..." if isinstance(_FLAGS[self.argument], flags.MultiFlag) else ""
        return f" [{self.argument.upper()}{several}]"

    def _groups(self, also: Sequence[str]) -> Iterator[list[flags.Flag]]:
        """Yield the flags that the command reads, by module; single ones by themselves."""
        defined = _FLAGS.flags_by_module_dict()
        own = self.body.__module__
        # A command that is started as a script defines its flags under that script's name.
        yield defined.get(sys.argv[0] if own == "__main__" else own, [])
        yield from (defined[part.__name__] for part in self.uses if not isinstance(part, str))
        yield [_FLAGS[part] for part in self.uses if isinstance(part, str)]
        yield from (defined[name] for name in also)

    def _block(self, group: list[flags.Flag]) -> str:
        lines = []
        for flag in group:
            shown = flag.default_as_str
            default = "" if shown is None else f" (default: {shown.strip(chr(39))})"
            lines.append(flags.text_wrap(f"--{flag.name}{default}", length=96, indent="  "))
            text = self.texts.get(flag.name, flag.help)
            if flag.name == self.argument:
                text = f"{text} Written without its name, too: {flag.name.upper()} alone."
            lines.append(flags.text_wrap(text, length=96, indent="      "))
        return "\n".join(lines)

    @contextlib.contextmanager
    def _defaults_in_force(self) -> Iterator[None]:
        before = {name: _FLAGS[name].default for name in self.defaults}
        _set_defaults(self.defaults)
        try:
            yield
        finally:
            _set_defaults(before)


def command(
    *,
    uses: Sequence[ModuleType | str] = (),
    defaults: Mapping[str, Any] | None = None,
    texts: Mapping[str, str] | None = None,
    argument: str | None = None,
) -> Callable[[Callable[[], None]], Command]:
    """Make a function a `Command`, whose attributes the arguments are."""

    def made(body: Callable[[], None]) -> Command:
        return Command(body, uses, defaults or {}, texts or {}, argument)

    return made


def _set_defaults(defaults: Mapping[str, Any]) -> None:
    for name, value in defaults.items():
        _FLAGS.set_default(name, value)
