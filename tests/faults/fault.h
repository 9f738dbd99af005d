/*
 * fault.h: the n-th call that may fail, failing.
 *
 * Wrappers (see faults.mk) stand before the calls by which the broker depends on memory, LMDB and the disk. They
 * count the calls that are made while the broker is at work: in its turn, or opening its store. What a test does
 * beside it, and the net, which belongs to the test, never fail. Must not know: stores, turns, what the calls are
 * for.
 */
#ifndef SCH_TEST_FAULT_H
#define SCH_TEST_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fault_kind {
    FAULT_ALLOCATION,                   /* malloc, calloc, realloc: of the broker and of liblmdb */
    FAULT_GET,                          /* a row, a step of a cursor, the transaction to read in */
    FAULT_PUT,                          /* a row written or erased, the transaction to write in */
    FAULT_COMMIT_LOST,                  /* a commit that fails and did not happen */
    FAULT_COMMIT_KEPT,                  /* one that fails, but happened */
    FAULT_DISK,                         /* a write or a sync below LMDB */
    FAULT_KINDS
};

extern const char *const fault_name[FAULT_KINDS];

/* Counts from nought and notes from where each call came; nothing fails. */
void fault_watch(void);

/* How many calls there were since, and a number that is the same for calls that came along the same path. */
size_t fault_calls(enum fault_kind kind);
uint64_t fault_path(enum fault_kind kind, size_t call);

/* Counts from nought: call n (from 0) fails, and, when it lasts, all of its kind until fault_heal(). */
void fault_arm(enum fault_kind kind, size_t n, bool lasting);
void fault_heal(void);
bool fault_struck(void);
size_t fault_strikes(void);             /* calls that failed */

/* From now on nothing is counted and nothing fails. */
void fault_end(void);

/* For a test that calls the store itself: what follows is the broker's work, or is not. Returns which it was. */
bool fault_at_work(bool at_work);

/* What the broker allocated while it was at work and did not free. */
size_t fault_unfreed(void);

#endif
