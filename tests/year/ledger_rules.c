/*
 * ledger_rules.c: DOMAIN's table of what is owed, kind by kind, as the judge reads it.
 */
#include <assert.h>
#include <string.h>

#include "ledger.h"
#include "ledger_own.h"

#define DAY_MS INT64_C(86400000)
#define EXPIRY_MS (30 * DAY_MS)
#define NONE (-1)
#define ANY_NUMBER 16

enum later { LATER_RECEIVED, LATER_UNDELIVERED, LATER_INCOMPLETE };

static struct ledger_dossier *of(struct ledger *ledger, int32_t dossier)
{
    return &ledger->dossier[dossier];
}

static int64_t fact_of(const struct ledger_message *message, enum sch_fact fact)
{
    for (int i = 0; i < message->fact_count; i++)
        if (message->fact[i].fact == fact)
            return message->fact[i].value;
    return 0;
}

/* yyyymmdd as a day of the almanac. */
static int32_t stated(const struct ledger_message *message, enum sch_fact fact)
{
    int64_t date = fact_of(message, fact);

    return almanac_day((int)(date / 10000), (int)(date / 100 % 100), (int)(date % 100));
}

/* What happened cannot be later than today, nor earlier than the letter that asked for it. */
static int32_t happened(struct ledger *ledger, int32_t d, const struct ledger_message *message)
{
    int32_t day = stated(message, SCH_FACT_EVENT_DATE), today = almanac_day_of(message->at_ms);

    if (day < of(ledger, d)->letter_day)
        day = of(ledger, d)->letter_day;
    return day > today ? today : day;
}

/* What counts in days counts from a day's beginning. */
static int64_t today_of(int64_t at_ms)
{
    return almanac_start_of(almanac_day_of(at_ms));
}

static bool is_ggz(enum sch_party_kind kind)
{
    return kind == SCH_PARTY_GB_GGZ || kind == SCH_PARTY_S_GGZ;
}

static bool turned_away(const struct ledger_dossier *dossier)
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
    if (number == 8 && ledger_calendar(ledger, of(ledger, d)) != NULL)
        return (struct norm){ REGION_E8_DAYS, ALMANAC_DAYS };
    return national[number];
}

static void set_due(struct ledger *ledger, int32_t d, struct ledger_change *change, int64_t due_ms)
{
    change->due_ms = due_ms;
    change->escalate_ms = of(ledger, d)->urgency == SCH_URGENCY_CRISIS
                              ? due_ms
                              : almanac_due(ledger_calendar(ledger, of(ledger, d)), due_ms - 1, 5, ALMANAC_WORKING);
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
static void count_from(struct ledger *ledger, int32_t p, int64_t at_ms, int64_t from_ms)
{
    struct ledger_promise *promise = &ledger->promise[p];
    const struct almanac_region *region = ledger_calendar(ledger, of(ledger, promise->dossier));
    int64_t due_ms = almanac_due(region, from_ms, promise->term, promise->unit);

    promise->from_ms = from_ms;
    if (own_last(ledger, p)->from_ms != from_ms)
        own_change(ledger, p, at_ms)->from_ms = from_ms;
    move(ledger, p, at_ms, due_ms, almanac_reminder(region, from_ms, promise->term, promise->unit), due_ms);
}

static int32_t owe(struct ledger *ledger, int32_t d, int number, bool special, int debtor, int32_t message,
                   int64_t at_ms, int64_t from_ms)
{
    const struct almanac_region *region = ledger_calendar(ledger, of(ledger, d));
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
        of(ledger, d)->avoid_ms = change->due_ms;
        of(ledger, d)->avoid_reminder_ms = change->remind_ms;
    }
    return p;
}

static void end(struct ledger *ledger, int32_t p, int64_t at_ms, enum sch_standing standing, int32_t by)
{
    own_change(ledger, p, at_ms)->standing = standing;
    ledger->promise[p].closed_by = by;
}

/* Ends what is owed of a number, every instance of it. */
static void end_all(struct ledger *ledger, int32_t d, int number, int64_t at_ms, enum sch_standing standing,
                    int32_t by)
{
    for (int32_t p; (p = ledger_owed(ledger, d, number)) >= 0;)
        end(ledger, p, at_ms, standing, by);
}

static void answer(struct ledger *ledger, int32_t d, int64_t at_ms, int32_t by, uint32_t numbers)
{
    for (int number = 2; number < ANY_NUMBER; number++)
        if ((numbers >> number & 1) != 0)
            end_all(ledger, d, number, at_ms, SCH_STANDING_CLOSED, by);
}

#define N(number) (UINT32_C(1) << (number))
#define DECIDED (N(2) | N(3))
#define PLANNED (DECIDED | N(4) | N(5))
#define OVER (PLANNED | N(7) | N(8))

static void cancel(struct ledger *ledger, int32_t d, int64_t at_ms, bool intake_held)
{
    for (int number = 2; number < ANY_NUMBER; number++)
        if (number != 9 && number != 10 && number != 11 && (number != 6 || !intake_held))
            end_all(ledger, d, number, at_ms, SCH_STANDING_CANCELLED, NONE);
}

/* ---- the dossier -------------------------------------------------------------------------------- */

