/* test_step_question.c: INFORMATION_REQUEST and INFORMATION_REPLY, E11 and what they do to E2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/calendar.h"
#include "core/question.h"
#include "step_fixture.h"

static struct step_fixture f;

static void begin(enum step_party to)
{
    step_fixture_init(&f);
    step_fixture_open(&f, to);
}

static struct sch_id ask(enum step_party from)
{
    (void)step_fixture_message_of(&f, SCH_KIND_INFORMATION_REQUEST, from);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    return f.last;
}

static int reply(enum step_party from, const struct sch_id *question, enum sch_kind kind)
{
    struct sch_header *header = step_fixture_message_of(&f, SCH_KIND_INFORMATION_REPLY, from);
    memset(&f.subject, 0, sizeof f.subject);
    if (question != NULL) {
        header->subject = *question;
        f.subject.known = true;
        f.subject.dossier = f.dossier.id;
        f.subject.kind = kind;
    }
    return step_fixture_send(&f);
}

static size_t owed_questions(void)
{
    size_t count = 0;
    for (size_t i = 0; i < f.dossier.instance_count; i++) {
        count += f.dossier.instance[i].expectation == 11 && sch_instance_is_open(&f.dossier.instance[i]);
    }
    return count;
}

static void test_the_receiver_asks(void **state)
{
    (void)state;
    begin(S);
    struct sch_id question = ask(S);
    /* To the creditor and its copies. */
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_DELIVER), 2);
    assert_int_equal(step_fixture_owed(&f, 11)->member, SCH_MEMBER_CREDITOR);
    assert_int_equal(step_fixture_owed(&f, 11)->due_ms, step_fixture_end_of(20260309));
    assert_null(step_fixture_owed(&f, 2));
    assert_int_equal(step_fixture_about(&f, SCH_EFFECT_CLOSE, 2)->instance.standing, SCH_STANDING_CLOSED);
    assert_non_null(step_fixture_owed(&f, 4));
    step_fixture_wait(&f, 3);
    assert_int_equal(reply(PRACTICE, &question, SCH_KIND_INFORMATION_REQUEST), SCH_OK);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_DELIVER, 0)->member, SCH_MEMBER_RECEIVER);
    assert_null(step_fixture_owed(&f, 11));
    assert_int_equal(step_fixture_about(&f, SCH_EFFECT_CLOSE, 11)->instance.closed_ms, f.world.now_ms);
    /* A fresh E2, from the reply. */
    assert_int_equal(step_fixture_owed(&f, 2)->from_ms, f.world.now_ms);
    assert_int_equal(step_fixture_owed(&f, 2)->due_ms, step_fixture_end_of(20260312));
    /* Saying more begins nothing more. */
    step_fixture_wait(&f, 1);
    assert_int_equal(reply(PRACTICE, NULL, SCH_KIND_UNSPECIFIED), SCH_OK);
    assert_null(step_fixture_about(&f, SCH_EFFECT_OPEN, 2));
}

static void test_asking_is_no_way_to_stall(void **state)
{
    (void)state;
    begin(S);
    for (int i = 0; i < SCH_ASKED_MAX; i++) {
        (void)ask(S);
        assert_null(step_fixture_owed(&f, 2));
        assert_int_equal(reply(PRACTICE, NULL, SCH_KIND_UNSPECIFIED), SCH_OK);
        assert_non_null(step_fixture_owed(&f, 2));
    }
    assert_int_equal(f.dossier.asked_count, SCH_ASKED_MAX);
    (void)ask(S);
    assert_non_null(step_fixture_owed(&f, 2));
    assert_non_null(step_fixture_owed(&f, 11));
}

static void test_others_ask_the_receiver(void **state)
{
    (void)state;
    begin(S);
    (void)ask(PRACTICE);
    assert_int_equal(step_fixture_owed(&f, 11)->member, SCH_MEMBER_RECEIVER);
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_DELIVER), 1);
    assert_non_null(step_fixture_owed(&f, 2));
    (void)ask(POH);
    assert_int_equal(owed_questions(), 2);
    /* The practice's own reply answers no question that it asked. */
    assert_int_equal(reply(PRACTICE, NULL, SCH_KIND_UNSPECIFIED), SCH_OK);
    assert_int_equal(owed_questions(), 2);
    assert_int_equal(reply(S, NULL, SCH_KIND_UNSPECIFIED), SCH_OK);
    assert_int_equal(owed_questions(), 1);
    assert_int_equal(f.dossier.asked_count, 0);
}

