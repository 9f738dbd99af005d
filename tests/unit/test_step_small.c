/* test_step_small.c: wijkteams, consults, exploratory talks, care without a referral, involvement. */
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

static struct sch_header *opening(enum sch_kind kind, enum step_party from, enum step_party to)
{
    step_fixture_init(&f);
    return step_fixture_opening(&f, kind, from, to);
}

static void open_sent(void)
{
    f.referral = f.header.id;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
}

static void say(enum sch_kind kind, enum sch_phase phase)
{
    assert_int_equal(step_fixture_say(&f, kind), SCH_OK);
    assert_int_equal(f.dossier.phase, phase);
}

static void expect(int code, const char *field)
{
    assert_int_equal(step_fixture_send(&f), code);
    assert_string_equal(f.effects.effect[0].field, field);
}

static size_t owed_count(void)
{
    size_t count = 0;
    for (size_t i = 0; i < f.dossier.instance_count; i++) {
        count += f.dossier.instance[i].expectation != 1 && sch_instance_is_open(&f.dossier.instance[i]);
    }
    return count;
}

static void test_a_wijkteam_reports_its_result(void **state)
{
    (void)state;
    begin(WIJKTEAM);
    assert_int_equal(owed_count(), 1);
    say(SCH_KIND_ACCEPTANCE, SCH_PHASE_ACCEPTED);
    assert_int_equal(step_fixture_owed(&f, 12)->due_ms, step_fixture_end_of(20260413));
    step_fixture_message(&f, SCH_KIND_TEAM_RESULT)->sections = SCH_SECTION_QUESTION;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_int_equal(f.dossier.phase, SCH_PHASE_ENDED);
    assert_int_equal(step_fixture_owed(&f, 12)->standing, SCH_STANDING_INCOMPLETE);
    say(SCH_KIND_TEAM_RESULT, SCH_PHASE_CLOSED);
    struct sch_id letter = f.last;
    assert_int_equal(owed_count(), 0);
    assert_int_equal(f.dossier.closed_ms, f.world.now_ms);
    assert_int_equal(step_fixture_settle(&f, SCH_EVENT_COLLECT, letter, PRACTICE, SCH_SECTION_RESULT),
                     SCH_OK);
    assert_int_equal(f.dossier.phase, SCH_PHASE_ENDED);
    assert_int_equal(step_fixture_owed(&f, 12)->standing, SCH_STANDING_INCOMPLETE);
    /* Never a diagnosis. */
    step_fixture_message(&f, SCH_KIND_TEAM_RESULT)->sections = SCH_SECTION_DIAGNOSIS;
    expect(SCH_E_SECTION_FORBIDDEN, "header.sections");
}

static void test_a_result_without_an_acceptance(void **state)
{
    (void)state;
    begin(WIJKTEAM);
    say(SCH_KIND_TEAM_RESULT, SCH_PHASE_CLOSED);
    assert_null(step_fixture_owed(&f, 2));
    assert_int_equal(step_fixture_about(&f, SCH_EFFECT_CLOSE, 2)->instance.standing, SCH_STANDING_CLOSED);
    /* One acceptance more does not ask for another. */
    say(SCH_KIND_ACCEPTANCE, SCH_PHASE_CLOSED);
    assert_null(step_fixture_owed(&f, 12));
}

static void test_the_referrer_hears_the_result_too(void **state)
{
    (void)state;
    step_fixture_init(&f);
    step_fixture_referral(&f, POH, WIJKTEAM)->creditor = f.party[PRACTICE].address;
    step_fixture_copy(&f, PRACTICE);
    open_sent();
    say(SCH_KIND_ACCEPTANCE, SCH_PHASE_ACCEPTED);
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_DELIVER), 1);
    say(SCH_KIND_TEAM_RESULT, SCH_PHASE_CLOSED);
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_DELIVER), 2);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_DELIVER, 1)->member, SCH_MEMBER_REFERRER);
}

static void test_letters_of_other_dossiers(void **state)
{
    (void)state;
    begin(S);
    (void)step_fixture_message(&f, SCH_KIND_CONSULT_REPLY);
    expect(SCH_E_NOT_NOW, "header.kind");
    f.permits.allowed[SCH_PARTY_S_GGZ][SCH_KIND_EXPLORATION_ADVICE] = UINT32_MAX;
    f.permits.allowed[SCH_PARTY_S_GGZ][SCH_KIND_TEAM_RESULT] = UINT32_MAX;
    (void)step_fixture_message(&f, SCH_KIND_EXPLORATION_ADVICE);
    expect(SCH_E_NOT_NOW, "header.kind");
    (void)step_fixture_message(&f, SCH_KIND_TEAM_RESULT);
    expect(SCH_E_NOT_NOW, "header.kind");
}

