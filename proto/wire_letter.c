/*
 * wire_letter.c: Letter between bytes and struct sch_letter: the plaintext that only recipients see.
 *
 * Every fault is LETTER_FORMAT: the seal was good, so the sender's software wrote it like this. Text and
 * contents borrow from the arena.
 */
#include <string.h>

#include "utf8.h"
#include "wire.h"

#define LETTER_VERSION 1

_Static_assert((UINT32_C(1) << SCH_SECTION_COUNT) - 1 == SCH_SECTION_ALL, "a section per bit");

static bool refuse(struct sch_fault *fault, const char *field)
{
    return sch_wire_fail(fault, SCH_E_LETTER_FORMAT, field);
}

static bool read_sections(const Scharnier__V1__Letter *message, struct sch_letter *letter,
                          struct sch_fault *fault)
{
    for (size_t i = 0; i < message->n_sections; i++) {
        const Scharnier__V1__Section *section = message->sections[i];
        if (section->code >= SCH_SECTION_COUNT || letter->section[section->code] != NULL) {
            return refuse(fault, "letter.sections.code");
        }
        if (strlen(section->text) > SCH_SECTION_SIZE_MAX) {
            return refuse(fault, "letter.sections.text");
        }
        letter->section[section->code] = section->text;
    }
    return true;
}

static bool plain(const char *text, size_t min, size_t max)
{
    size_t size = strlen(text);
    return size >= min && size <= max && sch_utf8_plain((const uint8_t *)text, size);
}

static bool read_attachments(const Scharnier__V1__Letter *message, struct sch_letter *letter,
                             struct sch_fault *fault)
{
    if (message->n_attachments > SCH_ATTACHMENTS_MAX) {
        return refuse(fault, "letter.attachments");
    }
    for (size_t i = 0; i < message->n_attachments; i++) {
        const Scharnier__V1__Attachment *from = message->attachments[i];
        struct sch_attachment *to = &letter->attachment[i];
        if (!plain(from->media_type, 1, SCH_MEDIA_TYPE_MAX)) {
            return refuse(fault, "letter.attachments.media_type");
        }
        if (!plain(from->name, 0, SCH_ATTACHMENT_NAME_MAX)) {
            return refuse(fault, "letter.attachments.name");
        }
        to->media_type = from->media_type;
        to->name = from->name;
        to->content.ptr = from->content.data;
        to->content.len = from->content.len;
    }
    letter->attachment_count = message->n_attachments;
    return true;
}

int sch_letter_decode(struct sch_bytes bytes, struct sch_arena *arena, struct sch_letter *letter,
                      struct sch_fault *fault)
{
    memset(letter, 0, sizeof *letter);
    if (bytes.len > SCH_LARGE_SIZE_MAX) {
        refuse(fault, "letter");
        return (int)fault->code;
    }
    const Scharnier__V1__Letter *message = (const Scharnier__V1__Letter *)sch_wire_unpack(
        &scharnier__v1__letter__descriptor, bytes, SCH_WIRE_SKIP, arena, SCH_E_NO_MEMORY, fault);
    if (message == NULL) {
        fault->code = fault->code == SCH_E_NO_MEMORY ? SCH_E_NO_MEMORY : SCH_E_LETTER_FORMAT;
        return (int)fault->code;
    }
    if (message->version != LETTER_VERSION) {
        refuse(fault, "letter.version");
        return (int)fault->code;
    }
    bool good = read_sections(message, letter, fault) && read_attachments(message, letter, fault);
    return good ? SCH_OK : (int)fault->code;
}

/* The letter in protobuf-c's form, on the caller's stack. */
struct form {
    Scharnier__V1__Letter letter;
    Scharnier__V1__Section section[SCH_SECTION_COUNT];
    Scharnier__V1__Section *sections[SCH_SECTION_COUNT];
    Scharnier__V1__Attachment attachment[SCH_ATTACHMENTS_MAX];
    Scharnier__V1__Attachment *attachments[SCH_ATTACHMENTS_MAX];
};

static bool fill(struct form *form, const struct sch_letter *letter)
{
    scharnier__v1__letter__init(&form->letter);
    form->letter.version = LETTER_VERSION;
    form->letter.sections = form->sections;
    form->letter.attachments = form->attachments;
    if (letter->attachment_count > SCH_ATTACHMENTS_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < SCH_SECTION_COUNT; i++) {
        if (letter->section[i] != NULL) {
            size_t n = form->letter.n_sections++;
            scharnier__v1__section__init(&form->section[n]);
            form->section[n].code = i;
            form->section[n].text = sch_wire_string(letter->section[i]);
            form->sections[n] = &form->section[n];
        }
    }
    for (size_t i = 0; i < letter->attachment_count; i++) {
        const struct sch_attachment *from = &letter->attachment[i];
        Scharnier__V1__Attachment *to = &form->attachment[i];
        scharnier__v1__attachment__init(to);
        to->media_type = sch_wire_string(from->media_type);
        to->name = sch_wire_string(from->name);
        to->content = sch_wire_view(from->content.ptr, from->content.len);
        form->attachments[i] = to;
    }
    form->letter.n_attachments = letter->attachment_count;
    return true;
}

size_t sch_letter_size(const struct sch_letter *letter)
{
    struct form form;
    return fill(&form, letter) ? protobuf_c_message_get_packed_size(&form.letter.base) : 0;
}

size_t sch_letter_encode(const struct sch_letter *letter, uint8_t *buffer, size_t capacity)
{
    struct form form;
    return fill(&form, letter) ? sch_wire_pack(&form.letter.base, buffer, capacity) : 0;
}
