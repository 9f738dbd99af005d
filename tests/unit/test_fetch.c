/*
 * test_fetch.c: large bodies on their way out: who may fetch a part, and when it is gone; uploads that nobody submits.
 */
#include "parts_stage.h"

#include <unistd.h>

#include "shell/log.h"

/* ---- parts that are fetched --------------------------------------------------------------------- */

static void test_who_may_fetch(void **state)
{
    struct fixture *f = *state;
    const struct sch_id *id = &f->letter.message.header.id;
    size_t beuk = stage_enter(&f->stage, "beuk", 1);
    struct sch_id unknown = *id;
    struct stage_message small;

    upload(f, f->linde, &f->letter);
    fetch(f, f->haven, HAVEN, id, 0);
    expect_rejected(f, SCH_E_UNKNOWN_MESSAGE, "fetch.message_id");
    submit(f, f->linde, &f->letter);
    expect_receipt(f, false);
    fetch(f, beuk, HAVEN, id, 0);
    expect_rejected(f, SCH_E_NOT_YOURS, "fetch.mailbox");
    fetch(f, f->linde, HAVEN, id, 0);
    expect_rejected(f, SCH_E_NOT_YOURS, "fetch.mailbox");
    fetch(f, beuk, BEUK, id, 0);
    expect_rejected(f, SCH_E_UNKNOWN_MESSAGE, "fetch.message_id");
    fetch(f, f->linde, LINDE, id, 0);
    expect_rejected(f, SCH_E_UNKNOWN_MESSAGE, "fetch.message_id");
    unknown.bytes[15] ^= 1;
    fetch(f, f->haven, HAVEN, &unknown, 0);
    expect_rejected(f, SCH_E_UNKNOWN_MESSAGE, "fetch.message_id");
    fetch(f, f->haven, HAVEN, id, 2);
    expect_rejected(f, SCH_E_FIELD_INVALID, "fetch.index");
    fetch(f, f->haven, HAVEN, id, 1);
    expect_part(f, &f->letter, 1);
    /* A letter of one frame has no parts. */
    stage_referral(&f->stage, &small, "linde", "haven");
    assert_true(stage_submit(&f->stage, f->linde, &small, &f->reply));
    fetch(f, f->haven, HAVEN, &small.header.id, 0);
    expect_rejected(f, SCH_E_FIELD_INVALID, "fetch.index");
}

/* Held back by an operator: whoever holds the lease may finish, and nobody else begins. */
static void test_a_mailbox_that_is_held_back(void **state)
{
    struct fixture *f = *state;
    const struct sch_id *id = &f->letter.message.header.id;
    size_t other = stage_enter(&f->stage, "haven", 2);
    sch_error error = SCH_ERROR_INIT;

    upload(f, f->linde, &f->letter);
    submit(f, f->linde, &f->letter);
    attach(f, f->haven, HAVEN);
    assert_int_equal(deliveries(f, f->haven), 1);
    assert_int_equal(sch_turn_queue(f->stage.turn, SCH_CONTROL_QUEUE_HOLD, HAVEN, stderr, &error), SCH_OK);
    fetch(f, other, HAVEN, id, 0);
    expect_rejected(f, SCH_E_NOT_LEASED, "fetch.message_id");
    fetch(f, f->haven, HAVEN, id, 0);
    expect_part(f, &f->letter, 0);
    assert_int_equal(sch_turn_queue(f->stage.turn, SCH_CONTROL_QUEUE_RELEASE, HAVEN, stderr, &error), SCH_OK);
    fetch(f, other, HAVEN, id, 0);
    expect_part(f, &f->letter, 0);
}

static void test_a_settlement_in_the_same_turn(void **state)
{
    struct fixture *f = *state;
    struct sch_command collect = { .type = SCH_COMMAND_SETTLE }, get = { .type = SCH_COMMAND_FETCH };

    upload(f, f->linde, &f->letter);
    submit(f, f->linde, &f->letter);
    attach(f, f->haven, HAVEN);
    assert_int_equal(deliveries(f, f->haven), 1);
    assert_true(sch_address_set(&collect.settle.mailbox, HAVEN));
    collect.settle.message = f->letter.message.header.id;
    collect.settle.verdict = SCH_VERDICT_COLLECTED;
    get.fetch.mailbox = collect.settle.mailbox;
    get.fetch.message = collect.settle.message;
    put(f, f->haven, &get, (struct sch_bytes){ 0 });
    put(f, f->haven, &collect, (struct sch_bytes){ 0 });
    put(f, f->haven, &get, (struct sch_bytes){ 0 });
    stage_run(&f->stage);
    assert_true(stage_take(&f->stage, f->haven, &f->reply));
    expect_rejected(f, SCH_E_UNKNOWN_MESSAGE, "fetch.message_id");
    assert_true(stage_take(&f->stage, f->haven, &f->reply));
    assert_int_equal(f->reply.type, SCH_REPLY_SETTLED);
    assert_true(stage_take(&f->stage, f->haven, &f->reply));
    expect_rejected(f, SCH_E_UNKNOWN_MESSAGE, "fetch.message_id");
}

