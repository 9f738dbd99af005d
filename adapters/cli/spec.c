/* spec.c: values of a message, one by one, and the options that carry them. Contract in spec.h. */
#include "spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/calendar.h"
#include "id.h"
#include "names.h"
#include "output.h"

#define NAMES_MAX 64
#define PATH_SIZE 4096

void sch_spec_close(struct sch_spec *spec)
{
    for (size_t i = 0; i < SCH_SPEC_SECTIONS; i++)
        free(spec->section[i]);
    for (size_t i = 0; i < spec->attachment_count; i++)
        free(spec->attachment[i].content);
    memset(spec, 0, sizeof *spec);
}

/* "what "word"; did you mean "near"?" */
static int unknown(const char *what, const char *word, const char *const *names, size_t count,
                   sch_error *error)
{
    const char *near = sch_nearest(word, names, count);
    return sch_fail(error, SCH_E_FIELD_INVALID, "unknown %s \"%.60s\"%s%s%s", what, word,
                    near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static size_t code_names(enum sch_code_set set, const char **names)
{
    size_t count = 0;
    while (count < NAMES_MAX && (names[count] = sch_code_at(set, count)) != NULL)
        count++;
    return count;
}

int sch_spec_kind(struct sch_spec *spec, const char *name, sch_error *error)
{
    const char *names[NAMES_MAX];
    int64_t kind = sch_code_parse(SCH_SET_KIND, name);
    if (kind <= 0)
        return unknown("kind", name, names, code_names(SCH_SET_KIND, names), error);
    spec->kind = (enum sch_kind)kind;
    return SCH_OK;
}

int sch_spec_address(struct sch_address *address, const char *text, const char *field, sch_error *error)
{
    char whole[SCH_ADDRESS_MAX + 8];
    /* A bare AGB code, "06290713" or "06290713/afdeling", is what people have at hand. */
    bool bare = strspn(text, "0123456789") == 8 && (text[8] == '\0' || text[8] == '/');
    snprintf(whole, sizeof whole, "%s%.*s", bare ? "agb:" : "", SCH_ADDRESS_MAX + 1, text);
    if (sch_address_set(address, whole))
        return SCH_OK;
    return sch_fail(error, SCH_E_FIELD_INVALID, "%s: \"%.60s\" is no address, such as agb:06290713/poh-ggz",
                    field, text);
}

int sch_spec_copy(struct sch_spec *spec, const char *text, sch_error *error)
{
    if (spec->copy_count == SCH_COPIES_MAX)
        return sch_fail(error, SCH_E_FIELD_INVALID, "copies: at most %d", SCH_COPIES_MAX);
    int code = sch_spec_address(&spec->copy[spec->copy_count], text, "copies", error);
    if (code == SCH_OK)
        spec->copy_count++;
    return code;
}

/* ---- facts -------------------------------------------------------------------------------------- */

/* "today", "+14d", "-3d" or a date; 0: none of them. */
static int64_t parse_date(const struct sch_spec *spec, const char *text)
{
    int32_t days = 0;
    if (strcmp(text, "today") == 0)
        return sch_date_from_day(spec->today);
    if (text[0] != '+' && text[0] != '-')
        return sch_time_parse_date(text);
    char *end = NULL;
    long shift = strtol(text, &end, 10);
    if (end == text || shift < -3660 || shift > 3660 || (end[0] == 'd' ? end[1] : end[0]) != '\0')
        return 0;
    days = spec->today + (int32_t)shift;
    return sch_date_from_day(days);
}

/* "aftercare,phone": the bits of these sections; -1 when one is none. */
static int64_t parse_sections(const char *text)
{
    int64_t bits = 0;
    for (const char *at = text; *at != '\0';) {
        char name[32];
        size_t size = strcspn(at, ",");
        if (size == 0 || size >= sizeof name)
            return -1;
        memcpy(name, at, size);
        name[size] = '\0';
        int bit = sch_section_parse(name);
        if (bit < 0)
            return -1;
        bits |= INT64_C(1) << bit;
        at += size + (at[size] == ',');
    }
    return bits;
}

static int parse_number(enum sch_fact fact, const char *text, int64_t *value)
{
    if (fact == SCH_FACT_MISSING_SECTIONS && strspn(text, "0123456789") != strlen(text)) {
        *value = parse_sections(text);
        return *value > 0 ? SCH_OK : SCH_E_FIELD_INVALID;
    }
    if (fact == SCH_FACT_EXPECTATION && (text[0] == 'E' || text[0] == 'e'))
        text++;
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 9 || text[digits] != '\0')
        return SCH_E_FIELD_INVALID;
    *value = strtoll(text, NULL, 10);
    return SCH_OK;
}

int sch_spec_fact(struct sch_spec *spec, const char *name, const char *value, sch_error *error)
{
    const char *names[NAMES_MAX];
    enum sch_fact fact = sch_fact_parse(name);
    if (fact == SCH_FACT_COUNT) {
        for (size_t i = 0; i < SCH_FACT_COUNT; i++)
            names[i] = sch_fact_name((enum sch_fact)i);
        return unknown("fact", name, names, SCH_FACT_COUNT, error);
    }
    int64_t number = 0;
    switch (sch_fact_type(fact)) {
    case SCH_TYPE_CODE:
        number = sch_code_parse(sch_fact_set(fact), value);
        if (number <= 0)
            return unknown(name, value, names, code_names(sch_fact_set(fact), names), error);
        break;
    case SCH_TYPE_DATE:
        number = parse_date(spec, value);
        if (number == 0)
            return sch_fail(error, SCH_E_FIELD_INVALID, "%s: \"%.40s\" is no date: 2026-12-01, today or +14d",
                            name, value);
        break;
    case SCH_TYPE_TIME:
        number = spec->now_ms;
        if (strcmp(value, "now") != 0 && !sch_time_parse(value, &number))
            return sch_fail(error, SCH_E_FIELD_INVALID, "%s: \"%.40s\" is no time: 2026-12-01T09:30, or now",
                            name, value);
        break;
    case SCH_TYPE_NUMBER:
        if (parse_number(fact, value, &number) != SCH_OK)
            return sch_fail(error, SCH_E_FIELD_INVALID, "%s: \"%.40s\" is no number", name, value);
        break;
    }
    spec->fact[fact] = number;
    return SCH_OK;
}

/* ---- the letter --------------------------------------------------------------------------------- */

int sch_spec_section(struct sch_spec *spec, const char *name, const char *text, sch_error *error)
{
    const char *names[NAMES_MAX];
    int bit = sch_section_parse(name);
    if (bit < 0 || bit >= SCH_SPEC_SECTIONS) {
        for (unsigned i = 0; i < SCH_SPEC_SECTIONS; i++)
            names[i] = sch_section_name(i);
        return unknown("section", name, names, SCH_SPEC_SECTIONS, error);
    }
    char *copy = strdup(text);
    if (copy == NULL)
        return sch_fail(error, SCH_E_NO_MEMORY, "section %s", name);
    free(spec->section[bit]);
    spec->section[bit] = copy;
    return SCH_OK;
}

static const char *media_type_of(const char *path)
{
    static const char *const types[][2] = {
        { ".pdf", "application/pdf" },
        { ".txt", "text/plain; charset=utf-8" },
        { ".hl7", "x-application/hl7-v2+er7" },
        { ".xml", "application/xml" },
        { ".json", "application/json" },
        { ".html", "text/html" },
        { ".png", "image/png" },
        { ".jpg", "image/jpeg" },
        { ".jpeg", "image/jpeg" },
    };
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot != NULL && i < sizeof types / sizeof types[0]; i++)
        if (strcmp(dot, types[i][0]) == 0)
            return types[i][1];
    return "application/octet-stream";
}

