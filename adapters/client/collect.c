/*
 * collect.c: deliveries, handing them out, and attaching.
 *
 * A message is held from its delivery until the broker confirmed its settlement, or the session ends. What
 * is in the journal is settled again and never handed out. Must not know: how letters are opened (msg.c),
 * how verdicts travel (settle.c), how parts come (fetch.c).
 */
#include "handle.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "id.h"
#include "msg.h"

#define HAND_OUT_MAX 64                 /* per step, so that verdicts reach the disk in groups */

/* More than a broker that keeps to the credit lets a session hold, also when it took some back. */
#define HELD_MAX (2 * (size_t)SCH_CREDIT_MESSAGES_MAX)
#define HELD_BYTES_MAX (2 * (size_t)SCH_CREDIT_BYTES_MAX)

/* ---- held messages ------------------------------------------------------------------------------ */

struct sch_held *sch_collect_find(const sch_client *client, const char *mailbox,
                                  const struct sch_id *message)
{
    struct sch_held *held = client->held_first;
    while (held && !(sch_id_equal(&held->header.id, message) && strcmp(held->mailbox.text, mailbox) == 0))
        held = held->next;
    return held;
}

/* The verdict that stands on it; NULL: none. */
static struct sch_journal_entry *find_verdict(const sch_client *client, const struct sch_held *held)
{
    return sch_journal_find(&client->journal, held->mailbox.text, &held->header.id);
}

static size_t held_size(const struct sch_held *held)
{
    return held->bytes ? held->header_size + held->seal_size + held->body_size : 0;
}

/* The application has read it, or never will. */
static void free_bytes(sch_client *client, struct sch_held *held)
{
    client->held_bytes -= held_size(held);
    free(held->bytes);
    held->bytes = NULL;
}

void sch_collect_drop(sch_client *client, struct sch_held *held)
{
    sch_fetch_dropped(client, held);
    free_bytes(client, held);
    struct sch_held **link = &client->held_first;
    while (*link != held)
        link = &(*link)->next;
    *link = held->next;
    if (client->held_last == &held->next)
        client->held_last = link;
    client->held_count--;
    held->next = NULL;
    if (held->out)
        held->gone = true;
    else
        free(held);
}

static struct sch_held *new_held(const struct sch_reply *reply, struct sch_bytes body)
{
    struct sch_bytes header = reply->delivery.header, seal = reply->delivery.seal;
    struct sch_held *held = calloc(1, sizeof *held);
    if (!held)
        return NULL;
    held->header_size = header.len;
    held->seal_size = seal.len;
    held->body_size = body.len;
    held->bytes = malloc(header.len + seal.len + body.len + 1);
    if (!held->bytes) {
        free(held);
        return NULL;
    }
    memcpy(held->bytes, header.ptr, header.len);
    if (seal.len > 0)
        memcpy(held->bytes + header.len, seal.ptr, seal.len);
    if (body.len > 0)
        memcpy(held->bytes + header.len + seal.len, body.ptr, body.len);
    held->part_count = reply->delivery.part_count;
    held->state = held->part_count > 0 ? SCH_HELD_FETCHING : SCH_HELD_WAITING;
    held->mailbox = reply->delivery.mailbox;
    memcpy(held->kenmerk, reply->delivery.kenmerk, sizeof held->kenmerk);
    held->stored_ms = reply->delivery.stored_ms;
    held->redelivered = reply->delivery.redelivered;
    return held;
}

/* ---- deliveries --------------------------------------------------------------------------------- */

static void free_held(struct sch_held *held)
{
    free(held->bytes);
    free(held);
}

static void hold(sch_client *client, struct sch_held *held)
{
    struct sch_held *old = sch_collect_find(client, held->mailbox.text, &held->header.id);
    if (old)
        sch_collect_drop(client, old);  /* its lease had run out */
    *client->held_last = held;
    client->held_last = &held->next;
    client->held_count++;
    client->held_bytes += held_size(held);
    struct sch_journal_entry *entry = find_verdict(client, held);
    if (entry) {
        sch_client_log(client, 'i', "a settled message came again and is settled again");
        held->state = SCH_HELD_SETTLING;
        sch_settle_queue(client, entry);
    }
}

