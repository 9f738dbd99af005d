/*
 * test_session.c: sessions, credit, leases, back-offs: all that a restart forgets.
 */
#include "shell/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct sch_address box_a = { "agb:01000001" }, box_b = { "agb:01000002" };

static struct sch_peer peer(unsigned n)
{
    struct sch_peer made = { .size = 5 };

    memcpy(made.bytes + 1, &n, sizeof n);
    return made;
}

static struct sch_id id(unsigned n)
{
    struct sch_id made = { { 7 } };

    memcpy(made.bytes + 8, &n, sizeof n);
    return made;
}

static struct sch_session *welcome(struct sch_sessions *s, unsigned n, const char *key_id, unsigned instance,
                                   int64_t mono_ms)
{
    struct sch_peer from = peer(n);
    struct sch_id installation = id(instance);

    return sch_sessions_welcome(s, &from, key_id, &installation, mono_ms);
}

static struct sch_session *find(struct sch_sessions *s, unsigned n, const char *key_id, int64_t mono_ms)
{
    struct sch_peer from = peer(n);

    return sch_sessions_find(s, &from, key_id, mono_ms);
}

static struct sch_mailbox *box(struct sch_sessions *s)
{
    return sch_sessions_mailbox_of(s, box_a.text);
}

static struct sch_hold *lease(struct sch_sessions *s, struct sch_session *session, unsigned dossier,
                              unsigned message,
                              uint32_t bytes, int64_t mono_ms)
{
    struct sch_id of = id(dossier), what = id(message);

    return sch_sessions_lease(s, box(s), session, &of, &what, message, bytes, mono_ms);
}

static int set_up(void **state)
{
    struct sch_sessions *s = NULL;

    assert_int_equal(sch_sessions_open(&s), SCH_OK);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    sch_sessions_close(*state);
    return 0;
}

static struct sch_session *attached(struct sch_sessions *s, unsigned n, uint32_t messages, uint32_t bytes)
{
    struct sch_session *session = welcome(s, n, "linde", n, 0);

    assert_non_null(session);
    assert_int_equal(sch_sessions_attach(s, session, &box_a, 1, messages, bytes), SCH_OK);
    return session;
}

/* ---- who is who --------------------------------------------------------------------------------- */

static void test_find(void **state)
{
    struct sch_sessions *s = *state;
    struct sch_session *session = welcome(s, 1, "linde", 1, 0);

    assert_ptr_equal(find(s, 1, "linde", 5), session);
    assert_int_equal(session->heard_ms, 5);
    /* Another key over the same connection is not this session; nor is another connection. */
    assert_null(find(s, 1, "beuk", 6));
    assert_null(find(s, 2, "linde", 6));
    assert_int_equal(session->heard_ms, 5);
    assert_int_equal(sch_sessions_count(s).sessions, 1);
}

static void test_same_instance_replaces(void **state)
{
    struct sch_sessions *s = *state;
    struct sch_session *first = attached(s, 1, 8, 1000);

    (void)lease(s, first, 1, 1, 10, 0);
    assert_int_equal(sch_sessions_count(s).leased, 1);
    assert_non_null(welcome(s, 2, "linde", 1, 10));
    assert_null(find(s, 1, "linde", 10));
    assert_non_null(find(s, 2, "linde", 10));
    assert_int_equal(sch_sessions_count(s).sessions, 1);
    assert_int_equal(sch_sessions_count(s).leased, 0);
    assert_int_equal(box(s)->session_count, 0);
    /* Another installation of the same key stands beside it; so does the same instance under another key. */
    assert_non_null(welcome(s, 3, "linde", 2, 10));
    assert_non_null(welcome(s, 4, "beuk", 1, 10));
    assert_int_equal(sch_sessions_count(s).sessions, 3);
    /* A second hello over one connection replaces what it was. */
    assert_non_null(welcome(s, 3, "linde", 9, 10));
    assert_int_equal(sch_sessions_count(s).sessions, 3);
}

