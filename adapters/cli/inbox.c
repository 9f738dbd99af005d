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

#define STEP_MS 100
#define TELL_MS 300
#define LIST_MAX 1000000

/* Read and tail: what is wanted, and what came. */
struct collecting {
    struct sch_cli *cli;
    const struct target *target; /* read and reject: this message only; NULL: any */
    sch_verdict verdict;         /* for what is shown */
    size_t limit;                /* messages; 0: without end */
    size_t count;
    struct sch_id message; /* the last one that was shown */
    struct sch_address mailbox;
    char kenmerk[SCH_KENMERK_SIZE + 1];
    enum sch_kind kind;
    json_t *shown; /* with --json, the last one; tail prints each at once */
    bool keep;     /* read: keep it for the end */
    sch_error error;
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_number)
{
    interrupted = signal_number;
}

/* ---- ls ----------------------------------------------------------------------------------------- */

/* A message by what a person calls it, and where it lies. */
struct target {
    bool by_id;
    struct sch_id message;
    char kenmerk[SCH_KENMERK_SIZE + 1];
    bool found;
    struct sch_address mailbox;
    size_t ahead; /* messages before it in its mailbox */
};

struct waiting {
    struct sch_cli *cli;
    struct sch_address mailbox; /* whose rows come now */
    size_t seen;                /* of that mailbox */
    struct sch_table table;
    json_t *rows;
    struct target *target; /* what is looked for; NULL: everything is listed */
};

/* Is it the one? Then no more rows are needed. */
static bool is_target(struct waiting *waiting, const struct sch_mailbox_row *row)
{
    struct target *target = waiting->target;
    if (target->by_id ? !sch_id_equal(&row->message, &target->message)
                      : strcmp(row->kenmerk, target->kenmerk) != 0)
        return false;
    target->found = true;
    target->message = row->message;
    target->mailbox = waiting->mailbox;
    target->ahead = waiting->seen;
    return true;
}

static bool add_row(struct waiting *waiting, const struct sch_mailbox_row *row)
{
    char id[SCH_ID_TEXT_SIZE];
    char dossier[SCH_ID_TEXT_SIZE];
    char at[SCH_TIME_SIZE];
    char size[24];
    const char *kind = sch_code_name(SCH_SET_KIND, row->kind);
    const char *from = row->sender.text[0] ? sch_cli_name(waiting->cli, row->sender.text) : "broker";
    sch_id_text(&row->message, id);
    sch_id_text(&row->dossier, dossier);
    snprintf(size, sizeof size, "%u", row->body_size);
    sch_time_dutch(row->stored_ms, sch_now_ms(waiting->cli->client), at);
    json_array_append_new(waiting->rows,
                          json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:o,s:i,s:b,s:I}", "message", id, "dossier",
                                    dossier, "kenmerk", row->kenmerk, "mailbox", waiting->mailbox.text,
                                    "kind", kind, "sender", row->sender.text, "stored",
                                    sch_time_json(row->stored_ms), "size", (int)row->body_size, "held",
                                    row->leased, "sequence", (json_int_t)row->sequence));
    const char *text[] = { row->kenmerk, kind, from, at, size, row->leased ? "held" : "", id };
    return sch_table_add(&waiting->table, text);
}

static bool take_rows(void *context, const struct sch_page *page)
{
    struct waiting *waiting = context;
    for (size_t i = 0; i < page->mailbox_count; i++, waiting->seen++) {
        const struct sch_mailbox_row *row = &page->mailbox[i];
        if (waiting->target != NULL ? is_target(waiting, row) : !add_row(waiting, row))
            return false;
    }
    return true;
}

/* Every mailbox of the configuration, or the one of --mailbox; until the target is found. */
static int load(struct sch_cli *cli, struct waiting *waiting, sch_error *error)
{
    struct sch_address only = { "" };
    const char *given = sch_cli_option(cli, "mailbox");
    size_t count = 1;
    if (given != NULL && sch_spec_address(&only, given, "--mailbox", error) != SCH_OK)
        return (int)error->code;
    int code = sch_cli_connect(cli, error);
    const struct sch_address *mine =
        given != NULL || code != SCH_OK ? &only : sch_mailboxes(cli->client, &count);
    for (size_t i = 0; i < count && code == SCH_OK; i++) {
        struct sch_query query = { .type = SCH_QUERY_MAILBOX, .party = mine[i], .limit = SCH_PAGE_ROWS_MAX };
        waiting->mailbox = mine[i];
        waiting->seen = 0;
        code = sch_cli_ask(cli, &query, take_rows, waiting, error);
        if (waiting->target != NULL && waiting->target->found)
            break;
    }
    return code;
}

