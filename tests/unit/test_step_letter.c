/* test_step_letter.c: E6 and E9: opened, moved, answered, withheld, incomplete. */
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

static void say(enum sch_kind kind)
{
    assert_int_equal(step_fixture_say(&f, kind), SCH_OK);
}

static void say_incomplete(enum sch_kind kind)
{
    step_fixture_message(&f, kind)->sections &= ~(uint32_t)SCH_SECTION_MEDICATION;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_RECEIPT, 0)->warnings, 8);
}

static void test_e6_counts_from_the_appointment_and_moves(void **state)
{
    (void)state;
    begin();
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, 7), SCH_OK);
    struct sch_id first = f.last;
    assert_int_equal(step_fixture_owed(&f, 6)->due_ms, step_fixture_end_of(20260323));
    assert_int_equal(step_fixture_owed(&f, 6)->remind_ms, step_fixture_end_of(20260319));
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, 9), SCH_OK);
    assert_int_equal(step_fixture_about(&f, SCH_EFFECT_MOVE, 6)->instance.due_ms,
                     step_fixture_end_of(20260325));
    assert_int_equal(step_fixture_owed(&f, 6)->norm_due_ms, step_fixture_end_of(20260325));
    assert_int_equal(step_fixture_owed(&f, 6)->remind_ms, step_fixture_end_of(20260323));
    assert_memory_equal(&step_fixture_owed(&f, 6)->opened_by, &first, sizeof first);
    assert_false(step_fixture_owed(&f, 6)->announced);
    assert_null(step_fixture_about(&f, SCH_EFFECT_OPEN, 6));
}

static void test_intake_report_without_an_appointment(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_INTAKE_REPORT);
    assert_non_null(step_fixture_about(&f, SCH_EFFECT_OPEN, 6));
    assert_non_null(step_fixture_about(&f, SCH_EFFECT_CLOSE, 6));
    assert_null(step_fixture_owed(&f, 6));
    say(SCH_KIND_INTAKE_REPORT);
    assert_null(step_fixture_about(&f, SCH_EFFECT_OPEN, 6));
    say(SCH_KIND_APPOINTMENT);
    assert_null(step_fixture_about(&f, SCH_EFFECT_OPEN, 6));
}

static void test_e9_counts_from_the_end(void **state)
{
    (void)state;
    begin();
    step_fixture_wait(&f, 10);
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_TREATMENT_END, -3), SCH_OK);
    /* Ten working days from Monday 9 March; not before the letter, not after today. */
    assert_int_equal(step_fixture_owed(&f, 9)->due_ms, step_fixture_end_of(20260323));
    begin();
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_TREATMENT_END, -30), SCH_OK);
    assert_int_equal(step_fixture_owed(&f, 9)->due_ms, step_fixture_end_of(20260316));
    begin();
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_TREATMENT_END, 30), SCH_OK);
    assert_int_equal(step_fixture_owed(&f, 9)->due_ms, step_fixture_end_of(20260316));
    /* Nor before the letter of the referral, which may be older than the referral. */
    step_fixture_init(&f);
    step_fixture_wait(&f, 20);
    step_fixture_referral(&f, PRACTICE, S)->fact[SCH_FACT_LETTER_DATE] = step_fixture_date(&f, -10);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_TREATMENT_END, -3), SCH_OK);
    assert_int_equal(sch_date_from_day(sch_day_of_ms(step_fixture_owed(&f, 9)->from_ms)), step_fixture_date(&f, -3));
    step_fixture_init(&f);
    step_fixture_wait(&f, 20);
    step_fixture_referral(&f, PRACTICE, S)->fact[SCH_FACT_LETTER_DATE] = step_fixture_date(&f, -10);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_TREATMENT_END, -15), SCH_OK);
    assert_int_equal(sch_date_from_day(sch_day_of_ms(step_fixture_owed(&f, 9)->from_ms)), step_fixture_date(&f, -10));
    /* A second end opens nothing. */
    say(SCH_KIND_TREATMENT_END);
    assert_null(step_fixture_about(&f, SCH_EFFECT_OPEN, 9));
}

static void test_e9_after_a_clinical_stay(void **state)
{
    (void)state;
    begin();
    step_fixture_wait(&f, 5);
    step_fixture_message(&f, SCH_KIND_TREATMENT_END)->fact[SCH_FACT_SETTING] = SCH_SETTING_CLINICAL;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_int_equal(step_fixture_owed(&f, 9)->due_ms, f.world.now_ms + 24 * 3600000);
    begin();
    step_fixture_wait(&f, 5);
    step_fixture_message(&f, SCH_KIND_TREATMENT_END)->fact[SCH_FACT_SETTING] = SCH_SETTING_CLINICAL;
    f.header.fact[SCH_FACT_EVENT_DATE] = 20260305;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_int_equal(step_fixture_owed(&f, 9)->due_ms, step_fixture_end_of(20260305) + 24 * 3600000);
}

