/*
 * test_query_report.c: age tables and statistics: over promises that are drawn at random and counted once
 * more by hand, over dossiers of a real region, and as they may be published.
 */
#include "query_case.h"

#include "core/calendar.h"
#include "shell/batch.h"
#include "shell/query.h"
#include "shell/statistics.h"
#include "shell/tally.h"

#define PROMISES 4000
#define FIRST_DAY 20500                 /* 2026-02-16 */
#define DAYS 150
#define TODAY (FIRST_DAY + DAYS)

static struct sch_book *book;

/* ---- promises ----------------------------------------------------------------------------------- */

static const char *const debtors[] = { WEST, ANGST, STEMMING, HAVEN, "agb:06000003/crisis",
                                       "gemeente:0344/wijkteam-zuid" };
#define DEBTORS (sizeof debtors / sizeof debtors[0])

static struct promise {
    const char *debtor;                 /* organisation */
    const char *region;                 /* of the receiver; the referrer's is utrecht */
    uint32_t month;
    struct sch_instance instance;
} promise[PROMISES];

static struct sch_store *store;

static const char *organisation_of(const char *text)
{
    return strncmp(text, NOORD, strlen(NOORD)) == 0 ? NOORD
           : strncmp(text, "agb:06000003", 12) == 0 ? "agb:06000003"
                                                    : text;
}

static void draw(struct sch_prng *prng, struct promise *p)
{
    static const enum sch_standing standings[] = { SCH_STANDING_OPEN,   SCH_STANDING_INCOMPLETE,
                                                   SCH_STANDING_CLOSED, SCH_STANDING_CLOSED,
                                                   SCH_STANDING_CLOSED, SCH_STANDING_WITHHELD,
                                                   SCH_STANDING_WAIVED, SCH_STANDING_CANCELLED };
    int32_t from = FIRST_DAY + (int32_t)sch_prng_below(prng, DAYS);
    struct sch_instance *instance = &p->instance;
    /* Some debtors owe little: groups under five. */
    size_t debtor = sch_prng_below(prng, 40) > 0 ? sch_prng_below(prng, 4) : 4 + sch_prng_below(prng, 2);

    memset(p, 0, sizeof *p);
    p->debtor = debtors[debtor];
    p->region = sch_prng_below(prng, 4) == 0 ? "gooi" : "utrecht";
    instance->expectation = (uint8_t)(2 + sch_prng_below(prng, 6));
    instance->member = SCH_MEMBER_RECEIVER;
    instance->standing = standings[sch_prng_below(prng, sizeof standings / sizeof standings[0])];
    instance->announced = sch_prng_below(prng, 5) == 0;
    instance->incomplete = instance->standing == SCH_STANDING_INCOMPLETE || sch_prng_below(prng, 9) == 0;
    instance->from_ms = sch_ms_of_day(from) + (int64_t)sch_prng_below(prng, 20) * 3600000;
    instance->due_ms = sch_ms_of_day(from + 1 + (int32_t)sch_prng_below(prng, 40));
    instance->norm_due_ms = instance->due_ms;
    if (!sch_instance_is_open(instance))
        instance->closed_ms = sch_ms_of_day(from + (int32_t)sch_prng_below(prng, 60)) + 3600000;
    p->month = (uint32_t)(sch_date_from_day(from) / 100);
}

static struct sch_dossier dossier_of(const struct promise *p)
{
    struct sch_dossier dossier = { .member_count = 3 };

    for (size_t i = 0; i < 3; i++) {
        assert_true(
            sch_address_set(&dossier.member[i].address, i == SCH_MEMBER_RECEIVER ? p->debtor : LINDE));
        memcpy(dossier.member[i].region, "utrecht", 8);
    }
    memcpy(dossier.member[SCH_MEMBER_RECEIVER].region, p->region, strlen(p->region) + 1);
    return dossier;
}

static void count_all(void)
{
    static struct sch_op op[8192];
    struct sch_tally *tally = sch_tally_new(store);
    struct sch_batch batch = { op, 0, sizeof op / sizeof op[0], NULL };
    struct sch_prng prng = { 17 };
    struct sch_arena arena;
    uint64_t missed = 0;

    assert_int_equal(sch_arena_init(&arena, 8 << 20), SCH_OK);
    batch.arena = &arena;
    for (size_t i = 0; i < PROMISES; i++) {
        struct sch_dossier dossier;

        draw(&prng, &promise[i]);
        dossier = dossier_of(&promise[i]);
        assert_int_equal(sch_tally_count_term(tally, &dossier, &promise[i].instance, 0, 1), SCH_OK);
    }
    assert_int_equal(sch_tally_flush(tally, &batch, &missed), SCH_OK);
    assert_int_equal(sch_store_apply(store, batch.op, batch.count), SCH_STORE_OK);
    sch_tally_free(tally);
    sch_arena_close(&arena);
}

