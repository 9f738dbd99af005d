/*
 * ini.c: INI files by libinih, fed line by line.
 *
 * libinih's handlers get neither line numbers nor section beginnings, and it cuts long lines, sections and
 * names in silence. So the reader that feeds it looks at every line first: what is wrong is reported here
 * and replaced by an empty line, section names are kept here, and libinih splits names from values.
 *
 * Must not know: what any section or name means.
 */
#include "ini.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <scharnier/limits.h>

#include "names.h"
#include "utf8.h"

/* Libinih's own <ini.h> is hidden by this folder's ini.h on the include path; this is what is used of it. */
int ini_parse_stream(char *(*reader)(char *line, int capacity, void *stream), void *stream,
                     int (*handler)(void *user, const char *section, const char *name, const char *value),
                     void *user);

#define LINE_MAX_BYTES 199
#define NAME_MAX_BYTES 49               /* what libinih keeps of a name for continued lines */
#define SEEN_MAX 128                    /* names of one section that are checked for repetition */

struct reading {
    const char *file;
    const uint8_t *next, *end;
    unsigned line;
    sch_ini_fn *handle;
    sch_ini_report_fn *report;
    void *context;
    sch_error *error;
    int code;                           /* of the first error */
    char section[LINE_MAX_BYTES + 1];
    bool skip_section;                  /* the section itself was wrong: its lines are not looked at */
    char name[NAME_MAX_BYTES + 1];      /* that an indented line continues; empty: none */
    bool skip_name;                     /* its line was wrong: neither are the lines that continue it */
    bool continued;                     /* the line at hand is indented */
    char seen[SEEN_MAX][NAME_MAX_BYTES + 1];
    size_t seen_count;
};

/* Handlers hold a const view; what they report changes the reading behind it. */
struct sch_ini {
    struct reading *reading;
};

/* ---- errors ------------------------------------------------------------------------------------ */

static int note(struct reading *r, enum sch_error_code code, const char *text)
{
    char line[512];
    snprintf(line, sizeof line, "%s:%u: %s", r->file, r->line, text);
    if (r->code == SCH_OK) {
        r->code = sch_fail(r->error, code, "%s", line);
    }
    if (r->report != NULL) {
        r->report(r->context, line);
    }
    return (int)code;
}

int sch_ini_error(const struct sch_ini *ini, enum sch_error_code code, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return note(ini->reading, code, text);
}

int sch_ini_unknown(const struct sch_ini *ini, enum sch_error_code code, const char *what, const char *word,
                    const char *const *candidates, size_t count)
{
    const char *near = sch_nearest(word, candidates, count);
    if (near == NULL) {
        return sch_ini_error(ini, code, "unknown %s \"%s\"", what, word);
    }
    return sch_ini_error(ini, code, "unknown %s \"%s\"; did you mean \"%s\"?", what, word, near);
}

int sch_ini_one_line(const struct sch_ini *ini, enum sch_error_code code, const char *name)
{
    if (!ini->reading->continued) {
        return SCH_OK;
    }
    return sch_ini_error(ini, code, "%s takes one line; this one is indented, and so continues it", name);
}

/* ---- lines ------------------------------------------------------------------------------------- */

