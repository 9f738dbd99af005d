/*
 * conformance.c: what ports.h promises of a store, held against every store there is.
 *
 * Linked once per store with its fixture. Must not know: which store it is.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

#define VALUE_MAX (2 * 1024 * 1024)

static struct sch_store *store;

static int set_up(void **state)
{
    (void)state;
    store = fixture_new(0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fixture_free(store);
    return 0;
}

static struct sch_bytes text(const char *s)
{
    return (struct sch_bytes){ (const uint8_t *)s, strlen(s) };
}

static struct sch_op put(enum sch_table table, const char *key, const char *value)
{
    return (struct sch_op){ .table = table, .key = text(key), .value = text(value),
                            .expected = SCH_STORE_ANY };
}

static struct sch_op erase(enum sch_table table, const char *key)
{
    return (struct sch_op){ .table = table, .erase = true, .key = text(key), .expected = SCH_STORE_ANY };
}

/* A dossier's row: eight bytes of version, then the tail. */
static struct sch_op dossier(uint8_t bytes[16], uint64_t version, uint64_t expected)
{
    memset(bytes, 0, 16);
    bytes[7] = (uint8_t)version;
    return (struct sch_op){ .table = SCH_TABLE_DOSSIER, .key = text("d"), .value = { bytes, 16 },
                            .expected = expected };
}

static void assert_row(enum sch_table table, const char *key, const char *value)
{
    uint8_t buffer[256];
    size_t size = 99;
    enum sch_store_result result = sch_store_get(store, table, text(key), buffer, sizeof(buffer), &size);

    if (value == NULL) {
        assert_int_equal(result, SCH_STORE_NONE);
        return;
    }
    assert_int_equal(result, SCH_STORE_OK);
    assert_int_equal(size, strlen(value));
    assert_memory_equal(buffer, value, size);
}

static void rows_are_put_and_erased(void **state)
{
    struct sch_op first[] = { put(SCH_TABLE_MESSAGE, "a", "one"), put(SCH_TABLE_MESSAGE, "b", ""),
                              put(SCH_TABLE_BODY, "a", "other") };
    struct sch_op second[] = { put(SCH_TABLE_MESSAGE, "a", "longer than before"),
                               erase(SCH_TABLE_MESSAGE, "b"),
                               erase(SCH_TABLE_MESSAGE, "never there") };
    uint8_t buffer[4];
    size_t size;

    (void)state;
    assert_row(SCH_TABLE_MESSAGE, "a", NULL);
    assert_int_equal(sch_store_apply(store, first, 3), SCH_STORE_OK);
    assert_row(SCH_TABLE_MESSAGE, "a", "one");
    assert_row(SCH_TABLE_MESSAGE, "b", "");
    assert_row(SCH_TABLE_BODY, "a", "other");
    assert_int_equal(sch_store_apply(store, second, 3), SCH_STORE_OK);
    assert_row(SCH_TABLE_MESSAGE, "a", "longer than before");
    assert_row(SCH_TABLE_MESSAGE, "b", NULL);
    assert_row(SCH_TABLE_BODY, "a", "other");
    assert_int_equal(sch_store_get(store, SCH_TABLE_MESSAGE, text("a"), buffer, sizeof(buffer), &size),
                     SCH_STORE_FATAL);
    assert_int_equal(size, strlen("longer than before"));
    assert_int_equal(sch_store_apply(store, NULL, 0), SCH_STORE_OK);
}

static void later_ops_see_earlier_ones(void **state)
{
    uint8_t one[16], two[16];
    struct sch_op ops[] = { put(SCH_TABLE_META, "k", "1"), erase(SCH_TABLE_META, "k"),
                            put(SCH_TABLE_META, "k", "2"), dossier(one, 1, 0), dossier(two, 2, 1) };

    (void)state;
    assert_int_equal(sch_store_apply(store, ops, 5), SCH_STORE_OK);
    assert_row(SCH_TABLE_META, "k", "2");
}

