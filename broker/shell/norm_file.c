/*
 * norm_file.c: reads norms, region calendars and required sections. Contract and format in norm_file.h.
 *
 * Lines arrive one by one; what can only be judged with the whole section at hand (is there a term, a unit,
 * a source) is judged when all has been read. Must not know: dossiers, the network.
 */
#include "norm_file.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "id.h"
#include "names.h"

#define TERM_MAX 9999
#define WORD_MAX SCH_NORM_FILE_WORD_MAX
#define SECTION_WORD_MAX 111
#define SINCE_ALWAYS 20000101

enum part { PART_NONE, PART_BAD, PART_HEAD, PART_NORM, PART_CALENDAR, PART_SECTIONS };

struct loader {
    struct sch_norms *norms;
    char set_id[SCH_NORM_ID_MAX + 1];   /* "nl" */
    uint16_t version;
    enum part part;                     /* of the section that is being read */
    bool has_head;
    struct sch_norm *row;
    struct sch_region_calendar *calendar;
    struct sch_required *required;
    sch_ini_report_fn *report;
    void *report_context;
};

static const char *const unit_names[] = {
    [SCH_UNIT_NONE] = "", [SCH_UNIT_HOURS] = "hours", [SCH_UNIT_DAYS] = "days",
    [SCH_UNIT_WEEKS] = "weeks", [SCH_UNIT_WORKING_DAYS] = "working_days",
};
#define UNIT_COUNT (sizeof unit_names / sizeof unit_names[0])

/* Which variant belongs to which expectation. */
static const struct {
    const char *name;
    unsigned expectation;
} variants[SCH_VARIANT_COUNT] = {
    [SCH_VARIANT_PLAIN] = { "", 0 }, [SCH_VARIANT_URGENT] = { "urgent", 1 },
    [SCH_VARIANT_AFTER_INTAKE] = { "after_intake", 7 }, [SCH_VARIANT_CLINICAL] = { "clinical", 9 },
};

const char *sch_norm_file_unit(enum sch_unit unit)
{
    return (size_t)unit < UNIT_COUNT ? unit_names[unit] : "";
}

/* And back; SCH_UNIT_NONE when unknown. */
static enum sch_unit parse_unit(const char *name)
{
    for (size_t i = SCH_UNIT_HOURS; i < UNIT_COUNT; i++)
        if (strcmp(name, unit_names[i]) == 0)
            return (enum sch_unit)i;
    return SCH_UNIT_NONE;
}

const char *sch_norm_file_variant(enum sch_variant variant)
{
    return (size_t)variant < SCH_VARIANT_COUNT ? variants[variant].name : "";
}

/* ---- section names ------------------------------------------------------------------------------ */

static bool is_region(const char *text)
{
    size_t size = strlen(text);
    if (size == 0 || size > SCH_REGION_MAX)
        return false;
    return strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == size;
}

/* "E9.clinical": sets expectation and variant. */
static bool parse_expectation(const char *word, struct sch_norm *row)
{
    unsigned number = 0;
    int used = 0;
    if (sscanf(word, "E%2u%n", &number, &used) != 1 || number < 1 || number >= SCH_EXPECTATION_COUNT)
        return false;
    row->expectation = (uint8_t)number;
    if (word[used] == '\0')
        return true;
    if (word[used] != '.')
        return false;
    for (size_t i = SCH_VARIANT_URGENT; i < SCH_VARIANT_COUNT; i++)
        if (variants[i].expectation == number && strcmp(variants[i].name, word + used + 1) == 0) {
            row->variant = (enum sch_variant)i;
            return true;
        }
    return false;
}

