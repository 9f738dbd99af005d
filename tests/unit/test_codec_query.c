/* test_codec_query.c: what can be asked, with which type of query, and every way in which it is refused. */
#include "command_case.h"

/* A query for one dossier, from a page onwards. */
static struct sch_command trace_query(void)
{
    struct sch_command c;
    memset(&c, 0, sizeof c);
    c.request = 77;
    c.type = SCH_COMMAND_QUERY;
    c.query.type = SCH_QUERY_TRACE;
    address(&c.query.party, "agb:06290713");
    c.query.dossier = sch_id_new(3);
    strcpy(c.query.kenmerk, "SN-7F3K-29QD");
    memset(c.query.cursor, 7, SCH_CURSOR_MAX);
    c.query.cursor_size = SCH_CURSOR_MAX;
    c.query.limit = SCH_PAGE_ROWS_MAX;
    return c;
}

static size_t encode(const struct sch_command *command, uint8_t buffer[SCH_COMMAND_SIZE_MAX])
{
    return sch_command_encode(command, buffer, SCH_COMMAND_SIZE_MAX);
}

static int decode(struct sch_bytes frame, struct sch_command *command, struct sch_fault *fault)
{
    sch_arena_reset(&arena);
    memset(fault, 0, sizeof *fault);
    return sch_command_decode(frame, &arena, command, fault);
}

static void expect_refusal(const struct sch_command *command, int code, const char *field)
{
    uint8_t buffer[SCH_COMMAND_SIZE_MAX];
    struct sch_command out;
    struct sch_fault fault;
    size_t size = encode(command, buffer);
    assert_true(size > 0);
    assert_int_equal(decode((struct sch_bytes){ buffer, size }, &out, &fault), code);
    assert_int_equal(fault.code, code);
    assert_string_equal(fault.field, field);
}

static void expect_good(const struct sch_command *command)
{
    uint8_t buffer[SCH_COMMAND_SIZE_MAX];
    struct sch_command out;
    struct sch_fault fault;
    size_t size = encode(command, buffer);
    assert_true(size > 0);
    assert_int_equal(decode((struct sch_bytes){ buffer, size }, &out, &fault), SCH_OK);
}

static void test_query(void **state)
{
    (void)state;
    struct sch_command c = trace_query(), out;
    struct sch_fault fault;
    uint8_t buffer[SCH_COMMAND_SIZE_MAX];
    c.query.limit = SCH_PAGE_ROWS_MAX + 1;
    expect_refusal(&c, SCH_E_FIELD_INVALID, "query.limit");
    c.query.limit = 0;
    size_t size = encode(&c, buffer);
    assert_int_equal(decode((struct sch_bytes){ buffer, size }, &out, &fault), SCH_OK);
    assert_int_equal(out.query.limit, 100);
    c = trace_query();
    c.query.type = (enum sch_query_type)0;
    expect_refusal(&c, SCH_E_FIELD_MISSING, "query.type");
    c.query.type = (enum sch_query_type)10;
    expect_refusal(&c, SCH_E_FIELD_INVALID, "query.type");
    c = trace_query();
    memset(&c.query.party, 0, sizeof c.query.party);
    expect_refusal(&c, SCH_E_FIELD_MISSING, "query.party");
    c = trace_query();
    memset(&c.query.dossier, 0, sizeof c.query.dossier);
    expect_good(&c);
    c.query.kenmerk[0] = '\0';
    expect_refusal(&c, SCH_E_FIELD_MISSING, "query.dossier");
    c.query.type = SCH_QUERY_DOSSIERS;
    expect_good(&c);

    struct raw raw = raw_new();
    static const struct {
        uint32_t tag;
        size_t size;
        const char *field;
    } long_fields[] = { { 6, SCH_CURSOR_MAX, "query.cursor" }, { 4, SCH_KENMERK_SIZE, "query.kenmerk" } };
    for (size_t i = 0; i < 2; i++) {
        for (size_t more = 0; more < 2; more++) {
            char filler[128];
            memset(filler, 'x', sizeof filler);
            struct raw inner = raw_new();
            raw.size = 0;
            raw_number(&inner, 1, 3);
            raw_text(&inner, 2, "agb:06290713");
            raw_bytes(&inner, long_fields[i].tag, filler, long_fields[i].size + more);
            raw_message(&raw, 8, &inner);
            int code = decode(raw_view(&raw), &out, &fault);
            assert_true((code == SCH_OK) == (more == 0));
            assert_true(code == SCH_OK || strcmp(fault.field, long_fields[i].field) == 0);
        }
    }
    raw_free(&raw);
}

