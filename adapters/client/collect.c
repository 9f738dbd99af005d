/*
 * collect.c: deliveries, verdicts and settlements.
 *
 * A message is held from its delivery until the broker confirmed its settlement, or the session ends. A
 * COLLECT or REFUSE is in the journal, durably, before it is sent; what is in the journal is settled again
 * and never handed out. Must not know: how letters are opened (msg.c).
 */
#include "handle.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "id.h"
#include "msg.h"

#define RESEND_MS 10000
#define BACKOFF_MS 1000
#define HAND_OUT_MAX 64                 /* per step, so that verdicts reach the disk in groups */
#define RESETTLED_MAX 256               /* journalled verdicts on their way at once after a welcome */

/* ---- held messages ------------------------------------------------------------------------------ */

static struct sch_held *find_held(const sch_client *client, const char *mailbox, const struct sch_id *message)
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

static void free_held(struct sch_held *held)
{
    free(held->bytes);
    free(held);
}

/* Takes it out of the list; the one that is in the callback now is freed by whoever handed it out. */
static void drop_held(sch_client *client, struct sch_held *held)
{
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
        free_held(held);
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
    held->state = SCH_HELD_WAITING;
    held->mailbox = reply->delivery.mailbox;
    memcpy(held->kenmerk, reply->delivery.kenmerk, sizeof held->kenmerk);
    held->stored_ms = reply->delivery.stored_ms;
    held->redelivered = reply->delivery.redelivered;
    return held;
}

/* ---- settlements -------------------------------------------------------------------------------- */

static struct sch_settling *find_settling(const sch_client *client, const char *mailbox,
                                          const struct sch_id *message)
{
    struct sch_settling *settling = client->settling_first;
    while (settling &&
           !(sch_id_equal(&settling->message, message) && strcmp(settling->mailbox.text, mailbox) == 0))
        settling = settling->next;
    return settling;
}

/* Queues a settlement; NULL: out of memory. One that is on its way already is used again. */
static struct sch_settling *settle(sch_client *client, const struct sch_journal_entry *verdict)
{
    struct sch_settling *settling = find_settling(client, verdict->mailbox.text, &verdict->message);
    if (!settling) {
        settling = calloc(1, sizeof *settling);
        if (!settling) {
            sch_client_log(client, 'e', "out of memory: a settlement waits for the next session");
            return NULL;
        }
        *client->settling_last = settling;
        client->settling_last = &settling->next;
        settling->mailbox = verdict->mailbox;
        settling->message = verdict->message;
    }
    settling->verdict = verdict->verdict;
    settling->refusal = verdict->refusal;
    settling->missing = verdict->missing;
    settling->request = 0;
    return settling;
}

static void drop_settling(sch_client *client, struct sch_settling *settling)
{
    struct sch_settling **link = &client->settling_first;
    while (*link != settling)
        link = &(*link)->next;
    *link = settling->next;
    if (client->settling_last == &settling->next)
        client->settling_last = link;
    free(settling);
}

static struct sch_settling *find_request(const sch_client *client, uint64_t request)
{
    struct sch_settling *settling = request != 0 ? client->settling_first : NULL;
    while (settling && settling->request != request)
        settling = settling->next;
    return settling;
}

static enum sch_wire_verdict wire_verdict(sch_verdict verdict)
{
    assert(verdict != SCH_LATER);
    return verdict == SCH_COLLECT ? SCH_VERDICT_COLLECTED :
           verdict == SCH_REFUSE ? SCH_VERDICT_REFUSED : SCH_VERDICT_RETRY;
}

static bool send_settle(sch_client *client, struct sch_settling *settling)
{
    struct sch_command command = { .request = sch_client_next_request(client), .type = SCH_COMMAND_SETTLE };
    command.settle.mailbox = settling->mailbox;
    command.settle.message = settling->message;
    command.settle.verdict = wire_verdict(settling->verdict);
    if (settling->verdict == SCH_REFUSE)
        command.settle.refusal = settling->refusal;
    if (settling->verdict == SCH_COLLECT)
        command.settle.missing_sections = settling->missing;
    if (!sch_client_transmit(client, &command, (struct sch_bytes){ 0 }))
        return false;
    settling->request = command.request;
    settling->sent_at = sch_link_mono_ms();
    return true;
}

/* The broker has the verdict, or has no use for it any more. */
static void confirm(sch_client *client, const char *mailbox, const struct sch_id *message)
{
    struct sch_journal_entry *entry = sch_journal_find(&client->journal, mailbox, message);
    sch_error error = SCH_ERROR_INIT;
    if (entry && sch_journal_confirm(&client->journal, entry, sch_now_ms(client), &error) != SCH_OK)
        sch_client_log(client, 'w', "%s: %s", error.name, error.text);
    struct sch_held *held = find_held(client, mailbox, message);
    if (held && held->state == SCH_HELD_SETTLING)
        drop_held(client, held);
}

