/*
 * query_statistics.c: STATISTICS: how promises were kept, from the turn's counts. Part of query.h.
 *
 * A group is the promises of one expectation, one debtor (or all together) and one month (or all asked for).
 * The counts are read twice: once to learn which groups there are and how large, once to add up those of the
 * page, for a group's days take far more room than its name.
 */
#include "query_own.h"

#include <stdlib.h>
#include <string.h>

#include "disclosure.h"
#include "id.h"
#include "statistics.h"
#include "tally.h"

#define GROUPS_MAX (1u << 20)
#define CURSOR_NAME 3                   /* before it: month (two bytes), expectation */
_Static_assert(CURSOR_NAME + SCH_QUERY_NAME_MAX <= SCH_CURSOR_MAX, "every cursor fits");

/* What a group's count consists of, and two parts that run across. */
enum { ANNOUNCED = SCH_TALLY_OUTCOME_COUNT, INCOMPLETE, PARTS };

/* month 0: all that were asked for; an empty debtor: all together. In this order they are shown. */
struct group {
    uint32_t month;
    uint8_t expectation;
    struct sch_address debtor;
    uint32_t count, part[PARTS];
    bool hidden, in_parts_hidden;       /* published: left out */
};

struct index {
    const struct sch_reading *reading;
    struct group *group;
    size_t count, capacity;
    bool failed;
};

static int compare(const void *left, const void *right)
{
    const struct group *a = left, *b = right;

    if (a->month != b->month)
        return a->month < b->month ? -1 : 1;
    if (a->expectation != b->expectation)
        return a->expectation < b->expectation ? -1 : 1;
    return strcmp(a->debtor.text, b->debtor.text);
}

static void join(struct group *to, const struct group *from)
{
    to->count += from->count;
    for (size_t i = 0; i < PARTS; i++)
        to->part[i] += from->part[i];
}

/* ---- which groups there are --------------------------------------------------------------------- */

/* A coordinator's own filters are by what it sees: E5 is E4 to it. */
static bool is_wanted(const struct sch_reading *reading, const struct group *group)
{
    const struct sch_query *query = &reading->permit->query;

    return (query->only.expectation == 0 || query->only.expectation == group->expectation) &&
           sch_query_passes(reading->permit, &query->only.debtor, &group->debtor);
}

/* What is published is protected as a whole, whatever part of it is asked for. */
static bool is_whole(const struct sch_query_permit *permit)
{
    return permit->coordinator && permit->query.published;
}

static void append(struct index *index, const struct group *group)
{
    if (index->count == index->capacity) {
        size_t capacity = index->capacity > 0 ? 2 * index->capacity : 1024;
        struct group *more = capacity > GROUPS_MAX ? NULL : realloc(index->group, capacity * sizeof *more);

        index->failed = more == NULL;
        if (index->failed)
            return;
        index->group = more;
        index->capacity = capacity;
    }
    index->group[index->count++] = *group;
}

/* Puts all in order and makes equal ones one. */
static void settle(struct index *index)
{
    size_t kept = 0;

    if (index->count > 0)
        qsort(index->group, index->count, sizeof *index->group, compare);
    for (size_t i = 0; i < index->count; i++) {
        if (kept > 0 && compare(&index->group[kept - 1], &index->group[i]) == 0)
            join(&index->group[kept - 1], &index->group[i]);
        else
            index->group[kept++] = index->group[i];
    }
    index->count = kept;
}

static struct group group_of(const struct sch_reading *reading, const struct sch_tally_term *term)
{
    struct group group = { .month = term->month, .debtor = term->debtor, .count = term->count };

    group.expectation = sch_query_shown_expectation(reading->permit, term->expectation);
    group.part[term->outcome] = term->count;
    group.part[ANNOUNCED] = term->announced ? term->count : 0;
    group.part[INCOMPLETE] = term->incomplete ? term->count : 0;
    return group;
}

