/* lives_ggz.c: a referral to ggz from its decision to the last letter, and those who are sent away. */
#include "lives_own.h"

#include <assert.h>
#include <string.h>

/* ---- what became of those who were sent away ------------------------------------------------------ */

static enum sch_silence away_silence(const struct life *life)
{
    return life->ledger->dossier[life->d].refusals >= 2 ? SCH_SILENCE_NOWHERE_PLACED : SCH_SILENCE_NOT_TAKEN_UP;
}

/* The practice learns that its patient was sent away. */
void life_sent_away(struct life *life, int32_t message)
{
    int party = life->practice;
    int32_t before = life->d;

    if (life->over)
        return;
    if (!life_read_by(life, message, party) || life_chance(life, 250)) {
        life_plant(life, 10, away_silence(life));
        return;
    }
    if (life_chance(life, 100))
        life_after(life, 6, 20);             /* late, but it comes */
    else
        life_after(life, 0, 3);
    if (life->links < CHAIN_MAX && life_chance(life, 600)) {
        life->links++;
        life_refer(life, before, -1, party);
        return;
    }
    life_say_fact(life, SCH_KIND_TAKEN_UP, party, SCH_FACT_TAKEN_UP, 1 + life_below(life, 4));
}

/* ---- the end of treatment ------------------------------------------------------------------------- */

static void discharge(struct life *life)
{
    enum lack lack = life_draw_lack(life, 120);
    struct ledger_message draft = life_letter(life, SCH_KIND_DISCHARGE_LETTER, life->receiver, lack);
    int32_t sent;

    ledger_fact(&draft, SCH_FACT_EVENT_DATE, life_date_in(life, 0));
    sent = life_say(life, &draft);
    life_tell_lack(life, sent, lack);
    if (lack == LACKS_NOTHING || life->over)
        return;
    if (life_chance(life, 500)) {
        life_plant(life, 9, SCH_SILENCE_INCOMPLETE);
        return;
    }
    life_after(life, 3, 20);
    draft = life_letter(life, SCH_KIND_DISCHARGE_LETTER, life->receiver, LACKS_NOTHING);
    ledger_fact(&draft, SCH_FACT_EVENT_DATE, life_date_in(life, 0));
    life_say(life, &draft);
}

void life_end_treatment(struct life *life)
{
    struct ledger_message draft = ledger_draft(SCH_KIND_TREATMENT_END, life->receiver);
    bool clinical = life->ledger->dossier[life->d].echelon == SCH_PARTY_S_GGZ && life_chance(life, 150);

    ledger_fact(&draft, SCH_FACT_EVENT_DATE, life_date_in(life, -life_below(life, 4)));
    ledger_fact(&draft, SCH_FACT_END_REASON, 1 + life_below(life, 3));
    ledger_fact(&draft, SCH_FACT_SETTING, clinical ? SCH_SETTING_CLINICAL : SCH_SETTING_AMBULANT);
    life_say(life, &draft);
    if (life_chance(life, 150)) {
        life_plant(life, 9, SCH_SILENCE_NO_DISCHARGE_LETTER);
        return;
    }
    if (life->receiver != life->ledger->region->crisis && life_chance(life, 80)) {
        life_after(life, 0, 5);
        life_say_fact(life, SCH_KIND_NO_REPORT, life->receiver, SCH_FACT_EXPECTATION, 9);
        return;
    }
    if (life_chance(life, 700))
        life_after(life, 0, 9);
    else
        life_after(life, 12, 45);
    discharge(life);
}

static void go_on_treating(struct life *life);

static void refer_back(struct life *life)
{
    struct ledger_message draft = life_letter(life, SCH_KIND_BACK_REFERRAL, life->receiver, LACKS_NOTHING);
    int32_t sent;

    ledger_fact(&draft, SCH_FACT_END_REASON, SCH_END_STABLE);
    sent = life_say(life, &draft);
    if (life->over)
        return;
    if (life_chance(life, 250) && life_read_by(life, sent, life->practice)) {
        life_after(life, 0, 2);
        life_say_fact(life, SCH_KIND_REFUSAL, life->practice, SCH_FACT_REFUSAL_REASON, SCH_REFUSAL_NOT_STABLE);
        go_on_treating(life);
        return;
    }
    life_sent_away(life, sent);
}

