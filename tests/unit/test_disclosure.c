/*
 * test_disclosure.c: what is left out of a published table, and that nothing gives it away.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <scharnier/error.h>

#include "prng.h"
#include "shell/disclosure.h"

#define CELLS_MAX 128

static void expect(const uint32_t *count, size_t rows, size_t columns, const char *hidden_as_text)
{
    bool hidden[CELLS_MAX] = { false };
    const struct sch_disclosure table = { count, hidden, rows, columns };
    char text[CELLS_MAX + 1] = "";

    assert_int_equal(sch_disclosure_close(&table), SCH_OK);
    for (size_t i = 0; i < rows * columns; i++)
        text[i] = hidden[i] ? 'x' : '.';
    assert_string_equal(text, hidden_as_text);
}

static void test_one_column(void **state)
{
    static const uint32_t all_large[] = { 30, 10, 5, 15 }, one_small[] = { 33, 10, 8, 12, 3 };
    static const uint32_t two_small[] = { 37, 3, 20, 4, 10 }, two_tiny[] = { 32, 1, 20, 1, 10 };
    static const uint32_t only_small[] = { 3, 3 }, small_and_all[] = { 13, 3, 10 }, nobody[] = { 10, 0, 10 };

    (void)state;
    expect(all_large, 4, 1, "....");
    /* The next smallest goes with it, or the total would tell. */
    expect(one_small, 5, 1, "..x.x");
    expect(two_small, 5, 1, ".x.x.");
    /* Two that come to fewer than five are a small group together. */
    expect(two_tiny, 5, 1, ".x.xx");
    expect(only_small, 2, 1, "xx");
    expect(small_and_all, 3, 1, ".xx");
    expect(nobody, 3, 1, "...");
}

static void test_two_ways(void **state)
{
    /* Totals first. One small group takes its row's and its column's next smallest with it, and those a
     * fourth. */
    static const uint32_t count[] = { 90, 30, 60, 33, 3, 30, 25, 12, 13, 32, 15, 17 };

    (void)state;
    expect(count, 4, 3, "....xx.xx...");
}

/* ---- the same by solving ------------------------------------------------------------------------- */

/* Gaussian elimination over the equations of all lines, modulo a prime: is cell `wanted` determined when the
 * hidden ones are unknown? It is when its unit vector lies in the span of the equations. */
#define PRIME INT64_C(1000003)
#define LINES_MAX 32

static int64_t power(int64_t base, int64_t exponent)
{
    int64_t result = 1;

    for (; exponent > 0; exponent /= 2, base = base * base % PRIME)
        if (exponent % 2 == 1)
            result = result * base % PRIME;
    return result;
}

static bool is_determined(const bool *hidden, size_t rows, size_t columns, size_t wanted)
{
    int64_t equation[LINES_MAX][CELLS_MAX] = { { 0 } };
    int64_t target[CELLS_MAX] = { 0 };
    size_t cells = rows * columns, count = rows + columns, rank = 0;

    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++) {
            size_t cell = r * columns + c;

            if (!hidden[cell])
                continue;
            equation[r][cell] = c == 0 ? PRIME - 1 : 1;
            equation[rows + c][cell] = r == 0 ? PRIME - 1 : 1;
        }
    target[wanted] = 1;
    for (size_t cell = 0; cell < cells && rank < count; cell++) {
        size_t pivot = rank;
        int64_t inverse;

        while (pivot < count && equation[pivot][cell] == 0)
            pivot++;
        if (pivot == count)
            continue;
        for (size_t k = 0; k < cells; k++) {
            int64_t swap = equation[pivot][k];
            equation[pivot][k] = equation[rank][k];
            equation[rank][k] = swap;
        }
        inverse = power(equation[rank][cell], PRIME - 2);
        for (size_t i = 0; i <= count; i++) {
            int64_t *line = i == count ? target : equation[i];
            int64_t factor = line[cell] * inverse % PRIME;

            if (i == rank || factor == 0)
                continue;
            for (size_t k = 0; k < cells; k++)
                line[k] = ((line[k] - factor * equation[rank][k]) % PRIME + PRIME) % PRIME;
        }
        rank++;
    }
    for (size_t cell = 0; cell < cells; cell++)
        if (target[cell] != 0)
            return false;
    return true;
}

