"""byte_broker.py <period> [<front port> <back port>]: hands requests of bytes to idle workers. The period is in seconds.

Says what happens: sign <byte>, reply, request; asked, dropped of a worker.
"""

import sys

import talk
import zmq
from idle_workers import IdleWorkers

SIGNS = {b"\x01": "registration", b"\x02": "heartbeat"}

period = float(sys.argv[1])
context = zmq.Context.instance()
front, back = context.socket(zmq.ROUTER), context.socket(zmq.ROUTER)
idle = IdleWorkers(period, lambda id: back.send_multipart([id, b"\x02"]))


def request(frames):
    back.send_multipart([idle.take(), *frames])
    talk.say("request")


def from_worker(frames):
    """A worker that has replied is not idle, as far as this broker knows: only its signs make it so."""
    id, *message = frames
    if message[0] in SIGNS:
        idle.heard(id)
        talk.say("sign", SIGNS[message[0]])
    else:
        front.send_multipart(message)
        talk.say("reply")


talk.react({front: request, back: from_worker}, period=period, tick=idle.look_after,
           ports=[talk.attach(socket, "tcp://*:" + port)
                  for socket, port in zip((front, back), sys.argv[2:] or "**")])
