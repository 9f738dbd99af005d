/*
 * record.h: the byte forms of all that the store holds: keys and values, one pair of functions per table.
 *
 * broker/STORE.md gives every byte and the numbered procedure to change one. Encoders write canonical bytes:
 * the same value always gives the same bytes, and only entries that are in use are written. Decoders treat
 * what they read as hostile: they return SCH_E_STORE_DAMAGED for anything that no encoder writes, never read
 * past the end, and leave the target zeroed then.
 *
 * An encoder returns the size written; 0 when capacity is too small. A buffer of the SCH_RECORD_…_MAX of its
 * table never is. A decoder's sch_bytes members borrow from the value that was read.
 *
 * Must not know: LMDB, the turn, protobuf (header and seal pass through as bytes).
 */
#ifndef SCH_SHELL_RECORD_H
#define SCH_SHELL_RECORD_H

#include <scharnier/error.h>
#include <scharnier/query.h>
#include <scharnier/types.h>

#include "core/dossier.h"
#include "ports.h"

/* Raised with every change of any byte form; STORE.md, "Changing a format". */
#define SCH_RECORD_SCHEMA 2

/* ---- keys -------------------------------------------------------------------------------------- */

/* A key, or the beginning of keys, by value; at most SCH_STORE_KEY_MAX bytes. */
struct sch_record_key {
    uint8_t bytes[SCH_STORE_KEY_MAX];
    size_t size;
};

/* The key as the store's functions take it; borrows from *key. */
struct sch_bytes sch_record_key_bytes(const struct sch_record_key *key);

/* MESSAGE, BODY and DOSSIER: the id. */
struct sch_record_key sch_record_key_id(const struct sch_id *id);
struct sch_record_key sch_record_key_mailbox(const struct sch_address *mailbox, uint64_t sequence);
/* due_ms >= 0 (asserted), here and in the next. */
struct sch_record_key sch_record_key_due(int64_t due_ms, const struct sch_id *dossier);
/* owner: a region code or an address; the two cannot be alike, for an address has a colon. */
struct sch_record_key sch_record_key_open(const char *owner, int64_t due_ms, const struct sch_id *dossier);
struct sch_record_key sch_record_key_party(const struct sch_address *party, const struct sch_id *dossier);
struct sch_record_key sch_record_key_kenmerk(uint64_t number);
struct sch_record_key sch_record_key_audit(uint64_t sequence);
struct sch_record_key sch_record_key_trail(const struct sch_id *dossier, uint64_t sequence);
struct sch_record_key sch_record_key_chain(const struct sch_id *chain, const struct sch_id *dossier);
/* stored_ms >= 0 (asserted). */
struct sch_record_key sch_record_key_passed(const struct sch_address *party, int64_t stored_ms, uint64_t sequence);
struct sch_record_key sch_record_key_meta(const char *name);

#define SCH_RECORD_META_SCHEMA "schema"     /* four bytes, SCH_RECORD_SCHEMA */
#define SCH_RECORD_META_COUNTERS "counters" /* struct sch_meta */

/* What all keys of one owner begin with: for scans. Text is an address, a region code or the like. */
struct sch_record_key sch_record_prefix_text(const char *text);     /* MAILBOX, OPEN, PARTY, PASSED */
struct sch_record_key sch_record_prefix_id(const struct sch_id *id);    /* TRAIL, CHAIN */

/* Reading keys back. SCH_OK or SCH_E_STORE_DAMAGED. An out-pointer may be NULL when it does not matter. */
int sch_record_read_mailbox(struct sch_bytes key, struct sch_address *mailbox, uint64_t *sequence);
int sch_record_read_due(struct sch_bytes key, int64_t *due_ms, struct sch_id *dossier);
int sch_record_read_open(struct sch_bytes key, int64_t *due_ms, struct sch_id *dossier);
int sch_record_read_party(struct sch_bytes key, struct sch_id *dossier);
int sch_record_read_audit(struct sch_bytes key, uint64_t *sequence);
int sch_record_read_trail(struct sch_bytes key, struct sch_id *dossier, uint64_t *sequence);
int sch_record_read_chain(struct sch_bytes key, struct sch_id *chain, struct sch_id *dossier);
int sch_record_read_passed(struct sch_bytes key, struct sch_address *party, int64_t *stored_ms, uint64_t *sequence);

