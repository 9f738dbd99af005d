/*
 * work_own.h: the inside of a working set, shared by work.c and work_effects.c and by nobody else.
 */
#ifndef SCH_SHELL_WORK_OWN_H
#define SCH_SHELL_WORK_OWN_H

#include "work.h"

/* A dossier of this turn. due_ms and owed_ms are what the index rows in the store say of it. */
struct sch_work_slot {
    struct sch_dossier dossier;
    int64_t due_ms, owed_ms;
    bool fresh, dirty;
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
    struct sch_arena arena;
    struct sch_batch batch;
    struct sch_effects *effects;
    uint64_t first_sequence;
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

#endif