static void make_table(struct sch_prng *prng, uint32_t *count, size_t rows, size_t columns)
{
    uint32_t size = (uint32_t)(3 + sch_prng_next(prng) % 30);

    memset(count, 0, rows * columns * sizeof *count);
    for (size_t r = 1; r < rows; r++)
        for (size_t c = 1; c < columns; c++) {
            uint32_t value = sch_prng_next(prng) % 3 == 0 ? 0 : (uint32_t)(sch_prng_next(prng) % size);

            count[r * columns + c] = value;
            count[r * columns] += value;
            count[c] += value;
            count[0] += value;
        }
}

/* A line with its total shown hides nothing, or at least two groups of at least five together. */
static void expect_lines(const uint32_t *count, const bool *hidden, size_t first, size_t step, size_t cells)
{
    size_t groups = 0;
    uint32_t sum = 0;

    for (size_t i = 1; i < cells; i++) {
        groups += hidden[first + i * step];
        sum += hidden[first + i * step] ? count[first + i * step] : 0;
    }
    if (!hidden[first])
        assert_true(groups == 0 || (groups > 1 && sum >= SCH_DISCLOSURE_MIN));
}

static void test_nothing_can_be_worked_out(void **state)
{
    struct sch_prng prng = { 5 };
    size_t hid = 0, showed = 0;

    (void)state;
    for (int round = 0; round < 1200; round++) {
        size_t rows = 2 + sch_prng_next(&prng) % 7, columns = 2 + sch_prng_next(&prng) % 6;
        uint32_t count[CELLS_MAX];
        bool hidden[CELLS_MAX] = { false };
        const struct sch_disclosure table = { count, hidden, rows, columns };

        make_table(&prng, count, rows, columns);
        assert_int_equal(sch_disclosure_close(&table), SCH_OK);
        for (size_t i = 0; i < rows * columns; i++) {
            assert_false(hidden[i] && count[i] == 0);
            assert_true(hidden[i] || !sch_disclosure_is_small(count[i]));
            assert_false(hidden[i] && is_determined(hidden, rows, columns, i));
            hid += hidden[i];
            showed += !hidden[i] && count[i] > 0;
        }
        for (size_t r = 0; r < rows; r++)
            expect_lines(count, hidden, r * columns, 1, columns);
        for (size_t c = 0; c < columns; c++)
            expect_lines(count, hidden, c, columns, rows);
    }
    assert_true(hid > 1000 && showed > 5000);
}

static void test_parts(void **state)
{
    static const uint32_t count[] = { 60, 20, 3, 12, 25 };
    bool hidden[5] = { false }, parts[5] = { false, true, false, false, false };
    const struct sch_disclosure table = { count, hidden, 5, 1 };

    (void)state;
    assert_int_equal(sch_disclosure_publish(&table, parts), SCH_OK);
    assert_true(hidden[2] && hidden[3] && !hidden[0] && !hidden[1] && !hidden[4]);
    assert_true(parts[1] && parts[2] && parts[3] && !parts[0] && !parts[4]);
    /* One group with a small part, and no other hidden: another must stand beside it. */
    memset(hidden, 0, sizeof hidden);
    memset(parts, 0, sizeof parts);
    parts[1] = true;
    assert_int_equal(
        sch_disclosure_publish(&(struct sch_disclosure){ (const uint32_t[]){ 57, 20, 12, 25 }, hidden, 4, 1 },
                               parts),
        SCH_OK);
    assert_true(parts[1] && parts[2] && !parts[3] && !parts[0]);
    assert_false(hidden[0] || hidden[1] || hidden[2] || hidden[3]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_column), cmocka_unit_test(test_two_ways),
        cmocka_unit_test(test_nothing_can_be_worked_out), cmocka_unit_test(test_parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
