/*
 * test_query_list.c: the worklist: each filter, each row once, its totals; chains; what passed.
 */
#include "query_case.h"

#include "core/calendar.h"
#include "core/silence.h"
#include "shell/record.h"

#define DOSSIERS 60

static struct sch_book *book;

/* What everybody of a region did in seven weeks: made once, read by all tests. */
static struct query_case *region;
static struct stage_message referral[DOSSIERS];

/* ---- seven weeks -------------------------------------------------------------------------------- */

static const struct {
    const char *from, *to;
} ways[] = {
    { "linde", "noordrand/angst" }, { "beuk", "noordrand/stemming" },
    { "linde", "haven" },           { "beuk", "west" },
    { "linde", "crisisdienst" },    { "ster", "haven" },
    { "beuk", "wijkteam-zuid" },    { "linde", "noordrand/stemming" },
};
#define WAYS (sizeof ways / sizeof ways[0])

static void open_one(size_t i)
{
    struct sch_header header;

    stage_referral(&region->stage, &referral[i], ways[i % WAYS].from, ways[i % WAYS].to);
    header = referral[i].header;
    memset(&header.id, 0, sizeof header.id);
    header.fact[SCH_FACT_URGENCY] = i % 5 == 0 ? SCH_URGENCY_SOON : SCH_URGENCY_ROUTINE;
    if (i % WAYS == 4)
        header.fact[SCH_FACT_PHONED_AT] = stage_now_ms(&region->stage);
    if (i % WAYS == 6)
        header.fact[SCH_FACT_CONSENT] = SCH_YES_YES;
    stage_write(&region->stage, &referral[i], &header, STAGE_LETTER);
    assert_true(post(region, &referral[i], sch_region_sim_named(ways[i % WAYS].from)->key_id));
}

static void collect(size_t i)
{
    const char *to = ways[i % WAYS].to;
    const struct sch_region_party *party = sch_region_sim_named(to);
    size_t peer = stage_enter(&region->stage, party->key_id, 1);

    assert_true(stage_settle(&region->stage, peer, party->address, &referral[i].header.id,
                             SCH_VERDICT_COLLECTED, &region->reply));
}

/* Each dossier goes its way as far as its number says; what its kind of receiver may not say is refused. */
static void answer(size_t i, size_t week)
{
    const char *to = ways[i % WAYS].to;
    struct query_case *c = region;

    if (week == 1 && i % 6 != 0)
        collect(i);
    if (week == 1 && i % 6 == 1)
        (void)say(c, &referral[i], to, SCH_KIND_REFUSAL, SCH_FACT_REFUSAL_REASON, SCH_REFUSAL_NO_CAPACITY, 0);
    if (week == 2 && i % 6 > 1)
        (void)say(c, &referral[i], to, SCH_KIND_ACCEPTANCE, SCH_FACT_EXPECTED_DATE, 0, 0);
    if (week == 3 && i % 6 > 2)
        (void)say(c, &referral[i], to, SCH_KIND_APPOINTMENT, SCH_FACT_EVENT_DATE, stage_date(&c->stage, 1),
                  0);
    if (week == 4 && i % 12 == 3)
        (void)say(c, &referral[i], to, SCH_KIND_NO_SHOW, SCH_FACT_EVENT_DATE, stage_date(&c->stage, -6), 0);
    if (week == 5 && i % 6 == 5)
        (void)say(c, &referral[i], to, SCH_KIND_TREATMENT_START, SCH_FACT_STARTED, SCH_STARTED_YES, 0);
}

static void play(void)
{
    region = query_case_new(book);
    for (size_t week = 0; week < 7; week++) {
        for (size_t i = 0; week == 0 && i < DOSSIERS; i++) {
            open_one(i);
            stage_pass(&region->stage, i % 3 == 0 ? DAY_MS / 2 : 1000);
        }
        for (size_t i = 0; i < DOSSIERS; i++)
            answer(i, week);
        stage_pass(&region->stage, 7 * DAY_MS);
    }
}

/* ---- filters ------------------------------------------------------------------------------------ */

static struct sch_unanswered_row whole[ROWS];
static size_t whole_count;

static void read_whole(const char *party, const char *key_id)
{
    begin(region, SCH_QUERY_UNANSWERED, party, 200);
    whole_count = all(region, key_id);
    memcpy(whole, region->unanswered, whole_count * sizeof whole[0]);
}

