"""response.py <endpoint>: answers; binds if there is a wildcard in the endpoint, connects otherwise.

    recv                  says <type> <text>
    send <type> <text> [<further fields of the envelope>]
    echo                  answers the next request with the message that came, packed anew; says its type
"""

import sys

import talk
import zmq
from envelope import decode, encode, from_text

socket = zmq.Context.instance().socket(zmq.REP)
port = talk.attach(socket, sys.argv[1])


def echo():
    message = decode(*talk.receive(socket))
    socket.send(encode(message))
    return (message.DESCRIPTOR.full_name,)


talk.serve({
    "recv": lambda: talk.told(*talk.receive(socket)),
    "send": lambda name, text, more="": socket.send(encode(from_text(name, text), more)),
    "echo": echo,
}, port)
