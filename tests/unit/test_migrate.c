/*
 * test_migrate.c: a store of schema 1 becomes one of this schema, whole or in pieces, and is as good as a new one.
 *
 * tests/store/schema1.txt holds five referrals of linde to haven, made by the last version that wrote schema 1:
 * refused, and referred again, and refused; a third of that chain, which is one of a group; another of that group,
 * seen and not treated; and one in treatment. Then a week in which nobody collected anything.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "record_check.h"
#include "shell/migrate.h"
#include "shell/record.h"
#include "shell/record_v1.h"
#include "shell/store_lmdb.h"
#include "shell/tally.h"
#include "stage.h"

#define FIXTURE "tests/store/schema1.txt"
#define END_MS (INT64_C(1797840000000) + 13 * INT64_C(86400000))
#define LINE_MAX_SIZE 16384

static size_t unhex(const char *text, uint8_t *bytes)
{
    size_t size = 0;
    unsigned byte;

    for (; sscanf(text, "%2x", &byte) == 1 && text[0] > ' '; text += 2)
        bytes[size++] = (uint8_t)byte;
    return size;
}

static struct sch_store *old_store(void)
{
    struct sch_store *store = sch_store_sim_new();
    FILE *file = fopen(FIXTURE, "r");
    static char line[LINE_MAX_SIZE];

    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        static uint8_t key[SCH_STORE_KEY_MAX], value[LINE_MAX_SIZE / 2];
        char *at = strchr(line, ' '), *rest = at == NULL ? NULL : strchr(at + 1, ' ');
        struct sch_op op = { .table = (enum sch_table)atoi(line), .expected = SCH_STORE_ANY };

        if (line[0] == '#')
            continue;
        assert_non_null(rest);
        op.key = (struct sch_bytes){ key, unhex(at + 1, key) };
        op.value = (struct sch_bytes){ value, unhex(rest + 1, value) };
        assert_int_equal(sch_store_apply(store, &op, 1), SCH_STORE_OK);
    }
    (void)fclose(file);
    return store;
}

static uint64_t rows(const struct sch_store *store, enum sch_table table)
{
    struct sch_store_sim_counters counters;

    sch_store_sim_counters(store, &counters);
    return counters.rows[table];
}

static void expect_sound(struct sch_store *store)
{
    struct sch_store_counts counts;
    sch_error error = SCH_ERROR_INIT;

    if (sch_store_check(store, &counts, &error) != SCH_OK)
        fail_msg("%s", error.text);
}

struct five {
    struct sch_dossier dossier[5];
    size_t count;
};

static bool keep_dossier(void *context, struct sch_bytes key, struct sch_bytes value)
{
    struct five *five = context;

    (void)key;
    assert_true(five->count < 5);
    assert_int_equal(sch_record_dossier_decode(value, &five->dossier[five->count++]), SCH_OK);
    return true;
}

static struct five *five_of(struct sch_store *store)
{
    struct five *five = calloc(1, sizeof *five);

    assert_int_equal(sch_store_scan(store, SCH_TABLE_DOSSIER, (struct sch_bytes){ 0 }, (struct sch_bytes){ 0 }, false,
                                    SIZE_MAX, keep_dossier, five), SCH_STORE_OK);
    assert_int_equal(five->count, 5);
    return five;
}

static const struct sch_dossier *by_kenmerk(const struct five *five, uint64_t kenmerk)
{
    for (size_t i = 0; i < 5; i++)
        if (five->dossier[i].kenmerk == kenmerk)
            return &five->dossier[i];
    fail_msg("no dossier %d", (int)kenmerk);
    return NULL;
}

static bool count_ended(void *context, const struct sch_tally_term *term)
{
    *(uint32_t *)context += term->outcome != SCH_TALLY_OPEN ? term->count : 0;
    return true;
}

static void a_store_is_migrated_whole(void **state)
{
    struct sch_store *store = old_store();
    struct sch_migrate_report report;
    sch_error error = SCH_ERROR_INIT;
    const struct sch_dossier *first, *second, *third, *seen, *treated;
    uint32_t ended = 0, kept = 0;
    struct five *five;

    (void)state;
    assert_int_equal(sch_migrate(store, &report, &error), SCH_OK);
    assert_int_equal(report.dossiers, 5);
    assert_int_equal(report.messages, rows(store, SCH_TABLE_MESSAGE));
    expect_sound(store);
    assert_int_equal(rows(store, SCH_TABLE_META), 2);           /* schema and counters: no trace of the work */
    five = five_of(store);
    first = by_kenmerk(five, 1);
    second = by_kenmerk(five, 2);
    third = by_kenmerk(five, 3);
    seen = by_kenmerk(five, 4);
    treated = by_kenmerk(five, 5);
    assert_int_equal(first->kind, SCH_KIND_REFERRAL);
    assert_memory_equal(&first->root, &first->id, sizeof first->id);
    assert_memory_equal(&third->root, &first->id, sizeof first->id);        /* schema 1 had the second here */
    assert_true(second->chain_ms == first->opened_ms && third->chain_ms == first->opened_ms);
    assert_int_equal(first->refusals, 1);
    assert_int_equal(third->refusals, 2);
    assert_int_equal(first->proof_count, 1);
    assert_int_equal(first->proof[0].phase, SCH_PHASE_REFUSED);
    assert_int_equal(third->proof_count, 0);
    assert_true(first->closed_ms > 0 && third->closed_ms == 0);
    assert_int_equal(seen->phase, SCH_PHASE_CLOSED);
    assert_int_equal(seen->proof[0].phase, SCH_PHASE_ENDED);
    assert_int_equal(seen->closed_ms, 0);                       /* it was not taken up */
    assert_int_equal(treated->phase, SCH_PHASE_IN_TREATMENT);
    assert_int_equal(rows(store, SCH_TABLE_CHAIN), 4);          /* two in the chain, two in the group */
    assert_true(rows(store, SCH_TABLE_PASSED) >= 20);
    assert_int_equal(rows(store, SCH_TABLE_DUE), 5);
    for (size_t i = 0; i < 5; i++)
        for (size_t k = 0; k < five->dossier[i].instance_count; k++)
            kept += !sch_instance_is_open(&five->dossier[i].instance[k]);
    assert_int_equal(sch_tally_terms(store, "utrecht", 0, 0, count_ended, &ended), SCH_OK);
    assert_int_equal(ended, kept);
    assert_true(kept > 0);
    assert_int_equal(sch_migrate(store, &report, &error), SCH_OK);          /* again: nothing to do */
    assert_int_equal(report.dossiers + report.messages, 0);
    free(five);
    sch_store_sim_free(store);
}

