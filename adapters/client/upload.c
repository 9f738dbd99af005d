/*
 * upload.c: the parts of a large message, to the broker before its submission.
 *
 * One message at a time. First the broker says which parts it lacks, so that a connection or a process that
 * ended costs only what was under way; then they are sent within a small window. The upload's id is the
 * message's. Must not know: letters, records.
 */
#include "handle.h"

#include <assert.h>
#include <string.h>

#include "id.h"

#define BLOCKED_MS 50                   /* the socket takes no more at this moment */

/* Ends it; the item is looked at again. */
static void end(sch_client *client)
{
    sch_parcel_close(&client->upload.parcel);
    memset(&client->upload, 0, sizeof client->upload);
    client->upload.parcel.reel.fd = -1;
    sch_send_rescan(client);
}

static void put_off(sch_client *client, enum sch_error_code why)
{
    struct sch_outbox_item *item = client->upload.item;
    end(client);
    sch_send_put_off(client, item, why);
}

static void give_up(sch_client *client, const sch_error *error)
{
    struct sch_outbox_item *item = client->upload.item;
    end(client);
    sch_send_give_up(client, item, error);
}

void sch_upload_begin(sch_client *client, struct sch_outbox_item *item)
{
    struct sch_upload *upload = &client->upload;
    assert(item->part_count > 0 && !item->uploaded);
    if (upload->item)
        return;
    char path[PATH_MAX + 64];
    sch_error error = SCH_ERROR_INIT;
    sch_outbox_parcel(&client->outbox, &item->receipt.id, path);
    upload->item = item;
    if (sch_parcel_open(&upload->parcel, path, item->part_count, &error) != SCH_OK) {
        put_off(client, error.code);
        return;
    }
    if (upload->parcel.have < item->part_count) {
        sch_fail(&error, SCH_E_IO, "%zu of %u parts of the message are lost from the state directory",
                 item->part_count - upload->parcel.have, item->part_count);
        give_up(client, &error);
    }
}

/* ---- sending ------------------------------------------------------------------------------------ */

static uint64_t transmit(sch_client *client, size_t index, struct sch_bytes part)
{
    const struct sch_outbox_item *item = client->upload.item;
    struct sch_command command = { .request = sch_client_next_request(client), .type = SCH_COMMAND_PART };
    memcpy(command.part.sender.text, item->sender, strlen(item->sender) + 1);
    command.part.upload = item->receipt.id;
    command.part.index = (uint32_t)index;
    command.part.count = item->part_count;
    return sch_client_transmit(client, &command, part) ? command.request : 0;
}

static void ask(sch_client *client, int64_t now)
{
    client->upload.asked = transmit(client, 0, (struct sch_bytes){ 0 });
    client->upload.asked_at = now;
}

/* The next part that neither is there nor under way; count: none. */
static size_t next_part(const struct sch_upload *upload)
{
    for (size_t i = 0; i < upload->item->part_count; i++) {
        bool under_way = upload->there[i];
        for (size_t j = 0; j < SCH_PART_WINDOW; j++)
            under_way = under_way || (upload->sent[j].request != 0 && upload->sent[j].index == i);
        if (!under_way)
            return i;
    }
    return upload->item->part_count;
}

/* False: nothing more can be sent now. */
static bool send_part(sch_client *client, struct sch_part_request *slot, int64_t now)
{
    struct sch_upload *upload = &client->upload;
    size_t index = next_part(upload), size = 0;
    sch_error error = SCH_ERROR_INIT;
    if (index == upload->item->part_count)
        return false;
    if (sch_parcel_get(&upload->parcel, index, client->frames, &size, &error) != SCH_OK) {
        put_off(client, error.code);
        return false;
    }
    slot->request = transmit(client, index, (struct sch_bytes){ client->frames, size });
    slot->index = index;
    slot->sent_at = now;
    return slot->request != 0;
}

