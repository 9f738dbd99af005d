/*
 * ports.h: the three doors of the turn to the world outside: net, store and clock.
 *
 * Each has one real implementation (shell/net_zmq.c, shell/store_lmdb.c, shell/clock_posix.c) and one in
 * memory (tests/lib/net_sim.c, store_sim.c, clock_sim.c) with the same symbols: the linker chooses, so
 * the simulator runs the very turn that production runs. Nothing here knows a dossier or a protobuf.
 *
 * All of it is called from the turn's thread, the store's readers excepted.
 */
#ifndef SCH_BROKER_PORTS_H
#define SCH_BROKER_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <scharnier/error.h>
#include <scharnier/types.h>

/* ---- clock ------------------------------------------------------------------------------------- */

struct sch_clock;

/* UTC milliseconds since 1970. May jump when an operator sets the machine's clock. */
int64_t sch_clock_civil_ms(struct sch_clock *clock);

/* Milliseconds that never jump nor stand still; unrelated to any date. Leases and limits use it. */
int64_t sch_clock_mono_ms(struct sch_clock *clock);

/* Civil seconds per monotonic second: 1, or more under `scharnier dev` (DESIGN, "Time"). */
uint32_t sch_clock_rate(struct sch_clock *clock);

/* ---- net --------------------------------------------------------------------------------------- */

struct sch_net;

/* A connection, as long as it lasts. Opaque to the turn but for equality; never shown to a peer. */
#define SCH_PEER_SIZE 32
struct sch_peer {
    uint8_t size;
    uint8_t bytes[SCH_PEER_SIZE];
};

/*
 * One message from a peer. key_id is what the handshake proved about the sender of these very frames
 * (TRAPS: read from the payload frame). Bytes are borrowed until sch_net_release().
 */
struct sch_inbound {
    struct sch_peer peer;
    char key_id[SCH_KEY_ID_MAX + 1];
    size_t frame_count;                 /* payload frames that the peer sent, also those over the limit */
    struct sch_bytes command;
    struct sch_bytes body;              /* empty without a second frame */
};

enum sch_sent {
    SCH_SENT = 0,
    SCH_SENT_STALLED,                   /* the peer's pipe is full: try again later */
    SCH_SENT_GONE                       /* no such connection any more */
};

/* Waits until a message is ready, sch_net_wake() was called, or timeout_ms passed (-1: no limit). */
void sch_net_wait(struct sch_net *net, int64_t timeout_ms);

/* Ends a sch_net_wait() from any thread or a signal handler. */
void sch_net_wake(struct sch_net *net);

/* The next message, without waiting; false when there is none. Messages without a proven key are dropped
 * and counted below this line. */
bool sch_net_recv(struct sch_net *net, struct sch_inbound *message);

/* Gives back all that sch_net_recv() lent since the last release. */
void sch_net_release(struct sch_net *net);

/* Sends one reply, with a body frame when body.len > 0. Never waits, copies what it needs. */
enum sch_sent sch_net_send(struct sch_net *net, const struct sch_peer *peer, struct sch_bytes reply,
                           struct sch_bytes body);

/* ---- store ------------------------------------------------------------------------------------- */

struct sch_store;

/* broker/STORE.md gives key and value bytes of each. Keys sort as unsigned bytes. */
enum sch_table {
    SCH_TABLE_META,         /* name                              -> schema version, counters, clock, audit head */
    SCH_TABLE_MESSAGE,      /* message id                        -> header, seal, hash, receipt, deliveries */
    SCH_TABLE_BODY,         /* message id                        -> sealed body */
    SCH_TABLE_DOSSIER,      /* dossier id                        -> the dossier's record; first 8 bytes: version */
    SCH_TABLE_MAILBOX,      /* address, 0, sequence              -> message id, dossier id */
    SCH_TABLE_DUE,          /* due ms, dossier id                -> nothing */
    SCH_TABLE_OPEN,         /* region or address, 0, due ms, dossier id -> nothing */
    SCH_TABLE_PARTY,        /* address, 0, dossier id            -> nothing */
    SCH_TABLE_KENMERK,      /* kenmerk number                    -> dossier id */
    SCH_TABLE_AUDIT,        /* sequence                          -> audit record or chain link */
    SCH_TABLE_TRAIL,        /* dossier id, audit sequence        -> the others of that turn */
    SCH_TABLE_CHAIN,        /* id of a chain's root or a group, dossier id -> which, whose */
    SCH_TABLE_PASSED,       /* address, 0, stored ms, sequence   -> message id, whether sent or received */
    SCH_TABLE_TALLY,        /* region, 0, what is counted        -> counts: STORE.md, "TALLY" */
    SCH_TABLE_PART,         /* number of the upload, be32 index  -> bytes */
    SCH_TABLE_UPLOAD,       /* address, 0, upload id             -> its number, which parts are there, since when */
    SCH_TABLE_COUNT
};

