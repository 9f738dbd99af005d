"""The ledger on the command line: the worklist, its export, acts, chains, statistics and reconciliation."""
import csv
import datetime
import io
import json
import os
import time
import zoneinfo

from cli_region import check


def accepted(region, key, party="haven", to="94061234"):
    kenmerk = region.refer(key, to)
    region.run(party, "inbox", "read", kenmerk, "--ack")
    region.run(party, "referral", "answer", kenmerk, "ACCEPTANCE", "--key", f"yes-{key}")
    return kenmerk


def rows_of(region, party, *words):
    return region.json(party, "unanswered", "ls", *words).get("unanswered", [])


def ledger(region):
    """On real time nothing is over its norm, so that what is counted stands still."""
    first, second = accepted(region, "l-1"), accepted(region, "l-2")
    third = region.refer("l-3", "06290713/angst", "--copy", "01054321/poh-ggz")
    worklist(region)
    exported(region)
    counted(region)
    acts(region, first, second, third)
    kinds(region, first)
    chain(region)
    reconciled(region)
    partly(region, first)


def worklist(region):
    whole = region.json("coordinator", "unanswered", "ls")
    rows = whole["unanswered"]
    check("totals count dossiers", (whole["open"], whole["overdue"], whole["more"]) == (3, 0, False), whole)
    lines = region.run("coordinator", "unanswered", "ls", "--jsonl").splitlines()
    check("a line a row", [json.loads(line)["kenmerk"] for line in lines] == [row["kenmerk"] for row in rows], lines)
    check("each with its schema", all(json.loads(line)["schema"] == "scharnier.unanswered_row/1" for line in lines))
    part = region.json("coordinator", "unanswered", "ls", "--limit", "2")
    check("a limit says that there is more", part["more"] and part["unanswered"] == rows[:2], part)
    dues = {}
    for row in rows:
        dues.setdefault(row["kenmerk"], []).append(row["due"])
    firsts = [some[0] for some in dues.values()]
    check("what is due first comes first, dossiers and their promises", firsts == sorted(firsts) and
          all(some == sorted(some) for some in dues.values()), dues)
    for option, field in (("--expectation", "expectation"), ("--debtor", "debtor"), ("--receiver", "receiver"),
                          ("--silence", "silence"), ("--term", "term"), ("--urgency", "urgency"),
                          ("--echelon", "echelon"), ("--referrer", "referrer"), ("--creditor", "creditor")):
        found = []
        for value in {row[field] for row in rows}:
            some = rows_of(region, "coordinator", option, value.lower().replace("_", "-") if field == "silence" else value)
            check(f"{option} {value}", some and all(row[field] == value for row in some), some)
            found += some
        check(f"{option} parts the whole", sorted(map(str, found)) == sorted(map(str, rows)), found)
    check("nothing is old", rows_of(region, "coordinator", "--older", "1") == [])
    check("nothing is late", "Geen verwijzingen over de norm. De volgende verloopt op" in
          region.run("coordinator", "unanswered", "ls", "--overdue"))
    check("filters without rows say so", "Geen resultaten voor 2 filters." in
          region.run("coordinator", "unanswered", "ls", "--overdue", "--receiver", "94061234"))
    table = region.run("coordinator", "unanswered", "ls")
    check("the table", table.startswith("KENMERK") and "● binnen norm (" in table and
          "0 van 3 open verwijzingen zijn over de norm." in table, table)
    region.run("haven", "unanswered", "ls", "--party", "agb:06290713", code=4)