static void versions_are_compared(void **state)
{
    uint8_t bytes[16];
    struct sch_op op = dossier(bytes, 1, 1);

    (void)state;
    assert_int_equal(sch_store_apply(store, &op, 1), SCH_STORE_CONFLICT);
    op = dossier(bytes, 1, 0);
    assert_int_equal(sch_store_apply(store, &op, 1), SCH_STORE_OK);
    assert_int_equal(sch_store_apply(store, &op, 1), SCH_STORE_CONFLICT);
    op = dossier(bytes, 3, 2);
    assert_int_equal(sch_store_apply(store, &op, 1), SCH_STORE_CONFLICT);
    op = dossier(bytes, 2, 1);
    assert_int_equal(sch_store_apply(store, &op, 1), SCH_STORE_OK);
    op.erase = true;
    assert_int_equal(sch_store_apply(store, &op, 1), SCH_STORE_CONFLICT);
    op.expected = 2;
    assert_int_equal(sch_store_apply(store, &op, 1), SCH_STORE_OK);
    op = dossier(bytes, 9, SCH_STORE_ANY);
    assert_int_equal(sch_store_apply(store, &op, 1), SCH_STORE_OK);
}

static void a_conflict_changes_nothing(void **state)
{
    uint8_t bytes[16];
    struct sch_op before[] = { put(SCH_TABLE_MESSAGE, "kept", "old"), put(SCH_TABLE_MESSAGE, "gone", "old") };
    struct sch_op ops[] = { put(SCH_TABLE_MESSAGE, "kept", "new"), put(SCH_TABLE_MESSAGE, "made", "new"),
                            erase(SCH_TABLE_MESSAGE, "gone"), put(SCH_TABLE_MESSAGE, "made", "newer"),
                            dossier(bytes, 2, 1) };

    (void)state;
    assert_int_equal(sch_store_apply(store, before, 2), SCH_STORE_OK);
    assert_int_equal(sch_store_apply(store, ops, 5), SCH_STORE_CONFLICT);
    assert_row(SCH_TABLE_MESSAGE, "kept", "old");
    assert_row(SCH_TABLE_MESSAGE, "gone", "old");
    assert_row(SCH_TABLE_MESSAGE, "made", NULL);
}

static void impossible_ops_are_rejected(void **state)
{
    char key[SCH_STORE_KEY_MAX + 2];
    struct sch_op good = put(SCH_TABLE_MESSAGE, "a", "1"), ops[2];
    uint8_t bytes[16];

    (void)state;
    memset(key, 'k', sizeof(key));
    key[SCH_STORE_KEY_MAX + 1] = '\0';
    ops[0] = good;
    ops[1] = put(SCH_TABLE_MESSAGE, key, "too long a key");
    assert_int_equal(sch_store_apply(store, ops, 2), SCH_STORE_REJECTED);
    ops[1] = put(SCH_TABLE_MESSAGE, "", "no key");
    assert_int_equal(sch_store_apply(store, ops, 2), SCH_STORE_REJECTED);
    ops[1] = put(SCH_TABLE_DOSSIER, "d", "short");
    assert_int_equal(sch_store_apply(store, ops, 2), SCH_STORE_REJECTED);
    ops[1] = put(SCH_TABLE_MESSAGE, "b", "a version");
    ops[1].expected = 1;
    assert_int_equal(sch_store_apply(store, ops, 2), SCH_STORE_REJECTED);
    ops[1] = dossier(bytes, 1, 0);
    ops[1].table = SCH_TABLE_COUNT;
    assert_int_equal(sch_store_apply(store, ops, 2), SCH_STORE_REJECTED);
    assert_row(SCH_TABLE_MESSAGE, "a", NULL);
    key[SCH_STORE_KEY_MAX] = '\0';
    ops[1] = put(SCH_TABLE_MESSAGE, key, "just short enough");
    assert_int_equal(sch_store_apply(store, ops, 2), SCH_STORE_OK);
    assert_row(SCH_TABLE_MESSAGE, key, "just short enough");
}

