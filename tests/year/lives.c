/*
 * lives.c: one function a chapter. A chapter either goes on to the next, or ends in a silence, which it plants.
 *
 * Chances are in thousandths. They are chosen so that each silence and each detour comes up some dozens of times
 * among 1,500 dossiers; nothing here claims to be a statistic of care.
 */
#include "lives.h"

#include <assert.h>
#include <string.h>

#include "ladder.h"

#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)
#define CHAIN_MAX 4
#define LOST_MAILBOXES 4
#define REMIND_PAUSE_MS (48 * HOUR_MS)

struct life {
    struct ledger *ledger;
    struct sch_prng *prng;
    int64_t t;                          /* when the last thing happened */
    int32_t d;
    int practice, poh;                  /* the patient's; poh may be -1 */
    int receiver;
    int links;                          /* of the chain so far */
    bool over;                          /* the year ended first */
};

static bool chance(struct life *life, unsigned permille)
{
    return sch_prng_chance(life->prng, permille);
}

static int below(struct life *life, int limit)
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

static void settle_moment(struct life *life, int64_t t)
{
    if (t <= life->t)
        t = (life->t / ALMANAC_SLOT_MS + 1) * ALMANAC_SLOT_MS;
    t = ledger_awake(life->ledger, t);
    while (is_taken(life, t))
        t = ledger_awake(life->ledger, t + ALMANAC_SLOT_MS);
    life->t = t;
}

/* Office hours, lo to hi days from the last event. */
static void after(struct life *life, int lo, int hi)
{
    int32_t day = almanac_day_of(life->t) + lo + below(life, hi - lo + 1);

    while (!almanac_works(&region_calendar, day))
        day++;
    settle_moment(life, almanac_start_of(day) + 8 * HOUR_MS + below(life, 60) * ALMANAC_SLOT_MS);
}

static void after_hours(struct life *life, int lo, int hi)
{
    int64_t t = life->t + (lo + below(life, hi - lo + 1)) * HOUR_MS;

    settle_moment(life, t / ALMANAC_SLOT_MS * ALMANAC_SLOT_MS);
}

/* Whoever answers has read the message first. False: he never does. */
static bool read_by(struct life *life, int32_t message, int party)
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

static int64_t date_in(const struct life *life, int days)
{
    return almanac_date(almanac_day_of(life->t) + days);
}

/* ---- saying ------------------------------------------------------------------------------------- */

static int32_t say(struct life *life, const struct ledger_message *draft)
{
    int32_t message = life->over ? -1 : ledger_say(life->ledger, life->d, life->t, draft);

    life->over = message < 0;
    if (message >= 0 && life->d < 0)
        life->d = life->ledger->message[message].dossier;
    return message;
}

static int32_t say_plain(struct life *life, enum sch_kind kind, int sender)
{
    struct ledger_message draft = ledger_draft(kind, sender);

    return say(life, &draft);
}

static int32_t say_fact(struct life *life, enum sch_kind kind, int sender, enum sch_fact fact, int64_t value)
{
    struct ledger_message draft = ledger_draft(kind, sender);

    ledger_fact(&draft, fact, value);
    return say(life, &draft);
}

static void plant(struct life *life, int number, enum sch_silence silence)
{
    if (!life->over)
        ledger_plant(life->ledger, life->d, number, silence);
}

#define SECTIONS_REFERRAL (SCH_SECTION_QUESTION | SCH_SECTION_REASON)
#define SECTIONS_INTAKE \
    (SCH_SECTION_INTAKE_DATE | SCH_SECTION_ANSWER | SCH_SECTION_DIAGNOSIS | SCH_SECTION_INDICATION | SCH_SECTION_PLAN | \
     SCH_SECTION_START | SCH_SECTION_PRACTITIONER)
#define SECTIONS_END \
    (SCH_SECTION_END | SCH_SECTION_DONE | SCH_SECTION_RESULT | SCH_SECTION_MEDICATION | SCH_SECTION_RESIDUAL_RISK | \
     SCH_SECTION_RELAPSE_SIGNALS | SCH_SECTION_AFTERCARE | SCH_SECTION_PHONE)

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

/* A letter that lacks something, in one of the three ways in which that is seen; or nothing. */
enum lack { LACKS_NOTHING, LACKS_IN_HEADER, LACKS_ON_OPENING, LACKS_AS_TOLD };

static enum lack draw_lack(struct life *life, unsigned permille)
{
    return chance(life, permille) ? (enum lack)(1 + below(life, 3)) : LACKS_NOTHING;
}

static struct ledger_message letter(struct life *life, enum sch_kind kind, int sender, enum lack lack)
{
    struct ledger_message draft = ledger_draft(kind, sender);
    uint32_t sections = sections_of(kind), last = sections & (~sections + 1);

    draft.letter = true;
    draft.sections_known = sections != 0 && (lack != LACKS_NOTHING || chance(life, 900));
    if (draft.sections_known)
        draft.sections = lack == LACKS_IN_HEADER ? sections & ~last : sections;
    if (lack == LACKS_ON_OPENING)
        draft.missing = last;
    return draft;
}

/* The practice says what the letter lacks. */
static void tell_lack(struct life *life, int32_t subject, enum lack lack)
{
    uint32_t sections;
    struct ledger_message draft;

    if (lack != LACKS_AS_TOLD || subject < 0 || !read_by(life, subject, life->practice))
        return;
    sections = sections_of(life->ledger->message[subject].kind);
    after(life, 0, 2);
    draft = ledger_draft(SCH_KIND_LETTER_INCOMPLETE, life->practice);
    draft.subject = subject;
    ledger_fact(&draft, SCH_FACT_MISSING_SECTIONS, sections & (~sections + 1));
    say(life, &draft);
}

