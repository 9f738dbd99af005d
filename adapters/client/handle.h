/*
 * handle.h: what a sch_client is inside, for the files of this library only.
 *
 * client.c owns the handle, session.c the session and the turn; send.c, upload.c, collect.c, fetch.c,
 * settle.c and ask.c each own a part below. A call that waits serves the connection meanwhile
 * (sch_client_serve), but calls no hook and hands out no message: those happen in sch_client_step() only, so
 * that a call from within a hook is harmless.
 */
#ifndef SCH_CLIENT_HANDLE_H
#define SCH_CLIENT_HANDLE_H

#include <pthread.h>
#include <stdatomic.h>

#include <scharnier/client.h>

#include "codec.h"
#include "config.h"
#include "journal.h"
#include "outbox.h"
#include "parcel.h"
#include "registry.h"
#include "link.h"

#define SCH_CLIENT_RESEND_MS 10000      /* no answer: asked or sent again */
#define SCH_CLIENT_BACKOFF_MS 1000

/* ---- send.c and upload.c ------------------------------------------------------------------------ */

#define SCH_SEND_WINDOW 32              /* messages in flight: half of what a broker queues for a peer */
#define SCH_PART_WINDOW 4               /* parts in flight, either way */

/* Where a call waits for one message's answer. */
struct sch_waiter {
    bool done;
    sch_receipt receipt;
    sch_error error;                    /* code SCH_OK: receipted */
};

/* An answer that waits for sch_on_sent()'s or sch_on_status()'s hook. */
struct sch_answer {
    struct sch_answer *next;
    char key[SCH_OUTBOX_KEY_MAX + 1];   /* empty: a status */
    sch_receipt receipt;
    sch_error error;
    struct sch_address mailbox;
    enum sch_delivery_state state;
    int64_t at_ms;
};

/* A part that was asked for, or sent. */
struct sch_part_request {
    uint64_t request;                   /* 0: not under way */
    size_t index;
    int64_t sent_at;                    /* monotonic ms */
};

/* The large message whose parts go to the broker now; one at a time. */
struct sch_upload {
    struct sch_outbox_item *item;       /* NULL: none */
    struct sch_parcel parcel;
    uint64_t asked;                     /* the request that asks what is missing; 0: none under way */
    int64_t asked_at;                   /* monotonic ms */
    bool known;                         /* what is missing is known */
    bool there[SCH_PARTS_MAX];          /* the broker has it */
    struct sch_part_request sent[SCH_PART_WINDOW];
};

/* ---- collect.c and fetch.c ---------------------------------------------------------------------- */

enum sch_held_state {
    SCH_HELD_FETCHING,                  /* its parts are not all here */
    SCH_HELD_WAITING,                   /* to be opened and handed out */
    SCH_HELD_ASKING,                    /* its signing key is unknown: directories were asked for */
    SCH_HELD_LATER,                     /* handed out, not settled: the application does it by itself */
    SCH_HELD_SETTLING
};

/* A message of this session, from its delivery until the broker confirmed its settlement. */
struct sch_held {
    struct sch_held *next;
    enum sch_held_state state;
    struct sch_address mailbox;
    struct sch_header header;
    char kenmerk[SCH_KENMERK_SIZE + 1];
    int64_t stored_ms;
    bool redelivered;
    bool out;                           /* in the callback now */
    bool gone;                          /* ... and no longer in the list: freed when that returns */
    bool refreshed;                     /* directories were asked for once */
    unsigned registry_version;          /* at that time */
    uint32_t missing;                   /* known after opening */
    uint8_t *bytes;                     /* header, seal, body as they came; NULL after handing out */
    size_t header_size, seal_size, body_size;
    size_t part_count;                  /* 0: the body is in bytes; else in a parcel */
};

/* The delivered body whose parts come from the broker now; one at a time. */
struct sch_fetch {
    struct sch_held *held;              /* NULL: none */
    struct sch_parcel parcel;
    struct sch_part_request asked[SCH_PART_WINDOW];
    int64_t retry_at;                   /* monotonic ms; 0: at once */
};

/* A settlement on its way. */
struct sch_settling {
    struct sch_settling *next;
    struct sch_address mailbox;
    struct sch_id message;
    sch_verdict verdict;
    enum sch_system_refusal refusal;
    uint32_t missing;
    uint64_t request;                   /* 0: to be sent */
    int64_t sent_at, retry_at;          /* monotonic ms */
    struct sch_waiter *waiter;
};

/* ---- ask.c -------------------------------------------------------------------------------------- */

struct sch_asking {
    uint64_t request;                   /* 0: to be sent */
    bool done;
    struct sch_page page;
    sch_error error;
};

