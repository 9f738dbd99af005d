/* judge_alerts.c: the ladder of every promise, and whether each of its steps was taken once and in time. */
#include "judge.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ladder.h"
#include "shell/record.h"

#define LATE_MAX_MS INT64_C(120000)     /* what could not act is looked at again within a minute */

/* ---- what was done -------------------------------------------------------------------------------- */

struct done {
    struct play *play;
    int64_t (*at_ms)[SCH_STEP_ESCALATED + 1];   /* per promise */
    uint8_t (*reminders)[SCH_STEP_ESCALATED + 1];
    uint64_t count;
};

static int32_t find_promise(const struct ledger *ledger, int32_t message, int number, int debtor)
{
    const struct ledger_dossier *dossier;

    if (message < 0)
        return -1;
    dossier = &ledger->dossier[ledger->message[message].dossier];
    for (int32_t p = dossier->first_promise; p >= 0; p = ledger->promise[p].next)
        if (ledger->promise[p].message == message && ledger->promise[p].number == number &&
            ledger->promise[p].debtor == debtor)
            return p;
    return -1;
}

static bool visit(void *context, struct sch_bytes key, struct sch_bytes value)
{
    struct done *done = context;
    struct play *play = done->play;
    struct sch_audit_record record;
    int32_t p;

    if (sch_record_audit_row(value) != SCH_AUDIT_RECORD ||
        sch_record_audit_decode(key, value, &record) != SCH_OK || record.event != SCH_TRACE_ALERTED)
        return true;
    done->count++;
    p = find_promise(play->ledger, play_message(play, &record.message), record.expectation,
                     region_find(play->ledger->region, record.concerned.text));
    if (p < 0)
        play_violation(play, "an alert at %s for E%d of %s, who owes no such thing", play_moment(record.at_ms),
                       record.expectation, record.concerned.text);
    else if (done->at_ms[p][record.step] != 0)
        play_violation(play, "a second alert at %s, step %d of E%d of dossier %d", play_moment(record.at_ms),
                       (int)record.step, record.expectation, play->ledger->promise[p].dossier);
    else
        done->at_ms[p][record.step] = record.at_ms;
    return true;
}

/* The coordinator may remind by hand, of every instance of a number at once. */
static unsigned reminded_by_hand(const struct ledger *ledger, const struct ledger_promise *promise)
{
    unsigned count = 0;

    for (int32_t m = 0; m < ledger->message_count; m++)
        count += ledger->message[m].kind == SCH_KIND_REMINDER && ledger->message[m].rejects == SCH_OK && ledger->message[m].dossier == promise->dossier &&
                 ledger->message[m].fact[0].value == promise->number;
    return count;
}

static void count_reminders(struct done *done)
{
    struct play *play = done->play;

    for (size_t i = 0; i < play->reminder_count; i++) {
        const struct play_reminder *reminder = &play->reminder[i];
        int32_t p = find_promise(play->ledger, reminder->message, reminder->number, reminder->party);

        if (reminder->step == SCH_STEP_WITHDRAW)
            continue;
        if (p < 0) {
            play_violation(play, "a reminder of E%d came to party %d, who owes no such thing", reminder->number,
                           reminder->party);
            continue;
        }
        if (done->reminders[p][reminder->step]++ > 0 &&
            done->reminders[p][reminder->step] > 1 + reminded_by_hand(play->ledger, &play->ledger->promise[p]))
            play_violation(play, "a second reminder, step %d of E%d of dossier %d", (int)reminder->step,
                           reminder->number, play->ledger->promise[p].dossier);
    }
}

static void judge_step(struct done *done, int32_t p, enum sch_ladder step, int64_t want_ms)
{
    struct play *play = done->play;
    const struct ledger *ledger = play->ledger;
    const struct ledger_promise *promise = &ledger->promise[p];
    int64_t have_ms = done->at_ms[p][step];

    if (have_ms < want_ms || have_ms > want_ms + LATE_MAX_MS || (want_ms == 0) != (have_ms == 0))
        play_violation(play, "dossier %d E%d of %s, step %d: alert at %s, must be %s", promise->dossier, promise->number,
                       ledger->region->party[promise->debtor].address.text, (int)step, play_moment(have_ms),
                       play_moment(want_ms));
    else if (want_ms != 0 && promise->number != 1 && step != SCH_STEP_ESCALATED && done->reminders[p][step] == 0 &&
             ledger_collects(ledger, promise->debtor, have_ms) == have_ms)
        play_violation(play, "dossier %d E%d: the debtor was not told of step %d", promise->dossier, promise->number,
                       (int)step);
}