void sch_collect_delivery(sch_client *client, const struct sch_reply *reply, struct sch_bytes body)
{
    if (client->held_count >= HELD_MAX || client->held_bytes + body.len > HELD_BYTES_MAX) {
        sch_client_log(client, 'e', "the broker sent more than this client asked for; a delivery is left");
        return;
    }
    struct sch_held *held = new_held(reply, body);
    struct sch_fault fault;
    struct sch_arena arena = { 0 };
    if (!held || sch_arena_init(&arena, 4 * SCH_HEADER_SIZE_MAX + 16384) != SCH_OK) {
        /* The lease runs out and the message comes again. */
        sch_client_log(client, 'e', "out of memory: a delivery is left to come again");
        if (held)
            free_held(held);
        return;
    }
    int code = sch_header_decode(reply->delivery.header, &arena, &held->header, &fault);
    sch_arena_close(&arena);
    if (code != SCH_OK) {
        /* Without an id it cannot even be settled. The broker checked this header, so it is its fault. */
        sch_client_log(client, 'e', "a delivery's header cannot be read: %s", fault.field ? fault.field : "");
        free_held(held);
        return;
    }
    hold(client, held);
}

/* Writes the verdict down (RETRY excepted) and queues its settlement. */
static void give_verdict(sch_client *client, struct sch_held *held, sch_verdict verdict,
                         enum sch_system_refusal refusal)
{
    struct sch_journal_entry entry = { .mailbox = held->mailbox, .message = held->header.id,
                                       .verdict = verdict, .missing = held->missing,
                                       .at_ms = sch_now_ms(client) };
    if (verdict == SCH_REFUSE)
        entry.refusal = refusal >= SCH_SYSTEM_REFUSAL_CANNOT_OPEN && refusal <= SCH_SYSTEM_REFUSAL_OTHER ?
                        refusal : SCH_SYSTEM_REFUSAL_OTHER;
    sch_error error = SCH_ERROR_INIT;
    if (verdict != SCH_RETRY && !find_verdict(client, held) &&
        sch_journal_add(&client->journal, &entry, &error) != SCH_OK) {
        sch_client_log(client, 'e', "%s: %s", error.name, error.text);
        held->state = SCH_HELD_LATER;   /* the lease runs out, and the message comes again */
        return;
    }
    held->state = SCH_HELD_SETTLING;
    if (held->part_count > 0 && verdict != SCH_RETRY)
        sch_fetch_forget(client, held->mailbox.text, &held->header.id);
    sch_settle_queue(client, &entry);
}

static void refuse(sch_client *client, struct sch_held *held, enum sch_system_refusal refusal,
                   const char *why)
{
    char id[SCH_ID_TEXT_SIZE];
    sch_id_text(&held->header.id, id);
    sch_client_log(client, 'e', "message %s is refused: %s", id, why);
    give_verdict(client, held, SCH_REFUSE, refusal);
}

static void ask_callback(sch_client *client, struct sch_held *held, struct sch_msg *msg)
{
    held->state = SCH_HELD_LATER;
    held->missing = msg->missing;
    free_bytes(client, held);
    held->out = true;
    sch_verdict verdict = client->on_msg(msg, client->on_msg_context);
    held->out = false;
    bool settled = held->state == SCH_HELD_SETTLING;    /* by sch_settle() within the callback */
    bool lasting = verdict == SCH_COLLECT || verdict == SCH_REFUSE;
    if (!settled && (lasting || (verdict == SCH_RETRY && !held->gone)))
        give_verdict(client, held, verdict, msg->refusal);
    if (!held->gone)
        return;
    /* The session ended while the callback ran. A COLLECT is settled in the next one, a REFUSE when the
     * message is offered again. */
    struct sch_settling *settling = sch_settle_find(client, held->mailbox.text, &held->header.id);
    if (settling && settling->verdict == SCH_REFUSE)
        sch_settle_drop(client, settling);
    free(held);
}

