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

#include "core/calendar.h"
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

static struct sch_id say_outcome(enum sch_kind kind, enum sch_outcome outcome)
{
    step_fixture_message(&f, kind)->fact[SCH_FACT_OUTCOME] = (int64_t)outcome;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    return f.last;
}

/* The dossier was deaf when the patient was redirected, and is not once the refusal is taken back. */
static void test_a_redirection_that_came_late(void **state)
{
    (void)state;
    static const enum sch_kind ends[] = { SCH_KIND_REFUSAL, SCH_KIND_BACK_REFERRAL };
    for (int i = 0; i < 4; i++) {
        begin();
        struct sch_id end = say(ends[i / 2]);
        say_of(SCH_KIND_TAKEN_UP, PRACTICE);
        (void)step_fixture_redirect(&f, i % 2 == 0 ? SCH_MODE_ADVISED : SCH_MODE_FORWARDED);
        assert_int_equal(f.dossier.phase, i / 2 == 0 ? SCH_PHASE_REFUSED : SCH_PHASE_BACK_REFERRED);
        correct(end, ends[i / 2], S);
        assert_int_equal(f.dossier.phase, SCH_PHASE_REDIRECTED);
        /* The practice still sees to the patient. */
        expect_owed(0);
        assert_true(f.dossier.taken_up);
        assert_int_equal(f.dossier.refusals, 1);
    }
}

/* As does whatever else the receiver said meanwhile: it counts once the end is taken back. */
static void test_what_came_late(void **state)
{
    (void)state;
    static const enum sch_kind ends[] = { SCH_KIND_REFUSAL, SCH_KIND_BACK_REFERRAL };
    static const struct {
        enum sch_kind kind;
        enum sch_phase phase;
        unsigned owed;
    } said[] = {
        { SCH_KIND_ACCEPTANCE, SCH_PHASE_ACCEPTED, E(4) | E(7) },
        { SCH_KIND_APPOINTMENT, SCH_PHASE_INTAKE_PLANNED, E(6) | E(7) },
        { SCH_KIND_NO_SHOW, SCH_PHASE_INTAKE_PLANNED, E(5) | E(7) },
        { SCH_KIND_INTAKE_REPORT, SCH_PHASE_INTAKE_DONE, E(7) },
        { SCH_KIND_TREATMENT_START, SCH_PHASE_IN_TREATMENT, E(8) },
        { SCH_KIND_TREATMENT_END, SCH_PHASE_ENDED, E(9) },
    };
    for (size_t i = 0; i < 2 * sizeof said / sizeof said[0]; i++) {
        begin();
        struct sch_id end = say(ends[i % 2]);
        say_of(SCH_KIND_TAKEN_UP, PRACTICE);
        (void)say(said[i / 2].kind);
        expect_owed(0);
        correct(end, ends[i % 2], S);
        assert_int_equal(f.dossier.phase, said[i / 2].phase);
        expect_owed(said[i / 2].owed);
    }
}

/* A letter that lacks something answers nothing, also when the complete one after it was an error. */
static void test_a_complete_letter_in_error_after_one_that_lacked(void **state)
{
    (void)state;
    static const struct {
        enum sch_kind kind;
        unsigned number;
    } letter[] = { { SCH_KIND_INTAKE_REPORT, 6 }, { SCH_KIND_DISCHARGE_LETTER, 9 }, { SCH_KIND_BACK_REFERRAL, 9 } };
    for (size_t i = 0; i < sizeof letter / sizeof letter[0]; i++) {
        for (int order = 0; order < 2; order++) {
            begin();
            struct sch_id complete;
            if (order == 0) {
                (void)say_incomplete(letter[i].kind, letter[i].number == 6 ? SCH_OUTCOME_TREATMENT : 0);
                complete = say(letter[i].kind);
            } else {
                complete = say(letter[i].kind);
                (void)say_incomplete(letter[i].kind, letter[i].number == 6 ? SCH_OUTCOME_TREATMENT : 0);
            }
            assert_null(step_fixture_owed(&f, letter[i].number));
            correct(complete, letter[i].kind, S);
            assert_int_equal(step_fixture_owed(&f, letter[i].number)->standing, SCH_STANDING_INCOMPLETE);
        }
    }
    /* As when it was found to lack something only later. */
    begin();
    struct sch_id lacking = say(SCH_KIND_INTAKE_REPORT);
    assert_int_equal(step_fixture_settle(&f, SCH_EVENT_COLLECT, lacking, PRACTICE, SCH_SECTION_PLAN), SCH_OK);
    struct sch_id complete = say(SCH_KIND_INTAKE_REPORT);
    assert_null(step_fixture_owed(&f, 6));
    correct(complete, SCH_KIND_INTAKE_REPORT, S);
    assert_int_equal(step_fixture_owed(&f, 6)->standing, SCH_STANDING_INCOMPLETE);
    /* Nothing stands that could lack something. */
    begin();
    lacking = say_incomplete(SCH_KIND_INTAKE_REPORT, SCH_OUTCOME_TREATMENT);
    correct(lacking, SCH_KIND_INTAKE_REPORT, S);
    expect_owed(E(2) | E(4) | E(7));
}

