"""Between a client and the server: knows where each message of the protocol ends, and fails at the one that it is told. With a certificate
it speaks TLS with the client, as the server would; what fails then is below that, as nobody says goodbye."""

import contextlib
import os
import select
import socket
import ssl
import struct
import subprocess
import threading
import time

SSL_REQUEST, GSS_REQUEST, CANCEL_REQUEST = 80877103, 80877104, 80877102
HOLD_SECONDS, SILENCE_SECONDS, ANSWER_SECONDS = 0.2, 0.3, 0.1
CERTIFICATE = os.path.join(os.environ["CASE_DIR"], "proxy.crt")
TO_SERVER, FROM_SERVER = "to the server", "from the server"


class Gone(Exception):
    """One of the two has hung up, or the proxy has."""


class Rule:
    """What is done to the n-th message in a direction of connections whose application's name begins so."""

    def __init__(self, application, direction, n, action):
        self.application = application
        self.direction = direction
        self.left = n
        self.action = action
        self.kind = None  # the type of the message that it was

    def __str__(self):
        return f"{self.action} at a message {self.kind!r} {self.direction} of {self.application!r}"


class Connection:
    def __init__(self, proxy, client):
        self.proxy = proxy
        self.client = client
        self.raw = client  # below TLS
        self.server = None
        self.application = ""

    # Reading.

    @staticmethod
    def exactly(source, length):
        data = b""
        while len(data) < length:
            piece = source.recv(length - len(data))
            if not piece:
                raise Gone
            data += piece
        return data

    def startup(self):
        """The first message, after which it is known who connects."""
        while True:
            head = self.exactly(self.client, 8)
            length, code = struct.unpack("!II", head)
            if code not in (SSL_REQUEST, GSS_REQUEST):
                break
            if code == SSL_REQUEST and self.proxy.tls:
                self.client.sendall(b"S")
                self.raw = self.client.dup()
                self.client = self.proxy.tls.wrap_socket(self.client, server_side=True)
            else:
                self.client.sendall(b"N")
        body = self.exactly(self.client, length - 8)
        words = body.split(b"\0")
        if code != CANCEL_REQUEST:
            self.application = dict(zip(words[::2], words[1::2])).get(b"application_name", b"").decode()
        return head + body

    def message(self, source):
        head = self.exactly(source, 5)
        return head + self.exactly(source, struct.unpack("!I", head[1:])[0] - 4)

    # Hanging up.

    def shut(self):
        """By another thread: its own one ends it then."""
        for s in filter(None, (self.client, self.server)):
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)

    def end(self, reset=False):
        # A process that was started meanwhile has copies of them.
        if not reset:
            self.shut()
        for s in filter(None, (self.client, self.raw, self.server)):
            if reset:
                with contextlib.suppress(OSError):
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            s.close()

    # What a rule does with a message. Each ends the connection, but for hold().

    def cut_before(self, sink, message):
        raise Gone

    def cut_within(self, sink, message):
        sink.sendall(message[: max(1, len(message) // 2)])
        raise Gone

    def cut_after(self, sink, message):
        sink.sendall(message)
        raise Gone

    def reset(self, sink, message):
        self.end(reset=True)
        raise Gone

    def reset_after(self, sink, message):
        sink.sendall(message)
        self.reset(sink, message)

    def unanswered(self, sink, message):
        """What the server says to it is lost."""
        sink.sendall(message)
        time.sleep(ANSWER_SECONDS)
        raise Gone

    def swallow(self, sink, message):
        """It is lost, and for a while nothing passes."""
        time.sleep(SILENCE_SECONDS)
        self.reset(sink, message)

    def hold(self, sink, message):
        time.sleep(HOLD_SECONDS)
        sink.sendall(message)

    def tear(self, sink, message):
        """The client gets the beginning of a record of TLS."""
        if self.raw is not self.client:
            self.raw.sendall(b"\x17\x03\x03\x10\x00" + message[:100])
        raise Gone

    ACTIONS = {f.__name__: f for f in (cut_before, cut_within, cut_after, reset, reset_after, unanswered, swallow, hold, tear)}

    def pass_on(self, source):
        """One message."""
        sink, direction = (self.server, TO_SERVER) if source is self.client else (self.client, FROM_SERVER)
        message = self.message(source)
        self.proxy.passing.wait()
        action = self.proxy.due(self, direction, message[:1])
        if action:
            self.ACTIONS[action](self, sink, message)
        else:
            sink.sendall(message)

    def readable(self):
        # What TLS has decrypted already, no select() tells of.
        if self.raw is not self.client and self.client.pending():
            return [self.client]
        return select.select([self.client, self.server], [], [])[0]

    def run(self):
        try:
            first = self.startup()
            self.proxy.passing.wait()
            self.server = socket.socket(socket.AF_UNIX)
            self.server.connect(self.proxy.target)
            self.server.sendall(first)
            while True:
                for source in self.readable():
                    self.pass_on(source)
        except (Gone, OSError, ValueError):
            pass
        finally:
            self.end()
            self.proxy.connections.discard(self)


def make_tls():
    """With a certificate of its own, in the case's folder."""
    key = f"{CERTIFICATE}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=proxy", "-addext",
                    "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", CERTIFICATE], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, key)
    return context


class Proxy:
    """Listens on a port of the loopback; the server is at a unix socket."""

    def __init__(self, target, tls=None):
        self.target = target
        self.tls = tls  # ssl.SSLContext
        self.lock = threading.Lock()
        self.rule = None
        self.connections = set()
        self.passing = threading.Event()  # cleared: messages are taken and go nowhere, until it is set
        self.passing.set()
        self.port = 0
        self.open()

    def open(self):
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def shut(self):
        """Who connects from now on is refused, as by a host without a server; connections stay."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def cut(self, application):
        for connection in list(self.connections):
            if connection.application.startswith(application):
                connection.shut()

    @staticmethod
    def of_case(tls=None):
        return Proxy(os.path.join(os.environ["PGHOST"], ".s.PGSQL.5432"), tls)

    def source(self):
        """What is mounted, by way of this proxy."""
        mode = f"verify-full&sslrootcert={CERTIFICATE}" if self.tls else "disable"
        return f"postgresql://{os.environ['PGUSER']}@127.0.0.1:{self.port}/{os.environ['CASE_DB']}?sslmode={mode}"

    def accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Connection(self, client)
            self.connections.add(connection)
            threading.Thread(target=connection.run, daemon=True).start()

    def due(self, connection, direction, kind):
        """The action for a message, once."""
        with self.lock:
            rule = self.rule
            if not rule or rule.kind or rule.direction != direction or not connection.application.startswith(rule.application):
                return None
            rule.left -= 1
            if rule.left:
                return None
            rule.kind = kind.decode("latin1")
            return rule.action

    def set(self, rule):
        with self.lock:
            self.rule = rule