def exported(region):
    path = f"{region.folder}/lijst.csv"
    region.run("coordinator", "export", "unanswered", "--receiver", "94061234", "--out", path)
    check("says how many", ": 6 regels" in region.errors, region.errors)
    with open(path, "rb") as file:
        raw = file.read()
    check("for Dutch Excel", raw.startswith(b"\xef\xbb\xbfKenmerk;") and raw.count(b"\r\n") == raw.count(b"\n"), raw[:80])
    check("for its owner only", os.stat(path).st_mode & 0o777 == 0o600)
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig")), delimiter=";"))
    screen = rows_of(region, "coordinator", "--receiver", "94061234")
    check("the rows of the screen", [(row["Kenmerk"], row["Toezegging"], row["Normdatum"][:4]) for row in rows] ==
          [(row["kenmerk"], row["expectation"], row["norm_due"][:4]) for row in screen], rows)
    check("with who and when", {row["Geëxporteerd door"] for row in rows} == {"regio:utrecht/coordinator"} and
          all(row["Geëxporteerd op"].endswith("Z") for row in rows), rows[:1])
    region.run("coordinator", "export", "unanswered", "--out", path, code=1)
    as_json = json.loads(region.run("coordinator", "export", "unanswered", "--format", "json"))
    check("as JSON", as_json["unanswered"] == rows_of(region, "coordinator"), as_json)
    whole = list(csv.reader(io.StringIO(region.run("linde", "export", "referrals").lstrip("\ufeff")), delimiter=";"))
    check("referrals too", len(whole) == 4 and len({len(row) for row in whole}) == 1, whole)
    some = json.loads(region.run("linde", "export", "referrals", "--format", "json", "--receiver", "06290713"))
    listed = region.json("linde", "referral", "ls", "--receiver", "06290713")["referrals"]
    check("filtered as the list is", some["referrals"] == listed and len(listed) == 1, some)


def today():
    """As the command line and the statistics count days, wherever the machine stands."""
    return datetime.datetime.now(zoneinfo.ZoneInfo("Europe/Amsterdam")).strftime("%Y-%m-%d")


def counted(region):
    age = region.json("coordinator", "unanswered", "age")
    check("ages of dossiers", age["all"]["total"] == 3 and sum(line["total"] for line in age["lines"]) == 3, age)
    hidden = region.json("coordinator", "unanswered", "age", "--published")
    check("small groups are not published", hidden["all"]["total"] is None and hidden["all"]["suppressed"], hidden)
    stats = region.json("coordinator", "unanswered", "stats", "--expectation", "E2")["statistics"]
    everyone = [row for row in stats if row["debtor"] == "all"]
    check("promises kept", len(everyone) == 1 and everyone[0]["count"] == 3 and everyone[0]["within"] == 2 and
          everyone[0]["open"] == 1 and everyone[0]["within_permille"] == 1000, stats)
    month = today()[:7]
    monthly = region.json("coordinator", "unanswered", "stats", "--expectation", "E2", "--per-month", "--debtor",
                          "94061234")["statistics"]
    check("by month", [(row["month"], row["count"]) for row in monthly] == [(month, 2)], monthly)
    check("no month before", region.json("coordinator", "unanswered", "stats", "--month", "2025-01")["statistics"] == [])
    table = region.run("coordinator", "unanswered", "stats", "--published")
    check("a group that is left out shows no figure", "weggelaten" in table and "100%" not in table, table)


