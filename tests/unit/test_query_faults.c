/*
 * test_query_faults.c: a query over a store that fails, without memory, over damaged rows, and while the broker stops.
 *
 * What is promised (query.h): an answer is whole, or it is an error that says which of these it was. Nothing is shown
 * of what could not be read, and nothing is left taken: the same question is answered as before once the fault is gone.
 * Linked with --wrap for the allocations and for the reads of the store, so that the n-th of them can fail.
 */
#include "query_case.h"

#include "shell/query.h"
#include "shell/record.h"

#define ROUNDS 6
#define CALLS_MAX 4000
#define ROW_MAX 65536
#define SPOILT_ROWS 20                  /* of each table and way, or a few more */

/* ---- the n-th call fails ------------------------------------------------------------------------- */

static struct {
    size_t memory, reads;               /* calls since arm() */
    size_t fail_memory, fail_read;      /* the one that fails, from 1; 0: none */
    bool armed;
    size_t inside;                      /* a call to the store: what it allocates is its own */
} calls;

static void arm(size_t fail_memory, size_t fail_read)
{
    memset(&calls, 0, sizeof calls);
    calls.fail_memory = fail_memory;
    calls.fail_read = fail_read;
    calls.armed = true;
}

static bool no_memory(void)
{
    return calls.armed && calls.inside == 0 && ++calls.memory == calls.fail_memory;
}

static bool no_read(void)
{
    return calls.armed && ++calls.reads == calls.fail_read;
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
    return no_memory() ? NULL : __real_malloc(size);
}

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size)
{
    return no_memory() ? NULL : __real_calloc(count, size);
}

void *__real_realloc(void *former, size_t size);
void *__wrap_realloc(void *former, size_t size);
void *__wrap_realloc(void *former, size_t size)
{
    return no_memory() ? NULL : __real_realloc(former, size);
}

typedef enum sch_store_result get_fn(struct sch_store *store, enum sch_table table, struct sch_bytes key,
                                     uint8_t *buffer, size_t capacity, size_t *size);
get_fn __real_sch_store_get, __wrap_sch_store_get;
enum sch_store_result __wrap_sch_store_get(struct sch_store *store, enum sch_table table, struct sch_bytes key,
                                           uint8_t *buffer, size_t capacity, size_t *size)
{
    if (no_read())
        return SCH_STORE_FATAL;
    calls.inside++;
    enum sch_store_result result = __real_sch_store_get(store, table, key, buffer, capacity, size);
    calls.inside--;
    return result;
}

struct visit {
    sch_row_fn *visit;
    void *context;
};

/* What is done with a row is the query's again. */
static bool visit_outside(void *context, struct sch_bytes key, struct sch_bytes value)
{
    const struct visit *visit = context;
    calls.inside--;
    bool more = visit->visit(visit->context, key, value);
    calls.inside++;
    return more;
}

typedef enum sch_store_result scan_fn(struct sch_store *store, enum sch_table table, struct sch_bytes prefix,
                                      struct sch_bytes from, bool backwards, size_t limit, sch_row_fn *visit,
                                      void *context);
scan_fn __real_sch_store_scan, __wrap_sch_store_scan;
enum sch_store_result __wrap_sch_store_scan(struct sch_store *store, enum sch_table table, struct sch_bytes prefix,
                                            struct sch_bytes from, bool backwards, size_t limit, sch_row_fn *visit,
                                            void *context)
{
    struct visit outside = { visit, context };
    if (no_read())
        return SCH_STORE_FATAL;
    calls.inside++;
    enum sch_store_result result =
        __real_sch_store_scan(store, table, prefix, from, backwards, limit, visit_outside, &outside);
    calls.inside--;
    return result;
}

struct sch_store *__real_sch_store_snapshot(struct sch_store *store);
struct sch_store *__wrap_sch_store_snapshot(struct sch_store *store);
struct sch_store *__wrap_sch_store_snapshot(struct sch_store *store)
{
    return no_read() ? NULL : __real_sch_store_snapshot(store);
}

/* ---- a region, and what is asked of it ----------------------------------------------------------- */

static struct sch_book *book;
static struct query_case *region;
static struct stage_message first;      /* refused, and referred again: with a chain, a trace, a no-show in it */

