/*
 * test_client_link.c: the client library against a broker that misbehaves, over real loopback sockets.
 *
 * Waiting is always for something that happens, with a limit of some seconds that only a failure reaches.
 */
#include <poll.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <scharnier/client.h>

#include "broker_fake.h"
#include "client_world.h"
#include "handle.h"
#include "id.h"

#define LIMIT_MS 20000
#define SOON_MS 400                     /* a call that is expected to run into its timeout */
#define FIELD(f, name) (sch_fake_lock(&(f)->broker), (f)->read = (unsigned)(f)->broker.name, \
                        sch_fake_unlock(&(f)->broker), (f)->read)

struct fixture {
    struct sch_client_world world;
    struct sch_fake_broker broker;
    unsigned read;
    sch_client *client;
    sch_error error;
    /* What hooks and callbacks saw. */
    sch_verdict verdict;
    enum sch_system_refusal refusal;
    unsigned handed;
    struct sch_id last_id;
    char text[256];
    char sender_name[SCH_NAME_MAX + 1];
    uint32_t missing;
    bool redelivered;
    enum sch_kind kind;
    unsigned sent, rejected;
    enum sch_error_code last_code;
    bool answer;                        /* the callback sends a message of its own */
    bool settle_inside;                 /* the callback settles by itself */
    unsigned answered;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    if (!f)
        return 1;
    sch_client_world_init(&f->world);
    sch_fake_start(&f->broker, &f->world);
    f->verdict = SCH_COLLECT;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    sch_close(f->client);
    sch_fake_stop(&f->broker);
    sch_client_world_close(&f->world);
    free(f);
    return 0;
}

static void on_sent(void *context, const char *key, const sch_receipt *receipt, const sch_error *error)
{
    struct fixture *f = context;
    assert_true(key[0] != 0 && !sch_id_is_none(&receipt->id));
    f->last_code = error->code;
    if (error->code == SCH_OK)
        f->sent++;
    else
        f->rejected++;
}

static void open_as(struct fixture *f, const char *name)
{
    sch_close(f->client);
    f->client = sch_open(sch_client_world_config(&f->world, name, f->broker.endpoint, NULL), &f->error);
    if (!f->client)
        fail_msg("%s: %s", f->error.name, f->error.text);
    sch_on_sent(f->client, on_sent, f);
}

static void connect_as(struct fixture *f, const char *name)
{
    open_as(f, name);
    if (sch_connect(f->client, LIMIT_MS, &f->error) != SCH_OK)
        fail_msg("%s: %s", f->error.name, f->error.text);
}

/* Steps until the expression holds. */
#define UNTIL(f, expression) \
    do { \
        int64_t limit_ = sch_link_mono_ms() + LIMIT_MS; \
        while (!(expression)) { \
            assert_int_equal(sch_client_step((f)->client, 20, &(f)->error), SCH_OK); \
            assert_true(sch_link_mono_ms() < limit_); \
        } \
    } while (0)

static sch_draft *referral(struct fixture *f, const char *key)
{
    sch_draft *draft = sch_draft_new(f->client, SCH_KIND_REFERRAL);
    assert_non_null(draft);
    sch_draft_key(draft, key);
    sch_draft_to(draft, WORLD_GGZ);
    sch_draft_copy(draft, WORLD_POH);
    sch_draft_fact(draft, SCH_FACT_URGENCY, SCH_URGENCY_ROUTINE);
    sch_draft_fact(draft, SCH_FACT_LETTER_DATE, 20260920);
    sch_draft_section(draft, 0, "Graag diagnostiek.");
    sch_draft_section(draft, 1, "Sinds drie maanden somber.");
    sch_draft_attach(draft, "text/plain", "brief.txt", "hallo", 5);
    return draft;
}

static int send_referral(struct fixture *f, const char *key, int timeout_ms, sch_receipt *receipt)
{
    sch_draft *draft = referral(f, key);
    f->error = (sch_error)SCH_ERROR_INIT;
    int code = sch_send(f->client, draft, timeout_ms, receipt, &f->error);
    sch_draft_free(draft);
    return code;
}

/* ---- connecting --------------------------------------------------------------------------------- */

static void test_welcome(void **state)
{
    struct fixture *f = *state;
    open_as(f, "practice");
    assert_false(sch_is_connected(f->client));
    assert_int_equal(sch_connect(f->client, LIMIT_MS, &f->error), SCH_OK);
    assert_true(sch_is_connected(f->client));
    int64_t now = sch_now_ms(f->client);
    assert_true(now >= INT64_C(1790000000000) && now < INT64_C(1790000000000) + LIMIT_MS);
    const struct sch_directory *directory = sch_client_directory(f->client, NULL, LIMIT_MS, &f->error);
    assert_non_null(directory);
    assert_int_equal(directory->serial, 7);
    assert_non_null(sch_directory_party(directory, WORLD_GGZ));
    size_t count;
    assert_string_equal(sch_mailboxes(f->client, &count)[0].text, WORLD_PRACTICE);
    assert_int_equal(count, 2);
}

