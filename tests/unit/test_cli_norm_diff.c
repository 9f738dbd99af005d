/* test_cli_norm_diff.c: rows against rows, and what another norm would do to promises that are open. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../adapters/cli/norm_diff.c"
#include "shell/norm_file.h"

static struct sch_norms *norms_of(const char *text)
{
    struct sch_norms *norms = malloc(sizeof *norms);
    sch_error error = SCH_ERROR_INIT;
    assert_non_null(norms);
    if (sch_norm_file_parse("test", (const uint8_t *)text, strlen(text), norms, NULL, NULL, &error) != SCH_OK)
        fail_msg("%s", error.text);
    return norms;
}

#define HEAD(version) "[norms]\nid = nl\nversion = " version "\n"
#define ROW(name, term, unit) "[" name "]\nterm = " term "\nunit = " unit "\nsource = x\nsince = 2020-01-01\n"

static void rows_differ(void **state)
{
    (void)state;
    struct sch_norms *before = norms_of(HEAD("1") ROW("E2", "5", "working_days")
                                            ROW("E6", "10", "working_days") ROW("E9", "10", "working_days"));
    struct sch_norms *after = norms_of(HEAD("2") ROW("E2", "5", "working_days") ROW("E6", "5", "working_days")
                                           ROW("E9.clinical", "24", "hours"));
    struct sch_norm_difference difference[2 * SCH_NORMS_MAX];
    size_t count = sch_norm_differ(before, after, difference);
    assert_int_equal(count, 3);
    assert_int_equal(difference[0].change, SCH_NORM_CHANGED);
    assert_int_equal(difference[0].before->term, 10);
    assert_int_equal(difference[0].after->term, 5);
    assert_int_equal(difference[1].change, SCH_NORM_REMOVED);
    assert_int_equal(difference[1].before->expectation, 9);
    assert_int_equal(difference[2].change, SCH_NORM_ADDED);
    assert_int_equal(difference[2].after->variant, SCH_VARIANT_CLINICAL);
    assert_int_equal(sch_norm_differ(before, before, difference), 0);
    assert_false(sch_norm_calendars_differ(before, after));
    assert_false(sch_norm_sections_differ(before, after));
    free(before);
    free(after);
}

static void calendars_and_sections(void **state)
{
    (void)state;
    struct sch_norms *plain = norms_of(HEAD("1") ROW("E2", "5", "working_days"));
    struct sch_norms *days =
        norms_of(HEAD("1") ROW("E2", "5", "working_days") "[calendar utrecht]\nadd = 2026-10-02\n");
    struct sch_norms *other =
        norms_of(HEAD("1") ROW("E2", "5", "working_days") "[calendar utrecht]\nadd = 2026-10-03\n");
    struct sch_norms *asked =
        norms_of(HEAD("1") ROW("E2", "5", "working_days") "[sections INTAKE_REPORT]\nrequired = plan\n");
    assert_true(sch_norm_calendars_differ(plain, days));
    assert_true(sch_norm_calendars_differ(days, other));
    assert_false(sch_norm_calendars_differ(days, days));
    assert_true(sch_norm_sections_differ(plain, asked));
    free(plain);
    free(days);
    free(other);
    free(asked);
}

static struct sch_unanswered_row promise(unsigned expectation, const char *norm_id, int32_t from_day,
                                         int term, enum sch_unit unit)
{
    struct sch_unanswered_row row = { .expectation = expectation, .region = "utrecht" };
    strcpy(row.norm_id, norm_id);
    strcpy(row.debtor.text, "agb:06290713/angst");
    row.from_ms = sch_ms_of_day(from_day) + 9 * 3600000;
    row.norm_due_ms = row.due_ms = sch_due_ms(NULL, row.from_ms, term, unit);
    return row;
}

static int32_t day_of(int64_t date)
{
    int32_t day = 0;
    assert_true(sch_day_from_date(date, &day));
    return day;
}

/* Ten working days from Monday 2 March 2026 end on the 16th, five on the 9th; today is the 12th. */
static void effect_is_counted(void **state)
{
    (void)state;
    struct sch_norms *before = norms_of(HEAD("1") ROW("E2", "5", "working_days") ROW(
        "E6", "10", "working_days") ROW("E9", "10", "working_days") ROW("E9.clinical", "24", "hours"));
    struct sch_norms *after =
        norms_of(HEAD("2") ROW("E2", "5", "working_days") ROW("E6", "5", "working_days")
                     ROW("E6 provider agb:06290713", "20", "working_days") ROW("E9", "2", "working_days")
                         ROW("E9.clinical", "24", "hours"));
    int64_t now_ms = sch_ms_of_day(day_of(20260312)) + 12 * 3600000;
    struct sch_norm_effect effect = { .open = 0 };
    struct sch_unanswered_row row = promise(6, "nl/E6", day_of(20260302), 10, SCH_UNIT_WORKING_DAYS);
    strcpy(row.debtor.text, "agb:94061234");
    sch_norm_effect_add(&effect, before, after, &row, now_ms);
    assert_int_equal(effect.earlier, 1);
    assert_int_equal(effect.over_now, 0);
    assert_int_equal(effect.over_then, 1);
    /* The provider's own row, for its department too, gives it more time. */
    strcpy(row.debtor.text, "agb:06290713/angst");
    sch_norm_effect_add(&effect, before, after, &row, now_ms);
    assert_int_equal(effect.later, 1);
    assert_int_equal(effect.over_then, 1);
    /* The case is told by the norm's id: a clinical stay keeps its hours. */
    row = promise(9, "nl/E9.clinical", day_of(20260302), 24, SCH_UNIT_HOURS);
    sch_norm_effect_add(&effect, before, after, &row, now_ms);
    assert_int_equal(effect.earlier, 1);
    assert_int_equal(effect.later, 1);
    assert_int_equal(effect.over_now, 1);
    assert_int_equal(effect.over_then, 2);
    /* No norm holds any more. */
    row = promise(5, "nl/E5", day_of(20260201), 10, SCH_UNIT_WORKING_DAYS);
    sch_norm_effect_add(&effect, before, after, &row, now_ms);
    assert_int_equal(effect.dropped, 1);
    assert_int_equal(effect.over_now, 2);
    assert_int_equal(effect.over_then, 2);
    assert_int_equal(effect.open, 4);
    free(before);
    free(after);
}

/* An announced wait moves the due, not the norm: over norm is counted by the norm's date. */
static void announced_counts_by_norm(void **state)
{
    (void)state;
    struct sch_norms *norms = norms_of(HEAD("1") ROW("E4", "4", "weeks"));
    struct sch_unanswered_row row = promise(4, "nl/E4", day_of(20260302), 4, SCH_UNIT_WEEKS);
    row.due_ms += INT64_C(60) * 86400000;
    struct sch_norm_effect effect = { .open = 0 };
    sch_norm_effect_add(&effect, norms, norms, &row, row.norm_due_ms);
    assert_int_equal(effect.over_now, 1);
    assert_int_equal(effect.over_then, 1);
    assert_int_equal(effect.earlier + effect.later, 0);
    free(norms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_differ),
        cmocka_unit_test(calendars_and_sections),
        cmocka_unit_test(effect_is_counted),
        cmocka_unit_test(announced_counts_by_norm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
