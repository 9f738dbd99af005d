/*
 * test_upload.c: large bodies as peers see them: parts that come, the message that takes them, parts that are
 * fetched, and what becomes of those that nobody wants.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "id.h"
#include "seal.h"
#include "shell/record.h"
#include "shell/upload.h"
#include "stage.h"

#define START_MS INT64_C(1797840000000) /* Monday 2026-12-21 09:00 in Amsterdam */
#define MINUTE_MS INT64_C(60000)
#define DAY_MS INT64_C(86400000)
#define LINDE "agb:01000001"
#define POH "agb:01000001/poh-ggz"
#define BEUK "agb:01000002"
#define HAVEN "agb:94000001"
#define PADDED 300032u                  /* of a letter whose size does not matter: two parts */

static struct sch_book *book;

/* A letter in parts, and the message that takes it. */
struct letter {
    struct sch_address sender;
    struct sch_id upload;
    uint32_t count;
    size_t size;
    uint8_t *bytes;
    struct stage_message message;
};

struct fixture {
    struct stage stage;
    size_t linde, haven;
    struct letter letter;
    struct sch_reply reply;
};

static struct sch_bytes part_of(const struct letter *letter, uint32_t index)
{
    size_t at = (size_t)index * SCH_PART_SIZE;
    size_t left = letter->size - at;

    return (struct sch_bytes){ letter->bytes + at, left < SCH_PART_SIZE ? left : SCH_PART_SIZE };
}

/* The message's command over: with this seal and upload. */
static void seal_with(struct fixture *f, struct letter *letter, const struct sch_seal *seal)
{
    struct sch_command command = { .request = ++f->stage.request, .type = SCH_COMMAND_SUBMIT };
    static uint8_t header[SCH_HEADER_SIZE_MAX], bytes[SCH_SEAL_SIZE_MAX];
    struct stage_message *message = &letter->message;

    command.submit.header = (struct sch_bytes){ header, sch_header_encode(&message->header, header,
                                                                           sizeof header) };
    command.submit.seal = (struct sch_bytes){ bytes, sch_seal_encode(seal, bytes, sizeof bytes) };
    command.submit.upload = letter->upload;
    message->command_size = sch_command_encode(&command, message->command, sizeof message->command);
    message->body_size = 0;
    assert_true(message->command_size > 0);
}

static struct sch_seal seal_of(struct fixture *f, const struct letter *letter, size_t padded)
{
    struct sch_seal seal;

    (void)sch_region_sim_seal(book, &letter->message.header, padded, stage_now_ms(&f->stage), &f->stage.prng, &seal);
    seal.suite = SCH_SUITE_PARTS;
    return seal;
}

/* A referral with a letter of this padded size. */
static void write_letter(struct fixture *f, struct letter *letter, const char *from, const char *to, size_t padded)
{
    struct sch_seal seal;

    memset(letter, 0, sizeof *letter);
    stage_referral(&f->stage, &letter->message, from, to);
    letter->sender = letter->message.header.sender;
    letter->count = (uint32_t)sch_seal_part_count(padded);
    letter->size = sch_seal_parts_size(padded);
    letter->bytes = malloc(letter->size);
    assert_non_null(letter->bytes);
    sch_prng_fill(&f->stage.prng, letter->bytes, letter->size);
    sch_prng_fill(&f->stage.prng, letter->upload.bytes, sizeof letter->upload.bytes);
    seal = seal_of(f, letter, padded);
    seal_with(f, letter, &seal);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    stage_open(&f->stage, book, START_MS);
    f->linde = stage_enter(&f->stage, "linde", 1);
    f->haven = stage_enter(&f->stage, "haven", 1);
    write_letter(f, &f->letter, "linde", "haven", PADDED);
    assert_int_equal(f->letter.count, 2);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    free(f->letter.bytes);
    stage_close(&f->stage);
    free(f);
    return 0;
}

static void restart(struct fixture *f)
{
    stage_stop(&f->stage);
    stage_start(&f->stage);
    f->linde = stage_enter(&f->stage, "linde", 1);
    f->haven = stage_enter(&f->stage, "haven", 1);
}

/* ---- what is said ------------------------------------------------------------------------------- */