/* ---- treatment ----------------------------------------------------------------------------------- */

/* The practice asks something; mostly it is answered. */
static void ask_provider(struct life *life)
{
    struct ledger_message draft = life_letter(life, SCH_KIND_INFORMATION_REQUEST, life->practice, LACKS_NOTHING);
    int32_t asked = life_say(life, &draft);

    if (asked < 0 || !life_read_by(life, asked, life->receiver) || life_chance(life, 300)) {
        life_plant(life, 11, SCH_SILENCE_NO_INFORMATION);
        return;
    }
    if (life_chance(life, 800))
        life_after(life, 0, 4);
    else
        life_after(life, 8, 14);
    draft = life_letter(life, SCH_KIND_INFORMATION_REPLY, life->receiver, LACKS_NOTHING);
    draft.subject = asked;
    life_say(life, &draft);
}

/* A patient who is transferred from here keeps this dossier; the child is a dossier like any other. */
static void transfer(struct life *life)
{
    struct life child = *life;

    child.links = CHAIN_MAX;
    life_refer(&child, -1, life->d, life->receiver);
    life->t = child.t > life->t + ALMANAC_SLOT_MS ? life->t + ALMANAC_SLOT_MS : child.t;
}

/* What is said beside the course of treatment, and changes nothing in the books. */
static void talk(struct life *life)
{
    const struct region *region = life->ledger->region;
    struct ledger_message draft;

    if (life_chance(life, 80)) {
        life_after(life, 3, 20);
        draft = life_letter(life, SCH_KIND_CHANGE_NOTICE, life_chance(life, 500) ? life->practice : life->receiver, LACKS_NOTHING);
        life_say(life, &draft);
    }
    if (life_chance(life, 50)) {
        life_after(life, 3, 20);
        draft = ledger_draft(SCH_KIND_TRANSFER_NOTICE, life->receiver);
        draft.concerned = (int16_t)region->department[0];
        life_say(life, &draft);
    }
    if (life_chance(life, 60)) {
        life_after(life, 2, 10);
        ask_provider(life);
    }
    if (life->ledger->dossier[life->d].echelon == SCH_PARTY_GB_GGZ && life_chance(life, 50)) {
        life_after(life, 2, 10);
        transfer(life);
    }
}

static void go_on_treating(struct life *life)
{
    int letters = life_below(life, 4);

    talk(life);

    for (int i = 0; i < letters && !life->over; i++) {
        enum lack lack = life_draw_lack(life, 80);
        struct ledger_message draft;
        int32_t sent;

        if (life_chance(life, 850))
            life_after(life, 50, 85);
        else
            life_after(life, 95, 120);
        draft = life_letter(life, SCH_KIND_PROGRESS_LETTER, life->receiver, lack);
        sent = life_say(life, &draft);
        life_tell_lack(life, sent, lack);
        if (lack == LACKS_NOTHING)
            continue;
        if (life_chance(life, 500)) {
            life_plant(life, 8, SCH_SILENCE_INCOMPLETE);
            return;
        }
        life_after(life, 2, 12);
        draft = life_letter(life, SCH_KIND_PROGRESS_LETTER, life->receiver, LACKS_NOTHING);
        life_say(life, &draft);
    }
    if (life_chance(life, 200)) {
        life_plant(life, 8, SCH_SILENCE_NO_PROGRESS_LETTER);
        return;
    }
    if (life_chance(life, 30)) {
        life_after(life, 20, 60);
        life_say_fact(life, SCH_KIND_NO_REPORT, life->receiver, SCH_FACT_EXPECTATION, 8);
    }
    life_after(life, 20, 80);
    if (life_chance(life, 150))
        refer_back(life);
    else
        life_end_treatment(life);
}

