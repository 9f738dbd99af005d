/* test_codec_reply.c: replies and pages there and back, and every way in which one is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "codec.h"
#include "id.h"
#include "raw_wire.h"

static struct sch_arena arena, scratch;

static int set_up(void **state)
{
    (void)state;
    return sch_arena_init(&arena, SCH_ARENA_REPLY_SIZE) + sch_arena_init(&scratch, SCH_ARENA_REPLY_SIZE);
}

static int tear_down(void **state)
{
    (void)state;
    sch_arena_close(&arena);
    sch_arena_close(&scratch);
    return 0;
}

#define LONG_ADDRESS "agb:06290713/12345678901234567890123456789012345678901234567890"

static void address(struct sch_address *to, const char *text)
{
    assert_true(sch_address_set(to, text));
}

static const uint8_t some_bytes[] = "bytes of somebody";
static const uint8_t signature[64] = { 1, 2, 3 };

static void fill_welcome(struct sch_reply *r)
{
    r->welcome.version = r->welcome.version_min = 1;
    r->welcome.version_max = 2;
    r->welcome.time_ms = INT64_C(1763790480123);
    r->welcome.clock_rate = 86400;
    memset(r->welcome.key_id, 'k', SCH_KEY_ID_MAX);
    for (size_t i = 0; i < SCH_ACTS_FOR_MAX; i++) {
        address(&r->welcome.acts_for[i], LONG_ADDRESS);
    }
    r->welcome.acts_for_count = SCH_ACTS_FOR_MAX;
    r->welcome.body_size_max = SCH_BODY_SIZE_MAX;
    r->welcome.lease_ms = SCH_LEASE_MS;
    r->welcome.large_size_max = SCH_LARGE_SIZE_MAX;
    r->welcome.part_size = SCH_PART_SIZE;
    r->welcome.directory_count = 32;
    for (size_t i = 0; i < 32; i++) {
        memset(r->welcome.directory[i].region, 'r', SCH_REGION_MAX);
        r->welcome.directory[i].serial = i;
    }
}

/* One good reply of each type; a page without rows. */
static struct sch_reply sample(enum sch_reply_type type)
{
    struct sch_reply r;
    memset(&r, 0, sizeof r);
    r.request = 78;
    r.type = type;
    switch (type) {
    case SCH_REPLY_WELCOME:
        fill_welcome(&r);
        break;
    case SCH_REPLY_RECEIPT:
        r.receipt.message = r.receipt.dossier = sch_id_new(1);
        strcpy(r.receipt.kenmerk, "SN-7F3K-29QD");
        r.receipt.sequence = UINT64_MAX;
        r.receipt.stored_ms = 5;
        r.receipt.duplicate = true;
        r.receipt.warnings = 1 << SCH_WARNING_LETTER_OLD | 1 << SCH_WARNING_INCOMPLETE;
        break;
    case SCH_REPLY_REJECTION:
        r.rejection.code = SCH_E_NOT_NOW;
        r.rejection.name = "NOT_NOW";
        r.rejection.field = "header.kind";
        r.rejection.hint = "look at the trace";
        r.rejection.message = sch_id_new(2);
        break;
    case SCH_REPLY_DELIVERY:
        address(&r.delivery.mailbox, "agb:06290713");
        r.delivery.header = (struct sch_bytes){ some_bytes, sizeof some_bytes };
        r.delivery.seal = (struct sch_bytes){ some_bytes, 4 };
        strcpy(r.delivery.kenmerk, "SN-7F3K-29QD");
        r.delivery.stored_ms = 6;
        r.delivery.redelivered = true;
        r.delivery.sequence = 9;
        r.delivery.part_count = SCH_PARTS_MAX;
        break;
    case SCH_REPLY_SETTLED:
    case SCH_REPLY_STATUS:
        r.settled.message = sch_id_new(3);
        address(&r.settled.mailbox, "agb:06290713");
        r.settled.state = SCH_DELIVERY_COLLECTED;
        r.settled.at_ms = type == SCH_REPLY_STATUS ? 8 : 0;
        break;
    case SCH_REPLY_PAGE:
        memset(r.page.cursor, 9, SCH_CURSOR_MAX);
        r.page.cursor_size = SCH_CURSOR_MAX;
        r.page.open_total = 7;
        r.page.overdue_total = UINT32_MAX;
        break;
    case SCH_REPLY_DIRECTORY:
        strcpy(r.directory.region, "utrecht");
        r.directory.serial = 4;
        r.directory.content = (struct sch_bytes){ some_bytes, sizeof some_bytes };
        r.directory.signature = (struct sch_bytes){ signature, sizeof signature };
        break;
    case SCH_REPLY_PONG:
        r.pong.time_ms = INT64_C(253402300799999);
        break;
    case SCH_REPLY_ATTACHED:
        for (size_t i = 0; i < SCH_ATTACHED_MAX; i++) {
            address(&r.attached.mailbox[i], LONG_ADDRESS);
        }
        r.attached.mailbox_count = SCH_ATTACHED_MAX;
        r.attached.credit_messages = SCH_CREDIT_MESSAGES_MAX;
        r.attached.credit_bytes = SCH_CREDIT_BYTES_MAX;
        break;
    case SCH_REPLY_PARTS:
        r.parts.upload = sch_id_new(4);
        r.parts.count = SCH_PARTS_MAX;
        for (uint32_t i = 0; i < SCH_PARTS_MAX; i++) {
            r.parts.missing[i] = i;
        }
        r.parts.missing_count = SCH_PARTS_MAX;
        break;
    case SCH_REPLY_FETCHED:
        address(&r.fetched.mailbox, LONG_ADDRESS);
        r.fetched.message = sch_id_new(5);
        r.fetched.count = SCH_PARTS_MAX;
        r.fetched.index = SCH_PARTS_MAX - 1;
        break;
    }
    return r;
}

