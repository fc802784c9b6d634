# Asks a secured host with the certificates that pyzmq itself reads: pyzmq_client.py <folder> <endpoint>
import sys

import zmq
import zmq.auth

folder, endpoint = sys.argv[1:]
socket = zmq.Context.instance().socket(zmq.REQ)
socket.curve_publickey, socket.curve_secretkey = zmq.auth.load_certificate(folder + "/self.key_secret")
socket.curve_serverkey, _ = zmq.auth.load_certificate(folder + "/servers/host.key")
socket.connect(endpoint)
socket.send(b"ask")
print(socket.recv().decode())