/* ---- the same by hand --------------------------------------------------------------------------- */

static uint8_t shown(bool coordinator, uint8_t expectation)
{
    return coordinator && expectation == 5 ? 4 : expectation;
}

static bool belongs(const struct promise *p, const struct sch_query_permit *permit,
                    const struct sch_statistics_row *row)
{
    const struct sch_query *query = &permit->query;

    return (strcmp(permit->party.region, "utrecht") == 0 || strcmp(permit->party.region, p->region) == 0) &&
           (query->month_from == 0 || p->month >= query->month_from) &&
           (query->month_to == 0 || p->month <= query->month_to) &&
           (row->month == 0 || row->month == p->month) &&
           shown(permit->coordinator, p->instance.expectation) == row->expectation &&
           (row->debtor.text[0] == '\0' || strcmp(row->debtor.text, organisation_of(p->debtor)) == 0);
}

/* The curve by its definition, with fractions; undecided so near the level that these cannot tell. */
static uint32_t naive_days(const uint32_t *days, const bool *answered, size_t count, double level,
                           bool *decided)
{
    double left = 1;

    for (uint32_t day = 0; day <= 400; day++) {
        size_t at_risk = 0, ended = 0;

        for (size_t i = 0; i < count; i++) {
            at_risk += days[i] >= day;
            ended += days[i] == day && answered[i];
        }
        if (ended == 0)
            continue;
        left *= (double)(at_risk - ended) / (double)at_risk;
        *decided = *decided && (left - level > 1e-9 || level - left > 1e-9);
        if (left <= level)
            return day;
    }
    return SCH_DAYS_UNREACHED;
}

static struct sch_statistics_row by_hand(const struct sch_query_permit *permit,
                                         const struct sch_statistics_row *like, bool *decided)
{
    static uint32_t days[PROMISES];
    static bool answered[PROMISES];
    struct sch_statistics_row row = { .debtor = like->debtor,
                                      .expectation = like->expectation,
                                      .month = like->month };
    uint32_t overdue = 0;

    for (size_t i = 0; i < PROMISES; i++) {
        const struct sch_instance *instance = &promise[i].instance;
        int32_t from = sch_day_of_ms(instance->from_ms);

        if (!belongs(&promise[i], permit, like))
            continue;
        answered[row.count] = instance->standing == SCH_STANDING_CLOSED;
        days[row.count++] =
            (uint32_t)((instance->closed_ms > 0 ? sch_day_of_ms(instance->closed_ms) : TODAY) - from);
        row.announced += instance->announced;
        row.incomplete += instance->incomplete;
        row.open += sch_instance_is_open(instance);
        overdue += sch_instance_is_open(instance) && instance->due_ms <= sch_ms_of_day(TODAY);
        row.within += answered[row.count - 1] && instance->closed_ms < instance->due_ms;
        row.late += answered[row.count - 1] && instance->closed_ms >= instance->due_ms;
        row.withheld += instance->standing == SCH_STANDING_WITHHELD;
        row.waived += instance->standing == SCH_STANDING_WAIVED;
        row.cancelled += instance->standing == SCH_STANDING_CANCELLED;
    }
    struct sch_share share = sch_share_of(row.within, row.within + row.late + overdue);
    row.within_permille = share.permille;
    row.low_permille = share.low_permille;
    row.high_permille = share.high_permille;
    *decided = true;
    row.median_days = naive_days(days, answered, row.count, 0.5, decided);
    row.p90_days = naive_days(days, answered, row.count, 0.1, decided);
    return row;
}