static uint8_t buffer[SCH_REPLY_SIZE_MAX], again[SCH_REPLY_SIZE_MAX];

static size_t encode(const struct sch_reply *reply, uint8_t *to)
{
    size_t size = sch_reply_encode(reply, &scratch, to, SCH_REPLY_SIZE_MAX);
    assert_int_equal(scratch.used, 0);
    return size;
}

static int decode(struct sch_bytes frame, struct sch_reply *reply, struct sch_fault *fault)
{
    sch_arena_reset(&arena);
    memset(fault, 0, sizeof *fault);
    return sch_reply_decode(frame, &arena, reply, fault);
}

static void expect_good(const struct sch_reply *reply)
{
    struct sch_reply out;
    struct sch_fault fault;
    size_t size = encode(reply, buffer);
    assert_true(size > 0);
    assert_int_equal(decode((struct sch_bytes){ buffer, size }, &out, &fault), SCH_OK);
    assert_int_equal(out.type, reply->type);
    assert_int_equal(out.request, 78);
    assert_int_equal(encode(&out, again), size);
    assert_memory_equal(buffer, again, size);
}

static void expect_refusal(const struct sch_reply *reply, int code, const char *field)
{
    struct sch_reply out;
    struct sch_fault fault;
    size_t size = encode(reply, buffer);
    assert_true(size > 0);
    assert_int_equal(decode((struct sch_bytes){ buffer, size }, &out, &fault), code);
    assert_string_equal(fault.field, field);
}

static void test_round_trips(void **state)
{
    (void)state;
    for (int type = SCH_REPLY_WELCOME; type <= SCH_REPLY_FETCHED; type++) {
        struct sch_reply in = sample((enum sch_reply_type)type), out;
        struct sch_fault fault;
        expect_good(&in);
        size_t size = encode(&in, buffer);
        assert_int_equal(sch_reply_encode(&in, &scratch, again, size - 1), 0);
        for (size_t cut = 0; cut < size; cut++) {
            struct sch_bytes frame = raw_exact(buffer, cut);
            assert_int_not_equal(decode(frame, &out, &fault), SCH_OK);
            raw_exact_free(frame);
        }
    }
}

/* What comes out is what went in, where nothing borrows. */
static void test_values(void **state)
{
    (void)state;
    static const enum sch_reply_type whole[] = { SCH_REPLY_WELCOME, SCH_REPLY_RECEIPT, SCH_REPLY_SETTLED,
                                                 SCH_REPLY_STATUS, SCH_REPLY_PAGE, SCH_REPLY_PONG,
                                                 SCH_REPLY_ATTACHED, SCH_REPLY_PARTS, SCH_REPLY_FETCHED };
    struct sch_reply out;
    struct sch_fault fault;
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        struct sch_reply in = sample(whole[i]);
        size_t size = encode(&in, buffer);
        assert_int_equal(decode((struct sch_bytes){ buffer, size }, &out, &fault), SCH_OK);
        assert_memory_equal(&in, &out, sizeof in);
    }
    struct sch_reply in = sample(SCH_REPLY_REJECTION);
    size_t size = sch_reply_encode(&in, NULL, buffer, sizeof buffer);
    assert_int_equal(decode((struct sch_bytes){ buffer, size }, &out, &fault), SCH_OK);
    assert_string_equal(out.rejection.name, "NOT_NOW");
    assert_string_equal(out.rejection.field, "header.kind");
    assert_string_equal(out.rejection.hint, "look at the trace");
    assert_true(sch_id_equal(&out.rejection.message, &in.rejection.message));
    in.rejection.name = in.rejection.field = in.rejection.hint = NULL;
    size = encode(&in, buffer);
    assert_int_equal(decode((struct sch_bytes){ buffer, size }, &out, &fault), SCH_OK);
    assert_string_equal(out.rejection.hint, "");
    in = sample(SCH_REPLY_DELIVERY);
    size = encode(&in, buffer);
    assert_int_equal(decode((struct sch_bytes){ buffer, size }, &out, &fault), SCH_OK);
    assert_int_equal(out.delivery.header.len, sizeof some_bytes);
    assert_memory_equal(out.delivery.header.ptr, some_bytes, sizeof some_bytes);
    assert_int_equal(out.delivery.seal.len, 4);
    assert_true(out.delivery.redelivered);
    assert_int_equal(out.delivery.sequence, 9);
    assert_int_equal(out.delivery.part_count, SCH_PARTS_MAX);
}

