"""HL7v2 messages from the templates in adapters/examples: dates, numbers and patient filled in."""
import os

import mllp
from region import EXAMPLES

REFERRALS = {"REF": "REF-I12.hl7", "ORU": "ORU-R01.hl7", "ORM": "ORM-O01.hl7", "OML": "OML-O21.hl7"}
WIJKTEAM_SECTIONS = ("VRAAG", "REDEN", "TOESTEMMING", "OVERBRUGGING")


def stamp(moment):
    return moment.strftime("%Y%m%d%H%M%S+0000")


def day(moment):
    return moment.strftime("%Y%m%d")


def bsn(number):
    """The number-th valid BSN of the range that is reserved for tests."""
    found, value = -1, 999990000
    while found < number:
        value += 1
        digits = [int(digit) for digit in str(value)]
        weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
        found += sum(a * b for a, b in zip(digits, weights)) % 11 == 0
    return str(value)


class Template:
    """A template whose fields can be set; everything else stays as it is in the file."""

    def __init__(self, raw):
        self.message = mllp.Message(raw)
        self.lines = list(self.message.segments)

    def set(self, segment, field, value, component=1):
        """Sets a component of every segment of that name."""
        for index, line in enumerate(self.lines):
            fields = line.split("|")
            if fields[0] != segment:
                continue
            place = field - 1 if segment == "MSH" else field
            fields += [""] * (place + 1 - len(fields))
            components = fields[place].split("^")
            components += [""] * (component - len(components))
            components[component - 1] = value
            fields[place] = "^".join(components)
            self.lines[index] = "|".join(fields)
        return self

    def replace(self, old, new):
        self.lines = [line.replace(old, new) for line in self.lines]
        return self

    def keep(self, segment, test):
        """Leaves out the segments of that name for which test(fields) is false."""
        self.lines = [line for line in self.lines
                      if line.split("|")[0] != segment or test(line.split("|"))]
        return self

    def whole(self, segment, text):
        """Puts text in the place of a whole segment."""
        self.lines = [text if line.split("|")[0] == segment else line for line in self.lines]
        return self

    def add(self, line):
        self.lines.append(line)
        return self

    def bytes(self):
        return ("\r".join(self.lines) + "\r").encode("latin-1")


def _begin(name, control, now, practice=None, patient=None):
    with open(os.path.join(EXAMPLES, name), "rb") as file:
        letter = Template(file.read())
    letter.set("MSH", 7, stamp(now)).set("MSH", 10, control)
    if practice:
        letter.replace("01054321", practice).replace("01098765", practice)
    if patient is not None:
        letter.set("PID", 3, bsn(patient))
    return letter


# ---- what a HIS sends --------------------------------------------------------------------------------


def referral(shape, order, now, practice, receiver, patient, urgency="R"):
    """A referral of a practice; receiver is the code that the HIS uses for a department or an organisation."""
    letter = _begin(REFERRALS[shape], "HIS-" + order, now, practice, patient)
    letter.replace(letter.message.order, order).replace("GGZANGST", receiver).replace("GGZTRAUMA", receiver)
    letter.replace("|BGGZ^", "|%s^" % receiver)
    letter.set("RF1", 2, urgency).set("RF1", 7, day(now)).set("ORC", 9, stamp(now)).set("OBR", 7, stamp(now))
    if shape in ("ORU", "ORM"):
        letter.set("OBR", 5, urgency)
    letter.set("TQ1", 9, urgency)
    if receiver.startswith("WIJK"):
        letter.keep("OBX", lambda fields: fields[3].split("^")[0] in WIJKTEAM_SECTIONS)
        letter.add("OBX|9|CE|TOEST^Toestemming^L||J^Ja^L||||||F")
    return letter.bytes()


def withdrawal(order, now, practice, patient):
    letter = _begin("REF-I14.hl7", "HIS-W-" + order, now, practice, patient)
    return letter.replace("ORD-REF-0001", order).bytes()


def taken_up(order, now, practice, patient, code="CONTACT"):
    """The practice took up a patient who was refused or sent back."""
    letter = _begin("OSU-O51.hl7", "HIS-T-" + order, now, None, patient)
    letter.set("MSH", 3, "HIS").set("MSH", 4, practice)
    letter.set("ORC", 2, order).set("ORC", 5, "A").set("ORC", 15, "").set("ORC", 16, code)
    return letter.set("ORC", 9, stamp(now)).bytes()


# ---- what an EPD answers -----------------------------------------------------------------------------


def _answer(name, order, step, now, provider, patient):
    letter = _begin(name, "EPD-%s-%s" % (order, step), now, None, patient).replace("06290713", provider)
    return letter.set("RF1", 6, order).set("SCH", 1, order).set("TXA", 14, order).set("ORC", 2, order)


def answer(kind, order, step, now, provider, patient, date=None, code=None, leave_out=()):
    """An answer of an EPD: kind is the name in DOMAIN; date its clinical or expected date."""
    def begin(name):
        return _answer(name, order, step, now, provider, patient)
    if kind == "ACCEPTANCE":
        letter = begin("RRI-I12.hl7").set("RF1", 8, day(date) if date else "")
    elif kind == "REFUSAL":
        letter = begin("RRI-I12-afwijzing.hl7").set("RF1", 10, code or "CAP")
    elif kind in ("APPOINTMENT", "NO_SHOW"):
        letter = begin("SIU-S12.hl7" if kind == "APPOINTMENT" else "SIU-S26.hl7")
        for segment, field, component in (("TQ1", 7, 1), ("SCH", 11, 4), ("SCH", 11, 5), ("AIS", 4, 1)):
            letter.set(segment, field, stamp(date), component)
    elif kind == "INTAKE_REPORT":
        letter = begin("MDM-T02.hl7").set("TXA", 4, day(date))
        letter.keep("OBX", lambda fields: fields[3].split("^")[0] not in leave_out)
        if code:
            letter.replace("BEH^Behandeling", code + "^" + code)
    elif kind == "WAIT_STATUS":
        letter = begin("OSU-O51-wacht.hl7").set("ORC", 9, stamp(now)).set("ORC", 27, day(date))
    elif kind == "TREATMENT_START":
        letter = begin("OSU-O51.hl7").set("ORC", 9, stamp(now)).set("ORC", 15, day(date))
    elif kind == "TREATMENT_END":
        letter = begin("OSU-O51-einde.hl7").set("ORC", 9, stamp(now)).set("ORC", 15, day(date))
    elif kind == "NO_REPORT":
        letter = begin("MDM-T02.hl7").set("TXA", 2, "GEENBERICHT").set("TXA", 4, "").keep("OBX", lambda fields: False)
        letter.add("OBX|1|CE|VERWACHTING^Verwachting^L||%s||||||F" % (code or "6"))
    else:
        letter = begin("MDM-T02-ontslag.hl7").set("TXA", 4, day(date))
        letter.keep("OBX", lambda fields: fields[3].split("^")[0] not in leave_out)
    return letter.bytes()


def by_kenmerk(raw, kenmerk):
    """The same answer to a referral whose order number the EPD does not have."""
    letter = Template(raw)
    for segment, order, place in (("RF1", 6, 11), ("SCH", 1, 2), ("TXA", 14, 15), ("ORC", 2, 3)):
        letter.set(segment, order, "").set(segment, place, kenmerk)
    return letter.bytes()
