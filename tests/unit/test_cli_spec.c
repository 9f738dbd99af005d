/* test_cli_spec.c: messages as people and programs write them down. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../adapters/cli/files.c"
#include "../../adapters/cli/moment.c"
#include "../../adapters/cli/spec.c"
#include "../../adapters/cli/spec_json.c"

static struct sch_spec spec;
static sch_error error;

/* Options of a command line, as args.c would leave them. */
const char *sch_cli_each(const struct sch_cli *cli, const char *name, size_t *at)
{
    (void)cli;
    (void)name;
    (void)at;
    return NULL;
}

static int setup(void **state)
{
    (void)state;
    error = (sch_error)SCH_ERROR_INIT;
    spec = (struct sch_spec){ .kind = SCH_KIND_REFERRAL };
    assert_true(sch_day_from_date(20261123, &spec.today));
    spec.now_ms = sch_ms_of_day(spec.today);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sch_spec_close(&spec);
    return 0;
}

static int read_json(const char *text)
{
    sch_spec_close(&spec);
    setup(NULL);
    return sch_spec_json(&spec, "brief.json", text, strlen(text), &error);
}

static void a_whole_document(void **state)
{
    (void)state;
    int code = read_json(
        "{ \"key\": \"his-1\", \"to\": \"06290713/angst\", \"from\": \"agb:01054321\",\n"
        "  \"copies\": [\"agb:01054321/poh-ggz\", \"agb:94061234\"],\n"
        "  \"creditor\": \"01098765\", \"prepared_by\": \"agb:01054321/poh-ggz\",\n"
        "  \"follows\": \"SN-7F3K-29QD\",\n"
        "  \"facts\": { \"urgency\": \"urgent\", \"letter_date\": \"2026-11-20\", \"consent\": true,\n"
        "             \"author_agb\": \"01054321\", \"phoned_at\": \"2026-11-20T09:00:00Z\",\n"
        "             \"echelon\": \"S-GGZ\", \"no_show_count\": 2 },\n"
        "  \"sections\": { \"question\": \"Waarom?\", \"reason\": \"Daarom.\" } }");
    if (code != SCH_OK)
        fail_msg("%s", error.text);
    assert_string_equal(spec.key, "his-1");
    assert_string_equal(spec.to.text, "agb:06290713/angst");
    assert_string_equal(spec.from.text, "agb:01054321");
    assert_int_equal(spec.copy_count, 2);
    assert_string_equal(spec.creditor.text, "agb:01098765");
    assert_string_equal(spec.follows, "SN-7F3K-29QD");
    assert_int_equal(spec.fact[SCH_FACT_URGENCY], SCH_URGENCY_URGENT);
    assert_int_equal(spec.fact[SCH_FACT_LETTER_DATE], 20261120);
    assert_int_equal(spec.fact[SCH_FACT_CONSENT], SCH_YES_YES);
    assert_int_equal(spec.fact[SCH_FACT_AUTHOR_AGB], 1054321);
    assert_int_equal(spec.fact[SCH_FACT_ECHELON], SCH_PARTY_S_GGZ);
    assert_int_equal(spec.fact[SCH_FACT_NO_SHOW_COUNT], 2);
    assert_int_equal(spec.fact[SCH_FACT_PHONED_AT] % 86400000, 9 * 3600000);
    assert_string_equal(spec.section[0], "Waarom?");
    assert_null(spec.section[2]);
}

static void faults_name_line_and_field(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        const char *text;
    } wrong[] = {
        { "{ \"key\": \"a\",\n \"too\": \"b\" }",
          "brief.json:2: unknown field \"too\"; did you mean \"to\"?" },
        { "{ \"to\":\n \"agb:1\" }",
          "brief.json:1: to: \"agb:1\" is no address, such as agb:06290713/poh-ggz" },
        { "{ \"to\": 5 }", "brief.json:1: to: expected text" },
        { "{\n\n\"facts\": { \"urgency\":\n \"RUTINE\" } }",
          "brief.json:3: urgency: unknown urgency \"RUTINE\"; did you mean \"ROUTINE\"?" },
        { "{ \"facts\": { \"urgensy\": \"ROUTINE\" } }",
          "brief.json:1: urgensy: unknown fact \"urgensy\"; did you mean \"urgency\"?" },
        { "{ \"facts\": { \"letter_date\": \"30-11-2026\" } }",
          "brief.json:1: letter_date: \"30-11-2026\" is no date: 2026-12-01, today or +14d" },
        { "{ \"facts\": [] }", "brief.json:1: facts: expected an object" },
        { "{ \"facts\": { \"urgency\": [] } }", "brief.json:1: urgency: expected text or a whole number" },
        { "{ \"sections\": { \"plann\": \"x\" } }",
          "brief.json:1: plann: unknown section \"plann\"; did you mean \"plan\"?" },
        { "{ \"copies\": \"agb:01054321\" }", "brief.json:1: copies: expected an array" },
        { "{ \"copies\": [1] }", "brief.json:1: copies: expected addresses" },
        { "{ \"attachments\": [1] }",
          "brief.json:1: attachments: expected paths, or objects with path, media_type and name" },
        { "[]", "brief.json:1: expected an object" },
        { "{ \"key\": \"a\", \"key\": \"b\" }", "brief.json:1: duplicate object key near '\"key\"'" },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(read_json(wrong[i].json), SCH_E_FIELD_INVALID);
        assert_string_equal(error.text, wrong[i].text);
    }
    assert_int_equal(read_json("{ \"key\": }"), SCH_E_FIELD_INVALID);
    assert_int_equal(read_json("{ \"sections\": { \"plan\": \"a\\u0000b\" } }"), SCH_E_FIELD_INVALID);
}

