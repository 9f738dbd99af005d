/* map_file.c: see map_file.h. */
#include "map_file.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "id.h"
#include "ini.h"
#include "names.h"

struct reader {
    struct sch_map *map;
    struct sch_map_rule *rule;          /* of the section at hand */
    char set[SCH_MAP_WORD_MAX + 1];     /* of a [codes …] section */
    bool has_identity;
    sch_ini_report_fn *report;
    void *context;
};

static const char *const part_names[SCH_MAP_PART_COUNT] = {"kind", "kenmerk", "order", "receiver", "sender",
                                                           "creditor", "prepared_by", "copy"};

static const char *const form_names[SCH_MAP_FORM_COUNT] = {"none", "REF^I12", "REF^I14", "RRI^I12", "SIU^S12",
                                                           "SIU^S26", "OSU^O51", "MDM^T02"};

/* ---- places ------------------------------------------------------------------------------------ */

static bool read_number(const char **text, unsigned *number)
{
    char *end;

    if (!isdigit((unsigned char)**text))
        return false;
    unsigned long value = strtoul(*text, &end, 10);
    if (value < 1 || value > 255)
        return false;
    *number = (unsigned)value;
    *text = end;
    return true;
}

/* "[1=RT]" */
static bool read_match(const char **text, struct sch_map_path *path)
{
    (*text)++;
    if (!read_number(text, &path->match_field) || **text != '=')
        return false;
    const char *end = strchr(*text, ']');
    if (end == NULL || end - *text < 2 || end - *text - 1 > SCH_MAP_WORD_MAX)
        return false;
    memcpy(path->match, *text + 1, (size_t)(end - *text - 1));
    *text = end + 1;
    return true;
}

static bool read_constant(const char *text, struct sch_map_path *path)
{
    size_t len = strlen(text);

    if (len < 3 || len - 2 > SCH_MAP_WORD_MAX || text[len - 1] != '\'')
        return false;
    memcpy(path->constant, text + 1, len - 2);
    return true;
}

bool sch_map_file_path(const char *text, struct sch_map_path *path)
{
    memset(path, 0, sizeof *path);
    if (*text == '\'')
        return read_constant(text, path);
    for (int i = 0; i < 3; i++, text++) {
        if (!isupper((unsigned char)*text) && !(i > 0 && isdigit((unsigned char)*text)))
            return false;
        path->segment[i] = *text;
    }
    if (*text == '[' && !read_match(&text, path))
        return false;
    if (*text++ != '-' || !read_number(&text, &path->field))
        return false;
    if (*text == '.' && (text++, !read_number(&text, &path->component)))
        return false;
    if (*text == '.' && (text++, !read_number(&text, &path->subcomponent)))
        return false;
    return *text == 0;
}

/* The next of a list "A, B": copied without blanks; false at the end. */
static bool next_word(const char **list, char *word, size_t size)
{
    const char *at = *list + strspn(*list, " \t,");
    size_t len = strcspn(at, ",");

    *list = at + len;
    while (len > 0 && (at[len - 1] == ' ' || at[len - 1] == '\t'))
        len--;
    if (len == 0)
        return false;
    snprintf(word, size, "%.*s", (int)len, at);
    return true;
}

static int add_paths(const struct sch_ini *ini, struct sch_map_spec *spec, const char *value)
{
    char word[96];

    while (next_word(&value, word, sizeof word)) {
        if (spec->count == SCH_MAP_PATHS_MAX)
            return sch_ini_error(ini, SCH_E_CONFIG, "at most %d places", SCH_MAP_PATHS_MAX);
        if (!sch_map_file_path(word, &spec->path[spec->count]))
            return sch_ini_error(ini, SCH_E_CONFIG,
                                 "\"%s\" is no place: expected SEG-F.C, SEG[F=VALUE]-F.C or 'constant'",
                                 word);
        spec->count++;
    }
    return SCH_OK;
}

/* ---- sections ---------------------------------------------------------------------------------- */

static int copy_word(const struct sch_ini *ini, const char *name, const char *value, char *out, size_t size)
{
    if (strlen(value) >= size)
        return sch_ini_error(ini, SCH_E_CONFIG, "%s is longer than %zu bytes", name, size - 1);
    snprintf(out, size, "%s", value);
    return SCH_OK;
}

static int begin_identity(struct reader *reader, const struct sch_ini *ini)
{
    if (reader->has_identity)
        return sch_ini_error(ini, SCH_E_CONFIG, "[identity] stands twice");
    reader->has_identity = true;
    return SCH_OK;
}

