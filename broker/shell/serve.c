/*
 * serve.c: wiring, signals, the loop around the turn.
 */
#include "serve.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>

#include <scharnier/version.h>

#include "control.h"
#include "http.h"
#include "record.h"
#include "store_lmdb.h"
#include "turn.h"

#define WAIT_MAX_MS 1000                /* the board, the watchdog and the status live on this */
#define DRAIN_WAIT_MS 100
#define STATUS_MS 10000
#define HELD_SAID_MS 60000
#define ULL(value) ((unsigned long long)(value))

struct server {
    struct sch_config *config;
    struct sch_clock *clock;
    struct sch_book *book;
    struct sch_store *store;
    struct sch_net *net;
    struct sch_turn *turn;
    struct sch_http *http;
    struct sch_control *control;
    struct sch_board board;
    bool board_open;
    struct sch_metrics metrics;
    int64_t wait_ms;
    int64_t space_at_ms;                /* monotonic: when these are next due */
    int64_t status_at_ms;
    int64_t held_said_at_ms;
    int64_t drain_until_ms;             /* 0: not draining */
};

/* ---- signals ------------------------------------------------------------------------------------ */

/* A handler may do two things: count, and end the wait. */
static volatile sig_atomic_t stops;
static volatile sig_atomic_t reloads;
static _Atomic(struct sch_net *) to_wake;

static void on_signal(int number)
{
    if (number == SIGHUP)
        reloads = 1;
    else
        stops = stops + 1;
    struct sch_net *net = atomic_load(&to_wake);
    if (net != NULL)
        sch_net_wake(net);
}

static void catch_signals(struct sch_net *net)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    sigemptyset(&action.sa_mask);
    action.sa_handler = on_signal;
    atomic_store(&to_wake, net);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
    sigaction(SIGXFSZ, &action, NULL);  /* a file at its limit is an error of the write, like a full disk */
}

/* ---- opening ------------------------------------------------------------------------------------ */

/* A connection takes a descriptor, and at the limit the accept loop burns a core (TRAPS): ask for all. */
static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        sch_log(SCH_LOG_WARNING, "FILE_LIMIT", "the limit of open files cannot be raised", "why=\"%s\"",
                strerror(errno));
}

static void note_book(struct server *server)
{
    int64_t earliest = INT64_MAX;       /* there is a directory: config.c demands one */
    for (size_t i = 0; i < server->book->directory_count; i++) {
        const struct sch_directory *directory = server->book->directory[i];
        if (directory->not_after_ms < earliest)
            earliest = directory->not_after_ms;
        sch_log(SCH_LOG_INFO, "DIRECTORY", "a directory is in use",
                "region=%s serial=%llu parties=%zu keys=%zu", directory->region,
                (unsigned long long)directory->serial, directory->party_count, directory->key_count);
    }
    server->metrics.directory_not_after_ms = (uint64_t)earliest;
    sch_log(SCH_LOG_INFO, "NORMS", "norms are in use", "rows=%zu file=\"%s\"", server->book->norms.count,
            server->config->book.norms_path);
}

static int open_store(struct server *server, sch_error *error)
{
    const struct sch_store_options options = {
        .path = server->config->store, .map_size = server->config->map_bytes, .create = true,
    };
    return sch_store_open(&server->store, &options, error);
}

static int open_net(struct server *server, sch_error *error)
{
    struct sch_net_options options = { .endpoint_count = server->config->listen_count,
                                       .book = server->book, .io_threads = server->config->io_threads };
    memcpy(options.endpoint, server->config->listen, sizeof options.endpoint);
    memcpy(options.public_key, server->config->key.public_key, sizeof options.public_key);
    memcpy(options.secret_key, server->config->key.secret_key, sizeof options.secret_key);
    int code = sch_net_open(&server->net, &options, error);
    explicit_bzero(options.secret_key, sizeof options.secret_key);
    return code;
}

static int open_turn(struct server *server, sch_error *error)
{
    const struct sch_turn_options options = {
        .net = server->net,
        .store = server->store,
        .clock = server->clock,
        .book = server->book,
        .metrics = &server->metrics,
        .verify_signatures = server->config->verify_signatures,
        .reserve_bytes = server->config->reserve_bytes,
        .e1_hold_ms = server->config->e1_hold_ms,
    };
    return sch_turn_open(&server->turn, &options, error);
}

