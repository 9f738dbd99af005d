/*
 * gauge.h: one measured value against two thresholds, as text, JSON, for Nagios and for Prometheus.
 *
 * Without a threshold a value is shown and is good. Must not know: how anything is measured.
 */
#ifndef SCH_CLI_GAUGE_H
#define SCH_CLI_GAUGE_H

#include <stdio.h>

#include "cli.h"

/* Nagios' codes, which are also the exit codes. */
enum sch_gauge_state { SCH_GAUGE_OK = 0, SCH_GAUGE_WARNING, SCH_GAUGE_CRITICAL, SCH_GAUGE_UNKNOWN };
enum sch_gauge_unit { SCH_GAUGE_COUNT = 0, SCH_GAUGE_RATIO, SCH_GAUGE_SECONDS };

struct sch_gauge {
    const char *check;                  /* "loop" */
    const char *name;                   /* of the value: "overdue_ratio" */
    enum sch_gauge_unit unit;
    bool low_is_bad;                    /* days until an expiry */
    double value;
    bool unknown;                       /* there is no value: text says why */
    bool failed;                        /* critical whatever the value */
    bool has_warn, has_crit;
    double warn, crit;
    char text[192];                     /* "24% past norm (36 of 148)" */
    struct {
        const char *name;
        double value;
    } more[4];                          /* further figures, without thresholds */
    size_t more_count;
};

/* Reads --warn and --crit: "5%" or 0.05 for a ratio, "15m" or seconds for a time. SCH_OK or USAGE, also when
 * they are the wrong way round. */
int sch_gauge_thresholds(struct sch_gauge *gauge, const char *warn, const char *crit, sch_error *error);

enum sch_gauge_state sch_gauge_state(const struct sch_gauge *gauge);

/* format: NULL, text, json, nagios or prometheus. USAGE for another. */
int sch_gauge_format(const char *format, sch_error *error);
void sch_gauge_print(const struct sch_gauge *gauge, const char *format, FILE *out);

#endif