static void enter(struct ledger *ledger, int32_t d, int64_t at_ms, enum sch_phase phase)
{
    of(ledger, d)->phase = phase;
    own_note_phase(ledger, d, at_ms);
}

static void take_up(struct ledger *ledger, int32_t d, int64_t at_ms, int debtor, int32_t message)
{
    (void)owe(ledger, d, 10, false, debtor, message, at_ms, at_ms);
}

/* The patient is sent away: one more time that the chain found no place. */
static void turn_away(struct ledger *ledger, int32_t d, int64_t at_ms, enum sch_phase phase, int debtor,
                      int32_t message)
{
    bool held = of(ledger, d)->phase >= SCH_PHASE_INTAKE_PRESUMED && of(ledger, d)->phase <= SCH_PHASE_ENDED;

    cancel(ledger, d, at_ms, held);
    if (!held)
        of(ledger, d)->intake_day = NONE;
    of(ledger, d)->refusals++;
    enter(ledger, d, at_ms, phase);
    take_up(ledger, d, at_ms, debtor, message);
}

/* E7's second clock. */
static void follow_intake(struct ledger *ledger, int32_t d, int64_t at_ms)
{
    const struct almanac_region *region = ledger_calendar(ledger, of(ledger, d));
    int32_t p = ledger_owed(ledger, d, 7), day = of(ledger, d)->intake_day;
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
    struct ledger_dossier *dossier = of(ledger, d);

    end_all(ledger, d, 10, at_ms, SCH_STANDING_CANCELLED, NONE);
    if (dossier->refusals > 0)
        dossier->refusals--;
    if (is_ggz(dossier->echelon) && proven < SCH_PHASE_INTAKE_PLANNED)
        (void)owe(ledger, d, 4, false, dossier->receiver, message, at_ms, dossier->opened_ms);
    if (is_ggz(dossier->echelon) && proven < SCH_PHASE_IN_TREATMENT)
        (void)owe(ledger, d, 7, false, of(ledger, d)->receiver, message, at_ms, of(ledger, d)->opened_ms);
    enter(ledger, d, at_ms, proven);
}

static void reach(struct ledger *ledger, int32_t d, int64_t at_ms, int32_t message, enum sch_phase proven)
{
    if (turned_away(of(ledger, d)))
        reopen(ledger, d, at_ms, message, proven);
    else if (of(ledger, d)->phase < proven)
        enter(ledger, d, at_ms, proven);
}

static void settle_end(struct ledger *ledger, int32_t d, int64_t at_ms)
{
    if (of(ledger, d)->phase != SCH_PHASE_ENDED || ledger_owed(ledger, d, 6) >= 0 || ledger_owed(ledger, d, 9) >= 0 ||
        ledger_owed(ledger, d, 12) >= 0 || ledger_owed(ledger, d, 15) >= 0)
        return;
    cancel(ledger, d, at_ms, true);
    enter(ledger, d, at_ms, SCH_PHASE_CLOSED);
}

/* Was there an instance of this number before, that still counts? */
static bool was_owed(const struct ledger *ledger, int32_t d, int number)
{
    for (int32_t p = ledger->dossier[d].first_promise; p >= 0; p = ledger->promise[p].next)
        if (ledger->promise[p].number == number && !ledger->promise[p].forgotten &&
            own_last(ledger, p)->standing != SCH_STANDING_CANCELLED)
            return true;
    return false;
}

static bool is_complete(const struct ledger_message *message)
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
static void answer_letter(struct ledger *ledger, int32_t d, int64_t at_ms, int32_t m, int number, int32_t day)
{
    int32_t p = ledger_owed(ledger, d, number);

    if (p < 0 && day != NONE && !was_owed(ledger, d, number))
        p = owe(ledger, d, number, false, of(ledger, d)->receiver, m, at_ms, almanac_start_of(day));
    if (p < 0)
        return;
    if (is_complete(&ledger->message[m])) {
        end(ledger, p, at_ms, SCH_STANDING_CLOSED, m);
    } else if (own_last(ledger, p)->standing == SCH_STANDING_OPEN) {
        own_change(ledger, p, at_ms)->standing = SCH_STANDING_INCOMPLETE;
        ledger->promise[p].incomplete = true;
    }
}

static void announce(struct ledger *ledger, int32_t d, int64_t at_ms, const struct ledger_message *message, int number)
{
    const struct almanac_region *region = ledger_calendar(ledger, of(ledger, d));
    int32_t p = ledger_owed(ledger, d, number);
    int64_t due_ms, latest_ms;

    if (p < 0)
        return;
    due_ms = almanac_due(region, almanac_start_of(stated(message, SCH_FACT_EXPECTED_DATE)), 5, ALMANAC_WORKING);
    latest_ms = almanac_due(region, at_ms, 13, ALMANAC_WEEKS);
    if (due_ms > latest_ms)
        due_ms = latest_ms;
    if (due_ms < own_last(ledger, p)->norm_due_ms)
        due_ms = own_last(ledger, p)->norm_due_ms;
    move(ledger, p, at_ms, own_last(ledger, p)->norm_due_ms, own_last(ledger, p)->remind_ms, due_ms);
}

