/* test_cli_output.c: tables, times, what people type as times, and the command to type next. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../adapters/cli/args.c"
#include "../../adapters/cli/moment.c"
#include "../../adapters/cli/output.c"

/* In place of the table of commands. */
const struct sch_cli_command sch_cli_commands[] = { { .noun = "x", .verb = "" }, { .noun = NULL } };
const struct sch_cli_option sch_cli_globals[] = { { .name = NULL } };

static void columns_count_characters(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    struct sch_table table = { .header = { "NAAM", "≤7", "OPMERKING" },
                               .right = { [1] = true },
                               .columns = 3 };
    assert_true(sch_table_add(&table, (const char *[]){ "Coördinator", "5", "" }));
    assert_true(sch_table_add(&table, (const char *[]){ "Haven", "1234", "lang" }));
    sch_table_print(&table, true, out);
    sch_table_print(&table, false, out);
    sch_table_free(&table);
    fclose(out);
    assert_string_equal(text, "NAAM           ≤7  OPMERKING\n"
                              "Coördinator     5\n"
                              "Haven        1234  lang\n"
                              "Coördinator     5\n"
                              "Haven        1234  lang\n");
    free(text);
    assert_int_equal(sch_text_width("≤ë1"), 3);
}

/* What stands in a letter is somebody else's, and reaches a terminal. */
static void no_letter_steers_the_terminal(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    sch_text_print("een\ttwee\ndrie \x1b[2J\r\x07\x7f \xc2\x9b" "31m \xc2\xa0é \xc2\x80", out);
    fclose(out);
    assert_string_equal(text, "een\ttwee\ndrie ?[2J??? ?31m \xc2\xa0é ?");
    free(text);
}

static int64_t at(const char *text)
{
    int64_t ms = -1;
    if (!sch_time_parse(text, &ms))
        fail_msg("\"%s\" is a time", text);
    return ms;
}

static void times_are_read(void **state)
{
    (void)state;
    char text[SCH_TIME_SIZE];
    const char *const same[][2] = {
        { "2026-12-23T09:00", "2026-12-23T08:00:00Z" },
        { "2026-12-23 09:00", "2026-12-23T08:00:00Z" },
        { "2026-07-01T09:00", "2026-07-01T07:00:00Z" },
        { "2026-07-01", "2026-06-30T22:00:00Z" },
        { "20260701", "2026-06-30T22:00:00Z" },
        { "2026-07-01T09:00:05.250Z", "2026-07-01T09:00:05Z" },
        { "2026-07-01T09:00+05:30", "2026-07-01T03:30:00Z" },
        { "2026-07-01T00:30-01:00", "2026-07-01T01:30:00Z" },
        { "2026-03-29T01:59", "2026-03-29T00:59:00Z" },
        { "2026-03-29T02:30", "2026-03-29T01:30:00Z" }, /* skipped: the hour after */
        { "2026-10-25T02:30", "2026-10-25T00:30:00Z" }, /* twice: the first */
        { "2026-10-25T03:00", "2026-10-25T02:00:00Z" },
    };
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        assert_string_equal(sch_time_utc(at(same[i][0]), text), same[i][1]);
    assert_int_equal(at("2026-07-01T09:00:05.250Z") % 1000, 250);
}

static void what_is_no_time_is_refused(void **state)
{
    (void)state;
    const char *const none[] = { "",
                                 "now",
                                 "2026",
                                 "2026-02-30",
                                 "2026-13-01",
                                 "1999-12-31",
                                 "2100-01-01",
                                 "2026-07-01T",
                                 "2026-07-01T9:00",
                                 "2026-07-01T24:00",
                                 "2026-07-01T09:60",
                                 "2026-07-01T09:00:60",
                                 "2026-07-01T09:00X",
                                 "2026-07-01T09:00+0530",
                                 "2026-07-01T09:00+24:00",
                                 "2026-07-01T09:00+01:00 ",
                                 "2026-07-01x" };
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        int64_t ms = 42;
        if (sch_time_parse(none[i], &ms))
            fail_msg("\"%s\" is no time", none[i]);
    }
    assert_int_equal(sch_time_parse_date("2026-12-31"), 20261231);
    assert_int_equal(sch_time_parse_date("20261231"), 20261231);
    const char *const no_date[] = { "2026-1231", "202612-31", "2026-12-31T", "2026-12-3", "31-12-2026", "" };
    for (size_t i = 0; i < sizeof no_date / sizeof no_date[0]; i++)
        assert_int_equal(sch_time_parse_date(no_date[i]), 0);
}

static void times_are_written(void **state)
{
    (void)state;
    char text[SCH_TIME_SIZE];
    int64_t now = at("2026-04-20T12:00");
    assert_string_equal(sch_time_dutch(at("2026-03-12T09:14"), now, text), "12 mrt 09:14");
    assert_string_equal(sch_time_dutch(at("2025-03-12T09:14"), now, text), "12 mrt 2025 09:14");
    assert_string_equal(sch_time_dutch(at("2026-07-01T23:59"), now, text), "1 jul 23:59");
    assert_string_equal(sch_time_english_day(sch_day_of_ms(at("2026-12-31")), text),
                        "Thursday 31 December 2026");
    assert_string_equal(sch_time_date(sch_day_of_ms(at("2026-12-31")), text), "2026-12-31");
    json_t *none = sch_time_json(0);
    assert_true(json_is_null(none));
    json_decref(none);
}

/* What sch_cli_next() prints for a command line, without the line's end. */
static const char *next(const struct sch_cli *cli, char line[128])
{
    FILE *file = tmpfile();
    int out = dup(STDOUT_FILENO);
    assert_non_null(file);
    fflush(stdout);
    assert_true(out >= 0 && dup2(fileno(file), STDOUT_FILENO) >= 0);
    sch_cli_next(cli, "scharnier queue peek %s", "agb:06290713");
    sch_cli_next(cli, "give the region %d keys", 2);
    fflush(stdout);
    assert_true(dup2(out, STDOUT_FILENO) >= 0);
    close(out);
    rewind(file);
    size_t size = fread(line, 1, 127, file);
    line[size] = '\0';
    fclose(file);
    return line;
}

static void the_next_command_asks_the_same_broker(void **state)
{
    (void)state;
    struct sch_cli cli = { .headers = true };
    char line[128];
    assert_string_equal(next(&cli, line), "next: scharnier queue peek agb:06290713\n"
                                          "next: give the region 2 keys\n");
    cli.config = "a.conf";
    cli.option[0].name = "store";
    cli.option[0].value = "there";
    cli.option_count = 1;
    assert_string_equal(next(&cli, line), "next: scharnier --config a.conf queue peek agb:06290713 --store there\n"
                                          "next: give the region 2 keys\n");
    cli.quiet = true;
    assert_string_equal(next(&cli, line), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_count_characters),
        cmocka_unit_test(no_letter_steers_the_terminal),
        cmocka_unit_test(times_are_read),
        cmocka_unit_test(what_is_no_time_is_refused),
        cmocka_unit_test(times_are_written),
        cmocka_unit_test(the_next_command_asks_the_same_broker),
    };
    return cmocka_run_group_tests_name("cli_output", tests, NULL, NULL);
}