/* The report that lacked something was due by the intake that it tells of, and is by no error due later. */
static void test_a_report_that_lacked_is_due_as_it_was(void **state)
{
    (void)state;
    static const enum sch_kind error[] = { SCH_KIND_ACCEPTANCE, SCH_KIND_APPOINTMENT, SCH_KIND_INTAKE_REPORT };
    for (size_t i = 0; i < sizeof error / sizeof error[0]; i++) {
        begin();
        struct sch_id before = say(error[i] == SCH_KIND_APPOINTMENT ? error[i] : SCH_KIND_ACCEPTANCE);
        (void)say_incomplete(SCH_KIND_INTAKE_REPORT, SCH_OUTCOME_TREATMENT);
        int64_t due_ms = step_fixture_owed(&f, 6)->due_ms;
        step_fixture_wait(&f, 2);
        correct(error[i] == SCH_KIND_INTAKE_REPORT ? say(error[i]) : before, error[i], S);
        const struct sch_instance *e6 = step_fixture_owed(&f, 6);
        assert_int_equal(e6->standing, SCH_STANDING_INCOMPLETE);
        assert_int_equal(e6->due_ms, due_ms);
    }
}

/* What has nothing to do with it takes nothing away. */
static void test_an_unrelated_error(void **state)
{
    (void)state;
    begin();
    (void)say_incomplete(SCH_KIND_INTAKE_REPORT, SCH_OUTCOME_NO_TREATMENT);
    say(SCH_KIND_TREATMENT_END);
    struct sch_id acceptance = say(SCH_KIND_ACCEPTANCE);
    expect_owed(E(6) | E(9) | E(10));
    correct(acceptance, SCH_KIND_ACCEPTANCE, S);
    expect_owed(E(6) | E(9) | E(10));
    /* The day of an intake that was held, by which the start of the treatment counts. */
    begin();
    say(SCH_KIND_INTAKE_REPORT);
    int32_t intake_day = f.dossier.intake_day;
    assert_int_not_equal(intake_day, 0);
    acceptance = say(SCH_KIND_ACCEPTANCE);
    correct(acceptance, SCH_KIND_ACCEPTANCE, S);
    assert_int_equal(f.dossier.intake_day, intake_day);
    /* An intake that was presumed before the patient came back. */
    begin();
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, 0), SCH_OK);
    step_fixture_live(&f, 2);
    say(SCH_KIND_BACK_REFERRAL);
    say(SCH_KIND_TREATMENT_START);
    struct sch_id letter = say(SCH_KIND_PROGRESS_LETTER);
    correct(letter, SCH_KIND_PROGRESS_LETTER, S);
    expect_owed(E(6) | E(8));
    /* A BACK_REFERRAL that lacked something, before the patient came back. */
    begin();
    (void)say_incomplete(SCH_KIND_BACK_REFERRAL, 0);
    say(SCH_KIND_TREATMENT_START);
    acceptance = say(SCH_KIND_ACCEPTANCE);
    correct(acceptance, SCH_KIND_ACCEPTANCE, S);
    expect_owed(E(8) | E(9));
}

/* Taken back before its day, and so never held. */
static void test_an_appointment_after_an_end_in_error(void **state)
{
    (void)state;
    begin();
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, 9), SCH_OK);
    say(SCH_KIND_REFUSAL);
    struct sch_id next = say(SCH_KIND_APPOINTMENT);
    correct(next, SCH_KIND_APPOINTMENT, S);
    expect_owed(E(10));
}