static int begin_norm(struct loader *loader, const struct sch_ini *ini, const char *section,
                      const char word[3][SECTION_WORD_MAX], int words)
{
    struct sch_norms *norms = loader->norms;
    if (norms->count == SCH_NORMS_MAX)
        return sch_ini_error(ini, SCH_E_NORM_FORMAT, "more than %d norms", SCH_NORMS_MAX);
    struct sch_norm row = { .enabled = true };
    bool found = sch_day_from_date(SINCE_ALWAYS, &row.since_day);
    if (!found || !parse_expectation(word[0], &row))
        return sch_ini_error(ini, SCH_E_NORM_FORMAT, "\"%s\" is no expectation: E1..E15, E1.urgent, "
                             "E7.after_intake, E9.clinical", word[0]);
    if (words == 3 && strcmp(word[1], "region") == 0 && is_region(word[2]))
        row.scope = SCH_SCOPE_REGION;
    else if (words == 3 && strcmp(word[1], "provider") == 0 && sch_address_valid(word[2]))
        row.scope = SCH_SCOPE_PROVIDER;
    else if (words != 1)
        return sch_ini_error(ini, SCH_E_NORM_FORMAT, "section \"%s\": write [E4], [E4 region utrecht] or "
                             "[E4 provider agb:06290713]", section);
    if (words == 3)
        snprintf(row.where, sizeof row.where, "%.*s", SCH_ADDRESS_MAX, word[2]);
    loader->row = &norms->row[norms->count++];
    *loader->row = row;
    loader->part = PART_NORM;
    return SCH_OK;
}

static int begin_calendar(struct loader *loader, const struct sch_ini *ini, const char *region)
{
    struct sch_norms *norms = loader->norms;
    if (!is_region(region))
        return sch_ini_error(ini, SCH_E_NORM_FORMAT, "\"%.40s\" is no region code: a-z, 0-9 and -", region);
    if (norms->calendar_count == SCH_REGIONS_MAX)
        return sch_ini_error(ini, SCH_E_NORM_FORMAT, "more than %d calendars", SCH_REGIONS_MAX);
    if (sch_norm_calendar(norms, region) != NULL)
        return sch_ini_error(ini, SCH_E_NORM_FORMAT, "a second calendar for region %s", region);
    loader->calendar = &norms->calendar[norms->calendar_count++];
    memcpy(loader->calendar->region, region, strlen(region) + 1);
    loader->part = PART_CALENDAR;
    return SCH_OK;
}

static int begin_sections(struct loader *loader, const struct sch_ini *ini, const char *name)
{
    int64_t kind = sch_code_parse(SCH_SET_KIND, name);
    if (kind <= 0) {
        const char *names[SCH_KIND_COUNT];
        size_t count = 0;
        while (count < SCH_KIND_COUNT && (names[count] = sch_code_at(SCH_SET_KIND, count)) != NULL)
            count++;
        return sch_ini_unknown(ini, SCH_E_NORM_FORMAT, "message kind", name, names, count);
    }
    loader->required = &loader->norms->required[kind];
    loader->part = PART_SECTIONS;
    return SCH_OK;
}

static int begin_section(struct loader *loader, const struct sch_ini *ini, const char *section)
{
    char word[3][SECTION_WORD_MAX] = { "", "", "" };
    char more[2] = "";
    loader->part = PART_BAD;
    /* The widths are one less than the words' size. */
    int words = sscanf(section, "%110s %110s %110s %1s", word[0], word[1], word[2], more);
    if (words == 1 && strcmp(word[0], "norms") == 0) {
        if (loader->has_head)
            return sch_ini_error(ini, SCH_E_NORM_FORMAT, "[norms] stands twice");
        loader->has_head = true;
        loader->part = PART_HEAD;
        return SCH_OK;
    }
    if (words == 2 && strcmp(word[0], "calendar") == 0)
        return begin_calendar(loader, ini, word[1]);
    if (words == 2 && strcmp(word[0], "sections") == 0)
        return begin_sections(loader, ini, word[1]);
    if (word[0][0] == 'E' && isdigit((unsigned char)word[0][1]))
        return begin_norm(loader, ini, section, (const char (*)[SECTION_WORD_MAX])word, words);
    static const char *const names[] = { "norms", "calendar", "sections" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(word[0], names[i]) == 0)
            return sch_ini_error(ini, SCH_E_NORM_FORMAT,
                                 "section \"%s\": write [norms], [calendar utrecht] or [sections INTAKE_REPORT]",
                                 section);
    return sch_ini_unknown(ini, SCH_E_NORM_FORMAT, "section", word[0], names, 3);
}

/* ---- values ------------------------------------------------------------------------------------- */

