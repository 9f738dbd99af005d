/* test_cli_args.c: command lines of scharnier(1), over a small table of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../adapters/cli/args.c"

static int run_nothing(struct sch_cli *cli)
{
    (void)cli;
    return 0;
}

static const struct sch_cli_option own_options[] = {
    { "key", "KEY", "" },
    { "all", NULL, "" },
    { "fact", "NAME=VALUE", "" },
    { NULL, NULL, NULL },
};
const struct sch_cli_option sch_cli_globals[] = {
    { "config", "FILE", "" }, { "json", NULL, "" }, { "timeout", "TIME", "" }, { "no-headers", NULL, "" },
    { "quiet", NULL, "" },    { "help", NULL, "" }, { NULL, NULL, NULL },
};
const struct sch_cli_command sch_cli_commands[] = {
    { "dev", "", "", 0, 0, "", NULL, "", own_options, run_nothing },
    { "referral", "send", "[FILE]", 0, 1, "", NULL, "", own_options, run_nothing },
    { "referral", "ls", "", 0, 0, "", NULL, "", NULL, run_nothing },
    { "inbox", "ack", "ID OTHER", 2, 2, "", NULL, "", NULL, run_nothing },
    { NULL, NULL, NULL, 0, 0, NULL, NULL, NULL, NULL, NULL },
};

static struct sch_cli cli;
static sch_error error;

#define PARSE(...) parse((char *[]){ "scharnier", __VA_ARGS__, NULL })
static int parse(char *const *argv)
{
    int argc = 0;
    while (argv[argc] != NULL)
        argc++;
    error = (sch_error)SCH_ERROR_INIT;
    return sch_cli_parse(&cli, argc, argv, &error);
}

static void commands_and_operands(void **state)
{
    (void)state;
    assert_int_equal(PARSE("referral", "send", "a.json"), SCH_OK);
    assert_string_equal(cli.command->verb, "send");
    assert_int_equal(cli.operand_count, 1);
    assert_string_equal(cli.operand[0], "a.json");
    assert_int_equal(PARSE("dev"), SCH_OK);
    assert_string_equal(cli.command->noun, "dev");
    assert_int_equal(parse((char *[]){ "scharnier", NULL }), SCH_OK);
    assert_null(cli.command);
    assert_int_equal(PARSE("referral", "send", "--", "--odd.json"), SCH_OK);
    assert_string_equal(cli.operand[0], "--odd.json");
    assert_int_equal(PARSE("referral", "send", "-"), SCH_OK);
    assert_string_equal(cli.operand[0], "-");
}

static void options_anywhere(void **state)
{
    (void)state;
    assert_int_equal(PARSE("--json", "referral", "--config", "c", "send", "--fact", "a=1", "x", "--fact=b=2",
                           "--all", "--key", "k", "--no-headers", "--quiet", "--timeout", "250ms"),
                     SCH_OK);
    assert_true(cli.json && cli.quiet && !cli.headers);
    assert_int_equal(cli.timeout_ms, 250);
    assert_string_equal(cli.config, "c");
    assert_string_equal(sch_cli_option(&cli, "key"), "k");
    assert_true(sch_cli_is(&cli, "all"));
    assert_false(sch_cli_is(&cli, "to"));
    size_t at = 0;
    assert_string_equal(sch_cli_each(&cli, "fact", &at), "a=1");
    assert_string_equal(sch_cli_each(&cli, "fact", &at), "b=2");
    assert_null(sch_cli_each(&cli, "fact", &at));
    assert_string_equal(sch_cli_option(&cli, "fact"), "b=2");
    assert_string_equal(cli.operand[0], "x");
}

static void help_wants_nothing_else(void **state)
{
    (void)state;
    assert_int_equal(PARSE("inbox", "ack", "-h"), SCH_OK);
    assert_true(cli.help);
    assert_int_equal(PARSE("referral", "--help"), SCH_OK);
    assert_null(cli.command);
    assert_string_equal(cli.noun, "referral");
}

static void wrong_usage_says_what_was_meant(void **state)
{
    (void)state;
    const struct {
        char *word[5];
        const char *text;
    } wrong[] = {
        { { "referal", "ls" }, "unknown command \"referal\"; did you mean \"referral\"?" },
        { { "referral", "snd" }, "unknown verb \"snd\"; did you mean \"send\"?" },
        { { "referral" }, "\"referral\" needs a verb; see scharnier referral --help" },
        { { "referral", "send", "--kye", "x" }, "unknown option --kye; did you mean --key?" },
        { { "referral", "ls", "--key", "x" }, "unknown option --key" },
        { { "referral", "send", "--key" }, "--key needs a value: KEY" },
        { { "referral", "send", "--all=1" }, "--all takes no value" },
        { { "referral", "send", "a", "b" }, "\"b\" is more than \"scharnier referral send\" takes" },
        { { "inbox", "ack", "a" }, "scharnier inbox ack ID OTHER" },
        { { "--timeout", "soon", "dev" }, "--timeout takes seconds, or 500ms, 5s, 2m; not \"soon\"" },
        { { "dev", "-j" }, "options begin with two dashes, and there is -h; not \"-j\"" },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char *argv[7] = { "scharnier" };
        for (size_t j = 0; j < 5; j++)
            argv[j + 1] = wrong[i].word[j];
        assert_int_equal(parse(argv), SCH_E_USAGE);
        assert_string_equal(error.text, wrong[i].text);
    }
}

static void too_many_options(void **state)
{
    (void)state;
    char *argv[SCH_CLI_OPTIONS_MAX + 5] = { "scharnier", "referral", "send" };
    for (size_t i = 0; i <= SCH_CLI_OPTIONS_MAX; i++)
        argv[i + 3] = "--all";
    assert_int_equal(parse(argv), SCH_E_USAGE);
    argv[SCH_CLI_OPTIONS_MAX + 3] = NULL;
    assert_int_equal(parse(argv), SCH_OK);
}

static void durations(void **state)
{
    (void)state;
    assert_int_equal(sch_cli_duration("5"), 5000);
    assert_int_equal(sch_cli_duration("5s"), 5000);
    assert_int_equal(sch_cli_duration("500ms"), 500);
    assert_int_equal(sch_cli_duration("2m"), 120000);
    assert_int_equal(sch_cli_duration("1h"), 3600000);
    assert_int_equal(sch_cli_duration("1d"), 86400000);
    assert_int_equal(sch_cli_duration("0"), 0);
    const char *const none[] = { "", "s", "-1", "1.5", "1 s", "1y", "9999999999" };
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_int_equal(sch_cli_duration(none[i]), -1);
}

static void numbers(void **state)
{
    (void)state;
    size_t number = 0;
    assert_int_equal(PARSE("dev", "--key", "200"), SCH_OK);
    assert_int_equal(sch_cli_number(&cli, "key", 200, 7, &number, &error), SCH_OK);
    assert_int_equal(number, 200);
    assert_int_equal(sch_cli_number(&cli, "fact", 200, 7, &number, &error), SCH_OK);
    assert_int_equal(number, 7);
    const char *const none[] = { "0", "201", "", "x", "-1", "1x", " 1", "99999999999999999999" };
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        cli.option[0].value = none[i];
        assert_int_equal(sch_cli_number(&cli, "key", 200, 7, &number, &error), SCH_E_USAGE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_and_operands),   cmocka_unit_test(options_anywhere),
        cmocka_unit_test(help_wants_nothing_else), cmocka_unit_test(wrong_usage_says_what_was_meant),
        cmocka_unit_test(too_many_options),        cmocka_unit_test(durations),
        cmocka_unit_test(numbers),
    };
    return cmocka_run_group_tests_name("cli_args", tests, NULL, NULL);
}
