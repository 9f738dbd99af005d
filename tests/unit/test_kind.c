/* test_kind.c: the check of a header by itself, field by field. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/kind.h"
#include "names.h"

static struct sch_header header;
static const char *field;

static struct sch_id an_id(uint8_t last)
{
    struct sch_id id;
    memset(&id, 0, sizeof id);
    id.bytes[15] = last;
    return id;
}

static void begin(enum sch_kind kind)
{
    memset(&header, 0, sizeof header);
    field = "";
    header.id = an_id(1);
    header.kind = kind;
    strcpy(header.sender.text, "agb:01000001");
    strcpy(header.receiver.text, "agb:06000001");
    if (sch_kind_rule(kind)->direction != SCH_DIRECTION_OPENS) {
        header.dossier = an_id(2);
    }
    if (sch_kind_rule(kind)->direction == SCH_DIRECTION_LEDGER) {
        header.receiver.text[0] = '\0';
    }
    if (kind == SCH_KIND_CORRECTION || kind == SCH_KIND_LETTER_INCOMPLETE) {
        header.subject = an_id(3);
    }
    if (kind == SCH_KIND_REDIRECTION || kind == SCH_KIND_TRANSFER_NOTICE) {
        strcpy(header.concerned.text, "agb:94000001");
    }
}

static bool has_letter(enum sch_kind kind)
{
    return sch_kind_rule(kind)->letter == SCH_LETTER_MANDATORY;
}

static void expect(bool has_body, int code, const char *name)
{
    assert_int_equal(sch_kind_check(&header, has_body, &field), code);
    if (code != SCH_OK) {
        assert_string_equal(field, name);
    }
}

static void fill(void)
{
    uint64_t required = sch_kind_rule(header.kind)->required;
    for (unsigned i = 0; i < SCH_FACT_COUNT; i++) {
        bool date = i == SCH_FACT_LETTER_DATE || i == SCH_FACT_EVENT_DATE || i == SCH_FACT_UNTIL;
        if ((required & UINT64_C(1) << i) != 0) {
            header.fact[i] = date ? 20260302 : i == SCH_FACT_EXPECTATION ? 6 : 1;
        }
    }
    if (header.kind == SCH_KIND_TREATMENT_START) {
        header.fact[SCH_FACT_EVENT_DATE] = 20260302;
    }
}

static bool is_submitted(enum sch_kind kind)
{
    enum sch_direction direction = sch_kind_rule(kind)->direction;
    return direction != SCH_DIRECTION_NONE && direction != SCH_DIRECTION_BROKER;
}

static void test_every_kind_is_handled(void **state)
{
    (void)state;
    size_t handled = 0;
    for (int kind = 0; kind < SCH_KIND_COUNT; kind++) {
        handled += sch_kind_rule((enum sch_kind)kind)->direction != SCH_DIRECTION_NONE;
    }
    assert_int_equal(handled, SCH_KIND_COUNT - 1);
    /* What is no kind may do nothing. */
    assert_int_equal(sch_kind_rule((enum sch_kind)999)->direction, SCH_DIRECTION_NONE);
    assert_ptr_equal(sch_kind_rule(SCH_KIND_COUNT), sch_kind_rule((enum sch_kind)999));
}

static void test_every_kind_passes_with_what_it_needs(void **state)
{
    (void)state;
    for (int kind = 1; kind < SCH_KIND_COUNT; kind++) {
        begin((enum sch_kind)kind);
        fill();
        if (is_submitted(header.kind)) {
            expect(has_letter(header.kind), SCH_OK, "");
        } else {
            expect(false, SCH_E_NOT_ALLOWED, "header.kind");
        }
    }
}

static void test_kind_must_be_a_kind(void **state)
{
    (void)state;
    begin(SCH_KIND_UNSPECIFIED);
    expect(false, SCH_E_FIELD_MISSING, "header.kind");
    begin((enum sch_kind)77);
    expect(false, SCH_E_FIELD_INVALID, "header.kind");
    begin(SCH_KIND_COUNT);
    expect(false, SCH_E_FIELD_INVALID, "header.kind");
}