int sch_cli_run_inbox_ls(struct sch_cli *cli)
{
    sch_error error = SCH_ERROR_INIT;
    struct waiting waiting = { .cli = cli, .rows = json_array(), .table = { .columns = 7 } };
    static const char *const header[] = { "KENMERK", "KIND", "FROM", "SINCE", "BYTES", "HELD", "MESSAGE" };
    memcpy(waiting.table.header, header, sizeof header);
    waiting.table.right[4] = true;
    int result = 0;
    if (load(cli, &waiting, &error) != SCH_OK)
        result = sch_cli_fail(cli, &error);
    else if (cli->json)
        (void)sch_json_print("inbox", json_pack("{s:O}", "messages", waiting.rows));
    else if (waiting.table.rows > 0)
        sch_table_print(&waiting.table, cli->headers, stdout);
    else if (cli->headers)
        printf("nothing waits\n");
    if (waiting.table.rows > 0)
        sch_cli_next(cli, "scharnier inbox read %s", waiting.table.cell[0]);
    sch_table_free(&waiting.table);
    json_decref(waiting.rows);
    return result;
}

/* Where a message lies: by its id, or the first that waits on a kenmerk. */
static int find_message(struct sch_cli *cli, const char *reference, struct target *target, sch_error *error)
{
    uint64_t number = 0;
    *target = (struct target){ .found = false };
    target->by_id = sch_id_parse(reference, &target->message);
    if (!target->by_id && !sch_kenmerk_parse(reference, &number))
        return sch_fail(error, SCH_E_USAGE, "\"%.60s\" is neither a message id nor a kenmerk", reference);
    if (!target->by_id)
        sch_kenmerk_text(number, target->kenmerk);
    struct waiting waiting = { .cli = cli, .target = target };
    int code = load(cli, &waiting, error);
    if (code == SCH_OK && !target->found)
        code = sch_fail(error, SCH_E_UNKNOWN_MESSAGE, "nothing waits as %s", reference);
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
    (void)json_object_set_new(object, "hash", sch_send_hash_json(sch_msg_hash(msg)));
    json_object_update(object, more);
    json_decref(more);
    return object;
}

/* The letter is its sender's: opened and signed, but with whatever bytes their software put in. */
static void print_letter(const sch_msg *msg)
{
    for (unsigned i = 0; i < SCH_SPEC_SECTIONS; i++)
        if (sch_msg_section(msg, i) != NULL) {
            printf("%s\n  ", sch_section_dutch(i));
            sch_text_print(sch_msg_section(msg, i), stdout);
            printf("\n");
        }
    for (size_t i = 0; i < sch_msg_attachment_count(msg); i++) {
        const char *media_type = "";
        const char *name = "";
        size_t size = 0;
        (void)sch_msg_attachment(msg, i, &size, &media_type, &name);
        printf("bijlage ");
        sch_text_print(name, stdout);
        printf(" (");
        sch_text_print(media_type, stdout);
        printf(", %zu bytes)\n", size);
    }
}

static void print_message(const sch_msg *msg)
{
    const struct sch_header *header = sch_msg_header(msg);
    char id[SCH_ID_TEXT_SIZE];
    char at[SCH_TIME_SIZE];
    sch_id_text(&header->id, id);
    printf("%s  %s (%s)%s\n", sch_msg_kenmerk(msg), sch_code_dutch(SCH_SET_KIND, header->kind),
           sch_code_name(SCH_SET_KIND, header->kind), sch_msg_redelivered(msg) ? "  offered before" : "");
    printf("  %-18s %s  ", "from", header->sender.text);
    sch_text_print(sch_msg_sender_name(msg), stdout);
    printf("\n");
    printf("  %-18s %s\n", "mailbox", sch_msg_mailbox(msg));
    printf("  %-18s %s\n", "stored", sch_time_utc(sch_msg_stored_ms(msg), at));
    printf("  %-18s %s\n", "message", id);
    sch_send_print_facts(header);
    print_letter(msg);
    for (unsigned i = 0; i < SCH_SPEC_SECTIONS; i++)
        if ((sch_msg_missing(msg) >> i & 1u) != 0)
            printf("missing: %s\n", sch_section_dutch(i));
}

