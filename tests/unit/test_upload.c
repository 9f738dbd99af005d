/*
 * test_upload.c: large bodies on their way in: parts that come, in whatever order, from whomever, and how many.
 */
#include "parts_stage.h"

/* ---- from one end to the other ------------------------------------------------------------------- */

static void test_a_letter_in_parts(void **state)
{
    struct fixture *f = *state;
    const struct sch_id *id = &f->letter.message.header.id;

    send_part(f, f->linde, &f->letter, 0);
    expect_missing(f, 1, 1);
    assert_int_equal(f->reply.parts.count, 2);
    assert_true(sch_id_equal(&f->reply.parts.upload, &f->letter.upload));
    assert_int_equal(f->stage.metrics.upload_bytes, SCH_PART_SIZE);
    send_part(f, f->linde, &f->letter, 1);
    expect_missing(f, 0, 0);
    assert_int_equal(f->stage.metrics.upload_bytes, f->letter.size);
    expect_rows(f, 1, 2);
    submit(f, f->linde, &f->letter);
    expect_receipt(f, false);
    assert_int_equal(f->stage.metrics.upload_bytes, 0);
    assert_int_equal(f->stage.metrics.uploads_submitted, 1);
    expect_rows(f, 0, 2);
    attach(f, f->haven, HAVEN);
    assert_int_equal(deliveries(f, f->haven), 1);
    assert_int_equal(f->stage.delivery[0].body_size, 0);
    for (uint32_t i = 2; i-- > 0;) {
        fetch(f, f->haven, HAVEN, id, i);
        expect_part(f, &f->letter, i);
    }
    settle(f, f->haven, HAVEN, id, SCH_VERDICT_COLLECTED);
    expect_rows(f, 0, 0);
    fetch(f, f->haven, HAVEN, id, 0);
    expect_rejected(f, SCH_E_UNKNOWN_MESSAGE, "fetch.message_id");
}

static void test_the_largest_letter(void **state)
{
    struct fixture *f = *state;
    struct letter largest;
    size_t padded = SCH_LARGE_SIZE_MAX - 17 * SCH_PARTS_MAX - 24;

    write_letter(f, &largest, "linde", "haven", padded);
    assert_int_equal(largest.count, SCH_PARTS_MAX);
    assert_int_equal(largest.size, SCH_LARGE_SIZE_MAX);
    upload(f, f->linde, &largest);
    submit(f, f->linde, &largest);
    expect_receipt(f, false);
    attach(f, f->haven, HAVEN);
    assert_int_equal(deliveries(f, f->haven), 1);
    fetch(f, f->haven, HAVEN, &largest.message.header.id, SCH_PARTS_MAX - 1);
    expect_part(f, &largest, SCH_PARTS_MAX - 1);
    settle(f, f->haven, HAVEN, &largest.message.header.id, SCH_VERDICT_COLLECTED);
    expect_rows(f, 0, 0);
    free(largest.bytes);
}

static void test_welcome_says_how_large(void **state)
{
    struct fixture *f = *state;
    struct sch_command command = { .type = SCH_COMMAND_HELLO };
    size_t peer = stage_connect(&f->stage, "beuk");

    command.hello.version_min = command.hello.version_max = 1;
    command.hello.instance.bytes[0] = 1;
    assert_true(stage_ask(&f->stage, peer, &command, &f->reply));
    assert_int_equal(f->reply.welcome.large_size_max, SCH_LARGE_SIZE_MAX);
    assert_int_equal(f->reply.welcome.part_size, SCH_PART_SIZE);
}

/* ---- parts that come ---------------------------------------------------------------------------- */

static void test_parts_in_any_order_and_again(void **state)
{
    struct fixture *f = *state;

    send_part(f, f->linde, &f->letter, 1);
    expect_missing(f, 1, 0);
    send_part(f, f->linde, &f->letter, 1);
    expect_missing(f, 1, 0);
    assert_int_equal(f->stage.metrics.parts_stored, 1);
    send_part(f, f->linde, &f->letter, 0);
    /* Other bytes, and another size of the last, take the place of what was there. */
    f->letter.bytes[SCH_PART_SIZE] ^= 1;
    send_part(f, f->linde, &f->letter, 1);
    expect_missing(f, 0, 0);
    assert_int_equal(f->stage.metrics.parts_stored, 3);
    send_bytes(f, f->linde, LINDE, &f->letter.upload, 1, 2, (struct sch_bytes){ f->letter.bytes, 5 });
    assert_int_equal(f->stage.metrics.upload_bytes, SCH_PART_SIZE + 5);
    send_part(f, f->linde, &f->letter, 1);
    assert_int_equal(f->stage.metrics.upload_bytes, f->letter.size);
    expect_rows(f, 1, 2);
    submit(f, f->linde, &f->letter);
    expect_receipt(f, false);
    fetch(f, f->haven, HAVEN, &f->letter.message.header.id, 1);
    expect_part(f, &f->letter, 1);
}