/* The letter that had answered a promise lacks something after all. */
static void found_incomplete(struct ledger *ledger, int32_t d, int64_t at_ms, int32_t letter)
{
    for (int32_t p = of(ledger, d)->first_promise; p >= 0; p = ledger->promise[p].next) {
        struct ledger_promise *promise = &ledger->promise[p];

        if (promise->number == 8 && promise->message == letter && ledger_is_owed(own_last(ledger, p)))
            end(ledger, p, at_ms, SCH_STANDING_CANCELLED, NONE);
        if (promise->number == 1 || promise->closed_by != letter ||
            own_last(ledger, p)->standing != SCH_STANDING_CLOSED ||
            (promise->number != 6 && promise->number != 8 && promise->number != 9 && promise->number != 12 &&
             promise->number != 15))
            continue;
        own_change(ledger, p, at_ms)->standing = SCH_STANDING_INCOMPLETE;
        ledger->promise[p].incomplete = true;
        ledger->promise[p].closed_by = NONE;
        if (of(ledger, d)->phase == SCH_PHASE_CLOSED)
            enter(ledger, d, at_ms, SCH_PHASE_ENDED);
    }
}

/* ---- kinds -------------------------------------------------------------------------------------- */

static void open_dossier(struct ledger *ledger, int32_t d, const struct ledger_message *message, int32_t m)
{
    int64_t at_ms = message->at_ms;
    struct ledger_dossier *dossier = of(ledger, d);
    int receiver = dossier->receiver;

    switch (message->kind) {
    case SCH_KIND_REFERRAL:
        enter(ledger, d, at_ms, SCH_PHASE_SENT);
        if (dossier->echelon == SCH_PARTY_CRISIS)
            (void)owe(ledger, d, 3, false, receiver, m, at_ms, at_ms);
        else
            (void)owe(ledger, d, 2, false, receiver, m, at_ms, at_ms);
        if (is_ggz(of(ledger, d)->echelon)) {
            (void)owe(ledger, d, 4, false, receiver, m, at_ms, at_ms);
            (void)owe(ledger, d, 7, false, receiver, m, at_ms, at_ms);
        }
        break;
    case SCH_KIND_CONSULT_REQUEST:
        enter(ledger, d, at_ms, SCH_PHASE_SENT);
        (void)owe(ledger, d, 14, false, receiver, m, at_ms, at_ms);
        break;
    case SCH_KIND_EXPLORATION_REQUEST:
        enter(ledger, d, at_ms, SCH_PHASE_SENT);
        (void)owe(ledger, d, 13, false, receiver, m, at_ms, at_ms);
        break;
    case SCH_KIND_CARE_NOTICE:
        enter(ledger, d, at_ms, SCH_PHASE_IN_TREATMENT);
        (void)owe(ledger, d, 15, false, receiver, m, at_ms, almanac_start_of(stated(message, SCH_FACT_EVENT_DATE)));
        break;
    case SCH_KIND_INVOLVEMENT_NOTICE: enter(ledger, d, at_ms, SCH_PHASE_CLOSED); break;
    default: assert(false && "no such opening");
    }
}

static void intake_report(struct ledger *ledger, int32_t d, const struct ledger_message *message, int32_t m)
{
    int64_t at_ms = message->at_ms;
    bool treats = fact_of(message, SCH_FACT_OUTCOME) == SCH_OUTCOME_TREATMENT;
    bool ends = !treats && of(ledger, d)->phase < SCH_PHASE_ENDED;
    int32_t p;

    if (of(ledger, d)->phase < SCH_PHASE_INTAKE_DONE)
        of(ledger, d)->intake_day = happened(ledger, d, message);
    answer(ledger, d, at_ms, m, treats ? PLANNED : PLANNED | N(7));
    reach(ledger, d, at_ms, m, treats ? SCH_PHASE_INTAKE_DONE : SCH_PHASE_ENDED);
    answer_letter(ledger, d, at_ms, m, 6, happened(ledger, d, message));
    answer_letter(ledger, d, at_ms, m, 15, NONE);
    p = ledger_owed(ledger, d, 8);
    if (p >= 0)
        count_from(ledger, p, at_ms, today_of(at_ms));
    follow_intake(ledger, d, at_ms);
    if (ends)
        take_up(ledger, d, at_ms, of(ledger, d)->creditor, m);
    settle_end(ledger, d, at_ms);
}

static void no_show(struct ledger *ledger, int32_t d, const struct ledger_message *message, int32_t m)
{
    int64_t at_ms = message->at_ms;
    int32_t day = happened(ledger, d, message), p;

    answer(ledger, d, at_ms, m, DECIDED | N(4));
    reach(ledger, d, at_ms, m, SCH_PHASE_INTAKE_PLANNED);
    if (of(ledger, d)->phase == SCH_PHASE_INTAKE_PRESUMED)
        enter(ledger, d, at_ms, SCH_PHASE_INTAKE_PLANNED);
    end_all(ledger, d, 6, at_ms, SCH_STANDING_CANCELLED, NONE);
    of(ledger, d)->intake_day = NONE;
    follow_intake(ledger, d, at_ms);
    p = ledger_owed(ledger, d, 5);
    if (p >= 0 && ledger->promise[p].from_ms < almanac_start_of(day)) {
        end(ledger, p, at_ms, SCH_STANDING_CLOSED, m);
        p = NONE;
    }
    if (p < 0)
        (void)owe(ledger, d, 5, false, of(ledger, d)->receiver, m, at_ms, almanac_start_of(day));
}

