/* stamp.c: see stamp.h. Days are counted from March, so that a leap day comes last in its year. */
#include "stamp.h"

#include <stdio.h>
#include <string.h>

#define DAY_OF_1970 719468      /* days from 1 March of the year 0 to 1 January 1970 */

bool sch_stamp_digits(const char *text, size_t least, size_t most)
{
    size_t len = strspn(text, "0123456789");
    return text[len] == 0 && len >= least && len <= most;
}

static int two_digits(const char *text)
{
    return (text[0] - '0') * 10 + (text[1] - '0');
}

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int64_t sch_stamp_date(const char *text)
{
    static const int days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    if (strspn(text, "0123456789") < 8)
        return 0;
    int year = two_digits(text) * 100 + two_digits(text + 2);
    int month = two_digits(text + 4), day = two_digits(text + 6);
    if (year < 2000 || year > 2099 || month < 1 || month > 12 || day < 1
        || day > days[month - 1] + (month == 2 && is_leap(year)))
        return 0;
    return (int64_t)year * 10000 + month * 100 + day;
}

int64_t sch_stamp_time(const char *text)
{
    int64_t date = sch_stamp_date(text);
    size_t digits = strspn(text, "0123456789");
    const char *zone = text + strcspn(text, "+-");

    if (date == 0 || (digits != 12 && digits != 14) || *zone == 0 || !sch_stamp_digits(zone + 1, 4, 4))
        return 0;
    int hour = two_digits(text + 8), minute = two_digits(text + 10);
    int second = digits == 14 ? two_digits(text + 12) : 0;
    if (hour > 23 || minute > 59 || second > 59)
        return 0;
    int64_t year = date / 10000, month = date / 100 % 100;
    year -= month <= 2;
    int64_t days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * ((month + 9) % 12) + 2) / 5
                   + date % 100 - 1 - DAY_OF_1970;
    int64_t offset = two_digits(zone + 1) * 60 + two_digits(zone + 3);
    int64_t minutes = days * 1440 + hour * 60 + minute - (*zone == '+' ? offset : -offset);
    return (minutes * 60 + second) * 1000;
}

struct civil {
    int year, month, day, hour, minute, second;
};

static struct civil civil(int64_t ms)
{
    int64_t days = ms / 86400000 + DAY_OF_1970, rest = ms / 1000 % 86400;
    int64_t era = days / 146097, day = days % 146097;
    int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;

    day -= 365 * year + year / 4 - year / 100;
    int64_t month = (5 * day + 2) / 153;
    day = day - (153 * month + 2) / 5 + 1;
    month = month < 10 ? month + 3 : month - 9;
    year += era * 400 + (month <= 2);
    return (struct civil){(int)year, (int)month, (int)day, (int)(rest / 3600), (int)(rest / 60 % 60),
                          (int)(rest % 60)};
}

void sch_stamp_text(int64_t ms, char text[SCH_STAMP_SIZE])
{
    struct civil at = civil(ms);
    snprintf(text, SCH_STAMP_SIZE, "%04u%02u%02u%02u%02u%02u+0000", (unsigned)at.year % 10000,
             (unsigned)at.month % 100, (unsigned)at.day % 100, (unsigned)at.hour % 100,
             (unsigned)at.minute % 100, (unsigned)at.second % 100);
}

void sch_stamp_log(int64_t ms, char text[SCH_STAMP_SIZE])
{
    struct civil at = civil(ms);
    snprintf(text, SCH_STAMP_SIZE, "%04u-%02u-%02uT%02u:%02u:%02uZ", (unsigned)at.year % 10000,
             (unsigned)at.month % 100, (unsigned)at.day % 100, (unsigned)at.hour % 100,
             (unsigned)at.minute % 100, (unsigned)at.second % 100);
}
