/* test_permit_file.c: who may send what, as the shipped file says and as a wrong file is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "shell/permit_file.h"

static struct sch_permits permits;
static char reported[16][256];
static size_t reported_count;

static void report(void *context, const char *line)
{
    (void)context;
    if (reported_count < 16)
        strncpy(reported[reported_count++], line, 255);
}

static int parse(const char *text, sch_error *error)
{
    memset(reported, 0, sizeof reported);
    reported_count = 0;
    return sch_permit_file_parse("p.ini", (const uint8_t *)text, strlen(text), &permits, report, NULL, error);
}

static void the_shipped_file_is_the_domains_table(void **state)
{
    (void)state;
    sch_error error = SCH_ERROR_INIT;
    int code = sch_permit_file_load("adapters/norms/permits.ini", &permits, NULL, NULL, &error);
    assert_int_equal(code, SCH_OK);
    const struct {
        enum sch_party_kind from;
        enum sch_kind kind;
        enum sch_party_kind to;
        bool allowed;
    } rows[] = {
        { SCH_PARTY_GP_PRACTICE, SCH_KIND_REFERRAL, SCH_PARTY_S_GGZ, true },
        { SCH_PARTY_GP_PRACTICE, SCH_KIND_REFERRAL, SCH_PARTY_GP_PRACTICE, false },
        { SCH_PARTY_GP_PRACTICE, SCH_KIND_REFERRAL, SCH_PARTY_UNSPECIFIED, false },
        { SCH_PARTY_GP_PRACTICE, SCH_KIND_INTAKE_REPORT, SCH_PARTY_S_GGZ, false },
        { SCH_PARTY_GP_PRACTICE, SCH_KIND_TAKEN_UP, SCH_PARTY_UNSPECIFIED, true },
        { SCH_PARTY_GP_PRACTICE, SCH_KIND_TAKEN_UP, SCH_PARTY_S_GGZ, true },
        { SCH_PARTY_GP_PRACTICE, SCH_KIND_EXPLORATION_REQUEST, SCH_PARTY_MGN, true },
        { SCH_PARTY_OUT_OF_HOURS, SCH_KIND_EXPLORATION_REQUEST, SCH_PARTY_MGN, false },
        { SCH_PARTY_POH_GGZ, SCH_KIND_REFERRAL, SCH_PARTY_WIJKTEAM, true },
        { SCH_PARTY_POH_GGZ, SCH_KIND_REFERRAL, SCH_PARTY_S_GGZ, false },
        { SCH_PARTY_GB_GGZ, SCH_KIND_REFERRAL, SCH_PARTY_S_GGZ, true },
        { SCH_PARTY_GB_GGZ, SCH_KIND_REFERRAL, SCH_PARTY_GB_GGZ, false },
        { SCH_PARTY_S_GGZ, SCH_KIND_INTAKE_REPORT, SCH_PARTY_GP_PRACTICE, true },
        { SCH_PARTY_S_GGZ, SCH_KIND_INTAKE_REPORT, SCH_PARTY_COORDINATOR, false },
        { SCH_PARTY_S_GGZ, SCH_KIND_DISCHARGE_LETTER, SCH_PARTY_POH_GGZ, true },
        { SCH_PARTY_WIJKTEAM, SCH_KIND_INTAKE_REPORT, SCH_PARTY_GP_PRACTICE, false },
        { SCH_PARTY_WIJKTEAM, SCH_KIND_REFERRAL, SCH_PARTY_GB_GGZ, false },
        { SCH_PARTY_WIJKTEAM, SCH_KIND_ACCEPTANCE, SCH_PARTY_POH_GGZ, true },
        { SCH_PARTY_CRISIS, SCH_KIND_APPOINTMENT, SCH_PARTY_GP_PRACTICE, false },
        { SCH_PARTY_MGN, SCH_KIND_EXPLORATION_ADVICE, SCH_PARTY_GP_PRACTICE, true },
        { SCH_PARTY_COORDINATOR, SCH_KIND_WAIVER, SCH_PARTY_UNSPECIFIED, true },
        { SCH_PARTY_COORDINATOR, SCH_KIND_REFERRAL, SCH_PARTY_S_GGZ, false },
        { SCH_PARTY_COORDINATOR, SCH_KIND_INFORMATION_REQUEST, SCH_PARTY_S_GGZ, false },
        { SCH_PARTY_S_GGZ, SCH_KIND_DELIVERY_REPORT, SCH_PARTY_GP_PRACTICE, false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (sch_permit_allows(&permits, rows[i].from, rows[i].kind, rows[i].to) != rows[i].allowed)
            fail_msg("row %zu", i);
}

/* Where all is allowed, what is no party and no kind still is not; nor does anyone look behind the table. */
static void what_is_in_no_list_is_not_allowed(void **state)
{
    static struct {
        struct sch_permits permits, beyond;
    } all;

    (void)state;
    memset(&all, 0xff, sizeof all);
    assert_true(sch_permit_allows(&all.permits, SCH_PARTY_GP_PRACTICE, (enum sch_kind)1, SCH_PARTY_UNSPECIFIED));
    assert_true(sch_permit_allows(&all.permits, SCH_PARTY_COUNT - 1, SCH_KIND_COUNT - 1, SCH_PARTY_COUNT - 1));
    assert_false(sch_permit_allows(&all.permits, SCH_PARTY_UNSPECIFIED, SCH_KIND_REFERRAL, SCH_PARTY_S_GGZ));
    assert_false(sch_permit_allows(&all.permits, SCH_PARTY_COUNT, SCH_KIND_REFERRAL, SCH_PARTY_S_GGZ));
    assert_false(sch_permit_allows(&all.permits, SCH_PARTY_S_GGZ, SCH_KIND_COUNT, SCH_PARTY_S_GGZ));
    assert_false(sch_permit_allows(&all.permits, SCH_PARTY_S_GGZ, SCH_KIND_UNSPECIFIED, SCH_PARTY_S_GGZ));
    assert_false(sch_permit_allows(&all.permits, SCH_PARTY_S_GGZ, SCH_KIND_CORRECTION, SCH_PARTY_COUNT));
}