/* Everything that can be asked of the worklist, of the counts and of what passed, each where it belongs. */
static struct sch_command worklist(void)
{
    struct sch_command c;
    memset(&c, 0, sizeof c);
    c.request = 77;
    c.type = SCH_COMMAND_QUERY;
    c.query.type = SCH_QUERY_UNANSWERED;
    address(&c.query.party, "agb:06290713");
    c.query.only.silence = SCH_SILENCE_NO_CARE_REPORT;
    c.query.only.term = SCH_TERM_FAR_OVER;
    c.query.only.echelon = SCH_PARTY_WIJKTEAM;
    c.query.only.urgency = SCH_URGENCY_CRISIS;
    c.query.only.expectation = 15;
    c.query.only.older_days = 36525;
    address(&c.query.only.debtor, "agb:06290713");
    address(&c.query.only.creditor, "agb:01020304/poh-ggz");
    address(&c.query.only.referrer, "agb:01020304");
    address(&c.query.only.receiver, "agb:06290714");
    c.query.limit = 1;
    return c;
}

static void expect_same(const struct sch_command *in)
{
    uint8_t buffer[SCH_COMMAND_SIZE_MAX];
    struct sch_command out;
    struct sch_fault fault;
    size_t size = encode(in, buffer);
    assert_true(size > 0);
    assert_int_equal(decode((struct sch_bytes){ buffer, size }, &out, &fault), SCH_OK);
    assert_memory_equal(in, &out, sizeof out);
}

static struct sch_command counting(enum sch_query_type type)
{
    struct sch_command c;
    memset(&c, 0, sizeof c);
    c.request = 77;
    c.type = SCH_COMMAND_QUERY;
    c.query.type = type;
    c.query.limit = 100;
    address(&c.query.party, "agb:06290713");
    if (type == SCH_QUERY_AGE) {
        c.query.by = SCH_AGE_BY_SILENCE;
        c.query.published = true;
    } else if (type == SCH_QUERY_STATISTICS) {
        c.query.only.expectation = 4;
        address(&c.query.only.debtor, "agb:06290713");
        c.query.month_from = c.query.month_to = 202611;
        c.query.published = true;
    } else if (type == SCH_QUERY_PASSED) {
        c.query.from_ms = 1;
        c.query.to_ms = 2;
    }
    return c;
}

static void test_query_filters(void **state)
{
    (void)state;
    struct sch_command c = worklist();
    expect_same(&c);
    c.query.only.expectation = 16;
    expect_refusal(&c, SCH_E_FIELD_INVALID, "query.expectation");
    c = worklist();
    c.query.only.older_days++;
    expect_refusal(&c, SCH_E_FIELD_INVALID, "query.older_days");
    c = worklist();
    c.query.only.silence = (enum sch_silence)SCH_SILENCE_COUNT;
    expect_refusal(&c, SCH_E_FIELD_INVALID, "query.silence");
    c = worklist();
    c.query.only.term = (enum sch_term)5;
    expect_refusal(&c, SCH_E_FIELD_INVALID, "query.term");
    c = worklist();
    c.query.only.echelon = SCH_PARTY_COUNT;
    expect_refusal(&c, SCH_E_FIELD_INVALID, "query.echelon");
    c = worklist();
    c.query.only.urgency = (enum sch_urgency)5;
    expect_refusal(&c, SCH_E_FIELD_INVALID, "query.urgency");
    c = worklist();
    strcpy(c.query.only.referrer.text, "nobody");
    expect_refusal(&c, SCH_E_FIELD_INVALID, "query.referrer");
    c = counting(SCH_QUERY_CHAIN);
    expect_refusal(&c, SCH_E_FIELD_MISSING, "query.dossier");
    strcpy(c.query.kenmerk, "SN-7F3K-29QD");
    expect_same(&c);
}