def acts(region, first, second, third):
    said = region.run("coordinator", "dossier", "remind", first, second, "--dry-run")
    check("a preview", "Je stuurt 2 herinneringen aan 1 aanbieder." in said and "kennisgeving afspraak" in said, said)
    said = region.run("coordinator", "dossier", "remind", first, second, code=2)
    check("more than one takes --yes", "Je stuurt 2 herinneringen" in said and "--yes" in region.errors, said)
    check("and nothing was sent", all(row["reminded"] is None for row in rows_of(region, "coordinator")))
    done = region.json("coordinator", "dossier", "remind", first, second, "--yes")
    check("both were reminded", (done["done"], done["skipped"], done["failed"]) == (2, 0, 0), done)
    reminder = region.json("haven", "inbox", "read", "--ack", first)
    check("whoever owes gets it", reminder.get("kind") == "REMINDER" and reminder["facts"]["expectation"] == "4", reminder)
    done = region.json("coordinator", "dossier", "remind", first, second, third, "--yes")
    check("not twice, and not into a mailbox that nobody empties",
          [row["result"] for row in done["dossiers"]] == ["skipped"] * 3, done)
    said = region.run("coordinator", "dossier", "remind", first, second, third, "--dry-run")
    check("the preview says so", "Je stuurt 0 herinneringen; 2 kregen er minder dan 48 uur geleden al een" in said and
          "bij 1 haalt niemand post op" in said, said)
    said = region.run("coordinator", "dossier", "remind", "--receiver", "94061234")
    check("filters remind of what is over its norm", said == "Je stuurt 0 herinneringen.\n", said)
    region.run("coordinator", "dossier", "remind", code=2)
    region.run("coordinator", "dossier", "remind", "SN-0000-0000", "--yes", code=2)
    region.run("kompas", "dossier", "remind", first, code=5)

    region.run("linde", "dossier", "snooze", first, "--until", "+14d", "--reason", "letter-promised")
    late = {row["expectation"]: row for row in rows_of(region, "linde") if row["kenmerk"] == first}
    check("what is due first is put off", late["E4"]["snoozed"] is not None and late["E7"]["snoozed"] is None, late)
    region.run("linde", "dossier", "snooze", first, "--until", "+200d", "--reason", "OTHER", code=6)
    region.run("linde", "dossier", "snooze", first, "--until", "+14d", code=2)
    region.run("coordinator", "dossier", "note", first, second, "--code", "called", "--yes")
    check("a note is told", "notitie: gebeld" in region.run("linde", "referral", "trace", first))
    region.run("linde", "dossier", "waive", second, "--expectation", "E4", code=2)
    region.run("linde", "dossier", "waive", second, "--expectation", "E4", "--reason", "NO_LONGER_NEEDED")
    check("waived", "E4" not in [row["expectation"] for row in rows_of(region, "linde") if row["kenmerk"] == second])
    region.run("linde", "dossier", "waive", second, "--expectation", "E4", "--reason", "NO_LONGER_NEEDED", code=6)
    region.run("haven", "dossier", "waive", second, "--expectation", "E7", "--reason", "OTHER", code=4)

    region.run("haven", "referral", "answer", second, "INTAKE_REPORT", "--key", "l-r", "--fact", "event_date=today",
               "--fact", "outcome=TREATMENT", *sum((["--section", f"{name}=x"] for name in (
                   "intake_date", "answer", "diagnosis", "indication", "plan", "start", "practitioner", "medication",
                   "bridging")), []))
    check("answered", "E6" not in [row["expectation"] for row in rows_of(region, "linde") if row["kenmerk"] == second])
    region.run("linde", "dossier", "incomplete", second, "--missing", "plan,telephone", code=2)
    region.run("linde", "dossier", "incomplete", second, "--missing", "plan")
    again = [row for row in rows_of(region, "linde") if row["kenmerk"] == second and row["expectation"] == "E6"]
    check("and open again", again and again[0]["standing"] == "INCOMPLETE", again)
    region.run("linde", "referral", "answer", second, "WAIVER", "--key", "l-w", code=2)
    check("one way to do it", "scharnier dossier waive" in region.errors, region.errors)


def kinds(region, first):
    consult = region.json("linde", "referral", "send", "--kind", "consult-request", "--key", "l-c", "--to", "06290713",
                          "--fact", "topic=MEDICATION", "--fact", "consult_form=DISCUSSION", "--section",
                          "question=Mag dit samen?")
    check("a consult opens a dossier", consult.get("kenmerk"), consult)
    notice = region.json("noordrand", "referral", "send", "--kind", "CARE_NOTICE", "--key", "l-n", "--to", "01054321")
    check("so does care without a referral", notice.get("kenmerk"), notice)
    region.run("linde", "referral", "send", "--kind", "ACCEPTANCE", "--key", "l-x", "--to", "06290713", code=2)
    region.run("linde", "referral", "answer", first, "CONSULT_REQUEST", "--key", "l-x", code=2)
    region.run("haven", "referral", "answer", first, "TRANSFER_NOTICE", "--key", "l-t", "--concerned", "06290713")