/* ---- what became of those who were sent away ------------------------------------------------------ */

static void refer(struct life *life, int32_t follows, int32_t parent, int from);
static void ggz_life(struct life *life, int32_t referral);

static enum sch_silence away_silence(const struct life *life)
{
    return life->ledger->dossier[life->d].refusals >= 2 ? SCH_SILENCE_NOWHERE_PLACED : SCH_SILENCE_NOT_TAKEN_UP;
}

/* The practice learns that its patient was sent away. */
static void sent_away(struct life *life, int32_t message)
{
    int party = life->practice;
    int32_t before = life->d;

    if (life->over)
        return;
    if (!read_by(life, message, party) || chance(life, 250)) {
        plant(life, 10, away_silence(life));
        return;
    }
    if (chance(life, 100))
        after(life, 6, 20);             /* late, but it comes */
    else
        after(life, 0, 3);
    if (life->links < CHAIN_MAX && chance(life, 600)) {
        life->links++;
        refer(life, before, -1, party);
        return;
    }
    say_fact(life, SCH_KIND_TAKEN_UP, party, SCH_FACT_TAKEN_UP, 1 + below(life, 4));
}

/* ---- the end of treatment ------------------------------------------------------------------------- */

static void discharge(struct life *life)
{
    enum lack lack = draw_lack(life, 120);
    struct ledger_message draft = letter(life, SCH_KIND_DISCHARGE_LETTER, life->receiver, lack);
    int32_t sent;

    ledger_fact(&draft, SCH_FACT_EVENT_DATE, date_in(life, 0));
    sent = say(life, &draft);
    tell_lack(life, sent, lack);
    if (lack == LACKS_NOTHING || life->over)
        return;
    if (chance(life, 500)) {
        plant(life, 9, SCH_SILENCE_INCOMPLETE);
        return;
    }
    after(life, 3, 20);
    draft = letter(life, SCH_KIND_DISCHARGE_LETTER, life->receiver, LACKS_NOTHING);
    ledger_fact(&draft, SCH_FACT_EVENT_DATE, date_in(life, 0));
    say(life, &draft);
}

static void end_treatment(struct life *life)
{
    struct ledger_message draft = ledger_draft(SCH_KIND_TREATMENT_END, life->receiver);
    bool clinical = life->ledger->dossier[life->d].echelon == SCH_PARTY_S_GGZ && chance(life, 150);

    ledger_fact(&draft, SCH_FACT_EVENT_DATE, date_in(life, -below(life, 4)));
    ledger_fact(&draft, SCH_FACT_END_REASON, 1 + below(life, 3));
    ledger_fact(&draft, SCH_FACT_SETTING, clinical ? SCH_SETTING_CLINICAL : SCH_SETTING_AMBULANT);
    say(life, &draft);
    if (chance(life, 150)) {
        plant(life, 9, SCH_SILENCE_NO_DISCHARGE_LETTER);
        return;
    }
    if (life->receiver != life->ledger->region->crisis && chance(life, 80)) {
        after(life, 0, 5);
        say_fact(life, SCH_KIND_NO_REPORT, life->receiver, SCH_FACT_EXPECTATION, 9);
        return;
    }
    if (chance(life, 700))
        after(life, 0, 9);
    else
        after(life, 12, 45);
    discharge(life);
}

static void go_on_treating(struct life *life);

static void refer_back(struct life *life)
{
    struct ledger_message draft = letter(life, SCH_KIND_BACK_REFERRAL, life->receiver, LACKS_NOTHING);
    int32_t sent;

    ledger_fact(&draft, SCH_FACT_END_REASON, SCH_END_STABLE);
    sent = say(life, &draft);
    if (life->over)
        return;
    if (chance(life, 250) && read_by(life, sent, life->practice)) {
        after(life, 0, 2);
        say_fact(life, SCH_KIND_REFUSAL, life->practice, SCH_FACT_REFUSAL_REASON, SCH_REFUSAL_NOT_STABLE);
        go_on_treating(life);
        return;
    }
    sent_away(life, sent);
}

/* ---- treatment ----------------------------------------------------------------------------------- */

/* The practice asks something; mostly it is answered. */
static void ask_provider(struct life *life)
{
    struct ledger_message draft = letter(life, SCH_KIND_INFORMATION_REQUEST, life->practice, LACKS_NOTHING);
    int32_t asked = say(life, &draft);

    if (asked < 0 || !read_by(life, asked, life->receiver) || chance(life, 300)) {
        plant(life, 11, SCH_SILENCE_NO_INFORMATION);
        return;
    }
    if (chance(life, 800))
        after(life, 0, 4);
    else
        after(life, 8, 14);
    draft = letter(life, SCH_KIND_INFORMATION_REPLY, life->receiver, LACKS_NOTHING);
    draft.subject = asked;
    say(life, &draft);
}

/* A patient who is transferred from here keeps this dossier; the child is a dossier like any other. */
static void transfer(struct life *life)
{
    struct life child = *life;

    child.links = CHAIN_MAX;
    refer(&child, -1, life->d, life->receiver);
    life->t = child.t > life->t + ALMANAC_SLOT_MS ? life->t + ALMANAC_SLOT_MS : child.t;
}

/* What is said beside the course of treatment, and changes nothing in the books. */
static void talk(struct life *life)
{
    const struct region *region = life->ledger->region;
    struct ledger_message draft;

    if (chance(life, 80)) {
        after(life, 3, 20);
        draft = letter(life, SCH_KIND_CHANGE_NOTICE, chance(life, 500) ? life->practice : life->receiver, LACKS_NOTHING);
        say(life, &draft);
    }
    if (chance(life, 50)) {
        after(life, 3, 20);
        draft = ledger_draft(SCH_KIND_TRANSFER_NOTICE, life->receiver);
        draft.concerned = (int16_t)region->department[0];
        say(life, &draft);
    }
    if (chance(life, 60)) {
        after(life, 2, 10);
        ask_provider(life);
    }
    if (life->ledger->dossier[life->d].echelon == SCH_PARTY_GB_GGZ && chance(life, 50)) {
        after(life, 2, 10);
        transfer(life);
    }
}