static void test_a_consult(void **state)
{
    (void)state;
    opening(SCH_KIND_CONSULT_REQUEST, PRACTICE, S);
    open_sent();
    assert_int_equal(f.dossier.phase, SCH_PHASE_SENT);
    assert_int_equal(f.dossier.kind, SCH_KIND_CONSULT_REQUEST);
    assert_int_equal(owed_count(), 1);
    assert_int_equal(step_fixture_owed(&f, 14)->due_ms, step_fixture_end_of(20260309));
    assert_int_equal(step_fixture_owed(&f, 14)->member, SCH_MEMBER_RECEIVER);
    say(SCH_KIND_ACCEPTANCE, SCH_PHASE_ACCEPTED);
    assert_int_equal(owed_count(), 1);
    say(SCH_KIND_CONSULT_REPLY, SCH_PHASE_CLOSED);
    assert_int_equal(owed_count(), 0);
}

static void test_a_consult_that_is_refused_withdrawn_or_lost(void **state)
{
    (void)state;
    opening(SCH_KIND_CONSULT_REQUEST, PRACTICE, S);
    open_sent();
    say(SCH_KIND_REFUSAL, SCH_PHASE_REFUSED);
    assert_null(step_fixture_owed(&f, 14));
    assert_non_null(step_fixture_owed(&f, 10));
    say(SCH_KIND_ACCEPTANCE, SCH_PHASE_ACCEPTED);
    assert_non_null(step_fixture_owed(&f, 14));
    say(SCH_KIND_WITHDRAWAL, SCH_PHASE_WITHDRAWN);
    assert_int_equal(owed_count(), 0);
    opening(SCH_KIND_CONSULT_REQUEST, PRACTICE, S);
    open_sent();
    assert_int_equal(step_fixture_settle(&f, SCH_EVENT_REFUSE, f.referral, S, 0), SCH_OK);
    assert_int_equal(f.dossier.phase, SCH_PHASE_UNDELIVERED);
    assert_int_equal(step_fixture_owed(&f, 10)->member, SCH_MEMBER_REFERRER);
}

static void test_the_gp_is_always_in_copy(void **state)
{
    (void)state;
    static const enum sch_kind kinds[] = { SCH_KIND_CONSULT_REQUEST, SCH_KIND_EXPLORATION_REQUEST };
    for (size_t i = 0; i < 2; i++) {
        enum step_party to = i == 0 ? S : TALK;
        opening(kinds[i], POH, to);
        expect(SCH_E_FIELD_MISSING, "header.creditor");
        opening(kinds[i], WIJKTEAM, to)->creditor = f.party[PRACTICE].address;
        expect(SCH_E_FIELD_INVALID, "header.copies");
        opening(kinds[i], WIJKTEAM, to)->creditor = f.party[HUISARTSENPOST].address;
        step_fixture_copy(&f, HUISARTSENPOST);
        expect(SCH_E_FIELD_INVALID, "header.creditor");
        opening(kinds[i], WIJKTEAM, to)->creditor = f.party[PRACTICE].address;
        step_fixture_copy(&f, PRACTICE);
        open_sent();
        assert_int_equal(step_fixture_count(&f, SCH_EFFECT_DELIVER), 2);
        assert_string_equal(f.dossier.member[SCH_MEMBER_CREDITOR].address.text,
                            f.party[PRACTICE].address.text);
    }
}

static void advise(enum sch_route route)
{
    step_fixture_message(&f, SCH_KIND_EXPLORATION_ADVICE)->fact[SCH_FACT_ROUTE] = (int64_t)route;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
}

static void test_an_exploratory_talk(void **state)
{
    (void)state;
    for (int route = SCH_ROUTE_GP; route <= SCH_ROUTE_NONE; route++) {
        opening(SCH_KIND_EXPLORATION_REQUEST, PRACTICE, TALK);
        open_sent();
        assert_int_equal(step_fixture_owed(&f, 13)->due_ms, step_fixture_end_of(20260323));
        assert_int_equal(owed_count(), 1);
        advise((enum sch_route)route);
        assert_int_equal(f.dossier.phase, SCH_PHASE_CLOSED);
        bool ggz = route == SCH_ROUTE_GB_GGZ || route == SCH_ROUTE_S_GGZ;
        assert_int_equal(step_fixture_owed(&f, 10) != NULL, ggz);
        assert_int_equal(f.dossier.closed_ms == 0, ggz);
        assert_int_equal(f.dossier.refusals, 0);
    }
    opening(SCH_KIND_EXPLORATION_REQUEST, PRACTICE, TALK);
    open_sent();
    say(SCH_KIND_REFUSAL, SCH_PHASE_REFUSED);
    assert_null(step_fixture_owed(&f, 13));
    assert_non_null(step_fixture_owed(&f, 10));
    say(SCH_KIND_ACCEPTANCE, SCH_PHASE_ACCEPTED);
    assert_non_null(step_fixture_owed(&f, 13));
    say(SCH_KIND_REFUSAL, SCH_PHASE_REFUSED);
    advise(SCH_ROUTE_GP);
    assert_int_equal(f.dossier.phase, SCH_PHASE_CLOSED);
    assert_null(step_fixture_owed(&f, 10));
}

