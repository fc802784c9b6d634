"""router_dealer.py: binds a ROUTER and a DEALER, says their ports, and passes all messages on both ways.

Ends when there is nobody to talk to.
"""

import sys

import talk
import zmq

context = zmq.Context.instance()
front, back = context.socket(zmq.ROUTER), context.socket(zmq.DEALER)
ports = [talk.attach(socket, "tcp://*:*") for socket in (front, back)]
poller = zmq.Poller()
for source in (front, back, sys.stdin):
    poller.register(source, zmq.POLLIN)
talk.say("ready", *ports)
while True:
    ready = dict(poller.poll())
    if front in ready:
        back.send_multipart(front.recv_multipart())
    if back in ready:
        front.send_multipart(back.recv_multipart())
    if sys.stdin.fileno() in ready:
        break
