/*
 * output.h: tables for people, JSON for programs, times for both.
 *
 * Must not know: what is printed.
 */
#ifndef SCH_CLI_OUTPUT_H
#define SCH_CLI_OUTPUT_H

#include "cli.h"

#define SCH_TABLE_COLUMNS_MAX 16

/* Columns as wide as their widest cell, in characters; the last one is not padded. */
struct sch_table {
    const char *header[SCH_TABLE_COLUMNS_MAX];
    bool right[SCH_TABLE_COLUMNS_MAX];
    size_t columns;
    char **cell;                        /* rows * columns, owned */
    size_t rows, room;
};

/* A row of `columns` texts, copied; false: out of memory. */
bool sch_table_add(struct sch_table *table, const char *const *text);
/* Prints with a header row unless headers is false; a header of NULL in the first column: no header row. */
void sch_table_print(const struct sch_table *table, bool headers, FILE *out);
void sch_table_free(struct sch_table *table);

/* Characters of UTF-8 text. */
size_t sch_text_width(const char *text);

/* Prints what somebody else wrote: lines and tabs stay, every other control character, which might steer the
 * reader's terminal, is shown as "?". */
void sch_text_print(const char *text, FILE *out);

/* Prints {"schema": "scharnier.NAME/1", …} and takes the object; false when it could not be made or
 * printed. */
bool sch_json_print(const char *name, json_t *object);
/* The same on one line: a row of --jsonl. Takes the object too. */
bool sch_json_line(const char *name, json_t *object);
/* Prints the error for people to stderr, and with --json as an object to stdout. Returns the exit code. */
int sch_cli_fail(const struct sch_cli *cli, const sch_error *error);
/* "next: …", unless --quiet, --json or --no-headers. A format that begins with "scharnier " is a command, and gets the
 * --config and the --store of this one, so that it can be typed as it stands. */
void sch_cli_next(const struct sch_cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- times -------------------------------------------------------------------------------------- */

#define SCH_TIME_SIZE 40

/* "2026-12-31T23:00:00Z"; JSON: null for 0. */
const char *sch_time_utc(int64_t utc_ms, char text[SCH_TIME_SIZE]);
json_t *sch_time_json(int64_t utc_ms);
/* "2026-12-31" of a local day. */
const char *sch_time_date(int32_t day, char text[SCH_TIME_SIZE]);
/* "12 mrt", or with another year than today's "12 mrt 2025"; "12 mrt 09:14" with the time of day. */
const char *sch_time_dutch_day(int32_t day, int32_t today, char text[SCH_TIME_SIZE]);
const char *sch_time_dutch(int64_t utc_ms, int64_t now_ms, char text[SCH_TIME_SIZE]);
/* "Thursday 31 December 2026" */
const char *sch_time_english_day(int32_t day, char text[SCH_TIME_SIZE]);

/* A time as a person gives it: RFC 3339 with a zone; without one, or a date alone (00:00), local time in
 * Europe/Amsterdam. False when it is none between 2000 and 2099. */
bool sch_time_parse(const char *text, int64_t *utc_ms);
/* "2026-12-31" or "20261231" -> 20261231; 0 when it is no date. */
int64_t sch_time_parse_date(const char *text);

#endif
