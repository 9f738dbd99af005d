/*
 * oracle_ledger.c: the whole history, from the audit: replayed by DOMAIN's rules, and held against the records.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "id.h"
#include "oracle.h"

#define SLACK_MS (2 * SIM_DAY_MS)       /* an operator who looks once a day; a store without room */
#define E1_HOLD_MS (16 * INT64_C(60000))
#define ALMANAC_END_MS INT64_C(1830000000000)   /* past this the almanac has no days */

static bool is_owed(const struct told_promise *promise)
{
    return promise->standing == SCH_STANDING_OPEN || promise->standing == SCH_STANDING_INCOMPLETE;
}

static struct told_promise *find(struct told *told, struct told_dossier *dossier,
                                 const struct sch_audit_record *record)
{
    for (int i = dossier->first; i >= 0; i = told->promise[i].next) {
        struct told_promise *promise = &told->promise[i];

        if (promise->number == record->expectation && sch_id_equal(&promise->opened_by, &record->message) &&
            strcmp(promise->debtor.text, record->concerned.text) == 0)
            return promise;
    }
    return NULL;
}

static struct told_promise *new_promise(struct told *told, struct told_dossier *dossier)
{
    struct told_promise *promise;

    if (told->promise_count == told->promise_room) {
        told->promise_room = told->promise_room == 0 ? 4096 : 2 * told->promise_room;
        told->promise = realloc(told->promise, (size_t)told->promise_room * sizeof *told->promise);
        assert(told->promise != NULL);
    }
    promise = &told->promise[told->promise_count];
    memset(promise, 0, sizeof *promise);
    promise->next = dossier->first;
    dossier->first = told->promise_count++;
    return promise;
}

static int book_at(const struct sim *sim, int64_t at_ms)
{
    int book = SIM_BOOK_PLAIN;

    for (size_t i = 0; i < sim->reload_count && sim->reload[i].at_ms <= at_ms; i++)
        book = sim->reload[i].book;
    return book;
}

/* ---- when a promise is due ---------------------------------------------------------------------- */

static int32_t day_of_date(int64_t date)
{
    return almanac_day((int)(date / 10000), (int)(date / 100 % 100), (int)(date % 100));
}

/* The day that a message states, not after today nor before the letter that asked; no date: today. */
static int32_t stated_day(const struct sim *sim, const struct sim_dossier *dossier, const struct sch_header *header,
                          int64_t at_ms, bool clamp)
{
    int64_t date = header->fact[SCH_FACT_EVENT_DATE];
    int64_t letter = sim->message[dossier->opening].header.fact[SCH_FACT_LETTER_DATE];
    int32_t today = almanac_day_of(at_ms), day = date == 0 ? today : day_of_date(date);
    int32_t first = letter != 0 ? day_of_date(letter) : dossier->kind == SCH_KIND_CARE_NOTICE ? 0
                    : almanac_day_of(sim->message[dossier->opening].stored_ms);

    if (!clamp)
        return day;
    if (dossier->kind == SCH_KIND_CARE_NOTICE && header->kind != SCH_KIND_CARE_NOTICE)
        first = day_of_date(sim->message[dossier->opening].header.fact[SCH_FACT_EVENT_DATE]);
    day = day < first ? first : day;
    return day > today ? today : day;
}