/* What another message says too counts on as it did: the term does not begin anew. */
static void test_what_is_said_again_counts_on(void **state)
{
    (void)state;
    static const struct {
        enum sch_kind kind;
        unsigned number;
        enum step_party receiver;
    } row[] = { { SCH_KIND_NO_SHOW, 5, S },       { SCH_KIND_TREATMENT_START, 8, S }, { SCH_KIND_TREATMENT_END, 9, S },
                { SCH_KIND_REFUSAL, 10, S },      { SCH_KIND_BACK_REFERRAL, 10, S },  { SCH_KIND_ACCEPTANCE, 12, WIJKTEAM } };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        step_fixture_init(&f);
        step_fixture_open(&f, row[i].receiver);
        struct sch_id first = say_of(row[i].kind, row[i].receiver);
        int64_t due_ms = step_fixture_owed(&f, row[i].number)->due_ms;
        /* A later day would be another no-show. */
        step_fixture_wait(&f, row[i].kind == SCH_KIND_NO_SHOW ? 0 : 3);
        say_of(row[i].kind, row[i].receiver);
        correct(first, row[i].kind, row[i].receiver);
        assert_int_equal(step_fixture_owed(&f, row[i].number)->due_ms, due_ms);
    }
    /* So does what an end cancelled that was an error. */
    step_fixture_init(&f);
    step_fixture_open(&f, WIJKTEAM);
    say_of(SCH_KIND_ACCEPTANCE, WIJKTEAM);
    int64_t due_ms = step_fixture_owed(&f, 12)->due_ms;
    step_fixture_wait(&f, 3);
    correct(say_of(SCH_KIND_REFUSAL, WIJKTEAM), SCH_KIND_REFUSAL, WIJKTEAM);
    assert_int_equal(step_fixture_owed(&f, 12)->due_ms, due_ms);
}

/* What only others say, since the error had said more, counts from the CORRECTION; what the opening owed, from its day. */
static void test_what_only_others_say_is_owed_now(void **state)
{
    (void)state;
    static const struct {
        enum sch_kind error, kind;
        unsigned number;
        enum step_party receiver;
    } row[] = { { SCH_KIND_DISCHARGE_LETTER, SCH_KIND_NO_SHOW, 5, S },
                { SCH_KIND_DISCHARGE_LETTER, SCH_KIND_APPOINTMENT, 6, S },
                { SCH_KIND_INTAKE_REPORT, SCH_KIND_APPOINTMENT, 6, S },
                { SCH_KIND_DISCHARGE_LETTER, SCH_KIND_TREATMENT_START, 8, S },
                { SCH_KIND_DISCHARGE_LETTER, SCH_KIND_TREATMENT_END, 9, S },
                { SCH_KIND_TEAM_RESULT, SCH_KIND_ACCEPTANCE, 12, WIJKTEAM } };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        step_fixture_init(&f);
        step_fixture_open(&f, row[i].receiver);
        struct sch_id error = say_of(row[i].error, row[i].receiver);
        say_of(row[i].kind, row[i].receiver);
        step_fixture_wait(&f, 3);
        correct(error, row[i].error, row[i].receiver);
        assert_int_equal(sch_day_of_ms(step_fixture_owed(&f, row[i].number)->from_ms), sch_day_of_ms(f.world.now_ms));
        assert_int_equal(f.dossier.intake_day, 0);
    }
    step_fixture_init(&f);
    (void)step_fixture_opening(&f, SCH_KIND_EXPLORATION_REQUEST, PRACTICE, TALK);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    int64_t opened_ms = f.world.now_ms;
    say_of(SCH_KIND_REFUSAL, TALK);
    step_fixture_wait(&f, 1);
    struct sch_id advice = say_of(SCH_KIND_EXPLORATION_ADVICE, TALK);
    say_of(SCH_KIND_ACCEPTANCE, TALK);
    correct(advice, SCH_KIND_EXPLORATION_ADVICE, TALK);
    assert_int_equal(step_fixture_owed(&f, 13)->from_ms, opened_ms);
}

