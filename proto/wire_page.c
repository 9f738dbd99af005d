/*
 * wire_page.c: the rows of a Page from bytes to the structures of query.h. The way back is in
 * wire_page_write.c.
 *
 * A page holds rows of one kind. They are read into the arena, since there may be two hundred of them.
 */
#include <string.h>

#include "wire.h"

#define COUNT_MAX 1000000               /* of open or overdue promises */
#define EXPECTATION_MAX 15
#define UNIT_MAX 4                      /* PROTOCOL.md, "Units" */
#define PERMILLE_MAX 1000

/* ---- one row ----------------------------------------------------------------------------------- */

static bool read_chain(const Scharnier__V1__DossierRow *from, struct sch_dossier_row *to,
                       struct sch_fault *fault)
{
    to->kind = (enum sch_kind)from->kind;
    to->refusals = from->refusals;
    to->breach = from->breach;
    return sch_wire_id(&from->parent, false, "page.dossiers.parent", &to->parent, fault) &&
           sch_wire_id(&from->follows, false, "page.dossiers.follows", &to->follows, fault) &&
           sch_wire_id(&from->group, false, "page.dossiers.group", &to->group, fault) &&
           sch_wire_id(&from->root, false, "page.dossiers.root", &to->root, fault) &&
           sch_wire_time(from->chain_ms, "page.dossiers.chain_ms", &to->chain_ms, fault) &&
           sch_wire_range(from->refusals, 0, COUNT_MAX, "page.dossiers.refusals", fault);
}

static bool read_dossier(const Scharnier__V1__DossierRow *from, struct sch_dossier_row *to,
                         struct sch_fault *fault)
{
    to->phase = (enum sch_phase)from->phase;
    to->received = from->received;
    to->echelon = (enum sch_party_kind)from->echelon;
    to->urgency = (enum sch_urgency)from->urgency;
    to->open_count = from->open_count;
    to->overdue_count = from->overdue_count;
    return sch_wire_id(&from->dossier, true, "page.dossiers.dossier", &to->dossier, fault) &&
           sch_wire_word(from->kenmerk, 0, SCH_KENMERK_SIZE, "page.dossiers.kenmerk", to->kenmerk, fault) &&
           sch_wire_address(from->referrer, false, "page.dossiers.referrer", &to->referrer, fault) &&
           sch_wire_address(from->receiver, false, "page.dossiers.receiver", &to->receiver, fault) &&
           sch_wire_address(from->creditor, false, "page.dossiers.creditor", &to->creditor, fault) &&
           sch_wire_addresses(from->copies, from->n_copies, SCH_COPIES_MAX, "page.dossiers.copies",
                              to->copies, &to->copy_count, fault) &&
           sch_wire_word(from->region, 0, SCH_REGION_MAX, "page.dossiers.region", to->region, fault) &&
           sch_wire_time(from->opened_ms, "page.dossiers.opened_ms", &to->opened_ms, fault) &&
           sch_wire_time(from->changed_ms, "page.dossiers.changed_ms", &to->changed_ms, fault) &&
           sch_wire_time(from->next_due_ms, "page.dossiers.next_due_ms", &to->next_due_ms, fault) &&
           sch_wire_range(from->open_count, 0, COUNT_MAX, "page.dossiers.open_count", fault) &&
           sch_wire_range(from->overdue_count, 0, COUNT_MAX, "page.dossiers.overdue_count", fault) &&
           read_chain(from, to, fault);
}

static bool read_trace(const Scharnier__V1__TraceRow *from, struct sch_trace_row *to, struct sch_fault *fault)
{
    to->sequence = from->sequence;
    to->event = (enum sch_trace_event)from->event;
    to->kind = (enum sch_kind)from->kind;
    to->expectation = from->expectation;
    to->standing = (enum sch_standing)from->standing;
    to->step = (enum sch_ladder)from->step;
    to->phase = (enum sch_phase)from->phase;
    to->code = from->code;
    return sch_wire_time(from->at_ms, "page.trace.at_ms", &to->at_ms, fault) &&
           sch_wire_range((uint64_t)from->event, 1, INT32_MAX, "page.trace.event", fault) &&
           sch_wire_address(from->party, false, "page.trace.party", &to->party, fault) &&
           sch_wire_id(&from->message_id, false, "page.trace.message_id", &to->message, fault) &&
           sch_wire_range(from->expectation, 0, EXPECTATION_MAX, "page.trace.expectation", fault) &&
           sch_wire_time(from->due_ms, "page.trace.due_ms", &to->due_ms, fault);
}

