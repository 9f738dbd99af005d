/* script.c: the patience of clients, and what came out of it. */
#include "script.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../power/power.h"
#include "fault.h"
#include "id.h"
#include "shell/migrate.h"
#include "shell/record.h"
#include "shell/store_lmdb.h"

#define TRIES_MAX 6
#define SETTLE_MS 1200000               /* for a quarter of an hour after a start nothing goes */
#define FAILING_TURNS_MAX 50            /* that pass before somebody repairs what lasts: ten turns go in a second */
#define HOUR_MS INT64_C(3600000)

static const struct sch_bytes nothing;

void script_say(struct script *script, const char *format, ...)
{
    va_list arguments;
    int size;

    va_start(arguments, format);
    size = vsnprintf(script->text + script->text_size, SCRIPT_TEXT_MAX - script->text_size, format, arguments);
    va_end(arguments);
    assert(size >= 0 && script->text_size + (size_t)size < SCRIPT_TEXT_MAX);
    script->text_size += (size_t)size;
}

void script_fail(struct script *script, const char *format, ...)
{
    va_list arguments;

    if (script->wrong[0] != '\0')
        return;
    va_start(arguments, format);
    (void)vsnprintf(script->wrong, sizeof script->wrong, format, arguments);
    va_end(arguments);
}

/* ---- the broker ---------------------------------------------------------------------------------- */

static bool is_running(const struct script *script)
{
    return script->stage.turn != NULL && script->stage.turn_code == SCH_OK;
}

/* What ports.h, store_lmdb.h and turn.h say that it may stop or not start with. */
static void note_stop(struct script *script, int code)
{
    script->stops++;
    if (code != SCH_E_NO_MEMORY && code != SCH_E_IO && code != SCH_E_STORE_DAMAGED)
        script_fail(script, "the broker stopped with %d", code);
}

static void leave_all(struct script *script)
{
    for (size_t i = 0; i < script->party_count; i++)
        script->party[i].entered = false;
}

static int open_store(struct script *script)
{
    const struct sch_store_options options = { .path = power_directory, .map_size = 64 << 20,
                                               .create = !script->migrates, .older = script->migrates };
    sch_error error = SCH_ERROR_INIT;
    int code = sch_store_open(&script->stage.store, &options, &error);

    if (code != SCH_OK)
        script->stage.store = NULL;
    script->stage.options.store = script->stage.store;
    return code;
}

/* A start so long after the last commit that nobody believes the clock: an operator does. What he says is written
 * down with the next turn that has something to write. */
static void confirm_time(struct script *script)
{
    if (!sch_turn_is_held(script->stage.turn))
        return;
    sch_turn_confirm_time(script->stage.turn);
    sch_turn_reload(script->stage.turn, script->stage.book);
    stage_run(&script->stage);
}

/* A process that did not start is started again, by then without a fault. */
static void start(struct script *script)
{
    for (int tries = 0; tries < TRIES_MAX && !is_running(script); tries++) {
        int code = script->stage.store == NULL ? open_store(script) : SCH_OK;

        if (code == SCH_OK) {
            stage_start(&script->stage);
            if (script->stage.turn_code == SCH_OK)
                confirm_time(script);
            code = script->stage.turn_code;
        }
        if (code != SCH_OK) {
            note_stop(script, code);
            fault_heal();
        }
        if (code != SCH_OK && script->stage.turn != NULL)
            stage_stop(&script->stage);
        if (code != SCH_OK) {
            sch_store_close(script->stage.store);
            script->stage.store = NULL;
        }
    }
    if (!is_running(script))
        script_fail(script, "the broker does not start any more");
    assert(is_running(script));
}

static void stop(struct script *script)
{
    leave_all(script);
    stage_stop(&script->stage);
    sch_store_close(script->stage.store);
    script->stage.store = NULL;
}

void script_restart(struct script *script)
{
    stop(script);
    start(script);
}

/* After something was tried in vain: no more faults, and a broker that runs. */
static void recover(struct script *script)
{
    fault_heal();
    if (is_running(script))
        return;
    note_stop(script, script->stage.turn_code);
    script_restart(script);
}

