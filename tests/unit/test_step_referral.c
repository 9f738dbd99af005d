/* test_step_referral.c: what a REFERRAL opens, per receiver, and what it tells its sender. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/calendar.h"
#include "step_fixture.h"

static struct step_fixture f;

static void expect_owed(const unsigned *number, size_t count)
{
    size_t owed = 0;
    for (size_t i = 0; i < count; i++) {
        assert_non_null(step_fixture_owed(&f, number[i]));
    }
    for (size_t i = 0; i < f.dossier.instance_count; i++) {
        owed += f.dossier.instance[i].expectation != 1;
    }
    assert_int_equal(owed, count);
}

static void test_ggz(void **state)
{
    (void)state;
    step_fixture_init(&f);
    step_fixture_open(&f, S);
    assert_int_equal(f.dossier.phase, SCH_PHASE_SENT);
    assert_int_equal(f.dossier.echelon, SCH_PARTY_S_GGZ);
    assert_int_equal(f.dossier.kenmerk, 7);
    assert_string_equal(f.dossier.region, "utrecht");
    assert_int_equal(f.dossier.member_count, 4);
    assert_int_equal(f.dossier.opened_ms, f.world.now_ms);
    assert_memory_equal(&f.dossier.id, &f.referral, sizeof f.referral);
    assert_memory_equal(&f.dossier.root, &f.referral, sizeof f.referral);
    expect_owed((const unsigned[]){ 2, 4, 7 }, 3);
    assert_int_equal(step_fixture_owed(&f, 2)->due_ms, step_fixture_end_of(20260309));
    assert_int_equal(step_fixture_owed(&f, 4)->due_ms, step_fixture_end_of(20260330));
    assert_int_equal(step_fixture_owed(&f, 7)->due_ms, step_fixture_end_of(20260608));
    assert_int_equal(step_fixture_owed(&f, 2)->member, SCH_MEMBER_RECEIVER);
}

static void test_effects_in_their_order(void **state)
{
    (void)state;
    static const enum sch_effect_type order[] = {
        SCH_EFFECT_STORE, SCH_EFFECT_DELIVER, SCH_EFFECT_DELIVER, SCH_EFFECT_OPEN, SCH_EFFECT_OPEN,
        SCH_EFFECT_OPEN, SCH_EFFECT_OPEN, SCH_EFFECT_OPEN, SCH_EFFECT_PHASE, SCH_EFFECT_RECEIPT,
    };
    step_fixture_init(&f);
    step_fixture_open(&f, S);
    assert_int_equal(f.effects.count, sizeof order / sizeof order[0]);
    for (size_t i = 0; i < f.effects.count; i++) {
        assert_int_equal(f.effects.effect[i].type, order[i]);
    }
    assert_int_equal(f.effects.effect[0].sequence, 1000);
    assert_int_equal(f.effects.effect[1].sequence, 1000);
    assert_int_equal(f.effects.effect[1].member, SCH_MEMBER_RECEIVER);
    assert_int_equal(f.effects.effect[2].member, SCH_MEMBER_COPY);
    assert_int_equal(f.effects.effect[1].sender, SCH_MEMBER_REFERRER);
    assert_int_equal(f.effects.effect[1].kind, SCH_KIND_REFERRAL);
    assert_memory_equal(&f.effects.effect[1].message, &f.referral, SCH_ID_SIZE);
    assert_int_equal(f.effects.effect[9].sequence, 1000);
    assert_int_equal(f.effects.effect[9].warnings, 0);
    /* E1 ends with the next working day. */
    assert_int_equal(f.effects.effect[3].instance.expectation, 1);
    assert_int_equal(f.effects.effect[3].instance.due_ms, step_fixture_end_of(20260303));
}

static void test_crisis_and_wijkteam(void **state)
{
    (void)state;
    step_fixture_init(&f);
    step_fixture_open(&f, CRISIS);
    expect_owed((const unsigned[]){ 3 }, 1);
    assert_int_equal(step_fixture_owed(&f, 3)->due_ms, f.world.now_ms + 24 * 3600000);
    step_fixture_open(&f, WIJKTEAM);
    expect_owed((const unsigned[]){ 2 }, 1);
}