const char *sch_norm_file_word(const char **rest, char word[WORD_MAX])
{
    const char *at = *rest;
    if (at == NULL)
        return NULL;
    const char *end = strchr(at, ',');
    *rest = end ? end + 1 : NULL;
    size_t size = end ? (size_t)(end - at) : strlen(at);
    while (size > 0 && isspace((unsigned char)*at)) {
        at++;
        size--;
    }
    while (size > 0 && isspace((unsigned char)at[size - 1]))
        size--;
    snprintf(word, WORD_MAX, "%.*s", (int)(size < WORD_MAX ? size : WORD_MAX - 1), at);
    return word;
}

/* Digits and dashes in their places: scanf would let signs and blanks through. */
static int parse_day(const struct sch_ini *ini, const char *name, const char *text, int32_t *day)
{
    static const char form[] = "0000-00-00";
    int64_t date = 0;
    size_t at = 0;
    for (; at < sizeof form - 1 && (form[at] == '0' ? isdigit((unsigned char)text[at]) : text[at] == '-'); at++)
        date = form[at] == '0' ? date * 10 + (text[at] - '0') : date;
    if (form[at] == '\0' && text[at] == '\0' && sch_day_from_date(date, day))
        return SCH_OK;
    return sch_ini_error(ini, SCH_E_NORM_FORMAT, "%s: \"%s\" is no date between 2000-01-01 and 2099-12-31",
                         name, text);
}

static int copy_text(const struct sch_ini *ini, const char *name, const char *value, char *out, size_t max)
{
    if (strlen(value) > max)
        return sch_ini_error(ini, SCH_E_NORM_FORMAT, "%s is longer than %zu bytes", name, max);
    memcpy(out, value, strlen(value) + 1);
    return SCH_OK;
}

static int unknown_key(const struct sch_ini *ini, const char *name, const char *const *keys, size_t count)
{
    return sch_ini_unknown(ini, SCH_E_NORM_FORMAT, "key", name, keys, count);
}

static int head_line(struct loader *loader, const struct sch_ini *ini, const char *name, const char *value)
{
    static const char *const keys[] = { "id", "version" };
    if (strcmp(name, "id") == 0) {
        if (!is_region(value) || strlen(value) > 8)
            return sch_ini_error(ini, SCH_E_NORM_FORMAT, "id: at most 8 of a-z, 0-9 and -");
        return copy_text(ini, name, value, loader->set_id, SCH_NORM_ID_MAX);
    }
    if (strcmp(name, "version") == 0) {
        uint64_t version = 0;
        int code = sch_ini_uint(ini, SCH_E_NORM_FORMAT, name, value, 1, UINT16_MAX, &version);
        if (code == SCH_OK)
            loader->version = (uint16_t)version;
        return code;
    }
    return unknown_key(ini, name, keys, 2);
}

static int norm_line(struct loader *loader, const struct sch_ini *ini, const char *name, const char *value)
{
    static const char *const keys[] = { "term", "unit", "source", "since", "enabled", "id" };
    struct sch_norm *row = loader->row;
    if (strcmp(name, "term") == 0) {
        uint64_t term = 0;
        int code = sch_ini_uint(ini, SCH_E_NORM_FORMAT, name, value, 1, TERM_MAX, &term);
        if (code == SCH_OK)
            row->term = (uint16_t)term;
        return code;
    }
    if (strcmp(name, "unit") == 0) {
        row->unit = parse_unit(value);
        if (row->unit != SCH_UNIT_NONE)
            return SCH_OK;
        return sch_ini_unknown(ini, SCH_E_NORM_FORMAT, "unit", value, unit_names + 1, UNIT_COUNT - 1);
    }
    if (strcmp(name, "source") == 0)
        return copy_text(ini, name, value, row->source, SCH_SOURCE_MAX);
    if (strcmp(name, "since") == 0)
        return parse_day(ini, name, value, &row->since_day);
    if (strcmp(name, "enabled") == 0)
        return sch_ini_bool(ini, SCH_E_NORM_FORMAT, name, value, &row->enabled);
    if (strcmp(name, "id") == 0)
        return copy_text(ini, name, value, row->id, SCH_NORM_ID_MAX);
    return unknown_key(ini, name, keys, sizeof keys / sizeof keys[0]);
}

