/* link.c: see link.h. Must not know what the bytes mean. */
#include "link.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#define SEND_TIMEOUT_MS 1000
#define HANDSHAKE_MS 4000
#define HEARTBEAT_MS 10000
#define HEARTBEAT_TIMEOUT_MS 30000
#define RECONNECT_MS 500
#define RECONNECT_MAX_MS 30000
#define SEND_HIGH_WATER 64
#define RECEIVE_HIGH_WATER 1024         /* what the broker sends is bounded by window and credit */
#define FAREWELL_MS 200                 /* for the last words of a client that closes */
#define ZAP_REFUSED 400

int64_t sch_link_mono_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool watch_fd(struct sch_link *link, int fd)
{
    struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
    return epoll_ctl(link->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static int socket_fd(void *socket)
{
    int fd = -1;
    size_t size = sizeof fd;
    if (zmq_getsockopt(socket, ZMQ_FD, &fd, &size) != 0)
        return -1;
    return fd;
}

int sch_link_init(struct sch_link *link, const struct sch_client_config *config, sch_error *error)
{
    memset(link, 0, sizeof *link);
    link->config = config;
    link->kick = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    link->epoll = epoll_create1(EPOLL_CLOEXEC);
    link->context = zmq_ctx_new();
    if (link->kick >= 0 && link->epoll >= 0 && link->context && watch_fd(link, link->kick))
        return SCH_OK;
    int code = sch_fail(error, SCH_E_IO, "cannot make a socket's descriptors: %s", strerror(errno));
    sch_link_close(link);
    return code;
}

static void close_socket(struct sch_link *link)
{
    if (link->socket) {
        /* The descriptors die with their sockets, some time later and in another thread. */
        epoll_ctl(link->epoll, EPOLL_CTL_DEL, socket_fd(link->socket), NULL);
        zmq_socket_monitor(link->socket, NULL, 0);
        zmq_close(link->socket);
    }
    if (link->monitor) {
        epoll_ctl(link->epoll, EPOLL_CTL_DEL, socket_fd(link->monitor), NULL);
        zmq_close(link->monitor);
    }
    link->socket = link->monitor = NULL;
    link->connected = link->ready = link->lost = false;
}

static bool set_int(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof value) == 0;
}

void sch_link_close(struct sch_link *link)
{
    if (link->context) {
        if (link->socket && link->ready)
            (void)set_int(link->socket, ZMQ_LINGER, FAREWELL_MS);
        close_socket(link);
        zmq_ctx_term(link->context);
    }
    if (link->epoll >= 0)
        close(link->epoll);
    if (link->kick >= 0)
        close(link->kick);
    memset(link, 0, sizeof *link);
    link->epoll = link->kick = -1;
}

static bool set_options(const struct sch_link *link, void *socket)
{
    const struct sch_client_config *config = link->config;
    int64_t frame_size_max = SCH_REPLY_SIZE_MAX;
    /* What is in brackets is IPv6, which libzmq takes only when told. */
    return set_int(socket, ZMQ_IPV6, strchr(config->endpoint, '[') != NULL) &&
           set_int(socket, ZMQ_IMMEDIATE, 1) && set_int(socket, ZMQ_LINGER, 0) &&
           set_int(socket, ZMQ_RECONNECT_IVL, RECONNECT_MS) &&
           set_int(socket, ZMQ_RECONNECT_IVL_MAX, RECONNECT_MAX_MS) &&
           set_int(socket, ZMQ_SNDTIMEO, SEND_TIMEOUT_MS) &&
           set_int(socket, ZMQ_HEARTBEAT_IVL, HEARTBEAT_MS) &&
           set_int(socket, ZMQ_HEARTBEAT_TIMEOUT, HEARTBEAT_TIMEOUT_MS) &&
           set_int(socket, ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS) && set_int(socket, ZMQ_SNDHWM, SEND_HIGH_WATER) &&
           set_int(socket, ZMQ_RCVHWM, RECEIVE_HIGH_WATER) &&
           zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &frame_size_max, sizeof frame_size_max) == 0 &&
           zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, config->server_key, 32) == 0 &&
           zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, config->transport_key.public_key, 32) == 0 &&
           zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, config->transport_key.secret_key, 32) == 0;
}

static bool set_monitor(struct sch_link *link)
{
    char endpoint[64];
    snprintf(endpoint, sizeof endpoint, "inproc://monitor-%u", link->generation);
    link->monitor = zmq_socket(link->context, ZMQ_PAIR);
    return link->monitor && zmq_socket_monitor(link->socket, endpoint, ZMQ_EVENT_ALL) == 0 &&
           set_int(link->monitor, ZMQ_LINGER, 0) && zmq_connect(link->monitor, endpoint) == 0 &&
           watch_fd(link, socket_fd(link->monitor));
}

int sch_link_open(struct sch_link *link, sch_error *error)
{
    close_socket(link);
    link->generation++;
    link->opened_at = sch_link_mono_ms();
    link->retry_at = 0;
    link->socket = zmq_socket(link->context, ZMQ_DEALER);
    int code = SCH_OK;
    if (!link->socket || !set_options(link, link->socket) || !watch_fd(link, socket_fd(link->socket)) ||
        !set_monitor(link))
        code = sch_fail(error, SCH_E_IO, "cannot make a socket: %s", zmq_strerror(errno));
    else if (zmq_connect(link->socket, link->config->endpoint) != 0)
        code = sch_fail(error, SCH_E_CONFIG, "endpoint %s: %s", link->config->endpoint, zmq_strerror(errno));
    if (code != SCH_OK)
        close_socket(link);
    return code;
}

void sch_link_drop(struct sch_link *link, int64_t retry_at)
{
    close_socket(link);
    link->retry_at = retry_at;
}

