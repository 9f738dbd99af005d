/*
 * upload.c: uploads in the working set, and the look for those that were abandoned.
 */
#include "upload.h"

#include <assert.h>
#include <string.h>

#include "id.h"
#include "log.h"
#include "seal.h"
#include "work_own.h"

#define WATCH_ROWS_MAX 512              /* looked at per call */

/* An upload counts for what it announced, so that none fails halfway, and with it how many there can be. */
#define UPLOADS_MAX (SCH_UPLOAD_QUOTA / (2 * SCH_PART_SIZE))

static_assert(SCH_UPLOAD_QUOTA % SCH_PART_SIZE == 0, "the quota is a number of parts");

/* ---- the working set ---------------------------------------------------------------------------- */

static bool is_named(const struct sch_work_upload *upload, const struct sch_upload_name *name)
{
    return sch_id_equal(&upload->id, &name->id) && strcmp(upload->sender.text, name->sender.text) == 0;
}

static struct sch_work_upload *known(const struct sch_work *work, const struct sch_upload_name *name)
{
    for (size_t i = 0; i < work->upload_count; i++)
        if (is_named(work->upload[i], name))
            return work->upload[i];
    return NULL;
}

/* Loads an upload's row, or the fact that there is none. NULL: the store failed, or memory ran out. */
static struct sch_work_upload *load(struct sch_work *work, const struct sch_upload_name *name)
{
    struct sch_work_upload *upload = known(work, name);
    struct sch_record_key key = sch_record_key_upload(&name->sender, &name->id);
    uint8_t value[SCH_RECORD_UPLOAD_MAX];
    enum sch_store_result result;
    size_t size = 0;

    if (upload != NULL)
        return upload;
    upload = work->upload_count < SCH_WORK_UPLOADS_MAX ? sch_arena_take(&work->arena, sizeof *upload) : NULL;
    if (upload == NULL)
        goto failed;
    *upload = (struct sch_work_upload){ .sender = name->sender, .id = name->id };
    result = sch_store_get(work->store, SCH_TABLE_UPLOAD, sch_record_key_bytes(&key), value, sizeof value, &size);
    upload->exists = result == SCH_STORE_OK;
    if ((result != SCH_STORE_OK && result != SCH_STORE_NONE) ||
        (upload->exists && sch_record_upload_decode((struct sch_bytes){ value, size }, &upload->row) != SCH_OK))
        goto failed;
    work->upload[work->upload_count++] = upload;
    return upload;
failed:
    work->failed = true;
    return NULL;
}

void sch_upload_commit(struct sch_work *work)
{
    for (size_t i = 0; i < work->upload_count; i++) {
        const struct sch_work_upload *upload = work->upload[i];
        struct sch_record_key key = sch_record_key_upload(&upload->sender, &upload->id);
        uint8_t value[SCH_RECORD_UPLOAD_MAX];
        size_t size;

        if (!upload->dirty)
            continue;
        if (!upload->exists) {
            sch_work_check(work, sch_batch_erase(&work->batch, SCH_TABLE_UPLOAD, sch_record_key_bytes(&key),
                                                 SCH_STORE_ANY));
            continue;
        }
        size = sch_record_upload_encode(&upload->row, value, sizeof value);
        assert(size > 0);
        sch_work_check(work, sch_batch_put(&work->batch, SCH_TABLE_UPLOAD, sch_record_key_bytes(&key),
                                           (struct sch_bytes){ value, size }, SCH_STORE_ANY));
    }
}

/* ---- how much ----------------------------------------------------------------------------------- */

static uint32_t there_count(const struct sch_upload_row *row)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < row->count; i++)
        count += sch_upload_has(row, i);
    return count;
}

/* Bytes of the parts that are there. */
static uint64_t bytes_there(const struct sch_upload_row *row)
{
    uint64_t last = row->last_size > 0;

    return (there_count(row) - last) * (uint64_t)SCH_PART_SIZE + row->last_size;
}

size_t sch_upload_size(const struct sch_upload_row *row)
{
    return (size_t)bytes_there(row);
}

struct announced {
    const struct sch_work *work;
    const struct sch_upload_name *name;
    uint64_t parts;
    bool bad;
};

/* What the working set knows better is counted from there. */
static bool count_stored(void *context, struct sch_bytes key, struct sch_bytes value)
{
    struct announced *announced = context;
    struct sch_upload_name name;
    struct sch_upload_row row;

    announced->bad = sch_record_read_upload(key, &name.sender, &name.id) != SCH_OK ||
                     sch_record_upload_decode(value, &row) != SCH_OK;
    if (!announced->bad && known(announced->work, &name) == NULL)
        announced->parts += row.count;
    return !announced->bad;
}

