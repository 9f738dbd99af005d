#!/usr/bin/env python3
"""Compares the core's calendar with an independent one: zoneinfo, dateutil's Easter and plain counting.

    norm_due.py DUE_BATCH [--break]

Every day from 2025-01-01 to 2040-12-31 at several times of day, in every unit and several terms; and every day of
2000-2099 once, counted to the next working day, which shows every holiday. --break moves one holiday of the
oracle, so that one can see this test fail.
"""
import subprocess
import sys
from datetime import date, datetime, time, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

from dateutil.easter import easter

ZONE = ZoneInfo("Europe/Amsterdam")
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
DAY = timedelta(days=1)
BREAK = "--break" in sys.argv[2:]


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
def next_working_day(day):
    day += DAY
    while day.weekday() >= 5 or day in holidays(day.year):
        day += DAY
    return day


def to_ms(moment):
    return (moment - EPOCH) // timedelta(milliseconds=1)


@lru_cache(maxsize=None)
def start_of(day):
    return to_ms(datetime.combine(day, time(0), ZONE))


@lru_cache(maxsize=None)
def due_of_day(day, term, unit):
    if unit == "weeks":
        day += 7 * term * DAY
    elif unit == "days":
        day += term * DAY
    else:
        for _ in range(term):
            day = next_working_day(day)
    return start_of(day + DAY)


def due(from_ms, term, unit):
    if unit == "hours":
        return from_ms + term * 3600000
    local = (EPOCH + timedelta(milliseconds=from_ms)).astimezone(ZONE).date()
    return due_of_day(local, term, unit)


def cases():
    terms = [(1, "hours"), (24, "hours"), (0, "working_days"), (1, "working_days"), (3, "working_days"),
             (5, "working_days"), (10, "working_days"), (4, "weeks"), (14, "weeks"), (60, "days"), (365, "days")]
    # Around local midnight in winter and summer, around the change of clocks, and in office hours.
    times = [time(0), time(0, 59, 59, 999000), time(1), time(9, 30), time(21, 59, 59, 999000), time(22),
             time(22, 59, 59, 999000), time(23), time(23, 59, 59, 999000)]
    day = date(2025, 1, 1)
    while day <= date(2040, 12, 31):
        for at in times:
            from_ms = to_ms(datetime.combine(day, at, timezone.utc))
            for term, unit in terms:
                yield from_ms, term, unit
        day += DAY
    day = date(2000, 1, 2)
    while day <= date(2099, 11, 30):
        yield to_ms(datetime.combine(day, time(12), timezone.utc)), 1, "working_days"
        day += DAY


def main():
    asked = list(cases())
    text = "".join(f"{from_ms} {term} {unit}\n" for from_ms, term, unit in asked)
    run = subprocess.run([sys.argv[1]], input=text, stdout=subprocess.PIPE, text=True, check=True)
    answers = run.stdout.splitlines()
    if len(answers) != len(asked):
        sys.exit(f"norm_due: {len(asked)} questions, {len(answers)} answers")
    wrong = 0
    for case, answer in zip(asked, answers):
        expected = due(*case)
        if int(answer) != expected:
            wrong += 1
            if wrong <= 5:
                moment = EPOCH + timedelta(milliseconds=case[0])
                print(f"norm_due: {moment.isoformat()} + {case[1]} {case[2]}: core {answer}, oracle {expected}",
                      file=sys.stderr)
    if wrong:
        sys.exit(f"norm_due: {wrong} of {len(asked)} differ")
    print(f"norm_due: {len(asked)} dues agree")
    print("1 passed, 0 failed")


if __name__ == "__main__":
    main()
