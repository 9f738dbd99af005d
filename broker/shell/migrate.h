/*
 * migrate.h: a store of schema 1 becomes one of schema 2. STORE.md, "Changing a format".
 *
 * In batches of bounded size, each one transaction that also says how far it went: after an interruption, running
 * it again goes on from there. The schema row is written last, so that no broker takes a store for migrated
 * that is not. Must not know: which store it is.
 */
#ifndef SCH_SHELL_MIGRATE_H
#define SCH_SHELL_MIGRATE_H

#include "ports.h"

struct sch_migrate_report {
    uint64_t dossiers, messages;        /* that this run rewrote */
};

/* SCH_OK, also when the store is of this schema already; STORE_DAMAGED, NO_MEMORY, IO, SCHEMA_NEWER. Nobody else
 * may have the store open. */
int sch_migrate(struct sch_store *store, struct sch_migrate_report *report, sch_error *error);

#endif
