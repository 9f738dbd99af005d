/* ledger_terms.c: terms and clocks of promises, and the phases of a dossier, as DOMAIN gives them. */
#include <assert.h>
#include <string.h>

#include "ledger.h"
#include "ledger_own.h"

struct ledger_dossier *own_of(struct ledger *ledger, int32_t dossier)
{
    return &ledger->dossier[dossier];
}

int64_t own_fact_of(const struct ledger_message *message, enum sch_fact fact)
{
    for (int i = 0; i < message->fact_count; i++)
        if (message->fact[i].fact == fact)
            return message->fact[i].value;
    return 0;
}

/* yyyymmdd as a day of the almanac. */
int32_t own_stated(const struct ledger_message *message, enum sch_fact fact)
{
    int64_t date = own_fact_of(message, fact);

    return almanac_day((int)(date / 10000), (int)(date / 100 % 100), (int)(date % 100));
}

/* What happened cannot be later than today, nor earlier than the letter that asked for it. */
int32_t own_happened(struct ledger *ledger, int32_t d, const struct ledger_message *message)
{
    int32_t day = own_stated(message, SCH_FACT_EVENT_DATE), today = almanac_day_of(message->at_ms);

    if (day < own_of(ledger, d)->letter_day)
        day = own_of(ledger, d)->letter_day;
    return day > today ? today : day;
}

/* What counts in days counts from a day's beginning. */
int64_t own_today_of(int64_t at_ms)
{
    return almanac_start_of(almanac_day_of(at_ms));
}

bool own_is_ggz(enum sch_party_kind kind)
{
    return kind == SCH_PARTY_GB_GGZ || kind == SCH_PARTY_S_GGZ;
}

bool own_turned_away(const struct ledger_dossier *dossier)
{
    return dossier->phase == SCH_PHASE_REFUSED || dossier->phase == SCH_PHASE_UNDELIVERED ||
           dossier->phase == SCH_PHASE_REDIRECTED;
}

/* ---- clocks ------------------------------------------------------------------------------------- */

struct norm {
    int term;
    enum almanac_unit unit;
};

static struct norm norm_of(struct ledger *ledger, int32_t d, int number, int debtor, bool special)
{
    static const struct norm national[ANY_NUMBER] = {
        [1] = { 1, ALMANAC_WORKING }, [2] = { 5, ALMANAC_WORKING }, [3] = { 24, ALMANAC_HOURS },
        [4] = { 4, ALMANAC_WEEKS }, [5] = { 10, ALMANAC_WORKING }, [6] = { 10, ALMANAC_WORKING },
        [7] = { 14, ALMANAC_WEEKS }, [8] = { 365, ALMANAC_DAYS }, [9] = { 10, ALMANAC_WORKING },
        [10] = { 3, ALMANAC_WORKING }, [11] = { 5, ALMANAC_WORKING }, [12] = { 6, ALMANAC_WEEKS },
        [13] = { 3, ALMANAC_WEEKS }, [14] = { 5, ALMANAC_WORKING }, [15] = { 60, ALMANAC_DAYS },
    };

    if (number == 1 && special)
        return (struct norm){ 1, ALMANAC_HOURS };
    if (number == 9 && special)
        return (struct norm){ 24, ALMANAC_HOURS };
    if (number == 4 && region_is_slow(ledger->region, debtor))
        return (struct norm){ REGION_SLOW_E4_WEEKS, ALMANAC_WEEKS };
    if (number == 8 && ledger_calendar(ledger, own_of(ledger, d)) != NULL)
        return (struct norm){ REGION_E8_DAYS, ALMANAC_DAYS };
    return national[number];
}

static void set_due(struct ledger *ledger, int32_t d, struct ledger_change *change, int64_t due_ms)
{
    change->due_ms = due_ms;
    change->escalate_ms = own_of(ledger, d)->urgency == SCH_URGENCY_CRISIS
                              ? due_ms
                              : almanac_due(ledger_calendar(ledger, own_of(ledger, d)), due_ms - 1, 5, ALMANAC_WORKING);
}

