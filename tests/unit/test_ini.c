/* test_ini.c: what handlers see of an INI file, and what is said about a wrong one. */
#include "ini.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Everything that the handler saw, and every report, as text. A name of "one…" takes one line. */
struct seen {
    char calls[4096];
    char reports[4096];
    const char *refuse;                 /* a section or name that the handler refuses */
    int silent;                         /* … with this code, and no word */
};

static void append(char *to, size_t size, const char *text)
{
    size_t used = strlen(to);
    snprintf(to + used, size - used, "%s", text);
}

static int handle(void *context, const struct sch_ini *ini, const char *section, const char *name,
                  const char *value)
{
    static const char *const words[] = { "alpha", "max_retries" };
    struct seen *seen = context;
    char line[512];
    if (name == NULL) {
        snprintf(line, sizeof line, "[%s]\n", section);
    } else {
        snprintf(line, sizeof line, "%s|%s|%s\n", section, name, value);
    }
    if (name != NULL && strncmp(name, "one", 3) == 0 && sch_ini_one_line(ini, SCH_E_NORM_FORMAT, name) != SCH_OK) {
        return SCH_E_NORM_FORMAT;
    }
    append(seen->calls, sizeof seen->calls, line);
    if (seen->refuse != NULL && strcmp(seen->refuse, name != NULL ? name : section) == 0) {
        return seen->silent != 0 ? seen->silent
                                 : sch_ini_unknown(ini, SCH_E_NORM_FORMAT, "key", seen->refuse, words, 2);
    }
    return SCH_OK;
}

static void report(void *context, const char *line)
{
    struct seen *seen = context;
    append(seen->reports, sizeof seen->reports, line);
    append(seen->reports, sizeof seen->reports, "\n");
}

static int read_size(struct seen *seen, const char *content, size_t size, sch_error *error)
{
    /* A copy of exactly this size, so that the sanitizer sees a read past its end. */
    uint8_t *copy = malloc(size > 0 ? size : 1);
    assert_non_null(copy);
    memcpy(copy, content, size);
    int code = sch_ini_read_bytes("t.ini", copy, size, handle, report, seen, error);
    free(copy);
    return code;
}

static void expect(const char *content, int code, const char *calls, const char *reports)
{
    struct seen seen = { .refuse = NULL };
    sch_error error = SCH_ERROR_INIT;
    assert_int_equal(read_size(&seen, content, strlen(content), &error), code);
    assert_string_equal(seen.calls, calls);
    assert_string_equal(seen.reports, reports);
    assert_int_equal(error.code, code);
}

static void test_good(void **state)
{
    (void)state;
    expect("", SCH_OK, "", "");
    expect("a = 1", SCH_OK, "|a|1\n", "");
    expect("a=1\r\n[s one]\r\nb = two words ; a remark\r\n", SCH_OK, "|a|1\n[s one]\ns one|b|two words\n", "");
    expect("\xef\xbb\xbf[s]\n# c\n; d\n  ; e\n\na =\n  b\n\tc = d: e\n[t] ; x\n", SCH_OK,
           "[s]\ns|a|\ns|a|b\ns|a|c = d: e\n[t]\n", "");
    expect("[a]\nx = 1\n[b]\nx = 1\n", SCH_OK, "[a]\na|x|1\n[b]\nb|x|1\n", "");
    expect("a = caf\xc3\xa9\n", SCH_OK, "|a|caf\xc3\xa9\n", "");
    /* A section's name may be longer than libinih would keep. */
    expect("[mailbox agb:06290713/12345678901234567890123456789012345678901234567890]\n", SCH_OK,
           "[mailbox agb:06290713/12345678901234567890123456789012345678901234567890]\n", "");
}