static bool read_unanswered_norm(const Scharnier__V1__UnansweredRow *from, struct sch_unanswered_row *to,
                                 struct sch_fault *fault)
{
    to->silence = (enum sch_silence)from->silence;
    to->term_state = (enum sch_term)from->term_state;
    to->urgency = (enum sch_urgency)from->urgency;
    to->norm_version = from->norm_version;
    to->term = from->term;
    to->unit = from->unit;
    to->refusals = from->refusals;
    return sch_wire_time(from->from_ms, "page.unanswered.from_ms", &to->from_ms, fault) &&
           sch_wire_time(from->reminded_ms, "page.unanswered.reminded_ms", &to->reminded_ms, fault) &&
           sch_wire_time(from->snoozed_ms, "page.unanswered.snoozed_ms", &to->snoozed_ms, fault) &&
           sch_wire_word(from->norm_id, 0, SCH_NORM_ID_MAX, "page.unanswered.norm_id", to->norm_id, fault) &&
           sch_wire_range(from->unit, 0, UNIT_MAX, "page.unanswered.unit", fault) &&
           sch_wire_time(from->chain_ms, "page.unanswered.chain_ms", &to->chain_ms, fault) &&
           sch_wire_range(from->refusals, 0, COUNT_MAX, "page.unanswered.refusals", fault);
}

static bool read_unanswered(const Scharnier__V1__UnansweredRow *from, struct sch_unanswered_row *to,
                            struct sch_fault *fault)
{
    to->expectation = from->expectation;
    to->phase = (enum sch_phase)from->phase;
    to->standing = (enum sch_standing)from->standing;
    to->step = (enum sch_ladder)from->step;
    to->echelon = (enum sch_party_kind)from->echelon;
    to->overdue = from->overdue;
    return sch_wire_id(&from->dossier, true, "page.unanswered.dossier", &to->dossier, fault) &&
           sch_wire_word(from->kenmerk, 0, SCH_KENMERK_SIZE, "page.unanswered.kenmerk", to->kenmerk, fault) &&
           sch_wire_range(from->expectation, 1, EXPECTATION_MAX, "page.unanswered.expectation", fault) &&
           sch_wire_address(from->debtor, false, "page.unanswered.debtor", &to->debtor, fault) &&
           sch_wire_address(from->creditor, false, "page.unanswered.creditor", &to->creditor, fault) &&
           sch_wire_address(from->referrer, false, "page.unanswered.referrer", &to->referrer, fault) &&
           sch_wire_address(from->receiver, false, "page.unanswered.receiver", &to->receiver, fault) &&
           sch_wire_time(from->opened_ms, "page.unanswered.opened_ms", &to->opened_ms, fault) &&
           sch_wire_time(from->norm_due_ms, "page.unanswered.norm_due_ms", &to->norm_due_ms, fault) &&
           sch_wire_time(from->due_ms, "page.unanswered.due_ms", &to->due_ms, fault) &&
           sch_wire_time(from->referred_ms, "page.unanswered.referred_ms", &to->referred_ms, fault) &&
           sch_wire_word(from->region, 0, SCH_REGION_MAX, "page.unanswered.region", to->region, fault) &&
           read_unanswered_norm(from, to, fault);
}

static bool read_mailbox(const Scharnier__V1__MailboxRow *from, struct sch_mailbox_row *to,
                         struct sch_fault *fault)
{
    to->kind = (enum sch_kind)from->kind;
    to->body_size = from->body_size;
    to->leased = from->leased;
    to->sequence = from->sequence;
    return sch_wire_id(&from->message_id, true, "page.mailbox.message_id", &to->message, fault) &&
           sch_wire_id(&from->dossier, true, "page.mailbox.dossier", &to->dossier, fault) &&
           sch_wire_word(from->kenmerk, 0, SCH_KENMERK_SIZE, "page.mailbox.kenmerk", to->kenmerk, fault) &&
           sch_wire_range((uint64_t)from->kind, 1, INT32_MAX, "page.mailbox.kind", fault) &&
           sch_wire_address(from->sender, false, "page.mailbox.sender", &to->sender, fault) &&
           sch_wire_time(from->stored_ms, "page.mailbox.stored_ms", &to->stored_ms, fault) &&
           sch_wire_range(from->body_size, 0, SCH_LARGE_SIZE_MAX, "page.mailbox.body_size", fault);
}

