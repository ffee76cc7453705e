"""What a setting says in its metadata is checked, and stands in the documentation."""

from __future__ import annotations

import dataclasses
import pydoc
import re
from dataclasses import dataclass, replace

import pytest

from hsm.experiments.config.hyperparameters import Hyperparameters
from hsm.experiments.config.settings import check, defaults, documented, setting, settings_of


@documented
@dataclass(frozen=True)
class Oven:
    """How to bake."""

    degrees: float = setting(200.0, "How hot.", source="The cookbook.", at_least=0.0)
    share: float = setting(0.5, "How full.", source="Our choice.", at_least=0.0, below=1.0)
    minutes: int | None = setting(None, "How long.", at_least=1)
    mode: str = setting("top", "Which heat.", source="Our choice.", choices=("top", "fan"))
    other: int = 3


def test_the_documentation_lists_every_setting_with_default_choices_and_source():
    assert Oven.__doc__ == (
        "How to bake.\n\nAttributes:\n"
        "    degrees: How hot. Default: 200.0. The cookbook.\n"
        "    share: How full. Default: 0.5. Our choice.\n"
        "    minutes: How long. Default: None.\n"
        "    mode: Which heat. One of top, fan. Default: 'top'. Our choice."
    )


def test_a_recipe_sets_what_has_a_source():
    assert defaults(Oven) == {"degrees": 200.0, "share": 0.5, "mode": "top"}
    with pytest.raises(TypeError):
        defaults(Oven)["degrees"] = 1.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"degrees": -1.0}, "expected degrees to be finite and 0 or more. Received: degrees=-1.0"),
        (
            {"degrees": float("inf")},
            "expected degrees to be finite and 0 or more. Received: degrees=inf",
        ),
        (
            {"degrees": float("nan")},
            "expected degrees to be finite and 0 or more. Received: degrees=nan",
        ),
        ({"share": 1.0}, "expected share to be 0 or more and less than 1. Received: share=1.0"),
        ({"minutes": 0}, "expected minutes to be 1 or more. Received: minutes=0"),
        ({"mode": "low"}, "expected mode to be one of top, fan. Received: mode='low'"),
    ],
)
def test_a_broken_rule_is_named_with_the_value(changes, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        check(replace(Oven(), **changes))


@pytest.mark.parametrize("changes", [{}, {"minutes": 1}, {"degrees": 0.0}, {"mode": "fan"}])
def test_what_keeps_the_rules_is_taken(changes):
    check(replace(Oven(), **changes))


def test_every_hyperparameter_is_a_setting_that_pydoc_tells_of():
    text = pydoc.plain(pydoc.render_doc(Hyperparameters))
    for field in dataclasses.fields(Hyperparameters):
        assert field in settings_of(Hyperparameters)
        assert re.search(rf"^ \|      {field.name}: [A-Z]", text, re.MULTILINE), field.name
        assert field.metadata["help"].endswith(".")
        # A library's text names the setting, not a command's flag.
        assert "--" not in field.metadata["help"]
