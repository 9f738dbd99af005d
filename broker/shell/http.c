/*
 * http.c: the four pages, by libmicrohttpd.
 */
#include "http.h"

#include <arpa/inet.h>
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <scharnier/version.h>

#define CONNECTIONS_MAX 32
#define TIMEOUT_S 10
#define MEMORY_MAX 32768                /* per connection, for what the client sends */
#define PAGE_SIZE 65536                 /* of /metrics; a page of today is under 20 KB */

struct sch_http {
    struct MHD_Daemon *daemon;
    struct sch_board *board;
    uint16_t port;
};

/* The clock that the turn's thread published with. */
static int64_t mono_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool sch_health_check(const struct sch_metrics *metrics, int64_t age_ms,
                      struct sch_health health[SCH_HEALTH_COUNT])
{
    bool begun = age_ms >= 0;
    bool map_room = metrics->store_map_bytes == 0
                    || metrics->store_used_bytes < metrics->store_map_bytes / 10 * 9;
    const struct sch_health all[SCH_HEALTH_COUNT] = {
        { "started", begun, "no turn was made yet" },
        { "loop", !begun || age_ms < SCH_HTTP_STUCK_MS, "the loop does not come round" },
        { "store", metrics->store_failed == 0, "the last commit did not succeed" },
        { "headroom", metrics->full == 0, "below the reserve: new referrals are refused" },
        { "map", map_room, "the map is nine tenths full" },
        { "clock", metrics->held == 0, "firing is held until an operator confirms the time" },
        { "draining", metrics->draining == 0, "the broker is stopping" },
    };
    bool good = true;
    for (size_t i = 0; i < SCH_HEALTH_COUNT; i++) {
        health[i] = all[i];
        if (all[i].good)
            health[i].why = "";
        good = good && all[i].good;
    }
    return good;
}

/* ---- pages -------------------------------------------------------------------------------------- */

struct page {
    char *text;                         /* malloc'd, PAGE_SIZE */
    size_t size;
    unsigned status;
    const char *type;
};

static void put(struct page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct page *page, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int size = vsnprintf(page->text + page->size, PAGE_SIZE - page->size, format, args);
    va_end(args);
    assert(size >= 0 && (size_t)size < PAGE_SIZE - page->size);
    page->size += (size_t)size;
}

static void livez(struct page *page, int64_t age_ms)
{
    bool alive = age_ms < SCH_HTTP_STUCK_MS;    /* also while it starts */
    page->status = alive ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
    put(page, alive ? "ok\n" : "the loop does not come round\n");
}

static void readyz(struct page *page, const struct sch_metrics *metrics, int64_t age_ms)
{
    struct sch_health health[SCH_HEALTH_COUNT];
    bool good = sch_health_check(metrics, age_ms, health);
    page->status = good ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
    for (size_t i = 0; i < SCH_HEALTH_COUNT; i++)
        put(page, "%-9s %s\n", health[i].name, health[i].good ? "ok" : health[i].why);
    put(page, good ? "ready\n" : "not ready\n");
}

static void healthz(struct page *page, const struct sch_metrics *m, int64_t age_ms, bool verbose)
{
    struct sch_health health[SCH_HEALTH_COUNT];
    bool good = sch_health_check(m, age_ms, health);
    page->status = good ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
    page->type = "application/json";
    put(page, "{\"schema\":\"scharnier.health.v1\",\"ready\":%s,\"version\":\"%s\"", good ? "true" : "false",
        SCH_VERSION);
    if (verbose) {
        put(page, ",\"checks\":[");
        for (size_t i = 0; i < SCH_HEALTH_COUNT; i++)
            put(page, "%s{\"name\":\"%s\",\"ok\":%s,\"why\":\"%s\"}", i == 0 ? "" : ",", health[i].name,
                health[i].good ? "true" : "false", health[i].why);
        put(page, "],\"sessions\":%llu,\"dossiers\":%llu,\"queue_ready\":%llu,\"queue_inflight\":%llu",
            (unsigned long long)m->sessions, (unsigned long long)m->dossiers,
            (unsigned long long)m->queue_ready, (unsigned long long)m->queue_inflight);
        put(page, ",\"store_used_bytes\":%llu,\"store_available_bytes\":%llu,\"store_map_bytes\":%llu",
            (unsigned long long)m->store_used_bytes, (unsigned long long)m->store_available_bytes,
            (unsigned long long)m->store_map_bytes);
    }
    put(page, "}\n");
}

