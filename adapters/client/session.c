/*
 * session.c: one turn of the client: connection, hello, what the broker says, directories, pings.
 *
 * A session begins with the broker's welcome and ends with its socket. Must not know: records, letters.
 */
#include "handle.h"

#include <assert.h>
#include <string.h>

#define WELCOME_MS 10000                /* then the socket is made anew */
#define REFUSED_RETRY_MS 5000           /* the broker said no; somebody must change something first */
#define LOST_RETRY_MS 50
#define PING_MS 15000
#define PONG_MS 20000
#define REFRESH_MS 3600000
#define DIRECTORY_RETRY_MS 10000
#define REPLIES_PER_TURN 256
#define CERTAIN_FAILURES 2              /* broken handshakes that no restart of a broker explains */

uint64_t sch_client_next_request(sch_client *client)
{
    return ++client->last_request;
}

bool sch_client_transmit(sch_client *client, const struct sch_command *command, struct sch_bytes body)
{
    size_t size = sch_command_encode(command, client->command, sizeof client->command);
    assert(size > 0);
    return sch_link_send(&client->link, (struct sch_bytes){ client->command, size }, body);
}

int sch_client_rejected(const struct sch_reply *reply, sch_error *error)
{
    const char *field = reply->rejection.field, *hint = reply->rejection.hint;
    enum sch_error_code code = (enum sch_error_code)reply->rejection.code;
    if (!*sch_error_name(code))         /* of a newer broker */
        code = SCH_E_BROKER_INTERNAL;
    return sch_fail(error, code, "rejected by the broker%s%s%s%s%s", *field ? ": " : "", field,
                    *hint ? " (" : "", hint, *hint ? ")" : "");
}

/* ---- the session -------------------------------------------------------------------------------- */

/* Ends this session: the socket is made anew. */
static void lose(sch_client *client, int64_t retry_after_ms)
{
    if (client->welcomed)
        sch_client_log(client, 'w', "connection lost");
    client->welcomed = false;
    client->hello_request = client->ping_request = 0;
    for (size_t i = 0; i < SCH_CLIENT_REGIONS_MAX; i++)
        client->registry.region[i].request = 0;
    sch_send_session_lost(client);
    sch_upload_session_lost(client);
    sch_collect_session_lost(client);
    sch_ask_session_lost(client);
    sch_link_drop(&client->link, sch_link_mono_ms() + retry_after_ms);
}

static void send_hello(sch_client *client)
{
    struct sch_command command = { .request = sch_client_next_request(client), .type = SCH_COMMAND_HELLO };
    command.hello.version_min = SCH_WIRE_MIN;
    command.hello.version_max = SCH_WIRE_MAX;
    memcpy(command.hello.software, client->config.software, sizeof command.hello.software);
    command.hello.instance = client->instance;
    if (sch_client_transmit(client, &command, (struct sch_bytes){ 0 }))
        client->hello_request = command.request;
}

static void keep_connected(sch_client *client)
{
    struct sch_link *link = &client->link;
    int64_t now = sch_link_mono_ms();
    sch_link_watch(link);
    if (link->lost)
        lose(client, link->blame == SCH_E_UNKNOWN_KEY ? REFUSED_RETRY_MS : LOST_RETRY_MS);
    if (link->socket && !client->welcomed && now - link->opened_at > WELCOME_MS)
        lose(client, 0);
    if (!link->socket && now >= link->retry_at) {
        sch_error error = SCH_ERROR_INIT;
        if (sch_link_open(link, &error) != SCH_OK) {
            sch_client_log(client, 'e', "%s: %s", error.name, error.text);
            sch_link_drop(link, now + REFUSED_RETRY_MS);
        }
    }
    if (link->ready && client->hello_request == 0)
        send_hello(client);
}

static void set_clock(sch_client *client, int64_t civil_ms)
{
    client->clock_last_ms = client->clock_civil_ms ? sch_now_ms(client) : 0;
    client->clock_civil_ms = civil_ms;
    client->clock_mono_ms = sch_link_mono_ms();
}

/* ---- directories -------------------------------------------------------------------------------- */

