/*
 * test_turn_trouble.c: the turn when something is wrong: a page that would be too large, a store without room,
 * a key that is taken away from somebody who is connected, a copy to somebody who reads no letters.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "id.h"
#include "shell/reply.h"
#include "stage.h"

#define START_MS INT64_C(1781596800000)         /* Tuesday 16 June 2026, 08:00 UTC */
#define HOUR_MS INT64_C(3600000)

static struct stage stage;
static struct stage_message message;
static struct sch_book *book;

static int set_up(void **state)
{
    (void)state;
    book = sch_region_sim_book();
    stage_open(&stage, book, START_MS);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    stage_close(&stage);
    sch_region_sim_book_free(book);
    return 0;
}

static void refer(size_t peer, const char *from, const char *to)
{
    struct sch_reply reply;

    stage_referral(&stage, &message, from, to);
    if (strcmp(to, "wijkteam-zuid") == 0) {
        struct sch_header header = message.header;

        header.fact[SCH_FACT_CONSENT] = 1;
        stage_write(&stage, &message, &header, STAGE_LETTER);
    }
    assert_true(stage_submit(&stage, peer, &message, &reply));
    assert_int_equal(reply.type, SCH_REPLY_RECEIPT);
}

static struct sch_command query_of(enum sch_query_type type, const char *name, uint32_t limit)
{
    struct sch_command command = { .type = SCH_COMMAND_QUERY };

    command.query.type = type;
    command.query.limit = limit;
    assert_true(sch_address_set(&command.query.party, sch_region_sim_named(name)->address));
    return command;
}

/* ---- pages -------------------------------------------------------------------------------------- */

/* A dossier is never split over two pages, and a page never holds more than it may. */
static void test_unanswered_page_is_never_too_large(void **state)
{
    size_t linde = stage_enter(&stage, "linde", 1), peer = stage_enter(&stage, "utrecht", 1);
    struct sch_command command = query_of(SCH_QUERY_UNANSWERED, "coordinator", SCH_PAGE_ROWS_MAX);
    struct sch_reply reply;
    size_t rows = 0, pages = 0;

    (void)state;
    refer(linde, "linde/poh-ggz", "wijkteam-zuid");     /* two promises; the others have four */
    for (int i = 0; i < 60; i++)
        refer(linde, "linde", "haven");
    do {
        command.request = 0;
        assert_true(stage_ask(&stage, peer, &command, &reply));
        assert_int_equal(reply.type, SCH_REPLY_PAGE);
        assert_true(reply.page.unanswered_count > 0 && reply.page.unanswered_count <= SCH_PAGE_ROWS_MAX);
        rows += reply.page.unanswered_count;
        pages++;
        memcpy(command.query.cursor, reply.page.cursor, reply.page.cursor_size);
        command.query.cursor_size = reply.page.cursor_size;
    } while (command.query.cursor_size > 0 && pages < 10);
    assert_int_equal(pages, 2);
    assert_int_equal(rows, 2 + 60 * 4);
}

/* Decoded submissions and pages share a turn's memory: who finds it used up is told to ask again. */
static void test_page_without_memory(void **state)
{
    static uint8_t buffer[4096];
    static struct sch_unanswered_row rows[SCH_PAGE_ROWS_MAX];
    size_t peer = stage_enter(&stage, "utrecht", 1);
    struct sch_peer to = sch_net_sim_peer(stage.net, peer);
    struct sch_arena small;
    struct sch_reply_out out = { .net = stage.net, .metrics = &stage.metrics, .arena = &small, .buffer = buffer,
                                 .buffer_size = sizeof buffer };
    struct sch_reply page = { .request = 77, .type = SCH_REPLY_PAGE }, reply;

    (void)state;
    assert_int_equal(sch_arena_init(&small, 1024), SCH_OK);
    page.page.unanswered = rows;
    page.page.unanswered_count = SCH_PAGE_ROWS_MAX;
    assert_int_equal(sch_reply_send(&out, &to, &page, (struct sch_bytes){ 0 }), SCH_SENT);
    assert_true(stage_take(&stage, peer, &reply));
    assert_int_equal(reply.type, SCH_REPLY_REJECTION);
    assert_int_equal(reply.request, 77);
    assert_int_equal(reply.rejection.code, SCH_E_BROKER_BUSY);
    sch_arena_close(&small);
}

/* ---- room --------------------------------------------------------------------------------------- */

