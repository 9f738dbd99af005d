/* test_step_forward.c: a patient who goes from one dossier to another, and REFERRALs that were errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/calendar.h"
#include "step_fixture.h"

static struct step_fixture f;
static struct sch_dossier origin;
static const struct sch_id child = { { 7, 7 } }, other = { { 8, 8 } };

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

static void hear(enum sch_event_type type, struct sch_id message, enum step_party from, bool taken_back)
{
    memset(&f.event, 0, sizeof f.event);
    f.event.type = type;
    f.event.taken_back = taken_back;
    f.event.message = message;
    f.event.sender = &f.party[from];
    assert_int_equal(step_fixture_step(&f), SCH_OK);
}

static void correct(struct sch_id subject, enum sch_kind kind, enum step_party sender, enum sch_phase phase)
{
    (void)step_fixture_correction(&f, subject, kind, sender);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_int_equal(f.dossier.phase, phase);
}

static struct sch_id report_no_treatment(void)
{
    step_fixture_message(&f, SCH_KIND_INTAKE_REPORT)->fact[SCH_FACT_OUTCOME] = SCH_OUTCOME_NO_TREATMENT;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    return f.last;
}

/* The refusal before was taken back: it has nothing to do with where the patient is now. */
static void test_a_child_in_error_after_an_earlier_refusal(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_REFUSAL, SCH_PHASE_REFUSED);
    say(SCH_KIND_ACCEPTANCE, SCH_PHASE_ACCEPTED);
    (void)step_fixture_redirect(&f, SCH_MODE_FORWARDED);
    hear(SCH_EVENT_FORWARD, child, S, false);
    assert_null(step_fixture_owed(&f, 10));
    hear(SCH_EVENT_FORWARD, child, S, true);
    assert_int_equal(step_fixture_owed(&f, 10)->member, SCH_MEMBER_CREDITOR);
    assert_int_equal(f.dossier.refusals, 1);
}

/* The practice did not wait for the child, and what it sent instead was an error. */
static void test_a_faster_referral_in_error(void **state)
{
    (void)state;
    begin();
    (void)step_fixture_redirect(&f, SCH_MODE_FORWARDED);
    hear(SCH_EVENT_FOLLOW, other, PRACTICE, false);
    assert_true(f.dossier.taken_up);
    hear(SCH_EVENT_FOLLOW, other, PRACTICE, true);
    assert_non_null(step_fixture_owed(&f, 10));
    assert_int_equal(f.dossier.refusals, 1);
    /* A child that came stands for the patient, whatever became of the other. */
    begin();
    (void)step_fixture_redirect(&f, SCH_MODE_FORWARDED);
    hear(SCH_EVENT_FOLLOW, other, PRACTICE, false);
    hear(SCH_EVENT_FORWARD, child, S, false);
    hear(SCH_EVENT_FOLLOW, other, PRACTICE, true);
    assert_null(step_fixture_owed(&f, 10));
    assert_int_equal(f.dossier.refusals, 0);
}

/* The chain was refused once before, and this dossier sent nobody away. */
static void test_a_forwarded_dossier_in_error_counts_nobody_off(void **state)
{
    (void)state;
    begin();
    f.dossier.refusals = 1;
    (void)step_fixture_redirect(&f, SCH_MODE_FORWARDED);
    hear(SCH_EVENT_FORWARD, child, S, false);
    assert_int_equal(f.dossier.refusals, 1);
    correct(f.referral, SCH_KIND_REFERRAL, PRACTICE, SCH_PHASE_ENTERED_IN_ERROR);
    assert_int_equal(f.dossier.refusals, 1);
    /* Nor does the end of a patient who was advised, beyond the one that it was. */
    begin();
    f.dossier.refusals = 1;
    (void)step_fixture_redirect(&f, SCH_MODE_ADVISED);
    hear(SCH_EVENT_FORWARD, child, S, false);
    assert_int_equal(f.dossier.refusals, 2);
    correct(f.referral, SCH_KIND_REFERRAL, PRACTICE, SCH_PHASE_ENTERED_IN_ERROR);
    assert_int_equal(f.dossier.refusals, 1);
}

static void test_a_redirection_in_error_after_the_child(void **state)
{
    (void)state;
    begin();
    f.dossier.refusals = 1;
    struct sch_id redirection = step_fixture_redirect(&f, SCH_MODE_FORWARDED);
    assert_int_equal(step_fixture_collect(&f, redirection, PRACTICE), SCH_OK);
    assert_int_equal(step_fixture_collect(&f, redirection, POH), SCH_OK);
    hear(SCH_EVENT_FORWARD, child, S, false);
    correct(redirection, SCH_KIND_REDIRECTION, S, SCH_PHASE_SENT);
    assert_int_equal(f.dossier.refusals, 1);
    assert_non_null(step_fixture_owed(&f, 2));
    assert_false(f.dossier.taken_up);
}