/* What an address without a department stands for, said once more. */
static bool stands_for(const struct sch_address *filter, const struct sch_address *address)
{
    size_t size = strlen(filter->text);

    return size == 0 || strcmp(filter->text, address->text) == 0 ||
           (strncmp(filter->text, address->text, size) == 0 && address->text[size] == '/');
}

static bool should_pass(const struct sch_query *query, const struct sch_unanswered_row *row, int64_t now_ms)
{
    int64_t days = sch_day_of_ms(now_ms) - sch_day_of_ms(row->referred_ms);

    return (!query->overdue_only || row->overdue) &&
           (query->only.silence == 0 || query->only.silence == row->silence) &&
           (query->only.term == 0 || query->only.term == row->term_state) &&
           (query->only.echelon == 0 || query->only.echelon == row->echelon) &&
           (query->only.urgency == 0 || query->only.urgency == row->urgency) &&
           (query->only.expectation == 0 || query->only.expectation == row->expectation) &&
           (query->only.older_days == 0 || days >= (int64_t)query->only.older_days) &&
           stands_for(&query->only.debtor, &row->debtor) &&
           stands_for(&query->only.creditor, &row->creditor) &&
           stands_for(&query->only.referrer, &row->referrer) &&
           stands_for(&query->only.receiver, &row->receiver);
}

static void expect_same_row(const struct sch_unanswered_row *a, const struct sch_unanswered_row *b)
{
    assert_true(sch_id_equal(&a->dossier, &b->dossier));
    assert_int_equal(a->expectation, b->expectation);
    assert_int_equal(a->due_ms, b->due_ms);
    assert_int_equal(a->opened_ms, b->opened_ms);
    assert_string_equal(a->debtor.text, b->debtor.text);
}

/* The list under this filter, in pages of `limit`, is the whole list with what does not pass struck out. */
static void expect_filtered(const struct sch_query *filter, const char *key_id, uint32_t limit)
{
    struct sch_query query = *filter;
    size_t at = 0, wanted = 0;

    query.limit = limit;
    region->query = query;
    region->count = region->pages = 0;
    (void)all(region, key_id);
    for (size_t i = 0; i < whole_count; i++) {
        if (!should_pass(&query, &whole[i], stage_now_ms(&region->stage)))
            continue;
        wanted++;
        assert_true(at < region->count);
        expect_same_row(&region->unanswered[at++], &whole[i]);
    }
    assert_int_equal(region->count, wanted);
}

static void draw_filter(struct sch_prng *prng, struct sch_query *query)
{
    const struct sch_unanswered_row *row = &whole[sch_prng_below(prng, whole_count)];
    uint64_t which = sch_prng_next(prng);

    query->overdue_only = which % 4 == 0;
    query->only.silence = which & 0x10 ? row->silence : SCH_SILENCE_NONE;
    if (which & 0x20)
        query->only.term = row->term_state;
    if (which & 0x40)
        query->only.echelon = row->echelon;
    if (which & 0x80)
        query->only.urgency = row->urgency;
    if (which & 0x100)
        query->only.expectation = row->expectation;
    if (which & 0x200)
        query->only.older_days = (uint32_t)(30 + sch_prng_below(prng, 30));
    if (which & 0x400)
        query->only.debtor = row->debtor;
    if (which & 0x800)
        query->only.creditor = row->creditor;
    if (which & 0x1000)
        query->only.referrer = row->referrer;
    if (which & 0x2000)
        sch_address_organisation(&row->receiver, &query->only.receiver);
}

static void test_every_filter_in_pages_of_any_size(void **state)
{
    static const struct {
        const char *party, *key_id;
    } askers[] = { { UTRECHT, "utrecht" }, { LINDE, "linde" }, { GOOI, "gooi" }, { STEMMING, "noord-s" } };
    struct sch_prng prng = { 3 };
    size_t some = 0;

    (void)state;
    for (size_t i = 0; i < sizeof askers / sizeof askers[0]; i++) {
        read_whole(askers[i].party, askers[i].key_id);
        assert_true(whole_count > 10);
        for (int round = 0; round < 120; round++) {
            struct sch_query query = { .type = SCH_QUERY_UNANSWERED };

            assert_true(sch_address_set(&query.party, askers[i].party));
            draw_filter(&prng, &query);
            expect_filtered(&query, askers[i].key_id,
                            (uint32_t)(1 + sch_prng_below(&prng, round % 2 == 0 ? 9 : 200)));
            some += region->count > 0;
        }
    }
    assert_true(some > 200);
}