/* What is due cannot be written down: the broker waits for room, it does not spin. */
static void test_full_store_with_something_due(void **state)
{
    size_t linde = stage_enter(&stage, "linde", 1);
    struct sch_store_sim_counters counters;
    uint64_t failed;
    sch_error error = SCH_ERROR_INIT;

    (void)state;
    refer(linde, "linde", "haven");
    stage_run(&stage);
    sch_store_sim_counters(stage.store, &counters);
    sch_store_sim_limit(stage.store, counters.bytes);
    sch_clock_sim_advance(stage.clock, 10 * 24 * HOUR_MS);
    failed = counters.failed;
    for (int i = 0; i < 100 && (i < 5 || sch_net_sim_last_wait_ms(stage.net) == 0); i++)
        assert_int_equal(sch_turn_run(stage.turn, -1, &error), SCH_OK);
    sch_store_sim_counters(stage.store, &counters);
    assert_true(counters.failed > failed);
    assert_true(counters.failed - failed < 20);
    assert_true(sch_net_sim_last_wait_ms(stage.net) > 0);
    /* And when there is room again, it is done. */
    sch_store_sim_limit(stage.store, UINT64_MAX);
    failed = stage.metrics.alerts[SCH_STEP_OVERDUE];
    stage_pass(&stage, 2 * 60000);
    assert_true(stage.metrics.alerts[SCH_STEP_OVERDUE] > failed);
}

/* The same for refusals that were only counted, and whose minute is over. */
static void test_full_store_with_folded_refusals(void **state)
{
    size_t linde = stage_connect(&stage, "linde");
    struct sch_command ping = { .type = SCH_COMMAND_PING };
    struct sch_store_sim_counters counters;
    struct sch_reply reply;
    uint64_t failed;
    sch_error error = SCH_ERROR_INIT;

    (void)state;
    memset(ping.ping.instance.bytes, 1, sizeof ping.ping.instance.bytes);
    for (int i = 0; i < 3; i++) {
        ping.request = 0;
        assert_true(stage_ask(&stage, linde, &ping, &reply));
        assert_int_equal(reply.rejection.code, SCH_E_HELLO_FIRST);
    }
    sch_store_sim_counters(stage.store, &counters);
    sch_store_sim_limit(stage.store, counters.bytes);
    sch_clock_sim_advance(stage.clock, 2 * 60000);
    failed = counters.failed;
    for (int i = 0; i < 100 && (i < 5 || sch_net_sim_last_wait_ms(stage.net) == 0); i++)
        assert_int_equal(sch_turn_run(stage.turn, -1, &error), SCH_OK);
    sch_store_sim_counters(stage.store, &counters);
    assert_true(counters.failed > failed);
    assert_true(sch_net_sim_last_wait_ms(stage.net) > 0);
    sch_store_sim_limit(stage.store, UINT64_MAX);
    stage_pass(&stage, 1000);
    assert_int_equal(sch_net_sim_last_wait_ms(stage.net), -1);
}

/* Refusals that are only counted are kept also by a turn that writes nothing. */
static void test_folded_refusals_are_written_in_time(void **state)
{
    size_t linde = stage_connect(&stage, "linde");
    struct sch_command ping = { .type = SCH_COMMAND_PING };
    struct sch_store_sim_counters before, after;
    struct sch_reply reply;

    (void)state;
    memset(ping.ping.instance.bytes, 1, sizeof ping.ping.instance.bytes);
    for (int i = 0; i < 3; i++) {
        ping.request = 0;
        assert_true(stage_ask(&stage, linde, &ping, &reply));
    }
    sch_store_sim_counters(stage.store, &before);
    stage_pass(&stage, 2 * 60000);
    sch_store_sim_counters(stage.store, &after);
    assert_int_equal(after.rows[SCH_TABLE_AUDIT], before.rows[SCH_TABLE_AUDIT] + 2);    /* with its link */
}

/* ---- keys --------------------------------------------------------------------------------------- */

static struct sch_key *transport_key(struct sch_book *in, const char *id)
{
    struct sch_directory *directory = in->directory[0];

    for (size_t i = 0; i < directory->key_count; i++)
        if (strcmp(directory->keys[i].id, id) == 0)
            return &directory->keys[i];
    fail();
    return NULL;
}

/* A connection that says nothing any more, whose key may not collect from `next` on, is offered nothing. */
static void expect_no_more_offers(struct sch_book *next)
{
    size_t linde = stage_enter(&stage, "linde", 1), haven = stage_enter(&stage, "haven", 1);
    struct sch_reply reply;

    stage.delivery_count = 0;
    assert_true(stage_attach(&stage, haven, "agb:94000001", 8, &reply));
    refer(linde, "linde", "haven");
    stage_drain(&stage, haven);
    assert_int_equal(stage.delivery_count, 1);
    sch_turn_reload(stage.turn, next);
    refer(linde, "linde", "haven");
    stage_drain(&stage, haven);
    assert_int_equal(stage.delivery_count, 1);
    sch_turn_reload(stage.turn, book);
    sch_region_sim_book_free(next);
}

