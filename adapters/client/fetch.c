/*
 * fetch.c: the parts of a large delivered body, from the broker to a parcel in the state directory.
 *
 * One message at a time, within a small window. What is on disk is not fetched again, whether the
 * connection, the lease or the process ended in between; that it is what the sender sealed is found when it
 * is opened (msg.c). Must not know: letters, verdicts.
 */
#include "handle.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "id.h"
#include "index.h"

#define BLOCKED_MS 50                   /* the socket takes no more at this moment */
#define TROUBLE_MS 10000                /* the disk failed, or the broker sent nonsense */

void sch_fetch_path(const sch_client *client, const char *mailbox, const struct sch_id *message, char *path)
{
    uint8_t key[SCH_INDEX_KEY_SIZE];
    char hex[2 * SCH_INDEX_KEY_SIZE + 1];
    sch_index_key(key, mailbox, message->bytes, SCH_ID_SIZE);
    sodium_bin2hex(hex, sizeof hex, key, sizeof key);
    snprintf(path, PATH_MAX + 64, "%s/fetched-%s", client->config.state, hex);
}

void sch_fetch_forget(const sch_client *client, const char *mailbox, const struct sch_id *message)
{
    char path[PATH_MAX + 64];
    sch_fetch_path(client, mailbox, message, path);
    (void)unlink(path);
}

/* What is on disk stays there, for when it goes on. */
static void end(sch_client *client)
{
    sch_parcel_close(&client->fetch.parcel);
    memset(client->fetch.asked, 0, sizeof client->fetch.asked);
    client->fetch.held = NULL;
}

static void trouble(sch_client *client, const char *what)
{
    sch_client_log(client, 'e', "fetching the parts of a letter: %s", what);
    end(client);
    client->fetch.retry_at = sch_link_mono_ms() + TROUBLE_MS;
}

void sch_fetch_again(sch_client *client, struct sch_held *held)
{
    held->state = SCH_HELD_FETCHING;
    client->fetch.retry_at = sch_link_mono_ms() + TROUBLE_MS;
}

/* ---- choosing ----------------------------------------------------------------------------------- */

/* The oldest; none while another waits whole for the application, so that the disk holds two at most. */
static struct sch_held *choose(const sch_client *client)
{
    struct sch_held *first = NULL;
    for (struct sch_held *held = client->held_first; held; held = held->next) {
        if (held->part_count == 0)
            continue;
        if (held->state == SCH_HELD_WAITING || held->state == SCH_HELD_ASKING)
            return NULL;
        if (held->state == SCH_HELD_FETCHING && !first)
            first = held;
    }
    return first;
}

static void finish(sch_client *client)
{
    client->fetch.held->state = SCH_HELD_WAITING;
    end(client);
    sch_link_kick(&client->link);       /* a loop that polls comes round to hand it out */
}

static void begin(sch_client *client, struct sch_held *held)
{
    char path[PATH_MAX + 64];
    sch_error error = SCH_ERROR_INIT;
    if (held->part_count > SCH_PARTS_MAX) {
        held->state = SCH_HELD_WAITING;         /* what cannot be opened is refused there */
        return;
    }
    sch_fetch_path(client, held->mailbox.text, &held->header.id, path);
    client->fetch.held = held;
    if (sch_parcel_open(&client->fetch.parcel, path, held->part_count, &error) != SCH_OK)
        trouble(client, error.text);
    else if (client->fetch.parcel.have == held->part_count)
        finish(client);
}

/* ---- asking ------------------------------------------------------------------------------------- */

static bool ask(sch_client *client, struct sch_part_request *slot, size_t index, int64_t now)
{
    const struct sch_held *held = client->fetch.held;
    struct sch_command command = { .request = sch_client_next_request(client), .type = SCH_COMMAND_FETCH };
    command.fetch.mailbox = held->mailbox;
    command.fetch.message = held->header.id;
    command.fetch.index = (uint32_t)index;
    if (!sch_client_transmit(client, &command, (struct sch_bytes){ 0 }))
        return false;
    *slot = (struct sch_part_request){ .request = command.request, .index = index, .sent_at = now };
    return true;
}

static bool is_asked(const struct sch_fetch *fetch, size_t index)
{
    for (size_t i = 0; i < SCH_PART_WINDOW; i++) {
        if (fetch->asked[i].request != 0 && fetch->asked[i].index == index)
            return true;
    }
    return false;
}

