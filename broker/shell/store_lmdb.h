/*
 * store_lmdb.h: the store port on LMDB: opening, closing and checking what ports.h then uses.
 *
 * One environment per process and one process per directory (an exclusive flock). Writing belongs to one
 * thread; sch_store_get(), sch_store_scan(), sch_store_space() and sch_store_backup() may run on any. Rows
 * are copied or lent inside a short read transaction; no pointer survives it. STORE.md gives the tables.
 * Must not know: what rows mean, the schema row excepted.
 */
#ifndef SCH_SHELL_STORE_LMDB_H
#define SCH_SHELL_STORE_LMDB_H

#include <stdio.h>

#include "ports.h"

#define SCH_STORE_MAP_SIZE (UINT64_C(256) << 30)    /* reserved address space; the file grows by need */
#define SCH_STORE_MAP_SIZE_MIN (UINT64_C(1) << 20)
#define SCH_STORE_VALUE_MAX (4 * 1024 * 1024)       /* bytes of any value; larger: REJECTED */

struct sch_store_options {
    const char *path;                   /* a directory */
    uint64_t map_size;                  /* 0: SCH_STORE_MAP_SIZE, halved until the address space admits it */
    bool create;                        /* make directory (0700) and tables where there are none */
    bool read_only;                     /* for verification; excludes create */
    bool older;                         /* a store of an older schema is opened too: to be copied or migrated */
};

/*
 * Gives a store. Errors: IO (no such directory or store, no permission), BUSY (another process has it),
 * SCHEMA_NEWER, SCHEMA_OLDER, STORE_DAMAGED, NO_MEMORY.
 */
int sch_store_open(struct sch_store **store, const struct sch_store_options *options, sch_error *error);
void sch_store_close(struct sch_store *store);      /* NULL-safe */

/* How often the environment was opened anew after a failed commit. */
uint64_t sch_store_reopened(const struct sch_store *store);

/* ---- checking (store_check.c, store_verify.c) --------------------------------------------------- */

struct sch_store_counts {
    uint64_t rows[SCH_TABLE_COUNT];
    uint64_t bytes[SCH_TABLE_COUNT];    /* of keys and values */
};

/* Reads every row of an open store and decodes it, checks that what rows refer to is there, and the audit
 * chain. Nobody may write meanwhile. SCH_OK, BACKUP_BAD (naming table and key), AUDIT_BROKEN, NO_MEMORY. */
int sch_store_check(struct sch_store *store, struct sch_store_counts *counts, sch_error *error);

/* The same for a directory, opened for reading: a backup, or a store whose broker is stopped. Also the
 * errors of sch_store_open(). */
int sch_store_verify(const char *path, struct sch_store_counts *counts, sch_error *error);

/* One line per table, in the form of scharnierd: "dossier         128,000 rows       98.2 MB". */
void sch_store_counts_print(FILE *stream, const struct sch_store_counts *counts);

#endif