/* ---- the monitor -------------------------------------------------------------------------------- */

/* A handshake broke off without a word: the broker could not read what we sealed with its key. */
static void note_broken_handshake(struct sch_link *link)
{
    link->failures++;
    if (link->blame != SCH_E_UNKNOWN_KEY)
        link->blame = SCH_E_SERVER_KEY;
}

static void take_event(struct sch_link *link, unsigned event, uint32_t value)
{
    switch (event) {
    case ZMQ_EVENT_CONNECTED:
        link->connected = true;
        break;
    case ZMQ_EVENT_CONNECT_RETRIED:
    case ZMQ_EVENT_CLOSED:
        if (!link->connected && link->failures == 0 && link->blame != SCH_E_UNKNOWN_KEY)
            link->blame = SCH_E_UNREACHABLE;
        break;
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        link->ready = true;
        link->failures = 0;
        link->blame = SCH_OK;
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        if (value == ZAP_REFUSED) {
            link->blame = SCH_E_UNKNOWN_KEY;
            link->lost = true;          /* libzmq does not try again by itself */
        }
        link->connected = false;
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
        note_broken_handshake(link);
        link->connected = false;
        break;
    case ZMQ_EVENT_DISCONNECTED:
        if (link->ready)
            link->lost = true;
        else if (link->connected)
            note_broken_handshake(link);
        link->connected = false;
        break;
    default:
        break;
    }
}

void sch_link_watch(struct sch_link *link)
{
    if (!link->monitor)
        return;
    for (;;) {
        zmq_msg_t first, endpoint;
        zmq_msg_init(&first);
        zmq_msg_init(&endpoint);
        bool got = zmq_msg_recv(&first, link->monitor, ZMQ_DONTWAIT) >= 0;
        if (got && zmq_msg_more(&first))
            (void)zmq_msg_recv(&endpoint, link->monitor, 0);
        if (got && zmq_msg_size(&first) == 6) {
            uint16_t event;
            uint32_t value;
            memcpy(&event, zmq_msg_data(&first), sizeof event);
            memcpy(&value, (const uint8_t *)zmq_msg_data(&first) + 2, sizeof value);
            take_event(link, event, value);
        }
        zmq_msg_close(&first);
        zmq_msg_close(&endpoint);
        if (!got)
            return;
    }
}

/* ---- messages ----------------------------------------------------------------------------------- */

void sch_link_release(struct sch_link_message *message)
{
    for (size_t i = 0; i < SCH_FRAMES_MAX; i++) {
        if (message->frame[i]) {
            zmq_msg_close(message->frame[i]);
            free(message->frame[i]);
        }
    }
    memset(message, 0, sizeof *message);
}

/* Takes one frame; *more: another follows. NULL: none came. Frames past the limit are read and dropped. */
static zmq_msg_t *take_frame(struct sch_link *link, bool *more)
{
    zmq_msg_t *frame = malloc(sizeof *frame);
    *more = false;
    if (!frame)
        return NULL;                    /* what is in the pipe stays there */
    zmq_msg_init(frame);
    if (zmq_msg_recv(frame, link->socket, ZMQ_DONTWAIT) < 0) {
        zmq_msg_close(frame);
        free(frame);
        return NULL;
    }
    *more = zmq_msg_more(frame) != 0;
    return frame;
}

static struct sch_bytes bytes_of(zmq_msg_t *frame)
{
    return (struct sch_bytes){ zmq_msg_data(frame), zmq_msg_size(frame) };
}

bool sch_link_recv(struct sch_link *link, struct sch_link_message *message)
{
    memset(message, 0, sizeof *message);
    if (!link->socket)
        return false;
    bool more = true;
    size_t count = 0;
    while (more) {
        zmq_msg_t *frame = take_frame(link, &more);
        if (!frame) {
            sch_link_release(message);
            return false;
        }
        if (count < SCH_FRAMES_MAX) {
            message->frame[count] = frame;
        } else {
            zmq_msg_close(frame);
            free(frame);
        }
        count++;
    }
    if (count > SCH_FRAMES_MAX) {
        sch_link_release(message);      /* not ours: an empty command is refused by the decoder */
        return true;
    }
    message->command = bytes_of(message->frame[0]);
    if (count == 2)
        message->body = bytes_of(message->frame[1]);
    return true;
}

bool sch_link_send(struct sch_link *link, struct sch_bytes command, struct sch_bytes body)
{
    if (!link->socket || !link->ready || link->lost)
        return false;
    int more = body.len > 0 ? ZMQ_SNDMORE : 0;
    if (zmq_send(link->socket, command.ptr, command.len, ZMQ_DONTWAIT | more) < 0)
        return false;
    /* A first part that was taken reserves the way for the second. */
    return body.len == 0 || zmq_send(link->socket, body.ptr, body.len, 0) >= 0;
}

/* ---- waiting ------------------------------------------------------------------------------------ */

void sch_link_wait(struct sch_link *link, int timeout_ms)
{
    struct epoll_event event;
    (void)epoll_wait(link->epoll, &event, 1, timeout_ms);
}

void sch_link_kick(struct sch_link *link)
{
    uint64_t one = 1;
    (void)!write(link->kick, &one, sizeof one);
}

void sch_link_calm(struct sch_link *link)
{
    uint64_t count;
    (void)!read(link->kick, &count, sizeof count);
}

static bool is_readable(void *socket)
{
    int events = 0;
    size_t size = sizeof events;
    return socket && zmq_getsockopt(socket, ZMQ_EVENTS, &events, &size) == 0 && (events & ZMQ_POLLIN) != 0;
}

void sch_link_arm(struct sch_link *link)
{
    if (is_readable(link->socket) || is_readable(link->monitor))
        sch_link_kick(link);
}
