/* server.c: see server.h. */
#include "server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mllp.h"

#define INPUT_SIZE 16384

enum state { FREE = 0, READING, ANSWERING, WRITING };

struct connection {
    enum state state;
    uint32_t generation;                /* so that a late answer cannot reach a newcomer */
    int fd;
    struct sch_mllp_decoder decoder;
    uint8_t input[INPUT_SIZE];          /* received and not yet decoded */
    size_t input_at, input_size;
    uint8_t *output;                    /* heap: the rest of an acknowledgement */
    size_t output_at, output_size;
    int64_t moved_ms;                   /* when bytes last went either way */
};

struct sch_server {
    int fd;
    size_t limit;
    bool draining;
    sch_server_on_message *on_message;
    sch_server_on_event *on_event;
    void *context;
    struct connection connection[SCH_SERVER_CONNECTIONS_MAX];
};

static uint64_t id_of(const struct sch_server *server, const struct connection *connection)
{
    return (uint64_t)connection->generation << 8 | (uint64_t)(connection - server->connection);
}

static void tell(const struct sch_server *server, const struct connection *connection, const char *what)
{
    server->on_event(server->context, id_of(server, connection), what);
}

static struct connection *find(struct sch_server *server, uint64_t id)
{
    size_t index = (size_t)(id & 0xFF);
    struct connection *connection = &server->connection[index];

    assert(index < SCH_SERVER_CONNECTIONS_MAX);
    return connection->state != FREE && id_of(server, connection) == id ? connection : NULL;
}

static void release(struct sch_server *server, struct connection *connection, const char *why)
{
    uint32_t generation = connection->generation;

    tell(server, connection, why);
    close(connection->fd);
    sch_mllp_close(&connection->decoder);
    free(connection->output);
    memset(connection, 0, sizeof *connection);
    connection->generation = generation + 1;
}

/* ---- opening ----------------------------------------------------------------------------------- */

