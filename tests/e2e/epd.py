#!/usr/bin/python3
"""An EPD for tests and the demo: receives referrals and answers them by a script.

Referrals are filed in --inbox and acknowledged with AA; a control id that it has already is acknowledged and
not handled again. --script is a JSON list of rules; the first whose "match" (a regular expression) fits the
referral's order number decides what is sent to --send-to, and when:

  [{"match": "^ORD-REF", "ack": "AA",
    "steps": [{"after": 0.5, "file": "RRI-I12.hl7"},
              {"after": 2,   "file": "SIU-S12.hl7"},
              {"after": 5,   "file": "MDM-T02.hl7"}]}]

"after" counts real seconds from the referral. In a file, whose path is relative to --files, these are
replaced: %ORDER%, %KENMERK%, %CONTROL% (unique per step and referral, the same when it is sent again), %PID%
(the referral's PID segment), %TIME% (now, as this EPD knows the broker's clock: the referral's own time plus
what passed, times --rate), %DATE+n% and %DATE-n% (the day n days from then). A file that holds none of these,
as the examples do, gets its order number, MSH-10, and PID replaced where they stand.

"ack" is AA, AE, AR, none or wrong. --log gets a JSON object per line: received, sent (ack, text), done.

  epd.py --listen 2586 --send-to 127.0.0.1:2585 --script epd.json --files adapters/examples --log epd.jsonl
"""
import argparse
import datetime
import glob
import heapq
import json
import os
import re
import signal
import threading
import time

import mllp


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--listen", metavar="PORT", type=int, required=True, help="where referrals come in; 0: any")
    parser.add_argument("--port-file", metavar="FILE", help="gets the port that was taken")
    parser.add_argument("--send-to", metavar="HOST:PORT", help="the adapter's listener")
    parser.add_argument("--script", metavar="FILE", help="what is answered, and when")
    parser.add_argument("--files", metavar="DIR", default=".", help="where the script's files are")
    parser.add_argument("--inbox", metavar="DIR", help="where referrals are filed")
    parser.add_argument("--log", metavar="FILE", help="JSON lines; default: standard output")
    parser.add_argument("--rate", type=float, default=1.0, help="broker seconds per real second")
    parser.add_argument("--tries", type=int, default=30)
    parser.add_argument("--wait", type=float, default=1.0)
    parser.add_argument("--timeout", type=float, default=60.0)
    return parser.parse_args()


def parse_time(text):
    """UTC of an HL7 time stamp with a zone; now when it is none."""
    match = re.match(r"^(\d{14})(?:\.\d+)?([+-]\d{4})$", text)
    if not match:
        return datetime.datetime.now(datetime.timezone.utc)
    return datetime.datetime.strptime(match.group(1) + match.group(2), "%Y%m%d%H%M%S%z")


class Epd:
    def __init__(self, args, log):
        self.args, self.log = args, log
        self.rules = []
        if args.script:
            with open(args.script, encoding="utf-8") as file:
                self.rules = json.load(file)
        self.seen, self.queue, self.number = set(), [], 0
        self.condition = threading.Condition()
        self.sender = None
        if args.send_to:
            host, port = args.send_to.rsplit(":", 1)
            self.sender = mllp.Sender(host, int(port), args.timeout, log)
        if args.inbox:
            os.makedirs(args.inbox, exist_ok=True)
            for path in glob.glob(os.path.join(args.inbox, "*.hl7")):
                self.seen.add(os.path.basename(path)[:-4].rsplit("-", 1)[-1])

    def rule(self, message):
        return next((rule for rule in self.rules if re.search(rule.get("match", ""), message.order)), {})

    def receive(self, message):
        rule = self.rule(message)
        how = rule.get("ack", "AA")
        with self.condition:
            again = message.control in self.seen
            self.log("received", type=message.type, control=message.control, order=message.order,
                     kenmerk=message.kenmerk, size=len(message.raw), again=again, ack=how)
            if how == "AA" and not again:
                self.take(message, rule)
        if how == "none":
            return None
        if how == "wrong":
            return mllp.acknowledgement(message, "AA", control="not-yours")
        return mllp.acknowledgement(message, how)

    def take(self, message, rule):
        self.seen.add(message.control)
        if self.args.inbox:
            name = "%s-%s-%s.hl7" % (message.order or "none", message.type.replace("^", "_"), message.control)
            mllp.write_file(self.args.inbox, name.replace("/", "_"), message.raw)
        if message.type != "REF^I12":
            return
        now = time.monotonic()
        for index, step in enumerate(rule.get("steps", [])):
            self.number += 1
            heapq.heappush(self.queue, (now + step.get("after", 0), self.number, index, step, message, now))
        self.condition.notify()

    def text(self, index, step, referral, received):
        with open(os.path.join(self.args.files, step["file"]), "rb") as file:
            raw = file.read()
        text = mllp.Message(raw).text
        clock = parse_time(referral.get("MSH", 7)) + datetime.timedelta(
            seconds=(time.monotonic() - received) * self.args.rate)
        control = "E%s%02d" % (referral.control[:16], index)
        words = {"ORDER": referral.order, "KENMERK": referral.kenmerk, "CONTROL": control,
                 "PID": referral.segment("PID"), "TIME": clock.strftime("%Y%m%d%H%M%S+0000")}
        if "%" not in text:
            text = self.adapt(text, words)

        def word(match):
            if match.group(2):
                return (clock + datetime.timedelta(days=int(match.group(2)))).strftime("%Y%m%d")
            return clock.strftime("%Y%m%d") if match.group(1) == "DATE" else words[match.group(1)]
        text = re.sub(r"%(ORDER|KENMERK|CONTROL|PID|TIME|DATE)([+-]\d+)?%", word, text)
        return text.encode("latin-1", "replace")

    def adapt(self, text, words):
        """Makes an example answer this referral: its order number, control id and patient."""
        example = mllp.Message(text.encode("utf-8"))
        lines = []
        for line in example.segments:
            if example.order:
                line = line.replace(example.order, words["ORDER"])
            if line.startswith("MSH"):
                line = line.replace("|%s|" % example.control, "|%s|" % words["CONTROL"])
            if line.startswith("PID") and words["PID"]:
                line = words["PID"]
            lines.append(line)
        return "\r".join(lines) + "\r"

    def run(self, stop):
        while not stop.is_set():
            with self.condition:
                now = time.monotonic()
                if not self.queue or self.queue[0][0] > now:
                    self.condition.wait(min(0.2, self.queue[0][0] - now) if self.queue else 0.2)
                    continue
                _, _, index, step, referral, received = heapq.heappop(self.queue)
            code = self.sender.send(self.text(index, step, referral, received), self.args.tries, self.args.wait, stop)
            self.log("done", order=referral.order, kenmerk=referral.kenmerk, file=step["file"], ack=code)


def main():
    args = options()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    epd = Epd(args, mllp.Log(args.log))
    receiver = mllp.Receiver(args.listen, epd.receive)
    mllp.announce_port(args.port_file, receiver.port)
    epd.run(stop)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
