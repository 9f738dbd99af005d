#!/usr/bin/python3
"""scharnier-hl7v2 end to end: HIS, adapter, broker, adapter, EPD, as separate processes over CURVE and MLLP.

  tests/e2e/test_hl7v2.py build/release/bin

Works in a temporary directory, on free ports of loopback. Prints a line per case and ends with "N passed, N failed, N
skipped"; exits 1 when one failed, with the directory kept for reading.
"""
import base64
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), os.path.join(ROOT, "tests", "lib")]
import mllp  # noqa: E402
from ports import free_port  # noqa: E402

EXAMPLES = os.path.join(ROOT, "adapters", "examples")
FRAME_MAX = 1536 * 1024


class Failure(Exception):
    pass


def wait_for(what, condition, seconds=20.0):
    """The first true value of condition(); a Failure when there is none in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise Failure("waited in vain for %s" % what)


def check(condition, what):
    if not condition:
        raise Failure(what)


class Peer:
    """A listening HIS or EPD: keeps what it got, answers as `how` says (a list is used up first)."""

    def __init__(self):
        self.got, self.how, self.next = [], "AA", []
        self.receiver = mllp.Receiver(free_port(), self.answer)
        self.port = self.receiver.port

    def close(self):
        """Stops listening, and ends the connections that are open."""
        self.receiver.stop()

    def open(self):
        self.receiver = mllp.Receiver(self.port, self.answer)

    def answer(self, message):
        how = self.next.pop(0) if self.next else self.how
        self.got.append((message, how))
        if how == "none":
            return None
        if how == "wrong":
            return mllp.acknowledgement(message, "AA", control="not-yours")
        return mllp.acknowledgement(message, how)

    def accepted(self, kind=None, order=None):
        return [m for m, how in self.got
                if how == "AA" and (kind is None or m.type == kind) and (order is None or m.order == order)]


class House:
    """A region of `scharnier dev`, its broker, an adapter on each side, and their peers."""

    def __init__(self, bin_dir):
        self.bin, self.dir = bin_dir, tempfile.mkdtemp(prefix="sch-hl7v2-")
        self.his, self.epd = Peer(), Peer()
        self.processes, self.ports, self.number = {}, {}, 0
        self.run("scharnier", "dev", "--dir", self.path("region"), "--prepare")
        self.write_config("his", "linde", self.his.port)
        self.write_config("epd", "noordrand", self.epd.port)

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def run(self, program, *arguments):
        return subprocess.run([os.path.join(self.bin, program), *arguments], check=True, capture_output=True,
                              text=True, timeout=30).stdout

    def write_config(self, side, party, peer_port):
        shutil.copy(os.path.join(EXAMPLES, side + ".map.ini"), self.dir)
        with open(self.path(side + ".conf"), "w", encoding="utf-8") as file:
            file.write("[adapter]\nside = %s\nclient_config = region/%s.conf\nmap = %s.map.ini\nstate = state-%s\n"
                       "[listen]\nport = %d\nframe_max = %d\nanswer_timeout = 3\n"
                       "[peer]\nhost = 127.0.0.1\nport = %d\nack_timeout = 30\n"
                       % (side, party, side, side, free_port(), FRAME_MAX, peer_port))

    def start(self, name, *command):
        log = open(self.path(name + ".log"), "ab")
        self.processes[name] = subprocess.Popen([os.path.join(self.bin, command[0]), *command[1:]], stderr=log,
                                                stdout=log, cwd=self.dir)
        log.close()

    def start_broker(self):
        self.start("broker", "scharnierd", "--config", self.path("region", "scharnierd.conf"))

    def start_adapter(self, side):
        before = self.log(side).count(" started ")
        self.start(side, "scharnier-hl7v2", self.path(side + ".conf"))
        wait_for("the adapter to start", lambda: self.log(side).count(" started ") > before)
        self.ports[side] = int(re.findall(r" started .* port=(\d+)", self.log(side))[-1])

    def log(self, name):
        try:
            with open(self.path(name + ".log"), encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def stop(self, name, number=signal.SIGTERM):
        process = self.processes.pop(name)
        process.send_signal(number)
        return process.wait(20)

    def mend(self):
        """Starts again what a failed case left dead, so that each case stands alone."""
        for name in ("broker", "epd", "his"):
            if name in self.processes and self.processes[name].poll() is None:
                continue
            self.start_broker() if name == "broker" else self.start_adapter(name)

    def stop_all(self):
        for name in list(self.processes):
            self.stop(name, signal.SIGKILL)

    def exchange(self, side, raw):
        """As a HIS or EPD does: sends it again as long as the broker has not answered yet."""
        end = time.monotonic() + 60
        while True:
            code, text, ack = self.exchange_once(side, raw)
            if code != "AE" or "has not answered yet" not in text or time.monotonic() > end:
                return code, text, ack

    def exchange_once(self, side, raw, timeout=20):
        """Sends one message over a connection of its own; (MSA-1, MSA-3, ACK)."""
        with socket.create_connection(("127.0.0.1", self.ports[side]), timeout) as connection:
            connection.settimeout(timeout)
            connection.sendall(mllp.VT + raw + mllp.FS + mllp.CR)
            raw_ack = next(mllp.read_frames(connection), None)
        if raw_ack is None:
            raise Failure("the adapter closed the connection without an answer")
        ack = mllp.Message(raw_ack)
        if ack.get("MSA", 2) != mllp.Message(raw).control:
            raise Failure("MSA-2 is not the message's control id")
        return ack.get("MSA", 1), ack.get("MSA", 3), ack

    def example(self, name, **replace):
        """An example as a message of its own: new control id and order number, unless given."""
        with open(os.path.join(EXAMPLES, name), "rb") as file:
            raw = file.read()
        message = mllp.Message(raw)
        self.number += 1
        order = replace.pop("order", "ORD-%04d" % self.number)
        control = replace.pop("control", "C-%04d" % self.number)
        raw = raw.replace(message.order.encode(), order.encode())
        raw = raw.replace(("|%s|" % message.control).encode(), ("|%s|" % control).encode(), 1)
        for old, new in replace.pop("text", {}).items():
            check(old.encode() in raw, "the example holds no %s" % old)
            raw = raw.replace(old.encode(), new.encode())
        return raw, order

    def refer(self, name="REF-I12.hl7", **replace):
        """A referral from the HIS that reached the EPD: (raw, order, what the EPD got)."""
        raw, order = self.example(name, **replace)
        code, text, _ = self.exchange("his", raw)
        check(code == "AA", "the referral got %s: %s" % (code, text))
        got = wait_for("the referral at the EPD", lambda: self.epd.accepted("REF^I12", order))
        return raw, order, got[0]


def documents(message):
    """(type, content) of the embedded documents."""
    found = []
    for segment in message.segments:
        parts = segment.split("|")
        if parts[0] == "OBX" and parts[2] == "ED":
            value = parts[5].split("^")
            found.append(("/".join(value[1:3]), base64.b64decode(value[4])))
    return found


# ---- cases -----------------------------------------------------------------------------------------


def every_shape_of_referral(house):
    for name, wanted in (("ORU-R01.hl7", "ANGST"), ("REF-I12.hl7", "ANGST"), ("OML-O21.hl7", "TRAUMA")):
        text = {"01098765": "01054321"} if name.startswith("OML") else {}
        raw, order, got = house.refer(name, text=text)
        check(got.get("RF1", 3) == wanted, "%s: RF1-3 is %s" % (name, got.get("RF1", 3)))
        check(re.match(r"^SN-\w{4}-\w{4}$", got.kenmerk), "%s: no kenmerk" % name)
        check(got.get("PID", 3) in ("999990019", "999990020"), "%s: the patient is not named" % name)
        found = documents(got)
        check(("application/hl7-v2", raw) in found, "%s: the original is not there byte for byte" % name)
        if name.startswith("ORU"):
            check(any(kind == "application/pdf" and content.startswith(b"%PDF-1.4") and content.endswith(b"%%EOF\n")
                      for kind, content in found), "the PDF is not an attachment of its own")


def every_answer_reaches_the_his(house):
    _, order, referral = house.refer()
    steps = (("RRI-I12.hl7", "RRI^I12", "RF1", 1, "A"), ("SIU-S12.hl7", "SIU^S12", "SCH", 6, "APPOINTMENT"),
             ("SIU-S26.hl7", "SIU^S26", "SCH", 6, "NO_SHOW"), ("MDM-T02.hl7", "MDM^T02", "TXA", 2, "INTAKE"),
             ("OSU-O51-wacht.hl7", "OSU^O51", "ORC", 5, "HD"), ("OSU-O51.hl7", "OSU^O51", "ORC", 5, "IP"),
             ("OSU-O51-einde.hl7", "OSU^O51", "ORC", 5, "CM"), ("MDM-T02-ontslag.hl7", "MDM^T02", "TXA", 2, "ONTSLAG"))
    for name, kind, segment, field, value in steps:
        raw, _ = house.example(name, order=order)
        code, text, _ = house.exchange("epd", raw)
        check(code == "AA", "%s got %s: %s" % (name, code, text))
        got = wait_for("%s at the HIS" % name, lambda: [
            m for m in house.his.accepted(kind, order) if m.get(segment, field) == value])
        check(len(got) == 1, "%s came %d times" % (name, len(got)))
        check(got[0].kenmerk == referral.kenmerk, "%s: another kenmerk" % name)
        check(got[0].get("PID", 3) == "999990019", "%s: the patient is not named" % name)


def an_answer_by_kenmerk_only(house):
    _, order, referral = house.refer()
    raw, _ = house.example("RRI-I12-afwijzing.hl7", order="")
    raw = raw.replace(b"|R||||||||CAP", b"|R|||||||||" + b"CAP")
    lines = raw.split(b"\r")
    lines[1] = b"RF1|R|||||||||CAP|" + referral.kenmerk.lower().replace("-", "").encode()
    code, text, _ = house.exchange("epd", b"\r".join(lines))
    check(code == "AA", "got %s: %s" % (code, text))
    got = wait_for("the refusal at the HIS", lambda: house.his.accepted("RRI^I12", order))
    check(got[0].get("RF1", 1) == "R" and "NO_CAPACITY" in got[0].text, "not a refusal for want of capacity")


def withdrawal_and_back(house):
    _, order, _ = house.refer()
    raw, _ = house.example("REF-I14.hl7", order=order)
    code, text, _ = house.exchange("his", raw)
    check(code == "AA", "got %s: %s" % (code, text))
    got = wait_for("the withdrawal at the EPD", lambda: house.epd.accepted("REF^I14", order))
    check(got[0].get("RF1", 1) == "C", "RF1-1 is not C")


def the_same_again(house):
    raw, order, _ = house.refer()
    for _ in range(2):
        check(house.exchange("his", raw)[0] == "AA", "a resend did not get AA")
    newer = raw.replace(b"|20260602094000+0100|", b"|20260602095959+0100|", 1)
    check(newer != raw and house.exchange("his", newer)[0] == "AA", "a resend with a new time stamp did not get AA")
    code, text, ack = house.exchange("his", raw.replace(b"Aanhoudende", b"Wisselende"))
    check(code == "AE" and "MSH-10" in text and ack.get("ERR", 3) == "205", "other content got %s: %s" % (code, text))
    house.refer()
    check(len(house.epd.accepted("REF^I12", order)) == 1, "the referral reached the EPD more than once")


def what_cannot_be_taken(house):
    raw, _ = house.example("RRI-I12.hl7", order="NOWHERE")
    code, text, _ = house.exchange("epd", raw)
    check(code == "AE" and "no referral is known" in text, "unknown order: %s %s" % (code, text))
    raw, _ = house.example("REF-I12.hl7", text={"REF^I12^REF_I12": "ADT^A01^ADT_A01"})
    code, text, ack = house.exchange("his", raw)
    check(code == "AR" and ack.get("ERR", 3) == "200", "unsupported type: %s %s" % (code, text))
    raw, _ = house.example("ORU-R01.hl7", text={"GGZANGST": "ONBEKEND", "|06290713|": "||"})
    code, text, _ = house.exchange("his", raw)
    check(code == "AE" and "OBR-4.1" in text and "ONBEKEND" not in text, "unknown receiver: %s %s" % (code, text))
    raw, _ = house.example("ORU-R01.hl7", text={"GGZANGST": "94999999"})
    code, text, _ = house.exchange("his", raw)
    check(code == "AE" and "UNKNOWN_RECEIVER" in text, "not in the directory: %s %s" % (code, text))
    check(house.exchange("his", raw.replace(b"94999999", b"GGZANGST"))[0] == "AA",
          "a rejected MSH-10 could not be used for the corrected message")


def garbage(house):
    port = house.ports["his"]
    for raw, what in ((b"GET / HTTP/1.1\r\n\r\n" * 100, "no frames"), (b"\x0bhello\x1c\r", "no MSH"),
                      (b"\x0bMSH|^~\\&|\x00|\x1c\r", "a NUL"), (b"\x0bMSH|||||||\x1c\r\x0b", "no MSH-10")):
        with socket.create_connection(("127.0.0.1", port), 10) as connection:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            try:
                while True:
                    piece = connection.recv(4096)
                    if not piece:
                        break
                    answer += piece
            except ConnectionResetError:
                pass
            check((b"MSA|AR" in answer) == (what == "no MSH-10"), "%s was answered with %r" % (what, answer))
    raw, _ = house.example("REF-I12.hl7")
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        frames = mllp.read_frames(connection)
        connection.sendall(b"\r\n\x0b" + raw[:300])
        time.sleep(0.05)
        for byte in range(0, len(raw), 97):
            connection.sendall((b"\x0b" if byte == 0 else b"") + raw[byte:byte + 97])
        connection.sendall(b"\x1c\r")
        check(mllp.Message(next(frames)).get("MSA", 1) == "AA", "a whole frame after half a one did not get AA")


def sizes(house):
    raw, largest = house.example("ORU-R01.hl7")
    head, _, _ = raw.partition(b"OBX|")
    tail = b"OBX|1|TX|OVERIG||"
    exact = head + tail + b"x" * (FRAME_MAX - len(head) - len(tail) - 1) + b"\r"
    code, text, _ = house.exchange("his", exact)
    check(code == "AA", "a frame at the limit, its letter in parts: %s %s" % (code, text))
    code, text, _ = house.exchange("his", exact + b"\r")
    check(code == "AR" and str(FRAME_MAX) in text, "a frame beyond the limit: %s %s" % (code, text))
    raw, large = house.example("ORU-R01.hl7")
    head, _, _ = raw.partition(b"OBX|")
    fits = head + tail + b"x" * 900000 + b"\r"
    check(house.exchange("his", fits)[0] == "AA", "a letter of 900 kB did not get AA")
    for order in (largest, large):
        wait_for("both at the EPD", lambda: house.epd.accepted("REF^I12", order))
        check(len(house.epd.accepted("REF^I12", order)) == 1, "one came twice")


def answers_of_the_peer(house):
    house.refer()       # whatever earlier cases left on its way is delivered before it
    house.epd.next = ["none", "wrong"]
    _, order, _ = house.refer()
    same = [m.control for m, _ in house.epd.got if m.order == order]
    check(len(same) == 3 and len(set(same)) == 1, "silence: %d tries, %d control ids" % (len(same), len(set(same))))
    house.epd.next = ["AE"]
    _, order, _ = house.refer()
    same = [m.control for m, _ in house.epd.got if m.order == order]
    check(len(same) == 2 and len(set(same)) == 1, "AE: the message did not come again with the same control id")
    house.epd.next = ["AR"]
    raw, order = house.example("REF-I12.hl7")
    check(house.exchange("his", raw)[0] == "AA", "the referral did not get AA")
    got = wait_for("the report at the HIS", lambda: house.his.accepted("MDM^T02", order))
    check(got[0].get("TXA", 2) == "NIETBEZORGD" and "geweigerd" in got[0].text, "the HIS is not told of the refusal")


def peer_away(house):
    """The EPD does not listen for a while: the referral is durable, waits, and comes."""
    house.refer()
    house.epd.close()
    raw, order = house.example("REF-I12.hl7")
    check(house.exchange("his", raw)[0] == "AA", "the referral did not get AA")
    time.sleep(1.0)
    house.epd.open()
    wait_for("the referral at the EPD", lambda: house.epd.accepted("REF^I12", order), 40)


def many_at_once(house):
    """Forty connections, one referral each: all durable, each of them once at the EPD."""
    messages = [house.example("ORM-O01.hl7", text={"94061234": "06290713", "BGGZ^": "GGZANGST^"}) for _ in range(40)]
    answers = {}

    def send(raw, order):
        answers[order] = house.exchange("his", raw)[0]
    threads = [threading.Thread(target=send, args=message) for message in messages]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - begun
    check(all(answers.get(order) == "AA" for _, order in messages), "not all got AA")
    for _, order in messages:
        wait_for("all at the EPD", lambda: house.epd.accepted("REF^I12", order))
    check(all(len(house.epd.accepted("REF^I12", order)) == 1 for _, order in messages), "one came twice")
    return "%d AA in %.2f s" % (len(messages), seconds)


def broker_away(house):
    house.stop("broker")
    raw, order = house.example("REF-I12.hl7")
    code, text, _ = house.exchange_once("his", raw)
    check(code == "AE" and "send it again" in text, "without a broker: %s %s" % (code, text))
    house.start_broker()
    code = wait_for("AA once the broker is back", lambda: house.exchange("his", raw)[0] == "AA")
    wait_for("the referral at the EPD", lambda: house.epd.accepted("REF^I12", order))
    house.refer()
    check(len(house.epd.accepted("REF^I12", order)) == 1, "it reached the EPD more than once")


def killed_between_frame_and_ack(house):
    """The EPD filed the referral, its acknowledgement never came: it comes again with the same MSH-10."""
    house.epd.how = "none"
    raw, order = house.example("REF-I12.hl7")
    check(house.exchange("his", raw)[0] == "AA", "the referral did not get AA")
    wait_for("the referral at the EPD", lambda: [m for m, _ in house.epd.got if m.order == order])
    house.stop("epd", signal.SIGKILL)
    house.stop("his", signal.SIGKILL)
    house.epd.how = "AA"
    house.start_adapter("epd")
    house.start_adapter("his")
    wait_for("it to come again", lambda: house.epd.accepted("REF^I12", order), 90)
    controls = {m.control for m, _ in house.epd.got if m.order == order}
    check(len(controls) == 1, "it came with another control id")
    raw, _ = house.example("RRI-I12.hl7", order=order)
    check(house.exchange("epd", raw)[0] == "AA", "the table did not survive")
    got = wait_for("the acceptance at the HIS", lambda: house.his.accepted("RRI^I12", order))
    check(got[0].get("PID", 3) == "999990019", "the patient is not named any more")


def killed_at_random(house):
    """Both adapters are killed again and again under traffic: every AA reaches the EPD, none under two ids."""
    chance = random.Random(7)
    messages = [house.example("ORM-O01.hl7", text={"94061234": "06290713", "BGGZ^": "GGZANGST^"}) for _ in range(60)]
    codes, given_up = [], threading.Event()

    def send_all():
        sender = mllp.Sender("127.0.0.1", house.ports["his"], 10, lambda *_, **__: None)
        codes.extend(sender.send(raw, tries=6000, wait=0.02, stop=given_up) for raw, _ in messages)
        sender.close()
    thread = threading.Thread(target=send_all)
    thread.start()
    kills = 0
    while thread.is_alive() and kills < 30:
        time.sleep(chance.uniform(0.0, 0.15))
        name = chance.choice(("his", "epd"))
        house.stop(name, signal.SIGKILL)
        house.start_adapter(name)
        kills += 1
    thread.join(180)
    given_up.set()
    check(codes == ["AA"] * len(messages), "not all got AA: %s" % codes)
    again = 0
    for _, order in messages:
        got = wait_for("all at the EPD", lambda: house.epd.accepted("REF^I12", order), 90)
        check(len({m.control for m in got}) == 1 and len({m.kenmerk for m in got}) == 1, "one referral became two")
        again += len(got) - 1
    return "%d kills, %d redelivered" % (kills, again)


def readable_elsewhere(house):
    try:
        import hl7
    except ImportError:
        return "skipped: python3-hl7 is not installed"
    for message, _ in house.his.got + house.epd.got:
        parsed = hl7.parse(message.text.replace("\n", "\r"))
        check(str(parsed.segment("MSH")[10]) == message.control, "python3-hl7 reads another MSH-10")
    return None


def options_and_files(house):
    def outcome(*arguments):
        done = subprocess.run([os.path.join(house.bin, "scharnier-hl7v2"), *arguments], capture_output=True, text=True,
                              timeout=30, cwd=house.dir, check=False)
        return done.returncode, done.stdout + done.stderr

    def broken(name, old, new):
        with open(house.path(name), encoding="utf-8") as file:
            text = file.read()
        check(old in text, "%s holds no %s" % (name, old))
        with open(house.path("broken-" + name), "w", encoding="utf-8") as file:
            file.write(text.replace(old, new))
        return "broken-" + name

    check(outcome("--help")[0] == 0 and outcome("--version") == (0, "scharnier-hl7v2 0.1.0\n"), "--help, --version")
    check(outcome()[0] == 2 and outcome("--nonsense", "his.conf")[0] == 2, "usage is not exit 2")
    check(outcome("--check-config", "his.conf") == (0, "his.conf: valid\n"), "a right file is not valid")
    for name, said in ((broken("his.conf", "ack_timeout", "ack_timeuot"), 'did you mean "ack_timeout"?'),
                       (broken("epd.conf", "side = epd", "side = lab"), "broken-epd.conf:2: side is his or epd"),
                       ("nowhere.conf", "nowhere.conf")):
        code, text = outcome("--check-config", name)
        check(code != 0 and said in text, "%s: exit %d, %s" % (name, code, text))
    name = broken("his.conf", "map = his.map.ini", "map = " + broken("his.map.ini", "R = ROUTINE", "R = ROUTIN"))
    code, text = outcome("--check-config", name)
    check(code == 6 and 'did you mean "ROUTINE"?' in text, "a wrong map: exit %d, %s" % (code, text))
    check(outcome(name)[0] == 6, "a wrong map starts")
    code, text = outcome("his.conf")
    check(code == 1 and "E1005" in text, "a second process on the same state: exit %d, %s" % (code, text))


def logs_without_patients(house):
    for name in ("broker", "his", "epd"):
        log = house.log(name)
        check(log, "no log of %s" % name)
        for word in ("99999001", "99999002", "Testpersoon", "Proefgeval", "somberheid", "Voorbeeldlaan", "ONBEKEND"):
            check(word not in log, "the log of %s holds personal data" % name)


def stops_cleanly(house):
    for name in ("his", "epd", "broker"):
        code = house.stop(name)
        check(code == 0, "%s ended with %s" % (name, code))


CASES = [every_shape_of_referral, every_answer_reaches_the_his, an_answer_by_kenmerk_only, withdrawal_and_back,
         the_same_again, what_cannot_be_taken, garbage, sizes, answers_of_the_peer, peer_away, many_at_once,
         broker_away, killed_between_frame_and_ack, killed_at_random, readable_elsewhere, options_and_files,
         logs_without_patients, stops_cleanly]


def main():
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    house = House(os.path.abspath(sys.argv[1]))
    passed = failed = skipped = 0
    try:
        for case in CASES:
            if len(sys.argv) > 2 and case.__name__ not in sys.argv[2:]:
                continue
            begun = time.monotonic()
            try:
                house.mend()
                note = case(house) or ""
                passed, skipped = passed + (not note.startswith("skip")), skipped + note.startswith("skip")
                print("  ok    %-32s %5.1f s  %s" % (case.__name__, time.monotonic() - begun, note), flush=True)
            except (Failure, OSError, StopIteration, subprocess.TimeoutExpired) as failure:
                failed += 1
                print("  FAIL  %-32s %s" % (case.__name__, failure), flush=True)
    finally:
        house.stop_all()
    if failed:
        print("kept: %s; rerun: %s %s" % (house.dir, sys.argv[0], sys.argv[1]))
    else:
        shutil.rmtree(house.dir)
    print("%d passed, %d failed, %d skipped" % (passed, failed, skipped))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    raise SystemExit(main())
