/*
 * test_net_zmq.c: the net port over real loopback sockets: who is let in, and what a peer cannot do.
 *
 * Waiting is always for something that happens, with a limit of some seconds that only a failure reaches.
 */
#include "shell/net_zmq.c"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define LIMIT_MS 10000
#define STEP_MS 20

struct curve {
    uint8_t public_key[32], secret_key[32];
};

static struct curve server_key, known_key, other_key, revoked_key, stranger_key;

static void make_key(struct curve *key)
{
    char public_text[41], secret_text[41];
    assert_int_equal(zmq_curve_keypair(public_text, secret_text), 0);
    assert_non_null(zmq_z85_decode(key->public_key, public_text));
    assert_non_null(zmq_z85_decode(key->secret_key, secret_text));
}

static int make_keys(void **state)
{
    (void)state;
    make_key(&server_key);
    make_key(&known_key);
    make_key(&other_key);
    make_key(&revoked_key);
    make_key(&stranger_key);
    return sodium_init() < 0;
}

/* A directory with transport keys "known", "other", "revoked"; `known` may be given other public bytes. */
static struct sch_directory *make_directory(const uint8_t *known, bool with_known)
{
    char text[2048], known_hex[65], other_hex[65], revoked_hex[65];
    sodium_bin2hex(known_hex, sizeof known_hex, known, 32);
    sodium_bin2hex(other_hex, sizeof other_hex, other_key.public_key, 32);
    sodium_bin2hex(revoked_hex, sizeof revoked_hex, revoked_key.public_key, 32);
    snprintf(text, sizeof text,
             "[directory]\nregion = utrecht\nserial = 1\nnot_after = 2030-01-01T00:00:00Z\n"
             "[party agb:01234567]\nname = Praktijk De Linde\nkind = GP_PRACTICE\n"
             "[key other]\nuse = transport\npublic = %s\nacts_for = agb:01234567\n"
             "[key revoked]\nuse = transport\npublic = %s\nacts_for = agb:01234567\nrevoked = yes\n"
             "%s%s%s\n",
             other_hex, revoked_hex, with_known ? "[key known]\nuse = transport\npublic = " : "",
             with_known ? known_hex : "", with_known ? "\nacts_for = agb:01234567" : "");
    sch_error error = SCH_ERROR_INIT;
    struct sch_directory *directory =
        sch_directory_parse("test.ini", (const uint8_t *)text, strlen(text), &error);
    if (directory == NULL)
        fail_msg("%s", error.text);
    return directory;
}

struct fixture {
    struct sch_book *book;
    struct sch_net *net;
    void *context;                      /* the clients' */
    void *socket[16];                   /* theirs that are open: a test that fails leaves them to tear_down */
    size_t socket_count;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->book = calloc(1, sizeof *f->book);
    assert_non_null(f->book);
    f->book->directory[f->book->directory_count++] = make_directory(known_key.public_key, true);
    struct sch_net_options options = { .endpoint = { "tcp://127.0.0.1:*" }, .endpoint_count = 1,
                                       .book = f->book };
    memcpy(options.public_key, server_key.public_key, 32);
    memcpy(options.secret_key, server_key.secret_key, 32);
    sch_error error = SCH_ERROR_INIT;
    if (sch_net_open(&f->net, &options, &error) != SCH_OK)
        fail_msg("%s", error.text);
    f->context = zmq_ctx_new();
    assert_non_null(f->context);
    sch_log_open(2, SCH_LOG_ERROR, SCH_LOG_TEXT);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    while (f->socket_count > 0)
        zmq_close(f->socket[--f->socket_count]);
    zmq_ctx_term(f->context);
    sch_net_close(f->net);
    sch_book_free(f->book);
    free(f);
    return 0;
}

/* ---- clients ------------------------------------------------------------------------------------ */

struct client {
    struct fixture *fixture;
    void *socket;
    void *monitor;
};

static void *open_socket(struct fixture *f, int type)
{
    void *socket = zmq_socket(f->context, type);
    assert_non_null(socket);
    assert_true(f->socket_count < sizeof f->socket / sizeof *f->socket);
    f->socket[f->socket_count++] = socket;
    return socket;
}

static void close_socket(struct fixture *f, void *socket)
{
    for (size_t i = 0; i < f->socket_count; i++)
        if (f->socket[i] == socket)
            f->socket[i] = f->socket[--f->socket_count];
    zmq_close(socket);
}

