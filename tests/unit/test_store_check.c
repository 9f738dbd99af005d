/*
 * test_store_check.c: the check of a store finds what is damaged, refers to nothing, or counts what is not so.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "shell/audit.h"
#include "shell/batch.h"
#include "shell/record.h"
#include "shell/store_lmdb.h"
#include "shell/tally.h"
#include "store_sim.h"

static struct sch_store *store;

static int set_up(void **state)
{
    (void)state;
    store = sch_store_sim_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sch_store_sim_free(store);
    return 0;
}

static struct sch_bytes text(const char *s)
{
    return (struct sch_bytes){ (const uint8_t *)s, strlen(s) };
}

static enum sch_store_result put_row(enum sch_table table, struct sch_bytes key, struct sch_bytes value)
{
    struct sch_op op = { .table = table, .key = key, .value = value, .expected = SCH_STORE_ANY };

    return sch_store_apply(store, &op, 1);
}

/* A dossier of one party with itself, that owes a decision. */
static struct sch_dossier *new_dossier(struct sch_id id, struct sch_address party)
{
    struct sch_dossier *dossier = calloc(1, sizeof(*dossier));

    assert_non_null(dossier);
    dossier->id = id;
    dossier->version = 1;
    dossier->phase = SCH_PHASE_SENT;
    dossier->opened_ms = dossier->chain_ms = INT64_C(1798761600000);
    dossier->member_count = 2;
    dossier->member[0].address = dossier->member[1].address = party;
    memcpy(dossier->member[0].region, "utrecht", 8);
    memcpy(dossier->member[1].region, "utrecht", 8);
    dossier->instance_count = 1;
    dossier->instance[0] = (struct sch_instance){ .expectation = 2, .member = 1, .standing = SCH_STANDING_OPEN,
                                                  .opened_ms = dossier->opened_ms, .from_ms = dossier->opened_ms,
                                                  .due_ms = dossier->opened_ms + 432000000 };
    return dossier;
}

/* A dossier with its index rows, a message with body and mailbox row, and an audited turn. */
static void fill_store(void)
{
    struct sch_arena arena;
    struct sch_op op[32];
    struct sch_batch batch = { op, 0, 32, &arena };
    struct sch_dossier *dossier;
    struct sch_message_row message;
    struct sch_audit_record record;
    struct sch_audit *audit = malloc(sizeof(*audit));
    struct sch_meta meta;
    struct sch_address party = { "agb:06290713" };
    struct sch_tally *tally = sch_tally_new(store);
    struct sch_chain_row chain = { .group = true };
    uint64_t missed = 0;
    struct sch_id id = { { 1, 2, 3 } };
    struct sch_mailbox_entry entry = { .message = id, .dossier = id };
    struct sch_record_key key;
    static uint8_t bytes[SCH_RECORD_DOSSIER_MAX];
    struct sch_bytes value = { bytes, 0 };

    assert_int_equal(sch_arena_init(&arena, 65536), SCH_OK);
    assert_non_null(audit);
    dossier = new_dossier(id, party);
    memset(&message, 0, sizeof(message));
    message.id = message.dossier = id;
    message.body_size = 4;
    memset(&record, 0, sizeof(record));
    record.event = SCH_TRACE_STORED;
    record.dossier = id;
    sch_record_meta_init(&meta);

    key = sch_record_key_id(&id);
    value.len = sch_record_dossier_encode(dossier, bytes, sizeof(bytes));
    (void)sch_batch_put(&batch, SCH_TABLE_DOSSIER, sch_record_key_bytes(&key), value, 0);
    value.len = sch_record_message_encode(&message, bytes, sizeof(bytes));
    (void)sch_batch_put(&batch, SCH_TABLE_MESSAGE, sch_record_key_bytes(&key), value, SCH_STORE_ANY);
    (void)sch_batch_put(&batch, SCH_TABLE_BODY, sch_record_key_bytes(&key), text("body"), SCH_STORE_ANY);
    key = sch_record_key_mailbox(&party, 1);
    value.len = sch_record_mailbox_encode(&entry, bytes, sizeof(bytes));
    (void)sch_batch_put(&batch, SCH_TABLE_MAILBOX, sch_record_key_bytes(&key), value, SCH_STORE_ANY);
    key = sch_record_key_due(5000, &id);
    (void)sch_batch_put(&batch, SCH_TABLE_DUE, sch_record_key_bytes(&key), text(""), SCH_STORE_ANY);
    key = sch_record_key_open("utrecht", 5000, &id);
    (void)sch_batch_put(&batch, SCH_TABLE_OPEN, sch_record_key_bytes(&key), text(""), SCH_STORE_ANY);
    key = sch_record_key_party(&party, &id);
    (void)sch_batch_put(&batch, SCH_TABLE_PARTY, sch_record_key_bytes(&key), text(""), SCH_STORE_ANY);
    key = sch_record_key_kenmerk(7);
    (void)sch_batch_put(&batch, SCH_TABLE_KENMERK, sch_record_key_bytes(&key),
                        (struct sch_bytes){ id.bytes, SCH_ID_SIZE }, SCH_STORE_ANY);
    key = sch_record_key_chain(&id, &id);
    value.len = sch_record_chain_encode(&chain, bytes, sizeof(bytes));
    (void)sch_batch_put(&batch, SCH_TABLE_CHAIN, sch_record_key_bytes(&key), value, SCH_STORE_ANY);
    key = sch_record_key_passed(&party, 1000, 1);
    value.len = sch_record_passed_encode(&id, SCH_PASSED_SENT, bytes, sizeof(bytes));
    (void)sch_batch_put(&batch, SCH_TABLE_PASSED, sch_record_key_bytes(&key), value, SCH_STORE_ANY);
    assert_int_equal(sch_tally_count_dossier(tally, dossier, 1), SCH_OK);
    assert_int_equal(sch_tally_flush(tally, &batch, &missed), SCH_OK);
    sch_tally_free(tally);
    sch_audit_init(audit);
    sch_audit_begin(audit, &meta, 1000);
    assert_int_equal(sch_audit_add(audit, &batch, &record), SCH_OK);
    assert_int_equal(sch_audit_finish(audit, &batch, &meta), SCH_OK);
    key = sch_record_key_meta(SCH_RECORD_META_COUNTERS);
    value.len = sch_record_meta_encode(&meta, bytes, sizeof(bytes));
    assert_int_equal(sch_batch_put(&batch, SCH_TABLE_META, sch_record_key_bytes(&key), value, SCH_STORE_ANY),
                     SCH_OK);
    assert_int_equal(sch_store_apply(store, batch.op, batch.count), SCH_STORE_OK);
    free(audit);
    free(dossier);
    sch_arena_close(&arena);
}

