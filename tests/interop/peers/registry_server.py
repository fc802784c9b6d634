"""registry_server.py [<port> <port of announcements>]: a registry. It asks who listens to register again, a second
after its start.

    announce        asks again
Says what happens: listened, announced; registered, unregistered <name> <server> <port>.
"""

import sys
import time

import talk
import zmq
from envelope import CLASSES, decode, encode

context = zmq.Context.instance()
# For others an XPUB is a PUB; this one says when somebody has come to listen.
asked, announcements = context.socket(zmq.REP), context.socket(zmq.XPUB)
services = {}
announce_at = time.monotonic() + 1


def announce():
    announcements.send(encode(CLASSES["RediscoverReq"]()))
    talk.say("announced")


def announce_if_due():
    global announce_at
    if announce_at and time.monotonic() > announce_at:
        announce_at = None
        announce()


def register(message):
    services[message.serviceName] = (message.server, message.port)
    talk.say("registered", message.serviceName, message.server, message.port)
    return CLASSES["ack"](ok=True)


def unregister(message):
    del services[message.serviceName]  # ends the process if there is none, as in the package
    talk.say("unregistered", message.serviceName, message.server, message.port)
    return CLASSES["ack"](ok=True)


def look_up(message):
    server, port = services.get(message.serviceName, ("unavailable", 0))
    return CLASSES["ServiceLookupRep"](serviceName=message.serviceName, server=server, port=port)


HANDLERS = {"RegisterService": register, "UnregisterService": unregister, "ServiceLookupReq": look_up}


def handle(frames):
    message = decode(*frames)
    asked.send(encode(HANDLERS[message.DESCRIPTOR.name](message)))


talk.react({asked: handle, announcements: lambda frames: talk.say("listened")}, {"announce": announce},
           period=0.5, tick=announce_if_due,
           ports=[talk.attach(socket, "tcp://*:" + port)
                  for socket, port in zip((asked, announcements), sys.argv[1:] or "**")])
