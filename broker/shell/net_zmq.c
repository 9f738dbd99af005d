/*
 * net_zmq.c: ROUTER, CURVE and ZAP.
 *
 * Frames of a message: routing id, command, body. The User-Id that ZAP gave is "KEYID#HEX", the hex digits
 * being the public key of the handshake: after a reload the same id may name another key, and a
 * connection of the former owner must not speak for the new one.
 */
#include "net_zmq.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include "log.h"

#define ZAP_ENDPOINT "inproc://zeromq.zap.01"
#define ZAP_DOMAIN "scharnier"
#define ZAP_PER_WAIT 64                 /* handshakes answered before messages get their turn again */
#define ZAP_FRAMES 7                    /* version, request id, domain, address, routing id, mechanism, key */

/* libzmq keeps this option among its drafts; its number is fixed since 4.3.0. */
#define OPTION_ZAP_ENFORCE_DOMAIN 93

/* What CURVE wraps around a frame: name, nonce, authenticator, flags. libzmq measures the wrapped one. */
#define CURVE_OVERHEAD 33

#define KEY_HEX_SIZE 65                 /* 64 digits and a NUL */
#define USER_ID_SIZE (SCH_KEY_ID_MAX + 1 + KEY_HEX_SIZE)

struct sch_net {
    void *context;
    void *router;
    void *zap;
    int wake_fd;
    const struct sch_book *book;
    char endpoint[SCH_NET_ENDPOINTS_MAX][SCH_NET_ENDPOINT_MAX + 1];
    size_t endpoint_count;
    struct sch_net_counters counters;
    int64_t stranger_logged_ms;
    /* libzmq forbids moving a zmq_msg_t, so those that are lent stand in place until the release. */
    zmq_msg_t lent[SCH_NET_LENT_MAX * SCH_FRAMES_MAX];
    size_t lent_count;
};

static int64_t mono_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- ZAP --------------------------------------------------------------------------------------- */

/* One request in, its frames beyond the seventh thrown away. Returns how many frames there were; 0: none. */
static size_t zap_receive(void *socket, uint8_t frame[ZAP_FRAMES][256], size_t size[ZAP_FRAMES])
{
    size_t count = 0;
    int more = 1;
    while (more) {
        uint8_t surplus[256];
        bool wanted = count < ZAP_FRAMES;
        int got = zmq_recv(socket, wanted ? frame[count] : surplus, sizeof surplus, ZMQ_DONTWAIT);
        if (got < 0)
            return 0;
        if (wanted)
            size[count] = (size_t)got < sizeof surplus ? (size_t)got : sizeof surplus;
        count++;
        size_t more_size = sizeof more;
        int failed = zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &more_size);
        assert(failed == 0);            /* an open socket always has this option */
    }
    return count;
}

static bool frame_is(const uint8_t *frame, size_t size, const char *text)
{
    return size == strlen(text) && memcmp(frame, text, size) == 0;
}

static void note_stranger(struct sch_net *net, const uint8_t public_key[32])
{
    net->counters.strangers++;
    /* One line a second at most: a stranger decides how often this happens. */
    int64_t now_ms = mono_ms();
    if (now_ms - net->stranger_logged_ms < 1000)
        return;
    net->stranger_logged_ms = now_ms;
    char hex[17];
    sodium_bin2hex(hex, sizeof hex, public_key, 8);
    sch_log(SCH_LOG_WARNING, "UNKNOWN_KEY", "a handshake with a key that no directory knows was refused",
            "public_key=%s… refused=%llu", hex, (unsigned long long)net->counters.strangers);
}

/* Who is it? Writes the User-Id, or returns false. */
static bool zap_identify(struct sch_net *net, uint8_t frame[ZAP_FRAMES][256], const size_t size[ZAP_FRAMES],
                         size_t count, char user_id[USER_ID_SIZE])
{
    if (count != ZAP_FRAMES || !frame_is(frame[0], size[0], "1.0") || !frame_is(frame[2], size[2], ZAP_DOMAIN)
        || !frame_is(frame[5], size[5], "CURVE") || size[6] != 32)
        return false;
    const struct sch_key *key = sch_book_transport(net->book, frame[6]);
    if (key == NULL) {
        note_stranger(net, frame[6]);
        return false;
    }
    char hex[KEY_HEX_SIZE];
    sodium_bin2hex(hex, sizeof hex, frame[6], 32);
    snprintf(user_id, USER_ID_SIZE, "%s#%s", key->id, hex);
    return true;
}

