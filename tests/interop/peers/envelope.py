"""The envelope, as the Python package reads and writes it.

Knows the messages of the modules named in PEER_MODULES, which protoc has made (see python.hpp): as in the package,
msgName is the short name of the class when writing, and is looked up among all messages when reading.
"""

import importlib
import os

from google.protobuf import text_format

CLASSES = {}


def _add(cls):
    CLASSES[cls.DESCRIPTOR.full_name] = cls
    for nested in cls.DESCRIPTOR.nested_types:
        if hasattr(cls, nested.name):
            _add(getattr(cls, nested.name))


for _module in map(importlib.import_module, os.environ["PEER_MODULES"].split()):
    for _name in _module.DESCRIPTOR.message_types_by_name:
        _add(getattr(_module, _name))


class UnknownType(Exception):
    """The envelope holds a message that this program does not know."""


def from_text(type_name, text):
    return text_format.Parse(text, CLASSES[type_name]())


def to_text(message):
    """In one line."""
    return text_format.MessageToString(message, as_one_line=True)


def encode(message, more=""):
    """The frame that carries this message. `more`: further fields of the envelope, as text."""
    envelope = CLASSES["msgEnvelope"]()
    envelope.msgName = message.__class__.__name__
    envelope.msg.Pack(message)
    text_format.Merge(more, envelope)
    return envelope.SerializeToString()


def decode(frame):
    envelope = CLASSES["msgEnvelope"]()
    envelope.ParseFromString(frame)
    if envelope.msgName not in CLASSES:
        raise UnknownType(envelope.msgName)
    message = CLASSES[envelope.msgName]()
    if not envelope.msg.Unpack(message):
        raise UnknownType(envelope.msg.type_url)
    return message


def topic(type_name):
    """What every envelope of this type begins with."""
    name = type_name.encode()
    length = bytes([len(name)]) if len(name) < 128 else bytes([len(name) % 128 + 128, len(name) // 128])
    return b"\n" + length + name
