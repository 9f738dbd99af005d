/*
 * test_offer.c: mailboxes with a message in them that cannot be read: what is behind it goes on, and nothing is lost.
 *
 * Two ways to be unreadable are told apart. A row that was read and is damaged, or is not there, is said once a look
 * and passed over. A store or a memory that failed says nothing of the row: nobody passes it, and it is tried again.
 * Linked with --wrap for the reads of the store and for the arena, so that they can fail.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/kind.h"
#include "id.h"
#include "shell/log.h"
#include "shell/record.h"
#include "shell/session.h"
#include "stage.h"

#define START_MS INT64_C(1781596800000)         /* Tuesday 16 June 2026, 08:00 UTC */
#define DAY_MS INT64_C(86400000)
#define HAVEN "agb:94000001"
#define ROW_MAX 65536
#define LETTERS 4

/* ---- reads and memory that fail ------------------------------------------------------------------ */

static struct {
    bool reads;                         /* of this table */
    enum sch_table table;
    size_t memory;                      /* bytes: no piece of this size is to be had; 0: every one is */
} failing;

typedef enum sch_store_result get_fn(struct sch_store *store, enum sch_table table, struct sch_bytes key,
                                     uint8_t *buffer, size_t capacity, size_t *size);
get_fn __real_sch_store_get, __wrap_sch_store_get;
enum sch_store_result __wrap_sch_store_get(struct sch_store *store, enum sch_table table, struct sch_bytes key,
                                           uint8_t *buffer, size_t capacity, size_t *size)
{
    if (failing.reads && table == failing.table) {
        *size = 0;
        return SCH_STORE_FATAL;
    }
    return __real_sch_store_get(store, table, key, buffer, capacity, size);
}

void *__real_sch_arena_take(struct sch_arena *arena, size_t size);
void *__wrap_sch_arena_take(struct sch_arena *arena, size_t size);
void *__wrap_sch_arena_take(struct sch_arena *arena, size_t size)
{
    return failing.memory > 0 && size == failing.memory ? NULL : __real_sch_arena_take(arena, size);
}

/* ---- a mailbox with letters ---------------------------------------------------------------------- */

static struct sch_book *book;

/* A row as it was before it was damaged; size 0: there was none. */
struct spoilt {
    enum sch_table table;
    struct sch_record_key key;
    uint8_t value[ROW_MAX];
    size_t size;
};

struct fixture {
    struct stage stage;
    size_t linde, haven;
    struct stage_message letter[LETTERS];       /* the last is of the dossier of the first */
    struct spoilt spoilt;
    int log[2];
};

static struct fixture fixture;

static void send_letter(struct fixture *f, struct stage_message *message)
{
    struct sch_reply reply;

    assert_true(stage_submit(&f->stage, f->linde, message, &reply));
    assert_int_equal(reply.type, SCH_REPLY_RECEIPT);
}

static int set_up(void **state)
{
    struct fixture *f = *state = &fixture;
    struct sch_header header;

    memset(&failing, 0, sizeof failing);
    memset(f, 0, sizeof *f);
    book = sch_region_sim_book();
    stage_open(&f->stage, book, START_MS);
    f->linde = stage_enter(&f->stage, "linde", 1);
    for (size_t i = 0; i < LETTERS - 1; i++) {
        stage_referral(&f->stage, &f->letter[i], "linde", "haven");
        send_letter(f, &f->letter[i]);
    }
    header = stage_header(&f->letter[0].header, SCH_KIND_CHANGE_NOTICE, "linde");
    header.sections_known = true;
    header.sections = sch_kind_rule(SCH_KIND_CHANGE_NOTICE)->sections;
    stage_write(&f->stage, &f->letter[LETTERS - 1], &header, STAGE_LETTER);
    send_letter(f, &f->letter[LETTERS - 1]);
    assert_int_equal(pipe(f->log), 0);
    sch_log_open(f->log[1], SCH_LOG_INFO, SCH_LOG_TEXT);
    return 0;
}