/* As stage_pass(), but a broker that stops is started at that moment, and not when all the time has passed. */
void script_pass(struct script *script, int64_t ms)
{
    struct stage *stage = &script->stage;
    int64_t end_ms = sch_clock_mono_ms(stage->clock) + ms;
    int64_t left_ms = ms;
    size_t turns = 0;

    while (left_ms > 0 || !is_running(script)) {
        int64_t wait_ms;

        /* Twice: how long the first turn would have slept was asked before it acted. */
        stage_run(stage);
        stage_run(stage);
        if (!is_running(script)) {
            recover(script);
            continue;
        }
        wait_ms = sch_net_sim_last_wait_ms(stage->net);
        if (wait_ms < 0 || wait_ms > left_ms)
            wait_ms = left_ms;
        sch_clock_sim_advance(stage->clock, wait_ms > 0 ? wait_ms : 1);
        left_ms = end_ms - sch_clock_mono_ms(stage->clock);
        if (fault_struck() && ++turns == FAILING_TURNS_MAX)
            fault_heal();
    }
    stage_run(stage);
}

/* ---- what peers say ------------------------------------------------------------------------------ */

static struct sch_reply answer;

static bool answered(struct script *script, size_t peer, uint64_t request)
{
    bool found = false;

    stage_run(&script->stage);
    while (!found && stage_take(&script->stage, peer, &answer))
        found = answer.request == request;
    return found;
}

/* May the same thing be said again, and answered otherwise? */
static bool comes_again(void)
{
    return answer.type == SCH_REPLY_REJECTION &&
           (answer.rejection.code == SCH_E_BROKER_INTERNAL || answer.rejection.code == SCH_E_BROKER_BUSY ||
            answer.rejection.code == SCH_E_STORE_FULL);
}

static bool say_once(struct script *script, size_t peer, const uint8_t *command, size_t size, struct sch_bytes body,
                     uint64_t request)
{
    sch_net_sim_put(script->stage.net, peer, (struct sch_bytes){ command, size }, body);
    return answered(script, peer, request) && !comes_again();
}

static bool say(struct script *script, size_t peer, const struct sch_command *command, struct sch_bytes body)
{
    static uint8_t bytes[SCH_COMMAND_SIZE_MAX];
    struct sch_command said = *command;
    size_t size;

    said.request = ++script->stage.request;
    size = sch_command_encode(&said, bytes, sizeof bytes);
    assert(size > 0);
    return say_once(script, peer, bytes, size, body, said.request);
}

static bool try_enter(struct script *script, struct script_party *party)
{
    struct sch_command hello = { .type = SCH_COMMAND_HELLO }, attach = { .type = SCH_COMMAND_ATTACH };

    party->peer = stage_connect(&script->stage, sch_region_sim_named(party->name)->key_id);
    hello.hello.version_min = hello.hello.version_max = 1;
    strcpy(hello.hello.software, "script");
    memset(hello.hello.instance.bytes, 0x5c, sizeof hello.hello.instance.bytes);
    if (!say(script, party->peer, &hello, nothing) || answer.type != SCH_REPLY_WELCOME)
        return false;
    if (party->mailbox == NULL)
        return true;
    attach.attach.mailbox_count = 1;
    (void)sch_address_set(&attach.attach.mailbox[0], party->mailbox);
    attach.attach.credit_messages = 16;
    attach.attach.credit_bytes = SCH_CREDIT_BYTES_MAX;
    return say(script, party->peer, &attach, nothing) && answer.type == SCH_REPLY_ATTACHED;
}

static void enter(struct script *script, size_t index)
{
    struct script_party *party = &script->party[index];

    for (int tries = 0; tries < TRIES_MAX && !party->entered; tries++) {
        party->entered = try_enter(script, party);
        if (!party->entered)
            recover(script);
    }
    if (!party->entered)
        script_fail(script, "%s cannot come in any more", party->name);
    assert(party->entered);
}

size_t script_enter(struct script *script, const char *name, bool mailbox)
{
    struct script_party *party = &script->party[script->party_count++];

    assert(script->party_count <= SCRIPT_PARTIES_MAX);
    *party = (struct script_party){ .name = name };
    if (mailbox)
        party->mailbox = sch_region_sim_named(name)->address;
    enter(script, script->party_count - 1);
    return script->party_count - 1;
}

const struct sch_reply *script_ask(struct script *script, size_t party, const struct sch_command *command,
                                   struct sch_bytes bytes)
{
    for (int tries = 0; tries < TRIES_MAX; tries++) {
        enter(script, party);
        if (say(script, script->party[party].peer, command, bytes))
            return &answer;
        recover(script);
    }
    script_fail(script, "%s is not answered any more", script->party[party].name);
    memset(&answer, 0, sizeof answer);
    return &answer;
}

