"""What the demo plants: forty referrals, day by day, and what stays away on each."""

END_DAY = 85          # when the coordinator looks
HAVEN_STOPS = 62      # Praktijk Haven stops collecting: its EPD is being replaced

# What a receiver (or, marked *, the practice) does, in days after the referral. A second number is the date that
# the message states, also in days after the referral; a word is a code, or a section that the letter lacks.
ACCEPTED = [(2, "ACCEPTANCE", 12), (4, "APPOINTMENT", 10)]
REPORTED = ACCEPTED + [(12, "INTAKE_REPORT", 10)]
STARTED = REPORTED + [(20, "TREATMENT_START", 20)]
REFUSED = [(2, "REFUSAL", "CAP")]
STORIES = {
    # All that is owed comes, or need not come.
    "well": STARTED + [(40, "TREATMENT_END", 40), (44, "DISCHARGE_LETTER", 40)],
    "in treatment": STARTED,
    "report late": ACCEPTED + [(20, "TREATMENT_START", 20), (34, "INTAKE_REPORT", 10)],
    "letter late": STARTED + [(30, "TREATMENT_END", 30), (52, "DISCHARGE_LETTER", 30)],
    "wait announced": [(2, "ACCEPTANCE", 20), (24, "WAIT_STATUS", 45), (44, "APPOINTMENT", 47),
                       (49, "INTAKE_REPORT", 47), (55, "TREATMENT_START", 55)],
    "no-show, new date": ACCEPTED + [(10.4, "NO_SHOW", 10), (13, "APPOINTMENT", 17), (19, "INTAKE_REPORT", 17),
                                     (28, "TREATMENT_START", 28)],
    "patient objects": ACCEPTED + [(13, "NO_REPORT", "6"), (20, "TREATMENT_START", 20)],
    "refused, taken up": REFUSED + [(4, "*TAKEN_UP", "CONTACT")],
    "refused, referred on": REFUSED,                       # a row of its own follows it
    "no treatment, taken up": ACCEPTED + [(12, "INTAKE_REPORT", 10, "GEEN"), (14, "*TAKEN_UP", "EIGEN")],
    "system refuses, taken up": [(2, "*TAKEN_UP", "CONTACT")],
    "expired, taken up": [(32, "*TAKEN_UP", "CONTACT")],
    "withdrawn": [(3, "*WITHDRAWAL", None)],
    # Something stays away.
    "wijkteam accepts, no result": [(3, "ACCEPTANCE", None)],
    "never collected": [],
    "never decided": [],
    "no appointment": [(3, "ACCEPTANCE", 16)],
    "no-show, nothing after": ACCEPTED + [(10.4, "NO_SHOW", 10)],
    "no report": ACCEPTED + [(20, "TREATMENT_START", 20)],
    "start not known": [(1, "ACCEPTANCE", 5), (2, "APPOINTMENT", 5), (8, "INTAKE_REPORT", 5)],
    "no letter": STARTED + [(30, "TREATMENT_END", 30)],
    "report incomplete": ACCEPTED + [(12, "INTAKE_REPORT", 10, "BEH", "PLAN"), (20, "TREATMENT_START", 20)],
    "refused, not taken up": REFUSED,
    "expired, not taken up": [],
}

# What the coordinator must find, by the story; every other story must leave nothing.
SILENCE = {
    "never collected": "NOT_COLLECTED",
    "never decided": "NOT_DECIDED",
    "no appointment": "NO_APPOINTMENT",
    "no-show, nothing after": "NO_APPOINTMENT",
    "no report": "NO_INTAKE_REPORT",
    "start not known": "NOT_STARTED",
    "no letter": "NO_DISCHARGE_LETTER",
    "report incomplete": "INCOMPLETE",
    "wijkteam accepts, no result": "NO_TEAM_RESULT",
    "refused, not taken up": "NOT_TAKEN_UP",
    "expired, not taken up": "NOT_TAKEN_UP",
}
LATE = {"report late": "E6", "letter late": "E9"}