static void set_options_of(void *socket, const struct curve *key, const struct curve *server)
{
    int zero = 0;
    assert_int_equal(zmq_setsockopt(socket, ZMQ_LINGER, &zero, sizeof zero), 0);
    if (key == NULL)
        return;
    assert_int_equal(zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, key->public_key, 32), 0);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, key->secret_key, 32), 0);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server->public_key, 32), 0);
}

/* key NULL: without CURVE. routing_id NULL: none chosen. */
static struct client connect_as(struct fixture *f, const struct curve *key, const struct curve *server,
                                const char *routing_id)
{
    static unsigned serial;
    struct client client;
    char name[64];
    client.fixture = f;
    client.socket = open_socket(f, ZMQ_DEALER);
    set_options_of(client.socket, key, server);
    if (routing_id != NULL)
        assert_int_equal(zmq_setsockopt(client.socket, ZMQ_ROUTING_ID, routing_id, strlen(routing_id)), 0);
    snprintf(name, sizeof name, "inproc://monitor-%u", serial++);
    assert_int_equal(zmq_socket_monitor(client.socket, name, ZMQ_EVENT_ALL), 0);
    client.monitor = open_socket(f, ZMQ_PAIR);
    assert_int_equal(zmq_connect(client.monitor, name), 0);
    assert_int_equal(zmq_connect(client.socket, sch_net_endpoint(f->net, 0)), 0);
    return client;
}

static void close_client(struct client *client)
{
    zmq_socket_monitor(client->socket, NULL, 0);
    close_socket(client->fixture, client->monitor);
    close_socket(client->fixture, client->socket);
}

/* The next event among `wanted`, serving the net meanwhile; 0 when the limit passed. */
static int wait_event(struct fixture *f, struct client *client, int wanted)
{
    for (int waited = 0; waited < LIMIT_MS; waited += STEP_MS) {
        uint8_t frame[6], address[256];
        while (zmq_recv(client->monitor, frame, sizeof frame, ZMQ_DONTWAIT) == sizeof frame) {
            int event = frame[0] | frame[1] << 8;
            zmq_recv(client->monitor, address, sizeof address, 0);
            if (event & wanted)
                return event;
        }
        sch_net_wait(f->net, STEP_MS);
    }
    return 0;
}

#define LET_IN ZMQ_EVENT_HANDSHAKE_SUCCEEDED
#define TURNED_AWAY \
    (ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | \
     ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_DISCONNECTED)

static void say(struct client *client, const char *text)
{
    assert_int_equal(zmq_send(client->socket, text, strlen(text), 0), (int)strlen(text));
}

static bool receive(struct fixture *f, struct sch_inbound *message)
{
    for (int waited = 0; waited < LIMIT_MS; waited += STEP_MS) {
        if (sch_net_recv(f->net, message))
            return true;
        sch_net_wait(f->net, STEP_MS);
    }
    return false;
}

static struct sch_bytes bytes(const char *text)
{
    return (struct sch_bytes){ (const uint8_t *)text, strlen(text) };
}

static void assert_bytes(struct sch_bytes got, const char *text)
{
    assert_int_equal(got.len, strlen(text));
    assert_memory_equal(got.ptr, text, got.len);
}

/* What the client hears next; serves the net meanwhile. */
static void assert_heard(struct fixture *f, struct client *client, const char *text)
{
    char got[256];
    int size = -1;
    for (int waited = 0; size < 0 && waited < LIMIT_MS; waited += STEP_MS) {
        size = zmq_recv(client->socket, got, sizeof got, ZMQ_DONTWAIT);
        if (size < 0)
            sch_net_wait(f->net, STEP_MS);
    }
    assert_int_equal(size, (int)strlen(text));
    assert_memory_equal(got, text, strlen(text));
}

/* ---- who is let in ------------------------------------------------------------------------------- */

static void test_known_key(void **state)
{
    struct fixture *f = *state;
    struct sch_inbound message;
    struct client client = connect_as(f, &known_key, &server_key, NULL);
    say(&client, "hello");
    assert_true(receive(f, &message));
    assert_string_equal(message.key_id, "known");
    assert_int_equal(message.frame_count, 1);
    assert_bytes(message.command, "hello");
    assert_int_equal(message.body.len, 0);
    assert_int_equal(sch_net_send(f->net, &message.peer, bytes("welcome"), bytes("")), SCH_SENT);
    assert_heard(f, &client, "welcome");
    sch_net_release(f->net);
    close_client(&client);
}