static void go_on_treating(struct life *life)
{
    int letters = below(life, 4);

    talk(life);

    for (int i = 0; i < letters && !life->over; i++) {
        enum lack lack = draw_lack(life, 80);
        struct ledger_message draft;
        int32_t sent;

        if (chance(life, 850))
            after(life, 50, 85);
        else
            after(life, 95, 120);
        draft = letter(life, SCH_KIND_PROGRESS_LETTER, life->receiver, lack);
        sent = say(life, &draft);
        tell_lack(life, sent, lack);
        if (lack == LACKS_NOTHING)
            continue;
        if (chance(life, 500)) {
            plant(life, 8, SCH_SILENCE_INCOMPLETE);
            return;
        }
        after(life, 2, 12);
        draft = letter(life, SCH_KIND_PROGRESS_LETTER, life->receiver, LACKS_NOTHING);
        say(life, &draft);
    }
    if (chance(life, 200)) {
        plant(life, 8, SCH_SILENCE_NO_PROGRESS_LETTER);
        return;
    }
    if (chance(life, 30)) {
        after(life, 20, 60);
        say_fact(life, SCH_KIND_NO_REPORT, life->receiver, SCH_FACT_EXPECTATION, 8);
    }
    after(life, 20, 80);
    if (chance(life, 150))
        refer_back(life);
    else
        end_treatment(life);
}

static void start_treatment(struct life *life)
{
    struct ledger_message draft = ledger_draft(SCH_KIND_TREATMENT_START, life->receiver);
    int32_t sent;

    if (chance(life, 180)) {
        plant(life, 7, SCH_SILENCE_NOT_STARTED);
        return;
    }
    if (chance(life, 250)) {
        after(life, 2, 14);
        ledger_fact(&draft, SCH_FACT_STARTED, SCH_STARTED_NOT_YET);
        ledger_fact(&draft, SCH_FACT_EXPECTED_DATE, date_in(life, 30 + below(life, 120)));
        say(life, &draft);
        draft = ledger_draft(SCH_KIND_TREATMENT_START, life->receiver);
        if (chance(life, 200)) {
            plant(life, 7, SCH_SILENCE_NOT_STARTED);
            return;
        }
    }
    after(life, 5, 60);
    ledger_fact(&draft, SCH_FACT_STARTED, SCH_STARTED_YES);
    ledger_fact(&draft, SCH_FACT_EVENT_DATE, date_in(life, -below(life, 3)));
    sent = say(life, &draft);
    if (sent >= 0 && chance(life, 30)) {
        /* The wrong patient was ticked: taken back, and said again later. */
        after(life, 0, 1);
        draft = ledger_draft(SCH_KIND_CORRECTION, life->receiver);
        draft.subject = sent;
        say(life, &draft);
        after(life, 3, 10);
        draft = ledger_draft(SCH_KIND_TREATMENT_START, life->receiver);
        ledger_fact(&draft, SCH_FACT_STARTED, SCH_STARTED_YES);
        ledger_fact(&draft, SCH_FACT_EVENT_DATE, date_in(life, 0));
        say(life, &draft);
    }
    go_on_treating(life);
}

/* ---- intake -------------------------------------------------------------------------------------- */

static void report_intake(struct life *life, int32_t intake_day)
{
    enum lack lack = draw_lack(life, 100);
    bool treats = chance(life, 850);
    struct ledger_message draft = letter(life, SCH_KIND_INTAKE_REPORT, life->receiver, lack);
    int32_t sent;

    ledger_fact(&draft, SCH_FACT_EVENT_DATE, almanac_date(intake_day));
    ledger_fact(&draft, SCH_FACT_OUTCOME,
                treats ? SCH_OUTCOME_TREATMENT : SCH_OUTCOME_NO_TREATMENT + below(life, 2));
    sent = say(life, &draft);
    tell_lack(life, sent, lack);
    if (lack != LACKS_NOTHING && !life->over) {
        if (chance(life, 600)) {
            plant(life, 6, SCH_SILENCE_INCOMPLETE);
        } else {
            after(life, 2, 15);
            draft = letter(life, SCH_KIND_INTAKE_REPORT, life->receiver, LACKS_NOTHING);
            ledger_fact(&draft, SCH_FACT_EVENT_DATE, almanac_date(intake_day));
            ledger_fact(&draft, SCH_FACT_OUTCOME, treats ? SCH_OUTCOME_TREATMENT : SCH_OUTCOME_NO_TREATMENT);
            say(life, &draft);
        }
    }
    if (treats)
        start_treatment(life);
    else
        sent_away(life, sent);
}

static void hold_intake(struct life *life, int32_t intake_day)
{
    if (chance(life, 130)) {
        plant(life, 6, SCH_SILENCE_NO_INTAKE_REPORT);
        if (chance(life, 700))
            return;
        start_treatment(life);          /* the report is all that is missing */
        return;
    }
    if (almanac_start_of(intake_day) + 8 * HOUR_MS > life->t)
        life->t = almanac_start_of(intake_day) + 17 * HOUR_MS;
    if (chance(life, 60)) {
        after(life, 1, 6);
        say_fact(life, SCH_KIND_NO_REPORT, life->receiver, SCH_FACT_EXPECTATION, 6);
        start_treatment(life);
        return;
    }
    if (chance(life, 750))
        after(life, 1, 10);
    else
        after(life, 16, 50);
    report_intake(life, intake_day);
}