static void test_refusals(void **state)
{
    (void)state;
    struct sch_reply r = sample(SCH_REPLY_WELCOME);
    r.welcome.version = 0;
    expect_refusal(&r, SCH_E_FIELD_MISSING, "welcome.version");
    r = sample(SCH_REPLY_WELCOME);
    r.welcome.clock_rate = 0;
    expect_refusal(&r, SCH_E_FIELD_MISSING, "welcome.clock_rate");
    r = sample(SCH_REPLY_WELCOME);
    r.welcome.time_ms = -1;
    expect_refusal(&r, SCH_E_FIELD_INVALID, "welcome.time_ms");
    r = sample(SCH_REPLY_WELCOME);
    r.welcome.directory[31].region[0] = '\0';
    expect_refusal(&r, SCH_E_FIELD_MISSING, "welcome.directories.region");
    r = sample(SCH_REPLY_RECEIPT);
    r.receipt.warnings = 1 << 5;
    expect_refusal(&r, SCH_E_FIELD_INVALID, "receipt.warnings");
    r = sample(SCH_REPLY_RECEIPT);
    memset(&r.receipt.dossier, 0, sizeof r.receipt.dossier);
    expect_refusal(&r, SCH_E_FIELD_MISSING, "receipt.dossier");
    r = sample(SCH_REPLY_REJECTION);
    r.rejection.code = 0;
    expect_refusal(&r, SCH_E_FIELD_MISSING, "rejection.code");
    char words[513] = "";
    memset(words, 'w', 512);
    r = sample(SCH_REPLY_REJECTION);
    r.rejection.hint = words;
    expect_refusal(&r, SCH_E_FIELD_INVALID, "rejection.hint");
    words[511] = '\0';
    expect_good(&r);
    r = sample(SCH_REPLY_DELIVERY);
    r.delivery.header.len = 0;
    expect_refusal(&r, SCH_E_FIELD_MISSING, "delivery.header");
    static const uint8_t big[SCH_HEADER_SIZE_MAX + 1];
    r.delivery.header = (struct sch_bytes){ big, sizeof big };
    expect_refusal(&r, SCH_E_TOO_LARGE, "delivery.header");
    r = sample(SCH_REPLY_SETTLED);
    r.settled.state = (enum sch_delivery_state)0;
    expect_refusal(&r, SCH_E_FIELD_MISSING, "settled.state");
    r.settled.state = (enum sch_delivery_state)6;
    expect_refusal(&r, SCH_E_FIELD_INVALID, "settled.state");
    r = sample(SCH_REPLY_STATUS);
    memset(&r.status.mailbox, 0, sizeof r.status.mailbox);
    expect_refusal(&r, SCH_E_FIELD_MISSING, "status.mailbox");
    r = sample(SCH_REPLY_DIRECTORY);
    r.directory.signature.len = 63;
    expect_refusal(&r, SCH_E_FIELD_INVALID, "directory.signature");
    r.directory.content.len = r.directory.signature.len = 0;
    expect_good(&r);
    r = sample(SCH_REPLY_PONG);
    r.pong.time_ms++;
    expect_refusal(&r, SCH_E_FIELD_INVALID, "pong.time_ms");
    r = sample(SCH_REPLY_ATTACHED);
    r.attached.credit_messages++;
    expect_refusal(&r, SCH_E_FIELD_INVALID, "attached.credit_messages");
    r.attached.mailbox_count++;
    assert_int_equal(encode(&r, buffer), 0);
    memset(&r, 0, sizeof r);
    assert_int_equal(encode(&r, buffer), 0);
}

