/*
 * unanswered.c: scharnier unanswered: the worklist of missing terugkoppeling, and its age.
 *
 * The broker gives every open promise; whole pages are read before anything is counted, because which silence
 * a promise is depends on what else is open in its dossier.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/calendar.h"
#include "id.h"
#include "names.h"
#include "output.h"
#include "words.h"

#define BUCKETS 5
#define LIST_MAX 1000000

struct worklist {
    struct sch_unanswered_row *row; /* by dossier */
    enum sch_silence *silence;      /* of each row */
    size_t count, room;
    bool failed;
};

static bool take_rows(void *context, const struct sch_page *page)
{
    struct worklist *list = context;
    size_t needed = list->count + page->unanswered_count;
    if (needed > list->room) {
        size_t wider = needed > 2 * list->room ? needed : 2 * list->room;
        struct sch_unanswered_row *grown = realloc(list->row, wider * sizeof *grown);
        list->failed = grown == NULL;
        if (list->failed)
            return false;
        list->row = grown;
        list->room = wider;
    }
    if (page->unanswered_count > 0)
        memcpy(list->row + list->count, page->unanswered, page->unanswered_count * sizeof *list->row);
    list->count = needed;
    return true;
}

/* --receiver 06290713, agb:06290713 or a department of it: the organisation and all its mailboxes. */
static bool is_party(const char *wanted, const struct sch_address *address)
{
    const char *text = address->text;
    if (wanted == NULL)
        return true;
    if (strchr(wanted, ':') == NULL && strncmp(text, "agb:", 4) == 0)
        text += 4;
    size_t size = strlen(wanted);
    return strncmp(text, wanted, size) == 0 && (text[size] == '\0' || text[size] == '/');
}

static void close_list(struct worklist *list)
{
    free(list->row);
    free(list->silence);
}

static int by_dossier(const void *left, const void *right)
{
    const struct sch_unanswered_row *a = left;
    const struct sch_unanswered_row *b = right;
    int dossier = memcmp(&a->dossier, &b->dossier, sizeof a->dossier);
    return dossier != 0 ? dossier : (a->expectation > b->expectation) - (a->expectation < b->expectation);
}

/* The rows of one dossier stand together: [*first, end). */
static size_t end_of_dossier(const struct worklist *list, size_t first)
{
    size_t end = first + 1;
    while (end < list->count &&
           memcmp(&list->row[end].dossier, &list->row[first].dossier, sizeof list->row[0].dossier) == 0)
        end++;
    return end;
}

static bool set_silences(struct worklist *list)
{
    if (list->count == 0)
        return true;
    list->silence = calloc(list->count, sizeof *list->silence);
    if (list->silence == NULL)
        return false;
    qsort(list->row, list->count, sizeof list->row[0], by_dossier);
    for (size_t first = 0; first < list->count;) {
        size_t end = end_of_dossier(list, first);
        bool collected = sch_words_collected(list->row + first, end - first);
        for (; first < end; first++)
            list->silence[first] = sch_words_silence(&list->row[first], collected);
    }
    return true;
}

static int load(struct sch_cli *cli, struct worklist *list, sch_error *error)
{
    struct sch_query query = { .type = SCH_QUERY_UNANSWERED,
                               .overdue_only = sch_cli_is(cli, "overdue"),
                               .limit = SCH_PAGE_ROWS_MAX };
    int code = sch_cli_ask(cli, &query, take_rows, list, error);
    if (code == SCH_OK && (list->failed || !set_silences(list)))
        code = sch_fail(error, SCH_E_NO_MEMORY, "%zu rows", list->count);
    return code;
}

/* ---- ls ----------------------------------------------------------------------------------------- */

/* A promise that is not due yet is no silence. */
static const char *silence_text(const struct sch_unanswered_row *row, enum sch_silence silence)
{
    return row->overdue ? sch_silence_code(silence) : "";
}