static int calendar_line(struct loader *loader, const struct sch_ini *ini, const char *name,
                         const char *value)
{
    static const char *const keys[] = { "add", "drop" };
    struct sch_calendar *calendar = &loader->calendar->calendar;
    bool add = strcmp(name, "add") == 0;
    if (!add && strcmp(name, "drop") != 0)
        return unknown_key(ini, name, keys, 2);
    int32_t *days = add ? calendar->added : calendar->dropped;
    size_t *count = add ? &calendar->added_count : &calendar->dropped_count;
    char word[WORD_MAX];
    for (const char *rest = value; sch_norm_file_word(&rest, word) != NULL;) {
        if (word[0] == '\0' && rest == NULL)    /* the list goes on on the next line */
            continue;
        if (*count == SCH_CALENDAR_DAYS_MAX)
            return sch_ini_error(ini, SCH_E_NORM_FORMAT, "%s: more than %d days", name,
                                 SCH_CALENDAR_DAYS_MAX);
        int code = parse_day(ini, name, word, &days[*count]);
        if (code != SCH_OK)
            return code;
        (*count)++;
    }
    return SCH_OK;
}

static int sections_line(struct loader *loader, const struct sch_ini *ini, const char *name,
                         const char *value)
{
    static const char *const keys[] = { "required", "demanded" };
    if (strcmp(name, "demanded") == 0)
        return sch_ini_bool(ini, SCH_E_NORM_FORMAT, name, value, &loader->required->demanded);
    if (strcmp(name, "required") != 0)
        return unknown_key(ini, name, keys, 2);
    char word[WORD_MAX];
    for (const char *rest = value; sch_norm_file_word(&rest, word) != NULL;) {
        if (word[0] == '\0' && rest == NULL)
            continue;
        int bit = sch_section_parse(word);
        if (bit < 0) {
            const char *names[32];
            size_t count = 0;
            for (; count < 32 && (SCH_SECTION_ALL >> count & 1u) != 0; count++)
                names[count] = sch_section_name((unsigned)count);
            return sch_ini_unknown(ini, SCH_E_NORM_FORMAT, "section of a letter", word, names, count);
        }
        loader->required->sections |= UINT32_C(1) << bit;
    }
    return SCH_OK;
}

/* The keys that go on over further lines. */
static bool is_list(const char *name)
{
    return strcmp(name, "add") == 0 || strcmp(name, "drop") == 0 || strcmp(name, "required") == 0;
}

static int on_line(void *context, const struct sch_ini *ini, const char *section, const char *name,
                   const char *value)
{
    struct loader *loader = context;
    if (name == NULL)
        return begin_section(loader, ini, section);
    int code = is_list(name) ? SCH_OK : sch_ini_one_line(ini, SCH_E_NORM_FORMAT, name);
    if (code != SCH_OK)
        return code;
    switch (loader->part) {
    case PART_HEAD:
        return head_line(loader, ini, name, value);
    case PART_NORM:
        return norm_line(loader, ini, name, value);
    case PART_CALENDAR:
        return calendar_line(loader, ini, name, value);
    case PART_SECTIONS:
        return sections_line(loader, ini, name, value);
    case PART_BAD:                      /* the section's own line was reported */
        return SCH_OK;
    case PART_NONE:
    default:
        return sch_ini_error(ini, SCH_E_NORM_FORMAT, "\"%s\" stands before the first section", name);
    }
}

static void on_report(void *context, const char *line)
{
    const struct loader *loader = context;
    if (loader->report != NULL)
        loader->report(loader->report_context, line);
}

/* ---- the whole ---------------------------------------------------------------------------------- */

static void section_text(const struct sch_norm *row, char text[160])
{
    const char *variant = variants[row->variant].name;
    static const char *const scopes[] = { [SCH_SCOPE_NATIONAL] = "", [SCH_SCOPE_REGION] = " region ",
                                          [SCH_SCOPE_PROVIDER] = " provider " };
    snprintf(text, 160, "[E%u%s%s%s%s]", row->expectation, variant[0] ? "." : "", variant,
             scopes[row->scope], row->where);
}

