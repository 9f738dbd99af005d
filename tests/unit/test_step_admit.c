/* test_step_admit.c: every check of a submission, in its order, and that a rejection changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/kind.h"
#include "core/calendar.h"
#include "step_fixture.h"

static struct step_fixture f;
static struct sch_dossier before;

static void begin(enum step_party to)
{
    step_fixture_init(&f);
    step_fixture_open(&f, to);
}

/* Sends f.header; it must be rejected so, and leave no trace but the rejection. */
static void expect(int code, const char *field)
{
    before = f.dossier;
    assert_int_equal(step_fixture_send(&f), code);
    assert_int_equal(f.effects.count, 1);
    assert_int_equal(f.effects.effect[0].type, SCH_EFFECT_REJECT);
    assert_int_equal(f.effects.effect[0].code, code);
    assert_memory_equal(&f.effects.effect[0].message, &f.header.id, sizeof f.header.id);
    if (field == NULL) {
        assert_null(f.effects.effect[0].field);
    } else {
        assert_string_equal(f.effects.effect[0].field, field);
    }
    assert_memory_equal(&f.dossier, &before, sizeof before);
}

static struct sch_header *referral(enum step_party from, enum step_party to)
{
    struct sch_header *header = step_fixture_referral(&f, from, to);
    memset(&f.dossier, 0, sizeof f.dossier);
    f.dossier.id = header->id;
    return header;
}

static void test_kinds_that_nobody_may_send(void **state)
{
    (void)state;
    begin(S);
    (void)step_fixture_message(&f, SCH_KIND_DELIVERY_REPORT);
    expect(SCH_E_NOT_ALLOWED, "header.kind");
    f.header.kind = SCH_KIND_UNSPECIFIED;
    expect(SCH_E_FIELD_MISSING, "header.kind");
    /* What is no kind is told before all else. */
    f.id_in_use = true;
    f.header.kind = SCH_KIND_COUNT;
    expect(SCH_E_FIELD_INVALID, "header.kind");
    f.header.kind = (enum sch_kind)99;
    expect(SCH_E_FIELD_INVALID, "header.kind");
}

static void test_id_in_use(void **state)
{
    (void)state;
    begin(S);
    (void)step_fixture_message(&f, SCH_KIND_ACCEPTANCE);
    f.id_in_use = true;
    expect(SCH_E_ID_IN_USE, "header.id");
}

static void test_age_of_the_id(void **state)
{
    (void)state;
    begin(S);
    int64_t now_ms = f.world.now_ms;
    (void)step_fixture_message(&f, SCH_KIND_ACCEPTANCE);
    f.header.id = sch_step_made_id(now_ms - SCH_ID_AGE_MAX_MS - 1, 9);
    expect(SCH_E_TOO_OLD, "header.id");
    f.header.id = sch_step_made_id(now_ms + SCH_ID_AHEAD_MAX_MS + 1, 9);
    expect(SCH_E_TOO_OLD, "header.id");
    f.header.id = sch_step_made_id(now_ms + SCH_ID_AHEAD_MAX_MS, 9);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    (void)step_fixture_message(&f, SCH_KIND_ACCEPTANCE);
    f.header.id = sch_step_made_id(now_ms - SCH_ID_AGE_MAX_MS, 10);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
}

static void test_dates_against_today(void **state)
{
    (void)state;
    begin(S);
    step_fixture_message(&f, SCH_KIND_APPOINTMENT)->fact[SCH_FACT_EVENT_DATE] = step_fixture_date(&f, 732);
    expect(SCH_E_FIELD_INVALID, "header.event_date");
    f.header.fact[SCH_FACT_EVENT_DATE] = step_fixture_date(&f, -732);
    expect(SCH_E_FIELD_INVALID, "header.event_date");
    step_fixture_message(&f, SCH_KIND_ACCEPTANCE)->fact[SCH_FACT_EXPECTED_DATE] = step_fixture_date(&f, 732);
    expect(SCH_E_FIELD_INVALID, "header.expected_date");
    referral(PRACTICE, S)->fact[SCH_FACT_LETTER_DATE] = step_fixture_date(&f, 2);
    expect(SCH_E_FIELD_INVALID, "header.letter_date");
    referral(PRACTICE, CRISIS)->fact[SCH_FACT_PHONED_AT] = f.world.now_ms + 3600000;
    expect(SCH_E_FIELD_INVALID, "header.phoned_at");
}

