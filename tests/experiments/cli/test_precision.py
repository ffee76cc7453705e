"""A precision that the processor only emulates is refused before data is read."""

from __future__ import annotations

import keras
import pytest
import tensorflow as tf
from support.flag_parsing import parsed, run_table1

from hsm import processor
from hsm.experiments.cli.precision import check_model, check_precision
from hsm.experiments.runs import environment

WITHOUT = "model name : Old One\nflags : avx avx2 fma avx512f\n"
WITH = "model name : New One\nflags : avx avx2 fma avx512f avx512_bf16 amx_fp16\n"


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Makes this machine another one: its processor, whether oneDNN is on, its GPUs."""

    def become(text, *, one_dnn=True, gpus=()):
        file = tmp_path / "cpuinfo"
        file.write_text(text)
        monkeypatch.setattr(processor, "CPU_INFO", file)
        monkeypatch.setattr(environment, "one_dnn", lambda: one_dnn)
        monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: list(gpus))

    return become


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_a_command_refuses_it_in_a_sentence_and_touches_nothing(
    machine, tmp_path, capsys, precision
):
    machine(WITHOUT)
    output = tmp_path / "results"
    assert run_table1("--smoke", f"--precision={precision}", f"--output_dir={output}") == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "the processor, Old One, has neither " in said.err
    assert said.err.endswith("Use --precision=float32, or wait with --allow_emulated_precision.\n")
    assert not output.exists()


def test_what_the_processor_has_or_a_gpu_does_is_not_refused(machine):
    with parsed():
        machine(WITH)
        check_precision("mixed_bfloat16")
        check_precision("mixed_float16")
        machine(WITHOUT, gpus=["a GPU"])
        check_precision("mixed_bfloat16")
        machine(WITHOUT)
        check_precision("float32")
    with parsed("--allow_emulated_precision"):
        check_precision("mixed_bfloat16")


def test_an_unknown_processor_is_not_refused(machine):
    machine("Features : fp asimd\n", one_dnn=False)
    with parsed():
        check_precision("mixed_bfloat16")


def test_instructions_that_one_dnn_leaves_unused_do_not_count(machine):
    machine(WITH, one_dnn=False)
    with parsed(), pytest.raises(ValueError, match="with oneDNN only, which is switched off"):
        check_precision("mixed_bfloat16")


def test_a_backbone_that_brings_its_own_policy_is_refused_too(machine):
    machine(WITHOUT)
    inputs = keras.Input((4, 4, 3))
    x = keras.layers.Conv2D(2, 3, dtype="mixed_bfloat16")(inputs)
    inner = keras.Model(inputs, keras.layers.GlobalAveragePooling2D(dtype="float32")(x))
    model = keras.Sequential([inner])
    with parsed(), pytest.raises(ValueError, match="Save the backbone with the dtype policy fl"):
        check_model(model)
    with parsed():
        check_model(keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)]))
