/*
 * test_net_faults.c: the net port when the machine or libzmq says no, and what a ZAP request may look like.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <zmq.h>

#include "failing.h"

/* ---- what may fail under net_zmq.c --------------------------------------------------------------- */

static const char *said_id;             /* what zmq_msg_gets() says instead; NULL: what is so */
static bool no_user_id;

static void *failing_calloc(size_t count, size_t size)
{
    return fails() ? NULL : calloc(count, size);
}

static int failing_eventfd(unsigned count, int flags)
{
    return fails() ? -1 : eventfd(count, flags);
}

static void *failing_ctx_new(void)
{
    return fails() ? NULL : zmq_ctx_new();
}

static int failing_ctx_set(void *context, int option, int value)
{
    return fails() ? -1 : zmq_ctx_set(context, option, value);
}

static void *failing_socket(void *context, int type)
{
    return fails() ? NULL : zmq_socket(context, type);
}

static int failing_setsockopt(void *socket, int option, const void *value, size_t size)
{
    return fails() ? -1 : zmq_setsockopt(socket, option, value, size);
}

static int failing_getsockopt(void *socket, int option, void *value, size_t *size)
{
    return option != ZMQ_RCVMORE && fails() ? -1 : zmq_getsockopt(socket, option, value, size);
}

static int failing_bind(void *socket, const char *endpoint)
{
    return fails() ? -1 : zmq_bind(socket, endpoint);
}

static int failing_has(const char *what)
{
    return fails() ? 0 : zmq_has(what);
}

static int failing_msg_init_size(zmq_msg_t *frame, size_t size)
{
    return fails() ? -1 : zmq_msg_init_size(frame, size);
}

static int failing_msg_send(zmq_msg_t *frame, void *socket, int flags)
{
    return fails() ? -1 : zmq_msg_send(frame, socket, flags);
}

static int failing_msg_recv(zmq_msg_t *frame, void *socket, int flags)
{
    return fails() ? -1 : zmq_msg_recv(frame, socket, flags);
}

/* A clock that goes on by a millisecond each time that somebody looks, when it is not 0. */
static int64_t looked_ms;

static int looked_at_clock(clockid_t clock, struct timespec *now)
{
    if (looked_ms == 0)
        return clock_gettime(clock, now);
    looked_ms++;
    now->tv_sec = (time_t)(looked_ms / 1000);
    now->tv_nsec = (long)(looked_ms % 1000) * 1000000;
    return 0;
}

static const char *failing_msg_gets(const zmq_msg_t *frame, const char *name)
{
    return no_user_id ? NULL : said_id != NULL ? said_id : zmq_msg_gets(frame, name);
}

#define calloc failing_calloc
#define eventfd failing_eventfd
#define zmq_ctx_new failing_ctx_new
#define zmq_ctx_set failing_ctx_set
#define zmq_socket failing_socket
#define zmq_setsockopt failing_setsockopt
#define zmq_getsockopt failing_getsockopt
#define zmq_bind failing_bind
#define zmq_has failing_has
#define zmq_msg_init_size failing_msg_init_size
#define zmq_msg_send failing_msg_send
#define zmq_msg_recv failing_msg_recv
#define zmq_msg_gets failing_msg_gets
#define clock_gettime looked_at_clock
#include "shell/net_zmq.c"
#undef calloc
#undef zmq_socket
#undef zmq_setsockopt
#undef zmq_ctx_new

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/time.h>

#include <cmocka.h>

#define LIMIT_MS 10000
#define STEP_MS 20
#define CALLS_MAX 100
#define KNOWN "agb:01234567"

static uint8_t server_public[32], server_secret[32], known_public[32], known_secret[32];
static struct sch_book *book;

static void make_key(uint8_t public_key[32], uint8_t secret_key[32])
{
    char public_text[41], secret_text[41];
    assert_int_equal(zmq_curve_keypair(public_text, secret_text), 0);
    assert_non_null(zmq_z85_decode(public_key, public_text));
    assert_non_null(zmq_z85_decode(secret_key, secret_text));
}