/* Counts of one group come one after the other, so most are added to the one before. */
static bool visit_index(void *context, const struct sch_tally_term *term)
{
    struct index *index = context;
    struct group group = group_of(index->reading, term);
    struct group *last = index->count > 0 ? &index->group[index->count - 1] : NULL;

    if (is_whole(index->reading->permit) || is_wanted(index->reading, &group)) {
        if (last != NULL && compare(last, &group) == 0)
            join(last, &group);
        else
            append(index, &group);
    }
    return !index->failed && !sch_query_is_stopped(index->reading);
}

/* Adds the totals: of each group over the months, and over the debtors; of both. */
static void add_totals(struct index *index, bool over_debtors)
{
    size_t count = index->count;

    for (size_t i = 0; i < count && !index->failed; i++) {
        struct group total = index->group[i];

        total.month = 0;
        append(index, &total);
        if (!over_debtors)
            continue;
        memset(&total.debtor, 0, sizeof total.debtor);
        append(index, &total);
        total.month = index->group[i].month;
        append(index, &total);
    }
}

/* ---- publishing --------------------------------------------------------------------------------- */

/* One expectation as a table: debtors in rows, months in columns, totals first in both. Its rows are the
 * groups of month 0, which stand side by side in the index. */
struct table {
    struct index *index;
    size_t first, rows, columns;
    uint32_t *count;
    bool *hidden, *parts;
};

static size_t end_of(const struct index *index, size_t first)
{
    size_t end = first;

    while (end < index->count && index->group[end].month == index->group[first].month &&
           index->group[end].expectation == index->group[first].expectation)
        end++;
    return end;
}

static size_t month_count(const struct index *index)
{
    size_t count = 0;

    for (size_t i = 0; i < index->count; i++)
        count += i == 0 || index->group[i].month != index->group[i - 1].month;
    return count;
}

/* The row of a debtor: both stand in the order of debtors, so the search goes on from the row before. */
static size_t row_of(const struct table *table, const struct group *group, size_t row)
{
    while (strcmp(table->index->group[table->first + row].debtor.text, group->debtor.text) != 0)
        row++;
    return row;
}

/* Carries counts from the groups of this expectation into the table, or what is hidden back. */
static void carry(struct table *table, bool back)
{
    struct index *index = table->index;
    size_t column = 0, row = 0;

    for (size_t i = 0; i < index->count; i++) {
        struct group *group = &index->group[i];
        size_t at;

        if (i > 0 && group->month != index->group[i - 1].month) {
            column++;
            row = 0;
        }
        if (group->expectation != index->group[table->first].expectation)
            continue;
        row = row_of(table, group, row);
        at = row * table->columns + column;
        if (back) {
            group->hidden = table->hidden[at];
            group->in_parts_hidden = table->parts[at];
            continue;
        }
        table->count[at] = group->count;
        for (size_t part = 0; part < PARTS; part++)
            table->parts[at] = table->parts[at] || sch_disclosure_is_small(group->part[part]);
    }
}

static int publish_one(struct table *table)
{
    size_t cells = table->rows * table->columns;
    int code = SCH_E_NO_MEMORY;

    table->count = calloc(cells, sizeof *table->count);
    table->hidden = calloc(cells, sizeof *table->hidden);
    table->parts = calloc(cells, sizeof *table->parts);
    if (table->count != NULL && table->hidden != NULL && table->parts != NULL) {
        /* One debtor alone has no total over debtors: its months are then the rows of one column. */
        struct sch_disclosure all = { table->count, table->hidden, table->rows, table->columns };

        if (table->rows == 1) {
            all.rows = table->columns;
            all.columns = 1;
        }
        carry(table, false);
        code = sch_disclosure_publish(&all, table->parts);
        carry(table, true);
    }
    free(table->parts);
    free(table->hidden);
    free(table->count);
    return code;
}

