/* delivery.c: finding, adding and dropping the unsettled deliveries of a dossier, and their two timers. */
#include "delivery.h"

#include <assert.h>
#include <string.h>

#include "value.h"

struct sch_delivery *sch_delivery_find(struct sch_dossier *dossier, const struct sch_id *message,
                                       const char *mailbox)
{
    for (size_t i = 0; i < dossier->delivery_count; i++) {
        struct sch_delivery *delivery = &dossier->delivery[i];
        if (sch_value_same_id(&delivery->message, message) &&
            sch_value_same_text(dossier->member[delivery->member].address.text, mailbox)) {
            return delivery;
        }
    }
    return NULL;
}

struct sch_delivery *sch_delivery_add(struct sch_dossier *dossier)
{
    assert(dossier->delivery_count < SCH_DELIVERIES_MAX);
    struct sch_delivery *delivery = &dossier->delivery[dossier->delivery_count++];
    memset(delivery, 0, sizeof *delivery);
    return delivery;
}

void sch_delivery_drop(struct sch_dossier *dossier, struct sch_delivery *delivery)
{
    assert(delivery >= dossier->delivery && delivery < dossier->delivery + dossier->delivery_count);
    size_t after = (size_t)(dossier->delivery + dossier->delivery_count - delivery) - 1;
    memmove(delivery, delivery + 1, after * sizeof *delivery);
    dossier->delivery_count--;
    /* What is vacated is zeroed, so that equal dossiers are equal bytes. */
    memset(&dossier->delivery[dossier->delivery_count], 0, sizeof *delivery);
}

int64_t sch_delivery_report_ms(const struct sch_delivery *delivery)
{
    if (delivery->sender == SCH_MEMBER_NONE || delivery->reported) {
        return INT64_MAX;
    }
    return delivery->stored_ms + (delivery->urgent ? SCH_DELIVERY_REPORT_URGENT_MS : SCH_DELIVERY_REPORT_MS);
}

int64_t sch_delivery_expiry_ms(const struct sch_delivery *delivery)
{
    return delivery->stored_ms + SCH_DELIVERY_EXPIRY_MS;
}

size_t sch_delivery_party_count(const struct sch_dossier *dossier)
{
    size_t count = 0;
    for (size_t i = 0; i < dossier->delivery_count; i++) {
        count += dossier->delivery[i].sender != SCH_MEMBER_NONE;
    }
    return count;
}

size_t sch_delivery_report_count(const struct sch_dossier *dossier)
{
    size_t count = 0;
    for (size_t i = 0; i < dossier->delivery_count; i++) {
        count += dossier->delivery[i].kind == SCH_KIND_DELIVERY_REPORT;
    }
    return count;
}

bool sch_delivery_pending(const struct sch_dossier *dossier, const struct sch_id *message)
{
    for (size_t i = 0; i < dossier->delivery_count; i++) {
        if (sch_value_same_id(&dossier->delivery[i].message, message)) {
            return true;
        }
    }
    return false;
}
