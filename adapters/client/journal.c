/* journal.c: see journal.h. Must not know sockets. */
#include "journal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"

#define RECORD_VERDICT 'V'
#define RECORD_CONFIRMED 'S'
#define RECORD_CANCELLED 'C'

/* Type, id, when, verdict, refusal, missing, confirmed; then the mailbox. 'S' and 'C': type, id, when. */
#define VERDICT_FIXED (1 + SCH_ID_SIZE + 8 + 1 + 1 + 4 + 1)
#define MARK_FIXED (1 + SCH_ID_SIZE + 8)
#define COMPACT_MIN (UINT64_C(1) << 20)

static void key_of(uint8_t hash[SCH_INDEX_KEY_SIZE], const char *mailbox, const uint8_t id[SCH_ID_SIZE])
{
    sch_index_key(hash, mailbox, id, SCH_ID_SIZE);
}

static uint64_t verdict_size(const struct sch_journal_entry *entry)
{
    return SCH_REEL_FRAME_SIZE + VERDICT_FIXED + strlen(entry->mailbox.text);
}

static uint64_t mark_size(const struct sch_journal_entry *entry)
{
    return SCH_REEL_FRAME_SIZE + MARK_FIXED + strlen(entry->mailbox.text);
}

static int append_verdict(struct sch_reel *reel, const struct sch_journal_entry *entry, sch_error *error)
{
    uint8_t record[VERDICT_FIXED] = { RECORD_VERDICT };
    uint8_t *at = record + 1 + SCH_ID_SIZE;
    memcpy(record + 1, entry->message.bytes, SCH_ID_SIZE);
    sch_put_u64(at, (uint64_t)entry->at_ms);
    at[8] = (uint8_t)entry->verdict;
    at[9] = (uint8_t)entry->refusal;
    sch_put_u32(at + 10, entry->missing);
    at[14] = entry->confirmed;
    struct sch_bytes part[] = {
        { record, sizeof record },
        { (const uint8_t *)entry->mailbox.text, strlen(entry->mailbox.text) },
    };
    return sch_reel_append(reel, part, 2, NULL, error);
}

static int append_mark(struct sch_reel *reel, uint8_t type, const struct sch_journal_entry *entry,
                       sch_error *error)
{
    uint8_t record[MARK_FIXED] = { type };
    memcpy(record + 1, entry->message.bytes, SCH_ID_SIZE);
    sch_put_u64(record + 1 + SCH_ID_SIZE, (uint64_t)entry->at_ms);
    struct sch_bytes part[] = {
        { record, sizeof record },
        { (const uint8_t *)entry->mailbox.text, strlen(entry->mailbox.text) },
    };
    return sch_reel_append(reel, part, 2, NULL, error);
}

static void mark_confirmed(struct sch_journal *journal, struct sch_journal_entry *entry, int64_t at_ms)
{
    if (!entry->confirmed)
        journal->unconfirmed--;
    entry->confirmed = true;
    entry->at_ms = at_ms;
    journal->dead_bytes += mark_size(entry);    /* one record would say both */
}

static void forget(struct sch_journal *journal, struct sch_journal_entry *entry)
{
    if (!entry->confirmed)
        journal->unconfirmed--;
    journal->dead_bytes += verdict_size(entry) + mark_size(entry);
    sch_index_remove(&journal->index, entry->hash);
    free(entry);
}

static int put(struct sch_journal *journal, const struct sch_journal_entry *from)
{
    struct sch_journal_entry *entry = malloc(sizeof *entry);
    if (!entry)
        return SCH_E_NO_MEMORY;
    *entry = *from;
    key_of(entry->hash, entry->mailbox.text, entry->message.bytes);
    if (!sch_index_put(&journal->index, entry)) {
        free(entry);
        return SCH_E_NO_MEMORY;
    }
    journal->unconfirmed += !entry->confirmed;
    return SCH_OK;
}

/* ---- reading the file --------------------------------------------------------------------------- */

/* The mailbox after the fixed part; false when it cannot be one. */
static bool read_common(struct sch_journal_entry *entry, struct sch_bytes record, size_t fixed)
{
    if (record.len < fixed || record.len - fixed > SCH_ADDRESS_MAX)
        return false;
    memcpy(entry->message.bytes, record.ptr + 1, SCH_ID_SIZE);
    entry->at_ms = (int64_t)sch_get_u64(record.ptr + 1 + SCH_ID_SIZE);
    memcpy(entry->mailbox.text, record.ptr + fixed, record.len - fixed);
    return true;
}

static int visit_verdict(struct sch_journal *journal, struct sch_bytes record)
{
    struct sch_journal_entry entry = { 0 };
    if (!read_common(&entry, record, VERDICT_FIXED))
        return SCH_E_STORE_DAMAGED;
    const uint8_t *at = record.ptr + 1 + SCH_ID_SIZE + 8;
    entry.verdict = (sch_verdict)at[0];
    entry.refusal = (enum sch_system_refusal)at[1];
    entry.missing = sch_get_u32(at + 2);
    entry.confirmed = at[6] != 0;
    if (entry.verdict != SCH_COLLECT && entry.verdict != SCH_REFUSE)
        return SCH_E_STORE_DAMAGED;
    struct sch_journal_entry *old = sch_journal_find(journal, entry.mailbox.text, &entry.message);
    if (old)
        forget(journal, old);
    return put(journal, &entry);
}

