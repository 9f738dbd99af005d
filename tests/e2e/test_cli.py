#!/usr/bin/python3
"""scharnier(1) end to end: `scharnier dev` makes a region, and its parties talk through the command line.

    tests/e2e/test_cli.py build/release/bin

Three regions run on real time: sending, reading, answering, settling, refusing, queueing; the ledger; the operator's
commands. A fourth one runs two days in a second, until the coordinator sees each silence that was planted and reminds.
Ends with "N passed, N failed".
"""
import os
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cli_ledger  # noqa: E402
import cli_operator  # noqa: E402
from cli_region import Region, check, counts  # noqa: E402


def conversation(region):
    check("dev says what to type next", "next: scharnier --config" in region.welcome, region.welcome)
    letter = f"{region.folder}/referral.json"
    first = region.json("linde", "referral", "send", letter)
    kenmerk = first["kenmerk"]
    check("a receipt", first["schema"] == "scharnier.receipt/1" and not first["duplicate"] and not first["queued"], first)
    again = region.json("linde", "referral", "send", letter)
    check("the same key is the same message", again["duplicate"] and again["kenmerk"] == kenmerk, again)
    waiting = region.json("noordrand", "inbox", "ls")["messages"]
    check("it waits at the department", [row["mailbox"] for row in waiting] == ["agb:06290713/angst"], waiting)

    shown = region.run("noordrand", "inbox", "read", kenmerk)
    check("read opens the letter", "Paniekstoornis" in shown, shown)
    check("and says what to type next", f"next: scharnier --config {region.folder}/noordrand.conf inbox ack {kenmerk}\n" in shown,
          shown)
    check("and leaves it", len(region.json("noordrand", "inbox", "ls")["messages"]) == 1)
    region.run("noordrand", "inbox", "ack", kenmerk)
    check("ack takes it out", region.json("noordrand", "inbox", "ls")["messages"] == [])
    region.run("noordrand", "inbox", "ack", kenmerk, code=5)

    region.run("noordrand", "referral", "answer", kenmerk, "acceptance", "--key", "a-1")
    region.run("noordrand", "referral", "answer", kenmerk, "INTAKE_REPORT", "--key", "a-2", "--section", "plan=CGT",
               code=6)
    check("a missing fact is named", "header.event_date" in region.errors and "kind ls" in region.errors, region.errors)
    with open(f"{region.folder}/brief.pdf", "wb") as file:
        file.write(b"%PDF-1.4 not really\x00\xff")
    said = region.run("noordrand", "referral", "answer", kenmerk, "INTAKE_REPORT", "--key", "a-3", "--fact",
                      "event_date=today", "--fact", "outcome=TREATMENT", "--section", "plan=CGT", "--attach",
                      f"{region.folder}/brief.pdf")
    check("an incomplete letter is warned about", "warning: required sections are missing" in said, said)
    tail = region.run("linde", "inbox", "tail", "--ack", "--count", "2", "--timeout", "20s", "--save", region.folder)
    check("feedback arrives in order", tail.index("ACCEPTANCE") < tail.index("INTAKE_REPORT"), tail)
    saved = f"{region.folder}/{kenmerk}-1-brief.pdf"
    check("an attachment is what was sent",
          os.path.exists(saved) and open(saved, "rb").read() == b"%PDF-1.4 not really\x00\xff")
    copy = region.json("linde-poh", "inbox", "read", "--ack")
    check("the POH has its copy", copy.get("kind") == "REFERRAL" and copy.get("letter") is True, copy)

    trace = region.run("linde", "referral", "trace", kenmerk)
    check("the trace tells it in Dutch", "bericht na intake" in trace and "onvolledig" in trace, trace)
    whole = region.json("coordinator", "referral", "trace", kenmerk)
    check("a coordinator sees the organisation", whole["receiver"] == "agb:06290713", whole)
    check("what is awaited", "E6" in [row["expectation"] for row in whole["awaited"]], whole["awaited"])

    region.run("haven", "referral", "trace", kenmerk, code=5)
    region.run("haven", "referral", "answer", kenmerk, "ACCEPTANCE", "--key", "b-1", code=5)
    region.run("linde", "referral", "answer", kenmerk, "APPOINTMENT", "--key", "c-1", "--fact", "event_date=today",
               code=4)
    region.run("linde", "referral", "send", "--key", "x-1", "--to", "06290719", "--section", "question=a",
               "--section", "reason=b", code=5)
    region.run("linde", "referral", "send", "--key", "x-2", "--to", "06290713", code=6)
    region.run("linde", "referral", "send", "--to", "06290713", "--section", "question=a", code=6)

    other = region.refer("r-2", "94061234")
    region.run("haven", "inbox", "reject", other, "--reason", "NOT_OURS")
    report = region.json("linde", "inbox", "read", "--ack", other)
    check("a rejected letter is reported", report.get("kind") == "DELIVERY_REPORT", report)
    gone = region.refer("r-3", "94061234")
    region.run("linde", "referral", "withdraw", gone, "--reason", "PLACED_ELSEWHERE")
    check("withdrawn before it was collected", "ingetrokken" in region.run("linde", "referral", "ls"))
    queued(region)
    operations(region)


