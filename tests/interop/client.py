"""A client of the broker, written from proto/PROTOCOL.md alone: pyzmq, protobuf and python3-nacl."""

import os
import struct
import subprocess
import sys
import time
from pathlib import Path

import zmq

import seal as sealing

ROOT = Path(__file__).resolve().parents[2]


def load_messages():
    """Generates the protobuf module from scharnier.proto into the build directory, and loads it."""
    build = Path(os.environ.get("SCHARNIER_BUILD", ROOT / "build" / "release")) / "gen-python"
    build.mkdir(parents=True, exist_ok=True)
    subprocess.run(["protoc", "--proto_path", str(ROOT / "proto"), "--python_out", str(build),
                    str(ROOT / "proto" / "scharnier.proto")], check=True)
    sys.path.insert(0, str(build))
    import scharnier_pb2
    return scharnier_pb2


pb = load_messages()


def uuid7(ms):
    """A message id: 48 bits of time, version 7, variant 2, chance."""
    tail = bytearray(os.urandom(10))
    tail[0] = 0x70 | tail[0] & 0x0F
    tail[2] = 0x80 | tail[2] & 0x3F
    return struct.pack(">Q", ms)[2:] + bytes(tail)


def date(ms, days=0):
    return int(time.strftime("%Y%m%d", time.gmtime(ms / 1000 + days * 86400)))


class Rejected(Exception):
    def __init__(self, rejection):
        super().__init__(f"E{rejection.code} {rejection.name} at {rejection.field}: {rejection.hint}")
        self.name = rejection.name
        self.code = rejection.code
        self.field = rejection.field
        self.hint = rejection.hint
        self.message_id = rejection.message_id


class NoAnswer(Exception):
    """The broker said nothing: an unknown key, another server key, or a frame that it cut off."""


