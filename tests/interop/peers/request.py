"""request.py <endpoint>...: connects to all of them, and asks.

    send <type> <text> [<further fields of the envelope>]
    sendBytes <hex>
    recv                        says <type> <text>
    askLarge <bytes>            sends a Msg01 of this size, and says whether the same came back
"""

import sys

import talk
import zmq
from envelope import CLASSES, decode, encode, from_text

socket = zmq.Context.instance().socket(zmq.REQ)
for endpoint in sys.argv[1:]:
    socket.connect(endpoint)


def ask_large(size):
    question = CLASSES["Msg01"](field1="0123456789abcdef" * (int(size) // 16))
    socket.send(encode(question))
    return ("same",) if decode(*talk.receive(socket)) == question else ("different",)


talk.serve({
    "send": lambda name, text, more="": socket.send(encode(from_text(name, text), more)),
    "sendBytes": lambda hexadecimal: socket.send(bytes.fromhex(hexadecimal)),
    "recv": lambda: talk.told(*talk.receive(socket)),
    "askLarge": ask_large,
})