/* A filter is refused wherever it would not be heard. */
static void test_query_fields_elsewhere(void **state)
{
    (void)state;
    struct sch_command c = worklist();
    c.query.type = SCH_QUERY_DOSSIERS;
    expect_refusal(&c, SCH_E_FIELD_FORBIDDEN, "query.silence");
    c.query.type = SCH_QUERY_STATISTICS;
    expect_refusal(&c, SCH_E_FIELD_FORBIDDEN, "query.silence");
    c.query.only.silence = SCH_SILENCE_NONE;
    expect_refusal(&c, SCH_E_FIELD_FORBIDDEN, "query.term");
    c.query.only.term = (enum sch_term)0;
    expect_refusal(&c, SCH_E_FIELD_FORBIDDEN, "query.echelon");
    c.query.only.echelon = SCH_PARTY_UNSPECIFIED;
    expect_refusal(&c, SCH_E_FIELD_FORBIDDEN, "query.urgency");
    c.query.only.urgency = (enum sch_urgency)0;
    expect_refusal(&c, SCH_E_FIELD_FORBIDDEN, "query.older_days");
    c.query.only.older_days = 0;
    expect_refusal(&c, SCH_E_FIELD_FORBIDDEN, "query.creditor");
    memset(&c.query.only.creditor, 0, sizeof c.query.only.creditor);
    expect_refusal(&c, SCH_E_FIELD_FORBIDDEN, "query.referrer");
    memset(&c.query.only.referrer, 0, sizeof c.query.only.referrer);
    expect_refusal(&c, SCH_E_FIELD_FORBIDDEN, "query.receiver");
    memset(&c.query.only.receiver, 0, sizeof c.query.only.receiver);
    expect_same(&c);
    c.query.type = SCH_QUERY_MAILBOX;
    expect_refusal(&c, SCH_E_FIELD_FORBIDDEN, "query.expectation");
    c.query.only.expectation = 0;
    expect_refusal(&c, SCH_E_FIELD_FORBIDDEN, "query.debtor");
    c = counting(SCH_QUERY_AGE);
    c.query.type = SCH_QUERY_STATISTICS;
    expect_refusal(&c, SCH_E_FIELD_FORBIDDEN, "query.by");
    c = counting(SCH_QUERY_PASSED);
    c.query.published = true;
    expect_refusal(&c, SCH_E_FIELD_FORBIDDEN, "query.published");
    c = counting(SCH_QUERY_AGE);
    c.query.month_from = 202601;
    expect_refusal(&c, SCH_E_FIELD_FORBIDDEN, "query.month_from");
    c = counting(SCH_QUERY_AGE);
    c.query.month_to = 202601;
    expect_refusal(&c, SCH_E_FIELD_FORBIDDEN, "query.month_to");
    c = counting(SCH_QUERY_AGE);
    c.query.from_ms = 1;
    expect_refusal(&c, SCH_E_FIELD_FORBIDDEN, "query.from_ms");
    c = counting(SCH_QUERY_STATISTICS);
    c.query.to_ms = 1;
    expect_refusal(&c, SCH_E_FIELD_FORBIDDEN, "query.to_ms");
}

static void test_query_counts(void **state)
{
    (void)state;
    static const enum sch_query_type types[] = { SCH_QUERY_AGE, SCH_QUERY_STATISTICS, SCH_QUERY_PASSED };
    for (size_t i = 0; i < 3; i++) {
        struct sch_command good = counting(types[i]);
        expect_same(&good);
    }
    struct sch_command c = counting(SCH_QUERY_AGE);
    c.query.by = (enum sch_age_by)0;
    expect_refusal(&c, SCH_E_FIELD_MISSING, "query.by");
    c.query.by = (enum sch_age_by)4;
    expect_refusal(&c, SCH_E_FIELD_INVALID, "query.by");
    static const struct {
        uint32_t month;
        bool good;
    } months[] = { { 0, true }, { 200001, true }, { 209912, true }, { 202600, false }, { 202613, false },
                   { 199912, false }, { 210001, false }, { 2026, false }, { UINT32_MAX, false } };
    for (size_t i = 0; i < sizeof months / sizeof months[0]; i++) {
        c = counting(SCH_QUERY_STATISTICS);
        c.query.month_from = months[i].month;
        c.query.month_to = 0;
        if (months[i].good) {
            expect_same(&c);
        } else {
            expect_refusal(&c, SCH_E_FIELD_INVALID, "query.month_from");
        }
    }
    c = counting(SCH_QUERY_STATISTICS);
    c.query.month_to = 202699;
    expect_refusal(&c, SCH_E_FIELD_INVALID, "query.month_to");
    c.query.month_to = 202610;
    expect_refusal(&c, SCH_E_FIELD_INVALID, "query.month_to");
    c = counting(SCH_QUERY_PASSED);
    c.query.to_ms = 1;
    expect_refusal(&c, SCH_E_FIELD_INVALID, "query.to_ms");
    c.query.to_ms = 0;
    expect_same(&c);
    c.query.from_ms = -1;
    expect_refusal(&c, SCH_E_FIELD_INVALID, "query.from_ms");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_query),
        cmocka_unit_test(test_query_filters),
        cmocka_unit_test(test_query_fields_elsewhere),
        cmocka_unit_test(test_query_counts),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