static void test_unknown_key(void **state)
{
    struct fixture *f = *state;
    struct client client = connect_as(f, &stranger_key, &server_key, NULL);
    say(&client, "hello");
    assert_int_equal(wait_event(f, &client, LET_IN | TURNED_AWAY), ZMQ_EVENT_HANDSHAKE_FAILED_AUTH);
    struct sch_net_counters counters;
    struct sch_inbound message;
    sch_net_count(f->net, &counters);
    assert_int_equal(counters.strangers, 1);
    assert_false(sch_net_recv(f->net, &message));
    close_client(&client);
}

static void test_revoked_key_gets_in(void **state)
{
    struct fixture *f = *state;
    struct sch_inbound message;
    struct client client = connect_as(f, &revoked_key, &server_key, NULL);
    say(&client, "hello");
    assert_true(receive(f, &message));
    assert_string_equal(message.key_id, "revoked");
    close_client(&client);
}

static void test_no_curve(void **state)
{
    struct fixture *f = *state;
    struct sch_inbound message;
    struct client client = connect_as(f, NULL, NULL, NULL);
    say(&client, "hello");
    assert_true((wait_event(f, &client, LET_IN | TURNED_AWAY) & TURNED_AWAY) != 0);
    assert_false(sch_net_recv(f->net, &message));
    close_client(&client);
}

static void test_wrong_server_key(void **state)
{
    struct fixture *f = *state;
    struct sch_inbound message;
    struct client client = connect_as(f, &known_key, &stranger_key, NULL);
    say(&client, "hello");
    assert_true((wait_event(f, &client, LET_IN | TURNED_AWAY) & TURNED_AWAY) != 0);
    assert_false(sch_net_recv(f->net, &message));
    close_client(&client);
}

static void test_zap_is_enforced(void **state)
{
    struct fixture *f = *state;
    int enforced = 0;
    size_t size = sizeof enforced;
    assert_int_equal(zmq_getsockopt(f->net->router, OPTION_ZAP_ENFORCE_DOMAIN, &enforced, &size), 0);
    assert_int_equal(enforced, 1);
    /* Should the handler ever be missing, nobody gets in. */
    zmq_close(f->net->zap);
    struct client client = connect_as(f, &known_key, &server_key, NULL);
    for (int waited = 0; waited < LIMIT_MS; waited += STEP_MS) {
        uint8_t frame[6], address[256];
        if (zmq_recv(client.monitor, frame, sizeof frame, ZMQ_DONTWAIT) == sizeof frame) {
            int event = frame[0] | frame[1] << 8;
            zmq_recv(client.monitor, address, sizeof address, 0);
            assert_int_not_equal(event, LET_IN);
            if (event & TURNED_AWAY)
                break;
        }
        zmq_poll(NULL, 0, STEP_MS);
        assert_true(waited + STEP_MS < LIMIT_MS);
    }
    f->net->zap = zmq_socket(f->net->context, ZMQ_REP);
    close_client(&client);
}

/* ---- what a peer cannot do ----------------------------------------------------------------------- */

static void test_chosen_routing_id(void **state)
{
    struct fixture *f = *state;
    struct sch_inbound first, message;
    struct client owner = connect_as(f, &known_key, &server_key, "mailbox-1");
    say(&owner, "hello");
    assert_true(receive(f, &first));
    struct client thief = connect_as(f, &other_key, &server_key, "mailbox-1");
    assert_int_equal(wait_event(f, &thief, LET_IN | TURNED_AWAY), LET_IN);
    say(&thief, "hello, it is me");
    /* The owner's next message is read after whatever the thief could do. */
    say(&owner, "again");
    assert_true(receive(f, &message));
    assert_string_equal(message.key_id, "known");
    assert_bytes(message.command, "again");
    assert_int_equal(sch_net_send(f->net, &first.peer, bytes("letter"), bytes("")), SCH_SENT);
    assert_heard(f, &owner, "letter");
    char got[64];
    assert_int_equal(zmq_recv(thief.socket, got, sizeof got, ZMQ_DONTWAIT), -1);
    close_client(&thief);
    close_client(&owner);
}

static void test_long_routing_id(void **state)
{
    struct fixture *f = *state;
    struct sch_inbound message;
    struct sch_net_counters counters = { 0 };
    struct client client = connect_as(f, &known_key, &server_key, "0123456789012345678901234567890123456789");
    say(&client, "hello");
    for (int waited = 0; counters.dropped == 0 && waited < LIMIT_MS; waited += STEP_MS) {
        sch_net_wait(f->net, STEP_MS);
        assert_false(sch_net_recv(f->net, &message));
        sch_net_count(f->net, &counters);
    }
    assert_int_equal(counters.dropped, 1);
    close_client(&client);
}

