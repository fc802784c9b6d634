"""subscriber.py <endpoint> [<type>...]: connects, and receives these types, or all.

    recv    says <type> <text>
"""

import sys

import talk
import zmq
from envelope import topic

socket = zmq.Context.instance().socket(zmq.SUB)
for wanted in [topic(name) for name in sys.argv[2:]] or [b""]:
    socket.setsockopt(zmq.SUBSCRIBE, wanted)
talk.attach(socket, sys.argv[1])
talk.serve({"recv": lambda: talk.told(*talk.receive(socket))})
