/*
 * turn.h: the only loop body of the broker: gather, load, step, apply, send.
 *
 * A turn owns the session table and nothing else that outlives it: whatever was promised stands in the
 * store. It knows net, store and clock only through ports.h, so that the simulator runs this very code.
 * broker/DESIGN.md, "The turn", gives the order of things and why it may not change.
 */
#ifndef SCH_BROKER_TURN_H
#define SCH_BROKER_TURN_H

#include "ports.h"
#include "shell/book.h"
#include "shell/control.h"
#include "shell/metrics.h"

struct sch_turn;

struct sch_turn_options {
    struct sch_net *net;
    struct sch_store *store;
    struct sch_clock *clock;
    const struct sch_book *book;        /* directories, norms, permits; borrowed until replaced */
    struct sch_metrics *metrics;        /* borrowed; the thread that runs the turn alone writes it */
    bool verify_signatures;             /* check every signature at the door */
    uint64_t reserve_bytes;             /* below this much room, new referrals are refused */
    int64_t e1_hold_ms;                 /* after a start no E1 fires for so long, and nothing expires, also after
                                           a confirmed time; 15 minutes */
};

/* Reads the store's counters and last civil time. Gives a turn. Errors: NO_MEMORY, STORE_DAMAGED, IO. */
int sch_turn_open(struct sch_turn **turn, const struct sch_turn_options *options, sch_error *error);
void sch_turn_close(struct sch_turn *turn);

/* One turn: waits at most max_wait_ms (-1: as long as nothing is due) for something to do. SCH_OK, or the
 * error after which the broker must stop (STORE_DAMAGED, IO). */
int sch_turn_run(struct sch_turn *turn, int64_t max_wait_ms, sch_error *error);

/* From the next turn on. The former book may be freed when this returns. */
void sch_turn_reload(struct sch_turn *turn, const struct sch_book *book);

/* Stops taking submissions (STOPPING) and offering; sch_turn_is_drained() once nothing is leased, or leases
 * have run out. */
void sch_turn_drain(struct sch_turn *turn);
bool sch_turn_is_drained(const struct sch_turn *turn);

/* Civil time had jumped and firing is held until an operator confirms (DESIGN, "Time"). */
bool sch_turn_is_held(const struct sch_turn *turn);
void sch_turn_confirm_time(struct sch_turn *turn);

/* What an operator asks about the mailboxes (SCH_CONTROL_QUEUE_…), between two turns; lines to out as queue.h
 * gives them. Looking into one is audited. Errors: those of queue.h. */
int sch_turn_queue(struct sch_turn *turn, enum sch_control_request request, const char *argument, FILE *out,
                   sch_error *error);

#endif