static void test_asking_stores_nothing(void **state)
{
    struct fixture *f = *state;

    ask(f, f->linde, &f->letter);
    expect_missing(f, 2, 0);
    expect_rows(f, 0, 0);
    send_part(f, f->linde, &f->letter, 0);
    ask(f, f->linde, &f->letter);
    expect_missing(f, 1, 1);
}

static void test_sizes(void **state)
{
    struct fixture *f = *state;
    static uint8_t bytes[SCH_PART_SIZE + 1];
    const struct sch_id *id = &f->letter.upload;

    send_bytes(f, f->linde, LINDE, id, 0, 3, (struct sch_bytes){ bytes, SCH_PART_SIZE + 1 });
    expect_rejected(f, SCH_E_TOO_LARGE, "body");
    send_bytes(f, f->linde, LINDE, id, 0, 3, (struct sch_bytes){ bytes, SCH_PART_SIZE - 1 });
    expect_rejected(f, SCH_E_FIELD_INVALID, "body");
    send_bytes(f, f->linde, LINDE, id, 1, 3, (struct sch_bytes){ bytes, 1 });
    expect_rejected(f, SCH_E_FIELD_INVALID, "body");
    send_bytes(f, f->linde, LINDE, id, 2, 3, (struct sch_bytes){ bytes, SCH_PART_SIZE + 1 });
    expect_rejected(f, SCH_E_TOO_LARGE, "body");
    expect_rows(f, 0, 0);
    send_bytes(f, f->linde, LINDE, id, 2, 3, (struct sch_bytes){ bytes, 1 });
    expect_missing(f, 2, 0);
    send_bytes(f, f->linde, LINDE, id, 2, 3, (struct sch_bytes){ bytes, SCH_PART_SIZE });
    expect_missing(f, 2, 0);
    send_bytes(f, f->linde, LINDE, id, 0, 3, (struct sch_bytes){ bytes, SCH_PART_SIZE });
    expect_missing(f, 1, 1);
    /* An upload keeps the count that it began with, also when somebody only asks. */
    send_bytes(f, f->linde, LINDE, id, 1, 4, (struct sch_bytes){ bytes, SCH_PART_SIZE });
    expect_rejected(f, SCH_E_FIELD_INVALID, "part.count");
    send_bytes(f, f->linde, LINDE, id, 0, 2, (struct sch_bytes){ 0 });
    expect_rejected(f, SCH_E_FIELD_INVALID, "part.count");
    expect_rows(f, 1, 2);
}

static void test_nobody_sees_anothers_upload(void **state)
{
    struct fixture *f = *state;
    size_t beuk = stage_enter(&f->stage, "beuk", 1);
    struct letter same = f->letter;

    upload(f, f->linde, &f->letter);
    /* Under another's name. */
    ask(f, beuk, &f->letter);
    expect_rejected(f, SCH_E_NOT_YOURS, "part.sender");
    send_part(f, beuk, &f->letter, 0);
    expect_rejected(f, SCH_E_NOT_YOURS, "part.sender");
    /* Under the same id: another upload. */
    assert_true(sch_address_set(&same.sender, BEUK));
    ask(f, beuk, &same);
    expect_missing(f, 2, 0);
    same.bytes = calloc(1, same.size);
    assert_non_null(same.bytes);
    send_part(f, beuk, &same, 0);
    expect_missing(f, 1, 1);
    expect_rows(f, 2, 3);
    /* A department is another party than its practice. */
    assert_true(sch_address_set(&same.sender, POH));
    ask(f, f->linde, &same);
    expect_missing(f, 2, 0);
    free(same.bytes);
    /* Nor can one submit it. */
    write_letter(f, &same, "beuk", "haven", PADDED);
    same.upload = f->letter.upload;
    struct sch_seal seal = seal_of(f, &same, PADDED);
    seal_with(f, &same, &seal);
    submit(f, beuk, &same);
    expect_rejected(f, SCH_E_UPLOAD_MISSING, "submit.upload");
    submit(f, beuk, &f->letter);
    expect_rejected(f, SCH_E_NOT_YOURS, "header.sender");
    free(same.bytes);
    submit(f, f->linde, &f->letter);
    expect_receipt(f, false);
    fetch(f, f->haven, HAVEN, &f->letter.message.header.id, 0);
    expect_part(f, &f->letter, 0);
}

