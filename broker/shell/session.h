/*
 * session.h: who is connected, what they collect, and what they hold: all of it volatile.
 *
 * A session is one welcomed connection. It attaches to mailboxes and brings credit: how many unsettled
 * messages, and bytes of body, it will hold. A *hold* ties a message to a mailbox: leased to a session, or
 * waiting out a back-off, or merely known to have been offered before. At most one message per (mailbox,
 * dossier) is leased or backing off; that is all the order that is promised. A restart forgets everything
 * here, and nothing is lost by it: what is not settled stands in the store (DESIGN, "Sessions").
 *
 * Times are monotonic milliseconds and come in as arguments. Must not know: sockets, the store, protobuf.
 */
#ifndef SCH_SHELL_SESSION_H
#define SCH_SHELL_SESSION_H

#include <scharnier/types.h>

#include "ports.h"

#define SCH_SESSIONS_MAX 4096
#define SCH_SESSIONS_PER_KEY_MAX 256    /* so that no one key takes every place */
#define SCH_SESSION_IDLE_MS 180000      /* nothing heard for so long: gone */
#define SCH_STALL_MS 20                 /* how long a full pipe is left alone */
#define SCH_BACKOFF_MAX_MS 300000
#define SCH_LOOK_LATER_MS 1000

struct sch_session {
    bool used;
    struct sch_peer peer;
    char key_id[SCH_KEY_ID_MAX + 1];
    struct sch_id instance;
    uint32_t credit_messages, credit_bytes;
    uint32_t held_messages;
    uint64_t held_bytes;
    int64_t heard_ms;
    int64_t stalled_until_ms;
    uint32_t attached[SCH_ATTACHED_MAX];        /* indices of mailboxes */
    size_t attached_count;
};

/* A mailbox that a session was attached to since the start, or that an operator holds back. */
struct sch_mailbox {
    struct sch_address address;
    uint32_t session[8];                /* those attached now; further ones are refused */
    size_t session_count;
    size_t turn;                        /* whose turn it is among them */
    bool pending;                       /* rows from scan_from on are worth a look */
    uint64_t scan_from;
    uint64_t skipped_min;               /* lowest sequence passed over because its dossier was busy */
    bool held_back;                     /* by an operator: nothing is offered */
};

enum sch_hold_state { SCH_HOLD_OFFERED = 0, SCH_HOLD_LEASED, SCH_HOLD_BACKOFF };

struct sch_hold {
    struct sch_hold *next;              /* in its bucket */
    struct sch_id message;
    struct sch_id dossier;
    uint64_t sequence;
    uint32_t mailbox;
    uint32_t session;                   /* LEASED: whose */
    uint32_t bytes;
    enum sch_hold_state state;
    uint32_t retries;
    int64_t until_ms;                   /* LEASED: end of the lease; BACKOFF: when it may be offered again */
};

struct sch_sessions;

int sch_sessions_open(struct sch_sessions **sessions);          /* SCH_OK or SCH_E_NO_MEMORY */
void sch_sessions_close(struct sch_sessions *sessions);

/* The session of a peer, if its key is still the one that was welcomed; NULL otherwise. Marks it heard. */
struct sch_session *sch_sessions_find(struct sch_sessions *sessions, const struct sch_peer *peer,
                                      const char *key_id, int64_t mono_ms);

/* Welcomes a peer: a session of the same key and instance ends. NULL when the table, or
 * this key's part of it, is full. */
struct sch_session *sch_sessions_welcome(struct sch_sessions *sessions, const struct sch_peer *peer,
                                         const char *key_id, const struct sch_id *instance, int64_t mono_ms);

/* Ends a session; what it leased may be offered to others. */
void sch_sessions_end(struct sch_sessions *sessions, struct sch_session *session);

/* Ends all sessions that were welcomed with this key id: it now names another key. */
void sch_sessions_end_all(struct sch_sessions *sessions, const char *key_id);

/* Replaces what a session is attached to; leases in mailboxes that it leaves are given back. SCH_OK,
 * SCH_E_BROKER_BUSY (a mailbox has its 8 sessions already; nothing changed) or SCH_E_NO_MEMORY. */
int sch_sessions_attach(struct sch_sessions *sessions, struct sch_session *session,
                        const struct sch_address *mailboxes, size_t count, uint32_t credit_messages,
                        uint32_t credit_bytes);

