/* ledger_rules.c: DOMAIN's table of what is owed, kind by kind, as the judge reads it. */
#include <assert.h>
#include <string.h>

#include "ledger.h"
#include "ledger_own.h"

/* ---- kinds -------------------------------------------------------------------------------------- */

void own_open_dossier(struct ledger *ledger, int32_t d, const struct ledger_message *message, int32_t m)
{
    int64_t at_ms = message->at_ms;
    struct ledger_dossier *dossier = own_of(ledger, d);
    int receiver = dossier->receiver;

    switch (message->kind) {
    case SCH_KIND_REFERRAL:
        own_enter(ledger, d, at_ms, SCH_PHASE_SENT);
        if (dossier->echelon == SCH_PARTY_CRISIS)
            (void)own_owe(ledger, d, 3, false, receiver, m, at_ms, at_ms);
        else
            (void)own_owe(ledger, d, 2, false, receiver, m, at_ms, at_ms);
        if (own_is_ggz(own_of(ledger, d)->echelon)) {
            (void)own_owe(ledger, d, 4, false, receiver, m, at_ms, at_ms);
            (void)own_owe(ledger, d, 7, false, receiver, m, at_ms, at_ms);
        }
        break;
    case SCH_KIND_CONSULT_REQUEST:
        own_enter(ledger, d, at_ms, SCH_PHASE_SENT);
        (void)own_owe(ledger, d, 14, false, receiver, m, at_ms, at_ms);
        break;
    case SCH_KIND_EXPLORATION_REQUEST:
        own_enter(ledger, d, at_ms, SCH_PHASE_SENT);
        (void)own_owe(ledger, d, 13, false, receiver, m, at_ms, at_ms);
        break;
    case SCH_KIND_CARE_NOTICE:
        own_enter(ledger, d, at_ms, SCH_PHASE_IN_TREATMENT);
        (void)own_owe(ledger, d, 15, false, receiver, m, at_ms, almanac_start_of(own_stated(message, SCH_FACT_EVENT_DATE)));
        break;
    case SCH_KIND_INVOLVEMENT_NOTICE: own_enter(ledger, d, at_ms, SCH_PHASE_CLOSED); break;
    default: assert(false && "no such opening");
    }
}

static void intake_report(struct ledger *ledger, int32_t d, const struct ledger_message *message, int32_t m)
{
    int64_t at_ms = message->at_ms;
    bool treats = own_fact_of(message, SCH_FACT_OUTCOME) == SCH_OUTCOME_TREATMENT;
    bool ends = !treats && own_of(ledger, d)->phase < SCH_PHASE_ENDED;
    int32_t p;

    if (own_of(ledger, d)->phase < SCH_PHASE_INTAKE_DONE)
        own_of(ledger, d)->intake_day = own_happened(ledger, d, message);
    own_answer(ledger, d, at_ms, m, treats ? PLANNED : PLANNED | N(7));
    own_reach(ledger, d, at_ms, m, treats ? SCH_PHASE_INTAKE_DONE : SCH_PHASE_ENDED);
    own_answer_letter(ledger, d, at_ms, m, 6, own_happened(ledger, d, message));
    own_answer_letter(ledger, d, at_ms, m, 15, NONE);
    p = ledger_owed(ledger, d, 8);
    if (p >= 0)
        own_count_from(ledger, p, at_ms, own_today_of(at_ms));
    own_follow_intake(ledger, d, at_ms);
    if (ends)
        own_take_up(ledger, d, at_ms, own_of(ledger, d)->creditor, m);
    own_settle_end(ledger, d, at_ms);
}

