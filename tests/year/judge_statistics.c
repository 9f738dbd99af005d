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

/* One promise in one group. month 0: all; an empty debtor: all. */
struct entry {
    uint32_t month;
    uint8_t number;
    const char *debtor;
    enum { OPEN, OVERDUE, WITHIN, LATE, WITHHELD, WAIVED, CANCELLED, OUTCOMES } outcome;
    bool announced, incomplete;
    uint32_t days;
};

struct entries {
    struct entry *entry;
    size_t count, room;
};

static void add(struct entries *entries, const struct entry *entry)
{
    if (entries->count == entries->room) {
        entries->room = entries->room == 0 ? 65536 : 2 * entries->room;
        entries->entry = realloc(entries->entry, entries->room * sizeof *entries->entry);
        assert(entries->entry != NULL);
    }
    entries->entry[entries->count++] = *entry;
}

static void classify(struct entry *entry, const struct ledger_promise *promise, const struct ledger_change *change,
                     int32_t from, int32_t today)
{
    int32_t last = almanac_day_of(change->due_ms - 1);

    entry->days = figures_days_between(from, almanac_day_of(change->at_ms));
    switch (change->standing) {
    case SCH_STANDING_CLOSED: 
        entry->outcome = change->at_ms < change->due_ms && !promise->beyond ? WITHIN : LATE;
        break;
    case SCH_STANDING_WITHHELD: entry->outcome = WITHHELD; break;
    case SCH_STANDING_WAIVED: entry->outcome = WAIVED; break;
    case SCH_STANDING_CANCELLED: entry->outcome = CANCELLED; break;
    default:
        entry->outcome = today > (last < from ? from : last) ? OVERDUE : OPEN;
        entry->days = figures_days_between(from, today);
    }
}

static void enter(const struct ledger *ledger, int64_t now_ms, struct entries *entries)
{
    for (int32_t p = 0; p < ledger->promise_count; p++) {
        const struct ledger_promise *promise = &ledger->promise[p];
        const struct ledger_change *change = ledger_change_at(ledger, promise, now_ms);
        int32_t from = almanac_day_of(promise->from_ms);
        const char *debtor = ledger->region->party[promise->debtor].organisation.text;
        struct entry entry = { .number = promise->number == 5 ? 4 : promise->number };

        if (change == NULL || !ledger->dossier[promise->dossier].judged)
            continue;
        entry.announced = change->due_ms > change->norm_due_ms;
        entry.incomplete = promise->incomplete;
        classify(&entry, promise, change, from, almanac_day_of(now_ms));
        for (int i = 0; i < 4; i++) {
            entry.month = i % 2 == 0 ? 0 : (uint32_t)almanac_date(from) / 100;
            entry.debtor = i / 2 == 0 ? "" : debtor;
            add(entries, &entry);
        }
    }
}

static int same_group(const struct entry *x, const struct entry *y)
{
    if (x->month != y->month)
        return x->month < y->month ? -1 : 1;
    if (x->number != y->number)
        return x->number < y->number ? -1 : 1;
    return strcmp(x->debtor, y->debtor);
}

static int compare(const void *a, const void *b)
{
    return same_group(a, b);
}

/* ---- a group's row -------------------------------------------------------------------------------- */

static struct sch_statistics_row row_of(const struct entry *entry, size_t count)
{
    struct sch_statistics_row row = { .expectation = entry->number, .month = entry->month, .count = (uint32_t)count };
    static uint32_t answered[FIGURES_DAYS], censored[FIGURES_DAYS];
    uint32_t number[OUTCOMES] = { 0 };

    memset(answered, 0, sizeof answered);
    memset(censored, 0, sizeof censored);
    strcpy(row.debtor.text, entry->debtor);
    for (size_t i = 0; i < count; i++) {
        number[entry[i].outcome]++;
        row.announced += entry[i].announced;
        row.incomplete += entry[i].incomplete;
        if (entry[i].outcome == WITHIN || entry[i].outcome == LATE)
            answered[entry[i].days]++;
        else
            censored[entry[i].days]++;
    }
    row.open = number[OPEN] + number[OVERDUE];
    row.within = number[WITHIN];
    row.late = number[LATE];
    row.withheld = number[WITHHELD];
    row.waived = number[WAIVED];
    row.cancelled = number[CANCELLED];
    figures_share(row.within, row.within + row.late + number[OVERDUE], &row);
    row.median_days = figures_waits_until(answered, censored, row.count, 0.5);
    row.p90_days = figures_waits_until(answered, censored, row.count, 0.1);
    return row;
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
static uint64_t hold_together(struct play *play, const struct entries *entries)
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
            struct entry group = { .month = have->month, .number = (uint8_t)have->expectation,
                                   .debtor = have->debtor.text };
            struct sch_statistics_row want;
            size_t end;

            for (; at < entries->count && same_group(&entries->entry[at], &group) < 0; at++)
                play_violation(play, "statistics lack E%d %u %s", entries->entry[at].number, entries->entry[at].month,
                               entries->entry[at].debtor);
            for (end = at; end < entries->count && same_group(&entries->entry[end], &group) == 0; end++)
                ;
            if (end == at) {
                play_violation(play, "statistics of E%d %u %s are invented", group.number, group.month, group.debtor);
                continue;
            }
            want = row_of(&entries->entry[at], end - at);
            compare_rows(play, &want, have);
            at = end;
        }
        query.cursor_size = page->cursor_size;
        memcpy(query.cursor, page->cursor, sizeof query.cursor);
    } while (query.cursor_size > 0);
    if (at < entries->count)
        play_violation(play, "statistics end before E%d %u %s", entries->entry[at].number, entries->entry[at].month,
                       entries->entry[at].debtor);
    return rows;
}

void judge_statistics(struct judge *judge, struct play *play)
{
    struct entries entries = { NULL, 0, 0 };

    enter(play->ledger, sch_clock_civil_ms(play->clock), &entries);
    qsort(entries.entry, entries.count, sizeof *entries.entry, compare);
    judge->statistics = hold_together(play, &entries);
    free(entries.entry);
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
