/* test_codec_page.c: the rows of pages there and back, and every way in which one is refused. */
#include <stdio.h>

#include "raw_wire.h"
#include "reply_case.h"

/* A page without rows. */
static struct sch_reply empty_page(void)
{
    struct sch_reply r;
    memset(&r, 0, sizeof r);
    r.request = 78;
    r.type = SCH_REPLY_PAGE;
    memset(r.page.cursor, 9, SCH_CURSOR_MAX);
    r.page.cursor_size = SCH_CURSOR_MAX;
    r.page.open_total = 7;
    r.page.overdue_total = UINT32_MAX;
    return r;
}

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
    r = empty_page();
    r.page.dossiers = dossiers;
    r.page.dossier_count = SCH_PAGE_ROWS_MAX;
    expect_good(&r);
    size_t size = encode(&r, buffer);
    assert_int_equal(decode((struct sch_bytes){ buffer, size }, &out, &fault), SCH_OK);
    assert_memory_equal(out.page.dossiers, dossiers, SCH_PAGE_ROWS_MAX * sizeof dossiers[0]);
    assert_true(arena.used <= SCH_ARENA_REPLY_SIZE / 2);
    r.page.dossier_count++;
    assert_int_equal(encode(&r, buffer), 0);

    r = empty_page();
    r.page.trace = trace;
    r.page.trace_count = SCH_PAGE_ROWS_MAX;
    expect_good(&r);
    size = encode(&r, buffer);
    assert_int_equal(decode((struct sch_bytes){ buffer, size }, &out, &fault), SCH_OK);
    assert_int_equal(out.page.trace_count, SCH_PAGE_ROWS_MAX);
    assert_int_equal(out.page.trace[199].sequence, 199);
    assert_int_equal(out.page.trace[199].code, 2103);
    assert_int_equal(out.page.trace[0].standing, SCH_STANDING_CANCELLED);

    r = empty_page();
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

    r = empty_page();
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
    r = empty_page();
    r.page.age = age;
    r.page.age_count = SCH_PAGE_ROWS_MAX;
    expect_good(&r);
    size_t size = encode(&r, buffer);
    assert_int_equal(decode((struct sch_bytes){ buffer, size }, &out, &fault), SCH_OK);
    assert_int_equal(out.page.age_count, SCH_PAGE_ROWS_MAX);
    assert_memory_equal(out.page.age, age, sizeof age);

    r = empty_page();
    r.page.statistics = statistics;
    r.page.statistics_count = SCH_PAGE_ROWS_MAX;
    expect_good(&r);
    size = encode(&r, buffer);
    assert_int_equal(decode((struct sch_bytes){ buffer, size }, &out, &fault), SCH_OK);
    assert_int_equal(out.page.statistics_count, SCH_PAGE_ROWS_MAX);
    assert_memory_equal(out.page.statistics, statistics, sizeof statistics);

    r = empty_page();
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
    struct sch_reply r = empty_page(), out;
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
    r = empty_page();
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
    r = empty_page();
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
    struct sch_reply r = empty_page(), out;
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
    r = empty_page();
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
    r = empty_page();
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
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_count_pages),
        cmocka_unit_test(test_count_refusals),
        cmocka_unit_test(test_page_refusals),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