static void test_directory_is_cached_and_pinned(void **state)
{
    struct fixture *f = *state;
    connect_as(f, "practice");
    assert_non_null(sch_client_directory(f->client, "utrecht", LIMIT_MS, &f->error));
    sch_fake_lock(&f->broker);
    f->broker.deaf = true;
    sch_fake_unlock(&f->broker);
    open_as(f, "practice");
    const struct sch_directory *directory = sch_client_directory(f->client, "utrecht", SOON_MS, &f->error);
    assert_non_null(directory);
    assert_int_equal(directory->serial, 7);
    assert_null(sch_client_directory(f->client, "gelderland", SOON_MS, &f->error));
    /* An older one is not taken, whatever the broker says. */
    struct sch_registry *registry = &f->client->registry;
    sch_client_world_publish(&f->world, 6, false);
    struct sch_bytes content = { (const uint8_t *)f->world.directory, f->world.directory_size };
    struct sch_bytes signature = { f->world.signature, 64 };
    assert_int_equal(sch_registry_take(registry, "utrecht", content, signature, 1, &f->error),
                     SCH_E_DIRECTORY_OLD);
    sch_client_world_publish(&f->world, 7, true);
    content.len = f->world.directory_size;
    assert_int_equal(sch_registry_take(registry, "utrecht", content, signature, 1, &f->error),
                     SCH_E_DIRECTORY_FALSE);
    sch_client_world_publish(&f->world, 8, false);
    content.len = f->world.directory_size;
    f->world.directory[20] ^= 1;
    assert_int_not_equal(sch_registry_take(registry, "utrecht", content, signature, 1, &f->error), SCH_OK);
    f->world.directory[20] ^= 1;
    assert_int_equal(sch_registry_take(registry, "utrecht", content, signature, INT64_C(5000000000000),
                                       &f->error), SCH_E_DIRECTORY_OLD);
    assert_int_equal(sch_registry_take(registry, "utrecht", content, signature, 1, &f->error), SCH_OK);
    assert_int_equal(registry->region[0].directory->serial, 8);
}

static void expect_cause(struct fixture *f, const char *endpoint, const uint8_t *server_key, int timeout_ms,
                         enum sch_error_code expected)
{
    sch_close(f->client);
    f->client = sch_open(sch_client_world_config(&f->world, "practice", endpoint, server_key), &f->error);
    assert_non_null(f->client);
    int code = sch_connect(f->client, timeout_ms, &f->error);
    if (code != (int)expected)
        fail_msg("expected %s, got %s", sch_error_name(expected), sch_error_name((enum sch_error_code)code));
}

static void test_causes_of_refusal(void **state)
{
    struct fixture *f = *state;
    expect_cause(f, "tcp://127.0.0.1:1", NULL, 5 * SOON_MS, SCH_E_UNREACHABLE);
    expect_cause(f, f->broker.endpoint, f->world.ggz_transport.public_key, LIMIT_MS, SCH_E_SERVER_KEY);
    sch_fake_lock(&f->broker);
    f->broker.refuse_keys = true;
    sch_fake_unlock(&f->broker);
    expect_cause(f, f->broker.endpoint, NULL, LIMIT_MS, SCH_E_UNKNOWN_KEY);
    sch_fake_lock(&f->broker);
    f->broker.refuse_keys = false;
    f->broker.refuse_hello = SCH_E_KEY_REVOKED;
    sch_fake_unlock(&f->broker);
    /* The same handle, after the directory was corrected. */
    assert_int_equal(sch_connect(f->client, LIMIT_MS, &f->error), SCH_E_KEY_REVOKED);
    sch_fake_lock(&f->broker);
    f->broker.refuse_hello = SCH_E_VERSION;
    sch_fake_unlock(&f->broker);
    expect_cause(f, f->broker.endpoint, NULL, LIMIT_MS, SCH_E_VERSION);
    sch_fake_lock(&f->broker);
    f->broker.refuse_hello = SCH_OK;
    sch_fake_unlock(&f->broker);
    assert_int_equal(sch_connect(f->client, LIMIT_MS, &f->error), SCH_OK);
}

static void test_one_process_each(void **state)
{
    struct fixture *f = *state;
    open_as(f, "practice");
    const char *path = sch_client_world_config(&f->world, "practice", f->broker.endpoint, NULL);
    assert_null(sch_open(path, &f->error));
    assert_int_equal(f->error.code, SCH_E_BUSY);
}

/* ---- sending ------------------------------------------------------------------------------------ */

