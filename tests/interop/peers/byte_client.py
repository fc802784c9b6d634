"""byte_client.py <endpoint> <time-out>: the lazy pirate. What is not answered in time (in ms) is asked again, three times
at most, by a new socket.

    call <hex>      says the answer in hexadecimal, or nothing
"""

import sys

import talk
import zmq

endpoint, timeout = sys.argv[1], int(sys.argv[2])


def opened():
    socket = zmq.Context.instance().socket(zmq.REQ)
    socket.connect(endpoint)
    return socket


socket = opened()


def call(hexadecimal):
    global socket
    for _ in range(1 + 3):
        socket.send(bytes.fromhex(hexadecimal))
        if socket.poll(timeout):
            return (socket.recv().hex(),)
        socket.close(linger=0)
        socket = opened()
    return ("nothing",)


talk.serve({"call": call})