/* An E10 whose message was an error does not come back, nor is anything counted off that was never counted. */
static void test_the_count_does_not_fall_below_zero(void **state)
{
    (void)state;
    begin();
    struct sch_id report = report_no_treatment();
    struct sch_id taken = say(SCH_KIND_TAKEN_UP, SCH_PHASE_CLOSED);
    correct(report, SCH_KIND_INTAKE_REPORT, S, SCH_PHASE_SENT);
    struct sch_id redirection = step_fixture_redirect(&f, SCH_MODE_FORWARDED);
    hear(SCH_EVENT_FORWARD, child, S, false);
    correct(taken, SCH_KIND_TAKEN_UP, PRACTICE, SCH_PHASE_REDIRECTED);
    assert_null(step_fixture_owed(&f, 10));
    correct(redirection, SCH_KIND_REDIRECTION, S, SCH_PHASE_SENT);
    assert_int_equal(f.dossier.refusals, 0);
}

static void follow(struct sch_id message, bool taken_back)
{
    hear(SCH_EVENT_FOLLOW, message, PRACTICE, taken_back);
}

/* The child went to a wrong party, so it was sent to the right one, and taken back: the patient is under way. */
static void test_one_of_two_children_in_error(void **state)
{
    (void)state;
    for (int order = 0; order < 2; order++) {
        begin();
        (void)step_fixture_redirect(&f, SCH_MODE_FORWARDED);
        hear(SCH_EVENT_FORWARD, child, S, false);
        hear(SCH_EVENT_FORWARD, other, S, false);
        hear(SCH_EVENT_FORWARD, order == 0 ? child : other, S, true);
        assert_null(step_fixture_owed(&f, 10));
        assert_int_equal(f.dossier.refusals, 0);
        hear(SCH_EVENT_FORWARD, order == 0 ? other : child, S, true);
        assert_non_null(step_fixture_owed(&f, 10));
        assert_int_equal(f.dossier.refusals, 1);
    }
}

static void test_one_of_two_referrals_in_error(void **state)
{
    (void)state;
    for (int order = 0; order < 2; order++) {
        begin();
        say(SCH_KIND_REFUSAL, SCH_PHASE_REFUSED);
        follow(child, false);
        follow(other, false);
        follow(order == 0 ? child : other, true);
        assert_null(step_fixture_owed(&f, 10));
        assert_true(f.dossier.taken_up);
        follow(order == 0 ? other : child, true);
        assert_non_null(step_fixture_owed(&f, 10));
        assert_false(f.dossier.taken_up);
    }
}

/* The practice told that it sees to the patient, and referred him again; only the first was an error. */
static void test_taken_up_in_error_and_referred_again(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_REFUSAL, SCH_PHASE_REFUSED);
    struct sch_id taken = say(SCH_KIND_TAKEN_UP, SCH_PHASE_REFUSED);
    follow(other, false);
    correct(taken, SCH_KIND_TAKEN_UP, PRACTICE, SCH_PHASE_REFUSED);
    assert_null(step_fixture_owed(&f, 10));
    assert_true(f.dossier.taken_up);
    follow(other, true);
    assert_non_null(step_fixture_owed(&f, 10));
}

/* Whoever took the patient up before was another time. */
static void test_a_referral_of_another_time(void **state)
{
    (void)state;
    begin();
    struct sch_id refusal = say(SCH_KIND_REFUSAL, SCH_PHASE_REFUSED);
    follow(child, false);
    correct(refusal, SCH_KIND_REFUSAL, S, SCH_PHASE_SENT);
    say(SCH_KIND_REFUSAL, SCH_PHASE_REFUSED);
    assert_non_null(step_fixture_owed(&f, 10));
    follow(other, false);
    follow(other, true);
    assert_non_null(step_fixture_owed(&f, 10));
    /* So was a transfer while he was treated here. */
    begin();
    say(SCH_KIND_TREATMENT_START, SCH_PHASE_IN_TREATMENT);
    hear(SCH_EVENT_FORWARD, child, S, false);
    say(SCH_KIND_BACK_REFERRAL, SCH_PHASE_BACK_REFERRED);
    follow(other, false);
    assert_null(step_fixture_owed(&f, 10));
    follow(other, true);
    assert_non_null(step_fixture_owed(&f, 10));
    /* But a child that came before its REDIRECTION is what that speaks of, also when it is said anew. */
    begin();
    hear(SCH_EVENT_FORWARD, child, S, false);
    struct sch_id redirection = step_fixture_redirect(&f, SCH_MODE_FORWARDED);
    correct(redirection, SCH_KIND_REDIRECTION, S, SCH_PHASE_SENT);
    (void)step_fixture_redirect(&f, SCH_MODE_FORWARDED);
    step_fixture_live(&f, 30);
    assert_null(step_fixture_owed(&f, 10));
    hear(SCH_EVENT_FORWARD, child, S, true);
    assert_non_null(step_fixture_owed(&f, 10));
}

