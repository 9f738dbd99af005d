/*
 * test_step_undo_twice.c: a CORRECTION among other messages that say the same, and two of them in either order: what is
 * owed afterwards is what would be, had the messages that were errors never been sent.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "step_fixture.h"

static struct step_fixture f;

static void begin(void)
{
    step_fixture_init(&f);
    step_fixture_open(&f, S);
}

static struct sch_id say(enum sch_kind kind)
{
    assert_int_equal(step_fixture_say(&f, kind), SCH_OK);
    return f.last;
}

static struct sch_id say_of(enum sch_kind kind, enum step_party sender)
{
    (void)step_fixture_message_of(&f, kind, sender);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    return f.last;
}

static struct sch_id say_incomplete(enum sch_kind kind, int64_t outcome)
{
    struct sch_header *header = step_fixture_message(&f, kind);
    header->sections = 0;
    if (outcome != 0) {
        header->fact[SCH_FACT_OUTCOME] = outcome;
    }
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    return f.last;
}

static void correct(struct sch_id subject, enum sch_kind kind, enum step_party sender)
{
    (void)step_fixture_correction(&f, subject, kind, sender);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
}

/* Exactly these are owed: a bit per number. */
#define E(n) (1u << (n))
static void expect_owed(unsigned numbers)
{
    for (unsigned number = 2; number < SCH_EXPECTATION_COUNT; number++) {
        if ((numbers & E(number)) != 0) {
            assert_non_null(step_fixture_owed(&f, number));
        } else {
            assert_null(step_fixture_owed(&f, number));
        }
    }
}

/* Two messages, both errors, taken back in either order: the referral is as it was. */
static void test_two_errors_in_either_order(void **state)
{
    (void)state;
    static const enum sch_kind pair[][2] = {
        { SCH_KIND_ACCEPTANCE, SCH_KIND_APPOINTMENT },
        { SCH_KIND_REFUSAL, SCH_KIND_ACCEPTANCE },
        { SCH_KIND_APPOINTMENT, SCH_KIND_INTAKE_REPORT },
        { SCH_KIND_TREATMENT_START, SCH_KIND_TREATMENT_END },
        { SCH_KIND_ACCEPTANCE, SCH_KIND_ACCEPTANCE },
    };
    for (size_t i = 0; i < 2 * sizeof pair / sizeof pair[0]; i++) {
        const enum sch_kind *kind = pair[i / 2];
        begin();
        struct sch_id id[2] = { say(kind[0]), say(kind[1]) };
        size_t first = i % 2;
        correct(id[first], kind[first], S);
        correct(id[1 - first], kind[1 - first], S);
        assert_int_equal(f.dossier.phase, SCH_PHASE_SENT);
        expect_owed(E(2) | E(4) | E(7));
    }
}

static void test_a_question_and_its_answer(void **state)
{
    (void)state;
    begin();
    struct sch_id question = say(SCH_KIND_INFORMATION_REQUEST);
    struct sch_id reply = say_of(SCH_KIND_INFORMATION_REPLY, PRACTICE);
    correct(question, SCH_KIND_INFORMATION_REQUEST, S);
    correct(reply, SCH_KIND_INFORMATION_REPLY, PRACTICE);
    /* Nobody is to answer what was never asked. */
    expect_owed(E(2) | E(4) | E(7));
}

/* Told twice, and one was an error: the patient did not come, and somebody has to say what happens next. */
static void test_a_no_show_told_twice(void **state)
{
    (void)state;
    for (int order = 0; order < 2; order++) {
        begin();
        struct sch_id no_show[2] = { say(SCH_KIND_NO_SHOW), say(SCH_KIND_NO_SHOW) };
        correct(no_show[order], SCH_KIND_NO_SHOW, S);
        expect_owed(E(5) | E(7));
        correct(no_show[1 - order], SCH_KIND_NO_SHOW, S);
        expect_owed(E(2) | E(4) | E(7));
    }
    /* What an appointment answered does not come back by the error of that. */
    begin();
    struct sch_id no_show = say(SCH_KIND_NO_SHOW), next = say(SCH_KIND_APPOINTMENT);
    correct(no_show, SCH_KIND_NO_SHOW, S);
    correct(next, SCH_KIND_APPOINTMENT, S);
    expect_owed(E(2) | E(4) | E(7));
    begin();
    no_show = say(SCH_KIND_NO_SHOW);
    next = say(SCH_KIND_APPOINTMENT);
    struct sch_id last = say(SCH_KIND_NO_SHOW);
    correct(no_show, SCH_KIND_NO_SHOW, S);
    correct(next, SCH_KIND_APPOINTMENT, S);
    correct(last, SCH_KIND_NO_SHOW, S);
    expect_owed(E(2) | E(4) | E(7));
    /* Nor what was told twice, and both times in error, of an appointment that stands. */
    begin();
    say(SCH_KIND_APPOINTMENT);
    no_show = say(SCH_KIND_NO_SHOW);
    last = say(SCH_KIND_NO_SHOW);
    correct(no_show, SCH_KIND_NO_SHOW, S);
    expect_owed(E(5) | E(7));
    correct(last, SCH_KIND_NO_SHOW, S);
    expect_owed(E(6) | E(7));
}

