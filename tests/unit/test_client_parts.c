/*
 * test_client_parts.c: large letters in parts, both ways, with connections and processes that end in between.
 *
 * Against the broker of broker_fake.h. Waiting is always for something that happens, with a limit of some
 * seconds that only a failure reaches.
 */
#include <dirent.h>
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
#include "draft.h"
#include "handle.h"
#include "id.h"

#define LIMIT_MS 30000
#define CONTENT_SIZE ((size_t)5 * SCH_PART_SIZE)
#define PART_COUNT 6                    /* of a letter with that content */

struct fixture {
    struct sch_client_world world;
    struct sch_fake_broker broker;
    sch_client *client;
    sch_error error;
    uint8_t *content;
    sch_verdict verdict;
    unsigned handed, whole, sent, errors;
    uint8_t hash[32];
    enum sch_error_code last_code;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    if (!f)
        return 1;
    f->content = malloc(CONTENT_SIZE);
    if (!f->content)
        return 1;
    randombytes_buf(f->content, CONTENT_SIZE);
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
    free(f->content);
    free(f);
    return 0;
}

static unsigned field(struct fixture *f, const unsigned *of)
{
    sch_fake_lock(&f->broker);
    unsigned value = *of;
    sch_fake_unlock(&f->broker);
    return value;
}
#define SEEN(f, name) field((f), &(f)->broker.name)

#define ORDER(f, name, value) \
    (sch_fake_lock(&(f)->broker), (f)->broker.name = (value), sch_fake_unlock(&(f)->broker))

static void on_sent(void *context, const char *key, const sch_receipt *receipt, const sch_error *error)
{
    struct fixture *f = context;
    (void)key;
    f->last_code = error->code;
    f->sent++;
    memcpy(f->hash, receipt->hash, sizeof f->hash);
}

static void on_log(void *context, char level, const char *line)
{
    (void)line;
    ((struct fixture *)context)->errors += level == 'e';
}

static sch_verdict on_msg(const sch_msg *msg, void *context)
{
    struct fixture *f = context;
    size_t size = 0;
    const void *content = sch_msg_attachment(msg, 0, &size, NULL, NULL);
    f->handed++;
    f->whole += content && size == CONTENT_SIZE && memcmp(content, f->content, size) == 0;
    memcpy(f->hash, sch_msg_hash(msg), sizeof f->hash);
    return f->verdict;
}

static void open_as(struct fixture *f, const char *name)
{
    sch_close(f->client);
    f->client = sch_open(sch_client_world_config(&f->world, name, f->broker.endpoint, NULL), &f->error);
    if (!f->client)
        fail_msg("%s: %s", f->error.name, f->error.text);
    sch_on_sent(f->client, on_sent, f);
    sch_on_log(f->client, on_log, f);
}

static void connect_as(struct fixture *f, const char *name)
{
    open_as(f, name);
    if (sch_connect(f->client, LIMIT_MS, &f->error) != SCH_OK)
        fail_msg("%s: %s", f->error.name, f->error.text);
    assert_non_null(sch_client_directory(f->client, NULL, LIMIT_MS, &f->error));
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

static sch_draft *large(struct fixture *f, const char *key)
{
    sch_draft *draft = sch_draft_new(f->client, SCH_KIND_REFERRAL);
    assert_non_null(draft);
    sch_draft_key(draft, key);
    sch_draft_to(draft, WORLD_GGZ);
    sch_draft_fact(draft, SCH_FACT_URGENCY, SCH_URGENCY_ROUTINE);
    sch_draft_fact(draft, SCH_FACT_LETTER_DATE, 20260920);
    sch_draft_section(draft, 0, "Zie de bijlage.");
    sch_draft_attach(draft, "application/octet-stream", "scan.bin", f->content, CONTENT_SIZE);
    return draft;
}

static int send_large(struct fixture *f, const char *key, int timeout_ms)
{
    sch_draft *draft = large(f, key);
    f->error = (sch_error)SCH_ERROR_INIT;
    int code = sch_send(f->client, draft, timeout_ms, NULL, &f->error);
    sch_draft_free(draft);
    return code;
}

static int post_large(struct fixture *f, const char *key)
{
    sch_draft *draft = large(f, key);
    int code = sch_post(f->client, draft, NULL, &f->error);
    sch_draft_free(draft);
    return code;
}

/* Files of this kind in a state directory. */
static unsigned count_files(const struct fixture *f, const char *name, const char *prefix)
{
    char path[256];
    unsigned count = 0;
    snprintf(path, sizeof path, "%s/%s", f->world.folder, name);
    DIR *folder = opendir(path);
    assert_non_null(folder);
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder))
        count += strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
    closedir(folder);
    return count;
}

