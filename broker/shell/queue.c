/*
 * queue.c: scans of the mailbox table, each of a bounded number of rows, and the holds of the session table.
 */
#include "queue.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "id.h"
#include "names.h"
#include "record.h"

#define ROWS_MAX 100000                 /* looked at for one page of the list */
#define HELD_NAME "held"                /* META: the addresses that are held back, each with a newline */
#define HELD_SIZE (SCH_QUEUE_HELD_MAX * (SCH_ADDRESS_MAX + 1))

/* ---- what is held back --------------------------------------------------------------------------- */

static int read_held(const struct sch_queue *queue, char text[HELD_SIZE + 1], sch_error *error)
{
    struct sch_record_key key = sch_record_key_meta(HELD_NAME);
    size_t size = 0;
    enum sch_store_result result = sch_store_get(queue->store, SCH_TABLE_META, sch_record_key_bytes(&key),
                                                 (uint8_t *)text, HELD_SIZE, &size);

    text[result == SCH_STORE_OK ? size : 0] = '\0';
    if (result == SCH_STORE_NONE)
        return SCH_OK;
    if (result != SCH_STORE_OK)
        return sch_fail(error, SCH_E_STORE_DAMAGED, "the mailboxes that are held back");
    return SCH_OK;
}

static int write_held(const struct sch_queue *queue, const char *text, sch_error *error)
{
    struct sch_record_key key = sch_record_key_meta(HELD_NAME);
    const struct sch_op op = { .table = SCH_TABLE_META, .erase = text[0] == '\0',
                               .key = sch_record_key_bytes(&key),
                               .value = { (const uint8_t *)text, strlen(text) }, .expected = SCH_STORE_ANY };

    if (sch_store_apply(queue->store, &op, 1) != SCH_STORE_OK)
        return sch_fail(error, SCH_E_IO, "the store did not take it; ask again");
    return SCH_OK;
}

/* The next line of text as an address; false at the end, or when it is none. */
static bool next_held(const char **text, struct sch_address *address)
{
    char line[SCH_ADDRESS_MAX + 1];
    size_t size = strcspn(*text, "\n");

    if (size == 0 || size > SCH_ADDRESS_MAX || (*text)[size] != '\n')
        return false;
    memcpy(line, *text, size);
    line[size] = '\0';
    *text += size + 1;
    return sch_address_set(address, line);
}

int sch_queue_load(const struct sch_queue *queue, sch_error *error)
{
    char text[HELD_SIZE + 1];
    const char *rest = text;
    struct sch_address address;
    int code = read_held(queue, text, error);

    while (code == SCH_OK && next_held(&rest, &address))
        if (sch_sessions_hold_back(queue->sessions, &address, true) != SCH_OK)
            code = sch_fail(error, SCH_E_NO_MEMORY, "a mailbox that is held back");
    if (code == SCH_OK && rest[0] != '\0')
        code = sch_fail(error, SCH_E_STORE_DAMAGED, "the mailboxes that are held back");
    return code;
}

static int take_mailbox(const char *text, struct sch_address *mailbox, sch_error *error)
{
    if (sch_address_set(mailbox, text))
        return SCH_OK;
    return sch_fail(error, SCH_E_USAGE, "\"%.80s\" is no address, such as agb:06290713/angst", text);
}

int sch_queue_hold(const struct sch_queue *queue, const char *mailbox, bool held_back, sch_error *error)
{
    char text[HELD_SIZE + 1], kept[HELD_SIZE + 1] = "";
    const char *rest = text;
    struct sch_address address, other;
    size_t used = 0, count = 0;
    int code = take_mailbox(mailbox, &address, error);

    if (code == SCH_OK)
        code = read_held(queue, text, error);
    if (code != SCH_OK)
        return code;
    for (; next_held(&rest, &other); count++)
        if (strcmp(other.text, address.text) != 0)
            used += (size_t)snprintf(kept + used, sizeof kept - used, "%s\n", other.text);
    if (held_back && count == SCH_QUEUE_HELD_MAX)
        return sch_fail(error, SCH_E_BROKER_BUSY, "%d mailboxes are held back already", SCH_QUEUE_HELD_MAX);
    if (held_back)
        snprintf(kept + used, sizeof kept - used, "%s\n", address.text);
    code = write_held(queue, kept, error);
    /* Durable first: what is said to be held must be so after a power cut too. */
    if (code == SCH_OK && sch_sessions_hold_back(queue->sessions, &address, held_back) != SCH_OK)
        code = sch_fail(error, SCH_E_NO_MEMORY, "a mailbox to hold back");
    return code;
}

/* ---- the list ------------------------------------------------------------------------------------ */

