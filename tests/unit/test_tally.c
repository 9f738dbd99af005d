/*
 * test_tally.c: counts that are kept turn by turn equal a count of everything at the end, whatever happened.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/calendar.h"
#include "core/silence.h"
#include "prng.h"
#include "record_check.h"
#include "shell/batch.h"
#include "shell/tally.h"
#include "store_sim.h"

#define START_MS INT64_C(1793487600000)         /* 2026-10-31T23:00:00Z: 1 November, local */
#define DAY_MS INT64_C(86400000)

static struct sch_store *store;
static struct sch_tally *tally;
static struct sch_arena arena;
static struct sch_op op[4096];

static int set_up(void **state)
{
    (void)state;
    store = sch_store_sim_new();
    tally = sch_tally_new(store);
    assert_non_null(tally);
    return sch_arena_init(&arena, 4 << 20);
}

static int tear_down(void **state)
{
    (void)state;
    sch_arena_close(&arena);
    sch_tally_free(tally);
    sch_store_sim_free(store);
    return 0;
}

/* The turn ends: what was gathered is applied, and forgotten. Returns the rows that were written or erased. */
static size_t commit(void)
{
    struct sch_batch batch = { op, 0, sizeof(op) / sizeof(op[0]), &arena };
    uint64_t missed = 0;

    sch_arena_reset(&arena);
    assert_int_equal(sch_tally_flush(tally, &batch, &missed), SCH_OK);
    assert_int_equal(missed, 0);
    assert_int_equal(sch_store_apply(store, batch.op, batch.count), SCH_STORE_OK);
    sch_tally_reset(tally);
    return batch.count;
}

static uint64_t rows(void)
{
    struct sch_store_sim_counters counters;

    sch_store_sim_counters(store, &counters);
    return counters.rows[SCH_TABLE_TALLY];
}

/* A practice in one region and a department of an institution in another, or the same. */
static struct sch_dossier dossier_of(const char *receiver_region)
{
    struct sch_dossier dossier = { .member_count = 3, .chain_ms = START_MS, .opened_ms = START_MS };

    dossier.member[0].address = address_of("agb:01290713");
    dossier.member[1].address = address_of("agb:06291122/volwassenen");
    dossier.member[2] = dossier.member[0];
    for (size_t i = 0; i < 3; i++)
        memcpy(dossier.member[i].region, "utrecht", 8);
    memcpy(dossier.member[1].region, receiver_region, strlen(receiver_region) + 1);
    return dossier;
}

static struct sch_instance promise(uint8_t number, uint8_t member, int64_t from_ms, int days)
{
    return (struct sch_instance){ .expectation = number, .member = member, .standing = SCH_STANDING_OPEN,
                                  .opened_ms = from_ms, .from_ms = from_ms,
                                  .norm_due_ms = sch_due_ms(NULL, from_ms, days, SCH_UNIT_DAYS),
                                  .due_ms = sch_due_ms(NULL, from_ms, days, SCH_UNIT_DAYS) };
}

/* ---- one thing at a time ------------------------------------------------------------------------ */

struct terms {
    struct sch_tally_term term[64];
    size_t count;
};

static bool keep_term(void *context, const struct sch_tally_term *term)
{
    struct terms *terms = context;

    assert_true(terms->count < 64);
    terms->term[terms->count++] = *term;
    return true;
}

static struct terms terms_of(const char *region, uint32_t from, uint32_t to)
{
    struct terms terms = { .count = 0 };

    assert_int_equal(sch_tally_terms(store, region, from, to, keep_term, &terms), SCH_OK);
    return terms;
}

