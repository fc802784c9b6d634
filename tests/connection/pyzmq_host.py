# A host of pyzmq's own: zmq.auth lets in the certificates of a folder.
#   pyzmq_host.py <its certificate> <folder of those who may come>     prints its endpoint, then what it hears
import sys

import zmq
import zmq.auth
from zmq.auth.thread import ThreadAuthenticator

own, folder = sys.argv[1:]
context = zmq.Context.instance()
authenticator = ThreadAuthenticator(context)
authenticator.start()
authenticator.configure_curve(domain="*", location=folder)
socket = context.socket(zmq.REP)
socket.curve_publickey, socket.curve_secretkey = zmq.auth.load_certificate(own)
socket.curve_server = True
socket.bind("tcp://127.0.0.1:*")
print(socket.last_endpoint.decode(), flush=True)
while True:
    print(socket.recv().decode(), flush=True)
    socket.send(b"reply")
