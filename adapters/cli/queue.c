/*
 * queue.c: scharnier queue: what waits in the broker's mailboxes, for its operator, over the control socket.
 *
 * Kinds, senders, kenmerken and ages: never what is in a letter. The broker logs each look.
 */
#include "queue.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "spec.h"

/* ---- lines --------------------------------------------------------------------------------------- */

const char *sch_queue_duration(int64_t ms, char text[24])
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = { { "d", 86400000 }, { "h", 3600000 }, { "min", 60000 }, { "s", 1000 } };
    size_t i = 0;
    while (i + 1 < sizeof units / sizeof units[0] && ms < 2 * units[i].ms)
        i++;
    snprintf(text, 24, "%" PRId64 " %s", ms / units[i].ms, units[i].unit);
    return text;
}

/* The next line, ended in place; NULL at the end. */
static char *next_line(char **rest)
{
    char *line = *rest;
    if (line == NULL || line[0] == '\0')
        return NULL;
    char *newline = strchr(line, '\n');
    *rest = newline != NULL ? newline + 1 : NULL;
    if (newline != NULL)
        *newline = '\0';
    return line;
}

int64_t sch_queue_now_ms(const struct sch_cli *cli, sch_error *error)
{
    char value[32] = "0";
    char *status = sch_cli_control(cli, "status", error);
    if (status != NULL)
        (void)sch_cli_control_value(status, "now", value, sizeof value);
    free(status);
    return strtoll(value, NULL, 10);
}

int sch_queue_each(const struct sch_cli *cli, void (*take)(void *context, const struct sch_queue_line *line),
                   void *context, sch_error *error)
{
    char request[SCH_ADDRESS_MAX + 32] = "queue ls";
    for (bool more = true; more;) {
        char *answer = sch_cli_control(cli, request, error);
        char *rest = answer;
        more = false;
        if (answer == NULL)
            return (int)error->code;
        for (char *line; (line = next_line(&rest)) != NULL;) {
            struct sch_queue_line at = { .held = false };
            char held[4];
            if (sscanf(line,
                       "mailbox %63s waiting %llu leased %llu backing-off %llu oldest %" SCNd64 " held %3s",
                       at.mailbox, &at.waiting, &at.leased, &at.backing_off, &at.oldest_ms, held) == 6) {
                at.held = strcmp(held, "yes") == 0;
                take(context, &at);
            } else if (sscanf(line, "more %63s", at.mailbox) == 1) {
                snprintf(request, sizeof request, "queue ls %s", at.mailbox);
                more = true;
            }
        }
        free(answer);
    }
    return SCH_OK;
}

/* ---- ls ------------------------------------------------------------------------------------------ */

struct listing {
    const struct sch_cli *cli;
    struct sch_table table;
    json_t *rows;
    int64_t now_ms;
    char busiest[SCH_ADDRESS_MAX + 1];
    unsigned long long most;
};

static void take_mailbox(void *context, const struct sch_queue_line *line)
{
    struct listing *list = context;
    char number[3][24], age[24] = "-";
    const unsigned long long counts[] = { line->waiting, line->leased, line->backing_off };
    for (size_t i = 0; i < 3; i++)
        snprintf(number[i], sizeof number[i], "%llu", counts[i]);
    if (line->oldest_ms > 0)
        sch_queue_duration(list->now_ms - line->oldest_ms, age);
    if (line->waiting > list->most) {
        list->most = line->waiting;
        snprintf(list->busiest, sizeof list->busiest, "%s", line->mailbox);
    }
    json_array_append_new(list->rows,
                          json_pack("{s:s,s:I,s:I,s:I,s:o,s:b}", "mailbox", line->mailbox, "waiting",
                                    (json_int_t)line->waiting, "leased", (json_int_t)line->leased,
                                    "backing_off", (json_int_t)line->backing_off, "oldest",
                                    sch_time_json(line->oldest_ms), "held", line->held));
    const char *cell[] = { line->mailbox, number[0], number[1], number[2], age, line->held ? "held" : "" };
    (void)sch_table_add(&list->table, cell);
}

int sch_cli_run_queue_ls(struct sch_cli *cli)
{
    sch_error error = SCH_ERROR_INIT;
    struct listing list = { .cli = cli,
                            .rows = json_array(),
                            .table = {
                                .header = { "MAILBOX", "WAITING", "LEASED", "BACKING OFF", "OLDEST", "HELD" },
                                .right = { [1] = true, [2] = true, [3] = true, [4] = true },
                                .columns = 6 } };
    list.now_ms = sch_queue_now_ms(cli, &error);
    if (error.code == SCH_OK)
        (void)sch_queue_each(cli, take_mailbox, &list, &error);
    int result = 0;
    if (error.code != SCH_OK)
        result = sch_cli_fail(cli, &error);
    else if (cli->json)
        (void)sch_json_print(
            "queue", json_pack("{s:o,s:O}", "at", sch_time_json(list.now_ms), "mailboxes", list.rows));
    else if (list.table.rows > 0)
        sch_table_print(&list.table, cli->headers, stdout);
    else if (cli->headers)
        printf("nothing waits\n");
    if (list.most > 0)
        sch_cli_next(cli, "scharnier queue peek %s", list.busiest);
    sch_table_free(&list.table);
    json_decref(list.rows);
    return result;
}

