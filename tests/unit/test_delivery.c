/* test_delivery.c: the unsettled deliveries of a dossier and their timers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/delivery.h"

static struct sch_dossier dossier;

static struct sch_delivery *add(uint8_t last, uint8_t member, uint8_t sender)
{
    struct sch_delivery *delivery = sch_delivery_add(&dossier);
    delivery->message.bytes[15] = last;
    delivery->member = member;
    delivery->sender = sender;
    delivery->stored_ms = 1000;
    return delivery;
}

static void begin(void)
{
    memset(&dossier, 0, sizeof dossier);
    dossier.member_count = 3;
    strcpy(dossier.member[0].address.text, "agb:01000001");
    strcpy(dossier.member[1].address.text, "agb:06000001");
    strcpy(dossier.member[2].address.text, "agb:01000001");
}

static void test_find_by_message_and_mailbox(void **state)
{
    (void)state;
    begin();
    add(1, 1, 0);
    add(1, 2, 1);
    add(2, 1, 0);
    struct sch_id message = { { 0 } };
    message.bytes[15] = 1;
    assert_ptr_equal(sch_delivery_find(&dossier, &message, "agb:06000001"), &dossier.delivery[0]);
    assert_ptr_equal(sch_delivery_find(&dossier, &message, "agb:01000001"), &dossier.delivery[1]);
    assert_null(sch_delivery_find(&dossier, &message, "agb:0600000"));
    message.bytes[15] = 3;
    assert_null(sch_delivery_find(&dossier, &message, "agb:06000001"));
    assert_false(sch_delivery_pending(&dossier, &message));
}

static void test_drop_keeps_order_and_leaves_no_trace(void **state)
{
    (void)state;
    static struct sch_delivery zero;
    begin();
    add(1, 1, 0);
    add(2, 1, 0);
    add(3, 1, 0);
    sch_delivery_drop(&dossier, &dossier.delivery[1]);
    assert_int_equal(dossier.delivery_count, 2);
    assert_int_equal(dossier.delivery[0].message.bytes[15], 1);
    assert_int_equal(dossier.delivery[1].message.bytes[15], 3);
    assert_memory_equal(&dossier.delivery[2], &zero, sizeof zero);
    assert_true(sch_delivery_pending(&dossier, &dossier.delivery[1].message));
}

static void test_timers(void **state)
{
    (void)state;
    begin();
    struct sch_delivery *delivery = add(1, 1, 0);
    assert_int_equal(sch_delivery_report_ms(delivery), 1000 + 5 * INT64_C(86400000));
    assert_int_equal(sch_delivery_expiry_ms(delivery), 1000 + 30 * INT64_C(86400000));
    delivery->urgent = true;
    assert_int_equal(sch_delivery_report_ms(delivery), 1000 + 3600000);
    delivery->reported = true;
    assert_true(sch_delivery_report_ms(delivery) == INT64_MAX);
    delivery = add(2, 1, SCH_MEMBER_NONE);
    delivery->kind = SCH_KIND_DELIVERY_REPORT;
    assert_true(sch_delivery_report_ms(delivery) == INT64_MAX);
    assert_int_equal(sch_delivery_party_count(&dossier), 1);
    assert_int_equal(sch_delivery_report_count(&dossier), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find_by_message_and_mailbox),
        cmocka_unit_test(test_drop_keeps_order_and_leaves_no_trace),
        cmocka_unit_test(test_timers),
    };
    return cmocka_run_group_tests_name("delivery", tests, NULL, NULL);
}
