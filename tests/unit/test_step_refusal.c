/* test_step_refusal.c: sent on or back: REDIRECTION, BACK_REFERRAL, and what takes them back. */
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

static int hear_of(enum sch_event_type type, bool taken_back)
{
    memset(&f.event, 0, sizeof f.event);
    f.event.type = type;
    f.event.taken_back = taken_back;
    f.event.message = sch_step_made_id(1, 77);
    f.event.sender = &f.party[type == SCH_EVENT_FORWARD ? S : PRACTICE];
    return step_fixture_step(&f);
}

static int hear(enum sch_event_type type)
{
    return hear_of(type, false);
}

static void refuse_back_referral(int code)
{
    (void)step_fixture_message_of(&f, SCH_KIND_REFUSAL, PRACTICE);
    assert_int_equal(step_fixture_send(&f), code);
}

static void test_advised(void **state)
{
    (void)state;
    begin();
    (void)step_fixture_redirect(&f, SCH_MODE_ADVISED);
    assert_int_equal(f.dossier.phase, SCH_PHASE_REDIRECTED);
    assert_null(step_fixture_owed(&f, 2));
    assert_int_equal(step_fixture_about(&f, SCH_EFFECT_CLOSE, 2)->instance.standing, SCH_STANDING_CLOSED);
    assert_int_equal(step_fixture_about(&f, SCH_EFFECT_CLOSE, 4)->instance.standing, SCH_STANDING_CANCELLED);
    assert_int_equal(step_fixture_owed(&f, 10)->member, SCH_MEMBER_CREDITOR);
    assert_int_equal(f.dossier.refusals, 1);
    assert_int_equal(f.dossier.forward_by_ms, 0);
    say(SCH_KIND_ACCEPTANCE, SCH_PHASE_ACCEPTED);
    assert_null(step_fixture_owed(&f, 10));
    assert_non_null(step_fixture_owed(&f, 4));
    assert_int_equal(f.dossier.refusals, 0);
}

static void test_not_after_the_intake(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_INTAKE_REPORT, SCH_PHASE_INTAKE_DONE);
    assert_int_equal(step_fixture_say(&f, SCH_KIND_REDIRECTION), SCH_E_NOT_NOW);
}

static void test_forwarded_and_the_child_came(void **state)
{
    (void)state;
    begin();
    (void)step_fixture_redirect(&f, SCH_MODE_FORWARDED);
    assert_int_equal(f.dossier.phase, SCH_PHASE_REDIRECTED);
    assert_null(step_fixture_owed(&f, 10));
    assert_int_equal(f.dossier.refusals, 0);
    /* Five working days from Monday 2 March end on Monday 9. */
    assert_int_equal(f.dossier.forward_by_ms, step_fixture_end_of(20260309));
    assert_int_equal(f.dossier.closed_ms, 0);
    step_fixture_wait(&f, 2);
    assert_int_equal(hear(SCH_EVENT_FORWARD), SCH_OK);
    assert_int_equal(f.dossier.forward_by_ms, 0);
    assert_int_equal(f.dossier.closed_ms, f.world.now_ms);
    step_fixture_live(&f, 20);
    assert_null(step_fixture_owed(&f, 10));
    assert_int_equal(f.dossier.refusals, 0);
    /* The patient is elsewhere: what the redirector says now is kept. */
    say(SCH_KIND_ACCEPTANCE, SCH_PHASE_REDIRECTED);
}

/* A provider may send the patient on first, and say so after it. */
static void test_forwarded_after_the_child(void **state)
{
    (void)state;
    begin();
    assert_int_equal(hear(SCH_EVENT_FORWARD), SCH_OK);
    assert_int_equal(f.dossier.phase, SCH_PHASE_SENT);
    (void)step_fixture_redirect(&f, SCH_MODE_FORWARDED);
    assert_int_equal(f.dossier.phase, SCH_PHASE_REDIRECTED);
    assert_int_equal(f.dossier.refusals, 0);
    step_fixture_live(&f, 30);
    assert_null(step_fixture_owed(&f, 10));
    /* Elsewhere is where the patient is. */
    say(SCH_KIND_ACCEPTANCE, SCH_PHASE_REDIRECTED);
    /* Without the child nobody sent the patient on. */
    begin();
    assert_int_equal(hear(SCH_EVENT_FORWARD), SCH_OK);
    assert_int_equal(hear_of(SCH_EVENT_FORWARD, true), SCH_OK);
    (void)step_fixture_redirect(&f, SCH_MODE_FORWARDED);
    step_fixture_live(&f, 30);
    assert_non_null(step_fixture_owed(&f, 10));
}