static void test_fetching_extends_the_lease(void **state)
{
    struct fixture *f = *state;
    const struct sch_id *id = &f->letter.message.header.id;
    size_t other;

    upload(f, f->linde, &f->letter);
    submit(f, f->linde, &f->letter);
    attach(f, f->haven, HAVEN);
    assert_int_equal(deliveries(f, f->haven), 1);
    stage_pass(&f->stage, 50000);
    fetch(f, f->haven, HAVEN, id, 0);
    stage_pass(&f->stage, 50000);
    assert_int_equal(f->stage.metrics.queue_inflight, 1);
    assert_int_equal(f->stage.metrics.leases_expired, 0);
    /* Another session of the mailbox may fetch; the lease is not its own. */
    other = stage_enter(&f->stage, "haven", 2);
    fetch(f, other, HAVEN, id, 1);
    expect_part(f, &f->letter, 1);
    stage_pass(&f->stage, 11000);
    assert_int_equal(f->stage.metrics.leases_expired, 1);
}

/* A body larger than any credit counts as the largest: it is offered beside what has no body, and nothing that has
 * one beside it. */
static void test_credit(void **state)
{
    struct fixture *f = *state;
    struct letter large;
    struct stage_message small, message;
    struct sch_header header;

    stage_referral(&f->stage, &small, "linde", "haven");
    assert_true(stage_submit(&f->stage, f->linde, &small, &f->reply));
    settle(f, f->haven, HAVEN, &small.header.id, SCH_VERDICT_COLLECTED);
    header = stage_header(&small.header, SCH_KIND_WITHDRAWAL, "linde");
    header.fact[SCH_FACT_WITHDRAWAL_REASON] = SCH_WITHDRAWN_PATIENT_DECLINES;
    stage_write(&f->stage, &message, &header, 0);
    assert_true(stage_submit(&f->stage, f->linde, &message, &f->reply));
    write_letter(f, &large, "linde", "haven", 17u << 20);
    upload(f, f->linde, &large);
    submit(f, f->linde, &large);
    expect_receipt(f, false);
    stage_referral(&f->stage, &small, "linde", "haven");
    assert_true(stage_submit(&f->stage, f->linde, &small, &f->reply));
    attach(f, f->haven, HAVEN);
    assert_int_equal(deliveries(f, f->haven), 2);
    assert_true(sch_id_equal(&f->stage.delivery[1].header.id, &large.message.header.id));
    settle(f, f->haven, HAVEN, &large.message.header.id, SCH_VERDICT_COLLECTED);
    assert_int_equal(deliveries(f, f->haven), 3);
    free(large.bytes);
}

/* ---- the end ------------------------------------------------------------------------------------ */

/* Two recipients: the parts stay until nobody waits for them. */
static void test_the_last_one_closes_the_door(void **state)
{
    struct fixture *f = *state;
    struct letter *letter = &f->letter;
    size_t beuk = stage_enter(&f->stage, "beuk", 1);
    struct sch_seal seal;

    assert_true(sch_address_set(&letter->message.header.copies[0], BEUK));
    letter->message.header.copy_count = 1;
    seal = seal_of(f, letter, PADDED);
    seal_with(f, letter, &seal);
    upload(f, f->linde, letter);
    submit(f, f->linde, letter);
    expect_receipt(f, false);
    settle(f, f->haven, HAVEN, &letter->message.header.id, SCH_VERDICT_COLLECTED);
    expect_rows(f, 0, 2);
    fetch(f, f->haven, HAVEN, &letter->message.header.id, 0);
    expect_rejected(f, SCH_E_UNKNOWN_MESSAGE, "fetch.message_id");
    fetch(f, beuk, BEUK, &letter->message.header.id, 0);
    expect_part(f, letter, 0);
    attach(f, beuk, BEUK);
    assert_int_equal(deliveries(f, beuk), 1);
    settle(f, beuk, BEUK, &letter->message.header.id, SCH_VERDICT_REFUSED);
    expect_rows(f, 0, 0);
}

static void test_a_withdrawal_destroys_the_parts(void **state)
{
    struct fixture *f = *state;
    struct stage_message message;
    struct sch_header header;

    upload(f, f->linde, &f->letter);
    submit(f, f->linde, &f->letter);
    header = stage_header(&f->letter.message.header, SCH_KIND_WITHDRAWAL, "linde");
    header.fact[SCH_FACT_WITHDRAWAL_REASON] = SCH_WITHDRAWN_PATIENT_DECLINES;
    stage_write(&f->stage, &message, &header, 0);
    assert_true(stage_submit(&f->stage, f->linde, &message, &f->reply));
    expect_receipt(f, false);
    expect_rows(f, 0, 0);
    fetch(f, f->haven, HAVEN, &f->letter.message.header.id, 0);
    expect_rejected(f, SCH_E_UNKNOWN_MESSAGE, "fetch.message_id");
}