static void expect_row(const struct sch_statistics_row *got, const struct sch_statistics_row *wanted,
                       bool decided)
{
    assert_int_equal(got->count, wanted->count);
    assert_int_equal(got->open, wanted->open);
    assert_int_equal(got->within, wanted->within);
    assert_int_equal(got->late, wanted->late);
    assert_int_equal(got->incomplete, wanted->incomplete);
    assert_int_equal(got->withheld, wanted->withheld);
    assert_int_equal(got->waived, wanted->waived);
    assert_int_equal(got->cancelled, wanted->cancelled);
    assert_int_equal(got->announced, wanted->announced);
    assert_int_equal(got->within_permille, wanted->within_permille);
    assert_int_equal(got->low_permille, wanted->low_permille);
    assert_int_equal(got->high_permille, wanted->high_permille);
    if (!decided)
        return;
    assert_int_equal(got->median_days, wanted->median_days);
    assert_int_equal(got->p90_days, wanted->p90_days);
}

/* ---- asking ------------------------------------------------------------------------------------- */

static struct sch_statistics_row rows[ROWS];
static size_t row_count;

static struct sch_query_permit permit_of(const char *party)
{
    struct sch_query_permit permit = { .query = { .type = SCH_QUERY_STATISTICS, .limit = 100 } };

    permit.party = *sch_book_party(book, party);
    permit.coordinator = permit.party.kind == SCH_PARTY_COORDINATOR;
    if (!permit.coordinator)
        assert_true(sch_address_set(&permit.query.only.debtor, organisation_of(party)));
    return permit;
}

/* All pages of it; each row in its place. */
static void ask(struct sch_query_permit permit, uint32_t limit)
{
    struct sch_arena arena;
    struct sch_page got;

    assert_int_equal(sch_arena_init(&arena, SCH_QUERY_ARENA_SIZE), SCH_OK);
    permit.query.limit = limit;
    row_count = 0;
    do {
        sch_arena_reset(&arena);
        assert_int_equal(sch_query_run(store, &permit, sch_ms_of_day(TODAY) + 3600000, NULL, &arena, &got),
                         SCH_OK);
        assert_true(got.statistics_count <= limit && row_count + got.statistics_count <= ROWS);
        if (got.statistics_count > 0)
            memcpy(&rows[row_count], got.statistics, got.statistics_count * sizeof rows[0]);
        row_count += got.statistics_count;
        permit.query.cursor_size = got.cursor_size;
        memcpy(permit.query.cursor, got.cursor, sizeof got.cursor);
    } while (got.cursor_size > 0);
    sch_arena_close(&arena);
}

static int order(const struct sch_statistics_row *a, const struct sch_statistics_row *b)
{
    if (a->month != b->month)
        return a->month < b->month ? -1 : 1;
    if (a->expectation != b->expectation)
        return a->expectation < b->expectation ? -1 : 1;
    return strcmp(a->debtor.text, b->debtor.text);
}

/* What was counted, row by row; returns how many promises stand in the rows of all months and debtors. */
static uint32_t expect_as_by_hand(const struct sch_query_permit *permit)
{
    uint32_t together = 0;

    for (size_t i = 0; i < row_count; i++) {
        bool decided;
        struct sch_statistics_row wanted = by_hand(permit, &rows[i], &decided);

        assert_true(i == 0 || order(&rows[i - 1], &rows[i]) < 0);
        assert_true(wanted.count > 0 && !rows[i].suppressed);
        expect_row(&rows[i], &wanted, decided);
        together += rows[i].month == 0 && rows[i].debtor.text[0] == '\0' ? rows[i].count : 0;
    }
    return together;
}

static void test_as_counted_by_hand(void **state)
{
    struct sch_query_permit permit = permit_of(UTRECHT);
    size_t whole;

    (void)state;
    ask(permit, 200);
    whole = row_count;
    /* Six expectations, less the no-show; five months and their sum; five organisations and all together. */
    assert_true(whole > 100 && whole <= 5 * 7 * 7);
    assert_int_equal(expect_as_by_hand(&permit), PROMISES);
    for (uint32_t limit = 1; limit <= 60; limit += 13) {
        static struct sch_statistics_row once[ROWS];

        memcpy(once, rows, whole * sizeof once[0]);
        ask(permit, limit);
        assert_int_equal(row_count, whole);
        assert_memory_equal(once, rows, whole * sizeof once[0]);
    }
    permit = permit_of(GOOI);
    ask(permit, 200);
    assert_true(row_count > 100);
    assert_true(expect_as_by_hand(&permit) < PROMISES / 3);
}