/* A ping: every lease of this session runs from now. */
void sch_sessions_extend(struct sch_sessions *sessions, struct sch_session *session, int64_t mono_ms);

/* Its pipe is full: left alone for a moment. */
void sch_sessions_stall(struct sch_sessions *sessions, struct sch_session *session, int64_t mono_ms);

/* What waits could not be looked at now: worth a turn in SCH_LOOK_LATER_MS. */
void sch_sessions_look_later(struct sch_sessions *sessions, int64_t mono_ms);

/* Ends leases and back-offs that ran out, and sessions that fell silent. Returns when the next of these, the end
 * of a stall, or such a look is due; INT64_MAX when none is. */
int64_t sch_sessions_expire(struct sch_sessions *sessions, int64_t mono_ms);

/* Mailboxes, by index and by address (NULL: nobody attached since the start). */
size_t sch_sessions_mailbox_count(const struct sch_sessions *sessions);
struct sch_mailbox *sch_sessions_mailbox(struct sch_sessions *sessions, size_t index);
struct sch_mailbox *sch_sessions_mailbox_of(struct sch_sessions *sessions, const char *address);

/* Holds a mailbox back, or lets it go on: no session takes from it meanwhile. SCH_OK or SCH_E_NO_MEMORY. */
int sch_sessions_hold_back(struct sch_sessions *sessions, const struct sch_address *address, bool held_back);

/* A session attached to this mailbox that can take bytes more and is not stalled; NULL when none. */
struct sch_session *sch_sessions_taker(struct sch_sessions *sessions, struct sch_mailbox *mailbox,
                                       uint32_t bytes, int64_t mono_ms);

/* Any session that acts under this key id's attachment to a mailbox of this address, for a status. */
struct sch_session *sch_sessions_listener(struct sch_sessions *sessions, const char *address);

/* The hold of a message in a mailbox; NULL when it was never offered. */
struct sch_hold *sch_sessions_hold(struct sch_sessions *sessions, const struct sch_mailbox *mailbox,
                                   const struct sch_id *dossier, const struct sch_id *message);

/* Visits every hold; the function may release a hold that backs off, and forget none. */
void sch_sessions_each_hold(struct sch_sessions *sessions, void (*visit)(void *context, struct sch_hold *hold),
                            void *context);

/* Is some message of this dossier leased or backing off in this mailbox? */
bool sch_sessions_busy(struct sch_sessions *sessions, const struct sch_mailbox *mailbox,
                       const struct sch_id *dossier);

/* Leases a message to a session. NULL: out of memory, nothing changed. */
struct sch_hold *sch_sessions_lease(struct sch_sessions *sessions, struct sch_mailbox *mailbox,
                                    struct sch_session *session, const struct sch_id *dossier,
                                    const struct sch_id *message, uint64_t sequence, uint32_t bytes,
                                    int64_t mono_ms);

/* Does this session hold this lease? */
bool sch_sessions_holds(const struct sch_sessions *sessions, const struct sch_session *session,
                        const struct sch_hold *hold);

/* "retry": counts, and blocks the dossier for 1, 2, 4 … seconds. */
void sch_sessions_back_off(struct sch_sessions *sessions, struct sch_hold *hold, int64_t mono_ms);

/* Takes a lease back without a verdict: the message may be offered again at once. */
void sch_sessions_release(struct sch_sessions *sessions, struct sch_hold *hold);

/* Settled, expired or withdrawn: forgets the hold. NULL-safe. */
void sch_sessions_forget(struct sch_sessions *sessions, struct sch_hold *hold);

/* The messages of a dossier that are under lease now, at most capacity; returns how many. */
size_t sch_sessions_leased(struct sch_sessions *sessions, const struct sch_id *dossier, struct sch_id *message,
                           size_t capacity);

/* Everything may have changed below (a store was reopened): every mailbox is looked through again. */
void sch_sessions_rescan(struct sch_sessions *sessions);

/* How it stands, and how many leases ran out since the start. */
struct sch_session_counts {
    size_t sessions, mailboxes;         /* mailboxes: attached to now */
    size_t leased, backing_off;
    uint64_t expired;
};
struct sch_session_counts sch_sessions_count(const struct sch_sessions *sessions);

#endif
