/*
 * test_work.c: which rows a turn leaves behind, of what it was told, and which it takes away when time has passed.
 * Every test ends with a check of the whole store (stage.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "id.h"
#include "shell/audit.h"
#include "shell/tally.h"
#include "stage.h"

#define START_MS INT64_C(1797840000000) /* Monday 2026-12-21 09:00 in Amsterdam */
#define DAY_MS INT64_C(86400000)

static struct sch_book *book;

struct fixture {
    struct stage stage;
    size_t linde, haven;
    struct sch_reply reply;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    stage_open(&f->stage, book, START_MS);
    f->linde = stage_enter(&f->stage, "linde", 1);
    f->haven = stage_enter(&f->stage, "haven", 1);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    stage_close(&f->stage);
    free(f);
    return 0;
}

static uint64_t rows(const struct fixture *f, enum sch_table table)
{
    struct sch_store_sim_counters counters;

    sch_store_sim_counters(f->stage.store, &counters);
    return counters.rows[table];
}

static void enter_again(struct fixture *f)
{
    f->linde = stage_enter(&f->stage, "linde", 1);
    f->haven = stage_enter(&f->stage, "haven", 1);
}

static void expect_receipt(struct fixture *f, size_t peer, const struct stage_message *message)
{
    assert_true(stage_submit(&f->stage, peer, message, &f->reply));
    if (f->reply.type != SCH_REPLY_RECEIPT)
        fail_msg("%s %s", f->reply.rejection.name, f->reply.rejection.field);
}

static void refer(struct fixture *f, struct stage_message *message)
{
    stage_referral(&f->stage, message, "linde", "haven");
    expect_receipt(f, f->linde, message);
}

/* A referral that says more than stage_referral() does. */
static void refer_with(struct fixture *f, struct stage_message *message, const struct sch_id *group,
                       const struct sch_id *follows)
{
    struct sch_header header;

    stage_referral(&f->stage, message, "linde", "haven");
    header = message->header;
    if (group != NULL)
        header.group = *group;
    if (follows != NULL)
        header.follows = *follows;
    stage_write(&f->stage, message, &header, STAGE_LETTER);
}

static void answer(struct fixture *f, const struct stage_message *referral, enum sch_kind kind, enum sch_fact fact,
                   int64_t value)
{
    struct stage_message *message = calloc(1, sizeof *message);
    struct sch_header header = stage_header(&referral->header, kind, "haven");

    if (value != 0)
        header.fact[fact] = value;
    if (kind == SCH_KIND_TREATMENT_START)
        header.fact[SCH_FACT_EVENT_DATE] = stage_date(&f->stage, 0);
    stage_write(&f->stage, message, &header, 0);
    expect_receipt(f, f->haven, message);
    free(message);
}

static void withdraw(struct fixture *f, const struct stage_message *referral)
{
    struct stage_message message;
    struct sch_header header = stage_header(&referral->header, SCH_KIND_WITHDRAWAL, "linde");

    header.fact[SCH_FACT_WITHDRAWAL_REASON] = SCH_WITHDRAWN_OTHER;
    stage_write(&f->stage, &message, &header, 0);
    expect_receipt(f, f->linde, &message);
}

/* ---- what passed --------------------------------------------------------------------------------- */

struct passed {
    struct sch_id message[8];
    enum sch_passed_role role[8];
    int64_t stored_ms[8];
    size_t count;
};

static bool keep_passed(void *context, struct sch_bytes key, struct sch_bytes value)
{
    struct passed *passed = context;

    assert_true(passed->count < 8);
    assert_int_equal(sch_record_read_passed(key, NULL, &passed->stored_ms[passed->count], NULL), SCH_OK);
    assert_int_equal(sch_record_passed_decode(value, &passed->message[passed->count], &passed->role[passed->count]),
                     SCH_OK);
    passed->count++;
    return true;
}

static struct passed passed_of(const struct fixture *f, const struct sch_address *party)
{
    struct sch_record_key prefix = sch_record_prefix_text(party->text);
    struct passed passed = { .count = 0 };

    assert_int_equal(sch_store_scan(f->stage.store, SCH_TABLE_PASSED, sch_record_key_bytes(&prefix),
                                    (struct sch_bytes){ 0 }, false, SIZE_MAX, keep_passed, &passed), SCH_STORE_OK);
    return passed;
}