static bool read_age(const Scharnier__V1__AgeRow *from, struct sch_age_row *to, struct sch_fault *fault)
{
    struct sch_address name;
    to->silence = (enum sch_silence)from->silence;
    to->total = from->total;
    to->suppressed = from->suppressed;
    if (!sch_wire_address(from->name, false, "page.age.name", &name, fault)) {
        return false;
    }
    memcpy(to->name, name.text, sizeof to->name);
    if (from->n_buckets != SCH_AGE_BUCKETS) {
        return sch_wire_fail(fault, from->n_buckets == 0 ? SCH_E_FIELD_MISSING : SCH_E_FIELD_INVALID,
                             "page.age.buckets");
    }
    memcpy(to->bucket, from->buckets, sizeof to->bucket);
    return true;
}

static bool read_statistic(const Scharnier__V1__StatisticsRow *from, struct sch_statistics_row *to,
                           struct sch_fault *fault)
{
    to->expectation = from->expectation;
    to->month = from->month;
    to->count = from->count;
    to->open = from->open;
    to->within = from->within;
    to->late = from->late;
    to->incomplete = from->incomplete;
    to->withheld = from->withheld;
    to->waived = from->waived;
    to->cancelled = from->cancelled;
    to->announced = from->announced;
    to->within_permille = from->within_permille;
    to->low_permille = from->low_permille;
    to->high_permille = from->high_permille;
    to->median_days = from->median_days;
    to->p90_days = from->p90_days;
    to->suppressed = from->suppressed;
    return sch_wire_address(from->debtor, false, "page.statistics.debtor", &to->debtor, fault) &&
           sch_wire_range(from->expectation, 0, EXPECTATION_MAX, "page.statistics.expectation", fault) &&
           sch_wire_month(from->month, "page.statistics.month", fault) &&
           sch_wire_range(from->within_permille, 0, PERMILLE_MAX, "page.statistics.within_permille", fault) &&
           sch_wire_range(from->low_permille, 0, PERMILLE_MAX, "page.statistics.low_permille", fault) &&
           sch_wire_range(from->high_permille, 0, PERMILLE_MAX, "page.statistics.high_permille", fault);
}

/* A message for the ledger only has no addressee and so no state. */
static bool read_pass(const Scharnier__V1__PassedRow *from, struct sch_passed_row *to, struct sch_fault *fault)
{
    to->kind = (enum sch_kind)from->kind;
    to->role = (enum sch_passed_role)from->role;
    to->state = (enum sch_delivery_state)from->state;
    if (from->hash.len != 0 && from->hash.len != sizeof to->hash) {
        return sch_wire_fail(fault, SCH_E_FIELD_INVALID, "page.passed.hash");
    }
    if (from->hash.len != 0) {
        memcpy(to->hash, from->hash.data, sizeof to->hash);
    }
    return sch_wire_id(&from->message_id, true, "page.passed.message_id", &to->message, fault) &&
           sch_wire_id(&from->dossier, true, "page.passed.dossier", &to->dossier, fault) &&
           sch_wire_word(from->kenmerk, 0, SCH_KENMERK_SIZE, "page.passed.kenmerk", to->kenmerk, fault) &&
           sch_wire_range((uint64_t)from->kind, 1, INT32_MAX, "page.passed.kind", fault) &&
           sch_wire_range((uint64_t)from->role, 1, INT32_MAX, "page.passed.role", fault) &&
           sch_wire_address(from->sender, false, "page.passed.sender", &to->sender, fault) &&
           sch_wire_time(from->stored_ms, "page.passed.stored_ms", &to->stored_ms, fault);
}

/* ---- the rows of a page ------------------------------------------------------------------------ */

/* Room for `count` zeroed rows; NULL when the arena is used up. */
static void *rows(struct sch_arena *arena, size_t count, size_t size)
{
    void *taken = sch_arena_take(arena, count * size);
    if (taken != NULL) {
        memset(taken, 0, count * size);
    }
    return taken;
}

static bool no_room(struct sch_fault *fault)
{
    return sch_wire_fail(fault, SCH_E_NO_MEMORY, "page");
}

static bool read_dossiers(const Scharnier__V1__Page *message, struct sch_arena *arena, struct sch_page *page,
                          struct sch_fault *fault)
{
    struct sch_dossier_row *row = rows(arena, message->n_dossiers, sizeof *row);
    if (row == NULL) {
        return no_room(fault);
    }
    for (size_t i = 0; i < message->n_dossiers; i++) {
        if (!read_dossier(message->dossiers[i], &row[i], fault)) {
            return false;
        }
    }
    page->dossiers = row;
    page->dossier_count = message->n_dossiers;
    return true;
}

