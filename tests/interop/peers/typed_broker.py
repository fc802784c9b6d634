"""typed_broker.py <period> [<front port> <back port>]: hands typed requests to idle workers. The period is in seconds.

Says what happens: sign <id>, reply, request; asked, dropped of a worker.
"""

import sys

import talk
import zmq
from envelope import CLASSES, decode, encode
from idle_workers import IdleWorkers

period = float(sys.argv[1])
context = zmq.Context.instance()
front, back = context.socket(zmq.ROUTER), context.socket(zmq.ROUTER)
idle = IdleWorkers(period, lambda id: back.send_multipart([id, encode(CLASSES["Heartbeat"](id=id))]))


def request(frames):
    back.send_multipart([idle.take(), *frames])
    talk.say("request")


def from_worker(frames):
    """Whatever it is, the worker is idle."""
    id, *message = frames
    idle.heard(id)
    front.send_multipart(message)  # nobody has a Heartbeat for his id, so those get lost here
    talk.say(*(("reply",) if len(message) > 1 else ("sign", decode(*message).id)))


talk.react({front: request, back: from_worker}, period=period, tick=idle.look_after,
           ports=[talk.attach(socket, "tcp://*:" + port)
                  for socket, port in zip((front, back), sys.argv[2:] or "**")])
