/*
 * map.c: from an HL7v2 message to values, by a map's rules. See map.h; map_out.c is the way back.
 */
#include "map.h"

#include <assert.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "id.h"
#include "names.h"
#include "stamp.h"

/* One reading: what every step below needs. */
struct reading {
    const struct sch_map *map;
    const struct sch_hl7_message *message;
    struct sch_arena *arena;
    struct sch_map_values *out;
    struct sch_map_fault *fault;
    char type[SCH_MAP_TYPE_SIZE];
    const struct sch_map_rule *rule[2]; /* of the type, and of the type with this kind; NULL: none */
};

__attribute__((format(printf, 3, 4)))
static enum sch_map_reason refuse(struct reading *reading, enum sch_map_reason reason, const char *format,
                                  ...)
{
    va_list list;

    reading->fault->reason = reason;
    va_start(list, format);
    vsnprintf(reading->fault->text, sizeof reading->fault->text, format, list);
    va_end(list);
    return reason;
}

static enum sch_map_reason refuse_memory(struct reading *reading)
{
    return refuse(reading, SCH_MAP_TOO_LARGE, "the message is too large to be taken apart");
}

/* ---- places ------------------------------------------------------------------------------------ */

/* "PRD[1=RT]-7.1", for people. */
static void path_name(const struct sch_map_path *path, char *text, size_t size)
{
    char part[16] = "";

    if (path->segment[0] == 0) {
        snprintf(text, size, "a constant of the map");
        return;
    }
    if (path->subcomponent != 0)
        snprintf(part, sizeof part, ".%u.%u", path->component % 1000, path->subcomponent % 1000);
    else if (path->component != 0)
        snprintf(part, sizeof part, ".%u", path->component % 1000);
    if (path->match_field != 0)
        snprintf(text, size, "%s[%u=%s]-%u%s", path->segment, path->match_field, path->match, path->field,
                 part);
    else
        snprintf(text, size, "%s-%u%s", path->segment, path->field, part);
}

static bool segment_fits(const struct reading *reading, const struct sch_map_path *path,
                         struct sch_bytes segment)
{
    if (!sch_hl7_is(segment, path->segment))
        return false;
    if (path->match_field == 0)
        return true;
    struct sch_bytes part = sch_hl7_field(reading->message, segment, path->match_field);
    part = sch_hl7_component(reading->message, sch_hl7_repetition(reading->message, part, 1), 1);
    return part.len == strlen(path->match) && memcmp(part.ptr, path->match, part.len) == 0;
}

/* The text at path, "" when there is none; NULL: out of memory. */
static const char *path_text(const struct reading *reading, const struct sch_map_path *path)
{
    const struct sch_hl7_message *message = reading->message;

    if (path->segment[0] == 0)
        return path->constant;
    for (size_t i = 0; i < message->segment_count; i++) {
        if (!segment_fits(reading, path, message->segments[i]))
            continue;
        struct sch_bytes part = sch_hl7_field(message, message->segments[i], path->field);
        part = sch_hl7_repetition(message, part, 1);
        if (path->component != 0)
            part = sch_hl7_component(message, part, path->component);
        if (path->subcomponent != 0)
            part = sch_hl7_subcomponent(message, part, path->subcomponent);
        return sch_hl7_text(message, part, reading->arena);
    }
    return "";
}

/* The first text that a spec finds, and where; "" with *at NULL when it finds none. */
static const char *spec_text(const struct reading *reading, const struct sch_map_spec *spec,
                             const struct sch_map_path **at)
{
    *at = NULL;
    for (size_t i = 0; i < spec->count; i++) {
        const char *text = path_text(reading, &spec->path[i]);
        if (text == NULL || *text != 0) {
            *at = &spec->path[i];
            return text;
        }
    }
    return "";
}

/* The rule of the kind goes before the rule of the type. */
static const struct sch_map_spec *part_spec(const struct reading *reading, enum sch_map_part part)
{
    static const struct sch_map_spec none;

    for (int i = 1; i >= 0; i--)
        if (reading->rule[i] != NULL && reading->rule[i]->part[part].count > 0)
            return &reading->rule[i]->part[part];
    return &none;
}

