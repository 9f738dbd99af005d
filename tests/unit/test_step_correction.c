/* test_step_correction.c: a message that was sent in error, and what is taken back of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/calendar.h"
#include "core/delivery.h"
#include "step_fixture.h"

static struct step_fixture f;

static void begin(void)
{
    step_fixture_init(&f);
    step_fixture_open(&f, S);
}

/* Says a kind; the id of it. */
static struct sch_id say(enum sch_kind kind, enum sch_phase phase)
{
    assert_int_equal(step_fixture_say(&f, kind), SCH_OK);
    assert_int_equal(f.dossier.phase, phase);
    return f.last;
}

static void correct(struct sch_id subject, enum sch_kind kind, enum step_party sender, enum sch_phase phase)
{
    (void)step_fixture_correction(&f, subject, kind, sender);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_int_equal(f.dossier.phase, phase);
}

static void refuse_correction(struct sch_id subject, enum sch_kind kind, enum step_party sender, int code)
{
    struct sch_dossier before = f.dossier;
    (void)step_fixture_correction(&f, subject, kind, sender);
    assert_int_equal(step_fixture_send(&f), code);
    assert_memory_equal(&f.dossier, &before, sizeof before);
}

static void test_a_refusal_taken_back(void **state)
{
    (void)state;
    begin();
    int64_t e2_due_ms = step_fixture_owed(&f, 2)->due_ms, e7_due_ms = step_fixture_owed(&f, 7)->due_ms;
    struct sch_id refusal = say(SCH_KIND_REFUSAL, SCH_PHASE_REFUSED);
    step_fixture_wait(&f, 2);
    correct(refusal, SCH_KIND_REFUSAL, S, SCH_PHASE_SENT);
    assert_int_equal(step_fixture_owed(&f, 2)->due_ms, e2_due_ms);
    assert_int_equal(step_fixture_owed(&f, 2)->standing, SCH_STANDING_OPEN);
    assert_int_equal(step_fixture_owed(&f, 7)->due_ms, e7_due_ms);
    assert_int_equal(step_fixture_about(&f, SCH_EFFECT_REOPEN, 4)->before.standing, SCH_STANDING_CANCELLED);
    assert_null(step_fixture_owed(&f, 10));
    assert_int_equal(step_fixture_about(&f, SCH_EFFECT_CLOSE, 10)->instance.standing, SCH_STANDING_CANCELLED);
    assert_int_equal(f.dossier.refusals, 0);
    /* Nobody had collected it: it is taken out of the mailboxes, and its E1 is nobody's any more. */
    assert_false(sch_delivery_pending(&f.dossier, &refusal));
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_REMOVE, 0)->state, SCH_DELIVERY_WITHDRAWN);
    assert_memory_equal(&step_fixture_effect(&f, SCH_EFFECT_DESTROY, 0)->message, &refusal, sizeof refusal);
    /* The same people hear of it. */
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_DELIVER), 2);
}

static void test_a_letter_taken_back(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_TREATMENT_END, SCH_PHASE_ENDED);
    int64_t due_ms = step_fixture_owed(&f, 9)->due_ms;
    step_fixture_live(&f, 15);
    assert_int_equal(step_fixture_owed(&f, 9)->step, SCH_STEP_OVERDUE);
    struct sch_id letter = say(SCH_KIND_DISCHARGE_LETTER, SCH_PHASE_CLOSED);
    correct(letter, SCH_KIND_DISCHARGE_LETTER, S, SCH_PHASE_ENDED);
    assert_int_equal(step_fixture_owed(&f, 9)->due_ms, due_ms);
    assert_false(step_fixture_owed(&f, 9)->incomplete);
    /* What was alerted is not alerted again. */
    assert_int_equal(step_fixture_owed(&f, 9)->step, SCH_STEP_OVERDUE);
    assert_int_equal(step_fixture_due(&f), SCH_OK);
    assert_null(step_fixture_about(&f, SCH_EFFECT_ALERT, 9));
    say(SCH_KIND_DISCHARGE_LETTER, SCH_PHASE_CLOSED);
}

/* An appointment beyond the norm is late; taken back it leaves nothing of that. */
static void test_a_late_appointment_taken_back(void **state)
{
    (void)state;
    begin();
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, 60), SCH_OK);
    assert_true(step_fixture_about(&f, SCH_EFFECT_CLOSE, 4)->instance.beyond);
    correct(f.last, SCH_KIND_APPOINTMENT, S, SCH_PHASE_SENT);
    say(SCH_KIND_INTAKE_REPORT, SCH_PHASE_INTAKE_DONE);
    assert_false(sch_instance_is_late(&step_fixture_about(&f, SCH_EFFECT_CLOSE, 4)->instance));
}