/* Does the due fit the message that opened it, by the norms of this book? */
static bool due_fits(struct told *told, const struct told_dossier *dossier, const struct sch_audit_record *record,
                     int book)
{
    const struct sim *sim = told->sim;
    const struct sim_dossier *of = &sim->dossier[dossier->of];
    int opener = sim_message_find(sim, &record->message);
    const struct sch_header *header = opener < 0 ? NULL : &sim->message[opener].header;
    unsigned number = record->expectation;
    int64_t urgency = sim->message[of->opening].header.fact[SCH_FACT_URGENCY], due_ms = record->due_ms;
    int32_t day;

    if (header == NULL || record->at_ms > ALMANAC_END_MS)
        return true;
    switch (number) {
    case 1:
        return due_ms == rules_due(1, header->kind == SCH_KIND_REFERRAL && urgency >= SCH_URGENCY_URGENT, book,
                                   record->at_ms);
    case 13:
    case 14: return due_ms == rules_due(number, false, book, dossier->opened_ms);
    case 4: return due_ms == rules_due(4, false, book, dossier->opened_ms);
    case 7: return due_ms <= rules_due(7, false, book, dossier->opened_ms);
    case 5:
    case 6:
    case 9:
        day = stated_day(sim, of, header, record->at_ms, header->kind != SCH_KIND_APPOINTMENT);
        if (number == 9 && header->fact[SCH_FACT_SETTING] == SCH_SETTING_CLINICAL)
            return due_ms <= rules_due(9, true, book, almanac_start_of(day + 1)) && due_ms > almanac_start_of(day);
        return due_ms == rules_due(number, false, book, almanac_start_of(day));
    case 8:
        day = header->kind == SCH_KIND_TREATMENT_START ? stated_day(sim, of, header, record->at_ms, true)
                                                       : almanac_day_of(record->at_ms);
        return due_ms == rules_due(8, false, book, almanac_start_of(day));
    case 15:
        day = stated_day(sim, of, &sim->message[of->opening].header, dossier->opened_ms, true);
        return due_ms == rules_due(15, false, book, almanac_start_of(day));
    default: return due_ms == rules_due(number, false, book, record->at_ms);
    }
}

/* When the clock was wrong, or within the hour of a change, only the broker knows which norms held. */
static bool is_plain(const struct sim *sim, int64_t at_ms)
{
    bool plain = sim_clock_is_right(sim);

    for (size_t i = 0; i < sim->reload_count; i++)
        plain = plain && sim->reload[i].at_ms / SIM_HOUR_MS != at_ms / SIM_HOUR_MS;
    return plain;
}

static bool is_due(struct told *told, const struct told_dossier *dossier, const struct sch_audit_record *record)
{
    if (due_fits(told, dossier, record, book_at(told->sim, record->at_ms)))
        return true;
    return !is_plain(told->sim, record->at_ms) && (due_fits(told, dossier, record, SIM_BOOK_PLAIN) ||
                                                   due_fits(told, dossier, record, SIM_BOOK_NORMS));
}

/* The day from which a promise counts that this message opened, or moved; and whether that can be known. */
static void note_from(const struct told *told, const struct told_dossier *dossier, struct told_promise *promise,
                      int opener, int64_t at_ms)
{
    const struct sim *sim = told->sim;
    const struct sim_dossier *of = &sim->dossier[dossier->of];
    const struct sch_header *header = opener < 0 ? NULL : &sim->message[opener].header;
    int32_t today = almanac_day_of(at_ms);
    bool clinical;

    promise->from_day = today;
    if (header == NULL)
        return;
    switch (promise->number) {
    case 4:
    case 7:
    case 13:
    case 14: promise->from_day = almanac_day_of(dossier->opened_ms); break;
    case 5:
    case 6: promise->from_day = stated_day(sim, of, header, at_ms, header->kind != SCH_KIND_APPOINTMENT); break;
    case 8:
        if (header->kind == SCH_KIND_TREATMENT_START)
            promise->from_day = stated_day(sim, of, header, at_ms, true);
        break;
    case 9:
        promise->from_day = stated_day(sim, of, header, at_ms, true);
        clinical = header->fact[SCH_FACT_SETTING] == SCH_SETTING_CLINICAL;
        promise->from_day += clinical && promise->from_day < today;     /* the end of that day */
        break;
    case 15:
        promise->from_day = stated_day(sim, of, &sim->message[of->opening].header, dossier->opened_ms, true);
        break;
    default: break;
    }
}