static int read_identity(struct reader *reader, const struct sch_ini *ini, const char *name,
                         const char *value)
{
    static const char *const names[] = {"application", "facility", "to_application", "to_facility",
                                        "version", "processing", "charset", "original"};
    struct sch_map *map = reader->map;

    if (strcmp(name, "application") == 0)
        return copy_word(ini, name, value, map->application, sizeof map->application);
    if (strcmp(name, "facility") == 0)
        return copy_word(ini, name, value, map->facility, sizeof map->facility);
    if (strcmp(name, "to_application") == 0)
        return copy_word(ini, name, value, map->to_application, sizeof map->to_application);
    if (strcmp(name, "to_facility") == 0)
        return copy_word(ini, name, value, map->to_facility, sizeof map->to_facility);
    if (strcmp(name, "version") == 0)
        return copy_word(ini, name, value, map->version, sizeof map->version);
    if (strcmp(name, "processing") == 0) {
        if (strlen(value) != 1 || strchr("PTD", *value) == NULL)
            return sch_ini_error(ini, SCH_E_CONFIG, "processing is P, T or D");
        return copy_word(ini, name, value, map->processing, sizeof map->processing);
    }
    if (strcmp(name, "charset") == 0) {
        map->latin1 = strcmp(value, "8859/1") == 0;
        if (!map->latin1 && strcmp(value, "UTF-8") != 0)
            return sch_ini_error(ini, SCH_E_CONFIG, "charset is 8859/1 or UTF-8");
        return SCH_OK;
    }
    if (strcmp(name, "original") == 0)
        return sch_ini_bool(ini, SCH_E_CONFIG, name, value, &map->with_original);
    return sch_ini_unknown(ini, SCH_E_CONFIG, "key", name, names, sizeof names / sizeof *names);
}

static int unknown_fact(const struct sch_ini *ini, const char *what, const char *name)
{
    const char *names[SCH_FACT_COUNT + SCH_MAP_PART_COUNT];
    size_t count = 0;

    for (unsigned f = 0; f < SCH_FACT_COUNT; f++)
        names[count++] = sch_fact_name((enum sch_fact)f);
    for (unsigned p = 0; p < SCH_MAP_PART_COUNT; p++)
        names[count++] = part_names[p];
    return sch_ini_unknown(ini, SCH_E_CONFIG, what, name, names, count);
}

static int unknown_section(const struct sch_ini *ini, const char *name)
{
    const char *names[SCH_SECTION_COUNT];

    for (unsigned s = 0; s < SCH_SECTION_COUNT; s++)
        names[s] = sch_section_name(s);
    return sch_ini_unknown(ini, SCH_E_CONFIG, "section of a letter", name, names, SCH_SECTION_COUNT);
}

/* "receiver = …", "letter_date = …", "section question = …" in an [in …] section. */
static int read_rule(struct reader *reader, const struct sch_ini *ini, const char *name, const char *value)
{
    struct sch_map_rule *rule = reader->rule;

    for (unsigned p = 0; p < SCH_MAP_PART_COUNT; p++)
        if (strcmp(name, part_names[p]) == 0)
            return add_paths(ini, &rule->part[p], value);
    if (strncmp(name, "section ", 8) == 0) {
        int bit = sch_section_parse(name + 8);
        return bit < 0 ? unknown_section(ini, name + 8) : add_paths(ini, &rule->section[bit], value);
    }
    enum sch_fact fact = sch_fact_parse(name);
    if (fact == SCH_FACT_COUNT)
        return unknown_fact(ini, "key", name);
    return add_paths(ini, &rule->fact[fact], value);
}

static int begin_rule(struct reader *reader, const struct sch_ini *ini, const char *type)
{
    struct sch_map *map = reader->map;
    struct sch_map_rule rule;

    memset(&rule, 0, sizeof rule);
    const char *space = strchr(type, ' ');
    size_t len = space != NULL ? (size_t)(space - type) : strlen(type);
    if (len != 7 || type[3] != '^')
        return sch_ini_error(ini, SCH_E_CONFIG, "[in %s]: expected a type as REF^I12", type);
    memcpy(rule.type, type, len);
    if (space != NULL) {
        int64_t kind = sch_code_parse(SCH_SET_KIND, space + 1);
        if (kind <= 0)
            return sch_ini_error(ini, SCH_E_CONFIG, "[in %s]: unknown kind \"%s\"", type, space + 1);
        rule.kind = (enum sch_kind)kind;
    }
    for (size_t i = 0; i < map->rule_count; i++)
        if (strcmp(map->rules[i].type, rule.type) == 0 && map->rules[i].kind == rule.kind)
            return sch_ini_error(ini, SCH_E_CONFIG, "[in %s] stands here twice", type);
    if (map->rule_count == SCH_MAP_RULES_MAX)
        return sch_ini_error(ini, SCH_E_CONFIG, "more than %d [in …] sections", SCH_MAP_RULES_MAX);
    map->rules[map->rule_count] = rule;
    reader->rule = &map->rules[map->rule_count++];
    return SCH_OK;
}

