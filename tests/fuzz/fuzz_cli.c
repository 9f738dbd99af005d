/*
 * fuzz_cli.c: any bytes as a command line of scharnier(1), as a message in JSON, or as a value that a person
 * types.
 *
 * The first byte chooses. Nothing is run and no file is read: where a file is named, its name is its content.
 * Held: a command line that is taken fits the table of commands, and written out the plain way is taken as
 * the same; a message that is taken fits its limits, and its facts their types; times, ids and kenmerken that
 * are read print as what reads back.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../adapters/cli/filter.h"
#include "../../adapters/cli/output.h"
#include "../../adapters/cli/spec.h"
#include "core/calendar.h"
#include "id.h"
#include "names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
char *__wrap_sch_cli_read(const char *path, size_t max, size_t *size, sch_error *error);

#define WORDS_MAX 320

/* Instead of reading: the linker sends every call here. */
char *__wrap_sch_cli_read(const char *path, size_t max, size_t *size, sch_error *error)
{
    *size = strlen(path);
    if (*size <= max)
        return strdup(path);
    (void)sch_fail(error, SCH_E_TOO_LARGE, "%s", path);
    return NULL;
}

/* ---- command lines -------------------------------------------------------------------------------- */

static bool stands_in(const struct sch_cli_option *options, const char *name, bool with_value)
{
    for (; options != NULL && options->name != NULL; options++)
        if (strcmp(options->name, name) == 0)
            return (options->value != NULL) == with_value;
    return false;
}

static void check_line(const struct sch_cli *cli)
{
    const struct sch_cli_command *command = cli->command;
    assert(cli->timeout_ms >= -1 && (command != NULL || cli->operand_count == 0));
    assert(!cli->jsonl || cli->json);
    if (command == NULL) {
        assert(cli->option_count == 0 && (cli->help || cli->noun == NULL));
        return;
    }
    assert(cli->operand_count <= command->operands_max && strcmp(cli->noun, command->noun) == 0);
    assert(cli->help || cli->operand_count >= command->operands_min);
    for (size_t i = 0; i < cli->option_count; i++)
        assert(stands_in(command->options, cli->option[i].name, true) ||
               (stands_in(command->options, cli->option[i].name, false) && cli->option[i].value[0] == '\0'));
}

/* Globals, command, options, operands, each in one form only. A time stands in whole seconds where it can: written in
 * milliseconds it may have more digits than a time may have. */
static int write_line(const struct sch_cli *cli, char *word[WORDS_MAX], char *own[WORDS_MAX],
                      size_t *own_count)
{
    int count = 0;
    const struct sch_cli_command *command = cli->command;
    word[count++] = "scharnier";
    bool whole = cli->timeout_ms % 1000 == 0;
    if (cli->timeout_ms >= 0 && asprintf(&own[*own_count], "--timeout=%d%s", cli->timeout_ms / (whole ? 1000 : 1),
                                         whole ? "s" : "ms") >= 0)
        word[count++] = own[(*own_count)++];
    if (cli->config != NULL && asprintf(&own[*own_count], "--config=%s", cli->config) >= 0)
        word[count++] = own[(*own_count)++];
    const bool said[] = { cli->help, cli->json && !cli->jsonl, !cli->headers, cli->quiet };
    static char *const names[] = { "--help", "--json", "--no-headers", "--quiet" };
    for (size_t i = 0; i < 4; i++)
        if (said[i])
            word[count++] = names[i];
    if (cli->noun != NULL)
        word[count++] = (char *)(uintptr_t)cli->noun;
    if (command != NULL && command->verb[0] != '\0')
        word[count++] = (char *)(uintptr_t)command->verb;
    for (size_t i = 0; i < cli->option_count; i++) {
        bool takes = stands_in(command->options, cli->option[i].name, true);
        if (asprintf(&own[*own_count], "--%s%s%s", cli->option[i].name, takes ? "=" : "",
                     takes ? cli->option[i].value : "") >= 0)
            word[count++] = own[(*own_count)++];
    }
    word[count++] = "--";
    for (size_t i = 0; i < cli->operand_count; i++)
        word[count++] = (char *)(uintptr_t)cli->operand[i];
    word[count] = NULL;
    return count;
}

static void check_same(const struct sch_cli *a, const struct sch_cli *b)
{
    assert(a->command == b->command && a->help == b->help && a->json == b->json && a->jsonl == b->jsonl);
    assert(a->headers == b->headers && a->quiet == b->quiet && a->timeout_ms == b->timeout_ms);
    assert((a->config == NULL) == (b->config == NULL));
    assert(a->config == NULL || strcmp(a->config, b->config) == 0);
    assert(a->operand_count == b->operand_count && a->option_count == b->option_count);
    for (size_t i = 0; i < a->operand_count; i++)
        assert(strcmp(a->operand[i], b->operand[i]) == 0);
    for (size_t i = 0; i < a->option_count; i++)
        assert(strcmp(a->option[i].name, b->option[i].name) == 0 &&
               strcmp(a->option[i].value, b->option[i].value) == 0);
}