static void a_promise_is_counted_from_opening_to_answer(void **state)
{
    struct sch_dossier dossier = dossier_of("utrecht");
    struct sch_instance open = promise(2, 1, START_MS + 3600000, 5), moved = open, closed;
    struct terms terms;

    (void)state;
    assert_int_equal(sch_tally_count_term(tally, &dossier, &open, 0, 1), SCH_OK);
    commit();
    terms = terms_of("utrecht", 0, 0);
    assert_int_equal(terms.count, 1);
    assert_int_equal(terms.term[0].month, 202611);
    assert_int_equal(terms.term[0].expectation, 2);
    assert_string_equal(terms.term[0].debtor.text, "agb:06291122");
    assert_int_equal(terms.term[0].outcome, SCH_TALLY_OPEN);
    assert_int_equal(terms.term[0].from_day, sch_day_of_ms(START_MS));
    assert_int_equal(terms.term[0].days, 5);
    assert_int_equal(terms.term[0].count, 1);

    moved.due_ms += 7 * DAY_MS;
    moved.announced = true;
    moved.standing = SCH_STANDING_INCOMPLETE;
    moved.incomplete = true;
    assert_int_equal(sch_tally_count_term(tally, &dossier, &open, 0, -1), SCH_OK);
    assert_int_equal(sch_tally_count_term(tally, &dossier, &moved, 0, 1), SCH_OK);
    commit();
    terms = terms_of("utrecht", 202611, 202611);
    assert_int_equal(terms.count, 1);
    assert_int_equal(terms.term[0].days, 12);
    assert_true(terms.term[0].announced && terms.term[0].incomplete);

    closed = moved;
    closed.standing = SCH_STANDING_CLOSED;
    closed.closed_ms = moved.due_ms;        /* exclusive: this is too late */
    assert_int_equal(sch_tally_count_term(tally, &dossier, &moved, 0, -1), SCH_OK);
    assert_int_equal(sch_tally_count_term(tally, &dossier, &closed, 0, 1), SCH_OK);
    commit();
    terms = terms_of("utrecht", 0, 0);
    assert_int_equal(terms.count, 1);
    assert_int_equal(terms.term[0].outcome, SCH_TALLY_LATE);
    assert_int_equal(terms.term[0].days, 13);
    assert_int_equal(terms.term[0].from_day, 0);
    closed.closed_ms--;
    assert_int_equal(sch_tally_count_term(tally, &dossier, &closed, 0, 1), SCH_OK);
    commit();
    terms = terms_of("utrecht", 0, 0);
    assert_int_equal(terms.count, 2);
    assert_int_equal(terms.term[0].outcome, SCH_TALLY_WITHIN);
    assert_int_equal(terms.term[0].days, 12);
}

static void months_and_regions_are_kept_apart(void **state)
{
    struct sch_dossier dossier = dossier_of("friesland");
    struct sch_instance october = promise(1, 0, START_MS - 1, 1), november = promise(1, 0, START_MS, 1);

    (void)state;
    assert_int_equal(sch_tally_count_term(tally, &dossier, &october, 0, 1), SCH_OK);
    assert_int_equal(sch_tally_count_term(tally, &dossier, &november, 0, 1), SCH_OK);
    assert_int_equal(commit(), 4);
    assert_int_equal(terms_of("utrecht", 0, 0).count, 2);
    assert_int_equal(terms_of("friesland", 202610, 202610).count, 1);
    assert_int_equal(terms_of("friesland", 202611, 0).count, 1);
    assert_int_equal(terms_of("friesland", 202612, 0).count, 0);
    assert_int_equal(terms_of("friesland", 0, 202609).count, 0);
    assert_int_equal(terms_of("fries", 0, 0).count, 0);
}

static void what_counts_nothing_has_no_row(void **state)
{
    struct sch_dossier dossier = dossier_of("utrecht");
    struct sch_instance open = promise(2, 1, START_MS, 5);

    (void)state;
    assert_int_equal(sch_tally_count_term(tally, &dossier, &open, 0, 1), SCH_OK);
    assert_int_equal(sch_tally_count_age(tally, &dossier, SCH_SILENCE_NOT_DECIDED, 1), SCH_OK);
    assert_int_equal(sch_tally_count_age(tally, &dossier, SCH_SILENCE_NONE, 1), SCH_OK);
    commit();
    assert_int_equal(rows(), 4);
    assert_int_equal(sch_tally_count_term(tally, &dossier, &open, 0, -1), SCH_OK);
    assert_int_equal(sch_tally_count_age(tally, &dossier, SCH_SILENCE_NOT_DECIDED, -1), SCH_OK);
    commit();
    assert_int_equal(rows(), 0);
}

static void a_count_that_is_not_there_is_said(void **state)
{
    struct sch_batch batch = { op, 0, sizeof(op) / sizeof(op[0]), &arena };
    struct sch_dossier dossier = dossier_of("utrecht");
    struct sch_instance open = promise(2, 1, START_MS, 5);
    uint64_t missed = 0;

    (void)state;
    assert_int_equal(sch_tally_count_term(tally, &dossier, &open, 0, -1), SCH_OK);
    assert_int_equal(sch_tally_flush(tally, &batch, &missed), SCH_OK);
    assert_int_equal(missed, 1);
    assert_int_equal(batch.count, 0);
}