static void test_revoked_key_is_offered_nothing(void **state)
{
    (void)state;
    expect_no_more_offers(sch_region_sim_book_revoking("haven"));
}

static void test_key_that_lost_its_mailbox_is_offered_nothing(void **state)
{
    struct sch_book *next = sch_region_sim_book();

    (void)state;
    transport_key(next, "haven")->acts_for_count = 0;
    expect_no_more_offers(next);
}

static void test_replaced_key_is_offered_nothing(void **state)
{
    struct sch_book *next = sch_region_sim_book();

    (void)state;
    transport_key(next, "haven")->public_key[0] ^= 1;
    expect_no_more_offers(next);
}

/* ---- a long stop --------------------------------------------------------------------------------- */

/* What ran out while the broker stood still is first offered to those who could not collect it meanwhile. */
static void test_no_expiry_right_after_a_start(void **state)
{
    size_t linde = stage_enter(&stage, "linde", 1), haven;
    struct sch_reply reply;

    (void)state;
    refer(linde, "linde", "haven");
    stage_pass(&stage, 6 * 24 * HOUR_MS);
    stage_stop(&stage);
    stage.options.e1_hold_ms = HOUR_MS / 4;
    sch_clock_sim_advance(stage.clock, 26 * 24 * HOUR_MS);
    stage_start(&stage);
    stage_run(&stage);
    stage_pass(&stage, 60000);
    assert_false(sch_turn_is_held(stage.turn));
    haven = stage_enter(&stage, "haven", 1);
    assert_true(stage_attach(&stage, haven, "agb:94000001", 8, &reply));
    stage_run(&stage);
    stage_drain(&stage, haven);
    assert_int_equal(stage.delivery_count, 1);
    assert_int_equal(stage.delivery[0].header.kind, SCH_KIND_REFERRAL);
    assert_true(stage_settle(&stage, haven, "agb:94000001", &message.header.id, SCH_VERDICT_COLLECTED, &reply));
    assert_int_equal(reply.settled.state, SCH_DELIVERY_COLLECTED);
}

/* A broker that starts again while time is held, under a clock that was set right meanwhile, does not go back. */
static void test_held_time_does_not_run_backwards(void **state)
{
    size_t linde = stage_enter(&stage, "linde", 1);
    struct sch_reply reply;
    int64_t stored_ms;

    (void)state;
    refer(linde, "linde", "haven");
    sch_clock_sim_jump(stage.clock, 6 * 24 * HOUR_MS);
    stage_pass(&stage, 8 * HOUR_MS);
    assert_true(sch_turn_is_held(stage.turn));
    linde = stage_enter(&stage, "linde", 1);
    sch_clock_sim_jump(stage.clock, -6 * 24 * HOUR_MS);
    stage_referral(&stage, &message, "linde", "haven");
    assert_true(stage_submit(&stage, linde, &message, &reply));
    stored_ms = reply.receipt.stored_ms;
    stage_stop(&stage);
    sch_clock_sim_jump(stage.clock, -2 * HOUR_MS);
    stage_start(&stage);
    linde = stage_enter(&stage, "linde", 1);
    stage_referral(&stage, &message, "linde", "haven");
    assert_true(stage_submit(&stage, linde, &message, &reply));
    assert_true(reply.receipt.stored_ms >= stored_ms);
}

/* The same after a stop that was so long that an operator must confirm the time. */
static void test_no_expiry_right_after_a_confirmed_time(void **state)
{
    size_t linde = stage_enter(&stage, "linde", 1), haven;
    struct sch_reply reply;

    (void)state;
    refer(linde, "linde", "haven");
    stage_stop(&stage);
    stage.options.e1_hold_ms = HOUR_MS / 4;
    sch_clock_sim_advance(stage.clock, 40 * 24 * HOUR_MS);
    stage_start(&stage);
    stage_pass(&stage, HOUR_MS);
    assert_true(sch_turn_is_held(stage.turn));
    sch_turn_confirm_time(stage.turn);
    stage_pass(&stage, 60000);
    haven = stage_enter(&stage, "haven", 1);
    assert_true(stage_attach(&stage, haven, "agb:94000001", 8, &reply));
    stage_drain(&stage, haven);
    assert_int_equal(stage.delivery_count, 1);
}