static void attach(struct fixture *f)
{
    assert_int_equal(sch_attach(f->client, NULL, 0, 8, on_msg, f, &f->error), SCH_OK);
}

/* ---- sending ------------------------------------------------------------------------------------ */

static void test_there_and_back(void **state)
{
    struct fixture *f = *state;
    connect_as(f, "practice");
    sch_draft *draft = large(f, "his-1");
    sch_receipt receipt = { 0 };
    assert_int_equal(sch_send(f->client, draft, LIMIT_MS, &receipt, &f->error), SCH_OK);
    sch_draft_free(draft);
    assert_int_equal(SEEN(f, parts), PART_COUNT);
    assert_int_equal(SEEN(f, parts_asked), 1);
    assert_int_equal(f->broker.message[0].part_count, PART_COUNT);
    assert_memory_equal(receipt.hash, f->broker.message[0].hash, 32);
    assert_int_equal(count_files(f, "practice", "outbox-"), 0);
    assert_int_equal(send_large(f, "his-1", LIMIT_MS), SCH_OK);
    assert_int_equal(SEEN(f, submits), 1);

    sch_fake_offer(&f->broker, 0, WORLD_GGZ);
    connect_as(f, "ggz");
    attach(f);
    UNTIL(f, SEEN(f, settles) == 1);
    assert_int_equal(f->handed, 1);
    assert_int_equal(f->whole, 1);
    assert_int_equal(SEEN(f, fetches), PART_COUNT);
    assert_memory_equal(f->hash, receipt.hash, 32);
    assert_int_equal(f->broker.last_settle.settle.verdict, SCH_VERDICT_COLLECTED);
    assert_int_equal(count_files(f, "ggz", "fetched-"), 0);
    assert_int_equal(f->errors, 0);
}

static void test_upload_goes_on_after_a_cut(void **state)
{
    struct fixture *f = *state;
    connect_as(f, "practice");
    ORDER(f, cut_after, 4);
    assert_int_equal(send_large(f, "his-1", LIMIT_MS), SCH_OK);
    assert_int_equal(SEEN(f, sessions), 2);
    assert_int_equal(SEEN(f, parts), PART_COUNT);
    assert_int_equal(SEEN(f, parts_again), 0);
    assert_int_equal(SEEN(f, parts_asked), 2);
}

static void test_upload_goes_on_after_a_restart(void **state)
{
    struct fixture *f = *state;
    connect_as(f, "practice");
    ORDER(f, cut_after, 4);
    assert_int_equal(post_large(f, "his-1"), SCH_E_QUEUED);
    UNTIL(f, SEEN(f, parts) == 3);
    assert_int_equal(count_files(f, "practice", "outbox-"), 1);
    connect_as(f, "practice");
    UNTIL(f, f->sent == 1);
    assert_int_equal(f->last_code, SCH_OK);
    assert_int_equal(SEEN(f, parts), PART_COUNT);
    assert_int_equal(SEEN(f, parts_again), 0);
    assert_memory_equal(f->hash, f->broker.message[0].hash, 32);
    assert_int_equal(count_files(f, "practice", "outbox-"), 0);
}

static void test_a_lost_receipt_of_a_large_letter(void **state)
{
    struct fixture *f = *state;
    connect_as(f, "practice");
    ORDER(f, lose_receipts, 1);
    assert_int_equal(post_large(f, "his-1"), SCH_E_QUEUED);
    UNTIL(f, SEEN(f, submits) == 1);
    ORDER(f, bounce, true);
    /* The broker used the parts up with the submission that it did not answer. */
    UNTIL(f, f->sent == 1);
    assert_int_equal(f->last_code, SCH_OK);
    assert_int_equal(SEEN(f, duplicates), 1);
    assert_int_equal(SEEN(f, other_bytes), 0);
    assert_int_equal(f->broker.message_count, 1);
    assert_int_equal(SEEN(f, parts), PART_COUNT);
}

