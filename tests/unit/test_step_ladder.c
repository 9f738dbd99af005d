/* test_step_ladder.c: reminders, overdue, escalated: each once, and taken back when answered. */
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
    assert_int_equal(step_fixture_collect(&f, f.referral, S), SCH_OK);
    assert_int_equal(step_fixture_collect(&f, f.referral, POH), SCH_OK);
}

static void due_at(int64_t now_ms, size_t alerts)
{
    step_fixture_at(&f, now_ms);
    assert_int_equal(step_fixture_due(&f), SCH_OK);
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_ALERT), alerts);
}

static size_t reminders(void)
{
    size_t count = 0;
    for (size_t i = 0; i < f.dossier.delivery_count; i++) {
        count += f.dossier.delivery[i].kind == SCH_KIND_REMINDER;
    }
    return count;
}

static void test_the_three_steps_of_e2(void **state)
{
    (void)state;
    begin();
    due_at(step_fixture_end_of(20260306) - 1, 0);
    assert_int_equal(f.effects.count, 0);
    due_at(step_fixture_end_of(20260306), 1);
    const struct sch_effect *made = step_fixture_effect(&f, SCH_EFFECT_MAKE, 0);
    assert_int_equal(made->made.kind, SCH_KIND_REMINDER);
    assert_int_equal(made->made.expectation, 2);
    assert_int_equal(made->made.step, SCH_STEP_REMINDED);
    assert_memory_equal(&made->made.subject, &f.referral, sizeof f.referral);
    assert_int_equal(made->member, SCH_MEMBER_RECEIVER);
    assert_int_equal(f.dossier.delivery[0].sender, SCH_MEMBER_NONE);
    due_at(step_fixture_end_of(20260306), 0);
    due_at(step_fixture_end_of(20260309), 1);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_ALERT, 0)->instance.step, SCH_STEP_OVERDUE);
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_MAKE), 1);
    assert_int_equal(reminders(), 2);
    due_at(step_fixture_end_of(20260316), 1);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_ALERT, 0)->instance.step, SCH_STEP_ESCALATED);
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_MAKE), 0);
    /* An alert alone is a change too; a moment at which nothing happens is none. */
    assert_int_equal(f.dossier.changed_ms, f.world.now_ms);
    due_at(step_fixture_end_of(20260320), 0);
    assert_int_equal(f.dossier.changed_ms, step_fixture_end_of(20260316));
    /* Answering takes both reminders back. */
    assert_int_equal(step_fixture_say(&f, SCH_KIND_ACCEPTANCE), SCH_OK);
    assert_int_equal(reminders(), 0);
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_REMOVE), 2);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_REMOVE, 0)->state, SCH_DELIVERY_WITHDRAWN);
}

static void test_a_reminder_overtaken_is_skipped_for_ever(void **state)
{
    (void)state;
    begin();
    due_at(step_fixture_end_of(20260309), 1);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_ALERT, 0)->instance.step, SCH_STEP_OVERDUE);
    due_at(step_fixture_end_of(20260310), 0);
}

static void test_overdue_and_escalated_both_fire(void **state)
{
    (void)state;
    begin();
    step_fixture_norm(&f, 2, SCH_VARIANT_PLAIN, 5, SCH_UNIT_WORKING_DAYS);
    due_at(step_fixture_end_of(20260317), 2);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_ALERT, 0)->instance.step, SCH_STEP_OVERDUE);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_ALERT, 1)->instance.step, SCH_STEP_ESCALATED);
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_MAKE), 1);
}

static void test_crisis_escalates_at_once(void **state)
{
    (void)state;
    step_fixture_init(&f);
    step_fixture_referral(&f, PRACTICE, CRISIS)->fact[SCH_FACT_URGENCY] = SCH_URGENCY_CRISIS;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    struct sch_id referral = f.last;
    int64_t opened_ms = f.world.now_ms;
    assert_int_equal(step_fixture_collect(&f, referral, CRISIS), SCH_OK);
    /* 24 hours have a reminder: after 19. */
    due_at(opened_ms + 19 * 3600000, 1);
    due_at(opened_ms + 24 * 3600000, 2);
}

static void test_e1_alerts_are_in_the_ledger_only(void **state)
{
    (void)state;
    step_fixture_init(&f);
    step_fixture_open(&f, S);
    due_at(step_fixture_end_of(20260303), 2);
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_MAKE), 0);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_ALERT, 0)->instance.expectation, 1);
}

