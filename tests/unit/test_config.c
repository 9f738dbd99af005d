/*
 * test_config.c: scharnierd.conf: values, defaults, and every fault with its line.
 */
#include "shell/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    char directory[64];
    char path[96];
    char report[8192];
    struct sch_config config;
    sch_error error;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    snprintf(f->directory, sizeof f->directory, "/tmp/test_config.XXXXXX");
    assert_non_null(mkdtemp(f->directory));
    snprintf(f->path, sizeof f->path, "%s/scharnierd.conf", f->directory);
    char key_path[96];
    struct sch_key_pair pair;
    snprintf(key_path, sizeof key_path, "%s/broker.key", f->directory);
    assert_int_equal(sch_key_pair_new(&pair, SCH_KEY_TRANSPORT), SCH_OK);
    assert_int_equal(sch_key_pair_save(&pair, key_path, NULL), SCH_OK);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = { "scharnierd.conf", "broker.key", "broker.key.pub", "nl.ini" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", f->directory, names[i]);
        unlink(path);
    }
    rmdir(f->directory);
    free(f);
    return 0;
}

static void add_line(void *context, const char *line)
{
    struct fixture *f = context;
    size_t used = strlen(f->report);
    snprintf(f->report + used, sizeof f->report - used, "%s\n", line);
}

