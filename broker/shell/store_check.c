/*
 * store_check.c: reads a whole store, whichever it is, and says whether it can be trusted. See store_lmdb.h.
 *
 * Every key and value is decoded; what a row refers to must be there, and the letter of each message that has one;
 * the counts of what is owed must be those of the dossiers; the audit chain must hold. Works through the port alone,
 * in pages, since a visitor of a scan may not call the store: it notes what a page refers to, and that is looked up
 * after the page.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "shell/audit.h"
#include "shell/record.h"
#include "shell/store_lmdb.h"
#include "shell/tally.h"

#define PAGE_ROWS 512

static const char *const table_word[SCH_TABLE_COUNT] = {
    [SCH_TABLE_META] = "meta",       [SCH_TABLE_MESSAGE] = "message", [SCH_TABLE_BODY] = "body",
    [SCH_TABLE_DOSSIER] = "dossier", [SCH_TABLE_MAILBOX] = "mailbox", [SCH_TABLE_DUE] = "due",
    [SCH_TABLE_OPEN] = "open",       [SCH_TABLE_PARTY] = "party",     [SCH_TABLE_KENMERK] = "kenmerk",
    [SCH_TABLE_AUDIT] = "audit",     [SCH_TABLE_TRAIL] = "trail",     [SCH_TABLE_CHAIN] = "chain",
    [SCH_TABLE_PASSED] = "passed",   [SCH_TABLE_TALLY] = "tally",     [SCH_TABLE_PART] = "part",
    [SCH_TABLE_UPLOAD] = "upload",
};

/* What rows of a table refer to by an id; SCH_TABLE_COUNT: nothing. */
static const enum sch_table refers_to[SCH_TABLE_COUNT] = {
    [SCH_TABLE_META] = SCH_TABLE_COUNT,      [SCH_TABLE_MESSAGE] = SCH_TABLE_COUNT,
    [SCH_TABLE_BODY] = SCH_TABLE_MESSAGE,    [SCH_TABLE_DOSSIER] = SCH_TABLE_COUNT,
    [SCH_TABLE_MAILBOX] = SCH_TABLE_MESSAGE, [SCH_TABLE_DUE] = SCH_TABLE_DOSSIER,
    [SCH_TABLE_OPEN] = SCH_TABLE_DOSSIER,    [SCH_TABLE_PARTY] = SCH_TABLE_DOSSIER,
    [SCH_TABLE_KENMERK] = SCH_TABLE_DOSSIER, [SCH_TABLE_AUDIT] = SCH_TABLE_COUNT,
    [SCH_TABLE_TRAIL] = SCH_TABLE_COUNT,     [SCH_TABLE_CHAIN] = SCH_TABLE_DOSSIER,
    [SCH_TABLE_PASSED] = SCH_TABLE_MESSAGE,  [SCH_TABLE_TALLY] = SCH_TABLE_COUNT,
    [SCH_TABLE_PART] = SCH_TABLE_COUNT,      [SCH_TABLE_UPLOAD] = SCH_TABLE_COUNT,
};

/* Room for decoding; too large for a stack. */
struct scratch {
    struct sch_dossier dossier;
    struct sch_message_row message;
    struct sch_mailbox_entry entry;
    struct sch_audit_record record;
    struct sch_audit_link link;
    struct sch_meta meta;
    struct sch_upload_row upload;
    uint64_t sequence[SCH_TRAIL_ROW_MAX];
};

/* Where the letter of a message stands: in BODY under its id, in PART under a number, or nowhere. */
struct letter {
    bool is_one;
    uint32_t part_count;
    uint64_t part_number;
};

struct page {
    enum sch_table table;
    struct scratch *scratch;
    struct sch_tally *recount;              /* what dossiers say, less what TALLY says */
    struct sch_store_counts *counts;
    size_t rows;
    struct sch_id refers[PAGE_ROWS];
    struct letter letter[PAGE_ROWS];        /* of the messages in refers */
    uint8_t last[SCH_STORE_KEY_MAX + 1];    /* the key of the last row, and room to step past it */
    size_t last_size;
    bool bad;                               /* the last row cannot be read */
};

/* ---- one row ----------------------------------------------------------------------------------- */

static int check_id(struct sch_bytes key, struct sch_id *id)
{
    return sch_record_kenmerk_decode(key, id);      /* sixteen bytes, there as here */
}

static int check_meta(struct scratch *scratch, struct sch_bytes key, struct sch_bytes value)
{
    static const char name[] = SCH_RECORD_META_COUNTERS;

    if (key.len != sizeof(name) - 1 || memcmp(key.ptr, name, key.len) != 0)
        return SCH_OK;
    return sch_record_meta_decode(value, &scratch->meta);
}

static int check_message(struct scratch *scratch, struct sch_bytes key, struct sch_bytes value, struct sch_id *id,
                         struct letter *letter)
{
    const struct sch_message_row *message = &scratch->message;

