/*
 * test_map.c: HL7v2 messages to values and back, with the maps of adapters/examples.
 *
 * Every message that one adapter writes is read by the other's map: what went in must come out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <glob.h>
#include <sodium.h>

#include "../../adapters/hl7v2/map_file.h"
#include "../../adapters/hl7v2/stamp.h"
#include "names.h"

static struct sch_arena arena;
static struct sch_map his, epd;

static int setup(void **state)
{
    sch_error error = SCH_ERROR_INIT;

    (void)state;
    if (sch_arena_init(&arena, 64U * 1024 * 1024) != SCH_OK
        || sch_map_file_read("adapters/examples/his.map.ini", NULL, NULL, &his, &error) != SCH_OK
        || sch_map_file_read("adapters/examples/epd.map.ini", NULL, NULL, &epd, &error) != SCH_OK) {
        print_error("%s\n", error.text);
        return -1;
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sch_map_close(&his);
    sch_map_close(&epd);
    sch_arena_close(&arena);
    return 0;
}

static struct sch_bytes bytes_of(const char *text)
{
    return (struct sch_bytes){(const uint8_t *)text, strlen(text)};
}

static uint8_t *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = malloc(1024 * 1024);

    assert_non_null(file);
    assert_non_null(bytes);
    *size = fread(bytes, 1, 1024 * 1024, file);
    fclose(file);
    return bytes;
}

static enum sch_map_reason map_bytes(const struct sch_map *map, struct sch_bytes raw,
                                     struct sch_map_values *values, struct sch_map_fault *fault)
{
    struct sch_hl7_message message;

    sch_arena_reset(&arena);
    assert_int_equal(sch_hl7_parse(raw, &arena, &message), SCH_OK);
    return sch_map_in(map, &message, &arena, values, fault);
}

static void map_example(const struct sch_map *map, const char *name, struct sch_map_values *values)
{
    struct sch_map_fault fault;
    char path[128];
    size_t size;

    snprintf(path, sizeof path, "adapters/examples/%s", name);
    uint8_t *raw = read_file(path, &size);
    if (map_bytes(map, (struct sch_bytes){raw, size}, values, &fault) != SCH_MAP_OK)
        fail_msg("%s: %s", name, fault.text);
    free(raw);
}

/* ---- the examples, from the HIS ------------------------------------------------------------------- */

static void oru_with_a_pdf(void **state)
{
    struct sch_map_values values;

    (void)state;
    map_example(&his, "ORU-R01.hl7", &values);
    assert_int_equal(values.kind, SCH_KIND_REFERRAL);
    assert_string_equal(values.receiver.text, "agb:06290713/angst");
    assert_string_equal(values.sender.text, "agb:01054321");
    assert_string_equal(values.order, "ORD-ORU-0001");
    assert_int_equal(values.fact[SCH_FACT_URGENCY], SCH_URGENCY_ROUTINE);
    assert_int_equal(values.fact[SCH_FACT_LETTER_DATE], 20260602);
    assert_int_equal(values.fact[SCH_FACT_AUTHOR_AGB], 1065432);
    assert_int_equal(values.fact[SCH_FACT_AUTHOR_ROLE], SCH_ROLE_GP);
    assert_int_equal(values.attachment_count, 1);
    assert_string_equal(values.attachment[0].media_type, "application/pdf");
    assert_string_equal(values.attachment[0].name, "document-1.pdf");
    assert_memory_equal(values.attachment[0].content.ptr, "%PDF-1.4\n", 9);
    assert_memory_equal(values.attachment[0].content.ptr + values.attachment[0].content.len - 6, "%%EOF\n",
                        6);
    for (unsigned s = 0; s < SCH_SECTION_COUNT; s++)
        assert_null(values.section[s]);
}

static void orm_with_sections(void **state)
{
    struct sch_map_values values;

    (void)state;
    map_example(&his, "ORM-O01.hl7", &values);
    assert_int_equal(values.kind, SCH_KIND_REFERRAL);
    assert_string_equal(values.receiver.text, "agb:94061234");
    assert_int_equal(values.attachment_count, 0);
    assert_string_equal(values.section[8],
                        "Pati\xC3\xABnt stemt in met terugkoppeling aan huisarts en poh-ggz.");
    for (unsigned s = 0; s < 10; s++)
        assert_non_null(values.section[s]);
    for (unsigned s = 10; s < SCH_SECTION_COUNT; s++)
        assert_null(values.section[s]);
}

