/*
 * turn.c: gather, load, step, apply, send. broker/DESIGN.md, "The turn".
 *
 * What a peer asks is an item. Gathering decodes it and does what concerns sessions only; stepping changes
 * the working set and may be done again; applying makes it durable; only then is anything said to anyone.
 * A batch that the store cannot take is tried item by item, so that one poisonous message holds up no other.
 */
#include "turn.h"

#include <stdlib.h>
#include <string.h>

#include "shell/log.h"
#include "shell/offer.h"
#include "shell/queue.h"
#include "turn_own.h"

#define ARENA_SIZE (8u << 20)
#define CONFLICTS_MAX 3
#define SPACE_LOOK_MS 100
#define UNREAD_MAX_MS 10000             /* a store that cannot be read for so long does not recover by itself */
#define RETRY_MS 100                    /* after a failed commit: timers wait so long, lest they spin on it */

/* ---- opening ------------------------------------------------------------------------------------ */

/* Something of the broker's own for the audit of the next turn; the same thing once more says nothing new. */
static void note(struct sch_turn *turn, enum sch_trace_event event)
{
    if (turn->note_count < SCH_TURN_NOTES_MAX)
        turn->note[turn->note_count++] = event;
}

int sch_turn_open(struct sch_turn **out, const struct sch_turn_options *options, sch_error *error)
{
    struct sch_turn *turn = calloc(1, sizeof *turn);
    int code = SCH_E_NO_MEMORY;

    if (turn == NULL)
        return sch_fail(error, SCH_E_NO_MEMORY, "the turn");
    turn->options = *options;
    turn->book = options->book;
    turn->items = malloc(SCH_TURN_ITEMS_MAX * sizeof *turn->items);
    turn->out = (struct sch_reply_out){ .net = options->net, .metrics = options->metrics, .arena = &turn->arena,
                                        .buffer = malloc(SCH_REPLY_SIZE_MAX), .buffer_size = SCH_REPLY_SIZE_MAX };
    if (turn->items == NULL || turn->out.buffer == NULL || sch_arena_init(&turn->arena, ARENA_SIZE) != SCH_OK ||
        sch_sessions_open(&turn->sessions) != SCH_OK) {
        sch_turn_close(turn);
        return sch_fail(error, SCH_E_NO_MEMORY, "the turn");
    }
    code = sch_work_open(&turn->work, options->store, options->metrics, error);
    if (code == SCH_OK)
        code = sch_reader_open(&turn->reader, options->store, options->net, error);
    if (code != SCH_OK) {
        sch_turn_close(turn);
        return code;
    }
    turn->mono_ms = sch_clock_mono_ms(options->clock);
    turn->space_looked_ms = INT64_MIN;
    sch_watch_start(&turn->watch, sch_clock_civil_ms(options->clock), turn->mono_ms,
                    sch_clock_rate(options->clock), sch_work_civil_ms(turn->work));
    turn->started_ms = turn->now_ms = turn->watch.now_ms;
    code = sch_queue_load(&(struct sch_queue){ .store = options->store, .sessions = turn->sessions }, error);
    if (code != SCH_OK) {
        sch_turn_close(turn);
        return code;
    }
    code = sch_upload_watch_start(&turn->uploads, options->store, options->metrics);
    if (code != SCH_OK) {
        sch_turn_close(turn);
        return sch_fail(error, (enum sch_error_code)code, "the store's uploads");
    }
    note(turn, SCH_TRACE_STARTED);
    *out = turn;
    return SCH_OK;
}

void sch_turn_close(struct sch_turn *turn)
{
    if (turn == NULL)
        return;
    sch_reader_close(turn->reader);
    sch_work_close(turn->work);
    sch_sessions_close(turn->sessions);
    sch_arena_close(&turn->arena);
    free(turn->out.buffer);
    free(turn->items);
    free(turn);
}

/* A key id that names another key from now on: whoever was welcomed under it proved something else. */
static void end_replaced(struct sch_turn *turn, const struct sch_book *book)
{
    for (size_t i = 0; i < turn->book->directory_count; i++)
        for (size_t k = 0; k < turn->book->directory[i]->key_count; k++) {
            const struct sch_key *before = &turn->book->directory[i]->keys[k];
            const struct sch_key *now = before->use == SCH_KEY_TRANSPORT ? sch_book_key(book, before->id) : NULL;

            if (now != NULL && memcmp(now->public_key, before->public_key, sizeof now->public_key) != 0)
                sch_sessions_end_all(turn->sessions, before->id);
        }
}

