/*
 * peer.h: the MLLP sender: delivers messages to one HIS or EPD, one frame in flight.
 *
 * A message is answered by the acknowledgement whose MSA-2 is its control id, and by nothing else. A wrong
 * MSA-2, no answer in time, or a connection that closes before it: the connection is made anew, with
 * back-off, and the same frame is sent again, a few times; then the message is given back. While the peer
 * cannot be reached messages wait. Nothing blocks but the resolving of a host name. Must not know: the
 * broker, maps.
 */
#ifndef SCH_HL7V2_PEER_H
#define SCH_HL7V2_PEER_H

#include <poll.h>

#include <scharnier/error.h>
#include <scharnier/types.h>

#define SCH_PEER_TRIES_MAX 3            /* of one frame that the peer took and did not answer */
#define SCH_PEER_CONTROL_ID_MAX 20

enum sch_peer_answer {
    SCH_PEER_ACCEPTED = 1,              /* AA, CA */
    SCH_PEER_FAILED,                    /* AE, CE */
    SCH_PEER_REJECTED,                  /* AR, CR */
    SCH_PEER_SILENT                     /* no fitting answer, several times */
};

struct sch_peer;

typedef void sch_peer_on_answer(void *context, uint64_t token, enum sch_peer_answer answer);
/* For logs: "connected", "unreachable", "closed", "ack timeout", "wrong MSA-2", "unexpected message". */
typedef void sch_peer_on_event(void *context, const char *what);

/* NULL: NO_MEMORY. host is resolved at each attempt to connect. */
struct sch_peer *sch_peer_open(const char *host, const char *port, int64_t ack_timeout_ms,
                               sch_peer_on_answer *on_answer, sch_peer_on_event *on_event, void *context,
                               sch_error *error);
void sch_peer_close(struct sch_peer *peer);

/* Queues a message (text is copied into a frame). SCH_OK or NO_MEMORY. */
int sch_peer_offer(struct sch_peer *peer, uint64_t token, const char *control_id, struct sch_bytes text)
    __attribute__((warn_unused_result));
size_t sch_peer_queued(const struct sch_peer *peer);

/* One fd; its fd is -1 when there is nothing to wait for. */
void sch_peer_poll(struct sch_peer *peer, struct pollfd *fd, int64_t mono_ms);
/* Milliseconds until a step is due without any event; -1: none. */
int sch_peer_wait_ms(const struct sch_peer *peer, int64_t mono_ms);
void sch_peer_step(struct sch_peer *peer, const struct pollfd *fd, int64_t mono_ms);

#endif