static void test_eight_sessions_per_mailbox(void **state)
{
    struct sch_sessions *s = *state;
    struct sch_session *eighth = NULL, *ninth;

    for (unsigned i = 1; i <= 8; i++)
        eighth = attached(s, i, 8, 1000);
    ninth = welcome(s, 9, "linde", 9, 0);
    assert_int_equal(sch_sessions_attach(s, ninth, &box_b, 1, 8, 1000), SCH_OK);
    assert_int_equal(sch_sessions_attach(s, ninth, &box_a, 1, 8, 1000), SCH_E_BROKER_BUSY);
    /* Nothing changed: it collects what it collected before. */
    assert_int_equal(ninth->attached_count, 1);
    assert_int_equal(sch_sessions_mailbox_of(s, box_b.text)->session_count, 1);
    /* Who is attached already may attach again; who leaves makes room. */
    assert_int_equal(sch_sessions_attach(s, eighth, &box_a, 1, 4, 500), SCH_OK);
    assert_int_equal(box(s)->session_count, 8);
    assert_int_equal(sch_sessions_attach(s, eighth, NULL, 0, 0, 0), SCH_OK);
    assert_int_equal(sch_sessions_attach(s, ninth, &box_a, 1, 8, 1000), SCH_OK);
    assert_int_equal(box(s)->session_count, 8);
    assert_int_equal(sch_sessions_mailbox_of(s, box_b.text)->session_count, 0);
}

static void test_attach_twice_to_one_mailbox(void **state)
{
    struct sch_sessions *s = *state;
    struct sch_session *session = welcome(s, 1, "linde", 1, 0);
    struct sch_address twice[2] = { box_a, box_a };

    assert_int_equal(sch_sessions_attach(s, session, twice, 2, 8, 1000), SCH_OK);
    assert_int_equal(session->attached_count, 1);
    assert_int_equal(box(s)->session_count, 1);
}

static void test_many_mailboxes(void **state)
{
    struct sch_sessions *s = *state;
    struct sch_session *session = welcome(s, 1, "linde", 1, 0);

    for (unsigned i = 0; i < 300; i++) {
        struct sch_address address = { "" };

        snprintf(address.text, sizeof address.text, "agb:%08u", i);
        assert_int_equal(sch_sessions_attach(s, session, &address, 1, 1, 1), SCH_OK);
    }
    assert_int_equal(sch_sessions_mailbox_count(s), 300);
    assert_int_equal(sch_sessions_count(s).mailboxes, 1);
    assert_non_null(sch_sessions_mailbox_of(s, "agb:00000299"));
    assert_null(sch_sessions_mailbox_of(s, "agb:00000300"));
}

static void test_table_is_bounded(void **state)
{
    struct sch_sessions *s = *state;

    char key_id[16];

    for (unsigned i = 0; i < SCH_SESSIONS_MAX; i++) {
        snprintf(key_id, sizeof key_id, "key-%u", i / SCH_SESSIONS_PER_KEY_MAX);
        assert_non_null(welcome(s, i, key_id, i, 0));
    }
    assert_null(welcome(s, SCH_SESSIONS_MAX, "linde", SCH_SESSIONS_MAX, 0));
    sch_sessions_end(s, find(s, 77, "key-0", 0));
    assert_null(find(s, 77, "key-0", 0));
    assert_non_null(find(s, 78, "key-0", 0));
    assert_non_null(welcome(s, SCH_SESSIONS_MAX, "linde", SCH_SESSIONS_MAX, 0));
}

static void test_one_key_does_not_take_every_place(void **state)
{
    struct sch_sessions *s = *state;

    for (unsigned i = 0; i < SCH_SESSIONS_PER_KEY_MAX; i++)
        assert_non_null(welcome(s, i, "linde", i, 0));
    assert_null(welcome(s, SCH_SESSIONS_PER_KEY_MAX, "linde", SCH_SESSIONS_PER_KEY_MAX, 0));
    assert_non_null(welcome(s, SCH_SESSIONS_PER_KEY_MAX, "haven", SCH_SESSIONS_PER_KEY_MAX, 0));
    /* The same instance again takes its own place, also when all are taken. */
    assert_non_null(welcome(s, SCH_SESSIONS_PER_KEY_MAX + 1, "linde", 5, 0));
}

/* ---- credit ------------------------------------------------------------------------------------- */