static void test_earliest_due_first_and_totals(void **state)
{
    int64_t now_ms = stage_now_ms(&region->stage), due_ms = 0;
    size_t open = 0, overdue = 0;

    (void)state;
    read_whole(UTRECHT, "utrecht");
    for (size_t i = 0; i < whole_count;) {
        size_t end = i + 1;
        int64_t first_ms = whole[i].due_ms;

        for (; end < whole_count && sch_id_equal(&whole[end].dossier, &whole[i].dossier); end++)
            assert_true(whole[end].due_ms >= whole[end - 1].due_ms);
        assert_true(first_ms >= due_ms);
        due_ms = first_ms;
        open++;
        overdue += first_ms <= now_ms;
        i = end;
    }
    assert_true(open > 20 && overdue > 5 && overdue < open);
    assert_int_equal(region->open_total, open);
    assert_int_equal(region->overdue_total, overdue);
    /* Whatever the filter and the page. */
    begin(region, SCH_QUERY_UNANSWERED, UTRECHT, 1);
    region->query.only.expectation = 15;
    assert_int_equal(all(region, "utrecht"), 0);
    assert_int_equal(region->open_total, open);
    assert_int_equal(region->overdue_total, overdue);
    /* A party's are its own. */
    read_whole(LINDE, "linde");
    assert_true(region->open_total > 0 && region->open_total < open);
}

static void test_a_row_says_what_the_record_says(void **state)
{
    size_t compared = 0;

    (void)state;
    read_whole(LINDE, "linde");
    for (size_t i = 0; i < whole_count; i++) {
        const struct sch_unanswered_row *row = &whole[i];
        struct sch_record_key key = sch_record_key_id(&row->dossier);
        static uint8_t value[SCH_RECORD_DOSSIER_MAX];
        static struct sch_dossier dossier;
        size_t size;

        assert_int_equal(sch_store_get(region->stage.store, SCH_TABLE_DOSSIER, sch_record_key_bytes(&key),
                                       value, sizeof value, &size),
                         SCH_STORE_OK);
        assert_int_equal(sch_record_dossier_decode((struct sch_bytes){ value, size }, &dossier), SCH_OK);
        for (size_t k = 0; k < dossier.instance_count; k++) {
            const struct sch_instance *instance = &dossier.instance[k];

            if (!sch_instance_is_open(instance) || instance->expectation != row->expectation ||
                instance->opened_ms != row->opened_ms ||
                strcmp(dossier.member[instance->member].address.text, row->debtor.text) != 0)
                continue;
            assert_int_equal(row->silence, sch_silence_of(&dossier, instance));
            assert_int_equal(row->term_state, sch_silence_term(instance, stage_now_ms(&region->stage)));
            assert_int_equal(row->from_ms, instance->from_ms);
            assert_int_equal(row->norm_due_ms, instance->norm_due_ms);
            assert_int_equal(row->reminded_ms, instance->reminded_ms);
            assert_int_equal(row->snoozed_ms, instance->snoozed_ms);
            assert_string_equal(row->norm_id, instance->norm_id);
            assert_int_equal(row->norm_version, instance->norm_version);
            assert_int_equal(row->term, instance->term);
            assert_int_equal(row->unit, instance->unit);
            assert_int_equal(row->chain_ms, dossier.chain_ms);
            assert_int_equal(row->refusals, dossier.refusals);
            compared++;
        }
    }
    assert_int_equal(compared, whole_count);
}