/* A report without treatment is to be taken up, once. */
static void test_a_report_without_treatment_after_an_error(void **state)
{
    (void)state;
    begin();
    struct sch_id error = say(SCH_KIND_DISCHARGE_LETTER);
    (void)say_outcome(SCH_KIND_INTAKE_REPORT, SCH_OUTCOME_NO_TREATMENT);
    correct(error, SCH_KIND_DISCHARGE_LETTER, S);
    expect_owed(E(10));
    say_of(SCH_KIND_TAKEN_UP, PRACTICE);
    correct(say(SCH_KIND_ACCEPTANCE), SCH_KIND_ACCEPTANCE, S);
    expect_owed(0);
    begin();
    (void)say_incomplete(SCH_KIND_INTAKE_REPORT, SCH_OUTCOME_NO_TREATMENT);
    say_of(SCH_KIND_TAKEN_UP, PRACTICE);
    struct sch_id back = say(SCH_KIND_BACK_REFERRAL);
    expect_owed(E(6) | E(10));
    correct(back, SCH_KIND_BACK_REFERRAL, S);
    expect_owed(E(6));
}

/* The practice kept the patient with the provider: the day of care without a referral still asks for its letter. */
static void test_care_that_was_not_referred_back(void **state)
{
    (void)state;
    step_fixture_init(&f);
    (void)step_fixture_opening(&f, SCH_KIND_CARE_NOTICE, S, PRACTICE);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    int64_t due_ms = step_fixture_owed(&f, 15)->due_ms;
    say_of(SCH_KIND_BACK_REFERRAL, S);
    say_of(SCH_KIND_REFUSAL, PRACTICE);
    assert_int_equal(step_fixture_owed(&f, 15)->due_ms, due_ms);
    /* And so does care that a letter ended in error. */
    say_of(SCH_KIND_BACK_REFERRAL, S);
    struct sch_id letter = say_of(SCH_KIND_PROGRESS_LETTER, S);
    say_of(SCH_KIND_TREATMENT_START, S);
    correct(letter, SCH_KIND_PROGRESS_LETTER, S);
    assert_int_equal(step_fixture_owed(&f, 15)->due_ms, due_ms);
}

/* A presumed intake that nobody planned, once the appointment was an error. */
static void test_a_presumed_appointment_in_error(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_NO_SHOW);
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, 0), SCH_OK);
    struct sch_id appointment = f.last;
    step_fixture_live(&f, 2);
    assert_int_equal(f.dossier.phase, SCH_PHASE_INTAKE_PRESUMED);
    correct(appointment, SCH_KIND_APPOINTMENT, S);
    assert_int_equal(f.dossier.phase, SCH_PHASE_INTAKE_PLANNED);
    expect_owed(E(5) | E(7));
}

/* An end stands: what a no-show had cancelled before it is owed when the patient may have come by now. */
static void test_a_no_show_in_error_before_an_end(void **state)
{
    (void)state;
    for (int64_t late_ms = -1; late_ms <= 0; late_ms++) {
        begin();
        assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, 2), SCH_OK);
        int64_t end_ms = step_fixture_end_of(step_fixture_date(&f, 2));
        struct sch_id no_show = say(SCH_KIND_NO_SHOW);
        say(SCH_KIND_REFUSAL);
        step_fixture_at(&f, end_ms + late_ms);
        correct(no_show, SCH_KIND_NO_SHOW, S);
        expect_owed(late_ms < 0 ? E(10) : E(6) | E(10));
    }
}

/* Its E10 made place for others long ago: it is the referrer's, whose letter nobody had. */
static void test_a_promise_that_the_record_has_forgotten(void **state)
{
    (void)state;
    static const enum sch_member_role owes[] = { SCH_MEMBER_REFERRER, SCH_MEMBER_CREDITOR };
    for (int refused = 0; refused < 2; refused++) {
        step_fixture_init(&f);
        step_fixture_referral(&f, HUISARTSENPOST, S)->creditor = f.party[PRACTICE].address;
        step_fixture_copy(&f, PRACTICE);
        assert_int_equal(step_fixture_send(&f), SCH_OK);
        if (refused == 0) {
            step_fixture_live(&f, 40);
            assert_int_equal(f.dossier.phase, SCH_PHASE_UNDELIVERED);
        } else {
            (void)say(SCH_KIND_REFUSAL);
        }
        struct sch_id note = say_of(SCH_KIND_CHANGE_NOTICE, PRACTICE);
        memset(f.dossier.instance, 0, sizeof f.dossier.instance);
        f.dossier.instance_count = 0;
        correct(note, SCH_KIND_CHANGE_NOTICE, PRACTICE);
        assert_int_equal(step_fixture_owed(&f, 10)->member, owes[refused]);
    }
}