static void oml_with_escapes(void **state)
{
    struct sch_map_values values;

    (void)state;
    map_example(&his, "OML-O21.hl7", &values);
    assert_string_equal(values.receiver.text, "agb:06290713/trauma");
    assert_int_equal(values.fact[SCH_FACT_URGENCY], SCH_URGENCY_SOON);
    assert_string_equal(values.section[0], "Graag diagnostiek.\nOverleg gewenst bij twijfel.");
    assert_string_equal(values.section[1], "Herbelevingen & prikkelbaarheid.");
}

static void ref_and_its_cancellation(void **state)
{
    struct sch_map_values values;

    (void)state;
    map_example(&his, "REF-I12.hl7", &values);
    assert_int_equal(values.kind, SCH_KIND_REFERRAL);
    assert_string_equal(values.receiver.text, "agb:06290713/angst");
    assert_string_equal(values.order, "ORD-REF-0001");
    map_example(&his, "REF-I14.hl7", &values);
    assert_int_equal(values.kind, SCH_KIND_WITHDRAWAL);
    assert_string_equal(values.order, "ORD-REF-0001");
    assert_int_equal(values.fact[SCH_FACT_WITHDRAWAL_REASON], SCH_WITHDRAWN_PATIENT_DECLINES);
    assert_null(values.section[0]);
}

/* ---- the examples, from the EPD ------------------------------------------------------------------- */

static void answers_of_an_epd(void **state)
{
    struct sch_map_values values;

    (void)state;
    map_example(&epd, "RRI-I12.hl7", &values);
    assert_int_equal(values.kind, SCH_KIND_ACCEPTANCE);
    assert_string_equal(values.order, "ORD-REF-0001");
    assert_int_equal(values.fact[SCH_FACT_EXPECTED_DATE], 20260616);
    map_example(&epd, "RRI-I12-afwijzing.hl7", &values);
    assert_int_equal(values.kind, SCH_KIND_REFUSAL);
    assert_int_equal(values.fact[SCH_FACT_REFUSAL_REASON], SCH_REFUSAL_NO_CAPACITY);
    map_example(&epd, "SIU-S12.hl7", &values);
    assert_int_equal(values.kind, SCH_KIND_APPOINTMENT);
    assert_int_equal(values.fact[SCH_FACT_EVENT_DATE], 20260616);
    map_example(&epd, "SIU-S26.hl7", &values);
    assert_int_equal(values.kind, SCH_KIND_NO_SHOW);
    assert_int_equal(values.fact[SCH_FACT_NEXT_STEP], SCH_NEXT_STEP_NEW_APPOINTMENT);
    map_example(&epd, "OSU-O51.hl7", &values);
    assert_int_equal(values.kind, SCH_KIND_TREATMENT_START);
    assert_int_equal(values.fact[SCH_FACT_STARTED], SCH_STARTED_YES);
    map_example(&epd, "OSU-O51-wacht.hl7", &values);
    assert_int_equal(values.kind, SCH_KIND_WAIT_STATUS);
    assert_int_equal(values.fact[SCH_FACT_EXPECTED_DATE], 20260706);
    assert_int_equal(values.fact[SCH_FACT_BRIDGED_BY], SCH_BRIDGE_POH_GGZ);
    assert_int_equal(values.fact[SCH_FACT_STARTED], 0);
    map_example(&epd, "OSU-O51-einde.hl7", &values);
    assert_int_equal(values.kind, SCH_KIND_TREATMENT_END);
    assert_int_equal(values.fact[SCH_FACT_EVENT_DATE], 20260828);
    assert_int_equal(values.fact[SCH_FACT_END_REASON], SCH_END_COMPLETED);
    assert_int_equal(values.fact[SCH_FACT_SETTING], SCH_SETTING_AMBULANT);
}

static void letters_of_an_epd(void **state)
{
    struct sch_map_values values;

    (void)state;
    map_example(&epd, "MDM-T02.hl7", &values);
    assert_int_equal(values.kind, SCH_KIND_INTAKE_REPORT);
    assert_int_equal(values.fact[SCH_FACT_OUTCOME], SCH_OUTCOME_TREATMENT);
    assert_int_equal(values.fact[SCH_FACT_EVENT_DATE], 20260616);
    assert_int_equal(values.attachment_count, 1);
    assert_string_equal(values.section[12], "Depressieve stoornis, matig tot ernstig.");
    map_example(&epd, "MDM-T02-ontslag.hl7", &values);
    assert_int_equal(values.kind, SCH_KIND_DISCHARGE_LETTER);
    assert_int_equal(values.fact[SCH_FACT_REENTRY_UNTIL], 20270228);
    assert_non_null(values.section[22]);
}