static void expect_rejected(const struct fixture *f, enum sch_error_code code, const char *field)
{
    assert_int_equal(f->reply.type, SCH_REPLY_REJECTION);
    assert_int_equal(f->reply.rejection.code, code);
    assert_string_equal(f->reply.rejection.field, field);
}

static void put(struct fixture *f, size_t peer, struct sch_command *command, struct sch_bytes body)
{
    uint8_t bytes[SCH_COMMAND_SIZE_MAX];
    size_t size;

    command->request = ++f->stage.request;
    size = sch_command_encode(command, bytes, sizeof bytes);
    assert_true(size > 0);
    sch_net_sim_put(f->stage.net, peer, (struct sch_bytes){ bytes, size }, body);
}

static bool answered(struct fixture *f, size_t peer)
{
    stage_run(&f->stage);
    return stage_take(&f->stage, peer, &f->reply);
}

static struct sch_command part_command(const char *sender, const struct sch_id *upload, uint32_t index, uint32_t count)
{
    struct sch_command command = { .type = SCH_COMMAND_PART };

    assert_true(sch_address_set(&command.part.sender, sender));
    command.part.upload = *upload;
    command.part.index = index;
    command.part.count = count;
    return command;
}

/* Sends bytes as a part, and takes the answer. */
static void send_bytes(struct fixture *f, size_t peer, const char *sender, const struct sch_id *upload, uint32_t index,
                       uint32_t count, struct sch_bytes bytes)
{
    struct sch_command command = part_command(sender, upload, index, count);

    put(f, peer, &command, bytes);
    assert_true(answered(f, peer));
}

static void send_part(struct fixture *f, size_t peer, const struct letter *letter, uint32_t index)
{
    send_bytes(f, peer, letter->sender.text, &letter->upload, index, letter->count, part_of(letter, index));
}

/* Which parts are missing, as the answer says. */
static void expect_missing(const struct fixture *f, size_t count, uint32_t first)
{
    assert_int_equal(f->reply.type, SCH_REPLY_PARTS);
    assert_int_equal(f->reply.parts.missing_count, count);
    if (count > 0)
        assert_int_equal(f->reply.parts.missing[0], first);
}

static void ask(struct fixture *f, size_t peer, const struct letter *letter)
{
    send_bytes(f, peer, letter->sender.text, &letter->upload, 0, letter->count, (struct sch_bytes){ 0 });
}

static void upload(struct fixture *f, size_t peer, const struct letter *letter)
{
    for (uint32_t i = 0; i < letter->count; i++)
        send_part(f, peer, letter, i);
    expect_missing(f, 0, 0);
}

static void submit(struct fixture *f, size_t peer, const struct letter *letter)
{
    assert_true(stage_submit(&f->stage, peer, &letter->message, &f->reply));
}

static void expect_receipt(const struct fixture *f, bool duplicate)
{
    assert_int_equal(f->reply.type, SCH_REPLY_RECEIPT);
    assert_int_equal(f->reply.receipt.duplicate, duplicate);
}

static void fetch(struct fixture *f, size_t peer, const char *mailbox, const struct sch_id *message, uint32_t index)
{
    struct sch_command command = { .type = SCH_COMMAND_FETCH };

    assert_true(sch_address_set(&command.fetch.mailbox, mailbox));
    command.fetch.message = *message;
    command.fetch.index = index;
    put(f, peer, &command, (struct sch_bytes){ 0 });
    assert_true(answered(f, peer));
}

static void expect_part(const struct fixture *f, const struct letter *letter, uint32_t index)
{
    struct sch_bytes part = part_of(letter, index);

    assert_int_equal(f->reply.type, SCH_REPLY_FETCHED);
    assert_int_equal(f->reply.fetched.index, index);
    assert_int_equal(f->reply.fetched.count, letter->count);
    assert_true(sch_id_equal(&f->reply.fetched.message, &letter->message.header.id));
    assert_int_equal(f->stage.answer.body.len, part.len);
    assert_memory_equal(f->stage.answer.body.ptr, part.ptr, part.len);
}

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

static void settle(struct fixture *f, size_t peer, const char *mailbox, const struct sch_id *message,
                   enum sch_wire_verdict verdict)
{
    assert_true(stage_settle(&f->stage, peer, mailbox, message, verdict, &f->reply));
    assert_int_equal(f->reply.type, SCH_REPLY_SETTLED);
}