static void test_what_opened_and_answered_itself_was_never_owed(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_ACCEPTANCE, SCH_PHASE_ACCEPTED);
    struct sch_id letter = say(SCH_KIND_DISCHARGE_LETTER, SCH_PHASE_CLOSED);
    correct(letter, SCH_KIND_DISCHARGE_LETTER, S, SCH_PHASE_ACCEPTED);
    assert_non_null(step_fixture_about(&f, SCH_EFFECT_REOPEN, 9));
    assert_int_equal(step_fixture_about(&f, SCH_EFFECT_CLOSE, 9)->instance.standing, SCH_STANDING_CANCELLED);
    assert_null(step_fixture_owed(&f, 9));
    assert_non_null(step_fixture_owed(&f, 4));
    assert_non_null(step_fixture_owed(&f, 7));
}

static void test_what_is_still_proven_is_not_owed_again(void **state)
{
    (void)state;
    begin();
    struct sch_id acceptance = say(SCH_KIND_ACCEPTANCE, SCH_PHASE_ACCEPTED);
    struct sch_id start = say(SCH_KIND_TREATMENT_START, SCH_PHASE_IN_TREATMENT);
    correct(acceptance, SCH_KIND_ACCEPTANCE, S, SCH_PHASE_IN_TREATMENT);
    assert_null(step_fixture_owed(&f, 2));
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_REOPEN), 0);
    correct(start, SCH_KIND_TREATMENT_START, S, SCH_PHASE_SENT);
    assert_null(step_fixture_owed(&f, 8));
    assert_non_null(step_fixture_owed(&f, 4));
    assert_non_null(step_fixture_owed(&f, 7));
}

static void test_a_no_show_taken_back(void **state)
{
    (void)state;
    begin();
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, 3), SCH_OK);
    int64_t due_ms = step_fixture_owed(&f, 6)->due_ms;
    int32_t intake_day = f.dossier.intake_day;
    struct sch_id no_show = say(SCH_KIND_NO_SHOW, SCH_PHASE_INTAKE_PLANNED);
    assert_null(step_fixture_owed(&f, 6));
    correct(no_show, SCH_KIND_NO_SHOW, S, SCH_PHASE_INTAKE_PLANNED);
    assert_null(step_fixture_owed(&f, 5));
    assert_int_equal(step_fixture_owed(&f, 6)->due_ms, due_ms);
    assert_int_equal(f.dossier.intake_day, intake_day);
    step_fixture_live(&f, 4);
    assert_int_equal(f.dossier.phase, SCH_PHASE_INTAKE_PRESUMED);
}

static void test_an_appointment_taken_back(void **state)
{
    (void)state;
    begin();
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, 3), SCH_OK);
    struct sch_id first = f.last;
    correct(first, SCH_KIND_APPOINTMENT, S, SCH_PHASE_SENT);
    assert_null(step_fixture_owed(&f, 6));
    assert_int_equal(f.dossier.intake_day, 0);
    assert_non_null(step_fixture_owed(&f, 4));
    /* A later one has taken the promise over. */
    begin();
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, 3), SCH_OK);
    first = f.last;
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, 9), SCH_OK);
    correct(first, SCH_KIND_APPOINTMENT, S, SCH_PHASE_INTAKE_PLANNED);
    assert_int_equal(step_fixture_owed(&f, 6)->due_ms, step_fixture_end_of(20260325));
    /* A presumed intake stays presumed when something else is taken back. */
    begin();
    struct sch_id acceptance = say(SCH_KIND_ACCEPTANCE, SCH_PHASE_ACCEPTED);
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, 0), SCH_OK);
    step_fixture_live(&f, 1);
    correct(acceptance, SCH_KIND_ACCEPTANCE, S, SCH_PHASE_INTAKE_PRESUMED);
}

static void test_acts_taken_back(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_REFUSAL, SCH_PHASE_REFUSED);
    struct sch_id taken = say(SCH_KIND_TAKEN_UP, SCH_PHASE_REFUSED);
    correct(taken, SCH_KIND_TAKEN_UP, PRACTICE, SCH_PHASE_REFUSED);
    assert_non_null(step_fixture_owed(&f, 10));
    assert_false(f.dossier.taken_up);
    say(SCH_KIND_ACCEPTANCE, SCH_PHASE_ACCEPTED);
    step_fixture_message(&f, SCH_KIND_WAIVER)->fact[SCH_FACT_EXPECTATION] = 7;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    struct sch_id waiver = f.last;
    assert_null(step_fixture_owed(&f, 7));
    correct(waiver, SCH_KIND_WAIVER, PRACTICE, SCH_PHASE_ACCEPTED);
    assert_int_equal(step_fixture_about(&f, SCH_EFFECT_REOPEN, 7)->before.standing, SCH_STANDING_WAIVED);
    assert_non_null(step_fixture_owed(&f, 7));
    /* A WAIVER goes to the ledger, and so does its correction. */
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_DELIVER), 0);
}