static void test_filters(void **state)
{
    struct sch_query_permit permit = permit_of(UTRECHT);

    (void)state;
    permit.query.month_from = 202603;
    permit.query.month_to = 202604;
    permit.query.only.expectation = 4;
    ask(permit, 100);
    (void)expect_as_by_hand(&permit);
    assert_true(row_count >= 9 && row_count <= 21);
    for (size_t i = 0; i < row_count; i++)
        assert_int_equal(rows[i].expectation, 4);
    /* A coordinator knows of no no-show. */
    permit.query.only.expectation = 5;
    ask(permit, 100);
    assert_int_equal(row_count, 0);
    /* One debtor, by any of its departments: then there is no "all together". */
    permit = permit_of(UTRECHT);
    permit.query.only.debtor = (struct sch_address){ ANGST };
    ask(permit, 100);
    assert_true(row_count > 10);
    (void)expect_as_by_hand(&permit);
    for (size_t i = 0; i < row_count; i++)
        assert_string_equal(rows[i].debtor.text, NOORD);
}

static void test_a_party_has_its_own(void **state)
{
    static const char *const parties[] = { WEST, HAVEN };
    size_t e5 = 0;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct sch_query_permit permit = permit_of(parties[i]);

        ask(permit, 50);
        assert_true(row_count > 10);
        (void)expect_as_by_hand(&permit);
        for (size_t k = 0; k < row_count; k++) {
            assert_string_equal(rows[k].debtor.text, parties[i]);
            e5 += rows[k].expectation == 5;
        }
    }
    assert_true(e5 > 0);
}

/* ---- publishing --------------------------------------------------------------------------------- */

static uint32_t parts_of(const struct sch_statistics_row *row)
{
    return row->open + row->within + row->late + row->withheld + row->waived + row->cancelled;
}

static void test_published(void **state)
{
    struct sch_query_permit permit = permit_of(UTRECHT);
    static struct sch_statistics_row plain[ROWS];
    size_t whole, hidden = 0, in_parts = 0, shown_whole = 0, small = 0, few = 0, shares = 0;

    (void)state;
    ask(permit, 200);
    whole = row_count;
    memcpy(plain, rows, whole * sizeof plain[0]);
    permit.query.published = true;
    ask(permit, 37);
    assert_int_equal(row_count, whole);
    for (size_t i = 0; i < whole; i++) {
        const struct sch_statistics_row *row = &rows[i];

        assert_int_equal(order(row, &plain[i]), 0);
        small += plain[i].count < 5;
        if (plain[i].count < 5)
            assert_true(row->suppressed && row->count == 0);
        hidden += row->suppressed && row->count == 0;
        in_parts += row->suppressed && row->count > 0;
        shown_whole += !row->suppressed;
        assert_true(row->count == 0 || row->count == plain[i].count);
        /* The parts are all there, none of them small, or not at all. */
        assert_int_equal(parts_of(row), row->suppressed ? 0 : row->count);
        if (row->suppressed)
            assert_int_equal(row->incomplete + row->announced, 0);
        else
            assert_true((row->withheld == 0 || row->withheld >= 5) && (row->open == 0 || row->open >= 5) &&
                        (row->announced == 0 || row->announced >= 5));
        if (row->count == 0)
            assert_int_equal(row->median_days + row->p90_days + row->within_permille + row->high_permille, 0);
        /* Nor does a share tell how few were within. */
        if (row->suppressed && row->count > 0) {
            few += plain[i].within > 0 && plain[i].within < 5;
            assert_true(row->within_permille == 0 && row->low_permille == 0 && row->high_permille == 1000);
        }
        shares += row->within_permille > 0;
    }
    assert_true(few > 0 && shares > 0);
    assert_true(small > 0 && hidden > small && in_parts > 0 && shown_whole > 0);
    /* In a column of month 0 whose total is shown, two at least are hidden, or none. */
    for (size_t i = 0; i < whole;) {
        size_t end = i + 1, left_out = 0;

        for (;
             end < whole && rows[end].month == rows[i].month && rows[end].expectation == rows[i].expectation;
             end++)
            left_out += rows[end].count == 0;
        assert_true(rows[i].count == 0 || left_out != 1);
        i = end;
    }
    /* Asked for one debtor, it is left out where it was in the whole. */
    permit.query.only.debtor = (struct sch_address){ HAVEN };
    static struct sch_statistics_row publication[ROWS];
    memcpy(publication, rows, whole * sizeof rows[0]);
    ask(permit, 200);
    for (size_t i = 0, at = 0; i < whole; i++)
        if (strcmp(publication[i].debtor.text, HAVEN) == 0)
            assert_memory_equal(&publication[i], &rows[at++], sizeof rows[0]);
}

