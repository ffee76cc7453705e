"""A flag for every setting of a recipe, of its type, with its rules, its text and its default."""

from __future__ import annotations

import pytest
from absl import flags
from support.flag_parsing import parsed

from hsm.experiments.cli.hyperparameter_flags import given
from hsm.experiments.config.hyperparameters import Hyperparameters
from hsm.experiments.config.recipes import RECIPES
from hsm.experiments.config.settings import settings_of

MODULE = "hsm.experiments.cli.hyperparameter_flags"
RECIPE = RECIPES["paper"]["cars196"]
SETTINGS = {field.name: field for field in settings_of(Hyperparameters) if field.name in RECIPE}


def defined():
    return {flag.name: flag for flag in flags.FLAGS.flags_by_module_dict()[MODULE]}


def test_the_flags_are_the_settings_of_a_recipe():
    assert list(defined()) == list(SETTINGS)


@pytest.mark.parametrize("name", SETTINGS)
def test_help_is_the_settings_text_and_says_the_default(name):
    text = defined()[name].help
    assert SETTINGS[name].metadata["help"] in text
    if name != "profile":
        assert "Default: the data set's recipe" in text
    if SETTINGS[name].default is True:
        assert f"--no{name} does not." in text


def test_the_recipe_is_chosen_by_a_flag_with_a_default():
    assert {name for name, flag in defined().items() if flag.default is not None} == {"profile"}


@pytest.mark.parametrize("name", [n for n, f in SETTINGS.items() if f.default is not None])
def test_what_is_written_behind_a_flag_comes_back_with_its_type(name):
    """The default, written as --help shows it, is the default again."""
    value = SETTINGS[name].default
    spelt = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
    with parsed(f"--{name}={spelt}"):
        received = given({name: value})[name]
    assert (received, type(received)) == (value, type(value))


def test_a_rate_without_a_number_of_its_own_is_a_number_too():
    with parsed("--heated_learning_rate=1"):
        received = given(RECIPE)["heated_learning_rate"]
    assert (received, type(received)) == (1.0, float)


def test_what_no_flag_sets_is_the_recipes():
    with parsed():
        assert given(RECIPE) == {"profile": "paper"}
    with parsed("--noscale_bias", "--ks=1,10", "--optimizer=adam"):
        expected = {"scale_bias": False, "ks": (1, 10), "optimizer": "adam", "profile": "paper"}
        assert given(RECIPE) == expected


BROKEN = {
    **{f"--{name}=-1": "-1" for name, f in SETTINGS.items() if f.metadata["at_least"] is not None},
    **{f"--{name}=none_such": "one of <" for name, f in SETTINGS.items() if f.metadata["choices"]},
}


@pytest.mark.parametrize(("argument", "message"), BROKEN.items(), ids=BROKEN)
def test_a_value_that_breaks_the_rule_is_refused(argument, message):
    with pytest.raises(flags.IllegalFlagValueError, match=message), parsed(argument):
        pass