struct all {
    uint8_t bytes[1 << 19];
    size_t size;
};

static bool keep_row(void *context, struct sch_bytes key, struct sch_bytes value)
{
    struct all *all = context;

    assert_true(all->size + key.len + value.len < sizeof all->bytes);
    memcpy(all->bytes + all->size, key.ptr, key.len);
    all->size += key.len;
    if (value.len > 0)
        memcpy(all->bytes + all->size, value.ptr, value.len);
    all->size += value.len;
    return true;
}

static void gather(struct sch_store *store, struct all *all)
{
    all->size = 0;
    for (int t = 0; t < SCH_TABLE_COUNT; t++)
        assert_int_equal(sch_store_scan(store, (enum sch_table)t, (struct sch_bytes){ 0 }, (struct sch_bytes){ 0 }, false,
                                        SIZE_MAX, keep_row, all), SCH_STORE_OK);
}

/* Stopped at each of its transactions in turn, whether that one was made durable or not. */
static void a_migration_goes_on_where_it_stopped(void **state)
{
    static struct all whole, pieces;
    struct sch_store *store = old_store();
    struct sch_migrate_report report;
    sch_error error = SCH_ERROR_INIT;
    size_t stops = 0;

    (void)state;
    assert_int_equal(sch_migrate(store, &report, &error), SCH_OK);
    gather(store, &whole);
    sch_store_sim_free(store);
    for (size_t at = 0;; at++) {
        enum sch_store_sim_fault fault = at % 2 == 0 ? SCH_SIM_UNKNOWN_KEPT : SCH_SIM_UNKNOWN_LOST;
        int code;

        store = old_store();
        sch_store_sim_fail(store, fault, at / 2);
        code = sch_migrate(store, &report, &error);
        sch_store_sim_fail(store, SCH_SIM_NONE, 0);
        if (code == SCH_OK)
            break;
        stops++;
        assert_int_equal(code, SCH_E_IO);
        assert_int_equal(sch_migrate(store, &report, &error), SCH_OK);
        gather(store, &pieces);
        assert_int_equal(pieces.size, whole.size);
        assert_memory_equal(pieces.bytes, whole.bytes, whole.size);
        sch_store_sim_free(store);
    }
    assert_true(stops >= 10);
    sch_store_sim_free(store);
}