/* ---- the handle --------------------------------------------------------------------------------- */

struct sch_client {
    struct sch_client_config config;
    pthread_t owner;
    int lock_fd;
    struct sch_link link;
    struct sch_outbox outbox;
    struct sch_journal journal;
    struct sch_registry registry;
    struct sch_arena arena;             /* of the reply at hand */
    struct sch_arena page_arena;        /* of the page that was lent last */
    uint8_t command[SCH_COMMAND_SIZE_MAX];
    uint8_t *frames;                    /* SCH_OUTBOX_FRAMES_MAX bytes: a message on its way out */
    atomic_bool stop;
    bool stepping;                      /* inside sch_client_step() */

    /* The session. */
    struct sch_id instance;             /* kept in the state directory */
    uint64_t last_request;
    uint64_t hello_request;             /* 0: not sent on this socket */
    bool welcomed;
    enum sch_error_code blame;          /* what hello was rejected with; SCH_OK: nothing */
    uint32_t body_size_max, large_size_max, credit_messages_max, credit_bytes_max, lease_ms;
    int64_t ping_at, refresh_at;        /* monotonic ms */
    uint64_t ping_request;
    int64_t ping_sent_at;

    /* The broker's clock. */
    int64_t clock_civil_ms, clock_mono_ms;      /* the same moment in both; civil 0: not known yet */
    uint32_t clock_rate;
    int64_t clock_last_ms;              /* it never runs backwards */

    /* send.c */
    struct sch_outbox_item *flying[SCH_SEND_WINDOW];
    size_t in_flight, in_flight_bytes;
    size_t scan_left;                   /* pending items that this round has not looked at */
    int64_t scan_at;                    /* the next round, monotonic; INT64_MAX: when something changes */
    struct sch_upload upload;
    struct sch_answer *answer_first, **answer_last;
    void (*on_sent)(void *context, const char *key, const sch_receipt *receipt, const sch_error *error);
    void *on_sent_context;
    void (*on_status)(void *context, const struct sch_id *message, const char *mailbox,
                      enum sch_delivery_state state, int64_t at_ms);
    void *on_status_context;

    /* collect.c */
    sch_on_msg *on_msg;
    void *on_msg_context;
    struct sch_address attached[SCH_ATTACHED_MAX];
    size_t attached_count;
    unsigned window;
    bool attach_wanted;                 /* attach is to be sent (again) */
    uint64_t attach_request;
    int64_t attach_retry_at;
    struct sch_held *held_first, **held_last;
    size_t held_count, held_bytes;
    struct sch_fetch fetch;
    struct sch_settling *settling_first, **settling_last;

    /* ask.c */
    struct sch_asking *asking;          /* the call that waits for a page; NULL: none */

    void (*log)(void *context, char level, const char *line);
    void *log_context;
};

/* ---- client.c and session.c, for the others ----------------------------------------------------- */

/* Asserts that the call comes from the thread that opened the handle. */
void sch_client_enter(const sch_client *client);

