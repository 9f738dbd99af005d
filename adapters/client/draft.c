/* draft.c: the setters of a draft; see draft.h and scharnier/client.h. Sealing is in envelope.c. */
#include "draft.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "id.h"
#include "names.h"
#include "utf8.h"

#define MEDIA_TYPE_MAX 127
#define FILE_NAME_MAX 255
#define DATE_MIN 20000101
#define DATE_MAX 20991231

sch_draft *sch_draft_new(sch_client *client, enum sch_kind kind)
{
    sch_client_enter(client);
    sch_draft *draft = calloc(1, sizeof *draft);
    if (!draft)
        return NULL;
    draft->client = client;
    draft->header.id = sch_id_new(sch_now_ms(client));
    draft->header.kind = kind;
    draft->header.sender = client->config.address[0];
    if (!sch_code_valid(SCH_SET_KIND, kind))
        sch_fail(&draft->error, SCH_E_FIELD_INVALID, "header.kind: %d is no kind", (int)kind);
    return draft;
}

void sch_draft_free(sch_draft *draft)
{
    if (!draft)
        return;
    for (size_t i = 0; i < SCH_SECTION_COUNT; i++)
        free((char *)(uintptr_t)draft->letter.section[i]);
    for (size_t i = 0; i < draft->letter.attachment_count; i++) {
        free((char *)(uintptr_t)draft->letter.attachment[i].media_type);
        free((char *)(uintptr_t)draft->letter.attachment[i].name);
        free((uint8_t *)(uintptr_t)draft->letter.attachment[i].content.ptr);
    }
    free(draft);
}

/* The first error stays. */
static sch_error *error_of(sch_draft *draft)
{
    return draft->error.code == SCH_OK ? &draft->error : NULL;
}

void sch_draft_key(sch_draft *draft, const char *key)
{
    size_t size = key ? strlen(key) : 0;
    if (size == 0 || size > SCH_OUTBOX_KEY_MAX || !sch_utf8_plain((const uint8_t *)key, size)) {
        sch_fail(error_of(draft), SCH_E_USAGE, "a key is a text of 1 to %d bytes", SCH_OUTBOX_KEY_MAX);
        return;
    }
    memcpy(draft->key, key, size + 1);
}

static void set_address(sch_draft *draft, struct sch_address *to, const char *address, const char *field)
{
    if (!address || !sch_address_set(to, address))
        sch_fail(error_of(draft), SCH_E_FIELD_INVALID, "%s: not an address such as agb:06290713/poh-ggz",
                 field);
}

void sch_draft_from(sch_draft *draft, const char *address)
{
    set_address(draft, &draft->header.sender, address, "header.sender");
}

void sch_draft_to(sch_draft *draft, const char *address)
{
    set_address(draft, &draft->header.receiver, address, "header.receiver");
}

void sch_draft_copy(sch_draft *draft, const char *address)
{
    if (draft->header.copy_count == SCH_COPIES_MAX) {
        sch_fail(error_of(draft), SCH_E_FIELD_INVALID, "header.copies: more than %d", SCH_COPIES_MAX);
        return;
    }
    set_address(draft, &draft->header.copies[draft->header.copy_count++], address, "header.copies");
}

void sch_draft_creditor(sch_draft *draft, const char *address)
{
    set_address(draft, &draft->header.creditor, address, "header.creditor");
}

void sch_draft_prepared_by(sch_draft *draft, const char *address)
{
    set_address(draft, &draft->header.prepared_by, address, "header.prepared_by");
}

void sch_draft_concerned(sch_draft *draft, const char *address)
{
    set_address(draft, &draft->header.concerned, address, "header.concerned");
}

/* ---- placing it on a dossier -------------------------------------------------------------------- */