static void test_a_lost_receipt_and_a_restart(void **state)
{
    struct fixture *f = *state;
    connect_as(f, "practice");
    ORDER(f, lose_receipts, 1);
    assert_int_equal(post_large(f, "his-1"), SCH_E_QUEUED);
    UNTIL(f, SEEN(f, submits) == 1);
    connect_as(f, "practice");
    UNTIL(f, f->sent == 1);
    assert_int_equal(f->last_code, SCH_OK);
    assert_int_equal(SEEN(f, duplicates), 1);
    assert_int_equal(SEEN(f, parts), PART_COUNT);
}

static void test_parts_that_the_broker_lost(void **state)
{
    struct fixture *f = *state;
    connect_as(f, "practice");
    ORDER(f, reject_parts, 2);
    ORDER(f, reject_part, SCH_E_UPLOAD_QUOTA);
    assert_int_equal(post_large(f, "his-1"), SCH_E_QUEUED);
    UNTIL(f, SEEN(f, parts) > 2);
    assert_int_equal(f->sent, 0);
    ORDER(f, forget_uploads, true);
    UNTIL(f, f->sent == 1);
    assert_int_equal(f->last_code, SCH_OK);
    assert_int_equal(f->broker.message[0].part_count, PART_COUNT);
}

static void test_a_part_refused_for_good(void **state)
{
    struct fixture *f = *state;
    connect_as(f, "practice");
    ORDER(f, reject_parts, 1);
    ORDER(f, reject_part, SCH_E_NOT_YOURS);
    assert_int_equal(send_large(f, "his-1", LIMIT_MS), SCH_E_NOT_YOURS);
    assert_int_equal(sch_outbox_count(f->client), 0);
    assert_int_equal(count_files(f, "practice", "outbox-"), 0);
    assert_int_equal(send_large(f, "his-1", LIMIT_MS), SCH_OK);
}

static void test_an_old_broker(void **state)
{
    struct fixture *f = *state;
    ORDER(f, no_parts, true);
    connect_as(f, "practice");
    assert_int_equal(send_large(f, "his-1", LIMIT_MS), SCH_E_TOO_LARGE);
    assert_int_equal(sch_outbox_count(f->client), 0);
}

/* Small messages pass while a large one's parts are put off. */
static void test_small_ones_pass(void **state)
{
    struct fixture *f = *state;
    connect_as(f, "practice");
    ORDER(f, reject_part, SCH_E_UPLOAD_QUOTA);
    ORDER(f, reject_parts, 1000000);
    assert_int_equal(post_large(f, "his-1"), SCH_E_QUEUED);
    sch_draft *draft = sch_draft_new(f->client, SCH_KIND_REFERRAL);
    sch_draft_key(draft, "his-2");
    sch_draft_to(draft, WORLD_GGZ);
    sch_draft_section(draft, 0, "Graag diagnostiek.");
    assert_int_equal(sch_send(f->client, draft, LIMIT_MS, NULL, &f->error), SCH_OK);
    sch_draft_free(draft);
    assert_int_equal(sch_outbox_count(f->client), 1);
    ORDER(f, reject_parts, 0);
    UNTIL(f, f->sent == 1);
}

static void test_lost_parts_are_said(void **state)
{
    struct fixture *f = *state;
    char command[256];
    connect_as(f, "practice");
    ORDER(f, deaf, true);
    open_as(f, "practice");
    assert_int_equal(post_large(f, "his-1"), SCH_E_QUEUED);
    snprintf(command, sizeof command, "rm %s/practice/outbox-*", f->world.folder);
    assert_int_equal(system(command), 0);
    ORDER(f, deaf, false);
    UNTIL(f, f->sent == 1);
    assert_int_equal(f->last_code, SCH_E_IO);
    assert_int_equal(sch_outbox_count(f->client), 0);
}

