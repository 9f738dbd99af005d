/* test_step_answer.c: TAKEN_UP, WAIVER, and a referral that follows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/calendar.h"
#include "step_fixture.h"

static struct step_fixture f;
static struct sch_dossier before;

static void begin(void)
{
    step_fixture_init(&f);
    step_fixture_open(&f, S);
}

static int waive(enum step_party party, int64_t expectation)
{
    struct sch_header *header = step_fixture_message(&f, SCH_KIND_WAIVER);
    header->sender = f.party[party].address;
    header->fact[SCH_FACT_EXPECTATION] = expectation;
    before = f.dossier;
    return step_fixture_send(&f);
}

static int follow(enum step_party party)
{
    memset(&f.event, 0, sizeof f.event);
    f.event.type = SCH_EVENT_FOLLOW;
    f.event.message = sch_step_made_id(f.world.now_ms, 77);
    f.event.sender = &f.party[party];
    return step_fixture_step(&f);
}

static void test_taken_up(void **state)
{
    (void)state;
    begin();
    assert_int_equal(step_fixture_say(&f, SCH_KIND_TAKEN_UP), SCH_E_NOTHING_OPEN);
    assert_int_equal(step_fixture_say(&f, SCH_KIND_REFUSAL), SCH_OK);
    assert_int_equal(step_fixture_say(&f, SCH_KIND_TAKEN_UP), SCH_OK);
    assert_null(step_fixture_owed(&f, 10));
    assert_true(f.dossier.taken_up);
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_DELIVER), 1);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_DELIVER, 0)->member, SCH_MEMBER_RECEIVER);
    before = f.dossier;
    assert_int_equal(step_fixture_say(&f, SCH_KIND_TAKEN_UP), SCH_E_NOTHING_OPEN);
    assert_memory_equal(&f.dossier, &before, sizeof before);
}

static void test_the_referrer_takes_up_what_was_undelivered(void **state)
{
    (void)state;
    step_fixture_init(&f);
    step_fixture_referral(&f, HUISARTSENPOST, S)->creditor = f.party[PRACTICE].address;
    step_fixture_copy(&f, PRACTICE);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_int_equal(step_fixture_settle(&f, SCH_EVENT_REFUSE, f.last, S, 0), SCH_OK);
    step_fixture_message(&f, SCH_KIND_TAKEN_UP)->sender = f.party[HUISARTSENPOST].address;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_true(f.dossier.taken_up);
}

static void test_creditor_waives_what_others_owe(void **state)
{
    (void)state;
    begin();
    assert_int_equal(waive(PRACTICE, 2), SCH_OK);
    assert_null(step_fixture_owed(&f, 2));
    assert_int_equal(step_fixture_about(&f, SCH_EFFECT_CLOSE, 2)->instance.standing, SCH_STANDING_WAIVED);
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_DELIVER), 0);
    assert_int_equal(waive(PRACTICE, 2), SCH_E_NOTHING_OPEN);
    assert_memory_equal(&f.dossier, &before, sizeof before);
    assert_int_equal(waive(PRACTICE, 1), SCH_E_NOTHING_OPEN);
    assert_int_equal(waive(PRACTICE, 8), SCH_E_NOTHING_OPEN);
    assert_int_equal(waive(S, 4), SCH_E_NOT_ALLOWED);
    assert_int_equal(waive(POH, 4), SCH_E_NOT_ALLOWED);
}

static void test_nobody_waives_what_he_owes(void **state)
{
    (void)state;
    begin();
    assert_int_equal(step_fixture_say(&f, SCH_KIND_REFUSAL), SCH_OK);
    assert_int_equal(waive(PRACTICE, 10), SCH_E_NOTHING_OPEN);
    assert_int_equal(waive(COORDINATOR, 10), SCH_OK);
    assert_true(f.dossier.taken_up);
}

static void test_coordinators_of_either_region(void **state)
{
    (void)state;
    begin();
    assert_int_equal(waive(FAR_COORDINATOR, 4), SCH_E_UNKNOWN_DOSSIER);
    assert_int_equal(waive(COORDINATOR, 4), SCH_OK);
    step_fixture_init(&f);
    (void)step_fixture_referral(&f, HUISARTSENPOST, S);
    memset(&f.dossier, 0, sizeof f.dossier);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_int_equal(waive(FAR_COORDINATOR, 4), SCH_OK);
    assert_int_equal(waive(COORDINATOR, 7), SCH_OK);
}

static void test_waiving_the_last_letter_closes(void **state)
{
    (void)state;
    begin();
    assert_int_equal(step_fixture_say(&f, SCH_KIND_TREATMENT_END), SCH_OK);
    assert_int_equal(waive(PRACTICE, 9), SCH_OK);
    assert_int_equal(f.dossier.phase, SCH_PHASE_CLOSED);
}

static void test_a_referral_that_follows(void **state)
{
    (void)state;
    struct sch_id old;
    begin();
    old = f.referral;
    before = f.dossier;
    step_fixture_referral(&f, PRACTICE, GB)->follows = old;
    memset(&f.dossier, 0, sizeof f.dossier);
    f.dossier.id = f.header.id;
    assert_int_equal(step_fixture_send(&f), SCH_E_UNKNOWN_DOSSIER);
    f.origin = &before;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_memory_equal(&step_fixture_effect(&f, SCH_EFFECT_FOLLOW, 0)->message, &old, sizeof old);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_FOLLOW, 0)->event, SCH_EVENT_FOLLOW);
    assert_memory_equal(&f.dossier.root, &old, sizeof old);
}

static void test_follow_closes_e10(void **state)
{
    (void)state;
    begin();
    before = f.dossier;
    assert_int_equal(follow(PRACTICE), SCH_OK);
    assert_int_equal(f.effects.count, 0);
    assert_memory_equal(&f.dossier, &before, sizeof before);
    assert_int_equal(step_fixture_say(&f, SCH_KIND_REFUSAL), SCH_OK);
    assert_int_equal(follow(POH), SCH_OK);
    assert_int_equal(follow(STRANGER), SCH_OK);
    assert_int_equal(f.effects.count, 0);
    assert_non_null(step_fixture_owed(&f, 10));
    assert_int_equal(follow(PRACTICE), SCH_OK);
    assert_int_equal(f.effects.count, 1);
    assert_null(step_fixture_owed(&f, 10));
    assert_true(f.dossier.taken_up);
    memset(&f.dossier, 0, sizeof f.dossier);
    assert_int_equal(follow(PRACTICE), SCH_OK);
    assert_int_equal(f.effects.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taken_up),
        cmocka_unit_test(test_the_referrer_takes_up_what_was_undelivered),
        cmocka_unit_test(test_creditor_waives_what_others_owe),
        cmocka_unit_test(test_nobody_waives_what_he_owes),
        cmocka_unit_test(test_coordinators_of_either_region),
        cmocka_unit_test(test_waiving_the_last_letter_closes),
        cmocka_unit_test(test_a_referral_that_follows),
        cmocka_unit_test(test_follow_closes_e10),
    };
    return cmocka_run_group_tests_name("step_answer", tests, NULL, NULL);
}
