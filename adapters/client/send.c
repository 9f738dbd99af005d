/*
 * send.c: sch_send() and sch_post(), and what the broker answers to submissions.
 *
 * A message enters the outbox, is sent once that is durable, and leaves it by a receipt or a rejection.
 * Messages of one dossier go one after the other, others side by side within a window. Must not know:
 * mailboxes, letters.
 */
#include "handle.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "draft.h"
#include "id.h"

#define WINDOW_BYTES ((size_t)8 << 20)  /* of messages in flight */
#define BACKOFF_MS 500
#define BACKOFF_MAX_MS 30000
#define BLOCKED_MS 50                   /* the socket takes no more at this moment */
#define LOOKED_AT_MAX 1024              /* items that one pump looks at */

static size_t frames_size(const struct sch_outbox_item *item)
{
    return (size_t)item->header_size + item->seal_size + (item->part_count > 0 ? 0 : item->body_size);
}

/* ---- answers ------------------------------------------------------------------------------------ */

static void queue_answer(sch_client *client, const struct sch_answer *answer)
{
    struct sch_answer *copy = malloc(sizeof *copy);
    if (!copy) {
        sch_client_log(client, 'e', "out of memory: an answer cannot be passed on");
        return;
    }
    *copy = *answer;
    copy->next = NULL;
    *client->answer_last = copy;
    client->answer_last = &copy->next;
}

/* Tells whoever waits for this item, or the hook. error NULL: receipted. */
static void answer_item(sch_client *client, struct sch_outbox_item *item, const sch_receipt *receipt,
                        const sch_error *error)
{
    if (item->waiter) {
        item->waiter->done = true;
        item->waiter->receipt = *receipt;
        if (error)
            item->waiter->error = *error;
        item->waiter = NULL;
    } else if (client->on_sent) {
        struct sch_answer answer = { .receipt = *receipt };
        memcpy(answer.key, item->key, strlen(item->key) + 1);
        if (error)
            answer.error = *error;
        queue_answer(client, &answer);
    } else if (error) {
        sch_client_log(client, 'e', "message %s: %s: %s", item->key, error->name, error->text);
    }
}

static void leave_flight(sch_client *client, struct sch_outbox_item *item)
{
    size_t at = 0;
    while (client->flying[at] != item)
        at++;
    client->flying[at] = client->flying[--client->in_flight];
    client->in_flight_bytes -= frames_size(item);
    item->request = 0;
    sch_send_rescan(client);
}

static struct sch_outbox_item *find_in_flight(sch_client *client, uint64_t request, const struct sch_id *id)
{
    for (size_t i = 0; i < client->in_flight; i++) {
        struct sch_outbox_item *item = client->flying[i];
        if (item->request == request && (!id || sch_id_equal(&item->receipt.id, id)))
            return item;
    }
    return NULL;
}

void sch_send_receipt(sch_client *client, const struct sch_reply *reply)
{
    struct sch_outbox_item *item = find_in_flight(client, reply->request, &reply->receipt.message);
    if (!item)
        return;                         /* of an earlier try that was answered meanwhile */
    leave_flight(client, item);
    sch_receipt receipt = { .id = reply->receipt.message, .dossier = reply->receipt.dossier };
    memcpy(receipt.kenmerk, reply->receipt.kenmerk, sizeof receipt.kenmerk);
    receipt.sequence = reply->receipt.sequence;
    receipt.stored_ms = reply->receipt.stored_ms;
    receipt.warnings = reply->receipt.warnings;
    receipt.duplicate = reply->receipt.duplicate;
    memcpy(receipt.hash, item->receipt.hash, sizeof receipt.hash);
    answer_item(client, item, &receipt, NULL);
    sch_error error = SCH_ERROR_INIT;
    if (sch_outbox_receipted(&client->outbox, item, &receipt, sch_now_ms(client), &error) != SCH_OK)
        sch_client_log(client, 'w', "%s: %s", error.name, error.text);
}

bool sch_send_is_passing(enum sch_error_code code)
{
    return code == SCH_E_BROKER_BUSY || code == SCH_E_STORE_FULL || code == SCH_E_STOPPING ||
           code == SCH_E_UPLOAD_QUOTA || code == SCH_E_UPLOAD_MISSING;
}