static void days_stop_at_their_bound(void **state)
{
    struct sch_dossier dossier = dossier_of("utrecht");
    struct sch_instance closed = promise(8, 1, START_MS, 365);
    struct terms terms;

    (void)state;
    closed.standing = SCH_STANDING_WAIVED;
    closed.closed_ms = START_MS + SCH_TALLY_DAYS_MAX * DAY_MS + DAY_MS / 2;
    assert_int_equal(sch_tally_count_term(tally, &dossier, &closed, 0, 1), SCH_OK);
    closed.closed_ms = START_MS + 4000 * DAY_MS;
    assert_int_equal(sch_tally_count_term(tally, &dossier, &closed, 0, 1), SCH_OK);
    closed.closed_ms = START_MS - 4000 * DAY_MS;
    assert_int_equal(sch_tally_count_term(tally, &dossier, &closed, 0, 1), SCH_OK);
    commit();
    terms = terms_of("utrecht", 0, 0);
    assert_int_equal(terms.count, 2);
    assert_int_equal(terms.term[0].days, 0);
    assert_int_equal(terms.term[1].days, SCH_TALLY_DAYS_MAX);
    assert_int_equal(terms.term[1].count, 2);
}

/* ---- adding up ---------------------------------------------------------------------------------- */

static void sums_tell_open_from_overdue(void **state)
{
    static struct sch_tally_sum sum;
    int32_t day = sch_day_of_ms(START_MS);
    struct sch_tally_term term = { .outcome = SCH_TALLY_OPEN, .from_day = day, .days = 5, .count = 3 };

    (void)state;
    sch_tally_sum_add(&sum, &term, day + 5);
    assert_int_equal(sum.overdue, 0);
    sch_tally_sum_add(&sum, &term, day + 6);
    assert_int_equal(sum.overdue, 3);
    assert_int_equal(sum.open, 6);
    assert_int_equal(sum.censored[5], 3);
    assert_int_equal(sum.censored[6], 3);
    sch_tally_sum_add(&sum, &term, day - 10);
    assert_int_equal(sum.censored[0], 3);
    term = (struct sch_tally_term){ .outcome = SCH_TALLY_LATE, .announced = true, .incomplete = true, .days = 9,
                                    .count = 2 };
    sch_tally_sum_add(&sum, &term, day);
    assert_int_equal(sum.late, 2);
    assert_int_equal(sum.answered[9], 2);
    assert_int_equal(sum.announced, 2);
    assert_int_equal(sum.incomplete, 2);
    term.outcome = SCH_TALLY_WITHHELD;
    sch_tally_sum_add(&sum, &term, day);
    assert_int_equal(sum.withheld, 2);
    assert_int_equal(sum.ended[9], 2);
    assert_int_equal(sum.answered[9], 2);
}

static void ages_fall_into_buckets(void **state)
{
    static const int32_t days[] = { -3, 0, 7, 8, 14, 15, 28, 29, 56, 57, 900 };
    static const size_t bucket[] = { 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4 };

    (void)state;
    for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++)
        assert_int_equal(sch_tally_bucket(20000 - days[i], 20000), bucket[i]);
}

/* ---- everything at once, against a model --------------------------------------------------------- */

#define PROMISES 3000
#define DOSSIERS 40

/* All promises that there ever were, as they stand. */
struct model {
    struct sch_dossier dossier[DOSSIERS];
    enum sch_silence silence[DOSSIERS];
    struct sch_instance promise[PROMISES];
    size_t owner[PROMISES];
    size_t count;
};

static struct model *model_new(struct sch_prng *prng)
{
    static const char *const receiver[] = { "agb:06291122/volwassenen", "agb:06291122/jeugd", "agb:06290000" };
    static const char *const region[] = { "utrecht", "friesland" };
    struct model *model = calloc(1, sizeof(*model));

    for (size_t i = 0; i < DOSSIERS; i++) {
        struct sch_dossier *dossier = &model->dossier[i];

        *dossier = dossier_of(region[sch_prng_below(prng, 2)]);
        dossier->member[1].address = address_of(receiver[sch_prng_below(prng, 3)]);
        dossier->chain_ms -= (int64_t)sch_prng_below(prng, 500) * DAY_MS;
    }
    return model;
}