static void appointment(struct ledger *ledger, int32_t d, const struct ledger_message *message, int32_t m)
{
    int64_t at_ms = message->at_ms;
    int32_t day = stated(message, SCH_FACT_EVENT_DATE), p;

    answer(ledger, d, at_ms, m, PLANNED);
    reach(ledger, d, at_ms, m, SCH_PHASE_INTAKE_PLANNED);
    if (of(ledger, d)->phase == SCH_PHASE_INTAKE_PRESUMED)
        enter(ledger, d, at_ms, SCH_PHASE_INTAKE_PLANNED);
    of(ledger, d)->intake_day = day;
    p = ledger_owed(ledger, d, 6);
    if (p >= 0)
        count_from(ledger, p, at_ms, almanac_start_of(day));
    else if (!was_owed(ledger, d, 6))
        (void)owe(ledger, d, 6, false, of(ledger, d)->receiver, m, at_ms, almanac_start_of(day));
    follow_intake(ledger, d, at_ms);
}

static void treatment_start(struct ledger *ledger, int32_t d, const struct ledger_message *message, int32_t m)
{
    int64_t at_ms = message->at_ms;

    if (fact_of(message, SCH_FACT_STARTED) != SCH_STARTED_YES) {
        answer(ledger, d, at_ms, m, DECIDED);
        reach(ledger, d, at_ms, m, SCH_PHASE_ACCEPTED);
        announce(ledger, d, at_ms, message, 7);
        return;
    }
    answer(ledger, d, at_ms, m, PLANNED | N(7));
    reach(ledger, d, at_ms, m, SCH_PHASE_IN_TREATMENT);
    if (ledger_owed(ledger, d, 8) < 0)
        (void)owe(ledger, d, 8, false, of(ledger, d)->receiver, m, at_ms,
                  almanac_start_of(happened(ledger, d, message)));
}

static void treatment_end(struct ledger *ledger, int32_t d, const struct ledger_message *message, int32_t m)
{
    int64_t at_ms = message->at_ms, from_ms;
    bool clinical = fact_of(message, SCH_FACT_SETTING) == SCH_SETTING_CLINICAL;
    int32_t day = happened(ledger, d, message);

    answer(ledger, d, at_ms, m, OVER);
    reach(ledger, d, at_ms, m, SCH_PHASE_ENDED);
    from_ms = !clinical                         ? almanac_start_of(day)
              : day == almanac_day_of(at_ms)    ? at_ms
                                                : almanac_start_of(day + 1);
    if (!was_owed(ledger, d, 9))
        (void)owe(ledger, d, 9, clinical, of(ledger, d)->receiver, m, at_ms, from_ms);
    settle_end(ledger, d, at_ms);
}

static void progress_letter(struct ledger *ledger, int32_t d, const struct ledger_message *message, int32_t m)
{
    int64_t at_ms = message->at_ms;

    answer(ledger, d, at_ms, m, PLANNED | N(7));
    reach(ledger, d, at_ms, m, SCH_PHASE_IN_TREATMENT);
    answer_letter(ledger, d, at_ms, m, 8, NONE);
    answer_letter(ledger, d, at_ms, m, 15, NONE);
    if (is_complete(message))
        (void)owe(ledger, d, 8, false, of(ledger, d)->receiver, m, at_ms, today_of(at_ms));
}

static void back_referral(struct ledger *ledger, int32_t d, const struct ledger_message *message, int32_t m)
{
    int64_t at_ms = message->at_ms;

    answer(ledger, d, at_ms, m, OVER);
    answer_letter(ledger, d, at_ms, m, 9, almanac_day_of(at_ms));
    turn_away(ledger, d, at_ms, SCH_PHASE_BACK_REFERRED, of(ledger, d)->creditor, m);
}

/* The practice cannot take the patient back: treatment goes on. */
static void refuse_back(struct ledger *ledger, int32_t d, const struct ledger_message *message, int32_t m)
{
    int64_t at_ms = message->at_ms;

    enum sch_standing last = SCH_STANDING_CLOSED;

    end_all(ledger, d, 10, at_ms, SCH_STANDING_CANCELLED, NONE);
    for (int32_t p = of(ledger, d)->first_promise; p >= 0; p = ledger->promise[p].next) {
        ledger->promise[p].forgotten |= ledger->promise[p].number == 9;
        if (ledger->promise[p].number == 8)
            last = own_last(ledger, p)->standing;
    }
    of(ledger, d)->refusals--;
    enter(ledger, d, at_ms, SCH_PHASE_IN_TREATMENT);
    /* A patient who objected to letters, or a practice that waived them, did so for the new beginning too. */
    if (last != SCH_STANDING_WITHHELD && last != SCH_STANDING_WAIVED)
        (void)owe(ledger, d, 8, false, of(ledger, d)->receiver, m, at_ms, today_of(at_ms));
}

