"""typed_client.py <endpoint> <time-out> [<retries>]: asks a broker, and asks again what is not answered in time (in ms).

    call <type> <text>      says <type> <text>, or nothing
"""

import sys
import uuid

import talk
import zmq
from envelope import encode, from_text

endpoint, timeout = sys.argv[1], int(sys.argv[2])
retries = int(sys.argv[3]) if sys.argv[3:] else 5
socket = zmq.Context.instance().socket(zmq.DEALER)
socket.setsockopt_string(zmq.IDENTITY, str(uuid.uuid4()))
talk.attach(socket, endpoint)


def call(name, text):
    request = encode(from_text(name, text))
    for _ in range(1 + retries):
        socket.send(request)
        if socket.poll(timeout):
            return talk.told(*socket.recv_multipart())
    return ("nothing",)


talk.serve({"call": call})