/* Answers one request; false when there was none. */
static bool zap_answer(struct sch_net *net)
{
    uint8_t frame[ZAP_FRAMES][256];
    size_t size[ZAP_FRAMES] = { 0 };
    char user_id[USER_ID_SIZE] = "";
    size_t count = zap_receive(net->zap, frame, size);
    if (count == 0)
        return false;
    bool known = zap_identify(net, frame, size, count, user_id);
    const char *status = known ? "200" : "400";
    const char *text = known ? "OK" : "not in the directory";
    /* The other end is libzmq itself, over inproc: it always reads, and a failed reply only means that the
     * connection ended meanwhile. */
    (void)zmq_send(net->zap, "1.0", 3, ZMQ_SNDMORE | ZMQ_DONTWAIT);
    (void)zmq_send(net->zap, frame[1], size[1], ZMQ_SNDMORE | ZMQ_DONTWAIT);
    (void)zmq_send(net->zap, status, strlen(status), ZMQ_SNDMORE | ZMQ_DONTWAIT);
    (void)zmq_send(net->zap, text, strlen(text), ZMQ_SNDMORE | ZMQ_DONTWAIT);
    (void)zmq_send(net->zap, user_id, strlen(user_id), ZMQ_SNDMORE | ZMQ_DONTWAIT);
    (void)zmq_send(net->zap, "", 0, ZMQ_DONTWAIT);
    return true;
}

/* ---- opening ----------------------------------------------------------------------------------- */

static int set_int(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof value);
}

static int zmq_failed(sch_error *error, const char *what)
{
    return sch_fail(error, SCH_E_IO, "%s: %s", what, zmq_strerror(zmq_errno()));
}

static int set_options(struct sch_net *net, const struct sch_net_options *options, sch_error *error)
{
    static const struct {
        int option, value;
        const char *name;
    } plain[] = {
        { ZMQ_ROUTER_MANDATORY, 1, "ROUTER_MANDATORY" },
        { ZMQ_ROUTER_HANDOVER, 0, "ROUTER_HANDOVER" },
        { ZMQ_LINGER, 0, "LINGER" },
        { ZMQ_BACKLOG, 1024, "BACKLOG" },
        { ZMQ_TCP_KEEPALIVE, 1, "TCP_KEEPALIVE" },
        { ZMQ_SNDHWM, SCH_NET_SEND_HWM, "SNDHWM" },
        { ZMQ_RCVHWM, SCH_NET_RECEIVE_HWM, "RCVHWM" },
        { ZMQ_HEARTBEAT_IVL, 10000, "HEARTBEAT_IVL" },
        { ZMQ_HEARTBEAT_TIMEOUT, 30000, "HEARTBEAT_TIMEOUT" },
        { ZMQ_HEARTBEAT_TTL, 30000, "HEARTBEAT_TTL" },
        { ZMQ_HANDSHAKE_IVL, 4000, "HANDSHAKE_IVL" },
        { ZMQ_CURVE_SERVER, 1, "CURVE_SERVER" },
        { OPTION_ZAP_ENFORCE_DOMAIN, 1, "ZAP_ENFORCE_DOMAIN" },
    };
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (set_int(net->router, plain[i].option, plain[i].value) != 0)
            return zmq_failed(error, plain[i].name);
    int64_t frame_size_max = SCH_NET_FRAME_SIZE_MAX + CURVE_OVERHEAD;
    if (zmq_setsockopt(net->router, ZMQ_MAXMSGSIZE, &frame_size_max, sizeof frame_size_max) != 0)
        return zmq_failed(error, "MAXMSGSIZE");
    if (zmq_setsockopt(net->router, ZMQ_ZAP_DOMAIN, ZAP_DOMAIN, strlen(ZAP_DOMAIN)) != 0)
        return zmq_failed(error, "ZAP_DOMAIN");
    if (zmq_setsockopt(net->router, ZMQ_CURVE_PUBLICKEY, options->public_key, 32) != 0
        || zmq_setsockopt(net->router, ZMQ_CURVE_SECRETKEY, options->secret_key, 32) != 0)
        return zmq_failed(error, "CURVE key");
    return SCH_OK;
}

