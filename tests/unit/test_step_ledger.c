/* test_step_ledger.c: REMINDER, SNOOZE, NOTE and LETTER_INCOMPLETE; what stays, and when it is deleted. */
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

static int act(enum sch_kind kind, enum step_party party, int64_t expectation)
{
    struct sch_header *header = step_fixture_message(&f, kind);
    header->sender = f.party[party].address;
    if (kind != SCH_KIND_NOTE) {
        header->fact[SCH_FACT_EXPECTATION] = expectation;
    }
    before = f.dossier;
    return step_fixture_send(&f);
}

static size_t reminders(void)
{
    size_t count = 0;
    for (size_t i = 0; i < f.dossier.delivery_count; i++) {
        count += f.dossier.delivery[i].kind == SCH_KIND_REMINDER;
    }
    return count;
}

static void test_a_reminder_by_hand(void **state)
{
    (void)state;
    begin();
    assert_int_equal(act(SCH_KIND_REMINDER, COORDINATOR, 2), SCH_OK);
    const struct sch_effect *made = step_fixture_effect(&f, SCH_EFFECT_MAKE, 0);
    assert_int_equal(made->member, SCH_MEMBER_RECEIVER);
    assert_int_equal(made->made.expectation, 2);
    assert_int_equal(made->made.step, SCH_STEP_REMINDED);
    assert_memory_equal(&made->made.subject, &f.referral, sizeof f.referral);
    assert_int_equal(step_fixture_owed(&f, 2)->reminded_ms, f.world.now_ms);
    /* The ladder goes its own way. */
    assert_int_equal(step_fixture_owed(&f, 2)->step, SCH_STEP_NONE);
    f.world.now_ms += SCH_REMIND_PAUSE_MS - 1;
    assert_int_equal(act(SCH_KIND_REMINDER, COORDINATOR, 2), SCH_E_RECENTLY_REMINDED);
    assert_memory_equal(&f.dossier, &before, sizeof before);
    f.world.now_ms += 1;
    assert_int_equal(act(SCH_KIND_REMINDER, COORDINATOR, 2), SCH_OK);
    assert_int_equal(reminders(), 2);
    /* The first makes place for a third. */
    f.world.now_ms += SCH_REMIND_PAUSE_MS;
    assert_int_equal(act(SCH_KIND_REMINDER, COORDINATOR, 2), SCH_OK);
    assert_int_equal(reminders(), 2);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_REMOVE, 0)->state, SCH_DELIVERY_WITHDRAWN);
    step_fixture_wait(&f, 10);
    assert_int_equal(act(SCH_KIND_REMINDER, COORDINATOR, 2), SCH_OK);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_MAKE, 0)->made.step, SCH_STEP_OVERDUE);
    begin();
    step_fixture_at(&f, step_fixture_owed(&f, 2)->due_ms);
    assert_int_equal(act(SCH_KIND_REMINDER, COORDINATOR, 2), SCH_OK);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_MAKE, 0)->made.step, SCH_STEP_OVERDUE);
    assert_int_equal(step_fixture_say(&f, SCH_KIND_ACCEPTANCE), SCH_OK);
    assert_int_equal(reminders(), 0);
}

/* Of a promise that is kept the reminders go, of the others they stay. */
static void test_whose_reminders_are_taken_back(void **state)
{
    (void)state;
    begin();
    assert_int_equal(act(SCH_KIND_REMINDER, COORDINATOR, 2), SCH_OK);
    assert_int_equal(act(SCH_KIND_REMINDER, COORDINATOR, 4), SCH_OK);
    assert_int_equal(act(SCH_KIND_REMINDER, COORDINATOR, 7), SCH_OK);
    assert_int_equal(step_fixture_say(&f, SCH_KIND_ACCEPTANCE), SCH_OK);
    assert_int_equal(reminders(), 2);
    assert_int_equal(step_fixture_say(&f, SCH_KIND_APPOINTMENT), SCH_OK);
    assert_int_equal(reminders(), 1);
}