static int make_book(void **state)
{
    char text[512], hex[65];
    sch_error error = SCH_ERROR_INIT;
    (void)state;
    make_key(server_public, server_secret);
    make_key(known_public, known_secret);
    sodium_bin2hex(hex, sizeof hex, known_public, 32);
    snprintf(text, sizeof text, "[directory]\nregion = utrecht\nserial = 1\nnot_after = 2030-01-01T00:00:00Z\n"
             "[party " KNOWN "]\nname = Praktijk De Linde\nkind = GP_PRACTICE\n"
             "[key known]\nuse = transport\npublic = %s\nacts_for = " KNOWN "\n", hex);
    book = calloc(1, sizeof *book);
    assert_non_null(book);
    book->directory[0] = sch_directory_parse("test.ini", (const uint8_t *)text, strlen(text), &error);
    if (book->directory[0] == NULL)
        fail_msg("%s", error.text);
    book->directory_count = 1;
    sch_log_open(2, SCH_LOG_ERROR, SCH_LOG_TEXT);
    return 0;
}

static int free_book(void **state)
{
    (void)state;
    sch_book_free(book);
    return 0;
}

static int open_net(struct sch_net **net, const char *endpoint, unsigned io_threads, sch_error *error)
{
    struct sch_net_options options = { .endpoint_count = 1, .book = book, .io_threads = io_threads };
    snprintf(options.endpoint[0], sizeof options.endpoint[0], "%s", endpoint);
    memcpy(options.public_key, server_public, 32);
    memcpy(options.secret_key, server_secret, 32);
    return sch_net_open(net, &options, error);
}

static size_t descriptors(void)
{
    size_t count = 0;
    DIR *directory = opendir("/proc/self/fd");
    assert_non_null(directory);
    while (readdir(directory) != NULL)
        count++;
    closedir(directory);
    return count;
}

/* ---- opening ------------------------------------------------------------------------------------- */

/* Whatever fails, there is no half of a net: an error that says what, nothing left open, and the next try works. */
static void opening_is_whole_or_not_at_all(void **state)
{
    (void)state;
    struct sch_net *net = NULL;
    sch_error error = SCH_ERROR_INIT;
    char endpoint[SCH_NET_ENDPOINT_MAX + 1];
    failing_arm(0, 0);
    assert_int_equal(open_net(&net, "tcp://127.0.0.1:*", 0, &error), SCH_OK);
    size_t calls = failing.calls;
    snprintf(endpoint, sizeof endpoint, "%s", sch_net_endpoint(net, 0));
    sch_net_close(net);
    sch_net_close(NULL);
    assert_in_range(calls, 20, CALLS_MAX);
    size_t open_before = descriptors();
    for (size_t n = 1; n <= calls; n++) {
        net = NULL;
        error = (sch_error)SCH_ERROR_INIT;
        failing_arm(n, EMFILE);
        int code = open_net(&net, endpoint, 1, &error);
        if ((code != SCH_E_IO && code != SCH_E_NO_MEMORY) || code != (int)error.code || strlen(error.text) < 10)
            fail_msg("call %zu of %zu: %d, \"%s\"", n, calls, code, error.text);
        assert_null(net);
        assert_int_equal(descriptors(), open_before);
    }
    failing_arm(0, 0);
    assert_int_equal(open_net(&net, endpoint, 2, &error), SCH_OK);
    sch_net_close(net);
}

static void an_address_that_cannot_be_had_is_named(void **state)
{
    (void)state;
    struct sch_net *net = NULL;
    sch_error error = SCH_ERROR_INIT;
    failing_arm(0, 0);
    assert_int_equal(open_net(&net, "tcp://192.0.2.1:5890", 1, &error), SCH_E_IO);
    assert_string_equal(error.text, "cannot listen on tcp://192.0.2.1:5890 ([broker] listen): Cannot assign requested "
                                    "address");
}

static bool has_ipv6(void)
{
    struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool has = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
    if (fd >= 0)
        close(fd);
    return has;
}

