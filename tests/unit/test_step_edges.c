/* test_step_edges.c: the last that is let in, the first that is not; and what is owed at the edge of a rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/calendar.h"
#include "core/promise.h"
#include "step_fixture.h"

static struct step_fixture f;

static void begin(enum step_party to)
{
    step_fixture_init(&f);
    step_fixture_open(&f, to);
}

static struct sch_id say(enum sch_kind kind, enum sch_phase phase)
{
    assert_int_equal(step_fixture_say(&f, kind), SCH_OK);
    assert_int_equal(f.dossier.phase, phase);
    return f.last;
}

static void expect(int code, const char *field)
{
    assert_int_equal(step_fixture_send(&f), code);
    assert_string_equal(f.effects.effect[0].field, field);
}

static struct sch_header *referral(enum step_party from, enum step_party to)
{
    step_fixture_init(&f);
    return step_fixture_referral(&f, from, to);
}

/* Two years either way are no mistake yet; a clock may be ten minutes ahead, and a date one day. */
static void test_the_last_dates_that_pass(void **state)
{
    (void)state;
    static const int days[] = { -731, 731 };
    for (size_t i = 0; i < 2; i++) {
        begin(S);
        step_fixture_message(&f, SCH_KIND_ACCEPTANCE)->fact[SCH_FACT_EXPECTED_DATE] =
            step_fixture_date(&f, days[i]);
        assert_int_equal(step_fixture_send(&f), SCH_OK);
        assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, days[i]), SCH_OK);
        assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, days[i] < 0 ? -732 : 732),
                         SCH_E_FIELD_INVALID);
    }
    referral(PRACTICE, S)->fact[SCH_FACT_LETTER_DATE] = step_fixture_date(&f, 1);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    referral(PRACTICE, CRISIS)->fact[SCH_FACT_PHONED_AT] = f.world.now_ms + SCH_ID_AHEAD_MAX_MS;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    referral(PRACTICE, CRISIS)->fact[SCH_FACT_PHONED_AT] = f.world.now_ms + SCH_ID_AHEAD_MAX_MS + 1;
    expect(SCH_E_FIELD_INVALID, "header.phoned_at");
}

/* A region may let its POHs refer to ggz: a GP signs all the same. */
static void test_a_poh_prepares_and_a_gp_signs(void **state)
{
    (void)state;
    referral(POH, S)->creditor = f.party[PRACTICE].address;
    step_fixture_copy(&f, PRACTICE);
    f.permits.allowed[SCH_PARTY_POH_GGZ][SCH_KIND_REFERRAL] = UINT32_MAX;
    f.gp_key = false;
    expect(SCH_E_GP_KEY_NEEDED, "seal.signing_key");
    f.gp_key = true;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
}

/* The subject of a message, as the turn knows it. */
static void about(struct sch_id subject, enum sch_kind kind, enum step_party sender)
{
    memset(&f.subject, 0, sizeof f.subject);
    f.header.subject = subject;
    f.subject.known = true;
    f.subject.dossier = f.dossier.id;
    f.subject.kind = kind;
    f.subject.sender = f.party[sender].address;
}

static void test_only_letters_of_this_dossier_are_incomplete(void **state)
{
    (void)state;
    begin(S);
    struct sch_id report = say(SCH_KIND_INTAKE_REPORT, SCH_PHASE_INTAKE_DONE);
    (void)step_fixture_message(&f, SCH_KIND_LETTER_INCOMPLETE);
    about(report, SCH_KIND_INTAKE_REPORT, S);
    f.subject.dossier = report;
    expect(SCH_E_FIELD_INVALID, "header.subject");
    about(report, SCH_KIND_INTAKE_REPORT, S);
    f.subject.known = false;
    expect(SCH_E_FIELD_INVALID, "header.subject");
    about(report, SCH_KIND_INTAKE_REPORT, S);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
}

