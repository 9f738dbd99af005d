/*
 * audit.c: see audit.h. The walk that verifies a chain is audit_verify.c's.
 */
#include "shell/audit.h"

#include <assert.h>
#include <string.h>

#include "shell/audit_chain.h"

/* ---- the chain --------------------------------------------------------------------------------- */

void sch_audit_chain_begin(crypto_generichash_state *hash, const uint8_t previous[32])
{
    static const char tag[] = "scharnier.v1.audit";
    int failed = crypto_generichash_init(hash, NULL, 0, 32);

    failed |= crypto_generichash_update(hash, (const uint8_t *)tag, sizeof(tag) - 1);
    failed |= crypto_generichash_update(hash, previous, 32);
    assert(failed == 0);
}

void sch_audit_chain_add(crypto_generichash_state *hash, struct sch_bytes key, struct sch_bytes value)
{
    uint8_t size[4];
    int failed;

    for (size_t i = 0; i < sizeof(size); i++)
        size[i] = (uint8_t)(value.len >> (24 - 8 * i));
    failed = crypto_generichash_update(hash, key.ptr, key.len);
    failed |= crypto_generichash_update(hash, size, sizeof(size));
    failed |= crypto_generichash_update(hash, value.ptr, value.len);
    assert(failed == 0);
}

void sch_audit_chain_end(crypto_generichash_state *hash, uint8_t digest[32])
{
    int failed = crypto_generichash_final(hash, digest, 32);

    assert(failed == 0);
    (void)failed;
}

/* ---- a turn ------------------------------------------------------------------------------------ */

/* One record of one dossier's trail. */
struct sch_audit_step {
    struct sch_id dossier;
    uint64_t sequence;                  /* 0: forgotten */
    struct sch_audit_step *next;        /* of the turn, */
    struct sch_audit_step *same;        /* and of this dossier */
};

static void copy_folds(struct sch_audit_folds *to, const struct sch_audit_folds *from)
{
    to->count = from->count;
    memcpy(to->fold, from->fold, from->count * sizeof(from->fold[0]));
}

void sch_audit_init(struct sch_audit *audit)
{
    memset(audit, 0, sizeof(*audit));
}

void sch_audit_begin(struct sch_audit *audit, const struct sch_meta *meta, int64_t now_ms)
{
    if (audit->changed)
        copy_folds(&audit->now, &audit->kept);
    audit->changed = false;
    audit->step = audit->last_step = NULL;
    audit->step_count = 0;
    audit->first = audit->next = meta->next_audit;
    audit->now_ms = now_ms;
    memcpy(audit->previous, meta->audit_head, sizeof(audit->previous));
}

static bool is_trailed(const struct sch_audit_record *record)
{
    static const struct sch_id none;

    return record->event != SCH_TRACE_REJECTED && record->event != SCH_TRACE_PURGED &&
           memcmp(&record->dossier, &none, sizeof(none)) != 0;
}

int sch_audit_add(struct sch_audit *audit, struct sch_batch *batch, struct sch_audit_record *record)
{
    uint8_t bytes[SCH_RECORD_AUDIT_MAX];
    struct sch_record_key key = sch_record_key_audit(audit->next);
    struct sch_bytes value = { bytes, 0 };
    struct sch_audit_step *step = NULL;
    int code;

    record->sequence = audit->next;
    record->at_ms = audit->now_ms;
    value.len = sch_record_audit_encode(record, bytes, sizeof(bytes));
    assert(value.len > 0);
    if (is_trailed(record)) {
        step = sch_arena_take(batch->arena, sizeof(*step));
        if (step == NULL)
            return SCH_E_NO_MEMORY;
        *step = (struct sch_audit_step){ .dossier = record->dossier, .sequence = audit->next };
    }
    code = sch_batch_put(batch, SCH_TABLE_AUDIT, sch_record_key_bytes(&key), value, SCH_STORE_ANY);
    if (code != SCH_OK)
        return code;
    if (step != NULL && audit->step == NULL)
        audit->step = step;
    else if (step != NULL)
        audit->last_step->next = step;
    if (step != NULL) {
        audit->last_step = step;
        audit->step_count++;
    }
    audit->next++;
    return SCH_OK;
}

void sch_audit_forget(struct sch_audit *audit, const struct sch_id *dossier)
{
    for (struct sch_audit_step *step = audit->step; step != NULL; step = step->next)
        if (memcmp(&step->dossier, dossier, sizeof(*dossier)) == 0)
            step->sequence = 0;
}