static void test_parts_refusals(void **state)
{
    (void)state;
    struct sch_reply r = sample(SCH_REPLY_DELIVERY);
    r.delivery.part_count++;
    expect_refusal(&r, SCH_E_FIELD_INVALID, "delivery.part_count");
    r = sample(SCH_REPLY_PARTS);
    memset(&r.parts.upload, 0, sizeof r.parts.upload);
    expect_refusal(&r, SCH_E_FIELD_MISSING, "parts.upload");
    r = sample(SCH_REPLY_PARTS);
    r.parts.count = 1;
    expect_refusal(&r, SCH_E_FIELD_INVALID, "parts.count");
    r.parts.count = SCH_PARTS_MAX + 1;
    expect_refusal(&r, SCH_E_FIELD_INVALID, "parts.count");
    r.parts.count = SCH_PARTS_MAX - 1;
    expect_refusal(&r, SCH_E_FIELD_INVALID, "parts.missing");
    r = sample(SCH_REPLY_PARTS);
    r.parts.missing[5] = 4;
    expect_refusal(&r, SCH_E_FIELD_INVALID, "parts.missing");
    r.parts.missing_count = 0;
    expect_good(&r);
    r.parts.missing_count = SCH_PARTS_MAX + 1;
    assert_int_equal(encode(&r, buffer), 0);
    r = sample(SCH_REPLY_FETCHED);
    r.fetched.index++;
    expect_refusal(&r, SCH_E_FIELD_INVALID, "fetched.index");
    r.fetched.index = 0;
    r.fetched.count = 0;
    expect_refusal(&r, SCH_E_FIELD_MISSING, "fetched.count");
    r = sample(SCH_REPLY_FETCHED);
    memset(&r.fetched.message, 0, sizeof r.fetched.message);
    expect_refusal(&r, SCH_E_FIELD_MISSING, "fetched.message_id");
    r = sample(SCH_REPLY_FETCHED);
    memset(&r.fetched.mailbox, 0, sizeof r.fetched.mailbox);
    expect_refusal(&r, SCH_E_FIELD_MISSING, "fetched.mailbox");
}

/* Warnings come packed, as our encoder makes them, or one by one. */
static void test_packing(void **state)
{
    (void)state;
    struct sch_reply out;
    struct sch_fault fault;
    struct sch_id id = sch_id_new(1);
    for (int packed = 0; packed < 2; packed++) {
        struct raw raw = raw_new(), inner = raw_new();
        raw_bytes(&inner, 1, id.bytes, 16);
        raw_bytes(&inner, 2, id.bytes, 16);
        if (packed) {
            raw_bytes(&inner, 7, "\x01\x03", 2);
        } else {
            raw_number(&inner, 7, 1);
            raw_number(&inner, 7, 3);
        }
        raw_message(&raw, 3, &inner);
        assert_int_equal(decode(raw_view(&raw), &out, &fault), SCH_OK);
        assert_int_equal(out.receipt.warnings, 1 << 1 | 1 << 3);
        raw_free(&raw);
    }
    struct raw raw = raw_new(), inner = raw_new();
    raw_bytes(&inner, 7, "\x01\x80", 2);
    raw_message(&raw, 3, &inner);
    assert_int_equal(decode(raw_view(&raw), &out, &fault), SCH_E_FIELD_INVALID);
    assert_string_equal(fault.field, "receipt.warnings");
    uint8_t many[SCH_PAGE_ROWS_MAX + 1];
    memset(many, 1, sizeof many);
    raw.size = 0;
    inner = raw_new();
    raw_bytes(&inner, 7, many, sizeof many);
    raw_message(&raw, 3, &inner);
    assert_int_equal(decode(raw_view(&raw), &out, &fault), SCH_E_FIELD_INVALID);
    raw_free(&raw);
}

/* ---- pages ------------------------------------------------------------------------------------- */

static struct sch_dossier_row dossiers[SCH_PAGE_ROWS_MAX + 1];
static struct sch_trace_row trace[SCH_PAGE_ROWS_MAX];
static struct sch_unanswered_row unanswered[SCH_PAGE_ROWS_MAX];
static struct sch_mailbox_row mailbox[SCH_PAGE_ROWS_MAX];
static struct sch_age_row age[SCH_PAGE_ROWS_MAX];
static struct sch_statistics_row statistics[SCH_PAGE_ROWS_MAX];
static struct sch_passed_row passed[SCH_PAGE_ROWS_MAX];

