/* test_calendar.c: the calendar of the core against days that anybody can look up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/calendar.h"

static int32_t day(int64_t date)
{
    int32_t found = -1;
    assert_true(sch_day_from_date(date, &found));
    return found;
}

/* UTC milliseconds of a date and time. */
static int64_t utc(int64_t date, int hour, int minute)
{
    return day(date) * INT64_C(86400000) + hour * INT64_C(3600000) + minute * INT64_C(60000);
}

static void dates_that_exist(void **state)
{
    (void)state;
    assert_int_equal(day(20000101), 10957);
    assert_int_equal(day(20991231), 47481);
    for (int32_t d = day(20000101); d <= day(20991231); d++)
        assert_int_equal(day(sch_date_from_day(d)), d);
    assert_int_equal(sch_date_from_day(0), 19700101);
    assert_int_equal(sch_date_from_day(-1), 19691231);
}

/* Counted on from the first day of all, by the lengths of the months. */
static void dates_follow_each_other(void **state)
{
    (void)state;
    static const int32_t length[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int32_t d = 0;
    for (int32_t year = 1970; year < 2100; year++) {
        for (int32_t month = 1; month <= 12; month++) {
            int32_t days = length[month - 1] + (month == 2 && year % 4 == 0);
            for (int32_t of_month = 1; of_month <= days; of_month++)
                assert_int_equal(sch_date_from_day(d++), year * 10000 + month * 100 + of_month);
        }
    }
}

static void dates_that_do_not(void **state)
{
    (void)state;
    const int64_t none[] = { 0, -20260101, 19991231, 21000101, 20260229, 20260230, 20260431, 20261301,
                             20260001, 20260100, 20260132, 20269999, 20260099, 20269901, 20990001, 20000001,
                             20991301, 260101, 202601011, INT64_MAX, INT64_MIN };
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        int32_t untouched = 42;
        assert_false(sch_day_from_date(none[i], &untouched));
        assert_int_equal(untouched, 42);
    }
    assert_int_equal(day(20240229) + 1, day(20240301));
}

static void weekdays(void **state)
{
    (void)state;
    assert_int_equal(sch_weekday(0), 3);
    assert_int_equal(sch_weekday(-4), 6);
    assert_int_equal(sch_weekday(day(20261223)), 2);
}

/* A clock that was never set counts from 1970, and the eve of that lies before it. */
static void moments_before_the_first(void **state)
{
    (void)state;
    assert_int_equal(sch_day_of_ms(-INT64_C(3600000)), 0);
    assert_int_equal(sch_day_of_ms(-INT64_C(3600001)), -1);
    assert_int_equal(sch_day_of_ms(-INT64_C(90000000)), -1);
    assert_int_equal(sch_day_of_ms(-INT64_C(90000001)), -2);
    assert_int_equal(sch_ms_of_day(0), -INT64_C(3600000));
}

static void summer_time_changes(void **state)
{
    (void)state;
    assert_int_equal(sch_utc_offset_minutes(utc(20260329, 0, 59)), 60);
    assert_int_equal(sch_utc_offset_minutes(utc(20260329, 1, 0)), 120);
    assert_int_equal(sch_utc_offset_minutes(utc(20261025, 0, 59)), 120);
    assert_int_equal(sch_utc_offset_minutes(utc(20261025, 1, 0)), 60);
    /* 29 March lasts 23 hours, 25 October 25. */
    assert_int_equal(sch_ms_of_day(day(20260329)), utc(20260328, 23, 0));
    assert_int_equal(sch_ms_of_day(day(20260330)) - sch_ms_of_day(day(20260329)), 23 * 3600000);
    assert_int_equal(sch_ms_of_day(day(20261026)) - sch_ms_of_day(day(20261025)), 25 * 3600000);
}

static void every_day_begins_where_it_should(void **state)
{
    (void)state;
    for (int32_t d = day(20000102); d <= day(20991230); d++) {
        int64_t begin = sch_ms_of_day(d);
        assert_int_equal(sch_day_of_ms(begin), d);
        assert_int_equal(sch_day_of_ms(begin - 1), d - 1);
    }
}

static void holidays(void **state)
{
    (void)state;
    const int64_t off[] = { 20260101, 20260403, 20260406, 20260427, 20260505, 20260514, 20260525, 20261225,
                            20250421, 20250529, 20250609, 20240329, 20240401, 20250426, 20250427, 20380426,
                            20380427, 20280417, 20330415, 20490416, 20760420 };
    for (size_t i = 0; i < sizeof off / sizeof off[0]; i++)
        if (sch_is_working_day(NULL, day(off[i])))
            fail_msg("%lld is a holiday", (long long)off[i]);
    /* Koningsdag of 2025 was kept on Saturday the 26th; Goede Vrijdag's Thursday is worked. */
    const int64_t worked[] = { 20250428, 20260402, 20260428, 20261224, 20261231, 20260430 };
    for (size_t i = 0; i < sizeof worked / sizeof worked[0]; i++)
        if (!sch_is_working_day(NULL, day(worked[i])))
            fail_msg("%lld is a working day", (long long)worked[i]);
}