static void no_show(struct ledger *ledger, int32_t d, const struct ledger_message *message, int32_t m)
{
    int64_t at_ms = message->at_ms;
    int32_t day = own_happened(ledger, d, message), p;

    own_answer(ledger, d, at_ms, m, DECIDED | N(4));
    own_reach(ledger, d, at_ms, m, SCH_PHASE_INTAKE_PLANNED);
    if (own_of(ledger, d)->phase == SCH_PHASE_INTAKE_PRESUMED)
        own_enter(ledger, d, at_ms, SCH_PHASE_INTAKE_PLANNED);
    own_end_all(ledger, d, 6, at_ms, SCH_STANDING_CANCELLED, NONE);
    own_of(ledger, d)->intake_day = NONE;
    own_follow_intake(ledger, d, at_ms);
    p = ledger_owed(ledger, d, 5);
    if (p >= 0 && ledger->promise[p].from_ms < almanac_start_of(day)) {
        own_end(ledger, p, at_ms, SCH_STANDING_CLOSED, m);
        p = NONE;
    }
    if (p < 0)
        (void)own_owe(ledger, d, 5, false, own_of(ledger, d)->receiver, m, at_ms, almanac_start_of(day));
}

static void appointment(struct ledger *ledger, int32_t d, const struct ledger_message *message, int32_t m)
{
    int64_t at_ms = message->at_ms;
    int32_t day = own_stated(message, SCH_FACT_EVENT_DATE), p = ledger_owed(ledger, d, 4);

    if (p >= 0)
        ledger->promise[p].beyond =
            almanac_start_of(day) >= ledger->change[ledger->promise[p].last].due_ms;
    own_answer(ledger, d, at_ms, m, PLANNED);
    own_reach(ledger, d, at_ms, m, SCH_PHASE_INTAKE_PLANNED);
    if (own_of(ledger, d)->phase == SCH_PHASE_INTAKE_PRESUMED)
        own_enter(ledger, d, at_ms, SCH_PHASE_INTAKE_PLANNED);
    own_of(ledger, d)->intake_day = day;
    p = ledger_owed(ledger, d, 6);
    if (p >= 0)
        own_count_from(ledger, p, at_ms, almanac_start_of(day));
    else if (!own_was_owed(ledger, d, 6))
        (void)own_owe(ledger, d, 6, false, own_of(ledger, d)->receiver, m, at_ms, almanac_start_of(day));
    own_follow_intake(ledger, d, at_ms);
}

static void treatment_start(struct ledger *ledger, int32_t d, const struct ledger_message *message, int32_t m)
{
    int64_t at_ms = message->at_ms;

    if (own_fact_of(message, SCH_FACT_STARTED) != SCH_STARTED_YES) {
        own_answer(ledger, d, at_ms, m, DECIDED);
        own_reach(ledger, d, at_ms, m, SCH_PHASE_ACCEPTED);
        own_announce(ledger, d, at_ms, message, 7);
        return;
    }
    own_answer(ledger, d, at_ms, m, PLANNED | N(7));
    own_reach(ledger, d, at_ms, m, SCH_PHASE_IN_TREATMENT);
    if (ledger_owed(ledger, d, 8) < 0)
        (void)own_owe(ledger, d, 8, false, own_of(ledger, d)->receiver, m, at_ms,
                  almanac_start_of(own_happened(ledger, d, message)));
}

static void treatment_end(struct ledger *ledger, int32_t d, const struct ledger_message *message, int32_t m)
{
    int64_t at_ms = message->at_ms, from_ms;
    bool clinical = own_fact_of(message, SCH_FACT_SETTING) == SCH_SETTING_CLINICAL;
    int32_t day = own_happened(ledger, d, message);

    own_answer(ledger, d, at_ms, m, OVER);
    own_reach(ledger, d, at_ms, m, SCH_PHASE_ENDED);
    from_ms = !clinical                         ? almanac_start_of(day)
              : day == almanac_day_of(at_ms)    ? at_ms
                                                : almanac_start_of(day + 1);
    if (!own_was_owed(ledger, d, 9))
        (void)own_owe(ledger, d, 9, clinical, own_of(ledger, d)->receiver, m, at_ms, from_ms);
    own_settle_end(ledger, d, at_ms);
}

