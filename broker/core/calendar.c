/*
 * calendar.c: civil dates, holidays, summer time and terms; see calendar.h for the contract and an example.
 *
 * Everything is arithmetic on day numbers. Years begin in March inside, so that the leap day is the last
 * day of a year and month lengths follow one formula. Must not know: dossiers, norms, any time library.
 */
#include "calendar.h"

#include <assert.h>

#define DAY_MS INT64_C(86400000)
#define HOUR_MS INT64_C(3600000)
#define MINUTE_MS INT64_C(60000)

/* Days of 400 Gregorian years, and of the years 0000-03-01 .. 1970-01-01. */
#define DAYS_400 146097
#define DAYS_TO_1970 719468

struct civil {
    int year;
    int month;                          /* 1..12 */
    int day;                            /* 1..31 */
};

/* Days before a month of a year that begins in March: 0 for March, 31 for April, … 337 for February. */
static int32_t days_before(int march_month)
{
    return (153 * march_month + 2) / 5;
}

static int32_t day_from_civil(int year, int month, int day)
{
    int march_year = month > 2 ? year : year - 1;
    int march_month = month > 2 ? month - 3 : month + 9;
    assert(march_year >= 0);
    int32_t leap_days = march_year / 4 - march_year / 100 + march_year / 400;
    return march_year * 365 + leap_days + days_before(march_month) + day - 1 - DAYS_TO_1970;
}

static struct civil civil_from_day(int32_t day)
{
    int32_t since = day + DAYS_TO_1970;
    assert(since >= 0);
    int32_t era = since / DAYS_400;
    int32_t rest = since % DAYS_400;
    /* The last day of a 4-, 100- and 400-year span is a leap day that belongs to the year before. */
    int32_t year = (rest - rest / 1460 + rest / 36524 - rest / (DAYS_400 - 1)) / 365;
    int32_t of_year = rest - (year * 365 + year / 4 - year / 100);
    int32_t march_month = (5 * of_year + 2) / 153;
    struct civil civil = {
        .year = era * 400 + year + (march_month >= 10 ? 1 : 0),
        .month = march_month < 10 ? march_month + 3 : march_month - 9,
        .day = of_year - days_before(march_month) + 1,
    };
    return civil;
}

bool sch_day_from_date(int64_t date, int32_t *day)
{
    if (date < 20000101 || date > 20991231)
        return false;
    int year = (int)(date / 10000);
    int month = (int)(date / 100 % 100);
    int of_month = (int)(date % 100);
    int32_t found = day_from_civil(year, month, of_month);
    /* 30 February counts on into March, the 14th month into the next year: what does not come back as itself
     * is no date. */
    if (sch_date_from_day(found) != (int32_t)date)
        return false;
    *day = found;
    return true;
}

int32_t sch_date_from_day(int32_t day)
{
    struct civil civil = civil_from_day(day);
    return civil.year * 10000 + civil.month * 100 + civil.day;
}

int sch_weekday(int32_t day)
{
    /* 1970-01-01 was a Thursday. */
    int weekday = (day + 3) % 7;
    return weekday < 0 ? weekday + 7 : weekday;
}

static int32_t last_sunday(int year, int month)
{
    int32_t last = day_from_civil(year, month, 31);     /* March and October both have 31 days */
    return last - (sch_weekday(last) + 1) % 7;
}

static int64_t floor_div(int64_t value, int64_t by)
{
    int64_t quotient = value / by;
    return value % by < 0 ? quotient - 1 : quotient;
}

int sch_utc_offset_minutes(int64_t utc_ms)
{
    assert(utc_ms > -DAYS_TO_1970 * DAY_MS && utc_ms < DAYS_400 * DAY_MS);
    struct civil civil = civil_from_day((int32_t)floor_div(utc_ms, DAY_MS));
    int64_t begins = last_sunday(civil.year, 3) * DAY_MS + HOUR_MS;
    int64_t ends = last_sunday(civil.year, 10) * DAY_MS + HOUR_MS;
    return utc_ms >= begins && utc_ms < ends ? 120 : 60;
}