static void change(struct model *model, struct sch_prng *prng)
{
    size_t n = sch_prng_below(prng, 3) == 0 ? model->count : sch_prng_below(prng, model->count + 1);
    struct sch_instance *at = &model->promise[n], before;
    const struct sch_dossier *dossier;
    int64_t now_ms = START_MS + (int64_t)sch_prng_below(prng, UINT64_C(200) * 86400000);

    if (n == model->count || model->count < 10) {
        n = model->count;
        if (n == PROMISES)
            return;
        model->owner[n] = sch_prng_below(prng, DOSSIERS);
        model->promise[n] = promise((uint8_t)(1 + sch_prng_below(prng, 4)), (uint8_t)sch_prng_below(prng, 2), now_ms,
                                    (int)sch_prng_below(prng, 400));
        model->count++;
        assert_int_equal(sch_tally_count_term(tally, &model->dossier[model->owner[n]], &model->promise[n], now_ms, 1),
                         SCH_OK);
        return;
    }
    dossier = &model->dossier[model->owner[n]];
    before = *at;
    if (!sch_instance_is_open(at)) {
        at->standing = sch_prng_below(prng, 2) ? SCH_STANDING_OPEN : SCH_STANDING_INCOMPLETE;
        at->incomplete = at->incomplete || at->standing == SCH_STANDING_INCOMPLETE;
        at->closed_ms = 0;
    } else if (sch_prng_below(prng, 3) == 0) {
        at->from_ms += ((int64_t)sch_prng_below(prng, 60) - 30) * DAY_MS;
        at->due_ms = at->from_ms + (int64_t)sch_prng_below(prng, 60) * DAY_MS;
        at->announced = sch_prng_below(prng, 2) == 1;
    } else {
        at->standing = (enum sch_standing)(SCH_STANDING_CLOSED + sch_prng_below(prng, 4));
        at->closed_ms = now_ms;
        at->beyond = sch_prng_below(prng, 4) == 0;
    }
    assert_int_equal(sch_tally_count_term(tally, dossier, &before, now_ms, -1), SCH_OK);
    assert_int_equal(sch_tally_count_term(tally, dossier, at, now_ms, 1), SCH_OK);
}

static void change_age(struct model *model, struct sch_prng *prng)
{
    size_t n = sch_prng_below(prng, DOSSIERS);
    enum sch_silence silence = (enum sch_silence)sch_prng_below(prng, SCH_SILENCE_COUNT);

    assert_int_equal(sch_tally_count_age(tally, &model->dossier[n], model->silence[n], -1), SCH_OK);
    assert_int_equal(sch_tally_count_age(tally, &model->dossier[n], silence, 1), SCH_OK);
    model->silence[n] = silence;
}

static bool owned_by(const struct sch_dossier *dossier, const char *region)
{
    return strcmp(dossier->member[0].region, region) == 0 || strcmp(dossier->member[1].region, region) == 0;
}

static bool starts(const struct sch_address *address, const struct sch_address *organisation)
{
    size_t size = strlen(organisation->text);

    return strncmp(address->text, organisation->text, size) == 0 &&
           (address->text[size] == '\0' || address->text[size] == '/');
}

/* The naive way: is this promise one of those that the cell counts? */
static bool belongs(const struct sch_dossier *dossier, const struct sch_instance *at, const struct sch_tally_term *term)
{
    int32_t from = sch_day_of_ms(at->from_ms);
    int32_t to = sch_day_of_ms(sch_instance_is_open(at) ? at->due_ms - 1 : at->closed_ms);
    int32_t days = to < from ? 0 : to - from > SCH_TALLY_DAYS_MAX ? SCH_TALLY_DAYS_MAX : to - from;
    enum sch_tally_outcome outcome = SCH_TALLY_OPEN;

    switch (at->standing) {
    case SCH_STANDING_OPEN:
    case SCH_STANDING_INCOMPLETE: break;
    case SCH_STANDING_CLOSED: 
        outcome = at->closed_ms >= at->due_ms || at->beyond ? SCH_TALLY_LATE : SCH_TALLY_WITHIN;
        break;
    case SCH_STANDING_WITHHELD: outcome = SCH_TALLY_WITHHELD; break;
    case SCH_STANDING_WAIVED: outcome = SCH_TALLY_WAIVED; break;
    case SCH_STANDING_CANCELLED: outcome = SCH_TALLY_CANCELLED; break;
    }
    return at->expectation == term->expectation && starts(&dossier->member[at->member].address, &term->debtor) &&
           (uint32_t)sch_date_from_day(from) / 100 == term->month && outcome == term->outcome &&
           at->announced == term->announced && at->incomplete == term->incomplete && (uint32_t)days == term->days &&
           (outcome != SCH_TALLY_OPEN || from == term->from_day);
}

