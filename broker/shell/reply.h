/*
 * reply.h: answers on their way out: encodes a reply, sends it, and counts what became of it.
 *
 * Must not know: stores, dossiers, why an answer is given.
 */
#ifndef SCH_SHELL_REPLY_H
#define SCH_SHELL_REPLY_H

#include "book.h"
#include "codec.h"
#include "metrics.h"
#include "ports.h"
#include "work.h"

struct sch_reply_out {
    struct sch_net *net;
    struct sch_metrics *metrics;
    struct sch_arena *arena;            /* scratch for the rows of a page */
    uint8_t *buffer;                    /* SCH_REPLY_SIZE_MAX */
    size_t buffer_size;
};

/* Sends one reply, with a body when body.len > 0. */
enum sch_sent sch_reply_send(struct sch_reply_out *out, const struct sch_peer *peer, const struct sch_reply *reply,
                             struct sch_bytes body);

/* A rejection with the hint of its code. message may be NULL. */
void sch_reply_reject(struct sch_reply_out *out, const struct sch_peer *peer, uint64_t request,
                      enum sch_error_code code, const char *field, const struct sch_id *message);

/* The answer to an event: a receipt, a settlement or a rejection. */
void sch_reply_outcome(struct sch_reply_out *out, const struct sch_peer *peer, uint64_t request,
                       const struct sch_step_outcome *outcome, const struct sch_address *mailbox);

/* welcome: what holds here, for this key. */
void sch_reply_welcome(struct sch_reply_out *out, const struct sch_peer *peer, uint64_t request,
                       const struct sch_book *book, const struct sch_key *key, int64_t now_ms, uint32_t clock_rate);

/* The directory of a region, or, when the client has this serial already, no content. */
void sch_reply_directory(struct sch_reply_out *out, const struct sch_peer *peer, uint64_t request,
                         const struct sch_book *book, const char *region, uint64_t have_serial);

#endif
