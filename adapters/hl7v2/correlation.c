/*
 * correlation.c: see correlation.h.
 *
 * The log: the line MAGIC, then records of u32 size (little endian), 16 bytes of BLAKE2b over the payload,
 * and the payload: version, type, time, then fields, each u16 length and bytes. To change the payload raise
 * RECORD_VERSION and keep reading the former ones.
 */
#include "correlation.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "id.h"

static const char magic[] = "scharnier correlation 1\n";
#define MAGIC_SIZE (sizeof magic - 1)
#define RECORD_VERSION 1
#define CHECK_SIZE 16
#define PREFIX_SIZE (4 + CHECK_SIZE)
#define RECORD_SIZE_MAX (SCH_CORRELATION_PATIENT_MAX + 4096)

struct slot {
    uint64_t hash;                      /* 0: free */
    uint64_t offset;                    /* of a record in the log */
};

struct sch_correlation {
    int fd;
    int directory_fd;
    uint64_t end;                       /* where the next record goes */
    size_t count;
    struct slot *slots;
    size_t slot_count, used;
    uint8_t record[RECORD_SIZE_MAX];    /* the last one read or written */
};

enum tag { TAG_KEY = 'k', TAG_KENMERK = 'r', TAG_ORDER = 'o', TAG_DOSSIER = 'd' };

/* ---- record and bytes ---------------------------------------------------------------------------- */

struct cursor {
    uint8_t *at, *end;
    bool failed;
};

static void put(struct cursor *cursor, const void *bytes, size_t size)
{
    if (size > UINT16_MAX || (size_t)(cursor->end - cursor->at) < size + 2) {
        cursor->failed = true;
        return;
    }
    *cursor->at++ = (uint8_t)size;
    *cursor->at++ = (uint8_t)(size >> 8);
    if (size > 0)
        memcpy(cursor->at, bytes, size);
    cursor->at += size;
}

static struct sch_bytes get(struct cursor *cursor)
{
    struct sch_bytes bytes = {cursor->at, 0};

    if (cursor->failed || cursor->end - cursor->at < 2) {
        cursor->failed = true;
        return bytes;
    }
    size_t size = (size_t)(cursor->at[0] | cursor->at[1] << 8);
    if ((size_t)(cursor->end - cursor->at) < size + 2) {
        cursor->failed = true;
        return bytes;
    }
    bytes.ptr = cursor->at + 2;
    bytes.len = size;
    cursor->at += size + 2;
    return bytes;
}

static void put_text(struct cursor *cursor, const char *text)
{
    put(cursor, text, strlen(text));
}

static void get_text(struct cursor *cursor, char *text, size_t size)
{
    struct sch_bytes bytes = get(cursor);

    if (bytes.len >= size)
        cursor->failed = true;
    else
        memcpy(text, bytes.ptr, bytes.len);
}

static void get_fixed(struct cursor *cursor, void *out, size_t size)
{
    struct sch_bytes bytes = get(cursor);

    if (bytes.len != size)
        cursor->failed = true;
    else
        memcpy(out, bytes.ptr, size);
}

static size_t encode(const struct sch_correlation_record *record, uint8_t *out, size_t capacity)
{
    struct cursor cursor = {out, out + capacity, false};
    uint8_t head[3] = {RECORD_VERSION, (uint8_t)record->type, (uint8_t)record->copy_count};

    put(&cursor, head, sizeof head);
    uint8_t at[8];
    for (int i = 0; i < 8; i++)
        at[i] = (uint8_t)((uint64_t)record->at_ms >> (8 * i));
    put(&cursor, at, sizeof at);
    put_text(&cursor, record->key);
    put(&cursor, record->digest, sizeof record->digest);
    put(&cursor, record->dossier.bytes, sizeof record->dossier.bytes);
    put_text(&cursor, record->kenmerk);
    put_text(&cursor, record->order);
    put_text(&cursor, record->sender.text);
    put_text(&cursor, record->receiver.text);
    put_text(&cursor, record->creditor.text);
    for (size_t i = 0; i < record->copy_count; i++)
        put_text(&cursor, record->copies[i].text);
    put(&cursor, record->patient.ptr, record->patient.len);
    return cursor.failed ? 0 : (size_t)(cursor.at - out);
}

