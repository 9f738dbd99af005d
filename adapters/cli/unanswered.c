/*
 * unanswered.c: scharnier unanswered ls: the worklist of missing terugkoppeling, page by page.
 *
 * Filters, silences, totals and the states of terms are the broker's; nothing is counted here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/calendar.h"
#include "filter.h"
#include "names.h"
#include "output.h"
#include "words.h"
#include "worklist.h"

#define LIMIT_DEFAULT 1000
#define LIST_MAX 100000000

struct listing {
    struct sch_cli *cli;
    struct sch_table table;
    json_t *rows; /* --json */
    size_t count, limit;
    bool more, failed;
    uint32_t open, overdue;
    char first[SCH_KENMERK_SIZE + 1];
};

static bool add_line(struct sch_cli *cli, struct sch_table *table, const struct sch_unanswered_row *row,
                     int64_t now_ms)
{
    char sent[SCH_TIME_SIZE];
    char days[16];
    char receiver[SCH_WORKLIST_AWAITED_SIZE];
    char awaited[SCH_WORKLIST_AWAITED_SIZE];
    char term[SCH_WORDS_TERM_SIZE];
    snprintf(days, sizeof days, "%d", sch_worklist_days(row->referred_ms, now_ms));
    const char *text[] = { row->kenmerk,
                           sch_time_dutch_day(sch_day_of_ms(row->referred_ms), sch_day_of_ms(now_ms), sent),
                           sch_cli_name(cli, row->referrer.text),
                           sch_worklist_receiver(cli, row->receiver.text, row->echelon, receiver),
                           sch_worklist_awaited(cli, row, awaited),
                           days,
                           sch_words_term(row, now_ms, term),
                           sch_code_dutch(SCH_SET_PHASE, row->phase) };
    return sch_table_add(table, text);
}

static bool take_rows(void *context, const struct sch_page *page)
{
    struct listing *list = context;
    int64_t now_ms = sch_now_ms(list->cli->client);
    size_t *order = sch_worklist_order(page);
    list->open = page->open_total;
    list->overdue = page->overdue_total;
    list->failed = order == NULL;
    for (size_t i = 0; !list->failed && !list->more && i < page->unanswered_count; i++) {
        const struct sch_unanswered_row *row = &page->unanswered[order[i]];
        list->more = list->count == list->limit;
        if (list->more)
            break;
        if (list->count++ == 0)
            snprintf(list->first, sizeof list->first, "%s", row->kenmerk);
        bool good = list->cli->jsonl  ? sch_json_line("unanswered_row", sch_worklist_json(row, now_ms))
                    : list->cli->json ? json_array_append_new(list->rows, sch_worklist_json(row, now_ms)) == 0
                                      : add_line(list->cli, &list->table, row, now_ms);
        list->failed = !good;
    }
    free(order);
    list->more = list->more || (list->count == list->limit && page->cursor_size > 0);
    return !list->more && !list->failed;
}

static bool take_first_due(void *context, const struct sch_page *page)
{
    int64_t *due_ms = context;
    if (page->unanswered_count > 0)
        *due_ms = page->unanswered[0].due_ms;
    return page->unanswered_count == 0;
}

/* Nothing to do, or nothing through the filters: which of the two, and what comes next. */
static void print_none(struct sch_cli *cli, const struct sch_query *query)
{
    struct sch_query next = { .type = SCH_QUERY_UNANSWERED, .party = query->party, .limit = 1 };
    size_t filters = sch_filter_count(query);
    char day[SCH_TIME_SIZE];
    int64_t due_ms = 0;
    if (filters > 1 || (filters == 1 && !query->overdue_only)) {
        printf("Geen resultaten voor %zu filter%s.\n", filters, filters == 1 ? "" : "s");
        return;
    }
    printf("%s", query->overdue_only ? "Geen verwijzingen over de norm." : "Niets open.");
    if (sch_cli_ask(cli, &next, take_first_due, &due_ms, NULL) == SCH_OK && due_ms > 0)
        printf(" De volgende verloopt op %s.",
               sch_time_dutch_day(sch_day_of_ms(due_ms - 1), sch_day_of_ms(sch_now_ms(cli->client)), day));
    putchar('\n');
}

static void print_totals(const struct listing *list)
{
    if (!list->cli->headers)
        return;
    printf("%u van %u open verwijzingen %s over de norm.\n", list->overdue, list->open,
           list->overdue == 1 ? "is" : "zijn");
    if (list->more)
        printf("De eerste %zu regels; --limit geeft er meer.\n", list->count);
}

int sch_cli_run_unanswered_ls(struct sch_cli *cli)
{
    sch_error error = SCH_ERROR_INIT;
    struct sch_query query = { .type = SCH_QUERY_UNANSWERED, .limit = SCH_PAGE_ROWS_MAX };
    struct listing list = { .cli = cli,
                            .rows = json_array(),
                            .table = { .header = { "KENMERK", "VERWEZEN OP", "VAN", "NAAR", "WACHT OP",
                                                   "DAGEN OPEN", "TERMIJN", "STATUS" },
                                       .right = { [5] = true },
                                       .columns = 8 } };
    int result = 0;
    if (sch_cli_number(cli, "limit", LIST_MAX, LIMIT_DEFAULT, &list.limit, &error) == SCH_OK &&
        sch_filter_take(cli, &query, &error) == SCH_OK &&
        sch_cli_ask(cli, &query, take_rows, &list, &error) == SCH_OK && list.failed)
        (void)sch_fail(&error, SCH_E_NO_MEMORY, "%zu rows", list.count);
    if (error.code != SCH_OK) {
        result = sch_cli_fail(cli, &error);
    } else if (cli->jsonl) {
        /* Each row was printed as it came. */
    } else if (cli->json) {
        (void)sch_json_print("unanswered",
                             json_pack("{s:o,s:i,s:i,s:b,s:O}", "at", sch_time_json(sch_now_ms(cli->client)),
                                       "open", (int)list.open, "overdue", (int)list.overdue, "more",
                                       list.more, "unanswered", list.rows));
    } else if (list.count == 0 && cli->headers) {
        print_none(cli, &query);
    } else {
        sch_table_print(&list.table, cli->headers, stdout);
        print_totals(&list);
        if (list.count > 0)
            sch_cli_next(cli, "scharnier referral trace %s", list.first);
    }
    sch_table_free(&list.table);
    json_decref(list.rows);
    return result;
}