/* In time, but for a day that is not. */
static bool is_beyond(const struct told *told, const struct told_dossier *dossier, const struct told_promise *promise,
                      const struct sch_audit_record *record)
{
    int index = dossier->said_ms == record->at_ms ? sim_message_find(told->sim, &dossier->said_id) : -1;

    return index >= 0 && promise->number == 4 && dossier->said == SCH_KIND_APPOINTMENT &&
           record->standing == SCH_STANDING_CLOSED && promise->due_ms < ALMANAC_END_MS &&
           almanac_start_of(day_of_date(told->sim->message[index].header.fact[SCH_FACT_EVENT_DATE])) >=
               promise->due_ms;
}

/* ---- one record --------------------------------------------------------------------------------- */

static void opened(struct told *told, struct told_dossier *dossier, const struct sch_audit_record *record)
{
    struct told_promise *promise = find(told, dossier, record);
    enum sch_kind by = dossier->said_ms == record->at_ms ? dossier->said : SCH_KIND_UNSPECIFIED;

    if (promise != NULL && is_owed(promise))
        sim_violation(told->sim, "E%u was opened twice by one message", record->expectation);
    if (by != SCH_KIND_UNSPECIFIED && by != SCH_KIND_CORRECTION && record->expectation != 10 &&
        !rules_opens(record->expectation, by))
        sim_violation(told->sim, "E%u was opened by a message of kind %d", record->expectation, (int)by);
    if (!is_due(told, dossier, record))
        sim_violation(told->sim, "E%u, opened at %lld in a dossier of %lld, is due at %lld", record->expectation,
                      (long long)record->at_ms, (long long)dossier->opened_ms, (long long)record->due_ms);
    promise = new_promise(told, dossier);
    promise->opened_by = record->message;
    promise->debtor = record->concerned;
    promise->number = record->expectation;
    promise->standing = record->standing;
    promise->due_ms = promise->norm_ms = record->due_ms;
    promise->owed_ms = record->at_ms;
    promise->vague = by == SCH_KIND_CORRECTION;
    note_from(told, dossier, promise, sim_message_find(told->sim, &record->message), record->at_ms);
}

/* An appointment takes E6 to another day, a complete letter E8; an announced wait, or a letter that lacks something,
 * leaves a term where it began. */
static void moved(const struct told *told, const struct told_dossier *dossier, struct told_promise *promise,
                  const struct sch_audit_record *record)
{
    enum sch_kind by = dossier->said_ms == record->at_ms ? dossier->said : SCH_KIND_UNSPECIFIED;

    if (!is_owed(promise) || promise->number == 1)
        sim_violation(told->sim, "E%u moved, and was not to", promise->number);
    promise->vague = promise->vague || by == SCH_KIND_CORRECTION;
    if (promise->number == 6 ? by == SCH_KIND_APPOINTMENT
                             : promise->number == 8 && record->due_ms != promise->due_ms)
        note_from(told, dossier, promise, sim_message_find(told->sim, &dossier->said_id), record->at_ms);
}

/* Until when an E1 need not be alerted after the last start; a clock that was not believed in that time prolongs it. */
static int64_t patience_ms(const struct told *told)
{
    int64_t until_ms = told->started_ms + E1_HOLD_MS;

    for (size_t i = 0; i < told->sim->held_count; i++)
        if (told->sim->held[i].from_ms >= told->started_ms && told->sim->held[i].from_ms <= until_ms)
            until_ms = told->sim->held[i].to_ms < INT64_MAX - E1_HOLD_MS ? told->sim->held[i].to_ms + E1_HOLD_MS : INT64_MAX;
    return until_ms;
}

/*
 * A clock that leapt, or a long stop, brings everything at once. Whoever comes by in the first minutes after a start
 * collects before an E1 is alerted; and a referral that has expired meanwhile cancels what fell due before.
 */
static bool is_overtaken(const struct told *told, const struct told_dossier *dossier,
                         const struct told_promise *promise, const struct sch_audit_record *record)
{
    if (promise->number == 1)
        return record->at_ms <= patience_ms(told);
    return record->standing == SCH_STANDING_CANCELLED && dossier->expired_ms == record->at_ms;
}