static void test_many_frames(void **state)
{
    struct fixture *f = *state;
    struct sch_inbound message;
    struct sch_net_counters counters;
    struct client client = connect_as(f, &known_key, &server_key, NULL);
    for (int i = 0; i < 5; i++)
        assert_int_equal(zmq_send(client.socket, &"abcde"[i], 1, i < 4 ? ZMQ_SNDMORE : 0), 1);
    say(&client, "next");
    assert_true(receive(f, &message));
    assert_int_equal(message.frame_count, 5);
    assert_bytes(message.command, "a");
    assert_bytes(message.body, "b");
    sch_net_count(f->net, &counters);
    assert_int_equal(counters.surplus_frames, 3);
    assert_true(receive(f, &message));
    assert_bytes(message.command, "next");
    assert_int_equal(message.frame_count, 1);
    close_client(&client);
}

static void test_frame_size(void **state)
{
    struct fixture *f = *state;
    struct sch_inbound message;
    size_t limit = SCH_NET_FRAME_SIZE_MAX;
    char *big = calloc(1, limit + 1);
    assert_non_null(big);
    struct client client = connect_as(f, &known_key, &server_key, NULL);
    assert_int_equal(zmq_send(client.socket, "submit", 6, ZMQ_SNDMORE), 6);
    assert_int_equal(zmq_send(client.socket, big, limit, 0), (int)limit);
    assert_true(receive(f, &message));
    assert_int_equal(message.body.len, limit);
    sch_net_release(f->net);
    assert_int_equal(wait_event(f, &client, LET_IN), LET_IN);
    assert_int_equal(zmq_send(client.socket, "submit", 6, ZMQ_SNDMORE), 6);
    assert_int_equal(zmq_send(client.socket, big, limit + 1, 0), (int)limit + 1);
    assert_true((wait_event(f, &client, TURNED_AWAY) & TURNED_AWAY) != 0);
    assert_false(sch_net_recv(f->net, &message));
    free(big);
    close_client(&client);
}

static void test_stalled_peer(void **state)
{
    struct fixture *f = *state;
    struct sch_inbound slow, other;
    static const uint8_t body[16384];
    struct client deaf = connect_as(f, &known_key, &server_key, NULL);
    say(&deaf, "hello");
    assert_true(receive(f, &slow));
    enum sch_sent sent = SCH_SENT;
    size_t count = 0;
    while (sent == SCH_SENT && count++ < 1000000)
        sent = sch_net_send(f->net, &slow.peer, bytes("delivery"), (struct sch_bytes){ body, sizeof body });
    assert_int_equal(sent, SCH_SENT_STALLED);
    /* The others are served as before. */
    struct client client = connect_as(f, &other_key, &server_key, NULL);
    say(&client, "hello");
    assert_true(receive(f, &other));
    assert_int_equal(sch_net_send(f->net, &other.peer, bytes("welcome"), bytes("")), SCH_SENT);
    assert_heard(f, &client, "welcome");
    close_client(&client);
    close_client(&deaf);
}

static void test_gone_peer(void **state)
{
    struct fixture *f = *state;
    struct sch_inbound message;
    struct client client = connect_as(f, &known_key, &server_key, NULL);
    say(&client, "hello");
    assert_true(receive(f, &message));
    close_client(&client);
    enum sch_sent sent = SCH_SENT;
    for (int waited = 0; sent != SCH_SENT_GONE && waited < LIMIT_MS; waited += STEP_MS) {
        sch_net_wait(f->net, STEP_MS);
        sent = sch_net_send(f->net, &message.peer, bytes("letter"), bytes(""));
    }
    assert_int_equal(sent, SCH_SENT_GONE);
}

/* ---- the book changes ---------------------------------------------------------------------------- */

static void test_key_taken_out(void **state)
{
    struct fixture *f = *state;
    struct sch_inbound message;
    struct sch_book *fresh = calloc(1, sizeof *fresh);
    assert_non_null(fresh);
    fresh->directory[fresh->directory_count++] = make_directory(known_key.public_key, false);
    struct client client = connect_as(f, &known_key, &server_key, NULL);
    say(&client, "hello");
    assert_true(receive(f, &message));
    sch_net_set_book(f->net, fresh);
    sch_book_free(f->book);
    f->book = fresh;
    /* The turn is told the id, so that it can say why nothing works. */
    say(&client, "again");
    assert_true(receive(f, &message));
    assert_string_equal(message.key_id, "known");
    assert_null(sch_book_key(fresh, message.key_id));
    close_client(&client);
}

