/* test_cli_gauge.c: thresholds, states and the four forms of a check. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../adapters/cli/args.c"
#include "../../adapters/cli/gauge.c"

const struct sch_cli_command sch_cli_commands[] = { { .noun = "x", .verb = "" }, { .noun = NULL } };
const struct sch_cli_option sch_cli_globals[] = { { .name = NULL } };

static struct sch_gauge loop_of(double overdue, double open)
{
    struct sch_gauge gauge = {
        .check = "loop", .name = "overdue_ratio", .unit = SCH_GAUGE_RATIO, .value = overdue / open
    };
    gauge.more[0].name = "open";
    gauge.more[0].value = open;
    gauge.more_count = 1;
    snprintf(gauge.text, sizeof gauge.text, "%.0f%% past norm (%.0f of %.0f)", gauge.value * 100, overdue,
             open);
    return gauge;
}

static char *text;

static const char *printed(const struct sch_gauge *gauge, const char *format)
{
    size_t size = 0;
    free(text);
    FILE *out = open_memstream(&text, &size);
    sch_gauge_print(gauge, format, out);
    fclose(out);
    return text;
}

static enum sch_gauge_state state_of(struct sch_gauge gauge, const char *warn, const char *crit)
{
    sch_error error = SCH_ERROR_INIT;
    if (sch_gauge_thresholds(&gauge, warn, crit, &error) != SCH_OK)
        fail_msg("%s", error.text);
    return sch_gauge_state(&gauge);
}

static void states(void **state)
{
    (void)state;
    struct sch_gauge loop = loop_of(36, 148);
    assert_int_equal(state_of(loop, NULL, NULL), SCH_GAUGE_OK);
    assert_int_equal(state_of(loop, "5%", "10%"), SCH_GAUGE_CRITICAL);
    assert_int_equal(state_of(loop, "5%", "30%"), SCH_GAUGE_WARNING);
    assert_int_equal(state_of(loop, "0.25", "0.3"), SCH_GAUGE_OK);
    assert_int_equal(state_of(loop, NULL, "24%"), SCH_GAUGE_CRITICAL);
    /* At the threshold is past it. */
    assert_int_equal(state_of(loop_of(5, 100), "5%", NULL), SCH_GAUGE_WARNING);
    struct sch_gauge keys = { .unit = SCH_GAUGE_SECONDS, .low_is_bad = true, .value = 20 * 86400.0 };
    assert_int_equal(state_of(keys, "30d", "7d"), SCH_GAUGE_WARNING);
    assert_int_equal(state_of(keys, "10d", "7d"), SCH_GAUGE_OK);
    keys.value = 86400;
    assert_int_equal(state_of(keys, "30d", "7d"), SCH_GAUGE_CRITICAL);
    keys.unknown = true;
    assert_int_equal(state_of(keys, "30d", "7d"), SCH_GAUGE_UNKNOWN);
    keys.failed = true;
    assert_int_equal(state_of(keys, NULL, NULL), SCH_GAUGE_CRITICAL);
}

static void refuses(void **state)
{
    (void)state;
    static const char *const wrong[][2] = { { "10%", "5%" }, { "5 %", NULL },  { "much", NULL },
                                            { "-5%", NULL }, { NULL, "500%" }, { "2", NULL },
                                            { "", NULL } };
    sch_error error = SCH_ERROR_INIT;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct sch_gauge gauge = loop_of(1, 2);
        if (sch_gauge_thresholds(&gauge, wrong[i][0], wrong[i][1], &error) == SCH_OK)
            fail_msg("--warn %s --crit %s", wrong[i][0], wrong[i][1]);
    }
    struct sch_gauge keys = { .unit = SCH_GAUGE_SECONDS, .low_is_bad = true };
    assert_int_equal(sch_gauge_thresholds(&keys, "7d", "30d", &error), SCH_E_USAGE);
    assert_int_equal(sch_gauge_thresholds(&keys, "7", "5m", &error), SCH_E_USAGE);
    assert_int_equal(sch_gauge_thresholds(&keys, "5m", "7", &error), SCH_OK);
    assert_int_equal(sch_gauge_format("xml", &error), SCH_E_USAGE);
    assert_int_equal(sch_gauge_format(NULL, &error), SCH_OK);
}

static void forms(void **state)
{
    (void)state;
    sch_error error = SCH_ERROR_INIT;
    struct sch_gauge loop = loop_of(36, 148);
    assert_string_equal(printed(&loop, NULL), "OK  loop: 24% past norm (36 of 148)\n");
    assert_string_equal(printed(&loop, "nagios"),
                        "OK: 24% past norm (36 of 148) | overdue_ratio=0.243 open=148\n");
    assert_int_equal(sch_gauge_thresholds(&loop, "5%", "10%", &error), SCH_OK);
    assert_string_equal(printed(&loop, "nagios"),
                        "CRITICAL: 24% past norm (36 of 148) | overdue_ratio=0.243;0.05;0.1 open=148\n");
    assert_string_equal(printed(&loop, "prometheus"),
                        "# TYPE sch_check_state gauge\nsch_check_state{check=\"loop\"} 2\n"
                        "# TYPE sch_check_overdue_ratio gauge\nsch_check_overdue_ratio 0.243\n"
                        "# TYPE sch_check_open gauge\nsch_check_open 148\n");
    json_t *object = json_loads(printed(&loop, "json"), 0, NULL);
    assert_string_equal(json_string_value(json_object_get(object, "state")), "CRITICAL");
    assert_string_equal(json_string_value(json_object_get(object, "schema")), "scharnier.check/1");
    assert_true(json_real_value(json_object_get(object, "crit")) == 0.1);
    json_decref(object);
    loop.unknown = true;
    strcpy(loop.text, "E1101 the broker cannot be reached");
    assert_string_equal(printed(&loop, "nagios"), "UNKNOWN: E1101 the broker cannot be reached\n");
    assert_string_equal(printed(&loop, "prometheus"),
                        "# TYPE sch_check_state gauge\nsch_check_state{check=\"loop\"} 3\n");
    struct sch_gauge keys = { .check = "keys",
                              .name = "key_expiry_seconds",
                              .unit = SCH_GAUGE_SECONDS,
                              .low_is_bad = true,
                              .value = 90,
                              .text = "soon" };
    assert_int_equal(sch_gauge_thresholds(&keys, "2m", "1m", &error), SCH_OK);
    assert_string_equal(printed(&keys, "nagios"), "WARNING: soon | key_expiry_seconds=90s;120:;60:\n");
}

static int tidy(void **state)
{
    (void)state;
    free(text);
    text = NULL;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states),
        cmocka_unit_test(refuses),
        cmocka_unit_test(forms),
    };
    return cmocka_run_group_tests(tests, NULL, tidy);
}
