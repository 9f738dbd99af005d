/*
 * test_query.c: who sees what of the ledger, and every row of it once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "id.h"
#include "stage.h"

#define START_MS INT64_C(1797840000000) /* Monday 2026-12-21 09:00 in Amsterdam */
#define DAY_MS INT64_C(86400000)
#define LINDE "agb:01000001"
#define POH "agb:01000001/poh-ggz"
#define BEUK "agb:01000002"
#define ANGST "agb:06000001/angst"
#define STEMMING "agb:06000001/stemming"
#define UTRECHT "regio:utrecht/coordinator"
#define GOOI "regio:gooi/coordinator"
#define ROWS 512

static struct sch_book *book;

struct fixture {
    struct stage stage;
    size_t linde, angst;
    struct stage_message referral;      /* linde to noordrand/angst */
    struct sch_reply reply;
    struct sch_query query;
    struct sch_id seen[ROWS];           /* what the pages showed */
    struct sch_trace_row trace[ROWS];
    struct sch_unanswered_row unanswered[ROWS];
    size_t count;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    stage_open(&f->stage, book, START_MS);
    f->linde = stage_enter(&f->stage, "linde", 1);
    f->angst = stage_enter(&f->stage, "noord-a", 1);
    stage_referral(&f->stage, &f->referral, "linde", "noordrand/angst");
    assert_true(stage_submit(&f->stage, f->linde, &f->referral, &f->reply));
    assert_int_equal(f->reply.type, SCH_REPLY_RECEIPT);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    stage_close(&f->stage);
    free(f);
    return 0;
}

/* One page; what is needed of it is copied out. False: refused. */
static bool page(struct fixture *f, const char *key_id)
{
    struct sch_command command = { .type = SCH_COMMAND_QUERY };
    size_t peer = stage_enter(&f->stage, key_id, 99);
    const struct sch_page *got = &f->reply.page;

    command.query = f->query;
    assert_true(stage_ask(&f->stage, peer, &command, &f->reply));
    if (f->reply.type == SCH_REPLY_REJECTION)
        return false;
    assert_int_equal(f->reply.type, SCH_REPLY_PAGE);
    for (size_t i = 0; i < got->dossier_count; i++)
        f->seen[f->count++] = got->dossiers[i].dossier;
    for (size_t i = 0; i < got->mailbox_count; i++)
        f->seen[f->count++] = got->mailbox[i].message;
    for (size_t i = 0; i < got->trace_count; i++)
        f->trace[f->count++] = got->trace[i];
    for (size_t i = 0; i < got->unanswered_count; i++)
        f->unanswered[f->count++] = got->unanswered[i];
    assert_true(f->count < ROWS);
    f->query.cursor_size = got->cursor_size;
    memcpy(f->query.cursor, got->cursor, sizeof f->query.cursor);
    return true;
}

static void begin(struct fixture *f, enum sch_query_type type, const char *party, uint32_t limit)
{
    f->query = (struct sch_query){ .type = type, .limit = limit };
    assert_true(sch_address_set(&f->query.party, party));
    if (type == SCH_QUERY_DOSSIER || type == SCH_QUERY_TRACE)
        f->query.dossier = f->referral.header.id;
    f->count = 0;
}

/* All pages; the number of rows. */
static size_t all(struct fixture *f, const char *key_id)
{
    do
        assert_true(page(f, key_id));
    while (f->query.cursor_size > 0);
    return f->count;
}

static void expect_refused(struct fixture *f, const char *key_id, enum sch_error_code code, const char *field)
{
    assert_false(page(f, key_id));
    assert_int_equal(f->reply.rejection.code, code);
    assert_string_equal(f->reply.rejection.field, field);
}

static void say(struct fixture *f, enum sch_kind kind, enum sch_fact fact, int64_t value)
{
    struct sch_header header = stage_header(&f->referral.header, kind, "noordrand/angst");
    struct stage_message message;

    header.fact[fact] = value;
    stage_write(&f->stage, &message, &header, 0);
    f->angst = stage_enter(&f->stage, "noord-a", 1);
    assert_true(stage_submit(&f->stage, f->angst, &message, &f->reply));
    assert_int_equal(f->reply.type, SCH_REPLY_RECEIPT);
}