static void test_urgent_messages_are_due_in_an_hour(void **state)
{
    (void)state;
    step_fixture_init(&f);
    step_fixture_referral(&f, PRACTICE, S)->fact[SCH_FACT_URGENCY] = SCH_URGENCY_URGENT;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_int_equal(step_fixture_about(&f, SCH_EFFECT_OPEN, 1)->instance.due_ms, f.world.now_ms + 3600000);
    assert_true(f.dossier.delivery[0].urgent);
    /* What is later said about it may take a day. */
    assert_int_equal(step_fixture_say(&f, SCH_KIND_ACCEPTANCE), SCH_OK);
    assert_int_equal(step_fixture_about(&f, SCH_EFFECT_OPEN, 1)->instance.due_ms, step_fixture_end_of(20260303));
}

static void test_a_provider_refers_on(void **state)
{
    (void)state;
    step_fixture_init(&f);
    step_fixture_referral(&f, GB, S)->creditor = f.party[PRACTICE].address;
    static struct sch_dossier parent;
    parent.id = parent.root = f.header.parent = sch_step_made_id(f.world.now_ms, 5);
    parent.phase = SCH_PHASE_IN_TREATMENT;
    parent.member[SCH_MEMBER_RECEIVER].address = f.party[GB].address;
    parent.member[SCH_MEMBER_CREDITOR].address = f.party[PRACTICE].address;
    parent.member_count = SCH_MEMBER_COPY;
    f.origin = &parent;
    step_fixture_copy(&f, PRACTICE);
    step_fixture_copy(&f, GB);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    /* The sender in copy gets the feedback, not its own referral. */
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_DELIVER), 2);
    assert_memory_equal(&f.dossier.root, &f.header.parent, sizeof f.header.parent);
    assert_int_equal(step_fixture_say(&f, SCH_KIND_ACCEPTANCE), SCH_OK);
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_DELIVER), 2);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_DELIVER, 0)->member, SCH_MEMBER_CREDITOR);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_DELIVER, 1)->member, SCH_MEMBER_COPY + 1);
}

static void test_region_is_the_creditors(void **state)
{
    (void)state;
    step_fixture_init(&f);
    step_fixture_referral(&f, HUISARTSENPOST, S)->creditor = f.party[PRACTICE].address;
    step_fixture_copy(&f, PRACTICE);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_string_equal(f.dossier.region, "utrecht");
    (void)step_fixture_referral(&f, HUISARTSENPOST, S);
    memset(&f.dossier, 0, sizeof f.dossier);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_string_equal(f.dossier.region, "gooi");
}

static void test_old_letters_are_warned_about(void **state)
{
    (void)state;
    step_fixture_init(&f);
    static const struct {
        int64_t date;
        uint32_t warnings;
    } row[] = { { 20260302, 0 }, { 20250602, 0 }, { 20250601, 2 }, { 20241231, 2 }, { 20250630, 0 } };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        step_fixture_referral(&f, PRACTICE, S)->fact[SCH_FACT_LETTER_DATE] = row[i].date;
        memset(&f.dossier, 0, sizeof f.dossier);
        assert_int_equal(step_fixture_send(&f), SCH_OK);
        assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_RECEIPT, 0)->warnings, row[i].warnings);
    }
}

static void test_norms_switched_off_open_nothing(void **state)
{
    (void)state;
    step_fixture_init(&f);
    step_fixture_norm(&f, 7, SCH_VARIANT_PLAIN, 0, SCH_UNIT_WEEKS);
    step_fixture_norm(&f, 1, SCH_VARIANT_PLAIN, 0, SCH_UNIT_WORKING_DAYS);
    step_fixture_open(&f, GB);
    expect_owed((const unsigned[]){ 2, 4 }, 2);
    assert_int_equal(f.dossier.instance_count, 2);
    assert_int_equal(f.dossier.delivery_count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ggz),
        cmocka_unit_test(test_effects_in_their_order),
        cmocka_unit_test(test_crisis_and_wijkteam),
        cmocka_unit_test(test_urgent_messages_are_due_in_an_hour),
        cmocka_unit_test(test_a_provider_refers_on),
        cmocka_unit_test(test_region_is_the_creditors),
        cmocka_unit_test(test_old_letters_are_warned_about),
        cmocka_unit_test(test_norms_switched_off_open_nothing),
    };
    return cmocka_run_group_tests_name("step_referral", tests, NULL, NULL);
}
