#!/usr/bin/python3
"""The region of the demo, kept up for playing until Ctrl-C.

  tests/e2e/run.py build/release/bin [--day SECONDS] [--dir DIR]
  tests/e2e/run.py /usr/bin --dir DIR --prepare 2575     only make its files, for docker-compose.yml

Broker, four scharnier-hl7v2 adapters, two HIS systems that send what is laid into their outbox, and two EPD systems that
answer referrals by a script. A day takes a minute. The directory is removed at the end, unless --dir or --keep.
"""
import argparse
import json
import os
import shlex
import signal
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "lib")]
import letters  # noqa: E402
from demo import AGB, NAME, START  # noqa: E402
from ports import free_port  # noqa: E402
from region import EXAMPLES, Failure, Region, wait_for  # noqa: E402

SYSTEMS = (("linde", "his"), ("kompas", "his"), ("haven", "epd"), ("angst", "epd"))
# What an EPD answers, in days after the referral: the file that is made below, and nothing to an order number with NIET.
STEPS = ((0.2, "ACCEPTANCE", "+9"), (0.4, "APPOINTMENT", "+8"), (9.0, "INTAKE_REPORT", "-1"),
         (14.0, "TREATMENT_START", "+0"), (40.0, "TREATMENT_END", "-1"), (45.0, "DISCHARGE_LETTER", "-5"))
WELCOME = """The region is up; it is %(now)s there, and a day takes %(day)g s. Ctrl-C stops it.

In another terminal:
  cd %(dir)s
  export PATH=%(bin)s:$PATH E=%(examples)s

A HIS sends what lies in its outbox (MLLP), and the EPD answers in the days that follow:
  cp $E/REF-I12.hl7 linde/out                            # to GGZ Noordrand, angst
  cp $E/ORM-O01.hl7 linde/out                            # to Praktijk Haven; twice: AA, and no second referral
  sed "s/ORD-ORU/NIET/; s/HIS-ORU/NIET/" $E/ORU-R01.hl7 >linde/out/niet.hl7     # never answered

The practice and the coordinator look:
  scharnier --config region/linde-look.conf referral ls
  scharnier --config region/linde-look.conf referral trace SN-…
  scharnier --config region/coordinator.conf unanswered age
  scharnier --config region/coordinator.conf unanswered ls --overdue

The POH-GGZ and the wijkteam have no HIS:
  scharnier --config region/linde-poh-look.conf referral send --key my-1 --to gemeente:0344/wijkteam-zuid \\
      --creditor agb:01054321 --copy agb:01054321 --fact consent=YES \\
      --section question='Graag steun.' --section reason='Schulden.' --section consent=Ja
  scharnier --config region/zuid.conf inbox read --ack
  scharnier --config region/zuid.conf referral answer SN-… ACCEPTANCE --key my-2

Logs are in logs/; what HIS and EPD got is in linde/in, kompas/in, haven/in and angst/in.
"""


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bin", help="where scharnierd, scharnier and scharnier-hl7v2 are")
    parser.add_argument("--day", type=float, default=60.0, metavar="SECONDS", help="how long a day takes; default 60")
    parser.add_argument("--dir", help="a new directory for the region; kept")
    parser.add_argument("--prepare", type=int, metavar="PORT", help="make the files and start nothing; the adapters "
                        "will listen on PORT and the three after it, their peers on a thousand more")
    parser.add_argument("--keep", action="store_true", help="keep the directory")
    return parser.parse_args()