static uint64_t request_of(struct script *script, const struct stage_message *message)
{
    struct sch_command command;
    struct sch_fault why;
    int code = sch_command_decode((struct sch_bytes){ message->command, message->command_size }, &script->stage.arena,
                                  &command, &why);

    assert(code == SCH_OK);
    return command.request;
}

static bool submit(struct script *script, size_t party, const struct stage_message *message)
{
    uint8_t *body = calloc(1, message->body_size + 1);
    bool done = false;

    assert(body != NULL);
    for (int tries = 0; tries < TRIES_MAX && !done; tries++) {
        enter(script, party);
        done = say_once(script, script->party[party].peer, message->command, message->command_size,
                        (struct sch_bytes){ body, message->body_size }, request_of(script, message));
        if (!done)
            recover(script);
    }
    free(body);
    return done;
}

void script_send(struct script *script, size_t party, const struct stage_message *message)
{
    struct script_receipt *receipt = &script->receipt[script->receipt_count];

    if (!submit(script, party, message)) {
        script_fail(script, "%s gets no answer to a message any more", script->party[party].name);
        return;
    }
    script_say(script, "%s sends %d: %d %u\n", script->party[party].name, (int)message->header.kind, (int)answer.type,
               answer.type == SCH_REPLY_REJECTION ? answer.rejection.code : answer.receipt.warnings);
    if (answer.type != SCH_REPLY_RECEIPT)
        return;
    assert(script->receipt_count < SCRIPT_RECEIPTS_MAX);
    *receipt = (struct script_receipt){ .message = *message, .sequence = answer.receipt.sequence, .party = party,
                                        .stored_ms = answer.receipt.stored_ms };
    memcpy(receipt->kenmerk, answer.receipt.kenmerk, sizeof receipt->kenmerk);
    script->receipt_count++;
}

/* ---- what waits for them ------------------------------------------------------------------------- */

static bool is_settled(const struct script *script, const struct sch_id *message)
{
    for (size_t i = 0; i < script->settled_count; i++)
        if (sch_id_equal(&script->settled[i], message))
            return true;
    return false;
}

static bool next_delivery(struct script *script, size_t party, struct sch_id *message)
{
    struct stage *stage = &script->stage;

    for (int tries = 0; tries < TRIES_MAX; tries++) {
        enter(script, party);
        stage_run(stage);
        stage_drain(stage, script->party[party].peer);
        for (size_t i = 0; i < stage->delivery_count; i++)
            if (!stage->delivery[i].settled && stage->delivery[i].peer == script->party[party].peer &&
                !is_settled(script, &stage->delivery[i].header.id)) {
                stage->delivery[i].settled = true;
                *message = stage->delivery[i].header.id;
                return true;
            }
        recover(script);
        script_pass(script, 1000);
    }
    return false;
}

/* A verdict whose answer was lost is said again, of the message as it is offered again after a restart. */
void script_collect(struct script *script, size_t party, size_t count, enum sch_wire_verdict verdict)
{
    struct sch_command command = { .type = SCH_COMMAND_SETTLE };

    for (size_t i = 0; i < count; i++) {
        const struct sch_reply *reply;

        if (!next_delivery(script, party, &command.settle.message)) {
            script_fail(script, "%s is never offered what waits for it", script->party[party].name);
            return;
        }
        (void)sch_address_set(&command.settle.mailbox, script->party[party].mailbox);
        command.settle.verdict = verdict;
        command.settle.refusal = verdict == SCH_VERDICT_REFUSED ? SCH_SYSTEM_REFUSAL_CANNOT_OPEN
                                                                : (enum sch_system_refusal)0;
        reply = script_ask(script, party, &command, nothing);
        if (reply->type == SCH_REPLY_REJECTION && reply->rejection.code == SCH_E_NOT_LEASED) {
            i--;                        /* the broker forgot that it was offered: it offers it again */
            continue;
        }
        if (verdict != SCH_VERDICT_RETRY) {
            assert(script->settled_count < SCRIPT_RECEIPTS_MAX);
            script->settled[script->settled_count++] = command.settle.message;
        }
        script_say(script, "%s settles: %d %d\n", script->party[party].name, (int)reply->type,
                   (int)(reply->type == SCH_REPLY_SETTLED ? reply->settled.state : 0));
    }
}

