"""MLLP and as much of HL7v2 as a test peer needs: plain sockets, one thread per connection, no dependencies."""
import json
import os
import socket
import socketserver
import sys
import threading
import time

VT, FS, CR = b"\x0b", b"\x1c", b"\r"


class Message:
    """A received or written message: fields by segment name and number."""

    def __init__(self, raw):
        self.raw = raw
        for charset in ("utf-8", "latin-1"):
            try:
                self.text = raw.decode(charset)
                break
            except UnicodeDecodeError:
                continue
        lines = self.text.replace("\r\n", "\r").replace("\n", "\r").split("\r")
        self.segments = [line for line in lines if line]

    def segment(self, name):
        return next((line for line in self.segments if line.startswith(name)), "")

    def get(self, name, field, component=1):
        parts = self.segment(name).split("|")
        index = field - 1 if name == "MSH" else field
        if index >= len(parts):
            return ""
        components = parts[index].split("~")[0].split("^")
        return components[component - 1] if component <= len(components) else ""

    @property
    def type(self):
        return "%s^%s" % (self.get("MSH", 9, 1), self.get("MSH", 9, 2))

    @property
    def control(self):
        return self.get("MSH", 10)

    def first(self, *places):
        for name, field in places:
            value = self.get(name, field)
            if value:
                return value
        return ""

    @property
    def order(self):
        return self.first(("RF1", 6), ("SCH", 1), ("TXA", 14), ("ORC", 2), ("OBR", 2))

    @property
    def kenmerk(self):
        return self.first(("RF1", 11), ("SCH", 2), ("TXA", 15), ("ORC", 3), ("OBR", 3))


def acknowledgement(message, code="AA", text="", control=None):
    """An ACK as bytes; control overrides MSA-2, to test how that is taken."""
    stamp = time.strftime("%Y%m%d%H%M%S")
    lines = ["MSH|^~\\&|%s|%s|%s|%s|%s||ACK^%s^ACK|A%s|P|2.5.1" % (
        message.get("MSH", 5), message.get("MSH", 6), message.get("MSH", 3), message.get("MSH", 4), stamp,
        message.get("MSH", 9, 2), message.control), "MSA|%s|%s|%s" % (code, control or message.control, text)]
    return ("\r".join(lines) + "\r").encode("latin-1", "replace")


def read_frames(connection):
    """Yields the messages of a connection until it closes."""
    buffer = b""
    while True:
        start, end = buffer.find(VT), buffer.find(FS + CR)
        if start >= 0 and end > start:
            yield buffer[start + 1:end]
            buffer = buffer[end + 2:]
            continue
        piece = connection.recv(65536)
        if not piece:
            return
        buffer += piece


class Log:
    """JSON lines, one per event, flushed at once; no content of letters, ids only."""

    def __init__(self, path):
        self.file = open(path, "a", encoding="utf-8") if path else sys.stdout
        self.lock = threading.Lock()

    def __call__(self, event, **fields):
        with self.lock:
            self.file.write(json.dumps(dict(at=round(time.time(), 3), event=event, **fields)) + "\n")
            self.file.flush()


class Sender:
    """Sends messages over one connection, one at a time; makes the connection anew when it fails."""

    def __init__(self, host, port, timeout, log):
        self.address, self.timeout, self.log = (host, port), timeout, log
        self.socket, self.frames = None, None
        self.lock = threading.Lock()

    def close(self):
        if self.socket:
            self.socket.close()
        self.socket = None

    def exchange(self, raw):
        """One try: the acknowledgement, or None."""
        try:
            if self.socket is None:
                self.socket = socket.create_connection(self.address, self.timeout)
                self.socket.settimeout(self.timeout)
                self.frames = read_frames(self.socket)
            self.socket.sendall(VT + raw + FS + CR)
            return Message(next(self.frames))
        except (OSError, StopIteration):
            self.close()
            return None

    def send(self, raw, tries=5, wait=1.0, stop=None):
        """Sends until AA or AR, or `tries` times; returns the last MSA-1, "" when none came."""
        message, code = Message(raw), ""
        with self.lock:
            for attempt in range(1, tries + 1):
                answer = self.exchange(raw)
                code = answer.get("MSA", 1) if answer and answer.get("MSA", 2) == message.control else ""
                self.log("sent", type=message.type, control=message.control, order=message.order,
                         kenmerk=message.kenmerk, ack=code, text=answer.get("MSA", 3) if answer else "",
                         attempt=attempt)
                if code in ("AA", "AR") or (stop and stop.is_set()):
                    return code
                if attempt < tries:
                    time.sleep(wait)
        return code


class Receiver(socketserver.ThreadingTCPServer):
    """Listens; `answer(message)` gives the bytes of the acknowledgement, or None to close without one."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port, answer):
        self.answer, self.connections = answer, []
        super().__init__(("127.0.0.1", port), _Handler)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def stop(self):
        """Stops listening and ends what is open."""
        self.shutdown()
        self.server_close()
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class _Handler(socketserver.BaseRequestHandler):
    def handle(self):
        self.server.connections.append(self.request)
        try:
            for raw in read_frames(self.request):
                answer = self.server.answer(Message(raw))
                if answer is None:
                    return
                self.request.sendall(VT + answer + FS + CR)
        except OSError:
            pass


def write_file(directory, name, raw):
    """Writes a file so that a reader sees it whole or not at all."""
    temporary = os.path.join(directory, "." + name)
    with open(temporary, "wb") as file:
        file.write(raw)
    os.replace(temporary, os.path.join(directory, name))


def announce_port(path, port):
    """Tells the port that was taken: to a file, whole at once, or to stderr."""
    if path:
        write_file(os.path.dirname(path) or ".", os.path.basename(path), b"%d\n" % port)
    else:
        print("port %d" % port, file=sys.stderr, flush=True)