void sch_client_log(const sch_client *client, char level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

uint64_t sch_client_next_request(sch_client *client);

/* Encodes and sends a command; false: not now. */
bool sch_client_transmit(sch_client *client, const struct sch_command *command, struct sch_bytes body);

/* When a call that may wait timeout_ms must end, monotonic; INT64_MAX for -1. */
int64_t sch_client_deadline(int timeout_ms);

/* Waits for something to do, at most until deadline, and does it, hooks and callbacks excepted. SCH_OK, or
 * the IO error that keeps outbox or journal from being durable. */
int sch_client_serve(sch_client *client, int64_t deadline, sch_error *error);

/* Makes durable and sends what is waiting for that. */
int sch_client_pump(sch_client *client, sch_error *error);

/* The next moment at which something is to be done without being woken, monotonic. */
int64_t sch_client_due(const sch_client *client);

/* Whose fault it is that there is no session; TIMEOUT when nothing is known. */
int sch_client_blame(const sch_client *client, sch_error *error);

/* Serves until welcomed; the error says whose fault it is that it is not. */
int sch_client_await_welcome(sch_client *client, int64_t deadline, sch_error *error);

/* Asks the broker for the newest directories of all regions. */
void sch_client_refresh(sch_client *client);
/* Until none is outstanding, the connection is lost, or the deadline. */
int sch_client_await_directories(sch_client *client, int64_t deadline, sch_error *error);

/* ---- parts of the loop -------------------------------------------------------------------------- */

/* send.c: sends what may be sent; takes receipts and rejections (false: not one of ours). */
int sch_send_pump(sch_client *client, sch_error *error);
void sch_send_receipt(sch_client *client, const struct sch_reply *reply);
bool sch_send_rejection(sch_client *client, const struct sch_reply *reply);
void sch_send_status(sch_client *client, const struct sch_reply *reply);
void sch_send_session_lost(sch_client *client);
/* Something changed that may let a pending item go: all are looked at again. */
void sch_send_rescan(sch_client *client);
/* An item that cannot go now is tried again later, with growing pauses; one that never can is answered with
 * error, and gone. */
void sch_send_put_off(sch_client *client, struct sch_outbox_item *item, enum sch_error_code why);
void sch_send_give_up(sch_client *client, struct sch_outbox_item *item, const sch_error *error);
/* Does a rejection with this code pass by itself? */
bool sch_send_is_passing(enum sch_error_code code);
void sch_send_hooks(sch_client *client);
void sch_send_close(sch_client *client);
/* The next moment at which send.c wants to be called, monotonic; INT64_MAX: none. */
int64_t sch_send_due(const sch_client *client);

/* upload.c: begins with a large item, unless another is under way; sends its parts. */
void sch_upload_begin(sch_client *client, struct sch_outbox_item *item);
void sch_upload_pump(sch_client *client);
void sch_upload_parts(sch_client *client, const struct sch_reply *reply);
bool sch_upload_rejection(sch_client *client, const struct sch_reply *reply);
void sch_upload_session_lost(sch_client *client);
void sch_upload_close(sch_client *client);
int64_t sch_upload_due(const sch_client *client);

/* fetch.c: gets the parts of a held message; what is whole waits to be handed out. */
void sch_fetch_pump(sch_client *client);
void sch_fetch_fetched(sch_client *client, const struct sch_reply *reply, struct sch_bytes part);
bool sch_fetch_rejection(sch_client *client, const struct sch_reply *reply);
/* Its parts could not be read: it is looked at again later, and what is lost is fetched. */
void sch_fetch_again(sch_client *client, struct sch_held *held);
/* The message is no longer held. */
void sch_fetch_dropped(sch_client *client, const struct sch_held *held);
void sch_fetch_session_lost(sch_client *client);
void sch_fetch_close(sch_client *client);
int64_t sch_fetch_due(const sch_client *client);
/* Where a message's parts are kept (path: PATH_MAX + 64 bytes), and away with them. */
void sch_fetch_path(const sch_client *client, const char *mailbox, const struct sch_id *message, char *path);
void sch_fetch_forget(const sch_client *client, const char *mailbox, const struct sch_id *message);

/* settle.c: verdicts on their way to the broker. */
struct sch_settling *sch_settle_find(const sch_client *client, const char *mailbox,
                                     const struct sch_id *message);
/* Queues a settlement; NULL: out of memory. One that is on its way already is used again. */
struct sch_settling *sch_settle_queue(sch_client *client, const struct sch_journal_entry *verdict);
void sch_settle_drop(sch_client *client, struct sch_settling *settling);
void sch_settle_settled(sch_client *client, const struct sch_reply *reply);
bool sch_settle_rejection(sch_client *client, const struct sch_reply *reply);
/* Makes verdicts durable and sends them. */
int sch_settle_pump(sch_client *client, sch_error *error);
int64_t sch_settle_due(const sch_client *client);
void sch_settle_session_begun(sch_client *client);
void sch_settle_session_lost(sch_client *client);
void sch_settle_close(sch_client *client);

/* collect.c, likewise. */
struct sch_held *sch_collect_find(const sch_client *client, const char *mailbox,
                                  const struct sch_id *message);
/* Takes it out of the list; the one that is in the callback now is freed by whoever handed it out. */
void sch_collect_drop(sch_client *client, struct sch_held *held);
int sch_collect_pump(sch_client *client, sch_error *error);
void sch_collect_delivery(sch_client *client, const struct sch_reply *reply, struct sch_bytes body);
/* Tells the broker that this client collects no longer, so that what it holds goes to others at once. */
void sch_collect_leave(sch_client *client);
void sch_collect_attached(sch_client *client, const struct sch_reply *reply);
bool sch_collect_rejection(sch_client *client, const struct sch_reply *reply);
void sch_collect_session_begun(sch_client *client);
void sch_collect_session_lost(sch_client *client);
void sch_collect_hand_out(sch_client *client);
void sch_collect_close(sch_client *client);
int64_t sch_collect_due(const sch_client *client);

/* ask.c */
void sch_ask_page(sch_client *client, const struct sch_reply *reply);
bool sch_ask_rejection(sch_client *client, const struct sch_reply *reply);
void sch_ask_session_lost(sch_client *client);

/* Fills *error with a rejection of the broker. */
int sch_client_rejected(const struct sch_reply *reply, sch_error *error);

#endif