static void closed(struct told *told, const struct told_dossier *dossier, struct told_promise *promise,
                   const struct sch_audit_record *record)
{
    struct sim *sim = told->sim;
    bool said = dossier->said_ms == record->at_ms, now = dossier->settled_ms == record->at_ms;
    enum sch_kind by = said ? dossier->said : SCH_KIND_UNSPECIFIED;
    enum sch_kind other = told->any_ms == record->at_ms ? told->any_said : SCH_KIND_UNSPECIFIED;

    promise->beyond = is_beyond(told, dossier, promise, record);
    if (!is_owed(promise))
        sim_violation(sim, "E%u was closed twice", promise->number);
    if (promise->number == 1 ? record->standing == SCH_STANDING_CLOSED && !now
                             : record->standing != SCH_STANDING_CANCELLED &&
                                   !rules_closes(promise->number, record->standing, by) &&
                                   !rules_closes(promise->number, record->standing, other))
        sim_violation(sim, "E%u was closed (standing %d) by a message of kind %d", promise->number,
                      (int)record->standing, (int)by);
    if (!promise->steps[SCH_STEP_OVERDUE] && record->at_ms > promise->due_ms + SLACK_MS &&
        record->at_ms > promise->snoozed_ms + SLACK_MS && record->at_ms > promise->owed_ms + SLACK_MS &&
        !is_overtaken(told, dossier, promise, record))
        sim_violation(sim, "E%u, opened at %lld and due at %lld, was closed at %lld (standing %d), and no alert came",
                      promise->number, (long long)promise->owed_ms, (long long)promise->due_ms,
                      (long long)record->at_ms, (int)record->standing);
}

static void alerted(struct told *told, const struct told_dossier *dossier, struct told_promise *promise,
                    const struct sch_audit_record *record)
{
    struct sim *sim = told->sim;
    int64_t urgency = sim->message[sim->dossier[dossier->of].opening].header.fact[SCH_FACT_URGENCY];

    sim->alerts++;
    if (!is_owed(promise))
        sim_violation(sim, "an alert of E%u, which is not owed", promise->number);
    if (record->step > SCH_STEP_ESCALATED || record->step == SCH_STEP_NONE || promise->steps[record->step])
        sim_violation(sim, "E%u alerted twice for step %d", promise->number, (int)record->step);
    else
        promise->steps[record->step] = true;
    if (record->step < promise->step)
        sim_violation(sim, "the ladder of E%u went down", promise->number);
    if (record->step == SCH_STEP_REMINDED ? record->at_ms >= promise->due_ms : record->at_ms < promise->due_ms)
        sim_violation(sim, "step %d of E%u, due at %lld, came at %lld", (int)record->step, promise->number,
                      (long long)promise->due_ms, (long long)record->at_ms);
    if (record->step == SCH_STEP_ESCALATED && promise->due_ms < ALMANAC_END_MS &&
        record->at_ms < rules_escalation(promise->due_ms, urgency == SCH_URGENCY_CRISIS))
        sim_violation(sim, "E%u was escalated too early", promise->number);
    if (record->at_ms < promise->snoozed_ms)
        sim_violation(sim, "E%u was snoozed, and alerted", promise->number);
    promise->step = record->step;
}

static void changed(struct told *told, struct told_dossier *dossier, const struct sch_audit_record *record)
{
    struct told_promise *promise = find(told, dossier, record);

    if (record->event == SCH_TRACE_OPENED) {
        opened(told, dossier, record);
        return;
    }
    if (promise == NULL) {
        sim_violation(told->sim, "event %d of an E%u that was never opened", (int)record->event, record->expectation);
        return;
    }
    switch (record->event) {
    case SCH_TRACE_CLOSED: closed(told, dossier, promise, record); break;
    case SCH_TRACE_REOPENED:
        if (is_owed(promise))
            sim_violation(told->sim, "E%u was reopened, and had not been closed", promise->number);
        promise->owed_ms = record->at_ms;
        break;
    case SCH_TRACE_ALERTED: alerted(told, dossier, promise, record); break;
    case SCH_TRACE_SNOOZED: promise->snoozed_ms = record->due_ms; return;
    default: moved(told, dossier, promise, record);
    }
    promise->standing = record->standing;
    promise->due_ms = record->due_ms;
    promise->ended_ms = record->at_ms;
    promise->incomplete = promise->incomplete || record->standing == SCH_STANDING_INCOMPLETE;
}