struct counting {
    const struct sch_queue *queue;
    FILE *out;
    struct sch_address mailbox;         /* whose rows are being counted; empty: none yet */
    size_t count;
    int64_t oldest_ms;
    size_t rows;                        /* looked at in all */
    bool full;                          /* this mailbox has more than are counted */
    bool damaged;
};

struct held_counts {
    uint32_t mailbox;
    size_t leased, backing_off;
};

static void count_hold(void *context, struct sch_hold *hold)
{
    struct held_counts *counts = context;

    if (hold->mailbox != counts->mailbox)
        return;
    counts->leased += hold->state == SCH_HOLD_LEASED;
    counts->backing_off += hold->state == SCH_HOLD_BACKOFF;
}

static uint32_t index_of(const struct sch_queue *queue, const struct sch_mailbox *mailbox)
{
    return (uint32_t)(mailbox - sch_sessions_mailbox(queue->sessions, 0));
}

static void say_mailbox(const struct sch_queue *queue, const char *address, size_t count, int64_t oldest_ms,
                        FILE *out)
{
    const struct sch_mailbox *mailbox = sch_sessions_mailbox_of(queue->sessions, address);
    struct held_counts counts = { .mailbox = UINT32_MAX };

    if (mailbox != NULL) {
        counts.mailbox = index_of(queue, mailbox);
        sch_sessions_each_hold(queue->sessions, count_hold, &counts);
    }
    fprintf(out, "mailbox %s waiting %zu leased %zu backing-off %zu oldest %" PRId64 " held %s\n", address,
            count, counts.leased, counts.backing_off, oldest_ms,
            mailbox != NULL && mailbox->held_back ? "yes" : "no");
}

static void end_mailbox(struct counting *counting)
{
    if (counting->mailbox.text[0] != '\0')
        say_mailbox(counting->queue, counting->mailbox.text, counting->count, counting->oldest_ms,
                    counting->out);
    counting->count = 0;
    counting->full = false;
}

static bool count_row(void *context, struct sch_bytes key, struct sch_bytes value)
{
    struct counting *counting = context;
    struct sch_address mailbox;
    struct sch_mailbox_entry entry;

    if (sch_record_read_mailbox(key, &mailbox, NULL) != SCH_OK) {
        counting->damaged = true;
        return false;
    }
    if (strcmp(mailbox.text, counting->mailbox.text) != 0) {
        if (counting->rows >= ROWS_MAX)
            return false;
        end_mailbox(counting);
        counting->mailbox = mailbox;
        counting->oldest_ms = sch_record_mailbox_decode(value, &entry) == SCH_OK ? entry.stored_ms : 0;
    }
    counting->rows++;
    counting->count++;
    counting->full = counting->count == SCH_QUEUE_COUNT_MAX;
    return !counting->full;
}

/* The first key behind all rows of a mailbox: the byte behind its text is 0 in every one of them. */
static struct sch_record_key key_behind(const char *address)
{
    struct sch_record_key key = sch_record_prefix_text(address);

    key.bytes[key.size - 1] = 1;
    return key;
}

static bool note_row(void *context, struct sch_bytes key, struct sch_bytes value)
{
    (void)key;
    (void)value;
    *(bool *)context = true;
    return false;
}

/* Held back and empty: no row of the table would tell. */
static void say_empty(const struct sch_queue *queue, FILE *out)
{
    for (size_t i = 0; i < sch_sessions_mailbox_count(queue->sessions); i++) {
        const struct sch_mailbox *mailbox = sch_sessions_mailbox(queue->sessions, i);
        struct sch_record_key prefix = sch_record_prefix_text(mailbox->address.text);
        bool any = false;

        if (mailbox->held_back &&
            sch_store_scan(queue->store, SCH_TABLE_MAILBOX, sch_record_key_bytes(&prefix),
                           (struct sch_bytes){ 0 }, false, 1, note_row, &any) == SCH_STORE_OK &&
            !any)
            say_mailbox(queue, mailbox->address.text, 0, 0, out);
    }
}

int sch_queue_ls(const struct sch_queue *queue, const char *after, FILE *out, sch_error *error)
{
    struct counting counting = { .queue = queue, .out = out };
    struct sch_record_key from = { .size = 0 };
    struct sch_address first;
    bool more = true;

    if (after != NULL && after[0] != '\0') {
        if (take_mailbox(after, &first, error) != SCH_OK)
            return SCH_E_USAGE;
        from = key_behind(first.text);
    } else {
        say_empty(queue, out);
    }
    while (more) {
        if (sch_store_scan(queue->store, SCH_TABLE_MAILBOX, (struct sch_bytes){ 0 },
                           sch_record_key_bytes(&from), false, SIZE_MAX, count_row,
                           &counting) != SCH_STORE_OK ||
            counting.damaged)
            return sch_fail(error, SCH_E_STORE_DAMAGED, "a row of a mailbox cannot be read from the store");
        more = counting.full && counting.rows < ROWS_MAX;
        if (counting.full)
            from = key_behind(counting.mailbox.text);
        if (more) {
            end_mailbox(&counting);
            counting.mailbox.text[0] = '\0';
        }
    }
    end_mailbox(&counting);
    if (counting.rows >= ROWS_MAX)
        fprintf(out, "more %s\n", counting.mailbox.text);
    return SCH_OK;
}