enum sch_toward sch_draft_toward(enum sch_kind kind)
{
    switch (kind) {
    case SCH_KIND_ACCEPTANCE:
    case SCH_KIND_REDIRECTION:
    case SCH_KIND_APPOINTMENT:
    case SCH_KIND_NO_SHOW:
    case SCH_KIND_INTAKE_REPORT:
    case SCH_KIND_TREATMENT_START:
    case SCH_KIND_WAIT_STATUS:
    case SCH_KIND_PROGRESS_LETTER:
    case SCH_KIND_TRANSFER_NOTICE:
    case SCH_KIND_TREATMENT_END:
    case SCH_KIND_DISCHARGE_LETTER:
    case SCH_KIND_BACK_REFERRAL:
    case SCH_KIND_NO_REPORT:
        return SCH_TOWARD_CREDITOR;
    case SCH_KIND_CONSULT_REPLY:
    case SCH_KIND_EXPLORATION_ADVICE:
    case SCH_KIND_TEAM_RESULT:
        return SCH_TOWARD_RESULT;
    case SCH_KIND_REFUSAL:              /* the practice may refuse a BACK_REFERRAL */
    case SCH_KIND_INFORMATION_REQUEST:
    case SCH_KIND_INFORMATION_REPLY:
    case SCH_KIND_CHANGE_NOTICE:
        return SCH_TOWARD_OTHER_SIDE;
    case SCH_KIND_WITHDRAWAL:
        return SCH_TOWARD_RECEIVER_AND_COPIES;
    case SCH_KIND_TAKEN_UP:
    case SCH_KIND_LETTER_INCOMPLETE:
        return SCH_TOWARD_RECEIVER;
    case SCH_KIND_REMINDER:
    case SCH_KIND_NOTE:
    case SCH_KIND_SNOOZE:
    case SCH_KIND_WAIVER:
        return SCH_TOWARD_LEDGER;
    default:
        return SCH_TOWARD_NOBODY;
    }
}

/* Adds a recipient unless it is the sender or stands there already. */
static void add_recipient(struct sch_header *header, const struct sch_address *address)
{
    if (!address->text[0] || strcmp(address->text, header->sender.text) == 0 ||
        strcmp(address->text, header->receiver.text) == 0)
        return;
    for (size_t i = 0; i < header->copy_count; i++) {
        if (strcmp(header->copies[i].text, address->text) == 0)
            return;
    }
    if (!header->receiver.text[0])
        header->receiver = *address;
    else if (header->copy_count < SCH_COPIES_MAX)
        header->copies[header->copy_count++] = *address;
}

/* The parties of a dossier, from whichever source. */
struct parties {
    const struct sch_address *receiver, *creditor, *referrer, *copies;
    size_t copy_count;
};

static void clear_recipients(struct sch_header *header)
{
    memset(&header->receiver, 0, sizeof header->receiver);
    memset(header->copies, 0, sizeof header->copies);
    header->copy_count = 0;
}

static void place(sch_draft *draft, const struct sch_id *dossier, const struct parties *parties)
{
    struct sch_header *header = &draft->header;
    enum sch_toward toward = sch_draft_toward(header->kind);
    header->dossier = *dossier;
    if (toward == SCH_TOWARD_NOBODY) {
        sch_fail(error_of(draft), SCH_E_STATE, "%s is not addressed by its dossier",
                 sch_code_name(SCH_SET_KIND, header->kind));
        return;
    }
    if (toward == SCH_TOWARD_OTHER_SIDE)
        toward = strcmp(header->sender.text, parties->receiver->text) == 0 ? SCH_TOWARD_CREDITOR :
                                                                             SCH_TOWARD_RECEIVER;
    bool feedback = toward == SCH_TOWARD_CREDITOR || toward == SCH_TOWARD_RESULT;
    clear_recipients(header);
    if (toward == SCH_TOWARD_LEDGER)
        return;
    add_recipient(header, feedback ? parties->creditor : parties->receiver);
    for (size_t i = 0; toward != SCH_TOWARD_RECEIVER && i < parties->copy_count; i++)
        add_recipient(header, &parties->copies[i]);
    if (toward == SCH_TOWARD_RESULT)
        add_recipient(header, parties->referrer);
}