/* "tcp://[::1]:5890" is IPv6, which libzmq takes only when told; what is not in brackets stays IPv4. */
static bool listen_on(struct sch_net *net, const char *endpoint)
{
    return set_int(net->router, ZMQ_IPV6, strchr(endpoint, '[') != NULL) == 0 && zmq_bind(net->router, endpoint) == 0;
}

static int bind_all(struct sch_net *net, const struct sch_net_options *options, sch_error *error)
{
    for (size_t i = 0; i < options->endpoint_count; i++) {
        const char *endpoint = options->endpoint[i];
        size_t size = sizeof net->endpoint[i];
        if (!listen_on(net, endpoint) ||
            zmq_getsockopt(net->router, ZMQ_LAST_ENDPOINT, net->endpoint[i], &size) != 0)
            return sch_fail(error, SCH_E_IO, "cannot listen on %s ([broker] listen): %s", endpoint,
                            zmq_strerror(zmq_errno()));
        net->endpoint_count++;
    }
    return SCH_OK;
}

/* The ZAP handler is bound before the ROUTER: without it strangers would be let in. */
static int open_sockets(struct sch_net *net, const struct sch_net_options *options, sch_error *error)
{
    net->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (net->wake_fd < 0)
        return sch_fail(error, SCH_E_IO, "eventfd: %s", strerror(errno));
    net->context = zmq_ctx_new();
    if (net->context == NULL)
        return zmq_failed(error, "zmq_ctx_new");
    int io_threads = options->io_threads > 0 ? (int)options->io_threads : 1;
    if (zmq_ctx_set(net->context, ZMQ_IO_THREADS, io_threads) != 0)
        return zmq_failed(error, "IO_THREADS");
    net->zap = zmq_socket(net->context, ZMQ_REP);
    if (net->zap == NULL || set_int(net->zap, ZMQ_LINGER, 0) != 0 || zmq_bind(net->zap, ZAP_ENDPOINT) != 0)
        return zmq_failed(error, ZAP_ENDPOINT);
    net->router = zmq_socket(net->context, ZMQ_ROUTER);
    if (net->router == NULL)
        return zmq_failed(error, "ROUTER");
    int code = set_options(net, options, error);
    return code != SCH_OK ? code : bind_all(net, options, error);
}

int sch_net_open(struct sch_net **net, const struct sch_net_options *options, sch_error *error)
{
    assert(options->endpoint_count > 0 && options->endpoint_count <= SCH_NET_ENDPOINTS_MAX && options->book != NULL);
    if (!zmq_has("curve"))
        return sch_fail(error, SCH_E_IO, "this libzmq was built without CURVE");
    struct sch_net *made = calloc(1, sizeof *made);
    if (made == NULL)
        return sch_fail(error, SCH_E_NO_MEMORY, "no memory for the net");
    made->wake_fd = -1;
    made->book = options->book;
    made->stranger_logged_ms = INT64_MIN / 2;
    int code = open_sockets(made, options, error);
    if (code != SCH_OK) {
        sch_net_close(made);
        return code;
    }
    *net = made;
    return SCH_OK;
}

void sch_net_close(struct sch_net *net)
{
    if (net == NULL)
        return;
    sch_net_release(net);
    if (net->router != NULL)
        zmq_close(net->router);
    if (net->zap != NULL)
        zmq_close(net->zap);
    if (net->context != NULL)
        zmq_ctx_term(net->context);
    if (net->wake_fd >= 0)
        close(net->wake_fd);
    free(net);
}

