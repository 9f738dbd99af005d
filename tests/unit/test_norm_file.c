/* test_norm_file.c: norms from files: the shipped one whole, narrow rows, calendars, and every fault told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "shell/norm_file.h"

static struct sch_norms norms;
static char reported[16][256];
static size_t reported_count;

static void report(void *context, const char *line)
{
    (void)context;
    if (reported_count < 16)
        snprintf(reported[reported_count++], sizeof reported[0], "%s", line);
}

static int parse(const char *text, sch_error *error)
{
    memset(reported, 0, sizeof reported);
    reported_count = 0;
    return sch_norm_file_parse("n.ini", (const uint8_t *)text, strlen(text), &norms, report, NULL, error);
}

static int32_t day(int64_t date)
{
    int32_t found = -1;
    assert_true(sch_day_from_date(date, &found));
    return found;
}

static void the_shipped_file_has_the_domains_norms(void **state)
{
    (void)state;
    static const struct {
        unsigned expectation;
        enum sch_variant variant;
        unsigned term;
        enum sch_unit unit;
        const char *id;
    } rows[] = {
        { 1, SCH_VARIANT_PLAIN, 1, SCH_UNIT_WORKING_DAYS, "nl/E1" },
        { 1, SCH_VARIANT_URGENT, 1, SCH_UNIT_HOURS, "nl/E1.urgent" },
        { 2, SCH_VARIANT_PLAIN, 5, SCH_UNIT_WORKING_DAYS, "nl/E2" },
        { 3, SCH_VARIANT_PLAIN, 24, SCH_UNIT_HOURS, "nl/E3" },
        { 4, SCH_VARIANT_PLAIN, 4, SCH_UNIT_WEEKS, "nl/E4" },
        { 5, SCH_VARIANT_PLAIN, 10, SCH_UNIT_WORKING_DAYS, "nl/E5" },
        { 6, SCH_VARIANT_PLAIN, 10, SCH_UNIT_WORKING_DAYS, "nl/E6" },
        { 7, SCH_VARIANT_PLAIN, 14, SCH_UNIT_WEEKS, "nl/E7" },
        { 7, SCH_VARIANT_AFTER_INTAKE, 10, SCH_UNIT_WEEKS, "nl/E7.after_intake" },
        { 8, SCH_VARIANT_PLAIN, 365, SCH_UNIT_DAYS, "nl/E8" },
        { 9, SCH_VARIANT_PLAIN, 10, SCH_UNIT_WORKING_DAYS, "nl/E9" },
        { 9, SCH_VARIANT_CLINICAL, 24, SCH_UNIT_HOURS, "nl/E9.clinical" },
        { 10, SCH_VARIANT_PLAIN, 3, SCH_UNIT_WORKING_DAYS, "nl/E10" },
        { 11, SCH_VARIANT_PLAIN, 5, SCH_UNIT_WORKING_DAYS, "nl/E11" },
        { 12, SCH_VARIANT_PLAIN, 6, SCH_UNIT_WEEKS, "nl/E12" },
        { 13, SCH_VARIANT_PLAIN, 3, SCH_UNIT_WEEKS, "nl/E13" },
        { 14, SCH_VARIANT_PLAIN, 5, SCH_UNIT_WORKING_DAYS, "nl/E14" },
        { 15, SCH_VARIANT_PLAIN, 60, SCH_UNIT_DAYS, "nl/E15" },
    };
    sch_error error = SCH_ERROR_INIT;
    int code = sch_norm_file_load("adapters/norms/nl.ini", &norms, NULL, NULL, &error);
    if (code != SCH_OK)
        fail_msg("%s", error.text);
    assert_int_equal(norms.count, sizeof rows / sizeof rows[0]);
    for (size_t i = 0; i < norms.count; i++) {
        const struct sch_norm *row = &norms.row[i];
        assert_int_equal(row->expectation, rows[i].expectation);
        assert_int_equal(row->variant, rows[i].variant);
        assert_int_equal(row->term, rows[i].term);
        assert_int_equal(row->unit, rows[i].unit);
        assert_string_equal(row->id, rows[i].id);
        assert_int_equal(row->version, 1);
        assert_true(row->enabled && row->source[0] != '\0');
    }
    uint32_t letter = norms.required[SCH_KIND_DISCHARGE_LETTER].sections;
    assert_true(letter & SCH_SECTION_AFTERCARE);
    assert_false(letter & SCH_SECTION_QUESTION);
    assert_int_equal(norms.required[SCH_KIND_ACCEPTANCE].sections, 0);
}

static void narrow_rows_and_calendars(void **state)
{
    (void)state;
    sch_error error = SCH_ERROR_INIT;
    int code = parse("[norms]\nid = mn\nversion = 7\n"
                     "[E2 provider agb:06290713/jeugd]\nterm = 2\nunit = days\nsource = x\nid = jeugd/E2\n"
                     "[E2]\nterm = 5\nunit = working_days\nsource = s\nsince = 2026-01-01\n"
                     "[E2]\nterm = 6\nunit = hours\nsource = t\nsince = 2027-01-01\n"
                     "[E2 region utrecht]\nenabled = no\n"
                     "[calendar utrecht]\nadd = 2026-10-02,\n   2026-10-05\ndrop = 2026-05-05,\n  2026-12-25\n"
                     "[sections INTAKE_REPORT]\nrequired = plan, practitioner,\n  medication\n"
                     "demanded = yes\n",
                     &error);
    if (code != SCH_OK)
        fail_msg("%s", error.text);
    const struct sch_norm *row = sch_norm_find(&norms, 2, SCH_VARIANT_PLAIN, "gooi", NULL, day(20261231));
    assert_string_equal(row->source, "s");
    assert_string_equal(row->id, "mn/E2");
    assert_int_equal(row->version, 7);
    row = sch_norm_find(&norms, 2, SCH_VARIANT_PLAIN, "gooi", NULL, day(20270101));
    assert_int_equal(row->unit, SCH_UNIT_HOURS);
    assert_null(sch_norm_find(&norms, 2, SCH_VARIANT_PLAIN, "utrecht", "agb:06290713", day(20270101)));
    row = sch_norm_find(&norms, 2, SCH_VARIANT_PLAIN, "utrecht", "agb:06290713/jeugd", day(20270101));
    assert_string_equal(row->id, "jeugd/E2");
    const struct sch_calendar *calendar = sch_norm_calendar(&norms, "utrecht");
    assert_false(sch_is_working_day(calendar, day(20261002)));
    assert_false(sch_is_working_day(calendar, day(20261005)));
    assert_true(sch_is_working_day(calendar, day(20260505)));
    assert_true(sch_is_working_day(calendar, day(20261225)));
    assert_int_equal(norms.required[SCH_KIND_INTAKE_REPORT].sections,
                     SCH_SECTION_PLAN | SCH_SECTION_PRACTITIONER | SCH_SECTION_MEDICATION);
    assert_true(norms.required[SCH_KIND_INTAKE_REPORT].demanded);
}

#define LIST "E1..E15, E1.urgent, E7.after_intake, E9.clinical"
#define WRITE "write [E4], [E4 region utrecht] or [E4 provider agb:06290713]"
#define WHOLE "write [norms], [calendar utrecht] or [sections INTAKE_REPORT]"
#define HEAD "[norms]\nid = nl\nversion = 1\n"

static void faults_name_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *line;
    } wrong[] = {
        { "", "n.ini: [norms]: id and version are missing" },
        { "[E2]\nterm = 1\nunit = days\nsource = s\n", "n.ini: [norms]: id and version are missing" },
        { "[norm]\n", "n.ini:1: unknown section \"norm\"; did you mean \"norms\"?" },
        { "id = nl\n", "n.ini:1: \"id\" stands before the first section" },
        { "[norms]\nid = Nederland\n", "n.ini:2: id: at most 8 of a-z, 0-9 and -" },
        { "[norms]\nverson = 1\n", "n.ini:2: unknown key \"verson\"; did you mean \"version\"?" },
        { HEAD "[E16]\n", "n.ini:4: \"E16\" is no expectation: " LIST },
        { HEAD "[E0]\n", "n.ini:4: \"E0\" is no expectation: " LIST },
        { HEAD "[E2.urgent]\n", "n.ini:4: \"E2.urgent\" is no expectation: " LIST },
        { HEAD "[E2 area utrecht]\n", "n.ini:4: section \"E2 area utrecht\": " WRITE },
        { HEAD "[E2 provider agb:629]\n", "n.ini:4: section \"E2 provider agb:629\": " WRITE },
        { HEAD "[E2]\nterm = 5\nunit = week\nsource = s\n",
          "n.ini:6: unknown unit \"week\"; did you mean \"weeks\"?" },
        { HEAD "[E2]\nterms = 5\n", "n.ini:5: unknown key \"terms\"; did you mean \"term\"?" },
        { HEAD "[E2]\nsince = 2026-02-30\n",
          "n.ini:5: since: \"2026-02-30\" is no date between 2000-01-01 and "
                                             "2099-12-31" },
        { HEAD "[E2]\nsince = 2026-+1-01\n",
          "n.ini:5: since: \"2026-+1-01\" is no date between 2000-01-01 and 2099-12-31" },
        { HEAD "[E2]\nsince = 2026- 1-01\n",
          "n.ini:5: since: \"2026- 1-01\" is no date between 2000-01-01 and 2099-12-31" },
        { HEAD "[E2]\nterm = 5\nunit = weeks\n",
          "n.ini: [E2]: source is missing: where does this norm come from?" },
        { HEAD "[E2]\nterm = 5\nsource = s\n",
          "n.ini: [E2]: unit is missing: hours, days, weeks or working_days" },
        { HEAD "[E9.clinical region gooi]\nsource = s\n",
          "n.ini: [E9.clinical region gooi]: term is missing" },
        { HEAD "[E2]\nenabled = no\n[E2]\nenabled = no\n", "n.ini: [E2]: stands twice with the same since" },
        { HEAD "[E12.x]\n", "n.ini:4: \"E12.x\" is no expectation: " LIST },
        { HEAD "[E2 provider gemeente:0344/wijkteam-zuidoost]\nenabled = no\n",
          "n.ini: [E2 provider gemeente:0344/wijkteam-zuidoost]: give it an id of at most 31 bytes" },
        { HEAD "[calendar Utrecht]\n", "n.ini:4: \"Utrecht\" is no region code: a-z, 0-9 and -" },
        { HEAD "[calendar gooi]\nplus = 2026-01-02\n", "n.ini:5: unknown key \"plus\"" },
        { HEAD "[calendar gooi]\n[calendar gooi]\n", "n.ini:5: a second calendar for region gooi" },
        { HEAD "[sections INTAKE]\n", "n.ini:4: unknown message kind \"INTAKE\"" },
        { HEAD "[sections INTAKE_REPORT]\nrequire = plan\n",
          "n.ini:5: unknown key \"require\"; did you mean \"required\"?" },
        { HEAD "[sections INTAKE_REPORT]\nrequired = , plan\n", "n.ini:5: unknown section of a letter \"\"" },
        { HEAD "[sections]\n", "n.ini:4: section \"sections\": " WHOLE },
        { HEAD "[norms again]\n", "n.ini:4: section \"norms again\": " WHOLE },
        { HEAD "[calendar]\n", "n.ini:4: section \"calendar\": " WHOLE },
        { HEAD "[Eight]\n", "n.ini:4: unknown section \"Eight\"" },
        { HEAD "[E9,clinical]\n", "n.ini:4: \"E9,clinical\" is no expectation: " LIST },
        { HEAD "[E9.urgent]\n", "n.ini:4: \"E9.urgent\" is no expectation: " LIST },
        { HEAD "[E2 region Utrecht]\n", "n.ini:4: section \"E2 region Utrecht\": " WRITE },
        { HEAD "[E2 region abcdefghijklmnopqrstuvwxyz0123456789]\n",
          "n.ini:4: section \"E2 region abcdefghijklmnopqrstuvwxyz0123456789\": " WRITE },
        { HEAD "[E2 region a b]\n", "n.ini:4: section \"E2 region a b\": " WRITE },
        { HEAD "[E2 region]\n", "n.ini:4: section \"E2 region\": " WRITE },
        { "[norms]\nid = NL\n", "n.ini:2: id: at most 8 of a-z, 0-9 and -" },
        { "[norms]\nid =\n", "n.ini:2: id: at most 8 of a-z, 0-9 and -" },
        { "[norms]\nid = nl\n", "n.ini: [norms]: id and version are missing" },
        { HEAD "[E2]\nid = 0123456789012345678901234567890123456789\n", "n.ini:5: id is longer than 31 bytes" },
        { HEAD "[norms]\nid = zz\n", "n.ini:4: [norms] stands twice" },
        { HEAD "[E2]\nsource = a duty\n  to report\n", "n.ini:6: source takes one line; this one is indented, and so continues it" },
        { HEAD "[E2]\nterm = 5\n  6\nunit = days\nsource = s\n",
          "n.ini:6: term takes one line; this one is indented, and so continues it" },
        { HEAD "[E2]\nterm = 5\nunit = days\n  days\nsource = s\n",
          "n.ini:7: unit takes one line; this one is indented, and so continues it" },
        { HEAD "[E2]\nsource =\n  a duty to report\n", "n.ini:6: source takes one line; this one is indented, and so continues it" },
        { HEAD "[E2]\nsince = 2026-01-01\n  2027-01-01\nenabled = no\n",
          "n.ini:6: since takes one line; this one is indented, and so continues it" },
        { HEAD "[E2]\nenabled = no\n  yes\n", "n.ini:6: enabled takes one line; this one is indented, and so continues it" },
        { HEAD "[E2]\nenabled = no\nid = a\n  b\n", "n.ini:7: id takes one line; this one is indented, and so continues it" },
        { "[norms]\nid = nl\n  mn\nversion = 1\n", "n.ini:3: id takes one line; this one is indented, and so continues it" },
        { "[norms]\nid = nl\nversion = 1\n  2\n", "n.ini:4: version takes one line; this one is indented, and so continues it" },
        { HEAD "[sections INTAKE_REPORT]\ndemanded = yes\n  no\n",
          "n.ini:6: demanded takes one line; this one is indented, and so continues it" },
        { HEAD "[E2]\nsince = 2026-1-002\n",
          "n.ini:5: since: \"2026-1-002\" is no date between 2000-01-01 and 2099-12-31" },
        { HEAD "[E2]\nsince = tomorrow!!\n",
          "n.ini:5: since: \"tomorrow!!\" is no date between 2000-01-01 and 2099-12-31" },
        { HEAD "[calendar gooi]\nadd = 2026-01-02,, 2026-01-03\n",
          "n.ini:5: add: \"\" is no date between 2000-01-01 and 2099-12-31" },
        { HEAD "[calendar gooi]\ndrop = 2026-01-02, second of January and more words than any date has in it\n",
          "n.ini:5: drop: \"second of January and more words than any date \" is no date between 2000-01-01 and "
          "2099-12-31" },
        { HEAD "[E3]\nenabled = no\n[E2]\nterm = 1\nunit = days\n[E3]\nenabled = no\n",
          "n.ini: [E2]: source is missing: where does this norm come from?" },
        { HEAD "[sections INTAKE_REPORT]\nrequired = plann\n",
          "n.ini:5: unknown section of a letter \"plann\"; did you mean \"plan\"?" },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        sch_error error = SCH_ERROR_INIT;
        int code = parse(wrong[i].text, &error);
        assert_string_equal(error.text, wrong[i].line);
        assert_int_equal(code, SCH_E_NORM_FORMAT);
        assert_true(reported_count >= 1);
        assert_string_equal(reported[0], wrong[i].line);
    }
    sch_error error = SCH_ERROR_INIT;
    assert_int_equal(parse(HEAD "[E2]\nterm = 0\n", &error), SCH_E_NORM_FORMAT);
    assert_int_equal(parse(HEAD "[E2]\nterm = 10000\n", &error), SCH_E_NORM_FORMAT);
    assert_int_equal(sch_norm_file_load("/nonexistent/nl.ini", &norms, NULL, NULL, &error), SCH_E_IO);
}

static void one_run_shows_every_fault(void **state)
{
    (void)state;
    sch_error error = SCH_ERROR_INIT;
    int code = parse(HEAD "[E2]\nterm = x\n[E3]\nunit = day\n[E20]\nterm = 1\n", &error);
    assert_int_equal(code, SCH_E_NORM_FORMAT);
    assert_int_equal(reported_count, 3);
    code = parse(HEAD "[E2]\nterm = 1\n[E3]\nterm = 2\n", &error);
    assert_int_equal(code, SCH_E_NORM_FORMAT);
    assert_int_equal(reported_count, 2);
}

static void too_many_rows_are_refused(void **state)
{
    (void)state;
    static char text[SCH_NORMS_MAX * 64];
    size_t size = (size_t)snprintf(text, sizeof text, HEAD);
    for (int i = 0; i <= SCH_NORMS_MAX; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "[E2 region r%d]\nenabled = no\n", i);
    sch_error error = SCH_ERROR_INIT;
    assert_int_equal(parse(text, &error), SCH_E_NORM_FORMAT);
    assert_string_equal(error.text, "n.ini:1028: more than 512 norms");
}

/* One line per fault is for people; whoever calls without a report gets the first as an error all the same. */
static void without_a_report(void **state)
{
    (void)state;
    static const char *const wrong[] = { "", "[x]\n", HEAD "[E2]\nterm = 1\n",
                                         HEAD "[E2]\nenabled = no\n[E2]\nenabled = no\n" };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        sch_error error = SCH_ERROR_INIT;
        assert_int_equal(sch_norm_file_parse("n.ini", (const uint8_t *)wrong[i], strlen(wrong[i]), &norms, NULL, NULL,
                                             &error), SCH_E_NORM_FORMAT);
        assert_memory_equal(error.text, "n.ini:", 6);
    }
}