static void test_each_message_is_listed_at_both_ends(void **state)
{
    struct fixture *f = *state;
    struct stage_message referral;
    struct passed linde, haven;

    refer(f, &referral);
    stage_pass(&f->stage, 60000);
    answer(f, &referral, SCH_KIND_ACCEPTANCE, SCH_FACT_EXPECTED_DATE, 0);
    linde = passed_of(f, &referral.header.sender);
    haven = passed_of(f, &referral.header.receiver);
    assert_int_equal(linde.count, 2);
    assert_int_equal(haven.count, 2);
    assert_memory_equal(&linde.message[0], &referral.header.id, sizeof(struct sch_id));
    assert_memory_equal(&haven.message[0], &referral.header.id, sizeof(struct sch_id));
    assert_memory_equal(&linde.message[1], &haven.message[1], sizeof(struct sch_id));
    assert_int_equal(linde.role[0], SCH_PASSED_SENT);
    assert_int_equal(haven.role[0], SCH_PASSED_RECEIVED);
    assert_int_equal(linde.role[1], SCH_PASSED_RECEIVED);
    assert_int_equal(haven.role[1], SCH_PASSED_SENT);
    assert_true(linde.stored_ms[0] == haven.stored_ms[0] && linde.stored_ms[0] < linde.stored_ms[1]);
    /* Nobody collects: the broker reports and reminds, and none of that is listed. */
    stage_pass(&f->stage, 25 * DAY_MS);
    assert_true(f->stage.metrics.made[SCH_KIND_DELIVERY_REPORT] > 0 && f->stage.metrics.made[SCH_KIND_REMINDER] > 0);
    assert_int_equal(rows(f, SCH_TABLE_PASSED), 4);
}

/* ---- chains and groups --------------------------------------------------------------------------- */

static bool chain_row(const struct fixture *f, const struct sch_id *id, const struct sch_id *dossier,
                      struct sch_chain_row *row)
{
    struct sch_record_key key = sch_record_key_chain(id, dossier);
    uint8_t value[SCH_RECORD_CHAIN_MAX];
    size_t size = 0;

    if (sch_store_get(f->stage.store, SCH_TABLE_CHAIN, sch_record_key_bytes(&key), value, sizeof value, &size) !=
        SCH_STORE_OK)
        return false;
    assert_int_equal(sch_record_chain_decode((struct sch_bytes){ value, size }, row), SCH_OK);
    return true;
}

static void test_chains_and_groups_are_listed(void **state)
{
    struct fixture *f = *state;
    struct stage_message first, second, third;
    struct sch_chain_row row;

    refer(f, &first);
    assert_int_equal(rows(f, SCH_TABLE_CHAIN), 0);          /* it is its own root */
    answer(f, &first, SCH_KIND_REFUSAL, SCH_FACT_REFUSAL_REASON, SCH_REFUSAL_NO_CAPACITY);
    refer_with(f, &second, NULL, &first.header.id);
    expect_receipt(f, f->linde, &second);
    assert_int_equal(rows(f, SCH_TABLE_CHAIN), 1);
    assert_true(chain_row(f, &first.header.id, &second.header.id, &row));
    assert_true(row.chain && !row.group);
    assert_string_equal(row.referrer.text, first.header.sender.text);
    /* A group that has the id of the chain's root: one row says both. */
    answer(f, &second, SCH_KIND_REFUSAL, SCH_FACT_REFUSAL_REASON, SCH_REFUSAL_NO_CAPACITY);
    refer_with(f, &third, &first.header.id, &second.header.id);
    expect_receipt(f, f->linde, &third);
    assert_int_equal(rows(f, SCH_TABLE_CHAIN), 2);
    assert_true(chain_row(f, &first.header.id, &third.header.id, &row));
    assert_true(row.chain && row.group);
    /* A group of its own id. */
    refer_with(f, &third, NULL, NULL);
    third.header.group = third.header.id;
    stage_write(&f->stage, &third, &third.header, STAGE_LETTER);
    expect_receipt(f, f->linde, &third);
    assert_true(chain_row(f, &third.header.id, &third.header.id, &row));
    assert_true(!row.chain && row.group);
}