static void test_parties_known(void **state)
{
    (void)state;
    begin(S);
    strcpy(referral(PRACTICE, S)->receiver.text, "agb:99999999");
    expect(SCH_E_UNKNOWN_RECEIVER, "header.receiver");
    strcpy(referral(PRACTICE, S)->sender.text, "agb:99999999");
    expect(SCH_E_NOT_YOURS, "header.sender");
    referral(PRACTICE, S);
    step_fixture_copy(&f, POH);
    strcpy(f.header.copies[0].text, "agb:99999999");
    expect(SCH_E_UNKNOWN_RECEIVER, "header.copies");
    strcpy(referral(PRACTICE, S)->creditor.text, "agb:99999999");
    expect(SCH_E_UNKNOWN_RECEIVER, "header.creditor");
}

static void test_unknown_and_foreign_dossiers_look_alike(void **state)
{
    (void)state;
    begin(S);
    step_fixture_message(&f, SCH_KIND_ACCEPTANCE)->sender = f.party[STRANGER].address;
    expect(SCH_E_UNKNOWN_DOSSIER, "header.dossier");
    step_fixture_message(&f, SCH_KIND_WAIVER)->sender = f.party[FAR_COORDINATOR].address;
    expect(SCH_E_UNKNOWN_DOSSIER, "header.dossier");
    (void)step_fixture_message(&f, SCH_KIND_ACCEPTANCE);
    memset(&f.dossier, 0, sizeof f.dossier);
    expect(SCH_E_UNKNOWN_DOSSIER, "header.dossier");
}

static void test_permits_and_gp_key(void **state)
{
    (void)state;
    begin(S);
    referral(POH, S);
    expect(SCH_E_NOT_ALLOWED, "header.kind");
    referral(WIJKTEAM, GB);
    expect(SCH_E_NOT_ALLOWED, "header.kind");
    f.gp_key = false;
    referral(PRACTICE, S);
    expect(SCH_E_GP_KEY_NEEDED, "seal.signing_key");
    referral(HUISARTSENPOST, GB);
    expect(SCH_E_GP_KEY_NEEDED, "seal.signing_key");
    referral(POH, WIJKTEAM);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    referral(PRACTICE, CRISIS);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    /* Ggz refers on, never out of nothing. */
    referral(GB, S)->creditor = f.party[PRACTICE].address;
    step_fixture_copy(&f, PRACTICE);
    expect(SCH_E_FIELD_MISSING, "header.parent");
}

static void test_roles(void **state)
{
    (void)state;
    step_fixture_init(&f);
    referral(PRACTICE, S);
    step_fixture_copy(&f, GB);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    /* A copy may read, not speak for the receiver, though its kind of party may send this kind. */
    step_fixture_message(&f, SCH_KIND_ACCEPTANCE)->sender = f.party[GB].address;
    expect(SCH_E_NOT_ALLOWED, "header.sender");
    step_fixture_message(&f, SCH_KIND_WITHDRAWAL)->sender = f.party[GB].address;
    expect(SCH_E_NOT_ALLOWED, "header.sender");
    step_fixture_message(&f, SCH_KIND_TAKEN_UP)->sender = f.party[GB].address;
    expect(SCH_E_NOT_ALLOWED, "header.sender");
    step_fixture_message(&f, SCH_KIND_WAIVER)->sender = f.party[GB].address;
    expect(SCH_E_NOT_ALLOWED, "header.sender");
    step_fixture_message(&f, SCH_KIND_ACCEPTANCE)->sender = f.party[PRACTICE].address;
    f.header.receiver = f.party[S].address;
    expect(SCH_E_NOT_ALLOWED, "header.kind");
}