static void hand_out(sch_client *client, struct sch_held *held)
{
    struct sch_msg msg;
    enum sch_system_refusal refusal = SCH_SYSTEM_REFUSAL_OTHER;
    const char *why = "";
    struct sch_journal_entry *entry = find_verdict(client, held);
    if (entry) {                        /* it was settled after this delivery had come */
        held->state = SCH_HELD_SETTLING;
        sch_settle_queue(client, entry);
        return;
    }
    switch (sch_msg_open(&msg, client, held, &refusal, &why)) {
    case SCH_OPENED:
        ask_callback(client, held, &msg);
        sch_msg_close(&msg);
        break;
    case SCH_OPENED_UNKNOWN_KEY:
        if (held->refreshed) {
            refuse(client, held, refusal, why);
            break;
        }
        /* The key may be newer than the directory here. */
        held->refreshed = true;
        held->state = SCH_HELD_ASKING;
        held->registry_version = client->registry.version;
        sch_client_refresh(client);
        break;
    case SCH_OPENED_BAD:
        refuse(client, held, refusal, why);
        break;
    case SCH_OPENED_NOT_NOW:
        sch_client_log(client, 'e', "a message cannot be opened now: %s", why);
        if (held->part_count > 0)
            sch_fetch_again(client, held);
        else
            held->state = SCH_HELD_LATER;
        break;
    }
}

static bool directory_requested(const sch_client *client)
{
    for (size_t i = 0; i < client->config.region_count; i++) {
        if (client->registry.region[i].request != 0)
            return true;
    }
    return false;
}

void sch_collect_hand_out(sch_client *client)
{
    if (!client->on_msg)
        return;
    for (int i = 0; i < HAND_OUT_MAX && !atomic_load(&client->stop); i++) {
        /* A callback may end the session and empty the list: each round begins anew. */
        struct sch_held *held = client->held_first;
        while (held && held->state != SCH_HELD_WAITING)
            held = held->next;
        if (!held)
            break;
        hand_out(client, held);
    }
    for (struct sch_held *held = client->held_first; held; held = held->next) {
        if (held->state != SCH_HELD_ASKING || directory_requested(client))
            continue;
        if (client->registry.version != held->registry_version)
            held->state = SCH_HELD_WAITING;
        else
            sch_client_refresh(client); /* it could not be sent before */
    }
}

/* ---- the session -------------------------------------------------------------------------------- */

void sch_collect_session_begun(sch_client *client)
{
    client->attach_wanted = client->on_msg != NULL;
    client->attach_request = 0;
    client->attach_retry_at = 0;
    sch_settle_session_begun(client);
}

void sch_collect_session_lost(sch_client *client)
{
    sch_fetch_session_lost(client);
    while (client->held_first)
        sch_collect_drop(client, client->held_first);
    client->attach_request = 0;
    sch_settle_session_lost(client);
}

void sch_collect_close(sch_client *client)
{
    while (client->held_first)
        sch_collect_drop(client, client->held_first);
    sch_fetch_close(client);
    sch_settle_close(client);
}

bool sch_collect_rejection(sch_client *client, const struct sch_reply *reply)
{
    if (reply->request == 0 || reply->request != client->attach_request)
        return sch_settle_rejection(client, reply) || sch_fetch_rejection(client, reply);
    client->attach_request = 0;
    client->attach_wanted = true;
    client->attach_retry_at = sch_link_mono_ms() + SCH_CLIENT_BACKOFF_MS * 10;
    sch_client_log(client, 'e', "attaching was rejected: %s",
                   sch_error_name((enum sch_error_code)reply->rejection.code));
    return true;
}