/* ---- META -------------------------------------------------------------------------------------- */

/* What the broker counts and remembers beside its dossiers; rewritten with every turn that changes it. */
struct sch_meta {
    uint64_t epoch;                     /* how often a broker has opened this store */
    uint64_t batch;                     /* of the last turn that was applied: tells after an UNKNOWN */
    uint64_t next_sequence;             /* of messages; the first is 1 */
    uint64_t next_kenmerk;              /* below SCH_KENMERK_LIMIT */
    uint64_t next_audit;                /* sequence in AUDIT; the first is 1 */
    uint8_t audit_head[32];             /* hash of the last chain link; zeros before the first */
    uint64_t audit_first;               /* sequence of the first row that is kept; what was before went by time */
    uint8_t audit_base[32];             /* hash of the link before that row; zeros when nothing went */
    int64_t civil_ms;                   /* the last good civil time; 0: none yet */
};

#define SCH_RECORD_META_MAX 144

/* The counters of an empty store. */
void sch_record_meta_init(struct sch_meta *meta);
size_t sch_record_meta_encode(const struct sch_meta *meta, uint8_t *buffer, size_t capacity);
int sch_record_meta_decode(struct sch_bytes value, struct sch_meta *meta);

/* The schema row. A store writes it when it is created and checks it when it is opened: SCH_OK,
 * SCHEMA_NEWER, SCHEMA_OLDER or STORE_DAMAGED. */
#define SCH_RECORD_SCHEMA_SIZE 4
void sch_record_schema_encode(uint8_t buffer[SCH_RECORD_SCHEMA_SIZE]);
int sch_record_schema_check(struct sch_bytes value, sch_error *error);

/* ---- DOSSIER ----------------------------------------------------------------------------------- */

/* The whole record; its first eight bytes are the version, big-endian, as ports.h asks. */
#define SCH_RECORD_DOSSIER_MAX 45056
size_t sch_record_dossier_encode(const struct sch_dossier *dossier, uint8_t *buffer, size_t capacity);
int sch_record_dossier_decode(struct sch_bytes value, struct sch_dossier *dossier);

/* KENMERK: the dossier's id, sixteen bytes. */
int sch_record_kenmerk_decode(struct sch_bytes value, struct sch_id *dossier);

/* ---- CHAIN and PASSED --------------------------------------------------------------------------- */

/* Why a dossier stands under an id: it is one of the chain of that root, of the group, or both. */
struct sch_chain_row {
    bool chain, group;                  /* at least one */
    struct sch_address referrer;        /* of the dossier: another's group is not one's own */
};

#define SCH_RECORD_CHAIN_MAX 72
size_t sch_record_chain_encode(const struct sch_chain_row *row, uint8_t *buffer, size_t capacity);
int sch_record_chain_decode(struct sch_bytes value, struct sch_chain_row *row);

#define SCH_RECORD_PASSED_MAX 17
size_t sch_record_passed_encode(const struct sch_id *message, enum sch_passed_role role, uint8_t *buffer,
                                size_t capacity);
int sch_record_passed_decode(struct sch_bytes value, struct sch_id *message, enum sch_passed_role *role);

/* ---- MESSAGE and MAILBOX ------------------------------------------------------------------------ */

/* How a message fared with one recipient. */
struct sch_message_recipient {
    struct sch_address address;
    enum sch_delivery_state state;
    int64_t at_ms;                      /* of that state; civil */
    uint32_t code;                      /* of the refusal or the cause; 0: none */
};

/* A stored message without its body: what a receipt is given from again, and what is delivered. */
struct sch_message_row {
    struct sch_id id;
    struct sch_id dossier;
    enum sch_kind kind;
    struct sch_address sender;          /* empty when made */
    bool made;                          /* by the broker: no signature, and no party to report to */
    uint64_t sequence;
    int64_t stored_ms;
    uint8_t hash[32];                   /* sch_seal_hash(); zeros when made */
    uint64_t kenmerk;                   /* number; of the dossier */
    uint32_t warnings;                  /* bits (1 << enum sch_warning), as receipted */
    uint32_t body_size;                 /* 0: no body, also after it was destroyed */
    uint32_t part_count;                /* the body stands in PART under part_number; 0: in BODY */
    uint64_t part_number;
    struct sch_message_recipient recipient[SCH_RECIPIENTS_MAX];
    size_t recipient_count;
    struct sch_bytes header;            /* as submitted */
    struct sch_bytes seal;
};

