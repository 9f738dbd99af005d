#!/usr/bin/env python3
"""Compares what terms come to with an independent calendar: zoneinfo, dateutil's Easter and plain counting.

    norm_due.py DUE_BATCH [SCHARNIER] [--break]

Every day from 2025-01-01 to 2040-12-31:
- at several times of day, in every unit and several terms;
- for every promise and variant of nl.ini, nationally, in a region with days of its own, for a provider with a term of its
  own, and where a promise is switched off; its reminder too;
and every day of 2000-2099 once, counted to the next working day, which shows every holiday. SCHARNIER is the command line:
what `norm due` says of days around Christmas, Easter, Koningsdag, Ascension, changes of summer time and leap days, and
one day of each month. --break moves one holiday of the oracle, so that one can see this test fail.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

from dateutil.easter import easter

ROOT = pathlib.Path(__file__).resolve().parents[2]
ZONE = ZoneInfo("Europe/Amsterdam")
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
DAY = timedelta(days=1)
BREAK = "--break" in sys.argv[2:]

# DOMAIN's defaults, written once more: promise -> (term, unit).
NATIONAL = {
    "E1": (1, "working_days"), "E1.urgent": (1, "hours"), "E2": (5, "working_days"), "E3": (24, "hours"),
    "E4": (4, "weeks"), "E5": (10, "working_days"), "E6": (10, "working_days"), "E7": (14, "weeks"),
    "E7.after_intake": (10, "weeks"), "E8": (365, "days"), "E9": (10, "working_days"), "E9.clinical": (24, "hours"),
    "E10": (3, "working_days"), "E11": (5, "working_days"), "E12": (6, "weeks"), "E13": (3, "weeks"),
    "E14": (5, "working_days"), "E15": (60, "days"),
}
# A region with days off of its own and two national ones that it works; a term of its own; one promise switched off.
UTRECHT_ADDS = [date(2026, 10, 2), date(2027, 3, 25), date(2028, 12, 27), date(2033, 5, 6)]
UTRECHT_DROPS = [date(2026, 5, 5), date(2027, 3, 26), date(2031, 5, 5)]
PROVIDER = "agb:06290713"
REGIONAL = """
[E4 region utrecht]
term = 3
unit = weeks
source = an agreement of the region
since = 2027-07-01

[E6 provider agb:06290713]
term = 5
unit = working_days
source = an agreement with this provider
since = 2020-01-01