/* "R = ROUTINE" in [codes urgency]; "A = ACCEPTANCE" in [codes kind RRI^I12]. */
static int read_code(struct reader *reader, const struct sch_ini *ini, const char *name, const char *value)
{
    struct sch_map *map = reader->map;
    bool kinds = strncmp(reader->set, "kind ", 5) == 0;
    enum sch_code_set set = kinds ? SCH_SET_KIND : sch_fact_set(sch_fact_parse(reader->set));
    int64_t number = sch_code_parse(set, value);
    const char *names[SCH_KIND_COUNT];
    size_t count = 0;

    if (number <= 0) {
        while (count < SCH_KIND_COUNT && sch_code_at(set, count) != NULL) {
            names[count] = sch_code_at(set, count);
            count++;
        }
        return sch_ini_unknown(ini, SCH_E_CONFIG, "code", value, names, count);
    }
    if (map->code_count == SCH_MAP_CODES_MAX)
        return sch_ini_error(ini, SCH_E_CONFIG, "more than %d codes", SCH_MAP_CODES_MAX);
    struct sch_map_code *code = &map->codes[map->code_count];
    memset(code, 0, sizeof *code);
    code->value = number;
    snprintf(code->set, sizeof code->set, "%s", reader->set);
    map->code_count++;
    return copy_word(ini, "the code", name, code->outside, sizeof code->outside);
}

static int begin_codes(struct reader *reader, const struct sch_ini *ini, const char *set)
{
    bool kinds = strncmp(set, "kind ", 5) == 0 && strlen(set) == 12 && set[8] == '^';
    enum sch_fact fact = kinds ? SCH_FACT_COUNT : sch_fact_parse(set);

    if (!kinds && fact == SCH_FACT_COUNT)
        return unknown_fact(ini, "set of codes", set);
    if (!kinds && sch_fact_type(fact) != SCH_TYPE_CODE)
        return sch_ini_error(ini, SCH_E_CONFIG, "%s is no code", set);
    return copy_word(ini, "the set", set, reader->set, sizeof reader->set);
}

static int read_receiver(struct reader *reader, const struct sch_ini *ini, const char *name,
                         const char *value)
{
    struct sch_map *map = reader->map;

    if (map->receiver_count == SCH_MAP_RECEIVERS_MAX)
        return sch_ini_error(ini, SCH_E_CONFIG, "more than %d receivers", SCH_MAP_RECEIVERS_MAX);
    struct sch_map_receiver *receiver = &map->receivers[map->receiver_count];
    memset(receiver, 0, sizeof *receiver);
    if (!sch_address_set(&receiver->address, value))
        return sch_ini_error(ini, SCH_E_CONFIG, "\"%s\" is no address; expected as agb:06290713/poh-ggz",
                             value);
    map->receiver_count++;
    return copy_word(ini, "the number", name, receiver->outside, sizeof receiver->outside);
}

static int read_term(struct reader *reader, const struct sch_ini *ini, const char *name, const char *value,
                     bool is_fact)
{
    struct sch_map *map = reader->map;
    struct sch_map_term term = {.is_fact = is_fact};

    term.number = is_fact ? (int)sch_fact_parse(value) : sch_section_parse(value);
    if (is_fact && term.number == SCH_FACT_COUNT)
        return unknown_fact(ini, "fact", value);
    if (!is_fact && term.number < 0)
        return unknown_section(ini, value);
    if (map->term_count == SCH_MAP_TERMS_MAX)
        return sch_ini_error(ini, SCH_E_CONFIG, "more than %d [sections] and [facts]", SCH_MAP_TERMS_MAX);
    int code = copy_word(ini, "the code", name, term.outside, sizeof term.outside);
    if (code == SCH_OK)
        map->terms[map->term_count++] = term;
    return code;
}

static int read_form(struct reader *reader, const struct sch_ini *ini, const char *name, const char *value)
{
    int64_t kind = sch_code_parse(SCH_SET_KIND, name);

    if (kind <= 0)
        return sch_ini_error(ini, SCH_E_CONFIG, "unknown kind \"%s\"", name);
    for (unsigned f = 0; f < SCH_MAP_FORM_COUNT; f++) {
        if (strcmp(form_names[f], value) == 0) {
            reader->map->form[kind] = (enum sch_map_form)f;
            return SCH_OK;
        }
    }
    return sch_ini_unknown(ini, SCH_E_CONFIG, "form", value, form_names, SCH_MAP_FORM_COUNT);
}