static void test_receipt_and_same_key(void **state)
{
    struct fixture *f = *state;
    sch_receipt first = { 0 }, second = { 0 };
    connect_as(f, "practice");
    assert_int_equal(send_referral(f, "his-1", LIMIT_MS, &first), SCH_OK);
    assert_false(first.queued || first.duplicate);
    assert_true(sch_id_equal(&first.id, &first.dossier));
    assert_int_equal(strlen(first.kenmerk), SCH_KENMERK_SIZE);
    assert_int_equal(sch_outbox_count(f->client), 0);
    assert_int_equal(send_referral(f, "his-1", LIMIT_MS, &second), SCH_OK);
    assert_true(second.duplicate);
    assert_true(sch_id_equal(&first.id, &second.id));
    connect_as(f, "practice");
    memset(&second, 0, sizeof second);
    assert_int_equal(send_referral(f, "his-1", LIMIT_MS, &second), SCH_OK);
    assert_true(second.duplicate && sch_id_equal(&first.id, &second.id));
    assert_string_equal(first.kenmerk, second.kenmerk);
    assert_int_equal(FIELD(f, submits), 1);
}

static void test_resend_after_lost_receipt(void **state)
{
    struct fixture *f = *state;
    sch_receipt receipt = { 0 };
    connect_as(f, "practice");
    assert_non_null(sch_client_directory(f->client, NULL, LIMIT_MS, &f->error));
    sch_fake_lock(&f->broker);
    f->broker.lose_receipts = 1;
    sch_fake_unlock(&f->broker);
    assert_int_equal(send_referral(f, "his-2", SOON_MS, &receipt), SCH_E_QUEUED);
    assert_true(receipt.queued);
    assert_int_equal(f->error.code, SCH_E_QUEUED);
    sch_fake_lock(&f->broker);
    f->broker.bounce = true;
    sch_fake_unlock(&f->broker);
    UNTIL(f, f->sent == 1);
    assert_int_equal(FIELD(f, submits), 2);
    assert_int_equal(FIELD(f, duplicates), 1);
    assert_int_equal(FIELD(f, other_bytes), 0);
    assert_int_equal(sch_outbox_count(f->client), 0);
}

static void test_outbox_outlives_the_process(void **state)
{
    struct fixture *f = *state;
    sch_receipt receipt = { 0 };
    connect_as(f, "practice");
    assert_non_null(sch_client_directory(f->client, NULL, LIMIT_MS, &f->error));
    sch_fake_lock(&f->broker);
    f->broker.deaf = true;
    sch_fake_unlock(&f->broker);
    open_as(f, "practice");
    assert_int_equal(send_referral(f, "his-3", 0, &receipt), SCH_E_QUEUED);
    assert_int_equal(send_referral(f, "his-3", 0, &receipt), SCH_E_QUEUED);
    assert_int_equal(sch_outbox_count(f->client), 1);
    sch_fake_lock(&f->broker);
    f->broker.deaf = false;
    sch_fake_unlock(&f->broker);
    open_as(f, "practice");
    assert_int_equal(sch_outbox_count(f->client), 1);
    UNTIL(f, sch_outbox_count(f->client) == 0);
    assert_int_equal(FIELD(f, message_count), 1);
    assert_true(sch_id_equal(&f->broker.message[0].id, &receipt.id));
}

static void test_rejections(void **state)
{
    struct fixture *f = *state;
    sch_receipt receipt = { 0 };
    connect_as(f, "practice");
    sch_fake_lock(&f->broker);
    f->broker.reject = SCH_E_NOT_ALLOWED;
    f->broker.reject_count = 1;
    sch_fake_unlock(&f->broker);
    assert_int_equal(send_referral(f, "his-4", LIMIT_MS, &receipt), SCH_E_NOT_ALLOWED);
    assert_int_equal(f->error.code, SCH_E_NOT_ALLOWED);
    assert_int_equal(sch_outbox_count(f->client), 0);
    /* A rejected key is free again; what passes by itself keeps the message. */
    sch_fake_lock(&f->broker);
    f->broker.reject = SCH_E_STORE_FULL;
    f->broker.reject_count = 2;
    sch_fake_unlock(&f->broker);
    assert_int_equal(send_referral(f, "his-4", LIMIT_MS, &receipt), SCH_OK);
    assert_int_equal(FIELD(f, submits), 4);
    assert_int_equal(FIELD(f, message_count), 1);
}

static void test_one_dossier_goes_in_order(void **state)
{
    struct fixture *f = *state;
    connect_as(f, "practice");
    assert_non_null(sch_client_directory(f->client, NULL, LIMIT_MS, &f->error));
    sch_fake_lock(&f->broker);
    f->broker.reject = SCH_E_STORE_FULL;
    f->broker.reject_count = 1;
    sch_fake_unlock(&f->broker);
    sch_draft *first = referral(f, "his-5");
    assert_int_equal(sch_post(f->client, first, NULL, &f->error), SCH_E_QUEUED);
    sch_draft *second = sch_draft_new(f->client, SCH_KIND_WITHDRAWAL);
    sch_draft_key(second, "his-5-in");
    sch_draft_on(second, sch_draft_header(first));
    sch_draft_fact(second, SCH_FACT_WITHDRAWAL_REASON, SCH_WITHDRAWN_OTHER);
    assert_int_equal(sch_post(f->client, second, NULL, &f->error), SCH_E_QUEUED);
    UNTIL(f, f->sent == 2);
    assert_int_equal(FIELD(f, submits), 3);
    assert_true(sch_id_equal(&f->broker.message[0].id, &sch_draft_header(first)->id));
    sch_draft_free(first);
    sch_draft_free(second);
}