static void test_an_end_that_the_record_has_not_counted(void **state)
{
    (void)state;
    begin();
    struct sch_id refusal = say(SCH_KIND_REFUSAL);
    f.dossier.refusals = 0;
    correct(refusal, SCH_KIND_REFUSAL, S);
    assert_int_equal(f.dossier.refusals, 0);
}

/* A record of before says neither of what kind its proofs are, nor which letters stand. Nothing is invented for it. */
static void test_a_record_of_before(void **state)
{
    (void)state;
    static const enum sch_kind said[][2] = { { SCH_KIND_APPOINTMENT, SCH_KIND_INTAKE_REPORT },
                                             { SCH_KIND_NO_SHOW, SCH_KIND_APPOINTMENT },
                                             { SCH_KIND_APPOINTMENT, SCH_KIND_DISCHARGE_LETTER },
                                             { SCH_KIND_TREATMENT_START, SCH_KIND_TREATMENT_END },
                                             { SCH_KIND_APPOINTMENT, SCH_KIND_TREATMENT_END },
                                             { SCH_KIND_TREATMENT_END, SCH_KIND_INTAKE_REPORT } };
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        begin();
        say(said[i][0]);
        say(said[i][1]);
        unsigned owed = 0;
        for (unsigned number = 2; number < SCH_EXPECTATION_COUNT; number++) {
            owed |= step_fixture_owed(&f, number) != NULL ? E(number) : 0;
        }
        for (size_t n = 0; n < f.dossier.proof_count; n++) {
            f.dossier.proof[n].kind = SCH_KIND_UNSPECIFIED;
        }
        correct(say(SCH_KIND_CHANGE_NOTICE), SCH_KIND_CHANGE_NOTICE, S);
        expect_owed(owed);
    }
    step_fixture_init(&f);
    step_fixture_open(&f, WIJKTEAM);
    say_of(SCH_KIND_ACCEPTANCE, WIJKTEAM);
    say_of(SCH_KIND_TEAM_RESULT, WIJKTEAM);
    f.dossier.proof[0].kind = f.dossier.proof[1].kind = SCH_KIND_UNSPECIFIED;
    correct(say_of(SCH_KIND_CHANGE_NOTICE, PRACTICE), SCH_KIND_CHANGE_NOTICE, PRACTICE);
    expect_owed(0);
    begin();
    say(SCH_KIND_TREATMENT_END);
    struct sch_id letter = say(SCH_KIND_DISCHARGE_LETTER);
    for (size_t n = 0; n < f.dossier.proof_count; n++) {
        f.dossier.proof[n].kind = SCH_KIND_UNSPECIFIED;
    }
    correct(letter, SCH_KIND_DISCHARGE_LETTER, S);
    expect_owed(E(9));
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
        cmocka_unit_test(test_a_redirection_that_came_late),
        cmocka_unit_test(test_what_came_late),
        cmocka_unit_test(test_a_complete_letter_in_error_after_one_that_lacked),
        cmocka_unit_test(test_a_report_that_lacked_is_due_as_it_was),
        cmocka_unit_test(test_an_unrelated_error),
        cmocka_unit_test(test_an_appointment_after_an_end_in_error),
        cmocka_unit_test(test_what_is_said_again_counts_on),
        cmocka_unit_test(test_what_only_others_say_is_owed_now),
        cmocka_unit_test(test_a_report_without_treatment_after_an_error),
        cmocka_unit_test(test_care_that_was_not_referred_back),
        cmocka_unit_test(test_a_presumed_appointment_in_error),
        cmocka_unit_test(test_a_no_show_in_error_before_an_end),
        cmocka_unit_test(test_a_promise_that_the_record_has_forgotten),
        cmocka_unit_test(test_an_end_that_the_record_has_not_counted),
        cmocka_unit_test(test_a_record_of_before),
    };
    return cmocka_run_group_tests_name("step_undo_twice", tests, NULL, NULL);
}
