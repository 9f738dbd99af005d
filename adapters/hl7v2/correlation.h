/*
 * correlation.h: what an adapter must remember: which message it passed on, and whose dossier is whose.
 *
 * An append-only log in the state directory, correlation.log. Every record has a checksum and is on the
 * disk (fdatasync) before its call returns. After a crash a torn last record is cut off; damage elsewhere
 * is an error, for what it held is unknown. An index of hashes is kept in memory, the records stay on disk.
 * At opening, records older than the retention are left out by writing the log anew.
 *
 * The log holds the PID segments of patients (so that feedback can name the patient to the HIS or EPD that
 * referred or treats): its directory is 0700 and its file 0600. Must not know: HL7, sockets, the broker.
 */
#ifndef SCH_HL7V2_CORRELATION_H
#define SCH_HL7V2_CORRELATION_H

#include <scharnier/error.h>
#include <scharnier/types.h>

#define SCH_CORRELATION_KEY_MAX 63
#define SCH_CORRELATION_ORDER_MAX 127
#define SCH_CORRELATION_PATIENT_MAX 16384       /* bytes of a PID segment */

enum sch_correlation_type {
    SCH_CORRELATION_RECEIVED = 1,       /* key and digest: a message of the peer, being passed on */
    SCH_CORRELATION_SENT,               /* the same, receipted by the broker */
    SCH_CORRELATION_DROPPED,            /* the same, rejected: the key may be used for other content */
    SCH_CORRELATION_DOSSIER             /* a dossier, with its parties and how the peer knows it */
};

struct sch_correlation_record {
    enum sch_correlation_type type;
    int64_t at_ms;
    char key[SCH_CORRELATION_KEY_MAX + 1];      /* not with DOSSIER */
    uint8_t digest[32];
    struct sch_id dossier;
    char kenmerk[SCH_KENMERK_SIZE + 1];
    char order[SCH_CORRELATION_ORDER_MAX + 1];  /* the HIS's order number; may be empty */
    struct sch_address sender, receiver, creditor;  /* of the REFERRAL */
    struct sch_address copies[SCH_COPIES_MAX];
    size_t copy_count;
    struct sch_bytes patient;           /* a PID segment; borrowed on append, until the next call on find */
};

struct sch_correlation;

/* Opens (or makes) the table in directory, which must exist; one process each. keep_ms 0: keep all.
 * Gives a table, or NULL: IO, BUSY, STORE_DAMAGED, NO_MEMORY. */
struct sch_correlation *sch_correlation_open(const char *directory, int64_t now_ms, int64_t keep_ms,
                                             sch_error *error);
void sch_correlation_close(struct sch_correlation *table);

/* Appends durably. SCH_OK; IO (nothing is remembered then), NO_MEMORY. */
int sch_correlation_append(struct sch_correlation *table, const struct sch_correlation_record *record,
                           sch_error *error) __attribute__((warn_unused_result));

/* The newest record of a key: RECEIVED, SENT or DROPPED. */
bool sch_correlation_by_key(struct sch_correlation *table, const char *key,
                            struct sch_correlation_record *record);
/* The newest DOSSIER record. */
bool sch_correlation_by_kenmerk(struct sch_correlation *table, const char *kenmerk,
                                struct sch_correlation_record *record);
bool sch_correlation_by_dossier(struct sch_correlation *table, const struct sch_id *dossier,
                                struct sch_correlation_record *record);
/* By order number: how many dossiers carry it (0, 1, or 2 for "more"); *record is the newest. */
unsigned sch_correlation_by_order(struct sch_correlation *table, const char *order,
                                  struct sch_correlation_record *record);

/* Records in the log. */
size_t sch_correlation_count(const struct sch_correlation *table);

#endif
