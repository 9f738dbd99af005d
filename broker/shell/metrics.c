/*
 * metrics.c: counters as Prometheus text, and the board between the turn and the HTTP thread.
 */
#include "metrics.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <scharnier/version.h>

#include "names.h"

#define SCH_X_METRICS_CODE(N, n, e, c, h) (n),
#define SCH_X_METRICS_NAME(N, n, e, c, h) #N,
static const int code_number[] = { SCH_ERROR_LIST(SCH_X_METRICS_CODE) 0 };
static const char *const code_name[] = { SCH_ERROR_LIST(SCH_X_METRICS_NAME) "OTHER" };
static_assert(sizeof code_number / sizeof *code_number == SCH_METRICS_CODES, "a place for every code");

/* Upper bounds, inclusive; the bucket after the last one is "more". */
#define BOUNDS (SCH_METRICS_BUCKETS - 1)
static const uint64_t commit_bound_ms[BOUNDS] = { 1, 2, 5, 10, 20, 50, 100, 250, 500, 1000, 5000 };
static const uint64_t batch_bound[BOUNDS] = { 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024 };
static const uint64_t delivery_bound_ms[BOUNDS] = {
    100, 1000, 10000, 60000, 600000, 3600000, 14400000, 86400000, 172800000, 432000000, 2592000000,
};

size_t sch_metrics_code_index(enum sch_error_code code)
{
    for (size_t i = 0; i < SCH_METRICS_CODES - 1; i++)
        if (code_number[i] == (int)code)
            return i;
    return SCH_METRICS_CODES - 1;
}

void sch_metrics_rejected(struct sch_metrics *metrics, enum sch_error_code code)
{
    metrics->rejected[sch_metrics_code_index(code)]++;
}

static void observe(struct sch_histogram *histogram, const uint64_t bound[BOUNDS], uint64_t value)
{
    size_t i = 0;
    while (i < BOUNDS && value > bound[i])
        i++;
    histogram->bucket[i]++;
    histogram->count++;
    histogram->sum += value;
}

void sch_metrics_commit(struct sch_metrics *metrics, int64_t duration_ms, size_t events)
{
    metrics->commits++;
    observe(&metrics->commit_ms, commit_bound_ms, duration_ms > 0 ? (uint64_t)duration_ms : 0);
    observe(&metrics->batch_events, batch_bound, events);
}

void sch_metrics_delivered(struct sch_metrics *metrics, enum sch_delivery_state state, int64_t age_ms)
{
    assert((size_t)state < SCH_METRICS_STATES);
    metrics->settled[state]++;
    observe(&metrics->delivery_ms, delivery_bound_ms, age_ms > 0 ? (uint64_t)age_ms : 0);
}

/* ---- text -------------------------------------------------------------------------------------- */

struct page {
    char *buffer;
    size_t capacity;
    size_t size;
};

static void put(struct page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct page *page, const char *format, ...)
{
    char line[256];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    assert(size >= 0 && (size_t)size < sizeof line);    /* names, labels and numbers are all bounded */
    if (page->size + (size_t)size < page->capacity)
        memcpy(page->buffer + page->size, line, (size_t)size + 1);
    page->size += (size_t)size;
}

static void head(struct page *page, const char *name, const char *type, const char *help)
{
    put(page, "# HELP %s %s\n", name, help);
    put(page, "# TYPE %s %s\n", name, type);
}

static void counter(struct page *page, const char *name, const char *help, uint64_t value)
{
    head(page, name, "counter", help);
    put(page, "%s %llu\n", name, (unsigned long long)value);
}

static void gauge(struct page *page, const char *name, const char *help, uint64_t value)
{
    head(page, name, "gauge", help);
    put(page, "%s %llu\n", name, (unsigned long long)value);
}

static void labelled(struct page *page, const char *name, const char *label, const char *word, uint64_t value)
{
    put(page, "%s{%s=\"%s\"} %llu\n", name, label, word, (unsigned long long)value);
}

