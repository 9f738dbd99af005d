/* test_step_feedback.c: phases proven by feedback, in and out of order, and what they answer. */
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

static void say(enum sch_kind kind, enum sch_phase phase)
{
    assert_int_equal(step_fixture_say(&f, kind), SCH_OK);
    assert_int_equal(f.dossier.phase, phase);
}

static void end_with(enum sch_outcome outcome, enum sch_phase phase)
{
    step_fixture_message(&f, SCH_KIND_INTAKE_REPORT)->fact[SCH_FACT_OUTCOME] = (int64_t)outcome;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_int_equal(f.dossier.phase, phase);
}

static void test_the_whole_road(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_ACCEPTANCE, SCH_PHASE_ACCEPTED);
    assert_null(step_fixture_owed(&f, 2));
    assert_non_null(step_fixture_owed(&f, 4));
    assert_int_equal(step_fixture_about(&f, SCH_EFFECT_CLOSE, 2)->instance.standing, SCH_STANDING_CLOSED);
    say(SCH_KIND_APPOINTMENT, SCH_PHASE_INTAKE_PLANNED);
    assert_null(step_fixture_owed(&f, 4));
    assert_non_null(step_fixture_owed(&f, 6));
    step_fixture_wait(&f, 1);
    say(SCH_KIND_INTAKE_REPORT, SCH_PHASE_INTAKE_DONE);
    assert_int_equal(f.dossier.changed_ms, f.world.now_ms);
    assert_null(step_fixture_owed(&f, 6));
    assert_non_null(step_fixture_owed(&f, 7));
    say(SCH_KIND_TREATMENT_START, SCH_PHASE_IN_TREATMENT);
    assert_null(step_fixture_owed(&f, 7));
    say(SCH_KIND_TREATMENT_END, SCH_PHASE_ENDED);
    assert_non_null(step_fixture_owed(&f, 9));
    say(SCH_KIND_DISCHARGE_LETTER, SCH_PHASE_CLOSED);
    assert_int_equal(f.dossier.closed_ms, f.world.now_ms);
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_PHASE), 1);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_PHASE, 0)->phase, SCH_PHASE_CLOSED);
    /* What is said afterwards is kept and moves nothing. */
    say(SCH_KIND_ACCEPTANCE, SCH_PHASE_CLOSED);
    say(SCH_KIND_TREATMENT_END, SCH_PHASE_CLOSED);
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_DELIVER), 2);
    assert_null(step_fixture_owed(&f, 9));
}

static void test_a_later_phase_implies_the_earlier(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_TREATMENT_START, SCH_PHASE_IN_TREATMENT);
    assert_null(step_fixture_owed(&f, 2));
    assert_null(step_fixture_owed(&f, 4));
    assert_null(step_fixture_owed(&f, 7));
    say(SCH_KIND_ACCEPTANCE, SCH_PHASE_IN_TREATMENT);
    say(SCH_KIND_APPOINTMENT, SCH_PHASE_IN_TREATMENT);
    assert_null(step_fixture_owed(&f, 6));
    say(SCH_KIND_NO_SHOW, SCH_PHASE_IN_TREATMENT);
    assert_null(step_fixture_owed(&f, 5));
    say(SCH_KIND_INTAKE_REPORT, SCH_PHASE_IN_TREATMENT);
}

static void test_but_never_closes_e6(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_APPOINTMENT, SCH_PHASE_INTAKE_PLANNED);
    say(SCH_KIND_TREATMENT_START, SCH_PHASE_IN_TREATMENT);
    assert_non_null(step_fixture_owed(&f, 6));
    say(SCH_KIND_TREATMENT_END, SCH_PHASE_ENDED);
    assert_non_null(step_fixture_owed(&f, 6));
    say(SCH_KIND_DISCHARGE_LETTER, SCH_PHASE_ENDED);
    say(SCH_KIND_INTAKE_REPORT, SCH_PHASE_CLOSED);
}

static void test_wait_status_decides_nothing(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_WAIT_STATUS, SCH_PHASE_SENT);
    assert_non_null(step_fixture_owed(&f, 2));
}