static void test_recipients_are_the_dossiers(void **state)
{
    (void)state;
    begin(S);
    step_fixture_message(&f, SCH_KIND_ACCEPTANCE)->copy_count = 0;
    expect(SCH_E_RECIPIENTS, "header.receiver");
    step_fixture_message(&f, SCH_KIND_ACCEPTANCE)->receiver = f.party[POH].address;
    expect(SCH_E_RECIPIENTS, "header.receiver");
    (void)step_fixture_message(&f, SCH_KIND_ACCEPTANCE);
    step_fixture_copy(&f, GB);
    expect(SCH_E_RECIPIENTS, "header.receiver");
}

static void test_who_is_who_in_a_referral(void **state)
{
    (void)state;
    begin(S);
    f.permits.allowed[SCH_PARTY_GP_PRACTICE][SCH_KIND_REFERRAL] = UINT32_MAX;
    referral(PRACTICE, PRACTICE);
    expect(SCH_E_FIELD_INVALID, "header.receiver");
    f.permits.allowed[SCH_PARTY_WIJKTEAM][SCH_KIND_REFERRAL] = UINT32_MAX;
    referral(WIJKTEAM, GB);
    expect(SCH_E_FIELD_MISSING, "header.creditor");
    referral(WIJKTEAM, GB)->creditor = f.party[PRACTICE].address;
    expect(SCH_E_FIELD_INVALID, "header.copies");
    /* What stands behind the last copy is none. */
    f.header.copies[0] = f.party[PRACTICE].address;
    expect(SCH_E_FIELD_INVALID, "header.copies");
    referral(PRACTICE, S)->creditor = f.party[S].address;
    expect(SCH_E_FIELD_INVALID, "header.creditor");
    referral(PRACTICE, S);
    step_fixture_copy(&f, S);
    expect(SCH_E_FIELD_INVALID, "header.copies");
    referral(PRACTICE, S);
    step_fixture_copy(&f, POH);
    step_fixture_copy(&f, POH);
    expect(SCH_E_FIELD_INVALID, "header.copies");
    referral(PRACTICE, S);
    step_fixture_copy(&f, POH);
    step_fixture_copy(&f, S);
    expect(SCH_E_FIELD_INVALID, "header.copies");
    referral(PRACTICE, S)->creditor = f.party[PRACTICE].address;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    /* The creditor may be any of the copies. */
    referral(WIJKTEAM, GB)->creditor = f.party[PRACTICE].address;
    step_fixture_copy(&f, POH);
    step_fixture_copy(&f, PRACTICE);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_int_equal(f.dossier.member_count, SCH_MEMBER_COPY + 2);
}

/* PROTOCOL.md, "Recipients": only who refers on for somebody else's patient, and wants the feedback too. */
static void test_a_sender_in_its_own_copies(void **state)
{
    (void)state;
    begin(S);
    f.permits.allowed[SCH_PARTY_WIJKTEAM][SCH_KIND_REFERRAL] = UINT32_MAX;
    referral(PRACTICE, S);
    step_fixture_copy(&f, PRACTICE);
    expect(SCH_E_FIELD_INVALID, "header.copies");
    referral(PRACTICE, S)->creditor = f.party[PRACTICE].address;
    step_fixture_copy(&f, PRACTICE);
    expect(SCH_E_FIELD_INVALID, "header.copies");
    step_fixture_opening(&f, SCH_KIND_CONSULT_REQUEST, POH, S)->creditor = f.party[PRACTICE].address;
    step_fixture_copy(&f, PRACTICE);
    step_fixture_copy(&f, POH);
    expect(SCH_E_FIELD_INVALID, "header.copies");
    referral(WIJKTEAM, GB)->creditor = f.party[PRACTICE].address;
    step_fixture_copy(&f, PRACTICE);
    step_fixture_copy(&f, WIJKTEAM);
    assert_int_equal(step_fixture_send(&f), SCH_OK);
    assert_int_equal(step_fixture_count(&f, SCH_EFFECT_DELIVER), 2);
}

