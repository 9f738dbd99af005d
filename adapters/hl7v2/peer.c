/* peer.c: see peer.h. */
#include "peer.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "message.h"
#include "mllp.h"

#define BACKOFF_FIRST_MS 500
#define BACKOFF_MAX_MS 30000
#define CONNECT_MS 10000
#define ACK_SIZE_MAX (256U * 1024)
#define ARENA_SIZE (1024U * 1024)

enum state { DOWN, CONNECTING, IDLE, SENDING, AWAITING };

struct outgoing {
    struct outgoing *next;
    uint64_t token;
    char control_id[SCH_PEER_CONTROL_ID_MAX + 1];
    uint8_t *frame;                     /* heap */
    size_t size, at;
    unsigned tries;
};

struct sch_peer {
    char host[256], port[16];
    int64_t ack_timeout_ms;
    sch_peer_on_answer *on_answer;
    sch_peer_on_event *on_event;
    void *context;
    enum state state;
    int fd;
    int64_t due_ms;                     /* DOWN: try again; CONNECTING, SENDING, AWAITING: give up */
    int64_t backoff_ms;
    bool told;                          /* that it cannot be reached: said once per outage */
    struct outgoing *first, **last;
    size_t count;
    struct sch_mllp_decoder decoder;
    struct sch_arena arena;
};

/* ---- opening ----------------------------------------------------------------------------------- */

struct sch_peer *sch_peer_open(const char *host, const char *port, int64_t ack_timeout_ms,
                               sch_peer_on_answer *on_answer, sch_peer_on_event *on_event, void *context,
                               sch_error *error)
{
    struct sch_peer *peer = calloc(1, sizeof *peer);

    if (peer == NULL || sch_arena_init(&peer->arena, ARENA_SIZE) != SCH_OK) {
        free(peer);
        sch_fail(error, SCH_E_NO_MEMORY, "the sender");
        return NULL;
    }
    snprintf(peer->host, sizeof peer->host, "%s", host);
    snprintf(peer->port, sizeof peer->port, "%s", port);
    peer->ack_timeout_ms = ack_timeout_ms;
    peer->on_answer = on_answer;
    peer->on_event = on_event;
    peer->context = context;
    peer->fd = -1;
    peer->last = &peer->first;
    sch_mllp_init(&peer->decoder, ACK_SIZE_MAX);
    return peer;
}

static struct outgoing *take_first(struct sch_peer *peer)
{
    struct outgoing *message = peer->first;

    peer->first = message->next;
    if (peer->first == NULL)
        peer->last = &peer->first;
    peer->count--;
    return message;
}

static void discard(struct outgoing *message)
{
    free(message->frame);
    free(message);
}

void sch_peer_close(struct sch_peer *peer)
{
    if (peer == NULL)
        return;
    while (peer->first != NULL)
        discard(take_first(peer));
    if (peer->fd >= 0)
        close(peer->fd);
    sch_mllp_close(&peer->decoder);
    sch_arena_close(&peer->arena);
    free(peer);
}

int sch_peer_offer(struct sch_peer *peer, uint64_t token, const char *control_id, struct sch_bytes text)
{
    struct outgoing *message = calloc(1, sizeof *message);

    assert(strlen(control_id) <= SCH_PEER_CONTROL_ID_MAX);
    if (message == NULL || (message->frame = sch_mllp_encode(text, &message->size)) == NULL) {
        free(message);
        return SCH_E_NO_MEMORY;
    }
    message->token = token;
    snprintf(message->control_id, sizeof message->control_id, "%s", control_id);
    *peer->last = message;
    peer->last = &message->next;
    peer->count++;
    return SCH_OK;
}

size_t sch_peer_queued(const struct sch_peer *peer)
{
    return peer->count;
}

/* ---- the connection ------------------------------------------------------------------------------ */

/* Answers for the first message and forgets it. */
static void answer(struct sch_peer *peer, enum sch_peer_answer answer)
{
    struct outgoing *message = take_first(peer);
    uint64_t token = message->token;

    discard(message);
    peer->on_answer(peer->context, token, answer);
}