static int load(struct fixture *f, const char *text)
{
    FILE *file = fopen(f->path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    f->report[0] = '\0';
    f->error = (sch_error)SCH_ERROR_INIT;
    return sch_config_load(&f->config, f->path, add_line, f, &f->error);
}

#define REGION "[region utrecht]\ndirectory = utrecht.ini\n" \
               "key = 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n"
#define BROKER "[broker]\nlisten = tcp://127.0.0.1:5890\ncurve_key = broker.key\nstore = store\n"
#define FILES "[norms]\nfile = /etc/nl.ini\n[permits]\nfile = permits.ini\n"

/* The report has this line, the file's path put before it. */
static void assert_reported(struct fixture *f, const char *line)
{
    char whole[512];
    snprintf(whole, sizeof whole, "%s%s\n", f->path, line);
    if (strstr(f->report, whole) == NULL)
        fail_msg("no line\n%sin\n%s", whole, f->report);
}

static void test_defaults(void **state)
{
    struct fixture *f = *state;
    char path[128];
    assert_int_equal(load(f, BROKER REGION FILES), SCH_OK);
    assert_string_equal(f->report, "");
    assert_int_equal(f->config.listen_count, 1);
    assert_string_equal(f->config.listen[0], "tcp://127.0.0.1:5890");
    snprintf(path, sizeof path, "%s/store", f->directory);
    assert_string_equal(f->config.store, path);
    assert_string_equal(f->config.book.norms_path, "/etc/nl.ini");
    assert_string_equal(f->config.book.directory[0].region, "utrecht");
    assert_int_equal(f->config.book.directory[0].key[1], 0x11);
    assert_true(f->config.verify_signatures);
    assert_int_equal(f->config.reserve_bytes, 512 << 20);
    assert_int_equal(f->config.e1_hold_ms, 900000);
    assert_int_equal(f->config.clock.rate, 1);
    assert_false(f->config.http);
    assert_int_equal(f->config.key.use, SCH_KEY_TRANSPORT);
    sch_config_close(&f->config);
}

static void test_all_keys(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(load(f,
        "[broker]\nlisten = tcp://127.0.0.1:1, tcp://[::1]:2\n  tcp://127.0.0.1:3\ncurve_key = broker.key\n"
        "store = store\nverify_signatures = no\nreserve = 2G\nmap_size = 8G\nio_threads = 2\n"
        "log_format = json\nlog_level = debug\ndevelopment = yes\n" REGION FILES
        "[http]\nlisten = [::1]:8590\n[clock]\nrate = 86400\nstart = 2026-03-02T08:00:00Z\n"
        "since = 2026-03-01T12:00:00Z\ne1_hold = 90s\n"), SCH_OK);
    assert_string_equal(f->report, "");
    assert_int_equal(f->config.listen_count, 3);
    assert_string_equal(f->config.listen[1], "tcp://[::1]:2");
    assert_string_equal(f->config.listen[2], "tcp://127.0.0.1:3");
    assert_false(f->config.verify_signatures);
    assert_true(f->config.reserve_bytes == UINT64_C(2) << 30);
    assert_true(f->config.map_bytes == UINT64_C(8) << 30);
    assert_int_equal(f->config.io_threads, 2);
    assert_int_equal(f->config.log_format, SCH_LOG_JSON);
    assert_int_equal(f->config.log_level, SCH_LOG_DEBUG);
    assert_true(f->config.http);
    assert_string_equal(f->config.http_host, "::1");
    assert_int_equal(f->config.http_port, 8590);
    assert_int_equal(f->config.clock.rate, 86400);
    assert_true(f->config.clock.start_ms == INT64_C(1772438400000));
    assert_int_equal(f->config.e1_hold_ms, 90000);
    assert_int_equal(f->config.error_count + f->config.warning_count, 0);
}

static void test_all_faults_at_once(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(load(f,
        "[broker]\nlisten = 127.0.0.1:5890\ncurve_key = broker.key\nstore = store\nlog_formt = json\n"
        "log_level = inf\nreserve = 12\n" REGION "[norm]\nfile = x\n" FILES "[http]\nlisten = 0.0.0.0:80\n"),
        SCH_E_CONFIG);
    assert_reported(f, ":2: error: listen takes tcp://ADDRESS:PORT, not \"127.0.0.1:5890\"");
    assert_reported(f, ":5: error: unknown key \"log_formt\"; did you mean \"log_format\"?");
    assert_reported(f, ":6: error: unknown log_level \"inf\"; did you mean \"info\"?");
    assert_reported(f, ":7: error: reserve takes a number with a unit (KMGT), not \"12\"");
    assert_reported(f, ":11: error: unknown section \"norm\"; did you mean \"norms\"?");
    assert_non_null(strstr(f->report, ":18: error: [http] listens on loopback only"));
    assert_int_equal(f->config.error_count, 6);
    char first[160];
    snprintf(first, sizeof first, "%s:2: listen takes", f->path);
    assert_memory_equal(f->error.text, first, strlen(first));
}

static void test_missing(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(load(f, "[broker]\nstore = store\n[region gooi]\n"), SCH_E_CONFIG);
    assert_reported(f, ": error: there is no line \"listen\" in [broker]");
    assert_reported(f, ": error: there is no line \"curve_key\" in [broker]");
    assert_reported(f, ": error: there is no line \"file\" in [norms]");
    assert_reported(f, ": error: there is no line \"file\" in [permits]");
    assert_reported(f, ": error: there is no line \"directory\" in [region gooi]");
    assert_reported(f, ": error: there is no line \"key\" in [region gooi]");
}

static void test_fast_clock_needs_development(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(load(f, BROKER REGION FILES "[clock]\nrate = 2\n"), SCH_E_CONFIG);
    assert_reported(f, ": error: [clock] rate, start and since need \"development = yes\" in [broker]");
    assert_int_equal(load(f, BROKER "development = yes\n" REGION FILES "[clock]\nrate = 2\n"), SCH_OK);
    assert_int_equal(load(f, BROKER "development = yes\n" REGION FILES "[clock]\nrate = 1000001\n"),
                     SCH_E_CONFIG);
    assert_int_equal(load(f, BROKER "development = yes\n" REGION FILES "[clock]\nrate = 0\n"), SCH_E_CONFIG);
}

static void test_bounds(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(load(f, BROKER "reserve = 16T\n" REGION FILES), SCH_OK);
    assert_int_equal(load(f, BROKER "reserve = 17T\n" REGION FILES), SCH_E_CONFIG);
    assert_int_equal(load(f, BROKER "reserve = 18446744073709551615T\n" REGION FILES), SCH_E_CONFIG);
    assert_int_equal(load(f, BROKER "reserve = -1M\n" REGION FILES), SCH_E_CONFIG);
    assert_int_equal(load(f, BROKER "reserve = 1023K\n" REGION FILES), SCH_E_CONFIG);
    assert_int_equal(load(f, BROKER "io_threads = 17\n" REGION FILES), SCH_E_CONFIG);
    assert_int_equal(load(f, BROKER REGION FILES "[clock]\ne1_hold = 24h\n"), SCH_OK);
    assert_int_equal(load(f, BROKER REGION FILES "[clock]\ne1_hold = 25h\n"), SCH_E_CONFIG);
    assert_int_equal(load(f, BROKER REGION FILES "[http]\nlisten = 127.0.0.1:65536\n"), SCH_E_CONFIG);
    assert_int_equal(load(f, BROKER REGION FILES "[http]\nlisten = 127.0.0.1:0\n"), SCH_OK);
    assert_int_equal(load(f, BROKER REGION FILES "[http]\nlisten = 127.0.0.1\n"), SCH_E_CONFIG);
    assert_int_equal(load(f, BROKER REGION FILES "[http]\nlisten = none\n"), SCH_OK);
    assert_false(f->config.http);
    assert_int_equal(load(f, BROKER REGION REGION FILES), SCH_E_CONFIG);
    assert_int_equal(load(f, ""), SCH_E_CONFIG);
}

/* Each value at its limit and one beyond, and each form in which it may be wrong. */
static void test_values(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *line, *said;        /* said NULL: good */
    } values[] = {
        { "listen = tcp://127.0.0.1", ":5: error: listen takes tcp://ADDRESS:PORT, not \"tcp://127.0.0.1\"" },
        { "listen = ipc:///tmp/x:1", ":5: error: listen takes tcp://ADDRESS:PORT, not \"ipc:///tmp/x:1\"" },
        { "store =", ":5: error: a path is missing" },
        { "  reserve = 1G", ":5: error: store takes one line; this one is indented, and so continues it" },
        { "[broker]\nreserve = 1G", ":5: error: [broker] stands twice" },
        { "reserve = 1Mi", ":5: error: reserve takes a number with a unit (KMGT), not \"1Mi\"" },
        { "reserve = M", ":5: error: reserve takes a number with a unit (KMGT), not \"M\"" },
        { "reserve = 1X", ":5: error: reserve takes a number with a unit (KMGT), not \"1X\"" },
        { "reserve = +1M", ":5: error: reserve takes a number with a unit (KMGT), not \"+1M\"" },
        { "map_size = 1M", NULL },
        { "map_size = 1023K", ":5: error: map_size is out of its range" },
        { "log_format = xml", ":5: error: unknown log_format \"xml\"" },
        { "io_threads = 16", NULL },
        { "[region Utrecht]", ":5: error: \"Utrecht\" is no region code: a-z, 0-9 and \"-\"" },
        { "[region ]", ":5: error: write [region NAME], with the region's code" },
        { "[region utrecht en omstreken]",
          ":5: error: \"utrecht en omstreken\" is no region code: a-z, 0-9 and \"-\"" },
        { "[region abcdefghijklmnopqrstuvwxyz0123456789]",
          ":5: error: \"abcdefghijklmnopqrstuvwxyz0123456789\" is no region code: a-z, 0-9 and \"-\"" },
        { "[region]", ":5: error: write [region NAME], with the region's code" },
        { "[http]\nlisten = [::1]:65535", NULL },
        { "[http]\nlisten = [::2]:1", ":6: error: [http] listens on loopback only: 127.0.0.1:PORT, [::1]:PORT or none, "
                                       "not \"[::2]:1\"; put a reverse proxy with TLS before it" },
        { "[http]\nlisten = 127:1", ":6: error: [http] listens on loopback only: 127.0.0.1:PORT, [::1]:PORT or none, "
                                     "not \"127:1\"; put a reverse proxy with TLS before it" },
        { "[http]\nlisten = 127.0.0.1:x", ":6: error: port = \"x\": expected a number from 0 to 65535" },
    };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        char text[1024];
        bool again = strncmp(values[i].line, "listen", 6) == 0 || strncmp(values[i].line, "store", 5) == 0;
        snprintf(text, sizeof text, "%s%s\n" REGION FILES, again ? "[broker]\n\n\n\n" : BROKER, values[i].line);
        if (values[i].said == NULL) {
            assert_int_equal(load(f, text), SCH_OK);
            assert_string_equal(f->report, "");
            continue;
        }
        assert_int_equal(load(f, text), SCH_E_CONFIG);
        assert_reported(f, values[i].said);
    }
    assert_int_equal(load(f, "store = x\n" BROKER REGION FILES), SCH_E_CONFIG);
    assert_reported(f, ":1: error: \"store\" stands before the first [section]");
}