void sch_turn_reload(struct sch_turn *turn, const struct sch_book *book)
{
    end_replaced(turn, book);
    turn->book = book;
    note(turn, SCH_TRACE_RELOADED);
}

void sch_turn_drain(struct sch_turn *turn)
{
    if (!turn->draining)
        note(turn, SCH_TRACE_STOPPED);
    turn->draining = true;
    turn->options.metrics->draining = 1;
}

bool sch_turn_is_drained(const struct sch_turn *turn)
{
    return turn->draining && turn->note_count == 0 && sch_sessions_count(turn->sessions).leased == 0 &&
           sch_reader_pending(turn->reader) == 0;
}

bool sch_turn_is_held(const struct sch_turn *turn)
{
    return turn->watch.held;
}

void sch_turn_confirm_time(struct sch_turn *turn)
{
    sch_watch_confirm(&turn->watch, sch_clock_civil_ms(turn->options.clock), sch_clock_mono_ms(turn->options.clock));
    turn->confirmed_ms = turn->watch.civil_ms;
}

int sch_turn_queue(struct sch_turn *turn, enum sch_control_request request, const char *argument, FILE *out,
                   sch_error *error)
{
    const struct sch_queue queue = { .store = turn->options.store, .sessions = turn->sessions,
                                     .mono_ms = sch_clock_mono_ms(turn->options.clock) };

    turn->sessions_next_ms = 0;         /* what is let go is offered by the next turn, which must not sleep */
    if (request == SCH_CONTROL_QUEUE_PEEK)
        note(turn, SCH_TRACE_READ);
    switch (request) {
    case SCH_CONTROL_QUEUE_LS: return sch_queue_ls(&queue, argument, out, error);
    case SCH_CONTROL_QUEUE_PEEK: return sch_queue_peek(&queue, argument, out, error);
    case SCH_CONTROL_QUEUE_RETRY: return sch_queue_retry(&queue, argument, out, error);
    case SCH_CONTROL_QUEUE_HOLD: return sch_queue_hold(&queue, argument, true, error);
    case SCH_CONTROL_QUEUE_RELEASE: return sch_queue_hold(&queue, argument, false, error);
    default: return sch_fail(error, SCH_E_USAGE, "no request about mailboxes");
    }
}

/* ---- time and room ------------------------------------------------------------------------------ */

static void read_clock(struct sch_turn *turn)
{
    turn->mono_ms = sch_clock_mono_ms(turn->options.clock);
    turn->now_ms = sch_watch_now(&turn->watch, sch_clock_civil_ms(turn->options.clock), turn->mono_ms);
}

/* IO: the store could not be read for so long that it will not be any more. */
static int look_at_space(struct sch_turn *turn, sch_error *error)
{
    struct sch_metrics *metrics = turn->options.metrics;
    struct sch_space space;
    bool full;

    if (turn->space_looked_ms != INT64_MIN && turn->mono_ms < turn->space_looked_ms + SPACE_LOOK_MS)
        return SCH_OK;
    turn->space_looked_ms = turn->mono_ms;
    sch_store_space(turn->options.store, &space);
    if (space.map == 0) {               /* says nothing about room; and a turn without changes would not notice */
        if (turn->unread_ms == 0)
            turn->unread_ms = turn->mono_ms;
        return turn->mono_ms - turn->unread_ms < UNREAD_MAX_MS ? SCH_OK
                                                                : sch_fail(error, SCH_E_IO, "the store cannot be read");
    }
    turn->unread_ms = 0;
    full = space.available < turn->options.reserve_bytes;
    if (full != turn->full)
        sch_log(full ? SCH_LOG_ERROR : SCH_LOG_INFO, full ? "STORE_FULL" : "STORE_ROOM",
                full ? "short of room: new referrals are refused, feedback passes"
                     : "there is room again: new referrals are taken",
                "available_bytes=%llu", (unsigned long long)space.available);
    turn->full = full;
    metrics->full = full;
    metrics->store_used_bytes = space.used;
    metrics->store_available_bytes = space.available;
    metrics->store_map_bytes = space.map;
    metrics->dossiers = space.rows[SCH_TABLE_DOSSIER];
    metrics->messages = space.rows[SCH_TABLE_MESSAGE];
    metrics->uploads = space.rows[SCH_TABLE_UPLOAD];
    turn->waiting = space.rows[SCH_TABLE_MAILBOX];
    return SCH_OK;
}