static void test_forwarded_by_a_child_in_error(void **state)
{
    (void)state;
    begin();
    (void)step_fixture_redirect(&f, SCH_MODE_FORWARDED);
    struct sch_id by = f.last;
    assert_int_equal(hear(SCH_EVENT_FORWARD), SCH_OK);
    assert_int_equal(hear_of(SCH_EVENT_FORWARD, true), SCH_OK);
    /* The patient is nowhere. */
    assert_int_equal(step_fixture_owed(&f, 10)->member, SCH_MEMBER_CREDITOR);
    assert_memory_equal(&step_fixture_owed(&f, 10)->opened_by, &by, sizeof by);
    assert_int_equal(f.dossier.refusals, 1);
    assert_int_equal(f.dossier.closed_ms, 0);
    /* The right one comes, and goes the same way. */
    assert_int_equal(hear(SCH_EVENT_FORWARD), SCH_OK);
    assert_null(step_fixture_owed(&f, 10));
    assert_int_equal(hear_of(SCH_EVENT_FORWARD, true), SCH_OK);
    assert_non_null(step_fixture_about(&f, SCH_EFFECT_REOPEN, 10));
    assert_false(f.dossier.taken_up);
}

static void test_referred_again_in_error(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_REFUSAL, SCH_PHASE_REFUSED);
    struct sch_instance owed = *step_fixture_owed(&f, 10);
    assert_int_equal(hear(SCH_EVENT_FOLLOW), SCH_OK);
    assert_null(step_fixture_owed(&f, 10));
    assert_int_equal(hear_of(SCH_EVENT_FOLLOW, true), SCH_OK);
    assert_int_equal(step_fixture_owed(&f, 10)->due_ms, owed.due_ms);
    assert_false(f.dossier.taken_up);
    /* What the practice itself had said stands. */
    say(SCH_KIND_TAKEN_UP, SCH_PHASE_REFUSED);
    assert_int_equal(hear_of(SCH_EVENT_FOLLOW, true), SCH_OK);
    assert_null(step_fixture_owed(&f, 10));
    assert_true(f.dossier.taken_up);
}

static void test_forwarded_and_nobody_came(void **state)
{
    (void)state;
    begin();
    (void)step_fixture_redirect(&f, SCH_MODE_FORWARDED);
    struct sch_id by = f.last;
    step_fixture_at(&f, step_fixture_end_of(20260309) - 1);
    assert_int_equal(step_fixture_due(&f), SCH_OK);
    assert_null(step_fixture_owed(&f, 10));
    step_fixture_at(&f, step_fixture_end_of(20260309));
    assert_int_equal(step_fixture_due(&f), SCH_OK);
    assert_int_equal(step_fixture_owed(&f, 10)->member, SCH_MEMBER_CREDITOR);
    assert_memory_equal(&step_fixture_owed(&f, 10)->opened_by, &by, sizeof by);
    assert_int_equal(f.dossier.refusals, 1);
    /* Late is better than never. */
    assert_int_equal(hear(SCH_EVENT_FORWARD), SCH_OK);
    assert_null(step_fixture_owed(&f, 10));
    assert_true(f.dossier.taken_up);
}

/* A chain may be longer than its count. */
static void test_one_refusal_more_than_can_be_counted(void **state)
{
    (void)state;
    begin();
    f.dossier.refusals = UINT8_MAX;
    (void)step_fixture_redirect(&f, SCH_MODE_FORWARDED);
    step_fixture_live(&f, 8);
    assert_non_null(step_fixture_owed(&f, 10));
    assert_int_equal(f.dossier.refusals, UINT8_MAX);
}

static void test_forwarded_but_the_practice_was_faster(void **state)
{
    (void)state;
    begin();
    (void)step_fixture_redirect(&f, SCH_MODE_FORWARDED);
    assert_int_equal(hear(SCH_EVENT_FOLLOW), SCH_OK);
    assert_int_equal(f.dossier.forward_by_ms, 0);
    assert_true(f.dossier.taken_up);
}

