/*
 * upload.h: large bodies on their way in: what is there of each, whose it is, how much it is, and for how long.
 *
 * A body over 1 MiB comes in parts before its message does. An upload belongs to the address that sends it: under
 * the same id another's is another upload. Nobody sees it until a submission takes it; then its parts stay where
 * they are, and the message says under which number they stand. Who does not submit within a day loses it.
 *
 * Works within the working set of a turn, so that a submission sees the parts that came just before it, and a batch
 * that fails leaves nothing behind. Must not know: sessions, sockets, what a body means.
 */
#ifndef SCH_SHELL_UPLOAD_H
#define SCH_SHELL_UPLOAD_H

#include "work.h"

/* Whose upload. */
struct sch_upload_name {
    struct sch_address sender;
    struct sch_id id;
};

/* What a `part` says; without bytes it only asks. The bytes must stay until the batch was applied. */
struct sch_upload_part {
    struct sch_upload_name name;
    uint32_t index, count;
    struct sch_bytes bytes;
};

/*
 * Takes a part, or only looks; *there says, a bit per index, which parts are there afterwards. The same bytes once
 * more change nothing. SCH_OK, or a code and the field that is to blame: TOO_LARGE, FIELD_INVALID (a size that the
 * part cannot have, or another count than before), UPLOAD_QUOTA.
 */
int sch_upload_put(struct sch_work *work, const struct sch_upload_part *part, uint8_t there[SCH_UPLOAD_BITS],
                   const char **field);

/* The upload, when every part of it is there; NULL otherwise. Borrowed until the next begin. */
const struct sch_upload_row *sch_upload_whole(struct sch_work *work, const struct sch_upload_name *name);

/* Bytes of a whole upload. */
size_t sch_upload_size(const struct sch_upload_row *row);

/* A message takes it: the upload ends, its parts stay. It was whole (asserted). */
void sch_upload_take(struct sch_work *work, const struct sch_upload_name *name);

/* The upload ends and its parts go. Harmless when there is none. */
void sch_upload_drop(struct sch_work *work, const struct sch_upload_name *name);

/* Was nothing added to it for SCH_UPLOAD_AGE_MAX_MS? */
bool sch_upload_is_abandoned(struct sch_work *work, const struct sch_upload_name *name, int64_t now_ms);

/* The parts of a body that nobody waits for any more go. */
void sch_upload_erase(struct sch_work *work, uint64_t number, uint32_t count);

/* ---- those that nobody submits ------------------------------------------------------------------- */

#define SCH_UPLOAD_RETRY_MS 60000       /* what could not be dropped is tried again */
#define SCH_UPLOAD_DROPS_MAX 4          /* looked up at a time: each may have SCH_PARTS_MAX parts to erase */

/* When to look, and where a look that was too long goes on. Volatile: a start looks through all of them. */
struct sch_upload_watch {
    int64_t next_ms;                    /* civil; INT64_MAX: there is nothing to look at */
    int64_t pass_ms;                    /* the earliest end that this pass has seen */
    uint8_t from[SCH_STORE_KEY_MAX + 1];
    size_t from_size;
};

/* Looks through all uploads: when the first ends, and how many bytes wait (into metrics). SCH_OK, IO or
 * STORE_DAMAGED. */
int sch_upload_watch_start(struct sch_upload_watch *watch, struct sch_store *store, struct sch_metrics *metrics);

/* A part came at now_ms. */
void sch_upload_watch_note(struct sch_upload_watch *watch, int64_t now_ms);

/* Nothing before then: what could not be dropped is looked at again. */
void sch_upload_watch_defer(struct sch_upload_watch *watch, int64_t until_ms);

/* Those that have ended, at most SCH_UPLOAD_DROPS_MAX; returns how many. Looks at a bounded number of rows; with
 * more to look at, next_ms has come already. A damaged row is logged, once a pass, and passed over; a store that
 * cannot be read is looked at again in SCH_UPLOAD_RETRY_MS. */
size_t sch_upload_watch_due(struct sch_upload_watch *watch, struct sch_store *store, int64_t now_ms,
                            struct sch_upload_name ended[SCH_UPLOAD_DROPS_MAX]);

#endif