static uint64_t cached_serial(const sch_client *client, size_t region)
{
    const struct sch_directory *directory = client->registry.region[region].directory;
    return directory ? directory->serial : 0;
}

static void ask_directory(sch_client *client, size_t region)
{
    struct sch_registry_region *slot = &client->registry.region[region];
    struct sch_command command = { .type = SCH_COMMAND_DIRECTORY };
    command.request = sch_client_next_request(client);
    memcpy(command.directory.region, client->config.region[region].name, sizeof command.directory.region);
    command.directory.have_serial = cached_serial(client, region);
    if (sch_client_transmit(client, &command, (struct sch_bytes){ 0 })) {
        slot->request = command.request;
        slot->asked_at = sch_link_mono_ms();
    }
}

void sch_client_refresh(sch_client *client)
{
    for (size_t i = 0; client->welcomed && i < client->config.region_count; i++) {
        if (client->registry.region[i].request == 0)
            ask_directory(client, i);
    }
}

static bool directories_pending(const sch_client *client)
{
    for (size_t i = 0; i < client->config.region_count; i++) {
        const struct sch_registry_region *slot = &client->registry.region[i];
        if (slot->request != 0 || (client->welcomed && slot->offered > cached_serial(client, i)))
            return true;
    }
    return false;
}

static int find_directory_request(const sch_client *client, uint64_t request)
{
    for (size_t i = 0; request != 0 && i < client->config.region_count; i++) {
        if (client->registry.region[i].request == request)
            return (int)i;
    }
    return -1;
}

static void on_directory(sch_client *client, const struct sch_reply *reply)
{
    int region = find_directory_request(client, reply->request);
    if (region < 0 || strcmp(client->config.region[region].name, reply->directory.region) != 0)
        return;
    struct sch_registry_region *slot = &client->registry.region[region];
    slot->request = 0;
    slot->offered = 0;                  /* whatever came is what there is */
    client->registry.version++;
    sch_error error = SCH_ERROR_INIT;
    if (sch_registry_take(&client->registry, reply->directory.region, reply->directory.content,
                          reply->directory.signature, sch_now_ms(client), &error) != SCH_OK)
        sch_client_log(client, 'e', "%s: %s", error.name, error.text);
}

/* Requests that got no answer are sent again; directories grow old even without a new welcome. */
static void keep_directories(sch_client *client)
{
    int64_t now = sch_link_mono_ms();
    if (!client->welcomed)
        return;
    for (size_t i = 0; i < client->config.region_count; i++) {
        struct sch_registry_region *slot = &client->registry.region[i];
        if (slot->request != 0 ? now - slot->asked_at > DIRECTORY_RETRY_MS :
                                 slot->offered > cached_serial(client, i))
            ask_directory(client, i);
    }
    if (now >= client->refresh_at) {
        client->refresh_at = now + REFRESH_MS;
        sch_client_refresh(client);
    }
}

/* ---- what the broker says ----------------------------------------------------------------------- */

static void on_welcome(sch_client *client, const struct sch_reply *reply)
{
    if (reply->request != client->hello_request || client->welcomed)
        return;
    client->welcomed = true;
    client->blame = SCH_OK;
    client->clock_rate = reply->welcome.clock_rate > 0 ? reply->welcome.clock_rate : 1;
    set_clock(client, reply->welcome.time_ms);
    client->body_size_max = reply->welcome.body_size_max;
    client->large_size_max = reply->welcome.large_size_max;
    client->credit_messages_max = reply->welcome.credit_messages_max;
    client->credit_bytes_max = reply->welcome.credit_bytes_max;
    client->lease_ms = reply->welcome.lease_ms;
    client->ping_at = sch_link_mono_ms() + PING_MS;
    client->refresh_at = sch_link_mono_ms() + REFRESH_MS;
    for (size_t i = 0; i < reply->welcome.directory_count; i++) {
        int region = sch_registry_find(&client->registry, reply->welcome.directory[i].region);
        if (region >= 0)
            client->registry.region[region].offered = reply->welcome.directory[i].serial;
    }
    sch_client_log(client, 'i', "connected as key %s, wire version %u", reply->welcome.key_id,
                   reply->welcome.version);
    keep_directories(client);
    sch_send_rescan(client);
    sch_collect_session_begun(client);
}