static void test_what_cannot_be_reminded(void **state)
{
    (void)state;
    begin();
    assert_int_equal(act(SCH_KIND_REMINDER, COORDINATOR, 1), SCH_E_NOTHING_OPEN);
    assert_int_equal(act(SCH_KIND_REMINDER, COORDINATOR, 9), SCH_E_NOTHING_OPEN);
    assert_int_equal(act(SCH_KIND_REMINDER, FAR_COORDINATOR, 2), SCH_E_UNKNOWN_DOSSIER);
    assert_int_equal(act(SCH_KIND_REMINDER, POH, 2), SCH_E_NOT_ALLOWED);
    f.permits.allowed[SCH_PARTY_GP_PRACTICE][SCH_KIND_REMINDER] = 0;
    assert_int_equal(act(SCH_KIND_REMINDER, PRACTICE, 2), SCH_E_NOT_ALLOWED);
}

static void test_the_ladder_reminds_too(void **state)
{
    (void)state;
    begin();
    step_fixture_at(&f, step_fixture_owed(&f, 2)->remind_ms);
    assert_int_equal(step_fixture_due(&f), SCH_OK);
    assert_int_equal(step_fixture_owed(&f, 2)->reminded_ms, f.world.now_ms);
    assert_int_equal(act(SCH_KIND_REMINDER, COORDINATOR, 2), SCH_E_RECENTLY_REMINDED);
}

static void test_those_just_reminded_are_skipped(void **state)
{
    (void)state;
    begin();
    for (int i = 0; i < 2; i++) {
        (void)step_fixture_message_of(&f, SCH_KIND_INFORMATION_REQUEST, PRACTICE);
        assert_int_equal(step_fixture_send(&f), SCH_OK);
        assert_int_equal(act(SCH_KIND_REMINDER, COORDINATOR, 11), SCH_OK);
        assert_int_equal(step_fixture_count(&f, SCH_EFFECT_MAKE), 1);
        assert_memory_equal(&step_fixture_effect(&f, SCH_EFFECT_MAKE, 0)->made.subject,
                            &f.dossier.instance[f.dossier.instance_count - 1].opened_by, SCH_ID_SIZE);
    }
}

static void test_snooze(void **state)
{
    (void)state;
    begin();
    int64_t due_ms = step_fixture_owed(&f, 2)->due_ms;
    step_fixture_message(&f, SCH_KIND_SNOOZE)->fact[SCH_FACT_EXPECTATION] = 2;
    f.header.fact[SCH_FACT_UNTIL] = 20260320;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    const struct sch_effect *snooze = step_fixture_effect(&f, SCH_EFFECT_SNOOZE, 0);
    assert_int_equal(snooze->instance.snoozed_ms, step_fixture_end_of(20260320));
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_SNOOZE), 1);
    /* Its due and its lateness stand; only the alerts wait. */
    assert_int_equal(step_fixture_owed(&f, 2)->due_ms, due_ms);
    step_fixture_at(&f, step_fixture_end_of(20260320) - 1);
    assert_int_equal(step_fixture_due(&f), SCH_OK);
    assert_null(step_fixture_about(&f, SCH_EFFECT_ALERT, 2));
    step_fixture_at(&f, step_fixture_end_of(20260320));
    assert_int_equal(step_fixture_due(&f), SCH_OK);
    assert_int_equal(step_fixture_about(&f, SCH_EFFECT_ALERT, 2)->instance.step, SCH_STEP_OVERDUE);
    assert_int_equal(step_fixture_owed(&f, 2)->step, SCH_STEP_ESCALATED);
}

static void snooze_until(int days, int code)
{
    step_fixture_message(&f, SCH_KIND_SNOOZE)->fact[SCH_FACT_EXPECTATION] = 2;
    f.header.fact[SCH_FACT_UNTIL] = step_fixture_date(&f, days);
    assert_int_equal(step_fixture_send(&f), code);
}

static void test_how_long_and_who(void **state)
{
    (void)state;
    begin();
    snooze_until(-1, SCH_E_FIELD_INVALID);
    assert_string_equal(f.effects.effect[0].field, "header.until");
    snooze_until(SCH_SNOOZE_DAYS_MAX + 1, SCH_E_FIELD_INVALID);
    snooze_until(0, SCH_OK);
    snooze_until(SCH_SNOOZE_DAYS_MAX, SCH_OK);
    assert_int_equal(act(SCH_KIND_SNOOZE, COORDINATOR, 1), SCH_E_NOTHING_OPEN);
    assert_int_equal(act(SCH_KIND_SNOOZE, S, 2), SCH_E_NOT_ALLOWED);
    assert_int_equal(step_fixture_say(&f, SCH_KIND_REFUSAL), SCH_OK);
    assert_int_equal(act(SCH_KIND_SNOOZE, PRACTICE, 10), SCH_E_NOTHING_OPEN);
    assert_int_equal(act(SCH_KIND_SNOOZE, COORDINATOR, 10), SCH_OK);
}