/* The broker goes on: what was due falls due, letters are answered, and the counts stay right. */
static void a_migrated_store_serves(void **state)
{
    struct sch_book *book = sch_region_sim_book();
    struct stage *stage = calloc(1, sizeof *stage);
    struct sch_migrate_report report;
    sch_error error = SCH_ERROR_INIT;
    struct stage_message referral;
    struct sch_reply reply;

    (void)state;
    stage_open(stage, book, END_MS);
    stage_stop(stage);
    sch_store_sim_free(stage->store);
    stage->store = stage->options.store = old_store();
    assert_int_equal(sch_migrate(stage->store, &report, &error), SCH_OK);
    stage_start(stage);
    assert_int_equal(stage->turn_code, SCH_OK);
    stage_referral(stage, &referral, "linde", "haven");
    assert_true(stage_submit(stage, stage_enter(stage, "linde", 1), &referral, &reply));
    assert_int_equal(reply.type, SCH_REPLY_RECEIPT);
    stage_pass(stage, INT64_C(1000) * 86400000);
    assert_true(stage->metrics.purged >= 1);
    assert_int_equal(stage->metrics.tally_missed, 0);
    stage_close(stage);                                         /* checks the store */
    free(stage);
    sch_region_sim_book_free(book);
}

/* A row under another id, which stands at the beginning of a message and behind the version of a dossier. */
static void copy_row(struct sch_store *store, enum sch_table table, const struct sch_record_key *key, unsigned count)
{
    size_t id_at = table == SCH_TABLE_DOSSIER ? 8 : 0;
    static uint8_t value[LINE_MAX_SIZE];
    size_t size = 0;

    assert_int_equal(sch_store_get(store, table, sch_record_key_bytes(key), value, sizeof value, &size), SCH_STORE_OK);
    for (unsigned i = 0; i < count; i++) {
        struct sch_record_key other = *key;
        struct sch_op op = { .table = table, .value = { value, size }, .expected = SCH_STORE_ANY };

        other.bytes[5] = (uint8_t)i;    /* in the milliseconds of its time: before and behind the others */
        other.bytes[15] ^= 0xff;
        memcpy(value + id_at, other.bytes, SCH_ID_SIZE);
        op.key = sch_record_key_bytes(&other);
        assert_int_equal(sch_store_apply(store, &op, 1), SCH_STORE_OK);
    }
}

static bool last_key(void *context, struct sch_bytes key, struct sch_bytes value)
{
    struct sch_record_key *kept = context;

    (void)value;
    memcpy(kept->bytes, key.ptr, key.len);
    kept->size = key.len;
    return true;
}

static void a_large_store_goes_in_batches(void **state)
{
    struct sch_store *store = old_store();
    static const enum sch_table tables[] = { SCH_TABLE_DOSSIER, SCH_TABLE_MESSAGE };
    struct sch_store_sim_counters before, after;
    struct sch_migrate_report report;
    sch_error error = SCH_ERROR_INIT;
    uint64_t messages = rows(store, SCH_TABLE_MESSAGE);

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct sch_record_key key = { .size = 0 };

        /* The third dossier: its chain is found whether those before it were done in this batch or an earlier. */
        assert_int_equal(sch_store_scan(store, tables[i], (struct sch_bytes){ 0 }, (struct sch_bytes){ 0 }, false, 3,
                                        last_key, &key), SCH_STORE_OK);
        copy_row(store, tables[i], &key, 251);     /* with the others: 256 dossiers, which is whole batches */
    }
    sch_store_sim_counters(store, &before);
    assert_int_equal(sch_migrate(store, &report, &error), SCH_OK);
    sch_store_sim_counters(store, &after);
    assert_true(after.applies - before.applies > 8);
    assert_int_equal(report.dossiers, 256);
    assert_int_equal(report.messages, messages + 251);
    assert_int_equal(rows(store, SCH_TABLE_CHAIN), 2 * (2 + 251));
    expect_sound(store);
    sch_store_sim_free(store);
}