static void refer(struct fixture *f, const char *from, const char *key_id, const char *to)
{
    struct stage_message message;
    size_t peer = stage_enter(&f->stage, key_id, 1);

    stage_referral(&f->stage, &message, from, to);
    assert_true(stage_submit(&f->stage, peer, &message, &f->reply));
    assert_int_equal(f->reply.type, SCH_REPLY_RECEIPT);
}

static uint64_t audit_rows(const struct fixture *f)
{
    struct sch_store_sim_counters counters;

    sch_store_sim_counters(f->stage.store, &counters);
    return counters.rows[SCH_TABLE_AUDIT];
}

/* ---- who sees what ------------------------------------------------------------------------------ */

static void test_a_party_sees_its_own(void **state)
{
    struct fixture *f = *state;

    refer(f, "beuk", "beuk", "noordrand/angst");
    begin(f, SCH_QUERY_DOSSIERS, LINDE, 10);
    assert_int_equal(all(f, "linde"), 1);
    assert_true(sch_id_equal(&f->seen[0], &f->referral.header.id));
    begin(f, SCH_QUERY_DOSSIERS, ANGST, 10);
    assert_int_equal(all(f, "noord-a"), 2);
    /* The organisation's other department, and a POH who is not in copy: nothing. */
    begin(f, SCH_QUERY_DOSSIERS, STEMMING, 10);
    assert_int_equal(all(f, "noord-s"), 0);
    begin(f, SCH_QUERY_DOSSIERS, POH, 10);
    assert_int_equal(all(f, "linde"), 0);
    begin(f, SCH_QUERY_UNANSWERED, STEMMING, 10);
    assert_int_equal(all(f, "noord-s"), 0);
    begin(f, SCH_QUERY_DOSSIER, LINDE, 1);
    assert_int_equal(all(f, "linde"), 1);
    begin(f, SCH_QUERY_DOSSIER, ANGST, 1);
    assert_int_equal(all(f, "noord-a"), 1);
}

static void test_nobody_asks_for_another(void **state)
{
    struct fixture *f = *state;

    for (enum sch_query_type type = SCH_QUERY_DOSSIER; type <= SCH_QUERY_MAILBOX; type++) {
        begin(f, type, LINDE, 10);
        expect_refused(f, "beuk", SCH_E_NOT_YOURS, "query.party");
    }
    /* Nor for a coordinator. */
    begin(f, SCH_QUERY_DOSSIERS, UTRECHT, 10);
    expect_refused(f, "linde", SCH_E_NOT_YOURS, "query.party");
}

static void test_foreign_and_unknown_are_one_answer(void **state)
{
    static const struct {
        const char *key_id, *party;
    } strangers[] = { { "beuk", BEUK }, { "noord-s", STEMMING }, { "linde", POH }, { "gooi", GOOI } };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++)
        for (enum sch_query_type type = SCH_QUERY_DOSSIER; type <= SCH_QUERY_TRACE; type++) {
            begin(f, type, strangers[i].party, 10);
            expect_refused(f, strangers[i].key_id, SCH_E_UNKNOWN_DOSSIER, "query.dossier");
            f->query.dossier.bytes[15] ^= 1;
            expect_refused(f, strangers[i].key_id, SCH_E_UNKNOWN_DOSSIER, "query.dossier");
        }
}

static void test_kenmerk(void **state)
{
    struct fixture *f = *state;
    char kenmerk[SCH_KENMERK_SIZE + 1];

    begin(f, SCH_QUERY_DOSSIER, LINDE, 1);
    assert_true(page(f, "linde"));
    memcpy(kenmerk, f->reply.page.dossiers[0].kenmerk, sizeof kenmerk);
    begin(f, SCH_QUERY_TRACE, LINDE, 100);
    memset(&f->query.dossier, 0, sizeof f->query.dossier);
    memcpy(f->query.kenmerk, kenmerk, sizeof kenmerk);
    assert_true(all(f, "linde") > 5);
    begin(f, SCH_QUERY_DOSSIER, BEUK, 1);
    memset(&f->query.dossier, 0, sizeof f->query.dossier);
    memcpy(f->query.kenmerk, kenmerk, sizeof kenmerk);
    expect_refused(f, "beuk", SCH_E_UNKNOWN_DOSSIER, "query.kenmerk");
    sch_kenmerk_text(77777, f->query.kenmerk);
    expect_refused(f, "beuk", SCH_E_UNKNOWN_DOSSIER, "query.kenmerk");
}

