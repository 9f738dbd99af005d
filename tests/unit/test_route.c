/* test_route.c: to whom a message goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/route.h"

static struct sch_dossier dossier;
static struct sch_header header;
static uint8_t member[SCH_RECIPIENTS_MAX];

static void begin(const char *referrer, const char *creditor)
{
    static const char *const copy[] = { "agb:01000001/poh-ggz", "agb:01000001", "agb:94000001" };
    memset(&dossier, 0, sizeof dossier);
    memset(&header, 0, sizeof header);
    strcpy(dossier.member[SCH_MEMBER_REFERRER].address.text, referrer);
    strcpy(dossier.member[SCH_MEMBER_RECEIVER].address.text, "agb:06000001");
    strcpy(dossier.member[SCH_MEMBER_CREDITOR].address.text, creditor);
    for (size_t i = 0; i < 3; i++) {
        strcpy(dossier.member[SCH_MEMBER_COPY + i].address.text, copy[i]);
    }
    dossier.member_count = 6;
}

static size_t route(enum sch_direction direction, const char *sender)
{
    return sch_route_recipients(&dossier, direction, sender, member);
}

static void test_feedback_goes_to_creditor_then_copies_nobody_twice(void **state)
{
    (void)state;
    begin("agb:94000001", "agb:01000001");
    assert_int_equal(route(SCH_DIRECTION_FEEDBACK, "agb:06000001"), 3);
    assert_int_equal(member[0], SCH_MEMBER_CREDITOR);
    assert_int_equal(member[1], SCH_MEMBER_COPY);
    assert_int_equal(member[2], SCH_MEMBER_COPY + 2);
}

static void test_the_sender_gets_nothing(void **state)
{
    (void)state;
    begin("agb:94000001", "agb:01000001");
    assert_int_equal(route(SCH_DIRECTION_OPENS, "agb:94000001"), 3);
    assert_int_equal(member[0], SCH_MEMBER_RECEIVER);
    assert_int_equal(member[1], SCH_MEMBER_COPY);
    assert_int_equal(member[2], SCH_MEMBER_COPY + 1);
}

static void test_other_directions(void **state)
{
    (void)state;
    begin("agb:01000001", "agb:01000001");
    assert_int_equal(route(SCH_DIRECTION_ANSWER, "agb:01000001"), 1);
    assert_int_equal(member[0], SCH_MEMBER_RECEIVER);
    assert_int_equal(route(SCH_DIRECTION_LEDGER, "agb:01000001"), 0);
    assert_int_equal(route(SCH_DIRECTION_NONE, "agb:01000001"), 0);
    assert_int_equal(route(SCH_DIRECTION_BROKER, "agb:01000001"), 0);
    assert_int_equal(route(SCH_DIRECTION_ONWARD, "agb:01000001"), 3);
}

static void test_matches_wants_these_in_this_order(void **state)
{
    (void)state;
    begin("agb:94000001", "agb:01000001");
    size_t count = route(SCH_DIRECTION_FEEDBACK, "agb:06000001");
    strcpy(header.receiver.text, "agb:01000001");
    strcpy(header.copies[0].text, "agb:01000001/poh-ggz");
    strcpy(header.copies[1].text, "agb:94000001");
    header.copy_count = 2;
    assert_true(sch_route_matches(&dossier, &header, member, count));
    header.copy_count = 1;
    assert_false(sch_route_matches(&dossier, &header, member, count));
    header.copy_count = 2;
    strcpy(header.copies[0].text, "agb:94000001");
    strcpy(header.copies[1].text, "agb:01000001/poh-ggz");
    assert_false(sch_route_matches(&dossier, &header, member, count));
    memset(&header, 0, sizeof header);
    assert_true(sch_route_matches(&dossier, &header, member, 0));
    header.copy_count = 1;
    assert_false(sch_route_matches(&dossier, &header, member, 0));
    header.copy_count = 0;
    strcpy(header.receiver.text, "agb:01000001");
    assert_false(sch_route_matches(&dossier, &header, member, 0));
}

static void test_a_dossier_that_is_not_there_has_nobody(void **state)
{
    (void)state;
    memset(&dossier, 0, sizeof dossier);
    assert_int_equal(route(SCH_DIRECTION_OPENS, "agb:01000001"), 0);
    assert_int_equal(route(SCH_DIRECTION_RESULT, "agb:01000001"), 0);
}

static void test_a_result_reaches_the_referrer(void **state)
{
    (void)state;
    begin("agb:06000009", "agb:01000001");
    assert_int_equal(route(SCH_DIRECTION_RESULT, "agb:06000001"), 4);
    assert_int_equal(member[3], SCH_MEMBER_REFERRER);
    /* A referrer that is the creditor, or in copy, gets it as that. */
    begin("agb:01000001", "agb:01000001");
    assert_int_equal(route(SCH_DIRECTION_RESULT, "agb:06000001"), 3);
    begin("agb:94000001", "agb:01000001");
    assert_int_equal(route(SCH_DIRECTION_RESULT, "agb:06000001"), 3);
}

