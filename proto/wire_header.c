/*
 * wire_header.c: Header between bytes and struct sch_header.
 *
 * Form only: what each kind needs and whether a date exists are the core's to check.
 */
#include <string.h>

#include "id.h"
#include "names.h"
#include "wire.h"

#define HEADER_VERSION 1

/* Where a fact stands in protobuf-c's structure, and the range of what is stated. */
struct fact_rule {
    size_t offset;
    uint64_t min, max;
};

#define AT(field) offsetof(Scharnier__V1__Header, field)
#define ANY_CODE 1, INT32_MAX           /* the scan has looked enumerators up */
#define ANY_DATE 20000101, 20991231
#define ANY_TIME UINT64_C(946684800000), UINT64_C(4102444799999)        /* 2000 to 2099 */

static const struct fact_rule rules[SCH_FACT_COUNT] = {
    [SCH_FACT_ECHELON] = { AT(echelon), ANY_CODE },
    [SCH_FACT_URGENCY] = { AT(urgency), ANY_CODE },
    [SCH_FACT_LETTER_DATE] = { AT(letter_date), ANY_DATE },
    [SCH_FACT_AUTHOR_ROLE] = { AT(author_role), ANY_CODE },
    [SCH_FACT_AUTHOR_AGB] = { AT(author_agb), 1, 99999999 },
    [SCH_FACT_CONSENT] = { AT(consent), ANY_CODE },
    [SCH_FACT_PHONED_AT] = { AT(phoned_at), ANY_TIME },
    [SCH_FACT_EVENT_DATE] = { AT(event_date), ANY_DATE },
    [SCH_FACT_EXPECTED_DATE] = { AT(expected_date), ANY_DATE },
    [SCH_FACT_REFUSAL_REASON] = { AT(refusal_reason), ANY_CODE },
    [SCH_FACT_WITHDRAWAL_REASON] = { AT(withdrawal_reason), ANY_CODE },
    [SCH_FACT_END_REASON] = { AT(end_reason), ANY_CODE },
    [SCH_FACT_WAIVER_REASON] = { AT(waiver_reason), ANY_CODE },
    [SCH_FACT_OUTCOME] = { AT(outcome), ANY_CODE },
    [SCH_FACT_STARTED] = { AT(started), ANY_CODE },
    [SCH_FACT_NEXT_STEP] = { AT(next_step), ANY_CODE },
    [SCH_FACT_NO_SHOW_COUNT] = { AT(no_show_count), 1, 99 },
    [SCH_FACT_BRIDGED_BY] = { AT(bridged_by), ANY_CODE },
    [SCH_FACT_SETTING] = { AT(setting), ANY_CODE },
    [SCH_FACT_TAKEN_UP] = { AT(taken_up), ANY_CODE },
    [SCH_FACT_REENTRY_UNTIL] = { AT(reentry_until), ANY_DATE },
    [SCH_FACT_EXPECTATION] = { AT(expectation), 1, 15 },
    [SCH_FACT_STEP] = { AT(step), ANY_CODE },
    [SCH_FACT_CAUSE] = { AT(cause), ANY_CODE },
    [SCH_FACT_REDIRECTION_MODE] = { AT(redirection_mode), ANY_CODE },
    [SCH_FACT_PATIENT_AGREED] = { AT(patient_agreed), ANY_CODE },
    [SCH_FACT_WRONG_PARTY] = { AT(wrong_party), ANY_CODE },
    [SCH_FACT_TOPIC] = { AT(topic), ANY_CODE },
    [SCH_FACT_CONSULT_FORM] = { AT(consult_form), ANY_CODE },
    [SCH_FACT_ROUTE] = { AT(route), ANY_CODE },
    [SCH_FACT_TEAM_OUTCOME] = { AT(team_outcome), ANY_CODE },
    [SCH_FACT_NOTE] = { AT(note), ANY_CODE },
    [SCH_FACT_SNOOZE_REASON] = { AT(snooze_reason), ANY_CODE },
    [SCH_FACT_UNTIL] = { AT(until), ANY_DATE },
    [SCH_FACT_MISSING_SECTIONS] = { AT(missing_sections), 1, SCH_SECTION_ALL },
};

/* Enumerations and uint32 take four bytes, a time eight. */
_Static_assert(sizeof(Scharnier__V1__Kind) == sizeof(uint32_t), "an enumeration is as wide as a uint32");

static bool read_fact(const Scharnier__V1__Header *message, enum sch_fact fact, int64_t *out,
                      struct sch_fault *fault)
{
    const struct fact_rule *rule = &rules[fact];
    const uint8_t *at = (const uint8_t *)message + rule->offset;
    uint64_t value;
    if (sch_fact_type(fact) == SCH_TYPE_TIME) {
        memcpy(&value, at, sizeof value);
    } else {
        uint32_t narrow;
        memcpy(&narrow, at, sizeof narrow);
        value = narrow;
    }
    if (value != 0 && (value < rule->min || value > rule->max)) {
        return sch_wire_fail(fault, SCH_E_FIELD_INVALID, sch_fact_field(fact));
    }
    *out = (int64_t)value;
    return true;
}

