/*
 * lmdb_seek.h: where a scan of ports.h begins and goes on, in terms of LMDB's cursors; what its errors mean.
 *
 * LMDB finds "the first key >= this" only, takes no empty key, and knows no prefixes. Returns are LMDB's:
 * 0, MDB_NOTFOUND when no row with the prefix is left, or an error.
 */
#ifndef SCH_SHELL_LMDB_SEEK_H
#define SCH_SHELL_LMDB_SEEK_H

#include <lmdb.h>
#include <scharnier/error.h>
#include <scharnier/types.h>

MDB_val sch_lmdb_val(struct sch_bytes bytes);
struct sch_bytes sch_lmdb_bytes(MDB_val val);

/* The first row of a scan, as sch_store_scan() of ports.h defines it. */
int sch_lmdb_seek(MDB_cursor *cursor, struct sch_bytes prefix, struct sch_bytes from, bool backwards,
                  MDB_val *key, MDB_val *value);

/* The row after it. */
int sch_lmdb_next(MDB_cursor *cursor, struct sch_bytes prefix, bool backwards, MDB_val *key, MDB_val *value);

/* What LMDB says when an environment cannot be opened, as one of our errors. Returns its code. */
int sch_lmdb_open_error(const char *path, int rc, sch_error *error);

#endif