class Playground(Region):
    """A region whose HIS and EPD systems are processes too."""

    def __init__(self, args):
        super().__init__(args.bin, args.dir)
        self.rate, self.day = round(86400 / args.day), args.day
        self.followed, self.ports = {}, {}

    def answers(self, name, agb):
        """The script of an EPD, and its answers with places for what the referral says."""
        folder = self.path(name, "answers")
        os.makedirs(folder)
        steps = []
        for after, kind, day in STEPS:
            letter = letters.Template(letters.answer(kind, "%ORDER%", "x", START, agb, 1, START))
            letter.replace(letters.stamp(START), "%TIME%").replace(letters.day(START), "%%DATE%s%%" % day)
            letter.set("MSH", 10, "%CONTROL%").whole("PID", "%PID%")
            with open(os.path.join(folder, kind + ".hl7"), "wb") as file:
                file.write(letter.bytes())
            steps.append({"after": after * self.day, "file": kind + ".hl7"})
        with open(self.path(name, "script.json"), "w", encoding="utf-8") as file:
            json.dump([{"match": "NIET", "steps": []}, {"steps": steps}], file, indent=1)

    def peer(self, name, program, *arguments):
        self.start(name + "-peer", sys.executable, os.path.join(HERE, program), "--log", self.path(name, "log.jsonl"),
                   "--inbox", self.path(name, "in"), *arguments)

    def configure(self, first_port=None):
        """Files of the whole region, each HIS and EPD with its adapter."""
        self.make(START, self.rate)
        self.set_clock(START, self.rate)
        for number, (name, side) in enumerate(SYSTEMS):
            port = free_port() if first_port is None else first_port + number
            peer_port = free_port() if first_port is None else first_port + 1000 + number
            self.ports[name] = (port, peer_port)
            os.makedirs(self.path(name, "out"))
            self.write_hl7(name, side, name, peer_port, port)
            if side == "epd":
                self.answers(name, AGB[name])

    def begin(self):
        self.configure()
        self.start_broker()
        for name, side in SYSTEMS:
            port, peer_port = self.ports[name]
            self.start_hl7(name)
            arguments = ["--listen", str(peer_port), "--send-to", "127.0.0.1:%d" % port]
            if side == "his":
                self.peer(name, "his.py", *arguments, "--watch", "--outbox", self.path(name, "out"))
            else:
                self.peer(name, "epd.py", *arguments, "--rate", str(self.rate), "--files",
                          self.path(name, "answers"), "--script", self.path(name, "script.json"))
            self.followed[name] = 0
            wait_for("%s to listen" % NAME[name], lambda name=name: os.path.exists(self.path(name, "log.jsonl")))

    def news(self):
        """What the HIS and EPD systems saw since the last time, a line each."""
        for name, place in self.followed.items():
            try:
                with open(self.path(name, "log.jsonl"), encoding="utf-8") as file:
                    file.seek(place)
                    lines = file.read()
            except FileNotFoundError:
                continue
            whole = lines[:lines.rfind("\n") + 1]
            self.followed[name] += len(whole.encode())
            for line in whole.splitlines():
                entry = json.loads(line)
                if entry["event"] == "sent":
                    yield "%s sends %s %s: %s %s" % (NAME[name], entry["type"], entry["order"] or entry["kenmerk"],
                                                     entry["ack"] or "no answer", entry["text"])
                elif entry["event"] == "received":
                    yield "%s receives %s %s %s" % (NAME[name], entry["type"], entry["order"], entry["kenmerk"])

    def watch(self):
        while True:
            for line in self.news():
                print("%s  %s" % (self.clock.now().strftime("%a %d %b %H:%M"), line.rstrip()), flush=True)
            for name, process in self.processes.items():
                if process.poll() is not None:
                    raise Failure("%s ended with %d" % (name, process.returncode), self.log_path(name))
            time.sleep(0.3)

    def welcome(self):
        print(WELCOME % {"dir": shlex.quote(self.dir), "now": self.clock.now().strftime("%a %d %b %Y"),
                         "day": self.day, "bin": shlex.quote(self.bin), "examples": shlex.quote(EXAMPLES)},
              flush=True)


def main():
    args = options()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    region, failed = Playground(args), True
    if args.prepare is not None:
        region.configure(args.prepare)
        return 0
    try:
        region.begin()
        region.welcome()
        region.watch()
    except KeyboardInterrupt:
        failed = False
        print("\nstopped")
    except (Failure, OSError) as failure:
        print("make run: %s; see %s" % (failure, getattr(failure, "log", None) or region.path("logs")), file=sys.stderr)
    finally:
        region.close(args.keep or args.dir is not None or failed)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