static void on_rejection(sch_client *client, const struct sch_reply *reply)
{
    enum sch_error_code code = (enum sch_error_code)reply->rejection.code;
    int region = find_directory_request(client, reply->request);
    if (reply->request != 0 && reply->request == client->hello_request) {
        client->blame = code;
        sch_client_log(client, 'e', "the broker refuses this client: %s", sch_error_name(code));
        lose(client, REFUSED_RETRY_MS);
    } else if (code == SCH_E_HELLO_FIRST) {
        lose(client, 0);                /* it forgot this session; nothing is lost by a new one */
    } else if (region >= 0) {
        client->registry.region[region].request = client->registry.region[region].offered = 0;
        client->registry.version++;
        sch_client_log(client, 'e', "directory of %s: %s", client->config.region[region].name,
                       sch_error_name(code));
    } else if (!sch_send_rejection(client, reply) && !sch_collect_rejection(client, reply) &&
               !sch_upload_rejection(client, reply) && !sch_ask_rejection(client, reply)) {
        sch_client_log(client, 'w', "a rejection of nothing that is open: %s", sch_error_name(code));
    }
}

static void on_pong(sch_client *client, const struct sch_reply *reply)
{
    if (reply->request != client->ping_request)
        return;
    client->ping_request = 0;
    int64_t half = (sch_link_mono_ms() - client->ping_sent_at) / 2;
    set_clock(client, reply->pong.time_ms + half * client->clock_rate);
}

static void dispatch(sch_client *client, const struct sch_reply *reply, struct sch_bytes body)
{
    if (!client->welcomed && reply->type != SCH_REPLY_WELCOME && reply->type != SCH_REPLY_REJECTION)
        return;
    switch (reply->type) {
    case SCH_REPLY_WELCOME: on_welcome(client, reply); break;
    case SCH_REPLY_RECEIPT: sch_send_receipt(client, reply); break;
    case SCH_REPLY_REJECTION: on_rejection(client, reply); break;
    case SCH_REPLY_DELIVERY: sch_collect_delivery(client, reply, body); break;
    case SCH_REPLY_SETTLED: sch_settle_settled(client, reply); break;
    case SCH_REPLY_STATUS: sch_send_status(client, reply); break;
    case SCH_REPLY_PAGE: sch_ask_page(client, reply); break;
    case SCH_REPLY_DIRECTORY: on_directory(client, reply); break;
    case SCH_REPLY_PONG: on_pong(client, reply); break;
    case SCH_REPLY_ATTACHED: sch_collect_attached(client, reply); break;
    case SCH_REPLY_PARTS: sch_upload_parts(client, reply); break;
    case SCH_REPLY_FETCHED: sch_fetch_fetched(client, reply, body); break;
    }
}

static void receive(sch_client *client)
{
    struct sch_link_message message;
    for (int i = 0; i < REPLIES_PER_TURN && sch_link_recv(&client->link, &message); i++) {
        struct sch_reply reply;
        struct sch_fault fault = { SCH_OK, "" };
        sch_arena_reset(&client->arena);
        int code = sch_reply_decode(message.command, &client->arena, &reply, &fault);
        if (code == SCH_OK)
            dispatch(client, &reply, message.body);
        else
            sch_client_log(client, 'e', "a reply of the broker cannot be read: %s, %s",
                           sch_error_name(fault.code), fault.field ? fault.field : "");
        sch_link_release(&message);
    }
}

/* ---- pings -------------------------------------------------------------------------------------- */

/* A ping extends the leases, corrects the clock, and finds a broker that has gone silent. */
static void keep_alive(sch_client *client)
{
    int64_t now = sch_link_mono_ms();
    if (!client->welcomed)
        return;
    if (client->ping_request != 0 && now - client->ping_sent_at > PONG_MS) {
        lose(client, 0);
        return;
    }
    if (now < client->ping_at || client->ping_request != 0)
        return;
    struct sch_command command = { .request = sch_client_next_request(client), .type = SCH_COMMAND_PING };
    command.ping.instance = client->instance;
    if (sch_client_transmit(client, &command, (struct sch_bytes){ 0 })) {
        client->ping_request = command.request;
        client->ping_sent_at = now;
    }
    int64_t quarter = client->lease_ms / 4;
    client->ping_at = now + (quarter > 0 && quarter < PING_MS ? quarter : PING_MS);
}