/* A moment in milliseconds, as seconds with three decimals: exact, where a double would round. */
static void gauge_seconds(struct page *page, const char *name, const char *help, uint64_t ms)
{
    head(page, name, "gauge", help);
    put(page, "%s %llu.%03llu\n", name, (unsigned long long)(ms / 1000), (unsigned long long)(ms % 1000));
}

/* Bounds and sum are divided by `scale`: 1000 turns milliseconds into seconds. */
static void histogram(struct page *page, const char *name, const char *help, const struct sch_histogram *h,
                      const uint64_t bound[BOUNDS], unsigned scale)
{
    uint64_t below = 0;
    head(page, name, "histogram", help);
    for (size_t i = 0; i < BOUNDS; i++) {
        below += h->bucket[i];
        put(page, "%s_bucket{le=\"%g\"} %llu\n", name, (double)bound[i] / scale, (unsigned long long)below);
    }
    put(page, "%s_bucket{le=\"+Inf\"} %llu\n", name, (unsigned long long)h->count);
    if (scale == 1)
        put(page, "%s_sum %llu\n", name, (unsigned long long)h->sum);
    else
        put(page, "%s_sum %llu.%03llu\n", name, (unsigned long long)(h->sum / scale),
            (unsigned long long)(h->sum % scale));
    put(page, "%s_count %llu\n", name, (unsigned long long)h->count);
}

static void by_kind(struct page *page, const char *name, const char *help,
                    const uint64_t value[SCH_KIND_COUNT])
{
    head(page, name, "counter", help);
    for (int kind = 1; kind < SCH_KIND_COUNT; kind++)
        if (value[kind] > 0)
            labelled(page, name, "type", sch_code_name(SCH_SET_KIND, kind), value[kind]);
}

static void render_messages(struct page *page, const struct sch_metrics *m)
{
    static const char *const command[SCH_METRICS_COMMANDS] = {
        "unreadable", "hello", "submit", "attach", "settle", "query", "directory", "ping", "part", "fetch",
    };
    head(page, "sch_commands_received_total", "counter", "Commands from peers, by type.");
    for (size_t i = 0; i < SCH_METRICS_COMMANDS; i++)
        labelled(page, "sch_commands_received_total", "type", command[i], m->received[i]);

    by_kind(page, "sch_messages_received_total", "Messages that were stored and receipted, by kind.",
            m->receipts);
    counter(page, "sch_messages_duplicate_total", "Resends answered with the first receipt.", m->duplicates);
    head(page, "sch_messages_rejected_total", "counter", "Rejections, by error name.");
    for (size_t i = 0; i < SCH_METRICS_CODES; i++)
        if (m->rejected[i] > 0)
            labelled(page, "sch_messages_rejected_total", "reason", code_name[i], m->rejected[i]);
    by_kind(page, "sch_messages_delivered_total", "Deliveries offered to sessions, by kind.", m->offered);
    by_kind(page, "sch_messages_made_total", "Messages that the broker made itself, by kind.", m->made);
    counter(page, "sch_messages_redelivered_total", "Offers of a message that was offered before.",
            m->redelivered);
}

static void render_delivery(struct page *page, const struct sch_metrics *m)
{
    head(page, "sch_delivery_attempts_total", "counter", "How deliveries ended or were put back, by result.");
    for (int state = SCH_DELIVERY_COLLECTED; state <= SCH_DELIVERY_WITHDRAWN; state++)
        labelled(page, "sch_delivery_attempts_total", "result", sch_code_name(SCH_SET_DELIVERY, state),
                 m->settled[state]);
    labelled(page, "sch_delivery_attempts_total", "result", "RETRY", m->retried);
    labelled(page, "sch_delivery_attempts_total", "result", "LEASE_EXPIRED", m->leases_expired);
    labelled(page, "sch_delivery_attempts_total", "result", "SETTLED_AGAIN", m->settled_again);
    histogram(page, "sch_delivery_duration_seconds", "From stored to settled, civil time.", &m->delivery_ms,
              delivery_bound_ms, 1000);

    head(page, "sch_queue_messages", "gauge", "Unsettled deliveries, by state.");
    labelled(page, "sch_queue_messages", "state", "ready", m->queue_ready);
    labelled(page, "sch_queue_messages", "state", "inflight", m->queue_inflight);
    labelled(page, "sch_queue_messages", "state", "deferred", m->queue_deferred);
    gauge(page, "sch_sessions", "Sessions that said hello.", m->sessions);
    gauge(page, "sch_mailboxes_attached", "Mailboxes that a session collects.", m->attached_mailboxes);
    counter(page, "sch_sends_stalled_total", "Sends that met a full pipe.", m->stalled);
    counter(page, "sch_sends_gone_total", "Sends to a connection that had ended.", m->gone);
    counter(page, "sch_net_strangers_total", "Handshakes with an unknown key.", m->net_strangers);
    counter(page, "sch_net_dropped_total", "Messages without a proven key or with an odd routing id.",
            m->net_dropped);
    counter(page, "sch_net_surplus_frames_total", "Frames beyond the limit.", m->net_surplus_frames);
}