    if (sch_record_message_decode(value, &scratch->message) != SCH_OK || key.len != SCH_ID_SIZE ||
        memcmp(key.ptr, message->id.bytes, SCH_ID_SIZE) != 0)
        return SCH_E_STORE_DAMAGED;
    *id = message->id;
    *letter = (struct letter){ message->body_size > 0, message->part_count, message->part_number };
    return SCH_OK;
}

static int check_dossier(struct scratch *scratch, struct sch_tally *recount, struct sch_bytes key,
                         struct sch_bytes value)
{
    if (sch_record_dossier_decode(value, &scratch->dossier) != SCH_OK || key.len != SCH_ID_SIZE ||
        memcmp(key.ptr, scratch->dossier.id.bytes, SCH_ID_SIZE) != 0)
        return SCH_E_STORE_DAMAGED;
    return sch_tally_count_dossier(recount, &scratch->dossier, 1);
}

static int check_mailbox(struct scratch *scratch, struct sch_bytes key, struct sch_bytes value,
                         struct sch_id *refers)
{
    if (sch_record_read_mailbox(key, NULL, NULL) != SCH_OK ||
        sch_record_mailbox_decode(value, &scratch->entry) != SCH_OK)
        return SCH_E_STORE_DAMAGED;
    *refers = scratch->entry.message;
    return SCH_OK;
}

static int check_audit(struct scratch *scratch, struct sch_bytes key, struct sch_bytes value)
{
    if (sch_record_audit_row(value) == SCH_AUDIT_LINK)
        return sch_record_link_decode(key, value, &scratch->link);
    return sch_record_audit_decode(key, value, &scratch->record);
}

static int check_trail(struct scratch *scratch, struct sch_bytes key, struct sch_bytes value)
{
    size_t count;

    return sch_record_trail_decode(key, value, scratch->sequence, &count);
}

static int check_chain(struct sch_bytes key, struct sch_bytes value, struct sch_id *refers)
{
    struct sch_chain_row row;

    if (sch_record_read_chain(key, NULL, refers) != SCH_OK)
        return SCH_E_STORE_DAMAGED;
    return sch_record_chain_decode(value, &row);
}

static int check_passed(struct sch_bytes key, struct sch_bytes value, struct sch_id *refers)
{
    enum sch_passed_role role;

    if (sch_record_read_passed(key, NULL, NULL, NULL) != SCH_OK)
        return SCH_E_STORE_DAMAGED;
    return sch_record_passed_decode(value, refers, &role);
}

static int check_upload(struct scratch *scratch, struct sch_bytes key, struct sch_bytes value)
{
    if (sch_record_read_upload(key, NULL, NULL) != SCH_OK)
        return SCH_E_STORE_DAMAGED;
    return sch_record_upload_decode(value, &scratch->upload);
}

static int check_row(struct page *page, struct sch_bytes key, struct sch_bytes value)
{
    struct sch_id *refers = &page->refers[page->rows];

    switch (page->table) {
    case SCH_TABLE_META:
        return check_meta(page->scratch, key, value);
    case SCH_TABLE_MESSAGE:
        return check_message(page->scratch, key, value, refers, &page->letter[page->rows]);
    case SCH_TABLE_BODY:
        return check_id(key, refers);
    case SCH_TABLE_DOSSIER:
        return check_dossier(page->scratch, page->recount, key, value);
    case SCH_TABLE_MAILBOX:
        return check_mailbox(page->scratch, key, value, refers);
    case SCH_TABLE_DUE:
        return sch_record_read_due(key, NULL, refers);
    case SCH_TABLE_OPEN:
        return sch_record_read_open(key, NULL, refers);
    case SCH_TABLE_PARTY:
        return sch_record_read_party(key, refers);
    case SCH_TABLE_KENMERK:
        return sch_record_kenmerk_decode(value, refers);
    case SCH_TABLE_AUDIT:
        return check_audit(page->scratch, key, value);
    case SCH_TABLE_TRAIL:
        return check_trail(page->scratch, key, value);
    case SCH_TABLE_CHAIN:
        return check_chain(key, value, refers);
    case SCH_TABLE_PASSED:
        return check_passed(key, value, refers);
    case SCH_TABLE_TALLY:
        return sch_tally_count_row(page->recount, key, value, -1);
    case SCH_TABLE_PART:
        return sch_record_read_part(key, NULL, NULL);
    case SCH_TABLE_UPLOAD:
        return check_upload(page->scratch, key, value);
    case SCH_TABLE_COUNT:
        break;
    }
    return SCH_E_STORE_DAMAGED;
}

/* ---- pages and tables -------------------------------------------------------------------------- */