[E13 region utrecht]
term = 3
unit = weeks
enabled = no
source = not counted here
since = 2020-01-01
"""


def norms_text():
    days = f"\n[calendar utrecht]\nadd = {', '.join(map(str, UTRECHT_ADDS))}\ndrop = {', '.join(map(str, UTRECHT_DROPS))}\n"
    return (ROOT / "adapters/norms/nl.ini").read_text(encoding="utf-8") + REGIONAL + days


def term_of(promise, region, provider, day):
    """(term, unit), provider over region over nation; None: switched off."""
    if promise == "E6" and provider != "-" and provider.split("/")[0] == PROVIDER:
        return 5, "working_days"
    if region == "utrecht" and promise == "E13":
        return None
    if region == "utrecht" and promise == "E4" and day >= date(2027, 7, 1):
        return 3, "weeks"
    return NATIONAL[promise]


# ---- the oracle ----------------------------------------------------------------------------------


@lru_cache(maxsize=None)
def holidays(year):
    """Algemene termijnenwet, article 3."""
    sunday = easter(year)
    kings_day = date(year, 4, 27)
    if kings_day.weekday() == 6:
        kings_day -= DAY
    return {
        date(year, 1, 1), sunday - 2 * DAY, sunday + DAY, kings_day, date(year, 5, 6 if BREAK else 5),
        sunday + 39 * DAY, sunday + 50 * DAY, date(year, 12, 25), date(year, 12, 26),
    }


@lru_cache(maxsize=None)
def works(day, region):
    if region == "utrecht" and day in UTRECHT_ADDS:
        return False
    if day.weekday() >= 5:
        return False
    return day not in holidays(day.year) or (region == "utrecht" and day in UTRECHT_DROPS)


@lru_cache(maxsize=None)
def next_working_day(day, region):
    day += DAY
    while not works(day, region):
        day += DAY
    return day


def to_ms(moment):
    return (moment - EPOCH) // timedelta(milliseconds=1)


@lru_cache(maxsize=None)
def start_of(day):
    return to_ms(datetime.combine(day, time(0), ZONE))


@lru_cache(maxsize=None)
def due_of_day(day, term, unit, region="-"):
    if unit == "weeks":
        day += 7 * term * DAY
    elif unit == "days":
        day += term * DAY
    else:
        for _ in range(term):
            day = next_working_day(day, region)
    return start_of(day + DAY)


@lru_cache(maxsize=64)
def local_day(from_ms):
    return (EPOCH + timedelta(milliseconds=from_ms)).astimezone(ZONE).date()


def due(from_ms, term, unit, region="-"):
    if unit == "hours":
        return from_ms + term * 3600000
    return due_of_day(local_day(from_ms), term, unit, region)


def due_and_reminder(from_ms, promise, region, provider):
    found = term_of(promise, region, provider, local_day(from_ms))
    if found is None:
        return "none"
    term, unit = found
    short = term < (24 if unit == "hours" else 3)
    reminder = 0 if short else due(from_ms, term * 8 // 10, unit, region)
    return f"{due(from_ms, term, unit, region)} {reminder}"


# ---- questions -----------------------------------------------------------------------------------


def every_day():
    day = date(2025, 1, 1)
    while day <= date(2040, 12, 31):
        yield day
        day += DAY


def calendar_cases():
    terms = [(1, "hours"), (24, "hours"), (0, "working_days"), (1, "working_days"), (3, "working_days"),
             (5, "working_days"), (10, "working_days"), (4, "weeks"), (14, "weeks"), (60, "days"), (365, "days")]
    # Around local midnight in winter and summer, around the change of clocks, and in office hours.
    times = [time(0), time(0, 59, 59, 999000), time(1), time(9, 30), time(21, 59, 59, 999000), time(22),
             time(22, 59, 59, 999000), time(23), time(23, 59, 59, 999000)]
    for day in every_day():
        for at in times:
            from_ms = to_ms(datetime.combine(day, at, timezone.utc))
            for term, unit in terms:
                yield f"{from_ms} {term} {unit}", str(due(from_ms, term, unit))
    day = date(2000, 1, 2)
    while day <= date(2099, 11, 30):
        from_ms = to_ms(datetime.combine(day, time(12), timezone.utc))
        yield f"{from_ms} 1 working_days", str(due(from_ms, 1, "working_days"))
        day += DAY


def norm_cases():
    places = [("-", "-"), ("utrecht", "-"), ("utrecht", PROVIDER + "/angst")]
    for day in every_day():
        # An office hour, and the last minute of the local day.
        for at in (time(9, 30), time(23, 59)):
            from_ms = to_ms(datetime.combine(day, at, ZONE))
            for region, provider in places:
                for promise in NATIONAL:
                    yield (f"{from_ms} {promise} {region} {provider}",
                           due_and_reminder(from_ms, promise, region, provider))


def compare(batch, norms, cases):
    asked = list(cases)
    text = "".join(question + "\n" for question, _ in asked)
    run = subprocess.run([batch, norms], input=text, stdout=subprocess.PIPE, text=True, check=True)
    answers = run.stdout.splitlines()
    if len(answers) != len(asked):
        sys.exit(f"norm_due: {len(asked)} questions, {len(answers)} answers")
    wrong = [(question, expected, answer) for (question, expected), answer in zip(asked, answers) if expected != answer]
    for question, expected, answer in wrong[:5]:
        moment = (EPOCH + timedelta(milliseconds=int(question.split()[0]))).isoformat()
        print(f"norm_due: {moment}, {question.split(' ', 1)[1]}: core {answer}, oracle {expected}", file=sys.stderr)
    if wrong:
        sys.exit(f"norm_due: {len(wrong)} of {len(asked)} differ")
    return len(asked)


# ---- the command line ----------------------------------------------------------------------------

# Around everything that a calendar can get wrong; local times. Of each month of 2025-2040 a day besides.
SPECIAL = [
    "2026-12-23T16:00", "2026-12-24T23:59", "2026-12-31T09:00", "2027-03-24", "2027-03-24T18:00", "2027-03-25T09:00",
    "2027-03-28T01:59", "2027-03-28T03:00", "2026-10-25T00:30", "2026-10-25T12:00", "2031-04-25T09:00",
    "2031-04-26T09:00", "2025-04-25T09:00", "2036-04-25T10:00", "2027-04-26T09:00", "2027-05-04T09:00",
    "2027-05-05T09:00", "2027-05-13T09:00", "2033-05-05T09:00", "2028-02-28T09:00", "2028-02-29T09:00",
    "2027-02-28T09:00", "2040-12-31T23:59", "2028-12-22T09:00",
]


def moments():
    for text in SPECIAL:
        yield datetime.fromisoformat(text).replace(tzinfo=ZONE)
    for year in range(2025, 2041):
        for month in range(1, 13):
            yield datetime(year, month, 1 + (year * 7 + month * 3) % 28, 9, 30, tzinfo=ZONE)


# As people read it: the first line of the answer, from the nation's norms.
READ = {
    "E2 --from 2026-12-23T16:00+01:00 --region utrecht":
        "E2  due 2026-12-31T23:00:00Z: in time until the end of Thursday 31 December 2026",
    "E6 --from 2027-03-24":
        "E6  due 2027-04-09T22:00:00Z: in time until the end of Friday 9 April 2027",
    "E10 --from 2031-04-25":
        "E10  due 2031-04-30T22:00:00Z: in time until the end of Wednesday 30 April 2031",
    "E9.clinical --from 2027-03-27T12:00":
        "E9.clinical  due 2027-03-28T11:00:00Z: in time before that moment on Sunday 28 March 2027",
    "E8 --from 2027-02-28":
        "E8  due 2028-02-28T23:00:00Z: in time until the end of Monday 28 February 2028",
}


def zulu(text):
    return to_ms(datetime.fromisoformat(text.replace("Z", "+00:00")))


def ask(binary, norms, moment, promise, region):
    words = [binary, "norm", "due", promise, "--from", moment.isoformat(timespec="minutes"), "--json", "--norms", norms]
    if region != "-":
        words += ["--region", region]
    done = subprocess.run(words, capture_output=True, text=True, timeout=30,
                          env={"PATH": os.environ["PATH"], "TZ": "Pacific/Auckland", "LC_ALL": "C.UTF-8"})
    if done.returncode == 5:
        return "none"
    if done.returncode != 0:
        return f"exit {done.returncode}: {done.stderr.strip()}"
    said = json.loads(done.stdout)
    day = local_day(zulu(said["due"]) - 1).isoformat()
    if said["day"] != day:
        return f"day {said['day']}, due {said['due']}"
    return f"{zulu(said['due'])} {zulu(said['reminder']) if said['reminder'] else 0}"


def command_line(binary, norms):
    promises = list(NATIONAL)
    national = str(ROOT / "adapters/norms/nl.ini")
    for words, expected in READ.items():
        done = subprocess.run([binary, "norm", "due", *words.split(), "--norms", national], capture_output=True,
                              text=True, timeout=30, env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"})
        if done.stdout.split("\n")[0] != expected:
            sys.exit(f"norm_due: scharnier norm due {words}: said {done.stdout}{done.stderr}, expected {expected}")
    questions = [(moment, promises[(i + k) % len(promises)], "utrecht" if (i + k) % 2 else "-")
                 for i, moment in enumerate(moments()) for k in range(4 if i < len(SPECIAL) else 1)]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda question: ask(binary, norms, *question), questions))
    wrong = 0
    for (moment, promise, region), answer in zip(questions, answers):
        expected = due_and_reminder(to_ms(moment), promise, region, "-")
        if answer != expected:
            wrong += 1
            print(f"norm_due: scharnier norm due {promise} --from {moment.isoformat(timespec='minutes')} "
                  f"--region {region}: said {answer}, oracle {expected}", file=sys.stderr)
    if wrong:
        sys.exit(f"norm_due: {wrong} of {len(questions)} answers of the command line differ")
    return len(questions) + len(READ)


def main():
    arguments = [word for word in sys.argv[1:] if word != "--break"]
    with tempfile.TemporaryDirectory() as folder:
        norms = os.path.join(folder, "norms.ini")
        pathlib.Path(norms).write_text(norms_text(), encoding="utf-8")
        calendar = compare(arguments[0], norms, calendar_cases())
        by_norm = compare(arguments[0], norms, norm_cases())
        said = command_line(os.path.abspath(arguments[1]), norms) if len(arguments) > 1 else 0
    print(f"norm_due: {calendar} terms, {by_norm} promises and {said} answers of the command line agree")
    print("1 passed, 0 failed")


if __name__ == "__main__":
    main()
