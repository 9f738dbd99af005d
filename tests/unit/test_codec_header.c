/* test_codec_header.c: Header and Seal there and back, and every way in which one is refused. */
#include "command_case.h"
#include "names.h"

/* A header with everything in it. */
static struct sch_header full(void)
{
    struct sch_header h;
    memset(&h, 0, sizeof h);
    h.id = sch_id_new(INT64_C(1763790480123));
    h.kind = SCH_KIND_REFERRAL;
    address(&h.sender, "agb:06290713/poh-ggz");
    address(&h.receiver, "agb:06290714/volwassenen");
    for (size_t i = 0; i < SCH_COPIES_MAX; i++) {
        address(&h.copies[i], "agb:06290713/poh-ggz");
    }
    h.copy_count = SCH_COPIES_MAX;
    address(&h.creditor, "agb:06290713");
    address(&h.prepared_by, "agb:06290713/poh-ggz");
    address(&h.concerned, "agb:06290714");
    h.dossier = sch_id_new(1);
    h.parent = sch_id_new(2);
    h.follows = sch_id_new(3);
    h.group = sch_id_new(4);
    h.subject = sch_id_new(5);
    h.sections = SCH_SECTION_ALL;
    h.sections_known = true;
    for (unsigned i = 0; i < SCH_FACT_COUNT; i++) {
        enum sch_fact_type type = sch_fact_type((enum sch_fact)i);
        h.fact[i] = type == SCH_TYPE_DATE ? 20260131 : type == SCH_TYPE_TIME ? INT64_C(1763790480123) : 1;
    }
    return h;
}

static size_t encode(const struct sch_header *header, uint8_t buffer[SCH_HEADER_SIZE_MAX])
{
    return sch_header_encode(header, buffer, SCH_HEADER_SIZE_MAX);
}

static int decode(struct sch_bytes bytes, struct sch_header *header, struct sch_fault *fault)
{
    sch_arena_reset(&arena);
    memset(fault, 0, sizeof *fault);
    int code = sch_header_decode(bytes, &arena, header, fault);
    assert_int_equal(arena.used, 0);
    return code;
}

static void expect_refusal(const struct sch_header *header, int code, const char *field)
{
    uint8_t buffer[SCH_HEADER_SIZE_MAX];
    struct sch_header out;
    struct sch_fault fault;
    size_t size = encode(header, buffer);
    assert_true(size > 0);
    assert_int_equal(decode((struct sch_bytes){ buffer, size }, &out, &fault), code);
    assert_int_equal(fault.code, code);
    assert_string_equal(fault.field, field);
}

static void expect_good(const struct sch_header *header)
{
    uint8_t buffer[SCH_HEADER_SIZE_MAX];
    struct sch_header out;
    struct sch_fault fault;
    size_t size = encode(header, buffer);
    assert_true(size > 0);
    assert_int_equal(decode((struct sch_bytes){ buffer, size }, &out, &fault), SCH_OK);
    assert_memory_equal(header, &out, sizeof out);
}

static void test_round_trip(void **state)
{
    (void)state;
    struct sch_header h = full(), small;
    expect_good(&h);
    memset(&small, 0, sizeof small);
    small.id = h.id;
    small.kind = SCH_KIND_WAIVER;
    small.sender = h.sender;
    expect_good(&small);
    uint8_t buffer[SCH_HEADER_SIZE_MAX];
    size_t size = encode(&h, buffer);
    assert_int_equal(sch_header_encode(&h, buffer, size - 1), 0);
    h.copy_count = SCH_COPIES_MAX + 1;
    assert_int_equal(encode(&h, buffer), 0);
}