/* Ten referrals of one group in one turn: eight come in, though none of them is in the store yet. */
static void test_a_group_counts_what_this_turn_opened(void **state)
{
    struct fixture *f = *state;
    struct stage_message *message = calloc(10, sizeof *message);
    struct sch_id group = sch_region_sim_id(START_MS, &f->stage.prng);
    struct sch_reply reply;
    size_t receipts = 0, full = 0;
    uint64_t commits = f->stage.metrics.commits;

    for (size_t i = 0; i < 10; i++) {
        refer_with(f, &message[i], &group, NULL);
        stage_send(&f->stage, f->linde, &message[i]);
    }
    stage_run(&f->stage);
    assert_int_equal(f->stage.metrics.commits, commits + 1);
    while (stage_take(&f->stage, f->linde, &reply)) {
        receipts += reply.type == SCH_REPLY_RECEIPT;
        full += reply.type == SCH_REPLY_REJECTION && reply.rejection.code == SCH_E_GROUP_FULL;
    }
    assert_int_equal(receipts, SCH_GROUP_MAX);
    assert_int_equal(full, 2);
    assert_int_equal(rows(f, SCH_TABLE_CHAIN), SCH_GROUP_MAX);
    free(message);
}

/* ---- reasons ------------------------------------------------------------------------------------- */

struct search {
    enum sch_trace_event event;
    enum sch_kind kind;
    struct sch_audit_record record;     /* the last one that fits */
    size_t count;
};

static bool search_audit(void *context, struct sch_bytes key, struct sch_bytes value)
{
    struct search *search = context;
    struct sch_audit_record record;

    if (sch_record_audit_decode(key, value, &record) == SCH_OK && record.event == search->event &&
        record.kind == search->kind) {
        search->record = record;
        search->count++;
    }
    return true;
}

static struct search audit_of(const struct fixture *f, enum sch_trace_event event, enum sch_kind kind)
{
    struct search search = { .event = event, .kind = kind };

    assert_int_equal(sch_store_scan(f->stage.store, SCH_TABLE_AUDIT, (struct sch_bytes){ 0 }, (struct sch_bytes){ 0 },
                                    false, SIZE_MAX, search_audit, &search), SCH_STORE_OK);
    return search;
}

static void test_the_reason_of_an_act_is_written_down(void **state)
{
    struct fixture *f = *state;
    struct stage_message referral, note;
    struct sch_header header;

    refer(f, &referral);
    header = stage_header(&referral.header, SCH_KIND_NOTE, "linde");
    header.fact[SCH_FACT_NOTE] = SCH_NOTED_LETTER_PROMISED;
    stage_write(&f->stage, &note, &header, 0);
    expect_receipt(f, f->linde, &note);
    assert_int_equal(audit_of(f, SCH_TRACE_STORED, SCH_KIND_NOTE).record.code, SCH_NOTED_LETTER_PROMISED);
    header = stage_header(&referral.header, SCH_KIND_SNOOZE, "linde");
    header.fact[SCH_FACT_EXPECTATION] = 2;
    header.fact[SCH_FACT_SNOOZE_REASON] = SCH_SNOOZED_ABSENT;
    header.fact[SCH_FACT_UNTIL] = stage_date(&f->stage, 7);
    stage_write(&f->stage, &note, &header, 0);
    expect_receipt(f, f->linde, &note);
    assert_int_equal(audit_of(f, SCH_TRACE_STORED, SCH_KIND_SNOOZE).record.code, SCH_SNOOZED_ABSENT);
    assert_int_equal(audit_of(f, SCH_TRACE_SNOOZED, SCH_KIND_UNSPECIFIED).record.expectation, 2);
    assert_true(audit_of(f, SCH_TRACE_SNOOZED, SCH_KIND_UNSPECIFIED).record.due_ms > START_MS + 7 * DAY_MS);
    answer(f, &referral, SCH_KIND_REFUSAL, SCH_FACT_REFUSAL_REASON, SCH_REFUSAL_PATIENT_DECLINES);
    assert_int_equal(audit_of(f, SCH_TRACE_STORED, SCH_KIND_REFUSAL).record.code, 0);
}

/* ---- what goes by time --------------------------------------------------------------------------- */

static bool no_term_is_open(void *context, const struct sch_tally_term *term)
{
    uint64_t *count = context;

    assert_int_not_equal(term->outcome, SCH_TALLY_OPEN);
    *count += term->count;
    return true;
}

static bool any_age(void *context, const struct sch_tally_age *age)
{
    (void)age;
    ++*(uint64_t *)context;
    return true;
}