void sch_send_put_off(sch_client *client, struct sch_outbox_item *item, enum sch_error_code why)
{
    int64_t pause = BACKOFF_MS << (item->retries < 6 ? item->retries : 6);
    item->retry_at = sch_link_mono_ms() + (pause < BACKOFF_MAX_MS ? pause : BACKOFF_MAX_MS);
    item->retries++;
    item->put_off = why;
    sch_client_log(client, 'w', "message %s is sent again later: %s", item->key, sch_error_name(why));
    sch_send_rescan(client);
}

void sch_send_give_up(sch_client *client, struct sch_outbox_item *item, const sch_error *error)
{
    sch_receipt receipt = { .id = item->receipt.id, .dossier = item->receipt.dossier };
    sch_error io = SCH_ERROR_INIT;
    answer_item(client, item, &receipt, error);
    if (sch_outbox_drop(&client->outbox, item, &io) != SCH_OK)
        sch_client_log(client, 'e', "%s: %s", io.name, io.text);
    sch_send_rescan(client);
    /* Keys may have changed under us. */
    if (error->code == SCH_E_STANZAS || error->code == SCH_E_SIGNING_KEY ||
        error->code == SCH_E_UNKNOWN_RECEIVER)
        sch_client_refresh(client);
}

bool sch_send_rejection(sch_client *client, const struct sch_reply *reply)
{
    enum sch_error_code code = (enum sch_error_code)reply->rejection.code;
    struct sch_outbox_item *item = find_in_flight(client, reply->request, NULL);
    if (!item)
        return false;
    leave_flight(client, item);
    if (code == SCH_E_UPLOAD_MISSING && item->uploaded) {
        item->uploaded = false;         /* never all there, or dropped for its age: what is missing is sent */
        return true;
    }
    if (sch_send_is_passing(code)) {
        sch_send_put_off(client, item, code);
        return true;
    }
    sch_error error = SCH_ERROR_INIT;
    sch_client_rejected(reply, &error);
    sch_send_give_up(client, item, &error);
    return true;
}

void sch_send_status(sch_client *client, const struct sch_reply *reply)
{
    if (!client->on_status)
        return;
    struct sch_answer answer = { .mailbox = reply->status.mailbox, .state = reply->status.state };
    answer.receipt.id = reply->status.message;
    answer.at_ms = reply->status.at_ms;
    queue_answer(client, &answer);
}

void sch_send_hooks(sch_client *client)
{
    while (client->answer_first) {
        struct sch_answer *answer = client->answer_first;
        client->answer_first = answer->next;
        if (!client->answer_first)
            client->answer_last = &client->answer_first;
        if (answer->key[0] && client->on_sent)
            client->on_sent(client->on_sent_context, answer->key, &answer->receipt, &answer->error);
        else if (!answer->key[0] && client->on_status)
            client->on_status(client->on_status_context, &answer->receipt.id, answer->mailbox.text,
                              answer->state, answer->at_ms);
        free(answer);
    }
}

void sch_send_session_lost(sch_client *client)
{
    while (client->in_flight > 0)
        leave_flight(client, client->flying[0]);
}

void sch_send_close(sch_client *client)
{
    while (client->answer_first) {
        struct sch_answer *answer = client->answer_first;
        client->answer_first = answer->next;
        free(answer);
    }
    client->answer_last = &client->answer_first;
}

/* ---- sending ------------------------------------------------------------------------------------ */

static bool submit(sch_client *client, struct sch_outbox_item *item, sch_error *error)
{
    struct sch_frames frames;
    if (sch_outbox_load(&client->outbox, item, client->frames, &frames, error) != SCH_OK)
        return false;
    struct sch_command command = { .request = sch_client_next_request(client), .type = SCH_COMMAND_SUBMIT };
    command.submit.header = frames.header;
    command.submit.seal = frames.seal;
    if (item->part_count > 0)
        command.submit.upload = item->receipt.id;
    if (!sch_client_transmit(client, &command, frames.body))
        return false;
    item->request = command.request;
    item->sent_at = sch_link_mono_ms();
    client->flying[client->in_flight++] = item;
    client->in_flight_bytes += frames_size(item);
    return true;
}

/* No answer for too long: the broker may have lost it, or its answer; the same bytes are harmless. */
static void resend_stale(sch_client *client, int64_t now)
{
    for (size_t i = client->in_flight; i-- > 0;) {
        if (now - client->flying[i]->sent_at > SCH_CLIENT_RESEND_MS)
            leave_flight(client, client->flying[i]);
    }
}

void sch_send_rescan(sch_client *client)
{
    client->scan_left = client->outbox.pending;
    client->scan_at = INT64_MAX;
}

