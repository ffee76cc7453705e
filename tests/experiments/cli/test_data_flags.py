"""Where the drivers look for data, on small archives in the true layouts."""

from __future__ import annotations

import os

import pytest
from data.sources.test_omniglot import write_zip
from support import archive_factory as archive
from support.flag_parsing import parsed, run_table1
from support.image_factory import photograph, tagged

from hsm import records
from hsm.experiments.cli import data_flags
from hsm.experiments.runs import dry_run as plan

PAPERS = ("cars196", "cub200", "products", "inshop")
EXPECTED = {
    "cars196": archive.BY_CLASS,
    "cub200": archive.BY_CLASS,
    "products": archive.BY_PART,
    "inshop": archive.WITH_GALLERY,
}
COUNTS = "5 images of 2 classes train, 7 images of 2 classes test"


@pytest.fixture
def dry_run(tmp_path, monkeypatch, capsys):
    """Runs table1 --dry_run; what it returned, printed, and said of errors."""
    for name, expected in EXPECTED.items():
        archive.replace_expected(name, expected, monkeypatch)
    monkeypatch.setattr(plan, "estimate", lambda *_, **__: "")

    def run(*arguments):
        output = f"--output_dir={tmp_path / 'out'}"
        code = run_table1("--dry_run", "--methods=SM", output, *arguments)
        assert not (tmp_path / "out").exists()
        return code, *capsys.readouterr()

    return run


def assert_counts(output: str) -> None:
    for name in ("cars196", "cub200", "products"):
        assert f"{name}: {COUNTS}\n" in output
    inshop = (
        "5 images of 2 classes train, 5 images of 2 classes test, 2 images of 2 classes gallery"
    )
    assert f"inshop: {inshop}\n" in output


@pytest.mark.parametrize(
    "names",
    [
        PAPERS,
        ("stanford_cars", "CUB_200_2011", "Stanford_Online_Products", "DeepFashion/In-shop"),
        ("cars196/CARS196", "cub200/CUB_200_2011", "products/Stanford_Online_Products", "inshop"),
    ],
)
def test_a_common_root(dry_run, tmp_path, names):
    makers = (archive.cars_two_files, archive.cub200, archive.products, archive.inshop)
    for make, name in zip(makers, names, strict=True):
        make(tmp_path / "root" / name)
    (tmp_path / "root/omniglot").mkdir()
    for number in (1, 2):
        path = tmp_path / f"root/omniglot/images_background_small{number}.zip"
        write_zip(path, [f"Alphabet{number}/c1", f"Alphabet{number}/c2"])
    chosen = ",".join((*PAPERS, "omniglot", "digits"))
    code, output, errors = dry_run(f"--dataset={chosen}", f"--data_dir={tmp_path / 'root'}")
    assert (code, errors) == (0, "")
    assert_counts(output)
    assert "omniglot: 6 images of 2 classes train, 6 images of 2 classes test\n" in output


def test_what_comes_with_the_packages_needs_no_folder(dry_run, photographs):
    code, output, errors = dry_run("--dataset=letters,digits")
    assert (code, errors) == (0, "")
    assert "letters: 3920 images of 245 classes train, 3904 images of 244 classes test\n" in output
    assert "training classes A U+0041 … ﬂ U+FB02; test classes B U+0042 … ﬁ U+FB01\n" in output
    assert "WARNING" not in output
    flags = ("--dataset=letters,image_folder", f"--data_dir={photographs}")
    assert dry_run(*flags)[0] == 0


def test_a_flag_for_each(dry_run, tmp_path):
    """Each wins over --data_dir."""
    folders = [
        f"--cars196_dir={archive.cars_class_folders(tmp_path / 'a', parts=True)}",
        f"--cub200_dir={archive.cub200(tmp_path / 'b')}",
        f"--products_dir={archive.products(tmp_path / 'c')}",
        f"--inshop_dir={archive.inshop(tmp_path / 'd')}",
    ]
    code, output, _ = dry_run(f"--dataset={','.join(PAPERS)}", *folders, "--data_dir=gone")
    assert code == 0
    assert_counts(output)