static void test_discharge_letter_without_an_end(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_DISCHARGE_LETTER);
    assert_int_equal(f.dossier.phase, SCH_PHASE_CLOSED);
    assert_non_null(step_fixture_about(&f, SCH_EFFECT_OPEN, 9));
    assert_non_null(step_fixture_about(&f, SCH_EFFECT_CLOSE, 9));
}

static void test_crisis_owes_the_letter_after_the_end_only(void **state)
{
    (void)state;
    step_fixture_init(&f);
    step_fixture_open(&f, CRISIS);
    say(SCH_KIND_INTAKE_REPORT);
    assert_null(step_fixture_about(&f, SCH_EFFECT_OPEN, 6));
    assert_null(step_fixture_owed(&f, 3));
    say(SCH_KIND_TREATMENT_END);
    assert_non_null(step_fixture_owed(&f, 9));
}

static void test_incomplete_stays_owed(void **state)
{
    (void)state;
    begin();
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, 1), SCH_OK);
    int64_t due_ms = step_fixture_owed(&f, 6)->due_ms;
    step_fixture_wait(&f, 1);
    say_incomplete(SCH_KIND_INTAKE_REPORT);
    assert_int_equal(f.dossier.phase, SCH_PHASE_INTAKE_DONE);
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_DELIVER), 2);
    assert_int_equal(step_fixture_owed(&f, 6)->standing, SCH_STANDING_INCOMPLETE);
    assert_int_equal(step_fixture_owed(&f, 6)->due_ms, due_ms);
    assert_int_equal(step_fixture_about(&f, SCH_EFFECT_MOVE, 6)->instance.standing, SCH_STANDING_INCOMPLETE);
    say_incomplete(SCH_KIND_INTAKE_REPORT);
    assert_null(step_fixture_about(&f, SCH_EFFECT_MOVE, 6));
    say(SCH_KIND_INTAKE_REPORT);
    assert_null(step_fixture_owed(&f, 6));
}

static void test_incomplete_end_does_not_close(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_TREATMENT_END);
    say_incomplete(SCH_KIND_DISCHARGE_LETTER);
    assert_int_equal(f.dossier.phase, SCH_PHASE_ENDED);
    say(SCH_KIND_DISCHARGE_LETTER);
    assert_int_equal(f.dossier.phase, SCH_PHASE_CLOSED);
    begin();
    step_fixture_message(&f, SCH_KIND_INTAKE_REPORT)->fact[SCH_FACT_OUTCOME] = SCH_OUTCOME_NO_TREATMENT;
    f.header.sections = SCH_SECTION_PLAN;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_int_equal(f.dossier.phase, SCH_PHASE_ENDED);
    assert_non_null(step_fixture_owed(&f, 6));
    assert_non_null(step_fixture_owed(&f, 10));
    say(SCH_KIND_INTAKE_REPORT);
    assert_int_equal(f.dossier.phase, SCH_PHASE_CLOSED);
    assert_non_null(step_fixture_owed(&f, 10));
}

/* What the report of an intake without treatment lacked comes later, and sends nobody back a second time. */
static void test_no_treatment_said_twice(void **state)
{
    (void)state;
    begin();
    step_fixture_message(&f, SCH_KIND_INTAKE_REPORT)->fact[SCH_FACT_OUTCOME] = SCH_OUTCOME_NO_TREATMENT;
    f.header.sections = SCH_SECTION_PLAN;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    say(SCH_KIND_TAKEN_UP);
    assert_null(step_fixture_owed(&f, 10));
    step_fixture_message(&f, SCH_KIND_INTAKE_REPORT)->fact[SCH_FACT_OUTCOME] = SCH_OUTCOME_NO_TREATMENT;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_int_equal(f.dossier.phase, SCH_PHASE_CLOSED);
    assert_null(step_fixture_owed(&f, 10));
}