void script_operate(struct script *script, enum sch_control_request request, const char *argument)
{
    sch_error error = SCH_ERROR_INIT;
    char *lines = NULL;
    size_t size = 0;
    int code = SCH_E_IO;

    for (int tries = 0; tries < TRIES_MAX && code != SCH_OK; tries++) {
        FILE *out;

        free(lines);
        out = open_memstream(&lines, &size);
        assert(out != NULL);
        code = sch_turn_queue(script->stage.turn, request, argument, out, &error);
        (void)fclose(out);
        if (code != SCH_OK) {
            recover(script);
            script_pass(script, 3000);
        }
        stage_run(&script->stage);
        if (!is_running(script))
            recover(script);
    }
    size = 0;
    for (const char *c = lines; *c != '\0'; c++)
        size += *c == '\n';
    script_say(script, "operator %d %s: %d, %zu lines\n", (int)request, argument, code, size);
    free(lines);
}

/* ---- beside the turn ----------------------------------------------------------------------------- */

/* A check that fails for a fault says so; without one it must pass. */
static void check(struct script *script, const char *when)
{
    struct sch_store_counts counts;
    sch_error error = SCH_ERROR_INIT;
    size_t before = fault_strikes();
    int code = sch_store_check(script->stage.store, &counts, &error);

    if (code != SCH_OK && fault_strikes() > before) {
        fault_heal();
        code = sch_store_check(script->stage.store, &counts, &error);
    }
    if (code != SCH_OK)
        script_fail(script, "the store's check %s: %s", when, error.text);
}

/* What could not be copied leaves nothing that looks like a backup: the same name can be used at once. */
void script_back_up(struct script *script)
{
    struct sch_store_counts counts;
    sch_error error = SCH_ERROR_INIT;
    char path[256], file[300];
    int code = SCH_E_IO;

    (void)snprintf(path, sizeof path, "%s/copy", power_directory);
    for (int tries = 0; tries < TRIES_MAX && code != SCH_OK; tries++) {
        code = sch_store_backup(script->stage.store, path, &error);
        if (code != SCH_OK)
            fault_heal();
        if (code != SCH_OK && access(path, F_OK) == 0)
            script_fail(script, "half a backup stays");
    }
    if (code == SCH_OK && sch_store_verify(path, &counts, &error) != SCH_OK) {
        fault_heal();
        code = sch_store_verify(path, &counts, &error);
    }
    if (code != SCH_OK)
        script_fail(script, "the backup: %s", error.text);
    script_say(script, "backup of %" PRIu64 " messages\n", counts.rows[SCH_TABLE_MESSAGE]);
    (void)snprintf(file, sizeof file, "%s/data.mdb", path);
    (void)unlink(file);
    (void)rmdir(path);
    check(script, "beside a backup");
}

static size_t unhex(const char *text, uint8_t *bytes)
{
    size_t size = 0;
    unsigned byte;

    for (; text[0] > ' ' && sscanf(text, "%2x", &byte) == 1; text += 2)
        bytes[size++] = (uint8_t)byte;
    return size;
}

/* Rows as tests/store/schema1.txt has them: table, key, value. */
static void fill(struct sch_store *store, const char *path)
{
    static char line[16384];
    FILE *file = fopen(path, "r");

    assert(file != NULL);
    while (fgets(line, sizeof line, file) != NULL) {
        static uint8_t key[SCH_STORE_KEY_MAX], value[sizeof line / 2];
        char *at = strchr(line, ' '), *rest = at == NULL ? NULL : strchr(at + 1, ' ');
        struct sch_op op = { .table = (enum sch_table)atoi(line), .expected = SCH_STORE_ANY };
        enum sch_store_result result;

        if (line[0] == '#')
            continue;
        assert(rest != NULL);
        op.key = (struct sch_bytes){ key, unhex(at + 1, key) };
        op.value = (struct sch_bytes){ value, unhex(rest + 1, value) };
        result = sch_store_apply(store, &op, 1);
        assert(result == SCH_STORE_OK);
    }
    (void)fclose(file);
}