static void large_values_come_back(void **state)
{
    static uint8_t value[VALUE_MAX], again[VALUE_MAX];
    struct sch_op op = put(SCH_TABLE_BODY, "large", "");
    static const size_t sizes[] = { 2013, 2014, 2015, 2016, 4081, 4096, 65537, VALUE_MAX };
    size_t size;

    (void)state;
    for (size_t i = 0; i < sizeof(value); i++)
        value[i] = (uint8_t)(i * 7 + i / 256);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        op.value = (struct sch_bytes){ value, sizes[i] };
        assert_int_equal(sch_store_apply(store, &op, 1), SCH_STORE_OK);
        assert_int_equal(sch_store_get(store, SCH_TABLE_BODY, op.key, again, sizeof(again), &size),
                         SCH_STORE_OK);
        assert_int_equal(size, sizes[i]);
        assert_memory_equal(value, again, size);
    }
}

static void rows_outlive_a_restart(void **state)
{
    struct sch_op op = put(SCH_TABLE_KENMERK, "k", "there");

    (void)state;
    assert_int_equal(sch_store_apply(store, &op, 1), SCH_STORE_OK);
    store = fixture_again(store);
    assert_row(SCH_TABLE_KENMERK, "k", "there");
}

static void every_table_has_rows_of_its_own(void **state)
{
    char value[4];

    (void)state;
    for (unsigned t = 0; t < SCH_TABLE_COUNT; t++) {
        struct sch_op op = put((enum sch_table)t, "same key", "");

        (void)snprintf(value, sizeof(value), "%03u", t);
        op.value = t == SCH_TABLE_DOSSIER ? text("12345678") : text(value);
        assert_int_equal(sch_store_apply(store, &op, 1), SCH_STORE_OK);
    }
    store = fixture_again(store);
    for (unsigned t = 0; t < SCH_TABLE_COUNT; t++) {
        (void)snprintf(value, sizeof(value), "%03u", t);
        assert_row((enum sch_table)t, "same key", t == SCH_TABLE_DOSSIER ? "12345678" : value);
    }
}

static void audit_rows_may_come_in_any_order(void **state)
{
    struct sch_op ops[] = { put(SCH_TABLE_AUDIT, "2", "two"), put(SCH_TABLE_AUDIT, "3", "three"),
                            put(SCH_TABLE_AUDIT, "1", "one"), put(SCH_TABLE_AUDIT, "3", "again") };

    (void)state;
    assert_int_equal(sch_store_apply(store, ops, 4), SCH_STORE_OK);
    assert_row(SCH_TABLE_AUDIT, "1", "one");
    assert_row(SCH_TABLE_AUDIT, "3", "again");
}

/* ---- scans ------------------------------------------------------------------------------------- */

struct seen {
    char keys[256];
    size_t stop_after;
};

static bool note(void *context, struct sch_bytes key, struct sch_bytes value)
{
    struct seen *seen = context;
    size_t used = strlen(seen->keys);

    assert_int_equal(value.len, key.len);
    (void)snprintf(seen->keys + used, sizeof(seen->keys) - used, "%.*s ", (int)key.len,
                   (const char *)key.ptr);
    return seen->stop_after == 0 || --seen->stop_after > 0;
}

static void assert_scan(const char *prefix, const char *from, bool backwards, size_t limit, size_t stop_after,
                        const char *keys)
{
    struct seen seen = { "", stop_after };

    assert_int_equal(sch_store_scan(store, SCH_TABLE_MAILBOX, text(prefix), text(from), backwards, limit,
                                    note, &seen), SCH_STORE_OK);
    assert_string_equal(seen.keys, keys);
}

