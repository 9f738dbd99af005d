/*
 * error.h: every error that Scharnier reports, with its cause and the way out.
 *
 * One list for the library, the tools and the wire: a rejection carries the number, and
 * `scharnier error CODE` prints the rest without a broker. Ranges: E1xxx this machine, E2xxx the
 * broker's answer, E3xxx a letter, E4xxx a file. A number is never reused.
 */
#ifndef SCHARNIER_ERROR_H
#define SCHARNIER_ERROR_H

#include <scharnier/api.h>

/* X(NAME, number, exit code of scharnier(1), "cause", "hint") */
#define SCH_ERROR_LIST(X) \
    X(USAGE, 1001, 2, "the call or command line is wrong", "see --help") \
    X(NO_MEMORY, 1002, 1, "out of memory", "free memory or raise the limit of this process") \
    X(IO, 1003, 1, "a file or socket failed", "see the system's message; the disk may be full or a path unreadable") \
    X(INTERNAL, 1004, 1, "Scharnier met a case that it should have excluded", "report it with this text; nothing was lost") \
    X(BUSY, 1005, 1, "another process uses this directory", "stop the other process, or give this one a directory of its own") \
    X(STATE, 1006, 2, "the call does not fit the state of this handle", "see the contract in scharnier/client.h") \
    X(TOO_SMALL, 1007, 1, "the caller's buffer is too small", "give the size that the header names") \
    X(UNREACHABLE, 1101, 3, "the broker cannot be reached", "check the endpoint, the network, and that scharnierd runs") \
    X(SERVER_KEY, 1102, 3, "the broker does not have the configured server key", "check server_key in your configuration against the region's directory") \
    X(UNKNOWN_KEY, 1103, 4, "the broker does not know your transport key", "check transport_key in your configuration, and ask the region whether it is in the directory") \
    X(TIMEOUT, 1104, 7, "the answer did not come in time", "try again; a message that was queued is sent again by itself") \
    X(QUEUED, 1105, 0, "stored in the outbox, not yet receipted", "it is sent as soon as the broker answers; keep the outbox directory") \
    X(CLOSED, 1106, 1, "the connection was closed", "it is opened again by itself; try again") \
    X(PROTOCOL, 2001, 6, "the command could not be read", "see proto/PROTOCOL.md; the field names the place") \
    X(VERSION, 2002, 6, "no common protocol version", "upgrade the older side; welcome states the range") \
    X(HELLO_FIRST, 2003, 6, "a session begins with hello", "send hello and wait for welcome") \
    X(TOO_LARGE, 2004, 6, "the message is larger than allowed", "see Limits in proto/PROTOCOL.md; letters over 1 MiB travel in parts") \
    X(KEY_REVOKED, 2005, 4, "this key was revoked or is out of its validity", "use the new key, or ask the region for one") \
    X(NOT_YOURS, 2006, 4, "your key does not act for this address", "check sender or mailbox, and acts_for of your key in the directory") \
    X(FIELD_MISSING, 2007, 6, "a required field is missing", "fill the field; PROTOCOL.md lists what each kind needs") \
    X(FIELD_INVALID, 2008, 6, "a field has a value that is not allowed", "correct the field; PROTOCOL.md gives its range") \
    X(FIELD_FORBIDDEN, 2009, 6, "this kind may not carry this field", "leave the field out") \
    X(LETTER_MISSING, 2010, 6, "this kind needs a letter", "seal a letter and send it as the second frame") \
    X(LETTER_FORBIDDEN, 2011, 6, "this kind carries no letter", "send the header without a body") \
    X(SIGNATURE, 2012, 6, "the signature does not fit what was sent", "sign the header bytes that are sent, with the signing key that the seal names") \
    X(SIGNING_KEY, 2013, 4, "the signing key is unknown, out of validity or not the sender's", "check signing_key, and the sender's keys in the directory") \
    X(GP_KEY_NEEDED, 2014, 4, "a referral to ggz takes a signing key of a GP", "let the GP sign; the POH is named in prepared_by") \
    X(SECTION_FORBIDDEN, 2015, 6, "a section is not allowed to this receiver", "a wijkteam gets question, reason, consent and bridging only") \
    X(STANZAS, 2016, 6, "the letter is not sealed for exactly the recipients", "seal for receiver and copies, in the order of the header, with keys of the current directory") \
    X(UNKNOWN_RECEIVER, 2101, 5, "the address is not in the directory", "check the address; `scharnier party ls` lists them") \
    X(NOT_ALLOWED, 2102, 4, "this party may not send this kind to that party", "the region's permits decide who may send what; ask the region") \
    X(UNKNOWN_DOSSIER, 2103, 5, "there is no such dossier of yours", "check the dossier's id or kenmerk; a foreign dossier looks the same") \
    X(RECIPIENTS, 2104, 6, "the recipients are not those of the dossier", "address the dossier's creditor, with the dossier's copies in its order") \
    X(NOT_NOW, 2105, 6, "the dossier's state does not admit this kind", "look at `scharnier referral trace`; PROTOCOL.md, Life cycle, says what is possible") \
    X(NOTHING_OPEN, 2106, 6, "there is no open expectation to close", "look at `scharnier referral trace` for what is open") \
    X(DOSSIER_FULL, 2107, 6, "the dossier holds too much that is uncollected or open", "the recipients must collect first; ask the coordinator") \
    X(KIND_NOT_YET, 2108, 6, "this version of the broker does not handle this kind", "see PROTOCOL.md, Message kinds; use the telephone or post meanwhile") \
    X(TOO_OLD, 2109, 6, "the message id's time is not within the last 30 days or next 10 minutes", "make a new message with a new id, and check this machine's clock") \
    X(ID_IN_USE, 2110, 6, "another message has this id", "never reuse an id for other content; a resend is the same bytes") \
    X(STORE_FULL, 2111, 1, "the broker is short of disk space", "it takes new referrals again when there is room; keep the message and send it later") \
    X(BROKER_BUSY, 2112, 1, "the broker cannot take more at this moment", "wait a little and send again") \
    X(UNKNOWN_MESSAGE, 2113, 5, "there is no such message in this mailbox", "it may be collected, expired or withdrawn; `scharnier inbox ls` shows what waits") \
    X(NOT_LEASED, 2114, 6, "this session does not hold the message", "settle as collected at any time; retry and refuse only while you hold it") \
    X(CURSOR, 2115, 6, "the cursor is not from this query", "begin again without a cursor") \
    X(BROKER_INTERNAL, 2116, 1, "the broker could not handle this message", "report the message id to the region; other messages are not affected") \
    X(STOPPING, 2117, 3, "the broker is stopping", "it is sent again by itself when the broker is back") \
    X(RECENTLY_REMINDED, 2118, 6, "the debtor was reminded of this less than 48 hours ago", "give it time, or pick up the telephone; `scharnier unanswered ls` shows when") \
    X(GROUP_FULL, 2119, 6, "this group of parallel referrals is full", "withdraw one of them first, or refer without a group") \
    X(UPLOAD_MISSING, 2120, 6, "parts of this upload are missing", "ask which with `part` without a body, and send those again") \
    X(UPLOAD_QUOTA, 2121, 1, "this party has too much uploaded that was not submitted", "submit or wait a day: abandoned uploads are dropped after 24 hours") \
    X(LETTER_OPEN, 3001, 6, "the letter cannot be opened with your keys", "check seal_key, and keep old keys for at least 60 days") \
    X(LETTER_FALSE, 3002, 6, "the letter is not what its sender signed", "do not file it; refuse it and call the sender") \
    X(LETTER_FORMAT, 3003, 6, "the opened letter cannot be read", "refuse it; the sender's software is at fault") \
    X(DIRECTORY_OLD, 3004, 6, "the directory is older than the one seen before, or past its not_after", "ask the region for the current directory") \
    X(DIRECTORY_FALSE, 3005, 6, "the directory's signature is not the region's", "check region_key in your configuration; do not trust this directory") \
    X(NO_SEAL_KEY, 3006, 6, "a recipient has no valid sealing key", "ask the region to add one to the directory") \
    X(CONFIG, 4001, 6, "a configuration file is wrong", "correct the line that is named") \
    X(KEY_FILE, 4002, 6, "a key file is missing, unreadable or damaged", "make one with `scharnier keygen`, mode 0600") \
    X(DIRECTORY_FORMAT, 4003, 6, "a directory file is wrong", "correct the line that is named, raise serial and sign again") \
    X(NORM_FORMAT, 4004, 6, "a norms or permits file is wrong", "correct the line that is named") \
    X(SCHEMA_NEWER, 4101, 6, "the store was written by a newer version", "install that version; a store is never downgraded") \
    X(SCHEMA_OLDER, 4102, 6, "the store was written by an older version", "run `scharnierd --migrate` after a backup") \
    X(STORE_DAMAGED, 4103, 1, "the store holds a record that cannot be read", "stop, keep a copy, and restore the last backup") \
    X(AUDIT_BROKEN, 4104, 1, "the audit chain is broken", "keep a copy and report it: a record was changed or removed") \
    X(BACKUP_BAD, 4105, 1, "the backup cannot be verified", "make a new one; do not remove the older ones")

