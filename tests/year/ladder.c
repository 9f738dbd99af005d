/* ladder.c: the ladder of a promise, walked along its changes. */
#include "ladder.h"

/* The next step in this state, and its moment. */
static enum sch_ladder next_step(const struct ledger_change *change, enum sch_ladder step, int64_t *at_ms)
{
    enum sch_ladder next = SCH_STEP_OVERDUE;

    *at_ms = change->due_ms;
    if (step == SCH_STEP_OVERDUE) {
        *at_ms = change->escalate_ms;
        next = SCH_STEP_ESCALATED;
    } else if (step == SCH_STEP_NONE && change->remind_ms != 0 && change->remind_ms < change->due_ms) {
        *at_ms = change->remind_ms;
        next = SCH_STEP_REMINDED;
    }
    if (*at_ms < change->snoozed_ms)
        *at_ms = change->snoozed_ms;
    return next;
}

struct ladder ladder_climb(const struct ledger *ledger, const struct ledger_promise *promise)
{
    struct ladder ladder = { { 0 } };
    enum sch_ladder step = SCH_STEP_NONE;

    for (int32_t c = promise->first; c >= 0; c = ledger->change[c].next) {
        const struct ledger_change *change = &ledger->change[c];
        int64_t until_ms = change->next >= 0 ? ledger->change[change->next].at_ms : ledger->end_ms;

        if (until_ms > ledger->end_ms)
            until_ms = ledger->end_ms;
        while (ledger_is_owed(change) && step != SCH_STEP_ESCALATED) {
            int64_t at_ms;
            enum sch_ladder next = next_step(change, step, &at_ms);

            at_ms = ledger_fires(ledger, at_ms, promise->number == 1);
            if (at_ms < change->at_ms)
                at_ms = change->at_ms;
            if (at_ms >= until_ms)
                break;
            if (next == SCH_STEP_REMINDED && change->due_ms <= at_ms)
                next = SCH_STEP_OVERDUE;
            step = next;
            ladder.at_ms[step] = at_ms;
        }
    }
    return ladder;
}
