/*
 * wire_page.c: the rows of a Page between bytes and the structures of query.h.
 *
 * A page holds rows of one kind. Rows are read into the arena, and written by way of it, since there may be
 * two hundred of them.
 */
#include <string.h>

#include "wire.h"

#define COUNT_MAX 1000000               /* of open or overdue promises */
#define EXPECTATION_MAX 15

/* ---- reading ----------------------------------------------------------------------------------- */

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
           sch_wire_range(from->overdue_count, 0, COUNT_MAX, "page.dossiers.overdue_count", fault);
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
           sch_wire_word(from->region, 0, SCH_REGION_MAX, "page.unanswered.region", to->region, fault);
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
           sch_wire_range(from->body_size, 0, SCH_BODY_SIZE_MAX, "page.mailbox.body_size", fault);
}

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

bool sch_wire_page_read(const Scharnier__V1__Page *message, struct sch_arena *arena, struct sch_page *page,
                        struct sch_fault *fault)
{
    int kinds = (message->n_dossiers > 0) + (message->n_trace > 0) + (message->n_unanswered > 0) +
                (message->n_mailbox > 0);
    if (kinds > 1) {
        return sch_wire_fail(fault, SCH_E_PROTOCOL, "page");
    }
    if (message->cursor.len > SCH_CURSOR_MAX) {
        return sch_wire_fail(fault, SCH_E_FIELD_INVALID, "page.cursor");
    }
    if (message->cursor.len > 0) {
        memcpy(page->cursor, message->cursor.data, message->cursor.len);
        page->cursor_size = message->cursor.len;
    }
    if (message->n_dossiers > 0) {
        return read_dossiers(message, arena, page, fault);
    }
    if (message->n_trace > 0) {
        return read_traces(message, arena, page, fault);
    }
    if (message->n_unanswered > 0) {
        return read_unanswereds(message, arena, page, fault);
    }
    return message->n_mailbox == 0 || read_mailboxes(message, arena, page, fault);
}

/* ---- writing ----------------------------------------------------------------------------------- */

static bool write_dossiers(const struct sch_page *page, struct sch_arena *arena, Scharnier__V1__Page *message)
{
    size_t count = page->dossier_count;
    Scharnier__V1__DossierRow *form = sch_arena_take(arena, count * sizeof *form);
    Scharnier__V1__DossierRow **list = sch_arena_take(arena, count * sizeof *list);
    char **copies = sch_arena_take(arena, count * SCH_COPIES_MAX * sizeof *copies);
    if (form == NULL || list == NULL || copies == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const struct sch_dossier_row *from = &page->dossiers[i];
        Scharnier__V1__DossierRow *to = list[i] = &form[i];
        scharnier__v1__dossier_row__init(to);
        if (from->copy_count > SCH_COPIES_MAX) {
            return false;
        }
        to->copies = &copies[i * SCH_COPIES_MAX];
        to->n_copies = from->copy_count;
        for (size_t j = 0; j < from->copy_count; j++) {
            to->copies[j] = sch_wire_string(from->copies[j].text);
        }
        to->dossier = sch_wire_id_view(&from->dossier);
        to->kenmerk = sch_wire_string(from->kenmerk);
        to->phase = (Scharnier__V1__Phase)from->phase;
        to->received = from->received;
        to->referrer = sch_wire_string(from->referrer.text);
        to->receiver = sch_wire_string(from->receiver.text);
        to->creditor = sch_wire_string(from->creditor.text);
        to->region = sch_wire_string(from->region);
        to->echelon = (Scharnier__V1__Party)from->echelon;
        to->urgency = (Scharnier__V1__Urgency)from->urgency;
        to->opened_ms = (uint64_t)from->opened_ms;
        to->changed_ms = (uint64_t)from->changed_ms;
        to->next_due_ms = (uint64_t)from->next_due_ms;
        to->open_count = from->open_count;
        to->overdue_count = from->overdue_count;
    }
    message->dossiers = list;
    message->n_dossiers = count;
    return true;
}

