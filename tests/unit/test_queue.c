/* test_queue.c: what an operator sees of the mailboxes, hurries and holds back, over the store in memory. */
#include "shell/queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "id.h"
#include "shell/record.h"
#include "store_sim.h"

struct fixture {
    struct sch_queue queue;
    struct sch_session *session;
    sch_error error;
    char *text;
    size_t size;
};

static struct sch_address address_of(const char *text)
{
    struct sch_address address;
    assert_true(sch_address_set(&address, text));
    return address;
}

static struct sch_id id_of(unsigned number)
{
    struct sch_id id = { { 0x01, 0x93 } };
    id.bytes[6] = 0x70;
    id.bytes[8] = 0x80;
    id.bytes[14] = (uint8_t)(number >> 8);
    id.bytes[15] = (uint8_t)number;
    return id;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->queue.store = sch_store_sim_new();
    f->queue.mono_ms = 1000;
    assert_int_equal(sch_sessions_open(&f->queue.sessions), SCH_OK);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    sch_sessions_close(f->queue.sessions);
    sch_store_sim_free(f->queue.store);
    free(f->text);
    free(f);
    return 0;
}

static void lay(struct fixture *f, const char *mailbox, unsigned number)
{
    struct sch_address address = address_of(mailbox);
    struct sch_mailbox_entry entry = { .message = id_of(number),
                                       .dossier = id_of(number),
                                       .kind = SCH_KIND_REFERRAL,
                                       .sender = address_of("agb:01054321"),
                                       .stored_ms = 1763800000000 + number,
                                       .body_size = 2048,
                                       .kenmerk = number };
    uint8_t value[SCH_RECORD_MAILBOX_MAX];
    struct sch_record_key key = sch_record_key_mailbox(&address, number);
    const struct sch_op op = { .table = SCH_TABLE_MAILBOX,
                               .key = sch_record_key_bytes(&key),
                               .value = { value, sch_record_mailbox_encode(&entry, value, sizeof value) },
                               .expected = SCH_STORE_ANY };
    assert_int_equal(sch_store_apply(f->queue.store, &op, 1), SCH_STORE_OK);
}

/* Someone who collects from a mailbox. */
static void attach(struct fixture *f, const char *mailbox)
{
    const struct sch_peer peer = { .size = 1, .bytes = { 7 } };
    const struct sch_id instance = id_of(9999);
    struct sch_address address = address_of(mailbox);
    f->session = sch_sessions_welcome(f->queue.sessions, &peer, "angst", &instance, 1000);
    assert_non_null(f->session);
    assert_int_equal(sch_sessions_attach(f->queue.sessions, f->session, &address, 1, 8, 1 << 20), SCH_OK);
}

static struct sch_hold *lease(struct fixture *f, const char *mailbox, unsigned number)
{
    struct sch_id id = id_of(number);
    struct sch_hold *hold =
        sch_sessions_lease(f->queue.sessions, sch_sessions_mailbox_of(f->queue.sessions, mailbox), f->session,
                           &id, &id, number, 2048, 1000);
    assert_non_null(hold);
    return hold;
}

/* What a request says; its code is in error. */
static const char *said(struct fixture *f,
                        int (*ask)(const struct sch_queue *, const char *, FILE *, sch_error *),
                        const char *argument)
{
    free(f->text);
    FILE *out = open_memstream(&f->text, &f->size);
    assert_non_null(out);
    f->error = (sch_error)SCH_ERROR_INIT;
    int code = ask(&f->queue, argument, out, &f->error);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(code, f->error.code);
    return f->text;
}

static void test_list(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(said(f, sch_queue_ls, NULL), "");
    for (unsigned i = 1; i <= 3; i++)
        lay(f, "agb:06290713/angst", i);
    lay(f, "agb:94061234", 4);
    attach(f, "agb:06290713/angst");
    (void)lease(f, "agb:06290713/angst", 1);
    sch_sessions_back_off(f->queue.sessions, lease(f, "agb:06290713/angst", 2), 1000);
    assert_string_equal(
        said(f, sch_queue_ls, ""),
        "mailbox agb:06290713/angst waiting 3 leased 1 backing-off 1 oldest 1763800000001 held no\n"
        "mailbox agb:94061234 waiting 1 leased 0 backing-off 0 oldest 1763800000004 held no\n");
    assert_string_equal(
        said(f, sch_queue_ls, "agb:06290713/angst"),
        "mailbox agb:94061234 waiting 1 leased 0 backing-off 0 oldest 1763800000004 held no\n");
    (void)said(f, sch_queue_ls, "nonsense");
    assert_int_equal(f->error.code, SCH_E_USAGE);
}

/* A mailbox with more than are counted does not hide the next one. */
static void test_many(void **state)
{
    struct fixture *f = *state;
    for (unsigned i = 1; i <= SCH_QUEUE_COUNT_MAX + 5; i++)
        lay(f, "agb:06290713", i);
    lay(f, "agb:06290713/angst", 20000);
    assert_string_equal(
        said(f, sch_queue_ls, NULL),
        "mailbox agb:06290713 waiting 10000 leased 0 backing-off 0 oldest 1763800000001 held no\n"
        "mailbox agb:06290713/angst waiting 1 leased 0 backing-off 0 oldest 1763800020000 held no\n");
}