static void expect_rows(const struct fixture *f, uint64_t uploads, uint64_t parts)
{
    struct sch_store_sim_counters counters;

    sch_store_sim_counters(f->stage.store, &counters);
    assert_int_equal(counters.rows[SCH_TABLE_UPLOAD], uploads);
    assert_int_equal(counters.rows[SCH_TABLE_PART], parts);
    assert_int_equal(counters.rows[SCH_TABLE_BODY], 0);
}

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

static void begin_upload(struct fixture *f, size_t peer, const char *sender, uint8_t number, uint32_t count)
{
    struct sch_id id = { { 0x77, number } };

    send_bytes(f, peer, sender, &id, count - 1, count, (struct sch_bytes){ (const uint8_t *)"x", 1 });
}

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

/* ---- the submission ----------------------------------------------------------------------------- */

static void test_all_parts_or_nothing(void **state)
{
    struct fixture *f = *state;

    submit(f, f->linde, &f->letter);
    expect_rejected(f, SCH_E_UPLOAD_MISSING, "submit.upload");
    send_part(f, f->linde, &f->letter, 1);
    submit(f, f->linde, &f->letter);
    expect_rejected(f, SCH_E_UPLOAD_MISSING, "submit.upload");
    send_part(f, f->linde, &f->letter, 0);
    submit(f, f->linde, &f->letter);
    expect_receipt(f, false);
}

static void test_seals_that_do_not_fit(void **state)
{
    struct fixture *f = *state;
    struct sch_seal seal = seal_of(f, &f->letter, PADDED);
    struct letter letter = f->letter;

    upload(f, f->linde, &f->letter);
    seal.suite = SCH_SUITE;
    seal_with(f, &letter, &seal);
    submit(f, f->linde, &letter);
    expect_rejected(f, SCH_E_FIELD_INVALID, "seal.suite");
    for (int more = -1; more <= 1; more += 2) {
        seal = seal_of(f, &f->letter, PADDED);
        seal.padded_size += (uint32_t)more;
        seal_with(f, &letter, &seal);
        submit(f, f->linde, &letter);
        expect_rejected(f, SCH_E_FIELD_INVALID, "seal.padded_size");
    }
    /* Without a letter there is nothing to upload. */
    (void)sch_region_sim_seal(book, &letter.message.header, 0, START_MS, &f->stage.prng, &seal);
    seal_with(f, &letter, &seal);
    submit(f, f->linde, &letter);
    expect_rejected(f, SCH_E_FIELD_INVALID, "seal.suite");
    /* The second suite without an upload; and an upload with a second frame. */
    seal = seal_of(f, &f->letter, PADDED);
    memset(&letter.upload, 0, sizeof letter.upload);
    seal_with(f, &letter, &seal);
    letter.message.body_size = sch_seal_body_size(PADDED);
    submit(f, f->linde, &letter);
    expect_rejected(f, SCH_E_FIELD_INVALID, "seal.suite");
    letter = f->letter;
    letter.message.body_size = 1;
    submit(f, f->linde, &letter);
    expect_rejected(f, SCH_E_PROTOCOL, "body");
    /* The upload outlives them all. */
    expect_rows(f, 1, 2);
    submit(f, f->linde, &f->letter);
    expect_receipt(f, false);
}

static void test_the_same_receipt(void **state)
{
    struct fixture *f = *state;
    struct sch_reply first;

    upload(f, f->linde, &f->letter);
    submit(f, f->linde, &f->letter);
    expect_receipt(f, false);
    first = f->reply;
    restart(f);
    submit(f, f->linde, &f->letter);
    expect_receipt(f, true);
    assert_int_equal(f->reply.receipt.sequence, first.receipt.sequence);
    assert_int_equal(f->reply.receipt.stored_ms, first.receipt.stored_ms);
    expect_rows(f, 0, 2);
    /* Whoever uploads it all again before he asks gets the same, and what he uploaded goes. */
    upload(f, f->linde, &f->letter);
    expect_rows(f, 1, 4);
    submit(f, f->linde, &f->letter);
    expect_receipt(f, true);
    expect_rows(f, 0, 2);
    assert_int_equal(f->stage.metrics.upload_bytes, 0);
    fetch(f, f->haven, HAVEN, &f->letter.message.header.id, 0);
    expect_part(f, &f->letter, 0);
    /* Also when the letter is gone. */
    settle(f, f->haven, HAVEN, &f->letter.message.header.id, SCH_VERDICT_COLLECTED);
    expect_rows(f, 0, 0);
    submit(f, f->linde, &f->letter);
    expect_receipt(f, true);
    /* Another seal under the same id is another message. */
    struct sch_seal seal = seal_of(f, &f->letter, PADDED);
    struct letter other = f->letter;
    seal_with(f, &other, &seal);
    upload(f, f->linde, &other);
    submit(f, f->linde, &other);
    assert_int_equal(f->reply.rejection.code, SCH_E_ID_IN_USE);
}

