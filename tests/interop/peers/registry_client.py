"""registry_client.py <endpoint of a registry>: asks it.

    register <name> <port>      of this machine; says yes or no
    unregister <name> <port>    the same
    lookup <name>               says <name> <server> <port>
    address                     says what this machine is registered as
"""

import sys

import talk
import zmq
from envelope import CLASSES, decode, encode
from own_address import own_address

socket = zmq.Context.instance().socket(zmq.REQ)
socket.connect(sys.argv[1])


def ask(type_name, **fields):
    socket.send(encode(CLASSES[type_name](**fields)))
    return decode(*talk.receive(socket))


def tell(type_name, name, port):
    ack = ask(type_name, serviceName=name, server=own_address(), port=int(port))
    return ("yes" if ack.ok else "no",)


def lookup(name):
    reply = ask("ServiceLookupReq", serviceName=name)
    return reply.serviceName, reply.server, reply.port


talk.serve({
    "register": lambda name, port: tell("RegisterService", name, port),
    "unregister": lambda name, port: tell("UnregisterService", name, port),
    "lookup": lookup,
    "address": lambda: (own_address(),),
})
