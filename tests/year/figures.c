/* figures.c: see figures.h. */
#include "figures.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "almanac.h"

#define DAYS 1024                       /* days above the last count as the last */
#define TIE 1e-12

/* ---- promises ----------------------------------------------------------------------------------- */

/* Days from one local day to another, as counts have them. */
static uint32_t days_between(int32_t from, int32_t to)
{
    return to <= from ? 0 : to - from > DAYS - 1 ? DAYS - 1 : (uint32_t)(to - from);
}

static void judge(struct figures_entry *entry, const struct figures_end *end, int32_t today)
{
    int32_t last = almanac_day_of(end->due_ms - 1);

    entry->days = days_between(end->from_day, almanac_day_of(end->ended_ms));
    switch (end->standing) {
    case SCH_STANDING_CLOSED:
        entry->outcome = end->ended_ms < end->due_ms && !end->beyond ? FIGURES_WITHIN : FIGURES_LATE;
        break;
    case SCH_STANDING_WITHHELD: entry->outcome = FIGURES_WITHHELD; break;
    case SCH_STANDING_WAIVED: entry->outcome = FIGURES_WAIVED; break;
    case SCH_STANDING_CANCELLED: entry->outcome = FIGURES_CANCELLED; break;
    default:
        entry->outcome = today > (last < end->from_day ? end->from_day : last) ? FIGURES_OVERDUE : FIGURES_OPEN;
        entry->days = days_between(end->from_day, today);
    }
}

void figures_enter(struct figures *figures, struct figures_entry promise, const struct figures_end *end, int32_t today)
{
    if (figures->count + 4 > figures->room) {
        figures->room = figures->room == 0 ? 8192 : 2 * figures->room;
        figures->entry = realloc(figures->entry, figures->room * sizeof *figures->entry);
        assert(figures->entry != NULL);
    }
    judge(&promise, end, today);
    for (int i = 0; i < 4; i++) {
        struct figures_entry *entry = &figures->entry[figures->count++];

        *entry = promise;
        entry->month = i % 2 == 0 ? 0 : (uint32_t)almanac_date(end->from_day) / 100;
        if (i / 2 == 0)
            entry->debtor[0] = '\0';
    }
}

int figures_order(const struct figures_entry *one, const struct figures_entry *other)
{
    if (one->month != other->month)
        return one->month < other->month ? -1 : 1;
    if (one->number != other->number)
        return one->number < other->number ? -1 : 1;
    return strcmp(one->debtor, other->debtor);
}

static int compare(const void *one, const void *other)
{
    return figures_order(one, other);
}

void figures_sort(struct figures *figures)
{
    if (figures->count > 0)
        qsort(figures->entry, figures->count, sizeof *figures->entry, compare);
}

/* ---- figures ------------------------------------------------------------------------------------ */

/* The first day by which, as Kaplan and Meier estimate, at most this share of all still waits; SCH_DAYS_UNREACHED. */
static uint32_t waits_until(const uint32_t *answered, const uint32_t *censored, uint32_t all, double share)
{
    double waiting = 1;
    uint32_t at_risk = all;

    for (uint32_t day = 0; day < DAYS && at_risk > 0; day++) {
        waiting *= 1 - (double)answered[day] / at_risk;
        if (answered[day] > 0 && waiting <= share + TIE)
            return day;
        at_risk -= answered[day] + censored[day];
    }
    return SCH_DAYS_UNREACHED;
}

/* within_permille, low_permille and high_permille: k of n, with Wilson's interval of 95 %. */
static void share_of(uint32_t k, uint32_t n, struct sch_statistics_row *row)
{
    double z = 1.959964, spread;

    row->high_permille = 1000;
    if (n == 0)
        return;
    spread = z * sqrt(z * z + 4.0 * k * (n - k) / n);
    row->within_permille = (uint32_t)lround(1000.0 * k / n);
    row->low_permille = (uint32_t)lround(1000 * fmax(0, (2.0 * k + z * z - spread) / (2 * (n + z * z))));
    row->high_permille = (uint32_t)lround(1000 * (2.0 * k + z * z + spread) / (2 * (n + z * z)));
}

struct sch_statistics_row figures_row(const struct figures_entry *entry, size_t count, uint32_t *judged)
{
    struct sch_statistics_row row = { .expectation = entry->number, .month = entry->month, .count = (uint32_t)count };
    uint32_t answered[DAYS] = { 0 }, censored[DAYS] = { 0 }, number[FIGURES_OUTCOMES] = { 0 };

    strcpy(row.debtor.text, entry->debtor);
    for (size_t i = 0; i < count; i++) {
        bool came = entry[i].outcome == FIGURES_WITHIN || entry[i].outcome == FIGURES_LATE;

        number[entry[i].outcome]++;
        row.announced += entry[i].announced;
        row.incomplete += entry[i].incomplete;
        (came ? answered : censored)[entry[i].days]++;
    }
    row.open = number[FIGURES_OPEN] + number[FIGURES_OVERDUE];
    row.within = number[FIGURES_WITHIN];
    row.late = number[FIGURES_LATE];
    row.withheld = number[FIGURES_WITHHELD];
    row.waived = number[FIGURES_WAIVED];
    row.cancelled = number[FIGURES_CANCELLED];
    *judged = row.within + row.late + number[FIGURES_OVERDUE];
    share_of(row.within, *judged, &row);
    row.median_days = waits_until(answered, censored, row.count, 0.5);
    row.p90_days = waits_until(answered, censored, row.count, 0.1);
    return row;
}

bool figures_near(uint32_t a, uint32_t b)
{
    return a == b || a + 1 == b || b + 1 == a;
}
