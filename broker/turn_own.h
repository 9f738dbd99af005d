/*
 * turn_own.h: the inside of a turn, shared by turn.c, turn_gather.c, turn_step.c and turn_parts.c and by
 * nobody else.
 */
#ifndef SCH_BROKER_TURN_OWN_H
#define SCH_BROKER_TURN_OWN_H

#include "shell/reader.h"
#include "shell/reply.h"
#include "shell/session.h"
#include "shell/upload.h"
#include "shell/watch.h"
#include "shell/work.h"
#include "turn.h"

#define SCH_TURN_INBOUND_MAX 256        /* messages of one turn, */
#define SCH_TURN_BYTES_MAX (8u << 20)   /* their bytes, */
#define SCH_TURN_DUES_MAX 64            /* and due rows: so that neither starves the other */
#define SCH_TURN_NOTES_MAX 8
#define SCH_TURN_ITEMS_MAX (SCH_TURN_INBOUND_MAX + SCH_TURN_DUES_MAX + SCH_TURN_NOTES_MAX + SCH_UPLOAD_DROPS_MAX)

/* Something that this turn does: what a peer asked, or a dossier that fell due. */
enum sch_item_type {
    SCH_ITEM_NOTE,                      /* the broker's own: started, reloaded, stopped */
    SCH_ITEM_DUE,
    SCH_ITEM_REFUSED,                   /* a command that did not get past gathering: audited and answered */
    SCH_ITEM_SUBMIT,
    SCH_ITEM_SETTLE,
    SCH_ITEM_QUERY,
    SCH_ITEM_PART,
    SCH_ITEM_FETCH,
    SCH_ITEM_DROP                       /* an upload that nobody submitted */
};

struct sch_item {
    enum sch_item_type type;
    struct sch_peer peer;
    uint64_t request;
    struct sch_actor actor;
    const struct sch_key *key;
    struct sch_fault fault;             /* REFUSED, and SUBMIT at the door */
    struct sch_submission submission;   /* of a large letter only filled when it is stepped: its parts may have come */
    struct sch_bytes header, seal;      /* just before it. These are what it came with */
    struct {
        struct sch_address mailbox;
        struct sch_id message;
        enum sch_wire_verdict verdict;
        enum sch_system_refusal refusal;
        uint32_t missing_sections;
        bool back_off;                  /* a retry that is not one too many: volatile only */
    } settle;
    struct sch_query query;
    struct sch_query_permit permit;
    struct sch_upload_part part;        /* PART, and DROP: its name */
    uint8_t there[SCH_UPLOAD_BITS];     /* PART: which parts there are now */
    struct {
        struct sch_address mailbox;
        struct sch_id message, dossier;
        uint32_t index, count;
        uint64_t number;                /* of the parts in PART */
    } fetch;
    struct sch_id due;                  /* DUE: the dossier, */
    int64_t due_ms;                     /* and its row */
    enum sch_trace_event note;          /* NOTE */
    struct sch_step_outcome outcome;
};

struct sch_turn {
    struct sch_turn_options options;
    const struct sch_book *book;
    struct sch_sessions *sessions;
    struct sch_work *work;
    struct sch_reader *reader;
    struct sch_watch watch;
    struct sch_upload_watch uploads;
    struct sch_arena arena;             /* decoded commands and pages of this turn */
    struct sch_reply_out out;
    struct sch_item *items;
    size_t item_count;
    enum sch_trace_event note[SCH_TURN_NOTES_MAX];
    size_t note_count;
    uint64_t waiting;                   /* rows in mailboxes, as of the last look at the store */
    int64_t now_ms, mono_ms;
    int64_t started_ms, confirmed_ms;   /* civil, as believed */
    int64_t space_looked_ms;
    int64_t unread_ms;                  /* monotonic: since when the store cannot be read; 0: it can */
    int64_t sessions_next_ms;
    int64_t retry_ms;                   /* monotonic; what the store did not take is not tried again before */
    size_t fetch_bytes;                 /* that the fetches of this turn will be answered with */
    bool full, draining, work_left;
    uint8_t due_from[SCH_STORE_KEY_MAX];/* due rows before this one were looked at and could not act */
    size_t due_from_size;
    int64_t due_reset_ms;
};

/* Takes what is due and what has arrived into the turn's items; what concerns sessions only is done and
 * answered here. */
void sch_turn_gather(struct sch_turn *turn);

/* When the first due row that is not passed over is due; INT64_MAX: none. */
int64_t sch_turn_next_due(struct sch_turn *turn);

/* Passes over this due row, and those before it, for a minute. */
void sch_turn_defer(struct sch_turn *turn, int64_t due_ms, const struct sch_id *dossier);

/* Steps a range of items over a fresh working set. May be done again: it changes nothing else. */
void sch_turn_step(struct sch_turn *turn, size_t first, size_t count);

/* Writes a refusal down, as the item's outcome. */
void sch_turn_refuse(struct sch_turn *turn, struct sch_item *item, enum sch_error_code code, const char *field,
                     const struct sch_id *message);

/* The hold of a message in a mailbox; NULL: it was never offered. */
struct sch_hold *sch_turn_hold(struct sch_turn *turn, const struct sch_address *mailbox, const struct sch_id *dossier,
                               const struct sch_id *message);

/* Civil time before which nothing expires: not everybody could come in again at once. */
int64_t sch_turn_expire_from(const struct sch_turn *turn);

/* Large bodies (turn_parts.c): what was abandoned is taken into the turn's items; a PART, FETCH or DROP, and the
 * door for a submission whose body was uploaded, are stepped; a PART or FETCH is answered. */
void sch_turn_gather_drops(struct sch_turn *turn);
void sch_turn_step_part(struct sch_turn *turn, struct sch_item *item);
void sch_turn_step_fetch(struct sch_turn *turn, struct sch_item *item);
void sch_turn_step_drop(struct sch_turn *turn, struct sch_item *item);
void sch_turn_admit_upload(struct sch_turn *turn, struct sch_item *item);
void sch_turn_send_parts(struct sch_turn *turn, const struct sch_item *item);
void sch_turn_send_fetched(struct sch_turn *turn, const struct sch_item *item);

/* Answers a range of items whose batch is durable, and does what follows from it. Permitted queries go to the
 * reader. */
void sch_turn_send(struct sch_turn *turn, size_t first, size_t count);

/* Sends the pages that the reader has done. */
void sch_turn_send_pages(struct sch_turn *turn);

#endif