static void write_row(struct fixture *f, struct sch_bytes value)
{
    struct sch_op op = { .table = f->spoilt.table, .erase = value.len == 0, .value = value,
                         .key = sch_record_key_bytes(&f->spoilt.key), .expected = SCH_STORE_ANY };

    assert_int_equal(sch_store_apply(f->stage.store, &op, 1), SCH_STORE_OK);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    sch_log_open(2, SCH_LOG_INFO, SCH_LOG_TEXT);
    close(f->log[0]);
    close(f->log[1]);
    if (f->spoilt.key.size > 0)
        write_row(f, (struct sch_bytes){ f->spoilt.value, f->spoilt.size });
    stage_close(&f->stage);
    sch_region_sim_book_free(book);
    return 0;
}

/* Puts other bytes in a row's place (none: no row), until the test ends. */
static void spoil(struct fixture *f, enum sch_table table, struct sch_record_key key, struct sch_bytes bytes)
{
    f->spoilt.table = table;
    f->spoilt.key = key;
    assert_int_equal(sch_store_get(f->stage.store, table, sch_record_key_bytes(&key), f->spoilt.value,
                                   sizeof f->spoilt.value, &f->spoilt.size), SCH_STORE_OK);
    write_row(f, bytes);
}

static void spoil_letter(struct fixture *f, enum sch_table table, size_t letter, struct sch_bytes bytes)
{
    spoil(f, table, sch_record_key_id(&f->letter[letter].header.id), bytes);
}

static void attach(struct fixture *f)
{
    struct sch_reply reply;

    f->haven = stage_enter(&f->stage, "haven", 1);
    f->stage.delivery_count = 0;
    assert_true(stage_attach(&f->stage, f->haven, HAVEN, 8, &reply));
    stage_run(&f->stage);
    stage_drain(&f->stage, f->haven);
}

/* Which letters were offered since attach(), in their order: "12" for the second and the third. */
static void expect_offered(struct fixture *f, const char *letters)
{
    char offered[LETTERS * 4] = "";

    stage_drain(&f->stage, f->haven);
    assert_true(f->stage.delivery_count < sizeof offered);
    for (size_t i = 0; i < f->stage.delivery_count; i++)
        for (size_t k = 0; k < LETTERS; k++)
            if (sch_id_equal(&f->stage.delivery[i].header.id, &f->letter[k].header.id))
                offered[i] = (char)('0' + k);
    assert_string_equal(offered, letters);
}

/* How often the log has said this since it was last asked. */
static size_t said(struct fixture *f, const char *code)
{
    static char text[65536];
    size_t count = 0;
    ssize_t size;

    assert_int_equal(write(f->log[1], "\n", 1), 1);     /* a pipe that is empty would be waited for */
    size = read(f->log[0], text, sizeof text - 1);
    assert_true(size > 0);
    text[size] = '\0';
    for (const char *at = text; (at = strstr(at, code)) != NULL; at++)
        count++;
    return count;
}

/* ---- rows that are damaged ----------------------------------------------------------------------- */

/* The others come at once, those of its own dossier too; it is said once, and not again while time passes. */
static void expect_passed_over(struct fixture *f, const char *code)
{
    attach(f);
    expect_offered(f, "123");
    assert_int_equal(said(f, code), 1);
    stage_pass(&f->stage, 30 * SCH_LOOK_LATER_MS);
    assert_int_equal(said(f, "UNREADABLE"), 0);
    expect_offered(f, "123");
    /* A session that comes anew looks anew. */
    sch_net_sim_disconnect_all(f->stage.net);
    attach(f);
    assert_int_equal(said(f, code), 1);
}

static void test_a_damaged_message(void **state)
{
    struct fixture *f = *state;

    spoil_letter(f, SCH_TABLE_MESSAGE, 0, (struct sch_bytes){ (const uint8_t *)"rubble", 6 });
    expect_passed_over(f, "MESSAGE_UNREADABLE");
}

