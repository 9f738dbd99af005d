/*
 * args.c: a command line to a command, its operands and options. Contract in cli.h.
 *
 * Must not know: what any command does. Options may stand anywhere behind their command's name; "--" ends
 * them.
 */
#include "cli.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"

#define WORDS_MAX 128

static bool same(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static const struct sch_cli_option *find_in(const struct sch_cli_option *options, const char *name,
                                            size_t size)
{
    for (; options != NULL && options->name != NULL; options++)
        if (strlen(options->name) == size && strncmp(options->name, name, size) == 0)
            return options;
    return NULL;
}

static int unknown_option(const struct sch_cli *cli, const char *name, size_t size, sch_error *error)
{
    const char *known[WORDS_MAX];
    size_t count = 0;
    const struct sch_cli_option *own = cli->command != NULL ? cli->command->options : NULL;
    for (const struct sch_cli_option *at = own; at != NULL && at->name != NULL && count < WORDS_MAX; at++)
        known[count++] = at->name;
    for (const struct sch_cli_option *at = sch_cli_globals; at->name != NULL && count < WORDS_MAX; at++)
        known[count++] = at->name;
    char word[64] = "";
    memcpy(word, name, size < sizeof word ? size : sizeof word - 1);
    const char *near = sch_nearest(word, known, count);
    return sch_fail(error, SCH_E_USAGE, "unknown option --%s%s%s%s", word, near ? "; did you mean --" : "",
                    near ? near : "", near ? "?" : "");
}

int64_t sch_cli_duration(const char *text)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = { { "", 1000 },   { "s", 1000 },    { "ms", 1 },
                  { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 } };
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 9)
        return -1;
    int64_t number = strtoll(text, NULL, 10);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (same(text + digits, units[i].unit))
            return number * units[i].ms;
    return -1;
}

static int set_global(struct sch_cli *cli, const char *name, const char *value, sch_error *error)
{
    if (same(name, "help"))
        cli->help = true;
    else if (same(name, "json"))
        cli->json = true;
    else if (same(name, "no-headers"))
        cli->headers = false;
    else if (same(name, "quiet"))
        cli->quiet = true;
    else if (same(name, "config"))
        cli->config = value;
    else {
        int64_t ms = sch_cli_duration(value);
        if (ms < 0 || ms > INT32_MAX)
            return sch_fail(error, SCH_E_USAGE, "--timeout takes seconds, or 500ms, 5s, 2m; not \"%s\"",
                            value);
        cli->timeout_ms = (int)ms;
    }
    return SCH_OK;
}

/* One "--name", "--name=value" or "--name value"; *at moves over a value that stands apart. */
static int take_option(struct sch_cli *cli, int argc, char *const *argv, int *at, sch_error *error)
{
    const char *name = same(argv[*at], "-h") ? "help" : argv[*at] + 2;
    size_t size = strcspn(name, "=");
    const char *value = name[size] == '=' ? name + size + 1 : NULL;
    const struct sch_cli_option *option =
        cli->command != NULL ? find_in(cli->command->options, name, size) : NULL;
    bool global = option == NULL;
    if (global)
        option = find_in(sch_cli_globals, name, size);
    if (option == NULL)
        return unknown_option(cli, name, size, error);
    if (option->value == NULL && value != NULL)
        return sch_fail(error, SCH_E_USAGE, "--%s takes no value", option->name);
    if (option->value != NULL && value == NULL) {
        if (*at + 1 >= argc)
            return sch_fail(error, SCH_E_USAGE, "--%s needs a value: %s", option->name, option->value);
        value = argv[++*at];
    }
    if (global)
        return set_global(cli, option->name, value, error);
    if (cli->option_count == SCH_CLI_OPTIONS_MAX)
        return sch_fail(error, SCH_E_USAGE, "more than %d options", SCH_CLI_OPTIONS_MAX);
    cli->option[cli->option_count].name = option->name;
    cli->option[cli->option_count++].value = value != NULL ? value : "";
    return SCH_OK;
}