static int32_t appoint(struct life *life)
{
    int32_t day = almanac_day_of(life->t) + 4 + below(life, 30);

    while (!almanac_works(&region_calendar, day))
        day++;
    say_fact(life, SCH_KIND_APPOINTMENT, life->receiver, SCH_FACT_EVENT_DATE, almanac_date(day));
    return day;
}

static void plan_intake(struct life *life)
{
    int32_t day;

    if (chance(life, 130)) {
        plant(life, 4, SCH_SILENCE_NO_APPOINTMENT);
        return;
    }
    if (chance(life, 120)) {
        after(life, 3, 12);
        say_fact(life, SCH_KIND_WAIT_STATUS, life->receiver, SCH_FACT_EXPECTED_DATE, date_in(life, 40 + below(life, 90)));
    }
    if (chance(life, 800))
        after(life, 0, 14);
    else
        after(life, 25, 60);
    day = appoint(life);
    for (int shows = 1; shows < 4 && chance(life, 120) && !life->over; shows++) {
        struct ledger_message draft = ledger_draft(SCH_KIND_NO_SHOW, life->receiver);

        life->t = almanac_start_of(day) + 12 * HOUR_MS;
        after(life, 0, 3);
        ledger_fact(&draft, SCH_FACT_EVENT_DATE, almanac_date(day));
        ledger_fact(&draft, SCH_FACT_NO_SHOW_COUNT, shows);
        say(life, &draft);
        if (chance(life, 250)) {
            plant(life, 5, SCH_SILENCE_NO_APPOINTMENT);
            return;
        }
        if (chance(life, 800))
            after(life, 0, 8);
        else
            after(life, 18, 40);
        day = appoint(life);
    }
    if (chance(life, 60)) {
        after(life, 1, 3);              /* another day suits better */
        day = appoint(life);
    }
    hold_intake(life, day);
}

/* ---- deciding ------------------------------------------------------------------------------------ */

static void refuse(struct life *life)
{
    int32_t sent = say_fact(life, SCH_KIND_REFUSAL, life->receiver, SCH_FACT_REFUSAL_REASON, 1 + below(life, 8));

    if (chance(life, 60)) {
        after(life, 0, 1);              /* a place came free */
        say_plain(life, SCH_KIND_ACCEPTANCE, life->receiver);
        plan_intake(life);
        return;
    }
    sent_away(life, sent);
}

static void redirect(struct life *life)
{
    const struct region *region = life->ledger->region;
    struct ledger_message draft = ledger_draft(SCH_KIND_REDIRECTION, life->receiver);
    bool forwards = life->ledger->dossier[life->d].echelon == SCH_PARTY_GB_GGZ && chance(life, 600);
    int elsewhere = region->department[below(life, region->department_count)];
    int32_t sent, before = life->d;

    if (elsewhere == life->receiver)
        elsewhere = region->gb[0];
    draft.concerned = (int16_t)elsewhere;
    ledger_fact(&draft, SCH_FACT_REDIRECTION_MODE, forwards ? SCH_MODE_FORWARDED : SCH_MODE_ADVISED);
    ledger_fact(&draft, SCH_FACT_REFUSAL_REASON, SCH_REFUSAL_WRONG_ECHELON);
    if (forwards)
        ledger_fact(&draft, SCH_FACT_PATIENT_AGREED, SCH_YES_YES);
    sent = say(life, &draft);
    if (!forwards) {
        sent_away(life, sent);
        return;
    }
    if (chance(life, 300)) {
        /* The child never comes: from the end of the fifth working day on the practice must act. */
        plant(life, 10, life->ledger->dossier[life->d].refusals >= 1 ? SCH_SILENCE_NOWHERE_PLACED
                                                                     : SCH_SILENCE_NOT_TAKEN_UP);
        return;
    }
    after(life, 0, 3);
    life->links++;
    refer(life, -1, before, life->receiver);
}

static void ask_first(struct life *life, int32_t referral)
{
    int times = 1 + below(life, 3);

    (void)referral;
    for (int i = 0; i < times && !life->over; i++) {
        struct ledger_message draft = letter(life, SCH_KIND_INFORMATION_REQUEST, life->receiver, LACKS_NOTHING);
        int32_t asked = say(life, &draft);

        if (asked < 0)
            return;
        if (!read_by(life, asked, life->practice) || chance(life, 150)) {
            plant(life, 11, SCH_SILENCE_NO_INFORMATION);
            if (chance(life, 600))
                return;
            break;
        }
        if (chance(life, 800))
            after(life, 0, 4);
        else
            after(life, 8, 15);
        draft = letter(life, SCH_KIND_INFORMATION_REPLY, life->practice, LACKS_NOTHING);
        draft.subject = asked;
        asked = say(life, &draft);
        if (asked < 0 || !read_by(life, asked, life->receiver))
            return;
        after(life, 0, 4);
    }
}

static void decide(struct life *life, int32_t referral)
{
    if (chance(life, 90)) {
        ask_first(life, referral);
        if (life->over || ledger_owed(life->ledger, life->d, 11) >= 0)
            return;
    }
    if (chance(life, 160)) {
        refuse(life);
    } else if (chance(life, 40)) {
        redirect(life);
    } else {
        struct ledger_message draft = ledger_draft(SCH_KIND_ACCEPTANCE, life->receiver);

        if (chance(life, 300))
            ledger_fact(&draft, SCH_FACT_EXPECTED_DATE, date_in(life, 10 + below(life, 60)));
        say(life, &draft);
        if (chance(life, 30)) {
            after(life, 1, 5);
            say_fact(life, SCH_KIND_WITHDRAWAL, life->ledger->dossier[life->d].referrer, SCH_FACT_WITHDRAWAL_REASON,
                     SCH_WITHDRAWN_PLACED_ELSEWHERE);
            return;
        }
        plan_intake(life);
    }
}

