/*
 * inbox.c: scharnier inbox: what waits in a mailbox, read it, settle it.
 *
 * Reading leaves a message where it is, unless --ack: it was held by this session only, and is offered again.
 * The broker holds out one unsettled message per dossier, so the next one comes after the first is settled.
 */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "id.h"
#include "names.h"
#include "output.h"
#include "send.h"

/* Read and tail: what is wanted, and what came. */
struct collecting {
    struct sch_cli *cli;
    bool has_wanted;
    struct sch_id wanted; /* read and reject: this message only */
    sch_verdict verdict;  /* for what is shown */
    enum sch_system_refusal refusal;
    unsigned limit; /* messages; 0: without end */
    unsigned count;
    char kenmerk[SCH_KENMERK_SIZE + 1]; /* of the last one */
    enum sch_kind kind;
    json_t *messages; /* with --json; NULL for tail, which prints each at once */
    sch_error error;
};

/* The client of a running tail, for SIGINT. */
static sch_client *tailing;

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    if (tailing != NULL)
        sch_stop(tailing);
}

/* ---- ls ----------------------------------------------------------------------------------------- */

struct waiting {
    struct sch_cli *cli;
    const char *mailbox;
    struct sch_table table;
    json_t *rows;
    struct sch_id first; /* of the kenmerk that is looked for */
    const char *kenmerk;
    bool found;
};

static bool take_rows(void *context, const struct sch_page *page)
{
    struct waiting *waiting = context;
    int64_t now_ms = sch_now_ms(waiting->cli->client);
    for (size_t i = 0; i < page->mailbox_count; i++) {
        const struct sch_mailbox_row *row = &page->mailbox[i];
        char id[SCH_ID_TEXT_SIZE];
        char at[SCH_TIME_SIZE];
        char size[24];
        if (waiting->kenmerk != NULL && !waiting->found && strcmp(row->kenmerk, waiting->kenmerk) == 0) {
            waiting->found = true;
            waiting->first = row->message;
        }
        sch_id_text(&row->message, id);
        snprintf(size, sizeof size, "%u", row->body_size);
        const char *text[] = { row->kenmerk,
                               sch_code_name(SCH_SET_KIND, row->kind),
                               row->sender.text[0] ? sch_cli_name(waiting->cli, row->sender.text) : "broker",
                               sch_time_dutch(row->stored_ms, now_ms, at),
                               size,
                               row->leased ? "held" : "",
                               id };
        if (!sch_table_add(&waiting->table, text))
            return false;
        char dossier[SCH_ID_TEXT_SIZE];
        sch_id_text(&row->dossier, dossier);
        json_array_append_new(waiting->rows,
                              json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:o,s:i,s:b,s:I}", "message", id, "dossier",
                                        dossier, "kenmerk", row->kenmerk, "mailbox", waiting->mailbox, "kind",
                                        sch_code_name(SCH_SET_KIND, row->kind), "sender", row->sender.text,
                                        "stored", sch_time_json(row->stored_ms), "size", (int)row->body_size,
                                        "held", row->leased, "sequence", (json_int_t)row->sequence));
    }
    return true;
}

/* Every mailbox of the configuration, or the one of --mailbox. */
static int load(struct sch_cli *cli, struct waiting *waiting, sch_error *error)
{
    int code = sch_cli_connect(cli, error);
    size_t count = 0;
    const struct sch_address *mine = code == SCH_OK ? sch_mailboxes(cli->client, &count) : NULL;
    const char *only = sch_cli_option(cli, "mailbox");
    waiting->rows = json_array();
    for (size_t i = 0; i < count && code == SCH_OK; i++) {
        struct sch_query query = { .type = SCH_QUERY_MAILBOX, .party = mine[i], .limit = SCH_PAGE_ROWS_MAX };
        if (only != NULL && (i > 0 || !sch_address_set(&query.party, only)))
            break;
        waiting->mailbox = query.party.text;
        code = sch_cli_ask(cli, &query, take_rows, waiting, error);
    }
    return code;
}

static void close_waiting(struct waiting *waiting)
{
    sch_table_free(&waiting->table);
    json_decref(waiting->rows);
}

int sch_cli_run_inbox_ls(struct sch_cli *cli)
{
    sch_error error = SCH_ERROR_INIT;
    struct waiting waiting = { .cli = cli,
                               .table = { .header = { "KENMERK", "KIND", "FROM", "SINCE", "BYTES", "HELD",
                                                      "MESSAGE" },
                                          .right = { [4] = true },
                                          .columns = 7 } };
    int result = 0;
    if (load(cli, &waiting, &error) != SCH_OK) {
        result = sch_cli_fail(cli, &error);
    } else if (cli->json) {
        (void)sch_json_print("inbox", json_pack("{s:O}", "messages", waiting.rows));
    } else if (waiting.table.rows == 0 && cli->headers) {
        printf("nothing waits\n");
    } else {
        sch_table_print(&waiting.table, cli->headers, stdout);
        sch_cli_next(cli, "scharnier inbox read %s", waiting.table.cell[0]);
    }
    close_waiting(&waiting);
    return result;
}

