/*
 * spec_json.c: a message from a JSON document. Contract in spec.h.
 *
 * jansson says on which line a syntax error is, but not where a value stood; for "file:line: field" the name
 * is looked up in the text again. Two members of one name are an error (JSON_REJECT_DUPLICATES).
 */
#include "spec.h"

#include <stdio.h>
#include <string.h>

#include "names.h"

#define FOLDER_SIZE 4096

struct reading {
    struct sch_spec *spec;
    const char *file;
    const char *content;
    char folder[FOLDER_SIZE];
    sch_error *error;
};

/* The line on which "name": stands first; 1 when it is not found. */
static unsigned line_of(const char *content, const char *name)
{
    size_t size = strlen(name);
    for (const char *at = content; (at = strchr(at, '"')) != NULL; at++) {
        if (strncmp(at + 1, name, size) != 0 || at[1 + size] != '"')
            continue;
        const char *behind = at + 2 + size;
        behind += strspn(behind, " \t\r\n");
        if (*behind != ':')
            continue;
        unsigned line = 1;
        for (const char *p = content; p < at; p++)
            line += *p == '\n';
        return line;
    }
    return 1;
}

/* Puts "file:line: field: " before what *error says. */
static int at_field(const struct reading *r, const char *field)
{
    char text[sizeof r->error->text];
    memcpy(text, r->error->text, sizeof text);
    bool named = strncmp(text, field, strlen(field)) == 0;
    return sch_fail(r->error, r->error->code, "%s:%u: %s%s%s", r->file, line_of(r->content, field),
                    named ? "" : field, named ? "" : ": ", text);
}

static int wrong_type(const struct reading *r, const char *field, const char *wanted)
{
    return sch_fail(r->error, SCH_E_FIELD_INVALID, "%s:%u: %s: expected %s", r->file,
                    line_of(r->content, field), field, wanted);
}

static int take_fact(struct reading *r, const char *name, const json_t *value)
{
    char number[32];
    const char *text = json_string_value(value);
    if (json_is_integer(value)) {
        snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        text = number;
    }
    if (json_is_true(value))
        text = "YES";
    if (text == NULL)
        return wrong_type(r, name, "text or a whole number");
    return sch_spec_fact(r->spec, name, text, r->error) == SCH_OK ? SCH_OK : at_field(r, name);
}

static int take_facts(struct reading *r, const char *field, json_t *object)
{
    const char *name;
    json_t *value;
    if (!json_is_object(object))
        return wrong_type(r, field, "an object");
    json_object_foreach(object, name, value)
    {
        int code = take_fact(r, name, value);
        if (code != SCH_OK)
            return code;
    }
    return SCH_OK;
}

static int take_sections(struct reading *r, const char *field, json_t *object)
{
    const char *name;
    json_t *value;
    if (!json_is_object(object))
        return wrong_type(r, field, "an object");
    json_object_foreach(object, name, value)
    {
        if (!json_is_string(value))
            return wrong_type(r, name, "text");
        if (sch_spec_section(r->spec, name, json_string_value(value), r->error) != SCH_OK)
            return at_field(r, name);
    }
    return SCH_OK;
}

static int take_attachment(struct reading *r, const char *field, const json_t *value)
{
    const char *path = json_string_value(value);
    const char *media_type = NULL;
    const char *name = NULL;
    if (json_is_object(value)) {
        path = json_string_value(json_object_get(value, "path"));
        media_type = json_string_value(json_object_get(value, "media_type"));
        name = json_string_value(json_object_get(value, "name"));
    }
    if (path == NULL)
        return wrong_type(r, field, "paths, or objects with path, media_type and name");
    int code = sch_spec_attach(r->spec, r->folder, path, media_type, name, r->error);
    return code == SCH_OK ? SCH_OK : at_field(r, field);
}

static int take_list(struct reading *r, const char *field, const json_t *array)
{
    if (!json_is_array(array))
        return wrong_type(r, field, "an array");
    size_t index;
    json_t *value;
    json_array_foreach(array, index, value)
    {
        if (strcmp(field, "attachments") == 0) {
            int code = take_attachment(r, field, value);
            if (code != SCH_OK)
                return code;
        } else if (!json_is_string(value)) {
            return wrong_type(r, field, "addresses");
        } else if (sch_spec_copy(r->spec, json_string_value(value), r->error) != SCH_OK) {
            return at_field(r, field);
        }
    }
    return SCH_OK;
}

