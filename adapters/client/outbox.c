/* outbox.c: see outbox.h. Must not know sockets. */
#include "outbox.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytes.h"
#include "id.h"
#include "seal.h"

#define RECORD_PENDING 'P'
#define RECORD_LARGE 'L'
#define RECORD_RECEIPT 'R'
#define RECORD_DROPPED 'X'

/* 'P': type, key size, sender size, id, after, three sizes; then key, sender, header, seal, body. */
#define PENDING_FIXED (3 + SCH_ID_SIZE + SCH_OUTBOX_AFTER_MAX * SCH_ID_SIZE + 12)
/* 'R': type, key hash, id, dossier, kenmerk, sequence, stored, warnings, when, the message's hash. */
#define RECEIPT_SIZE \
    (1 + SCH_INDEX_KEY_SIZE + 2 * SCH_ID_SIZE + SCH_KENMERK_SIZE + 8 + 8 + 4 + 8 + SCH_HASH_SIZE)
#define OLD_RECEIPT_SIZE (RECEIPT_SIZE - SCH_HASH_SIZE)
#define DROPPED_SIZE (1 + SCH_ID_SIZE)
#define COMPACT_MIN (UINT64_C(8) << 20)
#define COPY_BLOCK ((size_t)4 << 20)

/* Bytes of an item's pending record in the file. */
static uint64_t pending_size(const struct sch_outbox_item *item)
{
    return SCH_REEL_FRAME_SIZE + (uint64_t)item->record_size;
}

/* ---- the list of pending items ------------------------------------------------------------------ */

/* False: out of memory. */
static bool list_append(struct sch_outbox *outbox, struct sch_outbox_item *item)
{
    if (!sch_lane_join(&outbox->lanes, &item->place, &item->receipt.dossier))
        return false;
    item->prev = outbox->last;
    item->next = NULL;
    *(outbox->last ? &outbox->last->next : &outbox->first) = item;
    outbox->last = item;
    outbox->pending++;
    return true;
}

static void list_remove(struct sch_outbox *outbox, struct sch_outbox_item *item)
{
    *(item->prev ? &item->prev->next : &outbox->first) = item->next;
    *(item->next ? &item->next->prev : &outbox->last) = item->prev;
    if (outbox->cursor == item)
        outbox->cursor = item->next;
    sch_lane_leave(&outbox->lanes, &item->place);
    item->prev = item->next = NULL;
    outbox->pending--;
}

static void item_free(struct sch_outbox_item *item)
{
    free(item->key);
    free(item->sender);
    free(item);
}

static struct sch_outbox_item *pending_by_id(const struct sch_outbox *outbox, const uint8_t id[SCH_ID_SIZE])
{
    struct sch_outbox_item *item = outbox->first;
    while (item && memcmp(item->receipt.id.bytes, id, SCH_ID_SIZE) != 0)
        item = item->next;
    return item;
}

void sch_outbox_parcel(const struct sch_outbox *outbox, const struct sch_id *message, char *path)
{
    char id[SCH_ID_TEXT_SIZE];
    sch_id_text(message, id);
    snprintf(path, PATH_MAX + 64, "%s-%s", outbox->reel.path, id);
}

/* Once nothing may ask for the parts again. What stays behind here is removed at the next start. */
static void remove_parcel(const struct sch_outbox *outbox, const struct sch_id *message)
{
    char path[PATH_MAX + 64];
    sch_outbox_parcel(outbox, message, path);
    (void)unlink(path);
}

bool sch_outbox_has(const struct sch_outbox *outbox, const struct sch_id *message)
{
    return pending_by_id(outbox, message->bytes) != NULL;
}

bool sch_outbox_must_wait(const struct sch_outbox *outbox, const struct sch_outbox_item *item)
{
    /* A message that opens a dossier of its own and names no other waits for none. */
    for (size_t i = 0; i < SCH_OUTBOX_AFTER_MAX; i++) {
        if (!sch_id_is_none(&item->after[i]) &&
            sch_lane_blocks(&outbox->lanes, &item->place, &item->after[i]))
            return true;
    }
    return false;
}

