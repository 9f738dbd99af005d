/*
 * turn_gather.c: what has fallen due and what has arrived. Commands that concern a session alone are done and
 * answered at once, for nothing of them is durable; the others become items.
 */
#include "turn_own.h"

#include <scharnier/version.h>

#include <assert.h>
#include <string.h>

#include "id.h"
#include "shell/log.h"

#define LOOK_AGAIN_MS 1000              /* after the store failed: or nobody would wake for what is due */

/* ---- what is due -------------------------------------------------------------------------------- */

struct due_scan {
    struct sch_turn *turn;
    size_t wanted;                      /* 0: only look when the next is due */
    int64_t next_ms;
};

static bool visit_due(void *context, struct sch_bytes key, struct sch_bytes value)
{
    struct due_scan *scan = context;
    struct sch_turn *turn = scan->turn;
    struct sch_item *item;
    struct sch_id id;
    int64_t due_ms;

    (void)value;
    if (sch_record_read_due(key, &due_ms, &id) != SCH_OK)
        return false;
    if (due_ms > turn->now_ms || scan->wanted == 0) {
        scan->next_ms = due_ms;
        return false;
    }
    item = &turn->items[turn->item_count++];
    memset(item, 0, sizeof *item);
    item->type = SCH_ITEM_DUE;
    item->due = id;
    item->due_ms = due_ms;
    item->actor.purpose = SCH_AUDIT_OPERATION;
    return --scan->wanted > 0;
}

/* Takes due rows into the turn; returns when the first that was not taken is due. */
static int64_t scan_due(struct sch_turn *turn, size_t wanted)
{
    struct due_scan scan = { .turn = turn, .wanted = wanted, .next_ms = INT64_MAX };
    struct sch_bytes from = { turn->due_from, turn->due_from_size };

    if (turn->now_ms >= turn->due_reset_ms)
        from.len = 0;
    if (sch_store_scan(turn->options.store, SCH_TABLE_DUE, (struct sch_bytes){ 0 }, from, false, SCH_TURN_DUES_MAX + 1,
                       visit_due, &scan) != SCH_STORE_OK)
        return turn->now_ms + LOOK_AGAIN_MS;
    if (turn->due_reset_ms > turn->now_ms && turn->due_reset_ms < scan.next_ms)
        scan.next_ms = turn->due_reset_ms;
    return scan.next_ms;
}

int64_t sch_turn_next_due(struct sch_turn *turn)
{
    return scan_due(turn, 0);
}

/* ---- gather ------------------------------------------------------------------------------------- */

static struct sch_item *item_of(struct sch_turn *turn, const struct sch_inbound *inbound, uint64_t request,
                                enum sch_item_type type)
{
    struct sch_item *item = &turn->items[turn->item_count++];

    memset(item, 0, sizeof *item);
    item->type = type;
    item->peer = inbound->peer;
    item->request = request;
    memcpy(item->actor.key_id, inbound->key_id, sizeof item->actor.key_id);
    return item;
}

/* A refusal is written down before it is said, like everything else. */
static void reject(struct sch_turn *turn, const struct sch_inbound *inbound, uint64_t request,
                   enum sch_error_code code, const char *field)
{
    item_of(turn, inbound, request, SCH_ITEM_REFUSED)->fault = (struct sch_fault){ code, field };
}

static void hello(struct sch_turn *turn, const struct sch_inbound *inbound, const struct sch_command *command,
                  const struct sch_key *key)
{
    if (command->hello.version_min > SCH_WIRE_MAX || command->hello.version_max < SCH_WIRE_MIN) {
        reject(turn, inbound, command->request, SCH_E_VERSION, "hello.version_min");
        return;
    }
    if (sch_sessions_welcome(turn->sessions, &inbound->peer, inbound->key_id, &command->hello.instance,
                             turn->mono_ms) == NULL) {
        reject(turn, inbound, command->request, SCH_E_BROKER_BUSY, "hello");
        return;
    }
    sch_log(SCH_LOG_DEBUG, "WELCOME", "a session began", "key_id=%s", inbound->key_id);
    sch_reply_welcome(&turn->out, &inbound->peer, command->request, turn->book, key, turn->now_ms,
                      sch_clock_rate(turn->options.clock));
}

