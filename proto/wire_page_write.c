/*
 * wire_page_write.c: the rows of a Page from the structures of query.h to protobuf-c's, which the caller packs.
 *
 * The forms are taken from the arena, since there may be two hundred rows; their text stays where it is.
 */
#include <string.h>

#include "wire.h"

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
        to->kind = (Scharnier__V1__Kind)from->kind;
        to->parent = sch_wire_id_view(&from->parent);
        to->follows = sch_wire_id_view(&from->follows);
        to->group = sch_wire_id_view(&from->group);
        to->root = sch_wire_id_view(&from->root);
        to->chain_ms = (uint64_t)from->chain_ms;
        to->refusals = from->refusals;
        to->breach = from->breach;
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
        to->silence = (Scharnier__V1__Silence)from->silence;
        to->term_state = (Scharnier__V1__Term)from->term_state;
        to->urgency = (Scharnier__V1__Urgency)from->urgency;
        to->from_ms = (uint64_t)from->from_ms;
        to->reminded_ms = (uint64_t)from->reminded_ms;
        to->snoozed_ms = (uint64_t)from->snoozed_ms;
        to->norm_id = sch_wire_string(from->norm_id);
        to->norm_version = from->norm_version;
        to->term = from->term;
        to->unit = from->unit;
        to->chain_ms = (uint64_t)from->chain_ms;
        to->refusals = from->refusals;
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

static bool write_ages(const struct sch_page *page, struct sch_arena *arena, Scharnier__V1__Page *message)
{
    size_t count = page->age_count;
    Scharnier__V1__AgeRow *form = sch_arena_take(arena, count * sizeof *form);
    Scharnier__V1__AgeRow **list = sch_arena_take(arena, count * sizeof *list);
    if (form == NULL || list == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const struct sch_age_row *from = &page->age[i];
        Scharnier__V1__AgeRow *to = list[i] = &form[i];
        scharnier__v1__age_row__init(to);
        to->name = sch_wire_string(from->name);
        to->silence = (Scharnier__V1__Silence)from->silence;
        to->total = from->total;
        to->buckets = (uint32_t *)(uintptr_t)from->bucket;      /* packing only reads */
        to->n_buckets = SCH_AGE_BUCKETS;
        to->suppressed = from->suppressed;
    }
    message->age = list;
    message->n_age = count;
    return true;
}

static bool write_statistics(const struct sch_page *page, struct sch_arena *arena,
                             Scharnier__V1__Page *message)
{
    size_t count = page->statistics_count;
    Scharnier__V1__StatisticsRow *form = sch_arena_take(arena, count * sizeof *form);
    Scharnier__V1__StatisticsRow **list = sch_arena_take(arena, count * sizeof *list);
    if (form == NULL || list == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const struct sch_statistics_row *from = &page->statistics[i];
        Scharnier__V1__StatisticsRow *to = list[i] = &form[i];
        scharnier__v1__statistics_row__init(to);
        to->debtor = sch_wire_string(from->debtor.text);
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
    }
    message->statistics = list;
    message->n_statistics = count;
    return true;
}

static bool write_passed(const struct sch_page *page, struct sch_arena *arena, Scharnier__V1__Page *message)
{
    static const uint8_t none[sizeof page->passed->hash];
    size_t count = page->passed_count;
    Scharnier__V1__PassedRow *form = sch_arena_take(arena, count * sizeof *form);
    Scharnier__V1__PassedRow **list = sch_arena_take(arena, count * sizeof *list);
    if (form == NULL || list == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const struct sch_passed_row *from = &page->passed[i];
        Scharnier__V1__PassedRow *to = list[i] = &form[i];
        scharnier__v1__passed_row__init(to);
        to->message_id = sch_wire_id_view(&from->message);
        to->dossier = sch_wire_id_view(&from->dossier);
        to->kenmerk = sch_wire_string(from->kenmerk);
        to->kind = (Scharnier__V1__Kind)from->kind;
        to->role = (Scharnier__V1__PassedRole)from->role;
        to->sender = sch_wire_string(from->sender.text);
        to->state = (Scharnier__V1__DeliveryState)from->state;
        to->stored_ms = (uint64_t)from->stored_ms;
        bool made_here = memcmp(from->hash, none, sizeof none) == 0;
        to->hash = sch_wire_view(from->hash, made_here ? 0 : sizeof from->hash);
    }
    message->passed = list;
    message->n_passed = count;
    return true;
}

bool sch_wire_page_write(const struct sch_page *page, struct sch_arena *arena, Scharnier__V1__Page *message)
{
    scharnier__v1__page__init(message);
    size_t count = page->dossier_count + page->trace_count + page->unanswered_count + page->mailbox_count +
                   page->age_count + page->statistics_count + page->passed_count;
    if (page->cursor_size > SCH_CURSOR_MAX || count > SCH_PAGE_ROWS_MAX) {
        return false;
    }
    message->cursor = sch_wire_view(page->cursor, page->cursor_size);
    message->open_total = page->open_total;
    message->overdue_total = page->overdue_total;
    return write_dossiers(page, arena, message) && write_traces(page, arena, message) &&
           write_unanswereds(page, arena, message) && write_mailboxes(page, arena, message) &&
           write_ages(page, arena, message) && write_statistics(page, arena, message) &&
           write_passed(page, arena, message);
}