/* Each required fact is missed, each other fact is forbidden, for every kind. */
static void test_facts_required_and_forbidden(void **state)
{
    (void)state;
    for (int kind = 1; kind < SCH_KIND_COUNT; kind++) {
        const struct sch_kind_rule *rule = sch_kind_rule((enum sch_kind)kind);
        for (unsigned i = 0; is_submitted((enum sch_kind)kind) && i < SCH_FACT_COUNT; i++) {
            begin((enum sch_kind)kind);
            fill();
            if ((rule->required & UINT64_C(1) << i) != 0) {
                header.fact[i] = 0;
                assert_int_equal(sch_kind_check(&header, has_letter(header.kind), &field),
                                 SCH_E_FIELD_MISSING);
            } else if ((rule->allowed & UINT64_C(1) << i) == 0) {
                header.fact[i] = 1;
                assert_int_equal(sch_kind_check(&header, has_letter(header.kind), &field),
                                 SCH_E_FIELD_FORBIDDEN);
            }
        }
        assert_int_equal(rule->required & ~rule->allowed, 0);
    }
}

static void test_fact_fields_have_their_wire_names(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SCH_FACT_COUNT; i++) {
        begin(SCH_KIND_WITHDRAWAL);
        if (i == SCH_FACT_WITHDRAWAL_REASON) {
            continue;
        }
        header.fact[i] = 1;
        (void)sch_kind_check(&header, false, &field);
        if (i < SCH_FACT_WITHDRAWAL_REASON) {
            assert_string_equal(field + strlen("header."), sch_fact_name((enum sch_fact)i));
        } else {
            header.fact[SCH_FACT_WITHDRAWAL_REASON] = 1;
            (void)sch_kind_check(&header, false, &field);
            assert_string_equal(field + strlen("header."), sch_fact_name((enum sch_fact)i));
        }
    }
}

static void test_values_out_of_range(void **state)
{
    (void)state;
    static const struct {
        enum sch_fact fact;
        int64_t bad;
        const char *field;
    } row[] = {
        { SCH_FACT_URGENCY, 5, "header.urgency" },          { SCH_FACT_URGENCY, -1, "header.urgency" },
        { SCH_FACT_LETTER_DATE, 20260230, "header.letter_date" },
        { SCH_FACT_LETTER_DATE, 19991231, "header.letter_date" },
        { SCH_FACT_LETTER_DATE, 21000101, "header.letter_date" },
        { SCH_FACT_ECHELON, SCH_PARTY_COUNT, "header.echelon" },
        { SCH_FACT_AUTHOR_AGB, 100000000, "header.author_agb" },
        { SCH_FACT_PHONED_AT, 1, "header.phoned_at" },      { SCH_FACT_CONSENT, 2, "header.consent" },
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        begin(SCH_KIND_REFERRAL);
        fill();
        header.fact[row[i].fact] = row[i].bad;
        expect(true, SCH_E_FIELD_INVALID, row[i].field);
    }
    begin(SCH_KIND_WAIVER);
    fill();
    header.fact[SCH_FACT_EXPECTATION] = 15;
    expect(false, SCH_OK, "");
    header.fact[SCH_FACT_EXPECTATION] = 16;
    expect(false, SCH_E_FIELD_INVALID, "header.expectation");
    begin(SCH_KIND_NO_REPORT);
    for (int64_t number = 1; number <= 15; number++) {
        bool letter = number == 6 || number == 8 || number == 9 || number == 15;
        header.fact[SCH_FACT_EXPECTATION] = number;
        expect(false, letter ? SCH_OK : SCH_E_FIELD_INVALID, "header.expectation");
    }
    begin(SCH_KIND_LETTER_INCOMPLETE);
    header.fact[SCH_FACT_MISSING_SECTIONS] = SCH_SECTION_ALL;
    expect(false, SCH_OK, "");
    header.fact[SCH_FACT_MISSING_SECTIONS] = (int64_t)SCH_SECTION_ALL + 1;
    expect(false, SCH_E_FIELD_INVALID, "header.missing_sections");
}