void sch_net_set_book(struct sch_net *net, const struct sch_book *book)
{
    net->book = book;
}

const char *sch_net_endpoint(const struct sch_net *net, size_t index)
{
    return index < net->endpoint_count ? net->endpoint[index] : NULL;
}

void sch_net_count(const struct sch_net *net, struct sch_net_counters *counters)
{
    *counters = net->counters;
}

/* ---- waiting ------------------------------------------------------------------------------------ */

void sch_net_wait(struct sch_net *net, int64_t timeout_ms)
{
    int64_t until_ms = timeout_ms < 0 ? INT64_MAX : mono_ms() + timeout_ms;
    int64_t rest_ms = timeout_ms;
    for (;;) {
        zmq_pollitem_t item[] = {
            { net->router, 0, ZMQ_POLLIN, 0 },
            { net->zap, 0, ZMQ_POLLIN, 0 },
            { NULL, net->wake_fd, ZMQ_POLLIN, 0 },
        };
        long wait_ms = rest_ms < 0 ? -1 : (long)rest_ms;
        if (zmq_poll(item, 3, wait_ms) < 0)
            return;                     /* a signal: the caller looks around and comes back */
        if (item[2].revents != 0) {
            uint64_t times;
            ssize_t got = read(net->wake_fd, &times, sizeof times);
            (void)got;
        }
        if (item[1].revents != 0)
            for (int i = 0; i < ZAP_PER_WAIT && zap_answer(net); i++)
                continue;
        if (item[0].revents != 0 || item[2].revents != 0)
            return;
        /* Only handshakes, or nothing: they are no reason to run a turn. */
        int64_t now_ms = timeout_ms < 0 ? 0 : mono_ms();
        if (now_ms >= until_ms)
            return;
        rest_ms = timeout_ms < 0 ? -1 : until_ms - now_ms;
    }
}

void sch_net_wake(struct sch_net *net)
{
    /* write(2) is safe in a signal handler; a full counter means that the wait ends anyway. */
    uint64_t one = 1;
    int saved = errno;
    ssize_t written = write(net->wake_fd, &one, sizeof one);
    (void)written;
    errno = saved;
}

/* ---- receiving ---------------------------------------------------------------------------------- */

static bool receive_frame(void *socket, zmq_msg_t *frame)
{
    int got;
    do
        got = zmq_msg_recv(frame, socket, ZMQ_DONTWAIT);
    while (got < 0 && zmq_errno() == EINTR);
    return got >= 0;
}

/* Takes the key id out of the User-Id of a payload frame; false when it proves nothing (any more). */
static bool prove(const struct sch_net *net, zmq_msg_t *frame, char key_id[SCH_KEY_ID_MAX + 1])
{
    const char *user_id = zmq_msg_gets(frame, "User-Id");
    const char *hash = user_id == NULL ? NULL : strchr(user_id, '#');
    if (hash == NULL || hash == user_id || (size_t)(hash - user_id) > SCH_KEY_ID_MAX)
        return false;
    memset(key_id, 0, SCH_KEY_ID_MAX + 1);
    memcpy(key_id, user_id, (size_t)(hash - user_id));
    const struct sch_key *key = sch_book_key(net->book, key_id);
    if (key == NULL)
        return true;                    /* taken out of the directory since: the turn says so to its owner */
    char hex[KEY_HEX_SIZE];
    sodium_bin2hex(hex, sizeof hex, key->public_key, 32);
    return strcmp(hash + 1, hex) == 0;
}

/* Reads the payload frames of one message: the first two are kept in `lent`, the others thrown away. The key
 * is read from the last one (TRAPS: the routing id's frame carries none). */