static void go_down(struct sch_peer *peer, int64_t mono_ms)
{
    if (peer->fd >= 0)
        close(peer->fd);
    peer->fd = -1;
    peer->state = DOWN;
    sch_mllp_next(&peer->decoder);
    if (peer->first != NULL)
        peer->first->at = 0;
    peer->backoff_ms = peer->backoff_ms == 0 ? BACKOFF_FIRST_MS : peer->backoff_ms * 2;
    if (peer->backoff_ms > BACKOFF_MAX_MS)
        peer->backoff_ms = BACKOFF_MAX_MS;
    peer->due_ms = mono_ms + peer->backoff_ms;
}

/* The connection failed; a message that was on its way counts a try. */
static void fail(struct sch_peer *peer, const char *what, int64_t mono_ms)
{
    bool underway = peer->state == SENDING || peer->state == AWAITING;
    bool connecting = peer->state == CONNECTING || peer->state == DOWN;
    bool idle = peer->state == IDLE;

    if (!connecting || !peer->told)
        peer->on_event(peer->context, what);
    peer->told = connecting;
    go_down(peer, mono_ms);
    /* A peer that closes between messages is no failure: the next message connects at once. */
    if (idle) {
        peer->backoff_ms = 0;
        peer->due_ms = mono_ms;
    }
    if (underway && ++peer->first->tries >= SCH_PEER_TRIES_MAX)
        answer(peer, SCH_PEER_SILENT);
}

static void connected(struct sch_peer *peer)
{
    int yes = 1;

    (void)setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    (void)setsockopt(peer->fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
    peer->state = IDLE;
    peer->told = false;
    peer->on_event(peer->context, "connected");
}

static void begin_connect(struct sch_peer *peer, int64_t mono_ms)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG}, *found = NULL;

    if (getaddrinfo(peer->host, peer->port, &hints, &found) != 0) {
        fail(peer, "unreachable", mono_ms);
        return;
    }
    peer->fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int result = peer->fd < 0 ? -1 : connect(peer->fd, found->ai_addr, found->ai_addrlen);
    bool pending = result != 0 && peer->fd >= 0 && errno == EINPROGRESS;
    freeaddrinfo(found);
    if (result == 0) {
        connected(peer);
    } else if (pending) {
        peer->state = CONNECTING;
        peer->due_ms = mono_ms + CONNECT_MS;
    } else {
        fail(peer, "unreachable", mono_ms);
    }
}

