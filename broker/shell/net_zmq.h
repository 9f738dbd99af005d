/*
 * net_zmq.h: the net port over ZeroMQ: one ROUTER with CURVE, and its ZAP handler in the same thread.
 *
 * The handshake asks ZAP; ZAP asks the book. A key that no directory knows is refused there (400: its
 * owner's socket does not try again). A revoked or expired key gets in, so that the turn can tell its owner
 * why nothing works. What is proven about a connection is its key, and it is read from every message anew.
 *
 * Must not know: commands, dossiers, the store.
 */
#ifndef SCH_SHELL_NET_ZMQ_H
#define SCH_SHELL_NET_ZMQ_H

#include "book.h"
#include "ports.h"

#define SCH_NET_ENDPOINTS_MAX 4
#define SCH_NET_ENDPOINT_MAX 127        /* bytes of "tcp://127.0.0.1:5890" */

/* Between two sch_net_release() so many messages are handed out; then sch_net_recv() says "none". */
#define SCH_NET_LENT_MAX 1024

/* Beyond the largest body, so that one that is a little too large is answered and not cut off. */
#define SCH_NET_FRAME_SIZE_MAX (SCH_BODY_SIZE_MAX + 65536)

/* Messages that wait per connection. Credit does the flow control, not this: on the way out there is room for a
 * session's whole credit and as many answers as a client may wait for, so that an answer is not lost to letters. */
#define SCH_NET_RECEIVE_HWM 64
#define SCH_NET_SEND_HWM (SCH_CREDIT_MESSAGES_MAX + SCH_REQUESTS_MAX)

struct sch_net_options {
    char endpoint[SCH_NET_ENDPOINTS_MAX][SCH_NET_ENDPOINT_MAX + 1];     /* "tcp://127.0.0.1:5890" */
    size_t endpoint_count;
    uint8_t public_key[32];
    uint8_t secret_key[32];
    const struct sch_book *book;        /* borrowed until sch_net_set_book() or sch_net_close() */
    unsigned io_threads;                /* 0: one */
};

/* What happened below the port, since the start. */
struct sch_net_counters {
    uint64_t strangers;                 /* handshakes refused */
    uint64_t dropped;                   /* messages without a proven key, or with an odd routing id */
    uint64_t surplus_frames;            /* frames read and thrown away beyond SCH_FRAMES_MAX */
};

/* Binds. Errors: IO (an endpoint cannot be bound; libzmq without CURVE or ZAP enforcement), NO_MEMORY. */
int sch_net_open(struct sch_net **net, const struct sch_net_options *options, sch_error *error);

/* NULL-safe. Unsent messages are dropped: they stand in the store. */
void sch_net_close(struct sch_net *net);

/* From the next handshake and message on. */
void sch_net_set_book(struct sch_net *net, const struct sch_book *book);

/* The index-th address as it was bound, with its real port; NULL past the last. */
const char *sch_net_endpoint(const struct sch_net *net, size_t index);

void sch_net_count(const struct sch_net *net, struct sch_net_counters *counters);

#endif
