/*
 * test_audit.c: the audit chain: every changed, removed or added row is found; floods of refusals are folded.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "shell/audit.h"
#include "store_sim.h"

#define START_MS INT64_C(1798761600000)

static struct sch_store *store;
static struct sch_audit *audit;
static struct sch_meta meta;
static struct sch_arena arena;
static struct sch_op op[256];
static struct sch_batch batch;

static int set_up(void **state)
{
    (void)state;
    store = sch_store_sim_new();
    audit = malloc(sizeof(*audit));
    assert_non_null(audit);
    sch_audit_init(audit);
    sch_record_meta_init(&meta);
    return sch_arena_init(&arena, 262144);
}

static int tear_down(void **state)
{
    (void)state;
    sch_arena_close(&arena);
    free(audit);
    sch_store_sim_free(store);
    return 0;
}

static void begin(int64_t now_ms)
{
    sch_arena_reset(&arena);
    batch = (struct sch_batch){ op, 0, sizeof(op) / sizeof(op[0]), &arena };
    sch_audit_begin(audit, &meta, now_ms);
}

static void finish(void)
{
    uint8_t bytes[SCH_RECORD_META_MAX];
    struct sch_record_key key = sch_record_key_meta(SCH_RECORD_META_COUNTERS);
    struct sch_bytes value = { bytes, 0 };

    assert_int_equal(sch_audit_finish(audit, &batch, &meta), SCH_OK);
    value.len = sch_record_meta_encode(&meta, bytes, sizeof(bytes));
    assert_int_equal(sch_batch_put(&batch, SCH_TABLE_META, sch_record_key_bytes(&key), value, SCH_STORE_ANY),
                     SCH_OK);
    assert_int_equal(sch_store_apply(store, batch.op, batch.count), SCH_STORE_OK);
    sch_audit_commit(audit);
}

static struct sch_audit_record event(enum sch_trace_event what, uint8_t dossier)
{
    struct sch_audit_record record;

    memset(&record, 0, sizeof(record));
    record.event = what;
    record.dossier.bytes[0] = dossier;
    return record;
}

static void add(enum sch_trace_event what, uint8_t dossier)
{
    struct sch_audit_record record = event(what, dossier);

    assert_int_equal(sch_audit_add(audit, &batch, &record), SCH_OK);
}

/* Four turns of three records: rows 1..3, 5..7, 9..11, 13..15, links at 4, 8, 12, 16. */
static void four_turns(void)
{
    for (int turn = 0; turn < 4; turn++) {
        begin(START_MS + turn);
        for (int i = 0; i < 3; i++)
            add(SCH_TRACE_STORED, (uint8_t)(turn + 1));
        finish();
    }
}

static uint64_t rows(enum sch_table table)
{
    struct sch_store_sim_counters counters;

    sch_store_sim_counters(store, &counters);
    return counters.rows[table];
}

static void a_whole_chain_holds(void **state)
{
    struct sch_audit_report report;

    (void)state;
    assert_int_equal(sch_audit_verify(store, &report, NULL), SCH_OK);
    assert_int_equal(report.records, 0);
    four_turns();
    assert_int_equal(sch_audit_verify(store, &report, NULL), SCH_OK);
    assert_int_equal(report.records, 12);
    assert_int_equal(report.links, 4);
    assert_int_equal(report.broken_at, 0);
    assert_int_equal(meta.next_audit, 17);
    assert_int_equal(rows(SCH_TABLE_TRAIL), 4);         /* one per dossier and turn */
}

/* ---- trails ------------------------------------------------------------------------------------ */

struct trail {
    uint64_t sequence[2 * SCH_TRAIL_ROW_MAX];
    size_t count, rows;
};

static bool gather(void *context, struct sch_bytes key, struct sch_bytes value)
{
    struct trail *trail = context;
    size_t count;

    assert_true(trail->count <= SCH_TRAIL_ROW_MAX);
    assert_int_equal(sch_record_trail_decode(key, value, trail->sequence + trail->count, &count), SCH_OK);
    trail->count += count;
    trail->rows++;
    return true;
}

