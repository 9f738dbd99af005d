/* test_step_wait.c: announced waits, and the second clock of E7. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/calendar.h"
#include "step_fixture.h"

static struct step_fixture f;

static void begin(void)
{
    step_fixture_init(&f);
    step_fixture_open(&f, S);
}

static void announce(enum sch_kind kind, int days)
{
    struct sch_header *header = step_fixture_message(&f, kind);
    if (kind == SCH_KIND_TREATMENT_START) {
        header->fact[SCH_FACT_STARTED] = SCH_STARTED_NOT_YET;
        header->fact[SCH_FACT_EVENT_DATE] = 0;
    }
    header->fact[SCH_FACT_EXPECTED_DATE] = step_fixture_date(&f, days);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
}

static void test_acceptance_announces_the_intake(void **state)
{
    (void)state;
    begin();
    announce(SCH_KIND_ACCEPTANCE, 42);
    const struct sch_instance *e4 = step_fixture_owed(&f, 4);
    /* Monday 13 April and five working days. The norm stays to be seen. */
    assert_int_equal(e4->due_ms, step_fixture_end_of(20260420));
    assert_int_equal(e4->norm_due_ms, step_fixture_end_of(20260330));
    assert_int_equal(e4->escalate_ms, step_fixture_end_of(20260428));
    assert_true(e4->announced);
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_MOVE), 1);
    assert_false(step_fixture_owed(&f, 7)->announced);
}

static void test_at_most_thirteen_weeks_per_announcement(void **state)
{
    (void)state;
    begin();
    announce(SCH_KIND_WAIT_STATUS, 300);
    assert_int_equal(step_fixture_owed(&f, 4)->due_ms, step_fixture_end_of(20260601));
    step_fixture_wait(&f, 7);
    announce(SCH_KIND_WAIT_STATUS, 300);
    assert_int_equal(step_fixture_owed(&f, 4)->due_ms, step_fixture_end_of(20260608));
}

static void test_never_before_the_norm(void **state)
{
    (void)state;
    begin();
    announce(SCH_KIND_WAIT_STATUS, 2);
    assert_int_equal(step_fixture_owed(&f, 4)->due_ms, step_fixture_end_of(20260330));
    assert_false(step_fixture_owed(&f, 4)->announced);
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_MOVE), 0);
}

static void test_wait_status_moves_e7_once_e4_is_answered(void **state)
{
    (void)state;
    begin();
    assert_int_equal(step_fixture_say(&f, SCH_KIND_INTAKE_REPORT), SCH_OK);
    announce(SCH_KIND_WAIT_STATUS, 80);
    assert_true(step_fixture_owed(&f, 7)->announced);
    /* 21 May 2026 and five working days, Whit Monday 25 May is none. */
    assert_int_equal(step_fixture_owed(&f, 7)->due_ms, step_fixture_end_of(20260529));
    /* An acceptance speaks of the intake only. */
    announce(SCH_KIND_ACCEPTANCE, 85);
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_MOVE), 0);
}

static void test_treatment_not_yet_moves_e7(void **state)
{
    (void)state;
    begin();
    announce(SCH_KIND_TREATMENT_START, 90);
    assert_int_equal(f.dossier.phase, SCH_PHASE_ACCEPTED);
    assert_non_null(step_fixture_owed(&f, 4));
    assert_false(step_fixture_owed(&f, 4)->announced);
    /* Thirteen weeks come before the norm's fourteen. */
    assert_int_equal(step_fixture_owed(&f, 7)->due_ms, step_fixture_end_of(20260608));
    step_fixture_wait(&f, 30);
    announce(SCH_KIND_TREATMENT_START, 91);
    assert_int_equal(step_fixture_owed(&f, 7)->due_ms, step_fixture_end_of(20260701));
}