static void limits_of_calendars(void **state)
{
    (void)state;
    static char text[SCH_REGIONS_MAX * 32 + SCH_CALENDAR_DAYS_MAX * 32 + 256];
    sch_error error = SCH_ERROR_INIT;
    size_t size = (size_t)snprintf(text, sizeof text, HEAD);
    for (int i = 0; i < SCH_REGIONS_MAX; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "[calendar r%d]\n", i);
    assert_int_equal(parse(text, &error), SCH_OK);
    snprintf(text + size, sizeof text - size, "[calendar last]\n");
    assert_int_equal(parse(text, &error), SCH_E_NORM_FORMAT);
    assert_non_null(strstr(error.text, ": more than "));
    size = (size_t)snprintf(text, sizeof text, HEAD "[calendar gooi]\nadd =");
    for (int i = 0; i < SCH_CALENDAR_DAYS_MAX; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, " 2026-%02d-%02d,\n ", 1 + i / 28 % 12, 1 + i % 28);
    snprintf(text + size, sizeof text - size, "\n");
    error = (sch_error)SCH_ERROR_INIT;
    if (parse(text, &error) != SCH_OK)
        fail_msg("%s", error.text);
    snprintf(text + size, sizeof text - size, " 2027-01-04\n");
    assert_int_equal(parse(text, &error), SCH_E_NORM_FORMAT);
    assert_non_null(strstr(error.text, "add: more than "));
}