/* From the referral on. */
static void ggz_life(struct life *life, int32_t referral)
{
    const struct ledger_message *message = &life->ledger->message[referral];

    if (!message->refused && message->collect_ms[0] >= life->ledger->end_ms) {
        plant(life, 2, away_silence(life) == SCH_SILENCE_NOWHERE_PLACED ? SCH_SILENCE_NOWHERE_PLACED
                                                                        : SCH_SILENCE_NOT_COLLECTED);
        return;
    }
    if (message->refused || !read_by(life, referral, life->receiver)) {
        /* It never came there: who referred has to take the patient up. */
        ledger_pass(life->ledger, life->d, life->ledger->end_ms);
        return;
    }
    if (chance(life, 15)) {
        after(life, 0, 2);
        say_fact(life, SCH_KIND_WITHDRAWAL, life->ledger->dossier[life->d].referrer, SCH_FACT_WITHDRAWAL_REASON,
                 SCH_WITHDRAWN_PATIENT_DECLINES);
        return;
    }
    if (chance(life, 8)) {
        struct ledger_message draft = ledger_draft(SCH_KIND_CORRECTION, life->ledger->dossier[life->d].referrer);

        after(life, 0, 2);
        draft.subject = referral;
        say(life, &draft);
        return;
    }
    if (chance(life, 90)) {
        plant(life, 2, life->ledger->dossier[life->d].refusals >= 2 ? SCH_SILENCE_NOWHERE_PLACED
                                                                    : SCH_SILENCE_NOT_DECIDED);
        return;
    }
    if (chance(life, 800))
        after(life, 0, 5);
    else
        after(life, 9, 40);
    decide(life, referral);
}

/* ---- opening ------------------------------------------------------------------------------------- */

static struct ledger_message referral_draft(struct life *life, int from, int to)
{
    const struct region *region = life->ledger->region;
    struct ledger_message draft = ledger_draft(SCH_KIND_REFERRAL, from);
    enum sch_party_kind kind = region->party[to].kind;

    draft.letter = draft.sections_known = true;
    draft.sections = SECTIONS_REFERRAL;
    draft.to[draft.to_count++] = (int16_t)to;
    if (from != life->practice) {
        draft.creditor = (int16_t)life->practice;
        draft.to[draft.to_count++] = (int16_t)life->practice;
    }
    if (life->poh >= 0 && from != life->poh && chance(life, 400))
        draft.to[draft.to_count++] = (int16_t)life->poh;
    ledger_fact(&draft, SCH_FACT_LETTER_DATE, date_in(life, -below(life, 3)));
    ledger_fact(&draft, SCH_FACT_URGENCY,
                kind == SCH_PARTY_CRISIS    ? SCH_URGENCY_CRISIS
                : chance(life, 60)          ? SCH_URGENCY_URGENT
                                            : SCH_URGENCY_ROUTINE);
    if (kind == SCH_PARTY_CRISIS)
        ledger_fact(&draft, SCH_FACT_PHONED_AT, life->t - ALMANAC_SLOT_MS);
    if (kind == SCH_PARTY_WIJKTEAM)
        ledger_fact(&draft, SCH_FACT_CONSENT, SCH_YES_YES);
    else
        draft.refused = chance(life, 6);
    return draft;
}

static void refer(struct life *life, int32_t follows, int32_t parent, int from)
{
    const struct region *region = life->ledger->region;
    struct ledger_message draft;
    int32_t sent;
    int to;

    do
        to = (chance(life, 550) && parent < 0) || region->party[from].kind == SCH_PARTY_S_GGZ
                 ? region->gb[below(life, region->gb_count)]
                 : region->department[below(life, region->department_count)];
    while (to == life->receiver);
    if (parent < 0 && follows < 0 && chance(life, 10))
        to = region->far_provider;
    life->receiver = to;
    life->d = -1;
    draft = referral_draft(life, from, to);
    draft.follows = follows;
    draft.parent = parent;
    sent = say(life, &draft);
    if (sent >= 0)
        ggz_life(life, sent);
}

/* Two referrals at once; whoever starts first keeps the patient. */
static void parallel_life(struct life *life)
{
    const struct region *region = life->ledger->region;
    const struct ledger *ledger = life->ledger;
    struct life other = *life;
    struct ledger_message draft;
    int32_t first, second, begun = -1;

    life->receiver = region->gb[below(life, region->gb_count)];
    draft = referral_draft(life, life->practice, life->receiver);
    draft.refused = false;
    draft.opens_group = true;
    first = say(life, &draft);
    settle_moment(&other, other.t + ALMANAC_SLOT_MS);
    other.receiver = region->department[below(life, region->department_count)];
    draft = referral_draft(&other, life->practice, other.receiver);
    draft.refused = false;
    draft.group = first;
    second = first < 0 ? -1 : say(&other, &draft);
    if (second < 0)
        return;
    ggz_life(life, first);
    for (int32_t m = first; m < ledger->message_count; m++)
        if (ledger->message[m].dossier == ledger->message[first].dossier &&
            ledger->message[m].kind == SCH_KIND_TREATMENT_START && ledger->message[m].fact[0].value == SCH_STARTED_YES) {
            begun = m;
            break;
        }
    if (!read_by(&other, second, other.receiver))
        return;
    after(&other, 0, 5);
    say_plain(&other, SCH_KIND_ACCEPTANCE, other.receiver);
    if (begun < 0 || ledger->message[begun].at_ms < other.t || chance(&other, 300)) {
        plant(&other, 4, SCH_SILENCE_NO_APPOINTMENT);
        return;
    }
    other.t = ledger->message[begun].at_ms;
    after(&other, 1, 5);
    say_fact(&other, SCH_KIND_WITHDRAWAL, life->practice, SCH_FACT_WITHDRAWAL_REASON, SCH_WITHDRAWN_PLACED_ELSEWHERE);
}