/* Which of the two on an INVOLVEMENT_NOTICE is the practice? */
static bool is_practice(const struct sch_draft *draft, const struct sch_address *address)
{
    const struct sch_party *party = sch_registry_party(&draft->client->registry, address->text);
    return party && party->kind == SCH_PARTY_GP_PRACTICE;
}

void sch_draft_on(sch_draft *draft, const struct sch_header *opening)
{
    struct parties parties = { 0 };
    if (opening) {
        parties = (struct parties){
            .receiver = &opening->receiver,
            .referrer = &opening->sender,
            .creditor = opening->creditor.text[0] ? &opening->creditor : &opening->sender,
            .copies = opening->copies,
            .copy_count = opening->copy_count,
        };
    }
    switch (opening ? opening->kind : SCH_KIND_UNSPECIFIED) {
    case SCH_KIND_REFERRAL:
    case SCH_KIND_CONSULT_REQUEST:
    case SCH_KIND_EXPLORATION_REQUEST:
        break;
    case SCH_KIND_CARE_NOTICE:          /* who treats owes the letters, as the receiver of a referral does */
        parties.receiver = &opening->sender;
        parties.referrer = parties.creditor = &opening->receiver;
        break;
    case SCH_KIND_INVOLVEMENT_NOTICE:
        parties.creditor = is_practice(draft, &opening->sender) ? &opening->sender : &opening->receiver;
        break;
    default:
        sch_fail(error_of(draft), SCH_E_STATE,
                 "sch_draft_on() takes the header of a message that opens a dossier");
        return;
    }
    place(draft, &opening->id, &parties);
}

void sch_draft_on_row(sch_draft *draft, const struct sch_dossier_row *row)
{
    if (!row) {
        sch_fail(error_of(draft), SCH_E_STATE, "sch_draft_on_row() without a row");
        return;
    }
    struct parties parties = {
        .receiver = &row->receiver,
        .referrer = &row->referrer,
        .creditor = row->creditor.text[0] ? &row->creditor : &row->referrer,
        .copies = row->copies,
        .copy_count = row->copy_count,
    };
    place(draft, &row->dossier, &parties);
}

void sch_draft_about(sch_draft *draft, const struct sch_header *message)
{
    struct sch_header *header = &draft->header;
    bool correction = header->kind == SCH_KIND_CORRECTION;
    if (!message || (!correction && header->kind != SCH_KIND_LETTER_INCOMPLETE &&
                     header->kind != SCH_KIND_INFORMATION_REPLY)) {
        sch_fail(error_of(draft), SCH_E_STATE, "sch_draft_about() makes a CORRECTION, LETTER_INCOMPLETE or "
                 "INFORMATION_REPLY of a message's header");
        return;
    }
    header->subject = message->id;
    header->dossier = sch_id_is_none(&message->dossier) ? message->id : message->dossier;
    clear_recipients(header);
    add_recipient(header, correction ? &message->receiver : &message->sender);
    for (size_t i = 0; correction && i < message->copy_count; i++)
        add_recipient(header, &message->copies[i]);
}

void sch_draft_parent(sch_draft *draft, const struct sch_id *dossier)
{
    draft->header.parent = *dossier;
}

void sch_draft_follows(sch_draft *draft, const struct sch_id *dossier)
{
    draft->header.follows = *dossier;
}

void sch_draft_group(sch_draft *draft, const struct sch_id *group)
{
    draft->header.group = *group;
}

void sch_draft_subject(sch_draft *draft, const struct sch_id *message)
{
    draft->header.subject = *message;
}

/* ---- facts and letter --------------------------------------------------------------------------- */

/* May a fact of its type have this value? What a kind needs of it is the broker's to judge. */
static bool fact_fits(enum sch_fact fact, int64_t value)
{
    switch (sch_fact_type(fact)) {
    case SCH_TYPE_CODE: return sch_code_valid(sch_fact_set(fact), value);
    case SCH_TYPE_DATE: return value >= DATE_MIN && value <= DATE_MAX;
    case SCH_TYPE_NUMBER: return value > 0 && value <= UINT32_MAX;
    case SCH_TYPE_TIME: break;
    }
    return value > 0;
}