#define SCH_RECORD_MESSAGE_MAX 5120
size_t sch_record_message_encode(const struct sch_message_row *row, uint8_t *buffer, size_t capacity);
int sch_record_message_decode(struct sch_bytes value, struct sch_message_row *row);

/* What waits in a mailbox, enough to list it; the sequence is in the key. */
struct sch_mailbox_entry {
    struct sch_id message;
    struct sch_id dossier;
    enum sch_kind kind;
    struct sch_address sender;          /* empty: the broker */
    int64_t stored_ms;
    uint32_t body_size;
    uint64_t kenmerk;
};

#define SCH_RECORD_MAILBOX_MAX 160
size_t sch_record_mailbox_encode(const struct sch_mailbox_entry *entry, uint8_t *buffer, size_t capacity);
int sch_record_mailbox_decode(struct sch_bytes value, struct sch_mailbox_entry *entry);

/* ---- UPLOAD and PART (record_upload.c) ----------------------------------------------------------- */

#define SCH_UPLOAD_BITS (SCH_PARTS_MAX / 8)

/* A large body on its way in: which parts are there. The parts themselves stand in PART under its number. */
struct sch_upload_row {
    uint64_t number;                    /* a sequence that no message has; never 0 */
    uint32_t count;                     /* of parts, 2..SCH_PARTS_MAX */
    int64_t since_ms;                   /* when its last part came; civil */
    uint32_t last_size;                 /* bytes of the last part; 0: it is not there. The others: SCH_PART_SIZE */
    uint8_t there[SCH_UPLOAD_BITS];     /* bit index % 8 of byte index / 8 */
    uint8_t hash[SCH_PARTS_MAX][32];    /* sch_seal_part_hash() of each that is there */
};

bool sch_upload_has(const struct sch_upload_row *row, uint32_t index);

struct sch_record_key sch_record_key_upload(const struct sch_address *party, const struct sch_id *upload);
struct sch_record_key sch_record_key_part(uint64_t number, uint32_t index);
int sch_record_read_upload(struct sch_bytes key, struct sch_address *party, struct sch_id *upload);
int sch_record_read_part(struct sch_bytes key, uint64_t *number, uint32_t *index);

#define SCH_RECORD_UPLOAD_MAX 4160
size_t sch_record_upload_encode(const struct sch_upload_row *row, uint8_t *buffer, size_t capacity);
int sch_record_upload_decode(struct sch_bytes value, struct sch_upload_row *row);

/* ---- AUDIT ------------------------------------------------------------------------------------- */

/* Why somebody looked or acted, as NEN 7513 asks. */
enum sch_audit_purpose {
    SCH_AUDIT_CARE = 1,                 /* a party to the dossier */
    SCH_AUDIT_OVERSIGHT,                /* a coordinator */
    SCH_AUDIT_OPERATION                 /* the broker itself, or whoever operates it */
};

/*
 * One event of NEN 7513: when, who, for whom, in which role and why, on what, with which outcome. The
 * system is the broker whose store this is. No clinical text, no names.
 */
struct sch_audit_record {
    uint64_t sequence;                  /* the key */
    int64_t at_ms;                      /* civil */
    enum sch_trace_event event;
    char key_id[SCH_KEY_ID_MAX + 1];    /* the transport key of the actor; empty: the broker */
    struct sch_address actor;           /* on whose behalf */
    enum sch_party_kind role;           /* of the actor */
    enum sch_audit_purpose purpose;
    enum sch_query_type query;          /* READ; else 0 */
    struct sch_id dossier;
    struct sch_id message;
    enum sch_kind kind;                 /* of the message */
    struct sch_address concerned;       /* debtor, recipient, or party that was asked about */
    uint8_t expectation;                /* 1..15; 0: none */
    enum sch_standing standing;
    enum sch_ladder step;
    enum sch_phase phase;
    int64_t due_ms;                     /* of the instance; 0: none */
    uint32_t code;                      /* outcome: SCH_OK, an sch_error_code, a refusal or a cause */
    uint32_t folded;                    /* like records that this one stands for beside itself */
};