static void start_treatment(struct life *life)
{
    struct ledger_message draft = ledger_draft(SCH_KIND_TREATMENT_START, life->receiver);
    int32_t sent;

    if (life_chance(life, 180)) {
        life_plant(life, 7, SCH_SILENCE_NOT_STARTED);
        return;
    }
    if (life_chance(life, 250)) {
        life_after(life, 2, 14);
        ledger_fact(&draft, SCH_FACT_STARTED, SCH_STARTED_NOT_YET);
        ledger_fact(&draft, SCH_FACT_EXPECTED_DATE, life_date_in(life, 30 + life_below(life, 120)));
        life_say(life, &draft);
        draft = ledger_draft(SCH_KIND_TREATMENT_START, life->receiver);
        if (life_chance(life, 200)) {
            life_plant(life, 7, SCH_SILENCE_NOT_STARTED);
            return;
        }
    }
    life_after(life, 5, 60);
    ledger_fact(&draft, SCH_FACT_STARTED, SCH_STARTED_YES);
    ledger_fact(&draft, SCH_FACT_EVENT_DATE, life_date_in(life, -life_below(life, 3)));
    sent = life_say(life, &draft);
    if (sent >= 0 && life_chance(life, 30)) {
        /* The wrong patient was ticked: taken back, and said again later. */
        life_after(life, 0, 1);
        draft = ledger_draft(SCH_KIND_CORRECTION, life->receiver);
        draft.subject = sent;
        life_say(life, &draft);
        life_after(life, 3, 10);
        draft = ledger_draft(SCH_KIND_TREATMENT_START, life->receiver);
        ledger_fact(&draft, SCH_FACT_STARTED, SCH_STARTED_YES);
        ledger_fact(&draft, SCH_FACT_EVENT_DATE, life_date_in(life, 0));
        life_say(life, &draft);
    }
    go_on_treating(life);
}

/* ---- intake -------------------------------------------------------------------------------------- */

static void report_intake(struct life *life, int32_t intake_day)
{
    enum lack lack = life_draw_lack(life, 100);
    bool treats = life_chance(life, 850);
    struct ledger_message draft = life_letter(life, SCH_KIND_INTAKE_REPORT, life->receiver, lack);
    int32_t sent;

    ledger_fact(&draft, SCH_FACT_EVENT_DATE, almanac_date(intake_day));
    ledger_fact(&draft, SCH_FACT_OUTCOME,
                treats ? SCH_OUTCOME_TREATMENT : SCH_OUTCOME_NO_TREATMENT + life_below(life, 2));
    sent = life_say(life, &draft);
    life_tell_lack(life, sent, lack);
    if (lack != LACKS_NOTHING && !life->over) {
        if (life_chance(life, 600)) {
            life_plant(life, 6, SCH_SILENCE_INCOMPLETE);
        } else {
            life_after(life, 2, 15);
            draft = life_letter(life, SCH_KIND_INTAKE_REPORT, life->receiver, LACKS_NOTHING);
            ledger_fact(&draft, SCH_FACT_EVENT_DATE, almanac_date(intake_day));
            ledger_fact(&draft, SCH_FACT_OUTCOME, treats ? SCH_OUTCOME_TREATMENT : SCH_OUTCOME_NO_TREATMENT);
            life_say(life, &draft);
        }
    }
    if (treats)
        start_treatment(life);
    else
        life_sent_away(life, sent);
}

static void hold_intake(struct life *life, int32_t intake_day)
{
    if (life_chance(life, 130)) {
        life_plant(life, 6, SCH_SILENCE_NO_INTAKE_REPORT);
        if (life_chance(life, 700))
            return;
        start_treatment(life);          /* the report is all that is missing */
        return;
    }
    if (almanac_start_of(intake_day) + 8 * HOUR_MS > life->t)
        life->t = almanac_start_of(intake_day) + 17 * HOUR_MS;
    if (life_chance(life, 60)) {
        life_after(life, 1, 6);
        life_say_fact(life, SCH_KIND_NO_REPORT, life->receiver, SCH_FACT_EXPECTATION, 6);
        start_treatment(life);
        return;
    }
    if (life_chance(life, 750))
        life_after(life, 1, 10);
    else
        life_after(life, 16, 50);
    report_intake(life, intake_day);
}