static void attach(struct sch_turn *turn, const struct sch_inbound *inbound, const struct sch_command *command,
                   const struct sch_key *key, struct sch_session *session)
{
    struct sch_reply reply = { .request = command->request, .type = SCH_REPLY_ATTACHED };
    size_t count = command->attach.mailbox_count;
    int code;

    for (size_t i = 0; i < count; i++)
        if (sch_door_acts_for(key, command->attach.mailbox[i].text) != SCH_OK ||
            sch_book_party(turn->book, command->attach.mailbox[i].text) == NULL) {
            reject(turn, inbound, command->request, SCH_E_NOT_YOURS, "attach.mailboxes");
            return;
        }
    code = sch_sessions_attach(turn->sessions, session, command->attach.mailbox, count,
                               command->attach.credit_messages, command->attach.credit_bytes);
    if (code != SCH_OK) {
        reject(turn, inbound, command->request, (enum sch_error_code)code, "attach.mailboxes");
        return;
    }
    memcpy(reply.attached.mailbox, command->attach.mailbox, count * sizeof reply.attached.mailbox[0]);
    reply.attached.mailbox_count = count;
    reply.attached.credit_messages = command->attach.credit_messages;
    reply.attached.credit_bytes = command->attach.credit_bytes;
    (void)sch_reply_send(&turn->out, &inbound->peer, &reply, (struct sch_bytes){ 0 });
}

static void ping(struct sch_turn *turn, const struct sch_inbound *inbound, const struct sch_command *command,
                 struct sch_session *session)
{
    struct sch_reply reply = { .request = command->request, .type = SCH_REPLY_PONG };

    sch_sessions_extend(turn->sessions, session, turn->mono_ms);
    reply.pong.time_ms = turn->now_ms;
    (void)sch_reply_send(&turn->out, &inbound->peer, &reply, (struct sch_bytes){ 0 });
}

static void act_for(struct sch_turn *turn, struct sch_item *item, const struct sch_address *address)
{
    const struct sch_party *party = sch_book_party(turn->book, address->text);

    item->actor.address = *address;
    item->actor.role = party == NULL ? SCH_PARTY_UNSPECIFIED : party->kind;
    item->actor.purpose = item->actor.role == SCH_PARTY_COORDINATOR ? SCH_AUDIT_OVERSIGHT : SCH_AUDIT_CARE;
}

/* A large letter's parts may have come in this very turn, so that it goes through the door when it is stepped; here
 * only its sender is read. */
static void submit(struct sch_turn *turn, const struct sch_inbound *inbound, const struct sch_command *command,
                   struct sch_item *item)
{
    const struct sch_door_letter letter = { .bytes = inbound->body, .size = inbound->body.len };
    bool uploaded = !sch_id_is_none(&command->submit.upload);

    item->type = SCH_ITEM_SUBMIT;
    if (turn->draining) {
        item->fault = (struct sch_fault){ SCH_E_STOPPING, NULL };
    } else if (uploaded) {
        item->header = command->submit.header;
        item->seal = command->submit.seal;
        item->submission.upload = command->submit.upload;
        (void)sch_header_decode(item->header, &turn->arena, &item->submission.header, &item->fault);
    } else {
        (void)sch_door_submission(turn->book, item->key, command, &letter, turn->now_ms,
                                  turn->options.verify_signatures, &turn->arena, &item->submission, &item->fault);
    }
    act_for(turn, item, &item->submission.header.sender);
}

/* Makes an item of a command that concerns the ledger. */
static void take(struct sch_turn *turn, const struct sch_inbound *inbound, const struct sch_command *command,
                 const struct sch_key *key)
{
    struct sch_item *item = item_of(turn, inbound, command->request, SCH_ITEM_QUERY);

    item->key = key;
    switch (command->type) {
    case SCH_COMMAND_SUBMIT: submit(turn, inbound, command, item); return;
    case SCH_COMMAND_PART:
        item->type = SCH_ITEM_PART;
        item->part = (struct sch_upload_part){ { command->part.sender, command->part.upload }, command->part.index,
                                               command->part.count, inbound->body };
        act_for(turn, item, &command->part.sender);
        return;
    case SCH_COMMAND_FETCH:
        item->type = SCH_ITEM_FETCH;
        item->fetch.mailbox = command->fetch.mailbox;
        item->fetch.message = command->fetch.message;
        item->fetch.index = command->fetch.index;
        act_for(turn, item, &command->fetch.mailbox);
        turn->fetch_bytes += SCH_PART_SIZE;
        return;
    case SCH_COMMAND_SETTLE:
        item->type = SCH_ITEM_SETTLE;
        item->settle.mailbox = command->settle.mailbox;
        item->settle.message = command->settle.message;
        item->settle.verdict = command->settle.verdict;
        item->settle.refusal = command->settle.refusal;
        item->settle.missing_sections = command->settle.missing_sections;
        act_for(turn, item, &command->settle.mailbox);
        return;
    default:
        assert(command->type == SCH_COMMAND_QUERY);
        item->query = command->query;
        act_for(turn, item, &command->query.party);
        return;
    }
}