/* ---- values ------------------------------------------------------------------------------------ */

/* The value of a code: by the map, by our own name, or by the map's "*"; 0 when none has it. */
static int64_t code_value(const struct sch_map *map, const char *set, enum sch_code_set names,
                          const char *text)
{
    int64_t any = 0;

    for (size_t i = 0; i < map->code_count; i++) {
        const struct sch_map_code *code = &map->codes[i];
        if (strcmp(code->set, set) != 0)
            continue;
        if (strcmp(code->outside, text) == 0)
            return code->value;
        if (strcmp(code->outside, "*") == 0)
            any = code->value;
    }
    int64_t own = sch_code_parse(names, text);
    return own > 0 ? own : any;
}

/* 0 and false when text is no value of this fact. */
static bool fact_value(const struct sch_map *map, enum sch_fact fact, const char *text, int64_t *value)
{
    *value = 0;
    switch (sch_fact_type(fact)) {
    case SCH_TYPE_CODE: *value = code_value(map, sch_fact_name(fact), sch_fact_set(fact), text); break;
    case SCH_TYPE_DATE: *value = sch_stamp_date(text); break;
    case SCH_TYPE_TIME: *value = sch_stamp_time(text); break;
    case SCH_TYPE_NUMBER:
        if (fact == SCH_FACT_EXPECTATION && (text[0] == 'E' || text[0] == 'e'))
            text++;                     /* people write E6 */
        *value = sch_stamp_digits(text, 1, 9) ? strtoll(text, NULL, 10) : 0;
        break;
    }
    return *value != 0;
}

static enum sch_map_reason read_fact(struct reading *reading, enum sch_fact fact,
                                     const struct sch_map_spec *spec)
{
    const struct sch_map_path *at;
    const char *text = spec_text(reading, spec, &at);
    char place[64];

    if (text == NULL)
        return refuse_memory(reading);
    if (*text == 0 || fact_value(reading->map, fact, text, &reading->out->fact[fact]))
        return SCH_MAP_OK;
    path_name(at, place, sizeof place);
    return refuse(reading, SCH_MAP_INVALID, "%s holds no known %s", place, sch_fact_name(fact));
}

/* An address by the map's table, as an AGB number, or spelled out. */
static bool read_address(const struct sch_map *map, const char *text, struct sch_address *address)
{
    char agb[16];

    for (size_t i = 0; i < map->receiver_count; i++) {
        if (strcmp(map->receivers[i].outside, text) == 0) {
            *address = map->receivers[i].address;
            return true;
        }
    }
    if (sch_stamp_digits(text, 8, 8)) {
        snprintf(agb, sizeof agb, "agb:%s", text);
        return sch_address_set(address, agb);
    }
    return sch_address_set(address, text);
}

/* The first place of a part that names a party; *found tells whether. A place with something else is an
 * error only when no place names one. */
static enum sch_map_reason read_party(struct reading *reading, enum sch_map_part part, const char *what,
                                      struct sch_address *address, bool *found)
{
    const struct sch_map_spec *spec = part_spec(reading, part);
    const struct sch_map_path *wrong = NULL;
    char place[64];

    *found = false;
    for (size_t i = 0; i < spec->count; i++) {
        const char *text = path_text(reading, &spec->path[i]);
        if (text == NULL)
            return refuse_memory(reading);
        *found = *text != 0 && read_address(reading->map, text, address);
        if (*found)
            return SCH_MAP_OK;
        if (*text != 0 && wrong == NULL)
            wrong = &spec->path[i];
    }
    memset(address, 0, sizeof *address);
    if (wrong == NULL)
        return SCH_MAP_OK;
    path_name(wrong, place, sizeof place);
    return refuse(reading, SCH_MAP_INVALID, "%s names no %s: it is not in [receivers] and no AGB number",
                  place, what);
}

static enum sch_map_reason read_parties(struct reading *reading)
{
    struct sch_map_values *out = reading->out;
    enum sch_map_reason reason;
    struct sch_address copy;
    bool found;