/* ---- coordinators ------------------------------------------------------------------------------- */

static void test_a_coordinator_sees_its_region(void **state)
{
    struct fixture *f = *state;

    refer(f, "ster", "ster", "haven");
    begin(f, SCH_QUERY_DOSSIERS, UTRECHT, 10);
    assert_int_equal(all(f, "utrecht"), 2);
    begin(f, SCH_QUERY_DOSSIERS, GOOI, 10);
    assert_int_equal(all(f, "gooi"), 1);
    assert_false(sch_id_equal(&f->seen[0], &f->referral.header.id));
    begin(f, SCH_QUERY_UNANSWERED, GOOI, 10);
    assert_int_equal(all(f, "gooi"), 4);
    for (size_t i = 0; i < f->count; i++)
        assert_string_equal(f->unanswered[i].referrer.text, "agb:01000009");
    /* Letters are no business of theirs. */
    begin(f, SCH_QUERY_MAILBOX, UTRECHT, 10);
    expect_refused(f, "utrecht", SCH_E_NOT_ALLOWED, "query.type");
}

static void test_the_organisation_not_the_department(void **state)
{
    struct fixture *f = *state;

    begin(f, SCH_QUERY_DOSSIER, UTRECHT, 1);
    assert_true(page(f, "utrecht"));
    assert_string_equal(f->reply.page.dossiers[0].receiver.text, "agb:06000001");
    begin(f, SCH_QUERY_DOSSIER, LINDE, 1);
    assert_true(page(f, "linde"));
    assert_string_equal(f->reply.page.dossiers[0].receiver.text, ANGST);
    begin(f, SCH_QUERY_UNANSWERED, UTRECHT, 100);
    assert_int_equal(all(f, "utrecht"), 4);
    for (size_t i = 0; i < f->count; i++) {
        assert_string_equal(f->unanswered[i].debtor.text, "agb:06000001");
        assert_string_equal(f->unanswered[i].receiver.text, "agb:06000001");
    }
    begin(f, SCH_QUERY_TRACE, UTRECHT, 100);
    assert_true(all(f, "utrecht") > 5);
    for (size_t i = 0; i < f->count; i++)
        assert_null(strchr(f->trace[i].party.text, '/'));
}

static void test_nothing_of_a_no_show(void **state)
{
    struct fixture *f = *state;
    size_t practice, coordinator, e5 = 0, e4 = 0;
    struct sch_id no_show;

    say(f, SCH_KIND_APPOINTMENT, SCH_FACT_EVENT_DATE, stage_date(&f->stage, 0));
    say(f, SCH_KIND_NO_SHOW, SCH_FACT_EVENT_DATE, stage_date(&f->stage, 0));
    no_show = f->reply.receipt.message;
    begin(f, SCH_QUERY_TRACE, LINDE, 100);
    practice = all(f, "linde");
    begin(f, SCH_QUERY_TRACE, UTRECHT, 100);
    coordinator = all(f, "utrecht");
    assert_true(coordinator < practice);
    for (size_t i = 0; i < coordinator; i++) {
        assert_int_not_equal(f->trace[i].kind, SCH_KIND_NO_SHOW);
        /* An appointment that was told, beside one that is awaited, would say why. */
        assert_int_not_equal(f->trace[i].kind, SCH_KIND_APPOINTMENT);
        assert_false(f->trace[i].expectation == 4 && f->trace[i].event == SCH_TRACE_CLOSED);
        assert_false(f->trace[i].expectation == 6 && f->trace[i].event == SCH_TRACE_OPENED);
        assert_int_not_equal(f->trace[i].expectation, 5);
        assert_int_not_equal(f->trace[i].standing, SCH_STANDING_CANCELLED);
        assert_int_not_equal(f->trace[i].event, SCH_TRACE_MOVED);
        assert_false(f->trace[i].event == SCH_TRACE_OPENED && sch_id_equal(&f->trace[i].message, &no_show));
    }
    begin(f, SCH_QUERY_UNANSWERED, UTRECHT, 100);
    (void)all(f, "utrecht");
    for (size_t i = 0; i < f->count; i++) {
        e5 += f->unanswered[i].expectation == 5;
        e4 += f->unanswered[i].expectation == 4;
    }
    assert_int_equal(e5, 0);
    assert_int_equal(e4, 1);
    begin(f, SCH_QUERY_UNANSWERED, LINDE, 100);
    (void)all(f, "linde");
    for (size_t i = 0; i < f->count; i++)
        e5 += f->unanswered[i].expectation == 5;
    assert_int_equal(e5, 1);
}

