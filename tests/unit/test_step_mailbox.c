/* test_step_mailbox.c: collected, refused, exhausted, withdrawn, expired; who is told, and when bodies go. */
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

static size_t in_mailboxes(enum sch_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < f.dossier.delivery_count; i++) {
        count += f.dossier.delivery[i].kind == kind;
    }
    return count;
}

static void test_collect(void **state)
{
    (void)state;
    begin();
    assert_int_equal(step_fixture_collect(&f, f.referral, S), SCH_OK);
    assert_true(f.dossier.received);
    assert_int_equal(f.effects.count, 4);
    assert_int_equal(f.effects.effect[0].type, SCH_EFFECT_REMOVE);
    assert_int_equal(f.effects.effect[0].state, SCH_DELIVERY_COLLECTED);
    assert_int_equal(f.effects.effect[0].member, SCH_MEMBER_RECEIVER);
    assert_int_equal(f.effects.effect[0].sequence, 1000);
    assert_memory_equal(&f.effects.effect[0].message, &f.referral, SCH_ID_SIZE);
    assert_int_equal(f.effects.effect[1].type, SCH_EFFECT_CLOSE);
    assert_int_equal(f.effects.effect[1].instance.standing, SCH_STANDING_CLOSED);
    assert_int_equal(f.effects.effect[2].type, SCH_EFFECT_STATUS);
    assert_int_equal(f.effects.effect[2].sender, SCH_MEMBER_REFERRER);
    assert_int_equal(f.effects.effect[2].member, SCH_MEMBER_RECEIVER);
    assert_memory_equal(&f.effects.effect[2].message, &f.referral, SCH_ID_SIZE);
    assert_int_equal(f.effects.effect[3].type, SCH_EFFECT_SETTLED);
    assert_int_equal(f.effects.effect[3].state, SCH_DELIVERY_COLLECTED);
    assert_int_equal(f.effects.effect[3].member, SCH_MEMBER_RECEIVER);
    assert_memory_equal(&f.effects.effect[3].message, &f.referral, SCH_ID_SIZE);
    /* The copy still waits; with it the body goes. */
    assert_int_equal(step_fixture_collect(&f, f.referral, POH), SCH_OK);
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_DESTROY), 1);
    assert_int_equal(f.dossier.delivery_count, 0);
    assert_int_equal(f.dossier.phase, SCH_PHASE_SENT);
}

/* Only the referral, and only where it was sent to, tells that the receiver has it. */
static void test_what_makes_it_received(void **state)
{
    (void)state;
    begin();
    assert_int_equal(step_fixture_collect(&f, f.referral, POH), SCH_OK);
    assert_false(f.dossier.received);
    /* Whose promise that answers: the one who collected. */
    assert_int_equal(step_fixture_about(&f, SCH_EFFECT_CLOSE, 1)->instance.member, SCH_MEMBER_COPY);
    (void)step_fixture_message_of(&f, SCH_KIND_CHANGE_NOTICE, PRACTICE);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_int_equal(step_fixture_collect(&f, f.last, S), SCH_OK);
    assert_false(f.dossier.received);
    assert_int_equal(step_fixture_collect(&f, f.referral, S), SCH_OK);
    assert_true(f.dossier.received);
}

static void test_its_sender_is_told(void **state)
{
    (void)state;
    begin();
    assert_int_equal(step_fixture_say(&f, SCH_KIND_ACCEPTANCE), SCH_OK);
    assert_int_equal(step_fixture_collect(&f, f.last, PRACTICE), SCH_OK);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_STATUS, 0)->sender, SCH_MEMBER_RECEIVER);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_STATUS, 0)->member, SCH_MEMBER_CREDITOR);
}

static void test_settling_again(void **state)
{
    (void)state;
    static struct sch_dossier before;
    begin();
    assert_int_equal(step_fixture_collect(&f, f.referral, S), SCH_OK);
    before = f.dossier;
    step_fixture_wait(&f, 1);
    for (enum sch_event_type type = SCH_EVENT_COLLECT; type <= SCH_EVENT_EXHAUST; type++) {
        assert_int_equal(step_fixture_settle(&f, type, f.referral, S, 0), SCH_OK);
        assert_int_equal(f.effects.count, 1);
        assert_int_equal(f.effects.effect[0].type, SCH_EFFECT_SETTLED);
        assert_int_equal(f.effects.effect[0].state, 0);
        assert_memory_equal(&f.dossier, &before, sizeof before);
    }
    assert_int_equal(step_fixture_collect(&f, f.referral, STRANGER), SCH_E_UNKNOWN_MESSAGE);
    assert_memory_equal(&f.dossier, &before, sizeof before);
    memset(&f.dossier, 0, sizeof f.dossier);
    assert_int_equal(step_fixture_collect(&f, f.referral, S), SCH_E_UNKNOWN_MESSAGE);
}

