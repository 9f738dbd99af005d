/* almanac.c: see almanac.h. */
#include "almanac.h"

#include <assert.h>

#define YEARS 4
#define FIRST_YEAR 2025
#define FIRST_MS INT64_C(1735689600000)         /* 2025-01-01T00:00:00Z */
#define DAY_MS INT64_C(86400000)
#define HOUR_MS INT64_C(3600000)

static int length_of(int year)
{
    return year % 4 == 0 ? 366 : 365;           /* no century among these years */
}

static int month_length(int year, int month)
{
    static const int length[13] = { 0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

    return length[month] + (month == 2 && year % 4 == 0);
}

int32_t almanac_day(int year, int month, int day)
{
    int32_t count = 0;

    assert(year >= FIRST_YEAR && year < FIRST_YEAR + YEARS);
    for (int y = FIRST_YEAR; y < year; y++)
        count += length_of(y);
    for (int m = 1; m < month; m++)
        count += month_length(year, m);
    return count + day - 1;
}

static void split(int32_t day, int *year, int *month, int *of_month)
{
    for (*year = FIRST_YEAR; day >= length_of(*year); (*year)++)
        day -= length_of(*year);
    for (*month = 1; day >= month_length(*year, *month); (*month)++)
        day -= month_length(*year, *month);
    *of_month = day + 1;
}

int32_t almanac_date(int32_t day)
{
    int year, month, of_month;

    assert(day >= 0);
    split(day, &year, &month, &of_month);
    return year * 10000 + month * 100 + of_month;
}

/* Sakamoto: 0 Sunday .. 6 Saturday. */
static int weekday(int year, int month, int day)
{
    static const int shift[12] = { 0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4 };
    int y = month < 3 ? year - 1 : year;

    return (y + y / 4 - y / 100 + y / 400 + shift[month - 1] + day) % 7;
}

static int32_t last_sunday(int year, int month)
{
    return almanac_day(year, month, 31 - weekday(year, month, 31));
}

/* Hours ahead of UTC at 12:00 local of a day; and whether the day itself begins in summer time. */
static bool begins_in_summer(int32_t day)
{
    int year, month, of_month;

    split(day, &year, &month, &of_month);
    return day > last_sunday(year, 3) && day <= last_sunday(year, 10);
}

int64_t almanac_start_of(int32_t day)
{
    return FIRST_MS + day * DAY_MS - (begins_in_summer(day) ? 2 : 1) * HOUR_MS;
}

int32_t almanac_day_of(int64_t ms)
{
    int32_t day = (int32_t)((ms - FIRST_MS) / DAY_MS);

    while (almanac_start_of(day + 1) <= ms)
        day++;
    while (day > 0 && almanac_start_of(day) > ms)
        day--;
    return day;
}

/* Gauss, for the twenty-first century. */
static int32_t easter(int year)
{
    int a = year % 19, b = year % 4, c = year % 7;
    int d = (19 * a + 24) % 30;
    int e = (2 * b + 4 * c + 6 * d + 5) % 7;
    int march = 22 + d + e;

    return march <= 31 ? almanac_day(year, 3, march) : almanac_day(year, 4, march - 31);
}

static bool holiday(int32_t day)
{
    int year, month, of_month;
    int32_t from_easter;

    split(day, &year, &month, &of_month);
    from_easter = day - easter(year);
    if (from_easter == -2 || from_easter == 1 || from_easter == 39 || from_easter == 50)
        return true;
    if (month == 4 && (of_month == 26 || of_month == 27))
        return (of_month == 27) == (weekday(year, 4, 27) != 0);
    return (month == 1 && of_month == 1) || (month == 5 && of_month == 5) ||
           (month == 12 && (of_month == 25 || of_month == 26));
}

bool almanac_works(const struct almanac_region *region, int32_t day)
{
    int year, month, of_month, of_week;

    split(day, &year, &month, &of_month);
    of_week = weekday(year, month, of_month);
    if (of_week == 0 || of_week == 6 || (region != 0 && day == region->added))
        return false;
    return !holiday(day) || (region != 0 && day == region->dropped);
}

int32_t almanac_working_day(const struct almanac_region *region, int32_t day, int count)
{
    while (count > 0)
        count -= almanac_works(region, ++day);
    return day;
}

int64_t almanac_due(const struct almanac_region *region, int64_t from_ms, int term, enum almanac_unit unit)
{
    int32_t day = almanac_day_of(from_ms);

    switch (unit) {
    case ALMANAC_HOURS: return from_ms + term * HOUR_MS;
    case ALMANAC_DAYS: return almanac_start_of(day + term + 1);
    case ALMANAC_WEEKS: return almanac_start_of(day + 7 * term + 1);
    case ALMANAC_WORKING: return almanac_start_of(almanac_working_day(region, day, term) + 1);
    }
    assert(false);
    return 0;
}

int64_t almanac_reminder(const struct almanac_region *region, int64_t from_ms, int term, enum almanac_unit unit)
{
    if (term < (unit == ALMANAC_HOURS ? 24 : 3))
        return 0;
    return almanac_due(region, from_ms, 8 * term / 10, unit);
}
