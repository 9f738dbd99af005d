/*
 * test_control.c: the operator's socket, both ends, and the pages on loopback. Net and store are stand-ins:
 * the one is woken, the other copied.
 */
#include "shell/control.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <arpa/inet.h>
#include <pthread.h>
#include <unistd.h>

#include <cmocka.h>

#include "shell/http.h"
#include "shell/log.h"

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

/* ---- http --------------------------------------------------------------------------------------- */

/* The whole answer to one request. */
static void fetch(uint16_t port, const char *request, char answer[65536])
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    char text[256];
    int length = snprintf(text, sizeof text, "%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", request);
    assert_int_equal(send(fd, text, (size_t)length, MSG_NOSIGNAL), length);
    size_t size = 0;
    for (ssize_t got; (got = recv(fd, answer + size, 65535 - size, 0)) > 0;)
        size += (size_t)got;
    answer[size] = '\0';
    close(fd);
}

static void assert_answer(uint16_t port, const char *request, const char *status, const char *part)
{
    static char answer[65536];
    fetch(port, request, answer);
    if (strncmp(answer + 9, status, 3) != 0 || strstr(answer, part) == NULL)
        fail_msg("%s gave %s", request, answer);
}

static void test_pages(void **state)
{
    struct sch_board board;
    struct sch_http *http = NULL;
    sch_error error = SCH_ERROR_INIT;
    struct timespec now;
    (void)state;
    assert_int_equal(sch_board_init(&board, &error), SCH_OK);
    assert_int_equal(sch_http_open(&http, "192.0.2.1", 0, &board, &error), SCH_E_IO);
    assert_int_equal(sch_http_open(&http, "0.0.0.0", 0, &board, &error), SCH_E_IO);
    assert_int_equal(sch_http_open(&http, "127.0.0.1", 0, &board, &error), SCH_OK);
    uint16_t port = sch_http_port(http);
    assert_answer(port, "GET /livez", "200", "ok\n");
    assert_answer(port, "GET /readyz", "503", "no turn was made yet");
    clock_gettime(CLOCK_BOOTTIME, &now);
    struct sch_metrics metrics = { .turns = 42 };
    sch_metrics_publish(&board, &metrics, (int64_t)now.tv_sec * 1000);
    assert_answer(port, "GET /readyz", "200", "\nready\n");
    assert_answer(port, "GET /metrics", "200", "\nsch_turns_total 42\n");
    assert_answer(port, "GET /metrics", "200", "\nprocess_open_fds ");
    assert_answer(port, "GET /healthz", "200", "\"ready\":true");
    assert_answer(port, "GET /healthz?verbose", "200", "\"name\":\"loop\",\"ok\":true");
    assert_answer(port, "HEAD /livez", "200", "");
    assert_answer(port, "GET /etc/passwd", "404", "try /livez");
    assert_answer(port, "DELETE /metrics", "405", "GET and HEAD only");
    metrics.draining = 1;
    sch_metrics_publish(&board, &metrics, (int64_t)now.tv_sec * 1000);
    assert_answer(port, "GET /readyz", "503", "the broker is stopping");
    sch_http_close(http);
    sch_board_close(&board);
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
        cmocka_unit_test(test_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