static void team_life(struct life *life)
{
    const struct region *region = life->ledger->region;
    int from = life->poh >= 0 && chance(life, 400) ? life->poh : life->practice;
    struct ledger_message draft;
    enum lack lack;
    int32_t sent;

    life->receiver = region->wijkteam[below(life, region->wijkteam_count)];
    draft = referral_draft(life, from, life->receiver);
    sent = say(life, &draft);
    if (sent < 0 || !read_by(life, sent, life->receiver))
        return;
    if (chance(life, 150)) {
        plant(life, 2, SCH_SILENCE_NOT_DECIDED);
        return;
    }
    after(life, 0, 6);
    if (chance(life, 120)) {
        sent = say_fact(life, SCH_KIND_REFUSAL, life->receiver, SCH_FACT_REFUSAL_REASON, SCH_REFUSAL_OUTSIDE_REGION);
        life->links = CHAIN_MAX;
        sent_away(life, sent);
        return;
    }
    say_plain(life, SCH_KIND_ACCEPTANCE, life->receiver);
    if (chance(life, 200)) {
        plant(life, 12, SCH_SILENCE_NO_TEAM_RESULT);
        return;
    }
    if (chance(life, 750))
        after(life, 10, 38);
    else
        after(life, 48, 80);
    lack = draw_lack(life, 100);
    draft = letter(life, SCH_KIND_TEAM_RESULT, life->receiver, lack);
    ledger_fact(&draft, SCH_FACT_TEAM_OUTCOME, 1 + below(life, 5));
    sent = say(life, &draft);
    tell_lack(life, sent, lack);
    if (lack == LACKS_NOTHING)
        return;
    if (chance(life, 500)) {
        plant(life, 12, SCH_SILENCE_INCOMPLETE);
        return;
    }
    after(life, 2, 20);
    draft = letter(life, SCH_KIND_TEAM_RESULT, life->receiver, LACKS_NOTHING);
    ledger_fact(&draft, SCH_FACT_TEAM_OUTCOME, 1);
    say(life, &draft);
}

static void crisis_life(struct life *life)
{
    const struct region *region = life->ledger->region;
    bool night = chance(life, 400);
    int from = night ? region->post[below(life, region->post_count)] : life->practice;
    struct ledger_message draft;
    int32_t sent;

    life->receiver = region->crisis;
    if (night)
        settle_moment(life, almanac_start_of(almanac_day_of(life->t)) + (19 + below(life, 4)) * HOUR_MS);
    draft = referral_draft(life, from, life->receiver);
    draft.refused = false;
    sent = say(life, &draft);
    if (sent < 0 || !read_by(life, sent, life->receiver))
        return;
    if (chance(life, 120)) {
        plant(life, 3, SCH_SILENCE_NOT_DECIDED);
        return;
    }
    after_hours(life, 1, chance(life, 850) ? 20 : 60);
    say_plain(life, SCH_KIND_ACCEPTANCE, life->receiver);
    after_hours(life, 3, 72);
    end_treatment(life);
}

static void exploration_life(struct life *life)
{
    const struct region *region = life->ledger->region;
    int from = life->poh >= 0 && chance(life, 500) ? life->poh : life->practice;
    struct ledger_message draft = letter(life, SCH_KIND_EXPLORATION_REQUEST, from, LACKS_NOTHING);
    int32_t sent;

    life->receiver = region->mgn;
    draft.to[draft.to_count++] = (int16_t)region->mgn;
    if (from != life->practice) {
        draft.creditor = (int16_t)life->practice;
        draft.to[draft.to_count++] = (int16_t)life->practice;
    }
    sent = say(life, &draft);
    if (sent < 0 || !read_by(life, sent, life->receiver))
        return;
    if (chance(life, 200)) {
        plant(life, 13, SCH_SILENCE_NO_ADVICE);
        return;
    }
    if (chance(life, 300)) {
        after(life, 0, 5);
        say_plain(life, SCH_KIND_ACCEPTANCE, life->receiver);
    }
    if (chance(life, 750))
        after(life, 3, 18);
    else
        after(life, 24, 50);
    draft = letter(life, SCH_KIND_EXPLORATION_ADVICE, life->receiver, LACKS_NOTHING);
    ledger_fact(&draft, SCH_FACT_ROUTE, 1 + below(life, 7));
    sent = say(life, &draft);
    if (ledger_owed(life->ledger, life->d, 10) >= 0)
        sent_away(life, sent);
}

static void consult_life(struct life *life)
{
    const struct region *region = life->ledger->region;
    int from = life->poh >= 0 && chance(life, 500) ? life->poh : life->practice;
    struct ledger_message draft = letter(life, SCH_KIND_CONSULT_REQUEST, from, LACKS_NOTHING);
    int32_t sent;

    life->receiver = chance(life, 700) ? region->department[below(life, region->department_count)]
                                       : region->gb[below(life, region->gb_count)];
    draft.to[draft.to_count++] = (int16_t)life->receiver;
    if (from != life->practice) {
        draft.creditor = (int16_t)life->practice;
        draft.to[draft.to_count++] = (int16_t)life->practice;
    }
    ledger_fact(&draft, SCH_FACT_TOPIC, 1 + below(life, 6));
    ledger_fact(&draft, SCH_FACT_CONSULT_FORM, 1 + below(life, 2));
    sent = say(life, &draft);
    if (sent < 0 || !read_by(life, sent, life->receiver))
        return;
    if (chance(life, 200)) {
        plant(life, 14, SCH_SILENCE_NO_CONSULT_REPLY);
        return;
    }
    if (chance(life, 750))
        after(life, 0, 5);
    else
        after(life, 9, 25);
    draft = letter(life, SCH_KIND_CONSULT_REPLY, life->receiver, LACKS_NOTHING);
    say(life, &draft);
}