static void test_one_line(void **state)
{
    (void)state;
    expect("[s]\none = 1\ntwo = 2\n  3\none more = 4\n", SCH_OK, "[s]\ns|one|1\ns|two|2\ns|two|3\ns|one more|4\n",
           "");
    expect("[s]\none = 1\n  two = 2\nb = 3\n", SCH_E_NORM_FORMAT, "[s]\ns|one|1\ns|b|3\n",
           "t.ini:3: one takes one line; this one is indented, and so continues it\n");
    expect("[s]\none =\n  1\n", SCH_E_NORM_FORMAT, "[s]\ns|one|\n",
           "t.ini:3: one takes one line; this one is indented, and so continues it\n");
}

static void test_wrong_lines(void **state)
{
    (void)state;
    expect("a 1\nb = 2\n", SCH_E_CONFIG, "|b|2\n", "t.ini:1: expected \"name = value\"\n");
    expect("a: 1\n = 2\nb=3", SCH_E_CONFIG, "|b|3\n", "t.ini:1: expected \"name = value\"\n");
    expect("= 2\n", SCH_E_CONFIG, "", "t.ini:1: expected \"name = value\"\n");
    expect("x ;y = 2\n", SCH_E_CONFIG, "", "t.ini:1: the file cannot be read as INI text\n");
    expect("[s\na = 1\n[t]\nb = 2\n", SCH_E_CONFIG, "[t]\nt|b|2\n", "t.ini:1: expected \"[section]\"\n");
    expect("[s] x\n", SCH_E_CONFIG, "", "t.ini:1: expected \"[section]\"\n");
    expect("[ ]\n", SCH_E_CONFIG, "", "t.ini:1: a section needs a name\n");
    expect("[s]\n  a = 1\n", SCH_E_CONFIG, "[s]\n",
           "t.ini:2: an indented line continues a value, and there is none\n");
    expect("[s]\na = 1\nb = 2\na = 3\n  4\n[t]\na = 5\n", SCH_E_CONFIG, "[s]\ns|a|1\ns|b|2\n[t]\nt|a|5\n",
           "t.ini:4: \"a\" is given twice in this section\n");
    expect("a = \xc3\n  more\nb = 1\n", SCH_E_CONFIG, "|b|1\n", "t.ini:1: the line is not plain UTF-8 text\n");
    expect("a = \x01\n", SCH_E_CONFIG, "", "t.ini:1: the line is not plain UTF-8 text\n");
    expect("a = \xc2\x9b" "2J\n", SCH_E_CONFIG, "", "t.ini:1: the line is not plain UTF-8 text\n");
    expect("a = \xc2\xa0\xc3\x9f\n", SCH_OK, "|a|\xc2\xa0\xc3\x9f\n", "");
    expect("a\nb\n", SCH_E_CONFIG, "",
           "t.ini:1: expected \"name = value\"\nt.ini:2: expected \"name = value\"\n");
    expect("1234567890123456789012345678901234567890123456789 = 1\n", SCH_OK,
           "|1234567890123456789012345678901234567890123456789|1\n", "");
    expect("12345678901234567890123456789012345678901234567890 = 1\n", SCH_E_CONFIG, "",
           "t.ini:1: the name is longer than 49 bytes\n");
}

static void test_line_limit(void **state)
{
    (void)state;
    char line[256];
    for (size_t size = 198; size <= 201; size++) {
        memset(line, 'x', sizeof line);
        memcpy(line, "a = ", 4);
        line[size] = '\n';
        struct seen seen = { .refuse = NULL };
        sch_error error = SCH_ERROR_INIT;
        int code = read_size(&seen, line, size + 1, &error);
        assert_int_equal(code, size <= 199 ? SCH_OK : SCH_E_CONFIG);
        assert_int_equal(strlen(seen.calls), size <= 199 ? size - 4 + 4 : 0);
    }
    struct seen seen = { .refuse = NULL };
    sch_error error = SCH_ERROR_INIT;
    assert_int_equal(read_size(&seen, "a = 1\0 2\nb = 2", 14, &error), SCH_E_CONFIG);
    assert_string_equal(seen.calls, "|b|2\n");
    assert_string_equal(error.text, "t.ini:1: the line is not plain UTF-8 text");
}