static bool decode(uint8_t *bytes, size_t size, struct sch_correlation_record *record)
{
    struct cursor cursor = {bytes, bytes + size, false};
    uint8_t head[3] = {0}, at[8] = {0};
    uint64_t at_ms = 0;

    memset(record, 0, sizeof *record);
    get_fixed(&cursor, head, sizeof head);
    get_fixed(&cursor, at, sizeof at);
    for (int i = 7; i >= 0; i--)
        at_ms = at_ms << 8 | at[i];
    record->at_ms = (int64_t)at_ms;
    if (head[0] != RECORD_VERSION || head[1] < SCH_CORRELATION_RECEIVED || head[1] > SCH_CORRELATION_DOSSIER
        || head[2] > SCH_COPIES_MAX)
        return false;
    record->type = (enum sch_correlation_type)head[1];
    record->copy_count = head[2];
    get_text(&cursor, record->key, sizeof record->key);
    get_fixed(&cursor, record->digest, sizeof record->digest);
    get_fixed(&cursor, record->dossier.bytes, sizeof record->dossier.bytes);
    get_text(&cursor, record->kenmerk, sizeof record->kenmerk);
    get_text(&cursor, record->order, sizeof record->order);
    get_text(&cursor, record->sender.text, sizeof record->sender.text);
    get_text(&cursor, record->receiver.text, sizeof record->receiver.text);
    get_text(&cursor, record->creditor.text, sizeof record->creditor.text);
    for (size_t i = 0; i < record->copy_count; i++)
        get_text(&cursor, record->copies[i].text, sizeof record->copies[i].text);
    record->patient = get(&cursor);
    return !cursor.failed && cursor.at == cursor.end;
}

static void checksum(const uint8_t *payload, size_t size, uint8_t check[CHECK_SIZE])
{
    crypto_generichash(check, CHECK_SIZE, payload, size, NULL, 0);
}

/* ---- index ------------------------------------------------------------------------------------- */

static uint64_t hash_of(enum tag tag, const char *text)
{
    uint64_t hash = UINT64_C(14695981039346656037) ^ (uint64_t)tag;

    for (; *text != 0; text++)
        hash = (hash ^ (uint8_t)*text) * UINT64_C(1099511628211);
    hash ^= hash >> 29;
    return hash != 0 ? hash : 1;
}

static void place(struct slot *slots, size_t count, struct slot slot)
{
    size_t at = (size_t)slot.hash & (count - 1);

    while (slots[at].hash != 0)
        at = (at + 1) & (count - 1);
    slots[at] = slot;
}

/* Room for four more entries: what one record needs. */
static bool reserve(struct sch_correlation *table)
{
    if ((table->used + 4) * 2 <= table->slot_count)
        return true;
    size_t count = table->slot_count == 0 ? 1024 : table->slot_count * 2;
    struct slot *slots = calloc(count, sizeof *slots);
    if (slots == NULL)
        return false;
    for (size_t i = 0; i < table->slot_count; i++)
        if (table->slots[i].hash != 0)
            place(slots, count, table->slots[i]);
    free(table->slots);
    table->slots = slots;
    table->slot_count = count;
    return true;
}

static void index_one(struct sch_correlation *table, enum tag tag, const char *text, uint64_t offset)
{
    if (*text == 0)
        return;
    assert(table->used < table->slot_count);
    place(table->slots, table->slot_count, (struct slot){hash_of(tag, text), offset});
    table->used++;
}

static void index_record(struct sch_correlation *table, const struct sch_correlation_record *record,
                         uint64_t offset)
{
    char dossier[SCH_ID_TEXT_SIZE];

    table->count++;
    if (record->type != SCH_CORRELATION_DOSSIER) {
        index_one(table, TAG_KEY, record->key, offset);
        return;
    }
    sch_id_text(&record->dossier, dossier);
    index_one(table, TAG_DOSSIER, dossier, offset);
    index_one(table, TAG_KENMERK, record->kenmerk, offset);
    index_one(table, TAG_ORDER, record->order, offset);
}