static json_t *row_json(const struct sch_unanswered_row *row, enum sch_silence silence, int64_t now_ms)
{
    char id[SCH_ID_TEXT_SIZE];
    char expectation[16];
    sch_id_text(&row->dossier, id);
    snprintf(expectation, sizeof expectation, "E%u", row->expectation);
    return json_pack(
        "{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:o,s:o,s:o,s:o,s:b,s:b,s:i}", "kenmerk",
        row->kenmerk, "dossier", id, "expectation", expectation, "awaited",
        sch_words_awaited(row->expectation), "silence", silence_text(row, silence), "debtor",
        row->debtor.text, "creditor", row->creditor.text, "referrer", row->referrer.text, "receiver",
        row->receiver.text, "region", row->region, "echelon", sch_code_name(SCH_SET_PARTY, row->echelon),
        "phase", sch_code_name(SCH_SET_PHASE, row->phase), "standing",
        sch_code_name(SCH_SET_STANDING, row->standing), "sent", sch_time_json(row->referred_ms), "opened",
        sch_time_json(row->opened_ms), "norm_due", sch_time_json(row->norm_due_ms), "due",
        sch_time_json(row->due_ms), "announced", row->due_ms > row->norm_due_ms, "overdue", row->overdue,
        "days", (int)(sch_day_of_ms(now_ms) - sch_day_of_ms(row->referred_ms)));
}

static bool add_line(struct sch_cli *cli, struct sch_table *table, const struct sch_unanswered_row *row,
                     int64_t now_ms)
{
    char sent[SCH_TIME_SIZE];
    char due[SCH_TIME_SIZE];
    char days[16];
    int32_t today = sch_day_of_ms(now_ms);
    snprintf(days, sizeof days, "%d", (int)(today - sch_day_of_ms(row->referred_ms)));
    const char *awaited = row->standing == SCH_STANDING_INCOMPLETE ? "aanvulling op onvolledige brief"
                                                                   : sch_words_awaited(row->expectation);
    const char *text[] = { row->kenmerk,
                           sch_time_dutch_day(sch_day_of_ms(row->referred_ms), today, sent),
                           sch_cli_name(cli, row->referrer.text),
                           sch_cli_name(cli, row->receiver.text),
                           awaited,
                           sch_cli_name(cli, row->debtor.text),
                           days,
                           sch_time_dutch_day(sch_day_of_ms(row->norm_due_ms - 1), today, due),
                           sch_words_term(row, now_ms),
                           sch_code_dutch(SCH_SET_PHASE, row->phase) };
    return sch_table_add(table, text);
}

static int by_due(const void *left, const void *right, void *context)
{
    const struct sch_unanswered_row *rows = context;
    const struct sch_unanswered_row *a = &rows[*(const size_t *)left];
    const struct sch_unanswered_row *b = &rows[*(const size_t *)right];
    if (a->due_ms != b->due_ms)
        return a->due_ms < b->due_ms ? -1 : 1;
    return by_dossier(a, b);
}

/* The rows' places, longest overdue first; NULL: out of memory. */
static size_t *order_by_due(const struct worklist *list)
{
    size_t *order = malloc((list->count + 1) * sizeof *order);
    for (size_t i = 0; order != NULL && i < list->count; i++)
        order[i] = i;
    if (order != NULL && list->count > 1)
        qsort_r(order, list->count, sizeof *order, by_due, list->row);
    return order;
}

static bool is_wanted(const struct sch_cli *cli, const struct sch_unanswered_row *row,
                      enum sch_silence silence)
{
    const char *expectation = sch_cli_option(cli, "expectation");
    const char *wanted = sch_cli_option(cli, "silence");
    char own[16];
    snprintf(own, sizeof own, "E%u", row->expectation);
    return is_party(sch_cli_option(cli, "receiver"), &row->receiver) &&
           is_party(sch_cli_option(cli, "referrer"), &row->referrer) &&
           is_party(sch_cli_option(cli, "debtor"), &row->debtor) &&
           (expectation == NULL || strcmp(expectation, own) == 0) &&
           (wanted == NULL || strcmp(wanted, silence_text(row, silence)) == 0);
}

