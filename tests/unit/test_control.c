/*
 * test_control.c: the operator's socket, both ends. Net and store are stand-ins: the one is woken, the other copied.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "failing.h"

/* ---- what may fail under control.c and control_ask.c ---------------------------------------------- */

/* Those that its thread calls too are counted apart. */
static atomic_int no_accepts, no_prints;

static void *failing_calloc(size_t count, size_t size)
{
    return fails() ? NULL : calloc(count, size);
}

static void *failing_malloc(size_t size)
{
    return fails() ? NULL : malloc(size);
}

static void *failing_realloc(void *former, size_t size)
{
    return fails() ? NULL : realloc(former, size);
}

static int failing_open(const char *path, int flags)
{
    return fails() ? -1 : open(path, flags);
}

static int failing_eventfd(unsigned count, int flags)
{
    return fails() ? -1 : eventfd(count, flags);
}

static int failing_socket(int domain, int type, int protocol)
{
    return fails() ? -1 : socket(domain, type, protocol);
}

static int failing_bind(int fd, const struct sockaddr *address, socklen_t size)
{
    return fails() ? -1 : bind(fd, address, size);
}

static int failing_fchmodat(int fd, const char *path, mode_t mode, int flags)
{
    return fails() ? -1 : fchmodat(fd, path, mode, flags);
}

static int failing_listen(int fd, int backlog)
{
    return fails() ? -1 : listen(fd, backlog);
}

static int failing_thread(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *context)
{
    return fails() ? EAGAIN : pthread_create(thread, attributes, start, context);
}

static int failing_accept(int fd, struct sockaddr *address, socklen_t *size, int flags)
{
    if (no_accepts > 0) {
        no_accepts--;
        errno = EMFILE;
        return -1;
    }
    return accept4(fd, address, size, flags);
}