/* Parts that this sender has announced in uploads that were not submitted. */
static uint64_t announced_by(struct sch_work *work, const struct sch_upload_name *name)
{
    struct sch_record_key prefix = sch_record_prefix_text(name->sender.text);
    struct announced announced = { .work = work, .name = name };

    if (sch_store_scan(work->store, SCH_TABLE_UPLOAD, sch_record_key_bytes(&prefix), (struct sch_bytes){ 0 }, false,
                       UPLOADS_MAX + 1, count_stored, &announced) != SCH_STORE_OK ||
        announced.bad)
        work->failed = true;
    for (size_t i = 0; i < work->upload_count; i++)
        if (work->upload[i]->exists && strcmp(work->upload[i]->sender.text, name->sender.text) == 0)
            announced.parts += work->upload[i]->row.count;
    return announced.parts;
}

/* ---- parts that come ---------------------------------------------------------------------------- */

static int blame(const char **field, enum sch_error_code code, const char *name)
{
    *field = name;
    return (int)code;
}

/* May this part be, as it is? */
static int check_part(const struct sch_work_upload *upload, const struct sch_upload_part *part, const char **field)
{
    bool last = part->index + 1 == part->count;

    if (upload->exists && upload->row.count != part->count)
        return blame(field, SCH_E_FIELD_INVALID, "part.count");
    if (part->bytes.len > SCH_PART_SIZE)
        return blame(field, SCH_E_TOO_LARGE, "body");
    if (part->bytes.len > 0 && part->bytes.len < SCH_PART_SIZE && !last)
        return blame(field, SCH_E_FIELD_INVALID, "body");
    return SCH_OK;
}

static void begin(struct sch_work *work, struct sch_work_upload *upload, uint32_t count)
{
    upload->row = (struct sch_upload_row){ .number = work->meta.next_sequence++, .count = count };
    upload->exists = true;
}

static void write(struct sch_work *work, struct sch_work_upload *upload, const struct sch_upload_part *part,
                  const uint8_t hash[32])
{
    struct sch_upload_row *row = &upload->row;
    struct sch_record_key key = sch_record_key_part(row->number, part->index);

    work->metrics->upload_bytes -= bytes_there(row);
    row->there[part->index / 8] |= (uint8_t)(1u << part->index % 8);
    if (part->index + 1 == row->count)
        row->last_size = (uint32_t)part->bytes.len;
    memcpy(row->hash[part->index], hash, sizeof row->hash[0]);
    row->since_ms = work->now_ms;
    upload->dirty = true;
    work->metrics->upload_bytes += bytes_there(row);
    work->metrics->parts_stored++;
    sch_work_check(work, sch_batch_lend(&work->batch, SCH_TABLE_PART, sch_record_key_bytes(&key), part->bytes,
                                        SCH_STORE_ANY));
}

int sch_upload_put(struct sch_work *work, const struct sch_upload_part *part, uint8_t there[SCH_UPLOAD_BITS],
                   const char **field)
{
    struct sch_work_upload *upload = load(work, &part->name);
    uint8_t hash[SCH_HASH_SIZE];
    int code;

    memset(there, 0, SCH_UPLOAD_BITS);
    if (upload == NULL)
        return SCH_OK;                  /* the batch has failed, and nothing will be answered */
    code = check_part(upload, part, field);
    if (code != SCH_OK)
        return code;
    if (part->bytes.len > 0) {
        if (!upload->exists && announced_by(work, &part->name) + part->count > SCH_UPLOAD_QUOTA / SCH_PART_SIZE)
            return blame(field, SCH_E_UPLOAD_QUOTA, "part.upload");
        if (!upload->exists)
            begin(work, upload, part->count);
        sch_seal_part_hash(part->bytes, hash);
        if (!sch_upload_has(&upload->row, part->index) ||
            memcmp(upload->row.hash[part->index], hash, sizeof hash) != 0)
            write(work, upload, part, hash);
    }
    memcpy(there, upload->row.there, SCH_UPLOAD_BITS);
    return SCH_OK;
}

/* ---- the end ------------------------------------------------------------------------------------ */

const struct sch_upload_row *sch_upload_whole(struct sch_work *work, const struct sch_upload_name *name)
{
    const struct sch_work_upload *upload = load(work, name);

    return upload != NULL && upload->exists && there_count(&upload->row) == upload->row.count ? &upload->row : NULL;
}

static void end(struct sch_work *work, struct sch_work_upload *upload)
{
    work->metrics->upload_bytes -= bytes_there(&upload->row);
    memset(&upload->row, 0, sizeof upload->row);
    upload->exists = false;
    upload->dirty = true;
}

void sch_upload_take(struct sch_work *work, const struct sch_upload_name *name)
{
    struct sch_work_upload *upload = load(work, name);

    if (upload == NULL)
        return;
    assert(upload->exists && there_count(&upload->row) == upload->row.count);
    end(work, upload);
    work->metrics->uploads_submitted++;
}

void sch_upload_drop(struct sch_work *work, const struct sch_upload_name *name)
{
    struct sch_work_upload *upload = load(work, name);

    if (upload == NULL || !upload->exists)
        return;
    sch_upload_erase(work, upload->row.number, upload->row.count);
    end(work, upload);
    work->metrics->uploads_dropped++;
}