static void care_life(struct life *life)
{
    const struct region *region = life->ledger->region;
    struct ledger_message draft;

    life->receiver = chance(life, 700) ? region->department[below(life, region->department_count)] : region->gb[1];
    draft = ledger_draft(SCH_KIND_CARE_NOTICE, life->receiver);
    draft.to[draft.to_count++] = (int16_t)life->practice;
    ledger_fact(&draft, SCH_FACT_EVENT_DATE, date_in(life, -below(life, 10)));
    if (say(life, &draft) < 0)
        return;
    if (chance(life, 250)) {
        plant(life, 15, SCH_SILENCE_NO_CARE_REPORT);
        return;
    }
    if (chance(life, 100)) {
        after(life, 5, 40);
        say_fact(life, SCH_KIND_NO_REPORT, life->receiver, SCH_FACT_EXPECTATION, 15);
        return;
    }
    if (chance(life, 750))
        after(life, 10, 50);
    else
        after(life, 65, 100);
    draft = letter(life, chance(life, 500) ? SCH_KIND_DISCHARGE_LETTER : SCH_KIND_PROGRESS_LETTER, life->receiver,
                   LACKS_NOTHING);
    if (draft.kind == SCH_KIND_DISCHARGE_LETTER)
        ledger_fact(&draft, SCH_FACT_EVENT_DATE, date_in(life, 0));
    say(life, &draft);
}

static void involvement_life(struct life *life)
{
    const struct region *region = life->ledger->region;
    int team = region->wijkteam[below(life, region->wijkteam_count)];
    bool from_team = chance(life, 500);
    struct ledger_message draft = ledger_draft(SCH_KIND_INVOLVEMENT_NOTICE, from_team ? team : life->practice);

    life->receiver = from_team ? life->practice : team;
    draft.to[draft.to_count++] = (int16_t)life->receiver;
    ledger_fact(&draft, SCH_FACT_CONSENT, SCH_YES_YES);
    say(life, &draft);
}

/* ---- what the coordinator does -------------------------------------------------------------------- */

/* When the debtor was last reminded of all that is owed of a number, before at_ms; 0: never. */
static int64_t reminded_ms(const struct ledger *ledger, int32_t dossier, int number, int64_t at_ms)
{
    int64_t earliest_ms = at_ms;

    for (int32_t p = ledger->dossier[dossier].first_promise; p >= 0; p = ledger->promise[p].next) {
        const struct ledger_promise *promise = &ledger->promise[p];
        struct ladder ladder = ladder_climb(ledger, promise);
        int64_t last_ms = 0;

        if (promise->number != number || !ledger_is_owed(ledger_change_at(ledger, promise, at_ms)))
            continue;
        for (enum sch_ladder step = SCH_STEP_REMINDED; step <= SCH_STEP_OVERDUE; step++)
            if (ladder.at_ms[step] < at_ms && ladder.at_ms[step] > last_ms)
                last_ms = ladder.at_ms[step];
        if (last_ms < earliest_ms)
            earliest_ms = last_ms;
    }
    return earliest_ms;
}

/* Of the silences that were planted, some are waived, snoozed or noted by the coordinator or by the practice on its
 * own claim, or somebody is reminded, some weeks later. */
static void oversee(struct ledger *ledger, struct sch_prng *prng)
{
    int32_t count = ledger->plant_count;

    for (int32_t i = 0; i < count; i++) {
        struct ledger_plant *silence = &ledger->plant[i];
        struct life life = { .ledger = ledger, .prng = prng, .d = silence->dossier };
        const struct ledger_dossier *dossier = &ledger->dossier[silence->dossier];
        struct ledger_message draft;
        int32_t p;
        unsigned lot = (unsigned)sch_prng_below(prng, 1000);

        /* After everything else that was said about it. */
        if (lot >= 160 || !dossier->judged || ledger->plant[i].silence == SCH_SILENCE_INCOMPLETE)
            continue;
        for (p = dossier->first_promise; p >= 0; p = ledger->promise[p].next)
            for (int32_t c = ledger->promise[p].first; c >= 0; c = ledger->change[c].next)
                if (ledger->change[c].at_ms > life.t && ledger->change[c].at_ms < ledger->end_ms)
                    life.t = ledger->change[c].at_ms;
        if (ledger->phase[dossier->last_phase].at_ms > life.t)
            life.t = ledger->phase[dossier->last_phase].at_ms;
        after(&life, 5, 50);
        if (life.t >= ledger->end_ms)
            continue;
        ledger_pass(ledger, silence->dossier, life.t);
        p = ledger_owed(ledger, silence->dossier, silence->number);
        if (p < 0)
            continue;
        draft = ledger_draft(lot < 50 ? SCH_KIND_WAIVER : lot < 100 ? SCH_KIND_SNOOZE
                             : lot < 130 ? SCH_KIND_NOTE : SCH_KIND_REMINDER,
                             lot % 2 == 0 && lot < 130 && ledger->promise[p].debtor != dossier->creditor
                                 ? dossier->creditor : ledger->region->coordinator[0]);
        ledger_fact(&draft, SCH_FACT_EXPECTATION, silence->number);
        if (draft.kind == SCH_KIND_WAIVER)
            ledger_fact(&draft, SCH_FACT_WAIVER_REASON, 1 + (int64_t)sch_prng_below(prng, 5));
        if (draft.kind == SCH_KIND_SNOOZE) {
            ledger_fact(&draft, SCH_FACT_SNOOZE_REASON, 1 + (int64_t)sch_prng_below(prng, 4));
            ledger_fact(&draft, SCH_FACT_UNTIL, date_in(&life, 5 + below(&life, 60)));
        }
        if (draft.kind == SCH_KIND_NOTE)
            ledger_fact(&draft, SCH_FACT_NOTE, 1 + (int64_t)sch_prng_below(prng, 5));
        if (draft.kind == SCH_KIND_REMINDER) {
            int64_t since_ms = life.t - reminded_ms(ledger, silence->dossier, silence->number, life.t);

            if (since_ms > REMIND_PAUSE_MS - HOUR_MS && since_ms < REMIND_PAUSE_MS + HOUR_MS)
                continue;
            draft.rejects = since_ms < REMIND_PAUSE_MS ? SCH_E_RECENTLY_REMINDED : SCH_OK;
        }
        (void)ledger_say(ledger, silence->dossier, life.t, &draft);
    }
}