static void went(struct told *told, struct told_dossier *dossier, const struct sch_audit_record *record)
{
    enum sch_kind by = dossier->said_ms == record->at_ms ? dossier->said : SCH_KIND_UNSPECIFIED;
    const struct sim_dossier *of = &told->sim->dossier[dossier->of];
    uint32_t owed;

    if (!rules_leads(dossier->phase, record->phase, by))
        sim_violation(told->sim, "a dossier went from phase %d to %d by a message of kind %d", (int)dossier->phase,
                      (int)record->phase, (int)by);
    dossier->phase = record->phase;
    owed = rules_owed(of->kind, told->sim->mailbox[of->receiver].kind, dossier->phase, by);
    for (unsigned number = 2; number < 16; number++) {
        bool there = (owed >> number & 1) == 0;

        for (int i = dossier->first; !there && i >= 0; i = told->promise[i].next)
            there = told->promise[i].number == number && (number != 10 || is_owed(&told->promise[i]));
        if (!there)
            sim_violation(told->sim, "a dossier came into phase %d by a message of kind %d, and nobody owes E%u",
                          (int)dossier->phase, (int)by, number);
    }
}

/* What happened to a message: once each, and the letter destroyed when nobody waits for it. */
static void handed(struct told *told, struct told_dossier *dossier, const struct sch_audit_record *record)
{
    struct sim *sim = told->sim;
    int index = sim_message_find(sim, &record->message);
    const struct sim_message *message = index < 0 ? NULL : &sim->message[index];

    switch (record->event) {
    case SCH_TRACE_STORED:
        dossier->said = told->any_said = record->kind;
        dossier->said_ms = told->any_ms = record->at_ms;
        dossier->said_id = record->message;
        if (message == NULL)
            sim_violation(sim, "a message was stored that nobody sent");
        else if (told->stored[index]++ > 0)
            sim_violation(sim, "a message was stored twice");
        else if (message->receipted && message->stored_ms != record->at_ms)
            sim_violation(sim, "a receipt says another time than the audit");
        break;
    case SCH_TRACE_OFFERED:
        if (message != NULL)
            told->offered[index]++;
        break;
    case SCH_TRACE_BODY_DESTROYED:
        if (message != NULL && (told->destroyed[index]++ > 0 || told->ended[index] != told->offered[index]))
            sim_violation(sim, "a letter was destroyed twice, or while somebody waited for it");
        break;
    default:
        if (record->event != SCH_TRACE_WITHDRAWN)
            dossier->said_ms = 0;       /* another step, of the same moment when the clock was set back */
        dossier->settled_ms = record->at_ms;
        if (record->event == SCH_TRACE_EXPIRED)
            dossier->expired_ms = record->at_ms;
        if (message != NULL && ++told->ended[index] > message->to_count)
            sim_violation(sim, "a delivery ended twice");
    }
}

static void purged(struct told *told, struct told_dossier *dossier, const struct sch_audit_record *record)
{
    told->sim->purged++;
    for (int i = dossier->first; i >= 0; i = told->promise[i].next)
        if (is_owed(&told->promise[i]) && told->promise[i].number != 11)
            sim_violation(told->sim, "a dossier was deleted while E%u was owed", told->promise[i].number);
    if (dossier->closed_ms == 0 || record->at_ms < dossier->closed_ms + 729 * SIM_DAY_MS)
        sim_violation(told->sim, "a dossier closed at %lld was deleted at %lld", (long long)dossier->closed_ms,
                      (long long)record->at_ms);
    dossier->purged = true;
}

