"""Runs the program dividere as its users do, beside real peers: tool_test.py <program> <protoc> <echo_process>.

Everything here is told to end, or ends by itself; nothing is waited for by the clock.
"""

import json
import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

try:
    import zmq
except ImportError:
    print("SKIPPED: this python has no module zmq (apt-get install python3-zmq)")
    sys.exit(77)

TOOL, PROTOC, SERVICE = sys.argv[1:4]
HERE = os.path.dirname(os.path.abspath(__file__))
PROTO = os.path.join(HERE, "robot.proto")
LIMIT = 200  # seconds, for what is going to happen
WITH_TYPES = ("--proto", PROTO)

STATE = ('{"name":"r2","pose":{"x":1.5,"y":-2},"counters":{"hops":3},"mode":"DRIVING","parcel":"letters",'
         '"path":[{"x":1},{"y":2}],"notes":["a","b"],"raw":"AAE=","large":"9007199254740993"}')


def varint(number):
    encoded = b""
    while number > 127:
        encoded += bytes([number & 127 | 128])
        number >>= 7
    return encoded + bytes([number])


def field(number, content):
    return varint(number << 3 | 2) + varint(len(content)) + content


def envelope(name, payload):
    """As the Python package makes it: the last part of the name in front."""
    packed = field(1, b"type.googleapis.com/" + name.encode()) + (field(2, payload) if payload else b"")
    return field(1, name.rsplit(".", 1)[-1].encode()) + field(2, packed)


def payload_of(frame):
    """What is in an envelope of 127 bytes at the most."""
    at = 2 + frame[1]
    inner = frame[at + 2:at + 2 + frame[at + 1]]
    at = 2 + inner[1]
    return inner[at + 2:at + 2 + inner[at + 1]]


def protoc(mode, text):
    return subprocess.run([PROTOC, f"--{mode}=robot.State", f"-I{HERE}", PROTO], input=text, stdout=subprocess.PIPE,
                          check=True).stdout


class Running:
    """A program that runs in the background; killed at the end, if it has not ended."""

    def __init__(self, test, *command, **env):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        env={**os.environ, **env})
        test.addCleanup(self.kill)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def line(self):
        return self.process.stdout.readline().rstrip("\n")

    def ends(self, with_signal=None):
        if with_signal:
            self.process.send_signal(with_signal)
        out, err = self.process.communicate(timeout=LIMIT)
        return self.process.returncode, out, err


class ToolTest(unittest.TestCase):
    env = {}

    def run_tool(self, *arguments, text=None):
        done = subprocess.run([TOOL, "--timeout", "100", *arguments], input=text, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=2 * LIMIT, env={**os.environ, **self.env})
        return done.returncode, done.stdout, done.stderr

    def background(self, *arguments):
        return Running(self, TOOL, "--timeout", "100", *arguments, **self.env)

    def registry(self):
        registry = self.background("registry", "--port", "0")
        port = re.match(r"registry on (\d+), announces on \d+$", registry.line()).group(1)
        return registry, ("--registry", f"localhost:{port}")

    def socket(self, kind, *topics):
        socket = zmq.Context.instance().socket(kind)
        socket.linger = 0
        self.addCleanup(socket.close)
        return socket, socket.bind_to_random_port("tcp://127.0.0.1")

    def listed(self, where, count):
        """What is registered, once there is so much of it."""
        entries = []
        while len(entries) < count:
            code, out, err = self.run_tool(*where, "--json", "list")
            self.assertEqual((code, err), (0, ""))
            entries = [json.loads(line) for line in out.splitlines()]
        return entries

    def top(self, where, shows):
        """Runs top in a terminal until that is on the screen."""
        process, terminal = pty.fork()
        if process == 0:
            os.execve(TOOL, [TOOL, *where, "top", "--every", "0.2"],
                      {**os.environ, **self.env, "TERM": "xterm", "LINES": "24", "COLUMNS": "140"})
        self.addCleanup(os.close, terminal)
        screen = b""
        while not re.search(shows, screen):
            screen += os.read(terminal, 4096)
        os.write(terminal, b"q")
        try:
            while os.read(terminal, 4096):
                pass
        except OSError:  # the other end of the terminal is closed
            pass
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), 0)

    def check(self, result, out, exit=0, err=""):
        self.assertEqual(result, (exit, out, err))


