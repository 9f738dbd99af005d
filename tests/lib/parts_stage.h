/*
 * parts_stage.h: letters in parts on a stage: a practice that uploads them, an institution that fetches them.
 */
#ifndef SCH_TEST_PARTS_STAGE_H
#define SCH_TEST_PARTS_STAGE_H

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

static inline struct sch_bytes part_of(const struct letter *letter, uint32_t index)
{
    size_t at = (size_t)index * SCH_PART_SIZE;
    size_t left = letter->size - at;

    return (struct sch_bytes){ letter->bytes + at, left < SCH_PART_SIZE ? left : SCH_PART_SIZE };
}

/* The message's command over: with this seal and upload. */
static inline void seal_with(struct fixture *f, struct letter *letter, const struct sch_seal *seal)
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

static inline struct sch_seal seal_of(struct fixture *f, const struct letter *letter, size_t padded)
{
    struct sch_seal seal;

    (void)sch_region_sim_seal(book, &letter->message.header, padded, stage_now_ms(&f->stage), &f->stage.prng,
                              &seal);
    seal.suite = SCH_SUITE_PARTS;
    return seal;
}

/* A referral with a letter of this padded size. */
static inline void write_letter(struct fixture *f, struct letter *letter, const char *from, const char *to,
                                size_t padded)
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

static inline int set_up(void **state)
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

static inline int tear_down(void **state)
{
    struct fixture *f = *state;

    free(f->letter.bytes);
    stage_close(&f->stage);
    free(f);
    return 0;
}

static inline void restart(struct fixture *f)
{
    stage_stop(&f->stage);
    stage_start(&f->stage);
    f->linde = stage_enter(&f->stage, "linde", 1);
    f->haven = stage_enter(&f->stage, "haven", 1);
}

/* ---- what is said ------------------------------------------------------------------------------- */

static inline void expect_rejected(const struct fixture *f, enum sch_error_code code, const char *field)
{
    assert_int_equal(f->reply.type, SCH_REPLY_REJECTION);
    assert_int_equal(f->reply.rejection.code, code);
    assert_string_equal(f->reply.rejection.field, field);
}

static inline void put(struct fixture *f, size_t peer, struct sch_command *command, struct sch_bytes body)
{
    uint8_t bytes[SCH_COMMAND_SIZE_MAX];
    size_t size;

    command->request = ++f->stage.request;
    size = sch_command_encode(command, bytes, sizeof bytes);
    assert_true(size > 0);
    sch_net_sim_put(f->stage.net, peer, (struct sch_bytes){ bytes, size }, body);
}

static inline bool answered(struct fixture *f, size_t peer)
{
    stage_run(&f->stage);
    return stage_take(&f->stage, peer, &f->reply);
}

static inline struct sch_command part_command(const char *sender, const struct sch_id *upload, uint32_t index,
                                              uint32_t count)
{
    struct sch_command command = { .type = SCH_COMMAND_PART };

    assert_true(sch_address_set(&command.part.sender, sender));
    command.part.upload = *upload;
    command.part.index = index;
    command.part.count = count;
    return command;
}

/* Sends bytes as a part, and takes the answer. */
static inline void send_bytes(struct fixture *f, size_t peer, const char *sender, const struct sch_id *upload,
                              uint32_t index, uint32_t count, struct sch_bytes bytes)
{
    struct sch_command command = part_command(sender, upload, index, count);

    put(f, peer, &command, bytes);
    assert_true(answered(f, peer));
}

static inline void send_part(struct fixture *f, size_t peer, const struct letter *letter, uint32_t index)
{
    send_bytes(f, peer, letter->sender.text, &letter->upload, index, letter->count, part_of(letter, index));
}

/* Which parts are missing, as the answer says. */
static inline void expect_missing(const struct fixture *f, size_t count, uint32_t first)
{
    assert_int_equal(f->reply.type, SCH_REPLY_PARTS);
    assert_int_equal(f->reply.parts.missing_count, count);
    if (count > 0)
        assert_int_equal(f->reply.parts.missing[0], first);
}