static void refusal(struct ledger *ledger, int32_t d, const struct ledger_message *message, int32_t m)
{
    if (message->sender == of(ledger, d)->creditor) {
        refuse_back(ledger, d, message, m);
        return;
    }
    answer(ledger, d, message->at_ms, m, DECIDED);
    turn_away(ledger, d, message->at_ms, SCH_PHASE_REFUSED, of(ledger, d)->creditor, m);
}

static void redirection(struct ledger *ledger, int32_t d, const struct ledger_message *message, int32_t m)
{
    int64_t at_ms = message->at_ms;

    answer(ledger, d, at_ms, m, DECIDED);
    if (fact_of(message, SCH_FACT_REDIRECTION_MODE) == SCH_MODE_ADVISED) {
        turn_away(ledger, d, at_ms, SCH_PHASE_REDIRECTED, of(ledger, d)->creditor, m);
        return;
    }
    cancel(ledger, d, at_ms, of(ledger, d)->phase == SCH_PHASE_INTAKE_PRESUMED);
    of(ledger, d)->intake_day = NONE;
    of(ledger, d)->redirection = m;
    of(ledger, d)->forward_by_ms = almanac_due(ledger_calendar(ledger, of(ledger, d)), at_ms, 5, ALMANAC_WORKING);
    enter(ledger, d, at_ms, SCH_PHASE_REDIRECTED);
}

static void information_request(struct ledger *ledger, int32_t d, const struct ledger_message *message, int32_t m)
{
    int64_t at_ms = message->at_ms;

    if (message->sender == of(ledger, d)->receiver && ledger_owed(ledger, d, 2) >= 0 && of(ledger, d)->asked < 2) {
        answer(ledger, d, at_ms, m, N(2));
        of(ledger, d)->asked++;
    }
    (void)owe(ledger, d, 11, false, message->to[0], m, at_ms, at_ms);
}

static void information_reply(struct ledger *ledger, int32_t d, const struct ledger_message *message, int32_t m)
{
    int64_t at_ms = message->at_ms;

    for (int32_t p = of(ledger, d)->first_promise; p >= 0; p = ledger->promise[p].next)
        if (ledger->promise[p].number == 11 && ledger->promise[p].debtor == message->sender &&
            ledger_is_owed(own_last(ledger, p))) {
            end(ledger, p, at_ms, SCH_STANDING_CLOSED, m);
            break;
        }
    if (ledger_owed(ledger, d, 2) < 0 && of(ledger, d)->phase == SCH_PHASE_SENT && of(ledger, d)->asked > 0 &&
        message->sender != of(ledger, d)->receiver)
        (void)owe(ledger, d, 2, false, of(ledger, d)->receiver, m, at_ms, at_ms);
}

/* Nobody waits for the message any more: what was not collected is taken back. */
static void take_back(struct ledger *ledger, int32_t d, int32_t m, int64_t at_ms)
{
    struct ledger_message *message = &ledger->message[m];
    struct ledger_dossier *dossier = of(ledger, d);

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
    bool held = of(ledger, d)->phase == SCH_PHASE_INTAKE_PRESUMED;

    take_back(ledger, d, of(ledger, d)->opening, message->at_ms);
    cancel(ledger, d, message->at_ms, held);
    enter(ledger, d, message->at_ms, SCH_PHASE_WITHDRAWN);
}

/* What the corrected message had closed is owed again, what it had opened is not. before: the phase that it had
 * moved the dossier from, of which the correction's author tells. */
static void correction(struct ledger *ledger, int32_t d, const struct ledger_message *message)
{
    int64_t at_ms = message->at_ms;
    int32_t subject = message->subject;
    const struct ledger_phase *before = ledger_phase_at(ledger, of(ledger, d), ledger->message[subject].at_ms - 1);

    take_back(ledger, d, subject, at_ms);
    if (subject == of(ledger, d)->opening) {
        for (int number = 2; number < ANY_NUMBER; number++)
            if (number != 11)
                end_all(ledger, d, number, at_ms, SCH_STANDING_CANCELLED, NONE);
        enter(ledger, d, at_ms, SCH_PHASE_ENTERED_IN_ERROR);
        return;
    }
    for (int32_t p = of(ledger, d)->first_promise; p >= 0; p = ledger->promise[p].next) {
        const struct ledger_promise *promise = &ledger->promise[p];

        if (promise->number == 1)
            continue;
        if (promise->message == subject && ledger_is_owed(own_last(ledger, p)))
            end(ledger, p, at_ms, SCH_STANDING_CANCELLED, NONE);
        else if (promise->closed_by == subject) {
            own_change(ledger, p, at_ms)->standing = SCH_STANDING_OPEN;
            ledger->promise[p].closed_by = NONE;
        }
    }
    enter(ledger, d, at_ms, before->phase);
}

static void snooze(struct ledger *ledger, int32_t d, const struct ledger_message *message)
{
    int number = (int)fact_of(message, SCH_FACT_EXPECTATION);

    for (int32_t p = of(ledger, d)->first_promise; p >= 0; p = ledger->promise[p].next)
        if (ledger->promise[p].number == number && ledger_is_owed(own_last(ledger, p)))
            own_change(ledger, p, message->at_ms)->snoozed_ms =
                almanac_start_of(stated(message, SCH_FACT_UNTIL) + 1);
}

