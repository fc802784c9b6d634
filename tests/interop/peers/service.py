"""service.py <name> <endpoint of a registry> <endpoint of its announcements>: a service, which answers each request with
the message in it, packed anew.

Says what happens: registered, request <type> <text>.
"""

import sys

import talk
import zmq
from envelope import CLASSES, decode, encode

name, registry, announcements = sys.argv[1:]
context = zmq.Context.instance()
requests, listening = context.socket(zmq.REP), context.socket(zmq.SUB)
listening.subscribe(b"")
listening.connect(announcements)


def bound(ports):
    """The first free one."""
    for port in ports:
        try:
            requests.bind(f"tcp://*:{port}")
            return port
        except zmq.ZMQError as error:
            if error.errno != zmq.EADDRINUSE:
                raise
    raise OSError("no free port")


port = bound(range(5100, 6001))


def register():
    """Takes as long as the registry does."""
    socket = context.socket(zmq.REQ)
    socket.connect(registry)
    socket.send(encode(CLASSES["RegisterService"](serviceName=name, server="127.0.0.1", port=port)))
    assert decode(*talk.receive(socket)).ok
    socket.close()
    talk.say("registered")


def heard(frames):
    if isinstance(decode(*frames), CLASSES["RediscoverReq"]):
        register()


def handle(frames):
    talk.say("request", *talk.told(*frames))
    requests.send(encode(decode(*frames)))


talk.react({requests: handle, listening: heard}, begin=register)