    reason = read_party(reading, SCH_MAP_RECEIVER, "receiver", &out->receiver, &found);
    if (reason == SCH_MAP_OK && !found && out->kind == SCH_KIND_REFERRAL)
        return refuse(reading, SCH_MAP_MISSING, "no place of the map holds a receiver");
    if (reason == SCH_MAP_OK)
        reason = read_party(reading, SCH_MAP_SENDER, "sender", &out->sender, &found);
    if (reason == SCH_MAP_OK)
        reason = read_party(reading, SCH_MAP_CREDITOR, "creditor", &out->creditor, &found);
    if (reason == SCH_MAP_OK)
        reason = read_party(reading, SCH_MAP_PREPARED_BY, "preparer", &out->prepared_by, &found);
    if (reason == SCH_MAP_OK)
        reason = read_party(reading, SCH_MAP_COPY, "copy", &copy, &found);
    if (reason == SCH_MAP_OK && found)
        out->copy[out->copy_count++] = copy;
    return reason;
}

/* ---- observations: sections, facts and documents ------------------------------------------------- */

static enum sch_map_reason add_section(struct reading *reading, unsigned bit, const char *text)
{
    const char *former = reading->out->section[bit];

    if (*text == 0)
        return SCH_MAP_OK;
    if (former != NULL) {
        size_t size = strlen(former) + strlen(text) + 2;
        char *joined = sch_arena_take(reading->arena, size);
        if (joined == NULL)
            return refuse_memory(reading);
        snprintf(joined, size, "%s\n%s", former, text);
        text = joined;
    }
    if (strlen(text) > SCH_SECTION_SIZE_MAX)
        return refuse(reading, SCH_MAP_TOO_LARGE, "section %s is longer than %d bytes", sch_section_name(bit),
                      SCH_SECTION_SIZE_MAX);
    reading->out->section[bit] = text;
    return SCH_MAP_OK;
}

/* "application" and "pdf", in lower case; "AP" and the like are what older systems write. */
static const char *media_type(struct reading *reading, const char *type, const char *subtype)
{
    size_t size = strlen(type) + strlen(subtype) + 16;
    char *text = sch_arena_take(reading->arena, size);

    if (text == NULL)
        return NULL;
    if (strlen(type) <= 2 || *subtype == 0)
        type = "application";
    snprintf(text, size, "%s/%s", type, *subtype != 0 ? subtype : "octet-stream");
    for (char *at = text; *at != 0; at++) {
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at - 'A' + 'a');
        if (*at <= ' ' || *at > '~')
            *at = '-';
    }
    return size > 80 ? "application/octet-stream" : text;
}

static enum sch_map_reason add_document(struct reading *reading, unsigned number, const char *type,
                                        const char *subtype, const char *base64)
{
    struct sch_map_values *out = reading->out;
    size_t len = strlen(base64), size;
    uint8_t *content = sch_arena_take(reading->arena, len / 4 * 3 + 3);
    const char *media = media_type(reading, type, subtype);
    char *name = sch_arena_take(reading->arena, 32);
    const char *end;

    if (content == NULL || media == NULL || name == NULL)
        return refuse_memory(reading);
    /* One place is kept for the original message, which the caller adds. */
    if (out->attachment_count == SCH_ATTACHMENTS_MAX - 1)
        return refuse(reading, SCH_MAP_TOO_LARGE, "more than %d embedded documents", SCH_ATTACHMENTS_MAX - 1);
    int variant = len > 0 && strchr(base64, '=') == NULL ? sodium_base64_VARIANT_ORIGINAL_NO_PADDING
                                                         : sodium_base64_VARIANT_ORIGINAL;
    if (sodium_base642bin(content, len / 4 * 3 + 3, base64, len, " \t\r\n", &size, &end, variant) != 0
        || *end != 0 || size == 0)
        return refuse(reading, SCH_MAP_INVALID, "OBX-5 of observation %u is not valid base64", number);
    snprintf(name, 32, "document-%zu%s", out->attachment_count + 1,
             strcmp(media, "application/pdf") == 0 ? ".pdf" : "");
    out->attachment[out->attachment_count++] =
        (struct sch_attachment){.media_type = media, .name = name, .content = {content, size}};
    return SCH_MAP_OK;
}

