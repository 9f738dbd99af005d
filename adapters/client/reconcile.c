/*
 * reconcile.c: what an application's system says it sent and received, against what the broker knows.
 *
 * The caller's list is sorted in place and each row of the broker's pages is looked up in it. Must not know:
 * frames, the outbox, the journal.
 */
#include "handle.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "id.h"

typedef void each_fn(void *context, sch_finding finding, const sch_passed *ours,
                     const struct sch_passed_row *theirs);

struct reconciling {
    sch_passed *list;
    size_t count;
    each_fn *each;
    void *context;
};

static int compare(const void *a, const void *b)
{
    const sch_passed *one = a, *other = b;
    int order = memcmp(one->id.bytes, other->id.bytes, SCH_ID_SIZE);
    if (order != 0)
        return order;
    return one->role < other->role ? -1 : one->role > other->role;
}

/* An unsigned message of the broker's own has no hash, and nothing to differ in. */
static sch_finding judge(const sch_passed *ours, const struct sch_passed_row *theirs)
{
    if (!ours->has_hash || sodium_is_zero(theirs->hash, sizeof theirs->hash))
        return SCH_KNOWN;
    return memcmp(ours->hash, theirs->hash, sizeof ours->hash) == 0 ? SCH_KNOWN : SCH_HASH_DIFFERS;
}

static void take_row(const struct reconciling *all, const struct sch_passed_row *row)
{
    sch_passed wanted = { .id = row->message, .role = row->role };
    sch_passed *ours = all->count > 0 ? bsearch(&wanted, all->list, all->count, sizeof *ours, compare) : NULL;
    if (!ours) {
        all->each(all->context, SCH_MISSING_HERE, NULL, row);
        return;
    }
    /* The list may name a message twice: all that are equal are one finding. */
    while (ours > all->list && compare(ours - 1, &wanted) == 0)
        ours--;
    if (!ours->found)
        all->each(all->context, judge(ours, row), ours, row);
    for (; ours < all->list + all->count && compare(ours, &wanted) == 0; ours++)
        ours->found = true;
}

static void report_missing(const struct reconciling *all)
{
    for (size_t i = 0; i < all->count; i++) {
        bool again = i > 0 && compare(&all->list[i - 1], &all->list[i]) == 0;
        if (!all->list[i].found && !again)
            all->each(all->context, SCH_MISSING_THERE, &all->list[i], NULL);
    }
}

static int left_ms(int64_t deadline)
{
    int64_t left = deadline - sch_link_mono_ms();
    return deadline == INT64_MAX ? -1 : left <= 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

static int take_pages(sch_client *client, struct sch_query *query, const struct reconciling *all,
                      int64_t deadline, sch_error *error)
{
    struct sch_page page;
    do {
        int code = sch_ask(client, query, left_ms(deadline), &page, error);
        if (code != SCH_OK)
            return code;
        for (size_t i = 0; i < page.passed_count; i++)
            take_row(all, &page.passed[i]);
        memcpy(query->cursor, page.cursor, sizeof query->cursor);
        query->cursor_size = page.cursor_size;
    } while (query->cursor_size > 0);
    return SCH_OK;
}

int sch_reconcile(sch_client *client, const char *mailbox, int64_t from_ms, int64_t to_ms, sch_passed *list,
                  size_t count, each_fn *each, void *context, int timeout_ms, sch_error *error)
{
    sch_client_enter(client);
    struct sch_query query = { .type = SCH_QUERY_PASSED, .from_ms = from_ms, .to_ms = to_ms,
                               .limit = SCH_PAGE_ROWS_MAX };
    if (!each || (count > 0 && !list) || from_ms < 0 || to_ms < 0 ||
        (mailbox && !sch_address_set(&query.party, mailbox)))
        return sch_fail(error, SCH_E_USAGE, "sch_reconcile() takes a mailbox, a period, a list and a hook");
    for (size_t i = 0; i < count; i++) {
        list[i].found = false;
        if (list[i].role != SCH_PASSED_SENT && list[i].role != SCH_PASSED_RECEIVED)
            return sch_fail(error, SCH_E_USAGE, "sch_reconcile(): an entry was neither sent nor received");
    }
    if (count > 0)
        qsort(list, count, sizeof *list, compare);
    struct reconciling all = { .list = list, .count = count, .each = each, .context = context };
    int code = take_pages(client, &query, &all, sch_client_deadline(timeout_ms), error);
    if (code == SCH_OK)
        report_missing(&all);
    return code;
}