/* A fault of a section as a whole: there is no single line to name, so the section is named. */
static int section_fault(const struct loader *loader, const char *file, const struct sch_norm *row,
                         const char *what, sch_error *error)
{
    char section[160];
    char line[256];
    section_text(row, section);
    snprintf(line, sizeof line, "%.90s: %s: %s", file, section, what);
    if (loader->report != NULL)
        loader->report(loader->report_context, line);
    return sch_fail(error, SCH_E_NORM_FORMAT, "%s", line);
}

/* "nl/E9.clinical", "utrecht/E4": unless the file gave an id. False when that is too long for an id. */
static bool name_row(const struct loader *loader, struct sch_norm *row)
{
    if (row->id[0] != '\0')
        return true;
    const char *variant = variants[row->variant].name;
    const char *where = row->scope == SCH_SCOPE_NATIONAL ? loader->set_id : row->where;
    int size = snprintf(row->id, sizeof row->id, "%s/E%u%s%s", where, row->expectation,
                        variant[0] ? "." : "", variant);
    return size > 0 && (size_t)size < sizeof row->id;
}

static int check_row(const struct loader *loader, const char *file, struct sch_norm *row, sch_error *error)
{
    row->version = loader->version;
    if (!name_row(loader, row))
        return section_fault(loader, file, row, "give it an id of at most 31 bytes", error);
    if (!row->enabled)
        return SCH_OK;
    if (row->term == 0)
        return section_fault(loader, file, row, "term is missing", error);
    if (row->unit == SCH_UNIT_NONE)
        return section_fault(loader, file, row, "unit is missing: hours, days, weeks or working_days", error);
    if (row->source[0] == '\0')
        return section_fault(loader, file, row, "source is missing: where does this norm come from?", error);
    return SCH_OK;
}

/* By expectation, variant, scope and place, the newest last. */
static int compare_rows(const void *left, const void *right)
{
    const struct sch_norm *a = left;
    const struct sch_norm *b = right;
    if (a->expectation != b->expectation)
        return a->expectation < b->expectation ? -1 : 1;
    if (a->variant != b->variant)
        return a->variant < b->variant ? -1 : 1;
    if (a->scope != b->scope)
        return a->scope < b->scope ? -1 : 1;
    int where = strcmp(a->where, b->where);
    if (where != 0)
        return where;
    return (a->since_day > b->since_day) - (a->since_day < b->since_day);
}

static int finish(struct loader *loader, const char *file, sch_error *error)
{
    struct sch_norms *norms = loader->norms;
    int first = SCH_OK;
    if (loader->set_id[0] == '\0' || loader->version == 0) {
        char line[200];
        snprintf(line, sizeof line, "%.90s: [norms]: id and version are missing", file);
        if (loader->report != NULL)
            loader->report(loader->report_context, line);
        return sch_fail(error, SCH_E_NORM_FORMAT, "%s", line);
    }
    for (size_t i = 0; i < norms->count; i++) {
        int code = check_row(loader, file, &norms->row[i], first == SCH_OK ? error : NULL);
        first = first == SCH_OK ? code : first;
    }
    qsort(norms->row, norms->count, sizeof norms->row[0], compare_rows);
    for (size_t i = 1; i < norms->count; i++)
        if (compare_rows(&norms->row[i - 1], &norms->row[i]) == 0) {
            int code = section_fault(loader, file, &norms->row[i], "stands twice with the same since",
                                     first == SCH_OK ? error : NULL);
            first = first == SCH_OK ? code : first;
        }
    return first;
}

int sch_norm_file_load(const char *path, struct sch_norms *norms, sch_ini_report_fn *report, void *context,
                       sch_error *error)
{
    struct loader loader = { .norms = norms, .report = report, .report_context = context };
    memset(norms, 0, sizeof *norms);
    int code = sch_ini_read_file(path, on_line, on_report, &loader, error);
    return code != SCH_OK ? code : finish(&loader, path, error);
}

int sch_norm_file_parse(const char *name, const uint8_t *content, size_t size, struct sch_norms *norms,
                        sch_ini_report_fn *report, void *context, sch_error *error)
{
    struct loader loader = { .norms = norms, .report = report, .report_context = context };
    memset(norms, 0, sizeof *norms);
    int code = sch_ini_read_bytes(name, content, size, on_line, on_report, &loader, error);
    return code != SCH_OK ? code : finish(&loader, name, error);
}