/* Nor within one turn, whose working set holds both. */
static void test_two_parties_in_one_turn(void **state)
{
    struct fixture *f = *state;
    size_t beuk = stage_enter(&f->stage, "beuk", 1);
    struct sch_command first = part_command(LINDE, &f->letter.upload, 0, 2);
    struct sch_command second = part_command(BEUK, &f->letter.upload, 1, 2);

    put(f, f->linde, &first, part_of(&f->letter, 0));
    put(f, beuk, &second, part_of(&f->letter, 1));
    assert_true(answered(f, f->linde));
    expect_missing(f, 1, 1);
    assert_true(stage_take(&f->stage, beuk, &f->reply));
    expect_missing(f, 1, 0);
    expect_rows(f, 2, 2);
}

static void test_an_address_that_no_directory_knows(void **state)
{
    struct fixture *f = *state;
    struct letter unknown = f->letter;

    assert_true(sch_address_set(&unknown.sender, "agb:01999999"));
    ask(f, f->linde, &unknown);
    expect_rejected(f, SCH_E_NOT_YOURS, "part.sender");
}

static void test_a_restart_between_parts(void **state)
{
    struct fixture *f = *state;

    send_part(f, f->linde, &f->letter, 0);
    restart(f);
    assert_int_equal(f->stage.metrics.upload_bytes, SCH_PART_SIZE);
    ask(f, f->linde, &f->letter);
    expect_missing(f, 1, 1);
    send_part(f, f->linde, &f->letter, 1);
    restart(f);
    submit(f, f->linde, &f->letter);
    expect_receipt(f, false);
    restart(f);
    attach(f, f->haven, HAVEN);
    assert_int_equal(deliveries(f, f->haven), 1);
    fetch(f, f->haven, HAVEN, &f->letter.message.header.id, 0);
    expect_part(f, &f->letter, 0);
    restart(f);
    fetch(f, f->haven, HAVEN, &f->letter.message.header.id, 1);
    expect_part(f, &f->letter, 1);
}

static void test_nothing_is_said_of_a_part_that_may_be_lost(void **state)
{
    struct fixture *f = *state;
    static const enum sch_store_sim_fault faults[] = { SCH_SIM_UNKNOWN_LOST, SCH_SIM_UNKNOWN_KEPT };

    for (size_t i = 0; i < 2; i++) {
        struct sch_command command = part_command(LINDE, &f->letter.upload, 0, 2);

        sch_store_sim_fail(f->stage.store, faults[i], 0);
        put(f, f->linde, &command, part_of(&f->letter, 0));
        assert_false(answered(f, f->linde));
        assert_int_equal(f->stage.metrics.upload_bytes, i * SCH_PART_SIZE);
        ask(f, f->linde, &f->letter);
        expect_missing(f, 2 - i, (uint32_t)i);
    }
}

static void test_short_of_room(void **state)
{
    struct fixture *f = *state;

    send_part(f, f->linde, &f->letter, 0);
    sch_store_sim_fail(f->stage.store, SCH_SIM_FULL, 0);
    send_part(f, f->linde, &f->letter, 1);
    expect_missing(f, 0, 0);            /* the batch failed, the part alone did not */
    stage_stop(&f->stage);
    f->stage.options.reserve_bytes = UINT64_MAX;
    stage_start(&f->stage);
    f->linde = stage_enter(&f->stage, "linde", 1);
    send_part(f, f->linde, &f->letter, 1);
    expect_rejected(f, SCH_E_STORE_FULL, "");
    ask(f, f->linde, &f->letter);
    expect_missing(f, 0, 0);
}

static void test_no_part_while_stopping(void **state)
{
    struct fixture *f = *state;

    send_part(f, f->linde, &f->letter, 0);
    attach(f, f->haven, HAVEN);
    sch_turn_drain(f->stage.turn);
    send_part(f, f->linde, &f->letter, 1);
    expect_rejected(f, SCH_E_STOPPING, "");
    ask(f, f->linde, &f->letter);
    expect_missing(f, 1, 1);
    submit(f, f->linde, &f->letter);
    expect_rejected(f, SCH_E_STOPPING, "");
}

/* ---- how much ----------------------------------------------------------------------------------- */

