/* test_step_progress.c: E8: a letter a year while treatment goes on. */
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

static struct sch_id say(enum sch_kind kind, enum sch_phase phase)
{
    assert_int_equal(step_fixture_say(&f, kind), SCH_OK);
    assert_int_equal(f.dossier.phase, phase);
    return f.last;
}

static void say_incomplete(void)
{
    step_fixture_message(&f, SCH_KIND_PROGRESS_LETTER)->sections = SCH_SECTION_PLAN;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_RECEIPT, 0)->warnings, 8);
}

static void test_each_letter_begins_the_next_year(void **state)
{
    (void)state;
    begin();
    struct sch_id start = say(SCH_KIND_TREATMENT_START, SCH_PHASE_IN_TREATMENT);
    /* 365 days from Monday 2 March 2026. */
    assert_int_equal(step_fixture_owed(&f, 8)->due_ms, step_fixture_end_of(20270302));
    assert_memory_equal(&step_fixture_owed(&f, 8)->opened_by, &start, sizeof start);
    say(SCH_KIND_TREATMENT_START, SCH_PHASE_IN_TREATMENT);
    assert_null(step_fixture_about(&f, SCH_EFFECT_OPEN, 8));
    step_fixture_live(&f, 366);
    assert_int_equal(step_fixture_owed(&f, 8)->step, SCH_STEP_OVERDUE);
    struct sch_id letter = say(SCH_KIND_PROGRESS_LETTER, SCH_PHASE_IN_TREATMENT);
    assert_int_equal(step_fixture_about(&f, SCH_EFFECT_CLOSE, 8)->instance.standing, SCH_STANDING_CLOSED);
    assert_memory_equal(&step_fixture_owed(&f, 8)->opened_by, &letter, sizeof letter);
    /* A second year alerts again. */
    assert_int_equal(step_fixture_owed(&f, 8)->step, SCH_STEP_NONE);
    step_fixture_live(&f, 366);
    assert_int_equal(step_fixture_owed(&f, 8)->step, SCH_STEP_OVERDUE);
}

static void test_the_year_counts_from_the_stated_start(void **state)
{
    (void)state;
    begin();
    step_fixture_wait(&f, 30);
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_TREATMENT_START, -20), SCH_OK);
    assert_int_equal(step_fixture_owed(&f, 8)->due_ms, step_fixture_end_of(20270312));
}

static void test_an_incomplete_letter_keeps_the_due(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_TREATMENT_START, SCH_PHASE_IN_TREATMENT);
    int64_t due_ms = step_fixture_owed(&f, 8)->due_ms;
    step_fixture_wait(&f, 50);
    say_incomplete();
    assert_int_equal(step_fixture_owed(&f, 8)->standing, SCH_STANDING_INCOMPLETE);
    assert_true(step_fixture_owed(&f, 8)->incomplete);
    assert_int_equal(step_fixture_owed(&f, 8)->due_ms, due_ms);
    say(SCH_KIND_PROGRESS_LETTER, SCH_PHASE_IN_TREATMENT);
    assert_int_equal(step_fixture_owed(&f, 8)->standing, SCH_STANDING_OPEN);
    assert_true(step_fixture_owed(&f, 8)->due_ms > due_ms);
}

static void test_a_letter_proves_treatment(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_PROGRESS_LETTER, SCH_PHASE_IN_TREATMENT);
    assert_null(step_fixture_owed(&f, 2));
    assert_null(step_fixture_owed(&f, 7));
    assert_non_null(step_fixture_owed(&f, 8));
    begin();
    say_incomplete();
    assert_int_equal(f.dossier.phase, SCH_PHASE_IN_TREATMENT);
    assert_int_equal(step_fixture_owed(&f, 8)->standing, SCH_STANDING_INCOMPLETE);
}

static void test_an_intake_report_counts_as_a_letter(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_TREATMENT_START, SCH_PHASE_IN_TREATMENT);
    step_fixture_wait(&f, 10);
    step_fixture_message(&f, SCH_KIND_INTAKE_REPORT)->sections = SCH_SECTION_PLAN;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_int_equal(step_fixture_owed(&f, 8)->due_ms, step_fixture_end_of(20270302));
    say(SCH_KIND_INTAKE_REPORT, SCH_PHASE_IN_TREATMENT);
    assert_int_equal(step_fixture_owed(&f, 8)->due_ms, step_fixture_end_of(20270312));
}

static void test_an_objection_lasts_until_the_next_letter(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_TREATMENT_START, SCH_PHASE_IN_TREATMENT);
    step_fixture_message(&f, SCH_KIND_NO_REPORT)->fact[SCH_FACT_EXPECTATION] = 8;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_int_equal(step_fixture_about(&f, SCH_EFFECT_CLOSE, 8)->instance.standing, SCH_STANDING_WITHHELD);
    say(SCH_KIND_TREATMENT_START, SCH_PHASE_IN_TREATMENT);
    assert_null(step_fixture_owed(&f, 8));
    say(SCH_KIND_PROGRESS_LETTER, SCH_PHASE_IN_TREATMENT);
    assert_non_null(step_fixture_owed(&f, 8));
}

