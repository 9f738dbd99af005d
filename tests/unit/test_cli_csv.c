/* test_cli_csv.c: no cell that a spreadsheet would run, and no row that breaks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../adapters/cli/csv.c"

static char *text;

static const char *row_of(const char *const *cell, size_t count)
{
    size_t size = 0;
    free(text);
    FILE *out = open_memstream(&text, &size);
    sch_csv_row(out, cell, count);
    fclose(out);
    return text;
}

static const char *cell_of(const char *cell)
{
    return row_of(&cell, 1);
}

static void formulas_become_text(void **state)
{
    (void)state;
    assert_string_equal(cell_of("=1+1"), "'=1+1\r\n");
    assert_string_equal(cell_of("+31 30 123"), "'+31 30 123\r\n");
    assert_string_equal(cell_of("-3"), "'-3\r\n");
    assert_string_equal(cell_of("@SUM(A1)"), "'@SUM(A1)\r\n");
    assert_string_equal(cell_of("\tx"), "'\tx\r\n");
    assert_string_equal(cell_of("\rx"), "\"'\rx\"\r\n");
    assert_string_equal(cell_of("=HYPERLINK(\"x\";\"y\")"), "\"'=HYPERLINK(\"\"x\"\";\"\"y\"\")\"\r\n");
}

static void plain_cells_stay(void **state)
{
    (void)state;
    assert_string_equal(cell_of(""), "\r\n");
    assert_string_equal(cell_of("GGZ Noordrand"), "GGZ Noordrand\r\n");
    assert_string_equal(cell_of("2026-03-12"), "2026-03-12\r\n");
    assert_string_equal(cell_of("a-b=c"), "a-b=c\r\n");
    assert_string_equal(cell_of("≤7 Coördinator"), "≤7 Coördinator\r\n");
}

static void separators_are_quoted(void **state)
{
    (void)state;
    assert_string_equal(cell_of("a;b"), "\"a;b\"\r\n");
    assert_string_equal(cell_of("a\"b"), "\"a\"\"b\"\r\n");
    assert_string_equal(cell_of("a\nb"), "\"a\nb\"\r\n");
    assert_string_equal(cell_of("a,b"), "a,b\r\n");
    const char *const cells[] = { "SN-7F3K-29QD", "", "-" };
    assert_string_equal(row_of(cells, 3), "SN-7F3K-29QD;;'-\r\n");
}

static void begins_with_a_mark(void **state)
{
    (void)state;
    size_t size = 0;
    free(text);
    FILE *out = open_memstream(&text, &size);
    sch_csv_begin(out);
    fclose(out);
    assert_int_equal(size, 3);
    assert_memory_equal(text, "\xef\xbb\xbf", 3);
}

static int tidy(void **state)
{
    (void)state;
    free(text);
    text = NULL;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formulas_become_text),
        cmocka_unit_test(plain_cells_stay),
        cmocka_unit_test(separators_are_quoted),
        cmocka_unit_test(begins_with_a_mark),
    };
    return cmocka_run_group_tests(tests, NULL, tidy);
}