static void a_check_finds_what_is_damaged(void **state)
{
    static const enum sch_table tables[] = { SCH_TABLE_MESSAGE, SCH_TABLE_BODY, SCH_TABLE_DOSSIER,
                                             SCH_TABLE_MAILBOX, SCH_TABLE_DUE, SCH_TABLE_OPEN,
                                             SCH_TABLE_PARTY, SCH_TABLE_KENMERK, SCH_TABLE_AUDIT, SCH_TABLE_TRAIL,
                                             SCH_TABLE_CHAIN, SCH_TABLE_PASSED, SCH_TABLE_TALLY, SCH_TABLE_PART,
                                             SCH_TABLE_UPLOAD };
    struct sch_store_counts counts;
    sch_error error = SCH_ERROR_INIT;
    struct sch_id id = { { 1, 2, 3 } };
    struct sch_record_key key = sch_record_key_id(&id);
    struct sch_op op = { .table = SCH_TABLE_DOSSIER, .erase = true, .key = sch_record_key_bytes(&key),
                         .expected = SCH_STORE_ANY };

    (void)state;
    fill_store();
    assert_int_equal(sch_store_check(store, &counts, &error), SCH_OK);
    assert_int_equal(counts.rows[SCH_TABLE_META], 2);
    assert_int_equal(counts.rows[SCH_TABLE_AUDIT], 2);
    assert_int_equal(counts.rows[SCH_TABLE_TRAIL], 1);
    for (size_t i = SCH_TABLE_MESSAGE; i < SCH_TABLE_AUDIT; i++)
        assert_int_equal(counts.rows[i], 1);
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        struct sch_op bad = { .table = tables[i], .key = text("damaged"), .value = text("not a row of ours"),
                              .expected = SCH_STORE_ANY };

        assert_int_equal(sch_store_apply(store, &bad, 1), SCH_STORE_OK);
        assert_int_equal(sch_store_check(store, &counts, &error), SCH_E_BACKUP_BAD);
        bad.erase = true;
        assert_int_equal(sch_store_apply(store, &bad, 1), SCH_STORE_OK);
    }
    assert_int_equal(sch_store_check(store, &counts, &error), SCH_OK);
    assert_int_equal(sch_store_apply(store, &op, 1), SCH_STORE_OK);
    assert_int_equal(sch_store_check(store, &counts, &error), SCH_E_BACKUP_BAD);
}

static void put_message(const struct sch_message_row *message)
{
    static uint8_t bytes[SCH_RECORD_MESSAGE_MAX];
    struct sch_record_key key = sch_record_key_id(&message->id);
    size_t size = sch_record_message_encode(message, bytes, sizeof(bytes));

    assert_true(size > 0);
    assert_int_equal(put_row(SCH_TABLE_MESSAGE, sch_record_key_bytes(&key), (struct sch_bytes){ bytes, size }),
                     SCH_STORE_OK);
}