/* Connections take descriptors, and at the limit the accept loop burns a core (TRAPS): worth a watch. */
static void put_descriptors(struct page *page)
{
    struct rlimit limit = { 0 };
    unsigned long long open_count = 0;
    DIR *directory = opendir("/proc/self/fd");
    while (directory != NULL && readdir(directory) != NULL)
        open_count++;
    if (directory != NULL)
        closedir(directory);
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    /* "." and ".." and the directory itself are none. */
    put(page, "# HELP process_open_fds Open file descriptors.\n# TYPE process_open_fds gauge\n");
    put(page, "process_open_fds %llu\n", open_count > 3 ? open_count - 3 : 0);
    put(page, "# HELP process_max_fds Limit of open file descriptors.\n# TYPE process_max_fds gauge\n");
    put(page, "process_max_fds %llu\n", (unsigned long long)limit.rlim_cur);
}

static void metrics_page(struct page *page, const struct sch_metrics *metrics)
{
    page->status = MHD_HTTP_OK;
    page->type = "text/plain; version=0.0.4; charset=utf-8";
    page->size = sch_metrics_render(metrics, page->text, PAGE_SIZE);
    assert(page->size < PAGE_SIZE / 2); /* a test holds the fullest page against this */
    put_descriptors(page);
}

static void compose(struct page *page, struct sch_board *board, const char *url, bool verbose)
{
    struct sch_metrics metrics;
    int64_t published_ms = sch_board_read(board, &metrics);
    int64_t age_ms = published_ms == 0 ? -1 : mono_ms() - published_ms;
    if (strcmp(url, "/livez") == 0) {
        livez(page, age_ms);
    } else if (strcmp(url, "/readyz") == 0) {
        readyz(page, &metrics, age_ms);
    } else if (strcmp(url, "/healthz") == 0) {
        healthz(page, &metrics, age_ms, verbose);
    } else if (strcmp(url, "/metrics") == 0) {
        metrics_page(page, &metrics);
    } else {
        page->status = MHD_HTTP_NOT_FOUND;
        put(page, "try /livez, /readyz, /healthz?verbose or /metrics\n");
    }
}

static enum MHD_Result respond(struct MHD_Connection *connection, struct page *page)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(page->size, page->text, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) {
        free(page->text);
        return MHD_NO;
    }
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, page->type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    enum MHD_Result result = MHD_queue_response(connection, page->status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data, size_t *data_size,
                              void **state)
{
    struct sch_http *http = context;
    (void)version;
    (void)data;                         /* the first call comes before any body, and is answered */
    (void)data_size;
    (void)state;
    struct page page = { .text = malloc(PAGE_SIZE), .type = "text/plain; charset=utf-8" };
    if (page.text == NULL)
        return MHD_NO;
    page.text[0] = '\0';
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
        page.status = MHD_HTTP_METHOD_NOT_ALLOWED;
        put(&page, "GET and HEAD only\n");
    } else {
        /* "?verbose" without a value comes as NULL; that it is there, only the result says. */
        bool verbose = MHD_lookup_connection_value_n(connection, MHD_GET_ARGUMENT_KIND, "verbose", 7, NULL,
                                                     NULL) == MHD_YES;
        compose(&page, http->board, url, verbose);
    }
    return respond(connection, &page);
}

/* ---- the daemon --------------------------------------------------------------------------------- */

static bool make_address(const char *host, uint16_t port, struct sockaddr_storage *address)
{
    memset(address, 0, sizeof *address);
    struct sockaddr_in *v4 = (struct sockaddr_in *)address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
    if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        return (ntohl(v4->sin_addr.s_addr) >> 24) == 127;
    }
    if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        return memcmp(&v6->sin6_addr, &in6addr_loopback, sizeof in6addr_loopback) == 0;
    }
    return false;
}

int sch_http_open(struct sch_http **http, const char *host, uint16_t port, struct sch_board *board,
                  sch_error *error)
{
    struct sockaddr_storage address;
    if (!make_address(host, port, &address))
        return sch_fail(error, SCH_E_IO, "http: %s is no loopback address", host);
    struct sch_http *made = calloc(1, sizeof *made);
    if (made == NULL)
        return sch_fail(error, SCH_E_NO_MEMORY, "no memory for http");
    made->board = board;
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | (address.ss_family == AF_INET6 ? MHD_USE_IPv6 : 0);
    made->daemon = MHD_start_daemon(flags, port, NULL, NULL, answer, made,
                                    MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address,
                                    MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
                                    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT_S,
                                    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_MAX, MHD_OPTION_END);
    if (made->daemon == NULL) {
        free(made);
        return sch_fail(error, SCH_E_IO, "cannot listen on %s:%u ([http] listen): %s", host, port, strerror(errno));
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(made->daemon, MHD_DAEMON_INFO_BIND_PORT);
    assert(info != NULL);               /* a running daemon has a port */
    made->port = info->port;
    *http = made;
    return SCH_OK;
}

void sch_http_close(struct sch_http *http)
{
    if (http == NULL)
        return;
    MHD_stop_daemon(http->daemon);
    free(http);
}

uint16_t sch_http_port(const struct sch_http *http)
{
    return http->port;
}