int sch_cli_run_unanswered_ls(struct sch_cli *cli)
{
    sch_error error = SCH_ERROR_INIT;
    struct worklist list = { .count = 0 };
    struct sch_table table = { .header = { "KENMERK", "VERWEZEN", "VAN", "NAAR", "WACHT OP", "VAN WIE",
                                           "DAGEN", "NORM", "TERMIJN", "STATUS" },
                               .right = { [6] = true },
                               .columns = 10 };
    size_t limit = 0;
    size_t *order = NULL;
    if (sch_cli_number(cli, "limit", LIST_MAX, LIST_MAX, &limit, &error) == SCH_OK &&
        load(cli, &list, &error) == SCH_OK && (order = order_by_due(&list)) == NULL)
        (void)sch_fail(&error, SCH_E_NO_MEMORY, "%zu rows", list.count);
    if (error.code != SCH_OK) {
        close_list(&list);
        return sch_cli_fail(cli, &error);
    }
    int64_t now_ms = sch_now_ms(cli->client);
    json_t *rows = json_array();
    const char *first = NULL;
    size_t shown = 0;
    for (size_t i = 0; i < list.count && shown < limit; i++) {
        const struct sch_unanswered_row *row = &list.row[order[i]];
        enum sch_silence silence = list.silence[order[i]];
        if (!is_wanted(cli, row, silence))
            continue;
        first = first != NULL ? first : row->kenmerk;
        shown++;
        if (cli->json)
            json_array_append_new(rows, row_json(row, silence, now_ms));
        else if (!add_line(cli, &table, row, now_ms))
            break;
    }
    if (cli->json)
        (void)sch_json_print("unanswered",
                             json_pack("{s:o,s:O}", "at", sch_time_json(now_ms), "unanswered", rows));
    else if (shown == 0 && cli->headers)
        printf("Niets open%s.\n", sch_cli_is(cli, "overdue") ? " over de norm" : "");
    else
        sch_table_print(&table, cli->headers, stdout);
    if (first != NULL)
        sch_cli_next(cli, "scharnier referral trace %s", first);
    sch_table_free(&table);
    json_decref(rows);
    free(order);
    close_list(&list);
    return 0;
}

/* ---- age ---------------------------------------------------------------------------------------- */

static const int bucket_days[BUCKETS - 1] = { 7, 14, 28, 56 };

/* A line of the table: a receiver, a referrer or a silence. */
struct line {
    char key[SCH_ADDRESS_MAX + 1];
    const char *name;
    unsigned total;
    unsigned bucket[BUCKETS];
};

struct ages {
    struct line *line;
    size_t count, room;
    struct line all;
};

enum grouping { BY_RECEIVER, BY_REFERRER, BY_SILENCE };

static size_t bucket_of(const struct sch_unanswered_row *row, int64_t now_ms)
{
    int32_t days = sch_day_of_ms(now_ms) - sch_day_of_ms(row->referred_ms);
    size_t i = 0;
    while (i < BUCKETS - 1 && days > bucket_days[i])
        i++;
    return i;
}

static struct line *line_for(struct ages *ages, const char *key, const char *name)
{
    for (size_t i = 0; i < ages->count; i++)
        if (strcmp(ages->line[i].key, key) == 0)
            return &ages->line[i];
    if (ages->count == ages->room) {
        size_t wider = ages->room == 0 ? 32 : 2 * ages->room;
        struct line *grown = realloc(ages->line, wider * sizeof *grown);
        if (grown == NULL)
            return NULL;
        ages->line = grown;
        ages->room = wider;
    }
    struct line *line = &ages->line[ages->count++];
    *line = (struct line){ .name = name };
    snprintf(line->key, sizeof line->key, "%s", key);
    return line;
}

static bool count_row(struct sch_cli *cli, struct ages *ages, const struct sch_unanswered_row *row,
                      enum grouping by, enum sch_silence silence)
{
    const struct sch_address *party = by == BY_RECEIVER ? &row->receiver : &row->referrer;
    struct line *line = by == BY_SILENCE
                            ? line_for(ages, sch_silence_code(silence), sch_silence_dutch(silence))
                            : line_for(ages, party->text, sch_cli_name(cli, party->text));
    if (line == NULL)
        return false;
    size_t bucket = bucket_of(row, sch_now_ms(cli->client));
    line->total++;
    line->bucket[bucket]++;
    ages->all.total++;
    ages->all.bucket[bucket]++;
    return true;
}

/* A dossier counts once per line: by party when its receiver owes anything, by silence once per silence. */
static bool count_rows(struct sch_cli *cli, struct ages *ages, const struct worklist *list, enum grouping by)
{
    for (size_t i = 0; i < list->count;) {
        size_t end = end_of_dossier(list, i);
        uint32_t counted = 0;
        for (; i < end; i++) {
            const struct sch_unanswered_row *row = &list->row[i];
            enum sch_silence silence = list->silence[i];
            uint32_t bit = by == BY_SILENCE ? UINT32_C(1) << silence : 1;
            if (by == BY_SILENCE ? !row->overdue : strcmp(row->debtor.text, row->receiver.text) != 0)
                continue;
            if ((counted & bit) != 0 || !is_wanted(cli, row, silence))
                continue;
            counted |= bit;
            if (!count_row(cli, ages, row, by, silence))
                return false;
        }
    }
    return true;
}

