/* route.c: the recipients of a message, from its direction and the members of its dossier. */
#include "route.h"

#include <assert.h>

#include "value.h"

/* Appends a member unless it is the sender or stands already; an address may have several roles. */
static size_t add(const struct sch_dossier *dossier, size_t index, const char *sender,
                  uint8_t member[SCH_RECIPIENTS_MAX], size_t count)
{
    const char *address = dossier->member[index].address.text;
    /* A dossier that is not there yet has no members. */
    if (dossier->member_count == 0 || sch_value_same_text(address, sender)) {
        return count;
    }
    for (size_t i = 0; i < count; i++) {
        if (sch_value_same_text(address, dossier->member[member[i]].address.text)) {
            return count;
        }
    }
    assert(count < SCH_RECIPIENTS_MAX);
    member[count] = (uint8_t)index;
    return count + 1;
}

/* The way that answers take which both sides give. */
static enum sch_direction between(const struct sch_dossier *dossier, const char *sender)
{
    if (!sch_dossier_is(dossier, SCH_MEMBER_RECEIVER, sender)) {
        return SCH_DIRECTION_ANSWER;
    }
    /* In a notice of involvement the practice may be both: then there is a referrer to talk to. */
    bool alone = sch_dossier_is(dossier, SCH_MEMBER_CREDITOR, sender);
    return alone ? SCH_DIRECTION_RESULT : SCH_DIRECTION_FEEDBACK;
}

static enum sch_direction direction_of(const struct sch_dossier *dossier, enum sch_kind kind,
                                       const char *sender)
{
    enum sch_direction direction = sch_kind_rule(kind)->direction;
    if (direction == SCH_DIRECTION_BOTH) {
        return between(dossier, sender);
    }
    if (kind == SCH_KIND_CARE_NOTICE) {
        return SCH_DIRECTION_FEEDBACK;
    }
    if (kind == SCH_KIND_REFUSAL && dossier->phase == SCH_PHASE_BACK_REFERRED &&
        sch_dossier_is(dossier, SCH_MEMBER_CREDITOR, sender)) {
        return SCH_DIRECTION_ANSWER;
    }
    return direction;
}

/* The way of a message that was sent before. By now its phase may be another: who refused tells enough. */
static enum sch_direction direction_of_subject(const struct sch_dossier *dossier,
                                               const struct sch_subject *subject)
{
    const char *sender = subject->sender.text;
    if (subject->kind == SCH_KIND_REFUSAL && !sch_dossier_is(dossier, SCH_MEMBER_RECEIVER, sender)) {
        return SCH_DIRECTION_ANSWER;
    }
    return direction_of(dossier, subject->kind, sender);
}

enum sch_direction sch_route_direction(const struct sch_dossier *dossier, enum sch_kind kind,
                                       const char *sender, const struct sch_subject *subject)
{
    if (sch_kind_rule(kind)->direction != SCH_DIRECTION_SAME) {
        return direction_of(dossier, kind, sender);
    }
    return subject != NULL && subject->known ? direction_of_subject(dossier, subject) : SCH_DIRECTION_NONE;
}

size_t sch_route_recipients(const struct sch_dossier *dossier, enum sch_direction direction,
                            const char *sender, uint8_t member[SCH_RECIPIENTS_MAX])
{
    size_t count = 0;
    bool copies = false;
    switch (direction) {
    case SCH_DIRECTION_OPENS:
    case SCH_DIRECTION_ONWARD:
        count = add(dossier, SCH_MEMBER_RECEIVER, sender, member, count);
        copies = true;
        break;
    case SCH_DIRECTION_FEEDBACK:
    case SCH_DIRECTION_RESULT:
        count = add(dossier, SCH_MEMBER_CREDITOR, sender, member, count);
        copies = true;
        break;
    case SCH_DIRECTION_ANSWER:
        count = add(dossier, SCH_MEMBER_RECEIVER, sender, member, count);
        break;
    default:
        break;
    }
    for (size_t i = SCH_MEMBER_COPY; copies && i < dossier->member_count; i++) {
        count = add(dossier, i, sender, member, count);
    }
    if (direction == SCH_DIRECTION_RESULT) {
        /* There is room: a creditor that is not the referrer stands among the copies. */
        count = add(dossier, SCH_MEMBER_REFERRER, sender, member, count);
    }
    return count;
}

bool sch_route_matches(const struct sch_dossier *dossier, const struct sch_header *header,
                       const uint8_t *member, size_t count)
{
    if (count == 0) {
        return header->receiver.text[0] == '\0' && header->copy_count == 0;
    }
    if (header->copy_count != count - 1 ||
        !sch_value_same_text(header->receiver.text, dossier->member[member[0]].address.text)) {
        return false;
    }
    for (size_t i = 1; i < count; i++) {
        if (!sch_value_same_text(header->copies[i - 1].text, dossier->member[member[i]].address.text)) {
            return false;
        }
    }
    return true;
}