/* The text of all repetitions of OBX-5, a line each; NULL: out of memory. */
static const char *observation_text(struct reading *reading, struct sch_bytes value)
{
    unsigned count = sch_hl7_repetitions(reading->message, value);
    char *text = sch_arena_take(reading->arena, value.len + count + 2);
    size_t size = 0;

    if (text == NULL)
        return NULL;
    for (unsigned i = 1; i <= count; i++) {
        const char *line = sch_hl7_text(reading->message, sch_hl7_repetition(reading->message, value, i),
                                        reading->arena);
        if (line == NULL)
            return NULL;
        size_t len = strlen(line);
        /* Resolved escapes never take more than they were written with, plus the line's end. */
        assert(size + len + 1 <= value.len + count + 1);
        memcpy(text + size, line, len);
        size += len;
        if (i < count)
            text[size++] = '\n';
    }
    text[size] = 0;
    return text;
}

/* Our own names need no map. "consent" is both a section and a fact: a text is the section. */
static bool find_own_term(const char *code, bool is_text, struct sch_map_term *term)
{
    int bit = is_text ? sch_section_parse(code) : -1;
    enum sch_fact fact = is_text ? SCH_FACT_COUNT : sch_fact_parse(code);

    *term = (struct sch_map_term){.is_fact = !is_text, .number = is_text ? bit : (int)fact};
    return bit >= 0 || fact != SCH_FACT_COUNT;
}

static bool find_term(const struct sch_map *map, const char *code, struct sch_map_term *term)
{
    for (size_t i = 0; i < map->term_count; i++) {
        if (strcmp(map->terms[i].outside, code) == 0) {
            *term = map->terms[i];
            return true;
        }
    }
    return false;
}

static enum sch_map_reason read_term(struct reading *reading, const struct sch_map_term *term,
                                     struct sch_bytes value, unsigned number)
{
    const char *text;

    if (!term->is_fact) {
        text = observation_text(reading, value);
        return text == NULL ? refuse_memory(reading) : add_section(reading, (unsigned)term->number, text);
    }
    enum sch_fact fact = (enum sch_fact)term->number;
    value = sch_hl7_component(reading->message, sch_hl7_repetition(reading->message, value, 1), 1);
    text = sch_hl7_text(reading->message, value, reading->arena);
    if (text == NULL)
        return refuse_memory(reading);
    if (*text == 0 || fact_value(reading->map, fact, text, &reading->out->fact[fact]))
        return SCH_MAP_OK;
    return refuse(reading, SCH_MAP_INVALID, "OBX-5 of observation %u holds no known %s", number,
                  sch_fact_name(fact));
}

/* "JVBERi0" is "%PDF-" in base64: some systems embed a PDF as text. */
static bool is_bare_pdf(struct sch_bytes value)
{
    return value.len > 7 && memcmp(value.ptr, "JVBERi0", 7) == 0;
}

