/*
 * test_record_tally.c: the bytes of counts: keys of every sort, rows up to their bound, damage, golden bytes.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "record_check.h"

static struct sch_tally_key whose(enum sch_tally_sort sort)
{
    struct sch_tally_key key = { .sort = sort, .part = 258 };

    memcpy(key.region, "utrecht", 7);
    if (sort == SCH_TALLY_BY_RECEIVER || sort == SCH_TALLY_BY_REFERRER || sort == SCH_TALLY_TERMS)
        memcpy(key.name.text, "agb:06290713", 12);
    if (sort != SCH_TALLY_TERMS)
        key.period = 162;
    if (sort == SCH_TALLY_BY_SILENCE)
        key.silence = SCH_SILENCE_NOT_DECIDED;
    if (sort == SCH_TALLY_TERMS) {
        key.month = 202611;
        key.expectation = 6;
    }
    return key;
}

static void keys_come_back(void **state)
{
    (void)state;
    for (unsigned sort = SCH_TALLY_BY_RECEIVER; sort <= SCH_TALLY_TERMS; sort++) {
        struct sch_tally_key key = whose((enum sch_tally_sort)sort), again;
        struct sch_record_key bytes = sch_record_key_tally(&key);
        struct sch_record_key prefix = sch_record_prefix_tally("utrecht", key.sort);

        assert_true(bytes.size > prefix.size && memcmp(bytes.bytes, prefix.bytes, prefix.size) == 0);
        assert_int_equal(sch_record_read_tally(sch_record_key_bytes(&bytes), &again), SCH_OK);
        assert_memory_equal(&key, &again, sizeof(key));
        for (size_t cut = 0; cut < bytes.size; cut++)
            assert_int_equal(sch_record_read_tally((struct sch_bytes){ bytes.bytes, cut }, &again),
                             SCH_E_STORE_DAMAGED);
        bytes.size++;
        assert_int_equal(sch_record_read_tally(sch_record_key_bytes(&bytes), &again), SCH_E_STORE_DAMAGED);
        fill(key.region, SCH_REGION_MAX, 'r');
        if (key.name.text[0] != '\0')
            fill(key.name.text, SCH_ADDRESS_MAX, 'n');
        bytes = sch_record_key_tally(&key);
        assert_int_equal(sch_record_read_tally(sch_record_key_bytes(&bytes), &again), SCH_OK);
        assert_memory_equal(&key, &again, sizeof(key));
    }
}

static void numbers_outside_their_lists_are_refused(void **state)
{
    struct sch_tally_key key = whose(SCH_TALLY_BY_SILENCE), again;
    struct sch_record_key bytes = sch_record_key_tally(&key);

    (void)state;
    bytes.bytes[9] = SCH_SILENCE_COUNT;
    assert_int_equal(sch_record_read_tally(sch_record_key_bytes(&bytes), &again), SCH_E_STORE_DAMAGED);
    bytes.bytes[9] = SCH_SILENCE_COUNT - 1;
    assert_int_equal(sch_record_read_tally(sch_record_key_bytes(&bytes), &again), SCH_OK);
    bytes.bytes[8] = 0;
    assert_int_equal(sch_record_read_tally(sch_record_key_bytes(&bytes), &again), SCH_E_STORE_DAMAGED);
    bytes.bytes[8] = SCH_TALLY_TERMS + 1;
    assert_int_equal(sch_record_read_tally(sch_record_key_bytes(&bytes), &again), SCH_E_STORE_DAMAGED);
    key = whose(SCH_TALLY_TERMS);
    key.expectation = SCH_EXPECTATION_COUNT;
    bytes = sch_record_key_tally(&key);
    assert_int_equal(sch_record_read_tally(sch_record_key_bytes(&bytes), &again), SCH_E_STORE_DAMAGED);
}

/* Months of one region stand in their order, whatever the rest. */
static void keys_sort_by_month(void **state)
{
    struct sch_tally_key early = whose(SCH_TALLY_TERMS), late = early;
    struct sch_record_key a, b;

    (void)state;
    early.month = 202612;
    early.expectation = 15;
    late.month = 202701;
    late.expectation = 1;
    a = sch_record_key_tally(&early);
    b = sch_record_key_tally(&late);
    assert_true(memcmp(a.bytes, b.bytes, a.size) < 0);
}

struct row {
    struct sch_tally_cell cell[SCH_TALLY_CELLS_MAX];
    size_t count;
};

