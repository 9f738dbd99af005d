"""The operator's commands: queues, norms and checks, against the broker of `scharnier dev`."""
import os
import signal

from cli_region import check


def operator(region):
    store = ("--store", f"{region.folder}/store")
    check("nothing waits", region.json("linde", "queue", "ls", *store)["mailboxes"] == [])
    kenmerk = region.refer("o-1", "06290713/angst")
    queues(region, store, kenmerk)
    norms(region, store)
    checks(region, store)


def queues(region, store, kenmerk):
    angst = "agb:06290713/angst"
    rows = region.json("linde", "queue", "ls", *store)["mailboxes"]
    check("a mailbox with one message", [(row["mailbox"], row["waiting"]) for row in rows] == [(angst, 1)], rows)
    peeked = region.json("linde", "queue", "peek", "06290713/angst", *store)["messages"]
    check("what waits, by kind and kenmerk", [(row["kind"], row["kenmerk"], row["state"]) for row in peeked] ==
          [("REFERRAL", kenmerk, "waiting")], peeked)
    check("none of its content", set(peeked[0]) == {"message", "kenmerk", "kind", "sender", "stored", "size", "sequence",
                                                    "state", "tries", "until_seconds"}, peeked)
    region.run("linde", "queue", "hold", angst, *store)
    region.run("noordrand", "inbox", "read", kenmerk, "--timeout", "1s", code=7)
    region.stop(signal.SIGTERM)
    region.start()
    check("held over a restart", region.json("linde", "queue", "ls", *store)["mailboxes"][0]["held"] is True)
    region.run("noordrand", "inbox", "read", kenmerk, "--timeout", "1s", code=7)
    region.run("linde", "queue", "release", angst, *store)
    check("released", kenmerk in region.run("noordrand", "inbox", "read", kenmerk))
    check("nothing backs off", region.json("linde", "queue", "retry", angst, *store)["retried"] == 0)
    region.run("linde", "queue", "peek", "nobody", *store, code=6)
    region.run("linde", "queue", "ls", "--store", f"{region.folder}/keys", code=3)


def norms(region, store):
    current, fresh = f"{region.folder}/norms.ini", f"{region.folder}/next.ini"
    with open(current, encoding="utf-8") as file:
        text = file.read()

    def write(version, term):
        with open(fresh, "w", encoding="utf-8") as file:
            head, _, tail = text.partition("[E2]\n")
            file.write(head.replace("version = 1", f"version = {version}") + "[E2]\n" +
                       tail.replace("term = 5", f"term = {term}", 1))

    write(1, 1)
    region.run("linde", "norm", "load", fresh, *store, code=6)
    write(2, "one")
    region.run("linde", "norm", "check", fresh, code=6)
    region.run("linde", "norm", "load", fresh, *store, code=6)
    write(2, 1)
    region.run("linde", "norm", "check", fresh)
    diff = region.json("linde", "norm", "diff", fresh, "--norms", current)
    check("one row differs", [(row["change"], row["expectation"], row["after"]["term"]) for row in diff["rows"]] ==
          [("changed", "E2", 1)], diff)
    check("and one open promise would be due earlier", (diff["effect"]["earlier"], diff["effect"]["later"],
                                                         diff["effect"]["over_then"]) == (1, 0, 0), diff["effect"])
    check("but keeps its norm", "keep the norm that they were opened under" in
          region.run("linde", "norm", "diff", fresh, "--norms", current))
    region.run("linde", "norm", "load", fresh, *store, "--dry-run")
    with open(current, encoding="utf-8") as file:
        check("a dry run loads nothing", file.read() == text)
    region.run("linde", "norm", "load", fresh, *store)
    with open(current + ".previous", encoding="utf-8") as file:
        check("the former norms are kept", file.read() == text)
    check("nothing else is left", not os.path.exists(current + ".new"))
    old = {row["expectation"]: row["norm"] for row in region.json("linde", "unanswered", "ls")["unanswered"]}
    check("an open promise keeps its norm", old["E2"]["version"] == 1 and old["E2"]["term"] == 5, old)
    later = region.refer("o-2", "06290713")
    new = {row["expectation"]: row["norm"] for row in region.json("linde", "unanswered", "ls")["unanswered"]
           if row["kenmerk"] == later}
    check("a new one has the new", new["E2"]["version"] == 2 and new["E2"]["term"] == 1, new)
    # The broker's own configuration is broken: it refuses to reload, and the former norms come back.
    write(3, 2)
    with open(f"{region.folder}/scharnierd.conf", encoding="utf-8") as file:
        conf = file.read()
    with open(f"{region.folder}/scharnierd.conf", "w", encoding="utf-8") as file:
        file.write(conf.replace("listen = tcp", "lisen = tcp"))
    region.run("linde", "norm", "load", fresh, *store, code=6)
    with open(current, encoding="utf-8") as file:
        check("what the broker does not take is put back", "version = 2" in file.read())
    with open(f"{region.folder}/scharnierd.conf", "w", encoding="utf-8") as file:
        file.write(conf)


def checks(region, store):
    said = region.run("linde", "check", "server")
    check("the server is there", said.startswith("OK  server: reachable in "), said)
    keys = region.json("linde", "check", "keys", "--warn", "30d", "--crit", "7d")
    check("keys hold", keys["state"] == "OK" and keys["schema"] == "scharnier.check/1" and keys["value"] > 86400, keys)
    region.run("linde", "check", "keys", "--warn", "800d", code=1)
    region.run("linde", "check", "queue", *store)
    region.run("linde", "check", "queue", *store, "--crit", "0", code=2)
    said = region.run("linde", "check", "store", *store, "--warn", "80%", "--format", "prometheus")
    check("for Prometheus", 'sch_check_state{check="store"} 0\n' in said and "sch_check_store_used_bytes " in said, said)
    region.run("linde", "check", "backup", *store, code=2)
    made = os.path.join(region.folder, "backup")
    region.broker("backup", "create", made)
    region.run("linde", "check", "backup", *store, "--warn", "26h")
    said = region.run("linde", "check", "loop", "--warn", "5%", "--crit", "10%", "--format", "nagios")
    check("the loop", said == "OK: 0% past norm (0 of 2) | overdue_ratio=0;0.05;0.1 overdue=0 open=2\n", said)
    region.stop()
    region.run("linde", "check", "server", "--timeout", "1s", code=2)
    region.run("linde", "check", "loop", "--timeout", "3s", code=3)
    region.run("linde", "check", "queue", *store, code=3)