/* Is it at an end, with nothing owed but what waits in mailboxes, and answers? Since when? */
static void note_closed(struct told *told, struct told_dossier *dossier, int64_t at_ms)
{
    bool over = rules_is_end(dossier->phase);

    for (int i = dossier->first; over && i >= 0; i = told->promise[i].next)
        over = told->promise[i].number == 1 || told->promise[i].number == 11 || !is_owed(&told->promise[i]);
    if (!over && dossier->closed_ms != 0) {
        dossier->was_closed_ms = dossier->closed_ms;
        dossier->opened_again_ms = at_ms;
        dossier->closed_ms = 0;
    } else if (over && dossier->closed_ms == 0) {
        /* What opens and ends in one turn has opened nothing. */
        dossier->closed_ms = dossier->opened_again_ms == at_ms ? dossier->was_closed_ms : at_ms;
    }
}

static void replay(struct told *told, const struct sch_audit_record *record)
{
    struct told_dossier *dossier;
    int of;

    told->records++;
    if (record->at_ms < told->at_ms)
        sim_violation(told->sim, "the audit goes back in time, from %lld to %lld at event %d",
                      (long long)told->at_ms, (long long)record->at_ms, (int)record->event);
    told->at_ms = record->at_ms;
    if (record->event == SCH_TRACE_STARTED)
        told->started_ms = record->at_ms;
    of = sch_id_is_none(&record->dossier) ? -1 : sim_dossier_find(told->sim, &record->dossier);
    if (of < 0)
        return;
    dossier = &told->dossier[of];
    if (dossier->opened_ms == 0) {
        dossier->opened_ms = record->at_ms;
        dossier->of = of;
    }
    switch (record->event) {
    case SCH_TRACE_STORED:
    case SCH_TRACE_OFFERED:
    case SCH_TRACE_COLLECTED:
    case SCH_TRACE_REFUSED_BY_SYSTEM:
    case SCH_TRACE_EXPIRED:
    case SCH_TRACE_WITHDRAWN:
    case SCH_TRACE_BODY_DESTROYED: handed(told, dossier, record); break;
    case SCH_TRACE_PHASE: went(told, dossier, record); break;
    case SCH_TRACE_OPENED:
    case SCH_TRACE_MOVED:
    case SCH_TRACE_CLOSED:
    case SCH_TRACE_REOPENED:
    case SCH_TRACE_ALERTED:
    case SCH_TRACE_SNOOZED: changed(told, dossier, record); break;
    case SCH_TRACE_PURGED: purged(told, dossier, record); break;
    default: return;
    }
    note_closed(told, dossier, record->at_ms);
}

static bool visit(void *context, struct sch_bytes key, struct sch_bytes value)
{
    struct told *told = context;
    struct sch_audit_record record;

    if (sch_record_audit_row(value) != SCH_AUDIT_RECORD)
        return true;
    if (sch_record_audit_decode(key, value, &record) != SCH_OK) {
        sim_violation(told->sim, "an audit record cannot be read");
        return false;
    }
    replay(told, &record);
    return told->sim->violations == 0;
}

/* ---- the end ------------------------------------------------------------------------------------ */

static void check_messages(struct told *told)
{
    struct sim *sim = told->sim;

    for (size_t i = 0; i < sim->message_count; i++) {
        const struct sim_message *message = &sim->message[i];

        if (told->stored[i] == 1 && !sim_is_on(sim, SIM_FAULT_PERMIT) &&
            !rules_permit(sim->mailbox[sim_mailbox_find(sim, message->header.sender.text)].kind, message->header.kind))
            sim_violation(sim, "a message of kind %d was taken from %s", (int)message->header.kind,
                          message->header.sender.text);
        if (message->receipted && told->stored[i] != 1)
            sim_violation(sim, "a receipted message was never stored");
        if (told->stored[i] == 1 && told->offered[i] != message->to_count)
            sim_violation(sim, "a message to %zu was laid into %u mailboxes", message->to_count, told->offered[i]);
        if (told->stored[i] == 1 && message->letter && told->ended[i] == message->to_count && told->destroyed[i] != 1)
            sim_violation(sim, "a letter for which nobody waits was not destroyed");
    }
}