static void damage_is_said(void **state)
{
    struct sch_store *store = old_store();
    struct sch_id id = { { 9 } };
    struct sch_record_key key = sch_record_key_id(&id);
    struct sch_op op = { .table = SCH_TABLE_DOSSIER, .key = sch_record_key_bytes(&key), .value = { key.bytes, 9 },
                         .expected = SCH_STORE_ANY };
    struct sch_migrate_report report;
    sch_error error = SCH_ERROR_INIT;

    (void)state;
    assert_int_equal(sch_store_apply(store, &op, 1), SCH_STORE_OK);
    assert_int_equal(sch_migrate(store, &report, &error), SCH_E_STORE_DAMAGED);
    op.erase = true;
    assert_int_equal(sch_store_apply(store, &op, 1), SCH_STORE_OK);
    assert_int_equal(sch_migrate(store, &report, &error), SCH_OK);
    sch_store_sim_free(store);
}

/* ---- rows of schema 1 --------------------------------------------------------------------------- */

static int decode_dossier(struct sch_bytes value, void *target)
{
    return sch_record_v1_dossier(value, target);
}

static int decode_message(struct sch_bytes value, void *target)
{
    return sch_record_v1_message(value, target);
}

static int decode_meta(struct sch_bytes value, void *target)
{
    return sch_record_v1_meta(value, target);
}

static bool cut(void *context, struct sch_bytes key, struct sch_bytes value)
{
    enum sch_table table = *(enum sch_table *)context;

    (void)key;
    if (table == SCH_TABLE_DOSSIER)
        check_truncation(value.ptr, value.len, decode_dossier, sizeof(struct sch_dossier));
    else if (table == SCH_TABLE_MESSAGE)
        check_truncation(value.ptr, value.len, decode_message, sizeof(struct sch_message_row));
    else if (value.len > SCH_RECORD_SCHEMA_SIZE)
        check_truncation(value.ptr, value.len, decode_meta, sizeof(struct sch_meta));
    return true;
}

/* Whatever byte is another: it is refused, or nothing comes of it that this schema cannot hold. */
static bool change(void *context, struct sch_bytes key, struct sch_bytes value)
{
    static uint8_t copy[SCH_RECORD_DOSSIER_MAX], again[SCH_RECORD_DOSSIER_MAX];
    static struct sch_dossier dossier;

    (void)key;
    (void)context;
    memcpy(copy, value.ptr, value.len);
    for (size_t i = 0; i < value.len; i++) {
        for (unsigned other = 0; other < 256; other += 51) {
            copy[i] = (uint8_t)other;
            if (sch_record_v1_dossier((struct sch_bytes){ copy, value.len }, &dossier) == SCH_OK)
                assert_true(sch_record_dossier_encode(&dossier, again, sizeof again) > 0);
        }
        copy[i] = value.ptr[i];
    }
    return true;
}

static void no_row_that_was_cut_or_changed_passes_for_another(void **state)
{
    enum sch_table tables[] = { SCH_TABLE_DOSSIER, SCH_TABLE_MESSAGE, SCH_TABLE_META };
    struct sch_store *store = old_store();

    (void)state;
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        assert_int_equal(sch_store_scan(store, tables[i], (struct sch_bytes){ 0 }, (struct sch_bytes){ 0 }, false, 3, cut,
                                        &tables[i]), SCH_STORE_OK);
    assert_int_equal(sch_store_scan(store, SCH_TABLE_DOSSIER, (struct sch_bytes){ 0 }, (struct sch_bytes){ 0 }, false, 5,
                                    change, NULL), SCH_STORE_OK);
    sch_store_sim_free(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_store_is_migrated_whole), cmocka_unit_test(a_migration_goes_on_where_it_stopped),
        cmocka_unit_test(a_migrated_store_serves), cmocka_unit_test(a_large_store_goes_in_batches),
        cmocka_unit_test(damage_is_said),
        cmocka_unit_test(no_row_that_was_cut_or_changed_passes_for_another),
    };

    return cmocka_run_group_tests_name("migrate", tests, NULL, NULL);
}