/* ---- trails ------------------------------------------------------------------------------------- */

/* The first step of each dossier, by hash of its id; `same` of the first leads to the others. */
struct trails {
    struct sch_audit_step **first, **last;
    size_t size;                        /* a power of two, at least twice the steps */
};

static size_t place_of(const struct trails *trails, const struct sch_id *dossier)
{
    uint64_t h = UINT64_C(14695981039346656037);
    size_t at;

    for (size_t i = 0; i < sizeof(dossier->bytes); i++)
        h = (h ^ dossier->bytes[i]) * UINT64_C(1099511628211);
    at = (size_t)(h ^ (h >> 32)) & (trails->size - 1);
    while (trails->first[at] != NULL && memcmp(&trails->first[at]->dossier, dossier, sizeof(*dossier)) != 0)
        at = (at + 1) & (trails->size - 1);
    return at;
}

static int put_row(struct sch_batch *batch, const struct sch_id *dossier, const uint64_t *sequence, size_t count)
{
    struct sch_record_key key = sch_record_key_trail(dossier, sequence[0]);
    uint8_t value[SCH_RECORD_TRAIL_MAX];
    size_t size = sch_record_trail_encode(sequence, count, value, sizeof(value));

    return sch_batch_put(batch, SCH_TABLE_TRAIL, sch_record_key_bytes(&key), (struct sch_bytes){ value, size },
                         SCH_STORE_ANY);
}

static int put_trail(struct sch_batch *batch, const struct sch_audit_step *step)
{
    uint64_t sequence[SCH_TRAIL_ROW_MAX];
    const struct sch_id *dossier = &step->dossier;
    size_t count = 0;
    int code = SCH_OK;

    for (; step != NULL && code == SCH_OK; step = step->same) {
        sequence[count++] = step->sequence;
        if (count < SCH_TRAIL_ROW_MAX && step->same != NULL)
            continue;
        code = put_row(batch, dossier, sequence, count);
        count = 0;
    }
    return code;
}

/* One row per dossier that this turn has records of. */
static int put_trails(const struct sch_audit *audit, struct sch_batch *batch)
{
    struct trails trails = { .size = 2 };
    int code = SCH_OK;

    if (audit->step_count == 0)
        return SCH_OK;
    while (trails.size < 2 * audit->step_count)
        trails.size *= 2;
    trails.first = sch_arena_take(batch->arena, 2 * trails.size * sizeof(*trails.first));
    if (trails.first == NULL)
        return SCH_E_NO_MEMORY;
    memset(trails.first, 0, 2 * trails.size * sizeof(*trails.first));
    trails.last = trails.first + trails.size;
    for (struct sch_audit_step *step = audit->step; step != NULL; step = step->next) {
        size_t at;

        if (step->sequence == 0)
            continue;
        at = place_of(&trails, &step->dossier);
        step->same = NULL;
        if (trails.first[at] == NULL)
            trails.first[at] = step;
        else
            trails.last[at]->same = step;
        trails.last[at] = step;
    }
    /* In the order of the steps, so that the same turn always makes the same batch. */
    for (const struct sch_audit_step *step = audit->step; step != NULL && code == SCH_OK; step = step->next)
        if (step->sequence != 0 && trails.first[place_of(&trails, &step->dossier)] == step)
            code = put_trail(batch, step);
    return code;
}

/* ---- folding ----------------------------------------------------------------------------------- */

static struct sch_audit_fold *find(struct sch_audit_folds *folds, const struct sch_audit_record *record)
{
    for (size_t i = 0; i < folds->count; i++) {
        struct sch_audit_fold *fold = &folds->fold[i];

        if (fold->last.code == record->code && strcmp(fold->last.key_id, record->key_id) == 0)
            return fold;
    }
    return NULL;
}

/* Has the fold's minute passed? Also when civil time stepped back, lest it never does. */
static bool is_over(const struct sch_audit_fold *fold, int64_t now_ms)
{
    return now_ms < fold->since_ms || now_ms - fold->since_ms >= SCH_AUDIT_FOLD_MS;
}

/* Writes down what was only counted, and takes the fold out. */
static int flush(struct sch_audit *audit, struct sch_batch *batch, struct sch_audit_fold *fold)
{
    struct sch_audit_record record = fold->last;
    int code = SCH_OK;

    if (fold->count > 0) {
        record.folded = fold->count - 1;
        code = sch_audit_add(audit, batch, &record);
    }
    if (code != SCH_OK)
        return code;
    audit->changed = true;
    audit->now.count--;
    if (fold != &audit->now.fold[audit->now.count])
        *fold = audit->now.fold[audit->now.count];
    return SCH_OK;
}