static void test_posting_in_groups(void **state)
{
    struct fixture *f = *state;
    connect_as(f, "practice");
    assert_non_null(sch_client_directory(f->client, NULL, LIMIT_MS, &f->error));
    for (int i = 0; i < 200; i++) {
        char key[32];
        snprintf(key, sizeof key, "post-%d", i);
        sch_draft *draft = referral(f, key);
        assert_int_equal(sch_post(f->client, draft, NULL, &f->error), SCH_E_QUEUED);
        sch_draft_free(draft);
    }
    assert_int_equal(sch_outbox_count(f->client), 200);
    UNTIL(f, f->sent == 200);
    assert_int_equal(FIELD(f, submits), 200);
    assert_int_equal(FIELD(f, message_count), 200);
}

/* ---- collecting --------------------------------------------------------------------------------- */

static sch_verdict on_msg(const sch_msg *msg, void *context)
{
    struct fixture *f = context;
    f->handed++;
    f->last_id = sch_msg_header(msg)->id;
    f->kind = sch_msg_header(msg)->kind;
    f->missing = sch_msg_missing(msg);
    f->redelivered = sch_msg_redelivered(msg);
    snprintf(f->sender_name, sizeof f->sender_name, "%s", sch_msg_sender_name(msg));
    snprintf(f->text, sizeof f->text, "%s", sch_msg_section(msg, 0) ? sch_msg_section(msg, 0) : "");
    if (sch_msg_attachment_count(msg) > 0) {
        size_t size;
        const char *type, *name;
        assert_memory_equal(sch_msg_attachment(msg, 0, &size, &type, &name), "hallo", 5);
        assert_int_equal(size, 5);
        assert_string_equal(name, "brief.txt");
    }
    sch_msg_refuse(msg, f->refusal);
    if (f->answer) {
        sch_draft *draft = sch_draft_new(f->client, SCH_KIND_ACCEPTANCE);
        sch_draft_key(draft, "epd-answer");
        sch_draft_on(draft, sch_msg_header(msg));
        sch_receipt receipt;
        if (sch_send(f->client, draft, LIMIT_MS, &receipt, &f->error) == SCH_OK)
            f->answered++;
        sch_draft_free(draft);
        assert_int_equal(sch_client_step(f->client, 0, NULL), SCH_E_STATE);
    }
    if (f->settle_inside && sch_settle(f->client, sch_msg_mailbox(msg), &f->last_id, SCH_COLLECT, 0, LIMIT_MS,
                                       &f->error) != SCH_OK)
        fail_msg("%s: %s", f->error.name, f->error.text);
    return f->verdict;
}

/* A practice sends a referral; the ggz provider opens, and it lies in its mailbox. */
static void lay_referral(struct fixture *f)
{
    connect_as(f, "practice");
    if (send_referral(f, "his-c", LIMIT_MS, NULL) != SCH_OK)
        fail_msg("%s: %s", f->error.name, f->error.text);
    sch_fake_offer(&f->broker, 0, WORLD_GGZ);
    connect_as(f, "ggz");
    assert_int_equal(sch_attach(f->client, NULL, 0, 8, on_msg, f, &f->error), SCH_OK);
}

static void test_collect(void **state)
{
    struct fixture *f = *state;
    lay_referral(f);
    UNTIL(f, FIELD(f, settles) == 1 && f->client->journal.unconfirmed == 0);
    assert_int_equal(f->handed, 1);
    assert_string_equal(f->text, "Graag diagnostiek.");
    assert_string_equal(f->sender_name, "Praktijk De Linde");
    assert_int_equal(f->broker.last_settle.settle.verdict, SCH_VERDICT_COLLECTED);
    assert_int_equal(f->client->held_count, 0);
}

/* Who closes attaches to nothing first, so that what it held goes to others at once. */
static void test_closing_says_goodbye(void **state)
{
    struct fixture *f = *state;
    lay_referral(f);
    UNTIL(f, FIELD(f, settles) == 1 && f->client->journal.unconfirmed == 0);
    assert_int_equal(FIELD(f, farewells), 0);
    sch_close(f->client);
    f->client = NULL;
    for (int waited_ms = 0; FIELD(f, farewells) == 0 && waited_ms < LIMIT_MS; waited_ms += 10)
        usleep(10000);
    assert_int_equal(FIELD(f, farewells), 1);
}