static void move(struct ledger *ledger, int32_t p, int64_t at_ms, int64_t norm_due_ms, int64_t remind_ms,
                 int64_t due_ms)
{
    const struct ledger_change *now = own_last(ledger, p);
    struct ledger_change *next;

    if (now->norm_due_ms == norm_due_ms && now->remind_ms == remind_ms && now->due_ms == due_ms)
        return;
    next = own_change(ledger, p, at_ms);
    next->norm_due_ms = norm_due_ms;
    next->remind_ms = remind_ms;
    set_due(ledger, ledger->promise[p].dossier, next, due_ms);
    ledger->promise[p].announced |= due_ms > norm_due_ms;
}

/* Lets a promise count from another moment, with all that follows. */
void own_count_from(struct ledger *ledger, int32_t p, int64_t at_ms, int64_t from_ms)
{
    struct ledger_promise *promise = &ledger->promise[p];
    const struct almanac_region *region = ledger_calendar(ledger, own_of(ledger, promise->dossier));
    int64_t due_ms = almanac_due(region, from_ms, promise->term, promise->unit);

    promise->from_ms = from_ms;
    if (own_last(ledger, p)->from_ms != from_ms)
        own_change(ledger, p, at_ms)->from_ms = from_ms;
    move(ledger, p, at_ms, due_ms, almanac_reminder(region, from_ms, promise->term, promise->unit), due_ms);
}

int32_t own_owe(struct ledger *ledger, int32_t d, int number, bool special, int debtor, int32_t message,
                   int64_t at_ms, int64_t from_ms)
{
    const struct almanac_region *region = ledger_calendar(ledger, own_of(ledger, d));
    struct norm norm = norm_of(ledger, d, number, debtor, special);
    int32_t p = own_new_promise(ledger, d);
    struct ledger_promise *promise = &ledger->promise[p];
    struct ledger_change *change;

    promise->message = message;
    promise->debtor = (int16_t)debtor;
    promise->number = (uint8_t)number;
    promise->term = norm.term;
    promise->unit = norm.unit;
    promise->opened_ms = at_ms;
    promise->from_ms = from_ms;
    change = own_change(ledger, p, at_ms);
    change->from_ms = from_ms;
    change->norm_due_ms = almanac_due(region, from_ms, norm.term, norm.unit);
    change->remind_ms = almanac_reminder(region, from_ms, norm.term, norm.unit);
    set_due(ledger, d, change, change->norm_due_ms);
    if (norm.unit == ALMANAC_HOURS && number != 1) {
        own_of(ledger, d)->avoid_ms = change->due_ms;
        own_of(ledger, d)->avoid_reminder_ms = change->remind_ms;
    }
    return p;
}

void own_end(struct ledger *ledger, int32_t p, int64_t at_ms, enum sch_standing standing, int32_t by)
{
    own_change(ledger, p, at_ms)->standing = standing;
    ledger->promise[p].closed_by = by;
}

/* Ends what is owed of a number, every instance of it. */
void own_end_all(struct ledger *ledger, int32_t d, int number, int64_t at_ms, enum sch_standing standing,
                    int32_t by)
{
    for (int32_t p; (p = ledger_owed(ledger, d, number)) >= 0;)
        own_end(ledger, p, at_ms, standing, by);
}

void own_answer(struct ledger *ledger, int32_t d, int64_t at_ms, int32_t by, uint32_t numbers)
{
    for (int number = 2; number < ANY_NUMBER; number++)
        if ((numbers >> number & 1) != 0)
            own_end_all(ledger, d, number, at_ms, SCH_STANDING_CLOSED, by);
}

void own_cancel(struct ledger *ledger, int32_t d, int64_t at_ms, bool intake_held)
{
    for (int number = 2; number < ANY_NUMBER; number++)
        if (number != 9 && number != 10 && number != 11 && (number != 6 || !intake_held))
            own_end_all(ledger, d, number, at_ms, SCH_STANDING_CANCELLED, NONE);
}

/* ---- the dossier -------------------------------------------------------------------------------- */

void own_enter(struct ledger *ledger, int32_t d, int64_t at_ms, enum sch_phase phase)
{
    own_of(ledger, d)->phase = phase;
    own_note_phase(ledger, d, at_ms);
}

void own_take_up(struct ledger *ledger, int32_t d, int64_t at_ms, int debtor, int32_t message)
{
    (void)own_owe(ledger, d, 10, false, debtor, message, at_ms, at_ms);
}