/* What lies in others' mailboxes is nobody else's to settle, nor to know. */
static void test_settling_what_others_got(void **state)
{
    (void)state;
    static struct sch_dossier before;
    begin();
    before = f.dossier;
    for (enum sch_event_type type = SCH_EVENT_COLLECT; type <= SCH_EVENT_EXHAUST; type++) {
        assert_int_equal(step_fixture_settle(&f, type, f.referral, STRANGER, 0), SCH_E_UNKNOWN_MESSAGE);
        assert_int_equal(f.effects.count, 1);
        assert_string_equal(f.effects.effect[0].field, "message_id");
        assert_memory_equal(&f.dossier, &before, sizeof before);
    }
}

static void test_refused_referral_is_undelivered(void **state)
{
    (void)state;
    begin();
    assert_int_equal(step_fixture_settle(&f, SCH_EVENT_REFUSE, f.referral, S, 0), SCH_OK);
    assert_int_equal(f.dossier.phase, SCH_PHASE_UNDELIVERED);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_REMOVE, 0)->state, SCH_DELIVERY_REFUSED_BY_SYSTEM);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_REMOVE, 0)->code, SCH_SYSTEM_REFUSAL_CANNOT_OPEN);
    const struct sch_effect *made = step_fixture_effect(&f, SCH_EFFECT_MAKE, 0);
    assert_int_equal(made->member, SCH_MEMBER_REFERRER);
    assert_int_equal(made->sequence, 1001);
    assert_int_equal(made->made.kind, SCH_KIND_DELIVERY_REPORT);
    assert_int_equal(made->made.cause, SCH_CAUSE_REFUSED_BY_SYSTEM);
    assert_int_equal(made->made.about, SCH_MEMBER_RECEIVER);
    assert_memory_equal(&made->made.subject, &f.referral, sizeof f.referral);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_DELIVER, 0)->sender, SCH_MEMBER_NONE);
    assert_memory_equal(&step_fixture_effect(&f, SCH_EFFECT_DELIVER, 0)->message, &made->message,
                        sizeof made->message);
    assert_null(step_fixture_owed(&f, 2));
    assert_null(step_fixture_owed(&f, 7));
    assert_int_equal(step_fixture_owed(&f, 10)->member, SCH_MEMBER_REFERRER);
    /* Reports about reports there are none, and no E1 of them. */
    struct sch_id report = f.dossier.delivery[1].message;
    assert_int_equal(step_fixture_settle(&f, SCH_EVENT_REFUSE, report, PRACTICE, 0), SCH_OK);
    assert_int_equal(f.effects.count, 2);
    /* Then it turns out that they have it. */
    assert_int_equal(step_fixture_say(&f, SCH_KIND_ACCEPTANCE), SCH_OK);
    assert_int_equal(f.dossier.phase, SCH_PHASE_ACCEPTED);
    assert_null(step_fixture_owed(&f, 10));
    assert_non_null(step_fixture_owed(&f, 4));
}

static void test_refused_by_a_copy_is_only_reported(void **state)
{
    (void)state;
    begin();
    assert_int_equal(step_fixture_settle(&f, SCH_EVENT_REFUSE, f.referral, POH, 0), SCH_OK);
    assert_int_equal(f.dossier.phase, SCH_PHASE_SENT);
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_DESTROY), 0);
    assert_int_equal(in_mailboxes(SCH_KIND_DELIVERY_REPORT), 1);
}

static void test_what_is_proven_stays_proven(void **state)
{
    (void)state;
    begin();
    assert_int_equal(step_fixture_say(&f, SCH_KIND_ACCEPTANCE), SCH_OK);
    assert_int_equal(step_fixture_settle(&f, SCH_EVENT_REFUSE, f.referral, S, 0), SCH_OK);
    assert_int_equal(f.dossier.phase, SCH_PHASE_ACCEPTED);
    assert_non_null(step_fixture_owed(&f, 4));
    assert_int_equal(in_mailboxes(SCH_KIND_DELIVERY_REPORT), 1);
}