static bool visit(void *context, struct sch_bytes key, struct sch_bytes value)
{
    struct page *page = context;

    memcpy(page->last, key.ptr, key.len);
    page->last_size = key.len;
    page->counts->rows[page->table]++;
    page->counts->bytes[page->table] += key.len + value.len;
    page->bad = check_row(page, key, value) != SCH_OK;
    page->rows++;
    return !page->bad;
}

static int bad_row(const struct page *page, const char *what, sch_error *error)
{
    char hex[2 * 24 + 1] = "";

    for (size_t i = 0; i < page->last_size && i < 24; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", page->last[i]);
    return sch_fail(error, SCH_E_BACKUP_BAD, "table %s, at or before key %s: %s", table_word[page->table],
                    hex, what);
}

static bool has_row(struct sch_store *store, enum sch_table table, struct sch_record_key key)
{
    uint8_t none[1];
    size_t size;

    /* The buffer is too small on purpose: only whether there is a row matters. */
    return sch_store_get(store, table, sch_record_key_bytes(&key), none, 0, &size) != SCH_STORE_NONE;
}

/* A message that says that it has a letter has it until the last recipient settled it. */
static bool has_letter(struct sch_store *store, const struct sch_id *message, const struct letter *letter)
{
    bool has = true;

    if (letter->is_one && letter->part_count == 0)
        return has_row(store, SCH_TABLE_BODY, sch_record_key_id(message));
    for (uint32_t i = 0; letter->is_one && has && i < letter->part_count; i++)
        has = has_row(store, SCH_TABLE_PART, sch_record_key_part(letter->part_number, i));
    return has;
}

static int check_page(struct sch_store *store, struct page *page, sch_error *error)
{
    struct sch_bytes from = { page->last, page->last_size }, all = { NULL, 0 };

    if (sch_store_scan(store, page->table, all, from, false, PAGE_ROWS, visit, page) != SCH_STORE_OK)
        return bad_row(page, "the table cannot be read", error);
    if (page->bad)
        return bad_row(page, "a row cannot be read", error);
    for (size_t i = 0; i < page->rows; i++) {
        if (page->table == SCH_TABLE_MESSAGE && !has_letter(store, &page->refers[i], &page->letter[i]))
            return bad_row(page, "the letter of a message is not there", error);
        if (refers_to[page->table] != SCH_TABLE_COUNT &&
            !has_row(store, refers_to[page->table], sch_record_key_id(&page->refers[i])))
            return bad_row(page, "a row refers to one that is not there", error);
    }
    return SCH_OK;
}

static int check_table(struct sch_store *store, struct page *page, sch_error *error)
{
    int code;

    page->last_size = 0;
    do {
        /* Past the last key: nothing sorts between a key and the same with a zero behind it. */
        if (page->last_size > 0)
            page->last[page->last_size++] = 0;
        page->rows = 0;
        code = check_page(store, page, error);
    } while (code == SCH_OK && page->rows == PAGE_ROWS);
    return code;
}

int sch_store_check(struct sch_store *store, struct sch_store_counts *counts, sch_error *error)
{
    struct scratch *scratch = malloc(sizeof(*scratch));
    struct page *page = calloc(1, sizeof(*page));
    struct sch_audit_report report;
    int code = SCH_OK;

    memset(counts, 0, sizeof(*counts));
    if (page != NULL)
        page->recount = sch_tally_new(NULL);
    if (scratch == NULL || page == NULL || page->recount == NULL) {
        code = sch_fail(error, SCH_E_NO_MEMORY, "no memory to check the store");
        goto end;
    }
    page->scratch = scratch;
    page->counts = counts;
    for (size_t i = 0; i < SCH_TABLE_COUNT && code == SCH_OK; i++) {
        page->table = (enum sch_table)i;
        code = check_table(store, page, error);
    }
    if (code == SCH_OK && !sch_tally_is_zero(page->recount))
        code = sch_fail(error, SCH_E_BACKUP_BAD, "table tally: counts of what is owed are not those of the dossiers");
    if (code == SCH_OK)
        code = sch_audit_verify(store, &report, error);
end:
    if (page != NULL)
        sch_tally_free(page->recount);
    free(page);
    free(scratch);
    return code;
}

/* Writes 128000 as "128,000". */
static void group(uint64_t number, char text[32])
{
    char digits[24];
    size_t length = (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, number), at = 0;

    for (size_t i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            text[at++] = ',';
        text[at++] = digits[i];
    }
    text[at] = '\0';
}

void sch_store_counts_print(FILE *stream, const struct sch_store_counts *counts)
{
    char rows[32];

    for (size_t i = 0; i < SCH_TABLE_COUNT; i++) {
        group(counts->rows[i], rows);
        (void)fprintf(stream, "%-8s %14s rows %10.1f MB\n", table_word[i], rows,
                      (double)counts->bytes[i] / 1000000.0);
    }
}