/* ---- the year ------------------------------------------------------------------------------------ */

/* Ends away from every slot, so that nothing happens at the same moment as an act. */
static int64_t odd(int64_t ms)
{
    return ms / ALMANAC_SLOT_MS * ALMANAC_SLOT_MS + 180000;
}

static void draw_outages(struct ledger *ledger, struct sch_prng *prng)
{
    struct region *region = ledger->region;
    int64_t length_ms = ledger->end_ms - ledger->start_ms;

    for (int i = 0; i < region->party_count; i++) {
        struct region_party *party = &region->party[i];
        int count = (int)sch_prng_below(prng, 6);

        for (int k = 0; k < count; k++) {
            /* Each within its own part of the year, so that no two meet. */
            int64_t part_ms = length_ms / count;
            int64_t from_ms = ledger->start_ms + k * part_ms + (int64_t)sch_prng_below(prng, (uint64_t)part_ms / 2);
            int64_t hours = 3 + (int64_t)sch_prng_below(prng, sch_prng_chance(prng, 850) ? 40 : 500);

            if (sch_prng_chance(prng, 60))
                hours = 24 * (31 + (int64_t)sch_prng_below(prng, 10));
            if (hours * HOUR_MS > part_ms / 2 - DAY_MS)
                hours = part_ms / 2 / HOUR_MS - 24;
            party->outage[party->outage_count++] =
                (struct region_outage){ odd(from_ms), odd(from_ms + hours * HOUR_MS) };
        }
    }
    /* Some fall still before the year is over, and one never collects at all. */
    for (int i = 0; i < LOST_MAILBOXES; i++) {
        struct region_party *party = &region->party[i % 2 == 0 ? region->gb[3 + i] : region->department[5 + i]];

        party->outage_count = 1;
        party->outage[0] = (struct region_outage){ odd(ledger->end_ms - (24 - 3 * i) * DAY_MS), ledger->end_ms + DAY_MS };
    }
    region->party[region->department[region->department_count - 1]].dark = true;
    for (int i = 0; i < region->practice_count; i += 20)
        if (region->poh[i] >= 0)
            region->party[region->poh[i]].dark = true;
}

/* A third of the stops at midnight, when most things are due; some long. */
static void draw_stops(struct ledger *ledger, struct sch_prng *prng)
{
    int count = 24;
    int64_t part_ms = (ledger->end_ms - ledger->start_ms) / count;

    for (int i = 0; i < count; i++) {
        int64_t from_ms = ledger->start_ms + i * part_ms + (int64_t)sch_prng_below(prng, (uint64_t)part_ms / 2);
        int64_t minutes = 1 + (int64_t)sch_prng_below(prng, sch_prng_chance(prng, 800) ? 40 : 1500);

        if (i % 3 == 0)
            from_ms = almanac_start_of(almanac_day_of(from_ms)) - 120000;
        else
            from_ms = odd(from_ms) - 60000;
        ledger->stop[ledger->stop_count++] = (struct ledger_stop){ from_ms, odd(from_ms + minutes * 60000 + 600000) };
    }
}

static void one_life(struct ledger *ledger, struct sch_prng *prng)
{
    const struct region *region = ledger->region;
    struct life life = { .ledger = ledger, .prng = prng, .d = -1, .receiver = -1 };
    int which = (int)sch_prng_below(prng, (uint64_t)region->practice_count);
    int days = (int)((ledger->end_ms - ledger->start_ms) / DAY_MS), from;
    unsigned lot = (unsigned)sch_prng_below(prng, 1000);

    life.practice = region->practice[which];
    life.poh = region->poh[which];
    if (lot < 5) {
        life.practice = region->far_practice;
        life.poh = -1;
    }
    life.t = ledger->start_ms + HOUR_MS;
    after(&life, 0, days - 2);
    if (lot >= 715 && lot < 740) {
        parallel_life(&life);
    } else if (lot < 740) {
        from = lot > 5 && chance(&life, 60) ? region->post[below(&life, region->post_count)] : life.practice;
        refer(&life, -1, -1, from);
    } else if (lot < 820) {
        team_life(&life);
    } else if (lot < 870) {
        crisis_life(&life);
    } else if (lot < 910) {
        exploration_life(&life);
    } else if (lot < 950) {
        consult_life(&life);
    } else if (lot < 985) {
        care_life(&life);
    } else {
        involvement_life(&life);
    }
}

void lives_draw(struct ledger *ledger, uint64_t seed, int32_t dossiers)
{
    struct sch_prng prng = { seed };

    draw_outages(ledger, &prng);
    draw_stops(ledger, &prng);
    while (ledger->dossier_count < dossiers) {
        struct sch_prng own = { sch_prng_next(&prng) };

        one_life(ledger, &own);
    }
    oversee(ledger, &prng);
    for (int32_t d = 0; d < ledger->dossier_count; d++)
        ledger_pass(ledger, d, ledger->end_ms);
}
