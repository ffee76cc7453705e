"""The processor by what Linux says of it, and by what else there is."""

from __future__ import annotations

import pytest

from hsm import processor

X86 = """processor\t: 0
model name\t: A Processor @ 2.00GHz
flags\t\t: fpu sse2 avx amx_tile avx2 amx_bf16 avx512f fma

processor\t: 1
model name\t: Another
flags\t\t: fpu
"""
ARM = "processor\t: 0\nFeatures\t: fp asimd bf16\n"


@pytest.fixture
def cpu_info(tmp_path, monkeypatch):
    """Replaces what Linux says; None where there is no such file."""

    def replace(text):
        file = tmp_path / "cpuinfo"
        if text is not None:
            file.write_text(text)
        monkeypatch.setattr(processor, "CPU_INFO", file)

    return replace


def test_name_and_instructions_are_the_first_processors(cpu_info):
    cpu_info(X86)
    assert processor.name() == "A Processor @ 2.00GHz"
    assert processor.instructions() == ("avx", "avx2", "fma", "avx512f", "amx_tile", "amx_bf16")


def test_one_of_the_alternatives_is_enough(cpu_info):
    cpu_info(X86)
    assert processor.missing_for("bfloat16") == ()
    assert processor.missing_for("float16") == ("avx512_fp16", "amx_fp16")
    cpu_info(X86.replace("amx_bf16", "avx512_bf16"))
    assert processor.missing_for("bfloat16") == ()
    cpu_info(X86.replace("amx_bf16", ""))
    assert processor.missing_for("bfloat16") == ("avx512_bf16", "amx_bf16")
    assert processor.missing_for("float32") == ()


@pytest.mark.parametrize("text", [ARM, "", None])
def test_what_is_not_known_lacks_nothing(cpu_info, text):
    cpu_info(text)
    assert isinstance(processor.name(), str)
    assert processor.instructions() is None
    assert processor.missing_for("bfloat16") == ()
