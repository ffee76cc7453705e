"""The part of Caffe's protobuf schema that weights need, described at run time.

Field numbers and types are facts of the format; nothing is generated or compiled, so that any
protobuf library that TensorFlow accepts will do.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_PACKAGE = "hsm.caffe"
_Field = descriptor_pb2.FieldDescriptorProto
_FLOAT, _DOUBLE = _Field.TYPE_FLOAT, _Field.TYPE_DOUBLE
_INT32, _INT64 = _Field.TYPE_INT32, _Field.TYPE_INT64
_STRING = _Field.TYPE_STRING
_ONE, _MANY = _Field.LABEL_OPTIONAL, _Field.LABEL_REPEATED

# Types of inner product layers: a number in legacy files, a name in newer ones.
INNER_PRODUCT = (14, "InnerProduct")

# message -> (field, number, type or message, label)
_MESSAGES: dict[str, list[tuple[str, int, int | str, int]]] = {
    "BlobShape": [("dim", 1, _INT64, _MANY)],
    "BlobProto": [
        ("num", 1, _INT32, _ONE),
        ("channels", 2, _INT32, _ONE),
        ("height", 3, _INT32, _ONE),
        ("width", 4, _INT32, _ONE),
        ("data", 5, _FLOAT, _MANY),
        ("shape", 7, "BlobShape", _ONE),
        ("double_data", 8, _DOUBLE, _MANY),
    ],
    "V1LayerParameter": [
        ("name", 4, _STRING, _ONE),
        # An enum in Caffe; as a number it reads the same, and unknown types do no harm.
        ("type", 5, _INT32, _ONE),
        ("blobs", 6, "BlobProto", _MANY),
    ],
    "LayerParameter": [
        ("name", 1, _STRING, _ONE),
        ("type", 2, _STRING, _ONE),
        ("blobs", 7, "BlobProto", _MANY),
    ],
    "NetParameter": [
        ("name", 1, _STRING, _ONE),
        ("layers", 2, "V1LayerParameter", _MANY),
        ("layer", 100, "LayerParameter", _MANY),
    ],
}


def new_net_parameter() -> Any:
    """Return an empty NetParameter message: `.name`, legacy `.layers` and newer `.layer`."""
    return _NetParameter()


def _build() -> Any:
    """Return the message class NetParameter."""
    file = descriptor_pb2.FileDescriptorProto(
        name="hsm/caffe.proto", package=_PACKAGE, syntax="proto2"
    )
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field in fields:
            _add_field(message, *field)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.NetParameter"))


def _add_field(message: Any, name: str, number: int, kind: int | str, label: int) -> None:
    """Declare one field; numbers that repeat are packed."""
    field = message.field.add(name=name, number=number, label=label)
    if isinstance(kind, str):
        field.type = _Field.TYPE_MESSAGE
        field.type_name = f".{_PACKAGE}.{kind}"
        return
    field.type = kind
    if label == _MANY:
        field.options.packed = True


_NetParameter = _build()