static void test_documents_close_unless_sections_are_demanded(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_APPOINTMENT);
    (void)step_fixture_message(&f, SCH_KIND_INTAKE_REPORT);
    f.header.sections = 0;
    f.header.sections_known = false;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_null(step_fixture_owed(&f, 6));
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_RECEIPT, 0)->warnings, 0);
    begin();
    f.norms.required[SCH_KIND_INTAKE_REPORT].demanded = true;
    say(SCH_KIND_APPOINTMENT);
    (void)step_fixture_message(&f, SCH_KIND_INTAKE_REPORT);
    f.header.sections = 0;
    f.header.sections_known = false;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_int_equal(step_fixture_owed(&f, 6)->standing, SCH_STANDING_INCOMPLETE);
}

static void test_found_incomplete_after_opening(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_TREATMENT_END);
    step_fixture_wait(&f, 3);
    say(SCH_KIND_DISCHARGE_LETTER);
    struct sch_id letter = f.last;
    assert_int_equal(f.dossier.phase, SCH_PHASE_CLOSED);
    /* The copy's opinion does not count, and nor does a section that nobody requires. */
    assert_int_equal(step_fixture_settle(&f, SCH_EVENT_COLLECT, letter, POH, SCH_SECTION_AFTERCARE), SCH_OK);
    assert_int_equal(f.dossier.phase, SCH_PHASE_CLOSED);
    assert_int_equal(step_fixture_settle(&f, SCH_EVENT_COLLECT, letter, PRACTICE, SCH_SECTION_AFTERCARE),
                     SCH_OK);
    assert_int_equal(f.dossier.phase, SCH_PHASE_ENDED);
    assert_int_equal(f.dossier.closed_ms, 0);
    assert_int_equal(step_fixture_about(&f, SCH_EFFECT_REOPEN, 9)->instance.standing,
                     SCH_STANDING_INCOMPLETE);
    assert_int_equal(step_fixture_owed(&f, 9)->due_ms, step_fixture_end_of(20260316));
    /* Nothing has ended it any more, and that an incomplete letter came is remembered. */
    static const struct sch_id none;
    assert_memory_equal(&step_fixture_owed(&f, 9)->closed_by, &none, sizeof none);
    assert_int_equal(step_fixture_owed(&f, 9)->closed_ms, 0);
    assert_true(step_fixture_owed(&f, 9)->incomplete);
    say(SCH_KIND_DISCHARGE_LETTER);
    assert_true(step_fixture_about(&f, SCH_EFFECT_CLOSE, 9)->instance.incomplete);
    assert_int_equal(f.dossier.phase, SCH_PHASE_CLOSED);
    assert_int_equal(step_fixture_settle(&f, SCH_EVENT_COLLECT, f.last, PRACTICE, SCH_SECTION_QUESTION),
                     SCH_OK);
    assert_int_equal(f.dossier.phase, SCH_PHASE_CLOSED);
}

/* Of two letters about two ends one is owed, whatever is found about the first. */
static void test_found_incomplete_when_another_is_owed(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_BACK_REFERRAL);
    struct sch_id letter = f.last;
    say(SCH_KIND_TREATMENT_START);
    say(SCH_KIND_TREATMENT_END);
    struct sch_instance owed = *step_fixture_owed(&f, 9);
    assert_int_equal(step_fixture_settle(&f, SCH_EVENT_COLLECT, letter, PRACTICE, SCH_SECTION_AFTERCARE), SCH_OK);
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_REOPEN), 0);
    assert_memory_equal(step_fixture_owed(&f, 9), &owed, sizeof owed);
}

/* Another word of the end does not ask for the letter again that was written about it. */
static void test_a_second_end_after_its_letter(void **state)
{
    (void)state;
    begin();
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, 0), SCH_OK);
    step_fixture_live(&f, 1);
    say(SCH_KIND_TREATMENT_END);
    say(SCH_KIND_DISCHARGE_LETTER);
    /* The report of the intake is still owed. */
    assert_int_equal(f.dossier.phase, SCH_PHASE_ENDED);
    say(SCH_KIND_TREATMENT_END);
    assert_null(step_fixture_owed(&f, 9));
}

static void test_found_incomplete_intake_in_treatment(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_INTAKE_REPORT);
    struct sch_id letter = f.last;
    say(SCH_KIND_TREATMENT_START);
    assert_int_equal(step_fixture_settle(&f, SCH_EVENT_COLLECT, letter, PRACTICE, SCH_SECTION_PLAN), SCH_OK);
    assert_int_equal(f.dossier.phase, SCH_PHASE_IN_TREATMENT);
    assert_non_null(step_fixture_owed(&f, 6));
    /* What the letter proved stays proven. */
    assert_null(step_fixture_owed(&f, 2));
    assert_null(step_fixture_owed(&f, 4));
    say(SCH_KIND_INTAKE_REPORT);
    assert_null(step_fixture_owed(&f, 6));
    assert_int_equal(f.dossier.phase, SCH_PHASE_IN_TREATMENT);
}

