"""Tables 2 and 4 from the archives themselves: true layouts, few images, real training."""

from __future__ import annotations

import pytest
from support import archive_factory as archive
from support.flag_parsing import run_table

from hsm import records
from hsm.experiments import table2, table4

QUICK = (
    "--backbone=convnet",
    "--image_size=28",
    "--embedding_dim=4",
    "--batch_size=4",
    "--epochs=1",
    "--heated_epochs=1",
    "--methods=BN,HBN",
)


@pytest.fixture
def make(tmp_path, capsys):
    """Runs a driver; its text and its records."""

    def run(table, *flags):
        code = run_table(table, *QUICK, f"--output_dir={tmp_path / 'out'}", *flags)
        text, errors = capsys.readouterr()
        assert code == 0, errors
        return text, records.read_all(tmp_path / "out" / "records")

    return run


def test_table_2_takes_the_queries_and_the_gallery_of_in_shop(make, tmp_path, monkeypatch):
    archive.replace_expected("inshop", archive.WITH_GALLERY, monkeypatch)
    root = archive.inshop(tmp_path / "inshop")
    text, found = make(table2, "--dataset=inshop", f"--inshop_dir={root}")
    assert "5 images of 2 classes are tested (" in text
    assert "found among 2 others" in text
    assert [r.final.num_gallery for r in found] == [2, 2]
    assert list(found[0].final.recall) == [1, 10, 20, 30]
    page = (tmp_path / "out" / "table2.md").read_text(encoding="utf-8")
    assert "inshop: Table 2 of the paper" in page
    assert "[8] hard-aware cascade, quoted" in page


@pytest.mark.parametrize("name", ["cars196", "cub200"])
def test_table_4_takes_the_predefined_split(name, make, tmp_path, monkeypatch):
    archive.replace_expected(name, archive.BY_CLASS, monkeypatch)
    maker = {"cars196": archive.cars_two_files, "cub200": archive.cub200}[name]
    root = maker(tmp_path / name)
    text, found = make(table4, f"--dataset={name}", f"--{name}_dir={root}")
    assert "8 images of 4 classes train (" in text
    assert "4 images of 4 classes are tested (" in text
    assert {r.final.accuracy * 4 % 1 for r in found} == {0.0}
    page = (tmp_path / "out" / "table4.md").read_text(encoding="utf-8")
    assert f"{name}: Table 4 of the paper" in page
