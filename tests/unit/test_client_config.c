/* test_client_config.c: a client's configuration: what is read, and what is said about what is wrong. */
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client_world.h"
#include "config.h"

struct fixture {
    struct sch_client_world world;
    char text[8192];
    char path[128];
    char reported[16][256];
    size_t reported_count;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    if (!f)
        return 1;
    sch_client_world_init(&f->world);
    const char *path = sch_client_world_config(&f->world, "practice", "tcp://127.0.0.1:7788", NULL);
    snprintf(f->path, sizeof f->path, "%s", path);
    FILE *file = fopen(path, "r");
    if (!file)
        return 1;
    f->text[fread(f->text, 1, sizeof f->text - 1, file)] = 0;
    fclose(file);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    sch_client_world_close(&f->world);
    free(f);
    return 0;
}

/* The file with the first `from` replaced by `to`. */
static void write_with(struct fixture *f, const char *from, const char *to)
{
    const char *at = strstr(f->text, from);
    assert_non_null(at);
    FILE *file = fopen(f->path, "w");
    assert_non_null(file);
    fprintf(file, "%.*s%s%s", (int)(at - f->text), f->text, to, at + strlen(from));
    fclose(file);
}

static void report(void *context, const char *line)
{
    struct fixture *f = context;
    assert_true(f->reported_count < 16);
    snprintf(f->reported[f->reported_count++], sizeof f->reported[0], "%s", line);
}

/* What sch_config_check() does. */
static int check(struct fixture *f, const char *path, sch_error *error)
{
    struct sch_client_config config;
    int code = sch_client_config_load(&config, path, report, f, error);
    if (code == SCH_OK)
        sch_client_config_close(&config);
    return code;
}

static void expect(struct fixture *f, const char *from, const char *to, enum sch_error_code code,
                   const char *said)
{
    sch_error error = SCH_ERROR_INIT;
    f->reported_count = 0;
    write_with(f, from, to);
    int got = check(f, f->path, &error);
    if (got != (int)code || !strstr(error.text, said) || f->reported_count == 0)
        fail_msg("%s: got %s: %s", to, error.name, error.text);
}

static void test_good(void **state)
{
    struct fixture *f = *state;
    struct sch_client_config config;
    sch_error error = SCH_ERROR_INIT;
    write_with(f, "seal_key = practice-seal.key",
               "seal_key = practice-seal.key\n    ggz-seal.key\nattach = no");
    if (sch_client_config_load(&config, f->path, NULL, NULL, &error) != SCH_OK)
        fail_msg("%s", error.text);
    assert_string_equal(config.endpoint, "tcp://127.0.0.1:7788");
    assert_memory_equal(config.server_key, f->world.server.public_key, 32);
    assert_memory_equal(config.transport_key.secret_key, f->world.practice_transport.secret_key, 32);
    assert_int_equal(config.region_count, 1);
    assert_int_equal(config.mailbox_count, 2);
    const struct sch_client_mailbox *mailbox = sch_client_config_mailbox(&config, WORLD_PRACTICE);
    assert_non_null(mailbox);
    assert_int_equal(mailbox->seal_key_count, 2);
    assert_memory_equal(mailbox->seal_key[1].public_key, f->world.ggz_seal.public_key, 32);
    assert_false(mailbox->attach);
    assert_true(sch_client_config_mailbox(&config, WORLD_POH)->attach);
    assert_string_equal(config.address[1].text, WORLD_POH);
    assert_null(sch_client_config_mailbox(&config, WORLD_GGZ));
    assert_int_equal(strncmp(config.state, f->world.folder, strlen(f->world.folder)), 0);
    sch_client_config_close(&config);
    sch_client_config_close(&config);
}

static void test_faults_name_line_and_remedy(void **state)
{
    struct fixture *f = *state;
    expect(f, "server_key", "server_kye", SCH_E_CONFIG,
           "practice.conf:3: unknown key \"server_kye\"; did you mean \"server_key\"?");
    expect(f, "[client]", "[cleint]", SCH_E_CONFIG,
           "practice.conf:4: unknown section \"cleint\"; did you mean \"client\"?");
    expect(f, "tcp://127.0.0.1:7788", "localhost", SCH_E_CONFIG, "practice.conf:2: endpoint");
    expect(f, "server_key = ", "server_key = zz", SCH_E_CONFIG, "practice.conf:3: ");
    expect(f, "practice-transport.key", "nowhere.key", SCH_E_KEY_FILE, "practice.conf:5: transport_key: ");
    expect(f, "practice-transport.key", "practice-sign.key", SCH_E_KEY_FILE, "another use");
    expect(f, WORLD_PRACTICE, "agb:123", SCH_E_CONFIG, "practice.conf:9: \"agb:123\" is no address");
    expect(f, "[mailbox " WORLD_POH, "[mailbox " WORLD_PRACTICE, SCH_E_CONFIG, "comes twice");
    expect(f, "\nserver_key", "\n server_key", SCH_E_CONFIG, "practice.conf:3: endpoint takes one line; this one is ");
    expect(f, "sign_key_id = linde-sign\n", "", SCH_E_CONFIG, "go together in [mailbox] " WORLD_PRACTICE);
    expect(f, "[region utrecht]\nkey", "[region utrecht]\nkye", SCH_E_CONFIG, "did you mean \"key\"?");
    expect(f, "[region utrecht]", "[region ../utrecht]", SCH_E_CONFIG, "region code");
    expect(f, "endpoint = tcp://127.0.0.1:7788\n", "", SCH_E_CONFIG, "[broker] needs endpoint");
    expect(f, "state = practice\n", "", SCH_E_CONFIG, "[client] needs state");
}

static void test_every_fault_is_reported(void **state)
{
    struct fixture *f = *state;
    expect(f, "endpoint = tcp://127.0.0.1:7788\nserver_key", "endpiont = tcp://127.0.0.1:7788\nserver_kye",
           SCH_E_CONFIG, "practice.conf:2: ");
    assert_int_equal(f->reported_count, 4);
    assert_non_null(strstr(f->reported[1], ":3: unknown key \"server_kye\""));
}

static void test_no_file(void **state)
{
    struct fixture *f = *state;
    sch_error error = SCH_ERROR_INIT;
    assert_int_equal(check(f, "/nonexistent/client.conf", &error), SCH_E_IO);
    assert_null(sch_open("/nonexistent/client.conf", &error));
}

/* The example must name every key, and be right but for its key files, which do not exist. */
static void test_example(void **state)
{
    struct fixture *f = *state;
    sch_error error = SCH_ERROR_INIT;
    assert_int_equal(check(f, "adapters/examples/client.conf", &error), SCH_E_KEY_FILE);
    for (size_t i = 0; i < f->reported_count; i++)
        assert_non_null(strstr(f->reported[i], "_key: "));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_good), TEST(test_faults_name_line_and_remedy), TEST(test_every_fault_is_reported),
        TEST(test_no_file), TEST(test_example),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests_name("client_config", tests, NULL, NULL);
}