static void test_withheld(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_APPOINTMENT);
    say(SCH_KIND_NO_REPORT);
    assert_null(step_fixture_owed(&f, 6));
    assert_int_equal(step_fixture_about(&f, SCH_EFFECT_CLOSE, 6)->instance.standing, SCH_STANDING_WITHHELD);
    /* The patient's objection outlives a new appointment. */
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, 5), SCH_OK);
    assert_null(step_fixture_owed(&f, 6));
    say(SCH_KIND_TREATMENT_END);
    step_fixture_message(&f, SCH_KIND_NO_REPORT)->fact[SCH_FACT_EXPECTATION] = 9;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_int_equal(f.dossier.phase, SCH_PHASE_CLOSED);
    /* With nothing open it is kept all the same. */
    say(SCH_KIND_NO_REPORT);
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_CLOSE), 0);
}

static void test_letter_after_withdrawal_answers_what_is_owed(void **state)
{
    (void)state;
    begin();
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, 0), SCH_OK);
    step_fixture_live(&f, 1);
    say(SCH_KIND_WITHDRAWAL);
    assert_int_equal(f.dossier.phase, SCH_PHASE_WITHDRAWN);
    assert_non_null(step_fixture_owed(&f, 6));
    say(SCH_KIND_INTAKE_REPORT);
    assert_null(step_fixture_owed(&f, 6));
    assert_int_equal(f.dossier.phase, SCH_PHASE_WITHDRAWN);
}

/* A patient who is elsewhere by now had his intake all the same: the report of it answers. */
static void test_letter_after_a_refusal_that_was_taken_up(void **state)
{
    (void)state;
    begin();
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, 0), SCH_OK);
    step_fixture_live(&f, 1);
    say(SCH_KIND_REFUSAL);
    say(SCH_KIND_TAKEN_UP);
    assert_non_null(step_fixture_owed(&f, 6));
    say(SCH_KIND_INTAKE_REPORT);
    assert_null(step_fixture_owed(&f, 6));
    assert_int_equal(f.dossier.phase, SCH_PHASE_REFUSED);
}

/* Wherever the patient is, its sender is told that a letter is incomplete. */
static void test_an_incomplete_letter_about_who_is_elsewhere(void **state)
{
    (void)state;
    static const enum sch_kind kinds[] = { SCH_KIND_INTAKE_REPORT, SCH_KIND_PROGRESS_LETTER,
                                           SCH_KIND_DISCHARGE_LETTER, SCH_KIND_BACK_REFERRAL };
    begin();
    say(SCH_KIND_REFUSAL);
    say(SCH_KIND_TAKEN_UP);
    for (size_t i = 0; i < 4; i++) {
        step_fixture_message(&f, kinds[i])->sections = 0;
        assert_int_equal(step_fixture_send(&f), SCH_OK);
        assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_RECEIPT, 0)->warnings, 8);
        assert_int_equal(f.dossier.phase, SCH_PHASE_REFUSED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_e6_counts_from_the_appointment_and_moves),
        cmocka_unit_test(test_intake_report_without_an_appointment),
        cmocka_unit_test(test_e9_counts_from_the_end),
        cmocka_unit_test(test_e9_after_a_clinical_stay),
        cmocka_unit_test(test_discharge_letter_without_an_end),
        cmocka_unit_test(test_crisis_owes_the_letter_after_the_end_only),
        cmocka_unit_test(test_incomplete_stays_owed),
        cmocka_unit_test(test_incomplete_end_does_not_close),
        cmocka_unit_test(test_no_treatment_said_twice),
        cmocka_unit_test(test_documents_close_unless_sections_are_demanded),
        cmocka_unit_test(test_found_incomplete_after_opening),
        cmocka_unit_test(test_found_incomplete_when_another_is_owed),
        cmocka_unit_test(test_a_second_end_after_its_letter),
        cmocka_unit_test(test_found_incomplete_intake_in_treatment),
        cmocka_unit_test(test_withheld),
        cmocka_unit_test(test_letter_after_withdrawal_answers_what_is_owed),
        cmocka_unit_test(test_letter_after_a_refusal_that_was_taken_up),
        cmocka_unit_test(test_an_incomplete_letter_about_who_is_elsewhere),
    };
    return cmocka_run_group_tests_name("step_letter", tests, NULL, NULL);
}