static enum sch_direction way(enum sch_kind kind, const char *sender)
{
    return sch_route_direction(&dossier, kind, sender, NULL);
}

static void test_which_way(void **state)
{
    (void)state;
    begin("agb:94000001", "agb:01000001");
    dossier.phase = SCH_PHASE_SENT;
    static const enum sch_kind both[] = { SCH_KIND_INFORMATION_REQUEST, SCH_KIND_INFORMATION_REPLY,
                                          SCH_KIND_CHANGE_NOTICE };
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(way(both[i], "agb:06000001"), SCH_DIRECTION_FEEDBACK);
        assert_int_equal(way(both[i], "agb:01000001"), SCH_DIRECTION_ANSWER);
        assert_int_equal(way(both[i], "agb:94000001"), SCH_DIRECTION_ANSWER);
        assert_int_equal(way(both[i], "agb:01000001/poh-ggz"), SCH_DIRECTION_ANSWER);
    }
    assert_int_equal(way(SCH_KIND_CARE_NOTICE, "agb:06000001"), SCH_DIRECTION_FEEDBACK);
    assert_int_equal(way(SCH_KIND_REFERRAL, "agb:94000001"), SCH_DIRECTION_OPENS);
    assert_int_equal(way(SCH_KIND_NOTE, "agb:01000001"), SCH_DIRECTION_LEDGER);
    assert_int_equal(way(SCH_KIND_TEAM_RESULT, "agb:06000001"), SCH_DIRECTION_RESULT);
    /* Only what was referred back can be refused by the practice. */
    assert_int_equal(way(SCH_KIND_REFUSAL, "agb:01000001"), SCH_DIRECTION_FEEDBACK);
    dossier.phase = SCH_PHASE_BACK_REFERRED;
    assert_int_equal(way(SCH_KIND_REFUSAL, "agb:01000001"), SCH_DIRECTION_ANSWER);
    assert_int_equal(way(SCH_KIND_REFUSAL, "agb:06000001"), SCH_DIRECTION_FEEDBACK);
}

static void test_a_correction_goes_where_its_subject_went(void **state)
{
    (void)state;
    static const struct {
        enum sch_kind kind;
        const char *sender;
        enum sch_direction direction;
    } row[] = {
        { SCH_KIND_REFERRAL, "agb:94000001", SCH_DIRECTION_OPENS },
        { SCH_KIND_ACCEPTANCE, "agb:06000001", SCH_DIRECTION_FEEDBACK },
        { SCH_KIND_TAKEN_UP, "agb:01000001", SCH_DIRECTION_ANSWER },
        { SCH_KIND_WAIVER, "agb:01000001", SCH_DIRECTION_LEDGER },
        { SCH_KIND_INFORMATION_REPLY, "agb:01000001", SCH_DIRECTION_ANSWER },
        { SCH_KIND_CARE_NOTICE, "agb:06000001", SCH_DIRECTION_FEEDBACK },
        { SCH_KIND_REFUSAL, "agb:06000001", SCH_DIRECTION_FEEDBACK },
        { SCH_KIND_REFUSAL, "agb:01000001", SCH_DIRECTION_ANSWER },     /* of a back-referral, before */
        { SCH_KIND_CORRECTION, "agb:06000001", SCH_DIRECTION_SAME },    /* which is no way, and is refused */
    };
    begin("agb:94000001", "agb:01000001");
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        struct sch_subject subject = { .known = true, .kind = row[i].kind };
        strcpy(subject.sender.text, row[i].sender);
        assert_int_equal(sch_route_direction(&dossier, SCH_KIND_CORRECTION, row[i].sender, &subject),
                         row[i].direction);
        subject.known = false;
        assert_int_equal(sch_route_direction(&dossier, SCH_KIND_CORRECTION, row[i].sender, &subject),
                         SCH_DIRECTION_NONE);
    }
    assert_int_equal(route(SCH_DIRECTION_SAME, "agb:06000001"), 0);
    assert_int_equal(route(SCH_DIRECTION_BOTH, "agb:06000001"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_feedback_goes_to_creditor_then_copies_nobody_twice),
        cmocka_unit_test(test_the_sender_gets_nothing),
        cmocka_unit_test(test_other_directions),
        cmocka_unit_test(test_a_result_reaches_the_referrer),
        cmocka_unit_test(test_which_way),
        cmocka_unit_test(test_a_correction_goes_where_its_subject_went),
        cmocka_unit_test(test_matches_wants_these_in_this_order),
        cmocka_unit_test(test_a_dossier_that_is_not_there_has_nobody),
    };
    return cmocka_run_group_tests_name("route", tests, NULL, NULL);
}
