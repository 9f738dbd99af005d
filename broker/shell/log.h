/*
 * log.h: one event per line on stderr, for people, journald and machines.
 *
 * text:  2026-03-12T09:14:03.201Z info  STARTED the broker takes messages address=tcp://… schema=1
 * json:  {"ts":"2026-03-12T09:14:03.201Z","level":"info","code":"STARTED","msg":"the broker …",
 *         "address":"tcp://…","schema":"1"}
 *
 * When stderr is the journal (JOURNAL_STREAM names it), text lines begin with "<6>" and carry no time of
 * their own. A line holds codes, ids, counts, paths and key ids; never a name of a person, a BSN, or
 * anything out of a letter: no caller has such values, and no function here takes a message.
 *
 * Any thread may log: a line is one write(2). Must not know: anything of the broker.
 */
#ifndef SCH_SHELL_LOG_H
#define SCH_SHELL_LOG_H

#include <stdbool.h>

enum sch_log_level { SCH_LOG_ERROR = 3, SCH_LOG_WARNING = 4, SCH_LOG_INFO = 6, SCH_LOG_DEBUG = 7 };
enum sch_log_format { SCH_LOG_TEXT = 0, SCH_LOG_JSON };

/* Before the first line: INFO, text. Call before other threads start. fd is mostly 2; the journal is looked
 * for on it. */
void sch_log_open(int fd, enum sch_log_level level, enum sch_log_format format);

/* Writes one line without fields: code is a constant in capitals, text a constant sentence. */
void sch_log_plain(enum sch_log_level level, const char *code, const char *text);

/*
 * The same with fields: a printf format that makes "key=value" pairs separated by single blanks:
 * "key_id=%s count=%zu". A value that may hold blanks stands last, in double quotes:
 * "count=%zu why=\"%s\"". Control characters in values are replaced; the fields are cut at 767 bytes.
 */
void sch_log(enum sch_log_level level, const char *code, const char *text, const char *fields, ...)
    __attribute__((format(printf, 4, 5)));

#endif