/* A sender that wants the feedback stands in copy: sealed for the others only, and opened by them. */
static void test_sender_in_copy(void **state)
{
    struct fixture *f = *state;
    sch_receipt receipt;
    connect_as(f, "practice");
    sch_draft *draft = sch_draft_new(f->client, SCH_KIND_REFERRAL);
    sch_draft_key(draft, "his-own");
    sch_draft_to(draft, WORLD_GGZ);
    sch_draft_copy(draft, WORLD_PRACTICE);
    sch_draft_fact(draft, SCH_FACT_URGENCY, SCH_URGENCY_SOON);
    sch_draft_fact(draft, SCH_FACT_LETTER_DATE, 20260920);
    sch_draft_section(draft, 0, "Behandeling?");
    if (sch_send(f->client, draft, LIMIT_MS, &receipt, &f->error) != SCH_OK)
        fail_msg("%s: %s", f->error.name, f->error.text);
    sch_draft_free(draft);
    struct sch_arena arena;
    struct sch_seal seal;
    struct sch_fault fault;
    assert_int_equal(sch_arena_init(&arena, 65536), SCH_OK);
    sch_fake_lock(&f->broker);
    struct sch_bytes bytes = { f->broker.message[0].seal, f->broker.message[0].seal_size };
    int code = sch_seal_decode(bytes, &arena, &seal, &fault);
    sch_fake_unlock(&f->broker);
    assert_int_equal(code, SCH_OK);
    assert_int_equal(seal.stanza_count, 1);
    assert_string_equal(seal.stanza[0].address.text, WORLD_GGZ);
    sch_arena_close(&arena);
    sch_fake_offer(&f->broker, 0, WORLD_GGZ);
    connect_as(f, "ggz");
    assert_int_equal(sch_attach(f->client, NULL, 0, 8, on_msg, f, &f->error), SCH_OK);
    f->verdict = SCH_COLLECT;
    UNTIL(f, FIELD(f, settles) == 1);
    assert_int_equal(f->handed, 1);
}

static void test_refuse_and_retry(void **state)
{
    struct fixture *f = *state;
    f->verdict = SCH_RETRY;
    lay_referral(f);
    UNTIL(f, FIELD(f, settles) == 1);
    assert_int_equal(f->broker.last_settle.settle.verdict, SCH_VERDICT_RETRY);
    assert_null(sch_journal_find(&f->client->journal, WORLD_GGZ, &f->last_id));
    f->verdict = SCH_REFUSE;
    f->refusal = SCH_SYSTEM_REFUSAL_NOT_OURS;
    sch_fake_lock(&f->broker);
    f->broker.bounce = true;
    sch_fake_unlock(&f->broker);
    UNTIL(f, FIELD(f, settles) == 2);
    assert_true(f->redelivered);
    assert_int_equal(f->broker.last_settle.settle.verdict, SCH_VERDICT_REFUSED);
    assert_int_equal(f->broker.last_settle.settle.refusal, SCH_SYSTEM_REFUSAL_NOT_OURS);
    assert_int_equal(f->handed, 2);
}

static void test_journal_suppresses(void **state)
{
    struct fixture *f = *state;
    f->broker.lose_settled = true;
    lay_referral(f);
    UNTIL(f, FIELD(f, settles) == 1);
    sch_fake_lock(&f->broker);
    f->broker.bounce = true;
    sch_fake_unlock(&f->broker);
    UNTIL(f, FIELD(f, sessions) == 3 && FIELD(f, settles) >= 2);
    assert_int_equal(f->handed, 1);
    /* Also in another process. */
    connect_as(f, "ggz");
    assert_int_equal(f->client->journal.unconfirmed, 1);
    assert_int_equal(sch_attach(f->client, NULL, 0, 8, on_msg, f, &f->error), SCH_OK);
    sch_fake_lock(&f->broker);
    f->broker.lose_settled = false;
    f->broker.bounce = true;
    sch_fake_unlock(&f->broker);
    UNTIL(f, f->client->journal.unconfirmed == 0);
    assert_int_equal(f->handed, 1);
    assert_true(f->broker.message[0].settled);
}

static void test_later(void **state)
{
    struct fixture *f = *state;
    f->verdict = SCH_LATER;
    lay_referral(f);
    UNTIL(f, f->handed == 1);
    sch_fake_lock(&f->broker);
    f->broker.bounce = true;
    sch_fake_unlock(&f->broker);
    UNTIL(f, f->handed == 2);
    assert_true(f->redelivered);
    struct sch_id id = f->last_id, unknown = { { 1 } };
    assert_int_equal(sch_settle(f->client, WORLD_GGZ, &unknown, SCH_REFUSE, 1, LIMIT_MS, &f->error),
                     SCH_E_NOT_LEASED);
    assert_int_equal(sch_settle(f->client, WORLD_GGZ, &unknown, SCH_COLLECT, 0, LIMIT_MS, &f->error),
                     SCH_E_UNKNOWN_MESSAGE);
    assert_int_equal(sch_settle(f->client, WORLD_GGZ, &id, SCH_COLLECT, 0, LIMIT_MS, &f->error), SCH_OK);
    assert_int_equal(sch_settle(f->client, WORLD_GGZ, &id, SCH_COLLECT, 0, LIMIT_MS, &f->error), SCH_OK);
    assert_true(f->broker.message[0].settled);
    assert_int_equal(f->client->held_count, 0);
}