static void show(struct collecting *collecting, const sch_msg *msg)
{
    if (collecting->keep)
        collecting->shown = message_json(msg);
    else if (collecting->cli->jsonl)
        (void)sch_json_line("message", message_json(msg));
    else if (collecting->cli->json)
        (void)sch_json_print("message", message_json(msg));
    else
        print_message(msg);
    fflush(stdout);
}

static sch_verdict on_message(const sch_msg *msg, void *context)
{
    struct collecting *collecting = context;
    const struct sch_header *header = sch_msg_header(msg);
    if (collecting->target != NULL && !sch_id_equal(&header->id, &collecting->target->message))
        return SCH_LATER;
    if (collecting->limit > 0 && collecting->count == collecting->limit)
        return SCH_LATER;
    if (save_attachments(collecting->cli, msg, &collecting->error) != SCH_OK)
        return SCH_LATER;
    collecting->count++;
    collecting->kind = header->kind;
    collecting->message = header->id;
    (void)sch_address_set(&collecting->mailbox, sch_msg_mailbox(msg));
    snprintf(collecting->kenmerk, sizeof collecting->kenmerk, "%s", sch_msg_kenmerk(msg));
    show(collecting, msg);
    return collecting->verdict;
}

/* ---- reading ------------------------------------------------------------------------------------ */

/* Holds no more than is needed: what this session holds, no other is offered meanwhile. */
static int attach(struct collecting *collecting, sch_error *error)
{
    struct sch_cli *cli = collecting->cli;
    const struct target *target = collecting->target;
    struct sch_address only = { "" };
    const char *given = sch_cli_option(cli, "mailbox");
    if (given != NULL && sch_spec_address(&only, given, "--mailbox", error) != SCH_OK)
        return (int)error->code;
    const char *mailbox = target != NULL ? target->mailbox.text : only.text;
    size_t window = target != NULL ? target->ahead + 1 : collecting->limit;
    if (window == 0 || window > SCH_CREDIT_MESSAGES_MAX)
        window = SCH_CREDIT_MESSAGES_MAX;
    int code = sch_cli_connect(cli, error);
    if (code == SCH_OK)
        code = sch_attach(cli->client, mailbox[0] ? &mailbox : NULL, mailbox[0] ? 1 : 0, (unsigned)window,
                          on_message, collecting, error);
    return code;
}

static int64_t mono_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Steps until so many messages were shown, the time is over (-1: never), or somebody pressed Ctrl-C. */
static int step_until(struct collecting *collecting, size_t count, int timeout_ms, sch_error *error)
{
    int64_t end = timeout_ms < 0 ? INT64_MAX : mono_ms() + timeout_ms;
    while (collecting->count < count && collecting->error.code == SCH_OK && interrupted == 0) {
        int64_t left = end - mono_ms();
        if (left <= 0)
            return sch_fail(error, SCH_E_TIMEOUT,
                            "not offered in time: another session may hold it, or it waits "
                            "behind an unsettled message of the same referral");
        sch_error cause = SCH_ERROR_INIT;
        int code = sch_client_step(collecting->cli->client, left < STEP_MS ? (int)left : STEP_MS, &cause);
        if (code != SCH_OK && code != SCH_E_TIMEOUT) {
            *error = cause;
            return code;
        }
    }
    if (collecting->error.code != SCH_OK)
        *error = collecting->error;
    return (int)error->code;
}