def test_options_of_each_data_set():
    arguments = ("--data_dir=root", "--cub200_dir=birds", "--on_bad_image=skip")
    with parsed("--dataset=cars196,cub200,omniglot", *arguments):
        chosen = data_flags.datasets()
        options = [data_flags.source_options(name, 64) for name in chosen]
    assert [option.pop("data_dir") for option in options] == ["root", "birds", "root"]
    rest = {
        "train_classes": None,
        "folder_layout": "classes",
        "on_bad_image": "skip",
        "singletons": "error",
        "limit": 64,
        "max_pixels": 100_000_000,
    }
    assert options == [rest] * 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--dataset=cub200,digits", "--cars196_dir=cars"],
            "expected --cars196_dir only where --dataset names cars196. Received: "
            "--dataset=cub200,digits. Leave the flag out, or add cars196 to --dataset.",
        ),
        (
            ["--dataset=image_folder,cars196,omniglot", "--data_dir=root"],
            "expected --data_dir to be image_folder's folder, in which every folder is a class, or "
            "that of cars196, omniglot.",
        ),
    ],
)
def test_folders_that_contradict_each_other(dry_run, arguments, message):
    code, output, errors = dry_run(*arguments)
    assert (code, output) == (1, "")
    assert errors.startswith(f"error: {message}")


def test_a_layout_without_a_folder_of_photographs_is_refused(dry_run):
    code, _, errors = dry_run("--dataset=digits", "--folder_layout=split")
    assert code == 1
    assert errors.startswith(
        "error: expected --folder_layout only where --dataset names image_folder"
    )


def test_the_plan_says_what_is_on_which_side_and_what_is_not_used(dry_run, photographs, tmp_path):
    (photographs / "c" / "0.png").write_bytes((photographs / "a" / "0.png").read_bytes())
    (photographs / "loose.png").write_bytes((photographs / "a" / "0.png").read_bytes())
    (photographs / "d" / "notes.txt").touch()
    code, output, _ = dry_run("--dataset=image_folder", f"--data_dir={photographs}")
    assert code == 0
    assert "  training classes a … b; test classes c … d\n" in output
    assert "  left out, pictures in no class folder: loose.png\n" in output
    assert "  left out, files that are no pictures: d/notes.txt\n" in output
    assert "  WARNING: 1 test image is among the training images, too, byte for byte" in output
    parts = tmp_path / "parts"
    for name, part in (("a", "train"), ("b", "train"), ("c", "val"), ("d", "val")):
        (parts / part).mkdir(parents=True, exist_ok=True)
        (photographs / name).rename(parts / part / name)
    flags = ("--dataset=image_folder", f"--data_dir={parts}", "--folder_layout=split")
    code, output, _ = dry_run(*flags)
    assert code == 0
    assert "test classes c … d; its parts have no class in common, and stay\n" in output


def test_a_name_that_is_no_utf8_is_printed(dry_run, photographs):
    (photographs / "d").rename(photographs / os.fsdecode(b"d\xff"))
    (photographs / os.fsdecode(b"notes\xff")).touch()
    code, output, errors = dry_run("--dataset=image_folder", f"--data_dir={photographs}")
    assert (code, errors) == (0, "")
    assert "test classes c … d?\n" in output


def test_a_folder_of_photographs_beside_a_set_with_its_own_flag():
    arguments = ("--dataset=image_folder,cars196", "--data_dir=mine", "--cars196_dir=cars")
    with parsed(*arguments):
        chosen = data_flags.datasets()
        folders = [data_flags.source_options(name, None)["data_dir"] for name in chosen]
    assert folders == ["mine", "cars"]


@pytest.fixture
def photographs(tmp_path):
    folder = tmp_path / "photographs"
    for name in ("a", "b", "c", "d"):
        (folder / name).mkdir(parents=True)
        for index in range(2):
            photograph(32, 32, seed=ord(name) + index).save(folder / name / f"{index}.png")
    return folder


