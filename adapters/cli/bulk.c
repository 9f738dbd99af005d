/* bulk.c: plans and outcomes of acts on many dossiers. Contract in bulk.h. */
#include "bulk.h"

#include <stdio.h>
#include <string.h>

#include "id.h"

#define PARTLY_DONE_EXIT 8

enum sch_remind sch_remind_of(const struct sch_unanswered_row *row, int64_t now_ms)
{
    if (row->expectation == 1 || row->silence == SCH_SILENCE_NOT_COLLECTED)
        return SCH_REMIND_UNCOLLECTED;
    return row->reminded_ms > 0 && now_ms - row->reminded_ms < SCH_REMIND_PAUSE_MS ? SCH_REMIND_RECENT
                                                                                   : SCH_REMIND_SEND;
}

static bool same_organisation(const struct sch_address *a, const struct sch_address *b)
{
    struct sch_address left, right;
    sch_address_organisation(a, &left);
    sch_address_organisation(b, &right);
    return strcmp(left.text, right.text) == 0;
}

/* Is an earlier row's reminder for the same organisation? Lists for bulk acts are short enough to look. */
static bool seen_before(const struct sch_unanswered_row *rows, size_t at, int64_t now_ms)
{
    for (size_t i = 0; i < at; i++)
        if (sch_remind_of(&rows[i], now_ms) == SCH_REMIND_SEND &&
            same_organisation(&rows[i].debtor, &rows[at].debtor))
            return true;
    return false;
}

struct sch_remind_plan sch_remind_plan(const struct sch_unanswered_row *rows, size_t count, int64_t now_ms)
{
    struct sch_remind_plan plan = { .send = 0 };
    for (size_t i = 0; i < count; i++)
        switch (sch_remind_of(&rows[i], now_ms)) {
        case SCH_REMIND_RECENT: plan.recent++; break;
        case SCH_REMIND_UNCOLLECTED: plan.uncollected++; break;
        case SCH_REMIND_SEND:
            plan.send++;
            plan.parties += !seen_before(rows, i, now_ms);
            break;
        }
    return plan;
}

const char *sch_remind_preview(const struct sch_remind_plan *plan, char text[SCH_REMIND_TEXT_SIZE])
{
    size_t used = (size_t)snprintf(text, SCH_REMIND_TEXT_SIZE, "Je stuurt %zu herinnering%s", plan->send,
                                   plan->send == 1 ? "" : "en");
    if (plan->send > 0)
        used += (size_t)snprintf(text + used, SCH_REMIND_TEXT_SIZE - used, " aan %zu aanbieder%s",
                                 plan->parties, plan->parties == 1 ? "" : "s");
    if (plan->recent > 0)
        used +=
            (size_t)snprintf(text + used, SCH_REMIND_TEXT_SIZE - used,
                             "; %zu %s er minder dan 48 uur geleden al een en %s overgeslagen", plan->recent,
                             plan->recent == 1 ? "kreeg" : "kregen", plan->recent == 1 ? "wordt" : "worden");
    if (plan->uncollected > 0)
        used += (size_t)snprintf(text + used, SCH_REMIND_TEXT_SIZE - used,
                                 "; bij %zu haalt niemand post op: bellen helpt daar, een herinnering niet",
                                 plan->uncollected);
    snprintf(text + used, SCH_REMIND_TEXT_SIZE - used, ".");
    return text;
}

int sch_bulk_exit(const struct sch_bulk *bulk)
{
    if (bulk->failed == 0)
        return 0;
    return bulk->done > 0 ? PARTLY_DONE_EXIT : bulk->first_exit;
}