static void dates_count_from_today(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t date;
    } dates[] = { { "today", 20261123 },
                  { "+14d", 20261207 },
                  { "-3", 20261120 },
                  { "2026-12-01", 20261201 },
                  { "20261201", 20261201 } };
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
        assert_int_equal(sch_spec_fact(&spec, "event_date", dates[i].text, &error), SCH_OK);
        assert_int_equal(spec.fact[SCH_FACT_EVENT_DATE], dates[i].date);
    }
    const char *const none[] = { "+", "+d", "+14w", "+4000d", "tomorrow", "" };
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_int_equal(sch_spec_fact(&spec, "event_date", none[i], &error), SCH_E_FIELD_INVALID);
    assert_int_equal(sch_spec_fact(&spec, "expectation", "E6", &error), SCH_OK);
    assert_int_equal(spec.fact[SCH_FACT_EXPECTATION], 6);
    assert_int_equal(sch_spec_fact(&spec, "expectation", "E6x", &error), SCH_E_FIELD_INVALID);
    assert_int_equal(sch_spec_fact(&spec, "phoned_at", "now", &error), SCH_OK);
    assert_int_equal(spec.fact[SCH_FACT_PHONED_AT], spec.now_ms);
}

static void options_add_and_replace(void **state)
{
    (void)state;
    struct sch_cli cli = { .option_count = 0 };
    const char *const options[][2] = {
        { "key", "k-1" },          { "fact", "urgency=SOON" }, { "fact", "urgency=ROUTINE" },
        { "section", "plan=a=b" }, { "to", "06290713" },       { "copy", "agb:94061234" },
        { "dry-run", "" }
    };
    for (; cli.option_count < sizeof options / sizeof options[0]; cli.option_count++) {
        cli.option[cli.option_count].name = options[cli.option_count][0];
        cli.option[cli.option_count].value = options[cli.option_count][1];
    }
    assert_int_equal(sch_spec_options(&spec, &cli, &error), SCH_OK);
    assert_string_equal(spec.key, "k-1");
    assert_int_equal(spec.fact[SCH_FACT_URGENCY], SCH_URGENCY_ROUTINE);
    assert_string_equal(spec.section[14], "a=b");
    assert_string_equal(spec.to.text, "agb:06290713");
    assert_int_equal(spec.copy_count, 1);
    cli.option_count = 1;
    cli.option[0].name = "fact";
    cli.option[0].value = "urgency";
    assert_int_equal(sch_spec_options(&spec, &cli, &error), SCH_E_USAGE);
}

static void attachments_are_read(void **state)
{
    (void)state;
    char path[] = "/tmp/test-cli-spec-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "a\0b", 3), 3);
    close(fd);
    for (int i = 0; i < SCH_ATTACHMENTS_MAX; i++)
        assert_int_equal(sch_spec_attach(&spec, "", path, i == 0 ? "application/pdf" : NULL, NULL, &error),
                         SCH_OK);
    assert_int_equal(sch_spec_attach(&spec, "", path, NULL, NULL, &error), SCH_E_FIELD_INVALID);
    assert_int_equal(spec.attachment[0].size, 3);
    assert_memory_equal(spec.attachment[0].content, "a\0b", 3);
    assert_string_equal(spec.attachment[0].media_type, "application/pdf");
    assert_string_equal(spec.attachment[1].media_type, "application/octet-stream");
    assert_string_equal(spec.attachment[1].name, path + 5);
    unlink(path);
    sch_spec_close(&spec);
    assert_int_equal(sch_spec_attach(&spec, "/nonexistent/", "x.pdf", NULL, NULL, &error), SCH_E_IO);
    assert_string_equal(media_type_of("b/brief.pdf"), "application/pdf");
    assert_string_equal(media_type_of("brief"), "application/octet-stream");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_whole_document, setup, teardown),
        cmocka_unit_test_setup_teardown(faults_name_line_and_field, setup, teardown),
        cmocka_unit_test_setup_teardown(dates_count_from_today, setup, teardown),
        cmocka_unit_test_setup_teardown(options_add_and_replace, setup, teardown),
        cmocka_unit_test_setup_teardown(attachments_are_read, setup, teardown),
    };
    return cmocka_run_group_tests_name("cli_spec", tests, NULL, NULL);
}
