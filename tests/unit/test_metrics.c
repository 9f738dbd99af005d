/*
 * test_metrics.c: counters, their Prometheus text, and what /readyz makes of them.
 */
#include "shell/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "shell/http.h"

static char *render(const struct sch_metrics *metrics)
{
    size_t size = sch_metrics_render(metrics, NULL, 0);
    char *text = malloc(size + 1);
    assert_non_null(text);
    assert_int_equal(sch_metrics_render(metrics, text, size + 1), size);
    assert_int_equal(strlen(text), size);
    return text;
}

static void assert_line(const struct sch_metrics *metrics, const char *line)
{
    char *text = render(metrics);
    char whole[256];
    snprintf(whole, sizeof whole, "\n%s\n", line);
    if (strstr(text, whole) == NULL)
        fail_msg("no line %s in\n%s", line, text);
    free(text);
}

static void test_counts(void **state)
{
    struct sch_metrics metrics = { 0 };
    (void)state;
    metrics.received[SCH_COMMAND_SUBMIT] = 3;
    metrics.receipts[SCH_KIND_REFERRAL] = 2;
    sch_metrics_rejected(&metrics, SCH_E_NOT_ALLOWED);
    sch_metrics_rejected(&metrics, SCH_E_NOT_ALLOWED);
    sch_metrics_rejected(&metrics, (enum sch_error_code)9999);
    sch_metrics_delivered(&metrics, SCH_DELIVERY_COLLECTED, 1500);
    metrics.alerts[SCH_STEP_OVERDUE] = 4;
    metrics.backup_last_ms = 1772438400123;
    assert_line(&metrics, "sch_commands_received_total{type=\"submit\"} 3");
    assert_line(&metrics, "sch_commands_received_total{type=\"ping\"} 0");
    assert_line(&metrics, "sch_messages_received_total{type=\"REFERRAL\"} 2");
    assert_line(&metrics, "sch_messages_rejected_total{reason=\"NOT_ALLOWED\"} 2");
    assert_line(&metrics, "sch_messages_rejected_total{reason=\"OTHER\"} 1");
    assert_line(&metrics, "sch_delivery_attempts_total{result=\"COLLECTED\"} 1");
    assert_line(&metrics, "sch_delivery_duration_seconds_bucket{le=\"1\"} 0");
    assert_line(&metrics, "sch_delivery_duration_seconds_bucket{le=\"10\"} 1");
    assert_line(&metrics, "sch_delivery_duration_seconds_sum 1.500");
    assert_line(&metrics, "sch_alerts_total{step=\"OVERDUE\"} 4");
    assert_line(&metrics, "sch_backup_last_success_timestamp_seconds 1772438400.123");
}

static void test_commits(void **state)
{
    struct sch_metrics metrics = { 0 };
    (void)state;
    sch_metrics_commit(&metrics, 0, 1);
    sch_metrics_commit(&metrics, 2, 8);
    sch_metrics_commit(&metrics, 3, 9);
    sch_metrics_commit(&metrics, 60000, 5000);
    assert_line(&metrics, "sch_store_commits_total 4");
    assert_line(&metrics, "sch_store_commit_duration_seconds_bucket{le=\"0.001\"} 1");
    assert_line(&metrics, "sch_store_commit_duration_seconds_bucket{le=\"0.002\"} 2");
    assert_line(&metrics, "sch_store_commit_duration_seconds_bucket{le=\"0.005\"} 3");
    assert_line(&metrics, "sch_store_commit_duration_seconds_bucket{le=\"5\"} 3");
    assert_line(&metrics, "sch_store_commit_duration_seconds_bucket{le=\"+Inf\"} 4");
    assert_line(&metrics, "sch_store_commit_duration_seconds_sum 60.005");
    assert_line(&metrics, "sch_batch_events_bucket{le=\"8\"} 2");
    assert_line(&metrics, "sch_batch_events_bucket{le=\"16\"} 3");
    assert_line(&metrics, "sch_batch_events_sum 5018");
}

/* Every code of the list has its own place. */
static void test_codes(void **state)
{
    static const enum sch_error_code codes[] = {
#define SCH_X_CODE(N, n, e, c, h) SCH_E_##N,
        SCH_ERROR_LIST(SCH_X_CODE)
    };
    (void)state;
    size_t count = sizeof codes / sizeof *codes;
    assert_int_equal(count + 1, SCH_METRICS_CODES);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(sch_metrics_code_index(codes[i]), i);
    assert_int_equal(sch_metrics_code_index(SCH_OK), count);
}

/* The fullest page: every number at its widest, every label shown. It fits in what http.c gives it. Each name
 * has one HELP and one TYPE, and every sample line is a name, labels and a number. */
static void test_form(void **state)
{
    struct sch_metrics metrics;
    (void)state;
    memset(&metrics, 0xff, sizeof metrics);
    char *text = render(&metrics);
    assert_true(strlen(text) < 32768);
    unsigned helps = 0, types = 0;
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        char name[128], label[128], number[64];
        if (strncmp(line, "# HELP sch_", 11) == 0)
            helps++;
        else if (strncmp(line, "# TYPE sch_", 11) == 0)
            types++;
        else if (sscanf(line, "%127[a-z_]{%127[^}]} %63[0-9.]", name, label, number) != 3
                 && sscanf(line, "%127[a-z_] %63[0-9.]", name, number) != 2)
            fail_msg("%s", line);
    }
    assert_true(helps > 40);
    assert_int_equal(helps, types);
    free(text);
}

static void test_cut(void **state)
{
    struct sch_metrics metrics = { 0 };
    char small[512];
    (void)state;
    memset(small, 'x', sizeof small);
    assert_true(sch_metrics_render(&metrics, small, sizeof small) > sizeof small);
    assert_true(memchr(small, '\0', sizeof small) != NULL);
}

static void test_board(void **state)
{
    struct sch_board board;
    struct sch_metrics metrics = { .turns = 7 }, copy;
    (void)state;
    assert_int_equal(sch_board_init(&board, NULL), SCH_OK);
    assert_int_equal(sch_board_read(&board, &copy), 0);
    sch_metrics_publish(&board, &metrics, 1234);
    metrics.turns = 8;
    assert_int_equal(sch_board_read(&board, &copy), 1234);
    assert_int_equal(copy.turns, 7);
    sch_board_close(&board);
}

static void test_health(void **state)
{
    struct sch_metrics metrics = { .store_map_bytes = 1000, .store_used_bytes = 899 };
    struct sch_health health[SCH_HEALTH_COUNT];
    (void)state;
    assert_true(sch_health_check(&metrics, 0, health));
    assert_true(sch_health_check(&metrics, SCH_HTTP_STUCK_MS - 1, health));
    assert_false(sch_health_check(&metrics, SCH_HTTP_STUCK_MS, health));
    assert_false(sch_health_check(&metrics, -1, health));
    metrics.store_used_bytes = 900;
    assert_false(sch_health_check(&metrics, 0, health));
    metrics.store_used_bytes = 0;
    uint64_t *const flag[] = { &metrics.held, &metrics.full, &metrics.draining, &metrics.store_failed };
    for (size_t i = 0; i < sizeof flag / sizeof *flag; i++) {
        *flag[i] = 1;
        assert_false(sch_health_check(&metrics, 0, health));
        *flag[i] = 0;
    }
    assert_true(sch_health_check(&metrics, 0, health));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_commits),
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_board),
        cmocka_unit_test(test_health),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
