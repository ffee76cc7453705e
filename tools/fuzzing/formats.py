"""Every format that hsm reads."""

from __future__ import annotations

from fuzzing import data_formats, run_formats, weight_formats
from fuzzing.form import Format

FORMATS: dict[str, Format] = {
    form.name: form
    for form in (*run_formats.FORMATS, *data_formats.FORMATS, *weight_formats.FORMATS)
}