static bool window_is_full(const sch_client *client, const struct sch_outbox_item *item)
{
    return client->in_flight >= SCH_SEND_WINDOW ||
           (client->in_flight > 0 && client->in_flight_bytes + frames_size(item) > WINDOW_BYTES);
}

/* Sends what may be sent, going round the list from where the last pump stopped: so what must wait, however
 * much it is, holds up nothing behind it. */
static void scan(sch_client *client, int64_t now, sch_error *error)
{
    struct sch_outbox *outbox = &client->outbox;
    for (int i = 0; i < LOOKED_AT_MAX && client->scan_left > 0 && outbox->first; i++) {
        struct sch_outbox_item *item = outbox->cursor ? outbox->cursor : outbox->first;
        if (window_is_full(client, item))
            return;                     /* an answer begins a new round */
        outbox->cursor = item->next;
        client->scan_left--;
        if (item->request != 0)
            continue;
        if (now < item->retry_at) {
            if (item->retry_at < client->scan_at)
                client->scan_at = item->retry_at;
            continue;
        }
        if (sch_outbox_must_wait(outbox, item))
            continue;
        if (item->part_count > 0 && !item->uploaded) {
            sch_upload_begin(client, item);
        } else if (!submit(client, item, error)) {
            outbox->cursor = item;
            client->scan_left = 0;
            client->scan_at = now + BLOCKED_MS;
        }
    }
}

int sch_send_pump(sch_client *client, sch_error *error)
{
    if (!client->outbox.last)
        return SCH_OK;
    if (!sch_outbox_is_durable(&client->outbox, client->outbox.last)) {
        int code = sch_outbox_sync(&client->outbox, error);
        if (code != SCH_OK) {
            client->scan_left = 0;
            client->scan_at = sch_link_mono_ms() + SCH_CLIENT_BACKOFF_MS;
            return code;
        }
    }
    if (!client->welcomed)
        return SCH_OK;
    int64_t now = sch_link_mono_ms();
    resend_stale(client, now);
    if (client->scan_left == 0 && now >= client->scan_at)
        sch_send_rescan(client);
    scan(client, now, error);
    sch_upload_pump(client);
    return sch_outbox_compact(&client->outbox, sch_now_ms(client), error);
}

int64_t sch_send_due(const sch_client *client)
{
    const struct sch_outbox_item *item = client->outbox.cursor ? client->outbox.cursor : client->outbox.first;
    if (client->scan_left > 0 && item && !window_is_full(client, item))
        return 0;                       /* a round that one pump could not end */
    int64_t due = client->scan_at, upload = sch_upload_due(client);
    for (size_t i = 0; i < client->in_flight; i++) {
        int64_t at = client->flying[i]->sent_at + SCH_CLIENT_RESEND_MS + 1;
        due = at < due ? at : due;
    }
    return upload < due ? upload : due;
}

/* ---- the calls ---------------------------------------------------------------------------------- */

size_t sch_outbox_count(const sch_client *client)
{
    sch_client_enter(client);
    return client->outbox.pending;
}

void sch_on_sent(sch_client *client,
                 void (*sent)(void *context, const char *key, const sch_receipt *receipt,
                              const sch_error *error),
                 void *context)
{
    sch_client_enter(client);
    client->on_sent = sent;
    client->on_sent_context = context;
}

void sch_on_status(sch_client *client,
                   void (*status)(void *context, const struct sch_id *message, const char *mailbox,
                                  enum sch_delivery_state state, int64_t at_ms),
                   void *context)
{
    sch_client_enter(client);
    client->on_status = status;
    client->on_status_context = context;
}

static bool is_directory_fault(int code)
{
    return code == SCH_E_NO_SEAL_KEY || code == SCH_E_UNKNOWN_RECEIVER || code == SCH_E_DIRECTORY_OLD ||
           code == SCH_E_SIGNING_KEY;
}