int32_t sch_day_of_ms(int64_t utc_ms)
{
    return (int32_t)floor_div(utc_ms + sch_utc_offset_minutes(utc_ms) * MINUTE_MS, DAY_MS);
}

int64_t sch_ms_of_day(int32_t day)
{
    /* Clocks change at 01:00 UTC, so a day that changes begins under the offset of the day before; and
     * 22:00 UTC on the eve lies under that same offset. */
    int64_t eve = day * DAY_MS - 2 * HOUR_MS;
    return day * DAY_MS - sch_utc_offset_minutes(eve) * MINUTE_MS;
}

/* Easter Sunday, by the Gregorian computus: golden number, epact, then the Sunday after the full moon. The
 * 24 holds from 1900 to 2199, and so does that both of the highest epacts would put the full moon a day
 * later than the Church's tables allow. */
static int32_t easter_sunday(int year)
{
    int epact = (19 * (year % 19) + 24) % 30;
    if (epact >= 28)
        epact -= 1;
    int32_t full_moon = day_from_civil(year, 3, 21) + epact;
    return full_moon + 7 - (sch_weekday(full_moon) + 1) % 7;
}

static bool is_holiday(int32_t day)
{
    struct civil civil = civil_from_day(day);
    int date = civil.month * 100 + civil.day;
    /* Koningsdag on a Sunday is kept on Saturday the 26th: no working day either way. */
    if (date == 101 || date == 427 || date == 505 || date == 1225 || date == 1226)
        return true;
    int32_t after_easter = day - easter_sunday(civil.year);
    return after_easter == -2 || after_easter == 1 || after_easter == 39 || after_easter == 50;
}

static bool stands_in(const int32_t *days, size_t count, int32_t day)
{
    for (size_t i = 0; i < count; i++)
        if (days[i] == day)
            return true;
    return false;
}

bool sch_is_working_day(const struct sch_calendar *calendar, int32_t day)
{
    if (sch_weekday(day) >= 5)
        return false;
    if (calendar && stands_in(calendar->added, calendar->added_count, day))
        return false;
    if (!is_holiday(day))
        return true;
    return calendar && stands_in(calendar->dropped, calendar->dropped_count, day);
}

int32_t sch_add_working_days(const struct sch_calendar *calendar, int32_t day, int n)
{
    assert(n >= 0);
    for (int left = n; left > 0;) {
        day++;
        if (sch_is_working_day(calendar, day))
            left--;
    }
    return day;
}

int32_t sch_add_months(int32_t day, int months)
{
    assert(months >= 0);
    struct civil civil = civil_from_day(day);
    int since = civil.year * 12 + civil.month - 1 + months;
    int64_t date = since / 12 * 10000 + (since % 12 + 1) * 100 + civil.day;
    int32_t found;
    if (sch_day_from_date(date, &found)) {
        return found;
    }
    /* The month is too short, and so is not the last of its year; or the calendar ends. */
    return since < 2100 * 12 ? day_from_civil(since / 12, since % 12 + 2, 1) : INT32_MAX;
}

int64_t sch_due_ms(const struct sch_calendar *calendar, int64_t from_ms, int term, enum sch_unit unit)
{
    assert(term >= 0);
    int32_t last = sch_day_of_ms(from_ms);
    switch (unit) {
    case SCH_UNIT_HOURS:
        return from_ms + term * HOUR_MS;
    case SCH_UNIT_DAYS:
        last += term;
        break;
    case SCH_UNIT_WEEKS:
        last += 7 * term;
        break;
    default:
        assert(unit == SCH_UNIT_WORKING_DAYS);
        last = sch_add_working_days(calendar, last, term);
        break;
    }
    return sch_ms_of_day(last + 1);
}