static void progress_letter(struct ledger *ledger, int32_t d, const struct ledger_message *message, int32_t m)
{
    int64_t at_ms = message->at_ms;

    own_answer(ledger, d, at_ms, m, PLANNED | N(7));
    own_reach(ledger, d, at_ms, m, SCH_PHASE_IN_TREATMENT);
    own_answer_letter(ledger, d, at_ms, m, 8, NONE);
    own_answer_letter(ledger, d, at_ms, m, 15, NONE);
    if (own_is_complete(message))
        (void)own_owe(ledger, d, 8, false, own_of(ledger, d)->receiver, m, at_ms, own_today_of(at_ms));
}

static void back_referral(struct ledger *ledger, int32_t d, const struct ledger_message *message, int32_t m)
{
    int64_t at_ms = message->at_ms;

    own_answer(ledger, d, at_ms, m, OVER);
    own_answer_letter(ledger, d, at_ms, m, 9, almanac_day_of(at_ms));
    own_turn_away(ledger, d, at_ms, SCH_PHASE_BACK_REFERRED, own_of(ledger, d)->creditor, m);
}

/* The practice cannot take the patient back: treatment goes on. */
static void refuse_back(struct ledger *ledger, int32_t d, const struct ledger_message *message, int32_t m)
{
    int64_t at_ms = message->at_ms;

    enum sch_standing last = SCH_STANDING_CLOSED;

    own_end_all(ledger, d, 10, at_ms, SCH_STANDING_CANCELLED, NONE);
    for (int32_t p = own_of(ledger, d)->first_promise; p >= 0; p = ledger->promise[p].next) {
        ledger->promise[p].forgotten |= ledger->promise[p].number == 9;
        if (ledger->promise[p].number == 8)
            last = own_last(ledger, p)->standing;
    }
    own_of(ledger, d)->refusals--;
    own_enter(ledger, d, at_ms, SCH_PHASE_IN_TREATMENT);
    /* A patient who objected to letters, or a practice that waived them, did so for the new beginning too. */
    if (last != SCH_STANDING_WITHHELD && last != SCH_STANDING_WAIVED)
        (void)own_owe(ledger, d, 8, false, own_of(ledger, d)->receiver, m, at_ms, own_today_of(at_ms));
}

static void refusal(struct ledger *ledger, int32_t d, const struct ledger_message *message, int32_t m)
{
    if (message->sender == own_of(ledger, d)->creditor) {
        refuse_back(ledger, d, message, m);
        return;
    }
    own_answer(ledger, d, message->at_ms, m, DECIDED);
    own_turn_away(ledger, d, message->at_ms, SCH_PHASE_REFUSED, own_of(ledger, d)->creditor, m);
}

static void redirection(struct ledger *ledger, int32_t d, const struct ledger_message *message, int32_t m)
{
    int64_t at_ms = message->at_ms;

    own_answer(ledger, d, at_ms, m, DECIDED);
    if (own_fact_of(message, SCH_FACT_REDIRECTION_MODE) == SCH_MODE_ADVISED) {
        own_turn_away(ledger, d, at_ms, SCH_PHASE_REDIRECTED, own_of(ledger, d)->creditor, m);
        return;
    }
    own_cancel(ledger, d, at_ms, own_of(ledger, d)->phase == SCH_PHASE_INTAKE_PRESUMED);
    own_of(ledger, d)->intake_day = NONE;
    own_of(ledger, d)->redirection = m;
    own_of(ledger, d)->forward_by_ms = almanac_due(ledger_calendar(ledger, own_of(ledger, d)), at_ms, 5, ALMANAC_WORKING);
    own_enter(ledger, d, at_ms, SCH_PHASE_REDIRECTED);
}