static void fill_counts(void)
{
    memset(age, 0, sizeof age);
    memset(statistics, 0, sizeof statistics);
    memset(passed, 0, sizeof passed);
    for (size_t i = 0; i < SCH_PAGE_ROWS_MAX; i++) {
        struct sch_age_row *a = &age[i];
        memset(a->name, 0, sizeof a->name);
        strcpy(a->name, i % 2 == 0 ? LONG_ADDRESS : "");
        a->silence = i % 2 == 0 ? SCH_SILENCE_NONE : SCH_SILENCE_NO_CARE_REPORT;
        a->total = UINT32_MAX;
        for (uint32_t j = 0; j < SCH_AGE_BUCKETS; j++) {
            a->bucket[j] = j == 1 ? 0 : 100 + j;
        }
        a->suppressed = i % 3 == 0;

        struct sch_statistics_row *s = &statistics[i];
        if (i % 2 == 0) {
            address(&s->debtor, LONG_ADDRESS);
        }
        s->expectation = 15;
        s->month = i % 2 == 0 ? 202612 : 0;
        uint32_t *numbers[] = { &s->count, &s->open, &s->within, &s->late, &s->incomplete, &s->withheld,
                                &s->waived, &s->cancelled, &s->announced, &s->median_days };
        for (uint32_t j = 0; j < sizeof numbers / sizeof numbers[0]; j++) {
            *numbers[j] = 1000000 + j;
        }
        s->within_permille = 998;
        s->low_permille = 997;
        s->high_permille = 1000;
        s->p90_days = SCH_DAYS_UNREACHED;
        s->suppressed = i % 3 == 0;

        struct sch_passed_row *p = &passed[i];
        p->message = sch_id_new((int64_t)i + 1);
        p->dossier = sch_id_new((int64_t)i + 2);
        strcpy(p->kenmerk, "SN-7F3K-29QD");
        p->kind = SCH_KIND_DISCHARGE_LETTER;
        p->role = i % 2 == 0 ? SCH_PASSED_SENT : SCH_PASSED_RECEIVED;
        if (i % 3 != 0) {
            address(&p->sender, LONG_ADDRESS);
            p->state = SCH_DELIVERY_WITHDRAWN;
            memset(p->hash, (int)i + 1, sizeof p->hash);
        }
        p->stored_ms = INT64_C(1763790480123);
    }
}

static void fill_rows(void)
{
    for (size_t i = 0; i < SCH_PAGE_ROWS_MAX; i++) {
        struct sch_dossier_row *d = &dossiers[i];
        d->dossier = sch_id_new((int64_t)i);
        strcpy(d->kenmerk, "SN-7F3K-29QD");
        d->phase = i == 0 ? SCH_PHASE_NONE : SCH_PHASE_ENTERED_IN_ERROR;
        d->received = true;
        address(&d->referrer, LONG_ADDRESS);
        d->receiver = d->creditor = d->referrer;
        for (size_t j = 0; j < SCH_COPIES_MAX; j++) {
            d->copies[j] = d->referrer;
        }
        d->copy_count = SCH_COPIES_MAX;
        memset(d->region, 'r', SCH_REGION_MAX);
        d->echelon = SCH_PARTY_S_GGZ;
        d->urgency = SCH_URGENCY_CRISIS;
        d->opened_ms = d->changed_ms = d->next_due_ms = INT64_C(1763790480123);
        d->open_count = d->overdue_count = 3;
        d->kind = SCH_KIND_CARE_NOTICE;
        d->parent = sch_id_new((int64_t)i + 1);
        d->follows = sch_id_new((int64_t)i + 2);
        d->group = sch_id_new((int64_t)i + 3);
        d->root = sch_id_new((int64_t)i + 4);
        d->chain_ms = INT64_C(1763790480001);
        d->refusals = 4;
        d->breach = true;

        trace[i] = (struct sch_trace_row){ .sequence = i, .at_ms = 4, .event = SCH_TRACE_PURGED,
                                           .party = d->referrer, .message = d->dossier,
                                           .kind = SCH_KIND_WAIVER, .expectation = 15,
                                           .standing = SCH_STANDING_CANCELLED, .step = SCH_STEP_ESCALATED,
                                           .phase = SCH_PHASE_ENDED, .due_ms = 9, .code = 2103 };
        memset(&unanswered[i], 0, sizeof unanswered[i]);
        unanswered[i] = (struct sch_unanswered_row){
            .dossier = d->dossier, .kenmerk = "SN-7F3K-29QD", .expectation = 4, .debtor = d->referrer,
            .creditor = d->referrer, .referrer = d->referrer, .receiver = d->referrer,
            .phase = SCH_PHASE_SENT, .standing = SCH_STANDING_OPEN, .opened_ms = 1, .norm_due_ms = 2,
            .due_ms = 3, .step = SCH_STEP_REMINDED, .referred_ms = 4, .region = "utrecht",
            .echelon = SCH_PARTY_GB_GGZ, .overdue = true, .silence = SCH_SILENCE_NOWHERE_PLACED,
            .term_state = SCH_TERM_OVER, .urgency = SCH_URGENCY_SOON, .from_ms = 5, .reminded_ms = 6,
            .snoozed_ms = 7, .norm_id = "a-norm-id-of-thirty-one-bytes-x", .norm_version = 8, .term = 9,
            .unit = 4, .chain_ms = 10, .refusals = 11 };
        mailbox[i] = (struct sch_mailbox_row){ .message = d->dossier, .dossier = d->dossier,
                                               .kenmerk = "SN-7F3K-29QD", .kind = SCH_KIND_NOTE,
                                               .sender = d->referrer, .stored_ms = 7,
                                               .body_size = SCH_LARGE_SIZE_MAX, .leased = true, .sequence = i };
    }
}