void script_migrate(struct script *script, const char *path)
{
    struct sch_migrate_report report;
    sch_error error = SCH_ERROR_INIT;
    int code = SCH_E_IO;

    fill(script->stage.store, path);
    stop(script);
    script->migrates = true;
    for (int tries = 0; tries < TRIES_MAX && code != SCH_OK; tries++) {
        code = open_store(script);
        if (code == SCH_OK)
            code = sch_migrate(script->stage.store, &report, &error);
        if (code != SCH_OK)
            fault_heal();
        sch_store_close(script->stage.store);
        script->stage.store = NULL;
    }
    if (code != SCH_OK)
        script_fail(script, "the migration: %s", error.text);
    script->migrates = false;
    start(script);
}

/* ---- what came out of it ------------------------------------------------------------------------- */

/* Moments within an hour are one: a fault costs minutes at most. */
static void tell_dossier(struct script *script, const struct sch_dossier *dossier)
{
    script_say(script, "dossier: phase %d, received %d, taken up %d, closed %d, waiting %zu\n", (int)dossier->phase,
               dossier->received, dossier->taken_up, dossier->closed_ms != 0, dossier->delivery_count);
    for (size_t i = 0; i < dossier->instance_count; i++) {
        const struct sch_instance *owed = &dossier->instance[i];

        script_say(script, "  E%u %d step %d due %" PRId64 "\n", owed->expectation, (int)owed->standing,
                   (int)owed->step, owed->due_ms / HOUR_MS);
    }
}

static void tell_message(struct script *script, const struct sch_message_row *row)
{
    script_say(script, "message of %d, %u bytes, %u parts:", (int)row->kind, row->body_size, row->part_count);
    for (size_t i = 0; i < row->recipient_count; i++)
        script_say(script, " %s %d", row->recipient[i].address.text, (int)row->recipient[i].state);
    script_say(script, "\n");
}

/* Every message that has a receipt, in the order in which they were sent, and the dossiers that they opened. */
static void tell_receipt(struct script *script, const struct sch_header *header)
{
    static uint8_t value[SCH_RECORD_DOSSIER_MAX];
    static struct sch_dossier dossier;
    struct sch_record_key key = sch_record_key_id(&header->id);
    struct sch_message_row row;
    size_t size;

    if (sch_store_get(script->stage.store, SCH_TABLE_MESSAGE, sch_record_key_bytes(&key), value, sizeof value, &size) ==
            SCH_STORE_OK &&
        sch_record_message_decode((struct sch_bytes){ value, size }, &row) == SCH_OK)
        tell_message(script, &row);
    if (sch_store_get(script->stage.store, SCH_TABLE_DOSSIER, sch_record_key_bytes(&key), value, sizeof value, &size) ==
            SCH_STORE_OK &&
        sch_record_dossier_decode((struct sch_bytes){ value, size }, &dossier) == SCH_OK)
        tell_dossier(script, &dossier);
}

static void tell_all(struct script *script)
{
    struct sch_space space;

    for (size_t i = 0; i < script->receipt_count; i++)
        tell_receipt(script, &script->receipt[i].message.header);
    sch_store_space(script->stage.store, &space);
    /* A fault may be written down, and be told of in a trace of its own: not compared. */
    for (size_t i = 0; i < SCH_TABLE_COUNT; i++)
        if (i != SCH_TABLE_META && i != SCH_TABLE_AUDIT && i != SCH_TABLE_TRAIL)
            script_say(script, "table %zu: %" PRIu64 " rows\n", i, space.rows[i]);
}

/* Whoever sends it again is told the same. */
static void send_again(struct script *script)
{
    for (size_t i = 0; i < script->receipt_count; i++) {
        const struct script_receipt *receipt = &script->receipt[i];

        if (!submit(script, receipt->party, &receipt->message) || answer.type != SCH_REPLY_RECEIPT)
            script_fail(script, "message %zu had a receipt and has none any more", i);
        else if (!answer.receipt.duplicate || answer.receipt.sequence != receipt->sequence ||
                 answer.receipt.stored_ms != receipt->stored_ms ||
                 strcmp(answer.receipt.kenmerk, receipt->kenmerk) != 0)
            script_fail(script, "message %zu has another receipt than it had", i);
    }
}

void script_run(struct script *script, const struct script_scene *scene)
{
    scene->play(script);
    fault_heal();
    script_pass(script, SETTLE_MS);
    fault_heal();
    check(script, "after the faults");
    script_restart(script);
    check(script, "after a restart");
    tell_all(script);
    if (!script->forgotten)
        send_again(script);
    fault_end();
    stage_close(&script->stage);
}
