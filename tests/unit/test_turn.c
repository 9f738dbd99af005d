/*
 * test_turn.c: the turn as its peers see it: who is answered, when, and who is not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "id.h"
#include "raw_wire.h"
#include "stage.h"

#include <scharnier/version.h>

#define START_MS INT64_C(1797840000000) /* Monday 2026-12-21 09:00 in Amsterdam */
#define MINUTE_MS INT64_C(60000)
#define DAY_MS INT64_C(86400000)
#define LINDE "agb:01000001"
#define HAVEN "agb:94000001"

static struct sch_book *book;

struct fixture {
    struct stage stage;
    size_t linde, haven;
    struct stage_message referral;
    struct sch_reply reply;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    stage_open(&f->stage, book, START_MS);
    f->linde = stage_enter(&f->stage, "linde", 1);
    f->haven = stage_enter(&f->stage, "haven", 1);
    stage_referral(&f->stage, &f->referral, "linde", "haven");
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

static void expect_rejected(const struct fixture *f, enum sch_error_code code, const char *field)
{
    assert_int_equal(f->reply.type, SCH_REPLY_REJECTION);
    assert_int_equal(f->reply.rejection.code, code);
    assert_string_equal(f->reply.rejection.field, field);
}

static void refer(struct fixture *f)
{
    assert_true(stage_submit(&f->stage, f->linde, &f->referral, &f->reply));
    assert_int_equal(f->reply.type, SCH_REPLY_RECEIPT);
}

/* What this peer was sent and has not taken yet, into stage.delivery. */
static size_t deliveries(struct fixture *f, size_t peer)
{
    size_t count = 0;

    stage_run(&f->stage);
    stage_drain(&f->stage, peer);
    for (size_t i = 0; i < f->stage.delivery_count; i++)
        count += f->stage.delivery[i].peer == peer;
    return count;
}

static void attach(struct fixture *f, size_t peer, const char *mailbox)
{
    assert_true(stage_attach(&f->stage, peer, mailbox, 16, &f->reply));
    assert_int_equal(f->reply.type, SCH_REPLY_ATTACHED);
}

static void acceptance(struct fixture *f, struct stage_message *message)
{
    struct sch_header header = stage_header(&f->referral.header, SCH_KIND_ACCEPTANCE, "haven");

    stage_write(&f->stage, message, &header, 0);
}

/* ---- hello and keys ----------------------------------------------------------------------------- */

static void test_versions_that_do_not_meet(void **state)
{
    struct fixture *f = *state;
    struct sch_command command = { .type = SCH_COMMAND_HELLO };
    size_t peer = stage_connect(&f->stage, "beuk");

    command.hello.version_min = SCH_WIRE_MAX + 1;
    command.hello.version_max = SCH_WIRE_MAX + 3;
    command.hello.instance.bytes[0] = 1;
    strcpy(command.hello.software, "test");
    assert_true(stage_ask(&f->stage, peer, &command, &f->reply));
    expect_rejected(f, SCH_E_VERSION, "hello.version_min");
    command = (struct sch_command){ .type = SCH_COMMAND_PING };
    command.ping.instance.bytes[0] = 1;
    assert_true(stage_ask(&f->stage, peer, &command, &f->reply));
    expect_rejected(f, SCH_E_HELLO_FIRST, "");
}

static void test_hello_comes_first(void **state)
{
    struct fixture *f = *state;
    size_t peer = stage_connect(&f->stage, "linde");

    assert_true(stage_submit(&f->stage, peer, &f->referral, &f->reply));
    expect_rejected(f, SCH_E_HELLO_FIRST, "");
    /* Nothing was stored: the same bytes are new afterwards. */
    refer(f);
    assert_false(f->reply.receipt.duplicate);
}

static void test_unknown_key(void **state)
{
    struct fixture *f = *state;
    size_t peer = stage_connect(&f->stage, "nobody");
    struct sch_command command = { .type = SCH_COMMAND_PING };

    command.ping.instance.bytes[0] = 1;
    assert_true(stage_ask(&f->stage, peer, &command, &f->reply));
    expect_rejected(f, SCH_E_UNKNOWN_KEY, "key");
    /* A signing key is no transport key. */
    peer = stage_connect(&f->stage, "linde-sign");
    command.request = 0;
    assert_true(stage_ask(&f->stage, peer, &command, &f->reply));
    expect_rejected(f, SCH_E_UNKNOWN_KEY, "key");
}

static void test_revoked_while_connected(void **state)
{
    struct fixture *f = *state;
    struct sch_book *without = sch_region_sim_book_revoking("haven");

    refer(f);
    attach(f, f->haven, HAVEN);
    assert_int_equal(deliveries(f, f->haven), 1);
    sch_turn_reload(f->stage.turn, without);
    assert_true(stage_settle(&f->stage, f->haven, HAVEN, &f->referral.header.id, SCH_VERDICT_COLLECTED,
                             &f->reply));
    expect_rejected(f, SCH_E_KEY_REVOKED, "key");
    /* Its session ended, and with it its lease. */
    assert_int_equal(f->stage.metrics.sessions, 1);
    assert_int_equal(f->stage.metrics.queue_inflight, 0);
    sch_turn_reload(f->stage.turn, book);
    stage_run(&f->stage);
    sch_region_sim_book_free(without);
}

/* ---- acting for another ------------------------------------------------------------------------- */

static void test_attach_to_a_foreign_mailbox(void **state)
{
    struct fixture *f = *state;

    refer(f);
    assert_true(stage_attach(&f->stage, f->linde, HAVEN, 16, &f->reply));
    expect_rejected(f, SCH_E_NOT_YOURS, "attach.mailboxes");
    assert_int_equal(deliveries(f, f->linde), 0);
    assert_true(stage_attach(&f->stage, f->linde, "agb:99999999", 16, &f->reply));
    expect_rejected(f, SCH_E_NOT_YOURS, "attach.mailboxes");
}

static void test_submit_as_another(void **state)
{
    struct fixture *f = *state;
    struct sch_reply reply;

    assert_true(stage_submit(&f->stage, f->haven, &f->referral, &f->reply));
    expect_rejected(f, SCH_E_NOT_YOURS, "header.sender");
    assert_true(stage_submit(&f->stage, f->linde, &f->referral, &reply));
    assert_int_equal(reply.type, SCH_REPLY_RECEIPT);
}

static void test_settle_what_is_not_yours(void **state)
{
    struct fixture *f = *state;
    struct sch_id unknown = f->referral.header.id;

    refer(f);
    unknown.bytes[15] ^= 1;
    assert_true(stage_settle(&f->stage, f->linde, HAVEN, &f->referral.header.id, SCH_VERDICT_COLLECTED,
                             &f->reply));
    expect_rejected(f, SCH_E_NOT_YOURS, "settle.mailbox");
    assert_true(stage_settle(&f->stage, f->haven, HAVEN, &unknown, SCH_VERDICT_COLLECTED, &f->reply));
    expect_rejected(f, SCH_E_UNKNOWN_MESSAGE, "settle.message_id");
    /* It lies in another mailbox: as unknown as any. */
    assert_true(stage_settle(&f->stage, f->linde, LINDE, &f->referral.header.id, SCH_VERDICT_COLLECTED,
                             &f->reply));
    expect_rejected(f, SCH_E_UNKNOWN_MESSAGE, "settle.message_id");
    size_t beuk = stage_enter(&f->stage, "beuk", 1);
    assert_true(stage_settle(&f->stage, beuk, "agb:01000002", &f->referral.header.id, SCH_VERDICT_COLLECTED,
                             &f->reply));
    assert_int_equal(f->reply.rejection.code, SCH_E_UNKNOWN_MESSAGE);
}

static void test_retry_and_refuse_take_a_lease(void **state)
{
    struct fixture *f = *state;

    refer(f);
    assert_true(stage_settle(&f->stage, f->haven, HAVEN, &f->referral.header.id, SCH_VERDICT_RETRY,
                             &f->reply));
    expect_rejected(f, SCH_E_NOT_LEASED, "settle.message_id");
    assert_true(stage_settle(&f->stage, f->haven, HAVEN, &f->referral.header.id, SCH_VERDICT_REFUSED,
                             &f->reply));
    expect_rejected(f, SCH_E_NOT_LEASED, "settle.message_id");
    /* Another session of the same mailbox holds it. */
    size_t other = stage_enter(&f->stage, "haven", 2);
    attach(f, other, HAVEN);
    assert_int_equal(deliveries(f, other), 1);
    assert_true(stage_settle(&f->stage, f->haven, HAVEN, &f->referral.header.id, SCH_VERDICT_REFUSED,
                             &f->reply));
    expect_rejected(f, SCH_E_NOT_LEASED, "settle.message_id");
    /* Collected is collected, whoever says so for the mailbox; and once more is harmless. */
    assert_true(stage_settle(&f->stage, f->haven, HAVEN, &f->referral.header.id, SCH_VERDICT_COLLECTED,
                             &f->reply));
    assert_int_equal(f->reply.type, SCH_REPLY_SETTLED);
    assert_int_equal(f->reply.settled.state, SCH_DELIVERY_COLLECTED);
    assert_true(stage_settle(&f->stage, other, HAVEN, &f->referral.header.id, SCH_VERDICT_COLLECTED,
                             &f->reply));
    assert_int_equal(f->reply.type, SCH_REPLY_SETTLED);
    assert_int_equal(f->reply.settled.state, SCH_DELIVERY_COLLECTED);
    assert_int_equal(f->stage.metrics.queue_inflight, 0);
}

/* ---- receipts ----------------------------------------------------------------------------------- */

static void test_the_same_bytes_the_same_receipt(void **state)
{
    struct fixture *f = *state;
    struct sch_reply first;

    refer(f);
    first = f->reply;
    stage_pass(&f->stage, 3 * DAY_MS);
    f->linde = stage_enter(&f->stage, "linde", 1);
    assert_true(stage_submit(&f->stage, f->linde, &f->referral, &f->reply));
    assert_int_equal(f->reply.type, SCH_REPLY_RECEIPT);
    assert_true(f->reply.receipt.duplicate);
    f->reply.receipt.duplicate = false;
    assert_memory_equal(&f->reply.receipt.message, &first.receipt.message, sizeof(struct sch_id));
    assert_memory_equal(&f->reply.receipt.dossier, &first.receipt.dossier, sizeof(struct sch_id));
    assert_string_equal(f->reply.receipt.kenmerk, first.receipt.kenmerk);
    assert_int_equal(f->reply.receipt.sequence, first.receipt.sequence);
    assert_int_equal(f->reply.receipt.stored_ms, first.receipt.stored_ms);
    assert_int_equal(f->reply.receipt.warnings, first.receipt.warnings);
}

static void test_other_bytes_under_the_same_id(void **state)
{
    struct fixture *f = *state;
    struct stage_message other;

    refer(f);
    stage_write(&f->stage, &other, &f->referral.header, STAGE_LETTER);  /* sealed anew: other bytes */
    assert_true(stage_submit(&f->stage, f->linde, &other, &f->reply));
    expect_rejected(f, SCH_E_ID_IN_USE, "header.id");
    assert_memory_equal(&f->reply.rejection.message, &f->referral.header.id, sizeof(struct sch_id));
}

/* ---- the order of things ------------------------------------------------------------------------ */

static void unknown_commit(struct fixture *f, enum sch_store_sim_fault fault)
{
    attach(f, f->haven, HAVEN);
    sch_store_sim_fail(f->stage.store, fault, 0);
    stage_send(&f->stage, f->linde, &f->referral);
    stage_say(&f->stage, f->haven, &(struct sch_command){ .type = SCH_COMMAND_QUERY,
                                                          .query = { .type = SCH_QUERY_DOSSIERS, .limit = 1,
                                                                     .party = { HAVEN } } });
    stage_run(&f->stage);
    assert_int_equal(f->stage.metrics.commits_unknown, 1);
    /* Nobody was answered. */
    assert_int_equal(sch_net_sim_outbound_count(f->stage.net, f->linde), 0);
}

static void test_unknown_commit_that_happened(void **state)
{
    struct fixture *f = *state;

    unknown_commit(f, SCH_SIM_UNKNOWN_KEPT);
    /* What stands in the store is offered; the resend gets the receipt of what happened. */
    assert_int_equal(deliveries(f, f->haven), 1);
    assert_true(stage_submit(&f->stage, f->linde, &f->referral, &f->reply));
    assert_int_equal(f->reply.type, SCH_REPLY_RECEIPT);
    assert_true(f->reply.receipt.duplicate);
    assert_int_equal(f->reply.receipt.sequence, f->stage.delivery[0].sequence);
    assert_int_equal(f->reply.receipt.stored_ms, START_MS);
}

static void test_unknown_commit_that_was_lost(void **state)
{
    struct fixture *f = *state;

    unknown_commit(f, SCH_SIM_UNKNOWN_LOST);
    assert_int_equal(deliveries(f, f->haven), 0);
    refer(f);
    assert_false(f->reply.receipt.duplicate);
    assert_int_equal(deliveries(f, f->haven), 1);
}

static void test_fatal_stops_the_broker(void **state)
{
    struct fixture *f = *state;

    sch_store_sim_fail(f->stage.store, SCH_SIM_FATAL, 0);
    stage_send(&f->stage, f->linde, &f->referral);
    stage_run(&f->stage);
    assert_int_equal(f->stage.turn_code, SCH_E_IO);
    assert_int_equal(sch_net_sim_outbound_count(f->stage.net, f->linde), 0);
}

static void test_conflict_is_tried_again(void **state)
{
    struct fixture *f = *state;

    sch_store_sim_fail(f->stage.store, SCH_SIM_CONFLICT, 0);
    refer(f);
    assert_int_equal(f->stage.metrics.conflicts, 1);
    assert_int_equal(f->stage.metrics.isolated, 0);
    assert_int_equal(f->stage.metrics.poison, 0);
}

/* ---- room --------------------------------------------------------------------------------------- */

static uint64_t bytes_used(const struct fixture *f)
{
    struct sch_store_sim_counters counters;

    sch_store_sim_counters(f->stage.store, &counters);
    return counters.bytes;
}

static void test_full_in_the_commit(void **state)
{
    struct fixture *f = *state;
    struct stage_message large, accepted;

    refer(f);
    acceptance(f, &accepted);
    stage_referral(&f->stage, &large, "linde", "haven");
    stage_write(&f->stage, &large, &large.header, 64 * STAGE_LETTER);
    sch_store_sim_limit(f->stage.store, bytes_used(f) + 16 * 1024);
    stage_send(&f->stage, f->linde, &large);
    stage_send(&f->stage, f->haven, &accepted);
    stage_run(&f->stage);
    assert_true(stage_take(&f->stage, f->linde, &f->reply));
    expect_rejected(f, SCH_E_STORE_FULL, "");
    assert_memory_equal(&f->reply.rejection.message, &large.header.id, sizeof(struct sch_id));
    assert_true(stage_take(&f->stage, f->haven, &f->reply));
    assert_int_equal(f->reply.type, SCH_REPLY_RECEIPT);
    assert_int_equal(f->stage.metrics.isolated, 1);
    /* With room the same bytes are taken. */
    sch_store_sim_limit(f->stage.store, UINT64_MAX);
    assert_true(stage_submit(&f->stage, f->linde, &large, &f->reply));
    assert_int_equal(f->reply.type, SCH_REPLY_RECEIPT);
}

static void test_a_poisoned_item_holds_up_no_other(void **state)
{
    struct fixture *f = *state;
    struct stage_message one, two;

    stage_referral(&f->stage, &one, "linde", "haven");
    stage_referral(&f->stage, &two, "linde", "haven");
    sch_store_sim_poison(f->stage.store, SCH_TABLE_MESSAGE, one.header.id.bytes, sizeof one.header.id.bytes);
    stage_send(&f->stage, f->linde, &f->referral);
    stage_send(&f->stage, f->linde, &one);
    stage_send(&f->stage, f->linde, &two);
    stage_run(&f->stage);
    assert_true(stage_take(&f->stage, f->linde, &f->reply));
    assert_int_equal(f->reply.type, SCH_REPLY_RECEIPT);
    assert_true(stage_take(&f->stage, f->linde, &f->reply));
    expect_rejected(f, SCH_E_BROKER_INTERNAL, "");
    assert_memory_equal(&f->reply.rejection.message, &one.header.id, sizeof(struct sch_id));
    assert_true(stage_take(&f->stage, f->linde, &f->reply));
    assert_int_equal(f->reply.type, SCH_REPLY_RECEIPT);
    assert_int_equal(f->stage.metrics.poison, 1);
}

static void test_below_the_reserve(void **state)
{
    struct fixture *f = *state;
    struct stage_message accepted, another;

    stage_stop(&f->stage);
    f->stage.options.reserve_bytes = 1 << 20;
    stage_start(&f->stage);
    f->linde = stage_enter(&f->stage, "linde", 1);
    f->haven = stage_enter(&f->stage, "haven", 1);
    refer(f);
    acceptance(f, &accepted);
    sch_store_sim_limit(f->stage.store, bytes_used(f) + (1 << 20) - 1);
    stage_pass(&f->stage, 100);
    stage_referral(&f->stage, &another, "linde", "haven");
    assert_true(stage_submit(&f->stage, f->linde, &another, &f->reply));
    expect_rejected(f, SCH_E_STORE_FULL, "");
    assert_int_equal(f->stage.metrics.full, 1);
    assert_true(stage_submit(&f->stage, f->haven, &accepted, &f->reply));
    assert_int_equal(f->reply.type, SCH_REPLY_RECEIPT);
    /* Service resumes by itself. */
    sch_store_sim_limit(f->stage.store, bytes_used(f) + (2 << 20));
    stage_pass(&f->stage, 100);
    assert_true(stage_submit(&f->stage, f->linde, &another, &f->reply));
    assert_int_equal(f->reply.type, SCH_REPLY_RECEIPT);
    assert_int_equal(f->stage.metrics.full, 0);
}

/* ---- stopping ----------------------------------------------------------------------------------- */

static void test_drain(void **state)
{
    struct fixture *f = *state;
    struct stage_message another;

    refer(f);
    attach(f, f->haven, HAVEN);
    assert_int_equal(deliveries(f, f->haven), 1);
    sch_turn_drain(f->stage.turn);
    assert_false(sch_turn_is_drained(f->stage.turn));
    stage_referral(&f->stage, &another, "linde", "haven");
    assert_true(stage_submit(&f->stage, f->linde, &another, &f->reply));
    expect_rejected(f, SCH_E_STOPPING, "");
    assert_false(sch_turn_is_drained(f->stage.turn));
    assert_true(stage_settle(&f->stage, f->haven, HAVEN, &f->referral.header.id, SCH_VERDICT_COLLECTED,
                             &f->reply));
    assert_int_equal(f->reply.type, SCH_REPLY_SETTLED);
    assert_true(sch_turn_is_drained(f->stage.turn));
}

static void test_drain_offers_nothing_and_waits_for_leases(void **state)
{
    struct fixture *f = *state;

    refer(f);
    attach(f, f->haven, HAVEN);
    assert_int_equal(deliveries(f, f->haven), 1);
    sch_turn_drain(f->stage.turn);
    stage_pass(&f->stage, SCH_LEASE_MS);
    stage_run(&f->stage);
    assert_true(sch_turn_is_drained(f->stage.turn));
    assert_int_equal(deliveries(f, f->haven), 1);
}

/* ---- time --------------------------------------------------------------------------------------- */

static void urgent(struct fixture *f, struct stage_message *message)
{
    stage_referral(&f->stage, message, "linde", "haven");
    message->header.fact[SCH_FACT_URGENCY] = SCH_URGENCY_URGENT;
    stage_write(&f->stage, message, &message->header, STAGE_LETTER);
}

/* An urgent letter would be overdue after an hour, also by the time that is believed meanwhile. */
static void test_held_time_fires_nothing(void **state)
{
    struct fixture *f = *state;
    struct stage_message another;

    urgent(f, &f->referral);
    refer(f);
    sch_clock_sim_jump(f->stage.clock, 6 * DAY_MS);
    stage_run(&f->stage);
    assert_true(sch_turn_is_held(f->stage.turn));
    stage_pass(&f->stage, 3 * 3600000);
    assert_int_equal(f->stage.metrics.due_fired, 0);
    assert_int_equal(f->stage.metrics.alerts[SCH_STEP_OVERDUE], 0);
    /* It goes on serving, by the time that it believes. */
    sch_clock_sim_jump(f->stage.clock, -6 * DAY_MS);
    stage_referral(&f->stage, &another, "beuk", "haven");
    sch_clock_sim_jump(f->stage.clock, 6 * DAY_MS);
    size_t beuk = stage_enter(&f->stage, "beuk", 1);
    assert_true(stage_submit(&f->stage, beuk, &another, &f->reply));
    assert_int_equal(f->reply.receipt.stored_ms, START_MS + 3 * 3600000);
    sch_turn_confirm_time(f->stage.turn);
    stage_run(&f->stage);
    assert_false(sch_turn_is_held(f->stage.turn));
    assert_true(f->stage.metrics.alerts[SCH_STEP_OVERDUE] > 0);
    assert_int_equal(f->stage.metrics.made[SCH_KIND_DELIVERY_REPORT], 2);
}

/* After a start no E1 fires for a quarter of an hour. The row that could not act keeps nobody busy, and holds
 * up no other. */
static void test_a_due_that_cannot_act_is_passed_over(void **state)
{
    struct fixture *f = *state;
    struct stage_message message;
    sch_error error = SCH_ERROR_INIT;
    uint64_t turns;

    urgent(f, &message);
    assert_true(stage_submit(&f->stage, f->linde, &message, &f->reply));
    stage_stop(&f->stage);
    sch_clock_sim_advance(f->stage.clock, 2 * 3600000);
    f->stage.turn_code = sch_turn_open(&f->stage.turn, &f->stage.options, &error);
    assert_int_equal(f->stage.turn_code, SCH_OK);
    for (int i = 0; i < 5; i++)
        assert_int_equal(sch_turn_run(f->stage.turn, -1, &error), SCH_OK);
    assert_true(sch_net_sim_last_wait_ms(f->stage.net) > 1000);
    assert_int_equal(f->stage.metrics.alerts[SCH_STEP_OVERDUE], 0);
    turns = f->stage.metrics.turns;
    stage_pass(&f->stage, 15 * MINUTE_MS - 1);
    assert_int_equal(f->stage.metrics.alerts[SCH_STEP_OVERDUE], 0);
    assert_true(f->stage.metrics.turns - turns < 100);
    stage_pass(&f->stage, MINUTE_MS + 1);
    assert_int_equal(f->stage.metrics.alerts[SCH_STEP_OVERDUE], 1);
}

/* A dossier that cannot be stored when it falls due keeps nobody busy either, and holds up no other. */
static void test_a_poisoned_due_holds_up_no_other(void **state)
{
    struct fixture *f = *state;
    struct stage_message other;
    uint64_t turns;

    urgent(f, &f->referral);
    refer(f);
    stage_pass(&f->stage, 1000);
    urgent(f, &other);
    assert_true(stage_submit(&f->stage, f->linde, &other, &f->reply));
    sch_store_sim_poison(f->stage.store, SCH_TABLE_DOSSIER, f->referral.header.id.bytes, SCH_ID_SIZE);
    turns = f->stage.metrics.turns;
    stage_pass(&f->stage, 70 * MINUTE_MS);
    assert_int_equal(f->stage.metrics.made[SCH_KIND_DELIVERY_REPORT] > 0, 1);
    assert_true(f->stage.metrics.poison > 0);
    assert_true(f->stage.metrics.turns - turns < 200);
    assert_true(stage_attach(&f->stage, stage_enter(&f->stage, "linde", 1), LINDE, 16, &f->reply));
    stage_run(&f->stage);
    stage_drain(&f->stage, sch_net_sim_peer_count(f->stage.net) - 1);
    assert_int_equal(f->stage.delivery_count, 1);
    assert_true(sch_id_equal(&f->stage.delivery[0].header.subject, &other.header.id));
}

/* ---- frames ------------------------------------------------------------------------------------- */

static void put(struct fixture *f, size_t frames, size_t command_size, size_t body_size)
{
    uint8_t *bytes = calloc(1, command_size + body_size + 1);

    assert_non_null(bytes);
    memcpy(bytes, f->referral.command,
           command_size < f->referral.command_size ? command_size : f->referral.command_size);
    sch_net_sim_put_frames(f->stage.net, f->linde, (struct sch_bytes){ bytes, command_size },
                           (struct sch_bytes){ bytes, body_size }, frames);
    free(bytes);
    stage_run(&f->stage);
    assert_true(stage_take(&f->stage, f->linde, &f->reply));
}

static void test_frames(void **state)
{
    struct fixture *f = *state;
    size_t size = f->referral.command_size;

    put(f, 3, size, f->referral.body_size);
    expect_rejected(f, SCH_E_PROTOCOL, "frames");
    put(f, 1, 3, 0);
    assert_int_equal(f->reply.rejection.code, SCH_E_PROTOCOL);
    put(f, 1, 0, 0);
    assert_int_equal(f->reply.rejection.code, SCH_E_PROTOCOL);
    put(f, 1, SCH_COMMAND_SIZE_MAX + 1, 0);
    assert_int_equal(f->reply.rejection.code, SCH_E_TOO_LARGE);
    put(f, 1, size, 0);
    expect_rejected(f, SCH_E_LETTER_MISSING, "body");
    put(f, 2, size, SCH_BODY_SIZE_MAX + 1);
    expect_rejected(f, SCH_E_TOO_LARGE, "body");
    put(f, 2, size, f->referral.body_size + 1);
    expect_rejected(f, SCH_E_FIELD_INVALID, "seal.padded_size");
    /* Not one of them was stored. */
    refer(f);
    assert_false(f->reply.receipt.duplicate);
}

static void test_a_body_with_a_settle(void **state)
{
    struct fixture *f = *state;
    struct sch_command command = { .request = 9, .type = SCH_COMMAND_SETTLE };
    uint8_t bytes[SCH_COMMAND_SIZE_MAX];
    size_t size;

    refer(f);
    strcpy(command.settle.mailbox.text, HAVEN);
    command.settle.message = f->referral.header.id;
    command.settle.verdict = SCH_VERDICT_COLLECTED;
    size = sch_command_encode(&command, bytes, sizeof bytes);
    sch_net_sim_put(f->stage.net, f->haven, (struct sch_bytes){ bytes, size }, (struct sch_bytes){ bytes,
                                                                                                   1 });
    stage_run(&f->stage);
    assert_true(stage_take(&f->stage, f->haven, &f->reply));
    expect_rejected(f, SCH_E_PROTOCOL, "body");
    assert_int_equal(f->reply.request, 9);
    assert_int_equal(f->stage.metrics.settled[SCH_DELIVERY_COLLECTED], 0);
}

/* ---- limits ------------------------------------------------------------------------------------- */

/* An attach with so many mailboxes and so much credit, of which no encoder makes more than the limit. */
static void attach_raw(struct fixture *f, size_t mailboxes, uint32_t messages, uint32_t bytes)
{
    struct raw inner = raw_new(), outer = raw_new();

    for (size_t i = 0; i < mailboxes; i++) {
        raw_varint(&inner, 1 << 3 | 2);
        raw_varint(&inner, sizeof LINDE - 1);
        raw_append(&inner, LINDE, sizeof LINDE - 1);
    }
    raw_number(&inner, 2, messages);
    raw_number(&inner, 3, bytes);
    raw_number(&outer, 1, 77);
    raw_varint(&outer, 5 << 3 | 2);
    raw_varint(&outer, inner.size);
    raw_append(&outer, inner.bytes, inner.size);
    sch_net_sim_put(f->stage.net, f->linde, raw_view(&outer), (struct sch_bytes){ 0 });
    stage_run(&f->stage);
    assert_true(stage_take(&f->stage, f->linde, &f->reply));
    raw_free(&inner);
    raw_free(&outer);
}

static void test_limits_of_attach(void **state)
{
    struct fixture *f = *state;

    attach_raw(f, SCH_ATTACHED_MAX, SCH_CREDIT_MESSAGES_MAX, SCH_CREDIT_BYTES_MAX);
    assert_int_equal(f->reply.type, SCH_REPLY_ATTACHED);
    assert_int_equal(f->reply.attached.mailbox_count, SCH_ATTACHED_MAX);
    assert_int_equal(f->reply.attached.credit_messages, SCH_CREDIT_MESSAGES_MAX);
    attach_raw(f, SCH_ATTACHED_MAX + 1, 1, 1);
    assert_int_equal(f->reply.type, SCH_REPLY_REJECTION);
    attach_raw(f, 1, SCH_CREDIT_MESSAGES_MAX + 1, 1);
    expect_rejected(f, SCH_E_FIELD_INVALID, "attach.credit_messages");
    attach_raw(f, 1, 1, SCH_CREDIT_BYTES_MAX + 1);
    expect_rejected(f, SCH_E_FIELD_INVALID, "attach.credit_bytes");
}

static void test_no_more_than_the_credit(void **state)
{
    struct fixture *f = *state;
    struct stage_message message;

    for (int i = 0; i < 5; i++) {
        stage_referral(&f->stage, &message, "linde", "haven");
        assert_true(stage_submit(&f->stage, f->linde, &message, &f->reply));
    }
    assert_true(stage_attach(&f->stage, f->haven, HAVEN, 3, &f->reply));
    assert_int_equal(deliveries(f, f->haven), 3);
    assert_true(stage_settle(&f->stage, f->haven, HAVEN, &f->stage.delivery[0].header.id,
                             SCH_VERDICT_COLLECTED,
                             &f->reply));
    assert_int_equal(deliveries(f, f->haven), 4);
}

/* ---- offers ------------------------------------------------------------------------------------- */

static void test_redelivered_after_a_restart(void **state)
{
    struct fixture *f = *state;

    refer(f);
    attach(f, f->haven, HAVEN);
    assert_int_equal(deliveries(f, f->haven), 1);
    assert_false(f->stage.delivery[0].redelivered);
    assert_int_equal(f->stage.delivery[0].body_size, f->referral.body_size);
    stage_stop(&f->stage);
    stage_start(&f->stage);
    f->haven = stage_enter(&f->stage, "haven", 1);
    attach(f, f->haven, HAVEN);
    assert_int_equal(deliveries(f, f->haven), 1);
    assert_true(f->stage.delivery[0].redelivered);
}

static void test_the_sender_is_told(void **state)
{
    struct fixture *f = *state;

    attach(f, f->linde, LINDE);
    refer(f);
    attach(f, f->haven, HAVEN);
    assert_true(stage_settle(&f->stage, f->haven, HAVEN, &f->referral.header.id, SCH_VERDICT_COLLECTED,
                             &f->reply));
    stage_drain(&f->stage, f->linde);
    assert_int_equal(f->stage.status_count, 1);
    assert_int_equal(f->stage.status[0].peer, f->linde);
    assert_int_equal(f->stage.status[0].state, SCH_DELIVERY_COLLECTED);
    assert_string_equal(f->stage.status[0].mailbox.text, HAVEN);
}

static void test_a_full_pipe_loses_nothing(void **state)
{
    struct fixture *f = *state;

    attach(f, f->haven, HAVEN);
    sch_net_sim_stall(f->stage.net, f->haven, true);
    refer(f);
    stage_pass(&f->stage, 1000);
    assert_int_equal(f->stage.metrics.queue_inflight, 0);
    sch_net_sim_stall(f->stage.net, f->haven, false);
    stage_pass(&f->stage, 1000);
    assert_int_equal(deliveries(f, f->haven), 1);
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
        TEST(test_versions_that_do_not_meet), TEST(test_hello_comes_first), TEST(test_unknown_key),
        TEST(test_revoked_while_connected), TEST(test_attach_to_a_foreign_mailbox),
        TEST(test_submit_as_another),
        TEST(test_settle_what_is_not_yours), TEST(test_retry_and_refuse_take_a_lease),
        TEST(test_the_same_bytes_the_same_receipt), TEST(test_other_bytes_under_the_same_id),
        TEST(test_unknown_commit_that_happened), TEST(test_unknown_commit_that_was_lost),
        TEST(test_fatal_stops_the_broker), TEST(test_conflict_is_tried_again), TEST(test_full_in_the_commit),
        TEST(test_a_poisoned_item_holds_up_no_other), TEST(test_below_the_reserve), TEST(test_drain),
        TEST(test_drain_offers_nothing_and_waits_for_leases), TEST(test_held_time_fires_nothing),
        TEST(test_a_due_that_cannot_act_is_passed_over),
        TEST(test_a_poisoned_due_holds_up_no_other), TEST(test_frames), TEST(test_a_body_with_a_settle),
        TEST(test_limits_of_attach), TEST(test_no_more_than_the_credit),
        TEST(test_redelivered_after_a_restart),
        TEST(test_the_sender_is_told), TEST(test_a_full_pipe_loses_nothing),
    };

    return cmocka_run_group_tests(tests, group_set_up, group_tear_down);
}