/* ---- log --------------------------------------------------------------------------------------- */

enum read_result { READ_OK, READ_END, READ_TORN, READ_DAMAGED, READ_FAILED };

/* Is everything from offset on zero? A crash may leave a file that grew but was not filled. */
static bool rest_is_zero(int fd, uint64_t offset, uint64_t size)
{
    uint8_t block[4096];

    while (offset < size) {
        ssize_t got = pread(fd, block, sizeof block, (off_t)offset);
        if (got <= 0)
            return false;
        for (ssize_t i = 0; i < got; i++)
            if (block[i] != 0)
                return false;
        offset += (uint64_t)got;
    }
    return true;
}

/* Reads the record at offset of a log of `size` bytes into table->record. */
static enum read_result read_record(struct sch_correlation *table, uint64_t offset, uint64_t size,
                                    struct sch_correlation_record *record, uint64_t *next)
{
    uint8_t prefix[PREFIX_SIZE], check[CHECK_SIZE];

    if (offset == size)
        return READ_END;
    if (size - offset < PREFIX_SIZE)
        return READ_TORN;
    if (pread(table->fd, prefix, sizeof prefix, (off_t)offset) != (ssize_t)sizeof prefix)
        return READ_FAILED;
    size_t payload =
        (size_t)prefix[0] | (size_t)prefix[1] << 8 | (size_t)prefix[2] << 16 | (size_t)prefix[3] << 24;
    if (payload == 0 || payload > RECORD_SIZE_MAX)
        return rest_is_zero(table->fd, offset, size) ? READ_TORN : READ_DAMAGED;
    if (size - offset - PREFIX_SIZE < payload)
        return READ_TORN;
    if (pread(table->fd, table->record, payload, (off_t)(offset + PREFIX_SIZE)) != (ssize_t)payload)
        return READ_FAILED;
    checksum(table->record, payload, check);
    *next = offset + PREFIX_SIZE + payload;
    if (memcmp(check, prefix + 4, CHECK_SIZE) != 0)
        return *next == size ? READ_TORN : READ_DAMAGED;
    return decode(table->record, payload, record) ? READ_OK : READ_DAMAGED;
}

static bool write_record(int fd, uint64_t offset, uint8_t *frame, const struct sch_correlation_record *record,
                         uint64_t *next)
{
    size_t payload = encode(record, frame + PREFIX_SIZE, RECORD_SIZE_MAX);

    if (payload == 0)
        return false;
    for (int i = 0; i < 4; i++)
        frame[i] = (uint8_t)(payload >> (8 * i));
    checksum(frame + PREFIX_SIZE, payload, frame + 4);
    size_t size = PREFIX_SIZE + payload;
    if (pwrite(fd, frame, size, (off_t)offset) != (ssize_t)size)
        return false;
    *next = offset + size;
    return true;
}

/* Reads the log from its head and builds the index. */
static int load(struct sch_correlation *table, int64_t before_ms, bool *old, sch_error *error)
{
    struct sch_correlation_record record;
    struct stat status;
    uint64_t at = MAGIC_SIZE, next = 0;
    enum read_result result = READ_OK;
    char line[MAGIC_SIZE];

    if (fstat(table->fd, &status) != 0)
        return sch_fail(error, SCH_E_IO, "correlation.log: %s", strerror(errno));
    uint64_t size = (uint64_t)status.st_size;
    if (size < MAGIC_SIZE) {
        if (pwrite(table->fd, magic, MAGIC_SIZE, 0) != (ssize_t)MAGIC_SIZE || fdatasync(table->fd) != 0)
            return sch_fail(error, SCH_E_IO, "correlation.log: %s", strerror(errno));
        size = MAGIC_SIZE;
    }
    if (pread(table->fd, line, MAGIC_SIZE, 0) != (ssize_t)MAGIC_SIZE || memcmp(line, magic, MAGIC_SIZE) != 0)
        return sch_fail(error, SCH_E_STORE_DAMAGED,
                        "correlation.log is not a correlation table of this version");
    while ((result = read_record(table, at, size, &record, &next)) == READ_OK) {
        if (!reserve(table))
            return sch_fail(error, SCH_E_NO_MEMORY, "the index of correlation.log");
        *old = *old || record.at_ms < before_ms;
        index_record(table, &record, at);
        at = next;
    }
    if (result == READ_DAMAGED)
        return sch_fail(error, SCH_E_STORE_DAMAGED, "correlation.log: the record at byte %llu",
                        (unsigned long long)at);
    if (result == READ_FAILED || (result == READ_TORN && (ftruncate(table->fd, (off_t)at) != 0
                                                          || fdatasync(table->fd) != 0)))
        return sch_fail(error, SCH_E_IO, "correlation.log: %s", strerror(errno));
    table->end = at;
    return SCH_OK;
}