/* The first and the last that pass, and what lies next to them. */
static void test_where_values_end(void **state)
{
    (void)state;
    static const struct {
        enum sch_kind kind;
        enum sch_fact fact;
        int64_t least, most;
    } row[] = {
        { SCH_KIND_REFERRAL, SCH_FACT_AUTHOR_AGB, 1, 99999999 },
        { SCH_KIND_REFERRAL, SCH_FACT_PHONED_AT, INT64_C(946684800000), INT64_C(4102444799999) },
        { SCH_KIND_REFERRAL, SCH_FACT_LETTER_DATE, 20000101, 20991231 },
        { SCH_KIND_REFERRAL, SCH_FACT_URGENCY, SCH_URGENCY_ROUTINE, SCH_URGENCY_CRISIS },
        { SCH_KIND_NO_SHOW, SCH_FACT_NO_SHOW_COUNT, 1, 99 },
        { SCH_KIND_WAIVER, SCH_FACT_EXPECTATION, 1, 15 },
        { SCH_KIND_LETTER_INCOMPLETE, SCH_FACT_MISSING_SECTIONS, 1, SCH_SECTION_ALL },
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        const int64_t value[] = { row[i].least, row[i].most, -1, row[i].most + 1, row[i].least - 1 };
        for (size_t j = 0; j < sizeof value / sizeof value[0]; j++) {
            begin(row[i].kind);
            fill();
            header.fact[row[i].fact] = value[j];
            int code = sch_kind_check(&header, has_letter(row[i].kind), &field);
            if (value[j] != 0) {        /* 0 says nothing */
                assert_int_equal(code, j < 2 ? SCH_OK : SCH_E_FIELD_INVALID);
            }
        }
    }
    begin(SCH_KIND_REFERRAL);
    fill();
    header.copy_count = SCH_COPIES_MAX;
    for (size_t i = 0; i < SCH_COPIES_MAX; i++) {
        strcpy(header.copies[i].text, "agb:01000001/poh-ggz");
    }
    expect(true, SCH_OK, "");
    header.copy_count = SCH_COPIES_MAX + 1;
    expect(true, SCH_E_FIELD_INVALID, "header.copies");
}

static void test_a_forwarded_patient_agreed(void **state)
{
    (void)state;
    begin(SCH_KIND_REDIRECTION);
    fill();
    header.fact[SCH_FACT_REDIRECTION_MODE] = SCH_MODE_FORWARDED;
    expect(false, SCH_E_FIELD_MISSING, "header.patient_agreed");
    header.fact[SCH_FACT_PATIENT_AGREED] = SCH_YES_YES;
    expect(false, SCH_OK, "");
    memset(&header.concerned, 0, sizeof header.concerned);
    expect(false, SCH_E_FIELD_MISSING, "header.concerned");
}

static void test_what_a_message_is_about(void **state)
{
    (void)state;
    begin(SCH_KIND_CORRECTION);
    memset(&header.subject, 0, sizeof header.subject);
    expect(false, SCH_E_FIELD_MISSING, "header.subject");
    begin(SCH_KIND_LETTER_INCOMPLETE);
    fill();
    memset(&header.subject, 0, sizeof header.subject);
    expect(false, SCH_E_FIELD_MISSING, "header.subject");
    begin(SCH_KIND_INFORMATION_REPLY);
    expect(true, SCH_OK, "");
    header.subject = an_id(3);
    expect(true, SCH_OK, "");
    /* A CORRECTION of an act of the ledger goes to the ledger; then there are no copies either. */
    begin(SCH_KIND_CORRECTION);
    header.receiver.text[0] = '\0';
    expect(false, SCH_OK, "");
    header.copy_count = 1;
    expect(false, SCH_E_FIELD_FORBIDDEN, "header.copies");
}