class Commands(ToolTest):
    def test_a_wrong_call_ends_with_2_and_says_why_on_stderr(self):
        for arguments in ([], ["dance"], ["echo"], ["list", "--nonsense"], ["pub", "tcp://*:*", "robot.Pose"]):
            code, out, err = self.run_tool(*arguments)
            self.assertEqual((code, out), (2, ""), arguments)
            self.assertTrue(err, arguments)

    def test_help_and_the_version_go_to_stdout(self):
        for arguments in (["--help"], ["--version"], ["echo", "--help"], ["keys", "check", "--help"]):
            code, out, err = self.run_tool(*arguments)
            self.assertEqual((code, err), (0, ""), arguments)
            self.assertIn("dividere", out)

    def test_the_completion_is_bash_and_knows_every_command(self):
        code, out, _ = self.run_tool("completion")
        self.assertEqual(code, 0)
        script = out + "\nCOMP_WORDS=(dividere ''); COMP_CWORD=1; _dividere; echo ${COMPREPLY[@]}"
        words = subprocess.run(["bash", "-c", script], stdout=subprocess.PIPE, check=True, text=True).stdout.split()
        for command in ("list", "echo", "pub", "call", "registry", "doctor", "keygen", "--json"):
            self.assertIn(command, words)

    def test_the_manual_page_tells_of_every_command(self):
        code, page, _ = self.run_tool("man")
        self.assertEqual(code, 0)
        self.assertTrue(page.startswith(".TH DIVIDERE 1"))
        for command in ("list", "echo", "hz", "keys check"):
            self.assertIn(f".SS {command}\n", page)

    def test_doctor_tells_of_libraries_limits_and_registries(self):
        _, where = self.registry()
        code, out, err = self.run_tool(*where, "--json", "doctor")
        self.assertEqual((code, err), (0, ""))
        found = {finding["what"]: finding for finding in map(json.loads, out.splitlines())}
        self.assertEqual(found["libzmq"]["says"], zmq.zmq_version())
        self.assertEqual(found["registry " + where[1]]["says"], "0 registered")
        self.assertLessEqual({"protobuf", "encryption", "descriptors", "service ports", "host"}, set(found))


    def test_a_thousand_publishers_and_services_are_listed(self):
        _, where = self.registry()
        registry = zmq.Context.instance().socket(zmq.DEALER)
        registry.linger = 0
        self.addCleanup(registry.close)
        registry.connect("tcp://" + where[1])
        for i in range(1000):
            kind = b"publisher" if i % 2 else b"service"
            registry.send_multipart([b"", envelope("RegisterService", field(1, b"thing%d" % i) + field(2, b"127.0.0.1")
                                                   + varint(3 << 3) + varint(10000 + i) + varint(101 << 3) + b"\1" + field(104, kind))])
        for _ in range(1000):
            self.assertEqual(payload_of(registry.recv_multipart()[-1])[:2], b"\x08\1")
        code, out, err = self.run_tool(*where, "--json", "list")
        self.assertEqual((code, err), (0, ""))
        self.assertEqual({json.loads(line)["name"] for line in out.splitlines()}, {f"thing{i}" for i in range(1000)})