bool sch_upload_is_abandoned(struct sch_work *work, const struct sch_upload_name *name, int64_t now_ms)
{
    const struct sch_work_upload *upload = load(work, name);

    return upload != NULL && upload->exists && upload->row.since_ms + SCH_UPLOAD_AGE_MAX_MS <= now_ms;
}

void sch_upload_erase(struct sch_work *work, uint64_t number, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct sch_record_key key = sch_record_key_part(number, i);

        sch_work_check(work, sch_batch_erase(&work->batch, SCH_TABLE_PART, sch_record_key_bytes(&key),
                                             SCH_STORE_ANY));
    }
}

/* ---- those that nobody submits ------------------------------------------------------------------- */

struct look {
    struct sch_upload_watch *watch;
    int64_t now_ms;
    struct sch_upload_name *ended;
    size_t ended_count, rows;
    uint64_t bytes;
    bool bad;                           /* a row cannot be read */
};

static void look_at_all(struct sch_upload_watch *watch)
{
    watch->from_size = 0;
    watch->pass_ms = INT64_MAX;
}

/* A start refuses a damaged row. A broker that runs leaves it and says so, without its key: the id of an upload is
 * known to its sender alone. It has no end, so that nobody waits for it. */
static bool pass_damaged(struct look *look)
{
    look->bad = true;
    if (look->ended == NULL)
        return false;
    sch_log_plain(SCH_LOG_ERROR, "UPLOAD_UNREADABLE", "an upload cannot be read from the store; it stays");
    return true;
}

static bool visit(void *context, struct sch_bytes key, struct sch_bytes value)
{
    struct look *look = context;
    struct sch_upload_name name;
    struct sch_upload_row row;
    int64_t end_ms;

    look->rows++;
    memcpy(look->watch->from, key.ptr, key.len);
    look->watch->from[key.len] = 0;     /* the first key after this one */
    look->watch->from_size = key.len + 1;
    if (sch_record_read_upload(key, &name.sender, &name.id) != SCH_OK ||
        sch_record_upload_decode(value, &row) != SCH_OK)
        return pass_damaged(look);
    look->bytes += bytes_there(&row);
    end_ms = row.since_ms + SCH_UPLOAD_AGE_MAX_MS;
    if (look->ended != NULL && end_ms <= look->now_ms)
        look->ended[look->ended_count++] = name;
    else if (end_ms < look->watch->pass_ms)
        look->watch->pass_ms = end_ms;
    return look->ended == NULL || look->ended_count < SCH_UPLOAD_DROPS_MAX;
}

int sch_upload_watch_start(struct sch_upload_watch *watch, struct sch_store *store, struct sch_metrics *metrics)
{
    struct look look = { .watch = watch };

    look_at_all(watch);
    if (sch_store_scan(store, SCH_TABLE_UPLOAD, (struct sch_bytes){ 0 }, (struct sch_bytes){ 0 }, false, SIZE_MAX,
                       visit, &look) != SCH_STORE_OK)
        return SCH_E_IO;
    if (look.bad)
        return SCH_E_STORE_DAMAGED;
    metrics->upload_bytes = look.bytes;
    watch->next_ms = watch->pass_ms;
    look_at_all(watch);
    return SCH_OK;
}

void sch_upload_watch_note(struct sch_upload_watch *watch, int64_t now_ms)
{
    int64_t end_ms = now_ms + SCH_UPLOAD_AGE_MAX_MS;

    watch->next_ms = end_ms < watch->next_ms ? end_ms : watch->next_ms;
    watch->pass_ms = end_ms < watch->pass_ms ? end_ms : watch->pass_ms;
}

void sch_upload_watch_defer(struct sch_upload_watch *watch, int64_t until_ms)
{
    look_at_all(watch);
    watch->next_ms = until_ms;
}

size_t sch_upload_watch_due(struct sch_upload_watch *watch, struct sch_store *store, int64_t now_ms,
                            struct sch_upload_name ended[SCH_UPLOAD_DROPS_MAX])
{
    struct look look = { .watch = watch, .now_ms = now_ms, .ended = ended };
    uint8_t from[sizeof watch->from];
    bool more;

    if (now_ms < watch->next_ms)
        return 0;
    memcpy(from, watch->from, sizeof from);
    /* What was not seen has no end yet: without a new look it would never have one. */
    if (sch_store_scan(store, SCH_TABLE_UPLOAD, (struct sch_bytes){ 0 },
                       (struct sch_bytes){ from, watch->from_size }, false, WATCH_ROWS_MAX, visit, &look) !=
        SCH_STORE_OK) {
        sch_upload_watch_defer(watch, now_ms + SCH_UPLOAD_RETRY_MS);
        return look.ended_count;
    }
    more = look.rows == WATCH_ROWS_MAX || look.ended_count == SCH_UPLOAD_DROPS_MAX;
    if (!more) {
        watch->next_ms = watch->pass_ms;
        look_at_all(watch);
    }
    return look.ended_count;
}