# Day, practice, receiver, story, shape of the message, urgency. A shape "POH" is a referral that the POH-GGZ
# sends with scharnier(1); "FOLLOWS" one that the practice sends after the refusal in the row before it.
PLAN = [
    (0, "linde", "angst", "well", "REF", "R"),
    (0, "kompas", "haven", "well", "ORM", "R"),
    (0, "linde", "trauma", "well", "OML", "R"),
    (0, "kompas", "angst", "start not known", "ORU", "R"),
    (1, "linde", "haven", "start not known", "ORM", "R"),
    (1, "kompas", "trauma", "start not known", "OML", "T"),
    (2, "linde", "angst", "report late", "REF", "R"),
    (2, "kompas", "haven", "letter late", "ORM", "R"),
    (3, "linde", "zuid", "wijkteam accepts, no result", "REF", "R"),
    (3, "kompas", "zuid", "expired, taken up", "REF", "R"),
    (3, "linde", "angst", "refused, taken up", "ORU", "R"),
    (4, "linde", "haven", "refused, not taken up", "ORM", "R"),
    (4, "linde", "trauma", "refused, not taken up", "OML", "R"),
    (7, "kompas", "angst", "never decided", "REF", "T"),
    (7, "linde", "haven", "never decided", "ORM", "R"),
    (8, "linde", "zuid", "never decided", "REF", "R"),
    (8, "kompas", "zuid", "expired, not taken up", "REF", "R"),
    (9, "linde", "angst", "no appointment", "ORU", "R"),
    (9, "kompas", "haven", "no appointment", "ORM", "R"),
    (10, "linde", "trauma", "no appointment", "OML", "R"),
    (10, "kompas", "angst", "no-show, nothing after", "REF", "R"),
    (11, "linde", "angst", "no report", "REF", "R"),
    (14, "kompas", "haven", "no report", "ORM", "R"),
    (15, "kompas", "angst", "no letter", "ORU", "R"),
    (15, "linde", "haven", "no letter", "ORM", "R"),
    (16, "linde", "trauma", "no report", "OML", "T"),
    (17, "linde", "angst", "report incomplete", "REF", "R"),
    (18, "kompas", "haven", "report incomplete", "ORM", "R"),
    (21, "linde", "angst", "wait announced", "REF", "R"),
    (21, "kompas", "haven", "no-show, new date", "ORM", "R"),
    (22, "linde", "trauma", "withdrawn", "OML", "R"),
    (22, "kompas", "angst", "patient objects", "ORU", "R"),
    (23, "kompas", "angst", "system refuses, taken up", "REF", "R"),
    (24, "linde", "haven", "no treatment, taken up", "ORM", "R"),
    (28, "linde", "zuid", "wijkteam accepts, no result", "POH", "R"),
    (29, "kompas", "angst", "refused, referred on", "ORU", "R"),
    (32, "kompas", "haven", "in treatment", "FOLLOWS", "R"),
    (63, "linde", "haven", "never collected", "ORM", "R"),
    (64, "kompas", "haven", "never collected", "ORM", "R"),
    (66, "linde", "haven", "never collected", "ORM", "R"),
]

SILENCES = [
    ("NOT_COLLECTED", "niet opgehaald"),
    ("NOT_DECIDED", "opgehaald, niet beslist"),
    ("NO_APPOINTMENT", "beslist, geen afspraak"),
    ("NO_INTAKE_REPORT", "intake (verondersteld), geen bericht"),
    ("NOT_STARTED", "start behandeling niet bekend"),
    ("NO_DISCHARGE_LETTER", "behandeling beëindigd, geen brief"),
    ("INCOMPLETE", "brief onvolledig"),
    ("NO_TEAM_RESULT", "geen resultaat van het wijkteam"),
    ("NOT_TAKEN_UP", "afgewezen of terug, niet opgepakt"),
]
assert len(PLAN) == 40