static int open_edges(struct server *server, sch_error *error)
{
    int code = sch_board_init(&server->board, error);
    if (code != SCH_OK)
        return code;
    server->board_open = true;
    const struct sch_config *config = server->config;
    if (config->http)
        code = sch_http_open(&server->http, config->http_host, config->http_port, &server->board, error);
    if (code == SCH_OK)
        code = sch_control_open(&server->control, config->store, server->store, server->net, error);
    return code;
}

/* Files first, so that a wrong one never touches the store; the store before the sockets, so that nobody is
 * let in who could not be served. */
static int open_all(struct server *server, sch_error *error)
{
    struct sch_config *config = server->config;
    int code = sch_clock_open(&server->clock, &config->clock, error);
    if (code != SCH_OK)
        return code;
    server->book = sch_book_load(&config->book, NULL, sch_clock_civil_ms(server->clock), error);
    if (server->book == NULL)
        return (int)error->code;
    code = open_store(server, error);
    if (code == SCH_OK)
        code = open_net(server, error);
    if (code == SCH_OK)
        code = open_turn(server, error);
    if (code == SCH_OK)
        code = open_edges(server, error);
    return code;
}

static void close_all(struct server *server)
{
    atomic_store(&to_wake, NULL);
    sch_control_close(server->control);
    sch_http_close(server->http);
    if (server->board_open)
        sch_board_close(&server->board);
    if (server->turn != NULL)
        sch_turn_close(server->turn);
    sch_net_close(server->net);
    sch_store_close(server->store);
    sch_book_free(server->book);
    sch_clock_close(server->clock);
}

/* What an operator wants to see first. */
static void say_started(struct server *server)
{
    struct sch_space space = { 0 };
    sch_store_space(server->store, &space);
    sch_log(SCH_LOG_INFO, "STORE", "the store is open",
            "schema=%d used=%llu available=%llu map=%llu path=\"%s\"", SCH_RECORD_SCHEMA,
            (unsigned long long)space.used, (unsigned long long)space.available,
            (unsigned long long)space.map, server->config->store);
    note_book(server);
    if (server->config->clock.rate > 1)
        sch_log(SCH_LOG_WARNING, "FAST_CLOCK", "civil time runs fast: development only", "rate=%u",
                server->config->clock.rate);
    if (!server->config->verify_signatures)
        sch_log_plain(SCH_LOG_WARNING, "UNVERIFIED",
                      "signatures are not checked at the door; recipients check them");
    if (server->http != NULL)
        sch_log(SCH_LOG_INFO, "HTTP", "health and metrics are served", "address=http://%s%s%s:%u",
                strchr(server->config->http_host, ':') != NULL ? "[" : "", server->config->http_host,
                strchr(server->config->http_host, ':') != NULL ? "]" : "", sch_http_port(server->http));
    for (size_t i = 0; sch_net_endpoint(server->net, i) != NULL; i++)
        sch_log(SCH_LOG_INFO, "STARTED", "the broker takes messages", "address=%s version=%s wire=%d",
                sch_net_endpoint(server->net, i), SCH_VERSION, SCH_WIRE_MAX);
}

/* ---- reload ------------------------------------------------------------------------------------- */

/* The new book stands before the old one goes. On failure nothing has changed. */
static int swap_book(struct server *server, struct sch_config *fresh, sch_error *error)
{
    struct sch_book *book =
        sch_book_load(&fresh->book, server->book, sch_clock_civil_ms(server->clock), error);
    if (book == NULL)
        return (int)error->code;
    struct sch_book *former = server->book;
    sch_turn_reload(server->turn, book);
    sch_net_set_book(server->net, book);
    server->book = book;
    server->config->book = fresh->book;
    server->config->log_format = fresh->log_format;
    server->config->log_level = fresh->log_level;
    sch_log_open(2, fresh->log_level, fresh->log_format);
    sch_book_free(former);
    return SCH_OK;
}