static int32_t appoint(struct life *life)
{
    int32_t day = almanac_day_of(life->t) + 4 + life_below(life, 30);

    while (!almanac_works(&region_calendar, day))
        day++;
    life_say_fact(life, SCH_KIND_APPOINTMENT, life->receiver, SCH_FACT_EVENT_DATE, almanac_date(day));
    return day;
}

static void plan_intake(struct life *life)
{
    int32_t day;

    if (life_chance(life, 130)) {
        life_plant(life, 4, SCH_SILENCE_NO_APPOINTMENT);
        return;
    }
    if (life_chance(life, 120)) {
        life_after(life, 3, 12);
        life_say_fact(life, SCH_KIND_WAIT_STATUS, life->receiver, SCH_FACT_EXPECTED_DATE, life_date_in(life, 40 + life_below(life, 90)));
    }
    if (life_chance(life, 800))
        life_after(life, 0, 14);
    else
        life_after(life, 25, 60);
    day = appoint(life);
    for (int shows = 1; shows < 4 && life_chance(life, 120) && !life->over; shows++) {
        struct ledger_message draft = ledger_draft(SCH_KIND_NO_SHOW, life->receiver);

        life->t = almanac_start_of(day) + 12 * HOUR_MS;
        life_after(life, 0, 3);
        ledger_fact(&draft, SCH_FACT_EVENT_DATE, almanac_date(day));
        ledger_fact(&draft, SCH_FACT_NO_SHOW_COUNT, shows);
        life_say(life, &draft);
        if (life_chance(life, 250)) {
            life_plant(life, 5, SCH_SILENCE_NO_APPOINTMENT);
            return;
        }
        if (life_chance(life, 800))
            life_after(life, 0, 8);
        else
            life_after(life, 18, 40);
        day = appoint(life);
    }
    if (life_chance(life, 60)) {
        life_after(life, 1, 3);              /* another day suits better */
        day = appoint(life);
    }
    hold_intake(life, day);
}

/* ---- deciding ------------------------------------------------------------------------------------ */

static void refuse(struct life *life)
{
    int32_t sent = life_say_fact(life, SCH_KIND_REFUSAL, life->receiver, SCH_FACT_REFUSAL_REASON, 1 + life_below(life, 8));

    if (life_chance(life, 60)) {
        life_after(life, 0, 1);              /* a place came free */
        life_say_plain(life, SCH_KIND_ACCEPTANCE, life->receiver);
        plan_intake(life);
        return;
    }
    life_sent_away(life, sent);
}

static void redirect(struct life *life)
{
    const struct region *region = life->ledger->region;
    struct ledger_message draft = ledger_draft(SCH_KIND_REDIRECTION, life->receiver);
    bool forwards = life->ledger->dossier[life->d].echelon == SCH_PARTY_GB_GGZ && life_chance(life, 600);
    int elsewhere = region->department[life_below(life, region->department_count)];
    int32_t sent, before = life->d;

    if (elsewhere == life->receiver)
        elsewhere = region->gb[0];
    draft.concerned = (int16_t)elsewhere;
    ledger_fact(&draft, SCH_FACT_REDIRECTION_MODE, forwards ? SCH_MODE_FORWARDED : SCH_MODE_ADVISED);
    ledger_fact(&draft, SCH_FACT_REFUSAL_REASON, SCH_REFUSAL_WRONG_ECHELON);
    if (forwards)
        ledger_fact(&draft, SCH_FACT_PATIENT_AGREED, SCH_YES_YES);
    sent = life_say(life, &draft);
    if (!forwards) {
        life_sent_away(life, sent);
        return;
    }
    if (life_chance(life, 300)) {
        /* The child never comes: from the end of the fifth working day on the practice must act. */
        life_plant(life, 10, life->ledger->dossier[life->d].refusals >= 1 ? SCH_SILENCE_NOWHERE_PLACED
                                                                     : SCH_SILENCE_NOT_TAKEN_UP);
        return;
    }
    life_after(life, 0, 3);
    life->links++;
    life_refer(life, -1, before, life->receiver);
}