static void test_an_end_answers_it(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_TREATMENT_START, SCH_PHASE_IN_TREATMENT);
    say(SCH_KIND_TREATMENT_END, SCH_PHASE_ENDED);
    assert_int_equal(step_fixture_about(&f, SCH_EFFECT_CLOSE, 8)->instance.standing, SCH_STANDING_CLOSED);
    /* A letter about the progress before the end is only late. */
    say(SCH_KIND_PROGRESS_LETTER, SCH_PHASE_ENDED);
    assert_null(step_fixture_owed(&f, 8));
    begin();
    say(SCH_KIND_TREATMENT_START, SCH_PHASE_IN_TREATMENT);
    step_fixture_message(&f, SCH_KIND_INTAKE_REPORT)->fact[SCH_FACT_OUTCOME] = SCH_OUTCOME_NO_TREATMENT;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_int_equal(f.dossier.phase, SCH_PHASE_CLOSED);
    assert_null(step_fixture_owed(&f, 8));
}

static void test_found_incomplete_takes_the_next_year_back(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_TREATMENT_START, SCH_PHASE_IN_TREATMENT);
    int64_t due_ms = step_fixture_owed(&f, 8)->due_ms;
    step_fixture_wait(&f, 50);
    struct sch_id letter = say(SCH_KIND_PROGRESS_LETTER, SCH_PHASE_IN_TREATMENT);
    assert_int_equal(step_fixture_settle(&f, SCH_EVENT_COLLECT, letter, PRACTICE, SCH_SECTION_COURSE),
                     SCH_OK);
    assert_int_equal(step_fixture_owed(&f, 8)->standing, SCH_STANDING_INCOMPLETE);
    assert_int_equal(step_fixture_owed(&f, 8)->due_ms, due_ms);
    assert_int_equal(step_fixture_about(&f, SCH_EFFECT_CLOSE, 8)->instance.standing, SCH_STANDING_CANCELLED);
    /* After the end there is no year to give back. */
    begin();
    say(SCH_KIND_TREATMENT_START, SCH_PHASE_IN_TREATMENT);
    letter = say(SCH_KIND_PROGRESS_LETTER, SCH_PHASE_IN_TREATMENT);
    say(SCH_KIND_DISCHARGE_LETTER, SCH_PHASE_CLOSED);
    assert_int_equal(step_fixture_settle(&f, SCH_EVENT_COLLECT, letter, PRACTICE, SCH_SECTION_COURSE),
                     SCH_OK);
    assert_int_equal(f.dossier.phase, SCH_PHASE_CLOSED);
    assert_null(step_fixture_owed(&f, 8));
}

/* A norm that no longer counts the year opened no next one: the letter's own is owed again all the same. */
static void test_found_incomplete_without_a_next_year(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_TREATMENT_START, SCH_PHASE_IN_TREATMENT);
    step_fixture_norm(&f, 8, SCH_VARIANT_PLAIN, 0, SCH_UNIT_DAYS);
    struct sch_id letter = say(SCH_KIND_PROGRESS_LETTER, SCH_PHASE_IN_TREATMENT);
    assert_null(step_fixture_owed(&f, 8));
    assert_int_equal(step_fixture_settle(&f, SCH_EVENT_COLLECT, letter, PRACTICE, SCH_SECTION_COURSE), SCH_OK);
    assert_int_equal(step_fixture_owed(&f, 8)->standing, SCH_STANDING_INCOMPLETE);
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_REOPEN), 1);
}

/* Treatment that goes on after a refused back-referral owes a year of its own: an older letter takes none of it. */
static void test_found_incomplete_after_another_beginning(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_TREATMENT_START, SCH_PHASE_IN_TREATMENT);
    struct sch_id letter = say(SCH_KIND_PROGRESS_LETTER, SCH_PHASE_IN_TREATMENT);
    step_fixture_wait(&f, 5);
    say(SCH_KIND_BACK_REFERRAL, SCH_PHASE_BACK_REFERRED);
    (void)step_fixture_message_of(&f, SCH_KIND_REFUSAL, PRACTICE);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    struct sch_instance year = *step_fixture_owed(&f, 8);
    assert_int_equal(year.opened_ms, f.world.now_ms);
    assert_int_equal(step_fixture_settle(&f, SCH_EVENT_COLLECT, letter, PRACTICE, SCH_SECTION_COURSE), SCH_OK);
    assert_memory_equal(step_fixture_owed(&f, 8), &year, sizeof year);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_letter_begins_the_next_year),
        cmocka_unit_test(test_the_year_counts_from_the_stated_start),
        cmocka_unit_test(test_an_incomplete_letter_keeps_the_due),
        cmocka_unit_test(test_a_letter_proves_treatment),
        cmocka_unit_test(test_an_intake_report_counts_as_a_letter),
        cmocka_unit_test(test_an_objection_lasts_until_the_next_letter),
        cmocka_unit_test(test_an_end_answers_it),
        cmocka_unit_test(test_found_incomplete_takes_the_next_year_back),
        cmocka_unit_test(test_found_incomplete_without_a_next_year),
        cmocka_unit_test(test_found_incomplete_after_another_beginning),
    };
    return cmocka_run_group_tests_name("step_progress", tests, NULL, NULL);
}