/* ---- pages -------------------------------------------------------------------------------------- */

static void expect_each_once(const struct fixture *f, const struct sch_id *ids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t times = 0;

        for (size_t k = 0; k < f->count; k++)
            times += sch_id_equal(&f->seen[k], &ids[i]);
        assert_int_equal(times, 1);
    }
}

static void test_each_row_once_while_rows_are_added(void **state)
{
    static const enum sch_query_type types[] = { SCH_QUERY_DOSSIERS, SCH_QUERY_MAILBOX };
    struct fixture *f = *state;

    for (int i = 0; i < 24; i++) {
        stage_pass(&f->stage, 5);
        refer(f, "beuk", "beuk", "noordrand/angst");
    }
    for (size_t t = 0; t < sizeof types / sizeof types[0]; t++) {
        struct sch_id before[64];
        size_t count;

        begin(f, types[t], ANGST, 200);
        count = all(f, "noord-a");
        assert_true(count >= 25 && count <= 64);
        memcpy(before, f->seen, count * sizeof before[0]);
        begin(f, types[t], ANGST, 3);
        do {
            assert_true(page(f, "noord-a"));
            stage_pass(&f->stage, 5);
            if (f->count < 20)
                refer(f, "beuk", "beuk", "noordrand/angst");
        } while (f->query.cursor_size > 0);
        expect_each_once(f, before, count);
    }
}

static void test_pages_of_a_trace(void **state)
{
    struct fixture *f = *state;
    size_t whole;

    say(f, SCH_KIND_ACCEPTANCE, SCH_FACT_EXPECTED_DATE, 0);
    begin(f, SCH_QUERY_TRACE, LINDE, 200);
    whole = all(f, "linde");
    for (uint32_t limit = 1; limit <= whole + 1; limit++) {
        begin(f, SCH_QUERY_TRACE, LINDE, limit);
        assert_int_equal(all(f, "linde"), whole);
        for (size_t i = 1; i < whole; i++)
            assert_true(f->trace[i - 1].sequence < f->trace[i].sequence);
    }
}

static void test_unanswered_by_due(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 10; i++) {
        stage_pass(&f->stage, DAY_MS);
        refer(f, "linde", "linde", i % 2 == 0 ? "haven" : "west");
    }
    begin(f, SCH_QUERY_UNANSWERED, LINDE, 3);
    /* Eleven dossiers with E1, E2, E4 and E7 each. */
    assert_int_equal(all(f, "linde"), 44);
    for (size_t i = 0; i < f->count; i++)
        for (size_t k = 0; k < i; k++)
            assert_false(sch_id_equal(&f->unanswered[i].dossier, &f->unanswered[k].dossier) &&
                         f->unanswered[i].expectation == f->unanswered[k].expectation);
    begin(f, SCH_QUERY_UNANSWERED, LINDE, 3);
    f->query.overdue_only = true;
    assert_true(all(f, "linde") > 0);
    for (size_t i = 0; i < f->count; i++)
        assert_true(f->unanswered[i].due_ms <= stage_now_ms(&f->stage) && f->unanswered[i].overdue);
}