static int failing_print(char **text, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int failing_print(char **text, const char *format, ...)
{
    if (no_prints > 0) {
        no_prints--;
        return -1;
    }
    va_list args;
    va_start(args, format);
    int size = vasprintf(text, format, args);
    va_end(args);
    return size;
}

static ssize_t failing_send(int fd, const void *bytes, size_t size, int flags)
{
    return fails() ? -1 : send(fd, bytes, size, flags);
}

#define calloc failing_calloc
#define malloc failing_malloc
#define realloc failing_realloc
#define open failing_open
#define eventfd failing_eventfd
#define socket failing_socket
#define bind failing_bind
#define fchmodat failing_fchmodat
#define listen failing_listen
#define pthread_create failing_thread
#define accept4 failing_accept
#define asprintf failing_print
#include "shell/control.c"
#define send failing_send
#include "shell/control_ask.c"
#undef calloc
#undef malloc
#undef realloc
#undef open
#undef socket
#undef bind
#undef listen
#undef pthread_create
#undef send

#include <setjmp.h>

#include <cmocka.h>

static atomic_int wakes, backups;

void sch_net_wake(struct sch_net *net)
{
    (void)net;
    wakes++;
}

int sch_store_backup(struct sch_store *store, const char *path, sch_error *error)
{
    (void)store;
    backups++;
    return strcmp(path, "/taken") == 0 ? sch_fail(error, SCH_E_IO, "%s: exists", path) : SCH_OK;
}

struct fixture {
    char directory[160];
    struct sch_control *control;
    sch_error error;
    char *text;                         /* what the asking end printed */
    size_t size;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    sch_log_open(2, SCH_LOG_ERROR - 1, SCH_LOG_TEXT);
    /* Longer than the address of a socket may be. */
    snprintf(f->directory, sizeof f->directory, "/tmp/test_control-%0100d.XXXXXX", 0);
    assert_non_null(mkdtemp(f->directory));
    assert_int_equal(sch_control_open(&f->control, f->directory, NULL, NULL, &f->error), SCH_OK);
    wakes = backups = 0;
    failing_arm(0, 0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    sch_control_close(f->control);
    assert_int_equal(rmdir(f->directory), 0);   /* nothing is left behind */
    free(f->text);
    free(f);
    return 0;
}

static int ask(struct fixture *f, const char *request)
{
    free(f->text);
    FILE *out = open_memstream(&f->text, &f->size);
    assert_non_null(out);
    f->error = (sch_error)SCH_ERROR_INIT;
    int code = sch_control_ask(f->directory, request, 10000, out, &f->error);
    assert_int_equal(fclose(out), 0);
    return code;
}

struct turn {
    struct fixture *fixture;
    enum sch_control_request seen;
    char argument[SCH_CONTROL_LINE_MAX + 1];
    const char *says;                   /* NULL: two short lines */
    bool fails;
};

/* A turn's thread that waits for one request. */
static void *answer_one(void *context)
{
    struct turn *turn = context;
    while ((turn->seen = sch_control_take(turn->fixture->control, turn->argument)) == SCH_CONTROL_NOTHING)
        usleep(1000);
    sch_error error = SCH_ERROR_INIT;
    sch_fail(&error, SCH_E_CONFIG, "scharnierd.conf:3: no");
    sch_control_answer(turn->fixture->control, turn->says != NULL ? turn->says : "one\ntwo\n",
                       turn->fails ? &error : NULL);
    return NULL;
}

static int ask_turn(struct fixture *f, const char *request, struct turn *turn)
{
    pthread_t thread;
    turn->fixture = f;
    assert_int_equal(pthread_create(&thread, NULL, answer_one, turn), 0);
    int code = ask(f, request);
    pthread_join(thread, NULL);
    return code;
}

static void test_by_turn(void **state)
{
    struct fixture *f = *state;
    struct turn turn = { .fails = false };
    assert_int_equal(ask_turn(f, "status", &turn), SCH_OK);
    assert_int_equal(turn.seen, SCH_CONTROL_STATUS);
    assert_string_equal(f->text, "one\ntwo\n");
    assert_int_equal(wakes, 1);
    assert_int_equal(ask_turn(f, "confirm-time", &turn), SCH_OK);
    assert_int_equal(turn.seen, SCH_CONTROL_CONFIRM_TIME);
    turn.fails = true;
    assert_int_equal(ask_turn(f, "reload", &turn), SCH_E_CONFIG);
    assert_int_equal(turn.seen, SCH_CONTROL_RELOAD);
    assert_string_equal(f->error.text, "scharnierd.conf:3: no");
    assert_int_equal(sch_control_take(f->control, turn.argument), SCH_CONTROL_NOTHING);
}

static void test_arguments(void **state)
{
    struct fixture *f = *state;
    struct turn turn = { .fails = false };
    static const struct {
        const char *line;
        enum sch_control_request request;
        const char *argument;
    } asked[] = {
        { "queue ls", SCH_CONTROL_QUEUE_LS, "" },
        { "queue ls agb:06290713", SCH_CONTROL_QUEUE_LS, "agb:06290713" },
        { "queue peek agb:06290713/angst", SCH_CONTROL_QUEUE_PEEK, "agb:06290713/angst" },
        { "queue retry agb:06290713", SCH_CONTROL_QUEUE_RETRY, "agb:06290713" },
        { "queue hold agb:06290713", SCH_CONTROL_QUEUE_HOLD, "agb:06290713" },
        { "queue release agb:06290713", SCH_CONTROL_QUEUE_RELEASE, "agb:06290713" },
    };
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        assert_int_equal(ask_turn(f, asked[i].line, &turn), SCH_OK);
        assert_int_equal(turn.seen, asked[i].request);
        assert_string_equal(turn.argument, asked[i].argument);
    }
}

/* More than a socket takes at once: it arrives whole. */
static void test_long_answer(void **state)
{
    struct fixture *f = *state;
    size_t size = 3 * 1024 * 1024;
    char *text = malloc(size + 1);
    assert_non_null(text);
    memset(text, 'x', size);
    for (size_t i = 99; i < size; i += 100)
        text[i] = '\n';
    text[size - 1] = '\n';
    text[size] = '\0';
    struct turn turn = { .says = text };
    assert_int_equal(ask_turn(f, "queue ls", &turn), SCH_OK);
    assert_int_equal(f->size, size);
    assert_memory_equal(f->text, text, size);
    free(text);
}

static void test_backup(void **state)
{
    struct fixture *f = *state;
    uint64_t made, failed;
    assert_int_equal(ask(f, "backup /somewhere"), SCH_OK);
    assert_int_equal(ask(f, "backup /taken"), SCH_E_IO);
    assert_string_equal(f->error.text, "/taken: exists");
    assert_int_equal(ask(f, "backup somewhere"), SCH_E_USAGE);
    assert_int_equal(backups, 2);
    sch_control_backups(f->control, &made, &failed);
    assert_int_equal(made, 1);
    assert_int_equal(failed, 2);
}

static void test_nonsense(void **state)
{
    struct fixture *f = *state;
    char longer[SCH_CONTROL_LINE_MAX + 2];
    assert_int_equal(ask(f, "drop everything"), SCH_E_USAGE);
    assert_int_equal(ask(f, "queue"), SCH_E_USAGE);
    assert_int_equal(ask(f, "queue hold"), SCH_E_USAGE);
    assert_int_equal(ask(f, "status now"), SCH_E_USAGE);
    assert_int_equal(ask(f, "reloaded"), SCH_E_USAGE);
    assert_int_equal(ask(f, ""), SCH_E_USAGE);
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    assert_int_equal(ask(f, longer), SCH_E_USAGE);
    longer[SCH_CONTROL_LINE_MAX - 1] = '\0';
    assert_int_equal(ask(f, longer), SCH_E_USAGE);
    assert_int_equal(wakes, 0);
}

static void test_no_broker(void **state)
{
    struct fixture *f = *state;
    sch_control_close(f->control);
    f->control = NULL;
    assert_int_equal(ask(f, "status"), SCH_E_UNREACHABLE);
    assert_int_equal(sch_control_ask("/nowhere", "status", 1000, stdout, &f->error), SCH_E_UNREACHABLE);
}

static void *close_control(void *context)
{
    struct fixture *f = context;
    while (wakes == 0)
        usleep(1000);
    sch_control_close(f->control);
    f->control = NULL;
    return NULL;
}

/* Whoever waits for the turn when the broker stops is told so. */
static void test_stopping(void **state)
{
    struct fixture *f = *state;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, close_control, f), 0);
    assert_int_equal(ask(f, "status"), SCH_E_STOPPING);
    pthread_join(thread, NULL);
}