class Client:
    """One connection. Answers are matched by request number; what comes unasked is kept apart."""

    def __init__(self, endpoint, server_key, transport, timeout_s=30.0):
        self.timeout_s = timeout_s
        self.request = 0
        self.deliveries = []
        self.statuses = []
        self.body = b""                 # second frame of the last answer
        self.instance = os.urandom(16)
        self.context = zmq.Context.instance()
        self.socket = self.context.socket(zmq.DEALER)
        for option, value in ((zmq.LINGER, 0), (zmq.IMMEDIATE, 1), (zmq.SNDTIMEO, 5000),
                              (zmq.HEARTBEAT_IVL, 10000), (zmq.HEARTBEAT_TIMEOUT, 30000),
                              (zmq.RECONNECT_IVL, 100), (zmq.HANDSHAKE_IVL, 4000),
                              (zmq.CURVE_SERVERKEY, server_key), (zmq.CURVE_PUBLICKEY, transport[0]),
                              (zmq.CURVE_SECRETKEY, transport[1])):
            self.socket.setsockopt(option, value)
        self.socket.connect(endpoint)

    def close(self):
        self.socket.close(0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # Frames.

    def send_frames(self, *frames):
        try:
            self.socket.send_multipart(frames)
        except zmq.Again as error:
            raise NoAnswer("no connection") from error

    def receive(self, timeout_s):
        """The next reply and body; None when nothing came."""
        if not self.socket.poll(max(0, int(timeout_s * 1000))):
            return None
        frames = self.socket.recv_multipart()
        reply = pb.Reply.FromString(frames[0])
        return reply, frames[1] if len(frames) > 1 else b""

    def answer(self, request, timeout_s=None):
        """The reply to a request; deliveries and statuses that come before it are kept."""
        until = time.monotonic() + (self.timeout_s if timeout_s is None else timeout_s)
        while True:
            got = self.receive(until - time.monotonic())
            if got is None:
                raise NoAnswer("no answer")
            if self.keep(*got):
                continue
            if got[0].request != request:
                continue
            if got[0].WhichOneof("reply") == "rejection":
                raise Rejected(got[0].rejection)
            self.body = got[1]
            return got[0]

    def keep(self, reply, body):
        kind = reply.WhichOneof("reply")
        if kind == "delivery":
            self.deliveries.append((reply.delivery, body))
        elif kind == "status":
            self.statuses.append(reply.status)
        return kind in ("delivery", "status")

    def call(self, name, message, body=b"", timeout_s=None):
        self.request += 1
        command = pb.Command(request=self.request)
        getattr(command, name).CopyFrom(message)
        frames = [command.SerializeToString()] + ([body] if body else [])
        self.send_frames(*frames)
        return self.answer(self.request, timeout_s)

    # Commands.

    def hello(self, version_min=1, version_max=1, timeout_s=None):
        return self.call("hello", pb.Hello(version_min=version_min, version_max=version_max,
                                           software="interop 1", instance=self.instance),
                         timeout_s=timeout_s).welcome

    def submit(self, header, seal, body=b""):
        return self.call("submit", pb.Submit(header=header, seal=seal), body).receipt

    def submit_upload(self, header, seal, upload):
        """Submits a letter whose parts were sent before."""
        return self.call("submit", pb.Submit(header=header, seal=seal, upload=upload)).receipt

    def part(self, sender, upload, index, count, part=b""):
        """Sends a part, or without one asks; returns which are missing."""
        return list(self.call("part", pb.Part(sender=sender, upload=upload, index=index, count=count),
                              part).parts.missing)

    def fetch(self, mailbox, message_id, index):
        """One part of a delivered letter: (count, part)."""
        reply = self.call("fetch", pb.Fetch(mailbox=mailbox, message_id=message_id, index=index)).fetched
        assert (reply.mailbox, reply.message_id, reply.index) == (mailbox, message_id, index)
        return reply.count, self.body

    def attach(self, *mailboxes, messages=16, size=4 << 20):
        return self.call("attach", pb.Attach(mailboxes=mailboxes, credit_messages=messages,
                                             credit_bytes=size)).attached

    def settle(self, mailbox, message_id, verdict, refusal=0, missing=0):
        return self.call("settle", pb.Settle(mailbox=mailbox, message_id=message_id, verdict=verdict,
                                             refusal=refusal, missing_sections=missing)).settled

    def query(self, query_type, party, **more):
        return self.call("query", pb.Query(type=query_type, party=party, **more)).page

    def directory(self, region, have_serial=0):
        return self.call("directory", pb.GetDirectory(region=region, have_serial=have_serial)).directory

    def ping(self):
        return self.call("ping", pb.Ping(instance=self.instance)).pong

    # What comes unasked.

    def next_delivery(self, timeout_s=30.0):
        return self.next_of(self.deliveries, timeout_s)

    def next_status(self, timeout_s=30.0):
        return self.next_of(self.statuses, timeout_s)

    def next_of(self, waiting, timeout_s):
        until = time.monotonic() + timeout_s
        while not waiting:
            got = self.receive(until - time.monotonic())
            if got is None:
                return None
            self.keep(*got)
        return waiting.pop(0)


def seal_bytes(seal):
    """A Seal as it is sent."""
    message = pb.Seal(suite=seal.suite, signing_key=seal.signing_key, commitment=seal.commitment,
                      padded_size=seal.padded_size, signature=seal.signature)
    for stanza in seal.stanzas:
        message.stanzas.add(address=stanza.address, key=stanza.key_id, sealed_key=stanza.sealed_key)
    return message.SerializeToString()


def read_seal(data):
    message = pb.Seal.FromString(data)
    return sealing.Seal(message.signing_key, message.suite, message.commitment,
                        [sealing.Stanza(s.address, s.key, s.sealed_key) for s in message.stanzas],
                        message.padded_size, message.signature)


def letter_bytes(sections, attachments=()):
    letter = pb.Letter(version=1)
    for code, text in sections.items():
        letter.sections.add(code=code, text=text)
    for media_type, name, content in attachments:
        letter.attachments.add(media_type=media_type, name=name, content=content)
    return letter.SerializeToString()