static void test_care_without_a_referral(void **state)
{
    (void)state;
    opening(SCH_KIND_CARE_NOTICE, S, PRACTICE)->fact[SCH_FACT_EVENT_DATE] = step_fixture_date(&f, -5);
    step_fixture_copy(&f, POH);
    open_sent();
    assert_int_equal(f.dossier.phase, SCH_PHASE_IN_TREATMENT);
    /* Who treats is the receiver; the practice is the referrer and the creditor. */
    assert_string_equal(f.dossier.member[SCH_MEMBER_RECEIVER].address.text, f.party[S].address.text);
    assert_string_equal(f.dossier.member[SCH_MEMBER_REFERRER].address.text, f.party[PRACTICE].address.text);
    assert_string_equal(f.dossier.member[SCH_MEMBER_CREDITOR].address.text, f.party[PRACTICE].address.text);
    assert_true(f.dossier.received);
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_DELIVER), 2);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_DELIVER, 0)->member, SCH_MEMBER_CREDITOR);
    assert_int_equal(owed_count(), 1);
    assert_int_equal(step_fixture_owed(&f, 15)->member, SCH_MEMBER_RECEIVER);
    /* Sixty days from 25 February. */
    assert_int_equal(step_fixture_owed(&f, 15)->due_ms, step_fixture_end_of(20260426));
    assert_int_equal(step_fixture_collect(&f, f.referral, PRACTICE), SCH_OK);
    say(SCH_KIND_INTAKE_REPORT, SCH_PHASE_IN_TREATMENT);
    assert_int_equal(owed_count(), 0);
    say(SCH_KIND_TREATMENT_END, SCH_PHASE_ENDED);
    say(SCH_KIND_DISCHARGE_LETTER, SCH_PHASE_CLOSED);
}

/* Of care that has ended a letter of its course is the last that was owed. */
static void test_a_progress_letter_may_be_the_last(void **state)
{
    (void)state;
    opening(SCH_KIND_CARE_NOTICE, S, PRACTICE);
    open_sent();
    say(SCH_KIND_TREATMENT_END, SCH_PHASE_ENDED);
    step_fixture_message(&f, SCH_KIND_NO_REPORT)->fact[SCH_FACT_EXPECTATION] = 9;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_int_equal(f.dossier.phase, SCH_PHASE_ENDED);
    say(SCH_KIND_PROGRESS_LETTER, SCH_PHASE_CLOSED);
    assert_int_equal(owed_count(), 0);
}

/* Whoever sent the patient back and treats him after all owes what he owed: from the same day. */
static void test_care_taken_back_counts_from_its_day(void **state)
{
    (void)state;
    opening(SCH_KIND_CARE_NOTICE, S, PRACTICE)->fact[SCH_FACT_EVENT_DATE] = step_fixture_date(&f, -5);
    open_sent();
    say(SCH_KIND_BACK_REFERRAL, SCH_PHASE_BACK_REFERRED);
    assert_null(step_fixture_owed(&f, 15));
    say(SCH_KIND_TREATMENT_START, SCH_PHASE_IN_TREATMENT);
    assert_int_equal(step_fixture_owed(&f, 15)->due_ms, step_fixture_end_of(20260426));
}

/* The practice does not take him back: care goes on, of which the letter was written, or was not. */
static void test_care_that_goes_on_owes_no_second_letter(void **state)
{
    (void)state;
    for (int written = 0; written < 2; written++) {
        opening(SCH_KIND_CARE_NOTICE, S, PRACTICE);
        open_sent();
        if (written) {
            say(SCH_KIND_INTAKE_REPORT, SCH_PHASE_IN_TREATMENT);
        }
        say(SCH_KIND_BACK_REFERRAL, SCH_PHASE_BACK_REFERRED);
        (void)step_fixture_message_of(&f, SCH_KIND_REFUSAL, PRACTICE);
        assert_int_equal(step_fixture_send(&f), SCH_OK);
        assert_int_equal(f.dossier.phase, SCH_PHASE_IN_TREATMENT);
        assert_int_equal(step_fixture_owed(&f, 15) == NULL, written);
    }
}

