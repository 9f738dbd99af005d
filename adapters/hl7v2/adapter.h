/*
 * adapter.h: scharnier-hl7v2 at work: between an MLLP peer and the broker.
 *
 * inbound.c takes the peer's messages to the broker, outbound.c the broker's to the peer; main.c runs the
 * loop. The order of durable writes is what makes both safe:
 *
 *   in:   RECEIVED (key, digest, patient) -> outbox of libscharnier -> receipt -> SENT, DOSSIER -> AA
 *   out:  DOSSIER (with a REFERRAL) -> frame to the peer -> AA -> journal of libscharnier
 *
 * A crash between any two of them repeats a step that is idempotent by its key: inbound the MSH-10 of the
 * sender, outbound an MSH-10 derived from message and mailbox.
 */
#ifndef SCH_HL7V2_ADAPTER_H
#define SCH_HL7V2_ADAPTER_H

#include <scharnier/client.h>

#include "config.h"
#include "correlation.h"
#include "map.h"
#include "peer.h"
#include "server.h"

#define SCH_ADAPTER_ARENA_SIZE (48U * 1024 * 1024)
#define SCH_ADAPTER_PENDING_MAX (SCH_SERVER_CONNECTIONS_MAX)
#define SCH_ADAPTER_HELD_MAX 64
#define SCH_ADAPTER_HEAD_SIZE 2048      /* of a message, kept to acknowledge it later */

/* A sender that waits for its acknowledgement. */
struct sch_adapter_pending {
    bool used;
    uint64_t connection;
    char key[SCH_CORRELATION_KEY_MAX + 1];
    int64_t deadline_ms;                /* monotonic */
    uint8_t head[SCH_ADAPTER_HEAD_SIZE];        /* its MSH segment */
    size_t head_size;
};

/* A message of the broker's that the peer has not answered yet. */
struct sch_adapter_held {
    bool used;
    uint64_t token;
    struct sch_id message;
    struct sch_address mailbox;
    enum sch_kind kind;
    char kenmerk[SCH_KENMERK_SIZE + 1];
};

struct sch_adapter {
    struct sch_hl7v2_config config;
    struct sch_map map;
    sch_client *client;
    struct sch_correlation *table;
    struct sch_server *server;
    struct sch_peer *peer;
    struct sch_arena arena;             /* of the message at hand */
    struct sch_adapter_pending pending[SCH_ADAPTER_PENDING_MAX];
    struct sch_adapter_held held[SCH_ADAPTER_HELD_MAX];
    uint64_t last_token;
    uint64_t last_control;              /* number of acknowledgements made, for their own MSH-10 */
    bool draining;
};

int64_t sch_adapter_mono_ms(void);
int64_t sch_adapter_civil_ms(void);     /* this machine's */

/* ---- inbound.c --------------------------------------------------------------------------------- */

/* sch_server_on_message: context is the adapter. */
void sch_adapter_receive(void *context, uint64_t connection, struct sch_bytes text, bool whole);
/* sch_on_sent()'s hook. */
void sch_adapter_sent(void *context, const char *key, const sch_receipt *receipt, const sch_error *error);
/* Answers those who waited too long, with AE; their messages stay in the outbox. */
void sch_adapter_expire(struct sch_adapter *adapter);
size_t sch_adapter_pending_count(const struct sch_adapter *adapter);

/* ---- outbound.c -------------------------------------------------------------------------------- */

/* sch_on_msg: context is the adapter. */
sch_verdict sch_adapter_deliver(const sch_msg *msg, void *context);
/* sch_peer_on_answer. */
void sch_adapter_answered(void *context, uint64_t token, enum sch_peer_answer answer);

/* 20 characters of base 32 from a digest: an MSH-10 that is the same for the same bytes. */
void sch_adapter_control_id(const void *bytes, size_t size, char text[SCH_PEER_CONTROL_ID_MAX + 1]);

#endif