/* A coordinator asks by organisation, and what it asks by tells it nothing more than the rows do. */
static void test_a_coordinator_filters_by_what_it_sees(void **state)
{
    struct sch_id no_show;
    size_t whole_of_it, awaited = 0;

    (void)state;
    begin(region, SCH_QUERY_UNANSWERED, UTRECHT, 200);
    region->query.only.debtor = (struct sch_address){ NOORD };
    whole_of_it = all(region, "utrecht");
    assert_true(whole_of_it > 5);
    begin(region, SCH_QUERY_UNANSWERED, UTRECHT, 200);
    region->query.only.debtor = (struct sch_address){ ANGST };
    assert_int_equal(all(region, "utrecht"), whole_of_it);
    /* There are no-shows, which a practice sees and a coordinator does not. */
    begin(region, SCH_QUERY_UNANSWERED, LINDE, 200);
    region->query.only.expectation = 5;
    assert_true(all(region, "linde") > 0);
    no_show = region->unanswered[0].dossier;
    begin(region, SCH_QUERY_UNANSWERED, UTRECHT, 200);
    region->query.only.expectation = 5;
    assert_int_equal(all(region, "utrecht"), 0);
    begin(region, SCH_QUERY_UNANSWERED, UTRECHT, 200);
    region->query.only.expectation = 4;
    (void)all(region, "utrecht");
    for (size_t i = 0; i < region->count; i++) {
        assert_null(strstr(region->unanswered[i].norm_id, "E5"));
        assert_int_equal(region->unanswered[i].term, 4);
        assert_int_equal(region->unanswered[i].unit, SCH_UNIT_WEEKS);
        /* Nobody awaits an appointment where there was one. */
        assert_true(region->unanswered[i].phase < SCH_PHASE_INTAKE_PLANNED);
        awaited += sch_id_equal(&region->unanswered[i].dossier, &no_show);
    }
    assert_int_equal(awaited, 1);
}

/* ---- chains ------------------------------------------------------------------------------------- */

static void test_a_chain(void **state)
{
    struct query_case *c = query_case_new(book);
    struct stage_message first, second, third, other;
    char kenmerk[SCH_KENMERK_SIZE + 1];
    struct sch_header header;

    (void)state;
    refer(c, &first, "linde", "haven");
    refer(c, &other, "linde", "west");
    assert_true(
        say(c, &first, "haven", SCH_KIND_REFUSAL, SCH_FACT_REFUSAL_REASON, SCH_REFUSAL_NO_CAPACITY, 0));
    stage_pass(&c->stage, DAY_MS);
    stage_referral(&c->stage, &second, "linde", "noordrand/angst");
    header = second.header;
    memset(&header.id, 0, sizeof header.id);
    header.follows = first.header.id;
    stage_write(&c->stage, &second, &header, STAGE_LETTER);
    assert_true(post(c, &second, "linde"));
    assert_true(
        say(c, &second, "noordrand/angst", SCH_KIND_REFUSAL, SCH_FACT_REFUSAL_REASON, SCH_REFUSAL_OTHER, 0));
    stage_pass(&c->stage, DAY_MS);
    stage_referral(&c->stage, &third, "linde", "west");
    header = third.header;
    memset(&header.id, 0, sizeof header.id);
    header.follows = second.header.id;
    stage_write(&c->stage, &third, &header, STAGE_LETTER);
    assert_true(post(c, &third, "linde"));

    /* By any of them, and in pages of any size: all three, oldest first, and not the other. */
    for (uint32_t limit = 1; limit <= 4; limit++) {
        const struct sch_id ids[] = { first.header.id, second.header.id, third.header.id };

        for (size_t by = 0; by < 3; by++) {
            begin(c, SCH_QUERY_CHAIN, LINDE, limit);
            c->query.dossier = ids[by];
            assert_int_equal(all(c, "linde"), 3);
            for (size_t i = 0; i < 3; i++) {
                assert_true(sch_id_equal(&c->dossier[i].dossier, &ids[i]));
                assert_true(sch_id_equal(&c->dossier[i].root, &ids[0]));
                assert_int_equal(c->dossier[i].chain_ms, c->dossier[0].opened_ms);
            }
        }
    }
    assert_int_equal(c->dossier[2].refusals, 2);
    memcpy(kenmerk, c->dossier[1].kenmerk, sizeof kenmerk);
    begin(c, SCH_QUERY_CHAIN, UTRECHT, 100);
    memcpy(c->query.kenmerk, kenmerk, sizeof kenmerk);
    assert_int_equal(all(c, "utrecht"), 3);
    assert_string_equal(c->dossier[1].receiver.text, NOORD);
    /* Who is party to one of them sees that one. */
    begin(c, SCH_QUERY_CHAIN, ANGST, 1);
    c->query.dossier = second.header.id;
    assert_int_equal(all(c, "noord-a"), 1);
    assert_true(sch_id_equal(&c->dossier[0].dossier, &second.header.id));
    /* And who is party to none, nothing; nor the coordinator of another region. */
    begin(c, SCH_QUERY_CHAIN, BEUK, 100);
    c->query.dossier = first.header.id;
    expect_refused(c, "beuk", SCH_E_UNKNOWN_DOSSIER, "query.dossier");
    begin(c, SCH_QUERY_CHAIN, GOOI, 100);
    memcpy(c->query.kenmerk, kenmerk, sizeof kenmerk);
    expect_refused(c, "gooi", SCH_E_UNKNOWN_DOSSIER, "query.kenmerk");
    /* A dossier alone is a chain of one. */
    begin(c, SCH_QUERY_CHAIN, LINDE, 100);
    c->query.dossier = other.header.id;
    assert_int_equal(all(c, "linde"), 1);
    query_case_free(c);
}

