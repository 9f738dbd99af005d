/*
 * ini_value.c: values of configuration files: numbers, switches, keys, times.
 *
 * Must not know: which file or name a value belongs to, beyond repeating the name in an error. A value in
 * hex may be a key, so it is never repeated.
 */
#include <sodium.h>
#include <string.h>

#include "ini.h"

int sch_ini_uint(const struct sch_ini *ini, enum sch_error_code code, const char *name, const char *value,
                 uint64_t min, uint64_t max, uint64_t *out)
{
    uint64_t number = 0;
    size_t digits = strspn(value, "0123456789");
    bool fits = digits > 0 && value[digits] == '\0';
    for (size_t i = 0; fits && i < digits; i++) {
        uint64_t digit = (uint64_t)(value[i] - '0');
        fits = number <= (UINT64_MAX - digit) / 10;
        number = fits ? number * 10 + digit : 0;
    }
    if (!fits || number < min || number > max) {
        return sch_ini_error(ini, code, "%s = \"%.40s\": expected a number from %llu to %llu", name, value,
                             (unsigned long long)min, (unsigned long long)max);
    }
    *out = number;
    return SCH_OK;
}

int sch_ini_bool(const struct sch_ini *ini, enum sch_error_code code, const char *name, const char *value,
                 bool *out)
{
    static const char *const words[] = { "no", "yes", "false", "true", "off", "on" };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(value, words[i]) == 0) {
            *out = i % 2 == 1;
            return SCH_OK;
        }
    }
    return sch_ini_error(ini, code, "%s = \"%.40s\": expected yes or no", name, value);
}

int sch_ini_hex(const struct sch_ini *ini, enum sch_error_code code, const char *name, const char *value,
                uint8_t *out, size_t size)
{
    size_t got = 0;
    if (strlen(value) != 2 * size || sodium_hex2bin(out, size, value, 2 * size, NULL, &got, NULL) != 0) {
        return sch_ini_error(ini, code, "%s: expected %zu hex digits", name, 2 * size);
    }
    return SCH_OK;
}

/* ---- times ------------------------------------------------------------------------------------- */

/* Reads exactly `digits` digits, then the byte `end` unless it is NUL, and moves on; false: not so. */
static bool number_of(const char **text, int digits, char end, int *out)
{
    int number = 0;
    for (int i = 0; i < digits; i++) {
        char c = (*text)[i];
        if (c < '0' || c > '9') {
            return false;
        }
        number = number * 10 + (c - '0');
    }
    if (end != '\0' && (*text)[digits] != end) {
        return false;
    }
    *text += digits + (end != '\0' ? 1 : 0);
    *out = number;
    return true;
}

static int month_days(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

/* Days from 1970-01-01, counting years from March so that the leap day comes last. */
static int64_t days_since_epoch(int year, int month, int day)
{
    int64_t y = month > 2 ? year : year - 1;
    int64_t m = month > 2 ? month - 3 : month + 9;
    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static bool parse_date(const char **text, int64_t *days)
{
    int year, month, day;
    if (!number_of(text, 4, '-', &year) || !number_of(text, 2, '-', &month) ||
        !number_of(text, 2, '\0', &day)) {
        return false;
    }
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > month_days(year, month)) {
        return false;
    }
    *days = days_since_epoch(year, month, day);
    return true;
}

/* "Z" or "+hh:mm" to the end, in minutes east. */
static bool parse_zone(const char *text, int *minutes)
{
    *minutes = 0;
    if ((*text == 'Z' || *text == 'z') && text[1] == '\0') {
        return true;
    }
    int sign = *text == '-' ? -1 : 1;
    int hour, minute;
    if (*text != '+' && *text != '-') {
        return false;
    }
    text++;
    if (!number_of(&text, 2, ':', &hour) || !number_of(&text, 2, '\0', &minute) || *text != '\0') {
        return false;
    }
    *minutes = sign * (hour * 60 + minute);
    return hour < 24 && minute < 60;
}

/* "hh:mm:ss", perhaps a fraction (cut to milliseconds), and a zone. */
static bool parse_clock(const char *text, int64_t *ms)
{
    int hour, minute, second, zone;
    if (!number_of(&text, 2, ':', &hour) || !number_of(&text, 2, ':', &minute) ||
        !number_of(&text, 2, '\0', &second) || hour > 23 || minute > 59 || second > 59) {
        return false;
    }
    int64_t fraction = 0;
    if (*text == '.') {
        size_t digits = strspn(++text, "0123456789");
        for (size_t i = 0; i < 3; i++) {
            fraction = fraction * 10 + (i < digits ? text[i] - '0' : 0);
        }
        if (digits == 0) {
            return false;
        }
        text += digits;
    }
    if (!parse_zone(text, &zone)) {
        return false;
    }
    *ms = ((hour * INT64_C(60) + minute - zone) * 60 + second) * 1000 + fraction;
    return true;
}

int sch_ini_time(const struct sch_ini *ini, enum sch_error_code code, const char *name, const char *value,
                 int64_t *out_ms)
{
    const char *text = value;
    int64_t days = 0, ms = 0;
    bool fits = parse_date(&text, &days);
    if (fits && *text != '\0') {
        fits = (*text == 'T' || *text == 't' || *text == ' ') && parse_clock(text + 1, &ms);
    }
    if (!fits) {
        return sch_ini_error(ini, code, "%s = \"%.40s\": expected a date, or a time with its zone", name,
                             value);
    }
    *out_ms = days * 86400000 + ms;
    return SCH_OK;
}