struct compare {
    const struct model *model;
    const char *region;
    uint64_t total;
    enum sch_age_by by;
};

static bool compare_term(void *context, const struct sch_tally_term *term)
{
    struct compare *compare = context;
    uint32_t count = 0;

    for (size_t i = 0; i < compare->model->count; i++) {
        const struct sch_dossier *dossier = &compare->model->dossier[compare->model->owner[i]];

        count += owned_by(dossier, compare->region) && belongs(dossier, &compare->model->promise[i], term);
    }
    assert_int_equal(count, term->count);
    compare->total += count;
    return true;
}

static bool compare_age(void *context, const struct sch_tally_age *age)
{
    struct compare *compare = context;
    uint32_t count = 0;

    assert_int_equal(age->by, compare->by);
    for (size_t i = 0; i < DOSSIERS; i++) {
        const struct sch_dossier *dossier = &compare->model->dossier[i];
        size_t member = age->by == SCH_AGE_BY_RECEIVER ? 1 : 0;

        count += compare->model->silence[i] != SCH_SILENCE_NONE && owned_by(dossier, compare->region) &&
                 sch_day_of_ms(dossier->chain_ms) == age->day &&
                 (age->by == SCH_AGE_BY_SILENCE ? compare->model->silence[i] == age->silence
                                                : starts(&dossier->member[member].address, &age->name));
    }
    assert_int_equal(count, age->count);
    compare->total += count;
    return true;
}

static void compare_region(const struct model *model, const char *region)
{
    struct compare compare = { .model = model, .region = region };
    uint64_t promises = 0, dossiers = 0;

    for (size_t i = 0; i < model->count; i++)
        promises += owned_by(&model->dossier[model->owner[i]], region);
    for (size_t i = 0; i < DOSSIERS; i++)
        dossiers += model->silence[i] != SCH_SILENCE_NONE && owned_by(&model->dossier[i], region);
    assert_int_equal(sch_tally_terms(store, region, 0, 0, compare_term, &compare), SCH_OK);
    assert_int_equal(compare.total, promises);
    for (compare.by = SCH_AGE_BY_RECEIVER; compare.by <= SCH_AGE_BY_SILENCE; compare.by++) {
        compare.total = 0;
        assert_int_equal(sch_tally_ages(store, region, compare.by, compare_age, &compare), SCH_OK);
        assert_int_equal(compare.total, dossiers);
    }
}

/* Rows of the table, taken from a recount: nothing may be left. */
struct recount {
    struct sch_tally *tally;
};

static bool take_row(void *context, struct sch_bytes key, struct sch_bytes value)
{
    struct recount *recount = context;

    assert_int_equal(sch_tally_count_row(recount->tally, key, value, -1), SCH_OK);
    return true;
}

static void recount_equals(const struct model *model, int more)
{
    struct recount recount = { sch_tally_new(NULL) };

    for (size_t i = 0; i < DOSSIERS; i++)
        assert_int_equal(sch_tally_count_age(recount.tally, &model->dossier[i], model->silence[i], 1), SCH_OK);
    for (size_t i = 0; i < model->count; i++)
        if (sch_instance_is_open(&model->promise[i]))
            assert_int_equal(sch_tally_count_term(recount.tally, &model->dossier[model->owner[i]],
                                                  &model->promise[i], 0, 1 + (i == 0 ? more : 0)), SCH_OK);
    assert_int_equal(sch_store_scan(store, SCH_TABLE_TALLY, (struct sch_bytes){ 0 }, (struct sch_bytes){ 0 }, false,
                                    SIZE_MAX, take_row, &recount), SCH_STORE_OK);
    assert_int_equal(sch_tally_is_zero(recount.tally), more == 0);
    sch_tally_free(recount.tally);
}