/* Seals; when the directory is to blame, once more with the broker's newest, if that comes in time. */
static int seal(sch_client *client, const sch_draft *draft, int64_t deadline, uint8_t *buffer,
                struct sch_frames *frames, sch_error *error)
{
    char parcel[PATH_MAX + 64];
    sch_outbox_parcel(&client->outbox, &draft->header.id, parcel);
    int code = sch_draft_seal(draft, buffer, parcel, frames, error);
    bool known = client->registry.region[0].directory != NULL;
    if (!is_directory_fault(code))
        return code;
    if (deadline <= sch_link_mono_ms())
        return known || client->welcomed ? code : sch_client_blame(client, error);
    sch_error cause = SCH_ERROR_INIT;
    int connected = sch_client_await_welcome(client, deadline, &cause);
    if (connected == SCH_OK) {
        sch_client_refresh(client);
        connected = sch_client_await_directories(client, deadline, &cause);
    }
    if (connected == SCH_OK)
        return sch_draft_seal(draft, buffer, parcel, frames, error);
    /* Without any directory it is the connection that is to blame, not the receiver. */
    if (!known && error)
        *error = cause;
    return known ? code : connected;
}

/* Finds the draft's message in the outbox, or puts it in, durable when `durable`. */
static int enter(sch_client *client, const sch_draft *draft, int64_t deadline, bool durable,
                 struct sch_outbox_item **out, sch_error *error)
{
    *out = draft->key[0] ? sch_outbox_find(&client->outbox, draft->header.sender.text, draft->key) : NULL;
    if (*out)
        return SCH_OK;
    uint8_t *buffer = malloc(SCH_OUTBOX_FRAMES_MAX);
    if (!buffer)
        return sch_fail(error, SCH_E_NO_MEMORY, "sealing a message");
    struct sch_frames frames = { 0 };
    int code = seal(client, draft, deadline, buffer, &frames, error);
    if (code == SCH_OK)
        code = sch_outbox_add(&client->outbox, draft->key, &draft->header, &frames, out, error);
    if (code == SCH_OK)
        sch_send_rescan(client);
    free(buffer);
    if (code != SCH_OK || !durable)
        return code;
    code = sch_outbox_sync(&client->outbox, error);
    if (code != SCH_OK)
        sch_outbox_undo(&client->outbox, *out);
    return code;
}

static int give(const sch_receipt *from, bool duplicate, sch_receipt *receipt)
{
    if (receipt) {
        *receipt = *from;
        receipt->duplicate = receipt->duplicate || duplicate;
    }
    return SCH_OK;
}

static int queued(const sch_client *client, const struct sch_outbox_item *item, sch_receipt *receipt,
                  sch_error *error)
{
    if (receipt)
        *receipt = item->receipt;
    sch_error why = SCH_ERROR_INIT;
    if (client->welcomed && item->put_off != SCH_OK)
        return sch_fail(error, SCH_E_QUEUED, "put off by the broker: %s: %s", sch_error_name(item->put_off),
                        sch_error_cause(item->put_off));
    if (client->welcomed)
        return sch_fail(error, SCH_E_QUEUED, "the broker has not answered yet");
    sch_client_blame(client, &why);
    return sch_fail(error, SCH_E_QUEUED, "not connected: %s", why.cause);
}

int sch_send(sch_client *client, sch_draft *draft, int timeout_ms, sch_receipt *receipt, sch_error *error)
{
    sch_client_enter(client);
    assert(draft->client == client);
    int64_t deadline = sch_client_deadline(timeout_ms);
    struct sch_outbox_item *item;
    int code = enter(client, draft, deadline, true, &item, error);
    if (code != SCH_OK)
        return code;
    if (item->done)
        return give(&item->receipt, true, receipt);
    if (item->waiter)
        return queued(client, item, receipt, error);    /* an outer call waits for it already */
    struct sch_waiter waiter = { .done = false };
    item->waiter = &waiter;
    code = sch_client_pump(client, error);
    while (code == SCH_OK && !waiter.done && sch_link_mono_ms() < deadline && !atomic_load(&client->stop))
        code = sch_client_serve(client, deadline, error);
    if (!waiter.done) {
        item->waiter = NULL;
        return queued(client, item, receipt, error);
    }
    if (waiter.error.code != SCH_OK) {
        if (receipt)
            *receipt = waiter.receipt;
        if (error)
            *error = waiter.error;
        return (int)waiter.error.code;
    }
    return give(&waiter.receipt, false, receipt);
}

int sch_post(sch_client *client, sch_draft *draft, sch_receipt *receipt, sch_error *error)
{
    sch_client_enter(client);
    assert(draft->client == client);
    struct sch_outbox_item *item;
    int code = enter(client, draft, 0, false, &item, error);
    if (code != SCH_OK)
        return code;
    if (item->done)
        return give(&item->receipt, true, receipt);
    sch_link_kick(&client->link);       /* a loop that polls comes round to make it durable and send it */
    return queued(client, item, receipt, error);
}
