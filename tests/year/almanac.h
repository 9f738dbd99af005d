/*
 * almanac.h: the year's own reckoning of days and terms, made for this test alone.
 *
 * It must not share a line with broker/core/calendar.c, which it judges: summer time and Easter come from a
 * table that is worked out beforehand by other formulas (Gauss for Easter, weekday by Sakamoto), days from a
 * table of the years. Good for 2025 to 2028.
 */
#ifndef YEAR_ALMANAC_H
#define YEAR_ALMANAC_H

#include <stdbool.h>
#include <stdint.h>

#define ALMANAC_SLOT_MS INT64_C(600000)         /* people act on whole ten minutes */

enum almanac_unit { ALMANAC_HOURS = 1, ALMANAC_DAYS, ALMANAC_WEEKS, ALMANAC_WORKING };

/* A number of days since 2025-01-01, local; and back to yyyymmdd. */
int32_t almanac_day(int year, int month, int day);
int32_t almanac_date(int32_t day);

/* The local day in which a moment lies, and the moment at which one begins. */
int32_t almanac_day_of(int64_t ms);
int64_t almanac_start_of(int32_t day);

/* Days that this region works although the country does not, or the other way round. */
struct almanac_region {
    int32_t added, dropped;                     /* -1: none */
};

bool almanac_works(const struct almanac_region *region, int32_t day);
int32_t almanac_working_day(const struct almanac_region *region, int32_t day, int count);

/* The end of a term, exclusive; and the moment of its reminder, 0: none. */
int64_t almanac_due(const struct almanac_region *region, int64_t from_ms, int term, enum almanac_unit unit);
int64_t almanac_reminder(const struct almanac_region *region, int64_t from_ms, int term, enum almanac_unit unit);

#endif