/* A crash between sealing and the outbox leaves parts that nothing asks for. */
static void test_leftovers_are_swept(void **state)
{
    struct fixture *f = *state;
    char path[256];
    open_as(f, "practice");
    snprintf(path, sizeof path, "%s/practice/outbox-019ecfa8-ae98-7011-8011-111111111111", f->world.folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    open_as(f, "practice");
    assert_int_equal(count_files(f, "practice", "outbox-"), 0);
    assert_int_equal(count_files(f, "practice", "outbox"), 1);
}

/* ---- collecting --------------------------------------------------------------------------------- */

static void offered(struct fixture *f)
{
    connect_as(f, "practice");
    assert_int_equal(send_large(f, "his-1", LIMIT_MS), SCH_OK);
    sch_fake_offer(&f->broker, 0, WORLD_GGZ);
}

/* Three parts, and then the broker says no more. */
static void fetch_three(struct fixture *f)
{
    ORDER(f, mute_after, 4);
    attach(f);
    UNTIL(f, f->client->fetch.parcel.have == 3);
}

/* Ends its silence and its sessions at one moment: what was asked before is not answered after. */
static void bounce(struct fixture *f)
{
    sch_fake_lock(&f->broker);
    f->broker.bounce = true;
    f->broker.mute_after = 0;
    sch_fake_unlock(&f->broker);
}

static void test_fetching_goes_on_after_a_cut(void **state)
{
    struct fixture *f = *state;
    offered(f);
    connect_as(f, "ggz");
    fetch_three(f);
    bounce(f);
    UNTIL(f, SEEN(f, settles) == 1);
    assert_int_equal(f->whole, 1);
    assert_int_equal(SEEN(f, fetches), PART_COUNT);
}

static void test_fetching_goes_on_after_a_restart(void **state)
{
    struct fixture *f = *state;
    offered(f);
    connect_as(f, "ggz");
    fetch_three(f);
    assert_int_equal(count_files(f, "ggz", "fetched-"), 1);
    sch_close(f->client);
    f->client = NULL;
    bounce(f);
    connect_as(f, "ggz");
    attach(f);
    UNTIL(f, SEEN(f, settles) == 1);
    assert_int_equal(f->whole, 1);
    assert_int_equal(SEEN(f, fetches), PART_COUNT);
    assert_int_equal(count_files(f, "ggz", "fetched-"), 0);
}

static void test_a_retry_fetches_nothing_twice(void **state)
{
    struct fixture *f = *state;
    offered(f);
    connect_as(f, "ggz");
    f->verdict = SCH_RETRY;
    attach(f);
    UNTIL(f, SEEN(f, settles) == 1);
    assert_int_equal(count_files(f, "ggz", "fetched-"), 1);
    f->verdict = SCH_COLLECT;
    ORDER(f, message[0].offered_in, 0);
    UNTIL(f, SEEN(f, settles) == 2);
    assert_int_equal(f->whole, 2);
    assert_int_equal(SEEN(f, fetches), PART_COUNT);
    assert_int_equal(count_files(f, "ggz", "fetched-"), 0);
}

static void test_a_spoilt_part_is_refused(void **state)
{
    struct fixture *f = *state;
    offered(f);
    connect_as(f, "ggz");
    ORDER(f, spoil_fetch, 3);
    attach(f);
    UNTIL(f, SEEN(f, settles) == 1);
    assert_int_equal(f->handed, 0);
    assert_int_equal(f->broker.last_settle.settle.verdict, SCH_VERDICT_REFUSED);
    assert_int_equal(f->broker.last_settle.settle.refusal, SCH_SYSTEM_REFUSAL_BAD_SIGNATURE);
    assert_int_equal(count_files(f, "ggz", "fetched-"), 0);
}

static void test_a_letter_taken_back_meanwhile(void **state)
{
    struct fixture *f = *state;
    offered(f);
    connect_as(f, "ggz");
    ORDER(f, reject_fetch, SCH_E_UNKNOWN_MESSAGE);
    attach(f);
    UNTIL(f, SEEN(f, attaches) == 1 && f->client->held_count == 0 && f->broker.message[0].offered_in != 0);
    assert_int_equal(f->handed, 0);
    ORDER(f, message[0].offered_in, 0);
    UNTIL(f, SEEN(f, settles) == 1);
    assert_int_equal(f->whole, 1);
}

/* Parts of one message do not open under another's seal. */
static void test_parts_of_another_letter(void **state)
{
    struct fixture *f = *state;
    offered(f);
    f->content[0] ^= 1;
    assert_int_equal(send_large(f, "his-2", LIMIT_MS), SCH_OK);
    sch_fake_lock(&f->broker);
    struct sch_fake_message *one = &f->broker.message[0], *two = &f->broker.message[1];
    assert_int_equal(one->body_size, two->body_size);
    memcpy(two->body + SCH_PART_SIZE, one->body + SCH_PART_SIZE, SCH_PART_SIZE);
    one->offer = false;
    sch_fake_unlock(&f->broker);
    sch_fake_offer(&f->broker, 1, WORLD_GGZ);
    connect_as(f, "ggz");
    attach(f);
    UNTIL(f, SEEN(f, settles) == 1);
    assert_int_equal(f->handed, 0);
    assert_int_equal(f->broker.last_settle.settle.verdict, SCH_VERDICT_REFUSED);
}

static void test_a_broker_that_floods(void **state)
{
    struct fixture *f = *state;
    connect_as(f, "ggz");
    ORDER(f, flood, 900);
    attach(f);
    size_t most = 0;
    UNTIL(f, (most = f->client->held_count > most ? f->client->held_count : most, SEEN(f, flood) == 0) &&
             f->errors > 0);
    assert_true(most <= 2 * SCH_CREDIT_MESSAGES_MAX);
}

/* ---- who goes first ----------------------------------------------------------------------------- */

static void post(struct fixture *f, enum sch_kind kind, unsigned number, const struct sch_id *dossier)
{
    char key[32];
    snprintf(key, sizeof key, "his-%u", number);
    sch_draft *draft = sch_draft_new(f->client, kind);
    assert_non_null(draft);
    sch_draft_key(draft, key);
    sch_draft_to(draft, WORLD_GGZ);
    draft->header.dossier = *dossier;
    assert_int_equal(sch_post(f->client, draft, NULL, &f->error), SCH_E_QUEUED);
    sch_draft_free(draft);
}

/* Referrals that a full broker puts off, however many, do not hold up what stands behind them. */
static void test_what_is_put_off_holds_up_nothing(void **state)
{
    struct fixture *f = *state;
    const struct sch_id none = { { 0 } }, dossier = { { 7 } };
    connect_as(f, "practice");
    ORDER(f, reject_only, SCH_KIND_REFERRAL);
    ORDER(f, reject, SCH_E_STORE_FULL);
    ORDER(f, reject_count, 1000000);
    for (unsigned i = 0; i < 1500; i++)
        post(f, SCH_KIND_REFERRAL, i, &none);
    post(f, SCH_KIND_TAKEN_UP, 9000, &dossier);
    UNTIL(f, f->sent == 1);
    assert_int_equal(f->last_code, SCH_OK);
    assert_int_equal(sch_outbox_count(f->client), 1500);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_there_and_back), TEST(test_upload_goes_on_after_a_cut),
        TEST(test_upload_goes_on_after_a_restart), TEST(test_a_lost_receipt_of_a_large_letter),
        TEST(test_a_lost_receipt_and_a_restart),
        TEST(test_parts_that_the_broker_lost), TEST(test_a_part_refused_for_good), TEST(test_an_old_broker),
        TEST(test_small_ones_pass), TEST(test_lost_parts_are_said), TEST(test_leftovers_are_swept),
        TEST(test_fetching_goes_on_after_a_cut), TEST(test_fetching_goes_on_after_a_restart),
        TEST(test_a_retry_fetches_nothing_twice), TEST(test_a_spoilt_part_is_refused),
        TEST(test_a_letter_taken_back_meanwhile), TEST(test_parts_of_another_letter),
        TEST(test_a_broker_that_floods), TEST(test_what_is_put_off_holds_up_nothing),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests_name("client parts", tests, NULL, NULL);
}