static void lists_stars_and_continued_lines(void **state)
{
    (void)state;
    sch_error error = SCH_ERROR_INIT;
    int code = parse("[MGN]\nACCEPTANCE = GP_PRACTICE,\n  POH_GGZ\nNOTE = ledger\nCORRECTION = *\n", &error);
    assert_int_equal(code, SCH_OK);
    assert_int_equal(permits.allowed[SCH_PARTY_MGN][SCH_KIND_ACCEPTANCE],
                     1u << SCH_PARTY_GP_PRACTICE | 1u << SCH_PARTY_POH_GGZ);
    assert_int_equal(permits.allowed[SCH_PARTY_MGN][SCH_KIND_NOTE], 1);
    assert_int_equal(permits.allowed[SCH_PARTY_MGN][SCH_KIND_CORRECTION], 0x3fe);
}

static void faults_name_their_line(void **state)
{
    (void)state;
    const struct {
        const char *text;
        const char *line;
    } wrong[] = {
        { "[GP_PRACTISE]\nREFERRAL = S_GGZ\n",
          "p.ini:1: unknown kind of party \"GP_PRACTISE\"; did you mean \"GP_PRACTICE\"?" },
        { "[S_GGZ]\n\nREFERAL = GB_GGZ\n",
          "p.ini:3: unknown message kind \"REFERAL\"; did you mean \"REFERRAL\"?" },
        { "[S_GGZ]\nREFERRAL = GB_GGZ, GBGGZ\n",
          "p.ini:2: unknown kind of receiver \"GBGGZ\"; did you mean \"GB_GGZ\"?" },
        { "[S_GGZ]\nREFERRAL = , GB_GGZ\n", "p.ini:2: unknown kind of receiver \"\"" },
        { "REFERRAL = GB_GGZ\n", "p.ini:1: \"REFERRAL\" stands before the first section" },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        sch_error error = SCH_ERROR_INIT;
        assert_int_equal(parse(wrong[i].text, &error), SCH_E_NORM_FORMAT);
        assert_string_equal(error.text, wrong[i].line);
        assert_int_equal(reported_count, 1);
        assert_string_equal(reported[0], wrong[i].line);
    }
}

static void one_run_shows_every_fault(void **state)
{
    (void)state;
    sch_error error = SCH_ERROR_INIT;
    int code = parse("[S_GGZ]\nREFERAL = GB_GGZ\nREFUSAL = GP\n[X]\nY = Z\n", &error);
    assert_int_equal(code, SCH_E_NORM_FORMAT);
    assert_int_equal(reported_count, 3);
    code = sch_permit_file_load("/nonexistent/permits.ini", &permits, report, NULL, &error);
    assert_int_equal(code, SCH_E_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shipped_file_is_the_domains_table),
        cmocka_unit_test(what_is_in_no_list_is_not_allowed),
        cmocka_unit_test(lists_stars_and_continued_lines),
        cmocka_unit_test(faults_name_their_line),
        cmocka_unit_test(one_run_shows_every_fault),
    };
    return cmocka_run_group_tests_name("permit_file", tests, NULL, NULL);
}