static enum sch_map_reason read_observation(struct reading *reading, struct sch_bytes segment,
                                            unsigned number)
{
    const struct sch_hl7_message *message = reading->message;
    struct sch_arena *arena = reading->arena;
    const char *type = sch_hl7_text(message, sch_hl7_field(message, segment, 2), arena);
    struct sch_bytes code = sch_hl7_field(message, segment, 3);
    const char *name = sch_hl7_text(message, sch_hl7_component(message, code, 1), arena);
    const char *system = sch_hl7_text(message, sch_hl7_component(message, code, 3), arena);
    struct sch_bytes value = sch_hl7_field(message, segment, 5);
    bool letter = sch_map_letter(reading->out->kind) != SCH_MAP_LETTER_NEVER;
    struct sch_map_term term;

    if (type == NULL || name == NULL || system == NULL)
        return refuse_memory(reading);
    if (strcmp(type, "ED") == 0 || is_bare_pdf(value)) {
        bool bare = strcmp(type, "ED") != 0;
        const char *part[6] = {NULL, NULL, "application", "pdf", "Base64", NULL};
        for (unsigned i = 2; i <= 5; i++)
            if (!bare || i == 5)
                part[i] = sch_hl7_text(message, bare ? value : sch_hl7_component(message, value, i), arena);
        if (part[2] == NULL || part[3] == NULL || part[4] == NULL || part[5] == NULL)
            return refuse_memory(reading);
        /* An ED without data announces a document and holds none. */
        if (!letter || *part[5] == 0)
            return SCH_MAP_OK;
        return add_document(reading, number, part[2], part[3], part[5]);
    }
    bool own = strcmp(system, "SCHARNIER") == 0;
    if (!find_term(reading->map, name, &term)
        && (!own || !find_own_term(name, strcmp(type, "TX") == 0, &term)))
        return SCH_MAP_OK;
    if (!term.is_fact && !letter)
        return SCH_MAP_OK;
    return read_term(reading, &term, value, number);
}

static enum sch_map_reason read_observations(struct reading *reading)
{
    const struct sch_hl7_message *message = reading->message;
    enum sch_map_reason reason = SCH_MAP_OK;
    unsigned number = 0;

    for (size_t i = 0; i < message->segment_count && reason == SCH_MAP_OK; i++)
        if (sch_hl7_is(message->segments[i], "OBX"))
            reason = read_observation(reading, message->segments[i], ++number);
    return reason;
}

/* ---- the whole --------------------------------------------------------------------------------- */

void sch_map_type(const struct sch_hl7_message *message, struct sch_arena *arena,
                  char type[SCH_MAP_TYPE_SIZE])
{
    const char *code = sch_hl7_get(message, "MSH", 9, 1, arena);
    const char *event = sch_hl7_get(message, "MSH", 9, 2, arena);

    memset(type, 0, SCH_MAP_TYPE_SIZE);
    if (strlen(code) == 3 && strlen(event) == 3)
        snprintf(type, SCH_MAP_TYPE_SIZE, "%s^%s", code, event);
}

static const struct sch_map_rule *find_rule(const struct sch_map *map, const char *type, enum sch_kind kind)
{
    for (size_t i = 0; i < map->rule_count; i++)
        if (strcmp(map->rules[i].type, type) == 0 && map->rules[i].kind == kind)
            return &map->rules[i];
    return NULL;
}

static enum sch_map_reason read_kind(struct reading *reading)
{
    const struct sch_map_path *at;
    char set[SCH_MAP_WORD_MAX + 1], place[64];

    reading->rule[0] = find_rule(reading->map, reading->type, SCH_KIND_UNSPECIFIED);
    if (reading->rule[0] == NULL)
        return refuse(reading, SCH_MAP_UNSUPPORTED, "MSH-9: this type of message is not in the map");
    const char *text = spec_text(reading, part_spec(reading, SCH_MAP_KIND), &at);
    if (text == NULL)
        return refuse_memory(reading);
    if (*text == 0)
        return refuse(reading, SCH_MAP_MISSING, "no place of the map tells what kind of message this is");
    snprintf(set, sizeof set, "kind %s", reading->type);
    int64_t kind = code_value(reading->map, set, SCH_SET_KIND, text);
    path_name(at, place, sizeof place);
    if (kind <= 0)
        return refuse(reading, SCH_MAP_UNSUPPORTED, "%s holds no code of [codes %s]", place, set);
    reading->out->kind = (enum sch_kind)kind;
    reading->rule[1] = find_rule(reading->map, reading->type, reading->out->kind);
    return SCH_MAP_OK;
}

static enum sch_map_reason read_references(struct reading *reading)
{
    const struct sch_map_path *at;

    reading->out->kenmerk = spec_text(reading, part_spec(reading, SCH_MAP_KENMERK), &at);
    reading->out->order = spec_text(reading, part_spec(reading, SCH_MAP_ORDER), &at);
    if (reading->out->kenmerk == NULL || reading->out->order == NULL)
        return refuse_memory(reading);
    return SCH_MAP_OK;
}