static void test_which_question_is_answered(void **state)
{
    (void)state;
    begin(S);
    struct sch_id first = ask(S), second = ask(S);
    assert_int_equal(reply(PRACTICE, &second, SCH_KIND_INFORMATION_REQUEST), SCH_OK);
    assert_memory_equal(&step_fixture_owed(&f, 11)->opened_by, &first, sizeof first);
    second = ask(S);
    assert_int_equal(reply(PRACTICE, NULL, SCH_KIND_UNSPECIFIED), SCH_OK);
    assert_memory_equal(&step_fixture_owed(&f, 11)->opened_by, &second, sizeof second);
    assert_int_equal(reply(PRACTICE, &second, SCH_KIND_ACCEPTANCE), SCH_E_FIELD_INVALID);
    assert_string_equal(f.effects.effect[0].field, "header.subject");
}

static void test_a_reply_restarts_nothing_that_was_decided_or_waived(void **state)
{
    (void)state;
    begin(S);
    (void)ask(S);
    assert_int_equal(step_fixture_say(&f, SCH_KIND_ACCEPTANCE), SCH_OK);
    assert_int_equal(reply(PRACTICE, NULL, SCH_KIND_UNSPECIFIED), SCH_OK);
    assert_null(step_fixture_owed(&f, 2));
    begin(S);
    (void)ask(S);
    assert_int_equal(reply(PRACTICE, NULL, SCH_KIND_UNSPECIFIED), SCH_OK);
    step_fixture_message(&f, SCH_KIND_WAIVER)->fact[SCH_FACT_EXPECTATION] = 2;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_int_equal(reply(PRACTICE, NULL, SCH_KIND_UNSPECIFIED), SCH_OK);
    assert_null(step_fixture_owed(&f, 2));
}

/* The record keeps only so many ended promises; that a decision is still to come does not hang on them. */
static void test_a_reply_restarts_however_much_was_asked_between(void **state)
{
    (void)state;
    begin(S);
    (void)ask(S);
    for (int i = 0; i <= SCH_KEPT_MAX; i++) {
        struct sch_id question = ask(PRACTICE);
        assert_int_equal(step_fixture_collect(&f, question, S), SCH_OK);
        step_fixture_wait(&f, 1);
        assert_int_equal(reply(S, &question, SCH_KIND_INFORMATION_REQUEST), SCH_OK);
        assert_int_equal(step_fixture_collect(&f, f.last, PRACTICE), SCH_OK);
        assert_int_equal(step_fixture_collect(&f, f.last, POH), SCH_OK);
    }
    assert_null(step_fixture_owed(&f, 2));
    assert_int_equal(reply(PRACTICE, NULL, SCH_KIND_UNSPECIFIED), SCH_OK);
    assert_int_equal(step_fixture_owed(&f, 2)->from_ms, f.world.now_ms);
}

/* A decision that nobody counted when the referral came is not counted from a reply on. */
static void test_a_reply_starts_nothing_new(void **state)
{
    (void)state;
    step_fixture_init(&f);
    step_fixture_norm(&f, 2, SCH_VARIANT_PLAIN, 0, SCH_UNIT_WORKING_DAYS);
    step_fixture_open(&f, S);
    step_fixture_norm(&f, 2, SCH_VARIANT_PLAIN, 5, SCH_UNIT_WORKING_DAYS);
    (void)ask(S);
    assert_int_equal(reply(PRACTICE, NULL, SCH_KIND_UNSPECIFIED), SCH_OK);
    assert_null(step_fixture_owed(&f, 2));
}

static void test_a_crisis_has_the_telephone(void **state)
{
    (void)state;
    begin(CRISIS);
    (void)ask(CRISIS);
    assert_null(step_fixture_owed(&f, 11));
    assert_non_null(step_fixture_owed(&f, 3));
}

static void test_until_six_months_after(void **state)
{
    (void)state;
    begin(S);
    assert_int_equal(step_fixture_say(&f, SCH_KIND_DISCHARGE_LETTER), SCH_OK);
    /* Closed on Monday 2 March 2026. */
    step_fixture_at(&f, step_fixture_end_of(20260902) - 1);
    struct sch_dossier closed = f.dossier;
    (void)ask(PRACTICE);
    f.dossier = closed;
    step_fixture_at(&f, step_fixture_end_of(20260902));
    (void)step_fixture_message_of(&f, SCH_KIND_INFORMATION_REQUEST, PRACTICE);
    assert_int_equal(step_fixture_send(&f), SCH_E_NOT_NOW);
    assert_int_equal(reply(PRACTICE, NULL, SCH_KIND_UNSPECIFIED), SCH_E_NOT_NOW);
}