static int publish(struct index *index)
{
    struct table table = { .index = index, .columns = month_count(index) };
    int code = SCH_OK;

    while (code == SCH_OK && table.first < index->count && index->group[table.first].month == 0) {
        table.rows = end_of(index, table.first) - table.first;
        code = publish_one(&table);
        table.first += table.rows;
    }
    return code;
}

/* ---- a page ------------------------------------------------------------------------------------- */

/* The groups of this page and what they come to. */
struct picks {
    const struct sch_reading *reading;
    const struct group *group[SCH_PAGE_ROWS_MAX];
    struct sch_tally_sum *sum;          /* one for each */
    size_t count;
    int32_t today;
};

static uint16_t month_number(uint32_t month)
{
    return (uint16_t)(month == 0 ? 0 : (month / 100 - 1970) * 12 + month % 100);
}

static void set_cursor(struct sch_page *page, const struct group *last)
{
    uint16_t month = month_number(last->month);

    page->cursor[0] = (uint8_t)(month >> 8);
    page->cursor[1] = (uint8_t)month;
    page->cursor[2] = last->expectation;
    page->cursor_size = CURSOR_NAME + sch_query_put_name(&last->debtor, page->cursor + CURSOR_NAME);
}

/* The group that the cursor names; before all others without one. */
static struct group cursor_of(const struct sch_query *query)
{
    struct group group = { .month = 0 };
    unsigned month;

    if (query->cursor_size < CURSOR_NAME)
        return group;
    month = (unsigned)query->cursor[0] << 8 | query->cursor[1];
    if (month > 0)
        group.month = (1970 + (month - 1) / 12) * 100 + (month - 1) % 12 + 1;
    group.expectation = query->cursor[2];
    (void)sch_query_get_name(query->cursor + CURSOR_NAME, query->cursor_size - CURSOR_NAME, &group.debtor);
    return group;
}

/* Takes the groups behind the cursor that are wanted. */
static void pick(struct picks *picks, const struct index *index)
{
    const struct sch_reading *reading = picks->reading;
    struct group after = cursor_of(&reading->permit->query);

    for (size_t i = 0; i < index->count; i++) {
        const struct group *group = &index->group[i];

        if (compare(group, &after) <= 0 || !is_wanted(reading, group))
            continue;
        if (picks->count == reading->permit->query.limit) {
            set_cursor(reading->page, picks->group[picks->count - 1]);
            return;
        }
        picks->group[picks->count++] = group;
    }
}

static void add_to(struct picks *picks, const struct group *wanted, const struct sch_tally_term *term)
{
    size_t low = 0, high = picks->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare(picks->group[middle], wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < picks->count && compare(picks->group[low], wanted) == 0)
        sch_tally_sum_add(&picks->sum[low], term, picks->today);
}

static bool visit_sums(void *context, const struct sch_tally_term *term)
{
    struct picks *picks = context;
    struct group group = group_of(picks->reading, term);

    add_to(picks, &group, term);
    memset(&group.debtor, 0, sizeof group.debtor);
    add_to(picks, &group, term);
    group.month = 0;
    add_to(picks, &group, term);
    group.debtor = term->debtor;
    add_to(picks, &group, term);
    return !sch_query_is_stopped(picks->reading);
}

static void write_days(const struct sch_tally_sum *sum, struct sch_statistics_row *row)
{
    struct sch_survival survival;

    _Static_assert(SCH_SURVIVAL_DAYS == SCH_TALLY_DAYS_MAX + 1, "both count days alike");
    memcpy(survival.answered, sum->answered, sizeof survival.answered);
    for (size_t day = 0; day < SCH_SURVIVAL_DAYS; day++)
        survival.censored[day] = sum->censored[day] + sum->ended[day];
    row->median_days = sch_survival_days(&survival, 2);
    row->p90_days = sch_survival_days(&survival, 10);
}

/* With its interval a share gives both of its parts away: where parts are left out, for their own sake or for that
 * of others, it is left out too. */