static void test_refusal_and_what_it_opens(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_ACCEPTANCE, SCH_PHASE_ACCEPTED);
    say(SCH_KIND_REFUSAL, SCH_PHASE_REFUSED);
    assert_null(step_fixture_owed(&f, 4));
    assert_null(step_fixture_owed(&f, 7));
    assert_int_equal(step_fixture_about(&f, SCH_EFFECT_CLOSE, 7)->instance.standing, SCH_STANDING_CANCELLED);
    assert_int_equal(step_fixture_owed(&f, 10)->member, SCH_MEMBER_CREDITOR);
    assert_int_equal(step_fixture_owed(&f, 10)->due_ms, step_fixture_end_of(20260305));
    /* A second refusal opens no second E10. */
    say(SCH_KIND_REFUSAL, SCH_PHASE_REFUSED);
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_OPEN), 2);
    assert_null(step_fixture_about(&f, SCH_EFFECT_OPEN, 10));
}

static void test_refusal_not_after_the_intake(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_INTAKE_REPORT, SCH_PHASE_INTAKE_DONE);
    assert_int_equal(step_fixture_say(&f, SCH_KIND_REFUSAL), SCH_E_NOT_NOW);
    say(SCH_KIND_TREATMENT_START, SCH_PHASE_IN_TREATMENT);
    assert_int_equal(step_fixture_say(&f, SCH_KIND_REFUSAL), SCH_E_NOT_NOW);
}

static void test_acceptance_takes_a_refusal_back(void **state)
{
    (void)state;
    begin();
    int64_t opened_ms = f.world.now_ms;
    say(SCH_KIND_REFUSAL, SCH_PHASE_REFUSED);
    assert_int_equal(f.dossier.closed_ms, 0);
    assert_int_equal(f.dossier.refusals, 1);
    step_fixture_wait(&f, 7);
    say(SCH_KIND_ACCEPTANCE, SCH_PHASE_ACCEPTED);
    assert_int_equal(f.dossier.refusals, 0);
    assert_null(step_fixture_owed(&f, 10));
    assert_int_equal(step_fixture_about(&f, SCH_EFFECT_CLOSE, 10)->instance.standing, SCH_STANDING_CANCELLED);
    assert_int_equal(step_fixture_owed(&f, 4)->from_ms, opened_ms);
    assert_int_equal(step_fixture_owed(&f, 4)->opened_ms, f.world.now_ms);
    assert_int_equal(step_fixture_owed(&f, 4)->due_ms, step_fixture_end_of(20260330));
    assert_int_equal(step_fixture_owed(&f, 7)->due_ms, step_fixture_end_of(20260608));
}

static void test_evidence_takes_a_refusal_back_too(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_REFUSAL, SCH_PHASE_REFUSED);
    say(SCH_KIND_WAIT_STATUS, SCH_PHASE_REFUSED);
    say(SCH_KIND_INTAKE_REPORT, SCH_PHASE_INTAKE_DONE);
    assert_null(step_fixture_owed(&f, 4));
    assert_non_null(step_fixture_owed(&f, 7));
    assert_null(step_fixture_owed(&f, 10));
}

static void test_what_evidence_proves_is_not_owed_again(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_REFUSAL, SCH_PHASE_REFUSED);
    say(SCH_KIND_TREATMENT_START, SCH_PHASE_IN_TREATMENT);
    assert_null(step_fixture_owed(&f, 4));
    assert_null(step_fixture_owed(&f, 7));
}

static void test_but_not_once_taken_up(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_REFUSAL, SCH_PHASE_REFUSED);
    say(SCH_KIND_TAKEN_UP, SCH_PHASE_REFUSED);
    say(SCH_KIND_ACCEPTANCE, SCH_PHASE_REFUSED);
    say(SCH_KIND_APPOINTMENT, SCH_PHASE_REFUSED);
    say(SCH_KIND_NO_SHOW, SCH_PHASE_REFUSED);
    say(SCH_KIND_INTAKE_REPORT, SCH_PHASE_REFUSED);
    say(SCH_KIND_TREATMENT_START, SCH_PHASE_REFUSED);
    say(SCH_KIND_TREATMENT_END, SCH_PHASE_REFUSED);
    say(SCH_KIND_DISCHARGE_LETTER, SCH_PHASE_REFUSED);
    for (unsigned number = 2; number < SCH_EXPECTATION_COUNT; number++) {
        assert_null(step_fixture_owed(&f, number));
    }
}