static void test_exhausted(void **state)
{
    (void)state;
    begin();
    assert_int_equal(step_fixture_settle(&f, SCH_EVENT_EXHAUST, f.referral, S, 0), SCH_OK);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_REMOVE, 0)->state, SCH_DELIVERY_REFUSED_BY_SYSTEM);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_REMOVE, 0)->code, SCH_CAUSE_EXHAUSTED);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_MAKE, 0)->made.cause, SCH_CAUSE_EXHAUSTED);
    assert_int_equal(f.dossier.phase, SCH_PHASE_UNDELIVERED);
}

static void test_not_collected_then_expired(void **state)
{
    (void)state;
    begin();
    assert_int_equal(step_fixture_collect(&f, f.referral, POH), SCH_OK);
    int64_t stored_ms = f.world.now_ms;
    step_fixture_at(&f, stored_ms + 5 * STEP_FIXTURE_DAY_MS - 1);
    assert_int_equal(step_fixture_due(&f), SCH_OK);
    assert_int_equal(in_mailboxes(SCH_KIND_DELIVERY_REPORT), 0);
    step_fixture_at(&f, stored_ms + 5 * STEP_FIXTURE_DAY_MS);
    assert_int_equal(step_fixture_due(&f), SCH_OK);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_MAKE, 0)->made.cause, SCH_CAUSE_NOT_COLLECTED);
    assert_int_equal(step_fixture_due(&f), SCH_OK);
    assert_int_equal(f.effects.count, 0);
    step_fixture_at(&f, stored_ms + 30 * STEP_FIXTURE_DAY_MS - 1);
    assert_int_equal(step_fixture_due(&f), SCH_OK);
    assert_int_equal(f.dossier.phase, SCH_PHASE_SENT);
    step_fixture_at(&f, stored_ms + 30 * STEP_FIXTURE_DAY_MS);
    assert_int_equal(step_fixture_due(&f), SCH_OK);
    assert_int_equal(f.dossier.phase, SCH_PHASE_UNDELIVERED);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_REMOVE, 0)->state, SCH_DELIVERY_EXPIRED);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_STATUS, 0)->state, SCH_DELIVERY_EXPIRED);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_MAKE, 0)->made.cause, SCH_CAUSE_EXPIRED);
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_DESTROY), 1);
    assert_int_equal(step_fixture_about(&f, SCH_EFFECT_CLOSE, 1)->instance.standing, SCH_STANDING_CANCELLED);
    /* The report that nobody collected made place for the later one. */
    assert_int_equal(in_mailboxes(SCH_KIND_DELIVERY_REPORT), 1);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_REMOVE, 1)->state, SCH_DELIVERY_WITHDRAWN);
}

static void test_expiry_waits_for_a_lease(void **state)
{
    (void)state;
    begin();
    step_fixture_wait(&f, 30);
    memset(&f.event, 0, sizeof f.event);
    f.event.type = SCH_EVENT_DUE;
    f.event.leased = &f.referral;
    f.event.leased_count = 1;
    assert_int_equal(step_fixture_step(&f), SCH_OK);
    assert_int_equal(in_mailboxes(SCH_KIND_REFERRAL), 2);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_MAKE, 0)->made.cause, SCH_CAUSE_NOT_COLLECTED);
    assert_int_equal(step_fixture_due(&f), SCH_OK);
    assert_int_equal(in_mailboxes(SCH_KIND_REFERRAL), 0);
    assert_int_equal(f.dossier.phase, SCH_PHASE_UNDELIVERED);
}

static void test_urgent_is_reported_after_an_hour(void **state)
{
    (void)state;
    step_fixture_init(&f);
    step_fixture_referral(&f, PRACTICE, S)->fact[SCH_FACT_URGENCY] = SCH_URGENCY_CRISIS;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    f.world.now_ms += 3600000;
    assert_int_equal(step_fixture_due(&f), SCH_OK);
    assert_int_equal(in_mailboxes(SCH_KIND_DELIVERY_REPORT), 1);
}