/* Parts and submission at once, and a second message that wants the same upload. */
static void test_all_in_one_turn(void **state)
{
    struct fixture *f = *state;
    struct letter second = f->letter;
    struct sch_seal seal;

    stage_referral(&f->stage, &second.message, "linde", "haven");
    seal = seal_of(f, &second, PADDED);
    seal_with(f, &second, &seal);
    for (uint32_t i = 0; i < 2; i++) {
        struct sch_command command = part_command(LINDE, &f->letter.upload, i, 2);

        put(f, f->linde, &command, part_of(&f->letter, i));
    }
    stage_send(&f->stage, f->linde, &f->letter.message);
    stage_send(&f->stage, f->linde, &second.message);
    stage_run(&f->stage);
    for (size_t i = 0; i < 2; i++) {
        assert_true(stage_take(&f->stage, f->linde, &f->reply));
        expect_missing(f, 1 - i, 1);
    }
    assert_true(stage_take(&f->stage, f->linde, &f->reply));
    expect_receipt(f, false);
    assert_true(stage_take(&f->stage, f->linde, &f->reply));
    expect_rejected(f, SCH_E_UPLOAD_MISSING, "submit.upload");
    expect_rows(f, 0, 2);
}

/* What the core refuses takes nothing. */
static void test_a_refused_submission_leaves_the_upload(void **state)
{
    struct fixture *f = *state;
    struct letter letter = f->letter;
    struct sch_seal seal;

    upload(f, f->linde, &f->letter);
    letter.message.header.dossier = sch_region_sim_id(START_MS, &f->stage.prng);
    letter.message.header.kind = SCH_KIND_CHANGE_NOTICE;
    letter.message.header.id = sch_region_sim_id(START_MS, &f->stage.prng);
    seal = seal_of(f, &letter, PADDED);
    seal_with(f, &letter, &seal);
    submit(f, f->linde, &letter);
    assert_int_equal(f->reply.type, SCH_REPLY_REJECTION);
    expect_rows(f, 1, 2);
    submit(f, f->linde, &f->letter);
    expect_receipt(f, false);
}

/* ---- signatures --------------------------------------------------------------------------------- */

static struct sch_key *key_in(struct sch_book *in, const char *id)
{
    return (struct sch_key *)(uintptr_t)sch_book_key(in, id);
}

