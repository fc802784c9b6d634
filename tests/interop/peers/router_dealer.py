"""router_dealer.py: binds a ROUTER and a DEALER, says their ports, and passes all messages on both ways.

Ends when there is nobody to talk to.
"""

import talk
import zmq

context = zmq.Context.instance()
front, back = context.socket(zmq.ROUTER), context.socket(zmq.DEALER)
talk.react({front: back.send_multipart, back: front.send_multipart},
           ports=[talk.attach(socket, "tcp://*:*") for socket in (front, back)])