static void test_a_child_of_a_treated_patient_moves_nothing(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_TREATMENT_START, SCH_PHASE_IN_TREATMENT);
    struct sch_dossier before = f.dossier;
    before.successor[before.successor_count++] = (struct sch_successor){ .id = sch_step_made_id(1, 77), .child = true };
    assert_int_equal(hear(SCH_EVENT_FORWARD), SCH_OK);
    assert_int_equal(f.effects.count, 0);
    assert_memory_equal(&f.dossier, &before, sizeof before);
}

static void test_back_referral_from_treatment(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_TREATMENT_START, SCH_PHASE_IN_TREATMENT);
    say(SCH_KIND_BACK_REFERRAL, SCH_PHASE_BACK_REFERRED);
    assert_int_equal(step_fixture_about(&f, SCH_EFFECT_CLOSE, 8)->instance.standing, SCH_STANDING_CLOSED);
    /* There was no end: the letter opens and answers E9. */
    assert_non_null(step_fixture_about(&f, SCH_EFFECT_OPEN, 9));
    assert_int_equal(step_fixture_about(&f, SCH_EFFECT_CLOSE, 9)->instance.standing, SCH_STANDING_CLOSED);
    assert_int_equal(step_fixture_owed(&f, 10)->member, SCH_MEMBER_CREDITOR);
    assert_int_equal(f.dossier.refusals, 1);
    assert_int_equal(f.dossier.closed_ms, 0);
    say(SCH_KIND_TAKEN_UP, SCH_PHASE_BACK_REFERRED);
    assert_int_equal(f.dossier.closed_ms, f.world.now_ms);
    /* Now it cannot be refused any more, and what comes is only kept. */
    refuse_back_referral(SCH_E_NOT_NOW);
    say(SCH_KIND_ACCEPTANCE, SCH_PHASE_BACK_REFERRED);
}

static void test_an_incomplete_back_referral_owes_the_letter(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_TREATMENT_END, SCH_PHASE_ENDED);
    step_fixture_message(&f, SCH_KIND_BACK_REFERRAL)->sections &= ~(uint32_t)SCH_SECTION_AFTERCARE;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_int_equal(f.dossier.phase, SCH_PHASE_BACK_REFERRED);
    assert_int_equal(step_fixture_owed(&f, 9)->standing, SCH_STANDING_INCOMPLETE);
    say(SCH_KIND_BACK_REFERRAL, SCH_PHASE_BACK_REFERRED);
    assert_null(step_fixture_owed(&f, 9));
}

static void test_back_referral_answers_the_early_promises(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_NO_SHOW, SCH_PHASE_INTAKE_PLANNED);
    say(SCH_KIND_BACK_REFERRAL, SCH_PHASE_BACK_REFERRED);
    for (unsigned number = 5; number <= 7; number += 2) {
        assert_int_equal(step_fixture_about(&f, SCH_EFFECT_CLOSE, number)->instance.standing,
                         SCH_STANDING_CLOSED);
    }
    begin();
    say(SCH_KIND_BACK_REFERRAL, SCH_PHASE_BACK_REFERRED);
    assert_int_equal(step_fixture_about(&f, SCH_EFFECT_CLOSE, 2)->instance.standing, SCH_STANDING_CLOSED);
    assert_int_equal(step_fixture_about(&f, SCH_EFFECT_CLOSE, 4)->instance.standing, SCH_STANDING_CLOSED);
}

static void test_back_referral_of_who_was_refused(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_REFUSAL, SCH_PHASE_REFUSED);
    struct sch_id by = f.last;
    say(SCH_KIND_BACK_REFERRAL, SCH_PHASE_BACK_REFERRED);
    assert_memory_equal(&step_fixture_owed(&f, 10)->opened_by, &by, sizeof by);
    assert_int_equal(f.dossier.refusals, 1);
    begin();
    say(SCH_KIND_REFUSAL, SCH_PHASE_REFUSED);
    say(SCH_KIND_TAKEN_UP, SCH_PHASE_REFUSED);
    say(SCH_KIND_BACK_REFERRAL, SCH_PHASE_REFUSED);
}