/* ---- one mailbox --------------------------------------------------------------------------------- */

struct peeking {
    const struct sch_queue *queue;
    struct sch_mailbox *mailbox;        /* NULL: nobody was attached since the start */
    FILE *out;
    bool damaged;
};

static bool say_message(void *context, struct sch_bytes key, struct sch_bytes value)
{
    static const char *const states[] = { "waiting", "leased", "backing-off" };
    struct peeking *peeking = context;
    struct sch_mailbox_entry entry;
    uint64_t sequence = 0;
    char id[SCH_ID_TEXT_SIZE], kenmerk[SCH_KENMERK_SIZE + 1];
    const struct sch_hold *hold = NULL;

    if (sch_record_read_mailbox(key, NULL, &sequence) != SCH_OK ||
        sch_record_mailbox_decode(value, &entry) != SCH_OK) {
        peeking->damaged = true;
        return false;
    }
    if (peeking->mailbox != NULL)
        hold = sch_sessions_hold(peeking->queue->sessions, peeking->mailbox, &entry.dossier, &entry.message);
    sch_id_text(&entry.message, id);
    sch_kenmerk_text(entry.kenmerk, kenmerk);
    fprintf(peeking->out,
            "message %s kenmerk %s kind %s sender %s stored %" PRId64 " size %u sequence %" PRIu64
            " state %s tries %u until-ms %" PRId64 "\n",
            id, kenmerk, sch_code_name(SCH_SET_KIND, entry.kind),
            entry.sender.text[0] ? entry.sender.text : "broker", entry.stored_ms, entry.body_size, sequence,
            states[hold == NULL ? SCH_HOLD_OFFERED : hold->state], hold == NULL ? 0 : hold->retries,
            hold == NULL || hold->state == SCH_HOLD_OFFERED ? 0 : hold->until_ms - peeking->queue->mono_ms);
    return true;
}

int sch_queue_peek(const struct sch_queue *queue, const char *mailbox, FILE *out, sch_error *error)
{
    struct sch_address address;
    struct peeking peeking = { .queue = queue, .out = out };
    int code = take_mailbox(mailbox, &address, error);

    if (code != SCH_OK)
        return code;
    struct sch_record_key prefix = sch_record_prefix_text(address.text);
    peeking.mailbox = sch_sessions_mailbox_of(queue->sessions, address.text);
    if (sch_store_scan(queue->store, SCH_TABLE_MAILBOX, sch_record_key_bytes(&prefix),
                       (struct sch_bytes){ 0 }, false, SCH_QUEUE_PEEK_MAX, say_message,
                       &peeking) != SCH_STORE_OK ||
        peeking.damaged)
        return sch_fail(error, SCH_E_STORE_DAMAGED, "a row of a mailbox cannot be read from the store");
    return SCH_OK;
}

struct retrying {
    const struct sch_queue *queue;
    const struct sch_id *message;       /* NULL: every one of the mailbox */
    uint32_t mailbox;
    size_t count;
};

static void retry_hold(void *context, struct sch_hold *hold)
{
    struct retrying *retrying = context;
    bool wanted = retrying->message != NULL ? sch_id_equal(&hold->message, retrying->message)
                                            : hold->mailbox == retrying->mailbox;

    if (!wanted || hold->state != SCH_HOLD_BACKOFF)
        return;
    sch_sessions_release(retrying->queue->sessions, hold);
    retrying->count++;
}

int sch_queue_retry(const struct sch_queue *queue, const char *what, FILE *out, sch_error *error)
{
    struct retrying retrying = { .queue = queue, .mailbox = UINT32_MAX };
    struct sch_id id;
    struct sch_address address;

    if (sch_id_parse(what, &id)) {
        retrying.message = &id;
    } else {
        int code = take_mailbox(what, &address, error);
        const struct sch_mailbox *mailbox =
            code == SCH_OK ? sch_sessions_mailbox_of(queue->sessions, address.text) : NULL;
        if (code != SCH_OK)
            return code;
        if (mailbox != NULL)
            retrying.mailbox = index_of(queue, mailbox);
    }
    sch_sessions_each_hold(queue->sessions, retry_hold, &retrying);
    fprintf(out, "retried %zu\n", retrying.count);
    return SCH_OK;
}