/* A pending item becomes one that is only remembered. */
static void settle_item(struct sch_outbox *outbox, struct sch_outbox_item *item, const sch_receipt *receipt,
                        int64_t now_ms)
{
    list_remove(outbox, item);
    free(item->key);
    free(item->sender);
    item->key = item->sender = NULL;
    item->receipt = *receipt;
    item->receipt.queued = false;
    item->done = true;
    item->done_ms = now_ms;
    outbox->dead_bytes += pending_size(item);
}

/* ---- records ------------------------------------------------------------------------------------ */

static int append_receipt(struct sch_reel *reel, const struct sch_outbox_item *item, sch_error *error)
{
    uint8_t record[RECEIPT_SIZE] = { RECORD_RECEIPT };
    uint8_t *at = record + 1;
    memcpy(at, item->hash, SCH_INDEX_KEY_SIZE), at += SCH_INDEX_KEY_SIZE;
    memcpy(at, item->receipt.id.bytes, SCH_ID_SIZE), at += SCH_ID_SIZE;
    memcpy(at, item->receipt.dossier.bytes, SCH_ID_SIZE), at += SCH_ID_SIZE;
    memcpy(at, item->receipt.kenmerk, SCH_KENMERK_SIZE), at += SCH_KENMERK_SIZE;
    sch_put_u64(at, item->receipt.sequence);
    sch_put_u64(at + 8, (uint64_t)item->receipt.stored_ms);
    sch_put_u32(at + 16, item->receipt.warnings);
    sch_put_u64(at + 20, (uint64_t)item->done_ms);
    memcpy(at + 28, item->receipt.hash, SCH_HASH_SIZE);
    struct sch_bytes part = { record, sizeof record };
    return sch_reel_append(reel, &part, 1, NULL, error);
}

static int read_receipt(struct sch_outbox *outbox, struct sch_bytes record)
{
    const uint8_t *hash = record.ptr + 1;
    const uint8_t *at = hash + SCH_INDEX_KEY_SIZE;
    sch_receipt receipt = { 0 };
    memcpy(receipt.id.bytes, at, SCH_ID_SIZE), at += SCH_ID_SIZE;
    memcpy(receipt.dossier.bytes, at, SCH_ID_SIZE), at += SCH_ID_SIZE;
    memcpy(receipt.kenmerk, at, SCH_KENMERK_SIZE), at += SCH_KENMERK_SIZE;
    receipt.sequence = sch_get_u64(at);
    receipt.stored_ms = (int64_t)sch_get_u64(at + 8);
    receipt.warnings = sch_get_u32(at + 16);
    int64_t done_ms = (int64_t)sch_get_u64(at + 20);
    if (record.len == RECEIPT_SIZE)
        memcpy(receipt.hash, at + 28, SCH_HASH_SIZE);
    struct sch_outbox_item *item = sch_index_get(&outbox->index, hash);
    if (item) {
        if (!item->done)
            settle_item(outbox, item, &receipt, done_ms);
        return SCH_OK;
    }
    /* After a compaction the receipt stands alone. */
    item = calloc(1, sizeof *item);
    if (!item)
        return SCH_E_NO_MEMORY;
    memcpy(item->hash, hash, SCH_INDEX_KEY_SIZE);
    item->receipt = receipt;
    item->done = true;
    item->done_ms = done_ms;
    if (sch_index_put(&outbox->index, item))
        return SCH_OK;
    item_free(item);
    return SCH_E_NO_MEMORY;
}

static void set_part_count(struct sch_outbox_item *item, bool large)
{
    item->part_count = large ? (item->body_size + SCH_PART_SIZE - 1) / SCH_PART_SIZE : 0;
}

/* The message's hash ends a large message's record; another's is that of the frames, which do. */
static void read_hash(struct sch_outbox_item *item, struct sch_bytes record)
{
    const uint8_t *end = record.ptr + record.len;
    if (item->part_count > 0) {
        memcpy(item->receipt.hash, end - SCH_HASH_SIZE, SCH_HASH_SIZE);
        return;
    }
    struct sch_bytes body = { end - item->body_size, item->body_size };
    struct sch_bytes seal = { body.ptr - item->seal_size, item->seal_size };
    struct sch_bytes header = { seal.ptr - item->header_size, item->header_size };
    sch_seal_hash(header, seal, body, item->receipt.hash);
}

