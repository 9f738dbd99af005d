/* test_cli_bulk.c: what a bulk act says before it is done, and what it exits with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../adapters/cli/bulk.c"

#define NOW INT64_C(1800000000000)
#define HOUR INT64_C(3600000)

static struct sch_unanswered_row owed(const char *debtor, uint32_t expectation, int64_t reminded_ms)
{
    struct sch_unanswered_row row = { .expectation = expectation, .reminded_ms = reminded_ms };
    assert_true(sch_address_set(&row.debtor, debtor));
    return row;
}

static void fourteen_to_three(void **state)
{
    (void)state;
    struct sch_unanswered_row row[16];
    char text[SCH_REMIND_TEXT_SIZE];
    for (size_t i = 0; i < 14; i++)
        row[i] = owed(i < 5    ? "agb:06290713/angst"
                      : i < 9  ? "agb:06290713/trauma"
                      : i < 12 ? "agb:94061234"
                               : "gemeente:0344/wijkteam-zuid",
                      6, 0);
    row[14] = owed("agb:94061234", 6, NOW - 20 * HOUR);
    row[15] = owed("agb:06300001", 6, NOW - 47 * HOUR);
    struct sch_remind_plan plan = sch_remind_plan(row, 16, NOW);
    assert_int_equal(plan.send, 14);
    assert_int_equal(plan.parties, 3);
    assert_int_equal(plan.recent, 2);
    assert_string_equal(
        sch_remind_preview(&plan, text),
        "Je stuurt 14 herinneringen aan 3 aanbieders; 2 kregen er minder dan 48 uur geleden al een en "
        "worden overgeslagen.");
}

static void one_and_none(void **state)
{
    (void)state;
    char text[SCH_REMIND_TEXT_SIZE];
    struct sch_unanswered_row row[] = { owed("agb:94061234", 6, 0), owed("agb:94061234", 2, NOW - HOUR),
                                        owed("agb:94061234", 1, 0) };
    struct sch_remind_plan plan = sch_remind_plan(row, 3, NOW);
    assert_string_equal(
        sch_remind_preview(&plan, text),
        "Je stuurt 1 herinnering aan 1 aanbieder; 1 kreeg er minder dan 48 uur geleden al een en wordt "
        "overgeslagen; bij 1 haalt niemand post op: bellen helpt daar, een herinnering niet.");
    plan = sch_remind_plan(row, 0, NOW);
    assert_string_equal(sch_remind_preview(&plan, text), "Je stuurt 0 herinneringen.");
}

static void forty_eight_hours(void **state)
{
    (void)state;
    struct sch_unanswered_row row = owed("agb:94061234", 6, NOW - 48 * HOUR);
    assert_int_equal(sch_remind_of(&row, NOW), SCH_REMIND_SEND);
    row.reminded_ms++;
    assert_int_equal(sch_remind_of(&row, NOW), SCH_REMIND_RECENT);
    row = owed("agb:94061234", 1, 0);
    assert_int_equal(sch_remind_of(&row, NOW), SCH_REMIND_UNCOLLECTED);
}

static void exits(void **state)
{
    (void)state;
    assert_int_equal(sch_bulk_exit(&(struct sch_bulk){ .done = 3, .skipped = 2 }), 0);
    assert_int_equal(sch_bulk_exit(&(struct sch_bulk){ .skipped = 2 }), 0);
    assert_int_equal(sch_bulk_exit(&(struct sch_bulk){ .done = 3, .failed = 1, .first_exit = 4 }), 8);
    assert_int_equal(sch_bulk_exit(&(struct sch_bulk){ .skipped = 1, .failed = 2, .first_exit = 4 }), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fourteen_to_three),
        cmocka_unit_test(one_and_none),
        cmocka_unit_test(forty_eight_hours),
        cmocka_unit_test(exits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