static void test_quota(void **state)
{
    struct fixture *f = *state;
    uint32_t parts = SCH_UPLOAD_QUOTA / SCH_PART_SIZE;
    uint8_t number = 0;

    /* All but two parts of what one party may announce. */
    for (; parts > SCH_PARTS_MAX; parts -= SCH_PARTS_MAX)
        begin_upload(f, f->linde, LINDE, number++, SCH_PARTS_MAX);
    begin_upload(f, f->linde, LINDE, number++, parts - 2);
    begin_upload(f, f->linde, LINDE, number, 3);
    expect_rejected(f, SCH_E_UPLOAD_QUOTA, "part.upload");
    expect_rows(f, number, number);
    /* What was begun goes on, another party has its own, and the last two are there to be had. */
    begin_upload(f, f->linde, LINDE, 0, SCH_PARTS_MAX);
    expect_missing(f, SCH_PARTS_MAX - 1, 0);
    begin_upload(f, f->linde, POH, 0, SCH_PARTS_MAX);
    expect_missing(f, SCH_PARTS_MAX - 1, 0);
    send_part(f, f->linde, &f->letter, 0);
    expect_missing(f, 1, 1);
    begin_upload(f, f->linde, LINDE, number, 2);
    expect_rejected(f, SCH_E_UPLOAD_QUOTA, "part.upload");
    restart(f);
    begin_upload(f, f->linde, LINDE, number, 2);
    expect_rejected(f, SCH_E_UPLOAD_QUOTA, "part.upload");
    /* Submitting makes room. */
    send_part(f, f->linde, &f->letter, 1);
    submit(f, f->linde, &f->letter);
    expect_receipt(f, false);
    begin_upload(f, f->linde, LINDE, number, 2);
    expect_missing(f, 1, 0);
}

/* What came in the same turn counts too. */
static void test_quota_within_a_turn(void **state)
{
    struct fixture *f = *state;
    size_t stored = 0;

    for (uint8_t i = 0; i < 6; i++) {
        struct sch_id id = { { 0x77, i } };
        struct sch_command command = part_command(LINDE, &id, SCH_PARTS_MAX - 1, SCH_PARTS_MAX);

        put(f, f->linde, &command, (struct sch_bytes){ (const uint8_t *)"x", 1 });
    }
    stage_run(&f->stage);
    while (stage_take(&f->stage, f->linde, &f->reply))
        stored += f->reply.type == SCH_REPLY_PARTS;
    assert_int_equal(stored, SCH_UPLOAD_QUOTA / SCH_LARGE_SIZE_MAX);
    expect_rows(f, stored, stored);
}

static void test_a_turn_takes_so_many_bytes(void **state)
{
    struct fixture *f = *state;
    struct letter letter;
    sch_error error = SCH_ERROR_INIT;
    size_t answers = 0;

    write_letter(f, &letter, "linde", "haven", 40 * (SCH_PART_SIZE - 17) - 24);
    assert_int_equal(letter.count, 40);
    for (uint32_t i = 0; i < letter.count; i++) {
        struct sch_command command = part_command(LINDE, &letter.upload, i, letter.count);

        put(f, f->linde, &command, part_of(&letter, i));
    }
    assert_int_equal(sch_turn_run(f->stage.turn, 0, &error), SCH_OK);
    assert_int_equal(sch_net_sim_inbound_count(f->stage.net), 40 - 32);
    stage_run(&f->stage);
    while (stage_take(&f->stage, f->linde, &f->reply))
        answers++;
    assert_int_equal(answers, 40);
    submit(f, f->linde, &letter);
    expect_receipt(f, false);
    /* And says so many. */
    for (uint32_t i = 0; i < letter.count; i++) {
        struct sch_command command = { .type = SCH_COMMAND_FETCH };

        assert_true(sch_address_set(&command.fetch.mailbox, HAVEN));
        command.fetch.message = letter.message.header.id;
        command.fetch.index = i;
        put(f, f->haven, &command, (struct sch_bytes){ 0 });
    }
    assert_int_equal(sch_turn_run(f->stage.turn, 0, &error), SCH_OK);
    assert_int_equal(sch_net_sim_outbound_count(f->stage.net, f->haven), 32);
    stage_run(&f->stage);
    assert_int_equal(sch_net_sim_outbound_count(f->stage.net, f->haven), 40);
    free(letter.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_letter_in_parts), TEST(test_the_largest_letter), TEST(test_welcome_says_how_large),
        TEST(test_parts_in_any_order_and_again), TEST(test_asking_stores_nothing), TEST(test_sizes),
        TEST(test_nobody_sees_anothers_upload), TEST(test_two_parties_in_one_turn),
        TEST(test_an_address_that_no_directory_knows),
        TEST(test_a_restart_between_parts), TEST(test_nothing_is_said_of_a_part_that_may_be_lost),
        TEST(test_short_of_room), TEST(test_no_part_while_stopping), TEST(test_quota),
        TEST(test_quota_within_a_turn), TEST(test_a_turn_takes_so_many_bytes),
    };

    return cmocka_run_group_tests(tests, group_set_up, group_tear_down);
}