static void test_expiry_destroys_the_parts(void **state)
{
    struct fixture *f = *state;

    upload(f, f->linde, &f->letter);
    submit(f, f->linde, &f->letter);
    stage_pass(&f->stage, 29 * DAY_MS);
    expect_rows(f, 0, 2);
    stage_pass(&f->stage, 2 * DAY_MS);
    expect_rows(f, 0, 0);
    assert_int_equal(f->stage.metrics.settled[SCH_DELIVERY_EXPIRED], 1);
    f->haven = stage_enter(&f->stage, "haven", 1);
    fetch(f, f->haven, HAVEN, &f->letter.message.header.id, 0);
    expect_rejected(f, SCH_E_UNKNOWN_MESSAGE, "fetch.message_id");
}

/* A day after its last part, to the millisecond, by a turn that wakes for it. */
static void test_an_upload_that_nobody_submits(void **state)
{
    struct fixture *f = *state;
    struct letter late;

    send_part(f, f->linde, &f->letter, 0);
    stage_pass(&f->stage, DAY_MS - MINUTE_MS);
    f->linde = stage_enter(&f->stage, "linde", 1);
    send_part(f, f->linde, &f->letter, 1);
    write_letter(f, &late, "linde", "haven", PADDED);
    send_part(f, f->linde, &late, 0);
    stage_pass(&f->stage, MINUTE_MS);
    send_part(f, f->linde, &late, 1);
    stage_pass(&f->stage, DAY_MS - MINUTE_MS - 1);
    expect_rows(f, 2, 4);
    stage_pass(&f->stage, 1);
    expect_rows(f, 1, 2);
    assert_int_equal(f->stage.metrics.uploads_dropped, 1);
    assert_int_equal(f->stage.metrics.upload_bytes, late.size);
    f->linde = stage_enter(&f->stage, "linde", 1);
    submit(f, f->linde, &f->letter);
    expect_rejected(f, SCH_E_UPLOAD_MISSING, "submit.upload");
    stage_pass(&f->stage, MINUTE_MS);
    expect_rows(f, 0, 0);
    free(late.bytes);
}

/* After a start nothing goes for a quarter of an hour, so that whoever waited for the broker can go on. */
static void test_abandoned_over_a_stop(void **state)
{
    struct fixture *f = *state;
    struct letter kept;

    upload(f, f->linde, &f->letter);
    write_letter(f, &kept, "linde", "haven", PADDED);
    send_part(f, f->linde, &kept, 0);
    stage_stop(&f->stage);
    sch_clock_sim_advance(f->stage.clock, 2 * DAY_MS);
    stage_start(&f->stage);
    stage_pass(&f->stage, 14 * MINUTE_MS);
    expect_rows(f, 2, 3);
    f->linde = stage_enter(&f->stage, "linde", 1);
    submit(f, f->linde, &f->letter);
    expect_receipt(f, false);
    stage_pass(&f->stage, MINUTE_MS);
    expect_rows(f, 0, 2);
    assert_int_equal(f->stage.metrics.uploads_dropped, 1);
    free(kept.bytes);
}

/* Many at once go a few a turn, and a store that refuses is asked again. */
static void test_many_are_dropped_in_steps(void **state)
{
    struct fixture *f = *state;
    sch_error error = SCH_ERROR_INIT;

    for (uint8_t i = 0; i < 10; i++)
        begin_upload(f, f->linde, LINDE, i, 2);
    sch_clock_sim_advance(f->stage.clock, DAY_MS);
    sch_store_sim_fail(f->stage.store, SCH_SIM_UNKNOWN_LOST, 0);
    assert_int_equal(sch_turn_run(f->stage.turn, 0, &error), SCH_OK);
    expect_rows(f, 10, 10);
    assert_int_equal(f->stage.metrics.upload_bytes, 10);
    sch_clock_sim_advance(f->stage.clock, 1000);
    assert_int_equal(sch_turn_run(f->stage.turn, 0, &error), SCH_OK);
    expect_rows(f, 10 - SCH_UPLOAD_DROPS_MAX, 10 - SCH_UPLOAD_DROPS_MAX);
    stage_run(&f->stage);
    expect_rows(f, 0, 0);
    assert_int_equal(f->stage.metrics.uploads_dropped, 10);
    assert_int_equal(f->stage.metrics.upload_bytes, 0);
    assert_true(sch_net_sim_last_wait_ms(f->stage.net) != 0);
}

