/*
 * test_statistics.c: numbers that others published or that can be made by hand, and the same by a naive way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <scharnier/query.h>

#include "prng.h"
#include "shell/statistics.h"

/* ---- Wilson ------------------------------------------------------------------------------------- */

static void expect_share(uint32_t part, uint32_t whole, uint32_t permille, uint32_t low, uint32_t high)
{
    struct sch_share share = sch_share_of(part, whole);

    assert_int_equal(share.permille, permille);
    assert_int_equal(share.low_permille, low);
    assert_int_equal(share.high_permille, high);
}

/* Newcombe, Statistics in Medicine 17 (1998), table I, method 3; and the ends of the scale. */
static void test_published_intervals(void **state)
{
    (void)state;
    expect_share(81, 263, 308, 255, 366);
    expect_share(15, 148, 101, 62, 160);
    expect_share(0, 20, 0, 0, 161);
    expect_share(1, 29, 34, 6, 172);
    expect_share(20, 20, 1000, 839, 1000);
    expect_share(5, 10, 500, 237, 763);
    expect_share(0, 0, 0, 0, 1000);
    expect_share(0, 1, 0, 0, 793);
}

/* Below zero within the interval, above outside: its ends are where the score is z. */
static double score(double share, double whole, double permille)
{
    double p = permille / 1000, z = 1.959964;

    return (share - p) * (share - p) - z * z * p * (1 - p) / whole;
}

static void test_intervals_as_real_numbers(void **state)
{
    struct sch_prng prng = { 7 };

    (void)state;
    for (int i = 0; i < 20000; i++) {
        uint32_t whole = (uint32_t)(1 + sch_prng_next(&prng) % (i % 2 == 0 ? 300 : UINT32_MAX - 1));
        uint32_t part = (uint32_t)(sch_prng_next(&prng) % ((uint64_t)whole + 1));
        double p = (double)part / whole;
        struct sch_share share = sch_share_of(part, whole);

        assert_true(share.low_permille <= share.permille && share.permille <= share.high_permille);
        assert_true(share.high_permille <= 1000);
        assert_true(share.permille - 1000 * p <= 0.51 && 1000 * p - share.permille <= 0.51);
        assert_true(score(p, whole, share.low_permille - 0.52) >= 0);
        assert_true(score(p, whole, share.high_permille + 0.52) >= 0);
        assert_true(share.low_permille + 0.52 > 1000 * p || score(p, whole, share.low_permille + 0.52) <= 0);
        assert_true(share.high_permille - 0.52 < 1000 * p ||
                    score(p, whole, share.high_permille - 0.52) <= 0);
    }
}

/* ---- Kaplan and Meier --------------------------------------------------------------------------- */

struct patient {
    uint32_t days;
    bool answered;
};

static void add(struct sch_survival *survival, uint32_t days, bool answered, uint32_t count)
{
    (answered ? survival->answered : survival->censored)[days] += count;
}

static void fill(struct sch_survival *survival, const struct patient *patients, size_t count)
{
    memset(survival, 0, sizeof *survival);
    for (size_t i = 0; i < count; i++)
        add(survival, patients[i].days, patients[i].answered, 1);
}

/* Freireich and others (1963): weeks of remission of leukaemia, the example of most textbooks. 6-MP: median
 * 23, and the curve ends at 0.448; placebo: median 8, and 17 is the first week with at most a tenth left (2 /
 * 21). */
static void test_textbook(void **state)
{
    static const struct patient drug[] = {
        { 6, true },   { 6, true },   { 6, true },   { 6, false }, { 7, true },   { 9, false },
        { 10, true },  { 10, false }, { 11, false }, { 13, true }, { 16, true },  { 17, false },
        { 19, false }, { 20, false }, { 22, true },  { 23, true }, { 25, false }, { 32, false },
        { 32, false }, { 34, false }, { 35, false },
    };
    static const uint32_t placebo[] = {
        1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23
    };
    struct sch_survival survival;

    (void)state;
    fill(&survival, drug, sizeof drug / sizeof drug[0]);
    assert_int_equal(sch_survival_days(&survival, 2), 23);
    assert_int_equal(sch_survival_days(&survival, 10), SCH_DAYS_UNREACHED);
    memset(&survival, 0, sizeof survival);
    for (size_t i = 0; i < sizeof placebo / sizeof placebo[0]; i++)
        add(&survival, placebo[i], true, 1);
    assert_int_equal(sch_survival_days(&survival, 2), 8);
    assert_int_equal(sch_survival_days(&survival, 10), 17);
}

