"""publisher.py <endpoint>: binds, and publishes what it is told to.

    send <type> <text>
"""

import sys

import talk
import zmq
from envelope import encode, from_text

socket = zmq.Context.instance().socket(zmq.PUB)
port = talk.attach(socket, sys.argv[1])
talk.serve({"send": lambda name, text: socket.send(encode(from_text(name, text)))}, port)