static void test_what_took_a_refusal_back_was_an_error(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_REFUSAL, SCH_PHASE_REFUSED);
    struct sch_id acceptance = say(SCH_KIND_ACCEPTANCE, SCH_PHASE_ACCEPTED);
    correct(acceptance, SCH_KIND_ACCEPTANCE, S, SCH_PHASE_REFUSED);
    assert_non_null(step_fixture_owed(&f, 10));
    assert_null(step_fixture_owed(&f, 4));
    assert_null(step_fixture_owed(&f, 7));
    assert_int_equal(f.dossier.refusals, 1);
}

static void test_a_withdrawal_taken_back(void **state)
{
    (void)state;
    begin();
    struct sch_id withdrawal = say(SCH_KIND_WITHDRAWAL, SCH_PHASE_WITHDRAWN);
    /* The letter is destroyed and nobody had it. */
    refuse_correction(withdrawal, SCH_KIND_WITHDRAWAL, PRACTICE, SCH_E_NOT_NOW);
    begin();
    assert_int_equal(step_fixture_collect(&f, f.referral, S), SCH_OK);
    withdrawal = say(SCH_KIND_WITHDRAWAL, SCH_PHASE_WITHDRAWN);
    correct(withdrawal, SCH_KIND_WITHDRAWAL, PRACTICE, SCH_PHASE_SENT);
    assert_non_null(step_fixture_owed(&f, 2));
    assert_non_null(step_fixture_owed(&f, 4));
}

static void test_a_redirection_taken_back(void **state)
{
    (void)state;
    begin();
    struct sch_id redirection = step_fixture_redirect(&f, SCH_MODE_FORWARDED);
    correct(redirection, SCH_KIND_REDIRECTION, S, SCH_PHASE_SENT);
    assert_int_equal(f.dossier.forward_by_ms, 0);
    assert_non_null(step_fixture_owed(&f, 2));
    assert_int_equal(f.dossier.refusals, 0);
}

static void test_letters_of_the_year_taken_back(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_TREATMENT_START, SCH_PHASE_IN_TREATMENT);
    int64_t due_ms = step_fixture_owed(&f, 8)->due_ms;
    step_fixture_wait(&f, 100);
    struct sch_id letter = say(SCH_KIND_PROGRESS_LETTER, SCH_PHASE_IN_TREATMENT);
    assert_int_equal(step_fixture_owed(&f, 8)->due_ms, due_ms + 100 * STEP_FIXTURE_DAY_MS - 3600000);
    correct(letter, SCH_KIND_PROGRESS_LETTER, S, SCH_PHASE_IN_TREATMENT);
    assert_int_equal(step_fixture_owed(&f, 8)->due_ms, due_ms);
    struct sch_id report = say(SCH_KIND_INTAKE_REPORT, SCH_PHASE_IN_TREATMENT);
    assert_int_not_equal(step_fixture_owed(&f, 8)->due_ms, due_ms);
    correct(report, SCH_KIND_INTAKE_REPORT, S, SCH_PHASE_IN_TREATMENT);
    assert_int_equal(step_fixture_owed(&f, 8)->due_ms, due_ms);
}

static void test_a_question_taken_back(void **state)
{
    (void)state;
    begin();
    int64_t due_ms = step_fixture_owed(&f, 2)->due_ms;
    struct sch_id question = say(SCH_KIND_INFORMATION_REQUEST, SCH_PHASE_SENT);
    assert_null(step_fixture_owed(&f, 2));
    correct(question, SCH_KIND_INFORMATION_REQUEST, S, SCH_PHASE_SENT);
    assert_null(step_fixture_owed(&f, 11));
    assert_int_equal(step_fixture_owed(&f, 2)->due_ms, due_ms);
    assert_int_equal(f.dossier.asked_count, 0);
}

static void test_a_referral_in_error(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_INFORMATION_REQUEST, SCH_PHASE_SENT);
    say(SCH_KIND_ACCEPTANCE, SCH_PHASE_ACCEPTED);
    correct(f.referral, SCH_KIND_REFERRAL, PRACTICE, SCH_PHASE_ENTERED_IN_ERROR);
    for (unsigned number = 2; number < SCH_EXPECTATION_COUNT; number++) {
        assert_int_equal(step_fixture_owed(&f, number) != NULL, number == 11);
    }
    assert_false(sch_delivery_pending(&f.dossier, &f.referral));
    assert_int_equal(f.dossier.closed_ms, f.world.now_ms);
    /* Feedback that crosses is kept; the question may be answered; nothing else is possible. */
    say(SCH_KIND_TREATMENT_START, SCH_PHASE_ENTERED_IN_ERROR);
    say(SCH_KIND_NOTE, SCH_PHASE_ENTERED_IN_ERROR);
    assert_int_equal(step_fixture_say(&f, SCH_KIND_WITHDRAWAL), SCH_E_NOT_NOW);
    (void)step_fixture_message_of(&f, SCH_KIND_INFORMATION_REPLY, PRACTICE);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_null(step_fixture_owed(&f, 11));
    assert_null(step_fixture_owed(&f, 2));
    assert_int_equal(f.dossier.closed_ms, f.world.now_ms);
}