/* ---- what passed -------------------------------------------------------------------------------- */

static void test_what_passed(void **state)
{
    struct query_case *c = query_case_new(book);
    struct stage_message message[12];
    size_t peer;

    (void)state;
    for (size_t i = 0; i < 12; i++) {
        refer(c, &message[i], i % 3 == 0 ? "beuk" : "linde", "haven");
        stage_pass(&c->stage, 1000);
    }
    peer = stage_enter(&c->stage, "haven", 1);
    assert_true(
        stage_settle(&c->stage, peer, HAVEN, &message[1].header.id, SCH_VERDICT_COLLECTED, &c->reply));
    for (uint32_t limit = 1; limit <= 13; limit++) {
        begin(c, SCH_QUERY_PASSED, LINDE, limit);
        assert_int_equal(all(c, "linde"), 8);
        for (size_t i = 0; i < 8; i++) {
            assert_true(sch_id_equal(&c->passed[i].message, &message[1 + i + i / 2].header.id));
            assert_int_equal(c->passed[i].role, SCH_PASSED_SENT);
            assert_int_equal(c->passed[i].state, i == 0 ? SCH_DELIVERY_COLLECTED : SCH_DELIVERY_STORED);
            assert_int_equal(c->passed[i].kind, SCH_KIND_REFERRAL);
            assert_string_equal(c->passed[i].sender.text, LINDE);
        }
    }
    begin(c, SCH_QUERY_PASSED, HAVEN, 5);
    assert_int_equal(all(c, "haven"), 12);
    for (size_t i = 0; i < 12; i++) {
        assert_true(sch_id_equal(&c->passed[i].message, &message[i].header.id));
        assert_int_equal(c->passed[i].role, SCH_PASSED_RECEIVED);
        assert_int_equal(c->passed[i].state, i == 1 ? SCH_DELIVERY_COLLECTED : SCH_DELIVERY_STORED);
    }
    /* From, included; to, not. */
    int64_t from_ms = c->passed[3].stored_ms, to_ms = c->passed[7].stored_ms;
    for (uint32_t limit = 1; limit <= 5; limit++) {
        begin(c, SCH_QUERY_PASSED, HAVEN, limit);
        c->query.from_ms = from_ms;
        c->query.to_ms = to_ms;
        assert_int_equal(all(c, "haven"), 4);
        for (size_t i = 0; i < 4; i++)
            assert_true(sch_id_equal(&c->passed[i].message, &message[3 + i].header.id));
    }
    /* Nobody else's. */
    begin(c, SCH_QUERY_PASSED, LINDE, 5);
    expect_refused(c, "beuk", SCH_E_NOT_YOURS, "query.party");
    begin(c, SCH_QUERY_PASSED, UTRECHT, 5);
    assert_int_equal(all(c, "utrecht"), 0);
    query_case_free(c);
}

/* ---- reasons ------------------------------------------------------------------------------------ */

static void act(struct query_case *c, const struct stage_message *opening, enum sch_kind kind, enum sch_fact fact,
                int64_t reason)
{
    struct sch_header header = stage_header(&opening->header, kind, "linde");
    struct stage_message message;

    header.fact[SCH_FACT_EXPECTATION] = 2;
    header.fact[fact] = reason;
    stage_write(&c->stage, &message, &header, 0);
    assert_true(post(c, &message, "linde"));
}

/* The code of the record that stored a message of this kind. */
static uint32_t code_of(struct query_case *c, const struct stage_message *opening, const char *party,
                        const char *key_id, enum sch_kind kind)
{
    struct sch_command command = { .type = SCH_COMMAND_QUERY };
    uint32_t code = UINT32_MAX;

    begin(c, SCH_QUERY_TRACE, party, 200);
    c->query.dossier = opening->header.id;
    command.query = c->query;
    assert_true(stage_ask(&c->stage, stage_enter(&c->stage, key_id, 99), &command, &c->reply));
    for (size_t i = 0; i < c->reply.page.trace_count; i++)
        if (c->reply.page.trace[i].event == SCH_TRACE_STORED && c->reply.page.trace[i].kind == kind)
            code = c->reply.page.trace[i].code;
    return code;
}