static void test_peek(void **state)
{
    struct fixture *f = *state;
    lay(f, "agb:94061234", 1);
    lay(f, "agb:94061234", 2);
    attach(f, "agb:94061234");
    sch_sessions_back_off(f->queue.sessions, lease(f, "agb:94061234", 1), 1000);
    const char *text = said(f, sch_queue_peek, "agb:94061234");
    assert_non_null(strstr(text, "message 01930000-0000-7000-8000-000000000001 kenmerk SN-"));
    assert_non_null(strstr(text,
                           "kind REFERRAL sender agb:01054321 stored 1763800000001 size 2048 sequence 1 "
                           "state backing-off tries 1 until-ms 1000\n"));
    assert_non_null(strstr(text, "sequence 2 state waiting tries 0 until-ms 0\n"));
    assert_string_equal(said(f, sch_queue_peek, "agb:01054321"), "");
}

static void test_retry(void **state)
{
    struct fixture *f = *state;
    attach(f, "agb:94061234");
    for (unsigned i = 1; i <= 3; i++) {
        lay(f, "agb:94061234", i);
        sch_sessions_back_off(f->queue.sessions, lease(f, "agb:94061234", i), 1000);
    }
    assert_string_equal(said(f, sch_queue_retry, "01930000-0000-7000-8000-000000000002"), "retried 1\n");
    assert_int_equal(sch_sessions_count(f->queue.sessions).backing_off, 2);
    assert_string_equal(said(f, sch_queue_retry, "agb:01054321"), "retried 0\n");
    assert_string_equal(said(f, sch_queue_retry, "agb:94061234"), "retried 2\n");
    assert_int_equal(sch_sessions_count(f->queue.sessions).backing_off, 0);
}

static void test_hold(void **state)
{
    struct fixture *f = *state;
    attach(f, "agb:94061234");
    struct sch_mailbox *mailbox = sch_sessions_mailbox_of(f->queue.sessions, "agb:94061234");
    assert_ptr_equal(sch_sessions_taker(f->queue.sessions, mailbox, 1, 1000), f->session);
    assert_int_equal(sch_queue_hold(&f->queue, "agb:94061234", true, &f->error), SCH_OK);
    assert_int_equal(sch_queue_hold(&f->queue, "agb:06290713", true, &f->error), SCH_OK);
    assert_int_equal(sch_queue_hold(&f->queue, "agb:06290713", true, &f->error), SCH_OK);
    mailbox = sch_sessions_mailbox_of(f->queue.sessions, "agb:94061234");
    assert_null(sch_sessions_taker(f->queue.sessions, mailbox, 1, 1000));
    assert_string_equal(said(f, sch_queue_ls, NULL),
                        "mailbox agb:94061234 waiting 0 leased 0 backing-off 0 oldest 0 held yes\n"
                        "mailbox agb:06290713 waiting 0 leased 0 backing-off 0 oldest 0 held yes\n");
    assert_int_equal(sch_queue_hold(&f->queue, "agb:94061234", false, &f->error), SCH_OK);
    assert_ptr_equal(sch_sessions_taker(f->queue.sessions, mailbox, 1, 1000), f->session);

    /* After a restart the other one is still held back. */
    sch_sessions_close(f->queue.sessions);
    assert_int_equal(sch_sessions_open(&f->queue.sessions), SCH_OK);
    assert_int_equal(sch_queue_load(&f->queue, &f->error), SCH_OK);
    assert_string_equal(said(f, sch_queue_ls, NULL),
                        "mailbox agb:06290713 waiting 0 leased 0 backing-off 0 oldest 0 held yes\n");
    assert_int_equal(sch_queue_hold(&f->queue, "agb:06290713", false, &f->error), SCH_OK);
    assert_string_equal(said(f, sch_queue_ls, NULL), "");
}

/* What the store did not take is not said to be held. */
static void test_hold_fails(void **state)
{
    struct fixture *f = *state;
    sch_store_sim_fail(f->queue.store, SCH_SIM_FULL, 0);
    assert_int_equal(sch_queue_hold(&f->queue, "agb:94061234", true, &f->error), SCH_E_IO);
    assert_string_equal(said(f, sch_queue_ls, NULL), "");
    for (unsigned i = 0; i < SCH_QUEUE_HELD_MAX; i++) {
        char text[32];
        snprintf(text, sizeof text, "agb:%08u", i);
        assert_int_equal(sch_queue_hold(&f->queue, text, true, &f->error), SCH_OK);
    }
    assert_int_equal(sch_queue_hold(&f->queue, "agb:94061234", true, &f->error), SCH_E_BROKER_BUSY);
    assert_int_equal(sch_queue_hold(&f->queue, "agb:00000000", false, &f->error), SCH_OK);
    assert_int_equal(sch_queue_hold(&f->queue, "agb:94061234", true, &f->error), SCH_OK);
}

#define QUEUE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        QUEUE_TEST(test_list),  QUEUE_TEST(test_many), QUEUE_TEST(test_peek),
        QUEUE_TEST(test_retry), QUEUE_TEST(test_hold), QUEUE_TEST(test_hold_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