/* Referrals that go all ways, over four months. */
static void live(struct query_case *c)
{
    static const char *const to[ROUNDS] = { "noordrand/angst", "haven", "west", "noordrand/stemming", "haven", "west" };
    for (size_t i = 0; i < ROUNDS; i++) {
        struct stage_message referral, again;
        const char *from = i % 2 == 0 ? "linde" : "beuk";
        refer(c, &referral, from, to[i]);
        if (i == 0)
            first = referral;
        assert_true(say(c, &referral, to[i], SCH_KIND_ACCEPTANCE, SCH_FACT_EXPECTED_DATE, 0, 0));
        stage_pass(&c->stage, 5 * DAY_MS);
        if (i % 3 == 0) {
            assert_true(say(c, &referral, to[i], SCH_KIND_APPOINTMENT, SCH_FACT_EVENT_DATE,
                            stage_date(&c->stage, 1), 0));
            stage_pass(&c->stage, 3 * DAY_MS);
            assert_true(say(c, &referral, to[i], SCH_KIND_NO_SHOW, SCH_FACT_EVENT_DATE, stage_date(&c->stage, -2), 0));
        }
        if (i % 3 != 2)
            assert_true(say(c, &referral, to[i], SCH_KIND_REFUSAL, SCH_FACT_REFUSAL_REASON, SCH_REFUSAL_NO_CAPACITY,
                            0));
        if (i % 3 != 2) {
            stage_referral(&c->stage, &again, from, "west");
            struct sch_header header = again.header;
            memset(&header.id, 0, sizeof header.id);
            header.follows = referral.header.id;
            stage_write(&c->stage, &again, &header, STAGE_LETTER);
            assert_true(post(c, &again, from));
        }
        stage_pass(&c->stage, 12 * DAY_MS);
    }
}

static const struct asked {
    enum sch_query_type type;
    const char *party;
    bool published;
    enum sch_age_by by;
} asked[] = {
    { SCH_QUERY_DOSSIER, LINDE, false, 0 },
    { SCH_QUERY_TRACE, LINDE, false, 0 },
    { SCH_QUERY_TRACE, UTRECHT, false, 0 },
    { SCH_QUERY_CHAIN, LINDE, false, 0 },
    { SCH_QUERY_DOSSIERS, ANGST, false, 0 },
    { SCH_QUERY_DOSSIERS, UTRECHT, false, 0 },
    { SCH_QUERY_UNANSWERED, BEUK, false, 0 },
    { SCH_QUERY_UNANSWERED, UTRECHT, false, 0 },
    { SCH_QUERY_MAILBOX, BEUK, false, 0 },
    { SCH_QUERY_PASSED, BEUK, false, 0 },
    { SCH_QUERY_AGE, LINDE, false, SCH_AGE_BY_RECEIVER },
    { SCH_QUERY_AGE, LINDE, true, SCH_AGE_BY_SILENCE },
    { SCH_QUERY_AGE, UTRECHT, true, SCH_AGE_BY_REFERRER },
    { SCH_QUERY_STATISTICS, WEST, false, 0 },
    { SCH_QUERY_STATISTICS, UTRECHT, true, 0 },
};
#define ASKED (sizeof asked / sizeof asked[0])

static struct sch_query_permit permit_of(const struct asked *ask)
{
    struct sch_query_permit permit = { .query = { .type = ask->type, .limit = SCH_PAGE_ROWS_MAX, .by = ask->by,
                                                  .published = ask->published } };
    const struct sch_party *party = sch_book_party(book, ask->party);
    assert_non_null(party);
    permit.party = *party;
    permit.query.party = party->address;
    permit.coordinator = party->kind == SCH_PARTY_COORDINATOR;
    permit.dossier = first.header.id;
    return permit;
}

static size_t rows_of(const struct sch_page *page)
{
    return page->dossier_count + page->trace_count + page->unanswered_count + page->mailbox_count + page->passed_count +
           page->age_count + page->statistics_count;
}

/* Asks with an arena of this size; *rows is how many came. */
static int ask_with(const struct asked *ask, size_t arena_size, const atomic_bool *stop, size_t *rows)
{
    static struct sch_page page;
    struct sch_query_permit permit = permit_of(ask);
    struct sch_arena arena;
    calls.inside++;
    assert_int_equal(sch_arena_init(&arena, arena_size), SCH_OK);
    calls.inside--;
    int code = sch_query_run(region->stage.store, &permit, stage_now_ms(&region->stage), stop, &arena, &page);
    *rows = code == SCH_OK ? rows_of(&page) : 0;
    sch_arena_close(&arena);
    return code;
}

static int run(const struct asked *ask, size_t *rows)
{
    return ask_with(ask, SCH_QUERY_ARENA_SIZE, NULL, rows);
}

static int make_region(void **state)
{
    (void)state;
    book = sch_region_sim_book();
    region = query_case_new(book);
    live(region);
    for (size_t i = 0; i < ASKED; i++) {
        size_t rows = 0;
        assert_int_equal(run(&asked[i], &rows), SCH_OK);
        if (rows == 0)
            fail_msg("question %zu has no rows: it would prove nothing", i);
    }
    return 0;
}

static int free_region(void **state)
{
    (void)state;
    query_case_free(region);
    sch_region_sim_book_free(book);
    return 0;
}

/* ---- tests --------------------------------------------------------------------------------------- */

