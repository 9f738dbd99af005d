/* ask.c: queries and directories for the application. Must not know: the outbox, the journal. */
#include "handle.h"

#include <string.h>

void sch_ask_page(sch_client *client, const struct sch_reply *reply)
{
    struct sch_asking *asking = client->asking;
    if (!asking || asking->done || reply->request == 0 || reply->request != asking->request)
        return;
    /* The rows live in the arena of this reply: it is lent to the caller, and the other takes its place. */
    struct sch_arena lent = client->arena;
    client->arena = client->page_arena;
    client->page_arena = lent;
    asking->page = reply->page;
    asking->done = true;
}

bool sch_ask_rejection(sch_client *client, const struct sch_reply *reply)
{
    struct sch_asking *asking = client->asking;
    if (!asking || asking->done || reply->request == 0 || reply->request != asking->request)
        return false;
    sch_client_rejected(reply, &asking->error);
    asking->done = true;
    return true;
}

void sch_ask_session_lost(sch_client *client)
{
    if (client->asking)
        client->asking->request = 0;    /* asked again in the next session: a query changes nothing */
}

static void send_query(sch_client *client, const struct sch_query *query)
{
    struct sch_command command = { .request = sch_client_next_request(client), .type = SCH_COMMAND_QUERY };
    command.query = *query;
    if (!query->party.text[0])
        command.query.party = client->config.address[0];
    if (sch_client_transmit(client, &command, (struct sch_bytes){ 0 }))
        client->asking->request = command.request;
}

static int await_page(sch_client *client, const struct sch_query *query, int64_t deadline, sch_error *error)
{
    for (;;) {
        int code = sch_client_await_welcome(client, deadline, error);
        if (code != SCH_OK)
            return code;
        if (client->asking->request == 0)
            send_query(client, query);
        if (client->asking->request != 0)
            code = sch_client_serve(client, deadline, error);
        if (code != SCH_OK || client->asking->done)
            return code;
        if (sch_link_mono_ms() >= deadline || atomic_load(&client->stop))
            return sch_fail(error, SCH_E_TIMEOUT, "waiting for the answer to a query");
    }
}

int sch_ask(sch_client *client, const struct sch_query *query, int timeout_ms, struct sch_page *page,
            sch_error *error)
{
    sch_client_enter(client);
    if (client->asking)
        return sch_fail(error, SCH_E_STATE, "sch_ask() within sch_ask()");
    struct sch_asking asking = { .done = false };
    client->asking = &asking;
    int code = await_page(client, query, sch_client_deadline(timeout_ms), error);
    client->asking = NULL;
    if (code != SCH_OK)
        return code;
    if (asking.error.code != SCH_OK) {
        if (error)
            *error = asking.error;
        return (int)asking.error.code;
    }
    *page = asking.page;
    return SCH_OK;
}

const struct sch_directory *sch_client_directory(sch_client *client, const char *region, int timeout_ms,
                                                 sch_error *error)
{
    sch_client_enter(client);
    sch_registry_release(&client->registry);
    int position = region ? sch_registry_find(&client->registry, region) : 0;
    if (position < 0) {
        sch_fail(error, SCH_E_CONFIG, "region %s is not in the configuration", region);
        return NULL;
    }
    int64_t deadline = sch_client_deadline(timeout_ms);
    sch_error cause = SCH_ERROR_INIT;
    int code = sch_client_await_welcome(client, deadline, &cause);
    if (code == SCH_OK)
        code = sch_client_await_directories(client, deadline, &cause);
    const struct sch_directory *directory = client->registry.region[position].directory;
    if (!directory && code == SCH_OK)
        sch_fail(error, SCH_E_DIRECTORY_OLD, "the broker has no directory of region %s that can be trusted",
                 client->config.region[position].name);
    else if (!directory && error)
        *error = cause;
    return directory;
}