static void test_a_cursor_belongs_to_its_query(void **state)
{
    struct fixture *f = *state;

    refer(f, "linde", "linde", "haven");
    begin(f, SCH_QUERY_DOSSIERS, LINDE, 1);
    assert_true(page(f, "linde"));
    assert_true(f->query.cursor_size > 0);
    f->query.type = SCH_QUERY_UNANSWERED;
    expect_refused(f, "linde", SCH_E_CURSOR, "query.cursor");
    f->query.type = SCH_QUERY_DOSSIERS;
    f->query.cursor_size = SCH_CURSOR_MAX;
    expect_refused(f, "linde", SCH_E_CURSOR, "query.cursor");
    /* In another's hands it opens nothing: it is only used beneath what that one may see. */
    begin(f, SCH_QUERY_DOSSIERS, LINDE, 1);
    assert_true(page(f, "linde"));
    f->query.party = (struct sch_address){ BEUK };
    f->count = 0;
    assert_int_equal(all(f, "beuk"), 0);
}

static void test_rows_of_a_page(void **state)
{
    struct fixture *f = *state;
    struct sch_command command = { .type = SCH_COMMAND_QUERY };

    begin(f, SCH_QUERY_DOSSIERS, LINDE, SCH_PAGE_ROWS_MAX);
    assert_int_equal(all(f, "linde"), 1);
    begin(f, SCH_QUERY_DOSSIERS, LINDE, SCH_PAGE_ROWS_MAX + 1);
    command.query = f->query;
    assert_true(stage_ask(&f->stage, f->linde, &command, &f->reply));
    assert_int_equal(f->reply.rejection.code, SCH_E_FIELD_INVALID);
    assert_string_equal(f->reply.rejection.field, "query.limit");
    for (int i = 0; i < SCH_PAGE_ROWS_MAX; i++)
        refer(f, "linde", "linde", "haven");
    begin(f, SCH_QUERY_DOSSIERS, LINDE, SCH_PAGE_ROWS_MAX);
    assert_true(page(f, "linde"));
    assert_int_equal(f->count, SCH_PAGE_ROWS_MAX);
    assert_int_equal(all(f, "linde"), SCH_PAGE_ROWS_MAX + 1);
}

/* ---- audit -------------------------------------------------------------------------------------- */

static void test_each_reading_is_a_record(void **state)
{
    struct fixture *f = *state;

    for (enum sch_query_type type = SCH_QUERY_DOSSIER; type <= SCH_QUERY_MAILBOX; type++) {
        uint64_t before;

        begin(f, type, LINDE, 1);
        before = audit_rows(f);
        assert_true(page(f, "linde"));
        assert_int_equal(audit_rows(f), before + 2);    /* the record, and the turn's link */
    }
    /* A refusal too. */
    begin(f, SCH_QUERY_DOSSIER, BEUK, 1);
    uint64_t before = audit_rows(f);
    expect_refused(f, "beuk", SCH_E_UNKNOWN_DOSSIER, "query.dossier");
    assert_int_equal(audit_rows(f), before + 2);
}

/* No page without its record: a commit that failed is answered by nobody. */
static void test_no_page_before_the_record(void **state)
{
    struct fixture *f = *state;
    struct sch_command command = { .type = SCH_COMMAND_QUERY };

    begin(f, SCH_QUERY_DOSSIER, LINDE, 1);
    command.query = f->query;
    sch_store_sim_fail(f->stage.store, SCH_SIM_UNKNOWN_LOST, 0);
    assert_false(stage_ask(&f->stage, f->linde, &command, &f->reply));
}

static int group_set_up(void **state)
{
    (void)state;
    book = sch_region_sim_book();
    return 0;
}

static int group_tear_down(void **state)
{
    (void)state;
    sch_region_sim_book_free(book);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_party_sees_its_own), TEST(test_nobody_asks_for_another),
        TEST(test_foreign_and_unknown_are_one_answer), TEST(test_kenmerk),
        TEST(test_a_coordinator_sees_its_region), TEST(test_the_organisation_not_the_department),
        TEST(test_nothing_of_a_no_show), TEST(test_each_row_once_while_rows_are_added),
        TEST(test_pages_of_a_trace),
        TEST(test_unanswered_by_due), TEST(test_a_cursor_belongs_to_its_query), TEST(test_rows_of_a_page),
        TEST(test_each_reading_is_a_record), TEST(test_no_page_before_the_record),
    };

    return cmocka_run_group_tests(tests, group_set_up, group_tear_down);
}