/* NULL when the sizes in it do not add up, which no crash can cause: the checksum was right. */
static struct sch_outbox_item *parse_pending(uint64_t offset, struct sch_bytes record)
{
    if (record.len < PENDING_FIXED)
        return NULL;
    size_t key_size = record.ptr[1];
    size_t sender_size = record.ptr[2];
    const uint8_t *at = record.ptr + 3;
    const uint8_t *sizes = at + SCH_ID_SIZE + SCH_OUTBOX_AFTER_MAX * SCH_ID_SIZE;
    bool large = record.ptr[0] == RECORD_LARGE;
    uint64_t total = (uint64_t)sch_get_u32(sizes) + sch_get_u32(sizes + 4) +
                     (large ? SCH_HASH_SIZE : sch_get_u32(sizes + 8));
    if (key_size > SCH_OUTBOX_KEY_MAX || sender_size > SCH_ADDRESS_MAX ||
        total + PENDING_FIXED + key_size + sender_size != record.len)
        return NULL;
    struct sch_outbox_item *item = calloc(1, sizeof *item);
    if (!item)
        return NULL;
    memcpy(item->receipt.id.bytes, at, SCH_ID_SIZE);
    for (size_t i = 0; i < SCH_OUTBOX_AFTER_MAX; i++)
        memcpy(item->after[i].bytes, at + SCH_ID_SIZE * (i + 1), SCH_ID_SIZE);
    item->header_size = sch_get_u32(sizes);
    item->seal_size = sch_get_u32(sizes + 4);
    item->body_size = sch_get_u32(sizes + 8);
    const char *key = (const char *)sizes + 12;
    item->key = strndup(key, key_size);
    item->sender = strndup(key + key_size, sender_size);
    if (!item->key || !item->sender) {
        item_free(item);
        return NULL;
    }
    sch_index_key(item->hash, item->sender, key, key_size);
    item->record = offset;
    item->record_size = (uint32_t)record.len;
    item->receipt.dossier = sch_id_is_none(&item->after[0]) ? item->receipt.id : item->after[0];
    item->receipt.queued = true;
    set_part_count(item, large);
    item->uploaded = true;              /* it may be receipted: a submission shows */
    read_hash(item, record);
    return item;
}

static int read_pending(struct sch_outbox *outbox, uint64_t offset, struct sch_bytes record)
{
    struct sch_outbox_item *item = parse_pending(offset, record);
    if (!item)
        return SCH_E_STORE_DAMAGED;
    struct sch_outbox_item *old = sch_index_get(&outbox->index, item->hash);
    if (old) {                          /* its key was free again: rejected, or older than 60 days */
        if (!old->done)
            list_remove(outbox, old);
        sch_index_remove(&outbox->index, old->hash);
        item_free(old);
    }
    if (!sch_index_put(&outbox->index, item)) {
        item_free(item);
        return SCH_E_NO_MEMORY;
    }
    if (list_append(outbox, item))
        return SCH_OK;
    sch_index_remove(&outbox->index, item->hash);
    item_free(item);
    return SCH_E_NO_MEMORY;
}

static void forget(struct sch_outbox *outbox, struct sch_outbox_item *item)
{
    outbox->dead_bytes += pending_size(item) + SCH_REEL_FRAME_SIZE + DROPPED_SIZE;
    list_remove(outbox, item);
    sch_index_remove(&outbox->index, item->hash);
    item_free(item);
}

static int visit(void *context, uint64_t offset, struct sch_bytes record)
{
    struct sch_outbox *outbox = context;
    if (record.len > 0 && (record.ptr[0] == RECORD_PENDING || record.ptr[0] == RECORD_LARGE))
        return read_pending(outbox, offset, record);
    if ((record.len == RECEIPT_SIZE || record.len == OLD_RECEIPT_SIZE) && record.ptr[0] == RECORD_RECEIPT)
        return read_receipt(outbox, record);
    if (record.len == DROPPED_SIZE && record.ptr[0] == RECORD_DROPPED) {
        struct sch_outbox_item *item = pending_by_id(outbox, record.ptr + 1);
        if (item)
            forget(outbox, item);
        return SCH_OK;
    }
    return SCH_E_STORE_DAMAGED;
}