/* ---- peers and means that fail ------------------------------------------------------------------- */

static int connect_here(struct fixture *f)
{
    struct sockaddr_un address;
    int directory = open(f->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sch_control_address(&address, directory);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(directory);
    return fd;
}

/* Half a line, a line without end, a peer that does not wait for a long answer: the next one is served. */
static void test_peers_that_break_off(void **state)
{
    struct fixture *f = *state;
    struct turn turn = { .fails = false };
    static char endless[SCH_CONTROL_LINE_MAX + 100];
    memset(endless, 'x', sizeof endless);
    int fd = connect_here(f);
    assert_int_equal(send(fd, "stat", 4, 0), 4);
    close(fd);
    fd = connect_here(f);
    assert_int_equal(send(fd, endless, sizeof endless, MSG_NOSIGNAL), sizeof endless);
    char byte;
    assert_true(recv(fd, &byte, 1, 0) <= 0);    /* closed, without an answer */
    close(fd);
    fd = connect_here(f);
    assert_int_equal(send(fd, "sta", 3, 0), 3);
    usleep(1000);
    assert_int_equal(send(fd, "tus\n", 4, 0), 4);
    close(fd);                                  /* before it is answered */
    turn.fixture = f;
    (void)answer_one(&turn);
    assert_int_equal(turn.seen, SCH_CONTROL_STATUS);
    assert_int_equal(ask_turn(f, "status", &turn), SCH_OK);
    assert_string_equal(f->text, "one\ntwo\n");
}

static void test_no_descriptor_for_a_moment(void **state)
{
    struct fixture *f = *state;
    struct turn turn = { .fails = false };
    no_accepts = 3;
    assert_int_equal(ask_turn(f, "status", &turn), SCH_OK);
    assert_int_equal(no_accepts, 0);
}

/* Whoever asked learns that it was heard, or at least that no answer comes. */
static void test_no_memory_for_an_answer(void **state)
{
    struct fixture *f = *state;
    struct turn turn = { .fails = false };
    no_prints = 1;
    assert_int_equal(ask_turn(f, "confirm-time", &turn), SCH_E_NO_MEMORY);
    assert_string_equal(f->error.text, "no memory for the answer");
    no_prints = 1;
    assert_int_equal(ask(f, "backup /somewhere"), SCH_E_CLOSED);
    assert_int_equal(ask_turn(f, "status", &turn), SCH_OK);
}

static void test_opening_is_whole_or_not_at_all(void **state)
{
    struct sch_control *control = NULL;
    sch_error error = SCH_ERROR_INIT;
    char directory[] = "/tmp/test_control.XXXXXX";
    (void)state;
    sch_control_close(NULL);
    assert_non_null(mkdtemp(directory));
    failing_arm(0, 0);
    assert_int_equal(sch_control_open(&control, directory, NULL, NULL, &error), SCH_OK);
    size_t calls = failing.calls;
    sch_control_close(control);
    assert_in_range(calls, 8, 20);
    for (size_t n = 1; n <= calls; n++) {
        control = NULL;
        error = (sch_error)SCH_ERROR_INIT;
        failing_arm(n, EMFILE);
        int code = sch_control_open(&control, directory, NULL, NULL, &error);
        assert_true(code == SCH_E_IO || code == SCH_E_NO_MEMORY);
        assert_int_equal(code, error.code);
        assert_true(strlen(error.text) > 10);
        assert_null(control);
    }
    failing_arm(0, 0);
    assert_int_equal(rmdir(directory), 0);
    assert_int_equal(sch_control_open(&control, directory, NULL, NULL, &error), SCH_E_IO);
    assert_non_null(strstr(error.text, directory));
}

/* A broker that answers what no broker should. */
struct fake {
    int listen_fd;
    const char *says;
    size_t size;                        /* 0: of says */
    bool deaf;                          /* it does not even read */
    bool hangs;
};

static void *answer_oddly(void *context)
{
    struct fake *fake = context;
    char line[64];
    int fd = accept4(fake->listen_fd, NULL, NULL, SOCK_CLOEXEC);
    if (!fake->deaf)
        assert_true(recv(fd, line, sizeof line, 0) > 0);
    else
        usleep(50000);                  /* until the request lies there, so that closing throws it away */
    size_t size = fake->size > 0 ? fake->size : strlen(fake->says);
    for (size_t at = 0; at < size && !fake->deaf;) {
        ssize_t sent = send(fd, fake->says + at, size - at, MSG_NOSIGNAL);
        if (sent < 0)
            break;
        at += (size_t)sent;
    }
    while (fake->hangs && recv(fd, line, sizeof line, 0) > 0)
        continue;
    close(fd);
    return NULL;
}

static int ask_fake(struct fake *fake, int timeout_ms, char **text, sch_error *error)
{
    char directory[] = "/tmp/test_control.XXXXXX";
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    pthread_t thread;
    size_t size;
    assert_non_null(mkdtemp(directory));
    snprintf(address.sun_path, sizeof address.sun_path, "%s/" SCH_CONTROL_NAME, directory);
    fake->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fake->listen_fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fake->listen_fd, 1), 0);
    assert_int_equal(pthread_create(&thread, NULL, answer_oddly, fake), 0);
    FILE *out = open_memstream(text, &size);
    assert_non_null(out);
    *error = (sch_error)SCH_ERROR_INIT;
    int code = sch_control_ask(directory, "status", timeout_ms, out, error);
    fclose(out);
    shutdown(fake->listen_fd, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(fake->listen_fd);
    unlink(address.sun_path);
    rmdir(directory);
    return code;
}

