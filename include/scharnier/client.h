/*
 * client.h: libscharnier: send referrals and feedback, collect letters, ask what is owed.
 *
 * A client is one connection of one system, for one or more mailboxes. It keeps a durable outbox (a
 * message is written down before it is first sent, and sent again as those very bytes until the broker
 * receipts it) and a durable journal of verdicts (a message that you settled is never handed to you
 * again). Letters are signed and sealed here; the broker never sees them open.
 *
 * What remains yours: between your own commit and your verdict a power cut may strike, and then the
 * message comes once more, with the same id. Store the id in your own transaction and skip what you have.
 *
 * Rules. A handle belongs to the thread that opened it (asserted). Nothing here prints, exits, installs
 * signal handlers or keeps globals. Every call that may wait takes timeout_ms: -1 waits, 0 does not.
 * Calls return SCH_OK or an enum sch_error_code and fill *error (may be NULL). Pointers that a call
 * returns stay the client's unless the comment says "gives". `_free(NULL)` and `sch_close(NULL)` do
 * nothing. Setters keep the first error; sch_send() returns it.
 */
#ifndef SCHARNIER_CLIENT_H
#define SCHARNIER_CLIENT_H

#include <scharnier/api.h>
#include <scharnier/directory.h>
#include <scharnier/error.h>
#include <scharnier/query.h>
#include <scharnier/types.h>
#include <scharnier/version.h>

typedef struct sch_client sch_client;
typedef struct sch_draft sch_draft;
typedef struct sch_msg sch_msg;

/* ---- opening ----------------------------------------------------------------------------------- */

/*
 * Reads the configuration (adapters/examples/client.conf shows every key), its keys and its state directory
 * (locked: one process each), and starts to connect; does not wait for the broker.
 * Gives a client, or NULL. Errors: CONFIG, KEY_FILE, IO, BUSY, NO_MEMORY.
 */
SCH_API sch_client *sch_open(const char *config_path, sch_error *error);
/* What it holds unsettled goes to others at once; what waits in the outbox is sent after the next open. */
SCH_API void sch_close(sch_client *client);

/* Reads the configuration and keys as sch_open() does, and reports every fault to report (may be NULL);
 * opens nothing. SCH_OK or the first fault. */
SCH_API int sch_config_check(const char *config_path, void (*report)(void *context, const char *line),
                             void *context, sch_error *error);

/* Waits until the broker has welcomed this client. Errors: UNREACHABLE, SERVER_KEY, UNKNOWN_KEY,
 * KEY_REVOKED, VERSION: whichever is to blame; TIMEOUT when nothing is known. */
SCH_API int sch_connect(sch_client *client, int timeout_ms, sch_error *error);
SCH_API bool sch_is_connected(const sch_client *client);

/* The addresses of the configuration's [mailbox …] sections, and how many; the first is the default
 * sender. */
SCH_API const struct sch_address *sch_mailboxes(const sch_client *client, size_t *count);

/* The broker's civil time as this client knows it: UTC ms, running at the broker's clock rate. Before the
 * first welcome: this machine's time. */
SCH_API int64_t sch_now_ms(const sch_client *client);

/* A hook for lines of log (level: 'd', 'i', 'w', 'e'); no line has personal data. */
SCH_API void sch_on_log(sch_client *client, void (*log)(void *context, char level, const char *line),
                        void *context);

/* ---- sending ----------------------------------------------------------------------------------- */

/* A message under construction. Gives a draft of this kind, from the default sender; NULL: out of memory. */
SCH_API sch_draft *sch_draft_new(sch_client *client, enum sch_kind kind);
SCH_API void sch_draft_free(sch_draft *draft);

/*
 * Your own key for this message, at most 63 bytes, unique per sender: "his-2026-004711". Sending the same
 * key again, also after a restart, sends the same message, never a second one. Mandatory.
 */
SCH_API void sch_draft_key(sch_draft *draft, const char *key);

SCH_API void sch_draft_from(sch_draft *draft, const char *address);
SCH_API void sch_draft_to(sch_draft *draft, const char *address);
SCH_API void sch_draft_copy(sch_draft *draft, const char *address);            /* at most 4 */
SCH_API void sch_draft_creditor(sch_draft *draft, const char *address);
SCH_API void sch_draft_prepared_by(sch_draft *draft, const char *address);
/* REDIRECTION and TRANSFER_NOTICE: the new receiver. */
SCH_API void sch_draft_concerned(sch_draft *draft, const char *address);

