/* test_step_chain.c: parent, follows and group: what a child inherits, and what the others hear of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/calendar.h"
#include "core/delivery.h"
#include "step_fixture.h"

static struct step_fixture f;
static struct sch_dossier origin;

/* A dossier of the practice at GB, kept as the origin of what comes next. */
static void begin(enum sch_kind last)
{
    step_fixture_init(&f);
    step_fixture_open(&f, GB);
    if (last != SCH_KIND_UNSPECIFIED) {
        assert_int_equal(step_fixture_say(&f, last), SCH_OK);
    }
    origin = f.dossier;
    f.origin = &origin;
}

static struct sch_header *child(enum step_party from, enum step_party to)
{
    struct sch_header *header = step_fixture_referral(&f, from, to);
    memset(&f.dossier, 0, sizeof f.dossier);
    f.dossier.id = header->id;
    header->parent = origin.id;
    step_fixture_copy(&f, PRACTICE);
    return header;
}

static struct sch_header *again(enum step_party from, enum step_party to)
{
    struct sch_header *header = step_fixture_referral(&f, from, to);
    memset(&f.dossier, 0, sizeof f.dossier);
    f.dossier.id = header->id;
    header->follows = origin.id;
    return header;
}

static void expect(int code, const char *field)
{
    assert_int_equal(step_fixture_send(&f), code);
    assert_string_equal(f.effects.effect[0].field, field);
}

static void test_a_child_inherits(void **state)
{
    (void)state;
    begin(SCH_KIND_TREATMENT_START);
    origin.chain_ms -= 5000;
    origin.refusals = 1;
    step_fixture_wait(&f, 20);
    child(GB, S);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_memory_equal(&f.dossier.root, &origin.id, sizeof origin.id);
    assert_memory_equal(&f.dossier.parent, &origin.id, sizeof origin.id);
    assert_int_equal(f.dossier.chain_ms, origin.chain_ms);
    assert_int_equal(f.dossier.refusals, 1);
    assert_string_equal(f.dossier.member[SCH_MEMBER_CREDITOR].address.text, f.party[PRACTICE].address.text);
    assert_string_equal(f.dossier.region, "utrecht");
    /* Its clocks are its own. */
    assert_int_equal(step_fixture_owed(&f, 2)->from_ms, f.world.now_ms);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_FOLLOW, 0)->event, SCH_EVENT_FORWARD);
    assert_memory_equal(&step_fixture_effect(&f, SCH_EFFECT_FOLLOW, 0)->message, &origin.id, SCH_ID_SIZE);
    /* Feedback goes to the practice, though GB sent it. */
    assert_int_equal(step_fixture_say(&f, SCH_KIND_ACCEPTANCE), SCH_OK);
    assert_string_equal(f.header.receiver.text, f.party[PRACTICE].address.text);
}

static void test_whose_child(void **state)
{
    (void)state;
    begin(SCH_KIND_TREATMENT_START);
    f.permits.allowed[SCH_PARTY_S_GGZ][SCH_KIND_REFERRAL] = UINT32_MAX;
    child(S_DEPARTMENT, S);
    expect(SCH_E_UNKNOWN_DOSSIER, "header.parent");
    child(PRACTICE, S)->copy_count = 0;
    expect(SCH_E_UNKNOWN_DOSSIER, "header.parent");
    f.origin = NULL;
    child(GB, S);
    expect(SCH_E_UNKNOWN_DOSSIER, "header.parent");
    f.origin = &origin;
    child(GB, S)->copy_count = 0;
    expect(SCH_E_FIELD_INVALID, "header.copies");
    child(GB, S)->creditor = f.party[HUISARTSENPOST].address;
    expect(SCH_E_FIELD_INVALID, "header.creditor");
    child(GB, S)->creditor = f.party[PRACTICE].address;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    child(GB, S)->follows = origin.id;
    expect(SCH_E_FIELD_FORBIDDEN, "header.follows");
}

static void test_refer_again(void **state)
{
    (void)state;
    begin(SCH_KIND_REFUSAL);
    again(PRACTICE, S);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_int_equal(f.dossier.refusals, 1);
    assert_int_equal(step_fixture_say(&f, SCH_KIND_REFUSAL), SCH_OK);
    assert_int_equal(f.dossier.refusals, 2);
    assert_int_equal(step_fixture_say(&f, SCH_KIND_ACCEPTANCE), SCH_OK);
    assert_int_equal(f.dossier.refusals, 1);
    again(HUISARTSENPOST, S);
    expect(SCH_E_UNKNOWN_DOSSIER, "header.follows");
    again(POH, WIJKTEAM);
    expect(SCH_E_UNKNOWN_DOSSIER, "header.follows");
}

static void test_a_provider_follows_what_was_undelivered(void **state)
{
    (void)state;
    begin(SCH_KIND_TREATMENT_START);
    child(GB, S);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_int_equal(step_fixture_settle(&f, SCH_EVENT_REFUSE, f.last, S, 0), SCH_OK);
    assert_int_equal(f.dossier.phase, SCH_PHASE_UNDELIVERED);
    assert_int_equal(step_fixture_owed(&f, 10)->member, SCH_MEMBER_REFERRER);
    origin = f.dossier;
    again(GB, S_DEPARTMENT)->creditor = f.party[PRACTICE].address;
    step_fixture_copy(&f, PRACTICE);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_memory_equal(&f.dossier.root, &origin.root, sizeof origin.root);
    assert_int_equal(f.dossier.refusals, 1);
}