static void ipv6_stands_in_brackets(void **state)
{
    (void)state;
    struct sch_net *net = NULL;
    sch_error error = SCH_ERROR_INIT;
    if (!has_ipv6()) {
        print_message("skipped: this machine has no IPv6 loopback\n");
        skip();
    }
    failing_arm(0, 0);
    if (open_net(&net, "tcp://[::1]:*", 1, &error) != SCH_OK)
        fail_msg("%s", error.text);
    assert_memory_equal(sch_net_endpoint(net, 0), "tcp://[::1]:", 12);
    sch_net_close(net);
}

/* ---- one peer ------------------------------------------------------------------------------------ */

struct fixture {
    struct sch_net *net;
    void *context;
    void *client;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    sch_error error = SCH_ERROR_INIT;
    int zero = 0;
    assert_non_null(f);
    failing_arm(0, 0);
    assert_int_equal(open_net(&f->net, "tcp://127.0.0.1:*", 1, &error), SCH_OK);
    f->context = zmq_ctx_new();
    f->client = zmq_socket(f->context, ZMQ_DEALER);
    zmq_setsockopt(f->client, ZMQ_LINGER, &zero, sizeof zero);
    zmq_setsockopt(f->client, ZMQ_CURVE_PUBLICKEY, known_public, 32);
    zmq_setsockopt(f->client, ZMQ_CURVE_SECRETKEY, known_secret, 32);
    zmq_setsockopt(f->client, ZMQ_CURVE_SERVERKEY, server_public, 32);
    assert_int_equal(zmq_connect(f->client, sch_net_endpoint(f->net, 0)), 0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    failing_arm(0, 0);
    said_id = NULL;
    no_user_id = false;
    zmq_close(f->client);
    zmq_ctx_term(f->context);
    sch_net_close(f->net);
    free(f);
    return 0;
}

static void say(struct fixture *f, const char *text)
{
    assert_int_equal(zmq_send(f->client, text, strlen(text), 0), (int)strlen(text));
}

/* The next message that is proven; false when one more was dropped instead. */
static bool receive(struct fixture *f, struct sch_inbound *message)
{
    uint64_t dropped = f->net->counters.dropped;
    for (int waited = 0; waited < LIMIT_MS; waited += STEP_MS) {
        if (sch_net_recv(f->net, message))
            return true;
        if (f->net->counters.dropped > dropped)
            return false;
        sch_net_wait(f->net, STEP_MS);
    }
    fail_msg("nothing came");
    return false;
}

static void assert_heard(struct fixture *f, const char *text)
{
    char got[64];
    int size = -1;
    for (int waited = 0; size < 0 && waited < LIMIT_MS; waited += STEP_MS) {
        size = zmq_recv(f->client, got, sizeof got, ZMQ_DONTWAIT);
        if (size < 0)
            zmq_poll(NULL, 0, STEP_MS);
    }
    assert_int_equal(size, (int)strlen(text));
    assert_memory_equal(got, text, strlen(text));
}

static struct sch_bytes bytes(const char *text)
{
    return (struct sch_bytes){ (const uint8_t *)text, strlen(text) };
}

/* An empty frame is a message of nothing, which the turn refuses like any other that cannot be read. */
static void an_empty_frame_is_a_message(void **state)
{
    struct fixture *f = *state;
    struct sch_inbound message;
    say(f, "");
    assert_true(receive(f, &message));
    assert_string_equal(message.key_id, "known");
    assert_int_equal(message.frame_count, 1);
    assert_int_equal(message.command.len, 0);
}

static void a_message_that_proves_nobody_is_dropped(void **state)
{
    struct fixture *f = *state;
    static const char *const odd[] = { "known", "#0011", "",
                                       "a-key-id-that-is-far-longer-than-any-key-id-may-be-and-longer#00",
                                       "known#0000000000000000000000000000000000000000000000000000000000000000" };
    struct sch_inbound message;
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        said_id = odd[i];
        say(f, "who am I");
        assert_false(receive(f, &message));
    }
    said_id = NULL;
    no_user_id = true;
    say(f, "nobody");
    assert_false(receive(f, &message));
    no_user_id = false;
    say(f, "known again");
    assert_true(receive(f, &message));
    assert_int_equal(f->net->counters.dropped, 6);
}