/* Treatment began elsewhere, while this referral of the same group still waited for its intake. */
static bool is_prompt(const struct ledger *ledger, const struct ledger_message *start, int32_t d, int32_t other)
{
    const struct ledger_phase *before = ledger_phase_at(ledger, &ledger->dossier[d], start->at_ms - 1);
    const struct ledger_phase *waiting = ledger_phase_at(ledger, &ledger->dossier[other], start->at_ms);

    return start->dossier == d && start->kind == SCH_KIND_TREATMENT_START && start->fact[0].value == SCH_STARTED_YES &&
           before->phase < SCH_PHASE_IN_TREATMENT && waiting != NULL && waiting->phase >= SCH_PHASE_SENT &&
           waiting->phase <= SCH_PHASE_INTAKE_PLANNED;
}

/* How many prompts the referrer collects because of one dossier: a later one replaces what still lies there, and a
 * withdrawal takes it back. */
static uint64_t count_prompts(const struct ledger *ledger, int32_t d, int32_t other)
{
    int64_t last_ms = 0;
    uint64_t count = 0;

    for (int32_t m = ledger->dossier[d].opening; m < ledger->message_count; m++) {
        const struct ledger_message *start = &ledger->message[m];
        int64_t collect_ms;

        if (!is_prompt(ledger, start, d, other))
            continue;
        collect_ms = ledger_collects(ledger, ledger->dossier[other].referrer, start->at_ms);
        count += collect_ms < ledger->end_ms && collect_ms != last_ms &&
                 ledger_phase_at(ledger, &ledger->dossier[other], collect_ms)->phase != SCH_PHASE_WITHDRAWN;
        last_ms = collect_ms;
    }
    return count;
}

/* Each such start prompts the referrer once to withdraw the other referral. */
static void judge_prompts(struct play *play)
{
    const struct ledger *ledger = play->ledger;
    uint64_t want = 0, have = 0;

    for (int32_t m = 0; m < ledger->message_count; m++) {
        int32_t group = ledger->message[m].group, d = ledger->message[m].dossier, other;

        if (group < 0 || group == m)
            continue;
        other = ledger->message[group].dossier;
        want += count_prompts(ledger, d, other) + count_prompts(ledger, other, d);
    }
    for (size_t i = 0; i < play->reminder_count; i++)
        have += play->reminder[i].step == SCH_STEP_WITHDRAW;
    if (want != have)
        play_violation(play, "%llu prompts to withdraw, must be %llu", (unsigned long long)have, (unsigned long long)want);
}

void judge_alerts(struct judge *judge, struct play *play)
{
    size_t count = (size_t)play->ledger->promise_count;
    struct done done = { .play = play };

    done.at_ms = calloc(count, sizeof *done.at_ms);
    done.reminders = calloc(count, sizeof *done.reminders);
    assert(done.at_ms != NULL && done.reminders != NULL);
    if (sch_store_scan(play->store, SCH_TABLE_AUDIT, (struct sch_bytes){ NULL, 0 }, (struct sch_bytes){ NULL, 0 }, false,
                       SIZE_MAX, visit, &done) != SCH_STORE_OK)
        play_violation(play, "the audit cannot be read");
    count_reminders(&done);
    for (int32_t p = 0; p < play->ledger->promise_count; p++) {
        struct ladder ladder = ladder_climb(play->ledger, &play->ledger->promise[p]);

        for (enum sch_ladder step = SCH_STEP_REMINDED; step <= SCH_STEP_ESCALATED; step++)
            judge_step(&done, p, step, ladder.at_ms[step]);
    }
    judge_prompts(play);
    judge->alerts = done.count;
    free(done.at_ms);
    free(done.reminders);
}

/* ---- deliveries ----------------------------------------------------------------------------------- */

void judge_deliveries(struct play *play)
{
    const struct ledger *ledger = play->ledger;

    for (int32_t m = 0; m < ledger->message_count; m++) {
        const struct ledger_message *message = &ledger->message[m];

        if (message->receipted == (message->rejects != SCH_OK))
            play_violation(play, "kind %d of dossier %d has the wrong answer", (int)message->kind, message->dossier);
        for (int i = 0; i < message->to_count; i++)
            if ((message->collect_ms[i] < ledger->end_ms) != (message->delivered[i] == 1))
                play_violation(play, "kind %d of dossier %d, stored %s: delivered %d times to %s, planned for %s",
                               (int)message->kind, message->dossier, play_moment(message->at_ms), message->delivered[i],
                               ledger->region->party[message->to[i]].address.text, play_moment(message->collect_ms[i]));
    }
}