static void test_groups_have_a_bound(void **state)
{
    (void)state;
    begin(SCH_KIND_UNSPECIFIED);
    f.origin = NULL;
    struct sch_header *header = step_fixture_referral(&f, PRACTICE, S);
    memset(&f.dossier, 0, sizeof f.dossier);
    f.dossier.id = header->id;
    header->group = origin.id;
    f.group_count = SCH_GROUP_MAX;
    expect(SCH_E_GROUP_FULL, "header.group");
    f.group_count = SCH_GROUP_MAX - 1;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_memory_equal(&f.dossier.group, &origin.id, sizeof origin.id);
    assert_memory_equal(&f.dossier.root, &f.dossier.id, sizeof origin.id);
}

/* A dossier in a group. */
static void open_in_group(uint8_t group)
{
    step_fixture_init(&f);
    step_fixture_referral(&f, PRACTICE, S)->group.bytes[0] = group;
    f.referral = f.header.id;
    memset(&f.dossier, 0, sizeof f.dossier);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
}

static int sibling(struct sch_id start)
{
    memset(&f.event, 0, sizeof f.event);
    f.event.type = SCH_EVENT_SIBLING;
    f.event.message = start;
    f.event.origin = &origin;
    return step_fixture_step(&f);
}

static void test_the_first_start_tells_the_group(void **state)
{
    (void)state;
    open_in_group(9);
    step_fixture_message(&f, SCH_KIND_TREATMENT_START)->fact[SCH_FACT_STARTED] = SCH_STARTED_NOT_YET;
    f.header.fact[SCH_FACT_EVENT_DATE] = 0;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_SIBLINGS), 0);
    assert_int_equal(step_fixture_say(&f, SCH_KIND_TREATMENT_START), SCH_OK);
    assert_memory_equal(&step_fixture_effect(&f, SCH_EFFECT_SIBLINGS, 0)->message, &f.dossier.group,
                        sizeof f.dossier.group);
    assert_int_equal(step_fixture_say(&f, SCH_KIND_TREATMENT_START), SCH_OK);
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_SIBLINGS), 0);
    begin(SCH_KIND_TREATMENT_START);
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_SIBLINGS), 0);
}

static void test_a_sibling_is_prompted(void **state)
{
    (void)state;
    struct sch_id start = sch_step_made_id(INT64_C(1772442000000), 7);
    open_in_group(9);
    origin = f.dossier;
    origin.id.bytes[0] ^= 1;
    assert_int_equal(sibling(start), SCH_OK);
    const struct sch_effect *made = step_fixture_effect(&f, SCH_EFFECT_MAKE, 0);
    assert_int_equal(made->made.kind, SCH_KIND_REMINDER);
    assert_int_equal(made->made.step, SCH_STEP_WITHDRAW);
    assert_int_equal(made->made.expectation, 0);
    assert_int_equal(made->member, SCH_MEMBER_REFERRER);
    assert_memory_equal(&made->made.subject, &start, sizeof start);
    /* Another start says the same: the prompt that waits makes place. */
    assert_int_equal(sibling(start), SCH_OK);
    assert_int_equal(step_fixture_effect(&f, SCH_EFFECT_REMOVE, 0)->state, SCH_DELIVERY_WITHDRAWN);
    size_t prompts = 0;
    for (size_t i = 0; i < f.dossier.delivery_count; i++) {
        prompts += f.dossier.delivery[i].kind == SCH_KIND_REMINDER;
    }
    assert_int_equal(prompts, 1);
    /* Done: nobody need read it any more. */
    assert_int_equal(step_fixture_say(&f, SCH_KIND_WITHDRAWAL), SCH_OK);
    for (size_t i = 0; i < f.dossier.delivery_count; i++) {
        assert_int_not_equal(f.dossier.delivery[i].kind, SCH_KIND_REMINDER);
    }
}

static void test_a_sibling_that_is_not_asked(void **state)
{
    (void)state;
    struct sch_id start = sch_step_made_id(INT64_C(1772442000000), 7);
    open_in_group(9);
    origin = f.dossier;
    assert_int_equal(sibling(start), SCH_OK);
    assert_int_equal(f.effects.count, 0);
    origin.id.bytes[0] ^= 1;
    origin.group.bytes[0] = 8;
    assert_int_equal(sibling(start), SCH_OK);
    assert_int_equal(f.effects.count, 0);
    origin.group = f.dossier.group;
    origin.member[SCH_MEMBER_REFERRER].address = f.party[HUISARTSENPOST].address;
    assert_int_equal(sibling(start), SCH_OK);
    assert_int_equal(f.effects.count, 0);
    origin.member[SCH_MEMBER_REFERRER].address = f.party[PRACTICE].address;
    assert_int_equal(step_fixture_say(&f, SCH_KIND_INTAKE_REPORT), SCH_OK);
    assert_int_equal(sibling(start), SCH_OK);
    assert_int_equal(f.effects.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_child_inherits),
        cmocka_unit_test(test_whose_child),
        cmocka_unit_test(test_refer_again),
        cmocka_unit_test(test_a_provider_follows_what_was_undelivered),
        cmocka_unit_test(test_groups_have_a_bound),
        cmocka_unit_test(test_the_first_start_tells_the_group),
        cmocka_unit_test(test_a_sibling_is_prompted),
        cmocka_unit_test(test_a_sibling_that_is_not_asked),
    };
    return cmocka_run_group_tests_name("step_chain", tests, NULL, NULL);
}