/* Of another time nothing is left but that there are children. */
static void test_nobody_is_on_his_way_any_more(void **state)
{
    (void)state;
    begin();
    struct sch_id refusal = say(SCH_KIND_REFUSAL, SCH_PHASE_REFUSED);
    follow(child, false);
    correct(refusal, SCH_KIND_REFUSAL, S, SCH_PHASE_SENT);
    assert_int_equal(f.dossier.successor_count, 0);
    /* Nor does who refers again now take anybody up. */
    follow(other, false);
    assert_int_equal(f.dossier.successor_count, 0);
    assert_false(f.dossier.taken_up);
    begin();
    struct sch_id redirection = step_fixture_redirect(&f, SCH_MODE_FORWARDED);
    hear(SCH_EVENT_FORWARD, child, S, false);
    correct(redirection, SCH_KIND_REDIRECTION, S, SCH_PHASE_SENT);
    assert_int_equal(f.dossier.successor_count, 1);
    say(SCH_KIND_REFUSAL, SCH_PHASE_REFUSED);
    follow(other, false);
    assert_null(step_fixture_owed(&f, 10));
    follow(other, true);
    assert_non_null(step_fixture_owed(&f, 10));
}

/* A referrer who is not the creditor sees to a patient when the E10 is his. */
static void test_the_referrer_refers_again(void **state)
{
    (void)state;
    step_fixture_init(&f);
    step_fixture_referral(&f, HUISARTSENPOST, S)->creditor = f.party[PRACTICE].address;
    step_fixture_copy(&f, PRACTICE);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    say(SCH_KIND_REFUSAL, SCH_PHASE_REFUSED);
    hear(SCH_EVENT_FOLLOW, child, HUISARTSENPOST, false);
    assert_non_null(step_fixture_owed(&f, 10));
    assert_int_equal(f.dossier.successor_count, 0);
    f.dossier.instance[step_fixture_owed(&f, 10) - f.dossier.instance].member = SCH_MEMBER_REFERRER;
    hear(SCH_EVENT_FOLLOW, child, HUISARTSENPOST, false);
    hear(SCH_EVENT_FOLLOW, other, HUISARTSENPOST, false);
    hear(SCH_EVENT_FOLLOW, child, HUISARTSENPOST, true);
    assert_null(step_fixture_owed(&f, 10));
    hear(SCH_EVENT_FOLLOW, other, HUISARTSENPOST, true);
    assert_non_null(step_fixture_owed(&f, 10));
}

/* As many children as are told apart, and one more: as long as one stands, the patient is under way. */
static void test_more_children_than_are_told_apart(void **state)
{
    (void)state;
    for (uint8_t count = SCH_SUCCESSORS_MAX; count <= SCH_SUCCESSORS_MAX + 1; count++) {
        begin();
        for (uint8_t i = 0; i < count; i++) {
            hear(SCH_EVENT_FORWARD, (struct sch_id){ { 9, i } }, S, false);
        }
        assert_int_equal(f.dossier.successor_count, SCH_SUCCESSORS_MAX);
        assert_int_equal(f.dossier.forwarded, count > SCH_SUCCESSORS_MAX);
        (void)step_fixture_redirect(&f, SCH_MODE_FORWARDED);
        for (uint8_t i = 0; i < count; i++) {
            assert_null(step_fixture_owed(&f, 10));
            hear(SCH_EVENT_FORWARD, (struct sch_id){ { 9, i } }, S, true);
        }
        assert_non_null(step_fixture_owed(&f, 10));
    }
    /* One that follows finds no place either, and leaves no trace. */
    begin();
    say(SCH_KIND_REFUSAL, SCH_PHASE_REFUSED);
    for (uint8_t i = 0; i <= SCH_SUCCESSORS_MAX; i++) {
        follow((struct sch_id){ { 9, i } }, false);
    }
    assert_int_equal(f.dossier.successor_count, SCH_SUCCESSORS_MAX);
    assert_false(f.dossier.forwarded);
}

