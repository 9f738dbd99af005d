/* chosen.c: asks the worklist. Contract in chosen.h. */
#include "chosen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "filter.h"
#include "id.h"

#define CHOSEN_MAX 10000

struct choosing {
    struct sch_chosen *chosen;
    const struct sch_id *dossier; /* NULL: whatever the filters let through */
    unsigned expectation;         /* 0: whatever is due first */
    bool failed;
};

static bool is_wanted(const struct choosing *choosing, const struct sch_unanswered_row *row)
{
    return (choosing->dossier == NULL || sch_id_equal(choosing->dossier, &row->dossier)) &&
           (choosing->expectation == 0 || choosing->expectation == row->expectation);
}

static struct sch_unanswered_row *row_of(const struct sch_chosen *chosen, const struct sch_id *dossier)
{
    for (size_t i = 0; i < chosen->count; i++)
        if (sch_id_equal(&chosen->row[i].dossier, dossier))
            return &chosen->row[i];
    return NULL;
}

/* Of a dossier's promises the one that is due first. Collecting gives way: it may be a copy that nobody
 * fetched. */
static bool comes_before(const struct sch_unanswered_row *a, const struct sch_unanswered_row *b)
{
    bool collecting = a->expectation == 1;
    return collecting != (b->expectation == 1) ? !collecting : a->due_ms < b->due_ms;
}

static bool add(struct sch_chosen *chosen, const struct sch_unanswered_row *row)
{
    struct sch_unanswered_row *before = row_of(chosen, &row->dossier);
    if (before != NULL) {
        if (comes_before(row, before))
            *before = *row;
        return true;
    }
    if (chosen->count == chosen->room) {
        size_t room = chosen->room == 0 ? 32 : 2 * chosen->room;
        struct sch_unanswered_row *grown = realloc(chosen->row, room * sizeof *grown);
        if (grown == NULL)
            return false;
        chosen->row = grown;
        chosen->room = room;
    }
    chosen->row[chosen->count++] = *row;
    return true;
}

static bool take_rows(void *context, const struct sch_page *page)
{
    struct choosing *choosing = context;
    bool found = false; /* a dossier's promises stand together on one page */
    for (size_t i = 0; i < page->unanswered_count; i++) {
        const struct sch_unanswered_row *row = &page->unanswered[i];
        if (!is_wanted(choosing, row))
            continue;
        choosing->failed = !add(choosing->chosen, row);
        found = choosing->dossier != NULL;
        if (choosing->failed || choosing->chosen->count == CHOSEN_MAX)
            return false;
    }
    return !found;
}

static int ask(struct sch_cli *cli, struct choosing *choosing, struct sch_query *query, sch_error *error)
{
    int code = sch_cli_ask(cli, query, take_rows, choosing, error);
    return code == SCH_OK && choosing->failed ? sch_fail(error, SCH_E_NO_MEMORY, "the promises of this act")
                                              : code;
}

/* The worklist has no filter for a dossier; its parties narrow it well enough. */
static int load_one(struct sch_cli *cli, struct sch_chosen *chosen, const char *reference,
                    unsigned expectation, sch_error *error)
{
    struct sch_dossier_row row;
    size_t before = chosen->count;
    int code = sch_cli_find(cli, reference, &row, error);
    if (code != SCH_OK)
        return code;
    struct choosing choosing = { .chosen = chosen, .dossier = &row.dossier, .expectation = expectation };
    struct sch_query query = { .type = SCH_QUERY_UNANSWERED, .limit = SCH_PAGE_ROWS_MAX };
    query.only.referrer = row.referrer;
    query.only.receiver = row.receiver;
    query.only.expectation = expectation;
    code = ask(cli, &choosing, &query, error);
    if (code == SCH_OK && chosen->count == before)
        code = sch_fail(error, SCH_E_NOTHING_OPEN, expectation != 0 ? "%s: E%u" : "%s", row.kenmerk,
                        expectation);
    return code;
}

int sch_chosen_load(struct sch_cli *cli, struct sch_chosen *chosen, sch_error *error)
{
    struct sch_query query = { .type = SCH_QUERY_UNANSWERED, .limit = SCH_PAGE_ROWS_MAX };
    *chosen = (struct sch_chosen){ .count = 0 };
    int code = sch_filter_take(cli, &query, error);
    if (code != SCH_OK)
        return code;
    unsigned expectation = query.only.expectation;
    if (cli->operand_count == 0) {
        struct choosing choosing = { .chosen = chosen, .expectation = expectation };
        if (sch_filter_count(&query) == 0)
            return sch_fail(error, SCH_E_USAGE,
                            "name dossiers by KENMERK, or give a filter such as --overdue");
        query.overdue_only = true;
        return ask(cli, &choosing, &query, error);
    }
    if (sch_filter_count(&query) > (expectation != 0))
        return sch_fail(error, SCH_E_USAGE, "either KENMERK or filters, not both");
    for (size_t i = 0; i < cli->operand_count && code == SCH_OK; i++) {
        cli->acting = NULL;
        code = load_one(cli, chosen, cli->operand[i], expectation, error);
    }
    return code;
}

void sch_chosen_close(struct sch_chosen *chosen)
{
    free(chosen->row);
    *chosen = (struct sch_chosen){ .count = 0 };
}

struct sch_dossier_row sch_chosen_dossier(const struct sch_unanswered_row *row)
{
    struct sch_dossier_row dossier = { .dossier = row->dossier,
                                       .phase = row->phase,
                                       .referrer = row->referrer,
                                       .receiver = row->receiver,
                                       .creditor = row->creditor };
    memcpy(dossier.kenmerk, row->kenmerk, sizeof dossier.kenmerk);
    return dossier;
}
