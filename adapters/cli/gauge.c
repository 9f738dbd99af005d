/* gauge.c: thresholds, states and forms. Contract in gauge.h. */
#include "gauge.h"

#include <stdlib.h>
#include <string.h>

#include "output.h"

static const char *const state_names[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };

static bool parse(enum sch_gauge_unit unit, const char *text, double *value)
{
    char *end = NULL;
    if (text[0] == '\0' || strchr("0123456789.", text[0]) == NULL)
        return false;
    if (unit == SCH_GAUGE_SECONDS) {
        int64_t ms = sch_cli_duration(text);
        *value = (double)ms / 1000;
        return ms >= 0;
    }
    *value = strtod(text, &end);
    if (unit == SCH_GAUGE_RATIO && end[0] == '%' && end[1] == '\0') {
        *value /= 100;
        return *value <= 1;
    }
    return end[0] == '\0' && (unit != SCH_GAUGE_RATIO || *value <= 1);
}

int sch_gauge_thresholds(struct sch_gauge *gauge, const char *warn, const char *crit, sch_error *error)
{
    static const char *const examples[] = { "100", "5%", "15m, 24h or 30d" };
    gauge->has_warn = warn != NULL;
    gauge->has_crit = crit != NULL;
    if (warn != NULL && !parse(gauge->unit, warn, &gauge->warn))
        return sch_fail(error, SCH_E_USAGE, "--warn \"%.20s\": such as %s", warn, examples[gauge->unit]);
    if (crit != NULL && !parse(gauge->unit, crit, &gauge->crit))
        return sch_fail(error, SCH_E_USAGE, "--crit \"%.20s\": such as %s", crit, examples[gauge->unit]);
    if (warn != NULL && crit != NULL &&
        (gauge->low_is_bad ? gauge->warn < gauge->crit : gauge->warn > gauge->crit))
        return sch_fail(error, SCH_E_USAGE, "--warn must come before --crit");
    return SCH_OK;
}

/* At the threshold is past it. */
static bool is_past(const struct sch_gauge *gauge, double threshold)
{
    return gauge->low_is_bad ? gauge->value <= threshold : gauge->value >= threshold;
}

enum sch_gauge_state sch_gauge_state(const struct sch_gauge *gauge)
{
    if (gauge->failed)
        return SCH_GAUGE_CRITICAL;
    if (gauge->unknown)
        return SCH_GAUGE_UNKNOWN;
    if (gauge->has_crit && is_past(gauge, gauge->crit))
        return SCH_GAUGE_CRITICAL;
    return gauge->has_warn && is_past(gauge, gauge->warn) ? SCH_GAUGE_WARNING : SCH_GAUGE_OK;
}

int sch_gauge_format(const char *format, sch_error *error)
{
    static const char *const formats[] = { "text", "json", "nagios", "prometheus" };
    for (size_t i = 0; format != NULL && i < sizeof formats / sizeof formats[0]; i++)
        if (strcmp(format, formats[i]) == 0)
            return SCH_OK;
    return format == NULL
               ? SCH_OK
               : sch_fail(error, SCH_E_USAGE, "--format \"%.20s\": text, json, nagios or prometheus", format);
}

/* "0.243", "900": as short as it stays true. */
static const char *number(double value, char text[32])
{
    snprintf(text, 32, "%.3f", value);
    char *end = text + strlen(text);
    while (end[-1] == '0')
        *--end = '\0';
    if (end[-1] == '.')
        end[-1] = '\0';
    return text;
}

static void print_nagios(const struct sch_gauge *gauge, FILE *out)
{
    char value[32], warn[32], crit[32];
    fprintf(out, "%s: %s", state_names[sch_gauge_state(gauge)], gauge->text);
    if (gauge->unknown) {
        fputc('\n', out);
        return;
    }
    /* A range "10:" alerts below ten. */
    const char *below = gauge->low_is_bad ? ":" : "";
    fprintf(out, " | %s=%s%s", gauge->name, number(gauge->value, value),
            gauge->unit == SCH_GAUGE_SECONDS ? "s" : "");
    if (gauge->has_warn || gauge->has_crit)
        fprintf(out, ";%s%s;%s%s", gauge->has_warn ? number(gauge->warn, warn) : "",
                gauge->has_warn ? below : "", gauge->has_crit ? number(gauge->crit, crit) : "",
                gauge->has_crit ? below : "");
    for (size_t i = 0; i < gauge->more_count; i++)
        fprintf(out, " %s=%s", gauge->more[i].name, number(gauge->more[i].value, value));
    fputc('\n', out);
}

static void print_prometheus(const struct sch_gauge *gauge, FILE *out)
{
    char value[32];
    fprintf(out, "# TYPE sch_check_state gauge\nsch_check_state{check=\"%s\"} %d\n", gauge->check,
            (int)sch_gauge_state(gauge));
    if (gauge->unknown)
        return;
    fprintf(out, "# TYPE sch_check_%s gauge\nsch_check_%s %s\n", gauge->name, gauge->name,
            number(gauge->value, value));
    for (size_t i = 0; i < gauge->more_count; i++)
        fprintf(out, "# TYPE sch_check_%s gauge\nsch_check_%s %s\n", gauge->more[i].name, gauge->more[i].name,
                number(gauge->more[i].value, value));
}

static void print_json(const struct sch_gauge *gauge, FILE *out)
{
    json_t *object =
        json_pack("{s:s,s:s,s:s,s:s,s:s,s:o,s:o,s:o}", "schema", "scharnier.check/1", "check", gauge->check,
                  "state", state_names[sch_gauge_state(gauge)], "text", gauge->text, "name", gauge->name,
                  "value", gauge->unknown ? json_null() : json_real(gauge->value), "warn",
                  gauge->has_warn ? json_real(gauge->warn) : json_null(), "crit",
                  gauge->has_crit ? json_real(gauge->crit) : json_null());
    for (size_t i = 0; object != NULL && i < gauge->more_count; i++)
        (void)json_object_set_new(object, gauge->more[i].name, json_real(gauge->more[i].value));
    if (object != NULL && json_dumpf(object, out, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) == 0)
        fputc('\n', out);
    json_decref(object);
}

void sch_gauge_print(const struct sch_gauge *gauge, const char *format, FILE *out)
{
    if (format != NULL && strcmp(format, "nagios") == 0)
        print_nagios(gauge, out);
    else if (format != NULL && strcmp(format, "prometheus") == 0)
        print_prometheus(gauge, out);
    else if (format != NULL && strcmp(format, "json") == 0)
        print_json(gauge, out);
    else
        fprintf(out, "%s  %s: %s\n", state_names[sch_gauge_state(gauge)], gauge->check, gauge->text);
}