/* Places the message on a dossier and addresses it by the rules of PROTOCOL.md ("Recipients") from the
 * parties of the header that opened it (a REFERRAL, CONSULT_REQUEST, EXPLORATION_REQUEST, CARE_NOTICE or
 * INVOLVEMENT_NOTICE) or of a row that sch_ask() gave. Call sch_draft_from() first when the sender is not the
 * default. */
SCH_API void sch_draft_on(sch_draft *draft, const struct sch_header *opening);
SCH_API void sch_draft_on_row(sch_draft *draft, const struct sch_dossier_row *row);

/* Makes it a message about an earlier one: CORRECTION, to the recipients of the message that this sender sent
 * in error; LETTER_INCOMPLETE and INFORMATION_REPLY, to the sender of the letter or request. Sets dossier,
 * subject and recipients. A receiver's INFORMATION_REPLY goes to the creditor's copies too: it takes
 * sch_draft_on() and sch_draft_subject() instead. */
SCH_API void sch_draft_about(sch_draft *draft, const struct sch_header *message);

SCH_API void sch_draft_parent(sch_draft *draft, const struct sch_id *dossier);
SCH_API void sch_draft_follows(sch_draft *draft, const struct sch_id *dossier);
SCH_API void sch_draft_group(sch_draft *draft, const struct sch_id *group);
SCH_API void sch_draft_subject(sch_draft *draft, const struct sch_id *message);

/* Codes, dates (yyyymmdd), times (UTC ms) and numbers (SCH_FACT_MISSING_SECTIONS: bits of enum sch_section):
 * SCH_FACT_… of types.h. */
SCH_API void sch_draft_fact(sch_draft *draft, enum sch_fact fact, int64_t value);

/* A section's text, UTF-8, by its bit number; copied. Its bit in the header is set by itself. */
SCH_API void sch_draft_section(sch_draft *draft, unsigned bit, const char *text);

/* A file with the letter; copied. A letter of attachments only declares its sections unknown. Together, with
 * the texts and sealed, at most SCH_LARGE_SIZE_MAX (32 MiB). A letter over 1 MiB travels in parts by itself:
 * the outbox keeps the sealed parts on disk, and an upload that was cut off goes on where it stopped, also
 * after a restart. While it is sealed such a letter is in memory up to four times. */
SCH_API void sch_draft_attach(sch_draft *draft, const char *media_type, const char *name, const void *content,
                              size_t size);

/* The draft's header as far as it is filled, to show or to check. */
SCH_API const struct sch_header *sch_draft_header(const sch_draft *draft);

typedef struct sch_receipt {
    struct sch_id id;                   /* of the message */
    struct sch_id dossier;
    char kenmerk[SCH_KENMERK_SIZE + 1]; /* empty while queued */
    uint64_t sequence;
    int64_t stored_ms;
    uint32_t warnings;                  /* bits (1 << enum sch_warning) */
    bool duplicate;                     /* this key was sent, and receipted, before */
    bool queued;                        /* in the outbox; the broker has not receipted it yet */
    uint8_t hash[32];                   /* of the message, for sch_reconcile() */
} sch_receipt;

/*
 * Seals, signs, writes to the outbox, sends, and waits for the receipt. Returns SCH_OK: the broker has it
 * durably; QUEUED: it is in the outbox and will be sent (receipt->queued); or the broker's rejection, the
 * setters' first error, LETTER_…/NO_SEAL_KEY/DIRECTORY_…, IO. A rejected message leaves the outbox. With
 * the key of an earlier message the stored bytes are sent, and the draft's content is not looked at.
 */
SCH_API int sch_send(sch_client *client, sch_draft *draft, int timeout_ms, sch_receipt *receipt,
                     sch_error *error);

/* Like sch_send(), but returns as soon as the outbox holds the message: SCH_E_QUEUED is success. It survives
 * this process at once, and a power cut from the next sch_client_step() on, which makes all that was posted
 * durable together before it sends any of it. The answer comes to sch_on_sent()'s hook from
 * sch_client_step(), rejections too (code not SCH_OK). SCH_OK: the key was receipted before; no hook. */
