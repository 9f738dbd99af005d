/*
 * audit_verify.c: the walk over a stored audit chain. See audit.h.
 *
 * Rows are read in pages. Between two pages the store may move on; the walk ends at the head that META stated
 * at its start, so that it never looks at a turn that is newer. Old turns may go meanwhile, by time: when the walk
 * meets a gap, META tells whether that is why, and then it begins again.
 */
#include <inttypes.h>
#include <string.h>

#include "shell/audit.h"
#include "shell/audit_chain.h"

#define PAGE_ROWS 1024

struct walk {
    struct sch_audit_report *report;
    crypto_generichash_state hash;
    uint8_t head[32];                   /* of the last link that was seen */
    uint64_t first;                     /* sequence of the turn's first record */
    uint64_t next;                      /* the sequence that must come */
    uint64_t end;                       /* the first that is not looked at */
    bool broken;
};

/* True when this row is what must stand here. */
static bool fits(struct walk *walk, struct sch_bytes key, struct sch_bytes value)
{
    struct sch_audit_record record;
    struct sch_audit_link link;
    uint8_t digest[32];

    if (sch_record_audit_row(value) == SCH_AUDIT_RECORD) {
        if (sch_record_audit_decode(key, value, &record) != SCH_OK || record.sequence != walk->next)
            return false;
        sch_audit_chain_add(&walk->hash, key, value);
        walk->report->records++;
        return true;
    }
    if (sch_record_link_decode(key, value, &link) != SCH_OK || link.sequence != walk->next ||
        link.first != walk->first || link.first == link.sequence)
        return false;
    sch_audit_chain_end(&walk->hash, digest);
    if (memcmp(link.previous, walk->head, sizeof(digest)) != 0 ||
        memcmp(link.hash, digest, sizeof(digest)) != 0)
        return false;
    memcpy(walk->head, digest, sizeof(digest));
    walk->first = link.sequence + 1;
    sch_audit_chain_begin(&walk->hash, walk->head);
    walk->report->links++;
    return true;
}

static bool visit(void *context, struct sch_bytes key, struct sch_bytes value)
{
    struct walk *walk = context;

    if (walk->next == walk->end)
        return false;
    if (!fits(walk, key, value)) {
        walk->broken = true;
        return false;
    }
    walk->next++;
    return true;
}

static int read_meta(struct sch_store *store, struct sch_meta *meta, sch_error *error)
{
    uint8_t value[SCH_RECORD_META_MAX];
    struct sch_record_key key = sch_record_key_meta(SCH_RECORD_META_COUNTERS);
    size_t size;

    switch (sch_store_get(store, SCH_TABLE_META, sch_record_key_bytes(&key), value, sizeof(value), &size)) {
    case SCH_STORE_OK:
        if (sch_record_meta_decode((struct sch_bytes){ value, size }, meta) == SCH_OK)
            return SCH_OK;
        break;
    case SCH_STORE_NONE:
        sch_record_meta_init(meta);
        return SCH_OK;
    default:
        break;
    }
    return sch_fail(error, SCH_E_STORE_DAMAGED, "the store's counters cannot be read");
}

/* Walks from the first row that there is; false when the table cannot be read. */
static bool walk_rows(struct sch_store *store, struct walk *walk)
{
    struct sch_record_key from = { .size = 0 };

    while (!walk->broken && walk->next < walk->end) {
        uint64_t before = walk->next;

        if (sch_store_scan(store, SCH_TABLE_AUDIT, (struct sch_bytes){ NULL, 0 }, sch_record_key_bytes(&from),
                           false, PAGE_ROWS, visit, walk) != SCH_STORE_OK)
            return false;
        if (walk->next == before)
            walk->broken = true;
        from = sch_record_key_audit(walk->next);
    }
    return true;
}

static int walk_once(struct sch_store *store, const struct sch_meta *meta, struct sch_audit_report *report,
                     sch_error *error)
{
    struct walk walk = { .report = report, .first = meta->audit_first, .next = meta->audit_first,
                         .end = meta->next_audit };

    memset(report, 0, sizeof(*report));
    memcpy(walk.head, meta->audit_base, sizeof(walk.head));
    sch_audit_chain_begin(&walk.hash, walk.head);
    if (!walk_rows(store, &walk))
        return sch_fail(error, SCH_E_STORE_DAMAGED, "the audit table cannot be read");
    /* A tail that was cut off, or a turn without its link, shows against META alone. */
    if (!walk.broken &&
        (walk.first != walk.end || memcmp(walk.head, meta->audit_head, sizeof(walk.head)) != 0))
        walk.broken = true;
    if (!walk.broken)
        return SCH_OK;
    report->broken_at = walk.next;
    return SCH_E_AUDIT_BROKEN;
}

int sch_audit_verify(struct sch_store *store, struct sch_audit_report *report, sch_error *error)
{
    struct sch_meta meta;
    int code = read_meta(store, &meta, error);

    memset(report, 0, sizeof(*report));
    while (code == SCH_OK) {
        uint64_t first = meta.audit_first;

        code = walk_once(store, &meta, report, error);
        if (code != SCH_E_AUDIT_BROKEN || read_meta(store, &meta, error) != SCH_OK)
            return code;
        if (meta.audit_first == first)
            return sch_fail(error, SCH_E_AUDIT_BROKEN, "the audit chain breaks at record %" PRIu64,
                            report->broken_at);
        code = SCH_OK;
    }
    return code;
}