static void test_a_message_that_is_gone(void **state)
{
    struct fixture *f = *state;

    spoil_letter(f, SCH_TABLE_MESSAGE, 0, (struct sch_bytes){ 0 });
    expect_passed_over(f, "MESSAGE_UNREADABLE");
}

static void test_a_message_that_is_too_large(void **state)
{
    static const uint8_t large[SCH_RECORD_MESSAGE_MAX + 1];
    struct fixture *f = *state;

    spoil_letter(f, SCH_TABLE_MESSAGE, 0, (struct sch_bytes){ large, sizeof large });
    expect_passed_over(f, "MESSAGE_UNREADABLE");
}

static size_t read_message(struct fixture *f, size_t letter, uint8_t value[SCH_RECORD_MESSAGE_MAX],
                           struct sch_message_row *row)
{
    struct sch_record_key key = sch_record_key_id(&f->letter[letter].header.id);
    size_t size;

    assert_int_equal(sch_store_get(f->stage.store, SCH_TABLE_MESSAGE, sch_record_key_bytes(&key), value,
                                   SCH_RECORD_MESSAGE_MAX, &size), SCH_STORE_OK);
    assert_int_equal(sch_record_message_decode((struct sch_bytes){ value, size }, row), SCH_OK);
    return size;
}

/* A row that can be decoded, and cannot be true: a body that no memory holds, or another message's row. */
static void test_a_message_that_says_what_cannot_be(void **state)
{
    static uint8_t first[SCH_RECORD_MESSAGE_MAX], wrong[SCH_RECORD_MESSAGE_MAX];
    struct fixture *f = *state;
    struct sch_message_row row;
    size_t size;

    (void)read_message(f, 0, first, &row);
    row.body_size = UINT32_MAX;
    size = sch_record_message_encode(&row, wrong, sizeof wrong);
    assert_true(size > 0);
    spoil_letter(f, SCH_TABLE_MESSAGE, 0, (struct sch_bytes){ wrong, size });
    expect_passed_over(f, "MESSAGE_UNREADABLE");
}

static void test_anothers_row(void **state)
{
    static uint8_t second[SCH_RECORD_MESSAGE_MAX];
    struct fixture *f = *state;
    struct sch_message_row row;
    size_t size = read_message(f, 1, second, &row);

    spoil_letter(f, SCH_TABLE_MESSAGE, 0, (struct sch_bytes){ second, size });
    expect_passed_over(f, "MESSAGE_UNREADABLE");
}

static void test_a_body_of_another_size(void **state)
{
    struct fixture *f = *state;

    spoil_letter(f, SCH_TABLE_BODY, 0, (struct sch_bytes){ (const uint8_t *)"short", 5 });
    expect_passed_over(f, "MESSAGE_UNREADABLE");
}

static void test_a_body_that_is_gone(void **state)
{
    struct fixture *f = *state;

    spoil_letter(f, SCH_TABLE_BODY, 0, (struct sch_bytes){ 0 });
    expect_passed_over(f, "MESSAGE_UNREADABLE");
}

/* The first row of the mailbox; what its entry was about is not known, its place is. */
static struct sch_record_key first_row(void)
{
    struct sch_address haven;

    assert_true(sch_address_set(&haven, HAVEN));
    return sch_record_key_mailbox(&haven, 0);
}

static bool take_key(void *context, struct sch_bytes key, struct sch_bytes value)
{
    struct sch_record_key *first = context;

    (void)value;
    memcpy(first->bytes, key.ptr, key.len);
    first->size = key.len;
    return false;
}

static void test_a_damaged_row_of_the_mailbox(void **state)
{
    struct fixture *f = *state;
    struct sch_record_key from = first_row(), key = from;
    struct sch_bytes prefix = { from.bytes, from.size - 8 };

    assert_int_equal(sch_store_scan(f->stage.store, SCH_TABLE_MAILBOX, prefix, sch_record_key_bytes(&from), false, 1,
                                    take_key, &key), SCH_STORE_OK);
    spoil(f, SCH_TABLE_MAILBOX, key, (struct sch_bytes){ (const uint8_t *)"rubble", 6 });
    expect_passed_over(f, "MAILBOX_UNREADABLE");
}