static void finish(struct sch_settling *settling, const sch_error *error)
{
    if (!settling->waiter)
        return;
    settling->waiter->done = true;
    if (error)
        settling->waiter->error = *error;
}

void sch_collect_settled(sch_client *client, const struct sch_reply *reply)
{
    struct sch_settling *settling = find_request(client, reply->request);
    if (!settling || !sch_id_equal(&settling->message, &reply->settled.message))
        return;
    finish(settling, NULL);
    confirm(client, settling->mailbox.text, &settling->message);
    drop_settling(client, settling);
}

static void settle_rejected(sch_client *client, struct sch_settling *settling, const struct sch_reply *reply)
{
    enum sch_error_code code = (enum sch_error_code)reply->rejection.code;
    struct sch_journal_entry *entry = sch_journal_find(&client->journal, settling->mailbox.text,
                                                       &settling->message);
    sch_error error = SCH_ERROR_INIT, ignored;
    sch_client_rejected(reply, &error);
    if (code == SCH_E_UNKNOWN_MESSAGE)
        confirm(client, settling->mailbox.text, &settling->message);
    else if (entry && settling->waiter)
        (void)sch_journal_cancel(&client->journal, entry, &ignored);    /* its caller hears that it failed */
    struct sch_held *held = find_held(client, settling->mailbox.text, &settling->message);
    if (held && held->state == SCH_HELD_SETTLING)
        drop_held(client, held);
    if (!settling->waiter)
        sch_client_log(client, 'w', "a settlement was rejected: %s", error.name);
    finish(settling, &error);
    drop_settling(client, settling);
}

bool sch_collect_rejection(sch_client *client, const struct sch_reply *reply)
{
    enum sch_error_code code = (enum sch_error_code)reply->rejection.code;
    if (reply->request != 0 && reply->request == client->attach_request) {
        client->attach_request = 0;
        client->attach_wanted = true;
        client->attach_retry_at = sch_link_mono_ms() + BACKOFF_MS * 10;
        sch_client_log(client, 'e', "attaching was rejected: %s", sch_error_name(code));
        return true;
    }
    struct sch_settling *settling = find_request(client, reply->request);
    if (!settling)
        return false;
    if (code == SCH_E_BROKER_BUSY || code == SCH_E_STOPPING || code == SCH_E_STORE_FULL) {
        settling->request = 0;
        settling->retry_at = sch_link_mono_ms() + BACKOFF_MS;
        return true;
    }
    settle_rejected(client, settling, reply);
    return true;
}

/* ---- deliveries --------------------------------------------------------------------------------- */

void sch_collect_delivery(sch_client *client, const struct sch_reply *reply, struct sch_bytes body)
{
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
    struct sch_held *old = find_held(client, held->mailbox.text, &held->header.id);
    if (old)
        drop_held(client, old);         /* its lease had run out */
    *client->held_last = held;
    client->held_last = &held->next;
    client->held_count++;
    struct sch_journal_entry *entry = find_verdict(client, held);
    if (entry) {
        sch_client_log(client, 'i', "a settled message came again and is settled again");
        held->state = SCH_HELD_SETTLING;
        settle(client, entry);
    }
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
    settle(client, &entry);
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
    free(held->bytes);
    held->bytes = NULL;
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
    struct sch_settling *settling = find_settling(client, held->mailbox.text, &held->header.id);
    if (settling && settling->verdict == SCH_REFUSE)
        drop_settling(client, settling);
    free_held(held);
}

