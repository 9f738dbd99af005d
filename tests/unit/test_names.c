/* test_names.c: code tables, fact and section names, "did you mean". */
#include "names.h"

#include <ctype.h>
#include <stdarg.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

#include <scharnier/error.h>

static void lowered(const char *upper, char *out)
{
    do {
        *out++ = (char)tolower((unsigned char)*upper);
    } while (*upper++ != '\0');
}

static void test_codes(void **state)
{
    (void)state;
    for (unsigned set = 0; set < SCH_SET_COUNT; set++) {
        enum sch_code_set s = (enum sch_code_set)set;
        size_t count = 0;
        for (const char *name; (name = sch_code_at(s, count)) != NULL; count++) {
            int64_t code = sch_code_parse(s, name);
            assert_true(code >= 0);
            assert_string_equal(sch_code_name(s, code), name);
            assert_string_not_equal(sch_code_dutch(s, code), "?");
            assert_true(sch_code_valid(s, code) == (code != 0));
            char word[64];
            lowered(name, word);
            for (char *c = word; *c != '\0'; c++) {
                *c = *c == '_' ? '-' : *c;
            }
            assert_int_equal(sch_code_parse(s, word), code);
        }
        assert_true(count > 0);
        assert_false(sch_code_valid(s, 0));
        assert_false(sch_code_valid(s, -1));
        assert_false(sch_code_valid(s, (int64_t)count + 1));
        assert_false(sch_code_valid(s, INT64_MIN));
        assert_false(sch_code_valid(s, INT64_MAX));
        assert_int_equal(sch_code_parse(s, "NO_SUCH_CODE"), -1);
        assert_int_equal(sch_code_parse(s, ""), -1);
    }
    assert_string_equal(sch_code_name(SCH_SET_KIND, 1), "REFERRAL");
    assert_string_equal(sch_code_dutch(SCH_SET_KIND, 1), "verwijsbrief");
    assert_string_equal(sch_code_name(SCH_SET_KIND, SCH_KIND_COUNT), "?");
    assert_string_equal(sch_code_name(SCH_SET_PHASE, 0), "NONE");
    assert_string_equal(sch_code_name(SCH_SET_NONE, 1), "?");
    assert_int_equal(sch_code_parse(SCH_SET_KIND, "no-show"), SCH_KIND_NO_SHOW);
    assert_null(sch_code_at(SCH_SET_YES, 1));
    assert_null(sch_code_at(SCH_SET_NONE, 0));
}

#define FACT_WORD(N, t, s) #N,
#define SECTION_WORD(N, n, d) [n] = #N,

static void test_facts(void **state)
{
    (void)state;
    static const char *const words[] = { SCH_FACT_LIST(FACT_WORD) };
    for (unsigned i = 0; i < SCH_FACT_COUNT; i++) {
        enum sch_fact fact = (enum sch_fact)i;
        char word[64], field[80] = "header.";
        lowered(words[i], word);
        assert_string_equal(sch_fact_name(fact), word);
        assert_string_equal(sch_fact_field(fact), strcat(field, word));
        assert_int_equal(sch_fact_parse(word), fact);
        assert_true((sch_fact_type(fact) == SCH_TYPE_CODE) == (sch_fact_set(fact) != SCH_SET_NONE));
    }
    assert_int_equal(sch_fact_parse("letterdate"), SCH_FACT_COUNT);
    assert_int_equal(sch_fact_type(SCH_FACT_LETTER_DATE), SCH_TYPE_DATE);
    assert_int_equal(sch_fact_set(SCH_FACT_AUTHOR_ROLE), SCH_SET_ROLE);
}

static void test_sections(void **state)
{
    (void)state;
    static const char *const words[] = { SCH_SECTION_LIST(SECTION_WORD) };
    unsigned count = sizeof words / sizeof words[0];
    assert_int_equal((UINT32_C(1) << count) - 1, SCH_SECTION_ALL);
    for (unsigned i = 0; i < count; i++) {
        char word[64];
        lowered(words[i], word);
        assert_string_equal(sch_section_name(i), word);
        assert_int_equal(sch_section_parse(words[i]), i);
        assert_true(sch_section_dutch(i)[0] != '\0');
    }
    assert_string_equal(sch_section_dutch(22), "nazorgadvies");
    assert_string_equal(sch_section_name(count), "?");
    assert_int_equal(sch_section_parse("nowhere"), -1);
}

static void test_nearest(void **state)
{
    (void)state;
    static const char *const words[] = { "max_retries", "listen", "state", "log_level" };
    assert_string_equal(sch_nearest("max_retrys", words, 4), "max_retries");
    assert_string_equal(sch_nearest("Lissen", words, 4), "listen");
    assert_string_equal(sch_nearest("log-level", words, 4), "log_level");
    assert_null(sch_nearest("endpoint", words, 4));
    assert_null(sch_nearest("", words, 4));
    assert_null(sch_nearest("x", words, 4));
    assert_null(sch_nearest("listen", words, 0));
    char long_word[200];
    memset(long_word, 'a', sizeof long_word - 1);
    long_word[sizeof long_word - 1] = '\0';
    assert_null(sch_nearest(long_word, words, 4));
    const char *const long_candidate[] = { long_word };
    assert_null(sch_nearest("aaaa", long_candidate, 1));
}

static void test_errors(void **state)
{
    (void)state;
    sch_error error = SCH_ERROR_INIT;
    assert_int_equal(sch_fail(&error, SCH_E_CONFIG, "%s:%d: no", "a.conf", 3), SCH_E_CONFIG);
    assert_int_equal(error.code, SCH_E_CONFIG);
    assert_string_equal(error.name, "CONFIG");
    assert_string_equal(error.text, "a.conf:3: no");
    assert_string_equal(error.hint, "correct the line that is named");
    /* The old text may be an argument of the new; control characters are masked. */
    sch_fail(&error, SCH_E_IO, "\x1b[2J%s", error.text);
    assert_string_equal(error.text, "?[2Ja.conf:3: no");
    /* A text that is cut ends with a whole character. */
    char text[300] = "";
    for (int i = 0; i < 149; i++) {
        strcat(text, "\xc3\xab");
    }
    sch_fail(&error, SCH_E_IO, "%s", text);
    assert_int_equal(strlen(error.text) % 2, 0);
    sch_fail(&error, SCH_E_IO, "x%s", text);
    assert_int_equal(strlen(error.text) % 2, 1);
    assert_int_equal(sch_fail(NULL, SCH_E_TIMEOUT, "nobody looks"), SCH_E_TIMEOUT);

    assert_int_equal(sch_error_exit(SCH_OK), 0);
    assert_int_equal(sch_error_exit(SCH_E_TIMEOUT), 7);
    assert_int_equal(sch_error_exit((enum sch_error_code)9999), 1);
    assert_string_equal(sch_error_name((enum sch_error_code)9999), "");
    assert_string_equal(sch_error_hint((enum sch_error_code)9999), "");
    assert_string_equal(sch_error_cause(SCH_E_QUEUED), "stored in the outbox, not yet receipted");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes),   cmocka_unit_test(test_facts),  cmocka_unit_test(test_sections),
        cmocka_unit_test(test_nearest), cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