static int reload(struct server *server, sch_error *error)
{
    struct sch_config *fresh = calloc(1, sizeof *fresh);
    if (fresh == NULL)
        return sch_fail(error, SCH_E_NO_MEMORY, "no memory to reload");
    int code = sch_config_load(fresh, server->config->path, NULL, NULL, error);
    if (code == SCH_OK)
        code = swap_book(server, fresh, error);
    const char *fixed = code == SCH_OK ? sch_config_fixed(server->config, fresh) : NULL;
    sch_config_close(fresh);
    free(fresh);

    server->metrics.reloads++;
    server->metrics.reloads_failed += code != SCH_OK;
    server->metrics.reload_ok = code == SCH_OK;
    if (code != SCH_OK) {
        sch_log(SCH_LOG_ERROR, "RELOAD_FAILED", "the old configuration stays in use", "why=\"%s\"",
                error->text);
        return code;
    }
    sch_log_plain(SCH_LOG_INFO, "RELOADED", "configuration, directories, norms and permits were read anew");
    if (fixed != NULL)
        sch_log(SCH_LOG_WARNING, "RESTART_NEEDED", "a change takes effect with the next start", "key=\"%s\"",
                fixed);
    note_book(server);
    return SCH_OK;
}

/* ---- the last backup ----------------------------------------------------------------------------- */

/* Kept in the store, or every restart would look like a broker that was never backed up. STORE.md, "META". */
static struct sch_record_key backup_key(void)
{
    return sch_record_key_meta("backup");
}

static void read_backup_time(struct server *server)
{
    uint8_t value[8] = { 0 };
    size_t size = 0;
    struct sch_record_key key = backup_key();
    if (sch_store_get(server->store, SCH_TABLE_META, sch_record_key_bytes(&key), value, sizeof value,
                      &size) != SCH_STORE_OK ||
        size != sizeof value)
        return;
    for (size_t i = 0; i < sizeof value; i++)
        server->metrics.backup_last_ms = server->metrics.backup_last_ms << 8 | value[i];
}

static void note_backup(struct server *server)
{
    uint8_t value[8];
    struct sch_record_key key = backup_key();
    uint64_t at_ms = (uint64_t)sch_clock_civil_ms(server->clock);
    server->metrics.backup_last_ms = at_ms;
    for (size_t i = 0; i < sizeof value; i++)
        value[i] = (uint8_t)(at_ms >> (56 - 8 * i));
    const struct sch_op op = { .table = SCH_TABLE_META, .key = sch_record_key_bytes(&key),
                               .value = { value, sizeof value }, .expected = SCH_STORE_ANY };
    if (sch_store_apply(server->store, &op, 1) != SCH_STORE_OK)
        sch_log_plain(SCH_LOG_WARNING, "BACKUP_NOT_NOTED",
                      "the time of the backup is forgotten at a restart");
}

/* Backups run on the thread of the control socket; what came of them is looked at here. */
static void look_at_backups(struct server *server)
{
    uint64_t made;
    sch_control_backups(server->control, &made, &server->metrics.backups_failed);
    if (made != server->metrics.backups)
        note_backup(server);
    server->metrics.backups = made;
}

/* ---- between two turns --------------------------------------------------------------------------- */

static void begin_drain(struct server *server)
{
    sch_log_plain(SCH_LOG_INFO, "DRAINING", "no more submissions are taken; what is leased may be settled");
    sd_notify(0, "STOPPING=1\nSTATUS=draining");
    sch_turn_drain(server->turn);
    server->drain_until_ms = sch_clock_mono_ms(server->clock) + SCH_SERVE_DRAIN_MS;
    server->wait_ms = DRAIN_WAIT_MS;
}