static int visit(void *context, uint64_t offset, struct sch_bytes record)
{
    (void)offset;
    struct sch_journal *journal = context;
    if (record.len > 0 && record.ptr[0] == RECORD_VERDICT)
        return visit_verdict(journal, record);
    struct sch_journal_entry mark = { 0 };
    if (!read_common(&mark, record, MARK_FIXED))
        return SCH_E_STORE_DAMAGED;
    struct sch_journal_entry *entry = sch_journal_find(journal, mark.mailbox.text, &mark.message);
    if (record.ptr[0] == RECORD_CONFIRMED) {
        if (entry)
            mark_confirmed(journal, entry, mark.at_ms);
        return SCH_OK;
    }
    if (record.ptr[0] != RECORD_CANCELLED)
        return SCH_E_STORE_DAMAGED;
    if (entry)
        forget(journal, entry);
    return SCH_OK;
}

/* ---- the contract ------------------------------------------------------------------------------- */

int sch_journal_open(struct sch_journal *journal, const char *path, int64_t now_ms, uint64_t *torn,
                     sch_error *error)
{
    memset(journal, 0, sizeof *journal);
    int code = sch_reel_open(&journal->reel, path, visit, journal, torn, error);
    if (code == SCH_OK)
        code = sch_journal_compact(journal, now_ms, error);
    if (code != SCH_OK)
        sch_journal_close(journal);
    return code;
}

void sch_journal_close(struct sch_journal *journal)
{
    for (size_t i = 0; i < journal->index.capacity; i++)
        free(journal->index.slot[i]);
    sch_index_close(&journal->index);
    sch_reel_close(&journal->reel);
    journal->unconfirmed = 0;
}

struct sch_journal_entry *sch_journal_find(const struct sch_journal *journal, const char *mailbox,
                                           const struct sch_id *message)
{
    uint8_t hash[SCH_INDEX_KEY_SIZE];
    key_of(hash, mailbox, message->bytes);
    return sch_index_get(&journal->index, hash);
}

int sch_journal_add(struct sch_journal *journal, const struct sch_journal_entry *verdict, sch_error *error)
{
    assert(verdict->verdict == SCH_COLLECT || verdict->verdict == SCH_REFUSE);
    uint64_t end = sch_reel_end(&journal->reel);
    int code = append_verdict(&journal->reel, verdict, error);
    if (code == SCH_OK && put(journal, verdict) != SCH_OK) {
        sch_reel_undo(&journal->reel, end);
        code = sch_fail(error, SCH_E_NO_MEMORY, "adding to the journal");
    }
    return code;
}

int sch_journal_sync(struct sch_journal *journal, sch_error *error)
{
    return sch_reel_sync(&journal->reel, error);
}

int sch_journal_confirm(struct sch_journal *journal, struct sch_journal_entry *entry, int64_t now_ms,
                        sch_error *error)
{
    if (entry->confirmed)
        return SCH_OK;
    mark_confirmed(journal, entry, now_ms);
    int code = append_mark(&journal->reel, RECORD_CONFIRMED, entry, error);
    return code == SCH_OK ? sch_reel_flush(&journal->reel, error) : code;
}

int sch_journal_cancel(struct sch_journal *journal, struct sch_journal_entry *entry, sch_error *error)
{
    int code = append_mark(&journal->reel, RECORD_CANCELLED, entry, error);
    forget(journal, entry);
    return code == SCH_OK ? sch_reel_sync(&journal->reel, error) : code;
}

size_t sch_journal_next(const struct sch_journal *journal, size_t position,
                        struct sch_journal_entry **unconfirmed)
{
    for (size_t i = position; i < journal->index.capacity; i++) {
        struct sch_journal_entry *entry = journal->index.slot[i];
        if (entry && !entry->confirmed) {
            *unconfirmed = entry;
            return i + 1;
        }
    }
    return 0;
}

/* ---- compaction --------------------------------------------------------------------------------- */

static bool is_old(const struct sch_journal_entry *entry, int64_t now_ms)
{
    return entry->confirmed && entry->at_ms < now_ms - SCH_JOURNAL_KEEP_MS;
}

/* Copies what still counts into fresh and kept. */
static int copy_all(const struct sch_journal *journal, struct sch_reel *fresh, struct sch_index *kept,
                    int64_t now_ms, sch_error *error)
{
    for (size_t i = 0; i < journal->index.capacity; i++) {
        struct sch_journal_entry *entry = journal->index.slot[i];
        if (!entry || is_old(entry, now_ms))
            continue;
        int code = append_verdict(fresh, entry, error);
        if (code == SCH_OK && !sch_index_put(kept, entry))
            code = sch_fail(error, SCH_E_NO_MEMORY, "compacting the journal");
        if (code != SCH_OK)
            return code;
    }
    return SCH_OK;
}

int sch_journal_compact(struct sch_journal *journal, int64_t now_ms, sch_error *error)
{
    if (journal->dead_bytes < COMPACT_MIN)
        return SCH_OK;
    struct sch_reel fresh;
    struct sch_index kept = { 0 };
    bool replaced = false;
    int code = sch_reel_fresh(&fresh, &journal->reel, error);
    if (code != SCH_OK)
        return code;
    code = copy_all(journal, &fresh, &kept, now_ms, error);
    if (code == SCH_OK)
        code = sch_reel_replace(&journal->reel, &fresh, &replaced, error);
    else
        sch_reel_close(&fresh);
    if (!replaced) {
        sch_index_close(&kept);
        return code;
    }
    for (size_t i = 0; i < journal->index.capacity; i++) {
        struct sch_journal_entry *entry = journal->index.slot[i];
        if (entry && is_old(entry, now_ms))
            free(entry);
    }
    sch_index_close(&journal->index);
    journal->index = kept;
    journal->dead_bytes = 0;
    return code;
}