/* ---- the contract ------------------------------------------------------------------------------- */

int sch_outbox_open(struct sch_outbox *outbox, const char *path, int64_t now_ms, uint64_t *torn,
                    sch_error *error)
{
    memset(outbox, 0, sizeof *outbox);
    int code = sch_reel_open(&outbox->reel, path, visit, outbox, torn, error);
    if (code == SCH_OK)
        code = sch_outbox_compact(outbox, now_ms, error);
    if (code != SCH_OK)
        sch_outbox_close(outbox);
    return code;
}

void sch_outbox_close(struct sch_outbox *outbox)
{
    for (size_t i = 0; i < outbox->index.capacity; i++) {
        if (outbox->index.slot[i])
            item_free(outbox->index.slot[i]);
    }
    sch_index_close(&outbox->index);
    sch_lanes_close(&outbox->lanes);
    sch_reel_close(&outbox->reel);
    outbox->first = outbox->last = outbox->cursor = NULL;
    outbox->pending = 0;
}

struct sch_outbox_item *sch_outbox_find(const struct sch_outbox *outbox, const char *sender, const char *key)
{
    uint8_t hash[SCH_INDEX_KEY_SIZE];
    sch_index_key(hash, sender, key, strlen(key));
    return sch_index_get(&outbox->index, hash);
}

static struct sch_outbox_item *new_item(const char *key, const struct sch_header *header,
                                        const struct sch_frames *frames)
{
    struct sch_outbox_item *item = calloc(1, sizeof *item);
    if (!item)
        return NULL;
    item->key = strdup(key);
    item->sender = strdup(header->sender.text);
    if (!item->key || !item->sender) {
        item_free(item);
        return NULL;
    }
    sch_index_key(item->hash, header->sender.text, key, strlen(key));
    item->receipt.id = header->id;
    item->receipt.dossier = sch_id_is_none(&header->dossier) ? header->id : header->dossier;
    item->receipt.queued = true;
    item->after[0] = header->dossier;
    item->after[1] = header->parent;
    item->after[2] = header->follows;
    item->header_size = (uint32_t)frames->header.len;
    item->seal_size = (uint32_t)frames->seal.len;
    item->body_size = frames->parts_size > 0 ? frames->parts_size : (uint32_t)frames->body.len;
    set_part_count(item, frames->parts_size > 0);
    memcpy(item->receipt.hash, frames->hash, SCH_HASH_SIZE);
    return item;
}

/* The fixed part of a 'P' record. */
static void encode_pending(uint8_t record[PENDING_FIXED], const struct sch_outbox_item *item, size_t key_size,
                           size_t sender_size)
{
    record[0] = item->part_count > 0 ? RECORD_LARGE : RECORD_PENDING;
    record[1] = (uint8_t)key_size;
    record[2] = (uint8_t)sender_size;
    uint8_t *at = record + 3;
    memcpy(at, item->receipt.id.bytes, SCH_ID_SIZE), at += SCH_ID_SIZE;
    for (size_t i = 0; i < SCH_OUTBOX_AFTER_MAX; i++, at += SCH_ID_SIZE)
        memcpy(at, item->after[i].bytes, SCH_ID_SIZE);
    sch_put_u32(at, item->header_size);
    sch_put_u32(at + 4, item->seal_size);
    sch_put_u32(at + 8, item->body_size);
}