static struct sch_audit_fold *oldest(struct sch_audit_folds *folds)
{
    struct sch_audit_fold *found = &folds->fold[0];

    for (size_t i = 1; i < folds->count; i++)
        if (folds->fold[i].since_ms < found->since_ms)
            found = &folds->fold[i];
    return found;
}

int sch_audit_refuse(struct sch_audit *audit, struct sch_batch *batch, struct sch_audit_record *record)
{
    struct sch_audit_fold *fold = find(&audit->now, record);
    int code;

    record->event = SCH_TRACE_REJECTED;
    if (fold != NULL && !is_over(fold, audit->now_ms) && fold->count < UINT32_MAX) {
        record->sequence = 0;
        record->at_ms = audit->now_ms;
        fold->count++;
        fold->last = *record;
        audit->changed = true;
        return SCH_OK;
    }
    if (fold == NULL && audit->now.count == SCH_AUDIT_FOLDS_MAX) {
        code = flush(audit, batch, oldest(&audit->now));
        if (code != SCH_OK)
            return code;
    }
    record->folded = fold != NULL ? fold->count : 0;
    code = sch_audit_add(audit, batch, record);
    if (code != SCH_OK)
        return code;
    if (fold == NULL)
        fold = &audit->now.fold[audit->now.count++];
    *fold = (struct sch_audit_fold){ .since_ms = audit->now_ms, .count = 0, .last = *record };
    audit->changed = true;
    return SCH_OK;
}

static void hash_turn(const struct sch_audit *audit, const struct sch_batch *batch, uint8_t digest[32])
{
    crypto_generichash_state hash;
    uint64_t count = 0;

    sch_audit_chain_begin(&hash, audit->previous);
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->op[i].table != SCH_TABLE_AUDIT || batch->op[i].erase)
            continue;
        sch_audit_chain_add(&hash, batch->op[i].key, batch->op[i].value);
        count++;
    }
    assert(count == audit->next - audit->first);
    sch_audit_chain_end(&hash, digest);
}

int sch_audit_finish(struct sch_audit *audit, struct sch_batch *batch, struct sch_meta *meta)
{
    struct sch_audit_link link = { .sequence = 0 };
    uint8_t bytes[SCH_RECORD_AUDIT_MAX];
    struct sch_record_key key;
    struct sch_bytes value = { bytes, 0 };
    int code;

    /* From the end, since a fold that goes is replaced by the last. */
    for (size_t i = audit->now.count; i > 0; i--) {
        code = is_over(&audit->now.fold[i - 1], audit->now_ms) ? flush(audit, batch, &audit->now.fold[i - 1])
                                                               : SCH_OK;
        if (code != SCH_OK)
            return code;
    }
    if (audit->next == audit->first)
        return SCH_OK;
    code = put_trails(audit, batch);
    if (code != SCH_OK)
        return code;
    link.sequence = audit->next;
    link.first = audit->first;
    memcpy(link.previous, audit->previous, sizeof(link.previous));
    hash_turn(audit, batch, link.hash);
    key = sch_record_key_audit(link.sequence);
    value.len = sch_record_link_encode(&link, bytes, sizeof(bytes));
    code = sch_batch_put(batch, SCH_TABLE_AUDIT, sch_record_key_bytes(&key), value, SCH_STORE_ANY);
    if (code != SCH_OK)
        return code;
    meta->next_audit = link.sequence + 1;
    memcpy(meta->audit_head, link.hash, sizeof(meta->audit_head));
    return SCH_OK;
}

void sch_audit_commit(struct sch_audit *audit)
{
    if (audit->changed)
        copy_folds(&audit->kept, &audit->now);
    audit->changed = false;
}

int64_t sch_audit_next_ms(const struct sch_audit *audit)
{
    int64_t next_ms = INT64_MAX;

    for (size_t i = 0; i < audit->kept.count; i++) {
        const struct sch_audit_fold *fold = &audit->kept.fold[i];

        if (fold->count > 0 && fold->since_ms + SCH_AUDIT_FOLD_MS < next_ms)
            next_ms = fold->since_ms + SCH_AUDIT_FOLD_MS;
    }
    return next_ms;
}