@pytest.mark.parametrize(
    ("place", "message"),
    [
        (".", "photographs, which is the folder of image_folder. Name a new folder, such as "),
        ("a/..", "which is the folder of image_folder"),
        ("a", "photographs/a, which lies in "),
    ],
)
def test_results_among_the_photographs_of_a_class_are_refused(photographs, capsys, place, message):
    flags = ("--dataset=image_folder", f"--data_dir={photographs}", "--methods=SM")
    assert run_table1(*flags, f"--output_dir={photographs / place}", "--dry_run") == 1
    errors = capsys.readouterr().err
    assert errors.startswith("error: expected --output_dir outside of photographs")
    assert message in errors
    assert "photographs/results" in errors
    assert not list(photographs.glob(".*"))


def test_the_data_folder_may_hold_results_of_other_sets(tmp_path):
    with parsed("--dataset=cub200", f"--data_dir={tmp_path}"):
        data_flags.check_output(tmp_path)


TRAINING = ("--backbone=convnet", "--image_size=28", "--epochs=1", "--heated_epochs=1")


def test_the_same_command_twice_among_the_photographs(photographs, monkeypatch, capsys):
    """What the first writes into the data's folder is no class to the second."""
    monkeypatch.chdir(photographs)
    flags = ("--dataset=image_folder", "--data_dir=.", "--methods=HBN", "--batch_size=2", *TRAINING)
    assert run_table1(*flags) == 0
    assert "left out" not in capsys.readouterr().out
    assert run_table1(*flags) == 0
    output = capsys.readouterr().out
    assert ": recorded already, photographs-HBN-" in output
    assert "  left out, folders written by hsm: results/\n" in output
    (record,) = records.read_all(photographs / "results" / "records")
    assert record.data.left_out == {}
    # Another run sees them from its beginning.
    assert run_table1(*flags, "--seeds=1") == 0
    later = records.read_all(photographs / "results" / "records")[1]
    assert later.data.left_out == {"folders written by hsm": 1}
    assert later.data.checksum == record.data.checksum


COMMAND = "`python -m hsm.experiments.prepare`"


def test_a_plan_counts_turned_images_and_refuses_too_large_ones(dry_run, tmp_path):
    folder = tmp_path / "photographs"
    for name in "abcd":
        (folder / name).mkdir(parents=True)
        for index in range(2):
            content = tagged(photograph(20, 30, index), "JPEG", 6 if name == "c" else 1)
            (folder / name / f"{index}.jpg").write_bytes(content)
    arguments = ("--dataset=image_folder", f"--data_dir={folder}")
    code, output, errors = dry_run(*arguments)
    assert (code, errors) == (0, "")
    assert "\n  turned upright as an EXIF tag says: 2 images\n" in output
    code, output, errors = dry_run(*arguments, "--max_pixels=599")
    assert (code, output) == (1, "")
    assert "a/0.jpg: expected at most --max_pixels=599 pixels, received 600 (30 x 20)" in errors
    assert "or raise --max_pixels\n" in errors


def _empty(root):
    root.mkdir()
    return "has nothing of this: it holds "


def _absent(root):
    return f"{root} is not a folder. {COMMAND} says where to get it"


def _other(root):
    archive.products(root)
    return "has nothing of this: it holds "


def _packed(root):
    root.mkdir()
    (root / "CUB_200_2011.tgz").touch()
    return f"has only CUB_200_2011.tgz: unpack it. {COMMAND} says"


def _without_an_image(root):
    next((archive.cub200(root) / "images").glob("*/*.jpg")).unlink()
    return "1 of 12 images that"


def _without_a_list(root):
    (archive.cub200(root) / "images.txt").unlink()
    return "images.txt is missing: the archive is not wholly unpacked"


def _short(root):
    path = archive.cub200(root) / "images.txt"
    path.write_text("\n".join(path.read_text().splitlines()[:-1]))
    return "images.txt and image_class_labels.txt must list the same images. Received: 11 and 12"


FAULTS = [_empty, _absent, _other, _packed, _without_an_image, _without_a_list, _short]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("flag", ["data_dir", "cub200_dir"])
def test_a_wrong_folder_or_half_an_archive_gets_one_sentence(dry_run, tmp_path, fault, flag):
    root = tmp_path / "CUB_200_2011"
    message = fault(root)
    code, output, errors = dry_run("--dataset=cub200", f"--{flag}={root}")
    assert (code, output) == (1, "")
    assert errors.startswith("error: ")
    assert message in errors
    assert errors.count("\n") == 1