static int unknown_word(const char *what, const char *word, const char *noun, sch_error *error)
{
    const char *known[WORDS_MAX];
    size_t count = 0;
    for (const struct sch_cli_command *at = sch_cli_commands; at->noun != NULL && count < WORDS_MAX; at++)
        if (noun == NULL || same(at->noun, noun))
            known[count++] = noun == NULL ? at->noun : at->verb;
    const char *near = sch_nearest(word, known, count);
    return sch_fail(error, SCH_E_USAGE, "unknown %s \"%s\"%s%s%s", what, word,
                    near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

/* A word that is no option: noun, verb or operand, in that order. */
static int take_word(struct sch_cli *cli, const char *word, sch_error *error)
{
    if (cli->command != NULL) {
        if (cli->operand_count == cli->command->operands_max)
            return sch_fail(error, SCH_E_USAGE, "\"%s\" is more than \"scharnier %s%s%s\" takes", word,
                            cli->command->noun, cli->command->verb[0] ? " " : "", cli->command->verb);
        cli->operand[cli->operand_count++] = word;
        return SCH_OK;
    }
    bool known = false;
    for (const struct sch_cli_command *at = sch_cli_commands; at->noun != NULL; at++) {
        const char *noun = cli->noun != NULL ? cli->noun : word;
        if (!same(at->noun, noun))
            continue;
        known = true;
        if (cli->noun == NULL ? at->verb[0] == '\0' : same(at->verb, word)) {
            cli->command = at;
            cli->noun = at->noun;
            return SCH_OK;
        }
    }
    if (cli->noun != NULL)
        return unknown_word("verb", word, cli->noun, error);
    if (!known)
        return unknown_word("command", word, NULL, error);
    cli->noun = word;
    return SCH_OK;
}

static int check_whole(const struct sch_cli *cli, sch_error *error)
{
    if (cli->help)
        return SCH_OK;
    if (cli->command == NULL && cli->noun != NULL)
        return sch_fail(error, SCH_E_USAGE, "\"%s\" needs a verb; see scharnier %s --help", cli->noun,
                        cli->noun);
    if (cli->command != NULL && cli->operand_count < cli->command->operands_min)
        return sch_fail(error, SCH_E_USAGE, "scharnier %s%s%s %s", cli->command->noun,
                        cli->command->verb[0] ? " " : "", cli->command->verb, cli->command->operands);
    return SCH_OK;
}

int sch_cli_parse(struct sch_cli *cli, int argc, char *const *argv, sch_error *error)
{
    *cli = (struct sch_cli){ .headers = true, .timeout_ms = -1 };
    bool options = true;
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        int code = SCH_OK;
        if (options && same(word, "--"))
            options = false;
        else if (options && (strncmp(word, "--", 2) == 0 || same(word, "-h")))
            code = take_option(cli, argc, argv, &i, error);
        else if (options && word[0] == '-' && isalpha((unsigned char)word[1]))
            code = sch_fail(error, SCH_E_USAGE, "options begin with two dashes, and there is -h; not \"%s\"",
                            word);
        else
            code = take_word(cli, word, error);
        if (code != SCH_OK)
            return code;
    }
    cli->jsonl = sch_cli_is(cli, "jsonl");
    cli->json = cli->json || cli->jsonl;
    return check_whole(cli, error);
}

const char *sch_cli_each(const struct sch_cli *cli, const char *name, size_t *at)
{
    while (*at < cli->option_count) {
        size_t i = (*at)++;
        if (same(cli->option[i].name, name))
            return cli->option[i].value;
    }
    return NULL;
}

const char *sch_cli_option(const struct sch_cli *cli, const char *name)
{
    const char *last = NULL;
    size_t at = 0;
    for (const char *value; (value = sch_cli_each(cli, name, &at)) != NULL;)
        last = value;
    return last;
}

bool sch_cli_is(const struct sch_cli *cli, const char *name)
{
    return sch_cli_option(cli, name) != NULL;
}

int sch_cli_number(const struct sch_cli *cli, const char *name, size_t max, size_t fallback, size_t *number,
                   sch_error *error)
{
    const char *text = sch_cli_option(cli, name);
    *number = fallback;
    if (text == NULL)
        return SCH_OK;
    size_t digits = strspn(text, "0123456789");
    unsigned long value = strtoul(text, NULL, 10);
    if (digits == 0 || digits > 9 || text[digits] != '\0' || value == 0 || value > max)
        return sch_fail(error, SCH_E_USAGE, "--%s takes a number from 1 to %zu, not \"%.20s\"", name, max,
                        text);
    *number = value;
    return SCH_OK;
}