int sch_spec_attach(struct sch_spec *spec, const char *folder, const char *path, const char *media_type,
                    const char *name, sch_error *error)
{
    char whole[PATH_SIZE];
    const char *slash = strrchr(path, '/');
    if (spec->attachment_count == SCH_ATTACHMENTS_MAX)
        return sch_fail(error, SCH_E_FIELD_INVALID, "attachments: at most %d", SCH_ATTACHMENTS_MAX);
    struct sch_spec_attachment *attachment = &spec->attachment[spec->attachment_count];
    int size = snprintf(whole, sizeof whole, "%s%s", path[0] == '/' ? "" : folder, path);
    if (size < 0 || (size_t)size >= sizeof whole)
        return sch_fail(error, SCH_E_FIELD_INVALID, "attachments: the path is too long");
    attachment->content = sch_cli_read(whole, SCH_BODY_SIZE_MAX, &attachment->size, error);
    if (attachment->content == NULL)
        return (int)error->code;
    snprintf(attachment->media_type, sizeof attachment->media_type, "%s",
             media_type != NULL ? media_type : media_type_of(path));
    snprintf(attachment->name, sizeof attachment->name, "%s",
             name != NULL    ? name
             : slash != NULL ? slash + 1
                             : path);
    spec->attachment_count++;
    return SCH_OK;
}