/* Of a patient who is elsewhere by now: the phase stays, and the letter is the one that was owed. */
static void test_a_letter_that_was_owed_still_answers(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_BACK_REFERRAL, SCH_PHASE_BACK_REFERRED);
    struct sch_id letter = f.last;
    say(SCH_KIND_ACCEPTANCE, SCH_PHASE_ACCEPTED);
    say(SCH_KIND_REFUSAL, SCH_PHASE_REFUSED);
    say(SCH_KIND_TAKEN_UP, SCH_PHASE_REFUSED);
    assert_int_equal(step_fixture_settle(&f, SCH_EVENT_COLLECT, letter, PRACTICE, SCH_SECTION_AFTERCARE), SCH_OK);
    assert_int_equal(step_fixture_owed(&f, 9)->standing, SCH_STANDING_INCOMPLETE);
    say(SCH_KIND_BACK_REFERRAL, SCH_PHASE_REFUSED);
    assert_null(step_fixture_owed(&f, 9));
}

static void test_back_referral_after_the_end_of_all(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_DISCHARGE_LETTER, SCH_PHASE_CLOSED);
    say(SCH_KIND_BACK_REFERRAL, SCH_PHASE_CLOSED);
    assert_null(step_fixture_owed(&f, 10));
}

static void test_a_practice_refuses_what_was_referred_back(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_TREATMENT_START, SCH_PHASE_IN_TREATMENT);
    say(SCH_KIND_BACK_REFERRAL, SCH_PHASE_BACK_REFERRED);
    step_fixture_wait(&f, 1);
    refuse_back_referral(SCH_OK);
    assert_int_equal(f.dossier.phase, SCH_PHASE_IN_TREATMENT);
    /* It goes to the receiver alone. */
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_DELIVER), 1);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_DELIVER, 0)->member, SCH_MEMBER_RECEIVER);
    assert_int_equal(step_fixture_about(&f, SCH_EFFECT_CLOSE, 10)->instance.standing, SCH_STANDING_CANCELLED);
    assert_int_equal(step_fixture_owed(&f, 8)->opened_ms, f.world.now_ms);
    assert_int_equal(f.dossier.refusals, 0);
    /* The back-referral's letter was about no end: the end that comes owes one of its own. */
    say(SCH_KIND_TREATMENT_END, SCH_PHASE_ENDED);
    assert_non_null(step_fixture_owed(&f, 9));
    say(SCH_KIND_DISCHARGE_LETTER, SCH_PHASE_CLOSED);
}

static void test_treatment_goes_on_and_owes_no_letter_of_an_end(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_TREATMENT_END, SCH_PHASE_ENDED);
    step_fixture_message(&f, SCH_KIND_BACK_REFERRAL)->sections = SCH_SECTION_DONE;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_non_null(step_fixture_owed(&f, 9));
    refuse_back_referral(SCH_OK);
    assert_int_equal(f.dossier.phase, SCH_PHASE_IN_TREATMENT);
    assert_null(step_fixture_owed(&f, 9));
}

static void test_taken_up_another_time(void **state)
{
    (void)state;
    begin();
    step_fixture_message(&f, SCH_KIND_INTAKE_REPORT)->fact[SCH_FACT_OUTCOME] = SCH_OUTCOME_OTHER_ECHELON;
    f.header.sections = SCH_SECTION_PLAN;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    say(SCH_KIND_TAKEN_UP, SCH_PHASE_ENDED);
    assert_true(f.dossier.taken_up);
    say(SCH_KIND_BACK_REFERRAL, SCH_PHASE_BACK_REFERRED);
    assert_false(f.dossier.taken_up);
    assert_non_null(step_fixture_owed(&f, 10));
    say(SCH_KIND_ACCEPTANCE, SCH_PHASE_ACCEPTED);
}

static void test_only_the_creditor_and_only_then(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_ACCEPTANCE, SCH_PHASE_ACCEPTED);
    (void)step_fixture_message_of(&f, SCH_KIND_REFUSAL, PRACTICE);
    f.header.receiver = f.party[S].address;
    f.header.copy_count = 0;
    assert_int_equal(step_fixture_send(&f), SCH_E_NOT_ALLOWED);
    say(SCH_KIND_BACK_REFERRAL, SCH_PHASE_BACK_REFERRED);
    say(SCH_KIND_REFUSAL, SCH_PHASE_BACK_REFERRED);
    assert_non_null(step_fixture_owed(&f, 10));
}