/* In whatever order the rows come, and whichever of them is narrower or newer. */
static void the_order_of_rows_is_no_matter(void **state)
{
    (void)state;
    sch_error error = SCH_ERROR_INIT;
#define ROW "term = 1\nunit = days\nsource = s\n"
    assert_int_equal(parse(HEAD "[E9.clinical]\n" ROW "[E9]\n" ROW "[E2 region utrecht]\n" ROW "[E2 region gooi]\n" ROW
                           "[E7.after_intake]\n" ROW "[E2]\n" ROW "since = 2027-01-01\n[E2]\n" ROW "[E1.urgent]\n" ROW
                           "[E1]\n" ROW, &error), SCH_OK);
    for (size_t i = 1; i < norms.count; i++)
        assert_true(norms.row[i - 1].expectation <= norms.row[i].expectation);
    assert_string_equal(sch_norm_find(&norms, 2, SCH_VARIANT_PLAIN, "gooi", NULL, day(20270101))->id, "gooi/E2");
    assert_string_equal(sch_norm_find(&norms, 2, SCH_VARIANT_PLAIN, "utrecht", NULL, day(20260101))->id, "utrecht/E2");
    assert_int_equal(sch_norm_find(&norms, 2, SCH_VARIANT_PLAIN, "haarlem", NULL, day(20261231))->since_day,
                     day(20000101));
    assert_string_equal(sch_norm_find(&norms, 9, SCH_VARIANT_CLINICAL, "haarlem", NULL, day(20261231))->id,
                        "nl/E9.clinical");
    assert_string_equal(sch_norm_file_unit((enum sch_unit)99), "");
    assert_string_equal(sch_norm_file_variant((enum sch_variant)99), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_report),
        cmocka_unit_test(limits_of_calendars),
        cmocka_unit_test(the_order_of_rows_is_no_matter),
        cmocka_unit_test(the_shipped_file_has_the_domains_norms),
        cmocka_unit_test(narrow_rows_and_calendars),
        cmocka_unit_test(faults_name_their_place),
        cmocka_unit_test(one_run_shows_every_fault),
        cmocka_unit_test(too_many_rows_are_refused),
    };
    return cmocka_run_group_tests_name("norm_file", tests, NULL, NULL);
}
