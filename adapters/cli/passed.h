/*
 * passed.h: the list of messages that an own system sent and received, from a CSV or JSON-lines text.
 *
 * CSV, with commas or semicolons; the first line may name its columns, else they are message, role, hash:
 *     message;role;hash
 *     01932f6e-6c7a-7c3e-9a60-2f1d3b5a7c90;sent;9f86d081…
 * JSON lines: {"message": "…", "role": "SENT", "hash": "…"}. The hash, 64 hex digits, may be absent.
 *
 * Must not know: the library's handles, printing.
 */
#ifndef SCH_CLI_PASSED_H
#define SCH_CLI_PASSED_H

#include "cli.h"

/* Gives the list, to be freed, and its length; NULL with *error: FIELD_INVALID "file:line: what", NO_MEMORY.
 */
sch_passed *sch_passed_read(const char *file, const char *content, size_t *count, sch_error *error);

#endif
