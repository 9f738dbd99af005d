/*
 * tally.c: reading counts and adding them up. How they are kept is in tally_count.c.
 */
#include <string.h>

#include "core/calendar.h"
#include "tally_own.h"

#define STEP_ROWS 256

/* ---- reading ----------------------------------------------------------------------------------- */

/* A scan in steps: each ends with the last key that it saw, and the next begins behind it. */
struct walk {
    struct sch_store *store;
    uint8_t last[SCH_STORE_KEY_MAX + 1];
    size_t last_size;
    size_t rows;                        /* of this step */
    bool stopped, damaged;
    uint32_t month_to;
    sch_tally_age_fn *age_fn;
    sch_tally_term_fn *term_fn;
    void *context;
};

static bool each_age(struct walk *walk, const struct sch_tally_key *key, const struct sch_tally_cell *cell,
                     size_t count)
{
    struct sch_tally_age age = { .by = (enum sch_age_by)key->sort, .name = key->name, .silence = key->silence };

    for (size_t i = 0; i < count; i++) {
        age.day = key->period * SCH_TALLY_PERIOD_DAYS + (int32_t)cell[i].number;
        age.count = cell[i].count;
        if (!walk->age_fn(walk->context, &age))
            return false;
    }
    return true;
}

static bool each_term(struct walk *walk, const struct sch_tally_key *key, const struct sch_tally_cell *cell,
                      size_t count)
{
    struct sch_tally_term term = { .month = key->month, .expectation = key->expectation, .debtor = key->name };
    int32_t first_day = 0;

    if (!sch_day_from_date((int64_t)key->month * 100 + 1, &first_day)) {
        walk->damaged = true;
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t number = cell[i].number;

        term.outcome = (enum sch_tally_outcome)(number >> SCH_TALLY_OUTCOME_SHIFT);
        term.announced = (number & SCH_TALLY_ANNOUNCED) != 0;
        term.incomplete = (number & SCH_TALLY_INCOMPLETE) != 0;
        term.from_day = term.outcome != SCH_TALLY_OPEN ? 0
                            : first_day + (int32_t)(number >> SCH_TALLY_FROM_SHIFT &
                                                    ((1u << SCH_TALLY_FROM_BITS) - 1));
        term.days = number & SCH_TALLY_DAYS_MAX;
        term.count = cell[i].count;
        if (term.outcome >= SCH_TALLY_OUTCOME_COUNT) {
            walk->damaged = true;
            return false;
        }
        if (!walk->term_fn(walk->context, &term))
            return false;
    }
    return true;
}

static bool visit(void *context, struct sch_bytes key, struct sch_bytes value)
{
    struct walk *walk = context;
    struct sch_tally_cell cell[SCH_TALLY_CELLS_MAX];
    struct sch_tally_key whose;
    size_t count;

    walk->rows++;
    memcpy(walk->last, key.ptr, key.len);
    walk->last_size = key.len;
    if (sch_record_read_tally(key, &whose) != SCH_OK || sch_record_tally_decode(value, cell, &count) != SCH_OK) {
        walk->damaged = true;
        return false;
    }
    if (whose.sort == SCH_TALLY_TERMS && walk->month_to > 0 && whose.month > walk->month_to)
        walk->stopped = true;
    else if (whose.sort == SCH_TALLY_TERMS)
        walk->stopped = !each_term(walk, &whose, cell, count);
    else
        walk->stopped = !each_age(walk, &whose, cell, count);
    return !walk->stopped;
}

static int run(struct walk *walk, struct sch_record_key prefix)
{
    do {
        struct sch_bytes from = { walk->last, walk->last_size };

        walk->rows = 0;
        if (sch_store_scan(walk->store, SCH_TABLE_TALLY, sch_record_key_bytes(&prefix), from, false, STEP_ROWS,
                           visit, walk) != SCH_STORE_OK || walk->damaged)
            return SCH_E_STORE_DAMAGED;
        walk->last[walk->last_size++] = 0;      /* nothing sorts between a key and this one */
    } while (!walk->stopped && walk->rows == STEP_ROWS);
    return SCH_OK;
}

int sch_tally_ages(struct sch_store *store, const char *region, enum sch_age_by by, sch_tally_age_fn *fn,
                   void *context)
{
    struct walk walk = { .store = store, .age_fn = fn, .context = context };

    return run(&walk, sch_record_prefix_tally(region, (enum sch_tally_sort)by));
}

int sch_tally_terms(struct sch_store *store, const char *region, uint32_t month_from, uint32_t month_to,
                    sch_tally_term_fn *fn, void *context)
{
    struct walk walk = { .store = store, .term_fn = fn, .context = context, .month_to = month_to };
    struct sch_record_key prefix = sch_record_prefix_tally(region, SCH_TALLY_TERMS);

    memcpy(walk.last, prefix.bytes, prefix.size);
    for (size_t i = 0; i < 4; i++)
        walk.last[prefix.size + i] = (uint8_t)(month_from >> (24 - 8 * i));
    walk.last_size = prefix.size + 4;
    return run(&walk, prefix);
}

/* ---- adding up --------------------------------------------------------------------------------- */

size_t sch_tally_bucket(int32_t day, int32_t today)
{
    static const int32_t upto[SCH_AGE_BUCKETS - 1] = { 7, 14, 28, 56 };
    size_t bucket = 0;

    while (bucket < SCH_AGE_BUCKETS - 1 && today - day > upto[bucket])
        bucket++;
    return bucket;
}

static uint32_t days_since(int32_t from_day, int32_t today)
{
    if (today <= from_day)
        return 0;
    return today - from_day > SCH_TALLY_DAYS_MAX ? SCH_TALLY_DAYS_MAX : (uint32_t)(today - from_day);
}

static void add_open(struct sch_tally_sum *sum, const struct sch_tally_term *term, int32_t today)
{
    sum->open += term->count;
    if (today - term->from_day > (int32_t)term->days)
        sum->overdue += term->count;
    sum->censored[days_since(term->from_day, today)] += term->count;
}

void sch_tally_sum_add(struct sch_tally_sum *sum, const struct sch_tally_term *term, int32_t today)
{
    switch (term->outcome) {
    case SCH_TALLY_OPEN: add_open(sum, term, today); break;
    case SCH_TALLY_WITHIN: sum->within += term->count; break;
    case SCH_TALLY_LATE: sum->late += term->count; break;
    case SCH_TALLY_WITHHELD: sum->withheld += term->count; break;
    case SCH_TALLY_WAIVED: sum->waived += term->count; break;
    case SCH_TALLY_CANCELLED: sum->cancelled += term->count; break;
    case SCH_TALLY_OUTCOME_COUNT: return;
    }
    if (term->outcome == SCH_TALLY_WITHIN || term->outcome == SCH_TALLY_LATE)
        sum->answered[term->days] += term->count;
    else if (term->outcome != SCH_TALLY_OPEN)
        sum->ended[term->days] += term->count;
    if (term->announced)
        sum->announced += term->count;
    if (term->incomplete)
        sum->incomplete += term->count;
}