static void advice(struct ledger *ledger, int32_t d, const struct ledger_message *message, int32_t m)
{
    int64_t route = fact_of(message, SCH_FACT_ROUTE);

    answer(ledger, d, message->at_ms, m, N(13));
    enter(ledger, d, message->at_ms, SCH_PHASE_ENDED);
    if (route == SCH_ROUTE_GB_GGZ || route == SCH_ROUTE_S_GGZ)
        take_up(ledger, d, message->at_ms, of(ledger, d)->creditor, m);
    settle_end(ledger, d, message->at_ms);
}

static void discharge_letter(struct ledger *ledger, int32_t d, const struct ledger_message *message, int32_t m)
{
    answer(ledger, d, message->at_ms, m, OVER);
    reach(ledger, d, message->at_ms, m, SCH_PHASE_ENDED);
    answer_letter(ledger, d, message->at_ms, m, 15, NONE);
    answer_letter(ledger, d, message->at_ms, m, 9, happened(ledger, d, message));
    settle_end(ledger, d, message->at_ms);
}

static void team_result(struct ledger *ledger, int32_t d, const struct ledger_message *message, int32_t m)
{
    answer(ledger, d, message->at_ms, m, N(2));
    reach(ledger, d, message->at_ms, m, SCH_PHASE_ENDED);
    answer_letter(ledger, d, message->at_ms, m, 12, NONE);
    settle_end(ledger, d, message->at_ms);
}

static void apply(struct ledger *ledger, int32_t d, int32_t m)
{
    const struct ledger_message copy = ledger->message[m], *message = &copy;
    int64_t at_ms = message->at_ms;
    int number = (int)fact_of(message, SCH_FACT_EXPECTATION);

    /* Whom the practice has taken up, no late word of the receiver moves. */
    if (turned_away(of(ledger, d)) && of(ledger, d)->taken_up)
        return;
    switch (message->kind) {
    case SCH_KIND_ACCEPTANCE:
        answer(ledger, d, at_ms, m, DECIDED);
        reach(ledger, d, at_ms, m, SCH_PHASE_ACCEPTED);
        if (fact_of(message, SCH_FACT_EXPECTED_DATE) != 0)
            announce(ledger, d, at_ms, message, 4);
        if (of(ledger, d)->echelon == SCH_PARTY_WIJKTEAM)
            (void)owe(ledger, d, 12, false, of(ledger, d)->receiver, m, at_ms, at_ms);
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
        announce(ledger, d, at_ms, message, ledger_owed(ledger, d, 4) >= 0 ? 4 : 7);
        break;
    case SCH_KIND_PROGRESS_LETTER: progress_letter(ledger, d, message, m); break;
    case SCH_KIND_TREATMENT_END: treatment_end(ledger, d, message, m); break;
    case SCH_KIND_DISCHARGE_LETTER: discharge_letter(ledger, d, message, m); break;
    case SCH_KIND_BACK_REFERRAL: back_referral(ledger, d, message, m); break;
    case SCH_KIND_NO_REPORT:
        end_all(ledger, d, number, at_ms, SCH_STANDING_WITHHELD, m);
        settle_end(ledger, d, at_ms);
        break;
    case SCH_KIND_LETTER_INCOMPLETE: found_incomplete(ledger, d, at_ms, message->subject); break;
    case SCH_KIND_TAKEN_UP:
        end_all(ledger, d, 10, at_ms, SCH_STANDING_CLOSED, m);
        of(ledger, d)->taken_up = true;
        break;
    case SCH_KIND_WITHDRAWAL: withdrawal(ledger, d, message); break;
    case SCH_KIND_CORRECTION: correction(ledger, d, message); break;
    case SCH_KIND_CONSULT_REPLY:
        answer(ledger, d, at_ms, m, N(14));
        enter(ledger, d, at_ms, SCH_PHASE_CLOSED);
        break;
    case SCH_KIND_EXPLORATION_ADVICE: advice(ledger, d, message, m); break;
    case SCH_KIND_TEAM_RESULT: team_result(ledger, d, message, m); break;
    case SCH_KIND_WAIVER:
        end_all(ledger, d, number, at_ms, SCH_STANDING_WAIVED, m);
        of(ledger, d)->taken_up |= number == 10;
        settle_end(ledger, d, at_ms);
        break;
    case SCH_KIND_SNOOZE: snooze(ledger, d, message); break;
    case SCH_KIND_NOTE:
    case SCH_KIND_REMINDER:
    case SCH_KIND_CHANGE_NOTICE:
    case SCH_KIND_TRANSFER_NOTICE: break;
    default: assert(false && "a kind that the year does not say");
    }
}

/* ---- recipients and collection ------------------------------------------------------------------ */

static void add_to(struct ledger_message *message, int party)
{
    for (int i = 0; i < message->to_count; i++)
        if (message->to[i] == party)
            return;
    if (party != message->sender && party >= 0)
        message->to[message->to_count++] = (int16_t)party;
}