static void test_the_count_does_not_turn_over(void **state)
{
    (void)state;
    begin();
    f.dossier.refusals = UINT8_MAX;
    say(SCH_KIND_REFUSAL, SCH_PHASE_REFUSED);
    assert_int_equal(f.dossier.refusals, UINT8_MAX);
}

/* A REFERRAL that followed and was an error gives nothing back that is no longer wanted. */
static void test_the_dossier_has_moved_on(void **state)
{
    (void)state;
    begin();
    struct sch_id refusal = say(SCH_KIND_REFUSAL, SCH_PHASE_REFUSED);
    hear(SCH_EVENT_FOLLOW, other, PRACTICE, false);
    correct(refusal, SCH_KIND_REFUSAL, S, SCH_PHASE_SENT);
    hear(SCH_EVENT_FOLLOW, other, PRACTICE, true);
    assert_int_equal(f.effects.count, 0);
    begin();
    say(SCH_KIND_REFUSAL, SCH_PHASE_REFUSED);
    hear(SCH_EVENT_FOLLOW, other, PRACTICE, false);
    correct(f.referral, SCH_KIND_REFERRAL, PRACTICE, SCH_PHASE_ENTERED_IN_ERROR);
    hear(SCH_EVENT_FOLLOW, other, PRACTICE, true);
    assert_int_equal(f.effects.count, 0);
    /* Nor what somebody else has answered. */
    begin();
    say(SCH_KIND_REFUSAL, SCH_PHASE_REFUSED);
    step_fixture_message(&f, SCH_KIND_WAIVER)->fact[SCH_FACT_EXPECTATION] = 10;
    f.header.sender = f.party[COORDINATOR].address;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    hear(SCH_EVENT_FOLLOW, f.last, PRACTICE, true);
    assert_int_equal(f.effects.count, 0);
    /* Nor twice: the patient was sent back another time since, and that is owed already. */
    begin();
    step_fixture_message(&f, SCH_KIND_INTAKE_REPORT)->fact[SCH_FACT_OUTCOME] = SCH_OUTCOME_NO_TREATMENT;
    f.header.sections = SCH_SECTION_PLAN;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    hear(SCH_EVENT_FOLLOW, other, PRACTICE, false);
    assert_null(step_fixture_owed(&f, 10));
    say(SCH_KIND_BACK_REFERRAL, SCH_PHASE_BACK_REFERRED);
    assert_non_null(step_fixture_owed(&f, 10));
    hear(SCH_EVENT_FOLLOW, other, PRACTICE, true);
    assert_int_equal(f.effects.count, 0);
}

/* Who was not treated here was referred again, in error: the practice has to see to him still. */
static void test_an_end_without_treatment_is_owed_again(void **state)
{
    (void)state;
    begin();
    step_fixture_message(&f, SCH_KIND_INTAKE_REPORT)->fact[SCH_FACT_OUTCOME] = SCH_OUTCOME_NO_TREATMENT;
    f.header.sections = SCH_SECTION_PLAN;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_int_equal(f.dossier.phase, SCH_PHASE_ENDED);
    hear(SCH_EVENT_FOLLOW, other, PRACTICE, false);
    hear(SCH_EVENT_FOLLOW, other, PRACTICE, true);
    assert_non_null(step_fixture_owed(&f, 10));
    assert_false(f.dossier.taken_up);
}

static struct sch_header *again(enum step_party from)
{
    struct sch_header *header = step_fixture_referral(&f, from, S);
    origin = f.dossier;
    f.origin = &origin;
    memset(&f.dossier, 0, sizeof f.dossier);
    f.dossier.id = header->id;
    header->follows = origin.id;
    return header;
}

static void open_for_the_practice(void)
{
    step_fixture_init(&f);
    step_fixture_referral(&f, HUISARTSENPOST, S)->creditor = f.party[PRACTICE].address;
    step_fixture_copy(&f, PRACTICE);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    say(SCH_KIND_REFUSAL, SCH_PHASE_REFUSED);
}