void sch_collect_attached(sch_client *client, const struct sch_reply *reply)
{
    if (reply->request != client->attach_request)
        return;
    client->attach_request = 0;
    sch_client_log(client, 'i', "collecting for %zu mailboxes, %u messages at a time",
                   reply->attached.mailbox_count, reply->attached.credit_messages);
}

static void send_attach(sch_client *client)
{
    struct sch_command command = { .request = sch_client_next_request(client), .type = SCH_COMMAND_ATTACH };
    for (size_t i = 0; i < client->attached_count; i++)
        command.attach.mailbox[i] = client->attached[i];
    command.attach.mailbox_count = client->attached_count;
    uint32_t messages = client->credit_messages_max, bytes = client->credit_bytes_max;
    command.attach.credit_messages = messages == 0 || messages > client->window ? client->window : messages;
    command.attach.credit_bytes = bytes == 0 || bytes > SCH_CREDIT_BYTES_MAX ? SCH_CREDIT_BYTES_MAX : bytes;
    if (!sch_client_transmit(client, &command, (struct sch_bytes){ 0 }))
        return;
    client->attach_request = command.request;
    client->attach_wanted = false;
}

void sch_collect_leave(sch_client *client)
{
    struct sch_command command = { .request = sch_client_next_request(client), .type = SCH_COMMAND_ATTACH };

    if (client->on_msg != NULL && client->welcomed)
        (void)sch_client_transmit(client, &command, (struct sch_bytes){ 0 });
}

int sch_collect_pump(sch_client *client, sch_error *error)
{
    int code = sch_settle_pump(client, error);
    if (code != SCH_OK || !client->welcomed)
        return code;
    if (client->attach_wanted && sch_link_mono_ms() >= client->attach_retry_at)
        send_attach(client);
    sch_fetch_pump(client);
    return SCH_OK;
}

int64_t sch_collect_due(const sch_client *client)
{
    int64_t due = client->attach_wanted ? client->attach_retry_at : INT64_MAX;
    int64_t settling = sch_settle_due(client), fetching = sch_fetch_due(client);
    due = settling < due ? settling : due;
    return fetching < due ? fetching : due;
}

/* ---- the calls ---------------------------------------------------------------------------------- */

static int choose_mailboxes(sch_client *client, const char *const *mailboxes, size_t count, sch_error *error)
{
    size_t chosen = 0;
    for (size_t i = 0; i < (count ? count : client->config.mailbox_count); i++) {
        const struct sch_client_mailbox *mailbox =
            count ? sch_client_config_mailbox(&client->config, mailboxes[i]) : &client->config.mailbox[i];
        if (!mailbox)
            return sch_fail(error, SCH_E_NOT_YOURS, "%s has no [mailbox] in the configuration", mailboxes[i]);
        if (count || mailbox->attach)
            client->attached[chosen++] = mailbox->address;
    }
    if (chosen == 0)
        return sch_fail(error, SCH_E_CONFIG, "no [mailbox] has attach = yes");
    client->attached_count = chosen;
    return SCH_OK;
}

int sch_attach(sch_client *client, const char *const *mailboxes, size_t count, unsigned window,
               sch_on_msg *on_msg, void *context, sch_error *error)
{
    sch_client_enter(client);
    if (!on_msg || window < 1 || window > SCH_CREDIT_MESSAGES_MAX || count > SCH_ATTACHED_MAX)
        return sch_fail(error, SCH_E_USAGE,
                        "sch_attach() takes a callback, a window of 1 to %d and at most %d mailboxes",
                        SCH_CREDIT_MESSAGES_MAX, SCH_ATTACHED_MAX);
    int code = choose_mailboxes(client, mailboxes, count, error);
    if (code != SCH_OK)
        return code;
    client->on_msg = on_msg;
    client->on_msg_context = context;
    client->window = window;
    client->attach_wanted = true;
    client->attach_retry_at = 0;
    sch_link_kick(&client->link);
    return SCH_OK;
}