static void counts_equal_a_recount(void **state)
{
    struct sch_prng prng = { 20261122 };
    struct model *model = model_new(&prng);
    uint64_t most = 0;

    (void)state;
    for (int turn = 0; turn < 300; turn++) {
        for (uint64_t n = sch_prng_below(&prng, 60); n > 0; n--) {
            change(model, &prng);
            change_age(model, &prng);
        }
        (void)commit();
        most = rows() > most ? rows() : most;
    }
    assert_true(model->count > 1000 && most > 100);
    compare_region(model, "utrecht");
    compare_region(model, "friesland");
    recount_equals(model, 0);
    while (!sch_instance_is_open(&model->promise[0]))
        change(model, &prng);
    (void)commit();
    recount_equals(model, 0);
    recount_equals(model, 1);
    free(model);
}

/* One debtor, one expectation, one month, and more different answers than a row has room for. */
static void a_row_that_is_full_goes_on_in_another(void **state)
{
    struct sch_dossier dossier = dossier_of("utrecht");
    struct sch_instance closed = promise(8, 1, START_MS, 365);
    struct terms terms;

    (void)state;
    closed.standing = SCH_STANDING_CLOSED;
    for (int i = 700; i > 0; i--) {
        closed.closed_ms = START_MS + i * DAY_MS + DAY_MS / 2;
        assert_int_equal(sch_tally_count_term(tally, &dossier, &closed, 0, 1), SCH_OK);
        if (i % 100 == 0)
            (void)commit();
    }
    (void)commit();
    assert_int_equal(rows(), 3);
    for (int i = 700; i > 10; i--) {
        closed.closed_ms = START_MS + i * DAY_MS + DAY_MS / 2;
        assert_int_equal(sch_tally_count_term(tally, &dossier, &closed, 0, -1), SCH_OK);
    }
    (void)commit();
    assert_int_equal(rows(), 1);
    terms = terms_of("utrecht", 0, 0);
    assert_int_equal(terms.count, 10);
    for (uint32_t i = 0; i < 10; i++) {
        assert_int_equal(terms.term[i].days, i + 1);
        assert_int_equal(terms.term[i].count, 1);
    }
}

static bool stop_at_once(void *context, const struct sch_tally_term *term)
{
    (void)term;
    ++*(int *)context;
    return false;
}

static void a_visitor_may_stop_and_damage_is_said(void **state)
{
    static const uint8_t bad[] = { 0 };
    struct sch_dossier dossier = dossier_of("utrecht");
    struct sch_instance open = promise(2, 1, START_MS, 5);
    struct sch_tally_key key = { .region = "utrecht", .sort = SCH_TALLY_TERMS, .month = 202611, .expectation = 2,
                                 .name = { "agb:06291122" } };
    struct sch_record_key bytes = sch_record_key_tally(&key);
    struct sch_op damage = { .table = SCH_TABLE_TALLY, .key = sch_record_key_bytes(&bytes), .value = { bad, 1 },
                             .expected = SCH_STORE_ANY };
    int seen = 0;

    (void)state;
    for (uint8_t number = 2; number < 5; number++) {
        open.expectation = number;
        assert_int_equal(sch_tally_count_term(tally, &dossier, &open, 0, 1), SCH_OK);
    }
    (void)commit();
    assert_int_equal(sch_tally_terms(store, "utrecht", 0, 0, stop_at_once, &seen), SCH_OK);
    assert_int_equal(seen, 1);
    assert_int_equal(sch_store_apply(store, &damage, 1), SCH_STORE_OK);
    assert_int_equal(sch_tally_terms(store, "utrecht", 0, 0, stop_at_once, &seen), SCH_E_STORE_DAMAGED);
    open.expectation = 2;
    assert_int_equal(sch_tally_count_term(tally, &dossier, &open, 0, 1), SCH_E_STORE_DAMAGED);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(a_promise_is_counted_from_opening_to_answer), CASE(months_and_regions_are_kept_apart),
        CASE(what_counts_nothing_has_no_row), CASE(a_count_that_is_not_there_is_said),
        CASE(days_stop_at_their_bound), CASE(sums_tell_open_from_overdue), CASE(ages_fall_into_buckets),
        CASE(counts_equal_a_recount), CASE(a_row_that_is_full_goes_on_in_another),
        CASE(a_visitor_may_stop_and_damage_is_said),
    };

    return cmocka_run_group_tests_name("tally", tests, NULL, NULL);
}
