/*
 * msg.h: a delivered message, verified and opened. Must not know: sockets, verdicts' way to the broker.
 */
#ifndef SCH_CLIENT_MSG_H
#define SCH_CLIENT_MSG_H

#include <scharnier/client.h>

#include "codec.h"
#include "handle.h"
#include "seal.h"

struct sch_msg {
    struct sch_header header;
    struct sch_address mailbox;
    char kenmerk[SCH_KENMERK_SIZE + 1];
    char sender_name[SCH_NAME_MAX + 1];
    int64_t stored_ms;
    bool redelivered;
    bool has_letter;
    uint8_t hash[SCH_HASH_SIZE];        /* zeros: made by the broker */
    struct sch_letter letter;           /* in arena */
    uint32_t missing;
    enum sch_system_refusal refusal;    /* by sch_msg_refuse() */
    struct sch_arena arena;
    uint8_t *plain;                     /* the padded letter; wiped when closed */
    size_t plain_size;
};

/* How an opening ended. */
enum sch_opened {
    SCH_OPENED = 0,
    SCH_OPENED_UNKNOWN_KEY,             /* the signing key is in no directory, or not valid there */
    SCH_OPENED_BAD,                     /* refusal says how */
    SCH_OPENED_NOT_NOW                  /* out of memory, or its parts cannot be read: try again later */
};

/*
 * Checks the signature with the sender's key of the directory, that the letter is sealed for exactly the
 * header's recipients, opens it with one of the mailbox's keys, and reads it. *msg is filled when SCH_OPENED,
 * and is to be closed. *why: what was wrong, for the log.
 */
enum sch_opened sch_msg_open(struct sch_msg *msg, const sch_client *client, const struct sch_held *held,
                             enum sch_system_refusal *refusal, const char **why);
void sch_msg_close(struct sch_msg *msg);

#endif