static void test_counts(void **state)
{
    struct fixture *f = *state;
    static char text[16384];
    size_t size = (size_t)snprintf(text, sizeof text, "[broker]\nlisten =");
    for (int i = 0; i < SCH_NET_ENDPOINTS_MAX; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, " tcp://127.0.0.1:%d,\n ", 5890 + i);
    char *end = text + size;
    size_t room = sizeof text - size;
    snprintf(end, room, "\ncurve_key = broker.key\nstore = store\n" REGION FILES);
    assert_int_equal(load(f, text), SCH_OK);
    assert_int_equal(f->config.listen_count, SCH_NET_ENDPOINTS_MAX);
    snprintf(end, room, " tcp://127.0.0.1:9\ncurve_key = broker.key\nstore = store\n" REGION FILES);
    assert_int_equal(load(f, text), SCH_E_CONFIG);
    assert_non_null(strstr(f->report, "error: at most 4 addresses of "));
    size = (size_t)snprintf(text, sizeof text, BROKER "listen = tcp://%0*d:1\n", SCH_NET_ENDPOINT_MAX, 0);
    snprintf(text, sizeof text, "[broker]\nlisten = tcp://%0*d:1\ncurve_key = broker.key\nstore = s\n" REGION FILES,
             SCH_NET_ENDPOINT_MAX, 0);
    assert_int_equal(load(f, text), SCH_E_CONFIG);
    assert_reported(f, ":2: error: at most 4 addresses of 127 bytes");

    for (int regions = SCH_BOOK_DIRECTORIES_MAX; regions <= SCH_BOOK_DIRECTORIES_MAX + 1; regions++) {
        size = (size_t)snprintf(text, sizeof text, BROKER FILES);
        for (int i = 0; i < regions; i++)
            size += (size_t)snprintf(text + size, sizeof text - size, "[region r%d]\ndirectory = d\nkey = %064d\n", i,
                                     i + 1);
        assert_int_equal(load(f, text), regions > SCH_BOOK_DIRECTORIES_MAX ? SCH_E_CONFIG : SCH_OK);
    }
    assert_non_null(strstr(f->report, "error: more than "));
}