/* ---- a turn ------------------------------------------------------------------------------------- */

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t sch_client_due(const sch_client *client)
{
    const struct sch_link *link = &client->link;
    if (!link->socket)
        return link->retry_at;
    if (!client->welcomed)
        return link->opened_at + WELCOME_MS + 1;
    int64_t due = client->ping_request ? client->ping_sent_at + PONG_MS + 1 : client->ping_at;
    due = earlier(due, client->refresh_at);
    for (size_t i = 0; i < client->config.region_count; i++) {
        if (client->registry.region[i].request)
            due = earlier(due, client->registry.region[i].asked_at + DIRECTORY_RETRY_MS + 1);
    }
    return earlier(due, earlier(sch_send_due(client), sch_collect_due(client)));
}

int sch_client_pump(sch_client *client, sch_error *error)
{
    int collected = sch_collect_pump(client, error);
    int sent = sch_send_pump(client, collected == SCH_OK ? error : NULL);
    sch_link_arm(&client->link);
    return collected != SCH_OK ? collected : sent;
}

int sch_client_serve(sch_client *client, int64_t deadline, sch_error *error)
{
    int64_t until = earlier(deadline, sch_client_due(client));
    int64_t wait = until - sch_link_mono_ms();
    if (wait > INT_MAX)
        wait = INT_MAX;
    if (wait > 0 && !atomic_load(&client->stop))
        sch_link_wait(&client->link, (int)wait);
    sch_link_calm(&client->link);
    keep_connected(client);
    receive(client);
    keep_alive(client);
    keep_directories(client);
    return sch_client_pump(client, error);
}

/* ---- waiting for the session -------------------------------------------------------------------- */

static enum sch_error_code blame_of(const sch_client *client)
{
    return client->blame != SCH_OK ? client->blame : client->link.blame;
}

/* Will waiting longer not help unless somebody changes something? */
static bool is_certain(const sch_client *client)
{
    switch (blame_of(client)) {
    case SCH_E_UNKNOWN_KEY:
    case SCH_E_KEY_REVOKED:
    case SCH_E_VERSION:
        return true;
    case SCH_E_SERVER_KEY:
        return client->link.failures >= CERTAIN_FAILURES;
    default:
        return false;
    }
}

int sch_client_blame(const sch_client *client, sch_error *error)
{
    enum sch_error_code code = blame_of(client);
    if (code == SCH_OK)
        code = SCH_E_TIMEOUT;
    return sch_fail(error, code, "connecting to %s", client->config.endpoint);
}

int sch_client_await_welcome(sch_client *client, int64_t deadline, sch_error *error)
{
    if (!client->welcomed && is_certain(client)) {
        /* What was wrong may have been put right: judged by a new try. */
        client->blame = client->link.blame = SCH_OK;
        client->link.failures = 0;
        lose(client, 0);
    }
    for (;;) {
        /* One look without waiting shows whether a session that stands still does. */
        int code = sch_client_serve(client, client->welcomed ? 0 : deadline, error);
        if (code != SCH_OK)
            return code;
        if (client->welcomed)
            return SCH_OK;
        if (is_certain(client) || sch_link_mono_ms() >= deadline || atomic_load(&client->stop))
            return sch_client_blame(client, error);
    }
}

int sch_client_await_directories(sch_client *client, int64_t deadline, sch_error *error)
{
    while (client->welcomed && directories_pending(client)) {
        if (sch_link_mono_ms() >= deadline || atomic_load(&client->stop))
            return sch_fail(error, SCH_E_TIMEOUT, "waiting for a directory");
        int code = sch_client_serve(client, deadline, error);
        if (code != SCH_OK)
            return code;
    }
    return SCH_OK;
}
