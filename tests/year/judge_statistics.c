/*
 * judge_statistics.c: how promises were kept and how old what is open is, recomputed from the ledger.
 *
 * The broker keeps counts; here every promise is looked at again, in floating point, with the formulas of
 * PROTOCOL.md and no others.
 */
#include "judge.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "figures.h"
#include "judge_own.h"

static void enter(const struct ledger *ledger, int64_t now_ms, struct figures *figures)
{
    for (int32_t p = 0; p < ledger->promise_count; p++) {
        const struct ledger_promise *promise = &ledger->promise[p];
        const struct ledger_change *change = ledger_change_at(ledger, promise, now_ms);
        struct figures_entry entry = { .number = promise->number == 5 ? 4 : promise->number };
        struct figures_end end = { .from_day = almanac_day_of(promise->from_ms), .beyond = promise->beyond };

        if (change == NULL || !ledger->dossier[promise->dossier].judged)
            continue;
        strcpy(entry.debtor, ledger->region->party[promise->debtor].organisation.text);
        entry.announced = change->due_ms > change->norm_due_ms;
        entry.incomplete = promise->incomplete;
        end.standing = change->standing;
        end.ended_ms = change->at_ms;
        end.due_ms = change->due_ms;
        figures_enter(figures, entry, &end, almanac_day_of(now_ms));
    }
}

/* ---- the comparison ------------------------------------------------------------------------------- */

static void compare_rows(struct play *play, const struct sch_statistics_row *want,
                         const struct sch_statistics_row *have)
{
    bool same = want->count == have->count && want->open == have->open && want->within == have->within &&
                want->late == have->late && want->incomplete == have->incomplete && want->withheld == have->withheld &&
                want->waived == have->waived && want->cancelled == have->cancelled &&
                want->announced == have->announced &&
                figures_near(want->within_permille, have->within_permille) &&
                figures_near(want->low_permille, have->low_permille) &&
                figures_near(want->high_permille, have->high_permille) &&
                want->median_days == have->median_days && want->p90_days == have->p90_days;
    const struct sch_statistics_row *row[2] = { have, want };

    for (int i = 0; i < 2 && !same; i++)
        play_violation(play, "statistics %s E%u %u %s: %u = %u open, %u within, %u late, %u withheld, %u waived, %u "
                             "cancelled; %u announced, %u incomplete; %u (%u-%u), %u, %u days",
                       i == 0 ? "are    " : "must be", row[i]->expectation, row[i]->month, row[i]->debtor.text,
                       row[i]->count, row[i]->open, row[i]->within, row[i]->late, row[i]->withheld, row[i]->waived,
                       row[i]->cancelled, row[i]->announced, row[i]->incomplete, row[i]->within_permille,
                       row[i]->low_permille, row[i]->high_permille, row[i]->median_days, row[i]->p90_days);
}

/* Rows come in the order in which the entries are sorted. */
static uint64_t hold_together(struct play *play, const struct figures *figures)
{
    struct sch_query query = { .type = SCH_QUERY_STATISTICS, .limit = SCH_PAGE_ROWS_MAX };
    const struct sch_page *page;
    uint64_t rows = 0;
    size_t at = 0;

    do {
        page = play_ask(play, play->ledger->region->coordinator[0], &query);
        if (page == NULL)
            return rows;
        for (size_t i = 0; i < page->statistics_count; i++, rows++) {
            const struct sch_statistics_row *have = &page->statistics[i];
            struct figures_entry group = { .month = have->month, .number = have->expectation };
            struct sch_statistics_row want;
            uint32_t judged;
            size_t end;

            strcpy(group.debtor, have->debtor.text);
            for (; at < figures->count && figures_order(&figures->entry[at], &group) < 0; at++)
                play_violation(play, "statistics lack E%u %u %s", figures->entry[at].number, figures->entry[at].month,
                               figures->entry[at].debtor);
            for (end = at; end < figures->count && figures_order(&figures->entry[end], &group) == 0; end++)
                ;
            if (end == at) {
                play_violation(play, "statistics of E%u %u %s are invented", group.number, group.month, group.debtor);
                continue;
            }
            want = figures_row(&figures->entry[at], end - at, &judged);
            compare_rows(play, &want, have);
            at = end;
        }
        query.cursor_size = page->cursor_size;
        memcpy(query.cursor, page->cursor, sizeof query.cursor);
    } while (query.cursor_size > 0);
    if (at < figures->count)
        play_violation(play, "statistics end before E%u %u %s", figures->entry[at].number, figures->entry[at].month,
                       figures->entry[at].debtor);
    return rows;
}