static void answer_status(struct server *server)
{
    const struct sch_metrics *m = &server->metrics;
    char text[1024 + PATH_MAX], norms[PATH_MAX];
    /* Whoever asks has another working directory. */
    const char *norms_path = server->config->book.norms_path;
    norms_path = realpath(norms_path, norms) != NULL ? norms : norms_path;
    snprintf(text, sizeof text,
             "version %s\nschema %d\nnow %lld\nstarted %llu\nserving %s\nfiring %s\n"
             "sessions %llu\nmailboxes_attached %llu\n"
             "dossiers %llu\nmessages %llu\nqueue_ready %llu\nqueue_inflight %llu\nqueue_deferred %llu\n"
             "store_used_bytes %llu\nstore_available_bytes %llu\nstore_map_bytes %llu\nstore_full %llu\n"
             "store_failed %llu\nbackup_last %llu\nbackups_failed %llu\nnorms %s\n",
             SCH_VERSION, SCH_RECORD_SCHEMA, (long long)sch_clock_civil_ms(server->clock), ULL(m->started_ms),
             m->draining ? "draining" : "yes", m->held ? "held: scharnierd confirm-time" : "yes",
             ULL(m->sessions), ULL(m->attached_mailboxes), ULL(m->dossiers), ULL(m->messages),
             ULL(m->queue_ready), ULL(m->queue_inflight), ULL(m->queue_deferred), ULL(m->store_used_bytes),
             ULL(m->store_available_bytes), ULL(m->store_map_bytes), ULL(m->full), ULL(m->store_failed),
             ULL(m->backup_last_ms), ULL(m->backups_failed), norms_path);
    sch_control_answer(server->control, text, NULL);
}

static void answer_queue(struct server *server, enum sch_control_request request, const char *argument)
{
    sch_error error = SCH_ERROR_INIT;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    int code = out == NULL ? sch_fail(&error, SCH_E_NO_MEMORY, "no memory for the answer")
                           : sch_turn_queue(server->turn, request, argument, out, &error);
    if (out != NULL && fclose(out) != 0 && code == SCH_OK)
        code = sch_fail(&error, SCH_E_NO_MEMORY, "no memory for the answer");
    if (code == SCH_OK && (request == SCH_CONTROL_QUEUE_HOLD || request == SCH_CONTROL_QUEUE_RELEASE))
        sch_log(SCH_LOG_WARNING, request == SCH_CONTROL_QUEUE_HOLD ? "MAILBOX_HELD" : "MAILBOX_RELEASED",
                request == SCH_CONTROL_QUEUE_HOLD
                    ? "nothing is offered from a mailbox until an operator releases it"
                    : "a mailbox is offered again",
                "mailbox=%s", argument);
    sch_control_answer(server->control, code == SCH_OK ? text : "", code == SCH_OK ? NULL : &error);
    free(text);
}

static void answer_control(struct server *server)
{
    sch_error error = SCH_ERROR_INIT;
    char argument[SCH_CONTROL_LINE_MAX + 1] = "";
    enum sch_control_request request = sch_control_take(server->control, argument);
    switch (request) {
    case SCH_CONTROL_NOTHING:
        return;
    case SCH_CONTROL_CONFIRM_TIME:
        sch_turn_confirm_time(server->turn);
        sch_log_plain(SCH_LOG_WARNING, "TIME_CONFIRMED", "an operator confirmed the time; firing goes on");
        sch_control_answer(server->control, "", NULL);
        return;
    case SCH_CONTROL_RELOAD: {
        int code = reload(server, &error);
        sch_control_answer(server->control, "", code == SCH_OK ? NULL : &error);
        return;
    }
    case SCH_CONTROL_STATUS:
        answer_status(server);
        return;
    case SCH_CONTROL_QUEUE_LS:
    case SCH_CONTROL_QUEUE_PEEK:
    case SCH_CONTROL_QUEUE_RETRY:
    case SCH_CONTROL_QUEUE_HOLD:
    case SCH_CONTROL_QUEUE_RELEASE:
        answer_queue(server, request, argument);
        return;
    }
}

/* Held firing is said loudly: at once, and each minute. */
static void look_at_time(struct server *server, int64_t now_ms)
{
    bool held = sch_turn_is_held(server->turn);
    if (held && server->metrics.held == 0)
        server->metrics.held_since_ms = (uint64_t)sch_clock_civil_ms(server->clock);
    if (held && (server->metrics.held == 0 || now_ms >= server->held_said_at_ms)) {
        sch_log(SCH_LOG_ERROR, "FIRING_HELD",
                "the clock jumped: no deadline fires until an operator confirms it",
                "try=\"scharnierd --config %s confirm-time\"", server->config->path);
        server->held_said_at_ms = now_ms + HELD_SAID_MS;
    }
    server->metrics.held = held;
    if (!held) {
        server->metrics.held_since_ms = 0;
        server->held_said_at_ms = 0;
    }
}