static void render_uploads(struct page *page, const struct sch_metrics *m)
{
    gauge(page, "sch_uploads", "Uploads that were not submitted yet.", m->uploads);
    gauge(page, "sch_uploads_bytes", "Bytes of their parts.", m->upload_bytes);
    counter(page, "sch_uploads_submitted_total", "Uploads that became the body of a message.",
            m->uploads_submitted);
    counter(page, "sch_uploads_dropped_total", "Uploads that were dropped unsubmitted.", m->uploads_dropped);
    counter(page, "sch_parts_stored_total", "Parts of uploads that were stored.", m->parts_stored);
    counter(page, "sch_parts_fetched_total", "Parts that recipients fetched.", m->parts_fetched);
}

static void render_ledger(struct page *page, const struct sch_metrics *m)
{
    head(page, "sch_promises_opened_total", "counter", "Promises opened, by expectation.");
    for (unsigned i = 1; i < SCH_EXPECTATION_COUNT; i++)
        put(page, "sch_promises_opened_total{expectation=\"E%u\"} %llu\n", i,
            (unsigned long long)m->opened[i]);
    head(page, "sch_promises_closed_total", "counter", "Promises that ended, by standing.");
    for (int i = SCH_STANDING_CLOSED; i <= SCH_STANDING_CANCELLED; i++)
        labelled(page, "sch_promises_closed_total", "standing", sch_code_name(SCH_SET_STANDING, i),
                 m->closed[i]);
    head(page, "sch_alerts_total", "counter", "Steps of the ladder that fired, by step.");
    for (int i = SCH_STEP_REMINDED; i <= SCH_STEP_WITHDRAW; i++)
        labelled(page, "sch_alerts_total", "step", sch_code_name(SCH_SET_STEP, i), m->alerts[i]);
    counter(page, "sch_due_fired_total", "Due rows that became events.", m->due_fired);
    counter(page, "sch_breaches_total", "Messages that a wrong party collected: possible data breaches.", m->breaches);
    counter(page, "sch_dossiers_purged_total", "Dossiers whose metadata went by time.", m->purged);
    counter(page, "sch_tally_missed_total", "Counts for statistics that were not there to be taken from.",
            m->tally_missed);
    gauge(page, "sch_dossiers", "Dossiers in the store.", m->dossiers);
    gauge(page, "sch_messages", "Messages in the store.", m->messages);
    counter(page, "sch_queries_total", "Queries that were answered.", m->queries);
    counter(page, "sch_audit_records_total", "Records in the audit chain since the start.", m->audit_records);
    counter(page, "sch_audit_folded_total", "Refusals folded into one record.", m->audit_folded);
    counter(page, "sch_audit_forgotten_total", "Audit rows that went by time.", m->audit_forgotten);
}