/* ---- options ------------------------------------------------------------------------------------ */

static int take_text(char *out, size_t size, const char *value, const char *field, sch_error *error)
{
    if (strlen(value) >= size)
        return sch_fail(error, SCH_E_FIELD_INVALID, "%s is longer than %zu bytes", field, size - 1);
    memcpy(out, value, strlen(value) + 1);
    return SCH_OK;
}

/* "name=value": name is copied, value points into text. */
static const char *split(const char *text, char name[64])
{
    size_t size = strcspn(text, "=");
    if (text[size] == '\0' || size == 0 || size >= 64)
        return NULL;
    memcpy(name, text, size);
    name[size] = '\0';
    return text + size + 1;
}

/* --section name=text, or name=@file. */
static int section_option(struct sch_spec *spec, const char *name, const char *value, sch_error *error)
{
    if (value[0] != '@')
        return sch_spec_section(spec, name, value, error);
    size_t size = 0;
    char *content = sch_cli_read(value + 1, SCH_SECTION_SIZE_MAX, &size, error);
    if (content == NULL)
        return (int)error->code;
    int code = strlen(content) == size ? sch_spec_section(spec, name, content, error)
                                       : sch_fail(error, SCH_E_FIELD_INVALID, "%s is no text", value + 1);
    free(content);
    return code;
}

static int one_option(struct sch_spec *spec, const char *option, const char *value, sch_error *error)
{
    static const char *const kept[] = { "key", "parent", "follows", "group", "subject" };
    char *const places[] = { spec->key, spec->parent, spec->follows, spec->group, spec->subject };
    const size_t sizes[] = { sizeof spec->key, sizeof spec->parent, sizeof spec->follows, sizeof spec->group,
                             sizeof spec->subject };
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        if (strcmp(option, kept[i]) == 0)
            return take_text(places[i], sizes[i], value, option, error);
    if (strcmp(option, "from") == 0)
        return sch_spec_address(&spec->from, value, option, error);
    if (strcmp(option, "to") == 0)
        return sch_spec_address(&spec->to, value, option, error);
    if (strcmp(option, "creditor") == 0)
        return sch_spec_address(&spec->creditor, value, option, error);
    if (strcmp(option, "prepared-by") == 0)
        return sch_spec_address(&spec->prepared_by, value, option, error);
    if (strcmp(option, "concerned") == 0)
        return sch_spec_address(&spec->concerned, value, option, error);
    if (strcmp(option, "kind") == 0)
        return sch_spec_kind(spec, value, error);
    if (strcmp(option, "copy") == 0)
        return sch_spec_copy(spec, value, error);
    if (strcmp(option, "attach") == 0)
        return sch_spec_attach(spec, "", value, NULL, NULL, error);
    bool fact = strcmp(option, "fact") == 0;
    if (!fact && strcmp(option, "section") != 0)
        return SCH_OK; /* an option of the command, not of the message */
    char name[64];
    const char *rest = split(value, name);
    if (rest == NULL)
        return sch_fail(error, SCH_E_USAGE, "--%s takes NAME=VALUE, not \"%.60s\"", option, value);
    return fact ? sch_spec_fact(spec, name, rest, error) : section_option(spec, name, rest, error);
}

int sch_spec_options(struct sch_spec *spec, const struct sch_cli *cli, sch_error *error)
{
    int code = SCH_OK;
    for (size_t i = 0; i < cli->option_count && code == SCH_OK; i++)
        code = one_option(spec, cli->option[i].name, cli->option[i].value, error);
    return code;
}