void judge_statistics(struct judge *judge, struct play *play)
{
    struct figures figures = { NULL, 0, 0 };

    enter(play->ledger, sch_clock_civil_ms(play->clock), &figures);
    figures_sort(&figures);
    judge->statistics = hold_together(play, &figures);
    free(figures.entry);
}

/* ---- ages ----------------------------------------------------------------------------------------- */

/* What is owed of a dossier that is due first; NULL: nothing is. */
static const struct ledger_promise *first_due(const struct ledger *ledger, const struct ledger_dossier *dossier,
                                              int64_t now_ms)
{
    const struct ledger_promise *first = NULL;
    int64_t first_ms = LEDGER_NEVER;

    for (int32_t p = dossier->first_promise; p >= 0; p = ledger->promise[p].next) {
        const struct ledger_change *change = ledger_change_at(ledger, &ledger->promise[p], now_ms);

        if (ledger_is_owed(change) && change->due_ms < first_ms) {
            first = &ledger->promise[p];
            first_ms = change->due_ms;
        }
    }
    return first;
}

struct age {
    const char *name;
    enum sch_silence silence;
    uint32_t bucket;
};

static bool age_of(const struct ledger *ledger, const struct ledger_dossier *dossier, enum sch_age_by by, int64_t now_ms,
                   struct age *age)
{
    static const int32_t upto[] = { 7, 14, 28, 56 };
    const struct region_party *party = ledger->region->party;
    const struct ledger_promise *first = first_due(ledger, dossier, now_ms);
    int32_t days = almanac_day_of(now_ms) - almanac_day_of(ledger->dossier[dossier->root].opened_ms);

    if (first == NULL || !dossier->judged)
        return false;
    age->name = by == SCH_AGE_BY_RECEIVER   ? party[dossier->receiver].organisation.text
                : by == SCH_AGE_BY_REFERRER ? party[dossier->referrer].organisation.text
                                            : "";
    age->silence = by != SCH_AGE_BY_SILENCE ? SCH_SILENCE_NONE
                                            : own_silence(first, ledger_change_at(ledger, first, now_ms),
                                                          ledger_phase_at(ledger, dossier, now_ms));
    for (age->bucket = 0; age->bucket < 4 && days > upto[age->bucket]; age->bucket++)
        ;
    return true;
}

/* Counts of one row, looked up among all dossiers; the first row of the table is all together. */
static void judge_age_row(struct play *play, const struct age *age, size_t count, const struct sch_age_row *have)
{
    uint32_t bucket[SCH_AGE_BUCKETS] = { 0 }, total = 0;
    bool all = have->name[0] == '\0' && have->silence == SCH_SILENCE_NONE;

    for (size_t i = 0; i < count; i++)
        if (all || (strcmp(age[i].name, have->name) == 0 && age[i].silence == have->silence)) {
            bucket[age[i].bucket]++;
            total++;
        }
    if (total == 0 || total != have->total || memcmp(bucket, have->bucket, sizeof bucket) != 0)
        play_violation(play, "ages of %s, silence %d: %u, must be %u", have->name, (int)have->silence, have->total, total);
}

static uint64_t judge_age_table(struct play *play, enum sch_age_by by, struct age *age)
{
    const struct ledger *ledger = play->ledger;
    struct sch_query query = { .type = SCH_QUERY_AGE, .by = by, .limit = SCH_PAGE_ROWS_MAX };
    const struct sch_page *page;
    uint64_t rows = 0, shown = 0;
    size_t count = 0;

    for (int32_t d = 0; d < ledger->dossier_count; d++)
        count += age_of(ledger, &ledger->dossier[d], by, sch_clock_civil_ms(play->clock), &age[count]);
    do {
        page = play_ask(play, ledger->region->coordinator[0], &query);
        if (page == NULL)
            return rows;
        for (size_t i = 0; i < page->age_count; i++, rows++) {
            judge_age_row(play, age, count, &page->age[i]);
            shown += page->age[i].total;
        }
        query.cursor_size = page->cursor_size;
        memcpy(query.cursor, page->cursor, sizeof query.cursor);
    } while (query.cursor_size > 0);
    if (shown != 2 * count)             /* all together, and each row */
        play_violation(play, "the age table shows %llu dossiers, not %zu twice", (unsigned long long)shown, count);
    return rows;
}

void judge_ages(struct judge *judge, struct play *play)
{
    struct age *age = calloc((size_t)play->ledger->dossier_count + 1, sizeof *age);

    assert(age != NULL);
    for (enum sch_age_by by = SCH_AGE_BY_RECEIVER; by <= SCH_AGE_BY_SILENCE; by++)
        judge->ages += judge_age_table(play, by, age);
    free(age);
}
