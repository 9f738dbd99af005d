/*
 * moment.c: times as text and back, for output.h. Local time is Europe/Amsterdam, from the core's calendar.
 */
#include "output.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/calendar.h"

#define MINUTE_MS INT64_C(60000)
#define DAY_MS INT64_C(86400000)

static const char *const dutch_months[] = { "jan", "feb", "mrt", "apr", "mei", "jun",
                                            "jul", "aug", "sep", "okt", "nov", "dec" };
static const char *const english_months[] = { "January",   "February", "March",    "April",
                                              "May",       "June",     "July",     "August",
                                              "September", "October",  "November", "December" };
static const char *const english_days[] = { "Monday", "Tuesday",  "Wednesday", "Thursday",
                                            "Friday", "Saturday", "Sunday" };

static int32_t utc_day(int64_t utc_ms)
{
    return (int32_t)(utc_ms >= 0 ? utc_ms / DAY_MS : (utc_ms - (DAY_MS - 1)) / DAY_MS);
}

const char *sch_time_utc(int64_t utc_ms, char text[SCH_TIME_SIZE])
{
    int32_t day = utc_day(utc_ms);
    int32_t date = sch_date_from_day(day);
    int second = (int)((utc_ms - day * DAY_MS) / 1000);
    snprintf(text, SCH_TIME_SIZE, "%04d-%02d-%02dT%02d:%02d:%02dZ", date / 10000, date / 100 % 100,
             date % 100, second / 3600, second / 60 % 60, second % 60);
    return text;
}

json_t *sch_time_json(int64_t utc_ms)
{
    char text[SCH_TIME_SIZE];
    return utc_ms > 0 && utc_ms < INT64_MAX ? json_string(sch_time_utc(utc_ms, text)) : json_null();
}

const char *sch_time_date(int32_t day, char text[SCH_TIME_SIZE])
{
    int32_t date = sch_date_from_day(day);
    snprintf(text, SCH_TIME_SIZE, "%04d-%02d-%02d", date / 10000, date / 100 % 100, date % 100);
    return text;
}

const char *sch_time_dutch_day(int32_t day, int32_t today, char text[SCH_TIME_SIZE])
{
    int32_t date = sch_date_from_day(day);
    int size = snprintf(text, SCH_TIME_SIZE, "%d %s", date % 100, dutch_months[date / 100 % 100 - 1]);
    if (date / 10000 != sch_date_from_day(today) / 10000)
        snprintf(text + size, (size_t)(SCH_TIME_SIZE - size), " %d", date / 10000);
    return text;
}

const char *sch_time_dutch(int64_t utc_ms, int64_t now_ms, char text[SCH_TIME_SIZE])
{
    sch_time_dutch_day(sch_day_of_ms(utc_ms), sch_day_of_ms(now_ms), text);
    size_t size = strlen(text);
    int64_t local = utc_ms + sch_utc_offset_minutes(utc_ms) * MINUTE_MS;
    int minute = (int)((local - utc_day(local) * DAY_MS) / MINUTE_MS);
    snprintf(text + size, SCH_TIME_SIZE - size, " %02d:%02d", minute / 60, minute % 60);
    return text;
}

const char *sch_time_english_day(int32_t day, char text[SCH_TIME_SIZE])
{
    int32_t date = sch_date_from_day(day);
    snprintf(text, SCH_TIME_SIZE, "%s %d %s %d", english_days[sch_weekday(day)], date % 100,
             english_months[date / 100 % 100 - 1], date / 10000);
    return text;
}

/* ---- reading ------------------------------------------------------------------------------------ */

/* Exactly count digits; -1 otherwise. */
static int digits(const char *text, int count)
{
    int value = 0;
    for (int i = 0; i < count; i++) {
        if (!isdigit((unsigned char)text[i]))
            return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

int64_t sch_time_parse_date(const char *text)
{
    int year = digits(text, 4);
    bool dashes = year >= 0 && text[4] == '-';
    const char *rest = year >= 0 ? text + (dashes ? 5 : 4) : "";
    int month = digits(rest, 2);
    if (month < 0 || (dashes && rest[2] != '-'))
        return 0;
    rest += dashes ? 3 : 2;
    int of_month = digits(rest, 2);
    int64_t date = (int64_t)year * 10000 + month * 100 + of_month;
    int32_t day = 0;
    return of_month >= 0 && rest[2] == '\0' && sch_day_from_date(date, &day) ? date : 0;
}

/* "Z", "+01:00" or "" (local): minutes that the written time is ahead of UTC. */
static bool parse_zone(const char *text, bool *local, int *ahead)
{
    *local = text[0] == '\0';
    *ahead = 0;
    if (*local || ((text[0] == 'Z' || text[0] == 'z') && text[1] == '\0'))
        return true;
    if (text[0] != '+' && text[0] != '-')
        return false;
    int hours = digits(text + 1, 2);
    int minutes = hours >= 0 && text[3] == ':' ? digits(text + 4, 2) : -1;
    if (hours > 23 || minutes < 0 || minutes > 59 || text[6] != '\0')
        return false;
    *ahead = (text[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
    return true;
}

/* "09:30", "09:30:15" or "09:30:15.250": milliseconds of the day, and where the text goes on; -1. */
static int64_t parse_clock(const char *text, const char **rest)
{
    int hour = digits(text, 2);
    int minute = hour >= 0 && text[2] == ':' ? digits(text + 3, 2) : -1;
    if (hour > 23 || minute < 0 || minute > 59)
        return -1;
    int64_t ms = (hour * 60 + minute) * MINUTE_MS;
    *rest = text + 5;
    if (**rest != ':')
        return ms;
    int second = digits(*rest + 1, 2);
    if (second < 0 || second > 59)
        return -1;
    ms += second * 1000;
    *rest += 3;
    if (**rest != '.')
        return ms;
    int64_t unit = 100;
    for ((*rest)++; isdigit((unsigned char)**rest); (*rest)++, unit /= 10)
        ms += (**rest - '0') * unit;
    return ms;
}

bool sch_time_parse(const char *text, int64_t *utc_ms)
{
    char date[11] = "";
    size_t size = strcspn(text, "Tt ");
    int32_t day = 0;
    if (size > 10)
        return false;
    memcpy(date, text, size);
    if (!sch_day_from_date(sch_time_parse_date(date), &day))
        return false;
    if (text[size] == '\0') {
        *utc_ms = sch_ms_of_day(day);
        return true;
    }
    const char *rest = "";
    int64_t clock = parse_clock(text + size + 1, &rest);
    bool local = false;
    int ahead = 0;
    if (clock < 0 || !parse_zone(rest, &local, &ahead))
        return false;
    if (local) {
        /* In the hour that comes twice the first is meant; in the one that is skipped, the hour after. */
        int64_t guess = day * DAY_MS + clock - 120 * MINUTE_MS;
        ahead = sch_utc_offset_minutes(guess);
    }
    *utc_ms = day * DAY_MS + clock - ahead * MINUTE_MS;
    return true;
}