static void receive_payload(struct sch_net *net, struct sch_inbound *message, bool *proven)
{
    struct sch_bytes *const slot[SCH_FRAMES_MAX] = { &message->command, &message->body };
    zmq_msg_t surplus;
    bool more = true;
    *proven = false;
    while (more) {
        bool keep = message->frame_count < SCH_FRAMES_MAX;
        zmq_msg_t *frame = keep ? &net->lent[net->lent_count] : &surplus;
        zmq_msg_init(frame);
        bool got = receive_frame(net->router, frame);
        assert(got);                    /* libzmq hands over whole messages only */
        more = zmq_msg_more(frame);
        if (!more)
            *proven = prove(net, frame, message->key_id);
        if (keep) {
            slot[message->frame_count]->ptr = zmq_msg_data(frame);
            slot[message->frame_count]->len = zmq_msg_size(frame);
            net->lent_count++;
        } else {
            net->counters.surplus_frames++;
            zmq_msg_close(frame);
        }
        message->frame_count++;
    }
}

static void release_down_to(struct sch_net *net, size_t count)
{
    while (net->lent_count > count)
        zmq_msg_close(&net->lent[--net->lent_count]);
}

/* One message, proven or not; false when there is none. */
static bool receive_message(struct sch_net *net, struct sch_inbound *message, bool *proven)
{
    zmq_msg_t routing_id;
    memset(message, 0, sizeof *message);
    zmq_msg_init(&routing_id);
    if (!receive_frame(net->router, &routing_id)) {
        zmq_msg_close(&routing_id);
        return false;
    }
    size_t size = zmq_msg_size(&routing_id);
    bool fits = size <= SCH_PEER_SIZE;  /* a ROUTER's are never empty */
    if (fits) {
        message->peer.size = (uint8_t)size;
        memcpy(message->peer.bytes, zmq_msg_data(&routing_id), size);
    }
    assert(zmq_msg_more(&routing_id));  /* a ROUTER puts it before a message */
    zmq_msg_close(&routing_id);
    receive_payload(net, message, proven);
    *proven = *proven && fits;
    return true;
}

bool sch_net_recv(struct sch_net *net, struct sch_inbound *message)
{
    while (net->lent_count + SCH_FRAMES_MAX <= SCH_NET_LENT_MAX * SCH_FRAMES_MAX) {
        size_t before = net->lent_count;
        bool proven;
        if (!receive_message(net, message, &proven))
            return false;
        if (proven)
            return true;
        release_down_to(net, before);
        net->counters.dropped++;
    }
    return false;
}

void sch_net_release(struct sch_net *net)
{
    release_down_to(net, 0);
}

/* ---- sending ------------------------------------------------------------------------------------ */

static bool copy_frame(zmq_msg_t *frame, const void *bytes, size_t size)
{
    if (zmq_msg_init_size(frame, size) != 0)
        return false;
    if (size > 0)
        memcpy(zmq_msg_data(frame), bytes, size);
    return true;
}

/* Sends all frames or none: ROUTER decides on the first one, the routing id, and every frame is made
 * before that. */
static enum sch_sent send_frames(void *router, zmq_msg_t frame[3], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int flags = ZMQ_DONTWAIT | (i + 1 < count ? ZMQ_SNDMORE : 0);
        int sent;
        do
            sent = zmq_msg_send(&frame[i], router, flags);
        while (sent < 0 && zmq_errno() == EINTR);
        if (sent >= 0)
            continue;
        int cause = zmq_errno();
        for (size_t j = i; j < count; j++)
            zmq_msg_close(&frame[j]);
        return cause == EAGAIN ? SCH_SENT_STALLED : SCH_SENT_GONE;
    }
    return SCH_SENT;
}

enum sch_sent sch_net_send(struct sch_net *net, const struct sch_peer *peer, struct sch_bytes reply,
                           struct sch_bytes body)
{
    assert(peer->size > 0 && peer->size <= SCH_PEER_SIZE);
    zmq_msg_t frame[3];
    const struct sch_bytes part[3] = { { peer->bytes, peer->size }, reply, body };
    size_t count = body.len > 0 ? 3 : 2;
    for (size_t i = 0; i < count; i++) {
        if (copy_frame(&frame[i], part[i].ptr, part[i].len))
            continue;
        while (i > 0)
            zmq_msg_close(&frame[--i]);
        return SCH_SENT_STALLED;        /* out of memory: the message stays in the store */
    }
    return send_frames(net->router, frame, count);
}