static void test_e1_waits_after_a_start(void **state)
{
    (void)state;
    step_fixture_init(&f);
    step_fixture_open(&f, S);
    int64_t due_ms = step_fixture_end_of(20260303);
    f.world.e1_from_ms = due_ms + 900000;
    due_at(due_ms, 0);
    assert_int_equal(f.effects.count, 0);
    due_at(due_ms + 900000, 2);
}

static void test_expiry_waits_after_a_start(void **state)
{
    (void)state;
    step_fixture_init(&f);
    step_fixture_open(&f, S);
    step_fixture_wait(&f, 31);
    int64_t from_ms = f.world.now_ms;
    f.world.expire_from_ms = from_ms;
    step_fixture_at(&f, from_ms - 1);
    assert_int_equal(step_fixture_due(&f), SCH_OK);
    assert_int_equal(f.dossier.phase, SCH_PHASE_SENT);
    step_fixture_at(&f, from_ms);
    assert_int_equal(step_fixture_due(&f), SCH_OK);
    assert_int_equal(f.dossier.phase, SCH_PHASE_UNDELIVERED);
}

static void test_due_of_nothing_is_harmless(void **state)
{
    (void)state;
    static struct sch_dossier before;
    begin();
    before = f.dossier;
    step_fixture_wait(&f, 1);
    assert_int_equal(step_fixture_due(&f), SCH_OK);
    assert_int_equal(f.effects.count, 0);
    assert_memory_equal(&f.dossier, &before, sizeof before);
    memset(&f.dossier, 0, sizeof f.dossier);
    assert_int_equal(step_fixture_due(&f), SCH_OK);
    assert_int_equal(f.effects.count, 0);
}

static void test_creditor_is_reminded_of_a_refused_patient(void **state)
{
    (void)state;
    begin();
    assert_int_equal(step_fixture_say(&f, SCH_KIND_REFUSAL), SCH_OK);
    assert_int_equal(step_fixture_collect(&f, f.last, PRACTICE), SCH_OK);
    assert_int_equal(step_fixture_collect(&f, f.last, POH), SCH_OK);
    due_at(step_fixture_end_of(20260304), 1);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_MAKE, 0)->member, SCH_MEMBER_CREDITOR);
    due_at(step_fixture_end_of(20260305), 1);
}

/* Each mailbox of a dossier may have a message of it under a lease. */
static void test_of_two_messages_under_a_lease_neither_expires(void **state)
{
    (void)state;
    step_fixture_init(&f);
    step_fixture_open(&f, S);
    assert_int_equal(step_fixture_say(&f, SCH_KIND_ACCEPTANCE), SCH_OK);
    struct sch_id leased[] = { f.referral, f.last };
    step_fixture_wait(&f, 31);
    memset(&f.event, 0, sizeof f.event);
    f.event.type = SCH_EVENT_DUE;
    f.event.leased = leased;
    f.event.leased_count = 2;
    assert_int_equal(step_fixture_step(&f), SCH_OK);
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_STATUS), 0);
}

static void test_a_moved_due_alerts_no_step_twice(void **state)
{
    (void)state;
    begin();
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, 1), SCH_OK);
    step_fixture_live(&f, 20);
    assert_int_equal(step_fixture_owed(&f, 6)->step, SCH_STEP_OVERDUE);
    assert_int_equal(step_fixture_say_on(&f, SCH_KIND_APPOINTMENT, 1), SCH_OK);
    int64_t due_ms = step_fixture_owed(&f, 6)->due_ms;
    step_fixture_at(&f, due_ms);
    assert_int_equal(step_fixture_due(&f), SCH_OK);
    assert_null(step_fixture_about(&f, SCH_EFFECT_ALERT, 6));
    assert_int_equal(step_fixture_owed(&f, 6)->step, SCH_STEP_OVERDUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_three_steps_of_e2),
        cmocka_unit_test(test_a_reminder_overtaken_is_skipped_for_ever),
        cmocka_unit_test(test_overdue_and_escalated_both_fire),
        cmocka_unit_test(test_crisis_escalates_at_once),
        cmocka_unit_test(test_e1_alerts_are_in_the_ledger_only),
        cmocka_unit_test(test_e1_waits_after_a_start),
        cmocka_unit_test(test_expiry_waits_after_a_start),
        cmocka_unit_test(test_due_of_nothing_is_harmless),
        cmocka_unit_test(test_creditor_is_reminded_of_a_refused_patient),
        cmocka_unit_test(test_of_two_messages_under_a_lease_neither_expires),
        cmocka_unit_test(test_a_moved_due_alerts_no_step_twice),
    };
    return cmocka_run_group_tests_name("step_ladder", tests, NULL, NULL);
}