static void lives_until(int64_t date)
{
    while (sch_dossier_next_due(&f.dossier) < step_fixture_end_of(date)) {
        step_fixture_at(&f, sch_dossier_next_due(&f.dossier));
        assert_int_equal(step_fixture_due(&f), SCH_OK);
    }
    step_fixture_at(&f, step_fixture_end_of(date) - 1);
}

/* Asking neither begins the two years anew nor stops them; and what is asked in time may be answered late. */
static void test_questions_keep_no_dossier(void **state)
{
    (void)state;
    begin(S);
    assert_int_equal(step_fixture_say(&f, SCH_KIND_DISCHARGE_LETTER), SCH_OK);
    int64_t closed_ms = f.dossier.closed_ms;
    lives_until(20260902);
    struct sch_id first = ask(PRACTICE);
    (void)ask(S);
    assert_int_equal(f.dossier.closed_ms, closed_ms);
    step_fixture_wait(&f, 7);
    assert_int_equal(reply(S, &first, SCH_KIND_INFORMATION_REQUEST), SCH_OK);
    assert_int_equal(f.dossier.closed_ms, closed_ms);
    /* Of the other every step of the ladder was told; then it goes with all the rest. */
    lives_until(20280302);
    assert_int_equal(step_fixture_owed(&f, 11)->step, SCH_STEP_ESCALATED);
    assert_int_equal(sch_dossier_next_due(&f.dossier), step_fixture_end_of(20280302));
    step_fixture_at(&f, step_fixture_end_of(20280302));
    assert_int_equal(step_fixture_due(&f), SCH_OK);
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_PURGE), 1);
}

/* A question that was open when care ended holds the end no longer than one that came after it. */
static void test_a_question_of_before_the_end(void **state)
{
    (void)state;
    begin(S);
    (void)ask(S);
    step_fixture_wait(&f, 3);
    assert_int_equal(step_fixture_say(&f, SCH_KIND_DISCHARGE_LETTER), SCH_OK);
    assert_non_null(step_fixture_owed(&f, 11));
    assert_int_equal(f.dossier.closed_ms, f.world.now_ms);
    assert_int_equal(sch_dossier_purge_ms(&f.dossier), step_fixture_end_of(20280305));
}

static void test_questions_leave_room_for_feedback(void **state)
{
    (void)state;
    begin(S);
    int asked = 0;
    while (step_fixture_message_of(&f, SCH_KIND_INFORMATION_REQUEST, PRACTICE) != NULL &&
           step_fixture_send(&f) == SCH_OK) {
        assert_int_equal(step_fixture_collect(&f, f.last, S), SCH_OK);
        asked++;
    }
    assert_int_equal(f.effects.effect[0].code, SCH_E_DOSSIER_FULL);
    assert_true(asked > 5 && asked < SCH_OWED_MAX / 2);
    assert_int_equal(step_fixture_say(&f, SCH_KIND_DISCHARGE_LETTER), SCH_OK);
    assert_int_equal(f.dossier.phase, SCH_PHASE_CLOSED);
}

static void test_a_notice_has_someone_to_answer_to(void **state)
{
    (void)state;
    step_fixture_init(&f);
    (void)step_fixture_opening(&f, SCH_KIND_INVOLVEMENT_NOTICE, WIJKTEAM, PRACTICE);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    (void)ask(PRACTICE);
    assert_string_equal(f.header.receiver.text, f.party[WIJKTEAM].address.text);
    assert_int_equal(step_fixture_owed(&f, 11)->member, SCH_MEMBER_REFERRER);
    assert_int_equal(reply(WIJKTEAM, NULL, SCH_KIND_UNSPECIFIED), SCH_OK);
    assert_null(step_fixture_owed(&f, 11));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_receiver_asks),
        cmocka_unit_test(test_asking_is_no_way_to_stall),
        cmocka_unit_test(test_others_ask_the_receiver),
        cmocka_unit_test(test_which_question_is_answered),
        cmocka_unit_test(test_a_reply_restarts_nothing_that_was_decided_or_waived),
        cmocka_unit_test(test_a_reply_restarts_however_much_was_asked_between),
        cmocka_unit_test(test_a_reply_starts_nothing_new),
        cmocka_unit_test(test_a_crisis_has_the_telephone),
        cmocka_unit_test(test_until_six_months_after),
        cmocka_unit_test(test_questions_keep_no_dossier),
        cmocka_unit_test(test_a_question_of_before_the_end),
        cmocka_unit_test(test_questions_leave_room_for_feedback),
        cmocka_unit_test(test_a_notice_has_someone_to_answer_to),
    };
    return cmocka_run_group_tests_name("step_question", tests, NULL, NULL);
}