static void test_pages(void **state)
{
    (void)state;
    struct sch_reply r, out;
    struct sch_fault fault;
    fill_rows();
    r = sample(SCH_REPLY_PAGE);
    r.page.dossiers = dossiers;
    r.page.dossier_count = SCH_PAGE_ROWS_MAX;
    expect_good(&r);
    size_t size = encode(&r, buffer);
    assert_int_equal(decode((struct sch_bytes){ buffer, size }, &out, &fault), SCH_OK);
    assert_memory_equal(out.page.dossiers, dossiers, SCH_PAGE_ROWS_MAX * sizeof dossiers[0]);
    assert_true(arena.used <= SCH_ARENA_REPLY_SIZE / 2);
    r.page.dossier_count++;
    assert_int_equal(encode(&r, buffer), 0);

    r = sample(SCH_REPLY_PAGE);
    r.page.trace = trace;
    r.page.trace_count = SCH_PAGE_ROWS_MAX;
    expect_good(&r);
    size = encode(&r, buffer);
    assert_int_equal(decode((struct sch_bytes){ buffer, size }, &out, &fault), SCH_OK);
    assert_int_equal(out.page.trace_count, SCH_PAGE_ROWS_MAX);
    assert_int_equal(out.page.trace[199].sequence, 199);
    assert_int_equal(out.page.trace[199].code, 2103);
    assert_int_equal(out.page.trace[0].standing, SCH_STANDING_CANCELLED);

    r = sample(SCH_REPLY_PAGE);
    r.page.unanswered = unanswered;
    r.page.unanswered_count = SCH_PAGE_ROWS_MAX;
    expect_good(&r);
    size = encode(&r, buffer);
    assert_int_equal(decode((struct sch_bytes){ buffer, size }, &out, &fault), SCH_OK);
    assert_string_equal(out.page.unanswered[7].debtor.text, LONG_ADDRESS);
    assert_int_equal(out.page.unanswered[7].norm_due_ms, 2);
    assert_true(out.page.unanswered[7].overdue);
    assert_int_equal(out.page.unanswered[7].silence, SCH_SILENCE_NOWHERE_PLACED);
    assert_int_equal(out.page.unanswered[7].term_state, SCH_TERM_OVER);
    assert_int_equal(out.page.unanswered[7].urgency, SCH_URGENCY_SOON);
    assert_int_equal(out.page.unanswered[7].from_ms, 5);
    assert_int_equal(out.page.unanswered[7].reminded_ms, 6);
    assert_int_equal(out.page.unanswered[7].snoozed_ms, 7);
    assert_string_equal(out.page.unanswered[7].norm_id, "a-norm-id-of-thirty-one-bytes-x");
    assert_int_equal(out.page.unanswered[7].norm_version, 8);
    assert_int_equal(out.page.unanswered[7].term, 9);
    assert_int_equal(out.page.unanswered[7].unit, 4);
    assert_int_equal(out.page.unanswered[7].chain_ms, 10);
    assert_int_equal(out.page.unanswered[7].refusals, 11);
    assert_int_equal(out.page.open_total, 7);
    assert_int_equal(out.page.overdue_total, UINT32_MAX);

    r = sample(SCH_REPLY_PAGE);
    r.page.mailbox = mailbox;
    r.page.mailbox_count = 2;
    expect_good(&r);
    size = encode(&r, buffer);
    assert_int_equal(decode((struct sch_bytes){ buffer, size }, &out, &fault), SCH_OK);
    assert_int_equal(out.page.mailbox[1].body_size, SCH_LARGE_SIZE_MAX);
    for (size_t cut = 0; cut < size; cut++) {
        struct sch_bytes frame = raw_exact(buffer, cut);
        assert_int_not_equal(decode(frame, &out, &fault), SCH_OK);
        raw_exact_free(frame);
    }
    /* Rows of two kinds. */
    r.page.trace = trace;
    r.page.trace_count = 1;
    expect_refusal(&r, SCH_E_PROTOCOL, "page");
}

