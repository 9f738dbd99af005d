/* test_cli_filter.c: filters as people type them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../adapters/cli/args.c"
#include "../../adapters/cli/files.c"
#include "../../adapters/cli/filter.c"
#include "../../adapters/cli/moment.c"
#undef NAMES_MAX
#include "../../adapters/cli/spec.c"

const struct sch_cli_command sch_cli_commands[] = { { .noun = "x", .verb = "" }, { .noun = NULL } };
const struct sch_cli_option sch_cli_globals[] = { { .name = NULL } };

static int take(struct sch_query *query, const char *const (*option)[2], size_t count)
{
    struct sch_cli cli = { .option_count = count };
    sch_error error = SCH_ERROR_INIT;
    *query = (struct sch_query){ .type = SCH_QUERY_UNANSWERED };
    for (size_t i = 0; i < count; i++) {
        cli.option[i].name = option[i][0];
        cli.option[i].value = option[i][1];
    }
    return sch_filter_take(&cli, query, &error);
}

static void in_any_case(void **state)
{
    (void)state;
    struct sch_query query;
    const char *const written[] = { "no_intake_report", "no-intake-report", "NO_INTAKE_REPORT",
                                    "No-Intake_Report" };
    for (size_t i = 0; i < 4; i++) {
        const char *const option[][2] = { { "silence", written[i] } };
        assert_int_equal(take(&query, option, 1), SCH_OK);
        assert_int_equal(query.only.silence, SCH_SILENCE_NO_INTAKE_REPORT);
    }
    const char *const all[][2] = { { "term", "far-over" },
                                   { "echelon", "s_ggz" },
                                   { "urgency", "soon" },
                                   { "expectation", "e6" },
                                   { "older", "28" },
                                   { "overdue", "" },
                                   { "debtor", "06290713" },
                                   { "creditor", "agb:01054321" },
                                   { "referrer", "01054321/poh-ggz" },
                                   { "receiver", "gemeente:0344/wijkteam-zuid" } };
    assert_int_equal(sch_filter_count(&query), 1);
    assert_int_equal(take(&query, all, 10), SCH_OK);
    assert_int_equal(query.only.term, SCH_TERM_FAR_OVER);
    assert_int_equal(query.only.echelon, SCH_PARTY_S_GGZ);
    assert_int_equal(query.only.urgency, SCH_URGENCY_SOON);
    assert_int_equal(query.only.expectation, 6);
    assert_int_equal(query.only.older_days, 28);
    assert_true(query.overdue_only);
    assert_string_equal(query.only.debtor.text, "agb:06290713");
    assert_string_equal(query.only.referrer.text, "agb:01054321/poh-ggz");
    assert_int_equal(sch_filter_count(&query), 10);
}

static void what_is_none(void **state)
{
    (void)state;
    struct sch_query query;
    const char *const wrong[][1][2] = { { { "silence", "" } },       { { "silence", "quiet" } },
                                        { { "term", "4" } },         { { "expectation", "E0" } },
                                        { { "expectation", "16" } }, { { "expectation", "E6x" } },
                                        { { "older", "0" } },        { { "debtor", "x" } } };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(take(&query, wrong[i], 1), SCH_E_USAGE);
}

static void dossiers_fit(void **state)
{
    (void)state;
    struct sch_query query;
    struct sch_dossier_row row = { .echelon = SCH_PARTY_S_GGZ, .opened_ms = 0, .overdue_count = 1 };
    strcpy(row.receiver.text, "agb:06290713/angst");
    strcpy(row.referrer.text, "agb:01054321");
    strcpy(row.creditor.text, "agb:01054321");
    const char *const yes[][2] = {
        { "receiver", "06290713" }, { "overdue", "" }, { "older", "3" }, { "echelon", "S_GGZ" }
    };
    assert_int_equal(take(&query, yes, 4), SCH_OK);
    assert_true(sch_filter_fits(&query, &row, INT64_C(3) * 86400000));
    assert_false(sch_filter_fits(&query, &row, INT64_C(2) * 86400000));
    row.overdue_count = 0;
    assert_false(sch_filter_fits(&query, &row, INT64_C(3) * 86400000));
    /* Another organisation whose address begins alike is another. */
    strcpy(row.receiver.text, "agb:06290713");
    const char *const department[][2] = { { "receiver", "06290713/angst" } };
    assert_int_equal(take(&query, department, 1), SCH_OK);
    assert_false(sch_filter_fits(&query, &row, 0));
    strcpy(row.receiver.text, "agb:06290713/angststoornissen");
    assert_false(sch_filter_fits(&query, &row, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_any_case),
        cmocka_unit_test(what_is_none),
        cmocka_unit_test(dossiers_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
