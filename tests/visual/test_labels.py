"""Names of any length and any characters, as text beneath a picture."""

from __future__ import annotations

import pytest

from hsm.visual.labels import label


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("5", "5"),
        ("", ""),
        ("051.Horned_Grebe", "051.Horned\nGrebe"),
        ("AM General Hummer SUV 2000", "AM General\nHummer SUV…"),
        ("abcdefghijklmnopqrstuvwxyz", "abcdefghijkl\nmnopqrstuvw…"),
        ("a\udcffb", "a?b"),
        ("$x$", "$x$"),
        ("中文日本語한국어", "中文日本語한\n국어"),
        ("中文日本語한국어中文日本語", "中文日本語한\n국어中文日…"),
    ],
)
def test_a_name_fills_two_lines_at_most(name, shown):
    assert label(name, width=12, lines=2) == shown