static void render_store(struct page *page, const struct sch_metrics *m)
{
    counter(page, "sch_turns_total", "Turns of the loop.", m->turns);
    counter(page, "sch_store_commits_total", "Durable transactions.", m->commits);
    counter(page, "sch_store_commits_unknown_total", "Commits that failed; nobody was answered.",
            m->commits_unknown);
    counter(page, "sch_store_commits_full_total", "Commits refused for want of room.", m->commits_full);
    counter(page, "sch_store_conflicts_total", "Batches that were loaded and stepped again.", m->conflicts);
    counter(page, "sch_batches_isolated_total", "Batches whose events were tried one by one.", m->isolated);
    counter(page, "sch_messages_poison_total", "Events that failed alone.", m->poison);
    histogram(page, "sch_store_commit_duration_seconds", "Duration of a commit.", &m->commit_ms,
              commit_bound_ms, 1000);
    histogram(page, "sch_batch_events", "Events in one commit.", &m->batch_events, batch_bound, 1);
    gauge(page, "sch_store_used_bytes", "Bytes in use.", m->store_used_bytes);
    gauge(page, "sch_store_available_bytes", "Bytes that can still be written.", m->store_available_bytes);
    gauge(page, "sch_store_map_bytes", "Size of the map.", m->store_map_bytes);
    gauge(page, "sch_store_full", "1: below the reserve, new referrals are refused.", m->full);
    gauge(page, "sch_store_failed", "1: the last commit did not succeed.", m->store_failed);
    counter(page, "sch_backups_total", "Online backups made.", m->backups);
    counter(page, "sch_backups_failed_total", "Online backups that failed.", m->backups_failed);
    gauge_seconds(page, "sch_backup_last_success_timestamp_seconds", "The last online backup; 0: none.",
                  m->backup_last_ms);
}

static void render_state(struct page *page, const struct sch_metrics *m)
{
    gauge(page, "sch_firing_held", "1: the clock jumped; an operator must confirm the time.", m->held);
    gauge_seconds(page, "sch_firing_held_since_timestamp_seconds", "Since when firing is held; 0: it is not.",
                  m->held_since_ms);
    gauge(page, "sch_draining", "1: the broker is stopping.", m->draining);
    counter(page, "sch_config_reloads_total", "Reloads that were tried.", m->reloads);
    counter(page, "sch_config_reloads_failed_total", "Reloads that kept the old configuration.",
            m->reloads_failed);
    gauge(page, "sch_config_last_reload_successful", "1: the last reload, or the start, succeeded.",
          m->reload_ok);
    gauge_seconds(page, "sch_directory_not_after_timestamp_seconds",
                  "When the first directory passes out of date; 0: none.", m->directory_not_after_ms);
    gauge_seconds(page, "sch_start_timestamp_seconds", "When the broker started.", m->started_ms);
}

size_t sch_metrics_render(const struct sch_metrics *metrics, char *buffer, size_t capacity)
{
    struct page page = { buffer, capacity, 0 };
    if (capacity > 0)
        buffer[0] = '\0';
    head(&page, "sch_build_info", "gauge", "Version of the broker.");
    labelled(&page, "sch_build_info", "version", SCH_VERSION, 1);
    render_messages(&page, metrics);
    render_delivery(&page, metrics);
    render_uploads(&page, metrics);
    render_ledger(&page, metrics);
    render_store(&page, metrics);
    render_state(&page, metrics);
    return page.size;
}

/* ---- the board ---------------------------------------------------------------------------------- */

int sch_board_init(struct sch_board *board, sch_error *error)
{
    memset(board, 0, sizeof *board);
    if (pthread_mutex_init(&board->lock, NULL) != 0)
        return sch_fail(error, SCH_E_NO_MEMORY, "the lock of the metrics cannot be made");
    return SCH_OK;
}

void sch_board_close(struct sch_board *board)
{
    pthread_mutex_destroy(&board->lock);
}

void sch_metrics_publish(struct sch_board *board, const struct sch_metrics *metrics, int64_t mono_ms)
{
    pthread_mutex_lock(&board->lock);
    board->metrics = *metrics;
    board->published_ms = mono_ms > 0 ? mono_ms : 1;
    pthread_mutex_unlock(&board->lock);
}

int64_t sch_board_read(struct sch_board *board, struct sch_metrics *metrics)
{
    pthread_mutex_lock(&board->lock);
    *metrics = board->metrics;
    int64_t published_ms = board->published_ms;
    pthread_mutex_unlock(&board->lock);
    return published_ms;
}