static void test_calls_from_within_the_callback(void **state)
{
    struct fixture *f = *state;
    f->answer = true;
    f->settle_inside = true;
    lay_referral(f);
    UNTIL(f, f->handed == 1 && f->client->held_count == 0);
    assert_int_equal(f->answered, 1);
    assert_int_equal(FIELD(f, settles), 1);
    assert_int_equal(FIELD(f, message_count), 2);
}

static void test_session_lost_within_the_callback(void **state)
{
    struct fixture *f = *state;
    f->answer = true;
    connect_as(f, "practice");
    assert_int_equal(send_referral(f, "his-c", LIMIT_MS, NULL), SCH_OK);
    connect_as(f, "ggz");
    assert_int_equal(sch_attach(f->client, NULL, 0, 8, on_msg, f, &f->error), SCH_OK);
    UNTIL(f, FIELD(f, attaches) == 1);
    /* The answer that is sent from within the callback meets a broker that forgot the session. */
    sch_fake_offer(&f->broker, 0, WORLD_GGZ);
    sch_fake_lock(&f->broker);
    f->broker.reject = SCH_E_HELLO_FIRST;
    f->broker.reject_count = 1;
    sch_fake_unlock(&f->broker);
    UNTIL(f, f->handed == 1 && f->client->journal.unconfirmed == 0 && f->client->held_count == 0);
    assert_int_equal(f->answered, 1);
    assert_int_equal(f->handed, 1);
    assert_true(f->broker.message[0].settled);
}

/* ---- what is refused by itself ------------------------------------------------------------------- */

static void expect_refusal(struct fixture *f, enum sch_system_refusal refusal)
{
    UNTIL(f, FIELD(f, settles) == 1 && f->client->journal.unconfirmed == 0);
    assert_int_equal(f->handed, 0);
    assert_int_equal(f->broker.last_settle.settle.verdict, SCH_VERDICT_REFUSED);
    assert_int_equal(f->broker.last_settle.settle.refusal, refusal);
}

static void test_false_signature(void **state)
{
    struct fixture *f = *state;
    connect_as(f, "practice");
    assert_int_equal(send_referral(f, "his-c", LIMIT_MS, NULL), SCH_OK);
    sch_fake_lock(&f->broker);
    f->broker.message[0].body[100] ^= 1;
    sch_fake_unlock(&f->broker);
    sch_fake_offer(&f->broker, 0, WORLD_GGZ);
    connect_as(f, "ggz");
    assert_int_equal(sch_attach(f->client, NULL, 0, 8, on_msg, f, &f->error), SCH_OK);
    expect_refusal(f, SCH_SYSTEM_REFUSAL_BAD_SIGNATURE);
}

static void test_not_our_key(void **state)
{
    struct fixture *f = *state;
    connect_as(f, "practice");
    assert_int_equal(send_referral(f, "his-c", LIMIT_MS, NULL), SCH_OK);
    sch_fake_offer(&f->broker, 0, WORLD_GGZ);
    f->client->config.mailbox[0].seal_key[0] = f->world.ggz_seal;
    char path[128];
    snprintf(path, sizeof path, "%s/ggz-seal.key", f->world.folder);
    assert_int_equal(unlink(path), 0);
    snprintf(path, sizeof path, "%s/ggz-seal.key.pub", f->world.folder);
    (void)unlink(path);
    snprintf(path, sizeof path, "%s/ggz-seal.key", f->world.folder);
    assert_int_equal(sch_key_pair_save(&f->world.practice_seal, path, &f->error), SCH_OK);
    connect_as(f, "ggz");
    assert_int_equal(sch_attach(f->client, NULL, 0, 8, on_msg, f, &f->error), SCH_OK);
    expect_refusal(f, SCH_SYSTEM_REFUSAL_CANNOT_OPEN);
}