class Published(ToolTest):
    def echo(self, *arguments, message=STATE, type="robot.State", **more):
        """What is shown of one message that the tool publishes itself."""
        publisher, port = self.socket(zmq.XPUB)
        echo = self.background("echo", f"tcp://127.0.0.1:{port}", "-n", "1", *arguments)
        while not publisher.recv().startswith(b"\x01\x0a"):
            pass
        publisher.send(envelope(type, protoc("encode", protoc_text(message)) if type == "robot.State" else b""))
        return echo.ends()

    def test_a_message_of_a_type_it_was_not_compiled_with_is_shown_as_json(self):
        code, out, err = self.echo(*WITH_TYPES)
        self.assertEqual((code, err), (0, ""))
        name, shown = out.split(" ", 1)
        self.assertEqual(name, "robot.State")
        self.assertEqual(json.loads(shown), json.loads(STATE))

    def test_as_text_it_is_what_protoc_decodes_of_the_same_bytes(self):
        code, out, _ = self.echo(*WITH_TYPES, "--text")
        self.assertEqual(code, 0)
        expected = protoc("decode", protoc("encode", protoc_text(STATE))).decode()
        self.assertEqual(out, "robot.State\n" + expected + "\n")

    def test_one_field_is_shown_alone(self):
        for path, shown in (("pose.x", "1.5"), ("name", "r2"), ("mode", "DRIVING"), ("notes", '["a","b"]'),
                            ("path", '[{"x":1},{"y":2}]'), ("pose", '{"x":1.5,"y":-2}')):
            self.check(self.echo(*WITH_TYPES, "--field", path), shown + "\n")

    def test_a_field_that_is_not_there_is_said_so(self):
        code, out, err = self.echo(*WITH_TYPES, "--field", "pose.z")
        self.assertEqual((code, out, err), (2, "", "dividere: robot.Pose has no field z\n"))

    def test_raw_is_the_serialized_message(self):
        self.check(self.echo(*WITH_TYPES, "--raw", message='{"name":"r2"}'), "\n\x02r2")

    def test_json_tells_the_type_beside_the_message(self):
        code, out, _ = self.echo("--json", *WITH_TYPES)
        self.assertEqual(code, 0)
        self.assertEqual(json.loads(out), {"type": "robot.State", "message": json.loads(STATE)})

    def test_what_nobody_describes_is_shown_by_its_size(self):
        code, out, _ = self.echo(message='{"name":"r2"}')
        self.check((code, out, ""), "robot.State (4 bytes; --proto FILE says what they are)\n")

    def test_fields_that_the_type_lacks_do_no_harm(self):
        publisher, port = self.socket(zmq.XPUB)
        echo = self.background("echo", f"tcp://127.0.0.1:{port}", "-n", "1", *WITH_TYPES)
        while not publisher.recv().startswith(b"\x01\x0a"):
            pass
        publisher.send(envelope("robot.Name", protoc("encode", protoc_text(STATE))))
        self.check(echo.ends(), 'robot.Name {"name":"r2"}\n')

    def test_what_is_no_envelope_is_counted_and_said(self):
        publisher, port = self.socket(zmq.XPUB)
        echo = self.background("echo", f"tcp://127.0.0.1:{port}", "-n", "1", *WITH_TYPES)
        while not publisher.recv().startswith(b"\x01\x0a"):
            pass
        publisher.send(b"\x0ahello")
        publisher.send(envelope("robot.Sum", b""))
        self.check(echo.ends(), "robot.Sum {}\n", err="dividere: 1 messages were no envelopes\n")

    def test_pub_reads_the_message_from_stdin_and_refuses_what_is_none(self):
        pub = self.run_tool("pub", "tcp://127.0.0.1:*", "robot.Pose", "-", *WITH_TYPES, text='{"z":1}')
        self.assertEqual(pub[:2], (2, ""))
        self.assertIn("that is no robot.Pose", pub[2])

    def test_pub_without_a_subscriber_ends_with_3(self):
        code, out, err = self.run_tool("--timeout", "0.1", "pub", "tcp://127.0.0.1:*", "robot.Pose", "{}", *WITH_TYPES)
        self.assertEqual((code, out), (3, ""))
        self.assertIn("0 of 1 subscribers", err)

    def test_echo_without_enough_messages_ends_with_3_and_on_sigint_with_0(self):
        code, _, err = self.run_tool("--timeout", "0.1", "echo", "tcp://127.0.0.1:9", "-n", "1")
        self.assertEqual(code, 3)
        self.assertIn("0 of 1 messages came in time", err)
        publisher, port = self.socket(zmq.XPUB)
        echo = self.background("echo", f"tcp://127.0.0.1:{port}", *WITH_TYPES)
        while not publisher.recv().startswith(b"\x01\x0a"):
            pass
        publisher.send(envelope("robot.Sum", b""))
        self.assertEqual(echo.line(), "robot.Sum {}")
        self.check(echo.ends(signal.SIGINT), "")

    def test_rates_and_losses_are_told_of_each_publisher(self):
        publisher, port = self.socket(zmq.XPUB)
        loss = self.background("--json", "loss", f"tcp://127.0.0.1:{port}", "--every", "0.2")
        while not publisher.recv().startswith(b"\x01\x0a"):
            pass
        for number in (1, 2, 5):  # 3 and 4 are lost
            publisher.send(envelope("robot.Pose", b"") + varint(100 << 3) + varint(number) + varint(101 << 3 | 5) + b"\1\0\0\0")
        told = {"messages": 0, "missed": 0}
        while told != {"messages": 3, "missed": 2}:
            rate = json.loads(loss.line())
            self.assertEqual((rate["type"], rate["publisher"]), ("robot.Pose", "00000001"))
            told = {name: told[name] + rate[name] for name in told}
        self.assertEqual(loss.ends(signal.SIGINT)[0], 0)


class Called(ToolTest):
    def python_response(self):
        """A REP that replies with a Sum, as a Python service does."""
        socket, port = self.socket(zmq.REP)
        return socket, f"tcp://127.0.0.1:{port}"

    def test_a_python_service_is_called_by_the_method_of_a_proto_file(self):
        socket, endpoint = self.python_response()
        call = self.background("call", endpoint, "Add", '{"x":2}', *WITH_TYPES)
        self.assertIn(b"robot.Pose", socket.recv())
        socket.send(envelope("robot.Sum", b"\x08\x05"))
        self.check(call.ends(), '{"of":5}\n')

    def test_an_error_reply_ends_it_with_1_in_the_handlers_words(self):
        socket, endpoint = self.python_response()
        call = self.background("call", endpoint, "Add", "{}", *WITH_TYPES)
        socket.recv()
        socket.send(envelope("DividereError", b"\x08\x03\x12\x07no luck\x18\x2a"))
        code, out, err = call.ends()
        self.assertEqual((code, out), (1, ""))
        self.assertIn("no luck (failure 42)", err)

    def test_no_reply_in_time_ends_it_with_3(self):
        _, endpoint = self.python_response()
        code, out, err = self.run_tool("--timeout", "0.1", "call", endpoint, "Add", "{}", *WITH_TYPES)
        self.check((code, out, err), "", 3, f"dividere: {endpoint} has not replied in time\n")

    def test_a_broker_is_called_by_its_name(self):
        _, where = self.registry()
        broker = self.background(*where, "broker", "--name", "jobs")
        back = re.search(r"for workers on (\d+)$", broker.line()).group(1)
        worker = zmq.Context.instance().socket(zmq.DEALER)
        worker.linger = 0
        self.addCleanup(worker.close)
        worker.identity = b"w"
        worker.connect(f"tcp://127.0.0.1:{back}")
        worker.send(envelope("Heartbeat", b"\x0a\x01w"))
        self.listed(where, 1)
        call = self.background(*where, "call", "jobs", "Add", "{}", *WITH_TYPES)
        frames = worker.recv_multipart()
        while b"robot.Pose" not in frames[-1]:
            frames = worker.recv_multipart()
        worker.send_multipart(frames[:-1] + [envelope("robot.Sum", b"\x08\x07")])
        self.check(call.ends(), '{"of":7}\n')
        self.assertEqual(broker.ends(signal.SIGTERM)[0], 0)

    def test_what_is_not_registered_is_said_so(self):
        _, where = self.registry()
        self.check(self.run_tool(*where, "call", "nobody", "Add", "{}", *WITH_TYPES), "", 1,
                   "dividere: nothing is registered as nobody\n")


