"""service_caller.py <endpoint of a registry>: calls services by name.

    call <name> <type> <text>       says <type> <text>, or unavailable
"""

import sys

import talk
import zmq
from envelope import CLASSES, decode, encode, from_text

context = zmq.Context.instance()
registry = context.socket(zmq.REQ)
registry.connect(sys.argv[1])


def call(name, type_name, text):
    registry.send(encode(CLASSES["ServiceLookupReq"](serviceName=name)))
    found = decode(*talk.receive(registry))
    if found.server == "unavailable":
        return ("unavailable",)
    service = context.socket(zmq.REQ)
    service.connect(f"tcp://{found.server}:{found.port}")
    service.send(encode(from_text(type_name, text)))
    answer = talk.told(*talk.receive(service))
    service.close()
    return answer


talk.serve({"call": call})