static void a_region_adds_and_drops(void **state)
{
    (void)state;
    /* What stands behind the counts holds no more. */
    struct sch_calendar region = { .added = { day(20261002), day(20261005) }, .added_count = 1,
                                   .dropped = { day(20260505), day(20260509), day(20260514) },
                                   .dropped_count = 2 };
    assert_true(sch_is_working_day(&region, day(20261005)));
    assert_false(sch_is_working_day(&region, day(20260514)));
    assert_true(sch_is_working_day(NULL, day(20261002)));
    assert_false(sch_is_working_day(&region, day(20261002)));
    assert_true(sch_is_working_day(&region, day(20260505)));
    assert_false(sch_is_working_day(&region, day(20260509)));   /* a Saturday stays a Saturday */
}

static void terms(void **state)
{
    (void)state;
    /* The example of the domain: five working days from Wednesday 23 December 2026 end on Thursday 31. */
    int64_t from = utc(20261223, 9, 0);
    assert_int_equal(sch_due_ms(NULL, from, 5, SCH_UNIT_WORKING_DAYS), utc(20261231, 23, 0));
    assert_int_equal(sch_add_working_days(NULL, day(20261223), 5), day(20261231));
    assert_int_equal(sch_add_working_days(NULL, day(20261226), 0), day(20261226));
    /* 23:30 UTC on the 22nd is the 23rd here. */
    assert_int_equal(sch_due_ms(NULL, utc(20261222, 23, 30), 5, SCH_UNIT_WORKING_DAYS), utc(20261231, 23, 0));
    /* Weeks and days are not moved for weekends; hours are exact over a change of clocks. */
    assert_int_equal(sch_due_ms(NULL, utc(20260307, 12, 0), 4, SCH_UNIT_WEEKS), utc(20260404, 22, 0));
    assert_int_equal(sch_due_ms(NULL, utc(20260307, 12, 0), 28, SCH_UNIT_DAYS), utc(20260404, 22, 0));
    assert_int_equal(sch_due_ms(NULL, utc(20260328, 22, 0), 24, SCH_UNIT_HOURS), utc(20260329, 22, 0));
    assert_int_equal(sch_due_ms(NULL, utc(20260328, 22, 0), 0, SCH_UNIT_DAYS), utc(20260328, 23, 0));
}

static int64_t months_after(int64_t date, int months)
{
    int32_t day = 0;
    assert_true(sch_day_from_date(date, &day));
    return sch_date_from_day(sch_add_months(day, months));
}

static void test_months_go_by_the_digits(void **state)
{
    (void)state;
    assert_int_equal(months_after(20260302, 24), 20280302);
    assert_int_equal(months_after(20260815, 6), 20270215);
    assert_int_equal(months_after(20261231, 12), 20271231);
    /* A month that is too short ends in the first of the next. */
    assert_int_equal(months_after(20260831, 6), 20270301);
    assert_int_equal(months_after(20280229, 24), 20300301);
    assert_int_equal(months_after(20280229, 48), 20320229);
    assert_int_equal(months_after(20261031, 1), 20261201);
    assert_int_equal(months_after(20261130, 0), 20261130);
    int32_t day = 0;
    assert_true(sch_day_from_date(20981130, &day));
    assert_int_equal(sch_date_from_day(sch_add_months(day, 13)), 20991230);
    assert_true(sch_day_from_date(20981231, &day));
    assert_int_equal(sch_date_from_day(sch_add_months(day, 12)), 20991231);
    assert_int_equal(sch_add_months(day, 13), INT32_MAX);
    assert_int_equal(sch_add_months(day, 24), INT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_months_go_by_the_digits),
        cmocka_unit_test(dates_that_exist),
        cmocka_unit_test(dates_follow_each_other),
        cmocka_unit_test(dates_that_do_not),
        cmocka_unit_test(weekdays),
        cmocka_unit_test(moments_before_the_first),
        cmocka_unit_test(summer_time_changes),
        cmocka_unit_test(every_day_begins_where_it_should),
        cmocka_unit_test(holidays),
        cmocka_unit_test(a_region_adds_and_drops),
        cmocka_unit_test(terms),
    };
    return cmocka_run_group_tests_name("calendar", tests, NULL, NULL);
}