static void address(const struct ledger *ledger, struct ledger_message *message)
{
    const struct ledger_dossier *dossier = &ledger->dossier[message->dossier];
    bool copies = true;

    switch (message->kind) {
    case SCH_KIND_NOTE: case SCH_KIND_SNOOZE: case SCH_KIND_WAIVER: case SCH_KIND_REMINDER: return;
    case SCH_KIND_CORRECTION: {
        const struct ledger_message *subject = &ledger->message[message->subject];

        for (int i = 0; i < subject->to_count; i++)
            add_to(message, subject->to[i]);
        return;
    }
    case SCH_KIND_WITHDRAWAL: add_to(message, dossier->receiver); break;
    case SCH_KIND_TAKEN_UP: case SCH_KIND_LETTER_INCOMPLETE:
        add_to(message, dossier->receiver);
        copies = false;
        break;
    case SCH_KIND_REFUSAL:
    case SCH_KIND_INFORMATION_REQUEST: case SCH_KIND_INFORMATION_REPLY: case SCH_KIND_CHANGE_NOTICE:
        copies = message->sender == dossier->receiver;
        add_to(message, copies ? dossier->creditor : dossier->receiver);
        break;
    default: add_to(message, dossier->creditor); break;
    }
    for (int i = 0; copies && i < dossier->copy_count; i++)
        add_to(message, dossier->copy[i]);
    /* The answer to a question is for whoever asked it, too. */
    if (message->kind == SCH_KIND_TEAM_RESULT || message->kind == SCH_KIND_CONSULT_REPLY ||
        message->kind == SCH_KIND_EXPLORATION_ADVICE)
        add_to(message, dossier->referrer);
}

static void later(struct ledger *ledger, int32_t d, int64_t at_ms, enum later type, int32_t m)
{
    struct ledger_dossier *dossier = of(ledger, d);

    assert(dossier->later_count < 16);
    dossier->later[dossier->later_count++] = (struct ledger_later){ at_ms, (int)type, m };
}

/* Lays the message in its mailboxes: an E1 each, until it is settled or expires. */
static void lay(struct ledger *ledger, int32_t d, int32_t m)
{
    const struct ledger_message copy = ledger->message[m];
    bool opening = of(ledger, d)->opening == m;
    bool urgent = copy.kind == SCH_KIND_REFERRAL && (of(ledger, d)->urgency == SCH_URGENCY_URGENT ||
                                                     of(ledger, d)->urgency == SCH_URGENCY_CRISIS);
    int64_t expires_ms = ledger_fires(ledger, copy.at_ms + EXPIRY_MS, true);

    for (int i = 0; i < copy.to_count; i++) {
        int64_t collect_ms = ledger_collects(ledger, copy.to[i], copy.at_ms);
        int32_t p = owe(ledger, d, 1, urgent, copy.to[i], m, copy.at_ms, copy.at_ms);
        bool lost = collect_ms >= expires_ms;

        end(ledger, p, lost ? expires_ms : collect_ms, lost ? SCH_STANDING_CANCELLED : SCH_STANDING_CLOSED, NONE);
        ledger->message[m].e1[i] = p;
        ledger->message[m].collect_ms[i] = lost ? LEDGER_NEVER : collect_ms;
        if (opening && copy.to[i] == of(ledger, d)->receiver)
            later(ledger, d, lost ? expires_ms : collect_ms, lost || copy.refused ? LATER_UNDELIVERED : LATER_RECEIVED,
                  m);
        if (copy.missing != 0 && copy.to[i] == of(ledger, d)->creditor && !lost)
            later(ledger, d, collect_ms, LATER_INCOMPLETE, m);
    }
}

/* ---- time --------------------------------------------------------------------------------------- */

static void happen(struct ledger *ledger, int32_t d, const struct ledger_later *event)
{
    switch ((enum later)event->type) {
    case LATER_RECEIVED:
        of(ledger, d)->received = true;
        own_note_phase(ledger, d, event->at_ms);
        break;
    case LATER_UNDELIVERED:
        if (of(ledger, d)->phase == SCH_PHASE_SENT)
            turn_away(ledger, d, event->at_ms, SCH_PHASE_UNDELIVERED, of(ledger, d)->referrer, event->message);
        break;
    case LATER_INCOMPLETE: found_incomplete(ledger, d, event->at_ms, event->message); break;
    }
}

static int64_t presumed_ms(const struct ledger *ledger, const struct ledger_dossier *dossier)
{
    int64_t at_ms;

    if (dossier->phase != SCH_PHASE_INTAKE_PLANNED || dossier->intake_day == NONE)
        return LEDGER_NEVER;
    at_ms = ledger_fires(ledger, almanac_start_of(dossier->intake_day + 1), false);
    return at_ms < ledger->phase[dossier->last_phase].at_ms ? ledger->phase[dossier->last_phase].at_ms : at_ms;
}

/* The patient was to be forwarded, and nobody did: one more end without care. */
static void lapse(struct ledger *ledger, int32_t d, int64_t at_ms)
{
    struct ledger_dossier *dossier = of(ledger, d);

    dossier->forward_by_ms = 0;
    dossier->refusals++;
    own_note_phase(ledger, d, at_ms);
    take_up(ledger, d, at_ms, dossier->creditor, dossier->redirection);
}