/* ---- faults ------------------------------------------------------------------------------------ */

static void expect_fault(const struct sch_map *map, const char *text, enum sch_map_reason reason,
                         const char *part)
{
    struct sch_map_values values;
    struct sch_map_fault fault;

    assert_int_equal(map_bytes(map, bytes_of(text), &values, &fault), reason);
    if (strstr(fault.text, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", fault.text, part);
    assert_null(strstr(fault.text, "999990019"));
    assert_null(strstr(fault.text, "Geheim"));
}

static void faults_name_places_not_values(void **state)
{
    (void)state;
    expect_fault(&his, "MSH|^~\\&|||||||ADT^A01|1\rPID|1||999990019\r", SCH_MAP_UNSUPPORTED, "MSH-9");
    expect_fault(&his, "MSH|^~\\&|||||||ORM^O01|1\rORC|Geheim|1\r", SCH_MAP_UNSUPPORTED, "ORC-1.1");
    expect_fault(&his, "MSH|^~\\&|||||||ORM^O01|1\rORC||1\r", SCH_MAP_MISSING, "kind");
    expect_fault(&his, "MSH|^~\\&|||||||ORM^O01|1\rORC|NW|1\r", SCH_MAP_MISSING, "receiver");
    expect_fault(&his, "MSH|^~\\&|||||||ORM^O01|1\rORC|NW|1\rOBR|1|||999990019\r", SCH_MAP_INVALID,
                 "OBR-4.1");
    expect_fault(&his, "MSH|^~\\&|||||||ORM^O01|1\rORC|NW|1\rOBR|1|||BGGZ|Geheim\r", SCH_MAP_INVALID,
                 "urgency");
    expect_fault(&epd, "MSH|^~\\&|||||||SIU^S12|1\rSCH|1\rTQ1|1||||||99999999\r", SCH_MAP_INVALID,
                 "event_date");
    expect_fault(&epd, "MSH|^~\\&|||||||RRI^I12|1\rRF1|R||||||||Geheim|Geheim\r", SCH_MAP_INVALID,
                 "RF1-10.1");
    expect_fault(&his, "MSH|^~\\&|||||||ORU^R01|1\rOBR|1|||BGGZ\rOBX|1|ED|B||^application^pdf^Base64^J!V\r",
                 SCH_MAP_INVALID, "base64");
    expect_fault(&epd, "MSH|^~\\&|||||||MDM^T02|1\rTXA|1|INTAKE\rOBX|1|CE|UITKOMST||Geheim\r",
                 SCH_MAP_INVALID, "outcome");
}

static void documents_at_limit_and_beyond(void **state)
{
    char text[2048] = "MSH|^~\\&|||||||ORU^R01|1\rOBR|1|||BGGZ\r";
    struct sch_map_values values;
    struct sch_map_fault fault;

    (void)state;
    for (int i = 1; i < SCH_ATTACHMENTS_MAX; i++)
        strcat(text, "OBX|1|ED|B||^application^pdf^Base64^JVBERi0xLjQK\r");
    assert_int_equal(map_bytes(&his, bytes_of(text), &values, &fault), SCH_MAP_OK);
    assert_int_equal(values.attachment_count, SCH_ATTACHMENTS_MAX - 1);
    strcat(text, "OBX|1|ED|B||^application^pdf^Base64^JVBERi0xLjQK\r");
    assert_int_equal(map_bytes(&his, bytes_of(text), &values, &fault), SCH_MAP_TOO_LARGE);
}

static void sections_at_limit_and_beyond(void **state)
{
    static const char head[] = "MSH|^~\\&|||||||ORU^R01|1\rOBR|1|||BGGZ\rOBX|1|TX|VRAAG||";
    size_t size = sizeof head - 1;
    char *text = malloc(size + SCH_SECTION_SIZE_MAX + 2);
    struct sch_map_values values;
    struct sch_map_fault fault;

    (void)state;
    assert_non_null(text);
    memcpy(text, head, size);
    memset(text + size, 'x', SCH_SECTION_SIZE_MAX + 1);
    struct sch_bytes raw = {(const uint8_t *)text, size + SCH_SECTION_SIZE_MAX};
    assert_int_equal(map_bytes(&his, raw, &values, &fault), SCH_MAP_OK);
    raw.len++;
    assert_int_equal(map_bytes(&his, raw, &values, &fault), SCH_MAP_TOO_LARGE);
    free(text);
}

static void shapes_that_are_met(void **state)
{
    struct sch_map_values values;
    struct sch_map_fault fault;

    (void)state;
    /* A PDF as plain text, a document without data, an unknown observation, repetitions of a text. */
    assert_int_equal(map_bytes(&his, bytes_of("MSH|^~\\&|||||20260102030405||ORU^R01|1\rOBR|1|||BGGZ\r"
                                              "OBX|1|TX|B||JVBERi0xLjQK\rOBX|2|ED|B||^AP^PDF^Base64^\r"
                                              "OBX|3|NM|8867-4||72\rOBX|4|TX|VRAAG||a~b\rOBX|5|FT|VRAAG||c\r"
                                              "OBX|6|ED|B||^AP^PDF^Base64^JVBE\\.br\\Ri0xLjQ\r"),
                               &values, &fault), SCH_MAP_OK);
    assert_int_equal(values.attachment_count, 2);
    assert_string_equal(values.attachment[0].media_type, "application/pdf");
    assert_string_equal(values.attachment[1].media_type, "application/pdf");
    assert_int_equal(values.attachment[1].content.len, 8);
    assert_string_equal(values.section[0], "a\nb\nc");
    assert_int_equal(values.fact[SCH_FACT_LETTER_DATE], 20260102);
    /* Eight digits that the table does not know are an AGB number. */
    assert_int_equal(
        map_bytes(&his, bytes_of("MSH|^~\\&|||||||ORU^R01|1\rOBR|1|||94999999\r"), &values, &fault),
        SCH_MAP_OK);
    assert_string_equal(values.receiver.text, "agb:94999999");
}

static void dates_and_times(void **state)
{
    char text[SCH_STAMP_SIZE];

    (void)state;
    assert_int_equal(sch_stamp_date("20280229"), 20280229);
    assert_int_equal(sch_stamp_date("20270229"), 0);
    assert_int_equal(sch_stamp_date("2026112"), 0);
    assert_int_equal(sch_stamp_date("20261301"), 0);
    assert_int_equal(sch_stamp_date("19991231"), 0);
    assert_int_equal(sch_stamp_time("20261123093000"), 0);
    assert_int_equal(sch_stamp_time("20261123093000+0100"), INT64_C(1795422600000));
    assert_int_equal(sch_stamp_time("202611230930+0100"), INT64_C(1795422600000));
    assert_int_equal(sch_stamp_time("20261123093000.123-0100"), INT64_C(1795429800000));
    sch_stamp_text(INT64_C(1795422600000), text);
    assert_string_equal(text, "20261123083000+0000");
    sch_stamp_text(INT64_C(1835395199000), text);
    assert_string_equal(text, "20280228235959+0000");
    sch_stamp_log(0, text);
    assert_string_equal(text, "1970-01-01T00:00:00Z");
}

/* ---- out and in again -------------------------------------------------------------------------- */

static uint8_t *write_values(const struct sch_map *map, const struct sch_map_values *values, size_t *size)
{
    struct sch_map_envelope envelope = {.control_id = "0123456789ABCDEFGHJK",
                                        .time = "20261123083000+0000",
                                        .sender_name = "GGZ Noordrand",
                                        .sender_agb = "01054321",
                                        .receiver_agb = "06290713",
                                        .receiver = "agb:06290713/angst",
                                        .patient = bytes_of("PID|1||999990019^^^NLMINBIZA^NNNLD")};
    uint8_t *text;

    assert_int_equal(sch_map_out(map, values, &envelope, &text, size), SCH_OK);
    return text;
}

/* Facts that are coded outside must come back as they went; `lost` are those that a form cannot say. */
static void there_and_back(const struct sch_map *from, const struct sch_map *to,
                           struct sch_map_values *values, const char *type)
{
    struct sch_hl7_message message;
    struct sch_map_values back;
    struct sch_map_fault fault;
    char read_type[SCH_MAP_TYPE_SIZE];
    size_t size;

    values->kenmerk = "SN-7F3K-29QD";
    values->order = "ORD-1";
    uint8_t *text = write_values(from, values, &size);
    sch_arena_reset(&arena);
    assert_int_equal(sch_hl7_parse((struct sch_bytes){text, size}, &arena, &message), SCH_OK);
    sch_map_type(&message, &arena, read_type);
    assert_string_equal(read_type, type);
    assert_string_equal(sch_hl7_get(&message, "MSH", 10, 1, &arena), "0123456789ABCDEFGHJK");
    assert_string_equal(sch_hl7_get(&message, "PID", 3, 1, &arena), "999990019");
    if (sch_map_in(to, &message, &arena, &back, &fault) != SCH_MAP_OK)
        fail_msg("%s: %s", type, fault.text);
    assert_int_equal(back.kind, values->kind);
    assert_string_equal(back.kenmerk, values->kind == SCH_KIND_REFERRAL ? "" : "SN-7F3K-29QD");
    assert_string_equal(back.order, "ORD-1");
    for (unsigned f = 0; f < SCH_FACT_COUNT; f++)
        if (back.fact[f] != values->fact[f])
            fail_msg("%s %s: %lld became %lld", type, sch_fact_name((enum sch_fact)f),
                     (long long)values->fact[f], (long long)back.fact[f]);
    for (unsigned s = 0; s < SCH_SECTION_COUNT; s++) {
        assert_int_equal(back.section[s] == NULL, values->section[s] == NULL);
        if (back.section[s] != NULL)
            assert_string_equal(back.section[s], values->section[s]);
    }
    assert_int_equal(back.attachment_count, values->attachment_count);
    for (size_t i = 0; i < back.attachment_count; i++) {
        assert_int_equal(back.attachment[i].content.len, values->attachment[i].content.len);
        assert_memory_equal(back.attachment[i].content.ptr, values->attachment[i].content.ptr,
                            back.attachment[i].content.len);
        assert_string_equal(back.attachment[i].media_type, values->attachment[i].media_type);
    }
    free(text);
}

/* What the HIS side writes is what an EPD of the same habits would have sent. */
static void feedback_there_and_back(void **state)
{
    struct sch_map_values values;

    (void)state;
    memset(&values, 0, sizeof values);
    values.kind = SCH_KIND_ACCEPTANCE;
    values.fact[SCH_FACT_EXPECTED_DATE] = 20261214;
    there_and_back(&his, &epd, &values, "RRI^I12");
    values = (struct sch_map_values){.kind = SCH_KIND_REFUSAL};
    values.fact[SCH_FACT_REFUSAL_REASON] = SCH_REFUSAL_NO_CAPACITY;
    values.section[1] = "Wachtlijst is vol.\nProbeer | elders ^ & vlot \\ ~ ja.";
    there_and_back(&his, &epd, &values, "RRI^I12");
    values = (struct sch_map_values){.kind = SCH_KIND_APPOINTMENT};
    values.fact[SCH_FACT_EVENT_DATE] = 20261214;
    there_and_back(&his, &epd, &values, "SIU^S12");
    values = (struct sch_map_values){.kind = SCH_KIND_NO_SHOW};
    values.fact[SCH_FACT_EVENT_DATE] = 20261214;
    values.fact[SCH_FACT_NO_SHOW_COUNT] = 2;
    values.fact[SCH_FACT_NEXT_STEP] = SCH_NEXT_STEP_CONTACT_PATIENT;
    there_and_back(&his, &epd, &values, "SIU^S26");
    values = (struct sch_map_values){.kind = SCH_KIND_TREATMENT_START};
    values.fact[SCH_FACT_STARTED] = SCH_STARTED_NOT_YET;
    values.fact[SCH_FACT_EXPECTED_DATE] = 20270111;
    there_and_back(&his, &epd, &values, "OSU^O51");
    values.fact[SCH_FACT_STARTED] = SCH_STARTED_YES;
    values.fact[SCH_FACT_EXPECTED_DATE] = 0;
    values.fact[SCH_FACT_EVENT_DATE] = 20270111;
    there_and_back(&his, &epd, &values, "OSU^O51");
    values = (struct sch_map_values){.kind = SCH_KIND_WAIT_STATUS};
    values.fact[SCH_FACT_EXPECTED_DATE] = 20270111;
    values.fact[SCH_FACT_BRIDGED_BY] = SCH_BRIDGE_GP;
    there_and_back(&his, &epd, &values, "OSU^O51");
    values = (struct sch_map_values){.kind = SCH_KIND_TREATMENT_END};
    values.fact[SCH_FACT_EVENT_DATE] = 20270528;
    values.fact[SCH_FACT_END_REASON] = SCH_END_PATIENT_STOPS;
    values.fact[SCH_FACT_SETTING] = SCH_SETTING_CLINICAL;
    there_and_back(&his, &epd, &values, "OSU^O51");
}

static void letters_there_and_back(void **state)
{
    struct sch_map_values values;
    static const uint8_t every[256] = {0, 1, 2, 0x1C, 0x0B, 0xFF, '|', '^', '\\'};

    (void)state;
    values = (struct sch_map_values){.kind = SCH_KIND_INTAKE_REPORT};
    values.fact[SCH_FACT_EVENT_DATE] = 20261214;
    values.fact[SCH_FACT_OUTCOME] = SCH_OUTCOME_OTHER_ECHELON;
    values.section[12] = "Voorlopig: pati\xC3\xABnt \\ stabiel.";
    values.attachment_count = 1;
    values.attachment[0] = (struct sch_attachment){"application/pdf", "brief.pdf", {every, sizeof every}};
    there_and_back(&his, &epd, &values, "MDM^T02");
    values = (struct sch_map_values){.kind = SCH_KIND_NO_REPORT};
    values.fact[SCH_FACT_EXPECTATION] = 6;
    there_and_back(&his, &epd, &values, "MDM^T02");
}

/* People write E6 where a number is meant. */
static void an_expectation_as_people_write_it(void **state)
{
    struct sch_map_values values = {.kind = SCH_KIND_NO_REPORT, .kenmerk = "SN-7F3K-29QD", .order = "ORD-1"};
    struct sch_map_fault fault;
    size_t size;

    (void)state;
    values.fact[SCH_FACT_EXPECTATION] = 6;
    uint8_t *text = write_values(&his, &values, &size);
    const uint8_t *number = memmem(text, size, "|6|", 3);
    assert_non_null(number);
    size_t before = (size_t)(number - text) + 1;
    uint8_t *written = malloc(size + 1);
    assert_non_null(written);
    memcpy(written, text, before);
    written[before] = 'E';
    memcpy(written + before + 1, text + before, size - before);
    assert_int_equal(map_bytes(&epd, (struct sch_bytes){written, size + 1}, &values, &fault), SCH_MAP_OK);
    assert_int_equal(values.fact[SCH_FACT_EXPECTATION], 6);
    free(written);
    free(text);
}

static void referral_there_and_back(void **state)
{
    struct sch_map_values values = {.kind = SCH_KIND_REFERRAL};

    (void)state;
    values.fact[SCH_FACT_URGENCY] = SCH_URGENCY_SOON;
    values.fact[SCH_FACT_LETTER_DATE] = 20261123;
    values.fact[SCH_FACT_AUTHOR_ROLE] = SCH_ROLE_GP;
    values.fact[SCH_FACT_AUTHOR_AGB] = 1065432;
    values.fact[SCH_FACT_ECHELON] = SCH_PARTY_S_GGZ;
    values.fact[SCH_FACT_CONSENT] = SCH_YES_YES;
    values.fact[SCH_FACT_PHONED_AT] = INT64_C(1795422600000);
    values.section[0] = "Graag behandeling.";
    there_and_back(&epd, &his, &values, "REF^I12");
    values = (struct sch_map_values){.kind = SCH_KIND_WITHDRAWAL};
    values.fact[SCH_FACT_WITHDRAWAL_REASON] = SCH_WITHDRAWN_PATIENT_DECLINES;
    there_and_back(&epd, &his, &values, "REF^I14");
}

/* Every kind reaches a reader: with the example maps no message can get stuck for want of a form. */
static void every_kind_has_a_form(void **state)
{
    struct sch_map_values values;
    char text[600];
    size_t size;

    (void)state;
    for (int kind = 1; kind < SCH_KIND_COUNT; kind++) {
        values = (struct sch_map_values){.kind = (enum sch_kind)kind, .kenmerk = "SN-7F3K-29QD", .order = ""};
        free(write_values(&his, &values, &size));
        assert_true(size > 100);
        sch_map_describe(&values, text, sizeof text);
        assert_non_null(strstr(text, "SN-7F3K-29QD"));
        sch_map_describe(&values, text, 12);
        assert_true(strlen(text) < 12);
    }
    values = (struct sch_map_values){.kind = SCH_KIND_REMINDER, .kenmerk = "SN-7F3K-29QD", .order = ""};
    values.fact[SCH_FACT_EXPECTATION] = 6;
    values.fact[SCH_FACT_STEP] = SCH_STEP_OVERDUE;
    sch_map_describe(&values, text, sizeof text);
    assert_string_equal(text, "Herinnering. Het gaat om het bericht na intake. Stand: over de norm. "
                              "Kenmerk SN-7F3K-29QD.");
}

static void a_kind_without_form(void **state)
{
    static const char content[] = "[out]\nREMINDER = none\n";
    struct sch_map map;
    struct sch_map_values values = {.kind = SCH_KIND_REMINDER, .kenmerk = "", .order = ""};
    struct sch_map_envelope envelope = {.control_id = "1", .time = "", .sender_name = "", .sender_agb = "",
                                        .receiver_agb = "", .receiver = ""};
    uint8_t *text;
    size_t size;

    (void)state;
    assert_int_equal(sch_map_file_parse("m", content, sizeof content - 1, &map, NULL), SCH_OK);
    assert_int_equal(sch_map_out(&map, &values, &envelope, &text, &size), SCH_E_STATE);
    sch_map_close(&map);
}

/* ---- acknowledgements and the file ------------------------------------------------------------------ */

static void acknowledgements(void **state)
{
    struct sch_hl7_message message, ack;
    struct sch_map_ack answer = {.code = "AE", .text = "no | receiver", .error = "101", .control_id = "A1",
                                 .time = "20261123083000+0000"};
    uint8_t *text;
    size_t size;

    (void)state;
    sch_arena_reset(&arena);
    assert_int_equal(
        sch_hl7_parse(bytes_of("MSH|^~\\&|HIS^1.2^ISO|FAC|SCH|REG|||REF^I12^REF_I12|C-1|T|2.4\r"), &arena,
                      &message),
        SCH_OK);
    assert_int_equal(sch_map_acknowledge(&message, &arena, &answer, &text, &size), SCH_OK);
    assert_int_equal(sch_hl7_parse((struct sch_bytes){text, size}, &arena, &ack), SCH_OK);
    assert_string_equal(sch_hl7_get(&ack, "MSH", 5, 2, &arena), "1.2");
    assert_string_equal(sch_hl7_get(&ack, "MSH", 3, 1, &arena), "SCH");
    assert_string_equal(sch_hl7_get(&ack, "MSH", 9, 2, &arena), "I12");
    assert_string_equal(sch_hl7_get(&ack, "MSH", 12, 1, &arena), "2.4");
    assert_string_equal(sch_hl7_get(&ack, "MSA", 1, 1, &arena), "AE");
    assert_string_equal(sch_hl7_get(&ack, "MSA", 2, 1, &arena), "C-1");
    assert_string_equal(sch_hl7_get(&ack, "MSA", 3, 1, &arena), "no | receiver");
    assert_string_equal(sch_hl7_get(&ack, "ERR", 3, 1, &arena), "101");
    free(text);
}

static void wrong_map(const char *content, const char *said)
{
    struct sch_map map;
    sch_error error = SCH_ERROR_INIT;

    assert_int_equal(sch_map_file_parse("map.ini", content, strlen(content), &map, &error), SCH_E_CONFIG);
    if (strstr(error.text, said) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", error.text, said);
}

static void wrong_lines_of_a_map(void **state)
{
    (void)state;
    wrong_map("[identity]\nfacilty = X\n", "map.ini:2: unknown key \"facilty\"; did you mean \"facility\"?");
    wrong_map("[identity]\nfacility = X\n version = 2.4\n", "map.ini:3: facility takes one line");
    wrong_map("[identity]\nfacility = X\n[identity]\nfacility = Y\n", "map.ini:3: [identity] stands twice");
    wrong_map("[receivers]\nX = agb:06290713\n agb:06290714\n", "map.ini:3: X takes one line");
    wrong_map("[in REF^I12]\nkind = REFERRAL\n", "map.ini:2: \"REFERRAL\" is no place");
    wrong_map("[in REF^I12]\nkind = 'REFERRAL'\nurgncy = RF1-2\n", "did you mean \"urgency\"?");
    wrong_map("[in REF^I12]\nurgency = RF1-2\n", "has no key \"kind\"");
    wrong_map("[in REFI12]\n", "map.ini:1:");
    wrong_map("[in REF^I12 REFERAL]\n", "unknown kind");
    wrong_map("[codes urgency]\nR = ROUTINNE\n", "did you mean \"ROUTINE\"?");
    wrong_map("[codes letter_date]\n", "no code");
    wrong_map("[receivers]\nX = agb:123\n", "no address");
    wrong_map("[sections]\nX = questoin\n", "did you mean \"question\"?");
    wrong_map("[out]\nACCEPTANCE = RRI^I13\n", "did you mean \"RRI^I12\"?");
    wrong_map("[otu]\n", "did you mean \"out\"?");
}

static void places(void **state)
{
    static const char *const wrong[] = {"",          "PID",         "PID-",    "PID-0",   "pid-3",
                                        "PID-3.",    "PID-3.1.2.3", "PID-256", "PID[]-3", "PID[1]-3",
                                        "PID[1=]-3", "PID[1=X-3",   "''",      "'abc",    "PIDX-3"};
    struct sch_map_path path;

    (void)state;
    assert_true(sch_map_file_path("PRD[1=RT]-7.1", &path));
    assert_string_equal(path.segment, "PRD");
    assert_int_equal(path.match_field, 1);
    assert_string_equal(path.match, "RT");
    assert_int_equal(path.field, 7);
    assert_int_equal(path.component, 1);
    assert_true(sch_map_file_path("PV1-3.4.2", &path));
    assert_int_equal(path.subcomponent, 2);
    assert_true(sch_map_file_path("'GP'", &path));
    assert_string_equal(path.constant, "GP");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(sch_map_file_path(wrong[i], &path));
}

/* ---- sample data ------------------------------------------------------------------------------- */

/* Foreign messages are read without harm by both maps, and the two Dutch orders become referrals with a
 * map that knows their receiver. */
static void every_sample_message(void **state)
{
    const char *data = getenv("SCHARNIER_DATA");
    struct sch_map_values values;
    struct sch_map_fault fault;
    char pattern[512];
    glob_t found;
    unsigned taken = 0;

    (void)state;
    if (data == NULL || *data == 0) {
        print_message("SKIP 1: SCHARNIER_DATA is not set, so no sample message was mapped\n");
        skip();
    }
    snprintf(pattern, sizeof pattern, "%s/hl7v2/*.hl7", data);
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        size_t size;
        uint8_t *raw = read_file(found.gl_pathv[i], &size);
        enum sch_map_reason reason = map_bytes(&his, (struct sch_bytes){raw, size}, &values, &fault);
        assert_true(reason == SCH_MAP_OK || fault.text[0] != 0);
        taken += reason == SCH_MAP_OK;
        if (strstr(found.gl_pathv[i], "nl-OML") != NULL) {
            assert_int_equal(reason, SCH_MAP_OK);
            assert_int_equal(values.kind, SCH_KIND_REFERRAL);
            assert_string_equal(values.receiver.text, "agb:50009046");
            assert_string_equal(values.order, "ZP100120391");
            assert_int_equal(values.fact[SCH_FACT_AUTHOR_AGB], 1123456);
        }
        reason = map_bytes(&epd, (struct sch_bytes){raw, size}, &values, &fault);
        assert_true(reason == SCH_MAP_OK || fault.text[0] != 0);
        taken += reason == SCH_MAP_OK;
        free(raw);
    }
    print_message("%zu sample messages were mapped both ways, %u taken\n", found.gl_pathc, taken);
    globfree(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(oru_with_a_pdf),          cmocka_unit_test(orm_with_sections),
        cmocka_unit_test(oml_with_escapes),        cmocka_unit_test(ref_and_its_cancellation),
        cmocka_unit_test(answers_of_an_epd),       cmocka_unit_test(letters_of_an_epd),
        cmocka_unit_test(faults_name_places_not_values), cmocka_unit_test(documents_at_limit_and_beyond),
        cmocka_unit_test(sections_at_limit_and_beyond),  cmocka_unit_test(shapes_that_are_met),
        cmocka_unit_test(dates_and_times),         cmocka_unit_test(feedback_there_and_back),
        cmocka_unit_test(letters_there_and_back),  cmocka_unit_test(an_expectation_as_people_write_it),
        cmocka_unit_test(referral_there_and_back),
        cmocka_unit_test(every_kind_has_a_form),   cmocka_unit_test(a_kind_without_form),
        cmocka_unit_test(acknowledgements),        cmocka_unit_test(wrong_lines_of_a_map),
        cmocka_unit_test(places),                  cmocka_unit_test(every_sample_message),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, setup, teardown);
}
