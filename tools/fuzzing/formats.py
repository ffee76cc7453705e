"""Every format that hsm reads."""

from __future__ import annotations

from fuzzing import archive_formats, data_formats, run_formats, weight_formats
from fuzzing.form import Format

FORMATS: dict[str, Format] = {
    form.name: form
    for room in (run_formats, archive_formats, data_formats, weight_formats)
    for form in room.FORMATS
}