/* Passes a call to the handler. A handler that fails without a word still fails the reading. */
static bool call(struct reading *r, const char *name, const char *value)
{
    struct sch_ini ini = { r };
    int before = r->code;
    int code = r->handle(r->context, &ini, r->section, name, value);
    if (code != SCH_OK && before == SCH_OK && r->code == SCH_OK) {
        note(r, (enum sch_error_code)code, sch_error_cause((enum sch_error_code)code));
    }
    return code == SCH_OK;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* "[name]", perhaps with a comment behind it. */
static void begin_section(struct reading *r, const char *line)
{
    const char *start = line + 1;
    const char *close = strchr(start, ']');
    r->skip_section = true;
    r->name[0] = '\0';
    r->seen_count = 0;
    const char *rest = close == NULL ? start : close + 1;
    while (is_blank(*rest)) {
        rest++;
    }
    if (close == NULL || (*rest != '\0' && (*rest != ';' || rest == close + 1))) {
        note(r, SCH_E_CONFIG, "expected \"[section]\"");
        return;
    }
    while (is_blank(*start)) {
        start++;
    }
    while (close > start && is_blank(close[-1])) {
        close--;
    }
    if (close <= start) {
        note(r, SCH_E_CONFIG, "a section needs a name");
        return;
    }
    memcpy(r->section, start, (size_t)(close - start));
    r->section[close - start] = '\0';
    r->skip_section = !call(r, NULL, NULL);
}

/* Is the line of the form "name = value"? Notes what is wrong with it. */
static bool begin_name(struct reading *r, const char *line)
{
    size_t size = strcspn(line, "=:");
    bool plain = line[size] == '=';
    while (size > 0 && is_blank(line[size - 1])) {
        size--;
    }
    r->skip_name = true;
    if (!plain || size == 0) {
        note(r, SCH_E_CONFIG, "expected \"name = value\"");
        return false;
    }
    if (size > NAME_MAX_BYTES) {
        note(r, SCH_E_CONFIG, "the name is longer than 49 bytes");
        return false;
    }
    memcpy(r->name, line, size);
    r->name[size] = '\0';
    for (size_t i = 0; i < r->seen_count; i++) {
        if (strcmp(r->seen[i], r->name) == 0) {
            char text[128];
            snprintf(text, sizeof text, "\"%s\" is given twice in this section", r->name);
            note(r, SCH_E_CONFIG, text);
            return false;
        }
    }
    if (r->seen_count < SEEN_MAX) {
        memcpy(r->seen[r->seen_count++], r->name, sizeof r->name);
    }
    r->skip_name = false;
    return true;
}

/* Decides what libinih sees of the line: itself, "[]" for a new section, or nothing. */
static const char *admit(struct reading *r, const char *line)
{
    const char *start = line;
    while (is_blank(*start)) {
        start++;
    }
    if (*start == '\0' || *start == ';' || *start == '#') {
        return "";
    }
    r->continued = start > line;
    if (*line == '[') {
        begin_section(r, line);
        return "[]";
    }
    if (r->skip_section) {
        return "";
    }
    if (r->continued) {
        if (r->name[0] == '\0' && !r->skip_name) {
            note(r, SCH_E_CONFIG, "an indented line continues a value, and there is none");
        }
        return r->name[0] == '\0' || r->skip_name ? "" : line;
    }
    return begin_name(r, line) ? line : "";
}

/* Takes the next line's bytes into line; false when the line cannot be text. */
static bool take_line(struct reading *r, char line[LINE_MAX_BYTES + 1])
{
    const uint8_t *start = r->next;
    const uint8_t *newline = memchr(start, '\n', (size_t)(r->end - start));
    size_t size = (size_t)((newline != NULL ? newline : r->end) - start);
    r->next = newline != NULL ? newline + 1 : r->end;
    r->line++;
    if (size > 0 && start[size - 1] == '\r') {
        size--;
    }
    if (r->line == 1 && size >= 3 && memcmp(start, "\xef\xbb\xbf", 3) == 0) {
        start += 3;
        size -= 3;
    }
    if (size > LINE_MAX_BYTES) {
        note(r, SCH_E_CONFIG, "the line is longer than 199 bytes; only a list goes on, on an indented line");
        return false;
    }
    if (!sch_utf8_plain(start, size)) {
        note(r, SCH_E_CONFIG, "the line is not plain UTF-8 text");
        return false;
    }
    memcpy(line, start, size);
    line[size] = '\0';
    return true;
}

/* The fgets of libinih. */
static char *read_line(char *out, int capacity, void *stream)
{
    struct reading *r = stream;
    if (r->next == r->end) {
        return NULL;
    }
    char line[LINE_MAX_BYTES + 1];
    const char *admitted = "";
    if (take_line(r, line)) {
        admitted = admit(r, line);
    } else {
        r->skip_name = true;
    }
    if (strlen(admitted) >= (size_t)capacity) {
        note(r, SCH_E_CONFIG, "the line is too long for this system's libinih");
        admitted = "";
    }
    return strcpy(out, admitted);
}

/* The handler of libinih; it goes on in any case, and errors are kept in the reading. */
static int split_line(void *user, const char *section, const char *name, const char *value)
{
    (void)section;
    (void)name;
    struct reading *r = user;
    if (!call(r, r->name, value)) {
        r->skip_name = true;
    }
    return 1;
}

int sch_ini_read_bytes(const char *name, const uint8_t *content, size_t size, sch_ini_fn *handle,
                       sch_ini_report_fn *report, void *context, sch_error *error)
{
    struct reading r = { .file = name, .next = content, .end = content + size, .handle = handle,
                         .report = report, .context = context, .error = error };
    if (size == 0) {
        return SCH_OK;
    }
    int line = ini_parse_stream(read_line, &r, split_line, &r);
    if (line != 0 && r.code == SCH_OK) {
        /* libinih found a comment where the reader saw a name; both count lines alike. */
        r.line = line > 0 ? (unsigned)line : r.line;
        note(&r, SCH_E_CONFIG, "the file cannot be read as INI text");
    }
    return r.code;
}

/* ---- files ------------------------------------------------------------------------------------- */

/* Reads at most capacity bytes; -1 with errno. */
static ssize_t read_all(int fd, uint8_t *content, size_t capacity)
{
    size_t size = 0;
    while (size < capacity) {
        ssize_t got = read(fd, content + size, capacity - size);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return -1;
        }
        if (got == 0) {
            break;
        }
        size += (size_t)got;
    }
    return (ssize_t)size;
}

int sch_ini_read_file(const char *path, sch_ini_fn *handle, sch_ini_report_fn *report, void *context,
                      sch_error *error)
{
    int code = SCH_OK;
    uint8_t *content = NULL;
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) < 0) {
        code = sch_fail(error, SCH_E_IO, "%s: %s", path, strerror(errno));
        goto out;
    }
    if (!S_ISREG(info.st_mode) || info.st_size > SCH_DIRECTORY_SIZE_MAX) {
        code = sch_fail(error, SCH_E_IO, "%s: not a file of at most 4 MiB", path);
        goto out;
    }
    /* One byte more than the file has, so that malloc(0) needs no thought. */
    size_t capacity = (size_t)info.st_size;
    content = malloc(capacity + 1);
    if (content == NULL) {
        code = sch_fail(error, SCH_E_NO_MEMORY, "%s", path);
        goto out;
    }
    ssize_t size = read_all(fd, content, capacity);
    if (size < 0) {
        code = sch_fail(error, SCH_E_IO, "%s: %s", path, strerror(errno));
        goto out;
    }
    code = sch_ini_read_bytes(path, content, (size_t)size, handle, report, context, error);
out:
    free(content);
    if (fd >= 0) {
        close(fd);
    }
    return code;
}