static void scans_follow_prefix_and_bounds(void **state)
{
    static const char *const keys[] = { "a", "b1", "b2", "b4", "c\xff\xff", "c\xff\xffz", "d" };
    struct sch_op ops[7];

    (void)state;
    assert_scan("", "", false, SIZE_MAX, 0, "");
    assert_scan("", "", true, SIZE_MAX, 0, "");
    for (size_t i = 0; i < 7; i++)
        ops[i] = put(SCH_TABLE_MAILBOX, keys[6 - i], keys[6 - i]);
    assert_int_equal(sch_store_apply(store, ops, 7), SCH_STORE_OK);

    assert_scan("b", "", false, SIZE_MAX, 0, "b1 b2 b4 ");
    assert_scan("b", "b2", false, SIZE_MAX, 0, "b2 b4 ");
    assert_scan("b", "b3", false, SIZE_MAX, 0, "b4 ");
    assert_scan("b", "a", false, SIZE_MAX, 0, "b1 b2 b4 ");
    assert_scan("b", "c", false, SIZE_MAX, 0, "");
    assert_scan("b", "", false, 2, 0, "b1 b2 ");
    assert_scan("b", "", false, 0, 0, "");
    assert_scan("b", "", false, SIZE_MAX, 1, "b1 ");
    assert_scan("", "b4", false, 2, 0, "b4 c\xff\xff ");
    assert_scan("x", "", false, SIZE_MAX, 0, "");

    assert_scan("b", "", true, SIZE_MAX, 0, "b4 b2 b1 ");
    assert_scan("b", "b3", true, SIZE_MAX, 0, "b2 b1 ");
    assert_scan("b", "b2", true, SIZE_MAX, 0, "b2 b1 ");
    assert_scan("b", "z", true, SIZE_MAX, 0, "b4 b2 b1 ");
    assert_scan("b", "a", true, SIZE_MAX, 0, "");
    assert_scan("b", "", true, 1, 0, "b4 ");
    assert_scan("c\xff\xff", "", true, SIZE_MAX, 0, "c\xff\xffz c\xff\xff ");
    assert_scan("", "", true, 2, 0, "d c\xff\xffz ");
    assert_scan("", "", true, SIZE_MAX, 3, "d c\xff\xffz c\xff\xff ");
    assert_scan("x", "", true, SIZE_MAX, 0, "");
}

/* ---- against a model --------------------------------------------------------------------------- */

#define MODEL_KEYS 2000

/* Keys are four bytes of three letters, so that prefixes are shared; value: a counter. */
struct model {
    bool there[MODEL_KEYS];
    uint32_t value[MODEL_KEYS];
};

static uint32_t random_state = 12345;

static uint32_t draw(uint32_t below)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % below;
}

static struct sch_bytes model_key(uint8_t bytes[8], uint32_t n)
{
    for (int i = 7; i >= 0; i--) {
        bytes[i] = (uint8_t)"\x01m\xff"[n % 3];
        n /= 3;
    }
    return (struct sch_bytes){ bytes, 8 };
}

struct check {
    const struct model *model;
    const uint8_t *prefix;
    size_t prefix_size;
    uint32_t next;
    bool backwards;
    size_t count;
};

/* The next row of the model from check->next on; MODEL_KEYS when there is none. */
static uint32_t model_next(struct check *check)
{
    uint8_t bytes[8];

    while (check->next < MODEL_KEYS) {
        uint32_t n = check->next;

        check->next = check->backwards ? (n == 0 ? MODEL_KEYS : n - 1) : n + 1;
        if (check->model->there[n] && memcmp(model_key(bytes, n).ptr, check->prefix, check->prefix_size) == 0)
            return n;
    }
    return MODEL_KEYS;
}

static bool compare_row(void *context, struct sch_bytes key, struct sch_bytes value)
{
    struct check *check = context;
    uint32_t n = model_next(check);
    uint8_t bytes[8];

    assert_true(n < MODEL_KEYS);
    assert_int_equal(key.len, 8);
    assert_memory_equal(key.ptr, model_key(bytes, n).ptr, 8);
    assert_int_equal(value.len, sizeof(uint32_t));
    assert_memory_equal(value.ptr, &check->model->value[n], sizeof(uint32_t));
    check->count++;
    return true;
}