static void test_key_id_given_to_another(void **state)
{
    struct fixture *f = *state;
    struct sch_inbound message;
    struct sch_net_counters counters = { 0 };
    struct sch_book *fresh = calloc(1, sizeof *fresh);
    assert_non_null(fresh);
    fresh->directory[fresh->directory_count++] = make_directory(stranger_key.public_key, true);
    struct client former = connect_as(f, &known_key, &server_key, NULL);
    say(&former, "hello");
    assert_true(receive(f, &message));
    sch_net_set_book(f->net, fresh);
    sch_book_free(f->book);
    f->book = fresh;
    say(&former, "I am still known");
    for (int waited = 0; counters.dropped == 0 && waited < LIMIT_MS; waited += STEP_MS) {
        sch_net_wait(f->net, STEP_MS);
        assert_false(sch_net_recv(f->net, &message));
        sch_net_count(f->net, &counters);
    }
    assert_int_equal(counters.dropped, 1);
    struct client owner = connect_as(f, &stranger_key, &server_key, NULL);
    say(&owner, "hello");
    assert_true(receive(f, &message));
    assert_string_equal(message.key_id, "known");
    close_client(&owner);
    close_client(&former);
}

/* ---- the rest ----------------------------------------------------------------------------------- */

static void test_wake(void **state)
{
    struct fixture *f = *state;
    sch_net_wake(f->net);
    sch_net_wake(f->net);
    sch_net_wait(f->net, -1);           /* without the wake this would never return */
    sch_net_wait(f->net, 0);
}

/* More than can be lent stays in the queue, and comes after the release. */
static void test_lent_is_bounded(void **state)
{
    struct fixture *f = *state;
    struct sch_inbound message;
    struct client client = connect_as(f, &known_key, &server_key, NULL);
    size_t total = SCH_NET_LENT_MAX * 2 + 100, got = 0, most = 0, run = 0, sent = 0;
    for (int waited = 0; got < total && waited < LIMIT_MS; waited++) {
        while (sent < total && zmq_send(client.socket, "x", 1, ZMQ_DONTWAIT) == 1)
            sent++;
        sch_net_wait(f->net, 1);
        for (run = 0; sch_net_recv(f->net, &message); run++)
            got++;
        most = run > most ? run : most;
        if (waited % 20 == 19)
            sch_net_release(f->net);
        assert_true(f->net->lent_count <= SCH_NET_LENT_MAX * SCH_FRAMES_MAX);
    }
    assert_int_equal(got, total);
    close_client(&client);
}

static void test_address_in_use(void **state)
{
    struct fixture *f = *state;
    struct sch_net *second = NULL;
    struct sch_net_options options = { .endpoint_count = 1, .book = f->book };
    snprintf(options.endpoint[0], sizeof options.endpoint[0], "%s", sch_net_endpoint(f->net, 0));
    memcpy(options.public_key, server_key.public_key, 32);
    memcpy(options.secret_key, server_key.secret_key, 32);
    sch_error error = SCH_ERROR_INIT;
    assert_int_equal(sch_net_open(&second, &options, &error), SCH_E_IO);
    assert_non_null(strstr(error.text, sch_net_endpoint(f->net, 0)));
    assert_null(sch_net_endpoint(f->net, 1));
}

#define NET_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        NET_TEST(test_known_key),
        NET_TEST(test_unknown_key),
        NET_TEST(test_revoked_key_gets_in),
        NET_TEST(test_no_curve),
        NET_TEST(test_wrong_server_key),
        NET_TEST(test_zap_is_enforced),
        NET_TEST(test_chosen_routing_id),
        NET_TEST(test_long_routing_id),
        NET_TEST(test_many_frames),
        NET_TEST(test_frame_size),
        NET_TEST(test_stalled_peer),
        NET_TEST(test_gone_peer),
        NET_TEST(test_key_taken_out),
        NET_TEST(test_key_id_given_to_another),
        NET_TEST(test_wake),
        NET_TEST(test_lent_is_bounded),
        NET_TEST(test_address_in_use),
    };
    return cmocka_run_group_tests(tests, make_keys, NULL);
}