static struct trail trail_of(uint8_t dossier)
{
    struct sch_id id = { { dossier } };
    struct sch_record_key prefix = sch_record_prefix_id(&id);
    struct trail trail = { .count = 0 };

    assert_int_equal(sch_store_scan(store, SCH_TABLE_TRAIL, sch_record_key_bytes(&prefix), (struct sch_bytes){ 0 },
                                    false, SIZE_MAX, gather, &trail), SCH_STORE_OK);
    return trail;
}

static void a_trail_has_a_row_per_turn(void **state)
{
    struct trail trail;

    (void)state;
    begin(START_MS);
    for (int i = 0; i < 12; i++)
        add(i == 5 ? SCH_TRACE_PURGED : SCH_TRACE_STORED, (uint8_t)(i % 4));    /* 0 is no dossier */
    finish();
    begin(START_MS + 1);
    add(SCH_TRACE_STORED, 3);
    finish();
    assert_int_equal(rows(SCH_TABLE_TRAIL), 4);
    assert_int_equal(trail_of(0).count, 0);
    trail = trail_of(1);
    assert_int_equal(trail.rows, 1);
    assert_int_equal(trail.count, 2);                   /* a purge stands in no trail */
    assert_int_equal(trail.sequence[0], 2);
    assert_int_equal(trail.sequence[1], 10);
    trail = trail_of(3);
    assert_int_equal(trail.rows, 2);
    assert_int_equal(trail.count, 4);
    assert_int_equal(trail.sequence[3], 14);
}

static void a_trail_too_long_for_a_row_goes_on(void **state)
{
    static struct sch_op many[2 * SCH_TRAIL_ROW_MAX];
    struct trail trail;

    (void)state;
    begin(START_MS);
    batch = (struct sch_batch){ many, 0, sizeof(many) / sizeof(many[0]), &arena };
    for (int i = 0; i < SCH_TRAIL_ROW_MAX + 5; i++)
        add(SCH_TRACE_STORED, 1);
    finish();
    trail = trail_of(1);
    assert_int_equal(trail.rows, 2);
    assert_int_equal(trail.count, SCH_TRAIL_ROW_MAX + 5);
    for (size_t i = 0; i < trail.count; i++)
        assert_int_equal(trail.sequence[i], i + 1);
}

static void a_forgotten_dossier_has_no_trail(void **state)
{
    struct sch_id id = { { 2 } };

    (void)state;
    begin(START_MS);
    add(SCH_TRACE_STORED, 1);
    add(SCH_TRACE_STORED, 2);
    add(SCH_TRACE_STORED, 1);
    sch_audit_forget(audit, &id);
    finish();
    assert_int_equal(trail_of(2).count, 0);
    assert_int_equal(trail_of(1).count, 2);
    assert_int_equal(rows(SCH_TABLE_AUDIT), 4);
}

static void a_long_chain_is_walked_in_pages(void **state)
{
    struct sch_audit_report report;

    (void)state;
    for (int turn = 0; turn < 40; turn++) {
        begin(START_MS + turn);
        for (int i = 0; i < 100; i++)
            add(SCH_TRACE_STORED, 1);
        finish();
    }
    assert_int_equal(sch_audit_verify(store, &report, NULL), SCH_OK);
    assert_int_equal(report.records, 4000);
    assert_int_equal(report.links, 40);
}

static void a_turn_without_records_has_no_link(void **state)
{
    (void)state;
    begin(START_MS);
    finish();
    assert_int_equal(rows(SCH_TABLE_AUDIT), 0);
    assert_int_equal(meta.next_audit, 1);
}

static void a_turn_may_begin_again(void **state)
{
    struct sch_audit_report report;

    (void)state;
    four_turns();
    begin(START_MS + 9);
    add(SCH_TRACE_STORED, 9);
    begin(START_MS + 9);
    add(SCH_TRACE_COLLECTED, 9);
    finish();
    assert_int_equal(sch_audit_verify(store, &report, NULL), SCH_OK);
    assert_int_equal(report.records, 13);
}

/* ---- tampering --------------------------------------------------------------------------------- */

