/*
 * outbox.h: messages that were written down before they were first sent, and the receipts they got.
 *
 * One reel, "<state>/outbox". A pending record holds the very frames, so that a resend is those bytes; a
 * receipt is remembered for 60 days under the application's own key, also over a restart. Records:
 *   'P'  key, sender, message id, the dossiers that must be there first, header, seal, body
 *   'L'  the same with the message's hash for the body, whose parts are in a parcel "<state>/outbox-ID"
 *   'R'  key hash, message id, receipt, when, the message's hash (which older ones lack)
 *   'X'  message id: taken out again
 * Must not know: sockets, keys, letters.
 */
#ifndef SCH_CLIENT_OUTBOX_H
#define SCH_CLIENT_OUTBOX_H

#include <scharnier/client.h>

#include "index.h"
#include "lane.h"
#include "reel.h"

#define SCH_OUTBOX_KEY_MAX 63
#define SCH_OUTBOX_AFTER_MAX 3          /* dossier, parent, follows */
#define SCH_OUTBOX_KEEP_MS (INT64_C(60) * 86400000)
#define SCH_OUTBOX_FRAMES_MAX (SCH_HEADER_SIZE_MAX + SCH_SEAL_SIZE_MAX + SCH_BODY_SIZE_MAX)

/* What waits for the receipt of an item in a call of its own; see send.c. */
struct sch_waiter;

struct sch_outbox_item {
    uint8_t hash[SCH_INDEX_KEY_SIZE];   /* of sender and key; must be first */
    bool done;
    sch_receipt receipt;                /* id from the start; the rest once done */
    int64_t done_ms;                    /* broker's civil time */
    /* While pending: */
    struct sch_outbox_item *prev, *next;
    struct sch_lane_place place;        /* in the lane of its dossier */
    char *key, *sender;
    struct sch_id after[SCH_OUTBOX_AFTER_MAX];
    uint64_t record;                    /* offset of its payload in the reel; the frames end it */
    uint32_t record_size;
    uint32_t header_size, seal_size, body_size;
    uint32_t part_count;                /* 0: the body is in the record */
    /* The sender's own, volatile: */
    bool uploaded;                      /* the broker has all parts, or had them before this process */
    uint64_t request;                   /* 0: not in flight */
    int64_t sent_at;                    /* monotonic ms */
    int64_t retry_at;                   /* monotonic ms; 0: at once */
    unsigned retries;
    enum sch_error_code put_off;        /* why the broker took it not yet; SCH_OK: it did not say so */
    struct sch_waiter *waiter;
};

struct sch_outbox {
    struct sch_reel reel;
    struct sch_index index;
    struct sch_outbox_item *first, *last;       /* pending, oldest first */
    struct sch_outbox_item *cursor;     /* where whoever goes round the list goes on; NULL: at first */
    struct sch_lanes lanes;
    size_t pending;
    uint64_t dead_bytes;                /* of records that no longer count */
};

/* now_ms: civil; receipts older than 60 days are forgotten. *torn as in reel.h. Errors: IO, NO_MEMORY,
 * SCHEMA_NEWER. */
int sch_outbox_open(struct sch_outbox *outbox, const char *path, int64_t now_ms, uint64_t *torn,
                    sch_error *error);
void sch_outbox_close(struct sch_outbox *outbox);

/* The item under this key of this sender, pending or receipted; NULL. */
struct sch_outbox_item *sch_outbox_find(const struct sch_outbox *outbox, const char *sender, const char *key);

/* What is to be sent. */
struct sch_frames {
    struct sch_bytes header, seal, body;
    uint32_t parts_size;                /* bytes of the body's parts, in its parcel; 0: body is all */
    uint8_t hash[32];                   /* sch_seal_hash(); not filled by sch_outbox_load() */
};

/* Where the parts of a message's body are kept: path has room for PATH_MAX + 64 bytes. A parcel is there,
 * durable, before sch_outbox_add(), and is removed when its message is receipted or dropped. */
void sch_outbox_parcel(const struct sch_outbox *outbox, const struct sch_id *message, char *path);

/* Adds a message under a key that is not in it yet. It survives this process when this returns, a power cut
 * after sch_outbox_sync(). Errors: IO, NO_MEMORY; then nothing was added. */
int sch_outbox_add(struct sch_outbox *outbox, const char *key, const struct sch_header *header,
                   const struct sch_frames *frames, struct sch_outbox_item **item, sch_error *error);

/* Must another pending message of its dossiers be there first? */
bool sch_outbox_must_wait(const struct sch_outbox *outbox, const struct sch_outbox_item *item);

/* Is a message of this id pending? */
bool sch_outbox_has(const struct sch_outbox *outbox, const struct sch_id *message);

/* Takes back the item that was added last, when its sync failed. */
void sch_outbox_undo(struct sch_outbox *outbox, struct sch_outbox_item *item);

int sch_outbox_sync(struct sch_outbox *outbox, sch_error *error);
bool sch_outbox_is_durable(const struct sch_outbox *outbox, const struct sch_outbox_item *item);

/* The stored frames (without parts), read into buffer (SCH_OUTBOX_FRAMES_MAX bytes), to which frames then
 * point. */
int sch_outbox_load(const struct sch_outbox *outbox, const struct sch_outbox_item *item, uint8_t *buffer,
                    struct sch_frames *frames, sch_error *error);

/* The broker receipted it. Survives this process at once; a power cut before the next sync only makes the
 * broker receipt it once more. */
int sch_outbox_receipted(struct sch_outbox *outbox, struct sch_outbox_item *item, const sch_receipt *receipt,
                         int64_t now_ms, sch_error *error);

/* The broker rejected it: durable, and frees the item. */
int sch_outbox_drop(struct sch_outbox *outbox, struct sch_outbox_item *item, sch_error *error);

/* Rewrites the file when most of it no longer counts. */
int sch_outbox_compact(struct sch_outbox *outbox, int64_t now_ms, sch_error *error);

#endif