static void test_chains_are_for_referrals(void **state)
{
    (void)state;
    static const enum sch_kind opening[] = { SCH_KIND_CONSULT_REQUEST, SCH_KIND_EXPLORATION_REQUEST,
                                             SCH_KIND_CARE_NOTICE, SCH_KIND_INVOLVEMENT_NOTICE };
    begin(SCH_KIND_REFERRAL);
    fill();
    header.parent = an_id(4);
    header.group = an_id(5);
    expect(true, SCH_OK, "");
    header.follows = an_id(6);
    expect(true, SCH_E_FIELD_FORBIDDEN, "header.follows");
    for (size_t i = 0; i < sizeof opening / sizeof opening[0]; i++) {
        begin(opening[i]);
        fill();
        header.parent = an_id(4);
        expect(true, SCH_E_FIELD_FORBIDDEN, "header.parent");
        memset(&header.parent, 0, sizeof header.parent);
        header.follows = an_id(4);
        expect(true, SCH_E_FIELD_FORBIDDEN, "header.follows");
        memset(&header.follows, 0, sizeof header.follows);
        header.group = an_id(4);
        expect(true, SCH_E_FIELD_FORBIDDEN, "header.group");
        memset(&header.group, 0, sizeof header.group);
        strcpy(header.prepared_by.text, "agb:01000001/poh-ggz");
        expect(true, SCH_E_FIELD_FORBIDDEN, "header.prepared_by");
        memset(&header.prepared_by, 0, sizeof header.prepared_by);
        strcpy(header.creditor.text, "agb:01000001");
        expect(true, i < 2 ? SCH_OK : SCH_E_FIELD_FORBIDDEN, "header.creditor");
    }
}

static void test_treatment_start_dates(void **state)
{
    (void)state;
    begin(SCH_KIND_TREATMENT_START);
    header.fact[SCH_FACT_STARTED] = SCH_STARTED_YES;
    expect(false, SCH_E_FIELD_MISSING, "header.event_date");
    header.fact[SCH_FACT_EVENT_DATE] = 20260302;
    expect(false, SCH_OK, "");
    header.fact[SCH_FACT_EXPECTED_DATE] = 20260302;
    expect(false, SCH_E_FIELD_FORBIDDEN, "header.expected_date");
    header.fact[SCH_FACT_STARTED] = SCH_STARTED_NOT_YET;
    expect(false, SCH_E_FIELD_FORBIDDEN, "header.event_date");
    header.fact[SCH_FACT_EVENT_DATE] = 0;
    expect(false, SCH_OK, "");
}

static void test_letters_and_sections(void **state)
{
    (void)state;
    begin(SCH_KIND_INTAKE_REPORT);
    fill();
    expect(false, SCH_E_LETTER_MISSING, "body");
    header.sections = SCH_SECTION_PLAN;
    expect(true, SCH_E_FIELD_INVALID, "header.sections_known");
    header.sections_known = true;
    expect(true, SCH_OK, "");
    header.sections = SCH_SECTION_QUESTION;
    expect(true, SCH_E_SECTION_FORBIDDEN, "header.sections");
    begin(SCH_KIND_ACCEPTANCE);
    expect(true, SCH_E_LETTER_FORBIDDEN, "body");
    header.sections = SCH_SECTION_PLAN;
    expect(false, SCH_E_FIELD_FORBIDDEN, "header.sections");
    header.sections = 0;
    header.sections_known = true;
    expect(false, SCH_E_FIELD_FORBIDDEN, "header.sections_known");
    begin(SCH_KIND_REFUSAL);
    fill();
    expect(true, SCH_OK, "");
    expect(false, SCH_OK, "");
}