static bool write_fact(Scharnier__V1__Header *message, enum sch_fact fact, int64_t value)
{
    const struct fact_rule *rule = &rules[fact];
    uint8_t *at = (uint8_t *)message + rule->offset;
    if (value == 0) {
        return true;
    }
    if (value < 0 || (uint64_t)value < rule->min || (uint64_t)value > rule->max) {
        return false;
    }
    uint64_t wide = (uint64_t)value;
    uint32_t narrow = (uint32_t)value;
    if (sch_fact_type(fact) == SCH_TYPE_TIME) {
        memcpy(at, &wide, sizeof wide);
    } else {
        memcpy(at, &narrow, sizeof narrow);
    }
    return true;
}

static bool read_parties(const Scharnier__V1__Header *message, struct sch_header *header,
                         struct sch_fault *fault)
{
    return sch_wire_address(message->sender, true, "header.sender", &header->sender, fault) &&
           sch_wire_address(message->receiver, false, "header.receiver", &header->receiver, fault) &&
           sch_wire_addresses(message->copies, message->n_copies, SCH_COPIES_MAX, "header.copies",
                              header->copies, &header->copy_count, fault) &&
           sch_wire_address(message->creditor, false, "header.creditor", &header->creditor, fault) &&
           sch_wire_address(message->prepared_by, false, "header.prepared_by", &header->prepared_by, fault) &&
           sch_wire_address(message->concerned, false, "header.concerned", &header->concerned, fault);
}

static bool read_ids(const Scharnier__V1__Header *message, struct sch_header *header, struct sch_fault *fault)
{
    return sch_wire_id(&message->id, true, "header.id", &header->id, fault) &&
           (sch_id_time_ms(&header->id) >= 0 || sch_wire_fail(fault, SCH_E_FIELD_INVALID, "header.id")) &&
           sch_wire_id(&message->dossier, false, "header.dossier", &header->dossier, fault) &&
           sch_wire_id(&message->parent, false, "header.parent", &header->parent, fault) &&
           sch_wire_id(&message->follows, false, "header.follows", &header->follows, fault) &&
           sch_wire_id(&message->group, false, "header.group", &header->group, fault) &&
           sch_wire_id(&message->subject, false, "header.subject", &header->subject, fault);
}

static bool read_header(const Scharnier__V1__Header *message, struct sch_header *header,
                        struct sch_fault *fault)
{
    if (message->version != HEADER_VERSION) {
        return sch_wire_fail(fault, SCH_E_VERSION, "header.version");
    }
    if (!read_ids(message, header, fault) ||
        !sch_wire_range((uint64_t)message->kind, 1, INT32_MAX, "header.kind", fault) ||
        !read_parties(message, header, fault) ||
        !sch_wire_range(message->sections, 0, SCH_SECTION_ALL, "header.sections", fault)) {
        return false;
    }
    header->kind = (enum sch_kind)message->kind;
    header->sections = message->sections;
    header->sections_known = message->sections_known;
    for (unsigned i = 0; i < SCH_FACT_COUNT; i++) {
        if (!read_fact(message, (enum sch_fact)i, &header->fact[i], fault)) {
            return false;
        }
    }
    return true;
}

int sch_header_decode(struct sch_bytes bytes, struct sch_arena *arena, struct sch_header *header,
                      struct sch_fault *fault)
{
    memset(header, 0, sizeof *header);
    if (bytes.len > SCH_HEADER_SIZE_MAX) {
        sch_wire_fail(fault, SCH_E_TOO_LARGE, "header");
        return (int)fault->code;
    }
    size_t mark = arena->used;
    ProtobufCMessage *message = sch_wire_unpack(&scharnier__v1__header__descriptor, bytes, SCH_WIRE_REFUSE,
                                                arena, SCH_E_BROKER_BUSY, fault);
    bool good = message != NULL && read_header((const Scharnier__V1__Header *)message, header, fault);
    arena->used = mark;                 /* nothing of the header borrows */
    return good ? SCH_OK : (int)fault->code;
}

size_t sch_header_encode(const struct sch_header *header, uint8_t *buffer, size_t capacity)
{
    Scharnier__V1__Header message = SCHARNIER__V1__HEADER__INIT;
    char *copies[SCH_COPIES_MAX];
    if (header->copy_count > SCH_COPIES_MAX) {
        return 0;
    }
    for (size_t i = 0; i < header->copy_count; i++) {
        copies[i] = sch_wire_string(header->copies[i].text);
    }
    message.version = HEADER_VERSION;
    message.id = sch_wire_id_view(&header->id);
    message.kind = (Scharnier__V1__Kind)header->kind;
    message.sender = sch_wire_string(header->sender.text);
    message.receiver = sch_wire_string(header->receiver.text);
    message.copies = copies;
    message.n_copies = header->copy_count;
    message.creditor = sch_wire_string(header->creditor.text);
    message.prepared_by = sch_wire_string(header->prepared_by.text);
    message.concerned = sch_wire_string(header->concerned.text);
    message.dossier = sch_wire_id_view(&header->dossier);
    message.parent = sch_wire_id_view(&header->parent);
    message.follows = sch_wire_id_view(&header->follows);
    message.group = sch_wire_id_view(&header->group);
    message.subject = sch_wire_id_view(&header->subject);
    message.sections = header->sections;
    message.sections_known = header->sections_known;
    for (unsigned i = 0; i < SCH_FACT_COUNT; i++) {
        if (!write_fact(&message, (enum sch_fact)i, header->fact[i])) {
            return 0;
        }
    }
    return sch_wire_pack(&message.base, buffer, capacity);
}
