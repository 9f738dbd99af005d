"""Both ends of MLLP for tests: peers by python3-hl7, and scharnier-hl7v2 as a process between them."""

import asyncio
import base64
import re
import signal
import socket
import subprocess
import threading
import time

import hl7
from hl7.client import MLLPClient
from hl7.mllp import start_hl7_server

from region import BUILD, free_port

LATIN = "iso-8859-1"


class Peer:
    """A HIS or EPD that receives: hl7's asyncio server in a thread. Answers AA to everything."""

    def __init__(self):
        self.messages = []
        self.arrived = threading.Condition()
        self.port = free_port()
        self.loop = asyncio.new_event_loop()
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        self.ready.wait(10)

    def run(self):
        asyncio.set_event_loop(self.loop)
        self.server = self.loop.run_until_complete(start_hl7_server(
            self.serve, host="127.0.0.1", port=self.port, encoding=LATIN, limit=1 << 22))
        self.ready.set()
        self.loop.run_forever()

    async def serve(self, reader, writer):
        try:
            while True:
                message = await reader.readmessage()
                with self.arrived:
                    self.messages.append(message)
                    self.arrived.notify_all()
                writer.writemessage(message.create_ack("AA"))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def next(self, wanted, timeout_s=15):
        """The first message not yet taken for which wanted(message) holds."""
        until = time.monotonic() + timeout_s
        with self.arrived:
            while True:
                for message in self.messages:
                    if wanted(message):
                        self.messages.remove(message)
                        return message
                if not self.arrived.wait(max(0, until - time.monotonic())):
                    return None

    def close(self):
        async def end():
            self.server.close()
            for task in asyncio.all_tasks():
                if task is not asyncio.current_task():
                    task.cancel()
        asyncio.run_coroutine_threadsafe(end(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()


class Adapter:
    """scharnier-hl7v2 as a process, on one side of a region."""

    def __init__(self, region, side, stem, peer, map_text):
        self.port = free_port()
        folder = region.folder
        (folder / f"hl7v2-{side}").mkdir(mode=0o700)
        (folder / f"{side}.map.ini").write_text(map_text, encoding="utf-8")
        config = folder / f"hl7v2-{side}.conf"
        config.write_text(
            f"[adapter]\nside = {side}\nclient_config = {region.write_client_config(stem).name}\n"
            f"map = {side}.map.ini\nstate = hl7v2-{side}\nlog = text\n"
            f"[listen]\naddress = 127.0.0.1\nport = {self.port}\n"
            f"[peer]\nhost = 127.0.0.1\nport = {peer.port}\nack_timeout = 10\n")
        self.log_path = folder / f"hl7v2-{side}.log"
        log = open(self.log_path, "ab")
        self.process = subprocess.Popen([str(BUILD / "bin" / "scharnier-hl7v2"), str(config)], stdout=log,
                                        stderr=log, cwd=folder)
        log.close()
        until = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError("scharnier-hl7v2 does not listen: " + self.log())
                time.sleep(0.05)

    def log(self):
        return self.log_path.read_text(errors="replace")

    def send(self, content):
        """Sends one message with hl7's client; returns the parsed acknowledgement."""
        with MLLPClient("127.0.0.1", self.port, encoding=LATIN) as client:
            client.socket.settimeout(30)
            frame = client.send_message(content)
        assert frame[:1] == b"\x0b" and frame[-2:] == b"\x1c\r", f"half an acknowledgement: {frame!r}"
        return hl7.parse(frame[1:-2].decode(LATIN))

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
        return self.process.wait(5)


def lines(content):
    """A real message with the separators that HL7 asks for, and without a byte order mark."""
    text = content.decode("utf-8", "replace").lstrip("\ufeff")
    return "\r".join(line for line in re.split(r"\r\n|\r|\n", text) if line) + "\r"


def control_id(content):
    return hl7.parse(lines(content)).segment("MSH")[10][0]


def field(message, segment, number):
    """The first component of a field, or ""."""
    try:
        value = message.segment(segment)[number][0]
    except (KeyError, IndexError):
        return ""
    while isinstance(value, list):
        value = value[0] if value else ""
    return str(value)


def documents(message):
    """The bytes of every document (OBX-5 of type ED, base64) in a message."""
    return [base64.b64decode(str(segment[5]).split("^")[-1]) for segment in message
            if str(segment[0][0]) == "OBX" and str(segment[2][0]) == "ED"]