static void test_handler_refuses(void **state)
{
    (void)state;
    struct seen seen = { .refuse = "max_retrys" };
    sch_error error = SCH_ERROR_INIT;
    const char *text = "[s]\nmax_retrys = 1\n  2\nmax_retries = 3\n";
    assert_int_equal(read_size(&seen, text, strlen(text), &error), SCH_E_NORM_FORMAT);
    assert_string_equal(seen.calls, "[s]\ns|max_retrys|1\ns|max_retries|3\n");
    assert_string_equal(error.text, "t.ini:2: unknown key \"max_retrys\"; did you mean \"max_retries\"?");

    struct seen section = { .refuse = "zzz" };
    const char *more = "[zzz]\na = 1\n[s]\na = 1\n";
    assert_int_equal(read_size(&section, more, strlen(more), &error), SCH_E_NORM_FORMAT);
    assert_string_equal(section.calls, "[zzz]\n[s]\ns|a|1\n");
    assert_string_equal(section.reports, "t.ini:1: unknown key \"zzz\"\n");

    struct seen silent = { .refuse = "a", .silent = SCH_E_NO_MEMORY };
    assert_int_equal(read_size(&silent, more, strlen(more), NULL), SCH_E_NO_MEMORY);
    assert_string_equal(silent.reports, "t.ini:2: out of memory\n");
}

static void test_many_names(void **state)
{
    (void)state;
    static char text[200 * 12];
    for (int i = 0; i < 200; i++) {
        char line[32];
        snprintf(line, sizeof line, "n%d = 1\n", i);
        append(text, sizeof text, line);
    }
    static struct seen seen;
    assert_int_equal(read_size(&seen, text, strlen(text), NULL), SCH_OK);
}

/* ---- values ------------------------------------------------------------------------------------ */

struct value {
    const char *kind;
    uint64_t number;
    bool flag;
    uint8_t bytes[4];
    int64_t ms;
};

static int handle_value(void *context, const struct sch_ini *ini, const char *section, const char *name,
                        const char *value)
{
    struct value *v = context;
    (void)section;
    if (strcmp(v->kind, "uint") == 0) {
        return sch_ini_uint(ini, SCH_E_CONFIG, name, value, 2, v->number, &v->number);
    }
    if (strcmp(v->kind, "bool") == 0) {
        return sch_ini_bool(ini, SCH_E_CONFIG, name, value, &v->flag);
    }
    if (strcmp(v->kind, "hex") == 0) {
        return sch_ini_hex(ini, SCH_E_CONFIG, name, value, v->bytes, sizeof v->bytes);
    }
    return sch_ini_time(ini, SCH_E_CONFIG, name, value, &v->ms);
}

static int value_of(struct value *v, const char *kind, const char *text, sch_error *error)
{
    char line[200];
    snprintf(line, sizeof line, "x = %s\n", text);
    v->kind = kind;
    return sch_ini_read_bytes("v.ini", (const uint8_t *)line, strlen(line), handle_value, NULL, v, error);
}

static void test_numbers(void **state)
{
    (void)state;
    sch_error error = SCH_ERROR_INIT;
    struct value v = { .number = 70 };
    assert_int_equal(value_of(&v, "uint", "2", NULL), SCH_OK);
    assert_int_equal(v.number, 2);
    static const char *const bad[] = { "", "1", "71", "-3", "3x", "0x10", "+3", "18446744073709551617" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        v.number = 70;
        assert_int_equal(value_of(&v, "uint", bad[i], &error), SCH_E_CONFIG);
    }
    v.number = 70;
    assert_int_equal(value_of(&v, "uint", "71", &error), SCH_E_CONFIG);
    assert_string_equal(error.text, "v.ini:1: x = \"71\": expected a number from 2 to 70");
    v.number = UINT64_MAX;
    assert_int_equal(value_of(&v, "uint", "18446744073709551615", NULL), SCH_OK);
    assert_true(v.number == UINT64_MAX);
    static const char *const yes[] = { "yes", "true", "on" }, *const no[] = { "no", "false", "off" };
    for (size_t i = 0; i < 3; i++) {
        v.flag = false;
        assert_int_equal(value_of(&v, "bool", yes[i], NULL), SCH_OK);
        assert_true(v.flag);
        assert_int_equal(value_of(&v, "bool", no[i], NULL), SCH_OK);
        assert_false(v.flag);
    }
    assert_int_equal(value_of(&v, "bool", "1", NULL), SCH_E_CONFIG);
}