static void model_scan(const struct model *model)
{
    uint8_t from[8], prefix[8];
    uint32_t start = draw(MODEL_KEYS);
    bool backwards = draw(2) == 1;
    struct check check = { model, prefix, draw(7), start, backwards, 0 };

    (void)model_key(from, start);
    (void)model_key(prefix, draw(3) == 0 ? draw(MODEL_KEYS) : start);
    assert_int_equal(sch_store_scan(store, SCH_TABLE_PARTY, (struct sch_bytes){ prefix, check.prefix_size },
                                    (struct sch_bytes){ from, 8 }, backwards, SIZE_MAX, compare_row, &check),
                     SCH_STORE_OK);
    assert_int_equal(model_next(&check), MODEL_KEYS);
}

static void rows_match_a_model(void **state)
{
    static struct model model;
    struct sch_op ops[16];
    uint8_t key[16][8];

    (void)state;
    memset(&model, 0, sizeof(model));
    for (uint32_t round = 0; round < 600; round++) {
        size_t count = 1 + draw(16);

        for (size_t i = 0; i < count; i++) {
            uint32_t n = draw(MODEL_KEYS);

            model.there[n] = draw(3) != 0;
            ops[i] = (struct sch_op){ .table = SCH_TABLE_PARTY, .erase = !model.there[n],
                                      .key = model_key(key[i], n), .expected = SCH_STORE_ANY };
            model.value[n] = round;
            ops[i].value = (struct sch_bytes){ (const uint8_t *)&model.value[n], sizeof(uint32_t) };
        }
        assert_int_equal(sch_store_apply(store, ops, count), SCH_STORE_OK);
        model_scan(&model);
        model_scan(&model);
    }
}

/* ---- room -------------------------------------------------------------------------------------- */

static void a_full_store_changes_nothing_and_recovers(void **state)
{
    static uint8_t value[16 * 1024];
    struct sch_store *kept = store;
    struct sch_op op = put(SCH_TABLE_BODY, "", ""), pair[2];
    struct sch_space space, after;
    enum sch_store_result result = SCH_STORE_OK;
    char key[200][8];
    size_t count = 0;

    (void)state;
    store = fixture_new(1024 * 1024);
    sch_store_space(store, &space);
    assert_in_range(space.map, 1024 * 1024, 1024 * 1024);
    assert_true(space.available <= space.map && space.available > 0);
    for (; result == SCH_STORE_OK && count < 200; count++) {
        (void)snprintf(key[count], sizeof(key[count]), "%zu", 1000 + count);
        op.key = text(key[count]);
        op.value = (struct sch_bytes){ value, sizeof(value) };
        result = sch_store_apply(store, &op, 1);
    }
    assert_int_equal(result, SCH_STORE_FULL);
    assert_in_range(count, 20, 70);
    sch_store_space(store, &after);
    assert_true(after.used > space.used && after.available < space.available);
    pair[0] = put(SCH_TABLE_META, "small", "x");
    pair[1] = op;
    assert_int_equal(sch_store_apply(store, pair, 2), SCH_STORE_FULL);
    assert_row(SCH_TABLE_META, "small", NULL);
    assert_row(SCH_TABLE_BODY, key[count - 1], NULL);
    for (size_t i = 0; i + 1 < count; i += 2) {
        op = erase(SCH_TABLE_BODY, key[i]);
        assert_int_equal(sch_store_apply(store, &op, 1), SCH_STORE_OK);
    }
    assert_int_equal(sch_store_apply(store, pair, 1), SCH_STORE_OK);
    assert_int_equal(sch_store_apply(store, pair, 2), SCH_STORE_OK);
    sch_store_space(store, &space);
    assert_true(space.available > after.available);
    fixture_free(store);
    store = kept;
}

static bool count_row(void *context, struct sch_bytes key, struct sch_bytes value)
{
    (void)key;
    (void)value;
    ++*(size_t *)context;
    return true;
}

