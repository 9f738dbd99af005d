/*
 * control.h: the operator's door: a Unix socket in the store's directory, one line each way.
 *
 *   backup PATH       a consistent copy while the broker works on; PATH is a directory that does not exist
 *   confirm-time      the clock is right after its jump: firing goes on (DESIGN, "Time")
 *   reload            as SIGHUP, with the answer
 *   status            how it stands
 *
 * The answer is lines of text; the last one is "ok" or "error NAME text". Whoever may enter the store's
 * directory (0700) may speak here. A thread serves one connection at a time; backups run on it, all else is
 * answered by the turn's thread between two turns.
 *
 * Must not know: the turn.
 */
#ifndef SCH_SHELL_CONTROL_H
#define SCH_SHELL_CONTROL_H

#include <stdio.h>

#include "ports.h"

#define SCH_CONTROL_LINE_MAX 1023       /* bytes of a request */
#define SCH_CONTROL_ANSWER_MAX 2047

enum sch_control_request {
    SCH_CONTROL_NOTHING = 0,
    SCH_CONTROL_CONFIRM_TIME,
    SCH_CONTROL_RELOAD,
    SCH_CONTROL_STATUS
};

struct sch_control;

/* Listens on DIRECTORY/control.sock. store and net are borrowed: the one to back up, the other to wake.
 * Errors: IO, NO_MEMORY. */
int sch_control_open(struct sch_control **control, const char *directory, struct sch_store *store,
                     struct sch_net *net, sch_error *error);
void sch_control_close(struct sch_control *control);    /* NULL-safe; waits for the thread, and its backup */

/* For the turn's thread: what is asked, if anything; then sch_control_answer() is owed. */
enum sch_control_request sch_control_take(struct sch_control *control);
/* text: lines before the last, each with its newline, or "". error NULL: "ok". */
void sch_control_answer(struct sch_control *control, const char *text, const sch_error *error);

/* Backups made and failed since the start. */
void sch_control_backups(struct sch_control *control, uint64_t *made, uint64_t *failed);

/*
 * The other end: sends one request to the broker of this store directory and prints the answer's lines,
 * but for the last, to out. Errors: UNREACHABLE (no broker runs there), or the one that was answered, with
 * its text; TIMEOUT after timeout_ms without an answer.
 */
int sch_control_ask(const char *directory, const char *request, int timeout_ms, FILE *out, sch_error *error);

#endif