/* No appointment stands, only the no-show of one of which nobody told. */
static void test_an_appointment_told_twice_after_a_no_show(void **state)
{
    (void)state;
    for (int order = 0; order < 2; order++) {
        begin();
        say(SCH_KIND_NO_SHOW);
        struct sch_id next[2] = { say(SCH_KIND_APPOINTMENT), say(SCH_KIND_APPOINTMENT) };
        correct(next[order], SCH_KIND_APPOINTMENT, S);
        expect_owed(E(6) | E(7));
        correct(next[1 - order], SCH_KIND_APPOINTMENT, S);
        expect_owed(E(5) | E(7));
    }
}

static void test_a_no_show_and_the_appointment_after_it(void **state)
{
    (void)state;
    for (int order = 0; order < 2; order++) {
        begin();
        say(SCH_KIND_APPOINTMENT);
        struct sch_id no_show = say(SCH_KIND_NO_SHOW);
        struct sch_id next = say(SCH_KIND_APPOINTMENT);
        correct(order == 0 ? no_show : next, order == 0 ? SCH_KIND_NO_SHOW : SCH_KIND_APPOINTMENT, S);
        correct(order == 0 ? next : no_show, order == 0 ? SCH_KIND_APPOINTMENT : SCH_KIND_NO_SHOW, S);
        assert_int_equal(f.dossier.phase, SCH_PHASE_INTAKE_PLANNED);
        expect_owed(E(6) | E(7));
    }
}

static void test_a_letter_that_showed_treatment(void **state)
{
    (void)state;
    begin();
    struct sch_id letter = say(SCH_KIND_PROGRESS_LETTER);
    say(SCH_KIND_TREATMENT_START);
    correct(letter, SCH_KIND_PROGRESS_LETTER, S);
    assert_int_equal(f.dossier.phase, SCH_PHASE_IN_TREATMENT);
    assert_non_null(step_fixture_owed(&f, 8));
}

static void test_a_letter_that_lacked_something(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_TREATMENT_START);
    struct sch_id letter = say_incomplete(SCH_KIND_DISCHARGE_LETTER, 0);
    say(SCH_KIND_TREATMENT_END);
    correct(letter, SCH_KIND_DISCHARGE_LETTER, S);
    assert_int_equal(f.dossier.phase, SCH_PHASE_ENDED);
    expect_owed(E(9));
}

/* Without treatment no letter is owed at its end, and taking the end back owes none. */
static void test_an_end_without_treatment(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_APPOINTMENT);
    (void)say_incomplete(SCH_KIND_INTAKE_REPORT, SCH_OUTCOME_NO_TREATMENT);
    struct sch_id end = say(SCH_KIND_TREATMENT_END);
    correct(end, SCH_KIND_TREATMENT_END, S);
    assert_null(step_fixture_owed(&f, 9));
}

static void test_a_back_referral_that_was_refused(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_TREATMENT_START);
    say(SCH_KIND_BACK_REFERRAL);
    struct sch_id refusal = say_of(SCH_KIND_REFUSAL, PRACTICE);
    say(SCH_KIND_TREATMENT_START);
    correct(refusal, SCH_KIND_REFUSAL, PRACTICE);
    assert_int_equal(f.dossier.phase, SCH_PHASE_IN_TREATMENT);
    assert_non_null(step_fixture_owed(&f, 8));
}

static void test_care_without_a_referral_goes_on(void **state)
{
    (void)state;
    step_fixture_init(&f);
    (void)step_fixture_opening(&f, SCH_KIND_CARE_NOTICE, S, PRACTICE);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    (void)say_of(SCH_KIND_BACK_REFERRAL, S);
    struct sch_id acceptance = say_of(SCH_KIND_ACCEPTANCE, S);
    (void)say_of(SCH_KIND_TREATMENT_START, S);
    assert_non_null(step_fixture_owed(&f, 15));
    correct(acceptance, SCH_KIND_ACCEPTANCE, S);
    assert_non_null(step_fixture_owed(&f, 15));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_errors_in_either_order),
        cmocka_unit_test(test_a_question_and_its_answer),
        cmocka_unit_test(test_a_no_show_told_twice),
        cmocka_unit_test(test_an_appointment_told_twice_after_a_no_show),
        cmocka_unit_test(test_a_no_show_and_the_appointment_after_it),
        cmocka_unit_test(test_a_letter_that_showed_treatment),
        cmocka_unit_test(test_a_letter_that_lacked_something),
        cmocka_unit_test(test_an_end_without_treatment),
        cmocka_unit_test(test_a_back_referral_that_was_refused),
        cmocka_unit_test(test_care_without_a_referral_goes_on),
    };
    return cmocka_run_group_tests_name("step_undo_twice", tests, NULL, NULL);
}