/* That it stays so while others write is tested where others can: test_lmdb.c. */
static void a_snapshot_shows_what_stands(void **state)
{
    struct sch_op rows[] = { put(SCH_TABLE_OPEN, "a", ""), put(SCH_TABLE_OPEN, "b", ""),
                             put(SCH_TABLE_MESSAGE, "a", "one") };
    struct sch_op more = put(SCH_TABLE_MESSAGE, "a", "two");
    struct sch_store *kept = store, *snapshot;
    size_t count = 0;

    (void)state;
    assert_int_equal(sch_store_apply(store, rows, 3), SCH_STORE_OK);
    snapshot = sch_store_snapshot(store);
    assert_non_null(snapshot);
    store = snapshot;
    assert_row(SCH_TABLE_MESSAGE, "a", "one");
    assert_row(SCH_TABLE_MESSAGE, "b", NULL);
    store = kept;
    assert_int_equal(sch_store_scan(snapshot, SCH_TABLE_OPEN, (struct sch_bytes){ 0 }, (struct sch_bytes){ 0 }, false,
                                    10, count_row, &count),
                     SCH_STORE_OK);
    assert_int_equal(count, 2);
    sch_store_release(snapshot);
    sch_store_release(NULL);
    assert_int_equal(sch_store_apply(store, &more, 1), SCH_STORE_OK);
    assert_row(SCH_TABLE_MESSAGE, "a", "two");
}

/* The largest body there is, as it comes, and as it goes: in one batch; another's parts stay. */
static void a_large_body_goes_in_one_batch(void **state)
{
    static uint8_t part[SCH_PART_SIZE], back[SCH_PART_SIZE];
    static uint8_t keys[SCH_PARTS_MAX + 1][12];
    struct sch_op op[SCH_PARTS_MAX + 1];
    struct sch_bytes prefix = { keys[0], 8 };
    size_t count = 0, size;

    (void)state;
    memset(part, 0x5a, sizeof part);
    for (unsigned i = 0; i <= SCH_PARTS_MAX; i++) {
        keys[i][7] = i == SCH_PARTS_MAX ? 2 : 1;
        keys[i][11] = (uint8_t)i;
        op[i] = (struct sch_op){ .table = SCH_TABLE_PART, .key = { keys[i], sizeof keys[i] },
                                 .value = { part, i % 2 == 0 ? sizeof part : 1 }, .expected = SCH_STORE_ANY };
    }
    assert_int_equal(sch_store_apply(store, op, 64), SCH_STORE_OK);
    assert_int_equal(sch_store_apply(store, op + 64, SCH_PARTS_MAX + 1 - 64), SCH_STORE_OK);
    assert_int_equal(sch_store_scan(store, SCH_TABLE_PART, prefix, (struct sch_bytes){ 0 }, false, 1000, count_row,
                                    &count), SCH_STORE_OK);
    assert_int_equal(count, SCH_PARTS_MAX);
    assert_int_equal(sch_store_get(store, SCH_TABLE_PART, op[126].key, back, sizeof back, &size), SCH_STORE_OK);
    assert_int_equal(size, sizeof part);
    assert_memory_equal(back, part, sizeof part);
    for (unsigned i = 0; i < SCH_PARTS_MAX; i++)
        op[i].erase = true;
    assert_int_equal(sch_store_apply(store, op, SCH_PARTS_MAX), SCH_STORE_OK);
    count = 0;
    assert_int_equal(sch_store_scan(store, SCH_TABLE_PART, (struct sch_bytes){ 0 }, (struct sch_bytes){ 0 }, false,
                                    1000, count_row, &count), SCH_STORE_OK);
    assert_int_equal(count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_are_put_and_erased, set_up, tear_down),
        cmocka_unit_test_setup_teardown(later_ops_see_earlier_ones, set_up, tear_down),
        cmocka_unit_test_setup_teardown(versions_are_compared, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_conflict_changes_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(impossible_ops_are_rejected, set_up, tear_down),
        cmocka_unit_test_setup_teardown(large_values_come_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(rows_outlive_a_restart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_table_has_rows_of_its_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(audit_rows_may_come_in_any_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(scans_follow_prefix_and_bounds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(rows_match_a_model, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_snapshot_shows_what_stands, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_large_body_goes_in_one_batch, set_up, tear_down),
        cmocka_unit_test(a_full_store_changes_nothing_and_recovers),
    };

    return cmocka_run_group_tests_name(fixture_name, tests, NULL, NULL);
}
