"""The card says what is known, and where nothing is known says that."""

from __future__ import annotations

import json

from hsm.export.model_card import RunFacts, card_facts, card_text, write_card
from hsm.records import commit

DESCRIPTION = {
    "method": "BN",
    "backbone": "convnet",
    "image_size": 28,
    "resize_size": 32,
    "max_pixels": 5000,
    "signatures": ["serving_default"],
    "weights_sha256": "abc",
}
SCORED = RunFacts(
    run="birds-HBN-seed0",
    about="heated up",
    scores={"recall": {"1": {"value": 0.5, "low": 0.4567, "high": 0.6}}, "queries": 1234},
    licences={"training_images": "a | b"},
    record='{"name": "birds"}\n',
)


def section(text, name):
    return text.split(f"## {name}\n\n")[1].split("\n\n## ")[0]


def test_without_a_record_no_score_is_invented():
    facts = card_facts(DESCRIPTION, RunFacts())
    text = card_text(facts)
    assert text.startswith("# An embedding of convnet\n")
    assert section(text, "Scores").startswith("None: no record of this run was found")
    assert section(text, "Training") == section(text, "Licences") == "Not known."
    assert "Unknown: there are no scores." in section(text, "Limits")
    assert facts["scores"] == {}
    assert "%" not in text


def test_scores_stand_with_their_interval_and_their_record(tmp_path):
    write_card(tmp_path, DESCRIPTION, SCORED)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "model_card.json",
        "model_card.md",
        "record.json",
    ]
    text = (tmp_path / "model_card.md").read_text(encoding="utf-8")
    assert text.startswith("# birds-HBN-seed0\n")
    assert "| R@1 | 50.00 | 45.67 to 60.00 |" in section(text, "Scores")
    assert "| queries | 1,234 |" in section(text, "Scores")
    assert "Unknown" not in text
    assert (tmp_path / "record.json").read_text() == SCORED.record


def test_the_facts_are_those_of_the_text(tmp_path):
    write_card(tmp_path, DESCRIPTION, SCORED)
    facts = json.loads((tmp_path / "model_card.json").read_text())
    assert facts["model"] == {**DESCRIPTION, "about": "heated up"}
    assert facts["export"]["commit"] == commit()[0]
    assert card_text(facts) == (tmp_path / "model_card.md").read_text(encoding="utf-8")


def test_a_value_cannot_break_the_table_that_it_stands_in():
    text = card_text(card_facts(DESCRIPTION, SCORED))
    assert "| training images | a \\| b |" in text


def test_who_preprocesses_is_said():
    said = card_facts(DESCRIPTION, RunFacts())["preprocessing"]
    assert "resized to 32 x 32" in said["size"]
    assert said["done_by"] == "the graph"
    bare = {key: value for key, value in DESCRIPTION.items() if key != "signatures"}
    assert card_facts(bare, RunFacts())["preprocessing"]["done_by"] == "the caller"