/* Shows one message (the first when no operand names one), then settles it unless verdict is LATER. */
static int read_one(struct sch_cli *cli, struct collecting *collecting, sch_verdict verdict,
                    enum sch_system_refusal refusal)
{
    sch_error error = SCH_ERROR_INIT;
    struct target target;
    int code = SCH_OK;
    collecting->keep = cli->json;
    if (cli->operand_count > 0) {
        code = find_message(cli, cli->operand[0], &target, &error);
        collecting->target = &target;
    }
    if (code == SCH_OK)
        code = attach(collecting, &error);
    if (code == SCH_OK)
        code = step_until(collecting, 1, sch_cli_timeout(cli), &error);
    if (code == SCH_OK && verdict != SCH_LATER)
        code = sch_settle(cli->client, collecting->mailbox.text, &collecting->message, verdict, refusal,
                          sch_cli_timeout(cli), &error);
    if (code == SCH_OK && collecting->shown != NULL)
        (void)sch_json_print("message", json_incref(collecting->shown));
    json_decref(collecting->shown);
    return code == SCH_OK ? 0 : sch_cli_fail(cli, &error);
}

int sch_cli_run_inbox_read(struct sch_cli *cli)
{
    bool ack = sch_cli_is(cli, "ack");
    struct collecting collecting = { .cli = cli, .limit = 1, .verdict = SCH_LATER };
    int result = read_one(cli, &collecting, ack ? SCH_COLLECT : SCH_LATER, SCH_SYSTEM_REFUSAL_OTHER);
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
    struct collecting collecting = { .cli = cli, .limit = 1, .verdict = SCH_LATER };
    int64_t code = reason != NULL ? sch_code_parse(SCH_SET_SYSTEM_REFUSAL, reason) : 0;
    if (code <= 0) {
        (void)sch_fail(&error, SCH_E_USAGE,
                       "--reason: CANNOT_OPEN, BAD_SIGNATURE, NOT_OURS, UNSUPPORTED, MALFORMED or "
                       "OTHER%s%.40s",
                       reason != NULL ? ", not " : "", reason != NULL ? reason : "");
        return sch_cli_fail(cli, &error);
    }
    int result = read_one(cli, &collecting, SCH_REFUSE, (enum sch_system_refusal)code);
    if (result == 0 && !cli->json && !cli->quiet)
        printf("refused: the sender is told\n");
    return result;
}

/* ---- ack ---------------------------------------------------------------------------------------- */

int sch_cli_run_inbox_ack(struct sch_cli *cli)
{
    sch_error error = SCH_ERROR_INIT;
    struct target target;
    char id[SCH_ID_TEXT_SIZE];
    int code = find_message(cli, cli->operand[0], &target, &error);
    if (code == SCH_OK)
        code = sch_settle(cli->client, target.mailbox.text, &target.message, SCH_COLLECT,
                          SCH_SYSTEM_REFUSAL_OTHER, sch_cli_timeout(cli), &error);
    if (code != SCH_OK)
        return sch_cli_fail(cli, &error);
    sch_id_text(&target.message, id);
    if (cli->json)
        return sch_json_print("settled", json_pack("{s:s,s:s}", "message", id, "state", "COLLECTED")) ? 0 : 1;
    printf("%s collected\n", id);
    return 0;
}

/* ---- tail --------------------------------------------------------------------------------------- */

/* The verdicts are durable here; what is left is to tell the broker before the session ends. */
static void tell_broker(struct sch_cli *cli)
{
    for (int i = 0; i < TELL_MS / 20; i++) {
        sch_error ignored = SCH_ERROR_INIT;
        (void)sch_client_step(cli->client, 20, &ignored);
    }
}

int sch_cli_run_inbox_tail(struct sch_cli *cli)
{
    sch_error error = SCH_ERROR_INIT;
    bool ack = sch_cli_is(cli, "ack");
    struct collecting collecting = { .cli = cli, .verdict = ack ? SCH_COLLECT : SCH_LATER };
    const struct sigaction action = { .sa_handler = on_interrupt };
    int code = sch_cli_number(cli, "count", LIST_MAX, 0, &collecting.limit, &error);
    if (code == SCH_OK)
        code = attach(&collecting, &error);
    if (code == SCH_OK) {
        sigaction(SIGINT, &action, NULL);
        sigaction(SIGTERM, &action, NULL);
        code = step_until(&collecting, collecting.limit > 0 ? collecting.limit : SIZE_MAX, cli->timeout_ms,
                          &error);
        if (ack && collecting.count > 0)
            tell_broker(cli);
    }
    /* Without a count, the end of the time is the end of the work. */
    if (code == SCH_E_TIMEOUT && collecting.limit == 0)
        code = SCH_OK;
    return code == SCH_OK ? 0 : sch_cli_fail(cli, &error);
}