static int take_reference(struct reading *r, const char *field, const char *text, char *out, size_t size)
{
    if (strlen(text) >= size)
        return wrong_type(r, field, "something shorter");
    memcpy(out, text, strlen(text) + 1);
    return SCH_OK;
}

static int take_word(struct reading *r, const char *field, const json_t *value)
{
    struct sch_spec *spec = r->spec;
    const char *text = json_string_value(value);
    int code = SCH_OK;
    if (text == NULL)
        return wrong_type(r, field, "text");
    if (strcmp(field, "kind") == 0)
        code = sch_spec_kind(spec, text, r->error);
    else if (strcmp(field, "from") == 0)
        code = sch_spec_address(&spec->from, text, field, r->error);
    else if (strcmp(field, "to") == 0)
        code = sch_spec_address(&spec->to, text, field, r->error);
    else if (strcmp(field, "creditor") == 0)
        code = sch_spec_address(&spec->creditor, text, field, r->error);
    else if (strcmp(field, "prepared_by") == 0)
        code = sch_spec_address(&spec->prepared_by, text, field, r->error);
    else if (strcmp(field, "concerned") == 0)
        code = sch_spec_address(&spec->concerned, text, field, r->error);
    else if (strcmp(field, "key") == 0)
        return take_reference(r, field, text, spec->key, sizeof spec->key);
    else if (strcmp(field, "parent") == 0)
        return take_reference(r, field, text, spec->parent, sizeof spec->parent);
    else if (strcmp(field, "follows") == 0)
        return take_reference(r, field, text, spec->follows, sizeof spec->follows);
    else if (strcmp(field, "group") == 0)
        return take_reference(r, field, text, spec->group, sizeof spec->group);
    else
        return take_reference(r, field, text, spec->subject, sizeof spec->subject);
    return code == SCH_OK ? SCH_OK : at_field(r, field);
}

static int take_member(struct reading *r, const char *field, json_t *value)
{
    static const char *const names[] = { "key",      "kind",        "from",     "to",         "copies",
                                         "creditor", "prepared_by", "concerned", "parent",    "follows",
                                         "group",    "subject",     "facts",    "sections",   "attachments" };
    const size_t count = sizeof names / sizeof names[0];
    if (strcmp(field, "facts") == 0)
        return take_facts(r, field, value);
    if (strcmp(field, "sections") == 0)
        return take_sections(r, field, value);
    if (strcmp(field, "copies") == 0 || strcmp(field, "attachments") == 0)
        return take_list(r, field, value);
    for (size_t i = 0; i < count; i++)
        if (strcmp(field, names[i]) == 0)
            return take_word(r, field, value);
    const char *near = sch_nearest(field, names, count);
    return sch_fail(r->error, SCH_E_FIELD_INVALID, "%s:%u: unknown field \"%.60s\"%s%s%s", r->file,
                    line_of(r->content, field), field, near ? "; did you mean \"" : "", near ? near : "",
                    near ? "\"?" : "");
}

int sch_spec_json(struct sch_spec *spec, const char *file, const char *content, size_t size, sch_error *error)
{
    json_error_t cause;
    struct reading r = { .spec = spec, .file = file, .content = content, .error = error };
    const char *slash = strrchr(file, '/');
    if (slash != NULL)
        snprintf(r.folder, sizeof r.folder, "%.*s", (int)(slash + 1 - file), file);
    json_t *whole = json_loadb(content, size, JSON_REJECT_DUPLICATES, &cause);
    if (whole == NULL)
        return sch_fail(error, SCH_E_FIELD_INVALID, "%s:%d: %s", file, cause.line, cause.text);
    int code = SCH_OK;
    if (!json_is_object(whole))
        code = sch_fail(error, SCH_E_FIELD_INVALID, "%s:1: expected an object", file);
    const char *field;
    json_t *value;
    json_object_foreach(whole, field, value)
    {
        if (code == SCH_OK)
            code = take_member(&r, field, value);
    }
    json_decref(whole);
    return code;
}
