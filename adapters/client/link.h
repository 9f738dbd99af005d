/*
 * link.h: the connection: a DEALER socket with CURVE, its monitor, and who is to blame when there is none.
 *
 * The only ZeroMQ code outside the broker. A link has at most one socket; a lost connection ends it, and a
 * new one is made, so that nothing of an old session can turn up in a new one. Which of endpoint, server
 * key and transport key is wrong is learnt from the socket's monitor. Must not know: commands, letters.
 */
#ifndef SCH_CLIENT_LINK_H
#define SCH_CLIENT_LINK_H

#include <scharnier/error.h>
#include <scharnier/types.h>

#include "config.h"

struct sch_link {
    const struct sch_client_config *config;     /* borrowed */
    void *context;
    void *socket;                       /* NULL: down, until retry_at */
    void *monitor;
    unsigned generation;                /* of sockets; names the monitor's endpoint */
    int epoll;                          /* what a caller's loop polls: kick, socket, monitor */
    int kick;                           /* eventfd: work is left, or sch_link_kick() was called */
    bool connected;                     /* TCP stands */
    bool ready;                         /* the CURVE handshake succeeded on this socket */
    bool lost;                          /* this socket will not come to life again */
    int64_t opened_at, retry_at;        /* monotonic ms */
    unsigned failures;                  /* handshakes that broke off, since the last that succeeded */
    enum sch_error_code blame;          /* UNREACHABLE, SERVER_KEY, UNKNOWN_KEY; SCH_OK: nothing known */
};

/* Two frames as they came; free with sch_link_release(). */
struct sch_link_message {
    struct sch_bytes command, body;
    void *frame[SCH_FRAMES_MAX];        /* zmq_msg_t on the heap */
};

int64_t sch_link_mono_ms(void);

/* Makes context and descriptors; connects nothing yet. IO, NO_MEMORY. */
int sch_link_init(struct sch_link *link, const struct sch_client_config *config, sch_error *error);
void sch_link_close(struct sch_link *link);

/* Makes a new socket and starts to connect; an earlier one is closed. IO, CONFIG (endpoint). */
int sch_link_open(struct sch_link *link, sch_error *error);
/* Closes the socket; the next one is opened at retry_at by sch_link_open(). */
void sch_link_drop(struct sch_link *link, int64_t retry_at);

/* Takes the monitor's events in: connected, ready, lost and blame follow from them. */
void sch_link_watch(struct sch_link *link);

/* The next message without waiting; false: none. Messages of too many frames are dropped. */
bool sch_link_recv(struct sch_link *link, struct sch_link_message *message);
void sch_link_release(struct sch_link_message *message);

/* Sends without waiting; false: not now. body is sent when it has bytes. */
bool sch_link_send(struct sch_link *link, struct sch_bytes command, struct sch_bytes body);

/* Waits until there is something to do, at most timeout_ms (-1: without limit). */
void sch_link_wait(struct sch_link *link, int timeout_ms);
/* Ends a wait, from any thread and from signal handlers. */
void sch_link_kick(struct sch_link *link);
/* Forgets kicks; the next sch_link_arm() sets one again when messages are left. */
void sch_link_calm(struct sch_link *link);
/* To be called after the socket was used: ZeroMQ's descriptor signals changes only, so what is still to be
 * read is signalled by a kick. */
void sch_link_arm(struct sch_link *link);

#endif