class KeysTest(ToolTest):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def make(self, name):
        return self.run_tool("keygen", name, "--dir", os.path.join(self.folder, name))

    def test_keygen_makes_a_secret_certificate_for_its_owner_alone(self):
        code, out, err = self.make("robot")
        self.assertEqual((code, err), (0, ""))
        secret = os.path.join(self.folder, "robot", "self.key_secret")
        self.assertEqual(os.stat(secret).st_mode & 0o777, 0o600)
        self.assertIn(f"made {secret}: keep it here, it is secret", out)
        with open(secret) as file:
            self.assertNotIn(re.search('secret-key = "(.*)"', file.read()).group(1), out)

    def test_keygen_never_replaces_a_key(self):
        self.make("robot")
        code, out, err = self.make("robot")
        self.assertEqual((code, out), (1, ""))
        self.assertIn("File exists", err)

    def test_keygen_refuses_a_name_that_is_no_file(self):
        self.assertEqual(self.run_tool("keygen", "../x", "--dir", self.folder)[0], 2)

    def test_check_finds_a_secret_that_others_can_read_and_a_file_that_is_no_certificate(self):
        self.make("robot")
        folder = os.path.join(self.folder, "robot")
        self.assertEqual(self.run_tool("keys", "check", "--dir", folder)[0], 0)
        with open(os.path.join(folder, "authorized", "junk.key"), "w") as file:
            file.write("junk")
        os.chmod(os.path.join(folder, "self.key_secret"), 0o644)
        code, out, err = self.run_tool("--json", "keys", "check", "--dir", folder)
        self.assertEqual((code, err), (1, ""))
        verdicts = {os.path.basename(finding["what"]): finding["verdict"] for finding in map(json.loads, out.splitlines())}
        self.assertEqual(verdicts, {"self.key_secret": "wrong", "junk.key": "wrong", "servers": "warning"})


