/*
 * control.h: the operator's door: a Unix socket in the store's directory, one line each way.
 *
 *   backup PATH       a consistent copy while the broker works on; PATH is a directory that does not exist
 *   confirm-time      the clock is right after its jump: firing goes on (DESIGN, "Time")
 *   reload            as SIGHUP, with the answer
 *   status            how it stands: a name and a value a line
 *   queue ls [ADDRESS]                 mailboxes with something in them or held back, after this one
 *   queue peek ADDRESS                 what waits there, without any of its content
 *   queue retry ADDRESS|MESSAGE        what is backing off is offered at once
 *   queue hold ADDRESS, release ADDRESS    nothing is offered from there meanwhile, also over a restart
 *
 * The answer is lines of text; the last one is "ok" or "error NAME text". queue.h gives the lines of queue.
 * Whoever may enter the store's directory (0700) may speak here. A thread serves one connection at a time;
 * backups run on it, all else is answered by the turn's thread between two turns.
 *
 * Must not know: the turn.
 */
#ifndef SCH_SHELL_CONTROL_H
#define SCH_SHELL_CONTROL_H

#include "control_ask.h"
#include "ports.h"

enum sch_control_request {
    SCH_CONTROL_NOTHING = 0,
    SCH_CONTROL_CONFIRM_TIME,
    SCH_CONTROL_RELOAD,
    SCH_CONTROL_STATUS,
    SCH_CONTROL_QUEUE_LS,
    SCH_CONTROL_QUEUE_PEEK,
    SCH_CONTROL_QUEUE_RETRY,
    SCH_CONTROL_QUEUE_HOLD,
    SCH_CONTROL_QUEUE_RELEASE
};

struct sch_control;

/* Listens on DIRECTORY/control.sock. store and net are borrowed: the one to back up, the other to wake.
 * Errors: IO, NO_MEMORY. */
int sch_control_open(struct sch_control **control, const char *directory, struct sch_store *store,
                     struct sch_net *net, sch_error *error);
void sch_control_close(struct sch_control *control);    /* NULL-safe; waits for the thread, and its backup */

/* For the turn's thread: what is asked, if anything, and about what; then sch_control_answer() is owed. */
enum sch_control_request sch_control_take(struct sch_control *control,
                                          char argument[SCH_CONTROL_LINE_MAX + 1]);
/* text: lines before the last, each with its newline, or "". error NULL: "ok". */
void sch_control_answer(struct sch_control *control, const char *text, const sch_error *error);

/* Backups made and failed since the start. */
void sch_control_backups(struct sch_control *control, uint64_t *made, uint64_t *failed);

#endif
