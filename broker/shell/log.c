/*
 * log.c: lines of log: formatting, the journal's priorities, one write each.
 */
#include "log.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINE_SIZE 2048
#define VALUES_SIZE 768         /* escaped at most twice as long: a line of JSON is always closed */

/* Set once by sch_log_open() before threads start, read only afterwards. */
static struct {
    int fd;
    enum sch_log_level level;
    enum sch_log_format format;
    bool journal;
} settings = { 2, SCH_LOG_INFO, SCH_LOG_TEXT, false };

/* systemd.exec(5): JOURNAL_STREAM is "device:inode" of the stream that stderr was given. */
static bool is_journal(int fd)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat status;
    unsigned long long device, inode;
    if (stream == NULL || sscanf(stream, "%llu:%llu", &device, &inode) != 2 || fstat(fd, &status) != 0)
        return false;
    return device == (unsigned long long)status.st_dev && inode == (unsigned long long)status.st_ino;
}

void sch_log_open(int fd, enum sch_log_level level, enum sch_log_format format)
{
    settings.fd = fd;
    settings.level = level;
    settings.format = format;
    settings.journal = is_journal(fd);
}

static bool is_enabled(enum sch_log_level level)
{
    return level <= settings.level;
}

static const char *const level_name[] = {
    [SCH_LOG_ERROR] = "error", [SCH_LOG_WARNING] = "warning", [SCH_LOG_INFO] = "info", [SCH_LOG_DEBUG] = "debug",
};

/* A line under construction; what does not fit is cut. The last byte is kept for the newline. */
struct line {
    char text[LINE_SIZE];
    size_t size;
};

static void put(struct line *line, const char *text, size_t size)
{
    size_t room = LINE_SIZE - 1 - line->size;
    size_t take = size < room ? size : room;
    memcpy(line->text + line->size, text, take);
    line->size += take;
}

static void put_text(struct line *line, const char *text)
{
    put(line, text, strlen(text));
}

/* In JSON a quote or backslash within a string is escaped. */
static void put_string(struct line *line, const char *text, size_t size)
{
    put(line, "\"", 1);
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '"' || text[i] == '\\')
            put(line, "\\", 1);
        put(line, text + i, 1);
    }
    put(line, "\"", 1);
}

/* "count=3 why=\"a value\"" as further members of the object. */
static void put_fields_json(struct line *line, const char *fields)
{
    while (*fields != '\0') {
        const char *equals = strchr(fields, '=');
        if (equals == NULL)
            break;
        const char *value = equals + 1;
        const char *end = strchr(value, ' ');
        if (end == NULL || *value == '"')
            end = value + strlen(value);        /* the last one, which may hold blanks and quotes */
        const char *next = *end == ' ' ? end + 1 : end;
        if (*value == '"') {
            value++;
            if (end > value && end[-1] == '"')
                end--;
        }
        put(line, ",", 1);
        put_string(line, fields, (size_t)(equals - fields));
        put(line, ":", 1);
        put_string(line, value, (size_t)(end - value));
        fields = next;
    }
}

/* Nothing that a peer or a file sent may begin a new line or a control sequence of a terminal. */
static void defuse(char *fields)
{
    for (char *c = fields; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
}

static void time_text(char text[32])
{
    struct timespec now;
    struct tm utc;
    char date[24];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text, 32, "%s.%03dZ", date, (int)(now.tv_nsec / 1000000));
}

static void compose_text(struct line *line, enum sch_log_level level, const char *code, const char *text,
                         const char *fields)
{
    char begin[64], when[32];
    if (settings.journal) {
        snprintf(begin, sizeof begin, "<%d>", (int)level);
    } else {
        time_text(when);
        snprintf(begin, sizeof begin, "%s %-7s ", when, level_name[level]);
    }
    put_text(line, begin);
    put_text(line, code);
    put(line, " ", 1);
    put_text(line, text);
    if (*fields != '\0') {
        put(line, " ", 1);
        put_text(line, fields);
    }
}

static void compose_json(struct line *line, enum sch_log_level level, const char *code, const char *text,
                         const char *fields)
{
    char begin[80], when[32];
    time_text(when);
    snprintf(begin, sizeof begin, "{\"ts\":\"%s\",\"level\":\"%s\",\"code\":", when, level_name[level]);
    put_text(line, begin);
    put_string(line, code, strlen(code));
    put_text(line, ",\"msg\":");
    put_string(line, text, strlen(text));
    put_fields_json(line, fields);
    put(line, "}", 1);
}

static void write_line(enum sch_log_level level, const char *code, const char *text, const char *values)
{
    struct line line = { .size = 0 };
    if (settings.format == SCH_LOG_JSON)
        compose_json(&line, level, code, text, values);
    else
        compose_text(&line, level, code, text, values);
    line.text[line.size++] = '\n';
    /* A log that cannot be written must not stop the broker; there is nobody to tell. */
    ssize_t written = write(settings.fd, line.text, line.size);
    (void)written;
}

void sch_log_plain(enum sch_log_level level, const char *code, const char *text)
{
    if (is_enabled(level))
        write_line(level, code, text, "");
}

void sch_log(enum sch_log_level level, const char *code, const char *text, const char *fields, ...)
{
    if (!is_enabled(level))
        return;
    char values[VALUES_SIZE];
    va_list args;
    va_start(args, fields);
    vsnprintf(values, sizeof values, fields, args);
    va_end(args);
    defuse(values);
    write_line(level, code, text, values);
}