int sch_outbox_add(struct sch_outbox *outbox, const char *key, const struct sch_header *header,
                   const struct sch_frames *frames, struct sch_outbox_item **out, sch_error *error)
{
    size_t key_size = strlen(key), sender_size = strlen(header->sender.text);
    assert(key_size > 0 && key_size <= SCH_OUTBOX_KEY_MAX);
    assert(!sch_outbox_find(outbox, header->sender.text, key));
    struct sch_outbox_item *item = new_item(key, header, frames);
    if (!item)
        return sch_fail(error, SCH_E_NO_MEMORY, "adding to the outbox");
    uint8_t fixed[PENDING_FIXED];
    encode_pending(fixed, item, key_size, sender_size);
    struct sch_bytes part[] = {
        { fixed, sizeof fixed }, { (const uint8_t *)key, key_size },
        { (const uint8_t *)header->sender.text, sender_size }, frames->header, frames->seal, frames->body,
    };
    if (item->part_count > 0)
        part[5] = (struct sch_bytes){ frames->hash, SCH_HASH_SIZE };
    uint64_t end = sch_reel_end(&outbox->reel);
    int code = sch_reel_append(&outbox->reel, part, sizeof part / sizeof *part, &item->record, error);
    if (code != SCH_OK)
        goto fail_item;
    code = sch_reel_flush(&outbox->reel, error);
    if (code == SCH_OK && !sch_index_put(&outbox->index, item))
        code = sch_fail(error, SCH_E_NO_MEMORY, "adding to the outbox");
    if (code != SCH_OK)
        goto fail_record;
    item->record_size = (uint32_t)(sch_reel_end(&outbox->reel) - item->record);
    if (!list_append(outbox, item)) {
        code = sch_fail(error, SCH_E_NO_MEMORY, "adding to the outbox");
        goto fail_index;
    }
    *out = item;
    return SCH_OK;

fail_index:
    sch_index_remove(&outbox->index, item->hash);
fail_record:
    sch_reel_undo(&outbox->reel, end);
fail_item:
    item_free(item);
    return code;
}

static int append_dropped(struct sch_reel *reel, const struct sch_id *id, sch_error *error)
{
    uint8_t record[DROPPED_SIZE] = { RECORD_DROPPED };
    memcpy(record + 1, id->bytes, SCH_ID_SIZE);
    struct sch_bytes part = { record, sizeof record };
    return sch_reel_append(reel, &part, 1, NULL, error);
}

void sch_outbox_undo(struct sch_outbox *outbox, struct sch_outbox_item *item)
{
    assert(!item->done && !sch_outbox_is_durable(outbox, item));
    if (item->record + item->record_size == sch_reel_end(&outbox->reel)) {
        sch_reel_undo(&outbox->reel, item->record - SCH_REEL_FRAME_SIZE);
    } else {
        /* Records of older items stand behind it. Should even this one not reach the disk, then a later
         * start finds the message, sends it, and the application's own key makes that harmless. */
        (void)append_dropped(&outbox->reel, &item->receipt.id, NULL);
    }
    if (item->part_count > 0)
        remove_parcel(outbox, &item->receipt.id);
    forget(outbox, item);
}

int sch_outbox_sync(struct sch_outbox *outbox, sch_error *error)
{
    return sch_reel_sync(&outbox->reel, error);
}

bool sch_outbox_is_durable(const struct sch_outbox *outbox, const struct sch_outbox_item *item)
{
    return item->record + item->record_size <= outbox->reel.synced;
}

int sch_outbox_load(const struct sch_outbox *outbox, const struct sch_outbox_item *item, uint8_t *buffer,
                    struct sch_frames *frames, sch_error *error)
{
    assert(!item->done);
    memset(frames, 0, sizeof *frames);
    bool large = item->part_count > 0;
    size_t body_size = large ? 0 : item->body_size, behind = large ? SCH_HASH_SIZE : 0;
    size_t size = (size_t)item->header_size + item->seal_size + body_size;
    uint64_t end = item->record + item->record_size - behind;
    int code = sch_reel_read(&outbox->reel, end - size, buffer, size, error);
    frames->parts_size = large ? item->body_size : 0;
    frames->header = (struct sch_bytes){ buffer, item->header_size };
    frames->seal = (struct sch_bytes){ buffer + item->header_size, item->seal_size };
    frames->body = (struct sch_bytes){ buffer + item->header_size + item->seal_size, body_size };
    return code;
}

int sch_outbox_receipted(struct sch_outbox *outbox, struct sch_outbox_item *item, const sch_receipt *receipt,
                         int64_t now_ms, sch_error *error)
{
    settle_item(outbox, item, receipt, now_ms);
    int code = append_receipt(&outbox->reel, item, error);
    if (code == SCH_OK && item->part_count == 0)
        return sch_reel_flush(&outbox->reel, error);
    /* Parts may only go when no power cut can bring their message back. */
    if (code == SCH_OK)
        code = sch_reel_sync(&outbox->reel, error);
    if (code == SCH_OK)
        remove_parcel(outbox, &item->receipt.id);
    return code;
}

