/* test_step_bounds.c: one party that fills a dossier as far as the door lets it. No array may overflow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/delivery.h"
#include "core/promise.h"
#include "step_fixture.h"

#define ROUNDS 3

static struct step_fixture f;

static struct sch_id claim(enum sch_kind kind)
{
    struct sch_header *header = step_fixture_message_of(&f, kind, PRACTICE);
    if (kind == SCH_KIND_WAIVER) {
        header->fact[SCH_FACT_EXPECTATION] = 11;
    }
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    return f.last;
}

static void ask_on(void)
{
    int code = SCH_OK;
    while (code == SCH_OK) {
        (void)step_fixture_message_of(&f, SCH_KIND_INFORMATION_REQUEST, PRACTICE);
        code = step_fixture_send(&f);
    }
    assert_int_equal(code, SCH_E_DOSSIER_FULL);
}

static void fill_mailboxes(size_t places_left)
{
    while (sch_delivery_party_count(&f.dossier) + places_left < SCH_PARTY_DELIVERIES_MAX) {
        (void)claim(SCH_KIND_CHANGE_NOTICE);
    }
}

/* Questions are waived, and the waiver is corrected once others were asked. */
static void make_much_owed(void)
{
    struct sch_id waiver;
    memset(&waiver, 0, sizeof waiver);
    for (int round = 0; round < ROUNDS; round++) {
        ask_on();
        if (round == ROUNDS - 1) {
            fill_mailboxes(0);
        }
        if (round > 0) {
            step_fixture_correction(&f, waiver, SCH_KIND_WAIVER, PRACTICE);
            assert_int_equal(step_fixture_send(&f), SCH_OK);
        }
        if (round < ROUNDS - 1) {
            waiver = claim(SCH_KIND_WAIVER);
        }
    }
}

static size_t reminders(void)
{
    size_t count = 0;
    for (size_t i = 0; i < f.dossier.delivery_count; i++) {
        count += f.dossier.delivery[i].kind == SCH_KIND_REMINDER;
    }
    return count;
}

static void test_nobody_collects_anything(void **state)
{
    (void)state;
    step_fixture_init(&f);
    step_fixture_open(&f, S);
    fill_mailboxes(0);
    /* All of it expires, and each sender's report waits where nobody comes. */
    step_fixture_live(&f, 31);
    assert_int_equal(sch_delivery_report_count(&f.dossier), SCH_PARTY_DELIVERIES_MAX);
    make_much_owed();
    assert_true(sch_promise_count(&f.dossier) > SCH_OWED_MAX);
    /* A report of each delivery, and two reminders of each promise, are more than there is place for. */
    step_fixture_live(&f, 20);
    assert_int_equal(f.dossier.delivery_count, SCH_DELIVERIES_MAX);
    assert_int_equal(sch_delivery_party_count(&f.dossier), SCH_PARTY_DELIVERIES_MAX);
    /* The oldest made place: the reports of a month ago. */
    assert_int_equal(reminders(), 2 * sch_promise_count(&f.dossier));
    /* And it empties again. */
    step_fixture_live(&f, 70);
    assert_int_equal(sch_delivery_party_count(&f.dossier), 0);
}

/* A message of a party never makes place for the broker's own, be it the oldest of all. */
static void test_what_a_party_sent_stays(void **state)
{
    (void)state;
    step_fixture_init(&f);
    step_fixture_open(&f, S);
    fill_mailboxes(1);
    step_fixture_live(&f, 29);
    struct sch_id first = claim(SCH_KIND_CHANGE_NOTICE);
    step_fixture_live(&f, 2);
    assert_memory_equal(&f.dossier.delivery[0].message, &first, sizeof first);
    make_much_owed();
    step_fixture_live(&f, 20);
    assert_int_equal(f.dossier.delivery_count, SCH_DELIVERIES_MAX);
    assert_memory_equal(&f.dossier.delivery[0].message, &first, sizeof first);
    assert_int_equal(reminders(), 2 * sch_promise_count(&f.dossier));
}

/* So much may become owed that the door shuts for feedback: whoever it is owed to opens it again. */
static void test_too_much_owed_can_be_waived(void **state)
{
    (void)state;
    step_fixture_init(&f);
    step_fixture_open(&f, S);
    make_much_owed();
    assert_int_equal(step_fixture_collect(&f, f.referral, S), SCH_OK);
    assert_int_equal(step_fixture_collect(&f, f.referral, POH), SCH_OK);
    assert_int_equal(step_fixture_say(&f, SCH_KIND_ACCEPTANCE), SCH_E_DOSSIER_FULL);
    (void)claim(SCH_KIND_WAIVER);
    assert_null(step_fixture_owed(&f, 11));
    assert_int_equal(step_fixture_say(&f, SCH_KIND_ACCEPTANCE), SCH_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nobody_collects_anything),
        cmocka_unit_test(test_what_a_party_sent_stays),
        cmocka_unit_test(test_too_much_owed_can_be_waived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