/* The n-th call fails, for every n that there is; each time the same error, and then the same answer as before. */
static void fail_each(bool memory, enum sch_error_code wanted)
{
    for (size_t i = 0; i < ASKED; i++) {
        size_t all = 0, rows = 0, count;
        arm(0, 0);
        assert_int_equal(run(&asked[i], &all), SCH_OK);
        count = memory ? calls.memory : calls.reads;
        assert_in_range(count, 1, CALLS_MAX);
        for (size_t n = 1; n <= count; n++) {
            arm(memory ? n : 0, memory ? 0 : n);
            int code = run(&asked[i], &rows);
            calls.armed = false;
            if (code != (int)wanted)
                fail_msg("question %zu, call %zu of %zu: %d", i, n, count, code);
        }
        assert_int_equal(run(&asked[i], &rows), SCH_OK);
        assert_int_equal(rows, all);
    }
}

static void a_store_that_fails_is_no_empty_answer(void **state)
{
    (void)state;
    fail_each(false, SCH_E_STORE_DAMAGED);
}

static void without_memory_it_says_so(void **state)
{
    (void)state;
    fail_each(true, SCH_E_NO_MEMORY);
    for (size_t i = 0; i < ASKED; i++) {
        size_t rows;
        assert_int_equal(ask_with(&asked[i], 16, NULL, &rows), SCH_E_NO_MEMORY);
    }
}

/* Those that take as long as there is to count give up; the others are short and end. */
static void a_broker_that_stops_does_not_wait_for_a_count(void **state)
{
    atomic_bool stop = true;
    size_t rows = 0;
    (void)state;
    for (size_t i = 0; i < ASKED; i++) {
        const struct asked *ask = &asked[i];
        bool region_age = ask->type == SCH_QUERY_AGE && strcmp(ask->party, UTRECHT) == 0;
        bool is_long = ask->type == SCH_QUERY_UNANSWERED || ask->type == SCH_QUERY_STATISTICS ||
                       (ask->type == SCH_QUERY_AGE && !region_age);
        assert_int_equal(ask_with(ask, SCH_QUERY_ARENA_SIZE, &stop, &rows), is_long ? SCH_E_STOPPING : SCH_OK);
    }
}

/* ---- damaged rows -------------------------------------------------------------------------------- */

struct one_row {
    size_t skip;
    uint8_t key[SCH_STORE_KEY_MAX], value[ROW_MAX];
    size_t key_size, value_size;
};

static bool take_row(void *context, struct sch_bytes key, struct sch_bytes value)
{
    struct one_row *row = context;
    if (row->skip-- > 0)
        return true;
    assert_true(value.len <= sizeof row->value);
    memcpy(row->key, key.ptr, key.len);
    memcpy(row->value, value.ptr, value.len);
    row->key_size = key.len;
    row->value_size = value.len;
    return false;
}

static void put(enum sch_table table, const struct one_row *row, size_t key_size, size_t value_size, bool erase)
{
    const struct sch_op op = { .table = table, .erase = erase, .key = { row->key, key_size },
                               .value = { row->value, value_size }, .expected = SCH_STORE_ANY };
    assert_int_equal(sch_store_apply(region->stage.store, &op, 1), SCH_STORE_OK);
}

static bool read_row(enum sch_table table, size_t at, struct one_row *row)
{
    *row = (struct one_row){ .skip = at };
    struct sch_bytes none = { 0 };
    assert_int_equal(sch_store_scan(region->stage.store, table, none, none, false, SIZE_MAX, take_row, row),
                     SCH_STORE_OK);
    return row->key_size > 0;
}

/* Asks everything; how many questions said that the store is damaged. Nothing else may come than that or an answer. */
static size_t count_damaged(void)
{
    size_t damaged = 0, rows;
    for (size_t i = 0; i < ASKED; i++) {
        int code = run(&asked[i], &rows);
        if (code != SCH_OK && code != SCH_E_STORE_DAMAGED)
            fail_msg("question %zu: %d", i, code);
        damaged += code == SCH_E_STORE_DAMAGED;
    }
    return damaged;
}

/* How a row is spoilt. A key that is cut is one more row, which stands just before it. */
enum spoilt { CUT, FILLED, KEY_CUT, SPOILT_COUNT };

static void spoil(enum sch_table table, const struct one_row *row, enum spoilt how)
{
    static struct one_row copy;
    /* A dossier keeps its version, and a key its prefix, or it would be another row's. */
    size_t kept = table == SCH_TABLE_DOSSIER ? 8 : 0;
    copy = *row;
    if (how == FILLED)
        memset(copy.value + kept, 0xff, row->value_size - kept);
    put(table, &copy, how == KEY_CUT ? row->key_size - 1 : row->key_size,
        how == CUT ? kept + row->value_size / 4 : row->value_size, false);
}