static void test_only_questions_of_this_dossier_are_answered(void **state)
{
    (void)state;
    begin(S);
    struct sch_id question = say(SCH_KIND_INFORMATION_REQUEST, SCH_PHASE_SENT);
    (void)step_fixture_message_of(&f, SCH_KIND_INFORMATION_REPLY, PRACTICE);
    about(question, SCH_KIND_INFORMATION_REQUEST, S);
    f.subject.dossier = question;
    expect(SCH_E_FIELD_INVALID, "header.subject");
    about(question, SCH_KIND_INFORMATION_REQUEST, S);
    f.subject.known = false;
    expect(SCH_E_FIELD_INVALID, "header.subject");
    about(question, SCH_KIND_ACCEPTANCE, S);
    expect(SCH_E_FIELD_INVALID, "header.subject");
    about(question, SCH_KIND_INFORMATION_REQUEST, S);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_null(step_fixture_owed(&f, 11));
}

/* The last question is one that leaves room for the four promises that a message may open. */
static void test_questions_take_half_of_the_promises(void **state)
{
    (void)state;
    begin(S);
    do {
        (void)step_fixture_message_of(&f, SCH_KIND_INFORMATION_REQUEST, PRACTICE);
    } while (step_fixture_send(&f) == SCH_OK);
    assert_int_equal(f.effects.effect[0].code, SCH_E_DOSSIER_FULL);
    assert_int_equal(sch_promise_count(&f.dossier), SCH_OWED_MAX / 2 - 4 + 1);
}

/* A wait is told of one step: the next that the receiver owes. */
static void test_a_wait_status_moves_one_promise(void **state)
{
    (void)state;
    begin(S);
    int64_t e4_ms = step_fixture_owed(&f, 4)->due_ms, e7_ms = step_fixture_owed(&f, 7)->due_ms;
    step_fixture_wait(&f, 20);
    step_fixture_message(&f, SCH_KIND_WAIT_STATUS)->fact[SCH_FACT_EXPECTED_DATE] = step_fixture_date(&f, 85);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_true(step_fixture_owed(&f, 4)->due_ms > e4_ms);
    assert_int_equal(step_fixture_owed(&f, 7)->due_ms, e7_ms);
}

static void test_a_team_that_accepts_twice_owes_one_result(void **state)
{
    (void)state;
    begin(WIJKTEAM);
    struct sch_id first = say(SCH_KIND_ACCEPTANCE, SCH_PHASE_ACCEPTED);
    say(SCH_KIND_ACCEPTANCE, SCH_PHASE_ACCEPTED);
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_OPEN), step_fixture_count(&f, SCH_EFFECT_DELIVER));
    assert_memory_equal(&step_fixture_owed(&f, 12)->opened_by, &first, sizeof first);
}

/* The intake was presumed held when the patient was refused: ten weeks after it treatment is to begin, if it
 * begins after all. */
static void test_the_second_clock_outlives_a_refusal(void **state)
{
    (void)state;
    static const enum sch_kind kinds[] = { SCH_KIND_ACCEPTANCE, SCH_KIND_TREATMENT_START };
    for (size_t i = 0; i < 2; i++) {
        begin(S);
        assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, 0), SCH_OK);
        int64_t due_ms = step_fixture_owed(&f, 7)->due_ms;
        step_fixture_live(&f, 1);
        say(SCH_KIND_REFUSAL, SCH_PHASE_REFUSED);
        struct sch_header *header = step_fixture_message(&f, kinds[i]);
        if (kinds[i] == SCH_KIND_TREATMENT_START) {
            header->fact[SCH_FACT_STARTED] = SCH_STARTED_NOT_YET;
            header->fact[SCH_FACT_EVENT_DATE] = 0;
        }
        assert_int_equal(step_fixture_send(&f), SCH_OK);
        assert_int_equal(step_fixture_owed(&f, 7)->due_ms, due_ms);
    }
}

/* Only an appointment, or word that nobody came, says that the intake is still to be held. */
static void test_an_acceptance_leaves_a_presumed_intake(void **state)
{
    (void)state;
    begin(S);
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, 0), SCH_OK);
    step_fixture_live(&f, 1);
    say(SCH_KIND_ACCEPTANCE, SCH_PHASE_INTAKE_PRESUMED);
    say(SCH_KIND_NO_SHOW, SCH_PHASE_INTAKE_PLANNED);
}

