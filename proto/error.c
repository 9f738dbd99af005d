/*
 * error.c: the error list as data, and the one way in which errors are filled and shown.
 *
 * Must not know: what any particular error means to its caller.
 */
#include <scharnier/error.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct error_row {
    enum sch_error_code code;
    int exit_code;
    const char *name;
    const char *cause;
    const char *hint;
};

#define ERROR_ROW(N, n, e, c, h) { SCH_E_##N, (e), #N, (c), (h) },
static const struct error_row rows[] = { SCH_ERROR_LIST(ERROR_ROW) };

static const struct error_row unknown = { SCH_OK, 1, "", "", "" };

/* The list is short and errors are rare: a linear search serves. */
static const struct error_row *find(enum sch_error_code code)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].code == code) {
            return &rows[i];
        }
    }
    return &unknown;
}

/* Text ends up on terminals and in logs, and parts of it come from files and peers: control characters
 * are masked, and a text that was cut does not end within a UTF-8 sequence. */
static void tidy(char *text, bool cut)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x20 || c == 0x7f) {
            text[i] = '?';
        }
    }
    if (!cut) {
        return;
    }
    size_t start = len;
    while (start > 0 && ((unsigned char)text[start - 1] & 0xc0) == 0x80) {
        start--;
    }
    if (start > 0 && (unsigned char)text[start - 1] >= 0xc0) {
        text[start - 1] = '\0';
    }
}

int sch_fail(sch_error *error, enum sch_error_code code, const char *format, ...)
{
    if (error == NULL) {
        return (int)code;
    }
    /* The arguments may point into error->text, so the new text is made beside it. */
    char text[sizeof error->text];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (size < 0) {
        text[0] = '\0';
    }
    tidy(text, size >= (int)sizeof text);

    const struct error_row *row = find(code);
    error->code = code;
    error->name = row->name;
    error->cause = row->cause;
    error->hint = row->hint;
    memcpy(error->text, text, sizeof text);
    return (int)code;
}

int sch_perror(const sch_error *error)
{
    if (error->code == SCH_OK) {
        return 0;
    }
    const struct error_row *row = find(error->code);
    const char *cause = error->cause[0] != '\0' ? error->cause : row->cause;
    const char *hint = error->hint[0] != '\0' ? error->hint : row->hint;
    fprintf(stderr, "scharnier: E%d %s\n", (int)error->code, cause);
    if (error->text[0] != '\0') {
        fprintf(stderr, "  where  %s\n", error->text);
    }
    if (hint[0] != '\0') {
        fprintf(stderr, "  try    %s\n", hint);
    }
    fprintf(stderr, "  more   scharnier error E%d\n", (int)error->code);
    return row->exit_code;
}

const char *sch_error_name(enum sch_error_code code)
{
    return find(code)->name;
}

const char *sch_error_cause(enum sch_error_code code)
{
    return find(code)->cause;
}

const char *sch_error_hint(enum sch_error_code code)
{
    return find(code)->hint;
}

int sch_error_exit(enum sch_error_code code)
{
    return code == SCH_OK ? 0 : find(code)->exit_code;
}
