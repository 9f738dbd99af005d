/* test_step_undo.c: what a CORRECTION brings back, and what the dossier, as it is then, does not owe. */
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

/* What the first of two opened is owed as long as one of them stands, and no longer. */
static void test_what_two_messages_open(void **state)
{
    (void)state;
    static const struct {
        enum step_party to;
        enum sch_kind kind;
        unsigned owed;
        enum sch_phase both, none;
    } row[] = {
        { S, SCH_KIND_APPOINTMENT, 6, SCH_PHASE_INTAKE_PLANNED, SCH_PHASE_SENT },
        { S, SCH_KIND_TREATMENT_START, 8, SCH_PHASE_IN_TREATMENT, SCH_PHASE_SENT },
        { S, SCH_KIND_TREATMENT_END, 9, SCH_PHASE_ENDED, SCH_PHASE_SENT },
        { WIJKTEAM, SCH_KIND_ACCEPTANCE, 12, SCH_PHASE_ACCEPTED, SCH_PHASE_SENT },
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        begin(row[i].to);
        struct sch_id first = say(row[i].kind);
        int64_t due_ms = step_fixture_owed(&f, row[i].owed)->due_ms;
        struct sch_id second = say(row[i].kind);
        correct(first, row[i].kind, row[i].to, row[i].both);
        assert_non_null(step_fixture_owed(&f, row[i].owed));
        assert_int_equal(step_fixture_owed(&f, row[i].owed)->due_ms, due_ms);
        correct(second, row[i].kind, row[i].to, row[i].none);
        expect_not_owed(row[i].owed);
    }
}

/* Taken after all: the appointment shows it, though the acceptance before it was an error. */
static void test_care_goes_on_without_the_acceptance(void **state)
{
    (void)state;
    begin(S);
    say(SCH_KIND_REFUSAL);
    struct sch_id acceptance = say(SCH_KIND_ACCEPTANCE);
    struct sch_id appointment = say(SCH_KIND_APPOINTMENT);
    correct(acceptance, SCH_KIND_ACCEPTANCE, S, SCH_PHASE_INTAKE_PLANNED);
    assert_non_null(step_fixture_owed(&f, 7));
    assert_null(step_fixture_owed(&f, 4));
    correct(appointment, SCH_KIND_APPOINTMENT, S, SCH_PHASE_REFUSED);
    expect_not_owed(7);
    expect_not_owed(4);
    assert_non_null(step_fixture_owed(&f, 10));
}