/* Writes the records that are young enough to a new log, and puts it in the place of the old one. */
static int rewrite(struct sch_correlation *table, int64_t before_ms, sch_error *error)
{
    struct sch_correlation_record record;
    uint64_t next = 0, to = MAGIC_SIZE;
    uint8_t *frame = malloc(PREFIX_SIZE + RECORD_SIZE_MAX);
    int fd = openat(table->directory_fd, "correlation.new", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool fine = frame != NULL && fd >= 0 && pwrite(fd, magic, MAGIC_SIZE, 0) == (ssize_t)MAGIC_SIZE;

    for (uint64_t at = MAGIC_SIZE; fine && at < table->end; at = next) {
        fine = read_record(table, at, table->end, &record, &next) == READ_OK;
        if (fine && record.at_ms >= before_ms)
            fine = write_record(fd, to, frame, &record, &to);
    }
    free(frame);
    if (fine && fdatasync(fd) == 0 && flock(fd, LOCK_EX | LOCK_NB) == 0
        && renameat(table->directory_fd, "correlation.new", table->directory_fd, "correlation.log") == 0
        && fsync(table->directory_fd) == 0) {
        close(table->fd);
        table->fd = fd;
        return SCH_OK;
    }
    int code = sch_fail(error, SCH_E_IO, "correlation.new: %s", strerror(errno));
    if (fd >= 0)
        close(fd);
    return code;
}

static void forget(struct sch_correlation *table)
{
    free(table->slots);
    table->slots = NULL;
    table->slot_count = table->used = table->count = 0;
}

static int prepare(struct sch_correlation *table, const char *directory, int64_t before_ms, sch_error *error)
{
    bool old = false, none = false;

    table->directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (table->directory_fd < 0)
        return sch_fail(error, SCH_E_IO, "%s: %s", directory, strerror(errno));
    table->fd = openat(table->directory_fd, "correlation.log", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (table->fd < 0)
        return sch_fail(error, SCH_E_IO, "%s/correlation.log: %s", directory, strerror(errno));
    if (flock(table->fd, LOCK_EX | LOCK_NB) != 0)
        return sch_fail(error, SCH_E_BUSY, "%s/correlation.log", directory);
    if (fsync(table->directory_fd) != 0)
        return sch_fail(error, SCH_E_IO, "%s: %s", directory, strerror(errno));
    int code = load(table, before_ms, &old, error);
    if (code == SCH_OK && old) {
        code = rewrite(table, before_ms, error);
        forget(table);
        if (code == SCH_OK)
            code = load(table, INT64_MIN, &none, error);
    }
    return code;
}

struct sch_correlation *sch_correlation_open(const char *directory, int64_t now_ms, int64_t keep_ms,
                                             sch_error *error)
{
    struct sch_correlation *table = calloc(1, sizeof *table);

    if (table == NULL) {
        sch_fail(error, SCH_E_NO_MEMORY, "the correlation table");
        return NULL;
    }
    table->fd = table->directory_fd = -1;
    if (prepare(table, directory, keep_ms > 0 ? now_ms - keep_ms : INT64_MIN, error) == SCH_OK
        && reserve(table))
        return table;
    sch_correlation_close(table);
    return NULL;
}

void sch_correlation_close(struct sch_correlation *table)
{
    if (table == NULL)
        return;
    if (table->fd >= 0)
        close(table->fd);
    if (table->directory_fd >= 0)
        close(table->directory_fd);
    free(table->slots);
    sodium_memzero(table->record, sizeof table->record);
    free(table);
}

int sch_correlation_append(struct sch_correlation *table, const struct sch_correlation_record *record,
                           sch_error *error)
{
    uint8_t *frame;
    uint64_t next = 0;

    assert(record->patient.len <= SCH_CORRELATION_PATIENT_MAX);
    if (!reserve(table) || (frame = malloc(PREFIX_SIZE + RECORD_SIZE_MAX)) == NULL)
        return sch_fail(error, SCH_E_NO_MEMORY, "the correlation table");
    bool fine = write_record(table->fd, table->end, frame, record, &next) && fdatasync(table->fd) == 0;
    free(frame);
    if (!fine) {
        int code = sch_fail(error, SCH_E_IO, "correlation.log: %s", strerror(errno));
        /* What was written in part is cut off; where even that fails, the next record overwrites it. */
        int cut = ftruncate(table->fd, (off_t)table->end);
        (void)cut;
        return code;
    }
    index_record(table, record, table->end);
    table->end = next;
    return SCH_OK;
}

/* ---- looking up -------------------------------------------------------------------------------- */

static const char *text_of(const struct sch_correlation_record *record, enum tag tag,
                           char dossier[SCH_ID_TEXT_SIZE])
{
    switch (tag) {
    case TAG_KEY: return record->key;
    case TAG_KENMERK: return record->kenmerk;
    case TAG_ORDER: return record->order;
    case TAG_DOSSIER: break;
    }
    sch_id_text(&record->dossier, dossier);
    return dossier;
}

/* The newest record that carries text under tag; *others tells whether records of another dossier do too. */
static bool find(struct sch_correlation *table, enum tag tag, const char *text,
                 struct sch_correlation_record *record, bool *others)
{
    uint64_t hash = hash_of(tag, text), next, newest = 0;
    char dossier[SCH_ID_TEXT_SIZE];
    struct sch_id first;
    bool found = false;

    *others = false;
    memset(&first, 0, sizeof first);
    if (*text == 0)
        return false;
    for (size_t at = (size_t)hash & (table->slot_count - 1); table->slots[at].hash != 0;
         at = (at + 1) & (table->slot_count - 1)) {
        if (table->slots[at].hash != hash
            || read_record(table, table->slots[at].offset, table->end, record, &next) != READ_OK
            || strcmp(text_of(record, tag, dossier), text) != 0)
            continue;
        if (!found)
            first = record->dossier;
        *others = *others || !sch_id_equal(&first, &record->dossier);
        newest = table->slots[at].offset > newest ? table->slots[at].offset : newest;
        found = true;
    }
    return found && read_record(table, newest, table->end, record, &next) == READ_OK;
}

bool sch_correlation_by_key(struct sch_correlation *table, const char *key,
                            struct sch_correlation_record *record)
{
    bool others;
    return find(table, TAG_KEY, key, record, &others);
}

bool sch_correlation_by_kenmerk(struct sch_correlation *table, const char *kenmerk,
                                struct sch_correlation_record *record)
{
    bool others;
    return find(table, TAG_KENMERK, kenmerk, record, &others);
}

bool sch_correlation_by_dossier(struct sch_correlation *table, const struct sch_id *dossier,
                                struct sch_correlation_record *record)
{
    char text[SCH_ID_TEXT_SIZE];
    bool others;

    sch_id_text(dossier, text);
    return find(table, TAG_DOSSIER, text, record, &others);
}

unsigned sch_correlation_by_order(struct sch_correlation *table, const char *order,
                                  struct sch_correlation_record *record)
{
    bool others;

    if (!find(table, TAG_ORDER, order, record, &others))
        return 0;
    return others ? 2 : 1;
}

size_t sch_correlation_count(const struct sch_correlation *table)
{
    return table->count;
}