class Strange(ToolTest):
    """Beside a peer that says of itself whatever it likes."""

    def peer(self, where, *statistics, name=b"odd", process=b"odd \xff\x1b[2J\npeer", pid=7, more=b""):
        """A service that replies to questions for its Description with this."""
        router = zmq.Context.instance().socket(zmq.ROUTER)
        router.linger = 0
        router.identity = b"dividere/describe"
        port = router.bind_to_random_port("tcp://127.0.0.1")
        about = field(1, process) + varint(2 << 3) + varint(pid) + field(3, b"host") + field(8, b"service") + more
        for figure, value in statistics:
            about += field(14, field(1, figure) + varint(2 << 3) + varint(value))

        def reply():
            frames = router.recv_multipart()
            while frames[-1] != b"end":
                router.send_multipart(frames[:-1] + [envelope("Description", about)])
                frames = router.recv_multipart()
            router.close()

        def end():
            dealer = zmq.Context.instance().socket(zmq.DEALER)
            dealer.connect(f"tcp://127.0.0.1:{port}")
            dealer.send(b"end")
            thread.join()
            dealer.close(0)

        thread = threading.Thread(target=reply)
        thread.start()
        self.addCleanup(end)
        registry = zmq.Context.instance().socket(zmq.REQ)
        registry.linger = 0
        registry.connect("tcp://" + where[1])
        registry.send(envelope("RegisterService", field(1, name) + field(2, b"127.0.0.1") + varint(3 << 3) + varint(port)
                               + varint(101 << 3) + b"\1" + field(104, b"service")))
        self.assertEqual(payload_of(registry.recv())[:2], b"\x08\1")
        registry.close()
        return port

    STATISTICS = ((b"received_messages", 5), (b"waiting_requests", 3), (b"missed_messages", 2),
                  (b'handler_seconds_count{handles="As\\"k"}', 4),
                  (b'handler_nanoseconds_sum{handles="As\\"k"}', 7812500),
                  (b'handler_seconds_bucket{handles="As\\"k",le="0.001"}', 9),
                  (b'handler_seconds_bucket{handles="As\\"k",le="0.002"}', 3),
                  (b'handler_seconds_bucket{handles="As\\"k",le="none"}', 3),
                  (b'handshake_faults{reason="no\nkey"}', 1),
                  (b'x{name="y"}', 1), (b"{}", 1), (b'x{a="', 1), (b"two words", 1))

    def test_info_shows_handler_times_and_nothing_that_steers_a_terminal(self):
        _, where = self.registry()
        self.peer(where, *self.STATISTICS)
        code, out, err = self.run_tool(*where, "info", "odd")
        self.assertEqual((code, err), (0, ""))
        self.assertIn('  handler   As"k 4 messages, 2.0 ms each\n', out)
        self.assertRegex(out, r"  process   odd [^\x00-\x1f]+\[2J\?peer 7 on host")

    def test_metrics_of_such_a_peer_are_what_prometheus_takes(self):
        _, where = self.registry()
        self.peer(where, *self.STATISTICS)
        url = self.background(*where, "serve", "--port", "0").line()
        with urllib.request.urlopen(url + "metrics", timeout=LIMIT) as reply:
            text = reply.read().decode()
        samples = {re.sub(r"(name|kind|endpoint|process|pid)=\"[^\"]*\",?", "", line).replace(",}", "}")
                   for line in text.splitlines() if not line.startswith("#")}
        self.assertEqual(samples, {
            "dividere_up{} 1", "dividere_received_messages_total{} 5", "dividere_waiting_requests{} 3",
            "dividere_missed_messages_total{} 2", 'dividere_handshake_faults_total{reason="no?key"} 1',
            'dividere_handler_seconds_bucket{handles="As\\"k",le="0.001"} 4',
            'dividere_handler_seconds_bucket{handles="As\\"k",le="0.002"} 4',
            'dividere_handler_seconds_bucket{handles="As\\"k",le="+Inf"} 4',
            'dividere_handler_seconds_sum{handles="As\\"k"} 0.0078125',
            'dividere_handler_seconds_count{handles="As\\"k"} 4'})
        if shutil.which("promtool"):
            checked = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT)
            self.assertEqual((checked.returncode, checked.stdout), (0, ""))
        with urllib.request.urlopen(url + "status", timeout=LIMIT) as reply:
            self.assertEqual(json.loads(reply.read())["things"][0]["pid"], 7)

    def test_tree_and_status_show_who_uses_what(self):
        _, where = self.registry()
        endpoint = "tcp://localhost:" + str(self.peer(where, name=b"used", process=b"host of it", pid=8))
        self.peer(where, name=b"user", pid=9, process=b"caller", more=field(100, field(1, b"service client")
                  + field(3, endpoint.encode()) + varint(4 << 3) + varint(6)) + field(100, field(3, b"tcp://elsewhere:1")))
        code, out, err = self.run_tool(*where, "tree")
        self.assertEqual((code, err), (0, ""))
        self.assertRegex(out, r"caller 9 on host\n  user \(service\) at .*\n  uses used \(service\) at tcp://127.0.0.1:\d+\n")
        self.assertEqual(out.count("  uses "), 1)
        code, out, err = self.run_tool(*where, "tree", "--dot")
        self.assertRegex(out, r'\n  "tcp://127.0.0.1:\d+" -> "tcp://127.0.0.1:\d+";\n}')
        url = self.background(*where, "serve", "--port", "0").line()
        with urllib.request.urlopen(url + "status", timeout=LIMIT) as reply:
            edges = json.loads(reply.read())["edges"]
        self.assertEqual([edge["process"] for edge in edges], ["caller 9 on host"])

    def test_doctor_tells_how_far_the_clock_of_a_peer_is_ahead(self):
        _, where = self.registry()
        ahead = 3600  # seconds; it says what time it is before it is asked
        self.peer(where, more=varint(101 << 3) + varint(time.time_ns() + ahead * 10**9))
        code, out, err = self.run_tool(*where, "--json", "doctor")
        self.assertEqual((code, err), (0, ""))
        found = {finding["what"]: finding for finding in map(json.loads, out.splitlines())}
        self.assertEqual(found["clock of host"]["verdict"], "warning")
        self.assertRegex(found["clock of host"]["says"], r"^3[0-9]{6}\.\d ms ahead of this host's, give or take \d+\.\d ms$")
        self.assertEqual(found["clock of " + os.uname().nodename]["verdict"], "ok")

    def test_top_shows_losses_queues_and_handler_times(self):
        _, where = self.registry()
        self.peer(where, *self.STATISTICS)
        self.top(where, rb"(?s)odd.*service.*2.*3.*As.k.*2\.0 ms each")


class Between(ToolTest):
    """Peers that describe themselves."""

    def service(self, where, name="echo"):
        """A C++ service of type Msg01, which says what it is."""
        running = Running(self, SERVICE, name, where[1].rsplit(":")[1], "5000", "hello ", **self.env)
        self.assertEqual(running.line(), "ready")

    def publisher(self, where, *arguments):
        """Publishes one State after the other."""
        return self.background(*where, "pub", "robots.r2", "robot.State", STATE, "-n", "0", "-r", "50", *WITH_TYPES, *arguments)