void sch_draft_fact(sch_draft *draft, enum sch_fact fact, int64_t value)
{
    if ((unsigned)fact >= SCH_FACT_COUNT) {
        sch_fail(error_of(draft), SCH_E_USAGE, "%d is no fact", (int)fact);
        return;
    }
    if (value != 0 && !fact_fits(fact, value)) {
        sch_fail(error_of(draft), SCH_E_FIELD_INVALID, "header.%s: %lld is not allowed", sch_fact_name(fact),
                 (long long)value);
        return;
    }
    draft->header.fact[fact] = value;
}

void sch_draft_section(sch_draft *draft, unsigned bit, const char *text)
{
    size_t size = text ? strlen(text) : 0;
    if (bit >= SCH_SECTION_COUNT || size == 0) {
        sch_fail(error_of(draft), SCH_E_USAGE, "section %u: it needs a bit below %d and a text", bit,
                 SCH_SECTION_COUNT);
        return;
    }
    if (size > SCH_SECTION_SIZE_MAX) {
        sch_fail(error_of(draft), SCH_E_TOO_LARGE, "section %s: over %d bytes", sch_section_name(bit),
                 SCH_SECTION_SIZE_MAX);
        return;
    }
    char *copy = strdup(text);
    if (!copy) {
        sch_fail(error_of(draft), SCH_E_NO_MEMORY, "adding a section");
        return;
    }
    free((char *)(uintptr_t)draft->letter.section[bit]);
    draft->letter.section[bit] = copy;
    draft->header.sections |= UINT32_C(1) << bit;
    draft->header.sections_known = true;
}

/* Copies the three parts of an attachment, or none. */
static bool copy_attachment(struct sch_attachment *to, const char *media_type, const char *name,
                            const void *content, size_t size)
{
    uint8_t *bytes = malloc(size ? size : 1);
    to->media_type = strdup(media_type);
    to->name = strdup(name);
    to->content = (struct sch_bytes){ bytes, size };
    if (bytes && to->media_type && to->name) {
        if (size > 0)
            memcpy(bytes, content, size);
        return true;
    }
    free((char *)(uintptr_t)to->media_type);
    free((char *)(uintptr_t)to->name);
    free(bytes);
    return false;
}

void sch_draft_attach(sch_draft *draft, const char *media_type, const char *name, const void *content,
                      size_t size)
{
    struct sch_letter *letter = &draft->letter;
    if (!media_type || !*media_type || strlen(media_type) > MEDIA_TYPE_MAX || !name || !*name ||
        strlen(name) > FILE_NAME_MAX || (size > 0 && !content)) {
        sch_fail(error_of(draft), SCH_E_USAGE, "an attachment needs a media type, a name and content");
        return;
    }
    size_t sum = 0;
    for (size_t i = 0; i < letter->attachment_count; i++)
        sum += letter->attachment[i].content.len;
    if (letter->attachment_count == SCH_ATTACHMENTS_MAX || size > SCH_LARGE_SIZE_MAX - sum) {
        sch_fail(error_of(draft), SCH_E_TOO_LARGE, "attachments: at most %d, together under %d bytes",
                 SCH_ATTACHMENTS_MAX, SCH_LARGE_SIZE_MAX);
        return;
    }
    if (!copy_attachment(&letter->attachment[letter->attachment_count], media_type, name, content, size)) {
        sch_fail(error_of(draft), SCH_E_NO_MEMORY, "adding an attachment");
        return;
    }
    letter->attachment_count++;
}

bool sch_draft_has_letter(const struct sch_draft *draft)
{
    return draft->header.sections != 0 || draft->letter.attachment_count > 0;
}

const struct sch_header *sch_draft_header(const sch_draft *draft)
{
    return &draft->header;
}