static void test_a_purge_leaves_statistics_and_the_log(void **state)
{
    static const enum sch_table gone[] = { SCH_TABLE_MESSAGE, SCH_TABLE_BODY, SCH_TABLE_DOSSIER, SCH_TABLE_MAILBOX,
                                           SCH_TABLE_DUE, SCH_TABLE_OPEN, SCH_TABLE_PARTY, SCH_TABLE_KENMERK,
                                           SCH_TABLE_TRAIL, SCH_TABLE_CHAIN, SCH_TABLE_PASSED };
    struct fixture *f = *state;
    struct stage_message referral;
    uint64_t terms = 0, ages = 0, records;
    struct search purged;
    struct sch_id group = sch_region_sim_id(START_MS, &f->stage.prng);

    refer_with(f, &referral, &group, NULL);
    expect_receipt(f, f->linde, &referral);
    stage_pass(&f->stage, 8 * DAY_MS);                      /* reminded and reported, none of it collected */
    enter_again(f);
    withdraw(f, &referral);
    stage_pass(&f->stage, 100 * DAY_MS);
    records = rows(f, SCH_TABLE_AUDIT);
    assert_int_equal(rows(f, SCH_TABLE_DOSSIER), 1);
    assert_int_equal(rows(f, SCH_TABLE_CHAIN), 1);
    stage_pass(&f->stage, 800 * DAY_MS);
    for (size_t i = 0; i < sizeof gone / sizeof gone[0]; i++)
        if (rows(f, gone[i]) != 0)
            fail_msg("table %d still has %d rows", (int)gone[i], (int)rows(f, gone[i]));
    assert_true(rows(f, SCH_TABLE_AUDIT) > records);
    purged = audit_of(f, SCH_TRACE_PURGED, SCH_KIND_UNSPECIFIED);
    assert_int_equal(purged.count, 1);
    assert_memory_equal(&purged.record.dossier, &referral.header.id, sizeof(struct sch_id));
    assert_int_equal(sch_tally_terms(f->stage.store, "utrecht", 0, 0, no_term_is_open, &terms), SCH_OK);
    assert_true(terms >= 4);
    for (int by = SCH_AGE_BY_RECEIVER; by <= SCH_AGE_BY_SILENCE; by++)
        assert_int_equal(sch_tally_ages(f->stage.store, "utrecht", (enum sch_age_by)by, any_age, &ages), SCH_OK);
    assert_int_equal(ages, 0);
    assert_int_equal(f->stage.metrics.purged, 1);
    assert_int_equal(f->stage.metrics.tally_missed, 0);
}

/* More records than one turn follows. */
static void test_a_long_trail_goes_in_several_turns(void **state)
{
    struct fixture *f = *state;
    struct stage_message referral, note;
    struct sch_header header;

    refer(f, &referral);
    for (int i = 0; i < 2500; i++) {
        header = stage_header(&referral.header, SCH_KIND_NOTE, "linde");
        header.fact[SCH_FACT_NOTE] = SCH_NOTED_CALLED;
        stage_write(&f->stage, &note, &header, 0);
        expect_receipt(f, f->linde, &note);
    }
    assert_true(rows(f, SCH_TABLE_TRAIL) > 2500);
    withdraw(f, &referral);
    stage_pass(&f->stage, 900 * DAY_MS);
    assert_int_equal(rows(f, SCH_TABLE_DOSSIER), 0);
    assert_int_equal(rows(f, SCH_TABLE_TRAIL), 0);
    assert_int_equal(rows(f, SCH_TABLE_MESSAGE), 0);
    assert_int_equal(rows(f, SCH_TABLE_PASSED), 0);
    assert_int_equal(f->stage.metrics.purged, 1);
    assert_int_equal(audit_of(f, SCH_TRACE_PURGED, SCH_KIND_UNSPECIFIED).count, 1);
}

static struct sch_meta meta_of(const struct fixture *f)
{
    struct sch_record_key key = sch_record_key_meta(SCH_RECORD_META_COUNTERS);
    uint8_t value[SCH_RECORD_META_MAX];
    struct sch_meta meta;
    size_t size = 0;

    assert_int_equal(sch_store_get(f->stage.store, SCH_TABLE_META, sch_record_key_bytes(&key), value, sizeof value,
                                   &size), SCH_STORE_OK);
    assert_int_equal(sch_record_meta_decode((struct sch_bytes){ value, size }, &meta), SCH_OK);
    return meta;
}