static void test_no_treatment_ends_and_closes(void **state)
{
    (void)state;
    static const enum sch_outcome outcomes[] = { SCH_OUTCOME_NO_TREATMENT, SCH_OUTCOME_OTHER_ECHELON };
    for (size_t i = 0; i < 2; i++) {
        enum sch_outcome outcome = outcomes[i];
        begin();
        say(SCH_KIND_APPOINTMENT, SCH_PHASE_INTAKE_PLANNED);
        end_with(outcome, SCH_PHASE_CLOSED);
        assert_null(step_fixture_owed(&f, 6));
        assert_null(step_fixture_owed(&f, 7));
        assert_int_equal(step_fixture_about(&f, SCH_EFFECT_CLOSE, 7)->instance.standing, SCH_STANDING_CLOSED);
        assert_non_null(step_fixture_owed(&f, 10));
        /* The same once more: no second E10. */
        assert_int_equal(step_fixture_say(&f, SCH_KIND_TAKEN_UP), SCH_OK);
        end_with(outcome, SCH_PHASE_CLOSED);
        assert_null(step_fixture_owed(&f, 10));
    }
}

/* E4 is four weeks from Monday 2 March: the 30th is the last day in time. */
static void test_an_appointment_beyond_the_norm_is_late(void **state)
{
    (void)state;
    for (int days = 28; days <= 29; days++) {
        begin();
        assert_int_equal(step_fixture_owed(&f, 4)->due_ms, step_fixture_end_of(20260330));
        assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, days), SCH_OK);
        assert_null(step_fixture_owed(&f, 4));
        const struct sch_instance *e4 = &step_fixture_about(&f, SCH_EFFECT_CLOSE, 4)->instance;
        assert_int_equal(e4->standing, SCH_STANDING_CLOSED);
        assert_int_equal(sch_instance_is_late(e4), days == 29);
    }
}

static void test_an_appointment_moved_within_a_weekend(void **state)
{
    (void)state;
    begin();
    /* Friday, then Saturday: the same working days follow, but the term counts from another day. */
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, 4), SCH_OK);
    struct sch_instance before = *step_fixture_owed(&f, 6);
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, 5), SCH_OK);
    const struct sch_effect *move = step_fixture_about(&f, SCH_EFFECT_MOVE, 6);
    assert_non_null(move);
    assert_int_equal(move->before.from_ms, before.from_ms);
    assert_int_equal(move->instance.from_ms, step_fixture_owed(&f, 6)->from_ms);
    assert_int_equal(move->instance.due_ms, before.due_ms);
    /* The same day once more moves nothing. */
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, 5), SCH_OK);
    assert_null(step_fixture_about(&f, SCH_EFFECT_MOVE, 6));
}

static void test_no_show_and_the_next_appointment(void **state)
{
    (void)state;
    begin();
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, 7), SCH_OK);
    step_fixture_wait(&f, 7);
    say(SCH_KIND_NO_SHOW, SCH_PHASE_INTAKE_PLANNED);
    assert_null(step_fixture_owed(&f, 6));
    assert_int_equal(step_fixture_about(&f, SCH_EFFECT_CLOSE, 6)->instance.standing, SCH_STANDING_CANCELLED);
    /* Ten working days from Monday 9 March. */
    assert_int_equal(step_fixture_owed(&f, 5)->due_ms, step_fixture_end_of(20260323));
    assert_int_equal(f.dossier.intake_day, 0);
    say(SCH_KIND_NO_SHOW, SCH_PHASE_INTAKE_PLANNED);
    assert_null(step_fixture_about(&f, SCH_EFFECT_OPEN, 5));
    step_fixture_wait(&f, 2);
    say(SCH_KIND_NO_SHOW, SCH_PHASE_INTAKE_PLANNED);
    assert_int_equal(step_fixture_about(&f, SCH_EFFECT_CLOSE, 5)->instance.standing, SCH_STANDING_CLOSED);
    assert_int_equal(step_fixture_owed(&f, 5)->due_ms, step_fixture_end_of(20260325));
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, 5), SCH_OK);
    assert_null(step_fixture_owed(&f, 5));
    assert_non_null(step_fixture_owed(&f, 6));
}

static void test_no_show_without_an_appointment(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_NO_SHOW, SCH_PHASE_INTAKE_PLANNED);
    assert_null(step_fixture_owed(&f, 2));
    assert_null(step_fixture_owed(&f, 4));
    assert_non_null(step_fixture_owed(&f, 5));
    say(SCH_KIND_TREATMENT_START, SCH_PHASE_IN_TREATMENT);
    assert_null(step_fixture_owed(&f, 5));
}