/* A signal in the middle costs nothing. */
static void interrupted_calls_are_made_again(void **state)
{
    struct fixture *f = *state;
    struct sch_inbound message;
    failing_arm(1, EINTR);
    say(f, "hello");
    assert_true(receive(f, &message));
    for (size_t n = 3; n <= 4; n++) {   /* after two frames that are made */
        failing_arm(n, EINTR);
        assert_int_equal(sch_net_send(f->net, &message.peer, bytes("welcome"), bytes("")), SCH_SENT);
        failing_arm(0, 0);
        assert_heard(f, "welcome");
    }
}

/* What is not sent is not sent in part, and the caller learns whether to try this peer again. */
static void a_send_that_fails(void **state)
{
    struct fixture *f = *state;
    struct sch_inbound message;
    say(f, "hello");
    assert_true(receive(f, &message));
    for (size_t n = 1; n <= 3; n++) {   /* routing id, reply, body */
        failing_arm(n, ENOMEM);
        assert_int_equal(sch_net_send(f->net, &message.peer, bytes("reply"), bytes("body")), SCH_SENT_STALLED);
    }
    failing_arm(4, EAGAIN);
    assert_int_equal(sch_net_send(f->net, &message.peer, bytes("reply"), bytes("body")), SCH_SENT_STALLED);
    failing_arm(4, EHOSTUNREACH);
    assert_int_equal(sch_net_send(f->net, &message.peer, bytes("reply"), bytes("body")), SCH_SENT_GONE);
    failing_arm(0, 0);
    assert_int_equal(sch_net_send(f->net, &message.peer, bytes("whole"), bytes("")), SCH_SENT);
    assert_heard(f, "whole");
}

static void nothing(int number)
{
    (void)number;
}

/* SIGTERM must not wait for a message. */
static void a_signal_ends_the_wait(void **state)
{
    struct fixture *f = *state;
    struct sigaction action = { .sa_handler = nothing }, former;
    /* Again and again: one that comes before the wait has begun ends nothing. */
    const struct itimerval soon = { .it_value = { .tv_usec = 50000 }, .it_interval = { .tv_usec = 50000 } };
    const struct itimerval never = { .it_interval = { 0 } };
    assert_int_equal(sigaction(SIGALRM, &action, &former), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
    sch_net_wait(f->net, -1);           /* without the signal this would never return */
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    assert_int_equal(sigaction(SIGALRM, &former, NULL), 0);
}

/* ---- ZAP ----------------------------------------------------------------------------------------- */

struct request {
    const char *frame[9];
    size_t count;
};

/* Asks the handler as libzmq would; the status that it answers. */
static void ask(struct fixture *f, const struct request *request, char status[4])
{
    void *socket = zmq_socket(f->net->context, ZMQ_REQ);
    int zero = 0, size = -1, more = 1;
    size_t more_size = sizeof more;
    char frame[256];
    zmq_setsockopt(socket, ZMQ_LINGER, &zero, sizeof zero);
    assert_int_equal(zmq_connect(socket, ZAP_ENDPOINT), 0);
    for (size_t i = 0; i < request->count; i++)
        zmq_send(socket, request->frame[i], strlen(request->frame[i]), i + 1 < request->count ? ZMQ_SNDMORE : 0);
    for (int waited = 0; size < 0 && waited < LIMIT_MS; waited += STEP_MS) {
        sch_net_wait(f->net, STEP_MS);
        size = zmq_recv(socket, frame, sizeof frame, ZMQ_DONTWAIT);
    }
    assert_int_equal(size, 3);
    assert_memory_equal(frame, "1.0", 3);
    for (size_t i = 1; more; i++) {
        size = zmq_recv(socket, frame, sizeof frame, 0);
        if (i == 2)
            snprintf(status, 4, "%.*s", size, frame);
        zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &more_size);
    }
    zmq_close(socket);
}