/* An ACCEPTANCE of the ggz provider, signed by hand, for the practice; laid in a mailbox. */
static void put_signed_in(struct fixture *f, const char *mailbox, enum sch_kind kind, const char *sender,
                          const char *key_id, const struct sch_key_pair *key)
{
    uint8_t header_bytes[SCH_HEADER_SIZE_MAX], seal_bytes[SCH_SEAL_SIZE_MAX];
    struct sch_header header = { .id = sch_id_new(INT64_C(1790000000000)), .kind = kind };
    assert_true(sch_address_set(&header.sender, sender));
    assert_true(sch_address_set(&header.receiver, WORLD_PRACTICE));
    header.dossier = sch_id_new(INT64_C(1789000000000));
    if (kind == SCH_KIND_REMINDER) {
        header.fact[SCH_FACT_EXPECTATION] = 2;
        header.fact[SCH_FACT_STEP] = SCH_STEP_REMINDED;
    }
    size_t header_size = sch_header_encode(&header, header_bytes, sizeof header_bytes), seal_size = 0;
    struct sch_bytes bytes = { header_bytes, header_size };
    if (key) {
        struct sch_seal seal;
        size_t body_size = 0;
        assert_int_equal(sch_seal_make(&seal, NULL, &body_size, bytes, (struct sch_bytes){ 0 }, NULL, 0,
                                       key_id, key->secret_key, &f->error), SCH_OK);
        seal_size = sch_seal_encode(&seal, seal_bytes, sizeof seal_bytes);
    }
    sch_fake_put(&f->broker, mailbox, bytes, (struct sch_bytes){ seal_bytes, seal_size },
                 (struct sch_bytes){ 0 });
}

static void put_signed(struct fixture *f, enum sch_kind kind, const char *sender, const char *key_id,
                       const struct sch_key_pair *key)
{
    put_signed_in(f, WORLD_PRACTICE, kind, sender, key_id, key);
}

static void attach_practice(struct fixture *f)
{
    connect_as(f, "practice");
    assert_non_null(sch_client_directory(f->client, NULL, LIMIT_MS, &f->error));
    assert_int_equal(sch_attach(f->client, NULL, 0, 8, on_msg, f, &f->error), SCH_OK);
    UNTIL(f, FIELD(f, attaches) == 1);
}

static void test_newer_key_is_fetched(void **state)
{
    struct fixture *f = *state;
    attach_practice(f);
    unsigned before = FIELD(f, directories);
    sch_fake_lock(&f->broker);
    sch_client_world_publish(&f->world, 8, true);
    sch_fake_unlock(&f->broker);
    put_signed(f, SCH_KIND_ACCEPTANCE, WORLD_GGZ, "noord-sign-2", &f->world.ggz_new_sign);
    UNTIL(f, f->handed == 1);
    assert_true(FIELD(f, directories) == before + 1);
    assert_int_equal(f->kind, SCH_KIND_ACCEPTANCE);
}

static void test_unknown_key_is_refused(void **state)
{
    struct fixture *f = *state;
    attach_practice(f);
    put_signed(f, SCH_KIND_ACCEPTANCE, WORLD_GGZ, "noord-sign-2", &f->world.ggz_new_sign);
    expect_refusal(f, SCH_SYSTEM_REFUSAL_BAD_SIGNATURE);
}

static void test_another_partys_key_is_refused(void **state)
{
    struct fixture *f = *state;
    attach_practice(f);
    put_signed(f, SCH_KIND_ACCEPTANCE, WORLD_GGZ, "linde-sign", &f->world.practice_sign);
    expect_refusal(f, SCH_SYSTEM_REFUSAL_BAD_SIGNATURE);
}

static void test_forged_signature_is_refused(void **state)
{
    struct fixture *f = *state;
    attach_practice(f);
    put_signed(f, SCH_KIND_ACCEPTANCE, WORLD_GGZ, "noord-sign", &f->world.practice_sign);
    expect_refusal(f, SCH_SYSTEM_REFUSAL_BAD_SIGNATURE);
}

static void test_broker_speaks_unsigned(void **state)
{
    struct fixture *f = *state;
    attach_practice(f);
    put_signed(f, SCH_KIND_REMINDER, "regio:utrecht/broker", NULL, NULL);
    UNTIL(f, FIELD(f, settles) == 1);
    assert_int_equal(f->handed, 1);
    assert_int_equal(f->kind, SCH_KIND_REMINDER);
}

static void test_nobody_else_does(void **state)
{
    struct fixture *f = *state;
    attach_practice(f);
    put_signed(f, SCH_KIND_ACCEPTANCE, "regio:utrecht/broker", NULL, NULL);
    expect_refusal(f, SCH_SYSTEM_REFUSAL_MALFORMED);
    put_signed(f, SCH_KIND_REMINDER, WORLD_GGZ, NULL, NULL);
    UNTIL(f, FIELD(f, settles) == 2);
    assert_int_equal(f->handed, 0);
}

/* What a broker lays in another mailbox than the signed header names is not handed out there. */
static void test_wrong_mailbox_is_refused(void **state)
{
    struct fixture *f = *state;
    attach_practice(f);
    put_signed_in(f, WORLD_POH, SCH_KIND_ACCEPTANCE, WORLD_GGZ, "noord-sign", &f->world.ggz_sign);
    expect_refusal(f, SCH_SYSTEM_REFUSAL_NOT_OURS);
    put_signed_in(f, WORLD_POH, SCH_KIND_REMINDER, "regio:utrecht/broker", NULL, NULL);
    UNTIL(f, FIELD(f, settles) == 2);
    assert_int_equal(f->handed, 0);
}

