/* route.c: the recipients of a message, from its direction and the members of its dossier. */
#include "route.h"

#include "value.h"

/* Appends a member unless it is the sender or stands already; an address may have several roles. */
static size_t add(const struct sch_dossier *dossier, size_t index, const char *sender,
                  uint8_t member[SCH_RECIPIENTS_MAX], size_t count)
{
    const char *address = dossier->member[index].address.text;
    if (index >= dossier->member_count || sch_value_same_text(address, sender) ||
        count >= SCH_RECIPIENTS_MAX) {
        return count;
    }
    for (size_t i = 0; i < count; i++) {
        if (sch_value_same_text(address, dossier->member[member[i]].address.text)) {
            return count;
        }
    }
    member[count] = (uint8_t)index;
    return count + 1;
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
        count = add(dossier, SCH_MEMBER_CREDITOR, sender, member, count);
        copies = true;
        break;
    case SCH_DIRECTION_ANSWER:
        count = add(dossier, SCH_MEMBER_RECEIVER, sender, member, count);
        break;
    case SCH_DIRECTION_NONE:
    case SCH_DIRECTION_LEDGER:
    case SCH_DIRECTION_BROKER:
        break;
    }
    for (size_t i = SCH_MEMBER_COPY; copies && i < dossier->member_count; i++) {
        count = add(dossier, i, sender, member, count);
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
