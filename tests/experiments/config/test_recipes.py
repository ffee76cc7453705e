"""The two profiles, field by field, against what text and released code say."""

from __future__ import annotations

import dataclasses

import pytest

from hsm.data.catalog import CATALOG
from hsm.experiments.config import RunConfig
from hsm.experiments.config.figure2_recipes import FIGURE2_RECIPES
from hsm.experiments.config.hyperparameters import PROFILES, Hyperparameters
from hsm.experiments.config.recipes import RECIPES, WITH_RELEASED_DRIVER, changed

ALL = [(profile, dataset) for profile in PROFILES for dataset in RECIPES[profile]]
# Given on the command line, for every data set.
NOT_IN_RECIPES = {"weights", "limit"}


def config(profile, dataset, method="HBN"):
    return RunConfig(dataset=dataset, method=method, **RECIPES[profile][dataset])


def test_every_data_set_of_the_catalog_has_a_recipe_in_every_profile():
    assert set(RECIPES) == set(PROFILES)
    assert set(RECIPES["paper"]) == set(RECIPES["official"]) >= set(CATALOG)
    assert set(RECIPES["paper"]) > WITH_RELEASED_DRIVER


@pytest.mark.parametrize(("dataset", "is_said"), [("cars196", False), ("my_birds", True)])
def test_the_plan_says_where_the_released_code_has_no_driver(dataset, is_said):
    from hsm.experiments.runs import dry_run

    config = RunConfig(dataset=dataset, method="BN", **RECIPES["official"]["image_folder"])
    assert bool(dry_run.without_driver(config)) is is_said


@pytest.mark.parametrize(("profile", "dataset"), ALL)
def test_a_recipe_is_complete_and_names_its_profile(profile, dataset):
    recipe = RECIPES[profile][dataset]
    fields = {field.name for field in dataclasses.fields(Hyperparameters)}
    assert set(recipe) == fields - NOT_IN_RECIPES
    assert recipe["profile"] == profile
    assert config(profile, dataset).profile == profile


def test_a_recipe_is_frozen():
    with pytest.raises(TypeError):
        RECIPES["paper"]["digits"]["alpha"] = 1.0


# Of the data sets whose schedule is a source's.
SOURCED = [name for name in RECIPES["paper"] if name != "letters"]


@pytest.mark.parametrize("dataset", SOURCED)
def test_the_paper_trains_40_and_10_epochs_at_its_alphas(dataset):
    found = config("paper", dataset)
    assert (found.epochs, found.heated_epochs) == (40, 10)
    assert (found.alpha, found.heated_alpha) == (16.0, 4.0)
    assert (found.embedding_dim, found.batch_size, found.momentum) == (64, 32, 0.9)
    adam = dataset == "products"
    assert (found.optimizer, found.learning_rate) == (("adam", 0.01) if adam else ("sgd", 0.004))
    assert found.scale_bias
    assert found.nmi == "arithmetic"


def test_the_papers_recipe_is_the_defaults():
    assert config("paper", "cars196") == RunConfig(dataset="cars196", method="HBN")


@pytest.mark.parametrize("profile", RECIPES)
def test_letters_have_numbers_of_their_own_at_the_papers_alphas(profile):
    found = config(profile, "letters")
    assert (found.epochs, found.heated_epochs, found.batch_size) == (12, 3, 64)
    assert (found.alpha, found.heated_alpha, found.learning_rate) == (16.0, 4.0, 0.03)
    assert (found.backbone, found.random_crops) == ("strided_convnet", False)


@pytest.mark.parametrize("dataset", SOURCED)
def test_the_released_code_trains_61_and_19_epochs(dataset):
    found = config("official", dataset)
    before, after = found.schedule.phases
    assert (before.epochs, after.epochs) == (61, 19)
    assert (before.alpha, after.alpha) == (16.0, 4.0)
    assert after.learning_rate == pytest.approx(before.learning_rate / 10)
    assert found.warm_up
    assert not found.scale_bias
    assert not found.crop_last_place
    assert found.unbiased_variance
    assert (found.nmi, found.test_epsilon) == ("geometric", 1e-4)
    assert (found.batch_size, found.test_batch_size) == (32, 100)


def test_the_released_codes_products_have_settings_of_their_own():
    products, cars = config("official", "products"), config("official", "cars196")
    assert (products.optimizer, products.learning_rate) == ("adam", 0.01)
    assert (products.adam_epsilon, products.class_mean_init) == (0.01, True)
    assert products.kmeans_starts == 1
    assert products.ks == (1, 10, 100)
    assert (cars.optimizer, cars.learning_rate, cars.raw_momentum) == ("sgd", 0.004, True)
    assert (cars.kmeans_starts, cars.class_mean_init) == (10, False)
    assert cars.backbone == products.backbone == "inception_v1"


def with_adam():
    """The recipes of all that train with Adam."""
    return [
        pytest.param(RECIPES[profile][dataset], id=f"{profile}-{dataset}")
        for profile, dataset in ALL
        if RECIPES[profile][dataset]["optimizer"] == "adam"
    ]


@pytest.mark.parametrize("recipe", with_adam())
def test_adam_has_the_released_codes_epsilon_where_the_text_has_none(recipe):
    assert (recipe["learning_rate"], recipe["adam_epsilon"]) == (0.01, 0.01)


@pytest.mark.parametrize(("profile", "dataset"), ALL)
def test_a_recipe_that_is_changed_to_adam_has_it_too(profile, dataset):
    recipe = RECIPES[profile][dataset]
    assert changed(recipe, {"optimizer": "adam"})["adam_epsilon"] == 0.01
    assert changed(recipe, {"optimizer": "adam", "adam_epsilon": 1e-8})["adam_epsilon"] == 1e-8
    assert changed(recipe, {"epochs": 3}) == {**recipe, "epochs": 3}


@pytest.mark.parametrize("dataset", FIGURE2_RECIPES["official"])
def test_figure_2_leaves_out_the_last_smaller_batch_as_the_released_code_does(dataset):
    assert not FIGURE2_RECIPES["official"][dataset]["keep_last_batch"]
    assert FIGURE2_RECIPES["paper"][dataset]["keep_last_batch"]
    assert config("official", "cars196").keep_last_batch


def test_figure_2_keeps_its_own_epsilon():
    recipe = FIGURE2_RECIPES["paper"]["mnist"]
    assert changed(recipe, {"optimizer": "adam"}) == recipe
    assert recipe["adam_epsilon"] == 1e-8
