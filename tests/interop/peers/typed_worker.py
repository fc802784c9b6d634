"""typed_worker.py <endpoint> <period> [mute]: answers each request with the message in it, packed anew.

A mute one does not answer. Gives a sign of life when it is asked, and half as long again as a period, in seconds, after
its last one. Says what happens: asked, unasked; request <type> <text>.
"""

import sys
import time
import uuid

import talk
import zmq
from envelope import CLASSES, decode, encode

endpoint, period = sys.argv[1], float(sys.argv[2])
is_mute = sys.argv[3:] == ["mute"]
name = str(uuid.uuid4())
socket = zmq.Context.instance().socket(zmq.DEALER)
socket.setsockopt_string(zmq.IDENTITY, name)
talk.attach(socket, endpoint)


def beat():
    global next_beat
    socket.send(encode(CLASSES["Heartbeat"](id=name)))
    next_beat = time.monotonic() + period * 1.5


def handle(frames):
    *route, frame = frames
    message = decode(frame)
    if not route and isinstance(message, CLASSES["Heartbeat"]):
        beat()
        talk.say("asked")
        return
    talk.say("request", *talk.told(frame))
    if not is_mute:
        socket.send_multipart([*route, encode(message)])


def beat_if_due():
    if time.monotonic() > next_beat:
        beat()
        talk.say("unasked")


beat()
talk.react({socket: handle}, period=period / 2, tick=beat_if_due)