static struct sch_bytes row(uint64_t sequence, struct sch_record_key *key,
                            uint8_t value[SCH_RECORD_AUDIT_MAX])
{
    size_t size = 0;

    *key = sch_record_key_audit(sequence);
    assert_int_equal(sch_store_get(store, SCH_TABLE_AUDIT, sch_record_key_bytes(key), value,
                                   SCH_RECORD_AUDIT_MAX, &size), SCH_STORE_OK);
    return (struct sch_bytes){ value, size };
}

static void assert_broken_at(uint64_t sequence)
{
    struct sch_audit_report report;
    sch_error error = SCH_ERROR_INIT;

    assert_int_equal(sch_audit_verify(store, &report, &error), SCH_E_AUDIT_BROKEN);
    assert_int_equal(report.broken_at, sequence);
}

/* The place where a change in row `sequence` shows: at the link of its turn at the latest. */
static uint64_t link_of(uint64_t sequence)
{
    return (sequence + 3) / 4 * 4;
}

static void every_changed_byte_is_found(void **state)
{
    (void)state;
    four_turns();
    for (uint64_t sequence = 1; sequence <= 16; sequence++) {
        struct sch_record_key key;
        uint8_t value[SCH_RECORD_AUDIT_MAX];
        struct sch_bytes bytes = row(sequence, &key, value);
        struct sch_op change = { .table = SCH_TABLE_AUDIT, .key = sch_record_key_bytes(&key), .value = bytes,
                                 .expected = SCH_STORE_ANY };

        for (size_t i = 0; i < bytes.len; i++) {
            struct sch_audit_report report;

            value[i] ^= 1;
            assert_int_equal(sch_store_apply(store, &change, 1), SCH_STORE_OK);
            assert_int_equal(sch_audit_verify(store, &report, NULL), SCH_E_AUDIT_BROKEN);
            assert_in_range(report.broken_at, sequence, link_of(sequence));
            value[i] ^= 1;
        }
        assert_int_equal(sch_store_apply(store, &change, 1), SCH_STORE_OK);
    }
}

static void every_missing_row_is_found(void **state)
{
    (void)state;
    four_turns();
    for (uint64_t sequence = 1; sequence <= 16; sequence++) {
        struct sch_record_key key;
        uint8_t value[SCH_RECORD_AUDIT_MAX];
        struct sch_op change = { .table = SCH_TABLE_AUDIT, .expected = SCH_STORE_ANY };

        change.value = row(sequence, &key, value);
        change.key = sch_record_key_bytes(&key);
        change.erase = true;
        assert_int_equal(sch_store_apply(store, &change, 1), SCH_STORE_OK);
        assert_broken_at(sequence);
        change.erase = false;
        assert_int_equal(sch_store_apply(store, &change, 1), SCH_STORE_OK);
    }
}

/* A whole last turn taken away: the chain itself is sound, but META remembers its head. */
static void a_missing_tail_is_found(void **state)
{
    (void)state;
    four_turns();
    for (uint64_t sequence = 13; sequence <= 16; sequence++) {
        struct sch_record_key key = sch_record_key_audit(sequence);
        struct sch_op change = { .table = SCH_TABLE_AUDIT, .erase = true, .key = sch_record_key_bytes(&key),
                                 .expected = SCH_STORE_ANY };

        assert_int_equal(sch_store_apply(store, &change, 1), SCH_STORE_OK);
    }
    assert_broken_at(13);
}

/* Another last turn, sound in itself, in the place of the true one: META remembers the true head. */
static void a_forged_last_turn_is_found(void **state)
{
    struct sch_meta before, forged;

    (void)state;
    four_turns();
    before = forged = meta;
    begin(START_MS + 4);
    add(SCH_TRACE_STORED, 5);
    finish();
    sch_arena_reset(&arena);
    batch.count = 0;
    sch_audit_begin(audit, &before, START_MS + 4);
    add(SCH_TRACE_STORED, 6);
    assert_int_equal(sch_audit_finish(audit, &batch, &forged), SCH_OK);
    assert_int_equal(sch_store_apply(store, batch.op, batch.count), SCH_STORE_OK);
    assert_broken_at(19);
}