static void test_long_paths(void **state)
{
    struct fixture *f = *state;
    char text[1024], path[400];
    /* A line of a file has at most 199 bytes, so only the directory before it makes a path too long. */
    char deep[300];
    size_t size = (size_t)snprintf(deep, sizeof deep, "%s", f->directory);
    size_t made = 0;
    while (size < 120) {
        size += (size_t)snprintf(deep + size, sizeof deep - size, "/%040d", 0);
        assert_int_equal(mkdir(deep, 0700), 0);
        made++;
    }
    snprintf(path, sizeof path, "%s/scharnierd.conf", deep);
    snprintf(text, sizeof text, "[broker]\nstore = %0180d\n", 0);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(sch_config_load(&f->config, path, add_line, f, &f->error), SCH_E_CONFIG);
    assert_non_null(strstr(f->report, ":2: error: the path is longer than 255 bytes"));
    unlink(path);
    for (; made > 0; made--) {
        assert_int_equal(rmdir(deep), 0);
        *strrchr(deep, '/') = '\0';
    }
    memset(path, 'x', 256);
    path[256] = '\0';
    assert_int_equal(sch_config_load(&f->config, path, add_line, f, &f->error), SCH_E_CONFIG);
    assert_string_equal(f->error.text, "the configuration's path is longer than 255 bytes");
    path[255] = '\0';
    assert_int_equal(sch_config_load(&f->config, path, add_line, f, &f->error), SCH_E_IO);
}