static inline void ask(struct fixture *f, size_t peer, const struct letter *letter)
{
    send_bytes(f, peer, letter->sender.text, &letter->upload, 0, letter->count, (struct sch_bytes){ 0 });
}

static inline void upload(struct fixture *f, size_t peer, const struct letter *letter)
{
    for (uint32_t i = 0; i < letter->count; i++)
        send_part(f, peer, letter, i);
    expect_missing(f, 0, 0);
}

static inline void submit(struct fixture *f, size_t peer, const struct letter *letter)
{
    assert_true(stage_submit(&f->stage, peer, &letter->message, &f->reply));
}

static inline void expect_receipt(const struct fixture *f, bool duplicate)
{
    assert_int_equal(f->reply.type, SCH_REPLY_RECEIPT);
    assert_int_equal(f->reply.receipt.duplicate, duplicate);
}

static inline void fetch(struct fixture *f, size_t peer, const char *mailbox, const struct sch_id *message,
                         uint32_t index)
{
    struct sch_command command = { .type = SCH_COMMAND_FETCH };

    assert_true(sch_address_set(&command.fetch.mailbox, mailbox));
    command.fetch.message = *message;
    command.fetch.index = index;
    put(f, peer, &command, (struct sch_bytes){ 0 });
    assert_true(answered(f, peer));
}

static inline void expect_part(const struct fixture *f, const struct letter *letter, uint32_t index)
{
    struct sch_bytes part = part_of(letter, index);

    assert_int_equal(f->reply.type, SCH_REPLY_FETCHED);
    assert_int_equal(f->reply.fetched.index, index);
    assert_int_equal(f->reply.fetched.count, letter->count);
    assert_true(sch_id_equal(&f->reply.fetched.message, &letter->message.header.id));
    assert_int_equal(f->stage.answer.body.len, part.len);
    assert_memory_equal(f->stage.answer.body.ptr, part.ptr, part.len);
}

static inline size_t deliveries(struct fixture *f, size_t peer)
{
    size_t count = 0;

    stage_run(&f->stage);
    stage_drain(&f->stage, peer);
    for (size_t i = 0; i < f->stage.delivery_count; i++)
        count += f->stage.delivery[i].peer == peer;
    return count;
}

static inline void attach(struct fixture *f, size_t peer, const char *mailbox)
{
    assert_true(stage_attach(&f->stage, peer, mailbox, 16, &f->reply));
    assert_int_equal(f->reply.type, SCH_REPLY_ATTACHED);
}

static inline void settle(struct fixture *f, size_t peer, const char *mailbox, const struct sch_id *message,
                   enum sch_wire_verdict verdict)
{
    assert_true(stage_settle(&f->stage, peer, mailbox, message, verdict, &f->reply));
    assert_int_equal(f->reply.type, SCH_REPLY_SETTLED);
}

static inline void expect_rows(const struct fixture *f, uint64_t uploads, uint64_t parts)
{
    struct sch_store_sim_counters counters;

    sch_store_sim_counters(f->stage.store, &counters);
    assert_int_equal(counters.rows[SCH_TABLE_UPLOAD], uploads);
    assert_int_equal(counters.rows[SCH_TABLE_PART], parts);
    assert_int_equal(counters.rows[SCH_TABLE_BODY], 0);
}

/* Begins an upload of so many parts with the least: its last, of one byte. */
static inline void begin_upload(struct fixture *f, size_t peer, const char *sender, uint8_t number,
                                uint32_t count)
{
    struct sch_id id = { { 0x77, number } };

    send_bytes(f, peer, sender, &id, count - 1, count, (struct sch_bytes){ (const uint8_t *)"x", 1 });
}

static inline int group_set_up(void **state)
{
    (void)state;
    book = sch_region_sim_book();
    return sodium_init() < 0;
}

static inline int group_tear_down(void **state)
{
    (void)state;
    sch_region_sim_book_free(book);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