static void test_an_end_without_a_letter_to_owe_closes(void **state)
{
    (void)state;
    step_fixture_init(&f);
    step_fixture_norm(&f, 9, SCH_VARIANT_PLAIN, 0, SCH_UNIT_DAYS);
    step_fixture_open(&f, S);
    say(SCH_KIND_TREATMENT_END, SCH_PHASE_CLOSED);
}

/* Refused after an acceptance that took a back-referral back, and then told that care has ended. */
static void test_care_that_ended_is_not_owed_anew(void **state)
{
    (void)state;
    step_fixture_init(&f);
    (void)step_fixture_opening(&f, SCH_KIND_CARE_NOTICE, S, PRACTICE);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    say(SCH_KIND_BACK_REFERRAL, SCH_PHASE_BACK_REFERRED);
    say(SCH_KIND_ACCEPTANCE, SCH_PHASE_ACCEPTED);
    assert_non_null(step_fixture_owed(&f, 15));
    say(SCH_KIND_REFUSAL, SCH_PHASE_REFUSED);
    assert_int_equal(step_fixture_say(&f, SCH_KIND_TREATMENT_END), SCH_OK);
    assert_null(step_fixture_about(&f, SCH_EFFECT_OPEN, 15));
    assert_null(step_fixture_owed(&f, 15));
}

/* Who refused, and then does it after all, does not owe what that proves. */
static void test_what_takes_a_refusal_back_is_not_owed(void **state)
{
    (void)state;
    begin(S);
    say(SCH_KIND_REFUSAL, SCH_PHASE_REFUSED);
    say(SCH_KIND_APPOINTMENT, SCH_PHASE_INTAKE_PLANNED);
    assert_null(step_fixture_owed(&f, 4));
    step_fixture_init(&f);
    step_fixture_opening(&f, SCH_KIND_CONSULT_REQUEST, PRACTICE, S);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    say(SCH_KIND_REFUSAL, SCH_PHASE_REFUSED);
    say(SCH_KIND_CONSULT_REPLY, SCH_PHASE_CLOSED);
    assert_null(step_fixture_about(&f, SCH_EFFECT_OPEN, 14));
}

/* What was planned before a withdrawal that was an error is planned after it, whatever the region counts. */
static void test_an_appointment_outlives_a_withdrawal_in_error(void **state)
{
    (void)state;
    step_fixture_init(&f);
    step_fixture_norm(&f, 6, SCH_VARIANT_PLAIN, 0, SCH_UNIT_DAYS);
    step_fixture_open(&f, S);
    assert_int_equal(step_fixture_collect(&f, f.referral, S), SCH_OK);
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, 3), SCH_OK);
    struct sch_id withdrawal = say(SCH_KIND_WITHDRAWAL, SCH_PHASE_WITHDRAWN);
    step_fixture_live(&f, 5);
    assert_int_equal(f.dossier.phase, SCH_PHASE_WITHDRAWN);
    (void)step_fixture_correction(&f, withdrawal, SCH_KIND_WITHDRAWAL, PRACTICE);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_int_equal(f.dossier.phase, SCH_PHASE_INTAKE_PLANNED);
    assert_int_equal(step_fixture_due(&f), SCH_OK);
    assert_int_equal(f.dossier.phase, SCH_PHASE_INTAKE_PRESUMED);
}

/* Whoever looks into a possible data breach must know what kind of message went astray. */
static void test_a_breach_names_what_was_read(void **state)
{
    (void)state;
    begin(S);
    struct sch_id report = say(SCH_KIND_INTAKE_REPORT, SCH_PHASE_INTAKE_DONE);
    assert_int_equal(step_fixture_collect(&f, report, POH), SCH_OK);
    step_fixture_correction(&f, report, SCH_KIND_INTAKE_REPORT, S)->fact[SCH_FACT_WRONG_PARTY] = SCH_YES_YES;
    f.subject.collected = true;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_BREACH, 0)->kind, SCH_KIND_INTAKE_REPORT);
}