/* No step of a ladder is missing by now. */
static void check_ladder(struct told *told, const struct told_dossier *dossier, const struct told_promise *promise)
{
    struct sim *sim = told->sim;
    int64_t now_ms = sim->now_ms - SLACK_MS;
    int64_t urgency = sim->message[sim->dossier[dossier->of].opening].header.fact[SCH_FACT_URGENCY];

    if (!is_owed(promise) || promise->due_ms > now_ms || promise->snoozed_ms > now_ms)
        return;
    if (!promise->steps[SCH_STEP_OVERDUE])
        sim_violation(sim, "E%u, due at %lld, is overdue, and no alert came", promise->number,
                      (long long)promise->due_ms);
    if (!promise->steps[SCH_STEP_ESCALATED] &&
        rules_escalation(promise->due_ms, urgency == SCH_URGENCY_CRISIS) < now_ms)
        sim_violation(sim, "E%u is long overdue, and nobody escalated it", promise->number);
}

/* What is recorded of a dossier is what its history comes to. */
static void check_record(struct told *told, const struct told_dossier *dossier)
{
    struct sim *sim = told->sim;
    struct sch_record_key key = sch_record_key_id(&sim->dossier[dossier->of].id);
    struct sch_dossier *record = malloc(sizeof *record);
    uint8_t *value = malloc(SCH_RECORD_DOSSIER_MAX);
    size_t size, owed = 0;
    enum sch_store_result result;

    assert(record != NULL && value != NULL);
    result = sch_store_get(sim->store, SCH_TABLE_DOSSIER, sch_record_key_bytes(&key), value, SCH_RECORD_DOSSIER_MAX,
                           &size);
    if (dossier->purged || result != SCH_STORE_OK ||
        sch_record_dossier_decode((struct sch_bytes){ value, size }, record) != SCH_OK) {
        if (!dossier->purged)
            sim_violation(sim, "a dossier is gone");
        free(record);
        free(value);
        return;
    }
    if (record->phase != dossier->phase)
        sim_violation(sim, "a dossier is in phase %d, and went to %d", (int)record->phase, (int)dossier->phase);
    for (int i = dossier->first; i >= 0; i = told->promise[i].next) {
        owed += is_owed(&told->promise[i]);
        check_ladder(told, dossier, &told->promise[i]);
    }
    for (size_t i = 0; i < record->instance_count; i++)
        owed -= record->instance[i].standing == SCH_STANDING_OPEN ||
                record->instance[i].standing == SCH_STANDING_INCOMPLETE;
    if (owed != 0)
        sim_violation(sim, "a dossier owes other promises than its history tells");
    if (dossier->closed_ms != 0 && dossier->closed_ms + 735 * SIM_DAY_MS < sim->now_ms && record->delivery_count == 0)
        sim_violation(sim, "a dossier closed at %lld was not deleted", (long long)dossier->closed_ms);
    free(record);
    free(value);
}

void sim_oracle_ledger(struct sim *sim)
{
    struct told *told = calloc(1, sizeof *told);

    assert(told != NULL);
    told->sim = sim;
    told->stored = calloc(4, sim->message_count + 1);
    assert(told->stored != NULL);
    told->offered = told->stored + sim->message_count;
    told->ended = told->offered + sim->message_count;
    told->destroyed = told->ended + sim->message_count;
    for (size_t i = 0; i < SIM_DOSSIERS_MAX; i++)
        told->dossier[i].first = -1;
    if (sch_store_scan(sim->store, SCH_TABLE_AUDIT, (struct sch_bytes){ 0 }, (struct sch_bytes){ 0 }, false, SIZE_MAX,
                       visit, told) != SCH_STORE_OK)
        sim_violation(sim, "the audit cannot be read");
    if (sim->violations == 0)
        check_messages(told);
    for (size_t i = 0; i < sim->dossier_count && sim->violations == 0; i++)
        if (told->dossier[i].opened_ms != 0)
            check_record(told, &told->dossier[i]);
    if (sim->violations == 0)
        oracle_kept(told);
    if (sim->violations == 0)
        oracle_worklist(told);
    free(told->stored);
    free(told->promise);
    free(told);
}
