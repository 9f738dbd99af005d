/* passed.c: one line, one message. Contract in passed.h. */
#include "passed.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "id.h"

#define CELL_SIZE 96
#define CELLS 3

enum { MESSAGE, ROLE, HASH };

struct reading {
    const char *file;
    size_t line;
    size_t place[CELLS]; /* of each column; SIZE_MAX: not in the file */
    sch_error *error;
};

static const char *const names[CELLS] = { "message", "role", "hash" };

static int fault(const struct reading *r, const char *what, const char *value)
{
    return sch_fail(r->error, SCH_E_FIELD_INVALID, "%s:%zu: %s%s%.60s%s", r->file, r->line, what,
                    value[0] ? " \"" : "", value, value[0] ? "\"" : "");
}

static int make(const struct reading *r, const char *const cell[CELLS], sch_passed *passed)
{
    size_t size = 0;
    *passed = (sch_passed){ .has_hash = cell[HASH][0] != '\0' };
    if (!sch_id_parse(cell[MESSAGE], &passed->id))
        return fault(r, "no message id", cell[MESSAGE]);
    if (strcasecmp(cell[ROLE], "sent") == 0)
        passed->role = SCH_PASSED_SENT;
    else if (strcasecmp(cell[ROLE], "received") == 0)
        passed->role = SCH_PASSED_RECEIVED;
    else
        return fault(r, "role is sent or received, not", cell[ROLE]);
    if (passed->has_hash && (sodium_hex2bin(passed->hash, sizeof passed->hash, cell[HASH], strlen(cell[HASH]),
                                            NULL, &size, NULL) != 0 ||
                             size != sizeof passed->hash))
        return fault(r, "a hash has 64 hex digits, not", cell[HASH]);
    return SCH_OK;
}

/* The i-th cell of a line, without quotes and blanks around it; "" past the end. */
static void take_cell(const char *line, size_t size, size_t index, char cell[CELL_SIZE])
{
    const char *at = line;
    const char *end = line + size;
    while (index-- > 0 && at < end) {
        at += strcspn(at, ",;");
        at += at < end;
    }
    size_t length = at < end ? strcspn(at, ",;\r\n") : 0;
    while (length > 0 && strchr(" \t\"", at[0]) != NULL)
        at++, length--;
    while (length > 0 && strchr(" \t\"", at[length - 1]) != NULL)
        length--;
    length = length < CELL_SIZE ? length : CELL_SIZE - 1;
    memcpy(cell, at, length);
    cell[length] = '\0';
}

/* Does the first line name columns? Then it says where they are. */
static bool take_header(struct reading *r, const char *line, size_t size)
{
    size_t place[CELLS] = { SIZE_MAX, SIZE_MAX, SIZE_MAX };
    for (size_t i = 0; i < 16; i++) {
        char cell[CELL_SIZE];
        take_cell(line, size, i, cell);
        for (size_t k = 0; k < CELLS; k++)
            if (strcasecmp(cell, names[k]) == 0 && place[k] == SIZE_MAX)
                place[k] = i;
    }
    if (place[MESSAGE] == SIZE_MAX)
        return false;
    memcpy(r->place, place, sizeof place);
    return true;
}

static int take_csv(const struct reading *r, const char *line, size_t size, sch_passed *passed)
{
    char text[CELLS][CELL_SIZE];
    const char *cell[CELLS];
    for (size_t i = 0; i < CELLS; i++) {
        text[i][0] = '\0';
        if (r->place[i] != SIZE_MAX)
            take_cell(line, size, r->place[i], text[i]);
        cell[i] = text[i];
    }
    return make(r, cell, passed);
}

static int take_json(const struct reading *r, const char *line, size_t size, sch_passed *passed)
{
    json_error_t cause;
    const char *cell[CELLS];
    json_t *object = json_loadb(line, size, JSON_REJECT_DUPLICATES, &cause);
    if (object == NULL)
        return fault(r, cause.text, "");
    for (size_t i = 0; i < CELLS; i++) {
        const char *value = json_string_value(json_object_get(object, names[i]));
        cell[i] = value != NULL ? value : "";
    }
    int code = make(r, cell, passed);
    json_decref(object);
    return code;
}

static size_t count_lines(const char *content)
{
    size_t count = 1;
    for (; *content != '\0'; content++)
        count += *content == '\n';
    return count;
}

sch_passed *sch_passed_read(const char *file, const char *content, size_t *count, sch_error *error)
{
    struct reading r = { .file = file, .place = { MESSAGE, ROLE, HASH }, .error = error };
    sch_passed *list = calloc(count_lines(content), sizeof *list);
    *count = 0;
    if (list == NULL) {
        (void)sch_fail(error, SCH_E_NO_MEMORY, "%s", file);
        return NULL;
    }
    if (strncmp(content, "\xef\xbb\xbf", 3) == 0)
        content += 3;
    for (const char *at = content; *at != '\0';) {
        size_t size = strcspn(at, "\n");
        size_t filled = strspn(at, " \t\r");
        r.line++;
        bool skipped = filled >= size || (r.line == 1 && at[filled] != '{' && take_header(&r, at, size));
        int code = skipped             ? SCH_OK
                   : at[filled] == '{' ? take_json(&r, at, size, &list[*count])
                                       : take_csv(&r, at, size, &list[*count]);
        if (code != SCH_OK) {
            free(list);
            return NULL;
        }
        *count += !skipped;
        at += size + (at[size] == '\n');
    }
    return list;
}
