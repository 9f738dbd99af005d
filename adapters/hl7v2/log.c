/* log.c: see log.h. Under systemd the level goes before each line, which the journal reads and cuts off. */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "stamp.h"

static bool as_json, to_journal;
static char side[8];

void sch_hl7v2_log_open(bool json, const char *which)
{
    as_json = json;
    to_journal = getenv("JOURNAL_STREAM") != NULL;
    snprintf(side, sizeof side, "%s", which);
}

/* Quotes what JSON and one line per event need; the rest of a text is ASCII or UTF-8 already. */
static void quote(const char *text, char *out, size_t size)
{
    size_t used = 0;

    for (; *text != 0 && used + 3 < size; text++) {
        if ((unsigned char)*text < ' ') {
            out[used++] = ' ';
            continue;
        }
        if (*text == '"' || *text == '\\')
            out[used++] = '\\';
        out[used++] = *text;
    }
    out[used] = 0;
}

static const char *level_name(char level)
{
    return level == 'e' ? "error" : level == 'w' ? "warning" : "info";
}

static int level_number(char level)
{
    return level == 'e' ? 3 : level == 'w' ? 4 : 6;
}

void sch_hl7v2_log(char level, const char *code, const char *format, ...)
{
    char text[512], quoted[1024], at[SCH_STAMP_SIZE], line[1400], prefix[8] = "";
    struct timespec now;
    va_list list;

    if (level == 'd')
        return;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    clock_gettime(CLOCK_REALTIME, &now);
    sch_stamp_log((int64_t)now.tv_sec * 1000, at);
    quote(text, quoted, sizeof quoted);
    if (to_journal)
        snprintf(prefix, sizeof prefix, "<%d>", level_number(level));
    int size;
    if (as_json)
        size = snprintf(line, sizeof line,
                        "%s{\"ts\":\"%s\",\"level\":\"%s\",\"code\":\"%s\",\"side\":\"%s\",\"msg\":\"%s\"}\n",
                        prefix, at, level_name(level), code, side, quoted);
    else
        size = snprintf(line, sizeof line, "%s%s %-7s %s side=%s %s\n", prefix, at, level_name(level), code,
                        side, text);
    /* One write per line, so that lines of several processes do not mix. A log that fails changes nothing. */
    if (size > 0
        && write(STDERR_FILENO, line, (size_t)size < sizeof line ? (size_t)size : sizeof line - 1) < 0)
        return;
}
