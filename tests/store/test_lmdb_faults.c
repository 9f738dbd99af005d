/*
 * test_lmdb_faults.c: every operation of the store's port on LMDB, with the n-th allocation, read, write, commit or
 * write to disk failing, for successive n until none does.
 *
 * The wrappers are those of tests/faults. A failed operation says so, leaks nothing and changes nothing (a commit that
 * is unknown: all or nothing), and the next one finds the store as it should be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../faults/fault.h"
#include "shell/store_lmdb.h"

#define ROWS 40
#define VALUE_SIZE 3000                 /* every second one: more than a page holds */

static char directory[64];
static struct sch_store *store;

static const struct sch_store_options options = { .path = directory, .map_size = 64 << 20, .create = true };

static int open_store(void)
{
    sch_error error = SCH_ERROR_INIT;
    int code = sch_store_open(&store, &options, &error);

    if (code != SCH_OK)
        store = NULL;
    return code;
}

/* Two tables, the rows of both with the same mark. */
static enum sch_store_result write_rows(uint8_t mark)
{
    static uint8_t key[ROWS], value[ROWS][VALUE_SIZE];
    struct sch_op op[2 * ROWS];

    for (uint8_t i = 0; i < ROWS; i++) {
        struct sch_bytes name = { &key[i], 1 }, bytes = { value[i], i % 2 == 0 ? 8 : VALUE_SIZE };

        key[i] = i;
        memset(value[i], mark, VALUE_SIZE);
        op[2 * i] = (struct sch_op){ .table = SCH_TABLE_BODY, .key = name, .value = bytes,
                                     .expected = SCH_STORE_ANY };
        op[2 * i + 1] = (struct sch_op){ .table = SCH_TABLE_DUE, .key = name, .expected = SCH_STORE_ANY,
                                         .erase = mark % 2 == 0 };
    }
    return sch_store_apply(store, op, 2 * ROWS);
}

struct seen {
    size_t rows;
    int mark;                           /* -1: they differ */
};

static bool see(void *context, struct sch_bytes key, struct sch_bytes value)
{
    struct seen *seen = context;

    (void)key;
    seen->mark = seen->rows == 0 || seen->mark == value.ptr[0] ? value.ptr[0] : -1;
    seen->rows++;
    return true;
}

static enum sch_store_result scan(struct sch_store *from, bool backwards, struct seen *seen)
{
    *seen = (struct seen){ 0 };
    return sch_store_scan(from, SCH_TABLE_BODY, (struct sch_bytes){ 0 }, (struct sch_bytes){ 0 }, backwards, SIZE_MAX,
                          see, seen);
}

/* The mark that all rows have; without faults. */
static uint8_t mark_of(void)
{
    struct seen seen;

    assert_int_equal(scan(store, false, &seen), SCH_STORE_OK);
    assert_int_equal(seen.rows, ROWS);
    assert_true(seen.mark > 0);
    return (uint8_t)seen.mark;
}

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(directory, sizeof directory, "/tmp/sch-lmdb-XXXXXX");
    assert_non_null(mkdtemp(directory));
    assert_int_equal(open_store(), SCH_OK);
    assert_int_equal(write_rows(1), SCH_STORE_OK);
    return 0;
}

static int tear_down(void **state)
{
    char path[96];

    (void)state;
    fault_end();
    sch_store_close(store);
    (void)snprintf(path, sizeof path, "%s/data.mdb", directory);
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "%s/lock.mdb", directory);
    (void)unlink(path);
    return rmdir(directory);
}

/* ---- reading ------------------------------------------------------------------------------------- */

static void try_get(void)
{
    static uint8_t value[VALUE_SIZE];
    const uint8_t there = 3, absent = ROWS;
    enum sch_store_result result;
    size_t size;

    result = sch_store_get(store, SCH_TABLE_BODY, (struct sch_bytes){ &there, 1 }, value, sizeof value, &size);
    assert_true(result == SCH_STORE_OK || result == SCH_STORE_FATAL);
    if (result == SCH_STORE_OK)
        assert_true(size == VALUE_SIZE && value[0] == 1 && value[size - 1] == 1);
    result = sch_store_get(store, SCH_TABLE_BODY, (struct sch_bytes){ &absent, 1 }, value, sizeof value, &size);
    assert_true(result == SCH_STORE_NONE || result == SCH_STORE_FATAL);
}

static void try_scan(void)
{
    struct seen seen;

    for (int backwards = 0; backwards < 2; backwards++) {
        enum sch_store_result result = scan(store, backwards != 0, &seen);

        assert_true(result == SCH_STORE_FATAL || (result == SCH_STORE_OK && seen.rows == ROWS));
        assert_true(seen.rows == 0 || seen.mark == 1);
    }
}