static void test_odd_answers(void **state)
{
    static const struct {
        const char *says;
        int code;
        const char *error, *text;
    } odd[] = {
        { "", SCH_E_CLOSED, "the broker went away before it answered", "" },
        { "one\n", SCH_E_CLOSED, "the broker went away before it answered", "" },
        { "one\ntw", SCH_E_CLOSED, "the broker went away before it answered", "one\n" },
        { "error CONFIG\n", SCH_E_CLOSED, "the broker went away before it answered", "" },
        { "one\nerror CONFIG norms.ini:3: no\n", SCH_E_CONFIG, "norms.ini:3: no", "one\n" },
        { "error TOMORROWS_CODE it says more\n", SCH_E_INTERNAL, "it says more", "" },
        { "one\nok\n", SCH_OK, "", "one\n" },
    };
    sch_error error;
    char *text;
    (void)state;
    failing_arm(0, 0);
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        struct fake fake = { .says = odd[i].says };
        assert_int_equal(ask_fake(&fake, 10000, &text, &error), odd[i].code);
        assert_string_equal(error.text, odd[i].error);
        assert_string_equal(text, odd[i].text);
        free(text);
    }
    struct fake deaf = { .says = "", .deaf = true };
    assert_int_equal(ask_fake(&deaf, 10000, &text, &error), SCH_E_CLOSED);
    free(text);
    struct fake hanging = { .says = "one\n", .hangs = true };
    assert_int_equal(ask_fake(&hanging, 50, &text, &error), SCH_E_TIMEOUT);
    free(text);
    struct fake endless = { .size = SCH_CONTROL_ANSWER_MAX + 4096 };
    endless.says = calloc(1, endless.size);
    assert_non_null(endless.says);
    assert_int_equal(ask_fake(&endless, 10000, &text, &error), SCH_E_NO_MEMORY);
    free(text);
    free((char *)endless.says);
}