/* ---- age ---------------------------------------------------------------------------------------- */

static const struct sch_age_row *age_of(const struct query_case *c, const char *name)
{
    for (size_t i = 0; i < c->count; i++)
        if (strcmp(c->age[i].name, name) == 0 && c->age[i].silence == SCH_SILENCE_NONE)
            return &c->age[i];
    return NULL;
}

static void expect_age(const struct query_case *c, const char *name, uint32_t total, uint32_t week,
                       uint32_t fortnight, uint32_t older)
{
    const struct sch_age_row *row = age_of(c, name);

    assert_non_null(row);
    assert_int_equal(row->total, total);
    assert_int_equal(row->bucket[0], week);
    assert_int_equal(row->bucket[1], fortnight);
    assert_int_equal(row->bucket[2] + row->bucket[3] + row->bucket[4], older);
}

/* Seven of linde to west and two of beuk to each, ten days ago; then three of linde to angst, and one of
 * ster. */
static struct query_case *some_open(void)
{
    struct query_case *c = query_case_new(book);
    struct stage_message message;

    for (int i = 0; i < 7; i++)
        refer(c, &message, "linde", "west");
    for (int i = 0; i < 4; i++)
        refer(c, &message, "beuk", i % 2 == 0 ? "west" : "haven");
    stage_pass(&c->stage, 10 * DAY_MS);
    for (int i = 0; i < 3; i++)
        refer(c, &message, "linde", "noordrand/angst");
    refer(c, &message, "ster", "haven");
    return c;
}

static void test_age_by_receiver(void **state)
{
    struct query_case *c = some_open();

    (void)state;
    for (uint32_t limit = 1; limit <= 6; limit++) {
        begin(c, SCH_QUERY_AGE, UTRECHT, limit);
        c->query.by = SCH_AGE_BY_RECEIVER;
        assert_int_equal(all(c, "utrecht"), 4);
        assert_string_equal(c->age[0].name, "");
        expect_age(c, "", 15, 4, 11, 0);
        expect_age(c, WEST, 9, 0, 9, 0);
        expect_age(c, HAVEN, 3, 1, 2, 0);
        expect_age(c, NOORD, 3, 3, 0, 0);
    }
    /* The coordinator next door has the one that concerns its region. */
    begin(c, SCH_QUERY_AGE, GOOI, 10);
    c->query.by = SCH_AGE_BY_RECEIVER;
    assert_int_equal(all(c, "gooi"), 2);
    expect_age(c, HAVEN, 1, 1, 0, 0);
    query_case_free(c);
}

/* A party's table has its own dossiers alone: west does not learn what haven has. */
static void test_age_of_a_party(void **state)
{
    struct query_case *c = some_open();

    (void)state;
    for (uint32_t limit = 1; limit <= 3; limit++) {
        begin(c, SCH_QUERY_AGE, LINDE, limit);
        c->query.by = SCH_AGE_BY_RECEIVER;
        assert_int_equal(all(c, "linde"), 3);
        expect_age(c, "", 10, 3, 7, 0);
        expect_age(c, WEST, 7, 0, 7, 0);
        expect_age(c, NOORD, 3, 3, 0, 0);
        assert_null(age_of(c, HAVEN));
    }
    begin(c, SCH_QUERY_AGE, WEST, 10);
    c->query.by = SCH_AGE_BY_REFERRER;
    assert_int_equal(all(c, "west"), 3);
    expect_age(c, "", 9, 0, 9, 0);
    expect_age(c, LINDE, 7, 0, 7, 0);
    expect_age(c, BEUK, 2, 0, 2, 0);
    begin(c, SCH_QUERY_AGE, STEMMING, 10);
    c->query.by = SCH_AGE_BY_RECEIVER;
    assert_int_equal(all(c, "noord-s"), 1);
    expect_age(c, "", 0, 0, 0, 0);
    query_case_free(c);
}