static void finish_connect(struct sch_peer *peer, int64_t mono_ms)
{
    int error = 0;
    socklen_t size = sizeof error;

    if (getsockopt(peer->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0)
        fail(peer, "unreachable", mono_ms);
    else
        connected(peer);
}

/* ---- frames ------------------------------------------------------------------------------------ */

static void transmit(struct sch_peer *peer, int64_t mono_ms)
{
    struct outgoing *message = peer->first;
    ssize_t sent = send(peer->fd, message->frame + message->at, message->size - message->at,
                        MSG_NOSIGNAL | MSG_DONTWAIT);

    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return;
    if (sent < 0) {
        fail(peer, "closed", mono_ms);
        return;
    }
    message->at += (size_t)sent;
    if (message->at == message->size)
        peer->state = AWAITING;
}

/* The answer in an acknowledgement; 0 with *what when it is none to the message in flight. */
static enum sch_peer_answer judge(struct sch_peer *peer, struct sch_bytes text, const char **what)
{
    struct sch_hl7_message ack;

    sch_arena_reset(&peer->arena);
    *what = "unreadable acknowledgement";
    if (sch_hl7_parse(text, &peer->arena, &ack) != SCH_OK)
        return 0;
    const char *code = sch_hl7_get(&ack, "MSA", 1, 1, &peer->arena);
    const char *control_id = sch_hl7_get(&ack, "MSA", 2, 1, &peer->arena);
    *what = "wrong MSA-2";
    if (strcmp(control_id, peer->first->control_id) != 0)
        return 0;
    *what = "unknown MSA-1";
    if (strcmp(code, "AA") == 0 || strcmp(code, "CA") == 0)
        return SCH_PEER_ACCEPTED;
    if (strcmp(code, "AE") == 0 || strcmp(code, "CE") == 0)
        return SCH_PEER_FAILED;
    if (strcmp(code, "AR") == 0 || strcmp(code, "CR") == 0)
        return SCH_PEER_REJECTED;
    return 0;
}

/* A whole message came. Returns false when the connection was given up. */
static bool take_answer(struct sch_peer *peer, int64_t mono_ms)
{
    struct sch_bytes text = {peer->decoder.text, peer->decoder.size};
    const char *what;

    if (peer->state != AWAITING) {
        fail(peer, "unexpected message", mono_ms);
        return false;
    }
    enum sch_peer_answer verdict = judge(peer, text, &what);
    if (verdict == 0) {
        fail(peer, what, mono_ms);
        return false;
    }
    sch_mllp_next(&peer->decoder);
    peer->state = IDLE;
    peer->backoff_ms = 0;
    answer(peer, verdict);
    return true;
}

static void receive(struct sch_peer *peer, int64_t mono_ms)
{
    uint8_t bytes[8192];
    enum sch_mllp_event event;
    ssize_t got = recv(peer->fd, bytes, sizeof bytes, MSG_DONTWAIT);

    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return;
    if (got <= 0) {
        fail(peer, "closed", mono_ms);
        return;
    }
    for (size_t at = 0; at < (size_t)got;) {
        at += sch_mllp_feed(&peer->decoder, bytes + at, (size_t)got - at, &event);
        if (event == SCH_MLLP_FRAME && take_answer(peer, mono_ms))
            continue;
        if (event == SCH_MLLP_GARBAGE || event == SCH_MLLP_OVERSIZE)
            fail(peer, "garbage instead of an acknowledgement", mono_ms);
        if (event != SCH_MLLP_MORE)
            return;
    }
}

/* ---- the loop's side ------------------------------------------------------------------------------ */

/* Moves on what needs no event: connects when something waits, begins the next frame. */
static void advance(struct sch_peer *peer, int64_t mono_ms)
{
    if (peer->state == DOWN && peer->first != NULL && mono_ms >= peer->due_ms)
        begin_connect(peer, mono_ms);
    if (peer->state == IDLE && peer->first != NULL) {
        peer->state = SENDING;
        peer->due_ms = mono_ms + peer->ack_timeout_ms;
        transmit(peer, mono_ms);
    }
}

void sch_peer_poll(struct sch_peer *peer, struct pollfd *fd, int64_t mono_ms)
{
    advance(peer, mono_ms);
    *fd = (struct pollfd){.fd = peer->fd, .events = POLLIN};
    if (peer->state == CONNECTING)
        fd->events = POLLOUT;
    else if (peer->state == SENDING)
        fd->events = POLLIN | POLLOUT;
}

int sch_peer_wait_ms(const struct sch_peer *peer, int64_t mono_ms)
{
    if (peer->state == IDLE || (peer->state == DOWN && peer->first == NULL))
        return peer->state == IDLE && peer->first != NULL ? 0 : -1;
    int64_t left = peer->due_ms - mono_ms;
    return left <= 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

void sch_peer_step(struct sch_peer *peer, const struct pollfd *fd, int64_t mono_ms)
{
    bool happened = fd->fd >= 0 && fd->fd == peer->fd && fd->revents != 0;

    if (happened && peer->state == CONNECTING)
        finish_connect(peer, mono_ms);
    else if (happened && (fd->revents & (POLLIN | POLLHUP | POLLERR)) != 0)
        receive(peer, mono_ms);
    if (happened && peer->state == SENDING)
        transmit(peer, mono_ms);
    if (peer->state == CONNECTING && mono_ms >= peer->due_ms)
        fail(peer, "unreachable", mono_ms);
    else if ((peer->state == SENDING || peer->state == AWAITING) && mono_ms >= peer->due_ms)
        fail(peer, "ack timeout", mono_ms);
    advance(peer, mono_ms);
}
