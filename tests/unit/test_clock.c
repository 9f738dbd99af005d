/*
 * test_clock.c: the machine's clock and the fast one.
 */
#include "shell/clock_posix.c"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct sch_clock *open_clock(uint32_t rate, int64_t start_ms, int64_t since_ms)
{
    struct sch_clock *clock = NULL;
    const struct sch_clock_options options = { rate, start_ms, since_ms };
    assert_int_equal(sch_clock_open(&clock, &options, NULL), SCH_OK);
    return clock;
}

static void test_plain(void **state)
{
    (void)state;
    struct sch_clock *clock = open_clock(1, 0, 0);
    int64_t before_ms = read_ms(CLOCK_REALTIME);
    int64_t civil_ms = sch_clock_civil_ms(clock);
    int64_t after_ms = read_ms(CLOCK_REALTIME);
    assert_true(before_ms <= civil_ms && civil_ms <= after_ms);
    assert_int_equal(sch_clock_rate(clock), 1);
    int64_t mono_ms = sch_clock_mono_ms(clock);
    assert_true(mono_ms > 0 && sch_clock_mono_ms(clock) >= mono_ms);
    sch_clock_close(clock);
}

static void test_start(void **state)
{
    (void)state;
    const int64_t start_ms = INT64_C(1772438400000);
    struct sch_clock *clock = open_clock(1000, start_ms, 0);
    int64_t civil_ms = sch_clock_civil_ms(clock);
    int64_t bound_ms = start_ms + (read_ms(CLOCK_BOOTTIME) - clock->base_mono_ms) * 1000;
    assert_true(civil_ms >= start_ms && civil_ms <= bound_ms);
    assert_int_equal((civil_ms - start_ms) % 1000, 0);
    assert_int_equal(sch_clock_rate(clock), 1000);
    sch_clock_close(clock);
}

/* After a restart the fast clock is where it would have been. */
static void test_since(void **state)
{
    (void)state;
    const int64_t start_ms = INT64_C(1772438400000);
    int64_t since_ms = read_ms(CLOCK_REALTIME) - 60000;
    struct sch_clock *clock = open_clock(86400, start_ms, since_ms);
    int64_t civil_ms = sch_clock_civil_ms(clock);
    int64_t real_ms = read_ms(CLOCK_REALTIME);
    assert_true(civil_ms >= start_ms + INT64_C(60000) * 86400);
    assert_true(civil_ms <= start_ms + (real_ms + 5 - since_ms) * 86400);
    sch_clock_close(clock);
}

/* With no start, a fast clock begins at the machine's time. */
static void test_rate_only(void **state)
{
    (void)state;
    int64_t before_ms = read_ms(CLOCK_REALTIME);
    struct sch_clock *clock = open_clock(10, 0, 0);
    assert_true(sch_clock_civil_ms(clock) >= before_ms);
    sch_clock_close(clock);
    sch_clock_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_start),
        cmocka_unit_test(test_since),
        cmocka_unit_test(test_rate_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