/* But it does not wait for ever. */
static void test_expiry_soon_after_a_start(void **state)
{
    size_t linde = stage_enter(&stage, "linde", 1);
    struct sch_command query = query_of(SCH_QUERY_MAILBOX, "haven", 10);
    struct sch_reply reply;
    size_t haven;

    (void)state;
    refer(linde, "linde", "haven");
    stage_pass(&stage, 6 * 24 * HOUR_MS);
    stage_stop(&stage);
    stage.options.e1_hold_ms = HOUR_MS / 4;
    sch_clock_sim_advance(stage.clock, 26 * 24 * HOUR_MS);
    stage_start(&stage);
    stage_pass(&stage, HOUR_MS);
    haven = stage_enter(&stage, "haven", 1);
    assert_true(stage_ask(&stage, haven, &query, &reply));
    assert_int_equal(reply.type, SCH_REPLY_PAGE);
    assert_int_equal(reply.page.mailbox_count, 0);
}

/* ---- who reads ---------------------------------------------------------------------------------- */

static void test_coordinator_is_never_a_copy(void **state)
{
    size_t linde = stage_enter(&stage, "linde", 1);
    struct sch_header header;
    struct sch_reply reply;

    (void)state;
    stage_referral(&stage, &message, "linde", "haven");
    header = message.header;
    assert_true(sch_address_set(&header.copies[header.copy_count++], "regio:utrecht/coordinator"));
    stage_write(&stage, &message, &header, STAGE_LETTER);
    assert_true(stage_submit(&stage, linde, &message, &reply));
    assert_int_equal(reply.type, SCH_REPLY_REJECTION);
    assert_int_equal(reply.rejection.code, SCH_E_NOT_ALLOWED);
    assert_string_equal(reply.rejection.field, "header.copies");
}

/* Who refers for somebody else's patient and wants the feedback too stands among the copies; it gets no letter of its
 * own, and so no stanza. */
static void test_sender_in_copy_needs_no_stanza(void **state)
{
    size_t linde = stage_enter(&stage, "linde", 1);
    struct sch_command command;
    struct sch_header header;
    struct sch_reply reply;
    struct sch_fault fault;
    uint8_t bytes[SCH_HEADER_SIZE_MAX], copy[SCH_COMMAND_SIZE_MAX];

    (void)state;
    stage_referral(&stage, &message, "linde", "haven");
    header = message.header;
    assert_true(sch_address_set(&header.creditor, "agb:01000002"));
    header.copies[header.copy_count++] = header.creditor;
    stage_write(&stage, &message, &header, STAGE_LETTER);
    /* Sealed for receiver and creditor, as the broker asks of a sender. */
    header.copies[header.copy_count++] = header.sender;
    memcpy(copy, message.command, message.command_size);
    assert_int_equal(sch_command_decode((struct sch_bytes){ copy, message.command_size }, &stage.arena, &command,
                                        &fault), SCH_OK);
    command.submit.header = (struct sch_bytes){ bytes, sch_header_encode(&header, bytes, sizeof bytes) };
    message.command_size = sch_command_encode(&command, message.command, sizeof message.command);
    assert_true(stage_submit(&stage, linde, &message, &reply));
    assert_int_equal(reply.type, SCH_REPLY_RECEIPT);
}

/* ---- what is due -------------------------------------------------------------------------------- */

/*
 * More dossiers than a turn takes fell due during a stop. Each acts, and comes to a row that cannot yet: its E1, which
 * nobody is alerted of in the first minutes. That later row passes over none of those that are still to come.
 */
static void test_all_that_fell_due_in_a_stop(void **state)
{
    size_t linde = stage_enter(&stage, "linde", 1);
    sch_error error = SCH_ERROR_INIT;
    uint64_t before;

    (void)state;
    for (int i = 0; i < 70; i++)
        refer(linde, "linde", "haven");
    stage_pass(&stage, 6 * 24 * HOUR_MS + 4 * HOUR_MS);
    before = stage.metrics.alerts[SCH_STEP_OVERDUE];
    assert_int_equal(before, 70);                   /* the E1s; each E2 is due a day and a half from now */
    stage_stop(&stage);
    sch_clock_sim_advance(stage.clock, 3 * 24 * HOUR_MS);
    stage.turn_code = sch_turn_open(&stage.turn, &stage.options, &error);
    assert_int_equal(stage.turn_code, SCH_OK);
    for (int i = 0; i < 5; i++)
        assert_int_equal(sch_turn_run(stage.turn, 0, &error), SCH_OK);
    assert_int_equal(stage.metrics.alerts[SCH_STEP_OVERDUE] - before, 70);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_unanswered_page_is_never_too_large, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_page_without_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_full_store_with_something_due, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_full_store_with_folded_refusals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_folded_refusals_are_written_in_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_revoked_key_is_offered_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_key_that_lost_its_mailbox_is_offered_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_replaced_key_is_offered_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_expiry_right_after_a_start, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_expiry_right_after_a_confirmed_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_held_time_does_not_run_backwards, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_expiry_soon_after_a_start, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_all_that_fell_due_in_a_stop, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_coordinator_is_never_a_copy, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sender_in_copy_needs_no_stanza, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