static void information_request(struct ledger *ledger, int32_t d, const struct ledger_message *message, int32_t m)
{
    int64_t at_ms = message->at_ms;

    if (message->sender == own_of(ledger, d)->receiver && ledger_owed(ledger, d, 2) >= 0 && own_of(ledger, d)->asked < 2) {
        own_answer(ledger, d, at_ms, m, N(2));
        own_of(ledger, d)->asked++;
    }
    (void)own_owe(ledger, d, 11, false, message->to[0], m, at_ms, at_ms);
}

static void information_reply(struct ledger *ledger, int32_t d, const struct ledger_message *message, int32_t m)
{
    int64_t at_ms = message->at_ms;

    for (int32_t p = own_of(ledger, d)->first_promise; p >= 0; p = ledger->promise[p].next)
        if (ledger->promise[p].number == 11 && ledger->promise[p].debtor == message->sender &&
            ledger_is_owed(own_last(ledger, p))) {
            own_end(ledger, p, at_ms, SCH_STANDING_CLOSED, m);
            break;
        }
    if (ledger_owed(ledger, d, 2) < 0 && own_of(ledger, d)->phase == SCH_PHASE_SENT && own_of(ledger, d)->asked > 0 &&
        message->sender != own_of(ledger, d)->receiver)
        (void)own_owe(ledger, d, 2, false, own_of(ledger, d)->receiver, m, at_ms, at_ms);
}

/* Nobody waits for the message any more: what was not collected is taken back. */
static void take_back(struct ledger *ledger, int32_t d, int32_t m, int64_t at_ms)
{
    struct ledger_message *message = &ledger->message[m];
    struct ledger_dossier *dossier = own_of(ledger, d);

    for (int i = 0; i < message->to_count; i++) {
        struct ledger_change *last = own_last(ledger, message->e1[i]);

        if (last->at_ms <= at_ms && !ledger_is_owed(last))
            continue;
        last->at_ms = at_ms;
        last->standing = SCH_STANDING_CANCELLED;
        message->collect_ms[i] = LEDGER_NEVER;
    }
    for (int i = 0; i < dossier->later_count; i++)
        if (dossier->later[i].message == m)
            dossier->later[i--] = dossier->later[--dossier->later_count];
}

static void withdrawal(struct ledger *ledger, int32_t d, const struct ledger_message *message)
{
    bool held = own_of(ledger, d)->phase == SCH_PHASE_INTAKE_PRESUMED;

    take_back(ledger, d, own_of(ledger, d)->opening, message->at_ms);
    own_cancel(ledger, d, message->at_ms, held);
    own_enter(ledger, d, message->at_ms, SCH_PHASE_WITHDRAWN);
}

/* A referral in error had taken nobody up: its parent or predecessor owes again what it had closed, or, where its
 * sender was to forward the patient, what comes of a child that does not come. */
static void unlink_from(struct ledger *ledger, const struct ledger_message *opening, int32_t m, int64_t at_ms)
{
    int32_t origin = opening->parent >= 0 ? opening->parent : opening->follows;
    bool any = false;

    if (origin < 0)
        return;
    ledger_pass(ledger, origin, at_ms);
    if (own_of(ledger, origin)->phase < SCH_PHASE_ENDED || own_of(ledger, origin)->phase == SCH_PHASE_ENTERED_IN_ERROR)
        return;
    for (int32_t p = own_of(ledger, origin)->first_promise; p >= 0; p = ledger->promise[p].next) {
        if (ledger->promise[p].number != 10)
            continue;
        any = true;
        if (ledger->promise[p].closed_by != m)
            continue;
        own_change(ledger, p, at_ms)->standing = SCH_STANDING_OPEN;
        ledger->promise[p].closed_by = NONE;
        own_of(ledger, origin)->taken_up = false;
    }
    if (!any && opening->parent >= 0 && own_of(ledger, origin)->phase == SCH_PHASE_REDIRECTED)
        own_lapse(ledger, origin, at_ms);
}