/* What decodes of a header that is cut says exactly what it encodes to. */
static void test_truncation(void **state)
{
    (void)state;
    uint8_t buffer[SCH_HEADER_SIZE_MAX], again[SCH_HEADER_SIZE_MAX];
    struct sch_header h = full(), out;
    struct sch_fault fault;
    size_t size = encode(&h, buffer);
    unsigned good = 0;
    for (size_t cut = 0; cut < size; cut++) {
        struct sch_bytes bytes = raw_exact(buffer, cut);
        if (decode(bytes, &out, &fault) == SCH_OK) {
            good++;
            assert_int_equal(encode(&out, again), cut);
            assert_memory_equal(again, buffer, cut);
        } else {
            assert_non_null(fault.field);
        }
        raw_exact_free(bytes);
    }
    assert_true(good > 20 && good < 60);
}

/* Flipping any one bit never crashes, and what still decodes still round-trips. */
static void test_bit_flips(void **state)
{
    (void)state;
    uint8_t buffer[SCH_HEADER_SIZE_MAX], again[SCH_HEADER_SIZE_MAX];
    struct sch_header h = full(), out, second;
    struct sch_fault fault;
    size_t size = encode(&h, buffer);
    for (size_t bit = 0; bit < size * 8; bit++) {
        buffer[bit / 8] ^= (uint8_t)(1 << bit % 8);
        struct sch_bytes bytes = raw_exact(buffer, size);
        if (decode(bytes, &out, &fault) == SCH_OK) {
            size_t n = encode(&out, again);
            assert_true(n > 0);
            assert_int_equal(decode((struct sch_bytes){ again, n }, &second, &fault), SCH_OK);
            assert_memory_equal(&out, &second, sizeof out);
        }
        raw_exact_free(bytes);
        buffer[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void test_required(void **state)
{
    (void)state;
    struct sch_header h = full();
    memset(&h.id, 0, sizeof h.id);
    expect_refusal(&h, SCH_E_FIELD_MISSING, "header.id");
    h.id.bytes[3] = 1;
    expect_refusal(&h, SCH_E_FIELD_INVALID, "header.id");
    h = full();
    h.kind = SCH_KIND_UNSPECIFIED;
    expect_refusal(&h, SCH_E_FIELD_MISSING, "header.kind");
    h.kind = SCH_KIND_COUNT;
    expect_refusal(&h, SCH_E_FIELD_INVALID, "header.kind");
    h = full();
    memset(&h.sender, 0, sizeof h.sender);
    expect_refusal(&h, SCH_E_FIELD_MISSING, "header.sender");
    strcpy(h.sender.text, "AGB:06290713");
    expect_refusal(&h, SCH_E_FIELD_INVALID, "header.sender");
    h = full();
    strcpy(h.receiver.text, "agb:1");
    expect_refusal(&h, SCH_E_FIELD_INVALID, "header.receiver");
    h = full();
    strcpy(h.copies[3].text, "agb:06290713/");
    expect_refusal(&h, SCH_E_FIELD_INVALID, "header.copies");
    h = full();
    strcpy(h.creditor.text, "kvk:12");
    expect_refusal(&h, SCH_E_FIELD_INVALID, "header.creditor");
    h = full();
    strcpy(h.prepared_by.text, "x");
    expect_refusal(&h, SCH_E_FIELD_INVALID, "header.prepared_by");
    h = full();
    strcpy(h.concerned.text, "agb:06290714/Poli");
    expect_refusal(&h, SCH_E_FIELD_INVALID, "header.concerned");
    h = full();
    h.sections = (uint32_t)SCH_SECTION_ALL + 1;
    expect_refusal(&h, SCH_E_FIELD_INVALID, "header.sections");
}

/* Facts at and just beyond their ranges. No encoder of ours writes the latter, so these are by hand. */
static void test_facts(void **state)
{
    (void)state;
    static const struct {
        uint32_t tag;
        uint64_t value;
        bool good;
        const char *field;
    } cases[] = {
        { 22, 20000101, true, "header.letter_date" },  { 22, 20000100, false, "header.letter_date" },
        { 22, 20991231, true, "header.letter_date" },  { 22, 20991232, false, "header.letter_date" },
        { 22, 1, false, "header.letter_date" },        { 22, UINT32_MAX, false, "header.letter_date" },
        { 24, 99999999, true, "header.author_agb" },   { 24, 100000000, false, "header.author_agb" },
        { 26, 946684800000, true, "header.phoned_at" }, { 26, 946684799999, false, "header.phoned_at" },
        { 26, 4102444799999, true, "header.phoned_at" }, { 26, 4102444800000, false, "header.phoned_at" },
        { 26, UINT64_MAX, false, "header.phoned_at" }, { 27, 20991232, false, "header.event_date" },
        { 36, 99, true, "header.no_show_count" },      { 36, 100, false, "header.no_show_count" },
        { 41, 15, true, "header.expectation" },        { 41, 16, false, "header.expectation" },
        { 22, UINT64_C(0x100000000) + 20260101, false, "header.letter_date" },
        { 25, 2, false, "header.consent" },            { 21, 5, false, "header.urgency" },
        { 29, 13, true, "header.refusal_reason" },     { 29, 14, false, "header.refusal_reason" },
        { 29, UINT64_MAX, false, "header.refusal_reason" }, { 15, 2, false, "header.sections_known" },
        { 30, 4, true, "header.withdrawal_reason" },   { 30, 5, false, "header.withdrawal_reason" },
        { 31, 7, true, "header.end_reason" },          { 31, 8, false, "header.end_reason" },
        { 42, 4, true, "header.step" },                { 42, 5, false, "header.step" },
        { 44, 2, true, "header.redirection_mode" },    { 44, 3, false, "header.redirection_mode" },
        { 45, 1, true, "header.patient_agreed" },      { 45, 2, false, "header.patient_agreed" },
        { 46, 1, true, "header.wrong_party" },         { 46, 2, false, "header.wrong_party" },
        { 47, 6, true, "header.topic" },               { 47, 7, false, "header.topic" },
        { 48, 2, true, "header.consult_form" },        { 48, 3, false, "header.consult_form" },
        { 49, 7, true, "header.route" },               { 49, 8, false, "header.route" },
        { 50, 5, true, "header.team_outcome" },        { 50, 6, false, "header.team_outcome" },
        { 51, 5, true, "header.note" },                { 51, 6, false, "header.note" },
        { 52, 4, true, "header.snooze_reason" },       { 52, 5, false, "header.snooze_reason" },
        { 53, 20000101, true, "header.until" },        { 53, 20991232, false, "header.until" },
    };
    struct sch_header h, out;
    struct sch_fault fault;
    memset(&h, 0, sizeof h);
    h.id = sch_id_new(1);
    h.kind = SCH_KIND_NOTE;
    address(&h.sender, "agb:06290713");
    uint8_t buffer[SCH_HEADER_SIZE_MAX];
    size_t size = encode(&h, buffer);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct raw raw = raw_new();
        raw_append(&raw, buffer, size);
        raw_number(&raw, cases[i].tag, cases[i].value);
        int code = decode(raw_view(&raw), &out, &fault);
        assert_int_equal(code, cases[i].good ? SCH_OK : SCH_E_FIELD_INVALID);
        assert_true(cases[i].good || strcmp(fault.field, cases[i].field) == 0);
        raw_free(&raw);
    }
    /* A mask travels as four bytes. */
    for (int wrong = 0; wrong < 2; wrong++) {
        uint32_t mask = (uint32_t)SCH_SECTION_ALL + (uint32_t)wrong;
        uint8_t field[] = { 0xb5, 0x03, (uint8_t)mask, (uint8_t)(mask >> 8), (uint8_t)(mask >> 16),
                            (uint8_t)(mask >> 24) };
        struct raw raw = raw_new();
        raw_append(&raw, buffer, size);
        raw_append(&raw, field, sizeof field);
        assert_int_equal(decode(raw_view(&raw), &out, &fault), wrong ? SCH_E_FIELD_INVALID : SCH_OK);
        assert_true(wrong ? strcmp(fault.field, "header.missing_sections") == 0
                          : out.fact[SCH_FACT_MISSING_SECTIONS] == SCH_SECTION_ALL);
        raw_free(&raw);
    }
    h.fact[SCH_FACT_LETTER_DATE] = -1;
    assert_int_equal(encode(&h, buffer), 0);
    h.fact[SCH_FACT_LETTER_DATE] = 20991232;
    assert_int_equal(encode(&h, buffer), 0);
}

/* A header must be understood whole: unknown fields, duplicates and other versions are refused. */
static void test_strictness(void **state)
{
    (void)state;
    struct sch_header h = full(), out;
    struct sch_fault fault;
    uint8_t buffer[SCH_HEADER_SIZE_MAX];
    size_t size = encode(&h, buffer);
    struct raw raw = raw_new();
    raw_append(&raw, buffer, size);
    raw_number(&raw, 60, 1);
    assert_int_equal(decode(raw_view(&raw), &out, &fault), SCH_E_PROTOCOL);
    assert_string_equal(fault.field, "header");
    raw.size = size;
    raw_text(&raw, 4, "agb:06290713");
    assert_int_equal(decode(raw_view(&raw), &out, &fault), SCH_E_PROTOCOL);
    assert_string_equal(fault.field, "header.sender");
    raw.size = size;
    raw_text(&raw, 6, "agb:06290713");
    assert_int_equal(decode(raw_view(&raw), &out, &fault), SCH_E_FIELD_INVALID);
    assert_string_equal(fault.field, "header.copies");
    raw.size = 0;
    raw_number(&raw, 1, 2);
    assert_int_equal(decode(raw_view(&raw), &out, &fault), SCH_E_VERSION);
    assert_string_equal(fault.field, "header.version");
    raw.size = 0;
    assert_int_equal(decode(raw_view(&raw), &out, &fault), SCH_E_VERSION);
    raw_number(&raw, 1, 1);
    raw_bytes(&raw, 2, h.id.bytes, 15);
    assert_int_equal(decode(raw_view(&raw), &out, &fault), SCH_E_FIELD_INVALID);
    assert_string_equal(fault.field, "header.id");
    raw.size = 0;
    raw_text(&raw, 4, "agb:06290713/po\xe9");
    assert_int_equal(decode(raw_view(&raw), &out, &fault), SCH_E_FIELD_INVALID);
    assert_string_equal(fault.field, "header.sender");
    raw.size = 0;
    raw_bytes(&raw, 4, "agb:06290713\0/x", 15);
    assert_int_equal(decode(raw_view(&raw), &out, &fault), SCH_E_FIELD_INVALID);
    /* The ids' wrong sizes, one by one, and an id of zeros. */
    static const char zeros[16];
    for (uint32_t tag = 9; tag <= 13; tag++) {
        h = full();
        memset(&h.dossier, 0, 5 * sizeof h.dossier);
        size_t rest = encode(&h, buffer);
        raw.size = 0;
        raw_append(&raw, buffer, rest);
        raw_bytes(&raw, tag, zeros, 16);
        assert_int_equal(decode(raw_view(&raw), &out, &fault), SCH_E_FIELD_INVALID);
        raw.size = rest;
        raw_bytes(&raw, tag, h.id.bytes, 15);
        assert_int_equal(decode(raw_view(&raw), &out, &fault), SCH_E_FIELD_INVALID);
        raw.size = rest;
        raw_bytes(&raw, tag, h.id.bytes, 16);
        assert_int_equal(decode(raw_view(&raw), &out, &fault), SCH_OK);
    }
    /* Exactly the limit is read (and found wanting otherwise), one more is not looked at. */
    raw.size = 0;
    while (raw.size < SCH_HEADER_SIZE_MAX) {
        raw_append(&raw, "\xff", 1);
    }
    assert_int_equal(decode(raw_view(&raw), &out, &fault), SCH_E_PROTOCOL);
    raw_append(&raw, "\xff", 1);
    assert_int_equal(decode(raw_view(&raw), &out, &fault), SCH_E_TOO_LARGE);
    assert_string_equal(fault.field, "header");
    raw_free(&raw);
}

/* ---- seal -------------------------------------------------------------------------------------- */

static struct sch_seal full_seal(void)
{
    struct sch_seal s;
    memset(&s, 0, sizeof s);
    s.suite = SCH_SUITE;
    memset(s.signing_key, 'k', SCH_KEY_ID_MAX);
    s.has_letter = true;
    memset(s.commitment, 1, sizeof s.commitment);
    for (size_t i = 0; i < SCH_RECIPIENTS_MAX; i++) {
        address(&s.stanza[i].address, "agb:06290713/12345678901234567890123456789012345678901234567890");
        memset(s.stanza[i].key, 'q', SCH_KEY_ID_MAX);
        memset(s.stanza[i].sealed_key, 3, SCH_STANZA_SIZE);
    }
    s.stanza_count = SCH_RECIPIENTS_MAX;
    s.padded_size = SCH_BODY_SIZE_MAX;
    memset(s.signature, 2, sizeof s.signature);
    return s;
}

static int decode_seal(struct sch_bytes bytes, struct sch_seal *seal, struct sch_fault *fault)
{
    sch_arena_reset(&arena);
    memset(fault, 0, sizeof *fault);
    int code = sch_seal_decode(bytes, &arena, seal, fault);
    assert_int_equal(arena.used, 0);
    return code;
}

static void expect_seal(const struct sch_seal *seal, int code, const char *field)
{
    uint8_t buffer[SCH_SEAL_SIZE_MAX];
    struct sch_seal out;
    struct sch_fault fault;
    size_t size = sch_seal_encode(seal, buffer, sizeof buffer);
    assert_true(size > 0);
    assert_int_equal(decode_seal((struct sch_bytes){ buffer, size }, &out, &fault), code);
    if (code == SCH_OK) {
        assert_memory_equal(seal, &out, sizeof out);
    } else {
        assert_string_equal(fault.field, field);
    }
}

static void test_seal(void **state)
{
    (void)state;
    struct sch_seal s = full_seal(), none;
    expect_seal(&s, SCH_OK, "");
    memset(&none, 0, sizeof none);
    none.suite = SCH_SUITE;
    strcpy(none.signing_key, "k1");
    none.signature[0] = 1;
    expect_seal(&none, SCH_OK, "");

    s.suite = SCH_SUITE_PARTS;
    expect_seal(&s, SCH_OK, "");
    s.padded_size = SCH_LARGE_SIZE_MAX;
    expect_seal(&s, SCH_OK, "");
    s.padded_size++;
    expect_seal(&s, SCH_E_FIELD_INVALID, "seal.padded_size");
    s = full_seal();
    s.suite = 3;
    expect_seal(&s, SCH_E_FIELD_INVALID, "seal.suite");
    s.suite = 0;
    expect_seal(&s, SCH_E_FIELD_MISSING, "seal.suite");
    s = full_seal();
    s.signing_key[0] = '\0';
    expect_seal(&s, SCH_E_FIELD_MISSING, "seal.signing_key");
    s.signing_key[0] = '\t';
    expect_seal(&s, SCH_E_FIELD_INVALID, "seal.signing_key");
    s = full_seal();
    s.stanza_count = 0;
    expect_seal(&s, SCH_E_FIELD_MISSING, "seal.stanzas");
    s = full_seal();
    s.padded_size = SCH_BODY_SIZE_MAX + 1;
    expect_seal(&s, SCH_E_FIELD_INVALID, "seal.padded_size");
    s.padded_size = 0;
    expect_seal(&s, SCH_E_FIELD_MISSING, "seal.padded_size");
    s = full_seal();
    strcpy(s.stanza[4].address.text, "nobody");
    expect_seal(&s, SCH_E_FIELD_INVALID, "seal.stanzas.address");
    s = full_seal();
    s.stanza[0].key[0] = '\0';
    expect_seal(&s, SCH_E_FIELD_MISSING, "seal.stanzas.key");
    s = full_seal();
    s.stanza_count = SCH_RECIPIENTS_MAX + 1;
    uint8_t buffer[SCH_SEAL_SIZE_MAX];
    assert_int_equal(sch_seal_encode(&s, buffer, sizeof buffer), 0);
}

static void test_seal_form(void **state)
{
    (void)state;
    uint8_t buffer[SCH_SEAL_SIZE_MAX], again[SCH_SEAL_SIZE_MAX];
    struct sch_seal s = full_seal(), out;
    struct sch_fault fault;
    size_t size = sch_seal_encode(&s, buffer, sizeof buffer);
    for (size_t cut = 0; cut < size; cut++) {
        struct sch_bytes bytes = raw_exact(buffer, cut);
        assert_int_not_equal(decode_seal(bytes, &out, &fault), SCH_OK);
        raw_exact_free(bytes);
    }
    for (size_t bit = 0; bit < size * 8; bit++) {
        buffer[bit / 8] ^= (uint8_t)(1 << bit % 8);
        struct sch_bytes bytes = raw_exact(buffer, size);
        if (decode_seal(bytes, &out, &fault) == SCH_OK) {
            assert_int_equal(sch_seal_encode(&out, again, sizeof again), size);
        }
        raw_exact_free(bytes);
        buffer[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }

    struct raw raw = raw_new();
    struct sch_seal none = { .suite = 1, .signing_key = "k" };
    size = sch_seal_encode(&none, buffer, sizeof buffer);
    raw_append(&raw, buffer, size);
    raw_number(&raw, 7, 1);
    assert_int_equal(decode_seal(raw_view(&raw), &out, &fault), SCH_E_PROTOCOL);
    assert_string_equal(fault.field, "seal");
    raw.size = size;
    for (int i = 0; i < SCH_RECIPIENTS_MAX + 1; i++) {
        struct raw inner = raw_new();
        raw_message(&raw, 4, &inner);
    }
    raw_bytes(&raw, 3, buffer, 32);
    raw_number(&raw, 5, 512);
    assert_int_equal(decode_seal(raw_view(&raw), &out, &fault), SCH_E_FIELD_INVALID);
    assert_string_equal(fault.field, "seal.stanzas");
    /* A thousand empty stanzas in 2,048 bytes. */
    raw.size = 0;
    for (int i = 0; i < SCH_SEAL_SIZE_MAX / 2; i++) {
        raw_text(&raw, 4, "");
    }
    assert_int_equal(decode_seal(raw_view(&raw), &out, &fault), SCH_E_TOO_LARGE);
    assert_string_equal(fault.field, "seal.stanzas");
    raw_append(&raw, "x", 1);
    assert_int_equal(decode_seal(raw_view(&raw), &out, &fault), SCH_E_TOO_LARGE);
    assert_string_equal(fault.field, "seal");
    /* Sizes of what must have one size. */
    static const struct {
        uint32_t tag;
        size_t size;
        const char *field;
    } exact[] = { { 3, 31, "seal.commitment" }, { 3, 33, "seal.commitment" } };
    for (size_t i = 0; i < 2; i++) {
        struct raw inner = raw_new();
        raw.size = 0;
        raw_number(&raw, 1, 1);
        raw_text(&raw, 2, "k");
        raw_bytes(&raw, exact[i].tag, buffer, exact[i].size);
        raw_message(&raw, 4, &inner);
        raw_number(&raw, 5, 512);
        assert_int_equal(decode_seal(raw_view(&raw), &out, &fault), SCH_E_FIELD_INVALID);
        assert_string_equal(fault.field, exact[i].field);
    }
    for (size_t n = 63; n <= 65; n++) {
        raw.size = 0;
        raw_number(&raw, 1, 1);
        raw_text(&raw, 2, "k");
        raw_bytes(&raw, 6, buffer, n);
        assert_int_equal(decode_seal(raw_view(&raw), &out, &fault), n == 64 ? SCH_OK : SCH_E_FIELD_INVALID);
    }
    raw_free(&raw);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_truncation),
        cmocka_unit_test(test_bit_flips),  cmocka_unit_test(test_required),
        cmocka_unit_test(test_facts),      cmocka_unit_test(test_strictness),
        cmocka_unit_test(test_seal),       cmocka_unit_test(test_seal_form),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