class Both(Between):
    """Where both ends are dividere."""

    def test_pub_and_echo_meet_by_a_name_and_by_topics(self):
        _, where = self.registry()
        # It waits from its start on, whatever a busy machine makes of the publishers.
        echo = self.background(*where, "echo", "robots.*", "robot.Pose", "--topic", "plant/line3", "-n", "2", *WITH_TYPES,
                               "--timeout", "600")
        for topic in ("plant/line33", "plant/line3", "plant/line3/cell"):
            self.check(self.run_tool(*where, "pub", "robots.r2", "robot.Pose", '{"x":7}', "--topic", topic, *WITH_TYPES), "")
        self.check(echo.ends(), 'robot.Pose plant/line3 {"x":7}\nrobot.Pose plant/line3/cell {"x":7}\n')

    def test_reply_and_call_meet_by_a_name(self):
        _, where = self.registry()
        reply = self.background(*where, "reply", "calculator", "robot.Sum", '{"of":9}', "-n", "2", *WITH_TYPES)
        entries = self.listed(where, 1)
        self.assertEqual([(entry["name"], entry["kind"]) for entry in entries], [("calculator", "service")])
        self.check(self.run_tool(*where, "call", "calculator", "robot.Pose", '{"x":4}', *WITH_TYPES), '{"of":9}\n')
        self.check(self.run_tool(*where, "call", "calculator", "Add", '{"x":4}', "--all", *WITH_TYPES),
                   entries[0]["endpoint"] + ' {"of":9}\n')
        self.check(reply.ends(), 'robot.Pose {"x":4}\n' * 2)


    def test_a_service_is_called_without_a_proto_file(self):
        _, where = self.registry()
        self.service(where)
        self.check(self.run_tool(*where, "call", "echo", '{"field1":"you"}'), '{"field1":"hello you"}\n')
        code, out, err = self.run_tool(*where, "call", "echo", "Nonsense", "{}")
        self.assertEqual((code, out), (2, ""))
        self.assertIn("nobody has said what a Nonsense is", err)

    def test_a_publisher_is_echoed_without_a_proto_file(self):
        _, where = self.registry()
        self.publisher(where)
        code, out, err = self.run_tool(*where, "echo", "robots.*", "-n", "1")
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(json.loads(out.split(" ", 1)[1]), json.loads(STATE))

    def test_delay_has_publishers_stamp_while_it_runs(self):
        _, where = self.registry()
        self.publisher(where)
        delay = self.background(*where, "--json", "delay", "robots.*", "--every", "0.2")
        rate = {"delay_max_ms": 0}
        while rate["delay_max_ms"] == 0:
            rate = json.loads(delay.line())
        self.assertEqual(rate["type"], "robot.State")
        self.assertEqual(delay.ends(signal.SIGINT)[0], 0)

    def test_info_tells_what_a_service_and_a_registry_say_of_themselves(self):
        _, where = self.registry()
        self.service(where)
        code, out, err = self.run_tool(*where, "--json", "info", "echo")
        self.assertEqual((code, err), (0, ""))
        thing = json.loads(out)
        self.assertEqual((thing["name"], thing["kind"], thing["process"], thing["libzmq"]),
                         ("echo", "service", "echo_process", zmq.zmq_version()))
        self.assertEqual([method["input"] for method in thing["methods"]], ["Msg01"])
        code, out, err = self.run_tool("info", "tcp://127.0.0.1:" + where[1].rsplit(":")[1])
        self.assertEqual((code, err), (0, ""))
        self.assertTrue(out.startswith("(registry) at tcp://127.0.0.1:") or out.startswith("registry (registry) at"), out)

    def test_types_are_told_as_a_proto_file_that_protoc_takes(self):
        _, where = self.registry()
        self.service(where)
        code, out, err = self.run_tool(*where, "types", "echo")
        self.assertEqual((code, err), (0, ""))
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "told.proto"), "w") as file:
                file.write(out)
            subprocess.run([PROTOC, f"-I{folder}", f"--descriptor_set_out={folder}/set", f"{folder}/told.proto"], check=True)
            with open(os.path.join(folder, "set"), "rb") as file:
                self.assertIn(b"Msg01", file.read())

    def test_tree_tells_which_process_has_what_also_as_a_graph(self):
        _, where = self.registry()
        self.service(where)
        code, out, err = self.run_tool(*where, "tree")
        self.assertEqual((code, err), (0, ""))
        self.assertRegex(out, r"^echo_process \d+ on .*\n  echo \(service\) at tcp://127.0.0.1:\d+\n$")
        code, out, err = self.run_tool(*where, "tree", "--dot")
        self.assertEqual((code, err), (0, ""))
        self.assertRegex(out, r'(?s)^digraph dividere \{.*subgraph cluster0.*label="echo \(service\) at .*\}\n$')

    def test_bench_counts_calls_and_their_times(self):
        _, where = self.registry()
        self.service(where)
        code, out, err = self.run_tool(*where, "--json", "bench", "echo", '{"field1":"x"}', "-n", "20", "--threads", "2")
        self.assertEqual((code, err), (0, ""))
        figures = json.loads(out)
        self.assertEqual((figures["calls"], figures["failed"]), (20, 0))
        self.assertGreater(figures["p50_us"], 0)
        self.assertLessEqual(figures["p50_us"], figures["max_us"])


    def test_top_shows_what_is_there_in_a_terminal_and_ends_by_a_key(self):
        _, where = self.registry()
        self.service(where)
        self.top(where, rb"(?s)echo.*service.*echo_process")

    def test_top_without_a_terminal_says_so(self):
        code, out, err = self.run_tool("top")
        self.assertEqual((code, out), (2, ""))
        self.assertIn("top needs a terminal", err)