/* The counts and what passed: what comes out is what went in. */
static void test_count_pages(void **state)
{
    (void)state;
    struct sch_reply r, out;
    struct sch_fault fault;
    fill_counts();
    r = sample(SCH_REPLY_PAGE);
    r.page.age = age;
    r.page.age_count = SCH_PAGE_ROWS_MAX;
    expect_good(&r);
    size_t size = encode(&r, buffer);
    assert_int_equal(decode((struct sch_bytes){ buffer, size }, &out, &fault), SCH_OK);
    assert_int_equal(out.page.age_count, SCH_PAGE_ROWS_MAX);
    assert_memory_equal(out.page.age, age, sizeof age);

    r = sample(SCH_REPLY_PAGE);
    r.page.statistics = statistics;
    r.page.statistics_count = SCH_PAGE_ROWS_MAX;
    expect_good(&r);
    size = encode(&r, buffer);
    assert_int_equal(decode((struct sch_bytes){ buffer, size }, &out, &fault), SCH_OK);
    assert_int_equal(out.page.statistics_count, SCH_PAGE_ROWS_MAX);
    assert_memory_equal(out.page.statistics, statistics, sizeof statistics);

    r = sample(SCH_REPLY_PAGE);
    r.page.passed = passed;
    r.page.passed_count = SCH_PAGE_ROWS_MAX;
    expect_good(&r);
    size = encode(&r, buffer);
    assert_int_equal(decode((struct sch_bytes){ buffer, size }, &out, &fault), SCH_OK);
    assert_int_equal(out.page.passed_count, SCH_PAGE_ROWS_MAX);
    assert_memory_equal(out.page.passed, passed, sizeof passed);
    r.page.age = age;
    r.page.age_count = 1;
    assert_int_equal(encode(&r, buffer), 0);            /* 201 rows */
    r.page.passed_count--;
    expect_refusal(&r, SCH_E_PROTOCOL, "page");
}

static void test_count_refusals(void **state)
{
    (void)state;
    struct sch_reply r = sample(SCH_REPLY_PAGE), out;
    struct sch_fault fault;
    fill_counts();
    r.page.age = age;
    r.page.age_count = 1;
    strcpy(age[0].name, "nobody");
    expect_refusal(&r, SCH_E_FIELD_INVALID, "page.age.name");
    for (size_t count = 0; count <= 6; count++) {
        struct raw raw = raw_new(), inner = raw_new(), row = raw_new();
        raw_bytes(&row, 4, "\1\2\3\4\5\6", count);
        raw_message(&inner, 6, &row);
        raw_message(&raw, 8, &inner);
        int code = decode(raw_view(&raw), &out, &fault);
        assert_int_equal(code, count == 5 ? SCH_OK : count == 0 ? SCH_E_FIELD_MISSING : SCH_E_FIELD_INVALID);
        assert_true(code == SCH_OK || strcmp(fault.field, "page.age.buckets") == 0);
        raw_free(&raw);
    }
    r = sample(SCH_REPLY_PAGE);
    r.page.statistics = statistics;
    r.page.statistics_count = 1;
    statistics[0].month = 202613;
    expect_refusal(&r, SCH_E_FIELD_INVALID, "page.statistics.month");
    fill_counts();
    statistics[0].expectation = 16;
    expect_refusal(&r, SCH_E_FIELD_INVALID, "page.statistics.expectation");
    fill_counts();
    statistics[0].within_permille = 1001;
    expect_refusal(&r, SCH_E_FIELD_INVALID, "page.statistics.within_permille");
    fill_counts();
    statistics[0].low_permille = 1001;
    expect_refusal(&r, SCH_E_FIELD_INVALID, "page.statistics.low_permille");
    fill_counts();
    statistics[0].high_permille = 1001;
    expect_refusal(&r, SCH_E_FIELD_INVALID, "page.statistics.high_permille");
    fill_counts();
    strcpy(statistics[0].debtor.text, "nobody");
    expect_refusal(&r, SCH_E_FIELD_INVALID, "page.statistics.debtor");
    r = sample(SCH_REPLY_PAGE);
    r.page.passed = passed;
    r.page.passed_count = 1;
    passed[0].role = (enum sch_passed_role)0;
    expect_refusal(&r, SCH_E_FIELD_MISSING, "page.passed.role");
    passed[0].role = (enum sch_passed_role)3;
    expect_refusal(&r, SCH_E_FIELD_INVALID, "page.passed.role");
    fill_counts();
    passed[0].kind = SCH_KIND_UNSPECIFIED;
    expect_refusal(&r, SCH_E_FIELD_MISSING, "page.passed.kind");
    fill_counts();
    memset(&passed[0].message, 0, sizeof passed[0].message);
    expect_refusal(&r, SCH_E_FIELD_MISSING, "page.passed.message_id");
    static const uint8_t hash[33] = { 1 };
    for (size_t size = 0; size <= sizeof hash; size++) {
        struct raw raw = raw_new(), inner = raw_new(), row = raw_new();
        raw_bytes(&row, 1, passed[1].message.bytes, 16);
        raw_bytes(&row, 2, passed[1].message.bytes, 16);
        raw_number(&row, 4, 1);
        raw_number(&row, 5, 1);
        raw_bytes(&row, 9, hash, size);
        raw_message(&inner, 8, &row);
        raw_message(&raw, 8, &inner);
        int code = decode(raw_view(&raw), &out, &fault);
        assert_int_equal(code, size == 0 || size == 32 ? SCH_OK : SCH_E_FIELD_INVALID);
        raw_free(&raw);
    }
}

