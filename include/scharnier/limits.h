/*
 * limits.h: every bound that two parties must agree on, or that a test probes at limit and limit+1.
 *
 * proto/PROTOCOL.md, "Limits", prints the same numbers; a test holds the two together.
 */
#ifndef SCHARNIER_LIMITS_H
#define SCHARNIER_LIMITS_H

#include <assert.h>

/* Identities. */
#define SCH_ADDRESS_MAX 63      /* bytes of "agb:06290713/poh-ggz", without the NUL */
#define SCH_KEY_ID_MAX 31       /* bytes of a key id in the directory, without the NUL */
#define SCH_REGION_MAX 31       /* bytes of a region code, without the NUL */
#define SCH_NAME_MAX 95         /* bytes of an organisation's name, without the NUL */
#define SCH_ID_SIZE 16          /* bytes of a message id or dossier id: a UUIDv7, RFC 9562 */
#define SCH_KENMERK_SIZE 12     /* characters of "SN-7F3K-29QD" */
#define SCH_NORM_ID_MAX 31      /* bytes of a norm's id, without the NUL */

/* A message. */
#define SCH_COPIES_MAX 4        /* mailboxes in copy, DOMAIN "Roles in a dossier" */
#define SCH_RECIPIENTS_MAX 5    /* the first addressee and its copies */
#define SCH_HEADER_SIZE_MAX 2048
#define SCH_SEAL_SIZE_MAX 2048
#define SCH_BODY_SIZE_MAX (1024 * 1024)         /* sealed, inline; larger bodies travel in parts */
#define SCH_PART_SIZE (256 * 1024)              /* each part of a large body but the last, which may be shorter */
#define SCH_PARTS_MAX 128
#define SCH_LARGE_SIZE_MAX (SCH_PARTS_MAX * SCH_PART_SIZE)      /* sealed, in parts: 32 MiB */
#define SCH_UPLOAD_QUOTA (4 * SCH_LARGE_SIZE_MAX)   /* bytes that one party may have announced and not submitted */
#define SCH_UPLOAD_AGE_MAX_MS (INT64_C(24) * 3600000)   /* then an upload that was not submitted is dropped */
#define SCH_COMMAND_SIZE_MAX 8192               /* first frame of a message, either way */
#define SCH_DIRECTORY_SIZE_MAX (4 * 1024 * 1024)
#define SCH_REPLY_SIZE_MAX (SCH_DIRECTORY_SIZE_MAX + 65536)     /* first frame from the broker */
#define SCH_FRAMES_MAX 2                        /* command, and for some a body */
#define SCH_ATTACHMENTS_MAX 8
#define SCH_SECTION_SIZE_MAX 65536              /* bytes of text in one section of a letter */

/* The age that a message id may show, DESIGN "Exactly what is promised". */
#define SCH_ID_AGE_MAX_MS (INT64_C(30) * 86400000)
#define SCH_ID_AHEAD_MAX_MS (INT64_C(10) * 60000)

/* A session. */
#define SCH_CREDIT_MESSAGES_MAX 256
#define SCH_CREDIT_BYTES_MAX (16 * 1024 * 1024)
#define SCH_LEASE_MS 60000                      /* monotonic */
#define SCH_RETRIES_MAX 10                      /* then a dead letter */
#define SCH_REQUESTS_MAX 64                     /* commands that a client may have unanswered */
#define SCH_ATTACHED_MAX 32                     /* mailboxes of one session */

/* A dossier's record. See broker/core/dossier.h for why these bound one another. */
#define SCH_PARTY_DELIVERIES_MAX 64
#define SCH_DELIVERIES_MAX 256
#define SCH_OWED_MAX 32
#define SCH_KEPT_MAX 32                         /* answered promises that a CORRECTION can reopen; oldest go first */
#define SCH_INSTANCES_MAX 128
#define SCH_PROOFS_MAX 16                       /* messages that prove a phase; oldest go first */
#define SCH_SUCCESSORS_MAX 8                    /* REFERRALs with which a patient went on, that are told apart */
#define SCH_GROUP_MAX 8                         /* parallel referrals */
#define SCH_ASKED_MAX 2                         /* times that a question restarts the term of a decision */
#define SCH_SNOOZE_DAYS_MAX 91                  /* ahead */
#define SCH_REMIND_PAUSE_MS (INT64_C(48) * 3600000) /* between two reminders of one promise by hand */

/* A page of a query. */
#define SCH_PAGE_ROWS_MAX 200
#define SCH_SCAN_ROWS_MAX 2000

/* A directory. */
#define SCH_PARTIES_MAX 16384
#define SCH_KEYS_MAX 65536
#define SCH_ACTS_FOR_MAX 16

static_assert(SCH_HEADER_SIZE_MAX + SCH_SEAL_SIZE_MAX + 256 <= SCH_COMMAND_SIZE_MAX,
              "a submission fits in its frame");
static_assert(SCH_RECIPIENTS_MAX == SCH_COPIES_MAX + 1, "one addressee and its copies");
static_assert(SCH_PARTY_DELIVERIES_MAX + SCH_OWED_MAX + SCH_KEPT_MAX <= SCH_INSTANCES_MAX,
              "every party-made delivery may have its E1 beside all that is owed and all that is kept");
static_assert(2 * SCH_PARTY_DELIVERIES_MAX + 2 * SCH_OWED_MAX <= SCH_DELIVERIES_MAX,
              "a report per delivery and two reminders per promise always find room");

#endif
