"""byte_worker.py <endpoint> [mute]: answers each request with its bytes, backwards; a mute one does not answer.

Says what happens: asked, request <hex>.
"""

import sys
import uuid

import talk
import zmq

is_mute = sys.argv[2:] == ["mute"]
socket = zmq.Context.instance().socket(zmq.DEALER)
socket.setsockopt_string(zmq.IDENTITY, str(uuid.uuid4()))
talk.attach(socket, sys.argv[1])


def handle(frames):
    if frames == [b"\x02"]:
        socket.send(b"\x02")
        talk.say("asked")
        return
    *route, payload = frames
    talk.say("request", payload.hex())
    if not is_mute:
        socket.send_multipart([*route, payload[::-1]])


socket.send(b"\x01")
talk.react({socket: handle})