static void try_snapshot(void)
{
    struct sch_store *snapshot = sch_store_snapshot(store);
    struct seen seen;

    if (snapshot != NULL && scan(snapshot, false, &seen) == SCH_STORE_OK)
        assert_true(seen.rows == ROWS && seen.mark == 1);
    sch_store_release(snapshot);
}

static void try_space(void)
{
    struct sch_space space;

    sch_store_space(store, &space);
    assert_true(space.map == 0 || space.rows[SCH_TABLE_BODY] == ROWS);
}

static void reads_say_that_they_failed(void **state)
{
    static void (*const tries[])(void) = { try_get, try_scan, try_snapshot, try_space };
    static const enum fault_kind kinds[] = { FAULT_ALLOCATION, FAULT_GET };

    (void)state;
    for (size_t t = 0; t < sizeof tries / sizeof tries[0]; t++)
        for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
            bool struck = true;

            for (size_t n = 0; struck; n++) {
                size_t unfreed = fault_unfreed();

                fault_arm(kinds[k], n, false);
                (void)fault_at_work(true);
                tries[t]();
                (void)fault_at_work(false);
                struck = fault_struck();
                fault_end();
                assert_int_equal(fault_unfreed(), unfreed);
                assert_int_equal(mark_of(), 1);
            }
        }
}

/* ---- writing ------------------------------------------------------------------------------------- */

/* What the result promises, and that the store goes on; a store that does not is opened anew. */
static void expect_all_or_nothing(enum sch_store_result result, uint8_t before, uint8_t after)
{
    uint8_t mark;

    assert_true(result == SCH_STORE_OK || result == SCH_STORE_REJECTED || result == SCH_STORE_FULL ||
                result == SCH_STORE_UNKNOWN || result == SCH_STORE_FATAL);
    if (result == SCH_STORE_FATAL) {
        sch_store_close(store);
        assert_int_equal(open_store(), SCH_OK);
    }
    mark = mark_of();
    assert_true(mark == after || (mark == before && result != SCH_STORE_OK));
    if (result == SCH_STORE_REJECTED || result == SCH_STORE_FULL)
        assert_int_equal(mark, before);
}

static void a_write_is_all_or_nothing(void **state)
{
    uint8_t before = 1;

    (void)state;
    for (int kind = 0; kind < FAULT_KINDS; kind++)
        for (int lasting = 0; lasting < 2; lasting++) {
            bool struck = true;

            for (size_t n = 0; struck; n++) {
                uint8_t after = (uint8_t)(before % 100 + 1);
                enum sch_store_result result;

                fault_arm((enum fault_kind)kind, n, lasting != 0);
                (void)fault_at_work(true);
                result = write_rows(after);
                (void)fault_at_work(false);
                struck = fault_struck();
                fault_end();
                expect_all_or_nothing(result, before, after);
                before = mark_of();
            }
        }
}

/* ---- opening and copying ------------------------------------------------------------------------- */

static void what_cannot_be_opened_leaves_nothing(void **state)
{
    (void)state;
    for (int kind = 0; kind < FAULT_KINDS; kind++) {
        bool struck = true;

        for (size_t n = 0; struck; n++) {
            size_t unfreed;
            int code;

            sch_store_close(store);
            unfreed = fault_unfreed();
            fault_arm((enum fault_kind)kind, n, false);
            code = open_store();
            struck = fault_struck();
            fault_end();
            assert_true(code == SCH_OK || code == SCH_E_NO_MEMORY || code == SCH_E_IO || code == SCH_E_STORE_DAMAGED);
            assert_true(code == SCH_OK || struck);
            if (code != SCH_OK) {
                assert_int_equal(fault_unfreed(), unfreed);
                assert_int_equal(open_store(), SCH_OK);
            }
            assert_int_equal(mark_of(), 1);
        }
    }
}

static void a_backup_is_whole_or_not_there(void **state)
{
    char path[96], file[112];

    (void)state;
    (void)snprintf(path, sizeof path, "%s/copy", directory);
    (void)snprintf(file, sizeof file, "%s/data.mdb", path);
    for (int kind = 0; kind < FAULT_KINDS; kind++) {
        bool struck = true;

        for (size_t n = 0; struck; n++) {
            sch_error error = SCH_ERROR_INIT;
            int code;

            fault_arm((enum fault_kind)kind, n, false);
            code = sch_store_backup(store, path, &error);
            struck = fault_struck();
            fault_end();
            assert_true(code == SCH_OK || (struck && code == SCH_E_IO));
            assert_int_equal(access(file, F_OK) == 0, code == SCH_OK);
            (void)unlink(file);
            (void)rmdir(path);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_say_that_they_failed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_write_is_all_or_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_opened_leaves_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_backup_is_whole_or_not_there, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