/* Erases rows, and says in META that the log begins behind them. */
static void take_out(uint64_t last, const uint8_t hash[32])
{
    uint8_t bytes[SCH_RECORD_META_MAX];
    struct sch_record_key key = sch_record_key_meta(SCH_RECORD_META_COUNTERS);
    struct sch_op put = { .table = SCH_TABLE_META, .key = sch_record_key_bytes(&key), .expected = SCH_STORE_ANY };

    for (uint64_t sequence = meta.audit_first; sequence <= last; sequence++) {
        struct sch_record_key at = sch_record_key_audit(sequence);
        struct sch_op gone = { .table = SCH_TABLE_AUDIT, .erase = true, .key = sch_record_key_bytes(&at),
                               .expected = SCH_STORE_ANY };

        assert_int_equal(sch_store_apply(store, &gone, 1), SCH_STORE_OK);
    }
    meta.audit_first = last + 1;
    memcpy(meta.audit_base, hash, 32);
    put.value = (struct sch_bytes){ bytes, sch_record_meta_encode(&meta, bytes, sizeof(bytes)) };
    assert_int_equal(sch_store_apply(store, &put, 1), SCH_STORE_OK);
}

static void what_is_left_after_the_oldest_went_is_proven(void **state)
{
    struct sch_audit_report report;
    struct sch_audit_link link;
    struct sch_record_key key;
    uint8_t value[SCH_RECORD_AUDIT_MAX];

    (void)state;
    four_turns();
    assert_int_equal(sch_record_link_decode((struct sch_bytes){ (key = sch_record_key_audit(8)).bytes, 8 },
                                            row(8, &key, value), &link), SCH_OK);
    take_out(8, link.hash);
    assert_int_equal(sch_audit_verify(store, &report, NULL), SCH_OK);
    assert_int_equal(report.records, 6);
    assert_int_equal(report.links, 2);
    link.hash[0] ^= 1;
    take_out(8, link.hash);
    assert_broken_at(12);
    link.hash[0] ^= 1;
    take_out(8, link.hash);
    meta.audit_first = 5;               /* more went than META admits */
    take_out(4, link.hash);
    assert_broken_at(5);
}

static void a_row_from_before_the_beginning_is_found(void **state)
{
    struct sch_record_key key;
    uint8_t value[SCH_RECORD_AUDIT_MAX];
    struct sch_bytes first;
    struct sch_op op_back = { .table = SCH_TABLE_AUDIT, .expected = SCH_STORE_ANY };
    struct sch_audit_link link;

    (void)state;
    four_turns();
    assert_int_equal(sch_record_link_decode((struct sch_bytes){ (key = sch_record_key_audit(4)).bytes, 8 },
                                            row(4, &key, value), &link), SCH_OK);
    first = row(1, &key, value);
    take_out(4, link.hash);
    op_back.key = sch_record_key_bytes(&key);
    op_back.value = first;
    assert_int_equal(sch_store_apply(store, &op_back, 1), SCH_STORE_OK);
    assert_broken_at(5);
}

/* ---- folding ----------------------------------------------------------------------------------- */

static struct sch_audit_record refuse(const char *key_id, uint32_t code)
{
    struct sch_audit_record record = event(SCH_TRACE_REJECTED, 7);

    memcpy(record.key_id, key_id, strlen(key_id));
    record.code = code;
    assert_int_equal(sch_audit_refuse(audit, &batch, &record), SCH_OK);
    return record;
}

static void repeated_refusals_are_folded(void **state)
{
    (void)state;
    begin(START_MS);
    assert_int_equal(refuse("k", 1).sequence, 1);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(refuse("k", 1).sequence, 0);
    assert_int_equal(refuse("k", 2).sequence, 2);
    assert_int_equal(refuse("l", 1).sequence, 3);
    finish();
    assert_int_equal(rows(SCH_TABLE_AUDIT), 4);
    assert_int_equal(rows(SCH_TABLE_TRAIL), 0);         /* a refusal shows in no dossier's trace */
    assert_true(sch_audit_next_ms(audit) == START_MS + SCH_AUDIT_FOLD_MS);

    begin(START_MS + SCH_AUDIT_FOLD_MS - 1);
    assert_int_equal(refuse("k", 1).sequence, 0);
    finish();
    begin(START_MS + SCH_AUDIT_FOLD_MS);
    assert_int_equal(refuse("k", 1).folded, 1001);
    finish();
    assert_true(sch_audit_next_ms(audit) == INT64_MAX);
}

