/*
 * test_http.c: the pages on loopback, asked by whoever may be there, with and without means.
 */
#include <dirent.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>

#include "failing.h"

static void *failing_calloc(size_t count, size_t size)
{
    return fails() ? NULL : calloc(count, size);
}

static void *failing_malloc(size_t size)
{
    return fails() ? NULL : malloc(size);
}

static DIR *failing_opendir(const char *path)
{
    return fails() ? NULL : opendir(path);
}

static struct MHD_Response *failing_response(size_t size, void *bytes, enum MHD_ResponseMemoryMode mode)
{
    return fails() ? NULL : MHD_create_response_from_buffer(size, bytes, mode);
}

#define calloc failing_calloc
#define malloc failing_malloc
#define opendir failing_opendir
#define MHD_create_response_from_buffer failing_response
#include "shell/http.c"
#undef calloc
#undef malloc
#undef opendir

#include <setjmp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    struct sch_board board;
    struct sch_http *http;
    uint16_t port;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    sch_error error = SCH_ERROR_INIT;
    assert_non_null(f);
    failing_arm(0, 0);
    assert_int_equal(sch_board_init(&f->board, &error), SCH_OK);
    assert_int_equal(sch_http_open(&f->http, "127.0.0.1", 0, &f->board, &error), SCH_OK);
    f->port = sch_http_port(f->http);
    assert_true(f->port > 0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    sch_http_close(f->http);
    sch_board_close(&f->board);
    free(f);
    return 0;
}

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
    struct fixture *f = *state;
    struct sch_metrics metrics = { .turns = 42 };
    uint16_t port = f->port;
    assert_answer(port, "GET /livez", "200", "ok\n");
    assert_answer(port, "GET /readyz", "503", "no turn was made yet");
    assert_answer(port, "GET /healthz", "503", "\"ready\":false");
    sch_metrics_publish(&f->board, &metrics, mono_ms());
    assert_answer(port, "GET /readyz", "200", "\nready\n");
    assert_answer(port, "GET /metrics", "200", "\nsch_turns_total 42\n");
    assert_answer(port, "GET /metrics", "200", "\nprocess_open_fds ");
    assert_answer(port, "GET /healthz", "200", "\"ready\":true");
    assert_answer(port, "GET /healthz?verbose", "200", "\"name\":\"loop\",\"ok\":true");
    assert_answer(port, "HEAD /livez", "200", "");
    assert_answer(port, "GET /etc/passwd", "404", "try /livez");
    assert_answer(port, "DELETE /metrics", "405", "GET and HEAD only");
    metrics.draining = 1;
    sch_metrics_publish(&f->board, &metrics, mono_ms());
    assert_answer(port, "GET /readyz", "503", "the broker is stopping");
    assert_answer(port, "GET /healthz?verbose", "503",
                  "\"name\":\"draining\",\"ok\":false,\"why\":\"the broker is stopping\"");
}

/* A loop that hangs is seen although these pages have a thread of their own: systemd and people may restart it. */
static void test_a_stuck_loop(void **state)
{
    struct fixture *f = *state;
    struct sch_metrics metrics = { .turns = 42 };
    sch_metrics_publish(&f->board, &metrics, mono_ms() - SCH_HTTP_STUCK_MS);
    assert_answer(f->port, "GET /livez", "503", "the loop does not come round\n");
    assert_answer(f->port, "GET /readyz", "503", "the loop does not come round\n");
    sch_metrics_publish(&f->board, &metrics, mono_ms());
    assert_answer(f->port, "GET /livez", "200", "ok\n");
}

/* Without memory a request goes unanswered, and the next one is served. */
static void test_no_means(void **state)
{
    struct fixture *f = *state;
    static char answer_text[65536];
    for (size_t n = 1; n <= 2; n++) {
        failing_arm(n, ENOMEM);
        fetch(f->port, "GET /livez", answer_text);
        assert_string_equal(answer_text, "");
        failing_arm(0, 0);
        assert_answer(f->port, "GET /livez", "200", "ok\n");
    }
    failing_arm(2, EMFILE);
    assert_answer(f->port, "GET /metrics", "200", "\nprocess_open_fds 0\n");
    failing_arm(0, 0);
}

static void test_addresses(void **state)
{
    struct fixture *f = *state;
    struct sch_http *http = NULL;
    sch_error error = SCH_ERROR_INIT;
    char text[96];
    static const char *const foreign[] = { "192.0.2.1", "0.0.0.0", "::", "::2", "2001:db8::1", "localhost", "" };
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        assert_int_equal(sch_http_open(&http, foreign[i], 0, &f->board, &error), SCH_E_IO);
        snprintf(text, sizeof text, "http: %s is no loopback address", foreign[i]);
        assert_string_equal(error.text, text);
    }
    assert_int_equal(sch_http_open(&http, "127.0.0.1", f->port, &f->board, &error), SCH_E_IO);
    snprintf(text, sizeof text, "cannot listen on 127.0.0.1:%u ([http] listen): Address already in use", f->port);
    assert_string_equal(error.text, text);
    failing_arm(1, ENOMEM);
    assert_int_equal(sch_http_open(&http, "127.0.0.1", 0, &f->board, &error), SCH_E_NO_MEMORY);
    failing_arm(0, 0);
    assert_null(http);
    sch_http_close(NULL);
    if (sch_http_open(&http, "::1", 0, &f->board, &error) == SCH_OK)
        sch_http_close(http);
    else
        print_message("this machine has no IPv6 loopback: %s\n", error.text);
}

#define HTTP_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HTTP_TEST(test_pages), HTTP_TEST(test_a_stuck_loop), HTTP_TEST(test_no_means), HTTP_TEST(test_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