static void test_by_hand(void **state)
{
    static const struct patient half[] = { { 3, true }, { 4, true }, { 9, true }, { 9, true } };
    static const struct patient same_day[] = { { 5, true }, { 5, false } };
    static const struct patient censored_first[] = {
        { 1, false }, { 5, true }, { 6, true }, { 7, true }, { 8, true }
    };
    static const struct patient open[] = { { 5, false }, { 900, false } };
    struct sch_survival survival;

    (void)state;
    memset(&survival, 0, sizeof survival);
    assert_int_equal(sch_survival_days(&survival, 2), SCH_DAYS_UNREACHED);
    /* Half of four are answered by day 4: at most half is left, exactly. */
    fill(&survival, half, 4);
    assert_int_equal(sch_survival_days(&survival, 2), 4);
    assert_int_equal(sch_survival_days(&survival, 10), 9);
    /* Who is censored on a day is at risk on it: 1/2 left, not 0. */
    fill(&survival, same_day, 2);
    assert_int_equal(sch_survival_days(&survival, 2), 5);
    assert_int_equal(sch_survival_days(&survival, 10), SCH_DAYS_UNREACHED);
    /* 3/4, 2/4: a product of whole numbers meets one half. */
    fill(&survival, censored_first, 5);
    assert_int_equal(sch_survival_days(&survival, 2), 6);
    fill(&survival, open, 2);
    assert_int_equal(sch_survival_days(&survival, 2), SCH_DAYS_UNREACHED);
    /* Leaving out who still waits would say 2; they say that nobody knows. */
    memset(&survival, 0, sizeof survival);
    add(&survival, 2, true, 5);
    add(&survival, 3, false, 100);
    assert_int_equal(sch_survival_days(&survival, 2), SCH_DAYS_UNREACHED);
    memset(&survival, 0, sizeof survival);
    add(&survival, SCH_SURVIVAL_DAYS - 1, true, 3);
    assert_int_equal(sch_survival_days(&survival, 2), SCH_SURVIVAL_DAYS - 1);
}

/* The definition, patient by patient, with fractions of long double. A curve that comes so near the level
 * that these cannot tell is not compared. */
static bool naive(const struct patient *patients, size_t count, uint32_t one_in, uint32_t *days)
{
    long double left = 1, level = 1.0L / one_in;

    for (uint32_t day = 0; day < SCH_SURVIVAL_DAYS; day++) {
        size_t at_risk = 0, answered = 0;

        for (size_t i = 0; i < count; i++) {
            at_risk += patients[i].days >= day;
            answered += patients[i].days == day && patients[i].answered;
        }
        if (answered == 0)
            continue;
        left *= (long double)(at_risk - answered) / (long double)at_risk;
        if (left - level < 1e-15L && level - left < 1e-15L)
            return false;
        if (left < level) {
            *days = day;
            return true;
        }
    }
    *days = SCH_DAYS_UNREACHED;
    return true;
}

static void test_as_the_definition_says(void **state)
{
    struct sch_prng prng = { 11 };
    size_t compared = 0, reached = 0;

    (void)state;
    for (int round = 0; round < 1500; round++) {
        struct patient patients[160];
        size_t count = 1 + sch_prng_next(&prng) % 160;
        uint32_t span = (uint32_t)(1 + sch_prng_next(&prng) % 90),
                 share = (uint32_t)(sch_prng_next(&prng) % 11);
        struct sch_survival survival;

        for (size_t i = 0; i < count; i++) {
            patients[i].days = (uint32_t)(sch_prng_next(&prng) % span);
            patients[i].answered = sch_prng_next(&prng) % 10 < share;
        }
        fill(&survival, patients, count);
        for (uint32_t one_in = 2; one_in <= 10; one_in += 8) {
            uint32_t days = 0;

            if (!naive(patients, count, one_in, &days))
                continue;
            compared++;
            reached += days != SCH_DAYS_UNREACHED;
            assert_int_equal(sch_survival_days(&survival, one_in), days);
        }
    }
    assert_true(compared > 2000 && reached > 500 && reached < compared);
}

/* A million on every day: the products grow to thousands of digits. */
static void test_large(void **state)
{
    struct sch_survival survival;

    (void)state;
    memset(&survival, 0, sizeof survival);
    for (uint32_t day = 0; day < SCH_SURVIVAL_DAYS; day++) {
        add(&survival, day, true, 1000000);
        add(&survival, day, false, 1000000);
    }
    /* As many censored as answered each day: what is left falls as the root of those at risk does, so it is
     * one half where a quarter of them is: day 768, one less for the days that begin at 0. */
    assert_in_range(sch_survival_days(&survival, 2), 766, 768);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_intervals), cmocka_unit_test(test_intervals_as_real_numbers),
        cmocka_unit_test(test_textbook),            cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_as_the_definition_says), cmocka_unit_test(test_large),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