static void test_credit_in_messages(void **state)
{
    struct sch_sessions *s = *state;
    struct sch_session *session = attached(s, 1, 2, 1000);

    assert_ptr_equal(sch_sessions_taker(s, box(s), 1, 0), session);
    (void)lease(s, session, 1, 1, 1, 0);
    assert_ptr_equal(sch_sessions_taker(s, box(s), 1, 0), session);
    struct sch_hold *second = lease(s, session, 2, 2, 1, 0);
    assert_null(sch_sessions_taker(s, box(s), 1, 0));
    sch_sessions_forget(s, second);
    assert_ptr_equal(sch_sessions_taker(s, box(s), 1, 0), session);
    /* Without credit nothing is taken at all. */
    assert_int_equal(sch_sessions_attach(s, session, &box_a, 1, 0, 1000), SCH_OK);
    assert_null(sch_sessions_taker(s, box(s), 1, 0));
}

static void test_credit_in_bytes(void **state)
{
    struct sch_sessions *s = *state;
    struct sch_session *session = attached(s, 1, 100, 1000);
    struct sch_hold *hold = lease(s, session, 1, 1, 400, 0);

    assert_ptr_equal(sch_sessions_taker(s, box(s), 600, 0), session);
    assert_null(sch_sessions_taker(s, box(s), 601, 0));
    sch_sessions_forget(s, hold);
    /* A letter larger than the whole credit passes alone, or it never would. */
    assert_ptr_equal(sch_sessions_taker(s, box(s), 5000, 0), session);
    (void)lease(s, session, 2, 2, 5000, 0);
    assert_null(sch_sessions_taker(s, box(s), 0, 0));
}

static void test_turns(void **state)
{
    struct sch_sessions *s = *state;
    struct sch_session *one = attached(s, 1, 2, 1000), *two = attached(s, 2, 2, 1000);

    for (unsigned i = 1; i <= 4; i++) {
        struct sch_session *taker = sch_sessions_taker(s, box(s), 0, 0);

        /* Asking is no turn. */
        assert_ptr_equal(sch_sessions_taker(s, box(s), 0, 0), taker);
        assert_ptr_equal(taker, i % 2 == 1 ? one : two);
        (void)lease(s, taker, i, i, 1, 0);
    }
    assert_null(sch_sessions_taker(s, box(s), 0, 0));
}

static void test_stall(void **state)
{
    struct sch_sessions *s = *state;
    struct sch_session *session = attached(s, 1, 8, 1000);

    sch_sessions_stall(s, session, 100);
    assert_null(sch_sessions_taker(s, box(s), 0, 100 + SCH_STALL_MS - 1));
    assert_int_equal(sch_sessions_expire(s, 100), 100 + SCH_STALL_MS);
    assert_ptr_equal(sch_sessions_taker(s, box(s), 0, 100 + SCH_STALL_MS), session);
}

/* ---- leases ------------------------------------------------------------------------------------- */

static void test_one_per_dossier(void **state)
{
    struct sch_sessions *s = *state;
    struct sch_session *session = attached(s, 1, 8, 1000);
    struct sch_id one = id(1), two = id(2), message = id(1), leased[2];
    struct sch_hold *hold = lease(s, session, 1, 1, 1, 0);

    assert_true(sch_sessions_busy(s, box(s), &one));
    assert_false(sch_sessions_busy(s, box(s), &two));
    assert_int_equal(sch_sessions_leased(s, &one, leased, 2), 1);
    assert_memory_equal(&leased[0], &message, sizeof message);
    assert_int_equal(sch_sessions_leased(s, &one, leased, 0), 0);
    assert_true(sch_sessions_holds(s, session, hold));
    assert_false(sch_sessions_holds(s, attached(s, 2, 8, 1000), hold));
    assert_false(sch_sessions_holds(s, session, NULL));
    assert_ptr_equal(sch_sessions_hold(s, box(s), &one, &message), hold);
    sch_sessions_forget(s, hold);
    assert_false(sch_sessions_busy(s, box(s), &one));
    assert_null(sch_sessions_hold(s, box(s), &one, &message));
    sch_sessions_forget(s, NULL);
}