SCH_API int sch_post(sch_client *client, sch_draft *draft, sch_receipt *receipt, sch_error *error);
SCH_API void sch_on_sent(sch_client *client,
                         void (*sent)(void *context, const char *key, const sch_receipt *receipt,
                                      const sch_error *error),
                         void *context);

/* Messages in the outbox without a receipt. */
SCH_API size_t sch_outbox_count(const sch_client *client);

/* ---- collecting -------------------------------------------------------------------------------- */

typedef enum sch_verdict {
    SCH_COLLECT = 1,                    /* stored by us: it leaves the mailbox */
    SCH_RETRY,                          /* not now: offered again, with back-off */
    SCH_REFUSE,                         /* never: the sender is told; see sch_msg_refuse() */
    SCH_LATER                           /* I call sch_settle() myself, within the lease or later */
} sch_verdict;

/*
 * Called with a message whose signature is verified and whose letter is open. msg dies on return. One that
 * cannot be verified, opened or read is refused without a call, and logged. REMINDER and DELIVERY_REPORT from
 * the region's broker ("regio:utrecht/broker") are unsigned: the connection proves who sent them. A letter in
 * parts is fetched to the state directory first, and handed out when it is whole.
 *
 * Three kinds ask something of an application beyond filing them. In each, header->subject is a message id.
 * LETTER_INCOMPLETE: the letter `subject`, which you sent, lacks the sections of SCH_FACT_MISSING_SECTIONS.
 *   Put the matter before its author; a new letter of the same kind, whole, is the answer. The promise is
 *   open again.
 * CORRECTION: the message `subject`, which you may have filed, was sent in error. Mark it so and act on it no
 *   more; with SCH_FACT_WRONG_PARTY it was never meant for you: destroy it, log that you did, and tell nobody
 *   what it said. `subject` may be unknown to you: the broker took it back before you collected it.
 * REMINDER: your organisation owes SCH_FACT_EXPECTATION (E2..E15) in this dossier, for the message `subject`.
 *   SCH_FACT_STEP says how late it is; SCH_STEP_WITHDRAW asks the referrer to withdraw what started
 *   elsewhere. Show it as work to be done in the dossier; collecting it answers nothing.
 */
typedef sch_verdict sch_on_msg(const sch_msg *msg, void *context);

/* Begin collecting for these mailboxes (count 0: all of the configuration), holding at most `window` (1..256)
 * unsettled messages. */
SCH_API int sch_attach(sch_client *client, const char *const *mailboxes, size_t count, unsigned window,
                       sch_on_msg *on_msg, void *context, sch_error *error);

/* Serves the connection until sch_stop(): sends, resends, hands out messages. Returns SCH_OK. While the state
 * directory cannot be written nothing is sent or settled; that is logged and tried again. sch_stop() also
 * ends other calls that wait, early, with what they return when their time is up. */
SCH_API int sch_run(sch_client *client, sch_error *error);
SCH_API void sch_stop(sch_client *client);      /* also from a signal handler or another thread */

/*
 * The same for a loop of your own: wait until the fd is readable or sch_client_wait_ms() passed, then step.
 * The fd is one for the life of the handle, an epoll that stays readable for as long as there is something to
 * do, so that poll(), level- or edge-triggered epoll and libuv all may watch it; only step reads from it.
 * sch_client_wait_ms() changes with every call of this library. Hooks and callbacks are called from within
 * sch_client_step() and sch_run() only; they may call sch_send(), sch_post(), sch_settle() and sch_ask(), but
 * not step (STATE). Errors: IO, when outbox or journal cannot be made durable; step again later.
 */
SCH_API int sch_client_fd(const sch_client *client);
SCH_API int sch_client_wait_ms(const sch_client *client);
SCH_API int sch_client_step(sch_client *client, int timeout_ms, sch_error *error);

/* Settles by id, now or in another process: COLLECT at any time, RETRY and REFUSE while this session holds
 * it. Durable in the journal when it returns SCH_OK. Errors: UNKNOWN_MESSAGE, NOT_LEASED, TIMEOUT … */
SCH_API int sch_settle(sch_client *client, const char *mailbox, const struct sch_id *message,
                       sch_verdict verdict, enum sch_system_refusal refusal, int timeout_ms,
                       sch_error *error);

