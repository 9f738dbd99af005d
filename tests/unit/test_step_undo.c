/* test_step_undo.c: what a CORRECTION must not bring back: promises that the dossier, as it is now, does not owe. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/calendar.h"
#include "step_fixture.h"

static struct step_fixture f;

static void begin(enum step_party to)
{
    step_fixture_init(&f);
    step_fixture_open(&f, to);
}

static struct sch_id say(enum sch_kind kind)
{
    assert_int_equal(step_fixture_say(&f, kind), SCH_OK);
    return f.last;
}

static void correct(struct sch_id subject, enum sch_kind kind, enum step_party sender, enum sch_phase phase)
{
    (void)step_fixture_correction(&f, subject, kind, sender);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_int_equal(f.dossier.phase, phase);
}

/* The dossier as it stands without the subject does not owe this, and has not even for a moment. */
static void expect_not_owed(unsigned number)
{
    assert_null(step_fixture_owed(&f, number));
    assert_null(step_fixture_about(&f, SCH_EFFECT_REOPEN, number));
}

static void test_an_end_owes_nothing_that_it_cancels(void **state)
{
    (void)state;
    begin(S);
    struct sch_id appointment = say(SCH_KIND_APPOINTMENT);
    say(SCH_KIND_REFUSAL);
    correct(appointment, SCH_KIND_APPOINTMENT, S, SCH_PHASE_REFUSED);
    expect_not_owed(4);
    expect_not_owed(2);
    assert_non_null(step_fixture_owed(&f, 10));
}

/* What was said twice is still proven when one of the two was an error. */
static void test_what_was_said_twice(void **state)
{
    (void)state;
    static const struct {
        enum step_party to;
        enum sch_kind kind;
        enum sch_phase phase;
        unsigned answered;
    } row[] = {
        { S, SCH_KIND_ACCEPTANCE, SCH_PHASE_ACCEPTED, 2 },
        { CRISIS, SCH_KIND_ACCEPTANCE, SCH_PHASE_ACCEPTED, 3 },
        { S, SCH_KIND_APPOINTMENT, SCH_PHASE_INTAKE_PLANNED, 4 },
        { S, SCH_KIND_TREATMENT_START, SCH_PHASE_IN_TREATMENT, 7 },
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        begin(row[i].to);
        assert_non_null(step_fixture_owed(&f, row[i].answered));
        struct sch_id first = say(row[i].kind);
        say(row[i].kind);
        correct(first, row[i].kind, row[i].to, row[i].phase);
        expect_not_owed(row[i].answered);
    }
}

static void test_an_intake_that_was_held_after_a_no_show(void **state)
{
    (void)state;
    begin(S);
    say(SCH_KIND_NO_SHOW);
    struct sch_id appointment = say(SCH_KIND_APPOINTMENT);
    say(SCH_KIND_INTAKE_REPORT);
    correct(appointment, SCH_KIND_APPOINTMENT, S, SCH_PHASE_INTAKE_DONE);
    expect_not_owed(5);
}

static void test_a_treatment_that_ended_twice(void **state)
{
    (void)state;
    begin(S);
    say(SCH_KIND_TREATMENT_START);
    struct sch_id end = say(SCH_KIND_TREATMENT_END);
    struct sch_id letter = say(SCH_KIND_DISCHARGE_LETTER);
    correct(end, SCH_KIND_TREATMENT_END, S, SCH_PHASE_CLOSED);
    expect_not_owed(8);
    /* Without the letter there is no end, and no letter about it. */
    correct(letter, SCH_KIND_DISCHARGE_LETTER, S, SCH_PHASE_IN_TREATMENT);
    expect_not_owed(9);
}

static void test_nobody_was_sent_away(void **state)
{
    (void)state;
    begin(S);
    step_fixture_message(&f, SCH_KIND_INTAKE_REPORT)->fact[SCH_FACT_OUTCOME] = SCH_OUTCOME_NO_TREATMENT;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    struct sch_id report = f.last;
    struct sch_id taken = say(SCH_KIND_TAKEN_UP);
    correct(report, SCH_KIND_INTAKE_REPORT, S, SCH_PHASE_SENT);
    correct(taken, SCH_KIND_TAKEN_UP, PRACTICE, SCH_PHASE_SENT);
    expect_not_owed(10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_end_owes_nothing_that_it_cancels),
        cmocka_unit_test(test_what_was_said_twice),
        cmocka_unit_test(test_an_intake_that_was_held_after_a_no_show),
        cmocka_unit_test(test_a_treatment_that_ended_twice),
        cmocka_unit_test(test_nobody_was_sent_away),
    };
    return cmocka_run_group_tests_name("step_undo", tests, NULL, NULL);
}
