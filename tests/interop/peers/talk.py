"""How a peer talks with the test that has started it: a line in, a line out, words separated by tabs."""

import sys

import envelope
import zmq

LIMIT_MS = 60000  # long enough for anything that is going to happen


def say(*words):
    print(*words, sep="\t", flush=True)


def attach(socket, endpoint):
    """Binds if there is a wildcard in the endpoint, connects otherwise; the port bound to, or 0."""
    if "*" not in endpoint:
        socket.connect(endpoint)
        return 0
    socket.bind(endpoint)
    return int(socket.getsockopt(zmq.LAST_ENDPOINT).rstrip(b"\0").rsplit(b":", 1)[1])


def receive(socket):
    """The frames of the next message."""
    if not socket.poll(LIMIT_MS):
        raise TimeoutError("no message came")
    return socket.recv_multipart()


def told(frame):
    """What the message in this frame is, as words of an answer."""
    try:
        message = envelope.decode(frame)
    except envelope.UnknownType as unknown:
        return "unknown", str(unknown)
    return message.DESCRIPTOR.full_name, envelope.to_text(message)


def do(verbs, line):
    """Does what the line says, a verb and its arguments, and says what the verb returns."""
    verb, *arguments = line.rstrip("\n").split("\t")
    say(*(verbs[verb](*arguments) or ("done",)))


def serve(verbs, *ports):
    """Does what each line says, until there are no more."""
    say("ready", *ports)
    for line in sys.stdin:
        do(verbs, line)


def react(handlers, verbs=None, begin=lambda: None, period=None, tick=lambda: None, ports=()):
    """As serve(), and meanwhile gives each socket's handler the frames of what comes, and calls `tick` after that and at
    least once a period (in seconds). `begin` comes first of all."""
    lines = sys.stdin.buffer.raw  # without a buffer: the poller would not know of what is in that
    poller = zmq.Poller()
    for source in (lines, *handlers):
        poller.register(source, zmq.POLLIN)
    say("ready", *ports)
    begin()
    while True:
        ready = dict(poller.poll(period and period * 1000))
        for socket, handle in handlers.items():
            if socket in ready:
                handle(socket.recv_multipart())
        if lines.fileno() in ready:
            line = lines.readline()
            if not line:
                break
            do(verbs, line.decode())
        tick()