static void publish(struct server *server, int64_t now_ms)
{
    struct sch_metrics *m = &server->metrics;
    struct sch_net_counters net;
    sch_net_count(server->net, &net);
    m->net_strangers = net.strangers;
    m->net_dropped = net.dropped;
    m->net_surplus_frames = net.surplus_frames;
    if (now_ms >= server->space_at_ms) {
        struct sch_space space = { 0 };
        sch_store_space(server->store, &space);
        m->store_used_bytes = space.used;
        m->store_available_bytes = space.available;
        m->store_map_bytes = space.map;
        server->space_at_ms = now_ms + WAIT_MAX_MS;
    }
    sch_metrics_publish(&server->board, m, now_ms);
}

/* The watchdog is fed here, by the loop that delivers, and by nothing else. */
static void notify(struct server *server, int64_t now_ms)
{
    const struct sch_metrics *m = &server->metrics;
    if (now_ms < server->status_at_ms)
        return;
    server->status_at_ms = now_ms + (server->wait_ms < STATUS_MS ? server->wait_ms : STATUS_MS);
    sd_notifyf(0, "WATCHDOG=1\nSTATUS=%s%llu sessions, %llu messages wait, %llu leased",
               server->drain_until_ms > 0 ? "draining: " : "", (unsigned long long)m->sessions,
               (unsigned long long)m->queue_ready, (unsigned long long)m->queue_inflight);
}

/* Returns false when it is time to go. */
static bool between_turns(struct server *server)
{
    int64_t now_ms = sch_clock_mono_ms(server->clock);
    if (reloads) {
        sch_error error = SCH_ERROR_INIT;
        reloads = 0;
        (void)reload(server, &error);   /* said in the log, counted in the metrics */
    }
    if (stops > 0 && server->drain_until_ms == 0)
        begin_drain(server);
    look_at_backups(server);
    answer_control(server);
    look_at_time(server, now_ms);
    publish(server, now_ms);
    notify(server, now_ms);
    if (stops > 1)
        return false;
    if (server->drain_until_ms == 0)
        return true;
    return !sch_turn_is_drained(server->turn) && now_ms < server->drain_until_ms;
}

/* ---- the loop ----------------------------------------------------------------------------------- */

static int loop(struct server *server, sch_error *error)
{
    uint64_t watchdog_us = 0;
    server->wait_ms = WAIT_MAX_MS;
    if (sd_watchdog_enabled(0, &watchdog_us) > 0 && watchdog_us / 3000 < WAIT_MAX_MS)
        server->wait_ms = (int64_t)(watchdog_us / 3000);
    while (between_turns(server)) {
        int code = sch_turn_run(server->turn, server->wait_ms, error);
        if (code != SCH_OK)
            return code;
    }
    return SCH_OK;
}

int sch_serve(struct sch_config *config)
{
    sch_error error = SCH_ERROR_INIT;
    struct server *server = calloc(1, sizeof *server);
    if (server == NULL) {
        sch_fail(&error, SCH_E_NO_MEMORY, "no memory for the broker");
        return sch_perror(&error);
    }
    server->config = config;
    sch_log_open(2, config->log_level, config->log_format);
    raise_file_limit();
    int code = open_all(server, &error);
    if (code == SCH_OK) {
        server->metrics.reload_ok = 1;
        server->metrics.started_ms = (uint64_t)sch_clock_civil_ms(server->clock);
        read_backup_time(server);
        catch_signals(server->net);
        say_started(server);
        sd_notify(0, "READY=1");
        code = loop(server, &error);
        sch_log_plain(code == SCH_OK ? SCH_LOG_INFO : SCH_LOG_ERROR, "STOPPED",
                      code == SCH_OK ? "the broker stopped" : "the broker cannot go on");
    }
    close_all(server);
    free(server);
    return code == SCH_OK ? 0 : sch_perror(&error);
}