static void test_release_makes_it_free_and_known(void **state)
{
    struct sch_sessions *s = *state;
    struct sch_session *session = attached(s, 1, 8, 1000);
    struct sch_id one = id(1);
    struct sch_hold *hold = lease(s, session, 1, 7, 100, 0);

    box(s)->pending = false;
    box(s)->scan_from = 8;
    sch_sessions_release(s, hold);
    assert_int_equal(hold->state, SCH_HOLD_OFFERED);
    assert_false(sch_sessions_busy(s, box(s), &one));
    assert_int_equal(session->held_messages, 0);
    assert_int_equal(session->held_bytes, 0);
    /* The mailbox is looked at again, from this message on. */
    assert_true(box(s)->pending);
    assert_int_equal(box(s)->scan_from, 7);
    /* And it can be leased again, to be told from a first offer. */
    assert_ptr_equal(lease(s, session, 1, 7, 100, 50), hold);
}

/* Attaching to other mailboxes, or to none, ends the leases in those that are left; staying keeps them. */
static void test_who_leaves_gives_back(void **state)
{
    struct sch_sessions *s = *state;
    struct sch_session *session = attached(s, 1, 8, 1000);
    struct sch_address both[2] = { box_a, box_b };
    struct sch_hold *hold = lease(s, session, 1, 7, 100, 0);

    assert_int_equal(sch_sessions_attach(s, session, both, 2, 8, 1000), SCH_OK);
    assert_true(sch_sessions_holds(s, session, hold));
    assert_int_equal(sch_sessions_attach(s, session, &box_b, 1, 8, 1000), SCH_OK);
    assert_int_equal(hold->state, SCH_HOLD_OFFERED);
    assert_int_equal(session->held_messages, 0);
    assert_int_equal(session->held_bytes, 0);
    assert_int_equal(sch_sessions_count(s).leased, 0);
    assert_int_equal(sch_sessions_attach(s, session, both, 2, 8, 1000), SCH_OK);
    assert_ptr_equal(lease(s, session, 1, 7, 100, 50), hold);
    assert_int_equal(sch_sessions_attach(s, session, NULL, 0, 0, 0), SCH_OK);
    assert_int_equal(sch_sessions_count(s).leased, 0);
}

static void test_lease_runs_out(void **state)
{
    struct sch_sessions *s = *state;
    struct sch_session *session = attached(s, 1, 8, 1000);
    struct sch_hold *hold = lease(s, session, 1, 1, 1, 1000);

    assert_int_equal(sch_sessions_expire(s, 1000), 1000 + SCH_LEASE_MS);
    (void)sch_sessions_expire(s, 1000 + SCH_LEASE_MS - 1);
    assert_int_equal(hold->state, SCH_HOLD_LEASED);
    (void)sch_sessions_expire(s, 1000 + SCH_LEASE_MS);
    assert_int_equal(hold->state, SCH_HOLD_OFFERED);
    assert_int_equal(sch_sessions_count(s).expired, 1);
    assert_int_equal(sch_sessions_count(s).leased, 0);
}

static void test_ping_extends(void **state)
{
    struct sch_sessions *s = *state;
    struct sch_session *session = attached(s, 1, 8, 1000), *other = attached(s, 2, 8, 1000);
    struct sch_hold *hold = lease(s, session, 1, 1, 1, 0), *foreign = lease(s, other, 2, 2, 1, 0);

    sch_sessions_extend(s, session, 50000);
    (void)sch_sessions_expire(s, SCH_LEASE_MS);
    assert_int_equal(hold->state, SCH_HOLD_LEASED);
    assert_int_equal(foreign->state, SCH_HOLD_OFFERED);
    (void)sch_sessions_expire(s, 50000 + SCH_LEASE_MS);
    assert_int_equal(hold->state, SCH_HOLD_OFFERED);
}

static void test_silence_ends_a_session(void **state)
{
    struct sch_sessions *s = *state;
    struct sch_session *session = attached(s, 1, 8, 1000);

    assert_int_equal(sch_sessions_expire(s, 0), SCH_SESSION_IDLE_MS);
    session = find(s, 1, "linde", 1000);
    assert_non_null(session);
    assert_int_equal(sch_sessions_expire(s, SCH_SESSION_IDLE_MS), SCH_SESSION_IDLE_MS + 1000);
    assert_int_equal(sch_sessions_count(s).sessions, 1);
    assert_int_equal(sch_sessions_expire(s, SCH_SESSION_IDLE_MS + 1000), INT64_MAX);
    assert_int_equal(sch_sessions_count(s).sessions, 0);
    assert_int_equal(box(s)->session_count, 0);
}

