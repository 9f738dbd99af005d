/*
 * handle.h: what a sch_client is inside, for the files of this library only.
 *
 * client.c owns the handle, session.c the session and the turn; send.c, collect.c and ask.c each own a part
 * below. A call that waits serves the connection meanwhile (sch_client_serve), but calls no hook and hands
 * out no message: those happen in sch_client_step() only, so that a call from within a hook is harmless.
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
#include "registry.h"
#include "link.h"

/* ---- send.c ------------------------------------------------------------------------------------- */

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

/* ---- collect.c ---------------------------------------------------------------------------------- */

enum sch_held_state {
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
    uint32_t body_size_max, credit_messages_max, credit_bytes_max, lease_ms;
    int64_t ping_at, refresh_at;        /* monotonic ms */
    uint64_t ping_request;
    int64_t ping_sent_at;

    /* The broker's clock. */
    int64_t clock_civil_ms, clock_mono_ms;      /* the same moment in both; civil 0: not known yet */
    uint32_t clock_rate;
    int64_t clock_last_ms;              /* it never runs backwards */

    /* send.c */
    size_t in_flight, in_flight_bytes;
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
    size_t held_count;
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
void sch_send_hooks(sch_client *client);
void sch_send_close(sch_client *client);
/* The next moment at which send.c wants to be called, monotonic; INT64_MAX: none. */
int64_t sch_send_due(const sch_client *client);

/* collect.c, likewise. */
int sch_collect_pump(sch_client *client, sch_error *error);
void sch_collect_delivery(sch_client *client, const struct sch_reply *reply, struct sch_bytes body);
void sch_collect_settled(sch_client *client, const struct sch_reply *reply);
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