/* The creditor may follow, and so may the referrer; each begins a dossier of its own. */
static void test_who_may_refer_again(void **state)
{
    (void)state;
    open_for_the_practice();
    again(PRACTICE);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_string_equal(f.dossier.member[SCH_MEMBER_CREDITOR].address.text, f.party[PRACTICE].address.text);
    open_for_the_practice();
    again(HUISARTSENPOST);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_string_equal(f.dossier.member[SCH_MEMBER_CREDITOR].address.text,
                        f.party[HUISARTSENPOST].address.text);
    open_for_the_practice();
    again(POH);
    f.permits.allowed[SCH_PARTY_POH_GGZ][SCH_KIND_REFERRAL] = UINT32_MAX;
    assert_int_equal(step_fixture_send(&f), SCH_E_UNKNOWN_DOSSIER);
}

static void test_the_origin_hears_of_an_error(void **state)
{
    (void)state;
    open_for_the_practice();
    struct sch_id before = f.dossier.id;
    /* A chain begins with its first dossier. */
    assert_int_equal(f.dossier.chain_ms, f.world.now_ms);
    again(PRACTICE);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_false(step_fixture_effect(&f, SCH_EFFECT_FOLLOW, 0)->taken_back);
    correct(f.dossier.id, SCH_KIND_REFERRAL, PRACTICE, SCH_PHASE_ENTERED_IN_ERROR);
    assert_true(step_fixture_effect(&f, SCH_EFFECT_FOLLOW, 0)->taken_back);
    assert_memory_equal(&step_fixture_effect(&f, SCH_EFFECT_FOLLOW, 0)->message, &before, sizeof before);
}

/* Ggz refers on, never out of nothing, whichever it is; a wijkteam it may ask where the region lets it. */
static void test_ggz_refers_on(void **state)
{
    (void)state;
    static const enum step_party from[] = { GB, S };
    step_fixture_init(&f);
    for (size_t i = 0; i < 2; i++) {
        step_fixture_referral(&f, from[i], from[1 - i])->creditor = f.party[PRACTICE].address;
        step_fixture_copy(&f, PRACTICE);
        memset(&f.dossier, 0, sizeof f.dossier);
        assert_int_equal(step_fixture_send(&f), SCH_E_FIELD_MISSING);
        assert_string_equal(f.effects.effect[0].field, "header.parent");
    }
    f.permits.allowed[SCH_PARTY_S_GGZ][SCH_KIND_REFERRAL] = UINT32_MAX;
    step_fixture_referral(&f, S, WIJKTEAM)->creditor = f.party[PRACTICE].address;
    step_fixture_copy(&f, PRACTICE);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
}

/* The practice of the patient may be any of the copies of a child. */
static void test_the_creditor_is_a_later_copy(void **state)
{
    (void)state;
    begin();
    say(SCH_KIND_TREATMENT_START, SCH_PHASE_IN_TREATMENT);
    origin = f.dossier;
    f.origin = &origin;
    step_fixture_referral(&f, S, GB)->parent = origin.id;
    memset(&f.dossier, 0, sizeof f.dossier);
    step_fixture_copy(&f, POH);
    assert_int_equal(step_fixture_send(&f), SCH_E_FIELD_INVALID);
    assert_string_equal(f.effects.effect[0].field, "header.copies");
    step_fixture_copy(&f, PRACTICE);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_child_in_error_after_an_earlier_refusal),
        cmocka_unit_test(test_a_faster_referral_in_error),
        cmocka_unit_test(test_a_forwarded_dossier_in_error_counts_nobody_off),
        cmocka_unit_test(test_a_redirection_in_error_after_the_child),
        cmocka_unit_test(test_the_count_does_not_fall_below_zero),
        cmocka_unit_test(test_the_count_does_not_turn_over),
        cmocka_unit_test(test_one_of_two_children_in_error),
        cmocka_unit_test(test_one_of_two_referrals_in_error),
        cmocka_unit_test(test_taken_up_in_error_and_referred_again),
        cmocka_unit_test(test_a_referral_of_another_time),
        cmocka_unit_test(test_nobody_is_on_his_way_any_more),
        cmocka_unit_test(test_the_referrer_refers_again),
        cmocka_unit_test(test_more_children_than_are_told_apart),
        cmocka_unit_test(test_the_dossier_has_moved_on),
        cmocka_unit_test(test_an_end_without_treatment_is_owed_again),
        cmocka_unit_test(test_who_may_refer_again),
        cmocka_unit_test(test_the_origin_hears_of_an_error),
        cmocka_unit_test(test_ggz_refers_on),
        cmocka_unit_test(test_the_creditor_is_a_later_copy),
    };
    return cmocka_run_group_tests_name("step_forward", tests, NULL, NULL);
}
