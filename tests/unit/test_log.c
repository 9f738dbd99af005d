/*
 * test_log.c: the lines of the log: for people, for machines, for the journal; what peers say stays within its line.
 */
#include "shell/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static int ends[2];

static void begin(enum sch_log_level level, enum sch_log_format format)
{
    assert_int_equal(pipe(ends), 0);
    sch_log_open(ends[1], level, format);
}

/* All that was written since begin(). */
static const char *end(void)
{
    static char text[8192];
    sch_log_open(2, SCH_LOG_INFO, SCH_LOG_TEXT);
    close(ends[1]);
    ssize_t size = read(ends[0], text, sizeof text - 1);
    close(ends[0]);
    assert_true(size >= 0);
    text[size] = '\0';
    return text;
}

static void say(void)
{
    sch_log(SCH_LOG_DEBUG, "HIDDEN", "below the level", "n=%d", 1);
    sch_log(SCH_LOG_WARNING, "RELOAD_FAILED", "the old one stays", "count=%d why=\"%s\"", 2, "a \"b\" \\ c\nd=e\x7f");
}

static void test_text(void **state)
{
    (void)state;
    begin(SCH_LOG_INFO, SCH_LOG_TEXT);
    say();
    const char *text = end();
    assert_string_equal(text + 25, "warning RELOAD_FAILED the old one stays count=2 why=\"a \"b\" \\ c?d=e?\"\n");
    assert_int_equal(text[10], 'T');
    assert_int_equal(text[23], 'Z');
}

static void test_json(void **state)
{
    (void)state;
    begin(SCH_LOG_INFO, SCH_LOG_JSON);
    say();
    const char *rest = strstr(end(), ",\"level\"");
    assert_non_null(rest);
    assert_string_equal(rest, ",\"level\":\"warning\",\"code\":\"RELOAD_FAILED\",\"msg\":\"the old one stays\","
                              "\"count\":\"2\",\"why\":\"a \\\"b\\\" \\\\ c?d=e?\"}\n");
}

static void test_levels(void **state)
{
    static const struct {
        enum sch_log_level level;
        const char *words;
    } levels[] = { { SCH_LOG_ERROR, " error   " }, { SCH_LOG_WARNING, " warning " }, { SCH_LOG_INFO, " info    " },
                   { SCH_LOG_DEBUG, " debug   " } };
    (void)state;
    for (size_t shown = 0; shown < 4; shown++) {
        begin(levels[shown].level, SCH_LOG_TEXT);
        for (size_t i = 0; i < 4; i++)
            sch_log_plain(levels[i].level, "CODE", "text");
        const char *text = end();
        for (size_t i = 0; i < 4; i++)
            assert_int_equal(strstr(text, levels[i].words) != NULL, i <= shown);
    }
}

/* systemd says by JOURNAL_STREAM whether stderr is the journal's; only then may priorities stand in the line. */
static void test_journal(void **state)
{
    struct stat status;
    char stream[64];
    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fstat(ends[1], &status), 0);
    snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)status.st_dev, (unsigned long long)status.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    sch_log_open(ends[1], SCH_LOG_INFO, SCH_LOG_TEXT);
    say();
    sch_log_plain(SCH_LOG_ERROR, "STOPPED", "the broker cannot go on");
    assert_string_equal(end(), "<4>RELOAD_FAILED the old one stays count=2 why=\"a \"b\" \\ c?d=e?\"\n"
                               "<3>STOPPED the broker cannot go on\n");
    snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)status.st_dev,
             (unsigned long long)status.st_ino + 1000000);
    const char *const others[] = { stream, "0:0", "nonsense", "" };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        setenv("JOURNAL_STREAM", others[i], 1);
        begin(SCH_LOG_INFO, SCH_LOG_TEXT);
        say();
        assert_int_equal(end()[4], '-');        /* the time */
    }
    setenv("JOURNAL_STREAM", stream, 1);
    sch_log_open(-1, SCH_LOG_INFO, SCH_LOG_TEXT);
    say();                              /* nowhere, and nothing happens */
    unsetenv("JOURNAL_STREAM");
}

/* Is this one JSON object on one line? Quotes and braces that are open at the end would break its reader. */
static void assert_object(const char *line)
{
    bool quoted = false;
    size_t size = strlen(line);
    assert_true(size > 2 && line[0] == '{' && line[size - 2] == '}' && line[size - 1] == '\n');
    for (size_t i = 1; i < size - 2; i++) {
        assert_true((unsigned char)line[i] >= 0x20);
        if (quoted && line[i] == '\\')
            i++;
        else if (line[i] == '"')
            quoted = !quoted;
    }
    assert_false(quoted);
}

/* A value that is too long is cut, and the line is whole all the same. */
static void test_long_values(void **state)
{
    static char value[4000];
    (void)state;
    static const char fill[] = { 'x', '"', '\\', ' ', '=' };
    for (size_t i = 0; i < sizeof fill; i++)
        for (size_t lead = 700; lead < 790; lead++) {
            memset(value, fill[i], sizeof value - 1);
            begin(SCH_LOG_INFO, SCH_LOG_JSON);
            sch_log(SCH_LOG_INFO, "CODE", "text", "a=%0*d why=\"%s\"", (int)lead - 20, 0, value);
            assert_object(end());
        }
    begin(SCH_LOG_INFO, SCH_LOG_JSON);
    sch_log(SCH_LOG_INFO, "CODE", "text", "why=\"");
    assert_object(end());
    begin(SCH_LOG_INFO, SCH_LOG_TEXT);
    sch_log(SCH_LOG_INFO, "CODE", "text", "why=%s", value);
    const char *text = end();
    assert_int_equal(text[strlen(text) - 1], '\n');
    assert_in_range(strlen(text), 700, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),   cmocka_unit_test(test_json),        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_journal), cmocka_unit_test(test_long_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