static void test_what_answers_a_care_notice(void **state)
{
    (void)state;
    static const enum sch_kind kinds[] = { SCH_KIND_INTAKE_REPORT, SCH_KIND_PROGRESS_LETTER,
                                           SCH_KIND_DISCHARGE_LETTER };
    for (size_t i = 0; i < 3; i++) {
        opening(SCH_KIND_CARE_NOTICE, S, PRACTICE);
        open_sent();
        step_fixture_message(&f, kinds[i])->sections = 0;
        assert_int_equal(step_fixture_send(&f), SCH_OK);
        assert_int_equal(step_fixture_owed(&f, 15)->standing, SCH_STANDING_INCOMPLETE);
        assert_int_equal(step_fixture_say(&f, kinds[i]), SCH_OK);
        assert_null(step_fixture_owed(&f, 15));
    }
    opening(SCH_KIND_CARE_NOTICE, CRISIS, PRACTICE);
    open_sent();
    f.permits.allowed[SCH_PARTY_CRISIS][SCH_KIND_NO_REPORT] = UINT32_MAX;
    step_fixture_message(&f, SCH_KIND_NO_REPORT)->fact[SCH_FACT_EXPECTATION] = 15;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_null(step_fixture_owed(&f, 15));
    assert_int_equal(step_fixture_about(&f, SCH_EFFECT_CLOSE, 15)->instance.standing, SCH_STANDING_WITHHELD);
}

static void test_the_day_of_care(void **state)
{
    (void)state;
    opening(SCH_KIND_CARE_NOTICE, S, PRACTICE)->fact[SCH_FACT_EVENT_DATE] = step_fixture_date(&f, -732);
    expect(SCH_E_FIELD_INVALID, "header.event_date");
    opening(SCH_KIND_CARE_NOTICE, S, PRACTICE)->fact[SCH_FACT_EVENT_DATE] = step_fixture_date(&f, 10);
    open_sent();
    assert_int_equal(step_fixture_owed(&f, 15)->due_ms, step_fixture_end_of(20260501));
    opening(SCH_KIND_CARE_NOTICE, S, PRACTICE)->creditor = f.party[PRACTICE].address;
    expect(SCH_E_FIELD_FORBIDDEN, "header.creditor");
}

static void test_an_undelivered_notice_is_only_reported(void **state)
{
    (void)state;
    opening(SCH_KIND_CARE_NOTICE, S, PRACTICE);
    open_sent();
    assert_int_equal(step_fixture_settle(&f, SCH_EVENT_REFUSE, f.referral, PRACTICE, 0), SCH_OK);
    assert_int_equal(f.dossier.phase, SCH_PHASE_IN_TREATMENT);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_MAKE, 0)->member, SCH_MEMBER_RECEIVER);
    assert_null(step_fixture_owed(&f, 10));
}

static void test_involvement_both_ways(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        enum step_party from = i == 0 ? PRACTICE : WIJKTEAM, to = i == 0 ? WIJKTEAM : PRACTICE;
        opening(SCH_KIND_INVOLVEMENT_NOTICE, from, to);
        open_sent();
        assert_int_equal(f.dossier.phase, SCH_PHASE_CLOSED);
        assert_int_equal(f.dossier.closed_ms, f.world.now_ms);
        assert_int_equal(owed_count(), 0);
        assert_string_equal(f.dossier.member[SCH_MEMBER_CREDITOR].address.text,
                            f.party[PRACTICE].address.text);
        assert_non_null(step_fixture_about(&f, SCH_EFFECT_OPEN, 1));
        assert_int_equal(step_fixture_collect(&f, f.referral, to), SCH_OK);
        assert_int_equal(f.dossier.closed_ms, f.world.now_ms);
    }
    opening(SCH_KIND_INVOLVEMENT_NOTICE, PRACTICE, WIJKTEAM)->fact[SCH_FACT_CONSENT] = 0;
    expect(SCH_E_FIELD_MISSING, "header.consent");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_wijkteam_reports_its_result),
        cmocka_unit_test(test_a_result_without_an_acceptance),
        cmocka_unit_test(test_the_referrer_hears_the_result_too),
        cmocka_unit_test(test_letters_of_other_dossiers),
        cmocka_unit_test(test_a_consult),
        cmocka_unit_test(test_a_consult_that_is_refused_withdrawn_or_lost),
        cmocka_unit_test(test_the_gp_is_always_in_copy),
        cmocka_unit_test(test_an_exploratory_talk),
        cmocka_unit_test(test_care_without_a_referral),
        cmocka_unit_test(test_a_progress_letter_may_be_the_last),
        cmocka_unit_test(test_care_taken_back_counts_from_its_day),
        cmocka_unit_test(test_care_that_goes_on_owes_no_second_letter),
        cmocka_unit_test(test_what_answers_a_care_notice),
        cmocka_unit_test(test_the_day_of_care),
        cmocka_unit_test(test_an_undelivered_notice_is_only_reported),
        cmocka_unit_test(test_involvement_both_ways),
    };
    return cmocka_run_group_tests_name("step_small", tests, NULL, NULL);
}