/* Seals a real letter for haven, signed by linde, and verifies it at the door from the hashes of its parts. */
static void test_the_signature_covers_every_part(void **state)
{
    struct fixture *f = *state;
    struct sch_book *real = sch_region_sim_book();
    uint8_t sign_public[32], sign_secret[64], box_secret[32];
    size_t letter_size = 700000;
    uint8_t *letter = calloc(1, sch_seal_padded_size(letter_size));
    uint8_t header[SCH_HEADER_SIZE_MAX];
    struct sch_seal_to to = { .address = f->letter.message.header.receiver };
    struct sch_key seal_key = *sch_directory_seal_key(real->directory[0], HAVEN, START_MS);
    struct sch_seal_stream *stream = calloc(1, sizeof *stream);
    struct sch_seal seal;
    sch_error error = SCH_ERROR_INIT;
    size_t size;

    assert_true(letter != NULL && stream != NULL);
    crypto_sign_keypair(sign_public, sign_secret);
    crypto_box_keypair(seal_key.public_key, box_secret);
    memcpy(key_in(real, "linde-sign")->public_key, sign_public, 32);
    to.key = &seal_key;
    f->stage.options.verify_signatures = true;
    f->stage.book = real;
    restart(f);
    free(f->letter.bytes);
    f->letter.count = (uint32_t)sch_seal_part_count(sch_seal_padded_size(letter_size));
    f->letter.size = sch_seal_parts_size(sch_seal_padded_size(letter_size));
    f->letter.bytes = malloc(f->letter.size);
    size = sch_header_encode(&f->letter.message.header, header, sizeof header);
    assert_int_equal(sch_seal_begin(stream, &seal, (struct sch_bytes){ header, size }, letter, letter_size, &to, 1,
                                    "linde-sign", &error), SCH_OK);
    for (size_t at = 0; at < f->letter.size;)
        at += sch_seal_next(stream, f->letter.bytes + at);
    sch_seal_end(stream, sign_secret);
    seal_with(f, &f->letter, &seal);
    for (uint32_t i = 0; i < f->letter.count; i++) {
        f->letter.bytes[(size_t)i * SCH_PART_SIZE + 7] ^= 1;
        upload(f, f->linde, &f->letter);
        submit(f, f->linde, &f->letter);
        expect_rejected(f, SCH_E_SIGNATURE, "seal.signature");
        f->letter.bytes[(size_t)i * SCH_PART_SIZE + 7] ^= 1;
    }
    upload(f, f->linde, &f->letter);
    submit(f, f->linde, &f->letter);
    expect_receipt(f, false);
    stage_stop(&f->stage);
    stage_start(&f->stage);
    free(letter);
    free(stream);
    f->stage.book = book;
    sch_turn_reload(f->stage.turn, book);
    stage_run(&f->stage);
    sch_region_sim_book_free(real);
}

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