static int listen_on(struct sch_server *server, const char *address, uint16_t port, sch_error *error)
{
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
    bool is_six = inet_pton(AF_INET6, address, &six.sin6_addr) == 1;
    int yes = 1;

    if (!is_six && inet_pton(AF_INET, address, &four.sin_addr) != 1)
        return sch_fail(error, SCH_E_USAGE, "\"%s\" is no numeric address", address);
    server->fd = socket(is_six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (server->fd < 0 || setsockopt(server->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0)
        return sch_fail(error, SCH_E_IO, "socket: %s", strerror(errno));
    int bound = is_six ? bind(server->fd, (const struct sockaddr *)&six, sizeof six)
                       : bind(server->fd, (const struct sockaddr *)&four, sizeof four);
    if (bound != 0 || listen(server->fd, 64) != 0)
        return sch_fail(error, SCH_E_IO, "listening on %s port %u: %s", address, port, strerror(errno));
    return SCH_OK;
}

struct sch_server *sch_server_open(const char *address, uint16_t port, size_t limit,
                                   sch_server_on_message *on_message, sch_server_on_event *on_event,
                                   void *context, sch_error *error)
{
    struct sch_server *server = calloc(1, sizeof *server);

    if (server == NULL) {
        sch_fail(error, SCH_E_NO_MEMORY, "the listener");
        return NULL;
    }
    server->fd = -1;
    server->limit = limit;
    server->on_message = on_message;
    server->on_event = on_event;
    server->context = context;
    if (listen_on(server, address, port, error) == SCH_OK)
        return server;
    sch_server_close(server);
    return NULL;
}

void sch_server_close(struct sch_server *server)
{
    if (server == NULL)
        return;
    for (size_t i = 0; i < SCH_SERVER_CONNECTIONS_MAX; i++)
        if (server->connection[i].state != FREE)
            release(server, &server->connection[i], "closed");
    if (server->fd >= 0)
        close(server->fd);
    free(server);
}

uint16_t sch_server_port(const struct sch_server *server)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;

    if (getsockname(server->fd, (struct sockaddr *)&address, &size) != 0)
        return 0;
    if (address.ss_family == AF_INET6) {
        struct sockaddr_in6 six;
        memcpy(&six, &address, sizeof six);
        return ntohs(six.sin6_port);
    }
    struct sockaddr_in four;
    memcpy(&four, &address, sizeof four);
    return ntohs(four.sin_port);
}

void sch_server_drain(struct sch_server *server)
{
    server->draining = true;
    if (server->fd >= 0)
        close(server->fd);
    server->fd = -1;
}

/* ---- reading and writing ------------------------------------------------------------------------- */

/* Decodes what was received until a message is being answered or the input is used up. */
static void decode(struct sch_server *server, struct connection *connection)
{
    while (connection->state == READING && connection->input_at < connection->input_size
           && !server->draining) {
        enum sch_mllp_event event;
        size_t abandoned = connection->decoder.abandoned;
        connection->input_at += sch_mllp_feed(&connection->decoder, connection->input + connection->input_at,
                                              connection->input_size - connection->input_at, &event);
        if (connection->decoder.abandoned != abandoned)
            tell(server, connection, "half frame");
        if (event == SCH_MLLP_GARBAGE) {
            release(server, connection, "garbage");
            return;
        }
        if (event == SCH_MLLP_MORE)
            continue;
        struct sch_bytes text = {connection->decoder.text, connection->decoder.size};
        connection->state = ANSWERING;
        server->on_message(server->context, id_of(server, connection), text, event == SCH_MLLP_FRAME);
        /* The callback may have answered, or dropped the connection. */
        if (connection->state != FREE)
            sch_mllp_next(&connection->decoder);
    }
    if (connection->state != FREE && connection->input_at == connection->input_size)
        connection->input_at = connection->input_size = 0;
}

static void receive(struct sch_server *server, struct connection *connection, int64_t mono_ms)
{
    assert(connection->input_size == 0);
    ssize_t got = recv(connection->fd, connection->input, sizeof connection->input, 0);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return;
    if (got <= 0) {
        release(server, connection, connection->decoder.inside ? "closed within a frame" : "closed");
        return;
    }
    connection->moved_ms = mono_ms;
    connection->input_size = (size_t)got;
    decode(server, connection);
}

static void transmit(struct sch_server *server, struct connection *connection, int64_t mono_ms)
{
    ssize_t sent = send(connection->fd, connection->output + connection->output_at,
                        connection->output_size - connection->output_at, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return;
    if (sent < 0) {
        release(server, connection, "closed before its answer");
        return;
    }
    connection->moved_ms = mono_ms;
    connection->output_at += (size_t)sent;
    if (connection->output_at < connection->output_size)
        return;
    free(connection->output);
    connection->output = NULL;
    connection->state = READING;
}

void sch_server_reply(struct sch_server *server, uint64_t id, struct sch_bytes text, int64_t mono_ms)
{
    struct connection *connection = find(server, id);

    if (connection == NULL)
        return;
    assert(connection->state == ANSWERING);
    connection->output = sch_mllp_encode(text, &connection->output_size);
    connection->output_at = 0;
    if (connection->output == NULL) {
        release(server, connection, "closed: out of memory");
        return;
    }
    connection->state = WRITING;
    transmit(server, connection, mono_ms);
}

void sch_server_drop(struct sch_server *server, uint64_t id)
{
    struct connection *connection = find(server, id);

    if (connection != NULL)
        release(server, connection, "dropped");
}

static void accept_all(struct sch_server *server, int64_t mono_ms)
{
    for (size_t i = 0; i < SCH_SERVER_CONNECTIONS_MAX; i++) {
        struct connection *connection = &server->connection[i];
        int yes = 1;
        if (connection->state != FREE)
            continue;
        int fd = accept4(server->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            return;
        /* Both only make things better: their failure changes nothing. */
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
        connection->state = READING;
        connection->fd = fd;
        connection->moved_ms = mono_ms;
        sch_mllp_init(&connection->decoder, server->limit);
        tell(server, connection, "connected");
    }
}

/* ---- the loop's side ------------------------------------------------------------------------------ */

/* A connection that waits for its answer is not polled at all, for a hang-up would make the loop spin. */
size_t sch_server_poll(struct sch_server *server, struct pollfd *fds)
{
    bool room = false;

    for (size_t i = 0; i < SCH_SERVER_CONNECTIONS_MAX; i++) {
        const struct connection *connection = &server->connection[i];
        bool read = connection->state == READING && !server->draining;
        bool write = connection->state == WRITING;
        room = room || connection->state == FREE;
        fds[i + 1] = (struct pollfd){.fd = read || write ? connection->fd : -1,
                                     .events = write ? POLLOUT : POLLIN};
    }
    fds[0] = (struct pollfd){.fd = room && !server->draining ? server->fd : -1, .events = POLLIN};
    return SCH_SERVER_CONNECTIONS_MAX + 1;
}

static bool is_stalled(const struct connection *connection, int64_t mono_ms)
{
    if (connection->state != WRITING && !(connection->state == READING && connection->decoder.inside))
        return false;
    return mono_ms - connection->moved_ms > SCH_SERVER_STALL_MS;
}

void sch_server_step(struct sch_server *server, const struct pollfd *fds, size_t count, int64_t mono_ms)
{
    assert(count == SCH_SERVER_CONNECTIONS_MAX + 1);
    for (size_t i = 0; i < SCH_SERVER_CONNECTIONS_MAX; i++) {
        struct connection *connection = &server->connection[i];
        if (fds[i + 1].fd >= 0 && fds[i + 1].revents != 0 && connection->state == WRITING)
            transmit(server, connection, mono_ms);
        else if (fds[i + 1].fd >= 0 && fds[i + 1].revents != 0 && connection->state == READING
                 && connection->input_size == 0)
            receive(server, connection, mono_ms);
        /* Messages that were received while an earlier one was being answered. */
        if (connection->state == READING && connection->input_size > 0)
            decode(server, connection);
        if (connection->state != FREE && is_stalled(connection, mono_ms))
            release(server, connection, "stalled");
    }
    if (fds[0].fd >= 0 && fds[0].revents != 0)
        accept_all(server, mono_ms);
}
