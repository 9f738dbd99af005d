/*
 * csv.h: tables for Dutch Excel: UTF-8 with a byte order mark, semicolons, CRLF, and no cell that a
 * spreadsheet would run.
 *
 * Must not know: what is written.
 */
#ifndef SCH_CLI_CSV_H
#define SCH_CLI_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Whether anything failed is ferror(out)'s to say, at the end. */
void sch_csv_begin(FILE *out);

/*
 * One row. A cell that begins with = + - @, a tab or a carriage return gets an apostrophe before it, so that
 * it is text; one with a semicolon, a quote or a line's end is quoted.
 */
void sch_csv_row(FILE *out, const char *const *cell, size_t count);

#endif