static bool read_traces(const Scharnier__V1__Page *message, struct sch_arena *arena, struct sch_page *page,
                        struct sch_fault *fault)
{
    struct sch_trace_row *row = rows(arena, message->n_trace, sizeof *row);
    if (row == NULL) {
        return no_room(fault);
    }
    for (size_t i = 0; i < message->n_trace; i++) {
        if (!read_trace(message->trace[i], &row[i], fault)) {
            return false;
        }
    }
    page->trace = row;
    page->trace_count = message->n_trace;
    return true;
}

static bool read_unanswereds(const Scharnier__V1__Page *message, struct sch_arena *arena,
                             struct sch_page *page, struct sch_fault *fault)
{
    struct sch_unanswered_row *row = rows(arena, message->n_unanswered, sizeof *row);
    if (row == NULL) {
        return no_room(fault);
    }
    for (size_t i = 0; i < message->n_unanswered; i++) {
        if (!read_unanswered(message->unanswered[i], &row[i], fault)) {
            return false;
        }
    }
    page->unanswered = row;
    page->unanswered_count = message->n_unanswered;
    return true;
}

static bool read_mailboxes(const Scharnier__V1__Page *message, struct sch_arena *arena, struct sch_page *page,
                           struct sch_fault *fault)
{
    struct sch_mailbox_row *row = rows(arena, message->n_mailbox, sizeof *row);
    if (row == NULL) {
        return no_room(fault);
    }
    for (size_t i = 0; i < message->n_mailbox; i++) {
        if (!read_mailbox(message->mailbox[i], &row[i], fault)) {
            return false;
        }
    }
    page->mailbox = row;
    page->mailbox_count = message->n_mailbox;
    return true;
}

static bool read_ages(const Scharnier__V1__Page *message, struct sch_arena *arena, struct sch_page *page,
                      struct sch_fault *fault)
{
    struct sch_age_row *row = rows(arena, message->n_age, sizeof *row);
    if (row == NULL) {
        return no_room(fault);
    }
    for (size_t i = 0; i < message->n_age; i++) {
        if (!read_age(message->age[i], &row[i], fault)) {
            return false;
        }
    }
    page->age = row;
    page->age_count = message->n_age;
    return true;
}

static bool read_statistics(const Scharnier__V1__Page *message, struct sch_arena *arena,
                            struct sch_page *page, struct sch_fault *fault)
{
    struct sch_statistics_row *row = rows(arena, message->n_statistics, sizeof *row);
    if (row == NULL) {
        return no_room(fault);
    }
    for (size_t i = 0; i < message->n_statistics; i++) {
        if (!read_statistic(message->statistics[i], &row[i], fault)) {
            return false;
        }
    }
    page->statistics = row;
    page->statistics_count = message->n_statistics;
    return true;
}

static bool read_passed(const Scharnier__V1__Page *message, struct sch_arena *arena,
                        struct sch_page *page, struct sch_fault *fault)
{
    struct sch_passed_row *row = rows(arena, message->n_passed, sizeof *row);
    if (row == NULL) {
        return no_room(fault);
    }
    for (size_t i = 0; i < message->n_passed; i++) {
        if (!read_pass(message->passed[i], &row[i], fault)) {
            return false;
        }
    }
    page->passed = row;
    page->passed_count = message->n_passed;
    return true;
}

bool sch_wire_page_read(const Scharnier__V1__Page *message, struct sch_arena *arena, struct sch_page *page,
                        struct sch_fault *fault)
{
    static bool (*const read[])(const Scharnier__V1__Page *, struct sch_arena *, struct sch_page *,
                                struct sch_fault *) = {
        read_dossiers, read_traces, read_unanswereds, read_mailboxes, read_ages, read_statistics, read_passed,
    };
    const size_t counts[] = { message->n_dossiers, message->n_trace,      message->n_unanswered,
                              message->n_mailbox,  message->n_age,        message->n_statistics,
                              message->n_passed };
    size_t kinds = sizeof counts / sizeof counts[0], chosen = kinds;
    if (message->cursor.len > SCH_CURSOR_MAX) {
        return sch_wire_fail(fault, SCH_E_FIELD_INVALID, "page.cursor");
    }
    if (message->cursor.len > 0) {
        memcpy(page->cursor, message->cursor.data, message->cursor.len);
        page->cursor_size = message->cursor.len;
    }
    page->open_total = message->open_total;
    page->overdue_total = message->overdue_total;
    for (size_t i = 0; i < kinds; i++) {
        if (counts[i] > 0 && chosen != kinds) {
            return sch_wire_fail(fault, SCH_E_PROTOCOL, "page");
        }
        chosen = counts[i] > 0 ? i : chosen;
    }
    return chosen == kinds || read[chosen](message, arena, page, fault);
}