/* The patient is sent away: one more time that the chain found no place. */
void own_turn_away(struct ledger *ledger, int32_t d, int64_t at_ms, enum sch_phase phase, int debtor,
                      int32_t message)
{
    bool held = own_of(ledger, d)->phase >= SCH_PHASE_INTAKE_PRESUMED && own_of(ledger, d)->phase <= SCH_PHASE_ENDED;

    own_cancel(ledger, d, at_ms, held);
    if (!held)
        own_of(ledger, d)->intake_day = NONE;
    own_of(ledger, d)->refusals++;
    own_enter(ledger, d, at_ms, phase);
    own_take_up(ledger, d, at_ms, debtor, message);
}

/* E7's second clock. */
void own_follow_intake(struct ledger *ledger, int32_t d, int64_t at_ms)
{
    const struct almanac_region *region = ledger_calendar(ledger, own_of(ledger, d));
    int32_t p = ledger_owed(ledger, d, 7), day = own_of(ledger, d)->intake_day;
    const struct ledger_promise *promise = &ledger->promise[p];
    int64_t due_ms, remind_ms, second_ms, stands_ms;

    if (p < 0)
        return;
    due_ms = almanac_due(region, promise->from_ms, promise->term, promise->unit);
    remind_ms = almanac_reminder(region, promise->from_ms, promise->term, promise->unit);
    if (day >= 0) {
        second_ms = almanac_due(region, almanac_start_of(day), 10, ALMANAC_WEEKS);
        if (second_ms < due_ms) {
            due_ms = second_ms;
            remind_ms = almanac_reminder(region, almanac_start_of(day), 10, ALMANAC_WEEKS);
        }
    }
    stands_ms = own_last(ledger, p)->due_ms;
    move(ledger, p, at_ms, due_ms, remind_ms,
         own_last(ledger, p)->due_ms > own_last(ledger, p)->norm_due_ms && stands_ms > due_ms ? stands_ms : due_ms);
}

static void reopen(struct ledger *ledger, int32_t d, int64_t at_ms, int32_t message, enum sch_phase proven)
{
    struct ledger_dossier *dossier = own_of(ledger, d);

    own_end_all(ledger, d, 10, at_ms, SCH_STANDING_CANCELLED, NONE);
    if (dossier->refusals > 0)
        dossier->refusals--;
    if (own_is_ggz(dossier->echelon) && proven < SCH_PHASE_INTAKE_PLANNED)
        (void)own_owe(ledger, d, 4, false, dossier->receiver, message, at_ms, dossier->opened_ms);
    if (own_is_ggz(dossier->echelon) && proven < SCH_PHASE_IN_TREATMENT)
        (void)own_owe(ledger, d, 7, false, own_of(ledger, d)->receiver, message, at_ms, own_of(ledger, d)->opened_ms);
    own_enter(ledger, d, at_ms, proven);
}

void own_reach(struct ledger *ledger, int32_t d, int64_t at_ms, int32_t message, enum sch_phase proven)
{
    if (own_turned_away(own_of(ledger, d)))
        reopen(ledger, d, at_ms, message, proven);
    else if (own_of(ledger, d)->phase < proven)
        own_enter(ledger, d, at_ms, proven);
}

void own_settle_end(struct ledger *ledger, int32_t d, int64_t at_ms)
{
    if (own_of(ledger, d)->phase != SCH_PHASE_ENDED || ledger_owed(ledger, d, 6) >= 0 || ledger_owed(ledger, d, 9) >= 0 ||
        ledger_owed(ledger, d, 12) >= 0 || ledger_owed(ledger, d, 15) >= 0)
        return;
    own_cancel(ledger, d, at_ms, true);
    own_enter(ledger, d, at_ms, SCH_PHASE_CLOSED);
}

/* Was there an instance of this number before, that still counts? */
bool own_was_owed(const struct ledger *ledger, int32_t d, int number)
{
    for (int32_t p = ledger->dossier[d].first_promise; p >= 0; p = ledger->promise[p].next)
        if (ledger->promise[p].number == number && !ledger->promise[p].forgotten &&
            own_last(ledger, p)->standing != SCH_STANDING_CANCELLED)
            return true;
    return false;
}

