"""dealer.py <endpoint>...: binds those with a wildcard, connects to the others. Routes are hexadecimal, with commas.

    send <type> <text>
    sendRouted <route> <type> <text>
    sendWithEmptyFrame <type> <text>
    recv                              says <route> <type> <text>; - for no route
"""

import sys
import uuid

import talk
import zmq
from envelope import encode, from_text

socket = zmq.Context.instance().socket(zmq.DEALER)
socket.setsockopt_string(zmq.IDENTITY, str(uuid.uuid4()))
ports = [talk.attach(socket, endpoint) for endpoint in sys.argv[1:]]


def send_routed(route, name, text):
    frames = [bytes.fromhex(frame) for frame in route.split(",")]
    socket.send_multipart(frames + [encode(from_text(name, text))])


def recv():
    *route, frame = talk.receive(socket)
    return (",".join(hop.hex() for hop in route) if route else "-", *talk.told(frame))


talk.serve({
    "send": lambda name, text: socket.send(encode(from_text(name, text))),
    "sendRouted": send_routed,
    "sendWithEmptyFrame": lambda name, text: send_routed("", name, text),
    "recv": recv,
}, *ports)