/* ---- apply -------------------------------------------------------------------------------------- */

/* Steps a range of items and makes it durable; then, and only then, answers. */
static enum sch_store_result attempt(struct sch_turn *turn, size_t first, size_t count)
{
    struct sch_metrics *metrics = turn->options.metrics;
    enum sch_store_result result = SCH_STORE_CONFLICT;
    int64_t begun_ms;

    for (int tries = 0; tries < CONFLICTS_MAX && result == SCH_STORE_CONFLICT; tries++) {
        metrics->conflicts += tries > 0;
        sch_turn_step(turn, first, count);
        if (!sch_work_failed(turn->work) && !sch_work_is_dirty(turn->work)) {
            sch_work_pass(turn->work);
            sch_turn_send(turn, first, count);
            return SCH_STORE_OK;
        }
        begun_ms = sch_clock_mono_ms(turn->options.clock);
        result = sch_work_commit(turn->work);
        if (result == SCH_STORE_OK)
            sch_metrics_commit(metrics, sch_clock_mono_ms(turn->options.clock) - begun_ms, count);
    }
    metrics->store_failed = result != SCH_STORE_OK;
    if (result == SCH_STORE_OK)
        sch_turn_send(turn, first, count);
    return result;
}

/* An item that fails even alone is refused, so that it cannot hold up the others; nothing of it is stored. */
static void give_up(struct sch_turn *turn, struct sch_item *item, enum sch_store_result result)
{
    bool full = result == SCH_STORE_FULL;
    bool submits = item->type == SCH_ITEM_SUBMIT || item->type == SCH_ITEM_PART;
    const struct sch_id *message = item->type == SCH_ITEM_SUBMIT ? &item->submission.header.id : &item->settle.message;
    enum sch_error_code code = !full                        ? SCH_E_BROKER_INTERNAL
                               : submits                    ? SCH_E_STORE_FULL
                                                           : SCH_E_BROKER_BUSY;

    turn->options.metrics->commits_full += full;
    turn->options.metrics->poison += !full;
    sch_metrics_rejected(turn->options.metrics, code);
    sch_log(SCH_LOG_ERROR, full ? "NO_ROOM" : "POISON", "a message could not be handled and was refused alone",
            "key_id=%s store_result=%d", item->actor.key_id, (int)result);
    if (item->type == SCH_ITEM_DUE)
        sch_turn_defer(turn, item->due_ms, &item->due);
    else if (item->type == SCH_ITEM_NOTE)
        note(turn, item->note);
    else if (item->type == SCH_ITEM_DROP)
        sch_upload_watch_defer(&turn->uploads, turn->now_ms + SCH_UPLOAD_RETRY_MS);
    else
        sch_reply_reject(&turn->out, &item->peer, item->request, code, NULL, message);
}

/* A failed commit may or may not have happened: nothing is said to anybody, and the peers ask again. */
static int start_over(struct sch_turn *turn, sch_error *error)
{
    turn->options.metrics->commits_unknown++;
    sch_log(SCH_LOG_ERROR, "COMMIT_UNKNOWN", "a commit failed; the store was reopened and nobody was answered",
            "events=%zu", turn->item_count);
    for (size_t i = 0; i < turn->item_count; i++)
        if (turn->items[i].type == SCH_ITEM_NOTE)
            note(turn, turn->items[i].note);
    sch_sessions_rescan(turn->sessions);
    if (sch_work_reload(turn->work) != SCH_OK ||
        sch_upload_watch_start(&turn->uploads, turn->options.store, turn->options.metrics) != SCH_OK)
        return sch_fail(error, SCH_E_STORE_DAMAGED, "the store's counters or uploads after a failed commit");
    return SCH_OK;
}