/* The next part that neither is here nor was asked for; count: none. */
static size_t next_part(const struct sch_fetch *fetch)
{
    size_t index = 0;
    while (index < fetch->parcel.count && (sch_parcel_has(&fetch->parcel, index) || is_asked(fetch, index)))
        index++;
    return index;
}

void sch_fetch_pump(sch_client *client)
{
    struct sch_fetch *fetch = &client->fetch;
    int64_t now = sch_link_mono_ms();
    if (now < fetch->retry_at)
        return;
    fetch->retry_at = 0;
    struct sch_held *chosen = fetch->held ? NULL : choose(client);
    if (chosen)
        begin(client, chosen);
    for (size_t i = 0; fetch->held && i < SCH_PART_WINDOW; i++) {
        struct sch_part_request *slot = &fetch->asked[i];
        if (slot->request != 0 && now - slot->sent_at > SCH_CLIENT_RESEND_MS)
            slot->request = 0;
        size_t index = next_part(fetch);
        if (index == fetch->parcel.count)
            return;
        if (slot->request == 0 && !ask(client, slot, index, now)) {
            fetch->retry_at = now + BLOCKED_MS;
            return;
        }
    }
}

/* ---- answers ------------------------------------------------------------------------------------ */

static struct sch_part_request *find_asked(struct sch_fetch *fetch, uint64_t request)
{
    for (size_t i = 0; fetch->held && request != 0 && i < SCH_PART_WINDOW; i++) {
        if (fetch->asked[i].request == request)
            return &fetch->asked[i];
    }
    return NULL;
}

void sch_fetch_fetched(sch_client *client, const struct sch_reply *reply, struct sch_bytes part)
{
    struct sch_fetch *fetch = &client->fetch;
    struct sch_part_request *slot = find_asked(fetch, reply->request);
    sch_error error = SCH_ERROR_INIT;
    if (!slot)
        return;                         /* of an earlier try that was answered meanwhile */
    size_t index = slot->index;
    bool last = index + 1 == fetch->parcel.count;
    slot->request = 0;
    if (reply->fetched.index != index || reply->fetched.count != fetch->parcel.count || part.len == 0 ||
        part.len > SCH_PART_SIZE || (!last && part.len != SCH_PART_SIZE))
        trouble(client, "the broker sent another part than was asked for");
    else if (!sch_parcel_has(&fetch->parcel, index) &&
             sch_parcel_put(&fetch->parcel, index, part, &error) != SCH_OK)
        trouble(client, error.text);
    else if (fetch->parcel.have == fetch->parcel.count)
        finish(client);
}

bool sch_fetch_rejection(sch_client *client, const struct sch_reply *reply)
{
    struct sch_fetch *fetch = &client->fetch;
    enum sch_error_code code = (enum sch_error_code)reply->rejection.code;
    if (!find_asked(fetch, reply->request))
        return false;
    struct sch_held *held = fetch->held;
    if (code == SCH_E_UNKNOWN_MESSAGE || code == SCH_E_NOT_LEASED) {
        /* Withdrawn, or offered to another session: if it comes again, what is here counts. */
        sch_client_log(client, 'i', "a letter was taken back while its parts came: %s", sch_error_name(code));
        sch_collect_drop(client, held);
        return true;
    }
    trouble(client, sch_error_name(code));
    return true;
}

/* ---- the session -------------------------------------------------------------------------------- */

void sch_fetch_dropped(sch_client *client, const struct sch_held *held)
{
    if (client->fetch.held == held)
        end(client);
}

void sch_fetch_session_lost(sch_client *client)
{
    if (client->fetch.held)
        end(client);
    client->fetch.retry_at = 0;
}

void sch_fetch_close(sch_client *client)
{
    end(client);
}

int64_t sch_fetch_due(const sch_client *client)
{
    const struct sch_fetch *fetch = &client->fetch;
    if (!fetch->held && !choose(client))
        return INT64_MAX;
    if (fetch->retry_at > 0 || !fetch->held)
        return fetch->retry_at;
    int64_t due = INT64_MAX;
    for (size_t i = 0; i < SCH_PART_WINDOW; i++) {
        int64_t at = fetch->asked[i].sent_at + SCH_CLIENT_RESEND_MS + 1;
        if (fetch->asked[i].request != 0 && at < due)
            due = at;
    }
    return due;
}
