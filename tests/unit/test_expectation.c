/* test_expectation.c: the table of promises and the clocks of one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/expectation.h"
#include "step_fixture.h"

static struct step_fixture f;
static struct sch_instance instance;

static void begin(void)
{
    step_fixture_init(&f);
    step_fixture_open(&f, S);
    memset(&instance, 0, sizeof instance);
}

static void test_counted_rules(void **state)
{
    (void)state;
    for (unsigned number = 1; number < SCH_EXPECTATION_COUNT; number++) {
        const struct sch_expectation_rule *rule = sch_expectation_rule(number);
        assert_non_null(rule->opens);
        assert_non_null(rule->closes);
        assert_non_null(rule->counts_from);
    }
    assert_int_equal(sch_expectation_rule(10)->debtor, SCH_MEMBER_CREDITOR);
    assert_true(sch_expectation_rule(9)->survives);
    assert_false(sch_expectation_rule(7)->survives);
}

static void test_open_copies_the_norm(void **state)
{
    (void)state;
    begin();
    int64_t now_ms = f.world.now_ms;
    assert_true(sch_expectation_open(&instance, &f.norms, 2, SCH_VARIANT_PLAIN, &f.dossier, 1, f.referral,
                                     now_ms, now_ms));
    /* Five working days from Monday 2 March 2026 end on Monday 9; the reminder comes after four. */
    assert_int_equal(instance.due_ms, step_fixture_end_of(20260309));
    assert_int_equal(instance.norm_due_ms, instance.due_ms);
    assert_int_equal(instance.remind_ms, step_fixture_end_of(20260306));
    assert_int_equal(instance.escalate_ms, step_fixture_end_of(20260316));
    assert_string_equal(instance.norm_id, "nl/E2");
    assert_int_equal(instance.term, 5);
    assert_int_equal(instance.unit, SCH_UNIT_WORKING_DAYS);
    assert_int_equal(instance.standing, SCH_STANDING_OPEN);
}

static void test_switched_off_owes_nothing(void **state)
{
    (void)state;
    begin();
    step_fixture_norm(&f, 2, SCH_VARIANT_PLAIN, 0, SCH_UNIT_DAYS);
    assert_false(sch_expectation_open(&instance, &f.norms, 2, SCH_VARIANT_PLAIN, &f.dossier, 1, f.referral,
                                      f.world.now_ms, f.world.now_ms));
}

static void test_crisis_escalates_at_once(void **state)
{
    (void)state;
    begin();
    sch_expectation_set_due(&instance, NULL, SCH_URGENCY_CRISIS, 5000);
    assert_int_equal(instance.escalate_ms, 5000);
    sch_expectation_set_due(&instance, NULL, SCH_URGENCY_URGENT, step_fixture_end_of(20260309));
    assert_int_equal(instance.escalate_ms, step_fixture_end_of(20260316));
}

static void test_ladder_in_order(void **state)
{
    (void)state;
    int64_t at_ms;
    memset(&instance, 0, sizeof instance);
    instance.standing = SCH_STANDING_OPEN;
    instance.remind_ms = 10;
    instance.due_ms = 20;
    instance.escalate_ms = 30;
    assert_int_equal(sch_expectation_next_step(&instance, &at_ms), SCH_STEP_REMINDED);
    assert_int_equal(at_ms, 10);
    instance.step = SCH_STEP_REMINDED;
    assert_int_equal(sch_expectation_next_step(&instance, &at_ms), SCH_STEP_OVERDUE);
    assert_int_equal(at_ms, 20);
    instance.step = SCH_STEP_OVERDUE;
    assert_int_equal(sch_expectation_next_step(&instance, &at_ms), SCH_STEP_ESCALATED);
    assert_int_equal(at_ms, 30);
    instance.step = SCH_STEP_ESCALATED;
    assert_int_equal(sch_expectation_next_step(&instance, &at_ms), SCH_STEP_NONE);
    assert_true(at_ms == INT64_MAX);
    instance.step = SCH_STEP_NONE;
    instance.remind_ms = 20;
    assert_int_equal(sch_expectation_next_step(&instance, &at_ms), SCH_STEP_OVERDUE);
    instance.remind_ms = 0;
    assert_int_equal(sch_expectation_next_step(&instance, &at_ms), SCH_STEP_OVERDUE);
    instance.standing = SCH_STANDING_INCOMPLETE;
    assert_int_equal(sch_expectation_next_step(&instance, &at_ms), SCH_STEP_OVERDUE);
    instance.standing = SCH_STANDING_CLOSED;
    assert_int_equal(sch_expectation_next_step(&instance, &at_ms), SCH_STEP_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counted_rules),
        cmocka_unit_test(test_open_copies_the_norm),
        cmocka_unit_test(test_switched_off_owes_nothing),
        cmocka_unit_test(test_crisis_escalates_at_once),
        cmocka_unit_test(test_ladder_in_order),
    };
    return cmocka_run_group_tests_name("expectation", tests, NULL, NULL);
}
