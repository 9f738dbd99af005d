/*
 * check.c: scharnier check: is the broker there, does its queue move, is the loop closed, is there room, do
 * keys and backups hold? For monitoring: one value each, with thresholds, and Nagios' exit codes.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gauge.h"
#include "output.h"
#include "queue.h"

typedef int measure(struct sch_cli *cli, struct sch_gauge *gauge, sch_error *error);

static void add_figure(struct sch_gauge *gauge, const char *name, double value)
{
    gauge->more[gauge->more_count].name = name;
    gauge->more[gauge->more_count++].value = value;
}

/* A wrong command line is unknown too, for a monitor takes any other code for a measurement. */
static int run(struct sch_cli *cli, struct sch_gauge *gauge, measure *take)
{
    sch_error error = SCH_ERROR_INIT;
    const char *format = cli->json ? "json" : sch_cli_option(cli, "format");
    if (sch_gauge_format(format, &error) != SCH_OK ||
        sch_gauge_thresholds(gauge, sch_cli_option(cli, "warn"), sch_cli_option(cli, "crit"), &error) !=
            SCH_OK) {
        (void)sch_perror(&error);
        return SCH_GAUGE_UNKNOWN;
    }
    if (take(cli, gauge, &error) != SCH_OK) {
        gauge->unknown = true;
        snprintf(gauge->text, sizeof gauge->text, "E%d %s: %.120s", (int)error.code, error.cause, error.text);
    }
    sch_gauge_print(gauge, format, stdout);
    return (int)sch_gauge_state(gauge);
}