static void test_development_is_for_loopback(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(load(f, "[broker]\nlisten = tcp://127.0.0.1:1, tcp://[::1]:1, tcp://0.0.0.0:1\ndevelopment = yes\n"
                             "curve_key = broker.key\nstore = store\n" REGION FILES), SCH_OK);
    assert_reported(f, ": warning: development = yes, and tcp://0.0.0.0:1 is not loopback");
    assert_int_equal(f->config.warning_count, 1);
    assert_int_equal(load(f, BROKER REGION FILES "[clock]\nstart = 2026-03-02T08:00:00Z\n"), SCH_E_CONFIG);
    assert_int_equal(load(f, BROKER REGION FILES "[clock]\nsince = 2026-03-02T08:00:00Z\n"), SCH_E_CONFIG);
}

static void test_key_file(void **state)
{
    struct fixture *f = *state;
    char path[96], line[200];
    snprintf(path, sizeof path, "%s/broker.key", f->directory);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(load(f, BROKER REGION FILES), SCH_OK);
    snprintf(line, sizeof line, "%s: warning: mode 0640, expected 0600\n", path);
    assert_string_equal(f->report, line);
    assert_int_equal(f->config.warning_count, 1);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(load(f, BROKER REGION FILES), SCH_E_KEY_FILE);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(load(f, BROKER REGION FILES), SCH_E_KEY_FILE);
    snprintf(line, sizeof line, "%s: error: No such file or directory\n", path);
    assert_string_equal(f->report, line);
}

static void test_unreadable(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(sch_config_load(&f->config, "/nowhere/scharnierd.conf", add_line, f, &f->error),
                     SCH_E_IO);
    assert_string_equal(f->report, "/nowhere/scharnierd.conf: error: No such file or directory\n");
}

static void test_fixed(void **state)
{
    struct fixture *f = *state;
    struct sch_config *other = calloc(1, sizeof *other);
    assert_non_null(other);
    assert_int_equal(load(f, BROKER REGION FILES), SCH_OK);
    *other = f->config;
    assert_null(sch_config_fixed(other, &f->config));
    assert_int_equal(load(f, BROKER "log_level = debug\n" REGION FILES), SCH_OK);
    assert_null(sch_config_fixed(other, &f->config));
    assert_int_equal(load(f, BROKER "reserve = 1G\n" REGION FILES), SCH_OK);
    assert_string_equal(sch_config_fixed(other, &f->config), "reserve");
    free(other);
}

/* Whatever a running broker cannot take over is named, so that nobody waits for it. */
static void test_every_fixed_key(void **state)
{
    struct fixture *f = *state;
#define DEVELOPED BROKER "development = yes\n"
    static const struct {
        const char *text, *key;
    } changed[] = {
        { "[broker]\nlisten = tcp://127.0.0.1:5891\ncurve_key = broker.key\nstore = store\n"
          "development = yes\n" REGION FILES,
          "listen" },
        { "[broker]\nlisten = tcp://127.0.0.1:5890 tcp://127.0.0.1:5891\ncurve_key = broker.key\nstore = store\n"
          "development = yes\n" REGION FILES, "listen" },
        { "[broker]\nlisten = tcp://127.0.0.1:5890\ncurve_key = broker.key\nstore = other\n"
          "development = yes\n" REGION FILES,
          "store" },
        { DEVELOPED "map_size = 8G\n" REGION FILES, "map_size" },
        { DEVELOPED "verify_signatures = no\n" REGION FILES, "verify_signatures" },
        { DEVELOPED "io_threads = 2\n" REGION FILES, "io_threads" },
        { DEVELOPED REGION FILES "[http]\nlisten = 127.0.0.1:1\n", "[http] listen" },
        { DEVELOPED REGION FILES "[clock]\nrate = 2\n", "[clock]" },
        { DEVELOPED REGION FILES "[clock]\nstart = 2026-03-02T08:00:00Z\n", "[clock]" },
        { DEVELOPED REGION FILES "[clock]\nsince = 2026-03-02T08:00:00Z\n", "[clock]" },
        { DEVELOPED REGION FILES "[clock]\ne1_hold = 0s\n", "[clock]" },
    };
    struct sch_config *running = calloc(1, sizeof *running);
    assert_non_null(running);
    assert_int_equal(load(f, DEVELOPED REGION FILES), SCH_OK);
    *running = f->config;
    for (size_t i = 0; i < sizeof changed / sizeof changed[0]; i++) {
        assert_int_equal(load(f, changed[i].text), SCH_OK);
        const char *key = sch_config_fixed(running, &f->config);
        assert_non_null(key);
        assert_string_equal(key, changed[i].key);
    }
    assert_int_equal(load(f, DEVELOPED REGION FILES "[http]\nlisten = 127.0.0.1:1\n"), SCH_OK);
    *running = f->config;
    assert_int_equal(load(f, DEVELOPED REGION FILES "[http]\nlisten = 127.0.0.1:2\n"), SCH_OK);
    assert_string_equal(sch_config_fixed(running, &f->config), "[http] listen");
    assert_int_equal(load(f, DEVELOPED REGION FILES "[http]\nlisten = 127.0.0.2:1\n"), SCH_OK);
    assert_string_equal(sch_config_fixed(running, &f->config), "[http] listen");
    assert_int_equal(load(f, DEVELOPED REGION FILES "[http]\nlisten = 127.0.0.1:1\n"), SCH_OK);
    running->key.secret_key[0] ^= 1;
    assert_string_equal(sch_config_fixed(running, &f->config), "curve_key");
    free(running);
}