#define SCH_X_ERROR(N, n, e, c, h) SCH_E_##N = (n),
enum sch_error_code { SCH_OK = 0, SCH_ERROR_LIST(SCH_X_ERROR) };

/*
 * What went wrong, for the caller's eyes. `text` says what and where in one sentence of its own, without
 * personal data; cause and hint are constants of the list. Initialise with SCH_ERROR_INIT; a call that
 * succeeds leaves it as it was.
 */
typedef struct sch_error {
    enum sch_error_code code;
    const char *name;           /* "UNKNOWN_KEY"; constant */
    const char *cause;          /* constant */
    const char *hint;           /* constant */
    char text[256];             /* this case: file:line, field, address */
} sch_error;

#define SCH_ERROR_INIT { SCH_OK, "", "", "", "" }

/* Fills *error (which may be NULL) for code and a printf text; returns code, so that `return sch_fail(…)`
 * reads well. */
SCH_API int sch_fail(sch_error *error, enum sch_error_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Prints code, cause, text and hint to stderr in the form of scharnier(1); returns the exit code. */
SCH_API int sch_perror(const sch_error *error);

/* The list by number: name, cause and hint ("" when unknown), and exit code of scharnier(1) (1 when
 * unknown). Never NULL. */
SCH_API const char *sch_error_name(enum sch_error_code code);
SCH_API const char *sch_error_cause(enum sch_error_code code);
SCH_API const char *sch_error_hint(enum sch_error_code code);
SCH_API int sch_error_exit(enum sch_error_code code);

#endif
