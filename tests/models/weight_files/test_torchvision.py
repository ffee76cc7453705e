from __future__ import annotations

import sys
from collections import OrderedDict

import keras
import numpy as np
import pytest

from hsm.models.weight_files.torchvision import read_state_dict, variable_name
from hsm.models.weight_files.weights import load_weights


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


def small_model(scale=True):
    """Returns a model whose layers are named as InceptionV1's."""
    return keras.Sequential(
        [
            keras.Input((6, 6, 3)),
            keras.layers.Conv2D(4, (1, 2), use_bias=False, name="Conv2d_2b_1x1"),
            keras.layers.BatchNormalization(scale=scale, name="Conv2d_2b_1x1.BatchNorm"),
        ],
        name="small",
    )


def state_dict(torch):
    """Returns a state_dict for `small_model`, with parts that it lacks."""
    torch.manual_seed(0)
    shapes = {
        "conv2.conv.weight": (4, 3, 1, 2),
        "conv2.bn.weight": (4,),
        "conv2.bn.bias": (4,),
        "conv2.bn.running_mean": (4,),
        "conv2.bn.running_var": (4,),
        "fc.weight": (7, 5),
    }
    state = OrderedDict((name, torch.randn(shape)) for name, shape in shapes.items())
    state["conv2.bn.num_batches_tracked"] = torch.tensor(3)
    return state


def saved(torch, path, content):
    torch.save(content, path)
    return str(path)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_every_variable_finds_its_place(torch, tmp_path, dtype):
    state = {name: x.to(getattr(torch, dtype)) for name, x in state_dict(torch).items()}
    model = small_model()
    load_weights(model, saved(torch, tmp_path / "net.pth", state))
    kernel, gamma, beta, mean, variance = model.get_weights()
    expected = {name: tensor.float().numpy() for name, tensor in state.items()}
    np.testing.assert_array_equal(kernel.transpose(3, 2, 0, 1), expected["conv2.conv.weight"])
    np.testing.assert_array_equal(gamma, expected["conv2.bn.weight"])
    np.testing.assert_array_equal(beta, expected["conv2.bn.bias"])
    np.testing.assert_array_equal(mean, expected["conv2.bn.running_mean"])
    np.testing.assert_array_equal(variance, expected["conv2.bn.running_var"])


def test_parameters_that_need_gradients(torch, tmp_path):
    path = saved(torch, tmp_path / "net.pth", {"a": torch.nn.Parameter(torch.ones(2))})
    np.testing.assert_array_equal(read_state_dict(path)["a"], [1, 1])


def test_variable_names():
    layer = "Mixed_5b.Branch_2.Conv2d_0a_3x3"
    assert variable_name(layer, "kernel") == "inception5a.branch3.1.conv.weight"
    assert variable_name(f"{layer}.BatchNorm", "beta") == "inception5a.branch3.1.bn.bias"


@pytest.mark.parametrize(
    ("scale", "changes", "message"),
    [
        (True, {"conv2.bn.bias": None}, "conv2.bn.bias of shape (4,), but found no such name"),
        (True, {"conv2.bn.bias": (3,)}, "conv2.bn.bias of shape (4,), but found shape (3,)"),
        (False, {}, "but found the variable conv2.bn.weight. Build the model with scale=True"),
    ],
)
def test_files_that_do_not_fit(torch, tmp_path, scale, changes, message):
    state = state_dict(torch)
    for name, shape in changes.items():
        del state[name]
        if shape:
            state[name] = torch.zeros(shape)
    model = small_model(scale)
    before = model.get_weights()
    with pytest.raises(ValueError, match="expected weights of the model small, with") as error:
        load_weights(model, saved(torch, tmp_path / "net.pth", state))
    assert message in str(error.value)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("content", [b"", b"no weights", None])
def test_files_that_cannot_be_read(torch, tmp_path, content):
    path = tmp_path / "net.pth"
    torch.save(state_dict(torch), path)
    path.write_bytes(path.read_bytes()[:-100] if content is None else content)
    with pytest.raises(ValueError, match=f"{path}: expected a state_dict that torch.save wrote"):
        read_state_dict(str(path))


def test_code_in_a_file_is_not_executed(torch, tmp_path):
    path = saved(torch, tmp_path / "net.pth", torch.nn.Linear(2, 2))
    with pytest.raises(ValueError, match=r"holds more than tensors.*save model.state_dict\(\)"):
        read_state_dict(path)


@pytest.mark.parametrize(
    ("content", "found"),
    [({"model": {}, "epoch": 3}, "model: dict, epoch: int"), ([1, 2], "list")],
)
def test_what_is_no_state_dict_is_described(torch, tmp_path, content, found):
    path = saved(torch, tmp_path / "net.pth", content)
    with pytest.raises(ValueError, match=f"tensors by their names. Received: {found}. Save model"):
        read_state_dict(path)


def test_without_pytorch_the_error_says_how_to_get_it(monkeypatch, tmp_path):
    path = tmp_path / "net.pth"
    path.touch()
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match=r"net.pth needs PyTorch: pip install 'hsm-embedding\["):
        read_state_dict(str(path))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"a file that exists.*none\.pth'"):
        read_state_dict(str(tmp_path / "none.pth"))