/* Closes a turn: its key is the sequence after the turn's last record. */
struct sch_audit_link {
    uint64_t sequence;                  /* the key */
    uint64_t first;                     /* sequence of the turn's first record */
    uint8_t previous[32];               /* hash of the link before; zeros for the first */
    uint8_t hash[32];
};

enum sch_audit_row { SCH_AUDIT_RECORD = 1, SCH_AUDIT_LINK };

#define SCH_RECORD_AUDIT_MAX 320
/* What an AUDIT value is, by its first byte; 0 when it is neither. */
enum sch_audit_row sch_record_audit_row(struct sch_bytes value);
size_t sch_record_audit_encode(const struct sch_audit_record *record, uint8_t *buffer, size_t capacity);
int sch_record_audit_decode(struct sch_bytes key, struct sch_bytes value, struct sch_audit_record *record);
size_t sch_record_link_encode(const struct sch_audit_link *link, uint8_t *buffer, size_t capacity);
int sch_record_link_decode(struct sch_bytes key, struct sch_bytes value, struct sch_audit_link *link);

/* ---- TRAIL (record_trail.c) ---------------------------------------------------------------------- */

/* The audit records of one dossier in one turn: their sequences, ascending, the first of which is in the key. A
 * turn that has more than fit in a row goes on in the next. */
#define SCH_TRAIL_ROW_MAX 512
#define SCH_RECORD_TRAIL_MAX 1536
size_t sch_record_trail_encode(const uint64_t *sequence, size_t count, uint8_t *buffer, size_t capacity);
int sch_record_trail_decode(struct sch_bytes key, struct sch_bytes value, uint64_t sequence[SCH_TRAIL_ROW_MAX],
                            size_t *count);

/* ---- TALLY (record_tally.c; what is counted: tally.h) --------------------------------------------- */

enum sch_tally_sort {
    SCH_TALLY_BY_RECEIVER = SCH_AGE_BY_RECEIVER,
    SCH_TALLY_BY_REFERRER = SCH_AGE_BY_REFERRER,
    SCH_TALLY_BY_SILENCE = SCH_AGE_BY_SILENCE,
    SCH_TALLY_TERMS
};

/* Whose counts these are. */
struct sch_tally_key {
    char region[SCH_REGION_MAX + 1];
    enum sch_tally_sort sort;
    struct sch_address name;            /* RECEIVER, REFERRER, TERMS: an organisation */
    enum sch_silence silence;           /* SILENCE */
    uint16_t period;                    /* ages: days are counted from period * SCH_TALLY_PERIOD_DAYS */
    uint32_t month;                     /* TERMS: yyyymm */
    uint8_t expectation;                /* TERMS: 1..15 */
    uint16_t part;                      /* which row of them, from 0: all but the last hold SCH_TALLY_CELLS_MAX */
};

#define SCH_TALLY_PERIOD_DAYS 128

struct sch_record_key sch_record_key_tally(const struct sch_tally_key *key);
/* All keys of a region and sort. */
struct sch_record_key sch_record_prefix_tally(const char *region, enum sch_tally_sort sort);
int sch_record_read_tally(struct sch_bytes key, struct sch_tally_key *tally);

/* One count of a row; the numbers ascend. */
struct sch_tally_cell {
    uint32_t number;                    /* which: tally.c gives its meaning */
    uint32_t count;                     /* never 0 */
};

#define SCH_TALLY_CELLS_MAX 256
#define SCH_TALLY_NUMBER_MAX ((UINT32_C(1) << 20) - 1)
#define SCH_RECORD_TALLY_MAX 2048
size_t sch_record_tally_encode(const struct sch_tally_cell *cell, size_t count, uint8_t *buffer, size_t capacity);
int sch_record_tally_decode(struct sch_bytes value, struct sch_tally_cell cell[SCH_TALLY_CELLS_MAX], size_t *count);

#endif