/* One whose very key is wrong stands before all others, and takes no place. */
static void test_a_key_that_is_none(void **state)
{
    struct fixture *f = *state;
    struct sch_record_key key = first_row();

    key.bytes[key.size++] = 0;
    f->spoilt.table = SCH_TABLE_MAILBOX;
    f->spoilt.key = key;
    write_row(f, (struct sch_bytes){ (const uint8_t *)"rubble", 6 });
    attach(f);
    expect_offered(f, "012");
    assert_int_equal(said(f, "MAILBOX_UNREADABLE"), 1);
}

/* It stays, is owed as before, and is offered when its row has been put back. */
static void test_it_is_not_lost(void **state)
{
    struct fixture *f = *state;
    struct sch_store_sim_counters counters;

    spoil_letter(f, SCH_TABLE_BODY, 0, (struct sch_bytes){ 0 });
    attach(f);
    expect_offered(f, "123");
    for (size_t i = 1; i < LETTERS; i++) {
        struct sch_reply reply;

        assert_true(stage_settle(&f->stage, f->haven, HAVEN, &f->letter[i].header.id, SCH_VERDICT_COLLECTED, &reply));
        assert_int_equal(reply.type, SCH_REPLY_SETTLED);
    }
    sch_store_sim_counters(f->stage.store, &counters);
    assert_int_equal(counters.rows[SCH_TABLE_MAILBOX], 1);
    assert_int_equal(f->stage.metrics.alerts[SCH_STEP_OVERDUE], 0);
    stage_pass(&f->stage, 2 * DAY_MS);
    assert_int_equal(f->stage.metrics.alerts[SCH_STEP_OVERDUE], 1);     /* its E1, and nobody else's */
    write_row(f, (struct sch_bytes){ f->spoilt.value, f->spoilt.size });
    attach(f);
    expect_offered(f, "0");
}

/* ---- a store, or a memory, that fails ------------------------------------------------------------ */

/* Nobody passes it: the mailbox stands still, and once it can be read all comes in its order, without being asked. */
static void expect_tried_again(struct fixture *f)
{
    attach(f);
    stage_pass(&f->stage, 3 * SCH_LOOK_LATER_MS);
    expect_offered(f, "");
    assert_true(said(f, "tried_again=yes") >= 3);
    memset(&failing, 0, sizeof failing);
    stage_pass(&f->stage, SCH_LOOK_LATER_MS);
    expect_offered(f, "012");
    assert_int_equal(said(f, "UNREADABLE"), 0);
}

static void test_a_store_that_fails(void **state)
{
    failing.reads = true;
    failing.table = SCH_TABLE_MESSAGE;
    expect_tried_again(*state);
}

static void test_a_store_that_fails_for_a_body(void **state)
{
    failing.reads = true;
    failing.table = SCH_TABLE_BODY;
    expect_tried_again(*state);
}

static void test_no_memory(void **state)
{
    failing.memory = SCH_RECORD_MESSAGE_MAX;
    expect_tried_again(*state);
}

static void test_no_memory_for_a_body(void **state)
{
    struct fixture *f = *state;

    failing.memory = f->letter[0].body_size;
    expect_tried_again(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_damaged_message), TEST(test_a_message_that_is_gone), TEST(test_a_message_that_is_too_large),
        TEST(test_a_message_that_says_what_cannot_be), TEST(test_anothers_row),
        TEST(test_a_body_of_another_size), TEST(test_a_body_that_is_gone),
        TEST(test_a_damaged_row_of_the_mailbox), TEST(test_a_key_that_is_none), TEST(test_it_is_not_lost),
        TEST(test_a_store_that_fails), TEST(test_a_store_that_fails_for_a_body),
        TEST(test_no_memory), TEST(test_no_memory_for_a_body),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