static void test_presumed_intake(void **state)
{
    (void)state;
    begin();
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, 3), SCH_OK);
    step_fixture_at(&f, step_fixture_end_of(20260305) - 1);
    assert_int_equal(step_fixture_due(&f), SCH_OK);
    assert_int_equal(f.dossier.phase, SCH_PHASE_INTAKE_PLANNED);
    step_fixture_at(&f, step_fixture_end_of(20260305));
    assert_int_equal(step_fixture_due(&f), SCH_OK);
    assert_int_equal(f.dossier.phase, SCH_PHASE_INTAKE_PRESUMED);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_PHASE, 0)->phase, SCH_PHASE_INTAKE_PRESUMED);
    /* A new appointment says that it was not held after all; and so does a no-show. */
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, 3), SCH_OK);
    assert_int_equal(f.dossier.phase, SCH_PHASE_INTAKE_PLANNED);
    step_fixture_live(&f, 5);
    assert_int_equal(f.dossier.phase, SCH_PHASE_INTAKE_PRESUMED);
    say(SCH_KIND_NO_SHOW, SCH_PHASE_INTAKE_PLANNED);
    step_fixture_live(&f, 5);
    assert_int_equal(f.dossier.phase, SCH_PHASE_INTAKE_PLANNED);
}

static void test_refused_after_a_presumed_intake(void **state)
{
    (void)state;
    begin();
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, 0), SCH_OK);
    step_fixture_live(&f, 1);
    assert_int_equal(f.dossier.phase, SCH_PHASE_INTAKE_PRESUMED);
    say(SCH_KIND_REFUSAL, SCH_PHASE_REFUSED);
    assert_non_null(step_fixture_owed(&f, 6));
    begin();
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, 5), SCH_OK);
    say(SCH_KIND_REFUSAL, SCH_PHASE_REFUSED);
    assert_null(step_fixture_owed(&f, 6));
}

static void test_every_cell_is_filled(void **state)
{
    (void)state;
    for (int phase = 0; phase < SCH_PHASE_COUNT; phase++) {
        for (int kind = 0; kind < SCH_KIND_COUNT; kind++) {
            assert_non_null(sch_step_cell((enum sch_phase)phase, SCH_EVENT_SUBMIT, (enum sch_kind)kind));
        }
        for (int type = SCH_EVENT_SUBMIT; type < SCH_EVENT_TYPE_COUNT; type++) {
            assert_non_null(sch_step_cell((enum sch_phase)phase, (enum sch_event_type)type,
                                          SCH_KIND_UNSPECIFIED));
        }
    }
    assert_string_equal(sch_step_cell(SCH_PHASE_IN_TREATMENT, SCH_EVENT_SUBMIT, SCH_KIND_REFUSAL),
                        "reject NOT_NOW");
    assert_string_equal(sch_step_cell(SCH_PHASE_SENT, SCH_EVENT_SUBMIT, SCH_KIND_ACCEPTANCE), "ACCEPTED");
    assert_string_equal(sch_step_cell(SCH_PHASE_SENT, SCH_EVENT_COLLECT, SCH_KIND_UNSPECIFIED), "accept");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_whole_road),
        cmocka_unit_test(test_a_later_phase_implies_the_earlier),
        cmocka_unit_test(test_but_never_closes_e6),
        cmocka_unit_test(test_wait_status_decides_nothing),
        cmocka_unit_test(test_refusal_and_what_it_opens),
        cmocka_unit_test(test_refusal_not_after_the_intake),
        cmocka_unit_test(test_acceptance_takes_a_refusal_back),
        cmocka_unit_test(test_evidence_takes_a_refusal_back_too),
        cmocka_unit_test(test_what_evidence_proves_is_not_owed_again),
        cmocka_unit_test(test_but_not_once_taken_up),
        cmocka_unit_test(test_no_treatment_ends_and_closes),
        cmocka_unit_test(test_an_appointment_beyond_the_norm_is_late),
        cmocka_unit_test(test_an_appointment_moved_within_a_weekend),
        cmocka_unit_test(test_no_show_and_the_next_appointment),
        cmocka_unit_test(test_no_show_without_an_appointment),
        cmocka_unit_test(test_presumed_intake),
        cmocka_unit_test(test_refused_after_a_presumed_intake),
        cmocka_unit_test(test_every_cell_is_filled),
    };
    return cmocka_run_group_tests_name("step_feedback", tests, NULL, NULL);
}