class BothSecured(Both):
    """The same with keys."""

    def setUp(self):
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        self.run_tool("keygen", "all", "--dir", folder)
        os.mkdir(os.path.join(folder, "authorized.register"))
        for where in ("servers", "authorized", "authorized.register"):
            shutil.copy(os.path.join(folder, "all.key"), os.path.join(folder, where))
        self.env = {"DIVIDERE_KEYS": folder}


class Serving(Between):
    """The program serve, and who asks it."""

    def serve(self, *where):
        serve = self.background(*where, "serve", "--port", "0")
        return serve, serve.line()

    def get(self, url, data=None, **headers):
        """Status and body."""
        request = urllib.request.Request(url, data=data, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=LIMIT) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def status(self, url, until):
        """What /status says, once it is so."""
        while True:
            code, text = self.get(url + "status")
            self.assertEqual(code, 200)
            status = json.loads(text)
            if until(status):
                return status

class Served(Serving):
    """What serve shows over HTTP."""

    def test_status_shows_who_comes_and_goes_and_how_busy_it_is(self):
        _, where = self.registry()
        serve, url = self.serve(*where)
        self.assertEqual(json.loads(self.get(url + "status")[1]), {"things": [], "edges": [], "problem": ""})
        publisher = self.publisher(where, "-w", "0")
        busy = self.status(url, lambda status: status["things"] and status["things"][0]["rates"].get("sent_messages"))
        self.assertEqual((busy["things"][0]["name"], busy["things"][0]["kind"]), ("robots.r2", "publisher"))
        publisher.ends(signal.SIGINT)
        self.status(url, lambda status: not status["things"])
        self.assertEqual(serve.ends(signal.SIGTERM)[0], 0)

    def test_metrics_are_in_prometheus_format(self):
        _, where = self.registry()
        self.service(where)
        _, url = self.serve(*where)
        code, text = self.get(url + "metrics")
        self.assertEqual(code, 200)
        self.assertRegex(text, r'dividere_up\{name="echo",kind="service",endpoint="tcp://127.0.0.1:\d+",process="echo_process",pid="\d+"\} 1\n')
        self.assertRegex(text, r"dividere_received_messages_total\{[^}]*\} \d+\n")
        for line in text.splitlines():
            self.assertRegex(line, r'^(# (HELP|TYPE|EOF).*|[a-z_]+\{([a-z]+="[^"]*",?)*\} [0-9.e+-]+)$')

    def test_a_service_is_called_from_the_page(self):
        _, where = self.registry()
        self.service(where)
        _, url = self.serve(*where)
        body = json.dumps({"service": "echo", "method": "Msg01", "json": '{"field1":"page"}'}).encode()
        code, text = self.get(url + "call", body, **{"Content-Type": "application/json"})
        self.assertEqual((code, json.loads(text)), (200, {"field1": "hello page"}))
        for wrong in (b"{", b"{}", b'{"service":"nobody"}', b'{"service":"echo","method":"x"}'):
            self.assertEqual(self.get(url + "call", wrong, **{"Content-Type": "application/json"})[0], 400)

    def test_pages_of_others_get_nothing(self):
        _, where = self.registry()
        _, url = self.serve(*where)
        kind = {"Content-Type": "application/json"}
        self.assertEqual(self.get(url + "status", Host="evil.example")[0], 403)
        self.assertEqual(self.get(url + "status", Origin="http://evil.example")[0], 403)
        self.assertEqual(self.get(url + "call", b"{}", Origin="http://evil.example", **kind)[0], 403)
        self.assertEqual(self.get(url + "call", b"{}", **{"Content-Type": "text/plain"})[0], 415)
        self.assertEqual(self.get(url + "call", b"{}", **{"Content-Encoding": "gzip"}, **kind)[0], 403)
        self.assertEqual(self.get(url + "call", b"x" * 2000000, **kind)[0], 413)

    def test_paths_that_are_no_page_are_not_found(self):
        _, where = self.registry()
        _, url = self.serve(*where)
        for path in ("x", "../etc/passwd", "%2e%2e/%2e%2e/etc/passwd", "page.html", "//etc/passwd"):
            self.assertEqual(self.get(url + path)[0], 404, path)
        code, page = self.get(url)
        self.assertEqual(code, 200)
        self.assertIn("Who talks to whom", page)

    def test_without_a_registry_it_says_so(self):
        _, url = self.serve("--registry", "127.0.0.1:9", "--timeout", "0.2")
        self.assertIn("no registry", json.loads(self.get(url + "status")[1])["problem"])
        self.assertEqual(self.get(url + "metrics")[0], 503)