/* What --check-config prints ends with the count, and its exit code is 6. */
static void test_check(void **state)
{
    struct fixture *f = *state;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    (void)load(f, BROKER "max_retrys = 3\n" REGION "[norms]\nfile = nl.ini\n[permits]\nfile = permits.ini\n");
    assert_int_equal(sch_config_print_check(f->path, 0, out), 6);
    assert_int_equal(fclose(out), 0);
    assert_non_null(strstr(text, ":5: error: unknown key \"max_retrys\"\n"));
    assert_non_null(strstr(text, "/nl.ini: error: No such file or directory\n"));
    assert_non_null(strstr(text, "/permits.ini: error: No such file or directory\n"));
    assert_non_null(strstr(text, "/utrecht.ini: error: No such file or directory\n"));
    const char *end = "not valid: 4 errors, 0 warnings\n";
    assert_true(size > strlen(end));
    assert_string_equal(text + size - strlen(end), end);
    free(text);
}

/* Nobody has to listen to the report: the first error says where. */
static void test_without_a_report(void **state)
{
    struct fixture *f = *state;
    (void)load(f, BROKER "development = yes\n" REGION FILES "[clock]\nrate = none\n");
    assert_int_equal(sch_config_load(&f->config, f->path, NULL, NULL, &f->error), SCH_E_CONFIG);
    assert_non_null(strstr(f->error.text, "rate"));
    (void)load(f, "[broker]\nlisten = tcp://0.0.0.0:1\ndevelopment = yes\ncurve_key = broker.key\n"
                  "store = s\n" REGION FILES);
    assert_int_equal(sch_config_load(&f->config, f->path, NULL, NULL, &f->error), SCH_OK);
    assert_int_equal(f->config.warning_count, 1);
    assert_int_equal(sch_config_load(&f->config, "/nowhere/x.conf", NULL, NULL, NULL), SCH_E_IO);
    assert_int_equal(f->config.error_count, 1);
}

#define CONFIG_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONFIG_TEST(test_defaults),
        CONFIG_TEST(test_all_keys),
        CONFIG_TEST(test_all_faults_at_once),
        CONFIG_TEST(test_missing),
        CONFIG_TEST(test_fast_clock_needs_development),
        CONFIG_TEST(test_bounds),
        CONFIG_TEST(test_values),
        CONFIG_TEST(test_counts),
        CONFIG_TEST(test_long_paths),
        CONFIG_TEST(test_development_is_for_loopback),
        CONFIG_TEST(test_key_file),
        CONFIG_TEST(test_unreadable),
        CONFIG_TEST(test_fixed),
        CONFIG_TEST(test_every_fixed_key),
        CONFIG_TEST(test_without_a_report),
        CONFIG_TEST(test_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
