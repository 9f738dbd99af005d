/* lives_say.c: when people act, and how they say it. */
#include "lives_own.h"

#include <assert.h>
#include <string.h>

#define SECTIONS_INTAKE \
    (SCH_SECTION_INTAKE_DATE | SCH_SECTION_ANSWER | SCH_SECTION_DIAGNOSIS | SCH_SECTION_INDICATION | SCH_SECTION_PLAN | \
     SCH_SECTION_START | SCH_SECTION_PRACTITIONER)
#define SECTIONS_END \
    (SCH_SECTION_END | SCH_SECTION_DONE | SCH_SECTION_RESULT | SCH_SECTION_MEDICATION | SCH_SECTION_RESIDUAL_RISK | \
     SCH_SECTION_RELAPSE_SIGNALS | SCH_SECTION_AFTERCARE | SCH_SECTION_PHONE)

bool life_chance(struct life *life, unsigned permille)
{
    return sch_prng_chance(life->prng, permille);
}

int life_below(struct life *life, int limit)
{
    return (int)sch_prng_below(life->prng, (uint64_t)limit);
}

/* ---- time --------------------------------------------------------------------------------------- */

/* Nobody acts in the very minute in which something else happens to the dossier. */
static bool is_taken(const struct life *life, int64_t t)
{
    const struct ledger_dossier *dossier;

    if (t == almanac_start_of(almanac_day_of(t)))
        return true;                    /* nor at midnight, when most things fall due */
    if (life->d < 0)
        return false;
    dossier = &life->ledger->dossier[life->d];
    if (t == dossier->avoid_ms || t == dossier->avoid_reminder_ms)
        return true;
    for (int i = 0; i < dossier->later_count; i++)
        if (dossier->later[i].at_ms == t)
            return true;
    return false;
}

void life_settle_moment(struct life *life, int64_t t)
{
    if (t <= life->t)
        t = (life->t / ALMANAC_SLOT_MS + 1) * ALMANAC_SLOT_MS;
    t = ledger_awake(life->ledger, t);
    while (is_taken(life, t))
        t = ledger_awake(life->ledger, t + ALMANAC_SLOT_MS);
    life->t = t;
}

/* Office hours, lo to hi days from the last event. */
void life_after(struct life *life, int lo, int hi)
{
    int32_t day = almanac_day_of(life->t) + lo + life_below(life, hi - lo + 1);

    while (!almanac_works(&region_calendar, day))
        day++;
    life_settle_moment(life, almanac_start_of(day) + 8 * HOUR_MS + life_below(life, 60) * ALMANAC_SLOT_MS);
}

void life_after_hours(struct life *life, int lo, int hi)
{
    int64_t t = life->t + (lo + life_below(life, hi - lo + 1)) * HOUR_MS;

    life_settle_moment(life, t / ALMANAC_SLOT_MS * ALMANAC_SLOT_MS);
}

/* Whoever answers has read the message first. False: he never does. */
bool life_read_by(struct life *life, int32_t message, int party)
{
    const struct ledger_message *read = &life->ledger->message[message];

    for (int i = 0; i < read->to_count; i++)
        if (read->to[i] == party) {
            if (read->collect_ms[i] == LEDGER_NEVER)
                return false;
            if (read->collect_ms[i] > life->t)
                life->t = read->collect_ms[i];
            return true;
        }
    return true;
}

int64_t life_date_in(const struct life *life, int days)
{
    return almanac_date(almanac_day_of(life->t) + days);
}

/* ---- saying ------------------------------------------------------------------------------------- */

int32_t life_say(struct life *life, const struct ledger_message *draft)
{
    int32_t message = life->over ? -1 : ledger_say(life->ledger, life->d, life->t, draft);

    life->over = message < 0;
    if (message >= 0 && life->d < 0)
        life->d = life->ledger->message[message].dossier;
    return message;
}

int32_t life_say_plain(struct life *life, enum sch_kind kind, int sender)
{
    struct ledger_message draft = ledger_draft(kind, sender);

    return life_say(life, &draft);
}

int32_t life_say_fact(struct life *life, enum sch_kind kind, int sender, enum sch_fact fact, int64_t value)
{
    struct ledger_message draft = ledger_draft(kind, sender);

    ledger_fact(&draft, fact, value);
    return life_say(life, &draft);
}

void life_plant(struct life *life, int number, enum sch_silence silence)
{
    if (!life->over)
        ledger_plant(life->ledger, life->d, number, silence);
}

static uint32_t sections_of(enum sch_kind kind)
{
    switch (kind) {
    case SCH_KIND_INTAKE_REPORT: return SECTIONS_INTAKE;
    case SCH_KIND_PROGRESS_LETTER: return SCH_SECTION_COURSE | SCH_SECTION_CHANGES | SCH_SECTION_PLAN;
    case SCH_KIND_TEAM_RESULT: return SCH_SECTION_QUESTION | SCH_SECTION_RESULT;
    case SCH_KIND_DISCHARGE_LETTER:
    case SCH_KIND_BACK_REFERRAL: return SECTIONS_END;
    default: return 0;
    }
}

enum lack life_draw_lack(struct life *life, unsigned permille)
{
    return life_chance(life, permille) ? (enum lack)(1 + life_below(life, 3)) : LACKS_NOTHING;
}

struct ledger_message life_letter(struct life *life, enum sch_kind kind, int sender, enum lack lack)
{
    struct ledger_message draft = ledger_draft(kind, sender);
    uint32_t sections = sections_of(kind), last = sections & (~sections + 1);

    draft.letter = true;
    draft.sections_known = sections != 0 && (lack != LACKS_NOTHING || life_chance(life, 900));
    if (draft.sections_known)
        draft.sections = lack == LACKS_IN_HEADER ? sections & ~last : sections;
    if (lack == LACKS_ON_OPENING)
        draft.missing = last;
    return draft;
}

/* The practice says what the letter lacks. */
void life_tell_lack(struct life *life, int32_t subject, enum lack lack)
{
    uint32_t sections;
    struct ledger_message draft;

    if (lack != LACKS_AS_TOLD || subject < 0 || !life_read_by(life, subject, life->practice))
        return;
    sections = sections_of(life->ledger->message[subject].kind);
    life_after(life, 0, 2);
    draft = ledger_draft(SCH_KIND_LETTER_INCOMPLETE, life->practice);
    draft.subject = subject;
    ledger_fact(&draft, SCH_FACT_MISSING_SECTIONS, sections & (~sections + 1));
    life_say(life, &draft);
}