static void test_feedback_after_a_back_referral(void **state)
{
    (void)state;
    static const struct {
        enum sch_kind kind;
        enum sch_phase phase;
    } row[] = {
        { SCH_KIND_ACCEPTANCE, SCH_PHASE_ACCEPTED }, { SCH_KIND_APPOINTMENT, SCH_PHASE_INTAKE_PLANNED },
        { SCH_KIND_TREATMENT_START, SCH_PHASE_IN_TREATMENT },
        { SCH_KIND_PROGRESS_LETTER, SCH_PHASE_IN_TREATMENT },
        { SCH_KIND_INTAKE_REPORT, SCH_PHASE_BACK_REFERRED },
        { SCH_KIND_TREATMENT_END, SCH_PHASE_BACK_REFERRED },
        { SCH_KIND_DISCHARGE_LETTER, SCH_PHASE_BACK_REFERRED },
        { SCH_KIND_WAIT_STATUS, SCH_PHASE_BACK_REFERRED },
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        begin();
        say(SCH_KIND_TREATMENT_START, SCH_PHASE_IN_TREATMENT);
        say(SCH_KIND_BACK_REFERRAL, SCH_PHASE_BACK_REFERRED);
        say(row[i].kind, row[i].phase);
        assert_int_equal(step_fixture_owed(&f, 10) == NULL, row[i].phase != SCH_PHASE_BACK_REFERRED);
    }
}

static void test_a_second_intake_after_a_back_referral(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_INTAKE_REPORT, SCH_PHASE_INTAKE_DONE);
    say(SCH_KIND_BACK_REFERRAL, SCH_PHASE_BACK_REFERRED);
    say(SCH_KIND_APPOINTMENT, SCH_PHASE_INTAKE_PLANNED);
    assert_non_null(step_fixture_owed(&f, 6));
}

/* An appointment that is ahead goes with the refusal; an intake that was held was held. */
static void test_the_intake_of_who_was_refused(void **state)
{
    (void)state;
    begin();
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, 14), SCH_OK);
    say(SCH_KIND_REFUSAL, SCH_PHASE_REFUSED);
    say(SCH_KIND_ACCEPTANCE, SCH_PHASE_ACCEPTED);
    /* Fourteen weeks from the beginning, and no ten weeks from a day that was given up. */
    assert_int_equal(step_fixture_owed(&f, 7)->due_ms, step_fixture_end_of(20260608));
    begin();
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, 14), SCH_OK);
    step_fixture_live(&f, 15);
    assert_int_equal(f.dossier.phase, SCH_PHASE_INTAKE_PRESUMED);
    say(SCH_KIND_REFUSAL, SCH_PHASE_REFUSED);
    say(SCH_KIND_ACCEPTANCE, SCH_PHASE_ACCEPTED);
    assert_int_equal(step_fixture_owed(&f, 7)->due_ms, step_fixture_end_of(20260525));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_advised),
        cmocka_unit_test(test_not_after_the_intake),
        cmocka_unit_test(test_forwarded_and_the_child_came),
        cmocka_unit_test(test_forwarded_after_the_child),
        cmocka_unit_test(test_forwarded_by_a_child_in_error),
        cmocka_unit_test(test_referred_again_in_error),
        cmocka_unit_test(test_forwarded_and_nobody_came),
        cmocka_unit_test(test_one_refusal_more_than_can_be_counted),
        cmocka_unit_test(test_forwarded_but_the_practice_was_faster),
        cmocka_unit_test(test_a_child_of_a_treated_patient_moves_nothing),
        cmocka_unit_test(test_back_referral_from_treatment),
        cmocka_unit_test(test_an_incomplete_back_referral_owes_the_letter),
        cmocka_unit_test(test_back_referral_answers_the_early_promises),
        cmocka_unit_test(test_back_referral_of_who_was_refused),
        cmocka_unit_test(test_a_letter_that_was_owed_still_answers),
        cmocka_unit_test(test_back_referral_after_the_end_of_all),
        cmocka_unit_test(test_a_practice_refuses_what_was_referred_back),
        cmocka_unit_test(test_treatment_goes_on_and_owes_no_letter_of_an_end),
        cmocka_unit_test(test_taken_up_another_time),
        cmocka_unit_test(test_only_the_creditor_and_only_then),
        cmocka_unit_test(test_feedback_after_a_back_referral),
        cmocka_unit_test(test_a_second_intake_after_a_back_referral),
        cmocka_unit_test(test_the_intake_of_who_was_refused),
    };
    return cmocka_run_group_tests_name("step_refusal", tests, NULL, NULL);
}