/* What the corrected message had closed is owed again, what it had opened is not. before: the phase that it had
 * moved the dossier from, of which the correction's author tells. */
static void correction(struct ledger *ledger, int32_t d, const struct ledger_message *message)
{
    int64_t at_ms = message->at_ms;
    int32_t subject = message->subject;
    const struct ledger_phase *before = ledger_phase_at(ledger, own_of(ledger, d), ledger->message[subject].at_ms - 1);

    take_back(ledger, d, subject, at_ms);
    if (subject == own_of(ledger, d)->opening) {
        for (int number = 2; number < ANY_NUMBER; number++)
            if (number != 11)
                own_end_all(ledger, d, number, at_ms, SCH_STANDING_CANCELLED, NONE);
        own_enter(ledger, d, at_ms, SCH_PHASE_ENTERED_IN_ERROR);
        unlink_from(ledger, &ledger->message[subject], subject, at_ms);
        return;
    }
    for (int32_t p = own_of(ledger, d)->first_promise; p >= 0; p = ledger->promise[p].next) {
        const struct ledger_promise *promise = &ledger->promise[p];

        if (promise->number == 1)
            continue;
        if (promise->message == subject && ledger_is_owed(own_last(ledger, p)))
            own_end(ledger, p, at_ms, SCH_STANDING_CANCELLED, NONE);
        else if (promise->closed_by == subject) {
            own_change(ledger, p, at_ms)->standing = SCH_STANDING_OPEN;
            ledger->promise[p].closed_by = NONE;
            ledger->promise[p].beyond = false;
        }
    }
    own_enter(ledger, d, at_ms, before->phase);
}

static void snooze(struct ledger *ledger, int32_t d, const struct ledger_message *message)
{
    int number = (int)own_fact_of(message, SCH_FACT_EXPECTATION);

    for (int32_t p = own_of(ledger, d)->first_promise; p >= 0; p = ledger->promise[p].next)
        if (ledger->promise[p].number == number && ledger_is_owed(own_last(ledger, p)))
            own_change(ledger, p, message->at_ms)->snoozed_ms =
                almanac_start_of(own_stated(message, SCH_FACT_UNTIL) + 1);
}

static void advice(struct ledger *ledger, int32_t d, const struct ledger_message *message, int32_t m)
{
    int64_t route = own_fact_of(message, SCH_FACT_ROUTE);

    own_answer(ledger, d, message->at_ms, m, N(13));
    own_enter(ledger, d, message->at_ms, SCH_PHASE_ENDED);
    if (route == SCH_ROUTE_GB_GGZ || route == SCH_ROUTE_S_GGZ)
        own_take_up(ledger, d, message->at_ms, own_of(ledger, d)->creditor, m);
    own_settle_end(ledger, d, message->at_ms);
}

static void discharge_letter(struct ledger *ledger, int32_t d, const struct ledger_message *message, int32_t m)
{
    own_answer(ledger, d, message->at_ms, m, OVER);
    own_reach(ledger, d, message->at_ms, m, SCH_PHASE_ENDED);
    own_answer_letter(ledger, d, message->at_ms, m, 15, NONE);
    own_answer_letter(ledger, d, message->at_ms, m, 9, own_happened(ledger, d, message));
    own_settle_end(ledger, d, message->at_ms);
}

static void team_result(struct ledger *ledger, int32_t d, const struct ledger_message *message, int32_t m)
{
    own_answer(ledger, d, message->at_ms, m, N(2));
    own_reach(ledger, d, message->at_ms, m, SCH_PHASE_ENDED);
    own_answer_letter(ledger, d, message->at_ms, m, 12, NONE);
    own_settle_end(ledger, d, message->at_ms);
}