static void counts_are_written_when_nothing_follows(void **state)
{
    struct sch_audit_record record;
    struct sch_record_key key;
    uint8_t value[SCH_RECORD_AUDIT_MAX];
    struct sch_bytes bytes;

    (void)state;
    begin(START_MS);
    (void)refuse("k", 1);
    (void)refuse("k", 1);
    (void)refuse("k", 1);
    finish();
    begin(START_MS + SCH_AUDIT_FOLD_MS);
    finish();
    bytes = row(3, &key, value);
    assert_int_equal(sch_record_audit_decode(sch_record_key_bytes(&key), bytes, &record), SCH_OK);
    assert_int_equal(record.folded, 1);                 /* two refusals: this record, and one more */
    assert_string_equal(record.key_id, "k");
    begin(START_MS + 2 * SCH_AUDIT_FOLD_MS);
    finish();
    assert_int_equal(rows(SCH_TABLE_AUDIT), 4);
}

static void a_turn_that_was_not_applied_folds_nothing(void **state)
{
    (void)state;
    begin(START_MS);
    (void)refuse("k", 1);
    begin(START_MS);
    assert_int_equal(refuse("k", 1).sequence, 1);
    finish();
}

/* More pairs than the table holds: the oldest makes room, and its count is written. */
static void a_full_table_loses_no_count(void **state)
{
    (void)state;
    begin(START_MS);
    (void)refuse("k", 0);
    (void)refuse("k", 0);
    finish();
    begin(START_MS + 1);
    for (uint32_t code = 1; code < SCH_AUDIT_FOLDS_MAX; code++)
        (void)refuse("k", code);
    assert_int_equal(audit->now.count, SCH_AUDIT_FOLDS_MAX);
    finish();
    begin(START_MS + 2);
    (void)refuse("k", 1000);
    assert_int_equal(batch.count, 2);                   /* the count of code 0, and the new refusal */
    finish();
}

static void a_batch_without_room_says_so(void **state)
{
    struct sch_audit_record record = event(SCH_TRACE_STORED, 1);

    (void)state;
    begin(START_MS);
    batch.capacity = 0;
    assert_int_equal(sch_audit_add(audit, &batch, &record), SCH_E_NO_MEMORY);
    assert_int_equal(batch.count, 0);
    batch.capacity = 1;
    assert_int_equal(sch_audit_add(audit, &batch, &record), SCH_OK);
    for (batch.capacity = 1; batch.capacity < 3; batch.capacity++) {     /* no room for the trail, or for the link */
        assert_int_equal(sch_audit_finish(audit, &batch, &meta), SCH_E_NO_MEMORY);
        batch.count = 1;
    }
    assert_int_equal(meta.next_audit, 1);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_whole_chain_holds), CASE(a_long_chain_is_walked_in_pages),
        CASE(a_turn_without_records_has_no_link), CASE(a_turn_may_begin_again),
        CASE(a_trail_has_a_row_per_turn), CASE(a_trail_too_long_for_a_row_goes_on),
        CASE(a_forgotten_dossier_has_no_trail),
        CASE(every_changed_byte_is_found), CASE(every_missing_row_is_found), CASE(a_missing_tail_is_found),
        CASE(a_forged_last_turn_is_found), CASE(what_is_left_after_the_oldest_went_is_proven),
        CASE(a_row_from_before_the_beginning_is_found),
        CASE(repeated_refusals_are_folded), CASE(counts_are_written_when_nothing_follows),
        CASE(a_turn_that_was_not_applied_folds_nothing), CASE(a_full_table_loses_no_count),
        CASE(a_batch_without_room_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
