/* test_norm.c: which norm holds, and when the ladder reminds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/norm.h"

static int32_t day(int64_t date)
{
    int32_t found = -1;
    assert_true(sch_day_from_date(date, &found));
    return found;
}

static struct sch_norms norms;

static void add(unsigned expectation, enum sch_variant variant, enum sch_scope scope, const char *where,
                int64_t since, uint16_t term, bool enabled)
{
    struct sch_norm *row = &norms.row[norms.count++];
    *row = (struct sch_norm){ .expectation = (uint8_t)expectation, .variant = variant, .scope = scope,
                              .enabled = enabled, .term = term, .unit = SCH_UNIT_DAYS,
                              .since_day = day(since) };
    snprintf(row->where, sizeof row->where, "%s", where);
}

static int setup(void **state)
{
    (void)state;
    norms = (struct sch_norms){ .count = 0 };
    add(2, SCH_VARIANT_PLAIN, SCH_SCOPE_NATIONAL, "", 20200101, 5, true);
    add(2, SCH_VARIANT_PLAIN, SCH_SCOPE_NATIONAL, "", 20260101, 6, true);
    add(2, SCH_VARIANT_PLAIN, SCH_SCOPE_REGION, "utrecht", 20260201, 7, true);
    add(2, SCH_VARIANT_PLAIN, SCH_SCOPE_PROVIDER, "agb:06290713", 20260301, 8, true);
    add(2, SCH_VARIANT_PLAIN, SCH_SCOPE_PROVIDER, "agb:06290713/afdeling", 20260401, 9, true);
    add(2, SCH_VARIANT_PLAIN, SCH_SCOPE_REGION, "drenthe", 20260101, 1, false);
    add(7, SCH_VARIANT_PLAIN, SCH_SCOPE_NATIONAL, "", 20200101, 98, true);
    add(9, SCH_VARIANT_PLAIN, SCH_SCOPE_NATIONAL, "", 20200101, 10, true);
    add(9, SCH_VARIANT_CLINICAL, SCH_SCOPE_NATIONAL, "", 20260101, 1, true);
    return 0;
}

static int term_of(unsigned expectation, enum sch_variant variant, const char *region, const char *provider,
                   int64_t date)
{
    const struct sch_norm *row = sch_norm_find(&norms, expectation, variant, region, provider, day(date));
    return row ? row->term : -1;
}

static void the_narrowest_and_newest_holds(void **state)
{
    (void)state;
    assert_int_equal(term_of(2, SCH_VARIANT_PLAIN, NULL, NULL, 20191231), -1);
    assert_int_equal(term_of(2, SCH_VARIANT_PLAIN, NULL, NULL, 20251231), 5);
    assert_int_equal(term_of(2, SCH_VARIANT_PLAIN, "gooi", "agb:11111111", 20260601), 6);
    assert_int_equal(term_of(2, SCH_VARIANT_PLAIN, "utrecht", "agb:11111111", 20260131), 6);
    assert_int_equal(term_of(2, SCH_VARIANT_PLAIN, "utrecht", "agb:11111111", 20260201), 7);
    assert_int_equal(term_of(2, SCH_VARIANT_PLAIN, "utrecht", "agb:06290713", 20260601), 8);
    assert_int_equal(term_of(2, SCH_VARIANT_PLAIN, "utrecht", "agb:06290713/poli", 20260601), 8);
    assert_int_equal(term_of(2, SCH_VARIANT_PLAIN, "utrecht", "agb:06290713/afdeling", 20260601), 9);
    assert_int_equal(term_of(2, SCH_VARIANT_PLAIN, "utrecht", "agb:062907139", 20260601), 7);
    assert_int_equal(term_of(2, SCH_VARIANT_PLAIN, "utrecht", "agb:11111111/poli", 20260601), 7);
    assert_int_equal(term_of(2, SCH_VARIANT_PLAIN, "utrechts", NULL, 20260601), 6);
}

static void switched_off_is_nothing_owed(void **state)
{
    (void)state;
    assert_int_equal(term_of(2, SCH_VARIANT_PLAIN, "drenthe", NULL, 20260601), -1);
    assert_int_equal(term_of(2, SCH_VARIANT_PLAIN, "drenthe", "agb:06290713", 20260601), 8);
    assert_int_equal(term_of(3, SCH_VARIANT_PLAIN, NULL, NULL, 20260601), -1);
}

static void variants_fall_back_where_that_is_safe(void **state)
{
    (void)state;
    assert_int_equal(term_of(9, SCH_VARIANT_CLINICAL, NULL, NULL, 20251231), 10);
    assert_int_equal(term_of(9, SCH_VARIANT_CLINICAL, NULL, NULL, 20260101), 1);
    assert_int_equal(term_of(2, SCH_VARIANT_URGENT, NULL, NULL, 20260601), 6);
    assert_int_equal(term_of(7, SCH_VARIANT_AFTER_INTAKE, NULL, NULL, 20260601), -1);
}

static void newer_holds_wherever_it_stands(void **state)
{
    (void)state;
    add(7, SCH_VARIANT_PLAIN, SCH_SCOPE_NATIONAL, "", 20190101, 97, true);
    assert_int_equal(term_of(7, SCH_VARIANT_PLAIN, NULL, NULL, 20191231), 97);
    assert_int_equal(term_of(7, SCH_VARIANT_PLAIN, NULL, NULL, 20260601), 98);
}

static void a_region_has_its_calendar(void **state)
{
    (void)state;
    snprintf(norms.calendar[0].region, sizeof norms.calendar[0].region, "utrecht");
    norms.calendar_count = 1;
    assert_ptr_equal(sch_norm_calendar(&norms, "utrecht"), &norms.calendar[0].calendar);
    assert_null(sch_norm_calendar(&norms, "gooi"));
    assert_null(sch_norm_calendar(&norms, NULL));
}

static void the_reminder_comes_at_four_fifths(void **state)
{
    (void)state;
    int64_t from = sch_ms_of_day(day(20260302)) + 9 * INT64_C(3600000);         /* a Monday */
    assert_int_equal(sch_norm_remind_ms(NULL, from, 5, SCH_UNIT_WORKING_DAYS), sch_ms_of_day(day(20260307)));
    assert_int_equal(sch_norm_remind_ms(NULL, from, 4, SCH_UNIT_WEEKS), sch_ms_of_day(day(20260324)));
    assert_int_equal(sch_norm_remind_ms(NULL, from, 3, SCH_UNIT_DAYS), sch_ms_of_day(day(20260305)));
    assert_int_equal(sch_norm_remind_ms(NULL, from, 2, SCH_UNIT_DAYS), 0);
    assert_int_equal(sch_norm_remind_ms(NULL, from, 2, SCH_UNIT_WEEKS), 0);
    assert_int_equal(sch_norm_remind_ms(NULL, from, 23, SCH_UNIT_HOURS), 0);
    assert_int_equal(sch_norm_remind_ms(NULL, from, 24, SCH_UNIT_HOURS), from + 19 * INT64_C(3600000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_narrowest_and_newest_holds, setup),
        cmocka_unit_test_setup(switched_off_is_nothing_owed, setup),
        cmocka_unit_test_setup(variants_fall_back_where_that_is_safe, setup),
        cmocka_unit_test_setup(newer_holds_wherever_it_stands, setup),
        cmocka_unit_test_setup(a_region_has_its_calendar, setup),
        cmocka_unit_test(the_reminder_comes_at_four_fifths),
    };
    return cmocka_run_group_tests_name("norm", tests, NULL, NULL);
}