static void test_ids_and_addresses(void **state)
{
    (void)state;
    begin(SCH_KIND_ACCEPTANCE);
    memset(&header.id, 0, sizeof header.id);
    expect(false, SCH_E_FIELD_MISSING, "header.id");
    begin(SCH_KIND_ACCEPTANCE);
    memset(&header.dossier, 0, sizeof header.dossier);
    expect(false, SCH_E_FIELD_MISSING, "header.dossier");
    begin(SCH_KIND_REFERRAL);
    fill();
    header.dossier = an_id(3);
    expect(true, SCH_E_FIELD_FORBIDDEN, "header.dossier");
    begin(SCH_KIND_ACCEPTANCE);
    header.parent = an_id(3);
    expect(false, SCH_E_FIELD_FORBIDDEN, "header.parent");
    begin(SCH_KIND_ACCEPTANCE);
    header.follows = an_id(3);
    expect(false, SCH_E_FIELD_FORBIDDEN, "header.follows");
    begin(SCH_KIND_ACCEPTANCE);
    header.group = an_id(3);
    expect(false, SCH_E_FIELD_FORBIDDEN, "header.group");
    begin(SCH_KIND_ACCEPTANCE);
    header.subject = an_id(3);
    expect(false, SCH_E_FIELD_FORBIDDEN, "header.subject");
    begin(SCH_KIND_ACCEPTANCE);
    strcpy(header.creditor.text, "agb:01000001");
    expect(false, SCH_E_FIELD_FORBIDDEN, "header.creditor");
    begin(SCH_KIND_ACCEPTANCE);
    strcpy(header.prepared_by.text, "agb:01000001/poh-ggz");
    expect(false, SCH_E_FIELD_FORBIDDEN, "header.prepared_by");
    memset(&header.prepared_by, 0, sizeof header.prepared_by);
    strcpy(header.concerned.text, "agb:01000001");
    expect(false, SCH_E_FIELD_FORBIDDEN, "header.concerned");
    begin(SCH_KIND_ACCEPTANCE);
    header.sender.text[0] = '\0';
    expect(false, SCH_E_FIELD_MISSING, "header.sender");
    begin(SCH_KIND_ACCEPTANCE);
    header.receiver.text[0] = '\0';
    expect(false, SCH_E_FIELD_MISSING, "header.receiver");
    begin(SCH_KIND_WAIVER);
    strcpy(header.receiver.text, "agb:06000001");
    expect(false, SCH_E_FIELD_FORBIDDEN, "header.receiver");
    begin(SCH_KIND_WAIVER);
    header.copy_count = 1;
    expect(false, SCH_E_FIELD_FORBIDDEN, "header.copies");
    begin(SCH_KIND_ACCEPTANCE);
    header.copy_count = 1;
    expect(false, SCH_E_FIELD_INVALID, "header.copies");
    header.copy_count = SCH_COPIES_MAX + 1;
    expect(false, SCH_E_FIELD_INVALID, "header.copies");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind_is_handled),
        cmocka_unit_test(test_every_kind_passes_with_what_it_needs),
        cmocka_unit_test(test_kind_must_be_a_kind),
        cmocka_unit_test(test_facts_required_and_forbidden),
        cmocka_unit_test(test_fact_fields_have_their_wire_names),
        cmocka_unit_test(test_values_out_of_range),
        cmocka_unit_test(test_where_values_end),
        cmocka_unit_test(test_a_forwarded_patient_agreed),
        cmocka_unit_test(test_what_a_message_is_about),
        cmocka_unit_test(test_chains_are_for_referrals),
        cmocka_unit_test(test_treatment_start_dates),
        cmocka_unit_test(test_letters_and_sections),
        cmocka_unit_test(test_ids_and_addresses),
    };
    return cmocka_run_group_tests_name("kind", tests, NULL, NULL);
}
