/*
 * lmdb_seek.c: see lmdb_seek.h.
 */
#include "shell/lmdb_seek.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "ports.h"

MDB_val sch_lmdb_val(struct sch_bytes bytes)
{
    return (MDB_val){ bytes.len, (void *)(uintptr_t)bytes.ptr };
}

struct sch_bytes sch_lmdb_bytes(MDB_val val)
{
    return (struct sch_bytes){ val.mv_data, val.mv_size };
}

static int compare(struct sch_bytes a, struct sch_bytes b)
{
    size_t size = a.len < b.len ? a.len : b.len;
    int order = size > 0 ? memcmp(a.ptr, b.ptr, size) : 0;

    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static bool has_prefix(struct sch_bytes key, struct sch_bytes prefix)
{
    return key.len >= prefix.len && (prefix.len == 0 || memcmp(key.ptr, prefix.ptr, prefix.len) == 0);
}

/* The first key >= at; the very first when at is empty, for LMDB takes no empty key. */
static int seek(MDB_cursor *cursor, struct sch_bytes at, MDB_val *key, MDB_val *value)
{
    if (at.len == 0)
        return mdb_cursor_get(cursor, key, value, MDB_FIRST);
    *key = sch_lmdb_val(at);
    return mdb_cursor_get(cursor, key, value, MDB_SET_RANGE);
}

/* The last key before the first that is >= at. */
static int seek_before(MDB_cursor *cursor, struct sch_bytes at, MDB_val *key, MDB_val *value)
{
    int rc = seek(cursor, at, key, value);

    if (rc == MDB_NOTFOUND)
        return mdb_cursor_get(cursor, key, value, MDB_LAST);
    return rc == 0 ? mdb_cursor_get(cursor, key, value, MDB_PREV) : rc;
}

/* The last key with this prefix, or one that has it not when there is none. */
static int seek_last(MDB_cursor *cursor, struct sch_bytes prefix, MDB_val *key, MDB_val *value)
{
    uint8_t bytes[SCH_STORE_KEY_MAX];
    size_t size = prefix.len;

    assert(size <= sizeof(bytes));
    if (size > 0)
        memcpy(bytes, prefix.ptr, size);
    while (size > 0 && bytes[size - 1] == UINT8_MAX)
        size--;
    if (size == 0)
        return mdb_cursor_get(cursor, key, value, MDB_LAST);
    bytes[size - 1]++;
    return seek_before(cursor, (struct sch_bytes){ bytes, size }, key, value);
}

/* The last key <= from that may have the prefix. */
static int seek_back(MDB_cursor *cursor, struct sch_bytes prefix, struct sch_bytes from, MDB_val *key,
                     MDB_val *value)
{
    int rc;

    if (from.len == 0 || (compare(from, prefix) > 0 && !has_prefix(from, prefix)))
        return seek_last(cursor, prefix, key, value);
    *key = sch_lmdb_val(from);
    rc = mdb_cursor_get(cursor, key, value, MDB_SET_KEY);
    return rc == MDB_NOTFOUND ? seek_before(cursor, from, key, value) : rc;
}

static int within(int rc, struct sch_bytes prefix, const MDB_val *key)
{
    return rc == 0 && !has_prefix(sch_lmdb_bytes(*key), prefix) ? MDB_NOTFOUND : rc;
}

int sch_lmdb_seek(MDB_cursor *cursor, struct sch_bytes prefix, struct sch_bytes from, bool backwards,
                  MDB_val *key, MDB_val *value)
{
    int rc = backwards ? seek_back(cursor, prefix, from, key, value)
                       : seek(cursor, compare(from, prefix) > 0 ? from : prefix, key, value);

    return within(rc, prefix, key);
}

int sch_lmdb_next(MDB_cursor *cursor, struct sch_bytes prefix, bool backwards, MDB_val *key, MDB_val *value)
{
    return within(mdb_cursor_get(cursor, key, value, backwards ? MDB_PREV : MDB_NEXT), prefix, key);
}

int sch_lmdb_open_error(const char *path, int rc, sch_error *error)
{
    enum sch_error_code code = SCH_E_IO;

    if (rc == MDB_INVALID || rc == MDB_CORRUPTED || rc == MDB_VERSION_MISMATCH || rc == MDB_NOTFOUND ||
        rc == MDB_PAGE_NOTFOUND)
        code = SCH_E_STORE_DAMAGED;
    else if (rc == ENOMEM)
        code = SCH_E_NO_MEMORY;
    return sch_fail(error, code, "%s: %s", path, mdb_strerror(rc));
}