static enum sch_map_reason read_specs(struct reading *reading)
{
    enum sch_map_reason reason = SCH_MAP_OK;
    bool letter = sch_map_letter(reading->out->kind) != SCH_MAP_LETTER_NEVER;
    const struct sch_map_path *at;

    for (size_t r = 0; r < 2; r++) {
        const struct sch_map_rule *rule = reading->rule[r];
        for (unsigned f = 0; rule != NULL && f < SCH_FACT_COUNT && reason == SCH_MAP_OK; f++)
            reason = read_fact(reading, (enum sch_fact)f, &rule->fact[f]);
        for (unsigned s = 0; rule != NULL && letter && s < SCH_SECTION_COUNT && reason == SCH_MAP_OK; s++) {
            const char *text = spec_text(reading, &rule->section[s], &at);
            reason = text == NULL ? refuse_memory(reading) : add_section(reading, s, text);
        }
    }
    return reason;
}

enum sch_map_reason sch_map_in(const struct sch_map *map, const struct sch_hl7_message *message,
                               struct sch_arena *arena, struct sch_map_values *out,
                               struct sch_map_fault *fault)
{
    struct reading reading = {.map = map, .message = message, .arena = arena, .out = out, .fault = fault};
    enum sch_map_reason reason;

    memset(out, 0, sizeof *out);
    memset(fault, 0, sizeof *fault);
    out->kenmerk = out->order = "";
    sch_map_type(message, arena, reading.type);
    reason = read_kind(&reading);
    if (reason == SCH_MAP_OK)
        reason = read_references(&reading);
    if (reason == SCH_MAP_OK)
        reason = read_parties(&reading);
    if (reason == SCH_MAP_OK)
        reason = read_specs(&reading);
    if (reason == SCH_MAP_OK)
        reason = read_observations(&reading);
    if (reason == SCH_MAP_OK && out->kind == SCH_KIND_REFERRAL && out->fact[SCH_FACT_LETTER_DATE] == 0)
        out->fact[SCH_FACT_LETTER_DATE] = sch_stamp_date(sch_hl7_get(message, "MSH", 7, 1, arena));
    return reason;
}

enum sch_map_letter sch_map_letter(enum sch_kind kind)
{
    switch (kind) {
    case SCH_KIND_ACCEPTANCE: case SCH_KIND_APPOINTMENT: case SCH_KIND_NO_SHOW: case SCH_KIND_TREATMENT_START:
    case SCH_KIND_TREATMENT_END: case SCH_KIND_NO_REPORT: case SCH_KIND_LETTER_INCOMPLETE:
    case SCH_KIND_TAKEN_UP: case SCH_KIND_WITHDRAWAL: case SCH_KIND_CORRECTION: case SCH_KIND_REMINDER:
    case SCH_KIND_DELIVERY_REPORT: case SCH_KIND_NOTE: case SCH_KIND_SNOOZE: case SCH_KIND_WAIVER:
        return SCH_MAP_LETTER_NEVER;
    case SCH_KIND_REFUSAL:
    case SCH_KIND_REDIRECTION:
    case SCH_KIND_WAIT_STATUS:
    case SCH_KIND_TRANSFER_NOTICE:
    case SCH_KIND_CARE_NOTICE: case SCH_KIND_INVOLVEMENT_NOTICE:
        return SCH_MAP_LETTER_MAY;
    default:
        return SCH_MAP_LETTER_MUST;
    }
}

const char *sch_map_outside(const struct sch_map *map, const char *set, int64_t value)
{
    for (size_t i = 0; i < map->code_count; i++)
        if (strcmp(map->codes[i].set, set) == 0 && map->codes[i].value == value
            && strcmp(map->codes[i].outside, "*") != 0)
            return map->codes[i].outside;
    return NULL;
}

void sch_map_close(struct sch_map *map)
{
    free(map->rules);
    free(map->codes);
    free(map->receivers);
    free(map->terms);
    memset(map, 0, sizeof *map);
}