static void test_second_clock_after_the_intake(void **state)
{
    (void)state;
    begin();
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, 14), SCH_OK);
    /* Ten weeks after Monday 16 March is Monday 25 May, before the fourteen weeks' 8 June. */
    assert_int_equal(step_fixture_owed(&f, 7)->due_ms, step_fixture_end_of(20260525));
    assert_int_equal(step_fixture_owed(&f, 7)->norm_due_ms, step_fixture_end_of(20260525));
    assert_int_equal(step_fixture_owed(&f, 7)->remind_ms, step_fixture_end_of(20260511));
    assert_non_null(step_fixture_about(&f, SCH_EFFECT_MOVE, 7));
    /* Where both end on one day, the first has not been overtaken: its reminder comes. */
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, 28), SCH_OK);
    assert_int_equal(step_fixture_owed(&f, 7)->due_ms, step_fixture_end_of(20260608));
    assert_int_equal(step_fixture_owed(&f, 7)->remind_ms, step_fixture_end_of(20260518));
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, 60), SCH_OK);
    assert_int_equal(step_fixture_owed(&f, 7)->due_ms, step_fixture_end_of(20260608));
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, 7), SCH_OK);
    assert_int_equal(step_fixture_owed(&f, 7)->due_ms, step_fixture_end_of(20260518));
    step_fixture_wait(&f, 7);
    assert_int_equal(step_fixture_say(&f, SCH_KIND_NO_SHOW), SCH_OK);
    assert_int_equal(step_fixture_owed(&f, 7)->due_ms, step_fixture_end_of(20260608));
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_INTAKE_REPORT, -3), SCH_OK);
    assert_int_equal(step_fixture_owed(&f, 7)->due_ms, step_fixture_end_of(20260515));
    /* The first report fixes the day. */
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_INTAKE_REPORT, 0), SCH_OK);
    assert_int_equal(step_fixture_owed(&f, 7)->due_ms, step_fixture_end_of(20260515));
}

static void test_a_region_may_have_no_second_clock(void **state)
{
    (void)state;
    begin();
    step_fixture_norm(&f, 7, SCH_VARIANT_AFTER_INTAKE, 0, SCH_UNIT_WEEKS);
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, 14), SCH_OK);
    assert_int_equal(step_fixture_owed(&f, 7)->due_ms, step_fixture_end_of(20260608));
    assert_null(step_fixture_about(&f, SCH_EFFECT_MOVE, 7));
    /* ... or one in hours, which count from the end of the day of the intake. */
    begin();
    step_fixture_norm(&f, 7, SCH_VARIANT_AFTER_INTAKE, 48, SCH_UNIT_HOURS);
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, 14), SCH_OK);
    assert_int_equal(step_fixture_owed(&f, 7)->due_ms, step_fixture_end_of(20260318));
}

static void test_an_announced_wait_survives_the_intake(void **state)
{
    (void)state;
    begin();
    step_fixture_wait(&f, 30);
    announce(SCH_KIND_TREATMENT_START, 91);
    int64_t due_ms = step_fixture_owed(&f, 7)->due_ms;
    assert_int_equal(step_fixture_say(&f, SCH_KIND_INTAKE_REPORT), SCH_OK);
    assert_int_equal(step_fixture_owed(&f, 7)->due_ms, due_ms);
    assert_true(step_fixture_owed(&f, 7)->announced);
}

static void test_others_have_nothing_to_move(void **state)
{
    (void)state;
    step_fixture_init(&f);
    step_fixture_open(&f, WIJKTEAM);
    announce(SCH_KIND_WAIT_STATUS, 30);
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_MOVE), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_acceptance_announces_the_intake),
        cmocka_unit_test(test_at_most_thirteen_weeks_per_announcement),
        cmocka_unit_test(test_never_before_the_norm),
        cmocka_unit_test(test_wait_status_moves_e7_once_e4_is_answered),
        cmocka_unit_test(test_treatment_not_yet_moves_e7),
        cmocka_unit_test(test_second_clock_after_the_intake),
        cmocka_unit_test(test_a_region_may_have_no_second_clock),
        cmocka_unit_test(test_an_announced_wait_survives_the_intake),
        cmocka_unit_test(test_others_have_nothing_to_move),
    };
    return cmocka_run_group_tests_name("step_wait", tests, NULL, NULL);
}