static bool write_traces(const struct sch_page *page, struct sch_arena *arena, Scharnier__V1__Page *message)
{
    size_t count = page->trace_count;
    Scharnier__V1__TraceRow *form = sch_arena_take(arena, count * sizeof *form);
    Scharnier__V1__TraceRow **list = sch_arena_take(arena, count * sizeof *list);
    if (form == NULL || list == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const struct sch_trace_row *from = &page->trace[i];
        Scharnier__V1__TraceRow *to = list[i] = &form[i];
        scharnier__v1__trace_row__init(to);
        to->sequence = from->sequence;
        to->at_ms = (uint64_t)from->at_ms;
        to->event = (Scharnier__V1__Event)from->event;
        to->party = sch_wire_string(from->party.text);
        to->message_id = sch_wire_id_view(&from->message);
        to->kind = (Scharnier__V1__Kind)from->kind;
        to->expectation = from->expectation;
        to->standing = (Scharnier__V1__Standing)from->standing;
        to->step = (Scharnier__V1__Step)from->step;
        to->phase = (Scharnier__V1__Phase)from->phase;
        to->due_ms = (uint64_t)from->due_ms;
        to->code = from->code;
    }
    message->trace = list;
    message->n_trace = count;
    return true;
}

static bool write_unanswereds(const struct sch_page *page, struct sch_arena *arena,
                              Scharnier__V1__Page *message)
{
    size_t count = page->unanswered_count;
    Scharnier__V1__UnansweredRow *form = sch_arena_take(arena, count * sizeof *form);
    Scharnier__V1__UnansweredRow **list = sch_arena_take(arena, count * sizeof *list);
    if (form == NULL || list == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const struct sch_unanswered_row *from = &page->unanswered[i];
        Scharnier__V1__UnansweredRow *to = list[i] = &form[i];
        scharnier__v1__unanswered_row__init(to);
        to->dossier = sch_wire_id_view(&from->dossier);
        to->kenmerk = sch_wire_string(from->kenmerk);
        to->expectation = from->expectation;
        to->debtor = sch_wire_string(from->debtor.text);
        to->creditor = sch_wire_string(from->creditor.text);
        to->referrer = sch_wire_string(from->referrer.text);
        to->receiver = sch_wire_string(from->receiver.text);
        to->phase = (Scharnier__V1__Phase)from->phase;
        to->standing = (Scharnier__V1__Standing)from->standing;
        to->opened_ms = (uint64_t)from->opened_ms;
        to->norm_due_ms = (uint64_t)from->norm_due_ms;
        to->due_ms = (uint64_t)from->due_ms;
        to->step = (Scharnier__V1__Step)from->step;
        to->referred_ms = (uint64_t)from->referred_ms;
        to->region = sch_wire_string(from->region);
        to->echelon = (Scharnier__V1__Party)from->echelon;
        to->overdue = from->overdue;
    }
    message->unanswered = list;
    message->n_unanswered = count;
    return true;
}

static bool write_mailboxes(const struct sch_page *page, struct sch_arena *arena,
                            Scharnier__V1__Page *message)
{
    size_t count = page->mailbox_count;
    Scharnier__V1__MailboxRow *form = sch_arena_take(arena, count * sizeof *form);
    Scharnier__V1__MailboxRow **list = sch_arena_take(arena, count * sizeof *list);
    if (form == NULL || list == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const struct sch_mailbox_row *from = &page->mailbox[i];
        Scharnier__V1__MailboxRow *to = list[i] = &form[i];
        scharnier__v1__mailbox_row__init(to);
        to->message_id = sch_wire_id_view(&from->message);
        to->dossier = sch_wire_id_view(&from->dossier);
        to->kenmerk = sch_wire_string(from->kenmerk);
        to->kind = (Scharnier__V1__Kind)from->kind;
        to->sender = sch_wire_string(from->sender.text);
        to->stored_ms = (uint64_t)from->stored_ms;
        to->body_size = from->body_size;
        to->leased = from->leased;
        to->sequence = from->sequence;
    }
    message->mailbox = list;
    message->n_mailbox = count;
    return true;
}

bool sch_wire_page_write(const struct sch_page *page, struct sch_arena *arena, Scharnier__V1__Page *message)
{
    scharnier__v1__page__init(message);
    size_t count = page->dossier_count + page->trace_count + page->unanswered_count + page->mailbox_count;
    if (page->cursor_size > SCH_CURSOR_MAX || count > SCH_PAGE_ROWS_MAX) {
        return false;
    }
    message->cursor = sch_wire_view(page->cursor, page->cursor_size);
    return write_dossiers(page, arena, message) && write_traces(page, arena, message) &&
           write_unanswereds(page, arena, message) && write_mailboxes(page, arena, message);
}