static int by_total(const void *left, const void *right)
{
    const struct line *a = left;
    const struct line *b = right;
    if (a->total != b->total)
        return a->total > b->total ? -1 : 1;
    return strcmp(a->key, b->key);
}

static json_t *line_json(const struct line *line)
{
    return json_pack("{s:s,s:s,s:i,s:{s:i,s:i,s:i,s:i,s:i}}", "key", line->key, "name", line->name, "total",
                     (int)line->total, "days", "to_7", (int)line->bucket[0], "to_14", (int)line->bucket[1],
                     "to_28", (int)line->bucket[2], "to_56", (int)line->bucket[3], "over_56",
                     (int)line->bucket[4]);
}

static bool add_age(struct sch_table *table, const struct line *line)
{
    char number[BUCKETS + 1][16];
    const char *text[BUCKETS + 2] = { line->name };
    snprintf(number[0], sizeof number[0], "%u", line->total);
    for (size_t i = 0; i < BUCKETS; i++)
        snprintf(number[i + 1], sizeof number[i + 1], "%u", line->bucket[i]);
    for (size_t i = 0; i <= BUCKETS; i++)
        text[i + 1] = number[i];
    return sch_table_add(table, text);
}

static int print_ages(const struct sch_cli *cli, struct ages *ages, enum grouping by, int64_t now_ms)
{
    static const char *const columns[] = { "ONTVANGER", "VERWIJZER", "STILTE" };
    static const char *const codes[] = { "receiver", "referrer", "silence" };
    struct sch_table table = { .header = { columns[by], "TOTAAL", "≤7", "≤14", "≤28", "≤56", ">56" },
                               .columns = 7,
                               .right = {
                                   [1] = true, [2] = true, [3] = true, [4] = true, [5] = true, [6] = true } };
    if (ages->count > 1)
        qsort(ages->line, ages->count, sizeof ages->line[0], by_total);
    if (cli->json) {
        json_t *lines = json_array();
        for (size_t i = 0; i < ages->count; i++)
            json_array_append_new(lines, line_json(&ages->line[i]));
        json_t *whole = json_pack("{s:s,s:o,s:b,s:o,s:o}", "by", codes[by], "at", sch_time_json(now_ms),
                                  "overdue_only", by == BY_SILENCE || sch_cli_is(cli, "overdue"), "all",
                                  line_json(&ages->all), "lines", lines);
        return sch_json_print("unanswered_age", whole) ? 0 : 1;
    }
    bool overdue = by == BY_SILENCE || sch_cli_is(cli, "overdue");
    if (cli->headers)
        printf("%s, geen terugkoppeling, in dagen sinds de verwijzing\n", overdue ? "Over de norm" : "Open");
    bool good = add_age(&table, &ages->all);
    for (size_t i = 0; good && i < ages->count; i++)
        good = add_age(&table, &ages->line[i]);
    sch_table_print(&table, cli->headers, stdout);
    sch_table_free(&table);
    if (ages->count > 0)
        sch_cli_next(cli, "scharnier unanswered ls --%s %s%s", codes[by], ages->line[0].key,
                     by == BY_SILENCE ? "" : " --overdue");
    return good ? 0 : 1;
}

int sch_cli_run_unanswered_age(struct sch_cli *cli)
{
    sch_error error = SCH_ERROR_INIT;
    struct worklist list = { .count = 0 };
    struct ages ages = { .all = { .key = "all", .name = "alle" } };
    const char *text = sch_cli_option(cli, "by");
    enum grouping by = text == NULL || strcmp(text, "receiver") == 0 ? BY_RECEIVER
                       : strcmp(text, "referrer") == 0               ? BY_REFERRER
                                                                     : BY_SILENCE;
    int result;
    if (by == BY_SILENCE && strcmp(text, "silence") != 0)
        (void)sch_fail(&error, SCH_E_USAGE, "--by \"%s\": receiver, referrer or silence", text);
    else if (load(cli, &list, &error) == SCH_OK && !count_rows(cli, &ages, &list, by))
        (void)sch_fail(&error, SCH_E_NO_MEMORY, "counting %zu rows", list.count);
    if (error.code != SCH_OK)
        result = sch_cli_fail(cli, &error);
    else
        result = print_ages(cli, &ages, by, sch_now_ms(cli->client));
    free(ages.line);
    close_list(&list);
    return result;
}