def chain(region):
    refused = region.refer("k-1", "94061234")
    region.run("haven", "inbox", "read", refused, "--ack")
    region.run("haven", "referral", "answer", refused, "REFUSAL", "--key", "k-2", "--fact", "refusal_reason=NO_CAPACITY")
    after = region.refer("k-3", "06290713", "--follows", refused)
    whole = region.json("linde", "referral", "trace", after, "--chain")
    check("a chain, oldest first", [row["kenmerk"] for row in whole["dossiers"]] == [refused, after], whole)
    check("from either end", region.json("linde", "referral", "trace", refused, "--chain") .get("schema") ==
          "scharnier.chain/1")
    check("each with what it awaits", "E2" in [row["expectation"] for row in whole["dossiers"][1]["awaited"]], whole)
    said = region.run("coordinator", "referral", "trace", after, "--chain")
    check("with its age and refusals", said.startswith("keten van 2 verwijzingen   dag 0   1 keer afgewezen"), said)
    check("a trace leads to it", f"--chain" in region.run("linde", "referral", "trace", after))


def reconciled(region):
    began = today()
    path = f"{region.folder}/passed.csv"
    sent = [region.json("kompas", "referral", "send", "--key", f"p-{i}", "--to", "94061234", "--section", "question=a",
                        "--section", "reason=b") for i in range(3)]
    region.run("haven", "inbox", "read", sent[0]["kenmerk"], "--ack")
    region.run("haven", "referral", "answer", sent[0]["kenmerk"], "ACCEPTANCE", "--key", "p-yes")
    got = region.json("kompas", "inbox", "read", "--ack")
    lines = [f"{row['message']};sent;{row['hash']}" for row in sent] + [f"{got['message']};received;{got['hash']}"]

    def ask(*words, code=0):
        with open(path, "w", encoding="utf-8") as file:
            file.write("message;role;hash\n" + "\n".join(lines) + "\n")
        return region.json("kompas", "reconcile", "--from", began, "--to", today(), path, *words, code=code)

    equal = ask()
    check("both know the same", equal["equal"] and equal["known"] == 4, equal)
    mine = lines.pop(1)
    other = ask(code=8)
    check("what the list lacks", [(row["finding"], row["message"]) for row in other["findings"]] ==
          [("MISSING_HERE", mine.split(";")[0])], other)
    lines.append("01932f6e-6c7a-7c3e-9a60-2f1d3b5a7c90;sent;")
    lines[0] = lines[0][:-2] + ("00" if not lines[0].endswith("00") else "11")
    other = ask(code=8)
    check("what the broker lacks, and what differs", sorted(row["finding"] for row in other["findings"]) ==
          ["HASH_DIFFERS", "MISSING_HERE", "MISSING_THERE"], other)


def partly(region, first):
    """Of two notes one is about a patient of another practice."""
    theirs = region.refer("l-4", "06290713", "--creditor", "01098765", "--copy", "01098765")
    part = region.json("linde", "dossier", "note", first, theirs, "--code", "CALLED", "--yes", code=8)
    check("partly done says so", [row["result"] for row in part["dossiers"]] == ["done", "failed"] and
          part["dossiers"][1]["why"] == "NOT_ALLOWED", part)
    region.run("linde", "dossier", "note", theirs, "--code", "CALLED", code=4)


def overdue(region, planted):
    """In the fast region: what is over its norm is reminded of by filter."""
    whole = region.json("coordinator", "unanswered", "ls", "--overdue", "--silence", "no-appointment")
    check("late is counted", whole["overdue"] >= 2 and whole["open"] >= whole["overdue"], whole)
    # The ladder reminds too, and 48 hours are a second here.
    for _ in range(20):
        done = region.json("coordinator", "dossier", "remind", "--silence", "no-appointment", "--yes")
        if done["done"] == 1:
            break
        time.sleep(0.3)
    check("and reminded of", [(row["kenmerk"], row["result"]) for row in done["dossiers"]] ==
          [(planted["NO_APPOINTMENT"], "done")], done)
    region.run("coordinator", "check", "loop", "--crit", "1%", code=2)
    said = region.run("coordinator", "check", "loop", "--warn", "1%", "--format", "nagios", code=1)
    check("the loop is not closed", said.startswith("WARNING: ") and "overdue_ratio=" in said, said)