static void test_hex(void **state)
{
    (void)state;
    sch_error error = SCH_ERROR_INIT;
    struct value v = { .kind = "" };
    assert_int_equal(value_of(&v, "hex", "00aFFe10", NULL), SCH_OK);
    assert_memory_equal(v.bytes, "\x00\xaf\xfe\x10", 4);
    static const char *const bad[] = { "", "00affe1", "00affe100", "00affe1g", "00 ffe10", "0xaffe10" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(value_of(&v, "hex", bad[i], &error), SCH_E_CONFIG);
        assert_string_equal(error.text, "v.ini:1: x: expected 8 hex digits");
    }
}

static void test_times(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {
        { "1970-01-01", 0 },
        { "2026-11-22", INT64_C(1795305600000) },
        { "2024-02-29", INT64_C(1709164800000) },
        { "2000-02-29T23:59:59Z", INT64_C(951868799000) },
        { "2026-11-22T05:48:00+01:00", INT64_C(1795322880000) },
        { "2026-11-22T05:48:00.1239-00:30", INT64_C(1795328280123) },
        { "2026-11-22t05:48:00.5z", INT64_C(1795326480500) },
    };
    struct value v = { .kind = "" };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(value_of(&v, "time", good[i].text, NULL), SCH_OK);
        assert_int_equal(v.ms, good[i].ms);
    }
    static const char *const bad[] = {
        "", "2026", "2026-13-01", "2026-02-29", "1900-02-29", "1969-12-31", "2026-11-22T05:48:00",
        "2026-11-22T24:00:00Z", "2026-11-22T05:60:00Z", "2026-11-22T05:48:60Z", "2026-11-22T05:48Z",
        "2026-11-22T05:48:00+1:00", "2026-11-22T05:48:00+24:00", "2026-11-22T05:48:00.Z", "2026-11-22x",
        "2026-11-00", "2026-00-10", "26-11-22", "2026-11-22T05:48:00Zx",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(value_of(&v, "time", bad[i], NULL), SCH_E_CONFIG);
    }
}

static void test_files(void **state)
{
    (void)state;
    sch_error error = SCH_ERROR_INIT;
    struct seen seen = { .refuse = NULL };
    assert_int_equal(sch_ini_read_file("/nonexistent/x.ini", handle, report, &seen, &error), SCH_E_IO);
    assert_string_equal(error.text, "/nonexistent/x.ini: No such file or directory");
    assert_int_equal(sch_ini_read_file("/", handle, report, &seen, &error), SCH_E_IO);

    char path[] = "/tmp/test_ini_XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "[s]\na = 1\nb\n", 12), 12);
    assert_int_equal(sch_ini_read_file(path, handle, report, &seen, &error), SCH_E_CONFIG);
    assert_string_equal(seen.calls, "[s]\ns|a|1\n");
    char expected[64];
    snprintf(expected, sizeof expected, "%s:3: expected \"name = value\"", path);
    assert_string_equal(error.text, expected);
    assert_int_equal(ftruncate(fd, 4 * 1024 * 1024 + 1), 0);
    assert_int_equal(sch_ini_read_file(path, handle, NULL, &seen, &error), SCH_E_IO);
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(sch_ini_read_file(path, handle, NULL, &seen, &error), SCH_OK);
    close(fd);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),       cmocka_unit_test(test_wrong_lines),
        cmocka_unit_test(test_one_line),
        cmocka_unit_test(test_line_limit), cmocka_unit_test(test_handler_refuses),
        cmocka_unit_test(test_many_names), cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_hex),        cmocka_unit_test(test_times),
        cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