static void ask_first(struct life *life, int32_t referral)
{
    int times = 1 + life_below(life, 3);

    (void)referral;
    for (int i = 0; i < times && !life->over; i++) {
        struct ledger_message draft = life_letter(life, SCH_KIND_INFORMATION_REQUEST, life->receiver, LACKS_NOTHING);
        int32_t asked = life_say(life, &draft);

        if (asked < 0)
            return;
        if (!life_read_by(life, asked, life->practice) || life_chance(life, 150)) {
            life_plant(life, 11, SCH_SILENCE_NO_INFORMATION);
            if (life_chance(life, 600))
                return;
            break;
        }
        if (life_chance(life, 800))
            life_after(life, 0, 4);
        else
            life_after(life, 8, 15);
        draft = life_letter(life, SCH_KIND_INFORMATION_REPLY, life->practice, LACKS_NOTHING);
        draft.subject = asked;
        asked = life_say(life, &draft);
        if (asked < 0 || !life_read_by(life, asked, life->receiver))
            return;
        life_after(life, 0, 4);
    }
}

static void decide(struct life *life, int32_t referral)
{
    if (life_chance(life, 90)) {
        ask_first(life, referral);
        if (life->over || ledger_owed(life->ledger, life->d, 11) >= 0)
            return;
    }
    if (life_chance(life, 160)) {
        refuse(life);
    } else if (life_chance(life, 40)) {
        redirect(life);
    } else {
        struct ledger_message draft = ledger_draft(SCH_KIND_ACCEPTANCE, life->receiver);

        if (life_chance(life, 300))
            ledger_fact(&draft, SCH_FACT_EXPECTED_DATE, life_date_in(life, 10 + life_below(life, 60)));
        life_say(life, &draft);
        if (life_chance(life, 30)) {
            life_after(life, 1, 5);
            life_say_fact(life, SCH_KIND_WITHDRAWAL, life->ledger->dossier[life->d].referrer, SCH_FACT_WITHDRAWAL_REASON,
                     SCH_WITHDRAWN_PLACED_ELSEWHERE);
            return;
        }
        plan_intake(life);
    }
}

/* From the referral on. */
void life_ggz(struct life *life, int32_t referral)
{
    const struct ledger_message *message = &life->ledger->message[referral];

    if (!message->refused && message->collect_ms[0] >= life->ledger->end_ms) {
        life_plant(life, 2, away_silence(life) == SCH_SILENCE_NOWHERE_PLACED ? SCH_SILENCE_NOWHERE_PLACED
                                                                        : SCH_SILENCE_NOT_COLLECTED);
        return;
    }
    if (message->refused || !life_read_by(life, referral, life->receiver)) {
        /* It never came there: who referred has to take the patient up. */
        ledger_pass(life->ledger, life->d, life->ledger->end_ms);
        return;
    }
    if (life_chance(life, 15)) {
        life_after(life, 0, 2);
        life_say_fact(life, SCH_KIND_WITHDRAWAL, life->ledger->dossier[life->d].referrer, SCH_FACT_WITHDRAWAL_REASON,
                 SCH_WITHDRAWN_PATIENT_DECLINES);
        return;
    }
    if (life_chance(life, 8)) {
        struct ledger_message draft = ledger_draft(SCH_KIND_CORRECTION, life->ledger->dossier[life->d].referrer);

        life_after(life, 0, 2);
        draft.subject = referral;
        life_say(life, &draft);
        return;
    }
    if (life_chance(life, 90)) {
        life_plant(life, 2, life->ledger->dossier[life->d].refusals >= 2 ? SCH_SILENCE_NOWHERE_PLACED
                                                                    : SCH_SILENCE_NOT_DECIDED);
        return;
    }
    if (life_chance(life, 800))
        life_after(life, 0, 5);
    else
        life_after(life, 9, 40);
    decide(life, referral);
}