void sch_upload_pump(sch_client *client)
{
    struct sch_upload *upload = &client->upload;
    int64_t now = sch_link_mono_ms();
    if (!upload->item || !client->welcomed)
        return;
    if (!upload->known) {
        if (upload->asked == 0 || now - upload->asked_at > SCH_CLIENT_RESEND_MS)
            ask(client, now);
        return;
    }
    for (size_t i = 0; upload->item && i < SCH_PART_WINDOW; i++) {
        struct sch_part_request *slot = &upload->sent[i];
        if (slot->request != 0 && now - slot->sent_at > SCH_CLIENT_RESEND_MS)
            slot->request = 0;
        if (slot->request == 0 && !send_part(client, slot, now))
            return;
    }
}

/* ---- answers ------------------------------------------------------------------------------------ */

static struct sch_part_request *find_sent(struct sch_upload *upload, uint64_t request)
{
    for (size_t i = 0; request != 0 && i < SCH_PART_WINDOW; i++) {
        if (upload->sent[i].request == request)
            return &upload->sent[i];
    }
    return NULL;
}

static bool none_is_missing(const struct sch_upload *upload)
{
    size_t there = 0;
    for (size_t i = 0; i < upload->item->part_count; i++)
        there += upload->there[i];
    return there == upload->item->part_count;
}

void sch_upload_parts(sch_client *client, const struct sch_reply *reply)
{
    struct sch_upload *upload = &client->upload;
    if (!upload->item || !sch_id_equal(&reply->parts.upload, &upload->item->receipt.id) ||
        reply->parts.count != upload->item->part_count)
        return;
    struct sch_part_request *slot = find_sent(upload, reply->request);
    if (slot) {
        upload->there[slot->index] = true;
        slot->request = 0;
    } else if (reply->request != 0 && reply->request == upload->asked) {
        upload->asked = 0;
        upload->known = true;
        memset(upload->there, true, sizeof upload->there);
        for (size_t i = 0; i < reply->parts.missing_count; i++) {
            if (reply->parts.missing[i] < upload->item->part_count)
                upload->there[reply->parts.missing[i]] = false;
        }
    }
    if (upload->known && none_is_missing(upload)) {
        upload->item->uploaded = true;
        end(client);
    }
}

bool sch_upload_rejection(sch_client *client, const struct sch_reply *reply)
{
    struct sch_upload *upload = &client->upload;
    enum sch_error_code code = (enum sch_error_code)reply->rejection.code;
    if (!upload->item || reply->request == 0 ||
        (reply->request != upload->asked && !find_sent(upload, reply->request)))
        return false;
    if (sch_send_is_passing(code)) {
        put_off(client, code);
        return true;
    }
    sch_error error = SCH_ERROR_INIT;
    sch_client_rejected(reply, &error);
    give_up(client, &error);
    return true;
}

/* ---- the session -------------------------------------------------------------------------------- */

void sch_upload_session_lost(sch_client *client)
{
    /* The next session asks again what the broker has. */
    client->upload.asked = 0;
    client->upload.known = false;
    memset(client->upload.sent, 0, sizeof client->upload.sent);
}

void sch_upload_close(sch_client *client)
{
    sch_parcel_close(&client->upload.parcel);
    client->upload.item = NULL;
}

static bool has_free_slot(const struct sch_upload *upload)
{
    bool free_slot = false;
    for (size_t i = 0; i < SCH_PART_WINDOW; i++)
        free_slot = free_slot || upload->sent[i].request == 0;
    return free_slot;
}

int64_t sch_upload_due(const sch_client *client)
{
    const struct sch_upload *upload = &client->upload;
    if (!upload->item)
        return INT64_MAX;
    bool blocked = upload->known ? next_part(upload) < upload->item->part_count && has_free_slot(upload) :
                                   upload->asked == 0;
    int64_t due = blocked ? sch_link_mono_ms() + BLOCKED_MS : INT64_MAX;
    if (upload->asked != 0 && upload->asked_at + SCH_CLIENT_RESEND_MS + 1 < due)
        due = upload->asked_at + SCH_CLIENT_RESEND_MS + 1;
    for (size_t i = 0; i < SCH_PART_WINDOW; i++) {
        int64_t at = upload->sent[i].sent_at + SCH_CLIENT_RESEND_MS + 1;
        if (upload->sent[i].request != 0 && at < due)
            due = at;
    }
    return due;
}