/* The next thing that time brings; false: nothing before at_ms, or with it. */
static bool tick(struct ledger *ledger, int32_t d, int64_t at_ms)
{
    struct ledger_dossier *dossier = of(ledger, d);
    int64_t next_ms = presumed_ms(ledger, dossier);
    int64_t forward_ms = dossier->forward_by_ms == 0 ? LEDGER_NEVER : ledger_fires(ledger, dossier->forward_by_ms, false);
    int first = NONE;

    for (int i = 0; i < dossier->later_count; i++)
        if (dossier->later[i].at_ms <= next_ms) {
            next_ms = dossier->later[i].at_ms;
            first = i;
        }
    if (next_ms > at_ms && forward_ms > at_ms)
        return false;
    if (forward_ms < next_ms) {
        lapse(ledger, d, forward_ms);
    } else if (first >= 0) {
        struct ledger_later event = dossier->later[first];

        dossier->later[first] = dossier->later[--dossier->later_count];
        happen(ledger, d, &event);
    } else {
        enter(ledger, d, next_ms, SCH_PHASE_INTAKE_PRESUMED);
    }
    return true;
}

void ledger_pass(struct ledger *ledger, int32_t dossier, int64_t at_ms)
{
    while (tick(ledger, dossier, at_ms))
        ;
}

/* ---- saying ------------------------------------------------------------------------------------- */

static struct sch_id id_of(int64_t at_ms, int32_t m)
{
    struct sch_prng prng = { (uint64_t)m * 77003 + 11 };
    struct sch_id id;

    sch_prng_fill(&prng, id.bytes, sizeof id.bytes);
    for (int i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)(at_ms >> (40 - 8 * i));
    id.bytes[6] = (uint8_t)(0x70 | (id.bytes[6] & 0x0f));
    id.bytes[8] = (uint8_t)(0x80 | (id.bytes[8] & 0x3f));
    return id;
}

/* What the new dossier's parent or predecessor learns of it. */
static void link_up(struct ledger *ledger, int32_t d, const struct ledger_message *message, int32_t m)
{
    int32_t origin = message->parent >= 0 ? message->parent : message->follows;

    of(ledger, d)->root = d;
    if (origin < 0)
        return;
    ledger_pass(ledger, origin, message->at_ms);
    of(ledger, d)->root = of(ledger, origin)->root;
    of(ledger, d)->refusals = of(ledger, origin)->refusals;
    if (message->parent >= 0 && of(ledger, origin)->phase != SCH_PHASE_REDIRECTED)
        return;                         /* a transfer: the parent goes on */
    of(ledger, origin)->forward_by_ms = 0;
    end_all(ledger, origin, 10, message->at_ms, SCH_STANDING_CLOSED, m);
    of(ledger, origin)->taken_up = true;
}

static int32_t new_dossier(struct ledger *ledger, const struct ledger_message *message, int32_t m)
{
    int32_t d = own_new_dossier(ledger);
    struct ledger_dossier *dossier = of(ledger, d);
    bool care = message->kind == SCH_KIND_CARE_NOTICE;
    const struct region_party *party = ledger->region->party;

    dossier->id = message->id;
    dossier->opening = m;
    dossier->kind = message->kind;
    dossier->opened_ms = message->at_ms;
    dossier->first_promise = dossier->last_promise = dossier->first_phase = dossier->last_phase = NONE;
    dossier->intake_day = NONE;
    dossier->letter_day = NONE;
    dossier->urgency = (enum sch_urgency)fact_of(message, SCH_FACT_URGENCY);
    if (fact_of(message, SCH_FACT_LETTER_DATE) != 0)
        dossier->letter_day = stated(message, SCH_FACT_LETTER_DATE);
    dossier->referrer = care ? message->to[0] : message->sender;
    dossier->receiver = care ? message->sender : message->to[0];
    dossier->creditor = message->creditor >= 0 ? message->creditor : dossier->referrer;
    if (message->kind == SCH_KIND_INVOLVEMENT_NOTICE && party[message->to[0]].kind == SCH_PARTY_GP_PRACTICE)
        dossier->creditor = message->to[0];
    dossier->echelon = party[dossier->receiver].kind;
    for (int i = 1; i < message->to_count; i++)
        dossier->copy[dossier->copy_count++] = message->to[i];
    dossier->judged = party[dossier->referrer].home == 0 || party[dossier->receiver].home == 0;
    return d;
}

int32_t ledger_say(struct ledger *ledger, int32_t d, int64_t at_ms, const struct ledger_message *draft)
{
    struct ledger_message message = *draft;
    int32_t m;

    if (at_ms >= ledger->end_ms)
        return NONE;
    assert(ledger_awake(ledger, at_ms) == at_ms);
    message.at_ms = at_ms;
    m = own_new_message(ledger);
    message.id = id_of(at_ms, m);
    message.dossier = d;
    if (message.opens_group)
        message.group = m;
    if (d >= 0) {
        ledger_pass(ledger, d, at_ms);
        if (message.rejects == SCH_OK)
            address(ledger, &message);
    } else {
        message.dossier = new_dossier(ledger, &message, m);
    }
    ledger->message[m] = message;
    if (message.rejects != SCH_OK)
        return m;
    if (d < 0)
        link_up(ledger, message.dossier, &message, m);
    lay(ledger, message.dossier, m);
    if (d < 0)
        open_dossier(ledger, message.dossier, &message, m);
    else
        apply(ledger, d, m);
    return m;
}