static int64_t clock_ms(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- server -------------------------------------------------------------------------------------- */

static int take_server(struct sch_cli *cli, struct sch_gauge *gauge, sch_error *error)
{
    int64_t began_ms = clock_ms(CLOCK_MONOTONIC);
    int code = sch_cli_open(cli, error);
    if (code != SCH_OK)
        return code;
    /* Not to be reached is what this check is for; a configuration of ours that is wrong says nothing. */
    code = sch_cli_connect(cli, error);
    gauge->failed = code != SCH_OK;
    if (gauge->failed)
        return code;
    int64_t took_ms = clock_ms(CLOCK_MONOTONIC) - began_ms;
    gauge->value = (double)llabs(sch_now_ms(cli->client) - clock_ms(CLOCK_REALTIME)) / 1000;
    add_figure(gauge, "connect_seconds", (double)took_ms / 1000);
    snprintf(gauge->text, sizeof gauge->text,
             "reachable in %" PRId64 " ms, wire %d, its clock differs by %.1f s", took_ms, SCH_WIRE_MAX,
             gauge->value);
    return SCH_OK;
}

int sch_cli_run_check_server(struct sch_cli *cli)
{
    struct sch_gauge gauge = { .check = "server", .name = "clock_skew_seconds", .unit = SCH_GAUGE_SECONDS };
    return run(cli, &gauge, take_server);
}

/* ---- queue --------------------------------------------------------------------------------------- */

struct totals {
    unsigned long long waiting, backing_off;
    size_t held;
    int64_t oldest_ms;
};

static void add_mailbox(void *context, const struct sch_queue_line *line)
{
    struct totals *totals = context;
    totals->waiting += line->waiting;
    totals->backing_off += line->backing_off;
    totals->held += line->held;
    if (line->oldest_ms > 0 && (totals->oldest_ms == 0 || line->oldest_ms < totals->oldest_ms))
        totals->oldest_ms = line->oldest_ms;
}

static int take_queue(struct sch_cli *cli, struct sch_gauge *gauge, sch_error *error)
{
    struct totals totals = { .waiting = 0 };
    char age[24];
    int64_t now_ms = sch_queue_now_ms(cli, error);
    if (error->code != SCH_OK || sch_queue_each(cli, add_mailbox, &totals, error) != SCH_OK)
        return (int)error->code;
    gauge->value = totals.oldest_ms > 0 ? (double)(now_ms - totals.oldest_ms) / 1000 : 0;
    add_figure(gauge, "queue_waiting", (double)totals.waiting);
    add_figure(gauge, "queue_backing_off", (double)totals.backing_off);
    add_figure(gauge, "queue_mailboxes_held", (double)totals.held);
    if (totals.waiting == 0)
        snprintf(gauge->text, sizeof gauge->text, "nothing waits");
    else
        snprintf(gauge->text, sizeof gauge->text, "%llu waiting, %llu backing off, the oldest for %s",
                 totals.waiting, totals.backing_off, sch_queue_duration((int64_t)(gauge->value * 1000), age));
    if (totals.held > 0)
        snprintf(gauge->text + strlen(gauge->text), sizeof gauge->text - strlen(gauge->text),
                 "; %zu held back", totals.held);
    return SCH_OK;
}

int sch_cli_run_check_queue(struct sch_cli *cli)
{
    struct sch_gauge gauge = { .check = "queue", .name = "queue_oldest_seconds", .unit = SCH_GAUGE_SECONDS };
    return run(cli, &gauge, take_queue);
}

/* ---- loop ---------------------------------------------------------------------------------------- */

static bool take_totals(void *context, const struct sch_page *page)
{
    uint32_t *totals = context;
    totals[0] = page->open_total;
    totals[1] = page->overdue_total;
    return false;
}

static int take_loop(struct sch_cli *cli, struct sch_gauge *gauge, sch_error *error)
{
    uint32_t totals[2] = { 0, 0 };
    struct sch_query query = { .type = SCH_QUERY_UNANSWERED, .limit = 1 };
    if (sch_cli_ask(cli, &query, take_totals, totals, error) != SCH_OK)
        return (int)error->code;
    gauge->value = totals[0] > 0 ? (double)totals[1] / totals[0] : 0;
    add_figure(gauge, "overdue", totals[1]);
    add_figure(gauge, "open", totals[0]);
    snprintf(gauge->text, sizeof gauge->text, "%.0f%% past norm (%u of %u)", gauge->value * 100, totals[1],
             totals[0]);
    return SCH_OK;
}

int sch_cli_run_check_loop(struct sch_cli *cli)
{
    struct sch_gauge gauge = { .check = "loop", .name = "overdue_ratio", .unit = SCH_GAUGE_RATIO };
    return run(cli, &gauge, take_loop);
}

/* ---- store and backup ----------------------------------------------------------------------------- */

static double figure_of(const char *status, const char *name)
{
    char value[32] = "0";
    (void)sch_cli_control_value(status, name, value, sizeof value);
    return strtod(value, NULL);
}

static int take_store(struct sch_cli *cli, struct sch_gauge *gauge, sch_error *error)
{
    char *status = sch_cli_control(cli, "status", error);
    if (status == NULL)
        return (int)error->code;
    double used = figure_of(status, "store_used_bytes");
    double available = figure_of(status, "store_available_bytes");
    bool failing = figure_of(status, "store_failed") > 0;
    bool full = figure_of(status, "store_full") > 0;
    gauge->value = used + available > 0 ? used / (used + available) : 1;
    gauge->failed = failing || full;
    add_figure(gauge, "store_used_bytes", used);
    add_figure(gauge, "store_available_bytes", available);
    snprintf(gauge->text, sizeof gauge->text, "%.0f%% used, %.1f GB left%s%s", gauge->value * 100,
             available / 1e9, full ? "; new referrals are refused" : "",
             failing ? "; the last commit failed" : "");
    free(status);
    return SCH_OK;
}

int sch_cli_run_check_store(struct sch_cli *cli)
{
    struct sch_gauge gauge = { .check = "store", .name = "store_used_ratio", .unit = SCH_GAUGE_RATIO };
    return run(cli, &gauge, take_store);
}

static int take_backup(struct sch_cli *cli, struct sch_gauge *gauge, sch_error *error)
{
    char age[24];
    char *status = sch_cli_control(cli, "status", error);
    if (status == NULL)
        return (int)error->code;
    double now_ms = figure_of(status, "now");
    double last_ms = figure_of(status, "backup_last");
    add_figure(gauge, "backups_failed", figure_of(status, "backups_failed"));
    free(status);
    gauge->value = (now_ms - last_ms) / 1000;
    /* A store that was never backed up is worse than any age. */
    gauge->failed = last_ms <= 0;
    gauge->unknown = gauge->failed;
    if (gauge->failed)
        snprintf(gauge->text, sizeof gauge->text, "no backup was ever made: scharnierd backup create DIR");
    else
        snprintf(gauge->text, sizeof gauge->text, "the last backup is %s old",
                 sch_queue_duration((int64_t)(gauge->value * 1000), age));
    return SCH_OK;
}

int sch_cli_run_check_backup(struct sch_cli *cli)
{
    struct sch_gauge gauge = { .check = "backup", .name = "backup_age_seconds", .unit = SCH_GAUGE_SECONDS };
    return run(cli, &gauge, take_backup);
}

/* ---- keys ---------------------------------------------------------------------------------------- */

struct expiry {
    int64_t at_ms; /* INT64_MAX: never */
    char what[SCH_ADDRESS_MAX + 48];
};

/* The last day on which a mailbox has a key of this use: in a rotation two are valid, and one goes. */
static int64_t last_valid(const struct sch_directory *directory, const char *address, enum sch_key_use use,
                          int64_t now_ms)
{
    int64_t last_ms = 0;
    const struct sch_key *seal =
        use == SCH_KEY_SEAL ? sch_directory_seal_key(directory, address, now_ms) : NULL;
    if (seal != NULL)
        return seal->valid_until_ms;
    for (size_t i = 0; i < directory->key_count; i++) {
        const struct sch_key *key = &directory->keys[i];
        if (key->use == use && sch_key_valid(key, now_ms) && sch_key_acts_for(key, address) &&
            key->valid_until_ms > last_ms)
            last_ms = key->valid_until_ms;
    }
    return last_ms;
}

static void look_at(const struct sch_directory *directory, const char *address, int64_t now_ms,
                    struct expiry *first)
{
    static const struct {
        enum sch_key_use use;
        const char *name;
    } uses[] = { { SCH_KEY_TRANSPORT, "transport" }, { SCH_KEY_SIGN, "sign" }, { SCH_KEY_SEAL, "seal" } };
    for (size_t i = 0; i < sizeof uses / sizeof uses[0]; i++) {
        int64_t at_ms = last_valid(directory, address, uses[i].use, now_ms);
        if (at_ms >= first->at_ms)
            continue;
        first->at_ms = at_ms;
        snprintf(first->what, sizeof first->what, "the %s key of %s", uses[i].name, address);
    }
}

static int take_keys(struct sch_cli *cli, struct sch_gauge *gauge, sch_error *error)
{
    size_t count = 0;
    char left[24], at[SCH_TIME_SIZE];
    if (sch_cli_connect(cli, error) != SCH_OK)
        return (int)error->code;
    const struct sch_address *mine = sch_mailboxes(cli->client, &count);
    const struct sch_directory *directory =
        sch_client_directory(cli->client, NULL, sch_cli_timeout(cli), error);
    if (directory == NULL)
        return (int)error->code;
    int64_t now_ms = sch_now_ms(cli->client);
    struct expiry first = { .at_ms = directory->not_after_ms };
    snprintf(first.what, sizeof first.what, "the directory of region %s", directory->region);
    for (size_t i = 0; i < count; i++)
        look_at(directory, mine[i].text, now_ms, &first);
    gauge->failed = first.at_ms <= now_ms;
    gauge->value = gauge->failed ? 0 : (double)(first.at_ms - now_ms) / 1000;
    if (gauge->failed)
        snprintf(gauge->text, sizeof gauge->text, "%s is not valid", first.what);
    else
        snprintf(gauge->text, sizeof gauge->text, "%s is the first to expire, in %s (%.10s)", first.what,
                 sch_queue_duration(first.at_ms - now_ms, left), sch_time_utc(first.at_ms, at));
    return SCH_OK;
}

int sch_cli_run_check_keys(struct sch_cli *cli)
{
    struct sch_gauge gauge = {
        .check = "keys", .name = "key_expiry_seconds", .unit = SCH_GAUGE_SECONDS, .low_is_bad = true
    };
    return run(cli, &gauge, take_keys);
}