/* Nobody's keys hold so long: what is said is refused, and makes a turn all the same. */
static void say_anything(struct fixture *f)
{
    struct sch_command ping = { .type = SCH_COMMAND_PING };

    ping.ping.instance.bytes[0] = 1;
    assert_true(stage_ask(&f->stage, stage_connect(&f->stage, "linde"), &ping, &f->reply));
    assert_int_equal(f->reply.type, SCH_REPLY_REJECTION);
}

/* Treatment goes on for years: the dossier stays, what was written down of its beginning goes. */
static void test_the_log_forgets_after_five_years(void **state)
{
    struct fixture *f = *state;
    struct stage_message referral;
    struct sch_audit_report report;
    uint64_t records, messages, trails;

    for (size_t i = 0; i < 80; i++) {
        refer(f, &referral);
        answer(f, &referral, SCH_KIND_TREATMENT_START, SCH_FACT_STARTED, SCH_STARTED_YES);
    }
    stage_pass(&f->stage, 1827 * DAY_MS - 1000);
    say_anything(f);
    records = rows(f, SCH_TABLE_AUDIT);
    messages = rows(f, SCH_TABLE_MESSAGE);
    trails = rows(f, SCH_TABLE_TRAIL);
    assert_int_equal(meta_of(f).audit_first, 1);
    assert_true(records > 2000);
    stage_pass(&f->stage, 1000);
    say_anything(f);
    assert_true(meta_of(f).audit_first > 1000);
    assert_true(rows(f, SCH_TABLE_AUDIT) < records - 1000);
    assert_true(rows(f, SCH_TABLE_MESSAGE) <= messages - 160);
    assert_int_equal(rows(f, SCH_TABLE_PASSED), 0);
    assert_true(rows(f, SCH_TABLE_TRAIL) <= trails - 160);      /* a turn for each referral and each answer */
    assert_int_equal(rows(f, SCH_TABLE_DOSSIER), 80);
    assert_int_equal(sch_audit_verify(f->stage.store, &report, NULL), SCH_OK);
    assert_true(audit_of(f, SCH_TRACE_PURGED, SCH_KIND_UNSPECIFIED).count > 1);
    assert_true(sch_net_sim_last_wait_ms(f->stage.net) != 0);
    /* A restart knows where the log begins. */
    records = meta_of(f).audit_first;
    stage_stop(&f->stage);
    stage_start(&f->stage);
    assert_int_equal(f->stage.turn_code, SCH_OK);
    assert_int_equal(meta_of(f).audit_first, records);
    assert_int_equal(sch_audit_verify(f->stage.store, &report, NULL), SCH_OK);
}

/* ---- what is read -------------------------------------------------------------------------------- */

/* A message that names no other dossier, message or group costs no look at any. */
static void test_nothing_is_read_that_is_not_named(void **state)
{
    struct fixture *f = *state;
    struct stage_message first, second, third;
    struct sch_store_sim_counters before, plain, grouped;
    struct sch_id group = sch_region_sim_id(START_MS, &f->stage.prng);

    refer(f, &first);
    refer_with(f, &second, NULL, NULL);
    refer_with(f, &third, &group, NULL);
    sch_store_sim_counters(f->stage.store, &before);
    expect_receipt(f, f->linde, &second);
    sch_store_sim_counters(f->stage.store, &plain);
    expect_receipt(f, f->linde, &third);
    sch_store_sim_counters(f->stage.store, &grouped);
    assert_int_equal(grouped.scans - plain.scans, plain.scans - before.scans + 1);
    assert_int_equal(grouped.gets - plain.gets, plain.gets - before.gets);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(test_each_message_is_listed_at_both_ends), CASE(test_chains_and_groups_are_listed),
        CASE(test_a_group_counts_what_this_turn_opened), CASE(test_the_reason_of_an_act_is_written_down),
        CASE(test_a_purge_leaves_statistics_and_the_log), CASE(test_a_long_trail_goes_in_several_turns),
        CASE(test_the_log_forgets_after_five_years), CASE(test_nothing_is_read_that_is_not_named),
    };
    int failed;

    book = sch_region_sim_book();
    failed = cmocka_run_group_tests_name("work", tests, NULL, NULL);
    sch_region_sim_book_free(book);
    return failed;
}