static void write_share(const struct sch_tally_sum *sum, bool published, struct sch_statistics_row *row)
{
    uint32_t whole = sum->within + sum->late + sum->overdue;
    bool telling = published && (row->suppressed || sch_disclosure_is_small(whole));
    struct sch_share share = sch_share_of(telling ? 0 : sum->within, telling ? 0 : whole);

    row->within_permille = share.permille;
    row->low_permille = share.low_permille;
    row->high_permille = share.high_permille;
}

static void write_parts(const struct sch_tally_sum *sum, struct sch_statistics_row *row)
{
    row->open = sum->open;
    row->within = sum->within;
    row->late = sum->late;
    row->incomplete = sum->incomplete;
    row->withheld = sum->withheld;
    row->waived = sum->waived;
    row->cancelled = sum->cancelled;
    row->announced = sum->announced;
}

static void write_row(const struct sch_reading *reading, const struct group *group,
                      const struct sch_tally_sum *sum, struct sch_statistics_row *row)
{
    bool published = reading->permit->query.published;
    uint32_t count = sum->open + sum->within + sum->late + sum->withheld + sum->waived + sum->cancelled;

    memset(row, 0, sizeof *row);
    row->debtor = group->debtor;
    row->expectation = group->expectation;
    row->month = group->month;
    row->suppressed =
        published && (group->hidden || group->in_parts_hidden || sch_disclosure_is_small(count));
    if (published && (group->hidden || sch_disclosure_is_small(count)))
        return;
    row->count = count;
    if (!row->suppressed)
        write_parts(sum, row);
    write_share(sum, published, row);
    write_days(sum, row);
}

/* Adds up what the page shows, over no more months than it needs, and writes its rows. */
static int show(struct picks *picks)
{
    const struct sch_reading *reading = picks->reading;
    const struct sch_query *query = &reading->permit->query;
    struct sch_statistics_row *rows = sch_arena_take(reading->arena, picks->count * sizeof *rows);
    uint32_t from = query->month_from, to = query->month_to;
    int code;

    if (picks->count == 0)
        return SCH_OK;
    picks->sum = calloc(picks->count, sizeof *picks->sum);
    if (rows == NULL || picks->sum == NULL)
        return SCH_E_NO_MEMORY;
    if (picks->group[0]->month > 0) {
        from = picks->group[0]->month;
        to = picks->group[picks->count - 1]->month;
    }
    code = sch_tally_terms(reading->store, reading->permit->party.region, from, to, visit_sums, picks);
    for (size_t i = 0; code == SCH_OK && i < picks->count; i++)
        write_row(reading, picks->group[i], &picks->sum[i], &rows[i]);
    reading->page->statistics = rows;
    reading->page->statistics_count = picks->count;
    return code;
}

/* A party's counts as a debtor stand in its own region: it is referrer or receiver of what it owes. */
int sch_query_statistics(struct sch_reading *reading)
{
    const struct sch_query *query = &reading->permit->query;
    struct index index = { .reading = reading };
    struct picks picks = { .reading = reading, .today = sch_day_of_ms(reading->now_ms) };
    bool whole = is_whole(reading->permit);
    uint32_t from = query->month_from, begin = cursor_of(query).month;
    int code;

    /* Months before the cursor's are shown already; their totals too. */
    if (!whole && begin > from)
        from = begin;
    code = sch_tally_terms(reading->store, reading->permit->party.region, from, query->month_to, visit_index,
                           &index);
    settle(&index);
    add_totals(&index, whole || query->only.debtor.text[0] == '\0');
    settle(&index);
    if (code == SCH_OK && index.failed)
        code = SCH_E_NO_MEMORY;
    if (code == SCH_OK && query->published)
        code = publish(&index);
    if (code == SCH_OK) {
        pick(&picks, &index);
        code = show(&picks);
    }
    free(picks.sum);
    free(index.group);
    return sch_query_is_stopped(reading) ? SCH_E_STOPPING : code;
}