static void hand_out(sch_client *client, struct sch_held *held)
{
    struct sch_msg msg;
    enum sch_system_refusal refusal = SCH_SYSTEM_REFUSAL_OTHER;
    const char *why = "";
    struct sch_journal_entry *entry = find_verdict(client, held);
    if (entry) {                        /* it was settled after this delivery had come */
        held->state = SCH_HELD_SETTLING;
        settle(client, entry);
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
    case SCH_OPENED_NO_MEMORY:
        sch_client_log(client, 'e', "out of memory: a message is left to come again");
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
    /* COLLECT may be settled without a lease; a REFUSE waits until its message is offered again. */
    struct sch_journal_entry *entry;
    size_t count = 0;
    for (size_t at = sch_journal_next(&client->journal, 0, &entry); at != 0 && count < RESETTLED_MAX;
         at = sch_journal_next(&client->journal, at, &entry)) {
        if (entry->verdict == SCH_COLLECT && settle(client, entry))
            count++;
    }
}

void sch_collect_session_lost(sch_client *client)
{
    while (client->held_first)
        drop_held(client, client->held_first);
    client->attach_request = 0;
    struct sch_settling *next;
    for (struct sch_settling *settling = client->settling_first; settling; settling = next) {
        next = settling->next;
        settling->request = 0;
        settling->retry_at = 0;
        /* Their lease is gone; the message comes again. One that a call waits for is settled then. */
        if (settling->verdict != SCH_COLLECT) {
            sch_error error = SCH_ERROR_INIT;
            sch_fail(&error, SCH_E_NOT_LEASED, "the connection was lost, and the lease with it");
            finish(settling, &error);
            drop_settling(client, settling);
        }
    }
}

void sch_collect_close(sch_client *client)
{
    while (client->held_first)
        drop_held(client, client->held_first);
    while (client->settling_first)
        drop_settling(client, client->settling_first);
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
    /* A group of verdicts costs one sync. Confirmations alone wait for the next verdict. */
    if (client->settling_first) {
        int code = sch_journal_sync(&client->journal, error);
        if (code != SCH_OK)
            return code;
    }
    if (!client->welcomed)
        return SCH_OK;
    int64_t now = sch_link_mono_ms();
    if (client->attach_wanted && now >= client->attach_retry_at)
        send_attach(client);
    for (struct sch_settling *settling = client->settling_first; settling; settling = settling->next) {
        if (settling->request != 0 && now - settling->sent_at <= RESEND_MS)
            continue;
        if (now >= settling->retry_at && !send_settle(client, settling))
            break;
    }
    return sch_journal_compact(&client->journal, sch_now_ms(client), error);
}

int64_t sch_collect_due(const sch_client *client)
{
    int64_t due = client->attach_wanted ? client->attach_retry_at : INT64_MAX;
    for (const struct sch_settling *settling = client->settling_first; settling; settling = settling->next) {
        int64_t at = settling->request != 0 ? settling->sent_at + RESEND_MS + 1 : settling->retry_at;
        due = at > 0 && at < due ? at : due;
    }
    return due;
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

/* Waits for the broker's word on a settlement. */
static int await_settled(sch_client *client, const char *mailbox, const struct sch_id *message,
                         struct sch_waiter *waiter, int64_t deadline, sch_error *error)
{
    int code = sch_client_pump(client, error);
    while (code == SCH_OK && !waiter->done && sch_link_mono_ms() < deadline && !atomic_load(&client->stop))
        code = sch_client_serve(client, deadline, error);
    if (waiter->done) {
        if (waiter->error.code != SCH_OK && error)
            *error = waiter->error;
        return (int)waiter->error.code;
    }
    struct sch_settling *settling = find_settling(client, mailbox, message);
    if (settling)
        settling->waiter = NULL;
    if (code != SCH_OK)
        return code;
    return sch_fail(error, SCH_E_TIMEOUT, "the verdict is written down; the broker is told when it answers");
}

int sch_settle(sch_client *client, const char *mailbox, const struct sch_id *message, sch_verdict verdict,
               enum sch_system_refusal refusal, int timeout_ms, sch_error *error)
{
    sch_client_enter(client);
    int64_t deadline = sch_client_deadline(timeout_ms);
    if (verdict != SCH_COLLECT && verdict != SCH_RETRY && verdict != SCH_REFUSE)
        return sch_fail(error, SCH_E_USAGE, "sch_settle() takes COLLECT, RETRY or REFUSE");
    if (!sch_client_config_mailbox(&client->config, mailbox))
        return sch_fail(error, SCH_E_NOT_YOURS, "%s has no [mailbox] in the configuration", mailbox);
    struct sch_journal_entry *known = sch_journal_find(&client->journal, mailbox, message);
    struct sch_held *held = find_held(client, mailbox, message);
    if (known && known->confirmed && known->verdict == verdict)
        return SCH_OK;                  /* settling is idempotent */
    if (known && known->verdict != verdict)
        return sch_fail(error, SCH_E_NOT_LEASED, "another verdict stands in the journal");
    if (!held && verdict != SCH_COLLECT)
        return sch_fail(error, SCH_E_NOT_LEASED, "this session does not hold the message");
    struct sch_journal_entry entry = { .message = *message, .verdict = verdict,
                                       .refusal = verdict == SCH_REFUSE ? refusal : 0,
                                       .missing = held ? held->missing : 0, .at_ms = sch_now_ms(client) };
    memcpy(entry.mailbox.text, mailbox, strlen(mailbox) + 1);
    if (!known && verdict != SCH_RETRY) {
        int code = sch_journal_add(&client->journal, &entry, error);
        if (code == SCH_OK)
            code = sch_journal_sync(&client->journal, error);
        if (code != SCH_OK)
            return code;
    }
    if (held)
        held->state = SCH_HELD_SETTLING;
    struct sch_settling *settling = settle(client, &entry);
    if (!settling)
        return sch_fail(error, SCH_E_NO_MEMORY, "settling a message");
    struct sch_waiter waiter = { .done = false };
    settling->waiter = &waiter;
    return await_settled(client, mailbox, message, &waiter, deadline, error);
}
