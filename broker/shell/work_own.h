/*
 * work_own.h: the inside of a working set, shared by the work*.c files, upload.c and migrate.c, and by nobody else.
 */
#ifndef SCH_SHELL_WORK_OWN_H
#define SCH_SHELL_WORK_OWN_H

#include "tally.h"
#include "work.h"

/* A dossier of this turn. due_ms, owed_ms and silence are what the index rows and the ages in the store say of
 * it. */
struct sch_work_slot {
    struct sch_dossier dossier;
    int64_t due_ms, owed_ms;
    enum sch_silence silence;
    bool fresh, dirty;
    bool gone;                          /* purged in this turn: nothing of it is written any more */
};

/* An upload of this turn, or the fact that there is none under this name. */
struct sch_work_upload {
    struct sch_address sender;
    struct sch_id id;
    struct sch_upload_row row;
    bool exists, dirty;
};

#define SCH_WORK_UPLOADS_MAX 512

/* A message of this turn; the row's header and seal lie in the frames or the turn's arena. */
struct sch_work_message {
    struct sch_message_row row;
    bool dirty;
};

struct sch_work {
    struct sch_store *store;
    struct sch_metrics *metrics;
    struct sch_metrics counted;         /* the metrics as they were when the turn began */
    struct sch_meta durable;            /* as the store has it */
    struct sch_meta meta;               /* as this turn leaves it */
    struct sch_audit audit;
    struct sch_tally *tally;
    struct sch_arena arena;
    struct sch_batch batch;
    struct sch_effects *effects;
    uint64_t first_sequence;
    int64_t oldest_ms;                  /* when the first audit row that is kept was written; INT64_MAX: none is */
    bool stuck;                         /* old audit rows cannot go: said once, not tried again */
    int64_t now_ms;
    bool held;
    bool failed;
    struct sch_work_slot *slot[SCH_WORK_DOSSIERS_MAX];
    size_t slot_count, slot_room;
    uint16_t by_dossier[2 * SCH_WORK_DOSSIERS_MAX];
    struct sch_work_message message[SCH_WORK_MESSAGES_MAX];
    size_t message_count;
    uint16_t by_message[2 * SCH_WORK_MESSAGES_MAX];
    struct sch_after after[SCH_WORK_AFTER_MAX];
    size_t after_count;
    struct sch_work_upload *upload[SCH_WORK_UPLOADS_MAX];       /* in the arena */
    size_t upload_count;
};

/* Any code but SCH_OK makes the turn's batch unfit to be committed. */
void sch_work_check(struct sch_work *work, int code);

/* The rows of the uploads that changed, into the batch (upload.c). */
void sch_upload_commit(struct sch_work *work);

struct sch_work_slot *sch_work_slot_of(struct sch_dossier *dossier);
struct sch_work_message *sch_work_message_new(struct sch_work *work, const struct sch_id *id);
struct sch_work_message *sch_work_message_find(struct sch_work *work, const struct sch_id *id);

/* The message when it is part of this turn already; NULL when not. */
struct sch_work_message *sch_work_message_known(struct sch_work *work, const struct sch_id *id);

void sch_work_put(struct sch_work *work, enum sch_table table, struct sch_record_key key, struct sch_bytes value);
void sch_work_erase(struct sch_work *work, enum sch_table table, struct sch_record_key key);

/* Writes an audit record. */
void sch_work_audit(struct sch_work *work, struct sch_audit_record *record);

/* The names under which a dossier is listed, each once: its members, and the regions of referrer and
 * receiver, whose coordinators see it. */
size_t sch_work_owners(const struct sch_dossier *dossier, const char *owner[SCH_MEMBERS_MAX + 2]);
struct sch_record_key sch_work_party_key(const char *owner, const struct sch_id *dossier);
/* The row of a dossier in CHAIN under its root or its group; 0: it has none there. */
size_t sch_work_chain_row(const struct sch_dossier *dossier, bool group, struct sch_record_key *key, uint8_t *value,
                          size_t capacity);

/* ---- work_load.c -------------------------------------------------------------------------------- */

/* Fills what a SUBMIT refers to beside its own dossier: origin, subject, group_count. Reads nothing for a message
 * that names none of them. */
void sch_work_refer(struct sch_work *work, struct sch_event *event);

/* The dossiers of a group by this referrer, those of this turn included, but for one; at most SCH_GROUP_MAX. */
size_t sch_work_group(struct sch_work *work, const struct sch_id *group, const struct sch_address *referrer,
                      const struct sch_id *but, struct sch_id id[SCH_GROUP_MAX]);

/* ---- work_purge.c ------------------------------------------------------------------------------- */

/* Erases a dossier with all that the store has of it, and writes that down. One with a very long trail goes in
 * several turns: its last messages and the record itself in the last. */
void sch_work_purge(struct sch_work *work, struct sch_work_slot *slot);

/* The MESSAGE and PASSED rows of a message go, also when this turn changed it. */
void sch_work_purge_message(struct sch_work *work, const struct sch_message_row *row);

/* ---- work_forget.c ------------------------------------------------------------------------------ */

/* Looks up when the first audit row that is kept was written. */
void sch_work_look_back(struct sch_work *work);

/* When audit rows are to go, by time; INT64_MAX: not now. */
int64_t sch_work_forget_ms(const struct sch_work *work);

/* Takes a bounded number of audit rows that are older than SCH_WORK_AUDIT_KEEP_MS out, whole turns, the oldest
 * first; before sch_audit_finish(). */
void sch_work_forget(struct sch_work *work);

#endif