/* The report was an error, the second appointment was not: its report is owed. */
static void test_an_appointment_after_a_report_in_error(void **state)
{
    (void)state;
    begin(S);
    step_fixture_message(&f, SCH_KIND_INTAKE_REPORT)->sections = SCH_SECTION_PLAN;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    struct sch_id report = f.last;
    assert_int_equal(step_fixture_owed(&f, 6)->standing, SCH_STANDING_INCOMPLETE);
    say(SCH_KIND_BACK_REFERRAL, SCH_PHASE_BACK_REFERRED);
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, 9), SCH_OK);
    (void)step_fixture_correction(&f, report, SCH_KIND_INTAKE_REPORT, S);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_int_equal(f.dossier.phase, SCH_PHASE_INTAKE_PLANNED);
    assert_int_equal(step_fixture_owed(&f, 6)->due_ms, step_fixture_end_of(20260325));
}

/* A due is exclusive: what comes at that very moment comes too late. */
static void test_the_due_itself_is_late(void **state)
{
    (void)state;
    struct sch_instance instance = { .standing = SCH_STANDING_CLOSED, .due_ms = 1000, .closed_ms = 1000 };
    assert_true(sch_instance_is_late(&instance));
    instance.closed_ms = 999;
    assert_false(sch_instance_is_late(&instance));
    instance.beyond = true;
    assert_true(sch_instance_is_late(&instance));
    instance.standing = SCH_STANDING_WAIVED;
    assert_false(sch_instance_is_late(&instance));
}

/* Where no promise is counted a letter is still chased, and then destroyed. */
static void test_what_is_due_without_a_promise(void **state)
{
    (void)state;
    step_fixture_init(&f);
    f.norms.count = 0;
    step_fixture_open(&f, S);
    int64_t opened_ms = f.world.now_ms;
    assert_int_equal(sch_dossier_next_owed(&f.dossier), INT64_MAX);
    assert_int_equal(sch_dossier_next_due(&f.dossier), opened_ms + 5 * STEP_FIXTURE_DAY_MS);
    step_fixture_live(&f, 6);
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_MAKE), 2);
    assert_int_equal(sch_dossier_next_due(&f.dossier), opened_ms + 30 * STEP_FIXTURE_DAY_MS);
}

/* The calendar ends with 2099: what would be deleted after it stays. */
static void test_what_closes_too_late_is_kept(void **state)
{
    (void)state;
    begin(S);
    say(SCH_KIND_WITHDRAWAL, SCH_PHASE_WITHDRAWN);
    assert_true(sch_dossier_purge_ms(&f.dossier) < INT64_MAX);
    f.dossier.closed_ms = step_fixture_end_of(20971231) - 1;
    assert_int_equal(sch_dossier_purge_ms(&f.dossier), step_fixture_end_of(20991231));
    f.dossier.closed_ms = step_fixture_end_of(20971231);
    assert_int_equal(sch_dossier_purge_ms(&f.dossier), INT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_last_dates_that_pass),
        cmocka_unit_test(test_a_poh_prepares_and_a_gp_signs),
        cmocka_unit_test(test_only_letters_of_this_dossier_are_incomplete),
        cmocka_unit_test(test_only_questions_of_this_dossier_are_answered),
        cmocka_unit_test(test_questions_take_half_of_the_promises),
        cmocka_unit_test(test_a_wait_status_moves_one_promise),
        cmocka_unit_test(test_a_team_that_accepts_twice_owes_one_result),
        cmocka_unit_test(test_the_second_clock_outlives_a_refusal),
        cmocka_unit_test(test_an_acceptance_leaves_a_presumed_intake),
        cmocka_unit_test(test_an_end_without_a_letter_to_owe_closes),
        cmocka_unit_test(test_care_that_ended_is_not_owed_anew),
        cmocka_unit_test(test_what_takes_a_refusal_back_is_not_owed),
        cmocka_unit_test(test_an_appointment_outlives_a_withdrawal_in_error),
        cmocka_unit_test(test_a_breach_names_what_was_read),
        cmocka_unit_test(test_an_appointment_after_a_report_in_error),
        cmocka_unit_test(test_the_due_itself_is_late),
        cmocka_unit_test(test_what_is_due_without_a_promise),
        cmocka_unit_test(test_what_closes_too_late_is_kept),
    };
    return cmocka_run_group_tests_name("step_edges", tests, NULL, NULL);
}
