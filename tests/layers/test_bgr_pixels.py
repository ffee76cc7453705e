from __future__ import annotations

import numpy as np
import pytest

from hsm.layers.bgr_pixels import BGRPixels


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64, np.int32])
def test_blue_comes_first_less_its_mean(dtype):
    red_pixel = np.array([[[[200, 10, 20]]]], dtype)
    y = BGRPixels()(red_pixel)
    assert y.dtype == "float32"
    np.testing.assert_array_equal(np.ravel(y), [20 - 104, 10 - 117, 200 - 123])


def test_a_narrow_policy_does_not_round_pixels():
    x = np.full((1, 1, 1, 3), 200.5, np.float32)
    layer = BGRPixels(mean=(0.25, 0.5, 0.75), dtype="mixed_bfloat16")
    np.testing.assert_array_equal(np.ravel(layer(x)), [200.25, 200.0, 199.75])


def test_a_mean_of_other_length_is_refused():
    with pytest.raises(ValueError, match=r"three values.*Received: mean=\(1\.0, 2\.0\)"):
        BGRPixels(mean=(1.0, 2.0))
