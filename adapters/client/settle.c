/*
 * settle.c: verdicts on their way to the broker, until it confirmed them.
 *
 * A COLLECT or REFUSE is in the journal, durably, before it is sent; what is in the journal is settled again
 * in the next session. Must not know: letters, parts.
 */
#include "handle.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "id.h"

#define RESETTLED_MAX 256               /* journalled verdicts on their way at once after a welcome */

struct sch_settling *sch_settle_find(const sch_client *client, const char *mailbox,
                                     const struct sch_id *message)
{
    struct sch_settling *settling = client->settling_first;
    while (settling &&
           !(sch_id_equal(&settling->message, message) && strcmp(settling->mailbox.text, mailbox) == 0))
        settling = settling->next;
    return settling;
}

struct sch_settling *sch_settle_queue(sch_client *client, const struct sch_journal_entry *verdict)
{
    struct sch_settling *settling = sch_settle_find(client, verdict->mailbox.text, &verdict->message);
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

void sch_settle_drop(sch_client *client, struct sch_settling *settling)
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
    struct sch_held *held = sch_collect_find(client, mailbox, message);
    if (held && held->state == SCH_HELD_SETTLING)
        sch_collect_drop(client, held);
}

static void finish(struct sch_settling *settling, const sch_error *error)
{
    if (!settling->waiter)
        return;
    settling->waiter->done = true;
    if (error)
        settling->waiter->error = *error;
}

void sch_settle_settled(sch_client *client, const struct sch_reply *reply)
{
    struct sch_settling *settling = find_request(client, reply->request);
    if (!settling || !sch_id_equal(&settling->message, &reply->settled.message))
        return;
    finish(settling, NULL);
    confirm(client, settling->mailbox.text, &settling->message);
    sch_settle_drop(client, settling);
}

static void rejected(sch_client *client, struct sch_settling *settling, const struct sch_reply *reply)
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
    struct sch_held *held = sch_collect_find(client, settling->mailbox.text, &settling->message);
    if (held && held->state == SCH_HELD_SETTLING)
        sch_collect_drop(client, held);
    if (!settling->waiter)
        sch_client_log(client, 'w', "a settlement was rejected: %s", error.name);
    finish(settling, &error);
    sch_settle_drop(client, settling);
}

bool sch_settle_rejection(sch_client *client, const struct sch_reply *reply)
{
    enum sch_error_code code = (enum sch_error_code)reply->rejection.code;
    struct sch_settling *settling = find_request(client, reply->request);
    if (!settling)
        return false;
    if (code == SCH_E_BROKER_BUSY || code == SCH_E_STOPPING || code == SCH_E_STORE_FULL) {
        settling->request = 0;
        settling->retry_at = sch_link_mono_ms() + SCH_CLIENT_BACKOFF_MS;
        return true;
    }
    rejected(client, settling, reply);
    return true;
}

int sch_settle_pump(sch_client *client, sch_error *error)
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
    for (struct sch_settling *settling = client->settling_first; settling; settling = settling->next) {
        if (settling->request != 0 && now - settling->sent_at <= SCH_CLIENT_RESEND_MS)
            continue;
        if (now >= settling->retry_at && !send_settle(client, settling))
            break;
    }
    return sch_journal_compact(&client->journal, sch_now_ms(client), error);
}

int64_t sch_settle_due(const sch_client *client)
{
    int64_t due = INT64_MAX;
    for (const struct sch_settling *settling = client->settling_first; settling; settling = settling->next) {
        int64_t at = settling->request != 0 ? settling->sent_at + SCH_CLIENT_RESEND_MS + 1 :
                                              settling->retry_at;
        due = at > 0 && at < due ? at : due;
    }
    return due;
}

/* ---- the session -------------------------------------------------------------------------------- */

void sch_settle_session_begun(sch_client *client)
{
    /* COLLECT may be settled without a lease; a REFUSE waits until its message is offered again. */
    struct sch_journal_entry *entry;
    size_t count = 0;
    for (size_t at = sch_journal_next(&client->journal, 0, &entry); at != 0 && count < RESETTLED_MAX;
         at = sch_journal_next(&client->journal, at, &entry)) {
        if (entry->verdict == SCH_COLLECT && sch_settle_queue(client, entry))
            count++;
    }
}

void sch_settle_session_lost(sch_client *client)
{
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
            sch_settle_drop(client, settling);
        }
    }
}

void sch_settle_close(sch_client *client)
{
    while (client->settling_first)
        sch_settle_drop(client, client->settling_first);
}

/* ---- the call ----------------------------------------------------------------------------------- */

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
    struct sch_settling *settling = sch_settle_find(client, mailbox, message);
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
    struct sch_held *held = sch_collect_find(client, mailbox, message);
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
    if (verdict != SCH_RETRY)
        sch_fetch_forget(client, mailbox, message);
    if (held)
        held->state = SCH_HELD_SETTLING;
    struct sch_settling *settling = sch_settle_queue(client, &entry);
    if (!settling)
        return sch_fail(error, SCH_E_NO_MEMORY, "settling a message");
    struct sch_waiter waiter = { .done = false };
    settling->waiter = &waiter;
    return await_settled(client, mailbox, message, &waiter, deadline, error);
}