void own_apply(struct ledger *ledger, int32_t d, int32_t m)
{
    const struct ledger_message copy = ledger->message[m], *message = &copy;
    int64_t at_ms = message->at_ms;
    int number = (int)own_fact_of(message, SCH_FACT_EXPECTATION);

    /* Whom the practice has taken up, no late word of the receiver moves. */
    if (own_turned_away(own_of(ledger, d)) && own_of(ledger, d)->taken_up)
        return;
    switch (message->kind) {
    case SCH_KIND_ACCEPTANCE:
        own_answer(ledger, d, at_ms, m, DECIDED);
        own_reach(ledger, d, at_ms, m, SCH_PHASE_ACCEPTED);
        if (own_fact_of(message, SCH_FACT_EXPECTED_DATE) != 0)
            own_announce(ledger, d, at_ms, message, 4);
        if (own_of(ledger, d)->echelon == SCH_PARTY_WIJKTEAM)
            (void)own_owe(ledger, d, 12, false, own_of(ledger, d)->receiver, m, at_ms, at_ms);
        break;
    case SCH_KIND_REFUSAL: refusal(ledger, d, message, m); break;
    case SCH_KIND_REDIRECTION: redirection(ledger, d, message, m); break;
    case SCH_KIND_INFORMATION_REQUEST: information_request(ledger, d, message, m); break;
    case SCH_KIND_INFORMATION_REPLY: information_reply(ledger, d, message, m); break;
    case SCH_KIND_APPOINTMENT: appointment(ledger, d, message, m); break;
    case SCH_KIND_NO_SHOW: no_show(ledger, d, message, m); break;
    case SCH_KIND_INTAKE_REPORT: intake_report(ledger, d, message, m); break;
    case SCH_KIND_TREATMENT_START: treatment_start(ledger, d, message, m); break;
    case SCH_KIND_WAIT_STATUS:
        own_announce(ledger, d, at_ms, message, ledger_owed(ledger, d, 4) >= 0 ? 4 : 7);
        break;
    case SCH_KIND_PROGRESS_LETTER: progress_letter(ledger, d, message, m); break;
    case SCH_KIND_TREATMENT_END: treatment_end(ledger, d, message, m); break;
    case SCH_KIND_DISCHARGE_LETTER: discharge_letter(ledger, d, message, m); break;
    case SCH_KIND_BACK_REFERRAL: back_referral(ledger, d, message, m); break;
    case SCH_KIND_NO_REPORT:
        own_end_all(ledger, d, number, at_ms, SCH_STANDING_WITHHELD, m);
        own_settle_end(ledger, d, at_ms);
        break;
    case SCH_KIND_LETTER_INCOMPLETE: own_found_incomplete(ledger, d, at_ms, message->subject); break;
    case SCH_KIND_TAKEN_UP:
        own_end_all(ledger, d, 10, at_ms, SCH_STANDING_CLOSED, m);
        own_of(ledger, d)->taken_up = true;
        break;
    case SCH_KIND_WITHDRAWAL: withdrawal(ledger, d, message); break;
    case SCH_KIND_CORRECTION: correction(ledger, d, message); break;
    case SCH_KIND_CONSULT_REPLY:
        own_answer(ledger, d, at_ms, m, N(14));
        own_enter(ledger, d, at_ms, SCH_PHASE_CLOSED);
        break;
    case SCH_KIND_EXPLORATION_ADVICE: advice(ledger, d, message, m); break;
    case SCH_KIND_TEAM_RESULT: team_result(ledger, d, message, m); break;
    case SCH_KIND_WAIVER:
        own_end_all(ledger, d, number, at_ms, SCH_STANDING_WAIVED, m);
        own_of(ledger, d)->taken_up |= number == 10;
        own_settle_end(ledger, d, at_ms);
        break;
    case SCH_KIND_SNOOZE: snooze(ledger, d, message); break;
    case SCH_KIND_NOTE:
    case SCH_KIND_REMINDER:
    case SCH_KIND_CHANGE_NOTICE:
    case SCH_KIND_TRANSFER_NOTICE: break;
    default: assert(false && "a kind that the year does not say");
    }
}