static int handle(void *context, const struct sch_ini *ini, const char *section, const char *name,
                  const char *value)
{
    static const char *const sections[] = {"identity", "in REF^I12", "codes urgency", "receivers", "sections",
                                           "facts", "out"};
    struct reader *reader = context;
    bool begin = name == NULL;

    if (strncmp(section, "in ", 3) == 0)
        return begin ? begin_rule(reader, ini, section + 3) : read_rule(reader, ini, name, value);
    int code = begin ? SCH_OK : sch_ini_one_line(ini, SCH_E_CONFIG, name);
    if (code != SCH_OK)
        return code;
    if (strncmp(section, "codes ", 6) == 0)
        return begin ? begin_codes(reader, ini, section + 6) : read_code(reader, ini, name, value);
    if (strcmp(section, "identity") == 0)
        return begin ? begin_identity(reader, ini) : read_identity(reader, ini, name, value);
    if (strcmp(section, "receivers") == 0)
        return begin ? SCH_OK : read_receiver(reader, ini, name, value);
    if (strcmp(section, "sections") == 0 || strcmp(section, "facts") == 0)
        return begin ? SCH_OK : read_term(reader, ini, name, value, section[0] == 'f');
    if (strcmp(section, "out") == 0)
        return begin ? SCH_OK : read_form(reader, ini, name, value);
    return sch_ini_unknown(ini, SCH_E_CONFIG, "section", section, sections,
                           sizeof sections / sizeof *sections);
}

/* ---- the whole --------------------------------------------------------------------------------- */

static int prepare(struct sch_map *map, sch_error *error)
{
    memset(map, 0, sizeof *map);
    snprintf(map->application, sizeof map->application, "SCHARNIER");
    snprintf(map->version, sizeof map->version, "2.5.1");
    snprintf(map->processing, sizeof map->processing, "P");
    map->with_original = true;
    /* What a map does not mention still reaches a reader: as a letter with a Dutch text. */
    for (unsigned k = 0; k < SCH_KIND_COUNT; k++)
        map->form[k] = SCH_MAP_FORM_MDM_T02;
    map->rules = calloc(SCH_MAP_RULES_MAX, sizeof *map->rules);
    map->codes = calloc(SCH_MAP_CODES_MAX, sizeof *map->codes);
    map->receivers = calloc(SCH_MAP_RECEIVERS_MAX, sizeof *map->receivers);
    map->terms = calloc(SCH_MAP_TERMS_MAX, sizeof *map->terms);
    if (map->rules != NULL && map->codes != NULL && map->receivers != NULL && map->terms != NULL)
        return SCH_OK;
    sch_map_close(map);
    return sch_fail(error, SCH_E_NO_MEMORY, "the map");
}

static void pass_report(void *context, const char *line)
{
    struct reader *reader = context;
    if (reader->report != NULL)
        reader->report(reader->context, line);
}

/* What a rule must have cannot be seen by line. */
static int check(const char *name, struct reader *reader, int code, sch_error *error)
{
    struct sch_map *map = reader->map;
    char line[256];

    for (size_t i = 0; i < map->rule_count && code == SCH_OK; i++) {
        const struct sch_map_rule *rule = &map->rules[i];
        if (rule->kind != SCH_KIND_UNSPECIFIED || rule->part[SCH_MAP_KIND].count > 0)
            continue;
        snprintf(line, sizeof line, "%s: [in %s] has no key \"kind\"", name, rule->type);
        pass_report(reader, line);
        code = sch_fail(error, SCH_E_CONFIG, "%s", line);
    }
    if (code != SCH_OK)
        sch_map_close(map);
    return code;
}

int sch_map_file_read(const char *path, void (*report)(void *context, const char *line), void *context,
                      struct sch_map *map, sch_error *error)
{
    struct reader reader = {.map = map, .report = report, .context = context};
    int code = prepare(map, error);

    if (code != SCH_OK)
        return code;
    code = sch_ini_read_file(path, handle, pass_report, &reader, error);
    return check(path, &reader, code, error);
}

int sch_map_file_parse(const char *name, const char *content, size_t size, struct sch_map *map,
                       sch_error *error)
{
    struct reader reader = {.map = map};
    int code = prepare(map, error);

    if (code != SCH_OK)
        return code;
    code = sch_ini_read_bytes(name, (const uint8_t *)content, size, handle, NULL, &reader, error);
    return check(name, &reader, code, error);
}