/* ---- back-off ----------------------------------------------------------------------------------- */

static void test_back_off_doubles(void **state)
{
    static const int64_t wait_s[] = { 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300 };
    struct sch_sessions *s = *state;
    struct sch_session *session = attached(s, 1, 8, 1000);
    struct sch_id one = id(1);
    int64_t now_ms = 0;

    for (size_t i = 0; i < sizeof wait_s / sizeof wait_s[0]; i++) {
        struct sch_hold *hold = lease(s, session, 1, 1, 10, now_ms);

        sch_sessions_back_off(s, hold, now_ms);
        assert_int_equal(hold->retries, i + 1);
        assert_int_equal(hold->until_ms, now_ms + wait_s[i] * 1000);
        /* The credit is back at once, the dossier is not. */
        assert_int_equal(session->held_messages, 0);
        assert_true(sch_sessions_busy(s, box(s), &one));
        assert_int_equal(sch_sessions_count(s).backing_off, 1);
        assert_int_equal(sch_sessions_count(s).leased, 0);
        (void)sch_sessions_expire(s, hold->until_ms - 1);
        assert_true(sch_sessions_busy(s, box(s), &one));
        now_ms = hold->until_ms;
        (void)find(s, 1, "linde", now_ms);
        (void)sch_sessions_expire(s, now_ms);
        assert_false(sch_sessions_busy(s, box(s), &one));
        assert_int_equal(sch_sessions_count(s).backing_off, 0);
    }
}

static void test_a_back_off_that_is_forgotten(void **state)
{
    struct sch_sessions *s = *state;
    struct sch_session *session = attached(s, 1, 8, 1000);
    struct sch_hold *hold = lease(s, session, 1, 1, 10, 0);

    sch_sessions_back_off(s, hold, 0);
    sch_sessions_forget(s, hold);
    assert_int_equal(sch_sessions_count(s).backing_off, 0);
    assert_int_equal(session->held_messages, 0);
}

static void test_rescan(void **state)
{
    struct sch_sessions *s = *state;

    (void)attached(s, 1, 8, 1000);
    box(s)->pending = false;
    box(s)->scan_from = 42;
    box(s)->skipped_min = 17;
    sch_sessions_rescan(s);
    assert_true(box(s)->pending);
    assert_int_equal(box(s)->scan_from, 0);
    assert_int_equal(box(s)->skipped_min, UINT64_MAX);
}

static void test_listener(void **state)
{
    struct sch_sessions *s = *state;
    struct sch_session *session;

    assert_null(sch_sessions_listener(s, box_a.text));
    session = attached(s, 1, 8, 1000);
    assert_ptr_equal(sch_sessions_listener(s, box_a.text), session);
    assert_null(sch_sessions_listener(s, box_b.text));
    sch_sessions_end(s, session);
    assert_null(sch_sessions_listener(s, box_a.text));
}

/* What could not be read is looked at again, as often as it takes. */
static void test_looking_later(void **state)
{
    struct sch_sessions *s = *state;

    for (int64_t now_ms = 0; now_ms < 3 * SCH_LOOK_LATER_MS; now_ms += SCH_LOOK_LATER_MS) {
        sch_sessions_look_later(s, now_ms);
        assert_int_equal(sch_sessions_expire(s, now_ms), now_ms + SCH_LOOK_LATER_MS);
    }
    assert_int_equal(sch_sessions_expire(s, 3 * SCH_LOOK_LATER_MS), INT64_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_find), TEST(test_same_instance_replaces), TEST(test_eight_sessions_per_mailbox),
        TEST(test_attach_twice_to_one_mailbox), TEST(test_many_mailboxes), TEST(test_table_is_bounded),
        TEST(test_one_key_does_not_take_every_place),
        TEST(test_credit_in_messages), TEST(test_credit_in_bytes), TEST(test_turns), TEST(test_stall),
        TEST(test_one_per_dossier), TEST(test_release_makes_it_free_and_known), TEST(test_who_leaves_gives_back),
        TEST(test_lease_runs_out),
        TEST(test_ping_extends), TEST(test_silence_ends_a_session), TEST(test_back_off_doubles),
        TEST(test_a_back_off_that_is_forgotten), TEST(test_rescan), TEST(test_listener),
        TEST(test_looking_later),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
