/*
 * stamp.h: HL7's dates and time stamps as numbers, and back. Pure; must not know: the time it is.
 */
#ifndef SCH_HL7V2_STAMP_H
#define SCH_HL7V2_STAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Is text digits only, and at least `least` and at most `most` of them? */
bool sch_stamp_digits(const char *text, size_t least, size_t most);

/* yyyymmdd of an HL7 date or time stamp, as it stands (a local day), 2000..2099; 0 when it is none. */
int64_t sch_stamp_date(const char *text);

/* UTC milliseconds of "yyyymmddhhmm[ss[.s…]]+zzzz"; 0 when it is none. The zone is needed: a time without
 * one would be guessed at. */
int64_t sch_stamp_time(const char *text);

#define SCH_STAMP_SIZE 40
/* "yyyymmddhhmmss+0000" of UTC milliseconds, 1970..9999. */
void sch_stamp_text(int64_t ms, char text[SCH_STAMP_SIZE]);

/* "2026-11-22T05:48:00Z", for logs. */
void sch_stamp_log(int64_t ms, char text[SCH_STAMP_SIZE]);

#endif
