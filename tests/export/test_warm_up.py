"""The warm-up file is what TensorFlow Serving reads, by its own protos."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from support.tiny_model import make_model

from hsm.export import SIGNATURES, export_saved_model
from hsm.export.extras import required
from hsm.export.warm_up import WARM_UP, add_warm_up, check_warm_up

INSTALLED = "tensorflow_serving.apis.prediction_log_pb2"


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    return export_saved_model(make_model(), tmp_path_factory.mktemp("warm") / "1")


def test_every_signature_is_asked_once_and_answers(exported):
    logs = pytest.importorskip(INSTALLED)
    from tensorflow_serving.apis import predict_pb2

    path = add_warm_up(exported, "birds")
    assert path == exported / "assets.extra" / "tf_serving_warmup_requests"
    records = [r.numpy() for r in tf.data.TFRecordDataset(str(path))]
    requests = [logs.PredictionLog.FromString(r).predict_log.request for r in records]
    assert {r.model_spec.name for r in requests} == {"birds"}
    assert sorted(r.model_spec.signature_name for r in requests) == sorted(SIGNATURES)
    assert sorted(check_warm_up(exported)) == sorted(SIGNATURES)

    # What a client sends fits the signature that the file of the model states.
    graph = _definitions(exported)
    for request in requests:
        stated = graph[request.model_spec.signature_name]
        assert {n: t.dtype for n, t in request.inputs.items()} == {
            n: t.dtype for n, t in stated.inputs.items()
        }
        response = predict_pb2.PredictResponse(model_spec=request.model_spec)
        answer = tf.saved_model.load(str(exported)).signatures[request.model_spec.signature_name](
            **{n: tf.constant(tf.make_ndarray(t)) for n, t in request.inputs.items()}
        )
        for name, tensor in answer.items():
            response.outputs[name].CopyFrom(tf.make_tensor_proto(tensor))
        assert set(response.outputs) == set(stated.outputs)
        vectors = tf.make_ndarray(response.outputs["embedding"])
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def _definitions(folder):
    """The signatures that `saved_model.pb` states, as a server reads them."""
    from tensorflow.core.protobuf import saved_model_pb2

    saved = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    (graph,) = saved.meta_graphs
    return graph.signature_def


def test_a_request_of_another_model_is_refused(exported):
    logs = pytest.importorskip(INSTALLED)
    add_warm_up(exported, "birds")
    log = logs.PredictionLog()
    log.predict_log.request.model_spec.signature_name = "serving_default"
    log.predict_log.request.inputs["x"].CopyFrom(tf.make_tensor_proto([1.0]))
    with tf.io.TFRecordWriter(str(exported / WARM_UP)) as writer:
        writer.write(log.SerializeToString())
    with pytest.raises(ValueError, match="Received: 'serving_default' with x, which it refuses"):
        check_warm_up(exported)


def test_without_the_library_it_says_which_extra_brings_it():
    message = r'Warm-ups need no_such_library, which .*: pip install "hsm-embedding\[tf-serving\]"'
    with pytest.raises(ImportError, match=message):
        required("no_such_library.protos", extra="tf-serving", what="Warm-ups")