class Scraped(Serving):
    """Debian's Prometheus takes what serve shows."""

    @unittest.skipUnless(shutil.which("prometheus"), "there is no prometheus (apt-get install prometheus)")
    def test_a_prometheus_server_scrapes_it_and_answers_a_query(self):
        _, where = self.registry()
        self.service(where)
        self.run_tool(*where, "call", "echo", '{"field1":"you"}')
        _, url = self.serve(*where)
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        config = os.path.join(folder, "prometheus.yml")
        with open(config, "w") as file:
            json.dump({"global": {"scrape_interval": "2s", "scrape_timeout": "2s"},  # JSON is YAML, too
                       "scrape_configs": [{"job_name": "dividere",
                                           "static_configs": [{"targets": [url[len("http://"):-1]]}]}]}, file)
        server = subprocess.Popen(["prometheus", "--config.file", config, "--storage.tsdb.path", folder + "/data",
                                   "--web.listen-address", "127.0.0.1:0"], stderr=subprocess.PIPE, text=True)
        self.addCleanup(server.communicate)
        self.addCleanup(server.kill)
        listening = None
        while not listening:
            line = server.stderr.readline()
            self.assertTrue(line, "prometheus has ended")
            listening = re.search(r'msg="Listening on" address=(\S+)', line)
        query = f"http://{listening[1]}/api/v1/query?query=dividere_handled_messages_total%7Bname%3D%22echo%22%7D"
        result = []
        while not result:
            code, text = self.get(query)
            self.assertIn(code, (200, 503), text)  # 503: it is not ready yet
            result = json.loads(text)["data"]["result"] if code == 200 else []
        self.assertEqual(result[0]["metric"]["process"], "echo_process")
        self.assertEqual(result[0]["value"][1], "1")


class Attacked(Serving):
    """Who may not, and whatever else comes to serve's port."""

    # As many as DIVIDERE_TEST_GARBAGE says.
    GARBAGE = int(os.environ.get("DIVIDERE_TEST_GARBAGE", "2000"))
    KINDS = (b"", b"\0" * 100, b"GET", b"GET / HTTP/9.9\r\n\r\n", b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
             b"GET /status HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
             b"GET /%00%2e%2e%2fetc HTTP/1.1\r\nHost: localhost\r\n\r\n", b"POST /call HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
             b"POST /call HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n",
             b"POST /call HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
             b"POST /call HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{]",
             b"GET /page.js HTTP/1.1\r\nHost: localhost\r\nRange: bytes=5-1,0-99999999999\r\n\r\n",
             b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 500 + b"\r\n", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + b"\x7f" * 60)

    def memory(self, process):
        with open(f"/proc/{process.pid}/status") as file:
            return int(re.search(r"VmRSS:\s+(\d+)", file.read())[1])

    def throw(self, port, garbage):
        """Sends it, and reads until the server has had enough of it."""
        with socket.create_connection(("127.0.0.1", port), LIMIT) as peer:
            peer.settimeout(LIMIT)
            try:
                peer.sendall(garbage)
                peer.shutdown(socket.SHUT_WR)
                while peer.recv(65536):
                    pass
            except (ConnectionError, BrokenPipeError):
                pass

    def test_garbage_in_any_number_does_no_harm(self):
        _, where = self.registry()
        serve, url = self.serve(*where)
        port = int(re.search(r":(\d+)/", url)[1])
        for i in range(300):  # what it keeps for good
            self.throw(port, self.KINDS[i % len(self.KINDS)])
        before = self.memory(serve.process)
        for i in range(self.GARBAGE):
            self.throw(port, self.KINDS[i % len(self.KINDS)])
        after = self.memory(serve.process)
        if self.GARBAGE > 2000:
            print(f"{self.GARBAGE} requests that are garbage: {before} KiB before, {after} KiB after")
        self.assertLess(after, before + 16384)
        self.assertEqual(self.get(url + "status")[0], 200)
        self.assertEqual(serve.ends(signal.SIGTERM)[0], 0)


def protoc_text(message):
    """The message's JSON as protobuf text: what these tests need of it."""
    values = json.loads(message)
    text = ""
    for name, value in values.items():
        for item in value if isinstance(value, list) else [value]:
            if name == "counters":
                text += "".join(f'counters {{ key: "{key}" value: {count} }} ' for key, count in item.items())
            elif isinstance(item, dict):
                text += name + " { " + " ".join(f"{key}: {number}" for key, number in item.items()) + " } "
            elif name == "raw":
                text += 'raw: "\\000\\001" '
            elif name in ("mode", "large"):
                text += f"{name}: {item} "
            else:
                text += f"{name}: {json.dumps(item)} "
    return text.encode()


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[4:], verbosity=1)
