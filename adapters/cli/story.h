/*
 * story.h: the events of a dossier as the lines of a story, what is awaited included.
 *
 * The trace says which promises were opened, moved, closed and reopened; replaying it gives what is still
 * owed. Pure: a function of the rows and of now. Must not know: printing, names of parties, the library's
 * handles.
 */
#ifndef SCH_CLI_STORY_H
#define SCH_CLI_STORY_H

#include <scharnier/query.h>

/* A promise as the rows leave it. */
struct sch_promise {
    uint32_t expectation;
    struct sch_id opened_by;
    struct sch_address debtor;
    enum sch_kind kind;                 /* of the message that opened it, as far as known */
    enum sch_standing standing;
    int64_t opened_ms;
    int64_t norm_due_ms, due_ms;
};

/* A line: an event (row >= 0) or an awaited promise (row < 0), with a Dutch word and what it is about. */
struct sch_story_line {
    int64_t at_ms;                      /* of an awaited promise: its due */
    long row;                           /* index in the rows; -1: awaited */
    struct sch_address party;
    const char *word;                   /* "verzonden", "opgehaald", "ontbreekt", "verwacht" */
    char what[256];
};

struct sch_story {
    struct sch_promise *promise;
    size_t promise_count;
    struct sch_story_line *line;        /* oldest first; promises that are not due yet stand at the end */
    size_t line_count;
};

/* all: every event, also those that only the ledger needs. False: out of memory. sch_story_close() frees. */
bool sch_story_tell(struct sch_story *story, const struct sch_trace_row *rows, size_t count, bool all,
                    int64_t now_ms);
void sch_story_close(struct sch_story *story);

#endif