int sch_outbox_drop(struct sch_outbox *outbox, struct sch_outbox_item *item, sch_error *error)
{
    struct sch_id id = item->receipt.id;
    bool large = item->part_count > 0;
    int code = append_dropped(&outbox->reel, &id, error);
    forget(outbox, item);
    if (code == SCH_OK)
        code = sch_reel_sync(&outbox->reel, error);
    if (code == SCH_OK && large)
        remove_parcel(outbox, &id);
    return code;
}

/* ---- compaction --------------------------------------------------------------------------------- */

static int forget_old(struct sch_outbox *outbox, int64_t now_ms, sch_error *error)
{
    struct sch_index kept = { 0 };
    for (size_t i = 0; i < outbox->index.capacity; i++) {
        struct sch_outbox_item *item = outbox->index.slot[i];
        bool old = item && item->done && item->done_ms < now_ms - SCH_OUTBOX_KEEP_MS;
        if (item && !old && !sch_index_put(&kept, item)) {
            sch_index_close(&kept);
            return sch_fail(error, SCH_E_NO_MEMORY, "compacting the outbox");
        }
    }
    for (size_t i = 0; i < outbox->index.capacity; i++) {
        struct sch_outbox_item *item = outbox->index.slot[i];
        if (item && !sch_index_get(&kept, item->hash))
            item_free(item);
    }
    sch_index_close(&outbox->index);
    outbox->index = kept;
    return SCH_OK;
}

static int copy_pending(struct sch_reel *fresh, const struct sch_reel *old,
                        const struct sch_outbox_item *item, uint8_t *buffer, sch_error *error)
{
    int code = sch_reel_read(old, item->record, buffer, item->record_size, error);
    struct sch_bytes part = { buffer, item->record_size };
    if (code == SCH_OK)
        code = sch_reel_append(fresh, &part, 1, NULL, error);
    if (code == SCH_OK && fresh->tail_size > COPY_BLOCK)
        code = sch_reel_sync(fresh, error);
    return code;
}

static int copy_all(const struct sch_outbox *outbox, struct sch_reel *fresh, sch_error *error)
{
    uint8_t *buffer = malloc(SCH_REEL_RECORD_MAX);
    if (!buffer)
        return sch_fail(error, SCH_E_NO_MEMORY, "compacting the outbox");
    int code = SCH_OK;
    for (size_t i = 0; i < outbox->index.capacity && code == SCH_OK; i++) {
        struct sch_outbox_item *item = outbox->index.slot[i];
        if (item && item->done)
            code = append_receipt(fresh, item, error);
    }
    for (struct sch_outbox_item *item = outbox->first; item && code == SCH_OK; item = item->next)
        code = copy_pending(fresh, &outbox->reel, item, buffer, error);
    free(buffer);
    return code;
}

/* In the new file the pending records stand at its end, in the order of the list. */
static void relocate(struct sch_outbox *outbox)
{
    uint64_t at = sch_reel_end(&outbox->reel);
    for (struct sch_outbox_item *item = outbox->last; item; item = item->prev) {
        item->record = at - item->record_size;
        at = item->record - SCH_REEL_FRAME_SIZE;
    }
}

int sch_outbox_compact(struct sch_outbox *outbox, int64_t now_ms, sch_error *error)
{
    if (outbox->dead_bytes < COMPACT_MIN || outbox->dead_bytes * 2 < sch_reel_end(&outbox->reel))
        return SCH_OK;
    struct sch_reel fresh;
    int code = forget_old(outbox, now_ms, error);
    if (code == SCH_OK)
        code = sch_reel_fresh(&fresh, &outbox->reel, error);
    if (code != SCH_OK)
        return code;
    code = copy_all(outbox, &fresh, error);
    if (code != SCH_OK) {
        sch_reel_close(&fresh);
        return code;
    }
    bool replaced;
    code = sch_reel_replace(&outbox->reel, &fresh, &replaced, error);
    if (replaced) {
        relocate(outbox);
        outbox->dead_bytes = 0;
    }
    return code;
}