SCH_API const struct sch_header *sch_msg_header(const sch_msg *msg);
SCH_API const char *sch_msg_mailbox(const sch_msg *msg);
SCH_API const char *sch_msg_kenmerk(const sch_msg *msg);
SCH_API const char *sch_msg_sender_name(const sch_msg *msg);   /* from the directory; "" when unknown */
SCH_API int64_t sch_msg_stored_ms(const sch_msg *msg);
SCH_API bool sch_msg_redelivered(const sch_msg *msg);
SCH_API bool sch_msg_has_letter(const sch_msg *msg);
/* 32 bytes, for sch_reconcile(); PROTOCOL.md, "Sealing". Zeros: made by the broker. */
SCH_API const uint8_t *sch_msg_hash(const sch_msg *msg);
/* Required sections (bits) that the opened letter lacks; told to the broker on COLLECT by itself. */
SCH_API uint32_t sch_msg_missing(const sch_msg *msg);
SCH_API const char *sch_msg_section(const sch_msg *msg, unsigned bit);         /* NULL: not in the letter */
SCH_API size_t sch_msg_attachment_count(const sch_msg *msg);
SCH_API const void *sch_msg_attachment(const sch_msg *msg, size_t index, size_t *size,
                                       const char **media_type, const char **name);
/* The reason that goes with SCH_REFUSE; without it SCH_SYSTEM_REFUSAL_OTHER. */
SCH_API void sch_msg_refuse(const sch_msg *msg, enum sch_system_refusal refusal);

/* What became of messages that this client sent; best effort, sch_ask() is authoritative. */
SCH_API void sch_on_status(sch_client *client,
                           void (*status)(void *context, const struct sch_id *message, const char *mailbox,
                                          enum sch_delivery_state state, int64_t at_ms),
                           void *context);

/* ---- asking ------------------------------------------------------------------------------------ */

/*
 * One page of any query of query.h: a dossier, its trace or chain, what is unanswered (query->only filters),
 * the age table, statistics. query->party empty: the default sender. The page's rows live until the next
 * sch_ask(). For the next page copy page->cursor into the query. Errors: the broker's rejections, TIMEOUT,
 * UNREACHABLE.
 */
SCH_API int sch_ask(sch_client *client, const struct sch_query *query, int timeout_ms, struct sch_page *page,
                    sch_error *error);

/* A message that your system says it sent or received. */
typedef struct sch_passed {
    struct sch_id id;
    enum sch_passed_role role;
    bool has_hash;                      /* false: only that it passed is compared */
    uint8_t hash[32];                   /* sch_receipt.hash, sch_msg_hash() */
    bool found;                         /* filled: the broker knows it */
} sch_passed;

typedef enum sch_finding {
    SCH_KNOWN = 1,                      /* to both sides */
    SCH_MISSING_HERE,                   /* the broker has it, the list has not; ours is NULL */
    SCH_MISSING_THERE,                  /* the list has it, the broker has not; theirs is NULL */
    SCH_HASH_DIFFERS
} sch_finding;

/*
 * Compares what a mailbox sent and was sent in [from_ms, to_ms) by the broker's stored time (0: no bound)
 * with the application's list, which it sorts and marks, and reports each message once: what the broker knows
 * as its pages come, what it does not at the end. A message near the period's border may stand in your list
 * for a period in which the broker did not store it: it is MISSING_THERE, and found in the neighbouring one.
 * mailbox NULL: the default sender. each must not call sch_ask(); its rows die on return. Memory: the list
 * and a page. timeout_ms is for the whole. After an error what was not yet reported is not known. Errors:
 * USAGE, and sch_ask()'s.
 */
SCH_API int sch_reconcile(sch_client *client, const char *mailbox, int64_t from_ms, int64_t to_ms,
                          sch_passed *list, size_t count,
                          void (*each)(void *context, sch_finding finding, const sch_passed *ours,
                                       const struct sch_passed_row *theirs),
                          void *context, int timeout_ms, sch_error *error);

/* The newest verified directory of a region (NULL: the first configured): from the broker when connected,
 * else from the cache. Lives until the next call. NULL with *error. */
SCH_API const struct sch_directory *sch_client_directory(sch_client *client, const char *region,
                                                         int timeout_ms, sch_error *error);

#endif