static void test_reasons_of_the_patient(void **state)
{
    struct query_case *c = query_case_new(book);
    struct stage_message message;

    (void)state;
    refer(c, &message, "linde", "haven");
    act(c, &message, SCH_KIND_NOTE, SCH_FACT_NOTE, SCH_NOTED_CALLED);
    act(c, &message, SCH_KIND_WAIVER, SCH_FACT_WAIVER_REASON, SCH_WAIVED_PATIENT_GONE);
    assert_int_equal(code_of(c, &message, LINDE, "linde", SCH_KIND_NOTE), SCH_NOTED_CALLED);
    assert_int_equal(code_of(c, &message, LINDE, "linde", SCH_KIND_WAIVER), SCH_WAIVED_PATIENT_GONE);
    assert_int_equal(code_of(c, &message, UTRECHT, "utrecht", SCH_KIND_NOTE), SCH_NOTED_CALLED);
    assert_int_equal(code_of(c, &message, UTRECHT, "utrecht", SCH_KIND_WAIVER), 0);
    query_case_free(c);
}

/* ---- beside the turn ---------------------------------------------------------------------------- */

/* More at once than one peer may have waiting: those beyond are refused, and the others answered. */
static void test_too_many_at_once(void **state)
{
    struct query_case *c = query_case_new(book);
    size_t peer = stage_enter(&c->stage, "linde", 1), pages = 0, busy = 0;

    (void)state;
    begin(c, SCH_QUERY_DOSSIERS, LINDE, 10);
    for (int i = 0; i < 20; i++) {
        struct sch_command command = { .type = SCH_COMMAND_QUERY };

        command.query = c->query;
        (void)stage_say(&c->stage, peer, &command);
    }
    stage_run(&c->stage);
    while (stage_take(&c->stage, peer, &c->reply)) {
        pages += c->reply.type == SCH_REPLY_PAGE;
        busy += c->reply.type == SCH_REPLY_REJECTION && c->reply.rejection.code == SCH_E_BROKER_BUSY;
    }
    assert_int_equal(pages, 16);
    assert_int_equal(busy, 4);
    query_case_free(c);
}

static void test_what_is_held_is_marked(void **state)
{
    struct query_case *c = query_case_new(book);
    struct sch_command command = { .type = SCH_COMMAND_QUERY };
    struct stage_message message[3];
    size_t peer, leased = 0;

    (void)state;
    for (size_t i = 0; i < 3; i++)
        refer(c, &message[i], "linde", "haven");
    peer = stage_enter(&c->stage, "haven", 1);
    assert_true(stage_attach(&c->stage, peer, HAVEN, 2, &c->reply));
    stage_run(&c->stage);
    stage_drain(&c->stage, peer);
    begin(c, SCH_QUERY_MAILBOX, HAVEN, 10);
    command.query = c->query;
    assert_true(stage_ask(&c->stage, peer, &command, &c->reply));
    assert_int_equal(c->reply.page.mailbox_count, 3);
    for (size_t i = 0; i < 3; i++)
        leased += c->reply.page.mailbox[i].leased;
    assert_int_equal(leased, 2);
    query_case_free(c);
}

static int group_set_up(void **state)
{
    (void)state;
    book = sch_region_sim_book();
    play();
    return 0;
}

static int group_tear_down(void **state)
{
    (void)state;
    query_case_free(region);
    sch_region_sim_book_free(book);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_filter_in_pages_of_any_size),
        cmocka_unit_test(test_earliest_due_first_and_totals),
        cmocka_unit_test(test_a_row_says_what_the_record_says),
        cmocka_unit_test(test_a_coordinator_filters_by_what_it_sees),
        cmocka_unit_test(test_a_chain),
        cmocka_unit_test(test_what_passed),
        cmocka_unit_test(test_reasons_of_the_patient),
        cmocka_unit_test(test_too_many_at_once),
        cmocka_unit_test(test_what_is_held_is_marked),
    };

    return cmocka_run_group_tests(tests, group_set_up, group_tear_down);
}
