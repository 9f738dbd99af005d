/*
 * reader.h: permitted queries are answered beside the turn: a queue of jobs, one thread, and pages handed
 * back.
 *
 * The turn puts a job when the query's audit record is durable, and later takes it back with its page, in the
 * order of putting; it alone speaks to peers. A job holds copies of all that it needs. A finished job ends a
 * sch_net_wait(). There are two implementations with the same symbols, as of the doors in ports.h:
 * shell/reader.c with a thread, and tests/lib/reader_sim.c, which runs a job when it is put; the linker
 * chooses.
 *
 * Put, take and close are the turn's thread's. Must not know: sessions, the wire, who may ask what.
 */
#ifndef SCH_SHELL_READER_H
#define SCH_SHELL_READER_H

#include "ports.h"
#include "query.h"

#define SCH_READER_JOBS_MAX 64          /* put and not taken back yet, */
#define SCH_READER_PEER_JOBS_MAX 16     /* and of one peer: so that none takes every place */

struct sch_reader_job {
    struct sch_peer peer;
    uint64_t request;
    struct sch_query_permit permit;
    int64_t now_ms;
    /* The answer: what sch_query_run() returned, and the page, whose rows lie in the arena. */
    int code;
    struct sch_page page;
    struct sch_arena arena;
    struct sch_reader_job *next;        /* the reader's */
};

struct sch_reader;

/* Borrows both until it is closed. SCH_OK, NO_MEMORY. */
int sch_reader_open(struct sch_reader **reader, struct sch_store *store, struct sch_net *net,
                    sch_error *error);

/* Ends what is running, drops what was not taken back. NULL-safe. */
void sch_reader_close(struct sch_reader *reader);

/* Copies peer, request, permit and now_ms of a job. SCH_OK; BROKER_BUSY: too many wait, of all or of this
 * peer; NO_MEMORY. */
int sch_reader_put(struct sch_reader *reader, const struct sch_reader_job *job);

/* The next job that is done; NULL: none is. To be given to sch_reader_free(). */
struct sch_reader_job *sch_reader_take(struct sch_reader *reader);

/* How many were put and not taken back. */
size_t sch_reader_pending(const struct sch_reader *reader);

/* ---- what both implementations are made of (reader_job.c) ---------------------------------------- */

/* Copies a job; NULL: no memory. */
struct sch_reader_job *sch_reader_job_new(const struct sch_reader_job *job);
/* Runs it: fills code, page and arena. */
void sch_reader_job_run(struct sch_reader_job *job, struct sch_store *store, const atomic_bool *stop);
/* NULL-safe. */
void sch_reader_free(struct sch_reader_job *job);

/* Jobs in the order in which they were put; the head is the oldest. Zeroed: empty. */
struct sch_reader_queue {
    struct sch_reader_job *head, *last;
    size_t count;
};
void sch_reader_queue_put(struct sch_reader_queue *queue, struct sch_reader_job *job);
/* NULL when it is empty. */
struct sch_reader_job *sch_reader_queue_take(struct sch_reader_queue *queue);
size_t sch_reader_queue_of(const struct sch_reader_queue *queue, const struct sch_peer *peer);
/* Frees all that is in it. */
void sch_reader_queue_close(struct sch_reader_queue *queue);

#endif