static bool well_framed(struct sch_turn *turn, const struct sch_inbound *inbound, const struct sch_command *command)
{
    if (inbound->frame_count > SCH_FRAMES_MAX) {
        reject(turn, inbound, command->request, SCH_E_PROTOCOL, "frames");
        return false;
    }
    bool takes_body = command->type == SCH_COMMAND_PART ||
                      (command->type == SCH_COMMAND_SUBMIT && sch_id_is_none(&command->submit.upload));

    if (inbound->body.len > 0 && !takes_body) {
        reject(turn, inbound, command->request, SCH_E_PROTOCOL, "body");
        return false;
    }
    return true;
}

/* One inbound message: what concerns the session alone is done and answered here. */
static void receive(struct sch_turn *turn, const struct sch_inbound *inbound)
{
    struct sch_session *session = sch_sessions_find(turn->sessions, &inbound->peer, inbound->key_id, turn->mono_ms);
    const struct sch_key *key;
    struct sch_command command;
    struct sch_fault fault = { SCH_OK, NULL };
    int code = sch_command_decode(inbound->command, &turn->arena, &command, &fault);

    turn->options.metrics->received[code == SCH_OK ? command.type : 0]++;
    if (code != SCH_OK) {
        reject(turn, inbound, command.request, fault.code, fault.field);
        return;
    }
    code = sch_door_key(turn->book, inbound->key_id, turn->now_ms, &key);
    if (code != SCH_OK) {
        if (session != NULL)
            sch_sessions_end(turn->sessions, session);
        reject(turn, inbound, command.request, (enum sch_error_code)code, "key");
        return;
    }
    if (!well_framed(turn, inbound, &command))
        return;
    if (session == NULL && command.type != SCH_COMMAND_HELLO) {
        reject(turn, inbound, command.request, SCH_E_HELLO_FIRST, NULL);
        return;
    }
    switch (command.type) {
    case SCH_COMMAND_HELLO: hello(turn, inbound, &command, key); return;
    case SCH_COMMAND_ATTACH: attach(turn, inbound, &command, key, session); return;
    case SCH_COMMAND_PING: ping(turn, inbound, &command, session); return;
    case SCH_COMMAND_DIRECTORY:
        sch_reply_directory(&turn->out, &inbound->peer, command.request, turn->book, command.directory.region,
                            command.directory.have_serial);
        return;
    case SCH_COMMAND_SUBMIT:
    case SCH_COMMAND_SETTLE:
    case SCH_COMMAND_PART:
    case SCH_COMMAND_FETCH:
    case SCH_COMMAND_QUERY: take(turn, inbound, &command, key); return;
    }
}

/* Room for one more submission of full size in the arena of this turn. */
static bool has_room(const struct sch_turn *turn)
{
    return turn->arena.size - turn->arena.used > 16 * SCH_COMMAND_SIZE_MAX;
}

void sch_turn_gather(struct sch_turn *turn)
{
    struct sch_inbound inbound;
    size_t frames = 0, bytes = 0;
    int64_t next_ms;

    sch_arena_reset(&turn->arena);
    for (turn->item_count = 0; turn->item_count < turn->note_count; turn->item_count++) {
        memset(&turn->items[turn->item_count], 0, sizeof turn->items[turn->item_count]);
        turn->items[turn->item_count].note = turn->note[turn->item_count];
    }
    turn->note_count = 0;
    next_ms = turn->watch.held ? INT64_MAX : scan_due(turn, SCH_TURN_DUES_MAX);
    turn->work_left = next_ms <= turn->now_ms;
    turn->fetch_bytes = 0;
    sch_turn_gather_drops(turn);
    while (frames < SCH_TURN_INBOUND_MAX && bytes + turn->fetch_bytes < SCH_TURN_BYTES_MAX && has_room(turn) &&
           sch_net_recv(turn->options.net, &inbound)) {
        frames++;
        bytes += inbound.command.len + inbound.body.len;
        receive(turn, &inbound);
    }
}