static void test_the_brokers_own_expire_silently(void **state)
{
    (void)state;
    begin();
    assert_int_equal(step_fixture_settle(&f, SCH_EVENT_REFUSE, f.referral, S, 0), SCH_OK);
    assert_int_equal(step_fixture_collect(&f, f.referral, POH), SCH_OK);
    assert_int_equal(step_fixture_say(&f, SCH_KIND_TAKEN_UP), SCH_OK);
    assert_int_equal(step_fixture_collect(&f, f.last, S), SCH_OK);
    assert_int_equal(f.dossier.delivery_count, 1);
    step_fixture_wait(&f, 30);
    assert_int_equal(step_fixture_due(&f), SCH_OK);
    assert_int_equal(f.effects.count, 1);
    assert_int_equal(f.effects.effect[0].type, SCH_EFFECT_REMOVE);
    assert_int_equal(f.effects.effect[0].state, SCH_DELIVERY_EXPIRED);
    assert_true(sch_dossier_next_due(&f.dossier) == sch_dossier_purge_ms(&f.dossier));
}

static void test_withdrawal_takes_back_what_was_not_collected(void **state)
{
    (void)state;
    begin();
    assert_int_equal(step_fixture_say(&f, SCH_KIND_WITHDRAWAL), SCH_OK);
    assert_int_equal(f.dossier.phase, SCH_PHASE_WITHDRAWN);
    assert_int_equal(in_mailboxes(SCH_KIND_REFERRAL), 0);
    assert_int_equal(in_mailboxes(SCH_KIND_WITHDRAWAL), 2);
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_REMOVE), 2);
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_DESTROY), 1);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_STATUS, 0)->state, SCH_DELIVERY_WITHDRAWN);
    assert_null(step_fixture_owed(&f, 2));
    assert_null(step_fixture_owed(&f, 4));
    assert_null(step_fixture_owed(&f, 7));
    assert_null(step_fixture_owed(&f, 10));
    /* Feedback that crosses it is delivered and reopens nothing. */
    assert_int_equal(step_fixture_say(&f, SCH_KIND_ACCEPTANCE), SCH_OK);
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_DELIVER), 2);
    assert_int_equal(f.dossier.phase, SCH_PHASE_WITHDRAWN);
    assert_int_equal(step_fixture_say(&f, SCH_KIND_WITHDRAWAL), SCH_E_NOT_NOW);
}

static void test_withdrawal_of_a_collected_referral(void **state)
{
    (void)state;
    begin();
    assert_int_equal(step_fixture_collect(&f, f.referral, S), SCH_OK);
    assert_int_equal(step_fixture_collect(&f, f.referral, POH), SCH_OK);
    assert_int_equal(step_fixture_say(&f, SCH_KIND_WITHDRAWAL), SCH_OK);
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_REMOVE), 0);
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_DESTROY), 0);
    begin();
    assert_int_equal(step_fixture_say(&f, SCH_KIND_INTAKE_REPORT), SCH_OK);
    assert_int_equal(step_fixture_say(&f, SCH_KIND_WITHDRAWAL), SCH_E_NOT_NOW);
}

static void test_made_ids(void **state)
{
    (void)state;
    struct sch_id a = sch_step_made_id(INT64_C(0x0190a1b2c3d4), 5);
    static const uint8_t bytes[SCH_ID_SIZE] = { 0x01, 0x90, 0xa1, 0xb2, 0xc3, 0xd4, 0x70, 0,
                                                0x80, 0, 0, 0, 0, 0, 0, 5 };
    assert_memory_equal(&a, bytes, sizeof bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_collect),
        cmocka_unit_test(test_what_makes_it_received),
        cmocka_unit_test(test_its_sender_is_told),
        cmocka_unit_test(test_settling_again),
        cmocka_unit_test(test_settling_what_others_got),
        cmocka_unit_test(test_refused_referral_is_undelivered),
        cmocka_unit_test(test_refused_by_a_copy_is_only_reported),
        cmocka_unit_test(test_what_is_proven_stays_proven),
        cmocka_unit_test(test_exhausted),
        cmocka_unit_test(test_not_collected_then_expired),
        cmocka_unit_test(test_expiry_waits_for_a_lease),
        cmocka_unit_test(test_urgent_is_reported_after_an_hour),
        cmocka_unit_test(test_the_brokers_own_expire_silently),
        cmocka_unit_test(test_withdrawal_takes_back_what_was_not_collected),
        cmocka_unit_test(test_withdrawal_of_a_collected_referral),
        cmocka_unit_test(test_made_ids),
    };
    return cmocka_run_group_tests_name("step_mailbox", tests, NULL, NULL);
}
