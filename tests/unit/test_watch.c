/*
 * test_watch.c: which civil time the broker believes.
 */
#include "shell/watch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)
#define T0 INT64_C(1780000000000)
#define M0 INT64_C(5000)

static struct sch_watch started(uint32_t rate, int64_t last_ms)
{
    struct sch_watch watch;

    sch_watch_start(&watch, T0, M0, rate, last_ms);
    return watch;
}

static void test_follows_the_clock(void **state)
{
    struct sch_watch watch = started(1, 0);

    (void)state;
    assert_int_equal(watch.now_ms, T0);
    assert_int_equal(sch_watch_now(&watch, T0 + 10, M0 + 10), T0 + 10);
    /* A clock that is set a little ahead is followed. */
    assert_int_equal(sch_watch_now(&watch, T0 + 60000, M0 + 20), T0 + 60000);
    assert_false(watch.held);
}

static void test_never_runs_backwards(void **state)
{
    struct sch_watch watch = started(1, 0);

    (void)state;
    (void)sch_watch_now(&watch, T0 + DAY, M0 + DAY);
    assert_int_equal(sch_watch_now(&watch, T0, M0 + DAY + 5), T0 + DAY);
    assert_int_equal(sch_watch_now(&watch, T0 + DAY - 1, M0 + DAY + 10), T0 + DAY);
    assert_false(watch.held);
    assert_int_equal(sch_watch_now(&watch, T0 + DAY + 1, M0 + DAY + 11), T0 + DAY + 1);
}

/* A start never begins before the last time that was made durable. */
static void test_starts_no_earlier_than_it_stopped(void **state)
{
    struct sch_watch watch = started(1, T0 + HOUR);

    (void)state;
    assert_int_equal(watch.now_ms, T0 + HOUR);
    assert_false(watch.held);
    assert_int_equal(sch_watch_now(&watch, T0 + 1000, M0 + 1000), T0 + HOUR);
}

static void test_outrun_by_an_hour_is_held(void **state)
{
    struct sch_watch watch = started(1, 0);

    (void)state;
    assert_int_equal(sch_watch_now(&watch, T0 + HOUR, M0), T0 + HOUR);
    assert_false(watch.held);
    watch = started(1, 0);
    assert_int_equal(sch_watch_now(&watch, T0 + HOUR + 1, M0), T0);
    assert_true(watch.held);
    assert_int_equal(watch.jump_ms, HOUR + 1);
    /* On it goes, from the last good moment, at the pace of the monotonic clock. */
    assert_int_equal(sch_watch_now(&watch, T0 + HOUR + 500, M0 + 499), T0 + 499);
    /* Held it stays, also when the clock is set back. */
    assert_int_equal(sch_watch_now(&watch, T0 + 700, M0 + 700), T0 + 700);
    assert_true(watch.held);
}

static void test_a_stop_of_thirty_days(void **state)
{
    struct sch_watch watch = started(1, T0 - 30 * DAY);

    (void)state;
    assert_false(watch.held);
    assert_int_equal(watch.now_ms, T0);
    watch = started(1, T0 - 30 * DAY - 1);
    assert_true(watch.held);
    assert_int_equal(watch.now_ms, T0 - 30 * DAY - 1);
    assert_int_equal(watch.jump_ms, 30 * DAY + 1);
    assert_int_equal(sch_watch_now(&watch, T0 + 10, M0 + 10), T0 - 30 * DAY + 9);
}

static void test_confirm(void **state)
{
    struct sch_watch watch = started(1, 0);

    (void)state;
    (void)sch_watch_now(&watch, T0 + 2 * DAY, M0);
    assert_true(watch.held);
    sch_watch_confirm(&watch, T0 + 2 * DAY, M0);
    assert_false(watch.held);
    assert_int_equal(watch.jump_ms, 0);
    assert_int_equal(sch_watch_now(&watch, T0 + 2 * DAY + 5, M0 + 5), T0 + 2 * DAY + 5);
    /* A confirmation of an earlier time does not turn time back: it stands until the clock has caught up. */
    sch_watch_confirm(&watch, T0, M0 + 5);
    assert_int_equal(sch_watch_now(&watch, T0 + 1, M0 + 6), T0 + 2 * DAY + 5);
    assert_false(watch.held);
}

/* A clock that was confirmed two days ahead, set right, and leaps when it has caught up: time goes on from where it
 * was, not from where it would be had the clock stayed ahead. */
static void test_a_leap_after_time_stood_still(void **state)
{
    struct sch_watch watch = started(1, 0);

    (void)state;
    sch_watch_confirm(&watch, T0 + 2 * DAY, M0);
    assert_int_equal(sch_watch_now(&watch, T0 + 2 * DAY, M0), T0 + 2 * DAY);
    sch_watch_confirm(&watch, T0, M0);
    assert_int_equal(sch_watch_now(&watch, T0 + DAY, M0 + DAY), T0 + 2 * DAY);
    assert_int_equal(sch_watch_now(&watch, T0 + 2 * DAY + 10, M0 + 2 * DAY + 10), T0 + 2 * DAY + 10);
    assert_int_equal(sch_watch_now(&watch, T0 + 9 * DAY, M0 + 2 * DAY + 11), T0 + 2 * DAY + 11);
    assert_true(watch.held);
}

/* A fast clock makes an hour short; what counts is an hour of this machine. */
static void test_fast_clock(void **state)
{
    struct sch_watch watch = started(1000, 0);

    (void)state;
    assert_int_equal(sch_watch_now(&watch, T0 + 30 * DAY, M0 + 30 * DAY / 1000), T0 + 30 * DAY);
    assert_false(watch.held);
    assert_int_equal(sch_watch_now(&watch, T0 + 30 * DAY + 1000 * HOUR, M0 + 30 * DAY / 1000),
                     T0 + 30 * DAY + 1000 * HOUR);
    assert_false(watch.held);
    (void)sch_watch_now(&watch, T0 + 30 * DAY + 1000 * HOUR + 1, M0 + 30 * DAY / 1000);
    assert_true(watch.held);
    assert_int_equal(sch_watch_now(&watch, 0, M0 + 30 * DAY / 1000 + 2 * HOUR), T0 + 30 * DAY + 3000 * HOUR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_follows_the_clock),
        cmocka_unit_test(test_never_runs_backwards),
        cmocka_unit_test(test_starts_no_earlier_than_it_stopped),
        cmocka_unit_test(test_outrun_by_an_hour_is_held),
        cmocka_unit_test(test_a_stop_of_thirty_days),
        cmocka_unit_test(test_confirm),
        cmocka_unit_test(test_a_leap_after_time_stood_still),
        cmocka_unit_test(test_fast_clock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