static void test_missing_sections_are_told(void **state)
{
    struct fixture *f = *state;
    connect_as(f, "ggz");
    sch_draft *draft = sch_draft_new(f->client, SCH_KIND_INTAKE_REPORT);
    sch_draft_key(draft, "epd-1");
    struct sch_header opened = { .id = sch_id_new(sch_now_ms(f->client)), .kind = SCH_KIND_REFERRAL };
    strcpy(opened.sender.text, WORLD_PRACTICE);
    strcpy(opened.receiver.text, WORLD_GGZ);
    sch_draft_on(draft, &opened);
    sch_draft_fact(draft, SCH_FACT_EVENT_DATE, 20260920);
    sch_draft_fact(draft, SCH_FACT_OUTCOME, SCH_OUTCOME_TREATMENT);
    for (unsigned bit = 7; bit <= 16; bit++) {
        if (bit != 8 && bit != 14)      /* consent is no section of it; the plan is forgotten */
            sch_draft_section(draft, bit, "tekst");
    }
    assert_int_equal(sch_send(f->client, draft, LIMIT_MS, NULL, &f->error), SCH_OK);
    sch_draft_free(draft);
    sch_fake_offer(&f->broker, 0, WORLD_PRACTICE);
    connect_as(f, "practice");
    assert_int_equal(sch_attach(f->client, NULL, 0, 8, on_msg, f, &f->error), SCH_OK);
    UNTIL(f, FIELD(f, settles) == 1);
    assert_int_equal(f->missing, SCH_SECTION_PLAN);
    assert_int_equal(f->broker.last_settle.settle.missing_sections, SCH_SECTION_PLAN);
}

/* ---- asking and loops --------------------------------------------------------------------------- */

static void test_ask(void **state)
{
    struct fixture *f = *state;
    connect_as(f, "practice");
    struct sch_query query = { .type = SCH_QUERY_DOSSIER, .dossier = sch_id_new(1) };
    struct sch_page page;
    assert_int_equal(sch_ask(f->client, &query, LIMIT_MS, &page, &f->error), SCH_OK);
    assert_int_equal(page.dossier_count, 1);
    assert_true(sch_id_equal(&page.dossiers[0].dossier, &query.dossier));
    assert_string_equal(page.dossiers[0].receiver.text, WORLD_GGZ);
    sch_draft *draft = sch_draft_new(f->client, SCH_KIND_TAKEN_UP);
    sch_draft_on_row(draft, &page.dossiers[0]);
    assert_string_equal(sch_draft_header(draft)->receiver.text, WORLD_GGZ);
    sch_draft_free(draft);
}

static void test_own_poll_loop(void **state)
{
    struct fixture *f = *state;
    lay_referral(f);
    int64_t limit = sch_link_mono_ms() + LIMIT_MS;
    while (f->handed == 0 || f->client->journal.unconfirmed > 0) {
        struct pollfd item = { .fd = sch_client_fd(f->client), .events = POLLIN };
        poll(&item, 1, sch_client_wait_ms(f->client));
        assert_int_equal(sch_client_step(f->client, 0, &f->error), SCH_OK);
        assert_true(sch_link_mono_ms() < limit);
    }
    assert_int_equal(f->handed, 1);
}

static void *stop_later(void *client)
{
    usleep(50000);
    sch_stop(client);
    return NULL;
}

static void test_stop(void **state)
{
    struct fixture *f = *state;
    connect_as(f, "practice");
    sch_stop(f->client);
    assert_int_equal(sch_run(f->client, &f->error), SCH_OK);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, stop_later, f->client), 0);
    assert_int_equal(sch_run(f->client, &f->error), SCH_OK);
    pthread_join(thread, NULL);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_welcome), TEST(test_directory_is_cached_and_pinned), TEST(test_causes_of_refusal),
        TEST(test_one_process_each), TEST(test_receipt_and_same_key), TEST(test_resend_after_lost_receipt),
        TEST(test_outbox_outlives_the_process), TEST(test_rejections), TEST(test_one_dossier_goes_in_order),
        TEST(test_posting_in_groups), TEST(test_collect),
        TEST(test_closing_says_goodbye), TEST(test_sender_in_copy),
        TEST(test_refuse_and_retry),
        TEST(test_journal_suppresses), TEST(test_later), TEST(test_calls_from_within_the_callback),
        TEST(test_session_lost_within_the_callback), TEST(test_false_signature), TEST(test_not_our_key),
        TEST(test_newer_key_is_fetched), TEST(test_unknown_key_is_refused),
        TEST(test_another_partys_key_is_refused), TEST(test_forged_signature_is_refused),
        TEST(test_broker_speaks_unsigned), TEST(test_nobody_else_does),
        TEST(test_wrong_mailbox_is_refused), TEST(test_missing_sections_are_told), TEST(test_ask),
        TEST(test_own_poll_loop), TEST(test_stop),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests_name("client_link", tests, NULL, NULL);
}
