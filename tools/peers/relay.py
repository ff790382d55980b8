"""A TCP relay on loopback between the program and a server: it counts, records, delays and cuts."""

import queue
import socket
import threading
import time
from collections.abc import Callable


class Relay:
    """`with Relay(port) as relay:` listens on relay.port, or takes what comes in at LISTENER. The attributes
    may be changed while it runs and hold for the connections to come."""

    def __init__(self, target_port: int, listener: socket.socket | None = None):
        self.target_port = target_port
        self.cut_after = 0  # bytes from the server after which a connection is dropped; 0: never
        self.cuts_left = 0  # how many connections are still to be cut
        self.before_cut: Callable[[], None] = lambda: None  # done before the program can notice
        self.before_client: Callable[[bytes], None] = lambda _: None  # before the server gets the bytes
        self.delay = 0.0  # seconds one way
        self.rate = 0  # bytes a second from the server; 0: as fast as it goes
        self.connections = 0
        self.record = False
        self.client_bytes = bytearray()  # what the program sent, if recorded
        self.server_bytes = bytearray()
        self.counted = 0  # both ways
        self._lock = threading.Lock()
        self._listener = listener or socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open: set[socket.socket] = set()

    def __enter__(self) -> "Relay":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        # shutdown wakes accept(); close alone leaves the kernel listening while it waits.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop()

    def drop(self) -> None:
        """Ends all running connections at once."""
        with self._lock:
            for connection in self._open:
                _shut(connection)

    def reset(self) -> None:
        """Forgets what was counted and recorded."""
        with self._lock:
            self.connections = self.counted = 0
            self.client_bytes.clear()
            self.server_bytes.clear()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.target_port), 10)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            with self._lock:
                self.connections += 1
                self._open |= {client, server}
                limit = self.cut_after if self.cuts_left > 0 else 0
                self.cuts_left -= 1 if limit else 0
            for source, target, mine in ((client, server, False), (server, client, True)):
                threading.Thread(target=self._pump, args=(source, target, mine, limit),
                                 daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, from_server: bool,
              limit: int) -> None:
        passed = 0
        late: queue.Queue = queue.Queue()
        if self.delay:
            threading.Thread(target=_send_later, args=(late, target), daemon=True).start()
        try:
            while data := source.recv(65_536):
                if from_server and limit and passed + len(data) >= limit:
                    target.sendall(data[: limit - passed])
                    self.before_cut()
                    break
                if not from_server:
                    self.before_client(data)
                passed += len(data)
                self._note(data, from_server)
                if from_server and self.rate:
                    time.sleep(len(data) / self.rate)
                if self.delay:
                    late.put((time.monotonic() + self.delay, data))
                else:
                    target.sendall(data)
        except OSError:
            pass
        finally:
            if self.delay:
                late.put((time.monotonic() + self.delay, b""))
                late.join()
            _shut(source)
            _shut(target)
            with self._lock:
                self._open -= {source, target}

    def _note(self, data: bytes, from_server: bool) -> None:
        with self._lock:
            self.counted += len(data)
            if self.record:
                (self.server_bytes if from_server else self.client_bytes).extend(data)


def _send_later(late: queue.Queue, target: socket.socket) -> None:
    """Sends each piece when it is due: a long line, not a slow one. An empty piece is the end."""
    while True:
        due, data = late.get()
        time.sleep(max(0.0, due - time.monotonic()))
        try:
            target.sendall(data)
        except OSError:
            pass
        late.task_done()
        if not data:
            return


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