static void test_page_refusals(void **state)
{
    (void)state;
    struct sch_reply r = sample(SCH_REPLY_PAGE), out;
    struct sch_fault fault;
    fill_rows();
    r.page.dossiers = dossiers;
    r.page.dossier_count = 2;
    strcpy(dossiers[1].creditor.text, "nobody");
    expect_refusal(&r, SCH_E_FIELD_INVALID, "page.dossiers.creditor");
    fill_rows();
    memset(&dossiers[0].dossier, 0, sizeof dossiers[0].dossier);
    expect_refusal(&r, SCH_E_FIELD_MISSING, "page.dossiers.dossier");
    fill_rows();
    dossiers[1].phase = (enum sch_phase)15;
    expect_refusal(&r, SCH_E_FIELD_INVALID, "page.dossiers.phase");
    fill_rows();
    dossiers[1].chain_ms = -1;
    expect_refusal(&r, SCH_E_FIELD_INVALID, "page.dossiers.chain_ms");
    fill_rows();
    dossiers[1].refusals = 1000001;
    expect_refusal(&r, SCH_E_FIELD_INVALID, "page.dossiers.refusals");
    r = sample(SCH_REPLY_PAGE);
    r.page.trace = trace;
    r.page.trace_count = 1;
    trace[0].event = (enum sch_trace_event)0;
    expect_refusal(&r, SCH_E_FIELD_MISSING, "page.trace.event");
    r.page.trace_count = 0;
    r.page.unanswered = unanswered;
    r.page.unanswered_count = 1;
    unanswered[0].expectation = 16;
    expect_refusal(&r, SCH_E_FIELD_INVALID, "page.unanswered.expectation");
    fill_rows();
    unanswered[0].unit = 5;
    expect_refusal(&r, SCH_E_FIELD_INVALID, "page.unanswered.unit");
    fill_rows();
    unanswered[0].silence = SCH_SILENCE_COUNT;
    expect_refusal(&r, SCH_E_FIELD_INVALID, "page.unanswered.silence");
    fill_rows();
    unanswered[0].from_ms = -1;
    expect_refusal(&r, SCH_E_FIELD_INVALID, "page.unanswered.from_ms");
    fill_rows();
    r.page.cursor_size = SCH_CURSOR_MAX + 1;
    assert_int_equal(encode(&r, buffer), 0);

    /* Two hundred rows and one; more than the frame may hold; an arena that is too small. */
    for (int count = SCH_PAGE_ROWS_MAX; count <= SCH_PAGE_ROWS_MAX + 1; count++) {
        struct raw raw = raw_new(), inner = raw_new();
        for (int i = 0; i < count; i++) {
            struct raw row = raw_new();
            raw_number(&row, 3, 1);
            raw_message(&inner, 2, &row);
        }
        raw_message(&raw, 8, &inner);
        int code = decode(raw_view(&raw), &out, &fault);
        assert_int_equal(code, count <= SCH_PAGE_ROWS_MAX ? SCH_OK : SCH_E_TOO_LARGE);
        raw_free(&raw);
    }
    static uint8_t zeros[SCH_REPLY_SIZE_MAX + 1];
    assert_int_equal(decode((struct sch_bytes){ zeros, SCH_REPLY_SIZE_MAX }, &out, &fault), SCH_E_PROTOCOL);
    assert_int_equal(decode((struct sch_bytes){ zeros, sizeof zeros }, &out, &fault), SCH_E_TOO_LARGE);
    fill_rows();
    r = sample(SCH_REPLY_PAGE);
    r.page.mailbox = mailbox;
    r.page.mailbox_count = SCH_PAGE_ROWS_MAX;
    size_t size = encode(&r, buffer);
    for (size_t room = 0; room < 128 * 1024; room += 1040) {
        struct sch_arena small = { arena.base, room, 0 };
        int code = sch_reply_decode((struct sch_bytes){ buffer, size }, &small, &out, &fault);
        assert_true(code == SCH_OK || code == SCH_E_NO_MEMORY);
        struct sch_arena pen = { scratch.base, room / 4, 0 };
        size_t made = sch_reply_encode(&r, &pen, again, sizeof again);
        assert_true(made == 0 || made == size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trips), cmocka_unit_test(test_values),
        cmocka_unit_test(test_refusals),    cmocka_unit_test(test_packing),
        cmocka_unit_test(test_pages),       cmocka_unit_test(test_page_refusals),
        cmocka_unit_test(test_parts_refusals),
        cmocka_unit_test(test_count_pages), cmocka_unit_test(test_count_refusals),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