static void test_age_by_silence(void **state)
{
    static const struct {
        const char *party, *key_id;
        uint32_t total;
    } askers[] = { { UTRECHT, "utrecht", 15 }, { LINDE, "linde", 10 } };
    struct query_case *c = some_open();

    (void)state;
    for (size_t i = 0; i < 2; i++)
        for (uint32_t limit = 1; limit <= 3; limit++) {
            begin(c, SCH_QUERY_AGE, askers[i].party, limit);
            c->query.by = SCH_AGE_BY_SILENCE;
            assert_int_equal(all(c, askers[i].key_id), 2);
            assert_int_equal(c->age[0].silence, SCH_SILENCE_NONE);
            assert_int_equal(c->age[0].total, askers[i].total);
            assert_int_equal(c->age[1].silence, SCH_SILENCE_NOT_COLLECTED);
            assert_int_equal(c->age[1].total, askers[i].total);
        }
    query_case_free(c);
}

static void test_age_published(void **state)
{
    struct query_case *c = some_open();

    (void)state;
    begin(c, SCH_QUERY_AGE, UTRECHT, 10);
    c->query.by = SCH_AGE_BY_RECEIVER;
    c->query.published = true;
    assert_int_equal(all(c, "utrecht"), 4);
    for (size_t i = 0; i < c->count; i++) {
        bool is_small = strcmp(c->age[i].name, HAVEN) == 0 || strcmp(c->age[i].name, NOORD) == 0;

        /* Of fifteen, four are not older than a week: no buckets for all together. */
        assert_true(c->age[i].suppressed == (is_small || i == 0 || c->age[i].bucket[1] == 0));
        assert_int_equal(c->age[i].total, is_small ? 0 : i == 0 ? 15 : 9);
    }
    query_case_free(c);
}

/* ---- who may ask -------------------------------------------------------------------------------- */

static void test_who_may_ask(void **state)
{
    struct query_case *c = some_open();

    (void)state;
    begin(c, SCH_QUERY_STATISTICS, WEST, 10);
    assert_true(all(c, "west") > 0);
    for (size_t i = 0; i < c->count; i++)
        assert_string_equal(c->statistics[i].debtor.text, WEST);
    begin(c, SCH_QUERY_STATISTICS, WEST, 10);
    c->query.only.debtor = (struct sch_address){ HAVEN };
    expect_refused(c, "west", SCH_E_NOT_ALLOWED, "query.debtor");
    begin(c, SCH_QUERY_STATISTICS, WEST, 10);
    c->query.only.debtor = (struct sch_address){ WEST };
    assert_true(all(c, "west") > 0);
    /* A department: of its organisation, by either name. */
    begin(c, SCH_QUERY_STATISTICS, ANGST, 10);
    c->query.only.debtor = (struct sch_address){ ANGST };
    assert_true(all(c, "noord-a") > 0);
    assert_string_equal(c->statistics[0].debtor.text, NOORD);
    begin(c, SCH_QUERY_STATISTICS, WEST, 10);
    expect_refused(c, "haven", SCH_E_NOT_YOURS, "query.party");
    begin(c, SCH_QUERY_AGE, UTRECHT, 10);
    c->query.by = SCH_AGE_BY_RECEIVER;
    expect_refused(c, "gooi", SCH_E_NOT_YOURS, "query.party");
    /* A cursor of another query, or of none. */
    begin(c, SCH_QUERY_AGE, UTRECHT, 10);
    c->query.by = SCH_AGE_BY_RECEIVER;
    c->query.cursor_size = 24;
    expect_refused(c, "utrecht", SCH_E_CURSOR, "query.cursor");
    begin(c, SCH_QUERY_STATISTICS, UTRECHT, 10);
    c->query.cursor_size = 2;
    expect_refused(c, "utrecht", SCH_E_CURSOR, "query.cursor");
    query_case_free(c);
}

static int group_set_up(void **state)
{
    (void)state;
    book = sch_region_sim_book();
    store = sch_store_sim_new();
    count_all();
    return 0;
}

static int group_tear_down(void **state)
{
    (void)state;
    sch_store_sim_free(store);
    sch_region_sim_book_free(book);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_counted_by_hand), cmocka_unit_test(test_filters),
        cmocka_unit_test(test_a_party_has_its_own), cmocka_unit_test(test_published),
        cmocka_unit_test(test_age_by_receiver),     cmocka_unit_test(test_age_of_a_party),
        cmocka_unit_test(test_age_by_silence),      cmocka_unit_test(test_age_published),
        cmocka_unit_test(test_who_may_ask),
    };

    return cmocka_run_group_tests(tests, group_set_up, group_tear_down);
}