/* A copy whose letters are gone is no good, however whole its dossiers are. */
static void a_check_looks_for_each_letter(void **state)
{
    struct sch_store_counts counts;
    sch_error error = SCH_ERROR_INIT;
    struct sch_message_row message = { .id = { { 1, 2, 3 } }, .body_size = 4 };
    struct sch_record_key key = sch_record_key_id(&message.id);
    struct sch_op gone = { .table = SCH_TABLE_BODY, .erase = true, .key = sch_record_key_bytes(&key),
                           .expected = SCH_STORE_ANY };

    (void)state;
    fill_store();
    assert_int_equal(sch_store_apply(store, &gone, 1), SCH_STORE_OK);
    assert_int_equal(sch_store_check(store, &counts, &error), SCH_E_BACKUP_BAD);
    assert_non_null(strstr(error.text, "table message"));
    assert_non_null(strstr(error.text, "the letter of a message is not there"));
    message.body_size = 0;              /* destroyed, as it should be */
    put_message(&message);
    assert_int_equal(sch_store_check(store, &counts, &error), SCH_OK);
    message.body_size = 2 * 300000;
    message.part_count = 2;
    message.part_number = 77;
    put_message(&message);
    for (uint32_t index = 0; index < 2; index++) {
        assert_int_equal(sch_store_check(store, &counts, &error), SCH_E_BACKUP_BAD);
        key = sch_record_key_part(77, index);
        assert_int_equal(put_row(SCH_TABLE_PART, sch_record_key_bytes(&key), text("bytes")), SCH_STORE_OK);
    }
    assert_int_equal(sch_store_check(store, &counts, &error), SCH_OK);
}

/* Counts that are not those of the dossiers: one too many, one too few, and a dossier that is counted nowhere. */
static void a_check_counts_again(void **state)
{
    static const uint8_t two[] = { 1, 2 };
    struct sch_store_counts counts;
    sch_error error = SCH_ERROR_INIT;
    struct sch_tally_key whose = { .region = "utrecht", .sort = SCH_TALLY_BY_SILENCE,
                                   .silence = SCH_SILENCE_NOT_COLLECTED, .period = 162 };
    struct sch_record_key key;
    struct sch_op op = { .table = SCH_TABLE_TALLY, .value = { two, sizeof(two) }, .expected = SCH_STORE_ANY };
    uint8_t value[SCH_RECORD_TALLY_MAX];
    size_t size;

    (void)state;
    fill_store();
    key = sch_record_key_tally(&whose);
    op.key = sch_record_key_bytes(&key);
    assert_int_equal(sch_store_get(store, SCH_TABLE_TALLY, op.key, value, sizeof(value), &size), SCH_STORE_OK);
    assert_int_equal(sch_store_check(store, &counts, &error), SCH_OK);
    assert_int_equal(counts.rows[SCH_TABLE_TALLY], 4);
    assert_int_equal(sch_store_apply(store, &op, 1), SCH_STORE_OK);
    assert_int_equal(sch_store_check(store, &counts, &error), SCH_E_BACKUP_BAD);
    assert_non_null(strstr(error.text, "tally"));
    op.erase = true;
    assert_int_equal(sch_store_apply(store, &op, 1), SCH_STORE_OK);
    assert_int_equal(sch_store_check(store, &counts, &error), SCH_E_BACKUP_BAD);
    op.erase = false;
    op.value = (struct sch_bytes){ value, size };
    assert_int_equal(sch_store_apply(store, &op, 1), SCH_STORE_OK);
    assert_int_equal(sch_store_check(store, &counts, &error), SCH_OK);
}

/* More rows than a page, so that the walk must go on where it stopped. */
static void a_check_walks_every_page(void **state)
{
    struct sch_store_counts counts;
    sch_error error = SCH_ERROR_INIT;

    (void)state;
    for (uint64_t i = 0; i < 1500; i++) {
        struct sch_id id = { { 9 } };
        struct sch_record_key key = sch_record_key_trail(&id, i);

        assert_int_equal(put_row(SCH_TABLE_TRAIL, sch_record_key_bytes(&key), text("")), SCH_STORE_OK);
    }
    assert_int_equal(sch_store_check(store, &counts, &error), SCH_OK);
    assert_int_equal(counts.rows[SCH_TABLE_TRAIL], 1500);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(a_check_finds_what_is_damaged), CASE(a_check_looks_for_each_letter), CASE(a_check_counts_again),
        CASE(a_check_walks_every_page),
    };

    return cmocka_run_group_tests_name("store_check", tests, NULL, NULL);
}