/* One that cannot be dropped is not spun on, and does not keep the others. */
static void test_one_that_cannot_be_dropped(void **state)
{
    struct fixture *f = *state;
    struct sch_address linde;
    struct sch_id id = { { 0x77, 1 } };
    struct sch_record_key key;

    for (uint8_t i = 0; i < 3; i++)
        begin_upload(f, f->linde, LINDE, i, 2);
    assert_true(sch_address_set(&linde, LINDE));
    key = sch_record_key_upload(&linde, &id);
    sch_store_sim_poison(f->stage.store, SCH_TABLE_UPLOAD, key.bytes, key.size);
    stage_pass(&f->stage, DAY_MS + 10 * MINUTE_MS);
    expect_rows(f, 1, 1);
    assert_true(f->stage.metrics.poison >= 10 && f->stage.metrics.poison <= 12);
}

/* How often the log has said this, while the test's pipe was its end. */
static size_t said(const int log[2], const char *code)
{
    static char text[65536];
    size_t count = 0;
    ssize_t size;

    sch_log_open(2, SCH_LOG_INFO, SCH_LOG_TEXT);
    close(log[1]);
    size = read(log[0], text, sizeof text - 1);
    close(log[0]);
    assert_true(size >= 0);
    text[size] = '\0';
    for (const char *at = text; (at = strstr(at, code)) != NULL; at++)
        count++;
    return count;
}

/* One that cannot be read keeps none of those behind it: it is said, once a pass, and stays. */
static void test_one_that_cannot_be_read(void **state)
{
    struct fixture *f = *state;
    struct sch_address linde;
    struct sch_id id = { { 0x77, 0 } };
    struct sch_record_key key;
    struct sch_op op = { .table = SCH_TABLE_UPLOAD, .value = { (const uint8_t *)"rubble", 6 },
                         .expected = SCH_STORE_ANY };
    int log[2];

    for (uint8_t i = 0; i < 3; i++)
        begin_upload(f, f->linde, LINDE, i, 2);
    assert_true(sch_address_set(&linde, LINDE));
    key = sch_record_key_upload(&linde, &id);
    op.key = sch_record_key_bytes(&key);
    assert_int_equal(sch_store_apply(f->stage.store, &op, 1), SCH_STORE_OK);
    assert_int_equal(pipe(log), 0);
    sch_log_open(log[1], SCH_LOG_INFO, SCH_LOG_TEXT);
    stage_pass(&f->stage, DAY_MS + 10 * MINUTE_MS);
    expect_rows(f, 1, 1);
    assert_int_equal(f->stage.metrics.uploads_dropped, 2);
    /* Twice: a part that comes is noted for the pass that may be under way as well as for the next. */
    assert_int_equal(said(log, "UPLOAD_UNREADABLE"), 2);
    /* A start is refused, as it was. */
    stage_stop(&f->stage);
    stage_start(&f->stage);
    assert_int_equal(f->stage.turn_code, SCH_E_STORE_DAMAGED);
    op.erase = true;
    assert_int_equal(sch_store_apply(f->stage.store, &op, 1), SCH_STORE_OK);
    stage_start(&f->stage);
    assert_int_equal(f->stage.turn_code, SCH_OK);
}

/* Time that nobody vouches for drops nothing. */
static void test_held_time_drops_nothing(void **state)
{
    struct fixture *f = *state;

    send_part(f, f->linde, &f->letter, 0);
    stage_pass(&f->stage, MINUTE_MS);
    sch_clock_sim_jump(f->stage.clock, 40 * DAY_MS);
    stage_pass(&f->stage, 2 * DAY_MS);
    assert_true(sch_turn_is_held(f->stage.turn));
    expect_rows(f, 1, 1);
    sch_turn_confirm_time(f->stage.turn);
    stage_pass(&f->stage, 14 * MINUTE_MS);
    expect_rows(f, 1, 1);
    stage_pass(&f->stage, 2 * MINUTE_MS);
    expect_rows(f, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_who_may_fetch), TEST(test_a_mailbox_that_is_held_back),
        TEST(test_a_settlement_in_the_same_turn),
        TEST(test_fetching_extends_the_lease), TEST(test_credit), TEST(test_the_last_one_closes_the_door),
        TEST(test_a_withdrawal_destroys_the_parts), TEST(test_expiry_destroys_the_parts),
        TEST(test_an_upload_that_nobody_submits), TEST(test_abandoned_over_a_stop),
        TEST(test_many_are_dropped_in_steps), TEST(test_one_that_cannot_be_dropped),
        TEST(test_one_that_cannot_be_read), TEST(test_held_time_drops_nothing),
    };

    return cmocka_run_group_tests(tests, group_set_up, group_tear_down);
}