static void mend(enum sch_table table, const struct one_row *row, enum spoilt how)
{
    if (how == KEY_CUT)
        put(table, row, row->key_size - 1, 0, true);
    else
        put(table, row, row->key_size, row->value_size, false);
}

/* Which of a table's rows, spoilt how, no page can do without: a list of bits (1 << enum spoilt). */
static const struct {
    enum sch_table table;
    unsigned noticed;
} spoilable[] = {
    { SCH_TABLE_DOSSIER, 1 << CUT | 1 << FILLED },
    { SCH_TABLE_MESSAGE, 1 << CUT | 1 << FILLED },
    { SCH_TABLE_MAILBOX, 1 << CUT | 1 << FILLED | 1 << KEY_CUT },
    { SCH_TABLE_AUDIT, 1 << CUT | 1 << FILLED },
    { SCH_TABLE_TRAIL, 1 << FILLED | 1 << KEY_CUT },
    { SCH_TABLE_CHAIN, 1 << CUT | 1 << FILLED | 1 << KEY_CUT },
    { SCH_TABLE_PASSED, 1 << CUT | 1 << FILLED | 1 << KEY_CUT },
    { SCH_TABLE_OPEN, 1 << KEY_CUT },
    { SCH_TABLE_PARTY, 1 << KEY_CUT },
    { SCH_TABLE_TALLY, 1 << CUT | 1 << FILLED | 1 << KEY_CUT },
};

/* Some rows of each table in turn: what is spoilt is never taken for what it was not. */
static void a_spoilt_row_is_never_an_answer(void **state)
{
    static struct one_row row;
    (void)state;
    for (size_t i = 0; i < sizeof spoilable / sizeof spoilable[0]; i++)
        for (enum spoilt how = 0; how < SPOILT_COUNT; how++) {
            enum sch_table table = spoilable[i].table;
            struct sch_store_sim_counters counters;
            size_t noticed = 0;
            sch_store_sim_counters(region->stage.store, &counters);
            for (size_t at = 0; read_row(table, at, &row); at += 1 + counters.rows[table] / SPOILT_ROWS) {
                spoil(table, &row, how);
                noticed += count_damaged() > 0;
                mend(table, &row, how);
            }
            if ((spoilable[i].noticed >> how & 1) != 0 && noticed == 0)
                fail_msg("table %d, spoilt %d: nobody notices", table, how);
        }
    assert_int_equal(count_damaged(), 0);
}

/* What went by time between permit and answer is no damage. */
static void what_was_purged_meanwhile(void **state)
{
    static struct one_row row;
    size_t rows;
    (void)state;
    for (size_t at = 0; read_row(SCH_TABLE_DOSSIER, at, &row); at++) {
        if (memcmp(row.key, first.header.id.bytes, row.key_size) != 0)
            continue;
        put(SCH_TABLE_DOSSIER, &row, row.key_size, 0, true);
        for (size_t i = 0; i < ASKED; i++) {
            enum sch_query_type type = asked[i].type;
            if (type == SCH_QUERY_DOSSIER || type == SCH_QUERY_CHAIN)
                assert_int_equal(run(&asked[i], &rows), SCH_E_UNKNOWN_DOSSIER);
            if (type == SCH_QUERY_TRACE) {
                assert_int_equal(run(&asked[i], &rows), SCH_OK);
                assert_int_equal(rows, 0);
            }
        }
        put(SCH_TABLE_DOSSIER, &row, row.key_size, row.value_size, false);
    }
    static const struct {
        enum sch_table table;
        size_t question;
    } gone[] = { { SCH_TABLE_MESSAGE, 9 }, { SCH_TABLE_AUDIT, 1 } };
    for (size_t i = 0; i < sizeof gone / sizeof gone[0]; i++) {
        const struct asked *ask = &asked[gone[i].question];
        size_t all, fewer = 0;
        assert_int_equal(run(ask, &all), SCH_OK);
        for (size_t at = 0; read_row(gone[i].table, at, &row); at++) {
            put(gone[i].table, &row, row.key_size, 0, true);
            assert_int_equal(run(ask, &rows), SCH_OK);
            put(gone[i].table, &row, row.key_size, row.value_size, false);
            assert_in_range(rows, all - 1, all);
            fewer += rows < all;
        }
        assert_int_equal(fewer, all);   /* each row that was shown is of a row that went */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_store_that_fails_is_no_empty_answer),
        cmocka_unit_test(without_memory_it_says_so),
        cmocka_unit_test(a_broker_that_stops_does_not_wait_for_a_count),
        cmocka_unit_test(a_spoilt_row_is_never_an_answer),
        cmocka_unit_test(what_was_purged_meanwhile),
    };
    return cmocka_run_group_tests_name("query_faults", tests, make_region, free_region);
}