/* Directory, socket, send, memory for the answer: none of them is there. */
static void test_asking_without_means(void **state)
{
    static const int codes[] = { SCH_E_UNREACHABLE, SCH_E_UNREACHABLE, SCH_E_CLOSED, SCH_E_NO_MEMORY, SCH_E_NO_MEMORY };
    static char says[10000];
    sch_error error;
    char *text;
    (void)state;
    memset(says, 'x', sizeof says - 4);
    memcpy(says + sizeof says - 5, "\nok\n", 5);
    for (size_t n = 1; n <= sizeof codes / sizeof codes[0]; n++) {
        struct fake fake = { .says = n > 2 ? says : "", .hangs = false, .deaf = n <= 3 };
        failing_arm(n, EMFILE);
        assert_int_equal(ask_fake(&fake, 10000, &text, &error), codes[n - 1]);
        free(text);
    }
    failing_arm(0, 0);
}

#define CONTROL_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONTROL_TEST(test_by_turn),
        CONTROL_TEST(test_arguments),
        CONTROL_TEST(test_long_answer),
        CONTROL_TEST(test_backup),
        CONTROL_TEST(test_nonsense),
        CONTROL_TEST(test_no_broker),
        CONTROL_TEST(test_stopping),
        CONTROL_TEST(test_peers_that_break_off),
        CONTROL_TEST(test_no_descriptor_for_a_moment),
        CONTROL_TEST(test_no_memory_for_an_answer),
        cmocka_unit_test(test_opening_is_whole_or_not_at_all),
        cmocka_unit_test(test_odd_answers),
        cmocka_unit_test(test_asking_without_means),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