static int decode_row(struct sch_bytes value, void *target)
{
    struct row *row = target;

    memset(row, 0, sizeof(*row));
    int code = sch_record_tally_decode(value, row->cell, &row->count);
    if (code != SCH_OK) {
        assert_int_equal(row->count, 0);
        memset(row, 0, sizeof(*row));
    }
    return code;
}

static size_t encode_row(const void *value, uint8_t *buffer, size_t capacity)
{
    const struct row *row = value;

    return sch_record_tally_encode(row->cell, row->count, buffer, capacity);
}

static void rows_come_back(void **state)
{
    static struct row row, again;
    uint8_t buffer[SCH_RECORD_TALLY_MAX + 16] = { 0 };
    size_t size = 0;

    (void)state;
    for (row.count = 1; row.count <= SCH_TALLY_CELLS_MAX; row.count++) {
        struct sch_tally_cell *last = &row.cell[row.count - 1];

        /* The first is nought; the others stand as far apart as 256 of them can. */
        *last = (struct sch_tally_cell){ (uint32_t)(row.count - 1) * 4112, UINT32_MAX - (uint32_t)row.count };
        size = encode_row(&row, buffer, SCH_RECORD_TALLY_MAX);
        assert_true(size > 0);
        assert_int_equal(decode_row((struct sch_bytes){ buffer, size }, &again), SCH_OK);
        assert_int_equal(again.count, row.count);
        assert_memory_equal(row.cell, again.cell, row.count * sizeof(row.cell[0]));
    }
    assert_int_equal(row.cell[SCH_TALLY_CELLS_MAX - 1].number, SCH_TALLY_NUMBER_MAX - 15);
    buffer[size] = buffer[size + 1] = 1;        /* one cell more than a row may have */
    assert_int_equal(decode_row((struct sch_bytes){ buffer, size + 2 }, &again), SCH_E_STORE_DAMAGED);
}

static void damaged_rows_are_refused(void **state)
{
    static struct row row = { { { 0, 1 }, { 1, 300 }, { 5000, 7 }, { SCH_TALLY_NUMBER_MAX, UINT32_MAX } }, 4 };
    uint8_t buffer[SCH_RECORD_TALLY_MAX];
    static const uint8_t twice[] = { 3, 1, 0, 1 }, nothing[] = { 3, 0 };
    struct row again;
    size_t size = encode_row(&row, buffer, sizeof(buffer));

    (void)state;
    check_flips(buffer, size, decode_row, encode_row, sizeof(row));
    assert_int_equal(decode_row((struct sch_bytes){ buffer, 0 }, &again), SCH_E_STORE_DAMAGED);
    assert_int_equal(decode_row((struct sch_bytes){ buffer, size - 1 }, &again), SCH_E_STORE_DAMAGED);
    assert_int_equal(decode_row((struct sch_bytes){ twice, sizeof(twice) }, &again), SCH_E_STORE_DAMAGED);
    assert_int_equal(decode_row((struct sch_bytes){ nothing, sizeof(nothing) }, &again), SCH_E_STORE_DAMAGED);
}

/* These bytes stand in stores: a difference is a new schema (STORE.md, "Changing a format"). */
static void bytes_are_golden(void **state)
{
    struct sch_tally_key key = whose(SCH_TALLY_TERMS);
    struct sch_record_key bytes = sch_record_key_tally(&key);
    struct row row = { { { 130, 1 }, { 131, 300 } }, 2 };
    uint8_t buffer[SCH_RECORD_TALLY_MAX];

    (void)state;
    assert_hex(bytes.bytes, bytes.size, "75747265636874000400031773066167623a3036323930373133000102");
    key = whose(SCH_TALLY_BY_RECEIVER);
    bytes = sch_record_key_tally(&key);
    assert_hex(bytes.bytes, bytes.size, "7574726563687400016167623a30363239303731330000a20102");
    key = whose(SCH_TALLY_BY_SILENCE);
    bytes = sch_record_key_tally(&key);
    assert_hex(bytes.bytes, bytes.size, "7574726563687400030200a20102");
    assert_hex(buffer, encode_row(&row, buffer, sizeof(buffer)), "82010101ac02");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_come_back), cmocka_unit_test(numbers_outside_their_lists_are_refused),
        cmocka_unit_test(keys_sort_by_month), cmocka_unit_test(rows_come_back),
        cmocka_unit_test(damaged_rows_are_refused), cmocka_unit_test(bytes_are_golden),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
