/*
 * query_dossier.c: DOSSIER, DOSSIERS and CHAIN: dossiers as rows. Part of query.h.
 */
#include "query_own.h"

#include <string.h>

#include "id.h"

/* ---- rows --------------------------------------------------------------------------------------- */

static void write_row(struct sch_reading *reading, struct sch_dossier_row *row)
{
    const struct sch_query_permit *permit = reading->permit;
    const struct sch_dossier *dossier = reading->dossier;

    memset(row, 0, sizeof *row);
    row->dossier = dossier->id;
    sch_kenmerk_text(dossier->kenmerk, row->kenmerk);
    row->kind = dossier->kind;
    row->phase = sch_query_shown_phase(permit, dossier);
    row->received = dossier->received;
    row->referrer = sch_query_shown(permit, &dossier->member[SCH_MEMBER_REFERRER].address);
    row->receiver = sch_query_shown(permit, &dossier->member[SCH_MEMBER_RECEIVER].address);
    row->creditor = sch_query_shown(permit, &dossier->member[SCH_MEMBER_CREDITOR].address);
    for (size_t i = SCH_MEMBER_COPY; i < dossier->member_count; i++)
        row->copies[row->copy_count++] = sch_query_shown(permit, &dossier->member[i].address);
    memcpy(row->region, dossier->region, sizeof row->region);
    row->echelon = dossier->echelon;
    row->urgency = dossier->urgency;
    row->opened_ms = dossier->opened_ms;
    row->changed_ms = dossier->changed_ms;
    row->parent = dossier->parent;
    row->follows = dossier->follows;
    row->group = dossier->group;
    row->root = dossier->root;
    row->chain_ms = dossier->chain_ms;
    row->refusals = dossier->refusals;
    row->breach = dossier->breach;
    for (size_t i = 0; i < dossier->instance_count; i++) {
        const struct sch_instance *instance = &dossier->instance[i];

        if (!sch_instance_is_open(instance))
            continue;
        row->open_count++;
        row->overdue_count += instance->due_ms <= reading->now_ms;
        if (row->next_due_ms == 0 || instance->due_ms < row->next_due_ms)
            row->next_due_ms = instance->due_ms;
    }
}

/* A page's worth of rows; false: no memory. */
static struct sch_dossier_row *take_rows(struct sch_reading *reading, size_t count)
{
    struct sch_dossier_row *rows = sch_arena_take(reading->arena, count * sizeof *rows);

    reading->page->dossiers = rows;
    return rows;
}

/* ---- DOSSIER and DOSSIERS ----------------------------------------------------------------------- */

int sch_query_dossier(struct sch_reading *reading)
{
    struct sch_dossier_row *row = take_rows(reading, 1);
    int code;

    if (row == NULL)
        return SCH_E_NO_MEMORY;
    code = sch_query_load(reading, &reading->permit->dossier);
    if (code != SCH_OK)
        return code;
    write_row(reading, row);
    reading->page->dossier_count = 1;
    return SCH_OK;
}

int sch_query_dossiers(struct sch_reading *reading)
{
    struct sch_record_key prefix = sch_record_prefix_text(sch_query_owner(reading->permit));
    size_t limit = reading->permit->query.limit;
    struct sch_dossier_row *rows = take_rows(reading, limit);
    int code = sch_query_scan(reading, SCH_TABLE_PARTY, &prefix, true, limit);

    if (rows == NULL || code != SCH_OK)
        return rows == NULL ? SCH_E_NO_MEMORY : code;
    for (size_t i = 0; i < reading->found->count; i++) {
        struct sch_id id;

        if (sch_record_read_party(sch_record_key_bytes(&reading->found->key[i]), &id) != SCH_OK ||
            sch_query_load(reading, &id) != SCH_OK)
            return SCH_E_STORE_DAMAGED;
        write_row(reading, &rows[reading->page->dossier_count++]);
    }
    if (reading->found->count == limit)
        sch_query_set_cursor(reading, &prefix, &reading->found->key[limit - 1]);
    return SCH_OK;
}

/* ---- CHAIN -------------------------------------------------------------------------------------- */

/* One dossier of the chain, unless it is gone or not for these eyes. */
static int add_link(struct sch_reading *reading, const struct sch_id *id, struct sch_dossier_row *rows)
{
    int code = sch_query_load(reading, id);

    if (code == SCH_E_STORE_DAMAGED)
        return code;
    if (code == SCH_OK && sch_query_may_see(reading->permit, reading->dossier))
        write_row(reading, &rows[reading->page->dossier_count++]);
    return SCH_OK;
}

/* The first page begins with the root, which stands under none; a cursor of zeros says that it was shown. */
static int add_root(struct sch_reading *reading, const struct sch_id *root, struct sch_dossier_row *rows)
{
    if (reading->after.len > 0)
        return SCH_OK;
    reading->page->cursor_size = SCH_ID_SIZE;
    return add_link(reading, root, rows);
}

/* A row under the root's id; one that is there as the member of a group only is no link of the chain. */
static int add_found(struct sch_reading *reading, size_t at, struct sch_dossier_row *rows)
{
    const struct sch_query_found *found = reading->found;
    struct sch_chain_row row;
    struct sch_id id;

    if (sch_record_read_chain(sch_record_key_bytes(&found->key[at]), NULL, &id) != SCH_OK ||
        sch_record_chain_decode((struct sch_bytes){ found->value[at], found->value_size[at] }, &row) !=
            SCH_OK)
        return SCH_E_STORE_DAMAGED;
    return row.chain ? add_link(reading, &id, rows) : SCH_OK;
}

/* The others stand under their root in the order of their ids, which begin with the time of writing. */
static int add_links(struct sch_reading *reading, const struct sch_id *root, struct sch_dossier_row *rows)
{
    struct sch_record_key prefix = sch_record_prefix_id(root);
    size_t limit = reading->permit->query.limit, looked = 0;

    while (reading->page->dossier_count < limit && looked < SCH_SCAN_ROWS_MAX) {
        size_t wanted = limit - reading->page->dossier_count;
        int code = sch_query_scan(reading, SCH_TABLE_CHAIN, &prefix, false, wanted);

        for (size_t i = 0; code == SCH_OK && i < reading->found->count; i++)
            code = add_found(reading, i, rows);
        if (code != SCH_OK)
            return code;
        if (reading->found->count < wanted) {
            reading->page->cursor_size = 0;
            return SCH_OK;
        }
        looked += reading->found->count;
        sch_query_set_cursor(reading, &prefix, &reading->found->key[reading->found->count - 1]);
        reading->after = (struct sch_bytes){ reading->page->cursor, reading->page->cursor_size };
    }
    return SCH_OK;
}

int sch_query_chain(struct sch_reading *reading)
{
    struct sch_dossier_row *rows = take_rows(reading, reading->permit->query.limit);
    struct sch_id root;
    int code;

    if (rows == NULL)
        return SCH_E_NO_MEMORY;
    code = sch_query_load(reading, &reading->permit->dossier);
    if (code != SCH_OK)
        return code;
    root = sch_id_is_none(&reading->dossier->root) ? reading->dossier->id : reading->dossier->root;
    code = add_root(reading, &root, rows);
    return code == SCH_OK ? add_links(reading, &root, rows) : code;
}