static void test_what_a_receiver_needs(void **state)
{
    (void)state;
    begin(S);
    referral(PRACTICE, S)->fact[SCH_FACT_ECHELON] = SCH_PARTY_GB_GGZ;
    expect(SCH_E_FIELD_INVALID, "header.echelon");
    referral(PRACTICE, WIJKTEAM)->fact[SCH_FACT_CONSENT] = 0;
    expect(SCH_E_FIELD_MISSING, "header.consent");
    referral(PRACTICE, WIJKTEAM)->sections = SCH_SECTION_QUESTION | SCH_SECTION_MEDICATION;
    expect(SCH_E_SECTION_FORBIDDEN, "header.sections");
    referral(PRACTICE, CRISIS)->fact[SCH_FACT_PHONED_AT] = 0;
    expect(SCH_E_FIELD_MISSING, "header.phoned_at");
    referral(PRACTICE, S)->fact[SCH_FACT_ECHELON] = SCH_PARTY_S_GGZ;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
}

static void test_referral_on_a_dossier_that_stands(void **state)
{
    (void)state;
    begin(S);
    (void)step_fixture_referral(&f, PRACTICE, S);
    expect(SCH_E_ID_IN_USE, "header.id");
}

static void test_room(void **state)
{
    (void)state;
    begin(S);
    f.world.full = true;
    assert_int_equal(step_fixture_say(&f, SCH_KIND_ACCEPTANCE), SCH_OK);
    referral(PRACTICE, S);
    expect(SCH_E_STORE_FULL, NULL);

    begin(S);
    size_t sent = 0;
    while (step_fixture_say(&f, SCH_KIND_WAIT_STATUS) == SCH_OK) {
        sent++;
    }
    /* The referral laid two deliveries, each WAIT_STATUS two more. */
    assert_int_equal(sent, (SCH_PARTY_DELIVERIES_MAX - 2) / 2);
    (void)step_fixture_message(&f, SCH_KIND_WAIT_STATUS);
    expect(SCH_E_DOSSIER_FULL, "header.dossier");
    /* The ledger needs no mailbox. */
    step_fixture_message(&f, SCH_KIND_WAIVER)->fact[SCH_FACT_EXPECTATION] = 2;
    assert_int_equal(step_fixture_send(&f), SCH_OK);
}

static void test_reports_that_nobody_collects_fill_the_dossier(void **state)
{
    (void)state;
    begin(S);
    size_t sent = 0;
    while (step_fixture_say(&f, SCH_KIND_WAIT_STATUS) == SCH_OK) {
        struct sch_id id = f.last;
        assert_int_equal(step_fixture_settle(&f, SCH_EVENT_REFUSE, id, PRACTICE, 0), SCH_OK);
        assert_int_equal(step_fixture_settle(&f, SCH_EVENT_REFUSE, id, POH, 0), SCH_OK);
        sent++;
    }
    assert_int_equal(f.effects.effect[0].code, SCH_E_DOSSIER_FULL);
    assert_int_equal(sent, (2 * SCH_PARTY_DELIVERIES_MAX - 2) / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds_that_nobody_may_send),
        cmocka_unit_test(test_id_in_use),
        cmocka_unit_test(test_age_of_the_id),
        cmocka_unit_test(test_dates_against_today),
        cmocka_unit_test(test_parties_known),
        cmocka_unit_test(test_unknown_and_foreign_dossiers_look_alike),
        cmocka_unit_test(test_permits_and_gp_key),
        cmocka_unit_test(test_roles),
        cmocka_unit_test(test_recipients_are_the_dossiers),
        cmocka_unit_test(test_who_is_who_in_a_referral),
        cmocka_unit_test(test_a_sender_in_its_own_copies),
        cmocka_unit_test(test_what_a_receiver_needs),
        cmocka_unit_test(test_referral_on_a_dossier_that_stands),
        cmocka_unit_test(test_room),
        cmocka_unit_test(test_reports_that_nobody_collects_fill_the_dossier),
    };
    return cmocka_run_group_tests_name("step_admit", tests, NULL, NULL);
}