/* A body larger than any credit is offered, alone. */
static void test_credit(void **state)
{
    struct fixture *f = *state;
    struct letter large;
    struct stage_message small;

    write_letter(f, &large, "linde", "haven", 17u << 20);
    upload(f, f->linde, &large);
    submit(f, f->linde, &large);
    expect_receipt(f, false);
    stage_referral(&f->stage, &small, "linde", "haven");
    assert_true(stage_submit(&f->stage, f->linde, &small, &f->reply));
    attach(f, f->haven, HAVEN);
    assert_int_equal(deliveries(f, f->haven), 1);
    assert_true(sch_id_equal(&f->stage.delivery[0].header.id, &large.message.header.id));
    settle(f, f->haven, HAVEN, &large.message.header.id, SCH_VERDICT_COLLECTED);
    assert_int_equal(deliveries(f, f->haven), 2);
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

/* Time that nobody vouches for drops nothing. */
static void test_held_time_drops_nothing(void **state)
{
    struct fixture *f = *state;

    send_part(f, f->linde, &f->letter, 0);
    stage_pass(&f->stage, MINUTE_MS);
    sch_clock_sim_jump(f->stage.clock, 40 * DAY_MS);
    stage_pass(&f->stage, 60 * MINUTE_MS);
    assert_true(sch_turn_is_held(f->stage.turn));
    expect_rows(f, 1, 1);
    sch_turn_confirm_time(f->stage.turn);
    stage_pass(&f->stage, 14 * MINUTE_MS);
    expect_rows(f, 1, 1);
    stage_pass(&f->stage, 2 * MINUTE_MS);
    expect_rows(f, 0, 0);
}

/* ---- rows --------------------------------------------------------------------------------------- */

static void test_rows(void **state)
{
    struct sch_address linde;
    struct sch_id id = { { 1, 2, 3 } }, read_id;
    struct sch_upload_row row = { .number = 300, .count = 10, .since_ms = 5, .last_size = 200, .there = { 0x05, 0x02 } };
    struct sch_upload_row out;
    uint8_t bytes[SCH_RECORD_UPLOAD_MAX + 1];
    uint64_t number;
    uint32_t index;
    size_t size;

    (void)state;
    memset(row.hash[0], 0xa0, 32);
    memset(row.hash[2], 0xa2, 32);
    memset(row.hash[9], 0xa9, 32);
    size = sch_record_upload_encode(&row, bytes, sizeof bytes);
    assert_int_equal(size, 2 + 1 + 1 + 2 + 2 + 3 * 32);
    assert_memory_equal(bytes, "\xac\x02\x0a\x05\xc8\x01\x05\x02\xa0\xa0", 10);
    assert_int_equal(sch_record_upload_decode((struct sch_bytes){ bytes, size }, &out), SCH_OK);
    assert_memory_equal(&row, &out, sizeof row);
    for (size_t cut = 0; cut < size; cut++)
        assert_int_equal(sch_record_upload_decode((struct sch_bytes){ bytes, cut }, &out), SCH_E_STORE_DAMAGED);
    bytes[size] = 0;
    assert_int_equal(sch_record_upload_decode((struct sch_bytes){ bytes, size + 1 }, &out), SCH_E_STORE_DAMAGED);
    bytes[7] = 0x04;                    /* a part beyond the last, and the last is not there */
    assert_int_equal(sch_record_upload_decode((struct sch_bytes){ bytes, size }, &out), SCH_E_STORE_DAMAGED);
    /* The largest. */
    row.count = SCH_PARTS_MAX;
    row.number = UINT64_MAX;
    row.since_ms = INT64_MAX;
    row.last_size = SCH_PART_SIZE;
    memset(row.there, 0xff, sizeof row.there);
    size = sch_record_upload_encode(&row, bytes, SCH_RECORD_UPLOAD_MAX);
    assert_true(size > 0);
    assert_int_equal(sch_record_upload_decode((struct sch_bytes){ bytes, size }, &out), SCH_OK);

    struct sch_record_key key = sch_record_key_part(0x0102030405060708, 127);
    assert_int_equal(key.size, 12);
    assert_memory_equal(key.bytes, "\x01\x02\x03\x04\x05\x06\x07\x08\0\0\0\x7f", 12);
    assert_int_equal(sch_record_read_part(sch_record_key_bytes(&key), &number, &index), SCH_OK);
    assert_true(number == 0x0102030405060708 && index == 127);
    key.bytes[11] = 128;
    assert_int_equal(sch_record_read_part(sch_record_key_bytes(&key), &number, &index), SCH_E_STORE_DAMAGED);
    key.size = 11;
    assert_int_equal(sch_record_read_part(sch_record_key_bytes(&key), &number, &index), SCH_E_STORE_DAMAGED);

    assert_true(sch_address_set(&linde, LINDE));
    key = sch_record_key_upload(&linde, &id);
    memset(&linde, 0, sizeof linde);
    assert_int_equal(sch_record_read_upload(sch_record_key_bytes(&key), &linde, &read_id), SCH_OK);
    assert_string_equal(linde.text, LINDE);
    assert_true(sch_id_equal(&id, &read_id));
    key.size--;
    assert_int_equal(sch_record_read_upload(sch_record_key_bytes(&key), &linde, &read_id), SCH_E_STORE_DAMAGED);
}

static int group_set_up(void **state)
{
    (void)state;
    book = sch_region_sim_book();
    return sodium_init() < 0;
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
        TEST(test_a_letter_in_parts), TEST(test_the_largest_letter), TEST(test_welcome_says_how_large),
        TEST(test_parts_in_any_order_and_again), TEST(test_asking_stores_nothing), TEST(test_sizes),
        TEST(test_nobody_sees_anothers_upload), TEST(test_an_address_that_no_directory_knows),
        TEST(test_a_restart_between_parts), TEST(test_nothing_is_said_of_a_part_that_may_be_lost),
        TEST(test_short_of_room), TEST(test_no_part_while_stopping), TEST(test_quota),
        TEST(test_quota_within_a_turn), TEST(test_a_turn_takes_so_many_bytes), TEST(test_all_parts_or_nothing),
        TEST(test_seals_that_do_not_fit), TEST(test_the_same_receipt), TEST(test_all_in_one_turn),
        TEST(test_a_refused_submission_leaves_the_upload), TEST(test_the_signature_covers_every_part),
        TEST(test_who_may_fetch), TEST(test_a_settlement_in_the_same_turn), TEST(test_fetching_extends_the_lease),
        TEST(test_credit), TEST(test_the_last_one_closes_the_door), TEST(test_a_withdrawal_destroys_the_parts),
        TEST(test_expiry_destroys_the_parts), TEST(test_an_upload_that_nobody_submits),
        TEST(test_abandoned_over_a_stop), TEST(test_many_are_dropped_in_steps),
        TEST(test_one_that_cannot_be_dropped), TEST(test_held_time_drops_nothing),
        cmocka_unit_test(test_rows),
    };

    return cmocka_run_group_tests(tests, group_set_up, group_tear_down);
}
