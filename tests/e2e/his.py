#!/usr/bin/python3
"""A HIS for tests and the demo: sends the files of a directory, files what it receives.

It sends every *.hl7 of --outbox in the order of their names, one at a time, until AA (then the file moves to
OUTBOX/sent) or AR, or AE for --tries times (then to OUTBOX/failed). With --watch it goes on looking for new
files; without, it ends when all are sent, unless it listens. What it receives goes to --inbox, named
ORDER-TYPE-CONTROL.hl7, and is answered AA; a control id that it has already is answered AA and counted as a
repetition. --log gets a JSON object per line: sent (ack, text), received (again), filed.

  his.py --send-to 127.0.0.1:2575 --outbox out --listen 2576 --inbox in --log his.jsonl --watch
"""
import argparse
import glob
import os
import signal
import threading

import mllp


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--send-to", metavar="HOST:PORT", help="the adapter's listener")
    parser.add_argument("--outbox", metavar="DIR", help="files to send")
    parser.add_argument("--watch", action="store_true", help="keep looking for new files")
    parser.add_argument("--tries", type=int, default=30, help="per message that gets AE or no answer")
    parser.add_argument("--wait", type=float, default=1.0, help="seconds between tries")
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds to wait for an acknowledgement")
    parser.add_argument("--listen", metavar="PORT", type=int, help="where feedback comes in; 0: any")
    parser.add_argument("--port-file", metavar="FILE", help="gets the port that was taken")
    parser.add_argument("--inbox", metavar="DIR", help="where feedback is filed")
    parser.add_argument("--log", metavar="FILE", help="JSON lines; default: standard output")
    parser.add_argument("--answer", default="AA", choices=["AA", "AE", "AR", "none", "wrong"],
                        help="how feedback is acknowledged")
    return parser.parse_args()


class Filer:
    """Files feedback once per control id, and acknowledges."""

    def __init__(self, inbox, log, answer):
        self.inbox, self.log, self.how = inbox, log, answer
        self.lock = threading.Lock()
        self.seen = set()
        if inbox:
            os.makedirs(inbox, exist_ok=True)
            for path in glob.glob(os.path.join(inbox, "*.hl7")):
                self.seen.add(os.path.basename(path)[:-4].rsplit("-", 1)[-1])

    def __call__(self, message):
        with self.lock:
            again = message.control in self.seen
            self.log("received", type=message.type, control=message.control, order=message.order,
                     kenmerk=message.kenmerk, size=len(message.raw), again=again, ack=self.how)
            if self.how == "AA" and not again:
                if self.inbox:
                    name = "%s-%s-%s.hl7" % (message.order or "none", message.type.replace("^", "_"), message.control)
                    mllp.write_file(self.inbox, name.replace("/", "_"), message.raw)
                self.seen.add(message.control)
        if self.how == "none":
            return None
        if self.how == "wrong":
            return mllp.acknowledgement(message, "AA", control="not-yours")
        return mllp.acknowledgement(message, self.how)


def send_all(sender, args, stop):
    for name in ("sent", "failed"):
        os.makedirs(os.path.join(args.outbox, name), exist_ok=True)
    failed = 0
    while not stop.is_set():
        paths = sorted(glob.glob(os.path.join(args.outbox, "*.hl7")))
        for path in paths:
            with open(path, "rb") as file:
                raw = file.read()
            code = sender.send(raw, args.tries, args.wait, stop)
            if stop.is_set() and code not in ("AA", "AR"):
                return failed
            failed += code != "AA"
            os.replace(path, os.path.join(args.outbox, "sent" if code == "AA" else "failed", os.path.basename(path)))
        if not args.watch and not paths:
            break
        stop.wait(0.2)
    return failed


def main():
    args = options()
    log = mllp.Log(args.log)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if args.listen is not None:
        receiver = mllp.Receiver(args.listen, Filer(args.inbox, log, args.answer))
        mllp.announce_port(args.port_file, receiver.port)
    failed = 0
    if args.send_to and args.outbox:
        host, port = args.send_to.rsplit(":", 1)
        failed = send_all(mllp.Sender(host, int(port), args.timeout, log), args, stop)
    if args.listen is not None:
        stop.wait()
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