/* A fact that a person may state; the range of a number is the library's to know. */
static bool is_fact(enum sch_fact fact, int64_t value)
{
    int32_t day = 0;
    switch (sch_fact_type(fact)) {
    case SCH_TYPE_CODE: return sch_code_valid(sch_fact_set(fact), value);
    case SCH_TYPE_DATE: return sch_day_from_date(value, &day);
    case SCH_TYPE_TIME: return value > 0;
    case SCH_TYPE_NUMBER: return value >= 0 && value <= 999999999;
    }
    return false;
}

static void check_spec(const struct sch_spec *spec)
{
    assert(spec->copy_count <= SCH_COPIES_MAX && spec->attachment_count <= SCH_ATTACHMENTS_MAX);
    for (size_t i = 0; i < spec->copy_count; i++)
        assert(sch_address_valid(spec->copy[i].text));
    assert(spec->to.text[0] == '\0' || sch_address_valid(spec->to.text));
    assert(spec->from.text[0] == '\0' || sch_address_valid(spec->from.text));
    assert(spec->kind == 0 || sch_code_valid(SCH_SET_KIND, (int64_t)spec->kind));
    for (size_t i = 0; i < SCH_FACT_COUNT; i++)
        assert(spec->fact[i] == 0 || is_fact((enum sch_fact)i, spec->fact[i]));
    for (size_t i = 0; i < spec->attachment_count; i++)
        assert(spec->attachment[i].media_type[0] != '\0' && spec->attachment[i].content != NULL);
}

static void try_line(char *text, size_t size)
{
    static struct sch_cli cli, again;
    static struct sch_spec spec;
    char *word[WORDS_MAX] = { "scharnier" }, *own[WORDS_MAX];
    size_t own_count = 0;
    int count = 1;
    sch_error error = SCH_ERROR_INIT;
    for (char *at = text; at < text + size && count < 100; at += strlen(at) + 1)
        word[count++] = at;
    if (sch_cli_parse(&cli, count, word, &error) != SCH_OK) {
        assert(error.code == SCH_E_USAGE && error.text[0] != '\0');
        return;
    }
    check_line(&cli);
    char *plain[WORDS_MAX];
    int plain_count = write_line(&cli, plain, own, &own_count);
    assert(sch_cli_parse(&again, plain_count, plain, &error) == SCH_OK);
    check_same(&cli, &again);
    struct sch_query query = { .type = SCH_QUERY_UNANSWERED };
    size_t number = 0;
    if (sch_filter_take(&cli, &query, &error) == SCH_OK)
        assert(sch_filter_count(&query) <= 11 && query.only.expectation <= 15);
    (void)sch_cli_number(&cli, "older", 100, 0, &number, &error);
    spec.today = 20000;
    if (sch_spec_options(&spec, &cli, &error) == SCH_OK)
        check_spec(&spec);
    sch_spec_close(&spec);
    for (size_t i = 0; i < own_count; i++)
        free(own[i]);
}

/* ---- messages and values -------------------------------------------------------------------------- */

static void try_json(char *text, size_t size)
{
    static struct sch_spec spec;
    sch_error error = SCH_ERROR_INIT;
    spec.today = 20000;
    if (sch_spec_json(&spec, "f/f.json", text, size, &error) == SCH_OK)
        check_spec(&spec);
    else
        assert(error.code != SCH_OK && error.text[0] != '\0');
    sch_spec_close(&spec);
}

static void try_value(char *text, size_t size)
{
    char shown[SCH_TIME_SIZE], id_text[SCH_ID_TEXT_SIZE], kenmerk[SCH_KENMERK_SIZE + 1];
    int64_t ms = 0, again_ms = 0, date = sch_time_parse_date(text);
    uint64_t number, again;
    struct sch_id id, id_again;
    (void)size;
    assert(date == 0 || (date >= 20000101 && date <= 20991231));
    if (sch_time_parse(text, &ms))
        assert(sch_time_parse(sch_time_utc(ms, shown), &again_ms) && again_ms / 1000 == ms / 1000);
    assert(sch_cli_duration(text) >= -1 && sch_filter_expectation(text) <= 15);
    if (sch_id_parse(text, &id)) {
        sch_id_text(&id, id_text);
        assert(sch_id_parse(id_text, &id_again) && sch_id_equal(&id, &id_again));
    }
    if (sch_kenmerk_parse(text, &number)) {
        sch_kenmerk_text(number, kenmerk);
        assert(sch_kenmerk_parse(kenmerk, &again) && again == number);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const targets[])(char *, size_t) = { try_line, try_json, try_value };
    if (size == 0)
        return 0;
    char *text = malloc(size);
    assert(text != NULL);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    targets[data[0] % 3](text, size - 1);
    free(text);
    return 0;
}