/* ---- one mailbox --------------------------------------------------------------------------------- */

/* "queue VERB ADDRESS" with an address of an operand. NULL with *error. */
static char *ask(const struct sch_cli *cli, const char *verb, sch_error *error)
{
    char request[SCH_ADDRESS_MAX + 32];
    struct sch_address address;
    if (sch_spec_address(&address, cli->operand[0], "mailbox", error) != SCH_OK)
        return NULL;
    snprintf(request, sizeof request, "queue %s %s", verb, address.text);
    return sch_cli_control(cli, request, error);
}

/* A line of the answer as a row; false: it is none. */
static bool add_message(const char *line, int64_t now_ms, struct sch_table *table, json_t *rows)
{
    char id[40], kenmerk[SCH_KENMERK_SIZE + 1], kind[32], sender[SCH_ADDRESS_MAX + 1], state[16], age[24],
        size[16];
    int64_t stored_ms = 0, until_ms = 0;
    unsigned long long sequence = 0;
    unsigned bytes = 0, tries = 0;
    if (sscanf(line,
               "message %39s kenmerk %12s kind %31s sender %63s stored %" SCNd64
               " size %u sequence %llu state %15s tries %u until-ms %" SCNd64,
               id, kenmerk, kind, sender, &stored_ms, &bytes, &sequence, state, &tries, &until_ms) != 10)
        return false;
    snprintf(size, sizeof size, "%u", bytes);
    const char *cell[] = {
        kenmerk, kind, sender, sch_queue_duration(now_ms - stored_ms, age), size, state, id
    };
    json_array_append_new(rows, json_pack("{s:s,s:s,s:s,s:s,s:o,s:i,s:I,s:s,s:i,s:I}", "message", id,
                                          "kenmerk", kenmerk, "kind", kind, "sender", sender, "stored",
                                          sch_time_json(stored_ms), "size", (int)bytes, "sequence",
                                          (json_int_t)sequence, "state", state, "tries", (int)tries,
                                          "until_seconds", (json_int_t)((until_ms + 999) / 1000)));
    return sch_table_add(table, cell);
}

int sch_cli_run_queue_peek(struct sch_cli *cli)
{
    sch_error error = SCH_ERROR_INIT;
    json_t *rows = json_array();
    struct sch_table table = { .header = { "KENMERK", "KIND", "FROM", "AGE", "BYTES", "STATE", "MESSAGE" },
                               .right = { [3] = true, [4] = true },
                               .columns = 7 };
    int64_t now_ms = sch_queue_now_ms(cli, &error);
    char *answer = error.code == SCH_OK ? ask(cli, "peek", &error) : NULL;
    char *rest = answer;
    int result = 0;
    for (char *line; (line = next_line(&rest)) != NULL;)
        (void)add_message(line, now_ms, &table, rows);
    if (answer == NULL)
        result = sch_cli_fail(cli, &error);
    else if (cli->json)
        (void)sch_json_print("queue_peek",
                             json_pack("{s:s,s:O}", "mailbox", cli->operand[0], "messages", rows));
    else if (table.rows > 0)
        sch_table_print(&table, cli->headers, stdout);
    else if (cli->headers)
        printf("nothing waits\n");
    sch_table_free(&table);
    json_decref(rows);
    free(answer);
    return result;
}

/* A message's id goes as it is; anything else is a mailbox. */
static char *ask_retry(const struct sch_cli *cli, sch_error *error)
{
    char request[80];
    if (strlen(cli->operand[0]) != 36 || strchr(cli->operand[0], ':') != NULL)
        return ask(cli, "retry", error);
    snprintf(request, sizeof request, "queue retry %.36s", cli->operand[0]);
    return sch_cli_control(cli, request, error);
}

int sch_cli_run_queue_retry(struct sch_cli *cli)
{
    sch_error error = SCH_ERROR_INIT;
    char count[24] = "0";
    char *answer = ask_retry(cli, &error);
    if (answer == NULL)
        return sch_cli_fail(cli, &error);
    (void)sch_cli_control_value(answer, "retried", count, sizeof count);
    free(answer);
    if (cli->json)
        return sch_json_print("queue_retry",
                              json_pack("{s:s,s:i}", "of", cli->operand[0], "retried", atoi(count)))
                   ? 0
                   : 1;
    printf("%s offered again\n", count);
    return 0;
}

static int hold(struct sch_cli *cli, const char *verb, bool held, const char *said)
{
    sch_error error = SCH_ERROR_INIT;
    char *answer = ask(cli, verb, &error);
    if (answer == NULL)
        return sch_cli_fail(cli, &error);
    free(answer);
    if (cli->json)
        return sch_json_print("queue_hold", json_pack("{s:s,s:b}", "mailbox", cli->operand[0], "held", held))
                   ? 0
                   : 1;
    printf("%s %s\n", cli->operand[0], said);
    if (held)
        sch_cli_next(cli, "scharnier queue release %s", cli->operand[0]);
    return 0;
}

int sch_cli_run_queue_hold(struct sch_cli *cli)
{
    return hold(cli, "hold", true, "is held back, also over a restart; what is being read may be finished");
}

int sch_cli_run_queue_release(struct sch_cli *cli)
{
    return hold(cli, "release", false, "is offered again");
}