/* Only a CURVE handshake of this domain, in the form that is known, lets anybody in. */
static void any_other_handshake_is_refused(void **state)
{
    struct fixture *f = *state;
    static const char key[] = "0123456789abcdef0123456789abcdef";
    static char wide[300];
    memset(wide, 'x', sizeof wide - 1);
    const struct request odd[] = {
        { { "1.0" }, 1 },
        { { "1.0", "1", ZAP_DOMAIN, "127.0.0.1", "id", "CURVE" }, 6 },
        { { "1.0", "1", ZAP_DOMAIN, "127.0.0.1", "id", "CURVE", key, "more", "still" }, 9 },
        { { "1.1", "1", ZAP_DOMAIN, "127.0.0.1", "id", "CURVE", key }, 7 },
        { { "1.0", "1", "elsewhere", "127.0.0.1", "id", "CURVE", key }, 7 },
        { { "1.0", "1", "", "127.0.0.1", "id", "CURVE", key }, 7 },
        { { "1.0", "1", ZAP_DOMAIN, "127.0.0.1", "id", "PLAIN", key }, 7 },
        { { "1.0", "1", ZAP_DOMAIN, "127.0.0.1", "id", "NULL", key }, 7 },
        { { "1.0", "1", ZAP_DOMAIN, "127.0.0.1", "id", "CURVE", "short" }, 7 },
        { { "1.0", "1", ZAP_DOMAIN, wide, "id", "CURVE", wide }, 7 },
    };
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        char status[4] = "";
        ask(f, &odd[i], status);
        assert_string_equal(status, "400");
    }
    assert_int_equal(f->net->counters.strangers, 0);
}

/* Whoever is refused decides how often that happens: each is counted, one a second is written down. */
static void strangers_do_not_fill_the_log(void **state)
{
    struct fixture *f = *state;
    const struct request stranger = { { "1.0", "1", ZAP_DOMAIN, "127.0.0.1", "id", "CURVE",
                                        "0123456789abcdef0123456789abcdef" }, 7 };
    char status[4], text[4096];
    int end[2];
    assert_int_equal(pipe(end), 0);
    sch_log_open(end[1], SCH_LOG_WARNING, SCH_LOG_TEXT);
    looked_ms = 1000000;                /* a handful of looks at the clock: far less than a second */
    for (int i = 0; i < 3; i++)
        ask(f, &stranger, status);
    looked_ms += 1000;
    ask(f, &stranger, status);
    looked_ms = 0;
    sch_log_open(2, SCH_LOG_ERROR, SCH_LOG_TEXT);
    close(end[1]);
    ssize_t size = read(end[0], text, sizeof text - 1);
    close(end[0]);
    text[size > 0 ? size : 0] = '\0';
    assert_int_equal(f->net->counters.strangers, 4);
    assert_non_null(strstr(text, "UNKNOWN_KEY"));
    const char *second = strchr(text, '\n') + 1;
    assert_non_null(strstr(text, "refused=1\n"));
    assert_non_null(strstr(second, "refused=4\n"));
    assert_ptr_equal(strchr(second, '\n') + 1, text + strlen(text));
}

#define NET_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opening_is_whole_or_not_at_all),
        cmocka_unit_test(an_address_that_cannot_be_had_is_named),
        cmocka_unit_test(ipv6_stands_in_brackets),
        NET_TEST(an_empty_frame_is_a_message),
        NET_TEST(a_message_that_proves_nobody_is_dropped),
        NET_TEST(interrupted_calls_are_made_again),
        NET_TEST(a_send_that_fails),
        NET_TEST(a_signal_ends_the_wait),
        NET_TEST(any_other_handshake_is_refused),
        NET_TEST(strangers_do_not_fill_the_log),
    };
    return cmocka_run_group_tests_name("net_faults", tests, make_book, free_book);
}