#define SCH_STORE_KEY_MAX 128           /* bytes; LMDB itself takes 511 */
#define SCH_STORE_ANY UINT64_MAX        /* sch_op.expected: whatever stands there */

/* One change. expected guards SCH_TABLE_DOSSIER: the version (first eight bytes, big-endian) that must
 * stand there now, 0 for "no such row"; SCH_STORE_ANY elsewhere. */
struct sch_op {
    enum sch_table table;
    bool erase;                         /* value is ignored; erasing what is not there is no error */
    struct sch_bytes key;
    struct sch_bytes value;
    uint64_t expected;
};

enum sch_store_result {
    SCH_STORE_OK = 0,
    SCH_STORE_NONE,                     /* get: no such row */
    SCH_STORE_CONFLICT,                 /* apply: an expected version differs; nothing was changed */
    SCH_STORE_REJECTED,                 /* apply: these ops can never be applied; nothing was changed */
    SCH_STORE_FULL,                     /* apply: no room; nothing was changed */
    SCH_STORE_UNKNOWN,                  /* apply: the commit failed and may or may not have happened; the
                                           store was reopened and must be read anew */
    SCH_STORE_FATAL                     /* the store cannot go on */
};

/* Copies the row's value into buffer. *size is set to the value's size also when it does not fit
 * (SCH_STORE_FATAL: a row larger than its table allows). */
enum sch_store_result sch_store_get(struct sch_store *store, enum sch_table table, struct sch_bytes key,
                                    uint8_t *buffer, size_t capacity, size_t *size);

/* Applies count ops in order in one durable transaction: all or nothing. */
enum sch_store_result sch_store_apply(struct sch_store *store, const struct sch_op *ops, size_t count);

/* A row during a scan; the bytes are borrowed until it returns. True to go on. */
typedef bool sch_row_fn(void *context, struct sch_bytes key, struct sch_bytes value);

/*
 * Visits rows whose key begins with prefix, from the first key >= from upwards, or, with backwards, from
 * the last key <= from downwards (an empty from: the very first or last of the prefix). Ends when the
 * function returns false or limit rows were visited. The function must not call the store.
 */
enum sch_store_result sch_store_scan(struct sch_store *store, enum sch_table table, struct sch_bytes prefix,
                                     struct sch_bytes from, bool backwards, size_t limit, sch_row_fn *visit,
                                     void *context);

/*
 * The store as it stands at this moment: sch_store_get() and sch_store_scan() on what is given see it so, whatever
 * is applied meanwhile; nothing else may be called on it. NULL: the store failed. Used and released by one
 * thread, before the store is closed, and soon: what is freed while it lives cannot be written again, and a store
 * that must be reopened waits for it. (The store in memory, of one thread, admits no apply meanwhile.)
 */
struct sch_store *sch_store_snapshot(struct sch_store *store);
void sch_store_release(struct sch_store *snapshot);             /* NULL-safe */

/* Bytes in use and bytes that can still be written, the smaller of map and disk; and rows per table. map 0: the store
 * could not be read. */
struct sch_space {
    uint64_t used;
    uint64_t available;
    uint64_t map;
    uint64_t rows[SCH_TABLE_COUNT];
};
void sch_store_space(struct sch_store *store, struct sch_space *space);

/* A consistent copy, while the store goes on. path is a directory that does not exist yet; nor does it after an
 * error. */
int sch_store_backup(struct sch_store *store, const char *path, sch_error *error);

#endif