bool own_is_complete(const struct ledger_message *message)
{
    static const uint32_t intake = SCH_SECTION_INTAKE_DATE | SCH_SECTION_ANSWER | SCH_SECTION_DIAGNOSIS |
                                   SCH_SECTION_INDICATION | SCH_SECTION_PLAN | SCH_SECTION_START |
                                   SCH_SECTION_PRACTITIONER;
    static const uint32_t discharge = SCH_SECTION_END | SCH_SECTION_DONE | SCH_SECTION_RESULT | SCH_SECTION_MEDICATION |
                                      SCH_SECTION_RESIDUAL_RISK | SCH_SECTION_RELAPSE_SIGNALS | SCH_SECTION_AFTERCARE |
                                      SCH_SECTION_PHONE;
    static const uint32_t progress = SCH_SECTION_COURSE | SCH_SECTION_CHANGES | SCH_SECTION_PLAN;
    static const uint32_t result = SCH_SECTION_QUESTION | SCH_SECTION_RESULT;
    uint32_t wanted = message->kind == SCH_KIND_INTAKE_REPORT     ? intake
                      : message->kind == SCH_KIND_PROGRESS_LETTER ? progress
                      : message->kind == SCH_KIND_TEAM_RESULT     ? result
                                                                  : discharge;

    return !message->sections_known || (wanted & ~message->sections) == 0;
}

/* A letter answers its promise, or shows it to be answered in part. day NONE: it opens none. */
void own_answer_letter(struct ledger *ledger, int32_t d, int64_t at_ms, int32_t m, int number, int32_t day)
{
    int32_t p = ledger_owed(ledger, d, number);

    if (p < 0 && day != NONE && !own_was_owed(ledger, d, number))
        p = own_owe(ledger, d, number, false, own_of(ledger, d)->receiver, m, at_ms, almanac_start_of(day));
    if (p < 0)
        return;
    if (own_is_complete(&ledger->message[m])) {
        own_end(ledger, p, at_ms, SCH_STANDING_CLOSED, m);
    } else if (own_last(ledger, p)->standing == SCH_STANDING_OPEN) {
        own_change(ledger, p, at_ms)->standing = SCH_STANDING_INCOMPLETE;
        ledger->promise[p].incomplete = true;
    }
}

void own_announce(struct ledger *ledger, int32_t d, int64_t at_ms, const struct ledger_message *message, int number)
{
    const struct almanac_region *region = ledger_calendar(ledger, own_of(ledger, d));
    int32_t p = ledger_owed(ledger, d, number);
    int64_t due_ms, latest_ms;

    if (p < 0)
        return;
    due_ms = almanac_due(region, almanac_start_of(own_stated(message, SCH_FACT_EXPECTED_DATE)), 5, ALMANAC_WORKING);
    latest_ms = almanac_due(region, at_ms, 13, ALMANAC_WEEKS);
    if (due_ms > latest_ms)
        due_ms = latest_ms;
    if (due_ms < own_last(ledger, p)->norm_due_ms)
        due_ms = own_last(ledger, p)->norm_due_ms;
    move(ledger, p, at_ms, own_last(ledger, p)->norm_due_ms, own_last(ledger, p)->remind_ms, due_ms);
}

/* The letter that had answered a promise lacks something after all. */
void own_found_incomplete(struct ledger *ledger, int32_t d, int64_t at_ms, int32_t letter)
{
    for (int32_t p = own_of(ledger, d)->first_promise; p >= 0; p = ledger->promise[p].next)
        if (ledger->promise[p].number == 8 && ledger->promise[p].message == letter &&
            ledger_is_owed(own_last(ledger, p)))
            own_end(ledger, p, at_ms, SCH_STANDING_CANCELLED, NONE);
    for (int32_t p = own_of(ledger, d)->first_promise; p >= 0; p = ledger->promise[p].next) {
        const struct ledger_promise *promise = &ledger->promise[p];

        if (promise->number == 1 || promise->closed_by != letter ||
            own_last(ledger, p)->standing != SCH_STANDING_CLOSED ||
            (promise->number != 6 && promise->number != 8 && promise->number != 9 && promise->number != 12 &&
             promise->number != 15))
            continue;
        /* A complete letter that came meanwhile has begun the next term: nothing is owed twice. */
        if (promise->number == 8 && ledger_owed(ledger, d, 8) >= 0)
            continue;
        own_change(ledger, p, at_ms)->standing = SCH_STANDING_INCOMPLETE;
        ledger->promise[p].incomplete = true;
        ledger->promise[p].closed_by = NONE;
        if (own_of(ledger, d)->phase == SCH_PHASE_CLOSED)
            own_enter(ledger, d, at_ms, SCH_PHASE_ENDED);
    }
}