def queued(region):
    check("dev stops on Ctrl-C", region.stop(signal.SIGINT) == 0)
    region.run("linde", "referral", "ls", "--timeout", "3s", code=3)
    receipt = region.json("linde", "referral", "send", "--key", "q-1", "--to", "94061234", "--section", "question=a",
                          "--section", "reason=b", "--timeout", "1s")
    check("out of reach is queued", receipt.get("queued") is True, receipt)
    region.start()
    rows = region.json("linde", "referral", "ls")["referrals"]
    check("and is sent with the next command", "q-1" in region.errors and len(rows) == 4, region.errors)


def operations(region):
    parties = region.json("linde", "party", "ls")["parties"]
    check("the directory", len(parties) == 10, parties)
    check("a party's keys", len(region.json("linde", "party", "show", "06290713")["keys"]) == 3)
    check("a valid configuration", region.json("linde", "config", "check", f"{region.folder}/linde.conf")["valid"])
    region.run("linde", "config", "check", "--broker", f"{region.folder}/scharnierd.conf")
    region.run("linde", "directory", "verify", f"{region.folder}/region.ini", "--key",
               f"{region.folder}/keys/region-sign.key.pub")
    region.run("linde", "directory", "sign", f"{region.folder}/region.ini", "--key",
               f"{region.folder}/keys/region-sign.key")
    region.run("linde", "directory", "verify", f"{region.folder}/region.ini", "--key",
               f"{region.folder}/keys/linde-sign.key.pub", code=6)
    region.run("linde", "keygen", "--use", "seal", f"{region.folder}/new.key")
    region.run("linde", "keygen", "--use", "seal", f"{region.folder}/new.key", code=6)
    with open(f"{region.folder}/kompas.conf") as file:
        conf = file.read()
    with open(f"{region.folder}/wrong.conf", "w") as file:
        file.write(conf.replace("server_key = ", "server_key = 00", 1))
    region.run("wrong", "referral", "ls", code=6)
    with open(f"{region.folder}/wrong.conf", "w") as file:
        file.write(conf.replace("server_key = ", "server_key = " + "5" * 64 + " ;", 1))
    region.run("wrong", "referral", "ls", "--timeout", "30s", code=3)
    check("a wrong server key is named", "E1102" in region.errors, region.errors)
    region.stop()
    check("the access log is whole", region.json("linde", "audit", "verify", f"{region.folder}/store").get("whole"))


def silences(region):
    """Four referrals, each falling silent in its own way, at two days a second."""
    started = time.monotonic()
    planted = {"NOT_DECIDED": region.refer("s-2", "94061234")}
    region.run("haven", "inbox", "read", planted["NOT_DECIDED"], "--ack")
    planted["NO_APPOINTMENT"] = region.refer("s-3", "94061234")
    region.run("haven", "inbox", "read", planted["NO_APPOINTMENT"], "--ack")
    region.run("haven", "referral", "answer", planted["NO_APPOINTMENT"], "ACCEPTANCE", "--key", "t-3")
    planted["NOT_TAKEN_UP"] = region.refer("s-4", "94061234")
    region.run("haven", "inbox", "read", planted["NOT_TAKEN_UP"], "--ack")
    region.run("haven", "referral", "answer", planted["NOT_TAKEN_UP"], "REFUSAL", "--key", "t-4", "--fact",
               "refusal_reason=NO_CAPACITY")
    # Last, for after fifteen seconds it expires, and then somebody must take it up too.
    planted["NOT_COLLECTED"] = region.refer("s-1", "06290713")
    with region.collecting("linde"):
        found = found_until(region, started + 60)
        age = region.json("coordinator", "unanswered", "age", "--by", "silence")
    found.get("NOT_TAKEN_UP", set()).discard(planted["NOT_COLLECTED"])
    check("each silence is found, and nothing is invented",
          found == {silence: {kenmerk} for silence, kenmerk in planted.items()}, f"{planted}\n{found}")
    check("and counted by age", {line["key"] for line in age["lines"]} >= set(planted) - {"NOT_COLLECTED"}, age)
    table = region.run("coordinator", "unanswered", "age", "--by", "receiver")
    check("the table", "ONTVANGER" in table and "Praktijk Haven" in table and "next: " in table, table)
    cli_ledger.overdue(region, planted)
    region.run("linde", "dossier", "taken-up", planted["NOT_TAKEN_UP"], "--how", "OWN_CARE")
    rows = region.json("coordinator", "unanswered", "ls", "--silence", "not-taken-up")["unanswered"]
    check("taken up is no silence", planted["NOT_TAKEN_UP"] not in [row["kenmerk"] for row in rows], rows)


def found_until(region, end):
    """Silence to the dossiers in which it was seen, until each of the four was, or the time is over."""
    found = {}
    while len(found) < 4 and time.monotonic() < end:
        for row in region.json("coordinator", "unanswered", "ls", "--overdue")["unanswered"]:
            if row["debtor"] != "agb:01054321" or row["silence"] == "NOT_TAKEN_UP":
                found.setdefault(row["silence"], set()).add(row["kenmerk"])
        time.sleep(0.5)
    return found


def main():
    stories = ((conversation, ()), (cli_ledger.ledger, ()), (cli_operator.operator, ()),
               (silences, ("--fast-clock", "2d=1s")))
    for story, options in stories:
        region = Region(*options)
        try:
            story(region)
        except Exception as problem:  # a broken story is one failure, and the region must stop
            check(f"{story.__name__}: {type(problem).__name__}: {problem}", False)
        finally:
            region.close()
    print(f"{counts['passed']} passed, {counts['failed']} failed")
    sys.exit(counts["failed"] > 0)


if __name__ == "__main__":
    main()