static void test_what_may_be_corrected(void **state)
{
    (void)state;
    begin();
    struct sch_id acceptance = say(SCH_KIND_ACCEPTANCE, SCH_PHASE_ACCEPTED);
    refuse_correction(acceptance, SCH_KIND_CORRECTION, S, SCH_E_FIELD_INVALID);
    (void)step_fixture_correction(&f, acceptance, SCH_KIND_ACCEPTANCE, S);
    f.subject.dossier = acceptance;
    assert_int_equal(step_fixture_send(&f), SCH_E_FIELD_INVALID);
    assert_string_equal(f.effects.effect[0].field, "header.subject");
    (void)step_fixture_correction(&f, acceptance, SCH_KIND_ACCEPTANCE, S);
    f.subject.known = false;
    assert_int_equal(step_fixture_send(&f), SCH_E_FIELD_INVALID);
    (void)step_fixture_correction(&f, acceptance, SCH_KIND_ACCEPTANCE, S);
    f.subject.sender = f.party[PRACTICE].address;
    assert_int_equal(step_fixture_send(&f), SCH_E_FIELD_INVALID);
    /* The recipients are those of what is corrected. */
    (void)step_fixture_correction(&f, acceptance, SCH_KIND_ACCEPTANCE, S);
    f.header.copy_count = 0;
    assert_int_equal(step_fixture_send(&f), SCH_E_RECIPIENTS);
}

static void correct_wrong_party(struct sch_id subject, bool collected)
{
    step_fixture_correction(&f, subject, SCH_KIND_ACCEPTANCE, S)->fact[SCH_FACT_WRONG_PARTY] = SCH_YES_YES;
    f.subject.collected = collected;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
}

static void test_a_wrong_party(void **state)
{
    (void)state;
    begin();
    struct sch_id acceptance = say(SCH_KIND_ACCEPTANCE, SCH_PHASE_ACCEPTED);
    correct_wrong_party(acceptance, false);
    assert_false(f.dossier.breach);
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_BREACH), 0);
    acceptance = say(SCH_KIND_ACCEPTANCE, SCH_PHASE_ACCEPTED);
    assert_int_equal(step_fixture_collect(&f, acceptance, POH), SCH_OK);
    correct_wrong_party(acceptance, true);
    assert_true(f.dossier.breach);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_BREACH, 0)->member, SCH_MEMBER_COPY);
    assert_memory_equal(&step_fixture_effect(&f, SCH_EFFECT_BREACH, 0)->message, &acceptance, SCH_ID_SIZE);
    begin();
    acceptance = say(SCH_KIND_ACCEPTANCE, SCH_PHASE_ACCEPTED);
    assert_int_equal(step_fixture_collect(&f, acceptance, POH), SCH_OK);
    assert_int_equal(step_fixture_settle(&f, SCH_EVENT_REFUSE, acceptance, PRACTICE, 0), SCH_OK);
    correct_wrong_party(acceptance, true);
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_BREACH), 1);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_BREACH, 0)->member, SCH_MEMBER_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_refusal_taken_back),
        cmocka_unit_test(test_a_letter_taken_back),
        cmocka_unit_test(test_a_late_appointment_taken_back),
        cmocka_unit_test(test_what_opened_and_answered_itself_was_never_owed),
        cmocka_unit_test(test_what_is_still_proven_is_not_owed_again),
        cmocka_unit_test(test_a_no_show_taken_back),
        cmocka_unit_test(test_an_appointment_taken_back),
        cmocka_unit_test(test_acts_taken_back),
        cmocka_unit_test(test_what_took_a_refusal_back_was_an_error),
        cmocka_unit_test(test_a_withdrawal_taken_back),
        cmocka_unit_test(test_a_redirection_taken_back),
        cmocka_unit_test(test_letters_of_the_year_taken_back),
        cmocka_unit_test(test_a_question_taken_back),
        cmocka_unit_test(test_a_referral_in_error),
        cmocka_unit_test(test_what_may_be_corrected),
        cmocka_unit_test(test_a_wrong_party),
    };
    return cmocka_run_group_tests_name("step_correction", tests, NULL, NULL);
}