/* Treatment is proven without the letter; the year that the letter began is not. */
static void test_a_letter_owes_its_own_year(void **state)
{
    (void)state;
    begin(S);
    say(SCH_KIND_TREATMENT_START);
    int64_t due_ms = step_fixture_owed(&f, 8)->due_ms;
    step_fixture_wait(&f, 30);
    struct sch_id letter = say(SCH_KIND_PROGRESS_LETTER);
    assert_true(step_fixture_owed(&f, 8)->due_ms > due_ms);
    correct(letter, SCH_KIND_PROGRESS_LETTER, S, SCH_PHASE_IN_TREATMENT);
    assert_int_equal(step_fixture_owed(&f, 8)->due_ms, due_ms);
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

/* He was sent back after the refusal that was an error: somebody has to see to him still. */
static void test_sent_back_all_the_same(void **state)
{
    (void)state;
    begin(S);
    struct sch_id refusal = say(SCH_KIND_REFUSAL);
    struct sch_id back = say(SCH_KIND_BACK_REFERRAL);
    correct(refusal, SCH_KIND_REFUSAL, S, SCH_PHASE_BACK_REFERRED);
    assert_int_equal(step_fixture_owed(&f, 10)->member, SCH_MEMBER_CREDITOR);
    /* If that was an error too nobody was sent anywhere. */
    correct(back, SCH_KIND_BACK_REFERRAL, S, SCH_PHASE_SENT);
    assert_null(step_fixture_owed(&f, 10));
    /* Once the practice has taken him up, it has. */
    begin(S);
    refusal = say(SCH_KIND_REFUSAL);
    struct sch_id question = say(SCH_KIND_INFORMATION_REQUEST);
    say(SCH_KIND_TAKEN_UP);
    correct(question, SCH_KIND_INFORMATION_REQUEST, S, SCH_PHASE_REFUSED);
    expect_not_owed(10);
    assert_null(step_fixture_about(&f, SCH_EFFECT_OPEN, 10));
}

/* The acceptance was an error, and so was the refusal before it: nobody was sent away. */
static void test_two_errors(void **state)
{
    (void)state;
    begin(S);
    struct sch_id refusal = say(SCH_KIND_REFUSAL);
    struct sch_id acceptance = say(SCH_KIND_ACCEPTANCE);
    correct(acceptance, SCH_KIND_ACCEPTANCE, S, SCH_PHASE_REFUSED);
    assert_non_null(step_fixture_owed(&f, 10));
    correct(refusal, SCH_KIND_REFUSAL, S, SCH_PHASE_SENT);
    assert_null(step_fixture_owed(&f, 10));
}

/* A report that nobody waited for opened its own promise, and answered it. */
static void test_a_report_out_of_the_blue(void **state)
{
    (void)state;
    begin(S);
    struct sch_id report = say(SCH_KIND_INTAKE_REPORT);
    correct(report, SCH_KIND_INTAKE_REPORT, S, SCH_PHASE_SENT);
    assert_null(step_fixture_owed(&f, 6));
    assert_non_null(step_fixture_owed(&f, 2));
}

/* While a child is awaited nobody else has to do anything, whatever else was an error. */
static void test_a_child_is_awaited_still(void **state)
{
    (void)state;
    begin(S);
    struct sch_id question = say(SCH_KIND_INFORMATION_REQUEST);
    (void)step_fixture_redirect(&f, SCH_MODE_FORWARDED);
    int64_t forward_by_ms = f.dossier.forward_by_ms;
    correct(question, SCH_KIND_INFORMATION_REQUEST, S, SCH_PHASE_REDIRECTED);
    assert_null(step_fixture_owed(&f, 10));
    assert_int_equal(f.dossier.forward_by_ms, forward_by_ms);
}

/* The referrer had to see to what was undelivered; that a team took it after all was an error. */
static void test_undelivered_all_the_same(void **state)
{
    (void)state;
    step_fixture_init(&f);
    step_fixture_referral(&f, HUISARTSENPOST, S)->creditor = f.party[PRACTICE].address;
    step_fixture_copy(&f, PRACTICE);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_int_equal(step_fixture_settle(&f, SCH_EVENT_REFUSE, f.last, S, 0), SCH_OK);
    struct sch_id acceptance = say(SCH_KIND_ACCEPTANCE);
    correct(acceptance, SCH_KIND_ACCEPTANCE, S, SCH_PHASE_UNDELIVERED);
    assert_int_equal(step_fixture_owed(&f, 10)->member, SCH_MEMBER_REFERRER);
}

static void test_taken_up_in_error_after_an_end(void **state)
{
    (void)state;
    begin(S);
    step_fixture_message(&f, SCH_KIND_INTAKE_REPORT)->fact[SCH_FACT_OUTCOME] = SCH_OUTCOME_NO_TREATMENT;
    f.header.sections = SCH_SECTION_PLAN;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    struct sch_id report = f.last;
    struct sch_id taken = say(SCH_KIND_TAKEN_UP);
    struct sch_id question = say(SCH_KIND_INFORMATION_REQUEST);
    correct(question, SCH_KIND_INFORMATION_REQUEST, S, SCH_PHASE_ENDED);
    assert_true(f.dossier.taken_up);
    correct(taken, SCH_KIND_TAKEN_UP, PRACTICE, SCH_PHASE_ENDED);
    assert_non_null(step_fixture_owed(&f, 10));
    correct(report, SCH_KIND_INTAKE_REPORT, S, SCH_PHASE_SENT);
    assert_null(step_fixture_owed(&f, 10));
}

/* The end was an error, the appointment before it was not: E7 counts from its day again. And an end of which
 * nothing is owed closes, also when that comes by a CORRECTION. */
static void test_clocks_after_an_end_in_error(void **state)
{
    (void)state;
    begin(S);
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, 3), SCH_OK);
    int64_t due_ms = step_fixture_owed(&f, 7)->due_ms;
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, 9), SCH_OK);
    struct sch_id second = f.last;
    assert_true(step_fixture_owed(&f, 7)->due_ms > due_ms);
    struct sch_id end = say(SCH_KIND_TREATMENT_END);
    correct(end, SCH_KIND_TREATMENT_END, S, SCH_PHASE_INTAKE_PLANNED);
    assert_true(step_fixture_owed(&f, 7)->due_ms > due_ms);
    correct(second, SCH_KIND_APPOINTMENT, S, SCH_PHASE_INTAKE_PLANNED);
    begin(S);
    say(SCH_KIND_DISCHARGE_LETTER);
    struct sch_id question = say(SCH_KIND_INFORMATION_REQUEST);
    correct(question, SCH_KIND_INFORMATION_REQUEST, S, SCH_PHASE_CLOSED);
    /* An appointment that was an error no longer brings the start of treatment nearer. */
    begin(S);
    due_ms = step_fixture_owed(&f, 7)->due_ms;
    struct sch_id appointment = say(SCH_KIND_APPOINTMENT);
    assert_true(step_fixture_owed(&f, 7)->due_ms < due_ms);
    correct(appointment, SCH_KIND_APPOINTMENT, S, SCH_PHASE_SENT);
    assert_int_equal(step_fixture_owed(&f, 7)->due_ms, due_ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_end_owes_nothing_that_it_cancels),
        cmocka_unit_test(test_what_was_said_twice),
        cmocka_unit_test(test_what_two_messages_open),
        cmocka_unit_test(test_care_goes_on_without_the_acceptance),
        cmocka_unit_test(test_a_letter_owes_its_own_year),
        cmocka_unit_test(test_an_intake_that_was_held_after_a_no_show),
        cmocka_unit_test(test_a_treatment_that_ended_twice),
        cmocka_unit_test(test_nobody_was_sent_away),
        cmocka_unit_test(test_sent_back_all_the_same),
        cmocka_unit_test(test_two_errors),
        cmocka_unit_test(test_a_report_out_of_the_blue),
        cmocka_unit_test(test_a_child_is_awaited_still),
        cmocka_unit_test(test_undelivered_all_the_same),
        cmocka_unit_test(test_taken_up_in_error_after_an_end),
        cmocka_unit_test(test_clocks_after_an_end_in_error),
    };
    return cmocka_run_group_tests_name("step_undo", tests, NULL, NULL);
}