static void test_a_note_changes_nothing(void **state)
{
    (void)state;
    begin();
    step_fixture_wait(&f, 1);
    assert_int_equal(act(SCH_KIND_NOTE, COORDINATOR, 0), SCH_OK);
    assert_int_equal(f.effects.count, 2);
    before.changed_ms = f.world.now_ms;
    assert_memory_equal(&f.dossier, &before, sizeof before);
}

static int say_incomplete(struct sch_id letter, enum sch_kind kind, enum step_party by, uint32_t missing)
{
    struct sch_header *header = step_fixture_message(&f, SCH_KIND_LETTER_INCOMPLETE);
    header->subject = letter;
    header->fact[SCH_FACT_MISSING_SECTIONS] = missing;
    memset(&f.subject, 0, sizeof f.subject);
    f.subject.known = true;
    f.subject.dossier = f.dossier.id;
    f.subject.kind = kind;
    f.subject.sender = f.party[by].address;
    return step_fixture_send(&f);
}

static void test_a_letter_is_incomplete(void **state)
{
    (void)state;
    begin();
    assert_int_equal(step_fixture_say(&f, SCH_KIND_DISCHARGE_LETTER), SCH_OK);
    struct sch_id letter = f.last;
    assert_int_equal(f.dossier.phase, SCH_PHASE_CLOSED);
    assert_int_equal(say_incomplete(letter, SCH_KIND_DISCHARGE_LETTER, S, SCH_SECTION_AFTERCARE), SCH_OK);
    assert_int_equal(f.dossier.phase, SCH_PHASE_ENDED);
    assert_int_equal(step_fixture_owed(&f, 9)->standing, SCH_STANDING_INCOMPLETE);
    assert_int_equal(step_fixture_about(&f, SCH_EFFECT_REOPEN, 9)->before.standing, SCH_STANDING_CLOSED);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_DELIVER, 0)->member, SCH_MEMBER_RECEIVER);
    assert_int_equal(step_fixture_say(&f, SCH_KIND_DISCHARGE_LETTER), SCH_OK);
    assert_int_equal(f.dossier.phase, SCH_PHASE_CLOSED);
    /* The first letter is not what answered. */
    assert_int_equal(say_incomplete(letter, SCH_KIND_DISCHARGE_LETTER, S, SCH_SECTION_AFTERCARE), SCH_OK);
    assert_int_equal(f.dossier.phase, SCH_PHASE_CLOSED);
}

static void test_of_which_letter(void **state)
{
    (void)state;
    begin();
    assert_int_equal(step_fixture_say(&f, SCH_KIND_INTAKE_REPORT), SCH_OK);
    struct sch_id letter = f.last;
    assert_int_equal(say_incomplete(letter, SCH_KIND_INTAKE_REPORT, PRACTICE, SCH_SECTION_PLAN),
                     SCH_E_FIELD_INVALID);
    assert_string_equal(f.effects.effect[0].field, "header.subject");
    assert_int_equal(say_incomplete(letter, SCH_KIND_ACCEPTANCE, S, SCH_SECTION_PLAN), SCH_E_FIELD_INVALID);
    assert_int_equal(say_incomplete(letter, SCH_KIND_INTAKE_REPORT, S, SCH_SECTION_AFTERCARE),
                     SCH_E_FIELD_INVALID);
    assert_string_equal(f.effects.effect[0].field, "header.missing_sections");
    step_fixture_message(&f, SCH_KIND_LETTER_INCOMPLETE)->subject = letter;
    f.header.sender = f.party[POH].address;
    assert_int_equal(step_fixture_send(&f), SCH_E_NOT_ALLOWED);
}

