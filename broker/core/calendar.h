/*
 * calendar.h: days, working days and summer time in Europe/Amsterdam, computed.
 *
 * A day is counted from 1970-01-01 (day 0), local. A moment is UTC milliseconds. Summer time follows
 * EU directive 2000/84: from 01:00 UTC on the last Sunday of March to 01:00 UTC on the last Sunday of
 * October. Holidays follow the Algemene termijnenwet art. 3 (DOMAIN, "Counting"); a region adds or drops
 * days. Valid from 2000 to 2099. Must not know: dossiers, norms.
 *
 * Example: five working days from Wednesday 23 December 2026 end on Thursday 31, so the promise is due
 * at 2026-12-31T23:00:00Z, exclusive: the start of 1 January, local.
 */
#ifndef SCH_CORE_CALENDAR_H
#define SCH_CORE_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCH_CALENDAR_DAYS_MAX 64

/* A region's own days beside the national ones; zeroed: none. */
struct sch_calendar {
    int32_t added[SCH_CALENDAR_DAYS_MAX];       /* not working days here */
    size_t added_count;
    int32_t dropped[SCH_CALENDAR_DAYS_MAX];     /* national holidays that are worked here */
    size_t dropped_count;
};

enum sch_unit { SCH_UNIT_NONE = 0, SCH_UNIT_HOURS, SCH_UNIT_DAYS, SCH_UNIT_WEEKS, SCH_UNIT_WORKING_DAYS };

/* Civil date to day and back. date is yyyymmdd. sch_day_from_date returns false, and leaves *day, for
 * what is no date between 2000-01-01 and 2099-12-31. */
bool sch_day_from_date(int64_t date, int32_t *day);
int32_t sch_date_from_day(int32_t day);

/* The local day of a moment, and the moment at which a local day starts (00:00 local). */
int32_t sch_day_of_ms(int64_t utc_ms);
int64_t sch_ms_of_day(int32_t day);

/* Minutes that local time is ahead of UTC at this moment: 60 or 120. */
int sch_utc_offset_minutes(int64_t utc_ms);

/* 0 Monday .. 6 Sunday. */
int sch_weekday(int32_t day);

/* Saturday, Sunday and holidays are none. calendar may be NULL: national days only. */
bool sch_is_working_day(const struct sch_calendar *calendar, int32_t day);

/* The n-th working day after day (n >= 0; n == 0 gives day itself). */
int32_t sch_add_working_days(const struct sch_calendar *calendar, int32_t day, int n);

/* The same day of the month so many months later, by the date's digits: 31 August 2026 and six months give
 * 1 March 2027, for February has none. INT32_MAX past 2099. */
int32_t sch_add_months(int32_t day, int months);

/*
 * When a term ends, exclusive, in UTC milliseconds. Hours count from from_ms exactly. Days, weeks and
 * working days count from the local day of from_ms and end with the n-th day: at 00:00 of the next.
 * term >= 0.
 */
int64_t sch_due_ms(const struct sch_calendar *calendar, int64_t from_ms, int term, enum sch_unit unit);

#endif