/* A message by its id, or the first that waits on a kenmerk. */
static int find_message(struct sch_cli *cli, const char *reference, struct sch_id *message, sch_error *error)
{
    char kenmerk[SCH_KENMERK_SIZE + 1];
    uint64_t number = 0;
    if (sch_id_parse(reference, message))
        return SCH_OK;
    if (!sch_kenmerk_parse(reference, &number))
        return sch_fail(error, SCH_E_USAGE, "\"%.60s\" is neither a message id nor a kenmerk", reference);
    sch_kenmerk_text(number, kenmerk);
    struct waiting waiting = { .cli = cli, .kenmerk = kenmerk, .table = { .columns = 7 } };
    int code = load(cli, &waiting, error);
    if (code == SCH_OK && !waiting.found)
        code = sch_fail(error, SCH_E_UNKNOWN_MESSAGE, "nothing waits on %s", kenmerk);
    *message = waiting.first;
    close_waiting(&waiting);
    return code;
}

/* ---- showing a message -------------------------------------------------------------------------- */

/* A name that may come from anybody, as a name of a file in our folder. */
static void safe_name(const char *name, size_t index, char *out, size_t size)
{
    size_t used = (size_t)snprintf(out, size, "%zu-", index + 1);
    for (; *name != '\0' && used + 1 < size; name++) {
        bool plain = (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') ||
                     (*name >= '0' && *name <= '9') || *name == '.' || *name == '-' || *name == '_';
        out[used++] = plain ? *name : '_';
    }
    out[used] = '\0';
}

/* Writes the attachments to --save DIR, as DIR/KENMERK-1-name. */
static int save_attachments(const struct sch_cli *cli, const sch_msg *msg, sch_error *error)
{
    const char *folder = sch_cli_option(cli, "save");
    for (size_t i = 0; folder != NULL && i < sch_msg_attachment_count(msg); i++) {
        char path[PATH_MAX];
        char plain[160];
        const char *media_type = "";
        const char *name = "";
        size_t size = 0;
        const void *content = sch_msg_attachment(msg, i, &size, &media_type, &name);
        safe_name(name, i, plain, sizeof plain);
        int length = snprintf(path, sizeof path, "%s/%s-%s", folder, sch_msg_kenmerk(msg), plain);
        if (length < 0 || (size_t)length >= sizeof path)
            return sch_fail(error, SCH_E_USAGE, "--save: the path is too long");
        int code = sch_cli_write(path, true, content, size, error);
        if (code != SCH_OK)
            return code;
    }
    return SCH_OK;
}

static json_t *message_json(const sch_msg *msg)
{
    json_t *object = sch_send_header_json(sch_msg_header(msg));
    json_t *letter = json_object();
    json_t *attachments = json_array();
    for (unsigned i = 0; i < SCH_SPEC_SECTIONS; i++)
        if (sch_msg_section(msg, i) != NULL)
            json_object_set_new(letter, sch_section_name(i), json_string(sch_msg_section(msg, i)));
    for (size_t i = 0; i < sch_msg_attachment_count(msg); i++) {
        const char *media_type = "";
        const char *name = "";
        size_t size = 0;
        (void)sch_msg_attachment(msg, i, &size, &media_type, &name);
        json_array_append_new(attachments, json_pack("{s:s,s:s,s:I}", "name", name, "media_type", media_type,
                                                     "size", (json_int_t)size));
    }
    json_t *more = json_pack("{s:s,s:s,s:s,s:o,s:b,s:b,s:o,s:o}", "kenmerk", sch_msg_kenmerk(msg), "mailbox",
                             sch_msg_mailbox(msg), "sender_name", sch_msg_sender_name(msg), "stored",
                             sch_time_json(sch_msg_stored_ms(msg)), "redelivered", sch_msg_redelivered(msg),
                             "letter", sch_msg_has_letter(msg), "text", letter, "attachments", attachments);
    json_object_update(object, more);
    json_decref(more);
    return object;
}

static void print_message(const sch_msg *msg)
{
    const struct sch_header *header = sch_msg_header(msg);
    char id[SCH_ID_TEXT_SIZE];
    char at[SCH_TIME_SIZE];
    sch_id_text(&header->id, id);
    printf("%s  %s (%s)%s\n", sch_msg_kenmerk(msg), sch_code_dutch(SCH_SET_KIND, header->kind),
           sch_code_name(SCH_SET_KIND, header->kind), sch_msg_redelivered(msg) ? "  offered before" : "");
    printf("  %-18s %s  %s\n", "from", header->sender.text, sch_msg_sender_name(msg));
    printf("  %-18s %s\n", "mailbox", sch_msg_mailbox(msg));
    printf("  %-18s %s\n", "stored", sch_time_utc(sch_msg_stored_ms(msg), at));
    printf("  %-18s %s\n", "message", id);
    sch_send_print_facts(header);
    for (unsigned i = 0; i < SCH_SPEC_SECTIONS; i++)
        if (sch_msg_section(msg, i) != NULL)
            printf("%s\n  %s\n", sch_section_dutch(i), sch_msg_section(msg, i));
    for (size_t i = 0; i < sch_msg_attachment_count(msg); i++) {
        const char *media_type = "";
        const char *name = "";
        size_t size = 0;
        (void)sch_msg_attachment(msg, i, &size, &media_type, &name);
        printf("bijlage %s (%s, %zu bytes)\n", name, media_type, size);
    }
    for (unsigned i = 0; i < SCH_SPEC_SECTIONS; i++)
        if ((sch_msg_missing(msg) >> i & 1u) != 0)
            printf("missing: %s\n", sch_section_dutch(i));
}

static sch_verdict on_message(const sch_msg *msg, void *context)
{
    struct collecting *collecting = context;
    struct sch_cli *cli = collecting->cli;
    const struct sch_header *header = sch_msg_header(msg);
    if (collecting->has_wanted && !sch_id_equal(&header->id, &collecting->wanted))
        return SCH_LATER;
    if (collecting->limit > 0 && collecting->count == collecting->limit)
        return SCH_LATER;
    if (save_attachments(cli, msg, &collecting->error) != SCH_OK) {
        sch_stop(cli->client);
        return SCH_LATER;
    }
    collecting->count++;
    collecting->kind = header->kind;
    snprintf(collecting->kenmerk, sizeof collecting->kenmerk, "%s", sch_msg_kenmerk(msg));
    if (collecting->messages != NULL)
        json_array_append_new(collecting->messages, message_json(msg));
    else if (cli->json)
        (void)sch_json_print("message", message_json(msg));
    else
        print_message(msg);
    fflush(stdout);
    if (collecting->verdict == SCH_REFUSE)
        sch_msg_refuse(msg, collecting->refusal);
    return collecting->verdict;
}

/* ---- reading ------------------------------------------------------------------------------------ */

static int attach(struct collecting *collecting, sch_error *error)
{
    struct sch_cli *cli = collecting->cli;
    const char *only = sch_cli_option(cli, "mailbox");
    int code = sch_cli_connect(cli, error);
    if (code == SCH_OK)
        code = sch_attach(cli->client, only != NULL ? &only : NULL, only != NULL ? 1 : 0,
                          SCH_CREDIT_MESSAGES_MAX, on_message, collecting, error);
    return code;
}

static int64_t mono_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Steps until one more message was shown, or the time is over. */
static int step_until(struct collecting *collecting, unsigned count, int timeout_ms, sch_error *error)
{
    int64_t end = mono_ms() + timeout_ms;
    while (collecting->count < count && collecting->error.code == SCH_OK) {
        int64_t left = end - mono_ms();
        if (left <= 0)
            return sch_fail(error, SCH_E_TIMEOUT,
                            "the message was not offered; it may be held by another session, or "
                            "wait behind an unsettled one of the same referral");
        int code = sch_client_step(collecting->cli->client, left < 200 ? (int)left : 200, error);
        if (code != SCH_OK && code != SCH_E_TIMEOUT)
            return code;
    }
    if (collecting->error.code != SCH_OK)
        *error = collecting->error;
    return (int)error->code;
}

/* Shows one message (the first when no operand names one) and leaves it with this verdict. */
static int read_one(struct sch_cli *cli, struct collecting *collecting)
{
    sch_error error = SCH_ERROR_INIT;
    json_t *messages = cli->json ? json_array() : NULL;
    int code = sch_cli_connect(cli, &error);
    collecting->messages = messages;
    if (code == SCH_OK && cli->operand_count > 0) {
        collecting->has_wanted = true;
        code = find_message(cli, cli->operand[0], &collecting->wanted, &error);
    }
    if (code == SCH_OK)
        code = attach(collecting, &error);
    if (code == SCH_OK)
        code = step_until(collecting, 1, sch_cli_timeout(cli), &error);
    /* The verdict is durable here already; what is left is to tell the broker before the session ends. */
    for (int i = 0; i < 25 && code == SCH_OK && collecting->verdict != SCH_LATER; i++) {
        sch_error ignored = SCH_ERROR_INIT;
        (void)sch_client_step(cli->client, 20, &ignored);
    }
    int result = 0;
    if (code != SCH_OK)
        result = sch_cli_fail(cli, &error);
    else if (cli->json)
        (void)sch_json_print("message", json_incref(json_array_get(messages, 0)));
    json_decref(messages);
    return result;
}

int sch_cli_run_inbox_read(struct sch_cli *cli)
{
    bool ack = sch_cli_is(cli, "ack");
    struct collecting collecting = { .cli = cli, .limit = 1, .verdict = ack ? SCH_COLLECT : SCH_LATER };
    int result = read_one(cli, &collecting);
    if (result == 0 && !ack)
        sch_cli_next(cli, "scharnier inbox ack %s", collecting.kenmerk);
    if (result == 0 && ack && collecting.kind == SCH_KIND_REFERRAL)
        sch_cli_next(cli, "scharnier referral answer %s ACCEPTANCE --key KEY", collecting.kenmerk);
    return result;
}

int sch_cli_run_inbox_reject(struct sch_cli *cli)
{
    sch_error error = SCH_ERROR_INIT;
    const char *reason = sch_cli_option(cli, "reason");
    struct collecting collecting = { .cli = cli, .limit = 1, .verdict = SCH_REFUSE };
    int64_t code = reason != NULL ? sch_code_parse(SCH_SET_SYSTEM_REFUSAL, reason) : 0;
    if (code <= 0) {
        (void)sch_fail(&error, SCH_E_USAGE,
                       "--reason: CANNOT_OPEN, BAD_SIGNATURE, NOT_OURS, UNSUPPORTED, MALFORMED or "
                       "OTHER%s%.40s",
                       reason != NULL ? ", not " : "", reason != NULL ? reason : "");
        return sch_cli_fail(cli, &error);
    }
    collecting.refusal = (enum sch_system_refusal)code;
    int result = read_one(cli, &collecting);
    if (result == 0 && !cli->json && !cli->quiet)
        printf("refused: the sender is told\n");
    return result;
}

/* ---- ack ---------------------------------------------------------------------------------------- */

/* The mailbox of --mailbox, else each of the configuration in turn: the message lies in one of them. */
static int settle(struct sch_cli *cli, const struct sch_id *message, sch_error *error)
{
    const char *only = sch_cli_option(cli, "mailbox");
    size_t count = 0;
    const struct sch_address *mine = sch_mailboxes(cli->client, &count);
    int code = SCH_E_UNKNOWN_MESSAGE;
    for (size_t i = 0; i < count && code == SCH_E_UNKNOWN_MESSAGE; i++) {
        if (only != NULL && i > 0)
            break;
        code = sch_settle(cli->client, only != NULL ? only : mine[i].text, message, SCH_COLLECT,
                          SCH_SYSTEM_REFUSAL_OTHER, sch_cli_timeout(cli), error);
    }
    return code;
}

int sch_cli_run_inbox_ack(struct sch_cli *cli)
{
    sch_error error = SCH_ERROR_INIT;
    struct sch_id message;
    char id[SCH_ID_TEXT_SIZE];
    int code = sch_cli_connect(cli, &error);
    if (code == SCH_OK)
        code = find_message(cli, cli->operand[0], &message, &error);
    if (code == SCH_OK)
        code = settle(cli, &message, &error);
    if (code != SCH_OK)
        return sch_cli_fail(cli, &error);
    sch_id_text(&message, id);
    if (cli->json)
        return sch_json_print("settled", json_pack("{s:s,s:s}", "message", id, "state", "COLLECTED")) ? 0 : 1;
    printf("%s collected\n", id);
    return 0;
}

/* ---- tail --------------------------------------------------------------------------------------- */

int sch_cli_run_inbox_tail(struct sch_cli *cli)
{
    sch_error error = SCH_ERROR_INIT;
    const char *count = sch_cli_option(cli, "count");
    struct collecting collecting = { .cli = cli,
                                     .verdict = sch_cli_is(cli, "ack") ? SCH_COLLECT : SCH_LATER,
                                     .limit = count != NULL ? (unsigned)strtoul(count, NULL, 10) : 0 };
    int code = attach(&collecting, &error);
    struct sigaction action = { .sa_handler = on_interrupt };
    tailing = cli->client;
    if (code == SCH_OK) {
        sigaction(SIGINT, &action, NULL);
        sigaction(SIGTERM, &action, NULL);
    }
    if (code == SCH_OK && (collecting.limit > 0 || cli->timeout_ms >= 0))
        code = step_until(&collecting, collecting.limit > 0 ? collecting.limit : UINT32_MAX,
                          cli->timeout_ms >= 0 ? cli->timeout_ms : INT32_MAX, &error);
    else if (code == SCH_OK)
        code = sch_run(cli->client, &error);
    /* Without a count, the end of the time is the end of the work. */
    if (code == SCH_E_TIMEOUT && collecting.limit == 0)
        code = SCH_OK;
    tailing = NULL;
    return code == SCH_OK ? 0 : sch_cli_fail(cli, &error);
}