static void test_closed_when_nothing_is_owed(void **state)
{
    (void)state;
    begin();
    assert_int_equal(step_fixture_say(&f, SCH_KIND_REFUSAL), SCH_OK);
    assert_int_equal(f.dossier.closed_ms, 0);
    assert_true(sch_dossier_purge_ms(&f.dossier) == INT64_MAX);
    step_fixture_wait(&f, 2);
    assert_int_equal(step_fixture_say(&f, SCH_KIND_TAKEN_UP), SCH_OK);
    assert_int_equal(f.dossier.closed_ms, f.world.now_ms);
    int64_t closed_ms = f.world.now_ms;
    step_fixture_wait(&f, 2);
    assert_int_equal(step_fixture_say(&f, SCH_KIND_WAIT_STATUS), SCH_OK);
    assert_int_equal(f.dossier.closed_ms, closed_ms);
    /* Closed on 4 March 2026: gone after 4 March 2028. */
    assert_int_equal(sch_dossier_purge_ms(&f.dossier), step_fixture_end_of(20280304));
}

static void test_deleted_after_two_years(void **state)
{
    (void)state;
    begin();
    assert_int_equal(step_fixture_say(&f, SCH_KIND_DISCHARGE_LETTER), SCH_OK);
    step_fixture_live(&f, 80);
    assert_int_equal(f.dossier.delivery_count, 0);
    assert_int_equal(sch_dossier_next_due(&f.dossier), step_fixture_end_of(20280302));
    step_fixture_at(&f, step_fixture_end_of(20280302) - 1);
    assert_int_equal(step_fixture_due(&f), SCH_OK);
    assert_int_equal(f.effects.count, 0);
    /* What still lies in a mailbox goes first. */
    before = f.dossier;
    assert_int_equal(step_fixture_say(&f, SCH_KIND_WAIT_STATUS), SCH_OK);
    step_fixture_at(&f, step_fixture_end_of(20280302));
    assert_int_equal(step_fixture_due(&f), SCH_OK);
    assert_int_equal(f.dossier.phase, SCH_PHASE_CLOSED);
    /* It expires, and so does the report of that; then nothing keeps the dossier. */
    step_fixture_live(&f, 62);
    assert_int_equal(f.effects.effect[f.effects.count - 1].type, SCH_EFFECT_PURGE);
    assert_memory_equal(&f.effects.effect[f.effects.count - 1].message, &f.referral, sizeof f.referral);
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_PHASE), 0);
    assert_int_equal(f.dossier.phase, SCH_PHASE_NONE);
    assert_true(sch_dossier_next_due(&f.dossier) == INT64_MAX);
}

static void test_what_is_kept_has_a_bound(void **state)
{
    (void)state;
    begin();
    for (int i = 0; i < 60; i++) {
        step_fixture_wait(&f, 1);
        assert_int_equal(step_fixture_say(&f, SCH_KIND_NO_SHOW), SCH_OK);
        assert_int_equal(step_fixture_collect(&f, f.last, PRACTICE), SCH_OK);
        assert_int_equal(step_fixture_collect(&f, f.last, POH), SCH_OK);
    }
    size_t kept = 0;
    for (size_t i = 0; i < f.dossier.instance_count; i++) {
        kept += !sch_instance_is_open(&f.dossier.instance[i]);
        /* The oldest went first: E2 and E4 of the first day. */
        assert_true(sch_instance_is_open(&f.dossier.instance[i]) || f.dossier.instance[i].expectation == 5);
    }
    assert_int_equal(kept, SCH_KEPT_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_reminder_by_hand),
        cmocka_unit_test(test_whose_reminders_are_taken_back),
        cmocka_unit_test(test_what_cannot_be_reminded),
        cmocka_unit_test(test_the_ladder_reminds_too),
        cmocka_unit_test(test_those_just_reminded_are_skipped),
        cmocka_unit_test(test_snooze),
        cmocka_unit_test(test_how_long_and_who),
        cmocka_unit_test(test_a_note_changes_nothing),
        cmocka_unit_test(test_a_letter_is_incomplete),
        cmocka_unit_test(test_of_which_letter),
        cmocka_unit_test(test_closed_when_nothing_is_owed),
        cmocka_unit_test(test_deleted_after_two_years),
        cmocka_unit_test(test_what_is_kept_has_a_bound),
    };
    return cmocka_run_group_tests_name("step_ledger", tests, NULL, NULL);
}