static int apply(struct sch_turn *turn, sch_error *error)
{
    enum sch_store_result result = attempt(turn, 0, turn->item_count);
    bool no_room = false;

    if (result == SCH_STORE_OK)
        return SCH_OK;
    turn->retry_ms = turn->mono_ms + RETRY_MS;
    if (result == SCH_STORE_UNKNOWN)
        return start_over(turn, error);
    if (result == SCH_STORE_FATAL)
        return sch_fail(error, SCH_E_IO, "the store cannot go on");
    turn->options.metrics->isolated++;
    for (size_t i = 0; i < turn->item_count; i++) {
        if (no_room && turn->items[i].type == SCH_ITEM_DUE) {
            sch_turn_defer(turn, turn->items[i].due_ms, &turn->items[i].due);
            continue;                   /* what one could not write, the others cannot: once is enough */
        }
        result = attempt(turn, i, 1);
        if (result == SCH_STORE_UNKNOWN)
            return start_over(turn, error);
        if (result == SCH_STORE_FATAL)
            return sch_fail(error, SCH_E_IO, "the store cannot go on");
        if (result != SCH_STORE_OK)
            give_up(turn, &turn->items[i], result);
        no_room = no_room || result == SCH_STORE_FULL;
    }
    return SCH_OK;
}

/* ---- the turn ----------------------------------------------------------------------------------- */

static int64_t wait_ms(struct sch_turn *turn, int64_t max_wait_ms)
{
    uint32_t rate = sch_clock_rate(turn->options.clock);
    int64_t next_ms = turn->watch.held ? INT64_MAX : sch_turn_next_due(turn);
    int64_t audit_ms = sch_work_next_ms(turn->work);
    int64_t wait = INT64_MAX;

    if (turn->work_left && turn->mono_ms >= turn->retry_ms)
        return 0;
    if (audit_ms < next_ms)
        next_ms = audit_ms;
    if (!turn->watch.held && turn->uploads.next_ms < next_ms)
        next_ms = turn->uploads.next_ms;
    if (next_ms != INT64_MAX)           /* civil to monotonic, rounded up: never early, never a busy loop */
        wait = next_ms <= turn->now_ms ? 0 : (next_ms - turn->now_ms + rate - 1) / rate;
    if (wait < turn->retry_ms - turn->mono_ms)
        wait = turn->retry_ms - turn->mono_ms;
    if (turn->sessions_next_ms != INT64_MAX && turn->sessions_next_ms - turn->mono_ms < wait)
        wait = turn->sessions_next_ms > turn->mono_ms ? turn->sessions_next_ms - turn->mono_ms : 0;
    if (max_wait_ms >= 0 && max_wait_ms < wait)
        wait = max_wait_ms;
    return wait == INT64_MAX ? -1 : wait;
}

static void offer(struct sch_turn *turn)
{
    struct sch_offer offer = { .store = turn->options.store, .sessions = turn->sessions, .out = &turn->out,
                               .book = turn->book, .now_ms = turn->now_ms,
                               .arena = &turn->arena, .first_sequence = sch_work_first_sequence(turn->work),
                               .mono_ms = turn->mono_ms };

    if (!turn->draining)
        turn->work_left = sch_offer_run(&offer) || turn->work_left;
}

static void count_sessions(struct sch_turn *turn)
{
    struct sch_session_counts counts = sch_sessions_count(turn->sessions);
    struct sch_metrics *metrics = turn->options.metrics;
    uint64_t busy = counts.leased + counts.backing_off;

    metrics->sessions = counts.sessions;
    metrics->attached_mailboxes = counts.mailboxes;
    metrics->queue_inflight = counts.leased;
    metrics->queue_deferred = counts.backing_off;
    metrics->queue_ready = turn->waiting > busy ? turn->waiting - busy : 0;
    metrics->leases_expired = counts.expired;
    metrics->turns++;
}

int sch_turn_run(struct sch_turn *turn, int64_t max_wait_ms, sch_error *error)
{
    int code;

    read_clock(turn);
    sch_net_wait(turn->options.net, wait_ms(turn, max_wait_ms));
    read_clock(turn);
    code = look_at_space(turn, error);
    if (code != SCH_OK)
        return code;
    sch_turn_gather(turn);
    code = apply(turn, error);
    sch_net_release(turn->options.net);
    if (code != SCH_OK)
        return code;
    sch_turn_send_pages(turn);
    offer(turn);
    turn->sessions_next_ms = sch_sessions_expire(turn->sessions, turn->mono_ms);
    count_sessions(turn);
    return SCH_OK;
}
